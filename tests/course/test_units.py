"""What a finished unit holds beyond the laws, which a skeleton obeys too."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mftcourse.course import interview

from .test_laws import CASES, UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_a_finished_unit_is_whole(unit):
    lesson = CASES[unit].lesson
    text = "\n".join(cell.source for cell in lesson.cells if cell.kind == "prose")
    wrong = Counter(w.exercise for w in lesson.wrong_answers)
    forms = sorted(set(re.findall(r"^\*([A-Z][a-z ,]+?) · \d+ minutes", text, re.M)))
    questions = len(interview.load(lesson.folder / "interview.yaml").questions)
    minutes = sum(cell.minutes for cell in lesson.exercises.values())
    stated = re.findall(r"^\*[A-Z][a-z ,]+? · (\d+) minutes", text, re.M)
    coded = [name for name, cell in lesson.exercises.items() if cell.kind == "exercise"]
    wanted = {
        f"{len(lesson.exercises)} exercises, at least 8 are wanted": len(lesson.exercises) >= 8,
        f"forms {', '.join(forms)}; at least 5 are wanted": len(forms) >= 5,
        f"{questions} interview questions, at least 10 are wanted": questions >= 10,
        f"the exercises take {minutes:g} minutes; the prose should say '{minutes:g} minutes of exercises'": (
            f"{minutes:g} minutes of exercises" in " ".join(text.split())
        ),
        f"minutes stand as {stated} below the headings, and differ from minutes= of the cells": (
            [float(m) for m in stated] == [cell.minutes for cell in lesson.exercises.values()]
        ),
    } | {f"{name}: {wrong[name]} wrong answers, at least 2 are wanted": wrong[name] >= 2 for name in coded}
    missing = [sentence for sentence, holds in wanted.items() if not holds]
    assert not missing, f"{unit} is not finished:\n" + "\n".join(missing)


def test_ids_of_questions_are_unique_in_the_course():
    ids = [q.id for unit in UNITS for q in interview.load(CASES[unit].folder / "interview.yaml").questions]
    assert len(ids) == len(set(ids))

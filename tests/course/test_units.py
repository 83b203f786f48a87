"""What a finished unit holds beyond the laws, which a skeleton obeys too."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mftcourse import interview

from .test_laws import CASES, UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_a_finished_unit_is_whole(unit):
    lesson = CASES[unit].lesson
    text = "\n".join(cell.source for cell in lesson.cells if cell.kind == "prose")
    wrong = Counter(w.exercise for w in lesson.wrong_answers)
    assert len(lesson.exercises) >= 8
    assert all(wrong[name] >= 2 for name, cell in lesson.exercises.items() if cell.kind == "exercise")
    forms = set(re.findall(r"^\*([A-Z][a-z ,]+?) · \d+ minutes", text, re.M))
    assert len(forms) >= 5, forms
    assert len(interview.load(lesson.folder / "interview.yaml").questions) >= 10
    minutes = sum(cell.minutes for cell in lesson.exercises.values())
    assert f"{minutes:g} minutes of exercises" in " ".join(text.split()), "say how long the exercises take"
    stated = [int(m) for m in re.findall(r"^\*[A-Z][a-z ,]+? · (\d+) minutes", text, re.M)]
    assert stated == [cell.minutes for cell in lesson.exercises.values()], "minutes in prose and metadata differ"


def test_ids_of_questions_are_unique_in_the_course():
    ids = [q.id for unit in UNITS for q in interview.load(CASES[unit].folder / "interview.yaml").questions]
    assert len(ids) == len(set(ids))

"""Every unit obeys every law. A new unit is tested by existing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mftcourse.course import notebooks
from mftcourse.course.files import Course, LessonError
from mftcourse.grading import room
from mftcourse.models import smollm2_missing

from .laws import LAWS, Case, rooms_and_judge_agree

ROOT = Path(__file__).parents[2]
UNITS = Course(ROOT).units("course")
# Rooms and judge cost a few seconds a hand-in: three units and some wrong answers; `MFT_JUDGE=all` takes all of both.
JUDGED, MOST = (UNITS, None) if os.environ.get("MFT_JUDGE") == "all" else (UNITS[:1] + UNITS[3:4] + UNITS[5:6], 12)
CASES = {unit: Case(ROOT, unit) for unit in UNITS}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="the runner forks: POSIX only"),
]


@pytest.mark.parametrize("unit", UNITS)  # `conftest.py` gives all laws of a unit to one worker
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(unit, law):
    try:
        found = law(CASES[unit])
    except LessonError as error:
        if (missing := smollm2_missing()) and missing in str(error):
            pytest.skip(missing)  # some numbers of the prose are its own, and it may be left out
        raise
    assert not found, f"{law.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize("unit", JUDGED)
def test_rooms_and_judge_agree(unit):
    if reason := room.available():
        pytest.skip(reason)
    found = rooms_and_judge_agree(CASES[unit], MOST)
    assert not found, f"{rooms_and_judge_agree.__doc__}\n" + "\n".join(found)


def test_generated_notebooks_have_not_drifted():
    assert notebooks.drift(Course(ROOT)) == []

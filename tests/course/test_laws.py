"""Every unit obeys every law. A new unit is tested by existing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mftcourse.course import notebooks
from mftcourse.course.files import Course

from .laws import LAWS, Case

ROOT = Path(__file__).parents[2]
UNITS = Course(ROOT).units("course")
CASES = {unit: Case(ROOT, unit) for unit in UNITS}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="the runner forks: POSIX only"),
]


@pytest.mark.parametrize("unit", UNITS)  # `conftest.py` gives all laws of a unit to one worker
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(unit, law):
    found = law(CASES[unit])
    assert not found, f"{law.__doc__}\n" + "\n".join(found)


def test_generated_notebooks_have_not_drifted():
    assert notebooks.drift(Course(ROOT)) == []

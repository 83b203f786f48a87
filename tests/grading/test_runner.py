"""The runner: other code in the learner's place, in processes that may die."""

from __future__ import annotations

import os

import pytest

from mftcourse.course.files import LessonError
from mftcourse.course.lesson import new_unit
from mftcourse.grading import runner
from mftcourse.grading.runner import Plan

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the runner forks: POSIX only")


@pytest.fixture
def unit(tmp_path):
    return new_unit(tmp_path, "13-scaling")


def test_other_code_in_the_learners_place(unit):
    code = {
        "dies": "import os\ndef mean(values): os._exit(3)\n",
        "does not parse": "def mean(values) return 1\n",
        "raises when defined": "mean = 1 / 0\n",
        "is right": "import statistics\ndef mean(v):\n    if not v: raise ValueError\n    return float(statistics.fmean(v))\n",
        "leaks": "expect = lambda *a, **k: None\ndef mean(values): return 7\n",
    }
    result = runner.drive(unit, Plan(seeds=[0, 1], extra={"mean": code}))
    by_name = {o.variant: o for o in result.outcomes}
    assert by_name["dies"].card is None and by_name["dies"].error == "the process died"
    assert by_name["does not parse"].error.startswith("SyntaxError")
    assert by_name["raises when defined"].error.startswith("ZeroDivisionError")
    assert by_name["is right"].earned == 3
    assert [o.seed for o in result.of("reference")] == [0, 1]  # the others did not spoil it
    assert all(o.earned == 3 for o in result.of("reference"))


def test_a_failing_cell_names_its_place(unit):
    path = unit / "lesson.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# %% demo=true\n1 / 0\n", encoding="utf-8")
    line = path.read_text(encoding="utf-8").splitlines().index("# %% demo=true") + 1
    with pytest.raises(LessonError, match=rf"lesson.py:{line}: this demo cell failed: ZeroDivisionError"):
        runner.drive(unit, Plan(demos=True))
    assert runner.drive(unit, Plan(demos=False)).of("reference")


def test_matrix_says_which_check_catches_which(unit):
    caught = {o.variant: o.failed for o in runner.matrix(unit)}
    assert caught == {
        "empty is zero": ["an empty list is refused"],
        "divides by one less": ["two, four and nine: 5.0", "random values"],
    }


def test_only_the_asked_exercises_are_judged(unit):
    assert runner.drive(unit, Plan(exercises=["another"])).outcomes == []


def test_what_other_code_leaves_out_is_not_the_references(unit):
    """A learner whose cell defines nothing has nothing; but what the cell itself gives stays."""
    path = unit / "lesson.py"
    given = "GIVEN = 2\n\n\ndef mean(values: list[float])"
    path.write_text(path.read_text(encoding="utf-8").replace("def mean(values: list[float])", given), encoding="utf-8")
    code = {"nothing": "pass", "uses what is given": "def mean(values): return GIVEN"}
    earned = {o.variant: o for o in runner.drive(unit, Plan(extra={"mean": code})).outcomes}
    assert earned["nothing"].earned == 0
    assert "`mean` is not defined" in earned["nothing"].card["findings"][0]["message"]
    assert "NameError" not in str(earned["uses what is given"].card)

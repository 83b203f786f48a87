"""Each law is broken once, by hand, and says so: a law that cannot fail proves nothing."""

from __future__ import annotations

import re

import pytest

from mftcourse.course import notebooks
from mftcourse.course.lesson import LessonError, new_unit
from mftcourse.grading import runner

from . import laws

LESSON, WRONG, RIGHT, FACTS = "lesson.py", "wrong_answers.py", "right_answers.py", "facts.py"

# law → (file, what to replace, by what, a part of the sentence that must come)
BREAKS = [
    pytest.param(laws.stub_scores_nothing, LESSON, "    expect(mean([2, 4, 9]), 5.0)\n",
                 "    expect(5.0, 5.0)\n", "the stub passes", id="1: a check that cannot fail"),
    pytest.param(laws.stub_scores_nothing, LESSON, "    ### BEGIN SOLUTION\n", "    values[0]\n    ### BEGIN SOLUTION\n",
                 "instead of not written yet", id="1: a stub that fails by accident"),
    pytest.param(laws.reference_scores_full, LESSON, "float(np.mean(values))", "float(np.median(values))",
                 "the reference fails, with demonstrations, seed 0", id="2: a wrong reference"),
    pytest.param(laws.reference_scores_full, LESSON, "float(np.mean(values)))", "float(np.mean(values)) + (rng.random() < 0.5))",
                 "the reference fails", id="2: a check that fails on some seeds"),
    pytest.param(laws.wrong_answers_are_caught, WRONG, 'fails=["an empty list is refused"]', 'fails=["random values"]',
                 "fails= names", id="3: caught elsewhere"),
    pytest.param(laws.wrong_answers_are_caught, WRONG, "# + return 0.0", "# + raise ValueError",
                 "it fails []", id="3: not caught"),
    pytest.param(laws.stub_scores_nothing, LESSON, "    expect(mean([2, 4, 9]), 5.0)\n",
                 "    pass\n", "the untouched release earns 1 points", id="1: a release that earns points"),
    pytest.param(laws.reference_scores_full, RIGHT, "count + 1", "count + 2", "a right answer is rejected on seed 0",
                 id="2: a right answer that is none"),
    pytest.param(laws.reference_scores_full, RIGHT, '# %% the library exercise="mean"', '# %% [markdown]',
                 "1 right answers", id="2: too few right answers"),
    pytest.param(laws.reference_scores_full, RIGHT, "# Lets NumPy do it.\n", "", "begin with a comment", id="2: no word on how it differs"),
    pytest.param(laws.idle_answers_earn_nothing, LESSON, ',\n           needs="two, four and nine: 5.0"', "",
                 "gives points to an answer that always raises ValueError", id="3: a refusal that counts alone"),
    pytest.param(laws.every_check_is_failed, WRONG, ', "random values"]', "]", "no wrong answer fails 'random values'",
                 id="3: a check that nothing fails"),
    pytest.param(laws.checks_are_quick, LESSON, "    expect(mean([2, 4, 9]), 5.0)\n",
                 "    expect(mean([2, 4, 9]), 5.0)\n    sum(range(60_000_000))\n", "s of CPU", id="12: a slow check"),
    pytest.param(laws.checks_are_quick, LESSON, "    ### BEGIN SOLUTION\n", "    # " + 12 * "too long " + "\n    ### BEGIN SOLUTION\n",
                 "characters", id="12: a long line"),
    pytest.param(laws.numbers_are_computed, FACTS, "return []",
                 "import os\n    return ['number, five.' if os.environ['OMP_NUM_THREADS'] == '1' else 'number, six.']",
                 "with two threads, plain kernels it computes", id="7: a fact of one machine"),
    pytest.param(laws.hints_are_there, LESSON, "# <details><summary>Hint 2</summary>", "# <details><summary>More</summary>",
                 "write two or three", id="4: no ladder"),
    pytest.param(laws.hints_are_there, LESSON, "**Why it matters.**", "By the way.", "Why it matters", id="4: no reason"),
    pytest.param(laws.release_gives_nothing_away, LESSON, "# Two built-in functions do it: one adds, one counts.",
                 "# ```python\n#     if not values:\n#         raise ValueError(\"the mean of nothing is not defined\")\n"
                 "#     return sum(values) / len(values)\n# ```", "the solution of mean", id="5: a solution in a hint"),
    pytest.param(laws.release_gives_nothing_away, LESSON, "    expect(mean(values.tolist()), float(np.mean(values)))",
                 "    got, want = mean(values.tolist()), float(np.mean(values))\n"
                 "    expect(got, want, what=f'the mean {want}')", "tells a value", id="5: an expected value"),
    pytest.param(laws.figures_have_words, LESSON, "# %% [markdown]\n# ## The mean",
                 "# %% demo=true\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n\n# %% [markdown]\n# ## The mean",
                 "text alternative", id="6: a figure without words"),
    pytest.param(laws.figures_have_words, LESSON, "# %% [markdown]\n# ## The mean",
                 "# %% demo=true\nfrom mftcourse.plots import plt, show\nfig, ax = plt.subplots()\nax.plot([1, 2], color='red')\n"
                 "show(fig, alt='A line that rises from one to two.')\n\n# %% [markdown]\n# ## The mean",
                 "not of the palette", id="6: a foreign colour"),
    pytest.param(laws.links_resolve, LESSON, "(#What-is-a-mean?)", "(#What-is-a-median?)", "leads nowhere", id="7: a dead link"),
    pytest.param(laws.links_resolve, LESSON, "# # Scaling laws\n", "# # What is a mean?\n", "is ambiguous", id="7: a heading twice"),
    pytest.param(laws.numbers_are_computed, LESSON, "number, five.", "number, 5.25.", "'5.25'", id="7: a typed number"),
    pytest.param(laws.numbers_are_computed, FACTS, "return []", "return ['42 penguins']", "stands nowhere", id="7: an idle fact"),
    pytest.param(laws.wall_changes_nothing, LESSON, "expect_raises(ValueError, mean, [])",
                 "assert not isinstance(mean, str) and mean.__name__\n    expect_raises(ValueError, mean, [])",
                 "behind the wall the reference fails", id="9: a check that looks at the function itself"),
]  # fmt: skip


@pytest.fixture
def unit(tmp_path):
    new_unit(tmp_path, "13-scaling-laws")
    return laws.Case(tmp_path, "13-scaling-laws")


def edit(case: laws.Case, name: str, old: str, new: str) -> None:
    path = case.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is no longer in the skeleton's {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_the_skeleton_obeys(unit, law):
    assert law(unit) == []


@pytest.mark.parametrize(("law", "name", "old", "new", "says"), BREAKS)
def test_a_broken_law_says_what_to_do(unit, law, name, old, new, says):
    edit(unit, name, old, new)
    found = "\n".join(law(unit))
    assert says in found, found or "nothing was found"
    assert re.search(r"(course|release|solutions)/13-scaling-laws", found), "the sentence names no place"


def test_drift_is_noticed(unit):
    assert notebooks.drift(unit.root) != []
    notebooks.build(unit.root)
    assert notebooks.drift(unit.root) == []
    edit(unit, LESSON, "number, five.", "number: five.")
    assert [s.split()[0] for s in notebooks.drift(unit.root)] == [
        "solutions/13-scaling-laws/scaling-laws.ipynb", "release/13-scaling-laws/scaling-laws.ipynb"]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), [
    ("# - raise ValueError(\"the mean of nothing is not defined\")", "# - raise KeyError()", "is nowhere in the reference"),
    ("# - return sum(values) / len(values)", "# - return", "is nowhere in the reference"),
    ('exercise="mean"', 'exercise="median"', "there is no exercise 'median'"),
])  # fmt: skip
def test_an_edit_that_no_longer_fits_stops_the_build(unit, old, new, says):
    edit(unit, WRONG, old, new)
    with pytest.raises(LessonError, match=says):
        notebooks.build(unit.root)


def test_checks_have_names_of_their_own(unit):
    """What a learner calls check, expect, np or sum changes no verdict, and stays the learner's."""
    answer = (
        "def check(values):\n    return list(values)\n\ndef expect(*_):\n    return None\n\ngrade = np = sum_ = len = None\n\n"
        "def mean(values):\n    kept = check(values)\n    if not kept:\n        raise ValueError\n    total = 0.0\n"
        "    n = 0\n    for v in kept:\n        total, n = total + v, n + 1\n    return total / n"
    )
    plan = runner.Plan(extra={"mean": {"right": answer, "wrong": answer.replace("total / n", "n")}})
    right, wrong = (runner.drive(unit.folder, plan).of(name)[0] for name in ("right", "wrong"))
    assert (right.failed, right.earned) == ([], 3)
    assert wrong.earned == 0

"""Each law is broken once, by hand, and says so: a law that cannot fail proves nothing."""

from __future__ import annotations

import re

import pytest

from mftcourse.course import notebooks
from mftcourse.course.files import Course
from mftcourse.course.lesson import LessonError, new_unit, own_names
from mftcourse.grading import room, runner

from . import laws

LESSON, WRONG, RIGHT, FACTS = "lesson.py", "wrong_answers.py", "right_answers.py", "facts.py"

pytestmark = pytest.mark.slow

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
    pytest.param(laws.answers_are_out_of_sight, LESSON, "number, five.", "number, five. The median is the one in the middle.",
                 "stands in the open: 'The median is the one in the middle.'", id="5: an explanation in the prose"),
    pytest.param(laws.figures_have_words, LESSON, "# %% [markdown]\n# ## The mean",
                 "# %% demo=true\n# Figure: a line\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n\n# %% [markdown]\n# ## The mean",
                 "text alternative", id="6: a figure without words"),
    pytest.param(laws.figures_have_words, LESSON, "# %% [markdown]\n# ## The mean",
                 "# %% demo=true\n# Figure: a line\nfrom mftcourse.plots import plt, show\nfig, ax = plt.subplots()\nax.plot([1, 2], color='red')\n"
                 "show(fig, alt='A line that rises from one to two.')\n\n# %% [markdown]\n# ## The mean",
                 "not of the palette", id="6: a foreign colour"),
    pytest.param(laws.links_resolve, LESSON, "(#What-is-a-mean?)", "(#What-is-a-median?)", "leads nowhere", id="7: a dead link"),
    pytest.param(laws.links_resolve, LESSON, "# # Scaling laws\n", "# # What is a mean?\n", "is ambiguous", id="7: a heading twice"),
    *(pytest.param(laws.nothing_is_fetched, LESSON, "# %% [markdown]\n# ## The mean", f"# %% demo=true\n{code}\n\n# %% [markdown]\n# ## The mean",
                   "may fetch something", id=f"8: {code[:20]}")
      for code in ("from urllib.request import urlopen", "import pandas as pd\npd.read_csv('https://example.org/x.csv')",
                   "from transformers import AutoModel\nAutoModel.from_pretrained('gpt2')", "from sklearn.datasets import fetch_openml\nfetch_openml('titanic')")),
    pytest.param(laws.numbers_are_computed, LESSON, "number, five.", "number, 5.25.", "'5.25'", id="7: a typed number"),
    pytest.param(laws.numbers_are_computed, FACTS, "return []", "return ['42 penguins']", "stands nowhere", id="7: an idle fact"),
    pytest.param(laws.wall_changes_nothing, LESSON, "expect_raises(ValueError, mean, [])",
                 "kept = [mean]\n    assert kept[0].__name__ == 'mean'\n    expect_raises(ValueError, mean, [])",
                 "behind the wall the reference fails", id="9: a check that looks at the function itself"),
]  # fmt: skip


# What the skeleton does not show: an exercise whose answer is typed.
CHOOSE = '''

# %% [markdown]
# ## Which value is it?
#
# *Choose one · 1 minute · difficulty: one of three*
#
# What do two, four and nine have in common with five? (a) their mean, (b) their median.

# %% exercise="which_value" minutes=1
### BEGIN SOLUTION
which_value = "a"
### END SOLUTION
### BEGIN RELEASE
# which_value = ...
### END RELEASE


# %% check="which_value" points=1
with check("the letter", hint="Add them."):
    expect_choice(which_value, "a", {"a": "Fifteen over three.", "b": "The median is the one in the middle."})
grade("which_value")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Add them.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Divide by how many there are.
#
# </details>
#
# **Why it matters.** Two summaries, two answers. [What is a mean?](#What-is-a-mean?)
'''
CHOOSE_WRONG = '''

# %% the middle one exercise="which_value" fails=["the letter"]
# Takes the mean for the median.
# - which_value = "a"
# + which_value = "b"
'''


@pytest.fixture
def unit(tmp_path):
    new_unit(Course(tmp_path), "13-scaling-laws")
    case = laws.Case(tmp_path, "13-scaling-laws")
    edit(case, LESSON, "grade\n\n# %%", "expect_choice, grade\n\n# %%")
    for name, more in ((LESSON, CHOOSE), (WRONG, CHOOSE_WRONG)):
        (case.folder / name).write_text((case.folder / name).read_text(encoding="utf-8").rstrip() + more, encoding="utf-8")
    return case


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


def test_a_release_that_shows_answers_breaks_the_law(unit, monkeypatch):
    steps = [step for step in notebooks.release_steps() if step is not notebooks.OutOfSight]
    monkeypatch.setattr(notebooks, "release_steps", lambda: steps)
    found = "\n".join(laws.answers_are_out_of_sight(unit))
    assert "the check cell mean-check is not folded under a line '# Checks of mean: run this cell'" in found
    assert "the check of which_value shows 'The median is the one in the middle.'" in found
    assert "the check of which_value shows 'a'" in found


def test_drift_is_noticed(unit):
    assert notebooks.drift(Course(unit.root)) != []
    notebooks.build(Course(unit.root))
    assert notebooks.drift(Course(unit.root)) == []
    edit(unit, LESSON, "number, five.", "number: five.")
    assert [s.split()[0] for s in notebooks.drift(Course(unit.root))] == [
        "solutions/13-scaling-laws/scaling-laws.ipynb", "release/13-scaling-laws/scaling-laws.ipynb"]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), [
    ("# - raise ValueError(\"the mean of nothing is not defined\")", "# - raise KeyError()", "is nowhere in the reference"),
    ("# - return sum(values) / len(values)", "# - return", "is nowhere in the reference"),
    ('exercise="mean"', 'exercise="median"', "there is no exercise 'median'"),
])  # fmt: skip
def test_an_edit_that_no_longer_fits_stops_the_build(unit, old, new, says):
    edit(unit, WRONG, old, new)
    with pytest.raises(LessonError, match=says):
        notebooks.build(Course(unit.root))


def test_names_inside_f_strings_are_the_cells_own_too(unit):
    edit(unit, LESSON, "    expect(mean(values.tolist()), float(np.mean(values)))",
         "    for size in (2, 3):\n        expect(mean(values[:2].tolist()), float(np.mean(values[:2])),\n"
         "               what=f\"the mean of {size} ä values {'size'}\" f\"{np.pi:.2f} {len(values)}\")")  # fmt: skip
    lesson = unit.lesson
    made = own_names(lesson.checks["mean"], lesson)
    assert "f\"the mean of {mft_size} ä values {'size'}\" f\"{mft_np.pi:.2f} {mft_len(mft_values)}\"" in made
    assert runner.drive(unit.folder).of("reference")[0].failed == []


def test_a_check_that_looks_at_the_function_itself_stops_the_build(unit):
    edit(unit, LESSON, "expect_raises(ValueError, mean, [])", "assert mean.__code__.co_argcount == 1")
    with pytest.raises(LessonError, match=r"lesson.py:\d+: this check of 'mean' cannot be judged in another process: it asks `mean.__code__`"):
        notebooks.build(Course(unit.root))


def test_a_verdict_that_hangs_on_what_probes_say_alone_breaks_the_law(unit):
    edit(unit, LESSON, "expect_choice, grade\n", "expect_choice, grade, probes\n")
    edit(unit, LESSON, "    expect(mean([2, 4, 9]), 5.0)\n", "    expect(probes.call(mean, [2, 4, 9]).get('result'), 5.0)\n")
    assert laws.probes_are_not_believed(unit) == []
    edit(unit, LESSON, "    expect(mean(values.tolist()), float(np.mean(values)))",
         "    said = probes.call(mean, values.tolist())\n    expect(said['result'], float(np.mean(said['inputs'][0])))")  # fmt: skip
    del unit.lesson
    assert "mean: what its checks ask is told by probes" in "\n".join(laws.probes_are_not_believed(unit))


def test_what_checks_and_answers_share_in_one_process_alone_breaks_the_law(unit):
    """The wall of law 9 stands in one process, where both see the same list; rooms and judge do not."""
    if reason := room.available():
        pytest.skip(reason)
    edit(unit, LESSON, "expect_choice, grade\n", "expect_choice, grade\n\nspare = []\n")
    edit(unit, LESSON, "    if not values:\n", "    values = [*values, *spare]\n    if not values:\n")
    edit(unit, LESSON, "    expect(mean([2, 4, 9]), 5.0)\n", "    spare.append(9)\n    expect(mean([2, 4]), 5.0)\n    spare.clear()\n")
    assert laws.wall_changes_nothing(unit) == []
    found = "\n".join(laws.rooms_and_judge_agree(unit))
    assert "on 'reference', 'two, four and nine: 5.0' is passed in one process and failed by rooms and judge" in found


@pytest.mark.parametrize("line", ["import math", "def helper():\n        pass", "try:\n        pass\n    except ValueError as error:\n        pass"])
def test_a_check_cell_takes_no_name_away(unit, line):
    edit(unit, LESSON, "    expect_raises(ValueError, mean, [])\n", f"    {line}\n    expect_raises(ValueError, mean, [])\n")
    with pytest.raises(LessonError, match="would take a name away from the learner"):
        unit.lesson  # noqa: B018


def test_checks_have_names_of_their_own(unit):
    """What a learner calls check, expect, np or len changes no verdict, and stays the learner's; so do names of the cell."""
    answer = (
        "def check(values):\n    return list(values)\n\ndef values(n):\n    return float(n)\n\ndef expect(*_):\n    return None\n\ngrade = np = sum_ = len = None\n\n"
        "def mean(xs):\n    kept = check(xs)\n    if not kept:\n        raise ValueError\n    total = 0.0\n"
        "    n = 0\n    for v in kept:\n        total, n = total + v, n + 1\n    return values(total / n)"
    )
    plan = runner.Plan(extra={"mean": {"right": answer, "wrong": answer.replace("total / n", "n")}})
    right, wrong = (runner.drive(unit.folder, plan).of(name)[0] for name in ("right", "wrong"))
    assert (right.failed, right.earned) == ([], 3)
    assert wrong.earned == 0

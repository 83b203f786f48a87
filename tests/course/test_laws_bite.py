"""Each law is broken once, by hand, and says so: a law that cannot fail proves nothing."""

from __future__ import annotations

import re

import pytest

from mftcourse.course import notebooks
from mftcourse.course.lesson import new_unit

from . import laws

LESSON, WRONG, FACTS = "lesson.py", "wrong_answers.py", "facts.py"

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
    pytest.param(laws.wrong_answers_are_caught, WRONG, "if values else 0.0", "if values else int('')",
                 "it fails []", id="3: not caught"),
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

"""A course with one small unit that has every kind of cell, built once and copied for each test."""

import json
import re
import shutil
from pathlib import Path

import nbformat

from mftcourse.course.files import Course

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01-tiny"

LESSON = '''
# %% [markdown]
# # Two averages

# %% [markdown] lang="zh"
# # 两种平均数

# %%
from mftcourse import check, expect, grade

numbers = [1, 2, 9]

# %% [markdown]
# ## The mean
#
# *Implement · 4 minutes · difficulty: one of three*
#
# The mean of 1, 2 and 9 is 4.

# %% demo=true
print("a demonstration ran")

# %% exercise="mean" minutes=4
def mean(values):
    """Return the mean of a list of numbers; mean([1, 2, 9]) is 4."""
    ### BEGIN SOLUTION
    return sum(values) / len(values)
    ### END SOLUTION

# %% check="mean" points=3
with check("1, 2 and 9: 4", hint="Add, then divide."):
    expect(mean(numbers), 4)
with check("one number is its own mean", hint="What is `len` of it?"):
    expect(mean([5]), 5)
### BEGIN HIDDEN TESTS
with check("random numbers", hint="Try some of your own.", hidden=True) as rng:
    drawn = rng.normal(size=7).tolist()
    expect(mean(drawn), sum(drawn) / 7)
### END HIDDEN TESTS
grade("mean")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `sum` adds.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `sum(values) / len(values)`
#
# </details>

# %% [markdown]
# ## The median
#
# *Find the bug · 5 minutes · difficulty: one of three*
#
# The median of 1, 2 and 9 is 2.

# %% exercise="median" minutes=5 faults=["an unsorted list", "9 first", "another unsorted list"]
def median(values):
    """Return the middle value of a list of odd length; median([9, 1, 2]) is 2."""
    ### BEGIN SOLUTION
    return sorted(values)[len(values) // 2]
    ### END SOLUTION
    ### BEGIN RELEASE
    # return values[len(values) // 2]
    ### END RELEASE

# %% check="median" points=4
with check("an unsorted list", hint="Which is the middle one?", points=2):
    expect(median([1, 9, 2]), 2)
with check("9 first", hint="Put them in order."):
    expect(median([9, 1, 2, 3, 4]), 3)
### BEGIN HIDDEN TESTS
with check("another unsorted list", hint="Put them in order.", hidden=True):
    expect(median([7, 5, 0, 8, 10]), 7)
### END HIDDEN TESTS
grade("median")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `sorted` sorts.
#
# </details>

# %% [markdown]
# ## Which one
#
# *Write · 2 minutes · difficulty: one of three*
#
# Say in one sentence which average you would report, and why. One point for the choice, one for the reason.

# %% [markdown] exercise="memo" points=2 minutes=2 manual=true
# The median: one large value does not move it.
'''

WRONG = """
# %% divides by one less exercise="mean" fails=["1, 2 and 9: 4", "one number is its own mean", "random numbers"]
# Confuses the mean with the estimate of a variance.
def mean(values):
    return sum(values) / (len(values) - 1)

# %% only for three exercise="mean" fails=["one number is its own mean", "random numbers"]
# Believes that the example is the rule.
def mean(values):
    return sum(values) / 3

# %% the lower middle exercise="median" fails=["an unsorted list", "9 first", "another unsorted list"]
# Starts to count at one.
def median(values):
    return sorted(values)[len(values) // 2 - 1]
"""

# right answers
MEAN = "def mean(values):\n    return sum(values) / len(values)"
MEDIAN = "def median(values):\n    return sorted(values)[len(values) // 2]"


def in_chinese(course: Course) -> None:
    """Give every prose cell of the tiny lesson a Chinese sibling, and build: a unit is released whole or not at all."""
    from mftcourse.course import notebooks

    cells, whole = re.split(r"(?m)^(?=# %%)", LESSON.lstrip()), ""
    for cell, after in zip(cells, [*cells[1:], ""], strict=True):
        whole += cell
        if cell.startswith("# %% [markdown]\n") and 'lang="zh"' not in after:
            whole += cell.replace("[markdown]", '[markdown] lang="zh"', 1) + "# 中文\n\n"
    (course.root / "course" / UNIT / "lesson.py").write_text(whole, encoding="utf-8")
    notebooks.build(course)


def write_course(folder: Path) -> Course:
    """Write and build the tiny course in `folder`; return it."""
    from mftcourse.course import notebooks

    unit = folder / "course" / UNIT
    unit.mkdir(parents=True)
    (unit / "lesson.py").write_text(LESSON.lstrip(), encoding="utf-8")
    (unit / "wrong_answers.py").write_text(WRONG.lstrip(), encoding="utf-8")
    for name in ("constraints.txt", "nbgrader_config.py"):
        shutil.copy(ROOT / name, folder)
    notebooks.build(Course(folder))
    return Course(folder)


def load(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def save(nb: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb), encoding="utf-8")


def cell(nb: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Return the cell with this grade id ("mean", "mean-check", "memo") or cell id."""
    return next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id", c.id) == name)

"""A small unit with every kind of cell, in both languages, for the tests of its form and of the build."""

from __future__ import annotations

from pathlib import Path

from mftcourse.course.files import Course

UNIT = "03-doubling"

LESSON = '''# %% [markdown]
# # A unit
# %% [markdown] lang="zh"
# # 一个单元
# %%
from mftcourse import check, expect, expect_raises, grade
SHARED = 3
# %% [markdown]
# ## Double
#
# *Implement · 2 minutes · difficulty: one of three*
#
# Twice two is four.
# %% exercise="double" minutes=2
def double(x):
    """Return twice x; a string is refused with TypeError."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
# %% check="double" points=3
with check("two", hint="h"):
    expect(double(2), 4)
### BEGIN HIDDEN TESTS
with check("many", hint="h", points=2, hidden=True) as rng:
    for x in rng.integers(0, 9, 5):
        expect(double(int(x)), 2 * int(x))
### END HIDDEN TESTS
grade("double")
# %% demo=true
picture = double(SHARED)
# %% [markdown]
# *By hand · 1 minute · difficulty: one of three*
#
# What is half of one?
# %% [markdown] lang="zh"
# *手算 · 1 分钟 · 难度：三级中的第一级*
#
# 1 的一半是多少？
# %% exercise="by_hand" minutes=1
### BEGIN SOLUTION
answer = {"half": 1 / 2}
### END SOLUTION
### BEGIN RELEASE
# answer = {"half": ...}
### END RELEASE
# %% check="by_hand" points=1
with check("half", hint="h"):
    expect(answer["half"], 0.5)
grade("by_hand")
# %% [markdown]
# *Write · 5 minutes · difficulty: one of three · graded by a person*
#
# Write a memo. It is read for two things.
# %% [markdown] exercise="memo" points=4 minutes=5 manual=true
# The model answer.
'''


def write(folder: Path, text: str = LESSON) -> Course:
    """Write the unit, or what became of it, into a course in `folder`."""
    course = Course(folder)
    course.folder("course", UNIT).mkdir(parents=True, exist_ok=True)
    (course.folder("course", UNIT) / "lesson.py").write_text(text, encoding="utf-8")
    return course

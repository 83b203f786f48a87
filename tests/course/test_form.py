"""A fault in the form of a lesson is a sentence with file and line."""

from __future__ import annotations

import pytest

from mftcourse.course.files import LessonError
from mftcourse.course.form import read_lesson

from .doubling import LESSON, UNIT, write


def fault(folder, old, new) -> str:
    assert LESSON.count(old) >= 1
    course = write(folder, LESSON.replace(old, new, 1))
    with pytest.raises(LessonError) as caught:
        read_lesson(course.folder("course", UNIT))
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('# %% exercise="double" minutes=2', "# %%", 17, "has no exercise before it"),
        ('exercise="by_hand"', 'exercise="double"', 28, "stands twice"),
        ('check="double" points=3', 'check="double"', 17, "says no points"),
        ('exercise="double" minutes=2', 'exercise="double"', 11, "says no minutes"),
        ('exercise="double" minutes=2', 'exercise="Double it" minutes=2', 11, "snake_case"),
        ('check="double" points=3', 'check="double" points=2', 17, "worth 3 points, the cell says points=2"),
        ('check="double" points=3', 'check="double" point=3', 17, "unknown metadata 'point'"),
        ('with check("two", hint="h"):', 'with check("two", hint=""):', 18, "has no hint"),
        ('with check("many"', 'with check("two"', 21, "title of its own"),
        ("points=2, hidden=True", "points=2", 21, "hidden=True, or neither"),
        ('grade("double")\n', 'grade("duble")\n', 17, 'must be `grade("double")`'),
        ('with check("two", hint="h"):\n    expect(double(2), 4)', "expect(double(2), 4)", 18, "would cost every point"),
        ("expect(double(int(x)), 2 * int(x))", "expect(double(x=int(x), base=2), 4)", 23, "asks for 'base'"),
        ("expect(double(int(x)), 2 * int(x))", "expect_raises(OverflowError, double, 9)", 23, "asks for 'OverflowError'"),
        ("answer = {", "answer = {picture: 1, ", 28, "comes from the demonstration at line 26"),
        ("return 2 * x", "return 2 * x +", 15, "plain Python"),
        ("SHARED = 3", "%matplotlib inline", 7, "plain Python"),
        ('lang="zh"', 'lang="de"', 3, "known are en, zh"),
        ("# # A unit\n", "# # A unit\n# %%\n1\n", 5, "right behind its English prose"),
        ('# %% check="by_hand" points=1\n', "# %%\n", 28, "has no check"),
        ("    ### END SOLUTION\n# %% check=\"double\"", "# %% check=\"double\"", 11, "do not pair up"),
        ("    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "    return 2 * x", 11, "nothing to write"),
        ('    """Return twice x; a string is refused with TypeError."""\n', "", 11, "has no docstring"),
        ('# %% [markdown] exercise="memo" points=4', '# %% [markdown] exercise="memo"', 41, "says no points"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_what_to_do(tmp_path, old, new, line, says):
    text = fault(tmp_path, old, new)
    assert says in text
    assert f"03-doubling/lesson.py:{line}:" in text


def test_code_without_a_hidden_check_is_a_fault(tmp_path):
    start, end = LESSON.index("### BEGIN HIDDEN"), LESSON.index('grade("double")')
    course = write(tmp_path, LESSON.replace(LESSON[start:end], "").replace("points=3", "points=1"))
    with pytest.raises(LessonError, match="no hidden check"):
        read_lesson(course.root / "course/03-doubling")

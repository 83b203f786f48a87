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
        ('# %% exercise="double" minutes=2', "# %%", 20, "has no exercise before it"),
        ('exercise="by_hand"', 'exercise="double"', 39, "stands twice"),
        ('check="double" points=3', 'check="double"', 20, "says no points"),
        ('exercise="double" minutes=2', 'exercise="double"', 14, "says no minutes"),
        ('exercise="double" minutes=2', 'exercise="Double it" minutes=2', 14, "snake_case"),
        ('check="double" points=3', 'check="double" points=2', 20, "worth 3 points, the cell says points=2"),
        ('check="double" points=3', 'check="double" point=3', 20, "unknown metadata 'point'"),
        ('with check("two", hint="h"):', 'with check("two", hint=""):', 21, "has no hint"),
        ('with check("many"', 'with check("two"', 24, "title of its own"),
        ("points=2, hidden=True", "points=2", 24, "hidden=True, or neither"),
        ('grade("double")\n', 'grade("duble")\n', 20, 'must be `grade("double")`'),
        ('with check("two", hint="h"):\n    expect(double(2), 4)', "expect(double(2), 4)", 21, "would cost every point"),
        ("expect(double(int(x)), 2 * int(x))", "expect(double(x=int(x), base=2), 4)", 26, "asks for 'base'"),
        ("expect(double(int(x)), 2 * int(x))", "expect_raises(OverflowError, double, 9)", 26, "asks for 'OverflowError'"),
        ("answer = {", "answer = {picture: 1, ", 39, "comes from the demonstration at line 29"),
        ("return 2 * x", "return 2 * x +", 18, "plain Python"),
        ("SHARED = 3", "%matplotlib inline", 7, "plain Python"),
        ('lang="zh"', 'lang="de"', 3, "known are en, zh"),
        ("# # A unit\n", "# # A unit\n# %%\n1\n", 5, "right behind its English prose"),
        ('# %% check="by_hand" points=1\n', "# %%\n", 39, "has no check"),
        ("    ### END SOLUTION\n# %% check=\"double\"", "# %% check=\"double\"", 14, "do not pair up"),
        ("    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "    return 2 * x", 14, "nothing to write"),
        ('    """Return twice x; a string is refused with TypeError."""\n', "", 14, "has no docstring"),
        ('# %% [markdown] exercise="memo" points=4', '# %% [markdown] exercise="memo"', 54, "says no points"),
        ("*Implement · 2 minutes", "*Implement: 2 minutes", 14, "0 lines before 'double' say its form"),
        ("*手算 · 1 分钟", "*手算 1 分钟", 39, "in Chinese too"),
        ("*Implement · 2 minutes", "*Implement · 3 minutes", 14, "the prose gives 'double' 3 minutes"),
        ("*Implement · 2", "*Programme · 2", 14, "known are By hand · Predict, then run"),
        ("*Implement · 2", "*Write · 2", 14, "Write is for what a person grades"),
        ("*Write · 5", "*Implement · 5", 54, "Write is for what a person grades"),
        ("*Implement · 2", "*By hand · 2", 14, "'double' defines a function or a class, and its form is 'By hand'"),
        ("*By hand · 1", "*Implement · 1", 39, "'by_hand' defines no function and no class, and its form is 'Implement'"),
        ("picture = double(SHARED)", "show(double(SHARED), alt='a picture')", 29, "begin it with a comment `# Figure: …`"),
        ("    expect(double(2), 4)", "    expect(double(base=2), 4)", 22, "asks for 'base', which neither the prose"),
        ('expect(answer["half"], 0.5)', 'expect(answer["third"], 0.5)', 48, "asks for 'third'"),
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

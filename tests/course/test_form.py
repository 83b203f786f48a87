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


# A cell with what checks meet: a class and functions that an exercise asks for, given ones, and libraries.
MEETS = (
    ("from mftcourse import check, expect, expect_raises, grade\n",
     "import copy\nimport inspect\nimport math\nfrom threading import Thread\n\nimport numpy as np\n\n"
     "from mftcourse import check, expect, expect_raises, grade, probes\n\n\nclass Scale:\n    pass\n\n\n"
     "def given(x):\n    return x\n\n\nBOTH = {\"given\": given}\n"),
    ("    ### END SOLUTION\n# %% check=\"double\"",
     "    ### END SOLUTION\n\n\nclass Twice:\n    \"\"\"Twice.\"\"\"\n\n\ndef helper(f, x):\n    \"\"\"Call f.\"\"\"\n    return f(x)\n# %% check=\"double\""),
)  # fmt: skip


@pytest.mark.parametrize(("line", "says"), [
    ("double(lambda x: x)", "it hands `lambda x: x` to what a learner wrote"),
    ("f = lambda x: x\n    double([1, f])", "it hands `f`"),
    ("for f in (abs, double):\n        double(f)", "it hands `f`"),
    ("double(x=len)", "it hands `len`"),
    ("double(float)", "it hands `float`"),
    ("helper(given, 2)", "it hands `given`"),
    ("helper(double, BOTH)", "it hands `BOTH`"),
    ("double(np.mean)", "it hands `np.mean`"),
    ("double(math)", "it hands `math`"),
    ("double(str.upper)", "it hands `str.upper`"),
    ("double([Scale()])", "it hands `Scale()`"),
    ("double({'a': np.random.RandomState(0)})", "it hands `np.random.RandomState(0)`"),
    ("double(range(3))", "it hands `range(3)`"),
    ("double(i for i in [1])", "it hands `(i for i in [1])`"),
    ("Twice(given)", "it hands `given`"),
    ("Twice().turn(given)", "it hands `given`"),
    ("expect_raises(TypeError, double, given)", "it hands `given`"),
    ("probes.call(double, given)", "it hands `given`"),
    ("probes.output(Twice(), given)", "it hands `given`"),
    ("turn = double\n    turn(given)", "it hands `given`"),
    ("assert isinstance(double(2), Twice)", "it asks `isinstance(double(2), Twice)`"),
    ("assert isinstance(double(2), (int, Scale))", "it asks `isinstance(double(2), (int, Scale))`"),
    ("assert isinstance(Twice(), object)", "it asks `isinstance(Twice(), object)`"),
    ("assert issubclass(Twice, int)", "it asks `issubclass(Twice, int)`"),
    ("assert type(Twice()) is not int", "it asks"),
    ("assert inspect.signature(double)", "it asks `inspect.signature(double)`"),
    ("copy.deepcopy(Twice())", "it asks `copy.deepcopy(Twice())`"),
    ("double.__code__", "it asks `double.__code__`"),
    ("two = Twice()\n    two.part.__dict__", "it asks `two.part.__dict__`"),
    ("double.__globals__['x']", "it asks `double.__globals__`"),
    ("getattr(double, '__doc__')", "it asks `getattr(double, '__doc__')`"),
    ("vars(double)", "it asks `vars(double)`"),
    ("dir(Twice())", "it asks `dir(Twice())`"),
    ("print(double)", "it asks `print(double)`"),
    ("one, two = Twice(), Twice()\n    assert (one == two) in [True]", "it asks `one == two`"),
    ("two = Twice()\n    assert two + 1 < 3", "it asks `two + 1 < 3`"),
    ("assert Twice() in [1]", "it asks `Twice() in [1]`"),
    ("two = Twice()\n    assert two", "it asks `assert two`"),
    ("two = Twice()\n    assert 1 and not two", "it asks `not two`"),
    ("[0 for two in [Twice()] if two]", "it asks"),
    ("assert bool(Twice())", "it asks `bool(Twice())`"),
    ("expect(Twice(), 4)", "it asks `expect(Twice(), 4)`"),
    ("sorted([1], key=abs), sorted(Twice())", "it asks `sorted(Twice())`"),
    ("get_ipython()", "it uses `get_ipython`"),
    ("In[0]", "it uses `In`"),
    ("globals()['double']", "it uses `globals`"),
    ("eval('double(2)')", "it uses `eval`"),
    ("open('notes.txt')", "it uses `open`"),
    ("input()", "it uses `input`"),
    ("Thread(target=double).start()", "it uses `Thread`"),
])  # fmt: skip
def test_a_check_that_no_other_process_can_judge_is_a_fault(tmp_path, line, says):
    text = LESSON
    for old, new in (*MEETS, ("    expect(double(2), 4)\n", f"    {line}\n    expect(double(2), 4)\n")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    course = write(tmp_path, text)
    with pytest.raises(LessonError, match="cannot be judged in another process") as caught:
        read_lesson(course.folder("course", UNIT))
    where = next(n for n, row in enumerate(text.split("\n"), 1) if row.strip() == line.splitlines()[-1].strip())
    assert says in str(caught.value)
    assert f"03-doubling/lesson.py:{where}:" in str(caught.value)


@pytest.mark.parametrize("line", [
    "helper(double, 2), helper(Twice, np.float32), double(np.pi), double([math.inf, np.nan, ...])",
    "double({'a': (1, 'b'), 'c': [np.zeros(3), None]}), double(np.arange(3).tolist()), double([abs(i) for i in range(3)])",
    "double(*(float(i) for i in range(1))), double(*[1]), double(x=max([1, 2], key=abs))",
    "assert isinstance(double(2), int | np.ndarray) and type(double(2)) is int and str(double(2)) == '4'",
    "x = y = Twice()\n    expect((x + y).data, 4), expect(len(x), 2), float(x), x.part == 3, not x.part",
    "map(double, [1]), sorted([1], key=double), np.vectorize(double)([1]), given(double), given(lambda x: x)",
    "given, kept = 1, [given(i) for i in [1]]\n    double(given), double(kept)",
    "len = 3\n    double(len)",
    "assert callable(given) and vars(Scale()) == {} and Scale() != 1 and [print, open]",
])  # fmt: skip
def test_plain_data_and_what_exercises_define_pass(tmp_path, line):
    text = LESSON
    for old, new in (*MEETS, ("    expect(double(2), 4)\n", f"    {line}\n    expect(double(2), 4)\n")):
        text = text.replace(old, new)
    read_lesson(write(tmp_path, text).folder("course", UNIT))


def test_code_without_a_hidden_check_is_a_fault(tmp_path):
    start, end = LESSON.index("### BEGIN HIDDEN"), LESSON.index('grade("double")')
    course = write(tmp_path, LESSON.replace(LESSON[start:end], "").replace("points=3", "points=1"))
    with pytest.raises(LessonError, match="no hidden check"):
        read_lesson(course.root / "course/03-doubling")

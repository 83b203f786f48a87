"""course/ → solutions/ → release/: the form of a lesson, and what the build makes of it."""

from __future__ import annotations

import nbformat
import pytest

from mftcourse import authoring
from mftcourse.authoring import LessonError

LESSON = '''# %% [markdown]
# # A unit
# %% [markdown] lang="zh"
# # 一个单元
# %%
from mftcourse import check, expect, expect_raises, grade
SHARED = 3
# %% [markdown]
# ## Double
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
# Write a memo. It is read for two things.
# %% [markdown] exercise="memo" points=4 minutes=5 manual=true
# The model answer.
'''


@pytest.fixture
def course(tmp_path):
    def write(text=LESSON, unit="03-doubling"):
        folder = tmp_path / "course" / unit
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lesson.py").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def fault(course, old, new) -> str:
    assert LESSON.count(old) >= 1
    root = course(LESSON.replace(old, new, 1))
    with pytest.raises(LessonError) as caught:
        authoring.render(root, "03-doubling")
    return str(caught.value)


def test_build_is_the_same_every_time_and_leaves_course_alone(course):
    root = course()
    before = (root / "course/03-doubling/lesson.py").read_bytes()
    assert [p.as_posix() for p in authoring.build(root)] == [
        "solutions/03-doubling/doubling.ipynb",
        "release/03-doubling/doubling.ipynb",
        "release/03-doubling/zh/doubling.ipynb",
    ]
    first = {p: p.read_bytes() for p in root.rglob("*.ipynb")}
    assert authoring.build(root) == []
    for p in list(first):
        p.unlink()
    authoring.build(root)
    assert {p: p.read_bytes() for p in root.rglob("*.ipynb")} == first
    assert (root / "course/03-doubling/lesson.py").read_bytes() == before
    assert b"\r" not in b"".join(first.values())


def test_notebooks_are_valid_and_ids_are_stable(course):
    root = course()
    authoring.build(root)
    ids = {}
    for path in sorted(root.rglob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
        ids[path.relative_to(root).as_posix()] = [c.id for c in nb.cells]
    a, b, c = ids.values()
    assert a == b == c
    assert "double" in a and "double-check" in a and "memo" in a
    root = course(LESSON.replace("Twice two is four.", "Twice two makes four."))
    authoring.build(root)
    later = [c.id for c in nbformat.read(root / "release/03-doubling/doubling.ipynb", as_version=4).cells]
    assert len(set(a) ^ set(later)) == 2  # only the edited prose


def test_the_release_shows_stubs_placeholders_and_no_solution(course):
    root = course()
    authoring.build(root)
    nb = nbformat.read(root / "release/03-doubling/doubling.ipynb", as_version=4)
    cells = {c.id: c for c in nb.cells}
    assert cells["double"].source.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")
    assert cells["by-hand"].source == 'answer = {"half": ...}'
    assert cells["memo"].source == "YOUR ANSWER HERE"
    assert "many" not in cells["double-check"].source and 'grade("double", points=3)' in cells["double-check"].source
    zh = nbformat.read(root / "release/03-doubling/zh/doubling.ipynb", as_version=4)
    assert zh.cells[0].source == "# 一个单元" and nb.cells[0].source == "# A unit"
    graded = [[c.metadata.nbgrader.to_dict() if hasattr(c.metadata.nbgrader, "to_dict") else dict(c.metadata.nbgrader)
               for c in n.cells if "nbgrader" in c.metadata] for n in (nb, zh)]  # fmt: skip
    assert graded[0] == graded[1]


def test_a_faulty_program_is_released_in_place_of_the_solution(course):
    old = "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
    new = old + "    ### BEGIN RELEASE\n    # if x:  # a comment of its own\n    #     return x + x\n    #\n    # return x\n    ### END RELEASE\n"
    root = course(LESSON.replace(old, new))
    authoring.build(root)
    nb = nbformat.read(root / "release/03-doubling/doubling.ipynb", as_version=4)
    source = next(c.source for c in nb.cells if c.id == "double")
    assert source.endswith("    if x:  # a comment of its own\n        return x + x\n\n    return x") or source.endswith(
        "    if x:  # a comment of its own\n        return x + x\n    \n    return x"
    )


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
def test_a_fault_names_file_line_and_what_to_do(course, old, new, line, says):
    text = fault(course, old, new)
    assert says in text
    assert f"03-doubling/lesson.py:{line}:" in text


def test_code_without_a_hidden_check_is_a_fault(course):
    start, end = LESSON.index("### BEGIN HIDDEN"), LESSON.index('grade("double")')
    root = course(LESSON.replace(LESSON[start:end], "").replace("points=3", "points=1"))
    with pytest.raises(LessonError, match="no hidden check"):
        authoring.read_lesson(root / "course/03-doubling")


def test_a_faulty_interview_file_names_the_question(course):
    root = course()
    path = root / "course/03-doubling/interview.yaml"
    path.write_text("unit: 03-doubling\nquestions:\n  - id: q\n    proof: [double]\n", encoding="utf-8")
    with pytest.raises(LessonError, match=r"interview.yaml: questions.0.en: Field required"):
        authoring.render(root, "03-doubling")
    w = "{question: 'Q?', short: s, deep: d, usual_wrong: w, follow_up: f}"
    path.write_text(f"unit: u\nquestions:\n- id: q\n  proof: [halve]\n  en: {w}\n  zh: {w}\n", encoding="utf-8")
    with pytest.raises(LessonError, match="q: the proof 'halve' is no exercise"):
        authoring.render(root, "03-doubling")
    path.write_text(path.read_text(encoding="utf-8").replace("halve", "double"), encoding="utf-8")
    release = next(t for p, t in authoring.render(root, "03-doubling").items() if p.parts[0] == "release")
    last = nbformat.reads(release, as_version=4).cells[-1].source
    assert "### Q?" in last and "[Double](#Double)" in last


def test_renamed_units_leave_nothing_behind(course):
    root = course()
    authoring.build(root)
    (root / "course/03-doubling").rename(root / "course/04-doubling")
    assert any("comes from no lesson" in s for s in authoring.drift(root))
    authoring.build(root)
    assert {p.parent.name for p in (root / "solutions").rglob("*.ipynb")} == {"04-doubling"}
    assert authoring.drift(root) == []


def test_new_unit_refuses_bad_and_taken_names(tmp_path):
    with pytest.raises(LessonError, match="looks like 13-scaling"):
        authoring.new_unit(tmp_path, "scaling")
    authoring.new_unit(tmp_path, "13-scaling")
    with pytest.raises(LessonError, match="is there already; nothing was written"):
        authoring.new_unit(tmp_path, "13-scaling")

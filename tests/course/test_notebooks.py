"""course/ → solutions/ → release/: what the build makes of a lesson."""

from __future__ import annotations

import base64
import re

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from mftcourse.course import notebooks
from mftcourse.course.files import LessonError

from .doubling import LESSON, UNIT, write

CHINESE = LESSON  # every prose cell
for last, sibling in (
    ("# Twice two is four.\n", "# ## 加倍\n#\n# *编程 · 2 分钟 · 难度：三级中的第一级*\n"),
    ("It is read for two things.\n", "# *书面 · 5 分钟 · 难度：三级中的第一级 · 由人评分*\n#\n# 写一份备忘录。\n"),
):
    CHINESE = CHINESE.replace(last, f'{last}# %% [markdown] lang="zh"\n{sibling}')


def test_a_unit_is_released_in_chinese_whole_or_not_at_all_and_what_was_released_goes(tmp_path):
    course = write(tmp_path, CHINESE)
    assert [p.as_posix() for p in notebooks.build(course)][-1] == "release/03-doubling/zh/doubling.ipynb"
    write(tmp_path)  # one cell of three is in Chinese
    assert notebooks.drift(course) == ["release/03-doubling/zh/doubling.ipynb comes from no lesson; run `mft build`."]
    notebooks.build(course)
    assert list((course.root / "release").rglob("zh*")) == [] and course.languages(UNIT) == ["en"]

def test_build_is_the_same_every_time_and_leaves_course_alone(tmp_path):
    course = write(tmp_path)
    before = (course.root / "course/03-doubling/lesson.py").read_bytes()
    assert [p.as_posix() for p in notebooks.build(course)] == [
        "solutions/03-doubling/doubling.ipynb",
        "release/03-doubling/doubling.ipynb",
    ]
    first = {p: p.read_bytes() for p in course.root.rglob("*.ipynb")}
    assert notebooks.build(course) == []
    for p in list(first):
        p.unlink()
    notebooks.build(course)
    assert {p: p.read_bytes() for p in course.root.rglob("*.ipynb")} == first
    assert (course.root / "course/03-doubling/lesson.py").read_bytes() == before
    assert b"\r" not in b"".join(first.values())


def test_notebooks_are_valid_and_ids_are_stable(tmp_path):
    course = write(tmp_path, CHINESE)
    notebooks.build(course)
    ids = {}
    for path in sorted(course.root.rglob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
        ids[path.relative_to(course.root).as_posix()] = [c.id for c in nb.cells]
    a, b, c = ids.values()
    assert a == b == c
    assert "double" in a and "double-check" in a and "memo" in a
    course = write(tmp_path, CHINESE.replace("Twice two is four.", "Twice two makes four."))
    notebooks.build(course)
    later = [c.id for c in nbformat.read(course.root / "release/03-doubling/doubling.ipynb", as_version=4).cells]
    assert len(set(a) ^ set(later)) == 2  # only the edited prose


def test_the_release_shows_stubs_placeholders_and_no_solution(tmp_path):
    course = write(tmp_path, CHINESE)
    notebooks.build(course)
    nb = nbformat.read(course.root / "release/03-doubling/doubling.ipynb", as_version=4)
    cells = {c.id: c for c in nb.cells}
    assert cells["double"].source.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")
    assert cells["by-hand"].source == 'answer = {"half": ...}'
    assert cells["memo"].source == "YOUR ANSWER HERE"
    assert "many" not in cells["double-check"].source and 'grade("double", points=3)' in cells["double-check"].source
    zh = nbformat.read(course.root / "release/03-doubling/zh/doubling.ipynb", as_version=4)
    assert zh.cells[0].source == "# 一个单元" and nb.cells[0].source == "# A unit"
    graded = [[c.metadata.nbgrader.to_dict() if hasattr(c.metadata.nbgrader, "to_dict") else dict(c.metadata.nbgrader)
               for c in n.cells if "nbgrader" in c.metadata] for n in (nb, zh)]  # fmt: skip
    assert graded[0] == graded[1]


def test_checks_and_figures_fold_under_a_line_that_says_what_they_are(tmp_path):
    course = write(tmp_path, LESSON.replace("picture =", "# Figure: a picture\npicture ="))
    notebooks.build(course)
    release, solution = (nbformat.read(course.root / step / UNIT / "doubling.ipynb", as_version=4)
                         for step in ("release", "solutions"))  # fmt: skip
    folded = {c.source.split("\n")[0] for c in release.cells if c.metadata.get("jupyter") == {"source_hidden": True}}
    assert folded == {"# Checks of double: run this cell", "# Checks of by_hand: run this cell", "# Figure: a picture"}
    assert not any("jupyter" in c.metadata for c in solution.cells)
    locked = [c for c in release.cells if "nbgrader" in c.metadata]
    assert all(compute_checksum(c) == c.metadata.nbgrader.checksum for c in locked)


def test_the_checks_of_typed_answers_are_sealed_in_the_release_only(tmp_path):
    course = write(tmp_path, CHINESE)
    notebooks.build(course)
    open_ = {c.id: c.source for c in nbformat.read(course.root / "solutions" / UNIT / "doubling.ipynb", as_version=4).cells}
    for folder in (UNIT, f"{UNIT}/zh"):
        cells = nbformat.read(course.root / "release" / folder / "doubling.ipynb", as_version=4).cells
        shown = {c.id: c.source for c in cells}
        assert "expect(double(2), 4)" in shown["double-check"]
        assert "expect(" not in shown["by-hand-check"] and "0.5" not in shown["by-hand-check"]
        text = re.search(r'mft_run_sealed\("""(.*?)"""\)\nmft_grade\("by_hand", points=1\)$', shown["by-hand-check"], re.S)[1]
        first, *body, last = open_["by-hand-check"].split("\n")
        assert base64.b64decode(text).decode() == "\n".join(body) and 'mft_expect(answer["half"], 0.5)' in body[-1]
        assert shown["by-hand-check"].startswith(first) and shown["by-hand-check"].endswith(last)


def test_every_exercise_names_its_id_where_its_form_stands(tmp_path):
    course = write(tmp_path, CHINESE)
    notebooks.build(course)
    for folder, lines in (
        ("", ["Implement · `double` · 2 minutes", "By hand · `by_hand` · 1 minute", "Write · `memo` · 5 minutes"]),
        ("zh", ["编程 · `double` · 2 分钟", "手算 · `by_hand` · 1 分钟", "书面 · `memo` · 5 分钟"]),
    ):
        nb = nbformat.read(course.root / "release" / UNIT / folder / "doubling.ipynb", as_version=4)
        prose = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
        assert re.findall(r"^\*(.+?) · (?:difficulty|难度)", prose, re.M) == lines


def test_a_check_cell_names_what_is_asked_for_and_no_helper_of_the_reference(tmp_path):
    helped = LESSON.replace("def double(x):", "def _twice(x):\n    return 2 * x\n\n\ndef double(x):")
    course = write(tmp_path, helped)
    notebooks.build(course)
    cells = nbformat.read(course.root / "release" / UNIT / "doubling.ipynb", as_version=4).cells
    (check,) = [c.source for c in cells if c.id == "double-check"]
    assert 'mft_learners = ["double"]' in check


def test_a_faulty_program_is_released_in_place_of_the_solution(tmp_path):
    old = "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
    new = old + "    ### BEGIN RELEASE\n    # if x:  # a comment of its own\n    #     return x + x\n    #\n    # return x\n    ### END RELEASE\n"
    course = write(tmp_path, LESSON.replace(old, new))
    notebooks.build(course)
    nb = nbformat.read(course.root / "release/03-doubling/doubling.ipynb", as_version=4)
    source = next(c.source for c in nb.cells if c.id == "double")
    assert source.endswith("    if x:  # a comment of its own\n        return x + x\n\n    return x") or source.endswith(
        "    if x:  # a comment of its own\n        return x + x\n    \n    return x"
    )


def test_a_faulty_interview_file_names_the_question(tmp_path):
    course = write(tmp_path)
    path = course.root / "course/03-doubling/interview.yaml"
    path.write_text("unit: 03-doubling\nquestions:\n  - id: q\n    proof: [double]\n", encoding="utf-8")
    with pytest.raises(LessonError, match=r"interview.yaml: questions.0.level: Field required"):
        notebooks.render(course, UNIT)
    bank = "unit: u\nquestions:\n- {id: q, level: basic, kind: theory, proof: [halve], en: W, zh: W}\n"
    w = "{question: 'Q?', short: s, points: [a, b, c], deep: d, usual_wrong: w, follow_up: '**Why?** So.'}"
    path.write_text(bank.replace("W", w), encoding="utf-8")
    with pytest.raises(LessonError, match="q: the proof 'halve' is no exercise"):
        notebooks.render(course, UNIT)
    path.write_text(path.read_text(encoding="utf-8").replace("halve", "double"), encoding="utf-8")
    release = next(t for p, t in notebooks.render(course, UNIT).items() if p.parts[0] == "release")
    last = nbformat.reads(release, as_version=4).cells[-1].source
    assert "### Q?" in last and "[Double](#Double)" in last


def test_renamed_units_leave_nothing_behind(tmp_path):
    course = write(tmp_path)
    notebooks.build(course)
    (course.root / "course/03-doubling").rename(course.root / "course/04-doubling")
    assert any("comes from no lesson" in s for s in notebooks.drift(course))
    notebooks.build(course)
    assert {p.parent.name for p in (course.root / "solutions").rglob("*.ipynb")} == {"04-doubling"}
    assert notebooks.drift(course) == []

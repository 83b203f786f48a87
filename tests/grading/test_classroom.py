"""A class is graded, whatever is in it; nothing that was handed in or graded before is lost."""

import copy
import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from demo import make_class, surprises
from nbgrader.api import Gradebook
from nbgrader.validator import Validator
from tiny_course import ROOT, UNIT, cell, load, save

from mftcourse.course import notebooks
from mftcourse.course.files import Course, GradingError
from mftcourse.course.form import read_lesson
from mftcourse.course.handin import answers, scorecard
from mftcourse.grading.classroom import grade, nbgrader_settings


def hand_in(course, student, nb, unit=UNIT):
    save(nb, course.notebook("submitted", unit, student))


def points(course, unit=UNIT):
    """Return student → {grade id: automatic points} from the gradebook."""
    slug = unit.split("-", 1)[1]
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        return {
            s.student.id: {g.name: g.auto_score for g in book.find_submission_notebook(slug, unit, s.student.id).grades}
            for s in book.assignment_submissions(unit)
        }


def test_a_made_up_class_gets_the_grades_it_must(course):
    members = make_class(course, UNIT, course.root / "demo")
    table = grade(Course(course.root / "demo"), UNIT, seconds=3)
    assert surprises(table, members) == []
    rows = {row.student: row for row in table.rows}
    assert (rows["reference"].code, rows["reference"].code_out_of, rows["reference"].out_of) == (7, 7, 9)
    assert rows["reference"].manual and not rows["blank"].manual
    assert rows["broken-changed-check"].points == rows["reference"].points - 3
    assert rows["broken-deleted-check"].points == rows["broken-duplicate-ids"].points == 7
    assert rows["broken-os-exit"].points == 4
    assert rows["broken-json"].points == 7 and "cut off" in rows["broken-json"].note
    assert rows["broken-nothing"].points is None and not rows["broken-nothing"].graded
    for member in members:
        page = course.root / "demo" / "feedback" / member.student / UNIT / "tiny.html"
        assert page.exists() == rows[member.student].graded
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        assert "HIDDEN" not in text and "drawn" not in text, "feedback shows the source of a hidden check"
        assert not page.exists() or "random numbers" in text or member.role == "broken", "but its finding is there"
        assert (course.root / "demo" / "submitted" / member.student / UNIT).is_dir()
    with table.exported[0].open() as stock, table.exported[1].open() as own:
        scores = {r["student_id"]: float(r["score"]) for r in csv.DictReader(stock)}
        ours = {r["student"]: float(r["points"] or 0) for r in csv.DictReader(own)}
    assert scores == ours and set(ours) == {m.student for m in members}
    assert not (course.root / "gradebook.db").exists(), "a demonstration must not touch the course's own gradebook"
    with pytest.raises(GradingError, match="no demo made"):
        make_class(course, UNIT, course.root / "release")


def test_an_unreadable_resubmission_keeps_the_grade_and_the_graded_notebook(course, reference, release):
    hand_in(course, "ada", reference)
    hand_in(course, "ben", release)
    assert [row.code for row in grade(course, UNIT).rows] == [7, 0]
    kept = (course.root / "autograded" / "ada" / UNIT / "tiny.ipynb").read_bytes()
    (course.root / "submitted" / "ada" / UNIT / "tiny.ipynb").write_text("{")
    hand_in(course, "ben", reference)
    before = (course.root / "submitted" / "ada" / UNIT / "tiny.ipynb").read_bytes()
    ada, ben = grade(course, UNIT).rows
    assert (ada.points, ada.graded, ben.points) == (7, False, 7)
    assert "not a notebook" in ada.note and "stands" in ada.note
    assert (course.root / "autograded" / "ada" / UNIT / "tiny.ipynb").read_bytes() == kept
    assert (course.root / "submitted" / "ada" / UNIT / "tiny.ipynb").read_bytes() == before
    only = grade(course, UNIT, students=["ben"])
    assert [row.student for row in only.rows] == ["ben"]


def test_a_late_submission_and_a_manual_grade_are_seen(course, reference):
    import datetime

    hand_in(course, "ada", reference)
    (course.root / "submitted" / "ada" / UNIT / "timestamp.txt").write_text("2026-03-02 00:00:00.000000 UTC\n")
    grade(course, UNIT)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        book.find_assignment(UNIT).duedate = datetime.datetime(2026, 3, 1)
        memo = book.find_grade("memo", "tiny", UNIT, "ada")
        memo.manual_score, memo.needs_manual_grade = 2, False
        book.db.commit()
    (ada,) = grade(course, UNIT).rows
    assert ada.late and ada.points == ada.out_of == 9


def test_a_folder_named_like_a_pattern_and_a_date_that_is_none_harm_nobody(course, reference, release):
    hand_in(course, "ada", reference)
    hand_in(course, "a*", release)
    (course.root / "submitted" / "ada" / UNIT / "timestamp.txt").write_text("yesterday")
    pattern, ada = grade(course, UNIT).rows
    assert (pattern.graded, ada.code) == (False, 7)
    assert "Rename the folder" in pattern.note and "holds no date" in ada.note


def test_nothing_to_grade_and_a_changed_unit_are_sentences(course, reference):
    with pytest.raises(GradingError, match="nothing to grade"):
        grade(course, UNIT)
    hand_in(course, "ada", reference)
    grade(course, UNIT)
    lesson = course.root / "course" / UNIT / "lesson.py"
    lesson.write_text(
        lesson.read_text()
        + "\n# %% [markdown]\n# *Write · 1 minute · difficulty: one of three*\n"
        + '\n# %% [markdown] exercise="more" points=1 minutes=1 manual=true\n# More.\n'
    )
    notebooks.build(course)
    with pytest.raises(GradingError, match="Move gradebook.db aside"):
        grade(course, UNIT)
    assert points(course)["ada"]["mean-check"] == 3
    shutil.rmtree(course.root / "solutions")
    with pytest.raises(GradingError, match="mft build"):
        grade(course, UNIT)


OURS = (ROOT / "nbgrader_config.py").read_text()
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'mft'\nc.CourseDirectory.source_directory = 'solutions'\n"
STOCK += "c.Execute.iopub_timeout = 60\n"  # its 4 seconds fail on a loaded machine


def _stock(course: Course, *command: str) -> subprocess.CompletedProcess:
    env = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=course.root, env=env, capture_output=True, text=True, timeout=600
    )


def _wrong(course, unit, count):
    """Return `count` wrong answers of a unit, of different exercises where there are as many."""
    found = read_lesson(course.folder("course", unit)).wrong_answers
    firsts = list({w.exercise: w for w in reversed(found)}.values())[::-1]
    return (firsts + [w for w in found if w not in firsts])[:count]


@pytest.mark.parametrize("unit", [UNIT, pytest.param("06-metrics", marks=pytest.mark.slow)])
def test_stock_nbgrader_gives_the_same_points(unit, request, tmp_path):
    """autograde and validate, without this course's settings: the reference, the blank release, three wrong answers."""
    import demo

    source = request.getfixturevalue("built") if unit == UNIT else Course(ROOT)
    if not source.folder("release", unit).is_dir():
        pytest.skip(f"{unit} is not built")
    release, solution = (load(source.notebook(step, unit)) for step in ("release", "solutions"))
    solved = demo.reference(release, solution)
    class_ = {"reference": solved, "blank": release}
    for number, wrong in enumerate(_wrong(source, unit, 3)):
        class_[f"wrong{number}"] = demo.with_answer(solved, wrong.exercise, wrong.source)
    ours, stock = Course(tmp_path / "ours"), Course(tmp_path / "stock")
    for course in (ours, stock):
        for step in ("release", "solutions"):
            shutil.copytree(source.folder(step, unit), course.folder(step, unit))
        (course.root / "nbgrader_config.py").write_text(STOCK if course == stock else OURS)
        for student, nb in class_.items():
            hand_in(course, student, nb, unit)
    table = grade(ours, unit)
    assert _stock(stock, "generate_assignment", unit, "--force").returncode == 0
    done = _stock(stock, "autograde", unit)
    assert done.returncode == 0, done.stderr[-3000:]
    found, theirs = points(ours, unit), points(stock, unit)
    carried = {}
    for student in class_:
        carried[student] = [cell for cell, got in found[student].items() if got != theirs[student][cell]]
        assert all(found[student][cell] > theirs[student][cell] for cell in carried[student])
        page = ours.notebook("feedback", unit, student).with_suffix(".html").read_text()
        assert page.count("an earlier error is counted once") == len(carried[student])  # stock counts it twice
    rows = {row.student: row for row in table.rows}
    assert rows["reference"].code == rows["reference"].code_out_of
    assert all(rows[s].code < rows[s].code_out_of for s in class_ if s.startswith("wrong"))

    for student in class_:
        path = stock.notebook("submitted", unit, student)
        rejected = Validator(config=nbgrader_settings(stock)).validate(str(path)).get("failed", [])
        graded = load(ours.notebook("autograded", unit, student))
        cards = [card for c in graded.cells if (card := scorecard(c))]
        seen = [[f["verdict"] for f in card["findings"] if not f["hidden"]] for card in cards]
        failed = [verdicts for verdicts in seen if set(verdicts) != {"passed"}]
        # validate also counts a written answer that is still the stub
        failed += [[name] for name, text in answers(load(path), ("manual",)).items() if "YOUR ANSWER HERE" in text]
        assert len(rejected) == len(failed) + len(carried[student]), (student, failed, rejected)


def test_a_forged_score_that_stock_nbgrader_would_believe_earns_nothing(course, release):
    nb = copy.deepcopy(release)
    cell(nb, "mean").source = "import mftcourse\nmftcourse.grade = lambda *_, **__: None"
    hand_in(course, "eve", nb)
    (eve,) = grade(course, UNIT).rows
    assert eve.code == 0

"""The tables say who has what, and are no program of a spreadsheet; the class at a glance."""

import csv
import datetime
import io

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins.export import CsvExportPlugin
from tiny_course import UNIT, save

from mftcourse.course.files import programs_path
from mftcourse.grading import overview, report
from mftcourse.grading.report import Row, export

FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]


@pytest.fixture
def book(course, monkeypatch):
    """A gradebook of the tiny unit with ada (late, graded), ben (nothing), and names that end columns or compute."""
    monkeypatch.setenv("PATH", programs_path())  # nbgrader calls alembic
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "mft") as book:
        book.add_assignment(UNIT, duedate=datetime.datetime(2026, 3, 1))
        book.add_notebook("tiny", UNIT)
        book.add_grade_cell("mean-check", "tiny", UNIT, max_score=3, cell_type="code")
        book.add_grade_cell("memo", "tiny", UNIT, max_score=2, cell_type="markdown")
        book.add_student("ada", first_name='A, "the first"', last_name="=HYPERLINK(1)", email="a@b.c")
        for name in ("ben", *FORMULAS[:2]):
            book.add_student(name)
        book.add_submission(UNIT, "ada").timestamp = datetime.datetime(2026, 3, 2)
        book.find_grade("mean-check", "tiny", UNIT, "ada").auto_score = 2.5
        book.find_submission(UNIT, "ada").notebooks[0].late_submission_penalty = 3
        book.db.commit()
        yield book


def table(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_nbgraders_table_has_its_columns_and_values_and_no_formula(course, book, tmp_path):
    CsvExportPlugin(to=str(tmp_path / "stock.csv")).export(book)
    stock = (tmp_path / "stock.csv").read_text().splitlines()
    ours, _ = export(course, UNIT, [], book)
    head, *rows = table(ours)
    assert ",".join(head) == stock[0] and len(rows) == len(stock) - 1
    at = [row[3] for row in rows].index("ada")
    ada = dict(zip(head, rows[at], strict=True))
    assert (ada["first_name"], ada["last_name"], ada["email"]) == ('A, "the first"', "'=HYPERLINK(1)", "a@b.c")
    assert [ada[name] for name in ("raw_score", "late_submission_penalty", "score", "max_score")] == stock[
        1 + at
    ].split(",")[-4:]
    assert (ada["duedate"], ada["timestamp"]) == ("2026-03-01 00:00:00", "2026-03-02 00:00:00")
    ben = next(line for line in ours.read_text().splitlines() if '"ben"' in line)
    assert ben.endswith(',"","","",0.0,0.0,0.0,5.0'), "texts are quoted, numbers are not"
    assert {row[3] for row in rows} == {"ada", "ben", "'=1+1", "'+1"}


def test_the_class_table_is_quoted_and_numbers_stay_numbers(course, book):
    rows = [Row(name, points=-1.0, note=f'{name}, "quoted"\nand more \ud800') for name in FORMULAS] + [
        Row("ben", graded=True)
    ]
    _, own = export(course, UNIT, rows, book)
    head, *found = table(own)
    assert head == ["student", "points", "out_of", "code", "code_out_of", "late", "manual", "graded", "note", "percent"]
    for name, row in zip(FORMULAS, found, strict=False):
        assert row[0] == f"'{name}" and row[1] == "-1.0" and '"quoted"' in row[8]
    assert all(not cell.startswith(("=", "+", "@", "\t", "\r", "\n")) for row in found for cell in row)
    assert found[-1][1] == "" and found[-1][7] == "True"
    assert report.notes(course, UNIT).keys() == set(FORMULAS)
    assert not list(course.root.glob("*.part"))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "student,graded,note\n\x00", '"'])
def test_a_table_of_someone_elses_says_nothing(course, text):
    report.class_csv(course, UNIT).write_text(text)
    assert report.notes(course, UNIT) == {}


def test_the_class_without_hand_ins_is_told_the_three_steps(course):
    page = overview.page(course)
    for step in ("make class", "submitted/ada/06-metrics/metrics.ipynb", "mft grade"):
        assert step in page
    assert "<table" not in page and not (course.root / "gradebook.db").exists()


def test_the_class_at_a_glance(course, book, reference):
    book.add_student("<i>eve</i>")
    book.db.commit()
    for student in ("ada", "ben", "<i>eve<", "cleo"):
        save(reference, course.notebook("submitted", UNIT, student))
    page = course.notebook("feedback", UNIT, "ada").with_suffix(".html")
    page.parent.mkdir(parents=True)
    page.touch()
    export(course, UNIT, [Row("ada", graded=True), Row("ben", note="tiny.ipynb is empty.")], book)
    (row,) = overview.rows(course)
    assert (row.title, row.handed_in, row.graded, row.by_hand) == ("Two averages", 4, 1, ["ada"])
    assert row.open == {
        "<i>eve<": "Handed in, and not graded yet.",
        "ben": "tiny.ipynb is empty.",
        "cleo": "Handed in, and not graded yet.",
    }
    assert row.pages == [("ada", 2.5, f"feedback/ada/{UNIT}/tiny.html")]
    html = overview.page(course, "/base/")
    for said in ('href="/base/formgrader/gradebook/01-tiny/tiny"', f'data-path="feedback/ada/{UNIT}/tiny.html"', "ben</strong>: tiny.ipynb is empty.",
                 f'data-run="mft grade {UNIT}"', "&lt;i&gt;eve&lt;"):  # fmt: skip
        assert said in html, said
    assert "<i>" not in html and "<script" not in html
    # a hand-in that was graded before, and not the last time
    export(course, UNIT, [Row("ada", note="Unreadable; the grade of 2026-03-02 stands.")], book)
    assert "ada" in overview.rows(course)[0].open


def test_a_large_class_is_cut(course, monkeypatch):
    for number in range(200):
        (course.root / "submitted" / f"s{number}" / UNIT).mkdir(parents=True)
    assert "and 150 more" in overview.page(course) and len(overview.page(course)) < 10_000

"""The class table: what each student has in a unit, and the CSV files that say so."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import Config, PyFileConfigLoader

from ..course.files import Course, write
from .inert import text

if TYPE_CHECKING:
    from nbgrader.api import Gradebook


@dataclass
class Row:
    """One student's line in the class table.

    Attributes:
        points, out_of: the score in the gradebook, hand-graded points included; points is None where
            nothing was ever graded.
        code, code_out_of: the part that checks decide.
        late: handed in after the due date that the gradebook holds.
        manual: a person has to grade something.
        graded: this run graded it. Otherwise `points` are of an earlier hand-in.
        note: sentences.
    """

    student: str
    points: float | None = None
    out_of: float = 0.0
    code: float = 0.0
    code_out_of: float = 0.0
    late: bool = False
    manual: bool = False
    graded: bool = False
    note: str = ""

    @property
    def percent(self) -> float | None:
        return None if self.points is None or not self.out_of else 100 * self.points / self.out_of

    def say(self, *sentences: str) -> None:
        self.note = " ".join([self.note, *sentences]).strip()


@dataclass
class ClassTable:
    """The result of grading a unit, and where things were written.

    Attributes:
        said: what is to be said of all of it, such as that nothing was fenced in.
    """

    unit: str
    rows: list[Row]
    exported: list[Path]
    said: str = ""


def nbgrader_settings(course: Course) -> Config:
    """Return the course's nbgrader configuration, which says where the gradebook is."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.setdefault("db_url", f"sqlite:///{course.root.resolve() / 'gradebook.db'}")
    return config


# nbgrader's CsvExportPlugin writes these, and writes them unquoted
STOCK = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
         "late_submission_penalty", "score", "max_score"]  # fmt: skip


def export(course: Course, unit: str, rows: list[Row], book: Gradebook) -> list[Path]:
    """Write nbgrader's CSV (every unit) and the class table (this one); return where they are."""
    stock, own = course.root / "grades.csv", class_csv(course, unit)
    write(stock, _csv(STOCK, _stock_rows(book)))
    table = [[*astuple(row), None if row.percent is None else round(row.percent, 1)] for row in rows]
    write(own, _csv([f.name for f in fields(Row)] + ["percent"], table))
    return [stock, own]


def class_csv(course: Course, unit: str) -> Path:
    """Return where the class table of a unit is, there or not."""
    return course.root / f"grades-{unit}.csv"


def _stock_rows(book: Gradebook) -> Iterator[list[Any]]:
    for assignment in book.assignments:
        handed_in = {submission.student.id: submission for submission in assignment.submissions}
        for student in book.students:
            when, raw, penalty = None, 0.0, 0.0
            if found := handed_in.get(student.id):
                when, raw, penalty = found.timestamp, found.score, found.late_submission_penalty or 0.0
            named = [student.id, student.last_name, student.first_name, student.email]
            points = [raw, penalty, max(0.0, raw - penalty), assignment.max_score]
            yield [assignment.name, assignment.duedate, when, *named, *points]


def _csv(columns: list[str], rows: Iterable[list[Any]]) -> bytes:
    """Return a table whose texts are quoted, so that no name ends a column, and of which none is a formula."""
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([v if type(v) in (int, float) else _defused("" if v is None else text(str(v))) for v in row])
    return made.getvalue().encode()


def _defused(value: str) -> str:
    """Put an apostrophe before what a spreadsheet would compute."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value


def notes(course: Course, unit: str) -> dict[str, str]:
    """Return student → note of those whom the last run for a unit did not grade."""
    try:
        with class_csv(course, unit).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["graded"] == "False"]
            return {re.sub(r"^'(?=[=+@\s-])", "", row["student"]): row["note"] for row in rows}
    except (OSError, ValueError, LookupError, csv.Error):  # there is none, or someone else wrote it
        return {}

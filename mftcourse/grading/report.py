"""The class table: what each student has in a unit, and the CSV files that say so."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.plugins.export import CsvExportPlugin

from ..course.files import Course


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
    """The result of grading a unit, and where things were written."""

    unit: str
    rows: list[Row]
    exported: list[Path]


def export(course: Course, unit: str, rows: list[Row], book: Gradebook, api: NbGraderAPI) -> list[Path]:
    """Write nbgrader's CSV (every unit) and the class table (this one); return where they are."""
    stock, own = course.root / "grades.csv", course.root / f"grades-{unit}.csv"
    CsvExportPlugin(to=str(stock), parent=api).export(book)
    table = pd.DataFrame([asdict(row) | {"percent": row.percent} for row in rows])
    table.round({"percent": 1}).to_csv(own, index=False)
    return [stock, own]

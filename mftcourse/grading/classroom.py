"""Grade a class: intake, parallel execution, nbgrader's own grading, feedback and export.

nbgrader works in a temporary course folder on repaired copies; only what succeeded is moved to
`autograded/` and `feedback/`. A submission that cannot be graded keeps the grade it had.
"""

from __future__ import annotations

import glob
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from joblib import Parallel, delayed
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins.export import CsvExportPlugin
from nbgrader.preprocessors import Execute
from nbgrader.utils import capture_log, parse_utc, rmtree, temp_attrs
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from ..lab import programs_path
from .execute import Outcome, execute
from .intake import Unreadable, read, repair


class GradingError(Exception):
    """Grading could not begin; `str(error)` is a sentence: what is wrong, and what to do."""


@dataclass
class Row:
    """One student's line in the class table.

    Attributes:
        points, out_of: the score in the gradebook, hand-graded points included; points is None where
            nothing was ever graded.
        code, code_out_of: the part that checks decide.
        late: handed in after the due date that the gradebook holds.
        manual: a person has to grade something.
        graded: this run graded it. Otherwise `points` are of an earlier submission.
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


def nbgrader_settings(root: Path) -> Config:
    """Return the course's nbgrader configuration."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def grade(
    root: Path,
    unit: str,
    *,
    students: Iterable[str] | None = None,
    jobs: int | None = None,
    seconds: int | None = None,
    progress: Callable[[str, int, int], Any] = lambda what, done, of: None,
) -> ClassTable:
    """Grade the submissions of a unit; see the module's docstring.

    Args:
        root: the course folder; needs `solutions/<unit>/` and `submitted/<student>/<unit>/`.
        students: only these; None takes all.
        jobs: notebooks that run at the same time; None takes one a core.
        seconds: the most that one cell may take.
        progress: called with (what is being done, done so far, of how many).

    Raises:
        GradingError: there is nothing to grade, or the gradebook refuses the unit.
    """
    wanted = None if students is None else set(students)
    handed_in = sorted(path.parent.name for path in (root / "submitted").glob(f"*/{unit}") if path.is_dir())
    rows = {student: Row(student) for student in handed_in if wanted is None or student in wanted}
    if not rows:
        place = f"submitted/<student>/{unit}"
        raise GradingError(f"There is nothing to grade: no folder matches {place}. Put notebooks at "
                           f"{place}/{unit.split('-', 1)[1]}.ipynb, or hand one in with `mft submit`.")  # fmt: skip

    def parallel(what: str, function: Callable, calls: list[tuple]) -> Iterator[Any]:
        at_once = max(1, min(jobs or os.cpu_count() or 1, len(calls)))
        workers = Parallel(n_jobs=at_once, return_as="generator_unordered", pre_dispatch=at_once)
        progress(what, 0, len(calls))
        for done, result in enumerate(workers(delayed(function)(*call) for call in calls), 1):
            progress(what, done, len(calls))
            yield result

    with tempfile.TemporaryDirectory(prefix="mft-grade-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, at every new submission
        desk = _Desk(root, Path(folder), unit)
        desk.announce()
        taken = [(student, nb) for student, row in rows.items() if (nb := desk.take(row))]
        calls = [(student, nb, desk.place("run", student), seconds, desk.config) for student, nb in taken]
        outcomes = dict(parallel("running notebooks", _execute, calls))
        for done, row in enumerate(rows.values(), 1):
            if row.student in outcomes:
                desk.record(row, outcomes[row.student])
            desk.look_up(row)
            progress("recording grades", done, len(rows))
        calls = [(row.student, desk.folder, desk.config, unit) for row in rows.values() if row.graded]
        for student, trouble in parallel("writing feedback", _feedback, calls):
            desk.keep("feedback", student)
            if trouble:
                rows[student].say(f"No feedback was written: {trouble}")
        return ClassTable(unit, list(rows.values()), desk.export(list(rows.values())))


class _Desk:
    """The temporary course folder in which one unit is graded, and the gradebook of the real one."""

    def __init__(self, root: Path, folder: Path, unit: str) -> None:
        self.root, self.folder, self.unit, self.file = root, folder, unit, f"{unit.split('-', 1)[1]}.ipynb"
        self.config = nbgrader_settings(root)
        own = self.config.CourseDirectory
        own.setdefault("db_url", f"sqlite:///{root.resolve() / 'gradebook.db'}")
        for step in ("source", "release", "submitted", "autograded", "feedback"):
            own[f"{step}_directory"] = step
        own.root = str(folder)
        own.assignment_id = unit
        # Repaired copies have them all; this is for a notebook that our repair did not foresee.
        self.config.OverwriteCells.add_missing_cells = True
        self.course, self.api = _nbgrader(self.config)

    def gradebook(self) -> Gradebook:
        return Gradebook(self.course.db_url, self.course.course_id)

    def place(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def announce(self) -> None:
        """Tell the gradebook what the unit's cells are worth, through nbgrader's generate_assignment."""
        source = self.root / "solutions" / self.unit
        if not (source / self.file).is_file():
            raise GradingError(f"solutions/{self.unit}/{self.file} is missing. Build it with `mft build`.")
        shutil.copytree(source, self.folder / "source" / self.unit)
        os.environ["PATH"] = programs_path()
        result = self.api.generate_assignment(self.unit)
        if not result["success"]:
            said = result.get("error", "") + result.get("log", "")
            if "Cannot add or remove cells" in said:
                raise GradingError(f"{self.unit} has gained or lost graded cells since the gradebook holds grades for "
                                   "it, and nbgrader cannot change a unit then. Move gradebook.db aside (it keeps the "
                                   "old grades) and grade again.")  # fmt: skip
            raise GradingError(f"nbgrader could not take up {self.unit}: {_reason(result)}")
        self.release = nbformat.read(self.folder / "release" / self.unit / self.file, as_version=4)

    def take(self, row: Row) -> NotebookNode | None:
        """Return a student's notebook as nbgrader sanitizes it, or None where it cannot be graded."""
        path = self.root / "submitted" / row.student / self.unit
        try:
            if not (path / self.file).is_file():
                others = ", ".join(sorted(p.name for p in path.glob("*.ipynb"))) or "no notebook"
                raise Unreadable(f"{self.file} is missing; there is {others}. Rename it and grade again.")
            if glob.escape(row.student) != row.student:  # nbgrader takes a student's name for a pattern
                raise Unreadable(f"No student can be named {row.student!r}. Rename the folder and grade again.")
            nb, repairs = repair(read(path / self.file), self.release)
            copy = self.place("submitted", row.student, self.unit)
            nbformat.write(nb, copy / self.file)
            row.say(*repairs, *self._copy_date(path, copy))
            about = {"student": row.student, "assignment": self.unit, "notebook": Path(self.file).stem}
            resources = {"nbgrader": about | {"db_url": self.course.db_url}}
            for step in Autograde.sanitize_preprocessors.default_args[0]:
                nb, resources = step(config=self.config).preprocess(nb, resources)
            return nb
        except Unreadable as error:
            row.say(str(error))
        except Exception as error:  # one notebook must not cost the class its grades
            row.say(f"It could not be prepared for grading ({type(error).__name__}: {error}).")
        return None

    def _copy_date(self, path: Path, copy: Path) -> list[str]:
        """Copy the time of a submission, unless nbgrader would stumble over it."""
        stamp = path / "timestamp.txt"
        try:
            parse_utc(stamp.read_text(encoding="utf-8").strip())
            shutil.copy(stamp, copy)
        except FileNotFoundError:
            pass
        except (ValueError, OverflowError):
            return ["Its timestamp.txt holds no date, so it is not known whether it is late."]
        return []

    def record(self, row: Row, outcome: Outcome | str) -> None:
        """Let nbgrader save the grades of an executed notebook."""
        if isinstance(outcome, str):
            row.say(outcome)
            return

        def executed(nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
            return outcome.nb, resources

        with temp_attrs(self.course, student_id=row.student):
            app = Autograde(coursedir=self.course, parent=self.api)
            app.force = True
            app.autograde_preprocessors = [executed if p is Execute else p for p in app.autograde_preprocessors]
            result = capture_log(app)
        row.graded = result["success"]
        if not row.graded:
            row.say(f"nbgrader could not record it: {_reason(result)}")
            return
        row.say(*outcome.notes)
        self.keep("autograded", row.student)

    def keep(self, step: str, student: str) -> None:
        """Put what nbgrader wrote in place of what was there from the last time."""
        made, kept = (base / step / student / self.unit for base in (self.folder, self.root))
        if made.is_dir():
            new = kept.with_name(kept.name + ".new")
            if new.exists():  # from a run that was stopped
                rmtree(str(new))
            shutil.copytree(made, new)
            if kept.exists():
                rmtree(str(kept))
            new.rename(kept)

    def look_up(self, row: Row) -> None:
        """Fill in the grade that the gradebook holds now."""
        with self.gradebook() as book:
            book.update_or_create_student(row.student)
            unit = book.find_assignment(self.unit)
            row.out_of, row.code_out_of = unit.max_score, unit.max_code_score
            try:
                found = book.find_submission(self.unit, row.student)
            except MissingEntry:
                row.say("Nothing was graded.")
                return
            row.points = max(0.0, found.score - (found.late_submission_penalty or 0.0))
            row.code, row.late = found.code_score, found.total_seconds_late > 0
            row.manual = found.needs_manual_grade
            if not row.graded:
                row.say(f"The grade of {found.timestamp or 'an earlier run'} stands.")

    def export(self, rows: list[Row]) -> list[Path]:
        """Write nbgrader's CSV (every unit) and the class table (this one); return where they are."""
        stock, own = self.root / "grades.csv", self.root / f"grades-{self.unit}.csv"
        with self.gradebook() as book:
            CsvExportPlugin(to=str(stock), parent=self.api).export(book)
        table = pd.DataFrame([asdict(row) | {"percent": row.percent} for row in rows])
        table.round({"percent": 1}).to_csv(own, index=False)
        return [stock, own]


def _nbgrader(config: Config) -> tuple[CourseDirectory, NbGraderAPI]:
    course = CourseDirectory(config=config)
    api = NbGraderAPI(course, config=config, log_level=logging.ERROR)
    api.log.propagate = False
    if not api.log.handlers:
        api.log.addHandler(logging.NullHandler())
    return course, api


def _execute(
    student: str, nb: NotebookNode, folder: Path, seconds: int | None, config: Config
) -> tuple[str, Outcome | str]:
    try:
        return student, execute(nb, folder, seconds, config)
    except Exception as error:  # one notebook must not cost the class its grades
        return student, f"It could not be run ({type(error).__name__}: {error})."


def _feedback(student: str, folder: Path, config: Config, unit: str) -> tuple[str, str]:
    result = _nbgrader(config)[1].generate_feedback(unit, student)
    return student, "" if result["success"] else _reason(result)


def _reason(result: dict[str, str]) -> str:
    """Return the error below nbgrader's own last words, which only point to the log."""
    lines = [line.strip() for line in (result.get("log", "") + "\n" + result.get("error", "")).splitlines()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b(?!.*traceback for details)", line)]
    return (errors or lines or ["no reason given"])[-1][:300]

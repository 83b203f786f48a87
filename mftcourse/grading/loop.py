"""Grade a class: intake, parallel execution, nbgrader's own grading, feedback and export.

nbgrader works in a temporary course folder on repaired copies; only what succeeded is moved to
`autograded/` and `feedback/`. A submission that cannot be graded keeps the grade it had.
"""

from __future__ import annotations

import contextlib
import csv
import glob
import logging
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
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


@dataclass
class ClassTable:
    """The result of grading a unit, and where things were written."""

    unit: str
    rows: list[Row] = field(default_factory=list)
    feedback: Path | None = None
    exported: list[Path] = field(default_factory=list)

    def write_csv(self, path: Path) -> None:
        """Write the table; columns as in `Row`, plus the percentage."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*asdict(Row("")), "percent"])
            writer.writeheader()
            for row in self.rows:
                percent = "" if row.percent is None else f"{row.percent:.1f}"
                writer.writerow(asdict(row) | {"percent": percent})


def nbgrader_settings(root: Path) -> Config:
    """Return the course's nbgrader configuration, with the steps that lessons need."""
    from mftcourse import authoring

    file = root / "nbgrader_config.py"
    config = PyFileConfigLoader(file.name, path=str(root)).load_config() if file.exists() else Config()
    config.GenerateAssignment.setdefault("preprocessors", authoring.release_steps())
    config.GenerateFeedback.setdefault("preprocessors", authoring.feedback_steps())
    return config


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
    slug = unit.split("-", 1)[1]
    wanted = None if students is None else set(students)
    handed_in = sorted(p for p in (root / "submitted").glob(f"*/{unit}") if p.is_dir())
    handed_in = [p for p in handed_in if wanted is None or p.parent.name in wanted]
    if not handed_in:
        raise GradingError(
            f"There is nothing to grade: no folder matches submitted/<student>/{unit}. "
            f"Put notebooks at submitted/<student>/{unit}/{slug}.ipynb, or hand one in with `mft submit`."
        )
    with tempfile.TemporaryDirectory(prefix="mft-grade-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, at every new submission
        desk = _Desk(root, Path(folder), unit, slug)
        desk.announce()
        taken = {path.parent.name: desk.take(path) for path in handed_in}
        sound = {student: nb for student, nb in taken.items() if isinstance(nb, NotebookNode)}
        calls = (
            delayed(_execute)(student, nb, desk.place("run", student), seconds, desk.config)
            for student, nb in sound.items()
        )
        outcomes: dict[str, Outcome | str] = {s: said for s, said in taken.items() if isinstance(said, str)}
        progress("running notebooks", 0, len(sound))
        for ran, (student, outcome) in enumerate(_parallel(jobs, len(sound))(calls), 1):
            outcomes[student] = outcome
            progress("running notebooks", ran, len(sound))
        rows = []
        for student in taken:
            outcome = outcomes[student]
            trouble = outcome if isinstance(outcome, str) else desk.record(student, outcome)
            rows.append(desk.row(student, trouble, outcome))
            progress("recording grades", len(rows), len(taken))
        graded = [row.student for row in rows if row.graded]
        table = ClassTable(unit, rows, root / "feedback")
        progress("writing feedback", 0, len(graded))
        calls = (delayed(_feedback)(desk.folder, desk.config, unit, student) for student in graded)
        for written, (student, trouble) in enumerate(_parallel(jobs, len(graded))(calls), 1):
            progress("writing feedback", written, len(graded))
            if trouble:
                row = next(row for row in rows if row.student == student)
                row.note = f"{row.note} No feedback was written: {trouble}".strip()
            desk.keep("feedback", student)
        desk.export(table)
    return table


class _Desk:
    """The temporary course folder in which one unit is graded, and the gradebook of the real one."""

    def __init__(self, root: Path, folder: Path, unit: str, slug: str) -> None:
        self.root, self.folder, self.unit, self.slug = root, folder, unit, slug
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
        self.repairs: dict[str, list[str]] = {}

    def gradebook(self) -> Gradebook:
        return Gradebook(self.course.db_url, self.course.course_id)

    def place(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def announce(self) -> None:
        """Tell the gradebook what the unit's cells are worth, through nbgrader's generate_assignment."""
        source = self.root / "solutions" / self.unit
        if not (source / f"{self.slug}.ipynb").is_file():
            raise GradingError(f"solutions/{self.unit}/{self.slug}.ipynb is missing. Build it with `mft build`.")
        shutil.copytree(source, self.folder / "source" / self.unit)
        path = os.environ.get("PATH", os.defpath)
        try:  # nbgrader calls `alembic` by its bare name; an environment that is not activated has no PATH to it
            os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
            result = self.api.generate_assignment(self.unit)
        finally:
            os.environ["PATH"] = path
        if not result["success"]:
            said = result.get("error", "") + result.get("log", "")
            if "Cannot add or remove cells" in said:
                raise GradingError(
                    f"{self.unit} has gained or lost graded cells since the gradebook holds grades for it, and "
                    "nbgrader cannot change a unit then. Move gradebook.db aside (it keeps the old grades) and "
                    "grade again."
                )
            raise GradingError(f"nbgrader could not take up {self.unit}: {_reason(result)}")
        self.release = nbformat.read(self.folder / "release" / self.unit / f"{self.slug}.ipynb", as_version=4)

    def take(self, path: Path) -> NotebookNode | str:
        """Return a student's notebook as nbgrader sanitizes it, or the sentence why it cannot be graded."""
        file = path / f"{self.slug}.ipynb"
        student = path.parent.name
        try:
            if not file.is_file():
                others = ", ".join(sorted(p.name for p in path.glob("*.ipynb"))) or "no notebook"
                raise Unreadable(f"{file.name} is missing; there is {others}. Rename it and grade again.")
            if glob.escape(student) != student:  # nbgrader takes a student's name for a pattern
                raise Unreadable(f"No student can be named {student!r}. Rename the folder and grade again.")
            nb, self.repairs[student] = repair(read(file), self.release)
            copy = self.place("submitted", student, self.unit)
            self._date(path, copy, self.repairs[student])
            nbformat.write(nb, copy / file.name)
            about = {"student": student, "assignment": self.unit, "notebook": self.slug, "db_url": self.course.db_url}
            resources = {"nbgrader": about}
            for step in Autograde.sanitize_preprocessors.default_args[0]:
                nb, resources = step(config=self.config).preprocess(nb, resources)
            return nb
        except Unreadable as error:
            return str(error)
        except Exception as error:  # one notebook must not cost the class its grades
            return f"It could not be prepared for grading ({type(error).__name__}: {error})."

    def _date(self, path: Path, copy: Path, notes: list[str]) -> None:
        """Copy the time of a submission, unless nbgrader would stumble over it."""
        stamp = path / "timestamp.txt"
        with contextlib.suppress(FileNotFoundError):
            try:
                parse_utc(stamp.read_text(encoding="utf-8").strip())
            except (ValueError, OverflowError):
                notes.append("Its timestamp.txt holds no date, so it is not known whether it is late.")
            else:
                shutil.copy(stamp, copy)

    def record(self, student: str, outcome: Outcome) -> str:
        """Let nbgrader save the grades of an executed notebook; return a sentence if it could not."""

        def executed(nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
            return outcome.nb, resources

        with temp_attrs(self.course, student_id=student):
            app = Autograde(coursedir=self.course, parent=self.api)
            app.force = True
            app.autograde_preprocessors = [executed if p is Execute else p for p in app.autograde_preprocessors]
            result = capture_log(app)
        if not result["success"]:
            return f"nbgrader could not record it: {_reason(result)}"
        self.keep("autograded", student)
        return ""

    def keep(self, step: str, student: str) -> None:
        """Put what nbgrader wrote in place of what was there from the last time."""
        made, kept = (base / step / student / self.unit for base in (self.folder, self.root))
        if not made.is_dir():
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh, old = kept.with_name(kept.name + ".new"), kept.with_name(kept.name + ".old")
        for leftover in (fresh, old):
            if leftover.exists():
                rmtree(str(leftover))
        shutil.copytree(made, fresh)
        if kept.exists():
            kept.rename(old)
        fresh.rename(kept)
        if old.exists():
            rmtree(str(old))

    def row(self, student: str, trouble: str, outcome: Outcome | str) -> Row:
        """Return the student's line, with the grade that the gradebook holds now."""
        notes = [trouble] if trouble else [*self.repairs.get(student, []), *getattr(outcome, "notes", [])]
        row = Row(student, graded=not trouble)
        with self.gradebook() as book:
            book.update_or_create_student(student)
            unit = book.find_assignment(self.unit)
            row.out_of, row.code_out_of = unit.max_score, unit.max_code_score
            try:
                found = book.find_submission(self.unit, student)
            except MissingEntry:
                notes.append("Nothing was graded.")
            else:
                row.points = max(0.0, found.score - (found.late_submission_penalty or 0.0))
                row.code, row.late = found.code_score, found.total_seconds_late > 0
                row.manual = found.needs_manual_grade
                if trouble:
                    notes.append(f"The grade of {found.timestamp or 'an earlier run'} stands.")
        row.note = " ".join(notes)
        return row

    def export(self, table: ClassTable) -> None:
        """Write nbgrader's CSV (every unit) and the class table (this one)."""
        stock, own = self.root / "grades.csv", self.root / f"grades-{self.unit}.csv"
        with self.gradebook() as book:
            CsvExportPlugin(to=str(stock), parent=self.api).export(book)
        table.write_csv(own)
        table.exported = [stock, own]


def _nbgrader(config: Config) -> tuple[CourseDirectory, NbGraderAPI]:
    course = CourseDirectory(config=config)
    api = NbGraderAPI(course, config=config, log_level=logging.ERROR)
    api.log.propagate = False
    if not api.log.handlers:
        api.log.addHandler(logging.NullHandler())
    return course, api


def _parallel(jobs: int | None, tasks: int) -> Parallel:
    jobs = max(1, min(jobs or os.cpu_count() or 1, tasks))
    return Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch=jobs)


def _execute(
    student: str, nb: NotebookNode, folder: Path, seconds: int | None, config: Config
) -> tuple[str, Outcome | str]:
    try:
        return student, execute(nb, folder, seconds=seconds, config=config)
    except Exception as error:  # one notebook must not cost the class its grades
        return student, f"It could not be run ({type(error).__name__}: {error})."


def _feedback(folder: Path, config: Config, unit: str, student: str) -> tuple[str, str]:
    course, api = _nbgrader(config)
    source = folder / "autograded" / student / unit
    if not source.is_dir():
        return student, "there is no graded notebook."
    result = api.generate_feedback(unit, student)
    return student, "" if result["success"] else _reason(result)


def _reason(result: dict[str, str]) -> str:
    """Return the error below nbgrader's own last words, which only point to the log."""
    lines = [line.strip() for line in (result.get("log", "") + "\n" + result.get("error", "")).splitlines()]
    errors = [
        line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line) and "traceback for details" not in line
    ]
    return (errors or lines or ["no reason given"])[-1][:300]

"""Grade a class: repaired hand-ins, parallel execution, nbgrader's own grading, feedback and export.

nbgrader works in a temporary course folder on repaired copies; only what succeeded is moved to
`autograded/` and `feedback/`. A hand-in that cannot be graded keeps the grade it had.
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
from pathlib import Path
from typing import Any

import nbformat
from joblib import Parallel, delayed
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import capture_log, parse_utc, rmtree, temp_attrs
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from ..course.files import Course, GradingError, Unreadable, programs_path
from ..course.handin import read, repair
from ..course.kernel import Executed, execute
from .report import ClassTable, Row, export


def nbgrader_settings(course: Course) -> Config:
    """Return the course's nbgrader configuration."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()


def grade(
    course: Course,
    unit: str,
    *,
    students: Iterable[str] | None = None,
    jobs: int | None = None,
    seconds: int | None = None,
    progress: Callable[[str, int, int], Any] = lambda what, done, of: None,
) -> ClassTable:
    """Grade what was handed in for a unit; see the module's docstring.

    Args:
        course: needs `solutions/<unit>/` and `submitted/<student>/<unit>/`.
        students: only these; None takes all.
        jobs: notebooks that run at the same time; None takes one a core.
        seconds: the most that one cell may take.
        progress: called with (what is being done, done so far, of how many).

    Raises:
        GradingError: there is nothing to grade, or the gradebook refuses the unit.
    """
    wanted = None if students is None else set(students)
    handed_in = sorted(path.parent.name for path in (course.root / "submitted").glob(f"*/{unit}") if path.is_dir())
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
        desk = _Desk(course, Course(Path(folder)), unit)
        desk.announce()
        taken = [(student, nb) for student, row in rows.items() if (nb := desk.take(row))]
        calls = [(student, nb, desk.place("run", student), seconds, desk.config) for student, nb in taken]
        outcomes = dict(parallel("running notebooks", _execute, calls))
        for done, row in enumerate(rows.values(), 1):
            if row.student in outcomes:
                desk.record(row, outcomes[row.student])
            desk.look_up(row)
            progress("recording grades", done, len(rows))
        calls = [(row.student, desk.config, unit) for row in rows.values() if row.graded]
        for student, trouble in parallel("writing feedback", _feedback, calls):
            desk.keep("feedback", student)
            if trouble:
                rows[student].say(f"No feedback was written: {trouble}")
        return ClassTable(unit, list(rows.values()), desk.export(list(rows.values())))


class _Desk:
    """The temporary course folder in which one unit is graded, and the gradebook of the real one."""

    def __init__(self, course: Course, copy: Course, unit: str) -> None:
        self.course, self.copy, self.unit = course, copy, unit
        self.config = nbgrader_settings(course)
        own = self.config.CourseDirectory
        own.setdefault("db_url", f"sqlite:///{course.root.resolve() / 'gradebook.db'}")
        for step in ("source", "release", "submitted", "autograded", "feedback"):
            own[f"{step}_directory"] = step
        own.root = str(copy.root)
        own.assignment_id = unit
        # Repaired copies have them all; this is for a notebook that our repair did not foresee.
        self.config.OverwriteCells.add_missing_cells = True
        self.directory, self.api = _nbgrader(self.config)

    def gradebook(self) -> Gradebook:
        return Gradebook(self.directory.db_url, self.directory.course_id)

    def place(self, *parts: str) -> Path:
        path = self.copy.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def announce(self) -> None:
        """Tell the gradebook what the unit's cells are worth, through nbgrader's generate_assignment."""
        source = self.course.notebook("solutions", self.unit)
        if not source.is_file():
            raise GradingError(f"solutions/{self.unit}/{source.name} is missing. Build it with `mft build`.")
        shutil.copytree(source.parent, self.copy.folder("source", self.unit))
        os.environ["PATH"] = programs_path()
        result = self.api.generate_assignment(self.unit)
        if not result["success"]:
            said = result.get("error", "") + result.get("log", "")
            if "Cannot add or remove cells" in said:
                raise GradingError(f"{self.unit} has gained or lost graded cells since the gradebook holds grades for "
                                   "it, and nbgrader cannot change a unit then. Move gradebook.db aside (it keeps the "
                                   "old grades) and grade again.")  # fmt: skip
            raise GradingError(f"nbgrader could not take up {self.unit}: {_reason(result)}")
        self.release = nbformat.read(self.copy.notebook("release", self.unit), as_version=4)

    def take(self, row: Row) -> NotebookNode | None:
        """Return a student's notebook as nbgrader sanitizes it, or None where it cannot be graded."""
        path = self.course.notebook("submitted", self.unit, row.student)
        try:
            if not path.is_file():
                others = ", ".join(sorted(p.name for p in path.parent.glob("*.ipynb"))) or "no notebook"
                raise Unreadable(f"{path.name} is missing; there is {others}. Rename it and grade again.")
            if glob.escape(row.student) != row.student:  # nbgrader takes a student's name for a pattern
                raise Unreadable(f"No student can be named {row.student!r}. Rename the folder and grade again.")
            nb, repairs = repair(read(path), self.release)
            copy = self.place("submitted", row.student, self.unit)
            nbformat.write(nb, copy / path.name)
            row.say(*repairs, *self._copy_date(path.parent, copy))
            about = {"student": row.student, "assignment": self.unit, "notebook": path.stem}
            resources = {"nbgrader": about | {"db_url": self.directory.db_url}}
            for step in Autograde.sanitize_preprocessors.default_args[0]:
                nb, resources = step(config=self.config).preprocess(nb, resources)
            return nb
        except Unreadable as error:
            row.say(str(error))
        except Exception as error:  # one notebook must not cost the class its grades
            row.say(f"It could not be prepared for grading ({type(error).__name__}: {error}).")
        return None

    def _copy_date(self, path: Path, copy: Path) -> list[str]:
        """Copy the time of a hand-in, unless nbgrader would stumble over it."""
        stamp = path / "timestamp.txt"
        try:
            parse_utc(stamp.read_text(encoding="utf-8").strip())
            shutil.copy(stamp, copy)
        except FileNotFoundError:
            pass
        except (ValueError, OverflowError):
            return ["Its timestamp.txt holds no date, so it is not known whether it is late."]
        return []

    def record(self, row: Row, outcome: Executed | str) -> None:
        """Let nbgrader save the grades of an executed notebook."""
        if isinstance(outcome, str):
            row.say(outcome)
            return

        def executed(nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
            return outcome.nb, resources

        with temp_attrs(self.directory, student_id=row.student):
            app = Autograde(coursedir=self.directory, parent=self.api)
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
        made, kept = (course.folder(step, self.unit, student) for course in (self.copy, self.course))
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
        """Write the CSV files; return where they are."""
        with self.gradebook() as book:
            return export(self.course, self.unit, rows, book, self.api)


def _nbgrader(config: Config) -> tuple[CourseDirectory, NbGraderAPI]:
    directory = CourseDirectory(config=config)
    api = NbGraderAPI(directory, config=config, log_level=logging.ERROR)
    api.log.propagate = False
    if not api.log.handlers:
        api.log.addHandler(logging.NullHandler())
    return directory, api


def _execute(
    student: str, nb: NotebookNode, folder: Path, seconds: int | None, config: Config
) -> tuple[str, Executed | str]:
    try:
        return student, execute(nb, folder, seconds, config)
    except Exception as error:  # one notebook must not cost the class its grades
        return student, f"It could not be run ({type(error).__name__}: {error})."


def _feedback(student: str, config: Config, unit: str) -> tuple[str, str]:
    result = _nbgrader(config)[1].generate_feedback(unit, student)
    return student, "" if result["success"] else _reason(result)


def _reason(result: dict[str, str]) -> str:
    """Return the error below nbgrader's own last words, which only point to the log."""
    lines = [line.strip() for line in (result.get("log", "") + "\n" + result.get("error", "")).splitlines()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b(?!.*traceback for details)", line)]
    return (errors or lines or ["no reason given"])[-1][:300]

"""The commands for instructors: grade."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from ..course.files import Course
from .main import TEACH, Seconds, Unit, app
from .screen import console, here, next_step, note, say, show_table

if TYPE_CHECKING:
    from ..grading.report import ClassTable


@contextlib.contextmanager
def progress_bar() -> Iterator[Any]:
    """Yield a progress callback for `grading.classroom.grade`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading", total=None)

        def report(done: int, of: int, quarantined: int) -> None:
            said = f"grading, {quarantined} not graded" if quarantined else "grading"
            bar.update(task, completed=done, total=of, description=said)

        yield report


def class_table(table: ClassTable, about: dict[str, str] | None = None) -> None:
    numbers = [Column(name, justify="right") for name in ("Points", "Max", "Per cent")]
    rows = []
    for row in table.rows:
        points = "none" if row.points is None else f"{row.points:g}"
        percent = "" if row.percent is None else f"{row.percent:.0f} %"
        note = " ".join(part for part in ((about or {}).get(row.student, ""), row.note) if part)
        note = note if len(note) < 400 else note[:397] + "..."
        late, by_hand = "late" if row.late else "", "to grade" if row.manual else ""
        rows.append((escape(row.student), points, f"{row.out_of:g}", percent, late, by_hand, escape(note)))
    title = f"{table.unit}: {len(table.rows)} submissions"
    show_table(title, ("Student", *numbers, "Late", "By hand", "Note"), rows)


@app.command(rich_help_panel=TEACH)
def grade(
    unit: Unit,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be given again.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks at the same time; default: one a core.")] = None,
    timeout: Seconds = None,
    scheduler: Annotated[str, typer.Option(help="Mark on a Dask cluster: tcp://host:8786.")] = "",
    isolation: Annotated[
        bool, typer.Option("--isolation/--no-isolation", help="Run what learners wrote fenced in, or with your rights.")
    ] = True,
) -> None:
    """Grade submitted/, write feedback/ and CSV, and show the class table."""
    from ..grading.classroom import grade as grade_class

    course = Course.find()
    name = course.find_unit(unit, "solutions")
    try:
        with progress_bar() as report:
            table = grade_class(course, name, students=student, jobs=jobs, seconds=timeout, fenced=isolation,
                                scheduler=scheduler, progress=report)  # fmt: skip
    except KeyboardInterrupt:
        say("Stopped. What was graded so far is kept; the same command grades the rest.")
        raise typer.Exit(130) from None
    class_table(table)
    feedback = here(course.root / "feedback")
    failed = [row.student for row in table.rows if not row.graded]
    said = f"Graded {len(table.rows) - len(failed)} of {len(table.rows)}. Feedback: {feedback}."
    say(f"{said} Grades: {' and '.join(here(p) for p in table.exported)}." if table.exported else said)
    if table.said:
        note(table.said)
    if failed:
        note(f"not graded: {', '.join(failed)}. The table says why; a grade that an earlier run gave stands.")
    by_hand = sum(row.manual for row in table.rows)
    if by_hand:
        whose = "one learner" if by_hand == 1 else f"{by_hand} learners"
        next_step(f"grade the written answers of {whose} in the Formgrader: mft lab --instructor, "
                  f"then mft grade {name} again")  # fmt: skip
    else:
        next_step("see to those who were not graded" if len(failed) == len(table.rows) else
                  f"give learners their feedback from {feedback}")  # fmt: skip
    raise typer.Exit(1 if failed or not table.exported else 0)

"""The commands for authors: build, new."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ..course.files import Course
from .main import WRITE, app, complete_unit
from .screen import here, next_step, say, show_table


@app.command(rich_help_panel=WRITE)
def build(
    unit: Annotated[list[str] | None, typer.Argument(help="Units; default: all.", autocompletion=complete_unit)] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what has drifted.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Show which check catches which wrong answer.")] = False,
) -> None:
    """Generate solutions/ and release/ from course/."""
    from ..course import notebooks

    course = Course.find()
    chosen = [course.find_unit(u, "course") for u in unit] if unit else course.units("course")
    if check:
        drifted = notebooks.drift(course, chosen if unit else None)
        for line in drifted:
            say(escape(line))
        if drifted:
            raise typer.Exit(1)
        say(f"{', '.join(chosen) or 'Nothing'}: solutions/ and release/ are what course/ makes.")
    else:
        written = notebooks.build(course, chosen if unit else None)
        for path in written:
            say(f"{'Wrote' if (course.root / path).exists() else 'Deleted'} {escape(str(path))}")
        say(f"{', '.join(chosen) or 'Nothing'}: " + ("built." if written else "nothing had changed."))
    if report:
        _report(course, chosen)
    if not check and not report:
        next_step("mft build --report shows which check catches which wrong answer; make test proves the laws")


def _report(course: Course, chosen: list[str]) -> None:
    from ..course.form import read_lesson
    from ..grading.runner import matrix

    surprise = False
    for name in chosen:
        rows = []
        folder = course.folder("course", name)
        named = {(w.exercise, w.title): w.fails for w in read_lesson(folder).wrong_answers}
        for o in matrix(folder):
            caught = escape("; ".join(o.failed) or o.error) or "[red]nothing[/]"
            if set(o.failed) != set(named[o.exercise, o.variant]):
                surprise = True
                caught += f" [red](wrong_answers.py says: {escape('; '.join(named[o.exercise, o.variant]))})[/]"
            points = f"{o.earned:g} of {o.card['points']:g}" if o.card else "0"
            rows.append((escape(o.exercise), escape(o.variant), caught, points))
        show_table(name, ("Exercise", "Wrong answer", "Caught by", "Points"), rows)
    if surprise:
        say("[red]Some wrong answers are not caught by exactly the checks that wrong_answers.py names.[/]")
        raise typer.Exit(1)


@app.command(rich_help_panel=WRITE)
def new(name: Annotated[str, typer.Argument(help="Two digits, a hyphen, a slug: 13-trees.")]) -> None:
    """Write the skeleton of a new unit into course/."""
    from ..course.lesson import new_unit

    folder = new_unit(Course.find(), name)
    say(f"Wrote the skeleton of {name} in {here(folder)}.")
    next_step(f"write {here(folder / 'lesson.py')}, then mft build {name} --report")

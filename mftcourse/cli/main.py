"""What all commands share: the app, and their options."""

from __future__ import annotations

import contextlib
import re
from typing import Annotated, Any

import typer
import typer.core
from rich.markup import escape

from ..course.files import Course, CourseError
from .screen import console


class Sentences(typer.core.TyperGroup):
    """The commands; an error that has a sentence ends any of them with that sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            console(stderr=True).print(f"[red]Error:[/] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Sentences,
    help="Learn, check and grade the course's units. Begin with: mft lab",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
LEARN, TEACH, WRITE = "For learners", "For instructors", "For authors"


def complete_unit(incomplete: str) -> list[str]:
    with contextlib.suppress(Exception):
        course = Course.find()
        known = dict.fromkeys([*course.units(), *course.units("course")])
        return [u for u in known if u.startswith(incomplete) or u.split("-", 1)[1].startswith(incomplete)]
    return []


def complete_exercise(ctx: typer.Context, incomplete: str) -> list[str]:
    """The exercises of the unit that was named, or else of the one worked in last; the others where none fits."""
    with contextlib.suppress(Exception):
        course = Course.find()
        unit, slash, start = incomplete.rpartition("/")
        if unit := unit or ctx.params.get("unit") or "":
            groups = [[course.find_unit(unit)]]
        else:
            mine = {u: course.notebook("work", u) for u in course.units()}
            last = max(mine, key=lambda u: mine[u].stat().st_mtime if mine[u].exists() else 0)
            groups = [[last], list(mine)]
        for units in groups:  # nbformat would take a second to import; Tab should not
            texts = [course.release(u).read_text(encoding="utf-8") for u in units]
            found = dict.fromkeys(name for text in texts for name in re.findall(r'"exercise": "(\w+)"', text))
            if fit := [f"{unit}/{name}" if slash else name for name in found if name.startswith(start)]:
                return fit
    return []


_UNIT = typer.Argument(help="A unit: 06, 6, metrics or 06-metrics.", autocompletion=complete_unit, show_default=False)
Unit, AnyUnit = Annotated[str, _UNIT], Annotated[str | None, _UNIT]
OneUnit = Annotated[str | None, typer.Option("--unit", help="Only this unit.", autocompletion=complete_unit)]
Exercise = Annotated[str, typer.Argument(help="An exercise's id.", autocompletion=complete_exercise)]
Lang = Annotated[str | None, typer.Option(help="en or zh; default: the one you work in.")]
Seconds = Annotated[int | None, typer.Option("--timeout", min=1, help="Seconds that one cell may take.")]

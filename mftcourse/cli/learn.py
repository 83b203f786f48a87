"""The commands for learners: lab, doctor, start, check, submit, progress, hint."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..course.files import Course, CourseError
from ..learning import hints, progress, workspace
from .main import (
    LEARN,
    AnyUnit,
    Exercise,
    Lang,
    Seconds,
    Unit,
    app,
    complete_exercise,
    console,
    here,
    next_step,
    note,
    say,
)

VERDICTS = {"passed": "[green]✓ passed[/]", "failed": "[red]✗ failed[/]", "todo": "· not yet", "waits": "· waits"}


@app.command(rich_help_panel=LEARN)
def lab(
    unit: AnyUnit = None,
    instructor: Annotated[bool, typer.Option("--instructor", help="The whole course, with the Formgrader.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
) -> None:
    """Open JupyterLab in your workspace."""
    from ..learning.lab import launch

    course = Course.find()
    raise typer.Exit(launch(course, instructor=instructor, unit=unit, browser=not no_browser, port=port))


@app.command(rich_help_panel=LEARN)
def doctor() -> None:
    """Say what is installed, what is wrong, and what to do."""
    from ..learning.doctor import examine, no_course

    table = Table("Looked at", "Verdict", "Found", "What to do", title="What the course needs", title_justify="left")
    marks = {"ok": "[green]✓ ok[/]", "warn": "[yellow]! look[/]", "fail": "[red]✗ wrong[/]"}
    try:
        lines = examine(Course.find())
    except CourseError as error:
        lines = no_course(error)
    for line in lines:
        table.add_row(escape(line.name), marks[line.status], escape(line.detail), escape(line.action))
    console().print(table)
    seen = {line.status for line in lines}
    if "fail" in seen:
        say("Repair what is wrong first.")
        raise typer.Exit(1)
    say("The course works; some lines deserve a look." if "warn" in seen else "Everything is in place.")


@app.command(rich_help_panel=LEARN)
def start(unit: Unit, lang: Lang = None) -> None:
    """Copy a unit into work/. Your own files are never overwritten."""
    done = workspace.start(Course.find(), unit, lang)
    name = done.path.parent.name
    if done.state == "copied":
        say(f"Copied {name} to {here(done.path)}.")
        next_step(f"mft lab {name}, and later mft check {name}")
    elif done.state == "there":
        say(f"{here(done.path)} is there already, and the course has nothing newer.")
        next_step(f"mft lab {name}")
    else:
        say(f"The course has a newer {name}. Your notebook stays as it is; the new one is {here(done.path)}.")
        for line in done.changes:
            say(f"  {escape(line)}")
        answers = f"your answers to {', '.join(done.merged)}" if done.merged else "no answer of yours; there was none"
        say(f"It already holds {answers}.")
        if done.own_cells:
            count = "1 cell" if done.own_cells == 1 else f"{done.own_cells} cells"
            say(f"{count} that you added yourself stayed in your notebook only.")
        next_step(f"look at both in mft lab. To go on with the new one, rename it to {name.split('-', 1)[1]}.ipynb")


@app.command(rich_help_panel=LEARN)
def check(
    unit: Unit,
    exercise: Annotated[
        str | None, typer.Argument(help="Only this exercise.", autocompletion=complete_exercise)
    ] = None,
    timeout: Seconds = None,
) -> None:
    """Run the visible checks of your notebook in a fresh kernel. Your notebook is not changed."""
    from ..checks import Scorecard

    with console(stderr=True).status("Running your notebook in a fresh kernel"):
        done = progress.check(Course.find(), unit, exercise, seconds=timeout)
    for card in done.scorecards:
        if all(f["verdict"] == "todo" for f in card["findings"]):
            say(f"{card['exercise']}: not written yet.")
            continue
        title = f"{card['exercise']}: {card['earned']:g} of {card['points']:g} points"
        if card.get("hidden_points"):
            title += f" ({card['hidden_points']:g} in hidden checks, given when it is graded)"
        table = Table("Check", "Verdict", "What to do", title=title, title_justify="left", title_style="bold")
        for f in Scorecard.from_dict(card).shown:
            hint = f"Hint: {f.hint}" if f.verdict == "failed" and f.hint else ""
            what = " ".join(part for part in (f.message, hint) if part and f.verdict != "passed")
            table.add_row(escape(f.title), VERDICTS.get(f.verdict, f.verdict), escape(what))
        console().print(table)
    for line in done.notes:
        note(line)
    passed = len(done.scorecards) - len(done.open)
    say(f"{passed} of {len(done.scorecards)} exercises pass their visible checks ({done.seconds:.0f} s).")
    if not done.scorecards:
        next_step("the notebook has no check that ran; open it with mft lab")
    elif done.open:
        next_step(f"mft hint {done.open[0]}, or go on in mft lab")
    else:
        next_step(f"mft submit {done.unit}" if exercise is None else f"mft check {done.unit}")
    raise typer.Exit(0 if done.passed else 1)


@app.command(rich_help_panel=LEARN)
def submit(
    unit: Unit,
    student: Annotated[str | None, typer.Option(help="Your name in the class; default: your user name.")] = None,
) -> None:
    """Hand in your notebook. You can do so again; every version is kept."""
    done = workspace.submit(Course.find(), unit, student)
    for line in done.warnings:
        note(line)
    say(f"Handed in as {escape(done.student)}: {here(done.path)}. A copy is kept in {here(done.kept)}.")
    next_step(f"an instructor grades it with mft grade {done.path.parent.name}; until then you may hand in again")


@app.command("progress", rich_help_panel=LEARN)
def show_progress() -> None:
    """Show units, exercises, points and minutes, read from your notebooks."""
    found = progress.progress(Course.find())
    table = Table(*found.HEAD, title="Your progress, as of the last run of each check cell", title_justify="left")
    for row in found.rows():
        table.add_row(*map(escape, row))
    console().print(table)
    say("Hidden checks and written answers get their points when a unit is graded.")
    next_step(f"mft lab {found.going}" if found.going else "mft submit, for every unit that you have not handed in")


@app.command(rich_help_panel=LEARN)
def hint(
    exercise: Exercise,
    step: Annotated[int, typer.Option(min=1, help="Which hint; 1 is a nudge, the last nearly the solution.")] = 1,
    lang: Lang = None,
) -> None:
    """Show a hint for an exercise, one step at a time."""
    from rich.markdown import Markdown

    title, text, steps = hints.step(Course.find(), exercise, step, lang)
    say(f"[bold]{escape(exercise)}[/], {escape(title)} (step {step} of {steps})")
    console().print(Markdown(text))
    next_step(f"try it; then mft hint {exercise} --step {step + 1}" if step < steps else "that was the last one")

"""The commands for learners: lab, doctor, start, check, watch, submit, finish, progress, hint."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated

import typer
from rich.markup import escape

from ..checks import Finding, Scorecard
from ..course.files import Course, CourseError
from ..learning import hints, progress, workspace
from .main import LEARN, AnyUnit, Exercise, Lang, Seconds, Unit, app, complete_exercise
from .screen import console, here, next_step, note, say, show, show_markdown, show_table

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

    marks = {"ok": "[green]✓ ok[/]", "warn": "[yellow]! look[/]", "fail": "[red]✗ wrong[/]"}
    try:
        lines = examine(Course.find())
    except CourseError as error:
        lines = no_course(error)
    rows = [(escape(line.name), marks[line.status], escape(line.detail), escape(line.action)) for line in lines]
    show_table("What the course needs", ("Looked at", "Verdict", "Found", "What to do"), rows)
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
    course = Course.find()
    with console(stderr=True).status("Running your notebook in a fresh kernel"):
        done = progress.check(course, unit, exercise, seconds=timeout)
    for card in done.scorecards:
        show_card(Scorecard.from_dict(card))
    note(*done.notes)
    say(f"{tally(done)} ({done.seconds:.0f} s).")
    if not done.scorecards:
        next_step("the notebook has no check that ran; open it with mft lab")
    elif done.open:
        next_step(f"mft hint {done.open[0]}, or go on in mft lab")
    else:
        next_step(how_to_end(course, done.unit) if exercise is None else f"mft check {done.unit}")
    raise typer.Exit(0 if done.passed else 1)


def show_card(card: Scorecard) -> None:
    if all(f.verdict == "todo" for f in card.findings):
        say(f"{card.exercise}: not written yet.")
        return
    title = f"{card.exercise}: {card.earned:g} of {card.points:g} points"
    if card.hidden_points and any(f.points for f in card.findings):
        title += f" ({card.hidden_points:g} in hidden checks, given when it is graded)"
    rows = [(escape(f.title), VERDICTS.get(f.verdict, f.verdict), escape(what_to_do(f))) for f in card.shown]
    show_table(title, ("Check", "Verdict", "What to do"), rows, title_style="bold")


def what_to_do(f: Finding) -> str:
    hint = f"Hint: {f.hint}" if f.verdict == "failed" and f.hint else ""
    return " ".join(part for part in (f.message, hint) if part and f.verdict != "passed")


def how_to_end(course: Course, unit: str) -> str:
    hand_in = f"mft submit {unit}".strip()
    return f"mft finish {unit}".strip() + f"; in a class, {hand_in}" if progress.alone(course) else hand_in


def tally(done: progress.Checked) -> str:
    passed = len(done.scorecards) - len(done.open)
    return f"{passed} of {len(done.scorecards)} exercises pass their visible checks"


@app.command(rich_help_panel=LEARN)
def watch(unit: Unit, timeout: Seconds = None) -> None:
    """Check your notebook whenever you save it, and say what changed. Ctrl+C ends it."""
    seen = progress.watch(Course.find(), unit, seconds=timeout)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(seen), console(stderr=True).status("") as status:
        status.update("Running your notebook once")
        for done in seen:
            earned = {card["exercise"]: f"{card['earned']:g} of {card['points']:g} points" for card in done.scorecards}
            for name, findings in done.news.items():
                say(f"[bold]{name}: {earned[name]}[/]")
                for f in findings:
                    say(f"  {VERDICTS.get(f.verdict, f.verdict)}  {escape(f.title)}")
                    if what := what_to_do(f):
                        say(f"            {escape(what)}")
            note(*done.notes)
            say(f"{time.strftime('%H:%M:%S')}  {tally(done)} ({done.seconds:.1f} s).")
            status.update("Waiting for you to save it (Ctrl+C ends this)")
    say("No longer watching.")


@app.command(rich_help_panel=LEARN)
def submit(
    unit: Unit,
    student: Annotated[str | None, typer.Option(help="Your name in the class; default: your user name.")] = None,
) -> None:
    """Hand in your notebook. You can do so again; every version is kept."""
    done = workspace.submit(Course.find(), unit, student)
    note(*done.warnings)
    say(f"Handed in as {escape(done.student)}: {here(done.path)}. A copy is kept in {here(done.kept)}.")
    unit = done.path.parent.name
    next_step(f"an instructor grades it with mft grade {unit}; until then you may hand in again. "
              f"Alone: mft finish {unit}")


@app.command(rich_help_panel=LEARN)
def finish(
    unit: Unit,
    give_up: Annotated[
        list[str] | None,
        typer.Option(help="Show the reference of this exercise all the same.", autocompletion=complete_exercise),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Compare your written answers once more.")] = False,
    timeout: Seconds = None,
) -> None:
    """Finish a unit alone: hidden checks, your written answers beside the model answer, and the reference to read."""
    from ..learning.finish import Finish

    mine = Finish(Course.find(), unit)
    for name in give_up or []:
        mine.give_up(name)
    with console(stderr=True).status("Running your notebook with the hidden checks"):
        done = mine.run(timeout, again)
    for name in done.open:
        if name in done.cards:
            show_card(done.cards[name])
    note(*done.notes)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        for written in list(done.compare):
            for title, text in (("your answer", written.own), ("the model answer", written.model)):
                show(f"{written.exercise}, {title}", text)
            say("\n[bold]Does your answer say this, or as good a thing?[/] y or n; Ctrl+C leaves it for later.")
            met = []
            for number, (line, points) in enumerate(written.rubric, 1):
                show_markdown(f"{number}. {line}")
                while (said := input(f"{points:g} point(s): y or n? ").strip().lower()[:1]) not in ("y", "n"):
                    pass
                met.append(said == "y")
            mine.compare(done, written, met)
    say(f"\n{done.unit}: {done.points:g} of {done.out_of:g} points. "
        f"Your answers beside the references: {here(mine.page(done))}")  # fmt: skip
    if not done.open:
        say("The unit is done.")
        next_step("read the references; then mft quiz " + done.unit[:2])
        return
    say(f"Left: {', '.join(done.open)}.")
    first = done.open[0]
    if first in [w.exercise for w in done.compare]:
        next_step(f"mft finish {done.unit[:2]}, to compare {first} with the model answer")
    else:
        next_step(f"mft hint {first}; or, to see the reference, mft finish {done.unit[:2]} --give-up {first}")


@app.command("progress", rich_help_panel=LEARN)
def show_progress() -> None:
    """Show units, exercises, points and minutes: what checks said of the answers in your notebooks; then the quiz."""
    from ..learning.quiz import topics

    course = Course.find()
    found = progress.progress(course)
    rows = [(escape(u.unit), f"{u.done} of {u.exercises}", f"{u.points:g} of {u.out_of:g}",
             f"{u.minutes_done:g} of {u.minutes:g}", escape(u.note))
            for u in [*found.units, found.total]]  # fmt: skip
    columns = ("Unit", "Exercises", "Points", "Minutes", "Note")
    show_table("Your progress, as of the last check of each answer", columns, rows)
    rows = [(unit, f"{of.questions - of.fresh} of {of.questions}", str(of.known), str(of.due))
            for unit, of in topics(course).items()]  # fmt: skip
    if rows:
        show_table("Interview questions", ("Questions of", "Asked", "Known", "Due"), rows)
    when = "with mft finish, or " if progress.alone(course) else ""
    say(f"Hidden checks and written answers get their points {when}when a unit is graded.")
    next_step(f"mft lab {found.going}" if found.going else f"{how_to_end(course, '')}, for every unit that is not")


@app.command(rich_help_panel=LEARN)
def hint(
    exercise: Exercise,
    step: Annotated[
        int | None, typer.Option(min=1, help="Which: 1 is a nudge, the last nearly the solution. Default: the next.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Show the next hint for an exercise."""
    title, text, step, steps = hints.step(Course.find(), exercise, step, lang)
    say(f"[bold]{escape(exercise)}[/], {escape(title)} (step {step} of {steps})")
    show_markdown(text)
    next_step(f"try it; then mft hint {exercise} once more" if step < steps else "that was the last one")

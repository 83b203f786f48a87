"""`mft`: the course's one command. It parses, calls and prints; the work is done elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import workspace
from .lab import course_root


class Sentences(typer.core.TyperGroup):
    """The commands; an error that has a sentence ends any of them with that sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            # By name: importing authoring or grading takes seconds that `mft hint` need not spend.
            known = {"WorkspaceError", "LessonError", "GradingError", "Unreadable", "FileNotFoundError"}
            # A FileNotFoundError of ours is a sentence; one of the system's, with a number, is a fault of the program.
            if not {c.__name__ for c in type(error).__mro__} & known or getattr(error, "errno", None):
                raise
            _console(stderr=True).print(f"[red]Error:[/] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Sentences,
    help="Learn, check and grade the course's units. Begin with: mft lab",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
LEARN, TEACH, WRITE = "For learners", "For instructors", "For authors"
VERDICTS = {"passed": "[green]✓ passed[/]", "failed": "[red]✗ failed[/]", "todo": "· not yet"}


def _complete_unit(incomplete: str) -> list[str]:
    with contextlib.suppress(Exception):
        known = dict.fromkeys([*workspace.units(), *workspace.units(step="course")])
        return [u for u in known if u.startswith(incomplete) or u.split("-", 1)[1].startswith(incomplete)]
    return []


def _complete_exercise(incomplete: str) -> list[str]:
    found: list[str] = []
    with contextlib.suppress(Exception):
        for unit in workspace.units():  # nbformat would take a second to import; Tab should not
            found += re.findall(r'"exercise": "(\w+)"', workspace.release_path(unit).read_text(encoding="utf-8"))
    return [name for name in dict.fromkeys(found) if name.startswith(incomplete)]


Unit = Annotated[
    str, typer.Argument(help="A unit: 06, 6, metrics or 06-metrics.", autocompletion=_complete_unit, show_default=False)
]
AnyUnit = Annotated[
    str | None,
    typer.Argument(help="A unit: 06, 6, metrics or 06-metrics.", autocompletion=_complete_unit, show_default=False),
]
OneUnit = Annotated[str | None, typer.Option("--unit", help="Only this unit.", autocompletion=_complete_unit)]
Exercise = Annotated[str, typer.Argument(help="An exercise's id.", autocompletion=_complete_exercise)]
Lang = Annotated[str | None, typer.Option(help="en or zh; default: the one you work in.")]
Seconds = Annotated[int | None, typer.Option("--timeout", min=1, help="Seconds that one cell may take.")]


def _console(stderr: bool = False) -> Console:
    # Through a pipe, rich would wrap at 80 columns and break table cells in the middle.
    wide = None if (os.environ.get("COLUMNS") or Console().is_terminal) else 120
    return Console(stderr=stderr, width=wide, highlight=False, soft_wrap=False)


def _say(text: str = "") -> None:
    _console().print(text, soft_wrap=True)


def _note(text: str) -> None:
    _say(f"[yellow]Note:[/] {escape(text)}")


def _next(text: str) -> None:
    _say(f"[bold]Next:[/] {text}")


def _here(path: Path) -> str:
    """Return a path as someone in the current folder would type it."""
    with contextlib.suppress(ValueError):
        return escape(str(path.relative_to(Path.cwd())))
    return escape(str(path))


# --- learners ---------------------------------------------------------------------------------


@app.command(rich_help_panel=LEARN)
def lab(
    unit: AnyUnit = None,
    instructor: Annotated[bool, typer.Option("--instructor", help="The whole course, with the Formgrader.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
) -> None:
    """Open JupyterLab in your workspace."""
    from .lab import launch

    raise typer.Exit(launch(instructor=instructor, unit=unit, browser=not no_browser, port=port))


@app.command(rich_help_panel=LEARN)
def doctor() -> None:
    """Say what is installed, what is wrong, and what to do."""
    from .lab import doctor as findings

    table = Table("Looked at", "Verdict", "Found", "What to do", title="What the course needs", title_justify="left")
    marks = {"ok": "[green]✓ ok[/]", "warn": "[yellow]! look[/]", "fail": "[red]✗ wrong[/]"}
    found = findings()
    for f in found:
        table.add_row(escape(f.name), marks[f.status], escape(f.detail), escape(f.action))
    _console().print(table)
    seen = {f.status for f in found}
    if "fail" in seen:
        _say("Repair what is wrong first.")
        raise typer.Exit(1)
    _say("The course works; some lines deserve a look." if "warn" in seen else "Everything is in place.")


@app.command(rich_help_panel=LEARN)
def start(unit: Unit, lang: Lang = None) -> None:
    """Copy a unit into work/. Your own files are never overwritten."""
    done = workspace.start(unit, lang)
    name = done.path.parent.name
    if done.state == "copied":
        _say(f"Copied {name} to {_here(done.path)}.")
        _next(f"mft lab {name}, and later mft check {name}")
    elif done.state == "there":
        _say(f"{_here(done.path)} is there already, and the course has nothing newer.")
        _next(f"mft lab {name}")
    else:
        _say(f"The course has a newer {name}. Your notebook stays as it is; the new one is {_here(done.path)}.")
        for line in done.changes:
            _say(f"  {escape(line)}")
        answers = f"your answers to {', '.join(done.merged)}" if done.merged else "no answer of yours; there was none"
        _say(f"It already holds {answers}.")
        if done.own_cells:
            count = "1 cell" if done.own_cells == 1 else f"{done.own_cells} cells"
            _say(f"{count} that you added yourself stayed in your notebook only.")
        _next(f"look at both in mft lab. To go on with the new one, rename it to {name.split('-', 1)[1]}.ipynb")


@app.command(rich_help_panel=LEARN)
def check(
    unit: Unit,
    exercise: Annotated[
        str | None, typer.Argument(help="Only this exercise.", autocompletion=_complete_exercise)
    ] = None,
    timeout: Seconds = None,
) -> None:
    """Run the visible checks of your notebook in a fresh kernel. Your notebook is not changed."""
    console = _console()
    with _console(stderr=True).status("Running your notebook in a fresh kernel"):
        done = workspace.check(unit, exercise, seconds=timeout)
    for card in done.cards:
        if all(f["verdict"] == "todo" for f in card["findings"]):
            _say(f"{card['exercise']}: not written yet.")
            continue
        title = f"{card['exercise']}: {card['earned']:g} of {card['points']:g} points"
        if card.get("hidden_points"):
            title += f" ({card['hidden_points']:g} in hidden checks, given when it is graded)"
        table = Table("Check", "Verdict", "What to do", title=title, title_justify="left", title_style="bold")
        for f in card["findings"]:
            hint = f"Hint: {f['hint']}" if f["verdict"] == "failed" and f.get("hint") else ""
            note = " ".join(part for part in (f.get("message", ""), hint) if part and f["verdict"] != "passed")
            table.add_row(escape(f["title"]), VERDICTS.get(f["verdict"], f["verdict"]), escape(note))
        console.print(table)
    for note in done.notes:
        _note(note)
    good = [c["exercise"] for c in done.cards if all(f["verdict"] == "passed" for f in c["findings"])]
    open_ = [c["exercise"] for c in done.cards if c["exercise"] not in good]
    _say(f"{len(good)} of {len(done.cards)} exercises pass their visible checks ({done.seconds:.0f} s).")
    if not done.cards:
        _next("the notebook has no check that ran; open it with mft lab")
    elif open_:
        _next(f"mft hint {open_[0]}, or go on in mft lab")
    else:
        _next(f"mft submit {done.unit}" if exercise is None else f"mft check {done.unit}")
    raise typer.Exit(0 if done.passed else 1)


@app.command(rich_help_panel=LEARN)
def submit(
    unit: Unit,
    student: Annotated[str | None, typer.Option(help="Your name in the class; default: your user name.")] = None,
) -> None:
    """Hand in your notebook. You can do so again; every version is kept."""
    done = workspace.submit(unit, student)
    for line in done.warnings:
        _note(line)
    _say(f"Handed in as {escape(done.student)}: {_here(done.path)}. A copy is kept in {_here(done.kept)}.")
    _next(f"an instructor grades it with mft grade {done.path.parent.name}; until then you may hand in again")


@app.command(rich_help_panel=LEARN)
def progress() -> None:
    """Show units, exercises, points and minutes, read from your notebooks."""
    found = workspace.progress()
    table = Table(*found.HEAD, title="Your progress, as of the last run of each check cell", title_justify="left")
    for row in found.rows():
        table.add_row(*map(escape, row))
    _console().print(table)
    _say("Hidden checks and written answers get their points when a unit is graded.")
    going = next((u.unit for u in found.units if u.done < u.exercises), None)
    _next(f"mft lab {going}" if going else "mft submit, for every unit that you have not handed in")


@app.command(rich_help_panel=LEARN)
def hint(
    exercise: Exercise,
    step: Annotated[int, typer.Option(min=1, help="Which hint; 1 is a nudge, the last nearly the solution.")] = 1,
    lang: Lang = None,
) -> None:
    """Show a hint for an exercise, one step at a time."""
    ladder = workspace.hints(exercise, lang=lang)
    if not ladder:
        raise workspace.WorkspaceError(f"{exercise} has no hints.")
    if step > len(ladder):
        raise workspace.WorkspaceError(f"{exercise} has {len(ladder)} hints; there is no step {step}.")
    title, text = ladder[step - 1]
    _say(f"[bold]{escape(exercise)}[/], {escape(title)} (step {step} of {len(ladder)})")
    from rich.markdown import Markdown

    _console().print(Markdown(text))
    _next(f"try it; then mft hint {exercise} --step {step + 1}" if step < len(ladder) else "that was the last one")


@app.command(rich_help_panel=LEARN)
def quiz(
    unit: AnyUnit = None,
    only: OneUnit = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    count: Annotated[int, typer.Option(min=1, help="How many questions at most.")] = 10,
    guide: Annotated[bool, typer.Option("--guide", help="Only the guide's eight questions.")] = False,
) -> None:
    """Answer interview questions aloud, and grade yourself. What you missed comes back sooner."""
    from rich.markdown import Markdown

    from . import interview
    from .quiz import GRADES, WORDS, begin

    session, memory, root = begin(only or unit, lang, count, guide)
    console, words = _console(), WORDS[lang] | interview.WORDS[lang]
    grades, parts = dict(zip("123", GRADES, strict=True)), dict(zip("dgwf", interview.PARTS[1:], strict=True))

    def show(title: str, text: str) -> None:
        _say(f"\n[bold]{escape(title)}[/]")
        console.print(Markdown(interview.for_terminal(text)))

    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while item := session.current:
            while memory.notes:
                _note(memory.notes.pop(0))
            wording, key = item.question.wording(lang), ""
            show(session.progress(lang), f"**{wording.question}**")
            if input(f"\n{words['aloud']} {words['enter']} ").strip().lower() == "q":
                break
            show(words["short"], wording.short)
            here = {k: part for k, part in parts.items() if getattr(wording, part)}
            keys = "   ".join(f"{k} {words[v]}" for k, v in {**here, "p": "proof", **grades, "q": "quit"}.items())
            while key not in grades and key != "q":
                _say(f"\n{keys}")
                key = input("> ").strip().lower()
                if key in here:
                    show(words[here[key]], getattr(wording, here[key]))
                elif key == "p":
                    show(words["proof"], interview.proof(item, lang, root))
            if key == "q":
                break
            memory.write(item.question.id, session.answer(grades[key]))
    show(words["end"], session.summary(lang))
    for note in memory.notes:
        _note(note)


@app.command(rich_help_panel=LEARN)
def cards(
    lang: Annotated[str | None, typer.Option(help="en or zh; default: both.")] = None,
    unit: OneUnit = None,
    output: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("."),
) -> None:
    """Write the interview questions as Anki cards. Importing them again updates them."""
    from .cards import write
    from .interview import WORDS

    written = write(course_root(), output, [lang] if lang else list(WORDS), unit)
    for path, number in written.items():
        _say(f"Wrote {number} cards to {_here(path)}.")
    _next("in Anki, File → Import; what you have learned there stays")


# --- instructors ------------------------------------------------------------------------------


@contextlib.contextmanager
def progress_bar() -> Iterator[Any]:
    """Yield a progress callback for `grading.loop.grade`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done)

        yield report


def class_table(table: Any, about: dict[str, str] | None = None) -> None:
    columns = ["Student", "Points", "Max", "Per cent", "Late", "By hand", "Note"]
    shown = Table(*columns, title=f"{table.unit}: {len(table.rows)} submissions", title_justify="left")
    for right in (1, 2, 3):
        shown.columns[right].justify = "right"
    for row in table.rows:
        points = "none" if row.points is None else f"{row.points:g}"
        percent = "" if row.percent is None else f"{row.percent:.0f} %"
        note = " ".join(part for part in ((about or {}).get(row.student, ""), row.note) if part)
        note = note if len(note) < 400 else note[:397] + "..."
        shown.add_row(escape(row.student), points, f"{row.out_of:g}", percent, "late" if row.late else "",
                      "to grade" if row.manual else "", escape(note))  # fmt: skip
    _console().print(shown)


@app.command(rich_help_panel=TEACH)
def grade(
    unit: Unit,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be given again.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks at the same time; default: one a core.")] = None,
    timeout: Seconds = None,
) -> None:
    """Grade submitted/, write feedback/ and CSV, and show the class table."""
    from .grading.loop import grade as grade_class

    root = course_root()
    name = workspace.find_unit(unit, root, step="solutions")
    with progress_bar() as report:
        table = grade_class(root, name, students=student, jobs=jobs, seconds=timeout, progress=report)
    class_table(table)
    failed = [row.student for row in table.rows if not row.graded]
    _say(f"Graded {len(table.rows) - len(failed)} of {len(table.rows)}. Feedback: {_here(root / 'feedback')}. "
         f"Grades: {' and '.join(_here(p) for p in table.exported)}.")  # fmt: skip
    if failed:
        _note(f"not graded: {', '.join(failed)}. Submissions and earlier grades are untouched.")
    by_hand = sum(row.manual for row in table.rows)
    _next(f"grade {by_hand} written answers in the Formgrader: mft lab --instructor, then mft grade {name} again"
          if by_hand else f"give learners their feedback from {_here(root / 'feedback')}")  # fmt: skip


# --- authors ----------------------------------------------------------------------------------


@app.command(rich_help_panel=WRITE)
def build(
    unit: Annotated[
        list[str] | None, typer.Argument(help="Units; default: all.", autocompletion=_complete_unit)
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what has drifted.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Show which check catches which wrong answer.")] = False,
) -> None:
    """Generate solutions/ and release/ from course/."""
    from . import authoring

    root = course_root()
    chosen = [workspace.find_unit(u, root, step="course") for u in unit] if unit else authoring.units(root)
    if check:
        drifted = authoring.drift(root, chosen if unit else None)
        for line in drifted:
            _say(escape(line))
        if drifted:
            raise typer.Exit(1)
        _say(f"{', '.join(chosen) or 'Nothing'}: solutions/ and release/ are what course/ makes.")
    else:
        written = authoring.build(root, chosen if unit else None)
        for path in written:
            _say(f"Wrote {escape(str(path))}")
        _say(f"{', '.join(chosen) or 'Nothing'}: " + ("built." if written else "nothing had changed."))
    if report:
        _report(root, chosen)
    if not check and not report:
        _next("mft build --report shows which check catches which wrong answer; make test proves the laws")


def _report(root: Path, chosen: list[str]) -> None:
    from . import authoring, runner

    surprise = False
    for name in chosen:
        table = Table("Exercise", "Wrong answer", "Caught by", "Points", title=name, title_justify="left")
        answers = authoring.read_lesson(root / "course" / name).wrong_answers
        named = {(w.exercise, w.title): w.fails for w in answers}
        for o in runner.matrix(root / "course" / name):
            caught = escape("; ".join(o.failed) or o.error) or "[red]nothing[/]"
            if set(o.failed) != set(named[o.exercise, o.variant]):
                surprise = True
                caught += f" [red](wrong_answers.py says: {escape('; '.join(named[o.exercise, o.variant]))})[/]"
            points = f"{o.earned:g} of {o.card['points']:g}" if o.card else "0"
            table.add_row(escape(o.exercise), escape(o.variant), caught, points)
        _console().print(table)
    if surprise:
        _say("[red]Some wrong answers are not caught by exactly the checks that wrong_answers.py names.[/]")
        raise typer.Exit(1)


@app.command(rich_help_panel=WRITE)
def new(name: Annotated[str, typer.Argument(help="Two digits, a hyphen, a slug: 13-trees.")]) -> None:
    """Write the skeleton of a new unit into course/."""
    from . import authoring

    folder = authoring.new_unit(course_root(), name)
    _say(f"Wrote the skeleton of {name} in {_here(folder)}.")
    _next(f"write {_here(folder / 'lesson.py')}, then mft build {name} --report")


if __name__ == "__main__":
    app()

"""The commands that prepare for an interview: quiz, drill, cards."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ..course.files import Course
from .main import LEARN, AnyUnit, Lang, OneUnit, app, complete_exercise
from .screen import here, next_step, note, say, show


@app.command(rich_help_panel=LEARN)
def quiz(
    unit: AnyUnit = None,
    only: OneUnit = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    count: Annotated[int | None, typer.Option(min=1, help="How many questions at most; default: 10.")] = None,
    route: Annotated[
        str | None, typer.Option(help="Those of a route: one-evening, three-evenings, term, large-models.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="Only basic or only senior questions.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only theory or only code.")] = None,
    mock: Annotated[int | None, typer.Option(min=5, help="A mock interview of so many minutes.")] = None,
    guide: Annotated[
        bool, typer.Option("--guide", help="Only the eight questions of the interview guide that the course grew from.")
    ] = False,
) -> None:
    """Answer interview questions aloud, and grade yourself. What you missed comes back sooner."""
    from ..course.interview import PARTS
    from ..learning.quiz import GRADES, WORDS, answer, begin

    course = Course.find()
    tags = {"guide": guide, "level": level, "kind": kind}
    if mock:
        return _mock(course, only or unit, lang, mock, route=route, **tags)
    session, memory = begin(course, only or unit, lang, count, route, **tags)
    words = WORDS[lang]
    grades, parts = dict(zip("123", GRADES, strict=True)), dict(zip("dgwfp", (*PARTS[1:], "proof"), strict=True))
    if session.sitting:
        say(f"[bold]{escape(session.sitting.title(lang))}[/]")
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while item := session.current:
            while memory.notes:
                note(memory.notes.pop(0))
            key = ""
            show(session.progress(lang), f"**{item.question.wording(lang).question}**")
            _ask(f"\n{words['aloud']} {words['enter']} ")
            texts = answer(course, item, lang)
            show(words["short"], texts["short"])
            there = {k: part for k, part in parts.items() if part in texts}
            keys = "   ".join(f"{k} {words[v]}" for k, v in (there | grades | {"q": "quit"}).items())
            while key not in grades:
                say(f"\n{keys}")
                key = _ask("> ")
                if key in there:
                    show(words[there[key]], texts[there[key]])
            memory.write(item.question.id, session.answer(grades[key]))
    show(words["end"], session.summary(lang))
    note(*memory.notes)


def _ask(prompt: str) -> str:
    """Return what is typed, in small letters; a q alone ends a sitting, as Ctrl+C does."""
    said = input(prompt).strip().lower()
    if said == "q":
        raise EOFError
    return said


def _mock(course: Course, unit: str | None, lang: str, minutes: int, **only: Any) -> None:
    from ..learning.mock import WORDS, begin, keep, ticks

    (mock, memory), words = begin(course, unit, lang, minutes, **only), WORDS[lang]
    say(escape(mock.opening(lang)))
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while item := mock.question():
            wording = item.question.wording(lang)
            asks, answer = wording.next
            show(mock.clock(lang), f"**{wording.question}**")
            _listen(words["type"])
            show(words["points"], "\n".join(f"{n}. {point}" for n, point in enumerate(wording.points, 1)))
            while (said := ticks(input(f"\n{words['tick']}"), len(wording.points))) is None:
                pass
            show(f"{words['next']} · {mock.clock(lang)}", f"**{asks}**")
            had = "q"
            with contextlib.suppress(EOFError, KeyboardInterrupt):  # the points that were ticked count all the same
                _listen(words["type"])
                show(words["answer"], answer)
                while (had := input(f"\n{words['had']}").strip().lower()[:1]) not in ("y", "n", "q"):
                    pass
            keep(memory, mock.answer(said, had == "y"))
            if had == "q":
                break
        if mock.exercise:
            show(f"{words['code'].format(mock.exercise.minutes)} · {mock.clock(lang)}", mock.exercise.how)
    show(words["result"], mock.result(lang))
    note(*memory.notes)


def _listen(prompt: str) -> None:
    """Let the learner answer, aloud or in lines of text; what is typed stays on the screen and goes nowhere."""
    say(f"\n{prompt}")
    line = _ask("> ")
    while line:
        line = input("> ").strip()


@app.command(rich_help_panel=LEARN)
def drill(
    exercise: Annotated[
        str | None,
        typer.Argument(help="An exercise's id; default: what comes back, or any.", autocompletion=complete_exercise),
    ] = None,
    unit: OneUnit = None,
    chance: Annotated[bool, typer.Option("--random", help="Any exercise, whatever comes back.")] = False,
    lang: Lang = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open nothing.")] = False,
) -> None:
    """Solve one exercise alone, against the clock. What failed or took too long comes back."""
    from ..learning import drill
    from ..learning.hints import find
    from ..learning.lab import open_in_running

    course = Course.find()
    if exercise:
        done = drill.write(course, *find(course, f"{unit}/{exercise}" if unit else exercise), lang)
    else:
        done = drill.pick(course, unit, chance, lang)
    say(f"Wrote {here(done.path)}: {done.exercise} of {done.unit}, {done.minutes:g} minutes.")
    if done.given:
        say(f"Earlier exercises give it {', '.join(done.given)}.")
    left = [name for unit_, name in drill.due(course, unit) if (unit_, name) != (done.unit, done.exercise)]
    if left:
        say(f"After it, this comes back: {', '.join(left)}.")
    notebook = done.path.relative_to(course.root / "work").as_posix()
    address = open_in_running(course, f"lab/tree/{notebook}", browser=not no_browser)
    if address:
        say(f"It opens in the JupyterLab that is running: {escape(address)}")
    next_step(("" if address else f"mft lab {notebook}; there, ") + "run the first cell, which starts the clock")


@app.command(rich_help_panel=LEARN)
def cards(
    lang: Annotated[str | None, typer.Option(help="en or zh; default: both.")] = None,
    unit: OneUnit = None,
    output: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("."),
) -> None:
    """Write the interview questions as Anki cards. Importing them again updates them."""
    from ..course.interview import WORDS
    from ..learning.cards import write

    written = write(Course.find(), output, [lang] if lang else list(WORDS), unit)
    for path, number in written.items():
        say(f"Wrote {number} cards to {here(path)}.")
    next_step("in Anki, File → Import; what you have learned there stays")

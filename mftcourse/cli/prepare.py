"""The commands that prepare for an interview: quiz, drill, cards."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..course.files import Course
from .main import LEARN, AnyUnit, Lang, OneUnit, app, complete_exercise, console, here, next_step, note, say


@app.command(rich_help_panel=LEARN)
def quiz(
    unit: AnyUnit = None,
    only: OneUnit = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    count: Annotated[int, typer.Option(min=1, help="How many questions at most.")] = 10,
    guide: Annotated[
        bool, typer.Option("--guide", help="Only the eight questions of the interview guide that the course grew from.")
    ] = False,
) -> None:
    """Answer interview questions aloud, and grade yourself. What you missed comes back sooner."""
    from rich.markdown import Markdown

    from ..course import interview
    from ..learning.formulas import for_terminal
    from ..learning.quiz import GRADES, WORDS, begin

    course = Course.find()
    session, memory = begin(course, only or unit, lang, count, guide)
    words = WORDS[lang] | interview.WORDS[lang]
    grades, parts = dict(zip("123", GRADES, strict=True)), dict(zip("dgwf", interview.PARTS[1:], strict=True))

    def show(title: str, text: str) -> None:
        say(f"\n[bold]{escape(title)}[/]")
        console().print(Markdown(for_terminal(text)))

    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while item := session.current:
            while memory.notes:
                note(memory.notes.pop(0))
            wording, key = item.question.wording(lang), ""
            show(session.progress(lang), f"**{wording.question}**")
            if input(f"\n{words['aloud']} {words['enter']} ").strip().lower() == "q":
                break
            show(words["short"], wording.short)
            there = {k: part for k, part in parts.items() if getattr(wording, part)}
            keys = "   ".join(f"{k} {words[v]}" for k, v in {**there, "p": "proof", **grades, "q": "quit"}.items())
            while key not in grades and key != "q":
                say(f"\n{keys}")
                key = input("> ").strip().lower()
                if key in there:
                    show(words[there[key]], getattr(wording, there[key]))
                elif key == "p":
                    show(words["proof"], interview.proof(course, item, lang))
            if key == "q":
                break
            memory.write(item.question.id, session.answer(grades[key]))
    show(words["end"], session.summary(lang))
    for line in memory.notes:
        note(line)


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

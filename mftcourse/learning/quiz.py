"""The interview quiz: questions come back, the missed ones soon and the known ones late.

`show()` asks in a notebook; `mft quiz` asks in a terminal. Both drive one `Session`, which neither reads nor
writes anything, and keep every answer at once in `work/.mft/quiz.json`.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from ..course import interview, routes
from ..course.files import Course, CourseError, free, write
from ..course.interview import PARTS, Item
from . import texts

__all__ = ["show"]

DAYS = (1, 3, 7, 16, 35)  # how long a question of box 1, 2, … rests once you knew it
GRADES = ("missed", "partly", "knew")
LATER = 3  # so many questions come between a miss and the next try

WORDS = texts.words("quiz")


class Standing(BaseModel):
    """Where a question stands: its box (0: new or missed), the day it is due, how often it got each grade."""

    box: int = Field(0, ge=0, le=len(DAYS))
    due: datetime.date
    counts: dict[str, int] = {}


class _State(BaseModel):
    version: Literal[1] = 1
    questions: dict[str, Standing] = {}


def schedule(standing: Standing | None, grade: str, today: datetime.date) -> Standing:
    """Return where a question stands after a grade: missed is due today, partly tomorrow, knew when its box says."""
    standing = standing or Standing(due=today)
    box = {"missed": 0, "partly": standing.box, "knew": min(standing.box + 1, len(DAYS))}[grade]
    days = {"missed": 0, "partly": 1, "knew": DAYS[box - 1]}[grade]
    counts = standing.counts | {grade: standing.counts.get(grade, 0) + 1}
    return Standing(box=box, due=today + datetime.timedelta(days=days), counts=counts)


class Session:
    """One sitting, without any input or output: `current` is asked, `answer` grades it, until nothing is left.

    Args:
        items: the questions to choose from, in the course's order; both languages are in each.
        standings: question id → where it stands; `answer` changes it.
        count: at most so many different questions.
        sitting: of a route, whose order the new questions keep.
    """

    def __init__(
        self,
        items: list[Item],
        standings: dict[str, Standing],
        today: datetime.date,
        count: int = 10,
        sitting: Sitting | None = None,
    ) -> None:
        asked = [i for i in items if i.question.id in standings]
        due = [i for i in asked if standings[i.question.id].due <= today]
        due.sort(key=lambda i: standings[i.question.id].due)
        new = [i for i in items if i.question.id not in standings]
        if not sitting:
            new.sort(key=lambda i: (i.question.guide is None, str(i.question.guide)))  # 1 to 5, then task-1 to task-3
        self.sitting = sitting
        self.standings, self.today, self.queue = standings, today, (due + new)[:count]
        self.total = len(self.queue)
        self.next_due = min((standings[i.question.id].due for i in asked), default=today)
        self.first: dict[str, str] = {}  # question id → its first grade today
        self.again: dict[str, Item] = {}  # missed, and not known since
        self.missed: list[Item] = []

    @property
    def current(self) -> Item | None:
        return self.queue[0] if self.queue else None

    def answer(self, grade: str) -> Standing:
        """Grade the current question and go on to the next."""
        item = self.queue.pop(0)
        name = item.question.id
        standing = self.standings[name] = schedule(self.standings.get(name), grade, self.today)
        self.first.setdefault(name, grade)
        if grade == "missed":
            self.again[name] = item
            self.missed += [] if item in self.missed else [item]
        elif grade == "knew":
            self.again.pop(name, None)
        if name in self.again:
            self.queue.insert(LATER, item)
        return standing

    def progress(self, lang: str) -> str:
        """Say which question this is: "3 of 10"; one that was missed comes "once more"."""
        words, name = WORDS[lang], self.queue[0].question
        repeated = name.id in self.first
        place = words["of"].format(len(self.first) + (not repeated), self.total)
        notes = [words["again"]] * repeated + [words["guide"]] * (name.guide is not None)
        return " · ".join([place, *notes])

    def summary(self, lang: str) -> str:
        """Say in Markdown how many were known, what comes back when, and what to study."""
        words = WORDS[lang]
        comma, colon = words["comma"], words["colon"]
        if not self.total:
            return words["none"].format(self.next_due)
        known = sum(grade == "knew" for grade in self.first.values())
        lines = [words["known"].format(known, len(self.first))] if self.first else []
        when = Counter(self.standings[name].due for name in self.first)
        days = comma.join(words["on"].format(day, n) for day, n in sorted(when.items()))
        lines += [words["due"] + colon + days] if when else []
        by_unit: dict[str, list[str]] = {}
        for item in self.missed:
            by_unit.setdefault(item.unit, []).extend(item.question.proof)
        for unit, names in by_unit.items():
            exercises = comma.join(f"`{name}`" for name in dict.fromkeys(names))
            lines.append(f"{words['study']}{colon}**{unit}** · {exercises} · `mft lab {unit.split('-')[0]}`")
        lines += [self.sitting.exercises(lang)] if self.sitting else []
        return "\n\n".join(lines)


class Memory:
    """The learner's state file. A file that cannot be read or written never stops the quiz: `notes` says so."""

    def __init__(self, course: Course, lang: str = "en") -> None:
        self.path: Path | None = course.root / "work" / ".mft" / "quiz.json"
        self.notes: list[str] = []
        self.words = WORDS[lang]

    def read(self) -> dict[str, Standing]:
        """Return question id → where it stands; put a file that is no state of ours aside."""
        with self._noted():
            if self.path and self.path.exists():
                try:
                    return _State.model_validate_json(self.path.read_bytes()).questions
                except ValueError:
                    aside = free(self.path.with_name("quiz.json.bak"))
                    os.replace(self.path, aside)
                    self.notes.append(self.words["broken"].format(self.path.name, aside))
        return {}

    def write(self, name: str, standing: Standing) -> None:
        """Keep one answer, whole or not at all; answers that another window has kept meanwhile stay."""
        state = _State(questions=self.read() | {name: standing})
        with self._noted():
            if self.path:
                write(self.path, state.model_dump_json(indent=1).encode())

    def grade(self, name: str, grade: str) -> Standing:
        """Keep an answer of today, given outside a session; return where its question stands then."""
        standing = schedule(self.read().get(name), grade, datetime.date.today())
        self.write(name, standing)
        return standing

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.notes.append(self.words["unkept"].format(self.path, error.strerror))
            self.path = None


class Sitting(NamedTuple):
    """Where a learner is on a route: the first stage of which a question was never asked, or else the last."""

    route: routes.Route
    number: int
    stages: list[list[routes.Leg]]

    @classmethod
    def of(cls, course: Course, name: str, new: set[str]) -> Sitting:
        """Return where one is who was never asked these questions."""
        route, known = routes.find(course, name), routes.legs(course)
        stages = [routes.along(stage, known) for stage in route.stages]
        ahead = (n for n, legs in enumerate(stages) if new & {leg.step for leg in legs})
        return cls(route, next(ahead, len(stages) - 1), stages)

    @property
    def items(self) -> list[Item]:
        """The questions up to here, in the route's order."""
        return [leg.item for legs in self.stages[: self.number + 1] for leg in legs if leg.item]

    def title(self, lang: str) -> str:
        """Say which stage of the route this is, and how long it takes."""
        stage, minutes = self.route.stages[self.number], sum(leg.minutes for leg in self.stages[self.number])
        place = self.route.title.of(lang), self.number + 1, len(self.stages), stage.title.of(lang)
        return WORDS[lang]["stage"].format(*place, minutes)

    def exercises(self, lang: str) -> str:
        """Name in Markdown the exercises of this stage, in order, and the commands that open them."""
        words = WORDS[lang]
        legs = [leg for leg in self.stages[self.number] if not leg.item]
        named = words["comma"].join(words["minutes"].format(leg.how, leg.minutes) for leg in legs)
        return words["then"] + words["colon"] + named if legs else ""


def choose(
    course: Course, unit: str | None, lang: str, route: str | None = None, **only: Any
) -> tuple[list[Item], Memory, Sitting | None]:
    """Return the questions that fit, where their answers are kept, and the present sitting of a route.

    Args:
        route: the id of a route; then they are those up to its present stage, in its order.
        only: what `interview.questions` takes besides.

    Raises:
        CourseError: nothing fits, or there is no such route.
    """
    items, memory = interview.questions(course, unit, lang, **only), Memory(course, lang)
    if not route:
        return items, memory, None
    fit = {item.question.id for item in items}
    sitting = Sitting.of(course, route, fit - memory.read().keys())
    items = [item for item in sitting.items if item.question.id in fit]
    if not items:
        raise CourseError(f"The route {route} has no such questions.")
    return items, memory, sitting


def begin(
    course: Course, unit: str | None, lang: str, count: int | None = None, route: str | None = None, **only: Any
) -> tuple[Session, Memory]:
    """Return today's session, and where its answers are kept; see `choose`.

    Args:
        count: default: 10, or on a route all that is due or new.
    """
    items, memory, sitting = choose(course, unit, lang, route, **only)
    count = count or (len(items) if sitting else 10)
    return Session(items, memory.read(), datetime.date.today(), count, sitting), memory


def answer(course: Course, item: Item, lang: str, links: bool = False) -> dict[str, str]:
    """Return name → Markdown of the parts that an answer has, and last of where it is proved; see `interview.proof`."""
    parts = {part: getattr(item.question.wording(lang), part) for part in PARTS}
    return {part: text for part, text in parts.items() if text} | {"proof": interview.proof(course, item, lang, links)}


class Topic(NamedTuple):
    """How a learner stands with some questions: how many there are, were never asked, are due, are known.

    Known is what was not missed since it was known.
    """

    questions: int
    fresh: int
    due: int
    known: int

    @classmethod
    def of(cls, items: Iterable[Item], asked: dict[str, Standing]) -> Topic:
        ids, today = [item.question.id for item in items], datetime.date.today()
        seen = [asked[i] for i in ids if i in asked]
        return cls(len(ids), len(ids) - len(seen), sum(s.due <= today for s in seen), sum(s.box > 0 for s in seen))


def topics(course: Course) -> dict[str, Topic]:
    """Return unit → how the learner stands with its questions; changes nothing."""
    items, asked = (leg.item for leg in routes.legs(course).values() if leg.item), _asked(course)
    return {unit: Topic.of(own, asked) for unit, own in groupby(items, key=lambda item: item.unit)}


def ways(course: Course) -> list[tuple[routes.Route, int, Topic]]:
    """Return each route, its minutes, and how the learner stands with its questions; changes nothing."""
    found, known, asked = [], routes.legs(course), _asked(course)
    with contextlib.suppress(CourseError):  # `mft quiz --route` says what is wrong with the file
        for route in routes.routes(course):
            legs = [leg for stage in route.stages for leg in routes.along(stage, known)]
            topic = Topic.of([leg.item for leg in legs if leg.item], asked)
            found.append((route, sum(leg.minutes for leg in legs), topic))
    return found


def _asked(course: Course) -> dict[str, Standing]:
    try:
        return _State.model_validate_json(Memory(course).path.read_bytes()).questions
    except (OSError, ValueError):
        return {}


def counts(course: Course) -> tuple[int, int, int]:
    """Return how many questions there are, how many were never asked, and how many are due."""
    found = topics(course).values()
    return tuple(sum(topic[column] for topic in found) for column in range(3))


def show(
    unit: str | None = None,
    lang: str = "en",
    count: int | None = None,
    guide: bool = False,
    route: str | None = None,
) -> None:
    """Ask interview questions below this cell. Where nobody can answer (a printout, a script), list them.

    Args:
        unit: only this unit's: "06", "metrics" or "06-metrics".
        lang: "en" or "zh".
        count: at most so many; default: 10, or all of a route's sitting.
        guide: only the questions of the guide.
        route: those of a route, "three-evenings", in its order.
    """
    from IPython import get_ipython
    from IPython.display import Markdown, display

    course = Course.find()
    session, memory = begin(course, unit, lang, count, route, guide=guide)
    shell = get_ipython()
    if not getattr(getattr(shell, "kernel", None), "_allow_stdin", False):
        parts = [
            f"**{i.question.wording(lang).question}**\n\n{interview.details(i.question.wording(lang), lang)}"
            f"\n\n{interview.proof(course, i, lang, links=True)}"
            for i in session.queue
        ] or [session.summary(lang)]
        text = "\n\n".join(parts)
        display(Markdown(text)) if shell else print(text)
        return
    plain = {"text/plain": WORDS[lang]["rerun"]}  # what a saved page shows
    display(_panel(course, session, memory, lang)._repr_mimebundle_() | plain, raw=True)


def _panel(course: Course, session: Session, memory: Memory, lang: str) -> Any:
    """Return the widget that asks a session's questions."""
    from ipywidgets import HTML, Button, HBox, Layout, Output, VBox

    words = WORDS[lang]
    place, text = HTML(), Output()

    def button(name: str) -> Button:
        return Button(description=words[name], layout=Layout(width="auto"))

    ask, more = button("show"), {key: button(key) for key in (*PARTS[1:], "proof", *GRADES)}

    def add(markdown: str) -> None:
        text.outputs += ({"output_type": "display_data", "data": {"text/markdown": markdown}, "metadata": {}},)

    def turn(answered: bool) -> None:
        ask.disabled = answered or session.current is None
        for other in more.values():
            other.disabled = not answered
        from_guide = session.current and session.current.question.guide
        more["leaves_out"].layout.display = None if from_guide else "none"

    def question() -> None:
        text.outputs = ()
        turn(False)
        item = session.current
        place.value = session.progress(lang) if item else words["end"]
        add(f"**{item.question.wording(lang).question}**\n\n{words['aloud']}" if item else session.summary(lang))
        while memory.notes:
            add(memory.notes.pop(0))

    def press(key: str, pressed: Button) -> None:
        item = session.current
        if item is None:
            return
        if key in GRADES:
            memory.write(item.question.id, session.answer(key))
            question()
            (ask if session.current else text).focus()
            return
        turn(True)
        pressed.disabled = True
        add(f"**{words[key]}**\n\n{answer(course, item, lang, links=True).get(key, '')}")

    for key, made in {"short": ask, **more}.items():
        made.on_click(functools.partial(press, key))
    question()
    rest = list(more.values())
    return VBox([place, text, HBox([ask]), HBox(rest[: -len(GRADES)]), HBox(rest[-len(GRADES) :])])

"""A mock interview: a clock, questions with what they ask next, one exercise to code, and what to study afterwards.

A `Mock` neither reads nor writes anything. The learner ticks which of the model's points an answer said.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..course import routes
from ..course.files import Course
from ..course.interview import Item
from . import texts
from .quiz import GRADES, Memory, choose

QUESTION = 3 * 60  # seconds: with less than that before the code, no new question begins

WORDS = texts.words("mock")


class Answer(NamedTuple):
    """A question that was asked: which points were said, and whether the question that followed was answered."""

    item: Item
    said: list[bool]
    next: bool

    @property
    def grade(self) -> str:
        """The quiz's grade: knew all, knew half of it, or less."""
        share = sum([*self.said, self.next]) / (len(self.said) + 1)
        return GRADES[2] if share == 1 else GRADES[1] if share >= 0.5 else GRADES[0]


class Mock:
    """One interview of so many minutes. The clock runs from the start.

    Args:
        items: the questions to choose from; the units take turns.
        legs: what is released, for the exercise to code: one that takes at most half of the time.
        now: returns seconds.
    """

    def __init__(
        self,
        items: list[Item],
        legs: dict[str, routes.Leg],
        minutes: int,
        rng: random.Random | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        rng = rng or random.Random()
        units = list(dict.fromkeys(item.unit for item in items))
        rng.shuffle(units)
        shuffled = rng.sample(items, len(items))
        turns = {unit: [i for i in shuffled if i.unit == unit] for unit in units}
        self.queue = sorted(shuffled, key=lambda i: (turns[i.unit].index(i), units.index(i.unit)))
        fit = [leg for leg in legs.values() if leg.code and leg.unit in units and leg.minutes <= minutes / 2]
        self.exercise = rng.choice(fit) if fit else None
        self.legs, self.units, self.minutes, self.now, self.end = legs, units, minutes, now, now() + 60 * minutes
        self.answers: list[Answer] = []

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.end - self.now()

    def clock(self, lang: str) -> str:
        """Say how much time is left."""
        minutes, seconds = divmod(max(0, int(self.left)), 60)
        return WORDS[lang]["left"].format(f"{minutes}:{seconds:02}") if self.left > 0 else WORDS[lang]["over"]

    def opening(self, lang: str) -> str:
        """Say what comes."""
        words = WORDS[lang]
        asked = words["asked"].format(words["comma"].join(sorted(self.units)))
        then = words["then"].format(self.exercise.minutes) if self.exercise else ""
        return words["opening"].format(self.minutes, asked) + then

    def question(self) -> Item | None:
        """Return the next question, or None when it is time to code."""
        kept = 60 * self.exercise.minutes if self.exercise else 0
        first = not self.answers and self.left > 0
        return self.queue[0] if self.queue and (first or self.left - kept >= QUESTION) else None

    def answer(self, said: list[bool], next_too: bool) -> Answer:
        """Keep what was said to the present question."""
        self.answers.append(Answer(self.queue.pop(0), said, next_too))
        return self.answers[-1]

    def result(self, lang: str) -> str:
        """Say in Markdown, by topic, how much was said, what was not, and what to study."""
        words = WORDS[lang]
        lines = [] if self.answers else [words["none"]]
        for unit in sorted({a.item.unit for a in self.answers}):
            here = [a for a in self.answers if a.item.unit == unit]
            points, nexts = [s for a in here for s in a.said], [a.next for a in here]
            said = words["said"].format(sum(points), len(points), sum(nexts), len(nexts))
            lines.append(f"**{unit}**{words['colon']}{said}")
            weak = [a for a in here if a.grade != GRADES[2]]
            for a in weak:
                wording = a.item.question.wording(lang)
                lost = [p for p, s in zip(wording.points, a.said, strict=True) if not s]
                lost += [] if a.next else [wording.next[0]]
                lines.append(f"- {wording.question} {words['unsaid']}{words['colon']}{words['semicolon'].join(lost)}")
            names = dict.fromkeys(f"{unit}/{name}" for a in weak for name in a.item.question.proof)
            study = words["comma"].join(self.legs[name].how for name in names if name in self.legs)
            lines.append(f"{words['study']}{words['colon']}{study}" if weak else words["all"])
        return "\n\n".join(lines)


def ticks(text: str, count: int) -> list[bool] | None:
    """Return which points "1 3" ticks, of so many, or None where it holds anything else."""
    words = re.split(r"[\s,，、]+", text.strip()) if text.strip() else []
    found = {int(word) if word.isdecimal() else 0 for word in words}
    return [n in found for n in range(1, count + 1)] if found <= set(range(1, count + 1)) else None


def begin(course: Course, unit: str | None, lang: str, minutes: int, **only: Any) -> tuple[Mock, Memory]:
    """Return an interview whose clock starts now, and where the quiz keeps how it went; see `quiz.choose`."""
    items, memory, _ = choose(course, unit, lang, **only)
    return Mock(items, routes.legs(course), minutes), memory


def keep(memory: Memory, answer: Answer) -> None:
    """Let the quiz know: what was not said comes back sooner."""
    memory.grade(answer.item.question.id, answer.grade)

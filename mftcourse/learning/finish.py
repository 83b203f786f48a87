"""Finishing a unit alone: hidden checks, written answers beside the model answer, and the reference to read.

It needs `course/`, which a copy for a class does not have. A reference is shown for what passed, and for what the
learner gave up; nothing else of `solutions/` leaves this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..checks import Finding, Scorecard
from ..course.files import Course, CourseError, write
from ..course.handin import answers, exercise, kind, lang, name, read, repair
from ..course.lesson import headings_of, reference
from . import texts
from .progress import alone, checked, did_you_mean
from .scorecards import Scorecards
from .workspace import released, started

PAGE = "finished.html"


@dataclass
class Written:
    """A written answer to compare: both texts in Markdown, and the rubric's points, each with what it is worth."""

    exercise: str
    own: str
    model: str
    rubric: list[tuple[str, float]]


@dataclass
class Finished:
    """Where a unit stands after its hidden checks have run.

    Attributes:
        out_of: the points of the unit.
        cards: exercise → scorecard, hidden checks included.
        compare: the written answers that wait to be compared with the model answer.
        gave_up: the exercises that were given up.
        names: exercise → kind of its cell, in order.
        notes: what went wrong, in sentences.
    """

    unit: str
    out_of: float
    cards: dict[str, Scorecard]
    compare: list[Written]
    gave_up: set[str]
    names: dict[str, str]
    notes: list[str]

    @property
    def points(self) -> float:
        return sum(card.earned for card in self.cards.values())

    @property
    def passed(self) -> set[str]:
        """The exercises of which every check passed, and the written answers that were compared."""
        waits = {w.exercise for w in self.compare}
        whole = {n for n, card in self.cards.items() if card.complete and not card.hidden_points}
        return {n for n in self.cards if (n not in waits if self.names[n] == "manual" else n in whole)}

    @property
    def open(self) -> list[str]:
        """The exercises that neither passed nor were given up, in order."""
        return [n for n in self.names if n not in self.passed | self.gave_up]


class Finish:
    """One unit of a learner who finishes it alone: `run`, then `compare` for each written answer, then `page`.

    Raises:
        CourseError: this copy of the course holds no solutions, or the unit was not started.
    """

    def __init__(self, course: Course, unit: str) -> None:
        self.course, self.unit = course, course.find_unit(unit)
        if not alone(course):
            raise CourseError(
                "This copy of the course is for a class: its hidden checks and model answers are with the instructor, "
                f"who gives the points for them. Hand in your notebook: mft submit {self.unit}"
            )
        course.find_unit(self.unit, "solutions")
        self.mine, self.told = started(course, self.unit)
        self.release = released(course, self.unit, lang(self.mine))
        self.solutions = read(course.notebook("solutions", self.unit))
        self.store = Scorecards(course, self.unit)
        self.own, self.stubs = answers(self.mine), answers(self.release)

    def give_up(self, wanted: str) -> None:
        """Remember that the learner wants to see the reference of an exercise.

        Raises:
            CourseError: there is no such exercise.
        """
        if wanted not in self.stubs:
            raise CourseError(f"{self.unit} has no exercise {wanted!r}. {did_you_mean(wanted, list(self.stubs))}")
        self.store.give_up(wanted)

    def run(self, seconds: int | None = None, again: bool = False) -> Finished:
        """Run the learner's notebook with the hidden checks, and say what is left.

        Args:
            seconds: the most that one cell may take.
            again: written answers that were compared before are compared again.
        """
        from ..course.kernel import execute

        nb, notes = repair(self.mine, self.release)
        whole = {name(c): c.source for c in self.solutions.cells if kind(c) == "check"}
        for cell in nb.cells:
            if kind(cell) == "check":
                cell.source = whole.get(name(cell), cell.source)
        outcome = execute(nb, self.course.folder("work", self.unit), seconds)
        done = checked(self.course, self.unit, self.mine, outcome, self.told + notes)
        cards = self.store.of(self.mine, self.release)
        cards |= {card["exercise"]: Scorecard.from_dict(card) for card in done.scorecards}
        points = sum(c.metadata.nbgrader.points for c in self.release.cells if kind(c) in ("check", "manual"))
        names = {exercise(c): kind(c) for c in self.release.cells if exercise(c) in self.stubs and kind(c) != "check"}
        compare = [w for w in self._written() if again or w.exercise not in cards]
        return Finished(self.unit, points, cards, compare, self.store.given_up, names, done.notes)

    def _written(self) -> list[Written]:
        """Return the written answers that were begun."""
        model, found, prose = answers(self.solutions), [], ""
        for cell in self.release.cells:
            id_ = exercise(cell)
            if kind(cell) == "prose":
                prose = cell.source
            elif kind(cell) == "manual" and self.own.get(id_, cell.source) != cell.source:
                lines = rubric(prose)
                each = cell.metadata.nbgrader.points / len(lines)
                found.append(Written(id_, self.own[id_], model[id_], [(line, each) for line in lines]))
        return found

    def compare(self, done: Finished, written: Written, met: list[bool]) -> None:
        """Keep which points of the rubric the learner found in the written answer.

        Raises:
            CourseError: it could not be kept.
        """
        findings = [Finding(line, "passed" if yes else "failed", points)
                    for (line, points), yes in zip(written.rubric, met, strict=True)]  # fmt: skip
        card = Scorecard(written.exercise, sum(f.points for f in findings), findings)
        if trouble := self.store.keep(card.to_dict(), written.own):
            raise CourseError(trouble)
        done.cards[written.exercise] = card
        done.compare.remove(written)

    def page(self, done: Finished) -> Path:
        """Write the page that shows one's own answer beside the reference, of all that passed or was given up."""
        solutions, parts, title = answers(self.solutions), [], ""
        for cell in self.release.cells:
            id_ = exercise(cell)
            if kind(cell) == "prose":
                title = [title, *headings_of(cell.source)][-1]
            elif kind(cell) in ("exercise", "manual") and id_ in done.passed | done.gave_up:
                own, model = self.own.get(id_, ""), reference(solutions[id_])
                parts.append({"id": id_, "title": title, "kind": kind(cell), "own": own, "reference": model})
        text = texts.page("finished.html").render(done=done, parts=parts, lang=lang(self.release))
        path = self.course.folder("work", self.unit) / PAGE
        write(path, f"{text}\n".encode())
        return path


def rubric(prose: str) -> list[str]:
    """Return the points of the last numbered list in a text, or one for the whole where there is no list."""
    found: list[str] = []
    for number, text in re.findall(r"(?m)^(\d+)\. +(.+(?:\n {2,}\S.*)*)", prose):
        found = [*([] if number == "1" else found), " ".join(text.split())]
    return found or ["It says what the model answer says."]

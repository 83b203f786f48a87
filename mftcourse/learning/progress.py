"""How far a learner is: `check` runs the checks of a notebook, `progress` reads the scorecards that are in it."""

from __future__ import annotations

import html
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from ..course.files import Course, CourseError, Unreadable
from ..course.handin import exercise, kind, read, repair, scorecard
from .workspace import released, started

if TYPE_CHECKING:
    from nbformat import NotebookNode


def _passed(card: dict[str, Any]) -> bool:
    return bool(card["findings"]) and all(f["verdict"] == "passed" for f in card["findings"])


# --- check ------------------------------------------------------------------------------------


@dataclass
class Checked:
    """The scorecards of a run in a fresh kernel, as dicts, and sentences about what went wrong."""

    unit: str
    scorecards: list[dict[str, Any]]
    notes: list[str]
    seconds: float

    @property
    def open(self) -> list[str]:
        """The exercises of which a visible check did not pass."""
        return [card["exercise"] for card in self.scorecards if not _passed(card)]

    @property
    def passed(self) -> bool:
        """Every visible check ran and passed."""
        return bool(self.scorecards) and not self.open


def check(course: Course, unit: str, only: str | None = None, seconds: int | None = None) -> Checked:
    """Run the visible checks of the learner's notebook in a fresh kernel; the notebook is not changed.

    Args:
        unit: as `Course.find_unit` takes it.
        only: the exercise of which alone the checks run; the cells before it run too.
        seconds: the most that one cell may take.
    """
    from ..course.kernel import execute, in_words

    unit = course.find_unit(unit)
    mine, release = started(course, unit), released(course, unit)
    known = [exercise(c) for c in release.cells if kind(c) == "check"]
    if only is not None and only not in known:
        raise CourseError(f"{unit} has no check of {only!r}. It has: {', '.join(known)}.")
    nb, notes = repair(mine, release)
    if only is not None:
        last = next(c for c in nb.cells if kind(c) == "check" and exercise(c) == only)
        before = nb.cells[: nb.cells.index(last)]
        nb.cells = [c for c in before if kind(c) != "check"] + [last]
    outcome = execute(nb, course.folder("work", unit), seconds)
    scorecards = []
    for cell in outcome.nb.cells:
        if kind(cell) == "check" and (card := scorecard(cell)):
            scorecards.append(card)
        elif kind(cell) == "check":  # it always runs to `grade`, unless something outside its checks fails
            points, message = cell.metadata.nbgrader.points, in_words(cell)
            finding = {"title": "the whole check cell", "verdict": "failed", "points": points, "message": message}
            scorecards.append({"exercise": exercise(cell), "points": points, "earned": 0, "findings": [finding]})
    return Checked(unit, scorecards, notes + outcome.notes, outcome.seconds)


# --- progress ---------------------------------------------------------------------------------


@dataclass
class UnitProgress:
    """One unit: exercises done (all visible checks passed, or a written answer begun), points so far, minutes."""

    unit: str
    exercises: int = 0
    done: int = 0
    points: float = 0
    out_of: float = 0
    minutes: float = 0
    minutes_done: float = 0
    note: str = ""


@dataclass
class Progress:
    """What a learner has done; shows itself as a table in a notebook."""

    units: list[UnitProgress]

    @property
    def going(self) -> str | None:
        """The first unit in which something is left to do."""
        return next((u.unit for u in self.units if u.done < u.exercises), None)

    HEAD = ("Unit", "Exercises", "Points", "Minutes", "Note")

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as text, a row a unit and one for all."""
        numbers = zip(*(astuple(u)[1:-1] for u in self.units), strict=True)
        return [
            (u.unit, f"{u.done} of {u.exercises}", f"{u.points:g} of {u.out_of:g}",
             f"{u.minutes_done:g} of {u.minutes:g}", u.note)
            for u in [*self.units, UnitProgress("all", *map(sum, numbers))]
        ]  # fmt: skip

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{h}</th>' for h in self.HEAD)
        body = ""
        for first, *rest in self.rows():
            cells = "".join(f'<td style="text-align:left">{html.escape(value)}</td>' for value in rest)
            body += f'<tr><th scope="row" style="text-align:left;font-weight:normal">{first}</th>{cells}</tr>'
        caption = "Your progress. Hidden checks and written answers get their points when a unit is graded."
        return (
            f'<table><caption style="caption-side:top;text-align:left;color:inherit">{caption}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def progress(course: Course) -> Progress:
    """Return the learner's progress in every released unit, from the notebooks in `work/`."""
    return Progress([_unit_progress(course, unit) for unit in course.units()])


def _unit_progress(course: Course, unit: str) -> UnitProgress:
    row, path = UnitProgress(unit), course.notebook("work", unit)
    mine: list[NotebookNode] = []
    try:
        mine = read(path).cells if path.exists() else []
        row.note = "" if path.exists() else f"start it: mft start {unit}"
    except Unreadable as error:
        row.note = str(error)
    cards = {exercise(c): card for c in mine if kind(c) == "check" and (card := scorecard(c))}
    written = {exercise(c): c.source for c in mine if kind(c) == "manual"}
    for cell in released(course, unit).cells:
        id_, about = exercise(cell), cell.metadata.get("nbgrader", {})
        row.out_of += about.get("points", 0) if about.get("grade") else 0
        if kind(cell) == "exercise":
            card = cards.get(id_, {"earned": 0, "findings": []})
            row.points += card["earned"]
            done = _passed(card)
        elif kind(cell) == "manual":
            done = written.get(id_, cell.source) != cell.source
        else:
            continue
        minutes = cell.metadata.mft.get("minutes", 0)
        row.exercises, row.done = row.exercises + 1, row.done + done
        row.minutes, row.minutes_done = row.minutes + minutes, row.minutes_done + minutes * done
    return row

"""How far a learner is: `check` and `watch` run the checks of a notebook, `progress` reads what was said of it."""

from __future__ import annotations

import contextlib
import difflib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import Finding, Scorecard
from ..course.files import Course, CourseError, Unreadable
from ..course.handin import answers, exercise, kind, read, read_and_tell, repair, scorecard
from .scorecards import Scorecards
from .workspace import released, started

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ..course.kernel import Executed

LOOK = 0.2  # seconds between two looks at a watched notebook


def alone(course: Course) -> bool:
    """Tell whether a learner can finish a unit here; a copy for a class holds no solutions."""
    return (course.root / "course").is_dir()


# --- check and watch --------------------------------------------------------------------------


@dataclass
class Checked:
    """The scorecards of a run, as dicts, and sentences about what went wrong.

    `news` holds, when a notebook is watched, the findings that are not as they were, by exercise.
    """

    unit: str
    scorecards: list[dict[str, Any]]
    notes: list[str]
    seconds: float
    news: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def open(self) -> list[str]:
        """The exercises of which a visible check did not pass."""
        cards = map(Scorecard.from_dict, self.scorecards)
        return [card.exercise for card in cards if not (card.findings and card.complete)]

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
    from ..course.kernel import execute

    unit = course.find_unit(unit)
    (mine, told), release = started(course, unit), released(course, unit)
    known = [exercise(c) for c in release.cells if kind(c) == "check"]
    if only is not None and only not in known:
        raise CourseError(f"{unit} has no check of {only!r}. {did_you_mean(only, known)}")
    nb, notes = repair(mine, release)
    if only is not None:
        last = next(c for c in nb.cells if kind(c) == "check" and exercise(c) == only)
        before = nb.cells[: nb.cells.index(last)]
        nb.cells = [c for c in before if kind(c) != "check"] + [last]
    outcome = execute(nb, course.folder("work", unit), seconds)
    return checked(course, unit, mine, outcome, told + notes)


def checked(course: Course, unit: str, mine: NotebookNode, outcome: Executed, notes: list[str]) -> Checked:
    """Gather the scorecards of a run, and keep each for the answer that it judged."""
    from ..course.kernel import in_words

    done = Checked(unit, [], notes + outcome.notes, outcome.seconds)
    store, written = Scorecards(course, unit), answers(mine)
    for cell in outcome.nb.cells:
        if kind(cell) != "check":
            continue
        card = scorecard(cell)
        if not card:  # it always runs to `grade`, unless something outside its checks fails
            points = cell.metadata.nbgrader.points
            finding = Finding("the whole check cell", "failed", points, in_words(cell))
            card = Scorecard(exercise(cell), points, [finding]).to_dict()
        done.scorecards.append(card)
        if card["exercise"] in written and (trouble := store.keep(card, written[card["exercise"]])):
            done.notes = [*dict.fromkeys([*done.notes, trouble])]
    return done


def watch(course: Course, unit: str, seconds: int | None = None) -> Iterator[Checked]:
    """Yield what the checks say of the learner's notebook, at once and after every save of it.

    The kernel stays: see `mftcourse.course.kernel.Warm`. It ends with the generator.
    """
    from ..course.kernel import Warm

    unit = course.find_unit(unit)
    started(course, unit)
    release, path = released(course, unit), course.notebook("work", unit)
    before: Checked | None = None
    said: dict[str, str] = {}
    with Warm(path.parent, seconds) as kernel:
        seen = None
        while True:
            if (state := stamp(path)) == seen:
                time.sleep(LOOK)
                continue
            seen = state
            try:
                mine, told = read_and_tell(path)
            except Unreadable as error:
                yield Checked(unit, before.scorecards if before else [], [str(error)], 0)
                continue
            nb, notes = repair(mine, release)
            done = checked(course, unit, mine, kernel.run(nb), told + notes)
            if before:
                done.news = _news(before, done, {n for n, text in answers(mine).items() if said.get(n) != text})
            before, said = done, answers(mine)
            yield done


def stamp(path: Path) -> tuple[int, int] | None:
    """Return what changes with every save, or None while there is no file: an editor is about to put one there."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size
    return None


def _news(before: Checked, now: Checked, changed: set[str]) -> dict[str, list[Finding]]:
    """Return the findings that are new, and of a changed answer those that still fail."""
    old = {card["exercise"]: {f["title"]: (f["verdict"], f["message"]) for f in card["findings"]}
           for card in before.scorecards}  # fmt: skip
    news = {}
    for card in map(Scorecard.from_dict, now.scorecards):
        was = old.get(card.exercise, {})
        moved = [f for f in card.findings if was.get(f.title) != (f.verdict, f.message)]
        if moved or card.exercise in changed:
            news[card.exercise] = moved or [f for f in card.shown if f.verdict != "passed"]
    return news


def did_you_mean(wanted: str, known: list[str]) -> str:
    """Return the sentence that names what is near to `wanted`, or else everything that there is."""
    near = difflib.get_close_matches(wanted, known, n=3) or [name for name in known if wanted and wanted in name][:5]
    return f"Did you mean {' or '.join(near)}?" if near else f"These exist: {', '.join(known)}."


# --- progress ---------------------------------------------------------------------------------


@dataclass
class UnitProgress:
    """One unit: exercises done (all visible checks passed, or a written answer begun), points so far, minutes.

    Of these, `finished` are beyond doubt: hidden checks passed as well, the written answer was compared with the
    model answer, or the learner gave up and looked at the reference. It is `begun` when an answer was changed.
    """

    unit: str
    exercises: int = 0
    done: int = 0
    points: float = 0
    out_of: float = 0
    minutes: float = 0
    minutes_done: float = 0
    note: str = ""
    finished: int = 0
    begun: bool = False

    @property
    def state(self) -> str:
        """Where the learner is in it: "not started" (no answer yet), "going" or "done"."""
        if self.done == self.exercises:
            return "done"
        return "going" if self.begun or self.done else "not started"

    @property
    def minutes_left(self) -> float:
        return self.minutes - self.minutes_done


@dataclass
class Progress:
    """What a learner has done."""

    units: list[UnitProgress]

    @property
    def going(self) -> str | None:
        """The unit to go on with: the first that is begun and not done, or else the first that is not done."""
        left = [u for u in self.units if u.done < u.exercises]
        return next((u.unit for u in [*filter(lambda u: u.done or u.points, left), *left]), None)

    @property
    def total(self) -> UnitProgress:
        """All units as one."""
        names = ("exercises", "done", "points", "out_of", "minutes", "minutes_done")
        return UnitProgress("all", **{name: sum(getattr(unit, name) for unit in self.units) for name in names})


def progress(course: Course) -> Progress:
    """Return the learner's progress in every released unit: what was said of the answers that stand in `work/`."""
    return Progress([unit_progress(course, unit) for unit in course.units()])


def unit_progress(course: Course, unit: str) -> UnitProgress:
    """Return the learner's progress in one unit."""
    row, path, store = UnitProgress(unit), course.notebook("work", unit), Scorecards(course, unit)
    release, written, cards, gave_up = released(course, unit), {}, {}, store.given_up
    try:
        if path.exists():
            mine = read(path)
            written, cards = answers(mine), store.of(mine, release)
            row.begun = written != answers(release)
        else:
            row.note = f"start it: mft start {unit}"
    except Unreadable as error:
        row.note = str(error)
    for cell in release.cells:
        id_, about = exercise(cell), cell.metadata.get("nbgrader", {})
        row.out_of += about.get("points", 0) if about.get("grade") else 0
        if kind(cell) not in ("exercise", "manual"):
            continue
        card = cards.get(id_)
        row.points += card.earned if card else 0
        if kind(cell) == "exercise":
            done = bool(card and all(f.verdict == "passed" for f in card.findings if not f.hidden))
            finished = bool(card and card.complete and not card.hidden_points)
        else:
            done = finished = bool(card)
            done = done or written.get(id_, cell.source) != cell.source
        minutes = cell.metadata.mft.get("minutes", 0)
        row.exercises, row.done = row.exercises + 1, row.done + done
        row.finished += finished or id_ in gave_up
        row.minutes, row.minutes_done = row.minutes + minutes, row.minutes_done + minutes * done
    if path.exists() and not row.note and row.exercises:
        if row.finished == row.exercises:
            row.note = "finished"
        elif row.done == row.exercises and alone(course):
            row.note = f"finish it: mft finish {unit[:2]}"
    return row

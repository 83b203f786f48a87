"""One exercise by itself, against the clock: training for an interview. What failed or took too long comes back.

`write` makes the notebook in `work/drills/`. Its cells call `begin`, `judged` and `end`, which keep the clock in
`work/.mft/drills/`, a file a drill: what comes back when is computed from those files alone.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..checks import Scorecard
from ..course import files, routes
from ..course.files import Course, CourseError, free
from ..course.handin import answers, exercise, kind, read
from ..course.lesson import BEGIN_HIDDEN, END_HIDDEN, globals_stored, headings_of, reference
from . import texts
from .quiz import Standing, schedule
from .scorecards import Scorecards
from .workspace import released, spoken

if TYPE_CHECKING:
    from nbformat import NotebookNode

DAY = datetime.timedelta(days=1)


# --- the store --------------------------------------------------------------------------------


class Attempt(BaseModel):
    """One drill: of what, when it began, the seconds until all checks passed or it was given up."""

    unit: str
    exercise: str
    minutes: float
    began: datetime.datetime | None = None
    seconds: float | None = None
    gave_up: bool = False

    @property
    def grade(self) -> str:
        """The quiz's word for it; what was left in the middle is missed as well."""
        if self.seconds is None or self.gave_up:
            return "missed"
        return "knew" if self.seconds <= 60 * self.minutes else "partly"


def _path(course: Course, name: str) -> Path:
    return course.root / "work" / ".mft" / "drills" / f"{name}.json"


def _keep(course: Course, name: str, attempt: Attempt) -> None:
    try:
        files.write(_path(course, name), attempt.model_dump_json(indent=1).encode())
    except OSError as error:  # no clock, but the checks go on
        print(f"The clock could not be kept in {_path(course, name)}: {error.strerror}.")


def _attempt(course: Course, name: str) -> Attempt | None:
    with contextlib.suppress(OSError, ValueError):
        return Attempt.model_validate_json(_path(course, name).read_bytes())
    return None


def standings(course: Course) -> dict[tuple[str, str], Standing]:
    """Return (unit, exercise) → where it stands. What was missed comes back tomorrow: you have just
    seen it. What is solved in time at first rests for longer than a question would."""
    found = (_attempt(course, path.stem) for path in _path(course, "x").parent.glob("*.json"))
    begun = sorted((a for a in found if a and a.began), key=lambda a: a.began)
    known: dict[tuple[str, str], Standing] = {}
    for a in begun:
        day, key = a.began.astimezone().date(), (a.unit, a.exercise)
        known[key] = schedule(known.get(key) or Standing(box=1, due=day), a.grade, day)
        known[key].due = max(known[key].due, day + DAY)
    return known


def exercises(course: Course, unit: str | None = None) -> dict[tuple[str, str], float]:
    """Return (unit, exercise) → minutes of what can be drilled: exercises in which one programs."""
    units = [course.find_unit(unit)] if unit else course.units()
    found = (leg for leg in routes.legs(course).values() if leg.code and leg.unit in units)
    return {(leg.unit, leg.step.partition("/")[2]): leg.minutes for leg in found}


def due(course: Course, unit: str | None = None, today: datetime.date | None = None) -> list[tuple[str, str]]:
    """Return (unit, exercise) of what comes back today, the longest overdue first."""
    known, there = standings(course), exercises(course, unit)
    found = [key for key in known if key in there and known[key].due <= (today or datetime.date.today())]
    return sorted(found, key=lambda key: known[key].due)


# --- the notebook -----------------------------------------------------------------------------


@dataclass
class Drill:
    """A drill that was written: where, and the names that it takes from earlier exercises."""

    path: Path
    unit: str
    exercise: str
    minutes: float
    given: list[str]


def pick(course: Course, unit: str | None = None, chance: bool = False, language: str | None = None) -> Drill:
    """Write a drill of what comes back, or else of any exercise, first one that was never drilled.

    Args:
        unit: only this unit's.
        chance: any exercise, whatever comes back.

    Raises:
        CourseError: there is none.
    """
    known, others = standings(course), list(exercises(course, unit))
    random.shuffle(others)
    others.sort(key=lambda key: not chance and key in known)
    error = CourseError(f"There is no exercise in which you program in {unit or 'this course'}.")
    for name, wanted in dict.fromkeys([*([] if chance else due(course, unit)), *others]):
        try:
            return write(course, name, wanted, language)
        except CourseError as found:  # in a class: it builds on what is not written yet
            error = found
    raise error


def write(course: Course, unit: str, wanted: str, language: str | None = None) -> Drill:
    """Write a notebook with one exercise alone; the clock begins when its first cell runs.

    Args:
        unit: the unit, as its folder is named.
        language: None takes that of the learner's notebook.

    Raises:
        CourseError: it is no exercise in which one programs; or, in a copy for a class, it builds on one that the
            learner has not solved.
    """
    import nbformat
    from jinja2 import Template
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    there = exercises(course, unit)
    if (unit, wanted) not in there:
        can = ", ".join(name for _, name in there)
        raise CourseError(f"{wanted} is no exercise in which you program, so there is no drill of it. "
                          f"In {unit} there are: {can or 'none'}.")  # fmt: skip
    release = released(course, unit, language or spoken(course, unit))
    full = course.notebook("solutions", unit).exists()
    before, given, between = _needs(course, unit, wanted, release)
    *section, stub = _section(release, wanted)
    whole = _whole(course, unit).cells
    check = whole[_find(whole, "check", wanted)].source

    path = free(course.root / "work" / "drills" / f"{wanted}.ipynb")
    name = free(_path(course, path.stem)).stem
    minutes, head = there[unit, wanted], texts.words("drill")[release.metadata.mft.lang]["head"]
    said = Template(head).render(name=wanted, unit=unit, minutes=minutes, full=full,
                                 given=", ".join(f"`{n}`" for n in given))  # fmt: skip
    first = texts.page("drill.py.j2").render(name=name, before=before)
    end = f"# Do you give up, to see the reference? Write True for False.\nmft_drill.end({name!r}, give_up=False)"
    folded, elsewhere = {"jupyter": {"source_hidden": True}}, f"](../{unit}/{course.notebook('work', unit).name}#"
    cells = [
        new_markdown_cell(said),
        new_code_cell(first, metadata=folded),
        *(new_markdown_cell(c.source.replace("](#", elsewhere)) for c in section if kind(c) == "prose"),
        new_code_cell(stub.source, metadata={"mft": {"kind": "exercise", "exercise": wanted}}),
        *(new_code_cell(source, metadata=folded) for source in between),
        new_code_cell(_judging(check, stub.source, name),
                      metadata=folded | {"mft": {"kind": "check", "exercise": wanted}}),
        new_code_cell(end),
    ]  # fmt: skip
    for number, cell in enumerate(cells):
        cell.id = f"drill-{number}"
    nb = new_notebook(cells=cells, metadata=release.metadata)
    _keep(course, name, Attempt(unit=unit, exercise=wanted, minutes=minutes))
    files.write(path, nbformat.writes(nb).encode() + b"\n")
    return Drill(path, unit, wanted, minutes, given)


def _whole(course: Course, unit: str) -> NotebookNode:
    """Return the unit with references and hidden checks where this copy has them, or else as it was released."""
    path = course.notebook("solutions", unit)
    return read(path) if path.exists() else released(course, unit)


def _find(cells: list[NotebookNode], what: str, wanted: str) -> int:
    """Return where the cell of an exercise stands that is what is asked for."""
    return next(at for at, cell in enumerate(cells) if (kind(cell), exercise(cell)) == (what, wanted))


def _section(nb: NotebookNode, wanted: str) -> list[NotebookNode]:
    """Return the cells from the last heading before an exercise to its own, which is the last."""
    at = _find(nb.cells, "exercise", wanted)
    first = max((i for i in range(at) if kind(nb.cells[i]) == "prose" and headings_of(nb.cells[i].source)), default=0)
    return nb.cells[first : at + 1]


def _needs(course: Course, unit: str, wanted: str, release: NotebookNode) -> tuple[list[str], list[str], list[str]]:
    """Return what an exercise needs, found by the names that it, its check and those cells read in turn.

    The unit's first cell of code (its imports) and those of the exercise's own section are always there.

    Returns:
        The programs that come before it, in order; the names among them that earlier exercises define; the programs
        that stand between it and its check. References are sealed: who has not done the unit must not stumble on them.
    """
    from ..course.kernel import names
    from ..course.notebooks import sealed

    full = course.notebook("solutions", unit).exists()
    solved = {} if full else _solved(course, unit, release)
    cells = [c for c in _whole(course, unit).cells if kind(c) in ("code", "exercise", "check")]
    for c in cells:
        if kind(c) == "exercise":
            c.source = reference(c.source) if full else solved.get(exercise(c), c.source)
    about = {c.id: names(c) for c in cells}
    at, last = _find(cells, "exercise", wanted), _find(cells, "check", wanted)
    own, possible = cells[at], [c for c in cells[:last] if kind(c) != "check" and c is not cells[at]]
    section = _section(release, wanted)
    first = next(c for c in cells if kind(c) == "code")
    chosen = [c for c in possible if kind(c) == "code" and (c is first or c.id in {s.id for s in section})]
    asked = set(about[own.id].reads | about[cells[last].id].reads)
    if not full:  # a stub reads nothing yet: what the text names is needed
        asked |= set(re.findall(r"`(\w+)", "\n".join(c.source for c in section)))
    while True:
        asked |= {n for c in chosen for n in about[c.id].reads}
        open_ = asked - about[own.id].binds - {n for c in chosen for n in about[c.id].imports}
        more = [c for c in possible if c not in chosen and open_ & (about[c.id].binds | about[c.id].imports)]
        if not more:
            break
        chosen += more
    chosen.sort(key=cells.index)
    earlier = [c for c in chosen if kind(c) == "exercise"]
    if not full and (missing := [exercise(c) for c in earlier if exercise(c) not in solved]):
        raise CourseError(f"{wanted} builds on {' and '.join(missing)}, and a copy for a class has no answers but your "
                          f"own. Solve that first: mft lab {unit[:2]}, then mft check {unit[:2]}")  # fmt: skip
    source = {c.id: c.source if kind(c) == "code" or not full else sealed(c.source) for c in chosen}
    given = [n for c in earlier for n in sorted(about[c.id].binds & asked)]
    before, between = ([source[c.id] for c in chosen if (cells.index(c) < at) is side] for side in (True, False))
    return before, given, between


def _solved(course: Course, unit: str, release: NotebookNode) -> dict[str, str]:
    """Return exercise → the learner's answer, where it passed its checks as it stands."""
    if not course.notebook("work", unit).exists():
        return {}
    mine = read(course.notebook("work", unit))
    cards = Scorecards(course, unit).of(mine, release)
    return {name: text for name, text in answers(mine).items() if name in cards and cards[name].complete}


def _judging(check: str, stub: str, name: str) -> str:
    """Return a check cell that stops the clock: hidden checks sealed, and only this exercise's names the learner's."""
    from ..course.notebooks import sealed

    check = re.sub(f"(?ms)^{BEGIN_HIDDEN}\n(.*?)^{END_HIDDEN}$", lambda m: sealed(m[1]), check.rstrip())
    own, learners = globals_stored(stub), re.compile(r"(?ms)^mft_learners = (\[.*?\])$")
    check = learners.sub(lambda m: f"mft_learners = {[n for n in json.loads(m[1]) if n in own]}", check)
    head, *body, grade = check.split("\n")
    imports = ["from mftcourse.checks import run_sealed as mft_run_sealed",
               "from mftcourse.learning.drill import judged as mft_judged"]  # fmt: skip
    return "\n".join([head, *imports, "", *body, f"mft_judged({name!r}, {grade})"])


# --- in the notebook --------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a cell of a drill shows: a sentence, below it the checks, and texts beside each other, by heading."""

    said: str
    card: Scorecard | None = None
    beside: Iterable[tuple[str, str]] = ()

    def __repr__(self) -> str:
        return "\n\n".join([*([str(self.card)] if self.card else []), self.said,
                            *(f"{head}:\n\n{text}" for head, text in self.beside)])  # fmt: skip

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = self.card._repr_mimebundle_() if self.card else {}
        shown = {"card": bundle.get("text/html", ""), "said": self.said, "beside": self.beside}
        return bundle | {"text/plain": repr(self), "text/html": texts.page("outcome.html").render(shown)}


def begin(name: str) -> None:
    """Start the clock of a drill, unless it runs already: a restart of the kernel gives no time back."""
    course = Course.find()
    attempt = _attempt(course, name)
    if attempt is None:
        print("The clock of this drill is gone; the checks work without it. Write a new one: mft drill")
        return
    if attempt.began is None:
        attempt.began = datetime.datetime.now().astimezone()
        _keep(course, name, attempt)
    ends = attempt.began + datetime.timedelta(minutes=attempt.minutes)
    print(f"The clock runs since {attempt.began:%H:%M}. {attempt.minutes:g} minutes end at {ends:%H:%M}.")


def judged(name: str, card: Scorecard) -> Scorecard | Outcome:
    """Show a scorecard with the time; once all checks have passed, the reference too."""
    return end(name, card=card) or card


def end(name: str, give_up: bool = False, card: Scorecard | None = None) -> Outcome | None:
    """Say where the drill stands, with a scorecard or without one, or give it up."""
    course = Course.find()
    attempt = _attempt(course, name)
    if attempt is None:
        return None
    if attempt.began is None:
        return Outcome("The clock does not run yet: run the first cell.", card)
    if attempt.seconds is None:
        passed = (datetime.datetime.now().astimezone() - attempt.began).total_seconds()
        if not (card and card.complete) and not give_up:
            return Outcome(f"{_time(passed)} of {attempt.minutes:g} minutes.", card)
        attempt.seconds, attempt.gave_up = passed, give_up
        _keep(course, name, attempt)
    if card and not card.complete:
        return Outcome("This drill is over; you may go on without the clock.", card)
    took = f"{_time(attempt.seconds)}, of {attempt.minutes:g} minutes"
    back = standings(course)[attempt.unit, attempt.exercise].due
    said = {"knew": f"Solved in {took}.", "partly": f"Solved, but too slowly: {took}.",
            "missed": f"Given up after {took}."}[attempt.grade]  # fmt: skip
    columns = []
    if card or give_up:  # in the last cell nothing is repeated that stands below the checks
        columns = [("Your answer", _own(course, attempt)), ("The reference", _reference(course, attempt))]
    return Outcome(f"{said} It comes back on {back}: mft drill", card, columns)


def _time(seconds: float) -> str:
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _reference(course: Course, attempt: Attempt) -> str:
    path = course.notebook("solutions", attempt.unit)
    if not path.exists():
        return "# This copy of the course is for a class: the reference is with your instructor."
    return reference(answers(read(path))[attempt.exercise])


def _own(course: Course, attempt: Attempt) -> str:
    """Return the cells that this kernel has run and that define what the exercise asks for, the last ones."""
    from IPython import get_ipython

    asked, found = globals_stored(answers(released(course, attempt.unit))[attempt.exercise]), []
    for source in reversed(get_ipython().history_manager.input_hist_raw if get_ipython() else []):
        with contextlib.suppress(SyntaxError):
            if here := globals_stored(source) & asked:
                found.insert(0, source)
                asked -= here
    return "\n\n".join(found)

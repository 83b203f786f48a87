"""The learner's side: start, check, submit, progress, hint. No learner's file is ever overwritten.

There is no state but the learner's notebooks in `work/`: an update reads in their cells what the course had
released, and progress reads their scorecards.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import hashlib
import html
import itertools
import os
import re
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import MIME
from .grading.intake import Unreadable, answers, kind, name, read, repair
from .grading.intake import exercise as exercise_of
from .lab import course_root

if TYPE_CHECKING:
    from nbformat import NotebookNode


class WorkspaceError(Exception):
    """Something that a learner asked for cannot be done; `str(error)` says what was wrong and what to do."""


# --- units ------------------------------------------------------------------------------------


def units(root: Path | None = None, step: str = "release") -> list[str]:
    """Return the names of the units in `release/` (or another step), in order."""
    base = (root or course_root()) / step
    return sorted(p.name for p in base.glob("[0-9][0-9]-*") if p.is_dir()) if base.is_dir() else []


def find_unit(text: str, root: Path | None = None, step: str = "release") -> str:
    """Return the unit that "06", "6", "metrics" or "06-metrics" names; raise WorkspaceError for any other."""
    known = units(root, step)
    for unit in known:
        number, slug = unit.split("-", 1)
        if text.strip("/") in (unit, slug) or (text.isdigit() and int(text) == int(number)):
            return unit
    have = "These exist: " + ", ".join(known) if known else f"There is none in {step}/ yet; build them: mft build"
    raise WorkspaceError(f"There is no unit {text!r}. {have}.")


def release_path(unit: str, lang: str = "en", root: Path | None = None) -> Path:
    """Return the released notebook; raise WorkspaceError when the unit is not there in that language."""
    folder = (root or course_root()) / "release" / unit
    path = folder / ("" if lang == "en" else lang) / f"{unit.split('-', 1)[1]}.ipynb"
    if not path.is_file():
        other = ["en", *sorted(p.parent.name for p in folder.glob("*/*.ipynb"))]
        raise WorkspaceError(f"{unit} is not released in {lang!r}. It is there in: {', '.join(other)}.")
    return path


def work_path(unit: str, root: Path | None = None) -> Path:
    """Return where the learner's notebook of a unit is (or will be)."""
    return (root or course_root()) / "work" / unit / f"{unit.split('-', 1)[1]}.ipynb"


def _released(unit: str, root: Path, lang: str = "en") -> NotebookNode:
    return read(release_path(unit, lang, root))


def _learners(unit: str, root: Path) -> NotebookNode:
    path = work_path(unit, root)
    if not path.exists():
        raise WorkspaceError(f"You have not started {unit}: there is no {path.relative_to(root)}. "
                             f"Start it: mft start {unit}")  # fmt: skip
    return read(path)


def _lang(nb: NotebookNode) -> str:
    return nb.metadata.get("mft", {}).get("lang", "en")


# --- start ------------------------------------------------------------------------------------


@dataclass
class Started:
    """What `start` did.

    Attributes:
        path: the learner's notebook, or the new file that stands beside it.
        state: "copied" (it was not there), "there" (nothing to do), or "update" (a new file beside it).
        changes: for an update: what the course changed, by cell id.
        merged: for an update: the exercises whose answers were taken over.
        own_cells: for an update: cells of the learner's own, which stay only in the learner's file.
    """

    path: Path
    state: str
    changes: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    own_cells: int = 0


def start(unit: str, lang: str | None = None, root: Path | None = None, today: datetime.date | None = None) -> Started:
    """Copy a released unit to `work/`, or an update of it to a new file beside the learner's.

    Args:
        unit: as `find_unit` takes it.
        lang: None takes the language of the learner's notebook, or English.
        today: the date in the name of an update.
    """
    import nbformat

    root = root or course_root()
    unit = find_unit(unit, root)
    path = work_path(unit, root)
    mine = read(path) if path.exists() else None
    source = release_path(unit, lang or (_lang(mine) if mine else "en"), root)
    release, version = read(source), hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    release.metadata.setdefault("mft", {})["release"] = version
    done = Started(path, "copied")
    if mine:
        for beside in [path, *sorted(path.parent.glob(f"{path.stem}.update-*.ipynb"), reverse=True)]:
            with contextlib.suppress(Unreadable):
                if read(beside).metadata.get("mft", {}).get("release") == version:
                    return Started(beside, "there")
        done = _update(path, mine, release)
        if not done.changes:
            return Started(path, "there")
        date = (today or datetime.date.today()).isoformat()
        done.path = free(path.parent / f"{path.stem}.update-{date}.ipynb")
    _write(done.path, nbformat.writes(release).encode() + b"\n")
    return done


def _update(path: Path, mine: NotebookNode, release: NotebookNode) -> Started:
    """Put the learner's answers into the release where the exercise still has that id; say what differs.

    nbgrader left the checksum of every stub in its cell, so that it can be told from what was written there.
    """
    from nbgrader.utils import compute_checksum

    before = {name(c): c for c in mine.cells if kind(c)}
    done = Started(path, "update", own_cells=len(mine.cells) - len(before))
    if _lang(mine) != _lang(release):
        done.changes.append(f"the prose is now in {_lang(release)!r}")
    for cell in release.cells:
        old = before.pop(name(cell), None)
        if old is None:
            done.changes.append(f"new cell {name(cell)}")
            continue
        was, now = (c.metadata.get("nbgrader", {}).get("checksum") for c in (old, cell))
        answer = kind(cell) in ("exercise", "manual")
        if was != now:
            done.changes.append(f"changed {'exercise' if answer else 'cell'} {name(cell)}")
        if answer and not (was and compute_checksum(old) == was):
            cell.source = old.source
            done.merged.append(exercise_of(cell))
    done.changes += [f"removed cell {i}" for i in before]
    return done


def free(path: Path) -> Path:
    """Return `path`, or the first of path-2, path-3, … that is not taken."""
    names = (path.with_name(f"{path.stem}-{n}{path.suffix}") if n > 1 else path for n in itertools.count(1))
    return next(name for name in names if not name.exists())


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)


# --- check ------------------------------------------------------------------------------------


@dataclass
class Checked:
    """The scorecards of a run in a fresh kernel, as dicts, and sentences about what went wrong."""

    unit: str
    cards: list[dict[str, Any]]
    notes: list[str]
    seconds: float

    @property
    def passed(self) -> bool:
        """Every visible check ran and passed."""
        return bool(self.cards) and all(f["verdict"] == "passed" for card in self.cards for f in card["findings"])


def check(unit: str, exercise: str | None = None, root: Path | None = None, seconds: int | None = None) -> Checked:
    """Run the visible checks of the learner's notebook in a fresh kernel; the notebook is not changed.

    Args:
        unit: as `find_unit` takes it.
        exercise: only this one's check; the cells before it run too.
        seconds: the most that one cell may take.
    """
    from .grading.execute import execute

    root = root or course_root()
    unit = find_unit(unit, root)
    mine, release = _learners(unit, root), _released(unit, root)
    known = [exercise_of(c) for c in release.cells if kind(c) == "check"]
    if exercise is not None and exercise not in known:
        raise WorkspaceError(f"{unit} has no check of {exercise!r}. It has: {', '.join(known)}.")
    nb, notes = repair(mine, release)
    if exercise is not None:
        last = next(c for c in nb.cells if kind(c) == "check" and exercise_of(c) == exercise)
        before = nb.cells[: nb.cells.index(last)]
        nb.cells = [c for c in before if kind(c) != "check"] + [last]
    outcome = execute(nb, work_path(unit, root).parent, seconds)
    cards = []
    for cell in outcome.nb.cells:
        errors = [f"{o.ename}: {o.evalue}" for o in cell.get("outputs", []) if o.output_type == "error"]
        if kind(cell) == "check" and (card := _scorecard(cell)):
            cards.append(card)
        elif kind(cell) == "check":  # it always runs to `grade`, unless something outside its checks fails
            finding = {"title": "the whole check cell", "verdict": "failed", "message": " ".join(errors)}
            cards.append({"exercise": exercise_of(cell), "points": 0, "earned": 0, "findings": [finding]})
    return Checked(unit, cards, notes + outcome.notes, outcome.seconds)


def _scorecard(cell: NotebookNode) -> dict[str, Any] | None:
    for output in cell.get("outputs", []):
        data = output.get("data")
        card = data.get(MIME) if isinstance(data, dict) else None
        if isinstance(card, dict) and isinstance(card.get("findings"), list):
            return card
    return None


# --- submit -----------------------------------------------------------------------------------


@dataclass
class Submitted:
    """Where a submission went, where its copy is kept, and what the learner may want to know."""

    path: Path
    kept: Path
    student: str
    warnings: list[str]


def submit(unit: str, student: str | None = None, root: Path | None = None) -> Submitted:
    """Hand in the learner's notebook, in nbgrader's layout; every submission is kept in `work/` as well.

    Raises:
        Unreadable: the notebook cannot be read.
        WorkspaceError: it was not started or is another one, or the name cannot be the name of a folder.
    """
    root = root or course_root()
    unit = find_unit(unit, root)
    student = student or getpass.getuser()
    if not re.fullmatch(r"[\w@-][\w.@-]{0,63}", student):
        raise WorkspaceError(f"{student!r} cannot be the name of a folder. Use letters, digits, '.', '-', '_' or '@': "
                             f"mft submit {unit} --student NAME")  # fmt: skip
    mine, path = _learners(unit, root), work_path(unit, root)
    written, stubs = answers(mine), answers(_released(unit, root))
    if not written:
        raise WorkspaceError(f"{path.relative_to(root)} holds no exercise of {unit}. Is it another notebook? "
                             f"Move it away, then: mft start {unit}")  # fmt: skip
    open_ = [id_ for id_, stub in stubs.items() if written.get(id_, stub) == stub]
    unchecked = [exercise_of(c) for c in mine.cells if kind(c) == "check" and not _scorecard(c)]
    warnings = [f"Not answered: {', '.join(open_)}."] if open_ else []
    if never := [id_ for id_ in unchecked if id_ not in open_]:
        warnings.append(f"Answered, but the check was never run: {', '.join(never)}. Run: mft check {unit}")
    now = datetime.datetime.now(datetime.UTC)
    target = root / "submitted" / student / unit / path.name
    submissions = path.parent / "submissions"
    if target.exists() and target.read_bytes() not in {p.read_bytes() for p in submissions.glob("*.ipynb")}:
        _write(free(submissions / "earlier.ipynb"), target.read_bytes())  # from another copy of the course, perhaps
    kept = free(submissions / f"{now:%Y-%m-%dT%H-%M-%S}.ipynb")
    for copy in (kept, target):
        _write(copy, path.read_bytes())
    _write(target.with_name("timestamp.txt"), f"{now:%Y-%m-%d %H:%M:%S.%f} UTC\n".encode())
    return Submitted(target, kept, student, warnings)


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


def progress(root: Path | None = None) -> Progress:
    """Return the learner's progress in every released unit, from the notebooks in `work/`."""
    root = root or course_root()
    return Progress([_unit_progress(unit, root) for unit in units(root)])


def _unit_progress(unit: str, root: Path) -> UnitProgress:
    row, path = UnitProgress(unit), work_path(unit, root)
    mine: list[NotebookNode] = []
    try:
        mine = read(path).cells if path.exists() else []
        row.note = "" if path.exists() else f"start it: mft start {unit}"
    except Unreadable as error:
        row.note = str(error)
    cards = {exercise_of(c): card for c in mine if kind(c) == "check" and (card := _scorecard(c))}
    written = {exercise_of(c): c.source for c in mine if kind(c) == "manual"}
    for cell in _released(unit, root).cells:
        id_, about = exercise_of(cell), cell.metadata.get("nbgrader", {})
        row.out_of += about.get("points", 0) if about.get("grade") else 0
        if kind(cell) == "exercise":
            card = cards.get(id_, {"earned": 0, "findings": []})
            row.points += card["earned"]
            done = bool(card["findings"]) and all(f["verdict"] == "passed" for f in card["findings"])
        elif kind(cell) == "manual":
            done = written.get(id_, cell.source) != cell.source
        else:
            continue
        minutes = cell.metadata.mft.get("minutes", 0)
        row.exercises, row.done = row.exercises + 1, row.done + done
        row.minutes, row.minutes_done = row.minutes + minutes, row.minutes_done + minutes * done
    return row


# --- hint -------------------------------------------------------------------------------------


def hints(exercise_id: str, root: Path | None = None, lang: str | None = None) -> list[tuple[str, str]]:
    """Return the hint ladder of an exercise, from nudge to near-solution, as (title, markdown).

    `exercise_id` may name its unit: "06/precision". `lang` None takes that of the learner's notebook.
    """
    root = root or course_root()
    unit, _, wanted = exercise_id.rpartition("/")
    ids = {name: list(answers(_released(name, root))) for name in ([find_unit(unit, root)] if unit else units(root))}
    found = [name for name in ids if wanted in ids[name]]
    if not found:
        known = "; ".join(f"{name}: {', '.join(ids[name])}" for name in ids)
        raise WorkspaceError(f"There is no exercise {wanted!r}. These exist. {known}.")
    if len(found) > 1:
        both = " and ".join(found)
        raise WorkspaceError(f"{wanted} is an exercise of {both}. Name the unit: {found[0][:2]}/{wanted}.")
    own = work_path(found[0], root)
    lang = lang or (_lang(read(own)) if own.exists() else "en")
    cells = _released(found[0], root, lang).cells
    behind = 1 + max(i for i, c in enumerate(cells) if exercise_of(c) == wanted)
    prose = itertools.takewhile(lambda c: kind(c) == "prose" and not c.source.startswith("#"), cells[behind:])
    text = "\n".join(c.source for c in prose)
    ladder = re.findall(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", text, re.S)
    return [(title.strip(), body.strip()) for title, body in ladder]

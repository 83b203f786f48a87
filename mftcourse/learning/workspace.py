"""The learner's notebooks in `work/`: start a unit, take up an update, hand in. Nothing of a learner's is overwritten.

What the course had released is read in their own cells, and what checks said of them in `scorecards`.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..course.files import Course, CourseError, Unreadable, free, write
from ..course.handin import answers, exercise, kind, lang, name, read, read_and_tell
from .scorecards import Scorecards

if TYPE_CHECKING:
    from nbformat import NotebookNode


def released(course: Course, unit: str, language: str = "en") -> NotebookNode:
    """Return the released notebook of a unit."""
    return read(course.release(unit, language))


def started(course: Course, unit: str) -> tuple[NotebookNode, list[str]]:
    """Return the learner's notebook of a unit, and what of its file was set right or lost.

    Raises:
        CourseError: the learner has not started it.
    """
    path = course.notebook("work", unit)
    if not path.exists():
        raise CourseError(f"You have not started {unit}: there is no {path.relative_to(course.root)}. "
                          f"Start it: mft start {unit}")  # fmt: skip
    return read_and_tell(path)


def spoken(course: Course, unit: str) -> str:
    """Return the language of the learner's notebook while the unit is released in it, or English."""
    path = course.notebook("work", unit)
    mine = lang(read(path)) if path.exists() else "en"
    return mine if mine in course.languages(unit) else "en"


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


def start(course: Course, unit: str, language: str | None = None, today: datetime.date | None = None) -> Started:
    """Copy a released unit to `work/`, or an update of it to a new file beside the learner's.

    Args:
        unit: as `Course.find_unit` takes it.
        language: None takes the language of the learner's notebook while the unit is released in it, or English.
        today: the date in the name of an update.
    """
    import nbformat

    done, release = _compare(course, course.find_unit(unit), language)
    if done.state == "update":
        date = (today or datetime.date.today()).isoformat()
        done.path = free(done.path.parent / f"{done.path.stem}.update-{date}.ipynb")
    if done.state != "there":
        write(done.path, nbformat.writes(release).encode() + b"\n")
    return done


def newer(course: Course, unit: str) -> bool:
    """Say whether the course has released something newer than the learner's notebook and what stands beside it."""
    return _compare(course, unit, None)[0].state == "update"


def _compare(course: Course, unit: str, language: str | None) -> tuple[Started, NotebookNode]:
    """Return what `start` will have done, and the notebook that it writes."""
    path = course.notebook("work", unit)
    mine = read(path) if path.exists() else None
    source = course.release(unit, language or spoken(course, unit))
    release, version = read(source), hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    release.metadata.setdefault("mft", {})["release"] = version
    if mine is None:
        return Started(path, "copied"), release
    for beside in [path, *sorted(path.parent.glob(f"{path.stem}.update-*.ipynb"), reverse=True)]:
        with contextlib.suppress(Unreadable):
            if read(beside).metadata.get("mft", {}).get("release") == version:
                return Started(beside, "there"), release
    done = _update(path, mine, release)
    return done if done.changes else Started(path, "there"), release


def _update(path: Path, mine: NotebookNode, release: NotebookNode) -> Started:
    """Put the learner's answers into the release where the exercise still has that id; say what differs.

    nbgrader left the checksum of every stub in its cell, so that it can be told from what was written there.
    """
    from nbgrader.utils import compute_checksum

    before = {name(c): c for c in mine.cells if kind(c)}
    done = Started(path, "update", own_cells=len(mine.cells) - len(before))
    if lang(mine) != lang(release):
        done.changes.append(f"the prose is now in {lang(release)!r}")
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
            done.merged.append(exercise(cell))
    done.changes += [f"removed cell {i}" for i in before]
    return done


@dataclass
class HandedIn:
    """Where a hand-in went, where its copy is kept, and what the learner may want to know."""

    path: Path
    kept: Path
    student: str
    warnings: list[str]


def submit(course: Course, unit: str, student: str | None = None) -> HandedIn:
    """Hand in the learner's notebook, in nbgrader's layout; every one is kept in `work/` as well.

    Raises:
        Unreadable: the notebook cannot be read.
        CourseError: it was not started or is another one, or the name cannot be the name of a folder.
    """
    unit = course.find_unit(unit)
    student = student or getpass.getuser()
    if not re.fullmatch(r"[\w@-][\w.@-]{0,63}", student):
        raise CourseError(f"{student!r} cannot be the name of a folder. Use letters, digits, '.', '-', '_' or '@': "
                          f"mft submit {unit} --student NAME")  # fmt: skip
    (mine, warnings), path = started(course, unit), course.notebook("work", unit)
    release = released(course, unit)
    written, stubs = answers(mine), answers(release)
    if not written:
        raise CourseError(f"{path.relative_to(course.root)} holds no exercise of {unit}. Is it another notebook? "
                          f"Move it away, then: mft start {unit}")  # fmt: skip
    open_ = [id_ for id_, stub in stubs.items() if written.get(id_, stub) == stub]
    cards = Scorecards(course, unit).of(mine, release)
    never = [exercise(c) for c in mine.cells if kind(c) == "check" and exercise(c) not in [*cards, *open_]]
    warnings += [f"Not answered: {', '.join(open_)}."] if open_ else []
    if never:
        warnings.append(f"Answered, but not checked since: {', '.join(never)}. Run: mft check {unit}")
    now = datetime.datetime.now(datetime.UTC)
    target = course.notebook("submitted", unit, student)
    earlier = path.parent / "submissions"
    if target.exists() and target.read_bytes() not in {p.read_bytes() for p in earlier.glob("*.ipynb")}:
        write(free(earlier / "earlier.ipynb"), target.read_bytes())  # from another copy of the course, perhaps
    kept = free(earlier / f"{now:%Y-%m-%dT%H-%M-%S}.ipynb")
    for copy in (kept, target):
        write(copy, path.read_bytes())
    write(target.with_name("timestamp.txt"), f"{now:%Y-%m-%d %H:%M:%S.%f} UTC\n".encode())
    return HandedIn(target, kept, student, warnings)

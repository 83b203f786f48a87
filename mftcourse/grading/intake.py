"""Find what students handed in, and take it in: one sound notebook with the files beside it, or a sentence.

Nothing below `submitted/` is believed; `below.py` opens it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import parse_utc

from ..course.files import Course, Unreadable
from ..course.handin import exercise, kind, name, places, read, repair, squeezed, untouched
from ..course.recover import CUT, MAX_BYTES, plain, recover
from .below import Found, files, hidden, members, on_disk, opened, unzipped

MAX_NOTEBOOKS, MAX_FILES, MAX_BESIDE = 8, 50, 10_000_000
BESIDE = {".py", ".csv", ".tsv", ".txt", ".json", ".npy", ".npz", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".md",
          ".yaml", ".yml", ".toml", ".safetensors"}  # fmt: skip
OTHER = {".csv", ".txt", ".md", ".pdf", ".html", ".json"}  # nobody's hand-in, where it lies directly in submitted/
# How Moodle (a folder or a file each) and Canvas name what is in the zips that they export.
EXPORTS = (
    re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)", re.S),
    re.compile(r"(?P<who>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)", re.S),
)


@dataclass
class HandIn:
    """What was taken in of one student.

    Attributes:
        nb: the repaired notebook.
        files: what lay beside it, by relative POSIX path.
        notes: a sentence for everything that was not as it should be.
        timestamp: the text of timestamp.txt; None where there is none that nbgrader takes for a date.
        sha256: of everything that was taken in.
        blank: nothing was written in it.
    """

    nb: NotebookNode
    files: dict[str, bytes]
    notes: list[str]
    timestamp: str | None
    sha256: str
    blank: bool


# --- where hand-ins are -----------------------------------------------------------------------


def hand_ins(course: Course, unit: str) -> dict[str, Path]:
    """Return the place of what each student handed in for a unit, sound or not.

    That is `submitted/<student>/<unit>`, whatever it is; else what the student's folder holds of the unit elsewhere;
    else `<zip>/<student>` in what a learning platform exported to `submitted/`. Other things directly in
    `submitted/` have no known student: they are there by their own name, for `take` to say so.
    """
    base, found, zips = course.root / "submitted", {}, []
    for path in sorted(base.iterdir()) if base.is_dir() else []:
        about, suffix, place = path.lstat(), path.suffix.lower(), None
        if stat.S_ISREG(about.st_mode) and suffix == ".zip":
            zips.append((-about.st_mtime, path))
        elif path.name == unit:  # student and unit swapped
            place = path
        elif not (hidden(path.name) or path.name in _units(course) or suffix in OTHER):
            usual = stat.S_ISDIR(about.st_mode) and os.path.lexists(path / unit)
            place = path / unit if usual else _elsewhere(course, unit, path)
        if place:
            found[path.name] = place
    for _, path in sorted(zips):  # of several exports the latest
        with ExitStack() as stack:
            try:
                students = _export(course, unit, path, stack)
            except Unreadable:
                students = {}
            notebooks = [file for inside in students.values() for file in inside if file.notebook]
            if 2 * sum(_may_be(course, unit, file) for file in notebooks[:9]) >= len(notebooks[:9]):
                for student in students or [""]:
                    found.setdefault(student or path.name, path / student)
    return found


def _elsewhere(course: Course, unit: str, place: Path) -> Path | None:
    """Return where in a folder something of the unit lies, the folder itself if in several places, or None."""
    with ExitStack() as stack:
        try:
            there, closed = files(course.root / "submitted", place, stack, _units(course) - {unit})
        except (OSError, Unreadable):
            return place
        here = {file.disk for file in there if _may_be(course, unit, file)}
        here |= {place / path for path in closed if _slug(unit) in path or Path(path).suffix in (".ipynb", ".zip")}
    return here.pop() if len(here) == 1 else place if here else None


def _may_be(course: Course, unit: str, file: Found) -> bool:
    """Say whether a file has the unit's name, or is a notebook that holds cells of it or that nobody can read."""
    if file.last.lower().split(".")[0] in (unit, _slug(unit)):
        return True
    try:
        nb = file.notebook and recover(file.read(MAX_BYTES), file.last)[0]
        return bool(nb) and not _why_not(course, unit, nb, _release(course, unit))
    except (OSError, Unreadable):
        return True


def _export(course: Course, unit: str, path: Path, stack: ExitStack) -> dict[str, list[Found]]:
    """Return student → files of a zip that a learning platform, or a copy of submitted/, was made into.

    Where two have the same name, the platform's number is added. Under '' are notebooks that nobody's name is on.
    """
    found: dict[tuple[str, str], list[Found]] = {}
    units = _units(course)
    for file in members(on_disk(course.root / "submitted", path, path.name), stack, strict=False):
        parts = file.name.split("/")[1:]
        who, number, rest = "", "", parts
        if unit in parts[1:]:
            at = parts.index(unit, 1)
            who, rest = parts[at - 1], parts[at + 1 :]
        elif units & set(parts[1:]):
            continue
        elif known := [(at, m) for at, part in enumerate(parts) for export in EXPORTS if (m := export.fullmatch(part))]:
            at, match = known[0]
            who, number, rest = match["who"].strip(), match["id"], [match["rest"], *parts[at + 1 :]]
        if not who.isprintable() or who[:1] == ".":  # nobody is called so, and no folder had better be
            who = number = ""
        if who or file.notebook:
            found.setdefault((who, number), []).append(replace(file, name="/".join(filter(None, rest))))
    names = [who for who, _ in found]
    return {f"{who}_{id_}" if names.count(who) > 1 else who: inside for (who, id_), inside in found.items()}


# --- what is in them --------------------------------------------------------------------------


@dataclass
class _Candidate:
    """A notebook of the unit. `score`: 2 with answers, 1 with code of the learner's own, 0 as released."""

    file: Found
    digest: str
    nb: NotebookNode
    notes: list[str]
    answered: int
    score: int


def take(course: Course, unit: str, student: str, path: Path, release: NotebookNode) -> HandIn:
    """Take in what a student handed in, from the place that `hand_ins` gave: read, repaired, with what lay beside it.

    The notebook is the one with the unit's name if anything is answered in it, else the latest that is answered.
    One of another unit, or without any of the unit's cells, is never taken.

    Raises:
        Unreadable: there is nothing to take in; the sentence says what was found and what to do.
    """
    base, where = course.root / "submitted", plain(path.relative_to(course.root).as_posix(), 100)
    said: list[str] = []
    there: list[str] = []
    try:
        if path.parent == base and (path.name == unit or not stat.S_ISDIR(path.lstat().st_mode)):
            os.close(opened(base, path))  # a link has a sentence of its own
            export = " (nor is it an export of Moodle or Canvas)" if path.suffix.lower() == ".zip" else ""
            raise Unreadable(f"{where} lies directly in submitted/, so it is not known whose it is{export}. Move what "
                             f"is in it to submitted/<student>/{unit}/.")  # fmt: skip
        usual = path == base / student / unit
        for place in [path, path.parent] if usual else [path]:
            with ExitStack() as stack:
                if path.parent.parent == base and stat.S_ISREG(path.parent.lstat().st_mode):
                    found, closed = unzipped(_export(course, unit, path.parent, stack)[path.name], stack)
                else:
                    found, closed = files(base, place, stack, _units(course) - {unit})
                best, refused = _best(course, unit, found, release)
                if best and (best.score or not usual or place != path):
                    file, right = best.file, path / f"{_slug(unit)}.ipynb"
                    came = file.name if usual and place == path else file.disk.relative_to(base).as_posix()
                    notes = [] if file.disk == right and not file.depth else [f"It was handed in as {plain(came)}."]
                    if usual and place == path and (strays := _strays(course, unit, path.parent)):
                        notes.append(f"Outside of {unit}/ lies more, which was not looked at: {_some(strays)}.")
                    return _taken(best, found, closed, notes, release)
            said += [*refused, *closed.values()]
            there = there or [file.name for file in found]
    except (OSError, KeyError):
        raise Unreadable(f"{where} cannot be read: the system refuses to open it.") from None
    what = f"there is {_some(there)}" if there else "it is empty"
    said.append(f"{where} holds no notebook; {what}. Hand in {_slug(unit)}.ipynb.")
    raise Unreadable(plain(said[0], 300))


def _best(course: Course, unit: str, found: list[Found], release: NotebookNode) -> tuple[_Candidate | None, list[str]]:
    """Return the notebook to take, and why others cannot be taken."""
    right, known = f"{_slug(unit)}.ipynb", {name(cell): cell for cell in release.cells}
    fit: list[_Candidate] = []
    refused = []
    notebooks = sorted((f for f in found if f.notebook), key=lambda f: (f.last.lower() != right, -f.changed, f.name))
    for file in notebooks[:MAX_NOTEBOOKS]:
        try:
            data = file.read(MAX_BYTES)
            nb, notes = recover(data, file.last)
            if why := _why_not(course, unit, nb, release):
                raise Unreadable(" ".join([plain(file.name), why, *(note for note in notes if note.startswith(CUT))]))
        except Unreadable as error:
            refused.append(str(error))
            continue
        cells = [(known.get(key), cell) for key, cell in zip(places(nb, release), nb.cells, strict=True)]
        mine = [(old, cell) for old, cell in cells if old and kind(old) in ("exercise", "manual") and squeezed(cell)]
        answered = sum(not untouched(cell, old) for old, cell in mine)
        own = any(cell.cell_type == "code" and squeezed(cell) for old, cell in cells if not old)
        fit.append(_Candidate(file, hashlib.sha256(data).hexdigest(), nb, notes, answered, 2 if answered else own))
    most = max((c.answered for c in fit), default=0)

    def rank(c: _Candidate) -> tuple[int, bool, float]:
        whole = c.answered == most or not any(note.startswith(CUT) for note in c.notes)
        return c.score, whole and c.file.last.lower() == right, c.file.changed

    return max(fit, key=rank, default=None), refused


def _why_not(course: Course, unit: str, nb: NotebookNode, release: NotebookNode) -> str:
    """Return why a notebook is not one of the unit, or ''. Units share names of exercises, so the most count."""
    told, held, whole = nb.metadata.get("mft", {}).get("unit", ""), *_held(nb, release)
    others = _units(course) - {unit}
    if not held and told not in others:
        return f"holds none of the cells of this unit. Hand in the notebook of {unit}."
    if held and told != unit and 2 * held <= whole:
        counts = {other: _held(nb, _release(course, other))[0] for other in others}
        told = max(counts, key=lambda other: (counts[other], other == told), default="")
        held = held if counts.get(told, 0) <= held else 0
    return "" if held else f"is a notebook of {told}, not of {unit}. Hand in the notebook of {unit}."


def _held(nb: NotebookNode, release: NotebookNode) -> tuple[int, int]:
    """Return how many cells of a release's exercises a notebook holds, and of how many."""
    whole = {name(cell) for cell in release.cells if exercise(cell)}
    return len(whole.intersection(places(nb, release))), len(whole)


def _taken(
    best: _Candidate, found: list[Found], closed: dict[str, str], notes: list[str], release: NotebookNode
) -> HandIn:
    """Return the hand-in whose notebook was chosen."""
    file, folder = best.file, best.file.name[: -len(best.file.last)]
    nb, repairs = repair(best.nb, release)
    kept: dict[str, bytes] = {}
    left: list[str] = []
    stamps = [f for f in found if f.name in ("timestamp.txt", f"{folder}timestamp.txt")]
    beside = [f for f in found if f.name.startswith(folder) and f.depth == file.depth and not f.notebook]
    for f in sorted(beside, key=lambda f: (f.name.count("/"), f.name)):
        path = f.name.removeprefix(folder)
        fit = f.suffix in BESIDE and path.isprintable() and len(path) <= 200 and len(kept) < MAX_FILES
        fit = fit and not {"", ".", ".."} & {*path.split("/")}
        try:
            if not any(f is stamp for stamp in stamps):
                kept[path] = f.read(MAX_BESIDE - sum(map(len, kept.values())) if fit else -1)
        except Unreadable:
            left.append(f.name)
    timestamp = None
    with suppress(Exception):  # there is none, or dateutil raises what it likes
        said = stamps[0].read(200).decode("utf-8-sig").strip()
        parse_utc(said)
        timestamp = said
    others = [f.name for f in found if f.notebook and f is not file]
    limits = f"at most {MAX_FILES} files, {MAX_BESIDE / 1e6:.0f} MB, of kinds that a notebook reads"
    if others:
        notes.append(f"Other notebooks lie there and were not taken: {_some(others)}.")
    if left:
        notes.append(f"Left out of what lies beside it ({limits}): {_some(left)}.")
    if not timestamp and (stamps or "timestamp.txt" in closed):
        notes.append("Its timestamp.txt holds no date, so it is not known whether it is late.")
    notes += list(closed.values())[:4]
    if len(closed) > 4:
        notes.append(f"{len(closed) - 4} more were not opened.")
    notes += [*best.notes, *repairs]
    parts = [best.digest, timestamp, *((path, hashlib.sha256(data).hexdigest()) for path, data in kept.items())]
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return HandIn(nb, kept, [plain(note, 300) for note in notes], timestamp, digest, not best.score)


def _strays(course: Course, unit: str, folder: Path) -> list[str]:
    """Return the names of what else in a student's folder may be of the unit."""
    at = opened(course.root / "submitted", folder)
    try:
        names = set(os.listdir(at)) - _units(course)
    finally:
        os.close(at)
    return sorted(n for n in names if _slug(unit) in n.lower() and n != unit and not hidden(n))


def _some(names: list[str]) -> str:
    return ", ".join(plain(n, 40) for n in names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")


def _units(course: Course) -> set[str]:
    steps = ("release", "solutions")
    return {unit for step in steps for unit in course.units(step) if course.notebook(step, unit).is_file()}


def _slug(unit: str) -> str:
    return unit.split("-", 1)[1]


def _release(course: Course, unit: str) -> NotebookNode:
    """Return a unit as released, or, for the names of its cells, its solution."""
    plain_, solved = (course.notebook(step, unit) for step in ("release", "solutions"))
    return read(plain_ if plain_.is_file() else solved)

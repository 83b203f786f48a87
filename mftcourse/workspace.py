"""The learner's side: start, check, submit, progress, hint. No learner's file is ever overwritten.

The released unit is copied to `work/`; what it was copied from is kept in `work/.mft/`, so that an update
can tell what the course changed from what the learner wrote. Progress has no state of its own: it reads the
scorecards in the learner's notebooks.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .lab import course_root

if TYPE_CHECKING:
    from nbformat import NotebookNode

MIME = "application/vnd.mftcourse.scorecard+json"


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
    from .grading.intake import read

    return read(release_path(unit, lang, root))


def _learners(unit: str, root: Path) -> tuple[Path, NotebookNode]:
    from .grading.intake import Unreadable, read

    path = work_path(unit, root)
    if not path.exists():
        raise WorkspaceError(f"You have not started {unit}: there is no {path.relative_to(root)}. "
                             f"Start it: mft start {unit}")  # fmt: skip
    try:
        return path, read(path)
    except Unreadable as error:
        raise WorkspaceError(str(error)) from None


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
    from .grading.intake import Unreadable, read

    root = root or course_root()
    unit = find_unit(unit, root)
    path = work_path(unit, root)
    if not path.exists():
        source = release_path(unit, lang or "en", root)
        data = source.read_bytes()
        _write_new(path, _stamped(read(source), _hash(data)))
        _write_new(_base(root, unit, _hash(data)), data)
        return Started(path, "copied")
    _, mine = _learners(unit, root)
    source = release_path(unit, lang or _about(mine).get("lang", "en"), root)
    data = source.read_bytes()
    for beside in [path, *sorted(path.parent.glob(f"{path.stem}.update-*.ipynb"), reverse=True)]:
        with contextlib.suppress(Unreadable):
            if _about(read(beside)).get("release") == _hash(data):
                return Started(beside, "there")
    release = read(source)
    base_file = _base(root, unit, str(_about(mine).get("release", "unknown")))
    base = read(base_file) if base_file.exists() else None
    if base is None and _code_of(mine) == _code_of(release):
        return Started(path, "there")
    done = Started(path, "update", _changes(base or mine, release))
    done.merged = _merge(release, mine, base)
    known_ids = {c.id for c in (base or release).cells}
    done.own_cells = sum(c.id not in known_ids for c in mine.cells)
    date = (today or datetime.date.today()).isoformat()
    done.path = _free(path.parent / f"{path.stem}.update-{date}.ipynb")
    _write_new(done.path, _stamped(release, _hash(data)))
    _write_new(_base(root, unit, _hash(data)), data)
    return done


def _changes(old: NotebookNode, new: NotebookNode) -> list[str]:
    """Say which cells an update adds, changes and removes, by cell id."""
    before, after = ({c.id: c.source for c in nb.cells} for nb in (old, new))
    answers = {c.id for c in new.cells if c.metadata.get("mft", {}).get("kind") in ("exercise", "manual")}
    lines = [f"new cell {i}" for i in after if i not in before]
    differ = [i for i in after if before.get(i, after[i]) != after[i]]
    lines += [f"changed {'exercise' if i in answers else 'cell'} {i}" for i in differ]
    return lines + [f"removed cell {i}" for i in before if i not in after]


def _merge(release: NotebookNode, mine: NotebookNode, base: NotebookNode | None) -> list[str]:
    """Put the learner's answers into the new release where the exercise still has that id; return these ids."""
    from .grading.intake import answers, exercise, kind

    written, stubs = answers(mine), answers(base or release)
    taken = []
    for cell in release.cells:
        name = exercise(cell)
        if kind(cell) in ("exercise", "manual") and name in written and written[name] != stubs.get(name):
            cell.source = written[name]
            taken.append(name)
    return taken


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _stamped(nb: NotebookNode, origin: str) -> bytes:
    """Return the file of a notebook that says which release it comes from."""
    import nbformat

    nb.metadata.setdefault("mft", {})["release"] = origin
    return nbformat.writes(nb).encode() + b"\n"


def _about(nb: NotebookNode) -> dict[str, Any]:
    """Return what a notebook says of itself: "unit", "lang", "release"; {} where an editor dropped it."""
    meta = nb.metadata.get("mft")
    return meta if isinstance(meta, dict) else {}


def _base(root: Path, unit: str, origin: str) -> Path:
    return root / "work" / ".mft" / unit / f"{origin}.ipynb"


def _code_of(nb: NotebookNode) -> list[str]:
    return [c.source for c in nb.cells if c.metadata.get("mft", {}).get("kind") not in ("exercise", "manual", None)]


def _free(path: Path) -> Path:
    """Return `path`, or the first of path-2, path-3, … that is not taken."""
    names = (path.with_name(f"{path.stem}-{n}{path.suffix}") if n > 1 else path for n in itertools.count(1))
    return next(name for name in names if not name.exists())


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there, whole or not at all; one with this name stays as it is."""
    if path.exists():
        return
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
    from .grading.intake import exercise as exercise_of
    from .grading.intake import kind, repair

    root = root or course_root()
    unit = find_unit(unit, root)
    path, mine = _learners(unit, root)
    release = _released(unit, root)
    known = [exercise_of(c) for c in release.cells if kind(c) == "check"]
    if exercise is not None and exercise not in known:
        raise WorkspaceError(f"{unit} has no check of {exercise!r}. It has: {', '.join(known)}.")
    nb, notes = repair(mine, release)
    if exercise is not None:
        last = next(c for c in nb.cells if kind(c) == "check" and exercise_of(c) == exercise)
        before = nb.cells[: nb.cells.index(last)]
        nb.cells = [c for c in before if kind(c) != "check"] + [last]
    outcome = execute(nb, path.parent, seconds)
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
        WorkspaceError: the notebook cannot be read, or the name cannot be the name of a folder.
    """
    from .grading.intake import answers, exercise, kind

    root = root or course_root()
    unit = find_unit(unit, root)
    student = student or getpass.getuser()
    if not re.fullmatch(r"[\w@-][\w.@-]{0,63}", student):
        raise WorkspaceError(f"{student!r} cannot be the name of a folder. Use letters, digits, '.', '-', '_' or '@': "
                             f"mft submit {unit} --student NAME")  # fmt: skip
    path, mine = _learners(unit, root)
    release = _released(unit, root)
    written, stubs = answers(mine), answers(release)
    if not written:
        raise WorkspaceError(f"{path.relative_to(root)} holds no exercise of {unit}. Is it another notebook? "
                             f"Move it away, then: mft start {unit}")  # fmt: skip
    warnings = []
    open_ = [name for name, stub in stubs.items() if written.get(name, stub) == stub]
    never = [exercise(c) for c in mine.cells if kind(c) == "check" and not _scorecard(c) and exercise(c) not in open_]
    if open_:
        warnings.append(f"Not answered: {', '.join(open_)}.")
    if never:
        warnings.append(f"Answered, but the check was never run: {', '.join(never)}. Run: mft check {unit}")
    now = datetime.datetime.now(datetime.UTC)
    target = root / "submitted" / student / unit / path.name
    kept = path.parent / "submissions"
    data, earlier = path.read_bytes(), target.with_name("timestamp.txt")
    if target.exists():  # handed in from another copy of the course, perhaps: keep it as well
        when = re.sub(r"\W+", "-", earlier.read_text().strip()) if earlier.exists() else "earlier"
        if target.read_bytes() not in {p.read_bytes() for p in kept.glob("*.ipynb")}:
            _write_new(_free(kept / f"{when}.ipynb"), target.read_bytes())
    copy = _free(kept / f"{now:%Y-%m-%dT%H-%M-%S}.ipynb")
    _write_new(copy, data)
    target.parent.mkdir(parents=True, exist_ok=True)
    for file, content in ((target, data), (earlier, f"{now:%Y-%m-%d %H:%M:%S.%f} UTC\n".encode())):
        part = file.with_name(file.name + ".part")
        part.write_bytes(content)
        os.replace(part, file)
    return Submitted(target, copy, student, warnings)


# --- progress ---------------------------------------------------------------------------------


@dataclass
class UnitProgress:
    """One unit: exercises done (all visible checks passed, or a written answer begun), points so far, minutes."""

    unit: str
    started: bool
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
        lines = []
        total = UnitProgress("all", True)
        for u in [*self.units, total]:
            lines.append((u.unit, f"{u.done} of {u.exercises}", f"{u.points:g} of {u.out_of:g}",
                          f"{u.minutes_done:g} of {u.minutes:g}", u.note))  # fmt: skip
            for key in ("exercises", "done", "points", "out_of", "minutes", "minutes_done"):
                setattr(total, key, getattr(total, key) + getattr(u, key))
        return lines

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
    from .grading.intake import Unreadable, answers, exercise, kind, read

    root = root or course_root()
    found = []
    for unit in units(root):
        release = _released(unit, root)
        path = work_path(unit, root)
        row = UnitProgress(unit, path.exists())
        try:
            mine = read(path).cells if row.started else []
        except Unreadable as error:
            mine, row.note = [], str(error)
        cards = {exercise(c): card for c in mine if kind(c) == "check" and (card := _scorecard(c))}
        written, stubs = {exercise(c): c.source for c in mine if kind(c) == "manual"}, answers(release, ("manual",))
        for cell in release.cells:
            meta = cell.metadata.get("nbgrader", {})
            row.out_of += meta.get("points", 0) if meta.get("grade") else 0
            if kind(cell) not in ("exercise", "manual"):
                continue
            name, minutes = exercise(cell), cell.metadata["mft"].get("minutes", 0)
            card = cards.get(name, {})
            verdicts = [f.get("verdict") for f in card.get("findings", [])]
            done = bool(verdicts) and all(v == "passed" for v in verdicts)
            if kind(cell) == "manual":
                done = written.get(name, stubs[name]) != stubs[name]
            row.exercises += 1
            row.done += done
            row.minutes += minutes
            row.minutes_done += minutes if done else 0
            row.points += float(card.get("earned", 0))
        row.note = row.note or ("" if row.started else f"start it: mft start {unit}")
        found.append(row)
    return Progress(found)


# --- hint -------------------------------------------------------------------------------------


def hints(exercise_id: str, root: Path | None = None, lang: str | None = None) -> list[tuple[str, str]]:
    """Return the hint ladder of an exercise, from nudge to near-solution, as (title, markdown).

    `exercise_id` may name its unit: "06/precision". `lang` None takes that of the learner's notebook.
    """
    from .grading.intake import exercise, kind

    root = root or course_root()
    unit, _, name = exercise_id.rpartition("/")
    known: list[str] = []
    for candidate in [find_unit(unit, root)] if unit else units(root):
        own = work_path(candidate, root)
        spoken = lang or (_about(_learners(candidate, root)[1]).get("lang", "en") if own.exists() else "en")
        cells = _released(candidate, root, spoken).cells
        ids = [exercise(c) for c in cells if kind(c) in ("exercise", "manual")]
        known += [f"{candidate}: {', '.join(ids)}"]
        if name not in ids:
            continue
        last = max(i for i, c in enumerate(cells) if exercise(c) == name)
        ladder = []
        for cell in cells[last + 1 :]:
            if kind(cell) != "prose" or re.match(r"#+ ", cell.source):
                break
            ladder += re.findall(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", cell.source, re.S)
        return [(title.strip(), text.strip()) for title, text in ladder]
    raise WorkspaceError(f"There is no exercise {name!r}. These exist. {'; '.join(known)}.")

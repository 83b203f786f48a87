"""From whatever a learner handed in to a sound notebook that nbgrader can grade.

nbgrader stops at a notebook that it cannot read and stumbles over copied or deleted cells. Here such a
notebook is either refused with a sentence, or rebuilt: the learner's cells in the learner's order, with
the released notebook's word on what each cell is and on everything that is locked.
"""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import MIME
from .files import Unreadable

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAX_BYTES = 100_000_000
FIELDS = {"code": ("outputs", "execution_count"), "markdown": ("attachments",), "raw": ()}  # besides those of all


def read(path: Path) -> NotebookNode:
    """Read a notebook of any version; raise `Unreadable` with a sentence when it isn't one."""
    import nbformat  # here, as it takes a second: the command line must not wait for it at every Tab

    again = "Open it in JupyterLab and save it again, or go back to an earlier copy."
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise Unreadable(f"{path.name} is {size / 1e6:.0f} MB. Clear its outputs and save it again.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unreadable(f"{path.name} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name} cannot be read ({error}). {again}") from None
    if not text.strip():
        raise Unreadable(f"{path.name} is empty. {again}")
    try:
        json.loads(text)  # for its message: nbformat quotes the whole file instead
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about ids that are there twice or missing; nbformat sets them right
            nb = nbformat.reads(text, as_version=4)
        return nbformat.v4.new_notebook(cells=[_rebuild(cell) for cell in nb.cells], metadata=nb.metadata)
    except Exception as error:  # nbformat's own errors have no common base
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
        raise Unreadable(f"{path.name} is not a notebook: {reason}. {again}") from None


def _rebuild(cell: NotebookNode) -> NotebookNode:
    """Return a cell with the fields that its type has, whatever other programs left out or added."""
    from nbformat import ValidationError, v4

    cell_type = cell.cell_type if cell.cell_type in FIELDS else "raw"
    kept = {field: cell[field] for field in ("id", "metadata", *FIELDS[cell_type]) if field in cell}
    make = getattr(v4, f"new_{cell_type}_cell")
    try:
        made = make(cell.source, **kept)
    except (ValidationError, TypeError):  # a malformed id or output must not cost the answer
        made = make(cell.source, metadata=kept.get("metadata", {}))
    for own in ("nbgrader", "mft"):
        about = made.metadata.get(own)
        if not isinstance(about, dict) or any(isinstance(value, dict | list) for value in about.values()):
            made.metadata.pop(own, None)
    return made


def repair(nb: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the learner's notebook with every released cell in order, and a sentence for each repair.

    Locked cells get the released source, deleted ones come back before the released cell that followed
    them, a copied cell keeps the released id only at its last place (nbgrader's rule). A demonstration
    is marked as one (graders leave it out) only where it is exactly as released. Outputs are dropped.
    """
    from nbformat.v4 import new_notebook

    known = {name(cell): cell for cell in release.cells}
    by_id = {cell.id: name(cell) for cell in release.cells}
    cells: list[NotebookNode] = []
    place: dict[str, NotebookNode] = {}
    found: dict[str, list[str]] = {}

    def note(what: str, key: str) -> None:
        found.setdefault(what, []).insert(0, _label(known[key]))

    for cell in reversed(copy.deepcopy(nb.cells)):
        key = name(cell) if name(cell) in known else by_id.get(cell.id, "")
        if key and key not in place:
            cell, changes = _as_released(cell, known[key])
            place[key] = cell
            for what in changes:
                note(what, key)
        else:
            if key:
                note("There more than once, the last one counts", key)
            for own in ("nbgrader", "mft"):
                cell.metadata.pop(own, None)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        cells.insert(0, cell)
    at = len(cells)
    for key, cell in reversed(known.items()):
        if key in place:
            at = cells.index(place[key])
        elif kind(cell) == "exercise":  # not put back: its stub would shadow an answer in some other cell
            note("Missing", key)
        elif "nbgrader" in cell.metadata:
            note("Missing, and put back", key)
            cells.insert(at, copy.deepcopy(cell))
    notes = [f"{what}: {', '.join(names[:4])}{_more(names[4:])}." for what, names in found.items()]
    return new_notebook(cells=cells, metadata=copy.deepcopy(release.metadata)), notes


def _as_released(cell: NotebookNode, released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the released cell, with the learner's source where it isn't locked, and what was set right."""
    from nbgrader.utils import compute_checksum

    made = copy.deepcopy(released)
    made.id = cell.id
    notes = ["Of another type, set right"] if cell.cell_type != released.cell_type else []
    if cell.source != released.source:
        if released.metadata.get("nbgrader", {}).get("locked"):
            made.source = cell.source  # as some release made it, or changed by hand? Its checksum tells
            earlier = compute_checksum(made) == cell.metadata.get("nbgrader", {}).get("checksum")
            made.source = released.source
            what = "From an earlier release, the present" if earlier else "Changed though locked, the released"
            notes.append(f"{what} one was used")
        else:
            made.source = cell.source
            if kind(made) == "demo":
                made.metadata.mft.kind = "code"
    if "attachments" in cell and made.cell_type == "markdown":  # pictures in a written answer
        made.attachments = cell.attachments
    return made, notes


def kind(cell: NotebookNode) -> str:
    """Return what the build says a cell is: prose, code, demo, exercise, check, manual, or ''."""
    return cell.metadata.get("mft", {}).get("kind", "")


def exercise(cell: NotebookNode) -> str:
    """Return the id of the exercise that a cell belongs to, or ''."""
    return cell.metadata.get("mft", {}).get("exercise", "")


def name(cell: NotebookNode) -> str:
    """Return what identifies a released cell: its grade id, or else its cell id."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "") or cell.id


def scorecard(cell: NotebookNode) -> dict[str, Any] | None:
    """Return the scorecard in the outputs of a check cell, in its JSON form, or None."""
    for output in cell.get("outputs", []):
        data = output.get("data")
        card = data.get(MIME) if isinstance(data, dict) else None
        if isinstance(card, dict) and isinstance(card.get("findings"), list):
            return card
    return None


def lang(nb: NotebookNode) -> str:
    """Return the language that a notebook's prose is in."""
    return nb.metadata.get("mft", {}).get("lang", "en")


def answers(nb: NotebookNode, kinds: tuple[str, ...] = ("exercise", "manual")) -> dict[str, str]:
    """Return the source of every answer cell by exercise id."""
    return {exercise(cell): cell.source for cell in nb.cells if kind(cell) in kinds}


def _label(cell: NotebookNode) -> str:
    what = {"check": "check", "exercise": "cell", "manual": "answer"}
    return f"{what[kind(cell)]} of {exercise(cell)}" if kind(cell) in what else f"cell {name(cell)}"


def _more(names: list[str]) -> str:
    return f" and {len(names)} more" if names else ""

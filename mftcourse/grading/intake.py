"""From whatever a learner handed in to a sound notebook that nbgrader can grade.

nbgrader stops at a notebook that it cannot read and stumbles over copied or deleted cells. Here such a
notebook is either refused with a sentence, or rebuilt: the learner's cells in the learner's order, with
the released notebook's word on what each cell is and on everything that is locked.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from pathlib import Path

import nbformat
from nbformat import NotebookNode

MAX_BYTES = 100_000_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Unreadable(Exception):
    """A notebook that cannot be used; `str(error)` is a sentence: what is wrong, and what to do."""


def read(path: Path) -> NotebookNode:
    """Read a notebook of any version; raise `Unreadable` with a sentence when it isn't one."""
    again = "Open it in JupyterLab and save it again, or go back to an earlier copy."
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise Unreadable(
                f"{path.name} is {size / 1e6:.0f} MB, and notebooks above {MAX_BYTES / 1e6:.0f} MB are not read. "
                "Clear its outputs and save it."
            )
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
            warnings.simplefilter("ignore")  # about ids that are there twice; they are set right below
            nb = nbformat.reads(text, as_version=4)
        cells = [_rebuild(cell) for cell in nb["cells"]]
        metadata = nb.get("metadata")
    except RecursionError:
        raise Unreadable(f"{path.name} is nested too deeply to be a notebook. {again}") from None
    except Exception as error:  # nbformat's own errors have no common base
        raise Unreadable(f"{path.name} is not a notebook: {_first_line(error)}. {again}") from None
    seen: set[str] = set()
    for cell in reversed(cells):  # of two cells with one id the last keeps it, as with grade ids
        cell.id = _new_id() if cell.id in seen else cell.id
        seen.add(cell.id)
    metadata = metadata if isinstance(metadata, dict) else {}
    return nbformat.v4.new_notebook(cells=cells, metadata=nbformat.from_dict(metadata))


def repair(nb: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the learner's notebook with every released cell in order, and a sentence for each repair.

    Locked cells get the released source, deleted ones come back before the released cell that followed
    them, a copied cell keeps the released id only at its last place (nbgrader's rule). A demonstration
    is marked as one (graders leave it out) only where it is exactly as released. Outputs are dropped.
    """
    nb = copy.deepcopy(nb)
    nb.metadata = copy.deepcopy(release.metadata)
    known = {name(cell): cell for cell in release.cells}
    by_id = {cell.id: name(cell) for cell in release.cells}
    place: dict[str, NotebookNode] = {}
    found: dict[str, list[str]] = {}

    def note(what: str, released: NotebookNode) -> None:
        found.setdefault(what, []).insert(0, _label(released))

    for cell in reversed(nb.cells):
        key = _grade_id(cell) if _grade_id(cell) in known else by_id.get(cell.id, "")
        for own in ("nbgrader", "mft"):
            cell.metadata.pop(own, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if not key:
            continue
        if key in place:
            note("There more than once, the last one counts", known[key])
            continue
        place[key] = cell
        for what in _as_released(cell, known[key]):
            note(what, known[key])
    for index, key in reversed(list(enumerate(known))):
        if key in place or not _is_put_back(known[key]):
            continue
        later = next((place[k] for k in list(known)[index + 1 :] if k in place), None)
        at = next((i for i, cell in enumerate(nb.cells) if cell is later), len(nb.cells))
        place[key] = copy.deepcopy(known[key])
        nb.cells.insert(at, place[key])
        note("Missing, and put back", known[key])
    for key, cell in reversed(known.items()):
        if kind(cell) == "exercise" and key not in place:
            note("Missing", cell)
    return nb, [f"{what}: {', '.join(names[:4])}{_more(names[4:])}." for what, names in found.items()]


def kind(cell: NotebookNode) -> str:
    """Return what the build says a cell is: prose, code, demo, exercise, check, manual, or ''."""
    return (cell.metadata.get("mft") or {}).get("kind", "")


def exercise(cell: NotebookNode) -> str:
    """Return the id of the exercise that a cell belongs to, or ''."""
    return (cell.metadata.get("mft") or {}).get("exercise", "")


def name(cell: NotebookNode) -> str:
    """Return what identifies a released cell: its grade id, or else its cell id."""
    return _grade_id(cell) or cell.id


def answers(nb: NotebookNode, kinds: tuple[str, ...] = ("exercise", "manual")) -> dict[str, str]:
    """Return the source of every answer cell by exercise id."""
    return {exercise(cell): cell.source for cell in nb.cells if kind(cell) in kinds}


def _grade_id(cell: NotebookNode) -> str:
    meta = cell.metadata.get("nbgrader")
    found = meta.get("grade_id", "") if isinstance(meta, dict) else ""
    return found if isinstance(found, str) else ""


def _label(cell: NotebookNode) -> str:
    what = {"check": "check", "exercise": "cell", "manual": "answer"}
    return f"{what[kind(cell)]} of {exercise(cell)}" if kind(cell) in what else f"cell {name(cell)}"


def _more(names: list[str]) -> str:
    return f" and {len(names)} more" if names else ""


def _is_put_back(cell: NotebookNode) -> bool:
    # Not an exercise: its stub would shadow what the learner wrote in some other cell.
    return bool(_grade_id(cell)) and kind(cell) != "exercise"


def _as_released(cell: NotebookNode, released: NotebookNode) -> list[str]:
    """Give a learner's cell the released metadata, type, and source where locked; return what was changed."""
    notes = []
    nbgrader = released.metadata.get("nbgrader", {})
    if cell.cell_type != released.cell_type:
        notes.append("Of another type, set right")
        cell.cell_type = released.cell_type
        for key in ("attachments", "outputs", "execution_count"):
            cell.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    changed = cell.source != released.source
    if changed and nbgrader.get("locked") and not nbgrader.get("solution"):
        notes.append("Changed though locked, the released one was used")
        cell.source, changed = released.source, False
    if nbgrader:
        cell.metadata["nbgrader"] = copy.deepcopy(nbgrader)
    if "mft" in released.metadata:
        cell.metadata["mft"] = copy.deepcopy(released.metadata["mft"])
        if kind(cell) == "demo" and changed:
            cell.metadata["mft"]["kind"] = "code"
    return notes


def _rebuild(cell: object) -> NotebookNode:
    """Return a sound cell with the same source and metadata; outputs are kept as they are."""
    if not isinstance(cell, dict):
        raise ValueError("a cell is not a JSON object")
    source = cell.get("source", "")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    made = nbformat.from_dict(
        {"cell_type": cell.get("cell_type"), "metadata": cell.get("metadata"), "source": source, "id": cell.get("id")}
    )
    if made.cell_type not in ("code", "markdown", "raw"):
        made.cell_type = "raw"
    if not isinstance(made.metadata, dict):
        made.metadata = NotebookNode()
    if not (isinstance(made.id, str) and _ID.fullmatch(made.id)):
        made.id = _new_id()
    if made.cell_type == "code":
        outputs = cell.get("outputs")
        made.outputs = [o for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else []
        count = cell.get("execution_count")
        made.execution_count = count if isinstance(count, int) else None
    elif isinstance(cell.get("attachments"), dict):
        made.attachments = cell["attachments"]
    return made


def _new_id() -> str:
    return nbformat.v4.new_raw_cell().id


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")

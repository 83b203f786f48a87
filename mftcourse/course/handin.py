"""From whatever a learner handed in to a sound notebook that nbgrader can grade.

nbgrader stops at a notebook that it cannot read and stumbles over copied or deleted cells. Here what a person
could read is read, and the notebook rebuilt: the learner's answers, with the released notebook's word on what
each cell is, on the order of cells, and on everything that is locked.
"""

from __future__ import annotations

import copy
import difflib
import functools
import re
from collections import defaultdict
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import checks
from .files import Unreadable
from .recover import MAX_BYTES, plain, recover

if TYPE_CHECKING:
    from nbformat import NotebookNode


def read(path: Path) -> NotebookNode:
    """Read a notebook, sound, damaged or old; raise `Unreadable` with a sentence when there is none in the file."""
    return read_and_tell(path)[0]


def read_and_tell(path: Path) -> tuple[NotebookNode, list[str]]:
    """Read a notebook as `read` does, and say in sentences what of its file was set right or lost."""
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise Unreadable(f"{plain(path.name)} is {size / 1e6:.0f} MB. Clear its outputs and save it again.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(f"{plain(path.name)} does not exist.") from None
    except OSError:
        what = "is a folder, not a notebook" if path.is_dir() else "cannot be read: the system refuses to open it"
        raise Unreadable(f"{plain(path.name)} {what}.") from None
    return recover(data, path.name)


def repair(nb: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the learner's notebook with every released cell in order, and a sentence for each repair.

    Locked cells get the released source, deleted ones come back before the released cell that followed
    them, a copied cell keeps the released id only at its last place (nbgrader's rule). Where given code, answers
    and checks are not in the released order they are put back into it; the learner's own cells stay behind what
    they may need and before what may need them. A demonstration is marked as one (graders leave it out) only
    where it is exactly as released. Outputs are dropped.
    """
    from nbformat.v4 import new_notebook

    known = {name(cell): cell for cell in release.cells}
    found: dict[str, list[str]] = defaultdict(list)  # what was set right → at which cells
    keys = places(nb, release)
    lost = ["Its cells had lost their names; they were known by what they say."] if keys != _named(nb, release) else []
    last = {key: at for at, key in enumerate(keys) if key}
    ids = {cell.id for cell in release.cells}
    cells: list[tuple[str, NotebookNode]] = []
    for at, (key, cell) in enumerate(zip(keys, nb.cells, strict=True)):
        if key and last[key] == at:
            made, changes = _as_released(cell, known[key])
            for what in changes:
                found[what].append(key)
        else:
            if key:
                found["There more than once, the last one counts"].append(key)
            key, made = "", _own(cell)
            made.id = f"own-{at}-{len(ids)}" if made.id in ids else made.id
            ids.add(made.id)
        cells.append((key, made))
    matter = [key for key, cell in known.items() if kind(cell) != "prose"]
    order = [key for key, _ in cells if key]
    ordered = [key for key in known if key in last]
    if [key for key in order if key in matter] != [key for key in matter if key in last]:
        blocks = difflib.SequenceMatcher(None, order, ordered, autojunk=False).get_matching_blocks()
        stayed = {key for block in blocks for key in order[block.a : block.a + block.size]}
        if moved := [key for key in order if key in matter and key not in stayed]:
            found["Not where it was released, put back there"] = moved
        cells = _in_order(cells, ordered, known)
    missing, put_back, below = [], [], len(cells)
    for key, cell in reversed(known.items()):
        at = next((i for i, (k, _) in enumerate(cells) if k == key), None) if key in matter else None
        if at is not None:
            below = at
        elif kind(cell) == "exercise":  # not put back: its stub would shadow an answer in some other cell
            missing.append(key)
        elif "nbgrader" in cell.metadata:
            put_back.append(key)
            cells.insert(below, (key, copy.deepcopy(cell)))
    found |= {"Missing, and put back": put_back[::-1], "Missing": missing[::-1]}
    notes = []
    for what, where in found.items():
        labels = ", ".join(_label(known[key]) for key in where[:4])
        more = f" and {len(where) - 4} more" if len(where) > 4 else ""
        notes += [f"{what}: {labels}{more}."] if where else []
    made = new_notebook(cells=[cell for _, cell in cells], metadata=copy.deepcopy(release.metadata))
    return made, lost + notes


def _own(cell: NotebookNode) -> NotebookNode:
    """Return a cell of the learner's own: without outputs, and without what only the build and nbgrader may say."""
    fresh = {"outputs": [], "execution_count": None} if cell.cell_type == "code" else {}
    made = copy.deepcopy(type(cell)(cell | fresh))
    for theirs in ("nbgrader", "mft"):
        made.metadata.pop(theirs, None)
    return made


def _in_order(
    cells: list[tuple[str, NotebookNode]], ordered: list[str], known: dict[str, NotebookNode]
) -> list[tuple[str, NotebookNode]]:
    """Return released cells as `ordered` has them, and each own cell where it fits best between them.

    It fits where as few as possible that stood before it and may give it something (code, answers) come behind
    it, and as few as possible that stood behind it and may need it (these, and checks) come before it; of such
    places the one behind its neighbour above, or else before its neighbour below.
    """
    order = [key for key, _ in cells if key]
    gives = {key for key in order if kind(known[key]) in ("code", "demo", "exercise")}
    needs = gives | {key for key in order if kind(known[key]) == "check"}

    @functools.cache
    def best(at: int) -> int:
        """Return how many released cells come before the own cells that `at` of them came before."""
        before = set(order[:at])
        costs = list(accumulate((-(k in gives) if k in before else k in needs for k in ordered), initial=0))
        near = ([ordered.index(order[at - 1]) + 1] if at else [0]) + [ordered.index(k) for k in order[at : at + 1]]
        return min([*near, *range(len(costs))], key=costs.__getitem__)

    at, ranks = 0, []
    for key, _ in cells:
        at += bool(key)
        ranks.append(ordered.index(key) + 0.5 if key else best(at))
    return [both for _, both in sorted(zip(ranks, cells, strict=True), key=lambda ranked: ranked[0])]


_DEFINES = re.compile(r"^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]+)?=(?!=)", re.M)


def places(nb: NotebookNode, release: NotebookNode) -> list[str]:
    """Return for each cell of a notebook the name of the released cell that it is, or ''.

    Its grade id tells, or its cell id. Where another program threw these away, its text does; an answer is then
    known by the names that it defines, or, if it defines none, by its neighbours.
    """
    known, keys = {name(cell): cell for cell in release.cells}, _named(nb, release)
    if any(exercise(known[key]) for key in keys if key):
        return keys
    texts: dict[str, list[str]] = {}
    for key, cell in reversed(known.items()):
        texts.setdefault(squeezed(cell), []).append(key)
    keys = [found.pop() if (found := texts.get(squeezed(cell))) else "" for cell in nb.cells]
    if sum(map(bool, keys)) < 3:  # `import numpy as np` stands in many notebooks
        return [""] * len(keys)
    rank = {key: at for at, key in enumerate(known)}
    defined = [_defines(cell) for cell in nb.cells]
    for key, cell in known.items():
        if kind(cell) not in ("exercise", "manual") or key in keys:
            continue
        above = max((at for at, k in enumerate(keys) if k and rank[k] < rank[key]), default=-1)
        below = min((at for at, k in enumerate(keys) if k and rank[k] > rank[key]), default=len(keys))
        names = _defines(cell) if kind(cell) == "exercise" else set()
        fit = [
            (above < at < below, 0 if names else len(own.source), at)
            for at, own in enumerate(nb.cells)
            if not keys[at] and own.cell_type == cell.cell_type and own.source.strip()
            and (names <= defined[at] if names else above < at < below)
        ]  # fmt: skip
        if fit:
            keys[max(fit)[-1]] = key
    return keys


def _defines(cell: NotebookNode) -> set[str]:
    return {a or b for a, b in _DEFINES.findall(cell.source)}


def _named(nb: NotebookNode, release: NotebookNode) -> list[str]:
    names = {name(cell): name(cell) for cell in release.cells}
    by_id = {cell.id: name(cell) for cell in release.cells}
    return [names.get(name(cell)) or by_id.get(cell.id, "") for cell in nb.cells]


def squeezed(cell: NotebookNode) -> str:
    """Return the source of a cell without blanks, to compare."""
    return "".join(cell.source.split())


def untouched(cell: NotebookNode, released: NotebookNode) -> bool:
    """Say whether nothing was written in a cell since it was released, now or earlier."""
    return squeezed(cell) == squeezed(released) or _earlier(cell, released)


def _earlier(cell: NotebookNode, released: NotebookNode) -> bool:
    """Say whether a cell is as an earlier release made it; the checksum that nbgrader left in it tells."""
    from nbgrader.utils import compute_checksum

    made = copy.deepcopy(released)
    made.source = cell.source
    return compute_checksum(made) == cell.metadata.get("nbgrader", {}).get("checksum")


def _as_released(cell: NotebookNode, released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the released cell, with the learner's source where it isn't locked, and what was set right."""
    made = copy.deepcopy(released)
    notes = ["Of another type, set right"] if cell.cell_type != released.cell_type else []
    if cell.source != released.source:
        if released.metadata.get("nbgrader", {}).get("locked"):
            earlier = _earlier(cell, released)
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
        match output:
            case {"data": {checks.MIME: {"findings": list()} as card}}:
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

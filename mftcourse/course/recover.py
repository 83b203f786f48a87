"""What can still be read of a notebook's file: sound, damaged, of another encoding or an old version."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .files import Unreadable

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAX_BYTES = 100_000_000
MAX_CELLS = 5_000
MAX_DEPTH = 60  # of brackets; Python's own walks through a notebook end somewhere above 200
CUT = "Damaged"  # begins the sentence about cells that could not be read
AGAIN = "Open it in JupyterLab and save it again, or go back to an earlier copy."

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.S)
_LONE = re.compile(r"\\(?:(u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|(u[dD][89a-fA-F]\w\w)|.)", re.S)
_JSON = json.JSONDecoder(
    strict=False,  # line ends within strings
    parse_constant=lambda _: None,  # NaN, Infinity
    parse_int=lambda digits: int(digits) if len(digits) < 300 else None,
    parse_float=lambda digits: number if math.isfinite(number := float(digits)) else None,
)


def plain(text: str, most: int = 60) -> str:
    """Return a learner's text, such as the name of a file, fit for a sentence."""
    text = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"


def recover(data: bytes, name: str) -> tuple[NotebookNode, list[str]]:
    """Return the notebook in the bytes of a file, valid as nbformat 4.5, and a sentence for each thing set right.

    Every cell that can be told apart keeps its source, and its other fields where they are as they must be.

    Raises:
        Unreadable: there is no notebook in it; the sentence names the file.
    """
    import nbformat  # here, as it takes a second: the command line must not wait for it at every Tab
    from nbformat.v4.rwbase import rejoin_lines

    name, found = plain(name), None
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise Unreadable(f"{name} is empty. {AGAIN}")
    for encoding, errors in _encodings(data):
        with contextlib.suppress(UnicodeDecodeError):
            found, notes = _parse(data.decode(encoding, errors).replace("\0", ""))
            if found:
                break
    came = [cell for cell in found["cells"] if isinstance(cell, dict)] if found else []
    if not found or len(came) > MAX_CELLS or not came and found["cells"]:
        why = f"it has {len(came):,} cells, more than {MAX_CELLS:,}" if came else "no cell of it can be read"
        page = data.lstrip()[:5].lower() in (b"<!doc", b"<html")
        why = "it is a web page; download the notebook itself" if page else why
        raise Unreadable(f"{name} is not a notebook: {why}. {AGAIN}")
    if encoding[:5] != "utf-8" or errors != "strict":
        notes.append(f"It is not saved as UTF-8; it was read as {encoding}.")
    if lost := len(found["cells"]) - len(came):
        notes.append(f"{CUT}: {lost} of {len(found['cells'])} cells could not be read.")
    cells = [_sound(cell) for cell in came]
    odd = {at for at, cell in enumerate(cells) if _differs(came[at], cell)}
    taken = {""}
    for at, cell in reversed(list(enumerate(cells))):  # of two with the same id, the last one keeps it
        while cell["id"] in taken:
            cell["id"] = f"cell-{at}-{len(taken)}"
        taken.add(cell["id"])
    about = _own(found.get("metadata"))
    valid = {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}
    if not _valid(valid):
        for at, cell in enumerate(cells):
            if not _valid(cell, f"{cell['cell_type']}_cell"):
                odd.add(at)
                cell["metadata"] = {key: cell["metadata"][key] for key in _OWN if key in cell["metadata"]}
                cell |= {"outputs": [], "execution_count": None} if "outputs" in cell else {}
                cell.pop("attachments", None)
        if not _valid(valid):
            valid["metadata"] = {"mft": about["mft"]} if "mft" in about else {}
    version = found.get("nbformat", 4), type(found.get("nbformat_minor", 5))
    if odd or version != (4, int) or valid["metadata"] != found.get("metadata", {}):
        whose = f"{len(odd)} cells" if len(odd) > 1 else "a cell" if odd else "the notebook as a whole"
        notes.append(f"Malformed or outdated fields of {whose} were set right or left out.")
    return rejoin_lines(nbformat.from_dict(valid)), notes


def _encodings(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield in what a file may be written, the likeliest first, and what to do about its errors."""
    guess = json.detect_encoding(data[:4])
    yield guess, "strict"
    yield "utf-8", "strict"
    if guess[:5] != "utf-8":
        yield guess, "replace"
    loose = data.decode(errors="replace")
    if (wrong := loose.count("\ufffd")) and len(loose) - len(loose.encode("ascii", "ignore")) > 2 * wrong:
        yield "utf-8", "replace"  # most of what is not ASCII is UTF-8
    yield "gb18030", "strict"
    yield "latin-1", "strict"


def _parse(text: str) -> tuple[dict[str, Any] | None, list[str]]:
    """Return {"cells": list, "metadata": anything} from the text of a file, or None; and sentences."""
    whole = _LONE.sub(lambda m: r"\ufffd" if m[2] else m[0], text) if re.search(r"\\u[dD][89a-fA-F]", text) else text
    notes = ["Halves of characters were replaced."] if whole != text else []
    for final in (False, True):
        try:
            found, end = _JSON.raw_decode(whole, max(start := whole.find("{"), 0))
            if (final or not _deep(found)) and isinstance(found, dict) and (cells := _cells(found)) is not None:
                around = (whole[:start] + whole[end:]).strip(" \t\r\n\ufeff")
                notes += ["What stood around the notebook in its file was left out."] if around else []
                return found | {"cells": cells}, notes
            if not _deep(found):
                break
        except ValueError:
            break
        except RecursionError:
            pass
        whole = _flat(whole)
    cells, deep = _salvage(whole)
    if deep:
        cells, _ = _salvage(_flat(whole))
    said = f"{CUT}: the file is broken or cut off; {len(cells)} cells could be read."
    return ({"cells": cells}, [said, *notes]) if cells else (None, [])


def _cells(found: dict[str, Any]) -> list[Any] | None:
    """Return the cells of a notebook of any version: before 4 they lay in worksheets."""
    cells = found.get("cells")
    if not cells and isinstance(sheets := found.get("worksheets"), list):
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _cells(sheet) or []]
    return list(cells.values()) if isinstance(cells, dict) else cells if isinstance(cells, list) else None


def _salvage(text: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the whole cells in a text that is no JSON, and whether some were left out as too deep."""
    cells: list[dict[str, Any]] = []
    at, patience, deep = 0, 100_000, False
    start = re.compile(r'\{\s*"\w+"\s*:')
    while patience > 0 and len(cells) <= MAX_CELLS and (match := start.search(text, at)):
        at, patience = match.start() + 1, patience - 1
        try:
            found, end = _JSON.raw_decode(text, match.start())
        except (ValueError, RecursionError) as error:
            deep |= isinstance(error, RecursionError)
            patience -= max(2_000, len(text) // 500)  # it may have read to the end
            continue
        if "cell_type" in found or {"metadata", "source"} <= found.keys():
            at = end
            if _deep(found):
                deep = True
            else:
                cells.append(found)
    return cells, deep


def _flat(text: str) -> str:
    """Return a JSON text with null for what is nested too deeply."""
    kept, depth, start, end = [], 0, 0, len(text)
    for count, token in enumerate(_TOKEN.finditer(text)):
        if count == 2_000_000:  # nobody's work
            end = token.start()
            break
        if token[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH:
                kept.append(text[start : token.start()])
        elif token[0] in "]}":
            if depth == MAX_DEPTH:
                kept.append("null")
                start = token.end()
            depth = max(depth - 1, 0)
    return "".join(kept) + (text[start:end] if depth < MAX_DEPTH else "")


def _deep(value: Any) -> bool:
    """Say whether something is nested too deeply, without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [v for x in level if isinstance(x, dict | list) for v in (x.values() if isinstance(x, dict) else x)]
    return bool(level)


_OWN = {"nbgrader": ("grade_id", "cell_type"), "mft": ("kind", "exercise", "unit", "lang")}


def _own(metadata: Any) -> dict[str, Any]:
    """Return metadata of a cell or notebook, without what nbgrader and this course cannot have written there."""
    made = dict(metadata) if isinstance(metadata, dict) else {}
    for key, texts in _OWN.items():
        about = made.get(key, {})
        if not isinstance(about, dict) or not all(isinstance(about.get(text, ""), str) for text in texts):
            del made[key]
    return made


def _sound(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell of any version with the fields that its type has, whatever other programs left out or added."""
    about, cell_type, level = _own(cell.get("metadata")), cell.get("cell_type"), cell.get("level")
    source = _text(next((cell[key] for key in ("source", "input", "code", "text") if key in cell), ""))
    if cell_type == "heading" and type(level) is int and 0 < level < 7:
        source = f"{'#' * level} {source}"
    if cell_type not in ("code", "markdown", "raw"):
        code = "outputs" in cell or about.get("nbgrader", {}).get("cell_type") == "code"
        cell_type = "code" if code else "markdown" if cell_type in ("heading", "html", None) else "raw"
    ids = [i for i in (cell.get("id"), about.get("id")) if isinstance(i, str) and re.fullmatch(r"[\w-]{1,64}", i, re.A)]
    made = {"id": "".join(ids[:1]), "cell_type": cell_type, "metadata": about, "source": source.replace("\0", "")}
    outputs, count, pictures = (cell.get(key) for key in ("outputs", "execution_count", "attachments"))
    if cell_type == "code":
        made["outputs"] = outputs if isinstance(outputs, list) else []
        made["execution_count"] = count if type(count) is int and count >= 0 else None
    elif isinstance(pictures, dict):
        made["attachments"] = pictures
    return made


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(map(_text, source))
    return source if isinstance(source, str) else str(source) if type(source) in (int, float) else ""


def _differs(came: dict[str, Any], made: dict[str, Any]) -> bool:
    """Say whether a field of a cell was not as it must be; a source may be a list of lines."""
    source, fields = came.get("source", ""), {"attachments": {}} | made
    lines = source if isinstance(source, list) else [source]
    return not all(isinstance(line, str) for line in lines) or any(
        came[key] != fields[key] for key in came.keys() & fields.keys() - {"source"}
    )


def _valid(node: dict[str, Any], what: str | None = None) -> bool:
    from nbformat.validator import iter_validate

    return next(iter_validate(node, what, 4, 5), None) is None

"""Random mutations of a notebook that somebody handed in: `mutated`, and what must hold for the result.

`python tests/grading/mutations.py [--count 500] [--unit 06-metrics]` grades a class of them and says what is wrong.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(ROOT / "tests"), str(ROOT / "tools")]

import demo  # noqa: E402
import tiny_course  # noqa: E402

from mftcourse.course import handin  # noqa: E402
from mftcourse.course.files import Course  # noqa: E402
from mftcourse.grading.report import class_csv  # noqa: E402

ODD: list[Any] = [None, 7, -1.5, True, "x", "", [], [1], [[]], {}, {"x": 1}]
KINDS: dict[str, tuple[str, str, Callable]] = {}  # what was done → ("notebook", "text", "bytes", "folder"), keeps, how


def kind(what: str, keeps: str, level: str = "notebook") -> Callable:
    """Register a mutation. `keeps` every answer: "yes"; "alone", if no other that may cost the identity of cells; "no"."""

    def register(function: Callable) -> Callable:
        KINDS[what] = (level, keeps, function)
        return function

    return register


def mutated(text: bytes, seed: int) -> tuple[bytes | dict[str, bytes], str]:
    """Return a mutation of a valid notebook of this course and, in words, what was done.

    The result is what the file holds, or a folder: relative path → content, where `../` leads out of the unit's
    folder into the student's. One kind of `KINDS` is drawn, at times two or three.

    What must hold: the hand-in is graded, or quarantined with a reason in our words; nothing crashes, and no
    sentence is Python's. Honest work keeps its points: where `keeps_answers(what)`, every answer of the notebook
    that went in is an answer of the notebook that is graded, character for character.
    """
    draw = random.Random(seed)
    nb = json.loads(text)
    slug = nb["metadata"]["mft"]["unit"].split("-", 1)[1]
    names = draw.sample(sorted(KINDS), draw.choice([1, 1, 1, 1, 2, 2, 3]))
    levels = {level: [n for n in names if KINDS[n][0] == level] for level in ("notebook", "text", "bytes", "folder")}
    levels["bytes"], levels["folder"] = levels["bytes"][:1], levels["folder"][:1]
    done = [name for level in levels.values() for name in level]
    for name in levels["notebook"]:
        KINDS[name][2](nb, draw)
    made: Any = json.dumps(nb, indent=draw.choice([None, 1]), ensure_ascii=draw.random() < 0.3)
    if "\\ud" not in made:
        made = made.encode("utf-8", "replace").decode()  # halves of characters cannot be written as they are
    for name in levels["text"]:
        made = KINDS[name][2](made, draw)
    made = KINDS[levels["bytes"][0]][2](made, draw) if levels["bytes"] else made.encode("utf-8", "replace")
    if levels["folder"]:
        made = KINDS[levels["folder"][0]][2](made, draw, slug)
    return made, "; ".join(done)


def keeps_answers(what: str) -> bool:
    """Say whether every answer must still be there after `what` was done, in the words of `mutated`."""
    keeps = [KINDS[name][1] for name in what.split("; ")]
    return "no" not in keeps and keeps.count("alone") <= 1


def write(made: bytes | dict[str, bytes], folder: Path, slug: str) -> None:
    """Put a result of `mutated` into the folder of a unit."""
    folder.mkdir(parents=True)
    for name, data in (made if isinstance(made, dict) else {f"{slug}.ipynb": made}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


# --- the notebook -----------------------------------------------------------------------------


def about(cell: dict) -> dict:
    """What a cell says that it is, where it still says so."""
    metadata = cell.get("metadata")
    said = metadata.get("mft") if isinstance(metadata, dict) else None
    return said if isinstance(said, dict) else {}


def cells(nb: dict, *kinds: str) -> list[dict]:
    """The cells of these kinds, or all that are still cells; at least one, though of no notebook."""
    there = [c for c in listed(nb) if isinstance(c, dict)]
    return [c for c in there if not kinds or str(about(c).get("kind")) in kinds] or [{"metadata": {}, "source": ""}]


def listed(nb: dict) -> list:
    return nb["cells"] if isinstance(nb.get("cells"), list) else []


def some(nb: dict, draw: random.Random, *kinds: str) -> list[dict]:
    there = cells(nb, *kinds)
    return draw.sample(there, min(len(there), draw.choice([1, 1, 2, 5])))


def field(what: str, name: str, keeps: str, kinds: tuple[str, ...] = (), values: list | None = None) -> None:
    """A kind that puts something odd into a field of some cells."""

    @kind(what, keeps)
    def _(nb: dict, draw: random.Random) -> None:
        for cell in some(nb, draw, *kinds):
            cell[name] = copy.deepcopy(draw.choice(values or ODD))


field("odd metadata of cells", "metadata", "alone")
field("odd ids", "id", "alone", values=[*ODD, "a b", "é", "x" * 65, "-"])
field("odd outputs", "outputs", "yes", ("exercise", "check", "code"), [*ODD, [{"output_type": "stream"}], [None]])
field("odd execution counts", "execution_count", "yes", ("exercise", "code"))
field("odd attachments", "attachments", "yes", ("manual", "prose"))
field("odd types of cells", "cell_type", "alone", values=[*ODD, "heading", "banana"])
field("odd sources of answers", "source", "no", ("exercise", "manual"))
field("odd sources of checks", "source", "yes", ("check", "code"))
field("fields that no cell has", "owner", "yes")
field("answers deleted, in part", "source", "no", ("exercise",), [""])


@kind("odd metadata of the notebook", "yes")
def _(nb, draw):
    nb["metadata"] = draw.choice(ODD)


@kind("an odd kernelspec", "yes")
def _(nb, draw):
    nb["metadata"] = {"kernelspec": draw.choice(ODD), "mft": {"unit": "01-tiny"}}


@kind("an odd language_info and odd titles", "yes")
def _(nb, draw):
    nb["metadata"] = {key: draw.choice(ODD) for key in ("language_info", "title", "authors", "orig_nbformat", "mft")}


@kind("an odd format number", "yes")
def _(nb, draw):
    nb[draw.choice(["nbformat", "nbformat_minor"])] = draw.choice([*ODD, 0, 99, "4", 3])


@kind("no format number", "yes")
def _(nb, draw):
    nb.pop("nbformat", 0), nb.pop("nbformat_minor", 0)


@kind("no ids", "alone")
def _(nb, draw):
    for cell in cells(nb):
        cell.pop("id", None)


@kind("one id for all", "alone")
def _(nb, draw):
    for cell in cells(nb):
        cell["id"] = "same"


@kind("no metadata of cells", "alone")
def _(nb, draw):
    for cell in cells(nb):
        cell["metadata"] = {}


@kind("neither metadata nor ids, as other programs save it", "alone")
def _(nb, draw):
    nb["metadata"] = {"colab": {"provenance": []}}
    for cell in cells(nb):
        cell["metadata"] = {"id": f"x{draw.random()}"[:12].replace(".", "")}
        cell.pop("id", None)


@kind("fields missing", "alone")
def _(nb, draw):
    for cell in some(nb, draw, "exercise", "check", "code"):
        for name in draw.sample(["outputs", "execution_count", "id"], 2):
            cell.pop(name, None)


@kind("types of cells missing", "alone")
def _(nb, draw):
    for cell in some(nb, draw):
        cell.pop("cell_type", None)


@kind("sources as lines", "yes")
def _(nb, draw):
    for cell in some(nb, draw):
        if isinstance(cell.get("source"), str):
            cell["source"] = cell["source"].splitlines(True)


@kind("things among the cells that are none", "yes")
def _(nb, draw):
    if isinstance(nb.get("cells"), list):
        for _ in range(draw.choice([1, 3])):
            nb["cells"].insert(draw.randrange(len(nb["cells"]) + 1), draw.choice([x for x in ODD if not isinstance(x, dict)]))


@kind("cells replaced by things that are none", "no")
def _(nb, draw):
    if isinstance(nb.get("cells"), list) and nb["cells"]:
        for _ in range(draw.choice([1, 3])):
            nb["cells"][draw.randrange(len(nb["cells"]))] = draw.choice(ODD)


@kind("saved as version 3", "alone")
def _(nb, draw):
    for cell in cells(nb):
        cell.pop("id", None)
        if cell.get("cell_type") == "code":
            cell["input"], cell["prompt_number"] = cell.pop("source", ""), cell.pop("execution_count", None)
            cell["outputs"] = [{"output_type": "pyout", "text": "4", "prompt_number": 1, "metadata": {}}]
            cell["language"], cell["collapsed"] = "python", False
    nb["worksheets"] = [{"cells": nb.pop("cells", []), "metadata": {}}]
    nb["nbformat"], nb["nbformat_minor"] = 3, 0


@kind("cells in a dict", "yes")
def _(nb, draw):
    if isinstance(nb.get("cells"), list):
        nb["cells"] = {str(at): cell for at, cell in enumerate(nb["cells"])}


@kind("no cells", "no")
def _(nb, draw):
    nb["cells"] = draw.choice([[], None, {}, "x"])


@kind("own cells", "yes")
def _(nb, draw):
    own = ["", "1 / 0", "%timeit 1", "!ls", "def (", "x = 1", "\0", "\ud800".encode("utf-8", "replace").decode()]
    if isinstance(nb.get("cells"), list):
        for _ in range(draw.choice([1, 4, 30])):
            cell = {"cell_type": draw.choice(["code", "markdown", "raw"]), "metadata": {}, "source": draw.choice(own)}
            nb["cells"].insert(draw.randrange(len(nb["cells"]) + 1), cell)


def move(nb, cell, to):
    nb["cells"].remove(cell)
    nb["cells"].insert(to, cell)


@kind("answers moved behind their checks", "alone")
def _(nb, draw):
    if isinstance(nb.get("cells"), list):
        for cell in some(nb, draw, "exercise"):
            if cell in listed(nb):
                move(nb, cell, draw.randint(nb["cells"].index(cell), len(nb["cells"])))


@kind("cells shuffled", "alone")
def _(nb, draw):
    if isinstance(nb.get("cells"), list):
        draw.shuffle(nb["cells"])


@kind("cells deleted that are no answers", "alone")
def _(nb, draw):
    for cell in some(nb, draw, "check", "code", "prose", "demo"):
        if cell in listed(nb):
            nb["cells"].remove(cell)


@kind("answers deleted", "no")
def _(nb, draw):
    for cell in some(nb, draw, "exercise", "manual"):
        if cell in listed(nb):
            nb["cells"].remove(cell)


@kind("checks forged", "yes")
def _(nb, draw):
    for cell in some(nb, draw, "check"):
        cell["source"] = "100"
        if about(cell) and isinstance(cell["metadata"].get("nbgrader"), dict):
            cell["metadata"]["nbgrader"] = {"grade_id": cell["metadata"]["nbgrader"].get("grade_id"), "points": 999}


@kind("cells copied, and the first copy changed", "alone")
def _(nb, draw):
    for cell in some(nb, draw):
        if cell in listed(nb):
            nb["cells"].insert(nb["cells"].index(cell), cell | {"source": "pass"})


@kind("answers overwritten by a later copy", "no")
def _(nb, draw):
    if isinstance(nb.get("cells"), list):
        nb["cells"] += [cell | {"source": "pass"} for cell in some(nb, draw, "exercise")]


@kind("odd words of nbgrader", "alone")
def _(nb, draw):
    for cell in some(nb, draw):
        if isinstance(cell.get("metadata"), dict):
            cell["metadata"]["nbgrader"] = draw.choice([*ODD, {"grade_id": draw.choice(ODD)}, {"grade_id": "nobody"}])


@kind("odd words of the course", "yes")
def _(nb, draw):
    for cell in some(nb, draw):
        if isinstance(cell.get("metadata"), dict):
            cell["metadata"]["mft"] = draw.choice([*ODD, {"kind": draw.choice(ODD)}, {"kind": "prose", "exercise": []}])


@kind("odd tags", "yes")
def _(nb, draw):
    for cell in some(nb, draw):
        if isinstance(cell.get("metadata"), dict):
            cell["metadata"] |= {key: draw.choice(ODD) for key in ("tags", "collapsed", "name", "jupyter", "format", "scrolled")}


def nested(depth: int) -> list:
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    return deep


@kind("no numbers: NaN, Infinity, 10^400", "yes")
def _(nb, draw):
    for cell in some(nb, draw):
        cell["execution_count"] = draw.choice([float("nan"), float("inf"), 10**400])
        if isinstance(cell.get("metadata"), dict):
            cell["metadata"]["x"] = draw.choice([float("nan"), -float("inf"), 10**400])


@kind("nested deeply", "yes")
def _(nb, draw):
    for cell in some(nb, draw):
        deep = nested(draw.choice([40, 70, 150]))
        if isinstance(cell.get("metadata"), dict) and draw.random() < 0.5:
            cell["metadata"]["x"] = deep
        else:
            cell["outputs"] = deep


@kind("halves of characters in outputs", "yes")
def _(nb, draw):
    for cell in some(nb, draw, "check", "code", "prose"):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "\ud83d x \ude00 y \ud83d\ude00"}]


@kind("characters in answers that cannot be there", "no")
def _(nb, draw):
    for cell in some(nb, draw, "exercise", "manual"):
        cell["source"] = f"{cell.get('source')}\n# " + draw.choice(["\ud83d", "\0", "\ude00"])


@kind("large outputs", "yes")
def _(nb, draw):
    for cell in some(nb, draw, "code", "check"):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x\n" * draw.choice([10, 300_000])}]


@kind("outputs of every kind, and wrong ones", "yes")
def _(nb, draw):
    for cell in some(nb, draw, "exercise", "check"):
        data = {"text/plain": draw.choice(ODD), "text/html": ["<b>", "x"], "application/vnd.mftcourse.scorecard+json": draw.choice(ODD)}
        cell["outputs"] = [{"output_type": draw.choice(["execute_result", "display_data", "error", "banana"]), "data": data, "metadata": {}}]


# --- its text ---------------------------------------------------------------------------------


@kind("something behind the end", "yes", "text")
def _(text, draw):
    return text + draw.choice(["}", "\n\n", "]]", "null", "\0" * 9, "<<<", text[:50], text, "x" * 999, "{}"])


@kind("something before the beginning", "yes", "text")
def _(text, draw):
    return draw.choice(["\ufeff\ufeff", "\n\n ", "var nb = ", ")]}'\n", "\0\0", "# a\n", "["]) + text


@kind("wrapped, as a server sends it", "yes", "text")
def _(text, draw):
    return draw.choice(['{"name": "x", "type": "notebook", "content": %s}', "[%s]", '{"notebook": %s}', '{"a": [1, %s']) % (text,)


@kind("other line ends", "yes", "text")
def _(text, draw):
    return text.replace("\n", draw.choice(["\r\n", "\r", "\n\n"]))


@kind("NUL here and there", "yes", "text")
def _(text, draw):
    for _ in range(draw.choice([1, 9])):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + "\0" + text[at:]
    return text


@kind("a number of a million digits", "yes", "text")
def _(text, draw):
    return text.replace("{", '{"big": ' + "9" * 10**6 + draw.choice(["", ".5", "e9"]) + ", ", 1)


@kind("a hundred thousand brackets", "yes", "text")
def _(text, draw):
    deep = "[" * 10**5 + "]" * 10**5
    return text.replace('"source": ', f'"deep": {deep}, "source": ', 1) if draw.random() < 0.5 else text.replace("{", '{"deep": ' + deep + ", ", 1)


@kind("a merge that was not finished", "yes", "text")
def _(text, draw):
    line = "\n<<<<<<< mine\n%s\n=======\n%s\n>>>>>>> theirs\n"
    return text.replace("{", "{" + line % ('"a": 1,', '"b": 2,'), 1)


@kind("cut off", "no", "text")
def _(text, draw):
    return text[: draw.randrange(len(text) + 1)]


@kind("a piece missing", "no", "text")
def _(text, draw):
    at = draw.randrange(len(text) + 1)
    return text[:at] + text[at + draw.choice([1, 2, 50, 5000]) :]


@kind("letters overwritten", "no", "text")
def _(text, draw):
    for _ in range(draw.choice([1, 5, 50])):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice('"\\{}[],:x\n\0é') + text[at + 1 :]
    return text


@kind("no notebook at all", "no", "text")
def _(text, draw):
    return draw.choice(["", " \n", "\0" * 50, "null", "7", "{}", "[]", '"x"', "<!DOCTYPE html><html>", "print(1)", "{" * 9999, "[" * 10**5])


@kind("in other quotes", "no", "text")
def _(text, draw):
    return draw.choice([repr(json.loads("[1]") + [text[:900]]), text.replace('"', "'"), json.dumps(text)])


# --- its bytes --------------------------------------------------------------------------------


def encoded(what: str, *codecs: str) -> None:
    @kind(what, "yes", "bytes")
    def _(text, draw):
        codec = draw.choice(codecs)
        escaped = "".join(c if c.encode(codec, "ignore") else "".join(  # by its JSON escape, in two halves if need be
            f"\\u{int.from_bytes(half, 'big'):04x}" for half in re.findall(rb"..", c.encode("utf-16-be", "surrogatepass"), re.S)
        ) for c in text)  # fmt: skip
        return escaped.encode(codec)


encoded("UTF-8 with a mark", "utf-8-sig")
encoded("UTF-16", "utf-16", "utf-16-le", "utf-16-be")
encoded("UTF-32", "utf-32", "utf-32-le")
encoded("an old encoding", "latin-1", "ascii", "gb18030")


@kind("bytes that are no text", "no", "bytes")
def _(text, draw):
    data = bytearray(text.encode("utf-8", "replace"))
    for _ in range(draw.choice([1, 20])):
        if data:
            data[draw.randrange(len(data))] = draw.randrange(128, 256)
    return bytes(data)


@kind("random bytes", "no", "bytes")
def _(text, draw):
    return draw.choice([b"\xff\xfe", b"PK\3\4", b"\x89PNG", b"%PDF", b""]) + draw.randbytes(draw.choice([0, 1, 50, 5000]))


# --- its folder -------------------------------------------------------------------------------


def packed(files: dict[str, bytes], bits: int = 0) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 15, 12, 0, 0)), data, zipfile.ZIP_DEFLATED)
    data = bytearray(made.getvalue())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        for match in re.finditer(re.escape(mark), bytes(data)):
            data[match.start() + at] |= bits
    return bytes(data)


NAMES = ["WMS %s.ipynb", "%s (1).ipynb", "Untitled.ipynb", "a\nb.ipynb", "  %s .ipynb", "%s.IPYNB", "é.ipynb", "%s.ipynb.txt",
         "%s.ipynb.ipynb", "x" * 200 + ".ipynb", "<b>.ipynb", "%s.json", "%s"]  # fmt: skip
OTHER = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}).encode()
JUNK = {"a.py": b"x = 1", "b.csv": b"1,2\n", "c.exe": b"MZ", "lib/d.py": b"y = 2", "e.txt": b"e", "f.pdf": b"%PDF"}


def name(draw, slug):
    return draw.choice(NAMES).replace("%s", slug)


@kind("renamed", "yes", "folder")
def _(data, draw, slug):
    return {name(draw, slug): data}


@kind("in a folder of its own", "yes", "folder")
def _(data, draw, slug):
    return {draw.choice([f"{slug}/", "a/b/c/", "my work/", "é/"]) + f"{slug}.ipynb": data}


@kind("a folder too high", "yes", "folder")
def _(data, draw, slug):
    return {f"../{draw.choice([f'{slug}.ipynb', name(draw, slug), f'old/{slug}.ipynb'])}": data}


@kind("in a zip", "yes", "folder")
def _(data, draw, slug):
    place = draw.choice(["", f"{slug}/", "a/b/", ".\\x\\"]).replace("./", "").replace(".\\", "")
    made = packed({place + draw.choice([f"{slug}.ipynb", "Untitled.ipynb"]): data, "__MACOSX/._x.ipynb": b"\0\5\7"})
    return {draw.choice(["work.zip", f"{slug}.ipynb", "a b.ZIP"]): made}


@kind("in a zip in a zip", "yes", "folder")
def _(data, draw, slug):
    return {"outer.zip": packed({"inner.zip": packed({f"{slug}.ipynb": data})})}


@kind("in a zip that is broken", "no", "folder")
def _(data, draw, slug):
    made = bytearray(packed({f"{slug}.ipynb": data} | JUNK))
    for _ in range(draw.choice([1, 30])):
        made[draw.randrange(len(made))] ^= 255
    return {"work.zip": bytes(made[: draw.choice([len(made), len(made) // 2])])}


@kind("in a zip with a password", "no", "folder")
def _(data, draw, slug):
    return {"work.zip": packed({f"{slug}.ipynb": data}, bits=1)}


@kind("in a zip that leads out of itself", "no", "folder")
def _(data, draw, slug):
    return {"work.zip": packed({f"{slug}.ipynb": data, draw.choice(["../x.py", "/etc/x.py", "C:/x.py", "a/../../x"]): b"x"})}


@kind("beside an empty notebook", "yes", "folder")
def _(data, draw, slug):
    return {f"{slug}.ipynb": data, draw.choice(["Untitled.ipynb", "z.ipynb", f"{slug} (1).ipynb"]): draw.choice([OTHER, b"", b"{"])}


@kind("renamed, and an empty notebook in its place", "yes", "folder")
def _(data, draw, slug):
    return {f"{slug} (1).ipynb": data, f"{slug}.ipynb": draw.choice([OTHER, b"", b"{", b"\0"])}


@kind("among other files", "yes", "folder")
def _(data, draw, slug):
    return {f"{slug}.ipynb": data} | {n: JUNK[n] for n in draw.sample(sorted(JUNK), 4)} | {"broken.zip": b"PK\3\4"}


@kind("among hidden files", "yes", "folder")
def _(data, draw, slug):
    return {f"{slug}.ipynb": data, f".ipynb_checkpoints/{slug}-checkpoint.ipynb": b"{}", "__MACOSX/._a": b"x", ".DS_Store": b"x"}


@kind("among two hundred files", "yes", "folder")
def _(data, draw, slug):
    return {f"{slug}.ipynb": data} | {f"d/{n}.csv": b"1" for n in range(200)}


@kind("with an odd timestamp", "yes", "folder")
def _(data, draw, slug):
    stamp = draw.choice([b"", b"yesterday", b"\xff\xfe", b"9" * 500, b"2026-01-15 12:00:00 UTC", b"0001-01-01 00:00 +9999", b"a b c"])
    return {f"{slug}.ipynb": data, draw.choice(["timestamp.txt", "timestamp.txt/x"]): stamp}


@kind("other things in its place", "no", "folder")
def _(data, draw, slug):
    return draw.choice([{}, {"a.pdf": b"%PDF"}, JUNK, {f"{slug}.py": b"x"}, {f"{slug}.ipynb/x": b"x"}, {"a.rar": b"Rar!"}])


# --- through the whole of grading -------------------------------------------------------------


def grade(unit: str, folder: Path, seeds: list[int]) -> list[str]:
    """Hand in a mutation of the reference for each seed, let a real `mft grade` grade them; return what is wrong.

    Args:
        folder: becomes a course; a new one.
        unit: the tiny one, or one of this course's that is built.
    """
    course, release, text = _course(unit, folder)
    done = {}
    for seed in seeds:
        made, done[f"m{seed:05}"] = mutated(text, seed)
        write(made, course.folder("submitted", unit, f"m{seed:05}"), unit.split("-", 1)[1])
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run([sys.executable, "-m", "mftcourse.cli", "grade", unit], cwd=folder, text=True,
                         env=os.environ | {"PYTHONPATH": path}, capture_output=True)  # fmt: skip
    said = run.stdout + run.stderr
    wrong = [said[-3000:]] if "Traceback" in said or run.returncode not in (0, 1) else []
    rows = {}
    if class_csv(course, unit).exists():
        with class_csv(course, unit).open(encoding="utf-8", newline="") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
    for student, what in done.items():
        row = rows.pop(student, {"graded": "", "note": "It is not in the table.", "points": ""})
        told = f"{student} ({what}): "
        if re.search(r"could not be (graded|written|run)|not in the table|object at 0x|NoneType|Errno|codec", row["note"]):
            wrong.append(told + row["note"])
        if row["graded"] == "True":
            nb = nbformat.read(course.notebook("autograded", unit, student), 4)
            nbformat.validate(nb)
            page = course.notebook("feedback", unit, student).with_suffix(".html")
            if not page.is_file() or checks(release) != checks(nb):
                wrong.append(f"{told}its page is missing, or its graded notebook has other checks.")
        elif not row["note"].removesuffix("Nothing was graded.") or row["points"]:
            wrong.append(f"{told}no word why it is not graded.")
        if keeps_answers(what) and (row["graded"] != "True" or float(row["code"]) < float(row["code_out_of"])):
            wrong.append(f"{told}honest work has {row.get('code')} of {row.get('code_out_of')} points. {row['note']}")
    wrong += [f"{student} handed in nothing, and is in the table." for student in rows]
    if run.returncode != ("Note: not graded" in said):
        wrong.append(f"The exit status is {run.returncode}.")
    return wrong


def _course(unit: str, folder: Path) -> tuple[Course, nbformat.NotebookNode, bytes]:
    if unit == tiny_course.UNIT:
        course = tiny_course.write_course(folder)
    else:
        course = Course(folder)
        for step in ("release", "solutions"):
            shutil.copytree(Course(ROOT).folder(step, unit), course.folder(step, unit))
        for name in ("constraints.txt", "nbgrader_config.py"):
            shutil.copy(ROOT / name, folder)
    release, solution = (nbformat.read(course.notebook(step, unit), 4) for step in ("release", "solutions"))
    return course, release, nbformat.writes(demo.reference(release, solution)).encode()


def checks(nb: nbformat.NotebookNode) -> list[str]:
    return [handin.exercise(cell) for cell in nb.cells if handin.kind(cell) == "check" and handin.exercise(cell)]


def main(count: int = 500, unit: str = tiny_course.UNIT, begin: int = 0) -> None:
    """Grade a class of mutations, and say what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = grade(unit, Path(folder) / "course", list(range(begin, begin + count)))
        graded = len(list(Path(folder).glob(f"course/feedback/*/{unit}/*.html")))
    print(*wrong, f"{count} mutations of {unit}: {graded} were graded; {len(wrong)} things are wrong.", sep="\n")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    typer.run(main)

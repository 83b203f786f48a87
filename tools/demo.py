"""Grade a made-up class in demo/ and show its table: `python tools/demo.py [UNIT] [--limit N]`.

The class is the reference, the blank release, every wrong answer of the unit, and notebooks that are broken.
It is graded as `mft grade` grades; the exit code is 0 only if everyone has the points they must have.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import nbformat
import typer
from nbformat import NotebookNode

from mftcourse.cli.teach import class_table, progress_bar
from mftcourse.course.files import Course, CourseError, GradingError
from mftcourse.course.form import read_lesson
from mftcourse.course.handin import exercise, kind
from mftcourse.course.lesson import BEGIN_RELEASE, END_RELEASE
from mftcourse.grading.classroom import grade
from mftcourse.grading.report import ClassTable
from mftcourse.grading.room import available

MARK = ".mft-demo"  # only a folder with this file in it is ever deleted


@dataclass
class Member:
    """One made-up student: role is "reference", "blank", "wrong" or "broken"."""

    student: str
    role: str
    about: str


def reference(release: NotebookNode, solution: NotebookNode) -> NotebookNode:
    """Return the released notebook with every exercise solved as in the solution notebook."""
    solved = {exercise(c): c.source for c in solution.cells if kind(c) in ("exercise", "manual")}
    nb = copy.deepcopy(release)
    for cell in nb.cells:
        if kind(cell) in ("exercise", "manual"):
            region = rf"\n?[^\n]*{BEGIN_RELEASE}.*?{END_RELEASE}"
            source = re.sub(region, "", solved[exercise(cell)], flags=re.S)
            cell.source = re.sub(r"^[^\n]*### (BEGIN|END) SOLUTION[^\n]*\n?", "", source, flags=re.M).rstrip("\n")
    return nb


def with_answer(nb: NotebookNode, exercise_id: str, source: str) -> NotebookNode:
    """Return a copy in which one exercise is answered by `source`."""
    nb = copy.deepcopy(nb)
    next(c for c in nb.cells if kind(c) == "exercise" and exercise(c) == exercise_id).source = source
    return nb


def make_class(course: Course, unit: str, folder: Path, limit: int | None = None) -> list[Member]:
    """Write a course folder with a class in it; return its members.

    Args:
        course: has the unit built.
        folder: written anew; deleted first, if an earlier call made it.
        limit: at most so many wrong answers.

    Raises:
        GradingError: the unit is not built, or `folder` holds something else.
    """
    made = Course(folder)
    built = [course.notebook(step, unit) for step in ("release", "solutions")]
    for path in built:
        if not path.is_file():
            raise GradingError(f"{path.relative_to(course.root)} is missing. Build it with `mft build`.")
    if folder.exists():
        if not (folder / MARK).exists() and any(folder.iterdir()):
            raise GradingError(f"{folder} holds something that no demo made. Move it away, or name another folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    shutil.copytree(built[1].parent, made.folder("solutions", unit))
    if (course.root / "nbgrader_config.py").exists():
        shutil.copy(course.root / "nbgrader_config.py", folder)
    blank, solution = (nbformat.read(path, as_version=4) for path in built)
    solved = reference(blank, solution)
    class_: list[tuple[Member, str]] = [
        (Member("reference", "reference", "every exercise as the course solves it"), nbformat.writes(solved)),
        (Member("blank", "blank", "as released, nothing written"), nbformat.writes(blank)),
    ]
    for number, wrong in enumerate(read_lesson(course.folder("course", unit)).wrong_answers[:limit], 1):
        student = f"wrong-{number:02}-{re.sub(r'[^a-z0-9]+', '-', f'{wrong.exercise} {wrong.title}'.lower())}"[:60]
        nb = with_answer(solved, wrong.exercise, wrong.source)
        class_.append((Member(student.strip("-"), "wrong", f"{wrong.exercise}: {wrong.title}"), nbformat.writes(nb)))
    for name, (about, spoil) in BROKEN.items():
        class_.append((Member(f"broken-{name}", "broken", about), spoil(copy.deepcopy(solved))))
    for member, text in class_:
        target = made.notebook("submitted", unit, member.student)
        target.parent.mkdir(parents=True)
        target = target.with_name("Untitled.ipynb") if member.student == "broken-file-name" else target
        target.write_text(text, encoding="utf-8")
        target.with_name("timestamp.txt").write_text("2026-01-15 12:00:00.000000 UTC\n")
    return [member for member, _ in class_]


def surprises(table: ClassTable, members: list[Member]) -> list[str]:
    """Return a sentence for every member whose grade is not what it has to be; written answers don't count."""
    rows = {row.student: row for row in table.rows}
    found = []
    for member in members:
        row = rows.get(member.student)
        if row is None:
            found.append(f"{member.student} is not in the table.")
        elif member.role == "broken":
            if not row.note:
                found.append(f"{member.student} is broken ({member.about}), and the table does not say so.")
        elif not row.graded:
            found.append(f"{member.student} was not graded: {row.note}")
        elif member.role == "reference" and row.code != row.code_out_of:
            found.append(f"The reference has {row.code:g} of {row.code_out_of:g} points, not all.")
        elif member.role == "blank" and row.points:
            found.append(f"The blank release has {row.points:g} points, not 0.")
        elif member.role == "wrong" and row.code >= row.code_out_of:
            found.append(f"{member.student} is wrong ({member.about}) and has full points.")
    return found


def _edit(change: Callable[[NotebookNode], object]) -> Callable[[NotebookNode], str]:
    def spoil(nb: NotebookNode) -> str:
        change(nb)
        return json.dumps(nb)  # not nbformat.writes: it would repair what is spoiled here

    return spoil


def _first(nb: NotebookNode, wanted: str) -> NotebookNode:
    return next(cell for cell in nb.cells if kind(cell) == wanted)


def _double(nb: NotebookNode) -> None:
    for wanted in ("exercise", "check"):
        cell = _first(nb, wanted)
        nb.cells.insert(nb.cells.index(cell), copy.deepcopy(cell))


def _forge(nb: NotebookNode) -> None:
    cell = _first(nb, "check")
    cell.source, cell.metadata["nbgrader"]["points"] = "100", 100
    _first(nb, "exercise").source = "pass"


def _append(code: str) -> Callable[[NotebookNode], str]:
    def change(nb: NotebookNode) -> None:
        _first(nb, "exercise").source += f"\n{code}\n"

    return _edit(change)


BROKEN: dict[str, tuple[str, Callable[[NotebookNode], str]]] = {
    "json": ("the file ends in the middle", lambda nb: nbformat.writes(nb)[:-500]),
    "nothing": ("an empty file", lambda nb: ""),
    "file-name": ("handed in as Untitled.ipynb", _edit(lambda nb: None)),
    "no-cells": ("a notebook without a cell", _edit(lambda nb: nb.cells.clear())),
    "deleted-check": ("its first check cell is deleted", _edit(lambda nb: nb.cells.remove(_first(nb, "check")))),
    "changed-check": ("its first check says 100, and nothing is written", _edit(_forge)),
    "duplicate-ids": ("an exercise and its check are there twice", _edit(_double)),
    "huge-output": ("prints 10 MB", _append('for _ in range(100_000): print("x" * 99)')),
    "os-exit": ("ends the kernel", _append("import os\nos._exit(1)")),
    "endless-loop": ("never ends", _append("while True: pass")),
    "sys-exit": ("calls sys.exit", _append("import sys\nsys.exit()")),
}


def main(
    unit: Annotated[str, typer.Argument()] = "06-metrics",
    limit: int | None = None,
    jobs: int | None = None,
    timeout: int = 10,
) -> None:
    """Grade a small made-up class in demo/ and show its table.

    Args:
        unit: any unit, named as for `mft`.
        limit: at most so many wrong answers.
        jobs: notebooks at the same time; None takes one a core.
        timeout: seconds that one cell may take.
    """
    try:
        course = Course.find()
        name = course.find_unit(unit)
        made = Course(course.root / "demo")
        members = make_class(course, name, made.root, limit)
        if why := available():  # this class is ours: it may run as it is
            print(f"Note: {why}\nThis made-up class is graded without a fence.", flush=True)
        print(f"Made a class of {len(members)} in demo/. Grading it takes a minute or two.", flush=True)
        with progress_bar() as report:
            table = grade(made, name, jobs=jobs, seconds=timeout, fenced=not why, progress=report)
    except CourseError as error:
        raise SystemExit(f"Error: {error}") from None
    class_table(table, {m.student: f"({m.about})" for m in members if m.role in ("wrong", "broken")})
    first = table.rows[0]
    if first.code_out_of != first.out_of:
        by_hand = first.out_of - first.code_out_of
        print(f"{by_hand:g} of {first.out_of:g} points are for written answers, which a person grades.")
        print(f"Full points from checks are {first.code_out_of:g}.")
    found = surprises(table, members)
    if found:
        raise SystemExit("\n".join(f"Error: {line}" for line in found))
    print("As it should be: the reference has full points, the blank 0, every wrong answer less than full.")
    print(f"Next: open a page in demo/feedback, or grade your own class: mft grade {name}")


if __name__ == "__main__":
    typer.run(main)

"""From a lesson to nbgrader's source version, and through nbgrader's own steps to the release.

The same bytes on every run.
"""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution

from . import interview, routes
from .files import Course, LessonError, write
from .form import read_lesson
from .interview import Bank, heading_id, to_markdown
from .lesson import (
    BEGIN_RELEASE,
    FORM_LINE,
    LANGUAGES,
    STUB,
    Cell,
    Lesson,
    globals_stored,
    headings_of,
    own_names,
    release_regions,
)

ROUTES = Path("release", "routes.json")


class ReleaseRegions(NbGraderPreprocessor):
    """Beside nbgrader's ClearSolutions, and right behind it: show what the release shows instead of a stub."""

    def preprocess_cell(self, cell, resources, index):
        if is_solution(cell) and BEGIN_RELEASE in cell.source:
            stub = r"\n".join(rf"[ \t]*{re.escape(line)}" for line in STUB.split("\n"))
            cell.source = release_regions(re.sub(rf"(?m)^{stub}\n(?=[ \t]*{BEGIN_RELEASE})", "", cell.source))
        return cell, resources


class OutOfSight(NbGraderPreprocessor):
    """Fold checks and the code of figures, and seal checks that would show an answer right below its question.

    Of a folded cell, JupyterLab shows the first line: the build puts there what is checked, and lessons what is drawn.
    The seal only keeps answers out of sight: `checks.run_sealed` opens it. It is not compressed, as zlib's bytes
    differ between machines.
    """

    def preprocess_cell(self, cell, resources, index):
        mft = cell.metadata.get("mft", {})
        if mft.get("kind") == "check" or (mft.get("kind") == "demo" and cell.source.startswith("# Figure")):
            cell.metadata["jupyter"] = {"source_hidden": True}
        if mft.get("sealed"):
            first, *body, last = cell.source.rstrip().split("\n")
            imports = "from mftcourse.checks import grade as mft_grade, run_sealed as mft_run_sealed"
            cell.source = f"{first}\n{imports}\n\n{sealed(chr(10).join(body))}\n{last}"
        return cell, resources


def sealed(source: str) -> str:
    """Return the call that runs a program which nobody reads by accident; see `checks.run_sealed`."""
    text = textwrap.fill(base64.b64encode(source.encode()).decode(), 96)
    return f'mft_run_sealed("""\n{text}\n""")'


def solution_notebook(lesson: Lesson, closing: list[Cell], lang: str) -> nbformat.NotebookNode:
    """Return nbgrader's source version of a lesson, in one language, with closing cells."""
    nb = nbformat.v4.new_notebook(metadata={
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "mft": {"unit": lesson.unit, "lang": lang, "needs": lesson.needs},
    })  # fmt: skip
    used: dict[str, int] = {}
    cells = [*lesson.cells, *closing]
    pairs = [(headings_of(c.source), headings_of(c.zh)) for c in cells if lang == "zh" and c.zh]
    renamed = {heading_id(a): heading_id(b) for both in pairs for a, b in zip(*both, strict=False)}
    for at, cell in enumerate(cells):
        source = cell.text(lang)
        if cell.kind == "prose":
            coming = next((c.exercise for c in cells[at:] if c.kind in ("exercise", "manual")), "")
            source = FORM_LINE.sub(lambda m, id_=coming: m[0].replace(" · ", f" · `{id_}` · ", 1), source)
            # English prose without a sibling follows a translated heading
            source = re.sub(r"\]\(#([^)\s]+)\)", lambda m: f"](#{renamed.get(m[1], m[1])})", source)
        mft = {"kind": cell.kind, "exercise": cell.exercise, "minutes": cell.minutes}
        meta: dict = {"mft": {k: v for k, v in mft.items() if v}}
        if cell.kind == "check":
            meta["mft"] |= {"sealed": True} if lesson.sealed(cell.exercise) else {}
            source = f"# Checks of {cell.exercise}: run this cell\n{own_names(cell, lesson)}"
            source = re.sub(r'grade\((["\'])(\w+)\1\)\s*$', rf"grade(\1\2\1, points={cell.points:g})", source)
        # one id for both languages: it comes from the English text
        name = _cell_name(cell)
        used[name] = used.get(name, 0) + 1
        name += f"-{used[name]}" if used[name] > 1 else ""
        answer, graded = cell.kind in ("exercise", "manual"), cell.kind in ("check", "manual")
        if answer or graded or cell.kind == "code":
            meta["nbgrader"] = {"schema_version": 3, "grade_id": name, "grade": graded, "solution": answer,
                                "locked": not answer, "task": False}  # fmt: skip
            if graded:
                meta["nbgrader"]["points"] = cell.points
        make = nbformat.v4.new_markdown_cell if cell.kind in ("prose", "manual") else nbformat.v4.new_code_cell
        nb.cells.append(make(source, id=name[:64].replace("_", "-"), metadata=nbformat.from_dict(meta)))
    return nb


def _cell_name(cell: Cell) -> str:
    """Name a cell by its exercise, or by what it defines, which outlives small edits, or else by what it says."""
    if cell.exercise:
        return f"{cell.exercise}-check" if cell.kind == "check" else cell.exercise
    if cell.kind == "code" and (names := sorted(globals_stored(cell.source))):
        return "code-" + re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower())[:40].strip("-")
    return f"{cell.kind}-{hashlib.sha256(cell.source.encode()).hexdigest()[:12]}"


def _bank(lesson: Lesson) -> Bank | None:
    """Return the unit's questions, each with the headings that hold its proof, or None where there are none."""
    path = lesson.folder / "interview.yaml"
    if not path.exists():
        return None
    try:
        bank = interview.load(path)
    except ValueError as error:
        raise LessonError(str(error)) from error
    for lang in LANGUAGES:
        headings = lesson.headings(lang)
        for question in bank.questions:
            for exercise in question.proof:
                if exercise not in headings:
                    raise LessonError(f"{path}: {question.id}: the proof {exercise!r} is no exercise of {lesson.unit}.")
            question.wording(lang).headings = list(dict.fromkeys(headings[name] for name in question.proof))
    return bank


def render(course: Course, unit: str) -> dict[Path, str]:
    """Return path (relative to the course's root) → text of every file that a unit's lesson makes.

    Raises:
        LessonError: the lesson has a fault.
    """
    lesson = read_lesson(course.folder("course", unit))
    bank, name = _bank(lesson), f"{lesson.slug}.ipynb"
    closing = [Cell("prose", to_markdown(bank, "en"), 0, zh=to_markdown(bank, "zh"))] if bank else []
    files: dict[Path, str] = {}
    for lang in lesson.languages:
        source = _text(solution_notebook(lesson, closing, lang))
        if lang == "en":  # the Chinese notebook has the same code and is graded with the English source
            files[Path("solutions", unit, name)] = source
        files[Path("release", unit, "" if lang == "en" else lang, name)] = _release(unit, source)
    if bank:  # for the quiz
        files[Path("release", unit, "interview.json")] = bank.model_dump_json(indent=1) + "\n"
    return files


def _text(nb: nbformat.NotebookNode) -> str:
    return nbformat.writes(nb, version=4) + "\n"


def _release(unit: str, source: str) -> str:
    """Put a source notebook through the steps with which nbgrader makes a release."""
    from nbgrader.preprocessors import SaveCells

    nb, resources = nbformat.reads(source, as_version=4), {}
    try:
        for step in release_steps():
            if step is not SaveCells:  # it would write to a gradebook
                nb, resources = step()(nb, resources)
    except Exception as error:
        raise LessonError(f"{unit}: nbgrader could not make the release: {error}") from error
    return _text(nb)


def release_steps() -> list[type]:
    """Return nbgrader's steps from source to release, with ours beside ClearSolutions and ClearHiddenTests."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    steps = list(GenerateAssignment.preprocessors.default_args[0])
    steps.insert(steps.index(ClearSolutions) + 1, ReleaseRegions)
    steps.insert(steps.index(ClearHiddenTests) + 1, OutOfSight)  # the gradebook keeps readable checks
    return steps


def build(course: Course, only: list[str] | None = None) -> list[Path]:
    """Write solutions/ and release/ of the units; return the files whose bytes changed."""
    changed = []
    for path, text in _differences(course, only):
        if text is None:
            (course.root / path).unlink()
            if not any((folder := (course.root / path).parent).iterdir()):
                folder.rmdir()
        else:
            write(course.root / path, text.encode())
        changed.append(path)
    return changed


def drift(course: Course, only: list[str] | None = None) -> list[str]:
    """Return a sentence for every generated file that is not what course/ makes now."""
    found = []
    for path, text in _differences(course, only):
        source = "routes.yaml" if path == ROUTES else f"{path.parts[1]}/lesson.py"
        wrong = f"is not what course/{source} makes" if (course.root / path).exists() else "is missing"
        found.append(f"{path} {'comes from no lesson' if text is None else wrong}; run `mft build`.")
    return found


def _differences(course: Course, only: list[str] | None) -> Iterator[tuple[Path, str | None]]:
    """Yield path and text of every file that must be written, and None for those that nothing in course/ makes."""
    root, known = course.root, set()
    for path, text in _made(course, only):
        known.add(path)
        if not (root / path).exists() or (root / path).read_bytes() != text.encode():
            yield path, text
    built = [p for d in ("solutions", "release") for p in (root / d).rglob("*.ipynb")] + [*root.glob(ROUTES.as_posix())]
    for path in sorted(p.relative_to(root) for p in built):
        chosen = not only or path.parts[1] in only
        if chosen and path not in known and ".ipynb_checkpoints" not in path.parts:
            yield path, None


def _made(course: Course, only: list[str] | None) -> Iterator[tuple[Path, str]]:
    for unit in only or course.units("course"):
        yield from render(course, unit).items()
    if not only and (course.root / "course" / "routes.yaml").exists():
        yield ROUTES, routes.render(course)  # last: the build has written by now what the routes lead to

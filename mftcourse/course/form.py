"""The form of a lesson: what must hold before it is worth building. Every fault names file, line and what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from . import across
from .lesson import (
    BEGIN_HIDDEN,
    BEGIN_RELEASE,
    BEGIN_SOLUTION,
    FORMS,
    MARKERS,
    TYPED,
    Cell,
    Lesson,
    LessonError,
    globals_loaded,
    globals_stored,
    parse,
    regions,
    release_regions,
)

SENTENCES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def read_lesson(folder: Path) -> Lesson:
    """Read course/NN-slug/lesson.py and prove its form.

    Raises:
        LessonError: with file, line and what to do.
    """
    lesson = parse(folder)
    prove(lesson)
    for cell in lesson.wrong_answers + lesson.right_answers:
        if cell.exercise not in lesson.checks:
            raise LessonError(f"{folder}: the answer {cell.title!r} is to {cell.exercise!r}, which no check judges.")
    return lesson


def fault(cell: Cell, sentence: str, line: int = 0, /, **about: object) -> LessonError:
    """Return an error that names the file and the cell's line, or a line of its source (from 1): see form.yaml."""
    return LessonError(f"{cell.path}:{cell.line + line}: {SENTENCES[sentence].format(cell=cell, **about)}")


def prove(lesson: Lesson) -> None:
    """Raise `LessonError` for the first fault in the form of a lesson."""
    open_exercise: Cell | None = None
    seen: dict[str, Cell] = {}
    for cell in [*lesson.cells, None]:
        if open_exercise and (cell is None or cell.kind in ("exercise", "manual")):
            raise fault(open_exercise, "no check")
        if cell is None:
            break
        for unit in cell.needs:
            if cell is not lesson.cells[0] or not (lesson.folder.parent / unit).is_dir():
                raise fault(cell, "needs")
        if cell.kind in ("exercise", "manual"):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", cell.exercise):
                raise fault(cell, "odd name")
            if cell.exercise in seen:
                raise fault(cell, "twice", first=seen[cell.exercise])
            if cell.minutes <= 0:
                raise fault(cell, "no minutes")
            if cell.kind == "manual" and cell.points <= 0:
                raise fault(cell, "no points for words")
            seen[cell.exercise] = cell
            _prove_form(cell, lesson)
            if cell.kind == "exercise":
                open_exercise = cell
                _prove_exercise(cell)
        elif cell.kind == "demo" and re.search(r"\b(show|explore)\(", cell.source):
            if not re.match(r"# Figure: \w", cell.source):
                raise fault(cell, "unsaid figure")
        elif cell.kind == "check":
            if not open_exercise or open_exercise.exercise != cell.exercise:
                why = "stands twice" if cell.exercise in seen else "has no exercise before it"
                raise fault(cell, "stray check", why=why)
            _prove_check(cell, open_exercise, lesson)
            open_exercise = None
    _prove_independence(lesson)


def _prove_form(cell: Cell, lesson: Lesson) -> None:
    """One line of prose says an exercise's form and minutes, and keeps what is typed apart from what is programmed.

    The build writes the exercise's id into that line, and seals the checks of what is typed.
    """
    lines = lesson.form_lines(cell.exercise)
    if len(lines) != 1 or len(lesson.form_lines(cell.exercise, "zh")) != 1:
        raise fault(cell, "no form", count=len(lines))
    form, minutes = lines[0]["form"], lines[0]["minutes"]
    if form not in FORMS or (form == "Write") != (cell.kind == "manual"):
        raise fault(cell, "unknown form", form=form, forms=" · ".join(FORMS))
    if minutes != f"{cell.minutes:g}":
        raise fault(cell, "other minutes", minutes=minutes)
    if cell.kind == "exercise" and programs(cell) == (form in TYPED):
        what = "defines a function or a class" if programs(cell) else "defines no function and no class"
        raise fault(cell, "other form", what=what, form=form, typed=" · ".join(TYPED))


def programs(exercise: Cell) -> bool:
    """Whether the learner writes a function or a class, so that hidden checks can vary its inputs."""
    return any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.parse(exercise.source).body)


def _prove_pairs(cell: Cell) -> None:
    for begin, end in MARKERS.items():
        if cell.source.count(begin) != cell.source.count(end):
            raise fault(cell, "unpaired", begin=begin, end=end)


def _prove_exercise(cell: Cell) -> None:
    _prove_pairs(cell)
    if BEGIN_SOLUTION not in cell.source:
        raise fault(cell, "no solution", begin=BEGIN_SOLUTION, end=MARKERS[BEGIN_SOLUTION])
    if BEGIN_RELEASE in cell.source:
        try:
            ast.parse(release_regions(cell.source))
        except SyntaxError as error:
            raise fault(cell, "no release", error=error) from error
    for node in ast.parse(cell.source).body:
        public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            raise fault(cell, "no docstring", name=node.name)
    if not globals_stored(cell.source):
        raise fault(cell, "nothing defined")


_NOT_IN_CHECKS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Global)


def _prove_check(cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    body = ast.parse(cell.source).body
    if cell.points <= 0:
        raise fault(cell, "no points")
    _prove_pairs(cell)
    if not body or ast.unparse(body[-1]) != f"grade({cell.exercise!r})":
        raise fault(cell, "no grade")
    hidden_lines = {number for number, region, _ in regions(cell.source) if region == BEGIN_HIDDEN}
    total, titles, behind = 0.0, set(), set()
    for node in body[:-1]:
        odd = next((n for n in ast.walk(node) if isinstance(n, _NOT_IN_CHECKS) or getattr(n, "name", None)), None)
        if odd:
            raise fault(cell, "takes a name", node.lineno, what=ast.unparse(odd).splitlines()[0])
        if not (isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("check(")):
            raise fault(cell, "no with", node.lineno)
        call = node.items[0].context_expr
        title = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        options = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
        hidden, needed = bool(options.get("hidden")), options.get("needs")
        if not title or title in titles:
            raise fault(cell, "no title", node.lineno, title=title)
        if not options.get("hint"):
            raise fault(cell, "no hint", node.lineno, title=title)
        if hidden != (node.lineno in hidden_lines):
            raise fault(cell, "half hidden", node.lineno, title=title, begin=BEGIN_HIDDEN, end=MARKERS[BEGIN_HIDDEN])
        if needed and (needed not in titles or (needed in behind and not hidden)):
            raise fault(cell, "odd need", node.lineno, title=title, needed=needed)
        titles.add(title)
        if hidden:
            behind.add(title)
        total += float(options.get("points", 1))
    if behind == titles:
        raise fault(cell, "all hidden")
    if not behind and programs(exercise):
        raise fault(cell, "none hidden")
    if abs(total - cell.points) > 1e-9:
        raise fault(cell, "other points", total=total)
    for name in exercise.faults:
        if name not in titles:
            raise fault(exercise, "unknown fault", name=name)
    given, asked = ([n for c in lesson.cells[: lesson.cells.index(cell)] if c.kind == kind
                     for n in ast.parse(c.source).body] for kind in ("code", "exercise"))  # fmt: skip
    for line, why in across.faults(body[:-1], given, asked):
        raise fault(cell, "not across", line, why=why)
    _prove_asked(body[:-1], cell, exercise, lesson)


def _prove_asked(checks: list[ast.stmt], cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    """What a check asks for must stand in prose or docstring, where that can be seen: check cells are folded."""
    stated = "\n".join([lesson.prose_before(cell.exercise), release_regions(exercise.source)])
    defined = globals_stored(exercise.source)
    for node in (n for block in checks for n in ast.walk(block)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in defined:
                asked = [k.arg for k in node.keywords if k.arg]
            case ast.Call(func=ast.Name(id="expect_raises"), args=[error, *_]) if ast.unparse(error) != "Exception":
                asked = [ast.unparse(error)]  # an Exception is whatever a library raises
            case ast.Subscript(slice=ast.Constant(value=str(key))) if defined & globals_loaded(ast.unparse(node.value)):
                asked = [key]
            case ast.Attribute(value=ast.Name(id=name)) if name in defined:
                asked = [node.attr]
            case _:
                asked = []
        for word in asked:
            if not re.search(rf"\b{re.escape(word.split('.')[0])}\b", stated):  # skip.weight: where `skip` is stated
                raise fault(cell, "unstated", node.lineno, word=word)


def _prove_independence(lesson: Lesson) -> None:
    """Nothing that a demonstration or a check defines may be used by a later cell."""
    owner: dict[str, Cell] = {}
    for cell in lesson.cells:
        if cell.kind in ("prose", "manual"):
            continue
        stored = globals_stored(cell.source)
        for name in sorted(globals_loaded(cell.source) - stored):
            at = owner.get(name)
            if at and at.kind in ("demo", "check"):
                what = "demonstration" if at.kind == "demo" else "check"
                raise fault(cell, "borrowed", name=name, what=what, at=at)
        owner.update(dict.fromkeys(stored, cell))

"""The form of a lesson: what must hold before it is worth building. Every fault names file, line and what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from . import across
from .lesson import (
    BEGIN_HIDDEN,
    BEGIN_RELEASE,
    BEGIN_SOLUTION,
    END_HIDDEN,
    END_RELEASE,
    END_SOLUTION,
    FORMS,
    TYPED,
    Cell,
    Lesson,
    LessonError,
    globals_loaded,
    globals_stored,
    parse,
    release_regions,
)


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


def prove(lesson: Lesson) -> None:
    """Raise `LessonError` for the first fault in the form of a lesson."""
    fault = lesson.fault
    open_exercise: Cell | None = None
    seen: dict[str, Cell] = {}
    for cell in [*lesson.cells, None]:
        if open_exercise and (cell is None or cell.kind in ("exercise", "manual")):
            raise fault(open_exercise, f'the exercise {open_exercise.exercise!r} has no check; add a cell '
                                       f'`# %% check="{open_exercise.exercise}" points=…` behind it.')  # fmt: skip
        if cell is None:
            break
        for unit in cell.needs:
            if cell is not lesson.cells[0] or not (lesson.folder.parent / unit).is_dir():
                raise fault(cell, f"needs={cell.needs} stands in the first cell and names units in course/.")
        if cell.kind in ("exercise", "manual"):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", cell.exercise):
                raise fault(cell, f"the exercise is named {cell.exercise!r}; use snake_case.")
            if cell.exercise in seen:
                raise fault(cell, f"the exercise {cell.exercise!r} stands twice, first at line "
                                  f"{seen[cell.exercise].line}; give this one another name.")  # fmt: skip
            if cell.minutes <= 0:
                raise fault(cell, f"the exercise {cell.exercise!r} says no minutes; add minutes=5 or so.")
            if cell.kind == "manual" and cell.points <= 0:
                raise fault(cell, f"the written answer {cell.exercise!r} says no points; add points=….")
            seen[cell.exercise] = cell
            _prove_form(cell, lesson)
            if cell.kind == "exercise":
                open_exercise = cell
                _prove_exercise(cell, lesson)
        elif cell.kind == "demo" and re.search(r"\b(show|explore)\(", cell.source):
            if not re.match(r"# Figure: \w", cell.source):
                raise fault(cell, "this cell draws, and the release folds it; begin it with a comment `# Figure: …` "
                                  "that says what is drawn.")  # fmt: skip
        elif cell.kind == "check":
            if not open_exercise or open_exercise.exercise != cell.exercise:
                why = "stands twice" if cell.exercise in seen else "has no exercise before it"
                raise fault(cell, f'the check of {cell.exercise!r} {why}; put it behind a cell '
                                  f'`# %% exercise="{cell.exercise}" minutes=…`.')  # fmt: skip
            _prove_check(cell, open_exercise, lesson)
            open_exercise = None
    _prove_independence(lesson)


def _prove_form(cell: Cell, lesson: Lesson) -> None:
    """One line of prose says an exercise's form and minutes, and keeps what is typed apart from what is programmed.

    The build writes the exercise's id into that line, and seals the checks of what is typed.
    """
    lines = lesson.form_lines(cell.exercise)
    if len(lines) != 1 or len(lesson.form_lines(cell.exercise, "zh")) != 1:
        raise lesson.fault(cell, f"{len(lines)} lines before {cell.exercise!r} say its form, one must: *Implement · "
                                 f"{cell.minutes:g} minutes · difficulty: two of three*, in Chinese too where the "
                                 "prose has it.")  # fmt: skip
    form, minutes = lines[0]["form"], lines[0]["minutes"]
    if form not in FORMS or (form == "Write") != (cell.kind == "manual"):
        raise lesson.fault(cell, f"{cell.exercise!r} has the form {form!r}; known are {' · '.join(FORMS)}, "
                                 "and Write is for what a person grades.")  # fmt: skip
    if minutes != f"{cell.minutes:g}":
        raise lesson.fault(cell, f"the prose gives {cell.exercise!r} {minutes} minutes, the cell says minutes="
                                 f"{cell.minutes:g}; make them agree.")  # fmt: skip
    if cell.kind == "exercise" and programs(cell) == (form in TYPED):
        what = "defines a function or a class" if programs(cell) else "defines no function and no class"
        raise lesson.fault(cell, f"{cell.exercise!r} {what}, and its form is {form!r}; {' · '.join(TYPED)} are for "
                                 "values that the learner types, and for nothing else.")  # fmt: skip


def programs(exercise: Cell) -> bool:
    """Whether the learner writes a function or a class, so that hidden checks can vary its inputs."""
    return any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.parse(exercise.source).body)


def _prove_exercise(cell: Cell, lesson: Lesson) -> None:
    fault = lesson.fault
    for begin, end in ((BEGIN_SOLUTION, END_SOLUTION), (BEGIN_RELEASE, END_RELEASE)):
        if cell.source.count(begin) != cell.source.count(end):
            raise fault(cell, f"`{begin}` and `{end}` do not pair up.")
    if BEGIN_SOLUTION not in cell.source:
        raise fault(cell, f"nothing to write in {cell.exercise!r}: put the solution between `{BEGIN_SOLUTION}` "
                          f"and `{END_SOLUTION}`.")  # fmt: skip
    if BEGIN_RELEASE in cell.source:
        try:
            ast.parse(release_regions(cell.source))
        except SyntaxError as error:
            raise fault(cell, f"the release of {cell.exercise!r} is not Python: {error.msg} in line "
                              f"{error.lineno} of the released cell.") from error  # fmt: skip
    for node in ast.parse(cell.source).body:
        public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            raise fault(cell, f"`{node.name}` has no docstring; say shapes, units, an example, what is refused.")
    if not globals_stored(cell.source):
        raise fault(cell, f"{cell.exercise!r} defines nothing; a check has nothing to look at.")


_NOT_IN_CHECKS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Global)


def _prove_check(cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    fault, body = lesson.fault, ast.parse(cell.source).body
    if cell.points <= 0:
        raise fault(cell, f"the check of {cell.exercise!r} says no points; add points=….")
    if cell.source.count(BEGIN_HIDDEN) != cell.source.count(END_HIDDEN):
        raise fault(cell, f"`{BEGIN_HIDDEN}` and `{END_HIDDEN}` do not pair up.")
    if not body or ast.unparse(body[-1]) != f"grade({cell.exercise!r})":
        raise fault(cell, f'the last line must be `grade("{cell.exercise}")`: its scorecard is the cell\'s result.')
    hidden_lines = _hidden_lines(cell.source)
    total, titles, behind, hidden = 0.0, set(), set(), []
    for node in body[:-1]:
        odd = next((n for n in ast.walk(node) if isinstance(n, _NOT_IN_CHECKS) or getattr(n, "name", None)), None)
        if odd:
            raise fault(cell, f"`{ast.unparse(odd).splitlines()[0]}` stands in a check cell, where it would "
                              "take a name away from the learner; put it into a plain cell.", node.lineno)  # fmt: skip
        if not (isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("check(")):
            raise fault(cell, "only `with check(...)` stands in a check cell; an error out here would "
                              "cost every point.", node.lineno)  # fmt: skip
        call = node.items[0].context_expr
        title = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        options = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
        if not title or title in titles:
            raise fault(cell, f"a check has a title of its own, a plain string; {title!r} does not serve.", node.lineno)
        if not options.get("hint"):
            raise fault(cell, f"the check {title!r} has no hint; add hint='…'.", node.lineno)
        if bool(options.get("hidden")) != (node.lineno in hidden_lines):
            raise fault(cell, f"the check {title!r} must stand between `{BEGIN_HIDDEN}` and `{END_HIDDEN}` "
                              "and say hidden=True, or neither.", node.lineno)  # fmt: skip
        needed = options.get("needs")
        if needed and (needed not in titles or (needed in behind and not options.get("hidden"))):
            raise fault(cell, f"the check {title!r} needs {needed!r}; that must be an earlier check of this cell, "
                              "and a visible one where this one is visible.", node.lineno)  # fmt: skip
        titles.add(title)
        behind |= {title} if options.get("hidden") else set()
        total += float(options.get("points", 1))
        hidden += [node] if options.get("hidden") else []
    if len(hidden) == len(titles):
        raise fault(cell, f"{cell.exercise!r} has no visible check; learners need one to work towards.")
    if not hidden and programs(exercise):
        raise fault(cell, f"{cell.exercise!r} is code and has no hidden check; add one that varies the inputs.")
    if abs(total - cell.points) > 1e-9:
        raise fault(cell, f"the checks of {cell.exercise!r} are worth {total:g} points, the cell says points="
                          f"{cell.points:g}; make them agree.")  # fmt: skip
    for name in exercise.faults:
        if name not in titles:
            raise fault(exercise, f"faults names {name!r}, which is no check of {exercise.exercise!r}.")
    given, asked = ([n for c in lesson.cells[: lesson.cells.index(cell)] if c.kind == kind
                     for n in ast.parse(c.source).body] for kind in ("code", "exercise"))  # fmt: skip
    for line, why in across.faults(body[:-1], given, asked):
        raise fault(cell, f"this check of {cell.exercise!r} cannot be judged in another process: {why}.", line)
    _prove_asked(body[:-1], cell, exercise, lesson)


def _prove_asked(checks: list[ast.stmt], cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    """What a check asks for must stand in prose or docstring, where that can be seen: check cells are folded."""
    stated = "\n".join([lesson.prose_before(cell.exercise), release_regions(exercise.source)])
    defined = globals_stored(exercise.source)
    for node in (n for block in checks for n in ast.walk(block)):
        asked = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in defined:
                asked = [k.arg for k in node.keywords if k.arg]
            elif node.func.id == "expect_raises":
                asked = [ast.unparse(node.args[0])]
                asked = [] if asked == ["Exception"] else asked  # whatever a library raises
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            called = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            asked = [node.slice.value] if isinstance(node.slice.value, str) and called & defined else []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in defined:
            asked = [node.attr]
        for word in asked:
            if not re.search(rf"\b{re.escape(word.split('.')[0])}\b", stated):  # skip.weight: where `skip` is stated
                raise lesson.fault(cell, f"this check of {cell.exercise!r} asks for {word!r}, which neither the prose "
                                         "nor the docstring states.", node.lineno)  # fmt: skip


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
                text = f"{name!r} comes from the {what} at line {at.line}, which grading may leave out; move it to "
                raise lesson.fault(cell, f"{text}a plain cell, or give it another name there.")
        owner.update(dict.fromkeys(stored, cell))


def _hidden_lines(source: str) -> set[int]:
    inside, lines = False, set()
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or BEGIN_HIDDEN in line) and END_HIDDEN not in line
        if inside:
            lines.add(number)
    return lines

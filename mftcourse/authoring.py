"""From course/ to solutions/ to release/: read a lesson, prove its form, write nbgrader's notebooks.

`read_lesson` parses a lesson, `solution_notebook` turns it into nbgrader's source version, and nbgrader
itself makes the release from that. The same bytes on every run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
import nbformat
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from . import interview, workspace

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_RELEASE, END_RELEASE = "### BEGIN RELEASE", "### END RELEASE"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
LANGUAGES = ("en", "zh")
KEYS = {"exercise", "check", "points", "minutes", "manual", "demo", "lang", "needs", "faults", "fails", "title"}


class LessonError(Exception):
    """A fault in a lesson; the text names file and line and says what to do."""


@dataclass
class Cell:
    """One cell of a lesson.

    Attributes:
        kind: "prose", "code", "demo", "exercise", "check" or "manual".
        line: of its `# %%` marker in the file.
        title: the words between `# %%` and the metadata (the name of a wrong answer).
    """

    kind: str
    source: str
    line: int
    exercise: str = ""
    points: float = 0
    minutes: float = 0
    lang: str = "en"
    title: str = ""
    faults: list[str] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)  # of the first cell: the units that come before
    zh: str | None = None  # the Chinese sibling of a prose cell


@dataclass
class Lesson:
    """A unit's source: its folder, and the cells of lesson.py in order."""

    folder: Path
    cells: list[Cell]

    @property
    def unit(self) -> str:
        return self.folder.name

    @property
    def slug(self) -> str:
        return self.unit.split("-", 1)[1]

    @property
    def needs(self) -> list[str]:
        """The units whose skills this one uses."""
        return self.cells[0].needs

    def fault(self, cell: Cell, text: str, line: int = 0) -> LessonError:
        """Return an error that names the file and the cell's line, or a line of its source (from 1)."""
        return LessonError(f"{self.folder / 'lesson.py'}:{cell.line + line}: {text}")

    @property
    def languages(self) -> list[str]:
        return ["en", "zh"] if any(c.zh for c in self.cells) else ["en"]

    @property
    def exercises(self) -> dict[str, Cell]:
        return {c.exercise: c for c in self.cells if c.kind in ("exercise", "manual")}

    @property
    def checks(self) -> dict[str, Cell]:
        return {c.exercise: c for c in self.cells if c.kind == "check"}

    def prose_before(self, exercise: str) -> str:
        """Return the prose between the check before this exercise and its own check."""
        at = next(i for i, c in enumerate(self.cells) if c.exercise == exercise)
        start = max((i for i in range(at) if self.cells[i].kind == "check"), default=0)
        return "\n".join(c.source for c in self.cells[start:at] if c.kind == "prose")

    def headings(self, lang: str) -> dict[str, str]:
        """Return exercise id → text of the nearest heading above it."""
        found, current = {}, self.slug
        for cell in self.cells:
            if cell.kind == "prose":
                text = cell.zh if lang == "zh" and cell.zh else cell.source
                current = (_headings(text) or [current])[-1].strip()
            elif cell.kind in ("exercise", "manual"):
                found[cell.exercise] = current
        return found

    @property
    def wrong_answers(self) -> list[Cell]:
        path = self.folder / "wrong_answers.py"
        return [c for c in read_cells(path) if c.exercise] if path.exists() else []


def _headings(markdown: str) -> list[str]:
    """Return the texts of the headings, in order."""
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S), re.M)


# --- reading ----------------------------------------------------------------------------------


def read_cells(path: Path) -> list[Cell]:
    """Read a file in jupytext's percent format.

    Raises:
        LessonError: the file does not parse, or a marker carries metadata that nobody knows.
    """
    text = path.read_text(encoding="utf-8")
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("# %%")]
    try:
        cells = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:
        raise LessonError(f"{path}: this is not jupytext's percent format: {error}") from error
    if len(cells) != len(lines):
        raise LessonError(f"{path}: {len(lines)} `# %%` markers make {len(cells)} cells. A lesson begins "
                          "with a marker, `# %% [markdown]`, and holds none inside a string.")  # fmt: skip
    found = []
    for cell, line in zip(cells, lines, strict=True):
        meta = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
        unknown = sorted(set(meta) - KEYS)
        if unknown:
            raise LessonError(f"{path}:{line}: unknown metadata {unknown[0]!r}; known are {', '.join(sorted(KEYS))}.")
        found.append(_cell(cell.cell_type, cell.source, meta, path, line))
    return found


def _cell(cell_type: str, source: str, meta: dict, path: Path, line: int) -> Cell:
    names = {k: meta.pop(k) for k in ("exercise", "check", "manual", "demo") if meta.get(k)}
    if cell_type == "markdown":
        kind = "manual" if "manual" in names else "prose"
        other = sorted({*meta, *names} - {"lang", "needs"})
        if kind == "prose" and other:
            raise LessonError(f"{path}:{line}: prose takes no {other[0]!r}; a written answer "
                              "has exercise=, points=, minutes= and manual=true.")  # fmt: skip
    else:
        kinds = [k for k in ("exercise", "check", "demo") if k in names]
        if len(kinds) > 1:
            raise LessonError(f"{path}:{line}: a cell is either {' or '.join(kinds)}, not both.")
        kind = kinds[0] if kinds else "code"
        try:
            ast.parse(source)
        except SyntaxError as error:
            at = line + (error.lineno or 0)
            raise LessonError(f"{path}:{at}: {error.msg}. Lessons are plain Python: no magics, no shell.") from error
    meta |= {k: float(meta[k]) for k in ("points", "minutes") if k in meta}
    return Cell(kind, source, line, exercise=str(names.get("exercise") or names.get("check") or ""), **meta)


def read_lesson(folder: Path) -> Lesson:
    """Read course/NN-slug/lesson.py and prove its form.

    Raises:
        LessonError: with file, line and what to do.
    """
    path = folder / "lesson.py"
    if not re.fullmatch(r"\d\d-[a-z0-9-]+", folder.name):
        raise LessonError(f"{folder}: a unit's folder is named like 06-metrics: two digits, a hyphen, a slug.")
    if not path.exists():
        raise LessonError(f"{folder}: there is no lesson.py in it. `mft new {folder.name}` writes a skeleton.")
    cells: list[Cell] = []
    for cell in read_cells(path):
        if cell.lang not in LANGUAGES:
            raise LessonError(f"{path}:{cell.line}: lang is {cell.lang!r}; known are {', '.join(LANGUAGES)}.")
        if cell.lang == "zh":
            if cell.kind != "prose" or not cells or cells[-1].kind != "prose" or cells[-1].zh is not None:
                raise LessonError(f'{path}:{cell.line}: a lang="zh" cell stands right behind its English prose cell.')
            cells[-1].zh = cell.source
        else:
            cells.append(cell)
    lesson = Lesson(folder, cells)
    _prove_form(lesson)
    return lesson


# --- proving ----------------------------------------------------------------------------------


def _prove_form(lesson: Lesson) -> None:
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
            if cell.kind == "exercise":
                open_exercise = cell
                _prove_exercise(cell, lesson)
        elif cell.kind == "check":
            if not open_exercise or open_exercise.exercise != cell.exercise:
                why = "stands twice" if cell.exercise in seen else "has no exercise before it"
                raise fault(cell, f'the check of {cell.exercise!r} {why}; put it behind a cell '
                                  f'`# %% exercise="{cell.exercise}" minutes=…`.')  # fmt: skip
            _prove_check(cell, open_exercise, lesson)
            open_exercise = None
    _prove_independence(lesson)


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
    if not _globals_stored(cell.source):
        raise fault(cell, f"{cell.exercise!r} defines nothing; a check has nothing to look at.")


def _prove_check(cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    fault, body = lesson.fault, ast.parse(cell.source).body
    if cell.points <= 0:
        raise fault(cell, f"the check of {cell.exercise!r} says no points; add points=….")
    if cell.source.count(BEGIN_HIDDEN) != cell.source.count(END_HIDDEN):
        raise fault(cell, f"`{BEGIN_HIDDEN}` and `{END_HIDDEN}` do not pair up.")
    if not body or ast.unparse(body[-1]) != f"grade({cell.exercise!r})":
        raise fault(cell, f'the last line must be `grade("{cell.exercise}")`: its scorecard is the cell\'s result.')
    hidden_lines = _hidden_lines(cell.source)
    total, titles, hidden = 0.0, set(), []
    for node in body[:-1]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if not (isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("check(")):
            raise fault(cell, "only `with check(...)` and imports stand in a check cell; an error out here would "
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
        titles.add(title)
        total += float(options.get("points", 1))
        hidden += [node] if options.get("hidden") else []
    if len(hidden) == len(titles):
        raise fault(cell, f"{cell.exercise!r} has no visible check; learners need one to work towards.")
    if not hidden and any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.parse(exercise.source).body):
        raise fault(cell, f"{cell.exercise!r} is code and has no hidden check; add one that varies the inputs.")
    if abs(total - cell.points) > 1e-9:
        raise fault(cell, f"the checks of {cell.exercise!r} are worth {total:g} points, the cell says points="
                          f"{cell.points:g}; make them agree.")  # fmt: skip
    for name in exercise.faults:
        if name not in titles:
            raise fault(exercise, f"faults names {name!r}, which is no check of {exercise.exercise!r}.")
    _prove_hidden(hidden, cell, exercise, lesson)


def _prove_hidden(hidden: list[ast.With], cell: Cell, exercise: Cell, lesson: Lesson) -> None:
    """What a hidden check asks for must stand in prose, docstring or a visible check, where that can be seen."""
    shown = [text for n, text in enumerate(cell.source.splitlines(), 1) if n not in _hidden_lines(cell.source)]
    stated = "\n".join([lesson.prose_before(cell.exercise), release_regions(exercise.source), *shown])
    defined = _globals_stored(exercise.source)
    for node in (n for block in hidden for n in ast.walk(block)):
        asked = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in defined:
                asked = [k.arg for k in node.keywords if k.arg]
            elif node.func.id == "expect_raises":
                asked = [ast.unparse(node.args[0])]
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            called = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            asked = [node.slice.value] if isinstance(node.slice.value, str) and called & defined else []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in defined:
            asked = [node.attr]
        for word in asked:
            if not re.search(rf"\b{re.escape(word)}\b", stated):
                text = f"this hidden check asks for {word!r}, which neither the prose nor the docstring nor a visible "
                raise lesson.fault(cell, f"{text}check of {cell.exercise!r} states.", node.lineno)


def _prove_independence(lesson: Lesson) -> None:
    """Nothing that a demonstration or a check defines may be used by a later cell."""
    owner: dict[str, Cell] = {}
    for cell in lesson.cells:
        if cell.kind in ("prose", "manual"):
            continue
        stored = _globals_stored(cell.source)
        for name in sorted(_globals_loaded(cell.source) - stored):
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


def _globals_stored(source: str) -> set[str]:
    """Return the names that running the cell binds at top level."""
    top = symtable.symtable(source, "<cell>", "exec")
    return {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}


def _globals_loaded(source: str) -> set[str]:
    """Return the global names that the cell, or a function in it, reads."""

    def read(table: symtable.SymbolTable) -> set[str]:
        top = table.get_type() == "module"
        names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        return names.union(*map(read, table.get_children()))

    return read(symtable.symtable(source, "<cell>", "exec"))


# --- writing ----------------------------------------------------------------------------------


def release_regions(source: str) -> str:
    """Return an exercise cell without its solution region, and with its release region uncommented."""
    out: list[str] = []
    region = ""
    for line in source.split("\n"):
        marker = next((m for m in (BEGIN_SOLUTION, END_SOLUTION, BEGIN_RELEASE, END_RELEASE) if m in line), "")
        if marker:
            region = marker if marker in (BEGIN_SOLUTION, BEGIN_RELEASE) else ""
        elif region != BEGIN_SOLUTION:
            out.append(re.sub(r"^(\s*)# ?", r"\1", line, count=1) if region else line)
    return "\n".join(out)


class ReleaseRegions(NbGraderPreprocessor):
    """Beside nbgrader's ClearSolutions, and right behind it: show what the release shows instead of a stub."""

    stub = "# YOUR CODE HERE\nraise NotImplementedError()"

    def preprocess_cell(self, cell, resources, index):
        if is_solution(cell) and BEGIN_RELEASE in cell.source:
            stub = r"\n".join(rf"[ \t]*{re.escape(line)}" for line in self.stub.split("\n"))
            cell.source = release_regions(re.sub(rf"(?m)^{stub}\n(?=[ \t]*{BEGIN_RELEASE})", "", cell.source))
        return cell, resources


def solution_notebook(lesson: Lesson, lang: str = "en") -> nbformat.NotebookNode:
    """Return nbgrader's source version of a lesson, in one language."""
    nb = nbformat.v4.new_notebook()
    nb.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "mft": {"unit": lesson.unit, "lang": lang},
    })  # fmt: skip
    used: dict[str, int] = {}
    cells = [*lesson.cells, *_interview_cells(lesson, lang)]
    renamed = {
        interview.heading_id(a): interview.heading_id(b)
        for c in cells
        if lang == "zh" and c.zh
        for a, b in zip(_headings(c.source), _headings(c.zh), strict=False)
    }
    for cell in cells:
        source = cell.zh if lang == "zh" and cell.zh is not None else cell.source
        if cell.kind == "prose":  # English prose without a sibling follows a translated heading
            source = re.sub(r"\]\(#([^)\s]+)\)", lambda m: f"](#{renamed.get(m[1], m[1])})", source)
        mft = {"kind": cell.kind, "exercise": cell.exercise, "minutes": cell.minutes}
        meta: dict = {"mft": {k: v for k, v in mft.items() if v}}
        if cell.kind == "check":
            source = re.sub(r'grade\((["\'])(\w+)\1\)\s*$', rf"grade(\1\2\1, points={cell.points:g})", source)
        # one id for both languages: it comes from the English text
        name = {"exercise": cell.exercise, "manual": cell.exercise, "check": f"{cell.exercise}-check"}.get(cell.kind)
        name = name or _cell_name(cell)
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
    """Name a cell by what it defines, which outlives small edits, or else by what it says."""
    if cell.kind == "code":
        names = sorted(_globals_stored(cell.source))
        if names:
            return "code-" + re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower())[:40].strip("-")
    return f"{cell.kind}-{hashlib.sha256(cell.source.encode()).hexdigest()[:12]}"


def _interview_cells(lesson: Lesson, lang: str) -> list[Cell]:
    path = lesson.folder / "interview.yaml"
    if not path.exists():
        return []
    try:
        bank = interview.load(path)
    except ValueError as error:
        raise LessonError(str(error)) from error
    headings = lesson.headings(lang)
    for question in bank.questions:
        for exercise in question.proof:
            if exercise not in headings:
                raise LessonError(f"{path}: {question.id}: the proof {exercise!r} is no exercise of {lesson.unit}.")
    english = interview.to_markdown(bank, "en", lesson.headings("en"))
    return [Cell("prose", english, 0, zh=interview.to_markdown(bank, "zh", headings))]


def units(root: Path) -> list[str]:
    """Return the names of the units in course/, in order."""
    return workspace.units(root, "course")


def render(root: Path, unit: str) -> dict[Path, str]:
    """Return path (relative to root) → text of every notebook that a unit's lesson makes.

    Raises:
        LessonError: the lesson has a fault.
    """
    lesson = read_lesson(root / "course" / unit)
    files: dict[Path, str] = {}
    for lang in lesson.languages:
        source, name = _text(solution_notebook(lesson, lang)), f"{lesson.slug}.ipynb"
        if lang == "en":  # the Chinese notebook has the same code and is graded with the English source
            files[Path("solutions", unit, name)] = source
        files[Path("release", unit, "" if lang == "en" else lang, name)] = _release(unit, source)
    if (lesson.folder / "interview.yaml").exists():
        files[Path("release", unit, "interview.json")] = _questions(lesson)
    return files


def _questions(lesson: Lesson) -> str:
    """Return the unit's questions for the quiz, each with the headings that hold its proof."""
    bank = interview.load(lesson.folder / "interview.yaml").model_dump()
    for question in bank["questions"]:
        for lang in LANGUAGES:
            headings = lesson.headings(lang)
            question[lang]["headings"] = list(dict.fromkeys(headings[name] for name in question["proof"]))
    return json.dumps(bank, ensure_ascii=False, indent=1) + "\n"


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
    """Return nbgrader's steps from source to release, with ours beside ClearSolutions."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import ClearSolutions

    steps = list(GenerateAssignment.preprocessors.default_args[0])
    steps.insert(steps.index(ClearSolutions) + 1, ReleaseRegions)
    return steps


class ClearHiddenChecks(ClearHiddenTests):
    """Take the hidden checks out of feedback: stock nbgrader prints their source, expected values included.

    Their findings stay in the scorecard. Only locked check cells are touched, so that a marker which a learner
    wrote cannot stop the feedback; a traceback of such a cell would quote its lines, so its last line stays.
    """

    def preprocess_cell(self, cell, resources, index):
        if is_grade(cell) and not is_solution(cell):
            self._remove_hidden_test_region(cell)
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


def feedback_steps() -> list[type]:
    """Return nbgrader's steps to feedback, with ours before its styles."""
    from nbgrader.converters import GenerateFeedback

    return [ClearHiddenChecks, *GenerateFeedback.preprocessors.default_args[0]]


def build(root: Path, only: list[str] | None = None) -> list[Path]:
    """Write solutions/ and release/ of the units; return the files whose bytes changed."""
    changed = []
    for path, text in _differences(root, only):
        if text is None:
            (root / path).unlink()
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
        changed.append(path)
    return changed


def drift(root: Path, only: list[str] | None = None) -> list[str]:
    """Return a sentence for every generated file that is not what course/ makes now."""
    found = []
    for path, text in _differences(root, only):
        wrong = f"is not what course/{path.parts[1]}/lesson.py makes" if (root / path).exists() else "is missing"
        found.append(f"{path} {'comes from no lesson' if text is None else wrong}; run `mft build`.")
    return found


def _differences(root: Path, only: list[str] | None) -> Iterator[tuple[Path, str | None]]:
    """Yield path and text of every file that must be written, and None for notebooks that no lesson makes."""
    known = set()
    for unit in only or units(root):
        for path, text in render(root, unit).items():
            known.add(path)
            if not (root / path).exists() or (root / path).read_bytes() != text.encode():
                yield path, text
    for path in sorted(p.relative_to(root) for d in ("solutions", "release") for p in (root / d).rglob("*.ipynb")):
        chosen = not only or path.parts[1] in only
        if chosen and path not in known and ".ipynb_checkpoints" not in path.parts:
            yield path, None


def new_unit(root: Path, name: str) -> Path:
    """Write the skeleton of a unit: it builds, and obeys the laws but for its content.

    Raises:
        LessonError: the name does not fit, or the unit is there already.
    """
    if not re.fullmatch(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*", name):
        raise LessonError(f"{name!r} is no name for a unit; it looks like 13-scaling: two digits, a hyphen, a slug.")
    folder = root / "course" / name
    if folder.exists():
        raise LessonError(f"{folder} is there already; nothing was written.")
    folder.mkdir(parents=True)
    title = name[3:].replace("-", " ").capitalize()
    for path in sorted((Path(__file__).parent / "skeleton").iterdir()):
        text = path.read_text(encoding="utf-8").replace("{{unit}}", name).replace("{{title}}", title)
        (folder / path.name.removesuffix(".txt")).write_text(text, encoding="utf-8")
    return folder

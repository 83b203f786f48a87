"""A lesson as it is written: cells with what they say of themselves, read from lesson.py and wrong_answers.py."""

from __future__ import annotations

import ast
import builtins
import itertools
import json
import re
import symtable
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from .files import Course, LessonError

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_RELEASE, END_RELEASE = "### BEGIN RELEASE", "### END RELEASE"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
MARKERS = {BEGIN_SOLUTION: END_SOLUTION, BEGIN_RELEASE: END_RELEASE, BEGIN_HIDDEN: END_HIDDEN}
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"  # nbgrader's
LANGUAGES = ("en", "zh")
# The forms of an exercise. In the first five the learner types values and programs nothing; see `Lesson.sealed`.
TYPED = ("By hand", "Predict, then run", "Choose one", "Read the plot", "Read the program")
FORMS = (*TYPED, "Implement", "Find the bug", "Write")
# *Implement · 15 minutes · difficulty: two of three*, or the same in Chinese
FORM_LINE = re.compile(r"^\*(?P<form>[^*·\n]+) · (?P<minutes>\d+) (?:minutes?|分钟) · [^*\n]+\*$", re.M)
KEYS = {"exercise", "check", "points", "minutes", "manual", "demo", "lang", "needs", "faults", "fails", "title"}


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
    path: Path = Path()  # of the file

    def text(self, lang: str) -> str:
        """Return the source in a language, in English where there is no sibling."""
        return self.zh if lang == "zh" and self.zh is not None else self.source


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

    @property
    def languages(self) -> list[str]:
        """The languages in which every prose cell is there: a unit is released in a language whole, or not at all."""
        return ["en", "zh"] if all(c.zh for c in self.cells if c.kind == "prose") else ["en"]

    @property
    def exercises(self) -> dict[str, Cell]:
        return {c.exercise: c for c in self.cells if c.kind in ("exercise", "manual")}

    @property
    def checks(self) -> dict[str, Cell]:
        return {c.exercise: c for c in self.cells if c.kind == "check"}

    def prose_before(self, exercise: str) -> str:
        """Return the prose between the exercise before this one, with its check, and this one."""
        return "\n".join(c.source for c in self._before(exercise))

    def _before(self, exercise: str) -> list[Cell]:
        at = next(i for i, c in enumerate(self.cells) if c.exercise == exercise)
        start = max((i for i in range(at) if self.cells[i].kind in ("check", "manual")), default=0)
        return [c for c in self.cells[start:at] if c.kind == "prose"]

    def form_lines(self, exercise: str, lang: str = "en") -> list[re.Match]:
        """Return the lines before an exercise that say its form, minutes and difficulty; there should be one."""
        return [line for cell in self._before(exercise) for line in FORM_LINE.finditer(cell.text(lang))]

    def sealed(self, exercise: str) -> bool:
        """Whether the release holds the checks of an exercise out of sight.

        Where the learner programs, visible checks are the specification. Where the learner types values, each
        check would show the answer right below the question.
        """
        return any(line["form"] in TYPED for line in self.form_lines(exercise))

    def headings(self, lang: str) -> dict[str, str]:
        """Return exercise id → text of the nearest heading above it."""
        found, current = {}, self.slug
        for cell in self.cells:
            if cell.kind == "prose":
                text = cell.text(lang if lang in self.languages else "en")
                current = (headings_of(text) or [current])[-1].strip()
            elif cell.kind in ("exercise", "manual"):
                found[cell.exercise] = current
        return found

    @property
    def wrong_answers(self) -> list[Cell]:
        """The wrong answers as whole programs, also where the file says an edit alone."""
        return self._answers("wrong_answers.py")

    @property
    def right_answers(self) -> list[Cell]:
        """Right answers in other styles than the reference."""
        return self._answers("right_answers.py")

    def _answers(self, name: str) -> list[Cell]:
        path = self.folder / name
        found = [c for c in read_cells(path) if c.exercise] if path.exists() else []
        for cell in found:
            if re.search(r"^# [-+]", cell.source, re.M):
                try:
                    cell.source = edited(reference(self.exercises[cell.exercise].source), cell.source)
                except (KeyError, ValueError) as error:
                    what = f"there is no exercise {error}" if isinstance(error, KeyError) else str(error)
                    raise LessonError(f"{path}:{cell.line}: {cell.title!r}: {what}") from None
        return found


def headings_of(markdown: str) -> list[str]:
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
    return [_cell(cell, path, line) for cell, line in zip(cells, lines, strict=True)]


def _cell(cell: NotebookNode, path: Path, line: int) -> Cell:
    source, meta = cell.source, {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
    if unknown := sorted(set(meta) - KEYS):
        raise LessonError(f"{path}:{line}: unknown metadata {unknown[0]!r}; known are {', '.join(sorted(KEYS))}.")
    names = {k: meta.pop(k) for k in ("exercise", "check", "manual", "demo") if meta.get(k)}
    kinds = [k for k in ("exercise", "check", "demo") if k in names]
    if cell.cell_type == "markdown":
        kind = "manual" if "manual" in names else "prose"
        other = sorted({*meta, *names} - {"lang", "needs"})
        if kind == "prose" and other:
            raise LessonError(f"{path}:{line}: prose takes no {other[0]!r}; a written answer "
                              "has exercise=, points=, minutes= and manual=true.")  # fmt: skip
    elif len(kinds) > 1:
        raise LessonError(f"{path}:{line}: a cell is either {' or '.join(kinds)}, not both.")
    else:
        kind = kinds[0] if kinds else "code"
        try:
            ast.parse(source)
        except SyntaxError as error:
            at = line + (error.lineno or 0)
            raise LessonError(f"{path}:{at}: {error.msg}. Lessons are plain Python: no magics, no shell.") from error
    meta |= {k: float(meta[k]) for k in ("points", "minutes") if k in meta}
    name = str(names.get("exercise") or names.get("check") or "")
    return Cell(kind, source, line, exercise=name, path=path, **meta)


def parse(folder: Path) -> Lesson:
    """Read course/NN-slug/lesson.py, without a look at its form (`form.read_lesson` proves that).

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
    return Lesson(folder, cells)


# --- what a cell says ------------------------------------------------------------------------


def regions(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the lines of a cell that are no markers: number, the marker that began the region it is in or '', line."""
    region = ""
    for number, line in enumerate(source.split("\n"), 1):
        marker = next((m for pair in MARKERS.items() for m in pair if m in line), "")
        if marker:
            region = marker if marker in MARKERS else ""
        else:
            yield number, region, line


def release_regions(source: str) -> str:
    """Return an exercise cell without its solution region, and with its release region uncommented."""
    return "\n".join(
        re.sub(r"^(\s*)# ?", r"\1", line, count=1) if region == BEGIN_RELEASE else line
        for _, region, line in regions(source)
        if region != BEGIN_SOLUTION
    )


def released(source: str) -> str:
    """Return what the release shows for an exercise cell (nbgrader makes it; a law compares the two)."""
    if BEGIN_RELEASE in source:
        return release_regions(source)
    region = rf"^([ \t]*)[^\n]*{BEGIN_SOLUTION}.*?{END_SOLUTION}[^\n]*"
    return re.sub(region, lambda m: textwrap.indent(STUB, m[1]), source, flags=re.M | re.S)


def reference(source: str) -> str:
    """Return an exercise cell as the reference has it: without markers, and without its release region."""
    return "\n".join(line for _, region, line in regions(source) if region != BEGIN_RELEASE)


def edited(source: str, edit: str) -> str:
    """Return `source` after an edit, behind the comment with which the edit begins.

    An edit is a comment, and then hunks as in a patch: `# - ` lines that stand in the source, and the `# + `
    lines that take their place. Indentation counts from the first line of a hunk.

    Raises:
        ValueError: a hunk's lines are not there, or there more than once.
    """
    lines = source.split("\n")
    comment = [line for line in edit.split("\n") if line.startswith("#") and not re.match(r"# [-+]( |$)", line)]
    for old, new in re.findall(r"((?:^# -(?: .*)?\n)+)((?:^# \+(?: .*)?\n)*)", edit + "\n", re.M):
        margin = re.match(r"# - ?( *)", old)[1]  # as the hunk itself is indented
        olds, news = ([line[4:].rstrip().removeprefix(margin) for line in hunk.splitlines()] for hunk in (old, new))
        source = [line.rstrip() for line in lines]
        places = [at for at in range(len(lines)) if source[at : at + len(olds)] == _as_deep(lines[at], olds)]
        if len(places) != 1:
            where = "is nowhere in" if not places else f"stands {len(places)} times in"
            raise ValueError(f"the line {olds[0].strip()!r} of the edit {where} the reference; "
                             "write the line as it is there, with neighbours where it stands twice.")  # fmt: skip
        at = places[0]
        lines[at : at + len(olds)] = _as_deep(lines[at], news)
    return "\n".join([*comment, "", *lines])


def _as_deep(line: str, hunk: list[str]) -> list[str]:
    """Return the lines of a hunk, indented like a line of the source."""
    indent = re.match(r"\s*", line)[0]
    return [indent + text if text else "" for text in hunk]


def own_names(cell: Cell, lesson: Lesson) -> str:
    """Return the source of a check cell in which every name but the lesson's and the learner's is its own.

    What is imported, built in, or bound in the cell itself is called `mft_...`: a learner's `check`, `np` or `list`
    changes no verdict, and the cell takes no name away from a helper of the learner's. The first line tells the
    checks which functions are held to the rule on inputs.
    """
    before = [c for c in lesson.cells[: lesson.cells.index(cell)] if c.kind in ("exercise", "code")]
    given = set().union(*(bound(c.source)[1] for c in before))
    origin = {name: ("builtins", name) for name in dir(builtins) if name.islower() and not name.startswith("_")}
    origin |= imported(n for c in before for n in ast.parse(c.source).body)
    tree = ast.parse(cell.source)
    mine = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    own = (mine | set(origin)) - given
    text, used = cell.source.encode(), set()  # columns count bytes
    starts = [0, *itertools.accumulate(len(line) + 1 for line in text.split(b"\n"))]
    for node in sorted(_naming(tree), key=lambda n: (n.lineno, n.col_offset), reverse=True):
        words = own & {getattr(n, "id", None) or n.arg for n in ast.walk(node) if isinstance(n, ast.Name | ast.arg)}
        used |= words
        if words:
            begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            pattern = rb"(?<![\w.'\"])(" + "|".join(sorted(words)).encode() + rb")(?!\w)"
            pattern += rb"(?=[^{}]*\})" if isinstance(node, ast.JoinedStr) else b""
            text = text[:begin] + re.sub(pattern, rb"mft_\1", text[begin:end]) + text[end:]
    # what begins with _ is a helper of the reference's own
    asked = [n.name for c in before if c.kind == "exercise" for n in ast.parse(c.source).body
             if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name[0] != "_"]  # fmt: skip
    heads = textwrap.wrap(f"mft_learners = {json.dumps(asked)}", 100, subsequent_indent="    ") if asked else []
    needed = sorted((origin[name][0], name) for name in used & set(origin) - mine)
    for module, names in itertools.groupby(needed, key=lambda pair: pair[0]):
        parts = [f"{origin[name][1]} as mft_{name}" for _, name in names]
        for at in range(0, len(parts), 4):
            heads.append((f"from {module} " if module else "") + "import " + ", ".join(parts[at : at + 4]))
    return "\n".join([*heads, text.decode()])


def _naming(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the names in a program, and f-strings whole: where names stand inside differs between Python's versions."""
    if isinstance(node, ast.Name | ast.arg | ast.JoinedStr):
        yield node
    else:
        for child in ast.iter_child_nodes(node):
            yield from _naming(child)


def imported(statements: Iterable[ast.stmt]) -> dict[str, tuple[str, str]]:
    """Return what the import statements among these bind: name → (module, its part), or ("", module)."""
    found = {}
    for node in statements:
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else []:
            whole = alias.asname or isinstance(node, ast.ImportFrom)  # `import a.b` binds a
            part = alias.name if whole else alias.name.split(".")[0]
            found[alias.asname or part] = (getattr(node, "module", "") or "", part)
    return found


def bound(source: str) -> tuple[set[str], set[str]]:
    """Return the names that running the cell binds at top level: by imports, and otherwise."""
    symbols = symtable.symtable(source, "<cell>", "exec").get_symbols()
    imports = {s.get_name() for s in symbols if s.is_imported()}
    return imports, {s.get_name() for s in symbols if s.is_assigned()} - imports


def globals_stored(source: str) -> set[str]:
    """Return all names that running the cell binds at top level."""
    return set.union(*bound(source))


def globals_loaded(source: str) -> set[str]:
    """Return the global names that the cell, or a function in it, reads."""

    def read(table: symtable.SymbolTable) -> set[str]:
        top = table.get_type() == "module"
        names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        return names.union(*map(read, table.get_children()))

    return read(symtable.symtable(source, "<cell>", "exec"))


def new_unit(course: Course, name: str) -> Path:
    """Write the skeleton of a unit: it builds, and obeys the laws but for its content.

    Raises:
        LessonError: the name does not fit, or the unit is there already.
    """
    if not re.fullmatch(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*", name):
        raise LessonError(f"{name!r} is no name for a unit; it looks like 13-scaling: two digits, a hyphen, a slug.")
    folder = course.folder("course", name)
    if folder.exists():
        raise LessonError(f"{folder} is there already; nothing was written.")
    folder.mkdir(parents=True)
    title = name[3:].replace("-", " ").capitalize()
    for path in sorted((Path(__file__).parent / "skeleton").iterdir()):
        text = path.read_text(encoding="utf-8").replace("{{unit}}", name).replace("{{title}}", title)
        (folder / path.name.removesuffix(".txt")).write_text(text, encoding="utf-8")
    return folder

"""Run a unit's cells in a plain process, and other code in the learner's place.

The cells run once, in order; at every check cell the process forks, and each child runs the checks of one
variant: the reference, the released stub, a wrong answer, a mutant, with or without the wall of `wall.py`.
Forking needs POSIX. Everything runs in a process of its own (`drive`) with single-threaded
libraries, because a forked child must not inherit half of a thread pool.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import json
import linecache
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .. import checks, mistakes
from ..course.files import LessonError
from ..course.form import read_lesson
from ..course.lesson import BEGIN_SOLUTION, END_SOLUTION, Cell, Lesson, globals_stored, own_names, released
from .wall import Room, stand_ins

_TABLES = yaml.safe_load((Path(__file__).parent / "runner.yaml").read_text(encoding="utf-8"))
SETTINGS, IDLE = _TABLES["settings"], _TABLES["idle"]
CHILD_SECONDS = 600  # of CPU, for all seeds of one variant


@dataclass
class Plan:
    """What to run besides the reference.

    Attributes:
        seeds: seeds of the checks of the reference (behind the wall, only the first).
        demos: run the demonstrations too.
        wrong: also the unit's wrong answers, on the first three of `seeds`.
        laws: also what the release shows in place of each solution, the unit's right answers, on the first five of
            `seeds`, and answers that do nothing (`idle_answers`); and everything again behind the wall.
        extra: exercise → {name: code}: further code to put in the learner's place.
        exercises: only the checks of these; all where empty.
        facts: also the strings that facts.py computes.
        check_seconds: when a check is stopped; where None, as in notebooks.
    """

    seeds: list[int] = field(default_factory=lambda: [0])
    demos: bool = False
    wrong: bool = False
    laws: bool = False
    extra: dict[str, dict[str, str]] = field(default_factory=dict)
    exercises: list[str] = field(default_factory=list)
    facts: bool = False
    check_seconds: float | None = None


@dataclass
class Outcome:
    """What the checks of one exercise said of one variant.

    Attributes:
        variant: "reference", "stub", or the name of a wrong answer or of an extra.
        card: the scorecard as a dict; None where the cell itself ended in an error.
        error: that error.
        cpu: the seconds of CPU that the check cell took.
    """

    exercise: str
    variant: str
    seed: int
    wall: bool
    card: dict[str, Any] | None
    error: str = ""
    cpu: float = 0.0

    @property
    def failed(self) -> list[str]:
        """Titles of the checks that failed; those that only wait for another one are not among them."""
        findings = self.card["findings"] if self.card else []
        return [f["title"] for f in findings if f["verdict"] in ("failed", "todo")]

    @property
    def earned(self) -> float:
        return self.card["earned"] if self.card else 0.0


@dataclass
class Result:
    """The outcomes of a unit; `facts` are the strings that its facts.py computed."""

    outcomes: list[Outcome]
    facts: list[str] = field(default_factory=list)

    def of(self, variant: str, exercise: str = "", wall: bool = False) -> list[Outcome]:
        return [o for o in self.outcomes
                if o.variant == variant and o.wall == wall and exercise in ("", o.exercise)]  # fmt: skip


def drive(folder: Path, plan: Plan | None = None, setting: str = "one thread", timeout: float = 3600) -> Result:
    """Run the unit in `folder` by `plan` in a process of its own, in one of `SETTINGS`.

    Raises:
        LessonError: a cell of the lesson itself failed, with its file, line and error.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mftcourse.grading.runner", str(folder)],
        input=json.dumps((plan or Plan()).__dict__),
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | SETTINGS[setting] | {"MPLBACKEND": "Agg", "PYTHONHASHSEED": "0"},
    )
    if done.returncode:
        *_, said = done.stderr.strip().splitlines() or ["the runner died"]
        raise LessonError(said.removeprefix("mftcourse.course.files.LessonError: "))
    data = json.loads(done.stdout.splitlines()[-1])
    return Result([Outcome(**o) for o in data["outcomes"]], data["facts"])


def matrix(folder: Path) -> list[Outcome]:
    """Return one outcome for each wrong answer of a unit: which check catches which."""
    return [o for o in drive(folder, Plan(wrong=True)).outcomes if o.variant != "reference"]


# --- inside the process -----------------------------------------------------------------------


def _run(lesson: Lesson, plan: Plan) -> Result:
    checks.CHECK_SECONDS = plan.check_seconds or checks.CHECK_SECONDS
    namespace = lesson_module()
    outcomes: list[Outcome] = []
    walled: set[str] = set()  # names that exercises defined so far
    exercise: Cell | None = None
    wrong = lesson.wrong_answers if plan.wrong else []
    for cell in lesson.cells:
        if cell.kind == "exercise":
            exercise = cell
            walled |= globals_stored(cell.source)
            answer = _answer(cell.source, ast.parse(cell.source))
            written = set().union(*(globals_stored(ast.unparse(node)) for node in answer))
            before = {name: namespace[name] for name in written if name in namespace}
        if cell.kind in ("code", "exercise") or (cell.kind == "demo" and plan.demos):
            with contextlib.redirect_stdout(io.StringIO()):
                _execute(cell, lesson, namespace)
        if "torch" in sys.modules:
            import torch._dynamo  # noqa: F401 -- the first optimizer would load it, a second in every child
        if cell.kind == "check" and plan.seeds and (not plan.exercises or cell.exercise in plan.exercises):
            variants: list[tuple[str, str | None, list[int]]] = [("reference", None, plan.seeds)]
            variants += [(w.title, w.source, plan.seeds[:3]) for w in wrong if w.exercise == cell.exercise]
            if plan.laws:
                right = [r for r in lesson.right_answers if r.exercise == cell.exercise]
                variants += [(r.title, r.source, plan.seeds[:5]) for r in right]
                variants += [(name, code, [0]) for name, code in idle_answers(exercise.source).items()]
                variants.append(("stub", released(exercise.source), [0]))
            variants += [(name, code, [0]) for name, code in plan.extra.get(cell.exercise, {}).items()]
            source = own_names(cell, lesson)
            for wall in [False, True] if plan.laws else [False]:
                for name, code, seeds in variants:
                    seeds = seeds[:1] if wall else seeds
                    about = cell.exercise, source, namespace, walled, written, before
                    if data := in_a_child(functools.partial(_judged, *about, name, code, seeds, wall)):
                        outcomes += [Outcome(**o) for o in json.loads(data)]
                    else:
                        outcomes += [Outcome(cell.exercise, name, s, wall, None, "the process died") for s in seeds]
    facts: list[str] = []
    if plan.facts and (lesson.folder / "facts.py").exists():
        path = lesson.folder.resolve() / "facts.py"
        scope: dict[str, Any] = {"__file__": str(path)}
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)
        with contextlib.redirect_stdout(io.StringIO()):
            facts = scope["facts"](namespace)
    return Result(outcomes, facts)


def _answer(source: str, tree: ast.Module) -> list[ast.stmt]:
    """Return the statements of an exercise cell that the learner writes; the rest of the cell is given."""
    marks = [n for n, line in enumerate(source.split("\n"), 1) if BEGIN_SOLUTION in line or END_SOLUTION in line]
    return [node for node in tree.body if node.lineno <= marks[-1] and node.end_lineno >= marks[0]]


def idle_answers(source: str) -> dict[str, str]:
    """Return name → code of answers that do nothing, for an exercise that defines functions or classes.

    What the learner writes keeps its names and signatures; every function's body is one of `IDLE`. A class still
    calls the `__init__` of its base, so that a module can be made. Empty where the exercise defines neither.
    """
    found: dict[str, str] = {}
    for name, body in IDLE.items():
        tree, written = ast.parse(source), 0
        for node in _answer(source, tree):
            functions = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)]
            if not functions and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With):
                tree.body.remove(node)  # a number that the learner types, beside a function
            for function in functions:
                written += 1
                names = [a.arg for a in (*function.args.posonlyargs, *function.args.args) if a.arg != "self"]
                said = body.format(first=names[0] if names else None)
                kept = [s for s in function.body if "super()" in ast.unparse(s)] or [ast.Pass()]
                quiet = function.name == "__init__" and said.startswith("return")
                function.body = kept if quiet else ast.parse(f"def _():\n    {said}").body[0].body
        if written:
            found[name] = ast.unparse(ast.fix_missing_locations(tree))
    return found


def _judged(
    exercise: str, source: str, namespace: dict, walled: set[str], written: set[str], before: dict[str, Any],
    name: str, code: str | None, seeds: list[int], wall: bool,
) -> bytes:  # fmt: skip
    """Judge a variant, in a process of its own; return its outcomes in JSON."""
    resource.setrlimit(resource.RLIMIT_CPU, (CHILD_SECONDS, CHILD_SECONDS))  # C code hears no exception
    signal.alarm(6 * CHILD_SECONDS)  # and for what sleeps
    found = []
    card, error = None, ""
    if code is not None:
        for defined in written:  # what the other code does not define must not be the reference's
            namespace.pop(defined, None)
        namespace.update(before)
        try:
            draw_from(seeds[0])
            exec(compiled(code, f"<{name}>"), namespace)
            mistakes.cell_ended(code, None)
        except Exception as caught:  # a learner's cell may fail; its checks still run and say so
            error = f"{type(caught).__name__}: {caught}"
            mistakes.cell_ended(code, caught)
    for seed in seeds:
        scope, cpu = namespace, 0.0
        if wall:
            names = [n for n in sorted(walled) if n in namespace]
            classes = [n for n in names if isinstance(namespace[n], type)]
            scope = dict(namespace) | stand_ins(Room(namespace, names).handle, names, classes)
        checks.reset(seed)
        draw_from(seed)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                began = time.process_time()
                exec(compiled(source, f"<check {exercise}>"), scope)
                cpu = time.process_time() - began
            card = checks.last_scorecard().to_dict()
        except Exception as caught:
            card, error = None, "".join(traceback.format_exception_only(caught)).strip()
        found.append(asdict(Outcome(exercise, name, seed, wall, card, error, cpu)))
    return json.dumps(found).encode()


# --- what the judge does too ------------------------------------------------------------------


def lesson_module() -> dict[str, Any]:
    """Return the names of a new module, in which classes of a lesson find themselves."""
    sys.modules["lesson"] = types.ModuleType("lesson")
    return vars(sys.modules["lesson"])


@functools.cache
def compiled(source: str, name: str) -> types.CodeType:
    """Compile a cell whose lines tracebacks show; once, also where it runs in many a child."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    return compile(source, name, "exec")


def in_a_child(answer: Callable[[], bytes]) -> bytes:
    """Return what a function returns in a forked child; nothing where the child dies of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            data = answer()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(data)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    return data


def draw_from(seed: int) -> None:
    """Seed the global generators, from which networks draw: what lessons left there may depend on the clock."""
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _execute(cell: Cell, lesson: Lesson, namespace: dict) -> None:
    path = lesson.folder / "lesson.py"
    try:
        exec(compiled(cell.source, f"<cell at line {cell.line}>"), namespace)
    except BaseException as error:
        said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        raise LessonError(f"{path}:{cell.line}: this {cell.kind} cell failed: {said}") from error


if __name__ == "__main__":
    _lesson = read_lesson(Path(sys.argv[1]))
    _result = _run(_lesson, Plan(**json.loads(sys.stdin.read())))
    print(json.dumps(asdict(_result)))

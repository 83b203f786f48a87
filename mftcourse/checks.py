"""Named checks with hints, and the scorecard that ends a check cell.

    with check("nothing predicted positive: precision is 0.0", hint="Which denominator is zero?"):
        expect(precision([0, 1], [0, 0]), 0.0)
    grade("precision")

A check never ends the cell: what goes wrong inside becomes one finding, in a sentence. `grade` returns a `Scorecard`,
shown as a table in a notebook, as a number to nbgrader (its partial credit) and as JSON to `mft progress` and graders.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import functools
import html
import io
import linecache
import math
import os
import re
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import mistakes
from .expect import Mismatch, NotWritten, leaving_inputs, one_line
from .mistakes import learner_line

if TYPE_CHECKING:
    from jinja2 import Template

MIME = "application/vnd.mftcourse.scorecard+json"
CHECK_SECONDS = 20.0  # of CPU: an endless loop ends here; nothing that a check asks for takes a tenth of it
CELL_SECONDS = 300.0  # the same for a whole cell in a notebook; see `cell_limit`


@dataclass
class Finding:
    """The verdict of one check: "passed", "failed", "todo" (not written yet), or "waits" (for the one it needs)."""

    title: str
    verdict: str
    points: float
    message: str = ""
    hint: str = ""
    hidden: bool = False
    needs: str = ""

    @property
    def earned(self) -> float:
        return self.points if self.verdict == "passed" else 0.0


@dataclass
class Scorecard:
    """The findings of one exercise, in the order they ran; `points` is the most there is, hidden checks included."""

    exercise: str
    points: float
    findings: list[Finding] = field(default_factory=list)

    @property
    def earned(self) -> float:
        return sum(f.earned for f in self.findings)

    @property
    def hidden_points(self) -> float:
        """Points of hidden checks that are not in this notebook; they run when it is graded."""
        return max(0.0, self.points - sum(f.points for f in self.findings))

    @property
    def number(self) -> float:
        """What nbgrader reads. Its Validate button sees no hidden check, so there they count as passed."""
        if os.environ.get("NBGRADER_VALIDATING") and self.findings and self.complete:
            return self.points
        return self.earned

    @property
    def complete(self) -> bool:
        """Every check that ran here passed."""
        return all(f.verdict == "passed" for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that travels in the cell's output."""
        findings = [asdict(f) | {"earned": f.earned} for f in self.findings]
        return {"exercise": self.exercise, "points": self.points, "earned": self.earned,
                "hidden_points": self.hidden_points, "findings": findings}  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scorecard:
        """Rebuild a scorecard from its JSON form."""
        findings = [Finding(**{k: v for k, v in f.items() if k != "earned"}) for f in data["findings"]]
        return cls(data["exercise"], data["points"], findings)

    @property
    def shown(self) -> list[Finding]:
        """The findings as a card shows them: those that wait for the same check are one line."""
        lines = [f for f in self.findings if f.verdict != "waits"]
        for needed in dict.fromkeys(f.needs for f in self.findings if f.verdict == "waits"):
            waiting = [f for f in self.findings if f.verdict == "waits" and f.needs == needed]
            count = "1 more check counts" if len(waiting) == 1 else f"{len(waiting)} more checks count"
            line = Finding(f"{count} once this one passes: {needed}", "waits", sum(f.points for f in waiting))
            lines.insert(1 + next((i for i, f in enumerate(lines) if f.title == needed), len(lines)), line)
        return lines

    @property
    def summary(self) -> str:
        if self.findings and all(f.verdict == "todo" for f in self.findings):
            state = "not written yet"
        elif self.complete:
            state = "all checks passed" if not self.hidden_points else "all visible checks passed"
        else:
            passed = sum(f.verdict == "passed" for f in self.findings)
            state = f"{passed} of {len(self.findings)} checks passed"
        text = f"{self.exercise}: {self.earned:g} of {self.points:g} points, {state}"
        if self.hidden_points:
            points = f"{self.hidden_points:g} more point{'' if self.hidden_points == 1 else 's'}"
            text += f". Hidden checks hold {points}; they run when it is graded"
        return text + "."

    def __repr__(self) -> str:
        return f"{self.number:g}"

    def __str__(self) -> str:
        lines = [self.summary]
        for f in self.shown:
            lines.append(f"  {_MARKS[f.verdict]:<12} {f.title} ({f.earned:g}/{f.points:g})")
            if f.verdict != "passed":
                lines += [f"               {f.message}"] if f.message else []
                lines += [f"               Hint: {f.hint}"] if f.hint else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return _page().render(card=self, marks=_MARKS, rich=_rich)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: self.to_dict()}


_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "todo": "· not yet", "waits": "· waits"}


@functools.cache
def _page() -> Template:
    from jinja2 import Template  # here, as a kernel needs it only once a card is shown

    lines = Path(__file__).with_name("card.html.j2").read_text(encoding="utf-8").splitlines()
    return Template("".join(line.strip() for line in lines))


def _rich(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


# --- the checks of one cell -------------------------------------------------------------------

_seed = 0
_findings: list[Finding] = []
_run: Any = None  # which execution of a cell the findings belong to
_last: Scorecard | None = None
_returned: dict[str, tuple[Any, Any]] = {}  # name → what the learner's function returned last in this check, and it


def reset(seed: int = 0) -> None:
    """Forget the findings so far and seed the checks that follow (for runners and tests)."""
    global _seed, _last
    _seed, _last = seed, None
    _findings.clear()


def last_scorecard() -> Scorecard | None:
    """Return what the latest `grade` returned since `reset`."""
    return _last


def run_sealed(text: str) -> None:
    """Run checks whose source the release keeps out of sight, among the names of the cell that calls this.

    `mft build` encodes it as UTF-8 in Base64; blanks and line ends do not count. A text that was changed is refused.
    """
    name = f"<sealed checks {zlib.crc32(text.encode())}>"
    try:
        source = base64.b64decode(text).decode()
        checks = compile(source, name, "exec")
    except (ValueError, SyntaxError):
        raise ValueError("the sealed text of these checks was changed; take this cell from the release again") from None
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)  # the line that failed tells which value
    exec(checks, sys._getframe(1).f_globals)


def grade(exercise: str, points: float | None = None) -> Scorecard:
    """End a check cell: gather its findings in a scorecard.

    `points` is what the whole cell is worth, hidden checks included; `mft build` writes it in.

    Raises:
        ValueError: the checks are worth more than that, or one needs one that did not run before: the lesson's fault.
    """
    global _last
    _same_run()
    _settle(_findings)
    said: set[str] = set()
    for f in _findings:
        if f.verdict == "failed" and not f.hint:  # a fault of the whole cell, not of what this check looks at
            f.message = "As above." if f.message in said else f.message
            said.add(f.message)
    ran = sum(f.points for f in _findings)
    if points is not None and ran > points + 1e-9:
        raise ValueError(f"{exercise}: the checks are worth {ran:g} points, the cell only {points:g}")
    _last = Scorecard(exercise, ran if points is None else points, list(_findings))
    _findings.clear()
    return _last


def _settle(findings: list[Finding]) -> None:
    """Let a check wait whose needed one has not passed: it would count for work that is not done."""
    before: dict[str, Finding] = {}
    for f in findings:
        if f.needs and f.needs not in before:
            raise ValueError(f"the check {f.title!r} needs {f.needs!r}, which did not run before it")
        if f.needs and before[f.needs].verdict != "passed" and f.verdict != "todo":
            first = before[f.needs]  # where that one waits itself, the card names what all wait for
            f.verdict, f.message, f.hint = "waits", "", ""
            f.needs = first.needs if first.verdict == "waits" else f.needs
        before[f.title] = f


class check:
    """Run one named check; use it in a `with` statement, `as rng` for a seeded NumPy generator.

    Args:
        title: what is checked, as a statement that holds for a right solution.
        hint: what to look at when it fails.
        points: what it is worth.
        hidden: it runs only when graded; a failure then tells no values.
        needs: the title of an earlier check of the cell; this one counts only where that one passed.

    A function that a check calls must leave its arguments as they were (see `expect.leaving_inputs`).
    """

    def __init__(self, title: str, *, hint: str, points: float = 1, hidden: bool = False, needs: str = "") -> None:
        self.title, self.hint, self.points, self.hidden, self.needs = title, hint, points, hidden, needs

    def __enter__(self) -> np.random.Generator:
        _same_run()
        caller = sys._getframe(1)
        self._code, self._learners = caller.f_code, caller.f_globals.get("mft_learners", [])
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(watched(caller.f_globals, self._learners))
        self._stack.enter_context(_quiet(stdout=self.hidden))
        self._warnings = self._stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        # where one check ran into an endless loop, the others likely do too: the cell must come to its end
        again = ran_too_long()
        self._limit = self._stack.enter_context(time_limit(CHECK_SECONDS / 10 if again else CHECK_SECONDS))
        return np.random.default_rng([_seed, zlib.crc32(self.title.encode())])

    def __exit__(self, kind: type | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        self._stack.close()
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)) and not self._limit.fired:
            return False
        verdict, message, hint = self._judge(error, tb)
        _findings.append(Finding(self.title, verdict, self.points, message, hint, self.hidden, self.needs))
        _returned.clear()
        return True

    def _judge(self, error: BaseException | None, tb: TracebackType | None) -> tuple[str, str, str]:
        """Return verdict, message and hint; a hint for something not begun, or not run, would only be noise."""
        if error is None and not self._limit.fired:
            return "passed", "", self.hint
        names = mistakes.names_read(self._code)
        where = getattr(error, "mft_where", None)
        where = learner_line(tb, self._code.co_filename, self._learners) if where is None else where
        stopped = mistakes.unfinished(names)
        if isinstance(error, NotWritten | NotImplementedError) and not self._limit.fired:
            stopped = stopped or ("" if self.hidden else getattr(error, "mft_left_over", "") or mistakes.left_over(tb))
            return ("failed", stopped, "") if stopped else ("todo", "Not written yet.", "")
        if type(error) is NameError and not where and error.name:
            return "failed", mistakes.undefined(error.name), ""
        message = self._words(error, tb, where)
        if self._warnings and not self.hidden and not self._limit.fired:
            message += f" (Warning: {one_line(str(self._warnings[0].message))})"
        if self.hidden and not message:
            message = "Not as the exercise states, on inputs that this hidden check varies."
        if isinstance(error, Mismatch) and not stopped and (joined := mistakes.joined_texts(names)):
            message += f" {joined}"
        return "failed", f"{message} {stopped} This check saw what ran before." if stopped else message, self.hint

    def _words(self, error: BaseException | None, tb: TracebackType | None, where: str) -> str:
        if self._limit.fired:
            said = f"{_TOO_LONG} {self._limit.seconds:g} seconds and was stopped{f', {where}' if where else ''}."
            return f"{said} Does a loop in your code never end?"
        if said := getattr(error, "mft_said", ""):  # a grader's own sentence
            return said.format(f", {where}" if where and not self.hidden else "")
        if isinstance(error, Mismatch):
            return error.public if self.hidden else error.text
        if isinstance(error, AssertionError) and not where:
            return "" if self.hidden else str(error)
        if isinstance(error, SystemExit):
            return "Your code ended the program (`sys.exit` or `exit`). Return a value instead."
        if self.hidden:  # neither the line nor what came back: either may be made to carry the inputs out
            said = next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")
            return f"Your code raised {said}." if where else f"What your code returned could not be used ({said})."
        said = one_line(error)
        if where:
            missing = mistakes.name_missing(error, self._learners)
            return f"Your code raised {said}, {where}.{missing}"
        return mistakes.unusable(error, tb, said, _returned)


_TOO_LONG = "This took longer than"


def ran_too_long(findings: list[Finding] = _findings) -> bool:
    """Whether a check was stopped; of this cell, where no others are given."""
    return any(f.message.startswith(_TOO_LONG) for f in findings)


@contextlib.contextmanager
def watched(scope: dict[str, Any], names: Iterable[str]) -> Iterator[None]:
    """Hold the functions of these names to the course's rule on inputs, for as long as a check runs.

    The rule: what you write leaves its arguments as they were, unless its docstring says that it works in place.
    Calls within one cell are the learner's own business. The names are those that exercises ask for: the build writes
    them into each check cell as `mft_learners`.
    """
    found = {name: scope[name] for name in names if isinstance(scope.get(name), FunctionType)}
    plain = {name: value for name, value in found.items() if not re.search(r"\bin place\b(?! of)", value.__doc__ or "")}

    def watch(function: FunctionType) -> Any:
        @functools.wraps(function, updated=())
        def call(*args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1)
            inside = caller.f_code.co_filename == function.__code__.co_filename
            result = function(*args, **kwargs) if inside else leaving_inputs(function, *args, **kwargs)
            if not inside or mistakes.is_given(caller):
                _returned.pop(function.__name__, None)  # the last one stands last
                _returned[function.__name__] = result, function
            return result

        mistakes.stands_for[call] = function
        call.__dict__ = function.__dict__  # what a function keeps on itself is there at the next call, whoever makes it
        return call

    watching = {name: watch(function) for name, function in plain.items()}
    scope.update(watching)
    try:
        yield
    finally:
        for name, call in watching.items():
            if scope.get(name) is call:
                scope[name] = plain[name]


def _same_run() -> None:
    """Drop findings of an earlier execution: a cell that was interrupted never came to its `grade`."""
    global _run
    run = getattr(mistakes.shell(), "execution_count", None)
    if run != _run:
        _findings.clear()
        _run = run


@contextlib.contextmanager
def _quiet(stdout: bool) -> Iterator[None]:
    """Keep standard error (and output, for hidden checks) out of the cell.

    nbgrader gives 0 to a cell that wrote to stderr, so a library's warning would cost the points. Three
    ways lead there: `sys.stderr`, a logger that kept the old stream, and C code that writes to descriptor 2.
    """
    sys.stderr.flush()
    with contextlib.ExitStack() as stack:
        saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        for undo in ((os.close, null), (os.close, saved), (os.dup2, saved, 2)):
            stack.callback(*undo)
        os.dup2(null, 2)
        for stream in [sys.stderr, sys.stdout] if stdout else [sys.stderr]:
            own = getattr(stream, "__dict__", {}).get("write")
            with contextlib.suppress(AttributeError, TypeError):
                stream.write = io.StringIO().write
                stack.callback(*((setattr, stream, "write", own) if own else (delattr, stream, "write")))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        if stdout:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        yield


# --- endless loops ----------------------------------------------------------------------------


class TimeLimit(BaseException):
    """Raised inside code that ran for too long. Not an Exception: `except Exception` must not swallow it."""

    def _render_traceback_(self) -> list[str]:  # IPython prints these lines instead of a traceback
        return [
            f"This cell ran for more than {CELL_SECONDS:g} seconds and was stopped. Does a loop in it never end?",
            "If it needs the time, run `mftcourse.cell_limit(seconds)` first.",
        ]


class time_limit:
    """Raise `TimeLimit` in this thread when the block takes longer than `seconds`; `fired` says so after.

    Seconds of CPU, so that a loaded machine stops nobody; of the clock only for a block that hardly uses the CPU: it
    sleeps. The exception arrives between two steps of Python code: a single long call into C is not cut short.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.fired = seconds, False

    def __enter__(self) -> time_limit:
        self._thread, self._lock, self._done = threading.get_ident(), threading.Lock(), threading.Event()
        self._began = time.monotonic(), time.process_time()
        if self.seconds < math.inf:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self) -> None:
        wait = self.seconds
        while not self._done.wait(wait):
            wait = 0.5  # again and again: a bare `except:` inside the loop may have swallowed it
            clock, cpu = time.monotonic() - self._began[0], time.process_time() - self._began[1]
            if not self.fired and cpu < self.seconds and cpu > 0.02 * clock:
                continue
            with self._lock:
                if not self._done.is_set():
                    self.fired = True
                    _raise_in(self._thread, TimeLimit)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._done.set()
            if self.fired:
                _raise_in(self._thread, None)  # one that has not arrived yet must not hit later code


def _raise_in(thread: int, error: type | None) -> None:
    target = ctypes.py_object(error) if error else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), target)


_cell_guard: time_limit | None = None


def cell_limit(seconds: float = CELL_SECONDS) -> None:
    """Stop any later cell of this notebook that runs for more than `seconds`, with a sentence."""
    global CELL_SECONDS
    CELL_SECONDS = seconds
    if shell := mistakes.shell():
        shell.events.register("pre_run_cell", _before_cell)
        shell.events.register("post_run_cell", after_cell)


def _before_cell(*_: object) -> None:
    global _cell_guard
    _cell_guard = time_limit(CELL_SECONDS).__enter__()


def after_cell(result: Any = None) -> None:
    """Remember how a cell ended. IPython calls this after each one."""
    if _cell_guard:
        _cell_guard.__exit__()
    if result is not None and result.info is not None:
        mistakes.cell_ended(result.info.raw_cell or "", result.error_before_exec or result.error_in_exec)

"""Run a notebook's cells in a fresh kernel; whatever happens, every cell ends with an output or a sentence."""

from __future__ import annotations

import ast
import base64
import contextlib
import copy
import functools
import os
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, is_solution
from traitlets.config import Config

from ..expect import one_line
from .across import end
from .handin import exercise, kind, name
from .lesson import bound, globals_loaded

CELL_SECONDS = 120
TOTAL_SECONDS = 900
LATE = 15  # seconds that outputs may come after their cell: with the 4 of nbclient, a loaded machine loses some
OUTPUT_BYTES = 1_000_000  # a cell; what follows is dropped
DEATHS = 3  # kernels that a notebook may cost


@dataclass
class Executed:
    """An executed notebook, the sentences about it, and the seconds it took."""

    nb: NotebookNode
    notes: list[str]
    seconds: float


class _Stopped(Exception):
    """The kernel is gone: at which cell, and the sentence for it."""


class Run(Execute):
    """nbgrader's Execute that leaves cells out, cuts endless output, and knows when a kernel is gone.

    Stock Execute gives full points to a check cell without an output; here such a cell ends in an error.
    """

    def __init__(self, without: dict[int, str | list], deadline: float, seconds: int | None) -> None:
        # by configuration: `preprocess` would reset a trait that was set by hand
        super().__init__(config=Config(Execute={"timeout": seconds or CELL_SECONDS, "iopub_timeout": LATE}))
        self.without, self.deadline, self.notes = without, deadline, []
        self.timeout_func = lambda _: int(max(1, min(self.timeout, self.deadline - time.monotonic())))
        self._size: dict[int, int] = defaultdict(int)

    def setup_kernel(self, **kwargs: Any) -> Any:
        # What a kernel writes past its cells (its own warnings, prints of C code) belongs to no notebook.
        kwargs |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return super().setup_kernel(env=os.environ | {"NBGRADER_EXECUTION": "autograde"}, **kwargs)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type != "code":
            return cell, resources
        cell.outputs = []
        sentence = self.without.get(index)  # or the outputs that stand instead of a run
        if sentence is None and time.monotonic() > self.deadline:
            sentence = "Not run: the notebook had used up its time."
            self.notes.append(f"It was stopped after {TOTAL_SECONDS // 60} minutes.")
        if sentence is not None:
            cell.outputs = sentence if isinstance(sentence, list) else [_error("NotRun", sentence)]
            return cell, resources
        try:
            super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            raise _Stopped(index, "Python ended here (`exit`, `os._exit`, out of memory, or a crash).") from None
        except CellTimeoutError:
            raise _Stopped(index, f"This did not end within {self.timeout} s, nor when interrupted.") from None
        self._judge(cell)
        return cell, resources

    def _judge(self, cell: NotebookNode) -> None:
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if [e for e in errors if e.ename != "NotImplementedError"]:
            self.notes.append(in_words(cell))
        if is_grade(cell) and not is_solution(cell) and not errors and not _has_score(cell):
            sentence = "This check gave no score between 0 and its points, so it counts as failed."
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
            cell.outputs.append(_error("NoScore", sentence))
            self.notes.append(f"{cell_name(cell)}: no score came back. Is `grade` or `check` redefined?")

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> NotebookNode | None:
        """Drop stream output beyond `OUTPUT_BYTES` a cell: a `print` in a long loop must not fill the memory."""
        if msg["msg_type"] == "stream":
            before, text = self._size[cell_index], msg["content"]["text"]
            self._size[cell_index] += len(text)
            if before > OUTPUT_BYTES:
                return None
            if before + len(text) > OUTPUT_BYTES:
                msg["content"]["text"] = text[: OUTPUT_BYTES - before] + "\n... Output cut here ...\n"
                self.notes.append(f"{cell_name(self.nb.cells[cell_index])} printed more than 1 MB; the rest was cut.")
        return super().output(outs, msg, display_id, cell_index)


def execute(nb: NotebookNode, folder: Path, seconds: int | None = None) -> Executed:
    """Run a copy of `nb` in a fresh kernel with `folder` as its working directory.

    Demonstrations are left out. A cell that ends the kernel is marked, and the rest runs again without it.

    Args:
        seconds: the most that one cell may take; None is 120.
    """
    start = time.monotonic()
    without: dict[int, str | list] = {i: [] for i, cell in enumerate(nb.cells) if kind(cell) == "demo"}
    notes: list[str] = []
    for death in range(DEATHS + 1):
        run, attempt = Run(without, start + TOTAL_SECONDS, seconds), copy.deepcopy(nb)
        try:
            run.preprocess(attempt, {"metadata": {"path": str(folder)}})
            return Executed(attempt, notes + run.notes, time.monotonic() - start)
        except _Stopped as stop:
            index, sentence = stop.args
            notes.append(f"{cell_name(nb.cells[index])}: {sentence}")
            without = without | {index: sentence}
            if death == DEATHS - 1:  # enough: mark the rest, run what came before
                rest = "Not run: earlier cells had ended Python too often."
                without = dict.fromkeys(range(index, len(nb.cells)), rest) | without
    raise DeadKernelError("no kernel stays alive, even without the cells that ended it")


def in_words(cell: NotebookNode) -> str:
    """Return in a sentence the error that a cell ended with."""
    errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
    if any(e.ename in ("CellTimeoutError", "TimeLimit") for e in errors):
        return f"{cell_name(cell)} took too long and was stopped. Does a loop never end?"
    if errors and errors[0].ename in ("NotRun", "NoScore"):
        return errors[0].evalue
    said = [re.sub(r"\(\d+\.py, (line \d+)\)", r"(\1)", one_line(f"{e.ename}: {e.evalue}")) for e in errors]
    return f"{cell_name(cell)} ended {f'with {said[0]}' if said else 'without a result'}."


class Warm(contextlib.AbstractContextManager):
    """A kernel that stays between runs of a notebook, so that a run costs what changed. Use it in a `with` statement.

    A run executes the cells that are new or changed, after it has removed the names that they bound, and with them
    every cell that reads or binds a name which such a cell binds. Only what a cell does behind the back of names
    can be missed; a fresh kernel has the last word.
    """

    def __init__(self, folder: Path, seconds: int | None = None) -> None:
        self.folder, self.seconds = folder, seconds
        self._manager: AsyncKernelManager | None = None
        self._ran: dict[str, NotebookNode] = {}  # what the kernel has run, in order

    def __exit__(self, *_: object) -> None:
        if self._manager and self._manager.has_kernel:
            run_sync(self._manager.shutdown_kernel)(now=True)
        self._manager, self._ran = None, {}

    def run(self, nb: NotebookNode) -> Executed:
        """Run a copy of `nb` as `execute` does, what is as it was left out."""
        start = time.monotonic()
        nb = copy.deepcopy(nb)
        cells = {name(c): c for c in nb.cells if c.cell_type == "code" and kind(c) != "demo"}
        order = [key for key in cells if key in self._ran]
        if order != [key for key in self._ran if key in cells]:
            self.__exit__()  # cells changed places: anything may depend on that
        stale, gone = _stale(self._ran, cells)
        forget = new_code_cell(f"[globals().pop(_, None) for _ in {sorted(gone)}];")
        whole = new_notebook(cells=[forget, *nb.cells], metadata=nb.metadata)
        keep = {id(cells[key]): self._ran[key].outputs for key in cells.keys() - stale}
        keep |= {id(cell): [] for cell in nb.cells if kind(cell) == "demo"}
        without = {i: keep[id(cell)] for i, cell in enumerate(whole.cells) if id(cell) in keep}
        run = Run(without, start + TOTAL_SECONDS, self.seconds)
        self._manager = self._manager or AsyncKernelManager(kernel_name="python3")
        try:
            run.preprocess(whole, {"metadata": {"path": str(self.folder)}}, km=self._manager)
        except _Stopped:  # the kernel is gone; this way knows which cell ended it, and runs the others
            self.__exit__()
            return execute(nb, self.folder, self.seconds)
        except BaseException:
            self.__exit__()  # interrupted: nobody knows what ran
            raise
        finally:
            if run.kc:
                run.kc.stop_channels()
        self._ran = cells
        return Executed(nb, run.notes, time.monotonic() - start)


def _stale(ran: dict[str, NotebookNode], now: dict[str, NotebookNode]) -> tuple[set[str], set[str]]:
    """Return which cells must run again, and the names that must go first."""
    old, new = (defaultdict(Names, {key: names(cell) for key, cell in cells.items()}) for cells in (ran, now))
    stale = {key for key in now if key not in ran or ran[key].source != now[key].source}
    changed = stale | (set(ran) - set(now))
    touched = {n for key in changed for n in (old[key].imports ^ new[key].imports) | old[key].binds}
    before = None
    while stale != before:
        before = set(stale)
        touched |= {n for key in stale for n in new[key].binds}
        stale |= {key for key in now if touched & (new[key].binds | new[key].reads)}
    return stale, touched - {n for key in now if key not in stale for n in new[key].imports}


@dataclass(frozen=True)
class Names:
    """The global names that a cell imports, binds or changes otherwise, and reads."""

    imports: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()


def names(cell: NotebookNode) -> Names:
    """Return the names of a cell; what a check binds is its own."""
    return _names(cell.source, kind(cell) == "check")


@functools.lru_cache(2000)  # most cells of a class are the same
def _names(source: str, checks: bool) -> Names:
    try:
        source = TransformerManager().transform_cell(_opened(source))  # `%timeit` and the like
        reads = globals_loaded(source)
        if checks:  # what it binds is its own: see `lesson.own_names`
            return Names(reads=frozenset(n for n in reads if not n.startswith("mft_")))
        imports, binds = bound(source)
    except (SyntaxError, ValueError):
        return Names()  # it runs nothing
    for top in ast.parse(source).body:
        if not isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            binds |= {name for node in ast.walk(top) for name in _reached_into(node)}
    return Names(frozenset(imports), frozenset(binds - imports), frozenset(reads))


def _opened(source: str) -> str:
    """Return a cell with its sealed checks in the open: what they read decides when they run again."""
    return re.sub(r'mft_run_sealed\("""(.*?)"""\)', lambda m: base64.b64decode(m[1]).decode(), source, flags=re.S)


def _reached_into(node: ast.AST) -> Iterator[str]:
    """Yield the names whose objects a statement changes: `a[0] = 1`, `a.b = 1`, `a.append(1)`."""
    places = getattr(node, "targets", [getattr(node, "target", None)])
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    for place in places:
        if isinstance(place, ast.Attribute | ast.Subscript) and isinstance(thing := end(place), ast.Name):
            yield thing.id


def stop_endless_loops(config: Config, seconds: int = CELL_SECONDS) -> None:
    """Let nbgrader (autograde, Validate) stop a cell after `seconds`, with a sentence instead of a dead kernel."""
    hint = "Look for a loop that never ends: does its condition ever become false?"
    sentence = f"This cell was stopped after {seconds} seconds. {hint}"
    error = {"ename": "CellTimeoutError", "evalue": sentence, "traceback": [f"CellTimeoutError: {sentence}"]}
    config.Execute.update(timeout=seconds, iopub_timeout=LATE, interrupt_on_timeout=True, error_on_timeout=error)


def _has_score(cell: NotebookNode) -> bool:
    results = [output.data.get("text/plain", "") for output in cell.outputs if output.output_type == "execute_result"]
    try:
        return bool(results) and 0 <= float(results[0]) <= cell.metadata.nbgrader.points + 1e-9
    except ValueError:
        return False


def cell_name(cell: NotebookNode) -> str:
    """Return how a sentence calls a cell: "The exercise cell of f1", or by its first line."""
    if exercise(cell):
        return f"The {kind(cell)} cell of {exercise(cell)}"
    first_line = cell.source.strip().partition("\n")[0]
    return f"The cell `{first_line[:40]}`"


def _error(kind_of: str, sentence: str) -> NotebookNode:
    return new_output("error", ename=kind_of, evalue=sentence, traceback=[sentence])

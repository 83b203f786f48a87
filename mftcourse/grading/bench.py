"""A bench where hand-ins of one unit are marked: a template of rooms and a judge, both kept for the whole run."""

from __future__ import annotations

import ast
import contextlib
import time
from dataclasses import dataclass, field

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from ..checks import MIME, Scorecard
from ..course.handin import exercise, kind
from ..course.kernel import cell_name, in_words, names
from ..course.lesson import globals_stored
from . import room
from .judge import Cell, Judge
from .room import Ran, Stopped, Template


@dataclass
class Marked:
    """A hand-in that was marked.

    Attributes:
        nb: the notebook with its outputs; a check cell's output is its card.
        cards: exercise → card.
        notes: sentences about cells that ended badly, and limits run over.
        carried: exercise → the sentence that says which earlier error it was spared.
    """

    nb: NotebookNode
    cards: dict[str, Scorecard]
    notes: list[str] = field(default_factory=list)
    carried: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Bench:
    """Marks hand-ins of one unit, several at once from several threads; use it in a `with` statement.

    Args:
        solution: the instructor's notebook of the unit.
        slug: of the unit.
        fenced: False runs what learners wrote with your rights.
        seconds: the most that one cell may take; None takes 120.

    Raises:
        GradingError: no fence can be made, or the unit's own solution does not pass its checks.
    """

    def __init__(
        self, solution: NotebookNode, slug: str, *, fenced: bool = True, seconds: float | None = None, warm: bool = True
    ) -> None:
        cells, self.defines = [], {}
        for cell in solution.cells:
            if cell.cell_type == "code" and kind(cell) in ("code", "exercise", "check"):
                if kind(cell) == "exercise":
                    self.defines[exercise(cell)] = sorted(globals_stored(cell.source))
                known = sorted({name for some in self.defines.values() for name in some})
                points = cell.metadata.nbgrader.get("points", 0) if kind(cell) == "check" else 0
                cells.append(Cell(kind(cell), exercise(cell), cell.source, points, known, []))
        tops = [node for c in cells if c.kind == "exercise" for node in ast.parse(c.source).body]
        classes = [node.name for node in tops if isinstance(node, ast.ClassDef)]
        for cell in cells:
            cell.classes = classes
        seconds = seconds or room.CELL_SECONDS
        with contextlib.ExitStack() as stack:
            given = [c.source for c in cells if c.kind == "code"]
            self.judge = stack.enter_context(Judge(cells, fenced=fenced, seconds=min(seconds, 20)))
            self.template = stack.enter_context(Template(given, slug, fenced=fenced, seconds=seconds, warm=warm))
            self._stack = stack.pop_all()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def mark(self, nb: NotebookNode, files: dict[str, bytes] | None = None) -> Marked:
        """Run a repaired notebook in a room and let the judge give its cards.

        Args:
            nb: its cells get their outputs.
            files: what lies beside it.

        Raises:
            Stopped: no room opens.
        """
        begin = time.monotonic()
        code = {i: c for i, c in enumerate(nb.cells) if c.cell_type == "code"}
        checks = {i for i, c in code.items() if kind(c) == "check"}
        run = {i: c.source for i, c in code.items() if i not in checks and kind(c) != "demo"}
        ran = room.run(self.template, run, checks, files or {})
        try:
            marked = Marked(nb, {})
            for place, cell in code.items():
                self._outputs(marked, cell, ran.outputs.get(place, []), ran.without.get(place, ""))
            for place in sorted(checks):
                marked.cards[exercise(nb.cells[place])] = self._card(ran, place, nb)
            self._carry_forward(marked, ran, checks)
            for place in checks:
                _show(nb.cells[place], marked.cards[exercise(nb.cells[place])])
            marked.seconds = time.monotonic() - begin
            return marked
        finally:
            ran.close()
            if ran.hand_in:
                ran.hand_in.close()

    def _outputs(self, marked: Marked, cell: NotebookNode, outputs: list[NotebookNode], sentence: str) -> None:
        cell.outputs, cell.execution_count = outputs, None
        if sentence:
            cell.outputs = [new_output("error", ename="NotRun", evalue=sentence, traceback=[sentence])]
            marked.notes.append(f"{cell_name(cell)}: {sentence}")
        elif any(o.output_type == "error" and o.ename != "NotImplementedError" for o in outputs):
            marked.notes.append(in_words(cell))
        if any(o.output_type == "stream" and o.text.endswith(room.CUT) for o in outputs):
            marked.notes.append(f"{cell_name(cell)} put out more than a page can hold; the rest was cut.")

    def _card(self, ran: Ran, place: int, nb: NotebookNode, stand_for: list[str] | None = None) -> Scorecard:
        of = exercise(nb.cells[place])
        if place in ran.without:
            return self.judge.failed(of, ran.without[place])
        try:
            ran.hand_in = ran.hand_in or self.judge.open()
            return self.judge.card(ran.hand_in, ran.room, of, ran.snapshots[place], stand_for)
        except Stopped as stop:
            if ran.hand_in:
                ran.hand_in.close()
            ran.hand_in = None
            return self.judge.failed(of, str(stop))

    def _carry_forward(self, marked: Marked, ran: Ran, checks: set[int]) -> None:
        """Judge again, with the reference in place of earlier answers that are wrong, what builds on them and failed."""
        wrong: dict[str, str] = {}  # name → the earlier exercise whose card is not whole
        for place in sorted(checks):
            of = exercise(marked.nb.cells[place])
            card = marked.cards[of]
            begun = any(f.verdict != "todo" for f in card.findings)
            if not card.complete and begun and place not in ran.without:
                used = sorted(n for n in self._reads(marked.nb, of) if n in wrong)
                if used:
                    again = self._card(ran, place, marked.nb, used)
                    if again.earned > card.earned:
                        marked.cards[of] = again
                        said = " and ".join(f"`{name}`" for name in used)
                        marked.carried[of] = (f"Judged with the course's own {said} in place of yours, which is not right "
                                              "yet: an earlier error is counted once.")  # fmt: skip
            if not card.complete:
                wrong |= dict.fromkeys(self.defines.get(of, []), of)

    def _reads(self, nb: NotebookNode, of: str) -> set[str]:
        """Return the names that the answer of an exercise reads, and what they read, in any cell of the learner's."""
        about = [(kind(c), exercise(c), names(c)) for c in nb.cells if c.cell_type == "code" and kind(c) != "check"]
        found = set().union(*(n.reads for k, e, n in about if k == "exercise" and e == of)) - set(self.defines[of])
        before: set[str] = set()
        while found != before:
            before = set(found)
            for what, whose, n in about:
                if what == "" and n.binds & found:  # the learner's own helpers
                    found |= n.reads
        return found


def _show(cell: NotebookNode, card: Scorecard) -> None:
    data = {"text/plain": repr(card), "text/html": card._repr_html_(), MIME: card.to_dict()}
    cell.outputs = [new_output("execute_result", data=from_dict(data), execution_count=None)]

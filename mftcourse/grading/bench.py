"""A bench where hand-ins of one unit are marked: a template of rooms and a judge, both kept for the whole run."""

from __future__ import annotations

import ast
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from ..checks import MIME, Scorecard
from ..course.handin import exercise, kind
from ..course.kernel import Names, cell_name, in_words, names
from ..course.lesson import globals_stored
from . import room
from .channel import Channel
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


class _Work(contextlib.ExitStack):
    """A hand-in on the bench: its cells, the room they ran in, and what came of it; all is closed at the end."""

    def __init__(self, nb: NotebookNode, cells: dict[int, str], files: dict[str, bytes]) -> None:
        super().__init__()
        self.nb, self.cells, self.files = nb, cells, files
        self.without: dict[int, str] = {}
        self.ran: Ran | None = None
        self.used: set[int] = set()  # snapshots that have answered, and cannot again
        self.careful = False  # one did not live to the end: no other is used up
        self.hand_in: Channel | None = None  # to its judge

    def run(self, template: Template, cells: dict[int, str], checks: dict[int, list[str] | None]) -> Ran:
        ran = room.run(template, cells, checks, self.files, self.without)
        self.callback(ran.room.close)
        return ran


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
                cells.append(Cell(kind(cell), exercise(cell), cell.source, points, known))
        answers = [node for c in cells if c.kind == "exercise" for node in ast.parse(c.source).body]
        classes = [node.name for node in answers if isinstance(node, ast.ClassDef)]
        self.asked = self._asked(solution, {node.name for node in answers if hasattr(node, "name")})
        seconds = seconds or room.CELL_SECONDS
        with contextlib.ExitStack() as stack:
            given = [c.source for c in cells if c.kind == "code"]
            self.template = stack.push(Template(given, slug, fenced=fenced, seconds=seconds, warm=warm))
            self.judge = Judge(self.template, cells, classes, seconds=min(seconds, 20))
            self.template.ready()
            self.judge.ready()
            self._stack = stack.pop_all()

    def _asked(self, solution: NotebookNode, called: set[str]) -> dict[str, list[str] | None]:
        """Return exercise → the names of exercises that its check reads, itself or by the course's own functions.

        None where one of them is called, a function or a class, which a check asks more than once.
        """
        code = [(c, names(c)) for c in solution.cells if c.cell_type == "code"]
        given = [about for cell, about in code if kind(cell) == "code"]
        known = {name for some in self.defines.values() for name in some}
        asked = {}
        for cell, about in code:
            if kind(cell) == "check":
                found = _reached(set(about.reads), given)
                asked[exercise(cell)] = None if found & called else sorted(found & known)
        return asked

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def lives(self) -> bool:
        """Whether its processes are there."""
        return self.template.channel.lives() and self.judge.channel.lives()

    def mark(self, nb: NotebookNode, files: dict[str, bytes] | None = None) -> Marked:
        """Run a repaired notebook in a room and let the judge give its cards.

        Args:
            nb: its cells get their outputs.
            files: what lies beside it.

        Raises:
            Stopped: no room opens.
            OSError, EOFError: template or judge died meanwhile.
        """
        code = {i: c for i, c in enumerate(nb.cells) if c.cell_type == "code"}
        checks = {i: self.asked[exercise(c)] for i, c in code.items() if kind(c) == "check"}
        run = {i: c.source for i, c in code.items() if i not in checks and kind(c) != "demo"}
        marked = Marked(nb, {})
        with _Work(nb, run, files or {}) as work:
            self._cards(work, checks, marked)
            for place, cell in code.items():
                self._outputs(marked, cell, work.ran.outputs.get(place, []), work.without.get(place, ""))
            self._carry_forward(marked, work, checks)
            for process in (self.template, self.judge):  # where one died: what was lost with it is no fault of theirs
                process.channel.answers(room.OPEN_SECONDS)
        for place in checks:
            _show(nb.cells[place], marked.cards[exercise(nb.cells[place])])
        return marked

    def _cards(self, work: _Work, checks: dict[int, list[str] | None], marked: Marked) -> None:
        """Fill in the cards. Where a room dies while the judge asks it, what is left is judged in a new one."""
        left = sorted(checks)
        for attempt in range(room.DEATHS + 1):
            began = time.monotonic()
            if work.ran:
                work.ran.room.close()
            work.ran, work.used = work.run(self.template, work.cells, checks), set()
            died = False
            while left and not died:
                card = self._card(work, left[0])
                died = not work.ran.room.alive(0) and attempt < room.DEATHS
                if died:
                    took = time.monotonic() - began
                    guilty = room.guilty(self.template, work.cells, work.files, work.without, None, took)
                    if guilty is not None:  # else it was what the check called
                        work.without[guilty] = room.ENDED
                        break
                marked.cards[exercise(work.nb.cells[left.pop(0)])] = card
            if not left:
                return

    def _outputs(self, marked: Marked, cell: NotebookNode, outputs: list[NotebookNode], sentence: str) -> None:
        cell.outputs, cell.execution_count = outputs, None
        if sentence:
            cell.outputs = [new_output("error", ename="NotRun", evalue=sentence, traceback=[sentence])]
            marked.notes.append(f"{cell_name(cell)}: {sentence}")
        elif any(o.output_type == "error" and o.ename != "NotImplementedError" for o in outputs):
            marked.notes.append(in_words(cell))
        if any(o.output_type == "stream" and o.text.endswith(room.CUT) for o in outputs):
            marked.notes.append(f"{cell_name(cell)} put out more than a page can hold; the rest was cut.")

    def _card(self, work: _Work, place: int, stand_for: Sequence[str] = (), again: bool = False) -> Scorecard:
        of = exercise(work.nb.cells[place])
        if place in work.used:
            self._renew(work, {place})
        if place in work.without:
            return self.judge.failed(of, work.without[place])
        ran, once = work.ran, not (again or stand_for or work.careful)
        if once and not isinstance(ran.snapshots[place], dict):
            work.used.add(place)
        try:
            work.hand_in = work.hand_in or work.enter_context(contextlib.closing(self.judge.open()))
            card = self.judge.card(work.hand_in, ran.room, of, ran.snapshots[place], stand_for, once)
        except Stopped as stop:
            work.hand_in.close()
            work.hand_in = None
            if str(stop) == room.ENDED and not again:  # the judge died, perhaps by accident
                return self._card(work, place, stand_for, again=True)
            ran.room.close()
            return self.judge.failed(of, str(stop))
        if card is None and not again and ran.room.alive(0):  # its snapshot is gone: something ended it
            work.used.add(place)
            work.careful = True
            return self._card(work, place, stand_for, again=True)
        return card or self.judge.failed(of, room.ENDED)

    def _renew(self, work: _Work, places: set[int]) -> None:
        """Run the cells once more, for snapshots in place of those that cannot be asked again."""
        cells = {i: source for i, source in work.cells.items() if i < max(places)}
        fresh = work.run(self.template, cells, dict.fromkeys(places))
        for place in places & set(fresh.snapshots):
            work.ran.snapshots[place] = fresh.snapshots.pop(place)
        work.used -= places

    def _carry_forward(self, marked: Marked, work: _Work, checks: Iterable[int]) -> None:
        """Judge again what failed and builds on earlier answers that are wrong, with the reference in their place."""
        wrong: set[str] = set()  # names of earlier exercises whose cards are not whole
        open_ = {p: of for p in sorted(checks) if not marked.cards[of := exercise(work.nb.cells[p])].complete}
        for place, of in open_.items():
            card = marked.cards[of]
            begun = any(f.verdict != "todo" for f in card.findings)
            if begun and place not in work.without and (used := sorted(self._reads(work.nb, of) & wrong)):
                if place in work.used:
                    try:
                        self._renew(work, {p for p in work.used & set(open_) if p >= place})  # all that may follow
                    except Stopped:  # the cards stand as they are
                        return
                again = self._card(work, place, used)
                if again.earned > card.earned:
                    marked.cards[of] = again
                    said = " and ".join(f"`{name}`" for name in used)
                    marked.carried[of] = (f"Judged with the course's own {said} in place of yours, which is not "
                                          "right yet: an earlier error is counted once.")  # fmt: skip
            if not marked.cards[of].complete:
                wrong |= set(self.defines.get(of, []))

    def _reads(self, nb: NotebookNode, of: str) -> set[str]:
        """Return the names that the answer of an exercise reads, and what those read, in any cell of the learner's."""
        own = [c for c in nb.cells if c.cell_type == "code" and kind(c) in ("", "exercise")]
        answers = [names(c).reads for c in own if kind(c) == "exercise" and exercise(c) == of]
        return _reached(set().union(*answers) - set(self.defines[of]), [names(c) for c in own])


def _reached(found: set[str], cells: list[Names]) -> set[str]:
    """Return these names, those that the cells read which bind one of them, and so on."""
    before = None
    while found != before:
        before, found = found, found.union(*(cell.reads for cell in cells if cell.binds & found))
    return found


def _show(cell: NotebookNode, card: Scorecard) -> None:
    data = {"text/plain": repr(card), "text/html": card._repr_html_(), MIME: card.to_dict()}
    made = {"output_type": "execute_result", "metadata": {}, "data": data, "execution_count": None}
    cell.outputs = [from_dict(made)]

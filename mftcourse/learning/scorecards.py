"""The one truth about progress: scorecards in `work/.mft/scorecards/`, each under the hash of the answer it judged.

`mft check`, `watch` and `finish` write them, and so does `after_cell` in the kernels of `mft lab`; what lies in the
outputs of a saved notebook is taken in. An answer that was changed has another hash, and so no card.

A file a card, written whole under a name of its own, so that no writer loses what another has kept. It is a cache:
what is lost or malformed counts as not there, and the next check writes it again.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import Scorecard
from ..course.files import Course, write
from ..course.handin import answers, exercise, kind, scorecard

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK, RUN, FULL = "notebook", "run", "full"  # where a card comes from; "full" holds hidden checks as well


def digest(source: str) -> str:
    """Return the hash of an answer; blanks at the ends of lines and of the cell make no other answer."""
    text = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Scorecards:
    """The scorecards of a learner in one unit."""

    def __init__(self, course: Course, unit: str) -> None:
        self.folder = course.root / "work" / ".mft" / "scorecards" / unit
        self.notebook = course.notebook("work", unit)

    def keep(
        self, card: dict[str, Any], source: str, origin: str = RUN, count: int | None = None, when: str | None = None
    ) -> str:
        """Keep a card, in its JSON form, for the answer that it judged; return a sentence where that fails.

        One that holds hidden checks is kept twice: as it is, and as the visible ones alone would have it.

        Args:
            source: the answer.
            origin: where the card comes from: `NOTEBOOK` or `RUN`.
            count: in a notebook, the execution count of the check cell.
            when: in UTC, default: now. A card that is newer stays.
        """
        if _valid(card) is None:
            return ""
        if origin == RUN and any(f.get("hidden") for f in card["findings"]):
            self.keep(card, source, FULL)
            visible = Scorecard.from_dict(card)
            visible.findings = [f for f in visible.findings if not f.hidden]
            card = visible.to_dict()
        path = self.folder / f"{card['exercise']}.{digest(source)}.{origin}.json"
        record = {"when": when or _time(time.time()), "count": count, "card": card}
        if when and (there := _read(path)) and there["when"] > when:
            return ""
        try:
            write(path, json.dumps(record, indent=1).encode())
        except OSError as error:
            return f"The result could not be kept in {self.folder}: {error.strerror}."
        return ""

    def take_in(self, nb: NotebookNode) -> None:
        """Keep the cards that lie in the outputs of the learner's notebook, dated as the file is.

        An output that is known already judged the answer under which it is kept: whoever changed the answer since
        has not run the check again.
        """
        ran = {exercise(c): c.get("execution_count") for c in nb.cells if kind(c) == "exercise"}
        written = answers(nb)
        saved = _time(self.notebook.stat().st_mtime)
        for cell in nb.cells:
            name, card, count = exercise(cell), scorecard(cell), cell.get("execution_count")
            if kind(cell) != "check" or not card or card.get("exercise") != name or name not in written:
                continue
            if ran[name] and count and ran[name] > count:
                continue  # the answer ran after its check
            known = (_read(path) for path in self.folder.glob(f"{name}.*.{NOTEBOOK}.json"))
            if not any(r and (r["count"], r["card"]) == (count, card) for r in known):
                self.keep(card, written[name], NOTEBOOK, count, saved)

    def of(self, nb: NotebookNode, release: NotebookNode) -> dict[str, Scorecard]:
        """Return exercise → scorecard for the answers that stand in a notebook and were judged as they stand.

        A card of another release, in which the exercise had other points, counts no longer.
        """
        self.take_in(nb)
        points = {exercise(c): c.metadata.nbgrader.points for c in release.cells if kind(c) in ("check", "manual")}
        found = {}
        for name, source in answers(nb).items():
            records = {o: r for o in (NOTEBOOK, RUN, FULL)
                       if (r := _read(self.folder / f"{name}.{digest(source)}.{o}.json"))
                       and (r["card"]["exercise"], r["card"]["points"]) == (name, points.get(name))}  # fmt: skip
            full = records.pop(FULL, None)
            if records:
                card = _valid(max(records.values(), key=lambda r: r["when"])["card"])
                # what hidden checks said holds as long as the visible ones pass
                found[name] = _valid(full["card"]) if full and card.complete else card
        return found

    def give_up(self, name: str) -> None:
        """Remember that the learner asked to see the reference of an exercise."""
        write(self.folder / f"{name}.given-up", b"")

    @property
    def given_up(self) -> set[str]:
        """The exercises of which the learner has asked to see the reference."""
        return {path.stem for path in self.folder.glob("*.given-up")}


def _time(seconds: float) -> str:
    """Return a time so that later ones sort behind."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="microseconds")


def _valid(card: Any) -> Scorecard | None:
    try:
        made = Scorecard.from_dict(card)
        sound = re.fullmatch(r"\w+", made.exercise) and made.findings and made.earned >= 0 and made.hidden_points >= 0
        return made if sound else None
    except (TypeError, LookupError, AttributeError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        record = json.loads(path.read_bytes())
        if isinstance(record, dict) and {"when", "count", "card"} <= set(record) and _valid(record["card"]):
            return record | {"when": str(record["when"])}
    return None


# --- in a kernel of `mft lab` -----------------------------------------------------------------

HOOK = Path(__file__).parent / "jupyter" / "kernel" / "00-mft.py"
_ran: dict[str, str] = {}  # exercise → the answer that runs in this kernel


def install(ipython: Path) -> None:
    """Let every kernel that has `ipython` for its IPYTHONDIR keep the scorecards of its notebook."""
    write(ipython / "profile_default" / "startup" / HOOK.name, HOOK.read_bytes())


def after_cell(shell: Any, result: Any) -> None:
    """Keep the scorecard that a cell ended with. JupyterLab sends along what the build says a cell is.

    Nothing that goes wrong here may reach the learner's cell.
    """
    with contextlib.suppress(Exception):
        about = shell.kernel.get_parent("shell")["metadata"].get("mft", {})
        if about.get("kind") == "exercise" and result.success:
            _ran[about["exercise"]] = result.info.raw_cell
        card = result.result
        if isinstance(card, Scorecard) and card.exercise in _ran:
            notebook = Path(os.environ["JPY_SESSION_NAME"])
            course, unit = Course.find(notebook.parent), notebook.parent.name
            if unit in course.units() and course.folder("work", unit) == notebook.parent.resolve():
                Scorecards(course, unit).keep(card.to_dict(), _ran[card.exercise], NOTEBOOK, result.execution_count)

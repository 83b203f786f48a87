"""Marking on a Dask cluster: a task a hand-in; each worker keeps a template of rooms and a judge."""

from __future__ import annotations

import atexit
import threading
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..checks import Scorecard
from ..course.files import GradingError
from .bench import Marked
from .classroom import Local


class Cluster:
    """Marks on the workers of a scheduler; use it in a `with` statement. They need this package and bubblewrap.

    Raises:
        GradingError: nobody answers at the address, or no worker is there.
    """

    def __init__(self, scheduler: str, solution: NotebookNode, slug: str, **about: Any) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise GradingError("A cluster needs Dask: pip install 'mftcourse[cluster]'.") from None
        try:
            self._client = Client(scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise GradingError(f"No Dask scheduler answers at {scheduler} ({str(error).splitlines()[0]}).") from None
        self._about = (nbformat.writes(solution), slug, about)

    def __enter__(self) -> Cluster:
        try:
            if not (workers := self._client.nthreads()):
                raise GradingError("The cluster has no workers. Start some: dask worker <address of the scheduler>.")
            self._threads = sum(workers.values())
            self.warm = all(self._client.run(_set_up, *self._about).values())
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def at_once(self, jobs: int | None) -> int:
        return jobs or self._threads

    def cpu(self) -> float:
        return 0.0

    def mark(self, nb: NotebookNode, files: dict[str, bytes]) -> Marked:
        """Mark a hand-in on some worker; where a worker is lost, another one does it."""
        task = self._client.submit(_mark, *self._about, nbformat.writes(nb), files, pure=False, retries=2)
        text, cards, *rest = task.result()
        cards = {exercise: Scorecard.from_dict(card) for exercise, card in cards.items()}
        return Marked(nbformat.reads(text, as_version=4), cards, *rest)


# --- on a worker ------------------------------------------------------------------------------

_locals: dict[str, Local] = {}
_lock = threading.Lock()


def _set_up(solution: str, slug: str, about: dict[str, Any]) -> bool:
    return _local(solution, slug, about).warm


def _local(solution: str, slug: str, about: dict[str, Any]) -> Local:
    key = f"{slug} {about} {hash(solution)}"
    with _lock:
        if key not in _locals:
            for other in _locals.values():  # one unit at a time
                other.__exit__()
            _locals.clear()
            _locals[key] = Local(nbformat.reads(solution, as_version=4), slug, **about).__enter__()
            atexit.register(_locals[key].__exit__)
        return _locals[key]


def _mark(solution: str, slug: str, about: dict[str, Any], nb: str, files: dict[str, bytes]) -> tuple:
    marked = _local(solution, slug, about).mark(nbformat.reads(nb, as_version=4), files)
    cards = {exercise: card.to_dict() for exercise, card in marked.cards.items()}
    return nbformat.writes(marked.nb), cards, marked.notes, marked.carried, marked.seconds

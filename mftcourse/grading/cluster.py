"""Marking on a Dask cluster: a task a hand-in; each worker keeps a template of rooms and a judge."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
import warnings
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..course.files import CourseError, GradingError
from .bench import Marked
from .classroom import Local, environment
from .room import Stopped

PATIENCE = 1  # seconds after which it is asked whether any worker is left, and whether all was stopped


class Cluster:
    """Marks on the workers of a scheduler; use it in a `with` statement. They need this package and bubblewrap.

    Raises:
        GradingError: nobody answers at the address, no worker is there, or one of them cannot grade.
    """

    def __init__(self, scheduler: str, solution: NotebookNode, slug: str, **about: Any) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise GradingError("A cluster needs Dask: pip install 'mftcourse[cluster]'.") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it is told in sentences, where it matters
        warnings.filterwarnings("ignore", module="distributed")  # a large hand-in, another version of Dask
        if not re.search(r":\d+/?$", scheduler):
            raise GradingError(f"{scheduler} is no address of a Dask scheduler, such as tcp://localhost:8786.")
        try:
            self._client = Client(scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise GradingError(f"No Dask scheduler answers at {scheduler} ({str(error).splitlines()[0]}).") from None
        self._about, self._stopped = (nbformat.writes(solution), slug, about), False

    def __enter__(self) -> Cluster:
        try:
            if not (workers := self._client.nthreads()):
                raise GradingError("The cluster has no workers. Start some: dask worker <address of the scheduler>.")
            self.threads = sum(workers.values())
            found = self._client.run(_set_up, *self._about, on_error="return")
            for worker, said in found.items():
                if isinstance(said, BaseException):
                    why = str(said) if isinstance(said, CourseError) else f"{type(said).__name__}: {said}"
                    raise GradingError(f"The worker at {worker} cannot grade: {why}")
                if said[1] != environment():
                    raise GradingError(f"The worker at {worker} has another version of the course, of Python or of its "
                                       "libraries than this machine. Install the same on both.")  # fmt: skip
            self.warm = all(warm for warm, _ in found.values())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, *_: object) -> None:
        """Leave the cluster; nothing is marked any more."""
        self._stopped = True
        self._client.close()

    __exit__ = stop

    def mark(self, nb: NotebookNode, files: dict[str, bytes]) -> Marked:
        """Mark a hand-in on some worker; where a worker is lost, another one does it.

        Raises:
            Stopped: nobody could.
        """
        try:
            task = self._client.submit(_mark, *self._about, nbformat.writes(nb), files, pure=False, retries=2)
            while not task.done():
                with contextlib.suppress(TimeoutError):
                    task.exception(timeout=PATIENCE)
                if self._stopped:
                    raise Stopped("grading was stopped.")
                if not task.done() and not self._client.nthreads():
                    raise Stopped("the cluster has no workers any more.")
            return task.result()
        except (Stopped, CourseError):
            raise
        except (Exception, asyncio.CancelledError) as error:
            raise Stopped(f"the cluster lost it ({type(error).__name__}: {str(error)[:200]}).") from None


# --- on a worker ------------------------------------------------------------------------------

_locals: dict[str, Local] = {}
_lock = threading.Lock()


def _set_up(solution: str, slug: str, about: dict[str, Any]) -> tuple[bool, str]:
    return _local(solution, slug, about).warm, environment()


def _local(solution: str, slug: str, about: dict[str, Any]) -> Local:
    key = f"{slug} {about} {hash(solution)}"
    with _lock:
        if key not in _locals:
            while len(_locals) > 1:  # of two classes that are graded at the same time
                _locals.pop(next(iter(_locals))).stop()
            _locals[key] = Local(nbformat.reads(solution, as_version=4), slug, **about).__enter__()
        return _locals[key]


def _mark(solution: str, slug: str, about: dict[str, Any], nb: str, files: dict[str, bytes]) -> Marked:
    return _local(solution, slug, about).mark(nbformat.reads(nb, as_version=4), files)

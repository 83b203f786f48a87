"""The verdict: check cells run in a trusted process, which talks in plain data to a room that is not.

The judge is forked from the template of rooms, before there is one. It runs the instructor's notebook once, keeps
what every check cell may use, and forks for each hand-in. There, at a check cell, the names that exercises define
stand for the learner's (see `wall.py`), each check's calls go to a server that the room forks for this cell, and the
card that comes out is the judge's own. Nothing that a room says can end it: every read has a deadline, past which
that check has its sentence and the next one gets a new server.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gc
import importlib
import io
import json
import math
import os
import pickle
import signal
import socket
import sys
import time
import types
from dataclasses import dataclass
from typing import Any

from .. import checks, mistakes
from ..checks import Finding, Scorecard
from ..course.files import GradingError
from .channel import Channel
from .inside import fork_for_each, fork_without_rights
from .room import ENDED, Room, Snapshot, Stopped, Template, begun
from .runner import compiled, draw_from, in_a_child, lesson_module
from .wall import TOO_LONG, Ended, Link, NotPlain, dumps, loads, plainly

DEATHS = 3  # servers that a check cell may cost


@dataclass
class Cell:
    """A cell of the instructor's notebook, as the judge needs it.

    Attributes:
        kind: "code", "exercise" or "check".
        names: of an exercise, what its learners define; of a check, what all exercises before it define.
    """

    kind: str
    exercise: str
    source: str
    points: float
    names: list[str]


class Judge:
    """The process that judges, as the grader holds it.

    Args:
        template: it is fenced in as rooms are, since it decodes what hostile processes send.
        cells: of the instructor's notebook.
        classes: the names of those that its exercises define.
        seconds: the most that a check may take, of CPU.
    """

    def __init__(self, template: Template, cells: list[Cell], classes: list[str], *, seconds: float) -> None:
        self._cells = {c.exercise: c for c in cells if c.kind == "check"}
        self._seconds, self._template, self.channel = seconds, template, template.judge
        about = {"cells": [c.__dict__ for c in cells], "classes": classes, "seconds": seconds}
        about["fenced"] = template.fenced
        with contextlib.suppress(OSError):  # it is gone: `ready` says so
            self.channel.send(json.dumps(about).encode(), seconds=300)

    def ready(self) -> None:
        """Wait until the notebook has run.

        Raises:
            GradingError: it does not run, or its own solution does not pass its checks.
        """
        if said := begun(self._template.process, self.channel, 600):
            raise GradingError(f"The unit's own solution cannot be graded here: {said}.")

    def open(self) -> Channel:
        """Return a channel to a judge of one hand-in."""
        return self.channel.lend(b'"hand-in"', seconds=30)

    def card(
        self, hand_in: Channel, room: Room, exercise: str, snapshot: Snapshot, stand_for: list[str], once: bool
    ) -> Scorecard | None:
        """Return the card of an exercise, or None where the snapshot does not answer, or not to the end.

        Args:
            hand_in: from `open`.
            room: the learner's; it is watched meanwhile.
            snapshot: of the notebook at the exercise's check cell.
            stand_for: names of earlier exercises for which the reference answers.
            once: the snapshot answers itself, which saves a fork; it cannot be asked again.

        Raises:
            Stopped: this judge of the hand-in is gone; take another one for what is left.
        """
        ask = {"exercise": exercise, "stand_for": stand_for, "once": once}
        asked = [snapshot.fileno()] if isinstance(snapshot, socket.socket) else []
        if not asked:
            ask["said"] = {op: base64.b64encode(reply).decode() for op, reply in snapshot.items()}
        try:
            hand_in.send(json.dumps(ask).encode(), *asked, seconds=30)
        except OSError:
            raise Stopped(ENDED) from None
        card = json.loads(room.wait(hand_in, 8 * self._seconds + 60))
        if "error" in card:
            return self.failed(exercise, card["error"]) if card["error"] else None
        return Scorecard.from_dict(card)

    def failed(self, exercise: str, sentence: str) -> Scorecard:
        """Return the card of an exercise whose checks could not run."""
        points = self._cells[exercise].points
        finding = Finding("the checks of this exercise run", "failed", points, sentence)
        return Scorecard(exercise, points, [finding])


# --- inside the judge's process ---------------------------------------------------------------


def main(control: Channel) -> None:
    """Run the instructor's notebook, prove that its solution passes, and fork for each hand-in that comes."""
    gc.disable()  # until all is imported
    about = json.loads(control.receive()[0])
    cells = [Cell(**c) for c in about["cells"]]
    sys.stdout = io.StringIO()
    checks.CHECK_SECONDS = math.inf  # of the judge's own, which an alarm ends; the learner's are counted in the room
    _remember("sklearn.metrics")
    try:
        scopes = _run(cells)
        said = _passes(cells, scopes)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    gc.freeze()
    gc.enable()
    control.send(json.dumps(said).encode())
    by_exercise = {c.exercise: c for c in cells if c.kind == "check"}
    _, hand_in = fork_for_each(control, lambda _: fork_without_rights(about["fenced"]))
    with contextlib.suppress(EOFError, OSError):
        while True:
            message, descriptors = hand_in.receive(descriptors=1)
            ask = json.loads(message)
            signal.alarm(int(10 * about["seconds"]) + 120)  # it ends for certain
            channels = [Channel(socket.socket(fileno=d)) for d in descriptors]
            said = {op: base64.b64decode(reply) for op, reply in ask.pop("said", {}).items()}
            snapshot, cell = (*channels, said)[0], by_exercise[ask.pop("exercise")]
            card = _judge(cell, scopes, snapshot, about, **ask)
            hand_in.send(json.dumps(card).encode())
            for channel in channels:
                channel.close()
    os._exit(0)


def _run(cells: list[Cell]) -> dict[str, dict[str, Any]]:
    """Run the notebook; return exercise → the names that its check cell may use."""
    namespace = lesson_module()
    scopes = {"": namespace}
    for number, cell in enumerate(cells):
        if cell.kind != "check":
            exec(compiled(cell.source, f"<cell {number}>"), namespace)
        else:
            scopes[cell.exercise] = dict(namespace)
    return scopes


def _passes(cells: list[Cell], scopes: dict) -> str:
    """Let the reference pass its own checks, in a fork that only tells what `_remember` kept; return what failed."""
    # compiled here, or every hand-in would do it anew
    code = {c.exercise: compiled(c.source, f"<check {c.exercise}>") for c in cells if c.kind == "check"}

    def proof() -> bytes:
        failed = []
        try:
            for exercise, check in code.items():
                scopes[""].clear()
                scopes[""].update(scopes[exercise])
                checks.reset(0)
                draw_from(0)
                exec(check, scopes[""])
                failed += [exercise] if not checks.last_scorecard().complete else []
            said = f"it fails its own checks of {', '.join(failed)}" if failed else ""
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        return pickle.dumps((_memory, said))

    if not (data := in_a_child(proof)):
        return "its check cells do not run"
    memory, said = pickle.loads(data)
    _memory.update(memory)
    return said


_memory: dict[tuple[str, bytes], bytes] = {}


def _remember(module: str) -> None:
    """Let a module's functions remember what they answered: every check draws the same, so most ask the same.

    Only for functions that depend on their arguments alone.
    """
    functions = vars(importlib.import_module(module))
    for name, function in list(functions.items()):
        if isinstance(function, types.FunctionType) and not name.startswith("_"):
            functions[name] = _remembering(function)


def _remembering(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            key = (function.__name__, dumps([args, kwargs]))
            if key not in _memory:
                _memory[key] = dumps(function(*args, **kwargs))
        except NotPlain:
            return function(*args, **kwargs)
        return loads(_memory[key])

    return call


def _judge(
    cell: Cell, scopes: dict, snapshot: Channel | dict[str, bytes], about: dict, stand_for: list[str], once: bool
) -> dict[str, Any]:
    """Return the card of a check cell, in its JSON form, or {"error": sentence}, which is empty for "ask again"."""
    namespace, reference = scopes[""], scopes[cell.exercise]
    namespace.clear()
    namespace.update(reference)
    functions = [n for n in stand_for if isinstance(reference.get(n), types.FunctionType)]
    values = {n: reference[n] for n in stand_for if n in reference and n not in functions}
    served, slow = None, _Served._slow
    for name in cell.names:
        namespace.pop(name, None)  # what the learner has not defined must not be the reference's
    try:
        if isinstance(snapshot, dict):  # all that this check reads is plain data, and was said already
            found, ended = (loads(snapshot[op])["ok"] for op in ("names", "cells"))
            with contextlib.suppress(NotPlain):
                found |= loads(dumps(values))
        else:
            served = _Served(snapshot, {"names": cell.names, "stand_for": functions}, once, about["seconds"])
            link = Link(served, about["classes"])
            link.reference = {name: _among(namespace, reference, reference[name]) for name in functions}
            with contextlib.suppress(NotPlain):
                link.ask("define", kwargs=values)
            found, ended = link.ask("names", args=cell.names), link.ask("cells")
        namespace.update({n: v for n, v in found.items() if n in cell.names})
        mistakes._cells[:] = [tuple(plainly(text) for text in three) for three in ended if len(three) == 3]
    except (Exception, Ended) as error:
        return {"error": "" if isinstance(error, Ended) else "What the notebook defines could not be read."}
    checks.reset(0)
    draw_from(0)
    try:
        exec(compiled(cell.source, f"<check {cell.exercise}>"), namespace)
    except BaseException as error:
        return {"error": f"The check cell itself ended with {type(error).__name__}."}
    finally:
        if served:
            served.close()
    if served and served.lacks:
        _Served._slow = slow  # all of it will be asked again
        return {"error": ""}
    _Served._slow |= checks.ran_too_long(checks.last_scorecard().findings)
    return checks.last_scorecard().to_dict()


def _among(namespace: dict, reference: dict, function: Any) -> Any:
    """Return a function of the reference that finds the reference's names, where those of the learner's stand."""

    def call(*args: Any, **kwargs: Any) -> Any:
        now = dict(namespace)
        namespace.update(reference)
        try:
            return function(*args, **kwargs)
        finally:
            namespace.clear()
            namespace.update(now)

    return call


class _Served:
    """Sends requests to a server of the room, and takes a new one where that has died."""

    _slow = False  # a call of this hand-in did not end: the others get less time

    def __init__(self, snapshot: Channel, about: dict[str, Any], once: bool, seconds: float) -> None:
        self._snapshot, self._about, self._seconds = snapshot, json.dumps(about | {"once": once}).encode(), seconds
        self._most = 1 if once else DEATHS
        self.lacks = False  # a server that it was not to have
        self._names = dumps({"op": "names", "args": about["names"]})
        self._server: Channel | None = None
        self._servers = 0  # so many were asked for

    def __call__(self, request: bytes) -> bytes:
        seconds = self._seconds / (10 if checks.ran_too_long() or self._slow else 1)
        began = time.monotonic()
        try:
            if self._server is None:
                if self._servers >= self._most:
                    self.lacks = self._most < DEATHS
                    raise EOFError
                self._servers += 1
                self._server = self._snapshot.lend(self._about, seconds=10)
                if self._servers > 1:
                    self(self._names)  # stand-ins go by these names
            self._server.send(f"{seconds:8.3f}".encode()[:8] + request, seconds=10)
            return self._server.receive(3 * seconds + 2)[0]
        except (OSError, EOFError) as error:
            self.close()
            # what hears no signal is ended by the kernel, after twice the time
            _Served._slow |= isinstance(error, TimeoutError) or time.monotonic() - began > 2 * seconds
            raise Ended(TOO_LONG if _Served._slow else ENDED) from None

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

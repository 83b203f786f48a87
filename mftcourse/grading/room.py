"""Rooms: where a learner's cells run, fenced in by bubblewrap, each forked warm from one template.

A room sees the system and the libraries, read only, and one scratch folder in memory; no network, no other
process, no file of the class. Where a system lets no fenced process make namespaces, every room is a fence of its
own that starts cold: just as safe, and slower. What a room says is data: see `outputs`.
"""

from __future__ import annotations

import base64
import bisect
import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..course.files import GradingError
from .channel import Channel
from .inside import CUT, HOME  # noqa: F401

if TYPE_CHECKING:  # the judge imports this too, and has no use for it
    from nbformat import NotebookNode

CELL_SECONDS, TOTAL_SECONDS, OPEN_SECONDS = 120, 900, 60  # who has died says so at once; a loaded machine is slow
MEMORY, FILE_BYTES, PROCESSES = 4 << 30, 256 << 20, 160  # of one process: what wants more is told so there and then
ALL_MEMORY = 5 << 30  # of a room's processes: what wants more is stopped
OUTPUT_BYTES = 8_000_000  # of one cell; a room cuts before that, if it is itself
ANSWER_SECONDS = 15  # for what takes a room a moment
HARMLESS = "import colorsys, logging; logging.getLogger('mft').debug(''); print(end='')"  # takes the usual locks
PAGE = os.sysconf("SC_PAGE_SIZE")
PACKAGE = Path(__file__).resolve().parents[1]


class Stopped(Exception):
    """A room is gone, or was stopped; `str(error)` is the sentence for it."""


class NotStarted(GradingError):
    """A process of the grader's own does not come up."""


ENDED = "Python ended here (`exit`, `os._exit`, out of memory, or a crash)."
TOO_MUCH = f"This took more than {ALL_MEMORY >> 30} GB of memory and was stopped."


def available() -> str:
    """Return '' where rooms can be fenced in, else a sentence that says what to install."""
    if sys.platform != "linux":
        return ("Grading runs what learners wrote inside bubblewrap, which only Linux has. Grade in a Linux container "
                "(Docker, Podman), or on Windows in WSL.")  # fmt: skip
    if not shutil.which("bwrap"):
        return ("Grading runs what learners wrote inside bubblewrap, and `bwrap` is not installed. On Debian and "
                "Ubuntu: sudo apt install bubblewrap; on Fedora: sudo dnf install bubblewrap.")  # fmt: skip
    done = subprocess.run([*_fence(), "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[:200]
        return f"bubblewrap is installed, and this system lets it make no fence ({said})."
    return ""


def _fence() -> list[str]:
    """Return the command that runs another one in a fence: the system and the libraries read only, nothing else."""
    prefixes = {Path(p) for p in (sys.prefix, sys.base_prefix)}
    libraries = {Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")}
    shown = sorted(p for p in {*prefixes, *libraries, PACKAGE} if p.is_dir())
    command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc",
               "--unshare-uts", "--hostname", "room", "--cap-add", "ALL"]  # fmt: skip
    if os.geteuid():
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]  # root inside only: it makes namespaces for rooms
    command += ["--perms", "0755", "--dir", "/etc"]
    etc = ("alternatives", "fonts", "localtime", "ld.so.cache", "ld.so.conf", "ld.so.conf.d")
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", *(f"/etc/{name}" for name in etc)):
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev"]
    shown = [path for path in shown if path.parts[1] not in ("usr", "lib", "bin")]
    below = any(path.parts[1] == "tmp" for path in shown)  # no room gets a /tmp of its own then, and none writes there
    if not below:
        command += ["--perms", "0777", "--size", str(512 << 20), "--tmpfs", "/tmp"]
    for folder in sorted({parent for path in shown for parent in path.parents}, key=lambda p: len(p.parts))[1:]:
        command += ["--perms", "0755", "--dir", str(folder)]  # who a room runs as is nobody
    for path in shown:
        command += ["--ro-bind", str(path), str(path)]
    command += ["--perms", "0777", "--size", str(512 << 20), "--tmpfs", HOME, "--remount-ro", "/", "--clearenv"]
    own = _environment(HOME, HOME) if below else _environment(HOME, "/tmp") | {"MFT_TMP": "1"}
    for name, value in own.items():
        command += ["--setenv", name, value]
    return [*command, "--"]


def _environment(home: str, tmp: str) -> dict[str, str]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return one | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": home, "LANG": "C.UTF-8", "PYTHONPATH": str(PACKAGE.parent), "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": tmp, "IPYTHONDIR": f"{tmp}/ipython",
        "MPLCONFIGDIR": f"{tmp}/matplotlib", "NBGRADER_EXECUTION": "autograde", "HF_HUB_OFFLINE": "1",
        "TQDM_DISABLE": "1",
    }  # fmt: skip


def start(about: dict[str, Any], *judge: int) -> tuple[subprocess.Popen, Channel]:
    """Start a template, tell it what it is about, and return it with the channel to it."""
    channel, theirs = Channel.pair()
    command = [sys.executable, "-m", "mftcourse.grading.inside", str(theirs.fileno())]
    env = None
    if about["fenced"]:
        command = [*_fence(), *command]
    else:
        own = _environment(os.environ.get("HOME", "/"), tempfile.gettempdir())
        env = os.environ | own | {"PATH": os.environ.get("PATH", os.defpath)}
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if not os.environ.get("MFT_DEBUG") else None,
    )  # fmt: skip
    theirs.close()
    with contextlib.suppress(OSError):  # it is gone: `begun` says so
        channel.send(json.dumps(about).encode(), *judge)
    return process, channel


def begun(process: subprocess.Popen, channel: Channel, seconds: float) -> Any:
    """Return what a process that was started says first; raise `NotStarted` where it ends, or says nothing."""
    try:
        return json.loads(channel.receive(seconds)[0])
    except (OSError, EOFError, ValueError):
        process.kill()
        raise NotStarted("Python does not start inside the fence. Set MFT_DEBUG=1 to see what it says.") from None


class Template:
    """The process that rooms and the judge are forked from; use it in a `with` statement.

    Args:
        cells: the sources of the unit's given cells: what they import is there before a room opens.
        slug: the working folder's name.
        fenced: False runs what learners wrote with your rights.
        seconds: the most that one cell may take.
        warm: False starts every room in a fence of its own, as where a system lets nothing else.

    Attributes:
        judge: the channel to a process of the same libraries that is no room; see `judge.py`.

    Raises:
        GradingError: no fence can be made, or Python does not start in it.
    """

    def __init__(
        self, cells: list[str], slug: str, *, fenced: bool = True, seconds: float = CELL_SECONDS, warm: bool = True
    ) -> None:
        if fenced and (why := available()):
            raise GradingError(f"{why} To grade without a fence, with your rights on your files: --no-isolation.")
        self.slug, self.fenced, self.seconds = slug, fenced, seconds
        self._about = {"cells": cells, "path": [str(PACKAGE.parent)], "fenced": fenced}
        self.warm = warm and fenced
        self.judge, theirs = Channel.pair()
        with theirs:
            self.process, self.channel = start(self._about | {"warm": self.warm}, theirs.fileno())

    def ready(self) -> Template:
        """Wait until rooms can be opened; then `warm` says how they start."""
        self.warm = begun(self.process, self.channel, 300)["warm"]
        return self

    __enter__ = ready

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        self.judge.close()
        self.process.kill()
        self.process.wait()

    def open(self) -> Room:
        """Open a room; raise `Stopped` where it does not come up."""
        channel, home = self.channel, HOME
        with contextlib.ExitStack() as stack:
            if not self.fenced:
                home = tempfile.mkdtemp(prefix="mft-room-")
                stack.callback(shutil.rmtree, home, ignore_errors=True)
            elif not self.warm:
                process, channel = start(self._about | {"warm": False})
                for end in (process.wait, process.kill, channel.close):
                    stack.callback(end)
                try:
                    begun(process, channel, 300)
                except NotStarted:
                    raise Stopped("The room for this notebook did not open.") from None
            about = {"folder": f"{home}/{self.slug}", "seconds": self.seconds, "memory": MEMORY, "cpu": TOTAL_SECONDS,
                     "processes": PROCESSES, "file_bytes": FILE_BYTES, "fenced": self.fenced}  # fmt: skip
            mine = channel.lend(json.dumps(about).encode())
            try:
                mine.socket.settimeout(OPEN_SECONDS)
                return Room(mine, mine.peer(), self.seconds, stack.pop_all())
            except (OSError, EOFError):
                raise Stopped("The room for this notebook did not open.") from None


Snapshot = socket.socket | dict[str, bytes]  # who answers for a notebook at a check cell, or the answers themselves


class Room:
    """One learner's room, as the grader holds it."""

    def __init__(self, channel: Channel, pid: int, seconds: float, at_the_end: contextlib.ExitStack) -> None:
        self._channel, self._seconds, self._at_the_end = channel, seconds, at_the_end
        self._pid, self._open, self._watched = pid, True, time.monotonic()
        self._handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def put(self, files: dict[str, bytes]) -> None:
        """Write files beside the notebook."""
        for name, data in files.items():
            self._say({"file": name})
            self._channel.send(data, seconds=10)

    def run(self, source: str) -> list[NotebookNode]:
        """Run a cell and return its outputs; raise `Stopped` where the room does not survive it."""
        self._say({"cell": source})
        # twice the time and some: what a notebook's own clock stops, it stops itself, and says where
        return outputs(self.wait(self._channel, 2 * self._seconds + 5))

    def snapshot(self, names: list[str] | None = None) -> Snapshot:
        """Return what answers for the notebook as it is now; see `inside.py`.

        Args:
            names: all that will be asked for. Where they are plain data, the answer comes at once.
        """
        mine, theirs = socket.socketpair()
        with theirs:
            self._say({"names": names}, theirs.fileno())
        answer = self.wait(self._channel, ANSWER_SECONDS)
        if answer == b"true":
            return self._at_the_end.enter_context(mine)
        mine.close()
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            if names is not None:
                return {op: base64.b64decode(json.loads(answer)[op]) for op in ("names", "cells")}
        raise Stopped("It has started more processes than it may, so the checks cannot run beside them.")

    def try_out(self) -> None:
        """Raise `Stopped` where a harmless cell or a snapshot hangs: a thread of the learner's holds a lock, say."""
        self._say({"cell": HARMLESS})
        self.wait(self._channel, ANSWER_SECONDS)
        self.snapshot()

    def _say(self, what: dict[str, Any], *descriptors: int) -> None:
        try:
            self._channel.send(json.dumps(what).encode(), *descriptors, seconds=10)
        except OSError:
            raise Stopped(ENDED) from None

    def wait(self, channel: Channel, seconds: float) -> bytes:
        """Return the next message on a channel, the room's own or a judge's, and watch the room's memory meanwhile."""
        end = time.monotonic() + seconds
        said = []
        while not said:
            said = select.select([channel.socket], [], [], min(0.5, max(0.0, end - time.monotonic())))[0]
            if time.monotonic() > self._watched + 0.5:  # also where no cell takes as long
                if self.memory() > ALL_MEMORY:
                    raise Stopped(TOO_MUCH)
                self._watched = time.monotonic()
            if not said and time.monotonic() > end:
                raise Stopped(f"This did not end within {self._seconds:g} s, nor when interrupted.")
        try:
            return channel.receive(max(1.0, end - time.monotonic()), most=OUTPUT_BYTES)[0]
        except (OSError, EOFError):
            raise Stopped(ENDED) from None

    def memory(self) -> int:
        """Return the bytes that the room's processes hold, shared ones counted once; 0 where that is no matter.

        They stand still while they are counted: on a busy machine the first would have ended before the last is read.
        """
        if sum(int(_read(f"/proc/{pid}/statm", "0 0").split()[1]) for pid in self._processes()) * PAGE < ALL_MEMORY:
            return 0
        still: list[int] = []
        try:
            while started := [pid for pid in self._processes() if pid not in still]:
                still += started
                _signal(started, signal.SIGSTOP)
            shares = [re.search(r"Pss: +(\d+)", _read(f"/proc/{pid}/smaps_rollup")) for pid in still]
        finally:
            _signal(still, signal.SIGCONT)
        return sum(int(share[1]) << 10 for share in shares if share)

    def _processes(self) -> list[int]:
        found = [self._pid]
        for pid in found:  # grows while it is walked
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in _read(task).split()]
        return found

    def alive(self, seconds: float) -> bool:
        """Whether the room still lives after so many seconds of waiting, and within its memory."""
        end = time.monotonic() + seconds
        while self._open and self._waits(min(0.5, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                return True
            if self.memory() > ALL_MEMORY:
                return False
        return False

    def _waits(self, seconds: float) -> bool:
        """Wait, and return whether its first process is still there."""
        if self._handle is None:  # not on Linux
            time.sleep(seconds)
            return psutil.pid_exists(self._pid)
        return not select.select([self._handle], [], [], seconds)[0]

    def close(self) -> None:
        """End every process of the room, and its snapshots."""
        if not self._open:
            return
        self._open = False
        with contextlib.suppress(OSError):  # it has ended
            if self._handle is None:
                os.kill(self._pid, signal.SIGKILL)
            else:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        if self._handle is not None:
            os.close(self._handle)
        self._channel.close()
        self._at_the_end.close()


def _signal(processes: list[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(OSError):  # it has ended
            os.kill(pid, number)


def _read(path: Path | str, gone: str = "") -> str:
    """Return the text of a file of a process, which may have ended."""
    try:
        return Path(path).read_text()
    except OSError:
        return gone


# --- a notebook's cells, whatever they do -----------------------------------------------------


@dataclass
class Ran:
    """A notebook that ran: outputs by the cell's place, and a snapshot for each check cell."""

    room: Room
    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)


DEATHS = 3  # cells that a notebook may lose because they end their room


def run(
    template: Template,
    cells: dict[int, str],
    checks: dict[int, list[str] | None],
    files: dict[str, bytes],
    without: dict[int, str],
) -> Ran:
    """Run the cells of a notebook in order, and take a snapshot at each check cell.

    A cell that ends its room is left out, and the others run again in a new one. Death may come late, by a timer
    say: the cell that is left out is the first with which the room does not live on.

    Args:
        cells: place → source; those of check cells stay out.
        checks: the places of check cells → see `Room.snapshot`.
        without: place → why it is left out; what is found is written here.

    Raises:
        Stopped: no room opens.
    """
    begin = time.monotonic()
    while True:
        ran = Ran(template.open())
        started, place = time.monotonic(), -1
        try:
            ran.room.put(files)
            for place in sorted({*cells, *checks} - set(without)):
                if time.monotonic() - begin > TOTAL_SECONDS:
                    without[place] = f"Not run: the notebook had used up its {TOTAL_SECONDS // 60} minutes."
                elif place in checks:
                    ran.snapshots[place] = ran.room.snapshot(checks[place])
                else:
                    ran.outputs[place] = ran.room.run(cells[place])
            return ran
        except Stopped as stop:
            ran.room.close()
            if sum(why != NOT_RUN for why in without.values()) >= DEATHS:
                without |= {p: NOT_RUN for p in {*cells, *checks} if p >= place}
            else:
                hangs = "did not end within" in str(stop)  # now, and no death that a timer brings
                found = guilty(template, cells, files, without, place, 0 if hangs else time.monotonic() - started)
                without[place if found is None else found] = str(stop)
        except BaseException:
            ran.room.close()
            raise


NOT_RUN = "Not run: earlier cells had ended Python too often."


def guilty(
    template: Template,
    cells: dict[int, str],
    files: dict[str, bytes],
    without: dict[int, str],
    place: int | None,
    took: float,
) -> int | None:
    """Return the first cell with which a room does not live on, or None.

    Args:
        place: where it was found dead; cells before it are looked at, or all where None.
        took: how long it lived, in seconds.
    """

    def lives(last: int) -> bool:
        with contextlib.closing(template.open()) as room, contextlib.suppress(Stopped):
            room.put(files)
            for at in sorted(c for c in cells if c <= last and c not in without):
                room.run(cells[at])
            room.try_out()
            return room.alive(min(took * 1.2 + 0.3, 20))
        return False

    before = sorted(c for c in cells if (place is None or c < place) and c not in without)
    if not before or lives(before[-1]):
        return None
    return before[bisect.bisect_left(before, True, hi=len(before) - 1, key=lambda last: not lives(last))]


# --- what a room says -------------------------------------------------------------------------


def outputs(data: bytes) -> list[NotebookNode]:
    """Return the outputs that a room reports, each a sound nbformat output with text in it, or nothing."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise Stopped(ENDED) from None
    return [made for one in said[:1000] if (made := _output(one))] if isinstance(said, list) else []


def _output(said: Any) -> NotebookNode | None:
    from nbformat.v4 import new_output

    if not isinstance(said, dict):
        return None
    kind = said.get("output_type")
    if kind == "stream":
        name = "stderr" if said.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(said.get("text")))
    if kind == "error":
        lines = said.get("traceback")
        lines = [_text(line) for line in lines[:200]] if isinstance(lines, list) else []
        name, value = _text(said.get("ename"))[:200], _text(said.get("evalue"))
        return new_output("error", ename=name, evalue=value, traceback=lines)
    if kind in ("display_data", "execute_result") and isinstance(said.get("data"), dict):
        known = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")
        return new_output(kind, data={name: _text(said["data"][name]) for name in known if name in said["data"]})
    return None


def _text(value: Any) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""

"""What runs inside the fence: the template of rooms and judge, a room, and the answers that it gives to the judge.

    python -m mftcourse.grading.inside DESCRIPTOR

A template imports the libraries once and never runs a learner's code. The judge is forked from it, who knows more
than it does, and each room, into namespaces of its own, where the learner's cells run in IPython. At a check cell a
room forks a snapshot, which waits. The judge lets it answer, and where that one does not live to the end asks another
for as many servers as it needs, each forked anew: nothing that a check sends in is seen by a cell or by another
check. Where all that a check reads is plain data, the room says it at once, and nobody waits. From its first cell on,
everything that a room says is the learner's word.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import ctypes
import gc
import io
import json
import os
import resource
import signal
import socket
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import checks, mistakes
from .channel import Channel
from .wall import Room, dumps

HOME = "/room"
STREAM_BYTES, DISPLAY_BYTES = 200_000, 2_000_000  # of a cell
CUT = "\n... Output cut here ...\n"
_APART = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # CLONE_NEWNS, -UTS, -IPC, -PID, -NET
_NEWUSER = 0x10000000


def template(control: Channel) -> None:
    """Import what a unit's given cells import, say so, and fork a room for each socket that comes.

    A socket that comes at once is the judge's.
    """
    _is_called("mft-template")
    gc.disable()  # until all is imported
    message, descriptors = control.receive(descriptors=1)
    about = json.loads(message)
    sys.path[:0] = [p for p in about["path"] if p not in sys.path]
    _import(about["cells"])
    ready_to_fork()
    for descriptor in descriptors:
        if os.fork() == 0:
            control.close()
            os.setsid()
            _is_called("mft-judge")
            from . import judge

            judge.main(Channel(socket.socket(fileno=descriptor)))
        os.close(descriptor)
    shell = _shell()
    warm = about["warm"] and _can_nest()
    ready_to_fork()
    control.send(json.dumps({"warm": warm}).encode())
    asked, grader = fork_for_each(control, lambda _: _fork_apart() if warm else os.fork())
    try:
        os.setsid()  # a signal to its process group, from where it has our user's rights, stays with it
        if warm:
            _furnish()
        elif about["fenced"]:
            _give_up(ctypes.CDLL(None))
        _room(grader, shell, asked)
    finally:
        os._exit(1)


def fork_for_each(control: Channel, fork: Callable[[Any], int]) -> tuple[Any, Channel]:
    """Fork a child for each socket that comes; return, in the child, the message that came with it, and its channel.

    A message without a socket asks for a sign of life. Where nobody is there any more to ask, the process ends.

    Args:
        fork: gets the message; returns what `os.fork` does, or 0 where this very process is to do it.
    """
    while True:
        try:
            message, descriptors = control.receive(descriptors=1)
        except (EOFError, OSError):
            os._exit(0)
        with contextlib.suppress(ChildProcessError):  # those that are done
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        asked = json.loads(message)
        if not descriptors:
            control.send(b"0")
        elif fork(asked) == 0:
            control.close()
            return asked, Channel(socket.socket(fileno=descriptors[0]))
        else:
            os.close(descriptors[0])


def _is_called(name: str) -> None:
    """Let `ps` and `top` say who this process is, where they ask by that name."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(15, name.encode())


def _import(cells: list[str]) -> None:
    """Run the given cells once, in a module of their own, for what they import."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import font_manager  # noqa: F401

    scratch = types.ModuleType("given")
    sys.modules["given"] = scratch
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for cell in cells:
            with contextlib.suppress(Exception):  # it needs a learner's answer
                exec(compile(cell, "<given>", "exec"), scratch.__dict__)
    if "torch" in sys.modules:
        import torch
        import torch._dynamo  # the first optimizer would load it, in every fork

        torch.set_num_threads(1)
    del sys.modules["given"]


def _shell() -> Any:
    """Return an IPython shell that keeps what cells put out."""
    from IPython.core.display_trap import DisplayTrap  # noqa: F401 -- what a first cell would import
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Publisher(DisplayPublisher):
        def publish(self, data: dict, metadata: dict | None = None, **more: Any) -> None:
            kept.put({"output_type": "display_data", "data": data, "metadata": metadata or {}})

        def clear_output(self, wait: bool = False) -> None:
            kept.clear()

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
            kept.put({"output_type": "execute_result", "data": format_dict, "metadata": md_dict or {},
                      "execution_count": 1})  # fmt: skip

    class Shell(InteractiveShell):
        display_pub_class = Publisher
        displayhook_class = Hook

        def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
            kept.put({"output_type": "error", "ename": str(getattr(etype, "__name__", etype)), "evalue": str(evalue),
                      "traceback": stb if isinstance(stb, list) else [str(stb)]})  # fmt: skip

        def ask_exit(self) -> None:
            kept.put({"output_type": "error", "ename": "SystemExit", "evalue": "exit", "traceback": []})

        system = InteractiveShell.system_piped

        def enable_gui(self, gui: Any = None) -> None:
            pass

    config = Config()
    config.HistoryManager.enabled = False
    shell = Shell.instance(config=config, colors="NoColor")
    shell.run_line_magic("matplotlib", "inline")
    shell.mft_kept = kept = _Kept()
    return shell


class _Kept(list):
    """The outputs of a cell, up to a limit."""

    size, full = 0, False

    def clear(self) -> None:
        super().clear()
        self.size, self.full = 0, False

    def put(self, output: dict) -> None:
        size = len(json.dumps(output, default=lambda v: "?" * len(v) if isinstance(v, bytes) else str(v)))
        limit = STREAM_BYTES if output["output_type"] == "stream" else DISPLAY_BYTES
        if self.full:
            return
        if self.size + size > limit:
            self.full = True
            text = output["text"][: max(0, limit - self.size)] if output["output_type"] == "stream" else ""
            output = {"output_type": "stream", "name": "stdout", "text": text + CUT}
        self.size += size
        last = self[-1] if self else {}
        if output["output_type"] == last.get("output_type") == "stream" and last["name"] == output["name"]:
            last["text"] += output["text"]
        else:
            self.append(output)


class _Stream(io.TextIOBase):
    """Standard output or error of the cells."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, kept: _Kept, name: str) -> None:
        self._kept, self._name = kept, name

    def write(self, text: str) -> int:
        for at in range(0, len(text), STREAM_BYTES):
            self._kept.put({"output_type": "stream", "name": self._name, "text": str(text[at : at + STREAM_BYTES])})
        return len(text)

    def writable(self) -> bool:
        return True


# --- namespaces -------------------------------------------------------------------------------


def ready_to_fork() -> None:
    """Make forks cheap: nothing for the collector to touch, and memory in large pages where the kernel has them."""
    gc.freeze()
    gc.enable()
    libc, large = ctypes.CDLL(None), 2 << 20
    maps = Path("/proc/self/maps")
    for line in maps.read_text().splitlines() if maps.exists() else ():
        span, rights, _, _, _, *name = line.split()
        if rights == "rw-p" and (not name or name == ["[heap]"]):
            low, high = (int(end, 16) for end in span.split("-"))
            low, high = -(-low // large) * large, high // large * large
            for advice in (14, 25) if high > low else ():  # MADV_HUGEPAGE, MADV_COLLAPSE
                libc.madvise(ctypes.c_void_p(low), ctypes.c_size_t(high - low), advice)


def _can_nest() -> bool:
    """Whether this system lets a fenced process make namespaces of its own."""
    try:
        child = _fork_apart()
    except OSError:
        return False
    if child == 0:
        try:
            _furnish()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _fork_apart() -> int:
    """Fork a child that is process 1 of namespaces of its own; return what `os.fork` does."""
    python, flags = ctypes.pythonapi, ctypes.c_ulong(signal.SIGCHLD | _APART)
    python.PyOS_BeforeFork()
    child = ctypes.PyDLL(None, use_errno=True).syscall(_CLONE, flags, None, None, None, None)
    if child == 0:
        python.PyOS_AfterFork_Child()
        return 0
    error = ctypes.get_errno()
    python.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(error, os.strerror(error))
    return child


# The number of the system call `clone`; its first argument is the flags on both.
_CLONE = 220 if os.uname().machine == "aarch64" else 56


def _furnish() -> None:
    """Mount what a room needs, and give up every right. In a process that `_fork_apart` made."""
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def mount(kind: str, at: str, data: str = "", flags: int = 2 | 4) -> None:  # no setuid, no devices
        must(libc.mount(kind.encode(), at.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()))

    libc.prctl(1, signal.SIGKILL)  # die with the template
    must(libc.mount(b"none", b"/", None, ctypes.c_ulong(0x4000 | 0x40000), None))  # private, recursively
    for folder in (HOME, "/dev/shm", *(["/tmp"] if os.environ.get("MFT_TMP") else [])):
        mount("tmpfs", folder, "size=512m,nr_inodes=20000,mode=0777")
    mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", flags=2)
    mount("proc", "/proc", flags=2 | 4 | 8)
    _become_nobody()
    libc.prctl(4, 1)  # readable in its own /proc again
    inner, outer = os.getuid(), os.getgid()
    must(libc.unshare(_NEWUSER))
    for name, text in (("setgroups", "deny"), ("gid_map", f"1000 {outer} 1"), ("uid_map", f"1000 {inner} 1")):
        Path("/proc/self", name).write_text(text)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    _give_up(libc)


def fork_without_rights(fenced: bool) -> int:
    """Fork a child with no right at all, in namespaces of its own where the system lets it."""
    try:
        child = _fork_apart() if fenced else os.fork()
    except OSError:
        child = os.fork()
    if child == 0 and fenced:
        try:
            _furnish()
        except OSError:
            _give_up(ctypes.CDLL(None))
    return child


def _give_up(libc: ctypes.CDLL) -> None:
    """Give up root's identity, every right, and the way to new ones."""
    _become_nobody()
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.prctl(38, 1, 0, 0, 0) or libc.capset(header, none):
        raise OSError("a room cannot give up its rights")


def _become_nobody() -> None:
    """Give up root's identity where there is one, for one that nobody has: no limit on processes holds for root."""
    if os.getuid() == 0:
        nobody = 2_000_000 + int.from_bytes(os.urandom(3))
        with contextlib.suppress(OSError):  # in a user namespace of one identity, which is not root outside
            os.setgroups([])
            os.setresgid(nobody, nobody, nobody)
            os.setresuid(nobody, nobody, nobody)


def _limit(about: dict) -> None:
    if not about["fenced"]:
        return
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, now + about["memory"]),
        (resource.RLIMIT_FSIZE, about["file_bytes"]),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_CPU, about["cpu"]),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # the system's own limit is lower
            resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_NPROC, (about["processes"], about["processes"] + 60))  # some for the checks


# --- a room -----------------------------------------------------------------------------------


def _room(control: Channel, shell: Any, about: dict) -> None:
    """Run cells as they come; each is answered with its outputs."""
    _is_called("mft-room")
    kept = shell.mft_kept
    folder = Path(about["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    sys.stdout, sys.stderr = _Stream(kept, "stdout"), _Stream(kept, "stderr")
    builtins.input = _no_input
    _limit(about)
    checks.CELL_SECONDS = about["seconds"]
    shell.events.register("post_run_cell", checks.after_cell)
    control.send(str(os.getpid()).encode())  # with it, the kernel says which process this is
    while True:
        message, descriptors = control.receive(descriptors=1)
        ask = json.loads(message)
        if "file" in ask:
            path = folder / ask["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(control.receive()[0])
        elif "cell" in ask:
            kept.clear()
            with contextlib.suppress(checks.TimeLimit), _time_limit(about["seconds"]):  # it may come late
                shell.run_cell(ask["cell"], store_history=True)
            control.send(json.dumps(list(kept), default=_plain).encode())
        elif said := _said(shell.user_ns, ask["names"]):
            os.close(descriptors[0])
            control.send(json.dumps(said).encode())
        else:
            now, most = resource.getrlimit(resource.RLIMIT_NPROC)
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
            try:
                child = os.fork()
            except OSError:  # the learner's code has taken what was kept for the checks
                child = -1
            if child == 0:
                try:
                    control.close()
                    _snapshot(Channel(socket.socket(fileno=descriptors[0])), shell.user_ns)
                finally:
                    os._exit(0)
            os.close(descriptors[0])
            resource.setrlimit(resource.RLIMIT_NPROC, (now, most))
            control.send(json.dumps(child > 0).encode())


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _no_input(prompt: str = "") -> str:
    raise RuntimeError("`input` asks a person; when a notebook is graded nobody is there. Put the value in the code.")


def _said(namespace: dict, names: list[str] | None) -> dict[str, str] | None:
    """Return what a server would answer about these names, where they are plain: nobody need wait to be asked."""
    if names is None or not _is_plain([{n: namespace[n] for n in names if n in namespace}, mistakes._cells]):
        return None
    room = Room(namespace)
    asked = {"names": {"op": "names", "args": names}, "cells": {"op": "cells"}}
    return {op: base64.b64encode(room.answer(dumps(ask))).decode() for op, ask in asked.items()}


def _is_plain(value: Any, most: int = 100_000) -> bool:
    """Whether a value is made of Python's own plain types alone, and small: to look at it runs nobody's code."""
    todo = [value]
    for one in todo:  # grows while it is walked
        if type(one) in (list, tuple, set):
            todo += one
        elif type(one) is dict:
            todo += [*one.keys(), *one.values()]
        elif type(one) in (str, bytes):
            most -= len(one)
        elif type(one) is int:
            most -= max(0, one.bit_length() - 64) * 10  # Python writes none of more than 4300 digits
        elif type(one) not in (float, bool, complex, type(None), type(...)):
            return False
        if len(todo) > most:
            return False
    return True


def _snapshot(judge: Channel, namespace: dict) -> None:
    """Fork a server for each socket that the judge sends, or become the one server that it wants."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    about, asking = fork_for_each(judge, lambda about: 0 if about["once"] else os.fork())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _serve(asking, namespace, about["names"], about["stand_for"])


def _serve(judge: Channel, namespace: dict, names: list[str], stand_for: list[str]) -> None:
    """Answer the judge's requests until it has no more."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # a pool of threads does not survive a fork
    sys.stdout = sys.stderr = io.StringIO()
    sys.stdout.write = lambda text: len(text)
    room = Room(namespace, names)
    for name in stand_for:
        namespace[name] = _asks(judge, room, name)
    with checks.watched(namespace, names):
        while True:
            request, _ = judge.receive()
            seconds = float(request[:8])
            most = int(time.process_time() + 2 * seconds + 2)  # for what hears no signal
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
            with _time_limit(seconds):
                reply = room.answer(request[8:])
            judge.send(reply)


def _asks(judge: Channel, room: Room, name: str) -> Any:
    """Return a function that the judge's reference answers: an earlier exercise whose own answer is wrong."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return room.ask_back(name, args, kwargs, lambda data: (judge.send(data), judge.receive()[0][8:])[1])

    function.__name__ = name
    return function


@contextlib.contextmanager
def _time_limit(seconds: float) -> Any:
    """Raise `TimeLimit` in code that computes, or sleeps, for longer."""
    began = time.monotonic(), time.process_time()

    def stop(number: int, _: Any) -> None:
        clock, cpu = time.monotonic() - began[0], time.process_time() - began[1]
        if number == signal.SIGPROF or cpu < 0.02 * clock:
            raise checks.TimeLimit

    for timer, number in ((signal.ITIMER_PROF, signal.SIGPROF), (signal.ITIMER_REAL, signal.SIGALRM)):
        signal.signal(number, stop)
        signal.setitimer(timer, seconds, 0.5)
    try:
        yield
    finally:
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)


if __name__ == "__main__":
    template(Channel(socket.socket(fileno=int(sys.argv[1]))))

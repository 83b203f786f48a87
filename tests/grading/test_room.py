"""Rooms: what runs inside sees nothing, harms nobody, and ends when it is told to. And the bench that judges there."""

import contextlib
import copy
import os
import socket
import time

import demo
import nbformat
import psutil
import pytest
from tiny_course import ROOT

from mftcourse.course.files import GradingError
from mftcourse.course.handin import exercise, kind, repair
from mftcourse.grading import room
from mftcourse.grading.bench import Bench
from mftcourse.grading.room import Stopped, Template, available
from mftcourse.grading.wall import loads

pytestmark = pytest.mark.skipif(bool(available()), reason=available())


@pytest.fixture(scope="module")
def template():
    with Template(["import numpy as np"], "metrics", seconds=3) as made:
        yield made


@pytest.fixture
def open_room(template):
    with contextlib.ExitStack() as stack:

        def make(of=template):
            made = of.open()
            stack.callback(made.close)
            return made

        yield make


def said(outputs) -> str:
    parts = [o.get("text") or o.get("evalue") or o.data.get("text/plain", "") for o in outputs]
    return "".join(parts)


def test_cells_run_as_in_a_notebook(open_room):
    room = open_room()
    assert said(room.run("x = 20\nprint('seen')\nx + 1")) == "seen\n21"
    assert said(room.run("%time y = x\n!echo from a shell")).endswith("from a shell\r\n")
    assert said(room.run("await __import__('asyncio').sleep(0, 'awaited')")) == "'awaited'"
    (error,) = room.run("1 / 0")
    assert (error.output_type, error.ename) == ("error", "ZeroDivisionError")
    (picture,) = room.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert picture.data["image/png"].startswith("iVBOR")
    assert "nobody is there" in said(room.run("input('Your name? ')"))
    assert said(room.run("exit()")) == "exit" and said(room.run("x")) == "20"


def test_a_room_sees_the_system_and_nothing_else(open_room, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x")
    monkeypatch.setenv("MFT_SECRET", "x")
    room = open_room()
    look = "import os, glob, pathlib\n"
    for hidden in (tmp_path, ROOT / "solutions", ROOT / "course", ROOT / ".git", ROOT / "README.md", "/var/lib/dpkg", "/etc/passwd", "/sys"):
        assert said(room.run(look + f"os.path.exists({str(hidden)!r})")) == "False", hidden
    assert said(room.run(look + "'MFT_SECRET' in os.environ")) == "False"
    assert said(room.run(look + "[p for p in os.listdir('/proc') if p.isdigit()]")) == "['1']"
    assert "denied" in said(room.run("open('/usr/here', 'w')")) or "Read-only" in said(room.run("open('/usr/here', 'w')"))
    assert "unreachable" in said(room.run("import socket\nsocket.create_connection(('127.0.0.1', 80), 1)"))
    status = said(room.run("print(open('/proc/self/status').read())"))
    assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
    assert "not permitted" in said(room.run("import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\n"
                                            "print(os.strerror(ctypes.get_errno()) if c.unshare(0x10000000) else 'new')")
                                   ) or "No space" in said(room.run("print('No space')"))  # fmt: skip


CHILDREN = """import os, time
for _ in range(10):
    if os.fork() == 0:
        mine = b"x" * 30_000_000
        time.sleep({seconds})
        os._exit(0)
"""


def test_children_are_counted_at_one_moment_however_slowly(open_room, monkeypatch):
    made, read = open_room(), room._read
    monkeypatch.setattr(room, "ALL_MEMORY", 0)
    alone = made.memory()
    made.run(CHILDREN.format(seconds=1))
    time.sleep(0.5)
    monkeypatch.setattr(room, "_read", lambda path, *gone: (time.sleep(0.1 * str(path).endswith("rollup")), read(path, *gone))[1])
    assert made.memory() - alone > 250_000_000
    monkeypatch.undo()
    assert said(made.run("[os.wait()[1] for _ in range(10)]")) == str([0] * 10)  # they went on, to their end


def test_memory_is_watched_where_no_cell_takes_long(open_room, monkeypatch):
    made = open_room()
    made.run("import os")
    monkeypatch.setattr(room, "ALL_MEMORY", 0)
    monkeypatch.setattr(room, "ALL_MEMORY", made.memory() + 150_000_000)
    with pytest.raises(Stopped, match="memory"):
        made.run(CHILDREN.format(seconds=60))
        for _ in range(100):
            made.run("time.sleep(0.1)")


def test_rooms_share_no_file_and_no_process(open_room):
    one, two = open_room(), open_room()
    one.run("import contextlib, pathlib, subprocess, tempfile\np = subprocess.Popen(['sleep', '60'])\n"
            "for at in ('.', '/tmp', '/dev/shm', '..', tempfile.gettempdir()):\n"
            "    with contextlib.suppress(OSError): pathlib.Path(at, 'left').write_text('x')")  # fmt: skip
    assert said(one.run("[pathlib.Path(at, 'left').exists() for at in ('.', '/dev/shm', '..', tempfile.gettempdir())]")) == "[True, True, True, True]"
    assert said(two.run("import pathlib\n[pathlib.Path(at, 'left').exists() for at in ('.', '/tmp', '/dev/shm', '..')]")) == "[False, False, False, False]"
    assert "1" in said(two.run("import os\nprint(len([p for p in os.listdir('/proc') if p.isdigit()]))"))


def test_a_signal_to_the_group_stays_in_the_room(open_room):
    one, two = open_room(), open_room()
    assert said(one.run("import os, signal\nos.getpgrp() == os.getpid() == os.getsid(0)")) == "True"
    with contextlib.suppress(Stopped):  # the first process of a namespace does not die of it
        one.run("os.kill(0, signal.SIGKILL)")
    assert said(two.run("1 + 1")) == said(open_room().run("1 + 1")) == "2"


def test_what_a_room_started_ends_with_it(open_room):
    room = open_room()
    room.run("import subprocess\nfor _ in range(3): subprocess.Popen(['sleep', '61'], start_new_session=True)")
    inside = psutil.Process(room._pid).children(recursive=True)
    assert sum("sleep" in p.name() for p in inside) == 3
    room.close()
    _, alive = psutil.wait_procs(inside, timeout=5)
    assert not alive


@pytest.mark.parametrize("code, sentence", [
    ("import os\nos._exit(3)", "Python ended here"),
    ("import ctypes\nctypes.string_at(0)", "Python ended here"),
    ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", ""),
    ("sum(range(10 ** 12))", "did not end within 3 s"),
    ("import time\ntime.sleep(100)", ""),
])  # fmt: skip
def test_what_never_ends_is_ended(open_room, code, sentence):
    room = open_room()
    if sentence:
        with pytest.raises(Stopped, match=sentence):
            room.run(code)
    else:
        assert "TimeLimit" in [o.get("ename") for o in room.run(code)]


@pytest.mark.parametrize("code", [
    "x = bytearray(20 << 30)",
    "import os\ntry:\n    while True:\n        if os.fork() == 0:\n            import time; time.sleep(100)\nexcept OSError as e: print(e)",
    "open('big', 'wb').truncate(1 << 40)",
    "for _ in range(10 ** 5): print('x' * 10 ** 4)",
    "fds = [open('/dev/null') for _ in range(5000)]",
])  # fmt: skip
def test_a_room_has_limits_and_lives_on(open_room, code):
    room = open_room()
    outputs = room.run(code)
    assert sum(len(str(o)) for o in outputs) < 1_000_000
    assert said(room.run("1 + 1")) == "2"
    room.snapshot().close()


@pytest.mark.parametrize(("cell", "names", "told"), [
    ("a, b = [1, 2.5, {'x': (True, None)}], 'text'", ["a", "b", "not_there"], {"a": [1, 2.5, {"x": (True, None)}], "b": "text"}),
    ("a = len", ["a"], None),
    ("class Number(float):\n    __float__ = exit\na = [Number(1)]", ["a"], None),
    ("a = []\na.append(a)", ["a"], None),
    ("a = 'x' * 10 ** 7", ["a"], None),
    ("a = 10 ** 5000", ["a"], None),
    ("a = 1\nimport mftcourse.mistakes\nmftcourse.mistakes._cells = iter(int, 1)", ["a"], None),
])  # fmt: skip
def test_what_is_plain_is_answered_at_once_and_anything_else_by_a_snapshot(open_room, cell, names, told):
    room = open_room()
    room.run(cell)
    found = room.snapshot(names)
    if told is None:
        assert isinstance(found, socket.socket)
        found.close()
    else:
        assert loads(found["names"]) == {"ok": told} and loads(found["cells"])["ok"][-1][0] == cell
    assert said(room.run("1 + 1")) [:1] == "2"


def test_what_a_room_says_is_only_data():
    forged = b'[{"output_type": "display_data", "data": {"application/javascript": "1", "text/plain": 5}}, 7, {"x": 1}, {"output_type": "stream", "name": "etc", "text": "ok"}]'
    kept = room.outputs(forged)
    assert [o.output_type for o in kept] == ["display_data", "stream"] and kept[0].data == {"text/plain": ""}
    assert room.outputs(b"{}") == []
    with pytest.raises(Stopped):
        room.outputs(b"[" * 100_000)


def test_without_bubblewrap_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt install bubblewrap" in available()
    with pytest.raises(GradingError, match="--no-isolation"):
        Template([], "metrics")


def test_rooms_that_start_cold_are_as_safe():
    with Template([], "metrics", seconds=3, warm=False) as cold:
        assert not cold.warm
        made = cold.open()
        status = said(made.run("print(open('/proc/self/status').read())"))
        assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
        assert said(made.run(f"import os\nos.path.exists({str(ROOT / 'solutions')!r})")) == "False"
        made.snapshot().close()
        pid = made._pid
        made.close()
        time.sleep(0.2)
        assert not psutil.pid_exists(pid)


# --- the bench --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def metrics():
    release, solution = (nbformat.read(ROOT / s / "06-metrics" / "metrics.ipynb", 4) for s in ("release", "solutions"))
    return release, solution, demo.reference(release, solution)


@pytest.fixture(scope="module")
def bench(metrics):
    with Bench(metrics[1], "metrics", seconds=3) as made:
        yield made


@pytest.fixture
def mark(bench, metrics):
    def run(code: str = "", of: str = "confusion_counts", base=None, files=None):
        nb = copy.deepcopy(metrics[2] if base is None else base)
        next(c for c in nb.cells if kind(c) == "exercise" and exercise(c) == of).source += f"\n{code}"
        return bench.mark(repair(nb, metrics[0])[0], files)

    return run


def earned(marked) -> float:
    return sum(card.earned for card in marked.cards.values())


def missing(marked) -> list[str]:
    return [name for name, card in marked.cards.items() if not card.complete]


ALL = 125.0


def test_the_reference_has_all_points_and_the_blank_none(mark, metrics):
    whole, blank = mark(), mark(base=metrics[0])
    assert (earned(whole), whole.notes, whole.carried) == (ALL, [], {})
    assert (earned(blank), blank.notes) == (0, [])


def test_an_earlier_error_is_counted_once(mark):
    marked = mark("def confusion_counts(*a, **k): return {'tp': 1, 'fp': 1, 'fn': 1, 'tn': 1}")
    assert missing(marked) == ["confusion_counts"]
    assert {"precision_recall_fbeta", "bootstrap_interval"} <= set(marked.carried)
    assert "`confusion_counts`" in marked.carried["bootstrap_interval"]


@pytest.mark.parametrize("code, lost", [
    ("exit()", []),
    ("import os\nos._exit(1)", ["confusion_counts"]),
    ("import threading, os\nthreading.Timer(0.05, os._exit, [1]).start()\nimport time", ["confusion_counts"]),
    ("import os\nos.system('kill -9 -1')", []),
])  # fmt: skip
def test_a_death_costs_only_the_cell_that_brings_it(mark, code, lost):
    assert missing(mark(code)) == lost


@pytest.mark.parametrize("body, sentence", [
    ("import os; os._exit(1)", "Python ended here"),
    ("\n    while True: pass", "longer than a check may"),
    ("import time; time.sleep(1000)", "longer than a check may"),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("raise SystemExit", "ended the program"),
    ("return 'x' * 200_000_000", "Python ended here"),
    ("raise type('eval', (Exception,), {})('1')", "eval"),
])  # fmt: skip
def test_a_call_that_does_not_come_back_costs_only_its_exercise(mark, body, sentence):
    marked = mark(f"def best_threshold(*a, **k): {body}", of="best_threshold")
    assert missing(marked) == ["best_threshold"]
    assert sentence in marked.cards["best_threshold"].findings[0].message


def test_calls_that_end_their_process_do_not_multiply_the_notebook(bench, metrics, monkeypatch):
    """Four functions end the process that the judge asks; the cells run once more for them, and once for what is carried."""
    opened, begin = [], bench.template.open
    monkeypatch.setattr(bench.template, "open", lambda: opened.append(1) or begin())
    nb, dying = copy.deepcopy(metrics[2]), ("confusion_counts", "roc_curve", "average_precision", "best_threshold")
    for cell in nb.cells:
        if kind(cell) == "exercise" and exercise(cell) in dying:
            cell.source += f"\ndef {exercise(cell)}(*a, **k):\n    import os\n    os._exit(1)"
    marked = bench.mark(repair(nb, metrics[0])[0])
    assert set(dying) <= set(missing(marked)) and len(opened) <= 3
    assert len(marked.cards["roc_curve"].findings) > 3, "every check of the cell was asked"


LIAR = """
class Liar({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return 0.0
    def __bool__(self): return True
    def __len__(self): return 2
    def __getitem__(self, key): return self
def confusion_counts(*a, **k): return Liar()
def best_threshold(*a, **k): return Liar()
def auc_two_ways(*a, **k): return Liar()
"""


@pytest.mark.parametrize("base", ["object", "float", "dict", "list", "tuple", "str"])
def test_an_object_that_says_it_is_right_is_not_believed(mark, metrics, base):
    assert earned(mark(LIAR.format(base=base), base=metrics[0])) == 0


def test_what_a_check_sends_in_reaches_no_cell_and_no_page(mark):
    spy = ("import os, pathlib\nseen = []\nplain = confusion_counts\n"
           "def confusion_counts(*a, **k):\n    seen.append(a)\n    pathlib.Path('seen').write_text(repr(a))\n"
           "    print('saw', a)\n    return plain(*a, **k)\n")  # fmt: skip
    marked = mark(spy)
    assert earned(marked) == ALL
    late = mark(spy + "\n", of="confusion_counts")
    text = nbformat.writes(late.nb)
    assert "saw (" not in text.replace("print('saw', a)", "")


def test_helper_files_lie_beside_the_notebook(mark):
    marked = mark("from helper import one\nassert one == 1", files={"helper.py": b"one = 1", "data/x.csv": b"1,2"})
    assert (missing(marked), marked.notes) == ([], [])


def test_without_a_fence_the_points_are_the_same(metrics):
    with Bench(metrics[1], "metrics", seconds=3, fenced=False) as bench:
        marked = bench.mark(repair(copy.deepcopy(metrics[2]), metrics[0])[0])
        assert earned(marked) == ALL
        assert not os.path.exists(f"/proc/{bench.template.process.pid}/root/room")


def test_a_unit_whose_solution_fails_its_own_checks_is_refused(metrics):
    solution = copy.deepcopy(metrics[1])
    cell = next(c for c in solution.cells if kind(c) == "exercise" and exercise(c) == "best_threshold")
    cell.source += "\nbest_threshold = None"
    with pytest.raises(GradingError, match="it fails its own checks of best_threshold"):
        Bench(solution, "metrics")

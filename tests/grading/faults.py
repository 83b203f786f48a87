"""A class, a real `mft grade` that is killed or watched on the way, and all that it leaves behind."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import demo
import psutil
from nbgrader.api import Gradebook
from tiny_course import ROOT, UNIT, load, save

# Counts what could be the last thing that the process does: it writes or renames a file of the course, says
# something to the gradebook, starts a process, or hands one a socket. At the point that is asked for a signal comes.
HOOK = """
import atexit, os, signal, sys
at, number, root, count, seen = int(sys.argv.pop(1)), int(sys.argv.pop(1)), sys.argv.pop(1), 0, 0
def point(*_):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), number)
def audit(event, args):
    writes = event == "open" and isinstance(args[0], str) and args[0].startswith(root) and args[2] & 3
    if writes or event in ("os.rename", "subprocess.Popen", "socket.sendmsg"):
        point()
sys.addaudithook(audit)
import sqlalchemy.event as events, sqlalchemy.engine as engine
says = lambda connection, cursor, statement, *_: statement.startswith(("SELECT", "PRAGMA")) or point()
events.listen(engine.Engine, "before_cursor_execute", says)
events.listen(engine.Engine, "commit", point)
atexit.register(lambda: print(f"points: {seen}", file=sys.stderr))
from mftcourse.cli import app
app()
"""
TMP = "tmp"  # the temporary folder of a run, in the course


def command(course, *words, at=0, number=signal.SIGKILL, **env):
    """Return the arguments of `subprocess` for `mft grade`; at the point `at` a signal comes."""
    (course.root / TMP).mkdir(exist_ok=True)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": path, "TMPDIR": str(course.root / TMP), "PYTHONDONTWRITEBYTECODE": "1"} | env
    hook = ["-c", HOOK, str(at), str(int(number)), f"{course.root}/"] if at >= 0 else ["-m", "mftcourse.cli"]
    return {"args": [sys.executable, *hook, "grade", "tiny", *words], "cwd": course.root, "env": env}


def one_line(said):
    """Return what was said in one line, a sentence in a narrow column of a table too."""
    return " ".join(said.replace("│", " ").split())


def mft(course, *words, **how):
    """Run `mft grade tiny`; return its exit status, all that it said in one line, and its points."""
    done = subprocess.run(**command(course, *words, **how), capture_output=True, text=True, timeout=900)
    points = re.search(r"points: (\d+)", done.stderr)
    return done.returncode, one_line(done.stdout + done.stderr), int(points[1]) if points else 0


def hand_in(course, student, nb, **answers):
    nb = json.loads(json.dumps(nb))
    for name, source in answers.items():
        next(c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)["source"] = source
    save(nb, course.notebook("submitted", UNIT, student))


def book(course):
    return Gradebook(f"sqlite:///{course.root / 'gradebook.db'}")


def make_class(course):
    """Hand in for a class of eight. Two of them, `ada` and `ben`, get a first grade, and points by hand."""
    release, solution = load(course.release(UNIT)), load(course.notebook("solutions", UNIT))
    solved = demo.reference(release, solution)
    hand_in(course, "ada", release, mean="def mean(values):\n    return 4", memo="The median.")
    hand_in(course, "ben", release, memo="The mean.")
    code, said, _ = mft(course)
    assert code == 0, said
    with book(course) as opened:
        for student in ("ada", "ben"):
            grade = opened.find_grade("memo", "tiny", UNIT, student)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
            opened.find_comment("memo", "tiny", UNIT, student).manual_comment = f"Why, {student}?"
        opened.db.commit()
    for name in (f"autograded/ada/{UNIT}/tiny.ipynb", f"feedback/ben/{UNIT}/tiny.html", "grades.csv"):
        (course.root / f"{name}.123.part").write_text("half of it")  # as a run leaves it that is killed
    hand_in(course, "ada", solved, memo="The median.")  # the answer that was read, and new code
    hand_in(course, "ben", release, memo="The median, after all.")
    hand_in(course, "cem", release)
    hand_in(course, "dan", solved, mean="def mean(values):\n    return sum(values) / (len(values) - 1)")
    hand_in(course, "eva", solved, mean="import os\nos._exit(1)")
    hand_in(course, "fay", release, mean="import beside\nmean = beside.mean", median="print('x' * 9)\nmedian = 1")
    beside = course.folder("submitted", UNIT, "fay") / "beside.py"
    beside.write_text("def mean(values):\n    return sum(values) / len(values)\n")
    (course.folder("submitted", UNIT, "fay") / "timestamp.txt").write_text("2026-03-02 00:00:00.000000 UTC\n")
    hand_in(course, "gil", solved)
    hand_in(course, "hal", {"cells": []} | {"metadata": {}, "nbformat": 4, "nbformat_minor": 5})


CLASS = ["ada", "ben", "cem", "dan", "eva", "fay", "gil", "hal"]
GRADED = CLASS[:-1]


def state(course, opened=None):
    """Return all that a class got, but for when."""
    found = {}
    with opened or book(course) as at:
        for submission in at.assignment_submissions(UNIT):
            (notebook,) = submission.notebooks
            found[submission.student.id] = {
                "scores": {g.name: (g.auto_score, g.manual_score, g.needs_manual_grade, g.score) for g in notebook.grades},
                "comments": {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments},
                "late": (str(submission.timestamp), submission.score, submission.needs_manual_grade),
            }
        found["students"] = sorted(student.id for student in at.students)
    for path in sorted(course.root.rglob("*")):
        name = path.relative_to(course.root).as_posix()
        if path.is_file() and name.startswith(("autograded/", "feedback/", "grades")):
            found[name] = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+00:00)?", "then", path.read_text())
            if name == "grades.csv":  # in the order in which they came
                found[name] = "".join(sorted(found[name].splitlines(True)))
    return found


def graded(course):
    """Return student → (hand-in, when), of those whose graded notebook is there."""
    paths = {student: course.notebook("autograded", UNIT, student) for student in CLASS}
    about = {student: load(path).metadata.mft.grading.produced for student, path in paths.items() if path.exists()}
    return {student: (told.handin, told.when) for student, told in about.items()}


@contextmanager
def no_orphans(seconds=5):
    """Adopt what a process leaves behind, and see that nothing of it lives on."""
    libc, mine = ctypes.CDLL(None), psutil.Process()
    libc.prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    before = set(mine.children(recursive=True))
    try:
        yield
        end = time.monotonic() + seconds
        while left := living(set(mine.children(recursive=True)) - before):
            assert time.monotonic() < end, [p.cmdline() for p in left]
            time.sleep(0.1)
    finally:
        libc.prctl(36, 0)


def living(processes):
    found = []
    for process in processes:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                process.wait(0)
            else:
                found.append(process)
        except psutil.Error:
            pass
    return found


def called(process, name):
    """Return who is called so below a process, the first of them, and all below it; `template`, `judge` or `room`."""
    for child in living(psutil.Process(process.pid).children(recursive=True)):
        with suppress(psutil.Error):
            if child.name() == f"mft-{name}":
                return [child, *living(child.children(recursive=True))]
    return []


def nothing_left(course):
    """No half-written file, and in the temporary folder nothing."""
    assert list(course.root.rglob("*.part")) == []
    nothing_in_tmp(course)


def nothing_in_tmp(course):
    left = [path for path in (course.root / TMP).rglob("*") if path.is_file()]
    assert left == []




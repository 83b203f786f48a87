"""Killed at any moment, a run is completed by the next one, and leaves nothing behind.

`MFT_KILLS=30 python -m pytest tests/grading/test_kills.py` kills thirty times instead of a few.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from mftcourse.grading.room import available

from . import faults
from .faults import UNIT, hand_in, load, mft, no_orphans, nothing_left, state

KILLS = int(os.environ.get("MFT_KILLS", 3))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as only Linux can"),
    pytest.mark.skipif(bool(available()), reason=f"rooms cannot be fenced in here: {available()[:60]}"),
]


@pytest.fixture(scope="module")
def begun(built, tmp_path_factory):
    """A class with grades of an earlier run, new hand-ins, and no run for these."""
    course = type(built)(shutil.copytree(built.root, tmp_path_factory.mktemp("begun") / "course"))
    faults.make_class(course)
    return course


@pytest.fixture(scope="module")
def undisturbed(begun, tmp_path_factory):
    """What the class must get in the end, and in how many points a run could be killed."""
    course = type(begun)(shutil.copytree(begun.root, tmp_path_factory.mktemp("undisturbed") / "course"))
    with no_orphans():
        code, said, points = mft(course)
    assert code == 1 and "Graded 7 of 8" in said and "not graded: hal" in said and points > 100, said
    nothing_left(course)
    must = state(course)
    assert must["ada"]["scores"]["memo"] == (None, 1.5, False, 1.5), "it is the answer that was read"
    assert must["ben"]["scores"]["memo"] == (None, 1.5, True, 1.5), "to be read again"
    assert [must[who]["comments"]["memo"] for who in ("ada", "ben")] == [(None, "Why, ada?"), (None, "Why, ben?")]
    return must, points


@pytest.fixture
def another(begun, tmp_path):
    """Return a function that copies the class."""
    numbers = iter(range(100))
    return lambda: type(begun)(shutil.copytree(begun.root, tmp_path / f"course-{next(numbers)}"))


def complete(course, must):
    """Complete a class after kills; what was whole before is not graded again."""
    before = faults.graded(course)
    code, said, _ = mft(course)
    assert code == 1 and "Graded 7 of 8" in said, said
    after = faults.graded(course)
    assert [s for s in before if after[s][0] == before[s][0] and after[s] != before[s]] == []
    nothing_left(course)
    assert state(course) == must


def test_killed_at_random_points_a_class_is_completed(another, undisturbed):
    """One kill after the other, until a run comes through."""
    must, points = undisturbed
    draw, kills = random.Random(os.environ.get("MFT_SEED", 7)), 0
    while kills < KILLS:
        course, at = another(), []
        while len(at) < 8 and kills < KILLS:
            at.append(draw.randint(1, points))
            before = faults.graded(course)
            with no_orphans():
                code, said, _ = mft(course, at=at[-1])
            if code != -signal.SIGKILL:  # there was less left to do than that
                assert code == 1, (at, said)
                break
            kills += 1
            assert "Traceback" not in said, (at, said)
            faults.nothing_in_tmp(course)
            after = faults.graded(course)
            assert [s for s in before if after[s] != before[s] and after[s][0] == before[s][0]] == [], at
        print(f"killed at {at}")
        complete(course, must)


@pytest.mark.parametrize("at", [7, 21])  # in the middle of the tables; between the version's table and its line
def test_killed_while_the_gradebook_is_made_it_is_whole_in_the_end(another, undisturbed, at):
    """Its version too, without which nobody can bring it to a newer nbgrader."""
    must, course = undisturbed[0], another()
    (course.root / "gradebook.db").unlink()
    shutil.rmtree(course.root / "autograded")
    assert mft(course, at=at)[0] == -signal.SIGKILL
    code, said, _ = mft(course)
    assert code == 1 and "Graded 7 of 8" in said, said
    nothing_left(course)
    found = state(course)
    assert {s: found[s]["scores"]["mean-check"] for s in faults.GRADED} == {
        s: must[s]["scores"]["mean-check"] for s in faults.GRADED
    }
    from sqlalchemy import text

    with faults.book(course) as book:
        assert len(book.db.execute(text("SELECT * FROM alembic_version")).all()) == 1


def interrupted(course, number, *words):
    """Send a signal once three are graded and a fourth never ends; return exit status, what was said, and seconds."""
    how = faults.command(course, "--timeout", "90", *words, at=-1)
    running = subprocess.Popen(**how, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 120
    while len(list(course.root.glob("feedback/*/*/*.html"))) < 3 and running.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    began = time.monotonic()
    running.send_signal(number)
    said, _ = running.communicate(timeout=60)
    return running.returncode, faults.one_line(said), time.monotonic() - began


def endless(course, names):
    release = load(course.release(UNIT))
    for student in names:
        hand_in(course, student, release, mean="while True: pass")


def test_ctrl_c_ends_it_with_a_sentence_and_keeps_what_was_recorded(course):
    release = load(course.release(UNIT))
    for student in ("ada", "ben", "cem"):
        hand_in(course, student, release)
    endless(course, ["dan"])
    with no_orphans():
        code, said, seconds = interrupted(course, signal.SIGINT)
    assert code == 130 and seconds < 15, (code, said, seconds)  # its cell may take 90
    assert said.endswith("Stopped. What was graded so far is kept; the same command grades the rest."), said
    assert "Traceback" not in said
    nothing_left(course)
    kept = faults.graded(course)
    assert set(kept) == {"ada", "ben", "cem"}
    hand_in(course, "dan", release)
    code, said, _ = mft(course)
    assert code == 0 and "Graded 4 of 4" in said, said
    assert {s: when for s, when in faults.graded(course).items() if s != "dan"} == kept


def test_killed_from_outside_while_cells_run_nothing_lives_on(course):
    endless(course, ["yan", "zoe"])
    for student in ("ada", "ben", "cem"):
        hand_in(course, student, load(course.release(UNIT)))
    with no_orphans():
        code, said, _ = interrupted(course, signal.SIGKILL)
        assert code == -signal.SIGKILL, said
    faults.nothing_in_tmp(course)

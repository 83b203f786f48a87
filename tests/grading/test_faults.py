"""What fails beside a grading run costs nobody a grade: it is retried, and then named; the exit status says so."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from mftcourse.course.files import GradingError
from mftcourse.grading import classroom, room
from mftcourse.grading.classroom import grade
from mftcourse.grading.judge import Judge
from mftcourse.grading.room import Template

from . import faults
from .faults import UNIT, called, hand_in, living, load, mft, no_orphans, nothing_left

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as only Linux can"),
    pytest.mark.skipif(bool(room.available()), reason=f"rooms cannot be fenced in here: {room.available()[:60]}"),
]
MEAN = "def mean(values):\n    return sum(values) / len(values)\n"


@pytest.fixture
def hand(course, release, reference):
    """Hand in the reference with another `mean`, or the blank release."""

    def hand(student, mean=None, **answers):
        if mean is None and not answers:
            return hand_in(course, student, release)
        hand_in(course, student, reference, **({"mean": mean} if mean else {}), **answers)

    return hand


# --- exit status and closing sentence ---------------------------------------------------------


def test_all_graded_is_0_and_some_not_is_1_and_a_name_that_is_no_text_is_one_of_those(course, hand):
    hand("ada", MEAN), hand("ben")
    code, said, _ = mft(course)
    assert code == 0 and "Graded 2 of 2. Feedback: feedback. Grades: grades.csv and grades-01-tiny.csv." in said
    assert said.count("Note:") == 0 and "Next: grade the written answers of one learner" in said
    code, said, _ = mft(course, "--student", "ben")
    assert code == 0 and "Graded 1 of 1" in said and "Next: give learners their feedback from feedback" in said
    path = course.notebook("submitted", UNIT, "ben")
    path.write_text("{")
    odd = os.fsencode(course.root / "submitted") + b"/caf\xe9/01-tiny"
    os.makedirs(odd)
    shutil.copy(course.notebook("submitted", UNIT, "ada"), os.fsdecode(odd))
    code, said, _ = mft(course)
    assert code == 1 and "Graded 1 of 3" in said and "not graded: ben, caf?." in said and "Traceback" not in said
    assert "No student can be named" in said and "grade of an earlier run stands" in said
    assert "caf?" in (course.root / f"grades-{UNIT}.csv").read_text()
    shutil.rmtree(course.root / "submitted" / "ada")
    code, said, _ = mft(course)
    assert code == 1 and "Graded 0 of 2" in said and "Next: see to those who were not graded" in said


@pytest.mark.parametrize("words, env, sentence", [
    ([], {}, "There is nothing to grade"),
    (["--student", "ada", "--student", "bne"], {}, "Nothing was handed in for 01-tiny by: bne."),
    ([], {"PATH": "/nowhere"}, "`bwrap` is not installed. On Debian and Ubuntu: sudo apt install bubblewrap"),
    (["--scheduler", "tcp://127.0.0.1:9"], {}, "No Dask scheduler answers at tcp://127.0.0.1:9"),
    (["--scheduler", "somewhere"], {}, "somewhere is no address of a Dask scheduler, such as tcp://localhost:8786."),
])  # fmt: skip
def test_what_cannot_begin_is_a_sentence_and_2(course, hand, words, env, sentence):
    if "nothing" not in sentence:
        hand("ada", MEAN)
    if "--scheduler" in words:
        pytest.importorskip("distributed", reason="Dask is not installed (the extra `cluster`)")
    code, said, _ = mft(course, *words, at=-1, **env)
    assert (code, "Traceback" in said) == (2, False), said
    assert said.startswith("Error:") and sentence in said, said
    assert not course.notebook("autograded", UNIT, "ada").exists()


def test_a_gradebook_or_a_folder_that_cannot_be_used_is_a_sentence_and_2(course, hand):
    hand("ada", MEAN)
    (course.root / "gradebook.db").write_text("no database at all, but text that is long enough to be one\n" * 20)
    code, said, _ = mft(course, at=-1)
    assert code == 2 and said == "Error: The gradebook cannot be used: file is not a database."
    (course.root / "gradebook.db").unlink()
    shutil.rmtree(course.root / ".mft")
    (course.root / ".mft").write_text("in the way")
    code, said, _ = mft(course, at=-1)
    assert code == 2 and "Error: Nothing can be written to" in said and "Traceback" not in said


def running(course, *words):
    how = faults.command(course, *words, at=-1)
    return subprocess.Popen(**how, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def eventually(found, process, seconds=120):
    """Return what `found()` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if it := found():
            return it
        time.sleep(0.02)
    raise AssertionError(process.communicate()[0] if process.poll() is not None else "it did not come")


def test_a_second_run_in_the_same_folder_waits_for_nobody(course, hand):
    hand("ada", MEAN), hand("ben", "while True: pass")
    first = running(course, "--timeout", "90")
    page = course.notebook("feedback", UNIT, "ada").with_suffix(".html")
    try:
        eventually(page.exists, first)
        code, said, _ = mft(course)
        assert code == 2 and "Another `mft grade` is at work in this folder. Wait until it is done." in said
    finally:
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=60)
    assert first.returncode == 130 and "Traceback" not in said


# --- what dies meanwhile ----------------------------------------------------------------------


def under_way(run):
    """Return template and judge, each with all below it, where a room is open and a hand-in is judged; else nothing."""
    there = {name: called(run, name) for name in ("template", "judge")}
    return there if called(run, "room") and len(there["judge"]) > 1 else dict.fromkeys(there, [])


SLOW = "import time\ndef mean(values):\n    time.sleep(1)\n    return sum(values) / len(values)\n"


@pytest.mark.parametrize("which", ["template", "judge", "fork", "fence"])
def test_a_template_or_a_judge_that_dies_costs_nobody_a_point(course, hand, which):
    for student in ("ada", "ben", "cem", "dan"):
        hand(student, SLOW if student < "c" else MEAN, median="import time\ntime.sleep(0.5)\n" + MEDIAN)
    run = running(course)
    with no_orphans():
        found = eventually(lambda: under_way(run)["judge" if which == "fork" else which.replace("fence", "template")], run)
        victim = {"fork": found[-1], "fence": found[0].parent().parent()}.get(which, found[0])
        assert victim.name() == "bwrap" if which == "fence" else victim.name() != "bwrap"
        victim.kill()
        said, _ = run.communicate(timeout=300)
    said = faults.one_line(said)
    assert run.returncode == 0 and "Graded 4 of 4" in said and "Traceback" not in said, said
    lines = (course.root / f"grades-{UNIT}.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:5] for line in lines] == [
        [f'"{student}"', "7.0", "9.0", "7.0", "7.0"] for student in ("ada", "ben", "cem", "dan")
    ]
    nothing_left(course)


MEDIAN = "def median(values):\n    return sorted(values)[len(values) // 2]\n"


@pytest.mark.parametrize("always", [False, True])
def test_a_room_that_does_not_open_is_tried_again_and_then_named(course, hand, monkeypatch, always):
    hand("ada", MEAN)
    grade(course, UNIT)
    hand("ada", MEAN + "# once more"), hand("ben")
    stopped, opens = [], room.Template.open

    def stop_first(template):
        if always or not stopped:
            stopped.append(template)
            called(template.process, "template")[0].suspend()
        return opens(template)

    monkeypatch.setattr(room.Template, "open", stop_first)
    monkeypatch.setattr(room, "OPEN_SECONDS", 1)
    with no_orphans():
        rows = {row.student: row for row in grade(course, UNIT, jobs=1).rows}
    if not always:
        assert all(row.graded and not row.note for row in rows.values()) and len(stopped) == 1
        return
    assert rows["ada"].points == 7 and rows["ben"].points is None and len(stopped) == 4
    for row in rows.values():
        assert not row.graded and "It could not be run: The room for this notebook did not open." in row.note
    monkeypatch.setattr(room.Template, "open", opens)
    assert all(row.graded for row in grade(course, UNIT).rows)


@pytest.mark.parametrize("which", [Template, Judge])
def test_a_start_that_fails_is_tried_again_and_then_a_sentence(course, hand, monkeypatch, which):
    hand("ada", MEAN)
    ready, failures = which.ready, []

    def dies_first(of):
        if len(failures) < most:
            failures.append(which)
            process = (of if which is Template else of._template).process
            while not (found := called(process, which.__name__.lower())):
                time.sleep(0.01)
            found[0].kill()
        return ready(of)

    monkeypatch.setattr(which, "ready", dies_first)
    most = 1
    assert grade(course, UNIT).rows[0].graded and failures == [which]
    most = 3
    with no_orphans(), pytest.raises(GradingError, match="does not start"):
        grade(course, UNIT)


@pytest.mark.parametrize("which", ["template", "judge"])
def test_one_that_dies_when_all_cards_are_made_is_noticed(built, reference, monkeypatch, which):
    from mftcourse.grading.bench import Bench

    def die(bench, *_):
        first, *_ = called(bench.template.process, which)
        first.kill()
        while living([first]):
            time.sleep(0.01)

    monkeypatch.setattr(Bench, "_carry_forward", die)
    with Bench(load(built.notebook("solutions", UNIT)), "tiny") as bench, pytest.raises((OSError, EOFError)):
        bench.mark(reference)


def test_a_start_that_fails_for_good_names_everyone(course, hand, monkeypatch):
    """The processes die, and new ones cannot be started: a sentence for each, none of them Python's."""
    hand("ada", MEAN), hand("ben")

    def die(bench, *_):
        monkeypatch.setattr(classroom, "Bench", nothing)
        bench.__exit__()
        raise BrokenPipeError(32, "Broken pipe")

    def nothing(*_, **__):
        raise GradingError("Python does not start inside the fence.")

    monkeypatch.setattr(classroom.Bench, "mark", die)
    for row in grade(course, UNIT).rows:
        assert not row.graded and row.note == "Python does not start inside the fence. Nothing was graded."


# --- a full disk ------------------------------------------------------------------------------

DISK = """
set -e
mount -t tmpfs -o size=16m,mode=0755 none "$1"
cp -a "$2/." "$1"
cd "$1"
size=$(($(df --output=avail -k . | tail -1) - $3))
head -c ${size}k /dev/zero > filler
set +e
"$4" -m mftcourse.cli grade tiny > "$2/first" 2>&1; echo "exit $?" >> "$2/first"
rm filler
"$4" -m mftcourse.cli grade tiny > "$2/second" 2>&1; echo "exit $?" >> "$2/second"
cp -a "$1/." "$2"
"""


@pytest.mark.parametrize("kilobytes", [0, 8, 200])
def test_on_a_full_disk_who_is_not_written_is_named_and_a_rerun_completes(course, hand, tmp_path, kilobytes):
    for number in range(8):
        hand(f"s{number}", MEAN)
    disk, env = tmp_path / "disk", faults.command(course, at=-1)["env"]
    disk.mkdir()
    apart = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.geteuid() else [])]
    if subprocess.run([*apart, "mount", "-t", "tmpfs", "none", disk], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system of its own")
    paths = [str(disk), str(course.root), str(kilobytes), sys.executable]
    done = subprocess.run([*apart, "sh", "-c", DISK, "sh", *paths], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = (faults.one_line((course.root / name).read_text()) for name in ("first", "second"))
    print(first)
    assert "Traceback" not in first
    if kilobytes < 100:
        assert first.endswith("exit 2") and "Error: " in first
        assert "full" in first or "No space left on device" in first
    else:
        assert first.endswith("exit 1") and "Its grade could not be written: " in first
        assert "full" in first or "No space left on device" in first
        named = first.partition("not graded: ")[2].partition(".")[0].split(", ")
        assert 0 < len(named) <= 8 and f"Graded {8 - len(named)} of 8" in first
    assert second.endswith("exit 0") and "Graded 8 of 8" in second, second
    found = faults.state(course)
    assert {found[f"s{n}"]["late"][1] for n in range(8)} == {7.0}
    assert len(list(course.root.glob(f"feedback/*/{UNIT}/tiny.html"))) == 8
    nothing_left(course)


"""A Dask cluster of three workers, each a process on this machine, marks what one machine marks."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from mftcourse.course.files import GradingError
from mftcourse.grading import classroom
from mftcourse.grading.classroom import grade
from mftcourse.grading.room import available

from . import faults
from .faults import UNIT, called, hand_in, load, mft, no_orphans

distributed = pytest.importorskip("distributed", reason="Dask is not installed (the extra `cluster`)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(available()), reason=f"rooms cannot be fenced in here: {available()[:60]}"),
]


def dask(*words, env=None):
    """Start `dask scheduler` or `dask worker`, heard on loopback only."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(faults.ROOT), os.environ.get("PYTHONPATH", "")])} | (env or {})
    command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler, and a function that starts workers until there are so many."""
    about, started = tmp_path_factory.mktemp("dask") / "scheduler.json", []
    with no_orphans(20):
        started.append(dask("scheduler", "--port", "0", "--scheduler-file", str(about)))
        client = None
        for _ in range(600):
            if client is None and about.exists() and about.stat().st_size:
                client = distributed.Client(scheduler_file=str(about), set_as_default=False)
                break
            time.sleep(0.1)
        address = client.scheduler.address

        def workers(count, **env):
            lost = {process for process in started[1:] if process.poll() is not None}
            for process in lost:
                started.remove(process)
            while len(started) - 1 < count:
                here = ["--nthreads", "1", "--no-nanny", "--local-directory", str(about.parent)]
                started.append(dask("worker", address, *here, env=env))
            while len(started) - 1 > count:
                started[-1].kill()
                started.pop().wait()
            for _ in range(600):
                if len(client.nthreads()) == count:
                    return started[1:]
                time.sleep(0.1)
            raise AssertionError(client.nthreads())

        try:
            yield address, workers
        finally:
            client.close()
            for process in reversed(started):
                process.kill()
                process.wait()


def test_three_workers_give_what_one_machine_gives_and_a_lost_one_loses_nobody(scheduler, course, built, tmp_path):
    address, workers = scheduler
    other = type(built)(shutil.copytree(built.root, tmp_path / "other"))
    faults.make_class(course), faults.make_class(other)
    workers(3)
    code, said, _ = mft(course, "--scheduler", address)
    assert code == 1 and "Graded 7 of 8" in said and "Note:" in said and "Traceback" not in said, said
    assert mft(other)[0] == 1
    must = faults.state(other)
    assert faults.state(course) == must
    for student in faults.GRADED[2:]:
        shutil.rmtree(course.root / "autograded" / student)
    slow = load(course.notebook("submitted", UNIT, "gil"))
    for number in range(6):
        mean = "import time\ntime.sleep(1)\ndef mean(values):\n    return sum(values) / len(values)\n"
        hand_in(course, f"slow{number}", slow, mean=mean)
    run = subprocess.Popen(**faults.command(course, "--scheduler", address), stdout=-1, stderr=-2, text=True)
    while run.poll() is None and not list(course.root.glob("feedback/slow*/*/*.html")):
        time.sleep(0.05)
    victim = workers(3)[0]
    victim.kill()
    said = faults.one_line(run.communicate(timeout=300)[0])
    assert run.returncode == 1 and "Graded 13 of 14" in said and "not graded: hal." in said, said
    assert "Traceback" not in said and victim.wait() == -signal.SIGKILL
    found = faults.state(course)
    assert {s: found[s]["scores"] for s in faults.GRADED} == {s: must[s]["scores"] for s in faults.GRADED}
    assert {found[f"slow{n}"]["late"][1] for n in range(6)} == {must["gil"]["late"][1]}


def test_a_template_that_dies_on_a_worker_loses_nobody(scheduler, course, reference):
    address, workers = scheduler
    (worker,) = workers(1)
    for student in ("ada", "ben"):
        hand_in(course, student, reference, mean="import time\ntime.sleep(2)\ndef mean(values):\n    return 4\n")
    run = subprocess.Popen(**faults.command(course, "--scheduler", address), stdout=-1, stderr=-2, text=True)
    while run.poll() is None:
        time.sleep(0.02)
        if called(worker, "room"):
            called(worker, "template")[0].kill()
            break
    said = faults.one_line(run.communicate(timeout=300)[0])
    assert run.returncode == 0 and "Graded 2 of 2" in said, said
    assert {student["late"][1] for name, student in faults.state(course).items() if name in ("ada", "ben")} == {7.0 - 2}


def test_ctrl_c_ends_it_there_too(scheduler, course, reference):
    address, workers = scheduler
    workers(2)
    hand_in(course, "ada", reference)
    hand_in(course, "ben", reference, mean="while True: pass")
    words = ["--scheduler", address, "--timeout", "60", "--jobs", "2"]
    run = subprocess.Popen(**faults.command(course, *words, at=-1), stdout=-1, stderr=-2, text=True)
    while run.poll() is None and not course.notebook("feedback", UNIT, "ada").with_suffix(".html").exists():
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    said = faults.one_line(run.communicate(timeout=30)[0])
    assert run.returncode == 130 and said.endswith("the same command grades the rest.") and "Traceback" not in said, said


def test_all_workers_lost_in_the_middle_is_a_sentence_for_each(scheduler, course, reference, monkeypatch):
    from mftcourse.grading import cluster

    address, workers = scheduler
    (worker,) = workers(1)
    hand_in(course, "ada", reference, mean="import os\nos._exit(1)"), hand_in(course, "ben", reference)
    begin = cluster.Cluster.mark

    def lose(self, *what):
        worker.kill()
        return begin(self, *what)

    monkeypatch.setattr(cluster.Cluster, "mark", lose)
    for row in grade(course, UNIT, scheduler=address).rows:
        assert not row.graded and row.note == (
            "It could not be run: the cluster has no workers any more. Nothing was graded."
        )


def test_a_cluster_that_cannot_begin_is_a_sentence(scheduler, course, reference, monkeypatch):
    address, workers = scheduler
    hand_in(course, "ada", reference)
    workers(0)
    with pytest.raises(GradingError, match="has no workers. Start some: dask worker"):
        grade(course, UNIT, scheduler=address)
    workers(1, PATH="/nowhere")
    with pytest.raises(GradingError, match="worker at tcp://127.0.0.1:\\d+ cannot grade: .*`bwrap` is not installed"):
        grade(course, UNIT, scheduler=address)
    workers(0), workers(1)
    from mftcourse.grading import cluster

    monkeypatch.setattr(cluster, "environment", lambda: "another")
    with pytest.raises(GradingError, match="has another version of the course"):
        grade(course, UNIT, scheduler=address)
    assert classroom.environment() != "another"

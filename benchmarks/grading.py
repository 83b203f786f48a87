"""How fast a class is graded: `python benchmarks/grading.py [--students N] [--write]`.

The same hand-ins, of unit 06, are graded with stock `nbgrader autograde` and `generate_feedback` and with `mft grade`,
fenced in, start included, one after the other on this machine; both must give the same points. Then `mft grade` alone
grades classes of 10 to 320, to see how time and memory grow. Ratios mean something elsewhere too; seconds do not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import nbformat
import psutil
import typer
from nbgrader.api import Gradebook

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "tools"), str(ROOT / "benchmarks")]

import demo  # noqa: E402
from notebooks import PeakMemory, machine  # noqa: E402

from mftcourse.course.files import Course  # noqa: E402
from mftcourse.course.form import read_lesson  # noqa: E402

UNIT = "06-metrics"
# Stock nbgrader: where the sources are, and that a cell ends; nothing else of this course's.
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "mft"
c.CourseDirectory.source_directory = "solutions"
c.Execute.timeout = 120
"""
OURS = """
import sys
from pathlib import Path
from mftcourse.course.files import Course
from mftcourse.grading.classroom import grade
sys.exit(not all(row.graded for row in grade(Course(Path.cwd()), sys.argv[1]).rows))
"""


def make_class(folder: Path, students: int, config: str) -> None:
    """Write a course with a class in it: the reference, the blank release, and wrong answers, again and again."""
    course = Course(folder)
    shutil.copytree(ROOT / "solutions" / UNIT, course.folder("solutions", UNIT))
    (folder / "nbgrader_config.py").write_text(config)
    release, solution = (nbformat.read(ROOT / s / UNIT / "metrics.ipynb", 4) for s in ("release", "solutions"))
    solved = demo.reference(release, solution)
    kinds = [solved, release]
    for wrong in read_lesson(ROOT / "course" / UNIT).wrong_answers[:: max(1, 180 // students)]:
        kinds.append(demo.with_answer(solved, wrong.exercise, wrong.source))
    for number in range(students):
        path = course.notebook("submitted", UNIT, f"student-{number:03}")
        path.parent.mkdir(parents=True)
        nbformat.write(kinds[number % len(kinds)], path)


def timed(command: list[str], folder: Path) -> tuple[float, float, int]:
    """Run a command; return seconds of the clock, CPU seconds, and peak memory in bytes.

    The CPU seconds are those of the whole machine, less what this process takes to look at memory. It must be idle
    but for processes of low priority: what ends inside a fence unseen by who waits outside is in no sum of children.
    """
    env = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    before, watch, begin, own = psutil.cpu_times(), PeakMemory(every=0.5), time.monotonic(), time.process_time()
    watch.start()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    clock, peak, after = time.monotonic() - begin, watch.stop(), psutil.cpu_times()
    own = time.process_time() - own
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return clock, after.user + after.system - before.user - before.system - own, peak


def ours(folder: Path) -> tuple[float, float, int]:
    return timed([sys.executable, "-c", OURS, UNIT], folder)


def points(folder: Path) -> dict[str, dict[str, float]]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        found = book.assignment_submissions(UNIT)
        return {s.student.id: {g.name: g.auto_score for g in s.notebooks[0].grades} for s in found}


def compare(stock: Path, mine: Path) -> int:
    """Prove that both gave the same points; return for how many checks an error was carried forward."""
    theirs, found = points(stock), points(mine)
    cells = [(student, name) for student in found for name in found[student]]
    more, said = {(s, name) for s, name in cells if found[s][name] != theirs[s][name]}, set()
    for student in found:
        graded = nbformat.read(Course(mine).notebook("autograded", UNIT, student), 4)
        said |= {(student, f"{exercise}-check") for exercise in graded.metadata.mft.grading.carried}
    if more != said or any(found[student][name] <= theirs[student][name] for student, name in more):
        raise SystemExit(f"The points differ: {sorted(more ^ said)}")
    return len(more)


def main(
    students: Annotated[int, typer.Option(help="In the class that both grade.")] = 40,
    sizes: Annotated[str, typer.Option(help="Classes that `mft grade` alone grades.")] = "10,40,160,320",
    write: Annotated[bool, typer.Option("--write", help="Also write docs/grading-speed.md.")] = False,
) -> None:
    """Time stock nbgrader and `mft grade` on the same class, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="mft-benchmark-") as base:
        stock, mine = Path(base, "stock"), Path(base, "mine")
        make_class(stock, students, STOCK)
        make_class(mine, students, (ROOT / "nbgrader_config.py").read_text())
        clock = cpu = 0.0
        for step in ("generate_assignment", "autograde", "generate_feedback"):
            took = timed([sys.executable, "-m", "nbgrader", step, UNIT], stock)
            clock, cpu = clock + took[0], cpu + took[1]
        own_clock, own_cpu, _ = ours(mine)
        carried = compare(stock, mine)
        lines = [
            f"{students} hand-ins of {UNIT}, with feedback, start included. Every check gave the same points, but for "
            f"{carried} that failed by an earlier error of the learner's, and that `mft grade` judged without it.",
            "",
            "| | seconds | CPU seconds a hand-in |",
            "|---|---:|---:|",
            f"| stock nbgrader | {clock:.1f} | {cpu / students:.2f} |",
            f"| `mft grade`, fenced in | {own_clock:.1f} | {own_cpu / students:.2f} |",
            f"| ratio | {clock / own_clock:.1f} | {cpu / own_cpu:.1f} |",
            "",
            "| hand-ins | seconds | a hand-in | CPU seconds a hand-in | peak memory, MiB |",
            "|---:|---:|---:|---:|---:|",
        ]
        for size in map(int, filter(None, sizes.split(","))):
            folder = Path(base, str(size))
            make_class(folder, size, (ROOT / "nbgrader_config.py").read_text())
            took, used, peak = ours(folder)
            lines.append(f"| {size} | {took:.1f} | {took / size:.2f} | {used / size:.2f} | {peak / 2**20:.0f} |")
            shutil.rmtree(folder)
    text = "\n".join(lines)
    print(text)
    if write:
        page = f"# How fast a class is graded\n\nMade by `make benchmarks`. Measured on {machine()}.\n\n{text}\n"
        (ROOT / "docs" / "grading-speed.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)

"""Memory, open files and processes of a grading run do not grow with the class."""

import json
import shutil
import subprocess
import sys

import pytest

from mftcourse.grading.room import available

from . import faults
from .faults import ROOT, UNIT, hand_in, load

MAIN, OTHERS = 15, 5  # megabytes that 80 hand-ins may take more than 10; it was 1 and 0

SCRIPT = """
import gc, json, sys
from pathlib import Path
import psutil
from mftcourse.course.files import Course
from mftcourse.grading.classroom import Local, grade

mine = psutil.Process()
def look():
    gc.collect()
    found = {"main": mine.memory_info().rss / 1e6, "files": mine.num_fds(), "threads": mine.num_threads()}
    for child in mine.children(recursive=True):
        try:
            name = child.name().removeprefix("mft-")
            if name in ("template", "judge") and child.parent().name() != child.name():
                found |= {name: child.memory_full_info().uss / 1e6, f"below {name}": len(child.children(recursive=True)),
                          f"files of {name}": child.num_fds()}
        except psutil.Error:
            pass
    return found
leave = Local.__exit__
def last(self, *error):
    seen.append(look())
    leave(self, *error)
Local.__exit__ = last
def below(done, of, _):
    if done % 5 == 0:
        for name, count in look().items():
            if name.startswith("below"):
                most[name] = max(most.get(name, 0), count)
seen = []
for folder in sys.argv[1:]:
    most = {}
    table = grade(Course(Path(folder)), "01-tiny", jobs=2, progress=below)
    seen[-1] |= most
    assert all(row.graded for row in table.rows), [row.note for row in table.rows]
    seen.append(look())
print(json.dumps(seen))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or bool(available()), reason="rooms cannot be fenced in here")
def test_nothing_grows_with_the_class(built, reference, tmp_path):
    courses = []
    for number, size in enumerate((10, 80, 80)):
        courses.append(type(built)(shutil.copytree(built.root, tmp_path / str(number))))
        for student in range(size):
            mean = f"text = 'x' * 100_000\nprint({student}, text)\ndef mean(values):\n    return {student}\n"
            hand_in(courses[-1], f"s{student:02}", reference, **({"mean": mean} if student % 2 else {}))
    how = faults.command(courses[0])
    how |= {"args": [sys.executable, "-c", SCRIPT, *(str(course.root) for course in courses)], "cwd": ROOT}
    done = subprocess.run(**how, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    print(*seen, sep="\n")
    (small, small_end), (large, large_end), (again, again_end) = seen[:2], seen[2:4], seen[4:]
    assert {"template", "judge"} <= set(small) and not {"template", "judge"} & set(small_end), "the processes are gone after it"
    assert large["main"] - small["main"] < MAIN and again["main"] - large["main"] < MAIN
    for name in ("template", "judge"):
        assert abs(large[name] - small[name]) < OTHERS, "the templates of rooms and cards are as they began"
        assert max(small[f"below {name}"], large[f"below {name}"]) <= 20, "rooms and cards that are done are gone, zombies too"
        assert large[f"files of {name}"] == small[f"files of {name}"]
    assert small["files"] == large["files"] == again["files"]
    assert small_end["files"] == large_end["files"] == again_end["files"]
    assert small_end["threads"] == large_end["threads"] == again_end["threads"]


assert UNIT and load

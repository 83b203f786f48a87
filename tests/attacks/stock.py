"""What stock nbgrader gives for the attacks: made once, `python tests/attacks/stock.py`, for the column in docs/attacks.md.

No command of a user's runs this. Each attack is graded by `nbgrader autograde` in a fence of its own, with a course
folder and a HOME that are thrown away; bombs are left out, as stock nbgrader sets no limits that would hold them.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import attacks
import nbformat
from nbgrader.api import Gradebook

from mftcourse.course.files import Course
from mftcourse.grading import room

CONFIG = "c = get_config()\nc.CourseDirectory.source_directory = 'solutions'\nc.Execute.timeout = 10\n"


def fenced(folder: Path, *command: str, seconds: int) -> bool:
    """Run nbgrader in a fence that holds only this folder; return whether it came to its end."""
    fence = room._fence()[:-1]
    at = fence.index("--cap-add")
    own = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--bind", str(folder), room.HOME, "--chdir", room.HOME,
           "--setenv", "HOME", "/tmp"]  # fmt: skip
    call = [*fence[:at], *fence[at + 2 :], *own, "--", "prlimit", f"--as={8 << 30}", "--", sys.executable, "-m", "nbgrader"]
    try:
        return not subprocess.run([*call, *command], capture_output=True, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    kept = Path(__file__).with_suffix(".json")  # delete it to begin anew; what is in it is not tried again
    found: dict[str, str] = json.loads(kept.read_text())["found"] if kept.exists() else {}
    honest = attacks.points()
    with tempfile.TemporaryDirectory(prefix="mft-stock-") as base:
        clean = Path(base, "clean")
        shutil.copytree(attacks.ROOT / "solutions" / attacks.UNIT, clean / "solutions" / attacks.UNIT)
        (clean / "nbgrader_config.py").write_text(CONFIG)
        assert fenced(clean, "generate_assignment", attacks.UNIT, "--force", seconds=120)
        for attack in (a for a in attacks.sample(3) if a.name not in found):
            if attack.kind in attacks.BOMBS:
                found[attack.name] = "not tried"
                continue
            folder = Path(base, "class")
            shutil.copytree(clean, folder)
            nb, beside = attacks.notebook(attack, Path("/nowhere"))
            path = Course(folder).notebook("submitted", attacks.UNIT, attack.student)
            path.parent.mkdir(parents=True)
            nbformat.write(nb, path)
            for name, text in beside.items():
                path.parent.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
                path.parent.joinpath(name).write_text(text)
            ended = fenced(folder, "autograde", attacks.UNIT, "--student", attack.student, seconds=150)
            with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
                try:
                    points = book.find_submission(attacks.UNIT, attack.student).score
                except Exception:  # it took the gradebook, or was never graded
                    points = 0
            gained = points > honest + attack.fair + 1e-9
            found[attack.name] = f"gains: {points:g} for {honest:g}" if gained else "no" if ended else "not graded"
            print(attack.name, found[attack.name], flush=True)
            shutil.rmtree(folder)
    said = {"date": datetime.date.today().isoformat(), "nbgrader": importlib.metadata.version("nbgrader"), "found": found}
    kept.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()

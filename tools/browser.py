"""JupyterLab as `mft lab` starts it, on a copy of the course, and the system's Chromium to look at it.

For the browser tests and the screenshots.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "course-test"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Lab:
    """A running JupyterLab: its address, the course folder, the home folder of its process, and the process."""

    url: str
    root: Path
    home: Path
    pid: int

    def page_url(self, path: str = "lab") -> str:
        return f"{self.url}/{path}?token={TOKEN}"

    def status(self, path: str) -> int:
        """The status code with which the server answers for a path."""
        try:
            return urllib.request.urlopen(self.page_url(path), timeout=30).status
        except urllib.error.HTTPError as error:
            return error.code


def find_browser() -> str | None:
    """The path of the system's Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def browser_options(path: str) -> dict:
    """What Playwright's chromium.launch needs for this browser and this user."""
    flags = ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to work for root
    return {"executable_path": path, "args": flags}


def copy_course(folder: Path) -> Path:
    """Copy what JupyterLab needs of the course to folder/course."""
    root = folder / "course"
    for name in ("course", "solutions", "release"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("constraints.txt", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    return root


@contextmanager
def running_lab(folder: Path, *options: str) -> Iterator[Lab]:
    """Run `mft lab --no-browser *options` in folder/course until the block ends.

    Raises RuntimeError with what the server printed when it ends by itself or does not answer in two minutes.
    """
    root, home, log = folder / "course", folder / "home", folder / "lab.log"
    if not root.exists():
        copy_course(folder)
    home.mkdir(exist_ok=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    env = mine | {"HOME": str(home), "JUPYTER_TOKEN": TOKEN}
    code = "from mftcourse.cli import app; app()"
    command = [sys.executable, "-c", code, "lab", "--no-browser", "--port", str(port), *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=out, stderr=subprocess.STDOUT)
    lab = Lab(f"http://127.0.0.1:{port}", root, home, process.pid)
    try:
        _wait(lab, process, log)
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"mft lab ended with {process.returncode}:\n{log.read_text()}")
        try:
            if lab.status("api/status") == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"mft lab did not answer within two minutes:\n{log.read_text()}")

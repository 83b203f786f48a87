"""A course in a temporary folder, JupyterLab on it as `mft lab` starts it, and the system's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "browser-test"
SECONDS = 1000  # Playwright counts in milliseconds


@dataclass
class Lab:
    """A running JupyterLab: its address, the course folder and the home folder of its process."""

    url: str
    root: Path
    home: Path

    def page_url(self, path: str = "lab") -> str:
        return f"{self.url}/{path}?token={TOKEN}"

    def status(self, path: str) -> int:
        """The status code that the server answers for a path."""
        try:
            return urllib.request.urlopen(self.page_url(path), timeout=30).status
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, headless."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test installs it")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is installed")
    flags = ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to work for root
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, tmp_path: Path):
    """A new browser window that waits patiently: the machine may be busy. Its last sight is kept in tmp_path."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(90 * SECONDS)
    page = context.new_page()
    yield page
    page.screenshot(path=tmp_path / "last.png")
    context.close()


@pytest.fixture(scope="module")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Start JupyterLab on a copy of the course: `start_lab("--instructor")`."""
    running: list[subprocess.Popen] = []

    def start(*options: str) -> Lab:
        folder = tmp_path_factory.mktemp("lab")
        root, home = folder / "course", folder / "home"
        home.mkdir()
        root.mkdir()
        for name in ("course", "solutions", "release"):
            shutil.copytree(ROOT / name, root / name)
        for name in ("constraints.txt", "nbgrader_config.py"):
            shutil.copy(ROOT / name, root)
        port = _free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
        env |= {"HOME": str(home), "JUPYTER_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
        env.pop("IPYTHONDIR", None)
        command = [sys.executable, "-m", "mftcourse.cli", "lab", "--no-browser", "--port", str(port), *options]
        log = folder / "lab.log"
        with log.open("w") as out:
            process = subprocess.Popen(command, cwd=root, env=env, stdout=out, stderr=subprocess.STDOUT)
        running.append(process)
        lab = Lab(f"http://127.0.0.1:{port}", root, home)
        _wait(lab, process, log)
        return lab

    yield start
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _wait(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    """Until the server answers; fails with its log when it ends instead, or after two minutes."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"mft lab ended with {process.returncode}:\n{log.read_text()}")
        try:
            if lab.status("api/status") == 200:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"mft lab did not answer within two minutes:\n{log.read_text()}")

"""JupyterLab for learners and for instructors, and `mft doctor`, which says what is wrong with an installation.

Everything that JupyterLab must know is in `mftcourse/jupyter/`. It reaches the server through the environment
of that one process; what the server writes (settings, workspaces, history) goes to `.mft/` in the course
folder. Your own Jupyter, with its settings, neither changes nor interferes.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONFIG = Path(__file__).parent / "jupyter"
CELL_SECONDS = 120


def course_root(start: Path | None = None) -> Path:
    """The course folder: the nearest folder at or above `start` (default: here) that holds `release/` or
    `course/` next to `constraints.txt`, else the folder that the package was installed from.

    Raises FileNotFoundError, with a sentence, when there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "constraints.txt").is_file() and any((folder / d).is_dir() for d in ("release", "course")):
            return folder
    raise FileNotFoundError(f"There is no course in {here} or above it. Change to the course folder first.")


def stop_endless_loops(config: Any, seconds: int = CELL_SECONDS) -> None:
    """Let nbgrader (autograde, Validate) stop a cell after `seconds`, with a sentence instead of a dead kernel."""
    hint = "Look for a loop that never ends: does its condition ever become false?"
    sentence = f"This cell was stopped after {seconds} seconds. {hint}"
    error = {"ename": "CellTimeoutError", "evalue": sentence, "traceback": [f"CellTimeoutError: {sentence}"]}
    config.Execute.update(timeout=seconds, interrupt_on_timeout=True, error_on_timeout=error)


def programs_path() -> str:
    """PATH with the folder of this Python first: nbgrader calls alembic by its name, in any environment."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def lab_environment(root: Path, instructor: bool = False) -> dict[str, str]:
    """The environment of the JupyterLab process: this one's, with Jupyter's folders pointing into the course."""
    role = "instructor" if instructor else "learner"
    state = root / ".mft" / role
    drop = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_NO_CONFIG")
    env = {name: value for name, value in os.environ.items() if name not in drop}
    return env | {
        "PATH": programs_path(),
        "JUPYTER_CONFIG_PATH": str(CONFIG / role),
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment, not one of the same name elsewhere
    }


def launch(instructor: bool = False, unit: str | None = None, browser: bool = True, port: int | None = None) -> int:
    """Open JupyterLab and return its exit code when it is closed.

    A learner gets `work/` with every released unit in it, and `unit` (default: the first) open. An instructor
    gets the whole course folder, with nbgrader's Formgrader.

    Raises FileNotFoundError when there is no course here, WorkspaceError when there is no such unit.
    """
    root = course_root()
    build_missing(root)
    folder = root if instructor else root / "work"
    options = [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    if not instructor:
        from . import workspace

        known = workspace.units(root)
        if unit or known:
            opened = workspace.work_path(workspace.find_unit(unit or known[0], root), root)
            options.append(f"--LabApp.default_url=/lab/tree/{opened.parent.name}/{opened.name}")
        for name in known:
            if not workspace.work_path(name, root).exists():
                workspace.start(name, root=root)
    folder.mkdir(exist_ok=True)
    if port is not None:
        options.append(f"--ServerApp.port={port}")
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container there may be no other user
    print("JupyterLab is opening. It runs until you press Ctrl-C here.")
    return _run([sys.executable, "-m", "jupyterlab", *options], folder, lab_environment(root, instructor))


def _run(command: list[str], folder: Path, env: dict[str, str]) -> int:
    """Become the server, so that Ctrl-C and signals reach it; Windows cannot, and waits for it."""
    if os.name == "posix":
        sys.stdout.flush()
        os.chdir(folder)
        os.execve(command[0], command, env)
    process = subprocess.Popen(command, cwd=folder, env=env)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def build_missing(root: Path) -> list[str]:
    """Build the units of `course/` that have no released notebook. Returns their names."""
    units = [path.parent.name for path in sorted((root / "course").glob("*/lesson.py"))]
    missing = [name for name in units if not any((root / "release" / name).glob("*.ipynb"))]
    if missing:
        from . import authoring

        print(f"Building {', '.join(missing)} ...", flush=True)
        authoring.build(root, missing)
    return missing


# --- mft doctor -------------------------------------------------------------------------------

REPAIR = "Run make lab again; it repairs the environment."
REINSTALL = "Run make clean lab."


@dataclass(frozen=True)
class Finding:
    """One line of `mft doctor`: what was looked at, what was seen, and what to do about it."""

    status: Literal["ok", "warn", "fail"]
    name: str
    detail: str
    action: str = ""


def doctor() -> list[Finding]:
    """Look at everything that the course needs. Takes about ten seconds; changes nothing."""
    try:
        root = course_root()
    except FileNotFoundError as error:
        return [Finding("fail", "course folder", str(error), "cd into the folder that holds constraints.txt.")]
    return [_python(), *_packages(root), _torch(), _kernel(), _validate_button(), _release(root)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.prefix == sys.base_prefix:
        return Finding("warn", "Python", f"{version}, outside an environment.", "Use the course's own: make lab.")
    return Finding("ok", "Python", version)


def _packages(root: Path) -> list[Finding]:
    """One finding for every package that is missing or has another version than the course was tested with."""
    lines = (root / "constraints.txt").read_text()
    pins = {canonicalize_name(name): v for name, v in re.findall(r"^([\w.-]+)==(\S+)", lines, flags=re.MULTILINE)}
    asked = [Requirement(line) for line in importlib.metadata.requires("mftcourse") if "extra ==" not in line]
    needed = sorted(canonicalize_name(requirement.name) for requirement in asked)
    found = []
    for name in needed:
        try:
            version = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding("fail", name, "is not installed.", REPAIR))
            continue
        pinned = pins.get(name, version)
        if version != pinned:
            detail = f"is {version}; the course was tested with {pinned}. Numbers may differ."
            found.append(Finding("warn", name, detail, f'{sys.executable} -m pip install "{name}=={pinned}"'))
    return found or [Finding("ok", "packages", f"{len(needed)} needed, all in the tested versions.")]


def _torch() -> Finding:
    try:
        import torch
    except Exception as error:  # a broken shared library raises OSError, a missing part ImportError
        return Finding("fail", "PyTorch", f"does not start: {error}", REINSTALL)
    device = "with a GPU" if torch.cuda.is_available() else "on the CPU"
    return Finding("ok", "PyTorch", f"{torch.__version__}, {device}.")


def _kernel() -> Finding:
    try:
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        nb = new_notebook(cells=[new_code_cell("import mftcourse")])
        NotebookClient(nb, kernel_name="python3", timeout=60).execute(stderr=subprocess.DEVNULL)
    except Exception as error:
        reason = getattr(error, "evalue", error)  # of the cell's own error, without its traceback
        return Finding("fail", "notebook kernel", f"does not start or cannot import the course: {reason}", REINSTALL)
    return Finding("ok", "notebook kernel", "starts, and finds the course.")


def _validate_button() -> Finding:
    """nbgrader's part of JupyterLab is a file beside the packages, which pip does not look after."""
    button = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyter", "nbgrader", "package.json")
    if not button.is_file():
        return Finding("fail", "JupyterLab", "lacks nbgrader's part of it.", REINSTALL)
    return Finding("ok", "JupyterLab", "has nbgrader's Validate button.")


def _release(root: Path) -> Finding:
    from . import workspace

    released = len(workspace.units(root))
    if not released:
        return Finding("fail", "units", "none is released.", "Run mft build.")
    if not (root / "course").is_dir():  # a copy for learners
        return Finding("ok", "units", f"{released} released.")
    try:
        from . import authoring

        drifted = authoring.drift(root)
    except Exception as error:
        drifted = [f"course/ could not be compared: {error}"]
    if drifted:
        return Finding("warn", "units", f"{released} released; {drifted[0]}", "Run mft build.")
    return Finding("ok", "units", f"{released} released, as course/ says.")

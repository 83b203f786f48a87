"""JupyterLab for learners and for instructors, and `mft doctor`, which says what is wrong with an installation.

Everything that JupyterLab must know is in `mftcourse/jupyter/`. It reaches the server through the environment
of that one process; what the server writes (settings, workspaces, history) goes to `.mft/` in the course
folder. Your own Jupyter, with its settings, neither changes nor interferes.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    sentence = (
        f"This cell was stopped after {seconds} seconds. Look for a loop that never ends: "
        "does its condition ever become false?"
    )
    config.Execute.timeout = seconds
    config.Execute.interrupt_on_timeout = True
    config.Execute.error_on_timeout = {
        "ename": "CellTimeoutError",
        "evalue": sentence,
        "traceback": [f"CellTimeoutError: {sentence}"],
    }


def lab_environment(root: Path, instructor: bool = False) -> dict[str, str]:
    """The environment of the JupyterLab process: this one's, with Jupyter's folders pointing into the course."""
    role = "instructor" if instructor else "learner"
    state = root / ".mft" / role
    drop = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_NO_CONFIG", "JUPYTER_PREFER_ENV_PATH")
    env = {name: value for name, value in os.environ.items() if name not in drop}
    # nbgrader calls the program alembic, which is beside this Python, where an unactivated environment has no PATH
    programs = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    return env | {
        "PATH": programs,
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

    Raises FileNotFoundError when there is no course here or no such unit; its text is a sentence.
    """
    root = course_root()
    build_missing(root)
    folder = root
    command = [sys.executable, "-m", "jupyterlab"]
    if not instructor:
        folder = root / "work"
        notebooks = start_all(root)
        chosen = [path for path in notebooks if unit is None or unit == path.parent.name]
        if unit is not None and not chosen:
            known = ", ".join(path.parent.name for path in notebooks) or "none"
            raise FileNotFoundError(f"There is no unit {unit!r} here. These are released: {known}.")
        if chosen:
            command.append(f"--LabApp.default_url=/lab/tree/{chosen[0].parent.name}/{chosen[0].name}")
    folder.mkdir(exist_ok=True)
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.log_level=WARN", "--LabApp.log_level=WARN"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    command += ["--LabApp.extension_manager=readonly"]
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there may be no other user
    return _run(command, folder, lab_environment(root, instructor))


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


def released(root: Path) -> list[Path]:
    """The English notebook of every released unit, in the order of the course."""
    return sorted(path for path in (root / "release").glob("*/*.ipynb"))


def build_missing(root: Path) -> list[str]:
    """Build the units of `course/` that have no released notebook. Returns their names."""
    units = [path.parent.name for path in sorted((root / "course").glob("*/lesson.py"))]
    missing = [name for name in units if not any((root / "release" / name).glob("*.ipynb"))]
    if missing:
        from mftcourse import authoring

        print(f"Building {', '.join(missing)} ...", flush=True)
        authoring.build(root, missing)
    return missing


def start_all(root: Path) -> list[Path]:
    """Copy every released unit that is not in `work/` yet. Returns the learner's notebooks, in order."""
    notebooks = []
    for source in released(root):
        target = root / "work" / source.parent.name / source.name
        if not target.exists():
            from mftcourse import workspace

            workspace.start(source.parent.name, root=root)
        notebooks.append(target)
    return notebooks


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
    return [
        _python(),
        *_packages(root),
        _torch(),
        _kernel(),
        _extensions(),
        _space(root),
        _release(root),
        *_optional(),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.prefix == sys.base_prefix:
        return Finding("warn", "Python", f"{version}, outside an environment.", "Use the course's own: make lab.")
    return Finding("ok", "Python", version)


def _packages(root: Path) -> Iterator[Finding]:
    """One finding for every package that is missing or has another version than the course was tested with."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (root / "constraints.txt").read_text(), flags=re.MULTILINE))
    needed = _required("mftcourse")
    wrong = 0
    for name in sorted(needed):
        try:
            version = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            wrong += 1
            yield Finding("fail", name, "is not installed.", "Run make lab again; it repairs the environment.")
            continue
        pinned = {_canonical(pin): number for pin, number in pins.items()}.get(name)
        if pinned and version != pinned:
            wrong += 1
            yield Finding(
                "warn",
                name,
                f"is {version}; the course was tested with {pinned}. Numbers may differ.",
                f'{sys.executable} -m pip install "{name}=={pinned}"',
            )
    if not wrong:
        yield Finding("ok", "packages", f"{len(needed)} needed, all in the tested versions.")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(name: str) -> set[str]:
    """The packages that `name` asks for by itself, without extras."""
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return {name}
    return {_canonical(re.split(r"[^\w.-]", line)[0]) for line in lines if "extra ==" not in line}


def _torch() -> Finding:
    try:
        import torch

        product = torch.ones(2, 3) @ torch.ones(3, 2)
        if product.tolist() != [[3.0, 3.0], [3.0, 3.0]]:
            return Finding(
                "fail", "PyTorch", f"multiplies wrongly: {product.tolist()}", "Reinstall it: make clean lab."
            )
    except Exception as error:  # a broken shared library raises OSError, a missing part ImportError
        return Finding("fail", "PyTorch", f"does not start: {error}", "Reinstall it: make clean lab.")
    device = "with a GPU" if torch.cuda.is_available() else "on the CPU"
    return Finding("ok", "PyTorch", f"{torch.__version__}, {device}.")


def _kernel() -> Finding:
    try:
        from jupyter_client.manager import start_new_kernel

        manager, client = start_new_kernel(startup_timeout=60, kernel_name="python3", stderr=subprocess.DEVNULL)
        try:
            reply = client.execute_interactive("import mftcourse", timeout=60, output_hook=lambda message: None)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    except Exception as error:
        return Finding("fail", "notebook kernel", f"does not start: {error}", "Run make clean lab; then try again.")
    if reply["content"]["status"] != "ok":
        detail = f"cannot import the course: {reply['content'].get('evalue', '')}"
        return Finding("fail", "notebook kernel", detail, "Run make lab again; it repairs the environment.")
    return Finding("ok", "notebook kernel", "starts, and finds the course.")


def _extensions() -> Finding:
    missing = [name for name in ("jupyterlab", "nbgrader.server_extensions") if not importlib.util.find_spec(name)]
    button = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyter", "nbgrader", "package.json")
    if not button.is_file():
        missing.append("nbgrader's part of JupyterLab")
    missing += [str(path) for role in ("learner", "instructor") if not (path := CONFIG / role / "labconfig").is_dir()]
    if missing:
        return Finding("fail", "JupyterLab", f"lacks {', '.join(missing)}.", "Run make clean lab.")
    return Finding("ok", "JupyterLab", f"{importlib.metadata.version('jupyterlab')}, with nbgrader's Validate button.")


def _space(root: Path) -> Finding:
    free = shutil.disk_usage(root).free / 2**30
    if free < 1:
        return Finding(
            "warn", "free disk", f"{free:.1f} GiB.", "Free some space; notebooks cannot be saved on a full disk."
        )
    return Finding("ok", "free disk", f"{free:.0f} GiB.")


def _release(root: Path) -> Finding:
    units = len(released(root))
    if not units:
        return Finding("fail", "units", "none is released.", "Run mft build.")
    if not (root / "course").is_dir():  # a copy for learners
        return Finding("ok", "units", f"{units} released.")
    try:
        from mftcourse import authoring

        drifted = authoring.drift(root)
    except Exception as error:
        return Finding("warn", "units", f"{units} released; course/ could not be compared: {error}", "Run mft build.")
    if drifted:
        return Finding("warn", "units", f"{units} released; {drifted[0]}", "Run mft build.")
    return Finding("ok", "units", f"{units} released, as course/ says.")


def _optional() -> Iterator[Finding]:
    """Programs that only some commands use."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    yield Finding("ok", "Chromium", browser or "not found; only the browser test and the screenshots use it.")
    bwrap = shutil.which("bwrap")
    yield Finding("ok", "bubblewrap", bwrap or "not found; only an instructor's isolated grading uses it.")

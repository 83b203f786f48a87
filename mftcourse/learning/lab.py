"""JupyterLab for learners and for instructors: one server a course and role.

Everything that JupyterLab must know is in `mftcourse/learning/jupyter/`. It reaches the server through the
environment of that one process; what the server writes (settings, workspaces, history) goes to `.mft/` in the
course folder. Your own Jupyter, with its settings, neither changes nor interferes. Root may run it: in a container
there may be no other user.
"""

import contextlib
import html
import os
import shlex
import subprocess
import sys
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

from ..course.files import Course, CourseError, programs_path
from . import scorecards, workspace

CONFIG = Path(__file__).parent / "jupyter"


def lab_environment(course: Course, instructor: bool = False) -> dict[str, str]:
    """The environment of the JupyterLab process: this one's, with Jupyter's folders pointing into the course."""
    role = "instructor" if instructor else "learner"
    state = course.root / ".mft" / role
    drop = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_NO_CONFIG")
    env = {name: value for name, value in os.environ.items() if name not in drop}
    return env | {
        "PATH": programs_path(),
        "JUPYTER_CONFIG_PATH": f"{CONFIG / 'common'}{os.pathsep}{CONFIG / role}",
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment, not one of the same name elsewhere
    }


def launch(
    course: Course, instructor: bool = False, unit: str | None = None, browser: bool = True, port: int | None = None
) -> int:
    """Open JupyterLab and return its exit code when it is closed.

    A learner gets `work/` with every released unit in it: the overview the first time, later what was open last,
    and `unit`, which may also be a notebook in `work/`, in front where it is named. An instructor gets the whole
    course folder, with nbgrader's Formgrader and the class. Where a server of this course runs already, the browser
    goes there.

    Raises:
        CourseError: there is no such unit or notebook.
    """
    build_missing(course)
    folder = course.root if instructor else course.root / "work"
    page = "lab"
    if not instructor:
        if unit and unit.endswith(".ipynb"):
            if not (folder / unit).is_file():
                raise CourseError(f"There is no {unit} in {folder}. Write a drill: mft drill EXERCISE")
            page = f"lab/tree/{unit}"
        elif unit:
            opened = course.notebook("work", course.find_unit(unit))
            page = f"lab/tree/{opened.parent.name}/{opened.name}"
        for name in course.units():
            if not course.notebook("work", name).exists():
                workspace.start(course, name)
    folder.mkdir(exist_ok=True)
    env = lab_environment(course, instructor)
    if address := open_in_running(course, page, instructor, browser):
        print(f"JupyterLab of this course is running already:\n{address}")
        return 0
    options = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/{page}",
        f"--LabApp.extra_labextensions_path={CONFIG / 'labextensions'}",  # the tab with the overview, or the class
    ]
    if not instructor:
        scorecards.install(Path(env["IPYTHONDIR"]))
    if os.name == "posix":  # a shell that is named is no login shell, which would forget where `mft` lies
        shell = shlex.quote(os.environ.get("SHELL") or "sh")
        options.append(f"--ServerApp.terminado_settings=shell_command={shell}")
    if port is not None:
        options.append(f"--ServerApp.port={port}")
    if not browser:
        options.append("--no-browser")
    print("JupyterLab is opening. It runs until you press Ctrl-C here.")
    return _run([sys.executable, "-m", __name__, *options], folder, env)


def open_in_running(course: Course, page: str, instructor: bool = False, browser: bool = True) -> str | None:
    """Open a page of JupyterLab in the server of the course that runs; return its address, or None where none runs."""
    runtime = Path(lab_environment(course, instructor)["JUPYTER_RUNTIME_DIR"])
    server = running(course.root if instructor else course.root / "work", runtime)
    if server is None:
        return None
    address = f"{server['url']}{page}" + (f"?token={server['token']}" if server["token"] else "")
    if browser:
        show(address, runtime)
    return address


def running(folder: Path, runtime: Path) -> dict[str, Any] | None:
    """Return what the running server of a folder says of itself, or None.

    A file of a server that was killed stays behind, and so does one in a course folder that was copied.
    """
    from jupyter_server.serverapp import list_running_servers

    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for server in list_running_servers(str(runtime)):
        if Path(server["root_dir"]) == folder:
            token = {"Authorization": f"token {server['token']}"}
            with contextlib.suppress(OSError):  # nobody answers, or someone else
                direct.open(urllib.request.Request(f"{server['url']}api/status", headers=token), timeout=5).close()
                return server
    return None


def show(address: str, runtime: Path) -> None:
    """Open an address in the browser by way of a file: other users see command lines, and this one has a token."""
    path = runtime / "open.html"
    path.touch(mode=0o600)
    path.write_text(f'<meta http-equiv="refresh" content="0; url={html.escape(address)}">', encoding="utf-8")
    webbrowser.open(path.as_uri())


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


def build_missing(course: Course) -> list[str]:
    """Build the units of `course/` that have no released notebook. Returns their names."""
    units = [path.parent.name for path in sorted((course.root / "course").glob("*/lesson.py"))]
    missing = [name for name in units if not any(course.folder("release", name).glob("*.ipynb"))]
    if missing:
        from ..course import notebooks

        print(f"Building {', '.join(missing)} ...", flush=True)
        notebooks.build(course, missing)
    return missing


def serve() -> None:
    """Be the server, without what JupyterLab does for those who install extensions from npm.

    Where node is there, it would wait at every start for yarn to say where from, and leave yarn behind when it is
    killed meanwhile.
    """
    from jupyterlab import commands

    commands._yarn_config = lambda logger: {"yarn config": {}, "npm config": {}}
    from jupyterlab import labapp  # here, as it asks while it is imported

    labapp.main()


if __name__ == "__main__":
    serve()

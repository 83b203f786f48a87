"""JupyterLab's settings for learners and instructors."""

import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

import nbformat
import psutil
import pytest
from browser import TOKEN, running_lab

from mftcourse.course import notebooks
from mftcourse.course.files import Course, CourseError
from mftcourse.course.kernel import CELL_SECONDS
from mftcourse.learning import lab

ROLES = ("learner", "instructor")


@pytest.fixture
def course(tmp_path) -> Course:
    """A course with two released units."""
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    for unit in ("01-first", "02-second"):
        folder = tmp_path / "release" / unit
        (folder / "zh").mkdir(parents=True)
        for path in (folder, folder / "zh"):
            nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(unit, id="a")])
            nbformat.write(nb, path / f"{unit[3:]}.ipynb")
    return Course(tmp_path)


@pytest.fixture
def started(monkeypatch) -> list:
    """What launch() would run: (command, folder, environment)."""
    calls: list = []
    monkeypatch.setattr(lab, "_run", lambda *call: calls.append(call) or 0)
    return calls


def test_learner_gets_every_unit_and_what_was_open_last(course, started):
    assert lab.launch(course) == 0
    command, folder, env = started[0]
    assert folder == course.root / "work"
    assert sorted(p.name for p in folder.glob("*/*.ipynb")) == ["first.ipynb", "second.ipynb"]
    assert "--LabApp.default_url=/lab" in command
    assert f"--ServerApp.root_dir={folder}" in command
    assert "--no-browser" not in command
    assert env["JUPYTER_CONFIG_PATH"].endswith("learner")


def test_learner_may_name_the_unit(course, started):
    lab.launch(course, unit="02-second", browser=False, port=9999)
    command = started[0][0]
    assert "--LabApp.default_url=/lab/tree/02-second/second.ipynb" in command
    assert {"--no-browser", "--ServerApp.port=9999"} <= set(command)


def test_learner_may_name_a_drill(course, started):
    with pytest.raises(CourseError, match="no drills/x.ipynb.*mft drill"):
        lab.launch(course, unit="drills/x.ipynb")
    (course.root / "work" / "drills").mkdir(parents=True)
    (course.root / "work" / "drills" / "x.ipynb").touch()
    lab.launch(course, unit="drills/x.ipynb")
    assert "--LabApp.default_url=/lab/tree/drills/x.ipynb" in started[0][0]


@pytest.fixture
def server(course):
    """A running server of the course's work folder, as far as another process can tell; returns what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.headers["Authorization"] == "token secret" else 403)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        runtime = course.root / ".mft" / "learner" / "runtime"
        runtime.mkdir(parents=True)
        about = {
            "pid": os.getpid(),
            "url": f"http://127.0.0.1:{served.server_port}/",
            "token": "secret",
            "root_dir": str(course.root / "work"),
        }
        (runtime / f"jpserver-{os.getpid()}.json").write_text(json.dumps(about))
        yield about, runtime, asked
        served.shutdown()


def test_a_second_launch_opens_the_running_server(course, started, server, monkeypatch, capsys):
    about, runtime, asked = server
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # no proxy stands between the two
    assert lab.launch(course, unit="02") == 0
    address = f"{about['url']}lab/tree/02-second/second.ipynb?token=secret"
    assert not started and asked == ["/api/status"]
    assert address in capsys.readouterr().out
    assert opened == [(runtime / "open.html").as_uri()] and address in (runtime / "open.html").read_text()
    assert os.name != "posix" or (runtime / "open.html").stat().st_mode & 0o077 == 0
    lab.launch(course, browser=False)
    assert f"{about['url']}lab?token=secret" in capsys.readouterr().out
    assert len(opened) == 1 and not started


@pytest.mark.parametrize(
    "change", [{"root_dir": "/elsewhere/work"}, {"token": "of another"}, {"url": "http://127.0.0.1:9/"}]
)
def test_what_is_not_this_courses_server_is_not_taken_for_it(course, started, server, change):
    about, runtime, _ = server
    (runtime / f"jpserver-{os.getpid()}.json").write_text(json.dumps(about | change))
    lab.launch(course)
    assert len(started) == 1


def test_an_instructors_lab_is_not_the_learners(course, started, server):
    lab.launch(course, instructor=True)
    assert len(started) == 1 and not server[2]


@pytest.mark.slow
def test_the_lab_starts_nothing_else_and_leaves_nothing_behind(tmp_path, monkeypatch):
    """npm and its like are there and leave a trace when they are called; a kernel and a terminal are running."""
    trace, programs = tmp_path / "trace", tmp_path / "bin"
    programs.mkdir()
    for name in ("npm", "node", "nodejs", "npx", "yarn"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> "{trace}"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with running_lab(tmp_path) as running:
        overview = urllib.request.urlopen(running.page_url("mft/overview"), timeout=60)
        assert b"Training better" in overview.read()
        assert "default-src 'none'" in overview.headers["Content-Security-Policy"]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{running.url}/mft/overview", timeout=60)
        assert running.status("lab") == 200 and running.status("lsp/status") == 404
        for kind in ("kernels", "terminals"):
            headers = {"Authorization": f"token {TOKEN}"}
            asked = urllib.request.Request(f"{running.url}/api/{kind}", b"{}", headers, method="POST")
            assert urllib.request.urlopen(asked, timeout=60).status in (200, 201)
        # a second `mft lab` finds it
        command = [sys.executable, "-m", "mftcourse.cli", "lab", "05", "--no-browser"]
        second = subprocess.run(command, cwd=running.root, capture_output=True, text=True, timeout=60)
        port = running.url.rsplit(":", 1)[1]
        assert f"localhost:{port}/lab/tree/05-optimisation/optimisation.ipynb" in second.stdout, second
        children = psutil.Process(running.pid).children(recursive=True)
        assert len(children) >= 2
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, alive
    assert not trace.exists(), trace.read_text()


def test_an_unknown_unit_is_a_sentence_that_lists_the_known(course, started):
    with pytest.raises(CourseError, match="'09-none'.*01-first, 02-second"):
        lab.launch(course, unit="09-none")
    assert not started


def test_a_second_launch_leaves_the_learners_work_alone(course, started):
    lab.launch(course)
    mine = course.root / "work" / "01-first" / "first.ipynb"
    mine.write_text("my work")
    lab.launch(course)
    assert mine.read_text() == "my work"


def test_instructor_gets_the_whole_course(course, started):
    lab.launch(course, instructor=True)
    _, folder, env = started[0]
    assert folder == course.root
    assert env["JUPYTER_CONFIG_PATH"].endswith("instructor")
    assert not (course.root / "work").exists()


def test_only_missing_units_are_built(course, started, monkeypatch):
    for unit in ("01-first", "03-third"):
        (course.root / "course" / unit).mkdir(parents=True)
        (course.root / "course" / unit / "lesson.py").touch()
    built = []
    monkeypatch.setattr(notebooks, "build", lambda course, only: built.append((course, only)))
    assert lab.build_missing(course) == ["03-third"]
    assert built == [(course, ["03-third"])]


def test_environment_keeps_your_own_jupyter_out(course, monkeypatch):
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", "/elsewhere")
    env = lab.lab_environment(course)
    assert "JUPYTERLAB_SETTINGS_DIR" not in env
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(env[name]).is_relative_to(course.root / ".mft" / "learner")
    assert env["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert os.environ["JUPYTERLAB_SETTINGS_DIR"] == "/elsewhere"  # only the server's environment differs


@pytest.mark.parametrize("role", ROLES)
def test_every_disabled_plugin_exists(role):
    """A plugin that was renamed by an update would come back; this notices it."""
    disabled = json.loads((lab.CONFIG / role / "labconfig" / "page_config.json").read_text())["disabledExtensions"]
    share = Path(sys.prefix) / "share" / "jupyter"
    code = "".join(p.read_text(errors="replace") for p in (share / "labextensions" / "@jupyter").rglob("*.js"))
    schemas = share / "lab" / "schemas"
    for name in disabled:
        package, _, plugin = name.partition(":")
        if package == "@jupyter/nbgrader":
            assert f"{package}:{plugin}" in code, name
        elif package.startswith("@jupyterlab/"):
            assert (schemas / package).is_dir(), name
        else:
            assert (share / "labextensions" / package).is_dir(), name


def test_only_the_learner_lacks_the_instructors_tools():
    tools = {f"@jupyter/nbgrader:{name}" for name in ("menu", "formgrader", "create-assignment")}
    disabled = {
        role: set(json.loads((lab.CONFIG / role / "labconfig" / "page_config.json").read_text())["disabledExtensions"])
        for role in ROLES
    }
    assert tools <= disabled["learner"]
    assert not tools & disabled["instructor"]
    assert not any("@jupyter/nbgrader:validate-assignment" in names for names in disabled.values())


def test_the_learners_nbgrader_settings_load(monkeypatch, tmp_path):
    """What the Validate button reads, with none of the instructor's files in reach."""
    from nbgrader.apps import NbGrader

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(lab.CONFIG / "learner"))
    app = NbGrader()
    app.load_config_file()
    assert app.config.Execute.timeout == CELL_SECONDS
    assert "source_directory" not in app.config.CourseDirectory

"""JupyterLab's settings for learners and instructors, the doctor, and what the Makefile relies on."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config import Config

from mftcourse import authoring, lab, workspace

ROLES = ("learner", "instructor")


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course folder with two released units, which the working directory is in."""
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    for unit in ("01-first", "02-second"):
        folder = tmp_path / "release" / unit
        (folder / "zh").mkdir(parents=True)
        for path in (folder, folder / "zh"):
            nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(unit, id="a")])
            nbformat.write(nb, path / f"{unit[3:]}.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def started(monkeypatch) -> list:
    """What launch() would run: (command, folder, environment)."""
    calls: list = []
    monkeypatch.setattr(lab, "_run", lambda *call: calls.append(call) or 0)
    return calls


def test_course_root_is_found_from_inside(course, monkeypatch):
    inside = course / "work" / "01-first"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert lab.course_root() == course
    assert lab.course_root(course) == course


def test_course_root_falls_back_to_the_installed_course(tmp_path, root):
    assert lab.course_root(tmp_path) == root


def test_no_course_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "__file__", str(tmp_path / "lib" / "mftcourse" / "lab.py"))
    with pytest.raises(FileNotFoundError, match="no course in .* Change to the course folder"):
        lab.course_root(tmp_path)


def test_learner_gets_every_unit_and_the_first_one_open(course, started):
    assert lab.launch() == 0
    command, folder, env = started[0]
    assert folder == course / "work"
    assert sorted(p.name for p in folder.glob("*/*.ipynb")) == ["first.ipynb", "second.ipynb"]
    assert "--LabApp.default_url=/lab/tree/01-first/first.ipynb" in command
    assert f"--ServerApp.root_dir={folder}" in command
    assert "--no-browser" not in command
    assert env["JUPYTER_CONFIG_PATH"].endswith("learner")


def test_learner_may_name_the_unit(course, started):
    lab.launch(unit="02-second", browser=False, port=9999)
    command = started[0][0]
    assert "--LabApp.default_url=/lab/tree/02-second/second.ipynb" in command
    assert {"--no-browser", "--ServerApp.port=9999"} <= set(command)


def test_an_unknown_unit_is_a_sentence_that_lists_the_known(course, started):
    with pytest.raises(workspace.WorkspaceError, match="'09-none'.*01-first, 02-second"):
        lab.launch(unit="09-none")
    assert not started


def test_a_second_launch_leaves_the_learners_work_alone(course, started):
    lab.launch()
    mine = course / "work" / "01-first" / "first.ipynb"
    mine.write_text("my work")
    lab.launch()
    assert mine.read_text() == "my work"


def test_instructor_gets_the_whole_course(course, started):
    lab.launch(instructor=True)
    _, folder, env = started[0]
    assert folder == course
    assert env["JUPYTER_CONFIG_PATH"].endswith("instructor")
    assert not (course / "work").exists()


def test_only_missing_units_are_built(course, started, monkeypatch):
    for unit in ("01-first", "03-third"):
        (course / "course" / unit).mkdir(parents=True)
        (course / "course" / unit / "lesson.py").touch()
    built = []
    monkeypatch.setattr(authoring, "build", lambda root, only: built.append((root, only)))
    assert lab.build_missing(course) == ["03-third"]
    assert built == [(course, ["03-third"])]


def test_environment_keeps_your_own_jupyter_out(course, monkeypatch):
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", "/elsewhere")
    env = lab.lab_environment(course)
    assert "JUPYTERLAB_SETTINGS_DIR" not in env
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(env[name]).is_relative_to(course / ".mft" / "learner")
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


@pytest.mark.slow
def test_an_endless_loop_ends_with_a_sentence():
    from nbgrader.preprocessors import Execute

    config = Config()
    lab.stop_endless_loops(config, seconds=3)
    cells = [nbformat.v4.new_code_cell("while True:\n    pass"), nbformat.v4.new_code_cell("6 * 7")]
    nb, _ = Execute(config=config).preprocess(nbformat.v4.new_notebook(cells=cells), {})
    said = [output.evalue for output in nb.cells[0].outputs if output.output_type == "error"]
    assert any("stopped after 3 seconds. Look for a loop that never ends" in (text or "") for text in said)
    assert nb.cells[1].outputs[0].data["text/plain"] == "42"  # the kernel lives


def test_the_learners_nbgrader_settings_load(monkeypatch, tmp_path):
    """What the Validate button reads, with none of the instructor's files in reach."""
    from nbgrader.apps import NbGrader

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(lab.CONFIG / "learner"))
    app = NbGrader()
    app.load_config_file()
    assert app.config.Execute.timeout == lab.CELL_SECONDS
    assert "source_directory" not in app.config.CourseDirectory


def test_doctor_finds_nothing_wrong_here(monkeypatch, root):
    monkeypatch.chdir(root)
    found = lab.doctor()
    assert {"Python", "PyTorch", "notebook kernel", "JupyterLab", "units"} <= {f.name for f in found}
    assert [f for f in found if f.status == "fail"] == []
    assert all(f.action for f in found if f.status != "ok")


def test_doctor_names_a_missing_and_a_wrong_package(monkeypatch, root):
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "nbgrader":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "pandas" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = {f.name: f for f in lab._packages(root)}
    assert found["nbgrader"].status == "fail"
    assert found["pandas"].status == "warn"
    assert "is 0.0.1; the course was tested with" in found["pandas"].detail


def test_a_copy_without_course_is_complete_for_learners(course):
    assert lab._release(course) == lab.Finding("ok", "units", "2 released.")
    assert lab.build_missing(course) == []


def test_doctor_outside_a_course(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "__file__", str(tmp_path / "lib" / "mftcourse" / "lab.py"))
    (finding,) = lab.doctor()
    assert finding.status == "fail" and finding.action


def test_constraints_pin_everything_that_is_asked_for(root):
    pins = (root / "constraints.txt").read_text()
    names = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", pins, flags=re.MULTILINE)}
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    assert {canonicalize_name(Requirement(line).name) for line in asked} - {"mftcourse"} <= names
    assert "torch==2.13.0\n" in pins
    assert not re.search(r"==\S*\+", pins), "a local suffix names a build that others cannot install"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can take the network away")
def test_offline_takes_the_network_away(root):
    code = (
        "import os, socket\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())\n"
        "names = {name for _, name in socket.if_nameindex()}\n"
        "print(os.environ['MFT_NETWORK'], *names)"
    )
    command = [sys.executable, str(root / "tests" / "offline.py"), sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if said[0] != "off":
        pytest.skip("this system does not let an ordinary user make an empty network")
    assert said == ["off", "lo"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("python, sentence", [("false", "needs Python 3.11 or newer")])
def test_make_says_when_python_is_too_old(python, sentence, root):
    done = subprocess.run(["make", "venv", f"PYTHON={python}"], cwd=root, capture_output=True, text=True)
    assert done.returncode != 0
    assert sentence in done.stdout

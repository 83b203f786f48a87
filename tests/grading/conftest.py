"""The tiny course, built once a run and copied for each test that writes into it."""

import shutil

import pytest

from .tiny_course import UNIT, load, write_course


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course(built, tmp_path):
    return shutil.copytree(built, tmp_path / "course-copy")


@pytest.fixture
def release(built):
    return load(built / "release" / UNIT / "tiny.ipynb")


@pytest.fixture
def reference(built, release):
    import demo

    return demo.reference(release, load(built / "solutions" / UNIT / "tiny.ipynb"))

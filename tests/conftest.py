"""What every test shares: one thread for each numerical library, no network, nothing written into your home."""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before torch is imported; the workers of `-n` share the cores

import pytest
from hypothesis import HealthCheck, settings

# a loaded machine is no fault of what is tested
settings.register_profile("mftcourse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mftcourse")

ROOT = Path(__file__).resolve().parents[1]

# Refuses connections that leave this machine, inside a kernel. Only for systems on which offline.py
# could not take the network away.
GUARD = """
import socket as _socket
def _refuse(connect):
    def guarded(self, address):
        if self.family in (_socket.AF_INET, _socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"The tests run without a network, and this wants to reach {address[0]}.")
        return connect(self, address)
    return guarded
_socket.socket.connect = _refuse(_socket.socket.connect)
_socket.socket.connect_ex = _refuse(_socket.socket.connect_ex)
"""


def _private_jupyter() -> None:
    """Jupyter and IPython of this test run: none of your settings, startup files and history."""
    folder = Path(tempfile.mkdtemp(prefix="mft-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    if os.environ.get("MFT_NETWORK") != "off":
        (startup / "00-no-network.py").write_text(GUARD)
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["JUPYTER_CONFIG_DIR"] = str(folder / "config")
    os.environ["JUPYTER_DATA_DIR"] = str(folder / "data")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
    os.environ["MPLCONFIGDIR"] = str(folder / "matplotlib")


if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers inherit it
    _private_jupyter()


def pytest_report_header() -> str:
    if os.environ.get("MFT_NETWORK") == "off":
        return "network: off"
    return "network: on, but the kernels of the tests refuse connections in Python (`make test` can do more on Linux)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first; then the longest ones, so that no worker ends long after the other."""

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else ""
        if path.startswith("tests/browser"):
            return 1
        if path.startswith("solutions"):
            return 2
        if path.startswith(("tests/course", "tests/grading", "tests/attacks")):
            return 3
        return 0

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all laws of a unit to one worker, which runs its cells once (loadgroup of xdist 3.8 is deaf in pytest 9.2)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            law = re.search(r"test_laws\.py::\w+\[(?:\w+-)?(\d\d-[\w-]+)\]$", nodeid)
            return law[1] if law else nodeid

    config.option.loadscopereorder = False  # fast tests first
    return ByUnit(config, log)


@pytest.fixture
def root() -> Path:
    """The course folder."""
    return ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The tiny course, built once a run; tests that write take `course`."""
    from tiny_course import write_course

    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course(built, tmp_path):
    """A copy of the tiny course."""
    return type(built)(shutil.copytree(built.root, tmp_path / "course-copy"))


@pytest.fixture
def release(built):
    """The released notebook of the tiny course."""
    from tiny_course import UNIT, load

    return load(built.release(UNIT))


@pytest.fixture
def reference(built, release):
    """The same, with every exercise solved."""
    import demo
    from tiny_course import UNIT, load

    return demo.reference(release, load(built.notebook("solutions", UNIT)))


@pytest.fixture
def two_units(root, tmp_path, monkeypatch):
    """A course with the questions and releases of two real units; the working directory is in it."""
    from mftcourse.course.files import Course

    folder = tmp_path / "course"
    for unit in ("06-metrics", "07-finetuning"):
        (folder / "course" / unit).mkdir(parents=True)
        shutil.copy(root / "course" / unit / "interview.yaml", folder / "course" / unit)
        shutil.copytree(root / "release" / unit, folder / "release" / unit)
    shutil.copy(root / "constraints.txt", folder)
    monkeypatch.chdir(folder)
    return Course(folder)

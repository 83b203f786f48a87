"""The versions that are pinned, and what the Makefile relies on."""

import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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

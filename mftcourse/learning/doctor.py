"""`mft doctor`: what is installed, what is wrong, and what to do."""

import importlib.metadata
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..course.files import Course, CourseError

REPAIR = "Run make lab again; it repairs the environment."
REINSTALL = "Run make clean lab."


@dataclass(frozen=True)
class Line:
    """One line of `mft doctor`: what was looked at, what was seen, and what to do about it."""

    status: Literal["ok", "warn", "fail"]
    name: str
    detail: str
    action: str = ""


def examine(course: Course) -> list[Line]:
    """Look at everything that the course needs. Takes about ten seconds; changes nothing."""
    return [_python(), *_packages(course), _torch(), _smollm2(), _kernel(), _validate_button(), _release(course)]


def no_course(error: CourseError) -> list[Line]:
    """Say the same of a folder in which there is none."""
    return [Line("fail", "course folder", str(error), "cd into the folder that holds constraints.txt.")]


def _python() -> Line:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.prefix == sys.base_prefix:
        return Line("warn", "Python", f"{version}, outside an environment.", "Use the course's own: make lab.")
    return Line("ok", "Python", version)


def _packages(course: Course) -> list[Line]:
    """One line for every package that is missing or has another version than the course was tested with."""
    lines = (course.root / "constraints.txt").read_text()
    pins = {canonicalize_name(name): v for name, v in re.findall(r"^([\w.-]+)==(\S+)", lines, flags=re.MULTILINE)}
    asked = [Requirement(line) for line in importlib.metadata.requires("mftcourse") if "extra ==" not in line]
    needed = sorted(canonicalize_name(requirement.name) for requirement in asked)
    found = []
    for name in needed:
        try:
            version = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            found.append(Line("fail", name, "is not installed.", REPAIR))
            continue
        pinned = pins.get(name, version)
        if version != pinned:
            detail = f"is {version}; the course was tested with {pinned}. Numbers may differ."
            found.append(Line("warn", name, detail, f'{sys.executable} -m pip install "{name}=={pinned}"'))
    return found or [Line("ok", "packages", f"{len(needed)} needed, all in the tested versions.")]


def _torch() -> Line:
    try:
        import torch
    except Exception as error:  # a broken shared library raises OSError, a missing part ImportError
        return Line("fail", "PyTorch", f"does not start: {error}", REINSTALL)
    device = "with a GPU" if torch.cuda.is_available() else "on the CPU"
    return Line("ok", "PyTorch", f"{torch.__version__}, {device}.")


def _smollm2() -> Line:
    try:
        from ..models import smollm2_missing

        missing = smollm2_missing()
    except Exception as error:
        return Line("warn", "SmolLM2", f"could not be looked at: {error}", REINSTALL)
    if missing:
        said, _, command = missing.partition("; to get it: ")
        return Line("warn", "SmolLM2", f"{said}. Notebooks run without it, and say what they leave out.", command)
    return Line("ok", "SmolLM2", "installed, and the published file.")


def _kernel() -> Line:
    try:
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        nb = new_notebook(cells=[new_code_cell("import mftcourse")])
        NotebookClient(nb, kernel_name="python3", timeout=60).execute(stderr=subprocess.DEVNULL)
    except Exception as error:
        reason = getattr(error, "evalue", error)  # of the cell's own error, without its traceback
        return Line("fail", "notebook kernel", f"does not start or cannot import the course: {reason}", REINSTALL)
    return Line("ok", "notebook kernel", "starts, and finds the course.")


def _validate_button() -> Line:
    """nbgrader's part of JupyterLab is a file beside the packages, which pip does not look after."""
    button = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyter", "nbgrader", "package.json")
    if not button.is_file():
        return Line("fail", "JupyterLab", "lacks nbgrader's part of it.", REINSTALL)
    return Line("ok", "JupyterLab", "has nbgrader's Validate button.")


def _release(course: Course) -> Line:
    released = len(course.units())
    if not released:
        return Line("fail", "units", "none is released.", "Run mft build.")
    if not (course.root / "course").is_dir():  # a copy for learners
        return Line("ok", "units", f"{released} released.")
    try:
        from ..course import notebooks

        drifted = notebooks.drift(course)
    except Exception as error:
        drifted = [f"course/ could not be compared: {error}"]
    if drifted:
        return Line("warn", "units", f"{released} released; {drifted[0]}", "Run mft build.")
    return Line("ok", "units", f"{released} released, as course/ says.")

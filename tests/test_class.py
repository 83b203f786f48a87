"""`make class`: what learners get works, and gives nothing away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    if not (ROOT / ".git").exists() or not shutil.which("make") or not shutil.which("git"):
        pytest.skip("make class needs git, make and a clone")
    folder = tmp_path_factory.mktemp("class")
    archive = folder / "class.zip"
    subprocess.run(["make", "class", f"ZIP={archive}"], cwd=ROOT, check=True, capture_output=True)
    zipfile.ZipFile(archive).extractall(folder)
    return folder / "mftcourse"


def test_it_holds_no_solution_no_hidden_check_and_no_model_answer(copy):
    assert not any((copy / name).exists() for name in ("course", "solutions", "tests", "docs/instructors", "docs/mutants.md"))
    for notebook in (copy / "release").rglob("*.ipynb"):
        text = notebook.read_text(encoding="utf-8")
        assert not any(mark in text for mark in ("BEGIN SOLUTION", "BEGIN HIDDEN", "hidden=True")), notebook


def test_learners_can_start_ask_for_a_hint_and_be_asked(copy):
    env = os.environ | {"PYTHONPATH": str(copy)}
    for words, said in (
        (["start", "06"], "06-metrics"),
        (["hint", "confusion_counts"], "Hint 1"),
        (["quiz", "--count", "1"], "1 of 1"),
        (["drill", "roc_curve"], "roc_curve of 06-metrics, 12 minutes"),
        (["quiz", "--route", "three-evenings", "--count", "1"], "Three evenings · 1 of 3"),
        (["quiz", "--mock", "30"], "Then you code, "),
        (["cards", "--lang", "zh"], "mftcourse-interview-zh.apkg"),
        (["progress"], "07-finetuning"),
    ):
        command = [sys.executable, "-m", "mftcourse.cli", *words]
        done = subprocess.run(command, cwd=copy, env=env, input="\n3\n", capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert said in done.stdout, words

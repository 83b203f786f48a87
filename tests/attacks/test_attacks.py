"""No notebook bends a grade, learns a secret, leaves its room, acts in a page or harms another; see attacks.py."""

import collections
import re
import subprocess

import attacks
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from mftcourse.course.handin import exercise, kind

CATALOGUE = attacks.catalogue()


def test_the_catalogue_is_whole():
    """Names are told apart, every kind is there twice and in the sample, and what may be lost is honest."""
    students = [attack.student for attack in CATALOGUE]
    assert len(set(students)) == len(students) >= 60
    assert attacks.FIRST < min(students) and max(students) < attacks.LAST
    assert min(collections.Counter(a.kind for a in CATALOGUE).values()) >= 2
    assert {a.kind for a in attacks.sample()} == {a.kind for a in CATALOGUE}
    for attack in CATALOGUE:
        assert set(attack.loses) <= set(attacks.HONEST) and bool(attack.why) == bool(attack.loses or attack.fair), attack.name
        assert not set(attack.attacked) & set(attacks.HONEST) - set(attack.loses), attack.name


def test_every_cell_is_a_program_with_a_belt(tmp_path):
    """Valid IPython, and first of all the line that ends it outside the fence; nothing is run, but for `bash -n`."""
    base = {cell.id: cell.source for cell in attacks.honest().cells}
    for attack in CATALOGUE:
        nb, beside = attacks.notebook(attack, tmp_path)
        added = [cell for cell in nb.cells if cell.source != base.get(cell.id)]
        assert added or beside or attack.edit, attack.name
        for cell in [c for c in added if c.cell_type == "code" and attack.cells]:
            assert str(tmp_path) in "".join(cell.source.splitlines(True)[:2]), f"{attack.name} has no belt"
            compile(TransformerManager().transform_cell(cell.source), attack.name, "exec")
            if re.match("%%(bash|script)", cell.source):
                subprocess.run(["bash", "-n"], input=cell.source.partition("\n")[2], text=True, check=True)
        for name, text in beside.items():
            if name.endswith(".py"):
                assert str(tmp_path) in text.partition("\n")[0], f"{name} of {attack.name} has no belt"
                compile(text, name, "exec")


def test_every_exercise_that_is_a_function_is_asked_with_a_secret():
    code = {exercise(c) for c in attacks._built()[1].cells if kind(c) == "check" and "BEGIN HIDDEN" in c.source}
    assert code == set(attacks.ASKED)


@pytest.mark.parametrize("payload", [
    "<script>x</script>", "<img src=x onerror=y>", "<a href=' java\nscript:x'>", "<img src=//mftpwn.example>", "<iframe srcdoc=x>", "<svg onload=x>",
    "<p style='position:fixed'>", "<style>@import 'x'</style>", "<a id=mftpwn>", "<meta http-equiv=refresh content=0>", "<img src='data:image/svg+xml,x'>",
    "<svg><a xlink:href=x>", "<base href=x>", "<p style='background:url(x)'>", "<form action=x>",
])  # fmt: skip
def test_the_reader_of_pages_sees(payload):
    assert attacks.active(f"<h1>A page</h1>{payload}")
    inert = "<style>p { color: red; background: url(data:image/png;base64,) }</style><p style='color:red'>mftpwn &lt;script&gt;</p>"
    assert attacks.active(f"{inert}<a href='#x'>x</a><a href='https://mftpwn.example'>x</a><img src='data:image/png;base64,AAAA' alt='mftpwn'>") == []


@pytest.mark.slow
def test_no_attack_gains_learns_leaves_or_harms(tmp_path, monkeypatch):
    if reason := attacks.why_not():
        pytest.skip(reason)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    outcome = attacks.run(tmp_path, attacks.sample())
    assert outcome.trouble == [], "\n".join(outcome.trouble)

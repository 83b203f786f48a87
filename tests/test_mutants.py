"""The tool that tests the graders, and its list of mutants that are equivalent to the reference."""

from __future__ import annotations

import ast
import random
import re
import zlib

import pytest
from mutants import EQUIVALENT, REPORT, explained, judge, mutants, plan, together

from mftcourse.course.files import Course
from mftcourse.course.lesson import BEGIN_SOLUTION, END_SOLUTION, new_unit

UNITS = Course(EQUIVALENT.parents[1]).units("course")


def exercise(body: str, header: str = "def f(x, y, n=3):", tail: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in [BEGIN_SOLUTION, *body.split("\n"), END_SOLUTION])
    return f"{header}\n    '''Doc: 1 < 2.'''\n{lines}\n{tail}"


def changed(body: str) -> set[str]:
    """Return what mutants make of a body: their code, without the header and the docstring."""
    return {code.split('"""\n')[1].strip().replace("    ", "") for code in mutants(exercise(body)).values()}


@pytest.mark.parametrize(
    ("body", "some"),
    [
        ("return x < y", {"return x <= y", "return x > y"}),
        ("return x == y", {"return x != y"}),
        ("return x + y * 2", {"return x - y * 2", "return x + y / 2", "return x + y * 3", "return x + y * 1"}),
        ("return x @ y", {"return y @ x"}),
        ("return not x", {"return x"}),
        ("return x and y", {"return x or y", "return x", "return y"}),
        ("return f(x, y)", {"return f(y, x)"}),
        ("return [x for i in range(n)]", {"return [x for i in range(n + 1)]", "return [x for i in range(n - 1)]"}),
        ("return x[:n]", {"return x[:n + 1]"}),
        ("return x[-1]", {"return x[-2]", "return x[-0]", "return x[1]"}),
        ("return x.sum(axis=0)", {"return x.sum(axis=1)", "return x.sum()"}),
        ("return x.sum(dim=-1, keepdim=True)", {"return x.sum(dim=0, keepdim=True)", "return x.sum(dim=-1, keepdim=False)"}),
        ("return x.detach()", {"return x"}),
        ("return copy.deepcopy(x)", {"return x"}),
        ("x.eval()\nreturn y", {"x.train()\nreturn y", "pass\nreturn y"}),
        ("with torch.no_grad():\n    return x", {"return x", "pass", "with torch.no_grad():\npass"}),
        ("return x if n else y", {"return x", "return y"}),
        ("if x:\n    raise ValueError('1 < 2')\nreturn y", {"pass\nreturn y"}),
        ("return 0.5", {"return 1.0"}),
        ("return {'mean': x}", {"return {'meanx': x}"}),
    ],
)  # fmt: skip
def test_operators(body, some):
    found = changed(body)
    assert some <= found
    assert body.replace("    ", "") not in found, "a mutant that is the reference"


def test_only_what_the_learner_writes_is_changed():
    source = exercise("return x + y", header="def f(x: int = 1, n=2) -> int:", tail="\ndef given(): return 1 + 1\n")
    assert {re.sub(r"\s", "", c) for c in mutants(source).values()} == {
        re.sub(r"\s", "", ast.unparse(ast.parse(source.replace("return x + y", new)))) for new in ("return x - y", "pass")
    }


def test_every_function_of_an_exercise_is_changed():
    two = exercise("return x + y") + exercise("return x * y", header="def g(x, y):")
    assert {"return x + y ⇒ return x - y", "return x * y ⇒ return x / y"} <= set(mutants(two))


def test_code_behind_a_release_region_stays():
    release = "    ### BEGIN RELEASE\n    # return 0\n    ### END RELEASE\n    return total\n"
    for code in mutants(exercise("total = x + y", tail=release)).values():
        assert code.rstrip().endswith("return total")


def test_messages_and_annotations_stay():
    found = changed("total: float = x\nraise ValueError(f'{1 + 1} is less than 3')")
    assert found == {"pass\nraise ValueError(f'{1 + 1} is less than 3')", "total: float = x\npass"}


def test_names_are_unique_and_stable():
    body = "a = x + 1\nb = x + 1\nreturn a + b"
    assert list(mutants(exercise(body))) == list(mutants(exercise(body)))
    assert len(mutants(exercise(body))) == len(set(mutants(exercise(body)).values()))


@pytest.mark.slow
def test_a_strong_check_kills_and_a_weak_one_does_not(tmp_path, monkeypatch):
    folder = new_unit(Course(tmp_path), "13-scaling")
    monkeypatch.setattr("mutants.ROOT", tmp_path)
    assert [v.name for v in judge("13-scaling", []) if not v.killed] == []
    path = folder / "lesson.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'with check\("an empty.*?mean, \[\]\)\n', "", text, flags=re.S).replace("points=3", "points=2"), encoding="utf-8")
    assert {v.name for v in judge("13-scaling", []) if not v.killed} == {
        "if not values ⇒ (dropped)",
        "raise ValueError('the mean of nothing is not defined') ⇒ (dropped)",
    }


@pytest.mark.parametrize("unit", UNITS)
def test_explanations_speak_of_mutants_that_exist(unit):
    listed = explained().get(unit, {})
    if not listed:
        return
    there = plan(unit, list(listed))
    for exercise_id, reasons in listed.items():
        for name, why in reasons.items():
            assert name in there.get(exercise_id, {}), f"{unit} {exercise_id}: no mutant is named {name!r} any more"
            assert len(why.split()) >= 4, f"{unit} {exercise_id}: say why {name!r} is equivalent"


def test_the_report_is_of_these_exercises():
    """`make mutants` was run after the last change of what learners write: the counts still fit."""
    report = REPORT.read_text(encoding="utf-8")
    parts = dict(part.split("\n", 1) for part in report.split("\n## ")[1:])
    for unit in UNITS:
        for exercise_id, some in plan(unit, []).items():
            row = re.search(rf"^\| `{exercise_id}` \| (\d+) \| (\d+) \|$", parts.get(unit, ""), re.M)
            assert row, f"{unit} {exercise_id} is not in docs/mutants.md; run make mutants"
            assert int(row[1]) + int(row[2]) == len(some), f"{unit} {exercise_id} has changed; run make mutants"
    assert "not explained" not in report


def test_a_report_of_one_unit_takes_the_place_of_its_part_alone():
    page = REPORT.read_text(encoding="utf-8")
    assert together(page, page) == page
    row = next(line for line in page.splitlines() if line.startswith("| 06-"))
    renewed = together(page, f"{page.split('| 01-')[0]}| 06-metrics | new |\n\n## 06-metrics\n\nnew\n")
    assert row not in renewed and "| 06-metrics | new |\n| 07-" in renewed and "\n\n## 06-metrics\n\nnew\n\n## 07-" in renewed
    assert renewed.split("\n\n## 06-")[0] == page.split("\n\n## 06-")[0].replace(row, "| 06-metrics | new |")


@pytest.mark.slow
@pytest.mark.parametrize("unit", [pytest.param(u, marks=pytest.mark.xdist_group(u)) for u in UNITS])
def test_a_drawn_sample_of_mutants_is_killed_or_explained(unit):
    """`make mutants` judges all; this draws ten of a unit, others after every change of its lesson."""
    everything = [(exercise_id, name) for exercise_id, some in plan(unit, []).items() for name in some]
    lesson = EQUIVALENT.parents[1] / "course" / unit / "lesson.py"
    drawn = random.Random(zlib.crc32(lesson.read_bytes())).sample(everything, 10)
    alive = [v for v in judge(unit, sorted({e for e, _ in drawn}), set(drawn)) if not v.killed and not v.why]
    assert not alive, f"nobody has said why these survive: {[(v.exercise, v.name) for v in alive]}"

"""Checks run on a copy, and progress is read from the scorecards."""

import contextlib

import nbformat
import pytest
from tiny_course import MEAN, MEDIAN, cell, load, save

from mftcourse.checks import MIME
from mftcourse.course.files import CourseError
from mftcourse.learning import progress


def test_check_runs_the_visible_checks_and_does_not_touch_the_notebook(course, mine):
    path = mine(mean=MEAN, median="def median(values):\n    return values[0] / 0")
    before = path.read_bytes()
    done = progress.check(course, "tiny")
    cards = {card["exercise"]: card for card in done.scorecards}
    assert (cards["mean"]["earned"], cards["median"]["earned"], done.passed) == (2, 0, False)
    assert "line 2" in cards["median"]["findings"][0]["message"]
    assert path.read_bytes() == before
    only = progress.check(course, "tiny", "mean")
    assert [card["exercise"] for card in only.scorecards] == ["mean"] and only.passed


def test_check_says_what_it_could_not_run(course, mine):
    path = mine(mean="def mean(values)\n    return 1", median=MEDIAN)
    nb = load(path)
    nb.cells.remove(cell(nb, "median-check"))
    save(nb, path)
    done = progress.check(course, "tiny")
    said = " ".join(done.notes)
    assert "mean ended with SyntaxError: " in said and "put back: check of median" in said
    assert [card["exercise"] for card in done.scorecards] == ["mean", "median"]
    mine(mean="import os\nos._exit(1)")
    done = progress.check(course, "tiny")
    assert "Python ended here" in " ".join(done.notes)
    with pytest.raises(CourseError, match="no check of 'mode'. These exist: mean, median|Did you mean"):
        progress.check(course, "tiny", "mode")


def scored(nb, name, *verdicts, points=3, hidden=1):
    findings = [{"title": str(i), "verdict": v, "points": 1, "earned": v == "passed"} for i, v in enumerate(verdicts)]
    card = {"exercise": name, "points": points, "earned": sum(f["earned"] for f in findings), "hidden_points": hidden}
    data = {"text/plain": "0", MIME: card | {"findings": findings}}
    output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    cell(nb, f"{name}-check").outputs = [nbformat.from_dict(output)]


def test_progress_reads_the_scorecards_of_the_notebooks(course, mine):
    path = mine(memo="The median.")
    nb = load(path)
    scored(nb, "mean", "passed", "passed")
    scored(nb, "median", "passed", "failed", points=4)
    save(nb, path)
    (unit,) = progress.progress(course).units
    assert (unit.exercises, unit.done, unit.points, unit.out_of) == (3, 2, 3, 9)
    assert (unit.minutes, unit.minutes_done) == (11, 6)


def test_a_watched_notebook_tells_after_every_save_what_changed(course, mine):
    mine()
    with contextlib.closing(progress.watch(course, "tiny")) as seen:
        first = next(seen)
        assert first.news == {} and first.open == ["mean", "median"]
        mine(mean=MEAN)
        done = next(seen)
        assert [(f.title, f.verdict) for f in done.news.pop("mean")] == [
            ("1, 2 and 9: 4", "passed"),
            ("one number is its own mean", "passed"),
        ]
        assert done.news == {} and done.open == ["median"]
        mine(mean=MEAN.replace("len(values)", "3"))
        assert [(f.title, f.verdict) for f in next(seen).news["mean"]] == [("one number is its own mean", "failed")]
        path = mine(mean=MEAN.replace("len(values)", "3.0"))
        assert [f.verdict for f in next(seen).news["mean"]] == ["failed"], "another answer, the same failure"
        good = path.read_bytes()
        path.write_text("{")
        assert "not a notebook" in next(seen).notes[0]
        path.write_bytes(good)
        assert next(seen).open == ["mean", "median"]
    assert progress.progress(course).units[0].points == 1, "it is kept as mft check keeps it"

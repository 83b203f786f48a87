"""Hints come one step at a time, in the learner's language."""

import shutil

import pytest
from tiny_course import in_chinese

from mftcourse.course.files import CourseError
from mftcourse.learning import hints


def test_hints_come_step_by_step_and_only_of_that_exercise(course, mine):
    assert [title for title, _ in hints.hints(course, "mean")] == ["Hint 1", "Hint 2"]
    assert hints.hints(course, "01/median") == [("Hint 1", "`sorted` sorts.")]
    mine()
    with pytest.raises(CourseError, match="not released in 'zh'"):
        hints.hints(course, "mean", language="zh")
    in_chinese(course)
    assert len(hints.hints(course, "mean", language="zh")) == 2
    assert hints.hints(course, "memo") == []
    with pytest.raises(CourseError, match="These exist: mean, median, memo"):
        hints.hints(course, "xyz")
    with pytest.raises(CourseError, match="Did you mean median"):
        hints.hints(course, "01/medain")
    shutil.copytree(course.root / "release/01-tiny", course.root / "release/02-tiny")
    with pytest.raises(CourseError, match="01-tiny and 02-tiny. Name the unit: 01/mean"):
        hints.hints(course, "mean")
    assert len(hints.hints(course, "02/mean")) == 2


def test_a_hint_moves_on_by_itself_and_remembers_where_it_was(course):
    assert [hints.step(course, "mean")[2] for _ in range(3)] == [1, 2, 2]
    assert hints.step(course, "01/median")[2] == 1, "each exercise has its own place"
    assert hints.step(course, "mean", 1)[2] == 1 and hints.step(course, "mean")[2] == 2


@pytest.mark.parametrize("text", ["", "[1]", '{"01-tiny/mean": "x"}', "null"])
def test_a_memory_that_cannot_be_read_begins_anew(course, text):
    path = course.root / "work" / ".mft" / "hints.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert hints.step(course, "mean")[2] == 1 and hints.step(course, "mean")[2] == 2

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
    with pytest.raises(CourseError, match="01-tiny: mean, median, memo"):
        hints.hints(course, "mode")
    shutil.copytree(course.root / "release/01-tiny", course.root / "release/02-tiny")
    with pytest.raises(CourseError, match="01-tiny and 02-tiny. Name the unit: 01/mean"):
        hints.hints(course, "mean")
    assert len(hints.hints(course, "02/mean")) == 2

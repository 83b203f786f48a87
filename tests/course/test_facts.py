"""What the facts of all units have in common."""

from __future__ import annotations

from tiny_course import UNIT, in_chinese

from mftcourse.course import facts


def test_a_claim_that_does_not_hold_stands_nowhere():
    assert facts.holds(1 < 2, "one is less") == "one is less"
    assert facts.holds(2 < 1, "one is less") != "one is less"


def test_times_are_those_of_the_exercises_and_of_reading(course):
    folder, english = course.folder("course", UNIT), "Plan 0 minutes: 11 minutes of exercises"
    assert facts.times(folder) == [english]
    in_chinese(course)
    assert facts.times(folder) == [english, "请安排 0 分钟：其中练习 11 分钟"]


def test_what_is_released_takes_the_references_place(built):
    lesson = {"median": "the reference", "numbers": [1, 2, 9]}
    shown = facts.released(built.folder("course", UNIT), "median", lesson)
    assert shown["median"]([1, 9, 2]) == 9 and shown["numbers"] == [1, 2, 9]
    assert lesson["median"] == "the reference"

"""Where a course and its units lie; what is not there is a sentence."""

import pytest
from tiny_course import UNIT

from mftcourse.course import files
from mftcourse.course.files import Course, CourseError


def test_a_course_is_found_from_inside(course, monkeypatch):
    inside = course.root / "work" / "01-first"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert Course.find() == course
    assert Course.find(course.root) == course


def test_the_installed_course_does_where_there_is_no_other(tmp_path, root):
    assert Course.find(tmp_path).root == root


def test_no_course_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "__file__", str(tmp_path / "lib" / "mftcourse" / "course" / "files.py"))
    with pytest.raises(CourseError, match="no course in .* Change to the course folder"):
        Course.find(tmp_path)


@pytest.mark.parametrize("name", ["01", "1", "tiny", "01-tiny", "01-tiny/"])
def test_a_unit_is_found_by_any_of_its_names(course, name):
    assert course.find_unit(name) == UNIT


def test_an_unknown_unit_lists_what_exists(course, tmp_path):
    with pytest.raises(CourseError, match=r"no unit '7'.*01-tiny"):
        course.find_unit("7")
    with pytest.raises(CourseError, match="mft build"):
        Course(tmp_path / "empty").find_unit("7")

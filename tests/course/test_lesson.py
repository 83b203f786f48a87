"""A lesson as it is written, and the skeleton of a new one."""

from __future__ import annotations

import pytest

from mftcourse.course.files import LessonError
from mftcourse.course.lesson import new_unit


def test_new_unit_refuses_bad_and_taken_names(tmp_path):
    with pytest.raises(LessonError, match="looks like 13-scaling"):
        new_unit(tmp_path, "scaling")
    new_unit(tmp_path, "13-scaling")
    with pytest.raises(LessonError, match="is there already; nothing was written"):
        new_unit(tmp_path, "13-scaling")

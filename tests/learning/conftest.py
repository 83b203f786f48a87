"""A learner in the tiny course."""

import pytest
from tiny_course import UNIT, cell, load, save

from mftcourse.learning import workspace


@pytest.fixture
def mine(course):
    """The learner's notebook of the tiny unit, started; call it with answers to write them into it."""
    path = workspace.start(course, UNIT).path

    def write(**sources):
        nb = load(path)
        for name, source in sources.items():
            cell(nb, name).source = source
        save(nb, path)
        return path

    return write

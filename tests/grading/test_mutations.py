"""A drawn sample of mutated hand-ins goes through a real `mft grade`; `mutations.py` does so with all of them."""

import random
import sys

import pytest
from tiny_course import UNIT

from mftcourse.grading.room import available

from . import mutations


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or bool(available()), reason="rooms cannot be fenced in here")
def test_a_class_of_mutated_hand_ins_is_graded_or_told_why_not(tmp_path):
    seeds = random.Random(str(sorted(mutations.KINDS))).sample(range(500), 25)
    assert mutations.grade(UNIT, tmp_path / "course", seeds) == []

"""Helpers of the course on preparing and fine-tuning models. What learners build is never in here."""

from . import probes
from .checks import Scorecard, cell_limit, check, grade
from .expect import expect, expect_choice, expect_raises, given

__all__ = ["Scorecard", "cell_limit", "check", "expect", "expect_choice", "expect_raises", "given", "grade", "probes"]

cell_limit()  # inside a notebook, an endless loop ends with a sentence

"""Helpers of the course on preparing and fine-tuning models. What learners build is never in here.

The ground is what notebooks import, and knows neither courses nor files:
    checks      named checks with hints, and the scorecard that ends a check cell
    expect      compare two values, and word the difference
    mistakes    sentences for what beginners do first
    probes      plain-data views into modules, optimizers and functions
    data        data sets and small weights, from installed packages
    models      two language models: SmolLM2, and a tiny one
    plots       what figures share
Above it are four rooms, and imports go down only: `cli`, then `learning` beside `grading`, then `course`. Each says in
its `__init__.py` what lies where.
"""

from . import probes
from .checks import Scorecard, cell_limit, check, grade
from .expect import expect, expect_choice, expect_raises, given

__all__ = ["Scorecard", "cell_limit", "check", "expect", "expect_choice", "expect_raises", "given", "grade", "probes"]

cell_limit()  # inside a notebook, an endless loop ends with a sentence

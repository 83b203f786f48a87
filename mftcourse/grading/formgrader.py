"""What nbgrader's own commands and the Formgrader do in this course.

Stock `autograde` runs learners' code as the instructor, and stock `generate_feedback` shows what it printed: here both
refuse, and name the command that is fenced in. The Formgrader shows notebooks through our filters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from nbconvert.exporters import Exporter
from nbgrader.converters import NbGraderException
from nbgrader.exchange import ExchangeError, abc
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config


class Refused(Exporter):
    """In the place of the exporter of a converter: nbgrader makes it before it touches a hand-in."""

    def __init__(self, parent: Any = None, **_: Any) -> None:
        command = f"mft grade {parent.coursedir.assignment_id}"
        parent.log.error(f"In this course, grade with: {command}\nIt fences the learners' code in, and writes the "
                         "feedback, points given by hand included. Nothing was run or changed here.")  # fmt: skip
        raise NbGraderException(f"Use {command}")


class NoExchange(
    abc.ExchangeCollect, abc.ExchangeFetchAssignment, abc.ExchangeFetchFeedback, abc.ExchangeReleaseAssignment,
    abc.ExchangeReleaseFeedback, abc.ExchangeSubmit,
):  # fmt: skip
    strict = False  # what the Formgrader asks of ExchangeSubmit

    def start(self) -> NoReturn:
        self.log.error("This course has no exchange.\nHand out: make class. Collect: put hand-ins into submitted/, or "
                       "let learners run mft submit.\nOn a server with one, see nbgrader_config.py.")  # fmt: skip
        raise ExchangeError("This course has no exchange.")


class NoList(abc.ExchangeList):
    """There is nothing in it: said without an error, the Formgrader misses no exchange."""

    def start(self) -> list:
        return []


def settle(c: Config) -> None:
    """Let stock commands refuse, and the Formgrader show nothing that acts or that comes from elsewhere."""
    c.Autograde.exporter_class = c.GenerateFeedback.exporter_class = f"{__name__}.Refused"
    filters = {name: f"mftcourse.grading.inert.{name}" for name in ("clean_html", "markdown2html")}
    c.HTMLExporter.update(sanitize_html=True, filters=filters,
                          extra_template_basedirs=[str(Path(__file__).parent), handlers.template_path])  # fmt: skip
    c.FormgradeExtension.debug = False  # it would show this file above the units


def without_exchange(c: Config) -> None:
    """Let what needs nbgrader's exchange say what to do instead."""
    for name in ("collect", "fetch_assignment", "fetch_feedback", "release_assignment", "release_feedback", "submit"):
        c.ExchangeFactory[name] = f"{__name__}.NoExchange"
    c.ExchangeFactory.list = f"{__name__}.NoList"

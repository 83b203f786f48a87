"""Where am I: the learner's units at a glance, as a tab in JupyterLab.

The server that `mft lab` starts loads this module as an extension; it answers at mft/overview, and
`jupyter/labextensions/` shows the answer. The page is made anew whenever a file that it rests on has changed,
so it is right after any check, in a notebook or in a terminal.
"""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ..course import tab
from ..course.files import Course, CourseError, in_order
from ..course.lesson import headings_of
from . import site, texts
from .progress import Progress, UnitProgress, alone, stamp, unit_progress
from .quiz import counts, ways
from .workspace import newer, released


@dataclass(kw_only=True)
class Row(UnitProgress):
    """One unit: how far the learner is in it, what it is, and what stands beside it.

    Attributes:
        path: of the learner's notebook, from `work/`.
        newer: the course has a release that the learner has not fetched.
    """

    title: str
    path: str
    needs: list[str]
    newer: bool


def rows(course: Course) -> list[Row]:
    """Return the released units, each after those that it needs."""
    found = {unit: _row(course, unit, _seen(course, unit)) for unit in course.units()}
    return [found[unit] for unit in in_order({unit: row.needs for unit, row in found.items()})]


@lru_cache(maxsize=100)
def _row(course: Course, unit: str, seen: tuple) -> Row:
    of, release = unit_progress(course, unit), released(course, unit)
    path, update = course.notebook("work", unit), False
    with contextlib.suppress(CourseError):  # progress says it in its note
        update = newer(course, unit)
    titles = headings_of("\n\n".join(c.source for c in release.cells if c.cell_type == "markdown"))
    return Row(**vars(of), title=(titles or [unit])[0], path=f"{path.parent.name}/{path.name}",
               needs=release.metadata.get("mft", {}).get("needs", []), newer=update)  # fmt: skip


def page(course: Course, base_url: str = "/") -> str:
    """Return the overview as a piece of HTML without any script."""
    units = rows(course)
    total = Progress(units).total
    left = [row for row in units if row.state != "done"]
    questions, fresh, due = counts(course)
    return texts.page("overview.html").render(
        units=units, base_url=base_url, questions=questions, fresh=fresh, due=due,
        routes=[(route, _time(minutes), topic) for route, minutes, topic in ways(course)],
        next=next((row for row in left if row.state == "going"), left[0] if left else None),
        total=total, minutes=_time(total.minutes_left), site=site.built(course), alone=alone(course),
    )  # fmt: skip


def _time(minutes: float) -> str:
    hours = round(minutes / 60)
    return f"{hours} hours" if hours > 1 else f"{minutes:g} minutes" if minutes else ""


def _seen(course: Course, unit: str | None = None) -> tuple:
    """What the page, or a unit's row, rests on: the day, and files of learner and release, with time and size."""
    paths = (path for folder in ("work", "release") for path in (course.root / folder).rglob("*"))
    files = [(str(path), stamp(path)) for path in paths if unit is None or unit in path.parts]
    return datetime.date.today(), *files


@lru_cache(maxsize=1)
def _page_of(course: Course, base_url: str, seen: tuple) -> str:
    return page(course, base_url)


def _current(course: Course, base_url: str) -> str:
    return _page_of(course, base_url, (*_seen(course), site.built(course)))


# --- the server's extension -------------------------------------------------------------------


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mftcourse.learning.overview"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Answer at mft/overview, and below mft/site/ and at mft/quiz."""
    course = Course(Path(server.root_dir).parent)
    tab.answer(server, partial(_current, course))
    site.add_handlers(server.web_app, course)

"""How the class stands: units, what waits for a person, and what is not graded, as a tab in JupyterLab.

The server of `mft lab --instructor` loads this module as an extension; it answers where the learners' overview does,
and the same tab shows it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..course import tab
from ..course.files import Course
from ..course.handin import read
from ..course.lesson import headings_of
from .feedback import template
from .report import nbgrader_settings, notes

SHOWN = 50
SECONDS = 20  # a page is made anew at least so often: a gradebook on a server changes without a sign


@dataclass
class Row:
    """One unit of the class.

    Attributes:
        by_hand: students with answers that a person has to grade.
        open: student → why there is no grade of what was handed in last, as far as it is known.
        pages: (student, points, path of the page) of those who have feedback.
    """

    unit: str
    title: str
    handed_in: int
    graded: int
    by_hand: list[str]
    open: dict[str, str]
    pages: list[tuple[str, float, str]]


def rows(course: Course) -> list[Row]:
    """Return the released units, in the order of their names."""
    grades = _grades(course)
    return [_row(course, unit, grades.get(unit, {})) for unit in course.units()]


def _row(course: Course, unit: str, grades: dict[str, dict[str, Any]]) -> Row:
    handed_in = {path.parent.name for path in (course.root / "submitted").glob(f"*/{unit}")}
    told = notes(course, unit)
    left = {s: told.get(s) or "Handed in, and not graded yet." for s in handed_in if s in told or s not in grades}
    pages = {s: course.notebook("feedback", unit, s).with_suffix(".html") for s in sorted(grades)}
    shown = [(s, grades[s]["score"], p.relative_to(course.root).as_posix()) for s, p in pages.items() if p.is_file()]
    by_hand = [s for s, grade in sorted(grades.items()) if grade["needs_manual_grade"]]
    return Row(unit, _title(course.notebook("release", unit)), len(handed_in | set(grades)), len(grades), by_hand,
               dict(sorted(left.items())), shown)  # fmt: skip


@lru_cache(100)
def _title(notebook: Path) -> str:
    try:
        return headings_of(read(notebook).cells[0].source)[0]
    except (LookupError, ValueError, OSError):
        return notebook.parent.name


def _grades(course: Course) -> dict[str, dict[str, dict[str, Any]]]:
    """Return unit → student → what the gradebook says; nothing where there is no gradebook yet."""
    from nbgrader.api import Gradebook

    config = nbgrader_settings(course).CourseDirectory
    url = config.db_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return {}
    with Gradebook(url, config.get("course_id", "")) as book:
        return {unit: {s["student"]: s for s in book.submission_dicts(unit)} for unit in course.units()}


def page(course: Course, base_url: str = "/") -> str:
    """Return the class as a piece of HTML without any script."""
    return template("class.html.j2").render(units=rows(course), base_url=base_url, most=SHOWN)


def _seen(course: Course) -> tuple:
    """What the page rests on, as far as it can be seen cheaply."""
    found = [*course.root.glob("grades-*.csv"), *course.root.glob("gradebook.db*")]
    found += [*course.root.glob("submitted/*/*"), *course.root.glob("feedback/*/*")]
    return int(time.time() / SECONDS), tuple((str(p), p.lstat().st_mtime_ns) for p in found)


@lru_cache(maxsize=1)
def _page_of(course: Course, base_url: str, seen: tuple) -> str:
    return page(course, base_url)


# --- the server's extension -------------------------------------------------------------------


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mftcourse.grading.overview"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Answer at mft/overview."""
    course = Course(Path(server.root_dir))
    tab.answer(server, lambda base_url: _page_of(course, base_url, _seen(course)))

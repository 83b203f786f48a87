"""The hint ladder of an exercise, as the released notebook tells it: from nudge to near-solution."""

from __future__ import annotations

import itertools
import re

from ..course.files import Course, CourseError
from ..course.handin import answers, exercise, kind, lang, read
from .workspace import released


def hints(course: Course, wanted: str, language: str | None = None) -> list[tuple[str, str]]:
    """Return the hints of an exercise, in order, as (title, Markdown).

    `wanted` may name its unit: "06/precision". `language` None takes that of the learner's notebook.
    """
    unit, _, wanted = wanted.rpartition("/")
    units = [course.find_unit(unit)] if unit else course.units()
    ids = {name: list(answers(released(course, name))) for name in units}
    found = [name for name in ids if wanted in ids[name]]
    if not found:
        known = "; ".join(f"{name}: {', '.join(ids[name])}" for name in ids)
        raise CourseError(f"There is no exercise {wanted!r}. These exist. {known}.")
    if len(found) > 1:
        both = " and ".join(found)
        raise CourseError(f"{wanted} is an exercise of {both}. Name the unit: {found[0][:2]}/{wanted}.")
    own = course.notebook("work", found[0])
    mine = lang(read(own)) if own.exists() else "en"
    language = language or (mine if mine in course.languages(found[0]) else "en")
    cells = released(course, found[0], language).cells
    behind = 1 + max(i for i, c in enumerate(cells) if exercise(c) == wanted)
    prose = itertools.takewhile(lambda c: kind(c) == "prose" and not c.source.startswith("#"), cells[behind:])
    text = "\n".join(c.source for c in prose)
    ladder = re.findall(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", text, re.S)
    return [(title.strip(), body.strip()) for title, body in ladder]


def step(course: Course, wanted: str, number: int, language: str | None = None) -> tuple[str, str, int]:
    """Return title and Markdown of one step of the ladder, from 1, and how many there are.

    Raises:
        CourseError: there is no such step.
    """
    ladder = hints(course, wanted, language)
    if not ladder:
        raise CourseError(f"{wanted} has no hints.")
    if number > len(ladder):
        raise CourseError(f"{wanted} has {len(ladder)} hints; there is no step {number}.")
    return *ladder[number - 1], len(ladder)

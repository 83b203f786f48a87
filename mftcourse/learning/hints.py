"""The hint ladder of an exercise, as the released notebook tells it: from nudge to near-solution."""

from __future__ import annotations

import contextlib
import itertools
import json
import re

from ..course.files import Course, CourseError, write
from ..course.handin import answers, exercise, kind
from .progress import did_you_mean
from .workspace import released, spoken


def find(course: Course, wanted: str) -> tuple[str, str]:
    """Return unit and exercise that "precision" or "06/precision" names.

    Raises:
        CourseError: there is none, or more than one.
    """
    unit, _, wanted = wanted.rpartition("/")
    units = [course.find_unit(unit)] if unit else course.units()
    ids = {name: list(answers(released(course, name))) for name in units}
    found = [name for name in ids if wanted in ids[name]]
    if not found:
        known = list(dict.fromkeys(id_ for name in ids for id_ in ids[name]))
        raise CourseError(f"There is no exercise {wanted!r}. {did_you_mean(wanted, known)}")
    if len(found) > 1:
        both, named = " and ".join(found), " or ".join(f"{name[:2]}/{wanted}" for name in found)
        raise CourseError(f"{wanted} is an exercise of {both}. Name the unit: {named}.")
    return found[0], wanted


def hints(course: Course, wanted: str, language: str | None = None) -> list[tuple[str, str]]:
    """Return the hints of an exercise, in order, as (title, Markdown).

    `wanted` may name its unit: "06/precision". `language` None takes that of the learner's notebook.
    """
    unit, wanted = find(course, wanted)
    cells = released(course, unit, language or spoken(course, unit)).cells
    behind = 1 + max(i for i, c in enumerate(cells) if exercise(c) == wanted)
    prose = itertools.takewhile(lambda c: kind(c) == "prose" and not c.source.startswith("#"), cells[behind:])
    text = "\n".join(c.source for c in prose)
    ladder = re.findall(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", text, re.S)
    return [(title.strip(), body.strip()) for title, body in ladder]


def step(
    course: Course, wanted: str, number: int | None = None, language: str | None = None
) -> tuple[str, str, int, int]:
    """Return title and Markdown of one step of the ladder, which step it is, from 1, and how many there are.

    `number` None takes the one behind the last that was shown, which `work/.mft/hints.json` remembers.

    Raises:
        CourseError: there is no such step.
    """
    ladder, name = hints(course, wanted, language), "/".join(find(course, wanted))
    if not ladder:
        raise CourseError(f"{wanted} has no hints.")
    path, shown = course.root / "work" / ".mft" / "hints.json", {}
    with contextlib.suppress(OSError, ValueError, TypeError):  # not there, or none of ours: begin with the first
        shown = {key: int(value) for key, value in dict(json.loads(path.read_bytes())).items()}
    number = number or min(shown.get(name, 0) + 1, len(ladder))
    if number > len(ladder):
        raise CourseError(f"{wanted} has {len(ladder)} hints; there is no step {number}.")
    with contextlib.suppress(OSError):
        write(path, json.dumps(shown | {name: number}, indent=1).encode())
    return *ladder[number - 1], number, len(ladder)

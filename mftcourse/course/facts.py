"""What a unit's facts.py may import: how a claim is stated, how long the unit takes, what its release shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .lesson import parse, release_regions

WORDS_A_MINUTE = 90  # prose with formulas and code
LONG = 10  # minutes from which on the prose may name those of an exercise


def holds(claim: bool, text: str) -> str:
    """Return a sentence without a number of its own; where its claim is false, one that stands nowhere in the prose."""
    return text if claim else f"{text} (does not hold)"


def times(folder: Path) -> list[str]:
    """Return how the lesson in `folder` says what time it takes: exercises and reading, to half an hour."""
    lesson = parse(folder)
    minutes = [cell.minutes for cell in lesson.exercises.values()]
    words = sum(len(cell.source.split()) for cell in lesson.cells if cell.kind == "prose")
    total = round((sum(minutes) + words / WORDS_A_MINUTE) / 30) * 30
    said = [f"Plan {total} minutes: {sum(minutes):g} minutes of exercises"]
    if "zh" in lesson.languages:
        said.append(f"请安排 {total} 分钟：其中练习 {sum(minutes):g} 分钟")
    return said + [f"{m:g} minutes" for m in sorted(set(minutes)) if m >= LONG]


def released(folder: Path, exercise: str, lesson: dict[str, Any]) -> dict[str, Any]:
    """Return the lesson's namespace with what a find-the-bug exercise releases in the place of its reference."""
    namespace = dict(lesson)
    exec(release_regions(parse(folder).exercises[exercise].source), namespace)
    return namespace

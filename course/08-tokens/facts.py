"""The numbers that this unit's prose states, computed."""

from pathlib import Path

from mftcourse.course.facts import times


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [*times(Path(__file__).parent)]

"""Where a course and its files lie. A `Course` is made once, by the command, and handed down."""

from __future__ import annotations

import graphlib
import itertools
import os
import sys
from dataclasses import dataclass
from pathlib import Path


class CourseError(Exception):
    """Something that was asked for cannot be done; `str(error)` says what was wrong and what to do.

    Such a sentence, and nothing else, ends a command.
    """


class LessonError(CourseError):
    """A fault in a lesson; the sentence names file and line."""


class GradingError(CourseError):
    """Grading could not begin."""


class Unreadable(CourseError):
    """A notebook that cannot be used."""


IN_CHINESE = (  # a learner who asked for Chinese is told in Chinese too what there is
    " In Chinese there are its interview questions: mft quiz {number} --lang zh."
    " 这个单元的笔记本目前只有英文版。中文的有面试题（mft quiz {number} --lang zh，mft cards --lang zh，"
    "docs/interview/zh/README.md）和术语表（docs/interview/zh/glossary.md）。"
)


@dataclass(frozen=True)
class Course:
    """A course folder: units, and where each step of a unit lies.

    A unit is named like its folder, 06-metrics. Its steps are folders beside each other: course, solutions,
    release, work, submitted, autograded, feedback.
    """

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """Return the nearest course at or above `start` (default: here), else the one this package lies in.

        A course folder holds `release/` or `course/` beside `constraints.txt`.

        Raises:
            CourseError: there is none.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
            if (folder / "constraints.txt").is_file() and any((folder / d).is_dir() for d in ("release", "course")):
                return cls(folder)
        raise CourseError(f"There is no course in {here} or above it. Change to the course folder first.")

    def units(self, step: str = "release") -> list[str]:
        """Return the names of the units in `release/` (or another step), in order."""
        return sorted(p.name for p in (self.root / step).glob("[0-9][0-9]-*") if p.is_dir())

    def find_unit(self, text: str, step: str = "release") -> str:
        """Return the unit that "06", "6", "metrics" or "06-metrics" names.

        Raises:
            CourseError: there is no such unit; the sentence names those that exist.
        """
        known = self.units(step)
        for unit in known:
            number, slug = unit.split("-", 1)
            if text.strip("/") in (unit, slug) or (text.isdigit() and int(text) == int(number)):
                return unit
        have = "These exist: " + ", ".join(known) if known else f"There is none in {step}/ yet; build them: mft build"
        raise CourseError(f"There is no unit {text!r}. {have}.")

    def folder(self, step: str, unit: str, student: str = "") -> Path:
        """Return the folder of a unit in a step, there or not; where students hand in, that of a student."""
        return self.root / step / student / unit

    def notebook(self, step: str, unit: str, student: str = "") -> Path:
        """Return the notebook of a unit in a step, there or not: solutions/06-metrics/metrics.ipynb."""
        return self.folder(step, unit, student) / f"{unit.split('-', 1)[1]}.ipynb"

    def release(self, unit: str, lang: str = "en") -> Path:
        """Return the released notebook in a language.

        Raises:
            CourseError: the unit is not released in that language.
        """
        plain = self.notebook("release", unit)
        if lang not in (known := self.languages(unit)):
            where = f"{unit} is not released in {lang!r}. It is there in: {', '.join(known)}."
            number = unit.split("-")[0]
            raise CourseError(where + IN_CHINESE.format(number=number) if lang == "zh" else where)
        return plain if lang == "en" else plain.parent / lang / plain.name

    def languages(self, unit: str) -> list[str]:
        """Return the languages in which a unit is released."""
        plain = self.notebook("release", unit)
        return ["en", *sorted(p.parent.name for p in plain.parent.glob("*/*.ipynb") if p.name == plain.name)]


def in_order(needs: dict[str, list[str]]) -> list[str]:
    """Return units such that each comes after those that it needs; else in the order of their names.

    Raises:
        graphlib.CycleError: units need each other.
    """
    sorter = graphlib.TopologicalSorter({unit: [n for n in before if n in needs] for unit, before in needs.items()})
    sorter.prepare()
    ready: list[str] = []
    found: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        found.append(ready.pop(0))
        sorter.done(found[-1])
    return found


def free(path: Path) -> Path:
    """Return `path`, or the first of path-2, path-3, … that is not taken."""
    names = (path.with_name(f"{path.stem}-{n}{path.suffix}") if n > 1 else path for n in itertools.count(1))
    return next(name for name in names if not name.exists())


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and its folder where that is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError:  # a full disk, say: do not keep it full
        part.unlink(missing_ok=True)
        raise


def programs_path() -> str:
    """PATH with the folder of this Python first: nbgrader calls alembic by its name, in any environment."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

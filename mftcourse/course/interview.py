"""The question bank: interview questions of a unit, in English and Chinese, with links to their proof."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, conlist, model_validator

from .files import Course, CourseError

PARTS = ("short", "deep", "leaves_out", "usual_wrong", "follow_up")
LEVELS, KINDS = ("basic", "senior"), ("theory", "code")
NEXT = re.compile(r"\*\*(.+?)\*\*\s*(.+)", re.S)  # what they ask next, and its answer
WORDS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


class Strict(BaseModel):
    """What stands in a file; a field that nobody knows is a fault."""

    model_config = ConfigDict(extra="forbid")


class Wording(Strict):
    """One question in one language; every field is Markdown. The build adds the headings that hold the proof.

    `leaves_out` says what the guide's own answer leaves out, for the questions that are the guide's. `points` are
    what a good answer says: a mock interview compares an answer with them, one by one.
    """

    question: str
    short: str
    points: conlist(Annotated[str, StringConstraints(min_length=1)], min_length=3, max_length=6)
    deep: str
    leaves_out: str = ""
    usual_wrong: str
    follow_up: str
    headings: list[str] = []

    @property
    def next(self) -> tuple[str, str]:
        """What they ask next, and the answer to it."""
        return NEXT.match(self.follow_up.strip()).groups()

    @model_validator(mode="after")
    def _asks_next(self) -> Wording:
        if not NEXT.match(self.follow_up.strip()):
            raise ValueError("follow_up begins with its question in bold, and the answer follows: **Why?** Because.")
        return self


class Question(Strict):
    """One question.

    Attributes:
        id: kebab-case, unique in the course.
        guide: the number of the question or task in the guide that the course grew from, if it is there.
        level: "basic", or "senior" for what an experienced person is asked.
        kind: "theory", or "code" where one is asked to write, read or repair a program.
        proof: exercises of the unit in which the answer is proved.
    """

    id: str
    guide: int | str | None = None
    level: Literal["basic", "senior"]
    kind: Literal["theory", "code"]
    proof: list[str]
    en: Wording
    zh: Wording

    @model_validator(mode="after")
    def _points_are_siblings(self) -> Question:
        en, zh = len(self.en.points), len(self.zh.points)
        if en != zh:
            raise ValueError(f"{self.id} has {en} points in English and {zh} in Chinese; the same, in the same order.")
        return self

    def wording(self, lang: str) -> Wording:
        return self.zh if lang == "zh" else self.en


class Bank(Strict):
    """The questions of one unit, and its title in Chinese; the English one is the lesson's."""

    unit: str
    title_zh: str = ""
    questions: list[Question]


def load(path: Path) -> Bank:
    """Read interview.yaml.

    Raises:
        ValueError: names the file, the question and the field.
    """
    try:
        return Bank.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: this is not YAML: {error}") from error
    except ValidationError as error:
        raise ValueError(f"{path}: {first_fault(error)}") from error


def first_fault(error: ValidationError) -> str:
    """Return where the first fault of a file is, and what it is."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def heading_id(heading: str) -> str:
    """Return the id that JupyterLab gives to a heading: its text with blanks replaced by hyphens."""
    return heading.strip().replace(" ", "-")


def to_markdown(bank: Bank, lang: str) -> str:
    """Render the questions as the closing section of a notebook."""
    words = WORDS[lang]
    parts = [f"## {words['title']}"]
    for question in bank.questions:
        w = question.wording(lang)
        proof = words["comma"].join(f"[{h}](#{heading_id(h)})" for h in w.headings)
        parts += [f"### {w.question}", details(w, lang), words["proof"] + words["colon"] + proof]
    return "\n\n".join(parts)


def details(wording: Wording, lang: str) -> str:
    """Return the parts of an answer, each folded away behind its name."""
    return "\n\n".join(
        f"<details><summary>{WORDS[lang][part]}</summary>\n\n{text}\n\n</details>"
        for part in PARTS
        if (text := getattr(wording, part).strip())
    )


# --- the questions of the whole course --------------------------------------------------------


class Item(NamedTuple):
    """A question, the unit that proves its answer, and that unit's title in Chinese."""

    unit: str
    question: Question
    title_zh: str = ""


def questions(
    course: Course,
    unit: str | None = None,
    lang: str = "en",
    guide: bool = False,
    level: str | None = None,
    kind: str | None = None,
) -> list[Item]:
    """Return the questions of the released units, in the course's order.

    Args:
        unit: only this one, as `Course.find_unit` takes it.
        lang: only checked: the questions hold both languages.
        guide: only the questions of the guide.
        level, kind: only those with this tag, see `Question`.

    Raises:
        CourseError: there is no such unit, language or tag, or the questions cannot be read.
    """
    for name, given, known in (("language", lang, WORDS), ("level", level, LEVELS), ("kind", kind, KINDS)):
        if given and given not in known:
            raise CourseError(f"There is no {name} {given!r}. These exist: {', '.join(known)}.")
    found = []
    for name in [course.find_unit(unit)] if unit else course.units():
        built = course.folder("release", name) / "interview.json"
        source = course.folder("course", name) / "interview.yaml"
        try:
            if built.exists():
                bank = Bank.model_validate_json(built.read_bytes())
            elif source.exists():  # a unit whose author has not built it yet
                bank = load(source)
            else:
                continue
            found += [Item(name, q, bank.title_zh) for q in bank.questions]
        except (ValueError, OSError) as error:
            raise CourseError(f"The questions of {name} cannot be read: {error}") from error
    found = [
        item for item in found
        if (item.question.guide is not None or not guide)
        and (level or item.question.level) == item.question.level
        and (kind or item.question.kind) == item.question.kind
    ]  # fmt: skip
    if not found:
        raise CourseError("There are no such questions yet." if unit is None else f"{unit} has no such questions.")
    return found


def proof(course: Course, item: Item, lang: str, links: bool = False) -> str:
    """Say in Markdown where an answer is proved: the unit's sections, its exercises, and the command that opens it.

    Args:
        lang: of the commas, and of the sections' headings while there is no notebook of the learner's; its
            language goes first.
        links: let each section link to the learner's notebook, from the current folder.
    """
    path, comma = course.notebook("work", item.unit), WORDS[lang]["comma"]
    if path.exists():
        lang = "zh" if '"lang": "zh"' in path.read_text(encoding="utf-8", errors="replace") else "en"
    names = item.question.wording(lang).headings
    if links and path.exists():
        here = Path(os.path.relpath(path)).as_posix()
        names = [f"[{name}](<{here}#{heading_id(name)}>)" for name in names]
    parts = [f"**{item.unit}**", *names, comma.join(f"`{name}`" for name in item.question.proof)]
    return " · ".join(parts) + f" · `mft lab {item.unit.split('-')[0]}`"

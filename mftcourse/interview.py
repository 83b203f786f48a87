"""The question bank: interview questions of a unit, in English and Chinese, with links to their proof."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError


class Wording(BaseModel):
    """One question in one language; every field is Markdown."""

    model_config = ConfigDict(extra="forbid")
    question: str
    short: str
    deep: str
    usual_wrong: str
    follow_up: str


class Question(BaseModel):
    """One question.

    Attributes:
        id: kebab-case, unique in the course.
        guide: the number of the question or task in the guide that the course grew from, if it is there.
        proof: exercises of the unit in which the answer is proved.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    guide: int | str | None = None
    proof: list[str]
    en: Wording
    zh: Wording

    def wording(self, lang: str) -> Wording:
        return self.zh if lang == "zh" else self.en


class Bank(BaseModel):
    """The questions of one unit."""

    model_config = ConfigDict(extra="forbid")
    unit: str
    questions: list[Question]


_WORDS = {
    "en": {
        "title": "Interview questions", "short": "The short answer", "deep": "The deep answer",
        "usual_wrong": "The usual wrong answer", "follow_up": "What they ask next", "proof": "Where you prove it",
    },
    "zh": {
        "title": "面试题", "short": "简短回答", "deep": "深入回答",
        "usual_wrong": "常见的错误回答", "follow_up": "接着会问", "proof": "在哪里证明",
    },
}  # fmt: skip


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
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def heading_id(heading: str) -> str:
    """Return the id that JupyterLab gives to a heading: its text with blanks replaced by hyphens."""
    return heading.strip().replace(" ", "-")


def to_markdown(bank: Bank, lang: str, headings: dict[str, str]) -> str:
    """Render the questions as the closing section of a notebook.

    Args:
        headings: exercise id → the text of the heading above it, for the links to the proof.
    """
    words = _WORDS[lang]
    parts = [f"## {words['title']}"]
    for question in bank.questions:
        w = question.wording(lang)
        links = list(dict.fromkeys(headings[p] for p in question.proof))
        proof = ", ".join(f"[{h}](#{heading_id(h)})" for h in links)
        parts.append(f"### {w.question}")
        for part in ("short", "deep", "usual_wrong", "follow_up"):
            text = getattr(w, part).strip()
            parts.append(f"<details><summary>{words[part]}</summary>\n\n{text}\n\n</details>")
        parts.append(f"{words['proof']}: {proof}")
    return "\n\n".join(parts)

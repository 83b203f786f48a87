"""The page that a learner gets back: one file of HTML, without scripts, that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup, escape
from nbformat import NotebookNode, v4

from ..checks import Scorecard
from ..course.handin import exercise, kind, lang, scorecard
from ..course.lesson import headings_of
from .inert import attachments, output, rendered, sanitized, text

if TYPE_CHECKING:
    from nbgrader.api import SubmittedNotebook

__all__ = ["Hand", "about", "hands", "page", "sanitized"]

TERMINAL = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)?")  # what colours text there


@dataclass(frozen=True)
class Hand:
    """What a person said of an answer: points are None while nobody graded it; out_of is 0 for a comment on code."""

    points: float | None
    out_of: float
    comment: str = ""


def load_cells(submission: SubmittedNotebook) -> None:
    """Load the cells that grades and comments belong to: all at once, or each would be asked for when it is named."""
    _ = submission.notebook.grade_cells


def hands(submission: SubmittedNotebook) -> dict[str, Hand]:
    """Return exercise → what a person said of it, from the gradebook."""
    load_cells(submission)
    comments = {c.name: c.comment or "" for c in submission.comments}
    by_hand = {c.name: c.manual_comment for c in submission.comments}  # nbgrader's own is "No response."
    found = {name: Hand(None, 0, comment) for name, comment in by_hand.items() if comment}
    for grade in submission.grades:
        if grade.cell.cell_type == "markdown":
            points = None if grade.needs_manual_grade else grade.score
            found[grade.name] = Hand(points, grade.max_score, comments.get(grade.name, ""))
    return found


def about(release: NotebookNode) -> dict[str, Any]:
    """Return what every page of a unit says (arguments of `page`): its title, headings and rubrics by exercise."""
    prose, current, title, headings, rubrics = "", "", "", {}, {}
    for cell in release.cells:
        if kind(cell) == "prose":
            prose, current = cell.source, (headings_of(cell.source) or [current])[-1]
            title = title or (headings_of(cell.source) or [""])[0]
        elif kind(cell) in ("exercise", "manual"):
            headings[exercise(cell)] = current
        if kind(cell) == "manual":  # the last numbered list, and the paragraph before it
            before, _, points = prose.rpartition("\n\n1. ")
            words = f"{before.split(2 * chr(10))[-1]}\n\n1. {points}" if before else prose
            rubrics[exercise(cell)] = rendered(words)
    return {"title": title, "headings": headings, "rubrics": rubrics}


def page(
    nb: NotebookNode, *, title: str, student: str, unit: str, points: float, out_of: float, hand: dict[str, Hand],
    late: bool, headings: dict[str, str], rubrics: dict[str, Markup] | None = None,
) -> str:  # fmt: skip
    """Return a learner's page.

    Args:
        nb: the graded notebook, sanitised or not.
        title, headings, rubrics: of the released notebook, see `about`; a learner may have changed the prose.
        points, out_of: as the gradebook has them, with what people gave, and lateness.
    """
    told = nb.metadata.get("mft", {}).get("grading", {})
    answers = {exercise(c): c for c in nb.cells if kind(c) in ("exercise", "manual")}
    parts = [_part(c, answers.get(exercise(c)), hand) for c in nb.cells if kind(c) in ("check", "manual")]
    for part in parts:
        part["heading"] = headings.get(part["id"], part["id"])
        part["carried"], part["rubric"] = told.get("carried", {}).get(part["id"]), (rubrics or {}).get(part["id"])
    return template("feedback.html.j2").render(
        title=title, student=text(student, 100), unit=unit, points=points, out_of=out_of, late=late, parts=parts,
        lang=lang(nb), notes=[text(note, 600) for note in told.get("notes", [])],
        isolation=told.get("isolation", ""), produced=told.get("produced", {}),
    )  # fmt: skip


def _part(cell: NotebookNode, answer: NotebookNode | None, hand: dict[str, Hand]) -> dict[str, Any]:
    """Return what the page says of one exercise; of a check no more than a `Finding` holds."""
    answer = v4.new_raw_cell() if answer is None else answer
    said = hand.get(exercise(cell)) or Hand(None, 0)
    part: dict[str, Any] = {"id": exercise(cell), "said": said, "source": text(answer.source, 20_000)}
    if kind(cell) == "manual":
        words = rendered(part["source"], attachments(answer))
        worth = said.out_of or cell.metadata.nbgrader.points
        return part | {"manual": True, "answer": words, "earned": said.points or 0, "out_of": worth}
    try:
        card = Scorecard.from_dict(scorecard(cell) or {})
        part |= {"card": card.shown, "earned": card.earned, "out_of": card.points, "complete": card.complete}
    except (TypeError, LookupError, AttributeError):
        part |= {"card": None, "earned": 0, "out_of": cell.metadata.nbgrader.points, "complete": False}
    shown = [output(o, [0]) for o in answer.get("outputs", [])[:20] if isinstance(o, dict)]
    bundles = [o.get("data", {}) for o in shown]
    lines = [o.get("text") or "\n".join(o.get("traceback", [])) or o.get("data", {}).get("text/plain") for o in shown]
    pictures = [f"data:{m};base64,{d}" for b in bundles for m, d in b.items() if m.startswith("image/")]
    part["printed"] = text(TERMINAL.sub("", "\n".join(filter(None, lines))), 3000)
    return part | {"pictures": [p for p in pictures if len(p) < 200_000][:3]}


def _rich(value: str) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text(value, 2000)))))


def _points(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _sha256(value: str) -> str:
    return base64.b64encode(hashlib.sha256(str(value).encode()).digest()).decode()


@cache
def template(name: str) -> Template:
    """Return a template of this folder."""
    loader = FileSystemLoader(Path(__file__).parent)
    made = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"rich": _rich, "points": _points, "sha256": _sha256}
    return made.get_template(name)

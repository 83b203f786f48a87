"""Anki cards of the interview questions: a package per language, a subdeck per unit."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template

import genanki
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from ..course import files
from ..course.files import Course, CourseError
from ..course.interview import PARTS, WORDS, Item, proof, questions
from . import texts

COURSE = {"en": "Model preparation and fine-tuning", "zh": "模型准备与微调"}
MARK = b"mftcourse interview cards"  # the zip comment by which a package is known as our own


def _stable(name: str) -> int:
    """Return an id that is the same on every run, so that importing again updates."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) + (1 << 32)


def _math(tex: str, options: dict) -> str:
    return rf"\[{escape(tex.strip())}\]" if options["display_mode"] else rf"\({escape(tex)}\)"


_MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True, renderer=_math)


def _model(lang: str) -> genanki.Model:
    shown, css = (texts.TEXTS / "card.html").read_text(encoding="utf-8"), (texts.TEXTS / "card.css").read_text()
    template = {
        "name": "Question",
        "qfmt": '<div class="question">{{question}}</div>{{#guide}}<p class="proof">{{guide}}</p>{{/guide}}',
        "afmt": Template("".join(shown.splitlines())).substitute(WORDS[lang]),
    }
    fields = [{"name": name} for name in ("question", *PARTS, "proof", "guide")]
    return genanki.Model(_stable(f"model {lang}"), f"mftcourse {lang}", fields, [template], css.strip())


def _note(course: Course, item: Item, lang: str, model: genanki.Model) -> genanki.Note:
    wording, guide = item.question.wording(lang), item.question.guide
    texts = [getattr(wording, name) for name in ("question", *PARTS)] + [proof(course, item, lang)]
    origin = "" if guide is None else f"{'指南' if lang == 'zh' else 'Guide'}{WORDS[lang]['colon']}{guide}"
    tags = [item.unit] + ["guide"] * (guide is not None)
    fields = [_MARKDOWN.render(text).strip() for text in texts] + [origin]
    return genanki.Note(model, fields, guid=genanki.guid_for("mftcourse", item.question.id, lang), tags=tags)


def write(course: Course, folder: Path, langs: list[str], unit: str | None = None) -> dict[Path, int]:
    """Write `mftcourse-interview-LANG.apkg` for each language; return path → number of cards.

    Raises:
        CourseError: there is no such unit or language, or a file of that name is not one of these packages.
    """
    written = {}
    for lang in langs:
        items, decks, model = questions(course, unit, lang), [], _model(lang)
        for name, own in groupby(items, key=lambda item: item.unit):
            first, *rest = own
            title = f"{COURSE[lang]}::{name[:2]} {_title(course, first, lang)}"
            decks.append(genanki.Deck(_stable(f"deck {lang} {name}"), title))
            for item in (first, *rest):
                decks[-1].add_note(_note(course, item, lang, model))
        path = folder / f"mftcourse-interview-{lang}.apkg"
        if path.exists() and not _own(path):
            raise CourseError(f"{path} is not a package of this course. Move it away, or choose another --output.")
        made = io.BytesIO()
        genanki.Package(decks).write_to_file(made)
        with zipfile.ZipFile(made, "a") as package:
            package.comment = MARK
        files.write(path, made.getvalue())
        written[path] = len(items)
    return written


def _own(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as package:
            return package.comment == MARK
    except (OSError, zipfile.BadZipFile):
        return False


def _title(course: Course, item: Item, lang: str) -> str:
    """Return the unit's title: in Chinese the bank's, else the first heading of the released notebook."""
    if lang == "zh" and item.title_zh:
        return item.title_zh
    try:
        cells = json.loads(course.release(item.unit).read_text(encoding="utf-8"))["cells"]
        return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ").split(":")[0]
    except (CourseError, ValueError, LookupError):
        return item.unit[3:]

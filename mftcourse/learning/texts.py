"""What the learner's side shows, kept apart from its programs: the words and pages in `texts/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from markupsafe import Markup

from ..course import interview

if TYPE_CHECKING:
    from jinja2 import Template

TEXTS = Path(__file__).parent / "texts"
_WORDS = yaml.safe_load((TEXTS / "words.yaml").read_text(encoding="utf-8"))


def words(part: str) -> dict[str, dict[str, str]]:
    """Return language → name → text of one part of words.yaml; the question bank's own words go along."""
    own = _WORDS[part]
    return {lang: {name: text[lang] for name, text in own.items()} | bank for lang, bank in interview.WORDS.items()}


@cache
def page(name: str) -> Template:
    """Return a page, or a piece of one, to be filled in; what comes into HTML is escaped.

    `code` and `markdown` are filters for programs and prose; `code_style()` has the colours of the programs.
    """
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    made = Environment(loader=FileSystemLoader(TEXTS), autoescape=select_autoescape(), trim_blocks=True)
    made.filters |= {"code": _code, "markdown": markdown}
    made.globals["code_style"] = _code_style
    return made.get_template(name)


def markdown(text: str, html: bool = False) -> Markup:
    """Return Markdown as HTML, its formulas readable without a script; `html` lets through what is HTML already."""
    from markdown_it import MarkdownIt

    from .formulas import for_terminal

    return Markup(MarkdownIt("commonmark", {"html": html}).enable("table").render(for_terminal(text)))


def _code(source: str) -> Markup:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(source, PythonLexer(), HtmlFormatter()))


def _code_style() -> Markup:
    """Return the colours of code, in light and in dark."""
    from pygments.formatters import HtmlFormatter

    light, dark = (HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("friendly", "github-dark"))
    return Markup(f"{light} @media (prefers-color-scheme: dark) {{ {dark} }}")

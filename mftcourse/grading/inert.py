"""Making what learners wrote and printed safe to show, and the graded notebook of it.

All of it is hostile. HTML goes through nh3; Markdown keeps only forms that no renderer can take for anything else; all
else is text. Nothing of it can have a style, a class or an id, so that it looks like nobody's but the learner's.
"""

from __future__ import annotations

import base64
import html
import re
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import nh3
import yaml
from jinja2 import pass_context
from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode, from_dict, v4

from ..checks import MIME
from ..course.handin import kind

CHARACTERS, PICTURE, PIXELS, OUTPUTS = 100_000, 3_000_000, 30_000_000, 100
TAGS_EACH, TAGS_ALL = 4_000, 40_000  # in an output and in a notebook: cleaning takes the square of the depth
_ALLOWED = yaml.safe_load((Path(__file__).parent / "allowed.yaml").read_text(encoding="utf-8"))


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Judge an attribute of those that are allowed."""
    if name == "src":
        mime, _, data = value.removeprefix("data:").partition(";base64,")
        found = picture(data, mime)
        return found and f"data:{mime};base64,{found}"
    if name == "href":
        return value if re.match(r"https?://|mailto:|#", value) else None
    if name in ("colspan", "rowspan", "start"):
        return value if re.fullmatch("[0-9]{1,2}", value) else None
    return value


def _cleaner(tags: list[str], attributes: dict[str, list[str]], **more: Any) -> nh3.Cleaner:
    schemes, named = {"http", "https", "mailto", "data"}, {tag: set(names) for tag, names in attributes.items()}
    return nh3.Cleaner(tags=set(tags), attributes=named, attribute_filter=_attribute, url_schemes=schemes, **more)


_LEARNERS = _cleaner(_ALLOWED["tags"], _ALLOWED["attributes"])
_COURSES = _cleaner(_ALLOWED["tags"] + _ALLOWED["headings"], _ALLOWED["attributes"] | {"*": ["style"]},
                    filter_style_properties=set(_ALLOWED["styles"]))  # fmt: skip
_FORMULAS = _cleaner(**_ALLOWED["formulas"], tag_attribute_values={"mfrac": {"linethickness": {"0"}}})


def text(value: Any, most: int = CHARACTERS) -> str:
    """Return a string that can be written and shown: no lone surrogates, no NUL, nothing that turns the line round."""
    value = "".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    value = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    value = re.sub("[\u202a-\u202e\u2066-\u2069]", "", value)
    return value if len(value) <= most else f"{value[:most]}\n[cut here; there were {len(value):,} characters]"


def picture(data: Any, mime: str) -> str | None:
    """Return the Base64 of a PNG or JPEG in its one spelling, or None where it is not one, or too large."""
    try:
        raw = base64.b64decode("".join(data.split()), validate=True) if len(data) < PICTURE else b""
    except (TypeError, ValueError, AttributeError):
        return None
    small = int.from_bytes(raw[16:20]) * int.from_bytes(raw[20:24]) <= PIXELS  # a PNG's width and height
    png, jpeg = raw.startswith(b"\x89PNG\r\n\x1a\n") and small, raw.startswith(b"\xff\xd8\xff")
    return base64.b64encode(raw).decode() if {"image/png": png, "image/jpeg": jpeg}.get(mime) else None


# --- Markdown and formulas --------------------------------------------------------------------

# What stays as it is: tags without attributes, links to the web and within the notebook, pictures that it holds.
_KEPT = re.compile(
    r"</?(?:details|summary|br|sub|sup|kbd)>"
    r"|(?<!!)\[[^\]\[()<>`\\&!\n]*\]\((?:https?://|\#)[^\]\[()<>`\\\s\"']*\)"
    r"|!\[[^\]\[()<>`\\&!\n]*\]\(attachment:(?P<file>[\w.-]+)\)"
)
_TEX = ("href|url|style|class|cssId|html\\w*|data|unicode|require|includegraphics|bbox|mmlToken|Tooltip|texttip|mathtip"
        "|toggle|x?[eg]?def|let|futurelet|(?:re)?new\\w+|provide\\w+|Declare\\w+|csname")  # fmt: skip
# Elsewhere a space without width goes in: behind < and & that begin something, between the halves of links, pictures
# and definitions, and into the TeX commands that do more than typeset.
_BREAK = re.compile(rf"<(?=[A-Za-z/!?])|&(?=[#A-Za-z])|\](?=\s*[\[(:])|!(?=\[)|\\(?=(?:{_TEX})(?![A-Za-z]))")


def markdown_source(value: Any, files: dict[str, Any] | None = None) -> str:
    """Return Markdown that every renderer shows as text, lists, tables, code, formulas, web links and own pictures."""
    value, done, at = re.sub(r"(?<![`~])([`~]{3,}[ \t]*)mermaid", r"\1text", text(value)), [], 0
    for kept in _KEPT.finditer(value):
        if not kept["file"] or kept["file"] in (files or {}):
            done += [_BREAK.sub("\\g<0>\u200b", value[at : kept.start()]), kept[0]]
            at = kept.end()
    return "".join([*done, _BREAK.sub("\\g<0>\u200b", value[at:])])


@lru_cache(2000)
def formula(tex: str, display: bool = False) -> str:
    """Return a formula as MathML, or its TeX where it is none that latex2mathml knows."""
    try:
        tree = convert_to_element(tex, display="block" if display else "inline") if len(tex) < 2000 else None
        for node in tree.iter():
            node.text = html.unescape(node.text or "")  # the library's signs are entities, written as text
        return _FORMULAS.clean(tostring(tree, encoding="unicode"))
    except Exception:  # of many kinds, a RecursionError among them
        return f"<code>{escape(tex)}</code>"


@cache
def _markdown(raw: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": raw, "maxNesting": 30}).enable("table")
    return parser.use(dollarmath_plugin, double_inline=True, renderer=lambda tex, options: tex)


def rendered(source: str, files: dict[str, dict[str, str]] | None = None, *, ours: bool = False) -> Markup:
    """Return Markdown as HTML, cleaned. In `ours`, HTML counts and headings stay headings."""
    source, found, env, parser = re.sub("[\ue000\ue001]", "", text(source)), [], {}, _markdown(ours)
    tokens = parser.parse(source, env)
    for token in [t for top in tokens for t in (top, *(top.children or []))]:
        if token.type.startswith("math"):
            found.append(formula(token.content, token.type != "math_inline"))
            token.content, token.type = f"\ue000{len(found) - 1}\ue001", token.type.replace("_double", "")
        elif token.type.startswith("heading") and not ours:
            token.tag = "p"
        elif token.type == "image":
            bundle = (files or {}).get(str(token.attrs["src"]).removeprefix("attachment:"), {})
            token.attrs["src"] = next((f"data:{mime};base64,{data}" for mime, data in bundle.items()), "")
    made = (_COURSES if ours else _LEARNERS).clean(parser.renderer.render(tokens, parser.options, env))
    return Markup(re.sub("\ue000(\\d+)\ue001", lambda m: found[int(m[1])], made))


# --- the notebook -----------------------------------------------------------------------------


def sanitized(nb: NotebookNode) -> NotebookNode:
    """Return a copy of a graded notebook that Formgrader and JupyterLab can show, whatever is in it.

    Check cells keep their outputs, which are ours. Everything else keeps text, tables, links to the web, PNG and JPEG.
    """
    tags = [TAGS_ALL]
    cells = [_cell(cell, number, tags) for number, cell in enumerate(nb.cells)]
    return v4.new_notebook(cells=cells, metadata=_only(nb.metadata, "kernelspec", "language_info", "mft"))


def _only(metadata: dict, *names: str) -> dict:
    return {name: deepcopy(metadata[name]) for name in names if name in metadata}


def _cell(cell: NotebookNode, number: int, tags: list[int]) -> NotebookNode:
    name = cell.get("id", "")
    about: dict[str, Any] = {"metadata": {}}
    about["id"] = name if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text(name)) else f"cell-{number}"
    if kind(cell):  # of the release, with its metadata
        about["metadata"] = _only(cell.metadata, "nbgrader", "mft", "jupyter", "deletable", "editable")
    if cell.cell_type != "code":
        files = attachments(cell)
        return _node(cell_type="markdown", source=markdown_source(cell.source, files), attachments=files, **about)
    outputs, count = cell.get("outputs", []), cell.get("execution_count")
    about["execution_count"] = count if isinstance(count, int) else None
    ours = kind(cell) == "check" and cell.metadata.get("nbgrader", {}).get("locked")
    made = [deepcopy(o) if ours and MIME in (o.get("data") or {}) else output(o, tags)
            for o in outputs[:OUTPUTS] if isinstance(o, dict)]  # fmt: skip
    return _node(cell_type="code", source=text(cell.source), outputs=made, **about)


def _node(**fields: Any) -> NotebookNode:
    """Return a part of a notebook, as nbformat makes it; the whole is validated at the end, not each part by itself."""
    return from_dict(fields)


def attachments(cell: NotebookNode) -> dict[str, dict[str, str]]:
    """Return name → MIME type → Base64 of the pictures that a Markdown cell holds."""
    found = {}
    for name, bundle in dict(cell.get("attachments") or {}).items():
        data = {m: p for m, d in bundle.items() if (p := picture(d, m))} if isinstance(bundle, dict) else {}
        if data and re.fullmatch(r"[\w.-]+", name):
            found[name] = data
    return found


def output(given: dict, tags: list[int]) -> NotebookNode:
    """Return an output as one of the few kinds that are safe; `tags` counts down those that are left to clean."""
    if (sort := given.get("output_type")) == "stream":
        name = "stderr" if given.get("name") == "stderr" else "stdout"
        return _node(output_type="stream", name=name, text=text(given.get("text")))
    if sort == "error":
        lines = text("\n".join(map(str, trace)) if isinstance(trace := given.get("traceback"), list) else "")
        return _node(output_type="error", ename=text(given.get("ename"), 200), evalue=text(given.get("evalue"), 2000),
                     traceback=lines.split("\n"))  # fmt: skip
    bundle = data if isinstance(data := given.get("data"), dict) else {}
    page, made = text(bundle.get("text/html"), CHARACTERS + 1), {}
    if page and len(page) <= CHARACTERS and page.count("<") <= min(TAGS_EACH, tags[0]):
        tags[0] -= page.count("<")
        made["text/html"] = _LEARNERS.clean(page)
    for mime in ("text/markdown", "text/latex"):
        made[mime] = markdown_source(bundle.get(mime))
    made["text/plain"] = text(bundle.get("text/plain"))
    made |= {mime: picture(bundle.get(mime), mime) for mime in ("image/png", "image/jpeg")}
    made = {mime: value for mime, value in made.items() if value}
    left = ", ".join(sorted(text(mime, 60) for mime in bundle if mime not in made)[:5])
    shown = made or {"text/plain": f"[not shown: {left or 'an empty output'}]"}
    return _node(output_type="display_data", metadata={}, data=shown)


# --- filters for nbconvert, in the Formgrader: the second fence -------------------------------


def clean_html(value: Any) -> Markup:
    """Return HTML, of the course's or sanitised before, without anything that acts."""
    return Markup(_COURSES.clean(text(str(value))))


@pass_context
def markdown2html(context: Any, source: str) -> Markup:
    """Return a cell's Markdown as HTML, formulas included: nothing is fetched from a server for them."""
    return rendered(source, attachments(context.get("cell", {})), ours=True)

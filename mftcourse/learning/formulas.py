"""Mathematics in a terminal."""

from __future__ import annotations

import functools
import re
from typing import Any

# What the library would drop or run together.
_PLAIN = {
    r"\\[dt]frac": r"\\frac", r"\\operatorname": r"\\mathrm", r"\\gt": ">", r"\\lt": "<", r"\\top": "T",
    r"\\[bB]ig|\\left|\\right": "",
}  # fmt: skip
_RAISED, _LOWERED = str.maketrans("0123456789T", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _fraction(node: Any, l2tobj: Any) -> str:  # the library asks for this name
    parts = [l2tobj.nodelist_to_text([argument]).strip() for argument in node.nodeargd.argnlist]
    parts = [part[1:-1] if part.startswith("{") and part.endswith("}") else part for part in parts]
    return "/".join(part if re.fullmatch(r"\d+|[^\W\d_]+(_\w+)?", part) else f"({part})" for part in parts) + " "


@functools.cache
def _converter() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    known = get_default_latex_context_db()
    known.add_context_category("mft", [MacroTextSpec("frac", _fraction)], prepend=True)
    return LatexNodes2Text(known, strict_latex_spaces="based-on-source", keep_braced_groups=True)


def _formula(tex: str) -> str:
    """Write a formula in the letters and signs that a terminal has."""
    for pattern, plain in _PLAIN.items():
        tex = re.sub(rf"(?:{pattern})(?![A-Za-z])", plain, tex)
    text = re.sub(r"\{(\w)\}", r"\1", _converter().latex_to_text(tex))
    text = re.sub(r"_(\d)(?!\w)", lambda m: m[1].translate(_LOWERED), text)
    text = re.sub(r"\^([\dT])(?!\w)", lambda m: m[1].translate(_RAISED), text)
    text = re.sub(r"([_^])\{(\w+)\}", r"\1\2", text).translate(str.maketrans("{}", "()"))
    text = " ".join(re.sub(r"([≥≤≈←→])(?=\S)", r"\1 ", text).split())
    return text.replace("( ", "(").replace(" )", ")")


def for_terminal(markdown: str) -> str:
    """Return Markdown whose formulas are code spans that can be read without LaTeX."""

    def span(match: re.Match[str]) -> str:
        code, display, inline = match.groups()
        return code or f"`{_formula(display or inline)}`"

    return re.sub(r"(```.*?```|`[^`]+`)|\$\$(.+?)\$\$|\$([^$]+)\$", span, markdown, flags=re.S)

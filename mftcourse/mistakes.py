"""Sentences for what beginners do first: errors whose own words say too little, or too much.

Three things are known here: how each cell of this kernel ended, which lines of a traceback the learner wrote, and what
the learner's functions returned last. None of it needs a file.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import dis
import inspect
import io
import linecache
import os
import re
import site
import sys
import sysconfig
import tokenize
import traceback
import weakref
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Any

from .expect import described, one_line

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_LIBRARIES = tuple(
    {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages(), _PACKAGE, "<frozen"}
)
_ABOVE = "Run > Run All Above Selected Cell"

stands_for: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # wrapper → the learner's function in it
_cells: list[tuple[str, str, str]] = []  # of each cell that ended: its source, what of it took no effect, and why


def shell() -> Any:
    """Return the IPython shell that runs this, or None."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module else None


def frames(tb: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a traceback, each with its line, that lie in cells: not in a library, not in this package."""
    for frame, line in traceback.walk_tb(tb):
        if not frame.f_code.co_filename.startswith(_LIBRARIES):
            yield frame, line


# --- cells that did not come to their end -----------------------------------------------------


def cell_ended(source: str, error: BaseException | None) -> None:
    """Remember how a cell ended: what it would have defined is missing, or is what an earlier run defined."""
    blank = len(re.match(r"(?:[ \t]*\n)*", source)[0].splitlines())  # IPython runs a cell without them
    lines = source.splitlines()[blank:]
    if error is None:
        _cells.append((source, "", ""))
    elif isinstance(error, SyntaxError):
        if error.msg == "incomplete input":  # IPython's words, for lines typed one by one; Python knows what is open
            try:
                ast.parse("\n".join(lines))
            except SyntaxError as said_by_python:
                error = said_by_python
        number = min(max(error.lineno or 1, 1), max(len(lines), 1))
        kind = "an indentation error" if isinstance(error, IndentationError) else "a syntax error"
        why = f"has {kind} in line {number + blank}: `{_at(lines, number)}` ({error.msg}). "
        said = re.search("invalid (character|decimal)|non-printable", str(error.msg))  # of "1，2", Pythons differ
        if said and not _at(lines, number).isascii():
            why += "Type the plain character of an English keyboard instead. "
        _cells.append((source, source, why + "Nothing in that cell ran: correct that line and run the cell again."))
    else:
        number = next((line for _, line in frames(error.__traceback__)), 1)
        begin = _statement(source, number + blank)
        why = f"in line {number + blank}: `{_at(lines, number)}`"
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "TimeLimit":
            why = f"was stopped before it ended, {why}. Does a loop in it never end?"
        else:
            why = f"ended {why} ({one_line(error)}).{name_missing(error)} Correct it and run the cell again."
        _cells.append((source, "\n".join(source.splitlines()[begin - 1 :]), why))


def unfinished(names: Iterable[str]) -> str:
    """Return a sentence where the cell that last was to define one of these names did not get that far, or ''."""
    names = set(names)
    for source, left, why in reversed(_cells):
        if here := sorted(name for name in names if _defines(source, name)):
            lost = [name for name in here if _defines(left, name)]
            return f"The exercise's cell, which defines `{lost[0]}`, {why}" if lost else ""
    return ""


def _at(lines: list[str], number: int) -> str:
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return line if len(line) <= 100 else line[:97] + "..."


def _statement(source: str, line: int) -> int:
    """Return the first line of the statement of the cell that holds `line`."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # magics
        return line
    return next((n.lineno for n in body if n.lineno <= line <= (n.end_lineno or n.lineno)), line)


def _defines(source: str, name: str) -> bool:
    """Tell whether a cell, which need not be Python, was to define this name."""
    indent = re.match(r"(?:[ \t]*\n)*([ \t]*)", source)[1]
    source = re.sub(f"(?m)^{indent}", "", source)
    definition = rf"(?m)^(?:(?:async +)?def|class) +{name}\b|^(?:\w+ *, *)*{name}\b[^=\n(]*=(?!=)"
    return bool(re.search(definition, source))


# --- names that are missing -------------------------------------------------------------------


def names_read(code: CodeType) -> set[str]:
    """Return the global names that a check cell reads, without its own."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
    return {name for name in found if not name.startswith("mft_")}


def undefined(name: str) -> str:
    """Return the sentence for a name that a check, or a given function, does not find."""
    if stopped := unfinished([name]):
        return stopped
    if shell() and not _cells:
        return (f"`{name}` is not defined: the kernel is new (started or restarted), and not all cells above this one "
                f"have run in it. Run all cells above: {_ABOVE}; then run this one again.")  # fmt: skip
    text = f"`{name}` is not defined. Run the exercise's cell first, and keep its name."
    return text + (f" After a restart of the kernel, run all cells above: {_ABOVE}." if _by_hand() else "")


def _by_hand() -> bool:
    """A person runs the cells, in an order of their own."""
    return shell() is not None and "NBGRADER_EXECUTION" not in os.environ


def name_missing(error: BaseException, learners: Iterable[str] = ()) -> str:
    """Return what to do about a name that the learner's own code does not find, or ''."""
    name = getattr(error, "name", None)
    if type(error) is not NameError or not name:
        return ""
    if name in learners:
        return f" An earlier exercise defines `{name}`{': run its cell' if _by_hand() else ''}."
    last = list(frames(error.__traceback__))[-1:]
    if len(name) == 1:
        return f' If `{name}` is meant as a letter, write it in quotes: "{name}".'
    seen = {n for frame, _ in last for n in (*frame.f_locals, *frame.f_globals)} | set(dir(builtins))
    if close := difflib.get_close_matches(name, (n for n in seen if not n.startswith("_")), 1, 0.75):
        return f" Did you mean `{close[0]}`?"
    if name.lower() in ("true", "false", "none"):
        return f" Did you mean `{name.capitalize()}`?"
    return f" If a cell further up defines `{name}`, run that one first: {_ABOVE}." if _by_hand() else ""


# --- lines of the learner's -------------------------------------------------------------------


def learner_line(tb: TracebackType | None, check_file: str = "", names: Iterable[str] = ()) -> str:
    """Return "at line 4 of your code: `...`" for the last line of the learner's in a traceback, or ''.

    That is none of `check_file`, the check cell. Where one of the `names` that exercises ask for is known, it is a line
    of the cells that define them, and of no function whose docstring calls it given.
    """
    found, names = "", list(names)
    for frame, line in frames(tb):
        if frame.f_code.co_filename != check_file and _is_learners(frame, names):
            source = linecache.getline(frame.f_code.co_filename, line).strip()
            inside = "" if frame.f_code.co_name in ("<module>", "<lambda>") else f", in `{frame.f_code.co_name}`"
            found = f"at line {line} of your code{inside}" + (f": `{source}`" if source else "")
    return found


def _is_learners(frame: FrameType, names: list[str]) -> bool:
    files = {code.co_filename for name in names for code in _codes(frame.f_globals.get(name))}
    return not is_given(frame) and (not files or frame.f_code.co_filename in files)


def _codes(value: Any) -> list[CodeType]:
    parts = vars(value).values() if isinstance(value, type) else [value]
    found = [getattr(inspect.unwrap(stands_for.get(p, p)), "__code__", None) for p in parts if inspect.isfunction(p)]
    return [code for code in found if code]


def is_given(frame: FrameType) -> bool:
    """Tell whether a frame belongs to a function or class of which the docstring says that it is given."""
    value = frame.f_globals.get(frame.f_code.co_qualname.split(".")[0])
    return bool(re.search(r"\(given\b|; given\b", getattr(value, "__doc__", None) or ""))


def left_over(tb: TracebackType | None) -> str:
    """Return a sentence where the learner wrote code and left the stub's `raise NotImplementedError()`, or ''."""
    for frame, number in frames(tb):
        lines = linecache.getlines(frame.f_code.co_filename)
        if number > len(lines) or not re.match(r"\s*raise +NotImplementedError\b", lines[number - 1]):
            continue
        functions = [n for n in ast.walk(ast.parse("".join(lines))) if isinstance(n, ast.FunctionDef)]
        body = next((f.body for f in functions if any(s.lineno == number for s in f.body)), [])
        if body and body[-1].lineno > number:
            return (f"Your code stands below the line `raise NotImplementedError()` (line {number}), which ends the "
                    f"function `{frame.f_code.co_name}`: delete that line.")  # fmt: skip
        docstring = [s for s in body[:1] if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)]
        stub = [n for n in range(1, number) if "# YOUR CODE HERE" in lines[n - 1]]  # what stands above that is given
        if any((stub[-1] if stub else 0) < s.lineno < number for s in body[len(docstring) :]):
            return (f"The line `raise NotImplementedError()` (line {number}) still stands below your code in "
                    f"`{frame.f_code.co_name}`, and is reached: delete it once your code is whole.")  # fmt: skip
    return ""


def joined_texts(names: Iterable[str]) -> str:
    """Return a sentence where the exercise's cell holds two texts side by side, which Python joins, or ''."""
    names = set(names)
    source = next((s for s, _, _ in reversed(_cells) if any(_defines(s, n) for n in names)), "")
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return ""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not re.search(r"\s", node.value):
            part = f"({ast.get_source_segment(source, node)})"
            tokens = tokenize.generate_tokens(io.StringIO(part).readline)
            texts = [token.string for token in tokens if token.type == tokenize.STRING]
            if len(texts) > 1:
                return (f"In line {node.lineno}, {' '.join(texts)} are texts side by side, which Python joins to "
                        f"{node.value!r}: is a comma missing?")  # fmt: skip
    return ""


# --- results that cannot be used --------------------------------------------------------------


def place(tb: TracebackType | None) -> str:
    """Return where an exception surfaced that no line of the learner's raised: "here", or "in the given `name`"."""
    names = [frame.f_code.co_qualname.split(".")[0] for frame, _ in frames(tb)]
    return f"in the given `{names[-1]}`" if names and not names[-1].startswith("<") else "here"


def unusable(error: BaseException, tb: TracebackType | None, said: str, returned: dict[str, tuple[Any, Any]]) -> str:
    """Return the sentence for an exception in the check, or in a given function: a result did not fit.

    `returned` has name → what a function of the learner's returned last, and the function.
    """
    frame, number = (list(frames(tb)) or [(None, 0)])[-1]
    line = linecache.getline(frame.f_code.co_filename, number) if frame else ""
    where = getattr(error, "mft_place", "") or place(tb)
    if nothing := [name for name, (value, _) in returned.items() if value is None and "NoneType" in str(error)]:
        return f"`{nothing[-1]}` returns nothing (None), where a value is needed: does it end in `return`?"
    here = frame and where == "here"
    if here and isinstance(error, KeyError) and (lacking := _lacking(error, frame, line, returned)):
        return lacking
    results = {name: value for name, (value, _) in returned.items()}
    texts = [f"`{name}` returned {described(v)}{_needed(v, str(error))}" for name, v in results.items()]
    if not texts and frame:
        there = {n: frame.f_globals[n] for n in re.findall(r"\b[A-Za-z]\w*", line) if n in frame.f_globals}
        texts = [f"`{name}` is {described(value)}" for name, value in there.items()
                 if not (name.startswith("mft_") or callable(value) or isinstance(value, ModuleType))]  # fmt: skip
    if not texts:
        guess = " Is a `return` missing?" if "NoneType" in str(error) else ""
        return f"What your code returned could not be used {where} ({said}).{guess}"
    asked = _asked_for(list(returned.values())[-1][1]) if returned else ""
    tail = f" Its docstring asks for: {asked}" if asked else ""
    return f"{' and '.join(texts[-2:])}. That could not be used {where} ({said}).{tail}"


def _asked_for(function: Any) -> str:
    """Return what a docstring says of the value to return, or ''."""
    found = re.search(r"(?m)^Returns:\n((?: +.+\n?)+)|\A(Returns? .*)", inspect.getdoc(function) or "")
    text = " ".join((found[1] or found[2]).split()) if found else ""
    return text if len(text) <= 200 else text[:197] + "..."


def _needed(value: Any, said: str) -> str:
    """Say which shape is needed, or how many values, where the error tells it."""
    if many := re.search(r"(?:not enough|too many) values to unpack \(expected (?:at least )?(\d+)", said):
        return f", where {many[1]} values are needed"
    if "cannot unpack non-iterable" in said:
        return ", where several values are needed"
    shape, pair = tuple(getattr(value, "shape", None) or ()), re.search(r"shapes \(([\d, ]*)\) \(([\d, ]*)\)", said)
    shapes = [tuple(map(int, re.findall(r"\d+", part))) for part in pair.groups()] if pair else []
    return f" where shape {shapes[1 - shapes.index(shape)]} is needed" if shape in shapes else ""


def _lacking(error: KeyError, frame: FrameType, line: str, returned: dict) -> str:
    key = error.args[0] if error.args else None
    for name in re.findall(r"(\w+)\[", line):
        value = frame.f_globals.get(name)
        if isinstance(value, dict) and key not in value:
            owner = f"`{name}`"
            if name.startswith("mft_"):
                owner = f"What `{list(returned)[-1]}` returned" if returned else "Your dict"
            keys = ", ".join(map(repr, list(value)[:8])) or "none"
            return f"{owner} lacks the key {key!r}; its keys are: {keys}. Take the keys as the exercise names them."
    return ""

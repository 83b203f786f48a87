"""Compare what a learner's code returned with what was asked for, and word the difference.

`expect` knows numbers, strings, lists, tuples, dicts, NumPy arrays, tensors and pandas objects. When two values differ
it raises `Mismatch`, whose text names the kind (type, shape, dtype, position, value) and the usual suspect, if any.
"""

from __future__ import annotations

import cmath
import contextlib
import inspect
import math
import numbers
import re
from typing import Any

import numpy as np

TOLERANCE = 1e-9  # relative and absolute, for 64-bit floats
TOLERANCE_FLOAT32 = 1e-5


class NotWritten(Exception):
    """The learner has not answered yet: a placeholder or a stub is still in place."""


class Mismatch(AssertionError):
    """A difference: `text` has the values, `public`, for hidden checks, none; `suspect` is the guess at why in both."""

    def __init__(self, text: str, public: str = "", suspect: str = "") -> None:
        super().__init__(text)
        self.text, self.public, self.suspect = text, public, suspect


class InputChanged(Mismatch):
    """A function of the learner's changed an argument: the parameter's name, or its place from 0."""

    def __init__(self, function: str, place: int | str) -> None:
        self.function, self.place = function, place
        parameter = f"`{place}`" if isinstance(place, str) else f"number {place + 1}"
        todo = "Leave what you are given as it is: work on a copy."
        text = f"`{function}` changed its argument {parameter}. {todo}"
        super().__init__(text, f"A function changed its input. {todo}")


def expect(got: Any, want: Any, tol: float | None = None, what: str = "", tell: bool = True) -> None:
    """Raise `Mismatch` unless `got` equals `want`.

    Args:
        got, want: what the learner's code returned, and what is asked for, whose type decides how they are compared.
        tol: the largest difference allowed, relative or absolute, whichever is larger. None means 1e-9, or 1e-5
            where `want` holds 32-bit (or smaller) floats.
        what: the name of the thing in the message, such as "recall of class 2".
        tell: say what was expected; False for answers that the learner works out on paper.

    NaN equals NaN, and an infinity only itself. Arrays and tensors of floats must have the dtype of `want`.
    Integers, floats and zero-dimensional arrays or tensors all count as numbers.

    Raises:
        NotWritten: `got` is, or contains, the placeholder `...`.
        Mismatch: the two differ.
    """
    try:
        if got is None and want is not None:
            guess = "Your function returns nothing: does it end in `return`?"
            text = f"{_cap(what or 'the result')} is None. {guess}"
            raise Mismatch(text, text, guess)
        _compare(got, want, tol, what or "the result")
    except Mismatch as difference:
        if tell:
            raise
        # what went wrong on paper is for the learner to find; only a rounded number is no error of thought
        rounded = "rounded" in difference.suspect
        text = difference.public if rounded else difference.public.replace(difference.suspect, "").strip()
        raise Mismatch(text, text) from None


def leaving_inputs(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the learner's and return what it returns; raise `InputChanged` where it changed an argument.

    The course's rule: what you write leaves its arguments as they were, unless its docstring says otherwise. Plain data
    are looked at (lists, dicts, sets, arrays, tensors, frames), not modules and other objects.
    """
    before = _snapshot((args, kwargs))
    result = function(*args, **kwargs)
    places = [*((i, a, b) for i, (a, b) in enumerate(zip(before[0], args, strict=True))),
              *((k, before[1][k], kwargs[k]) for k in kwargs)]  # fmt: skip
    for place, was, now in places:
        if not _same(was, now):
            raise InputChanged(getattr(function, "__name__", "your function"), _parameter(function, place))
    return result


def _parameter(function: Any, place: int | str) -> int | str:
    if isinstance(place, int):
        with contextlib.suppress(TypeError, ValueError, IndexError):
            return list(inspect.signature(function).parameters)[place]
    return place


def _snapshot(value: Any, depth: int = 12) -> Any:
    """Return a copy of plain data; anything else as it is."""
    if type(value) in (list, tuple, set) and depth:
        return type(value)(v if type(v) in _SIMPLE else _snapshot(v, depth - 1) for v in value)
    if type(value) is dict and depth:
        return {k: _snapshot(v, depth - 1) for k, v in value.items()}
    kind = _kind(value)
    if kind in ("array", "frame", "series"):
        return value.copy()
    return value.detach().clone() if kind == "tensor" else value


def _same(was: Any, now: Any) -> bool:
    if was is now:
        return True
    if type(was) in (list, tuple):
        return len(was) == len(now) and all(a is b or _same(a, b) for a, b in zip(was, now, strict=True))
    if type(was) is dict:
        return list(was) == list(now) and all(_same(was[k], now[k]) for k in was)
    kind = _kind(was)
    if kind in ("frame", "series"):
        return was.equals(now) and (kind == "series" or list(was.columns) == list(now.columns))
    if kind in ("array", "tensor"):
        a, b = (v.detach().cpu() if kind == "tensor" else v for v in (was, now))
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        return bool(((a == b) | ((a != a) & (b != b))).all())
    return bool(was == now)  # sets


def given(answer: Any) -> Any:
    """Return the learner's answer, or raise `NotWritten` while it is still the placeholder `...`."""
    if answer is Ellipsis:
        raise NotWritten
    return answer


def expect_raises(error: type[BaseException], function: Any, *args: Any, **kwargs: Any) -> BaseException:
    """Call the learner's function and raise `Mismatch` unless it raises `error`; return what it raised."""
    this = f"This input should be refused with {error.__name__}, but your code"
    public = f"An input that should be refused with {error.__name__}"
    try:
        returned = function(*args, **kwargs)
    except NotImplementedError:
        raise
    except error as caught:
        return caught
    except Exception as other:
        raise Mismatch(f"{this} raised {one_line(other)}.", f"{public} raised another exception.") from other
    raise Mismatch(f"{this} returned {_short(returned)}.", f"{public} was accepted.")


def expect_choice(got: Any, want: str, why: dict[str, str]) -> None:
    """Judge a letter the learner chose, such as "b", and explain it: `why` tells what speaks for or against each.

    Letter case, blanks and brackets around it don't count.
    """
    given(got)
    known = {option.lower(): option for option in why}
    options = ", ".join(map(repr, why))
    chosen = known.get(got.strip().lower(), known.get(got.strip(" ().").lower())) if isinstance(got, str) else None
    if chosen is None:
        text = f"Answer with one of {options}, in quotes"
        raise Mismatch(f"{text}; you gave {_short(got)}.", f"{text}.")
    if chosen != want:
        raise Mismatch(f"You chose {chosen!r}. {why[chosen]}", f"You chose {chosen!r}. {why[chosen]}")


# --- the comparison ---------------------------------------------------------------------------


def _compare(got: Any, want: Any, tol: float | None, what: str) -> None:
    given(got)
    if got is None and want is not None:
        _fail(f"{what} is None", got, want)
    kind = _kind(want)
    if kind == "number":
        _compare_numbers(got, want, tol, what)
    elif kind in ("array", "tensor"):
        _compare_arrays(got, want, tol, what, kind)
    elif kind in ("frame", "series"):
        _compare_pandas(got, want, tol, what, kind)
    elif kind == "sequence":
        _compare_sequences(got, want, tol, what)
    elif kind == "dict":
        _compare_dicts(got, want, tol, what)
    else:
        if type(got) is not type(want) and not (isinstance(got, str) and isinstance(want, str)):
            _fail(f"{what} should be {_name(want)}{_not_a(got)}", got, want, show=False)
        if got != want:
            alike = isinstance(want, str) and got.strip().lower() == want.strip().lower()
            _fail(f"{what} differs", got, want, "Only blanks, or capital letters, are not the same." if alike else "")


def _compare_numbers(got: Any, want: Any, tol: float | None, what: str) -> None:
    suspect = ". Write it without quotes" if isinstance(got, str) else ""
    if isinstance(want, bool | np.bool_):
        if not isinstance(got, bool | np.bool_):
            _fail(f"{what} should be True or False{_not_a(got)}{suspect}", got, want, show=False)
        if got != want:
            raise Mismatch(f"{_cap(what)} should be {bool(want)}, but it is {bool(got)}.", f"{_cap(what)} differs.")
        return
    value = _number(got)
    if value is None:
        if isinstance(got, (tuple, list)):
            suspect = f". You returned a {type(got).__name__}{_mine(f' of {len(got)}')}"
            suspect += ": a comma at the end of a line makes one" if isinstance(got, tuple) and len(got) == 1 else ""
        elif getattr(got, "shape", None):
            suspect = f". You returned {_mine(f'shape {tuple(got.shape)}', 'an array')}: is a sum or a mean missing?"
        _fail(f"{what} should be a number{_not_a(got)}{suspect}", got, want, show=False)
    original, want = want, _number(want)
    limit = _tolerance(tol, original)
    if not _close(value, want, limit):
        # among small whole numbers, half and twice are chance
        whole = _real(value, want) and float(value).is_integer() and float(want).is_integer()
        suspect = "" if whole else _suspect(value, want, max(limit, 1e-6))
        if got == 0 and isinstance(got, int) and _real(want) and 0 < want < 1:
            suspect = "Is something rounded down to 0, as // does?"
        if _is_small(got) and not _is_small(original) and _close(value, want, TOLERANCE_FLOAT32):
            suspect = "Nearly: yours has 32 bits, some seven digits. Compute in float64."
        _fail(f"{what} is not the expected number", got, want, suspect)


def _compare_arrays(got: Any, want: Any, tol: float | None, what: str, kind: str) -> None:
    if _kind(got) != kind:
        word = "a NumPy array" if kind == "array" else "a tensor"
        _fail(f"{what} should be {word} of shape {tuple(want.shape)}{_not_a(got)}", got, want, show=False)
    limit = _tolerance(tol, want)
    if got.dtype != want.dtype and (kind == "tensor" or want.dtype.kind == got.dtype.kind == "f"):
        _fail(f"{what} should have dtype {want.dtype}, not {got.dtype}", got, want, show=False)
    if kind == "tensor":
        got, want = (t.detach().cpu().double().numpy() if t.dtype.is_floating_point else t.detach().cpu().numpy()
                     for t in (got, want))  # fmt: skip
    if got.shape != want.shape:
        suspect = ""
        if [n for n in got.shape if n != 1] == [n for n in want.shape if n != 1]:
            suspect = "One of the two has an extra axis of length 1: see squeeze, or index with [:, None]."
        elif got.shape == want.shape[::-1]:
            suspect = "It looks transposed."
        elif sorted(got.shape) == sorted(want.shape):
            suspect = "The axes are in another order."
        elif got.ndim == want.ndim == 1:
            suspect = f"You returned {got.size} values, expected {want.size}."
        shape = _mine(f"{got.shape}", f"one with {_count(got.shape, 'axis')}")
        _fail(f"{what} should have shape {want.shape}, not {shape}", got, want, suspect, show=False)
    if want.dtype.kind in "biufc" and got.dtype.kind in "biufc":
        with np.errstate(all="ignore"):  # inf - inf is fine here: equality is tested first
            common = complex if "c" in got.dtype.kind + want.dtype.kind else float
            a, b = got.astype(common), want.astype(common)
            near = np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= limit * np.maximum(1.0, np.abs(b)))
            same = (a == b) | (np.isnan(a) & np.isnan(b)) | near
    elif want.dtype.kind != got.dtype.kind and {want.dtype.kind, got.dtype.kind} & set("biufc"):
        _fail(f"{what} should have dtype {want.dtype}{_not(str(got.dtype))}", got, want, show=False)
    else:
        same = got == want
    same = np.asarray(same)
    if same.all():
        return
    where = tuple(int(i) for i in np.argwhere(~same)[0])
    at = f" at {'position' if len(where) == 1 else 'index'} {where[0] if len(where) == 1 else where}" if where else ""
    suspect = _suspect_array(got, want, limit)
    count = int((~same).sum())
    _fail(f"{what} has {count} of {same.size} values off, the first{at}", got[where], want[where], suspect)


def _compare_pandas(got: Any, want: Any, tol: float | None, what: str, kind: str) -> None:
    if _kind(got) != kind:
        word = "a DataFrame" if kind == "frame" else "a Series"
        _fail(f"{what} should be {word}{_not_a(got)}", got, want, show=False)
    if kind == "frame":
        _compare(list(got.columns), list(want.columns), tol, f"the columns of {what}")
        if len(got) != len(want):
            _fail(f"{what} should have {_count(want, 'row')}{_not(str(len(got)))}", got, want, show=False)
        for name in want.columns:
            _compare_pandas(got[name], want[name], tol, f"column {name!r} of {what}", "series")
        return
    if len(got) != len(want):
        _fail(f"{what} should have {_count(want, 'entry')}{_not(str(len(got)))}", got, want, show=False)
    if {str(got.dtype), str(want.dtype)} == {"float32", "float64"}:
        _fail(f"{what} should have dtype {want.dtype}, not {got.dtype}", got, want, show=False)
    if not got.index.equals(want.index):
        _fail(f"the index of {what} differs", list(got.index[:5]), list(want.index[:5]))
    if all(getattr(series.dtype, "kind", "O") in "biuf" for series in (got, want)):
        got, want = (series.to_numpy(dtype=float, na_value=np.nan) for series in (got, want))
        _compare_arrays(got, want, tol, what, "array")
    else:
        missing, absent = got.isna().to_numpy(), want.isna().to_numpy()
        _compare_arrays(missing, absent, None, f"where {what} is missing", "array")
        _compare_sequences(got[~missing].tolist(), want[~absent].tolist(), tol, what)


def _compare_sequences(got: Any, want: Any, tol: float | None, what: str) -> None:
    if not isinstance(got, (list, tuple)):
        _fail(f"{what} should be a {type(want).__name__} of {len(want)}{_not_a(got)}", got, want, show=False)
    if any(item is Ellipsis for item in got):
        raise NotWritten
    if len(got) != len(want):
        right = 0
        with contextlib.suppress(Mismatch):
            for a, b in zip(got, want, strict=False):
                _compare(a, b, tol, what)
                right += 1
        said = f"{what} should hold {_count(want, 'item')}{_not(str(len(got)))}"
        if right > 8:  # what is told of long lists would be where they are alike
            same = _mine(f"; the first {right} are right, and this is what follows them")
            _fail(f"{said}{same}", got[right:], want[right:])
        _fail(said, got, want)
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        try:
            _compare(a, b, tol, f"item {i} of {what}")
        except Mismatch:
            scalars = all(isinstance(x, str | int | float) for x in (*got, *want))  # a repr of an array is abridged
            if scalars and sorted(map(repr, got)) == sorted(map(repr, want)):
                _fail(f"{what} holds the right items in another order", got, want)
            raise


def _compare_dicts(got: Any, want: Any, tol: float | None, what: str) -> None:
    if not isinstance(got, dict):
        _fail(f"{what} should be a dict with the keys {list(want)}{_not_a(got)}", got, want, show=False)
    lacking, extra = [k for k in want if k not in got], [k for k in got if k not in want]
    if lacking or extra:
        parts = [f"lacks the key {k!r}" for k in lacking[:3]]
        parts += [f"has {_mine(f'the unknown key {k!r}', 'an unknown key')}" for k in extra[:3]]
        _fail(f"{what} {' and '.join(parts)}", got, want, show=False)
    if any(got[k] is Ellipsis for k in want):
        raise NotWritten
    for key in want:
        _compare(got[key], want[key], tol, f"{key!r}" if what == "the result" else f"{key!r} of {what}")


# --- the words --------------------------------------------------------------------------------


def _fail(text: str, got: Any, want: Any, suspect: str = "", show: bool = True) -> None:
    text = _cap(text).rstrip(".")
    values = f" Expected {_short(want)}, got {_short(got)}." if show else ""
    tail = f" {suspect}" if suspect else ""
    # a guess with a number in it, such as "1 - expected", would give the expected value away
    public = f"{text}." + ("" if re.search(r"\d", suspect) else tail)
    raise Mismatch(_MINE.sub(r"\1", f"{text}.{values}{tail}"), _MINE.sub(r"\2", public), suspect)


_MINE = re.compile("\0([^\0]*)\0([^\0]*)\0")


def _mine(words: str, public: str = "") -> str:
    """Mark words that say what the learner's value says of itself, and those that a hidden check has instead of them.

    A value may carry what it was computed from: as a key, a shape, the name of its type.
    """
    return "\0" + words.replace("\0", "?") + "\0" + public + "\0"


def _not(words: str) -> str:
    return _mine(f", not {words}")


def _not_a(value: Any) -> str:
    known = type(value).__module__.split(".")[0] in ("builtins", "numpy", "torch", "pandas")
    kind = {"ellipsis": "the placeholder ...", "NoneType": "None"}.get(type(value).__name__, type(value).__name__)
    return _mine(f", not {_name(value)}", f", not {kind if known else 'an object of another type'}")


def _suspect(got: float, want: float, tol: float) -> str:
    """Name the usual cause of a wrong number, or ''. Only causes that these two values point to."""
    if not _real(got, want):
        return ""
    if math.isnan(got):
        return "Your value is nan: a gap that stayed, or 0 divided by 0?"
    if max(abs(got), abs(want)) > 1e150 or math.isnan(want):
        return ""  # infinite, or too large to be squared
    if {got, want} & {0, 1, -1, 0.5, 2}:
        return ""  # so many mistakes lead from one of these to another that a guess would be chance
    tries = [
        (1 - want, "This is 1 - expected."),
        (-want, "The sign is flipped."),
        (100 * want, "This is a percentage; give the fraction."),
        (1 / want if want else math.inf, "This is 1 / expected: is the fraction upside down?"),
        (math.sqrt(want) if want > 0 else math.inf, "This is the square root of expected."),
        (want * want, "This is the square of expected."),
        (2 * want, "This is twice what is expected."),
        (want / 2, "This is half of what is expected."),
    ]
    for value, words in tries:
        if not _close(value, want, tol) and _close(got, value, tol):
            return words
    if abs(got - want) < 0.006 and got == round(got, 4) and want != round(want, 4):
        return "It looks rounded: type the fraction or the formula, and let Python compute."
    return ""


def _suspect_array(got: np.ndarray, want: np.ndarray, tol: float) -> str:
    if got.dtype.kind not in "biuf" or want.dtype.kind not in "biuf" or not want.size:
        return ""
    a, b = got.astype(float), want.astype(float)

    def same(x: np.ndarray, y: np.ndarray) -> bool:
        return x.shape == y.shape and np.allclose(x, y, rtol=tol, atol=tol, equal_nan=True)

    if np.isnan(a).any() and not np.isnan(b).any():
        return "Yours holds nan: a gap that stayed, or 0 divided by 0?"
    if b.ndim == 2 and same(a.T, b):
        return "It looks transposed."
    if b.size < 3 or len(np.unique(b)) < 2:
        return ""  # among so few values, or equal ones, what follows would be chance
    tries = {"It is in reverse order.": b.ndim == 1 and same(a[::-1], b),
             "The values are right, in another order.": b.ndim == 1 and same(np.sort(a), np.sort(b)),
             "This is 1 - expected.": same(1 - a, b), "The sign is flipped.": same(-a, b)}  # fmt: skip
    for words, fit in tries.items():
        if fit:
            return words
    there = np.isfinite(b) & (np.abs(b) > tol)
    if there.sum() >= 3 and np.isfinite(a[there]).all() and same(a[~there], b[~there]):
        ratio = a[there] / b[there]
        if np.allclose(ratio, ratio[0], rtol=1e-6) and not np.isclose(ratio[0], 1) and abs(ratio[0]) > tol:
            return "All values are off by the same factor."
    return ""


# --- small facts about values -----------------------------------------------------------------


_SIMPLE = {int: "number", float: "number", bool: "number", complex: "number", str: "other", type(None): "other"}


def _kind(value: Any) -> str:
    if type(value) in _SIMPLE:  # nearly always, and much sooner
        return _SIMPLE[type(value)]
    module = type(value).__module__.split(".")[0]
    if module == "torch" and hasattr(value, "detach"):
        return "tensor" if value.ndim else "number"
    if isinstance(value, np.ndarray):
        return "array" if value.ndim else "number"
    if isinstance(value, (numbers.Number, np.generic)) and not isinstance(value, np.str_):
        return "number"
    if module == "pandas" and type(value).__name__ in ("DataFrame", "Series"):
        return "frame" if type(value).__name__ == "DataFrame" else "series"
    if isinstance(value, (list, tuple)):
        return "sequence"
    return "dict" if isinstance(value, dict) else "other"


def _number(value: Any) -> Any:
    """Return a Python number for anything that counts as one, else None."""
    if _kind(value) != "number":
        return None
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, complex):
        return value
    try:
        return value if isinstance(value, int) and 2**53 <= abs(value) < 2**1023 else float(value)
    except OverflowError:  # more than a float holds
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return None


def _real(*values: Any) -> bool:
    return not any(isinstance(v, complex) for v in values)


def _close(got: Any, want: Any, tol: float) -> bool:
    if got == want or (cmath.isnan(got) and cmath.isnan(want)):
        return True
    return cmath.isfinite(got) and cmath.isfinite(want) and abs(got - want) <= tol * max(1.0, abs(want))


def _tolerance(tol: float | None, want: Any) -> float:
    if tol is not None:
        return tol
    return TOLERANCE_FLOAT32 if _is_small(want) else TOLERANCE


def _is_small(value: Any) -> bool:
    """Floats of fewer than 64 bits."""
    return any(s in str(getattr(value, "dtype", "")) for s in ("float32", "float16", "float8"))


def _count(values: Any, word: str) -> str:
    plural = {"axis": "axes"}.get(word) or (word[:-1] + "ies" if word.endswith("y") else word + "s")
    return f"{len(values)} {word if len(values) == 1 else plural}"


def _name(value: Any) -> str:
    name = getattr(value, "__mft_type__", None) or type(value).__name__
    if getattr(value, "shape", None) is not None and _kind(value) in ("array", "tensor"):
        return f"{name} of shape {tuple(value.shape)}"
    return {"ellipsis": "the placeholder ...", "NoneType": "None"}.get(name, f"{name}")


def described(value: Any) -> str:
    """Return what a value is, and no number in it: "an array of shape (3,)", "a list of 2 (float, float)", "a dict"."""
    kind, name = _kind(value), type(value).__name__
    if kind in ("array", "tensor"):
        return f"{'an array' if kind == 'array' else 'a tensor'} of shape {tuple(value.shape)}"
    if value is None or value is Ellipsis:
        return _name(value)
    text = f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"
    if kind != "sequence":
        return text
    items = ", ".join([*(_name(item) for item in value[:3]), *["..."] * (len(value) > 3)])
    return f"{text} of {len(value)}" + (f" ({items})" if items else "")


def one_line(error: BaseException | str) -> str:
    """Return an error as its type and the first sentence of its text, without what a terminal makes colours of.

    Libraries go on for fifteen lines, with advice that may be the opposite of what an exercise asks for.
    """
    name, text = ("", error) if isinstance(error, str) else (type(error).__name__, str(error))
    text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", text).strip()
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()] or [""]
    first = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    if len(lines) > 1 or len(first) > 160:
        first = re.split(r"(?<=[.!?])\s+(?=[A-Z])", first)[0]
    first = (first if len(first) <= 300 else first[:297] + "...").rstrip(":.")
    return f"{name}: {first}" if name and first else name or first


def _short(value: Any, width: int = 80) -> str:
    if isinstance(value, np.generic) or (_kind(value) == "number" and hasattr(value, "item")):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.10g}"
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def _cap(text: str) -> str:
    """Begin a sentence with a capital, but not with a name such as `fpr`."""
    return text[:1].upper() + text[1:] if text.split(" ")[0] in ("the", "item", "column", "where", "your") else text

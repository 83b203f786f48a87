"""The encoding of plain data, and stand-ins for what a learner defined.

Check cells judge plain data. This module makes that a fact: it encodes what goes in and decodes what
comes out (JSON for scalars and containers, behind it raw bytes for arrays, safetensors for tensors, Arrow
for frames) and refuses everything else. What a learner defined stays on the learner's side (`Room`); the
judge's side holds a `StandIn` for it, which forwards calls and attributes, and the operators of a class that
an exercise asks for. Whether two things are equal, or one is true, no stand-in is ever asked.
The two sides talk in bytes through one function, so they may be two processes, and then nothing that comes
back is believed but its value.
"""

from __future__ import annotations

import builtins
import io
import json
import math
import re
import struct
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from .. import mistakes
from ..checks import watched
from ..expect import InputChanged, NotWritten
from ..mistakes import learner_line, left_over, place
from ..probes import PROBES

Send = Callable[[bytes], bytes]
MAGIC = b"mft2"
HEAD_BYTES = 16_000_000  # what stands before the raw bytes of arrays, tensors and frames


class NotPlain(TypeError):
    """A value that does not pass the wall: neither plain data nor something the learner wrote."""


# --- bytes ------------------------------------------------------------------------------------


_json = json.JSONEncoder(separators=(",", ":")).encode  # `json.dumps` would make one for each question


def dumps(value: Any, lend: Callable[[Any], dict] | None = None) -> bytes:
    """Encode plain data.

    Args:
        value: numbers, fractions, strings, bytes, None, `...`, lists, tuples, dicts, sets, NumPy arrays and scalars
            (no object dtype), tensors, dtypes, pandas frames and series; and stand-ins.
        lend: called for everything else; returns a reference. None refuses it.

    Raises:
        NotPlain: with a sentence that names the type.
    """
    blobs: list[bytes] = []
    tree = _encode(value, lend, blobs)
    head = _json([tree, [len(b) for b in blobs]]).encode()
    return b"".join([MAGIC, struct.pack(">I", len(head)), head, *blobs])


def loads(data: bytes, resolve: Callable[[dict], Any] | None = None) -> Any:
    """Decode what `dumps` wrote; `resolve` turns references into objects or stand-ins.

    Raises:
        ValueError: the bytes are not such an encoding. Decoding never runs code that they bring.
    """
    try:
        if not data.startswith(MAGIC):
            raise ValueError("it begins with other bytes")
        at = len(MAGIC) + 4
        (length,) = struct.unpack(">I", data[at - 4 : at])
        if length > HEAD_BYTES:
            raise ValueError("it is too large")
        tree, lengths = json.loads(data[at : at + length])
        at += length
        blobs = []
        for length in lengths:
            blobs.append(data[at : at + length])
            at += length
        if at != len(data):
            raise ValueError("bytes are missing, or left over")
        return _decode(tree, resolve, blobs)
    except Exception as error:  # of json, NumPy, safetensors, Arrow, or too deep
        raise ValueError(f"This is not encoded plain data: {type(error).__name__}: {str(error)[:200]}") from error


def _encode(value: Any, lend: Callable[[Any], dict] | None, blobs: list[bytes]) -> Any:
    if _as_it_is(value):
        return value

    def inner(v: Any) -> Any:
        return v if _as_it_is(v) else _encode(v, lend, blobs)

    if isinstance(value, dict):
        return {"t": "dict", "v": [[inner(k), inner(v)] for k, v in value.items()]}
    if isinstance(value, list | tuple | set | frozenset):
        tag = next(n for n, k in _CONTAINERS.items() if isinstance(value, k))
        return {"t": tag, "v": [inner(v) for v in value]}

    def blob(tag: str, data: bytes, **more: Any) -> dict:
        blobs.append(data)
        return {"t": tag, "b": len(blobs) - 1, **more}

    if isinstance(value, np.generic):
        return _encode_array("scalar", np.asarray(value), blob)
    for kind in (str, int, float):  # a subclass of one
        if isinstance(value, kind) and _as_it_is(plain := kind(value)):
            return plain
    for tag, (kind, write, _) in _TEXTS.items():
        if isinstance(value, kind):
            return {"t": tag, "v": write(value)}
    if isinstance(value, StandIn):
        return {"t": "mine", "id": object.__getattribute__(value, "_mft_id")}
    if isinstance(value, bytes | bytearray):
        return blob("bytes", bytes(value))
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise NotPlain("A NumPy array of dtype object is not plain data: use a numeric or string dtype.")
        return _encode_array("array", value, blob)
    module = type(value).__module__.split(".")[0]
    if module == "torch" and type(value).__name__ == "dtype":
        return {"t": "torch.dtype", "v": str(value).removeprefix("torch.")}
    if module == "torch" and hasattr(value, "detach") and hasattr(value, "is_sparse"):
        return blob("tensor", _safetensors(value), grad=bool(value.requires_grad and value.is_leaf))
    if module == "pandas" and type(value).__name__ in ("DataFrame", "Series"):
        return _encode_pandas(value, blob, inner)
    if lend is None:
        raise NotPlain(
            f"A {type(value).__name__} is not plain data. Checks pass and judge numbers, strings, lists, dicts, "
            "arrays, tensors, frames, and what the learner wrote."
        )
    return lend(value)


_AS_THEY_ARE = {int, float, bool, str, type(None)}


def _as_it_is(value: Any) -> bool:
    """Whether JSON has just this value; most are like that, and need no closer look."""
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in _AS_THEY_ARE and (type(value) is not int or -(2**53) < value < 2**53)


_CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _decode(tree: Any, resolve: Callable[[dict], Any] | None, blobs: list[bytes]) -> Any:
    def inner(x: Any) -> Any:
        return _decode(x, resolve, blobs)

    if not isinstance(tree, dict):
        if isinstance(tree, list):
            raise ValueError("a list without a tag")
        return tree
    tag, v = tree["t"], tree.get("v")
    if tag in _CONTAINERS:
        return _CONTAINERS[tag](x if type(x) in _AS_THEY_ARE else inner(x) for x in v)
    if tag == "dict":
        return {(k if type(k) is str else inner(k)): (x if type(x) in _AS_THEY_ARE else inner(x)) for k, x in v}
    if tag in _TEXTS:
        return _TEXTS[tag][2](v)
    if tag in _BLOBS:
        return _BLOBS[tag](tree, blobs[tree["b"]], inner)
    if tag == "torch.dtype":
        import torch

        if not isinstance(dtype := getattr(torch, v), torch.dtype):
            raise ValueError(f"{v!r} is no dtype")
        return dtype
    if tag in ("mine", "yours") and resolve:
        return resolve(tree)
    raise ValueError(f"unknown tag {tag!r}")


def _encode_array(tag: str, array: np.ndarray, blob: Callable) -> dict:
    if array.dtype.names:  # with fields: their names are in no `dtype.str`
        out = io.BytesIO()
        np.save(out, array, allow_pickle=False)
        return blob(tag, out.getvalue())
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return blob(tag, array.tobytes(order), d=array.dtype.str, s=array.shape, o=order)


def _decode_array(tree: dict, data: bytes, _: Callable) -> np.ndarray:
    if "d" not in tree:
        return np.load(io.BytesIO(data), allow_pickle=False)
    dtype = _plain_dtype(tree["d"])
    if not data:  # no values, or texts without a letter
        if (size := math.prod(tree["s"])) > 1_000_000 or (size and dtype.itemsize):
            raise ValueError("an array without its values")
        return np.zeros(tree["s"], dtype)
    return np.frombuffer(bytearray(data), dtype).reshape(tree["s"], order=tree["o"])


def _plain_dtype(text: str) -> np.dtype:
    dtype = np.dtype(text)
    if dtype.hasobject:
        raise ValueError("a dtype that holds objects")
    return dtype


def _safetensors(tensor: Any) -> bytes:
    from safetensors.torch import save

    if tensor.is_sparse or tensor.is_complex():
        raise NotPlain("Sparse and complex tensors do not pass the wall: make them dense and real.")
    # clone: safetensors refuses views that share memory
    return save({"t": tensor.detach().cpu().contiguous().clone()})


def _decode_tensor(tree: dict, data: bytes, _: Callable) -> Any:
    from safetensors.torch import load

    return load(data)["t"].requires_grad_(tree.get("grad") is True)


def _encode_pandas(value: Any, blob: Callable, inner: Callable) -> dict:
    import pyarrow as pa

    series = type(value).__name__ == "Series"
    frame = value.to_frame("0") if series else value.set_axis([str(i) for i in range(value.shape[1])], axis=1)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise NotPlain(f"This {type(value).__name__} holds values of mixed types: {error}") from error
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    # names and dtypes travel beside the table: Arrow knows neither integer names nor every NumPy dtype
    names = inner(value.name) if series else [inner(c) for c in value.columns]
    return blob("series" if series else "frame", out.getvalue(), names=names)


def _decode_pandas(tree: dict, data: bytes, inner: Callable) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        table = reader.read_all()
    table.validate(full=True)  # a hostile side may send offsets that point elsewhere
    frame = table.to_pandas()
    if tree["t"] == "series":
        return frame["0"].rename(inner(tree["names"]))
    return frame.set_axis([inner(n) for n in tree["names"]], axis=1)


# What travels as a text: tag → its type, what writes it, what reads it.
_TEXTS = {
    "int": (int, lambda value: str(int(value)), int),
    "float": (float, lambda value: repr(float(value)), float),
    "complex": (complex, lambda value: repr(complex(value)), complex),
    "decimal": (Decimal, str, Decimal),
    "fraction": (
        Fraction,
        lambda value: f"{int(value.numerator)}/{int(value.denominator)}",
        lambda text: Fraction(*map(int, text.split("/"))),
    ),
    "ellipsis": (type(...), str, lambda text: ...),
    "np.dtype": (np.dtype, lambda value: value.str, _plain_dtype),
}
_BLOBS = {  # what travels as raw bytes: tag → what reads it
    "bytes": lambda tree, data, inner: data,
    "array": _decode_array,
    "scalar": lambda tree, data, inner: _decode_array(tree, data, inner)[()],
    "tensor": _decode_tensor,
    "frame": _decode_pandas,
    "series": _decode_pandas,
}


# --- the learner's side -----------------------------------------------------------------------


class Room:
    """The learner's side: holds what the learner defined and answers requests, bytes in, bytes out."""

    def __init__(self, namespace: dict[str, Any], names: Iterable[str] = ()) -> None:
        self._namespace, self._names = namespace, list(names)
        self._lent: dict[int | str, Any] = {}  # what the notebook defines, by its name; all else by its place
        self._name_of: dict[int, str] = {}

    def handle(self, request: bytes) -> bytes:
        """Answer one request, the functions of these names held to the rule on inputs."""
        with watched(self._namespace, self._names):
            return self.answer(request)

    def answer(self, request: bytes) -> bytes:
        """Answer one request. An exception of the learner's code becomes part of the answer."""
        try:
            return dumps({"ok": self._do(**loads(request, lambda ref: self._lent[ref["id"]]))}, self._lend)
        except BaseException as error:  # whatever the learner's code raises is an answer
            return dumps({"error": self.describe(error)})

    def ask_back(self, name: str, args: tuple, kwargs: dict, send: Send) -> Any:
        """Let the judge's reference of an earlier exercise answer a call of the learner's, in plain data."""
        reply = loads(send(dumps({"call": name, "args": args, "kwargs": kwargs})))
        if "error" in reply:
            raise _rebuild(reply["error"])
        return reply["ok"]

    def _do(self, op: str, target: Any = None, name: str = "", args: tuple = (), kwargs: dict | None = None) -> Any:
        if op == "names":
            found = {n: self._sent(self._namespace[n]) for n in args if n in self._namespace}
            self._lent |= found
            self._name_of = {id(value): n for n, value in found.items()}
            return found
        if op == "define":
            return self._namespace.update(kwargs)
        if op == "cells":
            return mistakes._cells[-200:]
        if op == "probe":
            return PROBES[name](*args, **kwargs)
        if op == "call":
            return target(*args, **kwargs)
        if op in ("get", "set"):
            return (getattr if op == "get" else setattr)(target, name, *args)
        if op == "operator":
            plain = name in (*_ALWAYS, *_ASKED)
            return getattr(builtins, name.strip("_"))(target, *args) if plain else _operate(target, name, args)
        raise ValueError(f"unknown request {op!r}")

    def _sent(self, value: Any) -> Any:
        """Return a value, or where it cannot be sent an object that says nothing: the other names still count."""
        try:
            dumps(value, self._lend)
        except Exception:
            return object()
        return value

    def _lend(self, value: Any) -> dict:
        ref = self._name_of.get(id(value), id(value))
        self._lent[ref] = value
        return {"t": "yours", "id": ref, "type": type(value).__name__}

    def describe(self, error: BaseException) -> dict:
        known = [c.__name__ for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c]
        todo = isinstance(error, NotWritten | NotImplementedError)
        said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)  # a KeyError quotes its text
        tb = error.__traceback__
        changed = [error.function, error.place] if isinstance(error, InputChanged) else None
        return {"type": type(error).__name__, "bases": known, "message": said[:2000], "todo": todo, "place": place(tb),
                "where": learner_line(tb, names=self._names), "left_over": left_over(tb) if todo else "",
                "changed": changed}  # fmt: skip


def _operate(target: Any, name: str, args: tuple) -> Any:
    method = getattr(type(target), name, None)
    result = NotImplemented if method is None else method(target, *args)
    return _NOT_IMPLEMENTED if result is NotImplemented else result


_NOT_IMPLEMENTED = "NotImplemented, the value"  # the constant itself does not pass the wall
_ALWAYS, _ASKED = ("__iter__", "__next__"), ("__len__", "__float__", "__int__", "__abs__")  # by Python's own functions


# --- the judge's side -------------------------------------------------------------------------


def stand_ins(send: Send, names: list[str], classes: Iterable[str] = ()) -> dict[str, Any]:
    """Return name → plain value or `StandIn` for those of the names that the learner's side defines.

    Args:
        send: takes a request to the learner's side, returns its reply.
        classes: the classes that exercises ask for; instances of others have no operators.
    """
    return Link(send, classes).ask("names", args=names)


TOO_LONG = "This took longer than a check may and was stopped{}. Does a loop in your code never end?"


class Ended(BaseException):
    """The learner's side ended, or was stopped, while it was asked: the sentence that the finding says."""

    def __init__(self, said: str, where: str = "") -> None:
        self.mft_said, self.mft_where = said, where


class Link:
    """The judge's end: asks, and makes stand-ins and exceptions of what is answered.

    Attributes:
        classes: the classes that exercises ask for.
        reference: name → function that answers where the learner's side asks back (see `Room.ask_back`).
    """

    def __init__(self, send: Send, classes: Iterable[str] = ()) -> None:
        self._send, self.classes, self.reference = send, set(classes), {}

    def ask(self, op: str, **more: Any) -> Any:
        reply = loads(self._send(dumps({"op": op, **more})), self._stand_in)
        while "call" in reply:
            reply = loads(self._send(self._answer(**reply)), self._stand_in)
        if "error" in reply:
            if reply["error"]["type"] == "TimeLimit":
                raise Ended(TOO_LONG, plainly(reply["error"]["where"]))
            raise _rebuild(reply["error"])
        return reply["ok"]

    def probe(self, name: str, args: tuple, kwargs: dict) -> Any:
        return self.ask("probe", name=name, args=args, kwargs=kwargs)

    def _answer(self, call: str, args: tuple, kwargs: dict) -> bytes:
        try:
            return dumps({"ok": self.reference[call](*args, **kwargs)})
        except Exception as error:
            return dumps({"error": Room({}).describe(error)})

    def _stand_in(self, ref: dict) -> StandIn:
        return StandIn(self, ref["id"] if isinstance(ref["id"], int) else str(ref["id"]), plainly(ref["type"], 60))


def plainly(text: Any, most: int = 2000) -> str:
    """Return what the other side says in letters that nothing obeys, and not too many of them."""
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\uffff\n]", "?", text)[:most] if isinstance(text, str) else "?"


def _rebuild(error: dict) -> BaseException:
    """Return an exception of the nearest built-in type, carrying the learner's line."""
    kind, message = plainly(error["type"], 60), plainly(error["message"])
    if error["changed"]:
        function, place = error["changed"]
        return InputChanged(plainly(function, 60), place if isinstance(place, int) else plainly(place, 60))
    if error["todo"]:
        rebuilt = NotImplementedError(message)
        rebuilt.mft_left_over = plainly(error["left_over"])
        return rebuilt
    found = (getattr(builtins, name, None) for name in error["bases"])
    nearest = next((c for c in found if isinstance(c, type) and issubclass(c, Exception | SystemExit)), Exception)
    message = message if kind == nearest.__name__ else f"{kind}: {message}"
    try:
        rebuilt = nearest(message)
    except Exception:  # such as UnicodeDecodeError, which wants five arguments
        rebuilt = RuntimeError(message)
    rebuilt.mft_where, rebuilt.mft_place = plainly(error["where"]), plainly(error["place"], 100)
    return rebuilt


class StandIn:
    """Stands on the judge's side for a function, class or object of the learner's.

    It is equal to itself alone, and true, as an object without any operator is: only the operators that compute are
    forwarded, and only to instances of classes that exercises ask for. An object of another class that calls itself
    equal to whatever is expected is not asked.
    """

    __slots__ = ("_mft_link", "_mft_id", "__mft_type__")

    def __init__(self, link: Link, ref: int | str, kind: str) -> None:
        for name, value in (("_mft_link", link), ("_mft_id", ref), ("__mft_type__", kind)):
            object.__setattr__(self, name, value)

    def __mft_wall__(self) -> Link:
        return object.__getattribute__(self, "_mft_link")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__mft_wall__().ask("call", target=self, args=args, kwargs=kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # numpy, copy and pandas feel for protocols: there are none
        return self.__mft_wall__().ask("get", target=self, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__mft_wall__().ask("set", target=self, name=name, args=(value,))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<the learner's {object.__getattribute__(self, '__mft_type__')}>"


def _forward(name: str) -> None:
    def method(self: StandIn, *args: Any) -> Any:
        link, kind = self.__mft_wall__(), object.__getattribute__(self, "__mft_type__")
        if name not in _FREE and kind not in link.classes:
            if name in _ASKED or name in _GIVEN:
                raise TypeError(f"a {kind} has no {name}")
            return NotImplemented
        result = link.ask("operator", target=self, name=name, args=args)
        return NotImplemented if isinstance(result, str) and result == _NOT_IMPLEMENTED else result

    method.__name__ = name
    setattr(StandIn, name, method)


_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_GIVEN = ("__neg__", "__pos__", "__getitem__", "__setitem__", "__delitem__")
_FREE = (*_ALWAYS, "__enter__", "__exit__")
for _name in (*(f"__{r}{name}__" for name in _ARITHMETIC for r in ("", "r")), *_GIVEN, *_FREE, *_ASKED):
    _forward(_name)

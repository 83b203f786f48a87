"""The encoding of plain data, and stand-ins for what a learner defined.

Check cells judge plain data. This module makes that a fact: it encodes what goes in and decodes what
comes out (JSON for scalars and containers, npy without pickle for arrays, safetensors for tensors,
Arrow for frames) and refuses everything else. What a learner defined stays on the learner's side
(`Room`); the judge's side holds a `StandIn` for it, which forwards calls, attributes and operators.
The two sides talk in bytes through one function, so they may be two processes.
"""

from __future__ import annotations

import base64
import builtins
import io
import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..checks import watched
from ..expect import Mismatch, NotWritten
from ..mistakes import learner_line, left_over, place
from ..probes import PROBES

Send = Callable[[bytes], bytes]
MAGIC = b"mft1"


class NotPlain(TypeError):
    """A value that does not pass the wall: neither plain data nor something the learner wrote."""


# --- bytes ------------------------------------------------------------------------------------


def dumps(value: Any, lend: Callable[[Any], dict] | None = None) -> bytes:
    """Encode plain data.

    Args:
        value: numbers, strings, bytes, None, `...`, lists, tuples, dicts, sets, NumPy arrays and scalars
            (no object dtype), tensors, dtypes, pandas frames and series; and stand-ins.
        lend: called for everything else; returns a reference. None refuses it.

    Raises:
        NotPlain: with a sentence that names the type.
    """
    return MAGIC + json.dumps([_encode(value, lend)], separators=(",", ":")).encode()


def loads(data: bytes, resolve: Callable[[dict], Any] | None = None) -> Any:
    """Decode what `dumps` wrote; `resolve` turns references into objects or stand-ins.

    Raises:
        ValueError: the bytes are not such an encoding. Decoding never runs code that they bring.
    """
    try:
        if not data.startswith(MAGIC):
            raise ValueError("it begins with other bytes")
        return _decode(json.loads(data[len(MAGIC) :])[0], resolve)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"This is not encoded plain data: {error}") from error


def _encode(value: Any, lend: Callable[[Any], dict] | None) -> Any:
    def inner(v: Any) -> Any:
        return _encode(v, lend)

    def blob(tag: str, data: bytes, **more: Any) -> dict:
        return {"t": tag, "b": base64.b64encode(data).decode(), **more}

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic):
        return blob("scalar", _npy(np.asarray(value)))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if abs(value) < 2**53 else {"t": "int", "v": str(int(value))}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"t": "float", "v": repr(float(value))}
    if isinstance(value, complex):
        return {"t": "complex", "v": repr(complex(value))}
    if value is Ellipsis:
        return {"t": "ellipsis"}
    if isinstance(value, StandIn):
        return {"t": "mine", "id": object.__getattribute__(value, "_mft_id")}
    if isinstance(value, list | tuple | set | frozenset):
        tag = next(n for n, k in _CONTAINERS.items() if isinstance(value, k))
        return {"t": tag, "v": [inner(v) for v in value]}
    if isinstance(value, dict):
        return {"t": "dict", "v": [[inner(k), inner(v)] for k, v in value.items()]}
    if isinstance(value, bytes | bytearray):
        return blob("bytes", bytes(value))
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise NotPlain("A NumPy array of dtype object is not plain data: use a numeric or string dtype.")
        return blob("array", _npy(value))
    if isinstance(value, np.dtype):
        return {"t": "np.dtype", "v": value.str}
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


_NUMBERS = {"int": int, "float": float, "complex": complex}
_CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _decode(tree: Any, resolve: Callable[[dict], Any] | None) -> Any:
    if not isinstance(tree, dict):
        return tree
    tag, v = tree["t"], tree.get("v")
    data = base64.b64decode(tree.get("b", ""))
    if tag in _CONTAINERS:
        return _CONTAINERS[tag](_decode(x, resolve) for x in v)
    if tag == "dict":
        return {_decode(k, resolve): _decode(x, resolve) for k, x in v}
    if tag in _NUMBERS:
        return _NUMBERS[tag](v)
    if tag == "ellipsis":
        return ...
    if tag == "bytes":
        return data
    if tag in ("array", "scalar"):
        array = np.load(io.BytesIO(data), allow_pickle=False)
        return array if tag == "array" else array[()]
    if tag == "np.dtype":
        return np.dtype(v)
    if tag == "torch.dtype":
        import torch

        return getattr(torch, v)
    if tag == "tensor":
        from safetensors.torch import load

        return load(data)["t"].requires_grad_(tree.get("grad", False))
    if tag in ("frame", "series"):
        return _decode_pandas(tree, data, resolve)
    if tag in ("mine", "yours") and resolve:
        return resolve(tree)
    raise ValueError(f"unknown tag {tag!r}")


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def _safetensors(tensor: Any) -> bytes:
    from safetensors.torch import save

    if tensor.is_sparse or tensor.is_complex():
        raise NotPlain("Sparse and complex tensors do not pass the wall: make them dense and real.")
    # clone: safetensors refuses views that share memory
    return save({"t": tensor.detach().cpu().contiguous().clone()})


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


def _decode_pandas(tree: dict, data: bytes, resolve: Callable | None) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        frame = reader.read_all().to_pandas()
    if tree["t"] == "series":
        return frame["0"].rename(_decode(tree["names"], resolve))
    return frame.set_axis([_decode(n, resolve) for n in tree["names"]], axis=1)


# --- the learner's side -----------------------------------------------------------------------


class Room:
    """The learner's side: holds what the learner defined and answers requests, bytes in, bytes out."""

    def __init__(self, namespace: dict[str, Any], names: Iterable[str] = ()) -> None:
        self._namespace, self._names = namespace, list(names)
        self._lent: dict[int, Any] = {}

    def handle(self, request: bytes) -> bytes:
        """Answer one request. An exception of the learner's code becomes part of the answer."""
        try:
            ask = loads(request, lambda ref: self._lent[ref["id"]])
            with watched(self._namespace, self._names):
                return dumps({"ok": self._do(**ask)}, self._lend)
        except BaseException as error:  # whatever the learner's code raises is an answer
            return dumps({"error": self._describe(error)})

    def _do(self, op: str, target: Any = None, name: str = "", args: tuple = (), kwargs: dict | None = None) -> Any:
        if op == "name":
            return self._namespace[name]
        if op == "probe":
            return PROBES[name](*args, **kwargs)
        if op == "call":
            return target(*args, **kwargs)
        if op in ("get", "set"):
            return (getattr if op == "get" else setattr)(target, name, *args)
        if op == "operator":
            return getattr(builtins, name)(target, *args) if name in _BUILTINS else _operate(target, name, args)
        raise ValueError(f"unknown request {op!r}")

    def _lend(self, value: Any) -> dict:
        self._lent[id(value)] = value
        return {"t": "yours", "id": id(value), "type": type(value).__name__}

    def _describe(self, error: BaseException) -> dict:
        known = [c.__name__ for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c]
        todo = isinstance(error, NotWritten | NotImplementedError)
        said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)  # a KeyError quotes its text
        tb = error.__traceback__
        return {"type": type(error).__name__, "bases": known, "message": said, "todo": todo, "place": place(tb),
                "where": learner_line(tb, names=self._names), "left_over": left_over(tb) if todo else ""}  # fmt: skip


def _operate(target: Any, name: str, args: tuple) -> Any:
    method = getattr(type(target), name, None)
    result = NotImplemented if method is None else method(target, *args)
    return _NOT_IMPLEMENTED if result is NotImplemented else result


_NOT_IMPLEMENTED = "NotImplemented, the value"  # the constant itself does not pass the wall
_BUILTINS = {"len", "iter", "next", "bool", "float", "int", "abs", "hash"}


# --- the judge's side -------------------------------------------------------------------------


def stand_ins(send: Send, names: list[str]) -> dict[str, Any]:
    """Return name → plain value or `StandIn` for names that the learner's side defines."""
    link = _Link(send)
    return {name: link.ask("name", name=name) for name in names}


class _Link:
    def __init__(self, send: Send) -> None:
        self._send = send

    def ask(self, op: str, **more: Any) -> Any:
        reply = loads(self._send(dumps({"op": op, **more})), self._stand_in)
        if "error" in reply:
            raise _rebuild(reply["error"])
        return reply["ok"]

    def probe(self, name: str, args: tuple, kwargs: dict) -> Any:
        return self.ask("probe", name=name, args=args, kwargs=kwargs)

    def _stand_in(self, ref: dict) -> StandIn:
        return StandIn(self, ref["id"], ref["type"])


def _rebuild(error: dict) -> BaseException:
    """Return an exception of the nearest built-in type, carrying the learner's line."""
    if error["todo"]:
        rebuilt = NotImplementedError(error["message"])
        rebuilt.mft_left_over = error["left_over"]
        return rebuilt
    if error["type"] == "Mismatch":
        return Mismatch(error["message"], error["message"])
    kind = next((getattr(builtins, n) for n in error["bases"]), Exception)
    custom = error["type"] not in error["bases"][:1]
    message = f"{error['type']}: {error['message']}" if custom else error["message"]
    try:
        rebuilt = kind(message)
    except Exception:  # such as UnicodeDecodeError, which wants five arguments
        rebuilt = RuntimeError(f"{error['type']}: {error['message']}")
    rebuilt.mft_where, rebuilt.mft_place = error["where"], error["place"]
    return rebuilt


class StandIn:
    """Stands on the judge's side for a function, class or object of the learner's."""

    __slots__ = ("_mft_link", "_mft_id", "__mft_type__")

    def __init__(self, link: _Link, ref: int, kind: str) -> None:
        for name, value in (("_mft_link", link), ("_mft_id", ref), ("__mft_type__", kind)):
            object.__setattr__(self, name, value)

    def __mft_wall__(self) -> _Link:
        return object.__getattribute__(self, "_mft_link")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__mft_wall__().ask("call", target=self, args=args, kwargs=kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # numpy, copy and pandas feel for protocols: there are none
        return self.__mft_wall__().ask("get", target=self, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__mft_wall__().ask("set", target=self, name=name, args=(value,))

    def __repr__(self) -> str:
        return f"<the learner's {object.__getattribute__(self, '__mft_type__')}>"


def _forward(name: str, operator: str) -> None:
    def method(self: StandIn, *args: Any) -> Any:
        result = self.__mft_wall__().ask("operator", target=self, name=operator, args=args)
        return NotImplemented if isinstance(result, str) and result == _NOT_IMPLEMENTED else result

    method.__name__ = name
    setattr(StandIn, name, method)


_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_COMPARISON = ("lt", "le", "gt", "ge", "eq", "ne")
_OTHERS = ("neg", "pos", "getitem", "setitem", "delitem", "contains", "enter", "exit")
for _name in (*_ARITHMETIC, *(f"r{name}" for name in _ARITHMETIC), *_COMPARISON, *_OTHERS):
    _forward(f"__{_name}__", f"__{_name}__")
for _name in _BUILTINS:
    _forward(f"__{_name}__", _name)

"""What a check asks across the wall, as far as its source tells.

A check runs in another process than what it judges (see `grading.wall`). What a learner defined is a stand-in there:
plain data go in, plain data come back, and of itself it tells nothing. Laws run every check behind the wall; this
module finds, before anything runs, what cannot pass.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from .lesson import imported

# These say nothing of a stand-in, or nothing true.
_LOOKS_INTO = {"bool", "callable", "dir", "format", "hash", "help", "id", "max", "min", "print", "repr", "sorted",
               "str", "type", "vars"}  # fmt: skip
_LOOKING = {"ast", "copy", "dis", "gc", "inspect", "pickle", "types"}
# The judge has neither a notebook nor files nor a keyboard, and one thread.
_NOT_THERE = {"In", "Out", "get_ipython"}
_NOT_CALLED = {"__import__", "compile", "eval", "exec", "globals", "input", "locals", "open"}
_AT_ONCE = {"_thread", "asyncio", "concurrent", "multiprocessing", "signal", "subprocess", "threading"}
_PLAIN = {"None", "bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple",
          "DataFrame", "Integral", "Number", "Real", "Series", "Tensor", "dtype", "floating", "generic", "integer",
          "ndarray", "number"}  # fmt: skip
_DTYPE = r"bool_?|u?int\d*|b?float\d*|complex\d*|long|double|half"
_CONSTANT = re.compile(rf"e|pi|inf|nan|newaxis|[A-Z\d_]+|{_DTYPE}")
_LAZY = {"default_rng", "enumerate", "filter", "items", "iter", "keys", "map", "object", "partial", "range", "reversed",
         "slice", "values", "zip"}  # fmt: skip


def faults(blocks: list[ast.stmt], given: list[ast.stmt], asked: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Yield (line, what cannot pass the wall) for the `with check(...)` blocks of a cell.

    Args:
        given: the statements of the plain cells before it.
        asked: those of the exercises before it, with what is given in their cells.
    """
    names = _Names(given, asked)
    for block in blocks:
        names.take(list(ast.walk(block)))
        for node in ast.walk(block):
            if why := names.fault(node):
                yield getattr(node, "target", node).lineno, why


def end(node: ast.AST, *through: type) -> ast.AST:
    """Return what `a.b[0].c` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, *through)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _last(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


class _Names:
    """What the names in a check cell stand for.

    Attributes:
        classes, theirs: what exercises define: classes; functions and classes.
        made, came: what a class of theirs made; what a function of theirs returned.
        odd: what is no plain data and stays on the judge's side: built-in, imported, given, made of such.
        origin: imported name → library.
        bound: what a cell has named itself.
    """

    def __init__(self, given: list[ast.stmt], asked: list[ast.stmt]) -> None:
        own = [{n.name for n in side if isinstance(n, ast.FunctionDef | ast.ClassDef)} for side in (given, asked)]
        self.classes, self.theirs = {n.name for n in asked if isinstance(n, ast.ClassDef)}, own[1]
        self.origin = {name: (module or part).split(".")[0] for name, (module, part) in imported(given).items()}
        self.odd = (own[0] | {*self.origin, *dir(builtins)}) - {*own[1], "Ellipsis"}
        self.made, self.came, self.bound = set(), set(), set()
        self.take(given)

    def take(self, nodes: list[ast.AST]) -> None:
        """Learn what the names that these nodes bind stand for."""
        bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        for group in (self.theirs, self.classes, self.made, self.came, self.odd):
            group -= bound
        self.bound |= bound
        for node in nodes:
            if isinstance(node, ast.Assign | ast.NamedExpr):
                for target in getattr(node, "targets", None) or [node.target]:
                    self._bind(target, node.value)
            elif isinstance(node, ast.For | ast.comprehension):
                for value in getattr(node.iter, "elts", [node.iter] if self._from_them(node.iter) else []):
                    self._bind(node.target, value)
            elif isinstance(node, ast.With):  # `as rng`
                self.odd |= {_last(item.optional_vars) for item in node.items if item.optional_vars}

    def _bind(self, target: ast.AST, value: ast.AST) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            parts = getattr(value, "elts", [getattr(value, "elt", value)] * len(target.elts))
            for part, one in zip(target.elts, parts, strict=False):
                if one is not value or self._from_them(value):
                    self._bind(part, one)
        elif isinstance(target, ast.Name):
            if self._instance(value):
                self.made.add(target.id)
            elif self._lent(value):
                self.theirs.add(target.id)
                if _last(value) in self.classes:
                    self.classes.add(target.id)
            elif self._from_them(value):
                self.came.add(target.id)
            elif self._no_data(value):
                self.odd.add(target.id)

    def _instance(self, node: ast.AST | None) -> bool:
        if isinstance(node, ast.BinOp):
            return self._instance(node.left) or self._instance(node.right)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in self.classes
        return isinstance(node, ast.Name) and node.id in self.made

    def _lent(self, node: ast.AST) -> bool:
        return self._instance(node) or (isinstance(node, ast.Name) and node.id in self.theirs)

    def _from_them(self, node: ast.AST) -> bool:
        return _last(end(node, ast.Call)) in self.theirs | self.made | self.came

    def _no_data(self, node: ast.AST) -> ast.AST | None:
        """Return what is no plain data in the value of an expression, as far as that can be seen."""
        if isinstance(node, ast.Starred):  # what it yields is handed over, not itself
            node = ast.Tuple(getattr(node.value, "elts", [node.value.elt] if hasattr(node.value, "elt") else []))
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.IfExp | ast.ListComp):
            parts = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
            parts.remove(node.test) if isinstance(node, ast.IfExp) else None
            return next(filter(None, map(self._no_data, parts)), None)
        name, root = _last(getattr(node, "func", node)), _last(end(node))
        if isinstance(node, ast.Call):
            odd = name in _LAZY or (name[:1].isupper() and name not in _PLAIN | self.classes)
        elif isinstance(node, ast.Attribute):  # of a library, such as `np.mean`; of what a check made it may be data
            odd = root in self.odd and root in {*self.origin, *dir(builtins)} and not _CONSTANT.fullmatch(name)
        elif isinstance(node, ast.Name):
            odd = name in self.odd and not (name in self.origin and _CONSTANT.fullmatch(name))
        else:
            odd = isinstance(node, ast.Lambda | ast.GeneratorExp)
        return node if odd else None

    def fault(self, node: ast.AST) -> str:
        """Return what is wrong with one node of a check, or ''."""
        asked = ast.unparse(node).strip()
        said = f"it asks `{asked}`. Ask for plain data: what a call returns, or what mftcourse.probes tells"
        func = getattr(node, "func", node)
        absent = (_NOT_CALLED if isinstance(node, ast.Call) else _NOT_THERE) - self.bound
        if isinstance(func, ast.Name) and (func.id in absent or self.origin.get(func.id) in _AT_ONCE):
            return f"it uses `{func.id}`, and there is no notebook, no file and no other thread"
        if isinstance(node, ast.Attribute) and node.attr.startswith("__") and self._lent(end(node.value)):
            return said
        if isinstance(node, ast.Call):
            return self._handed(node) or (said if self._looks(node) else "")
        truths = [getattr(node, "test", None), *getattr(node, "ifs", [])]
        if isinstance(node, ast.Compare | ast.BoolOp) or isinstance(getattr(node, "op", None), ast.Not):
            truths = ast.iter_child_nodes(node)
        return said if any(map(self._instance, truths)) else ""

    def _handed(self, node: ast.Call) -> str:
        args, root = [*node.args, *(k.value for k in node.keywords)], end(node.func)
        if _last(root) == "expect_raises" and len(node.args) > 1 and self._lent(end(node.args[1])):
            args = args[2:]
        elif _last(root) == "probes" and any(map(self._from_them, args)):
            args = [a for a in args if not self._from_them(a)]
        elif not self._lent(root):
            return ""
        odd = next(filter(None, map(self._no_data, args)), None)
        return "" if odd is None else (
            f"it hands `{ast.unparse(odd)}` to what a learner wrote. Hand over plain data; a function or object that "
            "is needed there is given in the exercise's cell, and goes by its name")  # fmt: skip

    def _looks(self, node: ast.Call) -> bool:
        name, (first, second) = _last(node.func), [*node.args, node, node][:2]
        if name in ("isinstance", "issubclass"):
            kinds = set(re.findall(r"(\w+)\s*(?=[,)|]|$)", ast.unparse(second)))
            return self._lent(first) or bool(kinds & self.theirs) or (self._from_them(first) and not kinds <= _PLAIN)
        if name in ("getattr", "hasattr"):
            return self._lent(first) and ast.unparse(second).startswith("'__")
        if name == "expect":
            return self._instance(first) or (self._instance(second) and second is not node)
        by_name = isinstance(node.func, ast.Name)
        looks = name in _LOOKS_INTO if by_name else self.origin.get(_last(end(node.func))) in _LOOKING
        return looks and any(map(self._lent, node.args))

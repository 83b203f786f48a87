"""Test the graders: change the reference solutions in small ways, and see whether the checks notice.

`make mutants` runs it over all units and writes docs/mutants.md. Every mutant takes the learner's place at the
checks of its exercise, hidden ones included, on the seed that learners get. One that loses no point survived:
either it is equivalent to the reference, and tests/equivalent.yaml says why, or a check is too weak.

The operators are those of Jia and Harman, "An analysis and survey of the development of mutation testing"
(2011), as far as they fit, and some of our trade: the wrong axis, a missing detach, train for eval.
"""

from __future__ import annotations

import argparse
import ast
import copy
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from joblib import Parallel, delayed

from mftcourse.course.files import Course
from mftcourse.course.form import read_lesson
from mftcourse.course.lesson import BEGIN_SOLUTION, END_SOLUTION
from mftcourse.grading import runner

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = ROOT / "tests" / "equivalent.yaml"
REPORT = ROOT / "docs" / "mutants.md"

_COMPARE = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot], ast.IsNot: [ast.Is],
}  # fmt: skip
_BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_DROPPED_CALLS = {"detach", "clone", "copy", "deepcopy", "contiguous"}
_AXES = {"axis", "dim"}
_BLOCKS = ("body", "orelse", "finalbody")


def mutants(source: str) -> dict[str, str]:
    """Return {"before ⇒ after": code} for an exercise cell; only what the learner writes is changed."""
    lines = source.split("\n")
    begins = [i for i, line in enumerate(lines, 1) if BEGIN_SOLUTION in line]
    ends = [i for i, line in enumerate(lines, 1) if END_SOLUTION in line]
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found: dict[str, str] = {}
    seen = {original}
    for statement, block, at in _statements(tree):
        if not any(b < statement.lineno < e for b, e in zip(begins, ends, strict=True)):
            continue
        for changed in _changes(statement):
            before = _headline(statement)
            block[at : at + 1] = changed or [ast.Pass()]
            code = ast.unparse(ast.fix_missing_locations(tree))
            block[at : at + max(1, len(changed))] = [statement]
            if code not in seen:
                seen.add(code)
                after = _headline(changed[0]) if changed else "(dropped)"
                if after == before:
                    after = "(only its body)"
                name = f"{before} ⇒ {after}"
                count = sum(n == name or n.startswith(f"{name} (no. ") for n in found)
                found[f"{name} (no. {count + 1})" if count else name] = code
    return found


def _statements(tree: ast.AST) -> list[tuple[ast.stmt, list[ast.stmt], int]]:
    """Return every statement with the block that it stands in."""
    found = []
    for node in ast.walk(tree):
        for name in _BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list):
                found += [(s, block, i) for i, s in enumerate(block) if isinstance(s, ast.stmt)]
    return sorted(found, key=lambda f: (f[0].lineno, f[0].col_offset))


def _headline(statement: ast.stmt) -> str:
    """Return a statement's code on one line; of a compound one, its first line."""
    text = ast.unparse(statement)
    if any(getattr(statement, name, None) for name in _BLOCKS):
        bare = copy.deepcopy(statement)
        for name in _BLOCKS:
            if getattr(bare, name, None):
                setattr(bare, name, [ast.Pass()] if name == "body" else [])
        text = ast.unparse(bare).split(":\n")[0]
    return " ".join(text.split())


def _changes(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield what may stand in a statement's place: one changed copy, its body alone, or nothing."""
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass | ast.Global | ast.Nonlocal):
        return
    docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    if docstring:
        return
    definition = isinstance(statement, ast.FunctionDef | ast.ClassDef)
    if not definition:
        yield []
    if isinstance(statement, ast.With):  # torch.no_grad() forgotten
        yield statement.body
    if isinstance(statement, ast.If) and not statement.orelse:
        yield statement.body
    if isinstance(statement, ast.Raise):
        return  # how a message is worded is the learner's affair
    bare = copy.deepcopy(statement)
    for name in _BLOCKS:  # statements inside have their own turn
        if isinstance(getattr(bare, name, None), list):
            setattr(bare, name, [])
    places = [node for node in ast.walk(bare) if isinstance(node, ast.expr)]
    annotations = {id(n) for a in ast.walk(bare) for n in _annotation(a)}
    for i, node in enumerate(places):
        if id(node) in annotations:
            continue
        for new in _expressions(node):
            # The same position in a fresh copy; `walk` visits in the same order.
            fresh = copy.deepcopy(bare)
            old = [n for n in ast.walk(fresh) if isinstance(n, ast.expr)][i]
            changed = _Replace(old, new).visit(fresh)
            for name in _BLOCKS:
                if isinstance(getattr(statement, name, None), list):
                    setattr(changed, name, getattr(statement, name))
            yield [changed]


def _annotation(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if getattr(node, name, None):
            yield from ast.walk(getattr(node, name))
    if isinstance(node, ast.JoinedStr):
        yield from ast.walk(node)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().visit(node)


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that a slip of hand or mind puts in place of `node`."""

    def but(**fields: object) -> ast.expr:
        new = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    match node:
        case ast.Constant(value=bool() as value):
            yield but(value=not value)
        case ast.Constant(value=int() as value):
            yield but(value=value + 1)
            yield but(value=value - 1)
        case ast.Constant(value=float() as value):
            yield but(value=value * 2 if value else 1.0)
        case ast.Constant(value=str() as value) if value:
            yield but(value=value + "x")
        case ast.Compare(ops=[op], comparators=[_]):
            for other in _COMPARE[type(op)]:
                yield but(ops=[other()])
        case ast.BinOp(op=ast.MatMult(), left=left, right=right):
            yield but(left=right, right=left)
        case ast.BinOp(op=op) if type(op) in _BINARY:
            yield but(op=_BINARY[type(op)]())
        case ast.BoolOp(op=op, values=values):
            yield but(op=ast.Or() if isinstance(op, ast.And) else ast.And())
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield rest[0] if len(rest) == 1 else but(values=rest)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Slice(lower=lower, upper=upper):
            for name, bound in (("lower", lower), ("upper", upper)):
                if bound and not isinstance(bound, ast.Constant | ast.UnaryOp):
                    yield but(**{name: ast.BinOp(bound, ast.Add(), ast.Constant(1))})
        case ast.Call(func=func, args=args, keywords=keywords):
            if len(args) >= 2 and not any(isinstance(a, ast.Starred) for a in args[:2]):
                yield but(args=[args[1], args[0], *args[2:]])
            if isinstance(func, ast.Name) and func.id == "range":
                bound = args[1] if len(args) > 1 else args[0]
                for sign in (ast.Add(), ast.Sub()):
                    moved = ast.BinOp(bound, sign, ast.Constant(1))
                    yield but(args=[moved] if len(args) == 1 else [args[0], moved, *args[2:]])
            if isinstance(func, ast.Attribute):
                if func.attr in _DROPPED_CALLS:
                    yield args[0] if args else func.value
                if func.attr in ("train", "eval") and not args:
                    yield but(func=ast.Attribute(func.value, "eval" if func.attr == "train" else "train", ast.Load()))
            elif isinstance(func, ast.Name) and func.id in _DROPPED_CALLS and args:
                yield args[0]
            for i, keyword in enumerate(keywords):
                if keyword.arg:
                    yield but(keywords=keywords[:i] + keywords[i + 1 :])
                if keyword.arg in _AXES and isinstance(keyword.value, ast.Constant | ast.UnaryOp):
                    other = 1 if ast.unparse(keyword.value) == "0" else 0
                    yield but(keywords=[*keywords[:i], ast.keyword(keyword.arg, ast.Constant(other)), *keywords[i + 1 :]])


# --- running them -----------------------------------------------------------------------------


@dataclass
class Verdict:
    """One mutant at its checks; `why` says why a survivor is equivalent, '' where nobody has explained it."""

    unit: str
    exercise: str
    name: str
    killed: bool
    why: str = ""


def explained() -> dict[str, dict[str, dict[str, str]]]:
    """Return unit → exercise → mutant → why it is equivalent to the reference."""
    return yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or {} if EQUIVALENT.exists() else {}


def plan(unit: str, exercises: list[str]) -> dict[str, dict[str, str]]:
    """Return exercise → {name: code} for a unit."""
    lesson = read_lesson(ROOT / "course" / unit)
    cells = {n: c for n, c in lesson.exercises.items() if c.kind == "exercise" and (not exercises or n in exercises)}
    return {name: mutants(cell.source) for name, cell in cells.items()}


def judge(unit: str, exercises: list[str], only: set[tuple[str, str]] | None = None) -> list[Verdict]:
    """Send the mutants of a unit through its checks; only these (exercise, name) where they are given."""
    extra = plan(unit, exercises)
    if only is not None:
        extra = {e: {name: code for name, code in some.items() if (e, name) in only} for e, some in extra.items()}
    why = explained().get(unit, {})
    todo = runner.Plan(extra=extra, exercises=list(extra), check_seconds=3)
    result = runner.drive(ROOT / "course" / unit, todo, timeout=3 * 3600)
    broken = [o for o in result.of("reference") if o.failed or not o.card]
    if broken:
        raise SystemExit(f"{unit}: the reference itself fails {broken[0].exercise}: {broken[0].failed}")
    return [
        Verdict(unit, o.exercise, o.variant, bool(o.failed or not o.card), why.get(o.exercise, {}).get(o.variant, ""))
        for o in result.outcomes
        if o.variant != "reference"
    ]


def report(verdicts: list[Verdict]) -> str:
    """Return docs/mutants.md."""
    text = [
        "# The graders, tested",
        "Made by `make mutants`: small changes to the reference solutions, each sent through the checks of its "
        "exercise. A mutant that loses no point survived. Every survivor is listed with the reason why it behaves "
        "as the reference does on everything that the exercise allows.",
        "| unit | mutants | killed | share killed | equivalent | unexplained |\n|---|---:|---:|---:|---:|---:|\n"
        + "\n".join(_row(unit, [v for v in verdicts if v.unit == unit]) for unit in _distinct(v.unit for v in verdicts)),
    ]
    for unit in _distinct(v.unit for v in verdicts):
        mine = [v for v in verdicts if v.unit == unit]
        rows = []
        for exercise in _distinct(v.exercise for v in mine):
            of = [v for v in mine if v.exercise == exercise]
            rows.append(f"| `{exercise}` | {sum(v.killed for v in of)} | {sum(not v.killed for v in of)} |")
        text.append(f"## {unit}\n\n| exercise | killed | survived |\n|---|---:|---:|\n" + "\n".join(rows))
        alive = [f"- `{v.exercise}`: ``{v.name}``: {v.why or '**not explained**'}" for v in mine if not v.killed]
        if alive:
            text.append("\n".join(alive))
    return "\n\n".join(text) + "\n"


def together(page: str, part: str) -> str:
    """Return the page with the units of a report of some units in place of its own."""
    rows, sections = {}, {}
    for text in (page, part):
        head, *found = text.rstrip().split("\n\n## ")
        rows |= {line.split(" ")[1]: line for line in head.splitlines() if re.match(r"\| \d\d-", line)}
        sections |= {section.split("\n")[0]: section for section in found}
    head = [line for line in head.splitlines() if not re.match(r"\| \d\d-", line)]
    return "\n\n## ".join(["\n".join([*head, *(rows[u] for u in sorted(rows))]), *(sections[u] for u in sorted(rows))]) + "\n"


def _row(unit: str, verdicts: list[Verdict]) -> str:
    killed, alive = sum(v.killed for v in verdicts), [v for v in verdicts if not v.killed]
    known = sum(bool(v.why) for v in alive)
    share = f"{100 * killed / len(verdicts):.1f} %"
    return f"| {unit} | {len(verdicts)} | {killed} | {share} | {known} | {len(alive) - known} |"


def _distinct(values: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("units", nargs="*", help="units, such as 06-metrics, whose part of docs/mutants.md is renewed; all where none is named")
    parser.add_argument("--exercise", action="append", default=[], help="only this exercise; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="units at a time")
    options = parser.parse_args()
    units = options.units or Course(ROOT).units("course")
    found = Parallel(n_jobs=options.jobs)(delayed(judge)(unit, options.exercise) for unit in units)
    verdicts = [v for some in found for v in some]
    text = report(verdicts)
    if options.exercise:
        print(text)
    else:
        if options.units:
            text = together(REPORT.read_text(encoding="utf-8"), text)
        REPORT.write_text(text, encoding="utf-8")
        print(text.split("## ")[0])
    weak = [v for v in verdicts if not v.killed and not v.why]
    shares = [100 * sum(v.killed for v in some) / max(1, len(some)) for some in found]
    for v in weak:
        print(f"{v.unit} {v.exercise}: survived, and nobody has said why: {v.name}", file=sys.stderr)
    sys.exit(bool(weak) or min(shares) < 95)


if __name__ == "__main__":
    main()

"""The house stays small: the ground is read in an evening, and the whole by whoever inherits it."""

import ast
import io
import tokenize

SAYS_NOTHING = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
MAY_HAVE_DOCSTRING = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def lines_of_code(source: str) -> int:
    """Count the lines that hold code: no blank lines, no comments, no docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SAYS_NOTHING:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, MAY_HAVE_DOCSTRING) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted_as_said():
    assert lines_of_code('"""Says."""\n\n# Why.\ndef f(\n    a,\n):\n    """Returns."""\n    return """a\nb"""  # and\n') == 5


def test_the_ground_is_read_in_an_evening(root):
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (root / "mftcourse").glob("*.py")}
    assert sum(lines.values()) < 2_000, lines


def test_the_whole_package_stays_small(root):
    lines = {p: lines_of_code(p.read_text(encoding="utf-8")) for p in (root / "mftcourse").rglob("*.py")}
    assert sum(lines.values()) < 8_000

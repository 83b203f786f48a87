"""The house: small enough to be read, and a map in each room."""

import ast
import re

import pytest


def test_the_ground_is_read_in_an_evening(root):
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (root / "mftcourse").glob("*.py")}
    assert sum(lines.values()) < 2_000, lines


@pytest.mark.parametrize("room", [".", "cli", "course", "grading", "learning"])
def test_the_map_of_each_room_names_its_modules_and_no_others(room, root):
    said = ast.get_docstring(ast.parse((root / "mftcourse" / room / "__init__.py").read_text(encoding="utf-8")), clean=False)
    there = {path.stem for path in (root / "mftcourse" / room).glob("*.py") if not path.stem.startswith("__")}
    assert set(re.findall(r"^    (\w+)  +\S", said, re.M)) == there

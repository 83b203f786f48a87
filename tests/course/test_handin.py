"""Whatever is handed in becomes a sound notebook, or a sentence."""

import copy
import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import cell, save

from mftcourse.course.files import Unreadable
from mftcourse.course.handin import kind, read, repair


def names(nb):
    return [c.metadata["nbgrader"]["grade_id"] for c in nb.cells if "nbgrader" in c.metadata]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ('{"cells": [', "is not a notebook"),
        ("[1, 2]", "is not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "is not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', "is not a notebook"),
        ("\x89PNG", "is not a notebook"),
        ("[" * 100_000, "is n"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_sentence(tmp_path, text, said):
    path = tmp_path / "tiny.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable, match=said) as caught:
        read(path)
    assert "tiny.ipynb" in str(caught.value) and "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(Unreadable, match="cannot be read"):
        read(tmp_path / "a.ipynb")
    with pytest.raises(Unreadable, match="does not exist"):
        read(tmp_path / "b.ipynb")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading", 7])},
    optional={
        "source": st.text(max_size=9) | st.lists(st.text(max_size=4), max_size=3) | JSON,
        "metadata": st.fixed_dictionaries({}, optional={"nbgrader": JSON, "mft": JSON}) | JSON,
        "id": st.sampled_from(["mean", "mean-check", "x", "", "a b", 3]),
        "outputs": JSON,
        "execution_count": JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(CELL, max_size=4), metadata=JSON)
def test_any_json_ends_as_a_valid_notebook_or_a_sentence(tmp_path_factory, cells, metadata):
    path = tmp_path_factory.mktemp("any") / "n.ipynb"
    save({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}, path)
    release = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="mean-check")])
    release.cells[0].metadata = nbformat.from_dict(
        {"nbgrader": {"grade_id": "mean-check", "locked": True}, "mft": {"kind": "check", "exercise": "mean"}}
    )
    try:
        nb, _ = repair(read(path), release)
    except Unreadable:
        return
    nbformat.validate(nb)
    assert names(nb) == ["mean-check"]


def test_a_sound_notebook_needs_no_repair(reference, release):
    nb, notes = repair(reference, release)
    assert notes == []
    assert [c.source for c in nb.cells] == [c.source for c in reference.cells]


def test_deleted_cells_come_back_where_they_were_but_an_exercise_does_not(reference, release):
    nb = copy.deepcopy(reference)
    whole = names(nb)
    nb.cells = [c for c in nb.cells if c.id not in ("mean", "mean-check", "memo") and "numbers = " not in c.source]
    own = nbformat.v4.new_code_cell("def mean(values):\n    return sum(values) / len(values)")
    nb.cells.insert([kind(c) for c in nb.cells].index("demo") + 1, own)
    fixed, notes = repair(nb, release)
    assert names(fixed) == [name for name in whole if name != "mean"]
    at = [c.source for c in fixed.cells].index(own.source)
    assert "mean-check" in [c.id for c in fixed.cells[at:]], "the check must come behind the learner's own cell"
    assert notes[0].startswith("Missing, and put back: cell code-") and "check of mean, answer of memo" in notes[0]
    assert notes[1:] == ["Missing: cell of mean."]


def test_locked_cells_and_points_are_as_released_whatever_was_handed_in(reference, release):
    nb = copy.deepcopy(reference)
    forged = cell(nb, "mean-check")
    forged.source, forged.cell_type = "100", "raw"
    forged.metadata["nbgrader"] = {"grade_id": "mean-check", "grade": False, "points": 100}
    fixed, notes = repair(nb, release)
    assert cell(fixed, "mean-check").source == cell(release, "mean-check").source
    assert cell(fixed, "mean-check").metadata == cell(release, "mean-check").metadata
    assert len(notes) == 2


def test_a_copied_cell_counts_once(reference, release):
    nb = copy.deepcopy(reference)
    twin = copy.deepcopy(cell(nb, "mean"))
    twin.source = "def mean(values):\n    return 0"
    nb.cells.insert(nb.cells.index(cell(nb, "mean")), twin)
    fixed, notes = repair(nb, release)
    assert names(fixed) == names(release) and len(notes) == 1
    kept = next(c for c in fixed.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "mean")
    assert kept.source == cell(reference, "mean").source


def test_metadata_lost_by_another_editor_are_found_by_cell_id(reference, release):
    nb = copy.deepcopy(reference)
    for c in nb.cells:
        c.metadata = nbformat.from_dict({})
    assert names(repair(nb, release)[0]) == names(release)


def test_only_an_unchanged_demonstration_is_one(reference, release):
    nb = copy.deepcopy(reference)
    demo = next(c for c in nb.cells if kind(c) == "demo")
    own = nbformat.v4.new_code_cell("x = 1", metadata={"mft": {"kind": "demo"}})
    nb.cells.append(own)
    assert [kind(c) for c in repair(nb, release)[0].cells].count("demo") == 1
    demo.source += "\nneeded_later = 1"
    assert [kind(c) for c in repair(nb, release)[0].cells].count("demo") == 0


def test_an_older_format_is_read(tmp_path, reference):
    old = json.loads(nbformat.writes(reference))
    for c in old["cells"]:
        del c["id"]
    save(old | {"nbformat_minor": 2}, tmp_path / "old.ipynb")
    nbformat.validate(read(tmp_path / "old.ipynb"))


@pytest.mark.parametrize("broken", [{"id": 5}, {"id": "a b"}, {"outputs": [{"x": 1}]}, {"execution_count": "3"}])
def test_what_another_program_wrote_around_an_answer_does_not_cost_it(tmp_path, release, broken):
    cells = json.loads(nbformat.writes(release))["cells"]
    at = next(i for i, cell in enumerate(cells) if kind(release.cells[i]) == "exercise")
    cells[at] |= broken | {"source": "mine = 1"}
    path = tmp_path / "m.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), encoding="utf-8")
    repaired, notes = repair(read(path), release)
    assert notes == []
    assert repaired.cells[at].source == "mine = 1" and kind(repaired.cells[at]) == "exercise"

"""Whatever is handed in becomes a sound notebook, or a sentence."""

import copy
import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import cell, save

from mftcourse.course.files import Unreadable
from mftcourse.course.handin import answers, kind, read, repair
from mftcourse.course.recover import MAX_CELLS, recover


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


def test_bytes_that_are_no_text_a_folder_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\x00\xd8")
    (tmp_path / "c.ipynb").mkdir()
    for name, said in (("a", "is not a notebook"), ("b", "does not exist"), ("c", "is a folder")):
        with pytest.raises(Unreadable, match=said):
            read(tmp_path / f"{name}.ipynb")


# What a person could still read, as functions from the text of a sound notebook to bytes; with a word of the sentence.
READABLE = {
    "utf-16": (lambda text: text.encode("utf-16"), "utf-16"),
    "utf-16 without a mark": (lambda text: text.encode("utf-16-be"), "utf-16-be"),
    "a mark": (lambda text: text.encode("utf-8-sig"), ""),
    "an old encoding": (lambda text: text.replace("averages", "avérages 1").encode("latin-1"), "latin-1"),
    "Chinese Windows": (lambda text: text.replace("averages", "平均数").encode("gb18030"), "gb18030"),
    "one wrong byte": (lambda text: text.replace("averages", "平均数").encode().replace(b"Two", b"T\xffo"), "utf-8"),
    "NUL": (lambda text: b"\0" + text.encode().replace(b" ", b" \0") + b"\0\0", ""),
    "behind the end": (lambda text: text.encode() + b"}\n\x1a", "around"),
    "before the beginning": (lambda text: b"var nb = " + text.encode(), "around"),
    "as a server sends it": (lambda text: b'{"content": ' + text.encode() + b"}", "Damaged"),
    "without its end": (lambda text: text[: text.index('"metadata": {"kernelspec"')].encode(), "Damaged"),
    "a merge": (lambda text: b"{\n<<<<<<< a\n" + text[1:].encode() + b"\n=======\n{}\n>>>>>>> b\n", "Damaged"),
    "huge numbers": (lambda text: ('{"x": [1e999, NaN, ' + "9" * 10**6 + "], " + text[1:]).encode(), ""),
    "deep": (lambda text: ('{"x": ' + "[" * 10**5 + "]" * 10**5 + ", " + text[1:]).encode(), ""),
    "deep in a cell": (lambda text: text.replace('"source"', f'"x": {"[" * 999}{"]" * 999}, "source"').encode(), ""),
    "half a character": (lambda text: text.replace("averages", "\\ud83d averages").encode(), "Halves"),
    "no version": (lambda text: text.replace('"nbformat": 4', '"nbformat": "x"').encode(), "Malformed"),
    "no kernelspec": (lambda text: text.replace('"kernelspec": {', '"kernelspec": [], "x": {').encode(), "whole"),
    "things among cells": (lambda text: text.replace('"cells": [', '"cells": [null, 3, [], ').encode(), "3 of 16 cells"),
}


@pytest.mark.parametrize("case", READABLE)
def test_what_a_person_could_read_is_read_and_no_answer_is_lost(reference, case):
    spoil, said = READABLE[case]
    nb, notes = recover(spoil(json.dumps(reference, ensure_ascii=False)), "tiny.ipynb")
    nbformat.validate(nb)
    json.dumps(nb, ensure_ascii=False).encode()
    assert answers(nb) == answers(reference)
    assert any(said in note for note in notes) if said else notes == []


def test_of_a_file_that_is_cut_off_the_whole_cells_are_read_and_counted(reference):
    text = json.dumps(reference)
    nb, notes = recover(text[: text.index("sorted(values)")].encode(), "tiny.ipynb")
    assert list(answers(nb)) == ["mean"] and notes == [f"Damaged: the file is broken or cut off; {len(nb.cells)} cells could be read."]
    nb, notes = recover(text.replace("sorted(values)", 'sorted("values')[:-60].encode(), "tiny.ipynb")
    assert list(answers(nb)) == ["mean", "memo"]


def test_too_many_cells_and_a_web_page_are_refused():
    cells = [{"cell_type": "code", "source": ""}] * (MAX_CELLS + 1)
    for data, said in ((json.dumps({"cells": cells}).encode(), "more than 5,000"), (b" <!DOCTYPE html>", "a web page")):
        with pytest.raises(Unreadable, match=said):
            recover(data, "tiny.ipynb")


def test_a_notebook_of_an_old_version_is_read(reference):
    cells = [{"cell_type": "heading", "level": 2, "source": ["Old"]}]
    cells += [{**c, "input": c.source} if c.cell_type == "code" else c for c in copy.deepcopy(reference.cells)]
    for c in cells[1:]:
        c.pop("id")
        if "input" in c:
            c.pop("source")
            c["outputs"] = [{"output_type": "pyout", "text": ["4"], "prompt_number": 1}]
    nb, _ = recover(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode(), "tiny.ipynb")
    assert answers(nb) == answers(reference) and nb.cells[0].source == "## Old" and nb.cells[0].cell_type == "markdown"


def test_of_two_cells_with_one_id_the_last_keeps_it_and_ids_are_ids(reference):
    text = json.loads(json.dumps(reference))
    for c in text["cells"]:
        c["id"] = "same"
    nb, _ = recover(json.dumps(text).encode(), "tiny.ipynb")
    nbformat.validate(nb)
    assert nb.cells[-1].id == "same" and len({c.id for c in nb.cells}) == len(nb.cells)


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


@settings(max_examples=60)
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


def move(nb, name, to):
    moved = cell(nb, name)
    nb.cells.remove(moved)
    nb.cells.insert(to if isinstance(to, int) else nb.cells.index(cell(nb, to)) + 1, moved)


def own(source):
    return nbformat.v4.new_code_cell(source)


def order(nb):
    """Names of the code cells that matter, and sources of the learner's own."""
    return [c.metadata.nbgrader.grade_id if "nbgrader" in c.metadata else c.source for c in nb.cells
            if c.cell_type == "code" and kind(c) != "demo"]  # fmt: skip


def test_an_answer_behind_its_check_runs_before_it_again(reference, release):
    nb = copy.deepcopy(reference)
    setup, *rest = order(nb)
    move(nb, "mean", len(nb.cells))
    nb.cells += [own("mean([1])")]
    fixed, notes = repair(nb, release)
    assert notes == ["Not where it was released, put back there: cell of mean."]
    assert [c.source for c in fixed.cells if "nbgrader" in c.metadata] == [c.source for c in reference.cells if "nbgrader" in c.metadata]
    assert order(fixed)[:2] == [setup, "mean"] and sorted(order(fixed)) == sorted([setup, *rest, "mean([1])"])


@pytest.mark.parametrize(
    ("place", "expected"),
    [  # the answer stands behind its check; where stands the learner's own cell?
        ("mean-check", ["helper", "mean", "mean-check"]),  # between both: the answer may need it
        ("mean", ["mean", "helper", "mean-check"]),  # behind the answer: it may need the answer
    ],
)
def test_own_cells_stay_behind_what_they_may_need_and_before_what_may_need_them(reference, release, place, expected):
    nb = copy.deepcopy(reference)
    move(nb, "mean", "mean-check")
    nb.cells.insert(nb.cells.index(cell(nb, place)) + 1, own("helper"))
    assert order(repair(nb, release)[0])[1:4] == expected


def test_own_cells_of_a_sound_notebook_and_moved_prose_stay_where_they_are(reference, release):
    nb = copy.deepcopy(reference)
    nb.cells.insert(3, own("early"))
    nb.cells.append(own("late"))
    nb.cells.insert(0, nb.cells.pop(next(i for i, c in enumerate(nb.cells) if i > 3 and kind(c) == "prose")))
    fixed, notes = repair(nb, release)
    assert notes == [] and [c.source for c in fixed.cells] == [c.source for c in nb.cells]


def test_a_notebook_that_lost_every_name_is_known_by_what_it_says(reference, release):
    nb = copy.deepcopy(reference)
    nb.cells.insert(5, own("x = 1"))
    for at, c in enumerate(nb.cells):
        c.metadata, c.id = nbformat.from_dict({}), f"colab{at}"
    fixed, notes = repair(nb, release)
    assert notes == ["Its cells had lost their names; they were known by what they say."]
    assert answers(fixed) == answers(reference) and names(fixed) == names(reference)
    nb.cells = [own("def mean(values):\n    return 1"), nbformat.v4.new_markdown_cell("Mine.")]
    assert answers(repair(nb, release)[0]) == answers(release, ("manual",)), "another notebook holds no answers"


def test_ids_of_a_repaired_notebook_are_the_released_ones_once_each(reference, release):
    nb = copy.deepcopy(reference)
    nb.cells = [c for c in nb.cells if c.id != "mean-check"] + [own("1"), own("2")]
    nb.cells[-1].id, cell(nb, "median").id = "mean-check", "other"
    fixed, _ = repair(nb, release)
    assert len({c.id for c in fixed.cells}) == len(fixed.cells) and {c.id for c in release.cells} <= {c.id for c in fixed.cells}


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

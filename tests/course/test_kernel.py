"""Whatever a cell does, the notebook comes back with a verdict for every check."""

import copy

import nbformat
import pytest
from tiny_course import cell
from traitlets.config import Config

from mftcourse.course import notebooks
from mftcourse.course.handin import kind
from mftcourse.course.kernel import Warm, execute, stop_endless_loops

FORGED = "class grade(float):\n    def __new__(cls, *a, **k): return float.__new__(cls, 100)"


def scores(nb):
    from nbgrader.utils import determine_grade

    return {name: determine_grade(cell(nb, f"{name}-check"))[0] for name in ("mean", "median")}


def run(nb, folder, **cells):
    """Run a copy with code appended to the named cells; seconds=2."""
    nb = copy.deepcopy(nb)
    for name, code in cells.items():
        cell(nb, name).source += "\n" + code
    return execute(nb, folder, seconds=2)


def test_the_reference_has_full_visible_points_and_no_demonstration_runs(reference, tmp_path):
    done = execute(reference, tmp_path)
    assert scores(done.nb) == {"mean": 2, "median": 3} and done.notes == []
    assert not next(c for c in done.nb.cells if kind(c) == "demo").outputs
    assert not any(o.output_type == "error" for c in done.nb.cells if c.cell_type == "code" for o in c.outputs)


@pytest.mark.parametrize(
    ("code", "mean", "said"),
    [
        ("while True: pass", 2, "too long"),
        ("import sys; sys.exit()", 2, "ended with SystemExit"),
        ("import os; os._exit(3)", 0, "Python ended here"),
        ("import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass", 0, "nor when interrupted"),
        ("for _ in range(40): print('x' * 100_000)", 2, "printed more than 1 MB"),
        ("import mftcourse\nmftcourse.grade = lambda *_, **__: None", 0, "no score came back"),
        (f"import mftcourse\n{FORGED}\nmftcourse.grade = grade", 0, "no score came back"),
        ("1 / 0", 2, "ended with ZeroDivisionError"),
    ],
)
def test_a_cell_that_misbehaves_costs_its_own_points_at_most(reference, tmp_path, code, mean, said):
    keep = "import importlib, mftcourse; importlib.reload(mftcourse)"  # so that the second exercise is judged whatever the first one did
    done = run(reference, tmp_path, mean=code, median=keep)
    assert scores(done.nb) == {"mean": mean, "median": 3}, done.notes
    assert any(said in note and "mean" in note for note in done.notes), done.notes
    assert sum(len(str(c.get("outputs", ""))) for c in done.nb.cells) < 2_000_000


@pytest.mark.parametrize("code", ["grade = lambda *_, **__: None", FORGED, "check = expect = sum = None"])
def test_a_learners_own_names_do_not_reach_the_checks(reference, tmp_path, code):
    done = run(reference, tmp_path, median=code)
    assert scores(done.nb) == {"mean": 2, "median": 3} and done.notes == []


def test_a_notebook_that_ends_every_kernel_still_comes_back(reference, tmp_path):
    nb = copy.deepcopy(reference)
    for c in nb.cells:
        if c.cell_type == "code":
            c.source = "import os; os._exit(0)"
    done = execute(nb, tmp_path, seconds=2)
    assert scores(done.nb) == {"mean": 0, "median": 0}


@pytest.mark.slow
def test_an_endless_loop_ends_with_a_sentence():
    from nbgrader.preprocessors import Execute

    config = Config()
    stop_endless_loops(config, seconds=3)
    cells = [nbformat.v4.new_code_cell("while True:\n    pass"), nbformat.v4.new_code_cell("6 * 7")]
    nb, _ = Execute(config=config).preprocess(nbformat.v4.new_notebook(cells=cells), {})
    said = [output.evalue for output in nb.cells[0].outputs if output.output_type == "error"]
    assert any("stopped after 3 seconds. Look for a loop that never ends" in (text or "") for text in said)
    assert nb.cells[1].outputs[0].data["text/plain"] == "42"  # the kernel lives


@pytest.fixture
def warm(tmp_path):
    """Run a notebook, given as name → source, in a kernel that stays; return what it printed, and which cells ran."""
    log = tmp_path / "log"
    with Warm(tmp_path, seconds=5) as kernel:

        def run(**sources):
            log.write_text("")
            cells = [
                nbformat.v4.new_code_cell(f"open({str(log)!r}, 'a').write('{name} ')\n{text}", id=name)
                for name, text in sources.items()
            ]
            done = kernel.run(nbformat.v4.new_notebook(cells=cells))
            said = {c.id: "".join(o.get("text", o.get("evalue", "")) for o in c.outputs).strip() for c in done.nb.cells}
            return said, "".join(log.read_text().split())

        yield run


CELLS = {"a": "x = 1", "b": "def f():\n    return x", "c": "y = 5", "d": "print(f())", "e": "print(y)"}


@pytest.mark.parametrize(
    ("change", "ran", "said"),
    [
        ({}, "", {"d": "1", "e": "5"}),
        ({"a": "x = 2"}, "abd", {"d": "2", "e": "5"}),
        ({"c": "y = 6"}, "ce", {"d": "1", "e": "6"}),
        ({"b": "def g():\n    return x"}, "bd", {"d": "name 'f' is not defined"}),
        ({"b": "def f("}, "d", {"d": "name 'f' is not defined"}),
        ({"c": None}, "e", {"e": "name 'y' is not defined"}),
        ({"c": "import math as y"}, "ce", {"e": "<module 'math'"}),
        ({"e": "y.bit_length(); print(y)"}, "ce", {"e": "5"}),
        ({"e": "%time print(x + 1)"}, "e", {"e": "2"}),
    ],
)
def test_a_warm_kernel_runs_what_changed_and_what_reads_it(warm, change, ran, said):
    assert warm(**CELLS)[1] == "abcde"
    found, again = warm(**{name: text for name, text in (CELLS | change).items() if text is not None})
    assert again == ran and all(found[name].startswith(text) for name, text in said.items())


def test_what_two_cells_bind_is_built_up_anew(warm):
    cells = {"a": "total = [1]", "b": "total.append(2)", "c": "total[0] = 7", "d": "print(total)", "e": "n = 1"}
    assert warm(**cells)[0]["d"] == "[7, 2]"
    said, ran = warm(**cells | {"b": "total.append(3)"})
    assert said["d"] == "[7, 3]" and ran == "abcd"
    swapped = {name: cells[name] for name in "acbde"}
    assert warm(**swapped)[1] == "acbde", "cells changed places"


def test_a_warm_kernel_that_dies_is_replaced(warm, tmp_path):
    warm(**CELLS)
    said, ran = warm(**CELLS | {"c": "import os; os._exit(1)"})
    assert "Python ended here" in said["c"] and said["d"] == "1"
    assert warm(**CELLS)[0]["e"] == "5"


def test_a_warm_kernel_checks_what_depends_on_an_answer_and_nothing_else(reference, tmp_path):
    with Warm(tmp_path) as kernel:
        assert scores(kernel.run(reference).nb) == {"mean": 2, "median": 3}
        nb = copy.deepcopy(reference)
        cell(nb, "mean").source = "def mean(values):\n    return 4"
        done = kernel.run(nb)
        assert scores(done.nb) == {"mean": 1, "median": 3}
        counts = {name: cell(done.nb, name).execution_count for name in ("mean-check", "median-check")}
        assert counts["mean-check"] and not counts["median-check"]


def test_a_warm_kernel_runs_sealed_checks_when_what_they_look_at_changed(warm):
    """Reported by a newcomer: `mft watch` held on to the first verdict about an answer that is typed."""
    sealed = notebooks.sealed("print(answer)")
    cells = {"a": "from mftcourse.checks import run_sealed as mft_run_sealed", "b": "answer = 1", "c": sealed}
    assert warm(**cells)[0]["c"] == "1"
    said, ran = warm(**cells | {"b": "answer = 2"})
    assert said["c"] == "2" and ran == "bc"

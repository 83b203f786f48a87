"""Whatever a cell does, the notebook comes back with a verdict for every check."""

import copy

import nbformat
import pytest
from tiny_course import cell
from traitlets.config import Config

from mftcourse.course.handin import kind
from mftcourse.course.kernel import execute, stop_endless_loops

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

"""One store says what checks said of an answer, whoever ran them; a changed answer has no card."""

import os

import nbformat
import pytest
from jupyter_client import KernelManager
from tiny_course import MEAN, MEDIAN, UNIT, cell, load, save

from mftcourse.checks import MIME, Finding, Scorecard
from mftcourse.learning import progress, workspace
from mftcourse.learning.scorecards import NOTEBOOK, Scorecards, digest, install

WRONG = "def mean(values):\n    return 4"


def card(*verdicts, exercise="mean", points=3):
    return Scorecard(exercise, points, [Finding(str(i), v, 1) for i, v in enumerate(verdicts)]).to_dict()


def shown(path, name, made, count=None):
    """Put a scorecard into the outputs of a saved notebook."""
    nb = load(path)
    output = {"output_type": "execute_result", "data": {"text/plain": "0", MIME: made}, "metadata": {}}
    check = cell(nb, f"{name}-check")
    check.outputs, check.execution_count = [nbformat.from_dict(output | {"execution_count": count})], count
    save(nb, path)


def known(course):
    """Return exercise → points of the cards that count for the learner's notebook as it is saved."""
    store = Scorecards(course, UNIT)
    found = store.of(load(course.notebook("work", UNIT)), load(course.release(UNIT)))
    return {name: c.earned for name, c in found.items()}


def test_after_mft_check_every_command_knows_it(course, mine):
    mine(mean=MEAN, median=MEDIAN, memo="The median.")
    assert "not checked since: mean, median" in " ".join(workspace.submit(course, "tiny", "ada").warnings)
    assert progress.progress(course).units[0].done == 1
    assert progress.check(course, "tiny").passed
    assert workspace.submit(course, "tiny", "ada").warnings == []
    (unit,) = progress.progress(course).units
    assert (unit.done, unit.points, unit.finished, unit.note) == (3, 5, 0, "finish it: mft finish 01")


def test_a_changed_answer_has_no_card_and_an_answer_that_comes_back_has_its_own(course, mine):
    mine(mean=WRONG)
    progress.check(course, "tiny", "mean")
    assert known(course) == {"mean": 1}
    mine(mean=MEAN)
    assert known(course) == {}
    assert "not checked since: mean" in " ".join(workspace.submit(course, "tiny", "ada").warnings)
    mine(mean=WRONG + "   \n\n")
    assert known(course) == {"mean": 1}, "blanks make no other answer"


def test_a_saved_notebook_is_taken_in_once_for_the_answer_that_it_judged(course, mine):
    path = mine(mean=MEAN)
    shown(path, "mean", card("passed", "passed"), count=7)
    assert known(course) == {"mean": 2}
    mine(mean=WRONG)  # edited and saved, its check not run again: the output is the old one
    assert known(course) == {}
    shown(path, "mean", card("passed", "failed"), count=9)
    assert known(course) == {"mean": 1}
    nb = load(path)
    cell(nb, "mean").execution_count, cell(nb, "mean").source = 11, MEAN + "  # again"
    save(nb, path)
    shown(path, "mean", card("passed", "failed"), count=10)
    assert known(course) == {}, "the answer ran after its check"


def test_the_latest_verdict_on_an_answer_counts(course, mine):
    path = mine(mean=MEAN)
    shown(path, "mean", card("passed", "passed"), count=1)
    os.utime(path, (0, 0))
    store = Scorecards(course, UNIT)
    store.keep(card("passed", "failed"), MEAN)
    assert known(course) == {"mean": 1}, "what the file holds is older than the run"
    store.keep(card("passed", "passed"), MEAN, NOTEBOOK, 2)
    assert known(course) == {"mean": 2}


def test_hidden_checks_count_as_long_as_the_visible_ones_pass(course, mine):
    mine(mean=MEAN)
    store = Scorecards(course, UNIT)
    full = card("passed", "passed", "passed")
    full["findings"][2]["hidden"] = True
    store.keep(full, MEAN)
    assert known(course) == {"mean": 3}
    store.keep(card("passed", "passed"), MEAN)
    assert known(course) == {"mean": 3}
    store.keep(card("passed", "failed"), MEAN)
    assert known(course) == {"mean": 1}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"when": 1, "count": 1, "card": {}}', "\x00", '{"when": "", "count": null, "card": 3}']
)
def test_a_lost_or_malformed_file_is_never_an_error(course, mine, text):
    path = mine(mean=MEAN)
    shown(path, "mean", card("passed", "passed"), count=1)
    assert known(course) == {"mean": 2}
    files = list((course.root / "work" / ".mft" / "scorecards" / UNIT).iterdir())
    for file in files:
        file.write_text(text)
    assert known(course) == {"mean": 2}, "rebuilt from the notebook"
    for file in files:
        file.unlink()
    assert known(course) == {"mean": 2}


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"findings": [{}], "exercise": "mean", "points": 3},
        card("passed", exercise="../x"),
        card("passed", points=2),
        card(),
        card("passed", exercise="median", points=4),
    ],
)
def test_an_output_that_is_no_card_of_this_exercise_counts_for_nothing(course, mine, made):
    path = mine(mean=MEAN)
    shown(path, "mean", made, count=1)
    assert known(course) == {} and progress.progress(course).units[0].points == 0
    assert not list(course.root.rglob("x.*"))


def test_what_cannot_be_kept_is_said(course, mine):
    mine(mean=MEAN)
    (course.root / "work" / ".mft").write_text("a file where the folder should be")
    done = progress.check(course, "tiny", "mean")
    assert done.passed and "could not be kept" in " ".join(done.notes)


def test_a_kernel_of_the_lab_keeps_what_its_check_cells_say(course, mine, tmp_path):
    """With the messages that JupyterLab sends: the metadata of a cell come along."""
    path, ipython = mine(), tmp_path / "ipython"
    install(ipython)
    nb = load(path)
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=os.environ | {"IPYTHONDIR": str(ipython), "JPY_SESSION_NAME": str(path)})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(name, source):
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = client.session.msg(
            "execute_request", content, metadata=dict(cell(nb, name).metadata) | {"cellId": name}
        )
        client.shell_channel.send(message)
        while (reply := client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            pass
        return reply["content"]["status"]

    def cards():
        return {p.name for p in (course.root / "work" / ".mft" / "scorecards" / UNIT).glob("*")}

    try:
        given = next(c for c in nb.cells if c.cell_type == "code")
        assert run(given.id, "import sys; assert 'mftcourse' not in sys.modules") == "ok", (
            "not the course's notebook yet"
        )
        assert run(given.id, given.source) == "ok"
        check = cell(nb, "mean-check").source
        run("mean-check", check)
        assert not (course.root / "work" / ".mft").exists(), "no answer has run"
        run("mean", MEAN)
        run("mean-check", check)
        assert cards() == {f"mean.{digest(MEAN)}.notebook.json"}
        assert run("mean", "def mean(values)") == "error"
        run("mean-check", check)
        assert cards() == {f"mean.{digest(MEAN)}.notebook.json"}, "the kernel still has the answer that ran"
        run("mean", WRONG)
        run("mean-check", check)
        assert f"mean.{digest(WRONG)}.notebook.json" in cards()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    mine(mean=WRONG)
    assert known(course) == {"mean": 1}
    mine(mean=MEAN)
    assert known(course) == {"mean": 2}

"""The overview: in the order of needs, right after any check, and honest about what a copy has."""

import datetime
import json
import os
import re
import shutil

import pytest
from tiny_course import MEAN, MEDIAN, UNIT, cell, load, save

from mftcourse.course.files import in_order
from mftcourse.learning import overview, quiz, workspace


def words(course) -> str:
    """The page as one reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", overview.page(course)).split())


def run_checks(path):
    """Run the notebook as JupyterLab would, and save it with its outputs."""
    import nbclient

    nb = load(path)
    nbclient.NotebookClient(nb, allow_errors=True).execute(cwd=str(path.parent))
    save(nb, path)


def test_units_stand_in_the_order_of_their_needs():
    needs = {"01-a": ["03-c"], "02-b": [], "03-c": ["02-b"], "04-d": ["09-not-released"]}
    assert in_order(needs) == ["02-b", "03-c", "01-a", "04-d"]


def test_needs_come_from_the_release_so_that_a_copy_for_a_class_knows_them_too(course):
    second = course.root / "release" / "00-other"
    second.mkdir()
    nb = load(course.release(UNIT))
    assert nb.metadata.mft.needs == []
    nb.metadata.mft.needs = [UNIT]
    nb.cells[0].source = "# Another <average>"
    save(nb, second / "other.ipynb")
    shutil.rmtree(course.root / "course")
    first, other = overview.rows(course)
    assert (first.unit, other.unit, other.needs) == (UNIT, "00-other", [UNIT])
    assert "Another &lt;average&gt;" in overview.page(course)


@pytest.mark.slow
def test_a_unit_is_not_started_then_going_then_done(course, mine):
    path = mine()
    assert [(r.state, r.done, r.minutes_left) for r in overview.rows(course)] == [("not started", 0, 11)]
    assert "Begin 01 Two averages" in words(course)
    mine(mean="def mean(values):\n    return 0")
    run_checks(path)
    assert [(r.state, r.done) for r in overview.rows(course)] == [("going", 0)]
    mine(mean=MEAN)
    run_checks(path)
    row = overview.rows(course)[0]
    assert (row.state, row.done, row.points, row.minutes_left) == ("going", 1, 2, 7)
    assert "Go on with 01 Two averages" in words(course) and "The rest takes about 7 minutes" in words(course)
    mine(median=MEDIAN, memo="The median: it does not move.")
    run_checks(path)
    assert [(r.state, r.done, r.minutes_left) for r in overview.rows(course)] == [("done", 3, 0)]
    assert "Every exercise is done." in words(course) and "Begin" not in words(course)


def test_the_page_is_made_anew_when_a_file_has_changed_and_only_then(course, mine, monkeypatch):
    mine()
    made = []
    monkeypatch.setattr(overview, "page", lambda *about: made.append(about) or str(len(made)))
    assert [overview._current(course, "/") for _ in range(3)] == ["1", "1", "1"]
    mine(mean=MEAN)
    assert overview._current(course, "/") == "2"
    store = course.root / "work" / ".mft" / "deep" / "state.json"
    store.parent.mkdir(parents=True)
    store.touch()
    assert overview._current(course, "/") == "3"
    stat = store.stat()
    os.utime(store, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert overview._current(course, "/") == "4"


def test_a_newer_release_is_offered_until_it_was_fetched(course, mine):
    path = mine(mean=MEAN)
    assert "mft start 01" not in words(course)
    nb = load(course.release(UNIT))
    cell(nb, "mean").source += "\n# changed"
    cell(nb, "mean").metadata.nbgrader.checksum = "changed"
    save(nb, course.release(UNIT))
    before = path.read_bytes()
    assert workspace.newer(course, UNIT)
    assert 'data-run="mft start 01"' in overview.page(course)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1  # looking changes nothing
    workspace.start(course, UNIT)
    assert not workspace.newer(course, UNIT)
    assert "mft start 01" not in words(course)


def test_a_broken_notebook_is_a_sentence_beside_its_unit(course, mine):
    mine().write_text("{")
    row = overview.rows(course)[0]
    assert "tiny.ipynb is not a notebook" in row.note
    assert "tiny.ipynb is not a notebook" in words(course)


def test_due_questions_are_counted_and_nothing_is_written(two_units):
    from mftcourse.course import interview

    known = [item.question.id for item in interview.questions(two_units)]
    assert f"{len(known)} questions, none asked yet" in words(two_units)
    today = datetime.date.today()
    due = {"box": 1, "due": str(today), "counts": {}}
    later = due | {"due": str(today + datetime.timedelta(days=1))}
    state = two_units.root / "work" / ".mft" / "quiz.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"questions": {known[0]: due, known[1]: later, "gone": due}}))
    assert f"1 of {len(known)} is due again" in words(two_units)
    state.write_text(json.dumps({"questions": {known[1]: later}}))
    assert f"Nothing is due today; {len(known) - 1} of {len(known)} were not asked yet" in words(two_units)
    state.write_text("broken")
    assert "none asked yet" in words(two_units)
    assert state.read_text() == "broken" and len(list(state.parent.iterdir())) == 1


def test_a_copy_for_a_class_says_what_it_has_not(course):
    assert "copy for a class" not in words(course) and "mft finish" in words(course)
    shutil.rmtree(course.root / "course")
    text = words(course)
    assert "copy for a class" in text and "no hidden checks and no model answers" in text
    assert "mft submit and the number of the unit" in text


def test_links_stay_below_the_servers_address_and_there_is_no_script(course, mine):
    mine()
    text = overview.page(course, "/user/me/")
    assert f'href="/user/me/lab/tree/{UNIT}/tiny.ipynb" data-path="{UNIT}/tiny.ipynb"' in text
    assert not re.search(r"<script|\son\w+=|javascript:|https?://", text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_routes_are_there_with_their_time_and_a_button(two_units, root):
    assert "Routes" not in words(two_units)
    shutil.copy(root / "release" / "routes.json", two_units.root / "release")
    quiz.Memory(two_units).write("precision-and-recall", quiz.Standing(due=datetime.date.today()))
    page = overview.page(two_units)
    assert 'data-run="mft quiz --route one-evening"' in page and "mft-route-three-evenings" in page
    assert re.search(r"A term, about \d+ hours: 1 of 33 questions asked\.", words(two_units))
    assert re.search(r"One evening, about \d+ minutes: 1 of 4 questions asked\.", words(two_units))

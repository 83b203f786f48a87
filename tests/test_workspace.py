"""The learner's side: nothing of a learner's is ever overwritten, and everything is said in a sentence."""

import datetime
import shutil

import nbformat
import pytest
from grading.tiny_course import UNIT, cell, load, save, write_course

from mftcourse import authoring, workspace
from mftcourse.grading.intake import Unreadable
from mftcourse.workspace import WorkspaceError


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    folder = shutil.copytree(built, tmp_path / "course-copy")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def mine(course):
    """The learner's notebook of the tiny unit, started; call it with answers to write them into it."""
    path = workspace.start(UNIT).path

    def write(**sources):
        nb = load(path)
        for name, source in sources.items():
            cell(nb, name).source = source
        save(nb, path)
        return path

    return write


MEAN = "def mean(values):\n    return sum(values) / len(values)"
MEDIAN = "def median(values):\n    return sorted(values)[len(values) // 2]"


def change_lesson(course, old, new):
    lesson = course / "course" / UNIT / "lesson.py"
    text = lesson.read_text(encoding="utf-8")
    assert old in text
    lesson.write_text(text.replace(old, new), encoding="utf-8")
    authoring.build(course)


@pytest.mark.parametrize("name", ["01", "1", "tiny", "01-tiny", "01-tiny/"])
def test_a_unit_is_found_by_any_of_its_names(course, name):
    assert workspace.find_unit(name) == UNIT


def test_an_unknown_unit_lists_what_exists(course, tmp_path):
    with pytest.raises(WorkspaceError, match=r"no unit '7'.*01-tiny"):
        workspace.find_unit("7")
    with pytest.raises(WorkspaceError, match="mft build"):
        workspace.find_unit("7", tmp_path / "empty")


def test_start_copies_once_and_then_leaves_everything_alone(course):
    first = workspace.start("tiny")
    assert first.state == "copied" and first.path == course / "work" / UNIT / "tiny.ipynb"
    before = first.path.read_bytes()
    assert workspace.start("1").state == "there"
    assert first.path.read_bytes() == before
    released = load(course / "release" / UNIT / "tiny.ipynb")
    assert [c.source for c in load(first.path).cells] == [c.source for c in released.cells]


def test_start_in_chinese_keeps_the_ids_and_the_names(course):
    path = workspace.start("tiny", "zh").path
    assert "两种平均数" in load(path).cells[0].source and path.name == "tiny.ipynb"
    assert workspace.start("tiny").state == "there", "the language of the notebook is the default"
    assert workspace.start("tiny", "en").changes == ["the prose is now in 'en'"]
    with pytest.raises(WorkspaceError, match="en, zh"):
        workspace.release_path(UNIT, "fr")


def test_an_update_stands_beside_the_learners_notebook_with_the_answers_in_it(course, mine):
    path = mine(mean=MEAN, memo="The mean, because.")
    nb = load(path)
    nb.cells.append(nbformat.v4.new_code_cell("my own notes"))
    save(nb, path)
    before = path.read_bytes()
    change_lesson(course, "The mean of 1, 2 and 9 is 4.", "The mean of 1, 2 and 9 is 4, as you can see.")
    change_lesson(course, '"""Return the middle value', '"""Return the value in the middle')
    done = workspace.start("tiny", today=datetime.date(2026, 11, 23))
    assert done.state == "update" and done.path.name == "tiny.update-2026-11-23.ipynb"
    assert path.read_bytes() == before
    assert done.merged == ["mean", "memo"] and done.own_cells == 1
    assert "changed exercise median" in done.changes and any(
        line.startswith("new cell prose-") for line in done.changes
    )
    new = load(done.path)
    assert cell(new, "mean").source == MEAN and "value in the middle" in cell(new, "median").source
    again = workspace.start("tiny")
    assert again.state == "there" and again.path == done.path
    change_lesson(course, "as you can see", "as anyone can see")
    third = workspace.start("tiny", today=datetime.date(2026, 11, 23))
    assert third.state == "update" and third.path.name == "tiny.update-2026-11-23-2.ipynb" and done.path.exists()


def test_an_update_is_merged_even_when_an_editor_dropped_the_metadata_of_the_notebook(course, mine):
    path = mine(mean=MEAN)
    nb = load(path)
    nb.metadata = {"kernelspec": {"name": "other", "display_name": "x"}}
    save(nb, path)
    assert workspace.start("tiny").state == "there"
    change_lesson(course, "The mean of 1", "The average of 1")
    done = workspace.start("tiny")
    assert done.state == "update" and done.merged == ["mean"]


def test_check_runs_the_visible_checks_and_does_not_touch_the_notebook(course, mine):
    path = mine(mean=MEAN, median="def median(values):\n    return values[0] / 0")
    before = path.read_bytes()
    done = workspace.check("tiny")
    cards = {card["exercise"]: card for card in done.cards}
    assert (cards["mean"]["earned"], cards["median"]["earned"], done.passed) == (2, 0, False)
    assert "line 2" in cards["median"]["findings"][0]["message"]
    assert path.read_bytes() == before
    only = workspace.check("tiny", "mean")
    assert [card["exercise"] for card in only.cards] == ["mean"] and only.passed


def test_check_says_what_it_could_not_run(course, mine):
    path = mine(mean="def mean(values)\n    return 1", median=MEDIAN)
    nb = load(path)
    nb.cells.remove(cell(nb, "median-check"))
    save(nb, path)
    done = workspace.check("tiny")
    said = " ".join(done.notes)
    assert "mean ended with SyntaxError: " in said and "put back: check of median" in said
    assert [card["exercise"] for card in done.cards] == ["mean", "median"]
    mine(mean="import os\nos._exit(1)")
    done = workspace.check("tiny")
    assert "Python ended here" in " ".join(done.notes)
    with pytest.raises(WorkspaceError, match="It has: mean, median"):
        workspace.check("tiny", "mode")


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_notebook_is_a_sentence_everywhere(course, mine, text):
    path = mine()
    path.write_text(text)
    for command in (workspace.check, workspace.submit, workspace.start):
        with pytest.raises(Unreadable, match="tiny.ipynb is"):
            command("tiny")
    assert "tiny.ipynb is" in workspace.progress().units[0].note
    assert path.read_text() == text and not (course / "submitted").exists()


def test_what_was_not_started_says_so(course):
    for command in (workspace.check, workspace.submit):
        with pytest.raises(WorkspaceError, match="mft start 01-tiny"):
            command("tiny")


def test_every_submission_is_kept_and_dated_as_nbgrader_does(course, mine):
    from nbgrader.coursedir import CourseDirectory

    path = mine(mean=MEAN)
    first = workspace.submit("tiny", "ada")
    assert first.path == course / "submitted" / "ada" / UNIT / "tiny.ipynb"
    assert first.path.read_bytes() == first.kept.read_bytes() == path.read_bytes()
    assert [w.split(":")[0] for w in first.warnings] == ["Not answered", "Answered, but the check was never run"]
    stamp = CourseDirectory(root=str(course)).get_existing_timestamp(str(first.path.parent))
    assert abs((datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - stamp).total_seconds()) < 60
    earlier = first.path.read_bytes()
    first.path.write_bytes(earlier + b"\n")  # as if handed in from another copy of the course
    mine(median=MEDIAN)
    second = workspace.submit("tiny", "ada")
    kept = {p.read_bytes() for p in second.kept.parent.glob("*.ipynb")}
    assert kept == {earlier, earlier + b"\n", second.path.read_bytes()}
    assert second.path.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["../ada", "", "a/b", ".hidden", "a*b", "[x]"])
def test_a_name_that_is_no_folder_is_refused(course, mine, name):
    mine()
    if not name:
        assert workspace.submit("tiny", name).student
    else:
        with pytest.raises(WorkspaceError, match="--student"):
            workspace.submit("tiny", name)
        assert not (course / "submitted").exists()


def scored(nb, name, *verdicts, points=3, hidden=1):
    findings = [{"title": str(i), "verdict": v, "points": 1, "earned": v == "passed"} for i, v in enumerate(verdicts)]
    card = {"exercise": name, "points": points, "earned": sum(f["earned"] for f in findings), "hidden_points": hidden}
    data = {"text/plain": "0", workspace.MIME: card | {"findings": findings}}
    output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    cell(nb, f"{name}-check").outputs = [nbformat.from_dict(output)]


def test_progress_reads_the_scorecards_of_the_notebooks(course, mine):
    path = mine(memo="The median.")
    nb = load(path)
    scored(nb, "mean", "passed", "passed")
    scored(nb, "median", "passed", "failed", points=4)
    save(nb, path)
    (unit,) = workspace.progress().units
    assert (unit.exercises, unit.done, unit.points, unit.out_of) == (3, 2, 3, 9)
    assert (unit.minutes, unit.minutes_done) == (11, 6)


def test_progress_is_a_table_with_a_caption_in_a_notebook(course):
    found = workspace.progress()
    page = found._repr_html_()
    assert "<caption" in page and 'scope="col"' in page and 'scope="row"' in page
    assert "mft start 01-tiny" in page


def test_hints_come_step_by_step_and_only_of_that_exercise(course, mine):
    assert [title for title, _ in workspace.hints("mean")] == ["Hint 1", "Hint 2"]
    assert workspace.hints("01/median") == [("Hint 1", "`sorted` sorts.")]
    mine()
    assert len(workspace.hints("mean", lang="zh")) == 2
    assert workspace.hints("memo") == []
    with pytest.raises(WorkspaceError, match="01-tiny: mean, median, memo"):
        workspace.hints("mode")
    shutil.copytree(course / "release/01-tiny", course / "release/02-tiny")
    with pytest.raises(WorkspaceError, match="01-tiny and 02-tiny. Name the unit: 01/mean"):
        workspace.hints("mean")
    assert len(workspace.hints("02/mean")) == 2

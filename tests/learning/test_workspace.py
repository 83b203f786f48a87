"""The learner's notebooks: nothing of a learner's is ever overwritten, and everything is said in a sentence."""

import datetime
import re

import nbformat
import pytest
from nbgrader.utils import compute_checksum
from tiny_course import MEAN, MEDIAN, UNIT, cell, in_chinese, load, save

from mftcourse.course import notebooks
from mftcourse.course.files import CourseError, Unreadable
from mftcourse.course.handin import scorecard
from mftcourse.course.kernel import execute
from mftcourse.learning import hints, progress, workspace
from mftcourse.learning.finish import Finish


def change_lesson(course, old, new):
    lesson = course.root / "course" / UNIT / "lesson.py"
    text = lesson.read_text(encoding="utf-8")
    assert old in text
    lesson.write_text(text.replace(old, new), encoding="utf-8")
    notebooks.build(course)


def test_start_copies_once_and_then_leaves_everything_alone(course):
    first = workspace.start(course, "tiny")
    assert first.state == "copied" and first.path == course.root / "work" / UNIT / "tiny.ipynb"
    before = first.path.read_bytes()
    assert workspace.start(course, "1").state == "there"
    assert first.path.read_bytes() == before
    released = load(course.root / "release" / UNIT / "tiny.ipynb")
    assert [c.source for c in load(first.path).cells] == [c.source for c in released.cells]


def test_start_in_chinese_keeps_the_ids_and_the_names(course):
    with pytest.raises(CourseError, match="mft quiz 01 --lang zh.*目前只有英文版.*docs/interview/zh/README.md"):
        workspace.start(course, "tiny", "zh")  # one cell of it is in Chinese, and that is not the unit
    in_chinese(course)
    path = workspace.start(course, "tiny", "zh").path
    assert "两种平均数" in load(path).cells[0].source and path.name == "tiny.ipynb"
    assert workspace.start(course, "tiny").state == "there", "the language of the notebook is the default"
    assert workspace.start(course, "tiny", "en").changes == ["the prose is now in 'en'"]
    with pytest.raises(CourseError, match="en, zh"):
        course.release(UNIT, "fr")


def test_a_copy_in_a_language_that_is_no_longer_released_goes_on_in_english(course):
    in_chinese(course)
    path = workspace.start(course, "tiny", "zh").path
    before = path.read_bytes()
    change_lesson(course, "# # 两种平均数", "# # Both averages")
    (course.root / "release" / UNIT / "zh" / "tiny.ipynb").unlink()
    assert workspace.start(course, "tiny").changes[0] == "the prose is now in 'en'" and path.read_bytes() == before
    assert [title for title, _ in hints.hints(course, "mean")] == ["Hint 1", "Hint 2"]


def test_an_update_stands_beside_the_learners_notebook_with_the_answers_in_it(course, mine):
    path = mine(mean=MEAN, memo="The mean, because.")
    nb = load(path)
    nb.cells.append(nbformat.v4.new_code_cell("my own notes"))
    save(nb, path)
    before = path.read_bytes()
    change_lesson(course, "The mean of 1, 2 and 9 is 4.", "The mean of 1, 2 and 9 is 4, as you can see.")
    change_lesson(course, '"""Return the middle value', '"""Return the value in the middle')
    done = workspace.start(course, "tiny", today=datetime.date(2026, 11, 23))
    assert done.state == "update" and done.path.name == "tiny.update-2026-11-23.ipynb"
    assert path.read_bytes() == before
    assert done.merged == ["mean", "memo"] and done.own_cells == 1
    assert "changed exercise median" in done.changes and any(
        line.startswith("new cell prose-") for line in done.changes
    )
    new = load(done.path)
    assert cell(new, "mean").source == MEAN and "value in the middle" in cell(new, "median").source
    again = workspace.start(course, "tiny")
    assert again.state == "there" and again.path == done.path
    change_lesson(course, "as you can see", "as anyone can see")
    third = workspace.start(course, "tiny", today=datetime.date(2026, 11, 23))
    assert third.state == "update" and third.path.name == "tiny.update-2026-11-23-2.ipynb" and done.path.exists()


def test_an_update_is_merged_even_when_an_editor_dropped_the_metadata_of_the_notebook(course, mine):
    path = mine(mean=MEAN)
    nb = load(path)
    nb.metadata = {"kernelspec": {"name": "other", "display_name": "x"}}
    save(nb, path)
    assert workspace.start(course, "tiny").state == "there"
    change_lesson(course, "The mean of 1", "The average of 1")
    done = workspace.start(course, "tiny")
    assert done.state == "update" and done.merged == ["mean"]


HALF = '''
# %% [markdown]
# *By hand · 1 minute · difficulty: one of three*
#
# What is half of one, and half of three?
# %% exercise="halves" minutes=1
### BEGIN SOLUTION
halves = [1 / 2, 3 / 2]
### END SOLUTION
### BEGIN RELEASE
# halves = [..., ...]
### END RELEASE
# %% check="halves" points=2
with check("half of one", hint="h"):
    expect(halves[0], 0.5)
with check("half of three", hint="h"):
    expect(halves[1], 1.5)
grade("halves")

# %% [markdown]
# ## Which one
'''


def test_a_notebook_from_before_the_seal_still_checks_and_comes_over_with_every_answer(course):
    """Releases had open, unsealed check cells, and no ids in the prose; people are in the middle of such units."""
    change_lesson(course, "\n# %% [markdown]\n# ## Which one\n", HALF)
    old, source = load(course.release(UNIT)), load(course.root / "solutions" / UNIT / "tiny.ipynb")
    for c in old.cells:
        c.metadata.pop("jupyter", None)
        if c.metadata.mft.kind == "check":
            c.metadata.mft.pop("sealed", None)
            text = next(s.source for s in source.cells if s.id == c.id) if "sealed" in c.source else c.source
            c.source = text.split("\n", 1)[1]
            c.metadata.nbgrader.checksum = compute_checksum(c)
        elif c.metadata.mft.kind == "prose":
            c.source = re.sub(r" · `\w+` · ", " · ", c.source)
    path = course.notebook("work", UNIT)
    path.parent.mkdir(parents=True)
    old.metadata.mft.release = "an earlier one"
    for name, answer in {"mean": MEAN, "halves": "halves = [1 / 2, ...]", "memo": "The mean."}.items():
        cell(old, name).source = answer
    save(old, path)

    as_it_is = execute(load(path), path.parent)  # the new package, the old check cells
    cards = {c.metadata.mft.exercise: scorecard(c) for c in as_it_is.nb.cells if c.metadata.mft.kind == "check"}
    assert {name: card["earned"] for name, card in cards.items()} == {"mean": 2, "median": 0, "halves": 1}
    assert [f["verdict"] for f in cards["halves"]["findings"]] == ["passed", "todo"]
    checked = progress.check(course, "tiny")
    assert {card["exercise"]: card["earned"] for card in checked.scorecards} == {"mean": 2, "median": 0, "halves": 1}
    assert checked.notes[0].startswith("From an earlier release, the present one was used: check of mean")
    assert "Changed" not in "".join(checked.notes)

    before = path.read_bytes()
    done = workspace.start(course, "tiny")
    assert done.state == "update" and done.merged == ["mean", "halves", "memo"] and path.read_bytes() == before
    assert done.changes == ["changed cell mean-check", "changed cell median-check", "changed cell halves-check"]
    new = load(done.path)
    assert [cell(new, name).source for name in done.merged] == [MEAN, "halves = [1 / 2, ...]", "The mean."]
    assert "0.5" not in cell(new, "halves-check").source
    done.path.rename(path)  # what `mft start` says to do
    after = progress.check(course, "tiny")
    assert after.scorecards == checked.scorecards and after.notes == []


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_notebook_is_a_sentence_everywhere(course, mine, text):
    path = mine()
    path.write_text(text)
    for command in (progress.check, workspace.submit, workspace.start):
        with pytest.raises(Unreadable, match="tiny.ipynb is"):
            command(course, "tiny")
    assert "tiny.ipynb is" in progress.progress(course).units[0].note
    assert path.read_text() == text and not (course.root / "submitted").exists()


def test_what_of_a_file_was_lost_is_said_at_home_and_not_only_when_it_is_graded(course, mine):
    path = mine(mean=MEAN)
    text = path.read_text()
    path.write_text(text[: text.index('"grade_id": "memo"')])  # a disk that was full
    lost = "the file is broken or cut off"
    assert any(lost in note for note in progress.check(course, "tiny").notes)
    assert any(lost in note for note in Finish(course, "tiny").run().notes)
    assert any(lost in warning for warning in workspace.submit(course, "tiny", "ada").warnings)


def test_what_was_not_started_says_so(course):
    for command in (progress.check, workspace.submit):
        with pytest.raises(CourseError, match="mft start 01-tiny"):
            command(course, "tiny")


def test_every_submission_is_kept_and_dated_as_nbgrader_does(course, mine):
    from nbgrader.coursedir import CourseDirectory

    path = mine(mean=MEAN)
    first = workspace.submit(course, "tiny", "ada")
    assert first.path == course.root / "submitted" / "ada" / UNIT / "tiny.ipynb"
    assert first.path.read_bytes() == first.kept.read_bytes() == path.read_bytes()
    assert [w.split(":")[0] for w in first.warnings] == ["Not answered", "Answered, but not checked since"]
    stamp = CourseDirectory(root=str(course.root)).get_existing_timestamp(str(first.path.parent))
    assert abs((datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - stamp).total_seconds()) < 60
    earlier = first.path.read_bytes()
    first.path.write_bytes(earlier + b"\n")  # as if handed in from another copy of the course
    mine(median=MEDIAN)
    second = workspace.submit(course, "tiny", "ada")
    kept = {p.read_bytes() for p in second.kept.parent.glob("*.ipynb")}
    assert kept == {earlier, earlier + b"\n", second.path.read_bytes()}
    assert second.path.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["../ada", "", "a/b", ".hidden", "a*b", "[x]"])
def test_a_name_that_is_no_folder_is_refused(course, mine, name):
    mine()
    if not name:
        assert workspace.submit(course, "tiny", name).student
    else:
        with pytest.raises(CourseError, match="--student"):
            workspace.submit(course, "tiny", name)
        assert not (course.root / "submitted").exists()

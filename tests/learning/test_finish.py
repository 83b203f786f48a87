"""Who learns alone reaches every point, and sees the reference of nothing that was not asked for."""

import shutil

import pytest
from tiny_course import MEAN, MEDIAN

from mftcourse.course.files import Course, CourseError
from mftcourse.course.handin import kind
from mftcourse.learning import progress, workspace
from mftcourse.learning.finish import Finish, rubric
from mftcourse.learning.workspace import released

ONE_OF_THREE = "def mean(values):\n    return {3: 4, 1: 5}.get(len(values), 0)"  # right for what is visible


def test_all_points_of_a_unit_can_be_reached(course, mine):
    mine(mean=MEAN, median=MEDIAN, memo="The median, because.")
    finish = Finish(course, "tiny")
    done = finish.run()
    assert (done.points, done.out_of, done.open) == (7, 9, ["memo"])
    (memo,) = done.compare
    assert memo.own == "The median, because." and "one large value" in memo.model
    finish.compare(done, memo, [True])
    assert (done.points, done.open, done.compare) == (9, [], [])
    (unit,) = progress.progress(course).units
    assert (unit.points, unit.finished, unit.note) == (9, 3, "finished")
    progress.check(course, "tiny")
    assert progress.progress(course).units[0].points == 9, "a later check of the same answers takes nothing away"
    assert finish.run().compare == [] and len(finish.run(again=True).compare) == 1
    mine(memo="The mean.")
    assert [w.own for w in Finish(course, "tiny").run().compare] == ["The mean."], "another answer is compared anew"


def test_a_hidden_check_that_fails_says_so_and_shows_no_reference(course, mine):
    mine(mean=ONE_OF_THREE, median=MEDIAN)
    assert progress.check(course, "tiny").passed
    finish = Finish(course, "tiny")
    done = finish.run()
    assert done.open == ["mean", "memo"] and done.compare == [], "nothing was written to compare"
    hidden = done.cards["mean"].findings[-1]
    assert (hidden.hidden, hidden.verdict) == (True, "failed")
    page = finish.page(done).read_text()
    assert 'id="median"' in page and 'id="mean"' not in page and "Not shown yet: mean, memo" in page
    assert "sum" not in page and "one large value" not in page
    (unit,) = progress.progress(course).units
    assert (unit.done, unit.finished) == (2, 1)


def test_who_gives_up_sees_the_reference_beside_the_own_answer(course, mine):
    mine(mean=ONE_OF_THREE.replace("5", "5  # <b>"), memo="The mean: $\\frac{1}{2}$ <script>")
    finish = Finish(course, "tiny")
    with pytest.raises(CourseError, match="Did you mean memo"):
        finish.give_up("meno")
    for name in ("mean", "memo"):
        finish.give_up(name)
    done = finish.run()
    assert done.open == ["median"] and done.points < done.out_of
    page = finish.page(done).read_text()
    assert "one large value" in page and ">sum<" in page and "SOLUTION" not in page
    assert "1/2" in page and "<script>" not in page and "<b>" not in page
    assert Finish(course, "tiny").run().open == ["median"], "it is remembered"


def test_a_copy_for_a_class_says_what_it_has(course, mine):
    mine()
    shutil.rmtree(course.root / "course")
    with pytest.raises(CourseError, match="for a class.*mft submit 01-tiny"):
        Finish(course, "tiny")
    assert not progress.alone(course) and "mft finish" not in progress.progress(course).units[0].note


def test_what_was_not_started_or_built_says_so(course):
    with pytest.raises(CourseError, match="mft start 01-tiny"):
        Finish(course, "tiny")
    workspace.start(course, "tiny")
    shutil.rmtree(course.root / "solutions")
    with pytest.raises(CourseError, match="mft build"):
        Finish(course, "tiny")


def test_a_rubric_is_the_last_numbered_list():
    text = "1. Do this.\n2. Then that.\n\nOne point each:\n\n1. A claim,\n   with a number.\n2. A reason.\n"
    assert rubric(text) == ["A claim, with a number.", "A reason."]
    assert len(rubric("No list.")) == 1


@pytest.mark.parametrize("unit", [p.name for p in (Course.find().root / "release").glob("0*")])
def test_every_written_answer_has_a_rubric_worth_its_points(unit, root):
    cells = released(Course(root), unit).cells
    for prose, cell in zip(cells, cells[1:], strict=False):
        if kind(cell) == "manual":
            assert len(rubric(prose.source)) == cell.metadata.nbgrader.points

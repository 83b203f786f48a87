"""What `mft lab` answers below mft/site/ and at mft/quiz: pages of the questions, and the state of the quiz."""

import datetime
import json
import shutil

import pytest
from tiny_course import ROOT, UNIT

from mftcourse.course import interview
from mftcourse.course.files import Course, CourseError
from mftcourse.learning import quiz, site


def test_without_a_built_site_a_question_is_a_page_with_readable_formulas_and_links_that_lead_on():
    course = Course(ROOT)
    text = site.page(course, "interview/precision-and-recall.html")
    assert "<title>What is the difference between precision and recall?</title>" in text
    assert "<code>precision = TP/(TP+FP)</code>" in text and "$" not in text
    assert 'href="zh/precision-and-recall.html"' in text and 'href="index.html"' in text
    assert 'href="../../../lab/tree/06-metrics/metrics.ipynb#Precision,-recall-and-F-beta-in-code"' in text
    chinese = site.page(course, "interview/zh/precision-and-recall.html")
    assert 'href="../precision-and-recall.html"' in chinese
    assert 'href="../../../../lab/tree/06-metrics/metrics.ipynb#' in chinese
    assert "<h1>Interview questions</h1>" in site.page(course, "interview/index.html")


@pytest.mark.parametrize("path", ["instructors/README.html", "interview/../instructors/06-metrics.html", "interview/none.html", "../README.html", "cards.html", ""])
def test_nothing_but_questions_is_served_so(path):
    assert site.page(Course(ROOT), path) is None


def test_a_verdict_moves_the_question_as_the_quiz_would_and_keeps_the_others(two_units):
    course, today = two_units, datetime.date.today()
    one, other = [item.question.id for item in interview.questions(course)][:2]
    assert site.state(course) == {"questions": {}, "notebooks": []}
    assert site.answered(course, {"id": one, "grade": "knew"})["note"] == ""
    said = site.answered(course, {"id": other, "grade": "missed"})
    assert said["standing"] == quiz.schedule(None, "missed", today).model_dump(mode="json")
    site.answered(course, {"id": one, "grade": "knew"})
    kept = quiz.Memory(course).read()
    assert (kept[one].box, kept[one].counts, kept[other].box) == (2, {"knew": 2}, 0)
    assert site.state(course)["questions"][one] == kept[one].model_dump(mode="json")


@pytest.mark.parametrize("said", [{"id": "none", "grade": "knew"}, {"grade": "knew"}, {"id": "", "grade": ""}, None, [], "knew"])
def test_what_is_no_verdict_is_refused_in_a_sentence_and_changes_nothing(two_units, said):
    with pytest.raises(CourseError, match="a question's id and one of missed, partly, knew"):
        site.answered(two_units, said)
    one = interview.questions(two_units)[0].question.id
    with pytest.raises(CourseError):
        site.answered(two_units, {"id": one, "grade": "perfect"})
    assert not (two_units.root / "work" / ".mft" / "quiz.json").exists()


def test_a_broken_state_is_put_aside_and_said(two_units):
    state = two_units.root / "work" / ".mft" / "quiz.json"
    state.parent.mkdir(parents=True)
    state.write_text("broken")
    one = interview.questions(two_units)[0].question.id
    assert "kept as" in site.answered(two_units, {"id": one, "grade": "knew"})["note"]
    assert state.with_name("quiz.json.bak").read_text() == "broken"
    assert list(json.loads(state.read_text())["questions"]) == [one]


def test_only_notebooks_that_the_learner_has_are_linked(course, mine):
    path = mine()
    assert site.state(course)["notebooks"] == [f"{UNIT}/{path.name}"]
    shutil.rmtree(path.parent)
    assert site.state(course)["notebooks"] == []


def test_a_site_is_one_when_it_is_whole(course):
    assert not site.built(course)
    (course.root / "site").mkdir()
    assert not site.built(course)
    (course.root / "site" / "server.js").touch()
    assert site.built(course)

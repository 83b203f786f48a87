"""Routes: every step leads somewhere, minutes follow from the steps, and a fault is a sentence."""

import json
import re
from pathlib import Path

import pytest
import yaml
from tiny_course import UNIT

from mftcourse.course import notebooks, routes
from mftcourse.course.files import Course, CourseError, LessonError, in_order
from mftcourse.course.form import read_lesson
from mftcourse.course.interview import load as load_bank

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
NAME = {"en": "N", "zh": "名"}
WORDS = "{question: 'Q?', short: s, points: [a, b, c], deep: d, usual_wrong: w, follow_up: '**Why?** So.'}"
BANK = "unit: u\nquestions:\n- {id: why-a-mean, level: basic, kind: theory, proof: [mean], en: W, zh: W}\n"


def route(*steps, **changed):
    return {"id": "one", "title": NAME, "about": NAME, "stages": [{"title": NAME, "steps": list(steps)}]} | changed


def write(course, *found):
    path = course.root / "course" / "routes.yaml"
    path.write_text(yaml.safe_dump({"routes": list(found)}), encoding="utf-8")
    (course.root / "course" / UNIT / "interview.yaml").write_text(BANK.replace("W", WORDS), encoding="utf-8")
    return path


# --- the course's own ---------------------------------------------------------------------------


def test_every_step_of_every_route_leads_to_what_the_lessons_and_banks_hold():
    """Against course/, so that a stale release hides nothing."""
    known = set()
    for folder in sorted((ROOT / "course").glob("[0-9][0-9]-*")):
        lesson = read_lesson(folder)
        known |= {lesson.unit, *(f"{lesson.unit}/{name}" for name in lesson.exercises)}
        known |= {question.id for question in load_bank(folder / "interview.yaml").questions}
    found = routes.load(ROOT / "course" / "routes.yaml")
    assert [r.id for r in found] == ["one-evening", "three-evenings", "term"]
    assert not [(r.id, step) for r in found for stage in r.stages for step in stage.steps if step not in known]


def test_the_release_is_what_the_file_says():
    assert (ROOT / notebooks.ROUTES).read_text("utf-8") == routes.render(COURSE)
    assert routes.routes(COURSE) == routes.load(ROOT / "course" / "routes.yaml")


def test_an_evening_is_an_evening_and_a_term_has_every_question_and_exercise_after_what_it_needs():
    known = routes.legs(COURSE)
    for name in ("one-evening", "three-evenings"):
        for stage in routes.find(COURSE, name).stages:
            legs = routes.along(stage, known)
            assert 75 <= sum(leg.minutes for leg in legs) <= 150, (name, stage.title.en)
            assert any(leg.item for leg in legs) and any(not leg.item for leg in legs)
    term = routes.find(COURSE, "term")
    assert len(routes.find(COURSE, "three-evenings").stages) == 3
    legs = [leg for stage in term.stages for leg in routes.along(stage, known)]
    assert {leg.step for leg in legs if leg.item} == {leg.step for leg in known.values() if leg.item}
    lessons = [leg.step for leg in legs if not leg.item]
    assert lessons == in_order({u: read_lesson(ROOT / "course" / u).needs for u in COURSE.units("course")})


def test_a_lesson_takes_what_it_plans_and_a_question_takes_its_reading():
    known = routes.legs(COURSE)
    assert known["06-metrics"].minutes == 270 and known["06-metrics/roc_curve"].minutes == 12
    question = known["roc-or-pr-curve"].item.question
    words = len(f"{question.en.short} {question.en.deep}".split())
    assert known["roc-or-pr-curve"].minutes == routes.SPEAK + -(-words // routes.WORDS)


def test_only_an_exercise_in_which_one_programs_is_a_drill():
    known = routes.legs(COURSE)
    assert known["06-metrics/roc_curve"].how == "`mft drill 06/roc_curve`"
    assert known["06-metrics/prf_by_hand"].how == "`prf_by_hand` · `mft lab 06`"
    assert known["06-metrics/memo"].how == "`memo` · `mft lab 06`" and known["06-metrics"].how == "`mft lab 06`"


# --- faults, and the build ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], "routes: List should have at least 1 item"),
        ([route()], "routes.0.stages.0.steps: List should have at least 1 item"),
        ([route("a", minutes=5)], "routes.0.minutes: Extra inputs are not permitted"),
        ([route("a", title={"en": "N"})], "routes.0.title.zh: Field required"),
        ([route("a", id="Two Evenings")], "routes.0.id: String should match pattern"),
        ([route("a"), route("b")], "two routes are called 'one'"),
        ([route("a", "b", "a")], "one: 'a' stands twice"),
    ],
)
def test_a_fault_in_the_file_is_a_sentence(course, found, told):
    path = write(course, *found)
    with pytest.raises(CourseError, match=re.escape(f"{path}: {told}")):
        routes.load(path)


def test_a_file_that_is_no_yaml_is_a_sentence(course):
    path = write(course)
    path.write_text("routes: [", encoding="utf-8")
    with pytest.raises(CourseError, match=r"routes.yaml cannot be read"):
        routes.routes(course)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("why-a-meen", "leads nowhere; did you mean why-a-mean?"),
        (f"{UNIT}/maen", f"did you mean {UNIT}/mean?"),
        ("99-nothing/at_all", "leads nowhere; write a question's id"),
    ],
)
def test_the_build_refuses_a_step_that_leads_nowhere(course, step, told):
    write(course, route(step))
    with pytest.raises(LessonError, match=re.escape(told)):
        notebooks.build(course)


def test_the_build_releases_the_routes_with_the_units_and_takes_them_back(course):
    path = write(course, route("why-a-mean", f"{UNIT}/mean", UNIT, id="one"))
    assert notebooks.ROUTES in notebooks.build(course) and notebooks.drift(course) == []
    legs = routes.along(routes.find(course, "one").stages[0], routes.legs(course))
    assert [(leg.step, leg.minutes) for leg in legs[:3]] == [("why-a-mean", 3), (f"{UNIT}/mean", 4), (UNIT, 11)]
    released = course.root / notebooks.ROUTES
    released.write_text(json.dumps(json.loads(released.read_text("utf-8"))), encoding="utf-8")
    assert notebooks.drift(course) == ["release/routes.json is not what course/routes.yaml makes; run `mft build`."]
    path.unlink()
    assert notebooks.build(course, [UNIT]) == [] and released.exists()
    assert notebooks.build(course) == [notebooks.ROUTES] and not released.exists()
    assert routes.routes(course) == []


def test_a_class_that_has_not_every_unit_yet_goes_past_what_it_has_not(two_units, root):
    (two_units.root / "release" / "routes.json").write_bytes((root / notebooks.ROUTES).read_bytes())
    legs = routes.along(routes.find(two_units, "one-evening").stages[0], routes.legs(two_units))
    assert legs and {leg.unit for leg in legs} == {"06-metrics", "07-finetuning"}
    with pytest.raises(CourseError, match=r"no route 'x'. These exist: one-evening, three-evenings, term"):
        routes.find(two_units, "x")

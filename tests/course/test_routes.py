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


def topics(*asked, **changed):
    groups = [{"title": NAME, "asked": list(asked)}]
    return {"id": "others", "of": 15, "title": NAME, "about": NAME, "counted": NAME, "groups": groups} | changed


def write(course, *found, **more):
    path = course.root / "course" / "routes.yaml"
    path.write_text(yaml.safe_dump({"routes": list(found)} | more), encoding="utf-8")
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
    found = routes.load(ROOT / "course" / "routes.yaml").all
    assert [r.id for r in found] == ["one-evening", "three-evenings", "term", "large-models"]
    assert not [(r.id, step) for r in found for stage in r.stages for step in stage.steps if step not in known]


def test_the_release_is_what_the_file_says():
    assert (ROOT / notebooks.ROUTES).read_text("utf-8") == routes.render(COURSE)
    written = routes.load(ROOT / "course" / "routes.yaml")
    assert routes.routes(COURSE) == written.all and routes.topics(COURSE) == written.topics


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


def test_the_topics_of_large_models_are_those_that_were_counted():
    """Against the sums and the ends of the count, taken from it once more, so that no number is typed in from nowhere."""
    topics = routes.topics(COURSE)
    counted = {"Tokens": (12, 74), "The Transformer": (12, 131), "Pretraining": (12, 125),
               "Parameter-efficient fine-tuning": (12, 101), "Instructions and preferences": (12, 108),
               "Inference": (9, 98), "Evaluation and retrieval": (12, 128)}  # fmt: skip
    assert {g.title.en: (len(g.asked), sum(a.sets for a in g.asked)) for g in topics.groups} == counted
    assert topics.of == 15 and {a.sets for a in topics.asked} == set(range(3, 15))
    for lang, words in (("en", ("2026", "fifteen", "rough", "two")), ("zh", ("2026", "十五", "粗略", "二"))):
        assert all(word in topics.counted.of(lang) for word in words)


def test_the_route_of_large_models_has_every_question_that_answers_a_topic_and_no_other():
    topics, route = routes.topics(COURSE), routes.find(COURSE, "large-models")
    steps = [step for stage in route.stages for step in stage.steps]
    assert sorted(steps) == sorted({answer for asked in topics.asked for answer in asked.answers})
    answers = {asked.en: (asked.answers, asked.part) for asked in topics.asked}
    assert answers["LoRA: how A and B start"] == (["what-is-lora"], False)
    assert answers["Optimizers: AdamW, SGD against Adam"] == (["adam-and-sgd", "decoupled-decay"], False)
    assert answers["Special tokens and chat templates"][1] and answers["DPO, and against PPO"] == ([], False)
    assert [stage.title.en for stage in route.stages][:3] == ["Tokens", "The Transformer", "Pretraining"]


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


LORA, DPO = ({"en": name, "zh": name} for name in ("LoRA", "DPO"))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (topics(), "topics.groups.0.asked: List should have at least 1 item"),
        (topics(LORA), "topics.groups.0.asked.0.sets: Field required"),
        (topics(LORA | {"sets": 0}), "topics.groups.0.asked.0.sets: Input should be greater than or equal to 1"),
        (topics(LORA | {"sets": 16}), "topics: Value error, 'LoRA' stands in 16 of 15 collections."),
        (topics(LORA | {"sets": 3}, DPO | {"sets": 4}), "topics: Value error, N: what most collections ask comes first."),
        (topics(LORA | {"sets": 3}, LORA | {"sets": 3}), "topics: Value error, the topic 'LoRA' stands twice."),
        (topics({"en": "LoRA", "sets": 3}), "topics.groups.0.asked.0.zh: Field required"),
        (topics(LORA | {"sets": 3, "part": True}), "topics.groups.0.asked.0: Value error, 'LoRA' is answered in part"),
        (topics(LORA | {"sets": 3}, counted={"en": "Counted.", "zh": ""}), "topics.counted.zh: String should have"),
        (topics(LORA | {"sets": 3, "answers": ["a"]}, id="one"), "two routes are called 'one'"),
    ],
)
def test_a_fault_in_the_topics_is_a_sentence(course, found, told):
    path = write(course, route("a"), topics=found)
    with pytest.raises(CourseError, match=re.escape(f"{path}: {told}")):
        routes.load(path)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("why-a-meen", "others: the step 'why-a-meen' leads nowhere; did you mean why-a-mean?"),
        (f"{UNIT}/mean", f"LoRA: '{UNIT}/mean' is no question, and only a question answers a topic."),
    ],
)
def test_the_build_refuses_an_answer_to_a_topic_that_is_no_question(course, answer, told):
    write(course, route("why-a-mean"), topics=topics(LORA | {"sets": 3, "answers": [answer]}))
    with pytest.raises(LessonError, match=re.escape(told)):
        notebooks.build(course)


def test_topics_that_nothing_answers_yet_are_no_route(course):
    write(course, route("why-a-mean"), topics=topics(LORA | {"sets": 3}))
    notebooks.build(course)
    assert [r.id for r in routes.routes(course)] == ["one"] and routes.topics(course).asked[0].sets == 3
    write(course, route("why-a-mean"), topics=topics(LORA | {"sets": 3, "answers": ["why-a-mean"]}))
    notebooks.build(course)
    assert [r.id for r in routes.routes(course)] == ["one", "others"]


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
    assert routes.routes(course) == [] and routes.topics(course) is None


def test_a_class_that_has_not_every_unit_yet_goes_past_what_it_has_not(two_units, root):
    (two_units.root / "release" / "routes.json").write_bytes((root / notebooks.ROUTES).read_bytes())
    legs = routes.along(routes.find(two_units, "one-evening").stages[0], routes.legs(two_units))
    assert legs and {leg.unit for leg in legs} == {"06-metrics", "07-finetuning"}
    with pytest.raises(CourseError, match=r"no route 'x'. These exist: one-evening, three-evenings, term, large-models"):
        routes.find(two_units, "x")

"""The mock interview: the clock, the points, what is studied after it; nothing is lost and nothing leaves."""

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mftcourse import cli
from mftcourse.course import interview, routes
from mftcourse.course.files import Course
from mftcourse.learning import mock, quiz
from mftcourse.learning.mock import Mock, ticks

COURSE = Course(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="module")
def items():
    return interview.questions(COURSE)


@pytest.fixture(scope="module")
def legs():
    return routes.legs(COURSE)


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


def hold(items, legs, minutes=30, seed=0):
    clock = Clock()
    return Mock(items, legs, minutes, random.Random(seed), clock), clock


# --- what is asked, and for how long --------------------------------------------------------------


@pytest.mark.parametrize(("seed", "minutes"), [(0, 12), (1, 30), (2, 31), (3, 45), (4, 90)])
def test_the_units_take_turns_and_the_code_takes_at_most_half_of_the_time(items, legs, seed, minutes):
    mine, _ = hold(items, legs, minutes, seed)
    asked, units = [i.unit for i in mine.queue], len({i.unit for i in items})
    assert sorted(asked[:units]) == sorted(set(asked)) == sorted(asked[units : 2 * units])
    assert {i.question.id for i in mine.queue} == {i.question.id for i in items}
    assert mine.exercise.code and mine.exercise.minutes <= minutes / 2


def test_two_interviews_are_not_the_same(items, legs):
    begun = [hold(items, legs, 30, seed)[0] for seed in range(6)]
    assert len({m.queue[0].question.id for m in begun}) > 2 and len({m.exercise for m in begun}) > 2


def test_questions_end_in_time_for_the_code(items, legs):
    mine, clock = hold(items, legs)
    assert mine.question() and mine.clock("en") == "30:00 minutes left"
    while item := mine.question():
        assert mine.left >= 60 * mine.exercise.minutes + mock.QUESTION
        mine.answer([True] * len(item.question.en.points), True)
        clock.seconds += 120.5
    assert 60 * mine.exercise.minutes <= mine.left < 60 * mine.exercise.minutes + mock.QUESTION
    clock.seconds += 3600
    assert mine.clock("zh") == "时间到" and mine.question() is None


def test_a_short_interview_asks_one_question_all_the_same(items, legs):
    mine, clock = hold(items, legs, 5)
    assert mine.question() and mine.exercise is None and "code" not in mine.opening("en")
    mine.answer([True] * 3, True)
    clock.seconds += 170
    assert mine.question() is None


def test_where_nothing_is_there_to_code_all_the_time_is_for_questions(items, legs):
    mine, clock = hold(items[:2], {name: leg for name, leg in legs.items() if not leg.code})
    assert mine.exercise is None
    clock.seconds += 26 * 60
    assert mine.question()
    for item in items[:2]:
        mine.answer([True] * len(item.question.en.points), True)
    assert mine.question() is None  # there is no third


# --- what comes of it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 3", [True, False, True]),
        ("3,1", [True, False, True]),
        ("2、3", [False, True, True]),
        ("03", [False, False, True]),
        (" ", [False] * 3),
        ("4", None),
        ("0", None),
        ("x", None),
        ("1-3", None),
    ],
)
def test_ticks(text, said):
    assert ticks(text, 3) == said


@pytest.mark.parametrize(
    ("said", "next_too", "grade"),
    [([1, 1, 1], True, "knew"), ([1, 1, 1], False, "partly"), ([1, 0, 0], True, "partly"), ([1, 0, 0], False, "missed")],
)
def test_the_quiz_is_told_how_it_went(items, legs, said, next_too, grade):
    mine, _ = hold(items, legs)
    assert mine.answer(list(map(bool, said)), next_too).grade == grade


@pytest.mark.parametrize("lang", mock.WORDS)
def test_the_result_says_by_topic_what_was_not_said_and_what_to_study(items, legs, lang):
    mine, _ = hold([i for i in items if i.unit in ("01-frameworks", "06-metrics")], legs)
    mine.queue.sort(key=lambda i: i.question.id != "roc-or-pr-curve")
    first, wording = mine.queue[0], mine.queue[0].question.wording(lang)
    mine.answer([True, False, True, True, True], False)
    mine.queue.sort(key=lambda i: i.unit)
    mine.answer([True] * len(mine.queue[0].question.en.points), True)
    said = mine.result(lang)
    frameworks, metrics = said.split("**06-metrics**")
    assert wording.points[1] in metrics and wording.next[0] in metrics and wording.points[0] not in metrics
    assert "`mft drill 06/roc_curve`" in metrics and "`read_curves` · `mft lab 06`" in metrics
    assert mock.WORDS[lang]["said"].format(4, 5, 0, 1) in metrics and first.question.wording(lang).question in metrics
    assert mock.WORDS[lang]["all"] in frameworks and "mft" not in frameworks
    assert hold(items, legs)[0].result(lang) == mock.WORDS[lang]["none"]


# --- in a terminal --------------------------------------------------------------------------------


def ask(*words, answers):
    done = CliRunner().invoke(cli.app, ["quiz", "--mock", "30", *words], input=answers)
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def test_typed_answers_are_compared_point_by_point_and_kept_for_the_quiz(two_units, monkeypatch):
    begun = []
    real = mock.Mock
    monkeypatch.setattr(mock, "Mock", lambda *args: begun.append(real(*args)) or begun[-1])
    typed = "It depends on the costs.\nA second line.\n\n1 9\n1\nNo.\n\nmaybe\nn\nq\n"
    said = ask("06", answers=typed)
    (mine,) = begun
    (answer,) = mine.answers
    wording = answer.item.question.en
    assert "30 minutes, questions on 06-metrics. Answer aloud, or type. Then you code, " in said and "minutes left" in said
    assert said.count("Numbers like 1 3") == 2 and said.count("Did you have it?") == 2
    assert answer.said == [True] + [False] * (len(wording.points) - 1) and not answer.next
    assert "The result 06-metrics: 1 of" in said and "0 of 1 questions that followed" in said and "Study:" in said
    kept = json.loads((two_units.root / "work" / ".mft" / "quiz.json").read_text())["questions"]
    assert list(kept) == [answer.item.question.id] and kept[answer.item.question.id]["counts"] == {"missed": 1}
    assert "second line" not in (two_units.root / "work" / ".mft" / "quiz.json").read_text()


def test_what_the_quiz_knew_before_is_gone_on_with(two_units):
    memory = quiz.Memory(two_units)
    mine, _ = mock.begin(two_units, "06", "en", 30)
    for _ in range(2):
        mine.queue.insert(0, mine.queue[0])
        mock.keep(memory, mine.answer([True] * 3, True))
    (standing,) = memory.read().values()
    assert standing.box == 2 and standing.counts == {"knew": 2}


def test_when_the_questions_are_over_the_exercise_is_named(two_units, monkeypatch):
    monkeypatch.setattr(mock, "QUESTION", 10**6)  # one question, then it is time
    said = ask("06", "--lang", "zh", answers="\n\n\nn\n")
    assert "现在写代码（" in said and "mft drill 06/" in said and "结果" in said.partition("现在写代码（")[2]


@pytest.mark.parametrize("answers", ["", "q\n", "\n"])
def test_leaving_in_the_middle_ends_politely_and_keeps_nothing(two_units, answers):
    assert "No question was answered." in ask(answers=answers)
    assert not (two_units.root / "work").exists()


@pytest.mark.parametrize("rest", ["", "q\n", "\n", "\nq\n"])
def test_leaving_at_the_question_that_follows_keeps_the_points(two_units, rest):
    said = ask("06", answers=f"\n1\n{rest}")
    assert "06-metrics: 1 of" in said and "0 of 1 questions that followed" in said
    kept = json.loads((two_units.root / "work" / ".mft" / "quiz.json").read_text())["questions"]
    assert len(kept) == 1

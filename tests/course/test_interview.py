"""The question bank: what it must hold, and the sentence for what is missing."""

import re
from pathlib import Path

import pytest
import yaml

from mftcourse.course import interview
from mftcourse.course.files import Course, CourseError

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
BANKS = sorted((ROOT / "course").glob("[0-9][0-9]-*/interview.yaml"))


def wording(**changed):
    return {
        "question": "Q?", "short": "s", "points": ["a", "b", "c"], "deep": "d", "usual_wrong": "w",
        "follow_up": "**Why?** Because.",
    } | changed  # fmt: skip


def load(tmp_path, en=None, **changed):
    question = {"id": "q", "level": "basic", "kind": "theory", "proof": [], "en": wording() | (en or {})} | changed
    path = tmp_path / "interview.yaml"
    path.write_text(yaml.safe_dump({"unit": "u", "questions": [{"zh": wording(), **question}]}), encoding="utf-8")
    return interview.load(path).questions[0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"level": "expert"}, "questions.0.level: Input should be 'basic' or 'senior'"),
        ({"kind": "trivia"}, "questions.0.kind: Input should be 'theory' or 'code'"),
        ({"en": {"points": ["a", "b"]}}, "questions.0.en.points: List should have at least 3 items"),
        ({"en": {"points": list("abcdefg")}}, "questions.0.en.points: List should have at most 6 items"),
        ({"en": {"points": ["a", "", "c"]}}, "questions.0.en.points.1: String should have at least 1 character"),
        ({"en": {"points": list("abcd")}}, "q has 4 points in English and 3 in Chinese"),
        ({"en": {"follow_up": "Because."}}, "follow_up begins with its question in bold"),
    ],
)
def test_a_fault_is_a_sentence_that_names_the_place(tmp_path, changed, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        load(tmp_path, **changed)
    assert load(tmp_path).en.next == ("Why?", "Because.")


@pytest.mark.parametrize("path", BANKS, ids=lambda p: p.parent.name)
def test_points_are_short_statements_of_their_own(path):
    for question in interview.load(path).questions:
        for lang, most in (("en", 130), ("zh", 60)):
            points = question.wording(lang).points
            assert len(set(points)) == len(points), question.id
            assert not [p for p in points if len(p) > most or p.rstrip(".。!?") != p or "\n" in p], question.id


def test_every_tag_is_used_and_narrows_the_questions():
    everything = interview.questions(COURSE)
    for name, tags in (("level", interview.LEVELS), ("kind", interview.KINDS)):
        parts = [interview.questions(COURSE, **{name: tag}) for tag in tags]
        assert sum(map(len, parts)) == len(everything) and min(map(len, parts)) > 20
        assert all(getattr(i.question, name) == tag for tag, part in zip(tags, parts, strict=True) for i in part)
        with pytest.raises(CourseError, match=f"There is no {name} 'x'. These exist: {', '.join(tags)}."):
            interview.questions(COURSE, **{name: "x"})


def test_the_release_holds_the_points_and_tags():
    for path in BANKS:
        written = {q.id: q for q in interview.load(path).questions}
        for item in interview.questions(COURSE, path.parent.name):
            mine = written[item.question.id]
            assert item.question.zh.points == mine.zh.points and item.question.level == mine.level

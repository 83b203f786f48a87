"""What the site's search is told (course/search.yaml) is about questions that are there, in words that they use."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from mftcourse.course import interview
from mftcourse.course.interview import PARTS

ROOT = Path(__file__).parents[2]


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")
    en: str
    zh: str


class Said(BaseModel):
    """What the course says → what is typed for it."""

    model_config = ConfigDict(extra="forbid")
    en: dict[str, list[str]]
    zh: dict[str, list[str]]


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid")
    empty: Words
    said: Said
    asked: dict[str, Words]


SEARCH = Search.model_validate(yaml.safe_load((ROOT / "course" / "search.yaml").read_text(encoding="utf-8")))
BANKS = [interview.load(path) for path in sorted((ROOT / "course").glob("[0-9][0-9]-*/interview.yaml"))]
QUESTIONS = [question for bank in BANKS for question in bank.questions]


def test_every_question_is_there_as_others_ask_it_and_in_other_words():
    assert list(SEARCH.asked) == [q.id for q in QUESTIONS], "one line each, in the course's order"
    for question in QUESTIONS:
        for lang in ("en", "zh"):
            wordings = [w.strip() for w in getattr(SEARCH.asked[question.id], lang).split(";" if lang == "en" else "；")]
            assert all(wordings), f"{question.id}: a wording at least, a semicolon between two"
            assert question.wording(lang).question.lower().rstrip("?？") not in wordings, question.id


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_said_for_a_typed_word_is_a_word_of_the_questions(lang):
    wordings = [question.wording(lang) for question in QUESTIONS]
    text = " ".join(getattr(w, part) for w in wordings for part in ("question", *PARTS)).lower().replace("-", " ")
    text += " ".join(w.question for w in wordings).lower()
    said = getattr(SEARCH.said, lang)
    assert not [name for name in said if name.lower() not in text], "the course no longer says so"
    typed = Counter(form for forms in said.values() for form in forms)
    assert not [form for form, times in typed.items() if times > 1 or form != form.lower() or form in said]


def test_no_word_without_a_topic_is_typed_for_one_with_a_topic():
    for lang in ("en", "zh"):
        empty = getattr(SEARCH.empty, lang).split()
        assert not [w for w, times in Counter(empty).items() if times > 1]
        assert not set(empty) & {form for forms in getattr(SEARCH.said, lang).values() for form in forms}

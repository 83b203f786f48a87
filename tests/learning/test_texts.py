"""What is said in two languages is said in both, and the program fills in the same things."""

import re

import pytest

from mftcourse.learning import texts

PARTS = ("quiz", "mock", "drill")


@pytest.mark.parametrize("part", PARTS)
def test_every_word_has_both_languages_and_as_many_gaps(part):
    words = texts.words(part)
    assert words["en"].keys() == words["zh"].keys()
    for name, english in words["en"].items():
        gaps = [sorted(re.findall(r"{{.*?}}|{%.*?%}|{}", text)) for text in (english, words["zh"][name])]
        assert gaps[0] == gaps[1], name


def test_what_is_filled_in_is_escaped():
    page = texts.page("outcome.html").render(card="", said="<b>", beside=[("A", "x = '<i>'")])
    assert "&lt;b&gt;" in page and "<b>" not in page and "<i>" not in page
    assert "<script>" not in texts.markdown("<script>") and "<script>" in texts.markdown("<script>", html=True)

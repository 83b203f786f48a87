"""The Anki packages, opened by Anki itself: what genanki wrote, another program reads."""

import re
import time
import zipfile

import pytest
from typer.testing import CliRunner

from mftcourse import cli
from mftcourse.course import interview
from mftcourse.course.files import Course
from mftcourse.learning import cards

UNITS = ("06-metrics", "07-finetuning")


@pytest.fixture
def course(two_units):
    return two_units


@pytest.fixture
def collection(tmp_path):
    anki = pytest.importorskip("anki.collection", reason="anki is not installed; make test installs it")
    opened = anki.Collection(str(tmp_path / "empty.anki2"))
    yield opened
    opened.close()


def put(collection, path):
    from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    options = ImportAnkiPackageOptions(merge_notetypes=True)
    return collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(path), options=options)).log


@pytest.mark.parametrize("lang", interview.WORDS)
def test_anki_finds_every_question_in_its_deck(course, collection, lang):
    items = interview.questions(course)
    path, number = next(iter(cards.write(course, course.root / "out", [lang]).items()))
    put(collection, path)
    assert number == collection.note_count() == collection.card_count() == len(items)
    for unit in UNITS:
        own = [i for i in items if i.unit == unit]
        deck = f"{cards.COURSE[lang]}::{unit[:2]} {cards._title(course, own[0], lang)}"
        assert len(collection.find_notes(f'"deck:{deck}"')) == len(own)
        assert len(collection.find_notes(f"tag:{unit}")) == len(own)
    assert len(collection.find_notes("tag:guide")) == sum(i.question.guide is not None for i in items)
    texts = ["\n".join(collection.get_note(n).fields) for n in collection.find_notes("")]
    for item in items:
        assert (
            sum(re.sub("<.*?>", "", text).startswith(plain(item.question.wording(lang).question)) for text in texts)
            == 1
        )


def plain(markdown: str) -> str:
    return re.sub("<.*?>", "", cards._MARKDOWN.render(markdown)).strip()


def test_the_card_shows_question_answer_and_folded_parts(course, collection):
    put(collection, *cards.write(course, course.root, ["zh"], "06"))
    card = collection.get_card(collection.find_cards("tag:guide")[0])
    assert "如何评估神经网络模型性能" in card.question() and "指南：5" in card.question()
    answer = card.answer()
    assert answer.count("<details>") == 4 and "指南的答案遗漏了什么" in answer and "<summary>常见的错误回答</summary>" in answer
    assert "mft lab 06" in answer and "bootstrap_interval" in answer
    assert "color:" not in card.note_type()["css"]  # Anki's own, so that the night mode is right


def test_mathematics_and_code_arrive_as_they_were():
    html = cards._MARKDOWN.render(
        "If $a_1 < b \\& c$ and `x < y`:\n\n$$\\max(z, 0) < 1.$$\n\n```python\nif a < b: pass\n```"
    )
    assert r"\(a_1 &lt; b \&amp; c\)" in html and r"\[\max(z, 0) &lt; 1.\]" in html
    assert "<code>x &lt; y</code>" in html and "<pre><code" in html and "$" not in html


@pytest.mark.parametrize("lang", interview.WORDS)
def test_no_formula_of_the_course_is_left_in_dollars(root, lang):
    for item in interview.questions(Course(root), "06"):
        for part in interview.PARTS:
            text = getattr(item.question.wording(lang), part)
            html = cards._MARKDOWN.render(text)
            assert "$" not in re.sub(r"<code.*?</code>", "", html, flags=re.S)
            assert html.count(r"\(") == html.count(r"\)") and html.count(r"\[") == html.count(r"\]")


def test_importing_again_updates_and_keeps_what_was_learned(course, collection):
    first = put(collection, *cards.write(course, course.root, ["en"], "06"))
    count = collection.note_count()
    assert len(first.new) == count
    for built in course.root.glob("release/*/interview.json"):
        built.unlink()
    source = course.root / "course" / "06-metrics" / "interview.yaml"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("I start from the decision", "I BEGIN with the decision"), encoding="utf-8")
    card = collection.get_card(collection.find_cards("tag:guide")[0])
    card.ivl = 12
    collection.update_card(card)
    time.sleep(1.1)  # Anki counts in whole seconds, and takes what is newer
    again = put(collection, *cards.write(course, course.root, ["en"], "06"))  # over its own earlier package
    assert len(again.new) == 0 and len(again.updated) == count
    assert collection.note_count() == collection.card_count() == count
    assert len(collection.find_notes('"I BEGIN with the decision"')) == 1
    assert collection.get_card(card.id).ivl == 12
    assert len(collection.models.all_names_and_ids()) == 7  # Anki's own six, and one


def test_the_command_writes_both_languages_and_spares_what_is_not_its_own(course):
    done = CliRunner().invoke(cli.app, ["cards", "--unit", "6", "--output", "anki"])
    assert done.exit_code == 0 and "anki/mftcourse-interview-zh.apkg" in done.output, done.output
    assert CliRunner().invoke(cli.app, ["cards", "--unit", "6", "--output", "anki"]).exit_code == 0
    path = course.root / "anki" / "mftcourse-interview-en.apkg"
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("collection.anki2", b"somebody's own")
    before = path.read_bytes()
    done = CliRunner().invoke(cli.app, ["cards", "--output", "anki"])
    assert done.exit_code == 2 and "is not a package of this course" in " ".join(done.output.split())
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"), [(["--lang", "fr"], "no language 'fr'"), (["--unit", "99"], "no unit '99'")]
)
def test_what_does_not_exist_is_a_sentence(course, words, said):
    done = CliRunner().invoke(cli.app, ["cards", *words])
    assert done.exit_code == 2 and said in done.output

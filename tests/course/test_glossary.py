"""Both languages of the question bank say the same, in the terms of one glossary (course/glossary.yaml).

Sentences differ between the languages, so a field is compared with its sibling as a whole: which terms,
numbers, formulas and code spans occur in it, and how many list items and bold passages it has.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from mftcourse.course import interview

ROOT = Path(__file__).parents[2]
BANKS = sorted((ROOT / "course").glob("[0-9][0-9]-*/interview.yaml"))
LANGUAGES = {"en": "English", "zh": "Chinese"}


class Term(BaseModel):
    """One thing, and its one name in each language.

    Attributes:
        en: the name whose occurrence in an English text asks for the Chinese one.
        zh: the other way round. What stays English in Chinese is listed with that spelling.
        en_also: words that do for `en` in the sibling of a text with `zh`; they ask for nothing themselves.
        zh_also: the other way round.
        en_not: phrases in which the word means something else ("body mass" for "body").
        zh_not: the other way round.
    """

    model_config = ConfigDict(extra="forbid")
    en: str
    zh: str
    en_also: list[str] = []
    zh_also: list[str] = []
    en_not: list[str] = []
    zh_not: list[str] = []
    def_en: str
    def_zh: str

    def forms(self, lang: str) -> list[str]:
        return [self.name(lang), *(self.zh_also if lang == "zh" else self.en_also)]

    def name(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def excluded(self, lang: str) -> list[str]:
        return self.zh_not if lang == "zh" else self.en_not


class Glossary(BaseModel):
    model_config = ConfigDict(extra="forbid")
    terms: list[Term]


GLOSSARY = Glossary.model_validate(yaml.safe_load((ROOT / "course/glossary.yaml").read_text(encoding="utf-8"))).terms

# --- what occurs in a text ----------------------------------------------------------------------

CODE = re.compile(r"```.*?```|`[^`]+`", re.S)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.S)
LABEL = re.compile(r"\\text\{([^{}]*)\}")  # words inside a formula
EMPHASIS = re.compile(r"(\*{1,2})(?=\S).+?(?<=\S)\1")  # bold or italic: Chinese has bold for both
QUOTATION = re.compile(r'["“]([^"“”]{16,})["”]')
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@cache
def pattern(form: str) -> re.Pattern[str]:
    """Return what matches a form: any case, any of its plurals, a hyphen or a blank; never inside an English word."""
    text = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", form)))
    if re.search(r"[A-Za-z]$", form):
        text = text[:-1] + "(?:y|ies)" if re.search(r"[^aeiou]y$", form) else text + "(?:s|es)?"
    before = r"(?<![A-Za-z0-9_])" if re.match(r"[A-Za-z0-9]", form) else ""
    after = r"(?![A-Za-z0-9_])" if re.search(r"[A-Za-z0-9]$", form) else ""
    return re.compile(before + text + after, re.I)


def prose(text: str) -> str:
    """Return the text without code and formulas; the words inside formulas stay."""
    text = FORMULA.sub(lambda m: " " + " ".join(LABEL.findall(m[0])) + " ", CODE.sub(" ` ", text))
    return " ".join(text.replace("**", "").split())


def named(text: str, lang: str, terms: list[Term]) -> set[str]:
    """Return the `en` of the terms whose name occurs in a text; of names inside each other only the longest counts."""
    forms = [(form, None) for t in terms for form in t.excluded(lang)]
    forms += [(form, t.en if form == t.name(lang) else None) for t in terms for form in t.forms(lang)]
    text, found = prose(text), set()
    for form, en in sorted(forms, key=lambda f: len(f[0]), reverse=True):
        text, count = pattern(form).subn(" ` ", text)
        if count and en:
            found.add(en)
    return found


def has(text: str, lang: str, term: Term) -> bool:
    """Tell whether a text holds one of the forms of a term, inside another term too."""
    return any(pattern(form).search(prose(text)) for form in term.forms(lang))


def formulas(text: str) -> set[str]:
    return {re.sub(r"\s+", "", LABEL.sub(r"\\text{}", f)) for f in FORMULA.findall(CODE.sub("", text))}


SAME = {
    "code spans": lambda text: set(CODE.findall(text)),
    "formulas": formulas,
    "numbers": lambda text: set(NUMBER.findall(prose(text))),
    "list items": lambda text: Counter(re.findall(r"^ *(-|\d+\.) ", text, re.M)),
    "emphasised passages": lambda text: Counter("*" for _ in EMPHASIS.findall(FORMULA.sub("", CODE.sub("", text)))),
    "paragraphs": lambda text: Counter(re.findall(r"(\n\n)", text.strip())),
}


def differences(en: dict[str, str], zh: dict[str, str], terms: list[Term]) -> list[str]:
    """Return a sentence for everything that one language of a question has and the other has not."""
    found = []
    for field in sorted(en.keys() | zh.keys()):
        texts = {"en": en.get(field, ""), "zh": zh.get(field, "")}
        for title in set(QUOTATION.findall(texts["en"])) & set(QUOTATION.findall(texts["zh"])):
            texts = {lang: text.replace(title, "") for lang, text in texts.items()}  # of a paper, or a message
        for lang, other in (("en", "zh"), ("zh", "en")):
            names = named(texts[lang], lang, terms)
            for term in terms:
                if term.en in names and not has(texts[other], other, term):
                    found.append(
                        f"{field}: the {LANGUAGES[lang]} text has {term.name(lang)!r}, "
                        f"but the {LANGUAGES[other]} one has none of {term.forms(other)}"
                    )
        for what, occurring in SAME.items():
            ours, theirs = occurring(texts["en"]), occurring(texts["zh"])
            if ours != theirs:
                if isinstance(ours, Counter):
                    found.append(f"{field}: {ours.total()} {what} in English, {theirs.total()} in Chinese")
                else:
                    found.append(
                        f"{field}: {what} only in English: {sorted(ours - theirs)}, in Chinese: {sorted(theirs - ours)}"
                    )
    return found


def fields(wording: interview.Wording) -> dict[str, str]:
    """Return the texts of a question; its headings come from the lesson."""
    return {name: value for name, value in wording.model_dump().items() if isinstance(value, str)}


# --- the bank -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BANKS, ids=lambda p: p.parent.name)
def test_both_languages_say_the_same_in_the_same_terms(path):
    found = [
        f"{path.relative_to(ROOT)}: {question.id}: {sentence}."
        for question in interview.load(path).questions
        for sentence in differences(fields(question.en), fields(question.zh), GLOSSARY)
    ]
    assert not found, f"{len(found)} differences\n" + "\n".join(found)


# --- the glossary -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_name_belongs_to_one_term(lang):
    names = Counter(term.name(lang).lower() for term in GLOSSARY)
    others = Counter(form.lower() for term in GLOSSARY for form in term.forms(lang)[1:])
    assert not [name for name, n in names.items() if n > 1 or name in others]
    assert not [form for form, n in others.items() if n > 1]


def test_terms_are_in_the_order_of_their_english_names():
    names = [term.en for term in GLOSSARY]
    assert names == sorted(names, key=str.lower)


def test_every_term_is_used():
    used = set()
    for path in BANKS:
        for question in interview.load(path).questions:
            for text in fields(question.en).values():
                used |= named(text, "en", GLOSSARY)
    assert not [term.en for term in GLOSSARY if term.en not in used], "terms that no question uses"


def test_every_definition_is_one_sentence_in_each_language():
    assert not [t.en for t in GLOSSARY if not re.fullmatch(r"[A-Z0-9][^\n]{15,160}\.", t.def_en)]
    assert not [t.en for t in GLOSSARY if not re.fullmatch(r"[^\n]{6,80}。", t.def_zh)]
    for term in GLOSSARY:
        assert set(NUMBER.findall(term.def_en)) == set(NUMBER.findall(term.def_zh)), term.en


# --- the test can fail --------------------------------------------------------------------------

MADE_UP = [
    Term(en=en, zh=zh, def_en="", def_zh="", **more)
    for en, zh, more in [
        ("average precision", "平均精确率", {}),
        ("body", "主干", {"en_not": ["body mass"]}),
        ("dropout", "dropout", {}),
        ("layer", "层", {"zh_not": ["分层"]}),
        ("one-hot", "独热编码", {}),
        ("precision", "精确率", {"zh_also": ["查准率"]}),
        ("test set", "测试集", {"en_also": ["test part"]}),
        ("vocabulary", "词表", {}),
    ]
]


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("Precision falls.", "精确率下降。"),
        ("Two precisions.", "两个查准率。"),
        ("The test part is small.", "测试集很小。"),
        ("Average precision.", "平均精确率。"),
        ("Body mass.", "体重。"),
        ("Stratified.", "分层。"),
        ("One hot, with vocabularies.", "词表与独热编码。"),
        ("Dropout `precision`, $precision$.", "关闭 Dropout，`precision`、$precision$。"),
        (r"$\text{precision} = 1$", r"$\text{精确率} = 1$"),
        ("At 1 % and 0.5, 10,000 rows.", "1 % 和 0.5，共 10,000 行。"),
        ("- **One.** Two\n- *three*", "- **一。** 二\n- **三**"),
        ('In "Layers of precision in a body".', "见“Layers of precision in a body”。"),
    ],
)
def test_the_same_content_passes(en, zh):
    assert differences({"short": en}, {"short": zh}, MADE_UP) == []


@pytest.mark.parametrize(
    ("en", "zh", "told"),
    [
        (
            "Precision falls.",
            "召回率下降。",
            "short: the English text has 'precision', but the Chinese one has none of",
        ),
        ("Recall falls.", "精确率下降。", "short: the Chinese text has '精确率', but the English one has none of"),
        ("Precision.", "平均精确率。", "the Chinese text has '平均精确率'"),
        ("Average precision.", "精确率。", "the English text has 'average precision'"),
        ("Use the test set.", "用验证集。", "the English text has 'test set'"),
        ("Use it.", "关闭 dropout。", "the Chinese text has 'dropout'"),
        ("One-hot words.", "词的编码。", "the English text has 'one-hot'"),
        ("Two vocabularies.", "两张表。", "the English text has 'vocabulary'"),
        (r"$\text{precision} = 1$", r"$\text{召回率} = 1$", "the English text has 'precision'"),
        ("At 1 %.", "2 % 时。", "numbers only in English: ['1'], in Chinese: ['2']"),
        ("Call `fit`.", "调用 `fit_transform`。", "code spans only in English: ['`fit`']"),
        ("It is $x^2$.", "它是 $x^3$。", "formulas only in English: ['$x^2$']"),
        ("- one\n- two", "- 一", "2 list items in English, 1 in Chinese"),
        ("**No.** It is", "不。它是", "1 emphasised passages in English, 0 in Chinese"),
        ("One.\n\nTwo.", "一。二。", "1 paragraphs in English, 0 in Chinese"),
        ("Precision.", "", "the English text has 'precision'"),
    ],
)
def test_a_difference_is_told(en, zh, told):
    found = differences({"short": en}, {"short": zh}, MADE_UP)
    assert any(told in sentence for sentence in found), found

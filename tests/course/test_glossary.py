"""Both languages of the question bank say the same, in the terms of one glossary (course/glossary.yaml).

Sentences differ between the languages, so a field is compared with its sibling as a whole: which terms,
numbers, formulas and code spans occur in it, and how many paragraphs and list items it has. Chinese may name a term
where English has a pronoun or a plain word, write a number in digits where English spells it, and stress what it likes.
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


class Term(BaseModel):
    """One thing, and its one name in each language.

    Attributes:
        en: the name whose occurrence in an English text asks for the Chinese one.
        zh: the other way round. What stays English in Chinese is listed with that spelling.
        zh_also: words that do for `zh` in the sibling of a text with `en`.
        zh_elsewhere: what other books call it. The glossary's page lists these; the questions use none of them.
        en_not: phrases in which the word means something else ("body mass" for "body").
    """

    model_config = ConfigDict(extra="forbid")
    en: str
    zh: str
    zh_also: list[str] = []
    zh_elsewhere: list[str] = []
    en_not: list[str] = []
    def_en: str
    def_zh: str


class Glossary(BaseModel):
    model_config = ConfigDict(extra="forbid")
    terms: list[Term]


GLOSSARY = Glossary.model_validate(yaml.safe_load((ROOT / "course/glossary.yaml").read_text(encoding="utf-8"))).terms

# --- what occurs in a text ----------------------------------------------------------------------

CODE = re.compile(r"```.*?```|`[^`]+`", re.S)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.S)
LABEL = re.compile(r"\\text\{([^{}]*)\}")  # words inside a formula
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


def named(text: str, terms: list[Term]) -> list[Term]:
    """Return the terms named in an English text; of names inside each other only the longest counts."""
    forms = [(form, None) for t in terms for form in t.en_not] + [(t.en, t) for t in terms]
    text, found = prose(text), []
    for form, term in sorted(forms, key=lambda f: len(f[0]), reverse=True):
        text, count = pattern(form).subn(" ` ", text)
        if count and term:
            found.append(term)
    return found


def has(text: str, forms: list[str]) -> bool:
    """Tell whether a text holds one of these names, inside another name too."""
    return any(pattern(form).search(prose(text)) for form in forms)


VALUES = {
    "zero": 0, "no": 0, "none": 0, "one": 1, "once": 1, "first": 1, "two": 2, "twice": 2, "double": 2, "second": 2,
    "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "seventeen": 17, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "january": 1,
    "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10,
    "november": 11, "december": 12,
}  # fmt: skip
PARTS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "twelfth": 12, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
LARGE = {"hundred": 100, "thousand": 1000, "million": 100, "billion": 10}  # as Chinese counts them: 100 万, 10 亿


def spelled(text: str) -> set[str]:
    """Return the numbers that the words of an English text may stand for; "one half" is 1/2, 0.5 and 50%."""
    found, before = set(), 1
    for word in re.findall(r"[a-z]+", text.lower()):
        stem = word if word in VALUES else word.removesuffix("s")
        value = VALUES.get(stem)
        if part := PARTS.get(stem):
            found |= {before, part, before / part, 100 * before / part}
        elif stem in LARGE:
            value = before * LARGE[stem]
        found |= set() if value is None else {value}
        before = value or 1
    return {f"{n:g}" for n in found}


CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
NUMERAL = "[" + "".join(CHINESE) + "十百千]+"


def spelled_in_chinese(text: str) -> set[str]:
    """Return the numbers that the numerals of a Chinese text stand for."""

    def value(numeral: str) -> int:
        total = digit = 0
        for c in numeral:
            if c in CHINESE:
                digit = CHINESE[c]
            else:
                total, digit = total + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[c], 0
        return total + digit

    found = {value(n) for n in re.findall(NUMERAL, text)} | ({2, 0.5, 50} if "半" in text else set())
    for part, of in re.findall(rf"({NUMERAL})分之({NUMERAL})", text):
        found |= {value(of) / value(part), 100 * value(of) / value(part)} if value(part) else set()
    return {f"{n:g}" for n in found}


def formulas(text: str) -> set[str]:
    return {re.sub(r"\s+", "", LABEL.sub(r"\\text{}", f)) for f in FORMULA.findall(CODE.sub("", text))}


SAME = {
    "code spans": lambda text: set(CODE.findall(text)),
    "formulas": formulas,
    "list items": lambda text: Counter(re.findall(r"^ *(-|\d+\.) ", text, re.M)),
    "paragraphs": lambda text: Counter(re.findall(r"(\n\n)", text.strip())),
}


def differences(en: dict[str, str], zh: dict[str, str], terms: list[Term]) -> list[str]:
    """Return a sentence for everything that one language of a question has and the other has not."""
    found = []
    for field in sorted(en.keys() | zh.keys()):
        texts = {"en": en.get(field, ""), "zh": zh.get(field, "")}
        for title in set(QUOTATION.findall(texts["en"])) & set(QUOTATION.findall(texts["zh"])):
            texts = {lang: text.replace(title, "") for lang, text in texts.items()}  # of a paper, or a message
        for term in named(texts["en"], terms):
            if not has(texts["zh"], forms := [term.zh, *term.zh_also]):
                found.append(f"{field}: the English text has {term.en!r}, but the Chinese one has none of {forms}")
        english, chinese = prose(texts["en"]), prose(texts["zh"])
        ours, theirs = set(NUMBER.findall(english)), set(NUMBER.findall(chinese))
        lost, more = ours - theirs - spelled_in_chinese(chinese), theirs - ours - spelled(english)
        if lost or more:
            found.append(f"{field}: numbers only in English: {sorted(lost)}, in Chinese: {sorted(more)}")
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
    """Return the texts of a question, each of its points for itself; its headings come from the lesson."""
    texts = {name: value for name, value in wording.model_dump().items() if isinstance(value, str)}
    return texts | {f"points.{n}": point for n, point in enumerate(wording.points, 1)}


# --- the bank -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BANKS, ids=lambda p: p.parent.name)
def test_both_languages_say_the_same_in_the_same_terms(path):
    found = [
        f"{path.relative_to(ROOT)}: {question.id}: {sentence}."
        for question in interview.load(path).questions
        for sentence in differences(fields(question.en), fields(question.zh), GLOSSARY)
        if not (question.guide and sentence.startswith("question:"))  # the guide's own words, see test_pages
    ]
    assert not found, f"{len(found)} differences\n" + "\n".join(found)


HAN = r"[\u4e00-\u9fff]"
CLUMSY = {
    "a blank behind Chinese punctuation; write the paragraph on one line": r"[，。；：、？！）】”]  *\S",
    "punctuation of half width beside Chinese": rf"{HAN} ?(?:[,;:?!]|\((?!n,))|[,;:?!(] ?{HAN}|{HAN}\.(?:\s|$)",
    "straight quotation marks": '"',
    "italics, which Chinese type does not have; write **bold**": rf"(?<!\*)\*(?!\*)[^*\n]*{HAN}[^*\n]*(?<!\*)\*(?!\*)",
    "a blank before %": r"\d\s%",
}


def clumsy(text: str) -> list[str]:
    """Return a sentence for everything that Chinese type does otherwise than English."""
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1\n", FORMULA.sub("$", CODE.sub("`", text)))  # a blank may follow bold
    return [f"{what}: …{text[max(0, m.start() - 10) : m.end() + 10]}…" for what, p in CLUMSY.items() for m in re.finditer(p, text)]


@pytest.mark.parametrize("path", BANKS, ids=lambda p: p.parent.name)
def test_chinese_is_set_as_chinese_and_names_each_thing_by_its_one_name(path):
    found = []
    for question in interview.load(path).questions:
        texts = fields(question.zh).values()
        found += [f"{question.id}: {sentence}" for text in texts for sentence in clumsy(text)]
        rest = text = QUOTATION.sub("", " ".join(map(prose, texts)))
        for term in sorted(GLOSSARY, key=lambda term: -len(term.zh)):
            rest = rest.replace(term.zh, "`")  # 假正例率 is no 假正例
        for term in GLOSSARY:
            if term.zh not in text:  # "召回率又称灵敏度" may stand there
                found += [f"{question.id}: {n!r} is called {term.zh!r} here" for n in term.zh_elsewhere if n in rest]
            spellings = {m[0] for m in pattern(term.zh).finditer(text) if m[0].lower() == term.zh.lower()}
            found += [f"{question.id}: {s!r} is written {term.zh!r} here" for s in spellings - {term.zh}]
    assert not found, f"{len(found)} places\n" + "\n".join(found)


# --- the glossary -------------------------------------------------------------------------------


def test_every_name_belongs_to_one_term():
    english = Counter(term.en.lower() for term in GLOSSARY)
    chinese = Counter(form.lower() for term in GLOSSARY for form in (term.zh, *term.zh_also, *term.zh_elsewhere))
    assert not [name for names in (english, chinese) for name, n in names.items() if n > 1]


def test_terms_are_in_the_order_of_their_english_names():
    names = [term.en for term in GLOSSARY]
    assert names == sorted(names, key=str.lower)


def test_every_term_is_used():
    used = set()
    for path in BANKS:
        for question in interview.load(path).questions:
            for text in fields(question.en).values():
                used |= {term.en for term in named(text, GLOSSARY)}
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
        ("label", "标签", {"zh_also": ["标注"]}),
        ("one-hot", "独热编码", {}),
        ("precision", "精确率", {"zh_elsewhere": ["查准率"]}),
        ("test set", "测试集", {}),
        ("vocabulary", "词表", {}),
    ]
]


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("Precision falls.", "精确率下降。"),
        ("Two precisions.", "两个精确率。"),
        ("It is small.", "测试集很小。"),
        ("Five labels a class.", "每类五个标注样本。"),
        ("Average precision.", "平均精确率。"),
        ("Body mass.", "体重。"),
        ("One half of it, twice.", "它的 50% 两次，也就是 1/2 或 0.5。"),
        ("It has no half.", "它没有 1/2。"),
        ("Nine tenths of eight billion, in November.", "80 亿的 0.9 倍，11 月。"),
        ("At 0.9 of 12 rows.", "十二行的十分之九处。"),
        ("One hot, with vocabularies.", "词表与独热编码。"),
        ("Dropout `precision`, $precision$.", "关闭 Dropout，`precision`、$precision$。"),
        (r"$\text{precision} = 1$", r"$\text{精确率} = 1$"),
        ("At 1 % and 0.5, 10,000 rows.", "1% 和 0.5，共 10,000 行。"),
        ("- **One.** Two\n- *three*", "- **一**：二\n- 三"),
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
        ("Precision.", "查准率。", "the English text has 'precision'"),
        ("Average precision.", "精确率。", "the English text has 'average precision'"),
        ("Use the test set.", "用验证集。", "the English text has 'test set'"),
        ("Labels.", "类别。", "the English text has 'label'"),
        ("One-hot words.", "词的编码。", "the English text has 'one-hot'"),
        ("Two vocabularies.", "两张表。", "the English text has 'vocabulary'"),
        (r"$\text{precision} = 1$", r"$\text{召回率} = 1$", "the English text has 'precision'"),
        ("At 1 %.", "2% 时。", "numbers only in English: ['1'], in Chinese: ['2']"),
        ("One half.", "0.25。", "numbers only in English: [], in Chinese: ['0.25']"),
        ("At 0.9.", "十分之八处。", "numbers only in English: ['0.9'], in Chinese: []"),
        ("Call `fit`.", "调用 `fit_transform`。", "code spans only in English: ['`fit`']"),
        ("It is $x^2$.", "它是 $x^3$。", "formulas only in English: ['$x^2$']"),
        ("- one\n- two", "- 一", "2 list items in English, 1 in Chinese"),
        ("One.\n\nTwo.", "一。二。", "1 paragraphs in English, 0 in Chinese"),
        ("Precision.", "", "the English text has 'precision'"),
    ],
)
def test_a_difference_is_told(en, zh, told):
    found = differences({"short": en}, {"short": zh}, MADE_UP)
    assert any(told in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("它下降， 然后上升。", "a blank behind Chinese punctuation"),
        ("结果: 很好。", "punctuation of half width"),
        ("结果 (2022) 很好。", "punctuation of half width"),
        ("见“一”,再看。", "punctuation of half width"),
        ('论文 "A title" 说。', "straight quotation marks"),
        ("这是*强调*。", "italics"),
        ("只占 1 %。", "a blank before %"),
    ],
)
def test_what_chinese_type_does_not_have_is_told(text, told):
    assert any(told in sentence for sentence in clumsy(text)), clumsy(text)
    assert clumsy("**说明。** 形状 (n, 1) 的 `a, b`（2022）占 1%，$f(x), y$“好”。") == []

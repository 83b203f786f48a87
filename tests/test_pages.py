"""The pages that `make docs` writes: they follow from the units, and every link leads somewhere."""

from __future__ import annotations

import graphlib
import re
from pathlib import Path

import nbformat
import pages as docs
import pytest

from mftcourse.course import interview, routes
from mftcourse.course.files import Course

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pages():
    return docs.render(ROOT)


@pytest.fixture(scope="module")
def units():
    return docs.load(ROOT)


def test_pages_have_not_drifted(pages):
    stale = [str(p) for p, text in pages.items() if not (ROOT / p).exists() or (ROOT / p).read_text("utf-8") != text]
    assert stale == [], "run make docs"
    assert docs.strays(ROOT, pages) == [], "pages of questions or units that are no more; run make docs"


def test_at_least_eighty_questions_each_with_a_page_in_both_languages(pages, units):
    ids = [q.id for u in units for q in u.bank.questions]
    assert len(ids) >= 80
    for folder in ("docs/interview", "docs/interview/zh"):
        assert {p.stem for p in pages if str(p.parent) == folder} == {*ids, "README", "glossary", "large-models"}


GUIDE = {  # its own words: whoever searches for a line of the guide finds it
    1: "如何选择合适的深度学习框架？",
    2: "如何进行数据预处理？",
    3: "如何选择合适的神经网络架构？",
    4: "如何优化神经网络训练过程？",
    5: "如何评估神经网络模型性能？",
    "task-1": "编写代码实现数据预处理（数据清洗、转换、分割）",
    "task-2": "编写代码实现神经网络模型训练和评估",
    "task-3": "编写代码实现模型微调",
}


def test_the_guides_eight_are_asked_in_its_words_and_marked_with_what_its_answer_leaves_out(pages, units):
    marked = {q.guide: q for u in units for q in u.bank.questions if q.guide}
    assert {guide: question.zh.question for guide, question in marked.items()} == GUIDE
    for question in marked.values():
        assert "## What the guide's answer leaves out" in pages[Path(f"docs/interview/{question.id}.md")]
        assert "## 指南的答案遗漏了什么" in pages[Path(f"docs/interview/zh/{question.id}.md")]
    for unit in units:
        for question in unit.bank.questions:
            assert bool(question.guide) == bool(question.en.leaves_out) == bool(question.zh.leaves_out), question.id


def test_the_chinese_glossary_is_sorted_by_pinyin_and_gives_the_names_of_other_books(pages):
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*) \|", pages[Path("docs/interview/zh/glossary.md")], re.M)[1:]
    names = [name for name, _ in rows]
    assert [n for n in names if n in ("标签", "测试集", "广播", "微调", "自助法")] == ["标签", "测试集", "广播", "微调", "自助法"]
    assert names.index("Adam") < names.index("标签") and len(names) == len(set(names)) > 190
    assert dict(rows)["精确率"] == "查准率" and "查全率" in dict(rows)["召回率"]


def test_the_routes_stand_in_the_index_and_in_the_readmes_with_what_they_hold(pages):
    for lang, folder, readme in (("en", "interview", "README.md"), ("zh", "interview/zh", "README.zh-CN.md")):
        index = pages[Path("docs", folder, "README.md")].split("\n## ")
        section = next(part for part in index if part.startswith(docs.WORDS[lang]["routes"]))
        for route in routes.load(ROOT / "course" / "routes.yaml").all:
            own = section.split(f"### {route.title.of(lang)}\n")[1].split("\n### ")[0]
            steps = [step for stage in route.stages for step in stage.steps]
            assert not [s for s in steps if f"({s}.md)" not in own and f"`{s}`" not in own and f"{s} " not in own]
            assert re.search(rf"\*\*{route.title.of(lang)}\*\*.*\| \d+ \| `mft quiz --route {route.id}", pages[Path(readme)])


def test_what_is_asked_about_large_models_says_of_every_topic_whether_the_course_answers_it(pages):
    topics = routes.load(ROOT / "course" / "routes.yaml").topics
    for lang, folder, not_yet in (("en", "interview", "not yet"), ("zh", "interview/zh", "暂无")):
        page, index = (pages[Path("docs", folder, f"{name}.md")] for name in (topics.id, "README"))
        assert "(large-models.md)" in index and topics.counted.of(lang) in page
        assert docs.WORDS[lang]["sets"].format(15) in page
        for asked in topics.asked:
            row = next(line for line in page.splitlines() if line.startswith(f"| {asked.of(lang)} |"))
            assert f"| ≈ {asked.sets} |" in row and (not_yet in row) is (not asked.answers)
            assert re.findall(r"\(([\w-]+)\.md\)", row) == asked.answers
            assert (docs.WORDS[lang]["part"] in row) is asked.part
    assert f"Of {len(topics.asked)} topics the course answers 39 so far, and 2 in part" in pages[Path("docs/interview/large-models.md")]


def test_a_question_names_the_command_that_drills_what_proves_it(pages, units):
    legs = routes.legs(Course(ROOT))
    for unit in units:
        number = unit.lesson.unit[:2]
        for question in unit.bank.questions:
            for folder in ("docs/interview", "docs/interview/zh"):
                proof = pages[Path(folder, f"{question.id}.md")].rsplit("\n## ", 1)[1]
                for name in question.proof:  # with its unit: two may have an exercise of one name
                    drill = "mft drill " if legs[f"{unit.lesson.unit}/{name}"].code else ""
                    assert f"`{drill}{number}/{name}`" in proof
                assert f"`mft lab {number}`" in proof


def test_every_link_resolves(pages):
    texts = {p.relative_to(ROOT): p.read_text("utf-8") for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    texts |= pages
    for page, text in texts.items():
        text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
        pictures = re.findall(r'\bsrc(?:set)?="([^"]+)"', text)
        for target in [*re.findall(r"\]\(([^)\s]+)\)", text), *pictures]:
            if re.match(r"https?:", target):
                continue
            path, _, anchor = target.partition("#")
            where = (ROOT / page.parent / path).resolve() if path else ROOT / page
            assert where.exists(), f"{page}: {target}"
            if anchor and where.suffix == ".ipynb":
                assert anchor in headings_of(where), f"{page}: {target}"
            elif anchor:
                found = re.findall(r"^#+ (.+)$", where.read_text("utf-8"), re.M)
                assert anchor in {re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in found}, f"{page}: {target}"


def headings_of(path: Path) -> set[str]:
    if path not in _HEADINGS:
        nb = nbformat.read(path, as_version=4)
        text = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
        _HEADINGS[path] = {interview.heading_id(h) for h in re.findall(r"^#+ (.+)$", text, re.M)}
    return _HEADINGS[path]


_HEADINGS: dict[Path, set[str]] = {}


def test_prerequisites_come_first_and_never_in_a_circle(units):
    seen: set[str] = set()
    for unit in docs.order(units):
        assert set(unit.lesson.needs) <= seen
        seen.add(unit.lesson.unit)
    circle = docs.load(ROOT)
    circle[0].lesson.cells[0].needs, circle[1].lesson.cells[0].needs = [circle[1].lesson.unit], [circle[0].lesson.unit]
    with pytest.raises(graphlib.CycleError):
        docs.order(circle)


def test_a_unit_page_holds_rubrics_and_misconceptions(pages, units):
    for unit in units:
        text = pages[Path(f"docs/instructors/{unit.lesson.unit}.md")]
        written = [c for c in unit.lesson.exercises.values() if c.kind == "manual"]
        assert text.count("**A good answer**") == len(written) >= 1
        rubrics = text.split("## Rubrics")[1].split("## Misconceptions")[0]
        stated = len(re.findall(r"^\d+\. ", rubrics, re.M)) + sum(map(int, re.findall(r"^- (\d) points", rubrics, re.M)))
        assert stated == sum(c.points for c in written), f"{unit.lesson.unit}: the rubric is worth {stated} points"
        for wrong in unit.lesson.wrong_answers:
            assert f"- **{wrong.title}.** {docs._comment(wrong.source)} Caught by:" in text
            assert len(docs._comment(wrong.source).split()) >= 3, f"{unit.lesson.unit}: {wrong.title}: say what the learner believes"


def test_a_missing_mark_is_named():
    with pytest.raises(ValueError, match="begin: plan"):
        docs.fill("no marks", {"plan": "x"})

"""Write the pages in docs/ that follow from the units: `make docs`.

- docs/interview/: a page per interview question and language, and an index.
- docs/instructors/NN-slug.md: minutes and points of every exercise, rubrics, misconceptions.
- docs/instructors/README.md: only what stands between its `<!-- begin: … -->` marks: plan and prerequisites.
- README.md and README.zh-CN.md: the table of routes, between such marks.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

from mftcourse.course import interview, routes
from mftcourse.course.files import Course, in_order
from mftcourse.course.form import read_lesson
from mftcourse.course.lesson import Lesson

ROOT = Path(__file__).resolve().parents[1]
GUIDE = [1, 2, 3, 4, 5, "task-1", "task-2", "task-3"]
FORM = re.compile(r"^\*([A-Z][a-z, ]+?) · \d+ minutes · difficulty: ([^*]+)\*", re.M)

WORDS = {
    "en": {
        "index": "Interview questions", "guide": "The eight of the guide",
        "about": "Each page has the short answer, the deep one, what people usually get wrong and what they are "
                 "asked next, and says where you prove it with code of your own. `mft quiz` asks you these questions, "
                 "`mft cards` makes them Anki cards.",
        "grew": "The course grew from a Chinese interview guide with five questions and three programming tasks. "
                "They are here with what the guide's own answer leaves out.",
        "number": "question {} of the guide", "task": "programming task {} of the guide", "after": " ({})",
        "other": "中文", "back": "All questions", "unit": "Unit", "terms": "Words",
        "routes": "Routes", "route": "{}, about {} minutes", "command": " `mft quiz --route {}` asks along it.",
        "head": "| route | minutes | command |\n|---|---:|---|", "lesson": "{} with all its exercises and questions",
        "prove": "`mft lab {}` opens the unit.",
        "drill": " `mft drill` gives you one exercise alone, against the clock.",
        "topics": "[What is asked, and how often]({}.md)", "topic": "topic", "sets": "of {} collections",
        "here": "answered here", "part": "in part: ", "not": "not yet",
        "sum": "Of {} topics the course answers {} so far, and {} in part; `mft quiz --route {}` asks those questions.",
    },
    "zh": {
        "index": "面试题", "guide": "指南中的八道题",
        "about": "每一页都有简答、详解、常见的错误回答和面试官可能追问的问题，并给出可以亲手验证答案的练习。"
                 "用 `mft quiz --lang zh` 自测，用 `mft cards --lang zh` 导出 Anki 卡片。"
                 "练习所在的笔记本目前只有英文版。",
        "grew": "本课程源自一份中文面试指南：五道问答题和三道编程题。题目保留指南的原文，逐一作答，"
                "并指出指南自己的答案遗漏了什么。",
        "number": "指南第 {} 题", "task": "指南编程题 {}", "after": "（{}）",
        "other": "English", "back": "全部问题", "unit": "单元", "terms": "术语",
        "routes": "学习路线", "route": "{}，约 {} 分钟", "command": "用 `mft quiz --route {} --lang zh` 按此路线答题。",
        "head": "| 路线 | 分钟 | 命令 |\n|---|---:|---|", "lesson": "{} 的全部练习和题目",
        "prove": "用 `mft lab {}` 打开该单元（英文）。", "drill": "`mft drill` 单独给出一道练习，并计时。",
        "topics": "[常问哪些主题，频率如何]({}.md)", "topic": "主题", "sets": "{} 份题集中", "here": "本课程的解答",
        "part": "部分解答：", "not": "暂无",
        "sum": "共 {} 个主题，目前本课程完整解答 {} 个，部分解答 {} 个；"
               "用 `mft quiz --route {} --lang zh` 练习这些题目。",
    },
}  # fmt: skip


@dataclass
class Unit:
    """A unit with its questions."""

    lesson: Lesson
    bank: interview.Bank

    @property
    def title(self) -> str:
        return re.search(r"^# (.+)$", self.lesson.cells[0].source, re.M)[1]

    @property
    def asked(self) -> str:
        """The interview question that the unit opens with."""
        return " ".join(re.search(r'\*"(.+?)"\*', self.lesson.cells[0].source, re.S)[1].split())

    @property
    def minutes(self) -> int:
        """The minutes to plan, reading included."""
        return int(re.search(r"\*\*Time\.\*\* Plan (\d+) minutes", self.lesson.cells[0].source)[1])


def load(root: Path) -> list[Unit]:
    """Read every unit."""
    lessons = [read_lesson(root / "course" / name) for name in Course(root).units("course")]
    return [Unit(lesson, interview.load(lesson.folder / "interview.yaml")) for lesson in lessons]


# --- interview questions ----------------------------------------------------------------------


def _where(question: interview.Question, lang: str, root: str = "") -> str:
    return f"{root}{'zh/' if lang == 'zh' else ''}{question.id}.md"


def _number(guide: int | str, lang: str) -> str:
    words = WORDS[lang]
    if isinstance(guide, int):
        return words["number"].format(guide)
    return words["task"].format(guide.removeprefix("task-"))


def question_page(unit: Unit, question: interview.Question, lang: str, known: dict[str, routes.Leg]) -> str:
    """Return one question's page.

    Args:
        known: what `routes.legs` returns; it tells which exercises can be drilled.
    """
    words, wording, up = WORDS[lang], question.wording(lang), "../" * (3 if lang == "zh" else 2)
    notebook = f"{up}release/{unit.lesson.unit}/{unit.lesson.slug}.ipynb"
    headings = unit.lesson.headings("en")  # the English notebook is there for every unit
    number, comma, colon = unit.lesson.unit[:2], interview.WORDS[lang]["comma"], interview.WORDS[lang]["colon"]
    drills = [p for p in question.proof if known[f"{unit.lesson.unit}/{p}"].code]
    places: dict[str, list[str]] = {}  # two units may have an exercise of one name, so each is named with its unit
    for p in question.proof:
        place = f"[{headings[p]}]({notebook}#{interview.heading_id(headings[p])})"
        places.setdefault(place, []).append(f"`{'mft drill ' if p in drills else ''}{number}/{p}`")
    other = f"../{question.id}.md" if lang == "zh" else f"zh/{question.id}.md"
    top = [f"[{words['back']}](README.md)", f"[{words['other']}]({other})", f"{words['unit']} {unit.lesson.unit}"]
    if question.guide:
        top.append(f"**{_number(question.guide, lang)}**")
    parts = [f"# {wording.question}", " · ".join(top)]
    for part in ("short", "deep", "leaves_out", "usual_wrong", "follow_up"):
        if text := getattr(wording, part):
            parts.append(f"## {interview.WORDS[lang][part]}\n\n{text.strip()}")
    parts += [f"## {interview.WORDS[lang]['proof']}"]
    parts.append("\n".join(f"- {place}{colon}{comma.join(names)}" for place, names in places.items()))
    parts.append(words["prove"].format(number) + (words["drill"] if drills else ""))
    return "\n\n".join(parts) + "\n"


def routes_table(course: Course, lang: str) -> str:
    """Return the routes as a table: for whom, how long, and the command."""
    known, option, rows = routes.legs(course), " --lang zh" if lang == "zh" else "", [WORDS[lang]["head"]]
    for route in routes.routes(course):
        minutes = sum(leg.minutes for stage in route.stages for leg in routes.along(stage, known))
        colon = interview.WORDS[lang]["colon"]
        told = f"**{route.title.of(lang)}**{colon}{route.about.of(lang)}"
        rows.append(f"| {told} | {minutes} | `mft quiz --route {route.id}{option}` |")
    return "\n".join(rows)


def routes_section(course: Course, lang: str) -> str:
    """Return the routes with every stage: its questions as links, its exercises, in order, and how long it takes."""
    words, known, parts = WORDS[lang], routes.legs(course), [f"## {WORDS[lang]['routes']}"]
    colon, comma = interview.WORDS[lang]["colon"], interview.WORDS[lang]["comma"]
    topics = routes.topics(course)
    for route in routes.routes(course):
        about = f"{route.about.of(lang)}{words['command'].format(route.id)}"
        about += " " * (lang == "en") + words["topics"].format(topics.id) if topics and route.id == topics.id else ""
        parts.append(f"### {route.title.of(lang)}\n\n{about}")
        rows = []
        for number, stage in enumerate(route.stages, 1):
            title = words["route"].format(stage.title.of(lang), sum(g.minutes for g in routes.along(stage, known)))
            steps = []
            for leg in (known[step] for step in stage.steps if step in known):
                if leg.item:
                    steps.append(f"[{leg.item.question.wording(lang).question}]({leg.step}.md)")
                else:
                    steps.append(f"`{leg.step}`" if "/" in leg.step else words["lesson"].format(leg.step))
            rows.append(f"{number}. **{title}**{colon}{comma.join(steps)}")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def topics_page(course: Course, lang: str) -> str:
    """Return what others ask about large models, how often, and which questions of the course answer it."""
    words, topics, known = WORDS[lang], routes.topics(course), routes.legs(course)
    comma, other = interview.WORDS[lang]["comma"], f"{'..' if lang == 'zh' else 'zh'}/{topics.id}.md"
    whole, part = (sum(bool(a.answers) and a.part is partly for a in topics.asked) for partly in (False, True))
    parts = [f"# {topics.title.of(lang)}", f"[{words['back']}](README.md) · [{words['other']}]({other})"]
    parts += [topics.counted.of(lang), words["sum"].format(len(topics.asked), whole, part, topics.id)]
    for group in topics.groups:
        rows = [f"| {words['topic']} | {words['sets'].format(topics.of)} | {words['here']} |\n|---|---:|---|"]
        for asked in group.asked:
            answers = [f"[{known[a].item.question.wording(lang).question}]({a}.md)" for a in asked.answers]
            said = (words["part"] if asked.part else "") + comma.join(answers) or words["not"]
            rows.append(f"| {asked.of(lang)} | ≈ {asked.sets} | {said} |")
        parts += [f"## {group.title.of(lang)}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def question_index(course: Course, units: list[Unit], lang: str) -> str:
    """Return the index of all questions: the routes and the guide's eight first, then unit by unit."""
    words = WORDS[lang]

    def line(question: interview.Question, after: str = "") -> str:
        return f"- [{question.wording(lang).question}]({question.id}.md){after}"

    other = "../README.md" if lang == "zh" else "zh/README.md"
    parts = [f"# {words['index']}", f"[{words['other']}]({other}) · [{words['terms']}](glossary.md)", words["about"]]
    parts.append(routes_section(course, lang))
    marked = {q.guide: q for u in units for q in u.bank.questions if q.guide}
    guide = [line(marked[g], words["after"].format(_number(g, lang))) for g in GUIDE if g in marked]
    parts += [f"## {words['guide']}", words["grew"], "\n".join(guide)]
    for unit in units:
        name = f"：{unit.bank.title_zh}" if lang == "zh" and unit.bank.title_zh else ""
        parts += [f"## {unit.lesson.unit}{name}", "\n".join(line(q) for q in unit.bank.questions)]
    return "\n\n".join(parts) + "\n"


def glossary_page(root: Path, lang: str) -> str:
    """Return the glossary: in English by the English names, in Chinese by the Chinese ones, with other names in use."""
    terms = yaml.safe_load((root / "course" / "glossary.yaml").read_text(encoding="utf-8"))["terms"]
    if lang == "en":
        rows = [f"| {t['en']} | {t['zh']} | {t['def_en']} |" for t in terms]
        head = "# Words\n\n[All questions](README.md) · [中文](zh/glossary.md)\n\n"
        return head + "| English | Chinese | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    # GB 2312 has the common characters in the order of their pinyin, and Latin letters before them
    terms = sorted(terms, key=lambda t: t["zh"].lower().encode("gb18030"))
    rows = [f"| {t['zh']} | {'、'.join(t.get('zh_elsewhere', []))} | {t['en']} | {t['def_zh']} |" for t in terms]
    head = "# 术语表\n\n[全部问题](README.md) · [English](../glossary.md)\n\n"
    head += "按拼音排序。“又称”是其他中文书和文档里的叫法，本课程不用。\n\n"
    return head + "| 术语 | 又称 | 英文 | 含义 |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


# --- instructors ------------------------------------------------------------------------------


def _exercises(lesson: Lesson) -> list[tuple[str, str, str, str, float, float]]:
    """Return (id, heading, form, difficulty, minutes, points) of every exercise."""
    headings, found = lesson.headings("en"), []
    for name, cell in lesson.exercises.items():
        form, difficulty = FORM.findall(lesson.prose_before(name))[-1]
        points = cell.points if cell.kind == "manual" else lesson.checks[name].points
        found.append((name, headings[name], form, difficulty.strip(), cell.minutes, points))
    return found


def _comment(source: str) -> str:
    """Return the comment on top of a wrong answer: what the learner believes."""
    lines = []
    for line in source.strip().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def unit_page(unit: Unit) -> str:
    """Return what an instructor wants to know of a unit."""
    lesson = unit.lesson
    rows = _exercises(lesson)
    needs = ", ".join(f"[{n}]({n}.md)" for n in lesson.needs) or "nothing from other units"
    points = sum(r[-1] for r in rows)
    manual = [c for c in lesson.exercises.values() if c.kind == "manual"]
    written = sum(c.points for c in manual)
    parts = [
        f"# {lesson.unit}: {unit.title}",
        f"*{unit.asked}*",
        f"Plan {unit.minutes} minutes, of which {sum(r[4] for r in rows):g} for exercises. Before it: {needs}. "
        f"{points:g} points, {written:g} of them for written answers that you grade. Questions: "
        f"{len(unit.bank.questions)}, in [docs/interview](../interview/README.md).",
        "## Exercises",
        "| exercise | form | difficulty | minutes | points |\n|---|---|---|---:|---:|\n"
        + "\n".join(f"| {h} (`{n}`) | {f} | {d} | {m:g} | {p:g} |" for n, h, f, d, m, p in rows),
        "## Rubrics",
    ]
    for cell in manual:
        prompt = lesson.prose_before(cell.exercise)
        start = [m.start() for m in re.finditer(r"^###? .+$", prompt, re.M)][-1]
        prompt = re.sub(r"^#+ ", "### ", prompt[start:].strip(), count=1)
        links = re.sub(r"\[([^\]]+)\]\(#[^)]*\)", r"\1", prompt)
        parts.append(f"{links}\n\n**A good answer**\n\n{cell.source.strip()}")
    parts += [
        "## Misconceptions",
        "What learners believe when they go wrong. Each of these is code in "
        f"[wrong_answers.py](../../course/{lesson.unit}/wrong_answers.py), and a test proves that exactly the checks "
        "named here catch it.",
    ]
    for name, heading, *_ in rows:
        wrong = [w for w in lesson.wrong_answers if w.exercise == name]
        if wrong:
            lines = [f"- **{w.title}.** {_comment(w.source)} Caught by: {'; '.join(w.fails)}." for w in wrong]
            parts += [f"### {heading} (`{name}`)", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def order(units: list[Unit]) -> list[Unit]:
    """Return the units such that each comes after those that it needs."""
    named = {u.lesson.unit: u for u in units}
    return [named[name] for name in in_order({name: u.lesson.needs for name, u in named.items()})]


def plan(units: list[Unit]) -> str:
    """Return the weekly plan: a week a unit."""
    rows = []
    for week, unit in enumerate(order(units), 1):
        forms = Counter(form for _, _, form, *_ in _exercises(unit.lesson))
        points = sum(r[-1] for r in _exercises(unit.lesson))
        often = ", ".join(f"{form.lower()} {n}" for form, n in forms.most_common(3))
        name = unit.lesson.unit
        rows.append(
            f"| {week} | [{name}]({name}.md) | {unit.asked} | {unit.minutes} | {len(unit.lesson.exercises)} | "
            f"{points:g} | {often} |"
        )
    total = sum(u.minutes for u in units)
    return (
        "| week | unit | question | minutes | exercises | points | most often |\n|---:|---|---|---:|---:|---:|---|\n"
        + "\n".join(rows)
        + f"\n\nTogether {total} minutes, some {round(total / 60)} hours."
    )


def contents(units: list[Unit], lang: str) -> str:
    """Return the units with the question that each opens with, as a table for the README."""
    head, rule = {
        "en": ("| unit | opens with | minutes |", "|---|---|---:|"),
        "zh": ("| 单元 | 开篇的问题 | 分钟 |", "|---|---|---:|"),
    }[lang]
    rows = []
    for unit in order(units):
        asked = unit.asked if lang == "en" else unit.bank.questions[0].zh.question
        page = f"docs/interview/{'' if lang == 'en' else 'zh/'}{unit.bank.questions[0].id}.md"
        rows.append(f"| {unit.lesson.unit} | [{asked}]({page}) | {unit.minutes} |")
    return "\n".join([head, rule, *rows])


def graph(units: list[Unit]) -> str:
    """Return the prerequisites as a Mermaid graph."""
    lines = [f'    {u.lesson.slug}["{u.lesson.unit}"]' for u in units]
    lines += [f"    {n.split('-', 1)[1]} --> {u.lesson.slug}" for u in units for n in u.lesson.needs]
    told = [f"- {u.lesson.unit} needs {' and '.join(u.lesson.needs)}." for u in units if u.lesson.needs]
    return "```mermaid\nflowchart LR\n" + "\n".join(lines) + "\n```\n\n" + "\n".join(told)


def fill(text: str, parts: dict[str, str]) -> str:
    """Put each part between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    for name, part in parts.items():
        marks = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.S)
        if not marks.search(text):
            raise ValueError(f"there is no place for {name!r}: write <!-- begin: {name} --> and <!-- end: {name} -->")
        text = marks.sub(lambda m, part=part: f"{m[1]}{part}\n{m[2]}", text)
    return text


# --- writing ----------------------------------------------------------------------------------


def render(root: Path) -> dict[Path, str]:
    """Return path (relative to root) → text of every page."""
    units, course = load(root), Course(root)
    known, topics = routes.legs(course), routes.topics(course)
    docs, pages = Path("docs"), {}
    for lang, folder in (("en", docs / "interview"), ("zh", docs / "interview" / "zh")):
        pages[folder / "README.md"] = question_index(course, units, lang)
        for unit in units:
            for question in unit.bank.questions:
                pages[folder / f"{question.id}.md"] = question_page(unit, question, lang, known)
        pages[folder / "glossary.md"] = glossary_page(root, lang)
        if topics:
            pages[folder / f"{topics.id}.md"] = topics_page(course, lang)
    for unit in units:
        pages[docs / "instructors" / f"{unit.lesson.unit}.md"] = unit_page(unit)
    guide = docs / "instructors" / "README.md"
    parts = {"plan": plan(units), "graph": graph(units)}
    pages[guide] = fill((root / guide).read_text(encoding="utf-8"), parts)
    for lang, name in (("en", "README.md"), ("zh", "README.zh-CN.md")):
        pages[Path(name)] = fill(
            (root / name).read_text("utf-8"), {"units": contents(units, lang), "routes": routes_table(course, lang)}
        )
    return pages


def strays(root: Path, pages: dict[Path, str]) -> list[Path]:
    """Return pages of units and questions that are no more."""
    made = ("docs/interview/**/*.md", "docs/instructors/[0-9]*.md")
    return sorted({p.relative_to(root) for pattern in made for p in root.glob(pattern)} - set(pages))


def main() -> None:
    pages = render(ROOT)
    for path, text in pages.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    for path in strays(ROOT, pages):
        (ROOT / path).unlink()
    print(f"Wrote {len(pages)} pages into docs/.")


if __name__ == "__main__":
    main()

"""A site of static pages from docs/ and the units: `make site`.

Everything is made here, while building: formulas become MathML, code gets its colours, figures come from the executed
notebooks. The pages ask no other host for anything, and work from a folder, below any address, and from `mft lab`.

A page has an address without a language, and lies there in English and below zh/ in Chinese; what is not translated
is shown in English below zh/ too, with a word about it. So the language switch always stays on the same page.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import nbformat
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from mftcourse.course import interview, routes
from mftcourse.course.files import Course, CourseError
from mftcourse.course.interview import PARTS, heading_id
from mftcourse.learning.quiz import DAYS, GRADES, LATER
from mftcourse.learning.quiz import WORDS as QUIZ_WORDS

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
LANGS = ("en", "zh")
MARK = "server.js"  # by which a folder is known as a site of ours; `mft lab` puts its own in this file's place
FOLDED = re.compile(r"^\*(Predict, then run) · ", re.M)

WORDS = {
    "en": {
        "site": "Model preparation and fine-tuning", "questions": "Questions", "units": "Units", "glossary": "Words",
        "cards": "Cards", "mock": "Mock interview", "instructors": "For instructors", "search": "Search",
        "other": "中文", "theme": "Light or dark", "menu": "Pages", "skip": "To the text", "none": "Nothing found.",
        "found": "found", "english": "", "minutes": "minutes", "task": "Your task",
        "notebook": "Open your notebook", "where": "Read here, write in your notebook: in the course's folder,",
        "drill": "by itself:", "written": "A written answer. Write it in your notebook.",
        "reveal": "What happens: first predict, then look", "code": "The code of this figure",
        "guide": "The eight of the guide",
        "count": "questions", "before": "Before", "after": "Next", "sections": "In this unit",
        "about": "Interview questions with answers, and the lessons in which you prove them with code of your own.",
        "ask": "Search the questions, the lessons and the words: recall, 召回率, AUC …",
        "practise": "Practise", "routes": "Routes", "route": "as cards",
        "noscript": "Search, cards and the mock interview need JavaScript.",
        "cards_about": "Say your answer aloud, look, and grade yourself. What you missed comes back today, what you "
                       "knew later and later.",
        "mock_about": "A clock, so many questions from all units, your own verdict after each, and at the end what to "
                      "study.",
    },
    "zh": {
        "site": "模型准备与微调", "questions": "面试题", "units": "单元", "glossary": "术语", "cards": "卡片",
        "mock": "模拟面试", "instructors": "教师专区", "search": "搜索", "other": "English", "theme": "浅色或深色",
        "menu": "页面", "skip": "跳到正文", "none": "没有找到。", "found": "条结果",
        "english": "这一页目前只有英文版。", "minutes": "分钟", "task": "练习",
        "notebook": "打开你的笔记本", "where": "在这里阅读，在你的笔记本里作答。在课程文件夹中运行",
        "drill": "单独练习：", "written": "书面回答，写在你的笔记本里。",
        "reveal": "结果：先预测，再看", "code": "这张图的代码",
        "guide": "指南中的八道题",
        "count": "题", "before": "上一题", "after": "下一题", "sections": "本单元内容",
        "about": "面试题及解答，以及用自己的代码验证答案的课程单元。",
        "ask": "搜索问题、课程和术语：召回率、recall、AUC …",
        "practise": "练习", "routes": "路线", "route": "用卡片练习",
        "noscript": "搜索、卡片和模拟面试需要 JavaScript。",
        "cards_about": "先把答案说出来，再看答案，然后给自己打分。不会的今天再来，掌握的间隔越来越长。",
        "mock_about": "限时，从所有单元抽题，每题自己评分，最后告诉你该复习什么。",
    },
}  # fmt: skip

# What the scripts say.
SCRIPT_WORDS = {
    "en": {
        "begin": "Begin", "start": "Start again", "all": "All units", "guides": "Only the guide's", "basic": "Basic",
        "senior": "Senior", "code": "Code", "unit": "Unit",
        "asked": "How many", "minutes": "Minutes", "left": "left", "over": "Time is up. Finish this answer.",
        "stop": "End here", "result": "Result", "study": "What to study", "time": "Minutes used",
        "type": "Your answer, if you like to write it; it stays in this browser",
        "points": "Which points did you make?", "made": "points made",
        "kept": "What you answer is kept where `mft quiz` keeps it.",
        "local": "What you answer is kept in this browser.", "lost": "Your answer could not be kept: ",
        "nothing": "Nothing to study: you knew them all.",
    },
    "zh": {
        "begin": "开始", "start": "重新开始", "all": "所有单元", "guides": "只要指南原题", "basic": "基础",
        "senior": "资深", "code": "代码题", "unit": "单元",
        "asked": "题数", "minutes": "分钟", "left": "剩余", "over": "时间到。答完这一题。",
        "stop": "到此结束", "result": "结果", "study": "需要复习", "time": "用时（分钟）",
        "type": "想写的话，把你的回答写在这里（只留在这个浏览器里）", "points": "你说到了哪几点？",
        "made": "个要点", "kept": "答题记录与 `mft quiz` 共用。",
        "local": "答题记录保存在这个浏览器里。", "lost": "答题记录没有保存：",
        "nothing": "全部掌握，没有需要复习的。",
    },
}  # fmt: skip


class SiteError(Exception):
    """The site cannot be built; `str(error)` holds a line for every fault."""


@dataclass
class Page:
    """A page in one language.

    Attributes:
        url: where it lies, without the language.
        said_in: the language of its body.
        template: of pages/.
        about: what its template wants to know besides.
        parts: (title, anchor, HTML) of what the search finds by itself; the whole page where it is empty.
    """

    url: str
    lang: str
    title: str = ""
    body: str = ""
    said_in: str = ""
    template: str = "text.html"
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.url if self.lang == "en" else f"zh/{self.url}"

    @property
    def up(self) -> str:
        """From this page to the top of the site."""
        return "../" * self.path.count("/")

    def to(self, url: str, lang: str = "") -> str:
        """The relative address of a page, in this page's language or another."""
        return self.up + ("zh/" if (lang or self.lang) == "zh" else "") + url


class Site:
    """Reads a course and makes its pages.

    Args:
        run: execute notebooks whose figures are not in the cache yet; else their lessons come without figures.
        for_class: leave out the pages for instructors, which hold model answers.
    """

    def __init__(self, root: Path, run: bool = True, for_class: bool = False) -> None:
        self.course, self.root, self.for_class, self.run = Course(root), root, for_class, run
        self.faults: list[str] = []
        self.undrawn: list[str] = []  # units whose figures are not in the cache
        self.files: dict[str, bytes] = {}  # path in the site → what is not a page
        self.pages: list[Page] = []
        self.docs: dict[str, tuple[str, str]] = {}  # source path → url and language
        pattern = "interview/**/*.md" if for_class else "**/*.md"
        for path in sorted((root / "docs").glob(pattern)):
            parts = [p for p in path.relative_to(root / "docs").with_suffix("").parts if p != "zh"]
            name = "/".join(["index" if p == "README" else p for p in parts]) + ".html"
            self.docs[path.relative_to(root).as_posix()] = name, "zh" if path.parent.name == "zh" else "en"
        self.chinese = {url for url, lang in self.docs.values() if lang == "zh"}
        self.units = {unit: self.course.release(unit).relative_to(root).as_posix() for unit in self.course.units()}
        asked = any((root / "release").glob("*/interview.json"))
        self.items = interview.questions(self.course) if asked else []
        self.legs = routes.legs(self.course)
        self.titles = {unit: self._unit_title(unit) for unit in self.units}
        # the headings under which a lesson closes with its questions
        self.asked = {(i.unit, heading_id(i.question.wording(lang).question)): i.question.id
                      for i in self.items for lang in LANGS}  # fmt: skip
        self.markdown = self._markdown()

    def _unit_title(self, unit: str) -> dict[str, str]:
        first = _notebook(self.root / self.units[unit]).cells[0].source
        english = (re.findall(r"^# (.+)$", first, re.M) or [unit])[0]
        chinese = next((i.title_zh for i in self.items if i.unit == unit and i.title_zh), english)
        return {"en": english, "zh": chinese}

    # --- Markdown ------------------------------------------------------------------------------

    def _markdown(self) -> MarkdownIt:
        md = MarkdownIt("commonmark", {"html": True}).enable("table").use(dollarmath_plugin, double_inline=True)
        for name in ("math_inline", "math_inline_double", "math_block"):
            md.add_render_rule(name, lambda _, *about: self._formula(*about))  # the library binds what it gets
        md.add_render_rule("fence", lambda _, *about: self._fence(*about))
        md.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
        md.add_render_rule("table_close", lambda *_: "</table></div>")
        return md

    def _formula(self, tokens: list[Token], at: int, options: Any, env: dict) -> str:
        tex, display = tokens[at].content.strip(), tokens[at].type != "math_inline"
        try:
            made = convert(tex, display="block" if display else "inline")
        except Exception as error:
            made = f"\\{type(error).__name__}"
        if "\\" in made:  # what the library does not know, it copies
            self.faults.append(f"{env['source']}: the formula {tex!r} cannot be drawn.")
        wide = "formula" if display else "long" if len(tex) > 45 else ""  # a phone lets it scroll
        return f'<span class="{wide}" tabindex="0">{made}</span>' if wide else made

    def _fence(self, tokens: list[Token], at: int, options: Any, env: dict) -> str:
        language = tokens[at].info.strip()
        return graph(tokens[at].content) if language == "mermaid" else code(tokens[at].content, language)

    def render(self, text: str, source: str, page: Page, notebook: bool = False, also: list[str] = ()) -> str:
        """Return Markdown as HTML, with every link led to where its target lies in the site.

        Args:
            source: the file that the text comes from, for relative links and for what is wrong.
            notebook: headings get the ids that JupyterLab gives them, not GitHub's.
            also: the same headings in English, whose ids must lead here too.
        """
        env = {"source": source}
        tokens, headings = self.markdown.parse(text, env), 0
        for at, token in enumerate(tokens):
            if token.type == "heading_open":
                raw = tokens[at + 1].content
                token.attrSet("id", heading_id(raw) if notebook else _github_id(raw))
                if headings < len(also) and heading_id(also[headings]) != token.attrs["id"]:
                    place = Token(
                        "html_inline", "", 0, content=f'<span id="{html.escape(heading_id(also[headings]))}"></span>'
                    )
                    tokens[at + 1].children.insert(0, place)
                headings += 1
            if align := token.attrs.pop("style", ""):  # a policy without inline styles
                token.attrSet("class", align.removeprefix("text-align:"))
            for child in token.children or []:
                self._inline(child, source, page, env)
        return self.markdown.renderer.render(tokens, self.markdown.options, env)

    def _inline(self, token: Token, source: str, page: Page, env: dict) -> None:
        if token.type == "text" and re.search(r"\\[A-Za-z]{2,}|\$[^$]*[\\^_{][^$]*\$", token.content):
            self.faults.append(f"{source}: a formula that is none: {token.content[:60]!r}.")
        elif token.type == "code_inline" and token.level == 0 and source in self.docs:
            # an exercise: 06-metrics/roc_curve, or 06/roc_curve, and with the command that drills it
            step = re.sub(r"^mft drill ", "", token.content)
            step = next((s for s in self.legs if s == step or s[:2] + s[s.find("/"):] == step), "")
            if "/" in step:
                place = page.to("units/{}.html#task-{}".format(*step.split("/")))
                shown = f'<a href="{place}"><code>{html.escape(token.content)}</code></a>'
                token.type, token.content = "html_inline", shown
        elif token.type == "link_open":
            target = self._target(str(token.attrs["href"]), source, page)
            if target is None:  # a file of the course that the site has not
                token.attrs.pop("href")
            else:
                token.attrs["href"] = target[0]
                for name, value in target[1].items():
                    token.attrSet(name, value)
        elif token.type == "image":
            path = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(str(token.attrs["src"]))))
            if (self.root / path).is_file():
                self.files[path] = (self.root / path).read_bytes()
                token.attrs["src"] = page.up + path
            else:
                self.faults.append(f"{source}: there is no picture {token.attrs['src']}.")

    def _target(self, href: str, source: str, page: Page) -> tuple[str, dict[str, str]] | None:
        if re.match(r"[a-z]+:", href):
            return href, {"rel": "noreferrer"}
        path, _, anchor = unquote(href).partition("#")
        here = posixpath.dirname(source)
        if here.endswith("/zh") and source.endswith(".ipynb"):
            here = posixpath.dirname(here)  # it is meant for where the learner has it
        path = posixpath.normpath(posixpath.join(here, path)) if path else source
        end = f"#{quote(anchor)}" if anchor else ""
        if path in self.docs:
            url, lang = self.docs[path]
            own = lang if url in self.chinese and page.said_in == page.lang else page.lang
            return page.to(url, own) + end, {}
        unit = path.split("/")[1] if path.count("/") > 1 else ""
        if unit in self.units and path.endswith(".ipynb"):
            if question := self.asked.get((unit, anchor)):
                return page.to(f"interview/{question}.html"), {}
            data = {"data-notebook": f"{unit}/{posixpath.basename(path)}", "data-heading": anchor}
            return page.to(f"units/{unit}.html") + end, data
        if not (self.root / path).exists():
            self.faults.append(f"{source}: the link {href} leads nowhere.")
        return None

    # --- pages ---------------------------------------------------------------------------------

    def make(self) -> None:
        """Fill `pages` and `files`."""
        for source, (url, lang) in self.docs.items():
            self._doc(source, url, lang)
            if url not in self.chinese:
                self._doc(source, url, "zh")
        for unit in self.units:
            for lang in LANGS:
                self._lesson(unit, lang)
        for lang in LANGS:
            index = next((p.body for p in self.pages if (p.url, p.lang) == ("interview/index.html", lang)), "")
            ways = []
            for route in routes.routes(self.course):
                anchor = _github_id(route.title.of(lang))
                minutes = sum(leg.minutes for stage in route.stages for leg in routes.along(stage, self.legs))
                ways.append((route, anchor if f'id="{anchor}"' in index else "", minutes))
            marked = [i for i in self.items if i.question.guide is not None]
            marked.sort(key=lambda i: str(i.question.guide))
            words, about = WORDS[lang], {"guide": marked, "routes": ways}
            self._add(Page("index.html", lang, words["site"], "", lang, "home.html", about))
            if self.items:
                self._add(Page("cards.html", lang, words["cards"], "", lang, "cards.html"))
                self._add(Page("mock.html", lang, words["mock"], "", lang, "mock.html"))
                self.files[f"questions-{lang}.js"] = self._questions(lang)

    def _add(self, page: Page) -> None:
        self.pages.append(page)

    def _doc(self, source: str, url: str, lang: str) -> None:
        text = (self.root / source).read_text(encoding="utf-8")
        page = Page(url, lang, said_in=self.docs[source][1])
        body = self.render(text, source, page)
        page.title = _plain((re.findall(r"<h1[^>]*>(.*?)</h1>", body, re.S) or [url])[0])
        if url.endswith("glossary.html"):  # each word can be found and linked
            seen: set[str] = set()
            body = re.sub(r"<tr>\n<td>(.*?)</td>", lambda m: _word_row(m, seen), body)
        page.body = body
        ids = [i.question.id for i in self.items]
        if (name := Path(url).stem) in ids and url.startswith("interview/"):
            at = ids.index(name)
            page.about = {"item": self.items[at], "before": self.items[at - 1] if at else None,
                          "after": self.items[at + 1] if at + 1 < len(ids) else None}  # fmt: skip
        self._add(page)

    def _lesson(self, unit: str, lang: str) -> None:
        english = _notebook(self.root / self.units[unit])
        said_in = lang if lang in self.course.languages(unit) else "en"
        source = self.course.release(unit, said_in).relative_to(self.root).as_posix()
        nb = _notebook(self.root / source)
        page = Page(f"units/{unit}.html", lang, self.titles[unit][said_in], "", said_in, "lesson.html")
        outputs = self.outputs(unit)
        parts, folded, words = [], False, WORDS[said_in]
        for cell, plain in zip(nb.cells, english.cells, strict=True):
            kind, name = cell.metadata.get("mft", {}).get("kind"), cell.metadata.get("mft", {}).get("exercise", "")
            if kind == "prose" and cell.source.startswith(f"## {interview.WORDS[said_in]['title']}\n"):
                items = [i for i in self.items if i.unit == unit]
                listed = [
                    f"- [{i.question.wording(lang).question}](#{heading_id(i.question.wording(lang).question)})"
                    for i in items
                ]
                parts.append(
                    self.render(f"## {interview.WORDS[lang]['title']}\n\n" + "\n".join(listed), source, page, True)
                )
            elif kind == "prose":
                folded = folded and not FOLDED.search(plain.source) and "\n#" not in f"\n{plain.source}"
                folded = folded or bool(FOLDED.search(plain.source))
                also = _headings(plain.source) if said_in != "en" else []
                parts.append(self.render(cell.source, source, page, True, also))
            elif kind in ("exercise", "manual"):
                minutes = f"{cell.metadata.mft.get('minutes', 0):g} {words['minutes']}"
                inside = code(cell.source) if kind == "exercise" else f"<p>{words['written']}</p>"
                leg = self.legs[f"{unit}/{name}"]
                drill = f" · {words['drill']} <code>{leg.how.strip('`')}</code>" if leg.code else ""
                head = f"<strong>{words['task']}</strong> · <code>{name}</code> · {minutes}{drill}"
                parts.append(f'<section class="task" id="task-{name}"><p>{head}</p>{inside}</section>')
            elif kind in ("code", "demo"):
                shown = code(cell.source)
                if cell.metadata.get("jupyter", {}).get("source_hidden"):
                    shown = f"<details><summary>{words['code']}</summary>{shown}</details>"
                figures = self._outputs_html(outputs.get(cell.id, []), f"{unit}/{cell.id}", page)
                if folded and kind == "demo" and figures:
                    figures = f"<details><summary>{words['reveal']}</summary>{figures}</details>"
                parts.append(shown + figures)
        page.body = "\n".join(parts)
        page.about = {
            "unit": unit, "notebook": f"{unit}/{Path(source).name}",
            "sections": re.findall(r'<h2 id="([^"]*)">(.*?)</h2>', page.body, re.S),
        }  # fmt: skip
        self._add(page)

    def _questions(self, lang: str) -> bytes:
        """Return the questions as a script: from a folder, a browser reads no other data."""
        page, found = Page("cards.html", lang, said_in=lang), []
        for item in self.items:
            wording, source = item.question.wording(lang), f"docs/interview/{'zh/' if lang == 'zh' else ''}x.md"
            names = list(dict.fromkeys(wording.headings))
            notebook = f"{item.unit}/{Path(self.units[item.unit]).name}"
            found.append({
                "id": item.question.id, "unit": item.unit, "guide": item.question.guide,
                "question": wording.question, "url": page.to(f"interview/{item.question.id}.html"),
                "parts": {p: self.render(getattr(wording, p), source, page) for p in PARTS if getattr(wording, p)},
                "points": [self.markdown.renderInline(p, {"source": source}) for p in wording.points],
                "proof": [[n, f"{page.to(f'units/{item.unit}.html')}#{quote(heading_id(n))}", notebook] for n in names],
                "next": [self.markdown.renderInline(p, {"source": source}) for p in wording.next],
                "drills": [leg.how.strip("`") for name in item.question.proof
                           if (leg := self.legs[f"{item.unit}/{name}"]).code],
                "level": item.question.level, "kind": item.question.kind,
            })  # fmt: skip
        words = QUIZ_WORDS[lang] | interview.WORDS[lang] | SCRIPT_WORDS[lang]
        words = {name: text for name, text in words.items() if isinstance(text, str)}
        units = {unit: f"{unit[:2]} {titles[lang]}" for unit, titles in self.titles.items()}
        ways = [
            {"id": route.id, "title": route.title.of(lang), "questions": [
                leg.item.question.id for stage in route.stages for leg in routes.along(stage, self.legs) if leg.item
            ]} for route in routes.routes(self.course)
        ]  # fmt: skip
        data = {
            "routes": ways,
            "days": DAYS,
            "grades": GRADES,
            "later": LATER,
            "words": words,
            "units": units,
            "questions": found,
        }
        return _script("MFT", data)

    # --- figures -------------------------------------------------------------------------------

    def outputs(self, unit: str) -> dict[str, list[dict]]:
        """Return cell id → outputs of a unit's solution, from the cache where nothing changed."""
        path = self.course.notebook("solutions", unit)
        if not path.exists():
            return {}
        nb = _notebook(path)
        nb.cells = [c for c in nb.cells if c.cell_type == "code" and c.metadata.get("mft", {}).get("kind") != "check"]
        seen = hashlib.sha256(b"\0".join(c.source.encode() for c in nb.cells))
        for ground in ("plots.py", "data.py"):
            seen.update((ROOT / "mftcourse" / ground).read_bytes())
        kept = self.root / ".mft" / "site-cache" / f"{unit}-{seen.hexdigest()[:16]}.json"
        if not kept.exists():
            if not self.run:
                self.undrawn = list(dict.fromkeys([*self.undrawn, unit]))
                return {}
            print(f"Running {unit} for its figures ...", flush=True)
            outputs = execute(nb, path.parent)
            kept.parent.mkdir(parents=True, exist_ok=True)
            for old in kept.parent.glob(f"{unit}-*.json"):
                old.unlink()
            kept.write_text(json.dumps(outputs), encoding="utf-8")
        return json.loads(kept.read_text(encoding="utf-8"))

    def _outputs_html(self, outputs: list[dict], name: str, page: Page) -> str:
        found = []
        for at, output in enumerate(outputs):
            data = output.get("data", {})
            rich, text = "".join(data.get("text/html", "")), "".join(data.get("text/plain", output.get("text", "")))
            figure = re.search(r'<img src="data:image/png;base64,([^"]+)" width="(\d+)".*? alt="([^"]*)">', rich, re.S)
            if figure:
                path = f"figures/{name}-{at}.png"
                self.files[path] = base64.b64decode(figure[1])
                figure_at = page.up + path  # a touch on it shows it large
                picture = f'<img class="figure" src="{figure_at}" width="{figure[2]}" alt="{figure[3]}" loading="lazy">'
                found.append(f'<a href="{figure_at}">{picture}</a>')
            elif output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in data:
                continue  # warnings; a slider, which needs a kernel
            elif "<table" in rich:
                table = re.sub(r"<style.*?</style>| (?:style|border)=\"[^\"]*\"", "", rich, flags=re.S)
                found.append(f'<div class="scroll" tabindex="0">{table}</div>')
            elif text.strip():
                text = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip()
                found.append(f'<pre class="output" tabindex="0">{html.escape(text)}</pre>')
        return "\n".join(found)

    # --- writing -------------------------------------------------------------------------------

    def write(self, out: Path) -> None:
        """Write the site into `out`, whole or not at all.

        Raises:
            SiteError: a link or a formula is broken, or `out` holds something else.
        """
        if out.exists() and not (out / MARK).exists() and any(out.iterdir()):
            raise SiteError(f"{out} is not a site of this course. Move it away, or choose another --out.")
        self.make()
        texts = self._texts()
        self.files |= {p.name: p.read_bytes() for p in (HERE / "static").iterdir()}
        self.files |= {"code.css": _code_css().encode(), "search-data.js": self._index()}
        self.faults += broken_links(texts, set(self.files))
        if self.faults:
            raise SiteError("\n".join(dict.fromkeys(self.faults)))
        part = out.with_name(f"{out.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        for path, data in [*self.files.items(), *((p, t.encode()) for p, t in texts.items())]:
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_bytes(data)
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)

    def _texts(self) -> dict[str, str]:
        pages = _pages()
        counts = {unit: sum(i.unit == unit for i in self.items) for unit in self.units}
        return {
            page.path: pages.get_template(page.template).render(
                page=page, words=WORDS[page.lang], other="zh" if page.lang == "en" else "en", titles=self.titles,
                counts=counts, has={p.url for p in self.pages}, questions=self.items,
            )
            for page in self.pages
        }  # fmt: skip

    def _index(self) -> bytes:
        """Return what the search looks through: address, language, title and text of pages and their sections."""
        found = []
        for page in self.pages:
            if page.said_in != page.lang or page.template not in ("text.html", "lesson.html"):
                continue
            if page.url.endswith("glossary.html"):
                for name, row in re.findall(r'<tr id="([^"]*)">(.*?)</tr>', page.body, re.S):
                    cells = [_plain(cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.S)]
                    title = " · ".join(cell for cell in cells[:-1] if cell)
                    found.append([f"{page.path}#{quote(html.unescape(name))}", page.lang, title, cells[-1]])
                continue
            pieces = [("", page.title, page.body)]
            if page.template == "lesson.html":
                split = re.split(r'<h[23] id="([^"]*)">(.*?)</h[23]>', page.body, flags=re.S)
                pieces = [("", page.title, split[0]), *zip(split[1::3], split[2::3], split[3::3], strict=True)]
            for anchor, title, body in pieces:
                end = f"#{quote(html.unescape(anchor))}" if anchor else ""
                above = f" · {page.title}" if anchor else ""
                text = re.sub(r"<h1.*?</h1>", "", body, flags=re.S)
                found.append([page.path + end, page.lang, _plain(title) + above, _plain(text)])
        told = search_words(self.root / "course")
        for line in found:  # the same question as others ask it
            name = re.match(r"(?:zh/)?interview/([^/#]+)\.html$", line[0])
            line += [told["asked"][name[1]][line[1]]] if name and name[1] in told["asked"] else []
        return _script("MFT_INDEX", found) + _script("MFT_SAID", {key: told[key] for key in ("names", "empty")})


def search_words(course: Path) -> dict[str, Any]:
    """Return what the search is told about words, by search.yaml and the glossary; nothing where they are not.

    Returns:
        names: language → [what is typed, our name in it], the longest first; empty: words that carry no topic;
        asked: question → language → the question as others ask it.

    Raises:
        SiteError: a file is no YAML.
    """
    paths = course / "search.yaml", course / "glossary.yaml"
    try:
        told, terms = (yaml.safe_load(p.read_text(encoding="utf-8")) if p.exists() else {} for p in paths)
    except yaml.YAMLError as error:
        raise SiteError(f"{course}: search.yaml or glossary.yaml is no YAML: {error}") from error
    names: dict[str, dict[str, str]] = {lang: {} for lang in LANGS}
    for term in terms.get("terms", []):
        forms = [term["en"], *term.get("zh_also", []), *term.get("zh_elsewhere", [])]
        names["zh"] |= dict.fromkeys(forms, term["zh"])
    for lang, groups in told.get("said", {}).items():
        names[lang] |= {str(typed): str(name) for name, forms in groups.items() for typed in forms}
    empty = sorted((word for text in told.get("empty", {}).values() for word in text.split()), key=len, reverse=True)
    pairs = {
        lang: sorted(([typed, name] for typed, name in found.items() if typed != name), key=lambda p: -len(p[0]))
        for lang, found in names.items()
    }
    return {"names": pairs, "empty": empty, "asked": told.get("asked", {})}


def execute(nb: nbformat.NotebookNode, folder: Path) -> dict[str, list[dict]]:
    """Run the cells in a fresh kernel; return cell id → outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell ends with an error.
    """
    from nbclient import NotebookClient

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # what a kernel writes past its cells
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(nb, timeout=600, kernel_name="python3", resources=where).execute(**quiet)
    return {cell.id: cell.outputs for cell in nb.cells if cell.outputs}


def code(source: str, language: str = "python") -> str:
    """Return a program in colours, or as it is where the language is unknown."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return f'<pre tabindex="0"><code>{html.escape(source)}</code></pre>'
    return highlight(source, lexer, HtmlFormatter(cssclass="code", wrapcode=True)).replace(
        "<pre>", '<pre tabindex="0">'
    )


def graph(mermaid: str) -> str:
    """Draw a Mermaid flowchart of boxes and arrows (`a["text"]`, `a --> b`), a column for each step."""
    names = dict(re.findall(r'^\s*(\w+)\["([^"]*)"\]', mermaid, re.M))
    arrows = re.findall(r"^\s*(\w+) --> (\w+)", mermaid, re.M)
    column = dict.fromkeys(names, 0)
    for _ in names:  # the longest way to each box, as boxes are fewer than steps
        for a, b in arrows:
            column[b] = max(column[b], column[a] + 1)
    rows: dict[int, int] = {}
    place = {}
    for name in names:
        row = rows[column[name]] = rows.get(column[name], -1) + 1
        place[name] = (column[name] * 220 + 10, row * 60 + 10)
    boxes = [(*place[name], text) for name, text in names.items()]
    curves = [(place[a][0] + 160, place[a][1] + 20, place[b][0] - 4, place[b][1] + 20) for a, b in arrows]
    said = "; ".join(f"{names[a]} → {names[b]}" for a, b in arrows)
    width, height = max(x for x, *_ in boxes) + 170, max(y for _, y, _ in boxes) + 50
    return _pages().get_template("graph.svg").render(boxes=boxes, curves=curves, said=said, width=width, height=height)


class _Links(HTMLParser):
    """The ids and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken_links(texts: dict[str, str], files: set[str]) -> list[str]:
    """Return a sentence for every link, script, style and picture in the pages that is not there."""
    read, found = {path: _Links(text) for path, text in texts.items()}, []
    for path, page in read.items():
        for link in page.links:
            if re.match(r"https?:", link):
                continue
            to, _, anchor = (unquote(part) for part in re.sub(r"^([^#?]*)\?[^#]*", r"\1", link).partition("#"))
            to = posixpath.normpath(posixpath.join(posixpath.dirname(path), to)) if to else path
            if to not in read and to not in files:
                found.append(f"{path}: the link {link} leads nowhere.")
            elif anchor and to in read and anchor not in read[to].ids:
                found.append(f"{path}: {to} has no place {anchor!r}.")
    return found


def _pages() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def _github_id(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-")


def _headings(markdown: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S), re.M)


def _plain(text: str) -> str:
    return " ".join(
        html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:m\w+|code|em|strong|span)\b[^>]*>", "", text))).split()
    )


def _word_row(match: re.Match[str], seen: set[str]) -> str:
    name = _plain(match[1]).replace(" ", "-")
    return match[0] if name in seen or seen.add(name) else f'<tr id="{html.escape(name)}">\n<td>{match[1]}</td>'


def _script(name: str, data: Any) -> bytes:
    return f"window.{name} = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n".encode()


def _code_css() -> str:
    """Return the colours of code, which lies on the pages' own ground."""
    found = []
    for style, where in (("default", ":root .code"), ("github-dark", ":root[data-theme=dark] .code")):
        lines = HtmlFormatter(style=style).get_style_defs(where).splitlines()
        found += [re.sub(r"background(-color)?: [^;}]+;?", "", line) for line in lines if line.startswith(f"{where} .")]
    return "\n".join(found) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the site of the course.")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="the folder to write (default: site/)")
    parser.add_argument("--no-run", action="store_true", help="leave out figures that are not in the cache")
    parser.add_argument("--for-class", action="store_true", help="leave out the pages for instructors")
    parser.add_argument("--zip", type=Path, help="add the site to the course in this archive instead")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.zip:
            with (
                tempfile.TemporaryDirectory() as folder,
                zipfile.ZipFile(chosen.zip, "a", zipfile.ZIP_DEFLATED) as archive,
            ):
                Site(ROOT, not chosen.no_run, chosen.for_class).write(out := Path(folder) / "site")
                for path in sorted(p for p in out.rglob("*") if p.is_file()):
                    archive.write(path, Path("mftcourse", "site", path.relative_to(out)))
            return 0
        site = Site(ROOT, False, chosen.for_class)
        site.write(chosen.out)  # the questions need no figures: they are there in seconds
        print(f"Wrote {len(site.pages)} pages. Open {chosen.out / 'index.html'}, or run mft lab.", flush=True)
        if site.undrawn and not chosen.no_run:
            print(f"All is there but the figures of {', '.join(site.undrawn)}; they are drawn now, once.", flush=True)
            Site(ROOT, True, chosen.for_class).write(chosen.out)
            print("The figures are there too.")
    except (SiteError, CourseError) as error:
        print(f"The site was not written:\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make site`: what its pages hold and what they leave out, and what ends the build. No notebook runs but in one test."""

from __future__ import annotations

import json
import re
import zipfile

import make_site
import nbformat
import pytest
from make_site import HERE, ROOT, Site, SiteError
from tiny_course import UNIT, in_chinese, load, save

PNG = "iVBORw0KGgo="  # eight bytes that begin a picture
FIGURE = f'<img src="data:image/png;base64,{PNG}" width="300" style="max-width:100%" alt="two &quot;means&quot;">'


@pytest.fixture
def tiny(course, monkeypatch):
    """The tiny course with two pages, and a site of it whose notebooks do not run."""
    (course.root / "docs" / "interview" / "zh").mkdir(parents=True)
    (course.root / "docs" / "instructors").mkdir()
    write(course, "interview/README.md", f"# Questions\n\n[mean](../../release/{UNIT}/tiny.ipynb#The-mean) [中文](zh/README.md)\n")
    write(course, "interview/zh/README.md", "# 面试题\n\n[English](../README.md)\n")
    write(course, "instructors/README.md", f"# Guide\n\n[wrong](../../course/{UNIT}/wrong_answers.py)\n")
    return course


def write(course, name, text):
    (course.root / "docs" / name).write_text(text, encoding="utf-8")


def build(course, **options):
    """Build; return path → text of all pages and scripts."""
    out = course.root / "site"
    Site(course.root, **{"run": False} | options).write(out)
    texts = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.suffix in (".html", ".js")}
    return {name: path.read_text(encoding="utf-8") for name, path in texts.items()}


def fault(course):
    with pytest.raises(SiteError) as caught:
        build(course)
    return str(caught.value)


def test_a_lesson_has_the_tasks_and_neither_answers_nor_checks(tiny):
    lesson = build(tiny)[f"units/{UNIT}.html"]
    text = re.sub(r"<[^>]+>", "", lesson)
    assert "return the mean of a list" in text.lower() and "raise NotImplementedError" in text
    assert 'id="task-mean"' in lesson and f"mft drill {UNIT[:2]}/mean" in text and "4 minutes" in text
    assert "return values[len(values) // 2]" in text  # the faulty program is the task
    assert "A written answer" in text
    for answer in ("return sum(values)", "sorted(values)[len", "one large value does not", "with check(", "grade(", "SOLUTION"):
        assert answer not in re.sub(r"<details>.*?</details>", "", text + lesson, flags=re.S), answer
    assert 'href="../interview/index.html"' in lesson


def test_every_page_is_there_in_both_languages_and_says_where_it_is_not_translated(tiny):
    pages = build(tiny)
    html = {name for name in pages if name.endswith(".html")}
    assert {f"zh/{name}" for name in html if not name.startswith("zh/")} == {name for name in html if name.startswith("zh/")}
    for name in html:
        other = name.removeprefix("zh/") if name.startswith("zh/") else f"zh/{name}"
        link = re.search(r'id="language" href="([^"]+)"', pages[name])[1]
        assert make_site.posixpath.normpath(make_site.posixpath.join(make_site.posixpath.dirname(name), link)) == other
    assert "目前只有英文版" in pages[f"zh/units/{UNIT}.html"] and "目前只有英文版" in pages["zh/instructors/index.html"]
    assert "目前只有英文版" not in pages["zh/interview/index.html"] + pages["zh/index.html"]
    in_chinese(tiny)
    lesson = build(tiny)[f"zh/units/{UNIT}.html"]
    assert "目前只有英文版" not in lesson and "<h1" in lesson and "两种平均数" in lesson


def test_links_to_a_chinese_lesson_by_its_english_headings_still_lead_there(tiny):
    in_chinese(tiny)
    lesson = tiny.root / "course" / UNIT / "lesson.py"
    lesson.write_text(lesson.read_text("utf-8").replace("# 中文", "# ## 平均数\n# 中文", 1), encoding="utf-8")
    from mftcourse.course import notebooks

    notebooks.build(tiny)
    write(tiny, "interview/zh/README.md", f"# 面试题\n\n[m](../../../release/{UNIT}/tiny.ipynb#The-mean)\n")
    page = build(tiny)
    assert f'href="../../zh/units/{UNIT}.html#The-mean"' in page["zh/interview/index.html"]
    assert 'id="平均数"' in page[f"zh/units/{UNIT}.html"]


@pytest.mark.parametrize("link, said", [
    ("none.md", "docs/interview/README.md: the link none.md leads nowhere"),
    ("#nowhere", "interview/index.html has no place 'nowhere'"),
    (f"../../release/{UNIT}/tiny.ipynb#The-mode", f"units/{UNIT}.html has no place 'The-mode'"),
])  # fmt: skip
def test_a_broken_link_fails_the_build_and_leaves_the_last_site(tiny, link, said):
    build(tiny)
    write(tiny, "interview/README.md", f"# Questions\n\n[x]({link})\n")
    assert said in fault(tiny)
    assert "Questions" in (tiny.root / "site" / "interview" / "index.html").read_text("utf-8")


@pytest.mark.parametrize("formula", [r"$\frac{1}{$", r"$\nosuchthing x$", r"$$\left( x$$", r"cost is \frac{1}{2}"])
def test_a_broken_formula_fails_the_build_and_is_named(tiny, formula):
    write(tiny, "interview/README.md", f"# Questions\n\nIt is {formula} here.\n")
    assert "docs/interview/README.md" in fault(tiny) and "formula" in fault(tiny)


def test_where_an_exercise_is_named_one_gets_to_its_task_in_the_lesson(tiny):
    number = UNIT[:2]
    write(tiny, "interview/README.md", f"# Q\n\n- [m](../../release/{UNIT}/tiny.ipynb#The-mean): `mft drill {number}/mean`, "
                                       f"`{UNIT}/mean`, `{number}/mean`, `mean`, `mft drill {number}/none`, `mft lab {number}`\n")  # fmt: skip
    page = build(tiny)["interview/index.html"]
    for shown in (f"mft drill {number}/mean", f"{UNIT}/mean", f"{number}/mean"):
        assert f'<a href="../units/{UNIT}.html#task-mean"><code>{shown}</code></a>' in page
    for shown in ("mean", f"mft drill {number}/none", f"mft lab {number}"):  # two units may have an exercise of one name
        assert f"<code>{shown}</code>" in page and f"<code>{shown}</code></a>" not in page
    assert f'href="../units/{UNIT}.html#The-mean"' in page and "release/" not in page and "ipynb" not in re.sub(r'data-notebook="[^"]*"', "", page)


def test_formulas_are_mathml_and_prices_are_not(tiny):
    write(tiny, "interview/README.md", "# Q\n\n$\\frac{1}{2}$ costs \\$5, `$x$` is code.\n\n$$x^2$$\n")
    page = build(tiny)["interview/index.html"]
    assert page.count("<math") == 2 and 'display="block"' in page and "<mfrac>" in page and "costs $5" in page


def test_pages_hold_no_inline_style_and_no_inline_script_and_ask_nobody(tiny):
    write(tiny, "interview/README.md", "# Q\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n\n```mermaid\nflowchart LR\n  a[\"01\"]\n  b[\"02\"]\n  a --> b\n```\n")
    pages = build(tiny)
    for name, text in pages.items():
        if name.endswith(".html"):
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", text), name
            assert "default-src 'self'" in text
            assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), name
    assert '<td class="right">' in pages["interview/index.html"]
    assert pages["interview/index.html"].count("<rect") == 2 and 'aria-label="01 → 02"' in pages["interview/index.html"]
    for script in (HERE / "static").glob("*.js"):
        assert not re.search(r"https?://|\beval\(|import ", script.read_text("utf-8")), script.name


def test_figures_come_from_the_cache_until_the_code_changes(tiny, monkeypatch):
    ran = []

    def execute(nb, folder):
        ran.append([c.metadata.mft.kind for c in nb.cells])
        demo = next(c.id for c in nb.cells if c.metadata.mft.kind == "demo")
        table = '<style scoped>x{}</style><table border="1"><tr style="text-align: right;"><th>1</th></tr></table>'
        return {demo: [{"data": {"text/html": FIGURE}}, {"data": {"text/html": table}},
                       {"name": "stdout", "text": "\x1b[31ma < b\x1b[0m\n"}, {"name": "stderr", "text": "warned"}]}  # fmt: skip

    monkeypatch.setattr(make_site, "execute", execute)
    lesson = build(tiny, run=True)[f"units/{UNIT}.html"]
    figure = re.search(r'<img class="figure" src="\.\./(figures/[^"]+)" width="300" alt="two &quot;means&quot;"', lesson)[1]
    assert (tiny.root / "site" / figure).read_bytes() == b"\x89PNG\r\n\x1a\n"
    assert "a &lt; b" in lesson and "warned" not in lesson and "\x1b" not in lesson and "<table><tr><th>1" in lesson
    assert build(tiny, run=True)[f"units/{UNIT}.html"] == lesson == build(tiny)[f"units/{UNIT}.html"]
    assert len(ran) == 1 and "check" not in ran[0]
    path = tiny.notebook("solutions", UNIT)
    nb = load(path)
    nb.cells[0].source += "\n\nMore prose."
    save(nb, path)
    build(tiny, run=True)
    assert len(ran) == 1  # prose draws nothing
    next(c for c in nb.cells if c.cell_type == "code").source += "\n# changed"
    save(nb, path)
    build(tiny, run=True)
    assert len(ran) == 2 and len(list((tiny.root / ".mft" / "site-cache").iterdir())) == 1


def test_the_pages_are_there_before_the_figures_are_drawn(tiny, monkeypatch, capsys):
    seen, site = [], tiny.root / "site"
    monkeypatch.setattr(make_site, "execute", lambda nb, folder: seen.append((site / "index.html").exists()) or {})
    monkeypatch.setattr(make_site, "Site", lambda root, *about: Site(tiny.root, *about))
    assert make_site.main(["--out", str(site), "--no-run"]) == 0 and seen == []
    make_site.shutil.rmtree(site)
    assert make_site.main(["--out", str(site)]) == 0 and seen == [True]
    said = capsys.readouterr().out
    assert said.index("Wrote") < said.index(f"but the figures of {UNIT}") < said.index("figures are there too")
    assert make_site.main(["--out", str(site)]) == 0 and len(seen) == 1
    assert "figures" not in capsys.readouterr().out  # they are in the cache


def test_what_a_prediction_is_about_is_folded(tiny, monkeypatch):
    nb = load(tiny.release(UNIT))
    for cell in nb.cells:
        cell.source = cell.source.replace("*Implement · ", "*Predict, then run · ")
    save(nb, tiny.release(UNIT))
    shown = {c.id: [{"name": "stdout", "text": "the outcome"}] for c in load(tiny.notebook("solutions", UNIT)).cells}
    monkeypatch.setattr(make_site, "execute", lambda nb, folder: shown)
    page = build(tiny, run=True)[f"units/{UNIT}.html"]
    assert re.search(r"<details><summary>What happens[^<]*</summary><pre[^>]*>the outcome", page)


def test_for_a_class_there_are_no_pages_for_instructors(tiny):
    whole, few = build(tiny), build(tiny, for_class=True)
    assert "instructors/index.html" in whole and not any("instructors" in name for name in few)
    assert "For instructors" in whole["index.html"] and not any("instructors" in text for name, text in few.items() if name.endswith(".html"))
    assert "Guide" in whole["search-data.js"] and "Guide" not in few["search-data.js"]


def test_a_folder_that_is_no_site_is_left_alone(tiny):
    mine = tiny.root / "site" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert "is not a site of this course" in fault(tiny)
    assert mine.read_text() == "mine"


def searched(course):
    """Return what the search looks through, and what it is told about words."""
    lines = build(course)["search-data.js"].splitlines()
    return [json.loads(line.partition(" = ")[2].rstrip(";")) for line in lines]


GLOSSARY = "terms: [{en: recall, zh: 召回率, zh_elsewhere: [查全率], def_en: '', def_zh: ''}]"
TOLD = """
empty: {en: how what, zh: 怎么 怎么办}
said: {en: {mean: [average, arithmetic mean]}, zh: {平均数: [均值]}}
asked: {why-a-mean: {en: add up and divide, zh: 求和再除}}
"""


def test_the_search_is_told_of_other_words_and_of_questions_as_others_ask_them(tiny):
    write(tiny, "interview/why-a-mean.md", "# Why a mean?\n")
    (tiny.root / "docs" / "interview" / "zh" / "why-a-mean.md").write_text("# 为什么用平均数？\n", encoding="utf-8")
    for name, text in (("search", TOLD), ("glossary", GLOSSARY)):
        (tiny.root / "course" / f"{name}.yaml").write_text(text, encoding="utf-8")
    index, told = searched(tiny)
    assert ["interview/why-a-mean.html", "en", "Why a mean?", "", "add up and divide"] in index
    assert ["zh/interview/why-a-mean.html", "zh", "为什么用平均数？", "", "求和再除"] in index
    assert told["names"]["en"] == [["arithmetic mean", "mean"], ["average", "mean"]]
    assert told["names"]["zh"] == [["recall", "召回率"], ["查全率", "召回率"], ["均值", "平均数"]]  # the longest first
    assert told["empty"] == ["what", "how", "怎么办", "怎么"]
    (tiny.root / "course" / "search.yaml").write_text("said: [", encoding="utf-8")
    assert "search.yaml or glossary.yaml is no YAML" in fault(tiny)


def test_the_search_knows_lessons_by_section_and_the_words_of_the_glossary(tiny):
    write(tiny, "interview/glossary.md", "# Words\n\n| English | Chinese | meaning |\n|---|---|---|\n| recall | 召回率 | Found of all. |\n")
    index, told = searched(tiny)
    assert told == {"names": {"en": [], "zh": []}, "empty": []}  # nobody has told it anything
    assert ["interview/glossary.html#recall", "en", "recall · 召回率", "Found of all."] in index
    found = {url: (lang, title, text) for url, lang, title, text in index}
    lang, title, text = found[f"units/{UNIT}.html#The-median"]
    assert (lang, title) == ("en", "The median · Two averages") and "The median of 1, 2 and 9 is 2" in text
    assert not any(url.startswith(("zh/units", "zh/instructors")) for url in found)  # the same text again


@pytest.mark.skipif(not any((ROOT / "release").glob("*/interview.json")), reason="nothing is built")
def test_the_class_gets_the_site_in_its_archive(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(Site, "make", lambda self: made.append(self.for_class))
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("mftcourse/README.md", "the course")
    assert make_site.main(["--for-class", "--no-run", "--zip", str(archive)]) == 0
    names = zipfile.ZipFile(archive).namelist()
    assert {"mftcourse/README.md", "mftcourse/site/server.js", "mftcourse/site/site.css"} <= set(names)
    assert made == [True]


@pytest.mark.slow
def test_a_notebook_runs_once_for_its_figures(tiny):
    path = tiny.notebook("solutions", UNIT)
    nb = load(path)
    demo = next(c for c in nb.cells if c.metadata.get("mft", {}).get("kind") == "demo")
    demo.source = "from mftcourse import plots\nfig, (ax,) = plots.canvas(1)\nax.plot([1, 2])\nplots.show(fig, alt='a line')"
    save(nb, path)
    lesson = build(tiny, run=True)[f"units/{UNIT}.html"]
    figure = re.search(r'src="\.\./(figures/[^"]+)"[^>]* alt="a line"', lesson)[1]
    assert (tiny.root / "site" / figure).read_bytes().startswith(b"\x89PNG")
    demo.source = "1 / 0"
    save(nb, path)
    with pytest.raises(Exception, match="division by zero"):
        build(tiny, run=True)
    assert nbformat.reads(path.read_text("utf-8"), as_version=4).cells  # looking changes nothing

"""A learner's page says what there is to say; and whatever a learner wrote or printed, no page obeys it."""

import json
import re
import time

import hostile
import nbformat
import pytest
from hostile import ATTACHMENTS, AUDIT, CARDS, EVERYTHING, EVIL, HTML, MARKDOWN, PNG, RUN, poisoned
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from tiny_course import UNIT, cell

from mftcourse.checks import MIME, Finding, Scorecard
from mftcourse.course.files import programs_path
from mftcourse.course.handin import kind, scorecard
from mftcourse.grading import feedback
from mftcourse.grading.feedback import Hand, about, page, sanitized
from mftcourse.grading.inert import CHARACTERS, clean_html, formula, markdown_source, output, picture, rendered


def displayed(**data):
    return new_output("display_data", data={name.replace("_", "/"): value for name, value in data.items()})


@pytest.fixture
def graded(reference):
    return hostile.graded(reference)


@pytest.fixture
def made(graded, release):
    def make(nb=graded, **changes):
        given = {
            "student": "ada",
            "unit": UNIT,
            "points": 5,
            "out_of": 9,
            "hand": {"memo": Hand(None, 2)},
            "late": False,
        }
        return page(nb, **given | about(release) | changes)

    return make


# --- the sanitised notebook -------------------------------------------------------------------


def test_check_cells_and_what_nbgrader_needs_survive(graded):
    made = sanitized(poisoned(graded))
    nbformat.validate(made)
    nbformat.writes(made).encode()
    assert set(made.metadata) == {"kernelspec", "language_info", "mft"}
    for old in graded.cells:
        if "nbgrader" in old.metadata:
            new = cell(made, old.metadata.nbgrader.grade_id)
            assert new.metadata == old.metadata and new.id == old.id
            if kind(old) == "check":
                assert (new.source, new.outputs) == (old.source, old.outputs) and scorecard(new)
    mimes = {mime for c in made.cells if kind(c) != "check" for o in c.get("outputs", []) for mime in o.get("data", {})}
    assert mimes <= {"text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg"}
    assert all(not o.get("metadata") for c in made.cells if kind(c) != "check" for o in c.get("outputs", []))
    assert cell(made, "memo").attachments == {"fine.png": {"image/png": PNG}}


def test_prose_of_the_course_looks_as_before(release, root):
    for nb in (release, nbformat.read(root / "release" / "06-metrics" / "metrics.ipynb", 4)):
        for old, new in zip(nb.cells, sanitized(nb).cells, strict=True):
            assert rendered(new.source, ours=True).replace("\u200b", "") == rendered(old.source, ours=True)


def test_tables_pictures_links_and_colours_of_terminals_stay():
    table = '<table border="1" class="dataframe"><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan="2">1 &lt; 2</td></tr></tbody></table>'
    nb = nbformat.v4.new_notebook(cells=[new_code_cell("x", outputs=[
        displayed(text_html=f"<style>p {{ color: red }}</style>{table}", text_plain="a 1"),
        displayed(image_png=PNG + "\n"), new_output("stream", name="stderr", text="\x1b[31mred\x1b[0m"),
        displayed(text_html=f'<img src="data:image/png;base64,{PNG}">')]),
        new_markdown_cell("a < b, [x](https://ok.example/a?b=c&d=e) $\\frac{1}{2}$")])  # fmt: skip
    shown, text = sanitized(nb).cells
    assert shown.outputs[0].data["text/html"] == re.sub(r' (border|class)="\w+"', "", table)
    assert shown.outputs[1].data["image/png"] == PNG and "\x1b[31mred" in shown.outputs[2].text
    assert PNG in shown.outputs[3].data["text/html"]
    assert text.source == nb.cells[1].source


@pytest.mark.parametrize("payload", EVERYTHING)
def test_hostile_html_and_markdown_lose_what_acts(payload):
    data = output(displayed(text_html=payload, text_markdown=payload, text_latex=payload), [1000]).data
    text = rendered(markdown_source(payload, {}), ours=True)
    for html in (
        data.get("text/html", ""),
        text,
        rendered(data["text/markdown"]),
        rendered(payload),
        clean_html(payload),
    ):
        tags = re.findall(r"<\s*/?\s*([A-Za-z!?][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^>])*)>", html)
        names = {name.lower() for name, _ in tags}
        assert not names & {"script", "style", "svg", "iframe", "form", "input", "meta", "base", "link", "object", "embed", "template",
                            "noscript", "video", "audio", "button", "textarea", "select", "title", "body", "html"}, html  # fmt: skip
        for _, attributes in tags:
            names = {name.lower() for name in re.findall(r"([\w:-]+)\s*=", re.sub(r'"[^"]*"', "", attributes))}
            assert names <= {"href", "src", "alt", "rel", "start", "colspan", "rowspan", "scope", "display", "mathvariant",
                             "stretchy", "accent", "displaystyle", "scriptlevel", "style", "linethickness"}, html  # fmt: skip
            assert not re.search(rf"(href|src)=\"(?!https?://|#|mailto:|data:image/(png|jpeg);base64,)|style=\"[^\"]*url|src=\"http|{EVIL}/[b-z]",
                                 attributes.replace(f'href="http://{EVIL}/h"', "")), html  # fmt: skip


def test_a_picture_is_one():
    assert picture(PNG, "image/png") == PNG
    huge = "iVBORw0KGgoAAAANSUhEUgAA//8AAP//CAYAAAAfFcSJ"
    for data, mime in ((PNG, "image/jpeg"), (PNG, "image/svg+xml"), (PNG[:-1], "image/png"), (huge, "image/png"), (None, "image/png"),
                       ("x" * 4_000_000, "image/png"), ("PHN2Zz4=", "image/png"), (["a"], "image/png")):  # fmt: skip
        assert picture(data, mime) is None


@pytest.mark.parametrize("given", [
    {}, {"output_type": "display_data"}, {"output_type": "stream", "text": None}, {"output_type": "error", "traceback": [1, None]},
    {"output_type": "display_data", "data": [1]}, {"output_type": "x", "data": {"text/plain": {"a": 1}, "text/html": 5, "image/png": [1]}},
    {"output_type": "execute_result", "data": {"application/json": {}}, "metadata": 3},
])  # fmt: skip
def test_malformed_outputs_become_sound_ones(given):
    made = nbformat.v4.new_notebook(cells=[new_code_cell("x", outputs=[output(given, [10])])])
    nbformat.validate(made)


@pytest.mark.parametrize("bomb", ["<div>" * 200_000, "<b>" * 20_000, "<a " + " ".join(f"a{n}" for n in range(18_000)) + ">", "[" * 90_000,
                                  "*_" * 50_000, "$" * 90_000, "> " * 50_000, "![" * 40_000, "`" * 99_999, "\\" * 99_999,
                                  "|" + "a|" * 40_000 + "\n|" + "-|" * 40_000, "&" * 99_000, "<!--" * 20_000, "$\\frac{" * 300 + "$"])  # fmt: skip
def test_bombs_cost_little(bomb):
    began = time.process_time()
    made = output(displayed(text_html=bomb, text_markdown=bomb, text_plain=bomb), [40_000])
    rendered(markdown_source(bomb[:20_000]))
    assert time.process_time() - began < 3
    assert all(len(value) < 6 * CHARACTERS for value in made.data.values())


def test_formulas_hold_nothing_but_mathematics():
    assert formula(r"\frac{a}{b} < c").count("<mfrac>") == 1 and "&lt;" in formula("a < b")
    assert "<script" not in formula(r"\text{<script>alert(1)</script>}")
    assert not re.search("href|style=|class", formula(r"\href{javascript:alert(1)}{x}\style{a:b}{x}\class{y}{x}"))
    assert formula("{" * 5000).startswith("<code>{{") and 'display="block"' in formula("x", True)
    assert 'linethickness="0"' in formula(r"\binom{n}{k}")


# --- the page ---------------------------------------------------------------------------------


def test_a_page_says_where_the_points_are_and_what_to_do(made):
    html = made(late=True)
    text = re.sub(r"\s+", " ", re.sub("<[^>]*>", "", html[html.index("<body>") :]))
    for said in ("5 of 9 points", "Checks5 of 7", "not graded yet (2)", "It was handed in after", "Begin with The mean (1 of 3 points)",
                 "A person still grades Which one (2 points)", "Missing, and put back: check of mean.", "Expected 4, got 6.",
                 "Hint: Add, then &lt;divide&gt;.", "random numbers hidden check", "Judged with the reference&#39;s mean",
                 "Say in one sentence which average", "The median: one large value", "Graded 2026-03-02 10:00"):  # fmt: skip
        assert said in text, said
    assert html.index('id="mean"') < html.index('id="median"') < html.index('id="memo"')
    assert re.search(r'id="mean" open', html) and not re.search(r'id="median" open', html)
    assert 'href="#mean"' in html and "error carried forward" in html
    assert "What is <code>len</code>" not in html, "a hint to what passed"


def test_a_page_that_a_person_graded(made):
    html = made(points=6, hand={"memo": Hand(2, 2, "Why `the median`?"), "mean": Hand(None, 0, "Think <again>.")})
    for said in (
        "<dt>By a person</dt><dd>2 of 2",
        "<dt>Changed</dt><dd>-1",
        "Why <code>the median</code>?",
        "Think &lt;again&gt;.",
    ):
        assert said in html, said
    assert "waits" not in html and "still grades" not in html


def test_everything_passed_and_nothing_to_say(made, graded):
    cell(graded, "mean-check").outputs[0].data[MIME]["findings"] = [f.__dict__ for f in CARDS["mean"][1:2]]
    html = made(hand={"memo": Hand(2, 2)})
    assert "Every check passed" in html and "Not fenced in" not in html
    graded.metadata.mft.grading = {"isolation": "It ran without a fence, as --no-isolation was typed."}
    assert made().index("without a fence") < made().index("<h1")


def test_what_is_not_written_is_folded_and_says_so_once(made, graded):
    findings = cell(graded, "mean-check").outputs[0].data[MIME]["findings"]
    assert '<details class="part" id="mean" open>' in made()
    for finding in findings:
        finding |= {"verdict": "todo", "message": "Not written yet.", "earned": 0}
    html = made()
    assert '<details class="part" id="mean">' in html and html.count("Not written yet.") == 0 and "· not written" in html


@pytest.mark.parametrize("card", [None, [], {"findings": []}, {"exercise": "mean", "points": 3, "findings": [{"source": "secret"}]},
                                  {"exercise": "mean", "points": 3, "findings": ["secret"]}])  # fmt: skip
def test_a_check_without_a_verdict_is_told(made, graded, card):
    cell(graded, "mean-check").outputs = [new_output("display_data", data={MIME: card, "text/plain": "secret"})]
    assert "gave no verdict" in made() and "secret" not in made()


def test_of_hidden_checks_nothing_but_title_message_and_hint(made, graded):
    card = cell(graded, "mean-check").outputs[0].data[MIME]
    cell(graded, "mean-check").outputs[0].data["text/html"] = "secret"
    cell(graded, "mean-check").source = "secret"
    card["secret"] = "secret"
    assert "secret" not in made() and "random numbers" in made()


def test_a_page_is_one_file_whose_policy_fits_its_style(made):
    html = made()
    import base64
    import hashlib

    style = re.search("<style>(.*?)</style>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html and "default-src 'none'" in html
    assert html.count("<style") == 1 and not re.search(r"<script|<link|style=|https?://", html)
    assert "prefers-color-scheme: dark" in html and "@media print" in html
    levels = [int(n) for n in re.findall(r"<h(\d)", html)]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    for part in ('lang="en"', "<header>", "<main>", "<nav ", "<footer", 'scope="col"', 'scope="row"'):
        assert part in html


def test_long_outputs_and_many_are_cut(made, graded):
    cell(graded, "mean").outputs = [new_output("stream", name="stdout", text="x" * 1_000_000) for _ in range(200)]
    assert len(made()) < 60_000
    cell(graded, "mean").outputs = [
        new_output("stream", name="stdout", text="\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07y")
    ]
    assert "red y" in made()


def test_a_page_of_a_real_unit_is_made_in_a_blink(root):
    nb = nbformat.read(root / "release" / "06-metrics" / "metrics.ipynb", 4)
    for c in nb.cells:
        if kind(c) == "check":
            name, points = c.metadata.mft.exercise, c.metadata.nbgrader.points
            findings = [
                Finding(f"check {n}", "failed", points / 6, "Expected 1, got 2. " * 5, "Look again. " * 5)
                for n in range(6)
            ]
            c.outputs = [new_output("execute_result", data={MIME: Scorecard(name, points, findings).to_dict()})]
    told = about(nb)
    assert told["title"] == "Evaluating a model" and told["headings"]["roc_curve"] == "The ROC curve in code"
    assert "<li>" in told["rubrics"]["memo"] and "The clinic wants" not in told["rubrics"]["memo"]
    given = {"student": "ada", "unit": "06-metrics", "points": 0, "out_of": 130, "hand": {}, "late": False} | told
    page(nb, **given)
    began = time.process_time()
    html = page(nb, **given)
    assert time.process_time() - began < 0.05 and len(html) < 120_000


def test_what_people_said_comes_from_the_gradebook(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook

    monkeypatch.setenv("PATH", programs_path())  # nbgrader calls alembic

    with Gradebook(f"sqlite:///{tmp_path / 'g.db'}", "mft") as book:
        book.add_assignment(UNIT)
        book.add_notebook("tiny", UNIT)
        for name, sort in (("memo", "markdown"), ("plan", "markdown"), ("mean-check", "code")):
            book.add_grade_cell(name, "tiny", UNIT, max_score=2, cell_type=sort)
        for name in ("memo", "plan", "mean", "late"):
            book.add_solution_cell(name, "tiny", UNIT)
        book.add_student("ada")
        book.add_submission(UNIT, "ada")
        memo = book.find_grade("memo", "tiny", UNIT, "ada")
        memo.manual_score, memo.needs_manual_grade = 1.5, False
        book.find_comment("mean", "tiny", UNIT, "ada").manual_comment = "Neat."
        book.find_comment("late", "tiny", UNIT, "ada").auto_comment = "No response."  # the card says so
        book.db.commit()
        said = feedback.hands(book.find_submission_notebook("tiny", UNIT, "ada"))
    assert said == {"memo": Hand(1.5, 2), "plan": Hand(None, 2), "mean": Hand(None, 0, "Neat.")}


# --- in a browser -----------------------------------------------------------------------------


@pytest.mark.browser
def test_no_page_obeys(watched, made, graded, tmp_path):
    nb = poisoned(graded)
    for number, source in enumerate((nb, sanitized(nb))):
        path = tmp_path / f"page{number}.html"
        said = {"memo": Hand(1, 2, HTML[1])}
        html = made(source, student=HTML[1], title=HTML[0], hand=said)
        path.write_bytes(html.encode())
        watched.goto(path.as_uri())
        for name in watched.locator("details").all():
            name.evaluate("d => d.open = true")
        watched.wait_for_timeout(500)
        assert watched.seen == []
        assert watched.evaluate(f"() => ({AUDIT})(document.body)") == []
        # only the head says so
        assert watched.locator("h1").count() == 1 and watched.locator(".total").inner_text() == "5 of 9 points"
        clear = "e => { const b = e.getBoundingClientRect(); return document.elementFromPoint(b.x + 5, b.y + 5) === e }"
        assert watched.locator(".total").evaluate(clear)


@pytest.mark.browser
def test_nothing_comes_alive_where_html_is_set_and_parsed_again(watched):
    """As JupyterLab sets it: a sanitiser that can be outwitted is outwitted by the second parsing."""
    watched.goto("about:blank")
    watched.evaluate("html => { document.body.innerHTML = html }", f"<img src='http://{EVIL}/a' onerror={RUN}>")
    watched.wait_for_timeout(300)
    assert {"dialog 1", f"http://{EVIL}/a"} <= set(watched.seen), "else the rest of this test would see nothing either"
    watched.seen.clear()
    watched.goto("about:blank")
    for ours in (False, True):
        parts = [str(output(displayed(text_html=h), [10_000]).data.get("text/html", "")) for h in EVERYTHING]
        parts += [str(rendered(h, ours=ours)) for h in EVERYTHING]
        parts += [str(rendered(markdown_source(h), ours=True)) for h in EVERYTHING] + [
            str(clean_html(h)) for h in EVERYTHING
        ]
        for _ in range(3):
            parts = watched.evaluate("""parts => parts.map(html => {
                const place = document.createElement('div');
                document.body.append(place); place.innerHTML = html; return place.innerHTML; })""", parts)  # fmt: skip
        watched.wait_for_timeout(500)
        assert watched.seen == []
        assert watched.evaluate(f"() => ({AUDIT})(document.body)") == []


@pytest.mark.browser
def test_a_page_fits_a_phone_and_prints_what_is_folded(watched, made, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(made(), encoding="utf-8")
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            watched.set_viewport_size({"width": width, "height": 800})
            watched.emulate_media(color_scheme=scheme, media="screen")
            watched.goto(path.as_uri())
            assert watched.evaluate("document.documentElement.scrollWidth") <= width
            watched.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)
            assert watched.locator("body").evaluate("b => getComputedStyle(b).backgroundColor") == {
                "light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]  # fmt: skip
    folded = watched.locator("#median table")
    assert not folded.is_visible()
    watched.get_by_role("link", name="The mean").click()
    watched.emulate_media(media="print")
    assert watched.locator("#median").bounding_box()["height"] > 150
    assert watched.seen == []


def test_the_payloads_are_many():
    assert len(HTML) >= 30 and len(MARKDOWN) >= 10 and json.dumps(ATTACHMENTS)

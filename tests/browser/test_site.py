"""The site as a reader has it: from a folder, below any address, on a phone, in the dark, and served by `mft lab`."""

import datetime
import functools
import http.server
import json
import shutil
import threading
from urllib.parse import unquote

import pytest
from browser import copy_course, running_lab
from make_site import ROOT, Site

from mftcourse.learning.quiz import Standing, schedule

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
pytestmark = pytest.mark.browser

QUESTION = "interview/precision-and-recall.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of the course, with those figures that the cache has."""
    out = tmp_path_factory.mktemp("host") / "some" / "course"
    out.parent.mkdir()
    Site(ROOT, run=False).write(out)
    return out


@pytest.fixture(scope="module")
def address(site):
    """A static host that has the site below some/course/."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    top = functools.partial(Quiet, directory=site.parent.parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), top)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/course/"
    server.shutdown()


@pytest.fixture
def reader(chromium):
    """A window that fails the test when a page asks another host, or complains."""
    context = chromium.new_context(viewport={"width": 420, "height": 900}, color_scheme="light")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda m: page.errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    assert page.errors == []
    context.close()


def found(page, query):
    page.locator("#search").fill(query)
    page.locator("#results p").wait_for()
    page.wait_for_function("query => document.getElementById('search').value === query", arg=query)
    page.wait_for_timeout(300)
    return page.locator("#results a strong").all_inner_texts()


@pytest.mark.parametrize("way", ["folder", "host"])
def test_the_search_finds_words_and_questions_in_both_languages(way, site, address, reader):
    start = address if way == "host" else f"{site.as_uri()}/"
    reader.goto(f"{start}index.html")
    assert found(reader, "recall")[:2] == ["recall · 召回率", "What is the difference between precision and recall?"]
    assert any("召回率" in title for title in found(reader, "召回率"))
    assert found(reader, "精确率和召回率有什么区别")[0] == "精确率和召回率有什么区别？"
    assert found(reader, "how does precision differ from recall")[0] == "What is the difference between precision and recall?"
    assert found(reader, "zzzqqq") == [] and "Nothing found" in reader.locator("#results").inner_text()
    reader.goto(f"{start}zh/units/06-metrics.html")
    assert found(reader, "召回率")[:2] == ["召回率 · 查全率、灵敏度 · recall", "精确率和召回率有什么区别？"]
    reader.locator("#search").press("Enter")  # the first: a word of the glossary
    reader.wait_for_url("**/glossary.html#*")
    found(reader, "召回率")
    reader.locator("#results a").nth(1).click()
    reader.get_by_role("heading", name="精确率和召回率有什么区别？").wait_for()
    assert reader.url == f"{start}zh/{QUESTION}"
    assert all(url.startswith(start) for url in reader.asked)


# What people type for what an interviewer asks, not in the bank's words, and the pages that answer it. The first five of
# each language showed what the search lacked. The others follow other people's lists: of thirty such, 26 were answered
# at first sight, three more after it was mended again, and one is not ("ship xgboost because auc 0.85 beats 0.81").
ASKED = {
    "en": [
        ("99% accuracy why not impressed", "accuracy-on-imbalanced-data"),
        ("why does my validation loss go up", "read-loss-curve early-stopping"),
        ("out of memory when training", "training-memory"),
        ("pick a cutoff for probabilities", "choose-a-threshold"),
        ("good offline bad in production", "training-serving-skew data-leakage"),
        ("cancer detection precision or recall more important", "f2-or-f05 precision-and-recall"),
        ("AUC is high but recall is low", "auc-of-0-8 choose-a-threshold roc-or-pr-curve"),
        ("both training and validation accuracy are low", "read-loss-curve"),
        ("city feature with 3000 unique values", "encode-categories"),
        ("difference between model.train() and model.eval()", "eval-and-no-grad"),
        ("why are CNNs so good on images", "why-convolution"),
        ("what happens if requires_grad is true", "what-requires-grad-does"),
        ("pytorch over tensorflow for research", "choose-a-framework"),
        ("advantages of LSTM over vanilla RNN", "rnn-or-transformer"),
        ("40% missing values in one column drop or keep", "dropna fill-in-missing kinds-of-missing"),
    ],
    "zh": [
        ("怎么证明真的冻结了", "prove-that-weights-are-frozen"),
        ("样本不均衡用什么指标", "accuracy-on-imbalanced-data roc-or-pr-curve evaluate-a-model"),
        ("梯度爆炸怎么办", "gradient-clipping"),
        ("空值怎么处理", "fill-in-missing dropna kinds-of-missing"),
        ("过拟合怎么办", "dropout early-stopping read-loss-curve"),
        ("垃圾邮件更看重precision还是recall", "f2-or-f05 precision-and-recall"),
        ("LoRA与QLoRA的区别", "what-is-lora"),
        ("train loss不断下降，test loss趋于不变", "read-loss-curve"),
        ("学习率的取值对神经网络训练的影响", "choose-learning-rate optimise-training"),
        ("overfitting怎么办", "dropout early-stopping read-loss-curve optimise-training"),
        ("Sigmoid和softmax有什么不同", "outputs-to-decisions logits-and-loss"),
        ("训练不收敛怎么排查", "test-a-loop choose-learning-rate condition-number read-loss-curve"),
        ("模型上线三个月后效果变差", "training-serving-skew"),
        ("参数初始化方法", "symmetric-weights"),
        ("40%的缺失值要不要删这一列", "dropna fill-in-missing kinds-of-missing"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("lang", ASKED)
def test_a_question_as_an_interviewer_words_it_is_answered_by_one_of_the_first_three(lang, address, reader):
    reader.goto(f"{address}{'zh/' if lang == 'zh' else ''}index.html")
    missed = {}
    for typed, right in ASKED[lang]:
        found(reader, typed)
        first = [link.get_attribute("href") for link in reader.locator("#results a").all()[:3]]
        where = "zh/interview" if lang == "zh" else "interview"
        if not {f"{where}/{name}.html" for name in right.split()} & {url.removeprefix("../") for url in first}:
            missed[typed] = first
    assert not missed
    reader.locator("#results a").first.click()  # and from there to what proves it
    reader.locator("main li a", has_text="mft drill").first.click()
    task = reader.locator(f"#{unquote(reader.url.partition('#')[2])}")
    expect(task).to_be_in_viewport()
    expect(task).to_contain_text("mft drill")


def test_what_is_asked_about_large_models_says_what_is_answered(address, reader):
    reader.goto(f"{address}index.html")
    reader.locator("main").get_by_role("link", name="Large models").click()
    reader.get_by_role("link", name="What is asked, and how often").click()
    row = reader.locator("tr", has_text="LoRA: how A and B start")
    expect(row).to_contain_text("≈ 5")
    expect(reader.locator("tr", has_text="DPO, and against PPO")).to_contain_text("not yet")
    reader.locator("#language").click()
    expect(reader.locator("tr", has_text="LoRA：A 和 B 的初始化")).to_contain_text("≈ 5")
    reader.locator("tr", has_text="LoRA：A 和 B 的初始化").get_by_role("link").click()
    reader.wait_for_url("**/zh/interview/what-is-lora.html")


def test_the_language_switch_stays_on_the_page(address, reader):
    for url in (QUESTION, "units/06-metrics.html", "cards.html", "instructors/04-mlp.html", "index.html"):
        reader.goto(address + url)
        reader.locator("#language").click()
        expect(reader.locator("html")).to_have_attribute("lang", "zh")
        assert reader.url == f"{address}zh/{url}"
        reader.locator("#language").click()
        expect(reader.locator("html")).to_have_attribute("lang", "en")
        assert reader.url == address + url


def test_every_link_leads_to_a_place_and_every_page_fits_a_phone(address, reader):
    """All pages that one can reach, at 420 px: their links, their width, and whom they ask."""
    ids, links, left = {}, set(), [f"{address}index.html"]
    while left:
        url = left.pop()
        reader.goto(url, wait_until="load")
        seen = reader.evaluate(
            """() => ({
                ids: [...document.querySelectorAll('[id]')].map(e => e.id),
                links: [...document.links].map(a => a.href),
                wide: document.documentElement.scrollWidth > innerWidth,
                bare: document.querySelectorAll('merror, [style]').length,
            })"""
        )
        assert not seen["wide"], f"{url} is wider than a phone"
        assert not seen["bare"], url
        ids[url] = set(seen["ids"])
        links |= {(url, link) for link in seen["links"]}
        inner = {link.partition("#")[0] for link in seen["links"] if link.startswith(address) and ".html" in link}
        left += [link for link in inner if link not in ids and link not in left]
    assert len(ids) > 240 and f"{address}zh/mock.html" in ids
    for url, link in links:
        to, _, anchor = link.partition("#")
        if link.startswith(address) and ".html" in to:
            assert not anchor or unquote(anchor) in ids[to], f"{url}: {link}"
    assert [url for url in reader.asked if not url.startswith(address)] == []


def luminance(page, selector, what):
    red, green, blue = (
        int(part)
        for part in page.evaluate(
            "([s, w]) => getComputedStyle(document.querySelector(s))[w].match(/\\d+/g).slice(0, 3)", [selector, what]
        )
    )
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_light_and_dark_as_the_system_has_it_until_one_chooses(address, reader):
    reader.goto(address + QUESTION)
    for scheme in ("light", "dark"):
        reader.emulate_media(color_scheme=scheme)
        expect(reader.locator("html")).to_have_attribute("data-theme", scheme)
        ground = luminance(reader, "body", "backgroundColor")
        assert (ground > 0.5) == (scheme == "light")
        for part in ("main p", "main a[href]", ".home", "#theme"):
            pair = sorted((ground, luminance(reader, part, "color")))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, f"{part} is hard to read, {scheme}"
    reader.locator("#theme").click()
    expect(reader.locator("html")).to_have_attribute("data-theme", "light")
    reader.goto(f"{address}index.html")
    expect(reader.locator("html")).to_have_attribute("data-theme", "light")


def test_formulas_are_drawn_without_a_script(address, reader):
    reader.goto(address + QUESTION)
    block = reader.locator("math[display=block]").first
    assert block.locator("mfrac").count() >= 1
    assert reader.evaluate("m => getComputedStyle(m).display", block.element_handle()) == "block math"


def standings(page):
    return page.evaluate("() => JSON.parse(localStorage.getItem('mft-quiz'))")


def test_cards_come_back_by_the_rule_of_the_quiz_and_outlive_a_reload(address, reader):
    reader.goto(f"{address}cards.html")
    before, today = None, datetime.date.today()
    first = reader.locator("#card h2").inner_text()
    reader.locator("#show").click()
    expect(reader.locator("#card details").first).to_have_attribute("open", "")
    reader.locator("#missed").click()
    for grade in ("missed", "knew", "partly"):  # two others, until the missed one comes again
        if grade != "missed":
            reader.locator("#show").click()
            reader.keyboard.press("3")
    reader.locator("#show").click()
    reader.keyboard.press("3")
    expect(reader.locator("#card h2")).to_have_text(first)  # once more
    expect(reader.locator(".place")).to_contain_text("once more")
    kept = standings(reader)
    assert len(kept) == 4
    name = next(i for i, s in kept.items() if "missed" in s["counts"])
    before = schedule(None, "missed", today)
    assert Standing.model_validate(kept[name]) == before
    reader.reload()
    assert reader.locator("#card h2").inner_text() == first  # due today: first of all
    assert standings(reader) == kept
    for known in range(6):
        step = reader.evaluate("([s, g]) => mftState.schedule(s, g)", [before.model_dump(mode="json"), "knew" if known % 3 else "partly"])
        before = schedule(before, "knew" if known % 3 else "partly", today)
        assert Standing.model_validate(step) == before
    routes = {r["id"]: r["questions"] for r in reader.evaluate("() => MFT.routes")}
    reader.goto(f"{address}cards.html?three-evenings")
    order = {q["question"]: q["id"] for q in reader.evaluate("() => MFT.questions")}
    asks = [order[reader.locator("#card h2").inner_text()]]
    assert asks[0] in kept or asks[0] == next(i for i in routes["three-evenings"] if i not in kept)
    reader.locator("#unit").select_option("06-metrics")
    asked = {q["id"]: q["unit"] for q in reader.evaluate("() => MFT.questions")}
    reader.locator("#show").click()
    reader.locator("#knew").click()
    new = set(standings(reader)) - set(kept)
    assert {asked[i] for i in new} == {"06-metrics"}


def test_the_mock_interview_goes_on_after_a_reload_and_ends_with_what_to_study(address, reader):
    reader.goto(f"{address}mock.html")
    reader.locator("#count").fill("3")
    reader.locator("#begin").click()
    expect(reader.locator("#clock")).to_contain_text("29:")
    reader.locator("#typed").fill("what I said")
    reader.locator("#show").click()
    points = reader.locator("#points input")
    points.first.check()
    every = points.count()
    reader.reload()  # in the middle of an answer
    expect(reader.locator("#typed")).to_have_value("what I said")
    expect(points.first).to_be_checked()
    reader.locator("#next summary").click()
    expect(reader.locator("#next p")).to_be_visible()
    reader.locator("#missed").click()
    expect(reader.locator("#mock")).to_contain_text("2 of 3")
    second = reader.locator("#mock h2").inner_text()
    reader.locator("#typed").fill("half a sen")
    reader.reload()
    expect(reader.locator("#mock h2")).to_have_text(second)
    expect(reader.locator("#typed")).to_have_value("half a sen")
    for _ in range(2):
        reader.locator("#show").click()
        reader.locator("#knew").click()
    reader.get_by_role("heading", name="What to study").wait_for()
    expect(reader.locator("#mock")).to_contain_text("You knew 2 of 3")
    assert reader.locator("#study h3").count() == 1
    rows = reader.locator("#mock tr").all_inner_texts()[1:]
    assert sum(f"1 / {every}" in row for row in rows) == 1
    assert len(rows) == 3  # three questions come from three units
    reader.reload()
    reader.get_by_role("heading", name="What to study").wait_for()
    reader.locator("#study h3 a").click()
    reader.get_by_role("heading", name="The short answer").wait_for()
    assert sorted(json.dumps(s["counts"]) for s in standings(reader).values()) == ['{"knew": 1}', '{"knew": 1}', '{"missed": 1}']


@pytest.mark.slow
def test_mft_lab_serves_the_site_and_the_quiz_keeps_what_one_answers_there(site, chromium, tmp_path):
    root = copy_course(tmp_path)
    shutil.copytree(ROOT / "docs" / "interview", root / "docs" / "interview")
    with running_lab(tmp_path) as lab:
        context = chromium.new_context(viewport={"width": 1366, "height": 900})
        context.set_default_timeout(90_000)
        page = context.new_page()

        # not built: the questions alone, their formulas readable
        page.goto(lab.page_url(""))
        with context.expect_page() as opened:
            page.locator("#mft-site").click()
        reader = opened.value
        reader.get_by_role("heading", name="Interview questions").wait_for()
        reader.get_by_role("link", name="What is the difference between precision and recall?").first.click()
        reader.get_by_role("heading", name="The short answer").wait_for()
        assert "$" not in reader.locator("body").inner_text()
        reader.get_by_role("link", name="中文").click()
        reader.get_by_role("heading", name="精确率和召回率有什么区别？").wait_for()
        assert "/lab/tree/06-metrics/metrics.ipynb#" in reader.locator("li a").last.get_attribute("href")
        assert lab.status("mft/site/cards.html") == 404 and lab.status("mft/site/..%2f..%2fconstraints.txt") in (403, 404)

        # built: the cards know what the quiz knows, and the other way round
        shutil.copytree(site, root / "site")
        state = root / "work" / ".mft" / "quiz.json"
        reader.goto(f"{lab.url}/mft/site/")
        reader.get_by_role("link", name="Cards").first.click()
        reader.locator("#show").click()
        reader.locator("#knew").click()
        expect(reader.locator(".place")).to_contain_text("2 of 10")
        kept = json.loads(state.read_text())["questions"]
        assert [s["box"] for s in kept.values()] == [1]
        assert reader.evaluate("() => localStorage.getItem('mft-quiz')") is None
        kept["precision-and-recall"] = {"box": 1, "due": "2020-01-01", "counts": {"knew": 1}}
        state.write_text(json.dumps({"version": 1, "questions": kept}))
        reader.reload()
        expect(reader.locator("#card h2")).to_have_text("What is the difference between precision and recall?")

        # the proof leads into the learner's own notebook
        reader.goto(f"{lab.url}/mft/site/{QUESTION}")
        link = reader.get_by_role("link", name="Precision, recall and F-beta in code")
        expect(link).to_have_attribute("href", "/lab/tree/06-metrics/metrics.ipynb#Precision%2C-recall-and-F-beta-in-code")
        link.click()
        reader.get_by_role("tab", name="metrics.ipynb").wait_for()
        section = reader.locator(".jp-Notebook").get_by_role("heading", name="Precision, recall and F-beta in code")
        expect(section).to_be_in_viewport(timeout=60_000)
        context.close()

        # a stranger without the token reads nothing and writes nothing
        stranger = chromium.new_context()
        answer = stranger.request.get(f"{lab.url}/mft/quiz")
        assert answer.status == 403
        assert stranger.request.post(f"{lab.url}/mft/quiz", data={"id": "dropna", "grade": "knew"}).status == 403
        assert "login" in stranger.request.get(f"{lab.url}/mft/site/index.html").url
        stranger.close()

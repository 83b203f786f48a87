"""The quiz in JupyterLab, with the mouse and with the keyboard alone."""

import json
import re

import nbformat
import pytest
from browser import copy_course, running_lab

from mftcourse.course import interview
from mftcourse.course.files import Course
from mftcourse.learning import quiz

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", interview.WORDS)
def test_two_questions_are_answered_and_kept(tmp_path, page, lang):
    words = quiz.WORDS[lang] | interview.WORDS[lang]
    root = copy_course(tmp_path)
    built = root / "release" / "06-metrics" / "interview.json"
    bank = interview.load(root / "course" / "06-metrics" / "interview.yaml")
    heading = "The ROC curve in code"
    bank.questions[0].en.headings = [heading]
    built.write_text(bank.model_dump_json(), encoding="utf-8")
    with running_lab(tmp_path) as lab:
        code = f"from mftcourse.learning.quiz import show\n\nshow(unit='06', lang='{lang}', count=2)"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        nbformat.write(notebook, lab.root / "work" / "quiz.ipynb")
        first, second = (i.question for i in interview.questions(Course(lab.root), "06")[:2])
        state = lab.root / "work" / ".mft" / "quiz.json"

        page.goto(lab.page_url("lab/tree/quiz.ipynb"))
        cell = page.locator(".jp-Notebook .jp-CodeCell").first
        cell.wait_for()
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        cell.locator(".jp-InputPrompt").click()
        page.keyboard.press("Shift+Enter")

        def button(key):
            return page.get_by_role("button", name=words[key], exact=True)

        # with the mouse: nothing can be graded before the answer is there
        page.get_by_text(first.wording(lang).question).wait_for()
        assert page.get_by_text(words["of"].format(1, 2)).count() == 1
        assert button("knew").is_disabled() and button("deep").is_disabled()
        button("show").click()
        expect(button("knew")).to_be_enabled()
        button("deep").click()
        page.locator(".jp-OutputArea mjx-container").first.wait_for()  # its formulas are set
        button("proof").click()
        link = page.locator(".jp-OutputArea").get_by_role("link", name=heading)
        link.wait_for()
        page.screenshot(path=tmp_path / f"answer-{lang}.png")
        button("missed").click()
        page.get_by_text(second.wording(lang).question).wait_for()
        assert json.loads(state.read_text())["questions"][first.id]["box"] == 0

        # with the keyboard alone: the button to press next has the focus
        expect(button("show")).to_be_focused()
        page.keyboard.press("Space")
        expect(button("knew")).to_be_enabled()
        for _ in range(12):
            page.keyboard.press("Tab")
            if button("knew").evaluate("b => b === document.activeElement"):
                break
        page.keyboard.press("Space")
        page.get_by_text(re.compile(re.escape(words["again"]))).wait_for()
        assert json.loads(state.read_text())["questions"][second.id]["box"] == 1
        button("show").click()
        button("knew").click()
        page.get_by_text(words["known"].format(1, 2)).wait_for()
        page.screenshot(path=tmp_path / f"end-{lang}.png")
        assert len(json.loads(state.read_text())["questions"]) == 2

        # the link opens the learner's notebook that proves the answer
        button_again = page.locator(".jp-Notebook .jp-CodeCell").first.locator(".jp-InputPrompt")
        state.unlink()
        button_again.click()
        page.keyboard.press("Shift+Enter")
        button("show").click()
        button("proof").click()
        link.click()
        page.get_by_role("tab", name="metrics.ipynb").wait_for()
        page.get_by_role("heading", name=heading, exact=True).first.wait_for(state="attached")
        page.screenshot(path=tmp_path / f"proof-{lang}.png")

"""Where am I: the overview from the first start to the next one, at two widths, light and dark."""

import contextlib
import json
import re
import time
from itertools import combinations
from pathlib import Path

import nbformat
import psutil
import pytest
from browser import copy_course, running_lab

from mftcourse.course.lesson import parse, reference

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
pytestmark = pytest.mark.browser

UNIT, NOTEBOOK = "05-optimisation", "05-optimisation/optimisation.ipynb"
MINUTE = 60_000
expect.set_options(timeout=30_000)  # a loaded machine reads seven notebooks in more than five seconds
WIDTHS, SCHEMES = (800, 1366), ("light", "dark")


@contextlib.contextmanager
def window(chromium, width=1366, scheme="light"):
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.errors = []
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    yield page
    context.close()


def overview(page):
    """The overview, in front and filled."""
    page.get_by_role("tab", name="Overview").click()
    shown = page.locator("#mft-overview")
    shown.get_by_role("table").wait_for()
    return shown


def row(page):
    return overview(page).get_by_role("row").filter(has=page.locator(f"#mft-{UNIT}"))


def front(page):
    return page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")


def eventually(tell, seconds=60):
    """Wait until `tell()` is true of something that no page shows."""
    until = time.monotonic() + seconds
    while not tell():
        assert time.monotonic() < until, f"{seconds} seconds later it is not so"
        time.sleep(0.2)


def answer(page, exercise: int, check: int, source: str, verdict: str):
    """Write into the exercise's cell, run it and what follows up to its checks, and read the scorecard."""
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.nth(exercise).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    for _ in range(exercise, check + 1):  # by the keyboard alone: the check cell may be folded
        page.keyboard.press("Shift+Enter")
    table = cells.nth(check).locator(".jp-OutputArea table")
    expect(table).to_contain_text(verdict, timeout=3 * MINUTE)
    return table.inner_text()


def first_exercise(root: Path) -> tuple[int, int, str, str]:
    """Positions of the unit's first exercise in code and of its checks, a wrong answer and the right one."""
    lesson = parse(root / "course" / UNIT)
    release = nbformat.read(root / "release" / NOTEBOOK, as_version=4).cells
    known = [(c.metadata.get("mft", {}).get("kind"), c.metadata.get("mft", {}).get("exercise")) for c in release]
    wrong = {cell.exercise: cell.source for cell in reversed(lesson.wrong_answers)}
    at = next(
        i
        for i, (kind, name) in enumerate(known)
        if kind == "exercise" and name in wrong and "raise NotImplementedError" in release[i].source
    )
    name = known[at][1]
    return at, known.index(("check", name)), wrong[name], reference(lesson.exercises[name].source)


def test_from_the_first_start_to_the_next_one(chromium, tmp_path):
    at, check, wrong, right = first_exercise(copy_course(tmp_path))
    with running_lab(tmp_path) as lab, window(chromium) as page:
        # the first start shows the overview, and one click or key opens a unit
        page.goto(lab.page_url(""))
        expect(front(page)).to_have_text("Overview")
        shown = page.locator("#mft-overview")
        shown.get_by_role("link", name=re.compile("^Begin 01")).wait_for()
        assert shown.get_by_role("rowheader").count() == len(list((lab.root / "release").glob("[0-9]*")))
        expect(row(page)).to_contain_text(re.compile(r"not started\s*0 of \d+"))
        page.locator("#mft-next").focus()
        for _ in range(5):
            page.keyboard.press("Tab")
        expect(page.locator(f"#mft-{UNIT}")).to_be_focused()
        page.keyboard.press("Enter")
        expect(front(page)).to_have_text("optimisation.ipynb")
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=2 * MINUTE)

        # a wrong answer, and the right one
        page.locator(".jp-Notebook .jp-Cell").nth(at).locator(".jp-InputPrompt").click()
        page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Above Selected Cell").click()
        answer(page, at, check, wrong, "failed")
        page.keyboard.press("Control+s")
        expect(row(page)).to_contain_text(re.compile(r"going\s*0 of \d+"))
        page.get_by_role("tab", name="optimisation.ipynb").click()
        assert "failed" not in answer(page, at, check, right, "passed")
        page.keyboard.press("Control+s")

        # the overview has moved, with nothing run or loaded again
        expect(row(page)).to_contain_text(re.compile(r"going\s*1 of \d+"))
        page.locator("#mft-overview").get_by_role("link", name=re.compile("^Go on with 05")).click()
        expect(front(page)).to_have_text("optimisation.ipynb")
        page.screenshot(path=tmp_path / "notebook.png")
        kept = lab.root / ".mft" / "learner" / "config" / "lab" / "workspaces"
        eventually(lambda: any(NOTEBOOK in p.read_text() for p in kept.glob("*")))
        assert page.errors == []

    # the next start: the notebook that was open last, the overview beside it
    with running_lab(tmp_path) as lab, window(chromium) as page:
        page.goto(lab.page_url(""))
        expect(front(page)).to_have_text("optimisation.ipynb")
        cell = page.locator(".jp-Notebook .jp-Cell").nth(at)
        expect(cell.locator(".cm-content")).to_contain_text(right.splitlines()[-1].strip())
        expect(row(page)).to_contain_text(re.compile(r"going\s*1 of \d+"))

    # a unit that is asked for comes in front
    with running_lab(tmp_path, "07") as lab, window(chromium) as page:
        page.goto(lab.page_url(""))
        expect(front(page)).to_have_text("finetuning.ipynb")
        page.get_by_role("tab", name="optimisation.ipynb").wait_for()


def test_a_button_runs_what_stands_on_it(chromium, tmp_path, monkeypatch):
    monkeypatch.delenv("SHELL", raising=False)  # as in a container
    with running_lab(tmp_path) as lab, window(chromium) as page:
        page.goto(lab.page_url(""))
        overview(page).get_by_role("button", name="mft quiz", exact=True).click()
        server = psutil.Process(lab.pid)
        eventually(lambda: any(p.cmdline()[-1:] == ["quiz"] for p in server.children(recursive=True)))

        # a newer release comes while JupyterLab is open, and stands beside the learner's after one click
        released = lab.root / "release" / NOTEBOOK
        nb = json.loads(released.read_text(encoding="utf-8"))
        nb["cells"].append({"id": "more", "cell_type": "markdown", "source": "More.",
                            "metadata": {"mft": {"kind": "prose"}}})  # fmt: skip
        released.write_text(json.dumps(nb), encoding="utf-8")
        mine = lab.root / "work" / NOTEBOOK
        before = mine.read_bytes()
        button = overview(page).get_by_role("button", name="mft start 05")
        button.click()
        eventually(lambda: list(mine.parent.glob("optimisation.update-*.ipynb")))
        overview(page)
        expect(button).to_have_count(0)
        assert mine.read_bytes() == before

        # it stays when everything is closed
        page.locator("#jp-MainMenu").get_by_text("File", exact=True).click()
        page.get_by_role("menuitem", name="Close All Tabs").click()
        expect(page.locator("#jp-main-dock-panel .lm-TabBar-tab")).to_have_text(["Overview"])


def test_nothing_overlaps_and_the_systems_preference_is_followed(chromium, tmp_path):
    with running_lab(tmp_path) as lab:
        for width in WIDTHS:
            for scheme in SCHEMES:
                with window(chromium, width, scheme) as page:
                    page.goto(lab.page_url(""))
                    shown = overview(page)
                    light = str(scheme == "light").lower()
                    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)
                    page.screenshot(path=tmp_path / f"{scheme}-{width}.png")
                    assert shown.evaluate("n => n.scrollWidth <= n.clientWidth"), (width, scheme)
                    parts = shown.locator("h1, h2, p, caption, th, td").all()
                    boxes = [(part.inner_text(), part.bounding_box()) for part in parts]
                    for (one, a), (other, b) in combinations(boxes, 2):
                        apart = a["x"] + a["width"] <= b["x"] + 1 or b["x"] + b["width"] <= a["x"] + 1
                        apart |= a["y"] + a["height"] <= b["y"] + 1 or b["y"] + b["height"] <= a["y"] + 1
                        assert apart, (width, scheme, one, other)
                    text, ground = shown.evaluate(
                        "n => [getComputedStyle(n).color, getComputedStyle(n).backgroundColor]"
                    )
                    bright = [sum(map(int, re.findall(r"\d+", c)[:3])) > 384 for c in (text, ground)]
                    assert bright == [scheme == "dark", scheme == "light"], (scheme, text, ground)
                    assert shown.get_by_role("columnheader").all_inner_texts() == [
                        "Unit", "State", "Exercises", "Points", "Minutes left"
                    ]  # fmt: skip
                    assert page.errors == []

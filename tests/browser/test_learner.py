"""The main job, in a browser: open a unit, see a stub fail, solve an exercise, see it pass, press Validate."""

import json
import re
from pathlib import Path

import pytest
from browser import running_lab

from mftcourse.learning.scorecards import digest

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
pytestmark = pytest.mark.browser

UNIT = "06-metrics"
NOTEBOOK = "06-metrics/metrics.ipynb"
MINUTES = 60_000


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def first_function(release: list[dict]) -> tuple[int, int]:
    """Positions of the first exercise that asks for code, and of its checks."""
    for i, cell in enumerate(release):
        meta = cell["metadata"].get("mft", {})
        if meta.get("kind") == "exercise" and "raise NotImplementedError" in source(cell):
            check = next(
                j
                for j, other in enumerate(release)
                if other["metadata"].get("mft", {}) | {"kind": "check"} == other["metadata"].get("mft", {})
                and other["metadata"]["mft"]["exercise"] == meta["exercise"]
            )
            return i, check
    raise AssertionError(f"{UNIT} has no exercise that asks for code")


def open_notebook(page, lab) -> None:
    page.goto(lab.page_url(f"lab/tree/{NOTEBOOK}"))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()  # the kernel is there


def run_cell(page, position: int) -> None:
    """Select the code cell at `position`, press Shift+Enter, and wait until it has run."""
    prompt = page.locator(".jp-Notebook .jp-Cell").nth(position).locator(".jp-InputPrompt")
    ran = prompt.inner_text()
    prompt.click()
    page.keyboard.press("Shift+Enter")
    expect(prompt).not_to_have_text(ran, timeout=10_000)  # the star of a running cell, or already its number
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=3 * MINUTES)


def scorecard(page, position: int):
    """The table of the scorecard below the check cell at `position`."""
    return page.locator(".jp-Notebook .jp-Cell").nth(position).locator(".jp-OutputArea table")


@pytest.fixture
def learner(tmp_path):
    with running_lab(tmp_path) as lab:
        yield lab


@pytest.fixture
def instructor(tmp_path):
    with running_lab(tmp_path, "--instructor") as lab:
        yield lab


def test_learner_solves_an_exercise(learner, page):
    lab = learner
    release = cells(lab.root / "release" / NOTEBOOK)
    solution = cells(lab.root / "solutions" / NOTEBOOK)
    exercise, check = first_function(release)
    answer = next(source(c) for c in solution if c["id"] == release[exercise]["id"])

    open_notebook(page, lab)

    # nothing of an instructor's, and nothing that asks for attention
    assert "Nbgrader" not in page.locator("#jp-MainMenu").inner_text()
    assert page.get_by_text("Jupyter news").count() == 0
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
    assert page.get_by_role("tab", name=re.compile("Create Assignment|Extension Manager")).count() == 0
    assert lab.status("formgrader") == 404

    # checks are folded; the line that stays says which exercise they check, to a screen reader too
    name = release[check]["metadata"]["mft"]["exercise"]
    folded = page.locator(".jp-Notebook .jp-Cell").nth(check)
    folded.scroll_into_view_if_needed()
    expect(folded.locator(".cm-content")).to_have_count(0)
    expect(folded).to_match_aria_snapshot(f"- text: '# Checks of {name}: run this cell'")

    # the stub fails, and the scorecard says what to do
    for position, cell in enumerate(release[: check + 1]):
        if cell["cell_type"] == "code":
            run_cell(page, position)
    table = scorecard(page, check)
    table.wait_for()
    before = table.inner_text()
    assert "not written yet" in before, before
    assert table.locator("caption").count() == 1

    # the solution passes
    cell = page.locator(".jp-Notebook .jp-Cell").nth(exercise)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(answer)
    run_cell(page, exercise)
    run_cell(page, check)
    table.get_by_text("passed").first.wait_for()
    after = table.inner_text()
    assert "not written yet" not in after, after

    # progress knows it, before the notebook is saved
    kept = lab.root / "work" / ".mft" / "scorecards" / UNIT
    assert list(kept.glob(f"{release[exercise]['metadata']['mft']['exercise']}.{digest(answer)}.notebook.json"))

    # Validate saves the notebook, runs it from the top, and says what is left
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=5 * MINUTES)
    assert "Validation" in dialog.inner_text()
    assert answer in [source(c) for c in cells(lab.root / "work" / NOTEBOOK)]

    # the learner's own Jupyter stays as it was
    assert not [p for p in (".jupyter", ".ipython", ".local") if (lab.home / p).exists()]


def test_instructor_has_the_formgrader(instructor, page):
    page.goto(instructor.page_url("lab"))
    page.locator("#jp-MainMenu").get_by_text("Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    frame = page.frame_locator("iframe")
    frame.get_by_text(UNIT).first.wait_for(timeout=2 * MINUTES)
    page.get_by_role("tab", name="Create Assignment").wait_for()
    assert instructor.status("formgrader/manage_assignments") == 200

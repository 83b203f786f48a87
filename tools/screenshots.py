"""Make the pictures in docs/, light and dark: a unit in JupyterLab with a figure and a scorecard, and the overview.

`python tools/screenshots.py` opens a copy of the course as a learner would. In the copy every exercise before
EXERCISE is solved, and EXERCISE has an ANSWER with one mistake in it, so that the scorecard shows both
verdicts and says what to do. What is folded in the pictures is folded for everyone.
"""

import json
import re
import tempfile
from pathlib import Path

from browser import ROOT, Lab, browser_options, copy_course, find_browser, running_lab
from playwright.sync_api import Page, sync_playwright

from mftcourse.course.files import Course
from mftcourse.learning import workspace

UNIT, NOTEBOOK = "06-metrics", "06-metrics/metrics.ipynb"
EXERCISE = "read_curves"
ANSWER = 'curves_read = {"auc": "c", "few": "a", "rare": "b", "precision": 0.54}'
SIZE = {"width": 1180, "height": 1310}
OVERVIEW = {"width": 1180, "height": 940}


def main() -> None:
    path = find_browser()
    if path is None:
        raise SystemExit("There is no Chromium on this machine; the pictures need one.")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temporary:
        chromium = playwright.chromium.launch(**browser_options(path))
        for scheme in ("light", "dark"):
            folder = Path(temporary, scheme)
            folder.mkdir()
            places = prepare(copy_course(folder))
            with running_lab(folder) as lab:
                page = chromium.new_page(viewport=SIZE, color_scheme=scheme)
                page.set_default_timeout(90_000)
                unit(page, lab, *places)
                save(page, f"unit-{scheme}.png")
                overview(page)
                save(page, f"overview-{scheme}.png")
                page.close()
        chromium.close()


def save(page: Page, name: str) -> None:
    page.screenshot(path=ROOT / "docs" / name)
    print(f"Wrote docs/{name}.")


def prepare(root: Path) -> tuple[int, int, int]:
    """Start the unit and fill in the answers. Returns where the figure before EXERCISE, EXERCISE and its checks are."""
    path = workspace.start(Course(root), UNIT).path
    notebook = json.loads(path.read_text(encoding="utf-8"))
    reference = {cell["id"]: "".join(cell["source"]) for cell in read(root / "solutions" / NOTEBOOK)["cells"]}
    figure = exercise = 0
    for i, cell in enumerate(notebook["cells"]):
        meta = cell["metadata"].get("mft", {})
        chosen = meta.get("exercise") == EXERCISE
        if chosen and meta["kind"] == "check":
            path.write_text(json.dumps(notebook), encoding="utf-8")
            return figure, exercise, i
        if meta.get("kind") == "demo":
            figure = i
        if meta.get("kind") == "exercise":
            exercise = i
            cell["source"] = ANSWER if chosen else answer(reference[cell["id"]])
    raise SystemExit(f"{UNIT} has no exercise {EXERCISE}: choose another one in {Path(__file__).name}.")


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def answer(source: str) -> str:
    """An exercise cell of the solutions as a learner would have written it: without the markers."""
    source = re.sub(r"^\s*### BEGIN RELEASE.*?### END RELEASE\n?", "", source, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^\s*### (BEGIN|END) SOLUTION\n?", "", source, flags=re.MULTILINE)


def unit(page: Page, lab: Lab, figure: int, exercise: int, check: int) -> None:
    """Run the notebook up to the checks and show it from the figure on."""
    page.goto(lab.page_url(f"lab/tree/{NOTEBOOK}"))
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.nth(exercise).locator(".jp-InputPrompt").click()
    menu(page, "Run", "Run All Above Selected Cell")
    cells.nth(exercise).locator(".jp-InputPrompt").click()
    for _ in range(exercise, check + 1):
        page.keyboard.press("Shift+Enter")
    cells.nth(check).locator(".jp-OutputArea table").get_by_text("failed").first.wait_for()
    page.keyboard.press("Control+b")  # the file browser is no part of the picture
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    page.keyboard.press("ArrowDown")  # a selected cell has a frame
    for _ in range(4):  # what comes into sight is drawn only then, and moves the rest
        cells.nth(figure).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(500)


def overview(page: Page) -> None:
    page.set_viewport_size(OVERVIEW)
    page.get_by_role("tab", name="Overview").click()
    page.locator("#mft-overview").get_by_role("row").filter(has_text="going").wait_for()


def menu(page: Page, title: str, item: str) -> None:
    page.locator("#jp-MainMenu").get_by_text(title, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


if __name__ == "__main__":
    main()

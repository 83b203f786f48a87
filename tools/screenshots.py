"""Make the pictures in docs/: a unit in JupyterLab, light and dark, with a figure and a scorecard.

`python tools/screenshots.py` opens a copy of the course as a learner would. In the copy every exercise before
EXERCISE is solved, and EXERCISE has an ANSWER with one mistake in it, so that the scorecard shows both
verdicts and says what to do. The code of the figure and of the checks is collapsed.
"""

import json
import re
import tempfile
from pathlib import Path

from browser import ROOT, Lab, browser_options, copy_course, find_browser, running_lab
from playwright.sync_api import Browser, Page, sync_playwright

from mftcourse.course.files import Course
from mftcourse.learning import workspace

UNIT, NOTEBOOK = "06-metrics", "06-metrics/metrics.ipynb"
EXERCISE = "read_curves"
ANSWER = 'curves_read = {"auc": "c", "few": "a", "rare": "b", "precision": 0.54}'
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SIZE = {"width": 1180, "height": 1310}


def main() -> None:
    path = find_browser()
    if path is None:
        raise SystemExit("There is no Chromium on this machine; the pictures need one.")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temporary:
        chromium = playwright.chromium.launch(**browser_options(path))
        for name, theme in THEMES.items():
            folder = Path(temporary, name)
            folder.mkdir()
            top, check = prepare(copy_course(folder))
            choose_theme(folder / "course", theme)
            with running_lab(folder) as lab:
                target = ROOT / "docs" / f"unit-{name}.png"
                picture(chromium, lab, top, check, target)
                print(f"Wrote {target.relative_to(ROOT)}.")
        chromium.close()


def prepare(root: Path) -> tuple[int, int]:
    """Start the unit and fill in the answers. Returns the positions of the figure before EXERCISE and of its checks."""
    path = workspace.start(Course(root), UNIT).path
    notebook = json.loads(path.read_text(encoding="utf-8"))
    reference = {cell["id"]: "".join(cell["source"]) for cell in read(root / "solutions" / NOTEBOOK)["cells"]}
    figure = 0
    for i, cell in enumerate(notebook["cells"]):
        meta = cell["metadata"].get("mft", {})
        chosen = meta.get("exercise") == EXERCISE
        if chosen and meta["kind"] == "check":
            path.write_text(json.dumps(notebook), encoding="utf-8")
            return figure, i
        if meta.get("kind") == "demo":
            figure = i
        if meta.get("kind") == "exercise":
            cell["source"] = ANSWER if chosen else answer(reference[cell["id"]])
    raise SystemExit(f"{UNIT} has no exercise {EXERCISE}: choose another one in {Path(__file__).name}.")


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def answer(source: str) -> str:
    """An exercise cell of the solutions as a learner would have written it: without the markers."""
    source = re.sub(r"^\s*### BEGIN RELEASE.*?### END RELEASE\n?", "", source, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^\s*### (BEGIN|END) SOLUTION\n?", "", source, flags=re.MULTILINE)


def choose_theme(root: Path, theme: str) -> None:
    """Write the setting as JupyterLab's menu would."""
    folder = root / ".mft/learner/config/lab/user-settings/@jupyterlab/apputils-extension"
    folder.mkdir(parents=True)
    (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


def picture(chromium: Browser, lab: Lab, figure: int, check: int, target: Path) -> None:
    """Run the notebook up to the checks and photograph it from the figure on."""
    page = chromium.new_page(viewport=SIZE)
    page.set_default_timeout(90_000)
    page.goto(lab.page_url(f"lab/tree/{NOTEBOOK}"))
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.nth(check).locator(".jp-InputPrompt").click()
    menu(page, "Run", "Run All Above Selected Cell")
    cells.nth(check).locator(".jp-InputPrompt").click()
    page.keyboard.press("Shift+Enter")
    cells.nth(check).locator(".jp-OutputArea table").get_by_text("failed").first.wait_for()
    for position in (figure, check):
        cells.nth(position).locator(".jp-InputPrompt").click()
        menu(page, "View", "Collapse Selected Code")
    page.keyboard.press("Control+b")  # the file browser is no part of the picture
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    page.keyboard.press("ArrowDown")  # a selected cell has a frame
    cells.nth(figure).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.screenshot(path=target)
    page.close()


def menu(page: Page, title: str, item: str) -> None:
    page.locator("#jp-MainMenu").get_by_text(title, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


if __name__ == "__main__":
    main()

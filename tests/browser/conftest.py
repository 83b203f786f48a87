"""The system's Chromium, and a window of it."""

from pathlib import Path

import pytest
from browser import BROWSERS, browser_options, find_browser


@pytest.fixture(scope="module")
def chromium():
    """The system's Chromium, headless."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed; make test installs it")
    path = find_browser()
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(**browser_options(path))
        yield running
        running.close()


@pytest.fixture
def page(chromium, tmp_path: Path):
    """A new window that waits patiently: the machine may be busy. Its last sight is kept in tmp_path."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(90_000)
    page = context.new_page()
    yield page
    page.screenshot(path=tmp_path / "last.png")
    context.close()

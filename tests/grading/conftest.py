"""Chromium, watched."""

import pytest


@pytest.fixture
def watched(tmp_path):
    """Chromium, and what must stay empty: requests that leave, dialogs, errors that scripts or policies raise."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    from browser import browser_options, find_browser

    if find_browser() is None:
        pytest.skip("no browser is installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(**browser_options(find_browser()))
        context = running.new_context(viewport={"width": 1280, "height": 900})
        seen = []

        def route(asked):
            ours = asked.request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1"))
            asked.continue_() if ours else (seen.append(asked.request.url), asked.abort())

        context.route("**/*", route)
        tab = context.new_page()
        tab.on("dialog", lambda d: (seen.append(f"dialog {d.message}"), d.dismiss()))
        tab.on("console", lambda m: seen.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda e: seen.append(str(e)))
        tab.seen = seen
        yield tab
        running.close()

"""The tab of JupyterLab that shows how things stand: a server's extension answers at mft/overview with a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def answer(server: Any, page: Callable[[str], str]) -> None:
    """Let a server answer at mft/overview, for those who are logged in.

    Args:
        page: returns the page, a piece of HTML, for a server's base address; it is called in a thread of its own.
    """
    from jupyter_server.base.handlers import APIHandler
    from tornado.web import authenticated

    class Overview(APIHandler):
        @authenticated
        async def get(self) -> None:
            text = await asyncio.to_thread(page, self.base_url)
            self.finish(text, set_content_type="text/html; charset=UTF-8")

    server.web_app.add_handlers(".*", [(f"{server.web_app.settings['base_url']}mft/overview", Overview)])

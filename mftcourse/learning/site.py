"""The site in the browser, below mft/site/: what `make site` built, or the interview questions alone.

A page's cards and its mock interview read and write the state of `mft quiz`, at mft/quiz.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any

from ..course import interview
from ..course.files import Course, CourseError
from . import texts
from .quiz import GRADES, Memory


def built(course: Course) -> bool:
    """Whether `make site` has built the site."""
    return (course.root / "site" / "server.js").exists()


def page(course: Course, path: str) -> str | None:
    """Return a page of docs/interview/ as HTML, where no site was built; None where there is no such page."""
    source = re.sub(r"index$", "README", path.removesuffix(".html")) + ".md"
    file = course.root / "docs" / source
    pages = (course.root / "docs" / "interview").rglob("*.md")
    if file not in pages:
        return None
    text, base = file.read_text(encoding="utf-8"), posixpath.dirname(f"docs/{source}")

    def lead(match: re.Match[str]) -> str:
        target = match[1].replace("README.md", "index.md").replace(".md", ".html")
        if ".ipynb" in target:
            up = "../" * (path.count("/") + 2)  # from mft/site/interview/ to the server
            target = up + posixpath.normpath(posixpath.join(base, target)).replace("release/", "lab/tree/", 1)
        return f"]({target})"

    text = re.sub(r"\]\(((?!https?:)[^)\s]+)\)", lead, text)
    title = text.partition("\n")[0].lstrip("# ")
    return texts.page("question.html").render(title=title, body=texts.markdown(text, html=True))


def state(course: Course) -> dict[str, Any]:
    """Return where each question stands, and the learner's notebooks, from `work/`."""
    asked = {name: standing.model_dump(mode="json") for name, standing in Memory(course).read().items()}
    mine = [course.notebook("work", unit) for unit in course.units()]
    return {"questions": asked, "notebooks": [f"{p.parent.name}/{p.name}" for p in mine if p.exists()]}


def answered(course: Course, said: Any) -> dict[str, Any]:
    """Keep one verdict, {"id": ..., "grade": ...}; return where the question stands then.

    Raises:
        CourseError: there is no such question or grade.
    """
    name, grade = (said.get("id"), said.get("grade")) if isinstance(said, dict) else (None, None)
    if name not in {item.question.id for item in interview.questions(course)} or grade not in GRADES:
        raise CourseError(f"A verdict is a question's id and one of {', '.join(GRADES)}; this was {said!r}.")
    memory = Memory(course)
    standing = memory.grade(name, grade)
    return {"standing": standing.model_dump(mode="json"), "note": " ".join(memory.notes)}


def add_handlers(app: Any, course: Course) -> None:
    """Let a server's application answer at mft/site/ and mft/quiz, for those who are logged in."""
    from jupyter_server.base.handlers import APIHandler, JupyterHandler
    from tornado.web import HTTPError, StaticFileHandler, authenticated

    base = app.settings["base_url"]

    class Site(JupyterHandler, StaticFileHandler):
        @property
        def content_security_policy(self) -> str:
            return "default-src 'self'; frame-ancestors 'self'"

        def compute_etag(self) -> None:
            """The time of a file is enough, and not all that is served here is a file."""

        @authenticated
        async def get(self, path: str, include_body: bool = True) -> None:
            self.set_header("Cache-Control", "no-cache")  # it may be built again
            if path == "server.js":
                self.xsrf_token  # noqa: B018, sets the cookie that a verdict must come with
                self.set_header("Content-Type", "text/javascript; charset=UTF-8")
                self.finish(f"window.MFT_SERVER = {json.dumps({'base': base})};")
            elif not path:
                self.redirect(f"{base}mft/site/{'index.html' if built(course) else 'interview/index.html'}")
            elif built(course):
                await StaticFileHandler.get(self, path, include_body)
            elif (text := page(course, path)) is not None:
                self.finish(text)
            else:
                raise HTTPError(
                    404, "The site is not built: run `make site`. Without it there are the questions alone."
                )

    class Quiz(APIHandler):
        @authenticated
        async def get(self) -> None:
            self.finish(json.dumps(state(course)))

        @authenticated
        async def post(self) -> None:
            try:
                self.finish(json.dumps(answered(course, self.get_json_body())))
            except CourseError as error:
                raise HTTPError(400, str(error)) from error

    app.add_handlers(
        ".*", [(f"{base}mft/site/(.*)", Site, {"path": str(course.root / "site")}), (f"{base}mft/quiz", Quiz)]
    )

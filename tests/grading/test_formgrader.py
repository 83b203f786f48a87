"""nbgrader's own commands and the Formgrader in this course: nothing of a learner's runs, and no page obeys."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from browser import TOKEN, running_lab
from hostile import AUDIT, HTML, graded, poisoned
from tiny_course import ROOT, UNIT, cell, load, save, write_course

from mftcourse.course.files import Course, programs_path
from mftcourse.grading.inert import sanitized
from mftcourse.grading.report import Row, export


def nbgrader(course, *command):
    env = os.environ | {
        "PATH": programs_path(),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=course.root, env=env, capture_output=True,
                          text=True, timeout=600)  # fmt: skip


@pytest.fixture
def handed_in(course, reference):
    """The tiny course; ada's hand-in would leave a file behind where its cells run, and was graded before."""
    cell(reference, "mean").source += f"\nopen({str(course.root / 'ran')!r}, 'w')"
    save(reference, course.notebook("submitted", UNIT, "ada"))
    save(reference, course.notebook("autograded", UNIT, "ada"))
    return course


@pytest.mark.slow
def test_stock_commands_refuse_before_they_touch_anything(handed_in):
    kept = handed_in.notebook("autograded", UNIT, "ada").read_bytes()
    for command in (
        ["autograde", UNIT],
        ["autograde", UNIT, "--force", "--no-execute"],
        ["generate_feedback", UNIT, "--force"],
    ):
        done = nbgrader(handed_in, *command)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert f"mft grade {UNIT}\n" in done.stderr
    assert not (handed_in.root / "ran").exists() and not (handed_in.root / "gradebook.db").exists()
    assert not (handed_in.root / "feedback").exists()
    assert handed_in.notebook("autograded", UNIT, "ada").read_bytes() == kept
    for command in (["collect", UNIT], ["release_assignment", UNIT]):
        done = nbgrader(handed_in, *command)
        assert done.returncode == 1 and "has no exchange" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_who_types_the_stock_exporter_gets_stock_nbgrader(handed_in):
    """So the benchmark compares with it."""
    assert nbgrader(handed_in, "generate_assignment", UNIT, "--force").returncode == 0
    done = nbgrader(
        handed_in, "autograde", UNIT, "--force", "--Autograde.exporter_class=nbconvert.exporters.NotebookExporter"
    )
    assert done.returncode == 0, done.stderr
    assert (handed_in.root / "ran").exists()


# --- the Formgrader ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """`mft lab --instructor` on a class of two, one of them hostile; and the id of her hand-in."""
    import demo
    from nbgrader.api import Gradebook

    folder = tmp_path_factory.mktemp("desk")
    course = write_course(folder / "course")
    assert nbgrader(course, "generate_assignment", UNIT, "--force").returncode == 0
    nb = graded(demo.reference(*(load(course.notebook(step, UNIT)) for step in ("release", "solutions"))))
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "mft") as book:
        book.add_student("eve")
        found = book.update_or_create_submission(UNIT, "eve")
        for grade in found.notebooks[0].grades:
            grade.auto_score = 1.0 if grade.cell.cell_type == "code" else None
            grade.needs_manual_grade = grade.cell.cell_type != "code"
        book.db.commit()
        id_ = found.notebooks[0].id
    for student in ("eve", "ben"):
        save(nb, course.notebook("submitted", UNIT, student))
    save(sanitized(poisoned(nb)), course.notebook("autograded", UNIT, "eve"))
    page = course.notebook("feedback", UNIT, "eve").with_suffix(".html")
    page.parent.mkdir(parents=True)
    page.write_text("<h1>Her page</h1>")
    rows = [Row("eve", graded=True), Row("ben", note=f"ben{HTML[1]} is <b>no</b> notebook.")]
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "mft") as book:
        export(course, UNIT, rows, book)
    with running_lab(folder, "--instructor") as lab:
        lab.submission, lab.course = id_, Course(lab.root)
        yield lab


def post(lab, path):
    asked = urllib.request.Request(f"{lab.url}/{path}", b"", {"Authorization": f"token {TOKEN}"}, method="POST")
    return json.loads(urllib.request.urlopen(asked, timeout=120).read())


@pytest.mark.slow
def test_its_buttons_refuse_with_the_command(desk):
    before = desk.course.notebook("autograded", UNIT, "eve").read_bytes()
    for path in (
        f"submission/{UNIT}/eve/autograde",
        f"assignment/{UNIT}/eve/generate_feedback",
        f"assignment/{UNIT}/generate_feedback",
    ):
        said = post(desk, f"formgrader/api/{path}")
        assert not said["success"] and f"mft grade {UNIT}\n" in said["log"], said
    for path in ("release", "collect", "release_feedback"):
        said = post(desk, f"formgrader/api/assignment/{UNIT}/{path}")
        assert not said["success"] and "has no exchange" in said["log"], said
    assert desk.course.notebook("autograded", UNIT, "eve").read_bytes() == before
    assert desk.course.notebook("feedback", UNIT, "eve").with_suffix(".html").exists()


@pytest.mark.browser
def test_the_lab_opens_on_the_class(desk, watched, tmp_path):
    watched.set_default_timeout(90_000)
    watched.goto(desk.page_url())
    shown = watched.locator("#mft-overview")
    shown.get_by_role("heading", name="Your class").wait_for()
    row = shown.get_by_role("row").nth(1)
    assert row.inner_text().split() == [
        "01",
        "Two",
        "averages",
        "mft",
        "grade",
        UNIT,
        "2",
        "1",
        "1",
        "in",
        "the",
        "Formgrader",
        "1",
    ]
    assert "ben<img src=x onerror=alert(1)> is <b>no</b> notebook." in shown.inner_text()
    assert (
        shown.get_by_role("link", name="1 in the Formgrader").get_attribute("href")
        == f"/formgrader/gradebook/{UNIT}/tiny"
    )
    for scheme in ("light", "dark"):
        watched.emulate_media(color_scheme=scheme)
        watched.wait_for_timeout(1500)
        watched.screenshot(path=tmp_path / f"class-{scheme}.png")
    shown.get_by_role("link", name="eve").click()
    watched.locator("iframe").first.wait_for()
    assert [s for s in watched.seen if "dialog" in s or "http://evil" in s] == []


@pytest.mark.browser
def test_manual_grading_shows_hostile_outputs_and_obeys_none(desk, watched, tmp_path):
    watched.goto(desk.page_url("formgrader/manage_assignments"))
    watched.get_by_role("link", name=UNIT).wait_for()
    assert watched.locator("#warning-exchange, #warning-course-id").count() == 0
    watched.goto(f"{desk.url}/formgrader/submissions/{desk.submission}/")
    watched.locator("input.score").first.wait_for()
    watched.wait_for_timeout(2000)
    assert watched.seen == []
    assert watched.locator("math").count() and watched.locator("input.score").count() == 3
    assert watched.locator("table caption", has_text="mean: 1 of 3 points").count() == 1
    for part in watched.locator(".output, .text_cell_render").all():
        assert [b for b in part.evaluate(AUDIT) if not b.startswith("style=")] == []
    # a person's points arrive
    watched.locator("#memo").fill("1.5")
    watched.locator("#memo").blur()
    watched.wait_for_timeout(1000)
    watched.reload()
    watched.wait_for_function("document.getElementById('memo')?.value === '1.5'")
    watched.screenshot(path=tmp_path / "formgrader.png", full_page=True)
    # the button says what to type
    watched.goto(f"{desk.url}/formgrader/manage_submissions/{UNIT}")
    watched.locator("tr", has_text="eve").locator(".autograde a").click()
    watched.get_by_role("dialog").get_by_text(f"mft grade {UNIT}").first.wait_for()
    watched.wait_for_timeout(500)  # it glides in
    watched.screenshot(path=tmp_path / "refused.png")


@pytest.mark.browser
def test_a_trusted_notebook_in_jupyterlab_obeys_none(desk, watched, tmp_path):
    watched.set_default_timeout(90_000)
    env = os.environ | {"HOME": str(desk.home), "JUPYTER_DATA_DIR": str(desk.root / ".mft" / "instructor" / "data")}
    path = desk.course.notebook("autograded", UNIT, "eve")
    assert subprocess.run([sys.executable, "-m", "jupyter", "trust", str(path)], env=env).returncode == 0
    watched.goto(desk.page_url(f"lab/tree/{path.relative_to(desk.root)}"))
    watched.locator(".jp-Notebook .jp-OutputArea-output").first.wait_for()
    for _ in range(30):
        watched.mouse.move(700, 500)
        watched.mouse.wheel(0, 3000)
        watched.wait_for_timeout(100)
    assert [s for s in watched.seen if "dialog" in s or "http" in s] == []
    watched.screenshot(path=tmp_path / "lab.png")


def test_pages_need_a_login(desk):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{desk.url}/mft/overview", timeout=60)
    assert desk.status("mft/overview") == 200


def test_config_of_the_course_is_the_one_tested(root):
    assert "formgrader.settle(c)" in (root / "nbgrader_config.py").read_text() and Path(ROOT) == root

"""Every command says what it did and what comes next, and its exit code can be relied on."""

import os
import subprocess
import sys
from types import SimpleNamespace

import demo
import pytest
from tiny_course import UNIT, cell, load, save
from typer.testing import CliRunner

from mftcourse import cli
from mftcourse.cli import main
from mftcourse.course.files import Course, CourseError


@pytest.fixture
def mft(course, monkeypatch):
    """Run the command in a copy of the tiny course; return its result. `mft.course` is the course."""
    monkeypatch.chdir(course.root)

    def run(*words, code=0):
        result = CliRunner().invoke(cli.app, [str(w) for w in words])
        assert result.exit_code == code, (result.output, result.exception)
        return " ".join(result.output.split())

    run.course = course
    return run


def solve(path):
    nb = load(path)
    cell(nb, "mean").source = "def mean(values):\n    return sum(values) / len(values)"
    cell(nb, "median").source = "def median(values):\n    return sorted(values)[len(values) // 2]"
    save(nb, path)


def test_a_learners_way_from_start_to_grades(mft):
    said = mft("start", "1")
    assert "Copied 01-tiny to work/01-tiny/tiny.ipynb" in said and "Next:" in said
    said = mft("check", "tiny", code=1)
    assert "mean: not written yet" in said and "0 of 2 exercises" in said and "mft hint mean" in said
    solve(mft.course.notebook("work", UNIT))
    said = mft("check", "tiny")
    assert "✓ passed" in said and "mft finish 01-tiny; in a class, mft submit 01-tiny" in said
    assert "1 of 2" not in mft("check", "tiny", "mean")
    said = mft("submit", "tiny", "--student", "ada")
    assert "Handed in as ada: submitted/ada/01-tiny/tiny.ipynb" in said and "Not answered: memo" in said
    said = mft("grade", "tiny")
    assert "ada" in said and "Graded 1 of 1" in said and "78 %" in said
    assert (mft.course.root / "feedback" / "ada" / UNIT / "tiny.html").exists()
    assert '"ada",7.0,9.0' in (mft.course.root / f"grades-{UNIT}.csv").read_text()


def test_progress_and_hints(mft):
    assert "0 of 3" in mft("progress") and "Interview questions" not in mft("progress")
    assert "sum adds" in mft("hint", "mean") and "that was the last one" in mft("hint", "mean")
    assert "mft hint mean once more" in mft("hint", "mean", "--step", "1")
    assert "Did you mean median or mean" in mft("hint", "meadian", code=2)
    assert "has 2 hints" in mft("hint", "mean", "--step", "3", code=2)
    assert "memo has no hints" in mft("hint", "memo", code=2)


def test_progress_shows_the_quiz_by_topic(mft, two_units):
    assert CliRunner().invoke(cli.app, ["quiz", "06", "--count", "2"], input="\n3\n\n1\nq\n").exit_code == 0
    said = " ".join(CliRunner().invoke(cli.app, ["progress"]).output.replace("│", " ").split())
    assert "Interview questions" in said and "06-metrics 2 of 16 1 1" in said and "07-finetuning 0 of 17 0 0" in said


@pytest.mark.parametrize("words", [("start", "9"), ("check", "9"), ("submit", "9"), ("grade", "9"), ("build", "9")])
def test_an_unknown_unit_is_a_sentence_that_lists_what_exists(mft, words):
    assert "Error: There is no unit '9'. These exist: 01-tiny." in mft(*words, code=2)


def test_grading_nothing_says_what_to_do(mft):
    assert "mft submit" in mft("grade", "tiny", code=2)


def test_outside_a_course_it_says_so(tmp_path, monkeypatch):
    def nowhere(start=None):
        raise CourseError("There is no course in here or above it.")

    monkeypatch.setattr(Course, "find", nowhere)
    result = CliRunner().invoke(cli.app, ["progress"])
    assert result.exit_code == 2 and "Error: There is no course" in result.output
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 1 and "There is no course" in result.output and "cd into" in result.output


def test_a_broken_notebook_and_an_update_are_told(mft):
    mft("start", "tiny")
    lesson = mft.course.root / "course" / UNIT / "lesson.py"
    lesson.write_text(lesson.read_text().replace("The mean of 1", "The average of 1"))
    assert "Wrote release/01-tiny/tiny.ipynb" in mft("build")
    said = mft("start", "tiny")
    assert "Your notebook stays as it is" in said and "new cell prose-" in said and "rename it" in said
    mft.course.notebook("work", UNIT).write_text("{")
    assert "is not a notebook" in mft("check", "tiny", code=2)


def test_build_checks_reports_and_names_file_and_line(mft):
    assert "are what course/ makes" in mft("build", "--check")
    said = mft("build", "--report")
    assert "nothing had changed" in said and "the lower middle" in said
    wrong = mft.course.root / "course" / UNIT / "wrong_answers.py"
    wrong.write_text(wrong.read_text().replace('fails=["one number', 'fails=["1, 2 and 9: 4", "one number'))
    assert "wrong_answers.py says" in mft("build", "--report", code=1)
    (mft.course.root / "release" / UNIT / "tiny.ipynb").write_text("{}")
    assert "release/01-tiny/tiny.ipynb" in mft("build", "--check", code=1)
    lesson = mft.course.root / "course" / UNIT / "lesson.py"
    lesson.write_text(lesson.read_text().replace('grade("median")', "pass"))
    assert "lesson.py:" in mft("build", code=2)


def test_new_writes_a_unit_that_builds(mft):
    assert "Wrote the skeleton of 13-trees" in mft("new", "13-trees")
    assert "13-trees" in mft("build", "13-trees")
    assert "Two digits" in mft("new", "trees", code=2) or "two digits" in mft("new", "trees", code=2)
    mft("new", "13-trees", code=2)


def test_a_demonstration_class(mft, monkeypatch, capsys):
    broken = {"json": demo.BROKEN["json"]}  # tests/grading has them all
    monkeypatch.setattr(demo, "BROKEN", broken)
    demo.main("tiny", limit=1)
    said = " ".join(capsys.readouterr().out.split())
    assert "As it should be" in said and "wrong-01-mean" in said and "broken-json" in said
    assert "2 of 9 points are for written answers" in said


def test_doctor_and_lab_are_wired(mft, monkeypatch):
    from mftcourse.learning import doctor, lab

    seen = []
    monkeypatch.setattr(lab, "launch", lambda course, **options: seen.append(options) or 0)
    mft("lab", "1", "--no-browser", "--port", "9999")
    assert seen == [{"instructor": False, "unit": "1", "browser": False, "port": 9999}]
    lines = [doctor.Line("ok", "a", "b"), doctor.Line("fail", "c", "d", "do e")]
    monkeypatch.setattr(doctor, "examine", lambda course: lines)
    said = mft("doctor", code=1)
    assert "✗ wrong" in said and "do e" in said


def test_completion_knows_units_and_exercises(mft):
    assert main.complete_unit("ti") == main.complete_unit("01") == [UNIT]


def test_completion_offers_the_units_own_exercises_first(mft):
    for unit in ("02-other", "03-third"):
        folder = mft.course.root / "release" / unit
        folder.mkdir()
        (folder / f"{unit[3:]}.ipynb").write_text(f'"exercise": "me_{unit[3:]}", "exercise": "x_{unit[3:]}"')

    def complete(text, **given):
        return main.complete_exercise(SimpleNamespace(params=given), text)

    assert complete("me") == ["mean", "median", "memo"], "nothing is started: the first unit"
    assert complete("me", unit="2") == ["me_other"]
    assert complete("03/") == ["03/me_third", "03/x_third"]
    path = mft.course.notebook("work", "02-other")
    path.parent.mkdir(parents=True)
    path.touch()
    assert complete("") == ["me_other", "x_other"], "the unit that is worked in"
    assert complete("med") == ["median"] and complete("zz") == []


@pytest.mark.parametrize("words", [["hint", "mean"], ["progress"], ["--help"]])
def test_a_command_for_learners_loads_nothing_heavy(course, root, words):
    """A second more at every command, and people stop asking for hints."""
    code = (
        "import sys\nfrom mftcourse.cli import app\napp(sys.argv[1:], standalone_mode=False)\n"
        "print([m for m in ('nbgrader', 'pandas', 'torch', 'sklearn', 'jupytext', 'genanki') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(
        command, cwd=course.root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_unit_is_finished_alone(mft, monkeypatch):
    mft("start", "1")
    path = mft.course.notebook("work", UNIT)
    solve(path)
    nb = load(path)
    cell(nb, "memo").source = "The median."
    save(nb, path)
    said = mft("finish", "1")
    assert "7 of 9 points" in said and "one large value" in said and "Left: memo" in said
    assert "mft finish 01, to compare memo" in said, "nobody answered"
    asked = iter(["", "maybe", "yes"])
    monkeypatch.setattr("builtins.input", lambda _: next(asked))
    said = mft("finish", "1")
    assert "9 of 9 points" in said and "The unit is done" in said and "work/01-tiny/finished.html" in said
    assert "9 of 9" in mft("progress") and "finished" in mft("progress")


def test_giving_up_is_a_wish_of_its_own(mft):
    mft("start", "1")
    said = mft("finish", "1")
    assert "mft hint mean; or, to see the reference, mft finish 01 --give-up mean" in said
    assert "Left: median, memo" in mft("finish", "1", "--give-up", "mean")
    assert "Did you mean" in mft("finish", "1", "--give-up", "meen", code=2)


def test_a_drill_is_written_and_opened_where_jupyterlab_runs(mft, monkeypatch):
    from mftcourse.learning import drill, lab

    said = mft("drill", "mean")
    assert "Wrote work/drills/mean.ipynb: mean of 01-tiny, 4 minutes." in said
    assert "Next: mft lab drills/mean.ipynb; there, run the first cell" in said
    assert "Did you mean mean" in mft("drill", "meen", code=2) and "no exercise in which" in mft("drill", "memo", code=2)
    asked = []
    monkeypatch.setattr(lab, "open_in_running", lambda course, page, browser: asked.append((page, browser)) or "http://x")
    said = mft("drill", "mean", "--unit", "1", "--no-browser")
    assert asked == [("lab/tree/drills/mean-2.ipynb", False)]
    assert "the JupyterLab that is running: http://x" in said and "Next: run the first cell" in said
    monkeypatch.setattr(drill, "due", lambda course, unit=None: [(UNIT, "median"), (UNIT, "mean")])
    said = mft("drill")
    assert "median of 01-tiny, 5 minutes" in said and "After it, this comes back: mean." in said


def test_watch_says_what_changed_until_it_is_interrupted(mft, monkeypatch):
    from mftcourse.learning import progress

    mft("start", "1")

    def save_then_stop(seconds, saves=[solve]):  # noqa: B006
        if not saves:
            raise KeyboardInterrupt
        saves.pop()(mft.course.notebook("work", UNIT))

    monkeypatch.setattr(progress.time, "sleep", save_then_stop)
    said = mft("watch", "1")
    assert "0 of 2 exercises" in said and "2 of 2 exercises" in said and "No longer watching" in said
    assert "mean: 2 of 3 points ✓ passed 1, 2 and 9: 4" in said

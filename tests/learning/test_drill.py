"""A drill is one exercise alone: it gives what the exercise needs and nothing away, keeps the clock, and comes back."""

import builtins
import datetime
import json
import re

import pytest
from nbformat.v4 import new_code_cell
from tiny_course import MEAN, UNIT, in_chinese, load, save

from mftcourse.checks import Finding, Scorecard
from mftcourse.course.files import Course, CourseError
from mftcourse.course.handin import answers, exercise, kind, scorecard
from mftcourse.course.lesson import globals_loaded, globals_stored, parse, reference
from mftcourse.learning import drill, workspace
from mftcourse.learning.scorecards import Scorecards

UNITS = [p.name for p in sorted((Course.find().root / "course").glob("0*"))]
TODAY = datetime.date.today()


@pytest.fixture
def here(course, monkeypatch):
    monkeypatch.chdir(course.root)
    return course


def card(verdict="passed", name="mean"):
    return Scorecard(name, 3, [Finding("1, 2 and 9: 4", verdict, 3)])


def minutes_ago(course, name, minutes):
    """Let a drill have begun so long ago."""
    path = course.root / "work" / ".mft" / "drills" / f"{name}.json"
    began = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=minutes)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"began": began.isoformat()}))


# --- the notebook -----------------------------------------------------------------------------


def test_a_drill_holds_one_exercise_and_gives_nothing_away(course):
    done = drill.write(course, UNIT, "mean")
    assert done.path == course.root / "work" / "drills" / "mean.ipynb" and (done.minutes, done.given) == (4, [])
    nb = load(done.path)
    head, given, prose, answer, check, end = nb.cells
    assert "**4 minutes**" in head.source and "mft hint 01/mean" in head.source
    assert "numbers = [1, 2, 9]" in given.source and given.metadata.jupyter.source_hidden
    assert prose.source.startswith("## The mean") and "raise NotImplementedError" in answer.source
    assert '"1, 2 and 9: 4"' in check.source and check.metadata.jupyter.source_hidden and "give_up=False" in end.source
    text = done.path.read_text()
    assert not any(word in text for word in ("sum(values)", "median", "Hint 1", "hidden=True", "random numbers"))
    nb.cells[3].source = MEAN
    save(nb, done.path)
    assert drill.write(course, UNIT, "mean").path.name == "mean-2.ipynb"
    assert load(done.path).cells[3].source == MEAN, "what was written stays"


def test_what_is_not_programmed_is_no_drill(course):
    with pytest.raises(CourseError, match="memo is no exercise in which you program.*there are: mean, median"):
        drill.write(course, UNIT, "memo")
    assert set(drill.exercises(course)) == {(UNIT, "mean"), (UNIT, "median")}


def test_it_speaks_the_language_of_the_learners_notebook(course):
    in_chinese(course)
    workspace.start(course, UNIT, "zh")
    head, _, prose, *_ = load(drill.write(course, UNIT, "mean").path).cells
    assert "限时练习" in head.source and "中文" in prose.source
    assert "Drill" in load(drill.write(course, UNIT, "mean", "en").path).cells[0].source


def test_earlier_exercises_are_given_where_they_are_needed(root):
    course = Course(root)
    release = workspace.released(course, "06-metrics")
    given = {name: drill._needs(course, unit, name, release)[1] for unit, name in drill.exercises(course, "06")}
    assert {name: names for name, names in given.items() if names} == {
        "precision_recall_fbeta": ["confusion_counts"],
        "averages": ["confusion_counts"],
        "bootstrap_interval": ["confusion_counts", "precision_recall_fbeta"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_right_answers_find_every_given_name_that_they_use(unit, root):
    """Some call an exercise of before though nothing asks for it: it is not given, and the head says what is."""
    course, lesson = Course(root), parse(root / "course" / unit)
    release = workspace.released(course, unit)
    for _, name in drill.exercises(course, unit):
        before, _, between = drill._needs(course, unit, name, release)
        programs = [_opened(source) for source in [*before, *between]]
        there = set(dir(builtins)).union(*map(globals_stored, programs))
        asked = globals_stored(lesson.exercises[name].source)
        assert not any(globals_stored(p) & asked for p in programs), f"{name} is given away"
        others = set().union(*(globals_stored(c.source) for c in lesson.exercises.values() if c.kind == "exercise"))
        for right in (w for w in lesson.right_answers if w.exercise == name):
            missing = globals_loaded(right.source) - globals_stored(right.source) - there - others
            assert not missing, f"{name}: {right.title} uses {missing}"


def _opened(source):
    import base64

    found = re.fullmatch(r'mft_run_sealed\("""(.*)"""\)', source, re.S)
    return base64.b64decode(found[1]).decode() if found else source


def test_a_program_beside_another_keeps_its_lines():
    """JupyterLab's own rule for what a cell shows, `word-break: break-all`, would break `weights` after any letter."""
    page = drill.Outcome("Solved.", beside=[("Your answer", "x = 1"), ("The reference", "x = 2")])._repr_mimebundle_()
    rule = re.search(r"\.highlight\.highlight pre \{([^}]*)\}", page["text/html"])[1]
    assert {"white-space:pre", "word-break:normal", "overflow-x:auto"} <= set(rule.split(";"))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["04-mlp", "06-metrics"])
def test_every_drill_runs_in_a_kernel(unit, root, tmp_path):
    """The stub earns nothing, the reference passes every check, hidden ones too, and is shown beside itself."""
    from mftcourse.course.kernel import execute

    for name in ("release", "solutions", "course", "constraints.txt"):
        (tmp_path / name).symlink_to(root / name)
    course, nb = Course(tmp_path), None
    solutions = answers(load(course.notebook("solutions", unit)))
    for _, name in drill.exercises(course, unit):  # one kernel for all: it is made new, but for what is imported
        one = load(drill.write(course, unit, name).path)
        at = next(i for i, c in enumerate(one.cells) if kind(c) == "exercise")
        solved = [new_code_cell(reference(solutions[name])), *(c.copy() for c in one.cells[at + 1 :])]
        cells = [new_code_cell("%reset -f"), *one.cells[:-1], *solved]
        nb = nb or one
        nb.cells = cells if nb is one else [*nb.cells, *cells]
    ran = execute(nb, tmp_path / "work" / "drills").nb
    checks = [
        (c, Scorecard.from_dict(scorecard(c)), ran.cells[i + 1]) for i, c in enumerate(ran.cells) if kind(c) == "check"
    ]
    assert len(checks) == 2 * len(drill.exercises(course, unit))
    forms = {name: line["form"] for name, line in _forms(root, unit)}
    for (stub, before, _), (right, after, end) in zip(checks[::2], checks[1::2], strict=True):
        name = exercise(stub)
        assert not before.complete and (before.earned == 0 or forms[name] == "Find the bug"), (name, str(before))
        assert reference(solutions[name]) not in str(stub.outputs), name
        assert after.complete and not after.hidden_points and any(f.hidden for f in after.findings), (name, str(after))
        shown = right.outputs[-1].data
        assert "Solved in" in shown["text/plain"] and "The reference</strong>" in shown["text/html"]
        assert shown["text/plain"].count(reference(solutions[name]).strip()) == 2, (name, shown["text/plain"])
        assert end.outputs[-1].data["text/plain"].startswith("Solved in")
    known = drill.standings(course)
    assert all(known[key].due == TODAY + datetime.timedelta(days=3) for key in drill.exercises(course, unit))


def _forms(root, unit):
    lesson = parse(root / "course" / unit)
    return [(name, line) for name in lesson.exercises for line in lesson.form_lines(name)]


# --- a copy for a class -----------------------------------------------------------------------


def test_in_a_class_ones_own_answers_are_given(two_units):
    """The course of this fixture has no solutions."""
    with pytest.raises(CourseError, match="builds on confusion_counts.*mft lab 06, then mft check 06"):
        drill.write(two_units, "06-metrics", "precision_recall_fbeta")
    path = workspace.start(two_units, "06").path
    nb = load(path)
    own = "def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):\n    return {'mine': 1}"
    next(c for c in nb.cells if exercise(c) == "confusion_counts").source = own
    save(nb, path)
    points = next(
        c for c in nb.cells if exercise(c) == "confusion_counts" and kind(c) == "check"
    ).metadata.nbgrader.points
    for verdict in ("failed", "passed"):
        judged = Scorecard("confusion_counts", points, [Finding("the counts", verdict, 1)])
        Scorecards(two_units, "06-metrics").keep(judged.to_dict(), own)
        if verdict == "failed":
            with pytest.raises(CourseError, match="builds on confusion_counts"):
                drill.write(two_units, "06-metrics", "precision_recall_fbeta")
    done = drill.write(two_units, "06-metrics", "precision_recall_fbeta")
    head, given, *_, check, _ = load(done.path).cells
    assert own in given.source and "with your instructor" in head.source and "mft_run_sealed(" not in check.source
    drill.begin("precision_recall_fbeta")
    said = repr(drill.judged("precision_recall_fbeta", card(name="precision_recall_fbeta")))
    assert "Solved in" in said and "the reference is with your instructor" in said


def test_in_a_class_something_that_can_be_drilled_is_picked(two_units, monkeypatch):
    monkeypatch.setattr(drill.random, "shuffle", lambda keys: keys.sort(key=lambda key: key[1] != "averages"))
    assert drill.pick(two_units, "06").exercise == "confusion_counts", "averages builds on what is not written"


def _full_disk(path, data):
    raise OSError(28, "No space left on device")


# --- the clock, and what comes back -----------------------------------------------------------


def test_the_clock_runs_from_the_first_cell_to_the_last_check(here, capsys):
    drill.write(here, UNIT, "mean")
    assert "run the first cell" in repr(drill.judged("mean", card()))
    drill.begin("mean")
    assert "4 minutes end at" in capsys.readouterr().out
    minutes_ago(here, "mean", 3)
    drill.begin("mean")  # the kernel was started again
    said = repr(drill.judged("mean", card("failed")))
    assert "3 min 0 s of 4 minutes" in said and "reference" not in said
    assert "3 min 0 s of 4 minutes" in repr(drill.end("mean"))
    solved = drill.judged("mean", card())
    assert "Solved in 3 min 0 s, of 4 minutes." in repr(solved) and "return sum(values) / len(values)" in repr(solved)
    bundle = solved._repr_mimebundle_()
    assert "The reference" in bundle["text/html"] and scorecard({"outputs": [{"data": bundle}]}) == card().to_dict()
    minutes_ago(here, "mean", 60)
    assert "Solved in 3 min 0 s" in repr(drill.judged("mean", card())), "it stopped"


def test_who_gives_up_sees_the_reference_and_passes_no_more(here):
    drill.write(here, UNIT, "median")
    drill.begin("median")
    assert "return sorted(values)" in repr(drill.end("median", give_up=True))
    said = repr(drill.judged("median", card(name="median")))
    assert "Given up after 0 min" in said and "Solved" not in said
    assert drill.standings(here)[UNIT, "median"].box == 0


def test_what_failed_or_took_too_long_comes_back_first(here, monkeypatch):
    monkeypatch.setattr(drill.random, "shuffle", sorted)
    for name, minutes in (("mean", 5), ("median", 1)):
        drill.write(here, UNIT, name)
        drill.begin(name)
        minutes_ago(here, name, minutes)
        drill.judged(name, card(name=name))
    days = [TODAY + datetime.timedelta(days=n) for n in range(4)]
    assert [drill.due(here, today=day) for day in days[:2]] == [[], [(UNIT, "mean")]]
    assert drill.due(here, today=days[3]) == [(UNIT, "mean"), (UNIT, "median")]
    minutes_ago(here, "mean", 24 * 60)
    assert drill.due(here) == [(UNIT, "mean")] and drill.pick(here).exercise == "mean"
    assert drill.due(here) == [(UNIT, "mean")], "written is not drilled"
    drill.begin("mean-2")  # and left in the middle
    assert drill.due(here) == [] and drill.due(here, today=days[1]) == [(UNIT, "mean")]


def test_anything_is_picked_where_nothing_comes_back_new_ones_first(here, monkeypatch):
    monkeypatch.setattr(drill.random, "shuffle", sorted)
    drill.write(here, UNIT, "mean")
    drill.begin("mean")
    assert drill.pick(here).exercise == "median"
    minutes_ago(here, "mean", 48 * 60)
    assert drill.pick(here).exercise == "mean" and drill.pick(here, chance=True).exercise in ("mean", "median")
    with pytest.raises(CourseError, match="no unit '9'"):
        drill.pick(here, "9")


def test_a_record_that_is_lost_or_broken_costs_the_clock_alone(here, capsys, monkeypatch):
    done = drill.write(here, UNIT, "mean")
    path = here.root / "work" / ".mft" / "drills" / "mean.json"
    path.write_text("{")
    drill.begin("mean")
    assert "The clock of this drill is gone" in capsys.readouterr().out
    assert drill.judged("mean", card()) == card() and drill.end("mean") is None and drill.standings(here) == {}
    done.path.unlink()
    monkeypatch.setattr(drill.files, "write", _full_disk)
    drill._keep(here, "mean", drill.Attempt(unit=UNIT, exercise="mean", minutes=4))
    assert "could not be kept in" in capsys.readouterr().out
    monkeypatch.undo()
    assert drill.write(here, UNIT, "mean").path == done.path and path.read_text() == "{", "another name for the clock"

"""The quiz: what comes back when, in a terminal and in a notebook; no answer is lost, no state file stops it."""

import datetime
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from typer.testing import CliRunner

from mftcourse import cli
from mftcourse.course import interview
from mftcourse.course.files import Course
from mftcourse.learning import quiz
from mftcourse.learning.quiz import DAYS, GRADES, Memory, Session, Standing, schedule

TODAY = datetime.date(2026, 3, 1)
days = st.dates(datetime.date(2020, 1, 1), datetime.date(2090, 1, 1))
standings = st.builds(Standing, box=st.integers(0, len(DAYS)), due=days)


def day(after: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=after)


@pytest.fixture
def course(two_units):
    return two_units


def kept(course) -> dict:
    return json.loads((course.root / "work" / ".mft" / "quiz.json").read_text())["questions"]


def ask(*words, answers="", code=0) -> str:
    done = CliRunner().invoke(cli.app, ["quiz", *words], input=answers)
    assert done.exit_code == code, (done.output, done.exception)
    return " ".join(done.output.split())


# --- the schedule -----------------------------------------------------------------------------


@given(st.none() | standings, days)
def test_what_was_missed_comes_back_before_what_was_partly_and_that_before_what_was_known(standing, today):
    missed, partly, knew = (schedule(standing, grade, today) for grade in GRADES)
    assert missed.due == today < partly.due <= knew.due
    assert missed.box == 0 and partly.box == (standing.box if standing else 0) and knew.box >= partly.box


@given(st.lists(st.sampled_from(GRADES), max_size=30), days)
def test_boxes_stay_in_range_and_every_answer_is_counted(grades, today):
    standing = None
    for grade in grades:
        standing = schedule(standing, grade, today)
        assert 0 <= standing.box <= len(DAYS) and standing.due >= today
    assert sum(standing.counts.values() if standing else []) == len(grades)


def test_known_again_and_again_it_rests_longer_and_longer():
    standing, rests = None, []
    for _ in range(6):
        standing = schedule(standing, "knew", TODAY)
        rests.append((standing.due - TODAY).days)
    assert rests == [1, 3, 7, 16, 35, 35]


@given(st.lists(st.sampled_from(GRADES), max_size=60), st.integers(1, 12))
def test_a_missed_question_returns_in_the_session_until_it_is_known(root_items, grades, count):
    session = Session(root_items, {}, TODAY, count)
    open_: set[str] = set()
    for grade in grades:
        if session.current is None:
            break
        name = session.current.question.id
        session.answer(grade)
        open_ = open_ | {name} if grade == "missed" else open_ - {name} if grade == "knew" else open_
        waiting = [i.question.id for i in session.queue]
        assert open_ <= set(waiting) and len(waiting) == len(set(waiting))
        assert name not in waiting or waiting.index(name) == min(quiz.LATER, len(waiting) - 1)
    assert len(session.first) + len([i for i in session.queue if i.question.id not in session.first]) == session.total


@pytest.fixture(scope="module")
def root_items():
    course = Course(Path(__file__).resolve().parents[2])
    return interview.questions(course, "06") + interview.questions(course, "07")


def test_due_ones_first_then_the_guides_then_the_units_order(root_items):
    a, b, c = (root_items[i].question.id for i in (3, 4, 5))
    known = {a: Standing(due=day(-1)), b: Standing(due=day(-2)), c: Standing(due=day(1))}
    queue = [i.question for i in Session(root_items, known, TODAY, count=99).queue]
    assert [q.id for q in queue[:2]] == [b, a] and c not in [q.id for q in queue]
    assert [q.guide for q in queue[2:5]] == [5, "task-3", None]
    rest = [q.id for q in queue[4:]]
    assert rest == [i.question.id for i in root_items if i.question.id in rest]


# --- the state file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"version": 0, "boxes": {}}', '{"version": 1, "questions": {"a": {"box": 9, "due": "x"}}}', "\xff"],
)
def test_a_broken_or_old_state_is_kept_aside(course, text):
    path = course.root / "work" / ".mft" / "quiz.json"
    path.parent.mkdir(parents=True)
    for n in ("", "-2"):
        path.write_text(text, encoding="latin-1")
        said = ask("06", answers="\n3\nq\n")
        assert "could not be read. It is kept as" in said and "You knew 1 of 1" in said
        assert path.with_name(f"quiz.json{n}.bak").read_text(encoding="latin-1") == text
        assert len(kept(course)) == 1


def test_where_nothing_can_be_written_the_quiz_goes_on_and_says_so(course):
    (course.root / "work").write_text("a file where the folder should be")
    said = ask("06", answers="\n3\n\n3\nq\n")
    assert said.count("Your answers are not kept this time") == 1 and "You knew 2 of 2" in said


def test_two_windows_keep_each_others_answers(course):
    one, two = Memory(course), Memory(course)
    one.write("a", Standing(due=TODAY))
    two.write("b", Standing(due=TODAY))
    assert set(one.read()) == {"a", "b"} and [p.name for p in one.path.parent.iterdir()] == ["quiz.json"]


# --- in a terminal ----------------------------------------------------------------------------


def test_a_session_with_piped_answers(course):
    said = ask("--unit", "06", "--count", "2", answers="\nd\nw\nf\np\nx\n1\n\n3\n\n3\n")
    first = interview.questions(course, "06")[0].question
    assert "1 of 2 · from the guide" in said and first.en.question in said and "2 of 2" in said
    assert "2 of 2 · once more · from the guide" in said
    assert "p ≥ c_FP/(c_FP+c_FN)" in said and "\\frac" not in said and "$" not in said
    assert "mft lab 06" in said and "roc_curve" in said
    assert "You knew 1 of 2 at the first try." in said and "Study: 06-metrics" in said
    assert kept(course)[first.id] == {
        "box": 1,
        "due": str(datetime.date.today() + datetime.timedelta(1)),
        "counts": {"missed": 1, "knew": 1},
    }


def test_chinese_and_the_same_state_for_both_languages(course):
    said = ask("7", "--lang", "zh", "--count", "1", answers="\n3\n")
    assert "编写代码实现模型微调" in said and "显示" not in said and "小结" in said
    assert "How do you fine-tune" not in ask("7", answers="q\n")


def test_the_guides_only_and_nothing_due(course):
    said = ask("--guide", answers="\n3\n" * 9)
    assert "1 of 2 · from the guide" in said and len(kept(course)) == 2
    assert "Nothing is due. The next question comes back on" in ask("--guide")


# --- along a route ------------------------------------------------------------------------------


@pytest.fixture
def routed(course, root):
    """The two units, and a route of two sittings whose questions are not in the course's order."""
    name = lambda en, zh: {"en": en, "zh": zh}  # noqa: E731
    first = ["what-is-lora", "07-finetuning/lora", "precision-and-recall", "06-metrics/prf_by_hand"]
    stages = [
        {"title": name("Begin", "开始"), "steps": first},
        {"title": name("Go on", "继续"), "steps": ["auc-of-0-8", "evaluate-a-model"]},
    ]
    route = {"id": "two-evenings", "title": name("Two evenings", "两个晚上"), "about": name("A", "甲"), "stages": stages}
    (course.root / "release" / "routes.json").write_text(json.dumps({"routes": [route]}), encoding="utf-8")
    return course


def test_a_route_is_asked_in_its_order_sitting_by_sitting(routed):
    said = ask("--route", "two-evenings", answers="\n3\n\n1\n\n3\n")
    assert "Two evenings · 1 of 2: Begin · about" in said
    assert said.index("What is LoRA") < said.index("difference between precision and recall") < said.index("Summary")
    assert "AUC of 0.8" not in said and "1 of 2" in said and "3 of" not in said
    assert "Exercises of this sitting: mft drill 07/lora (15 minutes), prf_by_hand · mft lab 06 (6 minutes)" in said
    again = ask("--route", "two-evenings", "--lang", "zh", answers="\nq\n")  # the first evening is over
    assert "两个晚上 · 第 2 次，共 2 次：继续 · 约" in again and "AUC 为 0.8" in again and "这一次的练习" not in again


def test_on_a_route_what_was_missed_comes_back_before_what_is_new(routed):
    Memory(routed).write("what-is-lora", Standing(due=datetime.date.today()))
    Memory(routed).write("precision-and-recall", Standing(due=datetime.date.today() + datetime.timedelta(9)))
    session, _ = quiz.begin(routed, None, "en", route="two-evenings")
    assert [i.question.id for i in session.queue] == ["what-is-lora", "auc-of-0-8", "evaluate-a-model"]
    session, _ = quiz.begin(routed, "06", "en", route="two-evenings", level="basic", count=1)
    assert [i.question.id for i in session.queue] == ["auc-of-0-8"]
    session, _ = quiz.begin(routed, "07", "en", route="two-evenings")
    assert [i.question.id for i in session.queue] == ["what-is-lora"]  # nothing of 07 is new: all is over
    assert "The route two-evenings has no such questions." in ask("7", "--route", "two-evenings", "--level", "senior", code=2)


def test_a_route_of_which_all_was_asked_stays_at_its_end(routed):
    for name in ("what-is-lora", "precision-and-recall", "auc-of-0-8", "evaluate-a-model"):
        Memory(routed).write(name, Standing(due=datetime.date.today() + datetime.timedelta(9)))
    said = ask("--route", "two-evenings")
    assert "2 of 2: Go on" in said and "Nothing is due" in said


def test_routes_and_topics_say_how_far_the_learner_is_and_write_nothing(routed):
    assert quiz.topics(routed)["06-metrics"] == (16, 16, 0, 0) and not (routed.root / "work").exists()
    Memory(routed).write("what-is-lora", Standing(box=2, due=TODAY))
    Memory(routed).write("auc-of-0-8", Standing(due=datetime.date.today() + datetime.timedelta(9)))
    assert quiz.topics(routed) == {"06-metrics": (16, 15, 0, 0), "07-finetuning": (17, 16, 1, 1)}
    assert quiz.counts(routed) == (33, 31, 1)
    ((route, minutes, topic),) = quiz.ways(routed)
    assert route.id == "two-evenings" and 30 < minutes < 60 and topic == (4, 2, 1, 1)
    (routed.root / "release" / "routes.json").write_text("{")
    assert quiz.ways(routed) == []  # an overview opens all the same


def test_show_follows_a_route(routed, capsys):
    quiz.show(route="two-evenings")
    shown = capsys.readouterr().out
    assert shown.index("What is LoRA") < shown.index("difference between precision") and "AUC of 0.8 mean" not in shown


@pytest.mark.parametrize("answers", ["", "\n", "\n1\n", "q\n", "\nq\n"])
def test_the_end_of_the_input_ends_politely(course, answers):
    assert "Summary" in ask("06", answers=answers)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["99"], "no unit '99'"),
        (["--unit", "x"], "no unit 'x'"),
        (["--lang", "fr"], "no language 'fr'. These exist: en, zh."),
        (["--level", "x"], "no level 'x'. These exist: basic, senior."),
        (["--kind", "x"], "no kind 'x'. These exist: theory, code."),
        (["--route", "x"], "no route 'x'. These exist: none yet."),
        (["--mock", "30", "--route", "x"], "no route 'x'"),
    ],
)
def test_what_does_not_exist_is_a_sentence(course, words, said):
    assert said in ask(*words, code=2)


def test_a_broken_question_file_is_a_sentence(course):
    for path in course.root.glob("*/06-metrics/interview.*"):
        path.unlink()
    (course.root / "course" / "06-metrics" / "interview.yaml").write_text("questions: [")
    assert "The questions of 06-metrics cannot be read" in ask("6", code=2)


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
def test_in_a_real_terminal_ctrl_c_loses_nothing(course, root):
    import pexpect

    env = os.environ | {"PYTHONPATH": str(root), "TERM": "xterm", "COLUMNS": "100"}
    child = pexpect.spawn(sys.executable, ["-m", "mftcourse.cli", "quiz", "6"], env=env, encoding="utf-8", timeout=60)
    child.expect("1 of 10")
    child.expect("press Enter")
    child.sendline("")
    child.expect("The short answer")
    child.expect("> ")
    child.sendline("3")
    child.expect("2 of 10")
    child.expect("press Enter")
    child.sendintr()
    child.expect("You knew 1 of 1")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and list(kept(course)) == [interview.questions(course, "6")[0].question.id]


# --- in a notebook ----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", interview.WORDS)
def test_the_widget_asks_shows_grades_and_sums_up(course, lang):
    session, memory = quiz.begin(course, "06", lang, 2)
    box = quiz._panel(course, session, memory, lang)
    place, text, *rows = box.children
    ask, *more = [b for row in rows for b in row.children]
    words = quiz.WORDS[lang] | interview.WORDS[lang]
    names = [*interview.PARTS[1:], "proof", *GRADES]
    assert [b.description for b in more] == [words[n] for n in names]
    first = session.current.question.wording(lang)
    shown = lambda: "\n".join(o["data"]["text/markdown"] for o in text.outputs)  # noqa: E731
    assert first.question in shown() and first.short not in shown() and all(b.disabled for b in more)
    ask.click()
    assert first.short in shown() and ask.disabled and not any(b.disabled for b in more)
    more[0].click()
    assert first.deep in shown() and more[0].disabled
    more[-3].click()  # missed
    assert kept(course)[session.missed[0].question.id]["box"] == 0 and not ask.disabled
    for _ in range(2):
        ask.click()
        more[-1].click()
    assert words["known"].format(1, 2) in shown() and place.value == words["end"] and ask.disabled


def test_without_a_front_end_a_kernel_lists_the_questions(course, root):
    code = f"import sys; sys.path.insert(0, {str(root)!r})\nfrom mftcourse.learning.quiz import show\nshow(unit='06', lang='zh', count=3)"
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(nb, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(course.root)}}).execute()
    (output,) = nb.cells[0].outputs
    assert output["data"]["text/markdown"].count("<details>") == 13
    assert "如何评估神经网络模型性能？" in output["data"]["text/markdown"]
    assert not (course.root / "work").exists()


def test_the_proof_links_to_the_learners_notebook_in_its_language(course):
    item = interview.questions(course, "07")[0]
    item = item._replace(
        question=item.question.model_copy(
            update={"en": item.question.en.model_copy(update={"headings": ["A new head"]})}
        )
    )
    assert "](" not in interview.proof(course, item, "zh", links=True)
    assert cli_start("07") == 0
    assert "[A new head](<work/07-finetuning/finetuning.ipynb#A-new-head>)" in interview.proof(
        course, item, "zh", links=True
    )


def cli_start(unit):
    return CliRunner().invoke(cli.app, ["start", unit]).exit_code

"""check, grade and Scorecard: every way in which a check can end."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from mftcourse import check, checks, expect, expect_choice, expect_raises, grade
from mftcourse.checks import MIME, Finding, Scorecard, TimeLimit, time_limit


@pytest.fixture(autouse=True)
def fresh():
    checks.reset()


def run(body, **options) -> Finding:
    with check("a title", hint="a hint", **options):
        body()
    return grade("x").findings[0]


def learner(source: str, name: str = "<exercise x>") -> dict:
    """Define what `source` defines, as a notebook cell would: the traceback knows its lines."""
    import linecache

    namespace: dict = {}
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), namespace)
    return namespace


def test_findings_points_and_partial_credit():
    with check("right", hint="h", points=2):
        expect(1, 1)
    with check("wrong", hint="Look here."):
        expect(1, 2)
    card = grade("both", points=5)
    assert (card.earned, card.points, card.hidden_points) == (2, 5, 2)
    assert [f.verdict for f in card.findings] == ["passed", "failed"]
    assert repr(card) == "2"
    assert "Hidden checks hold 2 more points" in str(card)
    assert "Hint: Look here." in str(card)
    assert grade("empty", points=1).findings == []


def test_the_number_is_what_nbgrader_reads():
    from nbformat.v4 import new_output
    from nbgrader.utils import get_partial_grade

    card = Scorecard("x", 3, [Finding("a", "passed", 1.5), Finding("b", "failed", 1.5)])
    output = new_output("execute_result", data={"text/plain": card._repr_mimebundle_()["text/plain"]})
    assert get_partial_grade(output, 3) == 1.5


def test_validate_counts_hidden_checks_as_passed(monkeypatch):
    card = Scorecard("x", 3, [Finding("a", "passed", 1)])
    assert repr(card) == "1"
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    assert repr(card) == "3"
    card.findings[0].verdict = "failed"
    assert repr(card) == "0"


def test_json_form_comes_back():
    card = Scorecard("x", 3, [Finding("a", "passed", 1), Finding("b", "failed", 1, "why", "hint", True)])
    data = card._repr_mimebundle_()[MIME]
    assert data["earned"] == 1 and data["hidden_points"] == 1
    assert Scorecard.from_dict(data) == card


def test_the_table_is_one_that_a_screen_reader_reads():
    page = Scorecard("x", 1, [Finding("a < b", "failed", 1, "use `<=`", "hint & more")])._repr_html_()
    assert "<caption" in page and 'scope="col"' in page and 'scope="row"' in page
    assert "a &lt; b" in page and "<code>&lt;=</code>" in page and "hint &amp; more" in page
    assert "failed" in page  # a word, not only a colour or a sign


def test_an_exception_names_the_learners_line():
    f = learner("def half(x):\n    y = x\n    return y / 0\n")["half"]
    finding = run(lambda: f(1))
    assert finding.verdict == "failed"
    assert "ZeroDivisionError: division by zero" in finding.message
    assert "at line 3 of your code, in `half`: `return y / 0`" in finding.message


def test_an_exception_deep_in_a_library_names_the_learners_line():
    f = learner("import numpy as np\ndef stack(xs):\n    return np.stack(xs)\n")["stack"]
    finding = run(lambda: f([[1], [1, 2]]))
    assert "at line 3 of your code, in `stack`: `return np.stack(xs)`" in finding.message


def test_a_result_that_cannot_be_used_is_said_so():
    def body():
        learned = learner("def f():\n    return 3\n")["f"]()
        learned["precision"]

    with check("t", hint="h"):
        body()
    # the failing line is the check's own helper here; in a notebook it is the check cell
    assert "TypeError" in grade("x").findings[0].message


@pytest.mark.parametrize("stub", ["raise NotImplementedError()", "return ..."])
def test_what_is_not_written_is_not_a_failure(stub):
    f = learner(f"def f(x):\n    {stub}\n")["f"]
    finding = run(lambda: expect(f(1), 2))
    assert (finding.verdict, finding.hint) == ("todo", "")


def test_an_undefined_name_says_run_the_cell():
    def body():
        precision  # noqa: B018, F821

    file = body.__code__.co_filename
    with check("t", hint="h") as _:
        exec(compile("precision", file, "exec"), {})
    message = grade("x").findings[0].message
    assert "`precision` is not defined. Run the exercise's cell first" in message


def test_sys_exit_ends_the_check_only():
    assert "ended the program" in run(lambda: sys.exit(0)).message


def test_an_interrupt_by_the_user_passes_through():
    with pytest.raises(KeyboardInterrupt), check("t", hint="h"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", "while True:\n  try: 1\n  except Exception: pass", "for i in __import__('itertools').count(): pass"],
)
def test_an_endless_loop_ends_with_a_sentence(monkeypatch, loop):
    monkeypatch.setattr(checks, "CHECK_SECONDS", 0.2)
    finding = run(lambda: exec(loop, {}))
    assert "Does a loop in your code never end?" in finding.message
    time.sleep(0.7)  # nothing arrives late


def test_time_limit_lets_quick_code_be():
    with time_limit(5) as limit:
        pass
    assert not limit.fired
    with pytest.raises(TimeLimit), time_limit(0.05):
        while True:
            pass


def test_hidden_checks_tell_no_values(capsys):
    def body():
        print("the secret is 42")
        expect(1, 42)

    finding = run(body, hidden=True)
    assert "42" not in finding.message and "not the expected number" in finding.message
    assert capsys.readouterr().out == ""

    def property():
        raise AssertionError("should be 42")

    assert "42" not in run(property, hidden=True).message
    f = learner("def f(x):\n    raise ValueError(f'saw {x}')\n")["f"]
    message = run(lambda: f(42), hidden=True).message
    assert message == "Your code raised ValueError.", "the line may be made to say what came in"


def test_stderr_stays_out_of_the_cell(capfd):
    handler = logging.StreamHandler(sys.stderr)  # keeps the stream, as a library's logger does
    logger = logging.getLogger("a library")
    logger.addHandler(handler)

    def body():
        warnings.warn("loud", stacklevel=1)
        print("loud", file=sys.stderr)
        logger.warning("loud")
        os.write(2, b"loud from C\n")
        subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('loud')"], check=True)

    assert run(body).verdict == "passed"
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "after\n"


def test_a_warning_goes_into_the_message_of_a_failure():
    f = learner("import numpy as np\ndef f(a):\n    return a / np.zeros(2)\n")["f"]
    finding = run(lambda: expect(f(np.ones(2)), np.zeros(2)))
    assert "divide by zero" in finding.message


def test_randomness_has_one_seed_and_a_stream_for_every_check():
    def draw(title):
        with check(title, hint="h") as rng:
            return rng.random()

    assert draw("a") == draw("a") != draw("b")
    checks.reset(seed=1)
    again = draw("a")
    checks.reset(seed=0)
    assert again != draw("a")


def test_checks_worth_more_than_the_cell_are_the_authors_fault():
    with check("a", hint="h", points=2):
        pass
    with pytest.raises(ValueError, match="worth 2 points, the cell only 1"):
        grade("x", points=1)


def test_choices_are_explained():
    why = {"a": "A is too small.", "b": "B fits."}
    expect_choice(" B ", "b", why)
    assert "A is too small." in run(lambda: expect_choice("a", "b", why)).message
    assert "one of 'a', 'b'" in run(lambda: expect_choice("z", "b", why)).message
    assert run(lambda: expect_choice(..., "b", why)).verdict == "todo"


def test_expect_raises():
    assert str(expect_raises(ValueError, int, "x")).startswith("invalid literal")
    assert "returned 3" in run(lambda: expect_raises(ValueError, int, "3")).message
    assert "raised TypeError" in run(lambda: expect_raises(ValueError, int, [])).message

    def stub():
        raise NotImplementedError

    assert run(lambda: expect_raises(Exception, stub)).verdict == "todo"


def test_a_check_counts_only_with_the_one_it_needs():
    with check("adds", hint="h"):
        expect(3, 4)
    with check("refuses text", hint="h", needs="adds"):
        expect(1, 1)
    with check("refuses nothing", hint="h", needs="refuses text", points=2):
        expect(1, 2)
    with check("stands alone", hint="h"):
        expect(1, 1)
    card = grade("x")
    assert [f.verdict for f in card.findings] == ["failed", "waits", "waits", "passed"]
    assert card.earned == 1 and not card.complete
    assert [(f.title, f.points) for f in card.shown] == [
        ("adds", 1), ("2 more checks count once this one passes: adds", 3), ("stands alone", 1)]  # fmt: skip
    assert str(card).count("Expected") == 1 and "2 more checks count" in card._repr_html_()
    assert Scorecard.from_dict(card.to_dict()) == card


@pytest.mark.parametrize("broken", [False, True])
def test_the_needed_check_lets_the_others_speak(broken):
    with check("adds", hint="h"):
        expect(4, 4)
    with check("refuses text", hint="h", needs="adds"):
        expect(1, 2 if broken else 1)
    assert [f.verdict for f in grade("x").findings] == ["passed", "failed" if broken else "passed"]


def test_what_is_not_written_does_not_wait():
    for needs in ("", "a"):
        with check("b" if needs else "a", hint="h", needs=needs):
            raise NotImplementedError
    assert [f.verdict for f in grade("x").findings] == ["todo", "todo"]
    with check("c", hint="h", needs="nowhere"):
        pass
    with pytest.raises(ValueError, match="'nowhere', which did not run before it"):
        grade("x")


CHECK_CELL = """
with check("the total", hint="h"):
    expect(total([3, 1, 2]), 6)
"""


@pytest.mark.parametrize(("body", "said"), [
    ("return sum(values)", ""),
    ("values.sort(); return sum(values)", "`total` changed its argument `values`"),
    ("def inner(v):\n        v.sort()\n    copied = list(values); inner(copied); return sum(copied)", ""),
    ("helper(values); return sum(values)", "`total` changed its argument `values`"),
    ("return sum(sort_it(list(values)))", ""),
    ("'Sorts in place.'; values.sort(); return sum(values)", ""),
    ("'Zero in place of nothing.'; values.sort(); return sum(values)", "changed its argument"),
])  # fmt: skip
def test_what_the_learner_wrote_leaves_its_arguments_as_they_were(body, said):
    scope = learner(f"def helper(v):\n    v.append(0)\n\ndef sort_it(v):\n    v.sort()\n    return v\n\n"
                    f"def total(values):\n    {body}")  # fmt: skip
    scope |= {"check": check, "expect": expect, "mft_learners": ["total", "none_yet"]}
    before = scope["total"]
    exec(compile(CHECK_CELL, "<check>", "exec"), scope)
    assert scope["total"] is before
    (found,) = grade("x").findings
    assert (found.verdict, said in found.message) == ("failed" if said else "passed", True)


def test_seconds_are_of_the_cpu_for_what_computes_and_of_the_clock_for_what_sleeps():
    with time_limit(0.2) as limit, contextlib.suppress(TimeLimit):
        for _ in range(100):
            time.sleep(0.01)
    assert limit.fired
    with time_limit(0.2) as limit, contextlib.suppress(TimeLimit):
        while True:
            sum(range(1000))
    assert limit.fired
    began = time.process_time()
    with time_limit(1.0) as limit:
        for _ in range(40):  # a third of the CPU and more than a second on the clock: a loaded machine
            until = time.process_time() + 0.01
            while time.process_time() < until:
                pass
            time.sleep(0.03)
    assert not limit.fired and time.process_time() - began < 1


def test_calls_between_cells_are_held_to_the_rule_too():
    scope = learner("def given(f, v):\n    return f(v)", "<given>") | {
        "check": check, "expect": expect, "mft_learners": ["total"]}  # fmt: skip
    scope |= learner("def total(values):\n    values.sort()\n    return sum(values)")
    exec(compile(CHECK_CELL.replace("total(", "given(total, "), "<check>", "exec"), scope)
    assert "`total` changed its argument `values`" in grade("x").findings[0].message


def sealed(source: str) -> str:
    import base64

    return base64.encodebytes(source.encode()).decode()


def test_sealed_checks_judge_as_open_ones_do():
    namespace = learner("def half(x):\n    return x / 3\n\nexec = compile = None\n")
    namespace |= {"check": check, "expect": expect, "run_sealed": checks.run_sealed}
    source = 'with check("of 4", hint="h") as rng:\n    got = half(4)\n    expect(got, 2.0)\nwith check("of a", hint="h"):\n    half("a")\n'
    exec(f"run_sealed({sealed(source)!r})", namespace)
    first, second = grade("x", points=2).findings
    assert namespace["got"] == 4 / 3, "names live where an open cell would have them"
    assert first.message == "The result is not the expected number. Expected 2, got 1.333333333."
    assert second.message.endswith("at line 2 of your code, in `half`: `return x / 3`.")


@pytest.mark.parametrize("text", ["abc", sealed("with check("), sealed("x = 1")[3:]])
def test_a_damaged_seal_says_what_to_do(text):
    with pytest.raises(ValueError, match="take this cell from the release again"):
        checks.run_sealed(text)

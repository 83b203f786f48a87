"""What beginners do first gets the best message: in a notebook's shell, and in the kernel of `mft check`.

Each mistake has what must occur in the card, and what must not. The reverse too: right answers and sensible wrong ones
do not get these sentences.
"""

from __future__ import annotations

import linecache
import re

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tiny_course import MEAN, MEDIAN, ROOT, UNIT, cell, load, save

from mftcourse import checks, mistakes
from mftcourse.checks import Scorecard
from mftcourse.course.handin import exercise, kind, scorecard
from mftcourse.learning import progress, workspace

SENTENCES = re.compile(
    "The exercise's cell|delete that line|delete it once|returns nothing|Did you mean|Run All|in quotes|lacks the key|"
    "could not be used|side by side|kernel is new|never end|This check saw"
)


class Shell:
    """A notebook of the course in a real IPython shell: its cells run as JupyterLab runs them."""

    def __init__(self, nb) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        config = Config()
        config.HistoryManager.enabled = False
        InteractiveShell.clear_instance()
        self.shell, self.nb = InteractiveShell.instance(config=config, colors="nocolor"), nb
        checks.cell_limit(checks.CELL_SECONDS)

    def run(self, source: str):
        return self.shell.run_cell(source, store_history=True)

    def source(self, name: str, of: str) -> str:
        return next(c.source for c in self.nb.cells if exercise(c) == name and kind(c) == of)

    def restart(self, *, first: bool = True) -> None:
        """Forget every name; run the released notebook's code cells again where `first`."""
        self.shell.reset(new_session=True)
        mistakes._cells.clear()
        checks.reset()
        for c in self.nb.cells if first else []:
            if kind(c) == "code":
                self.run(c.source)

    def check(self, name: str) -> Scorecard:
        return self.run(self.source(name, "check")).result

    def answer(self, name: str, *sources: str) -> Scorecard:
        for source in sources:
            self.run(source)
        return self.check(name)


def only_until(unit: str, last: str):
    """Return a released notebook up to the check of one exercise."""
    (path,) = (ROOT / "release").glob(f"{unit}-*/*.ipynb")
    nb = load(path)
    end = max(i for i, c in enumerate(nb.cells) if exercise(c) == last)
    nb.cells = nb.cells[: end + 1]
    return nb


@pytest.fixture(scope="module")
def shells(built):
    """The tiny course and the beginnings of two real units; each is started once, on demand."""
    made: dict[str, Shell] = {}
    notebooks = {"tiny": lambda: load(built.release(UNIT)), "05": lambda: only_until("05", "lasso"),
                 "06": lambda: only_until("06", "roc_by_hand"), "choice": lambda: only_choice()}  # fmt: skip
    current = ""

    def get(name: str) -> Shell:
        nonlocal current
        if name != current:  # there is one shell in a process
            made[name], current = Shell(notebooks[name]()), name
            made[name].restart()
        mistakes._cells.clear()
        mistakes.cell_ended("import mftcourse", None)
        for c in made[name].nb.cells:
            if kind(c) == "exercise":
                made[name].run(c.source)  # a learner who ran everything before writing
        return made[name]

    yield get
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()


def only_choice():
    nb = only_until("06", "micro_is")
    nb.cells = [c for c in nb.cells if exercise(c) == "micro_is"]
    return nb


def below(stub: str, code: str) -> str:
    """Return a stub with code written below its last line, which is the `raise`."""
    return stub.rstrip() + "\n    " + code.replace("\n", "\n    ")


TORCH = """
import io, torch
def mean(values):
    file = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), file)
    file.seek(0)
    return torch.load(file, weights_only=True)
"""
COLOURS = """
def mean(values):
    text = "\\x1b[31mthe first line.\\x1b[0m Then more.\\n" + "\\n".join("advice %d" % i for i in range(14))
    raise RuntimeError(text)
"""
SGD = "def sgd_step(params, grads, state, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):\n"
GROUPS = "def decay_groups(model, weight_decay):\n"
LASSO = "def soft_threshold(values, threshold):\n"

# (notebook, exercise, the learner's cells, what must occur in the card, what must not)
MISTAKES = {
    "code below the raise": (
        "tiny", "mean", ["def mean(values):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n    return 4"],
        ["Your code stands below the line `raise NotImplementedError()` (line 3), which ends the function `mean`: delete",
         "As above."], ["not written yet"]),
    "code above the raise": (
        "tiny", "mean", ["def mean(values):\n    'Doc.'\n    # YOUR CODE HERE\n    total = sum(values)\n"
                         "    raise NotImplementedError()"],
        ["(line 5) still stands below your code in `mean`, and is reached: delete it once your code is whole"],
        ["not written yet"]),
    "code below the raise, in a real stub": (
        "05", "sgd_step", ["+moved = [p - lr * g for p, g in zip(params, grads)]\nreturn moved, {}"],
        ["Your code stands below the line `raise NotImplementedError()` (line 16)"], ["not written yet"]),
    "no colon": (
        "tiny", "mean", ["def mean(values)\n    return 1"],
        ["has a syntax error in line 1: `def mean(values)` (expected ':')", "As above."],
        ["is not defined", "not written yet"]),
    "a bracket never closed, below blank lines": (
        "tiny", "mean", ["\n\ndef mean(values):\n    return (sum(values) / len(values)"],
        ["has a syntax error in line 4: `return (sum(values) / len(values)` ('(' was never closed)"],
        ["not defined"]),
    "a body that is not indented": (
        "tiny", "mean", ["def mean(values):\nreturn sum(values)"],
        ["has an indentation error in line 2: `return sum(values)`"], ["not defined"]),
    "one line too far in": (
        "tiny", "mean", ["def mean(values):\n    total = sum(values)\n      return total"],
        ["has an indentation error in line 3: `return total` (unexpected indent)"], ["not defined"]),
    "a comma from a Chinese keyboard": (
        "tiny", "mean", ["def mean(values):\n    return max(1，2)"],
        ["in line 2", "Type the plain character"], ["not defined"]),
    "a syntax error after a version that ran": (
        "tiny", "mean", [MEAN.replace("len(values)", "3"), "def mean(values):\n    return sum(values) / len(values"],
        ["has a syntax error in line 2", "This check saw what ran before.", "Expected 5"], []),
    "no return": (
        "tiny", "mean", ["def mean(values):\n    sum(values) / len(values)"],
        ["The result is None. Your function returns nothing: does it end in `return`?"], []),
    "print for return": (
        "tiny", "mean", ["def mean(values):\n    print(sum(values))"], ["does it end in `return`?"], []),
    "no return, where a pair is taken apart": (
        "05", "sgd_step", [SGD + "    moved = [p - lr * g for p, g in zip(params, grads)]"],
        ["`sgd_step` returns nothing (None), where a value is needed: does it end in `return`?"],
        ["cannot unpack", "run_steps", "of your code"]),
    "a list where a pair is asked": (
        "05", "sgd_step", [SGD + "    '''Step.\n\n    Returns:\n        (new_params, new_state): two things.\n    '''\n"
                                 "    return [p - lr * g for p, g in zip(params, grads)]"],
        ["`sgd_step` returned a list of 1 (Tensor of shape (1,)), where 2 values are needed", "in the given `run_steps`",
         "Its docstring asks for: (new_params, new_state): two things."], ["of your code"]),
    "one tensor where a pair is asked": (
        "05", "sgd_step", [SGD + "    return params[0] - lr * grads[0]"], ["`sgd_step` returned a tensor of shape"],
        ["of your code"]),
    "a wrong shape that surfaces in a given function": (
        "05", "decay_groups", ["@" + GROUPS + "    return [{'params': [[p] for p in model.parameters()]}]"],
        ["`decay_groups` returned a list of 1 (dict). That could not be used in the given `groups_of_example`"],
        ["of your code"]),
    "nothing, in a given function of the same cell": (
        "05", "decay_groups", ["@" + GROUPS + "    [p for p in model.parameters()]"],
        ["`decay_groups` returns nothing (None)"], ["of your code"]),
    "a wrong shape in one's own second function": (
        "05", "lasso", ["import numpy as np\n" + LASSO + "    return np.zeros(7)\n"
                        "def lasso(X, y, l1, lr, n_steps):\n    w = np.zeros(X.shape[1])\n"
                        "    return w + soft_threshold(w, l1)"],
        ["of your code, in `lasso`: `return w + soft_threshold(w, l1)`"], ["given"]),
    "a letter without quotes": (
        "choice", "micro_is", ["answer_micro = c"],
        ["`answer_micro = c` (NameError: name 'c' is not defined)", 'write it in quotes: "c"'],
        ["Run All", "not written yet"]),
    "two letters": ("choice", "micro_is", ['answer_micro = "a" "b"'],
                    ["you gave 'ab'", '"a" "b" are texts side by side, which Python joins to \'ab\''], []),
    "a letter in a list": ("choice", "micro_is", ['answer_micro = ["c"]'], ["Answer with one of 'a', 'b', 'c', 'd', in quotes"], []),
    "curly quotes": ("choice", "micro_is", ["answer_micro = “c”"], ["syntax error in line 1", "Type the plain"], ["not written"]),
    "keys without quotes": (
        "05", "which_converge", ["converges = {a: True, b: True}"], ['write it in quotes: "a"'], ["not written yet"]),
    "a key that is missing": (
        "05", "which_converge", ['converges = {"a": True, "b": True, "c": False, "e": False}'],
        ["`converges` lacks the key 'd'; its keys are: 'a', 'b', 'c', 'e'."], ["What your code returned", "KeyError"]),
    "a key in capitals": (
        "05", "which_converge", ['converges = {"A": True}'], ["`converges` lacks the key 'a'; its keys are: 'A'."], ["KeyError"]),
    "a list for a dict": (
        "05", "which_converge", ["converges = [True, True, False, True, False]"],
        ["`converges` is a list of 5"], ["What your code returned"]),
    "True in quotes": (
        "05", "which_converge", ['converges = dict.fromkeys("abcde", "True")'],
        ["should be True or False, not str. Write it without quotes."], []),
    "a surplus key": (
        "06", "confusion_counts", ["def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):\n"
                                   "    return dict(tp=2, fp=1, fn=2, tn=3, n=8)"],
        ["has the unknown key 'n'"], []),
    "numbers where pairs are asked": (
        "06", "roc_by_hand", ["roc_points = [0, 0.2, 1]"], ["`roc_points` is a list of 3 (int, float, int)"],
        ["What your code returned"]),
    "a comma at the end": (
        "tiny", "mean", ["def mean(values):\n    return sum(values) / len(values),"],
        ["You returned a tuple of 1: a comma at the end of a line makes one."], []),
    "a number as text": (
        "tiny", "mean", ["def mean(values):\n    return '4'"], ["should be a number, not str. Write it without quotes."], []),
    "a library's long error": (
        "tiny", "mean", [TORCH], ["UnpicklingError: Weights only load failed, at line", "in `mean`: `return torch.load("],
        ["trust", "weights_only=False", "\\x1b", "option"]),
    "escape codes and fifteen lines": (
        "tiny", "mean", [COLOURS], ["Your code raised RuntimeError: the first line, at line"], ["\x1b", "advice", "Then more"]),
    "a misspelt name": (
        "tiny", "mean", ["def mean(values):\n    return sum(valeus)"],
        ["name 'valeus' is not defined, at line 2 of your code", "Did you mean `values`?"], ["Run All"]),
    "a name of an earlier cell": (
        "tiny", "mean", ["def mean(values):\n    return np.mean(values)"],
        ["name 'np' is not defined, at line 2", "If a cell further up defines `np`, run that one first: Run > Run All"], []),
    "an error before the definition": (
        "tiny", "mean", ["values = [1, 2]\nmean = sum(values) / values\n"],
        ["ended in line 2: `mean = sum(values) / values` (TypeError: unsupported operand"], ["not defined", "not written"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_first_mistake_gets_its_sentence(shells, name):
    notebook, asked, cells, must, must_not = MISTAKES[name]
    shell = shells(notebook)
    stub = shell.source(asked, "exercise")
    cells = [below(stub, c[1:]) if c[0] == "+" else c[1:] + "\n\n" + stub[stub.index("def group_names") :]
             if c[0] == "@" and "def " in c else c for c in cells]  # fmt: skip
    said = str(shell.answer(asked, *cells))
    assert [m for m in must if m not in said] == [], said
    assert [m for m in must_not if m in said] == [], said
    assert "\x1b" not in said


SGD_RIGHT = SGD + '''    """Take one step of SGD."""
    if len(params) != len(grads):
        raise ValueError("lengths")
    old = state.get("buffers", [torch.zeros_like(p) for p in params])
    grads = [g + weight_decay * p for p, g in zip(params, grads)]
    buffers = [momentum * b + g for b, g in zip(old, grads)]
    steps = [g + momentum * b if nesterov else b for g, b in zip(grads, buffers)]
    return [p - lr * s for p, s in zip(params, steps)], {"buffers": buffers}
'''
# right answers, and wrong ones of which the mistake is in the thought
SENSIBLE = [
    ("tiny", "mean", [MEAN], 2),
    ("tiny", "mean", ["def mean(values)\n    return 1", MEAN], 2),  # an error that was corrected
    ("tiny", "mean", [MEAN + "\nmean(None)"], 2),  # a trial below the answer that fails
    ("tiny", "mean", [MEAN, "total = mean(numbers"], 2),  # a cell of one's own that fails
    ("tiny", "mean", ["def mean(values):\n    return sum(values) / 3"], 1),
    ("tiny", "mean", ["def mean(values):\n    return sum(values) / 3\nprint(maen)"], 1),
    ("tiny", "mean", ["def mean(values):\n    return 'a long text, ' 'in two'.count('x') + 4"], 1),
    ("tiny", "mean", ["def mean(values):\n    # YOUR CODE HERE\n    raise NotImplementedError()"], 0),
    ("choice", "micro_is", ['answer_micro = "(c)"'], 2),
    ("choice", "micro_is", ['answer_micro = " C "'], 2),
    ("choice", "micro_is", ["answer_micro = ('c')"], 2),
    ("choice", "micro_is", ['answer_micro = "a"'], 0),
    ("choice", "micro_is", ["answer_micro = ..."], 0),
    ("05", "which_converge", ['converges = {"a": True, "b": True, "c": False, "d": False, "e": False}'], 4),
    ("05", "which_converge", ['converges = {"a": True, "b": True, "c": False, "d": True, "e": ...}'], 4),
    ("05", "sgd_step", [SGD_RIGHT], 8),
    ("05", "sgd_step", [SGD_RIGHT.replace("momentum * b + g", "momentum * b + (1 - momentum) * g")], None),
    ("05", "sgd_step", [SGD_RIGHT.replace("old, grads", "params, grads")], None),
    ("05", "decay_groups", None, 0),
    ("05", "lasso", None, 0),
]


@pytest.mark.parametrize("case", SENSIBLE, ids=lambda case: f"{case[1]} {SENSIBLE.index(case)}")
def test_right_answers_and_sensible_wrong_ones_get_none_of_these(shells, case):
    notebook, asked, cells, earned = case
    shell = shells(notebook)
    card = shell.answer(asked, *(cells or [shell.source(asked, "exercise")]))
    assert not SENTENCES.search(str(card)), str(card)
    assert earned is None or card.earned == earned, str(card)
    if cells is None or "..." in cells[0] and earned == 0 or cells[0].endswith("raise NotImplementedError()"):
        assert {f.verdict for f in card.findings} == {"todo"}


def test_an_endless_loop_in_a_function_leaves_time_for_the_other_checks(shells, monkeypatch):
    monkeypatch.setattr(checks, "CHECK_SECONDS", 1.0)
    card = shells("tiny").answer("mean", "def mean(values):\n    total = 0\n    while total < 1:\n        total += 0")
    first, second = card.findings
    assert first.message.startswith("This took longer than 1 seconds and was stopped, at line ") and "`mean`" in first.message
    assert "Does a loop in your code never end?" in first.message and card.points == 3
    assert second.message.startswith("This took longer than 0.1 seconds")


def test_an_endless_loop_in_the_cell(shells, capsys):
    shell = shells("tiny")
    checks.cell_limit(0.3)
    try:
        said = str(shell.answer("mean", "total = 0\nwhile total < 1:\n    total += 0\n" + MEAN))
    finally:
        checks.cell_limit(300)
    assert "The exercise's cell, which defines `mean`, was stopped before it ended, in line " in said
    assert "Does a loop in it never end?" in said and "not written yet" not in said
    capsys.readouterr()


def test_cells_out_of_order(shells):
    shell = shells("05")
    shell.restart()
    said = str(shell.check("sgd_step"))
    assert "`sgd_step` is not defined. Run the exercise's cell first, and keep its name." in said
    assert "After a restart of the kernel, run all cells above: Run > Run All Above Selected Cell." in said
    said = str(shell.answer("rmsprop_step", "def rmsprop_step(params, grads, state, **options):\n"
                            "    return sgd_step(params, grads, state)"))  # fmt: skip
    assert "An earlier exercise defines `sgd_step`: run its cell." in said
    shell.restart(first=False)
    shell.run("import mftcourse")
    said = str(shell.answer("lasso", shell.source("lasso", "exercise")))  # `np` is of the notebook's first cell
    assert "The exercise's cell, which defines" in said and "(NameError: name 'np' is not defined)" in said
    assert "If a cell further up defines `np`, run that one first: Run > Run All Above Selected Cell." in said


@pytest.mark.parametrize("mine", ["", "def mean(values: Sequence):\n    return 4"])
def test_a_kernel_that_was_restarted_in_the_middle(release, mine):
    source = next(c.source for c in release.cells if exercise(c) == "mean" and kind(c) == "check")
    cells = [new_code_cell(text) for text in (mine, source) if text]
    NotebookClient(new_notebook(cells=cells), allow_errors=True).execute()
    said = str(Scorecard.from_dict(scorecard(cells[-1])))
    assert "`mean` is not defined: the kernel is new" in said and "As above." in said
    assert "Run all cells above: Run > Run All Above Selected Cell" in said


def test_the_wall_says_the_same():
    from mftcourse import check, expect, grade
    from mftcourse.grading.wall import Room, stand_ins

    given = 'def pair(f):\n    """Take two (given)."""\n    a, b = f()\n    return a\n'
    sources = {
        "def f():\n    raise NotImplementedError()\n    return 4\n": "Your code stands below the line",
        "def f():\n    pass\n" + given: "`f` returns nothing (None)",
        "def f():\n    return [4]\n" + given: "`f` returned a list of 1 (int), where 2 values are needed. "
                                             "That could not be used in the given `pair`",
        "def f():\n    return 4 / 0\n" + given: "division by zero, at line 2 of your code, in `f`",
    }  # fmt: skip
    code = 'with check("t", hint="h"):\n    expect(pair(f) if "pair" in globals() else f(), 4)\n'
    for number, (source, want) in enumerate(sources.items()):
        file = f"<learner {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        said = []
        for wall in (False, True):
            scope: dict = {}
            exec(compile(source, file, "exec"), scope)
            names = [n for n in ("f", "pair") if n in scope]
            if wall:
                scope = stand_ins(Room(scope, names).handle, names)
            scope |= {"check": check, "expect": expect, "mft_learners": names}
            exec(compile(code, "<check>", "exec"), scope)
            said.append(grade("x").findings[0].message)
        assert want in said[0]
        assert said[0] == said[1]


NETWORK = """
import torch
def learn(net, x):
    return torch.nn.functional.mse_loss(net(x), torch.zeros(3, 1))
"""
NET = "class Net(torch.nn.Module):\n    def forward(self, x):\n        "


NET_CHECK = """
mft_learners = ["mean", "Net"]
from mftcourse import check, expect, grade
with check("t", hint="h"):
    expect(learn(Net(), torch.ones(3, 1)), 0)
grade("x")
"""


@pytest.mark.parametrize(("body", "must", "must_not"), [
    ("x * 2", "could not be used in the given `learn`", "of your code"),
    ("x * 2", "Is a `return` missing?", "of your code"),
    ("return x.no_such", "at line 3 of your code, in `forward`: `return x.no_such`", "given"),
])  # fmt: skip
def test_a_class_that_a_given_cell_runs(shells, body, must, must_not):
    shell = shells("tiny")
    for source in (NETWORK, NET + body):
        shell.run(source)
    said = str(shell.run(NET_CHECK).result)
    assert must in said and must_not not in said, said


# --- in the kernel of `mft check` -------------------------------------------------------------


def written(course, **answers: str) -> None:
    """Start the tiny unit and write these answers into the learner's notebook."""
    path = workspace.start(course, UNIT).path
    nb = load(path)
    for name, source in answers.items():
        cell(nb, name).source = source
    save(nb, path)


IN_A_KERNEL = {
    "code below the raise": ("def mean(values):\n    raise NotImplementedError()\n    return 4", ["Your code stands below"], []),
    "no colon": ("def mean(values)\n    return 1", ["has a syntax error in line 1: `def mean(values)`"], ["is not defined"]),
    "not indented": ("def mean(values):\nreturn 1", ["has an indentation error in line 2: `return 1`"], ["is not defined"]),
    "no return": ("def mean(values):\n    sum(values)", ["does it end in `return`?"], []),
    "another name": ("def average(values):\n    return 1", ["`mean` is not defined", "keep its name"], ["Run >", "restart"]),
    "a long error": (TORCH, ["UnpicklingError: Weights only load failed, at line"], ["trust", "\x1b"]),
    "a name without quotes": ("mean = c", ['write it in quotes: "c"'], ["Run >"]),
    "a loop in the cell": ("while True:\n    pass\n" + MEAN, ["was stopped before it ended", "never end?"], []),
    "a loop in C": ("import itertools\ndef mean(values):\n    return sum(itertools.repeat(0))", ["did not end within"], []),
    "the reference": (MEAN, [], ["cell"]),
}


@pytest.mark.parametrize("name", IN_A_KERNEL)
def test_the_same_in_the_terminal(course, name):
    source, must, must_not = IN_A_KERNEL[name]
    written(course, mean=source, median=MEDIAN)
    done = progress.check(course, "tiny", seconds=4 if "loop" in name else None)
    cards = {card["exercise"]: card for card in done.scorecards}
    said = " ".join(f["message"] for f in cards["mean"]["findings"])
    assert [m for m in must if m not in said] == [], (said, done.notes)
    assert [m for m in must_not if m in said] == [], said
    assert cards["mean"]["points"] == 3 and cards["median"]["earned"] == 3
    assert not any(re.search(r"\d+\.py", note) for note in done.notes), done.notes
    Scorecard.from_dict(cards["mean"] | {"findings": []})


def test_an_endless_loop_in_every_check_still_gives_a_card(course):
    written(course, mean="def mean(values):\n    while True:\n        pass", median=MEDIAN)
    done = progress.check(course, "tiny", seconds=3)  # shorter than a check may take
    card = next(c for c in done.scorecards if c["exercise"] == "mean")
    (finding,) = card["findings"]
    assert card["points"] == 3 and finding["message"] == (
        "The check cell of mean took too long and was stopped. Does a loop never end?")  # fmt: skip

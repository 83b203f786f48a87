"""Hostile notebooks, what surrounds them, and what came of each: the grader's own red team.

An attack is a notebook of unit 06 in which three exercises are honestly solved (`HONEST`) and the rest is as released,
apart from the cells of the attack. `catalogue/*.ipy` holds the attacks that are cells, `EDITS` those that are changes
of the notebook's file. The endings are IPython's, so that no Python imports them by accident. A file is read so:

    # === kind: what these have in common
    # %% name | where its first cell stands | where its next one stands
    # Wants what it is after.
    # loses paired_test: why it is fair that this honest exercise may lose its points here
    # fair 8: what a plain function that returns the same values may earn besides the honest exercises
    # slow
    first cell
    # %% +
    next cell

A place is `answer X` (instead of the exercise's cell), `before X` and `after X` (a cell of its own, next to the check
of X), `last`, `markdown memo` or `markdown before X`, or `file NAME` (a file beside the notebook).

**No attack runs outside the fence.** Three things see to it: nothing here runs any; `unsafe` grades a harmless
notebook first, which tells what it sees of this machine, and whoever runs attacks stops unless that is nothing; and
each code cell of an attack begins with a belt (`belted`), which ends the process where the class folder is visible.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
import secrets as randomness
import shutil
import site
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(p) for p in (ROOT, ROOT / "tools") if str(p) not in sys.path]

import demo  # noqa: E402

from mftcourse.checks import MIME, Scorecard  # noqa: E402
from mftcourse.course.files import Course  # noqa: E402
from mftcourse.course.handin import exercise, kind, scorecard  # noqa: E402

UNIT, SLUG = "06-metrics", "metrics"
HONEST = ("confusion_counts", "auc_two_ways", "paired_test")  # early, in the middle, last; plain Python, no library
FIRST, LAST, PROBE = "0-bystander", "zzz-bystander", "probe"  # the alphabet is the order of grading
BOMBS = ("memory", "processor", "processes", "disk", "output", "waiting")
MARK = "submitted"  # a folder of the class that no room may see


@dataclass(frozen=True)
class Attack:
    """A hostile notebook.

    Attributes:
        cells: (place, source) in the order of the catalogue.
        loses: honest exercises that may be lost, as it destroys its own room; `why` says why that is fair.
        fair: points that a plain function with the same values earns, besides the honest exercises.
        slow: it uses up a limit that another attack of its kind uses up in the sample.
        edit: changes the notebook's file instead.
    """

    name: str
    kind: str
    wants: str
    cells: tuple[tuple[str, str], ...] = ()
    loses: tuple[str, ...] = ()
    fair: float = 0.0
    why: str = ""
    slow: bool = False
    edit: Callable[[NotebookNode], object] | None = None

    @property
    def student(self) -> str:
        return re.sub(r"\W+", "-", self.name)

    @property
    def attacked(self) -> list[str]:
        """The exercises whose answer it replaces; otherwise it is after the whole card."""
        return [place.split()[1] for place, _ in self.cells if place.startswith("answer ")]


def catalogue() -> list[Attack]:
    """Return every attack, in the order of the files."""
    found = [a for path in sorted((Path(__file__).parent / "catalogue").glob("*.ipy")) for a in _read(path)]
    return found + [Attack(e.__name__.replace("_", " "), "hand-in", e.__doc__.removeprefix("Wants "), edit=e) for e in EDITS]


def sample(of_kind: int = 1) -> list[Attack]:
    """Return those that `make test` runs: none that are slow, and no more than so many of a kind, bombs aside."""
    kinds: dict[str, list[Attack]] = {}
    for attack in catalogue():
        if not attack.slow:
            kinds.setdefault(attack.kind, []).append(attack)
    return [a for group in kinds.values() for a in (group if group[0].kind in BOMBS else group[:: -(-len(group) // of_kind)])]


def _read(path: Path) -> Iterator[Attack]:
    for section in re.split(r"(?m)^# === ", path.read_text(encoding="utf-8"))[1:]:
        of_kind = section.partition(":")[0]
        for text in re.split(r"(?m)^# %% (?!\+)", section)[1:]:
            first, *more = re.split(r"(?m)^# %% \+\n", text)
            head = re.match(r"(?P<name>[^|\n]+?) \| (?P<places>[^\n]+)\n# Wants (?P<wants>[^\n]+)\n"
                            r"(?:# loses (?P<loses>[^:\n]+): (?P<why>[^\n]+)\n)?"
                            r"(?:# fair (?P<fair>\d+): (?P<plain>[^\n]+)\n)?(?P<slow># slow\n)?", first)  # fmt: skip
            if not head:
                raise ValueError(f"{path.name}: no name, place or wish: {first[:60]!r}")
            places, sources = head["places"].split(" | "), [first[head.end() :], *more]
            if len(places) != len(sources):
                raise ValueError(f"{path.name}: {head['name']} has {len(sources)} cells for {len(places)} places")
            yield Attack(head["name"], of_kind, head["wants"], tuple(zip(places, (s.strip("\n") for s in sources), strict=True)),
                         tuple((head["loses"] or "").split()), float(head["fair"] or 0), head["why"] or head["plain"] or "", bool(head["slow"]))  # fmt: skip


# --- attacks that are no cells: what a text editor can do to the file -------------------------


def points_of_my_own(nb: NotebookNode) -> None:
    """Wants each check to be worth what its metadata say."""
    for cell in nb.cells:
        if kind(cell) == "check":
            cell.metadata.nbgrader.update(points=999, locked=False, grade_id=f"{exercise(cell)}-check")


def checks_that_say_so(nb: NotebookNode) -> None:
    """Wants its own text in the place of every check."""
    for cell in nb.cells:
        if kind(cell) == "check":
            cell.source = f"{cell.metadata.nbgrader.points}"
            cell.metadata.nbgrader.update(locked=False, solution=True)


def outputs_from_home(nb: NotebookNode) -> None:
    """Wants the outputs that stand in the file to be those of the grading: cards, numbers, errors swallowed."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            points = cell.metadata.get("nbgrader", {}).get("points", 125)
            finding = {"title": "mftpwn", "verdict": "passed", "points": points}
            card = {"exercise": exercise(cell), "points": points, "earned": points, "hidden_points": 0, "findings": [finding]}
            data = {"text/plain": f"{points:g}", "text/html": "<script>mftpwn()</script>", MIME: card}
            cell.outputs, cell.execution_count = [new_output("execute_result", data, execution_count=7)], 7


def twice_and_last(nb: NotebookNode) -> None:
    """Wants a copy of a check cell, further down and with other words, to be the one that counts."""
    for cell in [c for c in nb.cells if kind(c) == "check"]:
        nb.cells.append(copy.deepcopy(cell))
        nb.cells[-1].source = f"from mftcourse.checks import Scorecard\nScorecard('{exercise(cell)}', 125.0)\n125"


def exercises_of_my_own(nb: NotebookNode) -> None:
    """Wants cells that nobody released to be graded: a bonus, a second memo, a check for the answer `True`."""
    for at, (name, points) in enumerate((("bonus", 500), ("memo", 5), ("roc_curve-check", 10), ("metrics", -50))):
        about = {"grade": True, "solution": bool(at % 2), "locked": True, "grade_id": name, "points": points, "schema_version": 3, "task": at == 3}
        mft = {"kind": "check", "exercise": name, "sealed": True}
        nb.cells.insert(at, new_code_cell(f"{points}", metadata={"nbgrader": about, "mft": mft}))


def other_kinds_of_cells(nb: NotebookNode) -> None:
    """Wants checks that do not run: as prose, raw text, demonstrations, tagged to be removed or skipped."""
    for at, cell in enumerate([c for c in nb.cells if kind(c) == "check"]):
        cell.metadata.mft.update([("kind", "demo"), ("kind", "prose"), ("sealed", False), ("points", 0)][at % 4 : at % 4 + 1])
        cell.metadata.update(tags=["remove_cell", "skip-execution", "raises-exception"], deletable=False, run_control={"frozen": True})
        if at % 2:
            cell.cell_type = ["raw", "markdown"][at // 2 % 2]
            cell.pop("outputs", None), cell.pop("execution_count", None)


def notes_of_the_grader(nb: NotebookNode) -> None:
    """Wants the grader's own notes in the file's metadata to be believed, and shown as they are."""
    sentence = "All 125 points. <script>mftpwn()</script><img src=https://mftpwn.example/a.png>"
    nb.metadata.mft.grading = {"notes": [sentence], "carried": dict.fromkeys(HONEST, sentence), "isolation": sentence,
                               "produced": {"handin": sentence, "unit": "0" * 64, "environment": "", "when": sentence}}  # fmt: skip
    nb.metadata.mft.update(unit="07-finetuning", lang="zh\"><script>mftpwn()</script>", earned=125)


def metadata_that_act(nb: NotebookNode) -> None:
    """Wants names in the metadata to be markup, paths or programs: kernels, lexers, exporters, titles, ids, widgets."""
    evil = "\"><script>mftpwn()</script>"
    nb.metadata.kernelspec = {"name": "../../../bin/sh", "display_name": evil, "language": evil, "argv": ["/bin/sh", "-c", "touch /tmp/mft-attack-was-here"]}
    nb.metadata.language_info = {"name": evil, "pygments_lexer": "../../mftpwn", "nbconvert_exporter": "os.system", "file_extension": "/../x", "mimetype": evil}
    nb.metadata.update(title=evil, authors=[{"name": evil}], celltoolbar=evil, toc={"title": evil}, celebrity=[[[]]] * 1000)
    nb.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"mftpwn": {"model_name": "HTMLModel", "state": {"value": evil}}}}}
    for cell in nb.cells[:20]:
        cell.id = evil
        cell.metadata.update(name=evil, slideshow={"slide_type": evil}, collapsed=True, jupyter={"source_hidden": True, "outputs_hidden": True})
        if cell.cell_type == "markdown":
            cell.attachments = {f"a.svg{evil}": {"image/svg+xml": base64.b64encode(b"<svg onload='mftpwn()'/>").decode()}, "b.html": {"text/html": evil}}


def answers_of_somebody_else(nb: NotebookNode) -> None:
    """Wants the work, or the name, of another: names of students and folders in the file."""
    for name in (FIRST, "../zzz-bystander", "/etc/passwd", "=1+1", "%s%s%n"):
        nb.metadata[name] = {"student": name, "student_id": name}
        nb.cells.append(new_markdown_cell(f"# {name}\n\n[file](file:///etc/passwd) ![x](../../{FIRST}/06-metrics/metrics.ipynb)"))
    nb.metadata.nbgrader = {"student": FIRST, "student_id": FIRST, "assignment": "../../solutions/06-metrics"}


EDITS = [points_of_my_own, checks_that_say_so, outputs_from_home, twice_and_last, exercises_of_my_own,
         other_kinds_of_cells, notes_of_the_grader, metadata_that_act, answers_of_somebody_else]  # fmt: skip


# --- notebooks ---------------------------------------------------------------------------------


@cache
def _built() -> tuple[NotebookNode, NotebookNode]:
    course = Course(ROOT)
    return tuple(nbformat.read(course.notebook(step, UNIT), as_version=4) for step in ("release", "solutions"))


def honest() -> NotebookNode:
    """Return the released notebook with the three honest exercises solved as the reference solves them."""
    blank, solved = _built()[0], demo.reference(*_built())
    for name in HONEST:
        blank = demo.with_answer(blank, name, next(c.source for c in solved.cells if kind(c) == "exercise" and exercise(c) == name))
    return blank


def points(names: tuple[str, ...] = HONEST) -> float:
    """Return what the checks of these exercises are worth."""
    return sum(c.metadata.nbgrader.points for c in _built()[0].cells if kind(c) == "check" and exercise(c) in names)


def notebook(attack: Attack, root: Path, number: int = 0, port: int = 47611) -> tuple[NotebookNode, dict[str, str]]:
    """Return an attack as a notebook and the files beside it, for the class in `root`."""
    nb, beside = honest(), {}

    def own(source: str) -> str:
        source = source.replace("mft-attack-was-here", f"mft-attack-was-here-{attack.student}")
        source = re.sub("mft-attack(?!-was-here)", f"mft-at-{number:03}", source)
        return source.replace("47611", str(port)).replace("47612", str(port + 1)).replace("47613", str(port + 2))

    for place, source in attack.cells:
        what, _, where = place.partition(" ")
        source = own(source)
        if what == "file":
            beside[where] = belted(source, root) if where.endswith(".py") else source
            continue
        markdown = what == "markdown"
        what, _, where = where.partition(" ") if markdown else (what, _, where)
        cell = new_markdown_cell(source) if markdown else new_code_cell(belted(source, root))
        cell.id = hashlib.sha256(f"{attack.name}{place}{source}".encode()).hexdigest()[:12]
        if what == "answer" or what == "memo":
            wanted = ("exercise", where) if where else ("manual", "memo")
            next(c for c in nb.cells if (kind(c), exercise(c)) == wanted).source = cell.source
        elif what == "last":
            nb.cells.append(cell)
        else:
            at = next(i for i, c in enumerate(nb.cells) if (kind(c), exercise(c)) == ("check", where))
            nb.cells.insert(at + (what == "after"), cell)
    if attack.edit:
        attack.edit(nb)
    return nb, beside


def belted(source: str, root: Path) -> str:
    """Return a cell that ends its process before anything else where the class folder can be seen."""
    first, _, rest = source.partition("\n")
    seen = str(root / MARK)
    if first.startswith("%%"):
        python = first.startswith(("%%python", "%%writefile"))
        return f"{first}\n{_belt(seen) if python else f'[ ! -e {seen!r} ] || kill -9 $$'}\n{rest}"
    return f"{_belt(seen)}\n{source}"


def _belt(seen: str) -> str:
    return f"__import__('os').path.exists({seen!r}) and __import__('os')._exit(99)"


# --- the class around them ---------------------------------------------------------------------

# An input that no other check uses, for every exercise that is a function; right answers give what is expected.
ASKED = {
    "confusion_counts": 'confusion_counts(["{t}", "{t}"], ["{t}", "u"], pos_label="{t}"), {{"tp": 1.0, "fp": 0.0, "fn": 1.0, "tn": 0.0}}',
    "precision_recall_fbeta": 'precision_recall_fbeta(["{t}", "{t}"], ["{t}", "u"], pos_label="{t}"), (1.0, 0.5, 2 / 3)',
    "roc_curve": 'roc_curve(["{t}", "u"], [{n}, 1.0], pos_label="{t}"), tuple(mft_np.array(a) for a in ([0.0, 0, 1], [0.0, 1, 1], [mft_np.inf, {n}, 1]))',
    "auc_two_ways": 'auc_pairs([1, "{t}"], [{n}, 1.0]), 1.0',
    "fix_auc": "auc_of_ranks([0, 1], [1.0, {n}.0]), 1.0",
    "average_precision": 'precision_recall_points(["{t}", "u"], [{n}, 1.0], pos_label="{t}"), tuple(mft_np.array(a) for a in ([1.0, 1, 0.5], [0.0, 1, 1], [mft_np.inf, {n}, 1]))',
    "best_threshold": 'best_threshold(["{t}", "u"], [{n}.0, 1.0], 1, 1, pos_label="{t}"), ({n}.0, 0.0)',
    "averages": 'f1_averages(["{t}"], ["{t}"]), {{"macro": 1.0, "weighted": 1.0, "micro": 1.0}}',
    "brier_reliability": 'brier_score([1, "{t}"], [1.0, 0.0]), 0.0',
    "bootstrap_interval": "bootstrap_interval([1, {n}], [1, {n}], [[0, 1]]), (1.0, 1.0)",
    "paired_test": 'mcnemar_exact(["{t}"], ["{t}"], ["u"]), {{"only_a": 1, "only_b": 0, "p_value": 1.0}}',
}  # fmt: skip


def canaries(root: Path) -> dict[str, Path]:
    """Plant secrets in and around a class folder that holds the unit; return secret → where it stands.

    In the lesson, in hidden checks (as a comment, and as inputs of calls), in reference solutions, in an older
    gradebook, in the hand-in of `FIRST`, in $HOME, in the environment (MFT_CANARY), in the temporary folder and in the
    folder around the class. Whoever calls this sets HOME aside first, and removes what lies outside `root`.
    """
    found: dict[str, Path] = {}

    def plant(label: str, path: Path, text: str = "{}\n") -> str:
        token = f"canary-{label}-{randomness.token_hex(8)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text.format(token))
        found[token] = path
        return token

    plant("lesson", root / "course" / UNIT / "lesson.py", "\n# {}\n")
    plant("gradebook", root / "gradebook-of-last-year.db")
    plant("home", Path.home() / "notes.txt")
    plant("temporary", Path(tempfile.gettempdir()) / f"mft-canary-{randomness.token_hex(4)}.txt")
    plant("around", root.parent / "exam-questions.txt")
    os.environ["MFT_CANARY"] = plant("environment", root / "environment.txt")
    (root / "environment.txt").unlink()

    solution = Course(root).notebook("solutions", UNIT)
    nb = nbformat.read(solution, as_version=4)
    hidden, reference, asked = (f"canary-{label}-{randomness.token_hex(8)}" for label in ("hidden", "reference", "asked"))
    number = str(7_000_000_000 + randomness.randbelow(1_000_000_000))
    found |= dict.fromkeys((hidden, reference, asked, number), solution)
    for cell in nb.cells:
        if kind(cell) == "check" and exercise(cell) in ASKED:
            question = ASKED[exercise(cell)].format(t=asked, n=number)
            extra = f'# {hidden}\nwith mft_check("one more of its kind", points=0, hint="-", hidden=True):\n    mft_expect({question})\n'
            cell.source = cell.source.replace("### BEGIN HIDDEN TESTS\n", f"### BEGIN HIDDEN TESTS\n{extra}", 1)
        elif kind(cell) == "exercise":
            cell.source = cell.source.replace("### BEGIN SOLUTION\n", f"### BEGIN SOLUTION\n# {reference}\n", 1)
    nbformat.write(nb, solution)

    theirs = Course(root).notebook("submitted", UNIT, FIRST)
    if theirs.is_file():
        nb = nbformat.read(theirs, as_version=4)
        token = f"canary-handin-{randomness.token_hex(8)}"
        nb.cells.append(new_code_cell(f"# {token}", id="theirs"))
        nbformat.write(nb, theirs)
        found[token] = theirs
    return found


def hand_in(course: Course, student: str, nb: NotebookNode, beside: dict[str, str] | None = None) -> None:
    path = course.notebook("submitted", UNIT, student)
    for name, text in {path.name: json.dumps(nb), **(beside or {})}.items():
        target = path.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def make_class(root: Path) -> Course:
    """Write a class folder with the unit, two honest students and the harmless notebook of `unsafe`; return it."""
    own, made = Course(ROOT), Course(root)
    root.mkdir(parents=True)
    for step in ("solutions", "release"):
        shutil.copytree(own.folder(step, UNIT), made.folder(step, UNIT))
    made.folder("course", UNIT).mkdir(parents=True)
    shutil.copy(own.folder("course", UNIT) / "lesson.py", made.folder("course", UNIT))
    for name in ("constraints.txt", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    hand_in(made, FIRST, demo.reference(*_built()))
    hand_in(made, LAST, honest())
    nb = honest()
    nb.cells.append(new_code_cell(LOOK.replace("MARK", repr(str(root / MARK)))))
    hand_in(made, PROBE, nb)
    return made


LOOK = """
import json, os
def read(path):
    try:
        return os.readlink(path) if "/ns/" in path else open(path).read()
    except OSError as error:
        return repr(error)
status = dict(line.split(":", 1) for line in read("/proc/self/status").splitlines() if ":" in line)
print(json.dumps({"mft-probe": True, "sees": os.path.exists(MARK), "secret": "MFT_CANARY" in os.environ,
                  "rights": status.get("CapEff", "").strip(), "spaces": {n: read("/proc/self/ns/" + n) for n in SPACES}}))
""".replace("SPACES", '("pid", "mnt", "net", "ipc", "user", "uts")')


def why_not() -> str:
    """Return why attacks cannot run here, or ''."""
    try:
        from mftcourse.grading.room import available
    except ImportError:
        return "This version of the grader has no room."
    return available()


def unsafe(made: Course) -> str:
    """Return what the harmless notebook, graded, saw of this machine that a room must not see, or ''."""
    nb = nbformat.read(made.notebook("autograded", UNIT, PROBE), as_version=4)
    if nb.metadata.get("mft", {}).get("grading", {}).get("isolation", "?"):
        return "The graded notebook does not say that it was isolated."
    said = [line for text in _outputs(nb) for line in text.splitlines() if '"mft-probe"' in line]
    if not said:
        return "The harmless notebook said nothing."
    seen = json.loads(said[0])
    shared = [n for n, value in seen["spaces"].items() if not value.startswith(f"{n}:[") or value == os.readlink(f"/proc/self/ns/{n}")]
    if seen["sees"] or seen["secret"] or shared:
        return f"The room sees the class folder ({seen['sees']}), our environment ({seen['secret']}), our namespaces ({shared})."
    return "" if seen["rights"] and not int(seen["rights"], 16) else f"The room has capabilities: {seen['rights']!r}."


# --- what came of it ---------------------------------------------------------------------------


@dataclass
class Verdict:
    """What an attack came to. `earned` is None where it was not graded; everything else is empty where all is well."""

    attack: Attack
    earned: float | None
    note: str
    gained: str = ""
    lost: str = ""
    leaked: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    broke: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def trouble(self) -> list[str]:
        parts = [self.gained, self.lost, *self.leaked, *self.wrote, *self.broke, *self.shown]
        return [f"{self.attack.name} ({self.attack.kind}): {part}" for part in parts if part]


@dataclass
class Outcome:
    """All verdicts, and what happened to everybody else."""

    verdicts: list[Verdict]
    others: list[str]
    seconds: float

    @property
    def trouble(self) -> list[str]:
        return self.others + [line for verdict in self.verdicts for line in verdict.trouble]


def run(folder: Path, attacks: list[Attack], seconds: int = 5, jobs: int | None = None) -> Outcome:
    """Grade a class of two honest students, then the same class with all attackers in it; return what differs.

    Args:
        folder: an empty folder; the class is made in folder/class, and HOME must lie in folder/home by now.

    Raises:
        RuntimeError: attacks must not run here; none did.
    """
    from mftcourse.grading.classroom import grade

    if reason := why_not():
        raise RuntimeError(reason)
    assert Path.home() == folder / "home", "attacks run with a HOME of their own"
    made = make_class(folder / "class")
    secrets = canaries(made.root)
    try:
        quiet = {row.student: row for row in grade(made, UNIT, seconds=seconds, jobs=jobs).rows}
        if reason := unsafe(made):
            raise RuntimeError(f"{reason} No attack was run.")
        before = {student: _pages(made, student) for student in (FIRST, LAST)}
        for name in ("autograded", "feedback"):
            shutil.rmtree(made.root / name)
        for path in [*made.root.glob("gradebook.db*"), *made.root.glob("grades*.csv")]:
            path.unlink()
        with _listening() as (port, heard):
            for number, attack in enumerate(attacks):
                hand_in(made, attack.student, *notebook(attack, made.root, number, port))
            files = _files(folder)
            start = time.monotonic()
            table = grade(made, UNIT, seconds=seconds, jobs=jobs)
            took = time.monotonic() - start
            rows = {row.student: row for row in table.rows}
            verdicts = [_verdict(made, attack, rows.get(attack.student), secrets) for attack in attacks]
            others = [f"{who}: {what} is not what it is without attackers." for who in (FIRST, LAST) for what, same in (
                ("the row", repr(rows.get(who)) == repr(quiet[who])), ("the page or notebook", _pages(made, who) == before[who])) if not same]
            time.sleep(1)  # whoever acts later has a moment
            now = _files(folder)
            others += [f"{path} was changed." for path, old in files.items() if now.get(path) != old]
            for verdict in verdicts:
                mark = f"mft-attack-was-here-{verdict.attack.student}"
                verdict.wrote += [f"It wrote {path}." for path in _left(folder) if path.name.endswith(mark) or mark + "." in path.name]
                verdict.broke += [f"It reached a listener: {said[:80]!r}." for said in heard if said.endswith(mark.encode())]
            others += [f"{path} holds what an attack wrote." for path in (folder / "home").rglob("*") if path.is_file() and b"mft-attack" in path.read_bytes()]
            others += _survivors()
        public = {p.name: p.read_text(encoding="utf-8", errors="replace") for p in made.root.glob("grades*.csv")}
        public |= {f"{what} of {who}": text for who in (FIRST, LAST) for what, text in zip(("the page", "the notebook"), _pages(made, who), strict=True)}
        own = {token for token, path in secrets.items() if path.is_relative_to(made.folder("submitted", UNIT, FIRST))}
        for where, text in public.items():
            others += [f"{where} holds {token}." for token in _told(text, secrets) if token not in own or "csv" in where or LAST in where]
        others += [f"{where} holds the text of an attack as a formula." for where, text in public.items() if "csv" in where and re.search(r'(^|,)"?[=@+]', text, re.M)]
        return Outcome(verdicts, others, took)
    finally:
        for path in secrets.values():
            if not path.is_relative_to(folder):
                path.unlink(missing_ok=True)
        os.environ.pop("MFT_CANARY", None)


def _verdict(made: Course, attack: Attack, row: object, secrets: dict[str, Path]) -> Verdict:
    verdict = Verdict(attack, row.code if row and row.graded else None, row.note if row else "")
    keeps, most = points() - points(attack.loses or ("",)), points() + attack.fair
    if verdict.earned is None:
        verdict.lost = f"It was not graded: {verdict.note or 'no row'}"
        return verdict
    path = made.notebook("autograded", UNIT, attack.student)
    nb = nbformat.read(path, as_version=4)
    each = {exercise(c): Scorecard.from_dict(card).earned for c in nb.cells if kind(c) == "check" and (card := scorecard(c))}
    each = {name: earned for name, earned in each.items() if earned}
    if verdict.earned > most + 1e-9 or row.points != row.code:
        verdict.gained = f"It has {row.points:g} points; {most:g} are fair. By exercise: {each}."
    if verdict.earned < keeps - 1e-9:
        verdict.lost = f"It has {verdict.earned:g} points, and {keeps:g} are honest. By exercise: {each}."
    verdict.shown += [f"The check of {exercise(c)} holds {len(c.outputs)} outputs." for c in nb.cells if kind(c) == "check" and len(c.outputs) != 1]
    if sum(each.values()) != verdict.earned:
        verdict.shown.append(f"The cards sum to {sum(each.values()):g}, the row says {verdict.earned:g}.")
    page = made.folder("feedback", UNIT, attack.student) / f"{SLUG}.html"
    html = page.read_text(encoding="utf-8") if page.is_file() else ""
    verdict.shown += active(html) if html else ["There is no page."]
    theirs = verdict.note + path.read_text(encoding="utf-8") + html
    verdict.leaked += [f"It shows {token} of {secrets[token]}." for token in _told(theirs, secrets)]
    verdict.leaked += ["It shows what an accomplice left." for _ in _told("\n".join(_outputs(nb)), ["canary-accomplice-5b0f29c3a1d7e846"])]
    lines = _lines("\n".join([verdict.note, *_outputs(nb), unescape(re.sub(r"<[^>]+>", "", html))]))
    verdict.leaked += [f"It shows a line of the lesson: {line!r}." for line in sorted(_kept_back() & lines)[:3]]
    verdict.broke += sorted(set(re.findall("mft-breach: [^\n]{,80}", "\n".join(_outputs(nb)))))[:5]
    return verdict


def _outputs(nb: NotebookNode) -> list[str]:
    """Return every string in the outputs of a notebook."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict | list):
            for inside in value.values() if isinstance(value, dict) else value:
                walk(inside)

    walk([cell.get("outputs", []) for cell in nb.cells])
    return found


def _told(text: str, secrets: dict[str, Path] | list[str]) -> list[str]:
    """Return the secrets that a text holds, as they are, reversed, in hexadecimal or in Base64."""
    def forms(token: str) -> list[str]:
        core = token.rsplit("-", 1)[-1]
        return [core, core[::-1], token.encode().hex(), base64.b64encode(token.encode()).decode().rstrip("=")[:-1]]

    return [token for token in secrets if any(form in text for form in forms(token))]


@cache
def _kept_back() -> set[str]:
    """Return lines of hidden checks and of solutions, long enough to be nobody's own, that the release does not show."""
    release, solution = _built()
    shown = "\n".join(c.source for c in release.cells) + "\n".join(c.source for c in honest().cells)
    shown += "".join(base64.b64decode(text).decode() for text in re.findall(r'run_sealed\("""(.*?)"""', shown, re.S))
    lesson = (ROOT / "course" / UNIT / "lesson.py").read_text(encoding="utf-8")
    texts = [*(c.source for c in solution.cells), *lesson.split("\n# %%")]
    parts = [part for text in texts for what in ("HIDDEN TESTS", "SOLUTION") for part in re.findall(f"BEGIN {what}(.*?)### END {what}", text, re.S)]
    return {line for line in _lines("\n".join(parts)) if len(line) > 50 and line not in shown}


def _lines(text: str) -> set[str]:
    """Return the lines of a text, those inside quoted strings too, without what surrounds them."""
    text = text.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'")
    return {line.strip(" \t'\",") for line in text.splitlines()}


def _pages(made: Course, student: str) -> list[str]:
    """Return page and graded notebook of a student, without what a clock wrote."""
    paths = (made.folder("feedback", UNIT, student) / f"{SLUG}.html", made.notebook("autograded", UNIT, student))
    clock = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?"
    return [re.sub(clock, "", path.read_text(encoding="utf-8")) if path.is_file() else "" for path in paths]


def _files(folder: Path) -> dict[Path, str]:
    """Return the hash of every file of the class and around it that grading has no business to change."""
    made = re.compile(r"class/(autograded|feedback|gradebook\.db|grades|\.)|home/\.")
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*"))
            if path.is_file() and not made.match(path.relative_to(folder).as_posix())}  # fmt: skip


def _left(folder: Path) -> list[Path]:
    """Return files that bear an attack's name, wherever one might have been written."""
    packages = [Path(p) for p in (*site.getsitepackages(), site.getusersitepackages(), *sys.path) if p]
    flat = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path("/run"), Path("/usr"), Path("/"), Path.cwd(), folder.parent, ROOT, *packages]
    return list({path for place in flat if place.is_dir() for path in place.glob("*mft-attack-was-here*")} | set(folder.rglob("*mft-attack-was-here*")))


def _survivors() -> list[str]:
    """Return the processes of attacks that are still there; they call themselves so."""
    import psutil

    return [f"A process lives on: {p.pid} {p.name()}." for p in psutil.process_iter() if p.name().startswith("mft-at-")]


class _listening:
    """Listen where an attack may knock: loopback (TCP and UDP), an abstract Unix socket, one in the temporary folder."""

    def __enter__(self) -> tuple[int, list[bytes]]:
        self.heard: list[bytes] = []
        self.lines = [socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
        self.lines[0].bind(("127.0.0.1", 0))
        port = self.lines[0].getsockname()[1]
        self.lines[1].bind(("127.0.0.1", port))
        self.path = Path(f"/tmp/mft-listens-{port}")
        if sys.platform == "linux":
            self.lines += [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
            self.lines[2].bind(f"\0mft-listens-{port}")
            self.lines[3].bind(str(self.path))
        for line in self.lines:
            if line.type == socket.SOCK_STREAM:
                line.listen()
            threading.Thread(target=self._hear, args=(line,), daemon=True).start()
        return port, self.heard

    def _hear(self, line: socket.socket) -> None:
        while True:
            try:
                if line.type == socket.SOCK_DGRAM:
                    self.heard.append(line.recv(1000))
                else:
                    with line.accept()[0] as caller:
                        caller.settimeout(1)
                        self.heard.append(caller.recv(1000))
            except TimeoutError:
                continue
            except OSError:
                return

    def __exit__(self, *_: object) -> None:
        for line in self.lines:
            line.close()
        self.path.unlink(missing_ok=True)


# --- the page ----------------------------------------------------------------------------------

FORBIDDEN = {"script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "form", "input", "button", "textarea", "select",
             "link", "portal", "dialog", "audio", "video", "source", "track", "foreignobject", "animate", "set", "handler", "plaintext", "xmp",
             "noscript", "template", "marquee", "use", "feimage", "annotation-xml"}  # fmt: skip
FETCHES = {"srcset", "poster", "background", "data", "action", "formaction", "ping", "manifest", "lowsrc", "dynsrc", "cite", "longdesc", "srcdoc", "codebase", "archive"}


def active(html: str) -> list[str]:
    """Return what stands in a page that could run, fetch, paint or take the page's names, or is an attack's mark in a place that is no text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [f"The page holds {what}." for what in dict.fromkeys(reader.found)][:5]


class _Reader(HTMLParser):
    """Reads a page as a browser does, nearly; real browsers are asked elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.styled = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        refresh = tag == "meta" and any("refresh" in str(value).lower() for name, value in attributes if name == "http-equiv")
        if tag in FORBIDDEN or refresh or "mftpwn" in tag:
            self.found.append(f"<{tag[:60]}>")
        for name, value in attributes:
            plain = re.sub(r"[\s\x00-\x20]", "", value or "").lower()
            address = {"href": r"#|https?://|mailto:", "src": r"data:image/(png|jpeg|gif|webp);base64,[\w+/=]*$"}.get(name)
            if (name.startswith("on") or name in FETCHES or (":" in name and "href" in name)
                    or (address and not re.match(address, plain))
                    or (name == "style" and re.search(r"url\(|expression|@import|behavior|position:(fixed|absolute|sticky)|z-index", plain))
                    or ("mftpwn" in plain and name not in ("title", "alt") and (tag, name) != ("a", "href"))):  # fmt: skip
                self.found.append(f"<{tag} {name}={plain[:60]!r}>")
        self.styled = tag == "style"

    handle_startendtag = handle_starttag  # a browser ignores that slash

    def handle_data(self, text: str) -> None:
        if self.styled and ("mftpwn" in text or re.search(r"@import|url\((?!['\"]?data:)", text)):
            self.found.append("a style sheet of an attack")

    def handle_endtag(self, tag: str) -> None:
        self.styled = False

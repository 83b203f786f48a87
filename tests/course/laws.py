"""The laws of a unit (section 5 of the design), each a function that returns what it found.

A law takes a `Case` and returns sentences: what is wrong, where, what to do. No sentence: the law holds.
"""

from __future__ import annotations

import ast
import copy
import os
import random
import re
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import demo
import nbformat

from mftcourse.course import interview, notebooks
from mftcourse.course.files import Course
from mftcourse.course.form import read_lesson
from mftcourse.course.lesson import LANGUAGES, Lesson, released
from mftcourse.grading import runner
from mftcourse.grading.bench import Bench

SEEDS = list(range(20))
# Two by default, which differ in all they can; `make facts` runs all.
FACT_SETTINGS = list(runner.SETTINGS)[: None if os.environ.get("MFT_FACTS") == "all" else 2]
CHECK_CPU = 0.3  # seconds on the machine where `_pace` takes PACE
PACE = 0.021
LINE = 100  # characters of code that stand open in a released notebook


@dataclass
class Case:
    """One unit: its lesson, what the build makes of it, and what its cells did when they ran."""

    root: Path
    unit: str

    @cached_property
    def lesson(self) -> Lesson:
        return read_lesson(self.folder)

    @property
    def folder(self) -> Path:
        return self.root / "course" / self.unit

    @cached_property
    def notebooks(self) -> dict[Path, nbformat.NotebookNode]:
        files = notebooks.render(Course(self.root), self.unit)
        return {p: nbformat.reads(text, as_version=4) for p, text in files.items() if p.suffix == ".ipynb"}

    @property
    def releases(self) -> dict[Path, nbformat.NotebookNode]:
        return {p: nb for p, nb in self.notebooks.items() if p.parts[0] == "release"}

    @cached_property
    def with_demos(self) -> runner.Result:
        return runner.drive(self.folder, runner.Plan(seeds=SEEDS, demos=True, facts=True), FACT_SETTINGS[0])

    @cached_property
    def without_demos(self) -> runner.Result:
        plan = runner.Plan(seeds=SEEDS, wrong=True, laws=True)
        return runner.drive(self.folder, plan)

    @cached_property
    def facts(self) -> dict[str, list[str]]:
        """Setting → what facts.py computes there, each in a process of its own."""
        plan = runner.Plan(seeds=[], demos=True, facts=True)
        others = {s: runner.drive(self.folder, plan, s).facts for s in FACT_SETTINGS[1:]}
        return {FACT_SETTINGS[0]: self.with_demos.facts} | others  # the checks ran in children, and changed nothing

    def at(self, exercise: str) -> str:
        return f"course/{self.unit}/lesson.py:{self.lesson.exercises[exercise].line}: {exercise}"


def stub_scores_nothing(case: Case) -> list[str]:
    """Law 1: the released stub fails every check because it is not written, and not by accident, and earns nothing."""
    found = []
    release = next(iter(case.releases.values()))
    shown = {c.metadata.mft.exercise: c.source for c in release.cells if c.metadata.mft.kind == "exercise"}
    for outcome in case.without_demos.of("stub"):
        exercise = case.lesson.exercises[outcome.exercise]
        where = case.at(outcome.exercise)
        if shown[outcome.exercise] != released(exercise.source):
            found.append(f"{where}: the released cell is not what the runner takes for it; compare `released`.")
        if outcome.card is None:
            found.append(f"{where}: the check cell ended in an error on the stub: {outcome.error}")
        elif outcome.earned:
            free = [f["title"] for f in outcome.card["findings"] if f["verdict"] == "passed"]
            found.append(f"{where}: the untouched release earns {outcome.earned:g} points at {free}; let these checks "
                         "say needs= a check that shows real work.")  # fmt: skip
        if outcome.card is None:
            continue
        if exercise.faults:
            if sorted(outcome.failed) != sorted(exercise.faults):
                found.append(f"{where}: the released program fails {outcome.failed}, faults= names {exercise.faults}.")
        else:
            for finding in outcome.card["findings"]:
                if finding["verdict"] == "passed":
                    found.append(f"{where}: the stub passes {finding['title']!r}; the check cannot fail, tighten it.")
                elif finding["verdict"] != "todo":
                    found.append(
                        f"{where}: on the stub, {finding['title']!r} says {finding['message']!r} instead of not "
                        "written yet; call the learner's code, or expect() the placeholder, before anything else."
                    )
    return found


def reference_scores_full(case: Case) -> list[str]:
    """Law 2: the reference has full points on every seed, with and without demonstrations, and so has every right answer."""
    found: list[str] = _right(case)
    told: set[str] = set()
    for name, result in (("with", case.with_demos), ("without", case.without_demos)):
        for outcome in result.of("reference"):
            if outcome.error or outcome.failed or outcome.earned != outcome.card["points"]:
                why = outcome.error or [f for f in outcome.card["findings"] if f["verdict"] != "passed"][:1]
                if outcome.exercise not in told:  # forty times the same would hide the rest
                    found.append(f"{case.at(outcome.exercise)}: the reference fails, {name} demonstrations, seed "
                                 f"{outcome.seed} and perhaps others: {why}")  # fmt: skip
                told.add(outcome.exercise)
            elif outcome.card["points"] != case.lesson.checks[outcome.exercise].points:
                found.append(f"{case.at(outcome.exercise)}: the checks that ran are worth {outcome.card['points']:g}.")
    return found


def _right(case: Case) -> list[str]:
    found = []
    answers = case.lesson.right_answers
    for right in answers:
        where = f"course/{case.unit}/right_answers.py:{right.line}: {right.title!r}"
        if not right.title or not right.source.lstrip().startswith("#"):
            found.append(f"{where}: give it a title, and begin with a comment that says how it differs.")
        for wall in (False, True):
            for outcome in case.without_demos.of(right.title, right.exercise, wall):
                bad = [f for f in (outcome.card or {"findings": []})["findings"] if f["verdict"] != "passed"]
                if outcome.card is None or bad:
                    why = f"{bad[0]['title']!r} says {bad[0]['message']!r}" if bad else outcome.error
                    found.append(f"{where}: a right answer is rejected on seed {outcome.seed}"
                                 f"{' behind the wall' if wall else ''}: {why}.")  # fmt: skip
    for exercise, cell in case.lesson.exercises.items():
        count = sum(a.exercise == exercise for a in answers)
        if cell.kind == "exercise" and runner.idle_answers(cell.source) and count < 2:
            found.append(f"{case.at(exercise)}: {count} right answers in right_answers.py; write two in other styles.")
    return found


def idle_answers_earn_nothing(case: Case) -> list[str]:
    """Law 3: answers that do nothing (always raise, return None, a constant, their input) earn nothing."""
    found: dict[tuple[str, str], list[str]] = {}
    for outcome in case.without_demos.outcomes:
        if outcome.variant in runner.IDLE and outcome.earned:
            for finding in outcome.card["findings"]:
                if finding["verdict"] == "passed":
                    found.setdefault((outcome.exercise, finding["title"]), []).append(outcome.variant)
    return [f"{case.at(exercise)}: {title!r} gives points to an answer that {' or '.join(dict.fromkeys(names))}; let it say "
            "needs= a check that shows real work." for (exercise, title), names in found.items()]  # fmt: skip


def every_check_is_failed(case: Case) -> list[str]:
    """Law 3: every check, visible or hidden, is failed by at least one wrong answer."""
    failed = {(w.exercise, title) for w in case.lesson.wrong_answers for title in w.fails}
    found = []
    for outcome in case.without_demos.of("reference"):
        for finding in (outcome.card or {"findings": []})["findings"] if outcome.seed == 0 else []:
            if (outcome.exercise, finding["title"]) not in failed:
                found.append(f"{case.at(outcome.exercise)}: no wrong answer fails {finding['title']!r}; write the mistake that "
                             "it is there for, or take it out.")  # fmt: skip
    return found


def checks_are_quick(case: Case) -> list[str]:
    """Law 12: a check cell takes little time with the reference, and open lines of code are short."""
    found = []
    pace = min(_pace() for _ in range(5)) / PACE
    times: dict[str, list[float]] = {}
    for outcome in case.without_demos.of("reference"):
        times.setdefault(outcome.exercise, []).append(outcome.cpu / pace)
    for exercise, seconds in times.items():
        if min(seconds) > CHECK_CPU:
            found.append(f"{case.at(exercise)}: its check cell takes {min(seconds):.2f} s of CPU, {CHECK_CPU} are allowed; "
                         "make the inputs smaller.")  # fmt: skip
    for path, nb in case.releases.items():
        for cell in nb.cells:
            if cell.cell_type == "code" and cell.metadata.mft.kind != "check":
                for line in cell.source.split("\n"):
                    if len(line) > LINE:
                        found.append(f"{path}: a line of the cell {cell.id} has {len(line)} characters: {line.strip()[:60]}…")
    return found


def _pace() -> float:
    """Seconds of CPU for a fixed piece of work: how fast this machine is, loaded or not."""
    began = time.process_time()
    sum(i * i for i in range(700_000))
    return time.process_time() - began


def wrong_answers_are_caught(case: Case) -> list[str]:
    """Law 3: every wrong answer loses points, exactly at the checks that it names."""
    return _wrong(case, wall=False)


def _wrong(case: Case, wall: bool) -> list[str]:
    found, named = [], set()
    for wrong in case.lesson.wrong_answers:
        where = f"course/{case.unit}/wrong_answers.py:{wrong.line}: {wrong.title!r}"
        if not wrong.title or wrong.title in named or wrong.exercise not in case.lesson.checks:
            found.append(f"{where}: give it a title of its own, and an exercise that the lesson has.")
            continue
        named.add(wrong.title)
        if not wrong.source.lstrip().startswith("#"):
            found.append(f"{where}: begin with a comment that says what the learner believes.")
        for outcome in case.without_demos.of(wrong.title, wrong.exercise, wall):
            if outcome.card is None:
                found.append(f"{where}: the check cell ended in an error: {outcome.error}")
            elif not wrong.fails or sorted(outcome.failed) != sorted(wrong.fails):
                found.append(f"{where}: on seed {outcome.seed} it fails {outcome.failed}, fails= names {wrong.fails}; "
                             "correct the one or the other.")  # fmt: skip
    for exercise, cell in case.lesson.exercises.items():
        if cell.kind == "exercise" and not any(w.exercise == exercise for w in case.lesson.wrong_answers):
            found.append(f"{case.at(exercise)}: no wrong answer in wrong_answers.py; add a mistake people make.")
    return found


def hints_are_there(case: Case) -> list[str]:
    """Law 4: every exercise has a hint ladder and says why it matters (the build proves hints of checks)."""
    found = []
    cells = case.lesson.cells
    for exercise, cell in case.lesson.exercises.items():
        after = next(i for i, c in enumerate(cells) if c is (case.lesson.checks.get(exercise) or cell)) + 1
        stop = next((i for i in range(after, len(cells)) if cells[i].kind in ("exercise", "manual")), len(cells))
        prose = "\n".join(c.source for c in cells[after:stop] if c.kind == "prose")
        hints = len(re.findall(r"<details>\s*<summary>Hint", prose))
        if cell.kind == "exercise" and not 2 <= hints <= 3:
            found.append(f"{case.at(exercise)}: {hints} hints behind its check; write two or three <details> blocks.")
        if cell.kind == "exercise" and not re.search(r"\*\*Why it matters\.?\*\*.*?\]\(#", prose, re.S):
            found.append(f"{case.at(exercise)}: no **Why it matters** with a link to an interview question.")
    return found


def release_gives_nothing_away(case: Case) -> list[str]:
    """Law 5: no solution, hidden check or output in the release; no expected value in a hidden failure."""
    found = []
    for path, nb in case.releases.items():
        text = "\n".join(cell.source for cell in nb.cells)
        for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "hidden=True", "BEGIN RELEASE", "END RELEASE"):
            if word in text:
                found.append(f"{path}: {word!r} stands in it; look at the markers in the lesson.")
        for cell in nb.cells:
            if cell.get("outputs") or cell.get("execution_count"):
                found.append(f"{path}: the cell {cell.id} has outputs.")
        for cell in case.lesson.exercises.values():
            if cell.kind == "manual":
                secret = [cell.source]
            else:
                secret = re.findall(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", cell.source, re.S)
            for block in secret:
                if len(block.strip().splitlines()) > 1 and block.strip() in text:
                    found.append(f"{path}: the solution of {cell.exercise} stands in it.")
        for cell in case.lesson.checks.values():
            for title in re.findall(r'check\(\s*"([^"]+)"[^)]*hidden=True', cell.source):
                if title in text:
                    found.append(f"{path}: the hidden check {title!r} stands in it.")
    for outcome in case.without_demos.outcomes:
        for finding in (outcome.card or {"findings": []})["findings"]:
            if finding["hidden"] and finding["verdict"] == "failed":
                left = re.sub(r"\([\d, ]*\)|`[^`]*`|\b(line|position|index|u?int|b?float|complex|item|of) ?\d+|[<>|=]?[SU]\d+|\d+ (of|values|seconds|items)"
                              r"|(hold|have|one with) \d+|not \d+", "", finding["message"])  # fmt: skip
                if "Expected" in left or re.search(r"\d", left):
                    found.append(f"{case.at(outcome.exercise)}: the hidden check {finding['title']!r} tells a value when "
                                 f"{outcome.variant!r} fails it: {finding['message']!r}")  # fmt: skip
    return found


def answers_are_out_of_sight(case: Case) -> list[str]:
    """Law 5: checks are folded under a line that says whose they are; what is expected of a typed answer is sealed."""
    found = []
    for path, nb in case.releases.items():
        text = " ".join("".join(cell.source for cell in nb.cells).split())
        for cell in nb.cells:
            mft = cell.metadata.mft
            figure = mft.kind == "demo" and re.search(r"\b(show|explore)\(", cell.source)
            if mft.kind != "check" and not figure:
                continue
            first = cell.source.split("\n")[0]
            head = "# Figure: " if figure else f"# Checks of {mft.exercise}: run this cell"
            if not cell.metadata.get("jupyter", {}).get("source_hidden") or not first.startswith(head):
                found.append(f"{path}: the {mft.kind} cell {cell.id} is not folded under a line {head!r}.")
            if figure or not case.lesson.sealed(mft.exercise):
                continue
            tree = ast.parse(cell.source)
            sealed = [n.args[0] for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "mft_run_sealed"]
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and node not in sealed and node.value not in (mft.exercise, cell.metadata.nbgrader.points):
                    found.append(f"{path}: the check of {mft.exercise} shows {node.value!r}; see `Lesson.sealed`.")
            for node in ast.walk(ast.parse(case.lesson.checks[mft.exercise].source)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("expect", "expect_choice"):
                    said = [c.value for a in node.args[1:] for c in ast.walk(a) if isinstance(c, ast.Constant)]
                    for words in (w for w in said if isinstance(w, str) and w.count(" ") > 2 and " ".join(w.split()) in text):
                        found.append(f"{path}: what the check of {mft.exercise} says of an answer stands in the open: {words!r}.")
    return found


def figures_have_words(case: Case) -> list[str]:
    """Law 6: every figure is shown with a text alternative, in colours of the one palette."""
    found = []
    for cell in case.lesson.cells:
        if cell.kind == "prose":
            for text in filter(None, (cell.source, cell.zh)):
                for _ in re.findall(r"!\[\s*\]\(|<img(?![^>]*alt=\"[^\"]+\")", text):
                    found.append(f"course/{case.unit}/lesson.py:{cell.line}: a picture without a text alternative.")
        if cell.kind in ("prose", "manual"):
            continue
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            where = f"course/{case.unit}/lesson.py:{cell.line + node.lineno}"
            name = ast.unparse(node.func)
            if name in ("plt.show", "fig.show", "figure.show"):
                found.append(f"{where}: `{name}` shows no text alternative; use show(fig, alt=...) of mftcourse.plots.")
            for keyword in node.keywords:
                if keyword.arg in ("color", "c", "facecolor", "edgecolor", "cmap") and _foreign_colour(keyword.value):
                    found.append(f"{where}: the colour {ast.unparse(keyword.value)} is not of the palette in mftcourse.plots.")
            if name == "show" or name.endswith(".show"):
                alt = next((k.value for k in node.keywords if k.arg == "alt"), None)
                if alt is None or (isinstance(alt, ast.Constant) and len(str(alt.value)) < 20):
                    found.append(f"{where}: show() needs alt=, a sentence that says what the figure shows.")
        draws = re.search(r"\bplt\.|\bsubplots\(|\.plot\(|\.scatter\(|\.hist\(", cell.source)
        if draws and not re.search(r"\bshow\(", cell.source):
            found.append(f"course/{case.unit}/lesson.py:{cell.line}: this cell draws and does not show(fig, alt=...).")
    return found


def _foreign_colour(node: ast.expr) -> bool:
    neutral = {"black", "white", "grey", "gray", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "none", "k", "w", "C0"}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value not in neutral - {"C0"} and node.value not in ("cividis", "viridis", "Greys", "Blues")
    return False


def links_resolve(case: Case) -> list[str]:
    """Law 7, first half: every internal link resolves."""
    found = []
    for path, nb in case.notebooks.items():
        prose = "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
        plain = re.sub(r"^```.*?^```", "", prose, flags=re.M | re.S)
        headings = [interview.heading_id(h) for h in re.findall(r"^#+ (.+)$", plain, re.M)]
        targets = set(headings)
        targets |= set(re.findall(r'<a (?:id|name)="([^"]+)"', plain))
        for text, link in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", plain):
            if link.startswith("#"):
                if link[1:] not in targets:
                    found.append(f"{path}: the link [{text}]({link}) leads nowhere; a heading's id is its text with "
                                 "hyphens for blanks.")  # fmt: skip
                elif headings.count(link[1:]) > 1:
                    found.append(f"{path}: the link [{text}]({link}) is ambiguous: two headings are called that.")
            elif not re.match(r"https?://|attachment:", link):
                found.append(f"{path}: the link [{text}]({link}) leaves the notebook, which is copied elsewhere.")
    return found


NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*\.\d+(?:\s?%)?|(?<![\w.,-])\d+\s?%|(?<![\w.,-])\d{2,}(?:,\d{3})*(?![\w-])")


FETCHES = re.compile(
    r"\b(urlopen|urlretrieve|hf_hub_download|snapshot_download|load_dataset|fetch_\w+|hub\.load|load_state_dict_from_url|run_line_magic)$"
)
NETWORK = {"urllib", "http", "ftplib", "socket", "ssl", "requests", "httpx", "aiohttp", "urllib3", "huggingface_hub", "datasets", "pip"}


def nothing_is_fetched(case: Case) -> list[str]:
    """Law 8, as it is written: no cell asks the network for anything (nbmake runs the notebooks with the network off)."""
    found = []
    for path, nb in case.notebooks.items():
        for cell in (cell for cell in nb.cells if cell.cell_type == "code"):
            for node in ast.walk(ast.parse(cell.source)):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                said = [name for name in names if name.split(".")[0] in NETWORK]
                if isinstance(node, ast.Call):
                    name, options = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
                    texts = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
                    said += [name] if FETCHES.search(name) or options.get("download", "False") != "False" else []
                    said += [name] if name.endswith(".from_pretrained") and options.get("local_files_only") != "True" else []
                    said += [t for t in texts if re.match(r"(https?|ftp|hf|s3)://\S+$", str(t))]
                found += [f"{path}: the cell {cell.id} may fetch something: {s}. Read what is installed; see mftcourse.data." for s in said]
    return found


def numbers_are_computed(case: Case) -> list[str]:
    """Law 7, second half: every number in prose lies in a string that facts.py computes."""
    found = []
    settings = {s: [_even(f) for f in facts] for s, facts in case.facts.items()}
    facts = next(iter(settings.values()))
    for setting, others in settings.items():
        for a, b in zip(facts, others, strict=True):
            if a != b:
                found.append(f"course/{case.unit}/facts.py: with {setting} it computes {b!r} in place of {a!r}; state it "
                             "as widely as it holds.")  # fmt: skip
    texts = {}
    for i, cell in enumerate(case.lesson.cells):
        if cell.kind in ("prose", "manual"):
            texts[f"course/{case.unit}/lesson.py:{cell.line}"] = cell.source
            if cell.zh:
                texts[f"course/{case.unit}/lesson.py:{cell.line} (zh {i})"] = cell.zh
    path = case.folder / "interview.yaml"
    if path.exists():
        for question in interview.load(path).questions:
            for lang in LANGUAGES:
                wording = question.wording(lang)
                words = [text for text in wording.model_dump().values() if isinstance(text, str)] + wording.points
                texts[f"course/{case.unit}/interview.yaml: {question.id} ({lang})"] = "\n".join(words)
    used = set()
    for where, text in texts.items():
        text = _even(_readable(text))
        covered = set()
        for fact in facts:
            for match in re.finditer(re.escape(fact), text):
                used.add(fact)
                covered.update(range(*match.span()))
        for match in NUMBER.finditer(text):
            if not covered.issuperset(range(*match.span())):
                around = text[max(0, match.start() - 30) : match.end() + 20]
                found.append(f"{where}: {match[0]!r} in …{around}… is computed nowhere; add it to facts.py.")
    found += [f"course/{case.unit}/facts.py: {fact!r} stands nowhere in the prose." for fact in facts if fact not in used]
    return found


def _even(text: str) -> str:
    """Take single blanks, and none before a percent sign: English has one there, Chinese has none."""
    return " ".join(text.split()).replace(" %", "%")


def _readable(markdown: str) -> str:
    """Drop what states no claim: code, link targets, tags, years of citations, comments."""
    text = re.sub(r"^```.*?^```", " ", markdown, flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"<[^>]*>", " ", text)
    text = re.sub(r"^>\s?", "", text, flags=re.M)
    return re.sub(r"\b(1[6-9]|20)\d\d\b(?=[a-z]?\s*[),;:.），；。]|\s*$)", " ", text)


def wall_changes_nothing(case: Case) -> list[str]:
    """Law 9: behind the wall, the reference still passes and the wrong answers fail the same checks."""
    found = []
    for outcome in case.without_demos.of("reference", wall=True):
        if outcome.error or outcome.failed:
            why = outcome.error or [f for f in outcome.card["findings"] if f["verdict"] != "passed"][:1]
            found.append(f"{case.at(outcome.exercise)}: behind the wall the reference fails: {why}. Checks pass and "
                         "judge plain data; look into objects with mftcourse.probes.")  # fmt: skip
    for outcome in case.without_demos.of("stub", wall=True):
        faults = case.lesson.exercises[outcome.exercise].faults
        if sorted(outcome.failed) != sorted(faults or [f["title"] for f in (outcome.card or {"findings": []})["findings"]]):
            found.append(f"{case.at(outcome.exercise)}: behind the wall the stub fails {outcome.failed}.")
    return found + _wrong(case, wall=True)


def rooms_and_judge_agree(case: Case, most: int | None = None) -> list[str]:
    """Law 9, for real: where rooms run the cells and a judge the checks, each check has the verdict it has in one process.

    Args:
        most: so many wrong answers, drawn with a fixed seed; all where None.
    """
    release, solution = (next(nb for path, nb in case.notebooks.items() if path.parts[0] == step) for step in ("release", "solutions"))
    solved, wrong = demo.reference(release, solution), case.lesson.wrong_answers
    wrong = random.Random(0).sample(wrong, min(most or len(wrong), len(wrong)))
    faulty = [name for name in case.lesson.checks if case.lesson.exercises[name].faults]  # these programs call earlier answers
    hand_ins = [("reference", list(case.lesson.checks), solved), ("stub", [n for n in case.lesson.checks if n not in faulty], release)]
    hand_ins += [("stub", [n], demo.with_answer(solved, n, released(case.lesson.exercises[n].source))) for n in faulty]
    hand_ins += [(w.title, [w.exercise], demo.with_answer(solved, w.exercise, w.source)) for w in wrong]
    found = []
    with Bench(solution, case.lesson.slug) as bench:
        for name, exercises, nb in hand_ins:
            cards = bench.mark(copy.deepcopy(nb)).cards
            for exercise in exercises:
                here = case.without_demos.of(name, exercise)[0].card or {"findings": []}
                here = {f["title"]: f["verdict"] for f in here["findings"]}
                there = {f.title: (f.verdict, f.message) for f in cards[exercise].findings}
                for title in {**here, **there}:
                    if (got := there.get(title, ("missing", "")))[0] != here.get(title):
                        found.append(f"{case.at(exercise)}: on {name!r}, {title!r} is {here.get(title, 'missing')} in one process and {got[0]} "
                                     f"by rooms and judge: {got[1]} Checks and answers share nothing but plain data.")  # fmt: skip
    return found


def probes_are_not_believed(case: Case) -> list[str]:
    """Law 9: where probes tell of what a learner wrote, a hidden check compares with what drawn inputs alone decide."""
    found, theirs = [], set()
    for cell in case.lesson.cells:
        tree = [] if cell.kind in ("prose", "manual") else ast.parse(cell.source).body
        if cell.kind == "exercise":
            theirs |= {n.name for n in tree if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        elif cell.kind == "check":
            blocks = [(node, *_word_and_draw(node, theirs)) for node in tree if isinstance(node, ast.With)]
            asks = any(isinstance(n, ast.Call) and re.fullmatch(r"probes\.\w+", ast.unparse(n.func)) and _reads(n.args[0], said)
                       for block, said, _ in blocks for n in ast.walk(block))  # fmt: skip
            hidden = [block for block in blocks if "hidden=True" in ast.unparse(block[0].items[0])]
            if asks and not any(_decided(*block) for block in hidden):
                found.append(f"{case.at(cell.exercise)}: what its checks ask is told by probes, and a process that lies may tell it. Let "
                             "a hidden check draw weights or data from `rng` and compare outputs, gradients or steps with its own.")  # fmt: skip
    return found


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(node))


def _word_and_draw(block: ast.With, theirs: set[str]) -> tuple[set[str], set[str]]:
    """Return the names that hold a learner's word, and those that depend on what the check draws."""
    said, drawn = set(theirs), {item.optional_vars.id for item in block.items if item.optional_vars}
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for node in ast.walk(block):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        value = getattr(node, "iter", getattr(node, "value", None))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            targets, value = [node.value.func.value], ast.Tuple([*node.value.args, node.value.func.value])  # twin.load(drawn)
        for target in filter(None, targets if value else []):
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
            pairs += zip(target.elts, value.elts, strict=True) if both else [(target, value)]
    own = {n.id for n in ast.walk(block) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for _ in pairs:
        for target, value in pairs:
            names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)} & own
            said |= names if _reads(value, said) else set()
            drawn |= names if _reads(value, drawn) else set()
    return said, drawn


def _decided(block: ast.With, said: set[str], drawn: set[str]) -> bool:
    """Whether a value of the learner's, and not only its size, is compared with one that drawn inputs alone decide."""
    calls = [n for n in ast.walk(block) if isinstance(n, ast.Call) and len(n.args) > 1]
    expects = [n for n in calls if ast.unparse(n.func) == "expect"]
    inside = {n for call in expects for n in ast.walk(call.args[1])}
    sides = [call.args[:2] for call in expects]
    sides += [n.args[:2] for n in calls if re.search(r"\b(allclose|isclose|equal|array_equal)$", ast.unparse(n.func)) and n not in inside]
    equations = [n for n in ast.walk(block) if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.Eq) and n not in inside]
    sides += [[n.left, n.comparators[0]] for n in equations]
    return any(_reads(got, said) and _reads(want, drawn) and not _reads(want, said) and not re.search(r"\blen\(|\.shape\b", ast.unparse(got))
               for pair in sides for got, want in (pair, pair[::-1]))  # fmt: skip


LAWS = [
    stub_scores_nothing,
    reference_scores_full,
    wrong_answers_are_caught,
    idle_answers_earn_nothing,
    every_check_is_failed,
    hints_are_there,
    release_gives_nothing_away,
    answers_are_out_of_sight,
    figures_have_words,
    links_resolve,
    nothing_is_fetched,
    numbers_are_computed,
    wall_changes_nothing,
    probes_are_not_believed,
    checks_are_quick,
]

"""No process earns by what its probes say: two hostile notebooks for each unit that asks probes, in real rooms.

Both leave every answer blank. `echo` holds the whole conversation that the reference has with the checks that the release
shows, seed and all, and answers as it did there. `lie` lets functions and probes agree with one another where checks might
compare them: all weights zero, all outputs zero, flags and modes as prose states them.

| exercises | what they may have | why |
|---|---|---|
| all whose checks ask probes | `echo`: the points of visible checks | the release shows their inputs: a function or a class that looks them up has these points too |
| the same | `lie`: points of visible checks | as far as constants that prose states fit them (shapes, names, flags); a class of zeros has them too |
| the same | none of a hidden check | it draws weights or data that the release does not show, and compares with its own computation |
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import attacks
import nbformat
import pytest
from nbformat.v4 import new_code_cell

from mftcourse import checks
from mftcourse.course.files import Course
from mftcourse.course.form import read_lesson
from mftcourse.course.handin import exercise, kind
from mftcourse.course.lesson import globals_stored
from mftcourse.grading import runner, wall
from mftcourse.grading.bench import Bench

COURSE = Course(attacks.ROOT)

ECHO = """
import json, base64
from mftcourse.grading import wall

class Echo:
    said = {of: [[base64.b64decode(part) for part in pair] for pair in pairs] for of, pairs in json.load(open("said.json")).items()}
    honest = wall.Room.answer

    def loosely(request):
        tree = json.loads(request[8 : 8 + int.from_bytes(request[4:8], "big")])[0]
        asked = {key: str(value) for key, value in tree["v"]}
        return asked["op"], asked.get("name"), asked.get("target")

    def answer(room, request):
        if any(word in request[:60] for word in (b'"names"', b'"define"', b'"cells"')):
            return Echo.honest(room, request)
        exactly = [pair for pair in Echo.now if pair[0] == request]
        alike = exactly or [pair for pair in Echo.now if Echo.loosely(pair[0]) == Echo.loosely(request)]
        if not alike:
            return Echo.honest(room, request)
        if len(exactly) > 1:
            Echo.now.remove(exactly[0])
        return alike[0 if exactly else -1][1]

wall.Room.answer = Echo.answer
"""

LIES = {
    "03-architectures": """
class Lie:
    def __init__(self, *a, **k):
        self.a = [*a, *k.values()]

class SmallCNN(Lie):
    def shapes(self):
        n_in, n_out = (self.a + [1, 10])[:2] if self.a else (1, 10)
        return {"w": [n_out, n_in]}

class MarkReader(Lie):
    def shapes(self):
        n, h = self.a or (3, 16)
        return {"gru.weight_ih_l0": [3 * h, n], "gru.weight_hh_l0": [3 * h, h], "gru.bias_ih_l0": [3 * h],
                "gru.bias_hh_l0": [3 * h], "head.weight": [2, h], "head.bias": [2]}

class ResidualBlock(Lie):
    def shapes(self):
        n_in, n_out, step = [*self.a, 1][:3]
        skip = {} if n_in == n_out and step == 1 else {"skip.weight": [n_out, n_in, 1, 1]}
        return {"first.weight": [n_out, n_in, 3, 3], "first.bias": [n_out], "second.weight": [n_out, n_out, 3, 3],
                "second.bias": [n_out]} | skip

class residual_row(Lie):
    def shapes(self):
        pairs = list(zip(self.a[0][:-1], self.a[0][1:]))
        return {f"{i}.{name}": size for i, pair in enumerate(pairs) for name, size in ResidualBlock(*pair).shapes().items()}

def learn_stripes(X, y, X_new, seed=0):
    return torch.zeros(len(X_new), dtype=torch.int64)

def output(m, x, *more, training=False, seed=0):
    if not isinstance(m, ResidualBlock):
        return torch.zeros(len(x), m.shapes()["w"][0] if isinstance(m, SmallCNN) else 2)
    (n_in, n_out, step), (n, _, high, wide) = [*m.a, 1][:3], x.shape
    return x if len(m.shapes()) == 4 else torch.zeros(n, n_out, -(-high // step), -(-wide // step))

zeros = lambda m, *a, **k: {name: torch.zeros(size) for name, size in m.shapes().items()}
probes.PROBES.update(parameters=lambda m: m.shapes(), weights=zeros, output=output, set_weights=lambda m, v: list(v),
                     gradients=lambda m, *a, **k: zeros(m) | {"skip.weight": torch.ones(1)})
""",
    "04-mlp": """
class Lie:
    training = True

    def __init__(self, *a, **k):
        names = ["n_in", "n_hidden", "n_out", "dropout"]
        self.about = {"n_out": 1} | dict(zip(names, a)) | k

    def shapes(self):
        d, m, k = (self.about[name] for name in ("n_in", "n_hidden", "n_out"))
        return {"hidden.weight": [m, d], "hidden.bias": [m], "out.weight": [k, m], "out.bias": [k]}

MLP = Lie
half = math.log(2)

def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    return {"train_loss": [half] * epochs, "valid_loss": [half] * epochs, "valid_accuracy": [y_valid.mean().item()] * epochs}

def evaluate(model, X, y, batch_size=32):
    return {"loss": half, "accuracy": y.mean().item()}

def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": weights(model), "mean": mean, "std": std}, file)
    return file.getvalue()

def predict_from(data, X_raw):
    return torch.full((len(X_raw),), 0.5)

def run_experiment(X, y, X_valid, y_valid, X_test, y_test, epochs=30, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    return {"model": Lie(X.shape[1], 16), "updates": epochs * -(-len(X) // batch_size), "valid_loss": [half] * epochs, "best_epoch": 0,
            "valid_logits": torch.zeros(len(X_valid)), "test_logits": torch.zeros(len(X_test)), "test_accuracy": y_test.mean().item()}

def weights(m, buffers=False):
    if isinstance(m, Lie):
        return {name: torch.zeros(size) for name, size in m.shapes().items()}
    return honest["weights"](m, buffers=buffers)

def output(m, x, training=False, seed=0):
    k = m.about["n_out"] if isinstance(m, Lie) else 1
    return torch.zeros(len(x), k) if k > 1 else torch.zeros(len(x))

honest = dict(probes.PROBES)
probes.PROBES.update(weights=weights, output=output, set_weights=lambda m, v: list(v), parameters=lambda m: m.shapes(),
                     gradients=lambda m, *a, **k: weights(m), training_modes=lambda m: {"": False}, trainable=lambda m: {})
""",
    "07-finetuning": """
STAGE = {}
honest = dict(probes.PROBES)
parts = ["head.", "body.block3.", "body.block2.", "body.block1."]

def head(n=2):
    return {"head.weight": torch.randn(n, 128), "head.bias": torch.randn(n)}

def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    if "body.block2.conv.weight" not in state:
        raise RuntimeError
    net = DigitNet(n_classes)
    STAGE[id(net)] = {n: t for n, t in state.items() if "body" in n} | head(n_classes)
    return net

def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    STAGE[id(model)] = 0
    return [1.0 / (i + 1) for i in range(steps)]

def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    STAGE[id(model)] = 0
    return [1.0 / (i + 1) for i in range(epochs)]

def thaw(model, n_blocks):
    if n_blocks not in (0, 1, 2, 3):
        raise ValueError
    STAGE[id(model)] = n_blocks
    return [n for n, _ in model.named_parameters() if n.startswith(tuple(parts[: n_blocks + 1]))]

def make_optimizer(model, lr, decay):
    return [{"params": names, "lr": lr * decay**i, "weight_decay": 0.0, "amsgrad": False} for i, part in enumerate(parts)
            if (names := [n for n, p in model.named_parameters() if n.startswith(part) and p.requires_grad])]

def features(model, X, batch_size=64):
    return torch.zeros(len(X), 128)

def weights(m, buffers=False):
    told = STAGE.get(id(m))
    state = told if isinstance(told, dict) else digit_state | head(m.head.out_features if hasattr(m, "head") else 2)
    return state if buffers else {n: t for n, t in state.items() if "running" not in n and "num" not in n}

def output(m, x, training=False, seed=0):
    return torch.zeros(len(x), m.head.out_features) if hasattr(m, "head") else honest["output"](m, x)

def trainable(m):
    return {n: n.startswith(tuple(parts[: STAGE.get(id(m), 0) + 1])) for n, _ in m.named_parameters()}

def training_modes(m):
    return {n: f"{n}.".startswith(tuple(parts[: STAGE.get(id(m), 0) + 1])) for n, _ in m.named_modules()}

probes.PROBES.update(weights=weights, output=output, trainable=trainable, training_modes=training_modes,
                     parameter_groups=lambda groups, m: groups, training_step=lambda *a, **k: {"loss": 1.0, "changed": {}})
""",
}


def asks_probes(unit: str) -> list[str]:
    """Return the exercises of a unit whose checks ask probes."""
    return [name for name, cell in read_lesson(COURSE.folder("course", unit)).checks.items() if "probes." in cell.source]


def record(unit: str) -> dict[str, list[tuple[str, str]]]:
    """Return exercise → what visible checks ask of the reference and what is answered, both in Base64; forks."""
    release = nbformat.read(COURSE.notebook("release", unit), as_version=4)
    shown = {exercise(c): c.source for c in release.cells if kind(c) == "check"}
    namespace, names, found = sys.modules.setdefault("lesson", type(sys)("lesson")).__dict__, set(), {}
    for cell in read_lesson(COURSE.folder("course", unit)).cells:
        names |= globals_stored(cell.source) if cell.kind == "exercise" else set()
        if cell.kind in ("code", "exercise"):
            exec(compile(cell.source, f"<cell at line {cell.line}>", "exec"), namespace)
        elif cell.kind == "check" and cell.exercise in asks_probes(unit):
            reading, writing = os.pipe()
            if os.fork() == 0:
                room, said = wall.Room(namespace, sorted(names)), []

                def send(request: bytes, room=room, said=said) -> bytes:
                    said.append((request, room.handle(request)))
                    return said[-1][1]

                known = sorted(n for n in names if n in namespace)
                scope = dict(namespace) | wall.stand_ins(send, known, [n for n in known if isinstance(namespace[n], type)])
                checks.reset(0)
                runner.draw_from(0)
                exec(compile(shown[cell.exercise], "<check>", "exec"), scope)
                with os.fdopen(writing, "w") as pipe:
                    json.dump([[base64.b64encode(part).decode() for part in pair] for pair in said], pipe)
                os._exit(0 if checks.last_scorecard().complete else 1)
            os.close(writing)
            with os.fdopen(reading) as pipe:
                found[cell.exercise] = json.load(pipe)
            assert os.wait()[1] == 0, cell.exercise
    return found


def hostile(unit: str, first: str, before: dict[str, str], folder: Path) -> nbformat.NotebookNode:
    """Return the blank release with a first cell and one before each check, each with the belt of `attacks`."""
    nb = nbformat.read(COURSE.notebook("release", unit), as_version=4)
    for at in reversed([i for i, c in enumerate(nb.cells) if kind(c) == "check" and exercise(c) in before]):
        source = before[exercise(nb.cells[at])]
        nb.cells.insert(at, new_code_cell(attacks.belted(source, folder), id=f"own-{at}"))
    nb.cells = [c for c in nb.cells if kind(c) != "demo" and (kind(c) != "check" or exercise(c) in before)]  # others cost time
    nb.cells.insert(0, new_code_cell(attacks.belted(first, folder), id="own-first"))
    return nb


@pytest.mark.slow
@pytest.mark.parametrize("unit", LIES)
def test_no_probe_earns_by_what_it_says(unit, tmp_path):
    if reason := attacks.why_not():
        pytest.skip(reason)
    (tmp_path / attacks.MARK).mkdir()
    asked = asks_probes(unit)
    done = subprocess.run([sys.executable, __file__, unit], capture_output=True, text=True, cwd=attacks.ROOT,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MPLBACKEND": "agg"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    imports = "import io, math, torch\nfrom mftcourse import probes\n"
    look = attacks.LOOK.replace("MARK", repr(str(tmp_path / attacks.MARK)))
    solution = nbformat.read(COURSE.notebook("solutions", unit), as_version=4)
    with Bench(solution, unit[3:], seconds=60) as bench:
        harmless = bench.mark(nbformat.v4.new_notebook(cells=[new_code_cell(look)]))
        seen = json.loads(harmless.nb.cells[-1].outputs[0].text)
        assert not seen["sees"] and not seen["secret"] and not int(seen["rights"], 16), "No attack was run."
        echo = hostile(unit, ECHO, {name: f"Echo.now = list(Echo.said[{name!r}])" for name in asked}, tmp_path)
        lie = hostile(unit, "0", dict.fromkeys(asked, imports + LIES[unit]), tmp_path)
        marks = {"echo": bench.mark(echo, {"said.json": json.dumps(said).encode()}), "lie": bench.mark(lie)}
    gained = {}
    for name, marked in marks.items():
        cards = {of: card for of, card in marked.cards.items() if of in asked}
        print(f"{unit} {name}: " + ", ".join(f"{of} {card.earned:g}/{card.points:g}" for of, card in cards.items()), marked.notes)
        gained |= {f"{name}: {of}: {f.title}": f.points for of, card in cards.items() for f in card.findings if f.hidden and f.earned}
    assert gained == {}


if __name__ == "__main__":
    print(json.dumps(record(sys.argv[1])))

"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

import math
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from mftcourse.course.facts import holds, released, times

FOLDER = Path(__file__).parent


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(FOLDER),
        *_data(lesson),
        *_losses(lesson),
        *_starts(),
        *_first_losses(lesson),
        *_rounded(),
        *_shapes(lesson),
        *_sigmoids(lesson),
        *_loops(lesson),
        *_faulty(lesson),
        *_versions(),
    ]


def _data(lesson: dict) -> list[str]:
    n_valid, n_test, sick = len(lesson["y_valid"]), len(lesson["y_test"]), int(lesson["y_test"].sum())
    rows, columns = lesson["table"].shape
    digits = lesson["digits"]
    right, sick_valid = 108, int(lesson["y_valid"].sum())
    low, high = re.findall(r"\((.*) to (.*)\)", lesson["with_interval"](right / n_valid, n_valid))[0]
    return [
        f"**An accuracy on {n_valid} rows is a rough number.** With {right} of them right it is {right / n_valid:.3f}, "
        f"and its 95 % interval goes from {low} to {high}",
        f"The data are {rows} breast tumours with {columns} measurements each",
        f"*training* part ({len(lesson['y_train'])} tumours)",
        f"*validation* part ({n_valid}, of which {sick_valid} are malignant)",
        f"*test* part ({n_test}, of which {sick} are malignant)",
        f"{len(digits.data)} images of 8 by 8 pixels",
        f"with values from {digits.data.min():.0f} to {digits.data.max():.0f}",
        f"the same {len(lesson['batch_X'])} digits",
        "CC BY 4.0",
    ]


def _losses(lesson: dict) -> list[str]:
    def gradient(z: float, label: float = 0.0) -> float:
        logit = torch.tensor([z], requires_grad=True)
        F.binary_cross_entropy(torch.sigmoid(logit), torch.tensor([label])).backward()
        return logit.grad.item()

    cut = F.binary_cross_entropy(torch.sigmoid(torch.tensor([50.0])), torch.zeros(1)).item()
    first_lost = next(z for z in range(1, 60) if gradient(float(z)) == 0)
    sure = lesson["bce_with_logits"]([1000.0], [0])
    before, after = (F.binary_cross_entropy(torch.sigmoid(torch.tensor([z])), torch.zeros(1)) for z in (16.0, 17.0))
    return [
        f"the loss jumps from {before:.0f} to {after:.0f}",
        holds(1 / (1 + np.exp(-1000.0)) == 1, "For a logit of 1000 the probability is rounded to exactly 1"),
        f"$z = {1000}$ and $y = 0$: $1000 - 0 + 0 = {sure:.0f}$",
        f"it cuts every logarithm off at −{cut:.0f}",
        f"$\\ln 0$ is cut off at −{cut:.0f}",
        "a network that says $z = 50$",
        holds(
            torch.sigmoid(torch.tensor(50.0)).item() == 1,
            "In `float32` the sigmoid of 50 is exactly 1".replace("`float32`", " "),
        ),
        f"From a logit of {first_lost} on",
        f"at −25 it is still −{-gradient(-25.0, 1.0):.0f}",
        f"at −30 it is −{-gradient(-30.0, 1.0):.2f}",
        f"A network with {lesson['X_train'].shape[1]} inputs and 8 hidden units",
        "After 200 steps",
    ]


def _starts() -> list[str]:
    """Return what the default start of Linear is, and what it does to values in a stack of ten layers with ReLU."""

    def sizes(seed: int, he: bool, biases: bool) -> list[float]:
        torch.manual_seed(seed)
        values, found = torch.randn(500, 256), []
        for _ in range(10):
            layer = torch.nn.Linear(256, 256)
            if he:
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if not biases:
                torch.nn.init.zeros_(layer.bias)
            z = layer(values).detach()
            found.append(z.pow(2).mean().sqrt().item())
            values = torch.relu(z)
        return found

    default = [sizes(seed, he=False, biases=True) for seed in range(1, 6)]
    bare = [sizes(seed, he=False, biases=False) for seed in range(1, 6)]
    he = [sizes(seed, he=True, biases=False) for seed in range(1, 6)]
    torch.manual_seed(1)
    layer = torch.nn.Linear(1024, 1024)
    std = layer.weight.std().item() * 32
    bound = max(layer.weight.abs().max().item(), layer.bias.abs().max().item()) * 32
    even = 0.99 < bound <= 1.0001 and layer.bias.abs().max() > 0
    version = ".".join(torch.__version__.split(".")[:2])
    return [
        "$1.414/\\sqrt{n_\\text{in}}$" if round(2**0.5, 3) == 1.414 else "",
        holds(even, f"{std:.3f}/\\sqrt{{n_\\text{{in}}}}"),
        f"version {version},",
        f"{version} 版文档",
        holds(
            all(a[0] / a[1] > 2 and a[1] / a[2] > 2 for a in default),
            "the values shrink by a factor of more than two from the first layer to the second and again to the third",
        ),
        holds(all(a[9] < a[0] / 10 for a in default), "in the tenth less than a tenth of the first size is left"),
        holds(all(a[9] < a[0] / 1000 for a in bare), "With biases of 0 less than a thousandth is left"),
        holds(all(0.5 < v / a[0] < 2 for a in he for v in a), "With He's weights the values keep their size, within a factor of two"),
    ]


def _first_losses(lesson: dict) -> list[str]:
    """Return where the loss of a fresh network starts, on standardised measurements and on those as they are."""

    def start(X: torch.Tensor, seed: int) -> float:
        torch.manual_seed(seed)
        net = lesson["MLP"](30, 16).eval()
        with torch.no_grad():
            return F.binary_cross_entropy_with_logits(net(X), lesson["y_train"]).item()

    scaled, raw = ([start(lesson[name], seed) for seed in range(200)] for name in ("X_train", "raw_train"))
    return [
        holds(0.5 < min(scaled) and max(scaled) < 0.9, f"between 0.5 and 0.9 in {len(scaled)} draws of 16 hidden units"),
        holds(np.median(raw) > 10, "half of the draws start above 10"),
        holds(0.5 < min(scaled) and max(scaled) < 0.9, "between 0.5 and 0.9, say"),
    ]


def _shapes(lesson: dict) -> list[str]:
    said, true = torch.tensor([[1.0], [1.0], [1.0], [0.0]]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    y = lesson["y_valid"]
    n, benign = len(y), int((y == 0).sum())
    all_benign = (torch.zeros(n, 1) == y).sum().item() / n
    between = all(
        min(p, k - p) <= (a * p + (k - a) * (k - p)) / k <= max(p, k - p)
        for k in range(1, 12)
        for p in range(k + 1)
        for a in range(k + 1)
    )
    return [
        f"the program reports {(said == true).sum().item() / len(true):.0%}".replace("%", " %"),
        f"it reports an accuracy of {all_benign:.0f}",
        f"each of the {n} outputs matches each of the {benign} benign labels, over {n} labels",
        f"the share of benign tumours, {benign / n:.2f}",
        holds(between, "The printed number always lies between the number of positives and the number of negatives"),
    ]


def _sigmoids(lesson: dict) -> list[str]:
    y_train = lesson["y_train"]
    sick, n = int(y_train.sum()), len(y_train)
    share = sick / n
    one, zero = math.log(1 + math.exp(-1)), math.log(2)
    floor = share * one + (1 - share) * zero
    half = 1 / (1 + math.exp(-0.5))
    start = -share * math.log(half) - (1 - share) * math.log(1 - half)
    p = [1 / (1 + math.exp(-z)) for z in (-2, 0, 2)]
    twice = [1 / (1 + math.exp(-value)) for value in p]
    return [
        f"$\\sigma(1) = {1 / (1 + math.exp(-1)):.3f}$",
        f"$\\ln(1 + e^{{-1}}) = {one:.3f}$",
        f"$\\ln 2 = {zero:.3f}$",
        *[f"{1 / (1 + math.exp(-0))}{rest}" for rest in (" 才是合适的阈值", " 时就是", " 的阈值，而且恰好等于 0.5", "，于是全部判为正")],
        f"With the {sick} malignant tumours among {n}, the mean stays above {math.floor(floor * 100) / 100:.2f} however long you train",
        f"With $\\pi = 1/10$ and $w = 9$ it says {_half(9 * 0.1 / (9 * 0.1 + 0.9))}",
        f"from near {start:.2f}",
        f"brings such a loss below {math.floor(floor * 100) / 100:.2f}",
        f"$\\sigma(1/2) = {half:.2f}$",
        f"have the probabilities {p[0]:.2f}, {p[1]:.1f} and {p[2]:.2f}",
        f'the "probabilities" are {twice[0]:.2f}, {twice[1]:.2f} and {twice[2]:.2f}',
    ]


def _half(value: float) -> str:
    return "1/2" if abs(value - 0.5) < 1e-12 else str(value)


def _rounded() -> list[str]:
    """Say whether the mean of a few equal 32-bit numbers is another number, added one after the other."""
    tenth = np.float32(0.1)
    means = []
    for n in range(2, 100):
        total = np.float32(0)
        for _ in range(n):
            total += tenth
        means.append(total / np.float32(n))
    return [holds(any(m != tenth for m in means), "the mean of many times 0.1 is rounded")]


def _loops(lesson: dict) -> list[str]:
    n, best = len(lesson["X_train"]), _best(lesson["coin_runs"])
    bests = [_best(lesson["toss_and_train"](seed)) for seed in range(1, 10)]
    several = np.mean(bests)
    looks = sum(len(run["test_accuracy"]) for run in lesson["coin_runs"])
    batches = len(lesson["minibatches"](n, 32, 1, 0)[0])
    return [
        f"the {n} tumours are 100 updates with the full batch and {100 * batches} with batches of 32",
        f"The full batch has made 20 updates, the small batches {20 * batches}",
        "as much as one of 32",
        "against batches of 32",
        "one batch of 32 tumours",
        "64 rows in batches of 32",
        "in batches of 32. Nothing is learned",
        "the last loss on 16 rows, after 300 epochs",
        f"ten tumours, scored among the {len(lesson['raw_valid'])} and on their own",
        f"heads in {max(4, 5, 7)} of 10",
        holds(best > 0.6, "more than 0.6 for coin tosses"),
        holds(0.57 < several < 0.63, f"the best of the {looks} looks is about 0.6 on average"),
        holds(sum(b > 0.6 for b in bests) < 4.5 and best > several, "more than 0.6 in fewer than half of them"),
        holds(min(bests) > 0.5, "above one half in every set"),
        holds(_unscaled(lesson) > 20_000, "the loss reaches tens of thousands and more"),
        holds(_batch_statistics(lesson), "scores above 0.9 or near a half"),
    ]


def _faulty(lesson: dict) -> list[str]:
    """Return what the losses of the faulty training programs do, on five seeds that the lesson does not show."""
    X, y, raw = lesson["X_train"], lesson["y_train"], lesson["raw_train"]
    new, y_new, raw_new = lesson["X_valid"], lesson["y_valid"], lesson["raw_valid"]

    def falls(curve: list[float]) -> bool:
        return curve[-1] < curve[0] and max(curve) < 2 * curve[0]

    fallen = dict.fromkeys(("fix_shapes", "fix_outputs", "fix_descent", "colleague", "fix_program"), 0)
    score, decide = released(FOLDER, "fix_shapes", lesson)["fit_and_score"], released(FOLDER, "fix_outputs", lesson)["classify"]
    descend = released(FOLDER, "fix_descent", lesson)["descend"]
    whole = released(FOLDER, "fix_program", lesson)["run_experiment"]
    told, apart, gained, ended = [], [], [], []
    for seed in range(1, 6):
        marks = (0, 10, 30, 60, 100)
        fallen["fix_shapes"] += falls([score(X, y, new, y_new, steps=k, seed=seed)["loss"] for k in marks])
        fallen["fix_outputs"] += falls([decide(X, y, new, steps=k, seed=seed)["loss"] for k in marks])
        fallen["fix_descent"] += falls(descend(raw, y, 60, 0.5)["losses"])
        run = lesson["colleague"](raw, y, raw_new, seed=seed)
        told.append(((run["probability"] >= 0.5).float() == y_new).float().mean().item())
        fallen["colleague"] += falls(run["loss"])
        repaired = lesson["fit_predictor"](raw, y, raw_new, seed=seed)["probability"]
        right = ((repaired >= 0.5).float() == y_new).float().mean().item()
        apart.append(abs(right - told[-1]) * len(y_new))
        gained.append(round((told[-1] - right) * len(y_new)))
        program = whole(X, y, new, y_new, lesson["X_test"], lesson["y_test"], seed=seed)
        fallen["fix_program"] += falls(program["valid_loss"])
        ended.append(program["valid_loss"][-1])
    words = ("none", "one", "two", "three", "four", "five")
    n_fall = sum(count == 5 for count in fallen.values())
    clear = all(count in (0, 5) for count in fallen.values())
    zh = "零一二三四五"
    return [
        holds(
            clear,
            f"{words[len(fallen)]} of the faulty programs that you repaired train a model, and the losses of "
            f"{words[n_fall]} of these {words[len(fallen)]} fall",
        ),
        f"Of the {words[len(fallen)]} faulty training programs that this unit repairs, {words[n_fall]} have a falling loss",
        f"本单元要修复的{zh[len(fallen)]}个有错的训练程序里，{zh[n_fall]}个的损失也在下降",
        holds(max(apart) < 4.5, "the number of tumours called right changes by a few at most"),
        holds(sum(gained) >= 0, "on average over a few seeds the faulty program calls no fewer of them right"),
        holds(all(abs(loss - math.log(2)) < 0.05 for loss in ended), "their loss ends near $\\ln 2$"),
        holds(min(told) > 0.9, "it scores well above 0.9 on the validation part"),
    ]


def _versions() -> list[str]:
    """Return versions and dates from release notes and advisories; nothing here can compute them."""
    return [
        "since PyTorch 2.6 (January",
        "files could break through it before 2.6 (",
        "and again before 2.10 (",
        "the default since PyTorch 2.6 (",
        "in versions before 2.10",
        "从 PyTorch 2.6（",
        "在 2.10 之前的版本里",
    ]


def _best(runs: list[dict]) -> float:
    return max(max(run["test_accuracy"]) for run in runs)


def _unscaled(lesson: dict) -> float:
    """Return the largest loss of logistic regression on the measurements as they are."""
    X, y, w, b = lesson["raw_train"], lesson["y_train"], torch.zeros(30), torch.zeros(1)
    largest = 0.0
    for _ in range(60):
        logits = X @ w + b
        largest = max(largest, F.binary_cross_entropy_with_logits(logits, y).item())
        delta = (torch.sigmoid(logits) - y) / len(y)
        w, b = w - 0.5 * X.T @ delta, b - 0.5 * delta.sum()
    return largest


def _batch_statistics(lesson: dict) -> bool:
    """Say whether the faulty evaluation gives above 0.9 on all rows and near a half in batches of one class."""
    X, y = lesson["X_train"], lesson["y_train"]
    X_new, y_new = lesson["X_valid"], lesson["y_valid"]
    by_label = torch.argsort(y_new, stable=True)
    evaluate = released(FOLDER, "fix_evaluate", lesson)["evaluate"]
    found = []
    for seed in range(5):
        net = lesson["Watched"](30, seed=seed)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        torch.manual_seed(seed)
        for _ in range(20):
            for rows in torch.randperm(len(X)).split(32):
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(net(X[rows]), y[rows]).backward()
                optimizer.step()
        whole = evaluate(net, X_new, y_new, len(y_new))["accuracy"]
        cut = evaluate(net, X_new[by_label], y_new[by_label], 8)["accuracy"]
        found.append(whole > 0.9 and 0.3 < cut < 0.7)
    return all(found)

"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

import math
import re
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [*_minutes(), *_data(lesson), *_losses(lesson), *_shapes(lesson), *_sigmoids(lesson), *_loops(lesson)]


def _if(holds: bool, text: str) -> str:
    return text if holds else f"{text} (does not hold)"


def _minutes() -> list[str]:
    # the runner executes this file without a name; it is started with the unit's folder
    folder = Path(globals().get("__file__", Path(sys.argv[-1]) / "facts.py")).parent
    source = (folder / "lesson.py").read_text(encoding="utf-8")
    minutes = [int(m) for m in re.findall(r"^# %%.* minutes=(\d+)", source, re.M)]
    prose = " ".join(line for line in source.splitlines() if line.startswith("#"))
    reading = round(len(prose.split()) / 90 / 30) * 30  # at 90 words a minute, rounded to half hours
    total = round((sum(minutes) + reading) / 30) * 30
    long = sorted({m for m in minutes if m >= 10})
    return [f"Plan {total} minutes: {sum(minutes)} minutes of exercises", *[f"{m} minutes" for m in long]]


def _data(lesson: dict) -> list[str]:
    n_valid, n_test, sick = len(lesson["y_valid"]), len(lesson["y_test"]), int(lesson["y_test"].sum())
    rows, columns = lesson["table"].shape
    digits = lesson["digits"]
    return [
        f"The data are {rows} breast tumours with {columns} measurements each",
        f"*training* part ({len(lesson['y_train'])} tumours)",
        f"*validation* part ({n_valid})",
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
    return [
        _if(1 / (1 + np.exp(-1000.0)) == 1, "For a logit of 1000 the probability is rounded to exactly 1"),
        f"$z = {1000}$ and $y = 0$: $1000 - 0 + 0 = {sure:.0f}$",
        f"it cuts every logarithm off at −{cut:.0f}",
        f"$\\ln 0$ is cut off at −{cut:.0f}",
        "a network that says $z = 50$",
        _if(
            torch.sigmoid(torch.tensor(50.0)).item() == 1,
            "In `float32` the sigmoid of 50 is exactly 1".replace("`float32`", " "),
        ),
        f"From a logit of {first_lost} on",
        f"at −25 the gradient is still −{-gradient(-25.0, 1.0):.0f}",
        f"at −30 it is −{-gradient(-30.0, 1.0):.2f}",
        f"A network with {lesson['X_train'].shape[1]} inputs and 8 hidden units",
        "After 200 steps",
    ]


def _shapes(lesson: dict) -> list[str]:
    said, true = torch.tensor([[1.0], [1.0], [1.0], [0.0]]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    y_test = lesson["y_test"]
    all_benign = (torch.zeros(len(y_test), 1) == y_test).sum().item() / len(y_test)
    benign = int((y_test == 0).sum())
    return [
        f"the program reports {(said == true).sum().item() / len(true):.0%}".replace("%", " %"),
        f"it reports an accuracy of {all_benign:.0f}",
        f"each of the {len(y_test)} outputs matches each of the {benign} benign labels, over {len(y_test)} labels",
        f"the share of benign tumours, {benign / len(y_test):.2f}",
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
        f"With the {sick} malignant tumours among {n}, the mean stays above {math.floor(floor * 100) / 100:.2f} forever",
        f"from near {start:.2f}",
        f"brings such a loss below {math.floor(floor * 100) / 100:.2f}",
        f"$\\sigma(1/2) = {half:.2f}$",
        f"have the probabilities {p[0]:.2f}, {p[1]:.1f} and {p[2]:.2f}",
        f'the "probabilities" are {twice[0]:.2f}, {twice[1]:.2f} and {twice[2]:.2f}',
    ]


def _loops(lesson: dict) -> list[str]:
    n, best = len(lesson["X_train"]), _best(lesson["coin_runs"])
    several = np.mean([_best(lesson["toss_and_train"](seed)) for seed in range(1, 10)])
    looks = sum(len(run["test_accuracy"]) for run in lesson["coin_runs"])
    low, high = _batch_statistics(lesson)
    return [
        f"on the {n} tumours for 100 epochs",
        "with batches of 32",
        f"Ten full batches of 32 make {10 * 32} rows",
        '"100 epochs" says nothing',
        "as much as one of 32",
        "against batches of 32",
        "64 rows in batches of 32",
        f"heads in {max(4, 5, 7)} of 10",
        _if(best > 0.6, "more than 0.6 for coin tosses"),
        _if(0.57 < several < 0.63, f"the best of the {looks} looks is about 0.6 on average"),
        _if(_unscaled(lesson) > 20_000, "the loss reaches tens of thousands and more"),
        _if(high > 0.9 and 0.3 < low < 0.7, "scores above 0.9 or near a half"),
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


def _batch_statistics(lesson: dict) -> tuple[float, float]:
    """Return what the faulty evaluation gives in batches of one class, and in one batch of all rows."""
    X, y, net = lesson["X_train"], lesson["y_train"], lesson["Watched"](30)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.manual_seed(0)
    for _ in range(20):
        for rows in torch.randperm(len(X)).split(32):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(net(X[rows]), y[rows]).backward()
            optimizer.step()
    X, y = lesson["X_test"], lesson["y_test"]
    by_label = torch.argsort(y, stable=True)

    def score(order: torch.Tensor, size: int) -> float:
        return float(np.mean([((net(X[r]) >= 0).float() == y[r]).float().mean().item() for r in order.split(size)]))

    return score(by_label, 8), score(torch.arange(len(y)), len(y))

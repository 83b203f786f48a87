"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

import inspect
import math
import re
import sys
from pathlib import Path

import numpy as np
import torch
from mftcourse.authoring import read_lesson
from mftcourse.runner import released

from mftcourse.data import load_breast_cancer


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [*_minutes(), *_paper(), *_adam(lesson), *_noise_and_decay(lesson), *_digits(lesson), *_report()]


def _if(holds: bool, text: str) -> str:
    return text if holds else f"{text} (does not hold)"


def _folder() -> Path:
    # the runner executes this file without a name; it is started with the unit's folder
    return Path(globals().get("__file__", Path(sys.argv[-1]) / "facts.py")).parent


def _minutes() -> list[str]:
    source = (_folder() / "lesson.py").read_text(encoding="utf-8")
    minutes = [int(m) for m in re.findall(r"^# %%.* minutes=(\d+)", source, re.M)]
    prose = " ".join(line for line in source.splitlines() if line.startswith("#"))
    reading = round(len(prose.split()) / 90 / 30) * 30  # at 90 words a minute, rounded to half hours
    total = round((sum(minutes) + reading) / 30) * 30
    long = sorted({m for m in minutes if m >= 10})
    return [f"Plan {total} minutes: {sum(minutes)} minutes of exercises", *[f"{m} minutes" for m in long]]


def _paper() -> list[str]:
    root = math.sqrt(20)
    kappa, mu = 100, 9 / 10
    shrink = (kappa - 1) / (kappa + 1)
    samples = np.array([0.0, 3.0, 6.0])
    return [
        f"For $\\kappa = {kappa}$ that is {shrink:.2f} a step",
        _if(round(1 / (1 - mu)) == 10, "with $\\mu = 9/10$, ten times"),
        "has the curvatures 1 and 20.",
        f"in each step, {19 / 21:.2f} here",
        f"by about $\\sqrt\\mu$, {(root - 1) / (root + 1):.2f} here",
        "is last after 40 steps",
        f"the limit is 2/{20}. With",
        f"2 · / {20}.",
        f"1/4 \\cdot {6**2} = {6**2 // 4}$",
        f"Had the gradient been {600}",
        _if(samples.var() == 6, f"noise is $6/2 = {samples.var() / 2:.0f}$"),
        f"momentum {mu:.1f} multiplies the rate by ten",
        f"their gradients are 2 and {20}".replace("their", "Their"),
        f"1/{10}$, wd = 1/2",
        f"AdamW shrinks to 19/{20} first",
        f"Their sum is {2 + 8}, as before",
        f"only the mean over all throws is {1 + 2 + 3 + 4}",
        _if(2 * 401 * math.exp(-34) < 1e-9, "less than once in a billion runs"),
    ]


def _adam(lesson: dict) -> list[str]:
    grads, m, v, hats = [2, 2, -1], 0.0, 0.0, []
    for t, g in enumerate(grads, 1):
        m, v = m / 2 + g / 2, 3 * v / 4 + g * g / 4
        hats.append((m / (1 - 0.5**t), v / (1 - 0.75**t)))
    longer = 0.1 / math.sqrt(0.001)
    return [
        _if(1 - 0.75**2 == 7 / 16 and 1 - 0.75**3 == 37 / 64, "and 1/4, 7/16, 37/64 for $v$"),
        "\\beta_1 = 9/10$ and $\\beta_2 = 999/1000$",
        _if(longer > 3 and abs(hats[2][1] - 100 / 37) < 1e-12, "$v = 0.001\\,g^2$"),
        "$m = 0.1\\,g$",
        _if(longer > 3, "$0.1/\\sqrt{0.001}$"),
    ]


def _noise_and_decay(lesson: dict) -> list[str]:
    return [
        f"a logistic regression on {len(lesson['few'])} tumours",
        _if(1 / (1 - 0.5) == 2, "p = 0.5"),
        _if(round(1 / (1 - 0.9)) == 10, "\\mu = 0.9"),
        str(inspect.signature(torch.optim.Adam).parameters["lr"].default),
        *_measured(lesson),
    ]


def _measured(lesson: dict) -> list[str]:
    """Return statements without numbers that hold by a wide margin."""
    noise = torch.Generator().manual_seed(5)
    steps = [[torch.randn(2, 500, generator=noise) * torch.tensor([[0.1], [10.0]])] for _ in range(400)]
    ends = {
        way: lesson["run_steps"](
            lesson["adam_step"], [torch.ones(2, 500)], steps, lr=0.01, weight_decay=0.1, decoupled=way
        )[-1][0].mean(1)
        for way in (False, True)
    }
    apart = ends[False][0] < 0.2 and ends[False][1] > 0.85 and abs(ends[True][0] - ends[True][1]) < 0.1
    X, y = load_breast_cancer()
    X, y = ((X - X.mean()) / X.std(ddof=0)).to_numpy(), (y - y.mean()).to_numpy()
    zeros = (lesson["lasso"](X, y, l1=0.05, lr=0.05, n_steps=3000) == 0).mean()
    broken: dict = dict(lesson)
    exercise = read_lesson(_folder()).exercises["fix_tuned_run"]
    exec(released(exercise.source), broken)
    data = lesson["digits"], lesson["digit_labels"], lesson["digits_valid"], lesson["labels_valid"]
    fault = broken["tuned_run"](*data)["valid_loss"]
    runs = [lesson["train_digits"](rate, 0.9, 64, 6) for rate in (0.001, 0.1, 0.8, 2.0)]
    ends_of = [run[-1] for run in runs]
    held = ends_of[0] > 2.1 and ends_of[1] < 0.6 and min(ends_of[2:]) > runs[0][0]
    batches = {
        name: [lesson["train_digits"](rate, 0.0, size, epochs, seed)[-1] for seed in range(4)]
        for name, rate, size, epochs in (("old", 0.1, 32, 10), ("rate", 0.4, 128, 10), ("updates", 0.1, 128, 40))
    }
    start = lesson["train_digits"](0.4, 0.0, 128, 0)[0]
    beyond = max(batches["rate"]) > 1.5 * start and all(map(float.__gt__, batches["rate"], batches["old"]))
    back = all(new < 1.3 * old for new, old in zip(batches["updates"], batches["old"], strict=True))
    return [
        _if(beyond, "one seed ends far above where it began, and none gets its old loss back"),
        _if(back, "As many updates as before give about the old loss, for every seed"),
        _if(bool(apart), "AdamW treats both alike"),
        _if(zeros > 0.6, "The proximal step sets most of the weights to exactly 0"),
        _if(fault > 1.3 * math.log(10), "the validation loss is above that of always saying"),
        _if(held, "the smallest rate has hardly begun, the largest two end above where they started"),
    ]


def _digits(lesson: dict) -> list[str]:
    n = len(lesson["digits"])
    small, large = math.ceil(n / 16), math.ceil(n / 256)
    rates, losses = lesson["tried_rates"], lesson["smoothed_losses"]
    bottom, turn = rates[losses.argmin()], rates[-1]
    return [
        f"{n} digits make {small} updates an epoch with batches of 16, and four with batches of 256".replace(
            "four", {4: "four"}.get(large, str(large))
        ),
        _if(0.4 < bottom < 1 < turn, "batches of 64"),
        "of digits, trained by SGD",
        f"same digits, {12} epochs of SGD",
        f"$\\ln {10}$, about {math.log(10):.1f}",
        _if(lesson["tuned_run"].__defaults__[2] == 32, "the effective rate is 32 times the stated one"),
    ]


def _report() -> list[str]:
    updates = math.ceil(50_000 / 1024)
    return [
        f"$\\ln 10 = {math.log(10):.1f}$",
        f"Batches of 1024 give {updates} updates an epoch, {updates * 10} in all",
        "momentum 0.9",
        f"A loss that stays at {math.log(10):.2f} with a rate of 0.1",
    ]

"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

import inspect
import math
from pathlib import Path

import numpy as np
import torch

from mftcourse.course.facts import holds, released, times
from mftcourse.data import load_breast_cancer

FOLDER = Path(__file__).parent


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(FOLDER), *_paper(), *_adam(lesson), *_noise_and_decay(lesson), *_digits(lesson),
        *_scaling(lesson), *_curvature(lesson), *_remedies(lesson), *_tuning(lesson), *_report(),
    ]  # fmt: skip


SHOWN, UNSEEN = range(5), range(20, 25)  # seeds that the lesson prints, and seeds that it does not


def _paper() -> list[str]:
    root = math.sqrt(20)
    kappa, mu = 100, 9 / 10
    shrink = (kappa - 1) / (kappa + 1)
    samples = np.array([0.0, 3.0, 6.0])
    return [
        f"For $\\kappa = {kappa}$ that is {shrink:.2f} a step",
        holds(round(1 / (1 - mu)) == 10, "with $\\mu = 9/10$, ten times"),
        "has the curvatures 1 and 20.",
        f"in each step, {19 / 21:.2f} here",
        f"by about $\\sqrt\\mu$, {(root - 1) / (root + 1):.2f} here",
        "is last after 40 steps",
        f"the limit is 2/{20}. With",
        f"2 · / {20}.",
        f"1/4 \\cdot {6**2} = {6**2 // 4}$",
        f"Had the gradient been {600}",
        holds(samples.var() == 6, f"noise is $6/2 = {samples.var() / 2:.0f}$"),
        f"momentum {mu:.1f} multiplies the rate by ten",
        f"their gradients are 2 and {20}".replace("their", "Their"),
        f"1/{10}$, wd = 1/2",
        f"AdamW shrinks to 19/{20} first",
        f"sum is {2 + 8}, as before",
        f"only the mean over all draws is {1 + 2 + 3 + 4}",
        holds(2 * 401 * math.exp(-34) < 1e-9, "less than once in a billion runs"),
    ]


def _adam(lesson: dict) -> list[str]:
    grads, m, v, hats = [2, 2, -1], 0.0, 0.0, []
    for t, g in enumerate(grads, 1):
        m, v = m / 2 + g / 2, 3 * v / 4 + g * g / 4
        hats.append((m / (1 - 0.5**t), v / (1 - 0.75**t)))
    longer, same, shorter = (0.1 / math.sqrt(1 - beta2) for beta2 in (0.999, 0.99, 0.95))
    defaults = inspect.signature(torch.optim.Adam).parameters["betas"].default
    first = ", ".join(f"{1 / math.sqrt(1 - 0.99**t):.1f}" for t in range(1, 5))
    fifth = f"{1 / math.sqrt(1 - 0.99**5):.1f}"
    alpha = inspect.signature(torch.optim.RMSprop).parameters["alpha"].default
    return [
        holds(1 - 0.75**2 == 7 / 16 and 1 - 0.75**3 == 37 / 64, "and 1/4, 7/16, 37/64 for $v$"),
        holds(abs(hats[2][1] - 100 / 37) < 1e-12 and defaults == (0.9, 0.999), "\\beta_1 = 9/10$ and $\\beta_2 = 999/1000$"),
        f"with $\\beta_1 = 9/10$ and $\\beta_2 = {0.95 * 100:.0f}/100$",
        f"$\\beta_2 = 0.999$ it is {longer:.2f} rates",
        holds(abs(same - 1) < 1e-12, "With $\\beta_2 = 0.99$ it is exactly 1"),
        f"with $\\beta_2 = 0.95$ it is {shorter:.2f}",
        holds(alpha == 0.99, "with the default $\\alpha = 0.99$"),
        f"steps are {first} and {fifth} rates long",
        # the questions
        "$m = 0.1\\,g$",
        holds(longer > 3, "$v = 0.001\\,g^2$"),
        holds(longer > 3, "$0.1/\\sqrt{0.001}$"),
        "$\\beta_2 = 0.95$",
        "$\\beta_2 = 0.999$",
    ]


def _noise_and_decay(lesson: dict) -> list[str]:
    return [
        f"a logistic regression on {len(lesson['few'])} tumours",
        holds(1 / (1 - 0.5) == 2, "p = 0.5"),
        holds(round(1 / (1 - 0.9)) == 10, "\\mu = 0.9"),
        holds(round(1 / (1 - 0.9)) == 10, "SGD 加上 0.9 的动量"),
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
    broken = released(FOLDER, "fix_tuned_run", lesson)
    data = lesson["digits"], lesson["digit_labels"], lesson["digits_valid"], lesson["labels_valid"]
    fault = broken["tuned_run"](*data)["valid_loss"]
    ranged = {
        rate: [lesson["train_digits"](rate, 0.9, 64, 6, seed) for seed in (*SHOWN, *UNSEEN)]
        for rate in (0.001, 0.1, 0.8, 2.0)
    }
    begun = all(run[-1] > 2.1 for run in ranged[0.001])
    about = all(run[-1] > 0.75 * run[0] for run in ranged[2.0]) and np.mean([run[-1] for run in ranged[2.0]]) < 3
    twice = all(a[-1] > 2 * b[-1] for a, b in zip(ranged[0.8], ranged[0.1], strict=True))
    falls = all(run[-1] < run[0] for run in ranged[0.8])
    return [
        holds(bool(apart), "AdamW treats both alike"),
        holds(zeros > 0.6, "The proximal step sets most of the weights to exactly 0"),
        holds(fault > 1.3 * math.log(10), "the validation loss is above that of always saying"),
        holds(begun and about, "the smallest rate has hardly begun, and the largest ends about where it started"),
        holds(twice and falls, "0.8 the loss falls, but ends at more than twice that of 0.1, on every seed"),
    ]


def _digits(lesson: dict) -> list[str]:
    n = len(lesson["digits"])
    small, large = n // 16, n // 256
    rates, losses = lesson["tried_rates"], lesson["smoothed_losses"]
    bottom, turn = rates[losses.argmin()], rates[-1]
    train, seeds = lesson["train_digits"], (*SHOWN, *UNSEEN)
    without, tenth = ([train(rate, mu, 32, 10, seed)[-1] for seed in seeds] for rate, mu in ((0.2, 0.0), (0.02, 0.9)))
    close = all(abs(b / a - 1) < 1 / 3 for a, b in zip(without, tenth, strict=True))
    return [
        f"{n} digits make {small} updates an epoch with batches of 16, and three with batches of 256".replace(
            "three", {3: "three"}.get(large, str(large))
        ),
        holds(0.4 < bottom < 0.8 < turn, "batches of 64"),
        f"in ten steps the rate grows by a factor of {(10 / 1e-4) ** (10 / 199):.1f}",
        "same digits, 12 epochs of SGD",
        f"$\\ln 10$, about {math.log(10):.1f}",
        holds(lesson["tuned_run"].__defaults__[2] == 32, "effective rate is 32 times the stated one"),
        holds(close, "A tenth of the rate with momentum 0.9 gives nearly the run without momentum"),
    ]


def _scaling(lesson: dict) -> list[str]:
    """Return what the section on four times the batch says, on seeds that it prints and on others."""
    n, run, repaired = len(lesson["digits"]), lesson["colleagues_run"], lesson["scaled_run"]
    data = lesson["digits"], lesson["digit_labels"]
    higher, lower_at_small, spread, ruled, eight, sixteen = [], [], [], [], [], []
    for seeds in (SHOWN, UNSEEN):
        ends = {s: [run(*s, seed) for seed in seeds] for s in ((0.1, 32, 10), (0.4, 128, 10), (0.4, 32, 10))}
        old, new = ends[0.1, 32, 10], ends[0.4, 128, 10]
        higher.append(np.mean(new) > 2 * np.mean(old))
        spread.append(max(new) > 2 * min(new))
        lower_at_small.append(np.mean(ends[0.4, 32, 10]) < np.mean(old))
        whole = {
            (rate, size, epochs): np.array([repaired(*data, rate, size, epochs, seed)["loss"] for seed in seeds])
            for rate, size, epochs in
            ((0.1, 32, 10), (0.2, 64, 10), (0.4, 128, 10), (0.8, 256, 10), (1.6, 512, 17),
             (1.0, 512, 17), (0.6, 512, 17), (0.1, 128, 40))
        }  # fmt: skip
        base = whole[0.1, 32, 10]
        for same in ((0.2, 64, 10), (0.4, 128, 10), (0.1, 128, 40)):
            ruled.append((abs(whole[same] / base - 1) < 0.15).all() and abs(np.mean(whole[same] / base) - 1) < 0.12)
        eight.append(1.5 * base.mean() < whole[0.8, 256, 10].mean() < 2.5 * base.mean())
        sixteen.append((whole[1.6, 512, 17] > 3 * base).all())
        smaller = [whole[rate, 512, 17].mean() for rate in (1.0, 0.6)]
        sixteen.append(2.5 * base.mean() < min(smaller) and max(smaller) < whole[1.6, 512, 17].mean())
    batch_rises, last_rises, last_of, rising_epochs = [], [], [], []
    for seed in (*SHOWN, *UNSEEN):
        within, alone, epochs = _rises(lesson, seed)
        batch_rises += within
        last_rises += alone
        rising_epochs += epochs[2:]
        last_of.append(n % 128)
    jumps = np.mean(batch_rises) < 0.1 and np.mean(last_rises) > 0.9 and np.mean(rising_epochs) > 0.9
    curvature, _ = lesson["steepest"](lesson["digit_net"](0))
    return [
        f"to the test on the {n} digits: batches of 128 instead of 32, rate 0.4 instead of 0.1, no momentum",
        holds(all(higher), "With four times the rate the loss ends far higher, and differs wildly from seed to seed. 0.4 is"),
        holds(curvature < 1, "At the start, the largest curvature is below 1, so the limit for the rate is above 2"),
        holds(jumps, "the first seven updates nearly always lower the loss over all digits; the last one nearly always raises it"),
        holds(all(lower_at_small), "With batches of 32 and rate 0.4, the mean loss of five seeds is lower than with rate 0.1"),
        holds(all(spread), "the final loss of the third setting can change by a factor of two or more"),
        holds(set(last_of) == {1}, "last batch of an epoch, with batches of 128?"),
        holds(n // 128 == 7, "with one row it is 128 times that of a whole batch"),
        holds(n // 128 + 1 == 8, "one update in eight here"),
        "one single digit takes at rate 0.4",
        holds(all(ruled), "up to four times the batch and the rate, every seed gets its old loss back"),
        holds(all(eight) and all(sixteen), "(batches of 512"),
        holds(all(sixteen), "In part: at two smaller rates the mean loss is lower"),
        holds(all(sixteen), "with rates of 1.0 and 0.6 the mean loss is still more than 2.5 times the old one"),
        "1.6, 17 updates",
        holds(n % 32 == 1, "The colleague's batches of 32 end in one row too"),
        "divided by 255",
        holds(n // 256 == 3, "three whole batches of 256 leave more of them out"),
    ]  # fmt: skip


def _rises(lesson: dict, seed: int) -> tuple[list[bool], list[bool], list[bool]]:
    """Replay the colleague's run; tell whether whole batches, last batches and epochs raised the loss."""
    X, y, F = lesson["digits"], lesson["digit_labels"], torch.nn.functional
    net, within, alone, epochs = lesson["digit_net"](seed), [], [], []
    before = math.inf
    for _ in range(10):
        rises = []
        for rows in torch.randperm(len(X)).split(128):
            slopes = torch.autograd.grad(F.cross_entropy(net(X[rows]), y[rows]), list(net.parameters()))
            with torch.no_grad():
                for p, slope in zip(net.parameters(), slopes, strict=True):
                    p -= 0.4 * slope
                after = F.cross_entropy(net(X), y).item()
            rises.append(after > before)
            (within if len(rows) == 128 else alone).append(after > before)
            before = after
        epochs.append(any(rises))
    return within, alone, epochs


def _curvature(lesson: dict) -> list[str]:
    grows, comes_back, lower = [], [], []
    for seed in (0, *UNSEEN):
        small, of_small = lesson["full_batch_run"](0.2, 240, seed)
        large, of_large = lesson["full_batch_run"](0.8, 240, seed)
        grows.append(max(of_small) > 4 * of_small[0] and max(of_small) < 2 / 0.2)
        comes_back.append(max(of_large) > 2 / 0.8 and all(1.7 < c < 3.2 for c in of_large[6:12]))
        lower.append(large[-1] < small[-1] and any(b > a for a, b in zip(large, large[1:], strict=False)))
    return [
        holds(all(grows), "At the small rate the curvature grows to more than four times its first value"),
        holds(all(comes_back) and all(lower), "it grows beyond the limit. There the steps"),
    ]


def _remedies(lesson: dict) -> list[str]:
    overfit, names = lesson["overfit"], list(lesson["remedies"])
    kept: dict[str, list[bool]] = {}
    for seeds in (SHOWN, UNSEEN):
        plain = np.array([overfit(seed) for seed in seeds])
        change = {
            name: np.array([overfit(seed, **lesson["remedies"][name]) for seed in seeds]) - plain for name in names
        }
        share = {name: change[name].mean() / plain.mean() for name in names}
        regularise = max(share[name] for name in ("weight decay 0.01", "early stopping", "a tenth of the rate"))
        nothing = max(abs(share[name]) for name in ("warm-up of 60", "clipping to 1"))
        odd, clipped, sound = (
            [overfit(seed, n_wrong=0, n_steps=300, **more) for seed in seeds]
            for more in ({"n_odd": 3}, {"n_odd": 3, "max_norm": 1.0}, {"max_norm": 1.0})
        )
        _, half = lesson["mean_and_half_width"](change["dropout 0.5"])
        for name, here in {
            "start": 1.3 < plain.mean() < 1.9,
            "regularise": regularise < -0.25,
            "cosine": -0.25 < share["cosine"] < -0.02,
            "nothing": nothing < 0.08,
            "dropout": share["dropout 0.5"] < -0.05 and half > 0.15,
            "odd": min(odd) > 1.7 and max(abs(a - b) for a, b in zip(clipped, sound, strict=True)) < 0.3,
        }.items():
            kept.setdefault(name, []).append(bool(here))
    return [
        "100 digits, of which 20 get a label at random, a network with 64 hidden units, 600 updates of SGD with momentum "
        "0.9 at rate 0.1",
        "the loss on 700 other digits. Early stopping looks at 200 more",
        holds(all(kept["start"]), "Without a remedy the loss on the other digits is about 1.6"),
        holds(all(kept["regularise"]), "Weight decay and early stopping lower the loss by a quarter or more on average"),
        holds(all(kept["cosine"]), "The cosine lowers the loss a little"),
        holds(all(kept["nothing"]), "Warm-up and clipping change next to nothing"),
        holds(all(kept["dropout"]), "Dropout lowers the mean too"),
        "weight decay 0.01;",
        "a warm-up of 60 updates",
        "a tenth of the rate, 0.01",
        "stands with a 95 % interval over five seeds",
        f"{600 // 20} times, and keeps the best of these looks",
        "three of the 100 digits come in other units, 255 times too large",
        holds(all(kept["odd"]), "on every seed it ends near the loss of guessing. Clipped, it ends far below"),
    ]


def _tuning(lesson: dict) -> list[str]:
    n_trials = inspect.signature(lesson["search"]).parameters["n_trials"].default
    return [
        f"32 hidden units and trains on the {len(lesson['digits'])} digits for 60 updates, with batches of 32",
        f"You have {n_trials} trials, {n_trials * 3 * 60:,} updates in all",
        f"calls your function {n_trials} times",
        f"beaten by {(1 - 0.85) * 100:.0f} %",
        f"has scale {lesson['thick_problem']['scale']:.0f}",
        f"on {len(lesson['other_digits'])} digits that the search never saw",
        f"So is $1 - \\mu$: {1 - 0.5}, {0.9}, {0.95} are steps of one kind",
        "rates from 0.001 to 10, half a power of ten apart",
        holds(float(torch.tensor(1.0, dtype=torch.bfloat16) + torch.tensor(0.001, dtype=torch.bfloat16)) == 1,
            "in bfloat16 a weight of 1 plus a step of 0.001 is 1 again"),
        holds(abs((1 + math.sqrt(0.5)) / 2 - 0.85) < 0.005, "PyTorch 2.13"),
    ]  # fmt: skip


def _report() -> list[str]:
    updates = math.ceil(50_000 / 1024)
    return [
        f"$\\ln 10 = {math.log(10):.1f}$",
        f"Batches of 1024 give {updates} updates an epoch, {updates * 10} in all",
        "momentum 0.9",
        f"A loss that stays at {math.log(10):.2f} with a rate of 0.1",
    ]

"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

import re
import sys
from pathlib import Path

import numpy as np


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *_minutes(), *_data(lesson), *_counts(lesson), *_flops(lesson), *_memory(lesson), *_small(lesson),
        *_programs(lesson), *_bakeoff(lesson), *_depth(lesson),
    ]  # fmt: skip


def _if(holds: bool, text: str) -> str:
    return text if holds else f"{text} (does not hold)"


def _minutes() -> list[str]:
    folder = Path(globals().get("__file__", Path(sys.argv[-1]) / "facts.py")).parent
    source = (folder / "lesson.py").read_text(encoding="utf-8")
    minutes = [int(m) for m in re.findall(r"^# %%.* minutes=(\d+)", source, re.M)]
    prose = " ".join(line for line in source.splitlines() if line.startswith("#"))
    total = round((sum(minutes) + len(prose.split()) / 90) / 30) * 30  # at 90 words a minute, in half hours
    long = sorted({m for m in minutes if m >= 10})
    return [f"Plan {total} minutes: {sum(minutes)} minutes of exercises", *[f"{m} minutes" for m in long]]


def _data(lesson: dict) -> list[str]:
    n = {part: len(y) for part, (_, y) in lesson["digits"].items()}
    sequences, _ = lesson["last_mark"](700, 0)
    tasks = lesson["bakeoff_tasks"]()
    return [
        f"The networks learn on {n['train']} of them; {n['valid']} are for choosing",
        f"and {n['test']} for the last word",
        f"on {n['train']} examples from scratch",
        f"on our {n['train']} images",
        f"the task about order, {len(tasks['last mark']['train'][1])} sequences",
        f"learned from {len(tasks['last mark']['train'][1])} sequences",
        f"用 {len(tasks['last mark']['train'][1])} 条序列学习",
        f"A sequence has {sequences.shape[1]} places",
        "An image is worth 16x16 words",
        "in 150 to 250 words",
    ]


def _counts(lesson: dict) -> list[str]:
    conv, gru = lesson["conv2d_params"](3, 4, (2, 2)), lesson["gru_params"](1, 2)
    sizes = {
        kind: [sum(p.numel() for p in net.parameters()) for net in lesson[f"{kind}_networks"]().values()]
        for kind in ("image", "sequence")
    }
    within = all(max(s) <= 1.05 * min(s) for s in sizes.values())
    field = lesson["receptive_field"]([{"kernel": 3}, {"kernel": 3}])
    return [
        f"4·(3·2·2) + 4 = {conv}",
        f"3·(2·1 + 2·2 + 2·2) = {gru}",
        f"with a 2 × 2 kernel: {conv}. A GRU from one to two: {gru}",
        f"2 × 2 的核：{conv}。一到二的 GRU：{gru}",
        f"between {min(sizes['image'])} and {max(sizes['image'])} parameters",
        f"between {min(sizes['sequence'])} and {max(sizes['sequence'])}",
        _if(within, "within 5 % of each other"),
        _if(within, "within 5 % of the same number of parameters"),
        _if(within, "the same number of parameters within 5 %"),
        _if(within, "相差在 5 % 以内"),
        f"see {field} neighbouring symbols",
    ]


def _flops(lesson: dict) -> list[str]:
    nets = lesson["image_networks"]()
    mlp, cnn = (lesson["counted_flops"](nets[name], 8, 8) for name in ("MLP", "CNN"))
    more = 40 * mlp < cnn
    return [
        f"2·2·9·16 = {lesson['conv2d_flops'](1, 2, (3, 3), (4, 4))} FLOPs and has {lesson['conv2d_params'](1, 2, (3, 3))} parameters",
        f"A linear layer of {4 * 5} weights costs {lesson['counted_flops'](lesson['nn'].Linear(4, 5), 4)}",
        _if(more, "more than 40 times the arithmetic"),
        _if(more, "MLP 的 40 倍以上"),
    ]


def _memory(lesson: dict) -> list[str]:
    n_params = lesson["linear_params"](4, 3) + lesson["linear_params"](3, 2)
    parts = lesson["training_memory"](n_params, lesson["mlp_activations"]([4, 3, 2]), 5)
    each = {name: lesson["training_memory"](1, 0, 0, name)["total"] for name in ("sgd", "momentum", "adam")}
    x, nets = lesson["digits"]["train"][0][:64], lesson["image_networks"]()
    kept = {name: lesson["kept_bytes"](net, x) for name, net in nets.items()}
    giga = lesson["training_memory"](10**9, 0, 0)["total"] / 1e9
    return [
        f"4·3 + 3 + 3·2 + 2 = {n_params}",
        f"weights {parts['weights']} bytes, gradients {parts['gradients']}, states {parts['optimizer']}, "
        f"activations 5·7·4 = {parts['activations']}",
        f"Together {parts['total']} bytes",
        _if(kept["CNN"] > 10 * kept["MLP"], "more than 10 times as many bytes of activations as the MLP"),
        f"a parameter costs {each['adam']} bytes before the first sample: a billion parameters, {giga:.0f} GB",
        f"the first three are {each['adam']} bytes a parameter",
        f"that is {each['sgd']}, {each['momentum']} or {each['adam']} bytes",
        f"A billion parameters with Adam: {giga:.0f} GB",
        f"共 {each['adam']} 字节",
        f"就是 {each['sgd']}、{each['momentum']} 或 {each['adam']} 字节",
        f"还没有放入样本就要 {giga:.0f} GB",
    ]


def _small(lesson: dict) -> list[str]:
    ring = lesson["circular_conv"](np.array([[1, 0, 0, 2]]), np.array([[3, 5]]))[0]
    shifted = lesson["circular_conv"](np.array([[2, 1, 0, 0]]), np.array([[3, 5]]))[0]
    unit = 5 * 1 + 7 * 2 + 9 * 3
    return [
        f"3·0 + 5·2 = {ring[2]:.0f}",
        f"3·2 + 5·1 = {ring[3]:.0f}",
        "the outputs are " + ", ".join(f"{v:.0f}" for v in shifted),
        f"5·1 + 7·2 + 9·3 = {unit}",
        f"9·3 + 5·1 + 7·2 = {9 * 3 + 5 * 1 + 7 * 2} again",
        _front(),
        "B: score 0.8, memory 5",
        "C: score 0.7, memory 1",
    ]


def _front() -> str:
    return f"A: score {0.9}, memory 5"


def _programs(lesson: dict) -> list[str]:
    """Compare the faulty programs of the find-the-bug exercises with the repaired ones."""
    nn, torch = lesson["nn"], lesson["torch"]

    def torn(images, means):
        return images.reshape(len(images), 3, 8, 8).float() / 255 - torch.tensor(means).reshape(3, 1, 1)

    class Faulty(nn.Module):
        batch_first = False

        def __init__(self):
            super().__init__()
            self.gru, self.head = nn.GRU(3, 16, batch_first=self.batch_first), nn.Linear(16, 2)

        def forward(self, x, lengths):
            return self.head(self.gru(x)[0][:, -1])

    class FirstFaultOnly(Faulty):
        batch_first = True

    wrong, right = (
        1 - np.mean([lesson["train_in_colour"](prepare, seed) for seed in range(3)])
        for prepare in (torn, lesson["to_channels_first"])
    )
    guess, half, reads = (lesson["train_reader"](kind) for kind in (Faulty, FirstFaultOnly, lesson["MarkReader"]))
    guesses = all(0.4 < accuracy < 0.6 for accuracy in (*guess, half[1]))
    position = float(lesson["TransformerNet"](200, 8, 3).position.std())
    return [
        _if(wrong > 1.34 * right, "makes at least a third more errors than the repaired one"),
        "padded to 24 places, and to 400",
        _if(guesses and half[0] > 0.95, "first is already above 0.9"),
        _if(guesses, "With 400 places it is near a half again"),
        _if(min(reads) > 0.95, "Repaired, both are above 0.9"),
        _if(0.09 < position < 0.11, "the random position vectors are scaled by 0.1"),
    ]


def _bakeoff(lesson: dict) -> list[str]:
    measured = lesson["measured"]
    mean = {task: {name: float(np.mean(values)) for name, values in row.items()} for task, row in measured.items()}
    plain, shifted, shuffled, marks = (mean[task] for task in ("plain", "shifted", "shuffled", "last mark"))
    networks = ("MLP", "CNN", "GRU", "Transformer")
    lead = shifted["CNN"] > shifted["MLP"] + 0.1 and shifted["CNN"] > shifted["GRU"] + 0.02
    second = shifted["GRU"] > max(shifted["MLP"], shifted["Transformer"]) + 0.03
    still = abs(shuffled["MLP"] - plain["MLP"]) < 0.02
    cnn_loses = plain["CNN"] - shuffled["CNN"] > 0.015 and shuffled["CNN"] < shuffled["MLP"] + 0.01
    best = marks["GRU"] > 0.99 and all(marks["GRU"] > marks[n] + 0.02 for n in networks if n != "GRU")
    last = all(marks["CNN"] < marks[n] - 0.01 for n in networks if n != "CNN") and min(marks["linear"], marks["MLP"]) > 0.85
    spread = {n: sum(max(row[n]) - min(row[n]) for row in measured.values()) for n in networks}
    unsettled = all(spread["Transformer"] > spread[n] for n in networks if n != "Transformer")
    near = abs(plain["CNN"] - plain["MLP"]) < 0.04 and abs(plain["linear"] - plain["MLP"]) < 0.015
    near = near and plain["linear"] > max(plain["GRU"], plain["Transformer"]) + 0.01
    wide, field = lesson["wide"], lesson["receptive_field"]([{"kernel": 3, "dilation": d} for d in (1, 2, 4, 7)])
    n_wide, n_cnn = (
        sum(p.numel() for p in net.parameters()) for net in (lesson["dilated_network"](), lesson["sequence_networks"]()["CNN"])
    )
    covers = field // 2 >= 24 // 2 and 0.9 < n_wide / n_cnn < 1.1
    return [
        _if(near and lead and second and cnn_loses and best and last and unsettled, "CNN and MLP differ by less than 0.05"),
        "five points (0.05 of accuracy)",
        _if(lead and second, "the CNN leads the MLP by more than 0.1, and the GRU comes second"),
        _if(shifted["linear"] < 0.35, "The linear model falls below 0.4"),
        _if(still, "the MLP stays within 0.02 of its plain accuracy"),
        _if(still, "the MLP stayed within 0.02 of its accuracy"),
        _if(still, "MLP 的准确率变化在 0.02 以内"),
        _if(cnn_loses, "The CNN loses more than 0.015"),
        _if(covers, f"With a field of {field}, wide enough for a place in the middle to see all 24"),
        _if(min(wide) > 0.98, "above 0.97 on every seed"),
    ]


def _depth(lesson: dict) -> list[str]:
    n_layers, seeds = len(lesson["depth_gradients"]["plain"]), range(4)
    plain, he, residual = (
        [each[0] / each[-1] for each in (lesson["first_gradients"](*how, seed=seed) for seed in seeds)]
        for how in ((False,), (False, True), (True,))
    )
    level = all(0.15 < ratio < 7 for ratio in (*he, *residual))
    return [
        f"the gradient at the first of {n_layers} layers",
        _if(max(plain) < 5e-7 and level, f"A plain network of {n_layers} such layers"),
    ]

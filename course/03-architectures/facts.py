"""The numbers that this unit's prose states, computed.

What training gives differs in its last digits from machine to machine, so the prose states bounds, and the facts
prove the bounds.
"""

from pathlib import Path

import numpy as np

from mftcourse.course.facts import holds, times

_FOLDER = Path(__file__).parent


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(_FOLDER), *_data(lesson), *_counts(lesson), *_flops(lesson), *_memory(lesson), *_small(lesson),
        *_programs(lesson), *_bakeoff(lesson), *_depth(lesson),
    ]  # fmt: skip


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
        f"2 × 2 卷积核：{conv}。输入 1、状态 2 的 GRU：{gru}",
        f"between {min(sizes['image'])} and {max(sizes['image'])} parameters",
        f"between {min(sizes['sequence'])} and {max(sizes['sequence'])}",
        holds(within, "within 5 % of each other"),
        holds(within, "within 5 % of the same number of parameters"),
        holds(within, "the same number of parameters within 5 %"),
        holds(within, "相差在 5 % 以内"),
        f"see {field} neighbouring symbols",
    ]


def _flops(lesson: dict) -> list[str]:
    nets = lesson["image_networks"]()
    mlp, cnn = (lesson["counted_flops"](nets[name], 8, 8) for name in ("MLP", "CNN"))
    more = 40 * mlp < cnn
    return [
        f"2·2·9·16 = {lesson['conv2d_flops'](1, 2, (3, 3), (4, 4))} FLOPs and has {lesson['conv2d_params'](1, 2, (3, 3))} parameters",
        f"A linear layer of {4 * 5} weights costs {lesson['counted_flops'](lesson['nn'].Linear(4, 5), 4)}",
        holds(more, "more than 40 times the arithmetic"),
        holds(more, "MLP 的 40 倍以上"),
    ]


def _memory(lesson: dict) -> list[str]:
    n_params = lesson["linear_params"](4, 3) + lesson["linear_params"](3, 2)
    parts = lesson["training_memory"](n_params, lesson["mlp_activations"]([4, 3, 2]), 5)
    each = {name: lesson["training_memory"](1, 0, 0, name)["total"] for name in ("sgd", "momentum", "adam")}
    x, nets = lesson["digits"]["train"][0][:64], lesson["image_networks"]()
    kept = {name: lesson["kept_bytes"](net, x) for name, net in nets.items()}
    giga = lesson["training_memory"](10**9, 0, 0)["total"] / 1e9
    mixed, kept_32 = 2 + 2 + 4 + 4 + 4, 2 + 4 + 4 + 4 + 4
    wide, loss = _classes(lesson)
    kernels = lesson["SDPBackend"].MATH, lesson["SDPBackend"].FLASH_ATTENTION
    plain, fused = ([lesson["attention_memory"](tokens, kernel) for tokens in (512, 1024)] for kernel in kernels)
    return [
        f"4·3 + 3 + 3·2 + 2 = {n_params}",
        f"weights {parts['weights']} bytes, gradients {parts['gradients']}, states {parts['optimizer']}, "
        f"activations 5·7·4 = {parts['activations']}",
        f"Together {parts['total']} bytes",
        holds(kept["CNN"] > 2 * 16 * 4900, "For the CNN most of the memory is activations"),
        holds(kept["CNN"] > 10 * kept["MLP"], "more than 10 times as many bytes of activations as the MLP"),
        f"a parameter costs {each['adam']} bytes before the first sample: a billion parameters, {giga:.0f} GB",
        f"the first three are {each['adam']} bytes a parameter",
        f"that is {each['sgd']}, {each['momentum']} or {each['adam']} bytes",
        f"A billion parameters with Adam: {giga:.0f} GB",
        f"共 {each['adam']} 字节",
        f"does not halve the {each['adam']} bytes",
        f"2 + 2 + 4 + 4 + 4 = {mixed} bytes",
        f"2 + 2 + 4 + 4 + 4 = {mixed} 字节",
        f", {kept_32}.",
        f"to 1000 classes keeps {wide} bytes for a batch of five by the formula, and {loss} together with",
        f"From 512 tokens to 1024, what the written-out attention keeps grows {plain[1] / plain[0]:.1f} times, and what the "
        f"fused kernel keeps exactly {fused[1] / fused[0]:g} times",
        f"At 1024 tokens it keeps {plain[1] // fused[1]} times less",
        f"就是 {each['sgd']}、{each['momentum']} 或 {each['adam']} 字节",
        f"还没有放入样本就要 {giga:.0f} GB",
    ]


def _classes(lesson: dict) -> tuple[int, int]:
    """Return what an MLP to 1000 classes keeps for a batch of five: by the formula, and with its loss."""
    nn, F, torch = lesson["nn"], lesson["F"], lesson["torch"]
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1000))

    class WithLoss(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return F.cross_entropy(self.net(x), torch.zeros(len(x), dtype=torch.int64))

    by_formula = 5 * 4 * lesson["mlp_activations"]([4, 3, 1000])
    assert by_formula == lesson["kept_bytes"](net, torch.zeros(5, 4))
    return by_formula, lesson["kept_bytes"](WithLoss(), torch.zeros(5, 4))


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
        holds(wrong > 1.25 * right, "makes at least a fifth more errors than the repaired one"),
        "padded to 24 places, and to 400",
        holds(guesses and half[0] > 0.75, "first is already above 0.7"),
        holds(guesses, "With 400 places it is near a half again"),
        holds(min(reads) > 0.95, "Repaired, both are above 0.9"),
        holds(0.09 < position < 0.11, "the random position vectors are scaled by 0.1"),
    ]


def _bakeoff(lesson: dict) -> list[str]:
    """State the bake-off as widely as it held on first seeds 0, 100, 200, 300, 400 and 500."""
    measured, networks = lesson["measured"], ("MLP", "CNN", "GRU", "Transformer")
    test, train = (
        {task: {name: float(np.mean(found[part])) for name, found in row.items()} for task, row in measured.items()}
        for part in ("test", "train")
    )
    plain, shifted, shuffled, marks = (test[task] for task in ("plain", "shifted", "shuffled", "last mark"))
    updates = 10 * -(-len(lesson["digits"]["train"][1]) // 50)
    near = abs(plain["CNN"] - plain["MLP"]) < 0.045
    linear = abs(plain["linear"] - plain["MLP"]) < 0.03 and plain["linear"] > plain["Transformer"] + 0.01
    lead = shifted["CNN"] > shifted["MLP"] + 0.08
    underfits = train["shifted"]["Transformer"] < 0.62 and shifted["Transformer"] == min(shifted[n] for n in networks)
    still = abs(shuffled["MLP"] - plain["MLP"]) < 0.03
    cnn_falls = shuffled["CNN"] < plain["CNN"] and shuffled["CNN"] < shuffled["MLP"] + 0.01
    stuck = max(marks["CNN"], train["last mark"]["CNN"]) < 0.925 and min(marks["linear"], marks["MLP"]) > 0.85
    best = marks["GRU"] > 0.99 and all(marks["GRU"] > marks[n] + 0.02 for n in networks if n != "GRU")
    spread = {n: max(measured["last mark"][n]["test"]) - min(measured["last mark"][n]["test"]) for n in networks}
    unsettled = all(spread["Transformer"] > spread[n] for n in networks if n != "Transformer")
    (short, _), (long, by_name) = lesson["longer"].items()
    more = {part: {n: float(np.mean(found[part])) for n, found in by_name.items()} for part in ("train", "test")}
    before = {n: float(np.mean(found["test"])) for n, found in lesson["longer"][short].items()}
    gap = {n: more["train"][n] - more["test"][n] for n in networks}
    learned = more["train"]["Transformer"] > 0.82 and more["test"]["Transformer"] > before["Transformer"] + 0.12
    left = gap["Transformer"] > 0.22 and gap["CNN"] < gap["Transformer"] and min(more["train"].values()) > 0.82
    order = more["test"]["CNN"] > more["test"]["GRU"] > more["test"]["MLP"] > more["test"]["Transformer"] + 0.01
    return [
        f"epochs: {updates} updates. The learning rate",
        "same batches of 50, same",
        f"after {updates} updates, and what it can carry" if best and unsettled else "the last mark does not hold",
        f"which network is best on the shifted digits, after {long} updates?",
        f"Between CNN and GRU three seeds and {updates} updates do not decide safely",
        f"winner after {updates} updates is a winner after {updates} updates",
        f"after {updates} updates and at equal",
        f"after {updates} updates the CNN",
        f"at equal parameters and after {updates} updates",
        f"was best after {updates} updates",
        f"After {updates} updates the Transformer",
        f"各更新 {updates} 次",
        f"更新 {updates} 次之后",
        f"once with {short} updates and once with {long}",
        f"With {long} updates the Transformer",
        "The validation part is small (200 images, or 300 sequences)",
        holds(near, "CNN and MLP differ by less than 0.05"),
        "five points (0.05 of accuracy)",
        holds(linear, "linear baseline is within 0.03 of the MLP"),
        holds(linear, "linear model was within 0.03 of the MLP"),
        holds(linear, "logistic regression was within 0.03 of the MLP"),
        holds(linear, "线性模型与 MLP 相差在 0.03 以内"),
        holds(linear, "逻辑回归与 MLP 相差在 0.03 以内"),
        holds(lead, "the CNN leads the MLP by more than 0.08"),
        holds(near, "the choice between CNN and MLP is worth less than five points"),
        holds(shifted["linear"] < 0.35, "The linear model falls below 0.4"),
        holds(still and cnn_falls, "the MLP stays within 0.03 of its plain accuracy"),
        holds(still, "the MLP stayed within 0.03 of its accuracy"),
        holds(still, "MLP 的准确率变化在 0.03 以内"),
        holds(stuck, "The CNN stays below 0.93"),
        holds(stuck, "stayed below 0.93 even on the training set"),
        holds(stuck, "连在训练集上也低于 0.93"),
        holds(underfits, "Look at the training column first: below 0.65"),
        holds(underfits, "with a training accuracy below 0.65"),
        holds(underfits, "训练准确率低于 0.65"),
        holds(learned and left and order, "is above 0.8 on its training part, and its test accuracy is higher by more than 0.1"),
        holds(learned, "its test accuracy rose by more than 0.1"),
        holds(learned, "测试准确率也上升了 0.1 以上"),
        holds(left, "its test accuracy is more than 0.2 below"),
        holds(left and order, "it was still last, and more than 0.2 below its training accuracy"),
        holds(left and order, "它仍是最后一名，并且比训练准确率低 0.2 以上"),
        *_fields(lesson),
        *_invariance(lesson),
    ]


def _fields(lesson: dict) -> list[str]:
    """The controls of the receptive field: which of five CNNs reach what, and what they see."""
    test = {d: found["test"] for d, found in lesson["dilated"].items()}
    mean = {d: float(np.mean(values)) for d, values in test.items()}
    seen = {d: lesson["places_seen"](d) for d in test}
    field = {d: places[-1] - places[0] + 1 for d, places in seen.items()}
    sizes = [sum(p.numel() for p in lesson["dilated_network"](d).parameters()) for d in test]
    alike = max(sizes) < 1.05 * min(sizes) and all(
        field[d] == lesson["receptive_field"]([{"kernel": 3, "dilation": one} for one in d]) for d in test
    )
    depth, holes, spread, full, narrow = (mean[d] for d in ((1, 1, 1, 1), (1, 12), (6, 7), (1, 2, 4, 7), (1, 1)))
    low = alike and max(narrow, depth) < 0.78
    wide = alike and narrow + 0.06 < holes < 0.885
    nine = len(seen[1, 12]) == len(seen[6, 7]) == len(seen[1, 1, 1, 1]) == 9 and max(np.diff(seen[1, 12])) == 10
    again = holes + 0.01 < spread < 0.94
    best = full > 0.965 and full > spread + 0.03 and len(seen[1, 2, 4, 7]) == field[1, 2, 4, 7]
    zeros = float(np.mean(lesson["measured"]["last mark"]["CNN"]["test"])) > narrow + 0.04
    return [
        holds(low and zeros, "It stays below 0.8. So a part of what it reached there it owed to the zeros"),
        holds(low, f"a field of {field[1, 1, 1, 1]} in place of {field[1, 1]}. Still below 0.8"),
        holds(wide and nine, f"the *field*, {field[1, 12]} in place of {field[1, 1]}"),
        holds(wide, "Better by more than 0.05, and below 0.9"),
        "Dilations 1, 12 against 1, 1",
        "Dilations 6, 7 against 1, 12",
        "A blank is the symbol 1, 0, 0",
        f"for {10 * 14} updates each",
        f"**The controls**, after {10 * 14} updates",
        f'All of them say "after {10 * 14} updates"',
        holds(again, "Spread out is better again, and below 0.95"),
        holds(best, f"a field of {field[1, 2, 4, 7]}, without a hole, in four layers. Above 0.96 by its mean, the best of the five"),
        holds(best, f"a field of {field[1, 2, 4, 7]} and no holes"),
        holds(best, f"感受野 {field[1, 2, 4, 7]} 且没有空洞"),
        holds(low, f"two and four layers without dilations (fields {field[1, 1]} and {field[1, 1, 1, 1]}) both stayed below 0.8"),
        holds(low, f"两层和四层不膨胀（感受野 {field[1, 1]} 和 {field[1, 1, 1, 1]}）都低于 0.8"),
        holds(wide, f"dilations 1 and 12 (field {field[1, 12]}, but with large holes) were better by more than 0.05"),
        holds(wide, f"膨胀率 1、12（感受野 {field[1, 12]}，但有大的空洞）高出 0.05 以上"),
        holds(again, "dilations 6 and 7, the same field spread out, better again"),
        holds(again, "膨胀率 6、7，感受野相同但分布均匀，更高"),
    ]  # fmt: skip


def _invariance(lesson: dict) -> list[str]:
    """The small CNN on moved digits, beside the one that flattens."""
    own = [lesson["moved_accuracies"](lesson["with_a_channel"], seed) for seed in range(3)]
    flat = [lesson["moved_accuracies"](lambda: lesson["image_networks"]()["CNN"], seed) for seed in range(3)]
    same = all(a == b for a, b in own)
    falls = same and min(a for a, _ in flat) > 0.935 and max(b for _, b in flat) < 0.28
    ahead = all(there[0] > mine[0] + 0.02 for there, mine in zip(flat, own, strict=True))
    first = lesson["conv2d_params"](1, 16, (3, 3)) + lesson["conv2d_params"](16, 24, (3, 3))
    return [
        holds(falls and ahead, "falls from above 0.93 to below 0.3"),
        holds(falls, "fell from above 0.93 to below 0.3"),
        holds(falls, "从 0.93 以上跌到 0.3 以下"),
        f"(9·2 + 2) + (2·3 + 3) = {lesson['conv2d_params'](1, 2, (3, 3)) + lesson['linear_params'](2, 3)} parameters",
        f"is (9·16 + 16) + (9·16·24 + 24) = {first} parameters. A linear layer from 24 to ten classes adds "
        f"{lesson['linear_params'](24, 10)}",
        "From 1 channel to 16 and on to 24",
        "at most 5000 parameters",
        "60 steps of Adam on 36 noisy images",
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
        holds(max(plain) < 5e-7 and level, f"In {n_layers} plain layers from PyTorch's usual start"),
        holds(max(plain) < 5e-7 and level, f"{n_layers} 层普通网络，用 PyTorch 的默认初始化"),
        holds(max(plain) < 5e-7 and level, f"A plain network of {n_layers} such layers"),
    ]

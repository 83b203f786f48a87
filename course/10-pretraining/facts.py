"""The numbers that this unit's prose states, computed; and its claims in words, asserted."""

import copy
import math
import os
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from mftcourse.course.facts import holds, times

# Seeds of networks that the lesson does not show, and of its shared run, which costs ten seconds or more: `make facts` takes five more.
MANY = os.environ.get("MFT_FACTS") == "all"
SEEDS = range(1, 6) if MANY else (1,)
SHARED = range(6) if MANY else (0,)


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    _networks(lesson)
    _forgetting(lesson)
    _copies(lesson)
    return [*times(Path(__file__).parent), *_examples(lesson), *_memory(), *_laws(lesson), *_run(lesson), *_chosen(lesson)]


def _examples(lesson: dict) -> list[str]:
    """Small examples, by formulas of their own."""
    v = lesson["N_VOCAB"]
    j = 3 / 5
    caught = 1 - (1 - j**2) ** 2
    assert math.isclose(caught, 369 / 625) and math.factorial(5) == 120
    small = math.sqrt(10) / (math.sqrt(90) + math.sqrt(10))
    assert math.isclose(small, 1 / 4) and 200 * small / 10 == 5
    bf = torch.bfloat16
    one, half = torch.tensor(1.0, dtype=bf), torch.tensor(128.0, dtype=bf)
    step = (torch.nextafter(one, torch.tensor(2.0, dtype=bf)) - one).item()
    assert (half + 1).item() == 129 and (torch.tensor(512.0, dtype=bf) + 1).item() == 512
    assert torch.nextafter(torch.tensor(512.0, dtype=bf), torch.tensor(1000.0, dtype=bf)).item() == 516
    assert (one + 0.001).item() == 1 and (torch.tensor(256.0, dtype=bf) + 1).item() == 256
    assert math.isinf((torch.tensor(300.0).half() * 300).item())
    assert 5.9e-8 < torch.finfo(torch.float16).smallest_normal * torch.finfo(torch.float16).eps < 6.1e-8
    largest, values = torch.finfo(torch.float16).max, round(1 / step)
    speeds = [1, 1 + 0.9, 1 + 0.9 + 0.81]
    squares = [9, 4, 1]
    total = sum(squares)
    return [
        f"the vocabulary has {v} entries",
        f"with {v} tokens of one byte each",
        f"and {v} is a power of 2",
        f"For a vocabulary of 49,152 it is {math.log(49152):.2f}, for one of 6,400 it is {math.log(6400):.2f}",
        f"within a tenth or so of ln {v} = {math.log(v):.2f}",
        f"within a tenth or so: {math.log(50257):.2f} for 50,257, {math.log(6400):.2f} for 6,400",
        "$1 - (1 - 9/25)^2 = 369/625$",
        "there are just 120 orders",
        "Two sources of 90 and 10 tokens with $\\alpha = 1/2$: $\\sqrt{90} : \\sqrt{10} = 3 : 1$",
        "If 200 tokens are drawn in all, its 10 tokens come 5 times",
        f"values up to {largest:,.0f}",
        f"it overflows above {largest:,.0f}",
        f"超过 {largest:,.0f} 就溢出",
        f"Between two powers of two lie {values} values, so from 256 to 512 every second whole number, and near 1 steps of 1/{values}",
        "In bfloat16, 128 + 1 = 129 is there. 512 + 1 is not: the neighbours are 512 and 516, and the nearer one is 512",
        "From 256 on, bfloat16 holds even numbers only; from 128 to 256, every whole number",
        f"the next value above 1 is $1 + 1/{values}$",
        f"1 之上的下一个数是 $1 + 1/{values}$",
        "256 + 1 is 256",
        "256 + 1 还是 256",
        "In float16 300 times 300 is infinite",
        "float16 中 300 乘 300 是无穷大",
        f"the speeds are 1, {speeds[1]:g}, {speeds[2]:.2f}",
        f"so {squares[0]}/{total}, {squares[1]}/{total} and {squares[2]}/{total}",
        f"For min-p the bar is {0.4 * 8:g} sixteenths",
    ]


def _memory() -> list[str]:
    """ZeRO's stages and the plan, in GB of 10^9 bytes."""
    n, gpus = 7.5, 64
    zero = [16 * n, (4 + 12 / gpus) * n, (2 + 14 / gpus) * n, 16 / gpus * n]
    run, train = 2 * 7, 16 * 7
    stages = f"{zero[1]:.1f}, {zero[2]:.1f} and {zero[3]:.1f}"
    flops = 64 * 4e14 * 0.4 * 28 * 86400
    assert 2.4e22 < flops < 2.55e22 and 19.5e9 < flops / 6 / 200e9 < 21.5e9
    assert 0.9 < 6 * 8e9 * 500e9 / flops < 1
    d, ff, kv = 576, 1536, 576 // 9 * 3
    smol = 49152 * d + 30 * (2 * d + 2 * d * d + 2 * d * kv + 3 * d * ff) + d  # tied: the embedding counts once
    return [
        f"SmolLM2 has {smol:,} parameters",
        "16 bytes",
        "of which 12 are the optimizer's",
        "4 + 4 + 4 + 4 = 16",
        *["$2 + 2 + 12$", "$2 + 2 + 12/N$", "$2 + (2 + 12)/N$", "$(2 + 2 + 12)/N$"],
        f"{n} billion parameters, $N$ = {gpus}, in GB of $10^9$ bytes: {zero[0]:.0f}, {stages}",
        f"{n} billion parameters on {gpus} GPUs, {zero[0]:.0f} GB without, then {stages}",
        f"{n}B 参数、{gpus} 块卡，不用时 {zero[0]:.0f} GB，然后是 {zero[1]:.1f}、{zero[2]:.1f} 和 {zero[3]:.1f}",
        *["$4 + 12/N$", "$2 + 14/N$", "$16/N$"],
        *["s b h\\,(34 + 5 a s/h)", "$sbh(34 + 5as/h)$"],
        "16, 4 + 12/16, 2 + 14/16, 16/16. Then times 13",
        f"(34 + {5 * 32 * 2048 // 4096})",
        "$2048 \\cdot 4096 \\cdot",
        f"takes {run} GB to run and {train} GB to train",
        f"so {train} GB for the states alone",
        f"two bytes a parameter, {run} GB",
        f'"{run} GB": that is what it takes to run',
        f"So {train} GB before activations, and {run} GB to run it",
        f"仅状态就要 {train} GB",
        f"每个参数两字节，{run} GB",
        f"“{run} GB”：那是推理所需",
        f"不算激活值就是 {train} GB，推理是 {run} GB",
        f"7 billion parameters of 2 bytes are {run} GB",
        f"takes the {run} GB that a model of 7 billion needs",
        f"13 billion parameters: {16 * 13} GB of states, {16 * 13 // 16} GB on each of 16 GPUs",
        f"64 GPUs · 4e14 · 0.4 · 28 days · 86,400 s are about {flops / 1e22:.1f}e22 operations",
        "all 200 billion tokens once, $N$ is about 20 billion",
        "8 billion parameters and 500 billion tokens",
        f"a parameter are {16 * 8} GB",
        f"over 64 GPUs leaves 4 bytes and 12/64: {(4 + 12 / 64) * 8:.1f} GB",
        "| 16, in 32 bits as in mixed precision | 12 without master weights",
    ]


def _laws(lesson: dict) -> list[str]:
    """Chinchilla's published fit, and the table made from a law of our own."""
    law, best, loss_of = lesson["CHINCHILLA"], lesson["best_size"], lesson["scaling_loss"]
    n, d = best(law, 5.76e23)
    chinchilla = loss_of(law, 70e9, 1.4e12)
    assert 0 < chinchilla - loss_of(law, n, d) < 0.01
    assert best(law, 5.76e25)[1] / best(law, 5.76e25)[0] > d / n
    assert 1800 < 15e12 / 8e9 < 2000
    ours = lesson["OUR_LAW"]
    found = []
    for seed in range(40):
        bests = {c: lesson["parabola_minimum"](*row) for c, row in lesson["make_table"](seed=seed).items()}
        found.append(lesson["power_law"](list(bests), list(bests.values()))[0])
    assert abs(np.mean(found) - 0.3 / 0.7) < 0.02
    assert lesson["make_table"](0.0)[1e19][1][4] == min(lesson["make_table"](0.0)[1e19][1])
    assert 6.5 < 100 ** (0.3 / 0.7) < 7.5
    total = law["alpha"] + law["beta"]
    return [
        f"$E$ = {law['E']}, $A$ = {law['A']}, $B$ = {law['B']}, $\\alpha$ = {law['alpha']}, $\\beta$ = {law['beta']}",
        f"70 billion parameters and 1.4 trillion tokens, it gives {chinchilla:.3f}",
        "For $C$ = 24 both are 2",
        "Chinchilla has 70 billion parameters and 1.4 trillion tokens",
        "$C$ = 5.76e23",
        f"The powers are {law['beta']}/{total:.2f} for $N$ and {law['alpha']}/{total:.2f} for $D$",
        f"The formula asks for {n / 1e9:.0f} billion parameters and {d / n:.0f} tokens each",
        f"gives {d / n:.0f} tokens a parameter at its own budget, not 20",
        f"give {d / n:.0f} tokens a parameter at its own budget of 5.76e23 operations",
        f"5.76e23 次运算的预算下给出每个参数 {d / n:.0f} 个词元",
        "differ by less than 0.01",
        "8 billion saw 15 trillion tokens",
        f"= {ours['beta']}/{ours['alpha'] + ours['beta']:.1f}",
        "Sizes 1, 10, 100 with the losses 3, 2, 3: the parabola over the logarithm is lowest at 10",
        "through (1, 2), (100, 20) goes",
    ]


def _run(lesson: dict) -> list[str]:
    """The shared run: ranges that hold for other seeds too."""
    bits, train_text, held = _ngrams(lesson)
    seen = 800 * 16 * 32
    assert 0.6 * len(train_text) < seen < 2 / 3 * len(train_text), "fewer than two thirds"
    nets = [lesson["trained"](seed=seed)[2] for seed in SHARED]
    assert 2.4 < min(nets) and max(nets) < 2.6, nets  # the prose says 2.3 to 2.7
    assert bits[3] + 0.2 < min(nets) and max(nets) < bits[2] - 0.1, "beats the trigram, not the 4-gram"
    n_weights = sum(p.numel() for p in lesson["trained"]()[0].parameters())
    assert 0.23e6 < n_weights < 0.27e6 and len(lesson["ngram_counts"](train_text, 6)) > 100_000
    rounded = [f"{b:.1f}" for b in bits[:3]]
    return [
        f"{seen:,} bytes",
        "In its 800 steps it drew",
        "the network after 800 steps of 16 rows",
        "2.3 to 2.7 after the shared run",
        f"unigram about {rounded[0]}, bigram {rounded[1]}, trigram {rounded[2]} on this text",
        holds(bits[0] > bits[1] > bits[2] > bits[3] > bits[4], "The network beats unigram, bigram and trigram"),
    ]


def _ngrams(lesson: dict) -> tuple[list[float], str, str]:
    train_text, held = lesson["clean_corpus"]()
    counts, bits = lesson["ngram_counts"](train_text, 5), [0.0] * 5
    for i, char in enumerate(held):
        p = 1 / lesson["N_VOCAB"]
        for size in range(min(5, i + 1)):
            row = counts.get(held[i - size : i], {})
            p = (row.get(char, 0) + 2 * p) / (sum(row.values()) + 2) if row else p
            bits[size] -= math.log2(p)
    return [b / len(held) for b in bits], train_text, held


def _copies(lesson: dict) -> None:
    """Held-out text that leaks into training lowers the held-out loss; bands find near copies."""
    train_text, held_out = lesson["clean_corpus"]()
    held, ends = held_out.split(lesson["END"])[:-1][:30], []
    for share in (0, 15, 30):
        counts = lesson["ngram_counts"](train_text[:100_000] + "".join(t + lesson["END"] for t in held[:share]), 6)
        p = [lesson["ngram_prob"](counts, t[:i], t[i], 6, 128) for t in held for i in range(len(t))]
        ends.append(-np.log2(p).mean())
    assert ends[0] > ends[1] > ends[2]
    caught = [1 - (1 - j**3) ** 20 for j in (0.8, 0.2)]
    assert caught[0] > 0.99 and caught[1] < 0.2, "nearly all near copies, few of the others"


def _forgetting(lesson: dict) -> None:
    """What code does to prose, with and without replay; and greedy text, which goes round."""
    train, bits, to_ids = (lesson[k] for k in ("train", "window_bits", "to_ids"))
    prose, held = map(to_ids, lesson["clean_corpus"]())
    code, held_code = map(to_ids, lesson["clean_corpus"](lesson["is_code"]))
    n = min(len(code), len(prose)) // 64 * 64
    half = torch.stack([code[:n].view(-1, 64), prose[:n].view(-1, 64)], dim=1).flatten()
    for seed in SHARED:
        before = lesson["trained"](seed=seed)[0]
        alone, replay = copy.deepcopy(before), copy.deepcopy(before)
        train(alone, code, 200, peak=1e-3, seed=seed + 1)
        train(replay, half, 200, peak=1e-3, seed=seed + 1)
        old = [bits(net, held) for net in (before, replay, alone)]
        new = [bits(net, held_code) for net in (before, replay, alone)]
        assert old[0] < old[1] < old[0] + 0.25 < old[0] + 0.4 < old[2], f"replay keeps most of it: {old}"
        assert new[2] + 0.1 < new[1] < new[0] - 1, f"a worse result on code: {new}"
        ids = to_ids("Return the ").tolist()
        with torch.no_grad():
            for _ in range(240):
                ids.append(int(before(torch.tensor([ids[-before.n_context :]]))[0, -1].argmax()))
        runs = [tuple(ids[i : i + 8]) for i in range(len(ids) - 7)]
        assert len(set(runs)) < 0.5 * len(runs), "few of its runs are different"


def _networks(lesson: dict) -> None:
    """Claims about trained networks, on seeds that the lesson does not show too."""
    net_class, train, window_bits, to_ids = (lesson[k] for k in ("TinyGPT", "train", "window_bits", "to_ids"))
    ids, held = map(to_ids, lesson["clean_corpus"]())
    rows = lesson["draw_rows"](ids, 64, 32, torch.Generator().manual_seed(0))
    for seed in range(8):
        torch.manual_seed(seed)
        with torch.no_grad():
            net = net_class()
            assert abs(lesson["mean_loss"](net, rows).item() - math.log(128)) < 0.15, "within a tenth or so"
            torch.nn.init.normal_(net.tokens.weight, std=1.0)
            assert lesson["mean_loss"](net, rows).item() > 30, "far above"
    torch.manual_seed(5)
    net, few = net_class(), rows[:4]
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(151):
        optimizer.zero_grad()
        loss = lesson["mean_loss"](net, few)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2, "four rows are learnt by heart"
    for seed in SEEDS:
        torch.manual_seed(seed)
        net = net_class(48, peek=1)
        train(net, ids, 250, seed=seed)
        assert window_bits(net, held) < 0.8, "a fraction of the bits"
        ends = []
        for rounded in (False, True):
            torch.manual_seed(seed)
            net = net_class(32)
            train(net, ids, 300, peak=1e-3, seed=seed, rounded=rounded)
            ends.append(window_bits(net, held))
        assert ends[1] > ends[0] + 0.05, f"rounded weights end worse on every seed: {ends}"
    widths = (16, 24, 32, 48, 96)
    u = np.log([sum(p.numel() for p in lesson["trained"](d)[0].parameters()) for d in widths])
    for seed in SHARED:
        v = np.log([lesson["trained"](d, seed=seed)[2] for d in widths])
        line = stats.linregress(u[:4], v[:4])
        assert all(np.diff(v) < 0), f"larger is better: {v}"
        assert math.exp(v[4]) > math.exp(line.intercept + line.slope * u[4]) + 0.05, "worse than the middle of what the line says"


def _chosen(lesson: dict) -> list[str]:
    """Numbers that the lesson sets and does not measure: sizes, exercises' inputs, years, shares."""
    assert len(lesson["bigram_table"]) == 8
    return [
        "Python, PyTorch and unit 05",
        "since unit 05",
        "unit 05's",
        "the 15 % it hides",
        "a row of 300",
        "a vocabulary of 50,257 tokens",
        "starts at a loss of 30",
        "deviation of 0.02",
        "within 150 steps",
        "of 32 bytes",
        "9/10",
        "13 in the report on GPT-3",
        ", with 0.3)",
        "a study of 2023",
        "and 10 for the fraction",
        "256 + 1 in bfloat16",
        "= 0.95",
        "16 bits",
        "32 bits",
        "32 位",
        "A model of 13 billion parameters, Adam, mixed precision, 16 GPUs",
        "In GB of $10^9$ bytes",
        "$h$ = 4096, $a$ = 32, in MB of $10^6$ bytes",
        "an update of 0.001",
        "300 times 300 in float16",
        "multiplied by 1024 first",
        "12 micro-batches",
        "4096 × 16384",
        "data parallel 16",
        "(a) about 20 (b) about 90",
        "(a) 100 (b) 50",
        "95 % **prediction interval**",
        "Top-p with 0.6",
        "Min-p with 0.5",
        "8/16, 4/16, 3/16 and 1/16",
        "$p$ = 0.8",
        "= 0.4;",
        "a logit of −1.5",
        "is 0.288 divided by the width",
        "temperature of 0.5",
        "momentum 0.9",
        "for 200 steps",
        "after 250 steps, in which",
        "64 GPUs of 80 GB each for four weeks, and 200 billion tokens",
        "reach 40 % of that",
        "in 200 to 300 words",
        '"20 tokens a parameter"',
        "recipes of 2023 and 2024",
        "2023 和 2024 年",
        "Quoting 20 as a law",
        "把 20 当作自然规律",
        '"Always 0.1."',
        "“总是 0.1。”",
    ]

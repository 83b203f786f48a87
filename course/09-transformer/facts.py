"""The numbers that this unit's prose states, computed."""

import ast
import math
import re
from fractions import Fraction as F
from importlib import resources
from pathlib import Path

import torch
import torch.nn.functional as nnf

from mftcourse.course.facts import holds, times
from mftcourse.course.lesson import parse, reference
from mftcourse.models import smollm2_missing


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(Path(__file__).parent),
        *_paper(),
        *_root(),
        *_blocks(lesson),
        *_cost(lesson),
        *_tiny(lesson),
        *_smollm2(lesson),
        *_agreed(),
        *_lines(),
    ]


def _paper() -> list[str]:
    """The examples on paper."""
    w = [F(1, 4), F(3, 4)]
    out = 8 * w[0] + 4 * w[1]
    assert out == 5 and F(8, 4) + F(12, 4) == 5 and F(8, 3) + 4 == F(20, 3) and F(20, 3) / F(4, 3) == 5
    seven = [F(1, 5), F(7, 5)]
    assert F(1 + 49, 2) == 25 and [F(1, 5), F(7, 5)] == [F(v) / 5 for v in (1, 7)]
    logits = [seven[0] * a + seven[1] * b for a, b in ((1, 7), (0, 5), (2, 0))]
    assert logits == [10, 7, F(2, 5)]
    assert 16 + 8 + 8 + 16 == 48
    return [
        f"the output is 8/4 + 12/4 = {out}",
        "The exponential of 1000 overflows" if math.log(torch.finfo(torch.float64).max) < 1000 else "",
        f"(1 + 49)/2 = {F(1 + 49, 2)}",
        f"and the logits 1/5 + 49/5 = {logits[0]}, then {logits[1]}, then {logits[2]}",
        f"Attention 4 · 4 = {4 * 4}, MLP 3 · 6 = {3 * 6}",
        f"embeddings {5 * 2}: together {16 + 18 + 6 + 10}",
        f"2 · (16 + 18 + 10) = {2 * (16 + 18 + 10)} FLOPs",
        "vocabulary 10, tied",
        "Attention 16 + 8 + 8 + 16. FLOPs: twice 48 + 72 + 40",
        "The attention itself takes 16 FLOPs",
        "$\\ell = 4/3$, $a = 20/3$",
        "and the outputs 14, 28, 7, 21",
        "each expert has 100, the router 12, everything else 200",
        "3/7 of 14" if F(4, 7) * 7 + F(3, 7) * 14 == 10 else "",
        "One pair, and 90 degrees a place",
        "one pair and 90 degrees a place. The query",
    ]


def _root() -> list[str]:
    """What the root does, on draws that the lesson does not show."""
    assert math.sqrt(64) == 8
    scaled, raw, top = [], [], []
    for seed in range(5):
        for d in (4, 64, 1024):
            draw = torch.Generator().manual_seed(100 + 10 * seed + d)
            row, keys = torch.randn(200, 1, d, generator=draw), torch.randn(200, 16, d, generator=draw)
            scores = (row * keys).sum(-1)
            for kept, by in ((scaled, math.sqrt(d)), (raw, 1.0)):
                w = torch.softmax(scores / by, -1)
                kept.append(float((w * (1 - w)).sum(-1).mean()))
            top.append(float(w.max(-1).values.mean()))
    return [
        holds(0.7 < min(scaled) and max(scaled) < 0.9, "it lies between 0.7 and 0.9 in all three rows"),
        holds(max(raw[2::3]) < 0.1, "Raw, at $d = 1024$, it is below 0.1"),
        holds(min(top[2::3]) > 0.9, "the largest of 16 weights is above 0.9 on average"),
        "for $d = 64$,",
        "the softmax over 16 keys if $d = 1024$",
        "For $d = 64$ the variance is 64",
        "at place 900 an angle in float32 has lost digits",
    ]


def _blocks(lesson: dict) -> list[str]:
    """The streams through random blocks, also from other seeds."""
    assert abs(math.sqrt(13) - 3.6) < 0.01
    for seed in range(5):
        post, pre = (lesson["stream"](post=way, seed=seed) for way in (True, False))
        assert max(abs(s - 1) for s in post[0]) < 0.01 and abs(pre[0][12] - math.sqrt(13)) < 0.3
        assert post[1][10] < 0.1 and 0.2 < pre[1][12] < 0.35
    return ["to within 0.3", "$\\sqrt{13}$"]


def _cost(lesson: dict) -> list[str]:
    """What is counted."""
    configs, flops = lesson["CONFIGS"], lesson["flops_per_token"]
    llama2, llama3 = configs["Llama 2 7B"], configs["Llama 3 8B"]
    more = flops(llama2, 2048) / flops(llama2, 0) - 1
    times_more = flops(llama3, 131072) / flops(llama3, 0) - 1
    assert abs(flops(llama2, 0) / lesson["PARAMETERS"]["Llama 2 7B"] - 2) < 0.05 and 4 < times_more < 5
    d, d_ff, layers, kv = 4096, 14336, 32, 1024  # Mixtral 8x7B, as published
    rest = layers * (2 * d * d + 2 * d * kv + 2 * d + 8 * d) + 2 * 32000 * d + d
    total, active = (rest + layers * n * 3 * d * d_ff for n in (8, 2))
    table, blocks = lesson["by_table"].largest, lesson["largest_made"](*lesson["long_text"], block=32)
    assert table == 1024**2 and table / blocks == 32
    return [
        f"the attention adds {more:.0%}".replace("%", " %"),
        f"for Llama 3 with {2**17:,} it takes four to five times",
        f"With {2048:,} tokens to look at",
        f"A table of 1,024 × 1,024 scores holds {table:,} numbers; in blocks of 32 the largest tensor holds {blocks:,}",
        f"{total / 1e9:.1f} billion parameters, of which a token uses {active / 1e9:.1f} billion. All {total / 1e9:.1f}",
        f"({configs['SmolLM2 135M']['vocab_size'] and round(lesson['PARAMETERS']['SmolLM2 135M'] / 1e6)} million parameters;",
        "10,000, Llama 3 has 500,000, SmolLM2 100,000",
    ]


def _tiny(lesson: dict) -> list[str]:
    """The table of breaks on the tiny model, by the library, with its margins."""
    config, tensors, ids = lesson["TINY"], lesson["tiny"].tensors, lesson["TINY_IDS"]
    loss = {x: lesson["library_loss"](*lesson["broken"](x, config, tensors, len(ids)), ids) for x in ["", *"ABCDEFG"]}
    order = sorted("ABCDEFG", key=loss.get)
    assert order == list("ABCDEFG") and abs(loss["A"] - loss[""]) < 1e-3
    assert all(loss[b] - loss[a] > 0.1 for a, b in zip(order, order[1:], strict=False))
    with torch.no_grad():
        leaky = lesson["logits_of"](config, tensors, [ids], None, False)[0, :-1]
        own = lesson["logits_of"](config, tensors, [ids])
        gap = float((own - lesson["library_logits"](config, tensors, [ids])).abs().max())
    assert float(nnf.cross_entropy(leaky, torch.tensor(ids[1:]))) > loss[""] + 1 and gap < 1e-3
    uniform = math.log(config["vocab_size"])
    eps, residual = lesson["with_eps"], lesson["without_residual"]
    assert abs(eps(1e-6) - loss[""]) < 0.005 and eps(1e-2) > loss[""] + 1
    assert abs(residual(0) - loss[""]) < 0.05 and residual(2) > uniform
    assert min(loss["F"], loss["G"], residual(2)) > loss[""] + 4
    assert loss["G"] > uniform and 1 < loss["C"] - loss[""] < 3 and 1 < loss["D"] - loss[""] < 3
    size = sum(t.numel() for t in tensors.values())
    card = (resources.files("mftcourse") / "weights" / "tiny-lm.md").read_text(encoding="utf-8")
    held_out = float(re.search(r"held-out docstrings is ([\d.]+) nats", card)[1])
    return [
        f"{math.floor(size / 1e5) / 10} million parameters, trained",
        f"$\\ln {config['vocab_size']}$, about {uniform:.2f} nats",
        f"its {config['vocab_size']:,} tokens",
        f"about {loss['']:.2f} nats",
        f"{held_out:.2f} on all held-out docstrings",
        f"the order is {', '.join(order)}, each at least 0.1 nats apart",
        "all places are 50 further on (50, 51, 52, …",
        "the base of RoPE is 100,000 in place of 10,000",
        "differences below 0.001 | 4 blocks",
    ]


def _smollm2(lesson: dict) -> list[str]:
    """What is said of SmolLM2 without a number; looked at where it is installed."""
    if not smollm2_missing():  # the demonstrations ran it
        loss = lesson["losses"]
        assert abs(loss["A"] - loss["none"]) < 0.01 and abs(loss["B"] - loss["none"]) < 0.15
        assert loss["none"] + 0.5 < loss["D"] < loss["E"] - 0.5 and loss["C"] > loss["E"] + 5
        assert loss["no mask"] < loss["none"] - 1
        assert lesson["said"] == "The capital of France is Paris."
    return []


def _agreed() -> list[str]:
    """What is a name, a task or a tolerance, and no result."""
    assert 0.00001 >= 1e-5 and round(1.2 - 0.001, 3) < 1.2
    return [
        "seen in version 2.13,",
        "number 25199,",
        "differences below 0.00001 in float32",
        "its loss on a text is 1.2 nats above",
        "in 150 to 250 words",
        "Places shifted by 50 must not move any",
        "With a loss 1.2 too high",
        "agree to 0.001 on three texts",
        "The next cell gives what unit 08 is about",
        "Training (unit 10)",
    ]


def _lines() -> list[str]:
    """How long the reference is, without blank lines, comments and docstrings."""
    exercises, count = parse(Path(__file__).parent).exercises, 0
    for name in ("attention", "masks", "fix_gqa", "rope", "norm_and_gate", "transformer"):
        tree = ast.parse(reference(exercises[name].source))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        count += sum(bool(line.strip()) for line in ast.unparse(tree).splitlines())
    return [holds(count < 150, "The reference needs fewer than 150 lines for it")]

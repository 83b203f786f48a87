"""The numbers that this unit's prose states, computed.

Times and memory differ from machine to machine, so the prose states none: it points at the table, and the facts
prove the coarse statements with a wide margin.
"""

import importlib.metadata
import math
import re
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    parts = (_data, _measured, _scalar, _compiled, _benchmark, _leaving, _matrix)
    return [*_minutes(), *_sourced(), *(fact for part in parts for fact in part(lesson))]


def _if(holds: bool, text: str) -> str:
    return text if holds else f"{text} (does not hold)"


def _if_each(holds: bool, *texts: str) -> list[str]:
    return [_if(holds, text) for text in texts]


def _ways(lesson: dict) -> float:
    """Return the gradient behind forty doublings: each way to the first value hands on one."""
    first = value = lesson["Value"](1.0)
    for _ in range(40):
        value = value + value
    lesson["backward"](value)
    return first.grad


def _sourced() -> list[str]:
    """Return dates and versions as the sources beside them give them; and titles. Nothing here is computed."""
    return [
        "Introducing Keras 3.0",
        "Release Highlights for scikit-learn 1.8",
        "since version 1.8",
        "one estimator in version 1.2",
        "Version 1.2 had it for one estimator",
        "user guide of scikit-learn 1.2",
        "1.2 版（2022 年 12 月）",
        "从 1.8 版",
        "In every PyTorch before 2.10",
        "in every PyTorch before 2.10",
        "在 2.10 之前的所有 PyTorch",
        "the default since PyTorch 2.6",
        "yet until 2.10 a crafted file",
        "benchmarks of 2025",
        "In 2022 deep networks",
        "Since 2025 that is half of the answer",
        *[f"{year} 年" for year in (2024, 2025, 2026)],
        "2022 年深度网络",
        *["截至 2026 年 11 月", "2025 年 10 月发布", "2025 年 12 月）"],
    ]


def _minutes() -> list[str]:
    # the runner executes this file without a name; it is started with the unit's folder
    folder = Path(globals().get("__file__", Path(sys.argv[-1]) / "facts.py")).parent
    source = (folder / "lesson.py").read_text(encoding="utf-8")
    minutes = [int(m) for m in re.findall(r"^# %%.* minutes=(\d+)", source, re.M)]
    prose = " ".join(line for line in source.splitlines() if line.startswith("#"))
    reading = round(len(prose.split()) / 90 / 30) * 30  # at 90 words a minute, rounded to half hours
    total = round((sum(minutes) + reading) / 30) * 30
    return [
        f"Plan {total} minutes: {sum(minutes)} minutes of exercises",
        *[f"{m} minutes" for m in sorted({m for m in minutes if m >= 10})],
    ]


def _data(lesson: dict) -> list[str]:
    rows, columns = lesson["X_all"].shape
    third = lesson["numeric_gradient"](lesson["polynomial"], np.array([2.0, 0.0]), (np.array([1.0, 0.0]),), eps=1.0)
    rng, X, y = np.random.default_rng(0), lesson["X_all"], lesson["y_all"]
    point, direction = rng.normal(size=columns + 1) / 10, rng.normal(size=columns + 1)
    _, slope_w, slope_b = lesson["logistic"](point[:-1], point[-1], X, y, 0.1)
    above, below = (lesson["objective_of"](point + sign * 1e-5 * direction, X, y, 0.1) for sign in (1, -1))
    along = abs((above - below) / 2e-5 - np.append(slope_w, slope_b) @ direction)
    return [
        f"The data are {rows} breast tumours with {columns} measurements each",
        f"{2 * (columns + 1)} for the {columns + 1} numbers of our model",
        _if(along < 1e-7, "Two calls, whatever the number of weights"),
        f"$3 \\cdot 4 = {3 * 4}$",
        f"$({3**3} - 1)/2 = {third[0]:.0f}$, the forward difference ${3**3} - 8 = {3**3 - 8}$",
        _if(abs(8 - 10) / max(1, 8, 10) == 1 / 5, f"numeric $(0, {10})$: the errors are $0/1$ and $2/{10}$, so the largest is"),
        *_if_each(_ways(lesson) == 2**40, "Forty doublings have $2^{40}$ ways", "四十次加倍就有 $2^{40}$ 条路径"),
        f"$m = {3 * 3}$, $f = {3 * 3 + 3}$",
        f"Now $n = {50}$ and $\\lambda = 1/{10}$",
        f"with these {1 / lesson['settings_hand']['lambda_of_C_1']:.0f} rows",
    ]


def _measured(lesson: dict) -> list[str]:
    rows = {name: row for name, row in lesson["measured"].items() if row}
    numpy_row = rows["NumPy"]
    agree = all(np.allclose(row["weights"], numpy_row["weights"], atol=5e-5) for row in rows.values())
    least = all(row["peak"] > 1.2 * numpy_row["peak"] for name, row in rows.items() if name != "NumPy")
    lines = {name: len([line for line in source.splitlines() if line.strip()]) for name, source in lesson["programs"].items()}
    short = lines["NumPy"] == lines["Keras on JAX"] < min(lines["PyTorch"], lines["JAX"])
    steps = {int(n) for source in lesson["programs"].values() for n in re.findall(r"steps=(\d+)", source)}
    slow = all(r["seconds"]["import"] > r["seconds"]["second fit"] for name, r in rows.items() if "Keras" not in name)
    loads = all(rows[n]["seconds"]["first fit"] > 2 * rows[n]["seconds"]["second fit"] for n in ("PyTorch", "JAX") if n in rows)
    return [
        f"take {steps.pop()} steps of gradient descent",
        _if(agree and not steps, "All weights agree to three decimals"),
        _if(least or math.isnan(numpy_row["peak"]), "NumPy needs the least memory"),
        _if(short and min(lines, key=lines.get) == "scikit-learn", "NumPy's program is as short as Keras's and shorter than those of PyTorch and JAX"),
        _if(slow, "the import takes longer than the second fit, in NumPy, scikit-learn, PyTorch and JAX"),
        _if(loads, "In PyTorch and JAX the first fit is much slower than the second"),
    ]


def _scalar(lesson: dict) -> list[str]:
    return [
        _if(lesson["scalar_apart"] < 1e-10 and lesson["scalar_ratio"] > 5, "Same weights to ten decimals, and PyTorch is faster by far"),
        _if(5e-6 < min(lesson["error_lines"]["central, float32"]) < 5e-5, "no step gets the error below about"),
    ]


def _compiled(lesson: dict) -> list[str]:
    one_graph = lesson["conditional_graphs"] == lesson["seen_captures"]["chosen"] == 1
    broken = lesson["talking_graphs"] == 2 and lesson["talked"] == 3
    jax = lesson["jax_times"]
    stops = jax is None or (jax["compiled branch"], jax["eager branch"]) == ("TracerBoolConversionError", 2.0)
    chosen = jax is None or (jax["cond"], jax["cond runs"]) == ([2.0, -2.0], 1)
    return [
        _if(lesson["captures"] == lesson["seen_captures"], "The backend here optimises nothing"),
        _if(sys.modules["torch"]._dynamo.config.recompile_limit == 8, "after eight captures of a function"),
        _if(one_graph, "one graph serves both signs"),
        _if(broken, "it cost a break, two graphs"),
        _if(stops, "without it JAX is eager too"),
        _if(chosen, "keep both branches in the graph and run one"),
    ]


def _leaving(lesson: dict) -> list[str]:
    import inspect

    torch = sys.modules["torch"]
    version = ".".join(torch.__version__.split(".")[:2])
    warned = "deprecated. Please switch to `torch.compile` or `torch.export`" in inspect.getsource(torch.jit.script)
    first = {words: report["first"] for words, report in lesson["port_reports"].items()}
    named = list(first.values()) == [None, "dense", "out"]
    refused = lesson["fixed_size"].startswith("refused") and lesson["export_apart"] < 1e-6
    frozen = not lesson["repeats"] and lesson["late_eval"].startswith("refused")
    safetensors = importlib.metadata.version("safetensors")
    silent = not np.array_equal(lesson["view"], lesson["back"]) and lesson["view_in_torch"] == "refused"
    shapes = {name: array.shape for name, array in lesson["draw_network"](np.random.default_rng(0)).items()}
    square = {shapes["conv.weight"], shapes["dense.weight"], shapes["out.weight"]} == {(3, 3, 3, 3), (12, 12)}
    return [
        _if(warned, f"in PyTorch {version}, the version of this course"),
        _if(warned, f"TorchScript is deprecated (warning in PyTorch {version}"),
        _if(warned, f"TorchScript 已被弃用（PyTorch {version} 的警告"),
        _if(refused, "The fixed number of rows is the harmless trap: it stops with an error"),
        _if(frozen, "is refused afterwards: you edit the graph, or export again"),
        _if(silent, f"In the version of this course ({safetensors})"),
        _if(silent, "writes a view without a word, and what you load is not what you"),
        _if(lesson["half_in_numpy"].startswith("not"), "NumPy has no such type"),
        _if(square, "$3 \\times 3 \\times 3 \\times 3$, and both dense layers are $12 \\times 12$"),
        _if(named, "where the flattened order was forgotten,"),
        _if(abs(1 - 4) / max(1, 1, 4) == 3 / 4, "Old $(1, 4)$, new $(4, 1)$: the means are equal, and the error is $3/4$"),
    ]


def _benchmark(lesson: dict) -> list[str]:
    eager, compiled = lesson["eager_ms"], lesson["compiled_ms"]
    right, wrong = lesson["benchmark_report"](eager, compiled), sum(eager) / sum(compiled)
    saved, later = right["eager"] - right["compiled"], right["break_even"] - 1
    return [
        _if(round(1 / wrong) == 11, "eleven times *slower*"),
        f"is ${compiled[0]} - {eager[0]} = {compiled[0] - eager[0]}$",
        f"So {later} later calls",
        f"(${later - 1} \\cdot 3 = {(later - 1) * saved:.0f}$ is not enough), {right['break_even']} calls with the warm-up",
        f"reports a speed-up of {wrong:.2f} that never pays",
        f"pays from call {right['break_even']} on",
        _if(3 < 0.3 / (0.3 - 0.2) < 3.001, "is a little more than 3, and rounding up would make 4 of it"),
    ]


def _matrix(lesson: dict) -> list[str]:
    weights, scores, total = lesson["team_weights"], lesson["team_scores"], lesson["total"]
    totals = lesson["team_totals"]
    speed = lesson["flipping_weight"]("A", "B", "performance")
    ease = lesson["flipping_weight"]("A", "B", "ease of use")
    others = [abs(lesson["flipping_weight"]("A", "B", name) - weights[name]) for name in weights if name not in ("performance", "ease of use")]
    nearest = min(others)
    moves = [weights | {k: w * f} for k, w in weights.items() for f in (0.5, 1.5)]
    near = [{option: total(row, moved) for option, row in scores.items()} for moved in moves]
    lead = f"{totals['A']:.1f} to {totals['B']:.1f}"
    third = Fraction(2 * 8 + 10, 3)
    return [
        f"A leads by {lead}",
        f"your matrix gives {lead}",
        f"A lead of {lead}",
        f"performance weighs {speed:.3f} instead of {weights['performance']:.1f}",
        f"performance weighed {speed:.3f} instead of {weights['performance']:.1f}",
        f"the leader has {totals['A']:.1f} against {totals['B']:.1f}, and performance flips it at {speed:.3f} instead of 0.2",
        f"领先者 {totals['A']:.1f} 分对 {totals['B']:.1f} 分，性能的权重从 0.2 升到 {speed:.3f}，结论就会改变",
        _if(abs(ease - 1 / 6) < 1e-12 and weights["ease of use"] == 0.2, "less than a sixth instead of a fifth"),
        _if(round(speed - weights["performance"], 2) == 0.03, "three hundredths in one weight"),
        _if(
            all(0.03 < moved < 0.035 for moved in (speed - weights["performance"], weights["ease of use"] - ease)),
            "little more than three hundredths up for the one, or down for the other, and B leads",
        ),
        _if(all(max(t, key=t.get) != "C" for t in near), "Option C wins at no weight near the present ones"),
        _if(abs(nearest - 0.15) < 1e-12, f"above {speed:.2f} and ease of use below {ease:.2f}; every other weight would have to move by {nearest:.2f} or more"),
        "Now ease of A is 10, so A leads with 7",
        f"$R_A = (2 \\cdot 8 + 10)/3 = {third.numerator}/{third.denominator}$",
        *[f"| {name} | {w * 10:.0f}/10 | {scores['A'][name]} | {scores['B'][name]} |" for name, w in weights.items()],
        "in 150 to 250 words",
    ]

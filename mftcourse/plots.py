"""What the units' figures share: one palette, one look, and a text alternative for every figure.

Figures have a white ground of their own, so they read the same in JupyterLab's light and dark themes. No
meaning is carried by colour alone: lines differ in style and marker too, and areas carry their words.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .mistakes import shell

# Okabe and Ito, "Color Universal Design" (2008): eight colours that colour-blind readers tell apart.
palette = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}

# The n-th line of a figure: colour, dash and marker differ together.
line_styles: list[dict[str, Any]] = [
    {"color": palette["blue"], "linestyle": "-", "marker": "o", "markersize": 3},
    {"color": palette["vermillion"], "linestyle": "--", "marker": "s", "markersize": 3},
    {"color": palette["green"], "linestyle": "-.", "marker": "^", "markersize": 4},
    {"color": palette["black"], "linestyle": ":", "marker": "D", "markersize": 3},
]

PIXELS_PER_INCH = 96


def canvas(columns: int = 1, width: float = 5.0, height: float = 3.8) -> tuple[Figure, list[Axes]]:
    """Return an empty figure on white, of so many inches, and its axes from left to right."""
    fig = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(fig)  # without pyplot: nothing to close, no backend to choose
    axes = [fig.add_subplot(1, columns, i + 1) for i in range(columns)]
    for ax in axes:
        ax.grid(True, color="#DDDDDD", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return fig, axes


def bundle(fig: Figure, alt: str) -> dict[str, str]:
    """Return what a notebook shows for a figure: a PNG in an `img` with its text alternative, and that text."""
    if not alt.strip():
        raise ValueError("a figure needs alt=...: what it shows, for a reader who does not see it")
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=2 * PIXELS_PER_INCH, facecolor="white")
    data = base64.b64encode(file.getvalue()).decode()
    width = round(fig.get_figwidth() * PIXELS_PER_INCH)
    image = f'<img src="data:image/png;base64,{data}" width="{width}" style="max-width:100%" alt="{html.escape(alt)}">'
    return {"text/html": image, "text/plain": alt}


def show(fig: Figure, alt: str) -> None:
    """Show a figure with its text alternative, what a reader should take from it; outside a notebook, print that."""
    shown = bundle(fig, alt)
    if hasattr(shell(), "kernel"):
        from IPython.display import display

        display(shown, raw=True)
    else:
        print(alt)


def explore(
    draw: Callable[[float], tuple[Figure, str]], label: str, low: float, high: float, start: float, step: float
) -> None:
    """Show `draw(start)`, and above it a slider that redraws it in place.

    Where no widget can run (a saved page, a printout, a plain process) the figure at `start` stands still.
    `draw` takes the slider's value; it returns a figure and its text alternative.
    """
    if not hasattr(shell(), "kernel"):
        return show(*draw(start))
    from IPython.display import display
    from ipywidgets import FloatSlider, Layout

    slider = FloatSlider(
        value=start, min=low, max=high, step=step, description=label, readout_format=".2f",
        style={"description_width": "initial"}, layout=Layout(width="36em", max_width="100%"),
    )  # fmt: skip
    display(slider)
    handle = display(bundle(*draw(start)), raw=True, display_id=True)
    slider.observe(lambda change: handle.update(bundle(*draw(change["new"])), raw=True), names="value")


def confusion_table(ax: Axes, counts: Mapping[str, float], positive: str, negative: str) -> None:
    """Write a confusion matrix, counts under the keys "tp", "fp", "fn" and "tn", as a table of words and numbers."""
    ax.grid(False)
    ax.set(xlim=(0, 2), ylim=(0, 2), xlabel="predicted", ylabel="true", aspect="equal")
    ax.spines[:].set_visible(True)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_xticks([0.5, 1.5], [positive, negative])
    ax.set_yticks([0.5, 1.5], [negative, positive], rotation=90, va="center")
    ax.tick_params(length=0)
    places = {"tp": (0.5, 1.5, "true positives"), "fn": (1.5, 1.5, "false negatives"),
              "fp": (0.5, 0.5, "false positives"), "tn": (1.5, 0.5, "true negatives")}  # fmt: skip
    for key, (x, y, words) in places.items():
        ax.text(x, y + 0.06, f"{counts[key]:g}", ha="center", va="bottom", fontsize=16)
        ax.text(x, y - 0.06, words.replace(" ", "\n"), ha="center", va="top", fontsize=8)


def curves(
    ax: Axes,
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    steps: bool = False,
    markers: bool = True,
) -> None:
    """Draw lines, name → (x, y), on the unit square, each with a style of its own.

    `steps` hold the value reached at the right end (precision-recall curves); `markers` show where thresholds are.
    """
    for (name, (x, y)), style in zip(lines.items(), line_styles, strict=False):
        style = style if markers else style | {"marker": ""}
        ax.plot(x, y, label=name, drawstyle="steps-pre" if steps else "default", **style)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=xlabel, ylabel=ylabel, aspect="equal")
    ax.legend(fontsize=8)


def history(
    ax: Axes, lines: Mapping[str, Sequence[float]], xlabel: str = "step", ylabel: str = "loss", log: bool = False
) -> None:
    """Draw what training recorded: name → one value for each step or epoch, from 0 on; no more than four such lines."""
    for (name, values), style in zip(lines.items(), line_styles, strict=False):
        ax.plot(list(values), label=name, markevery=max(1, len(values) // 8), **(style | {"markersize": 5}))
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.get_major_locator().set_params(integer=True)  # there is no step two and a half
    ax.legend(fontsize=8)


def mark(ax: Axes, x: float, y: float, words: str) -> None:
    """Mark one point, and write beside it what it is."""
    ax.plot([x], [y], marker="*", markersize=14, color=palette["orange"], markeredgecolor="black", linestyle="")
    right = x < sum(ax.get_xlim()) / 2
    ax.annotate(
        words, (x, y), xytext=(8 if right else -8, -10), textcoords="offset points",
        ha="left" if right else "right", va="top", fontsize=9,
        bbox={"boxstyle": "round", "facecolor": "white", "edgecolor": "#888888", "alpha": 0.9},
    )  # fmt: skip

"""Figures carry their text alternative, and stand still where no widget runs."""

import base64
import re

import pytest

from mftcourse import plots


def figure():
    fig, (ax,) = plots.canvas()
    plots.curves(ax, {"one": ([0, 1], [0, 1]), "two": ([0, 1], [1, 0])}, "x", "y")
    return fig


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_figure_becomes_an_image_with_its_text_alternative():
    shown = plots.bundle(figure(), 'two lines that cross; "one" rises & "two" falls')
    assert 'alt="two lines that cross; &quot;one&quot; rises &amp; &quot;two&quot; falls"' in shown["text/html"]
    png = base64.b64decode(re.search(r"base64,([^\"]+)", shown["text/html"])[1])
    assert png.startswith(b"\x89PNG")
    assert shown["text/plain"].startswith("two lines")


@pytest.mark.parametrize("alt", ["", "   "])
def test_a_figure_without_text_alternative_is_refused(alt):
    with pytest.raises(ValueError, match="alt="):
        plots.show(figure(), alt)


def test_outside_a_notebook_the_text_is_printed(capsys):
    plots.show(figure(), "two lines that cross")
    assert capsys.readouterr().out == "two lines that cross\n"


def test_outside_a_notebook_the_explorer_stands_still(capsys):
    asked = []

    def draw(value):
        asked.append(value)
        return figure(), f"at {value}"

    plots.explore(draw, "threshold", 0, 1, 0.5, 0.01)
    assert asked == [0.5]
    assert capsys.readouterr().out == "at 0.5\n"


def test_in_a_kernel_the_explorer_shows_a_slider_and_a_still_figure():
    import nbformat
    from nbclient import NotebookClient

    code = (
        "from mftcourse import plots\n"
        "def draw(value):\n"
        "    fig, axes = plots.canvas()\n"
        "    return fig, f'at {value}'\n"
        "plots.explore(draw, 'threshold', 0, 1, 0.5, 0.01)"
    )
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(nb, timeout=120, kernel_name="python3").execute()
    slider, still = nb.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in slider.data
    assert 'alt="at 0.5"' in still.data["text/html"]
    assert not [o for o in nb.cells[0].outputs if o.output_type in ("stream", "error")]


def test_every_line_style_differs_in_more_than_colour():
    looks = {(s["linestyle"], s["marker"]) for s in plots.line_styles}
    assert len(looks) == len(plots.line_styles)
    assert {s["color"] for s in plots.line_styles} <= set(plots.palette.values())


def test_lines_stand_out_from_white():
    for style in plots.line_styles:
        assert 1.05 / (luminance(style["color"]) + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_a_confusion_table_says_every_count_in_words():
    fig, (ax,) = plots.canvas()
    plots.confusion_table(ax, {"tp": 1, "fp": 2, "fn": 3, "tn": 4}, "malignant", "benign")
    texts = [t.get_text() for t in ax.texts]
    assert texts == ["1", "true\npositives", "3", "false\nnegatives", "2", "false\npositives", "4", "true\nnegatives"]
    plots.bundle(fig, "a table")


def test_a_mark_is_a_marker_with_words():
    fig, (ax,) = plots.canvas()
    plots.mark(ax, 0.2, 0.8, "threshold 0.5")
    assert [t.get_text() for t in ax.texts] == ["threshold 0.5"]


@pytest.mark.parametrize("log", [False, True])
def test_a_history_draws_every_list_in_a_style_of_its_own(log):
    fig, (ax,) = plots.canvas()
    plots.history(ax, {"training": [1.0, 0.5, 0.25], "validation": [1.1, 0.7, 0.6], "one value": [2.0]}, log=log)
    assert [list(line.get_ydata()) for line in ax.get_lines()] == [[1.0, 0.5, 0.25], [1.1, 0.7, 0.6], [2.0]]
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.get_lines()}) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation", "one value"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "loss", "log" if log else "linear")

# %% [markdown]
# # Choosing an architecture
#
# *"Which neural network would you choose for this problem, and why?"*
#
# The usual answer is a table to learn by heart: images, so a CNN; text, so a Transformer; otherwise an MLP. A table is
# not a reason. In this unit you count what a network costs, show what each kind takes for granted about its data,
# write two architectures yourself, and let four kinds compete at the same number of parameters. Before each run you say
# who will win. At the end you give the answer in half a minute, and you have seen its sentences happen.
#
# **Time.** Plan 270 minutes: 169 minutes of exercises, the rest for reading. Stop after any section.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with
# Shift + Enter. Hints of growing strength stand below. Some checks are hidden and run only when the notebook is
# graded: they vary the inputs and ask for nothing new. You need Python, NumPy, and PyTorch as far as `nn.Module`.

# %%
import time

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mftcourse import check, expect, expect_choice, expect_raises, grade, plots, probes
from mftcourse.data import load_digits_parts

torch.set_num_threads(1)  # networks this small lose more by sharing their work than they gain

# %% [markdown]
# ## The four contestants
#
# The images are scikit-learn's handwritten digits: 8 by 8 pixels, ten classes. The networks learn on 700 of them; 200
# are for choosing (the *validation* part) and 897 for the last word (the *test* part).
#
# Each network takes a table of shape `(n, length, width)`, so that an image and a sequence look alike: an image is
# eight rows of eight pixels.
#
# - **MLP**, a multilayer perceptron: all values in one long row, two linear layers, a ReLU between them.
# - **CNN**, a convolutional network: small kernels slide over the image (Y. LeCun and others, "Gradient-based learning
#   applied to document recognition", 1998).
# - **GRU**, a recurrent network: it reads row after row and carries a state along (K. Cho and others, "Learning phrase
#   representations using RNN encoder-decoder", 2014). It is a slimmer relative of the LSTM (S. Hochreiter and
#   J. Schmidhuber, "Long short-term memory", 1997).
# - **Transformer** encoder: every row looks at every other row (A. Vaswani and others, "Attention is all you need",
#   2017). An image cut into rows or patches is a sequence too (A. Dosovitskiy and others, "An image is worth 16x16
#   words", 2021).
#
# Read the next cell once. You need the details later, when you count.


# %%
class RecurrentNet(nn.Module):
    """A GRU over the rows and a linear layer: (n, length, width) to (n, n_classes)."""

    def __init__(self, width, n_classes, n_hidden):
        super().__init__()
        self.gru = nn.GRU(width, n_hidden, batch_first=True)
        self.head = nn.Linear(n_hidden, n_classes)

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])


class TransformerNet(nn.Module):
    """Rows as tokens, an encoder layer, their mean: (n, length, width) to (n, n_classes)."""

    def __init__(self, length, width, n_classes, d_model=24, n_feedforward=32, positions=True):
        super().__init__()
        self.embed = nn.Linear(width, d_model)
        self.position = nn.Parameter(0.1 * torch.randn(length, d_model)) if positions else 0.0
        self.encoder = nn.TransformerEncoderLayer(
            d_model, 4, n_feedforward, dropout=0.0, batch_first=True
        )
        self.head = nn.Linear(d_model, n_classes)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x) + self.position).mean(dim=1))


def image_networks():
    """Return the four networks for images of 8 by 8 pixels and ten classes."""
    return {
        "MLP": nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)),
        "CNN": nn.Sequential(
            nn.Unflatten(1, (1, 8)),  # (n, 8, 8) becomes (n, 1, 8, 8): one channel
            nn.Conv2d(1, 16, (3, 3), padding=1), nn.ReLU(),
            nn.Conv2d(16, 24, (3, 3), padding=1), nn.ReLU(),
            nn.MaxPool2d(4), nn.Flatten(), nn.Linear(24 * 2 * 2, 10),
        ),
        "GRU": RecurrentNet(8, 10, n_hidden=34),
        "Transformer": TransformerNet(8, 8, 10),
    }  # fmt: skip


def sequence_networks():
    """Return the four networks for sequences of 24 symbols of three kinds, and two classes."""
    return {
        "MLP": nn.Sequential(nn.Flatten(), nn.Linear(72, 64), nn.ReLU(), nn.Linear(64, 2)),
        "CNN": nn.Sequential(
            nn.Unflatten(1, (1, 24)),
            nn.Conv2d(1, 38, (3, 3), padding=(1, 0)), nn.ReLU(),  # slides along the time only
            nn.Conv2d(38, 38, (3, 1), padding=(1, 0)), nn.ReLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(38, 2),
        ),
        "GRU": RecurrentNet(3, 2, n_hidden=38),
        "Transformer": TransformerNet(24, 3, 2),
    }  # fmt: skip


digits = {
    part: (images[:, 0], labels)
    for part, (images, labels) in zip(
        ("train", "valid", "test"), load_digits_parts().values(), strict=True
    )
}

# %% [markdown]
# ## Counting parameters
#
# A **parameter** is a number that training moves. Its count sets how much a network *can* store, and part of what it
# costs. Four formulas cover the four networks:
#
# - **Linear**, from $i$ inputs to $o$ outputs: $o\,i$ weights and $o$ biases.
# - **Conv2d**, from $c$ channels to $o$ channels with a kernel of $h \times w$: $o\,c\,h\,w$ weights and $o$ biases. The
#   size of the image does not occur. With $g$ **groups**, each output channel sees only $c/g$ input channels, and the
#   weights are $o\,(c/g)\,h\,w$.
# - **GRU**, from $i$ inputs to $m$ hidden units: two gates and a candidate for the new state. In the weights the three look
#   alike, and PyTorch calls the candidate the *new gate*; so "three gates" below. Each has a matrix for the input ($m\,i$), a
#   matrix for the state ($m\,m$), and in PyTorch *two* biases ($2m$). Books often count one.
# - **Transformer encoder layer** of width $d$ with $f$ units in its feed-forward part: four square linear layers
#   $d \to d$ (query, key, value, output), two linear layers $d \to f \to d$, and two layer normalisations with $2d$
#   numbers each. The number of tokens does not occur; nor does the number of heads, which only cuts $d$ into parts.
#
# **The smallest example.** A linear layer from three to two has 2·3 + 2 = 8 parameters. A convolution from three
# channels to four with a kernel of 2 × 2 has 4·(3·2·2) + 4 = 52. A GRU from one input to two hidden units has
# 3·(2·1 + 2·2 + 2·2) = 30.
#
# **The size that comes out.** A kernel of size $k$ without padding fits into $n$ pixels $n - k + 1$ times. A pooling
# window of two with stride two halves the size.
#
# ### A small CNN by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# A grey image of 6 × 6 pixels goes through a convolution (one channel to two, kernel 3 × 3, no padding, with bias), a
# max pooling of 2 × 2 with stride two, and a linear layer to three classes. Beside it stands a GRU with two inputs and
# three hidden units, as PyTorch builds it. Replace each `...`:
#
# - `"conv"`: parameters of the convolution. `"side"`: height (and width) of what the convolution returns.
# - `"flat"`: the inputs of the linear layer. `"linear"`: its parameters.
# - `"gru"`: parameters of the GRU.

# %% exercise="count_by_hand" minutes=6
### BEGIN SOLUTION
counts_hand = {"conv": 20, "side": 4, "flat": 8, "linear": 27, "gru": 63}
### END SOLUTION
### BEGIN RELEASE
# counts_hand = {"conv": ..., "side": ..., "flat": ..., "linear": ..., "gru": ...}
### END RELEASE

# %% check="count_by_hand" points=5
with check("parameters of the convolution", hint="Two kernels of nine weights, and a bias for each output channel."):
    expect(counts_hand["conv"], sum(p.numel() for p in nn.Conv2d(1, 2, 3).parameters()), what="the count", tell=False)
with check("side of what the convolution returns", hint="At how many places does a 3-wide window fit on 6 pixels?"):
    expect(counts_hand["side"], nn.Conv2d(1, 2, 3)(torch.zeros(1, 1, 6, 6)).shape[-1], what="the side", tell=False)
with check("inputs of the linear layer", hint="Channels times height times width, after the pooling."):
    pooled = F.max_pool2d(nn.Conv2d(1, 2, 3)(torch.zeros(1, 1, 6, 6)), 2)
    expect(counts_hand["flat"], pooled.numel(), what="the number of inputs", tell=False)
with check("parameters of the linear layer", hint="Outputs times inputs, and a bias for each output."):
    expect(counts_hand["linear"], sum(p.numel() for p in nn.Linear(8, 3).parameters()), what="the count", tell=False)
with check("parameters of the GRU", hint="Three gates; each has two matrices and two biases."):
    expect(counts_hand["gru"], sum(p.numel() for p in nn.GRU(2, 3).parameters()), what="the count", tell=False)
grade("count_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write the shapes in a row first: `(1, 6, 6)`, then what the convolution makes of it, then the pooling, then one long row.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The convolution has 2·(1·3·3) weights. The pooling has no parameters. For the GRU write `3 * (3 * 2 + ...)`: three gates,
# and inside a matrix for two inputs, a matrix for three states, and two biases of three.
#
# </details>
#
# **Why it matters.** An interviewer who asks for a count wants to see whether you know what a layer *is*.
# [How many parameters does a layer have?](#How-many-parameters-does-a-layer-have?)

# %% [markdown]
# ### Parameters in code
#
# *Implement · 12 minutes · difficulty: one of three*
#
# Now the four formulas as functions. A kernel is a pair `(height, width)`, because the two may differ. PyTorch refuses
# groups that do not divide both channel counts, and so do you. (To build the layer and count passes the checks too. In an
# interview you have the formula alone.)


# %% exercise="count_parameters" minutes=12
def linear_params(n_in: int, n_out: int, bias: bool = True) -> int:
    """Return the number of parameters of nn.Linear(n_in, n_out, bias); 3 to 2 has 8."""
    ### BEGIN SOLUTION
    return n_out * (n_in + bias)
    ### END SOLUTION


def conv2d_params(
    n_in: int, n_out: int, kernel: tuple[int, int], groups: int = 1, bias: bool = True
) -> int:
    """Return the number of parameters of nn.Conv2d; 3 to 4 channels with kernel (2, 2) has 52.

    Args:
        n_in, n_out: input and output channels.
        kernel: (height, width).
        groups: the channels are cut into so many; an output channel sees n_in / groups channels.

    Raises:
        ValueError: groups does not divide n_in, or does not divide n_out.
    """
    ### BEGIN SOLUTION
    if n_in % groups or n_out % groups:
        raise ValueError(f"{groups} groups do not divide {n_in} and {n_out} channels")
    return n_out * (n_in // groups * kernel[0] * kernel[1] + bias)
    ### END SOLUTION


def gru_params(n_in: int, n_hidden: int, bias: bool = True) -> int:
    """Return the number of parameters of nn.GRU(n_in, n_hidden, bias=bias); 1 to 2 has 30."""
    ### BEGIN SOLUTION
    return 3 * n_hidden * (n_in + n_hidden + 2 * bias)
    ### END SOLUTION


def encoder_layer_params(d_model: int, n_feedforward: int) -> int:
    """Return the number of parameters of nn.TransformerEncoderLayer, with biases and norms."""
    ### BEGIN SOLUTION
    attention = 4 * linear_params(d_model, d_model)
    feedforward = linear_params(d_model, n_feedforward) + linear_params(n_feedforward, d_model)
    return attention + feedforward + 2 * 2 * d_model
    ### END SOLUTION


# %% check="count_parameters" points=11
with check("linear: three to two", hint="Outputs times inputs, plus one bias for each output."):
    expect(linear_params(3, 2), 8, what="the number of parameters")
with check("linear without bias", hint="`bias=False` leaves the weights alone: outputs times inputs."):
    expect(linear_params(7, 5, bias=False), 35, what="the number of parameters")
with check("convolution: the example", hint="n_out kernels of n_in * height * width weights, plus n_out biases."):
    expect(conv2d_params(3, 4, (2, 2)), 52, what="the number of parameters")
with check("a kernel that is not square, without bias", hint="kernel is (height, width): multiply the two."):
    expect(conv2d_params(2, 3, (1, 5), bias=False), 30, what="the number of parameters")
with check("groups", hint="Each output channel sees n_in // groups input channels. n_out stays; biases stay."):
    for groups_now in (1, 2, 4):
        real = sum(p.numel() for p in nn.Conv2d(4, 8, (3, 2), groups=groups_now).parameters())
        got_count = conv2d_params(4, 8, (3, 2), groups=groups_now)
        expect(got_count, real, what=f"the parameters with {groups_now} groups")
        assert isinstance(got_count, int), "A count is a whole number: divide by the groups with //."
with check(
    "groups that do not divide are refused", needs="convolution: the example",
    hint="Test n_in % groups and n_out % groups, one or the other.",
):  # fmt: skip
    expect_raises(ValueError, conv2d_params, 3, 4, (3, 3), groups=2)
    expect_raises(ValueError, conv2d_params, 4, 3, (3, 3), groups=2)
    expect_raises(ValueError, conv2d_params, 3, 5, (3, 3), groups=2)
    expect_raises(ValueError, conv2d_params, 3, 3, (3, 3), groups=2)
with check("GRU: the example", hint="Three gates; each n_hidden * (n_in + n_hidden), plus two biases of n_hidden."):
    expect(gru_params(1, 2), 30, what="the number of parameters")
with check("GRU without biases", hint="`bias=False` takes both biases of each gate away."):
    expect(gru_params(3, 5, bias=False), sum(p.numel() for p in nn.GRU(3, 5, bias=False).parameters()), what="the count")
with check("encoder layer", hint="Four linear layers d to d, two of the feed-forward part, two normalisations of 2 d."):
    for sizes in ((4, 6), (8, 3), (5, 7)):  # the number of heads does not occur: one fits every width
        real = sum(p.numel() for p in nn.TransformerEncoderLayer(sizes[0], 1, sizes[1]).parameters())
        expect(encoder_layer_params(*sizes), real, what=f"the parameters of the encoder layer {sizes}")
with check("the four image networks", hint="Does each of the four functions pass its own check?"):
    count_real = {name: sum(p.numel() for p in net.parameters()) for name, net in image_networks().items()}
    count_yours = {
        "MLP": linear_params(64, 64) + linear_params(64, 10),
        "CNN": conv2d_params(1, 16, (3, 3)) + conv2d_params(16, 24, (3, 3)) + linear_params(96, 10),
        "GRU": gru_params(8, 34) + linear_params(34, 10),
        "Transformer": linear_params(8, 24) + 8 * 24 + encoder_layer_params(24, 32) + linear_params(24, 10),
    }
    expect(count_yours, count_real, what="the parameters")
    assert max(count_yours.values()) <= 1.05 * min(count_yours.values()), "The four budgets differ by more than 5 %."
### BEGIN HIDDEN TESTS
with check("random layers, against PyTorch", hint="Try other sizes against sum(p.numel() ...).", hidden=True) as rng:
    for _ in range(4):
        a, b, g, h, w = (int(rng.integers(1, 6)) for _ in range(5))
        biased = bool(rng.integers(2))
        pairs = [
            (linear_params(a, b, bias=biased), nn.Linear(a, b, bias=biased)),
            (conv2d_params(a * g, b * g, (h, w), g, biased), nn.Conv2d(a * g, b * g, (h, w), groups=g, bias=biased)),
            (gru_params(a, b, bias=biased), nn.GRU(a, b, bias=biased)),
            (encoder_layer_params(2 * a + 1, b), nn.TransformerEncoderLayer(2 * a + 1, 1, b)),
        ]
        for got_count, layer in pairs:
            expect(got_count, sum(p.numel() for p in layer.parameters()), what="the number of parameters")
### END HIDDEN TESTS
grade("count_parameters")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `True` counts as 1 and `False` as 0 in a sum, so `n_out * (n_in + bias)` is a whole linear layer.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A convolution is a linear layer of `n_in // groups * height * width` inputs, used at many places. A gate of the GRU is a
# linear layer of `n_in + n_hidden` inputs with two biases.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `encoder_layer_params` is `4 * linear_params(d, d) + linear_params(d, f) + linear_params(f, d) + 4 * d`.
#
# </details>
#
# The four image networks hold between 4610 and 4838 parameters: within 5 % of each other. The four sequence networks hold
# between 4802 and 4980. So nobody below wins by being larger.
#
# **Why it matters.** "My new architecture is better" can mean just that it is bigger.
# [How do you compare architectures fairly?](#How-do-you-compare-architectures-fairly?)

# %% [markdown]
# ## Sizes and receptive fields
#
# Along one axis, a layer with kernel $k$, stride $s$, padding $p$ and dilation $d$ turns $n$ values into
#
# $$\left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1$$
#
# values (V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016). **Dilation** spreads the
# kernel: with $d = 2$ it looks at every second value, and spans $d(k-1) + 1$ of them.
#
# The **receptive field** of an output is the length of the stretch from the first to the last input that can change it.
# (With dilation, or a stride larger than the kernel, inputs in between may have no say.) Two numbers are enough to follow it from layer to layer. Let $r$ be the
# field so far and $j$, the *jump*, the distance in the input between two neighbouring values. At the start $r = 1$ and $j = 1$.
# Each layer does, in this order,
#
# $$r \leftarrow r + d\,(k-1)\,j, \qquad j \leftarrow j\,s.$$
#
# The layer's own stride changes only what comes *after* it (A. Araujo, W. Norris and J. Sim, "Computing receptive fields
# of convolutional neural networks", 2019). Pooling counts like a convolution.
#
# **The smallest example.** Two layers with kernel three, the first with stride two. First $r = 1 + 2 \cdot 1 = 3$, and
# $j = 2$. Then $r = 3 + 2 \cdot 2 = 7$. In the other order, stride two last, it is 5. On nine values the first layer
# leaves (9 − 3)/2 + 1 = 4 of them.
#
# ### Output size and receptive field
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Write both. A kernel that does not fit into the padded input has no output at all: refuse it.


# %% exercise="sizes" minutes=10
def output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return how many values a convolution or pooling leaves on an axis; (9, 3, stride=2) leaves 4.

    Args:
        size, kernel, stride, dilation: positive integers.
        padding: how many values are added at *each* end.

    Raises:
        ValueError: the (dilated) kernel is longer than the padded input.

    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016.
    """
    ### BEGIN SOLUTION
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError(
            f"a kernel of {kernel} (dilation {dilation}) does not fit into {size} + 2 * {padding}"
        )
    return room // stride + 1
    ### END SOLUTION


def receptive_field(layers: list[dict]) -> int:
    """Return the length of the receptive field of one output, far from the border.

    It is the stretch from the first to the last input that can change the output.

    Args:
        layers: from input to output, each {"kernel": k}, optionally with "stride" and "dilation"
            (1 if absent). It may be empty: then an output is an input, and the field is 1.

    Source: A. Araujo and others, Computing receptive fields of convolutional neural networks, 2019.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for layer in layers:
        field += layer.get("dilation", 1) * (layer["kernel"] - 1) * jump
        jump *= layer.get("stride", 1)
    return field
    ### END SOLUTION


# %% check="sizes" points=12
with check("size: nine values, kernel three, stride two", hint="(9 - 3) // 2 + 1."):
    got_size = output_size(9, 3, stride=2)
    expect(got_size, 4, what="the size")
    assert isinstance(got_size, int), "A size is a whole number: divide with //."
with check("size: padding stands at both ends", hint="Add 2 * padding."):
    expect(output_size(8, 3, padding=1), 8, what="the size with padding 1")
    expect(output_size(5, 4, padding=2), 6, what="the size with padding 2")
    expect(output_size(5, 1, padding=1), 7, what="the size with kernel 1 and padding 1")
with check("size: dilation spreads the kernel", hint="A kernel of k spans dilation * (k - 1) + 1 values."):
    expect(output_size(10, 3, dilation=3), 4, what="the size with dilation 3")
with check("size: what is left over is dropped", hint="Round down: // divides whole numbers."):
    expect(output_size(10, 3, stride=2), 4, what="the size")
with check(
    "size: a kernel that just fits", needs="size: nine values, kernel three, stride two",
    hint="Exactly one place is left: the size is 1, nothing is refused.",
):  # fmt: skip
    expect(output_size(3, 3), 1, what="the size")
    expect(output_size(5, 3, stride=4, dilation=2), 1, what="the size")
    expect(output_size(2, 6, padding=2), 1, what="the size")
with check(
    "size: a kernel that does not fit is refused", needs="size: nine values, kernel three, stride two",
    hint="Compare its span with size + 2 * padding.",
):  # fmt: skip
    expect_raises(ValueError, output_size, 4, 5)
    expect_raises(ValueError, output_size, 4, 3, dilation=2)
    expect_raises(ValueError, output_size, 2, 7, stride=3, padding=2)
with check("field: the example, in both orders", hint="Add first, with the jump so far; multiply the jump after."):
    expect(receptive_field([{"kernel": 3, "stride": 2}, {"kernel": 3}]), 7, what="the receptive field")
    expect(receptive_field([{"kernel": 3}, {"kernel": 3, "stride": 2}]), 5, what="the receptive field")
with check("field: no layer at all", hint="Start with r = 1.", needs="field: the example, in both orders"):
    expect(receptive_field([]), 1, what="the receptive field")
with check("field: two strides in front of a layer", hint="The jump is the product of all strides so far, not the last one."):
    expect(receptive_field([{"kernel": 2, "stride": 2}, {"kernel": 3, "stride": 3}, {"kernel": 2}]), 12, what="the receptive field")
    expect(receptive_field([{"kernel": 1, "stride": 2}, {"kernel": 3}]), 5, what="the field behind a stride with kernel 1")
with check("field: dilations of one, two and four", hint="Add dilation * (kernel - 1) * jump."):
    wave = [{"kernel": 2, "dilation": d} for d in (1, 2, 4)]
    expect(receptive_field(wave), 8, what="the receptive field")
    expect(receptive_field([{"kernel": 3, "dilation": 2}]), 5, what="the receptive field, holes included")
    expect(receptive_field([{"kernel": 3, "stride": 2}, {"kernel": 3, "dilation": 2}]), 11, what="the field behind a stride")
### BEGIN HIDDEN TESTS
with check("random sizes, against PyTorch", hint="Try odd sizes with stride 3.", hidden=True) as rng:
    for turn in range(20):
        k, s, p, d = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 3), (1, 4)))
        n = int(rng.integers(max(1, d * (k - 1) + 1 - 2 * p), 30))
        k, s, p, d, n = (3, 1, 1, 1, 1) if turn == 0 else (k, s, p, d, n)
        real = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p, dilation=d).shape[-1]
        expect(output_size(n, k, s, p, d), real, what="the size")
with check("random stacks, against the gradient", hint="Does a stride act on all later layers?", hidden=True) as rng:
    for turn in range(8):
        stack = [{"kernel": int(rng.integers(2, 4)), "stride": int(rng.integers(1, 3)), "dilation": int(rng.integers(1, 3))}
                 for _ in range(int(rng.integers(1, 4)))]  # fmt: skip
        if turn < 2:
            stack = [{"kernel": 2, "stride": 2}, {"kernel": 3, "stride": 3}, {"kernel": 2, "stride": 1}][: turn + 2]
        signal = torch.zeros(1, 1, 120, requires_grad=True)
        value = signal
        for layer in stack:
            kernel, step = torch.ones(1, 1, layer["kernel"]), layer.get("dilation", 1)
            value = F.conv1d(value, kernel, stride=layer["stride"], dilation=step)
        value[0, 0, value.shape[-1] // 2].backward()
        touched = signal.grad[0, 0].nonzero()
        expect(receptive_field(stack), int(touched.max() - touched.min()) + 1, what="the receptive field")
### END HIDDEN TESTS
grade("sizes")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Compute the top of the fraction first. If it is negative, the kernel does not fit.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the field keep two variables, `field, jump = 1, 1`, and loop. `layer.get("stride", 1)` is 1 where the key is absent.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `field += layer.get("dilation", 1) * (layer["kernel"] - 1) * jump`, then `jump *= layer.get("stride", 1)`.
#
# </details>
#
# **Why it matters.** The two convolutions of the sequence network see 5 neighbouring symbols. What decides the answer must
# fit into that window, or the network cannot be sure of it. It may still guess well, from local hints and from what zero
# padding tells it near the border. The bake-off tests this, with controls.
# [What is a receptive field, and how do you compute it?](#What-is-a-receptive-field,-and-how-do-you-compute-it?)

# %% [markdown]
# ## Counting arithmetic
#
# A **FLOP** is one floating-point operation. A multiplication and the addition that follows it count as **two** here, as
# in PyTorch's `FlopCounterMode`. Some papers count the pair as one *multiply-add* (MAC). Ask which; the factor of two
# explains many disagreements. Biases, activations and normalisations are small beside the matrices and are left out.
#
# - **Linear**, on one row: $2\,i\,o$.
# - **Convolution**: each of the $H \times W$ output places of each of the $o$ channels is a sum over $(c/g)\,h\,w$ products:
#   $2\,o\,(c/g)\,h\,w\,H\,W$.
# - **GRU**: at each of $T$ steps, three gates of $m\,(i + m)$ products: $2 \cdot 3\,T\,m\,(i + m)$.
# - **Encoder layer**, on $T$ tokens: the linear layers on every token, $2\,T\,(4d^2 + 2df)$. Then the attention itself:
#   each token is compared with each ($2\,T^2 d$), and the values are added up with those weights ($2\,T^2 d$).
#
# **The smallest example.** A convolution from one channel to two with kernel 3 × 3 that leaves 4 × 4 places costs
# 2·2·9·16 = 576 FLOPs and has 20 parameters. A linear layer of 20 weights costs 40. So parameters are a poor measure of
# arithmetic: a convolution uses each weight at every place.
#
# ### FLOPs in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# All for **one** sample, forward only. The backward pass costs about twice the forward pass: one product for the gradient of the
# inputs, one for the gradient of the weights. A training step costs about three times the forward pass.


# %% exercise="flops" minutes=10
def conv2d_flops(
    n_in: int, n_out: int, kernel: tuple[int, int], out: tuple[int, int], groups: int = 1
) -> int:
    """Return the FLOPs of a convolution on one image; (1, 2, (3, 3), (4, 4)) costs 576.

    Args:
        n_in, n_out: channels.
        kernel: (height, width) of the kernel.
        out: (height, width) of the output.
        groups: each output channel sees n_in / groups channels; it divides both channel counts.
    """
    ### BEGIN SOLUTION
    return 2 * n_out * (n_in // groups) * kernel[0] * kernel[1] * out[0] * out[1]
    ### END SOLUTION


def gru_flops(n_in: int, n_hidden: int, steps: int) -> int:
    """Return the FLOPs of a one-layer GRU over one sequence of `steps` steps."""
    ### BEGIN SOLUTION
    return 2 * 3 * steps * n_hidden * (n_in + n_hidden)
    ### END SOLUTION


def encoder_layer_flops(tokens: int, d_model: int, n_feedforward: int) -> dict[str, int]:
    """Return the FLOPs of a Transformer encoder layer on one sequence.

    Returns:
        {"linear": the four linear layers of the attention and the two of the feed-forward part,
         "attention": the comparison of all pairs of tokens, and the weighted sums of the values}.
    """
    ### BEGIN SOLUTION
    linear = 2 * tokens * (4 * d_model**2 + 2 * d_model * n_feedforward)
    return {"linear": linear, "attention": 4 * tokens**2 * d_model}
    ### END SOLUTION


# %%
def counted_flops(layer, *shape):
    """Return the FLOPs that PyTorch counts while `layer` works on one sample of this shape."""
    # on CPU the fused attention kernel is not counted; the plain one (MATH) is
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        layer(torch.zeros(1, *shape))
    return counter.get_total_flops()


print("a linear layer from 3 to 2 costs", counted_flops(nn.Linear(3, 2), 3), "FLOPs")


# %% check="flops" points=8
with check("convolution: the example", hint="Two for each product; a product for each weight at each output place."):
    expect(conv2d_flops(1, 2, (3, 3), (4, 4)), 576, what="the FLOPs")
with check("convolution: kernel and output that are not square", hint="Multiply height and width of both pairs."):
    real = counted_flops(nn.Conv2d(2, 3, (2, 5)), 2, 7, 8)
    expect(conv2d_flops(2, 3, (2, 5), (6, 4)), real, what="the FLOPs")
with check("convolution: groups", hint="Each output channel sees n_in // groups channels."):
    real = counted_flops(nn.Conv2d(4, 8, (3, 3), groups=4), 4, 5, 5)
    got_flops = conv2d_flops(4, 8, (3, 3), (3, 3), groups=4)
    expect(got_flops, real, what="the FLOPs")
    assert isinstance(got_flops, int), "A count is a whole number: divide by the groups with //."
with check("GRU", hint="Three gates, n_hidden * (n_in + n_hidden) products each, at every step, two FLOPs a product."):
    expect(gru_flops(3, 5, 7), counted_flops(nn.GRU(3, 5, batch_first=True), 7, 3), what="the FLOPs")
with check("encoder layer: linear layers", hint="Each of T tokens passes 4 d*d products and 2 d*f products."):
    expect(encoder_layer_flops(5, 4, 6)["linear"], 2 * 5 * (64 + 48), what="the FLOPs of the linear layers")
with check("encoder layer: attention", hint="T*T pairs, d products each, and that twice; two FLOPs a product."):
    expect(encoder_layer_flops(5, 4, 6)["attention"], 400, what="the FLOPs of the attention")
with check("encoder layer: the sum, against PyTorch", hint="Do both parts count a product as two FLOPs?"):
    encoder = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
    got_flops = encoder_layer_flops(6, 8, 12)
    assert sorted(got_flops) == ["attention", "linear"], "The dict holds two keys, linear and attention."
    expect(sum(got_flops.values()), counted_flops(encoder, 6, 8), what="the FLOPs")
### BEGIN HIDDEN TESTS
with check("random layers, against PyTorch", hint="Try other sizes with counted_flops.", hidden=True) as rng:
    for _ in range(3):
        a, b, g, h, w, t = (int(rng.integers(1, 5)) for _ in range(6))
        real = counted_flops(nn.Conv2d(a * g, b * g, (h, w), groups=g), a * g, h + 2, w + 4)
        expect(conv2d_flops(a * g, b * g, (h, w), (3, 5), g), real, what="the FLOPs of a convolution")
        expect(gru_flops(a, b, t), counted_flops(nn.GRU(a, b, batch_first=True), t, a), what="the FLOPs of a GRU")
        encoder = nn.TransformerEncoderLayer(2 * a, 2, b, dropout=0.0, batch_first=True)
        got_flops = sum(encoder_layer_flops(t, 2 * a, b).values())
        expect(got_flops, counted_flops(encoder, t, 2 * a), what="the FLOPs of an encoder layer")
    large = int(rng.integers(50, 99)) * 2 + 1  # counts above 2**24: no single precision on the way
    expect(conv2d_flops(37, 53, (3, 3), (large, 97)), 2 * 53 * 37 * 9 * large * 97, what="the FLOPs of a large convolution")
    expect(gru_flops(401, 503, large), 6 * large * 503 * 904, what="the FLOPs of a large GRU")
    wanted = {"linear": 2 * large * (4 * 513**2 + 2 * 513 * 1025), "attention": 4 * large**2 * 513}
    expect(encoder_layer_flops(large, 513, 1025), wanted, what="the FLOPs of a large encoder layer")
### END HIDDEN TESTS
grade("flops")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Count products first, then multiply by two at the end.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A convolution: `n_out * out[0] * out[1]` output values, each from `n_in // groups * kernel[0] * kernel[1]` products.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The attention has `tokens**2` pairs. Comparing a pair takes `d_model` products, and using its weight takes `d_model` more:
# `4 * tokens**2 * d_model` FLOPs.
#
# </details>
#
# **What the counter does not see.** `FlopCounterMode` counts the operations that it knows. In this version of PyTorch it
# does not know the fused attention kernel of the CPU, and would report *nothing* for the attention. That is why
# `counted_flops` above asks for the plain kernel. And in `eval()` under `no_grad()` an encoder layer takes a fast path,
# a single operation that the counter does not know either: it reports 0. A count that you did not check by formula may lack a
# part.
#
# Run the next cell: parameters and FLOPs of the four image networks side by side, and what doubling does.

# %% demo=true
image_nets = image_networks()
print("network        parameters      FLOPs   FLOPs for each parameter")
for name, net in image_nets.items():
    n_params, n_flops = sum(p.numel() for p in net.parameters()), counted_flops(net, 8, 8)
    print(f"{name:12} {n_params:12} {n_flops:10} {n_flops / n_params:10.0f}")
print()
print("twice as many tokens: FLOPs of an encoder layer grow by (d_model 64, feed-forward 128)")
for tokens in (16, 128, 1024, 8192):
    try:
        once, twice = (sum(encoder_layer_flops(t, 64, 128).values()) for t in (tokens, 2 * tokens))
        print(f"   from {tokens:5}: {twice / once:.2f}")
    except NotImplementedError:
        print("   (write encoder_layer_flops first)")
        break

# %% [markdown]
# At the same number of parameters the CNN does more than 40 times the arithmetic of the MLP. Doubling a short sequence
# about doubles the arithmetic of an encoder layer; doubling a long one makes it nearly four times as much, because the pairs take over.
# For the GRU it is always twice. But the GRU must walk step by step, while attention and convolution work on all places
# at once: FLOPs are not seconds.
#
# **Why it matters.** "It has few parameters, so it is fast" is wrong, and you have just measured why.
# [What are FLOPs, and do they tell the time?](#What-are-FLOPs,-and-do-they-tell-the-time?)

# %% [markdown]
# ## The memory of training
#
# To first order, training keeps four things:
#
# 1. the **weights**, one number a parameter;
# 2. their **gradients**, one number a parameter;
# 3. the **optimizer's state**: nothing for plain SGD, one number a parameter for momentum, two for Adam and AdamW (the
#    running means of the gradient and of its square);
# 4. the **activations**: what the forward pass keeps because the backward pass will ask for it. They grow with the batch.
#
# A `float32` number takes 4 bytes, a `bfloat16` number 2. PyTorch makes gradients and states in the type of the weights.
#
# What is an activation that is kept? A linear layer keeps its *input*, because the gradient of its weights is made of it. A
# ReLU keeps its *output*, which is the next layer's input: the same memory, counted once. So an MLP with ReLUs keeps its input
# and each hidden layer, and not its last output. (Do not carry this over to other activations: a GELU keeps its *input*, which
# no other layer keeps.)
#
# **The smallest example.** An MLP with widths 4, 3 and 2: parameters 4·3 + 3 + 3·2 + 2 = 23, activations 4 + 3 = 7 values
# a sample. With Adam, in `float32`, with a batch of five: weights 92 bytes, gradients 92, states 184, activations
# 5·7·4 = 140. Together 508 bytes.
#
# ### Memory in code
#
# *Implement · 12 minutes · difficulty: two of three*
#
# The third function reverses the question: how large may the batch be?


# %% exercise="memory" minutes=12
def mlp_activations(widths: list[int]) -> int:
    """Return how many values an MLP keeps for one sample, input and hidden layers; [4, 3, 2]: 7.

    Args:
        widths: of the input, of each hidden layer, and of the output.
    """
    ### BEGIN SOLUTION
    return sum(widths[:-1])
    ### END SOLUTION


def training_memory(
    n_params: int, n_activations: int, batch: int, optimizer: str = "adam", bytes_each: int = 4
) -> dict[str, int]:
    """Return the bytes that a training step needs, to first order: the sum of the four parts.

    Args:
        n_params: parameters of the network.
        n_activations: values kept for *one* sample.
        batch: samples in a batch.
        optimizer: "sgd", "momentum", "adam" or "adamw".
        bytes_each: bytes of one number; 4 for float32, 2 for bfloat16.

    Returns:
        {"weights", "gradients", "optimizer", "activations", "total"}, in bytes. 23 parameters,
        7 activations and a batch of five give 92, 92, 184, 140 and 508.

    Raises:
        ValueError: an optimizer of another name.
    """
    ### BEGIN SOLUTION
    states = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
    if optimizer not in states:
        raise ValueError(f"unknown optimizer {optimizer!r}")
    weights = n_params * bytes_each
    parts = {
        "weights": weights,
        "gradients": weights,
        "optimizer": states[optimizer] * weights,
        "activations": batch * n_activations * bytes_each,
    }
    return parts | {"total": sum(parts.values())}
    ### END SOLUTION


def largest_batch(
    budget: int, n_params: int, n_activations: int, optimizer: str = "adam", bytes_each: int = 4
) -> int:
    """Return the largest batch whose training memory is at most `budget` bytes; 0 if none fits."""
    ### BEGIN SOLUTION
    fixed = training_memory(n_params, n_activations, 0, optimizer, bytes_each)["total"]
    return max(0, (budget - fixed) // (n_activations * bytes_each))
    ### END SOLUTION


# %%
def kept_bytes(net, x):
    """Return the bytes kept for the backward pass, no parameters, shared memory counted once."""
    own = {p.data_ptr() for p in net.parameters()}
    kept = {}

    def keep(tensor):
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = net(x)
    del result  # until here the graph, and with it what was kept, is alive
    return sum(kept.values())


def measured_memory(net, optimizer, x):
    """Take a training step; return the bytes of weights, gradients, states and kept activations."""
    net(x).sum().backward()
    optimizer.step()
    # Adam also counts its steps, one number for each tensor: left out
    states = [
        v
        for state in optimizer.state.values()
        for v in state.values()
        if torch.is_tensor(v) and v.dim()
    ]

    def size(tensors):
        return sum(t.numel() * t.element_size() for t in tensors)

    parameters = list(net.parameters())
    sizes = {
        "weights": size(parameters),
        "gradients": size(p.grad for p in parameters),
        "optimizer": size(states),
    }
    return sizes | {"activations": kept_bytes(net, x)}


# %% check="memory" points=12
with check("activations: the example", hint="The input and the hidden layers, not the last output."):
    expect(mlp_activations([4, 3, 2]), 7, what="the number of values")
    expect(mlp_activations([4, 2, 2]), 6, what="the number of values of [4, 2, 2]")
with check("activations: against autograd", hint="Each linear layer keeps its input, once."):
    deep = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 3))
    expect(mlp_activations([6, 5, 9, 3]) * 4 * 7, kept_bytes(deep, torch.zeros(7, 6)), what="the bytes for 7 samples")
with check("memory: the example", hint="Adam has two numbers a parameter; activations grow with the batch."):
    wanted = {"weights": 92, "gradients": 92, "optimizer": 184, "activations": 140, "total": 508}
    expect(training_memory(23, 7, 5), wanted, what="the memory")
with check("memory: SGD and momentum", hint="SGD keeps no state; momentum keeps one number a parameter."):
    expect(training_memory(23, 7, 5, "sgd")["optimizer"], 0, what="the state of SGD")
    expect(training_memory(23, 7, 5, "momentum")["optimizer"], 92, what="the state of momentum")
    expect(training_memory(23, 7, 5, "momentum")["total"], 416, what="the total with momentum")
with check("memory: AdamW is like Adam", hint="AdamW keeps the same two running means.", needs="memory: the example"):
    expect(training_memory(11, 3, 2, optimizer="adamw"), training_memory(11, 3, 2), what="the memory with AdamW")
with check("memory: bfloat16 halves everything", hint="Multiply each of the four parts by bytes_each."):
    wanted = {"weights": 46, "gradients": 46, "optimizer": 92, "activations": 70, "total": 254}
    expect(training_memory(23, 7, 5, bytes_each=2), wanted, what="the memory in bfloat16")
with check(
    "memory: an unknown optimizer is refused", needs="memory: the example",
    hint="Look the name up in a dict; refuse others by ValueError.",
):  # fmt: skip
    for unknown in ("lion", "adagrad", "adamax", "Adam", "sgd2", ""):
        expect_raises(ValueError, training_memory, 23, 7, 5, optimizer=unknown)
with check("memory: a real step of Adam", hint="Compare part by part with what measured_memory returns."):
    real_net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    real = measured_memory(real_net, torch.optim.Adam(real_net.parameters()), torch.ones(3, 6))
    expect(training_memory(47, 11, 3), real | {"total": sum(real.values())}, what="the memory")
with check("batch: what is left over, divided", hint="Take the memory of a batch of 0 away first; // rounds down."):
    expect(largest_batch(508, 23, 7), 5, what="the largest batch")
    expect(largest_batch(507, 23, 7), 4, what="the largest batch with a byte less")
    expect(largest_batch(508, 23, 7, optimizer="sgd", bytes_each=2), 29, what="the largest batch with SGD in bfloat16")
with check(
    "batch: nothing fits", hint="A negative number of samples is none: 0.", needs="batch: what is left over, divided"
):
    expect(largest_batch(300, 23, 7), 0, what="the largest batch")
### BEGIN HIDDEN TESTS
with check("random networks", hint="Try one network in float32 and in bfloat16 by hand.", hidden=True) as rng:
    for name, factor in (("sgd", 2), ("momentum", 3), ("adam", 4), ("adamw", 4)):
        p, a, b, each = (int(rng.integers(low, high)) for low, high in ((5, 90), (2, 30), (1, 9), (2, 5)))
        got_memory = training_memory(p, a, b, name, each)
        expect(got_memory["total"], each * (factor * p + a * b), what="the total")
        expect(largest_batch(got_memory["total"] + a * each - 1, p, a, name, each), b, what="the largest batch")
    p = 7 * 10**9 + int(rng.integers(1, 99))  # a large model: no single precision on the way
    expect(training_memory(p, 3, 5, bytes_each=2)["total"], 8 * p + 30, what="the total of a large model")
with check("random MLPs, against autograd", hint="Try one hidden layer, and three.", hidden=True) as rng:
    for depth in (1, 2, 3):
        widths = [int(w) for w in rng.integers(2, 12, depth + 1)]
        widths[-1] = widths[-2] if depth == 3 else widths[-1]
        parts = [part for a, b in zip(widths, widths[1:], strict=False) for part in (nn.Linear(a, b), nn.ReLU())]
        real = kept_bytes(nn.Sequential(*parts[:-1]), torch.zeros(2, widths[0]))
        expect(mlp_activations(widths) * 4 * 2, real, what="the bytes kept")
### END HIDDEN TESTS
grade("memory")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A dict such as `{"sgd": 0, "momentum": 1, ...}` says how many numbers a parameter each optimizer keeps, and which names it
# knows.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Every part is a count times `bytes_each`. Only the activations are multiplied by `batch`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# For the largest batch call your own function with `batch=0`: that is what does not grow. Then
# `max(0, (budget - fixed) // (n_activations * bytes_each))`.
#
# </details>

# %% demo=true
print("measured, Adam, batch of 64, in kB:   weights   gradients   optimizer   activations")
for name, net in image_networks().items():
    sizes = measured_memory(net, torch.optim.Adam(net.parameters()), digits["train"][0][:64])
    print(f"{name:34}", *(f"{size / 1000:10.0f}" for size in sizes.values()))

# %% [markdown]
# The first three columns nearly agree, since the parameters do. The last does not: with this batch the CNN keeps more than 10
# times as many bytes of activations as the MLP. For the CNN most of the memory is activations; in a large language model with a small
# batch it is weights and states. With Adam in `float32` a parameter costs 16 bytes before the first sample: a billion parameters,
# 16 GB.
#
# **What the sum leaves out.** `zero_grad()` frees the gradients before the next forward pass, so the four parts do not all peak at the
# same moment. The loss keeps memory of its own: an MLP from 4 inputs over 3 hidden units to 1000 classes keeps 140 bytes for a batch
# of five by the formula, and 20184 together with its cross-entropy. In language models these logits can be the largest activation. Temporary
# arrays, the allocator and the driver come on top. So the sum tells you what cannot fit. What does fit you learn by running a step.
#
# **Mixed precision** does not halve the 16 bytes. In the usual recipe (P. Micikevicius and others, "Mixed precision training", 2018)
# weights and gradients are kept in 2 bytes each, and a `float32` copy of the weights and Adam's two states stay beside them:
# 2 + 2 + 4 + 4 + 4 = 16 bytes (S. Rajbhandari and others, "ZeRO: Memory optimizations toward training trillion parameter models",
# 2020); with gradients kept in `float32`, 18. `autocast` in PyTorch leaves weights, gradients and states in `float32`. What both save on is the
# activations.
#
# **Attention** written out keeps the table of all pairs of tokens. FlashAttention (T. Dao and others, "FlashAttention: Fast and
# memory-efficient exact attention with IO-awareness", 2022) works through the pairs block by block and never keeps the table: the memory grows
# *linearly* with the length, while the arithmetic still grows with its square. The result is the same up to rounding. Run the
# next cell and see both.

# %% demo=true
class OneAttention(nn.Module):
    """Queries, keys and values from one linear layer, two heads of 16, and attention."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(32, 96)

    def forward(self, x):
        heads = [
            part.unflatten(-1, (2, 16)).transpose(1, 2) for part in self.project(x).chunk(3, dim=-1)
        ]
        return F.scaled_dot_product_attention(*heads)


def attention_memory(tokens, kernel):
    """Return the bytes that one attention keeps for one sample of this many tokens."""
    with sdpa_kernel(kernel):
        return kept_bytes(OneAttention(), torch.zeros(1, tokens, 32))


print("kept for one sample, in kB:   written out   fused")
for tokens in (128, 256, 512, 1024):
    plain, fused = (
        attention_memory(tokens, k) for k in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION)
    )
    print(f"{tokens:5} tokens {plain / 1000:29.0f} {fused / 1000:7.0f}")
torch.manual_seed(0)
attention, tokens_drawn, outputs = OneAttention(), torch.randn(1, 1024, 32), []
for kernel in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
    with sdpa_kernel(kernel), torch.no_grad():
        outputs.append(attention(tokens_drawn))
print(f"largest difference of the two outputs: {(outputs[0] - outputs[1]).abs().max():.1e}")

# %% [markdown]
# From 512 tokens to 1024, what the written-out attention keeps grows 3.8 times, and what the fused kernel keeps exactly 2 times. At 1024
# tokens it keeps 13 times less. When a language model *generates*, another memory grows with the length: the keys and values of all tokens so far, the
# **KV cache**. It is linear too, and for long texts it can outweigh the weights.
#
# **Out of memory?** Smaller batches with accumulated gradients, mixed precision, and *checkpointing* (keep few activations,
# compute the others again) act on the activations. Another optimizer, freezing, or adapters act on gradients and states.
# Sharding over several devices acts on weights, gradients and states (ZeRO, above). Know which part is large before you choose.
#
# **Why it matters.** "Does it fit on our card?" has a first answer on paper, and often the answer is no.
# [How much memory does training take?](#How-much-memory-does-training-take?)

# %% [markdown]
# ## What a convolution takes for granted
#
# A network never learns from nothing. What it takes for granted before it sees data is its **inductive bias**. The
# convolution's: what matters is *local* (a small kernel suffices), and it is the same *everywhere* (one kernel for all
# places).
#
# The second has a name. A function $f$ is **equivariant** to a shift if shifting the input shifts the output in the same way:
# $f(\text{shift}(x)) = \text{shift}(f(x))$. It is **invariant** if the output does not change at all: $f(\text{shift}(x)) = f(x)$.
#
# To have no borders in the way, let the image close on itself like a ring: what leaves on the right comes back on the left.
# Such a *circular* convolution is a sum of shifted copies of the image, each times one weight:
#
# $$\text{out}[r, c] = \sum_{i,j} \text{kernel}[i, j]\; \text{image}[r + i,\; c + j],$$
#
# with row and column numbers that wrap around. (Mathematicians call it a cross-correlation, since the kernel is not flipped.
# PyTorch's layers do the same.)
#
# **The smallest example.** One row, `[1, 0, 0, 2]`, and the kernel `[3, 5]`. The first output is 3·1 + 5·0 = 3, then
# 3·0 + 5·0 = 0, then 3·0 + 5·2 = 10, and the last wraps around: 3·2 + 5·1 = 11. Shift the row by one to the right,
# `[2, 1, 0, 0]`, and the outputs are 11, 3, 0, 10: the same, shifted by one.
#
# ### A circular convolution
#
# *Implement · 8 minutes · difficulty: two of three*
#
# Loops, `np.roll`, `np.pad`: any of NumPy will do. Only the numbers count.


# %% exercise="circular_conv" minutes=8
def circular_conv(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the circular convolution (cross-correlation) of an image with a kernel.

    Args:
        image: shape (height, width), whole numbers or float64. It is not modified.
        kernel: shape (h, w), of the same types, not larger than the image; it is not flipped.

    Returns:
        An array of the image's shape, float64:
        out[r, c] = sum over i, j of kernel[i, j] * image[r + i, c + j]; indices wrap around.
        The row [[1, 0, 0, 2]] and the kernel [[3, 5]] give [[3, 0, 10, 11]].
    """
    ### BEGIN SOLUTION
    out = np.zeros(image.shape)
    for (i, j), weight in np.ndenumerate(kernel):
        out += weight * np.roll(image, (-i, -j), axis=(0, 1))
    return out
    ### END SOLUTION


# %% check="circular_conv" points=6
with check("one row: the example", hint="np.roll(image, -j, axis=1) brings image[r, c + j] to place c."):
    expect(circular_conv(np.array([[1, 0, 0, 2]]), np.array([[3, 5]])), np.array([[3.0, 0, 10, 11]]))
    expect(circular_conv(np.array([[1, 0, 0, 2]]), np.array([[0.5, 0.25]])), np.array([[0.5, 0, 0.5, 1.25]]))
with check("one column wraps around too", hint="Roll the rows by -i as you roll the columns by -j."):
    got_column = circular_conv(np.array([[1.0], [0], [0], [2]]), np.array([[3.0], [5]]))
    expect(got_column, np.array([[3.0], [0], [10], [11]]))
with check("a kernel with one weight scales the image", hint="Start with zeros, then add weight times shifted image."):
    for kind in ("float64", "int64"):
        got_scaled = circular_conv(np.array([[1, 2, 3], [4, 5, 6]], dtype=kind), np.array([[2]], dtype=kind))
        expect(got_scaled, np.array([[2.0, 4, 6], [8, 10, 12]]), what=f"the result for {kind}")
with check("against PyTorch, sizes that are not square", hint="Rows go with i, columns with j. Do not flip.") as rng:
    ring, weights = rng.normal(size=(5, 7)), rng.normal(size=(3, 2))
    padded = F.pad(torch.tensor(ring)[None, None], (0, 1, 0, 2), mode="circular")
    expect(circular_conv(ring, weights), F.conv2d(padded, torch.tensor(weights)[None, None])[0, 0].numpy())
with check(
    "equivariant: shift and convolve, in either order", needs="one row: the example",
    hint="Every place must use the same weights.",
) as rng:  # fmt: skip
    ring, weights = rng.normal(size=(4, 6)), rng.normal(size=(2, 3))
    one_way = circular_conv(np.roll(ring, (1, 2), axis=(0, 1)), weights)
    other_way = np.roll(circular_conv(ring, weights), (1, 2), axis=(0, 1))
    assert np.allclose(one_way, other_way), "Shifting the image first gives something else than shifting the output."
### BEGIN HIDDEN TESTS
with check("random images and kernels", hint="Try a kernel as large as the image.", hidden=True) as rng:
    for _ in range(5):
        rows, columns = int(rng.integers(3, 8)), int(rng.integers(3, 8))
        h, w = int(rng.integers(1, rows + 1)), int(rng.integers(1, columns + 1))
        ring, weights = rng.normal(size=(rows, columns)), rng.normal(size=(h, w))
        padded = F.pad(torch.tensor(ring)[None, None], (0, w - 1, 0, h - 1), mode="circular")
        expect(circular_conv(ring, weights), F.conv2d(padded, torch.tensor(weights)[None, None])[0, 0].numpy())
### END HIDDEN TESTS
grade("circular_conv")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do not loop over the places of the image. Loop over the few weights of the kernel.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.roll(image, (-i, -j), axis=(0, 1))` is the image whose place `[r, c]` holds `image[r + i, c + j]`, wrapped around.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `out = np.zeros(image.shape)`, then for all `i`, `j`: `out += kernel[i, j] * np.roll(...)`. Return `out`.
#
# </details>
#
# **Why it matters.** Your code is the proof: shifts commute with each other and with sums, so a sum of shifted copies is
# equivariant. A feature learned in one corner is known in all.
# [Why do convolutions suit images?](#Why-do-convolutions-suit-images?)

# %% [markdown]
# ### Predict what survives a shift
#
# *Predict, then run · 6 minutes · difficulty: two of three*
#
# A real network adds padding, strides, pooling and a linear layer. Take images of 8 by 8 random pixels and shift them
# circularly by **one** pixel to the right. For the first six, say whether the layer is exactly equivariant: shifting first gives the same as
# shifting the *output* by one pixel. For the last two, say whether the output *stays the same*. Answer `True` or `False`,
# before you run the cell below the checks:
#
# - `"circular"`: a convolution 3 × 3 with circular padding.
# - `"zeros"`: the same, with zero padding.
# - `"relu"`: a ReLU.
# - `"stride"`: a circular convolution with stride two.
# - `"pool"`: a max pooling 2 × 2 with stride two.
# - `"blur"`: an average of each pixel with its right neighbour, circular.
# - `"average"`: a circular convolution, then the mean over all pixels of each channel: the same output?
# - `"linear"`: a circular convolution, then flatten and a linear layer: the same output?

# %% exercise="predict_shift" minutes=6
### BEGIN SOLUTION
survives = {
    "circular": True, "zeros": False, "relu": True, "stride": False,
    "pool": False, "blur": True, "average": True, "linear": False,
}  # fmt: skip
### END SOLUTION
### BEGIN RELEASE
# survives = {
#     "circular": ..., "zeros": ..., "relu": ..., "stride": ...,
#     "pool": ..., "blur": ..., "average": ..., "linear": ...,
# }
### END RELEASE

# %% check="predict_shift" points=8
with check("circular convolution", hint="You have just written one, and a check compared the two orders."):
    expect(survives["circular"], True, what="your prediction", tell=False)
with check("zero padding", hint="What stands beyond the right border: a zero, or the pixel that comes back on the left?"):
    expect(survives["zeros"], False, what="your prediction", tell=False)
with check("ReLU", hint="It treats each pixel by itself."):
    expect(survives["relu"], True, what="your prediction", tell=False)
with check("stride two", hint="It looks at every second place. After a shift by one, at which places does it look?"):
    expect(survives["stride"], False, what="your prediction", tell=False)
with check("max pooling", hint="Pixels 0 and 1 share a window, pixels 1 and 2 do not. And after the shift?"):
    expect(survives["pool"], False, what="your prediction", tell=False)
with check("average with the neighbour", hint="It is a convolution with the kernel [1/2, 1/2]."):
    expect(survives["blur"], True, what="your prediction", tell=False)
with check("mean over all pixels", hint="The same numbers at other places: what is their mean?"):
    expect(survives["average"], True, what="your prediction", tell=False)
with check("flatten and linear", hint="Each place has weights of its own."):
    expect(survives["linear"], False, what="your prediction", tell=False)
grade("predict_shift")


# %% demo=true
def shift_gaps():
    """Print how far shift-then-layer and layer-then-shift lie apart, relative to the output."""
    torch.manual_seed(0)
    images = torch.rand(16, 3, 8, 8)
    ring = nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")
    layers = {
        "circular": ring,
        "zeros": nn.Conv2d(3, 4, 3, padding=1),
        "relu": nn.ReLU(),
        "stride": nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular", stride=2),
        "pool": nn.MaxPool2d(2),
        "blur": lambda x: (x + x.roll(-1, dims=-1)) / 2,
        "average": nn.Sequential(ring, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "linear": nn.Sequential(ring, nn.Flatten(), nn.Linear(4 * 64, 4)),
    }
    for name, layer in layers.items():
        with torch.no_grad():
            before, after = layer(images), layer(images.roll(1, dims=-1))
        want = before if name in ("average", "linear") else before.roll(1, dims=-1)
        gap = ((after - want).abs().mean() / before.abs().mean()).item()
        print(f"{name:10} {gap:8.4f}   {'survives' if gap < 1e-4 else 'does not survive'}")


shift_gaps()

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each layer ask: does it do the same at every pixel, with no regard to where the pixel lies?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Stride and pooling cut the image into fixed windows. A shift by a whole window would survive; a shift by one pixel does
# not. A linear layer after flatten has a weight for each place.
#
# </details>
#
# So "CNNs are shift-invariant" is only nearly true. Strides and pooling break the symmetry (R. Zhang, "Making convolutional
# networks shift-invariant again", 2019), the border breaks it, and flatten with a linear layer throws it away. What
# remains is often enough, as the bake-off will show: with weights shared, a shifted digit looks *similar* to the layers that
# follow.
#
# **Why it matters.** The two words sound alike, and "CNNs are invariant" mixes them up.
# [What is the difference between equivariance and invariance?](#What-is-the-difference-between-equivariance-and-invariance?)

# %% [markdown]
# ### Write a small CNN
#
# *Implement · 18 minutes · difficulty: three of three*
#
# Now build a network for a problem in which the place must not matter: photos of cloth, and the direction of its stripes. Nobody tells
# you the layers. You are told what the network has to do, and the checks look at that:
#
# 1. It takes images of **any size** (height and width multiples of four, at least 8) and any number of channels, and returns one
#    *logit* a class, in training as in evaluation mode: no softmax at the end, the loss has it inside.
# 2. It has **at most 5000 parameters** with one channel and ten classes. Count before you build.
# 3. **Neighbours count**: the same pixels in other places can give other logits.
# 4. Moved by **four pixels** around the ring, down or to the right, or both, an image gives the **same logits**. So you may halve the image twice, by
#    strides or pooling, but neither the border nor the head may tell where something is.
# 5. Each image is judged **by itself**: in evaluation mode its logits do not depend on the others in the batch, nor on batches read
#    before.
# 6. It **learns**: 60 steps of Adam on 36 noisy images of stripes, and it tells at least eight of ten new ones right.
#
# **The smallest example.** A circular convolution from one channel to two, ReLU, the largest value of each channel, a linear layer
# from two to three: (9·2 + 2) + (2·3 + 3) = 29 parameters. Give it an image of zeros with a single 1. The convolution changes the nine
# places around the 1. Move the 1 around the ring, and the nine values move along; the largest value of each channel stays. That network
# meets the conditions 1 to 5. Whether it is large enough for the sixth, you can try.


# %%
def striped_cloth(n, rng):
    """Return noisy stripes (n, 1, 8, 8), and their direction: 0, 1 or 2.

    There are twelve kinds, three directions that start at four places, each equally often.
    """
    starts, kinds = np.divmod(rng.permutation(n) % 12, 3)
    rows, columns = np.mgrid[:8, :8]
    phase = np.stack([rows, columns, rows + columns])[kinds] + starts[:, None, None]
    pictures = (phase % 4 < 2) + rng.normal(0, 0.3, (n, 8, 8))
    return torch.tensor(pictures[:, None], dtype=torch.float32), torch.from_numpy(kinds)


# %% exercise="small_cnn" minutes=18
class SmallCNN(nn.Module):
    """An image network that does not care where on the ring a pattern lies.

    Args:
        n_channels: channels of the images.
        n_classes: how many logits an image gets.

    forward takes float32 images (n, n_channels, height, width), height and width multiples of four
    and at least 8, and returns logits (n, n_classes). The six conditions of the lesson hold; with
    n_channels=1 and n_classes=10 there are at most 5000 parameters.
    """

    def __init__(self, n_channels: int = 1, n_classes: int = 10) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        ring = {"padding": 1, "padding_mode": "circular"}
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, **ring), nn.ReLU(),
            nn.Conv2d(16, 24, 3, **ring), nn.ReLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.head = nn.Linear(24, n_classes)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return self.head(self.body(x))
        ### END SOLUTION


def learn_stripes(
    X: torch.Tensor, y: torch.Tensor, X_new: torch.Tensor, seed: int = 0
) -> torch.Tensor:
    """Train a new SmallCNN, 60 steps of Adam; return the classes it gives to X_new. (Given.)"""
    torch.manual_seed(seed)
    net = SmallCNN(X.shape[1], int(y.max()) + 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        return net(X_new).argmax(dim=1)


# %% check="small_cnn" points=9
with check("one logit a class", hint="The linear layer at the end has n_classes outputs; the first layer takes n_channels.") as rng:
    for n_channels, n_classes in ((1, 10), (3, 4)):
        drawn = torch.tensor(rng.normal(size=(2, n_channels, 8, 8)), dtype=torch.float32)
        expect(list(probes.output(SmallCNN(n_channels, n_classes), drawn).shape), [2, n_classes], what="the shape")
with check(
    "images of any size", needs="one logit a class",
    hint="Make one number of each channel (a mean or a maximum over all places) before the linear layer.",
) as rng:  # fmt: skip
    for height, width in ((12, 16), (8, 20)):
        drawn = torch.tensor(rng.normal(size=(2, 1, height, width)), dtype=torch.float32)
        expect(list(probes.output(SmallCNN(), drawn).shape), [2, 10], what="the shape")
with check(
    "learns the stripes", hint="Two or three convolutions with ReLUs, 8 to 32 channels. Does every layer get a gradient?"
) as rng:
    (X_cloth, y_cloth), (X_fresh, y_fresh) = striped_cloth(36, rng), striped_cloth(60, rng)
    share = (learn_stripes(X_cloth, y_cloth, X_fresh) == y_fresh).float().mean().item()
    assert share >= 0.8, f"After 60 steps it tells {share:.0%} of 60 new images right; at least 80 % are wanted."
with check(
    "at most 5000 parameters", needs="one logit a class", hint="A convolution has n_out * n_in * 9 weights and n_out biases."
):
    cnn_size = sum(int(np.prod(shape)) for shape in probes.parameters(SmallCNN(1, 10)).values())
    assert 0 < cnn_size <= 5000, f"SmallCNN(1, 10) has {cnn_size} parameters."
with check(
    "logits, not probabilities", needs="one logit a class", hint="Leave out softmax and sigmoid: cross_entropy has the softmax inside."
) as rng:
    for mode, training in (("evaluation", False), ("training", True)):
        drawn = torch.tensor(rng.normal(size=(3, 1, 8, 8)), dtype=torch.float32)
        cnn_logits = probes.output(SmallCNN(1, 10), drawn, training=training)
        for told in (cnn_logits, cnn_logits.exp()):
            assert not torch.allclose(told.sum(dim=1), torch.ones(3), atol=1e-4), (
                f"In {mode} mode the outputs of each image are probabilities, or their logarithms."
            )
        assert not ((cnn_logits > 0) & (cnn_logits < 1)).all(), "All outputs lie between 0 and 1: is there a sigmoid at the end?"
with check(
    "neighbours count", needs="one logit a class",
    hint="A kernel of one pixel sees no neighbours. Is there a kernel of three?",
) as rng:  # fmt: skip
    net, drawn = SmallCNN(), torch.tensor(rng.normal(size=(4, 1, 8, 8)), dtype=torch.float32)
    mixed = drawn.flatten(2)[:, :, torch.from_numpy(rng.permutation(64))].reshape(drawn.shape)
    change = (probes.output(net, drawn.clone()) - probes.output(net, mixed)).abs().max().item()
    assert change > 1e-5, "The pixels in another order give the same logits."
with check(
    "moved by four pixels: the same logits",
    needs="one logit a class",
    hint='padding_mode="circular" in every convolution; two halvings at most; a mean or maximum over all places, no flatten.',
) as rng:
    net, drawn = SmallCNN(), torch.tensor(rng.normal(size=(4, 1, 8, 12)), dtype=torch.float32)
    for move, words in (((4, 0), "down"), ((0, 4), "to the right"), ((4, 4), "down and to the right")):
        moved = probes.output(net, drawn.roll(move, dims=(2, 3)))
        assert torch.allclose(probes.output(net, drawn.clone()), moved, atol=1e-4), f"Moved {words}, an image gives other logits."
with check(
    "each image by itself", needs="one logit a class",
    hint="Take no mean over the batch and keep nothing of one; batch normalisation is fine in evaluation mode.",
) as rng:  # fmt: skip
    net, drawn = SmallCNN(), torch.tensor(rng.normal(size=(5, 1, 8, 8)), dtype=torch.float32)
    alone = torch.cat([probes.output(net, drawn[i : i + 1].clone()) for i in range(5)])
    assert torch.allclose(probes.output(net, drawn.clone()), alone, atol=1e-4), "The logits depend on the other images of the batch."
    twin = SmallCNN()
    probes.set_weights(twin, probes.weights(net, buffers=True))
    probes.output(twin, 3 * drawn + 5)
    assert torch.allclose(probes.output(twin, drawn.clone()), alone, atol=1e-4), "The logits depend on a batch that was read before."
### BEGIN HIDDEN TESTS
with check("other sizes and moves", hint="Try 16 by 8 pixels and a move by eight.", hidden=True) as rng:
    for _ in range(3):
        n_channels, n_classes, height, width = (int(rng.integers(*span)) for span in ((1, 4), (2, 7), (2, 6), (2, 6)))
        net = SmallCNN(n_channels, n_classes)
        drawn = torch.tensor(rng.normal(size=(3, n_channels, 4 * height, 4 * width)), dtype=torch.float32)
        before, after = (probes.output(net, each) for each in (drawn, drawn.roll((4, -8), dims=(2, 3))))
        assert list(before.shape) == [3, n_classes], "The logits have another shape."
        assert torch.allclose(before, after, atol=1e-4), "A moved image gets other logits."
    (X_cloth, y_cloth), (X_fresh, y_fresh) = striped_cloth(36, rng), striped_cloth(60, rng)
    renamed = torch.from_numpy(rng.permutation(3))
    share = (learn_stripes(X_cloth, renamed[y_cloth], X_fresh) == renamed[y_fresh]).float().mean().item()
    assert share >= 0.6, "It does not learn the stripes where the three directions have other numbers."
### END HIDDEN TESTS
grade("small_cnn")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two blocks do: a body that is equivariant (convolutions with circular padding, ReLUs), and a step that makes it invariant (a mean or a maximum
# over all places). Only then a linear layer.
#
# </details>
# <details><summary>Hint 2</summary>
#
# From 1 channel to 16 and on to 24, with kernels of 3 × 3, is (9·16 + 16) + (9·16·24 + 24) = 3640 parameters. A linear layer from 24
# to ten classes adds 250.
#
# </details>
# <details><summary>Hint 3: nearly the solution</summary>
#
# `nn.Sequential(nn.Conv2d(n_channels, 16, 3, padding=1, padding_mode="circular"), nn.ReLU(), ...)`. Behind the last ReLU,
# `nn.AdaptiveMaxPool2d(1)` and `nn.Flatten()` leave one number a channel, whatever the size of the image.
#
# </details>
#
# What is this invariance worth, and what does it cost? The next cell trains your network and the CNN of the bake-off, which flattens, on the
# centred digits. Then both read the test digits as they are, and moved by four pixels around the ring.


# %%
def train_network(net, X, y, lr, seed, epochs=10):
    """Train with Adam on shuffled batches of 50."""
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(
        net.parameters(), lr=lr, fused=True
    )  # the same rule in one call: faster
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(net(X[rows]), y[rows]).backward()
            optimizer.step()
    return net


@torch.no_grad()
def accuracy(net, X, y):
    """Return the share of rows whose largest logit is at their label."""
    return (net(X).argmax(1) == y).float().mean().item()


# %% demo=true
def moved_accuracies(make, seed):
    """Train on the centred digits; return the accuracy on test digits as they are, and moved."""
    torch.manual_seed(seed)
    net, (X_new, y_new) = train_network(make(), *digits["train"], 0.01, seed), digits["test"]
    net.eval()
    return [accuracy(net, X, y_new) for X in (X_new, X_new.roll(4, dims=-1))]


def with_a_channel():
    """Return a SmallCNN that takes (n, 8, 8)."""
    return nn.Sequential(nn.Unflatten(1, (1, 8)), SmallCNN())


print("accuracy on test digits, three seeds:      as they are          moved by four pixels")
for words, make in (
    ("your network", with_a_channel),
    ("CNN that flattens", lambda: image_networks()["CNN"]),
):
    pairs = [moved_accuracies(make, seed) for seed in range(3)]
    print(
        f"{words:35}",
        *("   ".join(f"{a:.3f}" for a in column).rjust(24) for column in zip(*pairs, strict=True)),
    )

# %% [markdown]
# Your network gives the same accuracy in both columns, on every seed, without having seen a single moved digit: that is what *built in* means.
# The CNN that flattens falls from above 0.93 to below 0.3. But on the centred digits it is ahead here: where a stroke lies can
# say which digit it is, and a network that forgets the place forgets that too. An invariance that the problem does not have can cost
# accuracy. (The two also differ in their padding, and how much of the gap longer training would close, this cell does not say.)
#
# **Why it matters.** "Write a small CNN" is an interview exercise, and what they look at is whether you can say why each layer is there.
# [Why do convolutions suit images?](#Why-do-convolutions-suit-images?)

# %% [markdown]
# ### Find the bug: colour images
#
# *Find the bug · 6 minutes · difficulty: two of three*
#
# Image readers give `(n, height, width, 3)`: the three colours of a pixel stand side by side. PyTorch's convolutions want
# `(n, 3, height, width)`: one whole picture for each colour. The program below turns the one into the other, and a CNN is
# trained on the digits in random ink colours. It runs, no warning, the shape is right, and the accuracy is not bad.
#
# Run the program, its checks, and the demonstration below them. Note the test accuracy, and look at the three channels. Then
# repair the program.
#
# **The smallest example.** One image of one row and two pixels, the first (1, 2, 3), the second (4, 5, 6). The
# first channel, all the reds, is 1, 4. In memory the numbers stand as 1, 2, 3, 4, 5, 6.


# %%
def colour_digits(part, seed):
    """Return the digits of a part in random ink on black, uint8 (n, 8, 8, 3), and the labels."""
    images, labels = digits[part]
    ink = torch.from_numpy(np.random.default_rng(seed).uniform(0.2, 1.0, (len(images), 1, 1, 3)))
    return (images[..., None] * ink * 255).round().to(torch.uint8), labels


# %% exercise="fix_layout" minutes=6 faults=["two pixels", "each channel keeps its picture", "random images"]
def to_channels_first(images: torch.Tensor, means: list[float]) -> torch.Tensor:
    """Turn what an image reader gives into what a CNN takes.

    Args:
        images: uint8 tensor (n, height, width, 3), values 0 to 255. It is not modified.
        means: the mean of each of the three channels, on the scale from 0 to 1.

    Returns:
        A float32 tensor (n, 3, height, width): each value / 255, minus the mean of its channel.
    """
    ### BEGIN SOLUTION
    pictures = images.permute(0, 3, 1, 2)
    ### END SOLUTION
    ### BEGIN RELEASE
    # n, height, width, channels = images.shape
    # pictures = images.reshape(n, channels, height, width)
    ### END RELEASE
    return pictures.float() / 255 - torch.tensor(means).reshape(3, 1, 1)


# %% check="fix_layout" points=4
with check("two pixels", hint="`reshape` keeps the numbers in their order; here the axes must change places."):
    pixels = torch.tensor([[[[1, 2, 3], [4, 5, 6]]]], dtype=torch.uint8)
    got_batch = to_channels_first(pixels, [0.0] * 3)
    assert list(got_batch.shape) == [1, 3, 1, 2], "Height must stay before width: (n, channels, height, width)."
    expect(got_batch * 255, torch.tensor([[[[1.0, 4]], [[2, 5]], [[3, 6]]]]), what="the batch")
with check("each channel has its own mean taken away", hint="Keep the last line as it was.", needs="two pixels"):
    grey = torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)
    got_batch = to_channels_first(grey, [0.0, 0.25, 0.5])
    expect(got_batch[0, :, 0, 1], torch.tensor([1.0, 0.75, 0.5]), what="one pixel of white")
with check("each channel keeps its picture", hint="A red image: channel 0 full, channels 1 and 2 empty."):
    red = torch.zeros(1, 4, 4, 3, dtype=torch.uint8)
    red[..., 0] = 255
    wanted = torch.zeros(1, 3, 4, 4)
    wanted[:, 0] = 1
    expect(to_channels_first(red, [0.0] * 3), wanted, what="the batch of a red image")
### BEGIN HIDDEN TESTS
with check("random images", hint="Height and width may differ: check which axis is which.", hidden=True) as rng:
    drawn = torch.from_numpy(rng.integers(0, 256, (3, 4, 6, 3)).astype(np.uint8))
    drawn_means = rng.random(3).tolist()
    wanted = torch.stack([drawn[..., c].float() / 255 - drawn_means[c] for c in range(3)], dim=1)
    got_batch = to_channels_first(drawn, drawn_means)
    assert got_batch.dtype == torch.float32, "The batch has another type than float32."
    expect(got_batch, wanted, what="the batch")
### END HIDDEN TESTS
grade("fix_layout")


# %% demo=true
# Figure: one digit, and the three channels that your program makes of it
def train_in_colour(prepare, seed=0):
    """Train a CNN on coloured digits after `prepare`; return the accuracy on the test part."""
    (X_colour, y_colour), (X_new, y_new) = colour_digits("train", 0), colour_digits("test", 1)
    channel_means = (X_colour.float().mean(dim=(0, 1, 2)) / 255).tolist()
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(4), nn.Flatten(), nn.Linear(96, 10),
    )  # fmt: skip
    train_network(net, prepare(X_colour, channel_means), y_colour, 0.01, seed, epochs=6)
    return accuracy(net, prepare(X_new, channel_means), y_new)


def show_channels(prepare):
    """Draw the ink of one digit and the three channels that `prepare` makes of it."""
    fig, axes = plots.canvas(4, width=8.0, height=2.6)
    one = prepare(colour_digits("train", 0)[0][:1], [0.0, 0.0, 0.0])[0]
    for ax, picture, words in zip(
        axes,
        [digits["train"][0][0], *one],
        ["the ink", "channel 0", "channel 1", "channel 2"],
        strict=True,
    ):
        ax.imshow(picture, cmap="Greys")
        ax.set(title=words, xticks=[], yticks=[])
        ax.grid(False)
    plots.show(
        fig,
        alt="Four small pictures: the ink of one digit, and the three channels that your program "
        "makes of it. If the program is right, all four show the same digit. The faulty program "
        "shows in each channel a third of the digit, torn into other rows.",
    )


show_channels(to_channels_first)
print(
    "test accuracy, three seeds:",
    *(f"{train_in_colour(to_channels_first, seed):.3f}" for seed in range(3)),
)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Work out by hand what the program makes of the two pixels of the example. Which numbers stand in its first channel?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `reshape` never moves a number, it only cuts the same row of numbers elsewhere. To move an axis, use `permute` with the
# old numbers of the axes in their new order: `images.permute(0, ...)`.
#
# </details>
#
# In the three seeds shown, the faulty program makes at least a fifth more errors than the repaired one, and without the picture
# nothing else tells. The network learns from the torn pictures as well as it can.
#
# **Why it matters.** The shape is right, the type is right, the loss falls.
# [Which layout mistakes run without an error?](#Which-layout-mistakes-run-without-an-error?)

# %% [markdown]
# ## What order tells
#
# In a set there is no order: a shopping basket, a cloud of points. In a sentence order is the message. What a network
# knows about order is built in:
#
# - A **mean** over tokens forgets the order of what it averages.
# - **Attention** compares every token with every token, by content. Renumber the tokens, and the outputs are renumbered in
#   the same way. Attention is *permutation-equivariant*; a mean behind it makes the whole invariant. That is why a
#   Transformer is *given* positions: a vector for each place is added to the token there.
# - A **GRU** has order built in: each state depends on the one before.
# - A **convolution** along time knows the order inside its receptive field.
#
# **The smallest example.** Tokens 1 and 4. Their mean is 5/2, in either order. A recurrent rule "halve the state, then add the token" gives
# 0/2 + 1 = 1, then 1/2 + 4 = 9/2. In the other order: 4, then 4/2 + 1 = 3.
#
# ### Predict what notices the order
#
# *Predict, then run · 5 minutes · difficulty: one of three*
#
# Six networks with random weights read ten random tokens, then the same tokens in reverse order. For which is the output **the same** (up to
# rounding)? Answer `True` (the same) or `False`:
#
# - `"mean"`: each token through a linear layer and a ReLU, then the mean over tokens, then a linear layer.
# - `"encoder"`: a Transformer encoder layer without positions, then the mean over tokens.
# - `"positions"`: the same with positions added.
# - `"gru"`: a GRU, its last state.
# - `"conv3"`: a convolution with kernel three along the time, then the maximum over time.
# - `"conv1"`: a convolution with kernel one, then the maximum over time.

# %% exercise="predict_order" minutes=5
### BEGIN SOLUTION
blind = {
    "mean": True,
    "encoder": True,
    "positions": False,
    "gru": False,
    "conv3": False,
    "conv1": True,
}
### END SOLUTION
### BEGIN RELEASE
# blind = {"mean": ..., "encoder": ..., "positions": ..., "gru": ..., "conv3": ..., "conv1": ...}
### END RELEASE

# %% check="predict_order" points=6
with check("the mean of tokens", hint="Does a sum depend on the order of its terms?"):
    expect(blind["mean"], True, what="your prediction", tell=False)
with check("an encoder without positions", hint="The outputs are reversed with the inputs. And their mean?"):
    expect(blind["encoder"], True, what="your prediction", tell=False)
with check("an encoder with positions", hint="Each token gets another position vector after the reversal."):
    expect(blind["positions"], False, what="your prediction", tell=False)
with check("a GRU", hint="Work through the small example in both orders."):
    expect(blind["gru"], False, what="your prediction", tell=False)
with check("kernel three", hint="The kernel has a weight for the left neighbour and another for the right one."):
    expect(blind["conv3"], False, what="your prediction", tell=False)
with check("kernel one", hint="Each token is treated by itself. Does a maximum depend on the order?"):
    expect(blind["conv1"], True, what="your prediction", tell=False)
grade("predict_order")


# %% demo=true
def order_gaps():
    """Print how much the outputs change when the tokens come in reverse order."""
    torch.manual_seed(0)
    tokens = torch.randn(4, 10, 8)
    conv3, conv1, gru = (
        nn.Conv1d(8, 6, 3, padding=1),
        nn.Conv1d(8, 6, 1),
        nn.GRU(8, 6, batch_first=True),
    )
    each, head = nn.Linear(8, 6), nn.Linear(6, 3)
    nets = {
        "mean": lambda x: head(each(x).relu().mean(1)),
        "encoder": TransformerNet(10, 8, 3, positions=False),
        "positions": TransformerNet(10, 8, 3),
        "gru": lambda x: gru(x)[0][:, -1],
        "conv3": lambda x: conv3(x.transpose(1, 2)).amax(2),
        "conv1": lambda x: conv1(x.transpose(1, 2)).amax(2),
    }
    for name, net in nets.items():
        with torch.no_grad():
            gap = (net(tokens.flip(1)) - net(tokens)).abs().max().item()
        print(
            f"{name:10} largest change {gap:.6f}   {'the same' if gap < 1e-4 else 'another output'}"
        )


order_gaps()

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each network ask: if I renumber the tokens, is there any weight that meets another token than before?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Sums, means and maxima over all tokens forget the order, if what goes into them was made from each token alone, or from all
# pairs alike.
#
# </details>
#
# With positions the output changes only a little here. That is the start: the random position vectors are scaled by 0.1. Training
# makes them as large as the task needs.
#
# **Why it matters.** A Transformer *encoder* whose positions were forgotten trains without an error and is a bag of words. (A decoder is
# not: its causal mask shows each token only those before it.)
# [Why does a Transformer need positions?](#Why-does-a-Transformer-need-positions?)

# %% [markdown]
# ### A task about order
#
# For the bake-off we make a task whose answer is in the order alone. A sequence has 24 places, all blank but four, which
# are drawn at random. On them stand two marks A and two marks B. The label is the kind of the **last** mark. Every sequence holds
# the same symbols, so a model that only counts them is right half of the time. The blank stretches are of all lengths.
#
# ### Find the bugs: a reader of sequences
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# Real sequences differ in length. To stand in one batch they are **padded**: something behind the end, zeros as a rule, and a list of the
# true lengths beside them. The program below is a GRU for the task above, with sequences of different lengths. It has two faults,
# and runs. Run it, its checks and the demonstration, note both accuracies, then repair it. After each repair, look again.
#
# What it should do: read each sequence from its first place on, and decide from the state at **its own** last place.


# %%
def last_mark(n, seed, length=24):
    """Return sequences with two marks A and two B, one-hot (n, length, 3), and the last kind."""
    rng = np.random.default_rng(seed)
    symbols, labels = np.zeros((n, length), dtype=int), np.zeros(n, dtype=int)
    for i in range(n):
        places, marks = np.sort(rng.choice(length, 4, replace=False)), rng.permutation([1, 1, 2, 2])
        symbols[i, places], labels[i] = marks, marks[-1] - 1
    return F.one_hot(torch.from_numpy(symbols), 3).float(), torch.from_numpy(labels)


def padded_marks(n, seed):
    """Return the task with lengths from 8 to 24: padded inputs (n, 24, 3), lengths, labels."""
    lengths = torch.from_numpy(np.random.default_rng(seed).integers(8, 25, n))
    X, y = torch.zeros(n, 24, 3), torch.zeros(n, dtype=torch.int64)
    for i, length in enumerate(lengths.tolist()):
        row, label = last_mark(1, 1000 * seed + i, length)
        X[i, :length], y[i] = row[0], label[0]
    return X, lengths, y


# %% exercise="fix_reader" minutes=8 faults=["alone or in a batch: the same logits", "more padding changes nothing", "the state at each one's own end", "random sequences"]
class MarkReader(nn.Module):
    """A GRU over padded sequences, a linear layer on the state at each one's own last place.

    Args:
        n_symbols, n_hidden: width of the inputs and of the state. The parts are called `gru` (an
            nn.GRU) and `head` (an nn.Linear from n_hidden to two classes).
    """

    def __init__(self, n_symbols: int = 3, n_hidden: int = 16) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.gru = nn.GRU(n_symbols, n_hidden, batch_first=True)
        ### END SOLUTION
        ### BEGIN RELEASE
        # self.gru = nn.GRU(n_symbols, n_hidden)
        ### END RELEASE
        self.head = nn.Linear(n_hidden, 2)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits (n, 2).

        Args:
            x: (n, length, n_symbols), padded: what stands behind a sequence's end does not count.
            lengths: int64 (n,), the true length of each sequence, from 1 to `length`.
        """
        states = self.gru(x)[0]
        ### BEGIN SOLUTION
        return self.head(states[torch.arange(len(x)), lengths - 1])
        ### END SOLUTION
        ### BEGIN RELEASE
        # return self.head(states[:, -1])
        ### END RELEASE


# %% check="fix_reader" points=6
with check(
    "alone or in a batch: the same logits",
    hint="Which axis does nn.GRU take for the time, if you do not say batch_first=True?",
) as rng:
    reader, x_drawn = MarkReader(), torch.tensor(rng.normal(size=(4, 6, 3)), dtype=torch.float32)
    ends = torch.tensor([6, 6, 6, 6])
    alone = torch.cat([probes.output(reader, x_drawn[i : i + 1].clone(), ends[i : i + 1]) for i in range(4)])
    together = probes.output(reader, x_drawn.clone(), ends)
    assert list(together.shape) == [4, 2], f"Four sequences get an output of shape {list(together.shape)}, not [4, 2]."
    assert torch.allclose(together, alone, atol=1e-5), (
        "The logits of a sequence depend on which others are in the batch."
    )
with check(
    "the parts are a GRU and a linear layer", needs="alone or in a batch: the same logits",
    hint="Keep the names `gru` and `head`, and the sizes.",
):  # fmt: skip
    wanted = {"gru.weight_ih_l0": [18, 4], "gru.weight_hh_l0": [18, 6], "gru.bias_ih_l0": [18], "gru.bias_hh_l0": [18],
              "head.weight": [2, 6], "head.bias": [2]}  # fmt: skip
    expect(probes.parameters(MarkReader(4, 6)), wanted, what="the parameters")
with check("more padding changes nothing", hint="states[:, -1] is the state at the end of the padding.") as rng:
    reader, x_drawn = MarkReader(), torch.tensor(rng.normal(size=(3, 5, 3)), dtype=torch.float32)
    short = probes.output(reader, x_drawn, torch.tensor([5, 5, 5]))
    longer = probes.output(reader, F.pad(x_drawn, (0, 0, 0, 4)), torch.tensor([5, 5, 5]))
    assert torch.allclose(short, longer, atol=1e-5), "Zeros behind the end of a sequence change its logits."
with check(
    "the first symbols count", needs="alone or in a batch: the same logits",
    hint="Does the GRU walk from the first place on, so that the state at the end has seen it?",
) as rng:  # fmt: skip
    reader, x_drawn = MarkReader(), torch.tensor(rng.normal(size=(1, 4, 3)), dtype=torch.float32)
    other = x_drawn.clone()
    other[0, 0] = -other[0, 0] + 1
    ends = torch.tensor([4])
    change = (probes.output(reader, x_drawn, ends) - probes.output(reader, other, ends)).abs().max().item()
    assert change > 1e-6, "Another first symbol leaves the logits as they were."
with check("the state at each one's own end", hint="states[row, length - 1], for each row: index with torch.arange.") as rng:
    reader, x_drawn = MarkReader(), torch.tensor(rng.normal(size=(3, 5, 3)), dtype=torch.float32)
    ends = torch.tensor([2, 5, 1])
    x_drawn[0, 1] = 0.0  # a true symbol may be zero: only `lengths` tells the end
    together = probes.output(reader, x_drawn, ends)
    sooner = probes.output(reader, x_drawn[:1].clone(), torch.tensor([1]))
    assert not torch.allclose(together[:1], sooner, atol=1e-7), (
        "Sequence 0 ends on a symbol of zeros; with one place less it gets the same logits."
    )
    for i, end in enumerate(ends.tolist()):
        cut = probes.output(reader, x_drawn[i : i + 1, :end], torch.tensor([end]))
        assert torch.allclose(together[i : i + 1], cut, atol=1e-5), (
            f"Sequence {i} has length {end}; cut off there, it should get the same logits."
        )
### BEGIN HIDDEN TESTS
with check("random sequences", hint="Compare with a GRU that reads each sequence by itself.", hidden=True) as rng:
    reader, real = MarkReader(4, 5), nn.ModuleDict({"gru": nn.GRU(4, 5, batch_first=True), "head": nn.Linear(5, 2)})
    values = {k: torch.tensor(rng.normal(0, 0.5, v.shape), dtype=torch.float32) for k, v in real.state_dict().items()}
    probes.set_weights(reader, values)
    real.load_state_dict(values)
    x_drawn, ends = torch.tensor(rng.normal(size=(6, 9, 4)), dtype=torch.float32), torch.from_numpy(rng.integers(1, 10, 6))
    ends[0], x_drawn[0, 5] = 6, 0.0
    with torch.no_grad():
        wanted = torch.stack([real["head"](real["gru"](x_drawn[i, :end])[0][-1]) for i, end in enumerate(ends.tolist())])
    got_logits = probes.output(reader, x_drawn, ends)
    assert got_logits.shape == wanted.shape and torch.allclose(got_logits, wanted, atol=1e-5), (
        "The logits differ from those of sequences that are read one by one."
    )
### END HIDDEN TESTS
grade("fix_reader")


# %% demo=true
def train_reader(reader_class, seed=0):
    """Train a reader on whole sequences; return its accuracy on padded ones, to 24 and to 400."""
    X_marks, y_marks = last_mark(700, 1)
    ends = torch.full((len(X_marks),), 24)
    torch.manual_seed(seed)
    reader = reader_class()
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.02)
    for _ in range(8):
        for rows in torch.randperm(len(X_marks)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(reader(X_marks[rows], ends[rows]), y_marks[rows]).backward()
            optimizer.step()
    X_new, new_ends, y_new = padded_marks(500, 2)
    with torch.no_grad():
        logits = [reader(F.pad(X_new, (0, 0, 0, more)), new_ends) for more in (0, 376)]
    return [(each.argmax(1) == y_new).float().mean().item() for each in logits]


in_24, in_400 = train_reader(MarkReader)
print(
    f"accuracy on the same new sequences: padded to 24 {in_24:.3f}, padded to 400 {in_400:.3f}"
)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Call the reader with one sequence, then with the same one in a batch. Then with more zeros behind it. Each experiment
# shows one fault.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `nn.GRU` takes `(length, n, width)` by default, so it reads the first sequence, then the second, and so on, as if they
# were one after another in time. Say `batch_first=True`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `states[torch.arange(len(x)), lengths - 1]` picks one state a row. (`nn.utils.rnn.pack_padded_sequence` is the other way.)
#
# </details>
#
# The demonstration trains on whole sequences, without padding, and reads shorter ones in two batches: padded to 24 places, and to 400, as if one
# long sequence stood among them. The faulty reader guesses: both accuracies are near a half. Repair only the first fault, and the
# first is already above 0.7: this GRU holds its state through a little padding. With 400 places it is near a half again. Repaired, both are above 0.9. Had
# there been padding in training, the GRU would have learned to wait through it, and no accuracy would have told you: only the check
# "more padding changes nothing" finds the second fault then.
#
# **Why it matters.** Mixed-up samples can give a nice loss too, if the data come sorted by class. And a network that reads padding gives
# another answer in another batch.
# [Which layout mistakes run without an error?](#Which-layout-mistakes-run-without-an-error?)

# %% [markdown]
# ## What an MLP takes for granted
#
# An MLP flattens its input. It has a weight of its own for each input and each unit, and nothing says which inputs are
# neighbours. So if you shuffle the pixels, the same way in all images, you can shuffle the columns of the first weight
# matrix in the same way, and get the same network.
#
# **The smallest example.** One unit with the weights `[5, 7, 9]`, an input `[1, 2, 3]`: 5·1 + 7·2 + 9·3 = 46. With `order = [2, 0, 1]` the
# shuffled input `x[order]` is `[3, 1, 2]`. The weights must become `[9, 5, 7]`: 9·3 + 5·1 + 7·2 = 46 again.
#
# ### The same network on shuffled pixels
#
# *Implement · 5 minutes · difficulty: one of three*


# %% exercise="reorder" minutes=5
def reorder_first_layer(weight: torch.Tensor, order: list[int]) -> torch.Tensor:
    """Return the first weight matrix of an MLP for inputs that come as x[:, order].

    Args:
        weight: (n_hidden, n_inputs), as nn.Linear keeps it. It is not modified.
        order: a permutation of 0 ... n_inputs - 1.

    Returns:
        new of shape (n_hidden, n_inputs): x[:, order] @ new.T equals x @ weight.T for every x.
        The weights [[5, 7, 9]] and the order [2, 0, 1] give [[9, 5, 7]].

    Raises:
        ValueError: order is not a permutation of all inputs.
    """
    ### BEGIN SOLUTION
    if sorted(order) != list(range(weight.shape[1])):
        raise ValueError("order is not a permutation of the inputs")
    return weight[:, order]
    ### END SOLUTION


# %% check="reorder" points=4
with check("one unit: the example", hint="Which weight belongs to the input that now stands first?"):
    expect(reorder_first_layer(torch.tensor([[5.0, 7, 9]]), [2, 0, 1]), torch.tensor([[9.0, 5, 7]]))
with check("the same hidden values", hint="Columns (inputs), not rows; by `order` itself, not its inverse.") as rng:
    for _ in range(5):
        x_drawn, weights = torch.from_numpy(rng.normal(size=(4, 6))), torch.from_numpy(rng.normal(size=(3, 6)))
        order = [1, 2, 0, *(rng.permutation(3) + 3).tolist()]
        hidden = x_drawn[:, order] @ reorder_first_layer(weights, order).T
        assert torch.allclose(hidden, x_drawn @ weights.T), "The hidden values are not those of the unshuffled input."
with check(
    "an order that repeats or leaves out is refused", needs="one unit: the example",
    hint="sorted(order) must be 0, 1, ... n_inputs - 1.",
):  # fmt: skip
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [0, 0, 2])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [1, 1, 1])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [0, 1])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [1, 2, 3])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [0, 1, 2, 2])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [0, 1, -1])
    expect_raises(ValueError, reorder_first_layer, torch.ones(2, 3), [-3, 1, 2])
### BEGIN HIDDEN TESTS
with check("random orders", hint="Try an order of five inputs that is not its own inverse.", hidden=True) as rng:
    for _ in range(5):
        weights, order = torch.from_numpy(rng.normal(size=(2, 7))), rng.permutation(7).tolist()
        wanted = torch.stack([weights[:, i] for i in order], dim=1)
        expect(reorder_first_layer(weights, order), wanted, what="the new weights")
### END HIDDEN TESTS
grade("reorder")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Input number `k` of the shuffled image is pixel `order[k]` of the old one. Which column of the old matrix belongs to it?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `weight[:, order]` picks columns. The inverse order is a frequent mistake; the example tells the two apart.
#
# </details>
#
# Gradients are shuffled with the weights, so gradient descent, momentum and Adam keep the two networks equal at every
# step. A random start knows no order either. So **in theory pixel shuffling changes nothing for an MLP**, on average over starts. A
# linear model and a tree do not notice it either.
#
# **Why it matters.** If a *convolution* loses nothing when the columns are shuffled, it had nothing to gain from their order.
# [Does an MLP notice when pixels are shuffled?](#Does-an-MLP-notice-when-pixels-are-shuffled?)

# %% [markdown]
# ## The bake-off
#
# Four tasks:
#
# - **plain**: the digits as they are.
# - **shifted**: each digit moved by up to two pixels in each direction at random, zeros where nothing comes in; in
#   all three parts.
# - **shuffled**: the pixels of the plain digits, in one fixed random order for all images.
# - **last mark**: the task about order, 700 sequences to learn from.
#
# Four networks, within 5 % of the same number of parameters on each task. Same data, same optimizer (Adam), same batches of 50, same
# `10` epochs: 140 updates. The learning rate is chosen for each network and task on the validation part, from the same three values, `0.005`,
# `0.015` and `0.045`. Then three seeds, and the test part once for each. A seed changes the starting weights and the order of the
# batches. Beside them stands a baseline: logistic regression on the flattened input.
#
# The table prints the accuracy on the **training** part too. Without it you cannot tell a network that has not learned its examples yet (it
# *underfits*: train longer) from one that has learned them and fails on new ones (it *overfits*: more data, or a better bias). And a
# winner after 140 updates is a winner after 140 updates.
#
# ### Predict the winners
#
# *Predict, then run · 6 minutes · difficulty: two of three*
#
# Commit yourself before you run. Answer with `"MLP"`, `"CNN"`, `"GRU"` or `"Transformer"`:
#
# - `"shifted"`: which network is best on the shifted digits, after 560 updates? (The cell behind the bake-off trains that long.)
# - `"shuffled"`: which network is sure to lose nothing from plain to shuffled, apart from the luck of its start?
# - `"sequence"`: which of these four networks is best on the last mark?
#
# and with `True` or `False`:
#
# - `"far"`: on the plain digits, are CNN and MLP more than five points (0.05 of accuracy) apart?

# %% exercise="predict_winners" minutes=6
### BEGIN SOLUTION
winners = {"shifted": "CNN", "shuffled": "MLP", "sequence": "GRU", "far": False}
### END SOLUTION
### BEGIN RELEASE
# winners = {"shifted": ..., "shuffled": ..., "sequence": ..., "far": ...}
### END RELEASE

# %% check="predict_winners" points=4
with check("best on shifted digits", hint="For which network is a shifted digit almost the same digit?"):
    expect_choice(
        winners["shifted"],
        "cnn",
        {
            "mlp": "It must learn each digit anew at each place, from the same 700 images.",
            "cnn": "One kernel serves all places.",
            "gru": "It shares weights over rows, so it takes shifts up and down; within a row each pixel has weights of its own.",
            "transformer": "It has a vector for each row's position, and within a row a weight for each pixel; and it learns slowly. When it fits its images at last, it still falls behind on new ones.",
        },
    )
with check("sure to lose nothing by shuffling", hint="Which one has a weight of its own for each pixel?"):
    expect_choice(
        winners["shuffled"],
        "mlp",
        {
            "mlp": "No two pixels share a weight, so no pixel needs its neighbours. You have just proved it.",
            "cnn": "Its kernels look at neighbours, and neighbours no longer belong together.",
            "gru": "It reads every row with the same weights, as if a column meant the same in each row. That may cost little, but nothing promises it.",
            "transformer": "It embeds every row with the same weights, as if a column meant the same in each row. Shuffled, it does not.",
        },
    )
with check("best on the last mark", hint="Which one keeps the last thing it saw, over a stretch of any length?"):
    expect_choice(
        winners["sequence"],
        "gru",
        {
            "mlp": "It can give later places larger weights, but it has to learn each place by itself.",
            "cnn": "Its receptive field is five symbols. When the marks lie further apart, it has to guess which one is the last, from hints such as the zeros at the ends.",
            "gru": "Overwrite the state at a mark, keep it at a blank: the task is what a gate does.",
            "transformer": "It can solve the task, but 140 updates are few for it: its seeds lie far apart.",
        },
    )
with check("CNN and MLP on plain digits", hint="How hard are centred digits of 8 by 8 pixels?"):
    expect(winners["far"], False, what="your prediction", tell=False)
grade("predict_winners")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each task, name the symmetry: what change of the input should leave the answer alone? Then: which network has it built in?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The digits were centred and scaled by those who made the data. Somebody has already done by hand what a convolution
# would do. That is true of the plain task, and not of the shifted one.
#
# </details>
#
# Now run it. It takes a while: eighty trainings.


# %%
def shift_images(images, seed, most=2):
    """Return each image moved at random by up to `most` pixels each way; zeros come in."""
    rng, padded, size = np.random.default_rng(seed), F.pad(images, (most,) * 4), images.shape[1]
    corners = rng.integers(0, 2 * most + 1, (len(images), 2)).tolist()
    return torch.stack(
        [image[r : r + size, c : c + size] for image, (r, c) in zip(padded, corners, strict=True)]
    )


def bakeoff_tasks():
    """Return task → part → (X, y)."""
    order = torch.from_numpy(np.random.default_rng(3).permutation(64))
    return {
        "plain": digits,
        "shifted": {
            part: (shift_images(X, i), y) for i, (part, (X, y)) in enumerate(digits.items())
        },
        "shuffled": {
            part: (X.flatten(1)[:, order].reshape(-1, 8, 8), y) for part, (X, y) in digits.items()
        },
        "last mark": {
            "train": last_mark(700, 0),
            "valid": last_mark(300, 1),
            "test": last_mark(1000, 2),
        },
    }


def fresh(task, name, seed):
    """Return a new network with weights drawn from a seed."""
    torch.manual_seed(seed)
    return (sequence_networks() if task == "last mark" else image_networks())[name]


all_tasks = bakeoff_tasks()


def trained(task, name, lr, seed, epochs=10):
    """Return a network that learned a task."""
    return train_network(fresh(task, name, seed), *all_tasks[task]["train"], lr, seed, epochs)


def both_accuracies(nets, parts):
    """Return the accuracies of the networks on the training part and on the test part."""
    return {part: [accuracy(net, *parts[part]) for net in nets] for part in ("train", "test")}


def linear_accuracies(parts):
    """Return what logistic regression on the flattened input reaches on both parts."""
    flat = {part: (X.flatten(1).numpy(), y.numpy()) for part, (X, y) in parts.items()}
    linear = LogisticRegression(max_iter=500).fit(*flat["train"])
    return {part: [linear.score(*flat[part])] for part in ("train", "test")}


def show_row(words, lr, found):
    """Print mean accuracies, with the lowest and the highest seed of the test part."""
    train, test = found["train"], found["test"]
    span = f"{min(test):.3f}-{max(test):.3f}" if len(test) > 1 else ""
    print(f"{words:24} {lr or '':8} {np.mean(train):9.3f} {np.mean(test):9.3f}   {span}")


# %% demo=true
# Figure: the accuracy of four networks on four tasks, for three seeds
def bake_off(first_seed=0):
    """Return task → network → its chosen "lr", and "train" and "test" accuracies of three seeds."""
    results = {}
    for task, parts in all_tasks.items():
        results[task] = {}
        for name in image_networks():
            tried = {lr: trained(task, name, lr, first_seed) for lr in (0.005, 0.015, 0.045)}
            valid = {lr: accuracy(net, *parts["valid"]) for lr, net in tried.items()}
            best = max(valid, key=valid.get)
            nets = [tried[best], *(trained(task, name, best, first_seed + more) for more in (1, 2))]
            results[task][name] = {"lr": best} | both_accuracies(nets, parts)
        results[task]["linear"] = {"lr": None} | linear_accuracies(parts)
    return results


bake_started = time.perf_counter()
measured = bake_off()
print("mean accuracy of 3 seeds       rate     train      test   lowest-highest")
for task, by_name in measured.items():
    for name, found in by_name.items():
        show_row(f"{task}: {name}", found["lr"], found)
print(f"({time.perf_counter() - bake_started:.0f} seconds)")

fig, axes = plots.canvas(4, width=10.5, height=3.6)
for ax, (task, by_name) in zip(axes, measured.items(), strict=True):
    for place, (name, style) in enumerate(zip(image_networks(), plots.line_styles, strict=True)):
        look = {"linestyle": "", "marker": style["marker"], "color": style["color"]}
        ax.plot([place] * 3, by_name[name]["test"], markersize=7, **look)
        ax.plot([place + 0.3] * 3, by_name[name]["train"], markersize=5, fillstyle="none", **look)
    ax.axhline(by_name["linear"]["test"][0], color="grey", linewidth=1, linestyle="--")
    ax.set(title=task, ylim=(0.2, 1.02), xlim=(-0.5, 3.7))
    ax.set_xticks(range(4), ["MLP", "CNN", "GRU", "Transf."], rotation=60)
axes[0].set_ylabel("accuracy (dashed: linear, test)")
fig.suptitle(
    "After 140 updates, filled: test, open: training. "
    "Shifts part CNN and MLP, order favours the GRU"
)
plots.show(
    fig,
    alt="Accuracy of four networks on four tasks: for each of three seeds a filled mark for the "
    "test part and an open one for the training part, a dashed line for the linear baseline. "
    "Means on test, training: "
    + " ".join(
        f"{task}: "
        + ", ".join(
            f"{n} {np.mean(a['test']):.2f}, {np.mean(a['train']):.2f}" for n, a in by_name.items()
        )
        + "."
        for task, by_name in measured.items()
    ),
)

# %% [markdown]
# What was measured, after 140 updates, and what it can carry:
#
# - **plain**: CNN and MLP differ by less than 0.05. The linear baseline is within 0.03 of the MLP and ahead of the Transformer. On these
#   digits, which somebody has centred, the choice between CNN and MLP is worth less than five points.
# - **shifted**: the CNN leads the MLP by more than 0.08. Between CNN and GRU three seeds and 140 updates do not decide safely. The linear model
#   falls below 0.4. The symmetry was in the data, and only some networks had it built in.
# - **shuffled**: the MLP stays within 0.03 of its plain accuracy, as the theory says. The CNN falls, and loses its lead. (This is one
#   permutation; another may cost the CNN more or less.)
# - **last mark**: the GRU makes practically no error. The CNN stays below 0.93, *on the training part too*: it does not even fit
#   the sequences that it has seen. Linear model and MLP do well without being built for order, because a weight for each place can
#   grow towards the end. The seeds of the Transformer lie further apart than those of any other network. What longer training would change
#   on this task, the table does not say.
#
# The validation part is small (200 images, or 300 sequences): between rates that do about equally well, luck chooses. Where the chosen rate is an edge of the grid, a wider grid
# could do better.
#
# **Why is the Transformer so low on shifted?** "It needs more data" comes to mind. Look at the training column first: below 0.65. It has not
# even learned the images that it was shown. It *underfits*, and the first remedy for that is more training. The control: all four
# networks on shifted, each with rate `0.01`, once with 140 updates and once with 560.


# %% demo=true
def trained_longer(epochs, first_seed=0):
    """Return network → accuracies of three seeds on the shifted digits, with rate 0.01."""
    found = {}
    for name in image_networks():
        nets = [trained("shifted", name, 0.01, first_seed + more, epochs) for more in range(3)]
        found[name] = both_accuracies(nets, all_tasks["shifted"])
    return found


longer = {14 * epochs: trained_longer(epochs) for epochs in (10, 40)}  # 14 updates an epoch
print("mean accuracy of 3 seeds       rate     train      test   lowest-highest")
for updates, by_name in longer.items():
    for name, found in by_name.items():
        show_row(f"after {updates}: {name}", 0.01, found)

# %% [markdown]
# With 560 updates the Transformer is above 0.8 on its training part, and its test accuracy is higher by more than 0.1. So a part of its low number
# was lack of training. Its *rank* was not: it is last still. And now it *overfits*, by the definition above: its test accuracy is more than 0.2 below
# its training accuracy, and for that more data is a remedy, or a better bias. So "it needs more data" was half of the answer, and it took both columns
# to see which half. MLP and GRU fit their images as well, and their gaps are wide too; the CNN's is narrower than the Transformer's. The CNN leads by
# its mean, ahead of the GRU.
# Whether more data, augmentation or pretraining would close the gap, nothing here tests. On large photos, a vision Transformer was behind comparable
# residual networks when trained on a million images, and ahead after pretraining on many more (Dosovitskiy and others, 2021).
#
# **Is it the receptive field that fails this CNN on the last mark?** Dilations widen the field. But a network with dilations differs in more
# than one thing, so it needs controls beside it. And something has to be taken away first: the zeros behind both ends. A blank is the symbol 1, 0, 0.
# Zeros are no symbol at all, so they tell a convolution where the sequence ends. The next cell trains five CNNs with *blanks* behind the ends, for 140
# updates each and all with about the same number of parameters. It prints for each the field, and how many places inside it can change an output.


# %% demo=true
class BlankEnds(nn.Module):
    """Put blanks before and behind each sequence, and a channel: (n, 1, length + 2 more, 3)."""

    def __init__(self, more):
        super().__init__()
        self.more = more

    def forward(self, x):
        padded = F.pad(x, (0, 0, self.more, self.more))
        padded[:, : self.more, 0] = padded[:, -self.more :, 0] = 1
        return padded[:, None]


def dilated_network(dilations):
    """Return a CNN for the last mark: a layer a dilation, 38 channels in two layers, 22 in four."""
    layers, n_in, width, n_out = [BlankEnds(sum(dilations))], 1, 3, {2: 38, 4: 22}[len(dilations)]
    for d in dilations:
        layers += [nn.Conv2d(n_in, n_out, (3, width), dilation=(d, 1)), nn.ReLU()]
        n_in, width = n_out, 1
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(n_out, 2))


def places_seen(dilations):
    """Return the places, counted from the middle, that can change an output in the middle."""
    signal = torch.zeros(1, 1, 101, requires_grad=True)
    value = signal
    for d in dilations:
        value = F.conv1d(value, torch.ones(1, 1, 3), padding=d, dilation=d)
    value[0, 0, 50].backward()
    return (signal.grad[0, 0].nonzero().flatten() - 50).tolist()


def dilated_accuracies(dilations, first_seed=0):
    """Return the accuracies of three seeds on the last mark."""
    nets, parts = [], all_tasks["last mark"]
    for seed in range(first_seed, first_seed + 3):
        torch.manual_seed(seed)
        nets.append(train_network(dilated_network(dilations), *parts["train"], 0.01, seed))
    return both_accuracies(nets, parts)


dilated = {d: dilated_accuracies(d) for d in ((1, 1), (1, 1, 1, 1), (1, 12), (6, 7), (1, 2, 4, 7))}
print("dilations        layers  field  places     train      test   lowest-highest")
for dilations, found in dilated.items():
    seen, accuracies = places_seen(dilations), found["test"]
    print(
        f"{dilations!s:16} {len(dilations):6} {seen[-1] - seen[0] + 1:6} {len(seen):7}"
        f" {np.mean(found['train']):9.3f}"
        f" {np.mean(accuracies):9.3f}   {min(accuracies):.3f}-{max(accuracies):.3f}"
    )

# %% [markdown]
# Read the rows in pairs. All of them say "after 140 updates"; the deeper rows may gain more from longer training.
#
# - Dilations 1, 1: the CNN of the bake-off, with blanks in place of zeros. It stays below 0.8. So a part of what it reached there it owed to the zeros.
# - Dilations 1, 1, 1, 1 against 1, 1: *depth*, and with it a field of 9 in place of 5. Still below 0.8.
# - Dilations 1, 12 against 1, 1: the *field*, 27 in place of 5, and with it nine places in place of five, at the same depth and the same
#   parameters. Better by more than 0.05, and below 0.9. A wide field helps, and is not enough.
# - Dilations 6, 7 against 1, 12: the same field, depth, parameters, and nine places each. Only *where* the nine lie differs: in three clumps, with
#   holes of nine places between them, or spread out. Spread out is better again, and below 0.95.
# - Dilations 1, 2, 4, 7: a field of 29, without a hole, in four layers. Above 0.96 by its mean, the best of the five, close to the GRU.
#
# So here the field was part of the cause, and it has to be covered *without large holes* as well. The last row is also deeper; whether its depth or its
# cover helps it more, these rows do not tell apart. And "the GRU is best" was a sentence about *that* CNN: a bake-off compares
# networks, not families of networks.
#
# **What it does not show.** Three seeds, three learning rates, one small data set, one budget. Differences of one or two points may
# reverse with other seeds. Nothing here says that Transformers are worse. It says that on 700 examples from scratch, after 140 updates and at equal
# parameters, the CNN was ahead of the MLP on shifts and the GRU was best on order, and that one shuffling did not touch the MLP.
#
# **Why it matters.** A winner without a budget, a baseline and a spread is an anecdote.
# [How do you compare architectures fairly?](#How-do-you-compare-architectures-fairly?)

# %% [markdown]
# ## Depth
#
# More layers can express more, if they can be trained. In a deep stack the gradient passes through every layer on its way
# back, and each may shrink it. Normalisation and a start that fits the activation keep the scale in check (K. He and others, "Delving deep
# into rectifiers", 2015, for ReLU).
#
# A **residual connection** adds a layer's input to its output, $x + f(x)$, so that the gradient also has a way around. He and others
# introduced it because deeper plain networks had a *higher training loss*, even where normalisation kept gradients
# healthy ("Deep residual learning for image recognition", 2016). So the gradient's way around is not the whole reason: each block only has to learn a
# change to its input, and doing nothing is easy. The next cell measures the gradient at the first of 20 layers, without training.


# %% demo=true
# Figure: the gradient norm of each layer, for three stacks of 20 layers
def first_gradients(residual, he=False, seed=0, depth=20, width=32):
    """Return the gradient norm of each layer's weights; `he`: He's start, not PyTorch's own."""
    torch.manual_seed(seed)
    stack = [nn.Linear(width, width) for _ in range(depth)]
    x = torch.randn(64, width)
    for layer in stack:
        if he:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        x = x + layer(x).relu() if residual else layer(x).relu()
    x.pow(2).mean().sqrt().backward()
    return [layer.weight.grad.norm().item() for layer in stack]


depth_gradients = {
    "plain": first_gradients(False),
    "plain, He's start": first_gradients(False, he=True),
    "residual": first_gradients(True),
}  # fmt: skip
fig, (ax,) = plots.canvas(1, width=6.0, height=3.6)
plots.history(ax, depth_gradients, xlabel="layer, from the first", ylabel="gradient norm", log=True)
ax.set_title("Plain, usual start: hardly any gradient reaches the first layers")
plots.show(
    fig,
    alt="Gradient norm of each layer on a logarithmic scale, first layer on the left. The plain "
    "stack with PyTorch's usual start falls by many orders of magnitude towards the first "
    "layer. The plain stack with He's start and the residual stack stay near one level.",
)

# %% [markdown]
# From PyTorch's usual start, without residual connections, the first layer's gradient is less than a millionth of the last layer's. With
# residual connections the two are within a factor of ten, and so they are in the plain stack with He's start. A plain network of 20 such
# layers is not "too powerful": from the usual start, plain gradient descent would hardly move its first layers. For the gradient at the start of
# training a fitting start does here what the way around does, so look at the gradients before you explain a bad training loss by them.
#
# ### Write a residual block
#
# *Implement · 12 minutes · difficulty: two of three*
#
# The block has two convolutions of 3 × 3 with a ReLU between them, and the way around:
#
# $$\text{block}(x) = \text{skip}(x) + \text{second}(\text{relu}(\text{first}(x))).$$
#
# Where the block changes neither the channels nor the size, $\text{skip}(x)$ is $x$ itself. Where it does, $x$ no longer fits the sum, and a
# convolution of 1 × 1 with the same stride, a *projection*, makes it fit.
#
# **The smallest example.** An image of one pixel with the value 2, one channel. Of each kernel only the middle weight meets it. Let `first` have the middle
# weight 3 and the bias −4: 3·2 − 4 = 2, and the ReLU leaves 2. Let `second` have −1 and 1: −1·2 + 1 = −1. The block gives 2 + (−1) = 1. With all
# weights and biases zero it gives 2: it does nothing, and that is the point.


# %% exercise="residual_block" minutes=12
class ResidualBlock(nn.Module):
    """Two convolutions and a way around: skip(x) + second(relu(first(x))); nothing follows the sum.

    Args:
        n_in, n_out: channels that come in and that go out.
        stride: of `first`, and of `skip`.

    The parts are called
        first:  nn.Conv2d from n_in to n_out, kernel 3, padding 1, with this stride;
        second: nn.Conv2d from n_out to n_out, kernel 3, padding 1, stride 1;
        skip:   nn.Identity(), or another module without parameters that returns x, where
                n_in == n_out and stride == 1; otherwise an nn.Conv2d from n_in
                to n_out, kernel 1, with this stride, without bias.

    forward takes (n, n_in, height, width) and returns (n, n_out, height', width'); with stride 1
    the size stays, with stride 2 it is halved and rounded up.

    Source: K. He and others, Identity mappings in deep residual networks, 2016: the bare sum (their
    blocks also have norms, and a ReLU in front of `first`).
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        fits = n_in == n_out and stride == 1
        self.skip = nn.Identity() if fits else nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return self.skip(x) + self.second(self.first(x).relu())
        ### END SOLUTION


def residual_row(channels: list[int]) -> nn.Module:
    """Return blocks in a row; [3, 3, 5] are two, from 3 channels to 3, then to 5. (Given.)"""
    pairs = zip(channels[:-1], channels[1:], strict=True)
    return nn.Sequential(*[ResidualBlock(n_in, n_out) for n_in, n_out in pairs])


# %% check="residual_block" points=8
with check("the value, by the formula", hint="Add the way around last; a ReLU stands between the convolutions only.") as rng:
    block, drawn = ResidualBlock(3, 3), torch.tensor(rng.normal(0, 20, size=(2, 3, 5, 4)), dtype=torch.float32)
    got_value, held = probes.output(block, drawn.clone()), probes.weights(block)
    inner = F.conv2d(drawn, held["first.weight"], held["first.bias"], padding=1).relu()
    wanted = drawn + F.conv2d(inner, held["second.weight"], held["second.bias"], padding=1)
    expect(got_value, wanted, tol=1e-4, what="the output")
with check("same channels, stride 1: two convolutions and nothing else", hint="nn.Identity() has no parameters."):
    wanted = {"first.weight": [4, 4, 3, 3], "first.bias": [4], "second.weight": [4, 4, 3, 3], "second.bias": [4]}
    expect(probes.parameters(ResidualBlock(4, 4)), wanted, what="the parameters")
with check(
    "all weights zero: the input comes out", needs="same channels, stride 1: two convolutions and nothing else",
    hint="What stands behind the sum? Negative values must come out too.",
) as rng:  # fmt: skip
    block, drawn = ResidualBlock(2, 2), torch.tensor(rng.normal(size=(3, 2, 4, 6)), dtype=torch.float32)
    probes.set_weights(block, {name: torch.zeros_like(value) for name, value in probes.weights(block).items()})
    expect(probes.output(block, drawn.clone()), drawn, what="the output of a block whose weights are zero")
with check("other channels: a projection", hint="n_in != n_out: kernel 1, from n_in to n_out, bias=False."):
    wanted = {"first.weight": [5, 2, 3, 3], "first.bias": [5], "second.weight": [5, 5, 3, 3], "second.bias": [5],
              "skip.weight": [5, 2, 1, 1]}  # fmt: skip
    expect(probes.parameters(ResidualBlock(2, 5)), wanted, what="the parameters")
    expect(list(probes.output(ResidualBlock(2, 5), torch.ones(3, 2, 4, 6)).shape), [3, 5, 4, 6], what="the shape")
    arrived = probes.gradients(ResidualBlock(2, 5), torch.ones(3, 2, 4, 6), torch.ones(3, 5, 4, 6))["skip.weight"]
    assert arrived is not None and arrived.abs().max() > 0, "The weights of the projection get no gradient: it never learns."
with check("another stride: a projection too", hint="The stride belongs to `first` and to `skip`, not to `second`.") as rng:
    block, drawn = ResidualBlock(3, 3, stride=2), torch.tensor(rng.normal(size=(2, 3, 7, 4)), dtype=torch.float32)
    got_value, held = probes.output(block, drawn.clone()), probes.weights(block)
    assert "skip.weight" in held, "With stride 2 the input does not fit the sum: the way around needs a projection."
    inner = F.conv2d(drawn, held["first.weight"], held["first.bias"], stride=2, padding=1).relu()
    wanted = F.conv2d(drawn, held["skip.weight"], stride=2)
    wanted = wanted + F.conv2d(inner, held["second.weight"], held["second.bias"], padding=1)
    expect(got_value, wanted, tol=1e-4, what="the output")
with check("the gradient passes a block whose weights are zero", hint="Add x itself: no detach, no no_grad, no copy.") as rng:
    two, one = residual_row([3, 3, 3]), residual_row([3, 3])
    start = {name: value for name, value in probes.weights(two).items() if name.startswith("0.")}
    probes.set_weights(one, start)
    late = {name: torch.zeros_like(value) for name, value in probes.weights(two).items() if name.startswith("1.")}
    probes.set_weights(two, late)
    drawn, aim = (torch.tensor(rng.normal(size=(4, 3, 5, 5)), dtype=torch.float32) for _ in range(2))
    behind, alone = (probes.gradients(net, drawn, aim)["0.first.weight"] for net in (two, one))
    expect(behind, alone, tol=1e-4, what="the gradient at the first block")
with check("the gradient of two blocks in a row", hint="It goes through the convolutions and around them: detach neither.") as rng:
    for last in (3, 2):  # the second block adds x itself, or its projection
        two = residual_row([3, 3, last])
        drawn = torch.tensor(rng.normal(size=(4, 3, 5, 5)), dtype=torch.float32)
        aim = torch.tensor(rng.normal(size=(4, last, 5, 5)), dtype=torch.float32)
        held, value = {name: w.clone().requires_grad_() for name, w in probes.weights(two).items()}, drawn
        for block in ("0", "1"):
            inner = F.conv2d(value, held[block + ".first.weight"], held[block + ".first.bias"], padding=1).relu()
            inner = F.conv2d(inner, held[block + ".second.weight"], held[block + ".second.bias"], padding=1)
            fits = value.shape == inner.shape
            assert fits or block + ".skip.weight" in held, "From 3 channels to 2 the way around needs a projection."
            value = inner + (value if fits else F.conv2d(value, held[block + ".skip.weight"]))
        F.mse_loss(value, aim).backward()
        got_gradient = probes.gradients(two, drawn, aim)["0.first.weight"]
        expect(got_gradient, held["0.first.weight"].grad, tol=1e-4, what="the gradient at the first block")
### BEGIN HIDDEN TESTS
with check("random channels and strides", hint="Try 2 to 3 channels with stride 3.", hidden=True) as rng:
    for turn in range(4):
        n_in, n_out, step = [(2, 2, 3), (1, 3, 1), *rng.integers(1, 5, (2, 3)).tolist()][turn]
        block = ResidualBlock(n_in, n_out, step)
        drawn = torch.tensor(rng.normal(0, 20, size=(2, n_in, 8, 9)), dtype=torch.float32)
        fits = n_in == n_out and step == 1
        assert ("skip.weight" in probes.parameters(block)) != fits, (
            "A projection stands where x fits the sum, or is missing where it does not."
        )
        sizes = {"first.weight": (n_out, n_in, 3, 3), "first.bias": n_out, "second.weight": (n_out, n_out, 3, 3), "second.bias": n_out}
        sizes |= {} if fits else {"skip.weight": (n_out, n_in, 1, 1)}
        held = {name: torch.tensor(rng.normal(0, 0.5, size), dtype=torch.float32) for name, size in sizes.items()}
        probes.set_weights(block, held)
        got_value = probes.output(block, drawn.clone())
        around = drawn if fits else F.conv2d(drawn, held["skip.weight"], stride=step)
        inner = F.conv2d(drawn, held["first.weight"], held["first.bias"], stride=step, padding=1).relu()
        expect(got_value, around + F.conv2d(inner, held["second.weight"], held["second.bias"], padding=1), tol=1e-4)
### END HIDDEN TESTS
grade("residual_block")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Build the three parts in `__init__`, as attributes with the names of the docstring; `forward` is one line, the formula.
#
# </details>
# <details><summary>Hint 2</summary>
#
# When does `x` fit the sum? Only if `n_in == n_out` *and* `stride == 1`. Then `skip` is `nn.Identity()`.
#
# </details>
# <details><summary>Hint 3: nearly the solution</summary>
#
# `self.skip = nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)` where it does not fit, and in `forward`
# `return self.skip(x) + self.second(self.first(x).relu())`.
#
# </details>
#
# The blocks of the first paper hold a batch normalisation behind each convolution and a ReLU behind the sum, so that with zero weights
# they give $\text{relu}(x)$. In their next paper the same authors left the sum bare, as you did ("Identity mappings in deep residual
# networks", 2016). A Transformer layer is two residual blocks in a row: $x$ plus attention, then $x$ plus the feed-forward part. PyTorch's layer puts
# a normalisation behind each sum (*post-norm*) unless you say `norm_first=True`. *Pre-norm* puts it in front of the attention and of the
# feed-forward part, and leaves the sums bare (R. Xiong and others, "On layer normalization in the Transformer architecture", 2020).
#
# **Why it matters.** It is a standard task at the whiteboard, and the projection is easily left out.
# [What does a residual connection do?](#What-does-a-residual-connection-do?)

# %% [markdown]
# ## Choosing under a budget
#
# Several networks could do. Each has an accuracy, a memory, and a time for one prediction. One candidate **dominates** another if it is at
# least as good in all three, and better in at least one. Nobody needs a dominated candidate. The others form the **Pareto front**: to gain
# in one of the three you must give in another. Which point of the front you take is not a question of machine learning. It is decided by
# what you have.
#
# **The smallest example.** A: score 0.9, memory 5, time 2. B: score 0.8, memory 5, time 3. A dominates B: better score, same memory, less
# time. C: score 0.7, memory 1, time 3: it takes less memory than A, so it stays. The front is A, C. If you have only a memory of 4, C is the
# best that fits.
#
# ### The front and the best that fits
#
# *Implement · 10 minutes · difficulty: two of three*


# %% exercise="budget" minutes=10
def pareto_front(candidates: list[dict]) -> list[str]:
    """Return the names of the candidates that no other dominates, in the order given.

    Args:
        candidates: each {"name", "score" (higher is better), "memory", "time" (lower is better)}.
            Two that are equal in all three do not dominate each other. The list is not modified.

    Returns:
        The names. A, B, C of the lesson give ["A", "C"].
    """

    ### BEGIN SOLUTION
    def values(candidate):  # lower is better, in all three
        return np.array([-candidate["score"], candidate["memory"], candidate["time"]])

    def dominates(one, other):
        return (values(one) <= values(other)).all() and (values(one) < values(other)).any()

    return [c["name"] for c in candidates if not any(dominates(other, c) for other in candidates)]
    ### END SOLUTION


def best_that_fits(candidates: list[dict], memory: float, time: float) -> str | None:
    """Return the name of the candidate with the highest score within both limits.

    Args:
        candidates: as above.
        memory, time: the limits; a candidate that reaches a limit exactly fits.

    Returns:
        The name; among equal scores the one with less memory, then less time. None if none fits.
    """
    ### BEGIN SOLUTION
    fitting = [c for c in candidates if c["memory"] <= memory and c["time"] <= time]
    if not fitting:
        return None
    return min(fitting, key=lambda c: (-c["score"], c["memory"], c["time"]))["name"]
    ### END SOLUTION


# %% check="budget" points=12
with check("front: the example", hint="A candidate leaves the front only if some other one is at least as good in all three."):
    three = [{"name": "A", "score": 0.9, "memory": 5, "time": 2}, {"name": "B", "score": 0.8, "memory": 5, "time": 3},
             {"name": "C", "score": 0.7, "memory": 1, "time": 3}]  # fmt: skip
    expect(pareto_front(three), ["A", "C"], what="the front")
with check("front: in the order given", hint="Go through the candidates as they come; do not sort them."):
    expect(pareto_front([three[2], three[1], three[0]]), ["C", "A"], what="the front")
with check("front: each of the three can save a candidate", hint="Compare score, memory and time, all of them."):
    for better in ({"score": 0.6}, {"memory": 1}, {"time": 1}):
        pair = [{"name": "big", "score": 0.5, "memory": 4, "time": 4}, {"name": "small", "score": 0.4, "memory": 5, "time": 5} | better]
        expect(pareto_front(pair), ["big", "small"], what=f"the front when only {next(iter(better))} is better")
with check("front: equal in two, better in one", hint="Dominating needs one strictly better value, not three."):
    for better in ({"score": 0.6}, {"memory": 3}, {"time": 3}):
        pair = [{"name": "old", "score": 0.5, "memory": 4, "time": 4}, {"name": "new", "score": 0.5, "memory": 4, "time": 4} | better]
        expect(pareto_front(pair), ["new"], what=f"the front when only {next(iter(better))} differs")
with check("front: twins both stay", hint="Equal in all three: neither is better in anything."):
    twins = [{"name": n, "score": 0.5, "memory": 4, "time": 4} for n in ("left", "right")]
    expect(pareto_front(twins), ["left", "right"], what="the front")
with check("best: the example", hint="First drop what does not fit, then take the highest score."):
    expect(best_that_fits(three, 4, 9), "C", what="the best that fits")
    expect(best_that_fits(three, 9, 9), "A", what="the best that fits")
with check("best: the time counts too", hint="Both limits must hold."):
    quick = [{"name": "slow", "score": 0.9, "memory": 1, "time": 8}, {"name": "quick", "score": 0.3, "memory": 1, "time": 1}]
    expect(best_that_fits(quick, 5, 7), "quick", what="the best that fits")
with check("best: a limit reached exactly still fits", hint="Use <=, twice."):
    expect(best_that_fits(three, 5, 2), "A", what="the best that fits")
with check(
    "best: nothing fits", hint="Return None when the list of those that fit is empty.", needs="best: the example"
):
    expect(best_that_fits(three, 0.5, 9), None, what="the answer")
with check("best: ties go to less memory, then to less time", hint="Sort by -score, then memory, then time."):
    ties = [{"name": "a", "score": 0.5, "memory": 3, "time": 1}, {"name": "b", "score": 0.5, "memory": 2, "time": 4},
            {"name": "c", "score": 0.5, "memory": 2, "time": 3}]  # fmt: skip
    expect(best_that_fits(ties, 9, 9), "c", what="the best that fits")
### BEGIN HIDDEN TESTS
with check("random candidates: the front", hint="Try a handful of your own, with ties.", hidden=True) as rng:
    for turn in range(8):
        drawn = [{"name": f"n{i}", "score": int(rng.integers(4)) / 4 - 0.5, "memory": int(rng.integers(4)), "time": int(rng.integers(4))}
                 for i in range(turn + 1)]  # fmt: skip
        drawn.append(drawn[0] | {"name": "twin"})
        wanted = []
        for mine in drawn:
            beaten = False
            for other in drawn:
                gains = [other["score"] - mine["score"], mine["memory"] - other["memory"], mine["time"] - other["time"]]
                beaten = beaten or (min(gains) >= 0 and max(gains) > 0)
            wanted += [] if beaten else [mine["name"]]
        expect(pareto_front(drawn), wanted, what="the front")
with check("random candidates: the best", hint="Try limits that some candidates reach exactly.", hidden=True) as rng:
    for _ in range(30):
        drawn = [{"name": f"n{i}", "score": int(rng.integers(3)) / 4 - 1, "memory": int(rng.integers(4)), "time": int(rng.integers(4)) + i / 16}
                 for i in range(5)]  # fmt: skip
        fits = sorted((-c["score"], c["memory"], c["time"], c["name"]) for c in drawn if not (c["memory"] > 2 or c["time"] > 2))
        expect(best_that_fits(drawn, 2, 2), fits[0][3] if fits else None, what="the best that fits")
        expect(best_that_fits(drawn, 9, -1), None, what="the best that fits")
### END HIDDEN TESTS
grade("budget")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Make all three "lower is better" by taking minus the score. Then a candidate is three numbers, and dominating is `<=` in all and not equal.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the best: `min(fitting, key=lambda c: (-c["score"], c["memory"], c["time"]))`. Python compares such triples from left to right.
#
# </details>
#
# **Why it matters.** "The best model" is half a sentence; the other half is the budget.
# [How do you choose a neural network architecture?](#How-do-you-choose-a-neural-network-architecture?)

# %% [markdown]
# ## Ten scenarios
#
# Three things that this bake-off leaves out.
#
# **Baselines and tables.** On medium-sized tables, tree ensembles beat the deep networks of the time more often than not (L. Grinsztajn, E. Oyallon
# and G. Varoquaux, "Why do tree-based models still outperform deep learning on typical tabular data?", 2022). Since then networks that were
# *pretrained on tables* have come up, such as TabPFN: it reads the training rows as its input and predicts without any training of your own (N. Hollmann
# and others, "Accurate predictions on small data with a tabular foundation model", 2025). A benchmark that is kept up to date finds boosted trees still
# strong, deep networks level with them when they get much time and are ensembled, and pretrained models ahead on smaller tables (N. Erickson and
# others, "TabArena: A living benchmark for machine learning on tabular data", 2025). So measure three: a linear model, boosted trees, and a
# pretrained tabular model if its licence and its limits on size allow it.
#
# **Pretrained first.** With little data of your own, a network whose weights were trained on much other data usually beats the same network from
# scratch (S. Kornblith, J. Shlens and Q. Le, "Do better ImageNet models transfer better?", 2019, for photos). For photos these are residual networks,
# their modern relatives (Z. Liu and others, "A ConvNet for the 2020s", 2022) or vision Transformers.
#
# **Between RNN and Transformer.** A *state-space model* carries a state of fixed size along, like a GRU, but its update is linear in the state. So training
# can work on all places at once, as attention does, and the cost grows linearly with the length (A. Gu and T. Dao, "Mamba: Linear-time sequence
# modeling with selective state spaces", 2023). What does not fit into the state is lost: in a comparison at eight billion parameters such models
# were behind Transformers in copying from the context, and a *hybrid*, with a few attention layers between the state-space layers, was ahead of
# the Transformer (R. Waleffe and others, "An empirical study of Mamba-based language models", 2024). Since then there have been large language models of this
# kind, such as Nemotron-H (A. Blakeman and others, "Nemotron-H: A family of accurate and efficient hybrid Mamba-Transformer models", 2025).
#
# ### Choose for ten problems
#
# *Choose one · 20 minutes · difficulty: two of three*
#
# For each, choose what you would try **first**.
#
# **`table`.** Eight hundred customers, thirty columns, numbers and categories mixed; who will leave?
#
# - (a) A Transformer over the columns, trained from scratch on the eight hundred rows.
# - (b) A logistic regression and boosted trees, then a pretrained tabular model against both.
# - (c) A pretrained tabular model alone: tables of this size are where such models are reported to be ahead, so baselines are a waste of time.
# - (d) An MLP with an embedding for each category and a careful search for its learning rate.
#
# **`photos`.** Four hundred photos of machine parts, five kinds of defect, one ordinary graphics card.
#
# - (a) A vision Transformer from scratch; heavy augmentation makes up for the small number of photos.
# - (b) A model for images and text that is given the five names and no training, since four hundred photos are too few for any.
# - (c) A CNN from scratch: its inductive bias fits images, and it learns nothing from foreign photos that would have to be unlearned.
# - (d) A pretrained image network, fine-tuned on the photos with augmentation.
#
# **`keyword`.** A battery-powered chip with very little memory must hear one word in a stream of sound.
#
# - (a) A small convolutional network on spectrograms, chosen by the peak of weights and activations together.
# - (b) The smallest pretrained speech model, its weights rounded to one byte each.
# - (c) A convolutional network on the raw samples, which saves the computing of spectrograms.
# - (d) The convolutional network with the fewest parameters among those that are accurate enough.
#
# **`stream`.** A sensor runs for months. At each step a decision is due, memory must not grow, and what matters may lie days back.
#
# - (a) A Transformer with a KV cache, so that nothing is computed twice.
# - (b) A convolution along time with dilations, over the last hour of values.
# - (c) A GRU or a state-space layer that carries a state of fixed size.
# - (d) A bidirectional GRU, which was the most accurate on last year's recordings.
#
# **`text`.** Two thousand labelled support messages, eight topics.
#
# - (a) Fine-tune the largest pretrained encoder that fits on the card: pretrained models know the language already.
# - (b) TF-IDF and sentence embeddings, each with a linear model, beside a prompted language model, all measured.
# - (c) Describe the eight topics to a large language model and use its answers: labels and training are not needed any more.
# - (d) A GRU with embeddings from scratch, small enough for two thousand messages and tuned with care.
#
# **`basket`.** Predict from the contents of a shopping basket: a list in no particular order, each item with its price, weight and category. New items
# appear every week.
#
# - (a) A GRU over the items, sorted by their names, so that each basket has one order only.
# - (b) An encoder with positions, and in every epoch each basket in another random order.
# - (c) A linear model on a column for each item, which counts how often the item is in the basket.
# - (d) Each item through the same network, then a sum over the basket, then a second network.
#
# **`memory`.** Full fine-tuning of a model of seven billion parameters with Adam runs out of memory, already at batch size one with short texts.
#
# - (a) Mixed precision, with weights and gradients in two bytes.
# - (b) Checkpoint the activations and compute them again in the backward pass.
# - (c) Train few weights only: freeze most of them, or add adapters.
# - (d) FlashAttention, whose memory grows only linearly with the length.
#
# **`channels`.** A device stores the channels of each measurement in an order that nobody knows, the same for all measurements.
#
# - (a) An MLP or boosted trees.
# - (b) A CNN along the channels.
# - (c) A GRU along the channels.
# - (d) A CNN with a larger kernel.
#
# **`locate`.** Mark each pixel of a photo that shows a crack.
#
# - (a) A pretrained image network with its global average, fine-tuned to say crack or no crack.
# - (b) A U-Net with a pretrained encoder: a decoder, and skips between layers of equal size.
# - (c) Convolutions that keep the full size from the input to the output, without a stride.
# - (d) A pretrained image network without its head, its coarse output enlarged to the size of the photo.
#
# **`depth`.** A plain network of fifty layers ends with a *higher training loss* than one of ten, from the same data.
#
# - (a) It overfits, as deep networks do: add dropout.
# - (b) It needs more time: train three times as long.
# - (c) It lacks capacity: widen the layers.
# - (d) It is hard to train: add residual connections and normalisation.

# %% exercise="scenarios" minutes=20
### BEGIN SOLUTION
decisions = {
    "table": "b", "photos": "d", "keyword": "a", "stream": "c", "text": "b",
    "basket": "d", "memory": "c", "channels": "a", "locate": "b", "depth": "d",
}  # fmt: skip
### END SOLUTION
### BEGIN RELEASE
# decisions = {
#     "table": ..., "photos": ..., "keyword": ..., "stream": ..., "text": ...,
#     "basket": ..., "memory": ..., "channels": ..., "locate": ..., "depth": ...,
# }
### END RELEASE

# %% check="scenarios" points=10
with check("1 table", hint="What is cheap and strong, and what tells you whether something dearer is worth it?"):
    expect_choice(decisions["table"], "b", {
        "a": "Little data, and no structure for attention to use. Pretrained on other tables it is another matter.",
        "b": "Two cheap baselines, strong on tables and at ease with mixed columns; then what the reports of 2025 see ahead on small tables.",
        "c": "It may well win here. But without a baseline you do not know by how much, or whether the linear model would have done.",
        "d": "It may do. But nothing cheaper stands beside it, and it needs the most care of the four.",
    })  # fmt: skip
with check("2 photos", hint="Four hundred images are few. Who has seen more, and what are your labels for?"):
    expect_choice(decisions["photos"], "d", {
        "a": "Augmentation adds views of the same four hundred photos. A network that takes little for granted needs more than that.",
        "b": "A baseline worth measuring, and no more: it makes no use of your four hundred labels.",
        "c": "The right inductive bias. But edges and textures need not be learned from four hundred photos, and nothing has to be unlearned.",
        "d": "Edges, textures and shapes are there already, and your labels adapt them. It fits on one card.",
    })  # fmt: skip
with check("3 keyword", hint="What takes memory on the chip: weights, and what is kept between layers. Add them up."):
    expect_choice(decisions["keyword"], "a", {
        "a": "Shared weights are few, patterns in a spectrogram are local, and you have counted beforehand that both parts fit.",
        "b": "One byte each divides by four. With tens of millions of parameters that still makes tens of megabytes.",
        "c": "Thousands of samples a second make the activations of the first layers large; a spectrogram is the cheaper first layer.",
        "d": "Parameters alone are the wrong number: a convolution with few weights can have the largest activations.",
    })  # fmt: skip
with check("4 stream", hint="What does each candidate have to keep from the past, and how far back can it look?"):
    expect_choice(decisions["stream"], "c", {
        "a": "The cache saves arithmetic. It grows with every step.",
        "b": "Its memory is fixed, and it trains well. But nothing from before its window can count.",
        "c": "Constant memory, constant work a step, and it can carry something for days, if it learns to.",
        "d": "Recordings have a future. Its second half reads from it, and at the sensor it has not happened yet.",
    })  # fmt: skip
with check("5 text", hint="What would you compare the expensive answer with?"):
    expect_choice(decisions["text"], "b", {
        "a": "It may be best in the end. Without something cheap beside it you do not know what the size has bought.",
        "b": "An afternoon for all three, and then you know what is left to gain by fine-tuning.",
        "c": "A candidate, yes. But how good it is only your labels can tell, and each message costs time and money for ever.",
        "d": "It must learn the language from two thousand messages, while others bring it along.",
    })  # fmt: skip
with check("6 basket", hint="The answer must not change with the order, and must exist for an item that is new."):
    expect_choice(decisions["basket"], "d", {
        "a": "One more item moves all that follow it, so the places still have to be learned as meaningless.",
        "b": "It learns from examples, and nearly, what a sum has exactly and for nothing.",
        "c": "It does not know the order, which is right. But a new item has no column, and what the items cost and weigh is not used.",
        "d": "Invariant by construction: a sum does not know the order of its terms (M. Zaheer and others, Deep sets, 2017).",
    })  # fmt: skip
with check("7 memory", hint="Count the bytes a parameter. Which measure makes these fewer?"):
    expect_choice(decisions["memory"], "c", {
        "a": "Two bytes each for these, and a float32 copy and two float32 states beside them: 16 bytes a parameter again.",
        "b": "At batch size one with short texts, the activations are not the large part.",
        "c": "Gradients and optimizer states are needed only for what is trained, and these are the large part.",
        "d": "With short texts the table of pairs is small. Weights, gradients and states do not depend on the length.",
    })  # fmt: skip
with check("8 channels", hint="Which of these does not care about an unknown, fixed order?"):
    expect_choice(decisions["channels"], "a", {
        "a": "A weight (or a split) for each channel: a fixed shuffling changes nothing.",
        "b": "It relies on neighbours, and neighbours here are strangers.",
        "c": "It reads channel by channel with the same weights, as if each meant the same.",
        "d": "More strangers at once.",
    })  # fmt: skip
with check("9 locate", hint="If the crack moves, the output should move; and it takes a wide view to tell a crack from a scratch."):
    expect_choice(decisions["locate"], "b", {
        "a": "A global average is invariant: it says whether there is a crack, and forgets where.",
        "b": "The encoder sees far, the skips bring back what is fine (O. Ronneberger, P. Fischer and T. Brox, U-Net, 2015).",
        "c": "Sharp and equivariant. But each layer of 3 by 3 widens the field by two pixels only, and every activation has the full size.",
        "d": "It sees far, and blurs: where exactly was lost in the strides, and nothing brings it back.",
    })  # fmt: skip
with check("10 depth", hint="The *training* loss is higher. Is that overfitting? And what could fifty layers not express that ten can?"):
    expect_choice(decisions["depth"], "d", {
        "a": "An overfitted network has a low training loss. This one fits worse even what it has seen.",
        "b": "A fair guess. He and others trained three times as long, and the deeper network stayed behind.",
        "c": "Capacity is not what is missing: fifty layers can express what ten can, by doing nothing in forty of them.",
        "d": "Each block only has to learn a change to its input; He and others built residual networks for this very observation.",
    })  # fmt: skip
grade("scenarios")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each ask three questions. Which symmetry does the problem have: shift, order, none? How much data is there, and has somebody else
# trained on more? Which of the four parts of memory, or which time, is the limit?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Cross out whatever takes something for granted that the problem does not have. Then cross out what the budget forbids. Of the rest, take
# the cheapest first, and keep something to compare it with.
#
# </details>
#
# **Why it matters.** Interviewers describe a problem and leave out the name of the network on purpose.
# [How do you choose a neural network architecture?](#How-do-you-choose-a-neural-network-architecture?),
# [Which model do you choose for a table?](#Which-model-do-you-choose-for-a-table?) and
# [RNN or Transformer?](#RNN-or-Transformer?)

# %% [markdown]
# ### Answer a proposal
#
# *Write · 15 minutes · difficulty: three of three · graded by a person*
#
# A colleague writes: "We should replace our CNN by a Transformer. I trained a Transformer with ten times as many parameters on our 700
# images, tuned its learning rate for a week, and its best run is one point better than the CNN's run from last year. It also needs fewer FLOPs,
# so it will be faster." Answer in 150 to 250 words: what can be concluded, what not, and what you propose to run.
#
# **How it is graded, one point each:**
#
# 1. Names what is unequal in the comparison, all of it, and what to do instead.
# 2. Says what the two runs that are compared can prove, and what would be evidence.
# 3. Judges the sentence about speed, and says how to settle it.
# 4. Asks for the reason why one of the two should be better on these images, and says what would change it.
# 5. Proposes a concrete plan: candidates, budget, and a rule for deciding.

# %% [markdown] exercise="proposal" points=5 minutes=15 manual=true
# Thank you for trying this. I cannot conclude yet that the Transformer is better, for four reasons.
#
# **The budgets differ.** It has ten times as many parameters, and a week of tuning that the CNN never had. Let us give both the same
# parameters, or the same memory and time, and the same number of tried settings, chosen on the validation part.
#
# **One run is not a result.** The best of many runs, against a single run of another year, shows mostly the luck of choosing. I propose
# five seeds each, mean and spread, and the test part once at the end.
#
# **FLOPs are not seconds.** The kernels, the memory traffic and the batch size decide. We measure time and peak memory on the machine that will
# run it.
#
# **Why should it win?** Our images are few, and what matters in them is local and may be anywhere. A convolution has that
# built in; a Transformer from scratch must learn it. If it is pretrained, that changes, but then the CNN should be pretrained too.
#
# **Plan.** Three candidates: the CNN, the Transformer at equal parameters, and a pretrained model fine-tuned; beside them a linear
# baseline. Same data, same augmentation, three learning rates each, five seeds. We switch if the mean gain on the validation part is larger than the
# spread between seeds, and time and memory stay within today's limits. We write this rule down before we start.

# %% [markdown]
# ## The answer
#
# *"Which neural network would you choose for this problem, and why?"* Say it aloud first, then compare.
#
# **In half a minute.** "I ask what the data have: neighbours, order, a symmetry, or only columns. I choose the network that has this
# built in: convolution for what is local and may be anywhere, recurrence or attention with positions for order, a sum for sets; for tables trees, and
# a pretrained tabular model beside them. Before that, a simple baseline, and a pretrained model where there is one. I count on paper whether it
# fits: parameters, FLOPs, and memory with activations. Then I compare few candidates at equal budgets, with several seeds, and take the best that the budget allows."
#
# **When they press you.** You have shown each of these:
#
# - A convolution is equivariant because it is a sum of shifted copies; padding, strides and pooling weaken this, flatten throws it away
#   ([What a convolution takes for granted](#What-a-convolution-takes-for-granted)).
# - Attention without positions does not know the order; a GRU cannot help knowing it ([What order tells](#What-order-tells)).
# - An MLP does not notice shuffled pixels ([What an MLP takes for granted](#What-an-MLP-takes-for-granted)).
# - Parameters, arithmetic and memory are three different costs ([Counting arithmetic](#Counting-arithmetic),
#   [The memory of training](#The-memory-of-training)).
# - At equal parameters and after 140 updates the CNN beat the MLP on shifts, the GRU was best on order, and shuffling did not touch the MLP. On plain
#   digits a linear model was within 0.03 of the MLP. The Transformer first underfitted, then overfitted ([The bake-off](#The-bake-off)).
# - A block with a way around does nothing when its weights are zero ([Write a residual block](#Write-a-residual-block)).
#
# **What the usual answer gets wrong.** It names a type of network for a type of data and stops. It gives no reason, so it has no answer when the
# problem is new. It forgets baselines and pretrained weights, speaks of "compute" without a number, takes parameters for time, and
# calls the latest architecture the best. And it explains a bad result without a look at the training loss.

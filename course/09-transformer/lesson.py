# %% [markdown] needs=["03-architectures"]
# # The Transformer, part by part
#
# *"Explain self-attention, and write a Transformer."*
#
# Many can draw the picture. Few can say what breaks when one part of it is wrong, because most wrong Transformers
# raise no error: the shapes fit, the loss falls, and the model is worse than it should be. In this unit you write
# every part of a Llama-like model, on paper and then in code, and compare each with a library. At the end your own
# modules load the weights of real models. Then you break one part at a time, and say beforehand what it will cost.
#
# **Time.** Plan 300 minutes: 188 minutes of exercises, the rest for reading. Stop after any section; later exercises
# use functions that you wrote in earlier ones.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with Shift + Enter.
# Hints of growing strength stand below. Some checks are hidden and run only when the notebook is graded: they vary
# the inputs and ask for nothing new. What you write leaves its arguments as they were.
# `F.scaled_dot_product_attention` and its like would pass many of the checks, and teach nothing. You need PyTorch's
# tensors, what a linear layer and a softmax are, and how an `nn.Module` is written.
#
# **Shapes** are the language of this unit: `n` texts in a batch, `n_tokens` in each, `d_model` numbers for each
# token; a head has `d_head` of them. A linear layer is `y = x @ W.T`, with `W` of shape (out, in), as PyTorch stores
# it.

# %%
import functools
import math

import torch
import torch.nn.functional as F
from torch import nn

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots, probes

torch.set_num_threads(1)  # models this small lose more by sharing their work than they gain

# %% [markdown]
# ## Attention on three tokens
#
# A token arrives as a vector. **Self-attention** mixes the vectors of a text: each token becomes a weighted average
# over all tokens, and the weights come from comparing them. Three linear layers make three vectors from each token:
#
# - the **query** $q$: what this token looks for,
# - the **key** $k$: what it offers to be found by,
# - the **value** $v$: what it hands over when it is found.
#
# Token $i$ compares its query with every key, by a dot product. The **scores** are divided by the square root of $d$,
# the number of entries of a query. A softmax turns them into weights that are positive and add up to one, and the
# weights average the values:
#
# $$w_{ij} = \frac{e^{s_{ij}}}{\sum_m e^{s_{im}}}, \qquad s_{ij} = \frac{q_i \cdot k_j}{\sqrt d}, \qquad o_i = \sum_j w_{ij}\, v_j .$$
#
# This is *scaled dot-product attention* (A. Vaswani and others, "Attention is all you need", 2017).
#
# **The smallest example.** Let $d = 1$. A query 1 meets the keys 0 and $\ln 3$, so the scores are 0 and $\ln 3$.
# Their exponentials are 1 and 3, so the weights are 1/4 and 3/4. With the values 8 and 4 the output is 8/4 + 12/4
# = 5. Logarithms as entries keep softmax in fractions: remember $e^{\ln a + \ln b} = ab$ and $e^{2 \ln a} = a^2$.
#
# ### Three tokens by hand
#
# *By hand · 8 minutes · difficulty: one of three*
#
# Three tokens with $d = 4$, so that the root is 2. The queries of the second and of the third token:
#
# $$q_2 = (2\ln 3,\; 0,\; 0,\; 2 \ln 2), \qquad q_3 = (2\ln 2,\; 2\ln 3,\; 0,\; 0)$$
#
# | token | key | value |
# |---|---|---|
# | 1 | (0, 0, 1, 0) | (9, 0) |
# | 2 | (1, 0, 0, 1) | (0, 9) |
# | 3 | (1, 1, 0, 0) | (3, 3) |
#
# Give, as fractions such as `2 / 7`:
#
# - `"weights_3"`: the three weights of the third token,
# - `"output_3"`: its output, two numbers,
# - `"unscaled_3"`: its weights if one forgets to divide by the root,
# - `"causal_2"`: the weights of the *second* token if it may look at the first token and at itself, but not at the
#   third. What it must not see is left out *before* the softmax, so the weights still add up to one, and the third
#   is 0.

# %%
Q_hand = torch.tensor([[2 * math.log(3), 0, 0, 2 * math.log(2)],
                       [2 * math.log(2), 2 * math.log(3), 0, 0]], dtype=torch.float64)  # fmt: skip
K_hand = torch.tensor([[0.0, 0, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0]], dtype=torch.float64)
V_hand = torch.tensor([[9.0, 0], [0, 9], [3, 3]], dtype=torch.float64)

# %% exercise="attention_by_hand" minutes=8
### BEGIN SOLUTION
on_paper = {
    "weights_3": [1 / 9, 2 / 9, 6 / 9],
    "output_3": [3, 4],
    "unscaled_3": [1 / 41, 4 / 41, 36 / 41],
    "causal_2": [1 / 7, 6 / 7, 0],
}
### END SOLUTION
### BEGIN RELEASE
# on_paper = {
#     "weights_3": [..., ..., ...],
#     "output_3": [..., ...],
#     "unscaled_3": [..., ..., ...],
#     "causal_2": [..., ..., ...],
# }
### END RELEASE

# %% check="attention_by_hand" points=5
with check("the weights of the third token", hint="Three dot products, each divided by 2, then three exponentials and their sum."):
    exps = torch.exp(K_hand @ Q_hand[1] / math.sqrt(4))
    expect(list(on_paper["weights_3"]), (exps / exps.sum()).tolist(), what="the list of your weights", tell=False)
with check("the output of the third token", hint="Weight times value, added up over the three tokens, for each of the two entries."):
    exps = torch.exp(K_hand @ Q_hand[1] / math.sqrt(4))
    expect(list(on_paper["output_3"]), ((exps / exps.sum()) @ V_hand).tolist(), what="your output", tell=False)
with check("the weights without the root", hint="Each score is twice as large, so each exponential is squared."):
    exps = torch.exp(K_hand @ Q_hand[1])
    expect(list(on_paper["unscaled_3"]), (exps / exps.sum()).tolist(), what="the list of your weights", tell=False)
with check("the second token does not see the third", points=2, hint="Only two exponentials enter the sum, and the third weight is 0."):
    exps = torch.exp(K_hand @ Q_hand[0] / math.sqrt(4)) * torch.tensor([1.0, 1.0, 0.0])
    expect(list(on_paper["causal_2"]), (exps / exps.sum()).tolist(), what="the list of your weights", tell=False)
grade("attention_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The dot product of $q_3$ with the third key is $2 \ln 2 + 2 \ln 3$. Divided by the root of 4 it is $\ln 2 + \ln 3$.
# What is $e$ to that?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The exponentials of the third token are 1, 2 and 6. Divide each by their sum. Without the root they are 1, 4 and the
# square of 6.
#
# </details>
#
# **Why it matters.** Whoever has done it once on paper does not mix up what is normalised: each row of weights adds
# up to one, one row a query. [How is self-attention computed?](#How-is-self-attention-computed?)

# %% [markdown]
# ### Attention in code
#
# *Implement · 14 minutes · difficulty: two of three*
#
# Now for any number of tokens, texts and heads at once: whatever stands in front of the last two axes is carried
# along. Queries and keys may differ in number, as in a decoder that asks an encoder; then the table of weights has
# `n_queries` rows and `n_keys` columns.
#
# A **mask** is a table of the same size, `True` where the query may look at the key. A hidden key gets the weight 0,
# and the others add up to one, as on paper. Two cases need a decision:
#
# - **A row without any `True`.** There is nothing to average. A softmax over nothing is 0/0, which is `nan`, and one
#   `nan` spreads through every later layer. We take zeros for the output, as PyTorch's function does (seen in version
#   2.13, 2026).
# - **A mask of numbers.** In some libraries 1 means "look", in others it means "hide", and in others a mask is
#   *added* to the scores. A mask that is not of dtype `bool` is refused.
#
# **Mind the large scores.** The exponential of 1000 overflows. `torch.softmax` subtracts the largest score first; if
# you write the exponentials yourself, do the same.


# %% exercise="attention" minutes=14
def attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Scaled dot-product attention.

    Args:
        q: queries (..., n_queries, d), floats.
        k: keys (..., n_keys, d).
        v: values (..., n_keys, d_value).
        mask: bool, of a shape that stretches to (..., n_queries, n_keys); True where the query may
            look at the key. None: everywhere.

    Returns:
        (..., n_queries, d_value), of the dtype of q; zeros where a query may look at nothing. The
        query 1 of the smallest example (keys 0 and ln 3, values 8 and 4) gets 5.

    Raises:
        ValueError: the mask is not of dtype bool.

    Source: A. Vaswani and others, "Attention is all you need", 2017.
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is None:
        return torch.softmax(scores, dim=-1) @ v
    if mask.dtype != torch.bool:
        raise ValueError(f"a mask is of dtype bool, this one of {mask.dtype}")
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
    return weights @ v
    ### END SOLUTION


# %% check="attention" points=9
with check("the examples on paper", hint="Scores, root, softmax over the keys (the last axis), then times v."):
    two_keys = torch.tensor([[0.0], [math.log(3)]], dtype=torch.float64), torch.tensor([[8.0], [4.0]], dtype=torch.float64)
    expect(attention(torch.ones(1, 1, dtype=torch.float64), *two_keys), torch.tensor([[5.0]], dtype=torch.float64))
    three = [t.clone() for t in (Q_hand, K_hand, V_hand)]
    expect(attention(*three), F.scaled_dot_product_attention(Q_hand, K_hand, V_hand), what="the output of the second and third token")
with check("more keys than queries, as torch computes it", hint="The softmax runs over the keys: every row of weights adds up to one.") as rng:
    drawn = [torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in ((3, 6), (5, 6), (5, 2))]
    expect(attention(*drawn), F.scaled_dot_product_attention(*drawn))
with check("texts and heads in front are carried along", hint="`k.transpose(-2, -1)` swaps the last two axes only; `.T` swaps all.") as rng:
    drawn = [torch.tensor(rng.normal(size=(2, 3, 4, 6))) for _ in range(3)]
    expect(attention(*drawn), F.scaled_dot_product_attention(*drawn))
with check("what is hidden has no say", hint="Give hidden scores a very low number before the softmax, not a zero, and not after it.") as rng:
    drawn = [torch.tensor(rng.normal(size=s)) for s in ((4, 6), (5, 6), (5, 2))]
    seen = torch.tensor([[1, 0, 0, 1, 1], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 0]], dtype=torch.bool)
    expect(attention(*drawn, seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen))
    expect(attention(*drawn, mask=seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen))
with check("one mask for all heads of a text", hint="Leave it to broadcasting: (n, 1, n_queries, n_keys) fits (n, n_heads, ...).") as rng:
    drawn = [torch.tensor(rng.normal(size=(2, 3, 4, 6))) for _ in range(3)]
    seen = torch.tensor(rng.random((2, 1, 4, 4)) < 0.6)
    seen[..., 0] = True
    expect(attention(*drawn, seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen))
with check(
    "a row with nothing to look at gives zeros", needs="what is hidden has no say",
    hint="A softmax over minus infinities is nan. Look for rows without any True (`mask.any(-1)`), or multiply the weights by the mask.",
) as rng:  # fmt: skip
    drawn = [torch.tensor(rng.normal(size=(3, 4))) for _ in range(3)]
    seen = torch.tensor([[True, True, False], [False, False, False], [False, True, True]])
    got_rows = attention(*drawn, seen)
    expect(got_rows[1], torch.zeros(4, dtype=torch.float64), what="the row with nothing to look at")
    expect(got_rows, F.scaled_dot_product_attention(*drawn, attn_mask=seen))
    drawn = [torch.tensor(rng.normal(size=(2, 3, 4, 6))) for _ in range(3)]
    seen = torch.ones(2, 1, 4, 4, dtype=torch.bool).tril()
    seen[1, :, :, :2] = False  # the second text begins with two tokens of padding
    expect(attention(*drawn, seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen), what="the output with texts and heads in front")
with check("scores in the thousands", hint="Subtract the largest score of the row before the exponential, as torch.softmax does. What is hidden must lie below every score.") as rng:
    drawn = [torch.tensor(rng.normal(size=(4, 8)), dtype=torch.float32) for _ in range(3)]
    expect(attention(3000 * drawn[0], *drawn[1:]), F.scaled_dot_product_attention(3000 * drawn[0], *drawn[1:]), tol=1e-4)
    low = torch.tensor([[-5000.0]]), torch.tensor([[3.0], [5.0], [4.0]]), torch.tensor([[1.0], [2.0], [3.0]])
    seen = torch.tensor([[False, True, True]])
    expect(attention(*low, seen), F.scaled_dot_product_attention(*low, attn_mask=seen), what="the output where scores are as low as -25000")
with check("a mask of numbers is refused", hint="Ask for `mask.dtype != torch.bool`.", needs="what is hidden has no say") as rng:
    drawn = [torch.tensor(rng.normal(size=(3, 4))) for _ in range(3)]
    for numbers in (torch.ones(3, 3), torch.ones(3, 3, dtype=torch.int64), torch.zeros(3, 3, dtype=torch.float64)):
        expect_raises(ValueError, attention, *drawn, numbers)
### BEGIN HIDDEN TESTS
with check("random sizes and masks", hint="Try other shapes, one key, one query, and masks with empty rows.", hidden=True) as rng:
    for _ in range(30):
        n_queries, n_keys, d, d_value, heads = (int(i) for i in rng.integers(1, 7, 5))
        shapes = (heads, n_queries, d), (heads, n_keys, d), (heads, n_keys, d_value)
        drawn = [torch.tensor(rng.normal(0, 2, size=s)) for s in shapes]
        seen = torch.tensor(rng.random((n_queries, n_keys)) < 0.5)
        want = torch.nan_to_num(F.scaled_dot_product_attention(*drawn, attn_mask=seen))
        want = torch.where(seen.any(-1, keepdim=True), want, torch.zeros((), dtype=torch.float64))
        expect(attention(*drawn, seen), want)
### END HIDDEN TESTS
grade("attention")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `q @ k.transpose(-2, -1)` is the table of scores, (..., n_queries, n_keys). Divide by `math.sqrt(q.shape[-1])`. The
# softmax runs over `dim=-1`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `scores.masked_fill(~mask, -math.inf)` before the softmax hides keys. A row of minus infinities becomes `nan`:
# replace it afterwards, where `mask.any(-1, keepdim=True)` is `False`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Fill with `torch.finfo(scores.dtype).min` instead: then nothing becomes `nan`, a row without `True` has equal
# weights, and `weights * mask` makes them zero.
#
# </details>
#
# **Why it matters.** This is the function that interviewers ask for, and the empty row is where they wait for you.
# [How do masks work, and what happens to a row that may see nothing?](#How-do-masks-work,-and-what-happens-to-a-row-that-may-see-nothing?)

# %% [markdown]
# ### Why the root of d: predict
#
# *Predict, then run · 5 minutes · difficulty: one of three*
#
# Let the entries of $q$ and $k$ be independent, with mean 0 and variance 1, as they are about at the start of
# training. A product of two such entries has mean 0 and variance 1 again, and variances of independent terms add up.
# So $q \cdot k$, a sum of $d$ products, has the variance $d$.
#
# **The smallest example.** Let the entries be +1 or −1, equally likely, and $d = 2$. Then $q \cdot k$ is 2, 0, 0 or
# −2, with equal probabilities: variance (4 + 0 + 0 + 4)/4 = 2.
#
# Predict, before you run the measurement below:
#
# - `"raw"`: the standard deviation of $q \cdot k$ for $d = 64$,
# - `"by_root"`: that of $q \cdot k / \sqrt{d}$,
# - `"by_d"`: that of $q \cdot k / d$,
# - `"wide"`: that of $q \cdot k / \sqrt d$ if the entries of both have the variance 4,
# - `"softmax"`: what happens in the softmax over 16 keys if $d = 1024$ and nobody divides? (a) The weights come out
#   nearly equal, since a softmax evens out what is large. (b) Nearly all weight falls on one key, and almost no
#   gradient passes. (c) Nothing: the softmax normalises anyway, and a factor that all scores share drops out.

# %% exercise="root_of_d" minutes=5
### BEGIN SOLUTION
spread = {"raw": 8, "by_root": 1, "by_d": 1 / 8, "wide": 4, "softmax": "b"}
### END SOLUTION
### BEGIN RELEASE
# spread = {"raw": ..., "by_root": ..., "by_d": ..., "wide": ..., "softmax": ...}
### END RELEASE

# %% check="root_of_d" points=5
with check("the raw dot product", hint="The variance is d, and the standard deviation is the root of the variance."):
    expect(spread["raw"], math.sqrt(64), what="the standard deviation", tell=False)
with check("divided by the root", hint="Divide a quantity by c, and its standard deviation is divided by c."):
    expect(spread["by_root"], math.sqrt(64) / math.sqrt(64), what="the standard deviation", tell=False)
with check("divided by d", hint="Divide your first answer by 64."):
    expect(spread["by_d"], math.sqrt(64) / 64, what="the standard deviation", tell=False)
with check("wider entries", hint="A product of two entries with variance 4 has the variance 4 times 4."):
    expect(spread["wide"], math.sqrt(64 * 4 * 4) / math.sqrt(64), what="the standard deviation", tell=False)
with check("what it does to the softmax", hint="How far apart are the largest and the second largest of 16 scores with standard deviation 32?"):
    expect_choice(spread["softmax"], "b", {
        "a": "Nearly equal weights come from scores that hardly differ. Here they differ by tens, and an exponential makes differences larger.",
        "b": "The best two of 16 such scores are about a dozen apart on average, and e to minus that leaves the others nothing. The slope of a softmax is w(1 − w): near 0 at w = 1 and at w = 0.",
        "c": "A common term drops out, a common factor does not: scores times c are weights to the power c, normalised anew.",
    })  # fmt: skip
grade("root_of_d")


# %% demo=true
def measure_spread(d, pairs=2000):
    """Print the spread of scores at width d, and what 16 keys get of weight and gradient."""
    draw = torch.Generator().manual_seed(d)
    q, k = torch.randn(2, pairs, d, generator=draw).unbind()
    row, keys = torch.randn(200, 1, d, generator=draw), torch.randn(200, 16, d, generator=draw)
    scores = (row * keys).sum(-1)
    print(f"d = {d:4}: std of q·k {float((q * k).sum(-1).std()):6.2f}", end="")
    for words, by in (("raw", 1.0), ("by root", math.sqrt(d))):
        weights = torch.softmax(scores / by, dim=-1)
        top = float(weights.max(-1).values.mean())
        slope = float((weights * (1 - weights)).sum(-1).mean())
        print(f" | {words}: largest weight {top:.2f}, slope {slope:.2f}", end="")
    print()


for width in (4, 64, 1024):
    measure_spread(width)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Only two rules: variances of independent terms add up, and a factor $c$ makes $c^2$ of a variance.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For $d = 64$ the variance is 64, so the standard deviation is its root. The third answer is one eighth of the second.
#
# </details>
#
# The *slope* in the table is the sum of $w(1 - w)$ over a row, the size of what a softmax lets pass on the way back.
# By the root, it does not depend on $d$: it is 0.87 in all three rows, to within 0.02. Raw, at $d = 1024$, it is
# below 0.1, and the largest of 16 weights is above 0.9 on average.
#
# This argument speaks of the start of training. A trained model has queries and keys that are far from independent,
# and large scores where it wants them.
#
# **Why it matters.** "So that the variance is one" is half of the answer. The other half is what a softmax with a
# large variance does to gradients.
# [Why is attention divided by the root of d?](#Why-is-attention-divided-by-the-root-of-d?)

# %% [markdown]
# ## Who may see whom
#
# A language model learns to say the next token. If every token could look at the ones behind it in training, the
# model would learn to copy the answer: its loss falls near zero, and it is worthless, since nothing stands behind the
# last token of a text that is being written. The **causal mask** lets token $i$ look at the tokens up to $i$, itself
# included.
#
# In a batch, shorter texts are filled up with *padding*. A padding token is no token: nobody may look at it. Where
# text is generated, the padding stands on the **left**, so that all texts end together. And then the first rows have
# nothing to look at: the token before them is padding, and so are they.
#
# **The smallest example.** Three places, the first is padding, so `real` is `[False, True, True]`. The causal mask,
# row by row (`1` for `True`):
#
# | query | key 1 | key 2 | key 3 |
# |---|---|---|---|
# | 1 (padding) | 0 | 0 | 0 |
# | 2 | 0 | 1 | 0 |
# | 3 | 0 | 1 | 1 |
#
# The first row is empty: your `attention` gives zeros there. Nobody reads them, but a `nan` would be read: 0 times
# `nan` is `nan`.
#
# ### Masks in code
#
# *Implement · 8 minutes · difficulty: one of three*
#
# Build the mask for a batch of texts. Only *keys* are hidden for being padding. What a padding token itself sees
# follows from the same two rules.


# %% exercise="masks" minutes=8
def attention_mask(real: torch.Tensor, causal: bool = True) -> torch.Tensor:
    """Return which query may look at which key, for a batch of texts.

    Args:
        real: bool (n, n_tokens), True for a token and False for padding, wherever it stands.
        causal: a query may look at its own place and at those before it only. If False, at every
            place.

    Returns:
        bool (n, n_tokens, n_tokens), [text, query, key]; True where the query may look at the key.
        A key that is padding is hidden from every query. The lesson's example: real [[False, True,
        True]] gives [[[0, 0, 0], [0, 1, 0], [0, 1, 1]]].
    """
    ### BEGIN SOLUTION
    n, n_tokens = real.shape
    seen = real[:, None, :].expand(n, n_tokens, n_tokens)
    if causal:
        seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
    return seen
    ### END SOLUTION


# %% check="masks" points=6
with check("the smallest example", hint="Row for the query, column for the key: key ≤ query, and the key is real."):
    want_mask = torch.tensor([[[0, 0, 0], [0, 1, 0], [0, 1, 1]]], dtype=torch.bool)
    expect(attention_mask(torch.tensor([[False, True, True]])), want_mask)
with check("padding on the right", hint="Hide the columns of padding, not its rows.", needs="the smallest example"):
    want_mask = torch.tensor([[[1, 0, 0], [1, 1, 0], [1, 1, 0]]], dtype=torch.bool)
    expect(attention_mask(torch.tensor([[True, True, False]]), causal=True), want_mask)
with check("not causal: all real keys, for everybody", hint="Without causal, every row is `real` of that text."):
    want_mask = torch.tensor([[[1, 0, 1]] * 3, [[1, 1, 1]] * 3], dtype=torch.bool)
    expect(attention_mask(torch.tensor([[True, False, True], [True, True, True]]), causal=False), want_mask)
with check("a later token changes nothing before it", hint="Use the mask in your attention: row i may depend on places up to i only.") as rng:
    texts = torch.tensor(rng.normal(size=(2, 5, 4)))
    changed = texts.clone()
    changed[:, 3] += 1
    seen = attention_mask(torch.ones(2, 5, dtype=torch.bool))
    before, after = attention(texts, texts, texts, seen), attention(changed, changed, changed, seen)
    expect(after[:, :3], before[:, :3], what="the tensor of outputs before the changed token")
    assert not torch.allclose(after[:, 3], before[:, 3]), "The changed token itself should have another output."
### BEGIN HIDDEN TESTS
with check("random batches", points=2, hint="Try padding in the middle, a text of padding only, and a single token.", hidden=True) as rng:
    for turn in range(20):
        n, n_tokens, is_causal = int(rng.integers(1, 4)), int(rng.integers(1, 7)), bool(turn % 2)
        is_real = rng.random((n, n_tokens)) < (0.6 if turn else 0.0)
        want_mask = [[[bool(is_real[t, j]) and (j <= i or not is_causal) for j in range(n_tokens)]
                      for i in range(n_tokens)] for t in range(n)]  # fmt: skip
        expect(attention_mask(torch.tensor(is_real), causal=is_causal), torch.tensor(want_mask))
### END HIDDEN TESTS
grade("masks")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()` keeps the lower triangle with the diagonal: row i, columns
# up to i.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `real[:, None, :]` has the shape (n, 1, n_tokens): a statement on keys, the same for every query. `&` with the
# triangle stretches it. Without the triangle you have to stretch it yourself: `.expand(n, n_tokens, n_tokens)`.
#
# </details>
#
# **Why it matters.** A mask that is shifted by one place leaks the answer, and the loss looks wonderful.
# [How do masks work, and what happens to a row that may see nothing?](#How-do-masks-work,-and-what-happens-to-a-row-that-may-see-nothing?)

# %% [markdown]
# ### Three families, one function
#
# What separates the families of Transformers is above all who may see whom.
#
# - An **encoder** (BERT: J. Devlin and others, 2018) sees everything, in both directions. It is trained to fill gaps,
#   and it reads: labels, search, sentence vectors. The mask hides padding and nothing else.
# - A **decoder** (GPT: A. Radford and others, 2018) sees the past only. It is trained to say the next token. One
#   forward pass over a text gives a prediction at *every* place, and all of them count in the loss, because none
#   could look ahead.
# - An **encoder-decoder** (the original of 2017; T5: C. Raffel and others, 2019) has both. The decoder has a second
#   attention in each block, the **cross-attention**: its queries come from the decoder, its keys and values from the
#   encoder's output. The table of weights is then (target tokens × source tokens), and it is not causal: the source
#   is all there.
# - A **prefix language model** is one stack with a mixed mask: the tokens of the prompt see each other in both
#   directions, the answer is causal. With two tokens of prompt and two of answer:
#
# | query | p1 | p2 | a1 | a2 |
# |---|---|---|---|---|
# | p1 | 1 | 1 | 0 | 0 |
# | p2 | 1 | 1 | 0 | 0 |
# | a1 | 1 | 1 | 1 | 0 |
# | a2 | 1 | 1 | 1 | 1 |
#
# ### Which stack?
#
# *Choose one · 6 minutes · difficulty: two of three*
#
# **`"gaps"`: BERT's training hides some words, and the model fills them in. What would happen with a causal mask?**
# (a) It would train faster, since each place would give a loss. (b) A gap could be filled from the words before it
# only. (c) The answer would leak, since the text is both input and target.
#
# **`"cross"`: a translation model has 7 tokens of source and 4 of target. By mistake somebody hands `attention` the
# encoder's vectors as queries and the decoder's as keys and values. What does the function return?** (a) An error:
# the numbers of tokens differ. (b) Seven vectors, each an average over the translation so far. (c) Four vectors, the
# same as without the mistake, since a dot product does not care which side asks.
#
# **`"parallel"`: why can a decoder learn from all places of a text in one pass, though it will write token by
# token?** (a) The tokens to come are known in training, and the mask keeps each place from its own answer. (b)
# Attention is linear in the values, so that the predictions of all places can be added up afterwards. (c) It cannot:
# in training too it has to be run once for each token, with everything before it as its input.
#
# **`"prefix"`: somebody turns the table above into code as `key <= query`, for prompt and answer alike. What
# changes?** (a) Nothing: a prompt is read from left to right all the same. (b) The prompt's tokens see less than they
# may; nothing leaks. (c) The answer leaks into the prompt, and the loss falls.
#
# **`"decoder"`: why are most large language models of today decoders?** (2026; see what Llama, Qwen and DeepSeek
# publish.) Which reason holds? (a) An encoder cannot be trained on plain text, because each of its tokens sees the
# answer. (b) A triangular table of weights has full rank, and so a decoder reaches a lower loss with as many
# parameters. (c) One stack and one training task serve every use, and what was computed for a prefix can be kept
# while writing.

# %% exercise="which_stack" minutes=6
### BEGIN SOLUTION
stack = {"gaps": "b", "cross": "b", "parallel": "a", "prefix": "b", "decoder": "c"}
### END SOLUTION
### BEGIN RELEASE
# stack = {"gaps": ..., "cross": ..., "parallel": ..., "prefix": ..., "decoder": ...}
### END RELEASE

# %% check="which_stack" points=5
with check("gaps under a causal mask", hint="What would a word after the gap tell, and who may look at it?"):
    expect_choice(stack["gaps"], "b", {
        "a": "The loss of a gap stays one loss a gap. What is lost is the right half of the context.",
        "b": "The words behind a gap often decide it, and a causal mask hides them. That is why encoders see both sides.",
        "c": "The hidden word was replaced in the input. Seeing less cannot leak more.",
    })  # fmt: skip
with check("cross-attention", hint="One output for each query. How many queries are there, and whose values are averaged?"):
    expect_choice(stack["cross"], "b", {
        "a": "Queries and keys may differ in number: the table of weights is then 7 × 4. The error comes later, where seven vectors meet a stream of four.",
        "b": "One row a query. In a right cross-attention each token of the translation asks the source, and the table is 4 × 7.",
        "c": "The scores are the same numbers, transposed. But the softmax runs over the other side, and other values are averaged.",
    })  # fmt: skip
with check("all places in one pass", hint="What is known in training that is not known when writing?"):
    expect_choice(stack["parallel"], "a", {
        "a": "The right token before each place is fed in (teacher forcing), whatever the model would have said.",
        "b": "It is linear in the values, but predictions are not added up: every place has a loss of its own.",
        "c": "That is how it writes. In training the right tokens are all there, and one pass gives the predictions of all places.",
    })  # fmt: skip
with check("a causal mask over the prompt", hint="Compare the two tables row by row: does a 0 become a 1 anywhere?"):
    expect_choice(stack["prefix"], "b", {
        "a": "Look at the row p1 and the column p2.",
        "b": "One entry falls away for two tokens of prompt. The model is a plain decoder then, which is no error, but another model.",
        "c": "A leak needs a 1 where the table has a 0, in the columns of the answer. There is none.",
    })  # fmt: skip
with check("why decoders", hint="How was BERT trained? And which of the other two claims could you check with what you have built?"):
    expect_choice(stack["decoder"], "c", {
        "a": "BERT was trained on plain text: words are hidden, and the hidden ones are the answers.",
        "b": "That rank says something of the loss was never shown on trained models. At equal cost, encoder-decoders were ahead in the comparison of Raffel and others (2019).",
        "c": "Practical reasons, each of which can be checked. That a causal mask is better in itself is not among them.",
    })  # fmt: skip
grade("which_stack")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw the mask of each case for three tokens, and ask what a wrong 1 or a wrong 0 does. A wrong 1 leaks, a wrong 0
# hides.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In cross-attention, the number of rows of the table is the number of tokens being written. Rows are queries.
#
# </details>
#
# **Why it matters.** "Why decoder-only?" is asked in most collections, and most answers claim more than anybody has
# measured.
# [Encoder-only, decoder-only, encoder-decoder: what is the difference, and why decoder-only?](#Encoder-only,-decoder-only,-encoder-decoder:-what-is-the-difference,-and-why-decoder-only?)

# %% [markdown]
# ## Heads
#
# One softmax gives a token one average. A token may need several: the subject of its verb, the word before it, the
# opening bracket. **Multi-head attention** cuts the vectors of length `d_model` into `n_heads` pieces, each of
# `d_head = d_model / n_heads` entries. Each piece, a *head*, does its own attention with its own weights. The results
# are put side by side and go through one last linear layer, which mixes the heads.
#
# More heads cost no more parameters and about no more arithmetic: four matrices of `d_model` × `d_model`, however you
# cut. They cost rank: each head compares in `d_head` dimensions only.
#
# **The smallest example.** Two tokens, `d_model = 4`, two heads. The first token's query is (1, 2, 3, 4), the
# second's (5, 6, 7, 8). Head 1 gets (1, 2) and (5, 6), head 2 gets (3, 4) and (7, 8). Each head sees *both tokens*,
# and a piece of each.
#
# ### Find the bug: heads that are no heads
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# The program below runs, and every shape is right. Run its checks, read what fails, and repair it.


# %% exercise="fix_heads" minutes=8 faults=["the smallest example, with identity matrices", "as torch's MultiheadAttention computes it", "without a mask, the first token is felt at the last", "random sizes"]
def multi_head(
    x: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    w_o: torch.Tensor,
    n_heads: int,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Multi-head self-attention without biases.

    Args:
        x: floats (n, n_tokens, d_model).
        w_q, w_k, w_v, w_o: weights (d_model, d_model), stored as (out, in).
        n_heads: divides d_model. Head h works on the entries h * d_head to (h + 1) * d_head - 1 of
            queries, keys and values.
        mask: bool, stretches to (n, n_heads, n_tokens, n_tokens), True where a query may look.

    Returns:
        (n, n_tokens, d_model): the heads side by side, times w_o transposed.
    """
    n, n_tokens, d_model = x.shape
    ### BEGIN SOLUTION
    shape = (n, n_tokens, n_heads, d_model // n_heads)
    q, k, v = ((x @ w.T).reshape(shape).transpose(1, 2) for w in (w_q, w_k, w_v))
    heads = attention(q, k, v, mask)
    return heads.transpose(1, 2).reshape(n, n_tokens, d_model) @ w_o.T
    ### END SOLUTION
    ### BEGIN RELEASE
    # shape = (n, n_heads, n_tokens, d_model // n_heads)
    # q, k, v = ((x @ w.T).reshape(shape) for w in (w_q, w_k, w_v))
    # heads = attention(q, k, v, mask)
    # return heads.reshape(n, n_tokens, d_model) @ w_o.T
    ### END RELEASE


# %% check="fix_heads" points=8
with check("the smallest example, with identity matrices", hint="Print q of head 1 and compare it with the example: whose numbers does it hold?"):
    two_tokens = torch.tensor([[[1.0, 2, 3, 4], [5, 6, 7, 8]]]) / 8
    halves = [F.scaled_dot_product_attention(p, p, p) for p in two_tokens.split(2, dim=-1)]
    expect(multi_head(two_tokens, *[torch.eye(4)] * 4, n_heads=2), torch.cat(halves, dim=-1))
with check("one head: plain attention", hint="With one head there is nothing to cut.", needs="the smallest example, with identity matrices") as rng:
    texts = torch.tensor(rng.normal(size=(2, 3, 4)))
    w = [torch.tensor(rng.normal(size=(4, 4))) for _ in range(4)]
    whole = F.scaled_dot_product_attention(*(texts @ m.T for m in w[:3])) @ w[3].T
    expect(multi_head(texts, *w, n_heads=1), whole)
with check("as torch's MultiheadAttention computes it", points=2, hint="Head h works on the entries h * d_head to (h + 1) * d_head - 1 of every token.") as rng:
    theirs = nn.MultiheadAttention(12, 3, bias=False, batch_first=True, dtype=torch.float64)
    texts = torch.tensor(rng.normal(size=(2, 5, 12)))
    w = [torch.tensor(rng.normal(0, 0.5, size=(12, 12))) for _ in range(4)]
    theirs.load_state_dict({"in_proj_weight": torch.cat(w[:3]), "out_proj.weight": w[3]})
    with torch.no_grad():
        want_mixed = theirs(texts, texts, texts, need_weights=False)[0]
    expect(multi_head(texts, *w, n_heads=3), want_mixed)
with check("without a mask, the first token is felt at the last", hint="Which tokens does the first head hold? Without a mask every token should feel every other.") as rng:
    texts = torch.tensor(rng.normal(size=(1, 6, 8)))
    changed = texts.clone()
    changed[:, 0] += 1
    w = [torch.tensor(rng.normal(0, 0.3, size=(8, 8))) for _ in range(4)]
    felt = (multi_head(changed, *w, 4) - multi_head(texts, *w, 4)).abs().amax(dim=(0, 2))
    assert felt.min() > 1e-9, "Some token's output does not depend on the first token."
with check(
    "causal: a later token has no say", needs="the smallest example, with identity matrices",
    hint="Hand the mask on to `attention`.",
) as rng:  # fmt: skip
    texts = torch.tensor(rng.normal(size=(1, 6, 8)))
    changed = texts.clone()
    changed[:, 4] += 1
    w = [torch.tensor(rng.normal(size=(8, 8))) for _ in range(4)]
    seen = torch.ones(6, 6, dtype=torch.bool).tril()
    expect(multi_head(changed, *w, 4, seen)[:, :4], multi_head(texts, *w, 4, seen)[:, :4], what="the tensor of outputs before the changed token")
with check(
    "a mask for each text and each head", needs="the smallest example, with identity matrices",
    hint="A mask may be (n_tokens, n_tokens), (n, 1, n_tokens, n_tokens) or (n, n_heads, n_tokens, n_tokens): broadcasting knows.",
) as rng:  # fmt: skip
    texts = torch.tensor(rng.normal(size=(2, 4, 6)))
    w = [torch.tensor(rng.normal(size=(6, 6))) for _ in range(4)]
    pieces = [(texts @ m.T).split(2, dim=-1) for m in w[:3]]
    for of_heads in (1, 3):
        seen = torch.tensor(rng.random((2, of_heads, 4, 4)) < 0.5)
        seen[..., 0] = True
        heads = [F.scaled_dot_product_attention(*(p[h] for p in pieces), attn_mask=seen[:, h % of_heads]) for h in range(3)]
        expect(multi_head(texts, *w, 3, seen), torch.cat(heads, dim=-1) @ w[3].T, what=f"the output with a mask of shape (2, {of_heads}, 4, 4)")
### BEGIN HIDDEN TESTS
with check("random sizes", hint="Follow one token through the program, and back: its heads stand side by side in its own row.", hidden=True) as rng:
    for _ in range(8):
        n, n_tokens, n_heads, d_head = (int(i) for i in rng.integers(2, 5, 4))
        width = n_heads * d_head
        texts = torch.tensor(rng.normal(size=(n, n_tokens, width)))
        w = [torch.tensor(rng.normal(size=(width, width))) for _ in range(4)]
        seen = torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
        parts = [[(texts @ m.T)[..., h * d_head : (h + 1) * d_head] for m in w[:3]] for h in range(n_heads)]
        heads = [F.scaled_dot_product_attention(*p, attn_mask=seen) for p in parts]
        expect(multi_head(texts, *w, n_heads, seen), torch.cat(heads, dim=-1) @ w[3].T)
### END HIDDEN TESTS
grade("fix_heads")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `reshape` keeps the numbers in their order in memory. One token's numbers stand side by side, so a reshape to
# (n_heads, n_tokens, d_head) gives head 1 the first *tokens*, whole.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `reshape(n, n_tokens, n_heads, d_head).transpose(1, 2)` gives each head its piece of every token. On the way back:
# `transpose(1, 2)`, then `reshape`.
#
# </details>
#
# What the faulty program did: with two heads, head 1 held the first half of the *text*, and head 2 the second. No
# token of the one half ever met a token of the other, and still the network had weights that could learn something. A
# test for leaks does not notice it: since the memory stays in order, the causal mask still hides the future. A
# comparison with other code shows it, and so does the test whether the first token is felt at the last.
#
# **Why it matters.** "Write multi-head attention" is asked in interviews as a coding task, and this fault raises no
# error.
# [Why multi-head attention, and how do you split the heads?](#Why-multi-head-attention,-and-how-do-you-split-the-heads?)

# %% [markdown]
# ### Find the bug: shared keys and values
#
# *Find the bug · 5 minutes · difficulty: one of three*
#
# When a model writes, it keeps the keys and values of all earlier tokens (the *KV cache*). Llama 2 7B, with as many
# key heads as query heads, keeps 262,144 numbers a token: from 25,706 tokens on, all texts of a batch together, that
# is more than its weights. So several query heads share one head of keys and values. With one for all it is
# **multi-query attention**, MQA (N. Shazeer, "Fast transformer decoding: one write-head is all you need", 2019); with
# one for each group it is **grouped-query attention**, GQA (J. Ainslie and others, 2023). One for each query head is
# the usual MHA.
#
# **The smallest example.** Four query heads, two key heads A and B. Heads 1 and 2 form the first group and use A,
# heads 3 and 4 use B. So A and B have to be spread as A, A, B, B.
#
# The program below spreads them another way, and all shapes are right. With one key head, and with as many as there
# are queries, its results are right too: tests of these two cases alone let the fault through. Repair it. What cannot
# be grouped has to stay refused.


# %% exercise="fix_gqa" minutes=5 faults=["four heads, two of them shared", "as torch computes it", "random groups"]
def grouped_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Attention in which groups of neighbouring query heads share a head of keys and values.

    Args:
        q: (n, n_heads, n_queries, d).
        k: (n, n_kv_heads, n_keys, d).
        v: (n, n_kv_heads, n_keys, d_value).
        mask: as in `attention`.

    Returns:
        (n, n_heads, n_queries, d_value). Query head h uses key head h // (n_heads // n_kv_heads).

    Raises:
        ValueError: n_kv_heads does not divide n_heads.
    """
    n_heads, n_kv_heads = q.shape[1], k.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError(f"{n_heads} query heads cannot share {n_kv_heads} key heads evenly")
    ### BEGIN SOLUTION
    k = k.repeat_interleave(n_heads // n_kv_heads, dim=1)
    v = v.repeat_interleave(n_heads // n_kv_heads, dim=1)
    ### END SOLUTION
    ### BEGIN RELEASE
    # k = k.repeat(1, n_heads // n_kv_heads, 1, 1)
    # v = v.repeat(1, n_heads // n_kv_heads, 1, 1)
    ### END RELEASE
    return attention(q, k, v, mask)


# %% check="fix_gqa" points=5
with check("four heads, two of them shared", hint="Print which key head each query head gets: it should be A, A, B, B."):
    ask = torch.zeros(1, 4, 1, 2)  # equal weights everywhere: the output tells whose values were read
    hand_over = torch.tensor([[[[1.0], [3.0]], [[10.0], [30.0]]]])
    got_read = grouped_attention(ask, torch.zeros(1, 2, 2, 2), hand_over)
    expect(got_read.flatten().tolist(), [2.0, 2.0, 20.0, 20.0], what="the list of outputs, one a head")
with check("as torch computes it", hint="Give each key head values that you recognise, and look at which query head returns them. The mask is handed on.") as rng:
    drawn = [torch.tensor(rng.normal(size=s)) for s in ((2, 6, 3, 4), (2, 2, 5, 4), (2, 2, 5, 3))]
    expect(grouped_attention(*drawn), F.scaled_dot_product_attention(*drawn, enable_gqa=True))
    for seen in (torch.tensor(rng.random((3, 5)) < 0.6), torch.tensor(rng.random((2, 6, 3, 5)) < 0.6), torch.tensor(rng.random((2, 1, 3, 5)) < 0.6)):
        seen[..., 0] = True
        expect(grouped_attention(*drawn, seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen, enable_gqa=True), what="the output with a mask")
with check(
    "one for all, and one for each", needs="four heads, two of them shared",
    hint="With one key head, or as many as queries, both ways of repeating agree.",
) as rng:  # fmt: skip
    for kv_heads in (1, 4):
        drawn = [torch.tensor(rng.normal(size=s)) for s in ((2, 4, 3, 5), (2, kv_heads, 3, 5), (2, kv_heads, 3, 5))]
        expect(grouped_attention(*drawn), F.scaled_dot_product_attention(*drawn, enable_gqa=True))
with check("what cannot be grouped is refused", hint="Keep the lines that look at the remainder.", needs="four heads, two of them shared"):
    expect_raises(ValueError, grouped_attention, torch.ones(1, 4, 2, 2), torch.ones(1, 3, 2, 2), torch.ones(1, 3, 2, 2))
### BEGIN HIDDEN TESTS
with check("random groups", hint="Try three groups of two and two groups of three, with a mask.", hidden=True) as rng:
    for _ in range(12):
        n, kv_heads, group, n_tokens, width = (int(i) for i in rng.integers(2, 5, 5))
        sizes = (n, kv_heads * group, n_tokens, width), (n, kv_heads, n_tokens, width), (n, kv_heads, n_tokens, width)
        drawn = [torch.tensor(rng.normal(size=s)) for s in sizes]
        seen = torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
        expect(grouped_attention(*drawn, seen), F.scaled_dot_product_attention(*drawn, attn_mask=seen, enable_gqa=True))
### END HIDDEN TESTS
grade("fix_gqa")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `torch.tensor([1, 2]).repeat(2)` is 1, 2, 1, 2. What you need is 1, 1, 2, 2.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `k.repeat_interleave(n_heads // n_kv_heads, dim=1)`, and the same for `v`.
#
# </details>
#
# **What is saved.** Only keys and values are stored for each token, so the cache shrinks by `n_heads / n_kv_heads`:
# SmolLM2, with 9 query and 3 key heads, keeps a third. The arithmetic of the scores stays: every query head still
# compares with every key.
#
# **Why it matters.** In SmolLM2 this fault would send 6 of 9 query heads to the wrong keys, and no shape tells you.
# [What is the difference between MHA, MQA and GQA?](#What-is-the-difference-between-MHA,-MQA-and-GQA?)

# %% [markdown]
# ## Where a token stands
#
# Attention compares contents. Renumber the tokens, and the outputs are renumbered in the same way: without a mask it
# does not know the order. So the places have to come in by themselves.
#
# | way | where it enters | beyond the longest training text |
# |---|---|---|
# | **learned** (GPT-2): one vector for each place | added to the token's vector, once | there is no vector |
# | **sinusoidal** (Vaswani and others, 2017): sines and cosines of the place, at many wavelengths | added, once | computable, but not seen in training |
# | **ALiBi** (O. Press and others, "Train short, test long", 2021): a penalty on the score, proportional to the distance | in each layer's scores | computable, and it goes on growing |
# | **RoPE** (J. Su and others, "RoFormer", 2021): queries and keys are turned by an angle proportional to the place | in each layer's q and k | computable, but the angles were not seen |
#
# **RoPE** (rotary position embedding) takes the $d$ entries of a head's query in pairs, and sees each pair as a point
# in the plane. At place $m$ the pair number $i$, counted from 0, is turned by the angle $m\,\theta_i$, with
# $\theta_i = b^{-2i/d}$. The number $b$, for instance 10,000, is called the **base**. The first pair turns by one
# radian a place, the last ones hardly at all. The keys are turned likewise, the values not. Turning both by the same
# angle leaves a dot product as it is. So the score of a query at $m$ and a key at $j$ depends on the contents and on
# $m - j$ alone.
#
# $$\begin{pmatrix} x' \\ y' \end{pmatrix} = \begin{pmatrix} x \cos m\theta - y \sin m\theta \\ x \sin m\theta + y \cos m\theta \end{pmatrix}$$
#
# **The smallest example.** One pair, and 90 degrees a place, so that nothing has to be rounded: (x, y) becomes (−y,
# x) at place 1, (−x, −y) at place 2, and (y, −x) at place 3. The query (2, 0) at place 1 becomes (0, 2). The key
# (1, 3) at place 0 stays. Score: 0 · 1 + 2 · 3 = 6. Both one place further: (−2, 0) and (−3, 1), score 6 again.
#
# ### Turning by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# Again one pair and 90 degrees a place. The query is (3, 1), the key (2, 1). Give the turned query at place 1, and
# four scores: query at 1 and key at 0; query at 3 and key at 2; query at 0 and key at 1; query at 2 and key at 0.

# %% exercise="rope_by_hand" minutes=6
### BEGIN SOLUTION
turned = {"query_at_1": [-1, 3], "q1_k0": 1, "q3_k2": 1, "q0_k1": -1, "q2_k0": -7}
### END SOLUTION
### BEGIN RELEASE
# turned = {"query_at_1": [..., ...], "q1_k0": ..., "q3_k2": ..., "q0_k1": ..., "q2_k0": ...}
### END RELEASE

# %% check="rope_by_hand" points=4
with check("the query at place 1", hint="(x, y) becomes (−y, x): a quarter turn, counterclockwise."):
    at_one = (3 + 1j) * 1j
    expect(list(turned["query_at_1"]), [at_one.real, at_one.imag], what="your turned query", tell=False)
with check("one place apart, the query behind", hint="Turn both, then multiply entry by entry and add. Both pairs of places are one apart."):
    expect([turned["q1_k0"], turned["q3_k2"]], [((3 + 1j) * 1j ** (m - n) * (2 - 1j)).real for m, n in ((1, 0), (3, 2))],
           what="the list of your two scores", tell=False)  # fmt: skip
with check("one place apart, the key behind", hint="The query stays (3, 1); the key becomes (−1, 2)."):
    expect(turned["q0_k1"], ((3 + 1j) * 1j ** (0 - 1) * (2 - 1j)).real, what="your score", tell=False)
with check("two places apart", hint="Half a turn changes both signs of the query."):
    expect(turned["q2_k0"], ((3 + 1j) * 1j ** (2 - 0) * (2 - 1j)).real, what="your score", tell=False)
grade("rope_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The query at place 1 is (−1, 3), at place 2 it is (−3, −1), at place 3 (1, −3). Turn the key in the same way.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Query at 3 and key at 2: (1, −3) and (−2, −1). The products are −2 and 3.
#
# </details>
#
# **Why it matters.** You have just shown on paper what "relative" means: two of your scores had to agree, and the
# sign of the distance counts.
# [Why do most large language models use RoPE?](#Why-do-most-large-language-models-use-RoPE?)

# %% [markdown]
# ### RoPE in code, with both pairings
#
# *Implement · 12 minutes · difficulty: two of three*
#
# Which entries make a pair? Two conventions are in use, and they do not understand each other's weights:
#
# - **interleaved**: neighbours, (0, 1), (2, 3), …, as in the paper and in Meta's first Llama code, and in the files
#   that this unit loads;
# - **half-split**: an entry of the first half with one of the second, (0, d/2), (1, d/2 + 1), …, as in Hugging Face's
#   Llama.
#
# With $d = 4$: interleaved pairs are (0, 1) and (2, 3); half-split pairs are (0, 2) and (1, 3). In both, pair number
# $i$ turns by $m\,b^{-2i/d}$.
#
# The places are handed over, not counted: a text may begin with padding, or go on where a cache ended.


# %% exercise="rope" minutes=12
def rope(
    x: torch.Tensor, positions: list[int], base: float = 10000.0, interleaved: bool = True
) -> torch.Tensor:
    """Turn queries or keys by their places (rotary position embedding).

    Args:
        x: floats (..., n_tokens, d), d even.
        positions: the place of each of the n_tokens, any integers (a list or an int tensor).
        base: b in the angles positions[t] * b ** (-2 * i / d) of pair i, i from 0 to d/2 - 1.
            Compute the angles in float64, and give their cosines and sines the dtype of x.
        interleaved: pairs are the entries (2i, 2i + 1); if False, (i, i + d/2).

    Returns:
        Like x: shape, dtype, and order of the entries. [[1.0, 0.0]] at place 1 gives
        [[cos 1, sin 1]].

    Raises:
        ValueError: d is odd.

    Source: J. Su and others, "RoFormer", 2021.
    """
    ### BEGIN SOLUTION
    d = x.shape[-1]
    if d % 2:
        raise ValueError(f"{d} entries do not make pairs")
    speeds = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
    angles = torch.as_tensor(positions, dtype=torch.float64)[:, None] * speeds
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
    else:
        a, b = x[..., : d // 2], x[..., d // 2 :]
    pair = a * cos - b * sin, a * sin + b * cos
    return torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)
    ### END SOLUTION


# %% check="rope" points=10
with check("one pair at place 1", hint="The pair (1, 0), turned by one radian."):
    expect(rope(torch.tensor([[1.0, 0.0]]), [1]), torch.tensor([[math.cos(1), math.sin(1)]]))
    expect(rope(torch.tensor([[1.0, 0.0]]), [1], interleaved=False), torch.tensor([[math.cos(1), math.sin(1)]]))
with check("pairs of neighbours, by complex numbers", hint="Pair i is (x[2i], x[2i+1]) and turns by m·b^(−2i/d). Keep the order of the entries. A tiny difference comes from angles in float32.") as rng:
    drawn = torch.tensor(rng.normal(size=(2, 3, 6)))
    circle = torch.tensor([[1j * m * 10000.0 ** (-2 * i / 6) for i in range(3)] for m in (0, 1, 2)], dtype=torch.complex128).exp()
    want_turned = torch.view_as_real(torch.view_as_complex(drawn.reshape(2, 3, 3, 2)) * circle).flatten(-2)
    expect(rope(drawn, [0, 1, 2]), want_turned)
with check("pairs across the halves", hint="Pair i is (x[i], x[i + d/2]); put the two results back into their halves.") as rng:
    drawn = torch.tensor(rng.normal(size=(2, 3, 6)))
    circle = torch.tensor([[1j * m * 10000.0 ** (-2 * i / 6) for i in range(3)] for m in (0, 1, 2)], dtype=torch.complex128).exp()
    whole = torch.complex(drawn[..., :3], drawn[..., 3:]) * circle
    expect(rope(drawn, [0, 1, 2], interleaved=False), torch.cat([whole.real, whole.imag], dim=-1))
with check("the places are handed over", hint="Use `positions`, not `arange(n_tokens)`; they may come in any order.", needs="one pair at place 1") as rng:
    drawn = torch.tensor(rng.normal(size=(4, 8)))
    one_by_one = [rope(drawn[t : t + 1], [place]) for t, place in enumerate((7, 2, 2, 0))]
    expect(rope(drawn, [7, 2, 2, 0]), torch.cat(one_by_one))
    expect(rope(drawn, torch.tensor([7, 2, 2, 0])), torch.cat(one_by_one))
    expect(one_by_one[3], drawn[3:], what="the token at place 0")
with check("scores depend on the distance, and do depend on it", hint="Are queries and keys turned in the same direction, by m·θ and not by θ·something else?", needs="one pair at place 1") as rng:
    query, key = torch.tensor(rng.normal(size=(2, 1, 8)))
    for halves in (True, False):
        score = {(m, n): float((rope(query, [m], interleaved=halves) * rope(key, [n], interleaved=halves)).sum())
                 for m, n in ((3, 1), (10, 8), (1, 3), (5, 1))}  # fmt: skip
        expect(score[10, 8], score[3, 1], tol=1e-6, what="the score two places apart, further on")
        assert abs(score[1, 3] - score[3, 1]) > 1e-6, "Two places behind and two places ahead give the same score."
        assert abs(score[5, 1] - score[3, 1]) > 1e-6, "Four places apart gives the same score as two."
with check("the base", hint="A larger base turns the later pairs more slowly; the first pair turns by m, whatever the base.", needs="one pair at place 1"):
    lone = torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=torch.float64)
    for b in (100.0, 10000.0):
        angle = torch.tensor([5.0, 5.0 / math.sqrt(b)], dtype=torch.float64)
        expect(rope(lone, [5], base=b), torch.stack([angle.cos(), angle.sin()], dim=-1).reshape(1, 4))
with check("dtype and odd widths", hint="Cosines and sines get the dtype of x. An odd number of entries makes no pairs.", needs="one pair at place 1"):
    assert rope(torch.ones(2, 4), [0, 1]).dtype == torch.float32, "A float32 tensor went in, and another dtype came out."
    assert rope(torch.ones(2, 4, dtype=torch.float64), [0, 1]).dtype == torch.float64, "A float64 tensor went in, and another dtype came out."
    expect_raises(ValueError, rope, torch.ones(2, 5), [0, 1])
### BEGIN HIDDEN TESTS
with check("random places, bases and shapes", points=3, hint="Try heads in front, places such as 900, and both pairings.", hidden=True) as rng:
    for turn in range(20):
        heads, n_tokens, half = (int(i) for i in rng.integers(1, 6, 3))
        b = float(rng.choice([50.0, 10000.0, 100000.0]))
        drawn, places = torch.tensor(rng.normal(size=(2, heads, n_tokens, 2 * half))), rng.integers(0, 1000, n_tokens).tolist()
        circle = torch.tensor([[1j * m * b ** (-2 * i / (2 * half)) for i in range(half)] for m in places], dtype=torch.complex128).exp()
        if turn % 2:
            want_turned = torch.view_as_real(torch.view_as_complex(drawn.unflatten(-1, (half, 2))) * circle).flatten(-2)
        else:
            whole = torch.complex(drawn[..., :half], drawn[..., half:]) * circle
            want_turned = torch.cat([whole.real, whole.imag], dim=-1)
        expect(rope(drawn, places, b, bool(turn % 2)), want_turned, tol=1e-8)
### END HIDDEN TESTS
grade("rope")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Make a table of angles, (n_tokens, d/2): `places[:, None] * speeds`. Its cosines and sines fit `x[..., 0::2]`,
# whatever stands in front.
#
# </details>
# <details><summary>Hint 2</summary>
#
# With `a, b = x[..., 0::2], x[..., 1::2]` the turned pair is `a * cos - b * sin` and `a * sin + b * cos`. For halves,
# `a` and `b` are the first and the last d/2 entries.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Back in order: `torch.stack([new_a, new_b], dim=-1).flatten(-2)` for neighbours, `torch.cat([new_a, new_b], dim=-1)`
# for halves. Compute the angles in float64 and convert cosines and sines: at place 900 an angle in float32 has lost
# digits.
#
# </details>
#
# A test that compares equal places only, say query at 4 and key at 4 with both at 9, passes for a function that does
# nothing. That is why the check above asks for different distances too.
#
# **Why it matters.** RoPE costs no parameters, works inside each layer, and makes the score a function of the distance.
# [Why do most large language models use RoPE?](#Why-do-most-large-language-models-use-RoPE?)

# %% demo=true
# Figure: how the score of two equal vectors falls with their distance, for two bases
def draw_distance():
    """Draw the mean of cos(distance * theta_i) over the pairs, for bases 10,000 and 100,000."""
    fig, (ax,) = plots.canvas(1, width=6.4, height=3.4)
    distance = torch.arange(0, 257, dtype=torch.float64)
    for b, style in zip((10000.0, 100000.0), plots.line_styles, strict=False):
        speeds = b ** (-2 * torch.arange(32, dtype=torch.float64) / 64)
        score = torch.cos(distance[:, None] * speeds).mean(dim=1)
        ax.plot(distance, score, label=f"base {b:,.0f}", markevery=32, **style)
    ax.set(xlabel="distance in tokens", ylabel="score, as a share of that at distance 0")
    ax.legend(fontsize=8)
    plots.show(fig, alt="Score of two equal vectors by distance, 0 to 256 tokens. Both curves fall "
               "quickly over the first ten tokens and then slowly, with ripples. The curve of base "
               "100,000 stays above that of base 10,000 nearly everywhere.")  # fmt: skip


draw_distance()

# %% [markdown]
# The curve is the sum of $\cos(\theta_i (m - j))$ over the pairs, as a share of its start. Sinusoidal position
# vectors have the same dot product with each other: $\sin a \sin b + \cos a \cos b = \cos(a - b)$. The difference is
# where it enters. Added to the token's vector, place and content are mixed, and every layer has to take them apart;
# turned into $q$ and $k$, the place acts on the score and on nothing else.
#
# A larger base means slower turning, and is one of the ways to prepare a model for longer texts (Llama 2 has 10,000,
# Llama 3 has 500,000, SmolLM2 100,000).
#
# ### From one pairing to the other
#
# *Implement · 9 minutes · difficulty: three of three*
#
# You have weights that were trained with interleaved pairs, and a library that turns halves. You need not touch the
# library: reorder the **rows** of the query and key weights, head by head, so that what stood at the places of a pair
# now stands where the library looks for it. Queries and keys are permuted alike, so every dot product, and every
# score, stays what it was. Converters from one file format to another do exactly this.
#
# **The smallest example.** One head with `d_head = 4`: rows 0, 1, 2, 3. Interleaved, the pairs are (0, 1) and (2, 3).
# Half-split code pairs the first row with the third, and the second with the fourth. So the rows must stand in the
# order 0, 2, 1, 3.


# %% exercise="to_half_split" minutes=9
def to_half_split(weight: torch.Tensor, n_heads: int) -> torch.Tensor:
    """Reorder the rows of a query or key projection from interleaved to half-split pairs.

    Args:
        weight: (n_heads * d_head, d_in), stored as (out, in): row r makes entry r % d_head of head
            r // d_head, with pairs (2i, 2i + 1). d_head is even.
        n_heads: the number of heads in this weight (key heads for a key projection).

    Returns:
        A new tensor of the same shape: within each head, first the rows 0, 2, 4, ..., then the rows
        1, 3, 5, ....
    """
    ### BEGIN SOLUTION
    rows, d_in = weight.shape
    pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, d_in)
    return pairs.transpose(1, 2).reshape(rows, d_in)
    ### END SOLUTION


# %% check="to_half_split" points=5
with check("one head of four rows", hint="Even rows first, then the odd ones."):
    expect(to_half_split(torch.arange(4.0)[:, None], 1).flatten().tolist(), [0.0, 2.0, 1.0, 3.0], what="the order of the rows")
with check("two heads, each by itself", hint="Cut into heads first: no row leaves its head. Within a head of six: 0, 2, 4, 1, 3, 5."):
    expect(to_half_split(torch.arange(12.0)[:, None], 2).flatten().tolist(), [0.0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11], what="the order of the rows")
with check("the same scores under the other pairing", hint="Permute queries and keys alike, and turn with interleaved=False.", needs="one head of four rows") as rng:
    texts, w_query, w_key = (torch.tensor(rng.normal(size=s)) for s in ((5, 6), (8, 6), (8, 6)))
    places = [0, 3, 4, 9, 20]
    before = rope(texts @ w_query.T, places) @ rope(texts @ w_key.T, places).T
    other = [rope(texts @ to_half_split(w, 1).T, places, interleaved=False) for w in (w_query, w_key)]
    expect(other[0] @ other[1].T, before, what="the table of scores")
### BEGIN HIDDEN TESTS
with check("random weights and heads", points=2, hint="Try three heads of six rows, and rows that are not square.", hidden=True) as rng:
    for _ in range(10):
        n_heads, half, d_in = (int(i) for i in rng.integers(1, 5, 3))
        drawn = torch.tensor(rng.normal(size=(2 * half * n_heads, d_in)))
        order = [h * 2 * half + r for h in range(n_heads) for first in (0, 1) for r in range(first, 2 * half, 2)]
        expect(to_half_split(drawn, n_heads), drawn[order])
### END HIDDEN TESTS
grade("to_half_split")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `weight.reshape(n_heads, d_head, d_in)` gives each head its rows. `[:, 0::2]` are the even ones, `[:, 1::2]` the odd
# ones.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.cat([heads[:, 0::2], heads[:, 1::2]], dim=1).reshape(weight.shape)`.
#
# </details>
#
# **Why it matters.** The same question is asked again and again by people who port weights (for instance in the
# issues of Hugging Face's transformers, number 25199, 2023): both codes are right, each for its own files. [Which
# RoPE does this checkpoint want?](#Which-RoPE-does-this-checkpoint-want?)

# %% [markdown]
# ## The block
#
# A Transformer is one block, many times. Each block holds two parts: attention, where tokens exchange, and a small
# network that works on every token by itself. The parts do not replace the vectors, they **add** to them. What runs
# through all blocks and is only ever added to is called the **residual stream**.
#
# A Llama-like block (H. Touvron and others, "LLaMA", 2023), with $x$ the stream:
#
# $$x \leftarrow x + \text{attention}(\text{norm}_1(x)), \qquad x \leftarrow x + \text{mlp}(\text{norm}_2(x)).$$
#
# **RMSNorm** (B. Zhang and R. Sennrich, "Root mean square layer normalization", 2019) divides a token's vector by its
# root mean square, and multiplies entry by entry with learned weights $g$. Unlike LayerNorm it takes no mean away and
# adds no bias:
#
# $$\text{norm}(x) = g \cdot \frac{x}{\sqrt{\frac{1}{d}\sum_i x_i^2 + \varepsilon}} .$$
#
# **SwiGLU** (N. Shazeer, "GLU variants improve Transformer", 2020) is an MLP with a gate. One matrix makes the gate,
# a second the content, both with `d_ff` entries (the hidden width). A third leads back:
#
# $$\text{mlp}(x) = W_{down}\,\big(\text{silu}(W_{gate}\,x) \cdot W_{up}\,x\big), \qquad \text{silu}(z) = z \cdot \frac{1}{1 + e^{-z}} .$$
#
# **The smallest examples.** The vector (1, 7) has the mean square (1 + 49)/2 = 25, so RMSNorm with weights 1 and
# without $\varepsilon$ gives (1/5, 7/5). And $\text{silu}(\ln 3)$ is $\ln 3 \cdot 1/(1 + 1/3) = \frac{3}{4}\ln 3$.
# With all three matrices of size 1 × 1, gate weight $\ln 3$, up weight 4 and down weight 2, the input 1 gives
# $2 \cdot \frac{3}{4} \ln 3 \cdot 4 = 6 \ln 3$. With gate and up exchanged it would be
# $2 \cdot \text{silu}(4) \cdot \ln 3$, another number.
#
# ### Norm and gate in code
#
# *Implement · 9 minutes · difficulty: one of three*


# %% exercise="norm_and_gate" minutes=9
def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Divide each vector by its root mean square and multiply by learned weights.

    Args:
        x: floats (..., d).
        weight: (d,).
        eps: added to the mean square, inside the root.

    Returns:
        Like x. (1, 7) with weights 1 and eps 0 gives (0.2, 1.4).

    Source: B. Zhang and R. Sennrich, 2019.
    """
    ### BEGIN SOLUTION
    return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
    ### END SOLUTION


def swiglu(
    x: torch.Tensor, w_gate: torch.Tensor, w_up: torch.Tensor, w_down: torch.Tensor
) -> torch.Tensor:
    """The gated MLP of Llama: down(silu(gate(x)) * up(x)), without biases.

    Args:
        x: floats (..., d_model).
        w_gate, w_up: (d_ff, d_model), stored as (out, in).
        w_down: (d_model, d_ff).

    Returns:
        (..., d_model). The lesson's example gives 6 ln 3.

    Source: N. Shazeer, 2020.
    """
    ### BEGIN SOLUTION
    gate = x @ w_gate.T
    return (gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T
    ### END SOLUTION


# %% check="norm_and_gate" points=8
with check("norm: (1, 7)", hint="Mean of the squares, then its root: the root of 25."):
    expect(rms_norm(torch.tensor([[1.0, 7.0]]), torch.ones(2), 0.0), torch.tensor([[0.2, 1.4]]))
with check("norm: weights, and every vector by itself", hint="The mean runs over the last axis; `keepdim=True` keeps the shapes fitting. Compute in the dtype of x.") as rng:
    drawn, g = torch.tensor(rng.normal(2, 3, size=(2, 3, 5))), torch.tensor(rng.normal(size=5))
    expect(rms_norm(drawn, g), F.rms_norm(drawn, (5,), g, 1e-5))
with check("norm: eps stands inside the root", hint="Mean square plus eps, then the root. With tiny vectors it is eps that decides."):
    tiny = torch.tensor([[1e-3, -1e-3, 1e-3, 0.0]], dtype=torch.float64)
    for e in (1e-5, 0.25):
        expect(rms_norm(tiny, torch.ones(4, dtype=torch.float64), eps=e), tiny / math.sqrt(0.75e-6 + e))
with check("gate: the example with 1 × 1 matrices", hint="silu(z) = z * sigmoid(z) goes over the gate, not over up."):
    one, w = torch.ones(1, 1, dtype=torch.float64), [torch.tensor([[z]], dtype=torch.float64) for z in (math.log(3), 4.0, 2.0)]
    expect(swiglu(one, *w), torch.tensor([[6 * math.log(3)]], dtype=torch.float64))
with check("gate: as torch computes it", points=2, hint="`F.silu(x @ w_gate.T) * (x @ w_up.T)`, then `@ w_down.T`.") as rng:
    drawn, g, u, w = (torch.tensor(rng.normal(size=s)) for s in ((2, 3, 4), (6, 4), (6, 4), (4, 6)))
    expect(swiglu(drawn, g, u, w), F.linear(F.silu(F.linear(drawn, g)) * F.linear(drawn, u), w))
### BEGIN HIDDEN TESTS
with check("random vectors and weights", points=2, hint="Try one vector, many axes, and gate and up that differ.", hidden=True) as rng:
    for _ in range(10):
        n, d, d_ff = (int(i) for i in rng.integers(1, 7, 3))
        drawn, norm_weight, e = torch.tensor(rng.normal(1, 2, size=(n, d))), torch.tensor(rng.normal(size=d)), float(rng.choice([1e-6, 1e-2]))
        expect(rms_norm(drawn, norm_weight, e), F.rms_norm(drawn, (d,), norm_weight, e))
        g, u, w = (torch.tensor(rng.normal(size=s)) for s in ((d_ff, d), (d_ff, d), (d, d_ff)))
        expect(swiglu(drawn, g, u, w), F.linear(F.silu(F.linear(drawn, g)) * F.linear(drawn, u), w))
### END HIDDEN TESTS
grade("norm_and_gate")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `x.pow(2).mean(dim=-1, keepdim=True)` is the mean square of each vector. Add eps, take the root, divide.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `gate = x @ w_gate.T`, then `(gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T`.
#
# </details>
#
# **Why a gate?** The product lets one half of the hidden layer switch the other. In Shazeer's comparison the gated
# variants had the lower perplexity at equal size, and the paper offers no explanation. Three matrices instead of two:
# so `d_ff` is chosen smaller, about $\frac{8}{3}$ of `d_model` instead of 4, to have as many parameters.
#
# **Why it matters.** Gate and up have the same shape. Exchange them when loading weights, and nothing complains.
# [Which activation do large models use, and what is SwiGLU?](#Which-activation-do-large-models-use,-and-what-is-SwiGLU?)

# %% [markdown]
# ### Pre-norm and post-norm
#
# The original put the norm *behind* the sum, on the stream itself: $x \leftarrow \text{norm}(x + f(x))$,
# **post-norm**. Llama and its kin put it on the branch: $x \leftarrow x + f(\text{norm}(x))$, **pre-norm**, and one
# more norm before the head.
#
# The experiment of the next figure is as bare as possible: twelve blocks with random weights, in which $f$ is a
# two-layer network whose output is about as large as its input. No training. Left: the root mean square of the stream
# after each block. Right: the cosine between the stream and what entered the first block, a measure of how much of
# the token itself is still there.


# %%
def stream(post: bool, seed: int = 0, blocks: int = 12, d: int = 64) -> tuple[list, list]:
    """Run random blocks; return the stream's size, and its cosine with the input, after each."""
    draw = torch.Generator().manual_seed(seed)
    x = start = torch.randn(256, d, generator=draw)
    start = x = F.rms_norm(x, (d,))
    size, cosine = [1.0], [1.0]
    for _ in range(blocks):
        w_in = torch.randn(4 * d, d, generator=draw) / math.sqrt(d)
        w_out = torch.randn(d, 4 * d, generator=draw) / math.sqrt(2 * d)
        change = F.relu((x if post else F.rms_norm(x, (d,))) @ w_in.T) @ w_out.T
        x = F.rms_norm(x + change, (d,)) if post else x + change
        size.append(float(x.pow(2).mean().sqrt()))
        cosine.append(float(F.cosine_similarity(x, start, dim=-1).mean()))
    return size, cosine


# %% demo=true
# Figure: the residual stream through twelve random blocks, two ways A and B to place the norm
def draw_stream():
    """Draw size and cosine of the stream for both ways, named A and B."""
    ways = {"A": stream(post=True), "B": stream(post=False)}
    fig, (left, right) = plots.canvas(2, width=8.0, height=3.4)
    plots.history(left, {name: way[0] for name, way in ways.items()}, "block", "size of the stream")
    plots.history(right, {name: way[1] for name, way in ways.items()}, "block", "cosine with input")
    plots.show(fig, alt="Left: the size of the stream. A stays at 1; B grows, quickly at first, to "
               "about 3.7 after twelve blocks. Right: the cosine with the input. A falls by about "
               "a third with every block and is near 0 after ten; B falls as far with the first "
               "block and then ever more slowly, to nearly 0.3 after twelve.")  # fmt: skip


draw_stream()

# %% [markdown]
# ### Read the stream
#
# *Read the plot · 5 minutes · difficulty: two of three*
#
# - `"post"`: which way is post-norm, `"A"` or `"B"`?
# - `"size"`: the size of the stream of B after twelve blocks, to within 0.3.
# - `"why"`: why does B grow so? (a) Each block adds a vector of size about 1 in a direction of its own, and squares
#   add up. (b) Each block doubles the stream, and the norm, which stands on the branch, cannot take that back. (c)
#   The weights of later blocks are larger, so that each adds more than the one before.
# - `"conclude"`: what may you conclude from this figure? (a) Pre-norm trains to a lower loss, since what enters
#   reaches the end of the stack. (b) Through random blocks like these, the input keeps a larger share in B than in A.
#   (c) Post-norm cannot be trained with twelve blocks or more, since nothing of the input is left there.

# %% exercise="pre_or_post" minutes=5
### BEGIN SOLUTION
seen_in_plot = {"post": "A", "size": 3.6, "why": "a", "conclude": "b"}
### END SOLUTION
### BEGIN RELEASE
# seen_in_plot = {"post": ..., "size": ..., "why": ..., "conclude": ...}
### END RELEASE

# %% check="pre_or_post" points=4
with check("which way is post-norm", hint="Which of the two puts every vector of the stream back to the size 1?"):
    expect_choice(seen_in_plot["post"], "a", {
        "a": "The norm stands on the stream itself, so every block leaves vectors of size 1.",
        "b": "The stream of B grows: nothing normalises what is added up.",
    })  # fmt: skip
with check("the size after twelve blocks", hint="Read the left panel at block 12, or think: 13 vectors of size 1 at right angles."):
    expect(seen_in_plot["size"], stream(post=False)[0][12], tol=0.3 / stream(post=False)[0][12], what="your reading", tell=False)
with check("why it grows", hint="Two vectors of length 1 at right angles: how long is their sum?"):
    expect_choice(seen_in_plot["why"], "a", {
        "a": "Directions drawn at random are nearly at right angles in 64 dimensions, so the squares of the sizes add up: the root of 1 + the number of blocks.",
        "b": "Doubling twelve times would be thousands. Read the left panel again.",
        "c": "Every block has new weights of the same size, and what enters a block has been normalised.",
    })  # fmt: skip
with check("what it shows", hint="Was anything trained?"):
    expect_choice(seen_in_plot["conclude"], "b", {
        "a": "No loss was measured. A figure of untrained blocks says nothing about the end of training.",
        "b": "That is what was drawn. That it makes training deep stacks easier is a conclusion of other experiments.",
        "c": "The original of 2017 and BERT were trained with post-norm, with a learning rate that is warmed up.",
    })  # fmt: skip
grade("pre_or_post")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In post-norm nothing leaves a block but what the norm has just made.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Thirteen vectors of size 1 at right angles to each other have a sum of the size $\sqrt{13}$.
#
# </details>
#
# That pre-norm trains without a warm-up, where post-norm needs one, was shown by R. Xiong and others ("On layer
# normalization in the Transformer architecture", 2020). The price is on the left: the stream grows with depth, so
# later blocks change its direction less and less.
#
# **Why it matters.** "Pre-norm is more stable" is what everybody says. You can say what the stream does.
# [Pre-norm or post-norm, and why RMSNorm?](#Pre-norm-or-post-norm,-and-why-RMSNorm?)

# %% [markdown]
# ## What it costs
#
# A **configuration** of a dozen numbers decides what a model costs. In this unit it is a dict:
#
# | key | meaning |
# |---|---|
# | `vocab_size`, `d_model`, `n_layers`, `d_ff` | tokens in the vocabulary, width of the stream, blocks, hidden width of the MLP |
# | `n_heads`, `n_kv_heads` | query heads; heads of keys and values. A head has `d_model / n_heads` entries |
# | `gated` | `True`: three matrices in the MLP (SwiGLU); `False`: two |
# | `bias` | `True`: every linear layer in the blocks has a bias, and every norm too (LayerNorm); the head has none |
# | `n_positions` | rows of a learned table of places; 0 with RoPE |
# | `tied` | `True`: the head is the embedding table; `False`: a table of its own |
#
# Count **parameters** block by block: queries and output `d_model` × `d_model`, keys and values with `n_kv_heads`
# heads only, the MLP's matrices, two norms. Then the embeddings, the last norm, and the head.
#
# Count **arithmetic** for one token that goes forward: a matrix with $P$ entries takes $P$ products and $P$ sums,
# $2P$ FLOPs. So the matrices of the blocks and the head, tied or not, take twice their number of parameters. (Looking
# up an embedding takes none; norms, biases, softmax and RoPE are small and left out.) Attention itself, with $T$
# tokens to look at, takes $2\,T\,d_{model}$ for the scores and as much for the average of the values, in each block:
# this is the part that grows with the text, and over all $T$ tokens it grows with $T^2$.
#
# **The smallest example.** `d_model = 2`, one head, `d_ff = 3`, gated, no bias, vocabulary 5, tied, RoPE, one block.
# Attention 4 · 4 = 16, MLP 3 · 6 = 18, norms 2 + 2 + 2 = 6, embeddings 10: together 50. A token takes 2 · (16 + 18
# + 10) = 88 FLOPs in matrices, and 4 · T · 2 in the attention.
#
# ### A small Llama by hand
#
# *By hand · 8 minutes · difficulty: one of three*
#
# `d_model = 4`, two query heads and one key head, `d_ff = 6`, gated, no bias, vocabulary 10, tied, RoPE, one block.
# Give the parameters of the attention, of the MLP, of all norms, and the total; the FLOPs in matrices for a token;
# and the number $T$ of tokens at which the attention's own arithmetic is as much as that of all matrices.

# %% exercise="count_by_hand" minutes=8
### BEGIN SOLUTION
small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 320, "equal_at": 20}
### END SOLUTION
### BEGIN RELEASE
# small_llama = {
#     "attention": ..., "mlp": ..., "norms": ..., "total": ..., "flops": ..., "equal_at": ...,
# }
### END RELEASE

# %% check="count_by_hand" points=6
with check("the attention", hint="A head has two entries. Queries and output 4 × 4; keys and values 2 × 4 each."):
    expect(small_llama["attention"], 2 * 4 * 4 + 2 * 2 * 4, what="the number of parameters", tell=False)
with check("the MLP", hint="Three matrices with 4 · 6 entries each."):
    expect(small_llama["mlp"], 3 * 4 * 6, what="the number of parameters", tell=False)
with check("the norms", hint="Two in the block, and one before the head."):
    expect(small_llama["norms"], 3 * 4, what="the number of parameters", tell=False)
with check("the total", hint="Attention, MLP, norms, and 10 · 4 for the embeddings. Tied: the head costs nothing more."):
    expect(small_llama["total"], 2 * 4 * 4 + 2 * 2 * 4 + 3 * 4 * 6 + 3 * 4 + 10 * 4, what="the total", tell=False)
with check("the arithmetic of the matrices", hint="Twice the entries of attention, MLP and head. A tied head is multiplied all the same."):
    expect(small_llama["flops"], 2 * (2 * 4 * 4 + 2 * 2 * 4 + 3 * 4 * 6 + 10 * 4), what="the number of FLOPs", tell=False)
with check("where attention is as dear", hint="The attention takes 4 · T · 4 FLOPs a token. Set it equal to the matrices'."):
    expect(small_llama["equal_at"], 2 * (2 * 4 * 4 + 2 * 2 * 4 + 3 * 4 * 6 + 10 * 4) / (4 * 4), what="the number of tokens", tell=False)
grade("count_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two query heads of two entries fill the width 4. One key head has two entries, so its matrix is 2 × 4.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Attention 16 + 8 + 8 + 16. FLOPs: twice 48 + 72 + 40. The attention itself takes 16 FLOPs for each token that is
# looked at.
#
# </details>
#
# **Why it matters.** "How many parameters has a 7B model, and where are they?" is a question of two minutes on paper.
# [How do you count the parameters and FLOPs of a Transformer?](#How-do-you-count-the-parameters-and-FLOPs-of-a-Transformer?)

# %% [markdown]
# ### Real models from their configurations
#
# *Implement · 13 minutes · difficulty: two of three*
#
# Now for any configuration. The next cell holds four published ones and lets Hugging Face's library build them, on a
# device that holds no memory, and count. (GPT-2: A. Radford and others, 2019; Llama 2: H. Touvron and others, 2023;
# Llama 3: Meta, 2024; SmolLM2: L. Ben Allal and others, 2025.)

# %%
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

LLAMA = {"gated": True, "bias": False, "n_positions": 0}
CONFIGS = {
    "GPT-2": {"vocab_size": 50257, "d_model": 768, "n_layers": 12, "n_heads": 12,
              "n_kv_heads": 12, "d_ff": 3072, "gated": False, "bias": True, "n_positions": 1024,
              "tied": True},
    "Llama 2 7B": {"vocab_size": 32000, "d_model": 4096, "n_layers": 32, "n_heads": 32,
                   "n_kv_heads": 32, "d_ff": 11008, "tied": False, **LLAMA},
    "Llama 3 8B": {"vocab_size": 128256, "d_model": 4096, "n_layers": 32, "n_heads": 32,
                   "n_kv_heads": 8, "d_ff": 14336, "tied": False, **LLAMA},
    "SmolLM2 135M": {"vocab_size": 49152, "d_model": 576, "n_layers": 30, "n_heads": 9,
                     "n_kv_heads": 3, "d_ff": 1536, "tied": True, **LLAMA},
}  # fmt: skip


def library_model(config: dict, device: str = "cpu") -> nn.Module:
    """Let the library build the model of a configuration; it pairs the halves in RoPE."""
    if config["bias"]:
        with torch.device(device):
            return GPT2LMHeadModel(GPT2Config())
    theirs = LlamaConfig(
        vocab_size=config["vocab_size"], hidden_size=config["d_model"],
        intermediate_size=config["d_ff"], num_hidden_layers=config["n_layers"],
        num_attention_heads=config["n_heads"], num_key_value_heads=config["n_kv_heads"],
        tie_word_embeddings=config["tied"], rms_norm_eps=config.get("norm_eps", 1e-5),
        rope_parameters={"rope_type": "default", "rope_theta": config.get("rope_base", 10000.0)},
        max_position_embeddings=64, attn_implementation="eager",
    )  # fmt: skip
    with torch.device(device):
        return LlamaForCausalLM(theirs)


def library_parameters(config: dict) -> int:
    """Count the parameters of the library's model, without giving them memory."""
    return sum(p.numel() for p in library_model(config, "meta").parameters())


def library_flops(config: dict, n_tokens: int) -> int:
    """Count the FLOPs of one forward pass of the library's (Llama) model over n_tokens."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        library_model(config)(torch.zeros(1, n_tokens, dtype=torch.int64))
    return counter.get_total_flops()


PARAMETERS = {name: library_parameters(config) for name, config in CONFIGS.items()}


# %% exercise="count_model" minutes=13
def count_parameters(config: dict) -> int:
    """Return the number of parameters of the model that a configuration describes.

    Args:
        config: the keys of the table above.

    The small example of the lesson has 50, GPT-2 124,439,808.
    """
    ### BEGIN SOLUTION
    d, d_ff = config["d_model"], config["d_ff"]
    d_kv = d // config["n_heads"] * config["n_kv_heads"]
    matrices = [(d, d), (d_kv, d), (d_kv, d), (d, d)]  # queries, keys, values, output
    matrices += [(d_ff, d)] * (2 if config["gated"] else 1) + [(d, d_ff)]
    biases = sum(out for out, _ in matrices) if config["bias"] else 0
    norm = 2 * d if config["bias"] else d
    block = sum(out * into for out, into in matrices) + biases + 2 * norm
    tables = config["vocab_size"] * (1 if config["tied"] else 2) + config["n_positions"]
    return config["n_layers"] * block + norm + tables * d
    ### END SOLUTION


def flops_per_token(config: dict, n_context: int) -> int:
    """Return the FLOPs of one token's way forward: two an entry of each matrix, and attention.

    Args:
        config: the keys of the table above.
        n_context: the number of tokens that it looks at (as if without a causal mask).

    Matrices of the blocks and the head (tied or not) count, lookups, norms and biases do not. The
    small example of the lesson has 88 + 8 * n_context.
    """
    ### BEGIN SOLUTION
    d, d_ff = config["d_model"], config["d_ff"]
    d_kv = d // config["n_heads"] * config["n_kv_heads"]
    block = 2 * d * d + 2 * d_kv * d + (3 if config["gated"] else 2) * d * d_ff
    matrices = config["n_layers"] * block + config["vocab_size"] * d
    return 2 * matrices + 4 * n_context * d * config["n_layers"]
    ### END SOLUTION


# %% check="count_model" points=12
with check("parameters: the smallest example", hint="16 + 18 + 6 + 10; the last norm counts too."):
    tiny_config = {"vocab_size": 5, "d_model": 2, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "d_ff": 3, "tied": True, **LLAMA}
    expect(count_parameters(tiny_config), library_parameters(tiny_config))
with check("parameters: Llama 2, a head of its own", needs="parameters: the smallest example",
           hint="Not tied: the head is a second table of vocab_size × d_model."):  # fmt: skip
    expect(count_parameters(CONFIGS["Llama 2 7B"]), PARAMETERS["Llama 2 7B"])
with check("parameters: Llama 3 and SmolLM2, shared keys", needs="parameters: the smallest example",
           hint="Keys and values have n_kv_heads * d_head rows."):  # fmt: skip
    for name in ("Llama 3 8B", "SmolLM2 135M"):
        expect(count_parameters(CONFIGS[name]), PARAMETERS[name])
with check("parameters: GPT-2", points=2, hint="Two matrices in the MLP, a bias for each output of each linear layer, norms with bias, and the table of places."):
    expect(count_parameters(CONFIGS["GPT-2"]), PARAMETERS["GPT-2"])
with check("parameters: biases beside a gate and shared keys", hint="A linear layer has as many biases as outputs: keys and values have fewer, and the gate has its own."):
    with torch.device("meta"):
        layers = [nn.Linear(12, out) for out in (12, 4, 4, 12, 7, 7)] + [nn.Linear(7, 12)]
        layers = 2 * (layers + [nn.LayerNorm(12)] * 2) + [nn.LayerNorm(12), nn.Embedding(5, 12), nn.Linear(12, 5, bias=False)]
    with_biases = {"vocab_size": 5, "d_model": 12, "n_layers": 2, "n_heads": 6, "n_kv_heads": 2, "d_ff": 7, "tied": False, **LLAMA, "bias": True}
    expect(count_parameters(with_biases), sum(p.numel() for layer in layers for p in layer.parameters()))
with check("FLOPs: the smallest example", hint="Twice the entries of the matrices, the tied head included, and 4 · n_context · d_model a block."):
    small_config = {"vocab_size": 5, "d_model": 2, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "d_ff": 3, "tied": True, **LLAMA}
    expect([flops_per_token(small_config, n) for n in (0, 1, 10)], [2 * (4 * 4 + 3 * 6 + 5 * 2) + 4 * n * 2 for n in (0, 1, 10)])
with check("FLOPs: as the library's model spends them", hint="Each of the n tokens looks at n tokens; multiply by n and compare. The head counts once, tied or not."):
    for n_tokens, is_tied in ((3, True), (8, False)):
        counted = {"vocab_size": 30, "d_model": 24, "n_layers": 2, "n_heads": 6, "n_kv_heads": 2, "d_ff": 20, "tied": is_tied, **LLAMA}
        expect(n_tokens * flops_per_token(counted, n_tokens), library_flops(counted, n_tokens), what="the number of FLOPs of the whole text")
with check("FLOPs: biases and places take none", needs="FLOPs: the smallest example",
           hint="Only matrices count, and attention. Biases, norms and lookups are left out."):  # fmt: skip
    counted = {"vocab_size": 9, "d_model": 8, "n_layers": 3, "n_heads": 2, "n_kv_heads": 2, "d_ff": 20, "tied": True, "gated": False}
    plain = flops_per_token({**counted, "bias": False, "n_positions": 0}, 7)
    expect(flops_per_token({**counted, "bias": True, "n_positions": 50}, 7), plain, what="the number of FLOPs with biases and a table of places")
### BEGIN HIDDEN TESTS
with check("random configurations", points=3, hint="Try all four combinations of gated and bias, tied or not, and several layers.", hidden=True) as rng:
    for turn in range(16):
        kv, group, head, n_layers, d_ff, vocabulary = (int(i) for i in rng.integers(1, 6, 6))
        d, d_kv = kv * group * head, kv * head
        drawn = {"vocab_size": vocabulary, "d_model": d, "n_layers": n_layers, "n_heads": kv * group, "n_kv_heads": kv, "d_ff": d_ff,
                 "gated": bool(turn & 1), "bias": bool(turn & 2), "tied": bool(turn & 4), "n_positions": 7 * (turn & 2)}  # fmt: skip
        weights = n_layers * (2 * d * d + 2 * d_kv * d + (2 + drawn["gated"]) * d * d_ff)
        rest = (2 * n_layers + 1) * d * (1 + drawn["bias"]) + d * (vocabulary * (2 - drawn["tied"]) + drawn["n_positions"])
        if drawn["bias"]:
            rest += n_layers * (2 * d + 2 * d_kv + (1 + drawn["gated"]) * d_ff + d)
        expect(count_parameters(drawn), weights + rest, what="the number of parameters")
        n_seen = int(rng.integers(1, 50))
        expect(flops_per_token(drawn, n_seen), 2 * (weights + vocabulary * d) + 4 * n_seen * d * n_layers, what="the number of FLOPs")
### END HIDDEN TESTS
grade("count_model")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# List the shapes of all matrices of a block as (out, in). The sum of the products is the weights; the sum of the
# first entries is the biases.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `d_kv = d_model // n_heads * n_kv_heads`. A norm has `d_model` parameters, with bias twice as many; there are two a
# block and one at the end.
#
# </details>
# <details><summary>Hint 3</summary>
#
# FLOPs: `2 * (n_layers * matrices_of_a_block + vocab_size * d_model) + 4 * n_context * d_model * n_layers`.
#
# </details>

# %% demo=true
try:
    for model_name, described in CONFIGS.items():
        longest = described["n_positions"] or 131072  # a learned table of places ends
        at = {n: flops_per_token(described, n) / 1e9 for n in (0, 1024, 2048, 131072)
              if n <= longest}  # fmt: skip
        told = ", ".join(f"{flops:,.1f} with {n:,} to look at" for n, flops in at.items())
        print(f"{model_name:13} {count_parameters(described):>13,} parameters;", end=" ")
        print(f"GFLOPs a token {told}")
except NotImplementedError:
    print("This cell uses both of your functions: write them first, then run this cell again.")

# %% [markdown]
# For Llama 2 the matrices take about twice the number of parameters a token: this is the rule "$2N$ FLOPs a token
# forward" (J. Kaplan and others, "Scaling laws for neural language models", 2020). With 2,048 tokens to look at, the
# attention adds 8 %; for Llama 3 with 131,072 it takes four to five times as much as all matrices together.
#
# **Why it matters.** "Attention is quadratic" is true, and for short texts it is not what costs.
# [What is the complexity of self-attention, and what does it mean for long texts?](#What-is-the-complexity-of-self-attention,-and-what-does-it-mean-for-long-texts?)

# %% [markdown]
# ### A softmax that never sees the whole row
#
# *Implement · 14 minutes · difficulty: three of three*
#
# For long texts it is not the arithmetic of attention that hurts first, but its table: $T^2$ scores, written to
# memory and read again. **FlashAttention** (T. Dao and others, 2022) never builds it. It works through the keys block
# by block and keeps, for each query, three things: the largest score so far $m$, the sum of exponentials $\ell$, and
# the weighted sum of values $a$, both relative to $m$. When a block brings a larger maximum $m'$, what was summed is
# too large by $e^{m' - m}$: multiply $\ell$ and $a$ by $e^{m - m'}$, then add the block. At the end the output is
# $a / \ell$. The result is exact, not an approximation (the trick is M. Milakov and N. Gimelshein's "Online
# normalizer calculation for softmax", 2018).
#
# **The smallest example.** One query, scores 0, then $\ln 3$, in blocks of one; values 8 and 4. After the first
# block: $m = 0$, $\ell = 1$, $a = 8$. The second brings $m' = \ln 3$: multiply by 1/3, so $\ell = 1/3$, $a = 8/3$;
# then add $e^0 = 1$ and 4: $\ell = 4/3$, $a = 20/3$. Output 5, as at the start of this unit.
#
# Write it. A counter below your function notes what it keeps in memory: no tensor may hold more than
# `n_queries * max(block, d, d_value)` numbers, and all that exist at the same time at most ten times as many. (So the
# scores of a block are forgotten when the block is done.)


# %%
import weakref

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class MemoryCounter(TorchDispatchMode):
    """Count the numbers in the tensors that are made while this mode is on, without the known ones.

    largest: in the largest tensor. most: in all that exist at the same time, at most.
    """

    def __init__(self, *known: torch.Tensor) -> None:
        super().__init__()
        self.known = {t.untyped_storage().data_ptr() for t in known}
        self.bytes = known[0].element_size()  # of one number
        self.made, self.largest, self.most = [], 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.made = [made for made in self.made if made() is not None]  # what is still needed
        for t in tree_leaves(result):
            if isinstance(t, torch.Tensor) and t.untyped_storage().data_ptr() not in self.known:
                self.made.append(weakref.ref(t))
        memories = (made().untyped_storage() for made in self.made)
        sizes = {memory.data_ptr(): memory.nbytes() for memory in memories}  # views count once
        sizes = [size // self.bytes for size in sizes.values()]
        self.largest = max([self.largest, *sizes])
        self.most = max(self.most, sum(sizes))
        return result


# %% exercise="online_softmax" minutes=14
def online_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, block: int
) -> torch.Tensor:
    """Scaled dot-product attention, exact, over blocks of keys.

    Args:
        q: (n_queries, d).
        k: (n_keys, d).
        v: (n_keys, d_value).
        block: how many keys are looked at at once, at least 1; the last block may be shorter.

    Returns:
        (n_queries, d_value), the same as `attention(q, k, v)` up to rounding, for scores of any
        size. No tensor that it makes holds more than n_queries * max(block, d, d_value) numbers,
        and all that exist at the same time hold at most ten times as many.

    Source: T. Dao and others, "FlashAttention", 2022.
    """
    ### BEGIN SOLUTION
    q = q / math.sqrt(q.shape[1])
    top = torch.full((len(q), 1), -math.inf, dtype=q.dtype)
    total = torch.zeros_like(top)
    summed = torch.zeros(len(q), v.shape[1], dtype=q.dtype)
    for keys, values in zip(k.split(block), v.split(block), strict=True):
        scores = q @ keys.T
        higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
        exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
        total = total * shrink + exps.sum(dim=1, keepdim=True)
        summed = summed * shrink + exps @ values
        top = higher
    return summed / total
    ### END SOLUTION


def memory_of(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, block: int) -> dict[str, int]:
    """Return how many numbers online_attention keeps: in one tensor, and at a time. (Given.)"""
    with MemoryCounter(q, k, v) as counter:
        online_attention(q, k, v, block)
    return {"largest": counter.largest, "most": counter.most}


# %% check="online_softmax" points=8
with check("the smallest example", hint="After the second block: total 4/3, sum 20/3."):
    two_keys = torch.tensor([[0.0], [math.log(3)]], dtype=torch.float64), torch.tensor([[8.0], [4.0]], dtype=torch.float64)
    expect(online_attention(torch.ones(1, 1, dtype=torch.float64), *two_keys, block=1), torch.tensor([[5.0]], dtype=torch.float64))
with check("the same as torch's, for every size of block", points=2, hint="Scores are divided by the root of d. When the maximum rises, shrink both sums before you add. The last block may be shorter.") as rng:
    drawn = [torch.tensor(rng.normal(size=s)) for s in ((3, 4), (7, 4), (7, 5))]
    for n_block in (1, 2, 3, 7, 20):
        expect(online_attention(*drawn, block=n_block), F.scaled_dot_product_attention(*drawn), what=f"the output with blocks of {n_block}")
with check("scores in the thousands, rising and falling", hint="Exponentials are taken relative to the maximum so far, of each query.") as rng:
    ramp = torch.linspace(-1, 1, 8, dtype=torch.float64)
    hand_over = torch.tensor(rng.normal(size=(8, 2)))
    steep = 5000 * torch.tensor([[1.0], [-1.0], [0.3]], dtype=torch.float64)
    for keys in (ramp[:, None], ramp[:, None] - 3):
        expect(online_attention(steep, keys, hand_over, block=3), F.scaled_dot_product_attention(steep, keys, hand_over))
with check(
    "no table of all scores", points=2, needs="the same as torch's, for every size of block",
    hint="Multiply q with one block of keys at a time (`k.split(block)` makes views, no copies), and divide the queries by the root, not the keys.",
) as rng:  # fmt: skip
    drawn = [torch.tensor(rng.normal(size=s)) for s in ((40, 4), (300, 4), (300, 6))]
    made = memory_of(*drawn, block=10)
    assert made["largest"] <= 40 * 10, f"The largest tensor holds {made['largest']} numbers; 40 queries and blocks of 10 need no more than 400."
    assert made["most"] <= 10 * 40 * 10, f"Tensors with {made['most']} numbers exist at a time; 4000 are enough. Forget the scores of a block after use."
### BEGIN HIDDEN TESTS
with check("random sizes", points=2, hint="Try one query, one key, and blocks larger than the text.", hidden=True) as rng:
    for _ in range(20):
        n_queries, n_keys, d, d_value, n_block = (int(i) for i in rng.integers(1, 9, 5))
        drawn = [torch.tensor(rng.normal(0, 5, size=s)) for s in ((n_queries, d), (n_keys, d), (n_keys, d_value))]
        expect(online_attention(*drawn, block=n_block), F.scaled_dot_product_attention(*drawn))
### END HIDDEN TESTS
grade("online_softmax")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Start with `top` at minus infinity and both sums at 0: then the first block needs no case of its own, since
# $e^{-\infty} = 0$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In each block: `higher = torch.maximum(top, scores.amax(1, keepdim=True))`, `shrink = torch.exp(top - higher)`, and
# both sums become `sum * shrink + new`.
#
# </details>

# %% demo=true
long_text = [torch.randn(1024, 16, generator=torch.Generator().manual_seed(i)) for i in range(3)]
try:
    with MemoryCounter(*long_text) as by_table:
        attention(*long_text)
    by_blocks = memory_of(*long_text, block=32)
    print("numbers over 1,024 tokens, in the largest tensor and in all at a time:")
    print(f"with the table   {by_table.largest:>9,} {by_table.most:>9,}")
    print(f"in blocks of 32  {by_blocks['largest']:>9,} {by_blocks['most']:>9,}")
except NotImplementedError:
    print("This cell uses your functions: write them first, then run this cell again.")

# %% [markdown]
# A table of 1,024 × 1,024 scores holds 1,048,576 numbers; in blocks of 32 the largest tensor holds 32,768, a
# thirty-second. The arithmetic is the same and a little more. On a graphics card it is faster all the same, because
# the blocks stay in its small fast memory. In plain PyTorch, as here, you see what is saved in memory and nothing of
# the speed.
#
# **Why it matters.** "FlashAttention approximates" and "FlashAttention is linear" are two wrong answers: it is exact,
# and only its memory is linear.
# [How does FlashAttention work?](#How-does-FlashAttention-work?)

# %% [markdown]
# ### A mixture of experts by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# More parameters without more arithmetic: a **mixture of experts** (MoE) has several MLPs in a block, and a small
# *router*, one linear layer, that picks a few of them for each token (N. Shazeer and others, "Outrageously large
# neural networks", 2017; Mixtral: A. Jiang and others, 2024, picks two of eight). Take the softmax of the router's
# scores, keep the best two, divide their weights by their sum, and add up the two outputs with them.
#
# **The smallest example.** Three experts, scores $\ln 1$, $\ln 2$, $\ln 5$: softmax 1/8, 2/8, 5/8. The best two are 2
# and 3; over their sum 7/8, their weights are 2/7 and 5/7.
#
# Now four experts with the scores $\ln 3$, $\ln 1$, $\ln 4$, $\ln 2$ for one token, and the outputs 14, 28, 7, 21.
# Give the two experts (numbered from 1, the better one first), their weights in the same order, and the output.
#
# Parameters: each expert has 100, the router 12, everything else 200. Give the total, and how many a token uses
# (`"active"`).
#
# Eight tokens send two requests each: the experts get 7, 5, 3 and 1. Each expert takes at most 4 (its *capacity*,
# here the mean); what is too much is dropped. How many requests are dropped?

# %% exercise="moe_by_hand" minutes=6
### BEGIN SOLUTION
routed = {
    "experts": [3, 1],
    "weights": [4 / 7, 3 / 7],
    "output": 10,
    "total": 612,
    "active": 412,
    "dropped": 4,
}
### END SOLUTION
### BEGIN RELEASE
# routed = {
#     "experts": [..., ...],
#     "weights": [..., ...],
#     "output": ...,
#     "total": ...,
#     "active": ...,
#     "dropped": ...,
# }
### END RELEASE

# %% check="moe_by_hand" points=5
with check("the experts and their weights", points=2, hint="Exponentials 3, 1, 4, 2. Keep the largest two, and divide by their own sum."):
    best = torch.tensor([3.0, 1.0, 4.0, 2.0], dtype=torch.float64).log().softmax(0).topk(2)
    expect(list(routed["experts"]), [i + 1 for i in best.indices.tolist()], what="the list of your experts", tell=False)
    expect(list(routed["weights"]), (best.values / best.values.sum()).tolist(), what="the list of your weights", tell=False)
with check("the output", hint="Weight times output, for the two experts only."):
    best = torch.tensor([3.0, 1.0, 4.0, 2.0], dtype=torch.float64).log().softmax(0).topk(2)
    ends = torch.tensor([14.0, 28.0, 7.0, 21.0], dtype=torch.float64)[best.indices]
    expect(routed["output"], float(ends @ best.values / best.values.sum()), what="your output", tell=False)
with check("all parameters, and those a token uses", hint="The router looks at every token; two experts of four work."):
    expect([routed["total"], routed["active"]], [4 * 100 + 12 + 200, 2 * 100 + 12 + 200], what="the list of your two counts", tell=False)
with check("the dropped requests", hint="What exceeds 4, expert by expert."):
    expect(routed["dropped"], sum(max(0, n - 8 * 2 // 4) for n in (7, 5, 3, 1)), what="your count", tell=False)
grade("moe_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Expert 3 has the exponential 4, expert 1 has 3. Over their sum: 4/7 and 3/7.
#
# </details>
# <details><summary>Hint 2</summary>
#
# 4/7 of 7, and 3/7 of 14. Dropped: 3 at the first expert and 1 at the second.
#
# </details>
#
# Mixtral 8x7B has, by its published configuration, 46.7 billion parameters, of which a token uses 12.9 billion. All
# 46.7 must lie in memory. Left alone, a router may send nearly everything to few experts, so training adds a loss
# that rewards even loads.
#
# **Why it matters.** Total parameters tell the memory, active ones the arithmetic. Whoever quotes one number leaves
# out half.
# [What is a mixture of experts?](#What-is-a-mixture-of-experts?)

# %% [markdown]
# ## The summit: your modules, real weights
#
# Everything is there: attention in groups, RoPE, norm, gate. Now put it together, under the names that Hugging Face's
# Llama files use, so that weights can be loaded by name:
#
# - `model.embed_tokens.weight` (vocab_size, d_model): the embedding, and the head too (tied);
# - for each block `i`, `model.layers.{i}.input_layernorm.weight` and `.post_attention_layernorm.weight` (the norms
#   before attention and before the MLP), `.self_attn.q_proj.weight`, `.k_proj`, `.v_proj` and `.o_proj`,
#   `.mlp.gate_proj.weight`, `.up_proj` and `.down_proj`;
# - `model.norm.weight` (the norm before the head).
#
# Names with dots come from modules within modules: a module whose attribute `self_attn` is a module whose attribute
# `q_proj` is an `nn.Linear(..., bias=False)` has the parameter `self_attn.q_proj.weight`. A tensor that a module should
# own, such as the weights of a norm, is wrapped: `self.weight = nn.Parameter(torch.ones(d))`. `nn.ModuleList` numbers
# what it holds, and `nn.ModuleDict` names it.
#
# **The smallest example** is a model without blocks (`n_layers` 0). It looks up the token's vector, normalises it,
# and multiplies with the whole table. With `d_model` 2, the table (1, 7), (0, 5), (2, 0), norm weights 1 and eps 0,
# token 0 has the vector (1, 7), normalised (1/5, 7/5), and the logits 1/5 + 49/5 = 10, then 7, then 2/5.
#
# ### Write a Transformer
#
# *Implement · 30 minutes · difficulty: three of three*
#
# The checks hand your model weights by these names, and compare its logits with those of Hugging Face's Llama, whose
# rows for queries and keys are reordered by the permutation that you have written. Then come the weights of a real,
# if tiny, model: 984,192 parameters, trained by a script of this course on docstrings of Python libraries and on
# Tang poems.


# %%
from dataclasses import asdict

import regex

from mftcourse.models import load_smollm2, load_tiny, smollm2_missing


def library_logits(config: dict, tensors: dict, ids: list[list[int]]) -> torch.Tensor:
    """Return the logits of Hugging Face's Llama with these weights, its q and k rows in halves."""
    theirs = library_model({**config, "bias": False, "tied": True})
    d_head = config["d_model"] // config["n_heads"]
    order = [*range(0, d_head, 2), *range(1, d_head, 2)]  # what to_half_split does to one head
    own = {n: t.unflatten(0, (-1, d_head))[:, order].flatten(0, 1)
           if "q_proj" in n or "k_proj" in n else t for n, t in tensors.items()}  # fmt: skip
    theirs.load_state_dict({**own, "lm_head.weight": own["model.embed_tokens.weight"]})
    with torch.no_grad():
        return theirs.eval()(torch.tensor(ids)).logits


def shapes_of(config: dict) -> dict[str, tuple[int, ...]]:
    """Return name → shape of all weights of a configuration."""
    d, d_ff = config["d_model"], config["d_ff"]
    d_kv = d // config["n_heads"] * config["n_kv_heads"]
    block = {"input_layernorm": (d,), "post_attention_layernorm": (d,),
             "self_attn.q_proj": (d, d), "self_attn.k_proj": (d_kv, d),
             "self_attn.v_proj": (d_kv, d), "self_attn.o_proj": (d, d), "mlp.gate_proj": (d_ff, d),
             "mlp.up_proj": (d_ff, d), "mlp.down_proj": (d, d_ff)}  # fmt: skip
    found = {"model.embed_tokens.weight": (config["vocab_size"], d), "model.norm.weight": (d,)}
    for i in range(config["n_layers"]):
        found |= {f"model.layers.{i}.{name}.weight": shape for name, shape in block.items()}
    return found


tiny = load_tiny()
TINY = asdict(tiny.config)


# %% exercise="transformer" minutes=30
### BEGIN SOLUTION
class RMSNorm(nn.Module):
    """`rms_norm` with weights of its own."""

    def __init__(self, d: int, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(d)), eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return rms_norm(x, self.weight, self.eps)


class SelfAttention(nn.Module):
    """Grouped attention with RoPE, causal unless told otherwise."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        self.config, d = config, config["d_model"]
        self.d_head = d // config["n_heads"]
        d_kv = self.d_head * config["n_kv_heads"]
        self.q_proj, self.o_proj = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.k_proj, self.v_proj = nn.Linear(d, d_kv, bias=False), nn.Linear(d, d_kv, bias=False)

    def forward(self, x: torch.Tensor, positions: list[int], mask: torch.Tensor) -> torch.Tensor:
        split = [p(x).unflatten(-1, (-1, self.d_head)).transpose(1, 2)
                 for p in (self.q_proj, self.k_proj, self.v_proj)]  # fmt: skip
        q, k = (rope(t, positions, self.config["rope_base"]) for t in split[:2])
        heads = grouped_attention(q, k, split[2], mask)
        return self.o_proj(heads.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """`swiglu` with weights of its own."""

    def __init__(self, d: int, d_ff: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(d, d_ff, bias=False)
        self.up_proj = nn.Linear(d, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return swiglu(x, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight)


class Block(nn.Module):
    """One block of the residual stream."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config["d_model"], config["norm_eps"])
        self.self_attn = SelfAttention(config)
        self.post_attention_layernorm = RMSNorm(config["d_model"], config["norm_eps"])
        self.mlp = MLP(config["d_model"], config["d_ff"])

    def forward(self, x: torch.Tensor, positions: list[int], mask: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), positions, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


### END SOLUTION
### BEGIN RELEASE
# # Your smaller modules stand here: a norm, an attention, an MLP, and a block that holds them.
### END RELEASE


class Transformer(nn.Module):
    """A decoder like Llama: RMSNorm, RoPE (interleaved), grouped attention, SwiGLU, tied head.

    Args:
        config: a dict with vocab_size, n_layers, d_model, n_heads, n_kv_heads, d_ff, rope_base and
            norm_eps; further keys do not matter.

    Its parameters are float32, with the names and shapes of the lesson, and no others. forward
    takes:
        ids: int64 (n, n_tokens).
        positions: the n_tokens places for RoPE, a list of ints; None: 0, 1, 2, ....
        causal: False lets every token look at all (for experiments).
    and returns the logits (n, n_tokens, vocab_size), without a softmax.
    """

    def __init__(self, config: dict) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.model = nn.ModuleDict({
            "embed_tokens": nn.Embedding(config["vocab_size"], config["d_model"]),
            "layers": nn.ModuleList([Block(config) for _ in range(config["n_layers"])]),
            "norm": RMSNorm(config["d_model"], config["norm_eps"]),
        })  # fmt: skip
        ### END SOLUTION
        ### BEGIN RELEASE
        # # YOUR CODE HERE
        # raise NotImplementedError()
        ### END RELEASE

    def forward(
        self, ids: torch.Tensor, positions: list[int] | None = None, causal: bool = True
    ) -> torch.Tensor:
        ### BEGIN SOLUTION
        positions = list(range(ids.shape[1])) if positions is None else positions
        mask = attention_mask(torch.ones(1, ids.shape[1], dtype=torch.bool), causal)
        x = self.model["embed_tokens"](ids)
        for block in self.model["layers"]:
            x = block(x, positions, mask)
        return self.model["norm"](x) @ self.model["embed_tokens"].weight.T
        ### END SOLUTION
        ### BEGIN RELEASE
        # # YOUR CODE HERE
        # raise NotImplementedError()
        ### END RELEASE


def logits_of(
    config: dict,
    tensors: dict,
    ids: list[list[int]],
    positions: list[int] | None = None,
    causal: bool = True,
) -> torch.Tensor:
    """Make a Transformer, load tensors by name (all, and no others), return its logits. (Given.)"""
    net = Transformer(config)
    net.load_state_dict(tensors)
    with torch.no_grad():
        return net.eval()(torch.tensor(ids), positions, causal)


# %% check="transformer" points=12
with check("the smallest example: no blocks", hint="Look up, normalise, multiply with the embedding table."):
    no_blocks = {**TINY, "n_layers": 0, "d_model": 2, "n_heads": 1, "n_kv_heads": 1, "vocab_size": 3, "norm_eps": 0.0}
    table = {"model.embed_tokens.weight": torch.tensor([[1.0, 7], [0, 5], [2, 0]]), "model.norm.weight": torch.ones(2)}
    expect(logits_of(no_blocks, table, [[0]]), torch.tensor([[[10.0, 7.0, 0.4]]]))
with check("parameters: names and shapes", hint="Print `[(n, p.shape) for n, p in Transformer(TINY).named_parameters()]` and compare with the list. No biases."):
    expect(probes.parameters(Transformer(TINY)), {name: list(shape) for name, shape in shapes_of(TINY).items()}, what="the table of parameters")
with check("one block, drawn weights, as the library computes it", points=2, hint="Print both logits for one token first (neither RoPE nor mask matters), then for two. Base and eps come from the configuration.") as rng:
    one_block = {**TINY, "vocab_size": 20, "n_layers": 1, "d_model": 24, "n_heads": 6, "n_kv_heads": 2, "d_ff": 20, "rope_base": 500.0, "norm_eps": 0.1}
    drawn = {name: torch.tensor(rng.normal(0, 0.3, size=s), dtype=torch.float32) for name, s in shapes_of(one_block).items()}
    sent = rng.integers(0, 20, (2, 9)).tolist()
    expect(logits_of(one_block, drawn, sent), library_logits(one_block, drawn, sent), tol=1e-4)
with check("the tiny model's weights", points=2, hint="All blocks in order, the last norm, then the tied head.", needs="parameters: names and shapes"):
    expect(logits_of(TINY, tiny.tensors, [list(range(300, 316))]), library_logits(TINY, tiny.tensors, [list(range(300, 316))]), tol=1e-3)
with check("a later token changes no earlier logits", hint="Is the causal mask handed down to every block?", needs="one block, drawn weights, as the library computes it"):
    short, longer = (logits_of(TINY, tiny.tensors, [text]) for text in ([300, 301, 302, 303], [300, 301, 302, 999, 20]))
    expect(longer[:, :3], short[:, :3], tol=1e-4, what="the tensor of logits of the first three tokens")
with check("places and causal are handed on", hint="Shifted places give the same logits (RoPE is relative); other distances and a missing mask do not.", needs="one block, drawn weights, as the library computes it"):
    plain = logits_of(TINY, tiny.tensors, [[300, 301, 302, 303]])
    expect(logits_of(TINY, tiny.tensors, [[300, 301, 302, 303]], [7, 8, 9, 10]), plain, tol=1e-3, what="the tensor of logits with all places 7 further")
    for changed in (logits_of(TINY, tiny.tensors, [[300, 301, 302, 303]], [0, 0, 0, 0]), logits_of(TINY, tiny.tensors, [[300, 301, 302, 303]], None, False)):
        assert float((changed - plain).abs().max()) > 1e-2, "Other places, or no causal mask, and the logits are the same."
### BEGIN HIDDEN TESTS
with check("random configurations and weights", points=4, hint="Try several blocks, norm weights that are not 1, one key head, a large eps, another base.", hidden=True) as rng:
    for turn in range(4):
        kv, group = int(rng.integers(1, 4)), int(rng.integers(2, 4))
        drawn_config = {"vocab_size": 11 + turn, "n_layers": 1 + turn % 3, "n_heads": kv * group, "n_kv_heads": kv, "d_model": 4 * kv * group,
                        "d_ff": int(rng.integers(5, 30)), "rope_base": float(rng.choice([20.0, 1000.0])), "norm_eps": float(rng.choice([1e-5, 0.1]))}  # fmt: skip
        drawn = {name: torch.tensor(rng.normal(0, 0.4, size=s), dtype=torch.float32) for name, s in shapes_of(drawn_config).items()}
        sent = rng.integers(0, 11, (2, int(rng.integers(2, 9)))).tolist()
        expect(logits_of(drawn_config, drawn, sent), library_logits(drawn_config, drawn, sent), tol=1e-3)
### END HIDDEN TESTS
grade("transformer")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Four small modules: a norm with a `weight`, an attention with four `nn.Linear(..., bias=False)`, an MLP with three,
# and a block that holds one of each and two norms. The `Transformer` holds a `self.model` with `embed_tokens` (an
# `nn.Embedding`), `layers` (an `nn.ModuleList`) and `norm`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In the attention: `self.q_proj(x).unflatten(-1, (n_heads, d_head)).transpose(1, 2)` gives (n, n_heads, n_tokens,
# d_head); keys and values have `n_kv_heads`. `rope` for queries and keys, then `grouped_attention`, then
# `transpose(1, 2).flatten(2)` and `o_proj`. The mask is
# `attention_mask(torch.ones(1, n_tokens, dtype=torch.bool), causal)`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The block: `x = x + self.self_attn(self.input_layernorm(x), positions, mask)`, then
# `return x + self.mlp(self.post_attention_layernorm(x))`. The end:
# `self.model.norm(x) @ self.model.embed_tokens.weight.T` if `self.model` is a module with these attributes.
#
# </details>
#
# **Why it matters.** "Write a Transformer" means this, in thirty minutes, and then a question about each line.
# [Write a Transformer block. What did Llama change in it?](#Write-a-Transformer-block.-What-did-Llama-change-in-it?)

# %% [markdown]
# ### It answers
#
# The next cell gives what unit 08 is about, so that text can become numbers: a byte-level BPE encoder. Then your
# modules load SmolLM2 (135 million parameters; L. Ben Allal and others, 2025), where it is installed, and continue a
# question greedily: always the most probable token.


# %%
def encode(tables, text: str) -> list[int]:
    """Return the ids of a text, byte-level BPE with these tables; special tokens by their names."""
    number, ids = {word: i for i, word in enumerate(tables.vocab)}, []
    rank = {pair: i for i, pair in enumerate(tables.merges)}
    for stretch in regex.split("(" + "|".join(map(regex.escape, tables.special)) + ")", text):
        if stretch in tables.special:
            ids.append(tables.special[stretch])
            continue
        pieces = [stretch]
        for pattern in tables.patterns:
            pieces = [p for piece in pieces for p in regex.split(f"({pattern})", piece) if p]
        for piece in pieces:
            parts = [bytes([b]) for b in piece.encode()]
            while len(parts) > 1:
                pairs = list(zip(parts, parts[1:], strict=False))
                best = min(pairs, key=lambda pair: rank.get(pair, math.inf))
                if best not in rank:
                    break
                at = pairs.index(best)
                parts[at : at + 2] = [parts[at] + parts[at + 1]]
            ids += [number[part] for part in parts]
    return ids


# %% demo=true
def answer(model, question: str, most: int = 12) -> str:
    """Let your Transformer, with the weights of a chat model, answer greedily."""
    net = Transformer(asdict(model.config))
    net.load_state_dict(model.tensors)
    prompt = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ids = encode(model.tokenizer, prompt)
    start, end = len(ids), model.tokenizer.special["<|im_end|>"]
    with torch.no_grad():
        while len(ids) < start + most and ids[-1] != end:
            ids.append(int(net(torch.tensor([ids]))[0, -1].argmax()))
    said = b"".join(model.tokenizer.vocab[i] for i in ids[start:] if i != end)
    return said.decode(errors="replace")


if smollm2_missing():
    print("Left out: SmolLM2 would answer a question here.", smollm2_missing())
else:
    try:
        said = answer(load_smollm2(), "What is the capital of France?")
        print(said)
    except NotImplementedError:
        print("This cell uses your Transformer: write it first, then run this cell again.")

# %% [markdown]
# "The capital of France is Paris." Nothing in it comes from a library but tensors and their products: you have
# written every part. The reference needs fewer than 150 lines for it, with all functions that it calls.
#
# ### Seven breaks: predict their order
#
# *Predict, then run · 7 minutes · difficulty: three of three*
#
# Now break one part at a time. Weights and code stay, but for one thing, and what is measured is the mean loss of the
# next token. The text is a docstring in the phrases of pandas, which the tiny model was trained on. A uniform guess
# among its 1,536 tokens would cost $\ln 1536$, about 7.34 nats. (A *nat* is the unit of a loss that is computed with
# the natural logarithm.)
#
# - **A**: gate and up are exchanged in every MLP.
# - **B**: RoPE pairs the halves, though the weights want neighbours.
# - **C**: the weights of the two norms in each block are set to 1.
# - **D**: all places are 50 further on (50, 51, 52, … in place of 0, 1, 2, …).
# - **E**: no RoPE at all: every token has the place 0.
# - **F**: the base of RoPE is 100,000 in place of 10,000.
# - **G**: the query heads meet the wrong shared keys (`repeat` for `repeat_interleave`).
#
# `"order"`: a string of seven letters, from the break that raises the tiny model's loss least to the one that raises
# it most. `"mask"`: what happens to its loss on this text without the causal mask, when every token may see its
# answer? (a) It falls to nearly 0, since the answer can be copied. (b) It rises by more than 1 nat. (c) It hardly
# changes, since the weights are the same.


# %%
def swapped(name: str) -> str:
    """Return the name of the other one, for gate and up."""
    if "gate_proj" in name:
        return name.replace("gate_proj", "up_proj")
    return name.replace("up_proj", "gate_proj")


def broken(letter: str, config: dict, tensors: dict, n_tokens: int) -> tuple[dict, dict, list]:
    """Return configuration, weights and places of a model with one break ("" for none).

    A, B and G reorder weights: the same as right weights in wrong code.
    """
    new, places = dict(tensors), list(range(n_tokens))
    heads, kv = config["n_heads"], config["n_kv_heads"]
    d_head = config["d_model"] // heads
    in_halves = [*range(0, d_head, 2), *range(1, d_head, 2)]
    order = torch.arange(heads).reshape(heads // kv, kv).T.flatten()
    rows = (order[:, None] * d_head + torch.arange(d_head)).flatten()
    for name, t in tensors.items():
        if letter == "A":
            new[name] = tensors[swapped(name)]
        elif letter == "B" and ("q_proj" in name or "k_proj" in name):
            new[name] = t.unflatten(0, (-1, d_head))[:, in_halves].flatten(0, 1)
        elif letter == "C" and "layernorm" in name:
            new[name] = torch.ones_like(t)
        elif letter == "G":
            new[name] = t[rows] if "q_proj" in name else t[:, rows] if "o_proj" in name else t
    places = {"D": [p + 50 for p in places], "E": [0] * n_tokens}.get(letter, places)
    return {**config, "rope_base": config["rope_base"] * (10 if letter == "F" else 1)}, new, places


def library_loss(config: dict, tensors: dict, places: list, ids: list[int]) -> float:
    """Return the mean loss of the next token, by the library's Llama."""
    net = library_model({**config, "bias": False, "tied": True}).eval()
    d_head = config["d_model"] // config["n_heads"]
    order = [*range(0, d_head, 2), *range(1, d_head, 2)]
    own = {n: t.unflatten(0, (-1, d_head))[:, order].flatten(0, 1)
           if "q_proj" in n or "k_proj" in n else t for n, t in tensors.items()}  # fmt: skip
    net.load_state_dict({**own, "lm_head.weight": own["model.embed_tokens.weight"]})
    with torch.no_grad():
        logits = net(torch.tensor([ids]), position_ids=torch.tensor([places])).logits[0]
    return float(F.cross_entropy(logits[:-1], torch.tensor(ids[1:])))


DOCSTRING = """<|endoftext|>Return the mean of the values over the requested axis.

Parameters
----------
axis : {index (0), columns (1)}
    Axis for the function to be applied on.
skipna : bool, default True
    Exclude NA/null values when computing the result.

Returns
-------
scalar or Series
    The mean of the values along the given axis."""
TINY_IDS = encode(tiny.tokenizer, DOCSTRING)


@functools.cache
def order_measured() -> str:
    """Return the letters by what they cost. (For the checks: commit your prediction first.)"""
    losses = {letter: library_loss(*broken(letter, TINY, tiny.tensors, len(TINY_IDS)), TINY_IDS)
              for letter in "ABCDEFG"}  # fmt: skip
    return "".join(sorted(losses, key=losses.get))


def letters_of(order: str) -> str:
    """Return the seven letters of an order as capitals, without what stands between them."""
    letters = "".join(letter for letter in str(order).upper() if letter.isalpha())
    assert sorted(letters) == list("ABCDEFG"), "Each of the letters A to G has to stand once."
    return letters


# %% exercise="predict_breaks" minutes=7
### BEGIN SOLUTION
prediction = {"order": "DFGBEAC", "mask": "b"}
### END SOLUTION
### BEGIN RELEASE
# prediction = {"order": ..., "mask": ...}
### END RELEASE

# %% check="predict_breaks" points=6
with check("what costs nothing", hint="RoPE makes scores depend on distances. Which break leaves all distances as they are?"):
    expect(letters_of(given(prediction["order"]))[0], order_measured()[0], what="the first letter of your order", tell=False)
with check("what costs little", hint="Which break changes only how fast slow pairs turn, over a hundred tokens?"):
    expect(letters_of(given(prediction["order"]))[1], order_measured()[1], what="the second letter of your order", tell=False)
with check("places: wrong pairs or none", hint="With wrong pairs some order is left, since all tokens are still turned by their places."):
    told, measured = letters_of(given(prediction["order"])), order_measured()
    expect(told.index("B") < told.index("E"), measured.index("B") < measured.index("E"), what="B before E", tell=False)
with check("the two worst", hint="Which two change what every token's own vector is, in every block, and not only whom it looks at?"):
    expect(sorted(letters_of(given(prediction["order"]))[5:]), sorted(order_measured()[5:]), what="the list of the two last letters", tell=False)
with check("the whole order", hint="Nothing, hardly anything, the three that disturb the looking, the two worst. Within a group: what leaves more as it was, costs less."):
    expect(letters_of(given(prediction["order"])), order_measured(), what="your order", tell=False)
with check("no causal mask", hint="Has this model ever learned to use a token that stands behind?"):
    expect_choice(prediction["mask"], "b", {
        "a": "That would take a model that was trained without the mask, and learned to copy. This one has never seen a token behind.",
        "b": "Its weights were trained for averages over the past. Keys from the future are strangers to it, and they take weight away.",
        "c": "Every average now runs over twice as many tokens, half of them never seen in training from this side.",
    })  # fmt: skip
grade("predict_breaks")


# %% demo=true
def break_table(config: dict, tensors: dict, ids: list[int]) -> dict[str, float]:
    """Return the loss of your Transformer for no break, for each letter, and without the mask."""
    table, net, made_for = dict.fromkeys(["none", *"ABCDEFG", "no mask"], 0.0), None, None
    for name in sorted(table, key="F".__eq__):  # F last: it alone needs another base of RoPE
        letter = name if len(name) == 1 else ""
        new, weights, places = broken(letter, config, tensors, len(ids))
        if made_for != new:
            net, made_for = None, new  # the old model goes before the new one comes
            net = Transformer(new)
        net.load_state_dict(weights)
        with torch.no_grad():
            logits = net(torch.tensor([ids]), places, name != "no mask")[0]
        table[name] = float(F.cross_entropy(logits[:-1], torch.tensor(ids[1:])))
    return table


EARTH = """The Earth moves around the Sun in about 365 days. The Moon moves around the Earth, and \
it takes about a month. Because the axis of the Earth is tilted, the days are long in summer and \
short in winter. When it is summer in the north, it is winter in the south. At the equator, days \
and nights are about equally long all year."""
try:
    losses = break_table(TINY, tiny.tensors, TINY_IDS)
    print("tiny:   ", {x: round(v, 2) for x, v in losses.items()})
    if smollm2_missing():
        print("Left out: the same table for SmolLM2.", smollm2_missing())
    else:
        smol = load_smollm2()
        losses = break_table(asdict(smol.config), smol.tensors, encode(smol.tokenizer, EARTH))
        print("SmolLM2:", {x: round(v, 2) for x, v in losses.items()})
except NotImplementedError:
    print("This cell uses your Transformer: write it first, then run this cell again.")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Sort by what is touched: only how far a few pairs turn; whom a token looks at; or what each token itself becomes.
#
# </details>
# <details><summary>Hint 2</summary>
#
# D keeps all distances. F changes slow pairs a little. G, B and E disturb the looking: half of the query heads still
# meet their own keys in G, and some order is left in B. A and C change every MLP or every norm.
#
# </details>
# <details><summary>What came out (open it when you have predicted and measured)</summary>
#
# By how many nats each break raises the loss: the tiny model's on the docstring, to within 0.1, and SmolLM2's on the
# text on the Earth, to within 0.3. Unbroken they have about 1.13 and 2.29 nats.
#
# | | break | tiny model | SmolLM2 |
# |---|---|---|---|
# | D | all places 50 further | 0.0 | 0.0 |
# | F | ten times the base | 0.1 | 0.0 |
# | G | wrong shared keys | 1.3 | 10.9 |
# | B | wrong pairs | 2.3 | 0.9 |
# | E | no RoPE | 3.1 | 1.8 |
# | A | gate and up exchanged | 5.1 | 29.2 |
# | C | norm weights 1 | 7.0 | 11.5 |
# | | no causal mask | 2.5 | −1.1 |
#
# On the tiny model the order is D, F, G, B, E, A, C, each at least 0.1 nats apart. On SmolLM2, D costs
# nothing either (and F even lowers the loss by less than 0.1, here: on one text a wrong model may be the better one),
# and B costs less than E, as before. But the wrong keys of G are far worse than either, and A is worse than C. So an
# order like this is a property of the model and its text, not a law.
#
# And the mask: without it the tiny model's loss **rises**, and SmolLM2's **falls**. A lower loss is no better model:
# it sees the answers, and cannot be used to write. Which of the two happens, you could not know beforehand.
#
# </details>
#
# Two more, without a prediction: another $\varepsilon$ in the norms, and an MLP that replaces the stream in one
# block, in place of adding to it. The cell reaches into your modules by their names.

# %% demo=true
def tiny_loss(config: dict | None = None, hook=None) -> float:
    """Return your Transformer's loss on the docstring; hook is given its modules by name."""
    net = Transformer(config or TINY)
    net.load_state_dict(tiny.tensors)
    if hook:
        hook(dict(net.named_modules()))
    with torch.no_grad():
        logits = net(torch.tensor([TINY_IDS]))[0]
    return float(F.cross_entropy(logits[:-1], torch.tensor(TINY_IDS[1:])))


def without_residual(block: int) -> float:
    """Return the loss when the MLP of one block, counted from 1, replaces the stream."""
    entered = {}

    def without(module, args, out):
        entered["left"] = out - entered["x"]
        return entered["left"]

    def hook(parts):
        at = f"model.layers.{block - 1}."
        parts[at + "post_attention_layernorm"].register_forward_pre_hook(
            lambda module, args: entered.update(x=args[0]))  # fmt: skip
        parts[at + "mlp"].register_forward_hook(without)

    loss = tiny_loss(hook=hook)
    if "left" not in entered:
        raise KeyError("the norm and the MLP are not called as modules")
    return loss


def mean_squares() -> dict[str, list[float]]:
    """Return the mean squares of the stream in front of each MLP, and of what the MLP adds."""
    found = {"stream": [], "added": []}

    def note(name, tensor):
        found[name].append(float(tensor.pow(2).mean()))

    def hook(parts):
        for name, part in parts.items():
            if name.endswith("post_attention_layernorm"):
                part.register_forward_pre_hook(lambda module, args: note("stream", args[0]))
            if name.endswith(".mlp"):
                part.register_forward_hook(lambda module, args, out: note("added", out))

    tiny_loss(hook=hook)
    return found


try:
    print("eps:", {e: round(tiny_loss({**TINY, "norm_eps": e}), 2) for e in (1e-6, 1e-5, 1e-2)})
    print("no residual in block:", {i: round(without_residual(i), 2) for i in (1, 2, 3, 4)})
    for part, values in mean_squares().items():
        print(f"mean squares, blocks 1 to 4, {part}:", [round(value, 2) for value in values])
except (NotImplementedError, KeyError) as error:
    print("This cell uses your Transformer, with modules of the names in the lesson:", error)

# %% [markdown]
# A smaller $\varepsilon$ changes nothing, and a thousand times the right one costs more than 1 nat. It is added to
# the mean square of what enters a norm. In front of the first block's MLP that is about 0.01, no more than this
# $\varepsilon$; in front of the others it is above 10, and there $\varepsilon$ is nothing. Put the large one into the
# first block's norms alone, and the loss is the same to within 0.01.
#
# The residual shows how unequal blocks are. In the first block its loss costs nearly nothing: beside what the MLP
# puts out there, with a mean square of about 13, the stream of 0.01 is hardly there. In the second and third the
# model gets worse than a uniform guess. In which block a fault sits can matter more than which fault it is.
#
# **Why it matters.** A port that is nearly right looks like a model that is nearly good. Know what each fault costs,
# and you know where to look.
# [Your port of a checkpoint runs, but its loss is too high: how do you find the fault?](#Your-port-of-a-checkpoint-runs,-but-its-loss-is-too-high:-how-do-you-find-the-fault?)

# %% [markdown]
# ## Is my number right?
#
# | what | expect | why |
# |---|---|---|
# | rows of attention weights | sum 1, to rounding; 0 for an empty row | a softmax over what may be seen |
# | your attention against PyTorch's | differences below 0.00001 in float32 | sums in another order |
# | the loss of random weights, standard deviation 0.02 | about $\ln$ of the vocabulary size | nothing is known; the logits are small |
# | the loss of your Transformer as `nn.Embedding` makes it | on the docstring above 100 | standard deviation 1, and the head is the same table: large logits |
# | the tiny model on the docstring above | about 1.13 nats | familiar phrases; 2.18 on all held-out docstrings, says its card |
# | your logits against Hugging Face's | differences below 0.001 | 4 blocks of float32 |
# | a changed later token | differences of 0, or of rounding, before it | the causal mask |
# | all places shifted | the same | RoPE is relative |
# | the tiny model's loss 1 to 3 nats too high, no error | groups, or RoPE's pairs | see the table of breaks; other models differ |
# | the tiny model's loss 4 nats or more too high | gate and up, norm weights, a residual in the middle | each token's own vector is wrong |
#
# ## A plan for a port
#
# *Write · 15 minutes · difficulty: two of three · graded by a person*
#
# A colleague has ported a checkpoint of a Llama-like model to your own code. It loads without an error and writes
# sentences, but its loss on a text is 1.2 nats above the published one. Write the plan of the search in 150 to 250
# words: which tests, in which order, and what each result would mean.
#
# **How it is graded, one point each:**
#
# 1. It fixes the comparison first: the same token ids, the same text, a reference implementation or published logits.
# 2. It goes from cheap to dear, and finds the first place of difference: embedding, block by block, logits.
# 3. It names at least three silent faults of this unit, and for each a test that would tell it from the others.
# 4. It uses properties that need no reference: a changed later token, shifted places, rows that add up to one.
# 5. It says what would count as repaired: a tolerance, and on what.

# %% [markdown] exercise="port_plan" points=5 minutes=15 manual=true
# **Plan.** First I make the two runs comparable: the same ids (I print them; a missing start token shifts
# everything), one text of a hundred tokens, float32, no cache, and the reference code on the same weights.
#
# Then I look for the first difference. I store the stream after the embedding, after each part of block 1, after each
# block, and the logits, and compare from the front. If the embedding agrees and the attention of block 1 does not, I
# compare q, k and v before and after RoPE, and the heads before the output matrix. Equal before RoPE and different
# after: pairing, base or places. Equal q, k and v, and different heads: groups or mask. Equal attention and a
# different MLP: gate and up. A norm that differs by a factor: eps or its weights.
#
# Three tests need no reference. A changed later token must not move earlier logits (mask). Places shifted by 50 must
# not move any (RoPE is applied to q and k alike). Each row of weights adds up to one.
#
# With a loss 1.2 too high and whole sentences I suspect pairs or groups before the MLP: exchanged matrices cost far
# more on our tiny model. But that is one model, so I measure and do not guess.
#
# It is repaired when all logits agree to 0.001 on three texts, one of them long, and the loss equals the published
# one to two decimals.

# %% [markdown]
# ## The answer
#
# *"Explain self-attention, and write a Transformer."* Say it aloud first, then compare.
#
# **In half a minute.** "Each token makes a query, a key and a value. Its query is compared with all keys by dot
# products, divided by the root of their width, so that the softmax is not saturated at the start. The softmax gives
# weights, and the output is the weighted average of the values. A causal mask hides what comes later. Several heads
# do this side by side on pieces of the vectors. A block adds the attention's output to the residual stream, and then
# that of an MLP, with a norm in front of each. Places come in by turning queries and keys. The head is a matrix
# product with the embeddings."
#
# **When they press you.** You have shown each of these:
#
# - Without the root, the variance of the scores is $d$, and the softmax lets almost no gradient pass ([Why the root
#   of d: predict](#Why-the-root-of-d:-predict)).
# - A row that may see nothing gives `nan` unless you decide otherwise ([Attention in code](#Attention-in-code)).
# - Heads split by a reshape alone are stretches of text; nothing raises an error ([Heads](#Heads)).
# - RoPE's scores depend on distance; two pairings exist, and a permutation of rows leads from one to the other
#   ([Where a token stands](#Where-a-token-stands)).
# - The matrices cost two FLOPs a parameter and token, attention grows with the context; its table need never be built
#   ([What it costs](#What-it-costs)).
# - Which break costs what: you predicted it ([The summit: your modules, real
#   weights](#The-summit:-your-modules,-real-weights)).
#
# **What the usual answer gets wrong.** It recites Q, K and V and draws the figure of 2017: post-norm, sinusoidal
# positions, ReLU. It takes "it runs" for "it is right", FlashAttention for an approximation, and total parameters of
# a mixture of experts for its cost.
#
# **Not in this unit.** Training (unit 10), the KV cache and quantisation, sliding windows and other sparse masks, and
# models without attention.

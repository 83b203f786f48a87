# %% [markdown] needs=["03-architectures"]
# # The Transformer, part by part
#
# *"Explain self-attention, and write a Transformer."*
#
# Many can draw the picture. Few can say what breaks when one part of it is wrong, because most wrong Transformers raise no error: the shapes
# fit, the loss falls, and the model is worse than it should be. In this unit you write every part of a Llama-like model, on paper and
# then in code, and compare each with a library. At the end your own modules load the weights of real models. Then you break one part
# at a time, and say beforehand what it will cost.
#
# **Time.** Plan 300 minutes: 188 minutes of exercises, the rest for reading. Stop after any section; later exercises use
# functions that you wrote in earlier ones.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with Shift + Enter. Hints of
# growing strength stand below. Some checks are hidden and run only when the notebook is graded: they vary the inputs and ask for
# nothing new. What you write leaves its arguments as they were. `F.scaled_dot_product_attention` and its like would pass many of the checks, and
# teach nothing. You need PyTorch's tensors, and what a linear layer and a softmax are.
#
# **Shapes** are the language of this unit: `n` texts in a batch, `n_tokens` in each, `d_model` numbers for each token; a head has `d_head` of them.
# A linear layer is `y = x @ W.T`, with `W` of shape (out, in), as PyTorch stores it.

# %%
import math

import torch
import torch.nn.functional as F
from torch import nn

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots, probes

torch.set_num_threads(1)  # models this small lose more by sharing their work than they gain

# %% [markdown]
# ## Attention on three tokens
#
# A token arrives as a vector. **Self-attention** mixes the vectors of a text: each token becomes a weighted average over all tokens, and
# the weights come from comparing them. Three linear layers make three vectors from each token:
#
# - the **query** $q$: what this token looks for,
# - the **key** $k$: what it offers to be found by,
# - the **value** $v$: what it hands over when it is found.
#
# Token $i$ compares its query with every key, by a dot product. The **scores** are divided by the square root of $d$, the number of
# entries of a query. A softmax turns them into weights that are positive and add up to one, and the weights average the values:
#
# $$w_{ij} = \frac{e^{s_{ij}}}{\sum_m e^{s_{im}}}, \qquad s_{ij} = \frac{q_i \cdot k_j}{\sqrt d}, \qquad o_i = \sum_j w_{ij}\, v_j .$$
#
# This is *scaled dot-product attention* (A. Vaswani and others, "Attention is all you need", 2017).
#
# **The smallest example.** Let $d = 1$. A query 1 meets the keys 0 and $\ln 3$, so the scores are 0 and $\ln 3$. Their exponentials
# are 1 and 3, so the weights are 1/4 and 3/4. With the values 8 and 4 the output is 8/4 + 12/4 = 5. Logarithms as entries keep softmax in
# fractions: remember $e^{\ln a + \ln b} = ab$ and $e^{2 \ln a} = a^2$.
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
# - `"causal_2"`: the weights of the *second* token if it may look at the first token and at itself, but not at the third. What it must
#   not see is left out *before* the softmax, so the weights still add up to one, and the third is 0.

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
# The dot product of $q_3$ with the third key is $2 \ln 2 + 2 \ln 3$. Divided by the root of 4 it is $\ln 2 + \ln 3$. What is $e$ to that?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The exponentials of the third token are 1, 2 and 6. Divide each by their sum. Without the root they are 1, 4 and the square of 6.
#
# </details>
#
# **Why it matters.** Whoever has done it once on paper does not mix up what is normalised: each row of weights adds up to one, one row a
# query. [How is self-attention computed?](#How-is-self-attention-computed?)

# %% [markdown]
# ### Attention in code
#
# *Implement · 14 minutes · difficulty: two of three*
#
# Now for any number of tokens, texts and heads at once: whatever stands in front of the last two axes is carried along. Queries and keys
# may differ in number, as in a decoder that asks an encoder; then the table of weights has `n_queries` rows and `n_keys` columns.
#
# A **mask** is a table of the same size, `True` where the query may look at the key. A hidden key gets the weight 0, and the others add
# up to one, as on paper. Two cases need a decision:
#
# - **A row without any `True`.** There is nothing to average. A softmax over nothing is 0/0, which is `nan`, and one `nan` spreads through every
#   later layer. We take zeros for the output, as PyTorch's function does (seen in version 2.13, 2026).
# - **A mask of numbers.** In some libraries 1 means "look", in others it means "hide", and in others a mask is *added* to the scores. A mask that is
#   not of dtype `bool` is refused.
#
# **Mind the large scores.** The exponential of 1000 overflows. `torch.softmax` subtracts the largest score first; if you write the exponentials
# yourself, do the same.


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
        third token of the lesson gets (3, 4).

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
with check("the three tokens, as on paper", hint="Scores, root, softmax over the keys (the last axis), then times v."):
    expect(attention(Q_hand[1:], K_hand, V_hand), torch.tensor([[3.0, 4.0]], dtype=torch.float64))
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
with check("scores in the thousands", hint="Subtract the largest score of the row before the exponential, as torch.softmax does.") as rng:
    drawn = [torch.tensor(rng.normal(size=(4, 8)), dtype=torch.float32) for _ in range(3)]
    expect(attention(3000 * drawn[0], *drawn[1:]), F.scaled_dot_product_attention(3000 * drawn[0], *drawn[1:]), tol=1e-4)
with check("a mask of numbers is refused", hint="Ask for `mask.dtype != torch.bool`.", needs="what is hidden has no say") as rng:
    drawn = [torch.tensor(rng.normal(size=(3, 4))) for _ in range(3)]
    for numbers in (torch.ones(3, 3), torch.ones(3, 3, dtype=torch.int64), torch.zeros(3, 3, dtype=torch.float64)):
        expect_raises(ValueError, attention, *drawn, numbers)
### BEGIN HIDDEN TESTS
with check("random sizes and masks", hint="Try other shapes, one key, one query, and masks with empty rows.", hidden=True) as rng:
    for turn in range(30):
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
# `q @ k.transpose(-2, -1)` is the table of scores, (..., n_queries, n_keys). Divide by `math.sqrt(q.shape[-1])`. The softmax runs over
# `dim=-1`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `scores.masked_fill(~mask, -math.inf)` before the softmax hides keys. A row of minus infinities becomes `nan`: replace it afterwards, where
# `mask.any(-1, keepdim=True)` is `False`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Fill with `torch.finfo(scores.dtype).min` instead: then nothing becomes `nan` (also not in the gradients), a row without `True` has equal weights, and
# `weights * mask` makes them zero.
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
# Let the entries of $q$ and $k$ be independent, with mean 0 and variance 1, as they are about at the start of training. A product
# of two such entries has mean 0 and variance 1 again, and variances of independent terms add up. So $q \cdot k$, a sum of $d$ products, has the
# variance $d$.
#
# **The smallest example.** Let the entries be +1 or −1, equally likely, and $d = 2$. Then $q \cdot k$ is 2, 0, 0 or −2, with equal
# probabilities: variance (4 + 0 + 0 + 4)/4 = 2.
#
# Predict, before you run the measurement below:
#
# - `"raw"`: the standard deviation of $q \cdot k$ for $d = 64$,
# - `"by_root"`: that of $q \cdot k / \sqrt{d}$,
# - `"by_d"`: that of $q \cdot k / d$,
# - `"wide"`: that of $q \cdot k / \sqrt d$ if the entries of both have the variance 4,
# - `"softmax"`: what happens in the softmax over 16 keys if $d = 1024$ and nobody divides?
#   (a) The weights come out nearly equal. (b) Nearly all weight falls on one key, and almost no gradient passes the softmax. (c) Nothing: the softmax
#   normalises anyway.

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
        "a": "Nearly equal weights come from scores that hardly differ. Here they differ by tens.",
        "b": "The gap between the best two scores is typically several units, and e to that leaves the others nothing. The slope of a softmax is w(1 − w): near 0 at w = 1 and at w = 0.",
        "c": "It makes the sum one whatever comes in, but not the shape: scores times c are weights to the power c, normalised anew.",
    })  # fmt: skip
grade("root_of_d")


# %% demo=true
def measure_spread(d, pairs=2000):
    """Print the spread of scores at width d, and what 16 keys get of the weight and the gradient."""
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
# The *slope* in the table is the sum of $w(1 - w)$ over a row, the size of what a softmax lets pass on the way back. By the root, it does not depend on $d$: it
# lies between 0.7 and 0.9 in all three rows. Raw, at $d = 1024$, it is below 0.1, and the largest of 16 weights is above 0.9 on average.
#
# This argument speaks of the start of training. A trained model has queries and keys that are far from independent, and large scores where it
# wants them.
#
# **Why it matters.** "So that the variance is one" is half of the answer. The other half is what a softmax with a large variance does to gradients.
# [Why is attention divided by the root of d?](#Why-is-attention-divided-by-the-root-of-d?)

# %% [markdown] needs=["04-mlp"]
# # Training better
#
# *"How do you optimise the training of a neural network?"*
#
# The usual answer is a shopping list: Adam as the learning rate, a batch size, L1 and L2, dropout. A list does not
# train a network. It does not say what each item does to an update, in which order you turn the knobs, or how you
# see that one of them helped. And Adam is not a learning rate.
#
# In this unit you build the items: six optimizers, two kinds of decay, soft-thresholding, dropout, a schedule,
# clipping, early stopping. Each is small. Each is compared with PyTorch or scikit-learn, over many steps, so that
# "nearly Adam" does not pass. In between you measure what they do, on quadratics that you can solve on paper and on
# real digits and tumours.
#
# **Time.** Plan 240 minutes: 147 minutes of exercises, the rest for reading. The sections follow each other, and
# you can stop after any of them.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with Shift +
# Enter. Each check says what it looked at and what to do next; hints of growing strength stand below. Some checks
# are hidden and run only when the notebook is graded: they vary the inputs and ask for nothing new. You need
# Python, PyTorch's tensors, and the gradient from the unit on training a network.

# %%
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import Lasso

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots, probes
from mftcourse.data import load_breast_cancer, load_digits_parts


def run_steps(step, params, gradients, **options):
    """Call `step(params, grads, state, **options)` for each entry of `gradients`; return the params after each step."""
    state, path = {}, []
    for grads in gradients:
        moved, state = step([p.clone() for p in params], grads, state, **options)
        params = [p.clone() for p in moved]
        path.append(params)
    return path


def torch_steps(name, params, gradients, **options):
    """Do the same with `torch.optim.<name>`: the judge of your optimizers."""
    leaves = [torch.nn.Parameter(p.clone()) for p in params]
    optimizer, path = getattr(torch.optim, name)(leaves, **options), []
    for grads in gradients:
        for leaf, g in zip(leaves, grads, strict=True):
            leaf.grad = g.clone()
        optimizer.step()
        path.append([leaf.detach().clone() for leaf in leaves])
    return path


def random_problem(rng, n_steps, dtype=torch.float32, zeros=0.0):
    """Return three tensors and `n_steps` lists of gradients for them; a share `zeros` of the entries is exactly 0."""
    shapes = [(3, 2), (4,), (1, 5)]
    params = [torch.tensor(rng.normal(size=s) * 0.3, dtype=dtype) for s in shapes]
    gradients = [
        [torch.tensor(rng.normal(size=s) * scale * (rng.random(s) >= zeros), dtype=dtype)
         for s, scale in zip(shapes, (1.0, 0.1, 3.0), strict=True)]
        for _ in range(n_steps)
    ]  # fmt: skip
    return params, gradients


def show_when_written(demonstration):
    """Run a demonstration that calls your code; say so when that code is not written yet."""
    try:
        demonstration()
    except NotImplementedError:
        print("This needs the exercises above. Write them, then run this cell again.")


# %% [markdown]
# ## The learning rate
#
# **Gradient descent** takes the parameters $w$ and the gradient $g$ of the loss at $w$, and moves against it:
# $w \leftarrow w - \eta\, g$. The number $\eta$ is the **learning rate**, `lr` in code. It is the first thing to
# tune: with a wrong rate nothing else can be judged.
#
# How large may it be? Near a minimum a smooth loss looks like a **quadratic**. So take the simplest one, a bowl with
# one weight, $f(w) = \tfrac{1}{2} \lambda w^2$. Its gradient is $\lambda w$, and $\lambda$ is its **curvature**. One
# step gives
#
# $$w - \eta \lambda w = (1 - \eta\lambda)\, w.$$
#
# So each step multiplies the distance to the minimum by the same factor, $1 - \eta\lambda$. The steps come to rest
# when that factor lies between −1 and 1, that is, when $0 < \eta < 2/\lambda$. Beyond, they grow without limit.
#
# **The smallest example.** $\lambda = 4$, start at $w = 1$. With $\eta = 1/8$ the factor is 1/2, and $w$ goes 1,
# 1/2, 1/4. With $\eta = 3/8$ it is −1/2: $w$ jumps over the minimum and back, 1, −1/2, 1/4. With $\eta = 5/8$
# it is −3/2: 1, −3/2, 9/4, and so on outward. The limit is 2/4 = 1/2.
#
# With several weights, each direction has its own curvature and its own factor, but there is one rate for all. The
# steepest direction, $\lambda_{\max}$, sets the limit $2/\lambda_{\max}$. The flattest, $\lambda_{\min}$, then has to
# crawl. The **condition number** $\lambda_{\max} / \lambda_{\min}$ says how bad that is.
#
# ### A bowl by hand
#
# *By hand · 7 minutes · difficulty: one of three*
#
# $f(w_1, w_2) = \tfrac{1}{2}(2 w_1^2 + 8 w_2^2)$, so the curvatures are 2 and 8. Work on paper, enter fractions:
#
# - `"condition"`: the condition number;
# - `"limit"`: the smallest rate at which the steps no longer come to rest;
# - `"factors"`: the factors of the two directions at $\eta = 1/5$, first that of $w_1$;
# - `"after_two"`: $(w_1, w_2)$ after two steps from $(1, 1)$ at that rate;
# - `"too_fast"`: $(w_1, w_2)$ after two steps from $(1, 1)$ at $\eta = 1/2$.

# %% exercise="bowl_by_hand" minutes=7
### BEGIN SOLUTION
bowl_hand = {
    "condition": 4,
    "limit": 1 / 4,
    "factors": [3 / 5, -3 / 5],
    "after_two": [9 / 25, 9 / 25],
    "too_fast": [0, 9],
}
### END SOLUTION
### BEGIN RELEASE
# bowl_hand = {
#     "condition": ...,
#     "limit": ...,
#     "factors": [..., ...],
#     "after_two": [..., ...],
#     "too_fast": [..., ...],
# }
### END RELEASE

# %% check="bowl_by_hand" points=5
with check("the condition number", hint="The largest curvature over the smallest."):
    expect(bowl_hand["condition"], 8 / 2, what="the condition number", tell=False)
with check("the limit for the rate", hint="2 over a curvature. Which of the two gives the tighter limit?"):
    expect(bowl_hand["limit"], 2 / 8, what="the limit", tell=False)
with check("the factors of the two directions", hint="One minus rate times curvature, once for each; keep the signs."):
    expect(bowl_hand["factors"], [1 - 2 / 5, 1 - 8 / 5], what="the factors", tell=False)
with check("two steps at a good rate", hint="Multiply each coordinate by its factor, twice."):
    expect(bowl_hand["after_two"], [(1 - 2 / 5) ** 2, (1 - 8 / 5) ** 2], what="the point", tell=False)
with check("two steps at a rate that is too large", hint="The factors are 1 − 2/2 and 1 − 8/2. Square them."):
    expect(bowl_hand["too_fast"], [(1 - 2 / 2) ** 2, (1 - 8 / 2) ** 2], what="the point", tell=False)
grade("bowl_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The gradient is $(2 w_1, 8 w_2)$. The two directions do not mix: treat each as a bowl with one weight.
#
# </details>
# <details><summary>Hint 2</summary>
#
# At $\eta = 1/5$ the first factor is $1 - 2/5$. The second is negative: that direction jumps to and fro.
#
# </details>
#
# At $\eta = 1/5$ both directions shrink equally fast; no rate does better for both. In general the best rate is
# $2/(\lambda_{\min} + \lambda_{\max})$, and the factor there is $(\kappa - 1)/(\kappa + 1)$ for the condition number
# $\kappa$. For $\kappa = 100$ that is 0.98 a step: one bad direction makes the whole run slow.
#
# **Why it matters.** "The loss explodes" and "the loss hardly moves" are the two ends of one scale, and the
# limit between them comes from the steepest direction.
# [How do you choose the learning rate?](#How-do-you-choose-the-learning-rate?)

# %% [markdown]
# ## Momentum
#
# In a long valley the gradient points across, not along. **Momentum** keeps a running sum $b$ of gradients, the
# buffer, which forgets: $b \leftarrow \mu\, b + g$, then $w \leftarrow w - \eta\, b$ (B. T. Polyak, "Some methods of
# speeding up the convergence of iteration methods", 1964). What changes its sign from step to step cancels in the
# sum. What keeps its sign adds up, to $1/(1 - \mu)$ times a single gradient: with $\mu = 9/10$, ten times.
#
# On a bowl with curvature $\lambda$, the limit for the rate moves too: the steps come to rest when
# $0 < \eta < 2(1 + \mu)/\lambda$, for $0 \le \mu < 1$. (Two steps in a row obey
# $w_{t+1} = (1 + \mu - \eta\lambda)\, w_t - \mu\, w_{t-1}$; that is stable in just this range.)
#
# ### Predict which runs come to rest
#
# *Predict, then run · 5 minutes · difficulty: two of three*
#
# The bowl has the curvatures 1 and 20. For each run, predict `True` if both weights come to rest at 0, `False` if
# they do not. Commit your prediction, run the check, then the demonstration below.
#
# | run | learning rate | momentum |
# |---|---|---|
# | a | `0.01` | `0` |
# | b | `0.09` | `0` |
# | c | `0.11` | `0` |
# | d | `0.11` | `0.9` |
# | e | `0.2` | `0.9` |

# %% exercise="which_rest" minutes=5
### BEGIN SOLUTION
comes_to_rest = {"a": True, "b": True, "c": False, "d": True, "e": False}
### END SOLUTION
### BEGIN RELEASE
# comes_to_rest = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ...}
### END RELEASE

# %% check="which_rest" points=5
with check("run a", hint="Slow is not the same as never. Which factor has each direction?"):
    expect(comes_to_rest["a"], True, what="your prediction for run a", tell=False)
with check("run b", hint="Compare the rate with 2 over the largest curvature."):
    expect(comes_to_rest["b"], True, what="your prediction for run b", tell=False)
with check("run c", hint="Compare the rate with 2 over the largest curvature."):
    expect(comes_to_rest["c"], False, what="your prediction for run c", tell=False)
with check("run d", hint="The limit with momentum is another one than without."):
    expect(comes_to_rest["d"], True, what="your prediction for run d", tell=False)
with check("run e", hint="Compute 2(1 + momentum) over the largest curvature."):
    expect(comes_to_rest["e"], False, what="your prediction for run e", tell=False)
grade("which_rest")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Only the steepest direction decides whether a run comes to rest. The flat one decides how long it takes.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Without momentum the limit is 2/20. With momentum `0.9` it is 2 · `1.9` / 20.
#
# </details>


# %% demo=true
def draw_rest():
    """Draw the distance to the minimum in the five runs."""
    runs = {}
    for name, lr, mu in [("a", 0.01, 0), ("b", 0.09, 0), ("c", 0.11, 0), ("d", 0.11, 0.9), ("e", 0.2, 0.9)]:
        w, buffer, distances = np.ones(2), np.zeros(2), [math.sqrt(2)]
        for _ in range(100):
            buffer = mu * buffer + np.array([1.0, 20.0]) * w
            w = w - lr * buffer
            distances.append(float(np.linalg.norm(w)))
        runs[f"{name}: lr {lr}, momentum {mu}"] = distances
    fig, (left, right) = plots.canvas(2, width=9.5, height=3.8)
    plots.history(left, dict(list(runs.items())[:3]), ylabel="distance to the minimum", log=True)
    plots.history(right, dict(list(runs.items())[3:]), ylabel="distance to the minimum", log=True)
    left.set_title("without momentum, the limit is 0.1")
    right.set_title("with momentum 0.9, it is 0.19")
    ends = {name[0]: run[-1] for name, run in runs.items()}
    plots.show(
        fig,
        alt="Distance to the minimum over 100 steps, logarithmic. Without momentum: run a falls slowly, "
        f"to {ends['a']:.2f}; run b falls to {ends['b']:.0e}; run c grows to {ends['c']:.0e}. With momentum 0.9: run d falls "
        f"in waves to {ends['d']:.0e}, run e grows to {ends['e']:.0e}.",
    )


draw_rest()

# %% [markdown]
# Run c and run d have the same learning rate. So a rate cannot be quoted without its momentum. Momentum does two
# things: along the valley it multiplies the effective rate by ten, across it it nearly doubles the limit for the rate. If
# you add momentum `0.9` to a run that was tuned without, try a tenth of the rate.
#
# **Why it matters.** Who knows the limits can say why a run diverges, in place of trying rates at random.
# [What does momentum do?](#What-does-momentum-do?)

# %% [markdown]
# ### SGD, momentum and Nesterov
#
# *Implement · 10 minutes · difficulty: two of three*
#
# **Stochastic gradient descent**, SGD, is gradient descent with the gradient of a batch. You write one step of it as
# PyTorch defines it. There are other definitions; with the same rate they give other numbers.
#
# 1. *Weight decay* (more on it below): $g \leftarrow g + \text{wd} \cdot w$.
# 2. *Buffer*: $b \leftarrow \mu\, b + g$, with $b = 0$ before the first step.
# 3. *Direction*: $b$. With **Nesterov**'s variant it is $g + \mu\, b$, a look ahead along the buffer (Y. Nesterov,
#    "A method for solving the convex programming problem with convergence rate O(1/k²)", 1983; in this form I.
#    Sutskever and others, "On the importance of initialization and momentum in deep learning", 2013).
# 4. *Step*: $w \leftarrow w - \eta \cdot$ direction.
#
# **The smallest example.** One weight, $w = 1$, $\eta = 1/2$, $\mu = 1/2$, no decay, gradients 2 and then −1. First
# step: $b = 2$, $w = 1 - 1 = 0$. Second step: $b = 1/2 \cdot 2 - 1 = 0$, so $w$ stays 0. With Nesterov, the
# first direction is $2 + 1/2 \cdot 2 = 3$ and $w = -1/2$; the second is $-1 + 1/2 \cdot 0 = -1$ and $w = 0$.
#
# All optimizers of this unit have one shape: **plain data in, plain data out**. They take lists of tensors and a dict
# with what they remember, and return new ones. Nothing that comes in is changed. An empty dict is the state before the first step.


# %% exercise="sgd_step" minutes=10
def sgd_step(params, grads, state, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    """Take one step of SGD, with momentum, Nesterov's variant and L2 weight decay as in torch.optim.SGD.

    Args:
        params, grads: lists of tensors, one gradient of the same shape for each parameter. Not changed.
        state: {} before the first step, then what the last step returned. Not changed.
        lr, momentum, nesterov, weight_decay: as in the lesson.

    Returns:
        (new_params, new_state): a list of new tensors, and {"buffers": list of tensors}.

    Raises:
        ValueError: `params` and `grads` have different lengths.
    """
    ### BEGIN SOLUTION
    buffers = state.get("buffers", [torch.zeros_like(p) for p in params])
    new_params, new_buffers = [], []
    for p, g, b in zip(params, grads, buffers, strict=True):
        g = g + weight_decay * p
        b = momentum * b + g
        new_buffers.append(b)
        new_params.append(p - lr * (g + momentum * b if nesterov else b))
    return new_params, {"buffers": new_buffers}
    ### END SOLUTION


# %% check="sgd_step" points=10
with check("the example: two steps with momentum", hint="The buffer first, then the step with the new buffer."):
    moved, kept = sgd_step([torch.tensor([1.0])], [torch.tensor([2.0])], {}, lr=0.5, momentum=0.5)
    expect(moved, [torch.tensor([0.0])], what="w after the first step")
    expect(kept["buffers"], [torch.tensor([2.0])], what="the buffer after the first step")
    moved, kept = sgd_step(moved, [torch.tensor([-1.0])], kept, lr=0.5, momentum=0.5)
    expect(moved, [torch.tensor([0.0])], what="w after the second step")
    expect(kept["buffers"], [torch.tensor([0.0])], what="the buffer after the second step")
with check("the example: two steps with Nesterov", hint="The direction is g + momentum * b, with the new b."):
    two_grads = [[torch.tensor([2.0])], [torch.tensor([-1.0])]]
    two_moves = run_steps(sgd_step, [torch.tensor([1.0])], two_grads, lr=0.5, momentum=0.5, nesterov=True)
    expect(two_moves, [[torch.tensor([-0.5])], [torch.tensor([0.0])]], what="w after each step")
with check("the defaults: plain gradient descent", hint="Rate 0.1, no momentum, no decay."):
    expect(sgd_step([torch.tensor([1.0, 2.0])], [torch.tensor([4.0, -1.0])], {})[0], [torch.tensor([0.6, 2.1])])
with check("plain SGD is torch's, 100 steps", hint="With momentum 0 the buffer is the gradient.") as rng:
    start, gradient_list = random_problem(rng, 100)
    want_path = torch_steps("SGD", start, gradient_list, lr=0.01)
    expect(run_steps(sgd_step, start, gradient_list, lr=0.01), want_path, tol=1e-6, what="the parameters")
with check(
    "momentum and decay are torch's, 100 steps",
    hint="Decay is added to the gradient before the buffer. The new gradient enters with factor 1, not 1 - momentum.",
) as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.003, "momentum": 0.7, "weight_decay": 0.2}
    want_path = torch_steps("SGD", start, gradient_list, **options)
    expect(run_steps(sgd_step, start, gradient_list, **options), want_path, tol=1e-6, what="the parameters")
with check("Nesterov is torch's, 100 steps", hint="g + momentum * b; both g's contain the decay.") as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.003, "momentum": 0.7, "weight_decay": 0.2, "nesterov": True}
    want_path = torch_steps("SGD", start, gradient_list, **options)
    expect(run_steps(sgd_step, start, gradient_list, **options), want_path, tol=1e-6, what="the parameters")
with check(
    "nothing that comes in is changed", hint="`b = momentum * b + g` makes a new tensor; `b.mul_(...)` and `p -= ...` do not."
) as rng:
    start, gradient_list = random_problem(rng, 1)
    old_state = {"buffers": [torch.ones_like(p) for p in start]}
    called = probes.call(sgd_step, start, gradient_list[0], old_state, momentum=0.5, weight_decay=0.1)
    expect(called["inputs"], [start, gradient_list[0], old_state], what="an input after the call")
with check("lists of different lengths are refused", hint="`zip(..., strict=True)` raises the ValueError.") as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, sgd_step, start, gradient_list[0][:2], {})
### BEGIN HIDDEN TESTS
with check(
    "64-bit tensors, random settings, mostly zero gradients",
    points=2,
    hint="Buffers take shape and dtype of their parameter. A gradient of zero still moves what has momentum or decay.",
    hidden=True,
) as rng:
    for is_nesterov in (False, True):
        start, gradient_list = random_problem(rng, 100, torch.float64, zeros=0.9)
        options = {"lr": float(rng.uniform(0.001, 0.01)), "momentum": float(rng.uniform(0.3, 0.9))}
        options |= {"weight_decay": float(rng.uniform(0.01, 0.3)), "nesterov": is_nesterov}
        want_path = torch_steps("SGD", start, gradient_list, **options)
        expect(run_steps(sgd_step, start, gradient_list, **options), want_path, tol=1e-11, what="the parameters")
### END HIDDEN TESTS
grade("sgd_step")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `state.get("buffers", default)` gives the old buffers, or the default before the first step: a list of
# `torch.zeros_like(p)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# One loop over `zip(params, grads, buffers, strict=True)`, which raises the ValueError for you. Four lines in it,
# one for each number of the list in the lesson.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `g = g + weight_decay * p`, `b = momentum * b + g`, then `p - lr * (g + momentum * b if nesterov else b)`. Append
# the new tensors to new lists.
#
# </details>
#
# **Why it matters.** Papers and libraries define momentum differently. With "$(1 - \mu)\,g$" in the buffer the same
# rate takes steps that are a tenth as long, and a recipe copied from one to the other fails.
# [What does momentum do?](#What-does-momentum-do?)

# %% [markdown]
# ## Adaptive steps
#
# In a network, gradients of different weights differ in size, often by orders of magnitude. One rate cannot fit all. **RMSProp** divides each
# gradient by its own typical size (T. Tieleman and G. Hinton, a lecture of *Neural Networks for Machine Learning*, 2012): it keeps a
# running mean of squares,
#
# $$s \leftarrow \alpha\, s + (1 - \alpha)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s} + \varepsilon}.$$
#
# All operations are elementwise: each weight has its own $s$. The small number $\varepsilon$ stands *outside* the root
# and keeps a weight that never had a gradient from 0/0.
#
# **The smallest example.** $\alpha = 3/4$, $\eta = 1/2$, $w = 1$, first gradient 6: $s = 1/4 \cdot 36 = 9$, so the
# step is $1/2 \cdot 6/3 = 1$. Had the gradient been 600, the step would have been the same.
#
# ### RMSProp in code
#
# *Implement · 6 minutes · difficulty: one of three*


# %% exercise="rmsprop_step" minutes=6
def rmsprop_step(params, grads, state, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
    """Take one step of RMSProp, as in torch.optim.RMSprop without momentum.

    Args:
        params, grads: lists of tensors, one gradient of the same shape for each parameter. Not changed.
        state: {} before the first step (all squares are 0), then what the last step returned. Not changed.
        lr, alpha, eps: as in the lesson.
        weight_decay: times the parameter, added to the gradient first.

    Returns:
        (new_params, new_state): a list of new tensors, and {"squares": list of tensors}.

    Raises:
        ValueError: `params` and `grads` have different lengths.
    """
    ### BEGIN SOLUTION
    squares = state.get("squares", [torch.zeros_like(p) for p in params])
    new_params, new_squares = [], []
    for p, g, s in zip(params, grads, squares, strict=True):
        g = g + weight_decay * p
        s = alpha * s + (1 - alpha) * g**2
        new_squares.append(s)
        new_params.append(p - lr * g / (s.sqrt() + eps))
    return new_params, {"squares": new_squares}
    ### END SOLUTION


# %% check="rmsprop_step" points=7
with check("the example", hint="First the running mean of squares, then its root under the gradient."):
    moved, kept = rmsprop_step([torch.tensor([1.0])], [torch.tensor([6.0])], {}, lr=0.5, alpha=0.75)
    expect(kept["squares"], [torch.tensor([9.0])], what="s")
    expect(moved, [torch.tensor([0.0])], what="w")
with check(
    "a weight whose gradient has always been 0 stays", hint="Without eps this is 0/0. Inside the root is another place."
):
    still = [torch.tensor([1.0, 2.0])], [torch.tensor([0.0, 1.0])]
    expect(rmsprop_step(*still, {})[0], [torch.tensor([1.0, 1.9])], what="the parameters")
with check("a tiny gradient: eps stands outside the root", hint="sqrt(s) + eps, not sqrt(s + eps)."):
    tiny = torch.tensor([3e-8], dtype=torch.float64)
    moved, _ = rmsprop_step([torch.zeros(1, dtype=torch.float64)], [tiny], {}, lr=1.0, alpha=0.75)
    expect(moved, [-tiny / (tiny / 2 + 1e-8)], what="w")
with check("torch's RMSprop, 100 steps", hint="Decay enters the gradient before it is squared.") as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.002, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.3}
    want_path = torch_steps("RMSprop", start, gradient_list, **options)
    expect(run_steps(rmsprop_step, start, gradient_list, **options), want_path, tol=1e-6, what="the parameters")
with check("nothing that comes in is changed", hint="Make new tensors: no `mul_`, no `+=`.") as rng:
    start, gradient_list = random_problem(rng, 1)
    old_state = {"squares": [torch.ones_like(p) for p in start]}
    called = probes.call(rmsprop_step, start, gradient_list[0], old_state, weight_decay=0.1)
    expect(called["inputs"], [start, gradient_list[0], old_state], what="an input after the call")
with check("lists of different lengths are refused", hint="`zip(..., strict=True)` raises the ValueError.") as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, rmsprop_step, start, gradient_list[0][:2], {})
### BEGIN HIDDEN TESTS
with check(
    "64-bit tensors, mostly zero gradients, the defaults", hint="Defaults: lr 0.01, alpha 0.99, eps 1e-8.", hidden=True
) as rng:
    for zero_share in (0.5, 0.95):
        start, gradient_list = random_problem(rng, 100, torch.float64, zeros=zero_share)
        want_path = torch_steps("RMSprop", start, gradient_list)
        expect(run_steps(rmsprop_step, start, gradient_list), want_path, tol=1e-11, what="the parameters")
### END HIDDEN TESTS
grade("rmsprop_step")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take your `sgd_step` and exchange the buffer for `squares`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `s = alpha * s + (1 - alpha) * g**2`, then `p - lr * g / (s.sqrt() + eps)`.
#
# </details>
#
# **Why it matters.** The step no longer depends on the scale of the gradient. So the rate has another meaning than
# in SGD: it is, roughly, how far a weight moves in one step.
# [What does Adam do that SGD does not?](#What-does-Adam-do-that-SGD-does-not?)

# %% [markdown]
# ## Adam and its bias correction
#
# **Adam** joins both ideas: a running mean $m$ of gradients on top, a running mean $v$ of squares below (D. P. Kingma
# and J. Ba, "Adam: a method for stochastic optimization", 2015):
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2.$$
#
# Both start at 0, so at first both are too small. How much too small? If every gradient is the same $g$, then
# $m_1 = (1 - \beta_1)\,g$, $m_2 = (1 - \beta_1^2)\,g$, and in general $m_t = (1 - \beta_1^t)\,g$. So divide by just that:
#
# $$\hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat v = \frac{v}{1 - \beta_2^t}, \qquad
# w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}.$$
#
# The step count $t$ is 1 in the first step. With $t = 0$ the correction would divide by 0.
#
# **The smallest example.** $\beta_1 = 1/2$ and gradients 4 and 0. $m_1 = 2$ and $\hat m_1 = 2/(1 - 1/2) = 4$: the
# gradient itself. $m_2 = 1$ and $\hat m_2 = 1/(1 - 1/4) = 4/3$: a weighted mean of 4 and 0 whose weights, 1/3 and
# 2/3, add up to 1. That is the point of the correction.
#
# ### Three steps of Adam by hand
#
# *By hand · 9 minutes · difficulty: two of three*
#
# $\beta_1 = 1/2$, $\beta_2 = 3/4$, gradients 2, 2, −1. Enter fractions, three in each list:
#
# - `"m_hat"` and `"v_hat"` of the steps one, two and three;
# - `"first_two"`: by how many learning rates does $w$ fall in step one, and in step two? Take $\varepsilon = 0$.
# - `"uncorrected"`: with the usual $\beta_1 = 9/10$ and $\beta_2 = 999/1000$, by how many learning rates does $w$ fall in the
#   first step if you leave the correction out? Any gradient above 0, $\varepsilon = 0$; `math.sqrt` is allowed.

# %% exercise="adam_by_hand" minutes=9
### BEGIN SOLUTION
adam_hand = {
    "m_hat": [2, 2, 2 / 7],
    "v_hat": [4, 4, 100 / 37],
    "first_two": [1, 1],
    "uncorrected": math.sqrt(10),
}
### END SOLUTION
### BEGIN RELEASE
# adam_hand = {
#     "m_hat": [..., ..., ...],
#     "v_hat": [..., ..., ...],
#     "first_two": [..., ...],
#     "uncorrected": ...,
# }
### END RELEASE

# %% check="adam_by_hand" points=4
with check("the corrected means", hint="m is 1, 3/2, 1/4. Divide by 1 minus the power of 1/2 of that step."):
    expect(
        adam_hand["m_hat"],
        [np.average([2, 2, -1][:t], weights=[0.5 ** (t - k) for k in range(t)]) for t in (1, 2, 3)],
        what="the corrected means",
        tell=False,
    )
with check("the corrected squares", hint="Square each gradient first. Divide by 1 minus the power of 3/4 of that step."):
    expect(
        adam_hand["v_hat"],
        [np.average([4, 4, 1][:t], weights=[0.75 ** (t - k) for k in range(t)]) for t in (1, 2, 3)],
        what="the corrected squares",
        tell=False,
    )
with check("the first two moves, in learning rates", hint="Corrected mean over the root of the corrected square."):
    expect(adam_hand["first_two"], [2 / math.sqrt(4), 2 / math.sqrt(4)], what="the moves", tell=False)
with check("the first move without the correction", hint="m is g/10, v is g²/1000. Is the quotient below or above 1?"):
    expect(adam_hand["uncorrected"], 0.1 / math.sqrt(0.001), tol=1e-3, what="the move", tell=False)
grade("adam_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two columns: $m_1 = 1/2 \cdot 0 + 1/2 \cdot 2 = 1$, $m_2 = 1/2 \cdot 1 + 1/2 \cdot 2$, and so on; $v_1 = 3/4 \cdot 0 + 1/4 \cdot 4 = 1$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The corrections are 1/2, 3/4, 7/8 for $m$, and 1/4, 7/16, 37/64 for $v$. The last $v$ is $3/4 \cdot 7/4 + 1/4$.
#
# </details>
#
# While the gradient is constant, Adam moves by exactly one learning rate a step, whatever the gradient's size. And
# the correction does not make the first steps larger: without it, the first step is more than three
# times too *long*, because $v$ starts further off than $m$.
#
# **Why it matters.** "Bias correction makes up for small first steps" is what most people say, and it is the wrong way round for the usual settings.
# [Why does Adam correct its bias?](#Why-does-Adam-correct-its-bias?)

# %% [markdown]
# ## Decay: added to the gradient, or taken from the weight
#
# **L2 regularisation** adds $\tfrac{1}{2}\,\text{wd}\,\lVert w \rVert^2$ to the loss, so it adds $\text{wd} \cdot w$ to
# the gradient. **Decoupled weight decay** leaves the gradient alone and shrinks the weight itself, by the factor
# $1 - \eta\,\text{wd}$. For plain SGD the two are the same thing, in one line:
#
# $$w - \eta\,(g + \text{wd}\, w) = (1 - \eta\,\text{wd})\, w - \eta\, g.$$
#
# For Adam they are not. There the decay term goes through $\hat m / \sqrt{\hat v}$ with the rest of the gradient. A
# weight with large gradients has a large $\hat v$, so its decay is divided by much, and hardly arrives. **AdamW** is Adam with the
# decay taken from the weight first, at full strength for every weight (I. Loshchilov and F. Hutter, "Decoupled weight decay
# regularization", 2019).
#
# ### One step of decay by hand
#
# *By hand · 6 minutes · difficulty: two of three*
#
# Two weights, both 1. Their gradients are 2 and 20. $\eta = 1/10$, wd = 1/2, the first step, $\varepsilon = 0$. Enter
# the two new weights, as fractions or decimals:
#
# - `"sgd_l2"`: SGD without momentum, decay added to the gradient;
# - `"sgd_decoupled"`: SGD, the weight first multiplied by $1 - \eta\,\text{wd}$;
# - `"adam_l2"`: Adam, decay added to the gradient;
# - `"adamw"`: AdamW.

# %% exercise="decay_by_hand" minutes=6
### BEGIN SOLUTION
decay_hand = {
    "sgd_l2": [3 / 4, -21 / 20],
    "sgd_decoupled": [3 / 4, -21 / 20],
    "adam_l2": [9 / 10, 9 / 10],
    "adamw": [17 / 20, 17 / 20],
}
### END SOLUTION
### BEGIN RELEASE
# decay_hand = {
#     "sgd_l2": [..., ...],
#     "sgd_decoupled": [..., ...],
#     "adam_l2": [..., ...],
#     "adamw": [..., ...],
# }
### END RELEASE

# %% check="decay_by_hand" points=4
with check("SGD with L2", hint="The gradients become 2 + 1/2 and 20 + 1/2."):
    expect(decay_hand["sgd_l2"], [1 - 0.1 * 2.5, 1 - 0.1 * 20.5], what="the weights", tell=False)
with check("SGD with decoupled decay", hint="Multiply by 1 − 1/20 first, then take the step with the bare gradient."):
    expect(decay_hand["sgd_decoupled"], [0.95 - 0.2, 0.95 - 2], what="the weights", tell=False)
with check("Adam with L2", hint="How far does Adam's first step go, for any gradient above 0?"):
    expect(decay_hand["adam_l2"], [1 - 0.1, 1 - 0.1], what="the weights", tell=False)
with check("AdamW", hint="The decay does not pass through Adam's quotient; the gradient does."):
    expect(decay_hand["adamw"], [0.95 - 0.1, 0.95 - 0.1], what="the weights", tell=False)
grade("decay_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In its first step Adam divides the gradient by its own absolute value. Whatever you added to the gradient is
# divided with it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Adam with L2 moves by one learning rate and nothing else: the decay has vanished. AdamW shrinks to 19/20 first.
#
# </details>
#
# **Why it matters.** `weight_decay=0.01` in `Adam` and in `AdamW` are two different things under one name.
# [L2 regularisation or weight decay?](#L2-regularisation-or-weight-decay?)

# %% [markdown]
# ### Adam and AdamW in code
#
# *Implement · 13 minutes · difficulty: two of three*
#
# One function for both. `decoupled` says where the decay goes. The state also holds the step count.


# %% exercise="adam_step" minutes=13
def adam_step(params, grads, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    """Take one step of Adam or AdamW, as in torch.optim.Adam and torch.optim.AdamW.

    Args:
        params, grads: lists of tensors, one gradient of the same shape for each parameter. Not changed.
        state: {} before the first step (means and squares are 0), then what the last step returned. Not changed.
        lr, betas, eps: as in the lesson; eps is added to the root of the corrected square.
        weight_decay: L2, added to the gradient first; or, if `decoupled`, the parameter is first multiplied by
            1 - lr * weight_decay and the gradient stays as it is.

    Returns:
        (new_params, new_state): a list of new tensors, and {"step": steps taken so far, "means": list of tensors,
        "squares": list of tensors}; means and squares without the correction.

    Raises:
        ValueError: `params` and `grads` have different lengths.

    Source: D. P. Kingma and J. Ba, 2015; I. Loshchilov and F. Hutter, 2019.
    """
    ### BEGIN SOLUTION
    (beta1, beta2), step = betas, state.get("step", 0) + 1
    means = state.get("means", [torch.zeros_like(p) for p in params])
    squares = state.get("squares", [torch.zeros_like(p) for p in params])
    new_params, new_means, new_squares = [], [], []
    for p, g, m, v in zip(params, grads, means, squares, strict=True):
        if decoupled:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
        new_means.append(m)
        new_squares.append(v)
        new_params.append(p - lr * m_hat / (v_hat.sqrt() + eps))
    return new_params, {"step": step, "means": new_means, "squares": new_squares}
    ### END SOLUTION


# %% check="adam_step" points=13
with check("your three steps on paper", hint="The state holds m and v as they are; the correction is made on the way out."):
    values, kept = [torch.zeros(1, dtype=torch.float64)], {}
    for t, slope in enumerate([2.0, 2.0, -1.0], 1):
        before = values
        values, kept = adam_step(
            values, [torch.tensor([slope], dtype=torch.float64)], kept, lr=1.0, betas=(0.5, 0.75), eps=0.0
        )
        want_mean, want_square = [1, 1.5, 0.25][t - 1], [1, 1.75, 1.5625][t - 1]
        expect(kept["step"], t, what="the step count in the state")
        expect(kept["means"][0].item(), want_mean, what=f"m after step {t}")
        expect(kept["squares"][0].item(), want_square, what=f"v after step {t}")
        want_move = want_mean / (1 - 0.5**t) / math.sqrt(want_square / (1 - 0.75**t))
        expect((before[0] - values[0]).item(), want_move, what=f"the move in step {t}")
with check(
    "your decay on paper, all four weights", hint="decoupled: shrink the parameter. Otherwise: add to the gradient."
):
    one_step = [torch.ones(2)], [torch.tensor([2.0, 20.0])], {}
    by_l2 = adam_step(*one_step, lr=0.1, eps=0.0, weight_decay=0.5)
    expect(by_l2[0], [torch.tensor([0.9, 0.9])], what="the weights, with L2")
    by_adamw = adam_step(*one_step, lr=0.1, eps=0.0, weight_decay=0.5, decoupled=True)
    expect(by_adamw[0], [torch.tensor([0.85, 0.85])], what="the weights, decoupled")
with check("a tiny gradient: eps counts, after the correction", hint="v_hat.sqrt() + eps: outside the root."):
    tiny = torch.tensor([2e-8, 0.0], dtype=torch.float64)
    values, _ = adam_step([torch.zeros(2, dtype=torch.float64)], [tiny], {}, lr=1.0)
    expect(values, [torch.tensor([-2 / 3, 0.0], dtype=torch.float64)], tol=1e-7, what="the parameters")
with check("torch's Adam, 100 steps", hint="Do the checks above pass? Then try without decay first.", points=2) as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.004, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}
    want_path = torch_steps("Adam", start, gradient_list, **options)
    expect(run_steps(adam_step, start, gradient_list, **options), want_path, tol=1e-6, what="the parameters")
with check("torch's AdamW, 100 steps", hint="The same, but the parameter shrinks before the step.", points=2) as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.004, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}
    want_path = torch_steps("AdamW", start, gradient_list, **options)
    got_path = run_steps(adam_step, start, gradient_list, decoupled=True, **options)
    expect(got_path, want_path, tol=1e-6, what="the parameters")
with check("gradients that are 0 for the first ten steps", hint="0/(0 + eps) is 0: the weight waits. Then it moves.") as rng:
    start, gradient_list = random_problem(rng, 20)
    gradient_list = [[g * (t >= 10) for g in grads] for t, grads in enumerate(gradient_list)]
    got_path = run_steps(adam_step, start, gradient_list)
    expect(got_path[9], start, what="the parameters after ten steps")
    expect(got_path, torch_steps("Adam", start, gradient_list), tol=1e-6, what="the parameters")
with check("nothing that comes in is changed", hint="Make new tensors and a new dict.") as rng:
    start, gradient_list = random_problem(rng, 1)
    squares_before = [torch.ones_like(p) for p in start]
    old_state = {"step": 3, "means": [torch.ones_like(p) for p in start], "squares": squares_before}
    for is_decoupled in (False, True):
        called = probes.call(
            adam_step, start, gradient_list[0], old_state, weight_decay=0.1, decoupled=is_decoupled
        )
        expect(called["inputs"], [start, gradient_list[0], old_state], what="an input after the call")
with check("lists of different lengths are refused", hint="`zip(..., strict=True)` raises the ValueError.") as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, adam_step, start, gradient_list[0][:2], {})
### BEGIN HIDDEN TESTS
with check(
    "64-bit tensors, random settings, mostly zero gradients",
    points=3,
    hint="Check the defaults, the dtype of your state, and both places of the decay.",
    hidden=True,
) as rng:
    for name, is_decoupled in (("Adam", False), ("AdamW", True)):
        for zero_share in (0.0, 0.95):
            start, gradient_list = random_problem(rng, 100, torch.float64, zeros=zero_share)
            options = {"lr": float(rng.uniform(0.001, 0.02)), "weight_decay": float(rng.uniform(0.01, 0.5))}
            options["betas"] = (float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.9, 0.999)))
            want_path = torch_steps(name, start, gradient_list, **options)
            got_path = run_steps(adam_step, start, gradient_list, decoupled=is_decoupled, **options)
            expect(got_path, want_path, tol=1e-11, what="the parameters")
    start, gradient_list = random_problem(rng, 100, torch.float64)
    want_path = torch_steps("Adam", start, gradient_list)
    expect(run_steps(adam_step, start, gradient_list), want_path, tol=1e-11, what="the parameters")
### END HIDDEN TESTS
grade("adam_step")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `step = state.get("step", 0) + 1`. Then the loop of your `rmsprop_step`, with two lists in place of one.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In this order: the decay (one of its two places), `m`, `v`, the two corrected values, the new parameter.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)` and `p - lr * m_hat / (v_hat.sqrt() + eps)`; the
# state keeps `m` and `v`, not the corrected ones.
#
# </details>
#
# Run the next two cells. The first draws paths of your optimizers. The second measures decay on weights whose
# gradients are pure noise, of two sizes: nothing but the decay should pull them anywhere.


# %% demo=true
def draw_paths():
    """Draw the paths of three optimizers on an ill-conditioned bowl and in a curved valley."""
    bowl = (lambda x, y: 0.5 * (x**2 + 20 * y**2), (-1.9, 0.7), (-2.1, 0.6), (-0.9, 1.0))
    valley = (lambda x, y: (1 - x) ** 2 + 10 * (y - x**2) ** 2, (-0.5, 1.6), (-1.6, 1.5), (-0.6, 1.9))
    fig, panels = plots.canvas(2, width=9.5, height=4.2)
    ends = []
    tuned = ((0.095, 0.134, 0.1), 0.4), ((0.015, 0.004, 0.1), 0.9)
    for ax, (f, start, xs, ys), (rates, mu) in zip(panels, (bowl, valley), tuned, strict=True):
        grid_x, grid_y = np.meshgrid(np.linspace(*xs, 120), np.linspace(*ys, 120))
        heights = f(grid_x, grid_y)
        ax.contour(grid_x, grid_y, heights, levels=np.geomspace(0.02, heights.max(), 12), colors="0.7", linewidths=0.7)
        steps = [("SGD", sgd_step, {}), (f"momentum {mu}", sgd_step, {"momentum": mu}), ("Adam", adam_step, {})]
        for (name, step, more), rate, style in zip(steps, rates, plots.line_styles, strict=False):
            point, state, path = [torch.tensor(start)], {}, [start]
            for _ in range(40):
                leaf = point[0].clone().requires_grad_()
                (slope,) = torch.autograd.grad(f(*leaf), [leaf])
                point, state = step(point, [slope], state, lr=rate, **more)
                path.append(tuple(point[0].tolist()))
            ax.plot(*zip(*path, strict=True), label=f"{name}, lr {rate}", linewidth=1.2, **style)
            ends.append(f"{name} to {float(f(*path[-1])):.0e}")
        ax.plot(0 if ax is panels[0] else 1, 0 if ax is panels[0] else 1, marker="*", markersize=13, color=plots.palette["orange"])
        ax.legend(fontsize=8)
        ax.grid(False)
    panels[0].set_title("a bowl with condition number 20: momentum arrives sooner")
    panels[1].set_title("a curved valley: down fast, along it slowly")
    plots.show(
        fig,
        alt="Contour lines with the paths of SGD, SGD with momentum and Adam over 40 steps; a star marks each minimum. Left, a long "
        f"bowl: SGD zigzags across in short steps, momentum swings wider and arrives sooner, Adam goes diagonally. Heights: {', '.join(ends[:3])}. "
        f"Right, a curved valley: all fall into it at once and then follow its floor. Heights: {', '.join(ends[3:])}.",
    )


show_when_written(draw_paths)

# %% [markdown]
# On the bowl both kinds of SGD have their best settings. The plain one multiplies the distance by
# $(\kappa - 1)/(\kappa + 1)$ in each step, 0.90 here. With momentum the best pair is
# $\eta = 4/(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2$ and $\mu = ((\sqrt\kappa - 1)/(\sqrt\kappa + 1))^2$, and in the long
# run each step multiplies the distance by about $\sqrt\mu$, 0.63 here (Polyak, 1964). That is the gain: the root of the condition number
# takes the place of the condition number. In the valley nothing is tuned, and Adam, whose steps are about as long as its rate, is last after
# 40 steps. It is a picture of paths, not a race.


# %% demo=true
def show_decay():
    """Print how far noise and decay bring weights that start at 1, for two sizes of gradients."""
    noise = torch.Generator().manual_seed(5)
    steps = [torch.randn(2, 500, generator=noise) * torch.tensor([[0.1], [10.0]]) for _ in range(400)]
    for name, is_decoupled in (("Adam with L2", False), ("AdamW", True)):
        path = run_steps(adam_step, [torch.ones(2, 500)], [[g] for g in steps], lr=0.01, weight_decay=0.1, decoupled=is_decoupled)
        small, large = path[-1][0].mean(1).tolist()
        print(f"{name:14} mean weight: gradients of size 0.1: {small:.2f}, of size 10: {large:.2f}")
    print(f"decay at full strength would give {(1 - 0.01 * 0.1) ** 400:.2f} for both")


show_when_written(show_decay)

# %% [markdown]
# With L2 inside Adam, the strength of the decay depends on the size of the gradients: the weights with small gradients are pulled far more
# strongly than AdamW pulls them, and the weights with large gradients are hardly pulled at all. AdamW treats both alike.
#
# Which parameters should decay at all? Usually the weight matrices only. Biases and the scales of normalisation layers are few and do
# not overfit; a decay pulls them to 0 for no reason. With `torch.optim` that takes two parameter groups, one with `weight_decay=0`.
#
# **Why it matters.** Six optimizers, and none of them is "the best". Adam forgives a badly scaled problem and works with little tuning; SGD with
# momentum, tuned, is often as good on images. Both need their own learning rate.
# [What does Adam do that SGD does not?](#What-does-Adam-do-that-SGD-does-not?)

# %% [markdown]
# ## L1 and exact zeros
#
# **L1 regularisation** adds $\lambda \lVert w \rVert_1$, the sum of absolute values, to the loss (R. Tibshirani, "Regression shrinkage
# and selection via the lasso", 1996). It is known for weights that are exactly 0. But a plain gradient step never gives them: the slope of
# $|w|$ is 1 or −1 however small $w$ is, so near 0 a step jumps over it, and back, for ever.
#
# The **proximal step** does it right. First a gradient step on the loss *without* the penalty, then **soft-thresholding** by
# $\tau = \eta\lambda$: every weight moves towards 0 by $\tau$, and stops there:
#
# $$S_\tau(z) = \operatorname{sign}(z) \max(|z| - \tau,\, 0).$$
#
# It is the exact minimum of $\tfrac{1}{2}(w - z)^2 + \tau |w|$.
#
# **The smallest example.** $\tau = 1$: 3 becomes 2, −3 becomes −2, 1/2 becomes 0, and so does −1.
#
# ### Soft-thresholding and the lasso
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Write the threshold, and with it linear regression under an L1 penalty: minimise
# $\frac{1}{2n}\lVert Xw - y\rVert^2 + \lambda\lVert w\rVert_1$ by proximal steps from $w = 0$.


# %% exercise="lasso" minutes=10
def soft_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    """Move each value towards 0 by `threshold`, and stop at 0. The input is not changed."""
    ### BEGIN SOLUTION
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0)
    ### END SOLUTION


def lasso(X: np.ndarray, y: np.ndarray, l1: float, lr: float, n_steps: int) -> np.ndarray:
    """Return the weights of linear regression with an L1 penalty after `n_steps` proximal steps from 0.

    Args:
        X: shape (n_samples, n_features). There is no intercept.
        y: shape (n_samples,).
        l1: the strength of the penalty.
        lr: the learning rate of the gradient step; the threshold is lr * l1.
        n_steps: how many steps.

    Returns:
        The weights, shape (n_features,). `X` and `y` are not changed.
    """
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    for _ in range(n_steps):
        w = soft_threshold(w - lr * X.T @ (X @ w - y) / len(y), lr * l1)
    return w
    ### END SOLUTION


# %% check="lasso" points=8
with check("the threshold: the example", hint="sign(z) times what is left of |z|, but never below 0."):
    expect(soft_threshold(np.array([3.0, -3.0, 0.5, -1.0, 0.0]), 1.0), np.array([2.0, -2.0, 0.0, 0.0, 0.0]))
with check("the threshold minimises what it should", hint="It minimises (w - z)²/2 + threshold * |w|.") as rng:
    drawn_values, drawn_threshold = rng.normal(size=20) * 2, float(rng.uniform(0.3, 1.5))
    trial = np.linspace(-8, 8, 16001)[:, None]
    costs = (trial - drawn_values) ** 2 / 2 + drawn_threshold * np.abs(trial)
    expect(soft_threshold(drawn_values, drawn_threshold), trial[costs.argmin(0), 0], tol=2e-3, what="the minimum")
with check("one step from 0, by hand", hint="The gradient is Xᵀ(Xw − y)/n, without the penalty; the threshold is lr * l1."):
    X_small, y_small = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([4.0, 1.0])
    expect(lasso(X_small, y_small, l1=0.5, lr=0.5, n_steps=1), np.array([0.75, 0.25]), what="the weights")
with check("no steps: zeros", hint="Start at 0 and return floats."):
    expect(lasso(np.ones((2, 3)), np.ones(2), l1=0.1, lr=0.1, n_steps=0), np.zeros(3), what="the weights")
with check("scikit-learn's Lasso, and its exact zeros", hint="Divide by n_samples, not n_features; threshold lr * l1.") as rng:
    X_drawn = rng.normal(size=(60, 8))
    y_drawn = X_drawn[:, :3] @ np.array([2.0, -1.5, 1.0]) + 0.3 * rng.normal(size=60)
    real = Lasso(alpha=0.3, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(X_drawn, y_drawn).coef_
    got_weights = lasso(X_drawn, y_drawn, l1=0.3, lr=0.2, n_steps=1500)
    expect(got_weights, real, tol=1e-6, what="the weights")
    assert (got_weights[real == 0] == 0).all(), "Weights that should be exactly 0 are only small."
with check("nothing that comes in is changed", hint="`w = ...` makes a new array; `-=` on an input does not.") as rng:
    X_drawn, y_drawn, kept = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=7)
    expect(probes.call(lasso, X_drawn, y_drawn, 0.1, 0.1, 3)["inputs"][:2], [X_drawn, y_drawn], what="an input after the call")
    expect(probes.call(soft_threshold, kept, 0.4)["inputs"][0], kept, what="the values after the call")
### BEGIN HIDDEN TESTS
with check("other tables and strengths", points=2, hint="Try n_samples below n_features; do not change X or y.", hidden=True) as rng:
    for n_rows, n_columns, strength in [(5, 9, 0.2), (30, 4, 0.05), (12, 6, 100.0)] * 4:
        X_drawn, y_drawn = rng.normal(size=(n_rows, n_columns)), rng.normal(size=n_rows)
        want_weights = np.zeros(n_columns)
        for _ in range(7):
            moved = want_weights - 0.1 * X_drawn.T @ (X_drawn @ want_weights - y_drawn) / n_rows
            want_weights = np.where(moved > 0, 1.0, -1.0) * np.clip(np.abs(moved) - 0.1 * strength, 0, None)
        expect(lasso(X_drawn, y_drawn, strength, 0.1, 7), want_weights, what="the weights")
### END HIDDEN TESTS
grade("lasso")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `np.sign(z) * np.maximum(np.abs(z) - threshold, 0)` is the formula as it stands.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In the loop: `gradient = X.T @ (X @ w - y) / len(y)`, then `w = soft_threshold(w - lr * gradient, lr * l1)`.
#
# </details>
#
# The next cell fits the tumours' labels with the proximal step and with the subgradient, and counts.


# %% demo=true
def count_zeros():
    """Print how many of the weights are exactly 0, with two ways to descend under an L1 penalty."""
    X, y = load_breast_cancer()
    X = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    y = (y - y.mean()).to_numpy()
    w = np.zeros(X.shape[1])
    for _ in range(3000):
        w = w - 0.05 * (X.T @ (X @ w - y) / len(y) + 0.05 * np.sign(w))
    by_prox = lasso(X, y, l1=0.05, lr=0.05, n_steps=3000)
    for name, found in (("proximal", by_prox), ("subgradient", w)):
        print(f"{name:12} exactly 0: {(found == 0).sum():2} of {len(found)}; below 0.01 in size: {(np.abs(found) < 0.01).sum()}")


show_when_written(count_zeros)

# %% [markdown]
# The proximal step sets most of the weights to exactly 0. The subgradient sets none. `weight_decay` in `torch.optim` is L2; if you add an L1
# term to the loss of a network and let SGD run, you get small weights, and no zeros.
#
# **Why it matters.** "L1 gives sparse weights" is true of the minimum. Whether your program gets there depends on the
# algorithm. [Why does L1 give zeros and L2 not?](#Why-does-L1-give-zeros-and-L2-not?)

# %% [markdown]
# ## Dropout
#
# **Dropout** sets each hidden value to 0 with probability $p$, anew in each training step (N. Srivastava and others, "Dropout: a simple
# way to prevent neural networks from overfitting", 2014). No unit can rely on a certain other one. In evaluation nothing is dropped.
#
# Then the sums in the next layer would be larger in evaluation than in training. So the values that stay are divided by $1 - p$ in
# training, **inverted scaling**: the expected value is $(1 - p) \cdot x/(1 - p) = x$, and evaluation needs no change.
#
# **The smallest example.** $p = 1/2$, values 1, 2, 3, 4. If the dice drop the second and third: 2, 0, 0, 8. Their sum is 10, as before;
# by luck, for another throw gives another sum, and only the mean over all throws is 10.
#
# ### Dropout in code
#
# *Implement · 7 minutes · difficulty: one of three*


# %% exercise="dropout" minutes=7
def dropout(values: torch.Tensor, p: float, training: bool, seed: int) -> torch.Tensor:
    """Drop each value with probability `p` and scale the others, or return the values as they are in evaluation.

    Args:
        values: a float tensor of any shape. Not changed.
        p: the probability of 0, at least 0 and less than 1.
        training: False means evaluation.
        seed: of the dice (`torch.Generator().manual_seed(seed)`); the same seed drops the same places.

    Returns:
        A tensor of the same shape and dtype. Each element is dropped or kept independently of all others.

    Raises:
        ValueError: `p` is outside its range (in training and in evaluation).
    """
    ### BEGIN SOLUTION
    if not 0 <= p < 1:
        raise ValueError(f"p should be at least 0 and less than 1, not {p}")
    if not training:
        return values
    dice = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed))
    return values * (dice >= p) / (1 - p)
    ### END SOLUTION


# %% check="dropout" points=8
with check("in evaluation nothing happens", hint="Return the values, neither dropped nor scaled."):
    expect(dropout(torch.tensor([1.0, -2.0, 3.0]), 0.5, False, seed=1), torch.tensor([1.0, -2.0, 3.0]))
with check("kept values are divided by 1 - p", hint="Scale in training, so that evaluation needs no change.") as rng:
    drawn = torch.tensor(rng.uniform(1, 2, (40, 50)))
    got_values = dropout(drawn.clone(), 0.2, True, seed=int(rng.integers(1000)))
    kept = got_values != 0
    assert 0 < kept.sum() < kept.numel(), "Of 2,000 values, some should be dropped and some kept."
    expect(got_values[kept], drawn[kept] / 0.8, what="the kept values")
with check("p = 0 drops nothing", hint="A throw of exactly 0 must be kept too: which comparison?"):
    expect(dropout(torch.ones(3, 4), 0.0, True, seed=2), torch.ones(3, 4))
with check("p outside its range is refused", hint="With p = 1 the scale would be 1/0. Look before you look at `training`."):
    for bad in (1.0, -0.1, 1.5):
        expect_raises(ValueError, dropout, torch.ones(3), bad, True, seed=0)
        expect_raises(ValueError, dropout, torch.ones(3), bad, False, seed=0)
with check("the same seed, the same places; another seed, others", hint="A generator of its own, seeded with `seed`.") as rng:
    drawn_seed = int(rng.integers(1000))
    first = dropout(torch.ones(300), 0.5, True, seed=drawn_seed)
    expect(dropout(torch.ones(300), 0.5, True, seed=drawn_seed), first, what="the second call")
    assert (dropout(torch.ones(300), 0.5, True, seed=drawn_seed + 1) != first).any(), "Another seed drops the same places."
with check(
    "the share of zeros is p, in each row and column",
    hint="One throw for each element, with probability p of 0 (not of keeping).",
) as rng:
    # Hoeffding: a mean of n throws is off by more than t with probability at most 2 exp(-2 n t²). Here that
    # is below 1e-11 for a whole check: 401 means, each missed with probability 3.5e-15 or less.
    share = float(rng.choice([0.1, 0.3, 0.7]))
    zeros = (dropout(torch.ones(200, 100, 100), share, True, seed=int(rng.integers(10**6))) == 0).double()
    assert abs(zeros.mean().item() - share) < 0.03, "Over all two million elements, the share of zeros is not p."
    for axes in ((1, 2), (0, 1), (0, 2)):
        means = zeros.mean(axes)
        n_throws = zeros.numel() // len(means)
        bound = math.sqrt(34 / (2 * n_throws))
        assert (means - share).abs().max() < bound, "In some rows or columns the share of zeros is not p: throw for each element."
with check("the values that come in are not changed", hint="`values * ...` makes a new tensor, `values[...] = 0` does not."):
    expect(probes.call(dropout, torch.ones(50), 0.5, True, seed=3)["inputs"][0], torch.ones(50), what="the values after the call")
### BEGIN HIDDEN TESTS
with check("other shapes and dtypes", hint="Keep shape and dtype of the values.", hidden=True) as rng:
    for shape, dtype in (((7,), torch.float64), ((3, 1, 5), torch.float32), ((0, 4), torch.float32)):
        drawn = torch.tensor(rng.uniform(1, 2, shape), dtype=dtype)
        got_values = dropout(drawn.clone(), 0.75, True, seed=int(rng.integers(1000)))
        expect(torch.where(got_values == 0, drawn * 4, got_values), drawn * 4, what="the kept values")
### END HIDDEN TESTS
grade("dropout")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three cases in this order: `p` is refused; evaluation; training.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `dice = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed))` throws once for each element.
# A value is kept where `dice >= p`.
#
# </details>
#
# The check of the shares is a test of chance, so it has an error rate: by Hoeffding's inequality a mean of $n$ throws is off by more than
# $t$ with probability at most $2 e^{-2nt^2}$. Its bounds are chosen so that a right solution fails it less than once in a
# billion runs.
#
# **Why it matters.** Dropout is a remedy for overfitting, not a part of every network. On a run that does not even fit its training data, it makes things worse.
# [When do you use dropout, and what does it do?](#When-do-you-use-dropout,-and-what-does-it-do?)

# %% [markdown]
# ## A schedule
#
# Large steps are good at first, small ones at the end: the noise of the batches keeps a large rate from settling. A **schedule** says which rate
# each update gets. A common one: **warm-up**, a straight climb while the optimizer's means are still made of few gradients, then half a cosine wave
# down (I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017).
#
# Off-by-one errors live here. So say exactly what the ends are. Updates are numbered from 0 to $T - 1$, and $W$ of them are warm-up:
#
# - update $s < W$ gets $\text{peak} \cdot (s + 1)/(W + 1)$: the first one is not wasted on a rate of 0 (with a floor of 0, the last one is);
# - update $W$ gets exactly the peak, update $T - 1$ exactly the floor. In between, with $x = (s - W)/(T - 1 - W)$:
#   $\text{floor} + (\text{peak} - \text{floor}) \cdot \tfrac{1}{2}(1 + \cos \pi x)$.
#
# **The smallest example.** $T = 6$, $W = 3$, peak 4, floor 0: the rates are 1, 2, 3, 4, 2, 0.
#
# ### Warm-up and cosine in code
#
# *Implement · 7 minutes · difficulty: two of three*


# %% exercise="warmup_cosine" minutes=7
def warmup_cosine(step: int, n_steps: int, n_warmup: int, peak: float, floor: float = 0.0) -> float:
    """Return the learning rate of update `step`, counted from 0.

    Args:
        step: 0 to n_steps - 1.
        n_steps: T, how many updates the whole run has.
        n_warmup: W, how many of them come before the peak; at least 0 and at most n_steps - 2.
        peak, floor: the rates of update n_warmup and of update n_steps - 1.

    Raises:
        ValueError: `step` or `n_warmup` is outside its range.
    """
    ### BEGIN SOLUTION
    if not 0 <= step < n_steps or not 0 <= n_warmup <= n_steps - 2:
        raise ValueError(f"step {step} and warm-up {n_warmup} do not fit into {n_steps} updates")
    if step < n_warmup:
        return peak * (step + 1) / (n_warmup + 1)
    x = (step - n_warmup) / (n_steps - 1 - n_warmup)
    return floor + (peak - floor) * (1 + math.cos(math.pi * x)) / 2
    ### END SOLUTION


# %% check="warmup_cosine" points=6
with check("the example", hint="(s + 1)/(W + 1) of the peak before W; then x = 0 at W and x = 1 at T - 1."):
    expect([warmup_cosine(s, 6, 3, 4.0) for s in range(6)], [1, 2, 3, 4, 2, 0], what="the rates")
with check("without warm-up the first update gets the peak", hint="With W = 0, update 0 has x = 0."):
    expect([warmup_cosine(s, 3, 0, 1.0) for s in range(3)], [1, 0.5, 0], what="the rates")
with check("the floor is reached, not passed", hint="The wave goes from peak to floor: scale it by their difference."):
    expect([warmup_cosine(s, 5, 2, 8.0, floor=2.0) for s in range(5)], [8 / 3, 16 / 3, 8, 5, 2], what="the rates")
with check("the shortest run: two updates", hint="T = 2 and W = 0 is allowed: the peak, then the floor."):
    expect([warmup_cosine(s, 2, 0, 3.0, 1.0) for s in range(2)], [3, 1], what="the rates")
with check("steps and warm-ups that do not fit are refused", hint="0 <= step < n_steps and 0 <= n_warmup <= n_steps - 2."):
    for bad_step, n_total, n_climb in ((6, 6, 3), (-1, 6, 3), (0, 6, 5), (0, 6, -1), (0, 1, 0)):
        expect_raises(ValueError, warmup_cosine, bad_step, n_total, n_climb, 1.0)
### BEGIN HIDDEN TESTS
with check("other lengths and peaks", hint="Check both ends for lengths of your own.", hidden=True) as rng:
    for _ in range(20):
        n_total, top, low = int(rng.integers(4, 60)), float(rng.uniform(0.5, 2)), float(rng.uniform(0, 0.4))
        n_climb = int(rng.integers(0, n_total - 1))
        climb = np.linspace(0, top, n_climb + 2)[1:-1]
        wave = low + (top - low) * np.cos(np.linspace(0, np.pi / 2, n_total - n_climb)) ** 2
        got_rates = [warmup_cosine(s, n_total, n_climb, top, low) for s in range(n_total)]
        expect(got_rates, [*climb.tolist(), *wave.tolist()], what="the rates")
### END HIDDEN TESTS
grade("warmup_cosine")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First refuse, then the climb, then the wave.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `x = (step - n_warmup) / (n_steps - 1 - n_warmup)`; at `x = 0` the cosine is 1, at `x = 1` it is −1.
#
# </details>
#
# **Why it matters.** A schedule that was planned in updates and is stepped in epochs hardly moves, and nobody sees it in the loss at once.
# [Why warm up the learning rate, and why let it fall?](#Why-warm-up-the-learning-rate,-and-why-let-it-fall?)

# %% [markdown]
# ## Clipping
#
# One odd batch, or one steep cliff in the loss, gives a gradient that is hundreds of times too long, and one step throws away what many had
# learned. **Clipping by the global norm** shortens it: take *all* gradients as one long vector, and if its length is above a maximum, multiply
# *every* tensor by the same factor (R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", 2013). The
# direction stays, only the length changes. Clipping each tensor, or each number, by itself turns the direction.
#
# **The smallest example.** Two tensors, $(3)$ and $(0, 4)$. The length of $(3, 0, 4)$ is 5. With a maximum of 1 the factor is 1/5: $(3/5)$ and
# $(0, 4/5)$. With a maximum of 6 nothing changes.
#
# ### Clipping in code
#
# *Implement · 6 minutes · difficulty: one of three*


# %% exercise="clip_by_norm" minutes=6
def clip_by_norm(grads: list[torch.Tensor], max_norm: float) -> tuple[list[torch.Tensor], float]:
    """Shorten the gradients together so that their global norm is at most `max_norm`.

    Args:
        grads: tensors of any shapes. Not changed.
        max_norm: the largest length allowed, above 0.

    Returns:
        (clipped, norm): new tensors, and the global norm *before* clipping as a number.

    Raises:
        ValueError: `max_norm` is 0 or negative.
    """
    ### BEGIN SOLUTION
    if max_norm <= 0:
        raise ValueError(f"max_norm should be above 0, not {max_norm}")
    norm = math.sqrt(sum((g**2).sum().item() for g in grads))
    return [g * (max_norm / max(norm, max_norm)) for g in grads], norm
    ### END SOLUTION


# %% check="clip_by_norm" points=7
with check("the example", hint="The length of (3, 0, 4) is 5, so the factor is 1/5, for both tensors."):
    clipped, length = clip_by_norm([torch.tensor([3.0]), torch.tensor([0.0, 4.0])], 1.0)
    expect(clipped, [torch.tensor([0.6]), torch.tensor([0.0, 0.8])], what="the clipped gradients")
    expect(length, 5.0, what="the norm")
with check("short gradients stay as they are", hint="The factor is never above 1: clipping does not stretch."):
    clipped, length = clip_by_norm([torch.tensor([3.0]), torch.tensor([0.0, 4.0])], 6.0)
    expect(clipped, [torch.tensor([3.0]), torch.tensor([0.0, 4.0])], what="the gradients")
    expect(length, 5.0, what="the norm")
with check("gradients of 0 stay 0", hint="Do not divide by a norm of 0."):
    expect(clip_by_norm([torch.zeros(2, 2)], 0.5), ([torch.zeros(2, 2)], 0.0))
with check("a maximum of 0 is refused", hint="Raise a ValueError for 0 and for negative numbers."):
    expect_raises(ValueError, clip_by_norm, [torch.ones(2)], 0.0)
    expect_raises(ValueError, clip_by_norm, [torch.ones(2)], -1.0)
with check("torch's clip_grad_norm_", hint="One norm over all tensors, one factor for all tensors.") as rng:
    for size in (0.01, 1.0, 50.0):
        drawn = [torch.tensor(rng.normal(size=s) * size, dtype=torch.float64) for s in ((3, 2), (4,), (1, 5))]
        leaves = [torch.nn.Parameter(torch.zeros_like(g)) for g in drawn]
        for leaf, g in zip(leaves, drawn, strict=True):
            leaf.grad = g.clone()
        want_norm = torch.nn.utils.clip_grad_norm_(leaves, 2.0).item()
        clipped, length = clip_by_norm([g.clone() for g in drawn], 2.0)
        expect(clipped, [leaf.grad for leaf in leaves], tol=1e-5, what="the clipped gradients")
        expect(length, want_norm, what="the norm before clipping")
with check("the gradients that come in are not changed", hint="`g * factor` makes a new tensor, `g *= factor` does not."):
    called = probes.call(clip_by_norm, [torch.ones(4), torch.ones(2, 2)], 0.5)
    expect(called["inputs"][0], [torch.ones(4), torch.ones(2, 2)], what="the gradients after the call")
### BEGIN HIDDEN TESTS
with check("the direction stays", hint="The same factor for each tensor.", hidden=True) as rng:
    for limit in (0.3, 1.7):
        drawn = [torch.tensor(rng.normal(size=s) * 5, dtype=torch.float64) for s in ((2, 3), (), (6,))]
        clipped, length = clip_by_norm([g.clone() for g in drawn], limit)
        flat = torch.cat([g.flatten() for g in drawn])
        expect(torch.cat([g.flatten() for g in clipped]), flat * limit / flat.norm(), what="the clipped gradients")
        expect(length, flat.norm().item(), what="the norm before clipping")
### END HIDDEN TESTS
grade("clip_by_norm")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The norm is the root of the sum of all squares, over all tensors.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `max_norm / max(norm, max_norm)` is 1 for short gradients, and never divides by 0.
#
# </details>
#
# **Why it matters.** Clipping belongs between `backward` and `step`. Before `backward` there is nothing to clip, after `step` it is too late, and
# neither raises an error.
# [What is gradient clipping for?](#What-is-gradient-clipping-for?)

# %% [markdown]
# ## Early stopping
#
# A network that overfits has its best epoch behind it. **Early stopping** watches the validation loss, stops when it has not improved for a
# number of epochs in a row, the **patience**, and hands back the weights of the best epoch (L. Prechelt, "Early stopping — but when?", 1998).
#
# Numbers from 0: let epoch $b$ have the lowest validation loss so far (the first one, among equals). The run stops after the first epoch $e$
# with $e - b = $ patience, or after `max_epochs`.
#
# **The smallest example.** Patience 2 and validation losses 5, 3, 4, 2, 3, 2, … Epoch 2 is worse than epoch 1, but epoch 3 improves, and the
# count starts anew. Epochs 4 and 5 do not improve (equal is no improvement), so the run stops after epoch 5, and returns the weights of epoch 3.
#
# ### Find the bugs: early stopping
#
# *Find the bug · 10 minutes · difficulty: two of three*
#
# The program trains a logistic regression on 60 tumours, in batches of 5 rows. It is meant to do what the docstring says. Run it as it is, and
# the demonstration below: the weights that it returns do not have the validation loss that it reports. Repair it. There is more than one fault.


# %%
tumours, malignant = load_breast_cancer()
tumours, malignant = tumours.to_numpy(), malignant.to_numpy().astype(float)
tumour_rows = np.random.default_rng(5).permutation(len(malignant))
few, held_out = tumour_rows[:60], tumour_rows[100:300]
X_few = (tumours[few] - tumours[few].mean(0)) / tumours[few].std(0)
X_held = (tumours[held_out] - tumours[few].mean(0)) / tumours[few].std(0)
y_few, y_held = malignant[few], malignant[held_out]


def logistic_loss(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy of logistic regression with the weights `w` and no intercept."""
    return float(np.mean(np.logaddexp(0, X @ w) - y * (X @ w)))


def logistic_gradient(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the gradient of `logistic_loss` with respect to `w`."""
    return X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y)


# %% exercise="fix_early_stopping" minutes=10 faults=["the returned weights are those of the best epoch", "an improvement resets the count", "equal is no improvement", "the real tumours", "random tables and patiences"]
def fit_early(X, y, X_valid, y_valid, lr=0.5, patience=5, max_epochs=100, batch_size=5):
    """Train logistic regression from weights of 0, with early stopping.

    Args:
        X, y: the training part, shapes (n_samples, n_features) and (n_samples,). Batches are consecutive rows.
        X_valid, y_valid: the validation part, looked at after each epoch.
        lr, patience, max_epochs, batch_size: see the lesson.

    Returns:
        {"weights": shape (n_features,), of the best epoch; "best_epoch": its number, from 0; "valid_losses": list
        of the validation losses of all epochs that were run}.
    """
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    best_loss, valid_losses = math.inf, []
    for epoch in range(max_epochs):
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            w -= lr * logistic_gradient(w, X[rows], y[rows])
        valid_losses.append(logistic_loss(w, X_valid, y_valid))
        if valid_losses[-1] < best_loss:
            best_loss, best_epoch, best_weights, waited = valid_losses[-1], epoch, w.copy(), 0
        else:
            waited += 1
        if waited == patience:
            break
    return {"weights": best_weights, "best_epoch": best_epoch, "valid_losses": valid_losses}
    ### END SOLUTION
    ### BEGIN RELEASE
    # w = np.zeros(X.shape[1])
    # best_loss, waited, valid_losses = math.inf, 0, []
    # for epoch in range(max_epochs):
    #     for start in range(0, len(X), batch_size):
    #         rows = slice(start, start + batch_size)
    #         w -= lr * logistic_gradient(w, X[rows], y[rows])
    #     valid_losses.append(logistic_loss(w, X_valid, y_valid))
    #     if valid_losses[-1] <= best_loss:
    #         best_loss, best_epoch, best_weights = valid_losses[-1], epoch, w
    #     else:
    #         waited += 1
    #     if waited == patience:
    #         break
    # return {"weights": best_weights, "best_epoch": best_epoch, "valid_losses": valid_losses}
    ### END RELEASE


# %% check="fix_early_stopping" points=10
with check("the first epoch is one pass over the batches", hint="This one worked in the faulty program."):
    X_line, y_line = np.array([[1.0], [2.0], [-1.0]]), np.array([1.0, 0.0, 0.0])
    w_line = np.zeros(1)
    for rows in (slice(0, 2), slice(2, 3)):
        w_line = w_line - 0.3 * logistic_gradient(w_line, X_line[rows], y_line[rows])
    found = fit_early(X_line, y_line, X_line, y_line, lr=0.3, max_epochs=1, batch_size=2)
    expect(found, {"weights": w_line, "best_epoch": 0, "valid_losses": [logistic_loss(w_line, X_line, y_line)]})
with check(
    "the returned weights are those of the best epoch",
    hint="`w -= ...` changes the array in place, and every other name for it changes too. What does `best_weights` hold?",
):
    # the weight grows for ever, and the validation part is happiest on the way
    X_two, y_two = np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([1.0, 1.0, 1.0, 1.0])
    y_some = np.array([1.0, 1.0, 1.0, 0.0])
    found = fit_early(X_two, y_two, X_two, y_some, lr=0.8, patience=3, max_epochs=30, batch_size=4)
    expect(logistic_loss(found["weights"], X_two, y_some), min(found["valid_losses"]), what="the validation loss")
    expect(found["valid_losses"][found["best_epoch"]], min(found["valid_losses"]), what="the loss of the best epoch")
    expect(len(found["valid_losses"]), found["best_epoch"] + 4, what="the number of epochs")
with check("an improvement resets the count", hint="Patience counts epochs in a row. What should happen to `waited`?"):
    # the steps jump over the minimum: epoch 2 is worse, epoch 3 the best, epochs 4 and 5 are worse
    found = fit_early(np.ones((1, 1)), np.array([0.7]), np.ones((1, 1)), np.array([0.68]), lr=7.5, patience=2)
    expect(found["best_epoch"], 3, what="the best epoch")
    expect(len(found["valid_losses"]), 6, what="the number of epochs")
with check("equal is no improvement", hint="Which comparison keeps the first of equals?"):
    found = fit_early(np.zeros((4, 2)), np.ones(4), np.ones((3, 2)), np.ones(3), patience=4, max_epochs=20)
    expect(found["best_epoch"], 0, what="the best epoch")
    expect(len(found["valid_losses"]), 5, what="the number of epochs")
with check("the limit on epochs holds", hint="After max_epochs the run ends, patience or not."):
    found = fit_early(X_few, y_few, X_few, y_few, patience=50, max_epochs=7)
    expect(len(found["valid_losses"]), 7, what="the number of epochs")
with check("the real tumours", hint="Are all faults repaired? Compare every line with the example of the lesson."):
    found = fit_early(X_few, y_few, X_held, y_held)
    expect(logistic_loss(found["weights"], X_held, y_held), min(found["valid_losses"]), what="the validation loss")
    expect(len(found["valid_losses"]), found["best_epoch"] + 6, what="the number of epochs")
with check("the defaults are those of the signature", hint="Rate 0.5, patience 5, at most 100 epochs, batches of 5."):
    found = fit_early(X_few, y_few, X_few, y_few)
    expect(found, fit_early(X_few, y_few, X_few, y_few, 0.5, 5, 100, 5), what="the result")
    stated = fit_early(X_few, y_few, X_held, y_held, 0.5, 5, 100, 5)
    expect(fit_early(X_few, y_few, X_held, y_held)["valid_losses"], stated["valid_losses"], what="the validation losses")
### BEGIN HIDDEN TESTS
with check("random tables and patiences", points=3, hint="Copy, reset, and compare strictly.", hidden=True) as rng:
    for _ in range(25):
        X_drawn, y_drawn = rng.normal(size=(12, 3)), rng.integers(0, 2, 12).astype(float)
        X_other, y_other = rng.normal(size=(9, 3)), rng.integers(0, 2, 9).astype(float)
        patience_drawn, size_drawn, lr_drawn = int(rng.integers(1, 5)), int(rng.integers(1, 8)), float(rng.uniform(0.5, 3))
        w_now, weights_then, losses_then = np.zeros(3), [], []
        while len(losses_then) < 15 and len(losses_then) - np.argmin(losses_then or [0]) <= patience_drawn:
            for first_row in range(0, 12, size_drawn):
                rows = slice(first_row, first_row + size_drawn)
                w_now = w_now - lr_drawn * logistic_gradient(w_now, X_drawn[rows], y_drawn[rows])
            weights_then.append(w_now)
            losses_then.append(logistic_loss(w_now, X_other, y_other))
        best = int(np.argmin(losses_then))
        found = fit_early(X_drawn, y_drawn, X_other, y_other, lr_drawn, patience_drawn, 15, size_drawn)
        expect(found["valid_losses"], losses_then, what="the validation losses")
        expect(found["best_epoch"], best, what="the best epoch")
        expect(found["weights"], weights_then[best], what="the weights")
    for _ in range(3):
        target, lr_drawn = float(rng.uniform(0.678, 0.685)), float(rng.uniform(7.45, 7.55))
        found = fit_early(np.ones((1, 1)), np.array([0.7]), np.ones((1, 1)), np.array([target]), lr_drawn, 2)
        expect((found["best_epoch"], len(found["valid_losses"])), (3, 6), what="the best epoch and the number of epochs")
### END HIDDEN TESTS
grade("fix_early_stopping")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three faults: what is kept, what is counted, how two losses are compared.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `best_weights = w` gives a second name to the same array. `w.copy()` is a snapshot.
#
# </details>
# <details><summary>Hint 3</summary>
#
# On improvement, and only with `<`: keep loss, epoch and a copy, and set `waited = 0`.
#
# </details>

# %% demo=true
stopped = fit_early(X_few, y_few, X_held, y_held)
print(f"epochs run: {len(stopped['valid_losses'])}, best epoch: {stopped['best_epoch']}")
print(f"lowest validation loss on the way: {min(stopped['valid_losses']):.4f}")
print(f"validation loss of the returned weights: {logistic_loss(stopped['weights'], X_held, y_held):.4f}")

# %% [markdown]
# With the faulty program the last two lines differ. They agree as soon as the copy is a copy. On these data the other two faults do not
# show: only the checks find them.
#
# The best validation loss was *chosen*, so it is a little too good. The honest number comes from the test part, looked at once. PyTorch's
# `state_dict()` holds references too, so there the same bug waits.
#
# **Why it matters.** Early stopping is the cheapest regularisation: it costs nothing but a copy. A reference in place of the copy, and you
# get the last weights, not the best. [How does early stopping work?](#How-does-early-stopping-work?)

# %% [markdown]
# ## Batch size and noise
#
# The gradient of a batch is an estimate of the gradient over all $n$ samples. How noisy? Let $g_i$ be the gradient of sample $i$, $\bar g$ their
# mean, and $\sigma^2 = \frac{1}{n} \sum_i \lVert g_i - \bar g \rVert^2$ their spread. The **noise** of batch size $B$ is the expected squared distance
# between the mean of a batch and $\bar g$:
#
# - drawn *with* replacement: $\sigma^2 / B$;
# - drawn *without*, as a shuffled epoch does: $\dfrac{\sigma^2}{B} \cdot \dfrac{n - B}{n - 1}$, which is 0 for the full batch.
#
# Twice the batch, half the noise (as a variance; as a length, the noise falls only like $1/\sqrt{B}$), at twice the cost.
#
# **The smallest example.** Three samples with gradients $(0)$, $(3)$, $(6)$: $\bar g = 3$, $\sigma^2 = (9 + 0 + 9)/3 = 6$. With
# $B = 2$ and replacement the noise is $6/2 = 3$. Without, it is $3 \cdot (3 - 2)/(3 - 1) = 3/2$. Check it: the
# three possible batches have the means 3/2, 3 and 9/2, with squared distances 9/4, 0 and 9/4, on average 3/2.
#
# ### The noise of a gradient
#
# *Implement · 8 minutes · difficulty: two of three*


# %% exercise="gradient_noise" minutes=8
def gradient_noise(gradients: np.ndarray, batch_size: int, replacement: bool = False) -> float:
    """Return the expected squared distance of a batch's mean gradient from the mean over all samples.

    Args:
        gradients: one row for each sample, shape (n_samples, n_parameters), at least two rows. Not changed.
        batch_size: at least 1; without replacement at most n_samples.
        replacement: whether a batch may hold a sample more than once.

    Raises:
        ValueError: `batch_size` is outside its range.
    """
    ### BEGIN SOLUTION
    n = len(gradients)
    if batch_size < 1 or (batch_size > n and not replacement):
        raise ValueError(f"a batch of {batch_size} cannot be drawn from {n} samples")
    spread = ((gradients - gradients.mean(axis=0)) ** 2).sum(axis=1).mean()
    return float(spread / batch_size * (1 if replacement else (n - batch_size) / (n - 1)))
    ### END SOLUTION


# %% check="gradient_noise" points=7
with check("the example, with replacement", hint="The mean of squared distances, over n; then over B."):
    expect(gradient_noise(np.array([[0.0], [3.0], [6.0]]), 2, replacement=True), 3.0, what="the noise")
with check("the example, without replacement", hint="Times (n - B)/(n - 1). It is the default."):
    expect(gradient_noise(np.array([[0.0], [3.0], [6.0]]), 2), 1.5, what="the noise")
with check("the full batch has no noise without replacement", hint="n - B is 0; a batch of n is allowed.") as rng:
    expect(gradient_noise(rng.normal(size=(5, 3)), 5), 0.0, what="the noise")
with check("all batches, counted out", hint="Add the squares over parameters, average over samples.") as rng:
    rows_drawn = rng.normal(size=(5, 3))
    for size in (1, 2, 4):
        draws = [rows_drawn[list(batch)].mean(0) for batch in itertools.combinations(range(5), size)]
        want_noise = np.mean([((m - rows_drawn.mean(0)) ** 2).sum() for m in draws])
        expect(gradient_noise(rows_drawn, size), want_noise, what=f"the noise without replacement, B = {size}")
        draws = [rows_drawn[list(batch)].mean(0) for batch in itertools.product(range(5), repeat=size)]
        want_noise = np.mean([((m - rows_drawn.mean(0)) ** 2).sum() for m in draws])
        expect(gradient_noise(rows_drawn, size, True), want_noise, what=f"the noise with replacement, B = {size}")
    expect(gradient_noise(np.eye(3), 4, replacement=True), 1 / 6, what="the noise")
with check("batch sizes that cannot be drawn are refused", hint="Below 1 always; above n only without replacement."):
    expect_raises(ValueError, gradient_noise, np.eye(3), 0)
    expect_raises(ValueError, gradient_noise, np.eye(3), 0, replacement=True)
    expect_raises(ValueError, gradient_noise, np.eye(3), 4)
    gradient_noise(np.eye(3), 4, replacement=True)  # this one is not refused
with check("the gradients are not changed", hint="`gradients - mean` makes a new array, `gradients -= mean` does not.") as rng:
    rows_drawn = rng.normal(size=(4, 2)) + 2
    expect(probes.call(gradient_noise, rows_drawn, 2)["inputs"][0], rows_drawn, what="the gradients after the call")
### BEGIN HIDDEN TESTS
with check("other tables", hint="Try more parameters than samples, and the reverse.", hidden=True) as rng:
    for n_rows, n_columns in ((2, 7), (9, 2), (40, 1)):
        rows_drawn = rng.normal(size=(n_rows, n_columns)) + 2
        size = int(rng.integers(1, n_rows + 1))
        want_noise = rows_drawn.var(axis=0).sum() / size
        expect(gradient_noise(rows_drawn, size, replacement=True), want_noise, what="the noise")
        expect(gradient_noise(rows_drawn, size), want_noise * (n_rows - size) / (n_rows - 1), what="the noise")
### END HIDDEN TESTS
grade("gradient_noise")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `gradients - gradients.mean(axis=0)` are the distances, one row for each sample.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Square, `.sum(axis=1)` over the parameters, `.mean()` over the samples; then divide by the batch size.
#
# </details>
#
# The next cell measures it on the tumours: gradients of single samples, then real batches, against your formula.


# %% demo=true
def draw_noise():
    """Draw the measured noise of batch gradients and the formula's, on logarithmic axes."""
    w = np.zeros(X_few.shape[1])
    single = np.array([logistic_gradient(w, X_few[i : i + 1], y_few[i : i + 1]) for i in range(len(y_few))])
    dice, sizes = np.random.default_rng(0), [1, 2, 4, 8, 15, 30, 45]
    measured = []
    for size in sizes:
        batches = [single[dice.permutation(60)[:size]].mean(0) for _ in range(2000)]
        measured.append(np.mean([((b - single.mean(0)) ** 2).sum() for b in batches]))
    by_formula = [gradient_noise(single, size) for size in sizes]
    with_replacement = [gradient_noise(single, size, replacement=True) for size in sizes]
    fig, (ax,) = plots.canvas(1, width=6.2, height=3.8)
    lines = {"measured": measured, "formula, without replacement": by_formula, "formula, with": with_replacement}
    for (name, values), style in zip(lines.items(), plots.line_styles, strict=False):
        ax.plot(sizes, values, label=name, **(style | {"markersize": 6}))
    ax.set(xscale="log", yscale="log", xlabel="batch size", ylabel="noise of the gradient")
    ax.set_title("twice the batch, half the noise (and less, near the full batch)")
    ax.legend(fontsize=8)
    off = max(abs(m / f - 1) for m, f in zip(measured, by_formula, strict=True))
    plots.show(
        fig,
        alt="Noise of the gradient against batch size, both axes logarithmic. The measured values lie on the formula without "
        f"replacement, off by at most {off:.0%}. With replacement the line is straight; without, it bends down near the full batch.",
    )


show_when_written(draw_noise)

# %% [markdown]
# **Why it matters.** "Small batches are noisy" is an adjective. $\sigma^2/B$ is a number that you can measure before you choose.
# [You get four times the memory. What changes in training?](#You-get-four-times-the-memory.-What-changes-in-training?)

# %% [markdown]
# ### Four times the batch
#
# *Choose one · 4 minutes · difficulty: two of three*
#
# Training with SGD, batches of `32` and rate `0.1` works well. You get a bigger machine, take batches of `128`, and leave the rate and the number of
# epochs as they are. The training loss at the end is clearly higher than before. What is the first thing to try?
#
# - (a) Add weight decay: large batches overfit.
# - (b) A lower rate, since the larger batch takes larger steps.
# - (c) More updates (more epochs), or a higher rate, up to about `0.4`, reached by a warm-up; then tune.
# - (d) Dropout, to bring back the noise of the small batch.

# %% exercise="bigger_batch" minutes=4
### BEGIN SOLUTION
answer_batch = "c"
### END SOLUTION
### BEGIN RELEASE
# answer_batch = ...
### END RELEASE

# %% check="bigger_batch" points=1
with check("what to try first", hint="How many updates does an epoch have now?"):
    expect_choice(
        answer_batch,
        "c",
        {
            "a": "It is the training loss that is high. That is not overfitting, and decay would raise it further.",
            "b": "The loss is a mean, so the gradient does not grow with the batch. A lower rate makes fewer updates even weaker.",
            "c": "There are a quarter of the updates, each with less noise. Longer steps or more of them make up for it.",
            "d": "Dropout is for a gap between training and validation. Here the training itself has not come far enough.",
        },
    )
grade("bigger_batch")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Is the problem in fitting, or in generalising? Which of the two does the training loss show?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Four times the batch means a quarter of the updates in an epoch.
#
# </details>
#
# The **linear scaling rule** says: with $k$ times the batch, take $k$ times the rate, and warm up (P. Goyal and others, "Accurate, large minibatch
# SGD", 2017). The reasoning: $k$ small steps with nearly the same gradient are one step of $k$ times the length. It holds for SGD, up to a size: when the noise is no
# longer the problem, a larger batch only repeats what it already knows, and the rate meets the limit $2/\lambda_{\max}$. That size can be estimated from
# the noise of the gradient against its length (S. McCandlish and others, "An empirical model of large-batch training", 2018). For Adam the rule is not
# linear. So take it as a start for tuning, not as a law: the demonstration at the end of the
# next section measures a case in which it goes wrong.
#
# **Why it matters.** Batch size and rate are one knob with two handles. Count updates, not epochs, when you compare.
# [You get four times the memory. What changes in training?](#You-get-four-times-the-memory.-What-changes-in-training?)

# %% [markdown]
# ## Looking before tuning
#
# A **learning-rate range test** finds the right order of magnitude in one short run: start with a tiny rate, multiply it by a constant factor after
# each batch, and record the loss (L. N. Smith, "Cyclical learning rates for training neural networks", 2017). At first nothing happens. Then the
# loss falls, faster and faster. Then it turns, and explodes. A good constant rate lies where the loss falls steeply, clearly before the turn: at the lowest point the
# rate is already so large that a few more steps at it would do damage.
#
# The curve is that of a network for 8 by 8 images of digits, trained by SGD with momentum `0.9` on batches of 64. The loss is a running mean
# over batches, with Adam's bias correction, which you know by now.


# %%
digit_parts = load_digits_parts()
digits, digit_labels = digit_parts["new"][0].flatten(1), digit_parts["new"][1]
digits_valid, labels_valid = digit_parts["old"][0].flatten(1), digit_parts["old"][1]


def digit_net(seed: int) -> torch.nn.Module:
    """Return a network with 64 inputs, 32 hidden units and ten logits."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))


def range_test(seed: int, n_steps: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates that were tried, and the smoothed loss at each; stop when it explodes."""
    net, rates, smoothed, mean = digit_net(seed), np.geomspace(1e-4, 10, n_steps), [], 0.0
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9)
    for t, rate in enumerate(rates, 1):
        rows = torch.randint(0, len(digits), (64,))
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(digits[rows]), digit_labels[rows])
        loss.backward()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * loss.item()
        smoothed.append(mean / (1 - 0.9**t))
        if smoothed[-1] > 4:
            break
    return rates[: len(smoothed)], np.array(smoothed)


def train_digits(lr: float, momentum: float, batch_size: int, epochs: int, seed: int = 0) -> list[float]:
    """Train the network on the digits; return the training loss before the first and after each epoch."""
    net, losses = digit_net(seed), []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    for epoch in range(epochs + 1):
        with torch.no_grad():
            losses.append(F.cross_entropy(net(digits), digit_labels).item())
        for rows in torch.randperm(len(digits)).split(batch_size) if epoch < epochs else ():
            optimizer.zero_grad()
            F.cross_entropy(net(digits[rows]), digit_labels[rows]).backward()
            optimizer.step()
    return losses


tried_rates, smoothed_losses = range_test(seed=0)

# %% demo=true
fig, (ax,) = plots.canvas(1, width=6.6, height=4.0)
ax.plot(tried_rates, smoothed_losses, markevery=12, **plots.line_styles[0])
ax.set(xscale="log", xlabel="learning rate", ylabel="running mean of the loss")
ax.set_title("a range test: flat, falling, exploding")
plots.show(
    fig,
    alt="The running mean of the loss against the learning rate, on a logarithmic axis. "
    + ", ".join(f"{v:.2f} at {r:.2g}" for r, v in list(zip(tried_rates, smoothed_losses, strict=True))[:-1:15])
    + f", {smoothed_losses[-1]:.2f} at {tried_rates[-1]:.2g}.",
)

# %% [markdown]
# ### Read the range test
#
# *Read the plot · 6 minutes · difficulty: two of three*
#
# Read three things. A factor of two either way is close enough for the first two.
#
# - `"falls"`: at which rate has the loss come down to 2?
# - `"lowest"`: at which rate is it lowest?
# - `"take"`: which constant rate do you take for the real run with this optimizer? (a) `0.8` (b) `0.001` (c) `0.1` (d) `2`

# %% exercise="read_range_test" minutes=6
### BEGIN SOLUTION
range_read = {"falls": 0.05, "lowest": 0.8, "take": "c"}
### END SOLUTION
### BEGIN RELEASE
# range_read = {"falls": ..., "lowest": ..., "take": ...}
### END RELEASE

# %% check="read_range_test" points=3
with check("where the loss has come down to 2", hint="Go across at 2 until you meet the curve, then down. Ticks are powers of ten."):
    read_falls = given(range_read["falls"])
    true_falls = tried_rates[np.argmax(smoothed_losses < 2)]
    assert true_falls / 2 <= read_falls <= true_falls * 2, "At the rate that you read, the loss is not near 2."
with check("where the loss is lowest", hint="The bottom of the curve, just before it turns up."):
    read_lowest = given(range_read["lowest"])
    true_lowest = tried_rates[smoothed_losses.argmin()]
    assert true_lowest / 2 <= read_lowest <= true_lowest * 2, "The loss is lowest at another rate."
with check("which rate to take", hint="Steep, and clearly before the turn."):
    expect_choice(
        range_read["take"],
        "c",
        {
            "a": "Past the bottom of the curve: the loss already goes up there. A whole run at this rate gets stuck or explodes.",
            "b": "The loss does not move there. It would train, but it would take for ever.",
            "c": "There the loss falls steeply, and the turn is several times further up.",
            "d": "That is beyond the end of the curve: the loss has exploded.",
        },
    )
grade("read_range_test")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The axis is logarithmic: half-way between two powers of ten is about three times the lower one.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The lowest point lies between `0.4` and 1. Take a rate several times smaller than that.
#
# </details>

# %% demo=true
for long_rate in (0.001, 0.1, 0.8, 2.0):
    print(f"rate {long_rate:<6} training loss after 6 epochs: {train_digits(long_rate, 0.9, 64, 6)[-1]:.2f}")

# %% [markdown]
# The two ends fail in different ways: the smallest rate has hardly begun, the largest two end above where they started. The test says
# nothing about generalisation, and it holds for this optimizer, this batch size and this network. Change one of them and run it anew: it costs
# two hundred updates at most, a fraction of one long run.
#
# **Why it matters.** It replaces the grid of ten long runs, of which eight are useless.
# [How do you choose the learning rate?](#How-do-you-choose-the-learning-rate?)

# %% [markdown]
# ### Four settings, four curves
#
# *Predict, then run · 6 minutes · difficulty: two of three*
#
# The same network, the same digits, 12 epochs of SGD. Before you run anything, think about what each setting does to the training loss:
#
# | setting | learning rate | momentum | batch size |
# |---|---|---|---|
# | a | `0.02` | `0` | `16` |
# | b | `0.02` | `0.9` | `16` |
# | c | `2` | `0.9` | `16` |
# | d | `0.02` | `0` | `256` |
#
# Four people describe the curves they got, one each, and forgot which setting it was:
#
# - `"first person"`: "It hardly leaves its starting point. After the last epoch it is almost where it began, but the line is smooth."
# - `"second person"`: "It falls within a few epochs to a small fraction of its start, and stays there."
# - `"third person"`: "It goes down steadily, epoch by epoch, and at the end it is still going down."
# - `"fourth person"`: "It jumps up and down, mostly above where it began."
#
# Assign a setting to each. The demonstration behind the checks draws all four.

# %% exercise="four_curves" minutes=6
### BEGIN SOLUTION
curve_of = {"first person": "d", "second person": "b", "third person": "a", "fourth person": "c"}
### END SOLUTION
### BEGIN RELEASE
# curve_of = {"first person": ..., "second person": ..., "third person": ..., "fourth person": ...}
### END RELEASE

# %% check="four_curves" points=4
with check("the first person", hint="Smooth, so the rate is not too large. Who makes the fewest updates?"):
    expect_choice(
        curve_of["first person"],
        "d",
        {
            "a": "The rate is the same as in d, but with small batches there are many more updates in 12 epochs.",
            "b": "Momentum makes the steps ten times longer in the long run. It gets somewhere.",
            "c": "With a rate of 2 and momentum the line would not be smooth.",
            "d": "Four updates an epoch, each small: the run has hardly begun.",
        },
    )
with check("the second person", hint="Which setting has the largest effective rate that still comes to rest?"):
    expect_choice(
        curve_of["second person"],
        "b",
        {
            "a": "Its steps are only a tenth as long as with momentum. In a few epochs it does not get there.",
            "b": "0.02 with momentum 0.9 acts like 0.2, and that is a good rate here.",
            "c": "The effective rate is 20. It cannot settle.",
            "d": "It makes very few updates.",
        },
    )
with check("the third person", hint="A small rate, but many updates."):
    expect_choice(
        curve_of["third person"],
        "a",
        {
            "a": "Small steps, many of them: slow and steady, and not finished.",
            "b": "It would be finished long before the last epoch.",
            "c": "It does not go down steadily.",
            "d": "With so few updates it does not come down far enough to be noticed.",
        },
    )
with check("the fourth person", hint="Beyond the limit, steps no longer come to rest."):
    expect_choice(
        curve_of["fourth person"],
        "c",
        {
            "a": "The rate is small: the loss does not jump.",
            "b": "The range test found this order of rates harmless.",
            "c": "The rate is far beyond the turn of the range test.",
            "d": "The batches are large and the rate small: nothing jumps.",
        },
    )
grade("four_curves")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# 897 digits make 57 updates an epoch with batches of 16, and four with batches of 256.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In the long run, momentum 0.9 multiplies the rate by ten. The range test had momentum 0.9: its axis times ten is the effective rate.
#
# </details>


# %% demo=true
def draw_four():
    """Draw the training loss of the four settings."""
    settings = {"a": (0.02, 0.0, 16), "b": (0.02, 0.9, 16), "c": (2.0, 0.9, 16), "d": (0.02, 0.0, 256)}
    runs = {f"{k}: lr {v[0]:g}, momentum {v[1]:g}, batch {v[2]}": train_digits(*v, epochs=12) for k, v in settings.items()}
    fig, (ax,) = plots.canvas(1, width=7, height=4.2)
    plots.history(ax, runs, xlabel="epoch", ylabel="training loss", log=True)
    ax.set_title("one network, four settings")
    ends = [f"{k[0]} ends at {v[-1]:.2f}" for k, v in runs.items()]
    plots.show(
        fig,
        alt=f"Training loss over 12 epochs, all starting near {runs[list(runs)[0]][0]:.1f}: {', '.join(ends)}. "
        "Curve a falls steadily, b falls fast and levels out, c jumps about, d is almost flat.",
    )


draw_four()

# %% [markdown]
# Settings a and d differ only in the batch size. Counted in epochs, d looks like a bad setting; counted in updates, it has made less than a tenth of
# the steps. And all of this is one seed. Differences as large as these need no second; a difference of a few per cent needs several, with their spread.
#
# And the bigger machine of the section before? Here are its choices, without momentum, four seeds each.

# %% demo=true
for words, rate, batch, epochs in (
    ("batches of 32, rate 0.1, 10 epochs", 0.1, 32, 10),
    ("batches of 128, the same rate and epochs", 0.1, 128, 10),
    ("batches of 128, four times the rate", 0.4, 128, 10),
    ("batches of 128, four times the epochs", 0.1, 128, 40),
):
    last_losses = [train_digits(rate, 0.0, batch, epochs, seed)[-1] for seed in range(4)]
    print(f"{words:42} training loss " + ", ".join(f"{loss:.2f}" for loss in last_losses))

# %% [markdown]
# On these digits four times the rate is beyond the limit that the curvature sets: one seed ends far above where it began, and none gets its old loss
# back. As many updates as before give about the old loss, for every seed. So the rule is where you start, and the measurement decides.
#
# **Why it matters.** Most "the optimizer is bad" is "the rate is wrong" or "too few updates", and the curve shows which.
# [What does a loss curve tell you?](#What-does-a-loss-curve-tell-you?)

# %% [markdown]
# ## The whole loop
#
# ### Find the bugs: a tuned run
#
# *Find the bug · 15 minutes · difficulty: three of three*
#
# This program trains a linear classifier on the digits, with dropout on the pixels, clipping, warm-up and cosine. All the ingredients are there. Run it as it is
# with the demonstration below: the validation loss is above that of always saying "one in ten", which is $\ln 10$, about 2.3. Find what is wrong by comparing every line with the docstring, and
# repair it.
#
# The schedule uses your `warmup_cosine` through `LambdaLR`, which multiplies the optimizer's `lr` (here 1) by what the function says for the number of times that
# `scheduler.step()` was called. After the last update it asks for one more rate; `min` takes care of that.


# %% exercise="fix_tuned_run" minutes=15 faults=["one update is one step along the mean gradient", "a row that counts twice changes nothing", "no step is longer than rate times max_norm", "each update has its own rate", "validation without dropout", "the real digits", "several full-batch updates"]
def tuned_run(X, y, X_valid, y_valid, peak=5.0, n_epochs=5, batch_size=32, max_norm=1.0, p=0.2, seed=0):
    """Train a linear classifier with ten classes by SGD, from weights of 0.

    Each update goes against the gradient of the *mean* cross-entropy of its batch. Gradients are clipped to the
    global norm `max_norm`. Update s of T gets the rate warmup_cosine(s, T, T // 5, peak).

    Args:
        X, y: training inputs, shape (n_samples, n_features), and labels 0 to 9.
        X_valid, y_valid: the validation part.
        peak, n_epochs, batch_size, max_norm: see above. The run has at least two updates.
        p: the probability of dropping an input while training; nothing is dropped in validation.
        seed: of the shuffling and of dropout.

    Returns:
        {"rates": list of the rate of each update, "weight": shape (10, n_features), "bias": shape (10,), both detached,
        "valid_loss": mean cross-entropy on the validation part after the last update}.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    linear = torch.nn.Linear(X.shape[1], 10)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    model = torch.nn.Sequential(torch.nn.Dropout(p), linear)
    n_updates = n_epochs * math.ceil(len(X) / batch_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: warmup_cosine(min(s, n_updates - 1), n_updates, n_updates // 5, peak)
    )
    rates = []
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    model.eval()
    with torch.no_grad():
        valid_loss = F.cross_entropy(model(X_valid), y_valid).item()
    return {"rates": rates, "weight": linear.weight.detach(), "bias": linear.bias.detach(), "valid_loss": valid_loss}
    ### END SOLUTION
    ### BEGIN RELEASE
    # torch.manual_seed(seed)
    # linear = torch.nn.Linear(X.shape[1], 10)
    # torch.nn.init.zeros_(linear.weight)
    # torch.nn.init.zeros_(linear.bias)
    # model = torch.nn.Sequential(torch.nn.Dropout(p), linear)
    # n_updates = n_epochs * math.ceil(len(X) / batch_size)
    # optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    # scheduler = torch.optim.lr_scheduler.LambdaLR(
    #     optimizer, lambda s: warmup_cosine(min(s, n_updates - 1), n_updates, n_updates // 5, peak)
    # )
    # rates = []
    # for _ in range(n_epochs):
    #     for rows in torch.randperm(len(X)).split(batch_size):
    #         optimizer.zero_grad()
    #         F.cross_entropy(model(X[rows]), y[rows], reduction="sum").backward()
    #         rates.append(optimizer.param_groups[0]["lr"])
    #         optimizer.step()
    #         torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    #     scheduler.step()
    # with torch.no_grad():
    #     valid_loss = F.cross_entropy(model(X_valid), y_valid).item()
    # return {"rates": rates, "weight": linear.weight.detach(), "bias": linear.bias.detach(), "valid_loss": valid_loss}
    ### END RELEASE


# %% check="fix_tuned_run" points=13
with check(
    "one update is one step along the mean gradient",
    hint="Do the checks of `warmup_cosine` pass? Two full batches with T = 2: the rates are peak and 0. Is the loss a mean?",
) as rng:
    X_drawn = torch.tensor(rng.normal(size=(7, 3)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 7))
    slope = (F.one_hot(y_drawn, 10) - 0.1).T.float() @ X_drawn / 7
    found = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.5, n_epochs=2, batch_size=7, max_norm=1e6, p=0.0)
    expect(found["weight"], 0.5 * slope, what="the weights")
    expect(found["bias"], 0.5 * (F.one_hot(y_drawn, 10) - 0.1).mean(0), what="the biases")
with check("a row that counts twice changes nothing", hint="`reduction`: with a sum, the step grows with the batch.") as rng:
    X_drawn = torch.tensor(rng.normal(size=(6, 4)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 6))
    once = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, n_epochs=4, batch_size=6, max_norm=1e6, p=0.0)
    twice = tuned_run(
        X_drawn.repeat(2, 1), y_drawn.repeat(2), X_drawn, y_drawn, n_epochs=4, batch_size=12, max_norm=1e6, p=0.0
    )
    expect(twice["weight"], once["weight"], what="the weights with every row twice")
with check("no step is longer than rate times max_norm", hint="Clip after `backward` and before `step`.") as rng:
    X_drawn = 50 * torch.tensor(rng.normal(size=(6, 4)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 6))
    found = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.5, n_epochs=2, batch_size=6, max_norm=0.3, p=0.0)
    moved = math.sqrt((found["weight"] ** 2).sum().item() + (found["bias"] ** 2).sum().item())
    expect(moved, 0.5 * 0.3, tol=1e-5, what="the length of the one step")
with check("each update has its own rate", hint="The schedule is planned in updates. Where is `scheduler.step()`?") as rng:
    X_drawn = torch.tensor(rng.normal(size=(11, 3)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 11))
    found = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.4, n_epochs=5, batch_size=3)
    wave = (0.4 * np.cos(np.linspace(0, np.pi / 2, 16)) ** 2).tolist()
    expect(found["rates"], [0.08, 0.16, 0.24, 0.32, *wave], what="the rates")
with check("validation without dropout", hint="Which mode is the model in when it is validated?") as rng:
    X_drawn = torch.tensor(rng.normal(size=(30, 20)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 30))
    found = tuned_run(X_drawn[:20], y_drawn[:20], X_drawn, y_drawn, p=0.6)
    honest = F.cross_entropy(X_drawn @ found["weight"].T + found["bias"], y_drawn).item()
    expect(found["valid_loss"], honest, tol=1e-5, what="the validation loss")
with check("training with dropout, other dice for another seed", hint="Evaluation mode only after the last update.") as rng:
    X_drawn = torch.tensor(rng.normal(size=(8, 20)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 8))
    found = [
        tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.5, batch_size=8, p=0.5, seed=s)["weight"] for s in (1, 1, 2)
    ]
    expect(found[1], found[0], what="the weights with the same seed")
    apart = (found[2] - found[0]).abs().max()
    assert apart > 0.01, "With p = 0.5, two seeds give the same weights: is dropout on?"
with check("the inputs are dropped, the biases are not", hint="Dropout stands before the linear layer.") as rng:
    # one row of ones, one update: a dropped input leaves its weights at 0 for all ten classes
    found = tuned_run(torch.ones(1, 60), torch.tensor([3]), torch.ones(1, 60), torch.tensor([3]), 0.5, 2, 1, p=0.5)
    per_input = (found["weight"] != 0).sum(0).tolist()
    assert set(per_input) == {0, 10}, "Of 60 inputs, some should be dropped, and then for all ten classes."
    assert (found["bias"] != 0).all(), "A bias did not move: something else than an input was dropped."
    assert not found["weight"].requires_grad and not found["bias"].requires_grad, "Detach the returned tensors."
with check("the real digits", hint="Did the checks above pass? Do those of `warmup_cosine`?"):
    found = tuned_run(digits, digit_labels, digits_valid, labels_valid)
    assert found["valid_loss"] < 0.3, f"The validation loss is {found['valid_loss']:.2f}; it should get below 0.3."
with check("the defaults are those of the signature", hint="peak 5, 5 epochs, batches of 32, max_norm 1, p = 0.2, seed 0.") as rng:
    X_drawn = 5 * torch.tensor(rng.normal(size=(70, 4)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 70))
    stated = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, 5.0, 5, 32, 1.0, 0.2, 0)
    expect(tuned_run(X_drawn, y_drawn, X_drawn, y_drawn), stated, what="the result")
### BEGIN HIDDEN TESTS
with check("several full-batch updates", points=4, hint="The same program, other settings.", hidden=True) as rng:
    for limit in (0.2, 100.0):
        X_drawn = torch.tensor(rng.normal(size=(9, 5)), dtype=torch.float64).float()
        y_drawn = torch.tensor(rng.integers(0, 10, 9))
        found = tuned_run(X_drawn, y_drawn, X_drawn[:4], y_drawn[:4], 0.3, 6, 9, limit, 0.0)
        weight, bias = torch.zeros(10, 5), torch.zeros(10)
        for rate in [0.15, *(0.3 * np.cos(np.linspace(0, np.pi / 2, 5)) ** 2).tolist()]:
            error = (torch.softmax(X_drawn @ weight.T + bias, 1) - F.one_hot(y_drawn, 10)) / 9
            slopes = [error.T @ X_drawn, error.sum(0)]
            length = math.sqrt(sum((s**2).sum().item() for s in slopes))
            weight, bias = (w - rate * min(1, limit / length) * s for w, s in zip((weight, bias), slopes, strict=True))
        expect(found["weight"], weight, tol=1e-4, what="the weights")
        expect(found["bias"], bias, tol=1e-4, what="the biases")
        want_loss = F.cross_entropy(X_drawn[:4] @ weight.T + bias, y_drawn[:4]).item()
        expect(found["valid_loss"], want_loss, tol=1e-4, what="the validation loss")
### END HIDDEN TESTS
grade("fix_tuned_run")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Four faults: in what the loss adds up, in where the gradients are clipped, in how often the schedule moves, in how the model is validated.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The order in the inner loop: `zero_grad`, loss, `backward`, clip, `step`, `scheduler.step`. Before validation: `model.eval()`.
#
# </details>

# %% demo=true
tuned = tuned_run(digits, digit_labels, digits_valid, labels_valid)
tuned_logits = digits_valid @ tuned["weight"].T + tuned["bias"]
print(f"validation loss as reported: {tuned['valid_loss']:.2f}")
print(f"of the returned weights:     {F.cross_entropy(tuned_logits, labels_valid).item():.2f}")
print(f"validation accuracy of the returned weights: {(tuned_logits.argmax(1) == labels_valid).float().mean().item():.2f}")
print(f"rates of the first and the last update: {tuned['rates'][0]:.3f}, {tuned['rates'][-1]:.3f}")

# %% [markdown]
# The faulty program raises no error, and its accuracy is well above a guess. But its loss is worse than that of guessing, its rate never comes down, and its clipping clips what is
# thrown away before the next step. With the sum in place of the mean the effective rate is 32 times the stated one: it then depends on the batch size.
#
# **Why it matters.** Each of these faults stands in real programs, because each line is right by itself and only its place is wrong.
# [How do you optimise the training of a neural network?](#How-do-you-optimise-the-training-of-a-neural-network?)

# %% [markdown]
# ## First the diagnosis, then the remedy
#
# ### A run that does not get better
#
# *Write · 12 minutes · difficulty: two of three*
#
# A colleague writes:
#
# ```
# Ten classes, 50,000 training images. SGD without momentum, lr 0.001, batch 1024, 10 epochs.
# Training loss 2.1, validation loss 2.1. It does not generalise, so I added dropout 0.5 and weight decay 0.1.
# Now both losses are 2.25. Then I tried Adam with lr 0.1, training loss 2.30 from the start to the end.
# Adam with batch 2048 and seed 7 was best of twelve seeds on the test set, so I think large batches generalise better.
# ```
#
# Answer in at most a page: what is going on, what should be run next, in which order, and what would each result tell?
#
# **How it is graded, one point each:**
#
# 1. A diagnosis, with both losses and the loss of guessing as evidence, and what follows for dropout and decay.
# 2. What to change first for SGD, and how to find a good value.
# 3. What the run with Adam says, and what it does not say.
# 4. Whether the last claim holds, and a comparison that could show it.
# 5. An order of experiments, with what each result would decide.

# %% [markdown] exercise="diagnose" points=5 minutes=12 manual=true
# **It is not overfitting.** Training and validation loss are the same, and both are close to $\ln 10 = 2.3$, the loss of guessing among ten
# classes. The network has hardly learned anything. Dropout and decay work against a gap, and there is none; they made the training harder. Take both out.
#
# **Why has it not learned?** Batches of 1024 give 49 updates an epoch, 490 in all, each with a tiny rate and no momentum. First see that the network can learn one small batch by heart. Then run a range test
# for SGD with momentum 0.9, and take a rate several times below the turn. Use smaller batches, or more epochs: count updates.
#
# **Adam.** A loss that stays at 2.30 with a rate of 0.1 says that this rate is a hundred times the usual 0.001. It says nothing about Adam. Adam gets a range test of its own.
#
# **The last claim does not hold.** Batch size and seed changed together, the best of twelve seeds was chosen, and on the test set. Compare two batch sizes, each with its own tuned rate and as many updates, on
# the validation part, over several seeds, and report mean and spread. The test set is then used once.
#
# **Then decide.** If the training loss still stays high: a larger network, longer training, a schedule. If it falls and the validation loss stays behind: early stopping first, since it is free, then
# AdamW's decay, dropout, or more data, one at a time.

# %% [markdown]
# ## The answer in half a minute
#
# *"How do you optimise the training of a neural network?"* Say it aloud first, then compare.
#
# **In half a minute.** "First I diagnose. Training loss high: I optimise. Training loss low and validation loss high: I regularise. To optimise, I tune the learning rate
# before everything else, with a range test, for the optimizer and batch size at hand: AdamW, or SGD with momentum, with a warm-up and a cosine, and clipping if gradients
# spike. When I change the batch size I tune the rate again and count updates. To regularise, I take early stopping with a copy of the best weights, decoupled weight decay,
# dropout, one at a time, judged on validation data over several seeds."
#
# **When they press you.** You have shown each of these:
#
# - A step comes to rest only below $2/\lambda_{\max}$; the condition number says how slow it then is ([The learning rate](#The-learning-rate)).
# - Momentum multiplies the effective rate by $1/(1 - \mu)$ and moves the limit to $2(1 + \mu)/\lambda_{\max}$ ([Momentum](#Momentum)).
# - Adam's first step moves each weight by one learning rate, whatever the gradient. Without the bias correction it would be longer, not shorter
#   ([Adam and its bias correction](#Adam-and-its-bias-correction)).
# - L2 and decoupled decay are the same for SGD and not for Adam
#   ([Decay: added to the gradient, or taken from the weight](#Decay:-added-to-the-gradient,-or-taken-from-the-weight)).
# - L1 gives exact zeros by soft-thresholding, not by gradient steps ([L1 and exact zeros](#L1-and-exact-zeros)).
# - The noise of a gradient is $\sigma^2/B$ ([Batch size and noise](#Batch-size-and-noise)).
# - Clipping stands between `backward` and `step`, `scheduler.step()` behind `optimizer.step()`, `eval()` before validation ([The whole loop](#The-whole-loop)).
#
# **What the usual answer gets wrong.** "A suitable learning rate, such as Adam": Adam is an optimizer and has a learning rate of its own to tune. "A suitable batch size": suitable for
# what, and with which rate? "L1 and L2 prevent overfitting": they cannot help a run that does not fit. It says nothing about schedules, clipping, early stopping, normalisation of
# the inputs, or decoupled decay, nor about how one would know that a change helped: on validation data, with more than one seed.

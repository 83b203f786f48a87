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
# clipping, early stopping. Each is small. The optimizers are compared with PyTorch over a hundred steps, so that
# "nearly Adam" does not pass; the lasso is compared with scikit-learn. In between you measure what each item does, on
# quadratics that you can solve on paper and on real digits and tumours. You overfit a network on purpose and switch on
# one remedy at a time. And you tune: with a budget of updates, against a baseline.
#
# **Time.** Plan 300 minutes: 186 minutes of exercises, the rest for reading. The sections follow each other, and
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

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots
from mftcourse.data import load_breast_cancer, load_digits_parts


def run_steps(step, params, gradients, **options):
    """Call `step(params, grads, state, **options)` for each list of gradients; return the path."""
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
    """Return three tensors and `n_steps` lists of their gradients; a share `zeros` is exactly 0."""
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
# So each step multiplies the distance to the minimum by the same factor, $1 - \eta\lambda$. The steps **converge** to
# the minimum when that factor lies between −1 and 1, that is, when $0 < \eta < 2/\lambda$. Beyond, they **diverge**:
# they grow without limit.
#
# **The smallest example.** $\lambda = 4$, start at $w = 1$. With $\eta = 1/8$ the factor is 1/2, and $w$ goes 1,
# 1/2, 1/4. With $\eta = 3/8$ it is −1/2: $w$ jumps over the minimum and back, 1, −1/2, 1/4. With $\eta = 5/8$
# it is −3/2: 1, −3/2, 9/4, and so on outward. The limit is 2/4 = 1/2.
#
# With several weights, each direction has its own curvature and its own factor, but there is one rate for all. The
# steepest direction, $\lambda_{\max}$, sets the limit $2/\lambda_{\max}$. The flattest, $\lambda_{\min}$, then has to
# crawl. The **condition number** $\lambda_{\max} / \lambda_{\min}$ says how bad that is; where it is large, the problem
# is *ill-conditioned*.
#
# ### A bowl by hand
#
# *By hand · 7 minutes · difficulty: one of three*
#
# $f(w_1, w_2) = \tfrac{1}{2}(2 w_1^2 + 8 w_2^2)$, so the curvatures are 2 and 8. Work on paper, enter fractions:
#
# - `"condition"`: the condition number;
# - `"limit"`: the smallest rate at which the steps no longer converge;
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
# A network's loss is no bowl: its curvature changes while it trains, and [a later section](#The-limit-moves) measures
# how. Nor is slowness a sign of a local minimum: in many dimensions most points with a gradient of 0 are saddles, which
# go down in some direction (Y. Dauphin and others, "Identifying and attacking the saddle point problem in
# high-dimensional non-convex optimization", 2014).
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
# On a bowl with curvature $\lambda$, the limit for the rate moves too: the steps converge when
# $0 < \eta < 2(1 + \mu)/\lambda$, for $0 \le \mu < 1$. (Two steps in a row obey
# $w_{t+1} = (1 + \mu - \eta\lambda)\, w_t - \mu\, w_{t-1}$; that is stable in just this range.)
#
# ### Predict which runs converge
#
# *Predict, then run · 5 minutes · difficulty: two of three*
#
# The bowl has the curvatures 1 and 20. For each run, predict `True` if both weights converge to 0, `False` if
# they do not. Commit your prediction, run the check, then the demonstration below.
#
# | run | learning rate | momentum |
# |---|---|---|
# | a | `0.01` | `0` |
# | b | `0.09` | `0` |
# | c | `0.11` | `0` |
# | d | `0.11` | `0.9` |
# | e | `0.2` | `0.9` |

# %% exercise="which_converge" minutes=5
### BEGIN SOLUTION
converges = {"a": True, "b": True, "c": False, "d": True, "e": False}
### END SOLUTION
### BEGIN RELEASE
# converges = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ...}
### END RELEASE

# %% check="which_converge" points=5
with check("run a", hint="Slow is not the same as never. Which factor has each direction?"):
    expect(converges["a"], True, what="your prediction for run a", tell=False)
with check("run b", hint="Compare the rate with 2 over the largest curvature."):
    expect(converges["b"], True, what="your prediction for run b", tell=False)
with check("run c", hint="Compare the rate with 2 over the largest curvature."):
    expect(converges["c"], False, what="your prediction for run c", tell=False)
with check("run d", hint="The limit with momentum is another one than without."):
    expect(converges["d"], True, what="your prediction for run d", tell=False)
with check("run e", hint="Compute 2(1 + momentum) over the largest curvature."):
    expect(converges["e"], False, what="your prediction for run e", tell=False)
grade("which_converge")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Only the steepest direction decides whether a run converges. The flat one decides how long it takes.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Without momentum the limit is 2/20. With momentum `0.9` it is 2 · `1.9` / 20.
#
# </details>


# %% demo=true
# Figure: the distance to the minimum over 100 steps, for five runs
def draw_convergence():
    """Draw the distance to the minimum in the five runs."""
    runs = {}
    settings = {"a": (0.01, 0), "b": (0.09, 0), "c": (0.11, 0), "d": (0.11, 0.9), "e": (0.2, 0.9)}
    for name, (lr, mu) in settings.items():
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
        alt="Distance to the minimum over 100 steps, logarithmic. Without momentum: run a falls "
        f"slowly, to {ends['a']:.2f}; run b falls to {ends['b']:.0e}; run c grows to "
        f"{ends['c']:.0e}. With momentum 0.9: run d falls in waves to {ends['d']:.0e}, run e "
        f"grows to {ends['e']:.0e}.",
    )


draw_convergence()

# %% [markdown]
# Run c and run d have the same learning rate. So a rate cannot be quoted without its momentum. Momentum does two
# things. Along the valley it multiplies the effective rate by ten. Across the valley it nearly doubles the limit for the
# rate. If you add momentum `0.9` to a run that was tuned without, start with a tenth of the rate; a demonstration
# [further down](#Four-settings,-four-curves) puts that rule to the test on digits.
#
# **Why it matters.** Anyone who knows the limits can say why a run diverges, instead of trying rates at random.
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
# with what they remember, and return new ones. Nothing that comes in is changed. An empty dict is the state before the
# first step. All that an optimizer remembers stands in the state: the same call gives the same answer, whatever was
# called before. (`torch.optim` and its defaults: `help(torch.optim.SGD)`. In PyTorch 2.13 the default rate of SGD is
# `0.001`, as for Adam; a default is not a recommendation.)


# %% exercise="sgd_step" minutes=10
def sgd_step(params, grads, state, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    """Take one step of SGD, with momentum, Nesterov's variant and L2 decay as in torch.optim.SGD.

    Args:
        params, grads: lists of tensors, one gradient of the same shape a parameter. Not changed.
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
    expect(run_steps(sgd_step, start, gradient_list, lr=0.01), want_path, tol=1e-5, what="the parameters")
with check(
    "momentum and decay are torch's, 100 steps",
    hint="Decay is added to the gradient before the buffer. The new gradient enters with factor 1, not 1 - momentum.",
) as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.003, "momentum": 0.7, "weight_decay": 0.2}
    want_path = torch_steps("SGD", start, gradient_list, **options)
    expect(run_steps(sgd_step, start, gradient_list, **options), want_path, tol=1e-5, what="the parameters")
with check("Nesterov is torch's, 100 steps", hint="g + momentum * b; both g's contain the decay.") as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.003, "momentum": 0.7, "weight_decay": 0.2, "nesterov": True}
    want_path = torch_steps("SGD", start, gradient_list, **options)
    expect(run_steps(sgd_step, start, gradient_list, **options), want_path, tol=1e-5, what="the parameters")
with check("a state that it is given", hint="Everything that is remembered comes in through `state`: no variable outside.") as rng:
    start, gradient_list = random_problem(rng, 2)
    old_state = {"buffers": [torch.tensor(rng.normal(size=p.shape), dtype=p.dtype) for p in start]}
    sgd_step([torch.zeros(1)], [torch.ones(1)], {}, momentum=0.5)  # a step of another run, in between
    moved, kept = sgd_step(start, gradient_list[0], old_state, lr=0.2, momentum=0.5)
    want_buffers = [0.5 * b + g for b, g in zip(old_state["buffers"], gradient_list[0], strict=True)]
    expect(kept["buffers"], want_buffers, tol=1e-6, what="the buffers after the step")
    expect(moved, [p - 0.2 * b for p, b in zip(start, want_buffers, strict=True)], tol=1e-5, what="the parameters")
    fresh = sgd_step(start, gradient_list[1], {}, lr=0.2, momentum=0.5)[0]
    expect(fresh, [p - 0.2 * g for p, g in zip(start, gradient_list[1], strict=True)], tol=1e-6, what="a first step after that")
with check(
    "lists of different lengths are refused",
    hint="`zip(..., strict=True)` raises the ValueError.",
    needs="the example: two steps with momentum",
) as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, sgd_step, start, gradient_list[0][:2], {})
    expect_raises(ValueError, sgd_step, start[:2], gradient_list[0], {})
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
# **Why it matters.** Papers and libraries define momentum differently. With "$(1 - \mu)\,g$" in the buffer and
# momentum 0.9 the same rate takes steps that are a tenth as long: a recipe copied from one to the other must be
# converted.
# [What does momentum do?](#What-does-momentum-do?)

# %% [markdown]
# ## Adaptive steps
#
# In a network, gradients of different weights differ in size, often by orders of magnitude. One rate cannot fit all.
# **RMSProp** divides each gradient by its own typical size (T. Tieleman and G. Hinton, a lecture of *Neural Networks for
# Machine Learning*, 2012): it keeps a running mean of squares,
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
        params, grads: lists of tensors, one gradient of the same shape a parameter. Not changed.
        state: {} before the first step (squares are 0), then what the last step returned.
            Not changed.
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
    "a weight whose gradient has always been 0 stays", hint="Without eps this is 0/0: add it to the root."
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
    expect(run_steps(rmsprop_step, start, gradient_list, **options), want_path, tol=1e-5, what="the parameters")
with check("a state that it is given", hint="Everything that is remembered comes in through `state`: no variable outside.") as rng:
    start, gradient_list = random_problem(rng, 2)
    old_state = {"squares": [torch.tensor(rng.uniform(1, 2, p.shape), dtype=p.dtype) for p in start]}
    rmsprop_step([torch.zeros(1)], [torch.ones(1)], {})  # a step of another run, in between
    kept = rmsprop_step(start, gradient_list[0], old_state, alpha=0.75)[1]
    want_squares = [0.75 * s + 0.25 * g**2 for s, g in zip(old_state["squares"], gradient_list[0], strict=True)]
    expect(kept["squares"], want_squares, tol=1e-6, what="the squares after the step")
    kept = rmsprop_step(start, gradient_list[1], {}, alpha=0.75)[1]
    expect(kept["squares"], [0.25 * g**2 for g in gradient_list[1]], tol=1e-6, what="the squares of a first step after that")
with check(
    "lists of different lengths are refused", hint="`zip(..., strict=True)` raises the ValueError.", needs="the example"
) as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, rmsprop_step, start, gradient_list[0][:2], {})
    expect_raises(ValueError, rmsprop_step, start[:2], gradient_list[0], {})
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
# Look once more at the check "a weight whose gradient has always been 0 stays". Its other weight went from 2 to `1.9`
# with a rate of `0.01`: ten rates in one step. The mean $s$ starts at 0, so with the default $\alpha = 0.99$ it is a
# hundred times too small in the first step, and the step ten times too long. With a constant gradient the first five
# steps are 10.0, 7.1, 5.8, 5.0 and 4.5 rates long. The next section mends that.
#
# **Why it matters.** The step no longer depends on the scale of the gradient. So the rate has another meaning than
# in SGD: once $s$ has settled, it is, roughly, how far a weight moves in one step.
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
# - `"uncorrected"`: by how many learning rates does $w$ fall in the first step if you leave the correction out? Any
#   gradient above 0, $\varepsilon = 0$; `math.sqrt` is allowed. Two numbers: with PyTorch's defaults
#   $\beta_1 = 9/10$ and $\beta_2 = 999/1000$, and with $\beta_1 = 9/10$ and $\beta_2 = 95/100$, as language models
#   are often trained (T. Brown and others, "Language models are few-shot learners", 2020).

# %% exercise="adam_by_hand" minutes=9
### BEGIN SOLUTION
adam_hand = {
    "m_hat": [2, 2, 2 / 7],
    "v_hat": [4, 4, 100 / 37],
    "first_two": [1, 1],
    "uncorrected": [math.sqrt(10), 1 / math.sqrt(5)],
}
### END SOLUTION
### BEGIN RELEASE
# adam_hand = {
#     "m_hat": [..., ..., ...],
#     "v_hat": [..., ..., ...],
#     "first_two": [..., ...],
#     "uncorrected": [..., ...],
# }
### END RELEASE

# %% check="adam_by_hand" points=5
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
with check(
    "the first move without the correction, beta2 = 0.999", hint="m is g/10, v is g²/1000. Is the quotient below or above 1?"
):
    expect(adam_hand["uncorrected"][0], 0.1 / math.sqrt(0.001), tol=1e-3, what="the move", tell=False)
with check(
    "the first move without the correction, beta2 = 0.95", hint="m is g/10, v is g²/20. Is the quotient below or above 1?"
):
    expect(adam_hand["uncorrected"][1], 0.1 / math.sqrt(0.05), tol=1e-3, what="the move", tell=False)
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
# While the gradient is constant, Adam moves by exactly one learning rate a step, whatever the gradient's size (if it is not 0).
#
# Is the first step too short without the correction, or too long? Both happen. Its length is
# $(1 - \beta_1)/\sqrt{1 - \beta_2}$ learning rates. So it is too *long* if $\sqrt{1 - \beta_2} < 1 - \beta_1$: with
# $\beta_2 = 0.999$ it is 3.16 rates. With $\beta_2 = 0.99$ it is exactly 1, and with $\beta_2 = 0.95$ it is 0.45: there
# the correction makes the first eight steps or so longer, if the gradient is constant. That $\beta_2$ is nearer to 1
# than $\beta_1$ does not decide it, because of the root.
#
# **Why it matters.** "Bias correction makes up for small first steps" is what most people say. Whether that is right
# depends on the betas, and an interviewer who trains language models knows it.
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
# (With momentum they already differ: L2 then goes through the buffer.) For Adam they are not the same at all. There the
# decay term goes through $\hat m / \sqrt{\hat v}$ with the rest of the gradient. A weight with large gradients has a
# large $\hat v$. Its decay is divided by the root of that large number, so hardly any of it reaches the weight. **AdamW**
# is Adam with the decay taken from the weight first, at full strength for every weight (I. Loshchilov and F. Hutter,
# "Decoupled weight decay regularization", 2019).
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
# **Why it matters.** `weight_decay=0.01` in `Adam` and in `AdamW` are two different things under one name. (It is the
# default of `torch.optim.AdamW`; that of `Adam` is 0.)
# [L2 regularisation or weight decay?](#L2-regularisation-or-weight-decay?)

# %% [markdown]
# ### Adam and AdamW in code
#
# *Implement · 13 minutes · difficulty: two of three*
#
# One function for both. `decoupled` says where the decay goes. The state also holds the step count.


# %% exercise="adam_step" minutes=13
def adam_step(
    params, grads, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False
):
    """Take one step of Adam or AdamW, as in torch.optim.Adam and torch.optim.AdamW.

    Args:
        params, grads: lists of tensors, one gradient of the same shape a parameter. Not changed.
        state: {} before the first step (means and squares are 0), then what the last step returned.
            Not changed.
        lr, betas, eps: as in the lesson; eps is added to the root of the corrected square.
        weight_decay: L2, added to the gradient first; or, if `decoupled`, the parameter is first
            multiplied by 1 - lr * weight_decay and the gradient stays as it is. The default is 0
            for both (that of torch.optim.AdamW is 0.01).

    Returns:
        (new_params, new_state): a list of new tensors, and {"step": steps taken so far, "means":
        list of tensors, "squares": list of tensors}; means and squares without the correction.

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
    expect(run_steps(adam_step, start, gradient_list, **options), want_path, tol=1e-5, what="the parameters")
with check("torch's AdamW, 100 steps", hint="The same, but the parameter shrinks before the step.", points=2) as rng:
    start, gradient_list = random_problem(rng, 100)
    options = {"lr": 0.004, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}
    want_path = torch_steps("AdamW", start, gradient_list, **options)
    got_path = run_steps(adam_step, start, gradient_list, decoupled=True, **options)
    expect(got_path, want_path, tol=1e-5, what="the parameters")
with check("gradients that are 0 for the first ten steps", hint="0/(0 + eps) is 0: the weight waits. Then it moves.") as rng:
    start, gradient_list = random_problem(rng, 20)
    gradient_list = [[g * (t >= 10) for g in grads] for t, grads in enumerate(gradient_list)]
    got_path = run_steps(adam_step, start, gradient_list)
    expect(got_path[9], start, what="the parameters after ten steps")
    expect(got_path, torch_steps("Adam", start, gradient_list), tol=1e-5, what="the parameters")
with check("a state that it is given", hint="Step count, means and squares come in through `state`: no variable outside.") as rng:
    start, gradient_list = random_problem(rng, 2)
    shapes = [p.shape for p in start]
    old_means = [torch.tensor(rng.normal(size=shape), dtype=torch.float32) for shape in shapes]
    old_state = {"step": 3, "means": old_means, "squares": [m**2 + 1 for m in old_means]}
    adam_step([torch.zeros(1)], [torch.ones(1)], {})  # a step of another run, in between
    moved, kept = adam_step(start, gradient_list[0], old_state, lr=0.2, betas=(0.5, 0.75))
    want_means = [0.5 * m + 0.5 * g for m, g in zip(old_means, gradient_list[0], strict=True)]
    want_squares = [0.75 * v + 0.25 * g**2 for v, g in zip(old_state["squares"], gradient_list[0], strict=True)]
    expect(kept, {"step": 4, "means": want_means, "squares": want_squares}, tol=1e-6, what="the state after the step")
    quotients = [(m / (1 - 0.5**4)) / (v / (1 - 0.75**4)).sqrt() for m, v in zip(want_means, want_squares, strict=True)]
    expect(moved, [p - 0.2 * q for p, q in zip(start, quotients, strict=True)], tol=1e-5, what="the parameters")
    expect(adam_step(start, gradient_list[1], {})[1]["step"], 1, what="the step count of a first step after that")
with check(
    "lists of different lengths are refused",
    hint="`zip(..., strict=True)` raises the ValueError.",
    needs="your three steps on paper",
) as rng:
    start, gradient_list = random_problem(rng, 1)
    expect_raises(ValueError, adam_step, start, gradient_list[0][:2], {})
    expect_raises(ValueError, adam_step, start[:2], gradient_list[0], {})
### BEGIN HIDDEN TESTS
with check(
    "64-bit tensors, random settings, mostly zero gradients",
    points=3,
    hint="Check the defaults, the dtype of your state, and both places of the decay.",
    hidden=True,
) as rng:
    for name, is_decoupled in (("Adam", False), ("AdamW", True)):
        start, gradient_list = random_problem(rng, 100, torch.float64, zeros=0.95)
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
# `step = state.get("step", 0) + 1`. Then the loop of your `rmsprop_step`, with two lists instead of one.
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
# Figure: the paths of your optimizers in a bowl and in a curved valley
def draw_paths():
    """Draw the paths of three optimizers on an ill-conditioned bowl and in a curved valley."""

    def steep(x, y):
        return 0.5 * (x**2 + 20 * y**2)

    def curved(x, y):
        return (1 - x) ** 2 + 10 * (y - x**2) ** 2

    bowl = steep, (-1.9, 0.7), (-2.1, 0.6), (-0.9, 1.0)
    valley = curved, (-0.5, 1.6), (-1.6, 1.5), (-0.6, 1.9)
    fig, panels = plots.canvas(2, width=9.5, height=4.2)
    ends = []
    tuned = ((0.095, 0.134, 0.1), 0.4), ((0.015, 0.004, 0.1), 0.9)
    for ax, (f, start, xs, ys), (rates, mu) in zip(panels, (bowl, valley), tuned, strict=True):
        grid_x, grid_y = np.meshgrid(np.linspace(*xs, 120), np.linspace(*ys, 120))
        heights = f(grid_x, grid_y)
        levels = np.geomspace(0.02, heights.max(), 12)
        ax.contour(grid_x, grid_y, heights, levels=levels, colors="0.7", linewidths=0.7)
        with_momentum = f"momentum {mu}", sgd_step, {"momentum": mu}
        steps = [("SGD", sgd_step, {}), with_momentum, ("Adam", adam_step, {})]
        for (name, step, more), rate, style in zip(steps, rates, plots.line_styles, strict=False):
            point, state, path = [torch.tensor(start)], {}, [start]
            for _ in range(40):
                leaf = point[0].clone().requires_grad_()
                (slope,) = torch.autograd.grad(f(*leaf), [leaf])
                point, state = step(point, [slope], state, lr=rate, **more)
                path.append(tuple(point[0].tolist()))
            ax.plot(*zip(*path, strict=True), label=f"{name}, lr {rate}", linewidth=1.2, **style)
            ends.append(f"{name} to {float(f(*path[-1])):.0e}")
        minimum = 0 if ax is panels[0] else 1
        ax.plot(minimum, minimum, marker="*", markersize=13, color=plots.palette["orange"])
        ax.legend(fontsize=8)
        ax.grid(False)
    panels[0].set_title("a bowl with condition number 20: momentum arrives sooner")
    panels[1].set_title("a curved valley: down fast, along it slowly")
    plots.show(
        fig,
        alt="Contour lines with the paths of SGD, SGD with momentum and Adam over 40 steps; a star "
        "marks each minimum. Left, a long bowl: SGD zigzags across in short steps, momentum swings "
        f"wider and arrives sooner, Adam goes diagonally. Heights: {', '.join(ends[:3])}. Right, a "
        "curved valley: all fall into it at once and then follow its floor. "
        f"Heights: {', '.join(ends[3:])}.",
    )


show_when_written(draw_paths)

# %% [markdown]
# On the bowl both kinds of SGD have their best settings. The plain one multiplies the distance by
# $(\kappa - 1)/(\kappa + 1)$ in each step, 0.90 here. With momentum the best pair is
# $\eta = 4/(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2$ and $\mu = ((\sqrt\kappa - 1)/(\sqrt\kappa + 1))^2$, and in the long
# run each step multiplies the distance by about $\sqrt\mu$, 0.63 here (Polyak, 1964). That is the gain: the root of
# the condition number takes the place of the condition number. In the valley nothing is tuned, and Adam, whose steps are
# about as long as its rate, is last after 40 steps. It is a picture of paths, not a race.


# %% demo=true
def show_decay():
    """Print how far noise and decay bring weights that start at 1, for two sizes of gradients."""
    noise, sizes = torch.Generator().manual_seed(5), torch.tensor([[0.1], [10.0]])
    steps = [[torch.randn(2, 500, generator=noise) * sizes] for _ in range(400)]
    options = {"lr": 0.01, "weight_decay": 0.1}
    for name, is_decoupled in (("Adam with L2", False), ("AdamW", True)):
        path = run_steps(adam_step, [torch.ones(2, 500)], steps, decoupled=is_decoupled, **options)
        small, large = path[-1][0].mean(1).tolist()
        print(f"{name:14} mean weight, gradients of size 0.1: {small:.2f}, of size 10: {large:.2f}")
    print(f"decay at full strength would give {(1 - 0.01 * 0.1) ** 400:.2f} for both")


show_when_written(show_decay)

# %% [markdown]
# With L2 inside Adam, the strength of the decay depends on the size of the gradients: the weights with small gradients are
# pulled far more strongly than AdamW pulls them, and the weights with large gradients are hardly pulled at all. AdamW
# treats both alike.
#
# **Why it matters.** Six optimizers, and none of them is "the best". Adam forgives a badly scaled problem and works with
# little tuning. On images SGD with momentum was found better (A. Wilson and others, "The marginal value of adaptive
# gradient methods in machine learning", 2017), and no better once both sides were tuned (D. Choi and others, "On
# empirical comparisons of optimizers for deep learning", 2019). All need a learning rate of their own.
# [What does Adam do that SGD does not?](#What-does-Adam-do-that-SGD-does-not?)
#
# <details><summary>Beyond Adam: Muon and other matrix methods (as of 2026)</summary>
#
# Adam treats every number by itself. **Muon** treats a weight matrix as a matrix. It takes the momentum buffer of a hidden
# layer and replaces it by (nearly) the closest matrix whose singular values are all 1, so that no direction of the layer
# is neglected (K. Jordan and others, "Muon: an optimizer for hidden layers in neural networks", 2024). Embeddings, biases
# and the last layer stay with AdamW. It was carried over to large language models with weight decay and a scale for each
# matrix (J. Liu and others, "Muon is scalable for LLM training", 2025), and PyTorch 2.13 ships it as `torch.optim.Muon`,
# which refuses parameters that are not matrices. Its relatives are Shampoo (V. Gupta, T. Koren and Y. Singer, "Shampoo:
# preconditioned stochastic tensor optimization", 2018) and SOAP (N. Vyas and others, "SOAP: improving and stabilizing
# Shampoo using Adam", 2024).
#
# In an interview, say what it changes (the geometry of the step, layer by layer), what it costs (a few matrix products a
# step), and that AdamW is the baseline that it has to beat with a tuned rate on both sides.
#
# </details>

# %% [markdown]
# ### Two groups of parameters
#
# *Implement · 5 minutes · difficulty: one of three*
#
# Which parameters should decay at all? Often the weight matrices only. Biases and the scales of normalisation layers
# are few; a decay pulls them to 0 too. In PyTorch that takes two **parameter groups**:
# dicts, each with a list under `"params"` and its own options. `torch.optim.AdamW(groups, lr=...)` accepts the list.
#
# One rule: a parameter with two or more axes decays, a parameter with fewer does not (so in A. Karpathy's nanoGPT,
# 2023).
#
# **The smallest example.** `torch.nn.Linear(3, 2)` has a weight of shape (2, 3), which decays, and a bias of shape (2,),
# which does not.


# %% exercise="decay_groups" minutes=5
def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    """Return two parameter groups for torch.optim: with decay and without.

    Args:
        model: any module. Frozen parameters (requires_grad is False) go into no group.
        weight_decay: of the first group.

    Returns:
        [{"params": list of parameters with two or more axes, "weight_decay": weight_decay},
        {"params": list of the other parameters, "weight_decay": 0.0}], each list in the order of
        `model.parameters()`.
    """
    ### BEGIN SOLUTION
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    ### END SOLUTION


def group_names(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    """Return your groups with names instead of parameters (given; the checks look at these)."""
    names = {id(p): name for name, p in model.named_parameters()}
    return [
        group | {"params": [names.get(id(p), "not of the model") for p in group["params"]]}
        for group in decay_groups(model, weight_decay)
    ]


def groups_of_example(layers: list[str], frozen: str = "", weight_decay: float = 0.1) -> list[dict]:
    """Build a small network and return `group_names` of it (given).

    Args:
        layers: of "linear", "norm", "batchnorm", "prelu", "conv", "conv1d", "embedding", "block",
            in this order.
        frozen: the name of one parameter that is not trained, such as "0.weight".
    """
    make = {
        "linear": lambda: torch.nn.Linear(4, 4),
        "norm": lambda: torch.nn.LayerNorm(4),
        "batchnorm": lambda: torch.nn.BatchNorm2d(2),
        "prelu": lambda: torch.nn.PReLU(3),
        "conv": lambda: torch.nn.Conv2d(1, 2, 3),
        "conv1d": lambda: torch.nn.Conv1d(1, 2, 3),
        "block": lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4)),
        "embedding": lambda: torch.nn.Embedding(5, 4),
    }
    model = torch.nn.Sequential(*[make[layer]() for layer in layers])
    for name, p in model.named_parameters():
        p.requires_grad_(name != frozen)
    torch.optim.AdamW(decay_groups(model, weight_decay), lr=0.1)  # it accepts the groups
    return group_names(model, weight_decay)


# %% check="decay_groups" points=7
with check("the example: the weight decays, the bias does not", hint="`p.ndim >= 2` for the first group."):
    found = groups_of_example(["linear"])
    expect(found[0], {"params": ["0.weight"], "weight_decay": 0.1}, what="the first group")
    expect(found[1], {"params": ["0.bias"], "weight_decay": 0.0}, what="the second group")
with check("the scale of a normalisation layer does not decay", hint="Its name is weight, but it has one axis."):
    found = groups_of_example(["linear", "norm", "linear"])
    expect(found[0]["params"], ["0.weight", "2.weight"], what="the first group")
    expect(found[1]["params"], ["0.bias", "1.weight", "1.bias", "2.bias"], what="the second group")
    found = groups_of_example(["batchnorm", "prelu"])
    expect(found[0]["params"], [], what="the first group")
    expect(found[1]["params"], ["0.weight", "0.bias", "1.weight"], what="the second group")
with check("convolutions decay", hint="Two *or more* axes: a convolution's weight has three or four."):
    expect(groups_of_example(["conv"])[0]["params"], ["0.weight"], what="the first group")
    expect(groups_of_example(["conv1d"])[0]["params"], ["0.weight"], what="the first group")
with check("a frozen parameter is in no group", hint="Look at `p.requires_grad`, for both groups."):
    found = groups_of_example(["linear", "linear"], frozen="0.weight")
    expect([g["params"] for g in found], [["1.weight"], ["0.bias", "1.bias"]], what="the two groups")
    found = groups_of_example(["linear", "norm"], frozen="0.bias")
    expect([g["params"] for g in found], [["0.weight"], ["1.weight", "1.bias"]], what="the two groups")
with check("layers inside of layers", hint="`model.parameters()` goes all the way down."):
    found = groups_of_example(["block", "linear"])
    expect(found[0]["params"], ["0.0.weight", "1.weight"], what="the first group")
### BEGIN HIDDEN TESTS
with check("other networks and strengths", points=2, hint="Both groups, in the order of `parameters()`.", hidden=True) as rng:
    for _ in range(5):
        drawn_layers = [str(layer) for layer in rng.choice(["linear", "norm", "conv", "embedding"], 5)]
        drawn_decay = float(rng.uniform(0.01, 1))
        matrices = [f"{i}.weight" for i, layer in enumerate(drawn_layers) if layer != "norm"]
        others = [
            f"{i}.{part}"
            for i, layer in enumerate(drawn_layers)
            for part in {"norm": ["weight", "bias"], "embedding": []}.get(layer, ["bias"])
        ]
        found = groups_of_example(drawn_layers, weight_decay=drawn_decay)
        expect(found, [{"params": matrices, "weight_decay": drawn_decay}, {"params": others, "weight_decay": 0.0}])
### END HIDDEN TESTS
grade("decay_groups")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Names mislead: the scale of a normalisation layer is called weight too. The number of axes decides.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `trained = [p for p in model.parameters() if p.requires_grad]`, then two list comprehensions with `p.ndim >= 2` and
# `p.ndim < 2`.
#
# </details>
#
# An embedding has two axes, so by this rule it decays. Recipes differ there; say which one you use.
#
# **Why it matters.** "Which parameters do you decay?" is a likely second question after AdamW, and *all* is not the
# only answer. [L2 regularisation or weight decay?](#L2-regularisation-or-weight-decay?)

# %% [markdown]
# ## L1 and exact zeros
#
# **L1 regularisation** adds $\lambda \lVert w \rVert_1$, the sum of absolute values, to the loss (R. Tibshirani, "Regression
# shrinkage and selection via the lasso", 1996). It is known for weights that are exactly 0. But plain gradient steps do not
# stop there: the slope of $|w|$ is 1 or −1 however small $w$ is, so near 0 a step jumps over it, and back, again and again.
#
# The **proximal step** does it right. First a gradient step on the loss *without* the penalty, then **soft-thresholding**
# by $\tau = \eta\lambda$: every weight moves towards 0 by $\tau$, and stops there:
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
    """Move each value (integers or floats) towards 0 by `threshold`, and stop at 0."""
    ### BEGIN SOLUTION
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0)
    ### END SOLUTION


def lasso(X: np.ndarray, y: np.ndarray, l1: float, lr: float, n_steps: int) -> np.ndarray:
    """Return the weights of linear regression with an L1 penalty after `n_steps` proximal steps.

    Args:
        X: shape (n_samples, n_features). There is no intercept.
        y: shape (n_samples,).
        l1: the strength of the penalty.
        lr: the learning rate of the gradient step; the threshold is lr * l1.
        n_steps: how many steps, from weights of 0.

    Returns:
        The weights, shape (n_features,). `X` and `y` are not changed.
    """
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    for _ in range(n_steps):
        gradient = X.T @ (X @ w - y) / len(y)
        w = soft_threshold(w - lr * gradient, lr * l1)
    return w
    ### END SOLUTION


# %% check="lasso" points=7
with check("the threshold: the example", hint="sign(z) times what is left of |z|, but never below 0; floats, also where integers come in."):
    expect(soft_threshold(np.array([3.0, -3.0, 0.5, -1.0, 0.0]), 1.0), np.array([2.0, -2.0, 0.0, 0.0, 0.0]))
    expect(soft_threshold(np.array([3, -3, 1]), 0.5), np.array([2.5, -2.5, 0.5]))
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
### BEGIN HIDDEN TESTS
with check("other tables and strengths", points=2, hint="Try n_samples below n_features.", hidden=True) as rng:
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
        zeros, small = (found == 0).sum(), (np.abs(found) < 0.01).sum()
        print(f"{name:12} exactly 0: {zeros:2} of {len(found)}; below 0.01 in size: {small}")


show_when_written(count_zeros)

# %% [markdown]
# The proximal step sets most of the weights to exactly 0. The subgradient sets none. `weight_decay` in `torch.optim` is
# never L1; if you add an L1 term to the loss of a network and let SGD run, you get small weights, and hardly ever zeros (a weight that starts at 0
# and has no gradient stays there).
#
# Which weights are 0 at the minimum? Every weight there has a gradient of the loss (without the penalty) of size at most
# $\lambda$. Where it is below $\lambda$, the weight is 0. Where the weight is not 0, it is exactly $\lambda$: the loss
# pulls as hard as the penalty.
#
# **Why it matters.** "L1 gives sparse weights" is true of the minimum. Whether your program gets there depends on the
# algorithm. [Why does L1 give zeros and L2 not?](#Why-does-L1-give-zeros-and-L2-not?)

# %% [markdown]
# ## Dropout
#
# **Dropout** sets each hidden value to 0 with probability $p$, anew in each training step (N. Srivastava and others,
# "Dropout: a simple way to prevent neural networks from overfitting", 2014). So no unit can rely on any particular
# other unit. In evaluation nothing is dropped.
#
# Then the sums in the next layer would be larger in evaluation than in training. So the values that stay are divided by
# $1 - p$ in training, **inverted scaling**: the expected value is $(1 - p) \cdot x/(1 - p) = x$, and evaluation needs no
# change.
#
# **The smallest example.** $p = 1/2$, values 1, 2, 3, 4. If the random numbers drop the second and third: 2, 0, 0, 8. Their
# sum is 10, as before, by luck: another draw gives another sum, and only the mean over all draws is 10.
#
# Random numbers come from a generator. `torch.manual_seed` seeds the global one, which every other part of the program
# draws from too: the shuffling would then repeat at each call. So use a generator of your own,
# `torch.Generator().manual_seed(seed)`, and leave the global one as it is.
#
# ### Dropout in code
#
# *Implement · 7 minutes · difficulty: one of three*


# %% exercise="dropout" minutes=7
def dropout(values: torch.Tensor, p: float, training: bool, seed: int) -> torch.Tensor:
    """Drop each value with probability `p` and scale the others; in evaluation, change nothing.

    Args:
        values: a float tensor of any shape, half precision included. Not changed.
        p: the probability of 0, at least 0 and less than 1.
        training: False means evaluation.
        seed: of a generator of its own (`torch.Generator().manual_seed(seed)`); the same seed drops
            the same places. torch's global generator is not touched.

    Returns:
        A tensor of the same shape and dtype. Each element is dropped or kept independently of all
        others: neither in blocks nor in fixed numbers.

    Raises:
        ValueError: `p` is outside its range (in training and in evaluation).
    """
    ### BEGIN SOLUTION
    if not 0 <= p < 1:
        raise ValueError(f"p should be at least 0 and less than 1, not {p}")
    if not training:
        return values.clone()
    drawn = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed))
    return values * (drawn >= p) / (1 - p)
    ### END SOLUTION


def global_number(seed: int | None = None) -> float:
    """Return the next number of torch's global generator, seeded first if asked (given)."""
    if seed is not None:
        torch.manual_seed(seed)
    return torch.rand(()).item()


# %% check="dropout" points=9
with check("kept values are divided by 1 - p", hint="Scale in training, so that evaluation needs no change.") as rng:
    drawn = torch.tensor(rng.uniform(1, 2, (40, 50)))
    got_values = dropout(drawn.clone(), 0.2, True, seed=int(rng.integers(1000)))
    kept = got_values != 0
    assert 0 < kept.sum() < kept.numel(), "Of 2,000 values, some should be dropped and some kept."
    expect(got_values[kept], drawn[kept] / 0.8, what="the kept values")
with check(
    "in evaluation nothing happens",
    hint="Return the values, neither dropped nor scaled.",
    needs="kept values are divided by 1 - p",
):
    expect(dropout(torch.tensor([1.0, -2.0, 3.0]), 0.5, False, seed=1), torch.tensor([1.0, -2.0, 3.0]))
with check(
    "p = 0 drops nothing",
    hint="A value is dropped where its random number is *below* p; with p = 0 none is.",
    needs="kept values are divided by 1 - p",
):
    expect(dropout(torch.ones(3, 4), 0.0, True, seed=2), torch.ones(3, 4))
with check(
    "p outside its range is refused",
    hint="With p = 1 the scale would be 1/0. Refuse first, then ask whether it is training.",
    needs="kept values are divided by 1 - p",
):
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
    hint="One random number for each element, with probability p of 0 (not of keeping).",
) as rng:
    # Hoeffding: a mean of n draws is off by more than t with probability at most 2 exp(-2 n t²). Here that
    # is below 1e-11 for a whole check: 401 means, each missed with probability 3.5e-15 or less.
    share = float(rng.choice([0.1, 0.3, 0.7]))
    zeros = (dropout(torch.ones(200, 100, 100), share, True, seed=int(rng.integers(10**6))) == 0).double()
    assert abs(zeros.mean().item() - share) < 0.03, "Over all two million elements, the share of zeros is not p."
    for axes in ((1, 2), (0, 1), (0, 2)):
        means = zeros.mean(axes)
        n_draws = zeros.numel() // len(means)
        bound = math.sqrt(34 / (2 * n_draws))
        assert (means - share).abs().max() < bound, "In some rows or columns the share of zeros is not p: draw for each element."
with check(
    "neighbours are dropped independently, and their number varies",
    hint="One random number for each element. No fixed number of zeros, no blocks, no pattern that repeats.",
) as rng:
    zeros = (dropout(torch.ones(60, 50, 40), 0.5, True, seed=int(rng.integers(10**6))) == 0).double()
    for axis in range(3):
        for distance in (1, 2):
            length = zeros.shape[axis] - distance
            both = zeros.narrow(axis, 0, length) * zeros.narrow(axis, distance, length)
            assert abs(both.mean().item() - 0.25) < 0.02, "Whether one value is dropped depends on its neighbour."
    counts = [
        (dropout(torch.ones(50), 0.5, True, seed=drawn_seed) == 0).sum().item()
        for drawn_seed in rng.permutation(10**6)[:300].tolist()
    ]
    # 50 independent draws: the variance of the count is 12.5, and the estimate from 300 seeds lies within half of it
    assert 6 < np.var(counts) < 22, "The number of zeros should vary from seed to seed as independent draws do."
with check(
    "torch's global generator is left alone",
    hint="`torch.manual_seed` and a bare `torch.rand` use the global generator.",
    needs="kept values are divided by 1 - p",
):
    dropout(torch.zeros(2), 0.5, True, seed=4)
    undisturbed = global_number(3), global_number()
    before = global_number(3)
    dropout(torch.ones(40), 0.5, True, seed=8)
    after = global_number()
    expect([before, after], list(undisturbed), what="the next numbers of the global generator")
### BEGIN HIDDEN TESTS
with check("other shapes and dtypes", hint="Keep shape and dtype of the values, in evaluation too.", hidden=True) as rng:
    whole, halves = (torch.float64, torch.float32, torch.float32), (torch.float16, torch.bfloat16)
    for shape, dtype in zip(((7,), (3, 1, 5), (0, 4), (9,), (2, 3)), whole + halves, strict=True):
        drawn = torch.tensor(rng.uniform(1, 2, shape), dtype=dtype)
        got_values = dropout(drawn.clone(), 0.75, True, seed=int(rng.integers(1000)))
        expect(torch.where(got_values == 0, drawn * 4, got_values), drawn * 4, what="the kept values")
        expect(dropout(drawn.clone(), 0.75, False, seed=1), drawn, what="the values in evaluation")
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
# `drawn = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed))` draws once for each element.
# A value is kept where `drawn >= p`.
#
# </details>
#
# The check of the shares is a test of chance, so it has an error rate: by Hoeffding's inequality a mean of $n$ draws is
# off by more than $t$ with probability at most $2 e^{-2nt^2}$. Its bounds are chosen so that a right solution fails it
# less than once in a billion runs.
#
# **Why it matters.** Dropout is a remedy for overfitting, not a part of every network. On a run that does not even fit its
# training data, it makes things worse.
# [When do you use dropout, and what does it do?](#When-do-you-use-dropout,-and-what-does-it-do?)

# %% [markdown]
# ## A schedule
#
# Large steps are good at first, small ones at the end: the noise of the batches keeps a large rate from settling. A
# **schedule** says which rate each update gets. A common one climbs straight to a peak, the **warm-up**, and then falls
# along half a cosine wave (I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017;
# the warm-up is not theirs). A warm-up has been explained in two ways: with SGD and large batches, the network changes
# rapidly at first (P. Goyal and others, "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017); with Adam,
# the means are at first made of few gradients (L. Liu and others, "On the variance of the adaptive learning rate and
# beyond", 2020).
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


# %% check="warmup_cosine" points=7
with check("the example", hint="(s + 1)/(W + 1) of the peak before W; then x = 0 at W and x = 1 at T - 1."):
    expect([warmup_cosine(s, 6, 3, 4.0) for s in range(6)], [1, 2, 3, 4, 2, 0], what="the rates")
with check("without warm-up the first update gets the peak", hint="With W = 0, update 0 has x = 0."):
    expect([warmup_cosine(s, 3, 0, 1.0) for s in range(3)], [1, 0.5, 0], what="the rates")
with check("the floor is reached, not passed", hint="The wave goes from peak to floor: scale it by their difference."):
    expect([warmup_cosine(s, 5, 2, 8.0, floor=2.0) for s in range(5)], [8 / 3, 16 / 3, 8, 5, 2], what="the rates")
with check("the wave is a cosine, not a straight line", hint="x = 1/4 gives (1 + cos(π/4))/2, about 0.85 of the peak."):
    quarter = (1 + math.sqrt(0.5)) / 2
    expect([warmup_cosine(s, 5, 0, 1.0) for s in range(5)], [1, quarter, 0.5, 1 - quarter, 0], what="the rates")
with check("the shortest run: two updates", hint="T = 2 and W = 0 is allowed: the peak, then the floor."):
    expect([warmup_cosine(s, 2, 0, 3.0, 1.0) for s in range(2)], [3, 1], what="the rates")
with check(
    "steps and warm-ups that do not fit are refused",
    hint="0 <= step < n_steps and 0 <= n_warmup <= n_steps - 2.",
    needs="the example",
):
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
# Other schedules that you should be able to name, as of 2026:
#
# - **Warm-up, stable, decay** (WSD): climb, stay at the peak, and fall only in the last tenth or fifth of the updates. The
#   length of the run need not be known in advance, and one long run can be branched into finished ones (S. Hu and others,
#   "MiniCPM: unveiling the potential of small language models with scalable training strategies", 2024; A. Hägele and
#   others, "Scaling laws and compute-optimal training beyond fixed training durations", 2024).
# - **A straight line to 0**, which did better than a cosine to a tenth in a study on language models (S. Bergsma and others, "Straight
#   to zero: why linearly decaying the learning rate to zero works best for LLMs", 2025).
# - **Reduce on plateau** (`ReduceLROnPlateau`): fall when the validation loss stops improving.
# - **An average of the weights** instead of a falling rate: averaging cancels the noise that a small rate would have
#   damped (B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992; P. Izmailov and
#   others, "Averaging weights leads to wider optima and better generalization", 2018: **SWA**, an equal average of several
#   points of the run). `torch.optim.swa_utils.AveragedModel` keeps such an equal average. An **EMA** weighs recent weights
#   more; it needs `multi_avg_fn=get_ema_multi_avg_fn(...)` there.
#
# **Why it matters.** A schedule that was planned in updates and is stepped in epochs hardly moves, and nobody sees it in
# the loss at once.
# [Why warm up the learning rate, and why let it fall?](#Why-warm-up-the-learning-rate,-and-why-let-it-fall?)

# %% [markdown]
# ## Clipping
#
# One odd batch, or one steep cliff in the loss, can give a gradient that is hundreds of times too long, and one step
# undoes what many had learned. **Clipping by the global norm** shortens it: take *all* gradients as one long vector,
# and if its length is above a maximum, multiply *every* tensor by the same factor (R. Pascanu, T. Mikolov and Y.
# Bengio, "On the difficulty of training recurrent neural networks", 2013). The direction stays, only the length
# changes. Clipping each tensor, or each number, by itself can turn the direction.
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
        (clipped, norm): new tensors, and the global norm *before* clipping as a number. The factor
        is max_norm / norm where norm is above max_norm, else 1. PyTorch divides by norm + 1e-6;
        that is fine too.

    Raises:
        ValueError: `max_norm` is 0 or negative.
    """
    ### BEGIN SOLUTION
    if max_norm <= 0:
        raise ValueError(f"max_norm should be above 0, not {max_norm}")
    norm = math.sqrt(sum((g.double() ** 2).sum().item() for g in grads))
    return [g * (max_norm / max(norm, max_norm)) for g in grads], norm
    ### END SOLUTION


# %% check="clip_by_norm" points=6
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
with check(
    "a maximum of 0 is refused", hint="Raise a ValueError for 0 and for negative numbers.", needs="the example"
):
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
### BEGIN HIDDEN TESTS
with check("the direction stays", hint="The same factor for each tensor.", hidden=True) as rng:
    for limit in (0.3, 1.7):
        drawn = [torch.tensor(rng.normal(size=s) * 5, dtype=torch.float64) for s in ((2, 3), (), (6,))]
        clipped, length = clip_by_norm([g.clone() for g in drawn], limit)
        flat = torch.cat([g.flatten() for g in drawn])
        got_flat = torch.cat([g.flatten() for g in clipped])
        expect(got_flat, flat * limit / flat.norm(), tol=1e-5, what="the clipped gradients")
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
# A norm that is NaN makes every gradient NaN, and an infinite norm makes the finite ones 0: clipping does not repair
# bad numbers. And numbers overflow in half precision. **float16** has few bits for the exponent, so small gradients
# would vanish: the loss is multiplied by a scale, and the gradients are divided by it *before* they are clipped (P.
# Micikevicius and others, "Mixed precision training", 2018; `torch.amp.GradScaler`). **bfloat16** has the range of
# float32 with fewer digits and needs no such scale (D. Kalamkar and others, "A study of BFLOAT16 for deep learning
# training", 2019). With either, keep a copy of the weights in float32: in bfloat16 a weight of 1 plus a step of 0.001
# is 1 again.
#
# **Why it matters.** Clipping belongs between `backward` and `step`. Before `backward` there is nothing to clip, after
# `step` it is too late, and neither raises an error.
# [What is gradient clipping for?](#What-is-gradient-clipping-for?)

# %% [markdown]
# ## Early stopping
#
# A network that overfits has its best epoch behind it. **Early stopping** watches the validation loss, stops when it
# has not improved for a number of epochs in a row, the **patience**, and hands back the weights of the best epoch (L.
# Prechelt, "Early stopping — but when?", 1998).
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
# The program trains a logistic regression on 60 tumours, in batches of 5 rows. It is meant to do what the docstring says.
# Run it as it is, and the demonstration below: the weights that it returns do not have the validation loss that it
# reports. Repair it. There is more than one fault.


# %%
tumours, malignant = load_breast_cancer()
tumours, malignant = tumours.to_numpy(), malignant.to_numpy().astype(float)
tumour_rows = np.random.default_rng(5).permutation(len(malignant))
few, held_out = tumour_rows[:60], tumour_rows[100:300]
X_few = (tumours[few] - tumours[few].mean(0)) / tumours[few].std(0)
X_held = (tumours[held_out] - tumours[few].mean(0)) / tumours[few].std(0)
y_few, y_held = malignant[few], malignant[held_out]


def logistic_loss(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy of logistic regression with weights `w` and no intercept."""
    return float(np.mean(np.logaddexp(0, X @ w) - y * (X @ w)))


def logistic_gradient(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the gradient of `logistic_loss` with respect to `w`."""
    return X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y)


# %% exercise="fix_early_stopping" minutes=10 faults=["the returned weights are those of the best epoch", "an improvement resets the count", "equal is no improvement", "the real tumours", "random tables and patiences"]
def fit_early(X, y, X_valid, y_valid, lr=0.5, patience=5, max_epochs=100, batch_size=5):
    """Train logistic regression from weights of 0, with early stopping.

    Args:
        X, y: the training part, shapes (n_samples, n_features) and (n_samples,). Batches are
            consecutive rows.
        X_valid, y_valid: the validation part, looked at after each epoch.
        lr, patience, max_epochs, batch_size: see the lesson. At least one epoch.

    Returns:
        {"weights": shape (n_features,), of the best epoch; "best_epoch": its number, from 0;
        "valid_losses": list of the validation losses of all epochs that were run}.
    """
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    best_loss, best_epoch, best_weights, waited, valid_losses = math.inf, 0, w.copy(), 0, []
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


# %% check="fix_early_stopping" points=9
with check(
    "the returned weights are those of the best epoch",
    hint="`w -= ...` changes the array in place, and every other name for it changes too. What does `best_weights` hold?",
):
    # the weight grows without end, and the validation part is happiest on the way
    X_two, y_two = np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([1.0, 1.0, 1.0, 1.0])
    y_some = np.array([1.0, 1.0, 1.0, 0.0])
    found = fit_early(X_two, y_two, X_two, y_some, lr=0.8, patience=3, max_epochs=30, batch_size=4)
    expect(logistic_loss(found["weights"], X_two, y_some), min(found["valid_losses"]), what="the validation loss")
    expect(found["valid_losses"][found["best_epoch"]], min(found["valid_losses"]), what="the loss of the best epoch")
    expect(len(found["valid_losses"]), found["best_epoch"] + 4, what="the number of epochs")
with check(
    "the first epoch is one pass over the batches",
    hint="This worked in the faulty program.",
    needs="the returned weights are those of the best epoch",
):
    X_line, y_line = np.array([[1.0], [2.0], [-1.0]]), np.array([1.0, 0.0, 0.0])
    w_line = np.zeros(1)
    for rows in (slice(0, 2), slice(2, 3)):
        w_line = w_line - 0.3 * logistic_gradient(w_line, X_line[rows], y_line[rows])
    found = fit_early(X_line, y_line, X_line, y_line, lr=0.3, max_epochs=1, batch_size=2)
    expect(found, {"weights": w_line, "best_epoch": 0, "valid_losses": [logistic_loss(w_line, X_line, y_line)]})
with check("an improvement resets the count", hint="Patience counts epochs in a row. What should happen to `waited`?"):
    # the steps jump over the minimum: epoch 2 is worse, epoch 3 the best, epochs 4 and 5 are worse
    found = fit_early(np.ones((1, 1)), np.array([0.7]), np.ones((1, 1)), np.array([0.68]), lr=7.5, patience=2)
    expect(found["best_epoch"], 3, what="the best epoch")
    expect(len(found["valid_losses"]), 6, what="the number of epochs")
with check("equal is no improvement", hint="Which comparison keeps the first of equals?"):
    found = fit_early(np.zeros((4, 2)), np.ones(4), np.ones((3, 2)), np.ones(3), patience=4, max_epochs=20)
    expect(found["best_epoch"], 0, what="the best epoch")
    expect(len(found["valid_losses"]), 5, what="the number of epochs")
with check(
    "the limit on epochs holds",
    hint="After max_epochs the run ends, patience or not. This worked in the faulty program.",
    needs="the returned weights are those of the best epoch",
):
    found = fit_early(X_few, y_few, X_few, y_few, patience=50, max_epochs=7)
    expect(len(found["valid_losses"]), 7, what="the number of epochs")
with check("the real tumours", hint="Are all faults repaired? Compare every line with the example of the lesson."):
    found = fit_early(X_few, y_few, X_held, y_held)
    expect(logistic_loss(found["weights"], X_held, y_held), min(found["valid_losses"]), what="the validation loss")
    expect(len(found["valid_losses"]), found["best_epoch"] + 6, what="the number of epochs")
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
loss_of_returned = logistic_loss(stopped["weights"], X_held, y_held)
print(f"validation loss of the returned weights: {loss_of_returned:.4f}")

# %% [markdown]
# With the faulty program the last two lines differ. They agree as soon as the copy is a copy. On these data the other two faults do not
# show: only the checks find them.
#
# The best validation loss was *chosen*, so it is a little too good. The honest number comes from the test part, looked at
# once. PyTorch's `state_dict()` holds references too, so there the same bug waits.
#
# **Why it matters.** Early stopping is cheap regularisation: a held-out part that is not trained on, an evaluation an
# epoch, and a copy. With a reference instead of the copy, you get the last weights, not the best.
# [How does early stopping work?](#How-does-early-stopping-work?)

# %% [markdown]
# ## Batch size and noise
#
# The gradient of a batch is an estimate of the gradient over all $n$ samples. How noisy? Let $g_i$ be the gradient of
# sample $i$, $\bar g$ their mean, and $\sigma^2 = \frac{1}{n} \sum_i \lVert g_i - \bar g \rVert^2$ their spread. The
# **noise** of batch size $B$ is the expected squared distance between the mean of a batch and $\bar g$:
#
# - drawn *with* replacement: $\sigma^2 / B$;
# - drawn *without*, as a shuffled epoch does: $\dfrac{\sigma^2}{B} \cdot \dfrac{n - B}{n - 1}$, which is 0 for the full batch.
#
# Twice the batch, half the noise, at twice the cost. The noise is a variance here. As a length (a standard error) it
# falls only like $1/\sqrt{B}$: four times the batch halves it. When you say "half the noise", say which.
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
    """Return the expected squared distance of a batch's mean gradient from the mean over all rows.

    Args:
        gradients: one row for each sample, shape (n_samples, n_parameters), at least two rows.
            Not changed.
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


# %% check="gradient_noise" points=6
with check("the example, with replacement", hint="The mean of squared distances, over n; then over B."):
    expect(gradient_noise(np.array([[0.0], [3.0], [6.0]]), 2, replacement=True), 3.0, what="the noise")
with check("the example, without replacement", hint="Times (n - B)/(n - 1). It is the default."):
    expect(gradient_noise(np.array([[0.0], [3.0], [6.0]]), 2), 1.5, what="the noise")
with check(
    "the full batch has no noise without replacement",
    hint="n - B is 0; a batch of n is allowed.",
    needs="the example, with replacement",
) as rng:
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
with check(
    "batch sizes that cannot be drawn are refused",
    hint="Below 1 always; above n only without replacement.",
    needs="the example, with replacement",
):
    expect_raises(ValueError, gradient_noise, np.eye(3), 0)
    expect_raises(ValueError, gradient_noise, np.eye(3), 0, replacement=True)
    expect_raises(ValueError, gradient_noise, np.eye(3), 4)
    gradient_noise(np.eye(3), 4, replacement=True)  # this one is not refused
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
# Figure: the noise of the gradient against the batch size
def draw_noise():
    """Draw the measured noise of batch gradients and the formula's, on logarithmic axes."""
    w = np.zeros(X_few.shape[1])
    rows = [slice(i, i + 1) for i in range(len(y_few))]
    single = np.array([logistic_gradient(w, X_few[row], y_few[row]) for row in rows])
    rng, sizes = np.random.default_rng(0), [1, 2, 4, 8, 15, 30, 45]
    measured = []
    for size in sizes:
        batches = [single[rng.permutation(60)[:size]].mean(0) for _ in range(2000)]
        measured.append(np.mean([((b - single.mean(0)) ** 2).sum() for b in batches]))
    by_formula = [gradient_noise(single, size) for size in sizes]
    with_replacement = [gradient_noise(single, size, replacement=True) for size in sizes]
    fig, (ax,) = plots.canvas(1, width=6.2, height=3.8)
    names = "measured", "formula, without replacement", "formula, with"
    lines = measured, by_formula, with_replacement
    for name, values, style in zip(names, lines, plots.line_styles, strict=False):
        ax.plot(sizes, values, label=name, **(style | {"markersize": 6}))
    ax.set(xscale="log", yscale="log", xlabel="batch size", ylabel="noise of the gradient")
    ax.set_title("twice the batch, half the noise (and less, near the full batch)")
    ax.legend(fontsize=8)
    off = max(abs(m / f - 1) for m, f in zip(measured, by_formula, strict=True))
    plots.show(
        fig,
        alt="Noise of the gradient against batch size, both axes logarithmic. The measured values "
        f"lie on the formula without replacement, off by at most {off:.0%}. With replacement the "
        "line is straight; without, it bends down near the full batch.",
    )


show_when_written(draw_noise)

# %% [markdown]
# **Why it matters.** "Small batches are noisy" is an adjective. $\sigma^2/B$ is a number that you can measure before you choose.
# [You get four times the memory. What changes in training?](#You-get-four-times-the-memory.-What-changes-in-training?)

# %% [markdown]
# ### Four times the batch
#
# *Choose one · 5 minutes · difficulty: two of three*
#
# Training with SGD, batches of `32` and rate `0.1` works well. You get a bigger machine, take batches of `128`, and leave the
# rate and the number of epochs as they are. The training loss at the end is clearly higher than before.
#
# - `"updates"`: the number of updates now, as a fraction of the old one;
# - `"noise"`: the noise of one batch gradient (a variance, drawn with replacement) as a fraction of the old one;
# - `"first"`: what is the first thing to try?
#   - (a) weight decay: the loss went up because large batches overfit;
#   - (b) a rate of `0.025`: a batch that is four times as large makes steps that are four times as long;
#   - (c) rates up to `0.4` with a warm-up, or more epochs;
#   - (d) Adam with rate `0.1`: its steps do not depend on the size of the gradient, so not on the batch either;
# - `"adam"`: if the old run had used AdamW with rate `0.001`, at which rate would you start the search for batches of
#   `128`? (a) `0.001` (b) `0.002` (c) `0.004`

# %% exercise="bigger_batch" minutes=5
### BEGIN SOLUTION
bigger = {"updates": 1 / 4, "noise": 1 / 4, "first": "c", "adam": "b"}
### END SOLUTION
### BEGIN RELEASE
# bigger = {"updates": ..., "noise": ..., "first": ..., "adam": ...}
### END RELEASE

# %% check="bigger_batch" points=4
with check("the number of updates", hint="An epoch shows every sample once. How many batches is that now?"):
    expect(bigger["updates"], 32 / 128, what="the fraction of updates", tell=False)
with check("the noise of one gradient", hint="The variance is σ²/B."):
    expect(bigger["noise"], 32 / 128, what="the fraction of noise", tell=False)
with check("what to try first", hint="How many updates does an epoch have now?"):
    expect_choice(
        bigger["first"],
        "c",
        {
            "a": "It is the training loss that is high. That is not overfitting, and decay would raise it further.",
            "b": "The loss is a mean, so the gradient does not grow with the batch. A lower rate makes fewer updates even weaker.",
            "c": "There are a quarter of the updates, each with less noise. Longer steps or more of them make up for it.",
            "d": "A rate of 0.1 is a hundred times Adam's default, and there is still only a quarter of the updates.",
        },
    )
with check("where the search for AdamW's rate starts", hint="Not linear: the quotient that Adam takes already removes the size."):
    expect_choice(
        bigger["adam"],
        "b",
        {
            "a": "It may turn out to be the best one. But with less noise in each step, longer steps are usually affordable.",
            "b": "The square root of four: the rule for Adam is a start. Then tune.",
            "c": "That is the linear rule, which is argued for SGD. For Adam the rule is a square root.",
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
# Four times the batch means a quarter of the updates in an epoch, and a quarter of the variance in each.
#
# </details>
#
# The **linear scaling rule** says: with $k$ times the batch, take $k$ times the rate, and warm up (P. Goyal and others,
# 2017). The reasoning: $k$ small steps with nearly the same gradient are one step of $k$ times the length. It is meant
# for SGD, and carries up to a size: when the noise is no longer the problem, a larger batch only repeats what it
# already knows, and the rate meets the limit that the curvature sets. That size can be estimated from the noise of the
# gradient against its length (S. McCandlish and others, "An empirical model of large-batch training", 2018). For Adam
# the rule is a square root, rate times $\sqrt k$ (S. Malladi and others, "On the SDEs and scaling rules for adaptive
# gradient algorithms", 2022; they change the betas with it). Where the noise outweighs the gradient, the root below
# Adam's quotient is mostly noise and shrinks like $1/\sqrt{B}$. So the step along the mean gradient grows by $\sqrt k$
# of itself, and the rate adds another $\sqrt k$. Take each rule as a start for tuning, not as a law. A
# [later section](#Four-times-the-batch,-measured) measures how far the first one carries.
#
# **Why it matters.** Batch size and rate are one knob with two handles. Count updates, not epochs, when you compare.
# [You get four times the memory. What changes in training?](#You-get-four-times-the-memory.-What-changes-in-training?)

# %% [markdown]
# ## Looking before tuning
#
# A **learning-rate range test** finds the right order of magnitude in one short run: start with a tiny rate, raise it
# after each batch, and watch. L. N. Smith raised it along a straight line and watched the accuracy ("Cyclical learning
# rates for training neural networks", 2017). The `lr_find` of the library fastai multiplies the rate by a constant
# factor and records the loss (J. Howard and S. Gugger, "fastai: a layered API for deep learning", 2020). So do we. At
# first nothing happens. Then the loss falls, faster and faster. Then it turns, and explodes. A good constant rate lies
# where the loss falls steeply, clearly before the turn: at the lowest point the rate may already be too large for a
# whole run.
#
# The curve is that of a network for 8 by 8 images of digits, trained by SGD with momentum `0.9` on batches of 64. The loss
# is a running mean over batches, with Adam's bias correction, which you know by now. A running mean with the factor `0.9`
# lags about ten steps behind, and in ten steps the rate grows by a factor of 1.8. So the curve tells you about rates
# that are smaller, by about that factor, than those on the axis below it.


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


def train_digits(
    lr: float, momentum: float, batch_size: int, epochs: int, seed: int = 0
) -> list[float]:
    """Train on whole batches of digits; return the training loss at first and after each epoch."""
    net, losses = digit_net(seed), []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    for epoch in range(epochs + 1):
        with torch.no_grad():
            losses.append(F.cross_entropy(net(digits), digit_labels).item())
        for rows in torch.randperm(len(digits)).split(batch_size) if epoch < epochs else ():
            if len(rows) == batch_size:
                optimizer.zero_grad()
                F.cross_entropy(net(digits[rows]), digit_labels[rows]).backward()
                optimizer.step()
    return losses


tried_rates, smoothed_losses = range_test(seed=0)

# %% demo=true
# Figure: the running mean of the loss against the learning rate
fig, (ax,) = plots.canvas(1, width=6.6, height=4.0)
ax.plot(tried_rates, smoothed_losses, markevery=12, **plots.line_styles[0])
ax.set(xscale="log", xlabel="learning rate", ylabel="running mean of the loss")
ax.set_title("a range test: flat, falling, exploding")
readings = list(zip(tried_rates, smoothed_losses, strict=True))
plots.show(
    fig,
    alt="The running mean of the loss against the learning rate, on a logarithmic axis. "
    + ", ".join(f"{v:.2f} at {r:.2g}" for r, v in readings[:-1:15])
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
range_read = {"falls": 0.055, "lowest": 0.55, "take": "c"}
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
            "a": "Past the bottom of the curve: the loss already goes up there. A whole run at this rate ends far higher.",
            "b": "The loss does not move there. It would train, but it would need very many updates.",
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
# The lowest point lies between `0.4` and `0.8`. Take a rate several times smaller than that.
#
# </details>

# %% demo=true
for long_rate in (0.001, 0.1, 0.8, 2.0):
    long_ends = [train_digits(long_rate, 0.9, 64, 6, seed)[-1] for seed in range(5)]
    print(f"rate {long_rate:<6} training loss after 6 epochs, five seeds: "
          + ", ".join(f"{end:.2f}" for end in long_ends))  # fmt: skip

# %% [markdown]
# The two ends fail in different ways: the smallest rate has hardly begun, and the largest ends about where it started. At
# 0.8 the loss falls, but ends at more than twice that of 0.1, on every seed. The test says nothing about
# generalisation, and it holds for this optimizer, this batch size and this network. Change one of them and run it anew: it
# costs two hundred updates at most. That is a small price beside a real run of many thousands.
#
# **Why it matters.** It can spare you most of a grid of long runs.
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
# - `"fourth person"`: "It goes up and down, mostly above where it began, and gets nowhere."
#
# Assign a setting to each. The demonstration after the checks draws all four.

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
            "d": "Three updates an epoch, each small: the run has hardly begun.",
        },
    )
with check("the second person", hint="Which setting has the largest effective rate that still settles?"):
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
with check("the fourth person", hint="Beyond the limit, steps no longer converge."):
    expect_choice(
        curve_of["fourth person"],
        "c",
        {
            "a": "The rate is small: the loss does not go up and down.",
            "b": "The range test found this order of rates harmless.",
            "c": "The rate is far beyond the turn of the range test.",
            "d": "The batches are large and the rate is small: nothing goes up and down.",
        },
    )
grade("four_curves")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# 897 digits make 56 updates an epoch with batches of 16, and three with batches of 256.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In the long run, momentum 0.9 multiplies the rate by ten. The range test had momentum 0.9: its axis times ten is the effective rate.
#
# </details>


# %% demo=true
# Figure: the training loss of four settings over 12 epochs
def draw_four():
    """Draw the training loss of the four settings."""
    settings = {"a": (0.02, 0, 16), "b": (0.02, 0.9, 16), "c": (2, 0.9, 16), "d": (0.02, 0, 256)}
    runs = {
        f"{name}: lr {rate}, momentum {mu}, batch {batch}": train_digits(rate, mu, batch, epochs=12)
        for name, (rate, mu, batch) in settings.items()
    }
    fig, (ax,) = plots.canvas(1, width=7, height=4.2)
    plots.history(ax, runs, xlabel="epoch", ylabel="training loss", log=True)
    ax.set_title("one network, four settings")
    ends = ", ".join(f"{name[0]} ends at {losses[-1]:.2f}" for name, losses in runs.items())
    plots.show(
        fig,
        alt=f"Training loss over 12 epochs, all starting near 2.3: {ends}. Curve a falls steadily, "
        "b falls fast and levels out, c goes up and down, d is almost flat.",
    )


draw_four()

# %% [markdown]
# Settings a and d differ only in the batch size. Counted in epochs, d looks like a bad setting; counted in updates, it has
# made less than a tenth of the steps. And all of this is one seed. Differences as large as these need no second; a
# difference of a few per cent needs several, with their spread.
#
# And the rule for momentum, a tenth of the rate? Here it is, five seeds each.

# %% demo=true
for words, rate, mu in (
    ("rate 0.2, no momentum", 0.2, 0.0),
    ("rate 0.02, momentum 0.9", 0.02, 0.9),
    ("rate 0.2, momentum 0.9", 0.2, 0.9),
):
    last = [train_digits(rate, mu, 32, 10, seed)[-1] for seed in range(5)]
    print(f"{words:24} training loss after 10 epochs: " + ", ".join(f"{end:.2f}" for end in last))

# %% [markdown]
# A tenth of the rate with momentum 0.9 gives nearly the run without momentum: the losses of the first two lines differ by
# less than a third on every seed. The third line is another run altogether. So compare optimizers at equal *effective* rates,
# or tune each.
#
# **Why it matters.** "The optimizer is bad" is often "the rate is wrong" or "too few updates", and the curve can show
# which.
# [What does a loss curve tell you?](#What-does-a-loss-curve-tell-you?)

# %% [markdown]
# ## Four times the batch, measured
#
# A colleague puts the linear scaling rule to the test on the 897 digits: batches of 128 instead of 32, rate 0.4 instead of
# 0.1, no momentum, ten epochs each. This is the program. The letters are for you.


# %%
def colleagues_run(lr: float, batch_size: int, n_epochs: int, seed: int) -> float:
    """Train the network by SGD; return the training loss at the end."""
    net = digit_net(seed)  # a
    for _ in range(n_epochs):
        order = torch.randperm(len(digits))  # b
        for rows in order.split(batch_size):  # c
            loss = F.cross_entropy(net(digits[rows]), digit_labels[rows])  # d
            slopes = torch.autograd.grad(loss, list(net.parameters()))
            with torch.no_grad():
                for p, slope in zip(net.parameters(), slopes, strict=True):
                    p -= lr * slope  # e
    with torch.no_grad():
        return F.cross_entropy(net(digits), digit_labels).item()  # f


# %% demo=true
for words, rate, batch, epochs in (
    ("batches of 32, rate 0.1", 0.1, 32, 10),
    ("batches of 128, the same rate", 0.1, 128, 10),
    ("batches of 128, four times the rate", 0.4, 128, 10),
):
    ends = [colleagues_run(rate, batch, epochs, seed) for seed in range(5)]
    print(f"{words:36} training loss: " + ", ".join(f"{end:.2f}" for end in ends))

# %% [markdown]
# ### Which line, and which evidence?
#
# *Read the program · 7 minutes · difficulty: three of three*
#
# The colleague concludes: "With four times the rate the loss ends far higher, and differs wildly from seed to seed. 0.4 is
# beyond the limit of the curvature. The rule is wrong for these data." Is it the rule, the rate, or a line of the program?
# Look before you repair: run the program with settings of your own, print what you like.
#
# - `"line"`: the letter of the line that you would change; `"none"` if the program is right and the conclusion stands;
# - `"evidence"`: all five observations below are true. Which one points at that line (or at none), and not merely at "something jumps"?
#   - (a) At the start, the largest curvature is below 1, so the limit for the rate is above 2.
#   - (b) After nearly every epoch from the third on, the loss over all digits has risen at least once within that epoch.
#   - (c) Within an epoch, the first seven updates nearly always lower the loss over all digits; the last one nearly always raises it.
#   - (d) With batches of 32 and rate 0.4, the mean loss of five seeds is lower than with rate 0.1.
#   - (e) With another seed, the final loss of the third setting can change by a factor of two or more.
# - `"rows"`: how many digits are there in the last batch of an epoch, with batches of 128?

# %% exercise="which_line" minutes=7
### BEGIN SOLUTION
suspect = {"line": "c", "evidence": "c", "rows": 1}
### END SOLUTION
### BEGIN RELEASE
# suspect = {"line": ..., "evidence": ..., "rows": ...}
### END RELEASE

# %% check="which_line" points=3
with check("the line", hint="Print the loss over all digits after every single update, beside the number of rows in its batch."):
    expect_choice(
        suspect["line"],
        "c",
        {
            "a": "The seed gives another network for each run, and the same one for both settings. That is as it should be.",
            "b": "A new order for every epoch: as it should be.",
            "c": "The batches are not what their name says.",
            "d": "The mean over the rows of the batch: as it should be. How many rows are there?",
            "e": "Rate times gradient: as it should be, if the gradient is that of a batch.",
            "f": "The loss over all digits, after the last update. It is right; but what was the last update?",
            "none": "Look at the loss after every single update, beside the number of rows in its batch.",
        },
    )
with check("the evidence", hint="Which observation would be different if that line, and only that line, were changed?"):
    expect_choice(
        suspect["evidence"],
        "c",
        {
            "a": "True, and it speaks against the colleague. But curvature grows in training, and it names no line.",
            "b": "True, but a rate that is too large would do that too.",
            "c": "Seven batches of 128 do no harm, so it is not the rate for such batches. The eighth is another kind of batch.",
            "d": "True, and it shows that 0.4 by itself is not too large. It names no line.",
            "e": "True of everything that jumps, whatever makes it jump.",
        },
    )
with check("the rows of the last batch", hint="897 = 7 · 128 + ?"):
    expect(suspect["rows"], len(digits) % 128, what="the number of rows", tell=False)
grade("which_line")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Copy the program into a cell of your own, and print `len(rows)` and the loss over all digits after each update.
#
# </details>
# <details><summary>Hint 2</summary>
#
# How long is the step that one single digit takes at rate 0.4? Its gradient is not averaged with any other.
#
# </details>
#
# The noise of a gradient is $\sigma^2/B$: with one row it is 128 times that of a whole batch, and the rate was raised for whole
# batches. The loss is read just after that step.
#
# **Why it matters.** A measurement that refutes a rule may refute the program instead. Look at single updates before you
# believe a summary. [What does a loss curve tell you?](#What-does-a-loss-curve-tell-you?)

# %% [markdown]
# ### Find the bug: whole batches
#
# *Find the bug · 6 minutes · difficulty: one of three*
#
# Repair the run. It now takes the data as arguments and also returns the batches, so that the checks can replay it.
# The colleague's batches of 32 end in one row too, so the comparison with whole batches leaves that row out on both sides.
# (`torch.utils.data.DataLoader` has the option `drop_last` for this; its default is `False`.)


# %% exercise="fix_scaled_run" minutes=6 faults=["every update has exactly batch_size rows", "four times the batch, four times the rate: the old loss", "other sizes"]
def scaled_run(X, y, lr, batch_size, n_epochs, seed):
    """Train `digit_net(seed)` by SGD on shuffled batches of exactly `batch_size` rows.

    Args:
        X, y: digits, shape (n_samples, 64), and labels.
        lr, n_epochs: rate and number of epochs.
        batch_size: at most n_samples. Each epoch has a new order of all rows; rows that do not fill
            a batch at the end of an epoch are left out of that epoch.
        seed: of the network and, through it, of torch's global generator, which draws the orders.

    Returns:
        {"batches": list of lists of row numbers, one an update, in order; "loss": the mean
        cross-entropy over all of X at the end}.
    """
    ### BEGIN SOLUTION
    net, batches = digit_net(seed), []
    for _ in range(n_epochs):
        order = torch.randperm(len(X))
        for rows in order[: len(X) // batch_size * batch_size].split(batch_size):
            loss = F.cross_entropy(net(X[rows]), y[rows])
            slopes = torch.autograd.grad(loss, list(net.parameters()))
            with torch.no_grad():
                for p, slope in zip(net.parameters(), slopes, strict=True):
                    p -= lr * slope
            batches.append(rows.tolist())
    with torch.no_grad():
        return {"batches": batches, "loss": F.cross_entropy(net(X), y).item()}
    ### END SOLUTION
    ### BEGIN RELEASE
    # net, batches = digit_net(seed), []
    # for _ in range(n_epochs):
    #     order = torch.randperm(len(X))
    #     for rows in order.split(batch_size):
    #         loss = F.cross_entropy(net(X[rows]), y[rows])
    #         slopes = torch.autograd.grad(loss, list(net.parameters()))
    #         with torch.no_grad():
    #             for p, slope in zip(net.parameters(), slopes, strict=True):
    #                 p -= lr * slope
    #         batches.append(rows.tolist())
    # with torch.no_grad():
    #     return {"batches": batches, "loss": F.cross_entropy(net(X), y).item()}
    ### END RELEASE


# %% check="fix_scaled_run" points=6
with check("every update has exactly batch_size rows", hint="Leave out what does not fill a batch: 10 rows make 3 batches of 3.") as rng:
    found = scaled_run(digits[:10], digit_labels[:10], 0.1, 3, 4, seed=int(rng.integers(1000)))
    expect([len(rows) for rows in found["batches"]], [3] * 12, what="the rows of each update")
with check(
    "no row twice in an epoch, and a new order in each",
    hint="`torch.randperm` once an epoch. This worked in the faulty program.",
    needs="every update has exactly batch_size rows",
) as rng:
    found = scaled_run(digits[:12], digit_labels[:12], 0.1, 4, 5, seed=int(rng.integers(1000)))
    orders = [sum(found["batches"][3 * k : 3 * k + 3], []) for k in range(5)]
    expect([sorted(order) for order in orders], [list(range(12))] * 5, what="the rows of each epoch, sorted")
    assert len({tuple(order) for order in orders}) == 5, "Some epochs have the same order."
    assert tuple(range(12)) not in {tuple(order) for order in orders}, "An epoch takes the rows in their order."
    found = scaled_run(digits[:5], digit_labels[:5], 0.1, 4, 40, seed=int(rng.integers(1000)))
    expect(sorted(set(sum(found["batches"], []))), list(range(5)), what="the rows that are used in forty epochs")
with check(
    "the updates are those of the batches",
    hint="One step along the mean gradient of each batch. This worked in the faulty program.",
    needs="every update has exactly batch_size rows",
) as rng:
    drawn_seed = int(rng.integers(1000))
    found = scaled_run(digits[:12], digit_labels[:12], 0.2, 4, 3, seed=drawn_seed)
    net = digit_net(drawn_seed)
    for rows in found["batches"]:
        slopes = torch.autograd.grad(F.cross_entropy(net(digits[rows]), digit_labels[rows]), list(net.parameters()))
        with torch.no_grad():
            for p, slope in zip(net.parameters(), slopes, strict=True):
                p -= 0.2 * slope
    want_loss = F.cross_entropy(net(digits[:12]), digit_labels[:12]).item()
    expect(found["loss"], want_loss, tol=1e-4, what="the loss at the end")
with check("four times the batch, four times the rate: the old loss", hint="Does the check of the rows pass?"):
    found = [scaled_run(digits, digit_labels, 0.4, 128, 10, seed)["loss"] for seed in range(3)]
    assert max(found) < 0.6, f"One of three seeds ends at {max(found):.2f}; without the last batch all stay below 0.6."
### BEGIN HIDDEN TESTS
with check("other sizes", points=2, hint="What if the rows divide evenly? What if one batch holds all?", hidden=True) as rng:
    for n_rows, size, n_updates in ((8, 4, 6), (7, 7, 3), (9, 5, 3), (11, 2, 15)):
        found = scaled_run(digits[:n_rows], digit_labels[:n_rows], 0.1, size, 3, seed=int(rng.integers(1000)))
        expect([len(rows) for rows in found["batches"]], [size] * n_updates, what="the rows of each update")
### END HIDDEN TESTS
grade("fix_scaled_run")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `len(X) // batch_size` whole batches fit into an epoch. Which part of `order` do they take?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Either cut `order` to that length before `split`, or skip a batch with `len(rows) < batch_size`.
#
# </details>
#
# **Why it matters.** A single row at the end of each epoch is one update in eight here, and it had the last word.
# [You get four times the memory. What changes in training?](#You-get-four-times-the-memory.-What-changes-in-training?)


# %% demo=true
def show_scaling():
    """Print the training loss with k times the batch and rate, after as many digits as before."""
    n_epochs = 10
    for k in (1, 2, 4, 8):
        ends = [
            scaled_run(digits, digit_labels, 0.1 * k, 32 * k, n_epochs, seed)["loss"]
            for seed in range(5)
        ]
        losses = ", ".join(f"{end:.2f}" for end in ends)
        print(f"batches of {32 * k:3}, rate {0.1 * k:.1f}, {n_epochs} epochs: {losses}")
    for k, n_epochs, rate in ((16, 17, 1.6), (16, 17, 1.0), (16, 17, 0.6), (4, 40, 0.1)):
        ends = [
            scaled_run(digits, digit_labels, rate, 32 * k, n_epochs, seed)["loss"]
            for seed in range(5)
        ]
        losses = ", ".join(f"{end:.2f}" for end in ends)
        print(f"batches of {32 * k:3}, rate {rate:.1f}, {n_epochs} epochs: {losses}")


show_when_written(show_scaling)

# %% [markdown]
# With whole batches the rule holds: up to four times the batch and the rate, every seed gets its old loss back, to within
# a tenth or so, without a warm-up. So does the old rate with four times the epochs. At eight times the mean loss is
# half as high again or more. That row also sees fewer digits: three whole batches of 256 leave more of them out. At
# sixteen times (batches of 512 and rate 1.6, 17 updates) every seed ends more than three times as high. Is that the
# rate? In part: at two smaller rates the mean loss is lower. But with rates of 1.0 and 0.6 the mean loss is still more
# than 2.5 times the old one. Is the rest a lack of updates? Raise the number of epochs in the cell above, and see.

# %% [markdown]
# ## The limit moves
#
# On a bowl the curvature is a constant. In a network it is not. The next cell trains with the gradient of *all* digits, so
# without noise, at two rates, and measures the largest curvature on the way. (The curvature along a direction comes from a
# second `autograd.grad`; repeated, the direction turns to the steepest one. That is the power iteration.)


# %%
def steepest(net: torch.nn.Module, direction: torch.Tensor | None = None, n_rounds: int = 12):
    """Return the largest curvature of the loss over all digits, and its direction."""
    params = list(net.parameters())
    loss = F.cross_entropy(net(digits), digit_labels)
    slopes = torch.autograd.grad(loss, params, create_graph=True)
    slope = torch.cat([s.flatten() for s in slopes])
    direction = torch.ones_like(slope) / len(slope) ** 0.5 if direction is None else direction
    for _ in range(n_rounds):
        turned = torch.autograd.grad(slope @ direction, params, retain_graph=True)
        turned = torch.cat([t.flatten() for t in turned])
        curvature, direction = float(turned @ direction), turned / turned.norm()
    return curvature, direction


def full_batch_run(lr: float, n_steps: int, seed: int) -> tuple[list[float], list[float]]:
    """Train on all digits at once; return the loss at each step, the curvature at every tenth."""
    net, losses, curvatures, direction = digit_net(seed), [], [], None
    for step in range(n_steps):
        if step % 10 == 0:
            curvature, direction = steepest(net, direction)
            curvatures.append(curvature)
        loss = F.cross_entropy(net(digits), digit_labels)
        losses.append(loss.item())
        with torch.no_grad():
            for p, slope in zip(
                net.parameters(), torch.autograd.grad(loss, list(net.parameters())), strict=True
            ):
                p -= lr * slope
    return losses, curvatures


# %% demo=true
# Figure: the largest curvature over 240 updates
def draw_limit():
    """Draw the largest curvature during training at two rates, with the limit of each."""
    fig, panels = plots.canvas(2, width=9.5, height=3.8)
    said = []
    for ax, rate in zip(panels, (0.2, 0.8), strict=True):
        losses, curvatures = full_batch_run(rate, 240, seed=0)
        steps = range(0, 240, 10)
        ax.plot(steps, curvatures, label="largest curvature", **plots.line_styles[0])
        ax.axhline(2 / rate, color="0.4", linestyle="--", label=f"2 / rate = {2 / rate:g}")
        ax.set(xlabel="update", title=f"rate {rate}: the loss falls to {losses[-1]:.2f}")
        ax.legend(fontsize=8)
        said.append(
            f"At rate {rate} (limit {2 / rate:g}) the curvature goes from {curvatures[0]:.1f} "
            f"to at most {max(curvatures):.1f} and ends at {curvatures[-1]:.1f}"
        )
    plots.show(fig, alt="Largest curvature over 240 updates. " + ". ".join(said) + ".")


draw_limit()

# %% [markdown]
# At the small rate the curvature grows to more than four times its first value, and stays below the limit. At the large rate
# it grows beyond the limit. There the steps no longer shrink along the steepest direction: the loss goes up in some steps,
# and then the curvature comes back to about the limit. The run survives, and ends at a lower loss than the small rate did.
# J. Cohen and others found this in many networks under full-batch gradient descent: the curvature often grows until it
# reaches $2/\eta$ (*progressive sharpening*) and stays about there, while the loss falls in the long run and not in each step ("Gradient descent on neural networks
# typically occurs at the edge of stability", 2021). With a cross-entropy it falls again in the end.
#
# So $2/\lambda_{\max}$ is not a number that you look up before training. The rate has a say in the curvature that the run
# meets. That is why a rate is tuned by trying, and it may be how a warm-up helps: it gives the curvature time to come down
# before the rate is large (J. Gilmer and others, "A loss curvature perspective on training instability in deep learning",
# 2021).
#
# **Why it matters.** "Just compute the largest eigenvalue" is a tempting answer. The edge of stability is what the next
# question is about. [How do you choose the learning rate?](#How-do-you-choose-the-learning-rate?)

# %% [markdown]
# ## What a remedy is worth
#
# Now overfit on purpose: 100 digits, of which 20 get a label at random, a network with 64 hidden units, 600 updates of SGD
# with momentum 0.9 at rate 0.1. It learns its training set by heart, wrong labels included. Then switch on *one* remedy at a
# time. The judge is the loss on 700 other digits. Early stopping looks at 200 more, which it does not train on,
# 30 times, and keeps the best of these looks. It does not save updates here.
#
# ### Which remedies help?
#
# *Predict, then run · 5 minutes · difficulty: two of three*
#
# Without a remedy the loss on the other digits is about 1.6. Predict for each: does it lower that loss *by a quarter or
# more*, on average over five seeds (`True`), or by less or not at all (`False`)?
#
# - `"decay"`: weight decay 0.01;
# - `"stopping"`: early stopping;
# - `"cosine"`: the rate falls to 0 along a cosine;
# - `"warmup"`: a warm-up of 60 updates;
# - `"clipping"`: gradients clipped to the norm 1;
# - `"tenth"`: a tenth of the rate, 0.01.

# %% exercise="which_remedies" minutes=5
### BEGIN SOLUTION
helps = {
    "decay": True,
    "stopping": True,
    "cosine": False,
    "warmup": False,
    "clipping": False,
    "tenth": True,
}
### END SOLUTION
### BEGIN RELEASE
# helps = {
#     "decay": ...,
#     "stopping": ...,
#     "cosine": ...,
#     "warmup": ...,
#     "clipping": ...,
#     "tenth": ...,
# }
### END RELEASE

# %% check="which_remedies" points=6
with check("weight decay", hint="To fit wrong labels, a network needs large weights."):
    expect(helps["decay"], True, what="your prediction", tell=False)
with check("early stopping", hint="What does a network learn first: what most digits share, or the exceptions?"):
    expect(helps["stopping"], True, what="your prediction", tell=False)
with check("a cosine", hint="It makes the last steps small. Has the network learned the wrong labels by then?"):
    expect(helps["cosine"], False, what="your prediction", tell=False)
with check("a warm-up", hint="Did the run without it have trouble in its first steps? What does a warm-up regularise?"):
    expect(helps["warmup"], False, what="your prediction", tell=False)
with check("clipping", hint="No gradient is odd here. What does clipping do to a run that is not in danger?"):
    expect(helps["clipping"], False, what="your prediction", tell=False)
with check("a tenth of the rate", hint="With the same number of updates, how far does it get? Which remedy does that resemble?"):
    expect(helps["tenth"], True, what="your prediction", tell=False)
grade("which_remedies")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The training loss without a remedy is nearly 0. Which of the six keep it from getting there?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Some of the six are remedies for *optimisation*: they help a run that is unstable. This run is not.
#
# </details>


# %%
other_digits, other_labels = digit_parts["source"][0].flatten(1), digit_parts["source"][1]


def overfit(
    seed, lr=0.1, decay=0.0, p=0.0, stop=False, cosine=False, warmup=0, max_norm=None, n_odd=0,
    n_wrong=20, n_steps=600,
):  # fmt: skip
    """Train on 100 digits with `n_wrong` random labels; return the loss on 700 other digits.

    The first `n_odd` of the digits with right labels come in other units: 255 times too large.
    """
    torch.manual_seed(seed)
    chosen = torch.randperm(len(digits))[:100]
    X, y = digits[chosen].clone(), digit_labels[chosen].clone()
    y[:n_wrong] = torch.randint(0, 10, (n_wrong,))
    X[n_wrong : n_wrong + n_odd] *= 255
    layers = torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Dropout(p), torch.nn.Linear(64, 10)
    net, step, best, kept = torch.nn.Sequential(*layers), 0, math.inf, {}
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, weight_decay=decay)
    while step < n_steps:
        for rows in torch.randperm(100).split(20):
            x = max(step - warmup, 0) / (n_steps - 1 - warmup)
            factor = (step + 1) / (warmup + 1) if step < warmup else 1.0
            factor *= (1 + math.cos(math.pi * x)) / 2 if cosine else 1.0
            optimizer.param_groups[0]["lr"] = lr * factor
            optimizer.zero_grad()
            F.cross_entropy(net(X[rows]), y[rows]).backward()
            if max_norm:
                torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm)
            optimizer.step()
            step += 1
        if stop and step % 20 == 0:
            net.eval()
            with torch.no_grad():
                watched = F.cross_entropy(net(digits_valid), labels_valid).item()
            net.train()
            if watched < best:
                best, kept = watched, {name: t.clone() for name, t in net.state_dict().items()}
    if stop:
        net.load_state_dict(kept)
    net.eval()
    with torch.no_grad():
        return F.cross_entropy(net(other_digits), other_labels).item()


def mean_and_half_width(values) -> tuple[float, float]:
    """Return the mean of five numbers and half the width of its 95 % interval (Student's t)."""
    return float(np.mean(values)), 2.776 * float(np.std(values, ddof=1)) / math.sqrt(5)


remedies = {
    "weight decay 0.01": {"decay": 0.01},
    "early stopping": {"stop": True},
    "dropout 0.5": {"p": 0.5},
    "cosine": {"cosine": True},
    "warm-up of 60": {"warmup": 60},
    "clipping to 1": {"max_norm": 1.0},
    "a tenth of the rate": {"lr": 0.01},
}

# %% demo=true
without_remedy = np.array([overfit(seed) for seed in range(5)])
print(f"{'no remedy':20} loss on other digits {without_remedy.mean():.2f}")
for remedy, options in remedies.items():
    with_remedy = np.array([overfit(seed, **options) for seed in range(5)])
    change, half = mean_and_half_width(with_remedy - without_remedy)
    print(f"{remedy:20} loss on other digits {with_remedy.mean():.2f}, "
          f"change {change:+.2f} ± {half:.2f}")  # fmt: skip

# %% [markdown]
# The change is taken seed by seed, so that each seed is its own control, and stands with a 95 % interval over five seeds.
#
# - Weight decay and early stopping lower the loss by a quarter or more on average. They regularise.
# - A tenth of the rate does the same: after as many updates, the run has not come as far. A comparison of regularisers
#   at one fixed rate would not notice.
# - Dropout lowers the mean too. Its interval over five seeds is wide and ends near zero: how much it helps, more seeds or
#   another $p$ would tell.
# - The cosine lowers the loss a little. Warm-up and clipping change next to nothing: this run was never in danger.
#
# Where it *is* in danger, clipping decides. In the next cell three of the 100 digits come in other units, 255 times too
# large, as happens when two sources are merged. All labels are right.

# %% demo=true
for words, options in {"unclipped": {}, "clipped to 1": {"max_norm": 1.0}}.items():
    found = [overfit(seed, n_odd=3, n_wrong=0, n_steps=300, **options) for seed in range(5)]
    print(f"{words:14} loss on other digits: " + ", ".join(f"{value:.2f}" for value in found))

# %% [markdown]
# Unclipped, the run does not recover: on every seed it ends near the loss of guessing. Clipped, it ends far below.
# (Clipping buys time to find such rows; they should be divided by 255.)
#
# Two more regularisers: **augmentation**, more data by changed copies, such as shifted images; and **label smoothing**,
# targets a little below 1 and above 0 (C. Szegedy and others, "Rethinking the Inception architecture for computer
# vision", 2016; R. Müller, S. Kornblith and G. Hinton, "When does label smoothing help?", 2019).
#
# **Why it matters.** "I would add dropout, weight decay and early stopping" is a list. "Early stopping took a quarter or more
# of the loss away; how much dropout takes, five seeds do not tell" is an answer.
# [When do you use dropout, and what does it do?](#When-do-you-use-dropout,-and-what-does-it-do?)

# %% [markdown]
# ## Tuning within a budget
#
# Tuning is a search with a budget. You pay in updates, and each trial tells one noisy number. What to know before you write a search:
#
# - **Logarithmic.** Rates are tried at equal *factors*. So is $1 - \mu$: 0.5, 0.9, 0.95 are steps of one kind.
# - **Knobs interact.** The effective rate is $\eta/(1 - \mu)$: change $\mu$ alone, and you have changed both.
# - **Wide, then narrow.** First find the right power of ten, then look around the best.
# - **Random beats a grid** when some knobs matter little, since each trial then tries a new value of those that matter (J. Bergstra and Y.
#   Bengio, "Random search for hyper-parameter optimization", 2012). With many knobs, stop bad trials early and
#   give their updates to the others (L. Li and others, "Hyperband", 2018).
# - **The winner is too good.** The best of sixteen noisy losses is low partly by luck. It is run again with new seeds, and judged on data that the
#   search never saw.
# - **Say what is tuned.** Compare two optimizers with equal budgets, and report the budget (V. Godbole and others, "Deep
#   learning tuning playbook", 2023).
#
# ### Beat the baseline
#
# *Implement · 15 minutes · difficulty: three of three*
#
# The network has 32 hidden units and trains on the 897 digits for 60 updates, with batches of 32, SGD with momentum, and a rate
# that falls to 0 along a straight line. A trial is one choice of rate and momentum; it is run with three seeds, and you get the
# mean validation loss. You have 16 trials, 2,880 updates in all.
#
# You do not run the trials, you *propose* them. `search` below calls your function 16 times, each time with the trials so far, runs
# what it proposes, and counts. At the end it takes the trial with the lowest validation loss.
#
# The **baseline** is SGD without momentum, at the best rate that a colleague found. Your search must beat its validation loss by
# a twentieth, with new seeds, and also on 700 digits that the search never saw. Inputs come in other units too: `scale`
# multiplies the pixels, and the best rate moves with it. So a fixed answer will not do. `thick_problem` has scale 3 and a
# baseline of its own, which your search must beat on both parts; try it. A scale far below 1 is hidden: there the baseline must be
# beaten by 15 %.


# %%
def train_briefly(problem: dict, lr: float, momentum: float, seeds: list[int]) -> list:
    """Return weights and biases of the network after 60 updates, stacked over the seeds."""
    X, y, one_hot = digits.double().numpy() * problem["scale"], digit_labels.numpy(), np.eye(10)
    draws = [np.random.default_rng(seed) for seed in seeds]
    into = np.stack([rng.normal(size=(64, 32)) / 8 for rng in draws])
    out = np.stack([rng.normal(size=(32, 10)) / math.sqrt(32) for rng in draws])
    w = [into, np.zeros((len(seeds), 1, 32)), out, np.zeros((len(seeds), 1, 10))]
    b, batches = [0.0] * 4, np.stack([rng.integers(0, len(X), (60, 32)) for rng in draws], axis=1)
    with np.errstate(all="ignore"):  # a run may explode
        for step, rows in enumerate(batches):
            inputs = X[rows]
            hidden = np.maximum(inputs @ w[0] + w[1], 0)
            powers = np.exp(hidden @ w[2] + w[3])
            delta = (powers / powers.sum(-1, keepdims=True) - one_hot[y[rows]]) / 32
            back = delta @ w[2].transpose(0, 2, 1) * (hidden > 0)
            g = [
                inputs.transpose(0, 2, 1) @ back,
                back.sum(1, keepdims=True),
                hidden.transpose(0, 2, 1) @ delta,
                delta.sum(1, keepdims=True),
            ]
            b = [momentum * old + new for old, new in zip(b, g, strict=True)]
            rate = lr * (1 - step / 60)
            w = [part - rate * buffer for part, buffer in zip(w, b, strict=True)]
    return w


def losses_of(w: list, problem: dict, images: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """Return the mean cross-entropy on the images, one a seed; 99 for a run that exploded."""
    with np.errstate(all="ignore"):
        hidden = np.maximum(images.double().numpy() * problem["scale"] @ w[0] + w[1], 0)
        logits = hidden @ w[2] + w[3]
        logits = logits - logits.max(-1, keepdims=True)
        of_label = logits[:, np.arange(len(labels)), labels.numpy()]
        losses = (np.log(np.exp(logits).sum(-1)) - of_label).mean(1)
    return [float(loss) if loss < 99 else 99.0 for loss in losses]


def search(propose, problem: dict, seed: int, n_trials: int = 16) -> list[dict]:
    """Run the trials that `propose` asks for; return them with their validation losses."""
    history: list[dict] = []
    for trial in range(n_trials):
        asked = propose([dict(past) for past in history], n_trials - trial)
        lr, momentum = float(asked["lr"]), float(asked["momentum"])
        if not (1e-5 <= lr <= 100 and 0 <= momentum < 1):
            raise ValueError(f"lr {lr:g} with momentum {momentum:g} cannot be run")
        seeds = [1000 * seed + 3 * trial + k for k in range(3)]
        w = train_briefly(problem, lr, momentum, seeds)
        loss = np.mean(losses_of(w, problem, digits_valid, labels_valid))
        history.append({"lr": lr, "momentum": momentum, "loss": float(loss)})
    return history


plain_problem = {"scale": 1.0, "baseline": {"lr": 1.1, "momentum": 0.0}}
thick_problem = {"scale": 3.0, "baseline": {"lr": 0.3, "momentum": 0.0}}


def judged(history: list[dict], problem: dict, seeds: list[int]) -> dict[str, float]:
    """Return new losses of the best trial, as shares of the baseline's with the same seeds."""
    best = min(history, key=lambda trial: trial["loss"])
    w = train_briefly(problem, best["lr"], best["momentum"], seeds)
    base = train_briefly(problem, **problem["baseline"], seeds=seeds)
    parts = {"validation": (digits_valid, labels_valid), "unseen": (other_digits, other_labels)}
    return {
        name: sum(losses_of(w, problem, *part)) / sum(losses_of(base, problem, *part))
        for name, part in parts.items()
    }


# %% exercise="propose" minutes=15
def propose(history: list[dict], n_left: int) -> dict:
    """Return the next trial of a search.

    Args:
        history: the trials so far, in order: {"lr": ..., "momentum": ..., "loss": mean validation
            loss, 99 at most}. Empty at first.
        n_left: how many trials are left, this one included; 16 at first.

    Returns:
        {"lr": from 0.00001 to 100, "momentum": at least 0 and below 1}.

    The function decides from its arguments alone: the same arguments, the same proposal.
    """
    ### BEGIN SOLUTION
    wide = [0.001 * 10 ** (k / 2) for k in range(9)]  # half powers of ten, 0.001 to 10
    if len(history) < len(wide):
        return {"lr": wide[len(history)], "momentum": 0.9}
    best = min(history, key=lambda trial: trial["loss"])
    if n_left > 4:
        return {"lr": best["lr"] * (0.5, 2, 1.4)[7 - n_left], "momentum": 0.9}
    momentum = (0.5, 0.7, 0.8, 0.95)[4 - n_left]
    return {"lr": best["lr"] * (1 - momentum) / (1 - best["momentum"]), "momentum": momentum}
    ### END SOLUTION


# %% check="propose" points=9
with check("the first trial can be run", hint="A dict with both keys, the rate above 0, the momentum below 1."):
    first = propose([], 16)
    assert 1e-5 <= given(first["lr"]) <= 100 and 0 <= given(first["momentum"]) < 1, "This trial cannot be run."
with check(
    "the baseline is beaten by a twentieth, with new seeds and on unseen digits",
    points=3,
    hint="Try every half power of ten first, all with momentum. Then look around the best.",
) as rng:
    drawn_seed = int(rng.integers(1000))
    seeds = [10**7 + drawn_seed * 10 + k for k in range(5)]
    share = judged(search(propose, plain_problem, drawn_seed), plain_problem, seeds)
    share_valid, share_unseen = share["validation"], share["unseen"]
    assert share_valid < 0.95, f"The validation loss is {share_valid:.2f} of the baseline's; it should be below 0.95."
    assert share_unseen < 0.95, f"On unseen digits the loss is {share_unseen:.2f} of the baseline's; it should be below 0.95."
with check("pixels three times as large: the baseline is beaten", hint="The best rate is smaller there. Start wide, and let the losses decide.") as rng:
    drawn_seed = int(rng.integers(1000))
    seeds = [10**7 + drawn_seed * 10 + k for k in range(5)]
    share = judged(search(propose, thick_problem, drawn_seed), thick_problem, seeds)
    worse = max(share.values())
    assert worse < 1, f"With scale 3 the loss is {worse:.2f} of the baseline's; it should be below 1."
with check(
    "the same arguments, the same proposal",
    hint="No random numbers without a fixed seed, no variable outside the function.",
    needs="the baseline is beaten by a twentieth, with new seeds and on unseen digits",
):
    past = [{"lr": 0.01 * 3**k, "momentum": 0.9, "loss": 2.0 - 0.1 * k} for k in range(5)]
    again = [propose([dict(trial) for trial in past], 11) for _ in range(2)]
    expect(again[1], again[0], what="the second proposal")
### BEGIN HIDDEN TESTS
with check("the same search, another scale", points=3, hint="A search that starts wide finds the rate wherever it is.", hidden=True) as rng:
    problem = {"scale": 0.2, "baseline": {"lr": 3.0, "momentum": 0.0}}
    drawn_seed = int(rng.integers(1000))
    seeds = [10**7 + drawn_seed * 10 + k for k in range(5)]
    share = judged(search(propose, problem, drawn_seed), problem, seeds)
    assert share["validation"] < 0.85, "In other units, the search does not beat the baseline by 15 %."
### END HIDDEN TESTS
grade("propose")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `len(history)` tells which trial it is. Spend about nine trials on rates from 0.001 to 10, half a power of ten apart, all
# with one momentum.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `best = min(history, key=lambda trial: trial["loss"])`. Spend the rest around it: twice and half the rate, then other
# momenta at the same effective rate.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The same effective rate with another momentum: `best["lr"] * (1 - momentum) / (1 - best["momentum"])`.
#
# </details>

# %% demo=true
def show_search():
    """Print the trials of a search, and what the best is worth with new seeds."""
    history = search(propose, plain_problem, seed=1)
    for trial in history:
        print(f"lr {trial['lr']:7.4f}  momentum {trial['momentum']:.2f}  loss {trial['loss']:.3f}")
    best = min(history, key=lambda trial: trial["loss"])
    w = train_briefly(plain_problem, best["lr"], best["momentum"], list(range(10**6, 10**6 + 20)))
    again = np.mean(losses_of(w, plain_problem, digits_valid, labels_valid))
    unseen = np.mean(losses_of(w, plain_problem, other_digits, other_labels))
    print(f"the best trial: {best['loss']:.3f}; with 20 new seeds: {again:.3f}; "
          f"on digits that the search never saw: {unseen:.3f}")  # fmt: skip


show_when_written(show_search)

# %% [markdown]
# Rates do not carry over from a small network to a large one, unless the parametrisation is chosen so that they do
# (**muP**: G. Yang and others, "Tensor Programs V: tuning large neural networks via zero-shot hyperparameter transfer", 2022).
# And before you tune at all, look whether the time goes where you think. Is the GPU busy, or does it wait for data? A
# profiler (`torch.profiler`) and `torch.compile` may be worth more than any rate.
#
# **Why it matters.** Everyone says "I tuned it". Few can say over which range, with how many trials, and how much of the gain
# was luck. [How do you optimise the training of a neural network?](#How-do-you-optimise-the-training-of-a-neural-network?)

# %% [markdown]
# ## The whole loop
#
# ### Find the bugs: a tuned run
#
# *Find the bug · 15 minutes · difficulty: three of three*
#
# This program trains a linear classifier on the digits, with dropout on the pixels, clipping, warm-up and cosine. All the
# ingredients are there. Run it as it is with the demonstration below: the validation loss is above that of always saying
# "one in ten", which is $\ln 10$, about 2.3. Find what is wrong by comparing every line with the docstring, and repair it.
# For each line that you change, say to yourself which number would have shown it.
#
# The schedule uses your `warmup_cosine` through `LambdaLR`, which multiplies the optimizer's `lr` (here 1) by what the
# function says for the number of times that `scheduler.step()` was called. After the last update it asks for one more rate;
# `min` takes care of that.


# %% exercise="fix_tuned_run" minutes=15 faults=["one update is one step along the mean gradient", "a row that counts twice changes nothing", "no step is longer than rate times max_norm", "each update has its own rate", "validation without dropout", "the real digits", "several updates, replayed"]
def tuned_run(
    X, y, X_valid, y_valid, peak=5.0, n_epochs=5, batch_size=32, max_norm=1.0, p=0.2, seed=0
):
    """Train a linear classifier with ten classes by SGD, from weights of 0.

    Each epoch goes through all rows once, in a new random order; the last batch may be smaller.
    Each update goes against the gradient of the *mean* cross-entropy of its batch. Gradients are
    clipped to the global norm `max_norm`. Update s of T gets the rate
    warmup_cosine(s, T, T // 5, peak).

    Args:
        X, y: training inputs, shape (n_samples, n_features), and labels 0 to 9.
        X_valid, y_valid: the validation part.
        peak, n_epochs, batch_size, max_norm: see above. The run has at least two updates.
        p: the probability of dropping an input while training; nothing is dropped in validation.
        seed: of the shuffling and of dropout.

    Returns:
        {"rates": list of the rate of each update, "batches": list of the row numbers of each
        update, "weight": shape (10, n_features), "bias": shape (10,), both detached,
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
    rates, batches = [], []
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            batches.append(rows.tolist())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    model.eval()
    with torch.no_grad():
        valid_loss = F.cross_entropy(model(X_valid), y_valid).item()
    weight, bias = linear.weight.detach(), linear.bias.detach()
    return {
        "rates": rates, "batches": batches, "weight": weight, "bias": bias, "valid_loss": valid_loss
    }  # fmt: skip
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
    # rates, batches = [], []
    # for _ in range(n_epochs):
    #     for rows in torch.randperm(len(X)).split(batch_size):
    #         optimizer.zero_grad()
    #         F.cross_entropy(model(X[rows]), y[rows], reduction="sum").backward()
    #         batches.append(rows.tolist())
    #         rates.append(optimizer.param_groups[0]["lr"])
    #         optimizer.step()
    #         torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    #     scheduler.step()
    # with torch.no_grad():
    #     valid_loss = F.cross_entropy(model(X_valid), y_valid).item()
    # weight, bias = linear.weight.detach(), linear.bias.detach()
    # return {
    #     "rates": rates, "batches": batches, "weight": weight, "bias": bias, "valid_loss": valid_loss
    # }  # fmt: skip
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
with check(
    "a new order in each epoch, of all rows",
    hint="`torch.randperm` once an epoch. This worked in the faulty program.",
    needs="one update is one step along the mean gradient",
) as rng:
    X_drawn = torch.tensor(rng.normal(size=(12, 3)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 12))
    drawn_batches = tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.5, n_epochs=4, batch_size=5)["batches"]
    expect([len(rows) for rows in drawn_batches], [5, 5, 2] * 4, what="the rows of each update")
    orders = [sum(drawn_batches[3 * k : 3 * k + 3], []) for k in range(4)]
    expect([sorted(order) for order in orders], [list(range(12))] * 4, what="the rows of each epoch, sorted")
    assert len({tuple(order) for order in orders} | {tuple(range(12))}) == 5, "Some epochs have the same order, or none."
with check(
    "training with dropout, other random numbers for another seed",
    hint="Evaluation mode only after the last update.",
    needs="one update is one step along the mean gradient",
) as rng:
    X_drawn = torch.tensor(rng.normal(size=(8, 20)), dtype=torch.float32)
    y_drawn = torch.tensor(rng.integers(0, 10, 8))
    found = [
        tuned_run(X_drawn, y_drawn, X_drawn, y_drawn, peak=0.5, batch_size=8, p=0.5, seed=s)["weight"] for s in (1, 1, 2)
    ]
    expect(found[1], found[0], what="the weights with the same seed")
    apart = (found[2] - found[0]).abs().max()
    assert apart > 0.01, "With p = 0.5, two seeds give the same weights: is dropout on?"
with check(
    "the inputs are dropped, the biases are not",
    hint="Dropout stands before the linear layer.",
    needs="one update is one step along the mean gradient",
) as rng:
    # one row of ones, one update: a dropped input leaves its weights at 0 for all ten classes
    one_row, one_label = torch.ones(1, 400), torch.tensor([3])
    found = tuned_run(one_row, one_label, one_row, one_label, 0.5, 2, 1, p=0.5)
    per_input = (found["weight"] != 0).sum(0).tolist()
    assert set(per_input) == {0, 10}, "Of 400 inputs, some should be dropped, and then for all ten classes."
    assert 140 < per_input.count(0) < 260, "With p = 0.5, about half of 400 inputs should be dropped."
    assert (found["bias"] != 0).all(), "A bias did not move: something else than an input was dropped."
    assert not found["weight"].requires_grad and not found["bias"].requires_grad, "Detach the returned tensors."
with check("the real digits", hint="Did the checks above pass? Do those of `warmup_cosine`?"):
    found = tuned_run(digits, digit_labels, digits_valid, labels_valid)
    assert found["valid_loss"] < 0.3, f"The validation loss is {found['valid_loss']:.2f}; it should get below 0.3."
### BEGIN HIDDEN TESTS
with check("several updates, replayed", points=4, hint="The same program, other settings.", hidden=True) as rng:
    for limit, size in ((0.2, 9), (100.0, 9), (0.2, 4), (100.0, 4)):
        X_drawn = torch.tensor(rng.normal(size=(9, 5)), dtype=torch.float64).float()
        y_drawn = torch.tensor(rng.integers(0, 10, 9))
        found = tuned_run(X_drawn, y_drawn, X_drawn[:4], y_drawn[:4], 0.3, 6, size, limit, 0.0)
        weight, bias = torch.zeros(10, 5), torch.zeros(10)
        n_climb = len(found["batches"]) // 5
        climb = [0.3 * (k + 1) / (n_climb + 1) for k in range(n_climb)]
        wave = (0.3 * np.cos(np.linspace(0, np.pi / 2, len(found["batches"]) - n_climb)) ** 2).tolist()
        for rows, rate in zip(found["batches"], climb + wave, strict=True):
            error = (torch.softmax(X_drawn[rows] @ weight.T + bias, 1) - F.one_hot(y_drawn[rows], 10)) / len(rows)
            slopes = [error.T @ X_drawn[rows], error.sum(0)]
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
accuracy = (tuned_logits.argmax(1) == labels_valid).float().mean().item()
print(f"validation accuracy of the returned weights: {accuracy:.2f}")
print(f"rates of the first and the last update: {tuned['rates'][0]:.3f}, {tuned['rates'][-1]:.3f}")

# %% [markdown]
# The faulty program raises no error, and its accuracy is well above a guess. But its loss is worse than that of guessing, its
# rate never comes down, and its clipping clips what is discarded before the next step. With the sum instead of the mean the
# effective rate is 32 times the stated one: it then depends on the batch size.
#
# A run that is resumed needs more than weights: the optimizer's state (buffers, means, step counts), the schedule's count, the
# state of the random generators and the place in the epoch. Otherwise it starts with a second warm-up.
#
# **Why it matters.** Each of these faults is easy to overlook: nothing raises an error, and each line looks right by
# itself.
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
# **It is not overfitting.** Training and validation loss are the same, and both are close to $\ln 10 = 2.3$, the loss of
# guessing among ten classes. The network has hardly learned anything. Dropout and decay work against a gap, and there is
# none; they made the training harder. Take both out.
#
# **Why has it not learned?** Batches of 1024 give 49 updates an epoch, 490 in all, each with a tiny rate and no momentum.
# First see that the network can learn one small batch by heart. Then run a range test for SGD with momentum 0.9, and take a
# rate several times below the turn. Use smaller batches, or more epochs: count updates.
#
# **Adam.** A loss that stays at 2.30 with a rate of 0.1 says that this rate is a hundred times the usual 0.001. It says
# nothing about Adam. Adam gets a range test of its own.
#
# **The last claim does not hold.** Batch size and seed changed together, the best of twelve seeds was chosen, and on the test
# set. Compare two batch sizes, each with its own tuned rate and as many updates, on the validation part, over several seeds,
# and report mean and spread. The test set is then used once.
#
# **Then decide.** If the training loss still stays high: a larger network, longer training, a schedule. If it falls and the
# validation loss stays behind: early stopping first, since it costs only a held-out part and a copy, then AdamW's decay,
# dropout, or more data, one at a time.

# %% [markdown]
# ## The answer in half a minute
#
# *"How do you optimise the training of a neural network?"* Say it aloud first, then compare.
#
# **In half a minute.** "First I diagnose. Training loss high: I optimise. Training loss low and validation loss high: I
# regularise. To optimise, I tune the learning rate before everything else, with a range test, for the optimizer and batch
# size at hand: AdamW, or SGD with momentum, with a warm-up and a falling rate, and clipping if gradients spike. When I change
# the batch size I tune the rate again and count updates. To regularise, I take early stopping with a copy of the best
# weights, decoupled weight decay, dropout, augmentation, one at a time, judged on validation data over several seeds, and I
# say how many trials the tuning had."
#
# **When they press you.** You have shown each of these:
#
# - On a bowl, steps converge only below $2/\lambda_{\max}$; the condition number says how slow it then is
#   ([The learning rate](#The-learning-rate)). In a network trained on all data at once the curvature often grows
#   towards that limit ([The limit moves](#The-limit-moves)).
# - Momentum multiplies the effective rate by $1/(1 - \mu)$ and moves the limit to $2(1 + \mu)/\lambda_{\max}$ ([Momentum](#Momentum)).
# - Adam's first step moves each weight by one learning rate, whatever the gradient (if it is not 0). Without the bias correction it would be
#   $(1 - \beta_1)/\sqrt{1 - \beta_2}$ rates: longer with PyTorch's defaults, shorter with the betas of language models
#   ([Adam and its bias correction](#Adam-and-its-bias-correction)).
# - L2 and decoupled decay are the same for plain SGD, not with momentum and not for Adam
#   ([Decay: added to the gradient, or taken from the weight](#Decay:-added-to-the-gradient,-or-taken-from-the-weight)).
# - L1 gives exact zeros by soft-thresholding, not by gradient steps ([L1 and exact zeros](#L1-and-exact-zeros)).
# - The noise of a gradient is $\sigma^2/B$ ([Batch size and noise](#Batch-size-and-noise)), and a last batch of one row can
#   decide a run ([Four times the batch, measured](#Four-times-the-batch,-measured)).
# - Decay and early stopping took away a good part of the loss of an overfitted network, a warm-up next to nothing, and
#   clipping saved a run that died without it ([What a remedy is worth](#What-a-remedy-is-worth)).
# - A search with a budget beats the baseline on data that it never saw ([Tuning within a budget](#Tuning-within-a-budget)).
# - Clipping stands between `backward` and `step`, `scheduler.step()` after `optimizer.step()`, `eval()` before validation
#   ([The whole loop](#The-whole-loop)).
#
# **What the usual answer gets wrong.** "A suitable learning rate, such as Adam": Adam is an optimizer and has a learning rate
# of its own to tune. "A suitable batch size": suitable for what, and with which rate? "L1 and L2 prevent overfitting": they
# cannot help a run that does not fit. It says nothing about schedules, clipping, early stopping, normalisation of the inputs,
# or decoupled decay, nor about how one would know that a change helped: on validation data, with more than one seed.

# %% [markdown]
# # Choosing a framework
#
# *"Which deep learning framework would you take, and why?"*
#
# The usual answer is a list of criteria: needs, community, performance, ease of use, company support. Nobody objects to
# it, and it decides nothing: it has no weights, no measurement, and no word on what it costs to leave again. In
# this unit you build by hand what a framework does for you, run one and the same model in several of them, measure,
# move a network out of its framework, and put the criteria into a decision whose weak point you can compute.
#
# **Time.** Plan 270 minutes: 155 minutes of exercises, the rest for reading. Stop after any section. The exercises on
# gradients and on automatic differentiation use functions that you wrote just before.
#
# **How to work.** Run an exercise's cell and the check below it with Shift + Enter. Hints of growing strength stand
# below. Hidden checks run only when the notebook is graded; they vary the inputs and ask for nothing new. What you write leaves its
# arguments as they were, unless its docstring says that it changes them. You need
# Python, NumPy, and derivatives as school teaches them. PyTorch is introduced as you go.

# %%
import contextlib
import importlib.metadata
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import fx

from mftcourse import check, expect, expect_choice, expect_raises, grade, plots
from mftcourse.data import load_breast_cancer

torch.set_num_threads(1)  # tables as small as this one gain nothing from more threads

# %% [markdown]
# ## One model, by hand
#
# The data are 569 breast tumours with 30 measurements each; the label is `1` for malignant and `0` for benign. Every
# column is standardised here once, because this unit only compares programs that solve the same problem. (To judge a
# model you would split the rows first, and fit the scaler on the training part only.)

# %%
table, labels = load_breast_cancer()
X_all = ((table - table.mean()) / table.std(ddof=0)).to_numpy()
y_all = labels.to_numpy().astype(float)

# %% [markdown]
# The model is **logistic regression**. A row $x$ gets the logit $z = x \cdot w + b$ and the probability
# $p = 1/(1 + e^{-z})$. Training makes this **objective** small, for $n$ rows with labels $y$:
#
# $$L(w, b) = \frac{1}{n} \sum_i \left( \ln(1 + e^{z_i}) - y_i z_i \right) + \frac{\lambda}{2} \lVert w \rVert^2$$
#
# The sum is the binary cross-entropy, written for logits. The last term is **L2 regularisation** with strength
# $\lambda$; the bias $b$ is left out of it. The gradient follows by the chain rule, since the derivative of
# $\ln(1 + e^z)$ is $p$:
#
# $$\frac{\partial L}{\partial w} = \frac{1}{n} \sum_i (p_i - y_i)\, x_i + \lambda w, \qquad
# \frac{\partial L}{\partial b} = \frac{1}{n} \sum_i (p_i - y_i)$$
#
# **The smallest example.** One row $x = (2)$, label $y = 0$, $w = (1)$, $b = -2$, $\lambda = 1/2$. The logit is
# $2 - 2 = 0$, so $p = 1/2$. The objective is $\ln 2 + 1/4$. The gradient for $w$ is $1/2 \cdot 2 + 1/2 \cdot 1 = 3/2$,
# and for $b$ it is $1/2$.
#
# ### A gradient by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# Two rows, $(1, 3)$ and $(2, 5)$, both with label 1. The weights are $w = (2, -1)$ and $b = 1$, and $\lambda = 1/4$.
# Replace each `...`. Type fractions, and `math.log(2)` for a logarithm.

# %% exercise="gradient_by_hand" minutes=6
### BEGIN SOLUTION
gradient_hand = {"logits": [0, 0], "objective": math.log(2) + 5 / 8}
gradient_hand |= {"w": [-1 / 4, -9 / 4], "b": -1 / 2}
### END SOLUTION
### BEGIN RELEASE
# gradient_hand = {"logits": [..., ...], "objective": ..., "w": [..., ...], "b": ...}
### END RELEASE

# %% check="gradient_by_hand" points=4
with check("the two logits", hint="Row times weights, summed, plus the bias: 1 · 2 + 3 · (-1) + 1 for the first."):
    expect(gradient_hand["logits"], [0.0, 0.0], what="the list of logits", tell=False)
with check("the objective", hint="The mean of the two losses, plus half of lambda times the squared length of w."):
    expect(gradient_hand["objective"], math.log(2) + (2**2 + 1) / 8, what="the objective", tell=False)
with check("the gradient of w", hint="The mean over the rows of (p - y) times the row, plus lambda times w."):
    rows, w_here = torch.tensor([[1.0, 3.0], [2.0, 5.0]]), torch.tensor([2.0, -1.0], requires_grad=True)
    (F.binary_cross_entropy_with_logits(rows @ w_here + 1, torch.ones(2)) + (w_here**2).sum() / 8).backward()
    expect(gradient_hand["w"], w_here.grad.tolist(), what="the gradient of w", tell=False)
with check("the gradient of b", hint="The mean of p - y. Is the bias regularised?"):
    expect(gradient_hand["b"], -0.5, what="the gradient of b", tell=False)
grade("gradient_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Both logits come out the same, and so do both probabilities. A logit of zero is a probability of one half.
#
# </details>
# <details><summary>Hint 2</summary>
#
# $p - y$ is $-1/2$ for both rows. Their mean is the gradient of $b$; the bias has no regularisation term.
#
# </details>
# <details><summary>Hint 3</summary>
#
# First entry of the gradient of $w$: the mean of $-1/2 \cdot 1$ and $-1/2 \cdot 2$, plus $1/4 \cdot 2$. The second
# entry goes the same way with 3, 5 and $-1$. The squared length of $w$ is $4 + 1$.
#
# </details>
#
# **Why it matters.** This is the work that a framework takes off you, and you should be able to do it once.
# [What does a framework do that NumPy does not?](#What-does-a-framework-do-that-NumPy-does-not?)

# %% [markdown]
# ### The gradient in NumPy
#
# *Implement · 8 minutes · difficulty: one of three*
#
# Write the objective and its gradient for any number of rows and columns. Do not compute $e^{z}$ directly: for a large
# logit it overflows. `np.logaddexp(0, z)` is $\ln(e^0 + e^z)$ without overflow, and
# $p = e^{z - \ln(1 + e^z)}$ is the probability, also without overflow.


# %% exercise="logistic" minutes=8
def logistic(w, b, X, y, l2) -> tuple[float, np.ndarray, float]:
    """Return the objective of logistic regression and its gradient.

    Args:
        w: weights, array (n_features,).
        b: bias, a number.
        X: array (n_samples, n_features).
        y: labels, array (n_samples,), each 0.0 or 1.0.
        l2: strength of the L2 regularisation; the bias is not regularised.

    Returns:
        (objective, gradient of w with shape (n_features,), gradient of b).
        The example of the text: logistic([1.0], -2.0, [[2.0]], [0.0], 0.5), as arrays, is
        (ln 2 + 1/4, [3/2], 1/2).
        Logits of any size give finite results: no overflow.

    Raises:
        ValueError: y does not have the shape (n_samples,).
    """
    ### BEGIN SOLUTION
    if y.shape != (len(X),):
        raise ValueError(f"y has shape {y.shape}; it should be ({len(X)},)")
    z = X @ w + b
    softplus = np.logaddexp(0, z)  # ln(1 + e^z)
    error = np.exp(z - softplus) - y
    objective = (softplus - y * z).mean() + l2 / 2 * (w**2).sum()
    return float(objective), X.T @ error / len(y) + l2 * w, float(error.mean())
    ### END SOLUTION


# %% check="logistic" points=6
with check("the example of the text", hint="One row: nothing to average yet. Is the regularisation in both places?"):
    expect(
        logistic(np.array([1.0]), -2.0, np.array([[2.0]]), np.array([0.0]), 0.5),
        (math.log(2) + 1 / 4, np.array([1.5]), 0.5),
        what="(objective, gradient of w, gradient of b)",
    )
with check("your example by hand: two rows", hint="Divide by the number of rows, not by the number of columns."):
    expect(
        logistic(np.array([2.0, -1.0]), 1.0, np.array([[1.0, 3.0], [2.0, 5.0]]), np.ones(2), 0.25),
        (math.log(2) + 5 / 8, np.array([-0.25, -2.25]), -0.5),
        what="(objective, gradient of w, gradient of b)",
    )
with check("logits of any size", hint="Is there a bare np.exp(z) or np.exp(-z), a missing mean, or a logit that is cut off? Use the forms of the text."):
    far = np.array([[1000.0], [-1000.0], [-1000.0]])
    expect(
        logistic(np.array([1.0]), 0.0, far, np.array([1.0, 0.0, 1.0]), 0.0),
        (1000 / 3, np.array([1000 / 3]), -1 / 3),
        what="(objective, gradient of w, gradient of b)",
    )
    # far out the loss of the wrong label is the logit itself; near by it is that and ln(1 + e^-z) more
    for size, label in itertools.product((12.0, -16.0, 40_000.0, -40_000.0), (0.0, 1.0)):
        left = math.exp(-abs(size))
        lost = (abs(size) if (size > 0) != label else 0.0) + math.log1p(left)
        off = math.copysign((1.0 if (size > 0) != label else left) / (1 + left), 0.5 - label)
        expect(
            logistic(np.array([1.0]), 0.0, np.array([[size]]), np.array([label]), 0.0),
            (lost, np.array([off * size]), off),
            what=f"(objective, gradient of w, gradient of b) for the logit {size:.0f} and the label {label:.0f}",
        )
with check("anything but one label per row is refused", needs="the example of the text", hint="Compare y.shape with (len(X),) before anything else."):
    # shapes that NumPy itself would stretch without a word
    expect_raises(ValueError, logistic, np.zeros(2), 0.0, np.ones((2, 2)), np.ones((2, 1)), 0.1)
    expect_raises(ValueError, logistic, np.zeros(2), 0.0, np.ones((3, 2)), np.ones(1), 0.1)
    expect_raises(ValueError, logistic, np.zeros(2), 0.0, np.ones((1, 2)), np.ones(3), 0.1)
    expect_raises(ValueError, logistic, np.zeros(2), 0.0, np.ones((3, 2)), np.ones((1, 3)), 0.1)
### BEGIN HIDDEN TESTS
with check("random tables, equal to autograd", hint="Try other shapes and l2.", points=2, hidden=True) as rng:
    for _ in range(6):
        n_rows, n_columns, l2_drawn = int(rng.integers(1, 9)), int(rng.integers(1, 6)), float(rng.uniform(0, 2))
        X_drawn, y_drawn = rng.normal(size=(n_rows, n_columns)), rng.integers(0, 2, n_rows).astype(float)
        w_drawn, b_drawn = rng.normal(size=n_columns), float(rng.normal())
        got_all = logistic(w_drawn, b_drawn, X_drawn, y_drawn, l2_drawn)
        w_t = torch.tensor(w_drawn, requires_grad=True)
        b_t = torch.tensor(b_drawn, dtype=torch.float64, requires_grad=True)
        z_t = torch.tensor(X_drawn) @ w_t + b_t
        value_t = F.binary_cross_entropy_with_logits(z_t, torch.tensor(y_drawn)) + l2_drawn / 2 * (w_t**2).sum()
        value_t.backward()
        expect(got_all, (value_t.item(), w_t.grad.numpy(), b_t.grad.item()), tol=1e-8)
### END HIDDEN TESTS
grade("logistic")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three lines: the logits `z`, the errors $p - y$ with one entry per row, and the three results.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The sum over rows of `error[i] * X[i]` is the matrix product `X.T @ error`. The squared length of `w` is `w @ w`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution: `error = np.exp(z - np.logaddexp(0, z)) - y`; the gradient of w is `X.T @ error / len(y) + l2 * w`, that of b is
# `error.mean()`, and the objective is `(np.logaddexp(0, z) - y * z).mean() + l2 / 2 * w @ w`.
#
# </details>
#
# **Why it matters.** Twelve lines suffice for this model. A new loss or a new layer means new lines, and every one may
# be wrong. That, and not logistic regression, is why people use frameworks.
# [When is scikit-learn enough?](#When-is-scikit-learn-enough?)

# %% [markdown]
# ## Is the gradient right?
#
# A gradient that is wrong by a little still makes the loss fall. So you check it against a **numeric gradient**, which
# needs nothing but the function itself. Move one coordinate a small step up and a small step down:
#
# $$\frac{\partial f}{\partial x_j} \approx \frac{f(x + \varepsilon e_j) - f(x - \varepsilon e_j)}{2 \varepsilon}$$
#
# This is the **central difference**; $e_j$ is one at position $j$ and zero elsewhere. The forward difference,
# $(f(x + \varepsilon e_j) - f(x))/\varepsilon$, is less exact.
#
# **The smallest example.** $f(x) = x^3$ at $x = 2$; the true slope is $3 \cdot 4 = 12$. With $\varepsilon = 1$ the central
# difference is $(27 - 1)/2 = 13$, the forward difference $27 - 8 = 19$. For $x^3$ the central difference is too
# large by exactly $\varepsilon^2$: with half the step, a quarter of the error.
#
# ### A numeric gradient
#
# *Implement · 7 minutes · difficulty: one of three*
#
# `f` takes an array and returns a number; further arguments of `f` are handed on. Two functions to try it on stand in
# the cell.


# %% exercise="numeric_gradient" minutes=7
def polynomial(x, coefficients) -> float:
    """Return the sum of coefficients[j] * x[j]**3, plus x[0] * x[-1]; given."""
    return float((coefficients * x**3).sum() + x[0] * x[-1])


def objective_of(theta, X, y, l2) -> float:
    """Return your objective for theta = (w, b) in one array, the bias last; given."""
    return logistic(theta[:-1], theta[-1], X, y, l2)[0]


def numeric_gradient(f, x, args=(), eps=1e-5) -> np.ndarray:
    """Return the gradient of f at x by central differences.

    Args:
        f: a function; f(x, *args) is a number.
        x: array (n,) of floats.
        args: further arguments of f.
        eps: the step, the same for every coordinate.

    Returns:
        Array (n,), one central difference for each coordinate; the others stand still meanwhile.
        Example: for f(x) = x[0]**3 at [2.0] with eps=1.0 it is [13.0].
    """
    ### BEGIN SOLUTION
    gradient = np.empty(len(x))
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = eps
        gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
    return gradient
    ### END SOLUTION


# %% check="numeric_gradient" points=5
with check("a cubic with a large step: too large by eps squared", hint="Up, down, and divide by 2 * eps."):
    # x^3 + x * x at 2: 12 + 4, and eps^2 = 1/4 on top
    expect(
        numeric_gradient(polynomial, np.array([2.0]), (np.array([1.0]),), eps=0.5),
        np.array([16.25]),
        what="the gradient",
    )
with check("three coordinates, one moved at a time", hint="Does every coordinate get its own step, of the size eps, from the same x?"):
    x_three, c_three = np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, -1.0])
    want_three = 3 * c_three * x_three**2 + 0.25 * c_three + np.array([3.0, 0.0, 1.0])
    expect(numeric_gradient(polynomial, x_three, (c_three,), eps=0.5), want_three, what="the gradient")
    x_large = np.array([20.0, -300.0, 4096.0])
    want_large = c_three * (3 * x_large**2 + 0.25) + np.array([4096.0, 0.0, 20.0])
    expect(numeric_gradient(polynomial, x_large, (c_three,), eps=0.5), want_large, what="the gradient at large numbers")
with check("the step that is used when none is given", hint="The default of eps is 1e-5."):
    # one coordinate of size 1000: the error of the difference is 1e6 * eps^2
    got_default = numeric_gradient(polynomial, np.array([0.0, 0.0]), (np.array([1e6, 1e4]),))
    expect(got_default, np.array([1e-4, 1e-6]), tol=1e-9, what="the gradient")
with check("your logistic regression on the real tumours", hint="args holds X, y and l2.") as rng:
    theta_drawn = rng.normal(size=31) / 10
    got_numeric = numeric_gradient(objective_of, theta_drawn, (X_all, y_all, 0.1))
    z_drawn = X_all @ theta_drawn[:-1] + theta_drawn[-1]
    error_drawn = (1 / (1 + np.exp(-z_drawn)) - y_all) / len(y_all)
    want_numeric = np.append(X_all.T @ error_drawn + 0.1 * theta_drawn[:-1], error_drawn.sum())
    expect(got_numeric, want_numeric, tol=1e-7, what="the gradient")
### BEGIN HIDDEN TESTS
with check("random points, coefficients and steps", hint="Try eps=0.5 on data of your own.", hidden=True) as rng:
    for _ in range(8):
        x_drawn = rng.normal(size=int(rng.integers(2, 6)))
        c_drawn, eps_drawn = rng.normal(size=len(x_drawn)), float(rng.choice([0.25, 0.5, 2.0]))
        want_slopes = c_drawn * (3 * x_drawn**2 + eps_drawn**2)
        want_slopes[0] += x_drawn[-1]
        want_slopes[-1] += x_drawn[0]
        expect(numeric_gradient(polynomial, x_drawn, (c_drawn,), eps=eps_drawn), want_slopes, what="the gradient")
### END HIDDEN TESTS
grade("numeric_gradient")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A loop over the coordinates. For each, an array of zeros with `eps` at that place is the step.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `f(x + step, *args)` calls `f` with the further arguments. The distance between the two points is `2 * eps`.
#
# </details>
#
# **Why it matters.** It costs two calls of the function for every coordinate: 62 for the 31 numbers of our model, and
# two billion for a billion weights. It is a tool for checking, not for training. For a large model you check one random
# direction $v$ instead: $(f(x + \varepsilon v) - f(x - \varepsilon v))/(2 \varepsilon)$ must be the gradient times $v$.
# Two calls, whatever the number of weights.
# [How do you check a gradient?](#How-do-you-check-a-gradient?)

# %% [markdown]
# ### Which step is best?
#
# *Predict, then run · 4 minutes · difficulty: two of three*
#
# Two errors pull in opposite directions. The formula's own error shrinks with the step: like $\varepsilon$ for the
# forward difference, like $\varepsilon^2$ for the central one. Rounding grows: both values of $f$ carry a relative
# error $u$, and dividing by $\varepsilon$ turns it into about $u/\varepsilon$. In `float64`, $u$ is about `1e-16`, in
# `float32` about `6e-8`. The best step makes both errors about equal.
#
# The function is $e^x$ at $x = 1$. Which of four steps has the smallest error? Answer with a letter for each line.
#
# - (a) `1e-2`
# - (b) `1e-5`
# - (c) `1e-8`
# - (d) `1e-12`

# %% exercise="step_size" minutes=4
### BEGIN SOLUTION
best_step = {"central, float64": "b", "forward, float64": "c", "central, float32": "a"}
### END SOLUTION
### BEGIN RELEASE
# best_step = {"central, float64": ..., "forward, float64": ..., "central, float32": ...}
### END RELEASE

# %% check="step_size" points=3
with check("central differences in float64", hint="Where is eps squared about u / eps? Solve for eps."):
    expect_choice(best_step["central, float64"], "b", {
        "a": "Too coarse: eps squared is 1e-4, and rounding would allow much smaller steps.",
        "b": "The cube root of u is about 5e-6: there both errors are near 1e-11.",
        "c": "Here rounding has already grown to about 1e-8, far above eps squared.",
        "d": "Nearly all digits cancel: rounding is about 1e-4.",
    })  # fmt: skip
with check("forward differences in float64", hint="Where is eps about u / eps?"):
    expect_choice(best_step["forward, float64"], "c", {
        "a": "The error of the formula is about eps: more than one percent here.",
        "b": "Good for central differences. The forward formula still has an error of about 1e-5 here.",
        "c": "The square root of u is about 1e-8: both errors are near 1e-8, a thousand times those of the central formula.",
        "d": "Nearly all digits cancel: rounding is about 1e-4.",
    })  # fmt: skip
with check("central differences in float32", hint="The cube root of 6e-8: which of the four is nearest?"):
    expect_choice(best_step["central, float32"], "a", {
        "a": "The cube root of 6e-8 is about 4e-3. Coarse, but in float32 there is nothing better.",
        "b": "Rounding gives 6e-8 / 1e-5, more than half a percent. This step is for float64.",
        "c": "1 + 1e-8 is rounded to 1 in float32: both values are equal, and the slope comes out as zero.",
        "d": "1 + 1e-12 is rounded to 1 in float32: the slope comes out as zero.",
    })  # fmt: skip
grade("step_size")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Set the two errors equal. Central: $\varepsilon^2 = u/\varepsilon$. Forward: $\varepsilon = u/\varepsilon$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Central: the cube root of $u$. Forward: the square root of $u$. Then take the option that is nearest on a logarithmic scale.
#
# </details>

# %% demo=true
# Figure: the error of numeric slopes against the step, for each formula and precision
steps_tried = 10.0 ** np.arange(-13, 0)
error_lines = {}
for words, dtype, central in (
    ("central, float64", np.float64, True),
    ("forward, float64", np.float64, False),
    ("central, float32", np.float32, True),
):
    points = np.linspace(0.9, 1.1, 401).astype(dtype)[:, None]  # rounding is luck: take the median
    eps = steps_tried.astype(dtype)
    below = points - eps * dtype(central)
    slope = (np.exp(points + eps) - np.exp(below)) / (eps * dtype(1 + central))
    error_lines[words] = np.median(np.abs(slope / np.exp(points.astype(float)) - 1), axis=0)
fig, (ax,) = plots.canvas(1, width=6.4, height=4.2)
for (words, errors), style in zip(error_lines.items(), plots.line_styles, strict=False):
    ax.plot(steps_tried, errors, label=words, **(style | {"markersize": 5}))
ax.set(xscale="log", yscale="log", xlabel="step eps", ylabel="median relative error of the slope")
ax.set_title("Each formula and each precision has its own best step", fontsize=10)
ax.legend(fontsize=8)
lowest = {words: steps_tried[int(np.argmin(errors))] for words, errors in error_lines.items()}
plots.show(
    fig,
    alt="Median relative error of numeric slopes near 1 against the step, both axes logarithmic. "
    "Every curve falls and rises again. "
    + ", ".join(f"{words}: lowest at {step:.0e}" for words, step in lowest.items())
    + ". The central curve in float64 goes lowest by far; "
    "in float32 the error is one for tiny steps.",
)

# %% [markdown]
# Left of the lowest point rounding rules, right of it the formula. "The smaller, the more exact" is wrong, and in
# `float32` no step gets the error below about `1e-5`.
#
# **Why it matters.** A gradient check with a bad step refuses right gradients, and people learn to ignore it.
# [How do you check a gradient?](#How-do-you-check-a-gradient?)

# %% [markdown]
# ### A gradient check that is wrong
#
# *Find the bug · 9 minutes · difficulty: two of three*
#
# A colleague's program compares a claimed gradient of our objective with a numeric one, and says how far apart they are.
# Run it, then the cell below it. It finds that the right gradient is infinitely wrong, and it has nothing to say
# against a gradient of zeros. Repair it. The error of one entry, claimed $a$ against numeric $m$, should be
#
# $$\frac{|a - m|}{\max(1, |a|, |m|)}$$
#
# This is relative where the gradient is large, and absolute where it is small: a true zero divides nothing by zero.
#
# **The smallest example.** Claimed $(0, 8)$, numeric $(0, 10)$: the errors are $0/1$ and $2/10$, so the largest is
# $1/5$.


# %% exercise="fix_gradient_check" minutes=9 faults=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
def gradient_check(claimed, theta, X, y, l2) -> dict:
    """Compare a claimed gradient of the objective with central differences.

    Args:
        claimed: array (n_features + 1,), the claimed gradient; the bias is last.
        theta: array (n_features + 1,), weights and bias, where the gradient is taken.
        X, y, l2: as in `logistic`: the objective is a mean over rows plus l2 / 2 times the squared
            length of the weights, without the bias.

    Returns:
        "numeric": array (n_features + 1,), the numeric gradient, right to 1e-8 for entries of
            size one.
        "error": float, the largest |a - m| / max(1, |a|, |m|) over all entries.
    """
    ### BEGIN SOLUTION
    eps = 1e-5

    def objective(point):
        z = X @ point[:-1] + point[-1]
        return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (point[:-1] ** 2).sum()

    numeric = np.zeros(len(theta))
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = eps
        numeric[j] = (objective(theta + step) - objective(theta - step)) / (2 * eps)
    scale = np.max([np.ones(len(theta)), np.abs(claimed), np.abs(numeric)], axis=0)
    return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale).max())}
    ### END SOLUTION
    ### BEGIN RELEASE
    # eps = 1e-12  # "as small as possible"
    # X, theta = X.astype(np.float32), theta.astype(np.float32)  # "to save memory"
    #
    # def objective(point):
    #     z = X @ point[:-1] + point[-1]
    #     return (np.logaddexp(0, z) - y * z).sum() + l2 / 2 * (point[:-1] ** 2).sum()
    #
    # numeric = np.zeros(len(theta))
    # for j in range(len(theta)):
    #     moved = theta.copy()
    #     moved[j] += eps
    #     numeric[j] = (objective(moved) - objective(theta)) / eps
    # with np.errstate(divide="ignore", invalid="ignore"):
    #     error = np.abs(claimed - numeric) / np.abs(numeric)
    # return {"numeric": numeric, "error": float(error.max())}
    ### END RELEASE


# %% check="fix_gradient_check" points=6
with check("the numeric gradient of the example", hint="Your example by hand. Which precision? Mean or sum? One side or two?"):
    by_hand = np.array([-0.25, -2.25, -0.5])
    X_two, theta_two = np.array([[1.0, 3.0], [2.0, 5.0]]), np.array([2.0, -1.0, 1.0])
    found_two = gradient_check(by_hand, theta_two, X_two, np.ones(2), 0.25)
    expect(found_two["numeric"], by_hand, tol=1e-8, what="the numeric gradient")
with check("the right gradient has nearly no error", hint="Which precision, and which step, does the check work with?") as rng:
    theta_drawn = rng.normal(size=31) / 10
    _, right_w, right_b = logistic(theta_drawn[:-1], theta_drawn[-1], X_all, y_all, 0.1)
    right = gradient_check(np.append(right_w, right_b), theta_drawn, X_all, y_all, 0.1)["error"]
    assert right < 1e-7, f"The right gradient on the tumours gets an error of {right:.1e}."
    # one row, z = 4.7 / 20 + 3/4: the third derivative is large, and float32 has no 4.7
    curved = np.array([-4.7, -1.0]) / (1 + math.exp(4.7 / 20 + 3 / 4))
    coarse = gradient_check(curved, np.array([1 / 20, 3 / 4]), np.array([[4.7]]), np.ones(1), 0.0)["error"]
    assert coarse < 1e-8, f"The right gradient of one row gets an error of {coarse:.1e}."
with check("a column of zeros", hint="A weight without effect has the gradient zero in both. What is 0/0?"):
    X_zero, y_zero = np.array([[0.0, 1.0], [0.0, 3.0]]), np.array([1.0, 0.0])
    # logits zero: errors -1/2 and 1/2
    zero = gradient_check(np.array([0.0, 0.5, 0.0]), np.zeros(3), X_zero, y_zero, 0.0)
    assert zero["error"] < 1e-7, "Claimed and true gradient agree, zeros included: the error should be nearly 0."
with check("large entries: relative", hint="Divide by the larger of |a| and |m|, where that is above 1."):
    # one row, logit zero: the gradient of w is -1/2 * 20 and that of b is -1/2
    larger = gradient_check(np.array([-40.0, -0.5]), np.zeros(2), np.array([[20.0]]), np.ones(1), 0.0)
    expect(larger["error"], 3 / 4, tol=1e-6, what="the error of -40 for -10")
    smaller = gradient_check(np.array([-8.0, -0.5]), np.zeros(2), np.array([[20.0]]), np.ones(1), 0.0)
    expect(smaller["error"], 1 / 5, tol=1e-6, what="the error of -8 for -10")
with check("small entries: absolute", hint="Nothing is divided by less than 1."):
    small = gradient_check(np.array([0.25, -0.5]), np.zeros(2), np.array([[1.0]]), np.ones(1), 0.0)
    expect(small["error"], 3 / 4, tol=1e-6, what="the error of 0.25 for -0.5")
### BEGIN HIDDEN TESTS
with check("random tables", hint="Try other shapes, l2, and a gradient that is off in several places.", hidden=True) as rng:
    for _ in range(5):
        n_rows, n_columns, l2_drawn = int(rng.integers(2, 9)), int(rng.integers(1, 5)), float(rng.uniform(0.2, 2))
        X_drawn, y_drawn = rng.normal(size=(n_rows, n_columns)), rng.integers(0, 2, n_rows).astype(float)
        theta_drawn = rng.normal(size=n_columns + 1)
        wrong_part = (1 / (1 + np.exp(-(X_drawn @ theta_drawn[:-1] + theta_drawn[-1]))) - y_drawn) / n_rows
        true_gradient = np.append(X_drawn.T @ wrong_part + l2_drawn * theta_drawn[:-1], wrong_part.sum())
        claim_drawn = true_gradient + rng.normal(size=n_columns + 1) * 3
        found_drawn = gradient_check(claim_drawn, theta_drawn, X_drawn, y_drawn, l2_drawn)
        scale_drawn = np.maximum(1, np.maximum(np.abs(claim_drawn), np.abs(true_gradient)))
        expect(found_drawn["numeric"], true_gradient, tol=1e-8, what="the numeric gradient")
        want_error = (np.abs(claim_drawn - true_gradient) / scale_drawn).max()
        expect(found_drawn["error"], want_error, tol=1e-6, what="the error")
### END HIDDEN TESTS
grade("fix_gradient_check")

# %% demo=true
zero_theta = np.full(31, 0.05)
try:
    _, w_right, b_right = logistic(zero_theta[:-1], zero_theta[-1], X_all, y_all, 0.1)
    claims = {"the right gradient": np.append(w_right, b_right), "all zeros": np.zeros(31)}
    for words, claim in claims.items():
        said = gradient_check(claim, zero_theta, X_all, y_all, 0.1)["error"]
        verdict = "refused" if said > 1e-6 else "accepted"
        print(f"{words}: error {said:.1e}, so a test `error > 1e-6` says: {verdict}")
except NotImplementedError:
    print("This cell uses your `logistic`: write it first, then run this cell again.")

# %% [markdown]
# Before the repair this cell accepts the zeros and refuses the right gradient: in `float32` the tiny step is rounded
# away, every difference is zero, and `nan > 1e-6` is false. After the repair it is the other way round.
#
# <details><summary>Hint 1</summary>
#
# There are five faults: the precision, the size of the step, the side of the difference, the objective, and what the
# error is divided by. Print `numeric` for the example by hand.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Work in `float64` with `eps = 1e-5`, on both sides. The docstring says "a mean over rows".
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution: for each j, `step = np.zeros(len(theta))` and `step[j] = eps`, then
# `(objective(theta + step) - objective(theta - step)) / (2 * eps)`. The error is divided by
# `np.maximum(1, np.maximum(np.abs(claimed), np.abs(numeric)))`.
#
# </details>
#
# **Why it matters.** PyTorch has such a check, `torch.autograd.gradcheck`, and it warns about anything less than `float64`.
# [How do you check a gradient?](#How-do-you-check-a-gradient?)

# %% [markdown]
# ## The same model in several frameworks
#
# To compare frameworks you must first give them the same problem. Their settings have the same names and mean different
# things. Our objective is a **mean** over $n$ rows plus $\frac{\lambda}{2} \lVert w \rVert^2$.
#
# | library | what it minimises, or adds |
# |---|---|
# | scikit-learn, `LogisticRegression(C=C)` | $\frac{1}{2} \lVert w \rVert^2 + C \cdot$ the **sum** of the losses |
# | PyTorch, `SGD(weight_decay=d)` | adds $d \cdot w$ to the gradient, for the parameters that it is given for |
# | Keras, `regularizers.L2(k)` | adds $k \lVert w \rVert^2$ to the mean loss, without a half |
#
# Multiply an objective by a number, and its lowest point stays where it is.
#
# **The smallest example.** $n = 4$ rows, $\lambda = 1/2$. Ours times 2 is $\frac{1}{2} \lVert w \rVert^2 + 2 \cdot$ mean,
# and the mean is a quarter of the sum. So $C = 2/4 = 1/2$.
#
# ### One strength, four names
#
# *By hand · 5 minutes · difficulty: two of three*
#
# Now $n = 50$ and $\lambda = 1/10$. Which settings give our objective? And the other way round: which $\lambda$ does
# scikit-learn's default, `C=1`, stand for with these 50 rows?

# %% exercise="same_objective" minutes=5
### BEGIN SOLUTION
settings_hand = {"C": 1 / 5, "weight_decay": 1 / 10, "keras_l2": 1 / 20, "lambda_of_C_1": 1 / 50}
### END SOLUTION
### BEGIN RELEASE
# settings_hand = {"C": ..., "weight_decay": ..., "keras_l2": ..., "lambda_of_C_1": ...}
### END RELEASE

# %% check="same_objective" points=4
with check("scikit-learn's C", hint="Divide our objective by lambda. What stands before the sum then?"):
    expect(settings_hand["C"], 1 / (50 / 10), what="C", tell=False)
with check("PyTorch's weight_decay", hint="What is the derivative of lambda / 2 times w squared?"):
    expect(settings_hand["weight_decay"], 0.1, what="weight_decay", tell=False)
with check("Keras's L2", hint="Keras writes no half."):
    expect(settings_hand["keras_l2"], 0.1 / 2, what="the argument of L2", tell=False)
with check("the lambda behind C = 1", hint="Solve C = 1 / (n lambda) for lambda."):
    expect(settings_hand["lambda_of_C_1"], 1 / 50, what="lambda", tell=False)
grade("same_objective")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Ours divided by $\lambda$ is $\frac{1}{2} \lVert w \rVert^2 + \frac{1}{n \lambda} \cdot$ sum. Compare with the table.
#
# </details>
# <details><summary>Hint 2</summary>
#
# $C = 1/(n \lambda)$. PyTorch's number is $\lambda$ itself, Keras's is half of it.
#
# </details>
#
# **Why it matters.** With `C` fixed, twice the rows are half the $\lambda$. Before you believe that framework A is more
# accurate than B, ask whether both minimised the same objective.
# [Do two libraries with the same settings fit the same model?](#Do-two-libraries-with-the-same-settings-fit-the-same-model?)

# %% [markdown]
# ### The programs
#
# Here is our model in five dialects. Each program defines `fit(X, y, l2)`, which returns weights and bias. All of them
# except scikit-learn's take 300 steps of gradient descent with learning rate `0.5`; scikit-learn brings an optimizer of
# its own. Read them side by side: where is the gradient? JAX and Keras are optional here: no exercise needs them, and
# the table says how to install them. TensorFlow is in the question and not in the table: this course does not install
# it. Keras's program is written so that it could run on it too; that is not measured here.

# %%
programs = {}
programs["NumPy"] = """
import numpy as np

def fit(X, y, l2, lr=0.5, steps=300):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(steps):
        error = (1 / (1 + np.exp(-(X @ w + b))) - y) / len(y)
        w, b = w - lr * (X.T @ error + l2 * w), b - lr * error.sum()
    return w, b
"""
programs["scikit-learn"] = """
from sklearn.linear_model import LogisticRegression

def fit(X, y, l2):
    model = LogisticRegression(C=1 / (l2 * len(y)), tol=1e-8, max_iter=1000).fit(X, y)
    return model.coef_[0], model.intercept_[0]
"""
programs["PyTorch"] = """
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

def fit(X, y, l2, lr=0.5, steps=300):
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    b = torch.zeros((), dtype=X.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": [w], "weight_decay": l2}, {"params": [b]}], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(X @ w + b, y).backward()
        optimizer.step()
    return w.detach().numpy(), b.item()
"""
programs["JAX"] = """
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

def objective(params, X, y, l2):
    w, b = params
    z = X @ w + b
    return jnp.mean(jax.nn.softplus(z) - y * z) + l2 / 2 * w @ w

@jax.jit
def step(params, X, y, l2, lr):
    slopes = jax.grad(objective)(params, X, y, l2)
    return jax.tree.map(lambda p, slope: p - lr * slope, params, slopes)

def fit(X, y, l2, lr=0.5, steps=300):
    params = jnp.zeros(X.shape[1]), jnp.zeros(())
    for _ in range(steps):
        params = step(params, X, y, l2, lr)
    return params
"""
programs["Keras on PyTorch"] = programs["Keras on JAX"] = """
from keras import Input, Sequential, layers, losses, optimizers, regularizers

def fit(X, y, l2, lr=0.5, steps=300):
    layer = layers.Dense(1, kernel_initializer="zeros", kernel_regularizer=regularizers.L2(l2 / 2))
    model = Sequential([Input(X.shape[1:]), layer])
    model.compile(optimizers.SGD(lr), losses.BinaryCrossentropy(from_logits=True))
    model.fit(X, y, batch_size=len(y), epochs=steps, shuffle=False, verbose=0)
    return layer.get_weights()
"""

# %% [markdown]
# **How to measure.** Each program runs in a fresh Python process, so that none profits from what another has loaded.
# Three times are kept apart: the import, the first fit, and a second fit in the same process. The peak memory is that
# of the whole process. On Linux the obvious call, `resource.getrusage`, would be wrong here: a child starts with the
# peak of the process that started it, so a big notebook makes every framework look big. So the program reads its own
# peak from the kernel.

# %%
stopwatch = """
import json, re, sys, time
start = time.perf_counter()
exec(sys.argv[1])                                     # imports, and defines fit
seconds = {"import": time.perf_counter() - start}
import numpy as np
data = np.load(sys.argv[2])
for name in ("first fit", "second fit"):
    start = time.perf_counter()
    w, b = fit(data["X"], data["y"], 0.1)
    seconds[name] = time.perf_counter() - start
try:
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
except (OSError, TypeError):                          # no Linux
    try:
        import resource                               # macOS counts in bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    except ImportError:                               # Windows: not measured
        peak = float("nan")
weights = np.append(np.asarray(w, dtype=float).ravel(), np.asarray(b, dtype=float).ravel()).tolist()
print(json.dumps({"seconds": seconds, "peak": peak, "weights": weights}))
"""


def in_fresh_process(source, *arguments, backend="torch"):
    """Run Python source in a process of its own; return what its last line of output says.

    Where a library is missing, or cannot be imported, it prints the reason and returns None.

    Args:
        source: the program; it prints JSON last.
        arguments: strings, its sys.argv from 1 on.
        backend: the library that Keras should stand on.
    """
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "data.npz", X=X_all, y=y_all)
        settings = {"KERAS_BACKEND": backend, "KERAS_HOME": folder}
        settings |= {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", source, *arguments, str(Path(folder) / "data.npz")],
            capture_output=True, text=True, env=os.environ | settings,
        )  # fmt: skip
    reasons = re.findall(r"^(?:ModuleNotFound|Import)Error.*", done.stderr, re.MULTILINE)
    if done.returncode and reasons:
        print("one program did not run:", reasons[-1])
        return None
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    return json.loads(done.stdout.splitlines()[-1])


# %% demo=true
measured = {}
how_to_install = 'pip install -e ".[frameworks]" -c constraints.txt'
for name, source in programs.items():
    backend = "jax" if "JAX" in name else "torch"
    measured[name] = in_fresh_process(stopwatch, source, backend=backend)
print(f"{'':<18}{'lines':>6}{'import':>9}{'first fit':>11}{'second fit':>12}{'peak':>10}", end="")
print(f"{'objective':>11}{'apart':>10}")
reference_weights = np.array(measured["NumPy"]["weights"])
for name, source in programs.items():
    lines, row = len([line for line in source.splitlines() if line.strip()]), measured[name]
    if row is None:
        print(f"{name:<18}{lines:>6}   not measured; to install:", how_to_install)
        continue
    weights = np.array(row["weights"])
    z = X_all @ weights[:-1] + weights[-1]
    value = (np.logaddexp(0, z) - y_all * z).mean() + 0.05 * weights[:-1] @ weights[:-1]
    spent, apart = row["seconds"], np.abs(weights - reference_weights).max()
    print(
        f"{name:<18}{lines:>6}{spent['import']:>7.2f} s{spent['first fit']:>9.3f} s"
        f"{spent['second fit']:>10.3f} s{row['peak']:>6.0f} MiB{value:>11.6f}{apart:>10.0e}"
    )
rows = [row for row in measured.values() if row]
agree = all(np.allclose(row["weights"], reference_weights, atol=1e-4) for row in rows)
print("All weights within 1e-4 of NumPy's:", "yes" if agree else "NO, these are different problems")

# %% [markdown]
# The column *apart* is the largest difference to NumPy's weights. All weights agree to three decimals, so the programs
# solve one problem. Only then do the other columns mean something. (Keras computes in `float32`; the rest in `float64`.)
#
# Now read the table, on your machine:
#
# - For this model the import takes longer than the second fit, in NumPy, scikit-learn, PyTorch and JAX. (In Keras the two can
#   come close.) For a job that is started once a minute, that can decide. For a job that trains for a week, it is nothing.
# - In PyTorch and JAX the first fit is much slower than the second. JAX compiles the step in it (the loop over the steps stays in Python); what PyTorch does there the table does not
#   say. Elsewhere the difference is smaller, and can even be reversed.
# - NumPy's program is as short as Keras's and shorter than those of PyTorch and JAX. It is also the only one with a
#   derivative in it: change the model, and you derive again.
# - scikit-learn says *what*, not *how*: the fewest lines, but you cannot change the inside.
# - Keras runs the *same source* on two backends. It is no third engine beside PyTorch and JAX: it is an
#   interface on top of one. "TensorFlow, PyTorch or Keras?" compares things of two levels.
# - NumPy needs the least memory. The table says how much, not for what: that would take a second measurement, behind the import.
#
# What the table does **not** show: a GPU, a large model, several machines, an input pipeline, deployment. A table like
# this is about *your* workload or about nothing.

# %% [markdown]
# ## What a framework does for you
#
# The programs for PyTorch, JAX and Keras contain no derivative. They use **automatic differentiation** in **reverse
# mode**, which is not numeric (no step, no cancellation; it is exact up to the rounding of each operation) and not
# symbolic (no formula for the whole). It runs the program, notes each operation in a **computational graph**, and then goes backwards through the notes with the
# chain rule (A. G. Baydin and others, "Automatic differentiation in machine learning: a survey", 2018).
#
# Each operation knows only its **local slopes**: the derivative of its result with respect to each input. For $c = a \cdot b$ they
# are $b$ (towards $a$) and $a$ (towards $b$). Going backwards, each value receives its **gradient**, the
# derivative of the last result with respect to it. A parent's gradient grows by *local slope times the gradient of the child*.
# It **grows**: a value that is used twice receives two contributions, and they are added.
#
# **The smallest example.** $a = 3$, $f = a \cdot a + a$. Forward: $m = 9$, $f = 12$. Backward: $f$ has gradient 1. The
# addition hands 1 to $m$ and 1 to $a$. The product hands $3 \cdot 1$ to $a$, twice. Together $1 + 3 + 3 = 7$, and
# indeed $2a + 1 = 7$.
#
# ### Backwards on paper
#
# *By hand · 6 minutes · difficulty: one of three*
#
# $a = 2$, $b = 3$. Compute $c = a \cdot b$, then $d = c + a$, then $e = d \cdot d$. Write down the value of $e$, and the
# gradient of $e$ with respect to $d$, $c$, $b$ and $a$.

# %% exercise="graph_by_hand" minutes=6
### BEGIN SOLUTION
graph_hand = {"e": 64, "d": 16, "c": 16, "b": 32, "a": 64}
### END SOLUTION
### BEGIN RELEASE
# graph_hand = {"e": ..., "d": ..., "c": ..., "b": ..., "a": ...}
### END RELEASE

# %% check="graph_by_hand" points=5
with check("the value of e", hint="c, then d, then d times d."):
    expect(graph_hand["e"], (2 * 3 + 2) ** 2, what="e", tell=False)
with check("the gradient of d", hint="d is used twice in d times d."):
    expect(graph_hand["d"], 2 * (2 * 3 + 2), what="the gradient of d", tell=False)
with check("the gradient of c", hint="An addition hands on what it receives."):
    expect(graph_hand["c"], 2 * (2 * 3 + 2), what="the gradient of c", tell=False)
with check("the gradient of b", hint="The local slope of a times b towards b is a."):
    expect(graph_hand["b"], 2 * (2 * 3 + 2) * 2, what="the gradient of b", tell=False)
with check("the gradient of a", hint="a is used in c and in d: two contributions."):
    expect(graph_hand["a"], 2 * (2 * 3 + 2) * (3 + 1), what="the gradient of a", tell=False)
grade("graph_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Start at the end: the gradient of $e$ is 1. The product $d \cdot d$ hands $d \cdot 1$ to $d$, twice.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The addition $d = c + a$ hands the gradient of $d$ to $c$ and to $a$ unchanged. The product $c = a \cdot b$ hands
# $b$ times the gradient of $c$ to $a$ on top of that.
#
# </details>
#
# **Why it matters.** Forget the sum, and every value that is used twice gets a wrong gradient.
# [How does autograd handle a value that is used twice?](#How-does-autograd-handle-a-value-that-is-used-twice?)

# %% [markdown]
# ### Operations that remember
#
# *Implement · 12 minutes · difficulty: two of three*
#
# A `Value` is a number that knows where it came from: its `parents`, and for each parent the local slope. The idea and its
# brevity are those of A. Karpathy's *micrograd* (2020). Six operations are yours; the others are made from
# them.
#
# **Example.** `Value(2.0) * Value(3.0)` has `data` 6, `parents` the two factors in this order, and `slopes`
# `(3.0, 2.0)`.
#
# `softplus` is $\ln(1 + e^x)$, and its slope is $1/(1 + e^{-x})$. Python's `math.exp(1000)` stops with an
# error, so write it without overflow: $\max(x, 0) + \ln(1 + e^{-|x|})$, with `math.log1p`. The slope is
# $e^{x - \mathrm{softplus}(x)}$.


# %% exercise="value_operations" minutes=12
class Value:
    """A number in a computational graph.

    Attributes:
        data: the number, a float.
        parents: tuple of the Values that it was computed from, in the order of the operation;
            empty for an input.
        slopes: tuple of floats, the derivative of this number with respect to each parent.
        grad: the gradient that a backward pass leaves here; 0.0 before.
        serial: a running number. A Value is always made after its parents, so its serial is
            larger than theirs.

    Every operation returns a new Value and leaves its operands as they are. Where the other
    operand is a plain number, `Value.of` makes a Value of it, which is a parent like any other.
    """

    serials = itertools.count()

    def __init__(self, data, parents=(), slopes=()):
        self.data = float(data)
        self.parents = parents
        self.slopes = slopes
        self.grad = 0.0
        self.serial = next(Value.serials)

    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        """self + other: both slopes are 1."""
        other = Value.of(other)
        ### BEGIN SOLUTION
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
        ### END SOLUTION

    def __mul__(self, other):
        """self * other."""
        other = Value.of(other)
        ### BEGIN SOLUTION
        return Value(self.data * other.data, (self, other), (other.data, self.data))
        ### END SOLUTION

    def __pow__(self, number):
        """self ** number, for a plain number: one parent."""
        ### BEGIN SOLUTION
        return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
        ### END SOLUTION

    def exp(self):
        """e to the power of self."""
        ### BEGIN SOLUTION
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))
        ### END SOLUTION

    def log(self):
        """The natural logarithm of self."""
        ### BEGIN SOLUTION
        return Value(math.log(self.data), (self,), (1 / self.data,))
        ### END SOLUTION

    def softplus(self):
        """ln(1 + e ** self), without overflow for any self."""
        ### BEGIN SOLUTION
        result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
        return Value(result, (self,), (math.exp(self.data - result),))
        ### END SOLUTION

    # given: everything else, made from the six
    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Value.of(other)

    def __rsub__(self, other):
        return Value.of(other) + -self

    def __truediv__(self, other):
        return self * Value.of(other) ** -1

    def __rtruediv__(self, other):
        return Value.of(other) / self


# %% check="value_operations" points=9
with check("addition", hint="The sum grows by as much as each of its operands."):
    total = Value(2.0) + Value(-3.5)
    expect([total.data, total.slopes], [-1.5, (1.0, 1.0)], what="[data, slopes] of 2 + (-3.5)")
with check("multiplication: each slope is the other factor", hint="The derivative of a * b for a is b."):
    product = Value(2.0) * Value(3.0)
    expect([product.data, product.slopes], [6.0, (3.0, 2.0)], what="[data, slopes] of 2 * 3")
    factor = Value(3.0)
    expect((factor * factor).slopes, (3.0, 3.0), what="the slopes of x * x at 3, one for each factor,")
with check("powers", hint="n times x to the power of n - 1. One item needs a comma: `(self,)`, `(slope,)`."):
    cube, root = Value(2.0) ** 3, Value(4.0) ** 0.5
    expect([cube.data, cube.slopes], [8.0, (12.0,)], what="[data, slopes] of 2 ** 3")
    expect([root.data, root.slopes], [2.0, (0.25,)], what="[data, slopes] of 4 ** 0.5")
    nothing, itself = Value(0.0) ** 2, Value(0.0) ** 1
    expect([nothing.data, nothing.slopes], [0.0, (0.0,)], what="[data, slopes] of 0 ** 2")
    expect([itself.data, itself.slopes], [0.0, (1.0,)], what="[data, slopes] of 0 ** 1")
    below = Value(-2.0) ** -3
    expect([below.data, below.slopes], [-1 / 8, (-3 / 16,)], what="[data, slopes] of (-2) ** -3")
with check("exponential and logarithm", hint="e^x is its own slope; that of ln x is 1/x. One item needs a comma: `(self,)`."):
    power, natural = Value(2.0).exp(), Value(4.0).log()
    expect([power.data, power.slopes], [math.e**2, (math.e**2,)], what="[data, slopes] of exp(2)")
    expect([natural.data, natural.slopes], [math.log(4), (0.25,)], what="[data, slopes] of log(4)")
with check("softplus", hint="max(x, 0) + log1p(e^-|x|) for every x, and the slope e^(x - result). One item needs a comma: `(self,)`."):
    for x, want_slope in ((0.0, 0.5), (math.log(3), 0.75), (-math.log(3), 0.25), (12.0, 1 / (1 + math.exp(-12))), (-12.0, 1 / (1 + math.exp(12)))):
        bent = Value(x).softplus()
        expect([bent.data, bent.slopes], [math.log(1 + math.exp(x)), (want_slope,)], what=f"[data, slopes] at {x:.2f}")
with check("softplus of plus and minus 1000", hint="No math.exp of a large positive number anywhere, also for the slope."):
    up, down = Value(1000.0).softplus(), Value(-1000.0).softplus()
    expect([up.data, up.slopes, down.data, down.slopes], [1000.0, (1.0,), 0.0, (0.0,)], what="[data, slopes] of both")
with check("the parents, in order", hint="The second argument of Value(...) is the tuple of operands: (self, other). One item needs a comma: (self,)."):
    left, right = Value(5.0), Value(7.0)
    for made in (left + right, left * right):
        expect([parent.data for parent in made.parents], [5.0, 7.0], what="the data of the parents")
        want_serials = [left.serial, right.serial]
        expect([parent.serial for parent in made.parents], want_serials, what="the serials of the parents, the operands themselves")
    for made in (left**2, left.exp(), left.log(), left.softplus()):
        expect([parent.data for parent in made.parents], [5.0], what="the data of the parents")
        expect([parent.serial for parent in made.parents], [left.serial], what="the serial of the parent, the operand itself")
with check("plain numbers on either side", hint="`other = Value.of(other)` stands above: use `other.data`, and `other` as a parent."):
    for made, want_slopes in ((Value(5.0) + 7, (1.0, 1.0)), (Value(5.0) * 7, (7.0, 5.0)), (7 * Value(5.0), (7.0, 5.0))):
        expect([parent.data for parent in made.parents], [5.0, 7.0], what="the data of the parents, where one was a plain number")
        expect(made.slopes, want_slopes, what="the slopes, where one operand was a plain number")
    expect((2 * Value(3.0) + 1).data, 7.0, what="2 * 3 + 1")
    expect((1 - Value(3.0) / 4).data, 0.25, what="1 - 3 / 4")
    expect((1 / Value(2.0)).data, 0.5, what="1 / 2")
### BEGIN HIDDEN TESTS
with check("random operands, against the formulas", hint="Compare the slopes with a numeric derivative.", hidden=True) as rng:
    for _ in range(5):
        a, b = float(rng.uniform(0.5, 3)), float(rng.uniform(-3, 3))
        got_slopes = [(Value(a) * Value(b)).slopes, (Value(a) ** b).slopes, Value(b).exp().slopes, Value(a).log().slopes]
        expect(got_slopes, [(b, a), (b * a ** (b - 1),), (math.exp(b),), (1 / a,)], what="the slopes")
        expect(Value(b).softplus().slopes, (1 / (1 + math.exp(-b)),), what="the slope of softplus")
        values = [(Value(a) ** b).data, (Value(a) + b).data, Value(b).softplus().data]
        expect(values, [a**b, a + b, math.log1p(math.exp(b))], what="the data")
### END HIDDEN TESTS
grade("value_operations")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Every method is one `return Value(number, (its parents), (its slopes))`. A tuple of one thing needs a comma: `(self,)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The product: `return Value(self.data * other.data, (self, other), (other.data, self.data))`. The slopes are plain numbers.
#
# </details>
# <details><summary>Hint 3</summary>
#
# softplus: `result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))`, and the slope is
# `math.exp(self.data - result)`. For a large positive number that is $e^0$, for a large negative one $e^{-1000}$, which is zero.
#
# </details>
#
# **Why it matters.** This is all that an operation of a framework must know: its result and its local slopes.
# [What does a framework do that NumPy does not?](#What-does-a-framework-do-that-NumPy-does-not?)

# %% [markdown]
# ### The way back
#
# *Implement · 12 minutes · difficulty: three of three*
#
# `backward(root)` gives every Value that `root` was computed from its gradient. Two rules:
#
# 1. A value hands its gradient on only when that is **complete**: after all values that were computed from it. Going
#    through the graph by decreasing `serial` does that, because a child is always made after its parents.
# 2. Contributions are **added**.
#
# First collect the graph: start at `root`, follow `parents`, and visit each value once. Use a list as a stack and not a
# function that calls itself: a sum of a thousand terms is a thousand levels deep, more than Python's recursion allows.
#
# **Example.** For $f = a \cdot a + a$ with $a = 3$, `backward(f)` sets `f.grad` to 1, and `a.grad` to 7.


# %% exercise="backward" minutes=12
def backward(root) -> None:
    """Set `grad` of root, and of all Values it was computed from, to the derivative of root for it.

    Args:
        root: a Value.

    Gradients that are left from an earlier call do not count: every call starts from zero. A value
    that is used several times receives the sum of its contributions. Each value is visited once,
    however many ways lead to it. The depth of the graph is limited by memory only, and Python's
    recursion limit stays as it is. Values that root was not computed from keep their grad.
    """
    ### BEGIN SOLUTION
    graph, stack = {}, [root]
    while stack:
        value = stack.pop()
        if value.serial not in graph:
            graph[value.serial] = value
            value.grad = 0.0
            stack += value.parents
    root.grad = 1.0
    for serial in sorted(graph, reverse=True):
        value = graph[serial]
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += slope * value.grad
    ### END SOLUTION


# %% check="backward" points=8
with check("one product, and nothing but an input", hint="The gradient of root is 1, whatever root is. Each parent gets slope times that."):
    a, b = Value(2.0), Value(3.0)
    c = a * b
    backward(c)
    expect([a.grad, b.grad, c.grad], [3.0, 2.0, 1.0], what="the gradients of a, b and a * b")
    alone = Value(5.0)
    backward(alone)
    expect(alone.grad, 1.0, what="the gradient of a root without parents")
with check("the example: a is used three times", hint="parent.grad += ..., not =."):
    a = Value(3.0)
    backward(a * a + a)
    expect(a.grad, 7.0, what="the gradient of a")
with check("your example by hand", hint="Hand a gradient on only when it is complete: by decreasing serial."):
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c + a
    backward(d * d)
    expect([d.grad, c.grad, b.grad, a.grad], [16.0, 16.0, 32.0, 64.0], what="the gradients of d, c, b and a")
with check("a long way and a short way to the same value", hint="Is the short way followed before the long one is done?"):
    a = Value(2.0)
    b = a * a
    d = (b * 3 + 1) * 2 + b
    backward(d * b)
    # d = 7 b + 2, d * b = 7 b^2 + 2 b, slope 14 b + 2 = 58 for b = 4, times 2 a
    expect([b.grad, a.grad], [58.0, 232.0], what="the gradients of b and a")
with check("a second call starts from zero", hint="Set every grad in the graph of this root to zero before you add, and no other."):
    a = Value(3.0)
    b = a * a
    backward(b)
    backward(b)
    expect([a.grad, b.grad], [6.0, 1.0], what="the gradients of a and b after two calls")
    backward(b * 2)
    expect([a.grad, b.grad], [12.0, 2.0], what="the gradients after a call on another root")
    elsewhere = Value(7.0) * 2
    backward(elsewhere)
    expect([a.grad, b.grad], [12.0, 2.0], what="the gradients after a call on a graph that has nothing to do with them")
    backward(a)
    expect([a.grad, b.grad], [1.0, 2.0], what="the gradients after a call on the input: b was computed from a, and not a from b")
with check("a chain of 20000 additions", hint="No recursion, also none with a raised limit: a stack of values still to visit."):
    a = total = Value(1.0)
    for _ in range(20_000):
        total = total + 1
    limit = sys.getrecursionlimit()
    backward(total)
    expect(a.grad, 1.0, what="the gradient of the first term")
    expect(sys.getrecursionlimit(), limit, what="Python's recursion limit after the call")
with check("forty doublings: each value is visited once", hint="Remember which serials you have seen."):
    a = total = Value(1.0)
    for _ in range(40):
        total = total + total
    backward(total)
    expect(a.grad, 2.0**40, what="the gradient of the first term")
### BEGIN HIDDEN TESTS
with check("random expressions, equal to PyTorch", hint="Mix all operations.", hidden=True) as rng:
    for _ in range(4):
        x, y = (float(v) for v in rng.uniform(0.5, 2, 2))
        a, b = Value(x), Value(y)
        c = (a * b).exp() + a**2.5
        backward((c.log() * b - a / b).softplus() * c + a)
        ta, tb = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
        tc = (ta * tb).exp() + ta**2.5
        (F.softplus(tc.log() * tb - ta / tb) * tc + ta).backward()
        expect([a.grad, b.grad], [ta.grad.item(), tb.grad.item()], tol=1e-8, what="the gradients of a and b")
### END HIDDEN TESTS
grade("backward")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two parts: collect the graph in a dict from `serial` to value, then go through `sorted(graph, reverse=True)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Collecting: `stack = [root]`; as long as the stack is not empty, `pop` a value; if its serial is new, keep it, set its
# `grad` to zero, and put its parents on the stack.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The rest: `root.grad = 1.0`, and for each value by decreasing serial
# `for parent, slope in zip(value.parents, value.slopes, strict=True): parent.grad += slope * value.grad`.
#
# </details>
#
# **Why it matters.** One way back gives the gradients of *all* inputs. Numeric differences, and forward mode too, need
# at least one run for each input.
# [Why do frameworks differentiate in reverse mode?](#Why-do-frameworks-differentiate-in-reverse-mode?)

# %% [markdown]
# ### Train with your own framework
#
# *Implement · 10 minutes · difficulty: two of three*
#
# `Value` and `backward` are a framework of some fifty lines. Fit a linear model with it: gradient descent from zero, a loss that is
# handed over as a function, and **no derivative written by you**. With the first of the two losses in the cell that is logistic
# regression, the objective of this unit. The second one shows what you have gained: another loss, and nothing to derive.
#
# **Example.** `X = [[2.0]]`, `y = [1]`, no regularisation, one step with learning rate 1. The logit is 0, the loss
# $\ln 2$, $p - y = -1/2$. So the weight moves from 0 to $1/2 \cdot 2 = 1$, and the bias to $1/2$.


# %% exercise="fit_scalar" minutes=10
def cross_entropy(z, label):
    """Return the loss of one logit, a Value; given."""
    return z.softplus() - z * label


def squared(z, label):
    """Return the squared error of one output, a Value; given."""
    return (z - label) ** 2


def fit_scalar(X, y, l2, lr, steps, loss_of=cross_entropy) -> dict:
    """Fit a linear model by gradient descent, with the gradients of `backward`.

    Args:
        X: list of n_samples rows, each a list of n_features numbers.
        y: list of n_samples labels, 0 or 1.
        l2, lr: strength of the L2 regularisation (weights only), and learning rate.
        steps: number of gradient steps, starting from weights and bias of zero.
        loss_of: a function; loss_of(z, label) is the loss of a row, for its output z = x w + b.

    Returns:
        "w": list of n_features floats and "b": float, after the last step.
        "losses": list of `steps` floats, the objective before each step. The objective is the mean
            over rows of loss_of(z, label), plus l2 / 2 times the squared length of w.

    Raises:
        ValueError: X and y, or two rows of X, differ in length. (`zip(..., strict=True)` sees that
            for you. Where `steps` is 0 it may go unnoticed.)
    """
    ### BEGIN SOLUTION
    w, b, losses = [Value(0.0) for _ in X[0]], Value(0.0), []
    for _ in range(steps):
        loss = sum(weight * weight for weight in w) * (l2 / 2)
        for row, label in zip(X, y, strict=True):
            z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
            loss = loss + loss_of(z, label) * (1 / len(X))
        backward(loss)
        losses.append(loss.data)
        w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)
    return {"w": [weight.data for weight in w], "b": b.data, "losses": losses}
    ### END SOLUTION


# %% check="fit_scalar" points=8
with check("the example: one row, one step", hint="New weight = old weight minus lr times its grad."):
    once = fit_scalar([[2.0]], [1], 0.0, 1.0, 1)
    expect(once, {"w": [1.0], "b": 0.5, "losses": [math.log(2)]}, what="the fit")
with check("as many losses as steps: none, and four where nothing moves", hint="range(0) does nothing: return what you start from. And every step is taken, also where nothing changes any more."):
    expect(fit_scalar([[2.0, 3.0]], [0], 0.0, 1.0, 0), {"w": [0.0, 0.0], "b": 0.0, "losses": []}, what="the fit")
    still = fit_scalar([[2.0], [2.0]], [1, 0], 0.5, 1.0, 4)
    expect(still, {"w": [0.0], "b": 0.0, "losses": [math.log(2)] * 4}, what="the fit of two rows that pull in opposite directions")
with check("two rows: a mean, not a sum", hint="Divide by the number of rows."):
    pair = fit_scalar([[2.0, 0.0, 1.0], [0.0, 1.0, 1.0]], [1, 0], 0.0, 1.0, 1)
    expect(pair, {"w": [0.5, -0.25, 0.0], "b": 0.0, "losses": [math.log(2)]}, what="the fit")
with check("the regularisation, in objective and gradient", hint="l2 / 2 times the sum of squares; without the bias."):
    # after one step w = 1 and b = 1/2; the second objective holds 3/2 * 1
    twice = fit_scalar([[2.0]], [1], 3.0, 1.0, 2)
    p_second = 1 / (1 + math.exp(-2.5))
    want_twice = {"w": [1 - 2 * (p_second - 1) - 3], "b": 0.5 - (p_second - 1)}
    expect(twice, want_twice | {"losses": [math.log(2), -math.log(p_second) + 1.5]}, what="the fit")
with check("another loss, with no new derivative", hint="Call loss_of(z, label) for every row; write no loss of your own."):
    # x = 2, label 1: loss 1, slope of the output -2; then w = 2, b = 1, output 5, loss 16, slope 8
    other = fit_scalar([[2.0]], [1], 0.0, 0.5, 2, squared)
    expect(other, {"w": [2 - 8], "b": 1 - 4, "losses": [1.0, 16.0]}, what="the fit with the squared error")
with check("lengths that differ are refused", needs="the example: one row, one step", hint="zip(X, y, strict=True), and the same for weights and row."):
    for rows, told in (([[1.0], [2.0]], [1]), ([[1.0]], [1, 0]), ([[1.0, 2.0], [1.0]], [1, 0]), ([[1.0], [1.0, 2.0]], [1, 0])):
        expect_raises(ValueError, fit_scalar, rows, told, 0.0, 1.0, 1)
with check("twenty real tumours, five steps: the same path as NumPy", hint="Compare `losses` one by one."):
    rows, told = X_all[:20, [1, 4, 6]], y_all[:20]
    w_path, b_path, losses_path = np.zeros(3), 0.0, []
    for _ in range(5):
        z_path = rows @ w_path + b_path
        losses_path.append(float((np.logaddexp(0, z_path) - told * z_path).mean() + 0.05 * w_path @ w_path))
        off = (1 / (1 + np.exp(-z_path)) - told) / len(told)
        w_path, b_path = w_path - 0.5 * (rows.T @ off + 0.1 * w_path), b_path - 0.5 * off.sum()
    got_path = fit_scalar(rows.tolist(), told.tolist(), 0.1, 0.5, 5)
    expect(got_path, {"w": w_path.tolist(), "b": float(b_path), "losses": losses_path}, what="the fit")
### BEGIN HIDDEN TESTS
with check("random tables", hint="Try other numbers of rows, columns and steps, and both losses.", hidden=True) as rng:
    for loss_drawn, slope_of in 2 * [(cross_entropy, lambda z, y: 1 / (1 + np.exp(-z)) - y), (squared, lambda z, y: 2 * (z - y))]:
        n_rows, n_columns = int(rng.integers(1, 6)), int(rng.integers(1, 5))
        rows, told = rng.normal(size=(n_rows, n_columns)), rng.integers(0, 2, n_rows).astype(float)
        l2_drawn, lr_drawn, steps_drawn = float(rng.uniform(0, 1)), float(rng.uniform(0.05, 0.3)), int(rng.integers(2, 5))
        w_path, b_path = np.zeros(n_columns), 0.0
        for _ in range(steps_drawn):
            z_path = rows @ w_path + b_path
            off = slope_of(z_path, told) / n_rows
            w_path, b_path = w_path - lr_drawn * (rows.T @ off + l2_drawn * w_path), b_path - lr_drawn * off.sum()
        got_path = fit_scalar(rows.tolist(), told.tolist(), l2_drawn, lr_drawn, steps_drawn, loss_drawn)
        expect([got_path["w"], got_path["b"]], [w_path.tolist(), float(b_path)], tol=1e-8, what="[w, b]")
### END HIDDEN TESTS
grade("fit_scalar")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In each step: build the objective as one Value, call `backward` on it, then make *new* Values for weights and bias.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The logit of a row: `z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)`; `sum` takes a start. Its loss is
# `loss_of(z, label)`, a Value.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution. The regularisation: `sum(weight * weight for weight in w) * (l2 / 2)`. The update:
# `w = [Value(weight.data - lr * weight.grad) for weight in w]`. The numbers of the result are `.data`.
#
# </details>

# %% demo=true
try:
    import time

    two = X_all[:, [1, 4]]  # mean texture, mean smoothness
    start = time.perf_counter()
    mine = fit_scalar(two.tolist(), y_all.tolist(), 0.1, 0.5, 20)
    scalar_seconds = time.perf_counter() - start
    tensor_X, tensor_y = torch.tensor(two), torch.tensor(y_all)
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": [w], "weight_decay": 0.1}, {"params": [b]}], lr=0.5)
    start = time.perf_counter()
    for _ in range(20):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(tensor_X @ w + b, tensor_y).backward()
        optimizer.step()
    tensor_seconds = time.perf_counter() - start
    w_torch = w.detach().numpy()
    gaps = np.append(w_torch, b.item()) - np.append(mine["w"], mine["b"])
    scalar_apart = float(np.abs(gaps).max())
    scalar_ratio = scalar_seconds / tensor_seconds
    print(f"your framework: w = {np.round(mine['w'], 4)}, b = {mine['b']:.4f}")
    print(f"PyTorch:        w = {np.round(w_torch, 4)}, b = {b.item():.4f}")
    first, last = mine["losses"][0], mine["losses"][-1]
    print(f"losses {first:.4f} to {last:.4f}; weights {scalar_apart:.0e} apart")
    print(f"PyTorch was {scalar_ratio:.0f} times as fast here.")
except NotImplementedError:
    print("This cell uses your framework: write it first, then run this cell again.")

# %% [markdown]
# Same weights to ten decimals, and PyTorch is faster by far. Your graph holds one number in a node, and Python runs each
# operation; PyTorch's nodes hold whole tensors, and compiled code runs them. So the answer to "what does a framework do
# for me?" is: derivatives that you need not derive, fast kernels for tensors on the hardware you have, and then
# layers, optimizers, data loading, saved models, other people's models. The first you have just written yourself.
# (The derivatives are right where the function has one and nothing has left the graph. A value that was taken out with
# `.detach()` counts as a constant, and nothing warns you.)
#
# **Why it matters.** Anyone who has built autograd once can read its error messages, and knows what a framework is worth.
# [What does a framework do that NumPy does not?](#What-does-a-framework-do-that-NumPy-does-not?)

# %% [markdown]
# ## Eager against compiled
#
# **Eager** means: each line runs when Python reaches it, and you can print and debug as you like. PyTorch made this its
# principle (A. Paszke and others, "PyTorch: an imperative style, high-performance deep learning library", 2019).
# **Compiled** means: the operations are **captured** as a graph first. The graph is then optimised as a whole (operations merged, memory
# planned) and run without Python between the operations. `jax.jit` does that (R. Frostig, M. Johnson, C. Leary, "Compiling machine
# learning programs via high-level tracing", 2018); without it JAX is eager too. TensorFlow began with graphs (M. Abadi and others,
# "TensorFlow: a system for large-scale machine learning", 2016), and PyTorch offers them since version two as `torch.compile`
# (J. Ansel and others, 2024).
#
# Capturing has rules. Learn three of them:
#
# 1. **A tracer runs your Python once.** `torch.fx.symbolic_trace` calls the function with a stand-in for the tensor and notes
#    what happens to it. Later calls run the notes. What is not an operation on the tensor, such as a `print` or an
#    `append`, happened at trace time and is gone. `jax.jit` does the same. `torch.compile` does not: it reads the bytecode, and
#    a `print` **breaks the graph**. One graph ends before it, Python prints at every call, another graph goes on behind it.
# 2. **A graph holds for the inputs that it was captured for.** `torch.compile` guards it, and captures again when a guard fails.
#    At first it takes shapes as fixed. When a size changes for the first time, it captures once more with that size left
#    **dynamic**; from then on other sizes from two on fit too (zero and one are special). With `dynamic=False` every new
#    shape is a new capture, up to a limit: after eight captures of a function, what is new runs eagerly.
# 3. **A Python `if` on a tensor's value cannot be captured**, since the value is not known yet. `fx`, `jax.jit` and
#    `torch.export` stop with an error. `torch.compile` breaks the graph: one graph up to the `if`, one for what follows in
#    the branch that was taken. The other branch gets its graph when it is first taken. With `fullgraph=True` it stops too.
#
# **The remedy** for the third rule is to make the choice an operation of the graph. `torch.where(condition, a, b)` computes
# both and selects entry by entry. `torch.cond(condition, f, g, operands)` and `jax.lax.cond` keep both branches in the graph and
# run one. Mind the way back through `where`: the side that was not selected receives the gradient zero, and hands on zero times
# its own slope.
#
# ### How often is it captured?
#
# *Predict, then run · 8 minutes · difficulty: two of three*
#
# Predict before you run the demonstration below. The functions:
#
# ```python
# calls = []
#
# def noted(x):
#     calls.append("ran")
#     return x * 2
#
# def parabola(x):
#     return (x * x + 3).sum()
#
# def branching(x):
#     y = x * 2
#     if y.sum() > 0:
#         return y + 1
#     return y - 1
#
# def choosing(x):
#     y = x * 2
#     return torch.where(y.sum() > 0, y + 1, y - 1)
#
# def log_or_zero(x):
#     return torch.where(x > 0, x.log(), 0.0)
# ```
#
# - `"runs"`: `traced = torch.fx.symbolic_trace(noted)`, then `traced` is called five times. How long is `calls`?
# - `"default"`: `torch.compile(parabola)` is called with vectors of length `3`, `4`, `5`, `6`. How many graphs are captured?
# - `"static"`: the same with `dynamic=False`, and lengths `3`, `4`, `5`, `6`, `3`.
# - `"branches"`: `torch.compile(branching)` is called with a positive, a negative, a positive, a negative vector, all of
#   length three. How many graphs in all?
# - `"chosen"`: `torch.compile(choosing)` is called with the same four vectors. How many graphs?
# - `"slope"`: what does PyTorch give as the derivative of `log_or_zero` at $x = 0$? Type `"a"` for 0, `"b"` for infinity,
#   `"c"` for `nan`, or `"d"` for an error.

# %% exercise="predict_captures" minutes=8
### BEGIN SOLUTION
captures = {"runs": 1, "default": 2, "static": 4, "branches": 3}
captures |= {"chosen": 1, "slope": "c"}
### END SOLUTION
### BEGIN RELEASE
# captures = {"runs": ..., "default": ..., "static": ..., "branches": ...}
# captures |= {"chosen": ..., "slope": ...}
### END RELEASE

# %% check="predict_captures" points=6
with check("a traced function runs once", hint="When does Python run the body: at the trace, or at each call?"):
    expect(captures["runs"], 1, what="the length of `calls`", tell=False)
with check("changing lengths, by default", hint="Fixed first, dynamic from the first change on."):
    expect(captures["default"], 2, what="the number of graphs", tell=False)
with check("changing lengths, nothing dynamic", hint="Count different lengths. The last one has been there before."):
    expect(captures["static"], 4, what="the number of graphs", tell=False)
with check("a branch on a value", hint="What stands before the `if` is shared. How many ways go on from there?"):
    expect(captures["branches"], 3, what="the number of graphs", tell=False)
with check("a choice inside the graph", hint="Is there anything left that Python has to decide?"):
    expect(captures["chosen"], 1, what="the number of graphs", tell=False)
with check("the slope of the side that was not selected", hint="The logarithm was computed there too. What is its slope at zero?"):
    expect_choice(captures["slope"], "c", {
        "a": "The selected side has the slope 0. But the other side hands something on too: zero times its own slope.",
        "b": "The slope of the logarithm is infinite at 0, and where multiplies it by zero before it arrives.",
        "c": "Zero times infinity. Put a harmless number in first: torch.where(x > 0, x, 1.0).log() inside the outer where.",
        "d": "Nothing stops: the value is right, and the gradient is spoiled in silence.",
    })  # fmt: skip
grade("predict_captures")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `"runs"` is rule 1, `"default"` and `"static"` are rule 2, `"branches"` is rule 3. The last two are the remedy. Each follows from one sentence.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Default: one graph for the first length, one with a dynamic length for all the others. Branches: one part before the
# `if`, and one for each of the two branches. Chosen: both sides stand in the same graph. Slope: $1/x$ at zero, times zero.
#
# </details>

# %% demo=true
from torch import _dynamo

captured = []


def keep(graph, example_inputs):
    """A backend for torch.compile that optimises nothing: it notes the operations of a graph."""
    captured.append([str(node.target) for node in graph.graph.nodes if node.op.startswith("call")])
    return graph.forward


calls = []


def noted(x):
    calls.append("ran")
    return x * 2


def parabola(x):
    return (x * x + 3).sum()


def branching(x):
    y = x * 2
    if y.sum() > 0:
        return y + 1
    return y - 1


def choosing(x):
    y = x * 2
    return torch.where(y.sum() > 0, y + 1, y - 1)


def conditional(x):
    y = x * 2
    return torch.cond(y.sum() > 0, lambda y: y + 1, lambda y: y - 1, (y,))


def talking(x):
    y = x * 2
    print("hello from Python")
    return y + 1


def log_or_zero(x):
    return torch.where(x > 0, x.log(), 0.0)


def count_graphs(function, inputs, **options):
    """Return how many graphs torch.compile captures for these inputs, from a fresh start."""
    _dynamo.reset()
    captured.clear()
    compiled = torch.compile(function, backend=keep, **options)
    for x in inputs:
        want, got = function(x), compiled(x)
        assert torch.equal(want, got), "the captured graph computes something else"
    return len(captured)


traced = fx.symbolic_trace(noted)
for _ in range(5):
    traced(torch.ones(3))
up, down = torch.ones(3), -torch.ones(3)
seen_captures = {
    "runs": len(calls),
    "default": count_graphs(parabola, [torch.ones(n) for n in (3, 4, 5, 6)]),
    "static": count_graphs(parabola, [torch.ones(n) for n in (3, 4, 5, 6, 3)], dynamic=False),
    "branches": count_graphs(branching, [up, down, up, down]),
}
graphs_of_branching = [*captured]
seen_captures["chosen"] = count_graphs(choosing, [up, down, up, down])
at_zero = torch.zeros(1, requires_grad=True)
log_or_zero(at_zero).sum().backward()
seen_captures["slope"] = "c" if at_zero.grad.isnan().all() else str(at_zero.grad)
print("measured:", seen_captures)
print("the three graphs of `branching`:", *graphs_of_branching, sep="\n  ")
conditional_graphs = count_graphs(conditional, [up, down, up, down], fullgraph=True)
print(f"with torch.cond, fullgraph=True, both signs: {conditional_graphs} graph, {captured[0]}")
at_zero.grad = None
harmless = torch.where(at_zero > 0, at_zero, 1.0)
torch.where(at_zero > 0, harmless.log(), 0.0).sum().backward()
print("slope at zero with a harmless number inside:", at_zero.grad.item())
said = io.StringIO()
with contextlib.redirect_stdout(said):
    talking_graphs = count_graphs(talking, [up, up, up])
talked = said.getvalue().count("hello") - 3  # `count_graphs` calls the function itself too
print(f"a print inside torch.compile: {talking_graphs} graphs, printed {talked} times in 3 calls")
print("what fx kept of `noted`:", traced.code.strip(), sep="\n")
try:
    fx.symbolic_trace(branching)
except fx.proxy.TraceError as error:
    print("fx on `branching`:", error)

# %% [markdown]
# With `torch.where` and with `torch.cond` one graph serves both signs. The `print` was not lost: it cost a break, two graphs
# instead of one, and ran at every call. The slope of `log_or_zero` at zero is `nan`, though the value is right: zero times an infinite slope.
# A harmless number inside the logarithm repairs it. The backend here optimises nothing, so no compiler is needed: you see the capture alone. The real backend of
# `torch.compile` then generates code for each graph, which takes seconds to minutes for large models. Every capture that
# you did not expect costs that again.
#
# The next cell does the same with `jax.jit`, where JAX is installed. It runs in a process of its own: JAX starts threads,
# and a process that will fork, as this course's graders do, should not hold them.

# %% demo=true
jax_program = """
import json, statistics, time
import jax, jax.numpy as jnp
runs = []

def model(x):
    runs.append("ran")
    for _ in range(20):
        x = jnp.tanh(x) * 1.5 + 0.1
    return x.sum()

def seconds(function, x):
    start = time.perf_counter()
    function(x).block_until_ready()       # JAX returns early, on a CPU too: wait for the work
    return time.perf_counter() - start

x, compiled = jnp.ones(1000), jax.jit(model)
seconds(model, x)                         # warm-up of the eager operations
eager = statistics.median(seconds(model, x) for _ in range(20))
runs.clear()
first = seconds(compiled, x)
later = statistics.median(seconds(compiled, x) for _ in range(20))
said = {"eager": eager, "first": first, "later": later, "runs": len(runs)}
compiled(jnp.ones(1001))
said["runs_new_shape"] = len(runs)

def branching(x):
    return x + 1 if x.sum() > 0 else x - 1

def conditional(x):
    runs.append("ran")
    return jax.lax.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, x)

said["eager branch"] = float(branching(jnp.ones(3))[0])
try:
    jax.jit(branching)(jnp.ones(3))
except jax.errors.TracerBoolConversionError as error:
    said["compiled branch"] = type(error).__name__
runs.clear()
chosen = jax.jit(conditional)
said["cond"] = [float(chosen(sign * jnp.ones(3))[0]) for sign in (1, -1)]
said["cond runs"] = len(runs)
print(json.dumps(said))
"""
jax_times = in_fresh_process(jax_program)
if jax_times is None:
    print('not measured; to install JAX: pip install -e ".[frameworks]" -c constraints.txt')
else:
    runs, new_runs = jax_times["runs"], jax_times["runs_new_shape"]
    print(f"Python ran the body {runs} time for 21 calls, and {new_runs} times after a new shape.")
    slower, faster = (jax_times[key] / jax_times["eager"] for key in ("first", "later"))
    print(f"first compiled call: {slower:.1f} times as long as an eager call, later {faster:.2f}")
    print(f"a Python `if` on a value: eager {jax_times['eager branch']}, ", end="")
    print(f"under jit {jax_times['compiled branch']}")
    print(f"lax.cond under jit: {jax_times['cond']}, traced {jax_times['cond runs']} time")

# %% [markdown]
# **Why it matters.** "Compile it, it is faster" is half of the truth. The other half is the first call, the new shape, and the Python
# between the operations: a tracer drops it, `torch.compile` breaks the graph for it. [What does compiling a model change?](#What-does-compiling-a-model-change?)

# %% [markdown]
# ### A benchmark that lies
#
# *Find the bug · 9 minutes · difficulty: two of three*
#
# Somebody timed a step of a model eagerly and compiled, in milliseconds, call after call. The numbers are made up, so that you
# can redo them on paper; their shape is what you will meet:

# %%
eager_ms = [9, 4, 4, 4, 40, 4, 4, 4]  # the fifth call: something else ran on the machine
compiled_ms = [809, 1, 1, 1, 1, 1, 9, 1]  # the first call compiles

# %% [markdown]
# Their report says that compiling makes it eleven times *slower*, so the team drops it. Run the cell and see. Three things are wrong with it:
# the **warm-up** calls are in the mean; a **mean** lets one outlier speak for all; and nobody asks after how many calls compiling **pays**.
#
# What the report should say:
#
# - The steady time of each is the **median** of the calls after the warm-up: 4 and 1. The speed-up is $4/1 = 4$.
# - The extra cost of the warm-up is $809 - 9 = 800$. Each later call saves $4 - 1 = 3$. So 267 later calls
#   repay it ($266 \cdot 3 = 798$ is not enough), 268 calls with the warm-up.
# - In floats `0.3 / (0.3 - 0.2)` is a little more than 3, and rounding up would make 4 of it. So round the quotient to six
#   decimals first, and then up.
#
# (On a GPU, and in JAX on a CPU too, there is a fourth mistake: calls return before the work is done. Wait for it before you stop the
# clock, with `torch.cuda.synchronize()` in PyTorch or `block_until_ready()` in JAX.)


# %% exercise="fix_benchmark" minutes=9 faults=["the warm-up does not count as steady", "one outlier changes nothing", "the calls that repay compiling", "compiling that never pays", "the same times in another unit: the same number of calls", "two warm-up calls", "a warm-up that costs nothing extra", "random times"]
def benchmark_report(eager, compiled, warm_up=1) -> dict:
    """Compare the times of single calls, eager against compiled.

    Args:
        eager, compiled: lists of times in the order of the calls, all in one unit.
        warm_up: how many calls at the beginning of each list are warm-up.

    Returns:
        "eager", "compiled": the median of the calls after the warm-up.
        "speedup": the eager median over the compiled median.
        "break_even": the smallest whole number of calls, warm-up included, from which on compiled
            is no slower in total: warm-up times as measured, later calls at the medians. The extra
            cost of the warm-up over what a later call saves is rounded to six decimals, and then
            up. At least warm_up. None where the compiled median is not below the eager one.

    Raises:
        ValueError: one of the lists has no call after the warm-up.
    """
    if min(len(eager), len(compiled)) <= warm_up:
        raise ValueError("no call is left after the warm-up")
    ### BEGIN SOLUTION
    steady_eager = float(np.median(eager[warm_up:]))
    steady_compiled = float(np.median(compiled[warm_up:]))
    saved = steady_eager - steady_compiled
    break_even = None
    if saved > 0:
        extra = sum(compiled[:warm_up]) - sum(eager[:warm_up])
        break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
    speedup = steady_eager / steady_compiled
    times = {"eager": steady_eager, "compiled": steady_compiled}
    return times | {"speedup": speedup, "break_even": break_even}
    ### END SOLUTION
    ### BEGIN RELEASE
    # steady_eager, steady_compiled = sum(eager) / len(eager), sum(compiled) / len(compiled)
    # break_even = 1 if steady_compiled < steady_eager else None
    # speedup = steady_eager / steady_compiled
    # times = {"eager": steady_eager, "compiled": steady_compiled}
    # return times | {"speedup": speedup, "break_even": break_even}
    ### END RELEASE


# %% check="fix_benchmark" points=10
with check("the warm-up does not count as steady", hint="Slice the first `warm_up` calls off both lists."):
    slow_start = benchmark_report([9, 4, 4], [809, 1, 1])
    expect([slow_start["eager"], slow_start["compiled"]], [4.0, 1.0], what="[eager, compiled]")
with check("constant times", needs="the warm-up does not count as steady", hint="This one worked in the faulty program: old over new."):
    steady = benchmark_report([6, 6, 6], [2, 2, 2])
    expect([steady["eager"], steady["compiled"], steady["speedup"]], [6.0, 2.0, 3.0], what="[eager, compiled, speedup]")
with check("too few calls are refused", needs="the warm-up does not count as steady", hint="The first two lines of the function do it: keep them."):
    expect_raises(ValueError, benchmark_report, [1], [1, 2])
    expect_raises(ValueError, benchmark_report, [1, 2, 3], [1, 2], warm_up=2)
with check("one outlier changes nothing", hint="The median, not the mean, of what remains."):
    expect(benchmark_report(eager_ms, compiled_ms)["speedup"], 4.0, what="the speed-up")
    expect(benchmark_report([9, 1, 2, 3, 60], [9, 1, 1, 1, 1])["eager"], 2.5, what="the median of 1, 2, 3 and 60")
with check("the calls that repay compiling", hint="The extra cost of the warm-up over what each later call saves, rounded up, plus the warm-up calls."):
    expect(benchmark_report(eager_ms, compiled_ms)["break_even"], 268, what="the break-even")
    expect(benchmark_report([0, 4, 4], [9, 1, 1])["break_even"], 4, what="the break-even where 3 calls repay exactly 9")
    expect(benchmark_report([0, 2000, 2000], [2001, 1000, 1000])["break_even"], 4, what="the break-even where 2.001 calls repay 2001")
    close = benchmark_report([0, 2_000_000, 2_000_000], [2_000_002, 1_000_000, 1_000_000])
    expect(close["break_even"], 4, what="the break-even where 2.000002 calls repay 2000002")
with check("the same times in another unit: the same number of calls", hint="Round the quotient to six decimals before you round it up."):
    expect(benchmark_report([0, 3, 3], [3, 2, 2])["break_even"], 4, what="the break-even in milliseconds")
    expect(benchmark_report([0, 0.3, 0.3], [0.3, 0.2, 0.2])["break_even"], 4, what="the break-even of a tenth of these times")
    even = benchmark_report([0, 20_000_000, 20_000_000], [20_000_001, 10_000_000, 10_000_000])
    expect(even["break_even"], 3, what="the break-even where the quotient is 2.0000001, which six decimals do not show")
with check("compiling that never pays", hint="Where a call saves nothing, the answer is None, not a negative number."):
    expect(benchmark_report([1, 2, 2], [50, 2, 2])["break_even"], None, what="the break-even")
    expect(benchmark_report([90, 2, 2], [50, 3, 3])["break_even"], None, what="the break-even")
with check("two warm-up calls", hint="All warm-up calls of both lists enter the extra cost.") as rng:
    twice_warm = benchmark_report([7, 5, 4, 4], [90, 30, 2, 2, 2], warm_up=2)
    expect(twice_warm, {"eager": 4.0, "compiled": 2.0, "speedup": 2.0, "break_even": 2 + 54}, what="the report")
with check("a warm-up that costs nothing extra", hint="At least warm_up: a negative extra cost gives no negative calls."):
    expect(benchmark_report([90, 4, 4], [8, 2, 2])["break_even"], 1, what="the break-even")
    expect(benchmark_report([4, 4], [2, 2], warm_up=0)["break_even"], 0, what="the break-even without warm-up")
### BEGIN HIDDEN TESTS
with check("random times", hint="Odd and even numbers of calls, other warm-ups.", hidden=True) as rng:
    for _ in range(8):
        warm = int(rng.integers(1, 4))
        slow = rng.integers(4, 60, warm + int(rng.integers(1, 8))).tolist()
        fast = rng.integers(200, 900, warm).tolist() + rng.integers(1, 20, int(rng.integers(1, 8))).tolist()
        told = benchmark_report(slow, fast, warm_up=warm)
        m_slow, m_fast = float(np.median(slow[warm:])), float(np.median(fast[warm:]))
        expect([told["eager"], told["compiled"], told["speedup"]], [m_slow, m_fast, m_slow / m_fast], what="the times")
        count = warm
        while m_fast < m_slow and sum(fast[:warm]) + (count - warm) * m_fast > sum(slow[:warm]) + (count - warm) * m_slow:
            count += 1
        expect(told["break_even"], count if m_fast < m_slow else None, what="the break-even")
### END HIDDEN TESTS
grade("fix_benchmark")

# %% demo=true
report = benchmark_report(eager_ms, compiled_ms)
print(f"eager {report['eager']:.2f} ms, compiled {report['compiled']:.2f} ms", end=": ")
print(f"speed-up {report['speedup']:.2f}, pays from call {report['break_even']} on")

# %% [markdown]
# Before the repair this cell reports a speed-up of 0.09 that never pays; after it, a speed-up of 4 that pays from call 268 on. Same measurements.
#
# <details><summary>Hint 1</summary>
#
# `eager[warm_up:]` are the calls after the warm-up, `eager[:warm_up]` the warm-up itself.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.median` of the later calls, as `float`. What a call saves is the difference of the two medians.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution: `extra = sum(compiled[:warm_up]) - sum(eager[:warm_up])`; if something is saved,
# `break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))`, else None.
#
# </details>
#
# **Why it matters.** Before you believe a comparison of speeds, ask what it counts, and ask for the warm-up first.
# [How do you benchmark two frameworks fairly?](#How-do-you-benchmark-two-frameworks-fairly?)

# %% [markdown]
# ## Facts that age
#
# Claims about frameworks have a date. Here are some with theirs, and a source each:
#
# | claim | source, with its date |
# |---|---|
# | scikit-learn: one interface for classical models, on NumPy | F. Pedregosa and others, "Scikit-learn: machine learning in Python", JMLR, 2011. |
# | TensorFlow, from Google: a dataflow graph, built first and run later | M. Abadi and others, "TensorFlow: a system for large-scale machine learning", OSDI, 2016. |
# | PyTorch's first public release (January 2017) | "PyTorch, a year in...", blog of PyTorch, January 2018. |
# | PyTorch: eager, with autograd | A. Paszke and others, "PyTorch: an imperative style, high-performance deep learning library", NeurIPS, 2019. |
# | JAX, from Google: composable transformations of NumPy-like programs | R. Frostig and others, "Compiling machine learning programs via high-level tracing", SysML, 2018. |
# | TensorFlow's second version: eager by default, graphs by `tf.function` | [release notes of `v2.0.0`](https://github.com/tensorflow/tensorflow/releases/tag/v2.0.0), September 2019. |
# | PyTorch moves from Meta to a foundation under the Linux Foundation | ["PyTorch strengthens its governance by joining the Linux Foundation"](https://pytorch.org/blog/PyTorchfoundation/), September 2022. |
# | `torch.compile`, with PyTorch's second version | J. Ansel and others, "PyTorch 2: faster machine learning through dynamic Python bytecode transformation and graph compilation", ASPLOS, 2024. |
# | Keras 3: one interface on TensorFlow, JAX or PyTorch | ["Introducing Keras 3.0"](https://keras.io/keras_3/), November 2023. |
# | TensorFlow Lite, the runtime for phones, is now called LiteRT | "TensorFlow Lite is now LiteRT", Google Developers Blog, September 2024. |
# | Keras: its author leaves Google, whose Keras team goes on | "Farewell and thank you for the continued partnership, Francois Chollet!", Google Developers Blog, November 2024. |
# | Tables of up to ten thousand rows: a pretrained network beats tuned tree ensembles | N. Hollmann and others, "Accurate predictions on small data with a tabular foundation model", Nature, January 2025; a wider comparison: N. Erickson and others, "TabArena: a living benchmark for machine learning on tabular data", June 2025. |
# | KerasHub loads checkpoints of `transformers`, for the architectures that it has, on JAX, TensorFlow or PyTorch | Y. Guo, D. Sreepathihalli and M. Song, ["Using KerasHub for easy end-to-end machine learning workflows with Hugging Face"](https://developers.googleblog.com/en/load-model-weights-from-safetensors-into-kerashub-multi-framework-machine-learning/), Google Developers Blog, June 2025. |
# | ExecuTorch, PyTorch's runtime for phones, reaches version one | its release `1.0.0` on PyPI, October 2025. |
# | Hugging Face's `transformers` drops TensorFlow and JAX, and keeps PyTorch | ["Removal of TensorFlow and Jax"](https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md), guide to version five: first candidate December 2025, release January 2026. |
# | scikit-learn computes on a GPU through the array API: an experiment that is switched on by hand; one estimator in version 1.2, more of them in each version since | "Array API support (experimental)", user guide of scikit-learn 1.2, December 2022; "Release Highlights for scikit-learn 1.8", December 2025. |
# | In every PyTorch before 2.10 a crafted file could damage memory, and perhaps run code, in spite of `weights_only=True` | CVE-2026-24747, GitHub Advisory Database, January 2026. |
# | TorchScript is deprecated; `torch.export` takes its place | warning of `torch.jit.script` in PyTorch 2.13, the version of this course, 2026. |
#
# "Popular", "fast" and "supported" have no place in such a table without a date. What you can check yourself, check: the
# next cell asks the *installed* packages for version, licence, and what they require. Releases and open issues are public; so is
# the list of models that exist in a framework's format. That last one can decide alone: a pretrained model that you cannot load is worth
# nothing to you. The line on `transformers` is of this kind. Anyone who works in TensorFlow or JAX and wants a model that is published through that
# library has four ways: look whether KerasHub (or another library) has its architecture and loads the checkpoint; keep an old version of
# `transformers`; port the model; or change the framework.

# %% demo=true
for package in ("numpy", "scikit-learn", "torch", "jax", "keras"):
    try:
        about = importlib.metadata.metadata(package)
    except importlib.metadata.PackageNotFoundError:
        print(f"{package:<14}not installed")
        continue
    licence = about.get("License-Expression") or about.get("License") or "see its files"
    needs = [r for r in importlib.metadata.requires(package) or [] if "extra ==" not in r]
    version = about["Version"].split("+")[0]
    print(f"{package:<14}{version:<14}requires {len(needs)} packages directly")
    print(f"{'':<14}licence: {licence.splitlines()[0]}")

# %% [markdown]
# ## What it costs to leave
#
# Where a model has to run is a must, and the framework may not run there. Then the model leaves it. Some roads, after the documentation
# of PyTorch, PyTorch/XLA, ExecuTorch, ONNX Runtime, LiteRT, Core ML Tools, TensorFlow and JAX (November 2026):
#
# | it has to run | roads |
# |---|---|
# | on your server, with Python | the framework itself, eager or compiled; for language models vLLM (W. Kwon and others, "Efficient memory management for large language model serving with PagedAttention", 2023) |
# | on a server without Python | from PyTorch `torch.export`, then its own AOTInductor, or ONNX and ONNX Runtime; from TensorFlow a SavedModel and TensorFlow Serving; from JAX `jax.export`, or `jax2tf` and a SavedModel |
# | on a phone | ExecuTorch from PyTorch (through `torch.export`); LiteRT from JAX, Keras and TensorFlow, and through a converter from PyTorch; Core ML for Apple's, from PyTorch and TensorFlow; ONNX Runtime for what is exported to ONNX |
# | on several GPUs or TPUs | no export: the framework shards the model, with FSDP in PyTorch (TPUs through PyTorch/XLA), with `jax.sharding` in JAX |
# | in another framework | nothing but the weights, as `safetensors`; you write the network again |
#
# On every road something can go wrong. An **export** captures the whole graph, so it obeys the rules of [Eager against compiled](#Eager-against-compiled); the next
# cell measures two more traps. What a **file** holds matters as well. `torch.save` writes a pickle, and a pickle can run code when it is
# opened. `weights_only=True` narrows that, and is the default since PyTorch 2.6 (January 2025); yet until 2.10 a crafted file could
# get past it (CVE-2026-24747, January 2026). A `safetensors` file holds names, types, shapes and numbers, and nothing that runs.

# %% demo=true
torch.manual_seed(0)
small = torch.nn.Sequential(
    torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)
)
four, five = torch.ones(4, 4), torch.ones(5, 4)
fixed = torch.export.export(small.eval(), (four,))
try:
    fixed.module()(five)
    fixed_size = "accepted"
except AssertionError as error:
    fixed_size = f"refused ({error})"
print("exported with four rows, called with five:", fixed_size)
open_size = {0: torch.export.Dim("rows")}
exported = torch.export.export(small.eval(), (four,), dynamic_shapes=(open_size,))
export_apart = float((exported.module()(five) - small(five)).abs().max())
print(f"with the number of rows left open: largest difference to the model {export_apart:.0e}")
in_training = torch.export.export(small.train(), (four,), dynamic_shapes=(open_size,)).module()
repeats = torch.equal(in_training(five), in_training(five))
print("exported in training mode, called twice:", "equal" if repeats else "two different answers")
try:
    in_training.eval()
    late_eval = "accepted"
except NotImplementedError as error:
    late_eval = f"refused ({error})"
print("and switched to evaluation afterwards:", late_eval)

# %% [markdown]
# The fixed number of rows is the harmless trap: it stops with an error. The mode is the other kind. A model that is exported in training mode
# runs, has every shape right, and drops hidden numbers at random at every call. Nothing warns, and `.eval()` is refused afterwards: you edit the
# graph, or export again.
#
# ### A port that loads
#
# *Implement · 15 minutes · difficulty: two of three*
#
# The last road of the table: a small network for images moves from PyTorch to a program that keeps the **channels last**, as Keras and Flax do
# by default. Both programs stand in the next cell. They name things differently, and they lay them out differently:
#
# | | PyTorch | channels last |
# |---|---|---|
# | a batch of images | (rows, channels, height, width) | (rows, height, width, channels) |
# | the kernel of the convolution | `conv.weight`: (out, in, height, width) | `conv/kernel`: (height, width, in, out) |
# | the matrix of a dense layer | `dense.weight`, `out.weight`: (out, in) | `dense/kernel`, `out/kernel`: (in, out) |
# | a bias | `conv.bias`, `dense.bias`, `out.bias` | `conv/bias`, `dense/bias`, `out/bias` |
#
# **The trap in the middle.** Before the dense layer the feature maps are flattened, each program in its own order. So the inputs of the dense
# layer change places, and no shape tells you.
#
# **The smallest example.** Two maps, A and B, each one pixel high and two wide. PyTorch flattens to $(a_1, a_2, b_1, b_2)$, channels last
# to $(a_1, b_1, a_2, b_2)$. A dense layer with one output and the weights $(1, 2, 3, 4)$ needs the kernel $(1, 3, 2, 4)$ there, as a column.
#
# **The trap in the file.** A transposed NumPy array is a *view*: the same numbers in memory, read in another order. `safetensors` stores
# the memory. In the version of this course (0.8.0) `safetensors.numpy.save` writes a view without a word, and what you load is not what you
# saved. (`safetensors.torch.save` refuses it.) `np.ascontiguousarray` makes a copy in the order in which it is read.


# %%
def channels_first(weights, images) -> dict:
    """Return every layer's output in PyTorch; images are (rows, channels, height, width)."""
    w = {name: torch.as_tensor(array) for name, array in weights.items()}
    maps = F.conv2d(torch.as_tensor(images), w["conv.weight"], w["conv.bias"])
    hidden = F.relu(F.linear(F.relu(maps).flatten(1), w["dense.weight"], w["dense.bias"]))
    out = F.linear(hidden, w["out.weight"], w["out.bias"])
    return {"conv": maps.numpy(), "dense": hidden.numpy(), "out": out.numpy()}


def channels_last(weights, images) -> dict:
    """Return every layer's output in the port; images are (rows, height, width, channels)."""
    kernel = weights["conv/kernel"]
    windows = np.lib.stride_tricks.sliding_window_view(images, kernel.shape[:2], axis=(1, 2))
    maps = np.einsum("rhwcij,ijco->rhwo", windows, kernel) + weights["conv/bias"]
    flat = np.maximum(maps, 0).reshape(len(images), -1)
    hidden = np.maximum(flat @ weights["dense/kernel"] + weights["dense/bias"], 0)
    out = hidden @ weights["out/kernel"] + weights["out/bias"]
    return {"conv": maps, "dense": hidden, "out": out}


def draw_network(rng, channels=3, maps=3, kernel=3, size=4, hidden=12, classes=12) -> dict:
    """Return random float32 weights of the PyTorch network, for images of size x size."""
    side = size - kernel + 1
    shapes = {
        "conv.weight": (maps, channels, kernel, kernel), "conv.bias": (maps,),
        "dense.weight": (hidden, maps * side * side), "dense.bias": (hidden,),
        "out.weight": (classes, hidden), "out.bias": (classes,),
    }  # fmt: skip
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


# %% [markdown]
# With the sizes that `draw_network` takes by default every wrong layout has the right shape: the kernel of the convolution is
# $3 \times 3 \times 3 \times 3$, and both dense layers are $12 \times 12$. Whatever you forget, it loads and runs.


# %% exercise="port" minutes=15
def port(data) -> bytes:
    """Return the weights of the PyTorch network for the program with channels last.

    Args:
        data: bytes of a safetensors file with the arrays "conv.weight", "conv.bias",
            "dense.weight", "dense.bias", "out.weight" and "out.bias", laid out as PyTorch does.

    Returns:
        Bytes of a safetensors file with the arrays "conv/kernel", "conv/bias", "dense/kernel",
        "dense/bias", "out/kernel" and "out/bias", so that `channels_last` computes with them what
        `channels_first` computed. The numbers keep their values, and each array its dtype.
        Example of the text: two maps, and "dense.weight" is [[1, 2, 3, 4]]: then "dense/kernel" is
        [[1], [3], [2], [4]].
        The number of maps is the length of "conv.bias".
    """
    ### BEGIN SOLUTION
    old = safetensors.numpy.load(data)
    maps, outputs = len(old["conv.bias"]), len(old["dense.bias"])
    pixels_first = old["dense.weight"].reshape(outputs, maps, -1).transpose(2, 1, 0)
    new = {
        "conv/kernel": old["conv.weight"].transpose(2, 3, 1, 0),
        "conv/bias": old["conv.bias"],
        "dense/kernel": pixels_first.reshape(-1, outputs),
        "dense/bias": old["dense.bias"],
        "out/kernel": old["out.weight"].T,
        "out/bias": old["out.bias"],
    }
    new = {name: np.ascontiguousarray(array) for name, array in new.items()}
    return safetensors.numpy.save(new)
    ### END SOLUTION


# %% check="port" points=10
with check("six arrays under their new names", hint="weight becomes kernel, the dot becomes a slash, bias stays bias.") as rng:
    ported = safetensors.numpy.load(port(safetensors.numpy.save(draw_network(rng))))
    want_names = ["conv/bias", "conv/kernel", "dense/bias", "dense/kernel", "out/bias", "out/kernel"]
    expect(sorted(ported), want_names, what="the names in the file")
with check("the kernel of the convolution", hint="transpose(2, 3, 1, 0), and np.ascontiguousarray before you save.") as rng:
    network = draw_network(rng, channels=2, maps=3, kernel=2, size=3)
    ported = safetensors.numpy.load(port(safetensors.numpy.save(network)))
    moved = not np.array_equal(ported["conv/kernel"].ravel(), network["conv.weight"].ravel())
    assert moved, "conv/kernel stands in the file in the order of conv.weight: a view was saved, or only reshaped. Copy it with np.ascontiguousarray."
    expect(ported["conv/kernel"], np.moveaxis(network["conv.weight"], [2, 3], [0, 1]).swapaxes(2, 3).copy(), what="conv/kernel")
with check("the example of the text: a flattened layer", hint="The columns run over maps, and within a map over its pixels. Give each an axis, and swap the two."):
    tiny = {
        "conv.weight": np.ones((2, 1, 1, 1), np.float32), "conv.bias": np.zeros(2, np.float32),
        "dense.weight": np.array([[1, 2, 3, 4]], np.float32), "dense.bias": np.zeros(1, np.float32),
        "out.weight": np.ones((1, 1), np.float32), "out.bias": np.zeros(1, np.float32),
    }  # fmt: skip
    ported = safetensors.numpy.load(port(safetensors.numpy.save(tiny)))
    expect(ported["dense/kernel"], np.array([[1], [3], [2], [4]], np.float32), what="dense/kernel")
with check("the last matrix", hint="(out, in) becomes (in, out), also where both are equal; np.ascontiguousarray before you save.") as rng:
    network = draw_network(rng, hidden=4, classes=4)
    ported = safetensors.numpy.load(port(safetensors.numpy.save(network)))
    moved = not np.array_equal(ported["out/kernel"].ravel(), network["out.weight"].ravel())
    assert moved, "out/kernel stands in the file in the order of out.weight: it was not transposed, or a view was saved. Copy it with np.ascontiguousarray."
    expect(ported["out/kernel"], network["out.weight"].T.copy(), what="out/kernel")
with check("every number and every dtype stays", hint="Nothing has to be converted: read, reorder, save.") as rng:
    three = (np.float16, np.float32, np.float64)
    for first in range(3):  # every array has a dtype of its own, and in turn each of the three
        network = {
            name: rng.normal(size=array.shape).astype(three[(first + k) % 3])
            for k, (name, array) in enumerate(sorted(draw_network(rng).items()))
        }
        ported = safetensors.numpy.load(port(safetensors.numpy.save(network)))
        want_dtypes = {new: str(network[old].dtype) for old, new in zip(sorted(network), want_names, strict=True)}
        expect({name: str(array.dtype) for name, array in ported.items()}, want_dtypes, what="the dtypes")
        for old_name, new_name in zip(sorted(network), want_names, strict=True):
            alike = np.array_equal(np.sort(ported[new_name], axis=None), np.sort(network[old_name], axis=None))
            assert alike, f"{new_name} holds other numbers than {old_name}."
with check("where every wrong layout has the right shape: the same outputs", points=2, hint="Look at the layers one by one: print where they differ first.") as rng:
    network, images = draw_network(rng), rng.normal(size=(5, 3, 4, 4)).astype(np.float32)
    ported = safetensors.numpy.load(port(safetensors.numpy.save(network)))
    want_layers = channels_first(network, images)
    got_layers = channels_last(ported, np.ascontiguousarray(images.transpose(0, 2, 3, 1)))
    expect(got_layers["dense"], want_layers["dense"], tol=1e-4, what="the output of the dense layer")
    expect(got_layers["out"], want_layers["out"], tol=1e-4, what="the output of the network")
### BEGIN HIDDEN TESTS
with check("random networks", points=3, hint="Try other numbers of channels, maps and outputs; none need be equal.", hidden=True) as rng:
    for _ in range(4):
        n_in, n_maps, high, wide, n_hidden, n_out = (int(n) for n in rng.integers(2, 6, 6))
        network = draw_network(rng, channels=n_in, maps=n_maps, kernel=2, size=3, hidden=n_hidden, classes=n_out)
        network["dense.weight"] = rng.normal(size=(n_hidden, n_maps * high * wide)).astype(np.float32)
        images = rng.normal(size=(3, n_in, high + 1, wide + 1)).astype(np.float32)
        ported = safetensors.numpy.load(port(safetensors.numpy.save(network)))
        got_out = channels_last(ported, np.ascontiguousarray(images.transpose(0, 2, 3, 1)))["out"]
        expect(got_out, channels_first(network, images)["out"], tol=1e-4, what="the output of the network")
### END HIDDEN TESTS
grade("port")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `safetensors.numpy.load(data)` gives a dict of arrays, `safetensors.numpy.save(dict)` gives bytes. In between every array is renamed, and
# three of them change their layout.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The columns of `dense.weight` run over the maps, and within a map over its pixels. `reshape(outputs, maps, -1)` gives outputs, maps and pixels an axis
# each. Reorder them to pixels, maps, outputs, and reshape back to two axes.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution: `old["dense.weight"].reshape(outputs, maps, -1).transpose(2, 1, 0)`, reshaped to `(-1, outputs)`; the
# convolution with `transpose(2, 3, 1, 0)`; `out.weight` with `.T`. Wrap all in `np.ascontiguousarray`.
#
# </details>
#
# **Why it matters.** "It loads, and every shape is right" is the moment at which a port looks finished. Nothing has been proven by then.
# [What does it cost to leave a framework?](#What-does-it-cost-to-leave-a-framework?)

# %% [markdown]
# ### A test that lets every port pass
#
# *Find the bug · 10 minutes · difficulty: two of three*
#
# The proof of a port is a comparison, layer by layer, on the same inputs. A colleague's test compares the *means* of the two outputs, so numbers may stand
# anywhere. Repair it. For two numbers, old $a$ and new $b$, the error is the one of the gradient check,
#
# $$\frac{|a - b|}{\max(1, |a|, |b|)},$$
#
# and the error of a layer is the largest of its entries. Two things are infinitely wrong: shapes that differ once both are laid out alike, and a
# `nan` or an infinity on either side. (`nan > tol` is false, as you have seen.)
#
# **The smallest example.** Old $(1, 4)$, new $(4, 1)$: the means are equal, and the error is $3/4$.
#
# The name that you want is that of the **first** layer that differs. Later ones will as a rule differ too, often more.


# %% exercise="fix_port_test" minutes=10 faults=["equal means, numbers in other places", "maps: the same numbers, channels last", "relative where large, absolute where small", "the first layer that differs, not the worst", "nan and infinity are differences", "shapes that differ, also where NumPy would stretch", "random layers"]
def compare_layers(old, new, tol) -> dict:
    """Compare the outputs of the layers of two programs on the same inputs.

    Args:
        old: list of (name, array) in the order of the layers. An array with four axes is
            (rows, channels, height, width), any other is compared as it is.
        new: the same layers of the port, in the same order; four axes are
            (rows, height, width, channels).
        tol: the largest error that is accepted.

    Returns:
        "errors": name -> float, the largest |a - b| / max(1, |a|, |b|) over the entries; inf where
            the shapes differ once both are laid out alike (also where only one of the two has four
            axes), or where an entry of either is nan or infinite.
        "first": name of the first layer whose error is above tol; None if there is none.

    Raises:
        ValueError: the two lists do not hold the same names in the same order.
    """
    ### BEGIN SOLUTION
    if [name for name, _ in old] != [name for name, _ in new]:
        raise ValueError("the two programs have different layers")
    errors = {}
    for (name, a), (_, b) in zip(old, new, strict=True):
        if b.ndim == 4:
            b = b.transpose(0, 3, 1, 2)
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            errors[name] = math.inf
        else:
            scale = np.maximum(1, np.maximum(np.abs(a), np.abs(b)))
            errors[name] = float((np.abs(a - b) / scale).max())
    first = next((name for name, error in errors.items() if error > tol), None)
    return {"errors": errors, "first": first}
    ### END SOLUTION
    ### BEGIN RELEASE
    # errors = {}
    # for (name, a), (_, b) in zip(old, new):
    #     errors[name] = float(abs(a.mean() - b.mean()))  # "the layout does not matter"
    # worst = max(errors, key=errors.get)
    # return {"errors": errors, "first": worst if errors[worst] > tol else None}
    ### END RELEASE


# %% check="fix_port_test" points=10
with check("equal means, numbers in other places", hint="Compare entry with entry, and take the largest error."):
    moved = compare_layers([("dense", np.array([[1.0, 4.0]]))], [("dense", np.array([[4.0, 1.0]]))], 0.1)
    expect(moved, {"errors": {"dense": 3 / 4}, "first": "dense"}, what="the report of the example")
with check("an error at the tolerance passes, also without any tolerance", needs="equal means, numbers in other places", hint="An error that equals tol is not above it: no name."):
    same = np.array([[1.0, 4.0], [2.0, 8.0]])
    for tol in (1e-6, 0.0):
        expect(compare_layers([("dense", same)], [("dense", same.copy())], tol), {"errors": {"dense": 0.0}, "first": None}, what=f"the report for tol={tol}")
    edge = compare_layers([("dense", np.array([0.25, 4.0]))], [("dense", np.array([0.0, 4.0]))], 0.25)
    expect(edge, {"errors": {"dense": 0.25}, "first": None}, what="the report for an error of tol")
with check("maps: the same numbers, channels last", hint="Four axes: bring the new one to (rows, channels, height, width) first.") as rng:
    for shape in ((2, 3, 4, 5), (2, 3, 3, 3)):
        maps_old = rng.normal(size=shape)
        maps_right, maps_wrong = maps_old.transpose(0, 2, 3, 1).copy(), maps_old.transpose(0, 3, 2, 1).copy()
        expect(compare_layers([("conv", maps_old)], [("conv", maps_right)], 1e-6), {"errors": {"conv": 0.0}, "first": None}, what="the report")
        swapped = compare_layers([("conv", maps_old)], [("conv", maps_wrong)], 1e-6)
        assert swapped["first"] == "conv", "Maps with height and width swapped pass as equal."
with check("relative where large, absolute where small", hint="Divide by the larger of |a| and |b|, and by no less than 1."):
    scaled = compare_layers(
        [("large", np.array([-8.0, 2.0])), ("larger", np.array([10.0])), ("small", np.array([0.25])), ("tiny", np.array([0.5]))],
        [("large", np.array([-10.0, 2.0])), ("larger", np.array([8.0])), ("small", np.array([0.0])), ("tiny", np.array([0.500002]))],
        0.5,
    )
    want_scaled = {"large": 0.2, "larger": 0.2, "small": 0.25, "tiny": 2e-6}
    expect(scaled, {"errors": want_scaled, "first": None}, what="the report")
with check("the first layer that differs, not the worst", hint="Go through the layers in their order and stop at the first above tol."):
    later = compare_layers(
        [("stem", np.array([0.5])), ("pool", np.array([0.0])), ("head", np.array([0.0]))],
        [("stem", np.array([0.5])), ("pool", np.array([0.25])), ("head", np.array([1.0]))],
        0.1,
    )
    expect(later, {"errors": {"stem": 0.0, "pool": 0.25, "head": 1.0}, "first": "pool"}, what="the report")
with check("nan and infinity are differences", hint="Any comparison with nan is false, and nan spoils a maximum. Ask np.isfinite(...).all() of both arrays before you subtract; where it is false for either, the error is math.inf."):
    for bad, place in itertools.product((math.nan, math.inf, -math.inf), (0, 3)):
        good = np.array([[1.0, 2.0], [3.0, 4.0]])
        spoiled = good.copy()
        spoiled.flat[place] = bad
        for one, other in ((good, spoiled), (spoiled, good), (spoiled, spoiled)):
            broken = compare_layers([("out", one)], [("out", other)], 1e-6)
            expect(broken, {"errors": {"out": math.inf}, "first": "out"}, what=f"the report with {bad}")
with check("shapes that differ, also where NumPy would stretch", hint="Compare a.shape with b.shape before you subtract. Which of the two do you ask for its number of axes, and what if the other has fewer?"):
    stretched = compare_layers([("out", np.ones((3, 1)))], [("out", np.ones(3))], 1e-6)
    expect(stretched, {"errors": {"out": math.inf}, "first": "out"}, what="the report")
    stretched = compare_layers([("out", np.ones((3, 4)))], [("out", np.ones((1, 4)))], 1e-6)
    expect(stretched, {"errors": {"out": math.inf}, "first": "out"}, what="the report")
    for one, other in ((np.ones((1, 1, 1, 1)), np.ones((1, 1))), (np.ones((2, 2)), np.ones((2, 2, 2, 2)))):
        flattened = compare_layers([("out", one)], [("out", other)], 1e-6)
        expect(flattened, {"errors": {"out": math.inf}, "first": "out"}, what="the report where only one of the two has four axes")
with check("other layers are refused", needs="equal means, numbers in other places", hint="Compare the two lists of names first, and raise ValueError."):
    one = np.ones(2)
    expect_raises(ValueError, compare_layers, [("a", one), ("b", one)], [("a", one)], 0.1)
    expect_raises(ValueError, compare_layers, [("a", one)], [("a", one), ("b", one)], 0.1)
    expect_raises(ValueError, compare_layers, [("a", one)], [("b", one)], 0.1)
    expect_raises(ValueError, compare_layers, [("a", one), ("b", one)], [("b", one), ("a", one)], 0.1)
### BEGIN HIDDEN TESTS
with check("random layers", hint="Try layers with one, two, three and four axes, and an error in one entry. Only four axes are laid out differently.", points=2, hidden=True) as rng:
    for case in range(6):
        n_rows, n_maps, high, wide = (int(n) for n in rng.integers(1, 5, 4))
        olds = [rng.normal(size=(n_rows, n_maps, high, wide)) * 3, rng.normal(size=(n_rows, 3, 5)) * 3, rng.normal(size=n_rows) * 3]
        news = [olds[0].transpose(0, 2, 3, 1).copy(), olds[1].copy(), olds[2].copy()]
        for k in range(3):
            # the first case: a difference in the first layer, and a larger one in the last
            shift = (2.0, 0.0, 40.0)[k] if case == 0 else float(rng.normal()) * (rng.uniform() < 0.5)
            news[k].flat[int(rng.integers(news[k].size))] += shift
        alike = [news[0].transpose(0, 3, 1, 2), news[1], news[2]]
        want_errors = {}
        for layer, a, b in zip(("maps", "hidden", "dense"), olds, alike, strict=True):
            want_errors[layer] = float(np.max(np.abs(a - b) / np.max([np.ones(a.shape), np.abs(a), np.abs(b)], axis=0)))
        names = list(want_errors)
        found = compare_layers(list(zip(names, olds, strict=True)), list(zip(names, news, strict=True)), 0.05)
        want_first = [layer for layer in names if want_errors[layer] > 0.05]
        expect(found, {"errors": want_errors, "first": want_first[0] if want_first else None}, what="the report")
### END HIDDEN TESTS
grade("fix_port_test")

# %% demo=true
draw = np.random.default_rng(0)
network, images = draw_network(draw), draw.normal(size=(6, 3, 4, 4)).astype(np.float32)
old_layers = list(channels_first(network, images).items())
conv_kernel = np.ascontiguousarray(network["conv.weight"].transpose(2, 3, 1, 0))
in_order = network["dense.weight"].reshape(12, 3, 4).transpose(2, 1, 0).reshape(12, 12)
biases = {name.replace(".", "/"): array for name, array in network.items() if name.endswith("bias")}
attempts = {
    "all right": (conv_kernel, in_order, network["out.weight"].T),
    "flattened order forgotten": (conv_kernel, network["dense.weight"].T, network["out.weight"].T),
    "last matrix not transposed": (conv_kernel, in_order, network["out.weight"]),
}
port_reports = {}
for words, kernels in attempts.items():
    named = zip(("conv/kernel", "dense/kernel", "out/kernel"), kernels, strict=True)
    ported = biases | dict(named)
    new_layers = list(channels_last(ported, images.transpose(0, 2, 3, 1)).items())
    port_reports[words] = compare_layers(old_layers, new_layers, 1e-4)
    sizes = all(a.size == b.size for (_, a), (_, b) in zip(old_layers, new_layers, strict=True))
    print(f"{words:<27} sizes agree: {sizes}; first difference: {port_reports[words]['first']}")
view = np.arange(6.0).reshape(2, 3).T
back = safetensors.numpy.load(safetensors.numpy.save({"view": view}))["view"]
print("a transposed view, saved with safetensors.numpy:", view.tolist(), "loaded:", back.tolist())
try:
    safetensors.torch.save({"view": torch.ones(2, 3).T})
    view_in_torch = "accepted"
except ValueError:
    view_in_torch = "refused"
print("the same through safetensors.torch:", view_in_torch)
try:
    safetensors.numpy.load(safetensors.torch.save({"half": torch.ones(2, dtype=torch.bfloat16)}))
    half_in_numpy = "loaded"
except (KeyError, TypeError):
    half_in_numpy = "not loaded: NumPy has no such type"
print("bfloat16 weights, read with NumPy:", half_in_numpy)

# %% [markdown]
# After the repair the test names the layer at which the search begins: `dense` where the flattened order was forgotten, `out` where the last
# matrix was not transposed. Before the repair it compares means, and names the layer whose means are furthest apart. Weights in
# `bfloat16` are a third trap: NumPy has no such type, so convert them to `float32` on the PyTorch side first.
#
# A right port need not agree to the last bit, since sums may be added in another order. So the tolerance is part of the
# proof. Compare in `float64` where both sides can: rounding then leaves little room for excuses.
#
# <details><summary>Hint 1</summary>
#
# The faults: means instead of entries; four axes in two layouts; no division; the worst layer instead of the first; no look at `nan`, at shapes, at names.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `b.transpose(0, 3, 1, 2)` where `b.ndim == 4`. If the shapes differ then, or `np.isfinite` is false anywhere, the error is `math.inf`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Nearly the whole solution: `scale = np.maximum(1, np.maximum(np.abs(a), np.abs(b)))`, the error is `float((np.abs(a - b) / scale).max())`, and the name
# is `next((name for name, error in errors.items() if error > tol), None)`.
#
# </details>
#
# **Why it matters.** Only the proof tells you whether the port is done, and where to look when it is not.
# [What does it cost to leave a framework?](#What-does-it-cost-to-leave-a-framework?)

# %% [markdown]
# ## A decision with weights
#
# Five criteria without weights decide nothing. A **decision matrix** gives each option $i$ a score $s_{ik}$ for each criterion $k$,
# each criterion a weight $w_k$ (they sum to one), and takes the option with the largest total $\sum_k w_k s_{ik}$.
#
# The weights are opinions. So ask at once: **which weight flips the decision?** Move the weight of one criterion to $w$ and let the others
# share the remaining $1 - w$ in their old proportions. The total of option $i$ becomes
#
# $$T_i(w) = w \, s_{ik} + (1 - w) \, R_i,$$
#
# where $R_i$ is the weighted mean of its *other* scores. That is a straight line in $w$. Leader A and rival B draw level where
#
# $$w^* (s_A - s_B) + (1 - w^*)(R_A - R_B) = 0 \quad\Rightarrow\quad w^* = \frac{R_A - R_B}{(R_A - R_B) - (s_A - s_B)}.$$
#
# If $w^*$ is not between 0 and 1, no weight of this criterion flips the decision.
#
# **The smallest example.** Weights: needs $1/2$, ease $1/4$, speed $1/4$. A scores 8, 6, 2 and B scores 6, 6, 6. Totals: $4 + 3/2 + 1/2 = 6$
# and 6: a tie. Now ease of A is 10, so A leads with 7. For speed: $s_A - s_B = -4$. The others have proportions two to
# one: $R_A = (2 \cdot 8 + 10)/3 = 26/3$, $R_B = 6$, so $R_A - R_B = 8/3$. $w^* = \frac{8/3}{8/3 + 4} = 2/5$. Speed has weight $1/4$ now;
# above $2/5$, B wins.
#
# ### The flipping weight by hand
#
# *By hand · 7 minutes · difficulty: two of three*
#
# A team's weights and scores for two options. (The cell behind the exercise computes the same for every criterion, and for a third option.)
#
# | criterion | weight | A | B |
# |---|---|---|---|
# | needs | 4/10 | 8 | 7 |
# | community | 1/10 | 6 | 7 |
# | performance | 2/10 | 4 | 9 |
# | ease of use | 2/10 | 10 | 5 |
# | company support | 1/10 | 5 | 6 |
#
# Work out both totals, and at which weight of *performance* and of *ease of use* B draws level. Type fractions.

# %% exercise="flip_by_hand" minutes=7
### BEGIN SOLUTION
flip_hand = {"total_A": 71 / 10, "total_B": 69 / 10, "performance": 3 / 13, "ease of use": 1 / 6}
### END SOLUTION
### BEGIN RELEASE
# flip_hand = {"total_A": ..., "total_B": ..., "performance": ..., "ease of use": ...}
### END RELEASE

# %% check="flip_by_hand" points=4
with check("the two totals", hint="Weight times score, summed over the five criteria."):
    sums = [np.dot([4, 1, 2, 2, 1], s) / 10 for s in ([8, 6, 4, 10, 5], [7, 7, 9, 5, 6])]
    expect([flip_hand["total_A"], flip_hand["total_B"]], [float(s) for s in sums], what="[A, B]", tell=False)
with check("the flipping weight of performance", points=2, hint="R is the weighted mean of the four others: divide their sum by 8/10."):
    rest = np.dot([4, 1, 2, 1], [8 - 7, 6 - 7, 10 - 5, 5 - 6]) / 8
    expect(flip_hand["performance"], float(rest / (rest + 5)), what="the weight of performance", tell=False)
with check("the flipping weight of ease of use", hint="Here A is ahead by 5, and behind on the other four."):
    rest = np.dot([4, 1, 2, 1], [8 - 7, 6 - 7, 4 - 9, 5 - 6]) / 8
    expect(flip_hand["ease of use"], float(rest / (rest - 5)), what="the weight of ease of use", tell=False)
grade("flip_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Work with differences A minus B: needs 1, community −1, performance −5, ease of use 5, company support −1.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Performance: $R_A - R_B$ is $(4 \cdot 1 - 1 + 2 \cdot 5 - 1)/8$, and $s_A - s_B = -5$.
#
# </details>
# <details><summary>Hint 3</summary>
#
# $R_A - R_B = 3/2$, so $w^* = \frac{3/2}{3/2 + 5}$. Ease of use: $R_A - R_B = (4 - 1 - 2 \cdot 5 - 1)/8 = -1$ and $s_A - s_B = 5$.
#
# </details>
#
# **Why it matters.** A leads by 7.1 to 6.9. If performance weighs 0.231 instead of 0.2, B wins. Nobody's opinion is that precise, so the
# matrix has *not* decided. It has found the question to ask.
# [How robust is a weighted decision?](#How-robust-is-a-weighted-decision?)

# %% demo=true
# Figure: the totals of three options against the weight of performance
team_weights = {"needs": 0.4, "community": 0.1, "performance": 0.2, "ease of use": 0.2}
team_weights["company support"] = 0.1
team_scores = {
    "A": {"needs": 8, "community": 6, "performance": 4, "ease of use": 10, "company support": 5},
    "B": {"needs": 7, "community": 7, "performance": 9, "ease of use": 5, "company support": 6},
    "C": {"needs": 5, "community": 9, "performance": 6, "ease of use": 6, "company support": 9},
}


def total(row, weights):
    """Return the weighted mean of the scores that have a weight."""
    return sum(w * row[name] for name, w in weights.items()) / sum(weights.values())


def flipping_weight(leader, rival, criterion):
    """Return the weight of the criterion at which the rival draws level; None outside of 0 to 1."""
    others = {name: w for name, w in team_weights.items() if name != criterion}
    rest = total(team_scores[leader], others) - total(team_scores[rival], others)
    bend = rest - (team_scores[leader][criterion] - team_scores[rival][criterion])
    return rest / bend if bend and 0 <= rest / bend <= 1 else None


team_totals = {option: total(row, team_weights) for option, row in team_scores.items()}
print("totals:", ", ".join(f"{option} {value:.1f}" for option, value in team_totals.items()))
for name in team_weights:
    flips = {rival: flipping_weight("A", rival, name) for rival in "BC"}
    words = ", ".join(
        f"{rival} at {w:.3f}" if w is not None else f"{rival} never" for rival, w in flips.items()
    )
    print(f"{name:<16} weight {team_weights[name]:.1f}; draws level with A: {words}")
grid = np.linspace(0, 1, 11)
fig, (ax,) = plots.canvas(1, width=6.4, height=4.2)
rest_weights = {name: w for name, w in team_weights.items() if name != "performance"}
for (option, row), style in zip(team_scores.items(), plots.line_styles, strict=False):
    line = grid * row["performance"] + (1 - grid) * total(row, rest_weights)
    ax.plot(grid, line, label=f"option {option}", **(style | {"markersize": 5}))
level = flipping_weight("A", "B", "performance")
ax.axvline(0.2, color="grey", linewidth=0.8)
corner = (0.2, ax.get_ylim()[0])
ax.annotate(
    "present weight",
    corner,
    (-4, 4),
    textcoords="offset points",
    rotation=90,
    ha="right",
    fontsize=8,
)
height = level * team_scores["B"]["performance"] + (1 - level) * total(
    team_scores["B"], rest_weights
)
ax.plot(level, height, "o", markersize=13, markerfacecolor="none", markeredgecolor="black")
arrow = {"textcoords": "offset points", "fontsize": 8, "arrowprops": {"arrowstyle": "->"}}
ax.annotate(f"A and B level at {level:.3f}", (level, height), (0, 60), **arrow)
ax.set(xlabel="weight of performance", ylabel="total")
ax.set_title(f"A leads at the weight 0.2; from {level:.3f} on it is B", fontsize=10)
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Three straight lines: the total of options A, B and C against the weight of performance. "
    "A falls, B rises, C stays nearly level, below both at the present weight. "
    f"A and B cross at {level:.3f}, marked by a circle, "
    "just right of a labelled vertical line at the present weight 0.2.",
)

# %% [markdown]
# Option C wins at no weight near the present ones, so the team can stop talking about it. Between A and B, performance and ease of use
# decide: little more than three hundredths up for the one, or down for the other, and B leads. The score of performance can be **measured** instead of
# guessed: run your own workload in both, as above.
#
# Two more things that no weight repairs. A **must** is not a criterion: an option that cannot run on your device is out, whatever it scores.
# And the five criteria of the usual answer leave out four things: the pretrained models that exist, the target that you deploy
# to, what the team knows, and the cost of leaving. Leaving is cheaper when weights are stored in an open format (`safetensors`,
# ONNX), when inputs and outputs of every layer lie beside them, and when the code that touches the framework is one module and not all of them.
#
# **Why it matters.** "We used a matrix" is no argument. "Its nearest flips are performance
# above 0.23 and ease of use below 0.17; every other weight would have to move by 0.15 or more" is.
# [How robust is a weighted decision?](#How-robust-is-a-weighted-decision?)

# %% [markdown]
# ## Eight scenarios
#
# *Choose one · 12 minutes · difficulty: two of three*
#
# What would you recommend? Take the option that fits what the text says, not what you would like to use.
#
# **1.** A shop predicts which customers leave: a table of twenty thousand rows, thirty columns, retrained once a week by one analyst.
#
# - (a) A pretrained network for tables: in benchmarks of 2025 such models lead on small tables, and there is nothing to tune: one call does it all.
# - (b) PyTorch, with an ensemble of small networks: with enough time for tuning they have caught up with trees, and the code can take in text and images later.
# - (c) scikit-learn: gradient boosting in a pipeline that prepares the columns, a linear model beside it, and one cross-validation that judges both of them.
#
# **2.** Your group works in JAX. In six weeks it wants to show an improvement of a paper of last month, whose code and pretrained weights are published in PyTorch.
#
# - (a) Run the published code in PyTorch, reproduce one number of the paper, and change things from there.
# - (b) Convert the weights, write the network again in JAX, and go on in the framework in which six people are fast.
# - (c) Take the re-implementation in JAX that a stranger has published meanwhile: it loads the converted weights, and its shapes are right.
#
# **3.** A physics group needs Hessian-vector products and the gradient of *each* sample, for thousands of small simulations at a time, on the TPUs that it has. It writes
# pure functions on NumPy arrays already.
#
# - (a) PyTorch with `torch.func`: it has `grad`, `vmap` and `jvp` as well, and a larger group of users to ask.
# - (b) JAX: `np` becomes `jnp`, writes in place and branches on values are rewritten, and the transformations compose.
# - (c) Keras on the backend JAX: TPUs and JAX underneath, and a training loop that is written and tested already.
#
# **4.** A model must run on phones without a network. The team trains in PyTorch and knows it well. Nobody there has put a model on a phone yet.
#
# - (a) Port the training now to a framework whose runtime for phones is older and better documented: training and deployment then come from one
#   source, and no exporter stands between them.
# - (b) First train until the accuracy suffices, since a model that is not good enough needs no export. Then shrink and export its final form.
# - (c) Keep training where it is. This week, convert an untrained model of the right size to a phone's format, run it on a real phone, and time it.
#
# **5.** A team has three years of TensorFlow code in production. It works, and new projects reuse most of it. A new colleague proposes to move to PyTorch.
#
# - (a) Stay, and put an exchange format at the boundary. Decide for each *new* project, with the cost of porting in the matrix.
# - (b) Move step by step: port one module a month, with tests that compare old and new outputs, and be on the framework with the larger community in a
#   year.
# - (c) Freeze the old code, and start every new project in PyTorch: nothing that runs is touched, and the change happens by itself.
#
# **6.** A blog says that framework X trains a third faster than the one you use. Your training waits for images from the disk most of the time.
#
# - (a) Repeat the blog's benchmark on your own machine, in both frameworks, with the warm-up apart and medians of many calls. Switch if the third is
#   confirmed.
# - (b) Make the reading of images faster first, and profile again. Measure X on your own model once the computation is what you wait for.
# - (c) Port your model to X, and time a whole epoch of each on your own data, from the disk to the update: only the total counts.
#
# **7.** Two people have three days and one GPU to fine-tune a standard image classifier on three thousand photos. Neither has written a training loop. From next month on a
# partner trains it again every week, on machines that run JAX only.
#
# - (a) Keras 3: a pretrained model and `fit` are there; they keep layers and augmentation free of any backend's own operations, and the partner sets another backend.
# - (b) PyTorch: a published recipe for exactly this task, pretrained weights, and most of the answers on the web; for the partner they export the result to ONNX.
# - (c) JAX from the start, with a library of layers: it is what the partner runs, so there is nothing to convert and nothing to prove later.
#
# **8.** A bank will run a model on its own servers for seven years. Every package must pass a licence review and be available from an internal
# mirror. A young library, by one author and with a permissive licence, has the fastest kernels; every candidate is fast enough.
#
# - (a) The young library: the licence passes, the mirror keeps its source and a pinned version, and if the author stops, the bank maintains a fork.
# - (b) A hosted model of a large vendor, with a contract for seven years: no package to review or to mirror, and somebody who is liable.
# - (c) A framework with a foundation or a company behind it and a stated licence; versions pinned and mirrored, weights in an open format.

# %% exercise="scenarios" minutes=12
### BEGIN SOLUTION
scenario = {1: "c", 2: "a", 3: "b", 4: "c", 5: "a", 6: "b", 7: "a", 8: "c"}
### END SOLUTION
### BEGIN RELEASE
# scenario = {1: ..., 2: ..., 3: ..., 4: ..., 5: ..., 6: ..., 7: ..., 8: ...}
### END RELEASE

# %% check="scenarios" points=8
with check("1: the table of the shop", hint="What kind of data, who maintains it, and what would you compare with?"):
    expect_choice(scenario[1], "c", {
        "a": "Worth a row in the comparison, with the licence of its weights (some forbid commercial use) and its cost for each prediction. The paper of 2025 tested up to ten thousand rows, later releases claim more. But as the only model it has nothing to be compared with.",
        "b": "True under a large budget and with ensembling. Here one analyst must keep it alive, and nobody has seen yet that the cheap model falls short.",
        "c": "Fit, cross-validate, done, and the two numbers that anything cleverer has to beat. A pretrained network for tables is the next row.",
    })  # fmt: skip
with check("2: last month's paper", hint="Which of the three shows first whether the paper's number can be had at all?"):
    expect_choice(scenario[2], "a", {
        "a": "Code and weights exist there. With the number reproduced, every later difference is yours, and a port has something to be compared with.",
        "b": "The port may be right one day. Until its outputs agree with the original layer by layer, an improvement and a mistake look alike, and the original has to run for that anyway.",
        "c": "Right shapes prove nothing. You would build on a port that nobody has compared with the original.",
    })  # fmt: skip
with check("3: the physics group", hint="What is written already, and which machine is there?"):
    expect_choice(scenario[3], "b", {
        "a": "The transformations are there, and on GPUs this would be a contest. But the functions have to be rewritten, and in 2026 TPUs need a package beside PyTorch.",
        "b": "grad, vmap and jvp compose on pure functions of arrays, and it compiles for TPUs. What they have is nearly what it takes; mind that JAX computes in float32 unless told otherwise.",
        "c": "They have no layers and no training loop of the usual kind. The interface would stand between them and the functions that they transform.",
    })  # fmt: skip
with check("4: on the phone", hint="Which risk is the largest, and how cheaply can you look at it?"):
    expect_choice(scenario[4], "c", {
        "a": "You pay the full cost of the change before you know whether the export of what you have fails. And that runtime is no proof for your model.",
        "b": "The largest risk then comes last. If an operation cannot be exported, or the phone is too slow, the model that you trained is the wrong one.",
        "c": "Deployment is the must here, and it can be tested in days, before anybody trains. If it fails, you know what to change.",
    })  # fmt: skip
with check("5: three years of code", hint="What is gained on the day after the move, and what do new projects reuse?"):
    expect_choice(scenario[5], "a", {
        "a": "Code that works is an asset. The cost of leaving enters the matrix, and the boundary makes it smaller.",
        "b": "A careful way to do it, and no reason to do it: a year of work, and at its end the same products.",
        "c": "New projects reuse most of the old code, so each would start with a port; and frozen code that still runs must be maintained all the same.",
    })  # fmt: skip
with check("6: a third faster", hint="Which part of your time would become shorter?"):
    expect_choice(scenario[6], "b", {
        "a": "A sound measurement of the blog's workload. Yours waits for the disk, and would wait just as long.",
        "b": "First what you wait for, then a measurement of your own workload. It may be that nothing is left to gain.",
        "c": "It would give the right answer, at the price of a port: with the disk in the way both epochs take nearly the same time, as a profile tells you today.",
    })  # fmt: skip
with check("7: three days", hint="What must the partner be able to do, and what can two people write in three days?"):
    expect_choice(scenario[7], "a", {
        "a": "The loop exists, and the same source trains on both backends. What remains is to run it once on the other backend before the three days are over.",
        "b": "The quickest way to the classifier. But the partner has to train, and an exported model is one trained model: the training does not move with it.",
        "c": "The partner's must is met. Theirs is not: the first training loop of their lives, and a framework that is new to them, in three days.",
    })  # fmt: skip
with check("8: the bank", hint="Which are the musts, and what must still be true in seven years?"):
    expect_choice(scenario[8], "c", {
        "a": "It passes the musts, but buys speed that nobody needs with the risk of maintaining numerical kernels for years, which is no bank's business.",
        "b": "That breaks a must: the model has to run on the bank's own servers. And a contract mirrors nothing.",
        "c": "Governance, licence and pinned versions meet the musts, and an open format keeps the way out open.",
    })  # fmt: skip
grade("scenarios")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In each text look for a *must* first. What breaks it is out, however good it sounds. Some texts have none.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Then ask what exists already (code, weights, knowledge), and what the cheapest experiment is that could change your mind.
#
# </details>
#
# **Why it matters.** Interviewers ask for a framework and listen for the reasons.
# [How do you choose a deep learning framework?](#How-do-you-choose-a-deep-learning-framework?)

# %% [markdown]
# ## A recommendation
#
# *Write · 15 minutes · difficulty: three of three · graded by a person*
#
# The team of the matrix above (options A, B and C, the weights as given) asks for your recommendation. A is what they use today. Each
# developer knows A; B would cost about two months of porting. They deploy to their own Linux servers with CPUs, and use one pretrained model,
# which exists for A and B, but not for C. Write to their head, who programs but does no machine learning, in 150 to 250 words.
#
# **How it is graded, one point each:**
#
# 1. A clear recommendation, with what it depends on.
# 2. Musts and wishes are kept apart: what strikes an option out is said, and is not weighed.
# 3. The sensitivity: which weights flip the decision, at which values, and how far the nearest are from the present ones.
# 4. A measurement that would settle it: what would be run, what is kept apart (import, warm-up, steady state), and which result would change the advice.
# 5. The cost of leaving: of moving now, and what keeps it small later.

# %% [markdown] exercise="memo" points=5 minutes=15 manual=true
# **Recommendation: stay with A for now, and spend two days on one measurement before you decide for good.**
#
# C is out, because the pretrained model that you use does not exist for it. That is a must, so its good scores for community and support
# do not count.
#
# Between A and B your matrix gives 7.1 to 6.9. That looks like a decision, but is none: if performance weighed 0.231 instead of 0.2, or ease of
# use less than a sixth instead of a fifth, B would be ahead. (The other flips are further off.) Nobody can state a weight that precisely. So the scores must get better, not the
# weights.
#
# The score that can be measured is performance. Take one real training job and one real request on your own server, and run both in A and B. First check
# that both give the same predictions. Then note, apart from each other: start-up, the first call, and the median of later calls. If B is at
# least twice as fast where your people really wait, I would change my advice. If the time goes into reading data, B cannot help, and the question is closed.
#
# Moving costs two months now. To keep that door cheap, store weights in an open format, and put everything that touches the framework into one module. With that
# done, you can ask again in a year, when versions and scores have changed.

# %% [markdown]
# ## The answer
#
# *"Which deep learning framework would you take, and why?"* Say it aloud first, then compare.
#
# **In half a minute.** "I start with the musts: where it has to run, which pretrained models and code I need, which licences are allowed. Among what
# is left I weigh the wishes, such as ease of use, community, performance, support, and what the team knows, and I compute which weight would flip the
# decision. What can be measured, I measure on our own workload: the same objective in both, warm-up apart. And I count the cost of leaving. For
# tables I begin with scikit-learn, and set a pretrained network for tables beside it. For published models I look first at what they were published in; `transformers` has run on PyTorch
# alone since its version five, of January 2026. Function transformations or TPUs speak for JAX; Keras is an interface on top of such an engine."
#
# **When they press you.** You have shown each of these:
#
# - A framework differentiates programs: local slopes, a graph, one way back with sums where a value is used twice
#   ([Operations that remember](#Operations-that-remember), [The way back](#The-way-back)).
# - A gradient is checked by central differences, in `float64`, with a step near the cube root of the precision
#   ([Which step is best?](#Which-step-is-best?)).
# - Same names, different objectives: `C`, `weight_decay` and `L2` have to be translated before anything is compared
#   ([One strength, four names](#One-strength,-four-names)).
# - Compiling captures, and pays only after enough calls. `torch.compile` takes shapes as fixed until one changes, then leaves that size open, and
#   breaks the graph where a value decides; `jax.jit` captures for each shape, and stops there
#   ([How often is it captured?](#How-often-is-it-captured?), [A benchmark that lies](#A-benchmark-that-lies)).
# - A choice on a value belongs in the graph: `torch.where`, `torch.cond`, `lax.cond`. With `where`, mind the slope of the side that is not selected
#   ([How often is it captured?](#How-often-is-it-captured?)).
# - A port can load with every shape right and compute something else. The proof is a comparison of layers, and it names the first one that differs
#   ([A port that loads](#A-port-that-loads), [A test that lets every port pass](#A-test-that-lets-every-port-pass)).
# - A lead of 7.1 to 6.9 was flipped by a change of three hundredths in one weight ([The flipping weight by hand](#The-flipping-weight-by-hand)).
#
# **What the usual answer gets wrong.** It lists five criteria as if listing were deciding. It names TensorFlow, PyTorch and Keras side by side, though Keras is an
# interface that runs on the others. It calls a framework "fast" without a workload, and "popular" without a date. And it forgets the
# pretrained models, the place of deployment, the team's knowledge, and the way out.

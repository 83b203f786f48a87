# %% [markdown] needs=["04-mlp", "06-metrics"]
# # Fine-tuning: freeze, train, compare, save
#
# *"Take a pretrained model, freeze its layers and fine-tune it on our data. Write the code."*
#
# The guide that this course grew from answers with a program: it loads a file, sets `requires_grad = False` on every
# parameter, trains the last layer and saves everything. As printed there, it stops with an error. A tempting repair
# silences the error and trains the whole network, and nobody notices, because the accuracy on the new task looks much
# the same. In this unit you run these programs, see what each does to a number that matters, and repair them. Then you
# find out by experiment when fine-tuning pays at all, and how far such an experiment can be believed.
#
# **Time.** Plan 270 minutes: 182 minutes of exercises, the rest for reading. The sections build on one network. No check
# needs your solution of another exercise; three demonstrations use functions that you wrote before, and say so.
#
# **How to work.** Run an exercise's cell and the check below it with Shift + Enter. Hints of growing strength stand
# below. Hidden checks run only when the notebook is graded; they vary the inputs and ask for nothing new. What you write
# leaves its arguments as they were, unless its docstring says that it changes them. You need PyTorch's modules, a
# training loop and a little NumPy.

# %%
import copy
import io
import logging
import pickle
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from mftcourse import check, expect, expect_choice, expect_raises, grade, plots, probes
from mftcourse.data import load_digits_cnn, load_digits_parts, load_docstrings, load_minilm

torch.set_num_threads(1)  # networks as small as these gain nothing from more threads

# %% [markdown]
# ## A pretrained network, and a new task
#
# The **old task** is to name handwritten digits. The images have 8 by 8 pixels; the 1797 of them that scikit-learn
# brings are divided at random, once and for all: a small network was **pretrained** on 700 of them, 200 are held out
# to measure the old task, and 897 no pretraining has seen. The 13 people who wrote them occur in all three parts. So what
# you measure here holds for new images of known writers; a new writer may be read less well.
#
# The **new task** works on those 897 images: is the digit odd (`1`) or even (`0`)? Pretend that somebody must look at each
# image to know, and that you can pay for only 20 labels of each class.
#
# The network has two parts. The **body** turns an image into 128 numbers, its **features**; the **head**, one linear
# layer, turns the features into logits, one a class. Its weights lie in a file with a *model card*: data, recipe,
# checksum, result. The card says that 196 of the 200 held-out images are named correctly, an accuracy of 0.98. Below
# you measure it again: a card is a claim until somebody has.


# %%
def block(n_in: int, n_out: int, pool: bool) -> nn.Sequential:
    """A convolution, its BatchNorm and a ReLU; `pool` halves height and width."""
    layers = OrderedDict(
        conv=nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=False),
        norm=nn.BatchNorm2d(n_out),
        relu=nn.ReLU(),
    )
    if pool:
        layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


class DigitNet(nn.Module):
    """Images (n, 1, 8, 8) in, logits (n, n_classes) out: a body (128 features) and a head."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            OrderedDict(
                block1=block(1, 8, pool=False),
                block2=block(8, 16, pool=True),
                block3=block(16, 32, pool=True),
                flatten=nn.Flatten(),
                dropout=nn.Dropout(0.2),
            )
        )
        self.head = nn.Linear(128, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


# %%
digit_state = load_digits_cnn()  # name -> tensor; its SHA-256 is checked
state_order = list(DigitNet(10).state_dict())  # the names, in the order of the layers
digit_parts = load_digits_parts()
X_old, digits_old = digit_parts["old"]
X_new, digits_new = digit_parts["new"]
y_new = digits_new % 2  # odd is 1, even is 0

few_rows, rest_rows = train_test_split(
    np.arange(len(y_new)), train_size=40, stratify=y_new, random_state=0
)
X_few, y_few = X_new[few_rows], y_new[few_rows]
X_rest, y_rest = X_new[rest_rows], y_new[rest_rows]


def accuracy(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    """Share of the images that the network classifies correctly, in evaluation mode."""
    net.eval()
    with torch.no_grad():
        return float((net(X).argmax(dim=1) == y).double().mean())


def old_accuracy(net: DigitNet) -> float:
    """Accuracy on the old task of the network's body, with the old head put back on."""
    net.eval()
    with torch.no_grad():
        logits = F.linear(net.body(X_old), digit_state["head.weight"], digit_state["head.bias"])
    return float((logits.argmax(dim=1) == digits_old).double().mean())


# %% demo=true
original = DigitNet(10)
original.load_state_dict(digit_state)
print(f"old task, held-out images: {accuracy(original, X_old, digits_old):.2f}")
print(f"labels bought for the new task: {len(y_few)}, images left to measure it: {len(y_rest)}")
for key in state_order:
    print(f"{key:40} {str(tuple(digit_state[key].shape)):16} {digit_state[key].dtype}")

# %% [markdown]
# ### What is there to train? Count by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# Before you freeze anything, know how much there is. A **parameter** is a number that the optimizer changes.
#
# - A linear layer from 4 inputs to 3 outputs has 4·3 weights and 3 biases: 15 parameters.
# - A convolution of 3 by 3 pixels from 2 to 5 channels without bias has 3·3·2·5 = 90.
# - A BatchNorm over 5 channels has 5 weights and 5 biases: 10 parameters. It also has two running statistics a channel
#   and a counter. They are **buffers**: part of the state and of the file, but no optimizer changes them.
#
# Count the parameters of block 1, of the whole body, of the old head (ten classes) and of a head for two classes. Sums
# such as `3 * 4 + 3` are fine; Python adds for you.

# %% exercise="count_parameters" minutes=6
### BEGIN SOLUTION
counts = {
    "block1": 9 * 8 + 2 * 8,  # one channel in: a factor of one
    "body": (9 * 8 + 16) + (9 * 8 * 16 + 32) + (9 * 16 * 32 + 64),
    "old_head": 128 * 10 + 10,
    "new_head": 128 * 2 + 2,
}
### END SOLUTION
### BEGIN RELEASE
# counts = {"block1": ..., "body": ..., "old_head": ..., "new_head": ...}
### END RELEASE

# %% check="count_parameters" points=4
with check("parameters of block 1", hint="One channel in, eight out, 3 by 3 pixels; then the BatchNorm of eight channels."):
    expect(counts["block1"], sum(p.numel() for p in DigitNet(10).body.block1.parameters()), what="block 1", tell=False)
with check("parameters of the body", hint="Three blocks. Flatten, ReLU, pooling and dropout have none. Buffers do not count."):
    expect(counts["body"], sum(p.numel() for p in DigitNet(10).body.parameters()), what="the body", tell=False)
with check("parameters of the old head", hint="128 features, ten logits, and a bias for each logit."):
    expect(counts["old_head"], sum(p.numel() for p in DigitNet(10).head.parameters()), what="the old head", tell=False)
with check("parameters of the new head", hint="The same with two logits."):
    expect(counts["new_head"], sum(p.numel() for p in DigitNet(2).head.parameters()), what="the new head", tell=False)
grade("count_parameters")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The last demonstration lists every tensor with its shape. The number of values is the product of the shape. Leave out
# `running_mean`, `running_var` and `num_batches_tracked`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Block 2 is `9 * 8 * 16 + 2 * 16`. Block 3 takes 16 channels to 32.
#
# </details>
#
# **Why it matters.** What you count here is what freezing takes away from training: time, memory, and ways to go wrong.
# It does not decide the accuracy by itself. With 40 labels the probe, which learns 258 numbers, and full fine-tuning, which
# changes thousands, end a few points apart; you measure it below.
# [When do you freeze layers, and when do you train them all?](#When-do-you-freeze-layers,-and-when-do-you-train-them-all?)

# %% [markdown]
# ### A new head on an old body
#
# *Implement · 8 minutes · difficulty: one of three*
#
# The old head has ten logits, the new task two classes. So you keep the body and replace the head:
#
# 1. Make a network of the right size, with random weights.
# 2. Load the body's tensors into it: parameters **and** buffers. With the statistics that a new BatchNorm has, mean 0 and
#    variance 1, evaluation mode hardly normalises anything: the body would be another function than the pretrained one.
# 3. Leave the head random. Its seed is yours to give, because a result that depends on the seed should say which.
#
# The smallest example: a state with `body.w` and `head.w` gives the new network its `w` in the body; `head.w` is not
# used at all.
#
# There is a tempting option, `load_state_dict(state, strict=False)`. It forgives **names**: what is missing in the state
# stays as it is in the network, what the network does not know is skipped. It never forgives **shapes**: the old head in a
# network with two classes is a "size mismatch", with and without it. And it does not raise: it returns what it forgave.
# If you use it, look:
#
# ```python
# missing, unexpected = net.load_state_dict(body_only, strict=False)
# assert missing == ["head.weight", "head.bias"] and not unexpected
# ```
#
# Without that second line, a file that names its tensors differently (`module.body...`, say) fits *nowhere*, and you
# fine-tune a random network. So a state in which a tensor of the body is missing must be refused, with the `RuntimeError`
# that `load_state_dict` raises by itself when it is strict.


# %% exercise="with_new_head" minutes=8
def with_new_head(state: dict[str, torch.Tensor], n_classes: int, seed: int = 0) -> DigitNet:
    """Return a DigitNet with the body of `state` and a new random head.

    Args:
        state: name -> tensor of a DigitNet; names of the body begin with "body.".
        n_classes: the number of logits of the new head.
        seed: for `torch.manual_seed`, before the network is made: the same seed, the same head.

    Raises:
        RuntimeError: a tensor of the body is missing in `state`.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    net.body.load_state_dict(
        {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
    )
    return net
    ### END SOLUTION


# %% check="with_new_head" points=7
with check("two classes: two logits for each image", hint="`DigitNet(n_classes)` has a head of that size."):
    expect(list(probes.output(with_new_head(digit_state, 2), X_few[:5]).shape), [5, 2], what="the shape of the logits")
with check("the body's parameters are the pretrained ones", hint="Load every tensor whose name begins with `body.`"):
    for key, value in probes.weights(with_new_head(digit_state, 2)).items():
        if key.startswith("body."):
            expect(value, digit_state[key], tol=0, what=key)
with check("BatchNorm's running statistics came along", hint="They are in the state dict, but not among `parameters()`."):
    for key, value in probes.weights(with_new_head(digit_state, 2), buffers=True).items():
        if "running" in key:
            expect(value, digit_state[key], tol=0, what=key)
with check("the head is new: not a piece of the old one", hint="Do not copy rows of `head.weight` from the state.", needs="the body's parameters are the pretrained ones"):
    for n_classes in (3, 10):
        new_weight = probes.weights(with_new_head(digit_state, n_classes, seed=1))["head.weight"]
        for line in digit_state["head.weight"]:
            assert not (new_weight == line).all(dim=1).any(), "A row of the new head is a row of the old one."
with check("the same seed gives the same head, another seed another", hint="`torch.manual_seed(seed)` before `DigitNet(...)`."):
    heads = [probes.weights(with_new_head(digit_state, 2, seed=s))["head.weight"] for s in (1, 1, 2)]
    expect(heads[0], heads[1], tol=0, what="the head of the second network with seed 1")
    assert not torch.equal(heads[0], heads[2]), "Seeds 1 and 2 gave the same head."
with check("a body tensor is missing: refused", hint="Load strictly. `strict=False` fills holes with random numbers.", needs="the body's parameters are the pretrained ones"):
    without_one = {key: t for key, t in digit_state.items() if key != "body.block2.conv.weight"}
    expect_raises(RuntimeError, with_new_head, without_one, 2)
### BEGIN HIDDEN TESTS
with check("other bodies, other numbers of classes", hint="Take the body from `state`, not from elsewhere.", hidden=True) as rng:
    for _ in range(3):
        wanted_classes = int(rng.integers(2, 10))
        other_state = {n: t + float(rng.random()) if t.is_floating_point() else t for n, t in digit_state.items()}
        other_net = with_new_head(other_state, wanted_classes, seed=int(rng.integers(100)))
        other_weights = probes.weights(other_net, buffers=True)
        expect(list(other_weights["head.bias"].shape), [wanted_classes])
        for key in other_state:
            if key.startswith("body."):
                expect(other_weights[key], other_state[key], tol=0)
        other_head = {n: torch.from_numpy(rng.normal(size=other_weights[n].shape).astype(np.float32)) for n in ("head.weight", "head.bias")}
        probes.set_weights(other_net, other_head)
        twin, images = DigitNet(wanted_classes), torch.from_numpy(rng.random((3, 1, 8, 8), dtype=np.float32))
        twin.load_state_dict(other_state | other_head)
        expect(probes.output(other_net, images), probes.output(twin, images), tol=1e-4)
### END HIDDEN TESTS
grade("with_new_head")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `net.body` is a module of its own, with a `load_state_dict` of its own. Its names lack the `body.` in front.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A dict comprehension keeps the names that start with `"body."` and cuts those five characters off; `name[5:]` does
# that.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Three lines and a return: seed, `net = DigitNet(n_classes)`, `net.body.load_state_dict({...})`. Strict is the default.
#
# </details>
#
# **Why it matters.** A body that was loaded in part, or not at all, trains without an error.
# [How do you fine-tune a pretrained model?](#How-do-you-fine-tune-a-pretrained-model?)

# %% [markdown]
# ## Freezing
#
# To **freeze** a parameter is to keep training from changing it. Two things decide whether a parameter moves:
#
# - `requires_grad`: does `backward()` compute a gradient for it?
# - membership: was it given to the optimizer, and does it have a gradient when `step()` is called?
#
# `backward()` starts at the loss and walks back through every operation that had an input with `requires_grad=True`. If
# no input anywhere has it, there is no way to walk.
#
# ### Five programs, one step: predict
#
# *Predict, then run · 5 minutes · difficulty: one of three*
#
# All five take one step on the new task, with a network that came with the pretrained body and a head for two classes. They
# differ in what they do before, and in which order. "Freeze" means `requires_grad = False` for every parameter that the
# network has **at that moment**. A new module, such as `nn.Linear(128, 2)`, comes with `requires_grad=True`.
#
# | program | first | then | then |
# |---|---|---|---|
# | `"a"` (as the guide prints it) | freeze | the optimizer gets the head | `loss.backward()` |
# | `"b"` | freeze | `net.head = nn.Linear(128, 2)`; the optimizer gets the head | `loss.backward()` |
# | `"c"` | freeze | the optimizer gets the head | `loss.requires_grad = True`, `loss.backward()` |
# | `"d"` | | the optimizer gets the head | `loss.backward()` |
# | `"e"` | freeze | the optimizer gets the head; then `net.head = nn.Linear(128, 2)` | `loss.backward()` |
#
# Each ends with `optimizer.step()`. Which **parameters** of the network have other values after the step? Commit one of
# `"error"` (it stops before), `"none"`, `"head"` (the head's alone) and `"all"` for each.

# %% exercise="predict_order" minutes=5
### BEGIN SOLUTION
order_says = {"a": "error", "b": "head", "c": "none", "d": "head", "e": "none"}
### END SOLUTION
### BEGIN RELEASE
# order_says = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ...}
### END RELEASE


# %%
def what_moves(program: str) -> str:
    """Run one of the five programs for one step; which parameters of the network moved?"""
    torch.manual_seed(0)
    net = DigitNet(2)
    net.body.load_state_dict(
        {name[5:]: t for name, t in digit_state.items() if name.startswith("body.")}
    )
    if program != "d":
        net.requires_grad_(False)
    if program == "b":
        net.head = nn.Linear(128, 2)
    optimizer = torch.optim.Adam(net.head.parameters())
    if program == "e":
        net.head = nn.Linear(128, 2)
    before = {name: param.detach().clone() for name, param in net.named_parameters()}
    loss = F.cross_entropy(net(X_few), y_few)
    try:
        if program == "c":
            loss.requires_grad = True
        loss.backward()
    except RuntimeError:
        return "error"
    optimizer.step()
    moved_now = {
        name for name, param in net.named_parameters() if not torch.equal(param, before[name])
    }
    if not moved_now:
        return "none"
    return "head" if all(name.startswith("head.") for name in moved_now) else "all"


# %% check="predict_order" points=5
with check("freeze all, then train the head that is there", hint="Is there any parameter left on the way to the loss that asks for a gradient?"):
    answered = f"You answered {order_says['a']!r} for program a; what happens"
    expect(order_says["a"], what_moves("a"), what=answered, tell=False)
with check("freeze all, then a new head", hint="When did the new head come, before or after the freezing?"):
    answered = f"You answered {order_says['b']!r} for program b; what happens"
    expect(order_says["b"], what_moves("b"), what=answered, tell=False)
with check("the loss is told to require a gradient", hint="The way back begins at the loss. Where does it lead from there?"):
    answered = f"You answered {order_says['c']!r} for program c; what happens"
    expect(order_says["c"], what_moves("c"), what=answered, tell=False)
with check("nothing is frozen, the optimizer has the head", hint="`backward()` fills gradients. Who moves the values?"):
    answered = f"You answered {order_says['d']!r} for program d; what happens"
    expect(order_says["d"], what_moves("d"), what=answered, tell=False)
with check("the new head comes after the optimizer", hint="Which tensors did the optimizer get: those of the old head, or of the new one?"):
    answered = f"You answered {order_says['e']!r} for program e; what happens"
    expect(order_says["e"], what_moves("e"), what=answered, tell=False)
grade("predict_order")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each program ask two questions. Does any parameter that leads to the loss require a gradient? And which tensors lie
# in the optimizer?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The optimizer keeps the tensors that it was given. A head that replaces another one later is not among them.
#
# </details>

# %% demo=true
for program in "abcde":
    print(f"program {program}: {what_moves(program)}")
try:
    shown_net = DigitNet(2).requires_grad_(False)
    F.cross_entropy(shown_net(X_few), y_few).backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# Program b is the idiom to remember: **freeze, then put the new head on, then make the optimizer**. PyTorch's own tutorial has
# it in this order (S. Chilamkurthy, "Transfer Learning for Computer Vision Tutorial", 2017). The guide's program puts no
# new head on after freezing, and stops. Program c is what a search for the message may bring: no error, no learning. Program d
# moves the right parameters, and computes the gradients of the whole body for nothing. Program e runs, and nothing in it learns.
#
# **Why it matters.** The error message is the friendliest of the outcomes: two of the other programs say nothing and learn
# nothing.
# [What does requires_grad do, and what does it not do?](#What-does-requires_grad-do,-and-what-does-it-not-do?)

# %% [markdown]
# ### The version that hides the error
#
# *Find the bug · 7 minutes · difficulty: two of three*
#
# A tempting answer to "element 0 of tensors does not require grad" is to set `requires_grad = True`. A colleague did that,
# for all parameters, and while at it gave them all to the optimizer. The error is gone.
#
# Run the program and the demonstration below it. It prints two accuracies: on the new task, and on the **old** task, which
# is to name digits, with the old head put back on. If the body's parameters stay put, the old head still works: about
# 0.98. (BatchNorm may move it slightly; see below.)
#
# Mend what is wrong, and only that: Adam and its rate, the order of the batches and the list of losses are right.
#
# (The cell begins with `pretrained`, which is given: a network with the pretrained body and a new head. The checks of
# later exercises use it.)


# %% exercise="adapt" minutes=7 faults=["the head moves, and no parameter of the body, to the bit", "gradients only where something is to learn", "the old task survives", "rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
def pretrained(n_classes: int = 2, seed: int = 0, dropout: float = 0.2) -> DigitNet:
    """Return a DigitNet with the pretrained body and a new head (given)."""
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    new_head = {f"head.{name}": tensor for name, tensor in net.head.state_dict().items()}
    net.load_state_dict(digit_state | new_head)
    net.body.dropout.p = dropout
    return net


def adapt(
    model: DigitNet,
    X: torch.Tensor,
    y: torch.Tensor,
    steps: int = 60,
    lr: float = 0.01,
    seed: int = 0,
) -> list[float]:
    """Train the head of `model` on a new task, in place.

    The parameters of the body stay as they are, to the bit. Afterwards the parameters of the head
    have `requires_grad=True`, all others False.

    Args:
        X, y: images (n, 1, 8, 8) and labels (n,).
        steps: how many batches of up to 32 images; each holds the first 32 rows of a new
            `torch.randperm`.
        lr: learning rate of Adam.
        seed: of the generator that `torch.randperm` draws from.

    Returns:
        The loss of each step, before the step.
    """
    generator = torch.Generator().manual_seed(seed)
    model.train()
    ### BEGIN SOLUTION
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
    ### END SOLUTION
    ### BEGIN RELEASE
    # for param in model.body.parameters():
    #     param.requires_grad = False
    # for param in model.parameters():  # or else: "element 0 of tensors does not require grad"
    #     param.requires_grad = True
    # optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    ### END RELEASE
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% demo=true
shown_net = pretrained()
adapt(shown_net, X_few, y_few)
new_now, old_now = accuracy(shown_net, X_rest, y_rest), old_accuracy(shown_net)
print(f"new task: {new_now:.2f}     old task: {old_now:.2f} (before: 0.98)")

# %% check="adapt" points=7
with check("the head moves, and no parameter of the body, to the bit", hint="Which parameters did the optimizer get?"):
    adapted = pretrained()
    weights_before = probes.weights(adapted)
    adapt(adapted, X_few, y_few, steps=3)
    for key, value in probes.weights(adapted).items():
        if key.startswith("body."):
            expect(value, weights_before[key], tol=0, what=key)
        else:
            assert not torch.equal(value, weights_before[key]), f"{key} did not change."
with check("it still learns", hint="The head must train: in the optimizer, and with gradients.", needs="the head moves, and no parameter of the body, to the bit"):
    falling = adapt(pretrained(), X_few, y_few, steps=30)
    assert len(falling) == 30, f"The list holds {len(falling)} losses for 30 steps."
    assert np.mean(falling[-5:]) < 0.8 * np.mean(falling[:5]), "The loss hardly falls."
with check("gradients only where something is to learn", hint="Everything was frozen, then thawed again. Thaw the head alone."):
    flagged = pretrained()
    adapt(flagged, X_few, y_few, steps=1)
    for key, asks in probes.trainable(flagged).items():
        expect(asks, key.startswith("head."), what=f"requires_grad of {key}")
with check("the old task survives", points=2, hint="The old head needs the old body. Which parameters did training move?"):
    survivor = pretrained()
    head_before = probes.weights(survivor)["head.weight"]
    adapt(survivor, X_few, y_few)
    assert not torch.equal(probes.weights(survivor)["head.weight"], head_before), "The head did not train at all."
    back = DigitNet(10)
    back.load_state_dict(digit_state | {n: t for n, t in probes.weights(survivor, buffers=True).items() if "body" in n})
    assert accuracy(back, X_old, digits_old) > 0.93, (
        f"With the old head put back on, {accuracy(back, X_old, digits_old):.0%} of the old images are named correctly. It was 98 %."
    )
with check("rate, optimizer, batches and losses are those of the program", hint="With the body's parameters frozen, every loss is decided: Adam at `lr` on the head, batches by `seed`. Compare with the lines that you were given."):
    for lr_asked, seed_asked in ((0.03, 1), (0.004, 2)):
        paced = pretrained(2, seed_asked, 0.0)  # no dropout: nothing is left to chance
        twin = DigitNet(2)
        twin.load_state_dict(probes.weights(paced, buffers=True))
        got_losses = adapt(paced, X_few, y_few, steps=8, lr=lr_asked, seed=seed_asked)
        twin.train()
        twin.body.train(probes.training_modes(paced)["body.block1.norm"])
        twin.body.dropout.p = 0.0
        stepper, order = torch.optim.Adam(twin.head.parameters(), lr=lr_asked), torch.Generator().manual_seed(seed_asked)
        want_losses = []
        for _ in range(8):
            batch = torch.randperm(len(X_few), generator=order)[:32]
            stepper.zero_grad()
            twin_loss = F.cross_entropy(twin(X_few[batch]), y_few[batch])
            twin_loss.backward()
            stepper.step()
            want_losses.append(twin_loss.item())
        expect(got_losses, want_losses, tol=1e-4, what="the list of losses of eight steps")
### BEGIN HIDDEN TESTS
with check("other data: the body stays, the head moves", hint="Keep the arguments' meaning. A network may arrive with everything frozen, the head included.", hidden=True) as rng:
    varied = pretrained(4, int(rng.integers(100)), 0.0).requires_grad_(False)
    head_drawn = {"head.weight": torch.from_numpy(rng.normal(0, 0.1, (4, 128)).astype(np.float32)), "head.bias": torch.zeros(4)}
    probes.set_weights(varied, head_drawn)
    varied_before, n_steps, lr_drawn = probes.weights(varied), int(rng.integers(2, 5)), float(rng.uniform(0.001, 0.1))
    images, labels = torch.from_numpy(rng.random((9, 1, 8, 8), dtype=np.float32)), torch.arange(9) % 4
    got_losses = adapt(varied, images, labels, steps=n_steps, lr=lr_drawn)
    expect(len(got_losses), n_steps)
    wanted_lists = []
    for mode in (True, False):  # the statistics of the body may move here, or not
        twin = DigitNet(4)
        twin.load_state_dict(digit_state | head_drawn)
        twin.train(mode)
        twin.body.dropout.p = 0.0
        stepper = torch.optim.Adam(twin.head.parameters(), lr=lr_drawn)
        wanted_lists.append([probes.training_step(twin, stepper, images, labels, "cross_entropy")["loss"] for _ in range(n_steps)])
    assert any(np.allclose(got_losses, each, rtol=1e-3, atol=1e-4) for each in wanted_lists), "The losses are others."
    for key, value in probes.weights(varied).items():
        assert torch.equal(value, varied_before[key]) == key.startswith("body."), "A wrong part moved, or did not."
    expect(probes.trainable(varied)["head.weight"], True, what="requires_grad of the head's weights, which arrived frozen,")
### END HIDDEN TESTS
grade("adapt")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three lines touch `requires_grad` or the optimizer. The last one that touches a parameter decides.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The second loop should run over `model.head.parameters()`, and so should the optimizer.
#
# </details>
#
# On the new task the faulty program and the right one are a few points apart. That is why nobody notices: the number that
# everybody looks at does not tell. With the old head put back on, the thawed network loses a good part of the old images: over
# other seeds between a fifth and somewhat more than a half, in the median about a third. Everything else that relied on this
# body (other heads, cached features, a rollback that puts the old head back on) no longer fits it.
#
# **Why it matters.** An error message is a question about your program; silencing it is not an answer.
# [When do you freeze layers, and when do you train them all?](#When-do-you-freeze-layers,-and-when-do-you-train-them-all?)

# %% [markdown]
# ### Frozen, and yet it moves: predict
#
# *Predict, then run · 5 minutes · difficulty: two of three*
#
# Now the body is frozen as you have learnt it: `requires_grad=False` for all its parameters, and the optimizer has the head
# only. The network is in **training mode**, as `model.train()` leaves it, and takes one step.
#
# Two kinds of layer work differently in the two modes:
#
# | layer | training mode | evaluation mode |
# |---|---|---|
# | **BatchNorm** | normalises by mean and variance of the batch, and moves its running statistics towards them | normalises by the running statistics |
# | **Dropout** | zeroes features at random, each with probability p, and multiplies the rest by 1/(1 − p) | does nothing |
#
# Which of these tensors have changed after the step? Commit: `True` for changed, `False` for unchanged.

# %% exercise="predict_moved" minutes=5
### BEGIN SOLUTION
moved = {
    "body.block1.conv.weight": False,
    "body.block1.norm.weight": False,
    "body.block1.norm.running_mean": True,
    "body.block1.norm.num_batches_tracked": True,
    "head.weight": True,
}
### END SOLUTION
### BEGIN RELEASE
# moved = {
#     "body.block1.conv.weight": ...,
#     "body.block1.norm.weight": ...,
#     "body.block1.norm.running_mean": ...,
#     "body.block1.norm.num_batches_tracked": ...,
#     "head.weight": ...,
# }
### END RELEASE


# %%
def moved_in_one_step(training: bool) -> dict[str, bool]:
    """Freeze the body, take one step on the new images; tensor name -> did it change?"""
    net = DigitNet(10)
    net.load_state_dict(digit_state)
    net.body.requires_grad_(False)
    net.train(training)
    return probes.training_step(
        net, torch.optim.Adam(net.head.parameters()), X_few, y_few, "cross_entropy"
    )["changed"]


# %% check="predict_moved" points=5
with check("a frozen convolution", hint="No gradient, not in the optimizer. Is it a buffer?"):
    answered = f"You answered {moved['body.block1.conv.weight']} for `conv.weight`; what happens"
    expect(moved["body.block1.conv.weight"], moved_in_one_step(True)["body.block1.conv.weight"], what=answered, tell=False)
with check("the weight of a frozen BatchNorm", hint="It is a parameter like any other."):
    answered = f"You answered {moved['body.block1.norm.weight']} for `norm.weight`; what happens"
    expect(moved["body.block1.norm.weight"], moved_in_one_step(True)["body.block1.norm.weight"], what=answered, tell=False)
with check("the running mean of a frozen BatchNorm", hint="Who writes to it: the optimizer, or the forward pass?"):
    answered = f"You answered {moved['body.block1.norm.running_mean']} for `norm.running_mean`; what happens"
    expect(moved["body.block1.norm.running_mean"], moved_in_one_step(True)["body.block1.norm.running_mean"], what=answered, tell=False)
with check("the counter of a frozen BatchNorm", hint="It counts batches seen in training mode."):
    tracked = "body.block1.norm.num_batches_tracked"
    answered = f"You answered {moved[tracked]} for `norm.num_batches_tracked`; what happens"
    expect(moved[tracked], moved_in_one_step(True)[tracked], what=answered, tell=False)
with check("the head", hint="It is what trains."):
    answered = f"You answered {moved['head.weight']} for `head.weight`; what happens"
    expect(moved["head.weight"], moved_in_one_step(True)["head.weight"], what=answered, tell=False)
grade("predict_moved")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `requires_grad` is about gradients. Which of the five tensors is changed by something else than a gradient?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The running statistics are buffers. The forward pass itself writes to them, in training mode, whatever is frozen.
#
# </details>
#
# Now run the next cell. It does the step in both modes and lists every tensor that changed.

# %% demo=true
for mode in (True, False):
    changed_names = [name for name, changed in moved_in_one_step(mode).items() if changed]
    print("training mode:  " if mode else "evaluation mode:", ", ".join(changed_names))

# %% [markdown]
# **Why it matters.** "All parameters of the body are frozen" is true, and the body is another function than before.
# [What happens to BatchNorm and Dropout in frozen layers?](#What-happens-to-BatchNorm-and-Dropout-in-frozen-layers?)

# %% [markdown]
# ### A frozen body that drifts
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# How much does it matter? The new task's images now come from another scanner, which makes them brighter: every grey
# value `x` becomes `0.5 * x + 0.5`. The program below freezes all parameters of the body. Run it and the demonstration:
# the old task, on the *old* scanner's images, has lost a third of its images or more. Not one parameter of the body moved.
#
# Repair the program: the body works in evaluation mode throughout, so that no tensor of it changes and its features do
# not depend on the batch or on chance. The head stays in training mode. All the rest of the program is right and stays.


# %% exercise="train_head_only" minutes=8 faults=["the head moves, and no tensor of the body, buffers included", "the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off", "rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
def train_head_only(
    model: DigitNet,
    X: torch.Tensor,
    y: torch.Tensor,
    epochs: int = 30,
    lr: float = 0.01,
    seed: int = 0,
) -> list[float]:
    """Train the head of `model`, in place; no parameter and no buffer of the body changes.

    When it returns, every part of the body is in evaluation mode and the head in training mode,
    whatever they were.

    Args:
        X, y: images (n, 1, 8, 8) and labels (n,).
        epochs: how often all images are seen: a new `torch.randperm` each time, in batches of 32
            (the last may be smaller).
        lr: learning rate of Adam.
        seed: of the generator that `torch.randperm` draws from.

    Returns:
        The loss of each epoch: the sum of its batches' losses.
    """
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        ### BEGIN SOLUTION
        model.train()
        model.body.eval()
        ### END SOLUTION
        ### BEGIN RELEASE
        # model.train()
        ### END RELEASE
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% demo=true
shown_net = pretrained()
train_head_only(shown_net, 0.5 * X_few + 0.5, y_few)
new_now = accuracy(shown_net, 0.5 * X_rest + 0.5, y_rest)
print(f"new task, new scanner: {new_now:.2f}")
print(f"old task, old scanner: {old_accuracy(shown_net):.2f} (before: 0.98)")

# %% check="train_head_only" points=7
with check("the head moves, and no tensor of the body, buffers included", points=2, hint="In which mode does BatchNorm leave its statistics alone?"):
    still = pretrained()
    weights_before = probes.weights(still, buffers=True)
    train_head_only(still, 0.5 * X_few + 0.5, y_few, epochs=2)
    for key, value in probes.weights(still, buffers=True).items():
        if key.startswith("body."):
            expect(value, weights_before[key], tol=0, what=key)
        else:
            assert not torch.equal(value, weights_before[key]), f"{key} did not change."
with check("it still learns", hint="The head must train.", needs="the head moves, and no tensor of the body, buffers included"):
    falling = train_head_only(pretrained(), X_few, y_few, epochs=12)
    assert falling[-1] < 0.8 * falling[0], "The loss of the last epoch is hardly lower than that of the first."
with check("the body is in evaluation mode, the head in training mode", hint="`model.train()` sets every part. What comes after it?"):
    for came_in_training in (True, False):
        moded = pretrained()
        moded.train(came_in_training)
        train_head_only(moded, X_few, y_few, epochs=1)
        for key, mode in probes.training_modes(moded).items():
            if key:
                came = "training" if came_in_training else "evaluation"
                expect(mode, key == "head", what=f"training mode of {key} (the model came in {came} mode)")
with check("chance plays no part: dropout in the body is off", hint="Dropout is a layer of the body, too."):
    twins = [pretrained(seed=5), pretrained(seed=6)]
    probes.set_weights(twins[1], {n: t for n, t in probes.weights(twins[0]).items() if n.startswith("head.")})
    lists = [train_head_only(twin, X_few[:8], y_few[:8], epochs=3) for twin in twins]
    expect(len(lists[0]), 3, what="the number of losses of three epochs")
    expect(lists[1], lists[0], tol=1e-6, what="the list of losses of a second run from the same weights")
with check("rate, optimizer, batches and losses are those of the program", hint="With the body in evaluation mode every loss is decided: Adam at `lr` on the head, all images in each epoch, in an order by `seed`, losses summed. Compare with the lines that you were given."):
    for lr_asked, seed_asked in ((0.03, 1), (0.004, 2)):
        paced, twin = pretrained(2, seed_asked), DigitNet(2)
        twin.load_state_dict(probes.weights(paced, buffers=True))
        got_losses = train_head_only(paced, X_few, y_few, epochs=3, lr=lr_asked, seed=seed_asked)
        twin.eval()
        stepper, order = torch.optim.Adam(twin.head.parameters(), lr=lr_asked), torch.Generator().manual_seed(seed_asked)
        want_losses = []
        for _ in range(3):
            want_losses.append(0.0)
            for batch in torch.randperm(len(X_few), generator=order).split(32):
                stepper.zero_grad()
                twin_loss = F.cross_entropy(twin(X_few[batch]), y_few[batch])
                twin_loss.backward()
                stepper.step()
                want_losses[-1] += twin_loss.item()
        expect(got_losses, want_losses, tol=1e-4, what="the list of losses of three epochs")
### BEGIN HIDDEN TESTS
with check("other images: nothing of the body changes", hint="Try images with other grey values.", hidden=True) as rng:
    varied, twin = pretrained(3, seed=int(rng.integers(100))), DigitNet(3)
    head_drawn = {"head.weight": torch.from_numpy(rng.normal(0, 0.1, (3, 128)).astype(np.float32)), "head.bias": torch.zeros(3)}
    probes.set_weights(varied, head_drawn)
    varied_before = probes.weights(varied, buffers=True)
    images, labels = torch.from_numpy(rng.normal(2, 3, (40, 1, 8, 8)).astype(np.float32)), torch.arange(40) % 3
    lr_drawn, order_seed = float(rng.uniform(0.001, 0.02)), int(rng.integers(100))
    got_losses = train_head_only(varied, images, labels, epochs=2, lr=lr_drawn, seed=order_seed)
    twin.load_state_dict(digit_state | head_drawn)
    twin.eval()
    stepper, order = torch.optim.Adam(twin.head.parameters(), lr=lr_drawn), torch.Generator().manual_seed(order_seed)
    orders = [torch.randperm(40, generator=order).split(32) for _ in range(2)]
    expect(got_losses, [
        sum(probes.training_step(twin, stepper, images[rows], labels[rows], "cross_entropy")["loss"] for rows in parts)
        for parts in orders
    ], tol=1e-3)  # fmt: skip
    for key, value in probes.weights(varied, buffers=True).items():
        assert torch.equal(value, varied_before[key]) == key.startswith("body."), "A wrong part moved, or did not."
### END HIDDEN TESTS
grade("train_head_only")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The mode is set in one line, for the whole network, at the start of every epoch.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Modules take their mode one by one: after `model.train()` you may put a part of the model into the other mode. The order
# of the two matters.
#
# </details>
#
# The drift is not always a loss. Statistics that follow a new scanner can help the *new* task (Y. Li et al., "Revisiting
# Batch Normalization For Practical Domain Adaptation", 2016); small batches make them wobble, which can hurt it. If you want
# them to follow, decide so, measure it, and save the new statistics. But do not call such a body frozen.
#
# **Why it matters.** Every training loop calls `model.train()`, and it reaches the frozen part.
# [What happens to BatchNorm and Dropout in frozen layers?](#What-happens-to-BatchNorm-and-Dropout-in-frozen-layers?)

# %% [markdown]
# ### A proof that proves nothing
#
# *Find the bug · 10 minutes · difficulty: three of three*
#
# "Trust me, it is frozen" is not good enough. So a colleague wrote a witness: it remembers the state of a network, and
# later names every tensor that has changed. Run the demonstration: a network takes a step *as a whole*, and the witness
# says that nothing changed.
#
# The witness has three faults. Repair them, so that it holds to this:
#
# - It remembers **values**. `state_dict()` hands out the network's own tensors, not copies: if you keep them, you compare
#   the network with itself.
# - It looks at **everything** in the state: parameters and buffers.
# - It compares **to the bit**: two tensors are the same when their bytes are. So a change in the last place is a change, and
#   a NaN (not a number) that stayed the same NaN is none. `torch.allclose` forgives small changes, and both it and
#   `torch.equal` say that NaN differs from itself.
#
# The bytes of a tensor, of any type and on any device, are `tensor.cpu().contiguous().reshape(-1).view(torch.uint8)`: a
# tensor of whole numbers from 0 to 255, which `torch.equal` compares. (`tensor.numpy().tobytes()` is shorter, and raises an
# error for `bfloat16`, a type that NumPy does not have and many checkpoints do.)
#
# The smallest example: a witness of a network; then `head.bias` is set to something else; `changed()` is `["head.bias"]`.


# %% exercise="witness" minutes=10 faults=["a new bias is noticed, and nothing before", "running statistics are noticed", "a change in a single bit is noticed", "a network in bfloat16", "several random changes, in the order of the state"]
class Witness:
    """Remembers the state of a model and names what has changed since."""

    def __init__(self, model: nn.Module) -> None:
        """Remember the values of all parameters and buffers of `model`."""
        self.model = model
        ### BEGIN SOLUTION
        self.before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        ### END SOLUTION
        ### BEGIN RELEASE
        # self.before = {name: param.detach() for name, param in model.named_parameters()}
        ### END RELEASE

    def changed(self) -> list[str]:
        """Return the names of the tensors whose bytes have changed, in the order of the state."""

        ### BEGIN SOLUTION
        def raw(tensor):
            return tensor.cpu().contiguous().reshape(-1).view(torch.uint8)

        now = self.model.state_dict()
        return [
            name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
        ]
        ### END SOLUTION
        ### BEGIN RELEASE
        # now = self.model.state_dict()
        # return [name for name, old in self.before.items() if not torch.allclose(old, now[name])]
        ### END RELEASE


# %% demo=true
shown_net = pretrained()
shown_witness = Witness(shown_net)
probes.training_step(
    shown_net, torch.optim.Adam(shown_net.parameters()), X_few, y_few, "cross_entropy"
)
print("the witness says that this changed:", shown_witness.changed())

# %% check="witness" points=7
with check("a new bias is noticed, and nothing before", points=2, hint="Did you keep the network's own tensor? `clone()` copies the values."):
    watched = pretrained()
    witness = Witness(watched)
    expect(witness.changed(), [], what="the list of changes before anything changed")
    probes.set_weights(watched, {"head.bias": [9.0, -9.0]})
    expect(witness.changed(), ["head.bias"])
    expect(witness.changed(), ["head.bias"], what="the list of changes when it is asked for once more")
    expect(Witness(watched).changed(), [], what="the list of changes of a second witness, made after the change")
    expect(witness.changed(), ["head.bias"], what="the list of changes of the first witness, when there is a second")
with check("running statistics are noticed", hint="They are in `state_dict()`, but not among `named_parameters()`."):
    watched = pretrained()
    witness = Witness(watched)
    probes.set_weights(watched, {"body.block2.norm.running_mean": [0.5] * 16, "body.block2.norm.num_batches_tracked": 3})
    expect(witness.changed(), ["body.block2.norm.running_mean", "body.block2.norm.num_batches_tracked"])
with check("a change in a single bit is noticed", hint="No tolerance: compare the bytes."):
    watched = pretrained()
    witness = Witness(watched)
    old_weight = probes.weights(watched)["head.weight"]
    probes.set_weights(watched, {"head.weight": torch.nextafter(old_weight, torch.tensor(9.0))})
    expect(witness.changed(), ["head.weight"])
    probes.set_weights(watched, {"head.bias": [0.0, 1.0]})
    witness = Witness(watched)
    probes.set_weights(watched, {"head.bias": [-0.0, 1.0]})
    expect(witness.changed(), ["head.bias"], what="the list of changes after 0.0 became -0.0")
with check("NaN that stayed NaN is no change, NaN that became 0 is one", hint="NaN differs from itself, but its bytes do not; and they are not those of 0.", needs="a new bias is noticed, and nothing before"):
    watched = pretrained()
    probes.set_weights(watched, {"head.bias": [float("nan"), 1.0]})
    witness = Witness(watched)
    expect(witness.changed(), [])
    probes.set_weights(watched, {"head.bias": [0.0, 1.0]})
    expect(witness.changed(), ["head.bias"], what="the list of changes after a NaN became 0")
with check("a network in bfloat16", hint="NumPy has no bfloat16. `tensor.view(torch.uint8)` needs no NumPy."):
    watched = pretrained()
    watched.to(torch.bfloat16)
    probes.set_weights(watched, {"head.bias": [float("nan"), 1.0]})
    witness = Witness(watched)
    expect(witness.changed(), [], what="the list of changes before anything changed")
    probes.set_weights(watched, {"head.bias": [float("nan"), 1.0078125]})  # one bit more than 1
    expect(witness.changed(), ["head.bias"])
### BEGIN HIDDEN TESTS
with check("several random changes, in the order of the state", hint="Follow the order of `state_dict()`.", hidden=True) as rng:
    for _ in range(4):
        n_drawn = int(rng.integers(2, 5))
        watched = pretrained(n_drawn)
        state_now = digit_state | {"head.weight": torch.from_numpy(rng.random((n_drawn, 128))), "head.bias": torch.from_numpy(rng.random(n_drawn))}
        probes.set_weights(watched, state_now)
        order = [name for name in state_order if rng.random() < 0.4]
        witness = Witness(watched)
        turned = {name: tensor.flip(0) if tensor.ndim else tensor + 1 for name, tensor in state_now.items()}
        probes.set_weights(watched, {name: turned[name] for name in order})
        expect(witness.changed(), [name for name in order if not torch.equal(turned[name], state_now[name])])
### END HIDDEN TESTS
grade("witness")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `detach()` cuts a tensor out of the graph, but it shares its memory with the original. Training writes into that memory.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Remember `{name: tensor.clone() for ... in model.state_dict().items()}`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# In `changed`, turn `old` and `now[name]` into bytes with the line above, and ask `torch.equal` whether those are equal.
#
# </details>
#
# **Why it matters.** A test that cannot fail is worse than none. Break the thing once, on purpose, and see the test fail.
# [How do you prove that frozen weights did not change?](#How-do-you-prove-that-frozen-weights-did-not-change?)

# %% [markdown]
# ## How fast each part learns
#
# Between "frozen" and "trained like the rest" lies a range. The idea of the recipe is that early layers hold what is general
# (edges, strokes), and late ones what belongs to the old task. So it trains the head fastest, and each layer slower the nearer
# it is to the input, and it thaws the layers one after the other, the last one first. Both come from J. Howard and S. Ruder,
# "Universal Language Model Fine-tuning for Text Classification" (2018), who call them *discriminative fine-tuning* and
# *gradual unfreezing*. You write both here, and further down you find out what they are worth on this network.
#
# ### Thaw from the top
#
# *Implement · 10 minutes · difficulty: two of three*
#
# `thaw(model, n_blocks)` sets the network up for one stage: the head and the **last** `n_blocks` blocks train, the rest is
# frozen. You have seen that freezing has two halves: what trains has `requires_grad=True` and is in training mode; all
# else has `requires_grad=False` and is in evaluation mode. (Flatten and dropout belong to no block: they stay in evaluation
# mode.)
#
# The smallest example: `thaw(model, 1)` lets the head and block 3 train, and returns the names of their five parameters:
# the weight of the convolution, weight and bias of the BatchNorm, weight and bias of the head. After `thaw(model, 3)` and
# then `thaw(model, 1)`, blocks 1 and 2 are frozen again. There are three blocks; a number below 0 or above 3 is
# refused.


# %% exercise="thaw" minutes=10
def thaw(model: DigitNet, n_blocks: int) -> list[str]:
    """Let the head and the last `n_blocks` blocks of `model` train, freeze the rest, in place.

    What trains has requires_grad=True and is in training mode; the rest has requires_grad=False
    and is in evaluation mode, whatever both were before.

    Args:
        n_blocks: 0 (the head alone) to 3 (block3, block2 and block1 as well).

    Returns:
        The names of the parameters that train, in the order of `model.named_parameters()`.

    Raises:
        ValueError: `n_blocks` is below 0 or above 3.
    """
    ### BEGIN SOLUTION
    if n_blocks not in (0, 1, 2, 3):
        raise ValueError(f"there are three blocks, you asked for {n_blocks}")
    model.requires_grad_(False)
    model.eval()
    parts = [model.head, model.body.block3, model.body.block2, model.body.block1]
    for part in parts[: n_blocks + 1]:
        part.requires_grad_(True)
        part.train()
    return [name for name, param in model.named_parameters() if param.requires_grad]
    ### END SOLUTION


# %% check="thaw" points=6
with check("stage 0: the head alone", hint="Freeze everything first, then thaw the head."):
    expect(thaw(pretrained(), 0), ["head.weight", "head.bias"])
with check("stage 1: block 3 comes first, not block 1", hint="Thaw from the head towards the input."):
    staged = pretrained()
    names = ["body.block3.conv.weight", "body.block3.norm.weight", "body.block3.norm.bias", "head.weight", "head.bias"]
    expect(thaw(staged, 1), names)
    expect([key for key, flag in probes.trainable(staged).items() if flag], names, what="the list of trainable parameters")
with check("what trains is in training mode, the rest in evaluation mode", hint="`part.train()` and `model.eval()`."):
    staged = pretrained()
    thaw(staged, 1)
    modes_now = probes.training_modes(staged)
    for key in ("head", "body.block3", "body.block3.norm"):
        expect(modes_now[key], True, what=f"training mode of {key}")
    for key in ("body.block1.norm", "body.block2.norm", "body.dropout"):
        expect(modes_now[key], False, what=f"training mode of {key}")
with check("a smaller stage freezes again", hint="Each call must set both: what trains, and what does not."):
    staged = pretrained()
    thaw(staged, 3)
    expect(thaw(staged, 0), ["head.weight", "head.bias"])
    expect(probes.training_modes(staged)["body.block3.norm"], False, what="training mode of body.block3.norm")
with check("stages 4 and -1 are refused", hint="`raise ValueError(...)`. A slice accepts both in silence.", needs="stage 0: the head alone"):
    for refused in (4, -1):
        expect_raises(ValueError, thaw, pretrained(), refused)
### BEGIN HIDDEN TESTS
with check("stages in any order", hint="The result must not depend on the stage before.", hidden=True) as rng:
    n_drawn = int(rng.integers(2, 6))
    staged, twin = pretrained(n_drawn), DigitNet(n_drawn)
    head_drawn = {"head.weight": torch.from_numpy(rng.normal(0, 0.1, (n_drawn, 128)).astype(np.float32)), "head.bias": torch.zeros(n_drawn)}
    probes.set_weights(staged, head_drawn)
    twin.load_state_dict(digit_state | head_drawn)
    for stage in rng.permutation([0, 1, 2, 3, 0, 1, 2, 3]).tolist():
        prefixes = ("head.", "body.block3.", "body.block2.", "body.block1.")[: stage + 1]
        expect(thaw(staged, stage), [key for key in probes.trainable(staged) if key.startswith(prefixes)])
        for key, mode in probes.training_modes(staged).items():
            if key.endswith(("conv", "norm", "dropout", "head")):
                expect(mode, f"{key}.".startswith(prefixes))
        twin.requires_grad_(False).eval()
        for part in (twin.head, twin.body.block3, twin.body.block2, twin.body.block1)[: stage + 1]:
            part.requires_grad_(True).train()
        images, labels = torch.from_numpy(rng.random((6, 1, 8, 8), dtype=np.float32)), torch.arange(6) % n_drawn
        got_slopes = probes.gradients(staged, images, labels, "cross_entropy")
        for key, slope in probes.gradients(twin, images, labels, "cross_entropy").items():
            expect(got_slopes[key], slope, tol=1e-4)
### END HIDDEN TESTS
grade("thaw")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Begin every call by freezing the whole network and putting it into evaluation mode. Then the history does not matter.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Make a list of the four parts from the output to the input, and take the first `n_blocks + 1` of them.
#
# </details>
#
# **Why it matters.** The gradients that reach the body come through the head, and at first the head is random. Whether letting
# it settle before the body moves helps is a question for an experiment; there is one below.
# [What is gradual unfreezing?](#What-is-gradual-unfreezing?)

# %% [markdown]
# ### A learning rate for each layer
#
# *Implement · 10 minutes · difficulty: two of three*
#
# An optimizer takes a list of **parameter groups**, dicts such as `{"params": [...], "lr": 0.01}`, each with options of
# its own. With a rate `lr` for the head and a factor `decay`, the rates fall by depth. The smallest example, `lr=0.01` and
# `decay=0.5`:
#
# | part | head | block 3 | block 2 | block 1 |
# |---|---|---|---|---|
# | rate | `0.01` | `0.005` | `0.0025` | `0.00125` |
#
# Only what trains belongs in the optimizer: parameters with `requires_grad=False` are left out, and a part that has
# none left gets no group. It does not change the rates of the others.


# %% exercise="make_optimizer" minutes=10
def make_optimizer(model: DigitNet, lr: float, decay: float) -> torch.optim.Adam:
    """Return Adam over the parameters of `model` that train, with a learning rate for each depth.

    Args:
        lr: the learning rate of the head.
        decay: the factor from one part to the next towards the input: head, block3, block2, block1.

    Returns:
        An optimizer with one group for each part that has parameters with requires_grad=True,
        and with no other parameters in it.
    """
    ### BEGIN SOLUTION
    parts = [model.head, model.body.block3, model.body.block2, model.body.block1]
    groups = []
    for depth, part in enumerate(parts):
        params = [p for p in part.parameters() if p.requires_grad]
        if params:
            groups.append({"params": params, "lr": lr * decay**depth})
    return torch.optim.Adam(groups)
    ### END SOLUTION


# %%
def rates(groups: list[dict]) -> dict[str, float]:
    """Parameter name -> learning rate, from what `probes.parameter_groups` returns."""
    return {name: group["lr"] for group in groups for name in group["params"]}


# %% check="make_optimizer" points=6
with check("the rates of the example", hint="Multiply by `decay` once for each step from the head towards the input."):
    subject = pretrained()
    got_rates = rates(probes.parameter_groups(make_optimizer(subject, 0.01, 0.5), subject))
    wanted_rates = {"head": 0.01, "body.block3.conv": 0.005, "body.block2.conv": 0.0025, "body.block1.conv": 0.00125}
    for part, want in wanted_rates.items():
        key = f"{part}.weight"
        expect(got_rates.get(key), want, what=f"the rate of {key}")
with check("every parameter is there, once", hint="Weight and bias of each BatchNorm and of the head belong to a part, too."):
    subject = pretrained()
    listed = [key for group in probes.parameter_groups(make_optimizer(subject, 0.1, 0.5), subject) for key in group["params"]]
    expect(sorted(listed), sorted(probes.parameters(subject)), what="the sorted list of parameters in the optimizer")
with check("frozen parameters are left out", hint="Look at `requires_grad` before you put a parameter into a group."):
    subject = pretrained()
    subject.body.block1.requires_grad_(False)
    got_rates = rates(probes.parameter_groups(make_optimizer(subject, 0.1, 0.5), subject))
    assert not any("block1" in key for key in got_rates), "A frozen parameter is in the optimizer."
    subject.body.block2.conv.requires_grad_(False)  # a part of which some parameters train
    got_rates = rates(probes.parameter_groups(make_optimizer(subject, 0.1, 0.5), subject))
    assert "body.block2.conv.weight" not in got_rates, "A frozen parameter is in the optimizer."
    expect(got_rates.get("body.block2.norm.bias"), 0.025, what="the rate of body.block2.norm.bias")
with check("a frozen part between two others: no group, and the depths stay", hint="A part in which nothing trains gets no group, not even an empty one. The rate follows the depth, not the number of groups so far."):
    subject = pretrained()
    subject.body.block3.requires_grad_(False)
    groups = probes.parameter_groups(make_optimizer(subject, 0.1, 0.5), subject)
    expect(len(groups), 3, what="the number of groups")
    expect(rates(groups).get("body.block2.conv.weight"), 0.025, what="the rate of body.block2.conv.weight")
with check("it is Adam: the first step is as long as the rate", hint="Adam moves a weight by about its rate in the first step, and has no weight decay. Return the optimizer itself."):
    subject = pretrained()
    for group in probes.parameter_groups(make_optimizer(subject, 0.01, 0.5), subject):
        expect(group.get("weight_decay"), 0.0, what="the weight decay of a group")
        expect(group.get("amsgrad"), False, what="Adam's option `amsgrad`")
    step_before, stepper = probes.weights(subject), make_optimizer(subject, 0.01, 0.5)
    probes.training_step(subject, stepper, X_few, y_few, "cross_entropy")
    for key, want in {"head.weight": 0.01, "body.block1.conv.weight": 0.00125}.items():
        longest = float((probes.weights(subject)[key] - step_before[key]).abs().max())
        expect(longest, want, tol=want / 100, what=f"the longest step in {key}")
### BEGIN HIDDEN TESTS
with check("random rates, factors and frozen parts", hint="Keep to the table for any numbers.", hidden=True) as rng:
    prefixes = ["head", "body.block3", "body.block2", "body.block1"]
    for frozen in ([], ["body.block3"], ["head", "body.block2"], ["body.block3", "body.block1"]):
        subject, twin = pretrained(2, 0, 0.0), DigitNet(2)
        lr_drawn, factor = float(rng.uniform(0.001, 0.1)), float(rng.uniform(0.1, 0.9))
        head_drawn = {"head.weight": torch.from_numpy(rng.normal(0, 0.1, (2, 128)).astype(np.float32)), "head.bias": torch.zeros(2)}
        probes.set_weights(subject, head_drawn)
        twin.load_state_dict(digit_state | head_drawn)
        twin.body.dropout.p = 0.0
        for net in (subject, twin):
            for block_name in frozen:
                (net.head if block_name == "head" else getattr(net.body, block_name[5:])).requires_grad_(False)
        want_rates = {
            key: lr_drawn * factor**depth
            for depth, block_name in enumerate(prefixes)
            for key in probes.parameters(twin)
            if key.startswith(block_name) and block_name not in frozen
        }
        got_rates = rates(probes.parameter_groups(make_optimizer(subject, lr_drawn, factor), subject))
        order = list(probes.parameters(twin))
        expect([got_rates.get(key, 0.0) for key in order], [want_rates.get(key, 0.0) for key in order])
        images, labels = torch.from_numpy(rng.random((6, 1, 8, 8), dtype=np.float32)), torch.arange(6) % 2
        stepper = torch.optim.Adam([{"params": [twin.get_parameter(key)], "lr": rate} for key, rate in want_rates.items()])
        probes.training_step(twin, stepper, images, labels, "cross_entropy")
        probes.training_step(subject, make_optimizer(subject, lr_drawn, factor), images, labels, "cross_entropy")
        moved_now = probes.weights(subject)
        for key, value in probes.weights(twin).items():
            expect(moved_now[key], value, tol=1e-5)
### END HIDDEN TESTS
grade("make_optimizer")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go over the parts from the head to block 1 with `enumerate`: the index is the power of `decay`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each part, collect `[p for p in part.parameters() if p.requires_grad]`. Append a group when that list is not empty.
#
# </details>
#
# **Why it matters.** A head that is new and a body that is not need not move at the same pace. Parameter groups are how you say
# so in PyTorch, also for weight decay. What the recipe buys here, the experiment below says.
# [Why do layers get different learning rates?](#Why-do-layers-get-different-learning-rates?)

# %% [markdown]
# ### A ghost in the optimizer: predict
#
# *Predict, then run · 5 minutes · difficulty: three of three*
#
# You can also freeze in the middle of training: set `requires_grad = False` on a parameter that the optimizer already has.
# Does it stand still from then on? One weight takes a normal step with the loss $w^2$. Then it is frozen, and
# `optimizer.step()` is called once more. Between the two, its old gradient is either dropped (`grad = None`, what
# `zero_grad()` does) or filled with zeros (what `zero_grad(set_to_none=False)` does, and what `zero_grad()` itself did
# before PyTorch 2.0).
#
# | case | optimizer | old gradient |
# |---|---|---|
# | `"a"` | SGD with momentum | dropped |
# | `"b"` | plain SGD | zeros |
# | `"c"` | SGD with momentum | zeros |
# | `"d"` | plain SGD with weight decay | zeros |
#
# Does the frozen weight move in the second step? `True` or `False` for each.

# %% exercise="momentum_ghost" minutes=5
### BEGIN SOLUTION
ghost = {"a": False, "b": False, "c": True, "d": True}
### END SOLUTION
### BEGIN RELEASE
# ghost = {"a": ..., "b": ..., "c": ..., "d": ...}
### END RELEASE


# %%
def moves_after_freezing(gradient: str, **options: float) -> bool:
    """Step, freeze, drop the old gradient or fill it with zeros, step again; did it move again?"""
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = torch.optim.SGD([weight], lr=0.1, **options)
    (weight**2).sum().backward()
    optimizer.step()
    weight.requires_grad_(False)
    optimizer.zero_grad(set_to_none=gradient == "dropped")
    before = weight.clone()
    optimizer.step()
    return not torch.equal(weight, before)


# %% check="momentum_ghost" points=4
with check("momentum, gradient dropped", hint="`step()` skips a parameter whose `grad` is None."):
    expect(ghost["a"], moves_after_freezing("dropped", momentum=0.9), what=f"You answered {ghost['a']} for case a; what happens", tell=False)
with check("plain SGD, gradient of zeros", hint="The step is the rate times the gradient."):
    expect(ghost["b"], moves_after_freezing("zeros"), what=f"You answered {ghost['b']} for case b; what happens", tell=False)
with check("momentum, gradient of zeros", hint="Momentum is a running sum of the gradients so far."):
    expect(ghost["c"], moves_after_freezing("zeros", momentum=0.9), what=f"You answered {ghost['c']} for case c; what happens", tell=False)
with check("weight decay, gradient of zeros", hint="Weight decay pulls every weight that is stepped towards zero."):
    expect(ghost["d"], moves_after_freezing("zeros", weight_decay=0.01), what=f"You answered {ghost['d']} for case d; what happens", tell=False)
grade("momentum_ghost")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `step()` asks one question only: is `param.grad` None? It does not look at `requires_grad`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# With a gradient of zeros the weight is stepped. What else than the gradient is in the step of each optimizer?
#
# </details>

# %% demo=true
for caption, gradient, options in [
    ("momentum, gradient dropped", "dropped", {"momentum": 0.9}),
    ("plain SGD, zeros", "zeros", {}),
    ("momentum, zeros", "zeros", {"momentum": 0.9}),
    ("weight decay, zeros", "zeros", {"weight_decay": 0.01}),
]:
    print(f"{caption:30} moves: {moves_after_freezing(gradient, **options)}")

# %% [markdown]
# So when you freeze or thaw between stages, make a new optimizer for each stage.
#
# **Why it matters.** `requires_grad` and the optimizer know nothing of each other; only the gradient connects them.
# [What does requires_grad do, and what does it not do?](#What-does-requires_grad-do,-and-what-does-it-not-do?)

# %% [markdown]
# ## What is it worth? Compare honestly
#
# Three ways to the new task:
#
# - the **linear probe**: the body frozen, a linear classifier on its features;
# - **full fine-tuning**: everything trains, from the pretrained weights;
# - **from scratch**: everything trains, from random weights.
#
# Which is best depends on how many labels you have. To find out, draw a few labels, train, measure on images that no draw
# trains on, and repeat with other draws. Two things must be right first: the draws, and the statistics.
#
# ### Draw a few labels
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# `few_shot_split(y, k, seed)` should draw k images **of each class** to train on, none of them twice, and leave all the
# others to test on. The program below looks right at a glance.
#
# The demonstration gives it a test that every evaluation should pass: **labels that mean nothing**. The labels of 200
# images are shuffled, anew for each of 20 draws, so nothing can be learnt from them, and any classifier must come out near
# 0.5 (M. Ojala and G. Garriga, "Permutation Tests for Studying Classifier Performance", 2010). A nearest-neighbour
# classifier with 50 labels a class comes out far above. That number shows one fault. Repair it, then compare the program
# with every line of the docstring.


# %% exercise="few_shot_split" minutes=8 faults=["k of each class", "no image twice", "nothing is in both parts, and nothing is lost", "random labels and sizes"]
def few_shot_split(y: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `k` samples of each class to train on; the others are for testing.

    Args:
        y: labels, (n,) integers.
        k: how many of each class, at least 1.
        seed: the same seed gives the same split.

    Returns:
        (train, test): arrays of row numbers, without repetition, that share none and together
        have all n.

    Raises:
        ValueError: a class has fewer than `k` samples.
    """
    generator = np.random.default_rng(seed)
    ### BEGIN SOLUTION
    train = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) < k:
            raise ValueError(f"class {label} has {len(rows)} samples, fewer than {k}")
        train.extend(generator.permutation(rows)[:k])
    train = np.array(train)
    test = np.setdiff1d(np.arange(len(y)), train)
    ### END SOLUTION
    ### BEGIN RELEASE
    # n_classes = len(np.unique(y))
    # train = generator.choice(len(y), size=k * n_classes)
    # test = generator.permutation(len(y))
    ### END RELEASE
    return train, test


# %% demo=true
pixels = X_new[:200].reshape(200, -1).numpy()
shown_scores = []
for draw_seed in range(20):
    nonsense = np.random.default_rng(draw_seed).permutation(y_new[:200].numpy())
    fitted, tested = few_shot_split(nonsense, 50, draw_seed)
    neighbour = KNeighborsClassifier(1).fit(pixels[fitted], nonsense[fitted])
    shown_scores.append(neighbour.score(pixels[tested], nonsense[tested]))
print(f"accuracy on labels that mean nothing: {np.mean(shown_scores):.2f}")

# %% check="few_shot_split" points=6
with check("k of each class", hint="Draw class by class: `np.flatnonzero(y == label)` are its rows."):
    drawn = few_shot_split(np.array([0] * 90 + [1] * 10), 5, seed=0)[0]
    expect(np.bincount(np.array([0] * 90 + [1] * 10)[drawn]).tolist(), [5, 5], what="the list of drawn images of each class")
    drawn = few_shot_split(np.array([0] * 9 + [1] * 5), 5, seed=0)[0]
    expect(int((drawn >= 9).sum()), 5, what="the number drawn from a class that has exactly k images")
with check("no image twice", hint="`choice` draws with replacement unless told otherwise."):
    drawn = few_shot_split(np.arange(40) % 2, 18, seed=1)[0]
    expect(len(set(np.asarray(drawn).tolist())), 36, what="the number of different images drawn")
with check("nothing is in both parts, and nothing is lost", hint="The test part is everything that was not drawn."):
    train_rows, test_rows = few_shot_split(np.arange(30) % 3, 4, seed=2)
    assert not set(train_rows.tolist()) & set(test_rows.tolist()), "Some images are trained on and tested on."
    expect(sorted(train_rows.tolist() + test_rows.tolist()), list(range(30)), what="the list of all rows")
with check("the seed decides", hint="Draw with `generator`, and with nothing else.", needs="k of each class"):
    drawn = [sorted(few_shot_split(np.arange(200) % 2, 10, seed)[0].tolist()) for seed in (3, 3, 4)]
    expect(drawn[0], drawn[1], what="the list of a second draw with seed 3")
    assert drawn[0] != drawn[2], "Seeds 3 and 4 drew the same images."
    draws = {tuple(sorted(few_shot_split(np.arange(40) % 2, 3, seed)[0].tolist())) for seed in range(60)}
    assert len(draws) > 50, f"Of 1,299,600 possible draws, 60 seeds give {len(draws)} different ones. Is it chance that draws?"
with check("more than there are: refused", hint="Count the rows of each class, and `raise ValueError(...)` when k is larger.", needs="k of each class"):
    expect_raises(ValueError, few_shot_split, np.array([0, 0, 0, 1, 1]), 3, 0)
    expect_raises(ValueError, few_shot_split, np.array([0] * 9 + [1] * 2), 3, 0)
### BEGIN HIDDEN TESTS
with check("random labels and sizes", hint="Classes of unequal size, labels that are not 0 and 1.", hidden=True) as rng:
    for turn in range(10):
        sizes = rng.integers(5, 30, 3)
        drawn_labels = rng.permutation(np.repeat([3, 5, 8], sizes))
        wanted = int(rng.integers(3, 6)) if turn else int(sizes.min())  # once all of the smallest class
        train_rows, test_rows = few_shot_split(drawn_labels, wanted, seed=int(rng.integers(1000)))
        expect(sorted(drawn_labels[train_rows].tolist()), sorted([3, 5, 8] * wanted))
        expect(sorted(train_rows.tolist() + test_rows.tolist()), list(range(len(drawn_labels))))
### END HIDDEN TESTS
grade("few_shot_split")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three lines, three faults: who is drawn, how often, and who is tested.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each class: its rows, `generator.permutation(rows)[:k]`. Collect them in a list.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `np.setdiff1d(np.arange(len(y)), train)` gives the rows that are not in `train`.
#
# </details>
#
# **Why it matters.** On real labels this leak adds a little, and a little is what such comparisons are about. Meaningless
# labels make it visible.
# [How do you compare two methods over a few seeds?](#How-do-you-compare-two-methods-over-a-few-seeds?)

# %% [markdown]
# ### An interval for a difference
#
# *Implement · 12 minutes · difficulty: two of three*
#
# With few labels a lucky draw helps both methods. So compare them **on the same draws** and look at the differences. With n
# differences $d_i$ of mean $\bar d$ and standard deviation $s$ (dividing by n − 1), the interval at level 95 % is
#
# $$\bar d \pm t\,s\,\sqrt{\frac{1}{n}},$$
#
# where $t$ is the quantile of Student's t distribution with n − 1 degrees of freedom that leaves half of the remaining
# probability on each side: `stats.t.ppf(0.975, n - 1)` for 95 % (Student, "The probable error of a mean", 1908).
#
# The smallest example: method A scores 0.9, 0.8, 0.7 on three draws, method B 0.8, 0.6, 0.4. The differences are 0.1, 0.2,
# 0.3; their mean is 0.2, their standard deviation 0.1. With two degrees of freedom t is 4.303, so the interval is
# 0.2 ± 0.248, from −0.048 to 0.448. A won every time, and yet three draws do not exclude zero. (The normal
# distribution's 1.96 would claim that they do.)
#
# **The condition.** The formula is for **independent** differences. When each draw splits the same pool into a training and a
# test part, the draws share images, the differences rise and fall together, and $s$ does not see it. C. Nadeau and Y. Bengio
# ("Inference for the Generalization Error", 2003) therefore widen the interval: with $n_\text{test}$ and $n_\text{train}$
# images in the two parts,
#
# $$\bar d \pm t\,s\,\sqrt{\frac{1}{n} + \frac{n_\text{test}}{n_\text{train}}}.$$
#
# With parts of equal size the ratio is 1, and the example's interval becomes 0.2 ± 0.497. Note what happens as n grows: the
# first term vanishes, the second stays. More resplits of one pool are not more data.


# %% exercise="paired_interval" minutes=12
def paired_interval(
    a: list[float], b: list[float], level: float = 0.95, ratio: float = 0.0
) -> tuple[float, float, float]:
    """Return (mean, low, high) of the differences a - b, by Student's t.

    Args:
        a, b: scores of two methods on the same draws, n each, in the same order.
        level: of the interval, between 0 and 1.
        ratio: n_test / n_train when the draws are resplits of one pool (Nadeau and Bengio, 2003);
            0 when the differences are independent.

    Returns:
        The mean difference and the ends of its interval, which are the mean itself where all
        differences are equal. The lesson's example gives about (0.2, -0.048, 0.448), and with
        ratio=1 about (0.2, -0.297, 0.697).

    Raises:
        ValueError: the lengths differ, or n is less than 2.
    """
    ### BEGIN SOLUTION
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"{len(a)} and {len(b)} scores make no pairs, or too few")
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)
    ### END SOLUTION


# %% check="paired_interval" points=7
with check("the mean difference of the example", hint="Subtract pair by pair, a minus b, then take the mean."):
    expect(paired_interval([0.9, 0.8, 0.7], [0.8, 0.6, 0.4])[0], 0.2)
with check("the ends of the example", hint="s with `ddof=1`, divided by the root of n; t with n - 1 degrees of freedom."):
    half_width = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    expect(paired_interval([0.9, 0.8, 0.7], [0.8, 0.6, 0.4]), (0.2, 0.2 - half_width, 0.2 + half_width), tol=1e-9)
with check("pairs: what both share does not widen the interval", hint="Take differences first, and the deviation of the differences."):
    shared = np.array([0.1, 0.5, 0.9, 0.3])
    expect(paired_interval((shared + 0.05).tolist(), shared.tolist()), (0.05, 0.05, 0.05), tol=1e-9)
    expect(paired_interval([0.5, 0.75], [0.25, 0.5]), (0.25, 0.25, 0.25), what="the interval where all differences are equal")
with check("another level", hint="Do the ends of the example fail, too? Mend those first. If not: half of `1 - level` lies on each side, so take the quantile at (1 + level) / 2."):
    half_width = stats.t.ppf(0.9, 2) * 0.1 / np.sqrt(3)
    expect(paired_interval([0.9, 0.8, 0.7], [0.8, 0.6, 0.4], level=0.8)[1:], (0.2 - half_width, 0.2 + half_width))
with check("resplits of one pool: wider, by the ratio", hint="`ratio` is added to 1/n, below the root."):
    half_width = stats.t.ppf(0.975, 2) * 0.1 * np.sqrt(1 / 3 + 1)
    expect(paired_interval([0.9, 0.8, 0.7], [0.8, 0.6, 0.4], ratio=1.0), (0.2, 0.2 - half_width, 0.2 + half_width), tol=1e-9)
with check("one pair, or unequal lengths: refused", hint="One difference has no deviation, two have. NumPy takes a list of one as a number for all pairs: compare the lengths. `raise ValueError(...)`.", needs="the ends of the example"):
    expect_raises(ValueError, paired_interval, [0.9], [0.8])
    expect_raises(ValueError, paired_interval, [0.9, 0.8], [0.8, 0.6, 0.4])
    expect_raises(ValueError, paired_interval, [0.9, 0.8, 0.7], [0.8])
    expect(paired_interval([0.9, 0.7], [0.8, 0.8])[0], 0.0, what="the mean difference of two pairs, which are enough,")
### BEGIN HIDDEN TESTS
with check("random scores, levels and ratios", hint="With ratio 0 it is scipy.stats.ttest_rel(a, b).confidence_interval(level).", hidden=True) as rng:
    for n_pairs in (2, 3, 40, *rng.integers(4, 20, 8).tolist()):
        level_drawn, ratio_drawn = float(rng.uniform(0.5, 0.99)), float(rng.choice([0.0, 0.25, 1.0, 3.0]))
        first, second = rng.random(n_pairs), rng.random(n_pairs)
        want_ends = stats.ttest_rel(first, second).confidence_interval(level_drawn)
        centre = float((first - second).mean())
        half_width = float(want_ends.high - want_ends.low) / 2 * np.sqrt(1 + n_pairs * ratio_drawn)
        got_interval = paired_interval(first.tolist(), second.tolist(), level=level_drawn, ratio=ratio_drawn)
        expect(got_interval, (centre, centre - half_width, centre + half_width), tol=1e-7)
### END HIDDEN TESTS
grade("paired_interval")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `d = np.asarray(a) - np.asarray(b)`; everything after that is about `d` alone.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `d.std(ddof=1)` divides by n − 1. The half width is `stats.t.ppf((1 + level) / 2, n - 1)` times that, times
# `np.sqrt(1 / n + ratio)`.
#
# </details>
#
# Does it matter? The next demonstration counts. It makes up 400 small hospitals with a pool of 120 patients each, from a
# population that it knows. In each it compares two simple classifiers on resplits into 60 and 60 patients, by **your**
# `paired_interval`, and counts how often the "95 %" interval holds the true difference.

# %% demo=true
rng = np.random.default_rng(0)


def patients(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n patients from the population: eight measurements, and a class for every second one."""
    y = np.arange(n) % 2
    return rng.normal(size=(n, 8)) + 0.35 * (2 * y[:, None] - 1), y


def gap(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray) -> float:
    """Accuracy of the nearest class mean, with all eight measurements minus with the first four."""
    means = X[y == 1].mean(axis=0), X[y == 0].mean(axis=0)
    scores = []
    for width in (8, 4):
        one, zero = means[0][:width], means[1][:width]
        says_one = X_test[:, :width] @ (one - zero) > (one @ one - zero @ zero) / 2
        scores.append((says_one == y_test).mean())
    return float(scores[0] - scores[1])


population = patients(4000)
true_gap = np.mean([gap(*patients(60), *population) for _ in range(1000)])
held = {(n, ratio): 0 for n in (6, 10, 50) for ratio in (0.0, 1.0)}
for _ in range(400):
    X_pool, y_pool = patients(120)
    gaps = []
    for _ in range(50):
        turn = np.concatenate(
            [rng.permutation(np.flatnonzero(y_pool == c)).reshape(2, 30) for c in (0, 1)], axis=1
        )
        gaps.append(gap(X_pool[turn[0]], y_pool[turn[0]], X_pool[turn[1]], y_pool[turn[1]]))
    for n, ratio in held:
        _, low, high = paired_interval(gaps[:n], [0.0] * n, ratio=ratio)
        held[n, ratio] += low <= true_gap <= high
for n, ratio in held:
    caption = "plain" if ratio == 0 else "widened"
    print(f"{n:2} resplits, {caption:8} the interval holds the truth in {held[n, ratio] / 400:.0%}")

# %% [markdown]
# With six resplits the plain interval holds the truth in about seven cases of ten instead of nineteen of twenty; with ten in
# about six, with fifty in about three. The more often you resplit, the surer you are of what this one pool happens to say. The
# widened interval errs on the other side: it holds the truth nearly always.
#
# So either widen the interval, or keep **one fixed test part**, draw the labels from the rest, and say what the interval then
# covers: the luck of the draw of labels, and not that of the test part.
#
# **Why it matters.** Two separate error bars that overlap do not say that the methods are equal, and a narrow interval may be
# narrow because it forgot something.
# [How do you compare two methods over a few seeds?](#How-do-you-compare-two-methods-over-a-few-seeds?)

# %% [markdown]
# ### The experiment
#
# Now the three ways, with 1, 5, 20 and 50 labels a class, six draws each, the same draws for all. A given split, made as
# yours but for its random numbers, sets 200 images of each class aside, once, as the fixed test part; it draws the labels
# from the other 497. Few labels out of 497 overlap little, so up to 20 a class the draws are nearly independent, and your
# `paired_interval` may be taken as it is. At 50 a class two draws share about 20 of their 100 images: there it is somewhat
# too narrow. It covers the luck of the labels. The test part is one sample besides: with 400 images, an accuracy near 0.95
# has a standard error of about 0.01.
#
# The probe is a logistic regression on the features, which are computed once. A **control** stands beside it: the same
# regression on the features of a body with random weights. Full fine-tuning trains at the rate 0.002, from scratch at 0.003,
# both for 60 steps; neither was tuned. The demonstration takes some seconds.


# %%
learning_rates = {"full fine-tuning": 0.002, "from scratch": 0.003}


def train_all(
    net: DigitNet, X: torch.Tensor, y: torch.Tensor, lr: float, seed: int, steps: int = 60
) -> None:
    """Train every parameter of the network, in place, on batches of up to 32 images."""
    torch.manual_seed(seed)  # of dropout
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        F.cross_entropy(net(X[batch]), y[batch]).backward()
        optimizer.step()


def with_body(seed: int, n_classes: int = 2) -> DigitNet:
    """Return a DigitNet with the pretrained body and a new head."""
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    net.body.load_state_dict(
        {name[5:]: t for name, t in digit_state.items() if name.startswith("body.")}
    )
    return net


def body_output(net: DigitNet, X: torch.Tensor) -> np.ndarray:
    """Return the features of the images, in evaluation mode."""
    net.eval()
    with torch.no_grad():
        return net.body(X).numpy()


def given_split(y: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of k samples of each class, and the other rows; each class has more."""
    halves = [
        train_test_split(np.flatnonzero(y == label), train_size=k, random_state=seed)
        for label in np.unique(y)
    ]
    drawn, others = (np.concatenate(rows) for rows in zip(*halves, strict=True))
    return drawn, others


def compare(split, shots: tuple[int, ...], draws: range) -> dict[str, np.ndarray]:
    """Way -> accuracies on the fixed test part, a row for each number of labels, a column a draw.

    `split(labels, k, seed)` gives the rows of k samples of each class, and the other rows.
    """
    test, pool = (torch.as_tensor(rows) for rows in split(y_new.numpy(), 200, 0))
    bodies = {"linear probe": body_output(with_body(0), X_new)}
    torch.manual_seed(0)
    bodies["probe, random body"] = body_output(DigitNet(2), X_new)
    ways = [*bodies, *learning_rates]
    found = {way: np.zeros((len(shots), len(draws))) for way in ways}
    for i, k in enumerate(shots):
        for j, draw in enumerate(draws):
            train = pool[torch.as_tensor(split(y_new[pool].numpy(), k, draw)[0])]
            for way, values in bodies.items():
                probe = LogisticRegression(max_iter=1000).fit(values[train], y_new[train])
                found[way][i, j] = probe.score(values[test], y_new[test])
            for way, lr in learning_rates.items():
                torch.manual_seed(draw)
                net = with_body(draw) if way == "full fine-tuning" else DigitNet(2)
                train_all(net, X_new[train], y_new[train], lr, seed=draw)
                found[way][i, j] = accuracy(net, X_new[test], y_new[test])
    return found


# %% demo=true
# Figure: accuracy against labels a class, and paired differences
shots = (1, 5, 20, 50)
curves = compare(given_split, shots, range(6))
fig, (left, right) = plots.canvas(columns=2, width=9.0, height=3.8)
for (label, scores), style in zip(curves.items(), plots.line_styles, strict=True):
    spread = scores.std(axis=1, ddof=1)
    left.errorbar(shots, scores.mean(axis=1), yerr=spread, label=label, capsize=3, **style)
left.set(xscale="log", xlabel="labels a class", ylabel="accuracy on the new task", ylim=(0.45, 1.0))
left.set_xticks(shots, [str(k) for k in shots])
left.set_title("mean and deviation over six draws", fontsize=9)
left.legend(fontsize=8)
pairs = {"probe - scratch": "from scratch", "probe - full": "full fine-tuning"}
for shift, (caption, rival), style in zip(
    (0.93, 1.07), pairs.items(), plots.line_styles, strict=False
):
    rows = zip(curves["linear probe"], curves[rival], strict=True)
    ends = np.array([paired_interval(a.tolist(), b.tolist()) for a, b in rows])
    bars = [ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]
    right.errorbar(
        np.array(shots) * shift, ends[:, 0], yerr=bars, label=caption, capsize=3, **style
    )
right.axhline(0, color="black", linewidth=0.8)
right.set(xscale="log", xlabel="labels a class", ylabel="difference in accuracy")
right.set_xticks(shots, [str(k) for k in shots])
right.set_title("paired differences, 95 % intervals over draws", fontsize=9)
right.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: accuracy against labels a class. At five labels the linear probe lies highest. At "
    "fifty labels the probe, full fine-tuning and from scratch lie close together, all above 0.9; "
    "the probe on this random body stays far below. Right: the difference probe minus scratch is "
    "clearly above zero at five labels; from there it shrinks. The interval of probe minus full "
    "contains zero at fifty labels.",
)
for label, scores in curves.items():
    means = "".join(f"{k:6} labels: {row.mean():.2f}" for k, row in zip(shots, scores, strict=True))
    print(f"{label:18}" + means)

# %% [markdown]
# ### Read the curves
#
# *Read the plot · 5 minutes · difficulty: one of three*
#
# **First question.** You have five labels a class. What do you take?
#
# - `"a"` Full fine-tuning: it starts from the same features as the probe and can only improve on them.
# - `"b"` The linear probe: clear of scratch, no evidence that full is better, and cheaper.
# - `"c"` Any of them: with five labels the bars in the left half are so long that the order may be chance.
#
# **Second question.** At 50 labels a class, what does the figure say about probe and full fine-tuning?
#
# - `"a"` Full fine-tuning has overtaken the probe, or will with a few labels more.
# - `"b"` They are equally good, because the interval of the difference contains zero.
# - `"c"` Six draws do not tell the sign of the difference; other costs may decide.
#
# **Third question.** What speaks for it that the *pretrained weights* make the difference, and not the shape of the network?
#
# - `"a"` The same regression on a random body stays below, from five labels on.
# - `"b"` The probe is ahead of training from scratch at five labels a class.
# - `"c"` Full fine-tuning and the probe, which share them, end close together at fifty labels a class.

# %% exercise="read_curves" minutes=5
### BEGIN SOLUTION
answer_five, answer_fifty, answer_control = "b", "c", "a"
### END SOLUTION
### BEGIN RELEASE
# answer_five, answer_fifty, answer_control = ..., ..., ...
### END RELEASE

# %% check="read_curves" points=3
with check("five labels a class", hint="Look at the right half of the figure, above 5."):
    expect_choice(answer_five, "b", {
        "a": "It can also spoil them, with ten labels as its guide. No interval in the figure says that it is better, and it costs more.",
        "b": "That is all the figure supports. How far the probe is ahead of full fine-tuning, if at all, depends on the draws: with others the interval may contain zero.",
        "c": "The bars of the left half are those of single ways. A draw that is lucky for one is lucky for the other: look at the paired differences.",
    })  # fmt: skip
with check("fifty labels a class", hint="What does an interval that contains zero allow?"):
    expect_choice(answer_fifty, "c", {
        "a": "The figure ends there, and the interval of the difference contains zero: the order may be chance.",
        "b": "An interval that contains zero contains other values too. Not to see a difference is not to see that there is none.",
        "c": "So cost decides: the probe is faster, and it leaves the old task intact.",
    })  # fmt: skip
with check("what the control says", hint="Which of the three compares two networks that differ in the body's weights and in nothing else?"):
    expect_choice(answer_control, "a", {
        "a": "Same shape, same regression, same labels; only the weights of the body differ. It is one random body; several would say more.",
        "b": "The two differ in the weights and in what is trained: 258 numbers against thousands. So it may be either.",
        "c": "Both start from the pretrained weights, so their closeness says nothing about what these are worth.",
    })  # fmt: skip
grade("read_curves")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The right half answers the first two questions: is the interval above zero, below, or across?
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the third, look for two curves that are made in the same way from two bodies.
#
# </details>
#
# The honest baseline was here all along: let the *old* network name the digit, and look up whether it is odd. That is
# right for 0.99 of the new images, and needs no label at all. Ask for it before you train anything. It also says why these
# features are so good here: the old label contains the new one. What the curves show holds for this pair of tasks: near to
# each other, small network, easy images. Where the new task needs what the old features dropped, a probe can stay behind. From
# five labels a class on, the lead over training from scratch shrank here at each of the numbers measured.
#
# **Why it matters.** "Fine-tuning is better" is a claim about a source, a target and a number of labels.
# [Is a pretrained model always better than training from scratch?](#Is-a-pretrained-model-always-better-than-training-from-scratch?)

# %% [markdown]
# ### Would you sign this number?
#
# *Choose one · 7 minutes · difficulty: three of three*
#
# A rate, a number of steps, a strength of regularisation: something has to be chosen, and the choice takes labels. A colleague
# trains the probe's head by gradient descent, chooses rate and number of steps with 40 labels to train on and 100 to validate,
# and reports an accuracy. She sends the program below and asks you to sign her number. Its lines are numbered at their
# ends. Read it, run it, change what you like.


# %%
def reported_accuracy(values: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Choose rate and number of steps of a probe; return its accuracy."""
    rows = np.arange(len(labels))  # 1
    train, others = train_test_split(rows, train_size=40, stratify=labels, random_state=seed)  # 2
    valid, test = others[:100], others[100:]  # 3
    X, y = torch.as_tensor(values), torch.as_tensor(labels)  # 4
    best, best_head = 0.0, None  # 5
    for lr in (0.1, 0.03, 0.01, 0.003):  # 6
        torch.manual_seed(seed)  # 7
        head = nn.Linear(X.shape[1], 2)  # 8
        optimizer = torch.optim.Adam(head.parameters(), lr=lr)  # 9
        for step in range(1, 101):  # 10
            optimizer.zero_grad()  # 11
            F.cross_entropy(head(X[train]), y[train]).backward()  # 12
            optimizer.step()  # 13
            if step % 5 == 0:  # 14
                score = float((head(X[valid]).argmax(dim=1) == y[valid]).double().mean())  # 15
                if score > best:  # 16
                    best, best_head = score, copy.deepcopy(head)  # 17
    return best  # 18


probe_values = body_output(with_body(0), X_new)

# %% demo=true
shown_scores = [reported_accuracy(probe_values, y_new.numpy(), seed) for seed in range(5)]
print("reported:", " ".join(f"{score:.2f}" for score in shown_scores))

# %% [markdown]
# **First question.** Which line keeps you from signing? Its number, or `0` if you would sign.
#
# **Second question.** Which run shows it?
#
# - `"a"` Other seeds: the reported accuracies differ from seed to seed.
# - `"b"` Shuffled labels: the mean of what it reports over ten shuffles stays clearly above one half.
# - `"c"` A random body: with its features, what it reports is lower than with those of the pretrained one.
# - `"d"` A longer training: with more steps, what it reports does not fall.

# %% exercise="sign_it" minutes=7
### BEGIN SOLUTION
line_at_fault = 18
evidence = "b"
### END SOLUTION
### BEGIN RELEASE
# line_at_fault = ...
# evidence = ...
### END RELEASE

# %% check="sign_it" points=4
with check("the line", points=2, hint="Follow the test rows from the line that makes them to the line that uses them."):
    expect(line_at_fault, 18, what="the number of the line", tell=False)
with check("the run that shows it", points=2, hint="Which of these runs has a right answer that you know beforehand?"):
    expect_choice(evidence, "b", {
        "a": "Accuracies differ from seed to seed in a right program as well.",
        "b": "Nothing can be learnt from shuffled labels, so an honest report has the mean one half. This one is the best of eighty looks at the validation part.",
        "c": "That is what one hopes for, and it would look the same in a right program.",
        "d": "A right program need not fall either: it may keep an earlier step.",
    })  # fmt: skip
grade("sign_it")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Train, validate, test: three parts with three uses. Which variable is made and never used?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `reported_accuracy(probe_values, np.random.default_rng(i).permutation(y_new.numpy()), i)` for ten values of `i` is a run in
# which you know what should come out.
#
# </details>

# %% demo=true
shuffles = [np.random.default_rng(i).permutation(y_new.numpy()) for i in range(10)]
reports = [reported_accuracy(probe_values, labels, i) for i, labels in enumerate(shuffles)]
print(f"labels that mean nothing, reported: {np.mean(reports):.2f}")

# %% [markdown]
# The choice is made correctly. What is reported is the winner's score **on the data that chose it**: the best of eighty looks.
# The test rows are made and never used. The honest last line measures the chosen head on `test`, once.
#
# **Why it matters.** The best validation score is a choice's winner, and winners are lucky. With few labels the luck is large.
# [How do you choose a learning rate with few labels?](#How-do-you-choose-a-learning-rate-with-few-labels?)

# %% [markdown]
# ### Are the recipes worth it?
#
# Rates by depth, thawing from the top, one rate chosen on validation data: with 20 labels a class, six draws, the fixed test
# part from above, and the old task beside the new one. The demonstration uses your `train_head_only`, `thaw` and
# `make_optimizer`, and the given split. Each way takes 60 steps; thawing in stages takes 15 steps in each of its four stages.
# Commit to a guess first: which way will be ahead on the new task, and which on the old?


# %%
def train_with(
    net: DigitNet, X: torch.Tensor, y: torch.Tensor, optimizer, seed: int, steps: int
) -> None:
    """Take steps with an optimizer, in the network's present modes, on batches of up to 32."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        F.cross_entropy(net(X[batch]), y[batch]).backward()
        optimizer.step()


def compare_recipes(split, freeze, thaw_to, optimizer_for, draws: range) -> dict[str, np.ndarray]:
    """Recipe -> accuracies on the new task, the old task, the validation part; a column a draw.

    The last three functions are those of the exercises: train_head_only, thaw, make_optimizer.
    """
    test, pool = (torch.as_tensor(rows) for rows in split(y_new.numpy(), 200, 0))
    found = {}
    for j, draw in enumerate(draws):
        drawn, others = (
            pool[torch.as_tensor(rows)] for rows in split(y_new[pool].numpy(), 20, draw)
        )
        valid = others[torch.as_tensor(split(y_new[others].numpy(), 10, draw)[0])]
        X, y = X_new[drawn], y_new[drawn]
        nets = {"body frozen": with_body(draw)}
        freeze(nets["body frozen"], X, y, seed=draw)
        for lr in (0.01, 0.003, 0.001, 0.0003):
            nets[f"one rate, {lr}"] = with_body(draw)
            train_all(nets[f"one rate, {lr}"], X, y, lr, seed=draw)
        named = [name for name in nets if name.startswith("one rate")]
        nets["one rate, chosen"] = max(
            (nets[name] for name in named),
            key=lambda net: accuracy(net, X_new[valid], y_new[valid]),
        )
        nets["rates by depth"] = with_body(draw).train()
        optimizer = optimizer_for(nets["rates by depth"], 0.01, 0.5)
        train_with(nets["rates by depth"], X, y, optimizer, seed=draw, steps=60)
        nets["thawed in stages"] = with_body(draw)
        for stage in range(4):
            thaw_to(nets["thawed in stages"], stage)
            optimizer = optimizer_for(nets["thawed in stages"], 0.01, 0.5)
            train_with(nets["thawed in stages"], X, y, optimizer, seed=4 * draw + stage, steps=15)
        for name, net in nets.items():
            scores = accuracy(net, X_new[test], y_new[test]), old_accuracy(net)
            found.setdefault(name, np.zeros((3, len(draws))))[:2, j] = scores
            found[name][2, j] = accuracy(net, X_new[valid], y_new[valid])
    return found


# %% demo=true
recipes = compare_recipes(given_split, train_head_only, thaw, make_optimizer, range(6))
print(f"{'20 labels a class, six draws':30} new task   old task")
for name, (on_new, on_old, _) in recipes.items():
    print(f"{name:30} {on_new.mean():8.3f} {on_old.mean():10.3f}")
print("right of 20 validation images, draw by draw:")
for lr in (0.01, 0.003, 0.001, 0.0003):
    print(f"    rate {lr:6}:", (20 * recipes[f"one rate, {lr}"][2]).round().astype(int).tolist())
for name in ("rates by depth", "thawed in stages", "one rate, 0.001", "one rate, chosen"):
    pair = recipes[name][0].tolist(), recipes["body frozen"][0].tolist()
    mean, low, high = paired_interval(*pair)
    print(f"{name} - body frozen, new task: {mean:+.3f}, from {low:+.3f} to {high:+.3f}")

# %% [markdown]
# **What came out.** On the new task no interval lies above zero, and all four means are within four points of the frozen
# body's. So a gain is not shown, and a small one is not excluded. Rates by depth and one small rate for all (0.001) end within
# three points of each other. On the old task the ways differ more: the frozen body loses nothing, the small rate a little, rates
# by depth and thawing a few points more, and the head's rate for everything loses most. So for this network, with these labels
# and with the recipes' numbers as they are here, the recipes have a price and no gain that one can see. That is no law: they were
# made for a recurrent language model and for texts. It is what you would have to find out for yours.
#
# And look at the rate that was **chosen on validation data**. One image of 20 is 0.05. In every draw the four rates lie
# within three images of each other, and in several draws the first place is shared (a tie goes to the larger rate). So
# twenty images hardly separate these rates on the new task. And their labels are the new task's, so nothing in the choice
# speaks for the old one, where the rates lie far apart. If the old task matters, it belongs in what you choose by.

# %% [markdown]
# ## What is forgotten
#
# A network that learns a new task with all its weights usually gets worse at the old one: **catastrophic forgetting**
# (M. McCloskey and N. Cohen, who call it "Catastrophic Interference in Connectionist Networks", 1989). To measure it, put the
# old head back on the new body and run the old test. Forgetting is the old accuracy before minus the old accuracy after.
#
# ### Put the old head back on
#
# *Implement · 6 minutes · difficulty: one of three*
#
# `graft(new_state, old_state)` makes the state of that network: everything of the **body** from the new state, BatchNorm's
# buffers included, and the **head** from the old one. (Take the buffers from the old state, and you measure a network that
# never existed.) The smallest example: from `{"body.w": 1, "head.w": 2}` (new) and `{"body.w": 3, "head.w": 4}` (old) it
# makes `{"body.w": 1, "head.w": 4}`.


# %% exercise="graft" minutes=6
def graft(
    new_state: dict[str, torch.Tensor], old_state: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return the state of a network with the body of `new_state` and the head of `old_state`.

    Args:
        new_state, old_state: name -> tensor; each name begins with "body." or "head.".

    Raises:
        ValueError: the two do not have the same names.
    """
    ### BEGIN SOLUTION
    if new_state.keys() != old_state.keys():
        raise ValueError("the two states are not of the same kind of network")
    return {
        name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
    }
    ### END SOLUTION


# %% check="graft" points=4
with check("the smallest example", hint="Choose by the beginning of the name."):
    one, two, three, four = (torch.tensor([float(i)]) for i in (1, 2, 3, 4))
    got_state = graft({"body.w": one, "head.w": two}, {"body.w": three, "head.w": four})
    expect(got_state, {"body.w": one, "head.w": four})
    got_state = graft({"head.w": two, "body.w": one}, {"body.w": three, "head.w": four})
    expect(got_state, {"body.w": one, "head.w": four}, what="the state, when the names come in another order,")
with check("the buffers belong to the body", hint="Every name that begins with `body.` comes from the new state.", needs="the smallest example"):
    shifted = {key: tensor + 1 for key, tensor in digit_state.items()}
    got_state = graft(shifted, digit_state)
    for key in ("body.block1.norm.running_var", "body.block3.norm.num_batches_tracked"):
        expect(got_state[key], shifted[key], tol=0, what=key)
with check("names that do not match: refused", hint="Compare `new_state.keys()` with `old_state.keys()`.", needs="the smallest example"):
    more, fewer = {"body.w": torch.ones(1), "head.w": torch.ones(1)}, {"body.w": torch.ones(1)}
    expect_raises(ValueError, graft, more, fewer)
    expect_raises(ValueError, graft, fewer, more)  # a name that only the old state has
    expect_raises(ValueError, graft, more, {"body.w": torch.ones(1), "head.b": torch.ones(1)})  # as many, but others
### BEGIN HIDDEN TESTS
with check("a whole network with random tensors", hint="All names, each from its side.", hidden=True) as rng:
    names = [*digit_state, "head.body.weight"]  # a head may have a part that is called so
    kinds = {n: torch.int64 if n.endswith("tracked") else torch.float32 for n in names}
    left_state = {n: torch.from_numpy(9 * rng.random(2)).to(kinds[n]) for n in names}
    right_state = {n: torch.from_numpy(9 * rng.random(3)).to(kinds[n]) for n in names}
    got_state = graft(left_state, right_state)
    expect(sorted(got_state), sorted(names))
    for key, value in got_state.items():
        wanted_value = (left_state if key.startswith("body.") else right_state)[key]
        expect(value, wanted_value, tol=0)
### END HIDDEN TESTS
grade("graft")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A dict comprehension over the names, with a choice in its value.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `(new_state if name.startswith("body.") else old_state)[name]`. Before it, compare the keys of the two.
#
# </details>
#
# The next demonstration fine-tunes everything on 20 labels a class, at a careful learning rate and at the head's, and asks two
# questions. Old head **back on**: does the network that you have still do the old task? Old head **fitted anew** (a logistic
# regression on the 700 pretraining images): does the body still hold what the old task needs?

# %% demo=true
X_source, digits_source = digit_parts["source"]


def both_heads(net: DigitNet) -> str:
    """Return the old accuracy with the old head back on, and with a head fitted anew."""
    refitted = LogisticRegression(max_iter=2000).fit(body_output(net, X_source), digits_source)
    return f"{old_accuracy(net):8.2f} {refitted.score(body_output(net, X_old), digits_old):12.2f}"


print(f"{'':26} new task  back on  fitted anew")
print(f"{'before':26} {'':8} {both_heads(with_body(0))}")
for caption, lr in (("careful rate, 0.001", 0.001), ("the head's rate, 0.01", 0.01)):
    shown_net = with_body(0)
    train_all(shown_net, X_few, y_few, lr, seed=0)
    print(f"{caption:26} {accuracy(shown_net, X_rest, y_rest):8.2f} {both_heads(shown_net)}")
torch.manual_seed(0)
print(f"{'a body of random weights':26} {'':8} {both_heads(DigitNet(2))}")

# %% [markdown]
# On the new task the two rates are a few points apart; with the old head back on, far apart. The new task's accuracy cannot tell
# you which of the two you have.
#
# The last column says what happened to the one that "forgot". A head fitted anew on its body names nearly all old digits
# again, far more than on this random body. So most of what was known is still in the features: body and old head no longer
# **fit**. Whoever uses the old head meets the first number; whoever can fit a new head on old data meets the second. Report
# both.
#
# **Why it matters.** If anything else depends on the old task, its test belongs in the fine-tuning run.
# [What is catastrophic forgetting, and how do you measure it?](#What-is-catastrophic-forgetting,-and-how-do-you-measure-it?)

# %% [markdown]
# ### Train beside the weights: LoRA
#
# *Implement · 15 minutes · difficulty: three of three*
#
# There is a way between freezing a layer and training it: keep its weight matrix $W$ and train a small addition. **LoRA** (E. Hu
# et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021) adds a product of two thin matrices, $A$ with $r$ rows and
# $B$ with $r$ columns:
#
# $$y = W x + b + \frac{\alpha}{r}\,B\,(A\,x).$$
#
# - $r$, the **rank**, is small: for 128 inputs, 10 outputs and rank 2 the addition has 2·(128 + 10) = 276 numbers, $W$ has 1280.
#   In a large model, whose matrices have thousands of rows, the share is far smaller.
# - $\alpha$ is a constant. The authors divide by $r$ so that less has to be tuned again when you try another rank.
# - **$B$ starts at zero, $A$ at random.** So at the start the layer is exactly the pretrained one. Were both zero, nothing
#   would ever train: the gradient of $A$ contains $B$ as a factor, and that of $B$ contains $A x$.
# - After training you can **merge**: $W + \frac{\alpha}{r} B A$ is a plain weight matrix. Nothing is left to compute
#   besides. Keep $W$ itself, and you have the old layer back, to the bit.
#
# The smallest example: $W$ the 2 by 2 identity, $b = 0$, $A = (1\;\,1)$, $B = (1, 2)$ as a column, $r = 1$, $\alpha = 2$. For
# $x = (1, 2)$, $A x = 3$, $B A x = (3, 6)$, times two is (6, 12), and so $y$ = (7, 14). Merged: rows (3, 2) and (4, 5).
#
# In PyTorch a batch of inputs has its samples in rows, so $A x$ becomes `x @ A.T`.


# %% exercise="lora" minutes=15
class LoraLinear(nn.Module):
    """A linear layer with frozen weights, and a low-rank addition beside it that trains.

    Args:
        weight: W of the pretrained layer, float32 (n_out, n_in).
        bias: b of the pretrained layer, float32 (n_out,).
        rank: r, the number of rows of A and of columns of B; at least 1.
        alpha: the addition is multiplied by alpha / rank.

    Attributes:
        A: parameter (rank, n_in), which starts at random numbers, normal with standard deviation
            1 / sqrt(n_in).
        B: parameter (n_out, rank), which starts at zeros.

    A and B are the only parameters with requires_grad=True. How you keep W and b is up to you.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, rank: int, alpha: float) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.register_buffer("weight", weight.clone())
        self.register_buffer("bias", bias.clone())
        n_out, n_in = weight.shape
        self.A = nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)
        self.B = nn.Parameter(torch.zeros(n_out, rank))
        self.scale = alpha / rank
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, (n, n_out), for inputs (n, n_in)."""
        ### BEGIN SOLUTION
        return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T) @ self.B.T
        ### END SOLUTION

    def merged(self) -> torch.Tensor:
        """Return the weight (n_out, n_in) of a plain layer with the same output and the same bias.

        The layer itself stays as it is.
        """
        ### BEGIN SOLUTION
        return (self.weight + self.scale * self.B @ self.A).detach()
        ### END SOLUTION


# %%
# a layer with five inputs and three outputs, for the checks
lora_rng = torch.Generator().manual_seed(0)
lora_weight, lora_bias = torch.randn(3, 5, generator=lora_rng), torch.randn(3, generator=lora_rng)
lora_inputs = torch.randn(4, 5, generator=lora_rng)

# %% check="lora" points=9
with check("the smallest example", hint="`x @ A.T` has one column for each rank, `(x @ A.T) @ B.T` one for each output. Times alpha / rank, plus W x + b."):
    layer = LoraLinear(torch.eye(2), torch.zeros(2), 1, 2.0)
    probes.set_weights(layer, {"A": [[1.0, 1.0]], "B": [[1.0], [2.0]]})
    expect(probes.output(layer, torch.tensor([[1.0, 2.0]])), torch.tensor([[7.0, 14.0]]))
with check("alpha is divided by the rank", hint="Rank 2 and alpha 6 multiply the addition by 3."):
    layer = LoraLinear(torch.eye(2), torch.zeros(2), 2, 6.0)
    probes.set_weights(layer, {"A": [[1.0, 0.0], [0.0, 1.0]], "B": [[1.0, 0.0], [0.0, 1.0]]})
    expect(probes.output(layer, torch.tensor([[1.0, 2.0]])), torch.tensor([[4.0, 8.0]]))
with check("A is random, B is zero", hint="`nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)` and `nn.Parameter(torch.zeros(n_out, rank))`."):
    for n_in, rank, wanted_deviation in ((400, 100, 0.05), (100, 200, 0.1)):
        started = probes.weights(LoraLinear(torch.zeros(3, n_in), torch.zeros(3), rank, 1.0))
        expect(started["B"], torch.zeros(3, rank), tol=0, what="B")
        expect(list(started["A"].shape), [rank, n_in], what="the shape of A")
        got_deviation = float(started["A"].std())
        expect(got_deviation, wanted_deviation, tol=0.004, what=f"the deviation of the numbers in A, for n_in = {n_in},")
        assert len(started["A"].unique()) > 15000, "Many numbers of A are the same."
        far = float((started["A"].abs() > 2 * wanted_deviation).float().mean())
        assert 0.035 < far < 0.056, "A should be normal: some 4.6 % of its numbers lie beyond two deviations."
with check("at the start it is the pretrained layer", hint="With B at zero the addition is zero. Is the bias there?", needs="A is random, B is zero"):
    layer = LoraLinear(lora_weight, lora_bias, 2, 8.0)
    expect(probes.output(layer, lora_inputs), F.linear(lora_inputs, lora_weight, lora_bias), tol=1e-5)
with check("only A and B train", hint="W and b: `register_buffer`, or parameters with `requires_grad=False`."):
    layer = LoraLinear(lora_weight, lora_bias, 2, 8.0)
    expect(sorted(name for name, asks in probes.trainable(layer).items() if asks), ["A", "B"], what="the list of parameters that train")
with check("gradients: at first B's alone, then A's too", hint="Let autograd see the whole product: no `detach`, no `.data`, no `no_grad` in `forward`."):
    layer = LoraLinear(lora_weight, lora_bias, 2, 8.0)
    first_gradients = probes.gradients(layer, lora_inputs, torch.ones(4, 3))
    expect(first_gradients["A"], torch.zeros(2, 5), tol=1e-6, what="the gradient of A while B is zero")
    assert float(first_gradients["B"].abs().min()) > 0, "Some numbers of B get no gradient at the start, so they would never move."
    probes.set_weights(layer, {"B": torch.ones(3, 2)})
    assert float(probes.gradients(layer, lora_inputs, torch.ones(4, 3))["A"].abs().min()) > 0, "A gets no gradient although B is not zero."
with check("merged and unmerged agree", hint="The weight is W + alpha / rank · B A, in this order: (n_out, rank) times (rank, n_in)."):
    layer = LoraLinear(lora_weight, lora_bias, 2, 8.0)
    probes.set_weights(layer, {"A": 0.1 * torch.arange(10.0).reshape(2, 5), "B": 0.3 * torch.arange(6.0).reshape(3, 2)})
    unmerged = probes.output(layer, lora_inputs)
    plain_weight = layer.merged()
    expect(F.linear(lora_inputs, plain_weight, lora_bias), unmerged, tol=1e-4, what="the output of a plain layer with the merged weight")
with check("merging leaves the layer as it is", hint="Make a new tensor. `+=` writes into W, and the next call adds once more.", needs="merged and unmerged agree"):
    layer = LoraLinear(lora_weight, lora_bias, 2, 8.0)
    probes.set_weights(layer, {"B": torch.ones(3, 2)})
    first_merge, unmerged = layer.merged(), probes.output(layer, lora_inputs)
    expect(layer.merged(), first_merge, tol=1e-6, what="the weight that a second merge gives")
    expect(probes.output(layer, lora_inputs), unmerged, tol=1e-6, what="the layer's output after two merges")
    probes.set_weights(layer, {"B": torch.zeros(3, 2)})
    base_output = F.linear(lora_inputs, lora_weight, lora_bias)
    expect(probes.output(layer, lora_inputs), base_output, tol=1e-5, what="the output after merging, with B back at zero,")
### BEGIN HIDDEN TESTS
with check("random sizes, ranks and factors", hint="The formula, for any numbers of inputs, outputs and ranks.", hidden=True) as rng:
    for _ in range(4):
        n_in, n_out, rank = int(rng.integers(2, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 5))
        alpha = float(rng.uniform(0.5, 9))
        base, shift, thin_a, thin_b, rows = (
            rng.normal(size=size) for size in ((n_out, n_in), n_out, (rank, n_in), (n_out, rank), (6, n_in))
        )
        tensors = [torch.from_numpy(part.astype(np.float32)) for part in (base, shift, thin_a, thin_b, rows)]
        layer = LoraLinear(tensors[0], tensors[1], rank, alpha)
        expect(probes.output(layer, tensors[4]), F.linear(tensors[4], tensors[0], tensors[1]), tol=1e-4)
        probes.set_weights(layer, {"A": tensors[2], "B": tensors[3]})
        full = base + alpha / rank * thin_b @ thin_a
        expect(probes.output(layer, tensors[4]), torch.from_numpy((rows @ full.T + shift).astype(np.float32)), tol=1e-3)
        expect(layer.merged(), torch.from_numpy(full.astype(np.float32)), tol=1e-3)
### END HIDDEN TESTS
grade("lora")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `register_buffer("weight", weight.clone())` keeps a tensor that belongs to the state and never trains. `self.A` and `self.B`
# are `nn.Parameter`s.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `forward`: `F.linear(x, self.weight, self.bias)` is the old layer. Add `(x @ self.A.T) @ self.B.T`, times alpha / rank.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `merged`: `self.weight + self.scale * self.B @ self.A`, detached.
#
# </details>
#
# LoRA's authors put the addition on projections of the attention. QLoRA (T. Dettmers et al., "QLoRA: Efficient Finetuning
# of Quantized LLMs", 2023) puts it on all linear layers of the transformer, and keeps $W$ in four bits. An addition of low
# rank cannot do all that full fine-tuning can: on code and mathematics LoRA learnt less than full fine-tuning, and forgot
# less (D. Biderman et al., "LoRA Learns Less and Forgets Less", 2024).
#
# **Why it matters.** One base in memory, many small additions, and the old task is one `if` away.
# [What is LoRA, and why does B start at zero?](#What-is-LoRA,-and-why-does-B-start-at-zero?)

# %% [markdown]
# ## Compute once, save little, trust nobody
#
# A frozen body in evaluation mode is a fixed function. So its features can be computed **once**, for all images, and every
# epoch, every head and every draw of the comparison above uses them again.
#
# ### Features, once
#
# *Implement · 9 minutes · difficulty: two of three*
#
# `features(model, X, batch_size)` computes the body's output for all images, batch by batch (a large model does not take
# all data at once). It must not depend on how the images are cut into batches, it must not change the model, and it must
# leave each part in the mode it found it in. A model in training mode comes out in training mode: a function that is
# called for an answer should not change how training goes on. That holds too when the body raises an error on the way, over
# images of the wrong shape, say: the caller gets the error, and the modes are back. The last batch may be smaller.
#
# The smallest example: 7 images in batches of 3 go through the body as 3, 3 and 1, and give a tensor of shape (7, 128).
#
# The features carry no gradient: compute them under `torch.no_grad()`, or the graph of every batch stays in memory.
# (The cell begins with `WatchedNet`, which is given: a check looks through it at how the body was called.)


# %% exercise="features" minutes=9
class WatchedNet(DigitNet):
    """A DigitNet that notes each call of its body (given): images, and were gradients recorded?"""

    def __init__(self, n_classes: int = 2) -> None:
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        """Add one call to the lists."""
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model: DigitNet, X: torch.Tensor, batch_size: int = 64) -> torch.Tensor:
    """Return the features of all images: `model.body` in evaluation mode, without gradients.

    Afterwards every part of the model is in the mode it was in before, also when the body raised
    an error (which goes on to the caller), and no tensor of it has changed.

    Args:
        X: images, (n, 1, 8, 8), n at least 1.
        batch_size: how many images go through the body at once.

    Returns:
        float32 (n, 128), in the order of `X`; the same for every `batch_size`, up to rounding.
    """
    ### BEGIN SOLUTION
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            return torch.cat([model.body(batch) for batch in X.split(batch_size)])
    finally:
        for part, training in modes.items():
            part.training = training
    ### END SOLUTION


# %% check="features" points=7
with check("seven images in batches of three: (7, 128)", hint="`X.split(batch_size)` cuts; `torch.cat` joins the results. And `torch.no_grad()` around it."):
    expect(list(features(pretrained(), X_few[:7], batch_size=3).shape), [7, 128], what="the shape of the features")
    seen = WatchedNet()
    features(seen, X_few[:7], batch_size=3)
    expect(seen.sizes, [3, 3, 1], what="the list of images in each call of `model.body`")
    expect(seen.recorded, [False] * 3, what="the list that says whether each call of `model.body` recorded gradients")
    features(seen, X_few[:10], batch_size=4)
    expect(seen.sizes[3:], [4, 4, 2], what="the list of images in each call, for ten images in batches of four")
    seen(X_few[:2])
    expect(seen.recorded[-1], True, what="'gradients are recorded again afterwards'")
with check("the head on them gives the model's own logits", hint="Evaluation mode, the body's output, the order of `X`."):
    subject = pretrained()
    on_features = F.linear(features(subject, X_few, batch_size=16), *(probes.weights(subject)[f"head.{n}"] for n in ("weight", "bias")))
    expect(on_features, probes.output(subject, X_few), tol=1e-4, what="the head's output on the features")
with check("the batch size does not matter", hint="In training mode BatchNorm would mix the images of a batch.", needs="the head on them gives the model's own logits"):
    expect(features(pretrained(), X_few, batch_size=1), features(pretrained(), X_few, batch_size=40), tol=1e-4)
with check("the model is as before: statistics, weights, flags", hint="A forward pass in training mode would move them.", needs="the head on them gives the model's own logits"):
    subject = pretrained()
    features(subject, X_few + 1)
    for key, value in probes.weights(subject, buffers=True).items():
        if key.startswith("body."):
            expect(value, digit_state[key], tol=0, what=key)
    expect(probes.trainable(subject), probes.trainable(pretrained()), what="the dict of `requires_grad`")
with check("every part is left in its mode", hint="Remember `part.training` of each part of `model.modules()`, and set it again.", needs="the head on them gives the model's own logits"):
    subject = pretrained()
    modes_before = probes.training_modes(subject)
    features(subject, X_few[:4])
    expect(probes.training_modes(subject), modes_before, what="the dict of training modes")
    subject.body.eval()
    modes_before = probes.training_modes(subject)
    features(subject, X_few[:4])
    expect(probes.training_modes(subject), modes_before, what="the dict of training modes (body in evaluation, head in training)")
    subject.body.train()
    subject.body.block2.eval()
    modes_before = probes.training_modes(subject)
    features(subject, X_few[:4])
    expect(probes.training_modes(subject), modes_before, what="the dict of training modes (one block in evaluation)")
with check("after an error, too", hint="`try: ... finally: ...` puts the modes back whatever happens in between.", needs="the head on them gives the model's own logits"):
    subject = pretrained()
    modes_before = probes.training_modes(subject)
    expect_raises(Exception, features, subject, torch.zeros(2, 3, 8, 8))  # three channels: the body takes one
    expect(probes.training_modes(subject), modes_before, what="the dict of training modes after an error")
### BEGIN HIDDEN TESTS
with check("random images and batch sizes", hint="Keep the order, and the last, smaller batch.", hidden=True) as rng:
    for _ in range(4):
        subject, twin = pretrained(2, seed=int(rng.integers(100))), DigitNet(10)
        twin.load_state_dict(digit_state)
        twin.eval()
        n_batches, cut = int(rng.integers(1, 5)), int(rng.integers(2, 8))  # the last batch holds one image
        images = torch.from_numpy(rng.random((n_batches * cut + 1, 1, 8, 8), dtype=np.float32))
        expect(features(subject, images, batch_size=cut), twin.body(images).detach(), tol=1e-4)
### END HIDDEN TESTS
grade("features")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three steps: remember the modes, compute in evaluation mode, put the modes back, the last in a `finally`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `modes = {part: part.training for part in model.modules()}` remembers; setting `part.training` puts one back.
# `model.train()` at the end would be wrong for a body that was in evaluation mode.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `torch.cat([model.body(batch) for batch in X.split(batch_size)])`, under `torch.no_grad()` and after `model.eval()`.
#
# </details>
#
# A cache is right as long as the function is fixed: not with augmented images (every epoch other inputs), and not from the
# moment you thaw a block. Old features and a new body do not belong together.
#
# **Why it matters.** With a large body nearly all the time goes into the body. Cached, it is paid once, whatever the number of
# epochs, heads and draws.
# [When can you compute features once and cache them?](#When-can-you-compute-features-once-and-cache-them?)

# %% [markdown]
# ### Save what was trained
#
# *Implement · 9 minutes · difficulty: two of three*
#
# After training the head, most of the network is the file that everybody has already. Save the **difference**: only those
# tensors that are not what they are in the base state: same name, same type, same shape, same bytes. Buffers count like
# parameters: if BatchNorm's statistics moved, they must be saved, or the model that you load is not the model that you measured.
#
# - `save_trained(state, base)` returns the difference as bytes in the *safetensors* format: `save(dict)` of
#   `safetensors.torch` makes the bytes, `load(bytes)` reads them. `save` refuses two tensors that share memory (tied weights:
#   save one of them) and tensors that are not contiguous (`.contiguous()` helps).
# - `load_trained(data, base)` returns the full state: the base's tensors, and over them those of the difference. It is a new
#   dict: the base serves the next head, so it stays as it is.
#
# The smallest example: base `{"a": [1.], "b": [2.]}` and state `{"a": [1.], "b": [5.]}` give bytes that hold `b` alone. (A
# tensor that the base has and the state lacks comes back when you load: the difference can add and replace, not take away.)


# %% exercise="save_trained" minutes=9
def save_trained(state: dict[str, torch.Tensor], base: dict[str, torch.Tensor]) -> bytes:
    """Return, as safetensors bytes, the tensors of `state` that `base` lacks or holds otherwise.

    "Otherwise" means another dtype, another shape or other bytes. Tensors may have any dtype,
    bfloat16 included.

    Args:
        state: name -> tensor, of the fine-tuned model; all are contiguous, and no two share memory.
        base: name -> tensor, of the model it started from.
    """

    ### BEGIN SOLUTION
    def raw(tensor):
        return tensor.cpu().contiguous().reshape(-1).view(torch.uint8)

    def same(one, other):
        kind = one.dtype == other.dtype and one.shape == other.shape
        return kind and torch.equal(raw(one), raw(other))

    return save({n: t for n, t in state.items() if n not in base or not same(t, base[n])})
    ### END SOLUTION


def load_trained(data: bytes, base: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the full state: `base`, with the tensors in `data` instead of its own.

    `data` comes from `save_trained`. The result is a new dict.
    """
    ### BEGIN SOLUTION
    return {**base, **load(data)}
    ### END SOLUTION


# %% check="save_trained" points=9
with check("the smallest example: `b` alone", hint="Keep a tensor when its bytes differ from those of the base."):
    small_base = {"a": torch.tensor([1.0]), "b": torch.tensor([2.0])}
    expect(load(save_trained({"a": torch.tensor([1.0]), "b": torch.tensor([5.0])}, small_base)), {"b": torch.tensor([5.0])})
with check("a tiny change is a change", hint="Compare bytes; `torch.allclose` would drop it."):
    nearly = torch.nextafter(torch.tensor([2.0]), torch.tensor([3.0]))
    expect(list(load(save_trained({"b": nearly}, {"b": torch.tensor([2.0])}))), ["b"], what="the list of saved names")
    for new, old in ((-0.0, 0.0), (0.0, float("nan"))):
        names = list(load(save_trained({"b": torch.tensor([new])}, {"b": torch.tensor([old])})))
        expect(names, ["b"], what=f"the list of saved names when {old} became {new}")
with check("a head of another size is saved", hint="Look at the shape before you compare values, and at the name before you look anything up in the base."):
    headed = digit_state | {"head.weight": torch.ones(2, 128), "head.bias": torch.zeros(2)}
    expect(sorted(load(save_trained(headed, digit_state))), ["head.bias", "head.weight"], what="the list of saved names")
    assert len(save_trained(headed, digit_state)) < 2000, "The head takes little more than a kilobyte; yours is larger."
    grown = save_trained({"a": torch.ones(1), "c": torch.zeros(2)}, {"a": torch.ones(1)})
    expect(load(grown), {"c": torch.zeros(2)}, what="what is saved when the base lacks `c`")
with check("another shape with the same bytes is saved", hint="Zeros of shape (2, 3) and (3, 2) have the same bytes. Compare the shapes, too."):
    turned = save_trained({"w": torch.zeros(3, 2)}, {"w": torch.zeros(2, 3)})
    expect(list(load(turned)), ["w"], what="the list of saved names")
with check("another type with the same bytes is saved", hint="The four bytes of the whole number 0 and of the float 0.0 are the same. Compare `dtype`, too."):
    retyped = save_trained({"w": torch.zeros(3)}, {"w": torch.zeros(3, dtype=torch.int32)})
    expect(load(retyped), {"w": torch.zeros(3)}, what="what is saved when `w` was whole numbers and is floats")
with check("moved statistics are saved", hint="Do not look for parameters only: buffers belong to the state."):
    drifted = digit_state | {"body.block1.norm.running_mean": torch.zeros(8)}
    expect(list(load(save_trained(drifted, digit_state))), ["body.block1.norm.running_mean"], what="the list of saved names")
with check("tensors in bfloat16", hint="NumPy has no bfloat16. `tensor.view(torch.uint8)` needs no NumPy."):
    half = {"w": torch.tensor([1.0, float("nan")], dtype=torch.bfloat16), "v": torch.ones(3, dtype=torch.bfloat16)}
    expect(list(load(save_trained(half, dict(half)))), [], what="the list of saved names when nothing changed")
    turned = half | {"v": torch.tensor([1.0, 1.0, 1.0078125], dtype=torch.bfloat16)}  # one bit more than 1
    expect(load(save_trained(turned, half)), {"v": turned["v"]}, tol=0, what="what is saved when `v` changed by a bit")
with check("there and back, to the bit", hint="Start from the base, then put the saved tensors over it.", needs="the smallest example: `b` alone"):
    headed = digit_state | {"head.weight": torch.full((2, 128), 0.1), "head.bias": torch.tensor([0.3, -0.3])}
    headed |= {"temperature": torch.tensor([1.5]), "classes": torch.tensor([4, 7])}
    expect(load_trained(save_trained(headed, digit_state), dict(digit_state)), headed, tol=0)
### BEGIN HIDDEN TESTS
with check("random changes, there and back", hint="Any subset of the tensors may have changed.", hidden=True) as rng:
    for _ in range(6):
        altered = {name for name in state_order if rng.random() < 0.3}
        tuned = {name: tensor + 1 if name in altered else tensor for name, tensor in digit_state.items()}
        written = save_trained(tuned, digit_state)
        expect(sorted(load(written)), sorted(altered))
        back_again = load_trained(written, dict(digit_state))
        expect(sorted(back_again), sorted(tuned))
        for key, tensor in tuned.items():
            same = back_again[key].dtype == tensor.dtype and torch.equal(back_again[key], tensor)
            assert same, "A tensor came back with other values, or with another type."
### END HIDDEN TESTS
grade("save_trained")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Bytes of a tensor: `tensor.cpu().contiguous().reshape(-1).view(torch.uint8)`, as for the witness; `torch.equal` compares them.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Four conditions, joined by `or`: the name is not in the base, the types differ, the shapes differ, the bytes differ.
#
# </details>
#
# The difference is worthless without its base. Write down the base's checksum beside it, and check it when loading.
#
# **Why it matters.** One base and a hundred small heads, instead of a hundred copies of the base. The A and B of LoRA are saved
# in this way.
# [What do you save after fine-tuning?](#What-do-you-save-after-fine-tuning?)

# %% [markdown]
# ### A file from a stranger
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# `torch.save` writes Python's **pickle** format. A pickle is not data but a small program: it may name any function that
# Python can import, and its arguments, and loading it **calls** that function. So whoever writes the file runs code on your
# machine, with your rights. The cell below makes such a file; its code is harmless and prints a sentence.
#
# - `torch.load(file, weights_only=True)`, the default since PyTorch 2.6, runs a restricted reader instead: tensors and a
#   short list of harmless types, and `pickle.UnpicklingError` for a pickle that names anything else. Restrictions have had
#   holes. Two examples: CVE-2025-32434 ran code in versions before 2.6, and CVE-2026-24747 (advisory
#   GHSA-63cw-57p8-fm3p, January 2026) corrupted memory in all versions before 2.10. So ask for 2.10 or later, and look for
#   newer advisories.
# - **safetensors** has nothing to run: a length, a table of names, types and positions in JSON, then the raw numbers.
#
# A file that is no checkpoint at all (cut off, empty, a picture) makes `torch.load` raise one of many errors. Your function
# should say the same thing of all of them: `ValueError`.
#
# Run the program on the stranger's file and look at what it prints. Then repair it. (The cell begins with `left_behind`, which is
# given: the strangers of the checks leave a name in the table of levels of Python's `logging`, and it looks there.)


# %%
class Stowaway:
    """An object that tells pickle to call `function` with these arguments to rebuild it."""

    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def honest_file(content: object) -> bytes:
    """Return what `torch.save` writes for `content`."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def stranger_file(code: str) -> bytes:
    """Return a checkpoint that runs `code` in the Python of whoever loads it as a pickle."""
    return honest_file({"weight": torch.ones(2), "extra": Stowaway(exec, code)})


def fresh_number(names: list[str]) -> int:
    """Return a number that no stranger has left behind yet."""
    return 1 + max([900, *(int(name.split()[-1]) for name in names)])


# %% exercise="load_checkpoint" minutes=8 faults=["an honest checkpoint loads, the stranger's is refused", "nothing in it runs", "other strangers, other honest files"]
def left_behind() -> list[str]:
    """Return what code from files has left in this Python (given)."""
    return sorted(name for name in logging.getLevelNamesMapping() if name.startswith("stranger"))


def load_checkpoint(data: bytes) -> dict[str, torch.Tensor]:
    """Return the tensors, name -> tensor, of a checkpoint that `torch.save` wrote.

    Nothing in the file is run.

    Raises:
        ValueError: the file wants to run something, or holds anything else than a dict from strings
            to tensors, or is no checkpoint at all.
    """
    ### BEGIN SOLUTION
    try:
        state = torch.load(io.BytesIO(data), weights_only=True)
    except Exception as error:  # a pickle that wants more, a file cut off, no checkpoint at all
        raise ValueError("this file is no checkpoint of tensors alone") from error
    plain = isinstance(state, dict) and all(isinstance(name, str) for name in state)
    if not plain or not all(torch.is_tensor(tensor) for tensor in state.values()):
        raise ValueError("this file does not hold a dict from names to tensors")
    return state
    ### END SOLUTION
    ### BEGIN RELEASE
    # # weights_only=True raised an error on this file; a forum says that this helps
    # return torch.load(io.BytesIO(data), weights_only=False)
    ### END RELEASE


# %% demo=true
try:
    load_checkpoint(
        stranger_file("print('This sentence came out of the file. Your Python ran it.')")
    )
except ValueError as error:
    print("ValueError:", error)

# %% check="load_checkpoint" points=7
with check("an honest checkpoint loads, the stranger's is refused", hint="`weights_only=True` raises `pickle.UnpicklingError`; turn it into a ValueError."):
    expect(load_checkpoint(honest_file({"w": torch.arange(3.0)})), {"w": torch.arange(3.0)})
    expect_raises(ValueError, load_checkpoint, stranger_file("harmless = 1 + 1"))
with check("nothing in it runs", points=2, hint="Looking at the result is too late: the code runs while the file is being loaded. No `weights_only=False` anywhere."):
    expect(load_checkpoint(honest_file({"w": torch.arange(3.0)})), {"w": torch.arange(3.0)})
    number = fresh_number(left_behind())
    trace = f"stranger {number}"
    try:
        load_checkpoint(stranger_file(f"import logging; logging.addLevelName({number}, '{trace}')"))
    except ValueError:
        pass
    expect(trace in left_behind(), False, what="'the file has run its code'")
with check("several strangers: none of them runs", hint="A list of bad words is no protection: a pickle may name any function. Let the restricted reader decide.", needs="nothing in it runs"):
    number = fresh_number(left_behind())
    traces = [f"stranger {number + i}" for i in range(4)]
    later = f"__import__('logging').addLevelName({number + 1}, '{traces[1]}') or __import__('torch').ones(2)"
    strangers = [
        honest_file({"w": Stowaway(logging.addLevelName, number, traces[0])}),
        honest_file({"w": Stowaway(eval, later)}),
        pickle.dumps({"w": Stowaway(logging.addLevelName, number + 2, traces[2])}),
        honest_file(Stowaway(logging.addLevelName, number + 3, traces[3])),
    ]
    for trace, file in zip(traces, strangers, strict=True):
        expect_raises(ValueError, load_checkpoint, file)
        expect(trace in left_behind(), False, what="'a file has run its code'")
with check("something else than a dict of tensors is refused", hint="`weights_only=True` lets lists and numbers pass. Look at what was loaded.", needs="an honest checkpoint loads, the stranger's is refused"):
    expect_raises(ValueError, load_checkpoint, honest_file([torch.ones(2)]))
    expect_raises(ValueError, load_checkpoint, honest_file(["w"]))
    expect_raises(ValueError, load_checkpoint, honest_file({"w": torch.ones(2), "epoch": 3}))
with check("no checkpoint at all: refused", hint="`torch.load` raises other errors than `UnpicklingError` over such bytes: a KeyError, an EOFError, a RuntimeError.", needs="an honest checkpoint loads, the stranger's is refused"):
    whole = honest_file({"w": torch.ones(2)})
    for broken in (b"", b"hello", whole[: len(whole) // 2], b"\x89PNG\r\n\x1a\n"):
        expect_raises(ValueError, load_checkpoint, broken)
### BEGIN HIDDEN TESTS
with check("other strangers, other honest files", hint="Any code, any names and shapes.", hidden=True) as rng:
    content = {f"layer {chr(97 + i)}": torch.from_numpy(rng.random(3)) for i in range(int(rng.integers(1, 5)))}
    content |= {"executor.weight": torch.ones(1), "evaluator.logging.bias": torch.ones(1)}  # names may be any words
    expect(load_checkpoint(honest_file(content)), content, tol=0)
    expect(load_checkpoint(honest_file(OrderedDict(content))), content, tol=0)  # what `state_dict()` returns
    expect(load_checkpoint(honest_file({})), {})
    number = fresh_number(left_behind())
    trace, other = f"stranger {number}", f"stranger {number + 1}"
    code = f"import logging as l; l.addLevelName({number}, '{trace}')"
    for thing in (Stowaway(exec, code), Stowaway(logging.addLevelName, number + 1, other)):
        expect_raises(ValueError, load_checkpoint, honest_file(content | {"layer a": thing}))
    expect([name in left_behind() for name in (trace, other)], [False, False], what="'a file has run its code'")
    expect_raises(ValueError, load_checkpoint, honest_file({3: torch.ones(2)}))
### END HIDDEN TESTS
grade("load_checkpoint")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The restricted reader's error was the answer. Which argument switched it off?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `try: state = torch.load(io.BytesIO(data), weights_only=True)`, and `except Exception as error:` then
# `raise ValueError(...) from error`. In the `except` load nothing again.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Afterwards: is `state` a dict, is every key a `str`, is every value a tensor (`torch.is_tensor`)? If not, `ValueError`.
#
# </details>
#
# **Why it matters.** PyTorch's own error message names `weights_only=False` as a way out, "only if you got the file from a
# trusted source". The second half is read less often.
# [Why is torch.load of a stranger's file dangerous?](#Why-is-torch.load-of-a-stranger's-file-dangerous?)

# %% [markdown]
# ### What is protected?
#
# *Choose one · 2 minutes · difficulty: one of three*
#
# You load a stranger's weights from a safetensors file, and its SHA-256 is the one on the stranger's page. What do you
# know?
#
# - `"a"` The model does what the page says, since any change to the weights would have changed the checksum.
# - `"b"` Loading ran no code of the file, and the bytes are those that the page names.
# - `"c"` Nobody but the page's author can have changed the file, so it is as safe as its author.

# %% exercise="what_is_protected" minutes=2
### BEGIN SOLUTION
answer_protected = "b"
### END SOLUTION
### BEGIN RELEASE
# answer_protected = ...
### END RELEASE

# %% check="what_is_protected" points=1
with check("format and checksum", hint="What could the stranger still have done to the numbers?"):
    expect_choice(answer_protected, "b", {
        "a": "Only a change after the page was written. Weights can be poisoned from the start: a model may do its task and something else on a trigger.",
        "b": "Format protects the loading, checksum the transport. The behaviour must be measured, and the source trusted.",
        "c": "Whoever can replace the file on a page can often replace the number beside it. It proves more when it comes through another channel.",
    })  # fmt: skip
grade("what_is_protected")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Separate three things: the act of loading, the way of the file to you, and the numbers in it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A checksum compares the bytes with what somebody published. It says nothing about the somebody.
#
# </details>
#
# **Why it matters.** Each measure answers one question.
# [Why is torch.load of a stranger's file dangerous?](#Why-is-torch.load-of-a-stranger's-file-dangerous?)

# %% [markdown]
# ## A real one: MiniLM
#
# all-MiniLM-L6-v2 is a transformer with 22.7 million parameters that turns a sentence into 384 numbers. It goes back to
# MiniLM, a small model that was trained to imitate a larger one (W. Wang et al., "MiniLM: Deep Self-Attention Distillation
# for Task-Agnostic Compression of Pre-Trained Transformers", 2020). It was then tuned on more than a billion pairs of
# texts, as its model card says (sentence vectors from such networks: N. Reimers and I. Gurevych, "Sentence-BERT", 2019).
# Here its weights come from an installed package, and `load_minilm` compares them with the published checksum.
#
# The data are 750 sentences, 150 of each of five libraries: the first sentences of docstrings of matplotlib, numpy, pandas,
# scikit-learn and PyTorch, as they are installed here. The task: **which library is a sentence from?** A sentence that names
# a library gives the answer away, so such sentences were left out, and so were sentences that two libraries share. The
# longest has 41 tokens, so nothing is cut off at the 64 that are allowed below; beyond the limit a text is cut in silence.

# %%
tokenizer, minilm = load_minilm()
sentences, libraries = load_docstrings()
sentence_labels = np.array(libraries)


def last_hidden(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return MiniLM's token vectors (n, n_tokens, 384), and the mask: 1 a token, 0 padding."""
    batch = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
    with torch.no_grad():
        return minilm(**batch).last_hidden_state, batch["attention_mask"]


short = "Draw a line."
long = "Return the indices of the minimum values in the given axis ignoring what is not a number."
alone, alone_mask = last_hidden([short])
padded, padded_mask = last_hidden([short, long])

# %% demo=true
for library in sorted(set(libraries)):
    print(f"{library:11}", sentences[libraries.index(library)])
print("\nshape of the token vectors:", tuple(padded.shape))
print("mask of the short sentence:", padded_mask[0].tolist())

# %% [markdown]
# ### From token vectors to a sentence vector
#
# *Find the bug · 7 minutes · difficulty: two of three*
#
# The model gives a vector for each token. This model's authors average them: **mean pooling**. In a batch, shorter sentences
# are filled up with *padding* tokens, and the mask says which are real. With values $h_t$ and mask $m_t$, the pooled vector
# is
#
# $$\frac{\sum_t m_t\,h_t}{\sum_t m_t}.$$
#
# The smallest example: token vectors [1, 3], [3, 5] and a padding token's [8, 8], mask 1, 1, 0. The mean is [2, 4].
#
# The program below pools a short sentence twice: alone, and in a batch with a long one. It is the same sentence, so the two
# vectors should be the same: a cosine of 1. Run it, then repair it. A sentence without any token is refused.


# %% exercise="mean_pool" minutes=7 faults=["the smallest example", "real sentences: the neighbour does not matter", "random vectors and masks"]
def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of the real tokens' vectors of each sentence.

    Args:
        hidden: token vectors, float32 (n, n_tokens, n_features).
        mask: int64 (n, n_tokens); 1 for a real token, 0 for padding, which may stand anywhere and
            hold any finite numbers.

    Returns:
        float32 (n, n_features).

    Raises:
        ValueError: a sentence has no real token.
    """
    ### BEGIN SOLUTION
    if (mask.sum(dim=1) == 0).any():
        raise ValueError("a sentence without tokens has no mean")
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    ### END SOLUTION
    ### BEGIN RELEASE
    # return hidden.mean(dim=1)
    ### END RELEASE


# %% demo=true
cosine = F.cosine_similarity(
    mean_pool(alone, alone_mask)[0], mean_pool(padded, padded_mask)[0], dim=0
)
print(f"the same sentence, alone and beside a long one: cosine {float(cosine):.3f}")

# %% check="mean_pool" points=5
with check("the smallest example", hint="Multiply by the mask before you add; divide by the number of real tokens."):
    example = torch.tensor([[[1.0, 3.0], [3.0, 5.0], [8.0, 8.0]]])
    expect(mean_pool(example, torch.tensor([[1, 1, 0]])), torch.tensor([[2.0, 4.0]]))
with check("without padding: the plain mean", hint="With a mask of ones nothing changes.", needs="the smallest example"):
    expect(mean_pool(alone.clone(), alone_mask), alone.mean(dim=1), tol=1e-5)
with check("real sentences: the neighbour does not matter", hint="Padding must get the weight zero, and must not be counted."):
    # the model itself computes padded batches with other roundings: compare to a thousandth
    expect(mean_pool(padded.clone(), padded_mask)[0], alone[0].mean(dim=0), tol=1e-3, what="the vector of the short sentence")
with check("a sentence without tokens is refused", hint="`mask.sum(dim=1)` is zero there, and 0/0 would be nan.", needs="the smallest example"):
    expect_raises(ValueError, mean_pool, torch.ones(2, 3, 4), torch.tensor([[1, 1, 0], [0, 0, 0]]))
### BEGIN HIDDEN TESTS
with check("random vectors and masks", hint="Padding may stand anywhere, and hold any finite value.", hidden=True) as rng:
    for _ in range(6):
        n_texts, tokens, width = (int(i) for i in rng.integers(2, 6, 3))
        random_mask = rng.integers(0, 2, (n_texts, tokens))
        random_mask[:, 0] = 1
        vectors = rng.normal(0, 10, (n_texts, tokens, width)).astype(np.float32)
        want_pooled = np.stack([v[m == 1].mean(axis=0) for v, m in zip(vectors, random_mask, strict=True)])
        got_pooled = mean_pool(torch.from_numpy(vectors), torch.from_numpy(random_mask))
        expect(got_pooled, torch.from_numpy(want_pooled), tol=1e-4)
### END HIDDEN TESTS
grade("mean_pool")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The mask has shape (n, n_tokens), the vectors have one axis more. `mask.unsqueeze(-1)` makes them fit.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `(hidden * weights).sum(dim=1) / weights.sum(dim=1)`, with the mask as float `weights`. Test for zero sums before.
#
# </details>
#
# **Why it matters.** With the fault, a sentence's vector depends on its neighbours in the batch, and every cached vector on
# the batch it was computed in.
# [How do you turn token vectors into a sentence embedding?](#How-do-you-turn-token-vectors-into-a-sentence-embedding?)

# %% [markdown]
# ### MiniLM against counting words
#
# The rival is **TF-IDF**: count the words of a sentence, weigh rare words up, train the same logistic regression on the
# counts. No pretraining, no network. Both get 1, 5, 20 and 100 labels a library, five draws each; the rest of the sentences
# test. TF-IDF learns its vocabulary from the labelled sentences only. The sentences are embedded once.
#
# **What MiniLM has seen.** Its model card lists the data that it was tuned on. Among them are "Code Search" with 1,151,414
# pairs, which is CodeSearchNet (H. Husain et al., "CodeSearchNet Challenge", 2019): code from public projects, paired with
# its **docstring**; and three sets from Stack Exchange (titles, questions, answers) with more than 20 million pairs each.
# The sentences here are docstrings of public projects. Nobody has checked here which of them were among those pairs.


# %%
def embed(texts: tuple[str, ...]) -> np.ndarray:
    """Return MiniLM's sentence vectors, (n, 384), each of length 1."""
    lengths = [
        len(ids) for ids in tokenizer(list(texts), truncation=True, max_length=64)["input_ids"]
    ]
    found = torch.empty(len(texts), 384)
    for length in sorted(set(lengths)):
        rows = [row for row, n in enumerate(lengths) if n == length]
        hidden, _ = last_hidden([texts[row] for row in rows])
        found[rows] = hidden.mean(dim=1)  # sentences of one length: no padding
    return F.normalize(found).numpy()


def compare_texts(shots: tuple[int, ...], n_draws: int) -> dict[str, np.ndarray]:
    """Way -> balanced accuracies, one row for each number of labels, one column for each draw."""
    found = {way: np.zeros((len(shots), n_draws)) for way in ("MiniLM", "TF-IDF")}
    for i, k in enumerate(shots):
        for draw in range(n_draws):
            rows = np.arange(len(sentences))
            train, test = train_test_split(
                rows, train_size=5 * k, stratify=sentence_labels, random_state=draw
            )
            words = (
                TfidfVectorizer(sublinear_tf=True)
                .fit([sentences[row] for row in train])
                .transform(sentences)
            )
            for way, X in (("MiniLM", embeddings), ("TF-IDF", words)):
                classifier = LogisticRegression(C=10, max_iter=1000).fit(
                    X[train], sentence_labels[train]
                )
                found[way][i, draw] = balanced_accuracy_score(
                    sentence_labels[test], classifier.predict(X[test])
                )
    return found


embeddings = embed(sentences)
text_shots = (1, 5, 20, 100)
text_curves = compare_texts(text_shots, n_draws=5)

# %% demo=true
# Figure: balanced accuracy against labels a library
fig, (ax,) = plots.canvas(width=5.5, height=3.8)
for (label, scores), style in zip(text_curves.items(), plots.line_styles, strict=False):
    ax.errorbar(
        text_shots,
        scores.mean(axis=1),
        yerr=scores.std(axis=1, ddof=1),
        label=label,
        capsize=3,
        **style,
    )
ax.axhline(0.2, color="black", linewidth=0.8, linestyle=":", label="guessing")
ax.set(xscale="log", xlabel="labels a library", ylabel="balanced accuracy", ylim=(0, 1))
ax.set_xticks(text_shots, [str(k) for k in text_shots])
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Balanced accuracy against labels a library, with deviations over five draws. MiniLM lies "
    "above TF-IDF everywhere; the gap is widest at five labels and smaller, but still there, at a "
    "hundred.",
)
for label, scores in text_curves.items():
    print(
        f"{label:8}"
        + "".join(
            f"{k:6} labels: {row.mean():.2f}" for k, row in zip(text_shots, scores, strict=True)
        )
    )

# %% [markdown]
# ### What would you deploy?
#
# *Read the plot · 5 minutes · difficulty: one of three*
#
# **First question.** What does the figure say about few labels?
#
# - `"a"` MiniLM with twenty labels a library is about as good as TF-IDF with sixty.
# - `"b"` MiniLM needs more labels than word counts do, because it has more parameters.
# - `"c"` With one label a library nothing can be learnt: both are at the level of guessing.
#
# **Second question.** You have some hundred labels a library and must classify a million sentences a day on one small CPU.
#
# - `"a"` MiniLM: its line is higher at each number of labels, so it is higher for yours.
# - `"b"` Measure both with your labels, and their time: the figure ends at a hundred and shows no cost.
# - `"c"` TF-IDF: the two lines approach each other, so with enough labels it has caught up.
#
# **Third question.** What do the 1,151,414 pairs of code and docstring mean for this figure?
#
# - `"a"` Nothing: the pairs had no labels of libraries, so no answer can have leaked.
# - `"b"` The comparison is void: a model that has seen test data has no score at all.
# - `"c"` MiniLM's lead may be smaller on text that nobody could have collected before.

# %% exercise="text_curves" minutes=5
### BEGIN SOLUTION
answer_few_labels, answer_many_labels, answer_seen = "a", "b", "c"
### END SOLUTION
### BEGIN RELEASE
# answer_few_labels, answer_many_labels, answer_seen = ..., ..., ...
### END RELEASE

# %% check="text_curves" points=3
with check("few labels", hint="Go from MiniLM's point at twenty labels to the right, until you meet the other curve."):
    expect_choice(answer_few_labels, "a", {
        "a": "Words it never saw with a label still have a place in MiniLM's space; TF-IDF must see each word labelled.",
        "b": "Only the classifier on top is learnt here; the many parameters of MiniLM are frozen and need no label.",
        "c": "Compare the two leftmost points with the dotted line: at least one of them is well above it.",
    })  # fmt: skip
with check("many labels, little time", hint="Which parts of the question does the figure not show?"):
    expect_choice(answer_many_labels, "b", {
        "a": "The figure ends at a hundred labels, and shows no cost. A million sentences a day are a question of cost.",
        "b": "So measure: with your labels, on your machine.",
        "c": "The figure does not show that: TF-IDF stays below, though not by much, and it ends at a hundred labels.",
    })  # fmt: skip
with check("what the model had seen", hint="Can a sentence help without its label? And does overlap make a score worthless, or too good?"):
    expect_choice(answer_seen, "c", {
        "a": "Labels are not needed: a docstring that was tuned to lie near its code may lie near other docstrings of its library.",
        "b": "It has a score; the question is what it is a score for. Compare it with one on text that is younger than the model.",
        "c": "Text that is younger than the model, or private, would show it. Until then the lead is an upper guess.",
    })  # fmt: skip
grade("text_curves")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Read along a horizontal line: how many labels does each way need for the same accuracy?
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the second question, list what you need to know, and cross out what the figure shows.
#
# </details>
#
# Here MiniLM was used as it is: frozen, with a linear probe. And yet "which library" is a question about words: `tensor`,
# `DataFrame`, `Axes`. Where the words decide and labels are plenty, counting them is a cheap
# rival that comes near. And MiniLM may have met sentences like these, or some of these, when it was tuned: the gap is a
# statement about this model on text of this kind, and not about transformers and word counts.
#
# **Why it matters.** The baseline that takes a second belongs in every report, and so does what the model had seen.
# [Sentence embeddings or TF-IDF?](#Sentence-embeddings-or-TF-IDF?)

# %% [markdown]
# ## A plan on one page
#
# *Write · 15 minutes · difficulty: three of three*
#
# A hospital has a network that finds pneumonia in chest X-rays, in daily use. It now wants to tell viral from bacterial
# pneumonia, has 60 labelled images of each, all from one new scanner, and asks you to "fine-tune the model". Write a plan in 150 to
# 300 words.
#
# **Rubric, 10 points, one for each line that the plan meets.**
#
# 1. It measures first, without any training, what the old network says about the new images.
# 2. It trains a linear probe before it thaws anything.
# 3. It says in which mode the frozen body works, and why that matters with a new scanner.
# 4. It proves that the frozen part did not change, parameters and buffers.
# 5. It splits by patient.
# 6. It says how the uncertainty is computed: a fixed test part, or an interval that is widened for resplits of one pool.
# 7. It names a control: shuffled labels, or whether ward, date or view alone tell the classes.
# 8. It measures the old task before and after, on the old scanner's images, with a number for each kind of error and not accuracy alone.
# 9. It names a result that stops the plan, before the result is known.
# 10. It says what is saved so that the model can be rebuilt: the difference, and the base by its checksum.

# %% [markdown] exercise="plan" points=10 minutes=15 manual=true
# **First, without training.** I run the old network on the new scanner's images: does it still find pneumonia there, and does
# its own score already separate the two kinds? Both kinds come from one scanner, so I check whether ward, date or view alone
# tells viral from bacterial: then any result would be a shortcut.
#
# **Then a probe.** Features computed once, in evaluation mode, a regularised logistic regression on them. I thaw the last block
# only if the probe is clearly worse than it must be.
#
# **Freezing.** The body has no gradients, is not in the optimizer and is in evaluation mode, so that dropout is off and
# BatchNorm's statistics rest.
# Statistics that follow the new scanner are a variant, tried on purpose, and saved. A witness compares every tensor to the bit;
# I test it by changing one.
#
# **Measuring.** Splits by patient. A third of the patients is a fixed test part, used once; rate and epoch are chosen by
# cross-validation in the rest. Intervals by bootstrap over test patients. Control: with shuffled labels the whole procedure
# must come out near one half. I report sensitivity for each kind.
#
# **The old task.** Old head on the new body, old test set from the old scanner: sensitivity and specificity, before and
# after. A frozen body must give the same to the bit. If sensitivity falls by more than the clinic has agreed to beforehand,
# that network does not go into use.
#
# **Saving.** The tensors that differ from the base, as safetensors; beside them the base's SHA-256, code, seeds, package
# versions, results. The new head runs beside the unchanged old network; rolling back is taking it away.

# %% [markdown]
# ## The answer
#
# **In 30 seconds.** I load the pretrained weights strictly, freeze, then put the new head on: the body has no gradients, is not
# in the optimizer and is in evaluation mode. That linear probe is my baseline, on features computed once. If it is not good enough I thaw
# from the top, or train additions such as LoRA, and choose rates on validation data. I compare probe, fine-tuning and training
# from scratch over several draws with a fixed test part, measure the old task too, prove that what was frozen did not change, and
# save only what was trained, as safetensors.
#
# **In depth.** `requires_grad`, the optimizer's list and the mode are three switches, and each can be wrong on its own: the
# faults are in this unit, and the new task's accuracy need not show them. What pretraining is worth depends on the pair of
# tasks and on the number of labels. On the digits, the probe was ahead of training from scratch at five labels a class, and not
# behind full fine-tuning; at fifty the three lay close together. Rates by depth and thawing showed no gain on the new task over a
# frozen body, and cost some of the old. An interval over resplits of one pool is too narrow unless it is widened. On sentences,
# MiniLM was ahead of TF-IDF by the largest margin at five labels a library, on text of a kind that it had been tuned on.
#
# **What the usual answer gets wrong.** It freezes the layer that it wants to train, or takes the error's disappearance for a repair.
# It forgets that BatchNorm learns without gradients. It looks at the new task only. It loads any file with pickle, and saves
# the whole network.

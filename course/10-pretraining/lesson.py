# %% [markdown] needs=["05-optimisation"]
# # Pretraining a language model
#
# *"How is a large language model pretrained?"*
#
# "It predicts the next word on a lot of text" is where the answer begins. What you are asked for next are numbers and
# traps: what the loss must be at the first step, what a perplexity may be compared with, how much memory the run
# takes and who holds which part of it, how large a model a budget is worth, what a checkpoint must hold. In this unit
# you compute each of them, first on paper, then in code, and you watch a small network learn from real text.
#
# **Time.** Plan 270 minutes: 186 minutes of exercises, the rest for reading. Stop after any section.
#
# **How to work.** Run each cell with Shift + Enter. Below an exercise stands a cell that checks it; hints of growing
# strength follow. Some checks are hidden and run only when the notebook is graded: they vary the inputs and ask for
# nothing new. What you write leaves its arguments as they were. You need Python, PyTorch and unit 05. The network is
# given: how it works inside is another unit's matter, and here it is a box that takes tokens and returns logits.
#
# **What it costs.** The demonstrations train small networks, together about a minute on an ordinary processor. The longest
# runs are done once, and later demonstrations use the same networks.

# %%
import copy
import functools
import hashlib
import itertools
import math

import numpy as np
import regex
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from transformers.generation import logits_process

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots
from mftcourse.data import installed_docstrings
from mftcourse.models import load_smollm2, smollm2_missing


def show_when_written(demonstration):
    """Run a demonstration that uses your functions, or say that they are not written yet."""
    try:
        demonstration()
    except NotImplementedError:
        print("This cell uses what you write above: write it first, then run this cell again.")


# %% [markdown]
# ## The text
#
# A large model reads trillions of tokens from the web. We read the documentation inside the Python libraries that are
# installed here: matplotlib, numpy, pandas, scikit-learn and torch. It is real text, nothing is downloaded, and it has
# the troubles of the web on a small scale: markup, code, boilerplate, and thousands of paragraphs that were copied.
#
# In this unit **a token is a byte**: each ASCII character is one token, the vocabulary has 128 entries, and byte 0
# ends a document. So nothing hides in a tokenizer, and a loss in bits per token is a loss in bits per byte.

# %%
N_VOCAB, END = 128, "\0"  # ASCII; byte 0 ends a document, and no document holds it


@functools.cache
def raw_paragraphs() -> tuple[str, ...]:
    """Return the paragraphs of the libraries' docstrings, repetitions included."""
    found = []
    for _, name, text in installed_docstrings():
        if name:  # of a function or a class
            found += [" ".join(part.split()) for part in text.split("\n\n")]
    return tuple(part for part in found if len(part) >= 60 and part.isascii())


def is_prose(text: str) -> bool:
    """A rough filter: a sentence's first and last character, and nearly only letters and blanks."""
    letters = sum(c.isalpha() or c == " " for c in text)
    return text[0].isupper() and text[-1] == "." and letters > 0.9 * len(text)


def is_code(text: str) -> bool:
    """An example as a docstring shows it, with the marks of Python's prompt."""
    return ">>>" in text


def words_shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """Return the runs of `size` words that a text holds; a shorter text is one run."""
    words = text.lower().split()
    return {tuple(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


def without_near_copies(texts: set[str]) -> list[str]:
    """Keep a text where at most a fifth of its shingles came before; in a shuffled order."""
    seen, kept = set(), []
    for text in sorted(texts, key=lambda t: hashlib.sha256(t.encode()).digest()):
        shingles = words_shingles(text)
        if len(shingles & seen) <= 0.2 * len(shingles):
            kept.append(text)
        seen |= shingles
    return kept


@functools.cache
def clean_corpus(kind=is_prose) -> tuple[str, str]:
    """Return (train, held_out): paragraphs of a kind without near copies, byte 0 behind each."""
    kept = without_near_copies(set(filter(kind, raw_paragraphs())))
    cut = len(kept) // 20
    return tuple("".join(text + END for text in part) for part in (kept[cut:], kept[:cut]))


# %% demo=true
train_text, held_out_text = clean_corpus()
for words, texts in {
    "paragraphs of at least 60 characters": raw_paragraphs(),
    "... that look like prose": list(filter(is_prose, raw_paragraphs())),
    "... each text once": set(filter(is_prose, raw_paragraphs())),
    "... without near copies": (train_text + held_out_text).split(END)[:-1],
}.items():
    print(f"{words:38} {len(texts):6,} {sum(map(len, texts)):10,} characters")
print("to train:", f"{len(train_text):,}", "bytes; held out:", f"{len(held_out_text):,}", "bytes")
print(train_text[:200].replace(END, " | "))

# %% [markdown]
# A funnel. Fewer than a third of the characters survive the filter for prose, the exact copies go next, then the near
# copies. The filters of large corpora have the same shape, and far more steps: language, quality, toxicity, personal
# data (G. Penedo and others, "The FineWeb datasets: decanting the web for the finest text data at scale", 2024).
#
# ## The target is the next token
#
# A **language model** gives, at each position, a probability for every token of the vocabulary to come next, given
# the tokens up to there. Training needs no labels: the text is its own label, moved by one place.
#
#     input    a   b   a
#     target   b   a   .
#
# The model sees `a` and is asked for `b`, sees `a b` and is asked for `a`. From $T$ tokens come $T - 1$ targets, all
# trained at once: the causal mask of a decoder hides what comes later. (A **masked** language model, such as BERT, is
# asked for some hidden tokens and sees both sides of them: J. Devlin and others, "BERT", 2019. It learns from the 15 %
# it hides; the causal model learns from every token, and can write.)
#
# The **loss** is the mean of $-\ln p$ over the targets, with $p$ the probability that the model gave to the token that
# came: the cross-entropy. Three numbers say the same thing:
#
# - the loss in **nats** (natural logarithm);
# - the **perplexity** $e^{\text{loss}}$: as unsure as a fair choice among so many tokens;
# - the **bits per byte**: the sum of $-\log_2 p$ over all targets, divided by the *bytes* that these targets are.
#
# **The smallest example.** The text `a b a .`; the model gives the three targets 1/2, 1/4 and 1/2. The loss is
# $(\ln 2 + \ln 4 + \ln 2)/3 = \frac{4}{3} \ln 2$, the perplexity $2^{4/3}$. That is 4 bits for three targets. If each token is one byte, the
# bits per byte are 4/3.
#
# Losses and perplexities compare models with the *same* tokenizer only. A model with long tokens has fewer of them, each
# harder. Bits per byte divide by something that no tokenizer changes.
#
# ### A loss by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# The text `the cat sat.` is four tokens: `the`, ` cat`, ` sat`, `.`. The next cell holds what a model says, one row a
# position: row 0 is what it gives after `the`, row 3 what it gives after the whole text. Compute with fractions and
# `math.log`:
#
# - `"targets"`: how many targets there are;
# - `"loss"`: the mean loss in nats;
# - `"perplexity"`;
# - `"bits_per_byte"`: blanks are bytes too.

# %%
cat_tokens = ["the", " cat", " sat", "."]
cat_table = (
    np.array([[4, 1, 1, 2], [1, 4, 2, 1], [1, 1, 2, 4], [5, 1, 1, 1]]) / 8
)  # a row each position

# %% exercise="loss_by_hand" minutes=6
### BEGIN SOLUTION
loss_hand = {"targets": 3, "loss": 2 * math.log(2), "perplexity": 4, "bits_per_byte": 6 / 9}
### END SOLUTION
### BEGIN RELEASE
# loss_hand = {"targets": ..., "loss": ..., "perplexity": ..., "bits_per_byte": ...}
### END RELEASE

# %% check="loss_by_hand" points=4
with check("how many targets", hint="The first token is nobody's target, and behind the last nothing comes."):
    expect(loss_hand["targets"], len(cat_tokens) - 1, what="the number of targets", tell=False)
with check("the loss", hint="Row 0 is asked for ` cat`, row 1 for ` sat`, row 2 for `.`. In nats: `math.log`."):
    cat_given = torch.tensor(cat_table[:3])
    cat_loss = F.nll_loss(cat_given.log(), torch.tensor([1, 2, 3])).item()
    expect(loss_hand["loss"], cat_loss, what="the loss", tell=False)
with check("the perplexity", hint="e to the power of the mean loss in nats."):
    cat_product = math.prod(cat_table[i, i + 1] for i in range(3))
    expect(loss_hand["perplexity"], cat_product ** (-1 / 3), what="the perplexity", tell=False)
with check("the bits per byte", hint="All bits, divided by the bytes of the three tokens that were predicted."):
    cat_bits = sum(-math.log2(cat_table[i, i + 1]) for i in range(3))
    expect(loss_hand["bits_per_byte"], cat_bits / len("".join(cat_tokens[1:])), what="the bits per byte", tell=False)
grade("loss_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write the target beside each row: ` cat`, ` sat`, `.`, and nothing for the last. Then look up its column.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The three probabilities are 1/8, 1/4 and 1/2: that is 3, 2 and 1 bits. A bit is $\ln 2$ nats.
#
# </details>
#
# **Why it matters.** Whoever compares the perplexities of two models must know whether they have one tokenizer.
# [What is perplexity, and how is it related to cross-entropy?](#What-is-perplexity,-and-how-is-it-related-to-cross-entropy?)

# %% [markdown]
# ### The loss in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# A batch holds several rows. Short rows are filled up with **padding**, which must not count: the model would learn to
# write padding. A target counts where **both it and the token before it are real**. The mean is taken over all targets
# of the batch that count, not over rows: a row of 3 tokens weighs less than a row of 300.
#
# **The smallest example.** Two rows of three tokens; in the second the last is padding. Two targets count in the first
# row, one in the second: the loss is the mean of three numbers.


# %% exercise="next_token_loss" minutes=10
def next_token_loss(logits: torch.Tensor, ids: torch.Tensor, real: torch.Tensor | None = None):
    """Return the mean loss in nats of predicting each next token, as a number or tensor ().

    Args:
        logits: (n_rows, n_tokens, n_vocab); logits[r, t] is what the model says after token t.
        ids: (n_rows, n_tokens), the tokens themselves; nothing is moved yet.
        real: (n_rows, n_tokens) of bool, False where a token is padding; None where all are real.
            Padding may stand on either side. A target counts where it and the token before it
            are real.

    Raises:
        ValueError: no target counts.
    """
    ### BEGIN SOLUTION
    real = torch.ones_like(ids, dtype=torch.bool) if real is None else real
    counts = real[:, 1:] & real[:, :-1]
    if not counts.any():
        raise ValueError("there is no target")
    return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
    ### END SOLUTION


# %% check="next_token_loss" points=10
with check("the table of the cat", hint="The logits of row t belong to token t + 1: cut the last row, and the first token."):
    cat_logits = torch.tensor(cat_table).log()[None]
    expect(next_token_loss(cat_logits, torch.arange(4)[None]), 2 * math.log(2), what="the loss")
with check("equal logits cost ln V", hint="Each of V tokens has probability 1/V, and the loss is a logarithm."):
    for n_vocab in (3, 50):
        expect(next_token_loss(torch.zeros(2, 4, n_vocab), torch.ones(2, 4, dtype=torch.long)), math.log(n_vocab), tol=1e-5)
with check("padding on the right does not count", hint="Look where the target is padding.", needs="the table of the cat") as rng:
    some_logits, some_ids = torch.tensor(rng.normal(size=(1, 6, 5))), torch.tensor(rng.integers(0, 5, (1, 6)))
    alone = F.cross_entropy(some_logits[0, :3], some_ids[0, 1:4]).item()
    expect(next_token_loss(some_logits, some_ids, torch.tensor([[True] * 4 + [False] * 2])), alone, what="the loss")
with check("padding on the left does not count", hint="The first real token has padding before it.", needs="the table of the cat") as rng:
    some_logits, some_ids = torch.tensor(rng.normal(size=(1, 6, 5))), torch.tensor(rng.integers(0, 5, (1, 6)))
    alone = F.cross_entropy(some_logits[0, 2:5], some_ids[0, 3:]).item()
    expect(next_token_loss(some_logits, some_ids, torch.tensor([[False] * 2 + [True] * 4])), alone, what="the loss")
with check("the mean is over tokens, not over rows", hint="One mean over everything that counts.") as rng:
    some_logits, some_ids = torch.tensor(rng.normal(size=(2, 5, 4))), torch.tensor(rng.integers(0, 4, (2, 5)))
    some_real = torch.tensor([[True] * 5, [True, True, False, False, False]])
    each = [F.cross_entropy(some_logits[r, :n], some_ids[r, 1 : n + 1], reduction="sum").item() for r, n in ((0, 4), (1, 1))]
    expect(next_token_loss(some_logits, some_ids, some_real), sum(each) / 5, what="the loss")
with check("huge logits do not overflow", hint="Let cross_entropy or log_softmax do it.", needs="the table of the cat"):
    expect(next_token_loss(torch.tensor([[[1000.0, 0.0], [0.0, 0.0]]]), torch.tensor([[0, 1]])), 1000.0, what="the loss")
with check("without a target: refused", hint="One token has no next one, and two real tokens with padding between them are no pair. A mean of nothing is nan.", needs="the table of the cat"):
    expect_raises(ValueError, next_token_loss, torch.zeros(2, 1, 3), torch.zeros(2, 1, dtype=torch.long))
    none_real = torch.tensor([[True, False, True]])
    expect_raises(ValueError, next_token_loss, torch.zeros(1, 3, 4), torch.zeros(1, 3, dtype=torch.long), none_real)
### BEGIN HIDDEN TESTS
with check("drawn batches", points=3, hint="Compare with a loop over rows and positions.", hidden=True) as rng:
    for _ in range(8):
        n_rows, n_tokens, n_vocab = (int(n) for n in rng.integers(2, 7, 3))
        some_logits = torch.tensor(rng.normal(size=(n_rows, n_tokens, n_vocab)) * 3)
        some_ids = torch.tensor(rng.integers(0, n_vocab, (n_rows, n_tokens)))
        some_real = torch.tensor(rng.random((n_rows, n_tokens)) < 0.7)
        some_real[0, :2] = True
        pairs = [(r, t) for r in range(n_rows) for t in range(n_tokens - 1) if some_real[r, t] and some_real[r, t + 1]]
        log_p = some_logits - some_logits.exp().sum(dim=-1, keepdim=True).log()
        want_loss = -sum(log_p[r, t, some_ids[r, t + 1]].item() for r, t in pairs) / len(pairs)
        expect(next_token_loss(some_logits, some_ids, some_real), want_loss, what="the loss")
### END HIDDEN TESTS
grade("next_token_loss")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `logits[:, :-1]` and `ids[:, 1:]` stand side by side: what is said, and what came.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `counts = real[:, 1:] & real[:, :-1]`. A mask of bools as an index picks the places that count, in both tensors.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])` is the mean over them. Before it, refuse a mask without a True.
#
# </details>
#
# **Why it matters.** A loss that forgets the shift asks for the token that the model has just seen, and goes to zero: it
# learns to copy. Many libraries move the labels inside the model, so moving them yourself as well moves them twice.
# [What is the training objective of a large language model?](#What-is-the-training-objective-of-a-large-language-model?)

# %% [markdown]
# ## A network to train
#
# The next cell gives a small decoder: embeddings of tokens and positions, blocks of causal self-attention and of a
# two-layer network, each behind a LayerNorm and added to what came in, and logits through the embedding once more (the
# weights are *tied*). `peek` is there to break it later. Then comes the loop, and nothing in it is new since unit 05:
# AdamW, warm-up and cosine, clipping at a norm of 1. `window_bits` measures bits per byte on the held-out text: each
# byte counts once, and behind the first half window each is predicted from at least half a window.


# %%
class Block(nn.Module):
    """Causal self-attention and a two-layer network, each added to what comes in."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads, self.norm1, self.norm2 = n_heads, nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Linear(4 * d_model, d_model)
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        n, t, d = x.shape
        heads = self.qkv(self.norm1(x)).view(n, t, 3, self.n_heads, d // self.n_heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, t, d))
        return x + self.mlp(self.norm2(x))


class TinyGPT(nn.Module):
    """Token ids (n, t) in, logits (n, t, N_VOCAB) out.

    Each position sees itself, all before it, and `peek` after it.
    """

    def __init__(
        self, d_model: int = 96, n_layers: int = 2, n_context: int = 32, peek: int = 0
    ) -> None:
        super().__init__()
        self.n_context, self.peek = n_context, peek
        self.tokens, self.places = nn.Embedding(N_VOCAB, d_model), nn.Embedding(n_context, d_model)
        self.blocks = nn.ModuleList(Block(d_model, max(1, d_model // 24)) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)
        for table in (self.tokens, self.places):
            nn.init.normal_(table.weight, std=0.02)
        for block in self.blocks:  # what is added to the stream starts small, as in GPT-2
            for layer in (block.out, block.mlp[2]):
                nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * n_layers))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        t = ids.shape[1]
        x = self.tokens(ids) + self.places(torch.arange(t))
        mask = torch.ones(t, t, dtype=torch.bool).tril(diagonal=self.peek)
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x) @ self.tokens.weight.T


def to_ids(text: str) -> torch.Tensor:
    """Return the bytes of an ASCII text as a tensor of int64."""
    return torch.frombuffer(bytearray(text.encode("ascii")), dtype=torch.uint8).long()


def draw_rows(
    ids: torch.Tensor, n_rows: int, n_tokens: int, generator: torch.Generator
) -> torch.Tensor:
    """Return n_rows pieces of n_tokens + 1 tokens: the inputs, and one more for the last target."""
    starts = torch.randint(len(ids) - n_tokens, (n_rows,), generator=generator)
    return ids[starts[:, None] + torch.arange(n_tokens + 1)]


def mean_loss(net: nn.Module, rows: torch.Tensor) -> torch.Tensor:
    """Return the mean loss of predicting each token of `rows` but the first."""
    return F.cross_entropy(net(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


def train(net, ids, n_steps, peak=3e-3, seed=0, n_rows=16, rounded=False) -> list[float]:
    """Train on rows drawn from `ids`; return the loss of each step.

    `rounded` keeps the weights in bfloat16.
    """
    generator, losses = torch.Generator().manual_seed(seed), []
    optimizer = torch.optim.AdamW(net.parameters(), peak, betas=(0.9, 0.95), weight_decay=0.1)
    for step in range(n_steps):
        wave = math.cos(math.pi * max(0, step - 49) / max(1, n_steps - 50))
        for group in optimizer.param_groups:
            group["lr"] = peak * min((step + 1) / 50, (1 + wave) / 2)
        loss = mean_loss(net, draw_rows(ids, n_rows, net.n_context, generator))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if rounded:
            with torch.no_grad():
                for p in net.parameters():
                    p.copy_(p.bfloat16())
        losses.append(loss.item())
    return losses


@torch.no_grad()
def window_bits(net, ids) -> float:
    """Return bits per byte: windows that overlap by half, of which the later half counts.

    The first window counts whole; a rest behind the last one is left out.
    """
    half = net.n_context // 2
    rows = ids[: len(ids) - (len(ids) - 1) % half].unfold(0, net.n_context + 1, half)
    loss = [
        F.cross_entropy(net(part[:, :-1]).transpose(1, 2), part[:, 1:], reduction="none")
        for part in rows.split(64)
    ]
    each = torch.cat(loss)
    return float(
        torch.cat([each[0, :half], each[:, half:].flatten()]).double().mean() / math.log(2)
    )


RUNS = {}  # what `trained` returned; each run is done once


def trained(d_model: int = 96, n_steps: int = 800, seed: int = 0) -> tuple:
    """Return (network, loss of each step, bits per byte held out).

    The peak rate falls with the width. The demonstrations share these runs.
    """
    if (d_model, n_steps, seed) not in RUNS:
        train_text, held_out_text = clean_corpus()
        torch.manual_seed(seed)
        net = TinyGPT(d_model)
        losses = train(net, to_ids(train_text), n_steps, peak=0.288 / d_model, seed=seed)
        bits = window_bits(net, to_ids(held_out_text))
        RUNS[d_model, n_steps, seed] = net.eval(), losses, bits
    return RUNS[d_model, n_steps, seed]


# %% [markdown]
# ## The first number: ln V
#
# A network that knows nothing should say so: all $V$ tokens equally likely, a loss of $-\ln \frac{1}{V} = \ln V$ and a
# perplexity of $V$. This is the cheapest test there is. It needs one forward pass, and it is right before anything is
# learned. For a vocabulary of 49,152 it is 10.80, for one of 6,400 it is 8.76.
#
# **The second test costs a minute: overfit one batch.** Train on the same few rows again and again. A program that
# works learns them by heart, and its loss comes near zero. One that does not has a fault that no amount of data will mend.
#
# ### Predict the first numbers
#
# *Predict, then run · 5 minutes · difficulty: one of three*
#
# GPT-2 has a vocabulary of 50,257 tokens. Commit to these before you run the demonstration:
#
# - `"first_loss"`: the loss of a fresh network, in nats (a formula with `math.log` is welcome);
# - `"first_bits"`: the first bits per byte of our network, with 128 tokens of one byte each;
# - `"thirty"`: a fresh GPT-2 starts at a loss of 30. What is the likeliest reason? (a) The text is too hard. (b) The
#   learning rate is too high. (c) The logits start too large: the network is sure, and wrong. (d) The batch is too small.
# - `"half"`: a fresh GPT-2 starts at half of the right value. What is the likeliest reason? (a) A lucky seed. (b) Something
#   tells it the answer, or the loss is divided by too much. (c) The text is easy. (d) Weight decay.

# %% exercise="first_numbers" minutes=5
### BEGIN SOLUTION
first_said = {"first_loss": math.log(50257), "first_bits": 7, "thirty": "c", "half": "b"}
### END SOLUTION
### BEGIN RELEASE
# first_said = {"first_loss": ..., "first_bits": ..., "thirty": ..., "half": ...}
### END RELEASE

# %% check="first_numbers" points=4
with check("the first loss of GPT-2", hint="Each token gets 1/V. Two decimals are enough."):
    uniform_loss = F.cross_entropy(torch.zeros(1, 50257), torch.tensor([7])).item()
    expect(first_said["first_loss"], uniform_loss, tol=0.005 / uniform_loss, what="the first loss", tell=False)
with check("the first bits per byte of ours", hint="How many bits tell 128 tokens apart?"):
    uniform_bits = F.cross_entropy(torch.zeros(1, N_VOCAB, dtype=torch.float64), torch.tensor([7])).item() / math.log(2)
    expect(first_said["first_bits"], uniform_bits, what="the first bits per byte", tell=False)
with check("a start at 30", hint="No text and no rate has been used yet. What alone decides the first logits?"):
    expect_choice(
        first_said["thirty"],
        "c",
        {
            "a": "A uniform guess costs ln V on any text, hard or easy.",
            "b": "No update has been made yet.",
            "c": "Only confident logits cost more than a uniform guess. Look at the scale of the last layer.",
            "d": "The batch size changes how noisy the mean is, hardly the mean.",
        },
    )
with check("a start at half of it", hint="Which of these can a network without knowledge profit from?"):
    expect_choice(
        first_said["half"],
        "b",
        {
            "a": "Over thousands of targets luck averages out.",
            "b": "Without an update there is no knowledge. Either the answer leaks, or the mean is not one.",
            "c": "Easy or not, the network has not seen it yet.",
            "d": "No update has been made yet.",
        },
    )
grade("first_numbers")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Before the first update neither the text nor the optimizer has touched the network: only its random weights speak.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `math.log` is the natural logarithm. Bits are logarithms to base 2, and 128 is a power of 2.
#
# </details>


# %% demo=true
def first_steps():
    """Print first losses of fresh networks, and overfit one batch."""
    ids = to_ids(clean_corpus()[0])
    rows = draw_rows(ids, 64, 32, torch.Generator().manual_seed(0))
    for std in (0.02, 0.2, 1.0):
        firsts = []
        for seed in range(3):
            torch.manual_seed(seed)
            net = TinyGPT()
            nn.init.normal_(net.tokens.weight, std=std)
            with torch.no_grad():
                firsts.append(mean_loss(net, rows).item())
        print(f"embeddings drawn with deviation {std:<5} first loss", [round(x, 2) for x in firsts])
    print(f"ln {N_VOCAB} = {math.log(N_VOCAB):.2f}")
    torch.manual_seed(0)
    net, few = TinyGPT(), rows[:4]
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    for step in range(151):
        optimizer.zero_grad()
        loss = mean_loss(net, few)
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"the same four rows, step {step:3}: loss {loss.item():.3f}")


first_steps()

# %% [markdown]
# With the usual small deviation of 0.02 each fresh network begins within a tenth or so of ln 128 = 4.85. Drawn with a
# deviation of 1 the same network starts far above it. And four rows are learnt by heart within 150 steps.
#
# **Why it matters.** Two numbers, known before the run, find most faults of a program: a wrong vocabulary, logits on a wrong
# scale, a leak, a loss that averages wrongly.
# [What should the loss be at the very first step?](#What-should-the-loss-be-at-the-very-first-step?)

# %% [markdown]
# ## A loss too good to be true
#
# If a position can see the token that it is asked for, in whatever way, the loss goes towards zero and the model is
# worthless: when it writes, there is nothing to see. The held-out loss does not warn you. The leak is there, too.
#
# The usual ways in: a mask that is off by one; targets that were not shifted; a normalisation over the positions of a
# row, later ones included; attention across documents that belong to each other.
#
# There is a test that needs no training. **Change one later token. Logits of earlier positions must not move.**
#
# **The smallest example.** A network that has seen `[3, 5, 2]` gives three rows of logits. Put another token in the place of
# the 2. If row 0 or row 1 moves, that position sees the future. Row 2 may move: it stands on the changed token.
#
# ### Find who sees the future
#
# *Implement · 9 minutes · difficulty: two of three*
#
# Write the test. The models here are toys: functions that take a list of ids and return logits. Try **every other id at
# every later place**, one change at a time: a leak may open for one token only. Leave the toys in the cell as
# they are: the checks use them.


# %% exercise="future_seen" minutes=9
N_TOYS = 9  # the toys' vocabulary: ids 0 to 8
TOY_TABLE = torch.randn(N_TOYS, N_TOYS, generator=torch.Generator().manual_seed(0))


def honest(ids: list[int]) -> torch.Tensor:
    """A toy: each position sums up what it has seen."""
    return TOY_TABLE[ids].cumsum(dim=0)


def off_by_one(ids: list[int]) -> torch.Tensor:
    """A toy whose mask lets each position see the next."""
    return torch.cat([honest(ids)[1:], honest(ids)[-1:]])


def normalised(ids: list[int]) -> torch.Tensor:
    """A toy that subtracts the mean over all positions."""
    return honest(ids) - honest(ids).mean(dim=0)


def rare(ids: list[int]) -> torch.Tensor:
    """A toy that leaks where the last token is 7, and only to position 1."""
    logits = honest(ids)
    return logits + (torch.arange(len(ids)) == 1)[:, None] * float(ids[-1] == 7)


def padded(ids: list[int]) -> torch.Tensor:
    """A toy that leaks where the last token is 0, and only to position 0."""
    logits = honest(ids)
    return logits + (torch.arange(len(ids)) == 0)[:, None] * float(ids[-1] == 0)


def future_seen(model, ids: list[int], n_vocab: int) -> list[int]:
    """Return the positions whose logits depend on a later token, in ascending order.

    Args:
        model: takes a list of ids, returns logits (n_tokens, n_vocab).
        ids: the tokens to begin with, each 0 to n_vocab - 1; left as they are.
        n_vocab: the ids to try are 0 to n_vocab - 1.

    A position counts if one change of one later token, to any other id, moves one of its logits
    by more than 1e-6. future_seen(honest, [3, 5, 2], 9) is [].
    """
    ### BEGIN SOLUTION
    before, seen = model(ids), set()
    for place in range(1, len(ids)):
        for other in range(n_vocab):
            after = model([*ids[:place], other, *ids[place + 1 :]])
            moved = (after - before).abs().amax(dim=1) > 1e-6
            seen |= {t for t in range(place) if moved[t]}
    return sorted(seen)
    ### END SOLUTION


# %% check="future_seen" points=9
with check("the mask that is off by one", hint="Position t moves when token t + 1 changes. The last position has no later token."):
    expect(future_seen(off_by_one, [3, 5, 2], 9), [0, 1], what="the positions")
with check("an honest model sees nothing", hint="Positions from the changed one on may move.", needs="the mask that is off by one"):
    expect(future_seen(honest, [3, 5, 2], 9), [], what="the positions")
    expect(future_seen(honest, [4], 9), [], what="the positions")
with check("statistics over the row", hint="Every position but the last sees a mean over all of them."):
    expect(future_seen(normalised, [1, 0, 6, 8, 2], 9), [0, 1, 2, 3], what="the positions")
with check("a leak for one token only", hint="Try all other ids at each later place, not one of them."):
    expect(future_seen(rare, [3, 5, 2, 4], 9), [1], what="the positions")
    expect(future_seen(rare, [3, 5, 2, 4], 8), [1], what="the positions, where 7 is the last id")
    expect(future_seen(padded, [3, 5, 2, 4], 9), [0], what="the positions")
with check("far away counts too", hint="The changed place may be much later than the position that moves."):
    expect(future_seen(rare, [7, 7, 7, 7, 7, 7, 1], 9), [1], what="the positions")
with check("a leak that is open already", hint="Where the last token is 7, any other id closes the leak: that is a change, too."):
    expect(future_seen(rare, [0, 1, 2, 7], 9), [1], what="the positions")
### BEGIN HIDDEN TESTS
with check("other texts", points=3, hint="Lengths of 2 to 7, all four models.", hidden=True) as rng:
    for n_tokens in (2, 4, 7):
        some_ids = [int(i) for i in rng.integers(0, 9, n_tokens)]
        expect(future_seen(honest, some_ids, 9), [], what="the positions")
        expect(future_seen(off_by_one, some_ids, 9), list(range(n_tokens - 1)), what="the positions")
        expect(future_seen(normalised, some_ids, 9), list(range(n_tokens - 1)), what="the positions")
        expect(future_seen(rare, some_ids, 9), [1] if n_tokens > 2 else [], what="the positions")
    expect(future_seen(rare, [3, 5, 2, 4], 6), [], what="the positions")
### END HIDDEN TESTS
grade("future_seen")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three loops: the place to change, the other id, the positions before the place. Compare with the logits of the unchanged text.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Make a new list: `[*ids[:place], other, *ids[place + 1:]]`. Collect positions in a set, return it sorted.
#
# </details>
#
# Now break our network on purpose: `peek=1` lets each position see one token ahead, which is its own target.


# %% demo=true
def show_leak():
    """Train an honest and a leaking network for 250 steps; measure both on held-out text."""
    ids, held_out = map(to_ids, clean_corpus())
    for peek in (0, 1):
        torch.manual_seed(0)
        net = TinyGPT(48, peek=peek)
        train(net, ids, 250)
        print(f"peek {peek}: {window_bits(net, held_out):.2f} bits per byte held out")


show_leak()

# %% [markdown]
# The leaking network "predicts" held-out text with a fraction of the bits, after 250 steps, in which the honest one has learnt
# little. A number that is far better than it can be is a fault, not a success.
#
# **Why it matters.** The test takes seconds and belongs into the test suite of any model that is trained in parallel over positions.
# [Your language model's loss falls to almost zero. What do you check?](#Your-language-model's-loss-falls-to-almost-zero.-What-do-you-check?)

# %% [markdown]
# ## What counting can do
#
# Before a network gets credit, ask what is possible without one. An **n-gram model** predicts a token from the $n - 1$
# before it, by counting. With $n = 1$ it is a **unigram** (how common is each token?), then a **bigram**, a **trigram**.
# Long contexts are rare, so each order leans on the one below (D. MacKay and L. Peto, "A hierarchical Dirichlet language
# model", 1995). Start from $p_0 = 1/V$, and with $h$ the last $n - 1$ tokens:
#
# $$p_n(c \mid h) = \frac{\text{count}(h\,c) + k\,p_{n-1}(c \mid h')}{\text{count}(h\,\cdot) + k},$$
#
# where $h'$ is $h$ without its first token, $\text{count}(h\,c)$ how often $c$ followed $h$ in the training text, and
# $\text{count}(h\,\cdot)$ how often anything did. A context that was never seen says what the shorter one says.
#
# **The smallest example.** The text `abab`, $V = 2$, $k = 1$. Unigram: $p_1(\text{b}) = (2 + 1/2)/(4 + 1) = 1/2$. Bigram: `a` was
# followed twice, each time by `b`: $p_2(\text{b} \mid \text{a}) = (2 + 1 \cdot 1/2)/(2 + 1) = 5/6$. And `b` was followed once, by `a`:
# $p_2(\text{a} \mid \text{b}) = (1 + 1/2)/(1 + 1) = 3/4$.
#
# ### An n-gram model in code
#
# *Implement · 12 minutes · difficulty: two of three*


# %% exercise="ngram" minutes=12
def ngram_counts(text: str, n: int) -> dict[str, dict[str, int]]:
    """Count what follows each context of 0 to n - 1 characters.

    Returns:
        context → {character: how often it follows}; contexts that nothing follows are left out.
        ngram_counts("abab", 2) is {"": {"a": 2, "b": 2}, "a": {"b": 2}, "b": {"a": 1}}.
    """
    ### BEGIN SOLUTION
    counts: dict[str, dict[str, int]] = {}
    for size in range(n):
        for i in range(size, len(text)):
            row = counts.setdefault(text[i - size : i], {})
            row[text[i]] = row.get(text[i], 0) + 1
    return counts
    ### END SOLUTION


def ngram_prob(counts, context: str, char: str, n: int, n_symbols: int, k: float = 2.0) -> float:
    """Return p_n(char | context), each order leaning on the one below.

    Args:
        counts: as ngram_counts gives them, for n or more.
        context: what comes before, of any length; its last n - 1 characters count. Where it is
            shorter, all of it is used, and p is that of the longest order that it allows.
        n: the order, at least 0: p_0 is 1 / n_symbols.
        k: the weight of the order below, above 0.
    """
    ### BEGIN SOLUTION
    p = 1 / n_symbols
    for size in range(min(n, len(context) + 1)):
        row = counts.get(context[len(context) - size :], {})
        p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
    return p
    ### END SOLUTION


# %% check="ngram" points=13
with check("counts: the example", hint="For each size 0 to n - 1 and each place: text[i - size : i] was followed by text[i]."):
    expect(ngram_counts("abab", 2), {"": {"a": 2, "b": 2}, "a": {"b": 2}, "b": {"a": 1}}, what="the counts")
with check("counts: three characters deep", hint="Runs overlap: `aaaa` holds `aa` three times, and the last is followed by nothing."):
    expect(ngram_counts("aaaa", 3), {"": {"a": 4}, "a": {"a": 3}, "aa": {"a": 2}}, what="the counts")
with check("probabilities: the example", hint="Begin with 1/V; then the unigram, then the bigram."):
    abab = {"": {"a": 2, "b": 2}, "a": {"b": 2}, "b": {"a": 1}}
    expect(ngram_prob(abab, "", "b", 1, 2, k=1.0), 1 / 2, what="the unigram's p(b)")
    expect(ngram_prob(abab, "a", "b", 2, 2, k=1.0), 5 / 6, what="the bigram's p(b | a)")
    expect(ngram_prob(abab, "b", "a", 2, 2, k=1.0), 3 / 4, what="the bigram's p(a | b)")
with check("order 0 and unseen characters", hint="p_0 is 1/V. A character that never came still gets its share of it."):
    expect(ngram_prob({"": {"a": 2}}, "aa", "z", 0, 26), 1 / 26, what="p of order 0")
    expect(ngram_prob({"": {"a": 2}}, "", "z", 1, 26), 2.0 / 26 / 4, what="p of an unseen character")
with check("unseen contexts say what the shorter one says", hint="No count: k times the p below, over k.", needs="probabilities: the example"):
    abab = {"": {"a": 2, "b": 2}, "a": {"b": 2}, "b": {"a": 1}}
    expect(ngram_prob(abab, "ca", "b", 3, 3, k=0.5), ngram_prob(abab, "a", "b", 2, 3, k=0.5), what="p")
    expect(ngram_prob(abab, "c", "b", 2, 3, k=0.5), (2 + 0.5 / 3) / (4 + 0.5), what="p")
with check("only the last n - 1 characters count", hint="The end of the context, not its beginning.", needs="probabilities: the example"):
    abab = {"": {"a": 2, "b": 2}, "a": {"b": 2}, "b": {"a": 1}}
    expect(ngram_prob(abab, "bba", "b", 2, 2, k=1.0), 5 / 6, what="p(b | bba) of the bigram")
with check("a context that is too short", hint="Go up as far as the context allows, and mix each order in once.", needs="probabilities: the example"):
    aab = {"": {"a": 2, "b": 1}, "a": {"a": 1, "b": 1}, "aa": {"b": 1}}
    expect(ngram_prob(aab, "", "b", 3, 2, k=1.0), (1 + 1 / 2) / (3 + 1), what="p(b) of the trigram, with no context,")
    expect(ngram_prob(aab, "a", "b", 4, 2, k=1.0), (1 + 3 / 8) / (2 + 1), what="p(b | a) of the 4-gram")
with check("by enumeration: all texts of three characters together have probability 1", hint="Each order must sum to one over the vocabulary.") as rng:
    some_text = "".join(rng.choice(list("abc"), 30))
    some_counts = ngram_counts(some_text, 3)
    total = sum(
        math.prod(ngram_prob(some_counts, word[:i], word[i], 3, 3, k=0.7) for i in range(3))
        for word in map("".join, itertools.product("abc", repeat=3))
    )
    expect(total, 1.0, what="the sum over 27 texts")
### BEGIN HIDDEN TESTS
with check("drawn texts, counted another way", points=5, hint="Count with slices, order by order.", hidden=True) as rng:
    for n in (1, 2, 3, 5):
        some_text = "".join(rng.choice(list("abcd"), 60))
        context, char, k = "".join(rng.choice(list("abcde"), 4)), "abcde"[rng.integers(5)], float(rng.uniform(0.2, 3))
        want_p = 1 / 5
        for size in range(n):
            h = context[4 - size :]
            follow = [some_text[i + size] for i in range(len(some_text) - size) if some_text[i : i + size] == h]
            want_p = (follow.count(char) + k * want_p) / (len(follow) + k)
        some_counts = ngram_counts(some_text, n)
        expect(ngram_counts("bbbbb", 2), {"": {"b": 5}, "b": {"b": 4}}, what="the counts of a run of one character")
        expect(ngram_prob(some_counts, context, char, n, 5, k), want_p, what="p")
        expect(len(some_counts), len({some_text[i - s : i] for s in range(n) for i in range(s, len(some_text))}), what="the number of contexts")
### END HIDDEN TESTS
grade("ngram")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Counting: two loops, over the size of the context and over the places. `dict.setdefault(context, {})` gives the row to add to.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Probability: begin with `p = 1 / n_symbols` and go up, from size 0 to size n - 1. Each step turns the p of the order below
# into that of the next. `context[len(context) - size:]` is right for size 0 as well; `context[-0:]` would be all of it.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `row = counts.get(..., {})`, then `p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)`. Stop where the context is too short.
#
# </details>
#
# ## Everybody on one axis
#
# Now the comparison: your n-gram models and the network, the same training text, the same held-out text, bits per byte.
# Before you run it, put them in order: unigram, bigram, trigram, an n-gram of five, the network after 800 steps of 16 rows
# of 32 bytes. The network trains while the cell runs.


# %% demo=true
# Figure: bits per byte on held-out text of n-gram models and of the trained network
def show_axis():
    """Train the network, count the n-grams, and draw bits per byte of all."""
    train_text, held_out_text = clean_corpus()
    counts = ngram_counts(train_text, 6)
    totals = {context: sum(row.values()) for context, row in counts.items()}
    bits = np.zeros(6)
    for i, char in enumerate(held_out_text):
        p = 1 / N_VOCAB  # as ngram_prob does it, all orders in one go
        for size in range(6):
            context = held_out_text[max(0, i - size) : i]
            if size == len(context):
                p = (counts.get(context, {}).get(char, 0) + 2 * p) / (totals.get(context, 0) + 2)
            bits[size] -= math.log2(p)
    rows = {"uniform guess": math.log2(N_VOCAB)}
    names = ["unigram", "bigram", "trigram", "4-gram", "5-gram", "6-gram"]
    rows |= {name: float(b) for name, b in zip(names, bits / len(held_out_text), strict=True)}
    net, losses, rows["the network"] = trained()
    n_weights = sum(p.numel() for p in net.parameters())
    print(f"{n_weights:,} weights; contexts counted: {len(counts):,}")
    print(f"first loss {losses[0]:.2f} nats, the last hundred {np.mean(losses[-100:]):.2f}")
    fig, (ax,) = plots.canvas(1, width=7, height=3.6)
    ours = [plots.palette["orange" if name == "the network" else "sky blue"] for name in rows]
    ax.barh(list(rows)[::-1], list(rows.values())[::-1], color=ours[::-1])
    for i, value in enumerate(list(rows.values())[::-1]):
        ax.text(value + 0.05, i, f"{value:.2f}", va="center", fontsize=9)
    ax.set(xlabel="bits per byte, held out (less is better)", xlim=(0, 7.8))
    words = ", ".join(f"{name} {value:.2f}" for name, value in rows.items())
    plots.show(fig, alt=f"Bars of bits per byte on the held-out text: {words}.")


show_when_written(show_axis)

# %% [markdown]
# The network beats unigram, bigram and trigram. In its 800 steps it drew 409,600 bytes, fewer than two thirds of the training text. It does
# **not** beat the longer n-grams. Read that honestly: counting went over the whole text, the documentation of libraries is full of phrases that
# come again, and a table of more than a hundred thousand contexts has stored them all. The network holds a quarter of a million weights. Do
# more steps close the gap? Try it: `trained(96, n_steps=4000)[2]` in a cell of your own takes a minute or two.
#
# **Why it matters.** "The loss went down" says nothing. Down to where a table of counts gets for free, or below it?
# [Why compare a language model with an n-gram model?](#Why-compare-a-language-model-with-an-n-gram-model?)

# %% [markdown]
# ## Data: copies
#
# Large crawls hold the same text many times. Copies waste updates, are learnt by heart, and stand on both sides of a
# split (K. Lee and others, "Deduplicating training data makes language models better", 2022). Exact copies are found by a
# hash of each text. **Near copies** need a measure: cut each text into **shingles** (runs of a few words), and take the
# **Jaccard similarity** of the two sets, $J = |A \cap B| / |A \cup B|$.
#
# Comparing all pairs of a billion texts is out of the question. **MinHash** (A. Broder, "On the resemblance and containment of
# documents", 1997): put all shingles into a random order and note, for each text, the *first* of its shingles in that order. Two
# texts note the same one with probability exactly $J$: the first shingle of $A \cup B$ is equally likely to be any of them, and
# the two agree if it lies in $A \cap B$. Many orders give a **signature**.
#
# (Nobody shuffles a billion shingles. A hash function with a seed of its own stands for each order: the shingle with the lowest hash is the first.)
#
# Then cut signatures into $b$ **bands** of $r$ entries. Two texts become a candidate pair when they agree in *all* entries of *at
# least one* band: with probability $1 - (1 - J^r)^b$. Candidates share a bucket of a hash table, so nobody compares all pairs.
#
# **The smallest example.** $A$ = {1, 2, 3, 4} and $B$ = {2, 3, 4, 5} have $J$ = 3/5. With two bands of two: $1 - (1 - 9/25)^2 = 369/625$.
#
# ### Two copies by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# $A$ has 8 different shingles, $B$ has 6, and 4 are in both. Signatures have three bands of two entries. Type fractions or formulas.
#
# - `"jaccard"`: the similarity of $A$ and $B$;
# - `"agree"`: the probability that one entry of their signatures agrees;
# - `"caught"`: the probability that they become a candidate pair;
# - `"near"`: the same for two texts with $J$ = 9/10.

# %% exercise="minhash_by_hand" minutes=6
### BEGIN SOLUTION
copies_hand = {"jaccard": 4 / 10, "agree": 4 / 10, "caught": 1 - (21 / 25) ** 3, "near": 1 - (19 / 100) ** 3}
### END SOLUTION
### BEGIN RELEASE
# copies_hand = {"jaccard": ..., "agree": ..., "caught": ..., "near": ...}
### END RELEASE

# %% check="minhash_by_hand" points=4
with check("the similarity", hint="The union holds 8 + 6 shingles, less those counted twice."):
    expect(copies_hand["jaccard"], len(set(range(8)) & set(range(4, 10))) / len(set(range(10))), what="J", tell=False)
with check("one entry agrees", hint="That is what MinHash is for: no computation is needed."):
    union_firsts = [first in range(4, 8) for first in range(10)]  # each shingle of the union is first equally often
    expect(copies_hand["agree"], sum(union_firsts) / 10, what="the probability", tell=False)
with check("the pair is caught", hint="One band agrees with J², all three fail with (1 − J²)³."):
    ways = sum(math.prod(0.4 if e else 0.6 for e in w) for w in itertools.product([0, 1], repeat=6) if any(w[i] and w[i + 1] for i in (0, 2, 4)))
    expect(copies_hand["caught"], ways, what="the probability", tell=False)
with check("a near copy is caught", hint="The same with J = 9/10."):
    ways = sum(math.prod(0.9 if e else 0.1 for e in w) for w in itertools.product([0, 1], repeat=6) if any(w[i] and w[i + 1] for i in (0, 2, 4)))
    expect(copies_hand["near"], ways, what="the probability", tell=False)
grade("minhash_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw two circles that overlap: 4 only in $A$, 4 in both, 2 only in $B$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A band of two entries agrees with probability $J^2$. At least one of three bands: one minus the probability that none does.
#
# </details>
#
# **Why it matters.** Rows make the filter strict, bands make it generous: together they set where the S-shaped curve climbs.
# [How do you clean and deduplicate pretraining data?](#How-do-you-clean-and-deduplicate-pretraining-data?)

# %% [markdown]
# ### Signatures and bands in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Shingles are numbered from 0. An order of all shingles is a list of **ranks**: `rank[s]` is the place of shingle `s`, and the
# signature's entry is the lowest rank that occurs in the text. With five shingles there are just 120 orders, so the check goes
# through all of them, and probability becomes counting.


# %% exercise="minhash" minutes=10
def signature(shingles: list[int], ranks: list[list[int]]) -> list[int]:
    """Return a MinHash signature: for each order, the lowest rank of any shingle of the text.

    Args:
        shingles: the text's shingles; repetitions change nothing.
        ranks: one list an order; rank[s] is the place of shingle s in it.

    signature([0, 2], [[5, 1, 4], [0, 2, 1]]) is [4, 0].

    Raises:
        ValueError: there is no shingle.
    """
    ### BEGIN SOLUTION
    if not len(shingles):
        raise ValueError("a text without shingles has no signature")
    return [min(rank[s] for s in shingles) for rank in ranks]
    ### END SOLUTION


def candidate_pairs(signatures: list[list[int]], n_bands: int) -> list[tuple[int, int]]:
    """Return the pairs (i, j), i < j, of texts that agree in all entries of at least one band.

    Args:
        signatures: one a text, all of one length.
        n_bands: how many bands of equal length a signature is cut into, in its order.

    Returns:
        Each pair once, sorted. candidate_pairs([[1, 2, 3, 4], [1, 2, 9, 9], [8, 2, 3, 4]], 2) is
        [(0, 1), (0, 2)].

    Raises:
        ValueError: the length of a signature is no multiple of n_bands.
    """
    ### BEGIN SOLUTION
    found = set()
    for size in {len(s) for s in signatures}:
        if size % n_bands:
            raise ValueError(f"{size} entries do not make {n_bands} bands")
        n_rows = size // n_bands
        for band in range(n_bands):
            buckets: dict[tuple, list[int]] = {}
            for i, one in enumerate(signatures):
                buckets.setdefault(tuple(one[band * n_rows : (band + 1) * n_rows]), []).append(i)
            for members in buckets.values():
                found |= set(itertools.combinations(members, 2))
    return sorted(found)
    ### END SOLUTION


# %% check="minhash" points=11
with check("a signature: the example", hint="For each order the minimum of rank[s] over the text's shingles."):
    expect(signature([0, 2], [[5, 1, 4], [0, 2, 1]]), [4, 0], what="the signature")
    expect(signature([2, 2, 1], [[0, 2, 1], [2, 0, 1]]), [1, 0], what="the signature")
with check("by enumeration: over all 120 orders, the share that agrees is J", hint="Lowest rank, not lowest shingle."):
    orders = [list(order) for order in itertools.permutations(range(5))]
    for a, b, same in (([0, 1, 2], [1, 2, 3], 2 / 4), ([0, 1], [3, 4], 0.0), ([4, 2], [2, 4, 0, 1], 2 / 4), ([3], [3, 1, 0], 1 / 3)):
        agreed = [x == y for x, y in zip(signature(a, orders), signature(b, orders), strict=True)]
        assert len(agreed) == 120, "The signature has another length than there are orders."
        expect(sum(agreed) / 120, same, what="the share of orders that agree")
with check("no shingle: refused", hint="Raise a ValueError of your own.", needs="a signature: the example"):
    expect_raises(ValueError, signature, [], [[0, 1, 2]])
    expect_raises(ValueError, signature, [], [])
with check("bands: the example", hint="All entries of one band, any one band."):
    expect(candidate_pairs([[1, 2, 3, 4], [1, 2, 9, 9], [8, 2, 3, 4]], 2), [(0, 1), (0, 2)], what="the pairs")
with check("equal entries in other places do not count", hint="Band 0 is compared with band 0, entry by entry.", needs="bands: the example"):
    expect(candidate_pairs([[1, 2, 3, 4], [3, 4, 1, 2]], 2), [], what="the pairs")
    expect(candidate_pairs([[1, 2], [2, 1], [3, 0]], 1), [], what="the pairs, with one band,")
with check("half a band is no band", hint="All entries of a band must agree.", needs="bands: the example"):
    expect(candidate_pairs([[1, 2, 3, 4], [1, 9, 3, 9], [1, 2, 9, 9]], 2), [(0, 2)], what="the pairs")
with check("as many bands as asked for", hint="n_bands is the number of bands, not of entries in a band.", needs="bands: the example"):
    expect(candidate_pairs([[1, 2, 3, 4, 5, 6], [7, 2, 3, 4, 9, 9], [7, 8, 3, 4, 5, 6]], 2), [(0, 2)], what="the pairs, with two bands of three,")
    expect(candidate_pairs([[1, 2, 3, 4, 5, 6], [7, 2, 3, 9, 9, 9], [7, 8, 0, 9, 5, 6]], 3), [(0, 2)], what="the pairs, with three bands of two,")
with check("each pair once", hint="Two texts may meet in several bands: collect pairs in a set.", needs="bands: the example"):
    expect(candidate_pairs([[5, 6], [5, 6], [5, 6]], 2), [(0, 1), (0, 2), (1, 2)], what="the pairs")
with check("bands that do not fit: refused", hint="len(signature) % n_bands.", needs="bands: the example"):
    expect_raises(ValueError, candidate_pairs, [[1, 2, 3], [1, 2, 3]], 2)
### BEGIN HIDDEN TESTS
with check("drawn texts", points=2, hint="Compare with two loops over all pairs.", hidden=True) as rng:
    for n_bands, n_rows in ((4, 1), (2, 3), (1, 2), (3, 2)):
        orders = [rng.permutation(12).tolist() for _ in range(n_bands * n_rows)]
        texts = [rng.integers(0, 12, int(rng.integers(2, 9))).tolist() for _ in range(8)] + [[1, 2, 3], [3, 2, 1]]
        drawn = [[int(np.array(rank)[text].min()) for rank in orders] for text in texts]
        expect([signature(text, orders) for text in texts], drawn, what="the signatures")
        blocks = np.array(drawn).reshape(len(texts), n_bands, n_rows)
        want = [(i, j) for i in range(10) for j in range(i + 1, 10) if (blocks[i] == blocks[j]).all(axis=1).any()]
        expect(candidate_pairs(drawn, n_bands), want, what="the pairs")
### END HIDDEN TESTS
grade("minhash")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `min(rank[s] for s in shingles)` is one entry.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each band a dict: the tuple of the band's entries → the texts that have it. Every two texts in one bucket are a pair;
# `itertools.combinations(members, 2)` lists them with the smaller number first.
#
# </details>
#
# On real text: a sample of the paragraphs before any copy was taken out. The demonstration compares your candidates with the
# truth, for which it computes all pairs. Then it shows what copies do to a held-out loss: a share of the held-out paragraphs
# is slipped into the training text of a 6-gram model, and nothing else changes.


# %% demo=true
def show_copies():
    """Compare candidates with all true pairs; then leak held-out paragraphs into training."""
    texts = [t for t in raw_paragraphs() if is_prose(t)][:700]
    sets = [words_shingles(t, 3) for t in texts]
    number = {s: i for i, s in enumerate(sorted(set().union(*sets)))}
    shingles = [[number[s] for s in one] for one in sets]
    rng = np.random.default_rng(0)
    ranks = [rng.permutation(len(number)).tolist() for _ in range(60)]
    found = set(candidate_pairs([signature(one, ranks) for one in shingles], 20))
    similar = {
        (i, j): len(a & b) / len(a | b)
        for (i, a), (j, b) in itertools.combinations(enumerate(sets), 2)
        if a & b
    }
    for low, high in ((0.8, 1.01), (0.5, 0.8), (0.2, 0.5), (0.0, 0.2)):
        pairs = [p for p, s in similar.items() if low <= s < high]
        print(
            f"J from {low} to {min(high, 1):.1f}: {len(pairs):5} pairs, "
            f"{sum(p in found for p in pairs):4} of them candidates"
        )
    train_text, held_out_text = clean_corpus()
    held = held_out_text.split(END)[:-1][:60]
    for share in (0, 0.25, 0.5, 1):
        leaked = train_text[:150_000] + "".join(t + END for t in held[: int(share * len(held))])
        counts, bits, n = ngram_counts(leaked, 6), 0.0, 0
        for text in held:
            bits -= sum(
                math.log2(ngram_prob(counts, text[:i], text[i], 6, N_VOCAB))
                for i in range(len(text))
            )
            n += len(text)
        print(
            f"{share:4.0%} of the held-out paragraphs also in training: "
            f"{bits / n:.2f} bits per byte held out"
        )


show_when_written(show_copies)

# %% [markdown]
# Bands of three entries find nearly all near copies and next to none of the pairs that have little in common. And the held-out loss falls
# with each paragraph that leaks, although the model is no better at anything new. This is **contamination**. For benchmarks people
# look for long runs of tokens that stand in both, 13 in the report on GPT-3 (T. Brown and others, "Language models are few-shot learners", 2020):
# copies in other words pass such a filter.
#
# ### Mixing
#
# A corpus has sources: web, code, books, languages. Draw source $i$, with $n_i$ tokens, with probability proportional
# to $n_i^{\alpha}$: $\alpha = 1$ takes them as large as they are, $\alpha = 0$ alike, and between them small sources are
# raised (A. Conneau and others, "Unsupervised cross-lingual representation learning at scale", 2020, with 0.3). Two sources of
# 90 and 10 tokens with $\alpha = 1/2$: $\sqrt{90} : \sqrt{10} = 3 : 1$, so the small one gets a quarter of the draws. If 200 tokens are
# drawn in all, its 10 tokens come 5 times. Up to about four repetitions cost little, in a study of
# 2023 (N. Muennighoff and others, "Scaling data-constrained language models").
#
# **Why it matters.** A held-out number is worth what the split is worth. Take near copies out *before* you split.
# [How do you know that a benchmark is not in the training data?](#How-do-you-know-that-a-benchmark-is-not-in-the-training-data?)

# %% [markdown]
# ## Packing
#
# Documents have all lengths, a batch has one. Padding wastes what it pads. **Packing** writes all documents one after
# the other, an end token behind each, and cuts the stream into rows of equal length. Nothing is wasted; but a row now holds pieces
# of several documents, and a token may attend to a text that has nothing to do with it. A **document mask** forbids that: position $t$
# may look at position $s$ if $s \le t$ and both belong to one document. (Llama 3 was trained with such a mask: A. Dubey and others, "The Llama
# 3 herd of models", 2024; many runs go without. Positions may begin anew in each document, too.)
#
# **The smallest example.** The documents `[5, 6]`, `[7]` and `[8, 9, 3]`, end token 0, rows of 4. The stream is 5 6 0 7 0 8 9 3 0. It
# gives the rows `[5, 6, 0, 7]` and `[0, 8, 9, 3]`; the last 0 is left over. The documents' numbers beside them: `[0, 0, 0, 1]` and
# `[1, 2, 2, 2]`. The end token belongs to the document that it ends.
#
# ### Pack, and mask
#
# *Implement · 9 minutes · difficulty: two of three*


# %% exercise="packing" minutes=9
def pack(documents: list[list[int]], length: int, end: int) -> tuple[list, list]:
    """Write documents one after the other and cut them into rows.

    Args:
        documents: lists of token ids; one may be empty.
        length: tokens a row, at least 1.
        end: the id that is put behind each document.

    Returns:
        (rows, numbers): lists of lists of `length`; numbers holds, for each token, which document
        it belongs to, counted from 0. What does not fill a row at the end is left out.
    """
    ### BEGIN SOLUTION
    stream = [token for document in documents for token in [*document, end]]
    owner = [i for i, document in enumerate(documents) for _ in range(len(document) + 1)]
    starts = range(0, len(stream) - length + 1, length)
    return [stream[s : s + length] for s in starts], [owner[s : s + length] for s in starts]
    ### END SOLUTION


def document_mask(numbers: list[int]) -> torch.Tensor:
    """Return a tensor (t, t) of bool for one row: True where a position may look.

    Row i is the position that looks, column j the one that it looks at. It may if j <= i and both
    belong to one document. document_mask([4, 4, 5]) is
    [[True, False, False], [True, True, False], [False, False, True]].
    """
    ### BEGIN SOLUTION
    number = torch.tensor(numbers)
    same = number[:, None] == number[None, :]
    return same & torch.ones_like(same).tril()
    ### END SOLUTION


# %% check="packing" points=9
with check("the rows of the example", hint="One long list, the end token behind each document; then slices."):
    expect(pack([[5, 6], [7], [8, 9, 3]], 4, 0)[0], [[5, 6, 0, 7], [0, 8, 9, 3]], what="the rows")
with check("whose token is it", hint="The end token belongs to the document before it."):
    expect(pack([[5, 6], [7], [8, 9, 3]], 4, 0)[1], [[0, 0, 0, 1], [1, 2, 2, 2]], what="the numbers")
with check("a document longer than a row", hint="It goes on in the next row, under the same number."):
    expect(pack([[1, 2, 3, 4, 5, 6]], 3, 9), ([[1, 2, 3], [4, 5, 6]], [[0, 0, 0], [0, 0, 0]]), what="(rows, numbers)")
with check("a stream that fits exactly loses nothing", hint="The last start is len(stream) - length.", needs="whose token is it"):
    expect(pack([[1], [2]], 2, 9), ([[1, 9], [2, 9]], [[0, 0], [1, 1]]), what="(rows, numbers)")
with check("an empty document, and too little for a row", hint="An empty document is its end token alone.", needs="whose token is it"):
    expect(pack([[], [4]], 3, 0), ([[0, 4, 0]], [[0, 1, 1]]), what="(rows, numbers)")
    expect(pack([[4]], 3, 0), ([], []), what="(rows, numbers)")
with check("the mask of the example", hint="Same number, and not later: two conditions, joined by &."):
    expect(document_mask([4, 4, 5]), torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1]]).bool(), what="the mask")
with check("one document: the causal mask", hint="Everything up to the diagonal."):
    expect(document_mask([2, 2, 2, 2]), torch.ones(4, 4).tril().bool(), what="the mask")
### BEGIN HIDDEN TESTS
with check("drawn documents", points=2, hint="Do one more example on paper.", hidden=True) as rng:
    for length in (1, 3, 5):
        documents = [rng.integers(1, 9, int(rng.integers(0, 7))).tolist() for _ in range(6)]
        flat = [(t, i) for i, document in enumerate(documents) for t in document + [0]]
        flat = flat[: len(flat) // length * length]
        want = [np.array([pair[k] for pair in flat], dtype=int).reshape(-1, length).tolist() for k in (0, 1)]
        expect(pack(documents, length, 0), tuple(want), what="(rows, numbers)")
        expect(pack([[1, 2]], 2, 0), ([[1, 2]], [[0, 0]]), what="(rows, numbers)")
        some = sorted(rng.integers(0, 3, 6).tolist())
        want_mask = torch.tensor([[j <= i and some[i] == some[j] for j in range(6)] for i in range(6)])
        expect(document_mask(some), want_mask, what="the mask")
### END HIDDEN TESTS
grade("packing")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Build two lists side by side: the tokens, and whose they are. Then cut both at the same places.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `number[:, None] == number[None, :]` compares each with each; `torch.ones(t, t, dtype=torch.bool).tril()` is the causal part.
#
# </details>
#
# **Why it matters.** With rows of 2,048 tokens and documents of a few hundred, padding would waste most of every batch. Without a mask, though, every token
# of a document also looks at the strangers before it in the row. (With a mask or without, the target behind an end token is a stranger's first word: some leave it
# out of the loss.)
# [What is packing, and what can go wrong with it?](#What-is-packing,-and-what-can-go-wrong-with-it?)

# %% [markdown]
# ## The step: schedule, accumulation, clipping
#
# The optimizer of a pretraining run is unit 05's: AdamW, often with $\beta_2$ = 0.95, warm-up, clipping at 1. The schedule is warm-up and
# cosine, or warm-up, a long flat part and a short fall (WSD: S. Hu and others, "MiniCPM", 2024), which can be stopped and gone on with at any time. The batch is
# counted in tokens: millions in each update. No GPU holds that, so it is cut into **micro-batches**, and their
# gradients are added up before one step: **gradient accumulation**.
#
# It gives exactly the gradient of the large batch, if the weights are right. The loss of the large batch is the mean over its *tokens*.
# Micro-batches have different numbers of tokens that count, because of padding or masks. **A mean of means is then not the mean**: tokens of
# a small micro-batch count for more. Widely used trainers had this fault until October 2024, when D. Han and M. Han of Unsloth described it
# ("Bugs in LLM training: gradient accumulation fix").
#
# **The smallest example.** Three tokens with the losses 1, 1, 1 in one micro-batch, one token with the loss 5 in the next. The mean is 8/4 = 2;
# the mean of the means is $(1 + 5)/2 = 3$. And clip *once*, after adding up: clipping each micro-batch gives another direction.
#
# ### Find the bugs: accumulation
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# The model is one matrix $W$: the logits of a token with features $x$ are $x W$. Repair the program so that it gives what one
# large batch would give.


# %% exercise="fix_accumulation" minutes=8 faults=["micro-batches of different sizes: the mean loss", "... and the gradient of the large batch", "clipped once, at the end", "cut otherwise, the same step", "drawn micro-batches"]
def accumulated(weight: torch.Tensor, micro_batches: list, max_norm: float = math.inf) -> dict:
    """Return loss and gradient of all micro-batches together.

    Args:
        weight: W, (n_features, n_vocab). Not changed.
        micro_batches: pairs (x, y): x is (n_tokens, n_features), y is (n_tokens,), the targets;
            n_tokens is at least 1 and differs from one to the next.
        max_norm: the gradient of the whole batch is shortened to this length where it is longer.

    Returns:
        {"loss": the mean over all tokens, a number; "norm": the gradient's length before clipping,
        a number; "grad": the gradient of that mean after clipping, like weight}. PyTorch divides
        by the norm + 1e-6 when it clips; that is fine too.
    """
    ### BEGIN SOLUTION
    w = weight.clone().requires_grad_()
    n_tokens = sum(len(y) for _, y in micro_batches)
    loss = 0.0
    for x, y in micro_batches:
        part = F.cross_entropy(x @ w, y, reduction="sum") / n_tokens
        part.backward()
        loss += part.item()
    norm = w.grad.norm().item()
    return {"loss": loss, "norm": norm, "grad": w.grad * min(1.0, max_norm / max(norm, 1e-30))}
    ### END SOLUTION
    ### BEGIN RELEASE
    # w = weight.clone().requires_grad_()
    # loss, grad = 0.0, torch.zeros_like(weight)
    # for x, y in micro_batches:
    #     part = F.cross_entropy(x @ w, y) / len(micro_batches)
    #     (slope,) = torch.autograd.grad(part, w)
    #     grad += slope * min(1.0, max_norm / max(slope.norm().item(), 1e-30))
    #     loss += part.item()
    # return {"loss": loss, "norm": grad.norm().item(), "grad": grad}
    ### END RELEASE


# %% check="fix_accumulation" points=8
with check("micro-batches of different sizes: the mean loss", hint="Divide by the number of tokens of all micro-batches.") as rng:
    some_w = torch.tensor(rng.normal(size=(3, 4)))
    some_x, some_y = torch.tensor(rng.normal(size=(9, 3)) * 2), torch.tensor(rng.integers(0, 4, 9))
    parts = [(some_x[:7], some_y[:7]), (some_x[7:8], some_y[7:8]), (some_x[8:], some_y[8:])]
    expect(accumulated(some_w, parts)["loss"], F.cross_entropy(some_x @ some_w, some_y).item(), what="the loss")
with check("... and the gradient of the large batch", hint="The gradient of a sum is the sum of gradients; the factor is 1 / all tokens.") as rng:
    some_w = torch.tensor(rng.normal(size=(3, 4)))
    some_x, some_y = torch.tensor(rng.normal(size=(9, 3)) * 2), torch.tensor(rng.integers(0, 4, 9))
    parts = [(some_x[:7], some_y[:7]), (some_x[7:], some_y[7:])]
    slope = some_x.T @ ((some_x @ some_w).softmax(dim=1) - F.one_hot(some_y, 4)) / 9
    got_step = accumulated(some_w, parts)
    expect(got_step["grad"], slope, what="the gradient")
    expect(got_step["norm"], slope.norm().item(), what="the norm")
with check("clipped once, at the end", hint="The norm is that of the whole gradient, before clipping. A short gradient stays as it is.") as rng:
    some_w = torch.tensor(rng.normal(size=(3, 4)))
    some_x, some_y = torch.tensor(rng.normal(size=(8, 3)) * 5), torch.tensor(rng.integers(0, 4, 8))
    slope = some_x.T @ ((some_x @ some_w).softmax(dim=1) - F.one_hot(some_y, 4)) / 8
    got_step = accumulated(some_w, [(some_x[:4], some_y[:4]), (some_x[4:], some_y[4:])], max_norm=0.1)
    expect(got_step["norm"], slope.norm().item(), what="the norm before clipping")
    expect(got_step["grad"], slope * 0.1 / slope.norm(), tol=1e-5, what="the clipped gradient")
    short_step = accumulated(some_w, [(some_x[:4], some_y[:4]), (some_x[4:], some_y[4:])], max_norm=1000.0)
    expect(short_step["grad"], slope, tol=1e-5, what="the gradient that is short enough")
with check("cut otherwise, the same step", hint="How the batch is cut must not matter.") as rng:
    some_w = torch.tensor(rng.normal(size=(2, 5)))
    some_x, some_y = torch.tensor(rng.normal(size=(12, 2)) * 3), torch.tensor(rng.integers(0, 5, 12))
    whole = F.cross_entropy(some_x @ some_w, some_y).item()
    slope = some_x.T @ ((some_x @ some_w).softmax(dim=1) - F.one_hot(some_y, 5)) / 12
    slope = slope * min(1, 0.05 / slope.norm().item())
    for cuts in ([3, 4, 5], [1, 11], [2] * 6):
        got_step = accumulated(some_w, list(zip(some_x.split(cuts), some_y.split(cuts), strict=True)), 0.05)
        expect(got_step["loss"], whole, what="the loss")
        expect(got_step["grad"], slope, tol=1e-5, what="the gradient")
### BEGIN HIDDEN TESTS
with check("drawn micro-batches", points=4, hint="One token in a micro-batch, twenty in the next; with and without clipping.", hidden=True) as rng:
    for limit in (math.inf, 0.01, 100.0):
        cuts = [1, *rng.integers(1, 20, 4).tolist()]
        some_w = torch.tensor(rng.normal(size=(4, 6)))
        some_x, some_y = torch.tensor(rng.normal(size=(sum(cuts), 4)) * 3), torch.tensor(rng.integers(0, 6, sum(cuts)))
        slope = some_x.T @ ((some_x @ some_w).softmax(dim=1) - F.one_hot(some_y, 6)) / sum(cuts)
        got_step = accumulated(some_w, list(zip(some_x.split(cuts), some_y.split(cuts), strict=True)), limit)
        expect(got_step["loss"], F.cross_entropy(some_x @ some_w, some_y).item(), what="the loss")
        expect(got_step["norm"], slope.norm().item(), what="the norm")
        expect(got_step["grad"], slope * min(1, limit / slope.norm().item()), tol=1e-5, what="the gradient")
### END HIDDEN TESTS
grade("fix_accumulation")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two faults: what the loss of a micro-batch is divided by, and where the gradient is shortened.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `reduction="sum"`, divided by the number of tokens of *all* micro-batches, which you can count before the loop. Clip after it.
#
# </details>
#
# **Why it matters.** The faulty loss looks normal and falls. It is just not the loss that you wanted. Over many GPUs it is the same: the
# number of tokens must be summed over all of them.
# [What is gradient accumulation, and when does it differ from a large batch?](#What-is-gradient-accumulation,-and-when-does-it-differ-from-a-large-batch?)

# %% [markdown]
# ## Memory: 16 bytes a parameter
#
# Training with Adam in **mixed precision** keeps for each parameter: the weight in 16 bits (2 bytes), its gradient in 16 bits (2), and for the
# optimizer, in 32 bits, a copy of the weight (4), the mean of the gradients (4) and the mean of their squares (4). Together
# **16 bytes**, of which 12 are the optimizer's. In plain 32 bits it is 4 + 4 + 4 + 4 = 16 as well. Running the model takes the
# 2 bytes alone.
#
# With $N$ GPUs that all hold all of it, the same 16 bytes stand in each. **ZeRO** (S. Rajbhandari and others, "ZeRO: memory optimizations
# toward training trillion parameter models", 2020) cuts what is the same everywhere into $N$ pieces:
#
# | | weight | gradient | optimizer | bytes a parameter on each GPU |
# |---|---|---|---|---|
# | no ZeRO | all | all | all | $2 + 2 + 12$ |
# | stage 1 | all | all | piece | $2 + 2 + 12/N$ |
# | stage 2 | all | piece | piece | $2 + (2 + 12)/N$ |
# | stage 3 (as in FSDP) | piece | piece | piece | $(2 + 2 + 12)/N$ |
#
# **An example, the paper's own.** 7.5 billion parameters, $N$ = 64, in GB of $10^9$ bytes: 120, 31.4, 16.6 and 1.9.
#
# **Activations** come on top: what the forward pass keeps for the backward pass. A layer of a usual decoder in 16 bits keeps
# about $s b h\,(34 + 5 a s/h)$ bytes, for $s$ tokens, $b$ rows, width $h$ and $a$ heads (V. Korthikanti and others, "Reducing activation
# recomputation in large transformer models", 2022); the second term is the attention matrices, which FlashAttention does not keep. **Activation
# checkpointing** keeps only the input of each layer, $2 s b h$ bytes, and computes the rest again on the way back: about a third
# more arithmetic (one more forward pass beside forward and backward, which cost 1 and 2).
#
# ### Memory by hand
#
# *By hand · 8 minutes · difficulty: two of three*
#
# A model of 13 billion parameters, Adam, mixed precision, 16 GPUs. In GB of $10^9$ bytes, for *each* GPU, without activations:
#
# - `"plain"`, `"stage1"`, `"stage2"`, `"stage3"`;
# - `"run"`: the weights alone, in 16 bits, on one GPU.
#
# And the activations of one layer with $s$ = 2048, $b$ = 1, $h$ = 4096, $a$ = 32, in MB of $10^6$ bytes:
#
# - `"layer"`: by the formula; `"kept"`: with checkpointing, the layer's input only.

# %% exercise="memory_by_hand" minutes=8
### BEGIN SOLUTION
memory_hand = {
    "plain": 16 * 13, "stage1": 13 * (4 + 12 / 16), "stage2": 13 * (2 + 14 / 16), "stage3": 13 * 16 / 16, "run": 26,
    "layer": 2048 * 4096 * (34 + 5 * 32 * 2048 / 4096) / 1e6, "kept": 2 * 2048 * 4096 / 1e6,
}  # fmt: skip
### END SOLUTION
### BEGIN RELEASE
# memory_hand = {
#     "plain": ..., "stage1": ..., "stage2": ..., "stage3": ..., "run": ...,
#     "layer": ..., "kept": ...,
# }
### END RELEASE

# %% check="memory_by_hand" points=7
with check("no ZeRO", hint="16 bytes a parameter; billions of bytes are GB."):
    expect(memory_hand["plain"], sum([2, 2, 4, 4, 4]) * 13, what="the size in GB", tell=False)
with check("stage 1", hint="Only the 12 bytes of the optimizer are divided by 16."):
    expect(memory_hand["stage1"], sum([2, 2, *[4 / 16] * 3]) * 13, what="the size in GB", tell=False)
with check("stage 2", hint="Now the gradient's 2 bytes are divided, too."):
    expect(memory_hand["stage2"], sum([2, 2 / 16, *[4 / 16] * 3]) * 13, what="the size in GB", tell=False)
with check("stage 3", hint="Everything is divided."):
    expect(memory_hand["stage3"], sum([2 / 16, 2 / 16, *[4 / 16] * 3]) * 13, what="the size in GB", tell=False)
with check("to run it", hint="Neither gradients nor optimizer."):
    expect(memory_hand["run"], torch.zeros(0, dtype=torch.bfloat16).element_size() * 13, what="the size in GB", tell=False)
with check("the activations of a layer", hint="Put in the numbers: 5 · a · s / h is 80."):
    linear, square = 34 * 2048 * 4096, 5 * 32 * 2048**2  # the two terms, multiplied out
    expect(memory_hand["layer"], (linear + square) / 10**6, what="the size in MB", tell=False)
with check("what checkpointing keeps", hint="s · b · h numbers of 2 bytes."):
    kept_bytes = torch.zeros(1, 2048, 4096, dtype=torch.bfloat16).nbytes
    expect(memory_hand["kept"], kept_bytes / 10**6, what="the size in MB", tell=False)
grade("memory_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Work in bytes a parameter first: 16, 4 + 12/16, 2 + 14/16, 16/16. Then times 13.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the layer: $2048 \cdot 4096 \cdot (34 + 80)$ bytes. Let Python multiply.
#
# </details>


# %% demo=true
def show_memory():
    """Count bytes: states, and activations with and without checkpointing."""
    torch.manual_seed(0)
    net, rows = TinyGPT(96, n_layers=6), torch.zeros(8, 33, dtype=torch.long)
    optimizer = torch.optim.AdamW(net.parameters())
    mean_loss(net, rows).backward()
    optimizer.step()
    parts = [*net.parameters(), *(p.grad for p in net.parameters())]
    parts += [t for state in optimizer.state.values() for t in state.values() if t.ndim]
    n_weights = sum(p.numel() for p in net.parameters())
    print(
        f"states: {sum(t.nbytes for t in parts) / n_weights:.2f} bytes a parameter "
        f"({n_weights:,} parameters)"
    )

    def kept(checkpointed: bool) -> int:
        storages = {}
        weights = {p.untyped_storage().data_ptr() for p in net.parameters()}

        def pack_hook(t):
            if t.untyped_storage().data_ptr() not in weights:
                storages[t.untyped_storage().data_ptr()] = t.untyped_storage()
            return t

        x, mask = (
            torch.randn(8, 32, 96, requires_grad=True),
            torch.ones(32, 32, dtype=torch.bool).tril(),
        )
        with torch.autograd.graph.saved_tensors_hooks(pack_hook, lambda t: t):
            for block in net.blocks:
                if checkpointed:
                    x = torch.utils.checkpoint.checkpoint(block, x, mask, use_reentrant=False)
                    storages[x.untyped_storage().data_ptr()] = x.untyped_storage()
                else:
                    x = block(x, mask)
        return sum(s.nbytes() for s in storages.values())

    print(f"activations of six blocks: {kept(False):,} bytes; with checkpointing {kept(True):,}")
    print(
        f"SmolLM2 (134,515,008 parameters): {134_515_008 * 16 / 1e9:.2f} GB of states to train it"
    )


show_memory()

# %% [markdown]
# Counted, not estimated: the states of a real AdamW are 16 bytes a parameter here as well. And checkpointing keeps a small part of the
# activations.
#
# **Why it matters.** A model of 7 billion takes 14 GB to run and 112 GB to train before the first activation. Both numbers are asked for, and they are mixed up.
# [How much GPU memory does training a 7B model take?](#How-much-GPU-memory-does-training-a-7B-model-take?)

# %% [markdown]
# ## Numbers with 16 bits
#
# Both 16-bit formats spend one bit on the sign. **float16** has 5 bits for the exponent and 10 for the fraction: values up to 65,504, and nothing
# below about 6e-8 but 0. **bfloat16** has 8 and 7: the range of 32-bit floats, and few digits. Between two powers of two lie 128
# values, so from 256 to 512 every second whole number, and near 1 steps of 1/128 above it.
#
# **The smallest example.** In bfloat16, 128 + 1 = 129 is there. 512 + 1 is not: the neighbours are 512 and 516, and the nearer one is 512.
# A sum that lies half-way between two neighbours goes to the one whose last bit is 0.
#
# ### Predict what is lost
#
# *Predict, then run · 6 minutes · difficulty: two of three*
#
# Commit to the results (numbers; infinity is `math.inf`). PyTorch computes each in the format and rounds:
#
# - `"sum"`: 256 + 1 in bfloat16;
# - `"update"`: a weight of 1 plus an update of 0.001, in bfloat16;
# - `"count"`: start at 0 in bfloat16 and add 1 a thousand times;
# - `"large"`: 300 times 300 in float16;
# - `"small"`: a gradient of 1e-8, stored in float16;
# - `"scaled"`: the same gradient when the loss was multiplied by 1024 first: is anything left of it in float16? `True` or `False`.

# %% exercise="half_precision" minutes=6
### BEGIN SOLUTION
half_said = {"sum": 256, "update": 1, "count": 256, "large": math.inf, "small": 0, "scaled": True}
### END SOLUTION
### BEGIN RELEASE
# half_said = {"sum": ..., "update": ..., "count": ..., "large": ..., "small": ..., "scaled": ...}
### END RELEASE

# %% check="half_precision" points=6
with check("256 + 1 in bfloat16", hint="Neighbours are 256 and 258; 257 lies half-way."):
    expect(half_said["sum"], (torch.tensor(256.0).bfloat16() + 1).item(), what="the sum", tell=False)
with check("1 + 0.001 in bfloat16", hint="The next value above 1 is 1 + 1/128."):
    expect(half_said["update"], (torch.tensor(1.0).bfloat16() + 0.001).item(), what="the weight", tell=False)
with check("a thousand ones", hint="Where does adding 1 stop to change anything?"):
    counted = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(1000):
        counted = counted + 1
    expect(half_said["count"], counted.item(), what="the count", tell=False)
with check("300 times 300 in float16", hint="What is the largest value?"):
    expect(half_said["large"], (torch.tensor(300.0).half() * 300).item(), what="the product", tell=False)
with check("a gradient of 1e-8 in float16", hint="What is the smallest value above 0?"):
    expect(half_said["small"], torch.tensor(1e-8).half().item(), what="the gradient", tell=False)
with check("... with a scaled loss", hint="1024 times 1e-8 is about 1e-5."):
    expect(half_said["scaled"], (torch.tensor(1e-8) * 1024).half().item() > 0, what="the answer", tell=False)
grade("half_precision")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# From 256 on, bfloat16 holds even numbers only; from 128 to 256, every whole number.
#
# </details>
# <details><summary>Hint 2</summary>
#
# An update that is smaller than half the distance to the next value is lost. It is lost again in the next step, and for ever.
#
# </details>
#
# This is why mixed precision keeps a copy of the weights in 32 bits. The demonstration trains two networks alike, but one of them
# keeps its weights in bfloat16: after each step they are rounded.


# %% demo=true
def show_rounding():
    """Train with weights in 32 bits, and with weights rounded to bfloat16 after each step."""
    ids, held_out = map(to_ids, clean_corpus())
    for rounded in (False, True):
        ends = []
        for seed in range(2):
            torch.manual_seed(seed)
            net = TinyGPT(32)
            train(net, ids, 300, peak=1e-3, seed=seed, rounded=rounded)
            ends.append(window_bits(net, held_out))
        words = "rounded to bfloat16" if rounded else "kept in 32 bits"
        print(
            f"weights {words:20} bits per byte held out, two seeds: "
            + ", ".join(f"{e:.2f}" for e in ends)
        )


show_rounding()

# %% [markdown]
# With rounded weights every seed ends worse, and all else was computed in 32 bits. (Rounding at random, up or down with the right
# probabilities, is another cure: on average nothing is lost.)
#
# **Why it matters.** "We train in bf16" means: products in bf16, sums and master weights in fp32. float16 needs loss scaling on top.
# [fp16 or bf16: what does each lose?](#fp16-or-bf16:-what-does-each-lose?)

# %% [markdown]
# ## Many GPUs, in numbers
#
# - **Data parallel**: each GPU has all of the model and its own rows. After the backward pass gradients are averaged: an
#   *all-reduce*. In a ring of $N$ GPUs each sends $2\,(N-1)/N$ times the size of the gradient. (ZeRO 1 and 2 send as much, stage 3 half as much again.)
# - **Tensor parallel**: each matrix is cut. In a two-layer network the first matrix is cut into columns and the second into rows, so that
#   the activation between needs no exchange and *one* all-reduce of the output ends the layer, and one more the way back. It talks in every layer, so it stays inside a machine.
# - **Pipeline parallel**: each GPU has some layers, and micro-batches flow through. At first the last stages wait, at the end the first: with
#   $p$ stages and $m$ micro-batches the share of idle time, the **bubble**, is $(p-1)/(m+p-1)$ (Y. Huang and others, "GPipe", 2019).
# - The three multiply: the number of GPUs is the product of the three degrees.
#
# **The smallest example.** Two stages, three micro-batches: each stage works 3 of 4 time slots, a bubble of 1/4.
#
# ### Parallel by hand
#
# *By hand · 6 minutes · difficulty: two of three*
#
# - `"bubble"`: 4 stages, 12 micro-batches;
# - `"sent"`: GB that each of 8 GPUs sends in one ring all-reduce of the gradients of 7 billion parameters in 16 bits;
# - `"piece"`: parameters that each of 8 GPUs holds of a matrix of 4096 × 16384, tensor parallel;
# - `"gpus"`: tensor parallel 8, pipeline 4, data parallel 16.

# %% exercise="parallel_by_hand" minutes=6
### BEGIN SOLUTION
parallel_hand = {"bubble": 3 / 15, "sent": 2 * 7 / 8 * 14, "piece": 4096 * 16384 // 8, "gpus": 8 * 4 * 16}
### END SOLUTION
### BEGIN RELEASE
# parallel_hand = {"bubble": ..., "sent": ..., "piece": ..., "gpus": ...}
### END RELEASE

# %% check="parallel_by_hand" points=4
with check("the bubble", hint="All slots of a stage are m + p − 1; it works in m of them."):
    slots = {(stage, stage + micro) for stage in range(4) for micro in range(12)}  # (who, when)
    n_slots = 1 + max(when for _, when in slots)
    expect(parallel_hand["bubble"], 1 - len(slots) / (4 * n_slots), what="the bubble", tell=False)
with check("what each GPU sends", hint="The gradient is 14 GB; each sends 2 · 7/8 of that."):
    chunk = 7 * 2 / 8  # a ring passes on one piece of eight in each of 7 + 7 rounds
    expect(parallel_hand["sent"], sum(chunk for _ in range(7 + 7)), what="the size in GB", tell=False)
with check("a piece of a matrix", hint="2048 columns of 4096 each."):
    expect(parallel_hand["piece"], torch.empty(4096, 16384, device="meta").chunk(8, dim=1)[0].numel(), what="the number of parameters", tell=False)
with check("all GPUs", hint="The degrees multiply."):
    expect(parallel_hand["gpus"], len(list(itertools.product(range(8), range(4), range(16)))), what="the number", tell=False)
grade("parallel_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw the pipeline: four lines, time to the right. Stage 3 begins when three slots have passed.
#
# </details>
# <details><summary>Hint 2</summary>
#
# 7 billion parameters of 2 bytes are 14 GB. A ring of 8: first 7 rounds to add up, then 7 to hand out, an eighth in each.
#
# </details>


# %% demo=true
def show_tensor_parallel():
    """A two-layer network, cut in four: columns, then rows, then one sum."""
    generator = torch.Generator().manual_seed(0)
    x, up, down = (
        torch.randn(*s, generator=generator, dtype=torch.float64)
        for s in ((5, 16), (16, 64), (64, 16))
    )
    whole = F.gelu(x @ up) @ down
    pieces = [
        F.gelu(x @ a) @ b for a, b in zip(up.chunk(4, dim=1), down.chunk(4, dim=0), strict=True)
    ]
    print(f"four pieces, added up: largest difference {(sum(pieces) - whole).abs().max():.1e}")
    wrong = [F.gelu(x[:, 4 * i : 4 * i + 4] @ a) for i, a in enumerate(up.chunk(4, dim=0))]
    gap = (sum(wrong) - F.gelu(x @ up)).abs().max()
    print(f"rows first, GELU before the sum: largest difference {gap:.1f}")


show_tensor_parallel()

# %% [markdown]
# Columns first, then rows: the sum of the pieces is the whole. The other way round an exchange would be needed before the
# GELU, because a nonlinearity of a sum is not the sum of nonlinearities.
#
# **Why it matters.** "What is split, and what is sent?" answers every question on parallel training.
# [Data, tensor and pipeline parallelism: what is split, and what is sent?](#Data,-tensor-and-pipeline-parallelism:-what-is-split,-and-what-is-sent?)

# %% [markdown]
# ## How large a model, how much text
#
# Training costs about $C = 6 N D$ operations for $N$ parameters and $D$ tokens: 2 for each parameter on the way forward, 4 on the way back.
# Which $N$ is best for a given $C$? J. Hoffmann and others ("Training compute-optimal large language models", 2022, "Chinchilla") fitted
# the final loss of several hundred runs with
#
# $$L(N, D) = E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}},$$
#
# with $E$ = 1.69, $A$ = 406.4, $B$ = 410.7, $\alpha$ = 0.34, $\beta$ = 0.28: what no model can learn, what a small model misses, and what little text
# leaves out. For Chinchilla itself, 70 billion parameters and 1.4 trillion tokens, it gives 1.937.
#
# With $D = C/(6N)$ put in, set the derivative by $N$ to zero: $\alpha A N^{-\alpha - 1} = \beta B\,(6/C)^{\beta} N^{\beta - 1}$. So
#
# $$N^* = \left(\frac{\alpha A}{\beta B}\right)^{\frac{1}{\alpha + \beta}} \left(\frac{C}{6}\right)^{\frac{\beta}{\alpha + \beta}}, \qquad D^* = \frac{C}{6 N^*}.$$
#
# **The smallest example.** $\alpha = \beta = 1$ and $A = B = 1$: $N^* = D^* = \sqrt{C/6}$. For $C$ = 24 both are 2.
#
# ### The best size for a budget
#
# *Implement · 10 minutes · difficulty: two of three*

# %%
CHINCHILLA = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}


# %% exercise="chinchilla" minutes=10
def scaling_loss(law: dict[str, float], n: float, d: float) -> float:
    """Return E + A / n**alpha + B / d**beta for n parameters and d tokens.

    Args:
        law: the numbers "E", "A", "B", "alpha", "beta".

    scaling_loss(CHINCHILLA, 70e9, 1.4e12) is about 1.937.
    """
    ### BEGIN SOLUTION
    return law["E"] + law["A"] / n ** law["alpha"] + law["B"] / d ** law["beta"]
    ### END SOLUTION


def best_size(law: dict[str, float], flops: float) -> tuple[float, float]:
    """Return (parameters, tokens) with the lowest loss among those that cost `flops` = 6 n d.

    Whole numbers are not asked for. With alpha = beta = A = B = 1 and 24 operations: (2, 2).
    """
    ### BEGIN SOLUTION
    a, b = law["alpha"], law["beta"]
    n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))
    return n, flops / 6 / n
    ### END SOLUTION


# %% check="chinchilla" points=10
with check("the loss: Chinchilla and Gopher", hint="Three terms. Gopher has 280 billion parameters and 300 billion tokens."):
    want_losses = [1.69 + 406.4 * math.exp(-0.34 * math.log(n)) + 410.7 * math.exp(-0.28 * math.log(d)) for n, d in ((70e9, 1.4e12), (280e9, 300e9))]
    expect([scaling_loss(CHINCHILLA, 70e9, 1.4e12), scaling_loss(CHINCHILLA, 280e9, 300e9)], want_losses, what="the losses")
with check("the loss: parameters and tokens are not exchanged", hint="A and alpha belong to n.", needs="the loss: Chinchilla and Gopher"):
    expect(scaling_loss({"E": 1, "A": 8, "B": 9, "alpha": 1, "beta": 0.5}, 4, 9), 1 + 2 + 3, what="the loss")
with check("the best size: the example", hint="flops / 6 is n · d."):
    expect(best_size({"E": 0, "A": 1, "B": 1, "alpha": 1, "beta": 1}, 24), (2, 2), what="(parameters, tokens)")
with check("the budget is spent, not more", hint="6 · n · d is flops.", needs="the best size: the example"):
    some_size = best_size(CHINCHILLA, 1e21)
    expect(6 * some_size[0] * some_size[1], 1e21, what="6 n d")
with check("no neighbour is better", points=2, hint="The factor in front is (alpha A / (beta B)) to the power 1 / (alpha + beta)."):
    for flops in (1e18, 5.76e23):
        n_grid = np.exp(np.linspace(math.log(1e6), math.log(1e13), 40001))  # a search over sizes, finer than 1 in 2000
        grid_loss = 1.69 + 406.4 / n_grid**0.34 + 410.7 / (flops / 6 / n_grid) ** 0.28
        expect(best_size(CHINCHILLA, flops)[0] / n_grid[grid_loss.argmin()], 1.0, tol=1e-3, what="your size over the one a search finds")
### BEGIN HIDDEN TESTS
with check("other laws", points=4, hint="Exponents that differ, factors that differ; compare with a search.", hidden=True) as rng:
    for _ in range(4):
        drawn_law = {"E": 1.0, "A": float(rng.uniform(100, 900)), "B": float(rng.uniform(100, 900)),
                     "alpha": float(rng.uniform(0.2, 0.6)), "beta": float(rng.uniform(0.2, 0.6))}  # fmt: skip
        flops = 10 ** float(rng.uniform(17, 22))
        n_grid = np.exp(np.linspace(math.log(1e2), math.log(1e18), 60001))
        grid_loss = 1 + drawn_law["A"] / n_grid ** drawn_law["alpha"] + drawn_law["B"] / (flops / 6 / n_grid) ** drawn_law["beta"]
        got_size = best_size(drawn_law, flops)
        expect(got_size[0] / n_grid[grid_loss.argmin()], 1.0, tol=2e-3, what="your size over the one a search finds")
        expect(scaling_loss(drawn_law, *got_size), grid_loss.min(), tol=1e-6, what="the loss there")
### END HIDDEN TESTS
grade("chinchilla")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `law["A"] / n ** law["alpha"]` is the second term.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Compute $N^*$ by the formula above; $D^*$ is what the budget leaves: `flops / 6 / n`.
#
# </details>
#
# **Why it matters.** This is the first line of every plan: how large, on how much text.
# [What do scaling laws say about model size and data?](#What-do-scaling-laws-say-about-model-size-and-data?)
#
# ### A trap in a famous fit
#
# *Predict, then run · 4 minutes · difficulty: two of three*
#
# "Twenty tokens a parameter" is the rule that people took from the paper: Chinchilla has 70 billion parameters and 1.4 trillion
# tokens. Now take the *published formula* and its budget, $C$ = 5.76e23. What does `best_size` say? Commit first.
#
# - `"ratio"`: tokens a parameter: (a) about 20 (b) about 90 (c) about 5
# - `"growth"`: with a hundred times the budget, that ratio by this formula (a) stays (b) rises (c) falls

# %% exercise="trap" minutes=4
### BEGIN SOLUTION
trap_said = {"ratio": "b", "growth": "b"}
### END SOLUTION
### BEGIN RELEASE
# trap_said = {"ratio": ..., "growth": ...}
### END RELEASE

# %% check="trap" points=2
with check("the ratio by the published formula", hint="Run `best_size(CHINCHILLA, 5.76e23)` after you have committed."):
    expect_choice(
        trap_said["ratio"],
        "b",
        {
            "a": "That is the rule, and what two other methods in the paper give. The printed formula says otherwise.",
            "b": "The rounded constants give a much smaller model and far more text than the model that was trained.",
            "c": "That would be a larger model on less text, as Gopher was.",
        },
    )
with check("the ratio with more compute", hint="N grows with the power β/(α+β), D with α/(α+β). Which is larger?"):
    expect_choice(
        trap_said["growth"],
        "b",
        {
            "a": "It would stay if α and β were equal.",
            "b": "α is larger than β, so D grows with the larger power.",
            "c": "Compare the two powers: β/(α+β) belongs to N.",
        },
    )
grade("trap")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# $D/N = \frac{C}{6 N^2}$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The powers are 0.28/0.62 for $N$ and 0.34/0.62 for $D$.
#
# </details>


# %% demo=true
def show_trap():
    """Tokens a parameter by the published fit."""
    for flops in (1e19, 1e21, 5.76e23, 5.76e25):
        n, d = best_size(CHINCHILLA, flops)
        loss = scaling_loss(CHINCHILLA, n, d)
        print(
            f"{flops:9.3g} operations: {n:9.3g} parameters, {d:9.3g} tokens, "
            f"ratio {d / n:4.0f}, loss {loss:.3f}"
        )
    print(
        f"Chinchilla, as it was trained: ratio 20, "
        f"loss {scaling_loss(CHINCHILLA, 70e9, 1.4e12):.3f}"
    )


show_when_written(show_trap)

# %% [markdown]
# The formula asks for 32 billion parameters and 93 tokens each. T. Besiroglu and others ("Chinchilla scaling: a replication attempt",
# 2024) took the points from the paper's figure and fitted again: the published constants do not fit them well, and new ones agree with about
# twenty. Note also how flat the bottom is: the two losses differ by less than 0.01. And the best size for *training* is not the best for
# use: a smaller model, trained longer, is cheaper with each answer. Llama 3's model of 8 billion saw 15 trillion tokens, nearly two thousand a parameter.
#
# **Why it matters.** Whoever quotes the rule should know what it is the answer to: the lowest loss for a budget of training, nothing else.
# [What do scaling laws say about model size and data?](#What-do-scaling-laws-say-about-model-size-and-data?)

# %% [markdown]
# ## Fit one yourself
#
# **IsoFLOP curves**: for some budgets $C$ train models of several sizes, each with $D = C/(6N)$ tokens. Over $\log N$ the losses of one budget look like
# a parabola; its lowest point is the best size. Through the best sizes goes a power law, $N^* = g\,C^a$: a straight line in logarithms.
#
# **The table in the next cell is made, not measured**: a law of our own with stated constants, and noise. So there is a truth to compare with. Its exponent
# is $a = \beta/(\alpha + \beta)$ = 0.3/0.7.
#
# **The smallest example.** Sizes 1, 10, 100 with the losses 3, 2, 3: the parabola over the logarithm is lowest at 10. And through
# (1, 2), (100, 20) goes $2 x^{1/2}$.
#
# ### Parabolas and a straight line
#
# *Implement · 10 minutes · difficulty: two of three*

# %%
OUR_LAW = {"E": 1.8, "A": 300.0, "B": 500.0, "alpha": 0.4, "beta": 0.3}  # stated, not measured


def make_table(noise: float = 0.01, seed: int = 0) -> dict[float, tuple[list[float], list[float]]]:
    """Return budget → (sizes, losses) by the law above, and noise: nine sizes each."""
    rng, table = np.random.default_rng(seed), {}
    for flops in (1e17, 1e18, 1e19, 1e20, 1e21):
        n = 0.73 * (flops / 6) ** (0.3 / 0.7) * 3.0 ** np.linspace(-2, 2, 9)
        loss = 1.8 + 300 / n**0.4 + 500 / (flops / 6 / n) ** 0.3 + rng.normal(0, noise, 9)
        table[flops] = n.tolist(), loss.tolist()
    return table


made_table = make_table()


# %% exercise="isoflop" minutes=10
def parabola_minimum(sizes: list[float], losses: list[float]) -> float:
    """Fit a parabola to the losses over log(size), by least squares; return the size at its bottom.

    Raises:
        ValueError: fewer than three points, or the parabola is open downwards (its first
            coefficient is below 0).

    parabola_minimum([1, 10, 100], [3, 2, 3]) is 10.
    """
    ### BEGIN SOLUTION
    if len(sizes) < 3:
        raise ValueError("a parabola needs three points")
    a, b, _ = np.polyfit(np.log(sizes), losses, 2)
    if a <= 0:
        raise ValueError("this parabola has no bottom")
    return float(np.exp(-b / (2 * a)))
    ### END SOLUTION


def power_law(x: list[float], y: list[float]) -> tuple[float, float]:
    """Fit y = g * x**a by least squares in the logarithms of both; return (a, g).

    power_law([1, 100], [2, 20]) is (0.5, 2).
    """
    ### BEGIN SOLUTION
    a, log_g = np.polyfit(np.log(x), np.log(y), 1)
    return float(a), float(np.exp(log_g))
    ### END SOLUTION


# %% check="isoflop" points=10
with check("a parabola: the example", hint="np.polyfit over np.log(sizes), degree 2; the bottom is at -b / (2a)."):
    expect(parabola_minimum([1, 10, 100], [3, 2, 3]), 10.0, tol=1e-7, what="the size")
with check("a bottom between the points", hint="The bottom of the parabola, not the lowest point of the table.") as rng:
    for low in rng.uniform(2, 5, 3):
        grid = np.linspace(0, 7, 6)
        expect(parabola_minimum(np.exp(grid).tolist(), (1 + 0.3 * (grid - low) ** 2).tolist()), math.exp(low), tol=1e-6, what="the size")
with check("points that do not lie on it", hint="Least squares over all points.") as rng:
    grid, some = np.array([0.0, 1.0, 2.0, 3.0]), rng.uniform(0, 0.2, 4) + np.array([1.0, 0.0, 0.0, 1.0])
    basis = np.stack([grid**2, grid, np.ones(4)], axis=1)
    a, b, _ = np.linalg.solve(basis.T @ basis, basis.T @ some)  # the normal equations
    expect(parabola_minimum(np.exp(grid).tolist(), some.tolist()), math.exp(-b / 2 / a), tol=1e-6, what="the size")
with check("no bottom, or two points: refused", hint="Count the points first; then look at the sign of the first coefficient.", needs="a parabola: the example"):
    expect_raises(ValueError, parabola_minimum, [1, 10, 100], [2, 3, 2])
    expect_raises(ValueError, parabola_minimum, [1, 10], [2, 3])
with check("a power law: the example", hint="A straight line through the logarithms; exp of its height at 0."):
    expect(power_law([1, 100], [2, 20]), (0.5, 2.0), tol=1e-7, what="(a, g)")
with check("a power law that is none: least squares in logarithms", hint="Not in the numbers themselves.", needs="a power law: the example"):
    logs = np.array([[0, 0.7], [1, 1.2], [3, 4.1]])
    slope = stats.linregress(logs[:, 0], logs[:, 1])
    expect(power_law(np.exp(logs[:, 0]).tolist(), np.exp(logs[:, 1]).tolist()), (slope.slope, math.exp(slope.intercept)), tol=1e-7, what="(a, g)")
### BEGIN HIDDEN TESTS
with check("drawn points", points=4, hint="Compare with scipy.stats.linregress and with the normal equations.", hidden=True) as rng:
    for _ in range(4):
        logs = rng.uniform(1, 20, 7)
        others = 0.5 * logs + rng.normal(0, 1, 7)
        slope = stats.linregress(logs, others)
        expect(power_law(np.exp(logs).tolist(), np.exp(others).tolist()), (slope.slope, math.exp(slope.intercept)), tol=1e-6, what="(a, g)")
        grid = np.sort(rng.uniform(-2, 2, 8))
        some = 2 + 0.5 * (grid - 0.3) ** 2 + rng.normal(0, 0.05, 8)
        basis = np.stack([grid**2, grid, np.ones(8)], axis=1)
        a, b, _ = np.linalg.lstsq(basis, some, rcond=None)[0]
        expect(parabola_minimum(np.exp(grid).tolist(), some.tolist()), math.exp(-b / 2 / a), tol=1e-6, what="the size")
### END HIDDEN TESTS
grade("isoflop")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `np.polyfit(np.log(sizes), losses, 2)` gives three coefficients, the highest power first.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A parabola $a u^2 + b u + c$ is lowest at $u = -b/(2a)$, and the size there is $e^u$.
#
# </details>
#
# **Why it matters.** One fits on runs that one can afford, and predicts a run that one can afford once.
# [How do you predict the loss of a run that is too expensive to try?](#How-do-you-predict-the-loss-of-a-run-that-is-too-expensive-to-try?)


# %% demo=true
# Figure: losses over model size for five budgets, with the parabola of each and its lowest point
def show_isoflop():
    """Draw the made table, one parabola a budget, and print the fitted exponent."""
    fig, (ax,) = plots.canvas(1, width=7.5, height=4.2)
    best, words = {}, []
    markers = ["o", "s", "^", "D", "v"]
    for (flops, (n, loss)), marker in zip(made_table.items(), markers, strict=True):
        best[flops] = parabola_minimum(n, loss)
        grid = np.exp(np.linspace(math.log(n[0]), math.log(n[-1]), 60))
        ax.plot(n, loss, marker=marker, linestyle="", color=plots.palette["blue"], markersize=4)
        curve = np.poly1d(np.polyfit(np.log(n), loss, 2))
        ax.plot(grid, curve(np.log(grid)), color=plots.palette["black"], linewidth=0.8)
        ax.annotate(
            f"C = {flops:.0e}",
            (n[-1], loss[-1]),
            fontsize=8,
            xytext=(4, 0),
            textcoords="offset points",
        )
        ax.plot(
            [best[flops]],
            [curve(math.log(best[flops]))],
            marker="*",
            color=plots.palette["orange"],
            markersize=12,
            markeredgecolor="black",
        )
        words.append(
            f"C = {flops:.0e}: lowest near {best[flops]:.2g} parameters, "
            f"loss {curve(math.log(best[flops])):.2f}"
        )
    ax.set(xscale="log", xlabel="parameters", ylabel="loss (made, with noise)")
    plots.show(
        fig,
        alt="Five U-shaped curves of loss over parameters, each lower and further right. "
        + "; ".join(words),
    )
    exponent, _ = power_law(list(best), list(best.values()))
    others = []
    for seed in range(1, 41):
        bests = {c: parabola_minimum(*row) for c, row in make_table(seed=seed).items()}
        others.append(power_law(list(bests), list(bests.values()))[0])
    low, high = np.quantile(others, [0.025, 0.975])
    print(
        f"fitted exponent {exponent:.3f}; in forty other tables 95 % lie in {low:.3f} to {high:.3f}"
    )
    print(f"the law's own: {0.3 / 0.7:.3f}")


show_when_written(show_isoflop)

# %% [markdown]
# ### Read the curves of five budgets
#
# *Read the plot · 4 minutes · difficulty: one of three*
#
# Read off the figure, a factor of two either way is close enough for the first:
#
# - `"best"`: the best number of parameters for $C$ = 1e19;
# - `"times"`: with a hundred times the budget, the best size grows by a factor of about (a) 100 (b) 50 (c) 7 (d) 2;
# - `"flat"`: at three times the best size, the loss is (a) much worse (b) a little worse (c) better.

# %% exercise="read_isoflop" minutes=4
### BEGIN SOLUTION
iso_read = {"best": 5e7, "times": "c", "flat": "b"}
### END SOLUTION
### BEGIN RELEASE
# iso_read = {"best": ..., "times": ..., "flat": ...}
### END RELEASE

# %% check="read_isoflop" points=3
with check("the best size for 1e19", hint="The star of the third curve, then down to the axis. Ticks are powers of ten."):
    said_size = given(iso_read["best"])
    true_size = (0.4 * 300 / (0.3 * 500)) ** (1 / 0.7) * (1e19 / 6) ** (0.3 / 0.7)
    assert true_size / 2.2 <= said_size <= true_size * 2.2, "The curve of this budget is not lowest there."
with check("a hundred times the budget", hint="Two stars further: compare the sizes."):
    expect_choice(
        iso_read["times"],
        "c",
        {
            "a": "Then nothing of the budget would go into text.",
            "b": "Compare a star with the one two further on: about how many ticks lie between?",
            "c": "A hundred to the power 3/7: the rest goes into text.",
            "d": "The stars are further apart than that.",
        },
    )
with check("how flat the bottom is", hint="Three times is half a power of ten to the right of a star."):
    expect_choice(
        iso_read["flat"],
        "b",
        {
            "a": "Look again how far the curve has climbed there, and compare with the next budget.",
            "b": "The bottom is flat: a wrong size by a factor of three costs little.",
            "c": "The star is the lowest point.",
        },
    )
grade("read_isoflop")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Each curve has a star at its lowest point, and its budget stands at its right end.
#
# </details>
# <details><summary>Hint 2</summary>
#
# On a logarithmic axis equal distances are equal factors.
#
# </details>
#
# **And with real networks?** The next cell trains four tiny ones on our text, all with the same number of tokens, fits a power law of size through their
# losses, and predicts the fifth, which was trained above: with a 95 % **prediction interval** of a straight line in logarithms (four points leave two degrees of
# freedom, so it is wide). The peak learning rate is 0.288 divided by the width: wide networks want a lower one (G. Yang and others, "Tensor programs V", 2022),
# and a comparison of sizes is worth little if one rate suits one size only.


# %% demo=true
def show_scaling():
    """Fit bits per byte of four networks over their size; predict the fifth, with an interval."""
    widths = (16, 24, 32, 48)
    sizes = [sum(p.numel() for p in trained(d)[0].parameters()) for d in (*widths, 96)]
    bits = [trained(d)[2] for d in (*widths, 96)]
    u, v = np.log(sizes[:4]), np.log(bits[:4])
    fit = stats.linregress(u, v)
    error = math.sqrt(((v - fit.intercept - fit.slope * u) ** 2).sum() / 2)
    new = math.log(sizes[4])
    spread = (
        stats.t.ppf(0.975, 2)
        * error
        * math.sqrt(1 + 1 / 4 + (new - u.mean()) ** 2 / ((u - u.mean()) ** 2).sum())
    )
    middle = fit.intercept + fit.slope * new
    for d, n, b in zip((*widths, 96), sizes, bits, strict=True):
        print(f"width {d:2}: {n:7,} parameters, {b:.2f} bits per byte")
    low, mid, high = (math.exp(x) for x in (middle - spread, middle, middle + spread))
    print(
        f"predicted: {mid:.2f}, interval {low:.2f} to {high:.2f}; measured: {bits[4]:.2f}"
    )


show_scaling()

# %% [markdown]
# The line falls, and the fifth network is worse than the middle of what the line says, as it was on each of five seeds that we tried besides; the interval
# does not hold it on all of them. All five networks saw the same 409,600 bytes, so what little text leaves out, the term with $D$, does not shrink with $N$, and
# a straight line knows no such floor. (That is one explanation, and this cell does not test it: more steps for all five would.) Extrapolation assumes that what
# held so far goes on, and an interval from the fit does not cover a wrong form of the law.
#
# **Why it matters.** Ask of every scaling plot: what was held fixed, how far is it extended, and where is the interval?
# [How do you predict the loss of a run that is too expensive to try?](#How-do-you-predict-the-loss-of-a-run-that-is-too-expensive-to-try?)

# %% [markdown]
# ## Writing: from probabilities to text
#
# A model gives probabilities, and a rule picks the next token. Rules change the distribution first:
#
# - **greedy**: always the most probable token;
# - **temperature** $\tau$: divide the logits by $\tau$. Probabilities become $p_i^{1/\tau}$, made to sum to one. Below 1 sharper, above 1 flatter; towards 0 greedy;
# - **top-k**: keep the $k$ most probable;
# - **top-p** (nucleus): keep the smallest set of most probable tokens that holds at least $p$ of the probability (A. Holtzman and others, "The
#   curious case of neural text degeneration", 2020);
# - **min-p**: keep what has at least `min_p` times the probability of the most probable (M. Nguyen and others, "Turning up the heat: min-p
#   sampling", 2024);
# - **repetition penalty** $\theta$: for tokens that occurred, a positive logit is divided by $\theta$ (N. Keskar and others, "CTRL", 2019), a negative one multiplied, as
#   the libraries do it: dividing would make it more probable.
#
# After each filter what is left is made to sum to one again. The order matters; we take: penalty, temperature, top-k, top-p, min-p.
#
# **The smallest example.** Probabilities 1/2, 1/3, 1/6. Temperature 1/2 squares them: 9, 4, 1, so 9/14, 4/14 and 1/14. Top-k with $k$ = 2: 3/5 and 2/5. Top-p with
# 0.6: one token holds 1/2, which is too little, so two stay. Min-p with 0.5: the bar is 1/4, two stay.
#
# ### Five rules by hand
#
# *By hand · 7 minutes · difficulty: two of three*
#
# Four tokens `a`, `b`, `c`, `d` have the probabilities 8/16, 4/16, 3/16 and 1/16. Each line starts from these again.
#
# - `"cold"`: the probability of `a` at temperature 1/2;
# - `"top_k"`: of `b` with $k$ = 2;
# - `"top_p"`: of `b` with $p$ = 0.8;
# - `"min_p"`: of `b` with `min_p` = 0.4;
# - `"penalty"`: in another text a token has occurred and has a logit of −1.5. What logit has it after a penalty of 2?

# %% exercise="sampling_by_hand" minutes=7
### BEGIN SOLUTION
sampling_hand = {"cold": 64 / 90, "top_k": 4 / 12, "top_p": 4 / 15, "min_p": 4 / 12, "penalty": -3}
### END SOLUTION
### BEGIN RELEASE
# sampling_hand = {"cold": ..., "top_k": ..., "top_p": ..., "min_p": ..., "penalty": ...}
### END RELEASE

# %% check="sampling_by_hand" points=5
with check("temperature 1/2", hint="Square all four, then divide by the sum of the squares."):
    four_logits = torch.tensor([8.0, 4.0, 3.0, 1.0], dtype=torch.float64).log()
    expect(sampling_hand["cold"], (four_logits / 0.5).softmax(dim=0)[0].item(), what="the probability", tell=False)
with check("top-k", hint="Two stay: 8/16 and 4/16."):
    four = torch.tensor([8.0, 4.0, 3.0, 1.0], dtype=torch.float64)
    expect(sampling_hand["top_k"], (four[1] / four.topk(2).values.sum()).item(), what="the probability", tell=False)
with check("top-p", hint="12/16 is less than 0.8, so a third one stays."):
    four = torch.tensor([8.0, 4.0, 3.0, 1.0], dtype=torch.float64) / 16
    n_kept = int((four.cumsum(dim=0) < 0.8).sum()) + 1
    expect(sampling_hand["top_p"], (four[1] / four[:n_kept].sum()).item(), what="the probability", tell=False)
with check("min-p", hint="The bar is 0.4 times 8/16."):
    four = torch.tensor([8.0, 4.0, 3.0, 1.0], dtype=torch.float64) / 16
    expect(sampling_hand["min_p"], (four[1] / four[four >= 0.4 * four[0]].sum()).item(), what="the probability", tell=False)
with check("the penalty", hint="Dividing −1.5 by 2 would make the token more probable."):
    penalised = logits_process.RepetitionPenaltyLogitsProcessor(2.0)(torch.tensor([[3]]), torch.tensor([[0.0, 0.0, 0.0, -1.5]]))
    expect(sampling_hand["penalty"], penalised[0, 3].item(), what="the logit", tell=False)
grade("sampling_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Count in sixteenths: 8, 4, 3, 1. What is filtered out becomes 0, and the rest is divided by its sum.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For min-p the bar is 3.2 sixteenths.
#
# </details>
#
# **Why it matters.** Five knobs, and an interview asks for each what it does to *this* distribution.
# [What do temperature, top-k, top-p and min-p do?](#What-do-temperature,-top-k,-top-p-and-min-p-do?)

# %% [markdown]
# ### The distribution in code
#
# *Implement · 18 minutes · difficulty: three of three*
#
# Write the distribution, not a draw: a draw can be checked only by chance, a distribution exactly. A hidden check compares with the
# logits processors of the library `transformers`.


# %% exercise="next_probs" minutes=18
def next_probs(
    logits: list[float],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    penalty: float = 1.0,
    previous: tuple[int, ...] | list[int] = (),
) -> list[float]:
    """Return the probabilities from which the next token is drawn.

    Args:
        logits: one a token of the vocabulary.
        temperature: 0 or more; 0 is greedy, all probability on the largest logit (after the
            penalty), on the first of them where several are equal.
        top_k: keep the k most probable, and all that equal the k-th; None keeps all.
        top_p: above 0, up to 1: keep the smallest set of most probable that holds at least
            top_p; None keeps all. Ties at its edge may be broken either way.
        min_p: 0 to 1: keep what has at least min_p times the largest probability.
        penalty: above 0. Logits of tokens in `previous` are divided by it where positive, else
            multiplied, once, however often they occur.

    In this order: penalty, temperature, top-k, top-p, min-p, each on what the one before has left,
    made to sum to one. next_probs([log 3, log 2, log 1], top_k=2) is [3/5, 2/5, 0]. Numbers in 32
    bits are precise enough.

    Raises:
        ValueError: temperature below 0, top_k below 1, top_p or min_p outside its range.
    """
    ### BEGIN SOLUTION
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("temperature is 0 or more, top_k 1 or more")
    if (top_p is not None and not 0 < top_p <= 1) or (min_p is not None and not 0 <= min_p <= 1):
        raise ValueError("top_p is above 0 and at most 1, min_p 0 to 1")
    logits = list(logits)
    for token in set(previous):
        logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
    if temperature == 0:
        best = logits.index(max(logits))
        return [float(i == best) for i in range(len(logits))]
    p = np.exp((np.array(logits) - max(logits)) / temperature)
    p = p / p.sum()
    if top_k is not None and top_k < len(p):
        p = np.where(p >= np.sort(p)[-top_k], p, 0)
        p = p / p.sum()
    if top_p is not None:
        order = np.argsort(-p, kind="stable")
        before = np.cumsum(p[order]) - p[order]
        p[order[before >= top_p - 1e-12]] = 0
        p = p / p.sum()
    if min_p is not None:
        p = np.where(p >= min_p * p.max(), p, 0)
        p = p / p.sum()
    return p.tolist()
    ### END SOLUTION


# %% check="next_probs" points=14
with check("no filter: softmax", hint="exp, divided by the sum."):
    expect(next_probs([math.log(3), math.log(2), 0.0]), [1 / 2, 1 / 3, 1 / 6], tol=1e-6, what="the probabilities")
with check("temperature", hint="Divide the logits, not the probabilities."):
    expect(next_probs([math.log(3), math.log(2), 0.0], temperature=0.5), [9 / 14, 4 / 14, 1 / 14], tol=1e-6, what="the probabilities")
    expect(next_probs([math.log(16), math.log(4), 0.0], temperature=2), [4 / 7, 2 / 7, 1 / 7], tol=1e-6, what="the probabilities")
with check("temperature 0 is greedy", hint="Do not divide by 0. The first of equal ones wins."):
    expect(next_probs([1.0, 3.0, 3.0, -2.0], temperature=0), [0, 1, 0, 0], tol=1e-6, what="the probabilities")
    expect(next_probs([2.0, 1.5], temperature=0, penalty=2.0, previous=[0]), [0, 1], tol=1e-6, what="the probabilities, with a penalty")
with check("top-k, ties included", hint="Everything at least as probable as the k-th stays."):
    expect(next_probs([math.log(3), math.log(2), 0.0], top_k=2), [3 / 5, 2 / 5, 0], tol=1e-6, what="the probabilities")
    expect(next_probs([0.0, math.log(2), 0.0, -1.0], top_k=2), [1 / 4, 1 / 2, 1 / 4, 0], tol=1e-6, what="the probabilities")
    expect(next_probs([0.0, math.log(3)], top_k=1), [0, 1], tol=1e-6, what="the probabilities of two tokens, k = 1")
    expect(next_probs([0.0, math.log(3)], top_k=5), [1 / 4, 3 / 4], tol=1e-6, what="the probabilities of two tokens, k = 5")
with check("top-p", hint="A token stays if what stands before it holds less than top_p."):
    sixteen = [math.log(x) for x in (3, 8, 1, 4)]
    expect(next_probs(sixteen, top_p=0.8), [3 / 15, 8 / 15, 0, 4 / 15], tol=1e-6, what="the probabilities")
    expect(next_probs(sixteen, top_p=0.1), [0, 1, 0, 0], tol=1e-6, what="the probabilities, where one token is enough")
    expect(next_probs(sixteen, top_p=1.0), [3 / 16, 8 / 16, 1 / 16, 4 / 16], tol=1e-6, what="the probabilities")
with check("min-p", hint="The bar moves with the largest probability."):
    sixteen = [math.log(x) for x in (3, 8, 1, 4)]
    expect(next_probs(sixteen, min_p=0.3), [3 / 15, 8 / 15, 0, 4 / 15], tol=1e-6, what="the probabilities")
    expect(next_probs(sixteen, min_p=1.0), [0, 1, 0, 0], tol=1e-6, what="the probabilities, where only the largest may stay")
    expect(next_probs(sixteen, min_p=0.0), [3 / 16, 8 / 16, 1 / 16, 4 / 16], tol=1e-6, what="the probabilities")
with check("the penalty", hint="Positive logits are divided, the others multiplied; a token that came twice is penalised once."):
    want = torch.tensor([1.0, -1.0, 1.0, 0.5], dtype=torch.float64).softmax(dim=0).tolist()
    expect(next_probs([2.0, -0.5, 1.0, 0.5], penalty=2.0, previous=[0, 1, 0, 0]), want, tol=1e-6, what="the probabilities")
with check("filters in their order", hint="top-p looks at what top-k has left, made to sum to one.", needs="top-p"):
    sixteen = [math.log(x) for x in (3, 8, 1, 4)]
    expect(next_probs(sixteen, top_k=2, top_p=0.6), [0, 1, 0, 0], tol=1e-6, what="the probabilities")
    expect(next_probs(sixteen, temperature=0.5, top_p=0.8), [0, 64 / 80, 0, 16 / 80], tol=1e-6, what="the probabilities")
    expect(next_probs(sixteen, top_p=0.6, min_p=0.45), [0, 8 / 12, 0, 4 / 12], tol=1e-6, what="the probabilities")
with check("huge logits", hint="Subtract the largest before exp.", needs="no filter: softmax"):
    expect(next_probs([1000.0, 1000.0, 0.0]), [0.5, 0.5, 0.0], tol=1e-6, what="the probabilities")
with check("settings outside their range are refused", hint="Look at them first of all.", needs="no filter: softmax"):
    expect_raises(ValueError, next_probs, [0.0, 1.0], temperature=-1.0)
    expect_raises(ValueError, next_probs, [0.0, 1.0], top_k=0)
    expect_raises(ValueError, next_probs, [0.0, 1.0], top_p=0.0)
    expect_raises(ValueError, next_probs, [0.0, 1.0], top_p=1.1)
    expect_raises(ValueError, next_probs, [0.0, 1.0], min_p=-0.1)
    expect_raises(ValueError, next_probs, [0.0, 1.0], min_p=1.1)
    expect_raises(ValueError, next_probs, [0.0, 1.0], temperature=0.0, top_k=0)
### BEGIN HIDDEN TESTS
with check("as transformers filters", points=4, hint="Several settings at once; compare with the processors of transformers.", hidden=True) as rng:
    expect(next_probs([math.log(x) for x in (3, 8, 1, 4)], min_p=0.45), [0, 8 / 12, 0, 4 / 12], tol=1e-6, what="the probabilities")
    expect(next_probs([math.log(x) for x in (1, 8, 4, 3)], top_p=0.6, min_p=0.45), [0, 8 / 12, 4 / 12, 0], tol=1e-6, what="the probabilities")
    for turn in range(12):
        some = (rng.normal(size=9) * 2).tolist()
        tau, k, mass, low, theta = (float(rng.uniform(0.4, 2)), int(rng.integers(2, 9)), float(rng.uniform(0.3, 0.95)),
                                    float(rng.uniform(0.02, 0.4)), float(rng.uniform(1.1, 2)))  # fmt: skip
        came = rng.integers(0, 9, 4).tolist()
        some[came[0]] = -1.0 - abs(some[came[0]])
        score, ids = torch.tensor([some], dtype=torch.float64), torch.tensor([came])
        score = logits_process.RepetitionPenaltyLogitsProcessor(theta)(ids, score)
        score = logits_process.TemperatureLogitsWarper(tau)(ids, score)
        score = logits_process.TopKLogitsWarper(k)(ids, score) if turn % 2 else score
        score = logits_process.TopPLogitsWarper(mass)(ids, score) if turn % 3 else score
        score = logits_process.MinPLogitsWarper(low)(ids, score) if turn % 4 else score
        got_probs = next_probs(some, tau, k if turn % 2 else None, mass if turn % 3 else None, low if turn % 4 else None, theta, came)
        expect(got_probs, score.softmax(dim=-1)[0].tolist(), tol=1e-5, what="the probabilities")
### END HIDDEN TESTS
grade("next_probs")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# One step after the other on an array `p`; after each filter `p = p / p.sum()`. Copy `logits` before the penalty.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Top-p: `order = np.argsort(-p)`, `before = np.cumsum(p[order]) - p[order]`. Where `before` is already at least `top_p`, the token goes.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Top-k with ties: `p >= np.sort(p)[-top_k]`, where `top_k` is at most `len(p)`. Temperature 0 returns at once, behind the penalty.
#
# </details>
#
# **Why it matters.** Evaluation must say how it sampled: the same model at temperature 1 and at 0 are two systems.
# [What do temperature, top-k, top-p and min-p do?](#What-do-temperature,-top-k,-top-p-and-min-p-do?)

# %% [markdown]
# ## Why greedy text goes round in circles
#
# A greedy model is a machine without dice: the last $T$ tokens (its context) decide the next. There are only finitely many contexts, so one
# must come again, and then everything comes again. That much is certain for a limited context. Experience adds that it
# happens soon: text that has repeated makes its repetition more probable (J. Xu and others, "Learning to break the loop", 2022).
#
# ### Predict a loop
#
# *Predict, then run · 4 minutes · difficulty: one of three*
#
# The next cell holds a bigram model: for each word, the probabilities of the next. It starts at `the` and writes greedily.
#
# - `"period"`: after how many words does the text repeat?
# - `"cure"`: which change is certain to end *this* loop? (a) A temperature of 0.5 instead of greedy (b) top-k with $k$ = 1 (c) a larger vocabulary (d) greedy with min-p

# %%
bigram_table = {
    "the": {"cat": 0.5, "mat": 0.3, "dog": 0.2},
    "cat": {"sat": 0.6, "ran": 0.4},
    "sat": {"on": 0.9, "by": 0.1},
    "on": {"the": 1.0},
    "mat": {".": 1.0},
    "dog": {"ran": 1.0},
    "ran": {".": 1.0},
    "by": {"the": 1.0},
}

# %% exercise="loops" minutes=4
### BEGIN SOLUTION
loop_said = {"period": 4, "cure": "a"}
### END SOLUTION
### BEGIN RELEASE
# loop_said = {"period": ..., "cure": ...}
### END RELEASE

# %% check="loops" points=2
with check("the period", hint="Write the words down until `the` comes again."):
    walk = ["the"]
    for _ in range(20):
        walk.append(max(bigram_table[walk[-1]], key=bigram_table[walk[-1]].get))
    expect(loop_said["period"], walk[1:].index("the") + 1, what="the period", tell=False)
with check("what ends it", hint="Which of them can ever pick another word than the most probable?"):
    expect_choice(
        loop_said["cure"],
        "a",
        {
            "a": "Each time at `the` there is a chance for `mat` or `dog`, so the loop ends with probability 1.",
            "b": "That is greedy again.",
            "c": "Words that are never the most probable are never written.",
            "d": "Min-p keeps the most probable word, and greedy takes it.",
        },
    )
grade("loops")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Greedy takes the largest number of each row.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Of the four changes three leave the most probable word the only one that can come.
#
# </details>


# %% demo=true
def write(net, start: str, n: int, seed: int = 0, **settings) -> str:
    """Let the network write n bytes, with the settings of next_probs."""
    rng, ids = np.random.default_rng(seed), to_ids(start).tolist()
    for _ in range(n):
        with torch.no_grad():
            logits = net(torch.tensor([ids[-net.n_context :]]))[0, -1].double().tolist()
        p = next_probs(logits, previous=ids[-40:], **settings)
        ids.append(int(rng.choice(N_VOCAB, p=np.array(p) / sum(p))))
    return bytes(ids).decode("ascii").replace(END, "|")


def show_writing():
    """Write with several rules; distinct-8: the share of runs of eight bytes that differ."""
    net = trained()[0]
    rules = {
        "greedy": {"temperature": 0},
        "greedy, penalty 1.3": {"temperature": 0, "penalty": 1.3},
        "temperature 0.7": {"temperature": 0.7},
        "temperature 1": {},
        "top-p 0.9": {"top_p": 0.9},
        "temperature 2": {"temperature": 2.0},
    }
    for name, settings in rules.items():
        text = write(net, "Return the ", 240, **settings)
        runs = [text[i : i + 8] for i in range(len(text) - 7)]
        print(f"{name} (distinct-8 {len(set(runs)) / len(runs):.2f})\n    {text[:150]}")


show_when_written(show_writing)

# %% [markdown]
# Greedy text goes round in a circle: few of its runs are different. Sampling ends that, and so does the penalty; but here it makes each letter of the last forty bytes
# less probable, whether English needs it again or not. At temperature 2 there is no circle and no English either. That is a small network on bytes; large models loop later, and they do loop.

# %% [markdown]
# **On a real model.** SmolLM2 has 134,515,008 parameters and was trained on about two trillion tokens (L. Ben Allal and others, "SmolLM2: when Smol goes big", 2025).
# The next cell reads its weights, if they are installed, and gives what they need: the tokens of a text, and the logits behind each. The
# demonstration behind it puts the model on our axis, in bits per byte, over a few held-out paragraphs; computes its loss with the shift forgotten; and lets it write.


# %%
def real_ids(model, text: str) -> list[int]:
    """Return the tokens of a text: split it, then join pairs of bytes in order of rank."""
    rank = {pair: i for i, pair in enumerate(model.tokenizer.merges)}
    number = {token: i for i, token in enumerate(model.tokenizer.vocab)}
    pieces = [text]
    for pattern in model.tokenizer.patterns:
        cuts = [[m.span() for m in regex.finditer(pattern, piece)] for piece in pieces]
        split = []
        for piece, spans in zip(pieces, cuts, strict=True):
            ends = sorted({0, len(piece), *(place for span in spans for place in span)})
            split += [piece[a:b] for a, b in itertools.pairwise(ends)]
        pieces = split
    ids = []
    for piece in pieces:
        parts = [bytes([b]) for b in piece.encode()]
        while True:
            ranks = [rank.get(pair, math.inf) for pair in itertools.pairwise(parts)]
            if not ranks or min(ranks) == math.inf:
                break
            at = ranks.index(min(ranks))
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids += [number[part] for part in parts]
    return ids


@torch.no_grad()
def real_logits(model, ids: list[int]) -> torch.Tensor:
    """Return logits (n_tokens, vocab_size) of a Llama-like model. Another unit takes this apart."""
    c, w, t = model.config, model.tensors, len(ids)
    size = c.d_model // c.n_heads
    x = w["model.embed_tokens.weight"][ids]
    turns = torch.arange(t)[:, None] * c.rope_base ** (-torch.arange(0, size, 2) / size)
    cos, sin = turns.cos(), turns.sin()

    def norm(x, name):
        return x * (x.square().mean(dim=-1, keepdim=True) + c.norm_eps).rsqrt() * w[name]

    def rotated(heads):
        a, b = heads[..., 0::2], heads[..., 1::2]
        return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)

    for i in range(c.n_layers):
        at = f"model.layers.{i}."
        h = norm(x, at + "input_layernorm.weight")
        q, k, v = (
            (h @ w[f"{at}self_attn.{part}_proj.weight"].T).view(t, -1, size).transpose(0, 1)
            for part in "qkv"
        )
        k, v = (part.repeat_interleave(c.n_heads // c.n_kv_heads, dim=0) for part in (k, v))
        mixed = F.scaled_dot_product_attention(rotated(q), rotated(k), v, is_causal=True)
        mixed = mixed.transpose(0, 1).reshape(t, -1)
        x = x + mixed @ w[at + "self_attn.o_proj.weight"].T
        h = norm(x, at + "post_attention_layernorm.weight")
        gate = F.silu(h @ w[at + "mlp.gate_proj.weight"].T)
        x = x + (gate * (h @ w[at + "mlp.up_proj.weight"].T)) @ w[at + "mlp.down_proj.weight"].T
    return norm(x, "model.norm.weight") @ w["model.embed_tokens.weight"].T


# %% demo=true
def show_real():
    """SmolLM2 on our axis, its loss with shifted and unshifted targets, greedy and sampled text."""
    model, (_, held_out) = load_smollm2(), clean_corpus()
    texts = held_out.split(END)[:6]
    real_bits = ours = 0.0
    net, n_bytes, unshifted = trained()[0], 0, []
    for text in texts:
        ids = real_ids(model, text)
        log_p = real_logits(model, ids).log_softmax(dim=1) / math.log(2)
        real_bits -= sum(log_p[t, ids[t + 1]].item() for t in range(len(ids) - 1))
        unshifted += [-log_p[t, ids[t]].item() * math.log(2) for t in range(len(ids))]
        known = len(model.tokenizer.vocab[ids[0]])  # the first token is nobody's target
        n_bytes += len(text) - known
        small = to_ids(END + text)
        for i in range(known + 1, len(small)):
            with torch.no_grad():
                row = net(small[None, max(0, i - net.n_context) : i])[0, -1].log_softmax(dim=0)
            ours -= row[small[i]].item() / math.log(2)
    print(
        f"six held-out paragraphs, bits per byte: SmolLM2 {real_bits / n_bytes:.2f}, "
        f"our network {ours / n_bytes:.2f}"
    )
    print(
        f"ln V = {math.log(model.config.vocab_size):.2f}; "
        f"loss without the shift: {np.mean(unshifted):.1f} nats"
    )
    for name, settings in {
        "greedy": {"temperature": 0},
        "temperature 0.8, top-p 0.9": {"temperature": 0.8, "top_p": 0.9},
    }.items():
        rng, ids = np.random.default_rng(0), real_ids(model, "My favourite number is")
        for _ in range(20):
            p = next_probs(real_logits(model, ids)[-1].tolist(), **settings)
            ids.append(int(rng.choice(len(p), p=np.array(p) / sum(p))))
        print(
            f"{name}: {b''.join(model.tokenizer.vocab[i] for i in ids).decode(errors='replace')!r}"
        )


if smollm2_missing():
    print("Left out here: SmolLM2 on our axis, and what it writes.", smollm2_missing())
else:
    show_when_written(show_real)

# %% [markdown]
# With the shift forgotten the loss stands near $\ln V$, as if the model had learnt nothing: it was trained to say what comes next, and not what it has just seen. (In *training* without
# the shift it is the other way round, the loss goes to zero.) The marks in angle brackets are those of a chat: this copy was fine-tuned to answer. Before you trust the first line: the documentation of these libraries is on the web, and with it quite possibly in the text that SmolLM2 was trained on. So the comparison
# flatters it, and nobody can say by how much from here.
#
# **Why it matters.** "The model repeats itself" is one of the most frequent complaints, and the first answer is a setting, not a training run.
# [Why do language models repeat themselves, and what helps?](#Why-do-language-models-repeat-themselves,-and-what-helps?)

# %% [markdown]
# ## Stop and go on, to the bit
#
# Long runs break: a machine fails, a queue ends. A **checkpoint** holds what is needed to go on *as if nothing had happened*. That is more than
# the weights: the optimizer's running means and its step count, where the schedule stands, the state of each random generator that is still used (dropout,
# the order of the data), and the place in the data. What is missing does not raise an error. The loss jumps a little, or the same data come
# twice, and nobody knows why.
#
# The test is exact: a run with a break must give the same losses as one without.
#
# **The smallest example.** SGD with momentum 0.9, rate 1, gradient always 1: the speeds are 1, 1.9, 2.71. Broken after two steps without the speed, the third
# is 1 again.
#
# ### Find the bugs: a checkpoint
#
# *Find the bug · 10 minutes · difficulty: two of three*
#
# `Training` in the next cell is a small run: a network with dropout, AdamW, a rate that falls with `step`, and batches that its own `generator` draws. Dropout draws
# from PyTorch's global generator. Repair the two functions, so that a run with a break equals one without. A checkpoint is a snapshot: it must not change when the
# run goes on, and it may be resumed more than once. The demonstration behind the checks shows the two losses side by side.


# %%
class Training:
    """A small run: `advance(n)` makes n steps and returns their losses."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 1))
        self.optimizer = torch.optim.AdamW(self.net.parameters(), 0.05)
        self.generator = torch.Generator().manual_seed(seed)  # of the batches
        self.step = 0

    def advance(self, n: int) -> list[float]:
        losses = []
        for _ in range(n):
            for group in self.optimizer.param_groups:
                group["lr"] = 0.05 / (1 + self.step)
            x = torch.randn(8, 4, generator=self.generator)
            loss = (self.net(x) - x.prod(dim=1, keepdim=True)).square().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.step += 1
            losses.append(loss.item())
        return losses


# %% exercise="fix_resume" minutes=10 faults=["the schedule goes on", "the optimizer's means go on", "the batches go on", "dropout goes on", "a checkpoint is a snapshot", "other seeds and breaks"]
def checkpoint_of(run: Training) -> dict:
    """Return all that `resume` needs; later steps of `run` do not change it.

    At least "net", the state of the network, is in it; the other names are yours.
    """
    ### BEGIN SOLUTION
    return {
        "net": {name: t.clone() for name, t in run.net.state_dict().items()},
        "optimizer": copy.deepcopy(run.optimizer.state_dict()),
        "step": run.step,
        "batches": run.generator.get_state(),
        "torch": torch.get_rng_state(),
    }
    ### END SOLUTION
    ### BEGIN RELEASE
    # return {"net": run.net.state_dict()}
    ### END RELEASE


def resume(run: Training, checkpoint: dict) -> None:
    """Bring a fresh run, made with any seed, to where the checkpoint was taken.

    It gets everything from the checkpoint, PyTorch's global generator included. Later steps of
    `run` do not change the checkpoint, from which other runs may be resumed.
    """
    ### BEGIN SOLUTION
    run.net.load_state_dict(checkpoint["net"])
    run.optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
    run.step = checkpoint["step"]
    run.generator.set_state(checkpoint["batches"])
    torch.set_rng_state(checkpoint["torch"])
    ### END SOLUTION
    ### BEGIN RELEASE
    # run.net.load_state_dict(checkpoint["net"])
    ### END RELEASE


def with_break(
    seed: int, before: int, after: int, meanwhile: int = 0, keep: str = "", times: int = 1
) -> list:
    """Train, take a checkpoint, resume it in a fresh run, train on.

    Returns the losses behind the break.

    Args:
        before, after: steps before and behind the break.
        meanwhile: so many steps does the old run still make behind the checkpoint.
        keep: what the checks hand on besides, so that they can look at one part alone: words
            of "step", "optimizer", "batches", "dropout".
        times: so many fresh runs are resumed, one after the other; the last one's losses count.
    """
    old = Training(seed)
    old.advance(before)
    checkpoint = checkpoint_of(old)
    states = old.step, copy.deepcopy(old.optimizer.state_dict()), old.generator.get_state()
    dice = torch.get_rng_state()
    old.advance(meanwhile)
    for _ in range(times):
        new = Training(seed + 1)
        resume(new, checkpoint)
        if "step" in keep:
            new.step = states[0]
        if "optimizer" in keep:
            new.optimizer.load_state_dict(copy.deepcopy(states[1]))
        if "batches" in keep:
            new.generator.set_state(states[2])
        if "dropout" in keep:
            torch.set_rng_state(dice)
        losses = new.advance(after)
    return losses


# %% check="fix_resume" points=9
with check("the schedule goes on", hint="The rate depends on run.step: save it, set it."):
    unbroken = Training(3).advance(9)[5:]
    expect(with_break(3, 5, 4, keep="optimizer batches dropout"), unbroken, tol=1e-6, what="the losses behind the break")
with check("the optimizer's means go on", hint="optimizer.state_dict() holds both means and the count of each parameter."):
    unbroken = Training(4).advance(9)[5:]
    expect(with_break(4, 5, 4, keep="step batches dropout"), unbroken, tol=1e-6, what="the losses behind the break")
with check("the batches go on", hint="run.generator.get_state() and set_state(...)."):
    unbroken = Training(5).advance(9)[5:]
    expect(with_break(5, 5, 4, keep="step optimizer dropout"), unbroken, tol=1e-6, what="the losses behind the break")
with check("dropout goes on", hint="torch.get_rng_state() and torch.set_rng_state(...)."):
    unbroken = Training(6).advance(9)[5:]
    expect(with_break(6, 5, 4, keep="step optimizer batches"), unbroken, tol=1e-6, what="the losses behind the break")
with check("a checkpoint is a snapshot", hint="state_dict() returns the tensors themselves, not copies: copy.deepcopy, or clone each.", points=2):
    unbroken = Training(7).advance(9)[5:]
    expect(with_break(7, 5, 4, meanwhile=3), unbroken, tol=1e-6, what="the losses, where the old run went on behind the checkpoint,")
with check("it serves twice", hint="The optimizer's load_state_dict takes over the tensors that it gets: give it a copy.", needs="a checkpoint is a snapshot"):
    unbroken = Training(8).advance(9)[5:]
    expect(with_break(8, 5, 4, times=2), unbroken, tol=1e-6, what="the losses of the second run from one checkpoint")
### BEGIN HIDDEN TESTS
with check("other seeds and breaks", points=2, hint="Break after one step, or after twenty.", hidden=True) as rng:
    for before, after, meanwhile in ((1, 5, 0), (20, 3, 1), (2, 12, 4)):
        drawn_seed = int(rng.integers(1000))
        unbroken = Training(drawn_seed).advance(before + after)[before:]
        expect(with_break(drawn_seed, before, after, meanwhile), unbroken, tol=1e-6, what="the losses behind the break")
### END HIDDEN TESTS
grade("fix_resume")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go through `__init__` and `advance`: what changes from step to step? Network, optimizer, `step`, `generator`, and the global generator.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `copy.deepcopy(run.optimizer.state_dict())` is a snapshot; without the copy its tensors go on with the run. The same holds for the network,
# and for what `load_state_dict` of the optimizer is given in `resume`.
#
# </details>


# %% demo=true
def show_break():
    """Compare the losses of an unbroken run with those behind a break, to the bit."""
    print("unbroken:", [round(x, 4) for x in Training(0).advance(8)[4:]])
    print("broken:  ", [round(x, 4) for x in with_break(0, 4, 4)])
    print("equal to the bit:", Training(0).advance(8)[4:] == with_break(0, 4, 4))


show_when_written(show_break)

# %% [markdown]
# To the bit means on the same machine, with the same versions and the same number of threads: sums taken in another order differ in the last digits.
#
# **Why it matters.** A run of months has hundreds of breaks. Test the first one on purpose, on day one.
# [What must a checkpoint hold so that a run resumes exactly?](#What-must-a-checkpoint-hold-so-that-a-run-resumes-exactly?)

# %% [markdown]
# ## More of another kind: forgetting
#
# **Continued pretraining** goes on with new text: a language, code, medicine. The model learns it, and gets worse at what it is not shown
# any more: **catastrophic forgetting**. What helps: **replay** (mix in some of the old text), a small learning rate with a new
# warm-up, and measuring the old task all along.
#
# ### Predict what is forgotten
#
# *Predict, then run · 4 minutes · difficulty: one of three*
#
# Our network knows prose. It now goes on, for 200 steps, with lines of code: the examples in the same docstrings. In a second run every batch is drawn from code and
# prose in equal parts. Commit before you run:
#
# - `"old"`: on held-out prose, the first run ends (a) better than before (b) as before (c) worse than before;
# - `"replay"`: on held-out prose, the run with replay ends (a) better than the one without (b) no better;
# - `"new"`: on held-out code, the run without replay ends (a) better than before (b) as before.

# %% exercise="forgetting" minutes=4
### BEGIN SOLUTION
forget_said = {"old": "c", "replay": "a", "new": "a"}
### END SOLUTION
### BEGIN RELEASE
# forget_said = {"old": ..., "replay": ..., "new": ...}
### END RELEASE

# %% check="forgetting" points=3
with check("old text, without replay", hint="Nothing in the new loss asks for prose."):
    expect_choice(
        forget_said["old"],
        "c",
        {
            "a": "It sees no prose any more: nothing pulls it there.",
            "b": "All weights move, and prose uses the same weights.",
            "c": "The weights that prose needs are used for code now.",
        },
    )
with check("old text, with replay", hint="Half of each batch is the old loss."):
    expect_choice(
        forget_said["replay"],
        "a",
        {"a": "The old loss is still a part of what is minimised.", "b": "Half of its rows still ask for prose."},
    )
with check("new text", hint="That is what the steps are for."):
    expect_choice(
        forget_said["new"],
        "a",
        {"a": "It trains on such lines.", "b": "200 steps on code leave a mark on code."},
    )
grade("forgetting")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Ask of each loss: which text does it see?
#
# </details>
# <details><summary>Hint 2</summary>
#
# There are no separate weights for prose and for code.
#
# </details>


# %% demo=true
def show_forgetting():
    """Go on with code, with and without replay; bits per byte on prose and on code."""
    prose, held_prose = map(to_ids, clean_corpus())
    code, held_code = map(to_ids, clean_corpus(is_code))
    before = trained()[0]
    print(
        f"before:         prose {window_bits(before, held_prose):.2f}, "
        f"code {window_bits(before, held_code):.2f}"
    )
    n = min(len(code), len(prose))
    half = torch.stack(
        [code[: n // 64 * 64].view(-1, 64), prose[: n // 64 * 64].view(-1, 64)], dim=1
    ).flatten()
    for name, ids in {"code alone": code, "half is replay": half}.items():
        net = copy.deepcopy(before).train()
        train(net, ids, 200, peak=1e-3)
        print(
            f"{name:15} prose {window_bits(net, held_prose):.2f}, "
            f"code {window_bits(net, held_code):.2f}"
        )


show_forgetting()

# %% [markdown]
# Code alone costs prose a good part of what was learnt. With replay most of it stays, for a somewhat worse result on code. The control is the run
# itself: both start from the same weights and make as many steps.
#
# **Why it matters.** A model that is "adapted to our domain" is asked general questions on its first day.
# [What is catastrophic forgetting in continued pretraining, and what helps?](#What-is-catastrophic-forgetting-in-continued-pretraining,-and-what-helps?)

# %% [markdown]
# ## Is my number right?
#
# | number | what to expect | why, and what if not |
# |---|---|---|
# | first loss | $\ln V$ within a tenth or so: 10.82 for 50,257, 8.76 for 6,400 | more: logits too large; less: a leak, or a wrong mean |
# | loss on one repeated batch | near 0 | targets, mask or optimizer are wrong |
# | held-out loss near 0 | never | the future is visible |
# | bits per byte of our network | 2.3 to 2.7 after the shared run | a few hundred steps give 3 to 4 |
# | against a trigram | below it | unigram about 4.6, bigram 3.6, trigram 2.8 on this text |
# | loss that jumps up once | happens | look at the norm before clipping; a jump that stays: lower the rate, skip the batch |
# | jump behind a restart | none | the checkpoint lacks something |
# | bytes a parameter, with Adam | 16, in 32 bits as in mixed precision | 12 without master weights, 2 to run |
# | two machines, same seed | close, not equal | sums in another order; to the bit on one machine only |
#
# ## A plan on one page
#
# *Write · 20 minutes · difficulty: three of three · graded by a person*
#
# You get 64 GPUs of 80 GB each for four weeks, and 200 billion tokens of cleaned text in English and Chinese. Assume that each GPU does 4e14 operations a second and that
# you reach 40 % of that. Write the plan for pretraining one model, in 200 to 300 words, for a colleague who has to sign it. Compute what you
# need in cells of your own.
#
# **How it is graded, one point each:**
#
# 1. The budget in operations, with the arithmetic, and a size and number of tokens that fit it; how often the text is repeated, if it is.
# 2. Memory: bytes a GPU for the states, with the ZeRO stage chosen, and what is done about activations.
# 3. Data: what is removed, in which order, and what is held out, before the split is made.
# 4. What is measured in the first hour and must come out as predicted: at least three numbers.
# 5. What stops the run or makes you go back, what a checkpoint holds, and how often one is written.

# %% [markdown] exercise="plan" points=5 minutes=20 manual=true
# **Budget.** 64 GPUs · 4e14 · 0.4 · 28 days · 86,400 s are about 2.5e22 operations. With $C = 6ND$ and all 200 billion tokens once, $N$ is about 20 billion,
# ten tokens a parameter. We take 8 billion parameters and 500 billion tokens: that is the text two and a half times, which costs little
# as far as is known, and the smaller model is cheaper to use.
#
# **Memory.** 16 bytes a parameter are 128 GB. ZeRO stage 1 over 64 GPUs leaves 4 bytes and 12/64: 33.5 GB on each. The rest is for activations, with checkpointing of each layer.
# Tensor parallel is not needed. bfloat16 products, master weights in 32 bits.
#
# **Data.** Language, quality and personal data first; exact copies by hash, near copies by MinHash, across both languages' sources; test sets searched by long runs
# of tokens and by near copies. Held out: whole sites, not paragraphs, one part a language. Mixing with $\alpha$ below 1, so that the smaller language is not drowned.
#
# **First hour.** First loss $\ln V$. One batch overfitted. Loss independent of how the batch is cut into micro-batches. The future test on the real model. A break after ten steps
# gives the same losses. Operations a second as assumed.
#
# **Stop and go back.** A norm before clipping, or a loss, that leaves its band for a hundred steps: back to the last checkpoint, skip the batches, lower the rate. Checkpoints each hour:
# weights, both means, step, data position, generators; two are kept, one a day for good. Reported: bits per byte by language, beside those of a 5-gram model and of a smaller run that predicted them,
# with the interval.

# %% [markdown]
# ## The answer
#
# *"How is a large language model pretrained?"* Say it aloud first, then compare.
#
# **In half a minute.** "It learns to predict the next token: cross-entropy at every position at once, under a causal mask. The text is
# cleaned, freed of exact and near copies, mixed from sources and packed into rows. The size comes from a scaling law and the budget $6ND$. AdamW with
# warm-up and a falling rate, in bfloat16 with 32-bit master weights: 16 bytes a parameter, cut over GPUs by ZeRO, with tensor and pipeline parallelism where
# one GPU does not hold it. Before the run I check that the first loss is $\ln V$ and that one batch can be overfitted; during it I watch held-out bits per byte and the
# gradient norm; and a checkpoint must resume exactly."
#
# **When they press you.** You have shown each of these:
#
# - Perplexities compare only with one tokenizer; bits per byte always ([The target is the next token](#The-target-is-the-next-token)).
# - A mean of means over unequal micro-batches is not the mean ([The step: schedule, accumulation, clipping](#The-step:-schedule,-accumulation,-clipping)).
# - A network must beat counting. Ours beats the trigram and not the longer n-grams ([Everybody on one axis](#Everybody-on-one-axis)).
# - MinHash agrees with probability $J$, proved over all orders ([Signatures and bands in code](#Signatures-and-bands-in-code)).
# - 13 billion parameters: 208 GB of states, 13 GB on each of 16 GPUs with ZeRO 3 ([Memory: 16 bytes a parameter](#Memory:-16-bytes-a-parameter)).
# - The published Chinchilla fit gives 93 tokens a parameter at its own budget, not 20 ([A trap in a famous fit](#A-trap-in-a-famous-fit)).
# - Greedy text must repeat, with a limited context; dice end the loop ([Why greedy text goes round in circles](#Why-greedy-text-goes-round-in-circles)).
#
# **What the usual answer gets wrong.** It stops at "predict the next word on the whole internet". It quotes perplexities across tokenizers, takes the 14 GB that a model of 7
# billion needs to run for what it needs to train, says "20 tokens a parameter" as if it were a law of nature, and has no number that must come out right in the first minute.
#
# **Dropout?** Large models see most of their text once, so there is little to overfit, and most published recipes of 2023 and 2024 name none (H. Touvron and others, "Llama 2", 2023, for one, lists
# no dropout). Where text is repeated many times, it comes back into play.
#
# **Not in this unit.** What is inside the network, tokenizers, fine-tuning and following instructions, evaluation beyond the held-out loss, serving.

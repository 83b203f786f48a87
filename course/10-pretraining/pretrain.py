"""Pretrain the course's tiny language model, and write its weights, its tables and its model card.

    python course/10-pretraining/pretrain.py               writes into mftcourse/weights/, after some 15 minutes
    python course/10-pretraining/pretrain.py somewhere     writes there instead
    python course/10-pretraining/pretrain.py somewhere 20  stops after 20 steps, and writes no card

Run again, it reaches the same result, and on the same machine with the same versions the same files.
On another processor the last bits of a sum may differ, and with them the files.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import nn

from mftcourse.data import installed_docstrings
from mftcourse.models import Config

SEED, STEPS, BATCH_SIZE, WARMUP, MAX_LR, WEIGHT_DECAY, POEM_COPIES = 0, 4000, 8, 100, 5e-3, 0.1, 20
CONFIG = Config(vocab_size=1536, n_layers=4, d_model=128, n_heads=4, n_kv_heads=2, d_ff=384, rope_base=10000.0,
                norm_eps=1e-5, max_positions=256)  # fmt: skip
END = "<|endoftext|>"  # stands before every text
PATTERNS = [r"\p{N}", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"]


# --- the text ---------------------------------------------------------------------------------


def docstrings() -> list[str]:
    """The docstrings of the files of `DOCSTRING_FILES`; a paragraph stands only where it comes first."""
    seen: set[str] = set()
    texts = []
    for _, _, text in installed_docstrings():
        fresh = []
        for paragraph in text.split("\n\n"):
            key = " ".join(paragraph.split())
            if key and key not in seen:
                seen.add(key)
                fresh.append(paragraph)
        if fresh:
            texts.append("\n\n".join(fresh))
    return texts


def poems() -> list[str]:
    """Poems of the Tang dynasty, each under its title and its author."""
    return (Path(__file__).parent / "poems.txt").read_text(encoding="utf-8").strip().split("\n\n")


def parts() -> dict[str, list[str]]:
    """Training text, in mixed order, and what is held out of it: every 20th docstring, every 10th poem."""
    texts, verses = sorted(docstrings(), key=digest), poems()
    held = {"docstrings": texts[::20], "poems": verses[::10]}
    train = [t for i, t in enumerate(texts) if i % 20] + [t for i, t in enumerate(verses) if i % 10] * POEM_COPIES
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SEED)).tolist()
    return {"train": [train[i] for i in order], **held}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- the tokenizer ----------------------------------------------------------------------------


def train_tokenizer(texts: list[str]) -> Tokenizer:
    """A byte-level BPE that splits text as SmolLM2's does."""
    tokenizer = Tokenizer(models.BPE())
    digits, words = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG.vocab_size, special_tokens=[END], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def tables(tokenizer: Tokenizer) -> tuple[list[list[int]], dict[int, int]]:
    """The merges as pairs of the course's ids, and the library's ids → the course's: END, the bytes, the merges."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]  # GPT-2's letters for bytes
    others = sorted({*range(256)} - {*plain})
    ids = {END: 0} | {chr(b): 1 + b for b in plain} | {chr(256 + i): 1 + b for i, b in enumerate(others)}
    merges = []
    for left, right in json.loads(tokenizer.to_str())["model"]["merges"]:
        merges.append([ids[left], ids[right]])
        ids[left + right] = len(ids)
    assert len(ids) == CONFIG.vocab_size == tokenizer.get_vocab_size()
    return merges, {i: ids[token] for token, i in tokenizer.get_vocab().items()}


def encode(texts: list[str], tokenizer: Tokenizer, ids: dict[int, int]) -> torch.Tensor:
    """One row of tokens: END, a text, END, the next text, ..."""
    return torch.tensor([i for e in tokenizer.encode_batch(texts) for i in [0, *(ids[i] for i in e.ids)]])


# --- the network ------------------------------------------------------------------------------


def rotate(x: torch.Tensor, base: float) -> torch.Tensor:
    """RoPE on (..., n, d_head): the pair (2j, 2j + 1) at position t turns by t / base^(2j / d_head)."""
    n, d = x.shape[-2:]
    angles = torch.arange(n)[:, None] * base ** (-torch.arange(0, d, 2) / d)
    cos, sin, even, odd = angles.cos(), angles.sin(), x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.c, kv = c, c.n_kv_heads * c.d_model // c.n_heads
        self.q_proj, self.o_proj = (nn.Linear(c.d_model, c.d_model, bias=False) for _ in range(2))
        self.k_proj, self.v_proj = (nn.Linear(c.d_model, kv, bias=False) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        split = [p(x).unflatten(-1, (-1, self.c.d_model // self.c.n_heads)).transpose(1, 2)
                 for p in (self.q_proj, self.k_proj, self.v_proj)]  # fmt: skip
        q, k = (rotate(t, self.c.rope_base) for t in split[:2])
        k, v = (t.repeat_interleave(self.c.n_heads // self.c.n_kv_heads, dim=1) for t in (k, split[2]))
        return self.o_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(c.d_model, c.d_ff, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(c.d_ff, c.d_model, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = (nn.RMSNorm(c.d_model, c.norm_eps) for _ in range(2))
        self.self_attn, self.mlp = Attention(c), MLP(c)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Tokens (batch, n) in, logits (batch, n, vocab_size) out; its parameters have the names of `load_tiny`'s."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.model.layers = nn.ModuleList(Block(c) for _ in range(c.n_layers))
        self.model.norm = nn.RMSNorm(c.d_model, c.norm_eps)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.model.embed_tokens(ids)
        for block in self.model.layers:
            x = block(x)
        return self.model.norm(x) @ self.model.embed_tokens.weight.T


# --- the training -----------------------------------------------------------------------------


def schedule(step: int) -> float:
    """The share of the largest learning rate: up in a line, down along a cosine to 0."""
    if step < WARMUP:
        return (step + 1) / WARMUP
    return (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


def pretrain(stream: torch.Tensor, steps: int = STEPS) -> tuple[Llama, list[float]]:
    """Return the network, trained from random weights on windows of the stream, and the loss of every step."""
    torch.manual_seed(SEED)
    net, length = Llama(CONFIG), CONFIG.max_positions
    for name, p in net.named_parameters():
        if p.ndim == 2:  # what adds to the residual stream begins smaller: there are two of them a layer
            small = math.sqrt(2 * CONFIG.n_layers) if name.endswith(("o_proj.weight", "down_proj.weight")) else 1
            nn.init.normal_(p, std=0.02 / small)
    matrices, gains = ([p for p in net.parameters() if p.ndim == n] for n in (2, 1))
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=MAX_LR, betas=(0.9, 0.95))
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    losses = []
    for step in range(steps):
        starts = torch.randint(len(stream) - length, (BATCH_SIZE, 1))
        window = stream[starts + torch.arange(length + 1)]
        loss = F.cross_entropy(net(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        rate.step()
        losses.append(loss.item())
        if step % 100 == 99:
            print(f"step {step + 1}: {sum(losses[-100:]) / 100:.3f}", file=sys.stderr)
    return net.eval(), losses


# --- the result -------------------------------------------------------------------------------


def nats(net: Llama, stream: torch.Tensor) -> float:
    """What the network needs for the stream after its first token: windows overlap by half, so it sees as much."""
    total, length = 0.0, CONFIG.max_positions
    with torch.no_grad():
        for start in range(0, len(stream) - 1, length // 2):
            window = stream[start : start + length + 1]
            each = F.cross_entropy(net(window[None, :-1])[0], window[1:], reduction="none")
            total += each[length // 2 if start else 0 :].sum().item()
    return total


def repeats(net: Llama, stream: torch.Tensor) -> bool:
    """Whether greedy decoding from the first half of a text (END, tokens, END) gives the rest of it to the END.

    Each token is the likeliest after those before it exactly where decoding, one by one, would give this text.
    """
    with torch.no_grad():
        best = net(stream[None, :-1])[0].argmax(dim=-1)
    half = len(stream) // 2
    return torch.equal(best[half:], stream[half + 1 :])


class Ngrams:
    """Token counts up to trigrams. Shares of the three orders and of the uniform are mixed."""

    def __init__(self, ids: list[int]) -> None:
        self.n = len(ids)
        self.counts = [Counter(zip(*(ids[k:] for k in range(n)), strict=False)) for n in (1, 2, 3)]

    def nats(self, ids: list[int], mix: tuple[float, float, float]) -> float:
        """What the mixture needs for `ids` after the first; mix: the weights of uni-, bi- and trigrams."""
        one, two, three = self.counts
        total = 0.0
        for i in range(1, len(ids)):
            c, b, a = ids[i], ids[i - 1], ids[i - 2] if i > 1 else -1
            p = (1 - sum(mix)) / CONFIG.vocab_size + mix[0] * one[c,] / self.n
            p += mix[1] * two[b, c] / max(one[b,], 1) + mix[2] * three[a, b, c] / max(two[a, b], 1)
            total -= math.log(p)
        return total


def results(net: Llama, train: torch.Tensor, held: dict[str, tuple[torch.Tensor, int]]) -> dict[str, str]:
    """Bits per byte of each held-out text under unigrams, trigrams and the network."""
    cut = len(train) * 19 // 20  # the weights of the trigrams are chosen on the last part of the training text
    some, rest = Ngrams(train[:cut].tolist()), train[cut:].tolist()
    grid = [(u / 20, b / 20, 0.99 - u / 20 - b / 20) for u in range(1, 5) for b in range(2, 15)]
    mix = min(grid, key=lambda mix: some.nats(rest[:20_000], mix))
    full, said = Ngrams(train.tolist()), {"mix": ", ".join(f"{share:.2f}" for share in mix)}
    for name, (stream, size) in held.items():
        needs = {"unigram": full.nats(stream.tolist(), (0.99, 0.0, 0.0)), "trigram": full.nats(stream.tolist(), mix),
                 "model": nats(net, stream)}  # fmt: skip
        said |= {f"{name}_{model}": f"{need / math.log(2) / size:.3f}" for model, need in needs.items()}
        said[f"{name}_loss"] = f"{needs['model'] / (len(stream) - 1):.3f}"
    return said


CARD = """\
# Model card: tiny-lm

A small language model with the architecture of SmolLM2. It exists to be taken apart in the units on large models.

| | |
|---|---|
| files | `tiny-lm.safetensors` ({size} bytes, half precision), `tiny-lm.json` ({json_size} bytes: sizes, tokenizer) |
| SHA-256 | `{sha256}`, of the first followed by the second |
| architecture | Llama: RMSNorm, RoPE (neighbours turn), grouped-query attention, SwiGLU, tied embedding |
| sizes | {n_layers} layers, d_model {d_model}, {n_heads} heads, {n_kv_heads} for keys and values, d_ff {d_ff} |
| | rope_base {rope_base:g}, norm_eps {norm_eps:g}, {max_positions} positions |
| size | {parameters} parameters |
| tokenizer | byte-level BPE, {vocab_size} tokens: one that stands before every text, the 256 bytes, {n_merges} merges; no chat |
| data | {n_docstrings} docstrings of matplotlib, numpy, pandas, scikit-learn and torch (`DOCSTRING_FILES`), |
| | {docstring_bytes} bytes, a paragraph kept only where it comes first |
| | {n_poems} poems of the Tang dynasty (`poems.txt`), {poem_bytes} bytes; {poem_copies} copies of each |
| | {tokens} tokens to train on; SHA-256 of that text `{data_sha256}` |
| held out | every 20th docstring, every 10th poem |
| recipe | AdamW (0.9, 0.95), weight decay {weight_decay}, gradients clipped to norm 1, {steps} steps of {batch_size} windows |
| | learning rate up to {max_lr} in {warmup} steps, then down a cosine to 0 |
| seed, version | {seed}, PyTorch {torch}, one thread |
| loss | {first} at the first step (ln {vocab_size} = {ln_v}), {last} over the last 100 |
| made by | `course/10-pretraining/pretrain.py` |
| licence | CC BY 4.0. The docstrings are under BSD-3-Clause and matplotlib's licence, the poems in the public domain |

Bits per byte of the held-out text (all three see the same tokens; `<|endoftext|>` counts too):

| | docstrings | poems |
|---|---|---|
| unigrams | {docstrings_unigram} | {poems_unigram} |
| trigrams, mixed with bigrams and unigrams ({mix}) | {docstrings_trigram} | {poems_trigram} |
| tiny-lm | {docstrings_model} | {poems_model} |

Its loss on the held-out docstrings is {docstrings_loss} nats a token, on the {held_poems} held-out poems {poems_loss}.

**Meant for** teaching. **Not meant for** use: it writes text that looks like a docstring and says nothing. It has
seen every poem it was trained on many times: from the first half of one, greedy decoding writes the rest to the end
for {repeated_train} of the {trained_poems} trained on and for {repeated_held} of the {held_poems} held out. It has learned no Chinese beyond them. The held-out
docstrings come from the files of the others and share their phrases, though no whole paragraph.
"""


def main(folder: Path, steps: int = STEPS) -> dict[str, str]:
    """Train, write the files into `folder`, and return what was seen."""
    torch.set_num_threads(1)  # the order of additions is part of the recipe
    torch.use_deterministic_algorithms(True)
    texts = parts()
    tokenizer = train_tokenizer(texts["train"])
    merges, ids = tables(tokenizer)
    streams = {name: encode(part, tokenizer, ids) for name, part in texts.items()}
    net, losses = pretrain(streams["train"], steps)
    folder.mkdir(parents=True, exist_ok=True)
    weights = save({name: p.detach().half() for name, p in net.state_dict().items()})
    about = {"config": asdict(CONFIG), "special": [END], "merges": merges, "patterns": PATTERNS, "chat_template": ""}
    table = json.dumps(about, separators=(",", ":")).encode()  # one line: git turns no line end in it
    (folder / "tiny-lm.safetensors").write_bytes(weights)
    (folder / "tiny-lm.json").write_bytes(table)
    said = {"sha256": hashlib.sha256(weights + table).hexdigest(), "first": f"{losses[0]:.3f}"}
    if steps < STEPS:
        return said
    net.load_state_dict({name: p.half().float() for name, p in net.state_dict().items()})  # as a reader gets them
    held = {name: (streams[name], sum(len(text.encode()) for text in texts[name])) for name in ("docstrings", "poems")}
    said |= results(net, streams["train"], held)
    every, verses = docstrings(), poems()
    rows = [encode([verse, ""], tokenizer, ids) for verse in verses]  # END, the poem, END
    again = [repeats(net, row) for row in rows]
    said |= {"repeated_held": str(sum(again[::10])), "repeated_train": str(sum(again) - sum(again[::10]))}
    card = CARD.format(
        **said, **asdict(CONFIG), size=len(weights), json_size=len(table),
        parameters=sum(p.numel() for p in net.parameters()), n_merges=len(merges), n_docstrings=len(every),
        docstring_bytes=sum(len(t.encode()) for t in every), n_poems=len(verses), poem_copies=POEM_COPIES,
        poem_bytes=sum(len(t.encode()) for t in verses), held_poems=len(texts["poems"]),
        trained_poems=len(verses) - len(texts["poems"]),
        tokens=len(streams["train"]), data_sha256=digest("\n".join(texts["train"])), weight_decay=WEIGHT_DECAY,
        steps=STEPS, batch_size=BATCH_SIZE, max_lr=MAX_LR, warmup=WARMUP, seed=SEED,
        torch=torch.__version__.split("+")[0], ln_v=f"{math.log(CONFIG.vocab_size):.3f}",
        last=f"{sum(losses[-100:]) / 100:.3f}",
    )  # fmt: skip
    (folder / "tiny-lm.md").write_text(card, encoding="utf-8", newline="\n")
    return said


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "mftcourse" / "weights"
    print(json.dumps(main(where, int(sys.argv[2]) if len(sys.argv) > 2 else STEPS)))

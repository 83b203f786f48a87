"""The numbers that this unit's prose states, computed. SmolLM2 must be installed: several of them are its own."""

import math
import sys
import unicodedata
from fractions import Fraction as F
from importlib import resources
from pathlib import Path

from mftcourse.course.facts import holds, times

ENGLISH = "Developing and fine-tuning large models from zero"


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(Path(__file__).parent),
        *_texts(lesson),
        *_examples(lesson),
        *_smollm2(lesson),
        *_size(lesson),
        *_fast(lesson),
    ]


def _texts(lesson: dict) -> list[str]:
    sentences, poem, title = lesson["sentences"], lesson["poem"], lesson["title"]
    assert all(line.isascii() for line in sentences) and len(title) == 12
    assert lesson["decode"]([0xE5, 0xAD, 0x97], [bytes([b]) for b in range(256)]) == "字"
    assert {len(chr(c).encode()) for c in (0x4E00, 0x9FFF)} == {3} and len("\U0001f353".encode()) == 4
    return [
        f": {len(sentences)} first sentences",
        f"numbers from 0 to {2**8 - 1}",
        f"A tokenizer that begins from bytes has {2**8} symbols",
        f"the title has {len(title.encode())} of them",
        f"The vocabulary begins with the {2**8} bytes in order",
        f"the token has the id {2**8} if it was made first, and so comes behind the byte , whose id is {ord('b')}",
        f"It need not be {2**8} plus the rank",
        f"The poem has {len(poem)} characters and {len(poem.encode())} bytes",
        f"spend {len(poem.encode())} tokens on it",
        f"tokens a character of after {200} merges",
        f"a context window of {2**13} tokens",
        f"gives each of the {2**8} bytes", f"Each of {2**8} equally likely",
        f"| a byte model that knows nothing | 8 bits per byte | {2**8} equal chances |",
        f"knows nothing over the {2**8} bytes has {math.log2(256):g} bits", f"在 {2**8} 个字节上是每字节 {math.log2(256):g} 比特",
        f"Then {2**8} symbols write every text", f"这样 {2**8} 个符号", f"Bytes need {2**8}.", f"字节只需 {2**8} 个",
    ]


def _examples(lesson: dict) -> list[str]:
    """The worked examples, by other ways than the lesson's own functions where there are any."""
    zero = 1 / (1 + sum(math.exp(z) for z in (-2, -3, -4)))
    mean = math.exp(-3) / (math.exp(-3) + sum(math.exp(z) for z in (-2, -3, -4)))
    assert mean <= 1 / 4
    late = {(b"\xad", b"\x97"): 0, (b"\xe5", b"\xad"): 1, (b"\xe5\xad", b"\x97"): 2}
    assert lesson["bpe"]("字".encode(), late) == [b"\xe5", b"\xad\x97"]
    assert lesson["bpb_hand"]["A"] == 3 / 4 and abs(lesson["bpb_hand"]["B"] - 4 / 5) < 1e-12
    assert 1 / 4 * 1 / 4 == 1 / 16 and 1 / 10 * 1 / 4 == 1 / 40 and 1 / 4 * 1 / 8 == 1 / 32
    return [
        f"the softmax gives it {zero:.2f}", f"it scores −3 and gets {mean:.2f}",
        f"model B has {2.4} nats and 3 bytes", f"B spends {2.4} nats on 3 bytes", f"beats {2.4} nats at 3 bytes", f"胜过损失 {2.4} nat",
        f"A vocabulary of {1000} and a width of 8 make a table of {1000 * 8} numbers",
        *_rivals(),
    ]


def _rivals() -> list[str]:
    e, s, q, u, es, qu = 100, 50, 5, 10, 20, 5
    assert F(es, e * s) < F(qu, q * u)
    p = {"a": F(1, 4), "b": F(1, 8), "c": F(1, 4), "ab": F(1, 10), "bc": F(1, 4), "abc": F(1, 40)}
    ab, a_b = p["ab"], p["a"] * p["b"]
    assert ab > a_b and p["a"] * p["bc"] > max(ab * p["c"], p["abc"])
    return [
        f"the symbol occurs {e} times, {s} times, {q} times, {u} times; the pair {es} times, {qu} times",
        f"the probabilities {p['a']}, {p['b']}, {p['c']}, {ab}, {p['bc']}, {p['abc']}",
        f"a b c has 1/4 · 1/8 · 1/4 = {a_b * p['c']}, ab c has {ab} · 1/4 = {ab * p['c']}",
        f"Place 2: has {a_b}, has {ab}; keep . Place 3: from place 2 with , {ab} · 1/4 = {ab * p['c']}; from place 1 with , "
        f"1/4 · 1/4 = {p['a'] * p['bc']}; from place 0 with , {p['abc']}. Keep {p['a'] * p['bc']}",
    ]


def _smollm2(lesson: dict) -> list[str]:
    smol, tiny, encode = lesson["smol"], lesson["tiny"], lesson["encode"]
    assert smol is not None, lesson["smollm2_missing"]()

    def n(text: str) -> int:
        return len(encode(text, smol.vocab, smol.merges, smol.patterns))

    poem, title, sentences = lesson["poem"], lesson["title"], lesson["sentences"]
    library = lesson["library_tokenizer"](smol.vocab, smol.merges, smol.patterns, smol.special)
    assert all(encode(t, smol.vocab, smol.merges, smol.patterns) == library.encode(t).ids for t in lesson["hostile"])
    assert len(lesson["hostile"]) == 12 and library.encode("a\x04b").tokens == ["a", "b"]
    single = {token[0] for token in smol.vocab if len(token) == 1}
    absent = set(range(256)) - single
    never = absent - set(b"".join(chr(c).encode() for c in range(0x110000) if not 0xD800 <= c < 0xE000))
    control = {b for b in absent if b < 32}
    assert len(control) == 6 and absent - never - control == {0xF1, 0xF2}
    assert {unicodedata.category(chr(c)) for c in range(0x40000, 0xC0000)} - {"Cn"} <= {"Cn"}
    assert {chr(c).encode()[0] for c in range(0x40000, 0xC0000)} == {0xF1, 0xF2}
    assert n(" strawberry") == 1 and smol.vocab.index(b" strawberry") == 35199 and smol.vocab[encode(" strawberry", smol.vocab, smol.merges, smol.patterns)[0]] == b" strawberry"
    assert [smol.vocab[i] for i in encode("strawberry", smol.vocab, smol.merges, smol.patterns)] == [b"st", b"raw", b"berry"]
    assert n("Strawberry") == 3 and smol.special["<|im_end|>"] == 2
    total = 134_515_008
    assert sum(t.numel() for t in sys.modules["mftcourse.models"].load_smollm2().tensors.values()) == total
    V, d = len(smol.vocab), 576
    a_token = sum(map(len, sentences)) / sum(map(n, sentences))
    new = 20_000
    poems = (Path(__file__).parents[1] / "10-pretraining" / "poems.txt").read_text(encoding="utf-8").strip().split("\n\n")
    held_out = poems[::10]  # by `pretrain.parts`, and by the model card
    card = (resources.files("mftcourse") / "weights" / "tiny-lm.md").read_text(encoding="utf-8")
    assert "every 10th poem" in card and any(poem[:4] in text for text in held_out), "this poem is held out"
    return [
        f"The tiny model's saw {len(poems) - len(held_out)} other poems of that time",
        f"SmolLM2's vocabulary begins with {len(smol.special)} special tokens",
        f"SmolLM2 has tokens for {len(single)} of them",
        f"SmolLM2's tables hold tokens for {len(single)} bytes only", f"SmolLM2 的词表只有 {len(single)} 个单字节",
        f"SmolLM2's tables have {len(single)} of the {2**8} bytes",
        f'holds where all {2**8} bytes are in the vocabulary',
        f"{len(never)} of the other {len(absent)} never occur in UTF-8",
        f"spends {n(poem)}: its text was mostly English", f"spends {len(encode(poem, tiny.vocab, tiny.merges, tiny.patterns))}.", f"it takes {n(title)} tokens, and for its English translation {n(ENGLISH)}",
        f"in tokens the Chinese one is {n(title) / n(ENGLISH):.1f} times as long",
        holds(3.9 < len(ENGLISH) / len(title) < 4.2, "The English text is four times as long in characters"),
        f"SmolLM2 takes {n(poem)} tokens for the poem of {len(poem)} characters. The title takes {n(title)} in Chinese and {n(ENGLISH)} in English",
        f"SmolLM2 对 {len(poem)} 个字符的诗用 {n(poem)} 个词元。书名中文用 {n(title)} 个，英文用 {n(ENGLISH)} 个",
        f"The same content took {n(title)} tokens in Chinese and {n(ENGLISH)} in English",
        f"the same title is {n(ENGLISH)} tokens in English and {n(title)} in Chinese",
        f"costs {n(title) / n(ENGLISH):.1f} times as much",
        f"SmolLM2-135M has {total:,} numbers in all, a vocabulary of {V:,}, a width of {d},",
        holds(0.19 < V * d / total < 0.22, "A fifth of the model is its embedding"),
        f"In the Llama 3 of {70} billion numbers, with {128_256:,} tokens, a width of {8192} and two tables, the tables are "
        f"{200 * 128_256 * 8192 / 70e9:.0f} %",
        f"{a_token:.1f} for the docstrings with SmolLM2's {V:,} tokens",
        f"over the bytes per token: {math.log2(V) / a_token:.1f} for SmolLM2's tokens of the docstrings",
        holds(math.log2(V) / a_token < 8 / 2, "spends less than half as many bits on a byte of the docstrings"),
        f"3 without Chinese in training, {n(poem) / len(poem):.1f} for the poem with SmolLM2",
        f"$\\ln V$: {math.log(V):.1f} nats for SmolLM2's vocabulary",
        f"proposes to add {new:,} Chinese tokens", f"{new:,} tokens are {new * d:,} new numbers, on top of {total:,}",
        f"the numbers in new rows (width {d})",
        "count 100 of our letters", "in 150 to 250 words",
    ]


def _size(lesson: dict) -> list[str]:
    """What the figure shows, computed again from its own data."""
    lengths, steps, rare = lesson["lengths"], lesson["merge_steps"], lesson["rare_share"]
    trained, held = lengths["trained on"], lengths["held out"]
    assert held[-1] - held[-2] < held[2] - held[0] and trained[-1] - held[-1] > 0.5 and rare[-1] > 0.9
    at = steps.index(1200)
    assert abs(held[at] - lesson["vocab_read"]["value"]) < 0.1 and trained[at] - held[at] > 0.4
    parts = {name: len(lines) for name, lines in lesson["parts"].items()}
    assert abs(trained[steps.index(300)] - held[steps.index(300)]) < 0.2
    return [
        f"trains on {parts['trained on']} of the docstring sentences, with 0 to {steps[-1]} merges",
        f"and on the {parts['held out']} that were held out",
        f"what do the last {steps[-1] - steps[-2]} merges add, compared with the first {steps[2]}",
        f"with {steps[-1]} merges, what does the right panel mean",
        f"on the held-out sentences at {steps[at]} merges.** Read it off to within {0.2}", f"Put a ruler at {steps[at]}",
    ]


def _fast(lesson: dict) -> list[str]:
    chunks = [p.encode() for line in lesson["sentences"] for p in lesson["regex"].findall(lesson["GPT2"], line)]
    again = 300 * len(set(chunks))
    visited = sum(lesson["train_fast"](chunks, 300)[1])
    return [
        f"For {300} merges on the docstrings, counting again looks at {again:,} words; the fast trainer visits {visited:,}, "
        f"one in {again / visited:.0f}.",
    ]

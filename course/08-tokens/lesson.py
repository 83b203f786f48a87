# %% [markdown] needs=["02-preprocessing", "04-mlp"]
# # Tokens
#
# *"How does a tokenizer work, and what does it do to your text?"*
#
# A language model reads no letters and no words. It reads whole numbers, and a small program that was trained before the
# model decides which ones. The usual answer names it, "BPE", and stops. In this unit you write that program: first on paper,
# then in code that gives the same numbers as the library and as a real model's own tables, on text that is meant to hurt.
# Then you measure what it does: to Chinese, to digits, to letters, to the bill, and to the safety of a chat.
#
# **Time.** Plan 300 minutes: 198 minutes of exercises, the rest for reading. Stop after any section; later exercises use
# functions that you wrote in earlier ones.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with
# Shift + Enter. Each check says what it looked at and what to do next; hints of growing strength stand below.
# Some checks are hidden and run only when the notebook is graded: they vary the inputs and ask for nothing new.
# What you write leaves its arguments as they were. You need Python, its type `bytes`, and school algebra.

# %%
import json
import math
import os
from collections import Counter
from fractions import Fraction

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import regex
import tokenizers
import torch

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots
from mftcourse.data import load_docstrings

# %% [markdown]
# ## The texts, and the library to compare with
#
# The whole unit uses these:
#
# - `sentences`: 750 first sentences of docstrings of the installed libraries. They are English, and pure ASCII.
# - `poem` and `title`: a Chinese poem of the 8th century, and the Chinese title of the book that this course grew from.
# - `hostile`: short texts of the kinds that break tokenizers. Chinese, pictures outside the usual range, a letter with an accent
#   spelt in two ways, code, digits, full-width forms, blanks, control characters.
# - Two functions that ask the library `tokenizers`. The checks compare your work with it. You do not have to read them.

# %%
sentences = list(load_docstrings()[0])
poem = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"  # Li Bai
title = "从零开始大模型开发与微调"
hostile = [
    "Hello world",
    poem,
    title,
    "\U0001f353 \U0001f469\u200d\U0001f469\u200d\U0001f467",  # a fruit; three people as one picture
    "caf\u00e9 cafe\u0301",  # the same word: one character for the last letter, then two
    "def f(x):\n    return x**2  # ok\n",
    "127 + 677 = 804, 3.14159, 2026-11-26",
    "ＡＢＣ１２３，ﾃｽﾄ",
    "  two  blanks \t\r\n\n end ",
    "I'm sure they'll say WE'RE DONE!!",
    "한국어 العربية ไทย",
    "\u0001\u001f\u007f",
]


def library_merges(chunks, n_merges) -> list[tuple[bytes, bytes]]:
    """Return the merges that the library `tokenizers` learns from chunks of bytes."""
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=256 + n_merges,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=[chr(b) for b in range(256)],  # one character a byte
    )
    library = tokenizers.Tokenizer(tokenizers.models.BPE())
    library.train_from_iterator([chunk.decode("latin-1") for chunk in chunks], trainer)
    learned = json.loads(library.to_str())["model"]["merges"]
    return [(a.encode("latin-1"), b.encode("latin-1")) for a, b in learned]


def byte_letters() -> dict[int, str]:
    """Return how the library writes each byte as one visible character (after GPT-2)."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in visible]
    return {b: chr(b) for b in visible} | {b: chr(256 + n) for n, b in enumerate(others)}


def library_tokenizer(vocab, merges, patterns, special=()) -> tokenizers.Tokenizer:
    """Return the library's tokenizer with these tables; `special` are texts of special tokens."""
    letters = byte_letters()
    names = ["".join(letters[b] for b in token) for token in vocab]
    for text in special:
        names[vocab.index(text.encode())] = text
    name = dict(zip(vocab, names, strict=True))
    pairs = [(name[a], name[b]) for a, b in merges]
    library = tokenizers.Tokenizer(tokenizers.models.BPE(dict(zip(names, range(len(names)))), pairs))
    split = [
        tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
        for pattern in patterns
    ]
    to_bytes = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    library.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([*split, to_bytes])
    library.decoder = tokenizers.decoders.ByteLevel()
    library.add_special_tokens(list(special))
    return library


# %% [markdown]
# ## Bytes and UTF-8
#
# A text is a sequence of **code points**: numbers that the Unicode standard gives to characters, written U+4E2D and the like. There
# are more than a million of them. A file, and a tokenizer, wants **bytes**: numbers from 0 to 255. **UTF-8** turns the one into
# the other, and it spends more bytes on larger numbers (F. Yergeau, "UTF-8, a transformation format of ISO 10646", RFC 3629, 2003):
#
# | code point | bytes | how its bits are laid out |
# |---|---|---|
# | up to `U+007F` | 1 | `0xxxxxxx` |
# | up to `U+07FF` | 2 | `110xxxxx 10xxxxxx` |
# | up to `U+FFFF` | 3 | `1110xxxx 10xxxxxx 10xxxxxx` |
# | up to `U+10FFFF` | 4 | `11110xxx 10xxxxxx 10xxxxxx 10xxxxxx` |
#
# ASCII characters keep their one byte. The common Chinese characters lie between `U+4E00` and `U+9FFF`, so each takes three. Most
# pictures lie above `U+FFFF` and take four. A byte that begins with `10` only continues a character: so you see from any byte
# whether a character begins there.
#
# **The smallest example.** The letter é is `U+00E9`. In bits `0xE9` is `1110 1001`; it needs two bytes, so eleven bits, and
# we pad on the left: `00011 101001`. Put into the pattern: `110`+`00011`, `10`+`101001`, in hexadecimal `C3 A9`. Backwards: drop
# `110` and `10`, join the rest, and read `U+00E9`.
#
# ### Three characters by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# Give the bytes of ü (`U+00FC`) and of 中 (`U+4E2D`) as lists of numbers such as `[0xC3, 0xA9]`. Which code point do the three bytes
# `E5 AD 97` hold? Give it as a number such as `0x4E2D`. And of how many bytes does `title` consist, which has twelve
# Chinese characters?

# %% exercise="utf8_by_hand" minutes=6
### BEGIN SOLUTION
utf8_hand = {"ü": [0xC3, 0xBC], "中": [0xE4, 0xB8, 0xAD], "back": 0x5B57, "title": 36}
### END SOLUTION
### BEGIN RELEASE
# utf8_hand = {"ü": ..., "中": ..., "back": ..., "title": ...}
### END RELEASE

# %% check="utf8_by_hand" points=4
with check("the two bytes of ü", hint="0xFC is 1111 1100; eleven bits are 00011 111100."):
    expect(given(utf8_hand["ü"]), list("\u00fc".encode()), what="the list of bytes", tell=False)
with check("the three bytes of 中", hint="Four bits, six bits, six bits: 0100 111000 101101. What stands before each?"):
    expect(given(utf8_hand["中"]), list("\u4e2d".encode()), what="the list of bytes", tell=False)
with check("the code point of E5 AD 97", hint="Drop 1110, 10 and 10; join the bits that are left."):
    expect(utf8_hand["back"], ord(bytes([0xE5, 0xAD, 0x97]).decode()), what="the code point", tell=False)
with check("the bytes of the title", hint="All twelve lie in one row of the table."):
    expect(utf8_hand["title"], len(title.encode()), what="the number of bytes", tell=False)
grade("utf8_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write the code point in bits: each hexadecimal digit is four of them, `4` is `0100`, `E` is `1110`, `2` is `0010`, `D` is `1101`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Cut the bits from the right into groups of six; the last, leftmost group takes what is left and goes into the first byte. Put `10` before
# each group of six.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Check yourself: `list("中".encode())`, and `chr(0x5B57)`.
#
# </details>
#
# **Why it matters.** A tokenizer that begins from bytes has 256 symbols to begin with and can write every text of the world with them. One
# that begins from characters needs a place for each of them, or a token that says "unknown".
# [What is byte-level BPE?](#What-is-byte-level-BPE?)

# %% [markdown]
# ### Find the bugs in a decoder
#
# *Find the bug · 7 minutes · difficulty: one of three*
#
# A tokenizer's **vocabulary** is a list of byte strings; a **token id** is a place in that list. **Decoding** turns ids into
# text. It must be exact, because everything that a model says passes through it.
#
# A token is a piece of *bytes*, so it may end in the middle of a character. And a model may say ids whose bytes are no UTF-8 at all:
# nothing forbids it. Such bytes become the replacement character `U+FFFD`, as Python's `errors="replace"` does it, so that the
# reader sees that something was broken.
#
# **The smallest example.** With a vocabulary of the single bytes and one more token, `E5 AD`, the character 字 (`E5 AD 97`) is two
# tokens. Neither is a character.
#
# The program below is the one that people write first. It is right on English. Find its three faults and repair them. (Ids below
# zero are no invention: a place that the loss ignores is often marked with the label `-100`, and Python's `vocab[-100]` is a token.)

# %% exercise="fix_decode" minutes=7 faults=["a character that is cut into two tokens", "hostile text, byte by byte", "broken bytes become U+FFFD", "an id without a token is refused", "random ids of random tokens"]
def decode(ids, vocab) -> str:
    """Turn token ids into text.

    Args:
        ids: a list of ids, whole numbers.
        vocab: a list of bytes; the token with the id i is vocab[i].

    Returns:
        The text of all the tokens' bytes together. What is no valid UTF-8 becomes U+FFFD, as
        Python's `errors="replace"` makes it: decode([72, 105, 0xE5], single_bytes) is "Hi\\ufffd".
        No ids give "".

    Raises:
        ValueError: an id is below 0, or has no token.
    """
    ### BEGIN SOLUTION
    for i in ids:
        if not 0 <= i < len(vocab):
            raise ValueError(f"no token has the id {i}")
    return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
    ### END SOLUTION
    ### BEGIN RELEASE
    # return "".join(vocab[i].decode("utf-8", errors="ignore") for i in ids)
    ### END RELEASE


# %% check="fix_decode" points=5
with check("a character that is cut into two tokens", hint="At which moment may bytes be turned into text?"):
    cut_vocab = [bytes([b]) for b in range(256)] + ["字".encode()[:2], "汉".encode()]
    expect(decode([257, 256, 0x97], cut_vocab), "汉字", what="the text")
    expect(decode([0x41, 256, 0x97, 0x42], cut_vocab), "A字B", what="the text")
with check("hostile text, byte by byte", hint="Every byte is a token here. Put the bytes of all tokens together first."):
    for text in hostile:
        expect(decode(list(text.encode()), [bytes([b]) for b in range(256)]), text, what="the text")
with check("broken bytes become U+FFFD", hint="`ignore` makes them vanish, and without `errors` Python raises."):
    single = [bytes([b]) for b in range(256)]
    expect(decode([72, 105, 0xE5], single), "Hi\ufffd", what="the text")
    expect(decode([0xFF, 65, 0x97], single), b"\xffA\x97".decode(errors="replace"), what="the text")
    expect(decode([0xE5, 0xAD, 65], single), b"\xe5\xadA".decode(errors="replace"), what="the text")
with check("an id without a token is refused", needs="a character that is cut into two tokens", hint="What is `vocab[-1]`? And which error does an id that is too large raise?"):
    short = [b"a", b"b", b"c"]
    for bad in (-1, -3, -100, 3, 50):
        expect_raises(ValueError, decode, [0, bad, 1], short)
### BEGIN HIDDEN TESTS
with check("random ids of random tokens", hint="Compare with joining the bytes of all tokens, and decoding once.", hidden=True) as rng:
    for turn in range(30):
        letters = "ab é中字\U0001f353".encode() if turn % 3 else bytes(range(256))
        tokens = [bytes(rng.choice(list(letters), int(rng.integers(1, 4))).tolist()) for _ in range(20)]
        drawn = rng.integers(0, 20, int(rng.integers(0, 25))).tolist()
        want_text = b"".join(tokens[i] for i in drawn).decode("utf-8", errors="replace")
        expect(decode(drawn, tokens), want_text, what="the text")
### END HIDDEN TESTS
grade("fix_decode")

# %% demo=true
import codecs

reader = codecs.getincrementaldecoder("utf-8")()  # what a chat window needs: it waits for whole characters
for byte in "字\U0001f353".encode():
    print(f"{byte:02X}", repr(reader.decode(bytes([byte]))), "alone:", repr(bytes([byte]).decode(errors="replace")))

# %% [markdown]
# A chat that shows a model's answer token by token has the same trouble: it must hold bytes back until a character is whole. The
# demonstration shows Python's incremental decoder doing it.
#
# <details><summary>Hint 1</summary>
#
# Print `"字".encode()`, and then what each of its three bytes decodes to by itself.
#
# </details>
# <details><summary>Hint 2</summary>
#
# First fault: each token is decoded alone. Second: `ignore` hides broken bytes. Third: a negative id reads from the end of the
# list, and one that is too large raises an `IndexError`, which the docstring does not promise.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `b"".join(vocab[i] for i in ids)` first, then one `.decode("utf-8", errors="replace")`. Before that, a loop that raises `ValueError`
# unless `0 <= i < len(vocab)`.
#
# </details>
#
# **Why it matters.** The fault shows on nobody's English test, and on every Chinese user's screen.
# [What is byte-level BPE?](#What-is-byte-level-BPE?)

# %% [markdown]
# ## Byte-pair encoding on paper
#
# Bytes alone make long sequences: the title has 36 of them. **Byte-pair encoding** (BPE) shortens them by giving frequent
# neighbours a symbol of their own. It was a way to compress files (P. Gage, "A new algorithm for data compression", 1994), and came
# into translation as a way to write rare words (R. Sennrich, B. Haddow and A. Birch, "Neural machine translation of rare words with
# subword units", 2016). The rule of the training:
#
# 1. Begin with the bytes. Count every pair of neighbours; in `aaa` the pair `aa` stands twice.
# 2. Take the pair that occurs most often. On a **tie**, take the one whose left part is the older token, and among those the one
#    whose right part is: bytes in alphabetical order first, then the merged tokens in the order they were made.
# 3. Put a new token in its place everywhere, from left to right: `aaa` becomes `X a`.
# 4. Count again, and go on, until there are as many tokens as you wanted or no pair occurs twice.
#
# The list of pairs, in this order, is the result: the **merges**. A merge's place in it is its **rank**.
#
# **The smallest example.** `ababcab` has the pairs `ab` three times, `ba`, `bc` and `ca` once. Merge `ab` into `X`: `X X c X`. Now each
# of the pairs `XX`, `Xc` and `cX` occurs once, so it stops. One merge, and four tokens instead of seven bytes.
#
# ### Three merges by hand
#
# *By hand · 8 minutes · difficulty: one of three*
#
# Train on the text `aaabdaaabac`, three merges. Give the counts of `aa` and of `ab` before the first merge, the three merges as
# pairs of texts such as `("a", "b")`, and the tokens of the text at the end, such as `["ab", "ab", "c", "ab"]`.

# %% exercise="bpe_by_hand" minutes=8
### BEGIN SOLUTION
bpe_hand = {
    "count_aa": 4,
    "count_ab": 2,
    "merges": [("a", "a"), ("a", "b"), ("aa", "ab")],
    "tokens": ["aaab", "d", "aaab", "a", "c"],
}
### END SOLUTION
### BEGIN RELEASE
# bpe_hand = {"count_aa": ..., "count_ab": ..., "merges": ..., "tokens": ...}
### END RELEASE

# %% check="bpe_by_hand" points=4
with check("how often aa and ab occur at first", hint="Go through the ten places where a pair can begin; pairs may overlap."):
    began = Counter(zip("aaabdaaabac", "aaabdaaabac"[1:]))
    expect([bpe_hand["count_aa"], bpe_hand["count_ab"]], [began["a", "a"], began["a", "b"]], what="your counts", tell=False)
with check("the first merge", hint="The pair that you counted most often."):
    (first_pair,) = library_merges([b"aaabdaaabac"], 1)
    expect(tuple(given(bpe_hand["merges"])[0]), tuple(part.decode() for part in first_pair), what="the first merge", tell=False)
with check("the second and the third merge", hint="Two pairs tie in the second round. Which left part is older: the byte a, or the token aa?"):
    later = [tuple(part.decode() for part in pair) for pair in library_merges([b"aaabdaaabac"], 3)[1:]]
    expect([tuple(pair) for pair in given(bpe_hand["merges"])[1:]], later, what="the later merges", tell=False)
with check("the tokens at the end", hint="Apply your merges one after the other to the whole text."):
    trained = library_merges([b"aaabdaaabac"], 3)
    paper = library_tokenizer([bytes([b]) for b in range(256)] + [a + b for a, b in trained], trained, [])
    expect(given(bpe_hand["tokens"]), paper.encode("aaabdaaabac").tokens, what="the list of tokens", tell=False)
grade("bpe_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `aaab` holds `aa` at two places, and there are two of them.
#
# </details>
# <details><summary>Hint 2</summary>
#
# After the first merge, with `Z` for `aa`: `Z a b d Z a b a c`. Count `Za` and `ab`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `Za` and `ab` both occur twice. The left part of `ab` is a byte, so it is older than `Z`, and `ab` is merged, into `Y`: `Z Y d Z Y a c`.
#
# </details>
#
# **Why it matters.** Asked to explain BPE, do this example aloud: counts, merge, count again. It shows more than a definition.
# [How does BPE work?](#How-does-BPE-work?)

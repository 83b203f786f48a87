# %% one byte for each character exercise="utf8_by_hand" fails=["the two bytes of ü", "the three bytes of 中", "the bytes of the title"]
# Takes the code point for the byte, as Latin-1 does, and cuts larger ones into their hexadecimal halves.
utf8_hand = {"ü": [0xFC], "中": [0x4E, 0x2D], "back": 0x5B57, "title": 24}

# %% forgets the marks of the continuing bytes exercise="utf8_by_hand" fails=["the two bytes of ü", "the three bytes of 中", "the code point of E5 AD 97"]
# Cuts the bits into the right groups, and writes them without 10 in front; reads bytes back as if all eight bits counted.
utf8_hand = {"ü": [0xC3, 0x3C], "中": [0xE4, 0x38, 0x2D], "back": 0xE5AD97, "title": 36}

# %% joins, and lets Python raise exercise="fix_decode" fails=["broken bytes become U+FFFD", "random ids of random tokens"]
# Believes that what a model says is always valid UTF-8.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("utf-8")

# %% joins, and hides what is broken exercise="fix_decode" fails=["broken bytes become U+FFFD", "random ids of random tokens"]
# Believes that a text without question marks is a better text.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("utf-8", errors="ignore")

# %% shows what is broken, a token at a time exercise="fix_decode" fails=["a character that is cut into two tokens", "hostile text, byte by byte", "broken bytes become U+FFFD", "random ids of random tokens"]
# Repairs `ignore` and not the order: each token is still decoded alone.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return "".join(vocab[i].decode("utf-8", errors="replace") for i in ids)

# %% a byte is a character exercise="fix_decode" fails=["a character that is cut into two tokens", "hostile text, byte by byte", "broken bytes become U+FFFD", "random ids of random tokens"]
# Takes Latin-1, which never raises, for a decoder of everything.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("latin-1")

# %% only ids that are too large are refused exercise="fix_decode" fails=["an id without a token is refused"]
# Forgets that Python counts negative places from the end.
# - if not 0 <= i < len(vocab):
# + if i >= len(vocab):

# %% only negative ids are refused exercise="fix_decode" fails=["an id without a token is refused"]
# Leaves the other end to the list, which raises an IndexError.
# - if not 0 <= i < len(vocab):
# + if i < 0:

# %% negative ids are left out exercise="fix_decode" fails=["an id without a token is refused"]
# Takes -100 for padding that may be skipped, so a wrong id vanishes without a word.
# - raise ValueError(f"no token has the id {i}")
# + pass
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids if 0 <= i < len(vocab)).decode("utf-8", errors="replace")

# %% pairs may not overlap exercise="bpe_by_hand" fails=["how often aa and ab occur at first"]
# Counts aaab as one aa, because a replacement would find one.
bpe_hand = {"count_aa": 2, "count_ab": 2, "merges": [("a", "a"), ("a", "b"), ("aa", "ab")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% the pair seen first wins a tie exercise="bpe_by_hand" fails=["the second and the third merge"]
# Uses the rule of another program: here it takes aa a before a b. The tokens of this text come out alike.
bpe_hand = {"count_aa": 4, "count_ab": 2, "merges": [("a", "a"), ("aa", "a"), ("aaa", "b")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% the longest repeated piece at once exercise="bpe_by_hand" fails=["the first merge", "the second and the third merge"]
# Looks for the longest string that repeats, not for the most frequent pair.
bpe_hand = {"count_aa": 4, "count_ab": 2, "merges": [("aa", "ab"), ("a", "a"), ("a", "b")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% stops after the first merge exercise="bpe_by_hand" fails=["how often aa and ab occur at first", "the second and the third merge", "the tokens at the end"]
# Does not count again: takes the three most frequent pairs of the first count.
bpe_hand = {"count_aa": 4, "count_ab": 1, "merges": [("a", "a"), ("a", "b"), ("a", "c")], "tokens": ["aa", "ab", "d", "aa", "ab", "ac"]}

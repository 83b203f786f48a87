# %% collects the bytes one token after the other exercise="fix_decode"
# A bytearray that grows, and an index into a tuple; the refusal stands inside the loop.
def decode(ids, vocab):
    tokens, out = tuple(vocab), bytearray()
    for i in ids:
        if i < 0 or i >= len(tokens):
            raise ValueError("no such id")
        out += tokens[i]
    return str(bytes(out), "utf-8", "replace")


# %% an incremental decoder exercise="fix_decode"
# Decodes token by token, with a decoder that keeps unfinished characters to itself until they are whole.
def decode(ids, vocab):
    import codecs

    if ids and (min(ids) < 0 or max(ids) >= len(vocab)):
        raise ValueError("an id has no token")
    reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = "".join(reader.decode(vocab[i]) for i in ids)
    return text + reader.decode(b"", final=True)


# %% a Counter and an index loop exercise="merge_step"
# Counts with a Counter and places; merges by popping from a copy.
def count_pairs(words):
    counts = Counter()
    for word in words:
        for i in range(len(word) - 1):
            counts[(word[i], word[i + 1])] += words[word]
    return counts


def merge_pair(items, pair, new):
    rest, out = list(items), []
    while rest:
        if len(rest) >= 2 and rest[0] == pair[0] and rest[1] == pair[1]:
            del rest[:2]
            out.append(new)
        else:
            out.append(rest.pop(0))
    return out


# %% a stack exercise="merge_step"
# Pushes items, and replaces the top when it and the next item are the pair; a fresh token never merges again.
def count_pairs(words):
    from itertools import pairwise

    spread = ((pair, n) for word, n in words.items() for pair in pairwise(word))
    counts = {}
    for pair, n in spread:
        counts.setdefault(pair, 0)
        counts[pair] += n
    return counts


def merge_pair(items, pair, new):
    out, open_left = [], False
    for item in items:
        if open_left and item == pair[1]:
            out[-1], open_left = new, False
        else:
            out.append(item)
            open_left = item == pair[0]
    return out


# %% sorts the pairs exercise="train_bpe"
# A list of lists instead of a dict of words: slower, the same merges; ties by sorting twice.
def train_bpe(chunks, n_merges):
    vocab, merges = [bytes((b,)) for b in range(256)], []
    rows = [list(chunk) for chunk in chunks]
    for new in range(256, 256 + n_merges):
        counts = Counter(pair for row in rows for pair in zip(row, row[1:]))
        ranked = sorted(sorted(counts), key=counts.get, reverse=True)
        if not ranked or counts[ranked[0]] == 1:
            return vocab, merges
        merges.append((vocab[ranked[0][0]], vocab[ranked[0][1]]))
        vocab.append(b"".join(merges[-1]))
        rows = [merge_pair(row, ranked[0], new) for row in rows]
    return vocab, merges


# %% the largest count first, then the smallest pair exercise="train_bpe"
# Two steps for the tie rule; the words are kept in a dict whose keys are renewed each round.
def train_bpe(chunks, n_merges):
    vocab, merges = [bytes([b]) for b in range(256)], []
    words = {}
    for chunk in chunks:
        words[tuple(chunk)] = words.get(tuple(chunk), 0) + 1
    for _ in range(n_merges):
        counts = count_pairs(words)
        most = max(counts.values(), default=0)
        if most < 2:
            break
        left, right = min(pair for pair, n in counts.items() if n == most)
        vocab.append(vocab[left] + vocab[right])
        merges.append((vocab[left], vocab[right]))
        words = {tuple(merge_pair(w, (left, right), len(vocab) - 1)): n for w, n in words.items()}
    return vocab, merges


# %% splits with a group exercise="pretokenize"
# `regex.split` with a group around the pattern keeps the matches; these patterns have no groups of their own.
def pretokenize(text, patterns):
    pieces = [text]
    for pattern in patterns:
        pieces = [p for piece in pieces for p in regex.split(f"({pattern})", piece) if p]
    return [p for p in pieces if p]


# %% recursion exercise="pretokenize"
# Cuts with the first pattern, and hands every piece on to the other patterns.
def pretokenize(text, patterns):
    if not text:
        return []
    if not patterns:
        return [text]
    borders = sorted({0, len(text)} | {b for m in regex.finditer(patterns[0], text) for b in m.span()})
    return [p for a, b in zip(borders, borders[1:]) for p in pretokenize(text[a:b], patterns[1:])]


# %% every merge in its order exercise="fix_bpe"
# Goes once through all merges by rank: after training, a merge never makes room for an earlier one.
def bpe(piece, ranks):
    parts = [bytes([b]) for b in piece]
    for left, right in sorted(ranks, key=lambda pair: ranks[pair]):
        parts = merge_pair(parts, (left, right), left + right)
    return parts


# %% one place at a time exercise="fix_bpe"
# Merges only the leftmost of the best pairs and looks again, with infinity for pairs that have no rank.
def bpe(piece, ranks):
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while len(parts) > 1:
        found = [ranks.get((parts[i], parts[i + 1]), math.inf) for i in range(len(parts) - 1)]
        low = min(found)
        if low == math.inf:
            break
        at = found.index(low)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


# %% a comprehension, and the lookup in a try exercise="encode"
# One flat comprehension over pieces and tokens; the missing token shows as a KeyError, which is turned.
def encode(text, vocab, merges, patterns):
    ranks = dict(zip(map(tuple, merges), range(len(merges))))
    places = {vocab[i]: i for i in range(len(vocab))}
    tokens = [t for piece in pretokenize(text, patterns) for t in bpe(bytes(piece, "utf-8"), ranks)]
    try:
        return [places[t] for t in tokens]
    except KeyError as error:
        raise ValueError(f"unknown bytes {error}") from None


# %% vocab.index exercise="encode"
# Searches the list for each token: slow, and its ValueError is the one that is asked for.
def encode(text, vocab, merges, patterns):
    ranks, out = {}, []
    for rank, (left, right) in enumerate(merges):
        ranks[left, right] = rank
    for piece in pretokenize(text, patterns):
        out.extend(vocab.index(token) for token in bpe(piece.encode("utf-8"), ranks))
    return out


# %% one regular expression with a group exercise="encode_special"
# Escapes the names, longest first, and splits once.
def encode_special(text, vocab, merges, patterns, special, allowed):
    if set(allowed) - set(special):
        raise ValueError("allowed names what is not special")
    if not allowed:
        return encode(text, vocab, merges, patterns)
    either = "|".join(map(regex.escape, sorted(allowed, key=len)[::-1]))
    out = []
    for part in regex.split(f"({either})", text):
        out += [special[part]] if part in allowed else encode(part, vocab, merges, patterns)
    return out


# %% recursion at the first token exercise="encode_special"
# Finds the first place, the longest name there, and hands the rest on.
def encode_special(text, vocab, merges, patterns, special, allowed):
    for name in allowed:
        special[name] if name in special else (_ for _ in ()).throw(ValueError(name))
    places = [(text.find(name), -len(name), name) for name in allowed if name in text]
    if not places:
        return encode(text, vocab, merges, patterns)
    at, _, name = min(places)
    rest = encode_special(text[at + len(name) :], vocab, merges, patterns, special, allowed)
    return encode(text[:at], vocab, merges, patterns) + [special[name]] + rest


# %% encode_special with nothing allowed exercise="fix_chat_ids"
# Ordinary text is text in which no special token is allowed.
def chat_ids(messages, vocab, merges, patterns, special):
    def plain(text):
        return encode_special(text, vocab, merges, patterns, special, [])

    out = []
    for message in messages:
        out.append(special["<|im_start|>"])
        out.extend(plain(f"{message['role']}\n{message['content']}"))
        out.append(special["<|im_end|>"])
        out.extend(plain("\n"))
    return out + [special["<|im_start|>"]] + plain("assistant\n")


# %% messages and the last one in a single loop exercise="fix_chat_ids"
# The request for an answer is a message whose end is missing.
def chat_ids(messages, vocab, merges, patterns, special):
    texts = [m["role"] + "\n" + m["content"] for m in messages] + ["assistant\n"]
    line_end, ids = encode("\n", vocab, merges, patterns), []
    for number, text in enumerate(texts):
        ids += [special["<|im_start|>"]] + encode(text, vocab, merges, patterns)
        if number < len(messages):
            ids += [special["<|im_end|>"]] + line_end
    return ids

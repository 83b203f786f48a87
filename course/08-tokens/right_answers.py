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


# %% one match after the other exercise="pretokenize"
# Searches on from the end of the last match; a generator for the pieces of one pattern.
def pretokenize(text, patterns):
    def cut(piece, rule):
        at = 0
        while found := rule.search(piece, at):
            yield piece[at : found.start()]
            yield found.group()
            at = found.end()
        yield piece[at:]

    pieces = [text]
    for rule in map(regex.compile, patterns):
        pieces = [part for piece in pieces for part in cut(piece, rule) if part != ""]
    return [part for part in pieces if part]


# %% recursion exercise="pretokenize"
# Cuts with the first pattern, and hands every piece on to the other patterns.
def pretokenize(text, patterns):
    if not text:
        return []
    if not patterns:
        return [text]
    borders = sorted({0, len(text)} | {b for m in regex.finditer(patterns[0], text) for b in m.span()})
    return [p for a, b in zip(borders, borders[1:]) for p in pretokenize(text[a:b], patterns[1:])]


# %% recursion on the pieces exercise="fix_bpe"
# A helper that merges once and calls itself, with the ranks of the neighbours in a list.
def bpe(piece, ranks):
    def step(parts):
        found = [(ranks[pair], pair) for pair in zip(parts, parts[1:]) if pair in ranks]
        if not found:
            return parts
        left, right = min(found)[1]
        return step(merge_pair(parts, (left, right), left + right))

    return step([bytes([b]) for b in piece])


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


# %% torch adds up exercise="bits_per_byte"
# Flattens the losses into one tensor of 64 bits.
def bits_per_byte(texts, losses):
    if len(losses) != len(texts) or not "".join(texts):
        raise ValueError("texts and losses do not fit, or there is no text")
    nats = torch.tensor([x for row in losses for x in row], dtype=torch.float64).sum()
    return (nats / math.log(2)).item() / len("".join(texts).encode("utf-8"))


# %% log2 of the probabilities exercise="bits_per_byte"
# Goes back to probabilities and takes their base-two logarithm, text by text.
def bits_per_byte(texts, losses):
    bits = size = 0
    for text, row in zip(texts, losses, strict=True):
        bits += sum(-math.log2(math.exp(-nats)) for nats in row)
        size += len(bytes(text, "utf-8"))
    if size == 0:
        raise ValueError("no bytes")
    return bits / size


# %% from the front, with whole prefixes exercise="best_split"
# A dict from place to (sum, tokens so far): keeps the cut itself, so nothing is read back.
def best_split(text, logp):
    at = {0: (0.0, [])}
    for begin in range(len(text)):
        if begin not in at:
            continue
        total, tokens = at[begin]
        for token, p in logp.items():
            if text.startswith(token, begin):
                end = begin + len(token)
                if end not in at or total + p > at[end][0]:
                    at[end] = (total + p, [*tokens, token])
    if len(text) not in at:
        raise ValueError("cannot be cut")
    return at[len(text)][1]


# %% recursion with a memory exercise="best_split"
# The best cut of the rest, remembered by its place; deep recursion is avoided by filling from the back.
def best_split(text, logp):
    rest = [None] * len(text) + [(0.0, ())]
    for place in range(len(text) - 1, -1, -1):
        ways = [
            (p + rest[place + len(token)][0], (token, *rest[place + len(token)][1]))
            for token, p in logp.items()
            if text.startswith(token, place) and rest[place + len(token)] is not None
        ]
        rest[place] = max(ways, key=lambda way: way[0]) if ways else None
    if rest[0] is None:
        raise ValueError(text)
    return list(rest[0][1])


# %% an empty table that is filled exercise="extend_embedding"
# Makes the larger table first, and writes the rows into it.
def extend_embedding(weight, vocab, merges, new_tokens):
    ranks = {pair: n for n, pair in enumerate(merges)}
    if set(vocab) & set(new_tokens) or len(set(new_tokens)) != len(new_tokens):
        raise ValueError("not new")
    table = weight.new_empty(len(vocab) + len(new_tokens), weight.shape[1])
    table[: len(vocab)] = weight
    for n, token in enumerate(new_tokens):
        places = [vocab.index(piece) for piece in bpe(token, ranks)]
        table[len(vocab) + n] = weight[places].sum(0) / len(places)
    return table


# %% a matrix of shares exercise="extend_embedding"
# Each new row is a mixture of old rows: one product with a matrix of shares.
def extend_embedding(weight, vocab, merges, new_tokens):
    ranks = {pair: n for n, pair in enumerate(merges)}
    places = {token: n for n, token in enumerate(vocab)}
    shares = torch.zeros(len(new_tokens), len(vocab), dtype=weight.dtype)
    for n, token in enumerate(new_tokens):
        if token in places or token in new_tokens[:n]:
            raise ValueError(token)
        pieces = bpe(token, ranks)
        for piece in pieces:
            if piece not in places:
                raise ValueError(piece)
            shares[n, places[piece]] += 1 / len(pieces)
    return torch.vstack([weight, shares @ weight])


# %% one row after the other exercise="pad_batch"
# Two branches, and a loop over the rows.
def pad_batch(sequences, pad_id, side):
    if side != "left" and side != "right":
        raise ValueError("side")
    width = max([len(row) for row in sequences] or [0])
    ids, mask, positions = [], [], []
    for row in sequences:
        gap = width - len(row)
        before, behind = (gap, 0) if side == "left" else (0, gap)
        ids.append([pad_id] * before + list(row) + [pad_id] * behind)
        mask.append([0] * before + [1] * len(row) + [0] * behind)
        positions.append([0] * before + [*range(len(row))] + [0] * behind)
    return {"ids": ids, "mask": mask, "positions": positions}


# %% tensors inside exercise="pad_batch"
# Fills rectangles with torch, and turns them into lists at the end.
def pad_batch(sequences, pad_id, side):
    if side not in {"left", "right"}:
        raise ValueError(side)
    if not sequences:
        return {"ids": [], "mask": [], "positions": []}
    width = max(len(row) for row in sequences)
    ids = torch.full((len(sequences), width), pad_id)
    mask = torch.zeros(len(sequences), width, dtype=torch.long)
    for n, row in enumerate(sequences):
        where = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[n, where] = torch.tensor(row, dtype=torch.long)
        mask[n, where] = 1
    positions = (mask.cumsum(1) - 1).clamp(min=0) * mask
    return {"ids": ids.tolist(), "mask": mask.tolist(), "positions": positions.tolist()}


# %% looks at the neighbours of each place exercise="train_fast"
# The changes from two dicts; the words one after the other in the order of their numbers.
def pair_changes(word, pair, new):
    after = merge_pair(word, pair, new)
    changes = {}
    for sign, items in ((-1, word), (1, after)):
        for n in range(len(items) - 1):
            key = (items[n], items[n + 1])
            changes[key] = changes.get(key, 0) + sign
    return after, {key: n for key, n in changes.items() if n != 0}


def merge_indexed(words, times, where, pair, new):
    tables = {"words": {}, "counts": {}, "came": {}, "gone": {}}
    if pair not in where:
        return tables
    for n in sorted(where[pair]):
        after, changes = pair_changes(words[n], pair, new)
        tables["words"][n] = after
        for key, change in changes.items():
            tables["counts"][key] = tables["counts"].get(key, 0) + change * times[n]
            if new in key:
                tables["came"].setdefault(key, set()).add(n)
            elif key not in list(zip(after, after[1:])):
                tables["gone"].setdefault(key, set()).add(n)
    return tables


# %% Counters all the way exercise="train_fast"
# Weighted Counters before and after; the index is read off two tables of which word holds what.
def pair_changes(word, pair, new):
    after = merge_pair(list(word), pair, new)
    left, right = Counter(zip(word, word[1:])), Counter(zip(after, after[1:]))
    return after, {p: right[p] - left[p] for p in left | right if right[p] != left[p]}


def merge_indexed(words, times, where, pair, new):
    from collections import defaultdict

    merged = {w: pair_changes(words[w], pair, new)[0] for w in where.get(pair, set())}
    counts, holds = Counter(), []
    for sign, table in ((-1, words), (1, merged)):
        places = defaultdict(set)
        for w in merged:
            for p in zip(table[w], table[w][1:]):
                counts[p] += sign * times[w]
                places[p].add(w)
        holds.append(places)
    before, after = holds
    return {
        "words": merged,
        "counts": Counter({p: n for p, n in counts.items() if n}),
        "came": {p: after[p] - before.get(p, set()) for p in after if after[p] - before.get(p, set())},
        "gone": {p: before[p] - after.get(p, set()) for p in before if before[p] - after.get(p, set())},
    }

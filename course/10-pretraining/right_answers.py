# %% loops over rows and positions exercise="next_token_loss"
# Adds up one target after the other, with log_softmax.
def next_token_loss(logits, ids, real=None):
    total, n = 0.0, 0
    for r in range(ids.shape[0]):
        for t in range(ids.shape[1] - 1):
            if real is None or (real[r, t] and real[r, t + 1]):
                total -= float(torch.log_softmax(logits[r, t], dim=0)[ids[r, t + 1]])
                n += 1
    if n == 0:
        raise ValueError("nothing to predict")
    return total / n


# %% labels with a mark for what does not count exercise="next_token_loss"
# The usual way: -100 where a label is ignored, one call on the flattened tensors.
def next_token_loss(logits, ids, real=None):
    labels = ids[:, 1:].clone()
    if real is not None:
        labels[~(real[:, 1:] & real[:, :-1])] = -100
    if labels.numel() == 0 or bool((labels == -100).all()):
        raise ValueError("no target counts")
    flat = logits[:, :-1].reshape(-1, logits.shape[-1])
    return F.cross_entropy(flat, labels.reshape(-1), ignore_index=-100)


# %% logsumexp and gather exercise="next_token_loss"
# Without cross_entropy, and with weights of zero and one.
def next_token_loss(logits, ids, real=None):
    said, came = logits[:, :-1], ids[:, 1:]
    each = said.logsumexp(dim=2) - said.gather(2, came.unsqueeze(2)).squeeze(2)
    w = torch.ones_like(each) if real is None else (real[:, 1:] & real[:, :-1]).to(each.dtype)
    if w.sum() == 0:
        raise ValueError("no target")
    return (each * w).sum().item() / w.sum().item()


# %% one position after the other exercise="future_seen"
# Asks each position whether it sees anything later, and stops at the first change that moves it.
def future_seen(model, ids, n_vocab):
    base = model(list(ids))

    def sees(t):
        for place in range(t + 1, len(ids)):
            for other in range(n_vocab):
                changed = list(ids)
                changed[place] = other
                if not torch.allclose(model(changed)[t], base[t], rtol=0, atol=1e-6):
                    return True
        return False

    return [t for t in range(len(ids)) if sees(t)]


# %% a matrix of who moved whom exercise="future_seen"
# Builds the whole table (changed place, position) and reads its upper triangle.
def future_seen(model, ids, n_vocab):
    base, n = model(ids).detach(), len(ids)
    table = np.zeros((n, n), dtype=bool)
    for place, other in itertools.product(range(n), range(n_vocab)):
        new = ids.copy()
        new[place] = other
        table[place] |= (np.abs((model(new) - base).numpy()) > 1e-6).any(axis=1)
    return [t for t in range(n) if table[t + 1 :, t].any()]


# %% Counters and recursion exercise="ngram"
# Each order calls the one below; a context is shortened until it fits.
def ngram_counts(text, n):
    counts = {}
    for i, char in enumerate(text):
        for size in range(min(n, i + 1)):
            counts.setdefault(text[i - size : i], Counter())[char] += 1
    return {context: dict(row) for context, row in counts.items()}


def ngram_prob(counts, context, char, n, n_symbols, k=2.0):
    if n == 0:
        return 1 / n_symbols
    if len(context) < n - 1:
        return ngram_prob(counts, context, char, len(context) + 1, n_symbols, k)
    h = context[len(context) - (n - 1) :]
    below = ngram_prob(counts, h[1:], char, n - 1, n_symbols, k) if n > 1 else 1 / n_symbols
    row = counts.get(h)
    return below if row is None else (row.get(char, 0) + k * below) / (sum(row.values()) + k)


# %% runs first, then rows exercise="ngram"
# Counts runs of n characters and splits them; probabilities from the shortest context to the longest.
def ngram_counts(text, n):
    runs = Counter(text[i : i + m] for m in range(1, n + 1) for i in range(len(text) - m + 1))
    rows = {}
    for run, times in runs.items():
        rows.setdefault(run[:-1], {})[run[-1]] = times
    return rows


def ngram_prob(counts, context, char, n, n_symbols, k=2.0):
    contexts = [context[i:] for i in range(len(context) + 1) if len(context) - i < n]
    p = 1 / n_symbols
    for h in sorted(contexts, key=len):
        if h in counts:
            total = sum(counts[h].values())
            p = total / (total + k) * (counts[h].get(char, 0) / total) + k / (total + k) * p
    return p


# %% with NumPy and all pairs exercise="minhash"
# Ranks as an array; every pair is compared, band by band.
def signature(shingles, ranks):
    if len(shingles) == 0:
        raise ValueError("empty")
    return np.array(ranks)[:, sorted(set(shingles))].min(axis=1).tolist()


def candidate_pairs(signatures, n_bands):
    if any(len(s) % n_bands for s in signatures):
        raise ValueError("bands do not fit")
    blocks = [np.array(s).reshape(n_bands, -1) for s in signatures]
    return [
        (i, j)
        for i in range(len(blocks))
        for j in range(i + 1, len(blocks))
        if any((a == b).all() for a, b in zip(blocks[i], blocks[j], strict=True))
    ]


# %% plain loops exercise="minhash"
# No library at all; the band is part of the bucket's key.
def signature(shingles, ranks):
    if not shingles:
        raise ValueError("no shingle")
    out = []
    for rank in ranks:
        lowest = rank[shingles[0]]
        for s in shingles[1:]:
            if rank[s] < lowest:
                lowest = rank[s]
        out.append(lowest)
    return out


def candidate_pairs(signatures, n_bands):
    table, pairs = {}, set()
    for j, one in enumerate(signatures):
        width, rest = divmod(len(one), n_bands)
        if rest:
            raise ValueError("no whole bands")
        for b in range(n_bands):
            key = (b, *one[b * width : b * width + width])
            pairs.update((i, j) for i in table.get(key, []))
            table.setdefault(key, []).append(j)
    return sorted(pairs)


# %% a growing row exercise="packing"
# Token by token; a row is put away when it is full.
def pack(documents, length, end):
    rows, numbers, row, number = [], [], [], []
    for i, document in enumerate(documents):
        for token in list(document) + [end]:
            row.append(token)
            number.append(i)
            if len(row) == length:
                rows.append(row)
                numbers.append(number)
                row, number = [], []
    return rows, numbers


def document_mask(numbers):
    t = len(numbers)
    mask = torch.zeros(t, t, dtype=torch.bool)
    for i in range(t):
        for j in range(i + 1):
            mask[i, j] = numbers[i] == numbers[j]
    return mask


# %% tensors cut and reshaped exercise="packing"
# The stream as a tensor, cut to whole rows; the mask from comparisons alone.
def pack(documents, length, end):
    stream = torch.tensor(sum(([*d, end] for d in documents), []))
    owner = torch.repeat_interleave(torch.arange(len(documents)), torch.tensor([len(d) + 1 for d in documents]))
    n = len(stream) // length
    return stream[: n * length].view(n, length).tolist(), owner[: n * length].view(n, length).tolist()


def document_mask(numbers):
    number, place = torch.tensor(numbers), torch.arange(len(numbers))
    return (number.unsqueeze(1) == number) & (place.unsqueeze(1) >= place)


# %% the large batch at once exercise="fix_accumulation"
# Joins the micro-batches; memory aside, it is the definition.
def accumulated(weight, micro_batches, max_norm=math.inf):
    w = weight.detach().clone().requires_grad_(True)
    x, y = (torch.cat(parts) for parts in zip(*micro_batches, strict=True))
    loss = F.cross_entropy(x @ w, y)
    loss.backward()
    norm = float(torch.nn.utils.clip_grad_norm_([w], max_norm))
    return {"loss": float(loss), "norm": norm, "grad": w.grad}


# %% weights for the means exercise="fix_accumulation"
# Means, weighted by their share of the tokens.
def accumulated(weight, micro_batches, max_norm=math.inf):
    w = weight.clone().requires_grad_()
    sizes = [y.numel() for _, y in micro_batches]
    losses = [F.cross_entropy(x @ w, y) * (n / sum(sizes)) for (x, y), n in zip(micro_batches, sizes, strict=True)]
    grads = [torch.autograd.grad(part, w)[0] for part in losses]
    grad = torch.stack(grads).sum(dim=0)
    norm = torch.linalg.vector_norm(grad)
    if norm > max_norm:
        grad = grad / norm * max_norm
    return {"loss": sum(part.item() for part in losses), "norm": norm.item(), "grad": grad}

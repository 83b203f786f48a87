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
from collections import Counter


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
from collections import Counter


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


# %% the law unpacked, the minimum by a search exercise="chinchilla"
# Golden-section search over log n; no derivative.
def scaling_loss(law, n, d):
    E, A, B, alpha, beta = (law[k] for k in ("E", "A", "B", "alpha", "beta"))
    return E + A * n**-alpha + B * d**-beta


def best_size(law, flops):
    def at(u):
        return scaling_loss(law, math.exp(u), flops / 6 / math.exp(u))

    low, high = -20.0, math.log(flops)
    for _ in range(300):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        slope = law["beta"] * law["B"] * (6 / flops) ** law["beta"] * math.exp(law["beta"] * (a + b) / 2)
        slope -= law["alpha"] * law["A"] * math.exp(-law["alpha"] * (a + b) / 2)
        low, high = (low, (a + b) / 2) if slope > 0 else ((a + b) / 2, high)
    n = math.exp(low)
    return n, flops / 6 / n


# %% tokens first exercise="chinchilla"
# Solves for the tokens, and takes the parameters from what is left.
def scaling_loss(law, n, d):
    return sum([law["E"], law["A"] * math.exp(-law["alpha"] * math.log(n)), law["B"] * math.exp(-law["beta"] * math.log(d))])


def best_size(law, flops):
    total = law["alpha"] + law["beta"]
    g = (law["alpha"] * law["A"] / law["beta"] / law["B"]) ** (1 / total)
    tokens = (flops / 6) ** (law["alpha"] / total) / g
    return flops / (6 * tokens), tokens


# %% polynomials as objects exercise="isoflop"
# numpy.polynomial, whose coefficients begin with the lowest power.
def parabola_minimum(sizes, losses):
    if len(sizes) < 3:
        raise ValueError("too few")
    c, b, a = np.polynomial.polynomial.polyfit(np.log(np.asarray(sizes, dtype=float)), losses, 2)
    if not a > 0:
        raise ValueError("open downwards")
    return math.exp(-b / a / 2)


def power_law(x, y):
    line = stats.linregress(np.log(x), np.log(y))
    return line.slope, math.exp(line.intercept)


# %% least squares by hand exercise="isoflop"
# lstsq for the parabola, means and products for the line.
def parabola_minimum(sizes, losses):
    u = [math.log10(s) for s in sizes]
    if len(u) <= 2:
        raise ValueError("needs three points")
    table = np.array([[1.0, v, v * v] for v in u])
    (c, b, a), *_ = np.linalg.lstsq(table, np.array(losses, dtype=float), rcond=None)
    if a <= 0:
        raise ValueError("no bottom")
    return 10 ** (-b / (2 * a))


def power_law(x, y):
    u, v = np.log(np.array(x, dtype=float)), np.log(np.array(y, dtype=float))
    a = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return a, math.exp(v.mean() - a * u.mean())


# %% filters on logits exercise="next_probs"
# As in the libraries: what is filtered out gets a logit of minus infinity, one softmax at the end.
def next_probs(logits, temperature=1.0, top_k=None, top_p=None, min_p=None, penalty=1.0, previous=()):
    if temperature < 0:
        raise ValueError("temperature")
    if top_k is not None and top_k < 1:
        raise ValueError("top_k")
    if top_p is not None and (top_p <= 0 or top_p > 1):
        raise ValueError("top_p")
    if min_p is not None and (min_p < 0 or min_p > 1):
        raise ValueError("min_p")
    z = torch.tensor(logits, dtype=torch.float64)
    for t in dict.fromkeys(previous):
        z[t] = z[t] / penalty if z[t] > 0 else z[t] * penalty
    if temperature == 0:
        return F.one_hot(z.argmax(), len(z)).double().tolist()
    z = z / temperature
    if top_k is not None:
        z[z < z.topk(min(top_k, len(z))).values[-1]] = -math.inf
    if top_p is not None:
        value, place = z.softmax(0).sort(descending=True, stable=True)
        z[place[(value.cumsum(0) - value) >= top_p]] = -math.inf
    if min_p is not None:
        p = z.softmax(0)
        z[p < min_p * p.max()] = -math.inf
    return z.softmax(0).tolist()


# %% lists of pairs exercise="next_probs"
# Plain Python: pairs of probability and id, sorted once.
def next_probs(logits, temperature=1.0, top_k=None, top_p=None, min_p=None, penalty=1.0, previous=()):
    ok = temperature >= 0 and (top_k is None or top_k >= 1)
    ok = ok and (top_p is None or 0 < top_p <= 1) and (min_p is None or 0 <= min_p <= 1)
    if not ok:
        raise ValueError("a setting is out of range")
    z = [
        v if i not in previous else (v / penalty if v > 0 else v * penalty) for i, v in enumerate(logits)
    ]
    if temperature == 0:
        first = max(range(len(z)), key=lambda i: z[i])
        return [1.0 if i == first else 0.0 for i in range(len(z))]
    top = max(z)
    pairs = sorted(((math.exp((v - top) / temperature), i) for i, v in enumerate(z)), reverse=True)
    if top_k is not None:
        bar = pairs[min(top_k, len(pairs)) - 1][0]
        pairs = [pair for pair in pairs if pair[0] >= bar]
    if top_p is not None:
        whole, held, kept = sum(w for w, _ in pairs), 0.0, []
        for pair in pairs:
            if held >= top_p * whole and kept:
                break
            kept.append(pair)
            held += pair[0]
        pairs = kept
    if min_p is not None:
        pairs = [pair for pair in pairs if pair[0] >= min_p * pairs[0][0]]
    whole = sum(w for w, _ in pairs)
    weight = {i: w / whole for w, i in pairs}
    return [weight.get(i, 0.0) for i in range(len(z))]


# %% one deep copy of everything exercise="fix_resume"
# Names of its own, one deepcopy around the whole.
def checkpoint_of(run):
    return copy.deepcopy(
        {
            "net": run.net.state_dict(),
            "adam": run.optimizer.state_dict(),
            "where": run.step,
            "rng": [run.generator.get_state(), torch.random.get_rng_state()],
        }
    )


def resume(run, checkpoint):
    saved = copy.deepcopy(checkpoint)
    run.net.load_state_dict(saved["net"])
    run.optimizer.load_state_dict(saved["adam"])
    run.step = saved["where"]
    run.generator.set_state(saved["rng"][0])
    torch.random.set_rng_state(saved["rng"][1])


# %% bytes, as a file would hold them exercise="fix_resume"
# torch.save into memory: what is in the bytes cannot change.
def checkpoint_of(run):
    import io

    file = io.BytesIO()
    states = run.net.state_dict(), run.optimizer.state_dict()
    torch.save([*states, run.step, run.generator.get_state(), torch.get_rng_state()], file)
    return {"net": {k: v.clone() for k, v in states[0].items()}, "file": file.getvalue()}


def resume(run, checkpoint):
    import io

    net, optimizer, step, batches, dice = torch.load(io.BytesIO(checkpoint["file"]))
    run.net.load_state_dict(net)
    run.optimizer.load_state_dict(optimizer)
    run.step = step
    run.generator.set_state(batches)
    torch.set_rng_state(dice)


# %% in 32 bits exercise="next_probs"
# PyTorch's default precision.
def next_probs(logits, temperature=1.0, top_k=None, top_p=None, min_p=None, penalty=1.0, previous=()):
    bad = temperature < 0 or (top_k is not None and top_k < 1)
    if bad or not (top_p is None or 0 < top_p <= 1) or not (min_p is None or 0 <= min_p <= 1):
        raise ValueError("out of range")
    z = torch.tensor(logits)
    seen = torch.zeros(len(z), dtype=torch.bool)
    seen[list(previous)] = True
    z = torch.where(seen, torch.where(z > 0, z / penalty, z * penalty), z)
    if temperature == 0:
        return [float(i == int(z.argmax())) for i in range(len(z))]
    p = torch.softmax((z - z.max()) / temperature, dim=0)
    if top_k is not None:
        p = p * (p >= p.topk(min(top_k, len(p))).values.min())
        p = p / p.sum()
    if top_p is not None:
        sizes, order = p.sort(descending=True)
        p[order[sizes.cumsum(0) - sizes >= top_p]] = 0
        p = p / p.sum()
    if min_p is not None:
        p = p * (p >= min_p * p.max())
        p = p / p.sum()
    return p.tolist()

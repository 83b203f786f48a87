# %% every token is a target exercise="loss_by_hand" fails=["how many targets", "the loss", "the perplexity", "the bits per byte"]
# Reads row and column of the same token: what the model says after `the` about `the`.
loss_hand = {"targets": 4, "loss": 7 * math.log(2) / 4, "perplexity": 2 ** (7 / 4), "bits_per_byte": 7 / 12}

# %% all bytes of the text exercise="loss_by_hand" fails=["the bits per byte"]
# Divides by the bytes of the whole text, the first token's included, which nobody predicted.
loss_hand = {"targets": 3, "loss": 2 * math.log(2), "perplexity": 4, "bits_per_byte": 6 / 12}

# %% bits for nats exercise="loss_by_hand" fails=["the loss", "the perplexity", "the bits per byte"]
# Takes the loss in bits, and e to that power.
loss_hand = {"targets": 3, "loss": 2, "perplexity": math.exp(2), "bits_per_byte": 2}

# %% the shift forgotten exercise="next_token_loss" fails=["the table of the cat", "the mean is over tokens, not over rows", "drawn batches"]
# Believes that the logits at a token are about that token.
# - counts = real[:, 1:] & real[:, :-1]
# + counts = real
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits[counts], ids[counts])

# %% shifted the other way exercise="next_token_loss" fails=["the table of the cat", "the mean is over tokens, not over rows", "drawn batches"]
# Moves the logits in place of the targets: predicts the token before.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits[:, 1:][counts], ids[:, :-1][counts])

# %% shifted twice exercise="next_token_loss" fails=["the table of the cat", "the mean is over tokens, not over rows", "drawn batches"]
# Moves the labels although they were moved already: predicts the token after the next.
# - counts = real[:, 1:] & real[:, :-1]
# + counts = real[:, 2:] & real[:, :-2]
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits[:, :-2][counts], ids[:, 2:][counts])

# %% padding counts exercise="next_token_loss" fails=["padding on the right does not count", "padding on the left does not count", "the mean is over tokens, not over rows", "without a target: refused", "drawn batches"]
# Believes that padding is text like any other.
# - real = torch.ones_like(ids, dtype=torch.bool) if real is None else real
# + real = torch.ones_like(ids, dtype=torch.bool)

# %% only the target must be real exercise="next_token_loss" fails=["padding on the left does not count", "without a target: refused", "drawn batches"]
# Asks for the first real token behind padding, of which nothing is known.
# - counts = real[:, 1:] & real[:, :-1]
# + counts = real[:, 1:]

# %% only the input must be real exercise="next_token_loss" fails=["padding on the right does not count", "the mean is over tokens, not over rows", "without a target: refused", "drawn batches"]
# Counts the padding behind the last real token as a target.
# - counts = real[:, 1:] & real[:, :-1]
# + counts = real[:, :-1]

# %% the mean of the rows' means exercise="next_token_loss" fails=["the mean is over tokens, not over rows", "drawn batches"]
# Believes that a mean of means is the mean.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + rows = [F.cross_entropy(logits[r, :-1][c], ids[r, 1:][c]) for r, c in enumerate(counts) if c.any()]
# + return torch.stack(rows).mean()

# %% masked places are divided by, too exercise="next_token_loss" fails=["padding on the right does not count", "padding on the left does not count", "the mean is over tokens, not over rows", "drawn batches"]
# Sets the loss of padding to zero, and still divides by all places.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + each = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
# + return (each * counts.flatten()).mean()

# %% exponentials by hand exercise="next_token_loss" fails=["huge logits do not overflow"]
# Writes softmax out; e to the thousandth is infinite.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + p = logits.exp() / logits.exp().sum(dim=-1, keepdim=True)
# + return -p[:, :-1][counts].gather(1, ids[:, 1:][counts][:, None]).log().mean()

# %% takes probabilities exercise="next_token_loss" fails=["the table of the cat", "the mean is over tokens, not over rows", "drawn batches"]
# Believes that `cross_entropy` wants probabilities; it applies the softmax itself, so this one is the second.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits.softmax(dim=-1)[:, :-1][counts], ids[:, 1:][counts])

# %% a mean of nothing exercise="next_token_loss" fails=["without a target: refused"]
# Does not ask whether there is a target: nan goes on.
# - if not counts.any():
# -     raise ValueError("there is no target")

# %% perplexity for loss exercise="next_token_loss" fails=["the table of the cat", "equal logits cost ln V", "the mean is over tokens, not over rows", "drawn batches"]
# Believes that the loss of a language model is its perplexity, which is e to the power of it.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts]).exp()

# %% logarithms mixed up exercise="first_numbers" fails=["the first loss of GPT-2", "the first bits per byte of ours", "a start at 30", "a start at half of it"]
# Takes the logarithm to base 10, and gives nats where bits are asked for.
first_said = {"first_loss": math.log10(50257), "first_bits": math.log(128), "thirty": "b", "half": "a"}

# %% looks for the cause in the data exercise="first_numbers" fails=["a start at 30", "a start at half of it"]
# Believes that the text decides where the loss begins.
first_said = {"first_loss": math.log(50257), "first_bits": 7, "thirty": "a", "half": "c"}

# %% looks for the cause in the optimizer exercise="first_numbers" fails=["a start at 30", "a start at half of it"]
# Believes that settings of the run show before its first update.
first_said = {"first_loss": math.log(50257), "first_bits": 7, "thirty": "d", "half": "d"}

# %% the changed place counts exercise="future_seen" fails=["the mask that is off by one", "statistics over the row", "a leak for one token only", "far away counts too", "a leak that is open already", "other texts"]
# Takes the position of the changed token, and those after it, for leaks too.
# - seen |= {t for t in range(place) if moved[t]}
# + seen |= {t for t in range(len(ids)) if moved[t]}

# %% the token itself counts exercise="future_seen" fails=["the mask that is off by one", "statistics over the row", "a leak for one token only", "far away counts too", "a leak that is open already", "other texts"]
# An off-by-one in the test for off-by-ones: the position that sees its own token is accused.
# - seen |= {t for t in range(place) if moved[t]}
# + seen |= {t for t in range(place + 1) if moved[t]}

# %% changes the last token only exercise="future_seen" fails=["the mask that is off by one", "other texts"]
# Believes that whoever sees the future sees its end.
# - for place in range(1, len(ids)):
# + for place in range(max(1, len(ids) - 1), len(ids)):

# %% tries one other token exercise="future_seen" fails=["a leak for one token only", "far away counts too", "other texts"]
# Believes that one change shows every leak.
# - for other in range(n_vocab):
# + for other in [(ids[place] + 1) % n_vocab]:

# %% looks one place back only exercise="future_seen" fails=["a leak for one token only", "far away counts too", "a leak that is open already", "other texts"]
# Knows only the mask that is off by one.
# - seen |= {t for t in range(place) if moved[t]}
# + seen |= {t for t in range(place - 1, place) if moved[t]}

# %% asks whether all logits move exercise="future_seen" fails=["statistics over the row", "other texts"]
# Wants a whole row to move; the test is passed by leaks that move one logit.
# - moved = (after - before).abs().amax(dim=1) > 1e-6
# + moved = (after - before).abs().amin(dim=1) > 0.5

# %% says only that somebody leaks exercise="future_seen" fails=["the mask that is off by one", "statistics over the row", "a leak for one token only", "far away counts too", "a leak that is open already", "other texts"]
# Returns places to change instead of positions that moved.
# - seen |= {t for t in range(place) if moved[t]}
# + seen |= {place for t in range(place) if moved[t]}

# %% compares with the text before the last change exercise="future_seen" fails=["an honest model sees nothing", "a leak for one token only", "far away counts too", "a leak that is open already", "other texts"]
# Leaves the changes in place; later tests compare texts that differ in several tokens, earlier ones too.
# - before, seen = model(ids), set()
# + before, seen, ids = model(ids), set(), list(ids)
# - after = model([*ids[:place], other, *ids[place + 1 :]])
# + ids[place] = other
# + after = model(ids)

# %% runs do not overlap exercise="ngram" fails=["counts: three characters deep", "drawn texts, counted another way"]
# Counts with str.count, which jumps over what it has counted.
# - row = counts.setdefault(text[i - size : i], {})
# - row[text[i]] = row.get(text[i], 0) + 1
# + h = text[i - size : i]
# + counts.setdefault(h, {})[text[i]] = text.count(h + text[i])

# %% only the longest context is counted exercise="ngram" fails=["counts: the example", "counts: three characters deep", "drawn texts, counted another way"]
# Forgets the shorter contexts on which the longer ones lean.
# - for size in range(n):
# + for size in range(n - 1, n):

# %% one context too long exercise="ngram" fails=["counts: the example", "counts: three characters deep", "drawn texts, counted another way"]
# Takes n for the length of the context, not of the run.
# - for size in range(n):
# -     for i in range(size, len(text)):
# + for size in range(n + 1):
# +     for i in range(size, len(text)):

# %% contexts that nothing follows exercise="ngram" fails=["drawn texts, counted another way"]
# Lists the end of the text as a context, with an empty row.
# - return counts
# + for size in range(n):
# +     counts.setdefault(text[len(text) - size :], {})
# + return counts

# %% no leaning on the order below exercise="ngram" fails=["probabilities: the example", "order 0 and unseen characters", "drawn texts, counted another way"]
# Divides counts; what was never seen has probability 0, or 0/0.
# - p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
# + p = row.get(char, 0) / sum(row.values()) if row else 0.0

# %% adds k to each symbol exercise="ngram" fails=["unseen contexts say what the shorter one says", "a context that is too short", "drawn texts, counted another way"]
# Smooths every order towards the uniform guess instead of the order below.
# - p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
# + p = (row.get(char, 0) + k / n_symbols) / (sum(row.values()) + k)

# %% k always 2 exercise="ngram" fails=["probabilities: the example", "drawn texts, counted another way"]
# Takes k as an argument and never uses it.
# - p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
# + p = (row.get(char, 0) + 2.0 * p) / (sum(row.values()) + 2.0)

# %% k in the numerator only exercise="ngram" fails=["probabilities: the example", "order 0 and unseen characters", "by enumeration: all texts of three characters together have probability 1", "drawn texts, counted another way"]
# Forgets that what is added above must be added below: the sum is not one.
# - p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
# + p = (row.get(char, 0) + k * p) / max(1, sum(row.values()))

# %% the beginning of the context exercise="ngram" fails=["unseen contexts say what the shorter one says", "only the last n - 1 characters count", "drawn texts, counted another way"]
# Takes the first characters of the context, which are the furthest away.
# - row = counts.get(context[len(context) - size :], {})
# + row = counts.get(context[:size], {})

# %% a slice from minus zero exercise="ngram" fails=["probabilities: the example", "drawn texts, counted another way"]
# `context[-0:]` is the whole context, not none of it.
# - row = counts.get(context[len(context) - size :], {})
# + row = counts.get(context[-size:], {})

# %% the order ignored exercise="ngram" fails=["order 0 and unseen characters"]
# Uses all of the context that the counts know, whatever n says.
# - for size in range(min(n, len(context) + 1)):
# + for size in range(len(context) + 1):

# %% an unseen context is a uniform guess exercise="ngram" fails=["unseen contexts say what the shorter one says", "drawn texts, counted another way"]
# Believes that an unseen context tells nothing; a shorter one still does.
# - p = (row.get(char, 0) + k * p) / (sum(row.values()) + k)
# + p = (row.get(char, 0) + k * p) / (sum(row.values()) + k) if row else 1 / n_symbols

# %% the union counts twice exercise="minhash_by_hand" fails=["the similarity", "one entry agrees", "the pair is caught"]
# Adds the sizes of the two sets, and forgets that four shingles are in both.
copies_hand = {"jaccard": 4 / 14, "agree": 4 / 14, "caught": 1 - (1 - (4 / 14) ** 2) ** 3, "near": 1 - (19 / 100) ** 3}

# %% rows and bands exchanged exercise="minhash_by_hand" fails=["the pair is caught", "a near copy is caught"]
# Takes three entries a band and two bands.
copies_hand = {"jaccard": 4 / 10, "agree": 4 / 10, "caught": 1 - (1 - 0.4**3) ** 2, "near": 1 - (1 - 0.9**3) ** 2}

# %% the smallest shingle exercise="minhash" fails=["a signature: the example", "by enumeration: over all 120 orders, the share that agrees is J", "drawn texts"]
# Notes the smallest shingle's rank instead of the lowest rank.
# - return [min(rank[s] for s in shingles) for rank in ranks]
# + return [rank[min(shingles)] for rank in ranks]

# %% the highest rank exercise="minhash" fails=["a signature: the example", "drawn texts"]
# Takes the last in the order. It would agree as often, but it is not what was asked for.
# - return [min(rank[s] for s in shingles) for rank in ranks]
# + return [max(rank[s] for s in shingles) for rank in ranks]

# %% notes the rank of every shingle exercise="minhash" fails=["a signature: the example", "by enumeration: over all 120 orders, the share that agrees is J", "drawn texts"]
# Keeps one entry a shingle, not one an order.
# - return [min(rank[s] for s in shingles) for rank in ranks]
# + return [min(rank[s] for rank in ranks) for s in shingles]

# %% an empty text has an empty minimum exercise="minhash" fails=["no shingle: refused"]
# Does not ask for an empty text, which then has a rank that no text has.
# - if not len(shingles):
# -     raise ValueError("a text without shingles has no signature")
# - return [min(rank[s] for s in shingles) for rank in ranks]
# + return [min((rank[s] for s in shingles), default=len(rank)) for rank in ranks]

# %% any entry of a band exercise="minhash" fails=["bands: the example", "drawn texts"]
# Takes two texts for candidates as soon as one entry agrees.
# - n_rows = size // n_bands
# + n_rows, n_bands = 1, size

# %% all bands must agree exercise="minhash" fails=["bands: the example", "drawn texts"]
# Believes that a candidate must agree in all bands; then bands would find fewer copies, not more.
# - n_rows = size // n_bands
# + n_rows, n_bands = size, 1

# %% one table for all bands exercise="minhash" fails=["equal entries in other places do not count", "drawn texts"]
# Puts the buckets of all bands into one table, so that band 0 meets band 1.
# - for band in range(n_bands):
# -     buckets: dict[tuple, list[int]] = {}
# + buckets: dict[tuple, list[int]] = {}
# + for band in range(n_bands):
# -     for members in buckets.values():
# -         found |= set(itertools.combinations(members, 2))
# +     for members in buckets.values():
# +         found |= set(itertools.combinations(sorted(set(members)), 2))

# %% a pair for each band exercise="minhash" fails=["each pair once", "drawn texts"]
# Believes that a pair that meets in two bands is two pairs.
# - found = set()
# + found = []
# -         found |= set(itertools.combinations(members, 2))
# +         found += itertools.combinations(members, 2)

# %% neighbours in a bucket only exercise="minhash" fails=["each pair once", "drawn texts"]
# Pairs each text with the next in its bucket, and forgets the first and the third.
# -         found |= set(itertools.combinations(members, 2))
# +         found |= set(zip(members, members[1:]))

# %% cuts what does not fit exercise="minhash" fails=["bands that do not fit: refused"]
# Leaves the last entries out where bands do not fit.
# - if size % n_bands:
# -     raise ValueError(f"{size} entries do not make {n_bands} bands")

# %% the end token between documents only exercise="packing" fails=["a stream that fits exactly loses nothing", "an empty document, and too little for a row", "drawn documents"]
# Believes that the end token separates; it ends every document, the last one too.
# - starts = range(0, len(stream) - length + 1, length)
# + stream, owner = stream[:-1], owner[:-1]
# + starts = range(0, len(stream) - length + 1, length)

# %% the end token before exercise="packing" fails=["the rows of the example", "a document longer than a row", "a stream that fits exactly loses nothing", "an empty document, and too little for a row", "drawn documents"]
# Begins each document with the token that should end it.
# - stream = [token for document in documents for token in [*document, end]]
# + stream = [token for document in documents for token in [end, *document]]

# %% the end token is the next one's exercise="packing" fails=["whose token is it", "drawn documents"]
# Counts a new document from its predecessor's end token on.
# - owner = [i for i, document in enumerate(documents) for _ in range(len(document) + 1)]
# + owner = [0] * len(documents[0]) + [i for i, d in enumerate(documents[1:], 1) for _ in range(len(d) + 1)]
# + owner += [len(documents)]

# %% a new count in each row exercise="packing" fails=["whose token is it", "drawn documents"]
# Believes that documents are numbered by row; one that goes on in the next row would look like another.
# - return [stream[s : s + length] for s in starts], [owner[s : s + length] for s in starts]
# + rows = [stream[s : s + length] for s in starts]
# + return rows, [[n - owner[s] for n in owner[s : s + length]] for s in starts]

# %% a row for each document exercise="packing" fails=["the rows of the example", "whose token is it", "drawn documents"]
# Cuts each document by itself, and throws its rest away.
# - starts = range(0, len(stream) - length + 1, length)
# + ends = itertools.accumulate(len(d) + 1 for d in documents)
# + first = [e - len(d) - 1 for e, d in zip(ends, documents)]
# + starts = [s for f, d in zip(first, documents) for s in range(f, f + len(d) + 2 - length, length)]

# %% the last row is lost exercise="packing" fails=["a stream that fits exactly loses nothing", "an empty document, and too little for a row", "drawn documents"]
# Believes that `range` reaches its end; the last start, of a row that fits exactly, is left out.
# - starts = range(0, len(stream) - length + 1, length)
# + starts = range(0, len(stream) - length, length)

# %% the rest is a short row exercise="packing" fails=["the rows of the example", "whose token is it", "a document longer than a row", "drawn documents"]
# Believes that no token may be thrown away, so that a short row is better than none.
# - starts = range(0, len(stream) - length + 1, length)
# + starts = range(0, len(stream), length)

# %% a mask that sees ahead exercise="packing" fails=["the mask of the example", "one document: the causal mask", "drawn documents"]
# Believes that keeping to one's document is all a mask is for; a decoder looks back only.
# - return same & torch.ones_like(same).tril()
# + return same

# %% a mask without documents exercise="packing" fails=["the mask of the example", "drawn documents"]
# Believes that looking back is all a mask is for; documents of a row must not see each other.
# - return same & torch.ones_like(same).tril()
# + return torch.ones_like(same).tril()

# %% a mask that does not see itself exercise="packing" fails=["the mask of the example", "one document: the causal mask", "drawn documents"]
# Leaves the diagonal out: the first position of a document has nothing to look at.
# - return same & torch.ones_like(same).tril()
# + return same & torch.ones_like(same).tril(-1)

# %% a mask turned round exercise="packing" fails=["the mask of the example", "one document: the causal mask", "drawn documents"]
# Believes that a mask is symmetric; rows look, columns are looked at.
# - return same & torch.ones_like(same).tril()
# + return same & torch.ones_like(same).triu()

# %% only the weighting mended exercise="fix_accumulation" fails=["clipped once, at the end", "cut otherwise, the same step", "drawn micro-batches"]
# Believes that the mean was the only fault; it still clips each micro-batch.
# - loss = 0.0
# + loss, grad = 0.0, torch.zeros_like(weight)
# -     part.backward()
# +     (slope,) = torch.autograd.grad(part, w)
# +     grad += slope * min(1.0, max_norm / max(slope.norm().item(), 1e-30))
# - norm = w.grad.norm().item()
# - return {"loss": loss, "norm": norm, "grad": w.grad * min(1.0, max_norm / max(norm, 1e-30))}
# + return {"loss": loss, "norm": grad.norm().item(), "grad": grad}

# %% only the clipping mended exercise="fix_accumulation" fails=["micro-batches of different sizes: the mean loss", "... and the gradient of the large batch", "cut otherwise, the same step", "drawn micro-batches"]
# Clips once, and still takes the mean of means.
# - part = F.cross_entropy(x @ w, y, reduction="sum") / n_tokens
# + part = F.cross_entropy(x @ w, y) / len(micro_batches)

# %% the sum, not the mean exercise="fix_accumulation" fails=["micro-batches of different sizes: the mean loss", "... and the gradient of the large batch", "clipped once, at the end", "cut otherwise, the same step", "drawn micro-batches"]
# Believes that gradients of micro-batches add up to those of the batch without being divided.
# - part = F.cross_entropy(x @ w, y, reduction="sum") / n_tokens
# + part = F.cross_entropy(x @ w, y, reduction="sum")

# %% the last micro-batch only exercise="fix_accumulation" fails=["... and the gradient of the large batch", "clipped once, at the end", "cut otherwise, the same step", "drawn micro-batches"]
# Sets the gradient to zero in each round: accumulation without accumulating.
# -     part.backward()
# +     w.grad = None
# +     part.backward()

# %% the norm after clipping exercise="fix_accumulation" fails=["clipped once, at the end", "drawn micro-batches"]
# Reports the length of what is returned; a log of it never shows a spike.
# - return {"loss": loss, "norm": norm, "grad": w.grad * min(1.0, max_norm / max(norm, 1e-30))}
# + return {"loss": loss, "norm": min(norm, max_norm), "grad": w.grad * min(1.0, max_norm / max(norm, 1e-30))}

# %% stretches short gradients exercise="fix_accumulation" fails=["clipped once, at the end", "drawn micro-batches"]
# Sets the length to max_norm, also where it is shorter.
# - return {"loss": loss, "norm": norm, "grad": w.grad * min(1.0, max_norm / max(norm, 1e-30))}
# + factor = max_norm / norm if math.isfinite(max_norm) else 1.0
# + return {"loss": loss, "norm": norm, "grad": w.grad * factor}

# %% weights alone exercise="memory_by_hand" fails=["no ZeRO", "stage 1", "stage 2", "stage 3", "to run it", "the activations of a layer", "what checkpointing keeps"]
# Believes that training needs the memory of the weights; gradients and the optimizer's states come on top.
memory_hand = {"plain": 26, "stage1": 26, "stage2": 26, "stage3": 26 / 16, "run": 52, "layer": 34 * 2048 * 4096 / 1e6, "kept": 2048 * 4096 / 1e6}

# %% every stage divides everything exercise="memory_by_hand" fails=["stage 1", "stage 2", "to run it"]
# Divides all 16 bytes in each stage, and takes what one GPU holds for what it takes to run.
memory_hand = {"plain": 208, "stage1": 13, "stage2": 13, "stage3": 13, "run": 13, "layer": 2048 * 4096 * 114 / 1e6, "kept": 2 * 2048 * 4096 / 1e6}

# %% no copy in 32 bits exercise="memory_by_hand" fails=["no ZeRO", "stage 1", "stage 2", "stage 3"]
# Counts 2 + 2 + 4 + 4: forgets the master weights.
memory_hand = {"plain": 156, "stage1": 13 * (4 + 8 / 16), "stage2": 13 * (2 + 10 / 16), "stage3": 13 * 12 / 16, "run": 26, "layer": 2048 * 4096 * 114 / 1e6, "kept": 2 * 2048 * 4096 / 1e6}

# %% 16 bits lose nothing exercise="half_precision" fails=["256 + 1 in bfloat16", "1 + 0.001 in bfloat16", "a thousand ones", "300 times 300 in float16", "a gradient of 1e-8 in float16"]
# Computes as if numbers had as many digits as one likes.
half_said = {"sum": 257, "update": 1.001, "count": 1000, "large": 90000, "small": 1e-8, "scaled": True}

# %% takes bfloat16 for float16 exercise="half_precision" fails=["256 + 1 in bfloat16", "1 + 0.001 in bfloat16", "a thousand ones", "300 times 300 in float16", "a gradient of 1e-8 in float16", "... with a scaled loss"]
# Gives bfloat16 eleven bits, and float16 the range of bfloat16.
half_said = {"sum": 257, "update": 1.0009765625, "count": 1000, "large": 90112, "small": 1e-8, "scaled": False}

# %% the bubble over the micro-batches exercise="parallel_by_hand" fails=["the bubble", "what each GPU sends", "a piece of a matrix", "all GPUs"]
# Divides idle by working slots, sends everything twice to all, and adds degrees.
parallel_hand = {"bubble": 3 / 12, "sent": 2 * 14 * 7, "piece": 4096 * 16384, "gpus": 8 + 4 + 16}

# %% parameters for bytes exercise="parallel_by_hand" fails=["what each GPU sends", "a piece of a matrix"]
# Sends a byte a parameter, and cuts both sides of the matrix.
parallel_hand = {"bubble": 3 / 15, "sent": 2 * 7 / 8 * 7, "piece": 4096 * 16384 // 64, "gpus": 512}

# %% parameters and tokens exchanged exercise="chinchilla" fails=["the loss: Chinchilla and Gopher", "other laws"]
# Believes that A and alpha belong to the tokens.
# - return law["E"] + law["A"] / n ** law["alpha"] + law["B"] / d ** law["beta"]
# + return law["E"] + law["A"] / d ** law["alpha"] + law["B"] / n ** law["beta"]

# %% no floor exercise="chinchilla" fails=["the loss: Chinchilla and Gopher", "other laws"]
# Believes that enough parameters and tokens bring the loss to 0; E stays.
# - return law["E"] + law["A"] / n ** law["alpha"] + law["B"] / d ** law["beta"]
# + return law["A"] / n ** law["alpha"] + law["B"] / d ** law["beta"]

# %% the six forgotten exercise="chinchilla" fails=["the best size: the example", "no neighbour is better", "other laws"]
# Believes that a token costs N operations; forward and backward it is about 6 N.
# - n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))
# - return n, flops / 6 / n
# + n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * flops ** (b / (a + b))
# + return n, flops / n

# %% the exponents exchanged exercise="chinchilla" fails=["no neighbour is better", "other laws"]
# Believes that N grows with the exponent of its own term; it grows with that of the other one.
# - n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))
# + n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (a / (a + b))

# %% always twenty tokens a parameter exercise="chinchilla" fails=["the best size: the example", "no neighbour is better", "other laws"]
# Takes the rule of thumb for the minimum.
# - n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))
# + n = (flops / 6 / 20) ** 0.5

# %% equal shares of the loss exercise="chinchilla" fails=["no neighbour is better", "other laws"]
# Sets the two terms equal instead of their derivatives.
# - n = (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))
# + n = (law["A"] / law["B"]) ** (1 / (a + b)) * (flops / 6) ** (b / (a + b))

# %% believes the rule exercise="trap" fails=["the ratio by the published formula", "the ratio with more compute"]
# Takes the rule of thumb for what the formula says.
trap_said = {"ratio": "a", "growth": "a"}

# %% believes that models should grow faster exercise="trap" fails=["the ratio by the published formula", "the ratio with more compute"]
# Remembers the older advice: most of the budget into parameters.
trap_said = {"ratio": "c", "growth": "c"}

# %% the lowest point of the table exercise="isoflop" fails=["a bottom between the points", "points that do not lie on it", "drawn points"]
# Believes that the minimum is among the sizes that were tried.
# - return float(np.exp(-b / (2 * a)))
# + return float(sizes[int(np.argmin(losses))])

# %% a parabola over the size itself exercise="isoflop" fails=["a parabola: the example", "a bottom between the points", "points that do not lie on it", "drawn points"]
# Believes that the loss is a parabola over the sizes; it is one over their logarithms.
# - a, b, _ = np.polyfit(np.log(sizes), losses, 2)
# + a, b, _ = np.polyfit(sizes, losses, 2)
# - return float(np.exp(-b / (2 * a)))
# + return float(-b / (2 * a))

# %% the logarithm is returned exercise="isoflop" fails=["a parabola: the example", "a bottom between the points", "points that do not lie on it", "a power law: the example", "drawn points"]
# Believes that what was fitted is what was asked for; the parabola's lowest point is a logarithm.
# - return float(np.exp(-b / (2 * a)))
# + return float(-b / (2 * a))
# - return float(a), float(np.exp(log_g))
# + return float(a), float(log_g)

# %% three neighbours of the lowest exercise="isoflop" fails=["points that do not lie on it", "drawn points"]
# Puts the parabola through the lowest point and its neighbours, not through all.
# - a, b, _ = np.polyfit(np.log(sizes), losses, 2)
# + k = min(max(1, int(np.argmin(losses))), len(losses) - 2)
# + a, b, _ = np.polyfit(np.log(sizes[k - 1 : k + 2]), losses[k - 1 : k + 2], 2)

# %% a top taken for a bottom exercise="isoflop" fails=["no bottom, or two points: refused"]
# Never looks at the sign of the square term.
# - if a <= 0:
# -     raise ValueError("this parabola has no bottom")

# %% a line through the numbers exercise="isoflop" fails=["a power law that is none: least squares in logarithms", "drawn points"]
# Fits the power law through first and last point only.
# - a, log_g = np.polyfit(np.log(x), np.log(y), 1)
# + a = np.log(y[-1] / y[0]) / np.log(x[-1] / x[0])
# + log_g = np.log(y[0]) - a * np.log(x[0])

# %% x over y exercise="isoflop" fails=["a power law: the example", "drawn points"]
# Believes that it does not matter which of the two is fitted by the other.
# - a, log_g = np.polyfit(np.log(x), np.log(y), 1)
# + a, log_g = np.polyfit(np.log(y), np.log(x), 1)

# %% reads the wrong star exercise="read_isoflop" fails=["the best size for 1e19", "a hundred times the budget", "how flat the bottom is"]
# Reads the budget off the axis of the parameters.
iso_read = {"best": 1e10, "times": "a", "flat": "a"}

# %% takes the root exercise="read_isoflop" fails=["a hundred times the budget", "how flat the bottom is"]
# Halves the exponent, and takes more parameters for better.
iso_read = {"best": 6e7, "times": "d", "flat": "c"}

# %% divides the penalty too exercise="sampling_by_hand" fails=["temperature 1/2", "top-k", "top-p", "min-p", "the penalty"]
# Divides every logit, and takes the root at a low temperature.
sampling_hand = {"cold": 8**0.5 / (8**0.5 + 4**0.5 + 3**0.5 + 1), "top_k": 4 / 16, "top_p": 4 / 12, "min_p": 4 / 16, "penalty": -0.75}

# %% a bar that does not move exercise="sampling_by_hand" fails=["min-p"]
# Takes min-p for a bar of its own: everything below 0.4 goes.
sampling_hand = {"cold": 64 / 90, "top_k": 4 / 12, "top_p": 4 / 15, "min_p": 0, "penalty": -3}

# %% probabilities divided exercise="next_probs" fails=["temperature", "filters in their order", "as transformers filters"]
# Divides probabilities by the temperature; made to sum to one, they are as before.
# - p = np.exp((np.array(logits) - max(logits)) / temperature)
# + p = np.exp(np.array(logits) - max(logits)) / temperature

# %% temperature upside down exercise="next_probs" fails=["temperature", "filters in their order", "as transformers filters"]
# Believes that a higher temperature sharpens; it multiplies where it must divide.
# - p = np.exp((np.array(logits) - max(logits)) / temperature)
# + p = np.exp((np.array(logits) - max(logits)) * temperature)

# %% greedy by a small temperature exercise="next_probs" fails=["temperature 0 is greedy"]
# Believes that greedy is a very small temperature; equal largest logits then share.
# - if temperature == 0:
# -     best = logits.index(max(logits))
# -     return [float(i == best) for i in range(len(logits))]
# + temperature = temperature or 1e-6

# %% exactly k exercise="next_probs" fails=["top-k, ties included"]
# Believes that top-k keeps k tokens in any case; those as likely as the k-th stay as well.
# - p = np.where(p >= np.sort(p)[-top_k], p, 0)
# + p[np.argsort(-p, kind="stable")[top_k:]] = 0

# %% k larger than the vocabulary exercise="next_probs" fails=["top-k, ties included"]
# Does not think of k above the number of tokens.
# - if top_k is not None and top_k < len(p):
# + if top_k is not None:

# %% top-p stops too early exercise="next_probs" fails=["top-p", "as transformers filters"]
# Keeps what holds at most top_p: the token that crosses it goes.
# - before = np.cumsum(p[order]) - p[order]
# - p[order[before >= top_p - 1e-12]] = 0
# + p[order[1:][np.cumsum(p[order])[1:] > top_p]] = 0

# %% top-p in the order of the ids exercise="next_probs" fails=["top-p", "as transformers filters"]
# Believes that the cumulative sum may run in the order of the ids.
# - order = np.argsort(-p, kind="stable")
# + order = np.arange(len(p))

# %% min-p as a bar of its own exercise="next_probs" fails=["min-p", "filters in their order", "as transformers filters"]
# Compares with min_p instead of min_p times the largest.
# - p = np.where(p >= min_p * p.max(), p, 0)
# + p = np.where(p >= min(min_p, p.max()), p, 0)

# %% not made to sum to one exercise="next_probs" fails=["top-k, ties included", "top-p", "min-p", "as transformers filters"]
# Believes that what a filter leaves is a distribution already.
# -     p = np.where(p >= np.sort(p)[-top_k], p, 0)
# -     p = p / p.sum()
# +     p = np.where(p >= np.sort(p)[-top_k], p, 0)
# -     p[order[before >= top_p - 1e-12]] = 0
# -     p = p / p.sum()
# +     p[order[before >= top_p - 1e-12]] = 0
# -     p = np.where(p >= min_p * p.max(), p, 0)
# -     p = p / p.sum()
# +     p = np.where(p >= min_p * p.max(), p, 0)

# %% the penalty always divides exercise="next_probs" fails=["the penalty", "as transformers filters"]
# A negative logit divided grows: the token becomes more probable.
# - logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
# + logits[token] = logits[token] / penalty

# %% a penalty each time exercise="next_probs" fails=["the penalty", "as transformers filters"]
# Believes that a token is penalised as often as it came.
# - for token in set(previous):
# + for token in previous:

# %% top-p before the temperature exercise="next_probs" fails=["filters in their order", "as transformers filters"]
# Looks for the nucleus in the probabilities without temperature.
# -     before = np.cumsum(p[order]) - p[order]
# +     raw = np.exp(np.array(logits) - max(logits)) / np.exp(np.array(logits) - max(logits)).sum()
# +     before = np.cumsum(raw[order]) - raw[order]

# %% exp without care exercise="next_probs" fails=["huge logits"]
# The exponential is believed to hold for logits of any size.
# - p = np.exp((np.array(logits) - max(logits)) / temperature)
# + p = np.exp(np.array(logits) / temperature)

# %% anything goes exercise="next_probs" fails=["settings outside their range are refused"]
# Believes that every setting means something, negative temperatures and a p of 2 as well.
# - if temperature < 0 or (top_k is not None and top_k < 1):
# -     raise ValueError("temperature is 0 or more, top_k 1 or more")
# - if (top_p is not None and not 0 < top_p <= 1) or (min_p is not None and not 0 <= min_p <= 1):
# -     raise ValueError("top_p is above 0 and at most 1, min_p 0 to 1")

# %% logits as they are exercise="next_probs" fails=["no filter: softmax", "temperature", "top-k, ties included", "top-p", "min-p", "the penalty", "as transformers filters"]
# Believes that logits are probabilities.
# - return p.tolist()
# + return logits

# %% counts the words, not the steps exercise="loops" fails=["the period", "what ends it"]
# Counts all words of the table, and hopes for a larger vocabulary.
loop_said = {"period": 8, "cure": "c"}

# %% trusts a filter exercise="loops" fails=["the period", "what ends it"]
# Believes that a filter brings dice; with k = 1 it leaves the most probable word alone, which is greedy again.
loop_said = {"period": 5, "cure": "b"}

# %% no step exercise="fix_resume" fails=["the schedule goes on", "a checkpoint is a snapshot", "other seeds and breaks"]
# Forgets where the schedule stands: the rate is large again.
# - run.step = checkpoint["step"]

# %% no optimizer exercise="fix_resume" fails=["the optimizer's means go on", "a checkpoint is a snapshot", "other seeds and breaks"]
# Saves the weights, and lets both means begin at zero.
# - run.optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))

# %% no place in the data exercise="fix_resume" fails=["the batches go on", "a checkpoint is a snapshot", "other seeds and breaks"]
# Believes that model and optimizer are the state; then other batches come behind the break.
# - run.generator.set_state(checkpoint["batches"])

# %% no dice for dropout exercise="fix_resume" fails=["dropout goes on", "a checkpoint is a snapshot", "other seeds and breaks"]
# Believes that the data's generator is the only one; dropout draws from the global one.
# - torch.set_rng_state(checkpoint["torch"])

# %% seeds again in place of states exercise="fix_resume" fails=["the batches go on", "dropout goes on", "a checkpoint is a snapshot", "other seeds and breaks"]
# Sets a seed behind the break: reproducible, and not the same run.
# - run.generator.set_state(checkpoint["batches"])
# - torch.set_rng_state(checkpoint["torch"])
# + run.generator.manual_seed(0)
# + torch.manual_seed(0)

# %% the tensors themselves exercise="fix_resume" fails=["a checkpoint is a snapshot", "other seeds and breaks"]
# Takes state_dict() for a copy: the old run goes on inside the checkpoint.
# - "net": {name: t.clone() for name, t in run.net.state_dict().items()},
# - "optimizer": copy.deepcopy(run.optimizer.state_dict()),
# + "net": run.net.state_dict(),
# + "optimizer": run.optimizer.state_dict(),

# %% hopes for more of both exercise="forgetting" fails=["old text, without replay", "old text, with replay"]
# Believes that more training cannot hurt.
forget_said = {"old": "a", "replay": "b", "new": "a"}

# %% thinks of separate places exercise="forgetting" fails=["old text, without replay", "old text, with replay", "new text"]
# Believes that prose and code have weights of their own.
forget_said = {"old": "b", "replay": "b", "new": "b"}

# %% the first entry of a band exercise="minhash" fails=["half a band is no band", "as many bands as asked for", "drawn texts"]
# Puts texts into one bucket by the first entry of the band alone.
# - buckets.setdefault(tuple(one[band * n_rows : (band + 1) * n_rows]), []).append(i)
# + buckets.setdefault(one[band * n_rows], []).append(i)

# %% tokens by the same factor exercise="chinchilla" fails=["the budget is spent, not more", "other laws"]
# Writes the second formula by analogy, and forgets that its factor is one over the first.
# - return n, flops / 6 / n
# + return n, (a * law["A"] / (b * law["B"])) ** (1 / (a + b)) * (flops / 6) ** (a / (a + b))

# %% the published constants, whatever the law exercise="chinchilla" fails=["the loss: parameters and tokens are not exchanged", "other laws"]
# Types the numbers of the paper into the function.
# - return law["E"] + law["A"] / n ** law["alpha"] + law["B"] / d ** law["beta"]
# + return 1.69 + 406.4 / n**0.34 + 410.7 / d**0.28

# %% the toys' vocabulary, whatever n_vocab exercise="future_seen" fails=["other texts"]
# Believes that every model has the vocabulary of the toys; ids that are no tokens fail, or prove nothing.
# - for other in range(n_vocab):
# + for other in range(N_TOYS):

# %% min-p before top-p exercise="next_probs" fails=["filters in their order", "as transformers filters"]
# Believes that filters commute.
# - if top_p is not None:
# -     order = np.argsort(-p, kind="stable")
# + if min_p is not None:
# +     p = np.where(p >= min_p * p.max(), p, 0)
# +     p = p / p.sum()
# + if top_p is not None:
# +     order = np.argsort(-p, kind="stable")

# %% greedy before the penalty exercise="next_probs" fails=["temperature 0 is greedy"]
# Believes that at temperature 0 only the model's own order counts, and no penalty.
# - logits = list(logits)
# + logits, came = list(logits), list(logits)
# - best = logits.index(max(logits))
# + best = came.index(max(came))

# %% the longest context and all below, each to the end exercise="ngram" fails=["a context that is too short"]
# Goes down n orders whatever the context holds, so that a short one is mixed in more than once.
# - for size in range(min(n, len(context) + 1)):
# -     row = counts.get(context[len(context) - size :], {})
# + for size in range(n):
# +     row = counts.get(context[max(0, len(context) - size) :], {})

# %% bands taken for rows exercise="minhash" fails=["as many bands as asked for", "drawn texts"]
# Takes n_bands for the number of entries in a band.
# - n_rows = size // n_bands
# + n_rows, n_bands = n_bands, size // n_bands

# %% the sum of a band exercise="minhash" fails=["equal entries in other places do not count", "drawn texts"]
# Takes a band's sum for its fingerprint: other entries have the same one.
# - buckets.setdefault(tuple(one[band * n_rows : (band + 1) * n_rows]), []).append(i)
# + buckets.setdefault(sum(one[band * n_rows : (band + 1) * n_rows]), []).append(i)

# %% above the bar, not at it exercise="next_probs" fails=["min-p"]
# Drops what has exactly the probability asked for: at 1 nothing is left.
# - p = np.where(p >= min_p * p.max(), p, 0)
# + p = np.where(p > min_p * p.max(), p, 0)

# %% looks at the settings behind greedy exercise="next_probs" fails=["settings outside their range are refused"]
# Returns the greedy token before it has looked at the other settings.
# - if temperature < 0 or (top_k is not None and top_k < 1):
# + if temperature < 0 or (temperature and top_k is not None and top_k < 1):

# %% the checkpoint's own tensors exercise="fix_resume" fails=["it serves twice"]
# Hands the optimizer the checkpoint itself, and its next steps change it.
# - run.optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
# + run.optimizer.load_state_dict(checkpoint["optimizer"])

# %% ids from 1 on exercise="future_seen" fails=["a leak for one token only"]
# Leaves token 0 out, which is a token like any other.
# - for other in range(n_vocab):
# + for other in range(1, n_vocab):

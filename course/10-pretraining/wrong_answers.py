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
# Never looks at the mask.
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
# Applies softmax before cross_entropy, which applies it again.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits.softmax(dim=-1)[:, :-1][counts], ids[:, 1:][counts])

# %% a mean of nothing exercise="next_token_loss" fails=["without a target: refused"]
# Does not ask whether there is a target: nan goes on.
# - if not counts.any():
# -     raise ValueError("there is no target")

# %% perplexity for loss exercise="next_token_loss" fails=["the table of the cat", "the mean is over tokens, not over rows", "drawn batches"]
# Returns e to the power of the loss.
# - return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts])
# + return F.cross_entropy(logits[:, :-1][counts], ids[:, 1:][counts]).exp()

# %% forgets the root throughout exercise="attention_by_hand" fails=["the weights of the third token", "the output of the third token", "the second token does not see the third"]
# Takes the dot products as they are.
# - "weights_3": [1 / 9, 2 / 9, 6 / 9],
# - "output_3": [3, 4],
# + "weights_3": [1 / 41, 4 / 41, 36 / 41],
# + "output_3": [117 / 41, 144 / 41],
# - "causal_2": [1 / 7, 6 / 7, 0],
# + "causal_2": [1 / 37, 36 / 37, 0],

# %% the root changes nothing exercise="attention_by_hand" fails=["the weights without the root"]
# Believes that a softmax takes a common factor away, as it does with a common term.
# - "unscaled_3": [1 / 41, 4 / 41, 36 / 41],
# + "unscaled_3": [1 / 9, 2 / 9, 6 / 9],

# %% hides after the softmax exercise="attention_by_hand" fails=["the second token does not see the third"]
# Computes all three weights and crosses the third out; the rest no longer adds up to one.
# - "causal_2": [1 / 7, 6 / 7, 0],
# + "causal_2": [1 / 10, 6 / 10, 0],

# %% a hidden score of zero exercise="attention_by_hand" fails=["the second token does not see the third"]
# Sets the hidden score to 0, and e to that is 1.
# - "causal_2": [1 / 7, 6 / 7, 0],
# + "causal_2": [1 / 8, 6 / 8, 1 / 8],

# %% the output of the heaviest token exercise="attention_by_hand" fails=["the output of the third token"]
# Takes the value with the largest weight instead of the average.
# - "output_3": [3, 4],
# + "output_3": [3, 3],

# %% no root exercise="attention" fails=["the three tokens, as on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# The dot products as they are; shapes and sums are right.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.transpose(-2, -1)

# %% divides by d exercise="attention" fails=["the three tokens, as on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "a row with nothing to look at gives zeros", "random sizes and masks"]
# Forgets the root of the root of d.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.transpose(-2, -1) / q.shape[-1]

# %% the root of the number of keys exercise="attention" fails=["the three tokens, as on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# Takes the wrong axis for d; with as many keys as entries nobody sees it.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2])

# %% a softmax over the queries exercise="attention" fails=["the three tokens, as on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "scores in the thousands", "random sizes and masks"]
# Normalises the columns: every key gives away one unit of weight.
# -     return torch.softmax(scores, dim=-1) @ v
# +     return torch.softmax(scores, dim=-2) @ v
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores, dim=-2) * mask

# %% transposes everything exercise="attention" fails=["texts and heads in front are carried along", "one mask for all heads of a text", "random sizes and masks"]
# `.T` turns all axes around; right for a table, wrong with texts and heads in front.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.permute(*range(k.ndim - 1, -1, -1)) / math.sqrt(q.shape[-1])

# %% hides by multiplying the weights exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# The mask after the softmax: the rows no longer add up to one, and hidden keys still count in the denominator.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)

# %% hides by a score of zero exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# Multiplies scores by the mask; e to 0 is 1, so hidden keys keep a weight.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores * mask, dim=-1)

# %% True means hide exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# The convention of `nn.MultiheadAttention`, where True marks what may not be seen.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + scores = scores.masked_fill(mask, torch.finfo(scores.dtype).min)
# + weights = torch.softmax(scores, dim=-1) * ~mask

# %% minus infinity and no more exercise="attention" fails=["a row with nothing to look at gives zeros", "random sizes and masks"]
# A row without any True becomes nan, and every later layer with it.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)

# %% a very low number and no more exercise="attention" fails=["a row with nothing to look at gives zeros", "random sizes and masks"]
# A row without any True gets equal weights: the mean of everything that it must not see.
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores, dim=-1)

# %% exponentials of the raw scores exercise="attention" fails=["scores in the thousands"]
# Writes the softmax from its formula; the exponential overflows.
# -     return torch.softmax(scores, dim=-1) @ v
# +     exps = torch.exp(scores)
# +     return exps / exps.sum(-1, keepdim=True) @ v

# %% any mask will do exercise="attention" fails=["a mask of numbers is refused"]
# Turns numbers into bool without a word: a mask to be added, of zeros, then hides everything.
# - if mask.dtype != torch.bool:
# -     raise ValueError(f"a mask is of dtype bool, this one of {mask.dtype}")
# + mask = mask.bool()

# %% the variance for the deviation exercise="root_of_d" fails=["the raw dot product", "divided by the root", "divided by d"]
# Gives variances, of which the root has yet to be taken.
spread = {"raw": 64, "by_root": 8, "by_d": 1, "wide": 4, "softmax": "b"}

# %% the factor counts once exercise="root_of_d" fails=["wider entries"]
# Takes the variance of the entries as the variance of the product.
spread = {"raw": 8, "by_root": 1, "by_d": 1 / 8, "wide": 2, "softmax": "b"}

# %% normalised anyway exercise="root_of_d" fails=["what it does to the softmax"]
# Believes that a softmax does not care for the size of its scores.
spread = {"raw": 8, "by_root": 1, "by_d": 1 / 8, "wide": 4, "softmax": "c"}

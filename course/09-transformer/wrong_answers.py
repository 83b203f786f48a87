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

# %% no root exercise="attention" fails=["the examples on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# The dot products as they are; shapes and sums are right.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.transpose(-2, -1)

# %% the root of the number of keys exercise="attention" fails=["the examples on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "random sizes and masks"]
# Takes the wrong axis for d; with as many keys as entries nobody sees it.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2])

# %% a softmax over the queries exercise="attention" fails=["the examples on paper", "more keys than queries, as torch computes it", "texts and heads in front are carried along", "what is hidden has no say", "one mask for all heads of a text", "scores in the thousands", "random sizes and masks"]
# Normalises the columns: every key gives away one unit of weight.
# -     return torch.softmax(scores, dim=-1) @ v
# +     return torch.softmax(scores, dim=-2) @ v
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores, dim=-2) * mask

# %% transposes everything exercise="attention" fails=["texts and heads in front are carried along", "one mask for all heads of a text", "a row with nothing to look at gives zeros", "random sizes and masks"]
# `.T` turns all axes around; right for a table, wrong with texts and heads in front.
# - scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
# + scores = q @ k.permute(*range(k.ndim - 1, -1, -1)) / math.sqrt(q.shape[-1])

# %% hides by multiplying the weights exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "scores in the thousands", "random sizes and masks"]
# The mask after the softmax: the rows no longer add up to one, and hidden keys still count in the denominator.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)

# %% hides by a score of zero exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "scores in the thousands", "random sizes and masks"]
# Multiplies scores by the mask; e to 0 is 1, so hidden keys keep a weight.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores * mask, dim=-1)

# %% True means hide exercise="attention" fails=["what is hidden has no say", "one mask for all heads of a text", "scores in the thousands", "random sizes and masks"]
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

# %% the upper triangle exercise="masks" fails=["the smallest example", "a later token changes nothing before it", "random batches"]
# Looks at the future: the classic slip between triu and tril.
# - seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
# + seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).triu()

# %% one place too many exercise="masks" fails=["the smallest example", "a later token changes nothing before it", "random batches"]
# Lets each token see its successor, which is the answer.
# - seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
# + seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril(1)

# %% not even itself exercise="masks" fails=["the smallest example", "random batches"]
# Leaves the diagonal out, so that the first token has nothing to look at.
# - seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
# + seen = seen & torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril(-1)

# %% padding asks nobody exercise="masks" fails=["padding on the right", "not causal: all real keys, for everybody", "random batches"]
# Empties the rows of padding too; that adds rows with nothing to look at, and the task says keys only.
# - seen = real[:, None, :].expand(n, n_tokens, n_tokens)
# + seen = real[:, None, :] & real[:, :, None]

# %% hides the rows of padding exercise="masks" fails=["the smallest example", "not causal: all real keys, for everybody", "random batches"]
# Takes queries for keys: padding may not look, but everybody looks at it.
# - seen = real[:, None, :].expand(n, n_tokens, n_tokens)
# + seen = real[:, :, None].expand(n, n_tokens, n_tokens)

# %% always causal exercise="masks" fails=["not causal: all real keys, for everybody", "random batches"]
# Believes that every transformer looks back only; an encoder's tokens see each other.
# - if causal:
# + if True:

# %% the first text for all exercise="masks" fails=["not causal: all real keys, for everybody", "random batches"]
# Believes that the texts of a batch are equally long, so that one mask serves all.
# - seen = real[:, None, :].expand(n, n_tokens, n_tokens)
# + seen = real[:1, None, :].expand(n, n_tokens, n_tokens)

# %% padding stands at the end exercise="masks" fails=["the smallest example", "not causal: all real keys, for everybody", "random batches"]
# Counts the real tokens and takes the first so many.
# - seen = real[:, None, :].expand(n, n_tokens, n_tokens)
# + first = torch.arange(n_tokens)[None, :] < real.sum(1, keepdim=True)
# + seen = first[:, None, :].expand(n, n_tokens, n_tokens)

# %% more losses, faster training exercise="which_stack" fails=["gaps under a causal mask"]
# Believes that a causal mask brings a loss at every place; the losses come from the task, which asks for the gaps.
stack = {"gaps": "a", "cross": "b", "parallel": "a", "prefix": "b", "decoder": "c"}

# %% the numbers must agree exercise="which_stack" fails=["cross-attention"]
# Believes that attention needs as many keys as queries.
stack = {"gaps": "b", "cross": "a", "parallel": "a", "prefix": "b", "decoder": "c"}

# %% token by token in training too exercise="which_stack" fails=["all places in one pass", "a causal mask over the prompt"]
# Takes generation for training, and every change of a mask for a leak.
stack = {"gaps": "b", "cross": "b", "parallel": "c", "prefix": "c", "decoder": "c"}

# %% rank decides exercise="which_stack" fails=["why decoders"]
# Takes a property of a triangular matrix for a proof.
stack = {"gaps": "b", "cross": "b", "parallel": "a", "prefix": "b", "decoder": "b"}

# %% swaps in front only exercise="fix_heads" fails=["the smallest example, with identity matrices", "as torch's MultiheadAttention computes it", "random sizes"]
# Splits rightly, but puts the heads together by a reshape alone.
# - return heads.transpose(1, 2).reshape(n, n_tokens, d_model) @ w_o.T
# + return heads.reshape(n, n_tokens, d_model) @ w_o.T

# %% the faulty program exercise="fix_heads" fails=["the smallest example, with identity matrices", "as torch's MultiheadAttention computes it", "without a mask, the first token is felt at the last", "random sizes"]
# Believes that a reshape that has the right shape has put the right numbers together.
# - shape = (n, n_tokens, n_heads, d_model // n_heads)
# - q, k, v = ((x @ w.T).reshape(shape).transpose(1, 2) for w in (w_q, w_k, w_v))
# + shape = (n, n_heads, n_tokens, d_model // n_heads)
# + q, k, v = ((x @ w.T).reshape(shape) for w in (w_q, w_k, w_v))
# - return heads.transpose(1, 2).reshape(n, n_tokens, d_model) @ w_o.T
# + return heads.reshape(n, n_tokens, d_model) @ w_o.T

# %% every n_heads-th entry exercise="fix_heads" fails=["the smallest example, with identity matrices", "as torch's MultiheadAttention computes it", "random sizes"]
# Cuts the vectors into interleaved pieces: each head sees all tokens, but the weights meant other entries.
# - shape = (n, n_tokens, n_heads, d_model // n_heads)
# - q, k, v = ((x @ w.T).reshape(shape).transpose(1, 2) for w in (w_q, w_k, w_v))
# + shape = (n, n_tokens, d_model // n_heads, n_heads)
# + q, k, v = ((x @ w.T).reshape(shape).permute(0, 3, 1, 2) for w in (w_q, w_k, w_v))
# - return heads.transpose(1, 2).reshape(n, n_tokens, d_model) @ w_o.T
# + return heads.permute(0, 2, 3, 1).reshape(n, n_tokens, d_model) @ w_o.T

# %% the last layer left out exercise="fix_heads" fails=["one head: plain attention", "as torch's MultiheadAttention computes it", "a mask for each text and each head", "random sizes"]
# Believes that heads side by side are the output; the last layer mixes them.
# - return heads.transpose(1, 2).reshape(n, n_tokens, d_model) @ w_o.T
# + return heads.transpose(1, 2).reshape(n, n_tokens, d_model)

# %% the mask forgotten exercise="fix_heads" fails=["causal: a later token has no say", "a mask for each text and each head", "random sizes"]
# Repairs the split and drops the mask on the way.
# - heads = attention(q, k, v, mask)
# + heads = attention(q, k, v)

# %% one head after all exercise="fix_heads" fails=["the smallest example, with identity matrices", "as torch's MultiheadAttention computes it", "random sizes"]
# "Repairs" the program by not splitting: believes that one wide head computes what several narrow ones do.
# - shape = (n, n_tokens, n_heads, d_model // n_heads)
# + shape = (n, n_tokens, 1, d_model)

# %% keys in groups, values in rows exercise="fix_gqa" fails=["four heads, two of them shared", "as torch computes it", "random groups"]
# Believes that only keys decide who looks where; the values of a head must come from the same group.
# - v = v.repeat_interleave(n_heads // n_kv_heads, dim=1)
# + v = v.repeat(1, n_heads // n_kv_heads, 1, 1)

# %% values in groups, keys in rows exercise="fix_gqa" fails=["as torch computes it", "random groups"]
# Believes that the order of the keys' heads is free, as long as the values fit.
# - k = k.repeat_interleave(n_heads // n_kv_heads, dim=1)
# + k = k.repeat(1, n_heads // n_kv_heads, 1, 1)

# %% one key head for everybody exercise="fix_gqa" fails=["four heads, two of them shared", "as torch computes it", "random groups"]
# Believes that grouped-query attention is multi-query attention: one head of keys for all.
# - k = k.repeat_interleave(n_heads // n_kv_heads, dim=1)
# - v = v.repeat_interleave(n_heads // n_kv_heads, dim=1)
# + k = k[:, :1].expand(-1, n_heads, -1, -1)
# + v = v[:, :1].expand(-1, n_heads, -1, -1)

# %% the mask gets lost exercise="fix_gqa" fails=["as torch computes it", "random groups"]
# Believes that the mask is known to `attention` without being handed on.
# - return attention(q, k, v, mask)
# + return attention(q, k, v)

# %% groups by rounding up exercise="fix_gqa" fails=["what cannot be grouped is refused"]
# Cuts off what is too much instead of refusing it.
# - if n_heads % n_kv_heads:
# -     raise ValueError(f"{n_heads} query heads cannot share {n_kv_heads} key heads evenly")
# - k = k.repeat_interleave(n_heads // n_kv_heads, dim=1)
# - v = v.repeat_interleave(n_heads // n_kv_heads, dim=1)
# + k = k.repeat_interleave(-(-n_heads // n_kv_heads), dim=1)[:, :n_heads]
# + v = v.repeat_interleave(-(-n_heads // n_kv_heads), dim=1)[:, :n_heads]

# %% repeats as often as there are key heads exercise="fix_gqa" fails=["as torch computes it", "one for all, and one for each", "random groups"]
# Takes the number of groups for their size; with four heads and two groups both are two.
# - k = k.repeat_interleave(n_heads // n_kv_heads, dim=1)
# - v = v.repeat_interleave(n_heads // n_kv_heads, dim=1)
# + k = k.repeat_interleave(n_kv_heads, dim=1)
# + v = v.repeat_interleave(n_kv_heads, dim=1)

# %% turns the other way exercise="rope_by_hand" fails=["the query at place 1", "one place apart, the query behind", "one place apart, the key behind"]
# Clockwise; scores of both turned alike come out mirrored in the distance.
turned = {"query_at_1": [1, -3], "q1_k0": -1, "q3_k2": -1, "q0_k1": 1, "q2_k0": -7}

# %% turns the query only exercise="rope_by_hand" fails=["one place apart, the query behind", "one place apart, the key behind"]
# Believes that only the one who looks has a place; RoPE turns keys as well.
turned = {"query_at_1": [-1, 3], "q1_k0": 1, "q3_k2": -1, "q0_k1": 7, "q2_k0": -7}

# %% the distance without its sign exercise="rope_by_hand" fails=["one place apart, the key behind"]
# Believes that only how far matters.
turned = {"query_at_1": [-1, 3], "q1_k0": 1, "q3_k2": 1, "q0_k1": 1, "q2_k0": -7}

# %% a quarter for two places exercise="rope_by_hand" fails=["two places apart"]
# Believes that being turned is yes or no; two places are two quarters.
turned = {"query_at_1": [-1, 3], "q1_k0": 1, "q3_k2": 1, "q0_k1": -1, "q2_k0": 1}

# %% turns nothing exercise="rope" fails=["one pair at place 1", "pairs of neighbours, by complex numbers", "pairs across the halves", "random places, bases and shapes"]
# Believes that RoPE is done when the scores of equal places are right: there, turning nothing passes.
# - pair = a * cos - b * sin, a * sin + b * cos
# + pair = a, b

# %% turns backwards exercise="rope" fails=["one pair at place 1", "pairs of neighbours, by complex numbers", "pairs across the halves", "random places, bases and shapes"]
# The sign of the sine: scores stay relative, and mirrored.
# - pair = a * cos - b * sin, a * sin + b * cos
# + pair = a * cos + b * sin, b * cos - a * sin

# %% a reflection for a rotation exercise="rope" fails=["pairs of neighbours, by complex numbers", "pairs across the halves", "the places are handed over", "random places, bases and shapes"]
# Two signs are equal; lengths are kept, the distance is not.
# - pair = a * cos - b * sin, a * sin + b * cos
# + pair = a * cos + b * sin, a * sin - b * cos

# %% always halves exercise="rope" fails=["pairs of neighbours, by complex numbers", "the base", "random places, bases and shapes"]
# Believes that RoPE has one convention, the one of Hugging Face's files: pairs across the halves.
# - if interleaved:
# -     a, b = x[..., 0::2], x[..., 1::2]
# - else:
# -     a, b = x[..., : d // 2], x[..., d // 2 :]
# + a, b = x[..., : d // 2], x[..., d // 2 :]
# - return torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)
# + return torch.cat(pair, dim=-1)

# %% always neighbours exercise="rope" fails=["pairs across the halves", "random places, bases and shapes"]
# Believes that RoPE has one convention, the paper's: pairs of neighbours.
# - if interleaved:
# -     a, b = x[..., 0::2], x[..., 1::2]
# - else:
# -     a, b = x[..., : d // 2], x[..., d // 2 :]
# + a, b = x[..., 0::2], x[..., 1::2]
# - return torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)
# + return torch.stack(pair, dim=-1).flatten(-2)

# %% neighbours come back as halves exercise="rope" fails=["pairs of neighbours, by complex numbers", "the places are handed over", "the base", "random places, bases and shapes"]
# Turns neighbours and puts the results back into halves: a permutation too many.
# - return torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)
# + return torch.cat(pair, dim=-1)

# %% counts the places itself exercise="rope" fails=["one pair at place 1", "random places, bases and shapes"]
# Uses 0, 1, 2, ... and never looks at `positions`.
# - angles = torch.as_tensor(positions, dtype=torch.float64)[:, None] * speeds
# + angles = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * speeds

# %% places without order exercise="rope" fails=["the places are handed over", "random places, bases and shapes"]
# Believes that places are 0, 1, 2, … from wherever they begin; they are handed over, and may come in any order.
# - angles = torch.as_tensor(positions, dtype=torch.float64)[:, None] * speeds
# + places = int(positions[0]) + torch.arange(x.shape[-2], dtype=torch.float64)
# + angles = places[:, None] * speeds

# %% the base is always ten thousand exercise="rope" fails=["the base", "random places, bases and shapes"]
# Believes that the base is a constant of nature; SmolLM2's is 100,000.
# - speeds = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
# + speeds = 10000.0 ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)

# %% half the exponent exercise="rope" fails=["pairs of neighbours, by complex numbers", "pairs across the halves", "the base", "random places, bases and shapes"]
# b to the −i/d: the pairs turn too fast.
# - speeds = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
# + speeds = base ** (-torch.arange(d // 2, dtype=torch.float64) / d)

# %% one speed for all pairs exercise="rope" fails=["pairs of neighbours, by complex numbers", "pairs across the halves", "the base", "random places, bases and shapes"]
# Believes that all pairs turn equally fast, one radian a place.
# - speeds = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
# + speeds = torch.ones(d // 2, dtype=torch.float64)

# %% everything in double precision exercise="rope" fails=["one pair at place 1"]
# Believes that higher precision in between is free; cosines in float64 make the result float64.
# - cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
# + cos, sin = angles.cos(), angles.sin()

# %% one entry too many exercise="rope" fails=["dtype and odd widths"]
# Lets an odd width pass and loses the last entry.
# - if d % 2:
# -     raise ValueError(f"{d} entries do not make pairs")
# + x = x[..., : d - d % 2]

# %% ignores the heads exercise="to_half_split" fails=["two heads, each by itself", "random weights and heads"]
# Even rows of the whole matrix, then the odd ones.
# - pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, d_in)
# - return pairs.transpose(1, 2).reshape(rows, d_in)
# + return torch.cat([weight[0::2], weight[1::2]])

# %% the way back exercise="to_half_split" fails=["two heads, each by itself", "the same scores under the other pairing", "random weights and heads"]
# The inverse permutation; with four rows a head both are the same.
# - pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, d_in)
# + pairs = weight.reshape(n_heads, 2, rows // n_heads // 2, d_in)

# %% odd rows first exercise="to_half_split" fails=["one head of four rows", "two heads, each by itself", "random weights and heads"]
# The pairs are there, turned around: scores are of another model.
# - return pairs.transpose(1, 2).reshape(rows, d_in)
# + return pairs.flip(2).transpose(1, 2).reshape(rows, d_in)

# %% leaves the rows exercise="to_half_split" fails=["one head of four rows", "two heads, each by itself", "random weights and heads"]
# Believes that the library will know.
# - return pairs.transpose(1, 2).reshape(rows, d_in)
# + return pairs.reshape(rows, d_in)

# %% permutes the columns exercise="to_half_split" fails=["one head of four rows", "two heads, each by itself", "random weights and heads"]
# Believes that a layer's weight is (in, out), so that its columns are what it puts out.
# - pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, d_in)
# - return pairs.transpose(1, 2).reshape(rows, d_in)
# + return torch.cat([weight[:, 0::2], weight[:, 1::2]], dim=1)

# %% the place in the exponent too exercise="rope" fails=["pairs of neighbours, by complex numbers", "pairs across the halves", "scores depend on the distance, and do depend on it", "the base", "random places, bases and shapes"]
# Puts the place where the pair stands: the first pair is right, and the others turn unevenly.
# - speeds = base ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
# - angles = torch.as_tensor(positions, dtype=torch.float64)[:, None] * speeds
# + places = torch.as_tensor(positions, dtype=torch.float64)[:, None]
# + angles = places * base ** (-2 * torch.arange(d // 2) * places / d)

# %% takes the mean away exercise="norm_and_gate" fails=["norm: (1, 7)", "norm: weights, and every vector by itself", "norm: eps stands inside the root", "random vectors and weights"]
# Believes that RMSNorm centres first, as LayerNorm does.
# - return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
# + return weight * (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, correction=0, keepdim=True) + eps)

# %% divides by the length exercise="norm_and_gate" fails=["norm: (1, 7)", "norm: weights, and every vector by itself", "norm: eps stands inside the root", "random vectors and weights"]
# The sum of squares in place of their mean.
# - return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
# + return weight * x / torch.sqrt(x.pow(2).sum(dim=-1, keepdim=True) + eps)

# %% eps outside exercise="norm_and_gate" fails=["norm: weights, and every vector by itself", "norm: eps stands inside the root", "random vectors and weights"]
# Adds eps to the root; seen only where vectors are tiny or eps is large.
# - return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
# + return weight * x / (torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True)) + eps)

# %% weights forgotten exercise="norm_and_gate" fails=["norm: weights, and every vector by itself", "random vectors and weights"]
# Believes that a norm has nothing to learn.
# - return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
# + return x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)

# %% one norm for all tokens exercise="norm_and_gate" fails=["norm: weights, and every vector by itself", "random vectors and weights"]
# Believes that the mean goes over the whole tensor, and not over each token's numbers.
# - return weight * x / torch.sqrt(x.pow(2).mean(dim=-1, keepdim=True) + eps)
# + return weight * x / torch.sqrt(x.pow(2).mean() + eps)

# %% gate and up exchanged exercise="norm_and_gate" fails=["gate: the example with 1 × 1 matrices", "gate: as torch computes it", "random vectors and weights"]
# Believes that two matrices of the same shape can stand for each other; SiLU goes to one of them only.
# - gate = x @ w_gate.T
# - return (gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T
# + gate = x @ w_up.T
# + return (gate * torch.sigmoid(gate) * (x @ w_gate.T)) @ w_down.T

# %% a plain sigmoid gate exercise="norm_and_gate" fails=["gate: the example with 1 × 1 matrices", "gate: as torch computes it", "random vectors and weights"]
# GLU, the older relative: sigmoid in place of silu.
# - return (gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T
# + return (torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T

# %% a sum for a product exercise="norm_and_gate" fails=["gate: the example with 1 × 1 matrices", "gate: as torch computes it", "random vectors and weights"]
# Believes that a gate is added, like a bias; it multiplies, and so can close.
# - return (gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T
# + return (gate * torch.sigmoid(gate) + (x @ w_up.T)) @ w_down.T

# %% GELU instead exercise="norm_and_gate" fails=["gate: the example with 1 × 1 matrices", "gate: as torch computes it", "random vectors and weights"]
# Believes that the gate's function is free: with GELU it is GEGLU, close to SwiGLU and not the same.
# - return (gate * torch.sigmoid(gate) * (x @ w_up.T)) @ w_down.T
# + return (F.gelu(gate) * (x @ w_up.T)) @ w_down.T

# %% the growing one is post-norm exercise="pre_or_post" fails=["which way is post-norm"]
# Takes "post" for what comes out larger.
seen_in_plot = {"post": "B", "size": 3.6, "why": "a", "conclude": "b"}

# %% reads the wrong end exercise="pre_or_post" fails=["the size after twelve blocks"]
# Reads the value at block 6 for that behind all twelve.
seen_in_plot = {"post": "A", "size": 2.6, "why": "a", "conclude": "b"}

# %% every block doubles exercise="pre_or_post" fails=["why it grows"]
# Adds sizes as if all vectors had one direction.
seen_in_plot = {"post": "A", "size": 3.6, "why": "b", "conclude": "b"}

# %% concludes on training exercise="pre_or_post" fails=["what it shows"]
# Says what is often said, and was not measured here.
seen_in_plot = {"post": "A", "size": 3.6, "why": "a", "conclude": "a"}

# %% as many key heads as queries exercise="count_by_hand" fails=["the attention", "the total", "the arithmetic of the matrices", "where attention is as dear"]
# Believes that attention is four square matrices, whatever the number of key heads.
# - small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 320, "equal_at": 20}
# + small_llama = {"attention": 64, "mlp": 72, "norms": 12, "total": 188, "flops": 352, "equal_at": 22}

# %% an MLP of two matrices exercise="count_by_hand" fails=["the MLP", "the total", "the arithmetic of the matrices", "where attention is as dear"]
# Believes that an MLP has two matrices, as before the gate.
# - small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 320, "equal_at": 20}
# + small_llama = {"attention": 48, "mlp": 48, "norms": 12, "total": 148, "flops": 272, "equal_at": 17}

# %% the last norm forgotten exercise="count_by_hand" fails=["the norms", "the total"]
# Believes that all norms stand in blocks.
# - small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 320, "equal_at": 20}
# + small_llama = {"attention": 48, "mlp": 72, "norms": 8, "total": 168, "flops": 320, "equal_at": 20}

# %% a tied head is free exercise="count_by_hand" fails=["the arithmetic of the matrices", "where attention is as dear"]
# Believes that what costs no parameters costs no work; the tied table is multiplied all the same.
# - small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 320, "equal_at": 20}
# + small_llama = {"attention": 48, "mlp": 72, "norms": 12, "total": 172, "flops": 240, "equal_at": 15}

# %% ignores shared keys exercise="count_model" fails=["parameters: Llama 3 and SmolLM2, shared keys", "parameters: biases beside a gate and shared keys", "FLOPs: as the library's model spends them", "random configurations"]
# Believes that attention is four square matrices in every model.
# - d_kv = d // config["n_heads"] * config["n_kv_heads"]
# - matrices = [(d, d), (d_kv, d), (d_kv, d), (d, d)]  # queries, keys, values, output
# + d_kv = d
# + matrices = [(d, d), (d_kv, d), (d_kv, d), (d, d)]
# - d_kv = d // config["n_heads"] * config["n_kv_heads"]
# - block = 2 * d * d + 2 * d_kv * d + (3 if config["gated"] else 2) * d * d_ff
# + block = 4 * d * d + (3 if config["gated"] else 2) * d * d_ff

# %% every head is tied exercise="count_model" fails=["parameters: Llama 2, a head of its own", "parameters: Llama 3 and SmolLM2, shared keys", "parameters: biases beside a gate and shared keys", "random configurations"]
# Believes that the output layer is always the embedding.
# - tables = config["vocab_size"] * (1 if config["tied"] else 2) + config["n_positions"]
# + tables = config["vocab_size"] + config["n_positions"]

# %% no biases anywhere exercise="count_model" fails=["parameters: GPT-2", "parameters: biases beside a gate and shared keys", "random configurations"]
# Believes that a layer is its matrix; GPT-2's have biases.
# - biases = sum(out for out, _ in matrices) if config["bias"] else 0
# + biases = 0

# %% no table of places exercise="count_model" fails=["parameters: GPT-2", "random configurations"]
# Believes that places cost nothing; learned positions are a table.
# - tables = config["vocab_size"] * (1 if config["tied"] else 2) + config["n_positions"]
# + tables = config["vocab_size"] * (1 if config["tied"] else 2)

# %% the last norm left out exercise="count_model" fails=["parameters: the smallest example", "parameters: GPT-2", "parameters: biases beside a gate and shared keys", "random configurations"]
# Believes that there are two norms a block and no more.
# - return config["n_layers"] * block + norm + tables * d
# + return config["n_layers"] * block + tables * d

# %% always a gate exercise="count_model" fails=["parameters: GPT-2", "random configurations"]
# Believes that every MLP has three matrices, as those with a gate.
# - matrices += [(d_ff, d)] * (2 if config["gated"] else 1) + [(d, d_ff)]
# + matrices += [(d_ff, d)] * 2 + [(d, d_ff)]

# %% twice the parameters exercise="count_model" fails=["FLOPs: the smallest example", "FLOPs: as the library's model spends them", "random configurations"]
# The rule of thumb in place of the count: no attention, and norms and lookups counted.
# -     d, d_ff = config["d_model"], config["d_ff"]
# -     d_kv = d // config["n_heads"] * config["n_kv_heads"]
# -     block = 2 * d * d + 2 * d_kv * d + (3 if config["gated"] else 2) * d * d_ff
# -     matrices = config["n_layers"] * block + config["vocab_size"] * d
# -     return 2 * matrices + 4 * n_context * d * config["n_layers"]
# +     return 2 * count_parameters(config)

# %% one FLOP a product exercise="count_model" fails=["FLOPs: the smallest example", "FLOPs: as the library's model spends them", "random configurations"]
# Believes that a multiplication with its addition is one operation; by the usual count it is two.
# - return 2 * matrices + 4 * n_context * d * config["n_layers"]
# + return matrices + 2 * n_context * d * config["n_layers"]

# %% the scores alone exercise="count_model" fails=["FLOPs: the smallest example", "FLOPs: as the library's model spends them", "random configurations"]
# Believes that attention is done with the scores; weighting the values costs as much again.
# - return 2 * matrices + 4 * n_context * d * config["n_layers"]
# + return 2 * matrices + 2 * n_context * d * config["n_layers"]

# %% does not shrink exercise="online_softmax" fails=["the smallest example", "the same as torch's, for every size of block", "scores in the thousands, rising and falling", "random sizes"]
# Believes that exponentials of different blocks add up, although each is relative to its own maximum.
# - exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
# + exps, shrink = torch.exp(scores - higher), 1.0

# %% shrinks the values only exercise="online_softmax" fails=["the smallest example", "the same as torch's, for every size of block", "scores in the thousands, rising and falling", "random sizes"]
# Believes that only the output has to follow a new maximum, and not the sum below it.
# - total = total * shrink + exps.sum(dim=1, keepdim=True)
# + total = total + exps.sum(dim=1, keepdim=True)

# %% no maximum at all exercise="online_softmax" fails=["scores in the thousands, rising and falling"]
# Plain exponentials: blocks can be added, until one overflows.
# - higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# + higher = torch.zeros_like(top)
# - exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
# + exps, shrink = torch.exp(scores - higher), 1.0

# %% the maximum of the block exercise="online_softmax" fails=["scores in the thousands, rising and falling"]
# Lets the maximum fall again: what was summed then grows, and overflows.
# - higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# + higher = scores.amax(dim=1, keepdim=True)

# %% one maximum for all queries exercise="online_softmax" fails=["scores in the thousands, rising and falling"]
# The largest score of the block, whoever asks: the others underflow to 0/0.
# - higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# + higher = torch.maximum(top, scores.max().expand_as(top))

# %% a softmax for each block exercise="online_softmax" fails=["the smallest example", "the same as torch's, for every size of block", "scores in the thousands, rising and falling", "random sizes"]
# Believes that the softmax of a whole is the mean of its blocks' softmaxes.
# -     scores = q @ keys.T
# -     higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# -     exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
# -     total = total * shrink + exps.sum(dim=1, keepdim=True)
# -     summed = summed * shrink + exps @ values
# -     top = higher
# + summed = summed + torch.softmax(q @ keys.T, dim=1) @ values
# + total = total + 1

# %% full blocks only exercise="online_softmax" fails=["the same as torch's, for every size of block", "scores in the thousands, rising and falling", "random sizes"]
# Believes that the length is a multiple of the block.
# - scores = q @ keys.T
# + if len(keys) < min(block, len(k)):
# +     continue
# + scores = q @ keys.T

# %% the whole table after all exercise="online_softmax" fails=["no table of all scores"]
# Calls attention: right numbers, and the table in memory.
# -     q = q / math.sqrt(q.shape[1])
# -     top = torch.full((len(q), 1), -math.inf, dtype=q.dtype)
# -     total = torch.zeros_like(top)
# -     summed = torch.zeros(len(q), v.shape[1], dtype=q.dtype)
# -     for keys, values in zip(k.split(block), v.split(block), strict=True):
# -         scores = q @ keys.T
# -         higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# -         exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
# -         total = total * shrink + exps.sum(dim=1, keepdim=True)
# -         summed = summed * shrink + exps @ values
# -         top = higher
# -     return summed / total
# + return attention(q, k, v)

# %% the softmax's own weights exercise="moe_by_hand" fails=["the experts and their weights", "the output"]
# Does not divide by the sum of the two.
# - "weights": [4 / 7, 3 / 7],
# - "output": 10,
# + "weights": [4 / 10, 3 / 10],
# + "output": 7,

# %% every expert works exercise="moe_by_hand" fails=["all parameters, and those a token uses"]
# Takes the total for what a token uses.
# - "active": 412,
# + "active": 612,

# %% capacity for all together exercise="moe_by_hand" fails=["the dropped requests"]
# Believes that sixteen places for sixteen requests drop nothing; each expert has its own four.
# - "dropped": 4,
# + "dropped": 0,

# %% adds no residual exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Replaces the stream in place of adding to it.
# - x = x + self.self_attn(self.input_layernorm(x), positions, mask)
# + x = self.self_attn(self.input_layernorm(x), positions, mask)

# %% post-norm from habit exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that the norm comes behind the sum, as in the transformer of 2017.
# - x = x + self.self_attn(self.input_layernorm(x), positions, mask)
# - return x + self.mlp(self.post_attention_layernorm(x))
# + x = self.input_layernorm(x + self.self_attn(x, positions, mask))
# + return self.post_attention_layernorm(x + self.mlp(x))

# %% one norm for both parts exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that a block has one norm, used twice.
# - return x + self.mlp(self.post_attention_layernorm(x))
# + return x + self.mlp(self.input_layernorm(x))

# %% both parts from the same stream exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Attention and MLP in parallel, as in GPT-J: another model.
# - x = x + self.self_attn(self.input_layernorm(x), positions, mask)
# - return x + self.mlp(self.post_attention_layernorm(x))
# + after = x + self.self_attn(self.input_layernorm(x), positions, mask)
# + return after + self.mlp(self.post_attention_layernorm(x))

# %% halves for neighbours exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that RoPE's pairs are across the halves in any weights; these are made for neighbours.
# - q, k = (rope(t, positions, self.config["rope_base"]) for t in split[:2])
# + q, k = (rope(t, positions, self.config["rope_base"], False) for t in split[:2])

# %% the base of the paper exercise="transformer" fails=["one block, drawn weights, as the library computes it", "random configurations and weights"]
# Believes that RoPE's base is 10,000 in every model; the configuration says.
# - q, k = (rope(t, positions, self.config["rope_base"]) for t in split[:2])
# + q, k = (rope(t, positions) for t in split[:2])

# %% turns the values too exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that RoPE turns all three; the values carry no place.
# - q, k = (rope(t, positions, self.config["rope_base"]) for t in split[:2])
# - heads = grouped_attention(q, k, split[2], mask)
# + q, k, v = (rope(t, positions, self.config["rope_base"]) for t in split)
# + heads = grouped_attention(q, k, v, mask)

# %% gate and up change places exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that the order of `gate_proj` and `up_proj` is free, since their shapes are the same.
# - return swiglu(x, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight)
# + return swiglu(x, self.up_proj.weight, self.gate_proj.weight, self.down_proj.weight)

# %% no last norm exercise="transformer" fails=["the smallest example: no blocks", "one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that the stream goes straight from the last block to the output layer.
# - return self.model["norm"](x) @ self.model["embed_tokens"].weight.T
# + return x @ self.model["embed_tokens"].weight.T

# %% a head of its own exercise="transformer" fails=["the smallest example: no blocks", "parameters: names and shapes", "one block, drawn weights, as the library computes it", "random configurations and weights"]
# Believes that the output layer has a weight of its own; here it is the embedding.
# - self.model = nn.ModuleDict({
# + self.head = nn.Linear(config["d_model"], config["vocab_size"], bias=False)
# + self.model = nn.ModuleDict({

# %% biases by default exercise="transformer" fails=["parameters: names and shapes", "one block, drawn weights, as the library computes it", "random configurations and weights"]
# Believes that `nn.Linear` as it comes is what a Llama has; its layers have no biases.
# - self.down_proj = nn.Linear(d_ff, d, bias=False)
# + self.down_proj = nn.Linear(d_ff, d)

# %% a softmax at the end exercise="transformer" fails=["the smallest example: no blocks", "one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that a model gives probabilities; it gives logits, and the loss applies the softmax.
# - return self.model["norm"](x) @ self.model["embed_tokens"].weight.T
# + return torch.softmax(self.model["norm"](x) @ self.model["embed_tokens"].weight.T, dim=-1)

# %% one block after all exercise="transformer" fails=["the tiny model's weights", "random configurations and weights"]
# Runs the first block only, as if a list of layers called itself.
# - for block in self.model["layers"]:
# + for block in self.model["layers"][:1]:

# %% no mask exercise="transformer" fails=["one block, drawn weights, as the library computes it", "the tiny model's weights", "random configurations and weights"]
# Believes that a decoder learns by itself not to look ahead.
# - heads = grouped_attention(q, k, split[2], mask)
# + heads = grouped_attention(q, k, split[2])

# %% the first block keeps the mask to itself exercise="transformer" fails=["the tiny model's weights", "a later token changes no earlier logits", "random configurations and weights"]
# Hands the mask to the first block and forgets it for the others: one block agrees with the library.
# - for block in self.model["layers"]:
# -     x = block(x, positions, mask)
# + for i, block in enumerate(self.model["layers"]):
# +     x = block(x, positions, mask if i == 0 else None)

# %% counts places anew exercise="transformer" fails=["places and causal are handed on"]
# Believes that places always begin at 0; with `positions` they may begin anywhere.
# - positions = list(range(ids.shape[1])) if positions is None else positions
# + positions = list(range(ids.shape[1]))

# %% always causal, whatever is said exercise="transformer" fails=["places and causal are handed on"]
# Believes that the module is a decoder, so that `causal` needs no reading.
# - mask = attention_mask(torch.ones(1, ids.shape[1], dtype=torch.bool), causal)
# + mask = attention_mask(torch.ones(1, ids.shape[1], dtype=torch.bool))

# %% eps by default exercise="transformer" fails=["one block, drawn weights, as the library computes it", "random configurations and weights"]
# Believes that eps is a detail that the library's default settles.
# - self.weight, self.eps = nn.Parameter(torch.ones(d)), eps
# + self.weight, self.eps = nn.Parameter(torch.ones(d)), 1e-5

# %% places are absolute exercise="predict_breaks" fails=["what costs nothing", "what costs little", "the whole order"]
# Believes that a shift of all places must hurt.
prediction = {"order": "FDGBEAC", "mask": "b"}

# %% a wrong turn is worse than none exercise="predict_breaks" fails=["places: wrong pairs or none", "the whole order"]
# Believes that wrong places mislead more than missing ones.
prediction = {"order": "DFGEBAC", "mask": "b"}

# %% the MLP matters little exercise="predict_breaks" fails=["the two worst", "the whole order"]
# Looks for the damage in attention.
prediction = {"order": "DFAGBCE", "mask": "b"}

# %% a leak is always an answer exercise="predict_breaks" fails=["no causal mask"]
# Takes what training without a mask would do for what taking it away does.
prediction = {"order": "DFGBEAC", "mask": "a"}

# %% starts the maximum at zero exercise="online_softmax" fails=["scores in the thousands, rising and falling"]
# Right wherever some score is positive; where all are very negative, 0/0.
# - top = torch.full((len(q), 1), -math.inf, dtype=q.dtype)
# + top = torch.zeros(len(q), 1, dtype=q.dtype)

# %% the mask of the first text exercise="fix_heads" fails=["a mask for each text and each head"]
# Repairs the split and hands on the mask of one text and head for all.
# - heads = attention(q, k, v, mask)
# + heads = attention(q, k, v, mask if mask is None or mask.ndim == 2 else mask[0, 0])

# %% biases as in GPT-2 exercise="count_model" fails=["parameters: biases beside a gate and shared keys", "random configurations"]
# Counts four biases of full width and two in the MLP, as GPT-2 has them.
# - biases = sum(out for out, _ in matrices) if config["bias"] else 0
# + biases = 5 * d + d_ff if config["bias"] else 0

# %% two heads where the head is not tied exercise="count_model" fails=["FLOPs: as the library's model spends them", "random configurations"]
# Multiplies with both tables, but looking up an embedding takes no product.
# - matrices = config["n_layers"] * block + config["vocab_size"] * d
# + matrices = config["n_layers"] * block + config["vocab_size"] * d * (1 if config["tied"] else 2)

# %% biases are added too exercise="count_model" fails=["FLOPs: biases and places take none", "random configurations"]
# Counts a sum for each bias; the docstring leaves them out.
# - matrices = config["n_layers"] * block + config["vocab_size"] * d
# + matrices = config["n_layers"] * block + config["vocab_size"] * d
# + if config["bias"]:
# +     matrices += config["n_layers"] * (3 * d + 2 * d_kv + d_ff)

# %% a thousand below zero exercise="attention" fails=["scores in the thousands"]
# Hides by a number that is low enough for small scores only.
# - scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
# + scores = scores.masked_fill(~mask, -1e4)

# %% empty rows of plain tables only exercise="attention" fails=["a row with nothing to look at gives zeros"]
# Empties rows where the mask has two axes, and forgets texts with padding.
# - weights = torch.softmax(scores, dim=-1) * mask  # the product empties rows without any True
# + weights = torch.softmax(scores, dim=-1)
# + if mask.ndim == 2:
# +     weights = weights * mask

# %% the maximum after all blocks exercise="online_softmax" fails=["no table of all scores"]
# Computes the scores block by block and keeps all of them, until the maximum is known: the table in pieces.
# -     top = torch.full((len(q), 1), -math.inf, dtype=q.dtype)
# -     total = torch.zeros_like(top)
# -     summed = torch.zeros(len(q), v.shape[1], dtype=q.dtype)
# -     for keys, values in zip(k.split(block), v.split(block), strict=True):
# -         scores = q @ keys.T
# -         higher = torch.maximum(top, scores.amax(dim=1, keepdim=True))
# -         exps, shrink = torch.exp(scores - higher), torch.exp(top - higher)
# -         total = total * shrink + exps.sum(dim=1, keepdim=True)
# -         summed = summed * shrink + exps @ values
# -         top = higher
# -     return summed / total
# +     scores = [q @ keys.T for keys in k.split(block)]
# +     top = scores[0].amax(dim=1, keepdim=True)
# +     for part in scores:
# +         top = torch.maximum(top, part.amax(dim=1, keepdim=True))
# +     total = sum(torch.exp(part - top).sum(dim=1, keepdim=True) for part in scores)
# +     return sum(torch.exp(part - top) @ values for part, values in zip(scores, v.split(block))) / total

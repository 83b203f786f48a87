# %% exponentials by hand exercise="attention"
# Subtracts the largest score, masks the exponentials, and leaves the empty row to a where.
def attention(q, k, v, mask=None):
    if mask is not None and mask.dtype is not torch.bool:
        raise ValueError("give a mask of booleans")
    scores = torch.einsum("...id,...jd->...ij", q, k) / q.size(-1) ** 0.5
    exps = (scores - scores.amax(-1, keepdim=True)).exp()
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-math.inf, dtype=q.dtype))
        top = scores.amax(-1, keepdim=True)
        exps = torch.where(mask, (scores - torch.where(top.isinf(), torch.zeros_like(top), top)).exp(), 0.0)
    total = exps.sum(-1, keepdim=True)
    return (exps / torch.where(total == 0, torch.ones_like(total), total)).to(q.dtype) @ v


# %% minus infinity, then zeros exercise="attention"
# What most people write, and a line for the empty row behind it.
def attention(q, k, v, mask=None):
    scores = q @ k.mT * k.shape[-1] ** -0.5
    if mask is None:
        return scores.softmax(-1) @ v
    if mask.dtype not in (torch.bool,):
        raise ValueError(mask.dtype)
    weights = scores.masked_fill(mask.logical_not(), float("-inf")).softmax(-1)
    return weights.masked_fill(~mask.any(-1, keepdim=True), 0.0) @ v


# %% the library's own exercise="attention"
# PyTorch's function, where the mask is one of booleans.
def attention(q, k, v, mask=None):
    if mask is not None and mask.dtype != torch.bool:
        raise ValueError("bool only")
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


# %% two places compared exercise="masks"
# Compares the numbers of the places by broadcasting.
def attention_mask(real, causal=True):
    place = torch.arange(real.shape[1])
    may = place[None, :] <= place[:, None] if causal else torch.ones(len(place), len(place)) > 0
    return may.unsqueeze(0) & real.unsqueeze(1)


# %% entry by entry exercise="masks"
# Three loops, nothing to broadcast.
def attention_mask(real, causal=True):
    n, n_tokens = real.shape
    out = torch.zeros(n, n_tokens, n_tokens, dtype=torch.bool)
    for t in range(n):
        for i in range(n_tokens):
            for j in range(i + 1 if causal else n_tokens):
                out[t, i, j] = bool(real[t, j])
    return out


# %% a loop over heads exercise="fix_heads"
# Cuts columns out and puts them side by side again.
def multi_head(x, w_q, w_k, w_v, w_o, n_heads, mask=None):
    q, k, v = (F.linear(x, w) for w in (w_q, w_k, w_v))
    d_head, parts = x.shape[-1] // n_heads, []
    for h in range(n_heads):
        cut = slice(h * d_head, (h + 1) * d_head)
        of_head = mask
        if mask is not None and mask.ndim == 4:
            of_head = mask[:, min(h, mask.shape[1] - 1)]
        parts.append(attention(q[..., cut], k[..., cut], v[..., cut], of_head))
    return F.linear(torch.cat(parts, dim=-1), w_o)


# %% unflatten and einsum exercise="fix_heads"
# The axes by name: n texts, t and s tokens, h heads, d entries.
def multi_head(x, w_q, w_k, w_v, w_o, n_heads, mask=None):
    q, k, v = ((x @ w.mT).unflatten(-1, (n_heads, -1)) for w in (w_q, w_k, w_v))
    scores = torch.einsum("nthd,nshd->nhts", q, k) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-1).nan_to_num(0.0)
    return torch.einsum("nhts,nshd->nthd", weights, v).flatten(-2) @ w_o.mT


# %% an axis for the groups exercise="fix_gqa"
# Nothing is repeated: the queries get an axis of groups, and broadcasting does the rest.
def grouped_attention(q, k, v, mask=None):
    n, n_heads, n_queries, d = q.shape
    groups = k.shape[1]
    if n_heads % groups != 0:
        raise ValueError("groups of unequal size")
    if mask is not None and mask.ndim == 4:
        mask = mask.expand(n, n_heads, n_queries, k.shape[2]).reshape(n, groups, -1, n_queries, k.shape[2])
    out = attention(q.reshape(n, groups, -1, n_queries, d), k[:, :, None], v[:, :, None], mask)
    return out.reshape(n, n_heads, n_queries, v.shape[-1])


# %% by index exercise="fix_gqa"
# Looks up the key head of each query head.
def grouped_attention(q, k, v, mask=None):
    per_group, rest = divmod(q.shape[1], k.shape[1])
    if rest:
        raise ValueError(f"{rest} heads are left over")
    whose = torch.arange(q.shape[1]) // per_group
    return attention(q, k[:, whose], v[:, whose], mask)


# %% by complex numbers exercise="rope"
# A pair is a complex number, and turning is a product.
def rope(x, positions, base=10000.0, interleaved=True):
    d = x.shape[-1]
    if d % 2 == 1:
        raise ValueError("odd")
    theta = torch.tensor([base ** (-2 * i / d) for i in range(d // 2)], dtype=torch.float64)
    turn = torch.exp(1j * torch.outer(torch.as_tensor(positions).double(), theta))
    wide = x.double()
    if interleaved:
        z = torch.view_as_complex(wide.reshape(*x.shape[:-1], d // 2, 2).contiguous()) * turn
        return torch.view_as_real(z).reshape(x.shape).to(x.dtype)
    z = torch.complex(wide[..., : d // 2].contiguous(), wide[..., d // 2 :].contiguous()) * turn
    return torch.cat((z.real, z.imag), -1).to(x.dtype)


# %% x times cos plus turned x times sin exercise="rope"
# As libraries write it: cosines and sines of full width, and a copy of x that is turned by a right angle.
def rope(x, positions, base=10000.0, interleaved=True):
    d = x.shape[-1]
    if d & 1:
        raise ValueError("an even width, please")
    angle = torch.as_tensor(positions).to(torch.float64).unsqueeze(-1) / base ** (torch.arange(0, d, 2).double() / d)
    if interleaved:
        angle = angle.repeat_interleave(2, dim=-1)
        turned = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).reshape(x.shape)
    else:
        angle = torch.cat((angle, angle), dim=-1)
        turned = torch.cat((-x[..., d // 2 :], x[..., : d // 2]), dim=-1)
    return x * angle.cos().to(x.dtype) + turned * angle.sin().to(x.dtype)


# %% a list of row numbers exercise="to_half_split"
# Says in numbers which row goes where.
def to_half_split(weight, n_heads):
    d_head = len(weight) // n_heads
    order = []
    for h in range(n_heads):
        order += [h * d_head + r for r in range(0, d_head, 2)]
        order += [h * d_head + r for r in range(1, d_head, 2)]
    return weight[order]


# %% even and odd rows, head by head exercise="to_half_split"
# A loop over pieces.
def to_half_split(weight, n_heads):
    heads = weight.chunk(n_heads)
    return torch.cat([part for head in heads for part in (head[::2], head[1::2])])


# %% rsqrt and silu exercise="norm_and_gate"
# Torch's own small functions.
def rms_norm(x, weight, eps=1e-5):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight


def swiglu(x, w_gate, w_up, w_down):
    return F.linear(F.silu(F.linear(x, w_gate)) * F.linear(x, w_up), w_down)


# %% by einsum exercise="norm_and_gate"
# The length of a vector by torch.linalg, the matrices by einsum.
def rms_norm(x, weight, eps=1e-5):
    mean_square = torch.linalg.vector_norm(x, dim=-1, keepdim=True) ** 2 / x.shape[-1]
    return torch.einsum("...d,d->...d", x / (mean_square + eps) ** 0.5, weight)


def swiglu(x, w_gate, w_up, w_down):
    g = torch.einsum("...d,fd->...f", x, w_gate)
    u = torch.einsum("...d,fd->...f", x, w_up)
    return torch.einsum("...f,df->...d", g / (1 + torch.exp(-g)) * u, w_down)


# %% matrices first, then the rest exercise="count_model"
# One helper counts the matrices; both functions use it.
def _matrices(config):
    d, head = config["d_model"], config["d_model"] // config["n_heads"]
    attention_part = 2 * d * d + 2 * d * head * config["n_kv_heads"]
    return config["n_layers"] * (attention_part + (2 + bool(config["gated"])) * d * config["d_ff"])


def count_parameters(config):
    d, f, layers = config["d_model"], config["d_ff"], config["n_layers"]
    total = _matrices(config) + (2 * layers + 1) * d + config["vocab_size"] * d + config["n_positions"] * d
    if not config["tied"]:
        total += config["vocab_size"] * d
    if config["bias"]:
        d_kv = d * config["n_kv_heads"] // config["n_heads"]
        total += (2 * layers + 1) * d + layers * (2 * d + 2 * d_kv + d + f * (2 if config["gated"] else 1))
    return total


def flops_per_token(config, n_context):
    d = config["d_model"]
    return 2 * (_matrices(config) + config["vocab_size"] * d) + config["n_layers"] * 2 * (2 * n_context * d)


# %% layers of torch exercise="count_model"
# Builds one block of real layers and lets torch count.
def count_parameters(config):
    d, f, b = config["d_model"], config["d_ff"], config["bias"]
    d_kv = d // config["n_heads"] * config["n_kv_heads"]
    with torch.device("meta"):
        block = [nn.Linear(d, d, b), nn.Linear(d, d_kv, b), nn.Linear(d, d_kv, b), nn.Linear(d, d, b)]
        block += [nn.Linear(d, f, b) for _ in range(1 + config["gated"])] + [nn.Linear(f, d, b)]
        norm = nn.LayerNorm(d) if b else nn.RMSNorm(d)
        ends = [nn.Linear(d, config["vocab_size"], False) for _ in range(2 - config["tied"])]

    def size(layer):
        return sum(p.numel() for p in layer.parameters())

    block_size = sum(map(size, block)) + 2 * size(norm)
    return config["n_layers"] * block_size + size(norm) + sum(map(size, ends)) + config["n_positions"] * d


def flops_per_token(config, n_context):
    d = config["d_model"]
    d_kv = d // config["n_heads"] * config["n_kv_heads"]
    shapes = [(d, d), (d, d_kv), (d, d_kv), (d, d), (d, config["d_ff"]), (config["d_ff"], d)]
    shapes += [(d, config["d_ff"])] if config["gated"] else []
    flops = sum(2 * a * b for a, b in shapes) + 2 * 2 * n_context * d
    return config["n_layers"] * flops + 2 * d * config["vocab_size"]


# %% query by query exercise="online_softmax"
# One row after the other; blocks are cut by index.
def online_attention(q, k, v, block):
    rows = []
    for row in q:
        m, total, summed = -math.inf, 0.0, torch.zeros(v.shape[1], dtype=v.dtype)
        for start in range(0, len(k), block):
            s = k[start : start + block] @ row / math.sqrt(len(row))
            new = max(m, float(s.max()))
            e = torch.exp(s - new)
            shrink = math.exp(m - new)
            total = total * shrink + float(e.sum())
            summed = summed * shrink + e @ v[start : start + block]
            m = new
        rows.append(summed / total)
    return torch.stack(rows)


def memory_of(q, k, v, block):
    with MemoryCounter(q, k, v) as counter:
        online_attention(q, k, v, block)
    return {"largest": counter.largest, "most": counter.most}


# %% outputs and log-sum-exps exercise="online_softmax"
# Keeps the normalised output and the logarithm of the sum; merges two parts by their weights.
def online_attention(q, k, v, block):
    out = torch.zeros(q.shape[0], v.shape[1], dtype=v.dtype)
    log_sum = torch.full((q.shape[0],), float("-inf"), dtype=q.dtype)
    for start in range(0, k.shape[0], block):
        scores = q @ k[start : start + block].mT * q.shape[1] ** -0.5
        part = torch.logsumexp(scores, dim=1)
        both = torch.logaddexp(log_sum, part)
        fresh = torch.exp(scores - part[:, None]) @ v[start : start + block]
        out = out * (log_sum - both).exp()[:, None] + fresh * (part - both).exp()[:, None]
        log_sum = both
    return out


def memory_of(q, k, v, block):
    with MemoryCounter(q, k, v) as counter:
        online_attention(q, k, v, block)
    return {"largest": counter.largest, "most": counter.most}


# %% functions and plain containers exercise="transformer"
# Modules only hold the weights; one loop computes everything with torch's own functions.
class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c = dict(config)
        d, f = config["d_model"], config["d_ff"]
        kv = d // config["n_heads"] * config["n_kv_heads"]

        def lin(a, b):
            return nn.Linear(a, b, bias=False)

        blocks = []
        for _ in range(config["n_layers"]):
            attn = nn.ModuleDict({"q_proj": lin(d, d), "k_proj": lin(d, kv), "v_proj": lin(d, kv), "o_proj": lin(d, d)})
            mlp = nn.ModuleDict({"gate_proj": lin(d, f), "up_proj": lin(d, f), "down_proj": lin(f, d)})
            norms = {n: nn.RMSNorm(d, eps=config["norm_eps"]) for n in ("input_layernorm", "post_attention_layernorm")}
            blocks.append(nn.ModuleDict({**norms, "self_attn": attn, "mlp": mlp}))
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(config["vocab_size"], d)
        self.model.layers = nn.ModuleList(blocks)
        self.model.norm = nn.RMSNorm(d, eps=config["norm_eps"])

    def forward(self, ids, positions=None, causal=True):
        n, t = ids.shape
        places = range(t) if positions is None else positions
        x = self.model.embed_tokens(ids)
        for b in self.model.layers:
            h, a = b["input_layernorm"](x), b["self_attn"]
            q = a["q_proj"](h).view(n, t, self.c["n_heads"], -1).transpose(1, 2)
            k, v = (a[p](h).view(n, t, self.c["n_kv_heads"], -1).transpose(1, 2) for p in ("k_proj", "v_proj"))
            q, k = rope(q, list(places), self.c["rope_base"]), rope(k, list(places), self.c["rope_base"])
            o = F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
            x = x + a["o_proj"](o.transpose(1, 2).reshape(n, t, -1))
            h, m = b["post_attention_layernorm"](x), b["mlp"]
            x = x + m["down_proj"](F.silu(m["gate_proj"](h)) * m["up_proj"](h))
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


# %% one matrix at a time exercise="transformer"
# Bare parameters in nested modules, registered by their dotted names.
class Holder(nn.Module):
    pass


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        for name, shape in shapes_of(config).items():
            *path, last = name.split(".")
            at = self
            for part in path:
                if not hasattr(at, part):
                    at.add_module(part, Holder())
                at = getattr(at, part)
            at.register_parameter(last, nn.Parameter(torch.randn(shape) * 0.02))

    def forward(self, ids, positions=None, causal=True):
        c, w = self.config, dict(self.named_parameters())
        if positions is None:
            positions = list(range(ids.shape[1]))
        seen = attention_mask(torch.ones(ids.shape, dtype=torch.bool), causal)[:, None]
        x = w["model.embed_tokens.weight"][ids]
        for i in range(c["n_layers"]):
            p = f"model.layers.{i}."
            h = rms_norm(x, w[p + "input_layernorm.weight"], c["norm_eps"])
            q, k, v = ((h @ w[f"{p}self_attn.{n}_proj.weight"].T).unflatten(-1, (-1, c["d_model"] // c["n_heads"])).mT.mT
                       .transpose(1, 2) for n in "qkv")  # fmt: skip
            q, k = (rope(z, positions, c["rope_base"], interleaved=True) for z in (q, k))
            o = grouped_attention(q, k, v, seen).transpose(1, 2).flatten(-2)
            x = x + o @ w[p + "self_attn.o_proj.weight"].T
            h = rms_norm(x, w[p + "post_attention_layernorm.weight"], c["norm_eps"])
            x = x + swiglu(h, *(w[f"{p}mlp.{n}_proj.weight"] for n in ("gate", "up", "down")))
        return rms_norm(x, w["model.norm.weight"], c["norm_eps"]) @ w["model.embed_tokens.weight"].T

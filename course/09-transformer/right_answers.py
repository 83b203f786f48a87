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

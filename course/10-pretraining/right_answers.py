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

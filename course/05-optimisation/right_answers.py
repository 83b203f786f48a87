# %% indices, and a copy of the state exercise="sgd_step"
# Plain loop over positions; the buffers are cloned first and then changed in place.
def sgd_step(params, grads, state, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    if len(params) != len(grads):
        raise ValueError("one gradient for each parameter")
    if state == {}:
        buffers = [p * 0 for p in params]
    else:
        buffers = [b.clone() for b in state["buffers"]]
    out = []
    for i in range(len(params)):
        grad = grads[i].clone()
        if weight_decay != 0:
            grad = grad.add(params[i], alpha=weight_decay)
        buffers[i].mul_(momentum).add_(grad)
        direction = grad.add(buffers[i], alpha=momentum) if nesterov else buffers[i]
        out.append(params[i].add(direction, alpha=-lr))
    return out, {"buffers": buffers}


# %% comprehensions exercise="sgd_step"
# No loop: three lists, one after the other.
def sgd_step(params, grads, state, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    pairs = list(zip(params, grads, strict=True))
    full = [g + weight_decay * p for p, g in pairs]
    old = state["buffers"] if state else [torch.zeros_like(p) for p in params]
    new = [momentum * b + g for b, g in zip(old, full)]
    ways = [g + momentum * b for g, b in zip(full, new)] if nesterov else new
    return [p - lr * w for p, w in zip(params, ways)], {"buffers": new}


# %% addcmul and addcdiv exercise="rmsprop_step"
# The operations that PyTorch itself uses, on clones.
def rmsprop_step(params, grads, state, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
    if len(params) != len(grads):
        raise ValueError(f"{len(params)} parameters and {len(grads)} gradients")
    squares = [s.clone() for s in state["squares"]] if state else [torch.zeros_like(p) for p in params]
    moved = []
    for p, g, s in zip(params, grads, squares):
        g = g.add(p, alpha=weight_decay)
        s.mul_(alpha).addcmul_(g, g, value=1 - alpha)
        moved.append(p.addcdiv(g, s.sqrt().add(eps), value=-lr))
    return moved, {"squares": squares}


# %% comprehensions for RMSProp exercise="rmsprop_step"
# Lists instead of a loop; the power is written as a product.
def rmsprop_step(params, grads, state, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
    full = [g + weight_decay * p for p, g in zip(params, grads, strict=True)]
    before = state.get("squares")
    if before is None:
        squares = [(1 - alpha) * (g * g) for g in full]
    else:
        squares = [alpha * s + (1 - alpha) * (g * g) for s, g in zip(before, full)]
    return [p - lr * g / (torch.sqrt(s) + eps) for p, g, s in zip(params, full, squares)], {"squares": squares}


# %% lerp, and an early first state exercise="adam_step"
# The state is completed first; running means are written with torch.lerp.
def adam_step(params, grads, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    if len(params) != len(grads):
        raise ValueError("lengths differ")
    if not state:
        zeros = [torch.zeros_like(p) for p in params]
        state = {"step": 0, "means": zeros, "squares": zeros}
    t = state["step"] + 1
    means, squares, moved = [], [], []
    for i, p in enumerate(params):
        g = grads[i] if decoupled else grads[i] + weight_decay * p
        means.append(torch.lerp(state["means"][i], g, 1 - betas[0]))
        squares.append(state["squares"][i] * betas[1] + g.square() * (1 - betas[1]))
        m_hat = means[-1] / (1 - math.pow(betas[0], t))
        v_hat = squares[-1] / (1 - math.pow(betas[1], t))
        start = p - lr * weight_decay * p if decoupled else p
        moved.append(start - lr * m_hat / (torch.sqrt(v_hat) + eps))
    return moved, {"step": t, "means": means, "squares": squares}


# %% the correction in the rate exercise="adam_step"
# As in PyTorch: the corrections go into the step size and the denominator.
def adam_step(params, grads, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    step = state.get("step", 0) + 1
    old_m = state.get("means", [torch.zeros_like(p) for p in params])
    old_v = state.get("squares", [torch.zeros_like(p) for p in params])
    size = lr / (1 - betas[0] ** step)
    root = (1 - betas[1] ** step) ** 0.5
    new = {"step": step, "means": [], "squares": []}
    moved = []
    for p, g, m, v in zip(params, grads, old_m, old_v, strict=True):
        if decoupled:
            p = p.mul(1 - lr * weight_decay)
        else:
            g = g.add(p, alpha=weight_decay)
        new["means"].append(betas[0] * m + (1 - betas[0]) * g)
        new["squares"].append(betas[1] * v + (1 - betas[1]) * g * g)
        moved.append(p - size * new["means"][-1] / (new["squares"][-1].sqrt() / root + eps))
    return moved, new


# %% one loop over names exercise="decay_groups"
# named_parameters instead of parameters, len(shape) instead of ndim.
def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    decayed, plain = [], []
    for _, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if len(p.shape) > 1:
            decayed.append(p)
        else:
            plain.append(p)
    return [dict(params=decayed, weight_decay=weight_decay), dict(params=plain, weight_decay=0.0)]


# %% filter and lambda exercise="decay_groups"
# Two filters, with dim().
def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    def pick(test):
        return list(filter(lambda p: p.requires_grad and test(p.dim()), model.parameters()))

    return [{"params": pick(lambda d: d >= 2), "weight_decay": weight_decay}, {"params": pick(lambda d: d <= 1), "weight_decay": 0.0}]


# %% three cases exercise="lasso"
# The threshold by cases with np.where, and Gram matrix and correlations computed once.
def soft_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    return np.where(values > threshold, values - threshold, np.where(values < -threshold, values + threshold, 0.0))


def lasso(X: np.ndarray, y: np.ndarray, l1: float, lr: float, n_steps: int) -> np.ndarray:
    n, d = X.shape
    gram, target, w = X.T @ X / n, X.T @ y / n, np.zeros(d)
    for _ in range(n_steps):
        w = soft_threshold(w - lr * (gram @ w - target), lr * l1)
    return w


# %% loops over numbers exercise="lasso"
# Pure Python in the threshold, clip-free; the gradient one feature at a time.
def soft_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    out = np.zeros(len(values))
    for i, v in enumerate(values):
        if abs(v) > threshold:
            out[i] = v - threshold if v > 0 else v + threshold
    return out


def lasso(X: np.ndarray, y: np.ndarray, l1: float, lr: float, n_steps: int) -> np.ndarray:
    w = np.zeros(X.shape[1])
    for _ in range(n_steps):
        residual = X.dot(w) - y
        w = soft_threshold(w - lr * np.mean(X * residual[:, None], axis=0), lr * l1)
    return w


# %% bernoulli exercise="dropout"
# torch.bernoulli with a generator, on a tensor of probabilities of keeping.
def dropout(values: torch.Tensor, p: float, training: bool, seed: int) -> torch.Tensor:
    if p < 0 or p >= 1:
        raise ValueError("p")
    if training:
        generator = torch.Generator()
        generator.manual_seed(seed)
        keep = torch.bernoulli(torch.full(values.shape, 1.0 - p, dtype=torch.float64), generator=generator)
        return (values * keep.to(values.dtype)) / (1 - p)
    return values


# %% NumPy's generator exercise="dropout"
# Draws with NumPy and fills with masked_fill.
def dropout(values: torch.Tensor, p: float, training: bool, seed: int) -> torch.Tensor:
    if not (0.0 <= p < 1.0):
        raise ValueError("p should be in [0, 1)")
    if not training:
        return values + 0
    drop = torch.from_numpy(np.random.default_rng(seed).random(tuple(values.shape)) < p)
    return values.masked_fill(drop, 0.0) / (1.0 - p)


# %% functional dropout in a forked generator exercise="dropout"
# PyTorch's own dropout; the global generator's state is put back.
def dropout(values: torch.Tensor, p: float, training: bool, seed: int) -> torch.Tensor:
    if not 0 <= p < 1:
        raise ValueError("p")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return F.dropout(values, p, training)


# %% a cosine between two numbers exercise="warmup_cosine"
# The wave as a mix of peak and floor; the refusals one by one.
def warmup_cosine(step: int, n_steps: int, n_warmup: int, peak: float, floor: float = 0.0) -> float:
    if step < 0 or step >= n_steps:
        raise ValueError("step")
    if n_warmup < 0 or n_warmup > n_steps - 2:
        raise ValueError("n_warmup")
    if step < n_warmup:
        return (step + 1) * peak / (n_warmup + 1)
    share = 0.5 * (1 + np.cos(np.pi * (step - n_warmup) / (n_steps - n_warmup - 1)))
    return float(share * peak + (1 - share) * floor)


# %% cosine squared exercise="warmup_cosine"
# Half a cosine wave is the square of a quarter wave.
def warmup_cosine(step: int, n_steps: int, n_warmup: int, peak: float, floor: float = 0.0) -> float:
    last = n_steps - 1
    if not (0 <= step <= last and 0 <= n_warmup < last):
        raise ValueError("does not fit")
    if step >= n_warmup:
        return floor + (peak - floor) * math.cos(math.pi / 2 * (step - n_warmup) / (last - n_warmup)) ** 2
    return peak * ((step + 1) / (n_warmup + 1))


# %% PyTorch's formula exercise="clip_by_norm"
# The factor of clip_grad_norm_, with its 1e-6.
def clip_by_norm(grads: list[torch.Tensor], max_norm: float) -> tuple[list[torch.Tensor], float]:
    if max_norm <= 0:
        raise ValueError("max_norm")
    total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
    factor = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    return [g * factor for g in grads], total.item()


# %% clip_grad_norm_ on copies exercise="clip_by_norm"
# The library's function, on parameters made for it.
def clip_by_norm(grads: list[torch.Tensor], max_norm: float) -> tuple[list[torch.Tensor], float]:
    if not max_norm > 0:
        raise ValueError("max_norm should be above 0")
    leaves = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads]
    for leaf, g in zip(leaves, grads):
        leaf.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm)
    return [leaf.grad for leaf in leaves], float(norm)


# %% an if exercise="clip_by_norm"
# One long vector, and copies where nothing is to be clipped.
def clip_by_norm(grads: list[torch.Tensor], max_norm: float) -> tuple[list[torch.Tensor], float]:
    if max_norm <= 0:
        raise ValueError("max_norm")
    norm = torch.cat([g.reshape(-1) for g in grads]).norm().item()
    if norm > max_norm:
        return [g / norm * max_norm for g in grads], norm
    return [g.clone() for g in grads], norm


# %% new arrays instead of copies exercise="fix_early_stopping"
# The step makes a new array, so no copy is needed; epochs are counted by the best.
def fit_early(X, y, X_valid, y_valid, lr=0.5, patience=5, max_epochs=100, batch_size=5):
    w, best, history = np.zeros(X.shape[1]), None, []
    for epoch in range(max_epochs):
        for i in range(0, len(X), batch_size):
            w = w - lr * logistic_gradient(w, X[i : i + batch_size], y[i : i + batch_size])
        loss = logistic_loss(w, X_valid, y_valid)
        history.append(loss)
        if best is None or loss < best[0]:
            best = (loss, epoch, w)
        elif epoch - best[1] >= patience:
            break
    return {"weights": best[2], "best_epoch": best[1], "valid_losses": history}


# %% all weights are kept exercise="fix_early_stopping"
# A list of weights, and argmin at the end; a while loop.
def fit_early(X, y, X_valid, y_valid, lr=0.5, patience=5, max_epochs=100, batch_size=5):
    weights, losses, w = [], [], np.zeros(X.shape[1])
    while len(losses) < max_epochs and (not losses or len(losses) - 1 - int(np.argmin(losses)) < patience):
        for batch in np.array_split(np.arange(len(X)), range(batch_size, len(X), batch_size)):
            w = w - lr * logistic_gradient(w, X[batch], y[batch])
        weights.append(w.copy())
        losses.append(logistic_loss(w, X_valid, y_valid))
    best = int(np.argmin(losses))
    return {"weights": weights[best], "best_epoch": best, "valid_losses": losses}


# %% variances of the columns exercise="gradient_noise"
# The spread is the sum of the columns' variances.
def gradient_noise(gradients: np.ndarray, batch_size: int, replacement: bool = False) -> float:
    n = gradients.shape[0]
    if batch_size <= 0:
        raise ValueError("batch_size should be at least 1")
    if not replacement and batch_size > n:
        raise ValueError("batch_size should be at most n")
    noise = np.var(gradients, axis=0).sum() / batch_size
    if replacement:
        return noise
    return noise * (n - batch_size) / (n - 1)


# %% a loop over the rows exercise="gradient_noise"
# Pure Python with norms.
def gradient_noise(gradients: np.ndarray, batch_size: int, replacement: bool = False) -> float:
    n = len(gradients)
    if batch_size not in range(1, n + 1) and not (replacement and batch_size >= 1):
        raise ValueError(f"no batch of {batch_size}")
    centre = sum(gradients) / n
    total = 0.0
    for row in gradients:
        total += np.linalg.norm(row - centre) ** 2
    factor = 1.0 if replacement else (n - batch_size) / (n - 1)
    return total / n / batch_size * factor


# %% short batches are skipped exercise="fix_scaled_run"
# The loop of the colleague, with a test of the length.
def scaled_run(X, y, lr, batch_size, n_epochs, seed):
    net, batches = digit_net(seed), []
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            if len(rows) < batch_size:
                break
            loss = F.cross_entropy(net(X[rows]), y[rows])
            slopes = torch.autograd.grad(loss, list(net.parameters()))
            with torch.no_grad():
                for p, slope in zip(net.parameters(), slopes):
                    p -= lr * slope
            batches.append(rows.tolist())
    with torch.no_grad():
        return {"batches": batches, "loss": F.cross_entropy(net(X), y).item()}


# %% an optimizer and a reshape exercise="fix_scaled_run"
# torch.optim takes the step; the order is cut and folded into a table.
def scaled_run(X, y, lr, batch_size, n_epochs, seed):
    net = digit_net(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    n_batches, batches = len(X) // batch_size, []
    for _ in range(n_epochs):
        order = torch.randperm(len(X))[: n_batches * batch_size].reshape(n_batches, batch_size)
        for rows in order:
            optimizer.zero_grad()
            F.cross_entropy(net(X[rows]), y[rows]).backward()
            optimizer.step()
            batches.append([int(row) for row in rows])
    return {"batches": batches, "loss": float(F.cross_entropy(net(X), y).detach())}


# %% DataLoader exercise="fix_scaled_run"
# PyTorch's loader with drop_last.
def scaled_run(X, y, lr, batch_size, n_epochs, seed):
    net = digit_net(seed)
    numbered = list(range(len(X)))
    loader = torch.utils.data.DataLoader(numbered, batch_size=batch_size, shuffle=True, drop_last=True)
    optimizer, batches = torch.optim.SGD(net.parameters(), lr=lr), []
    for _ in range(n_epochs):
        for rows in loader:
            optimizer.zero_grad()
            F.cross_entropy(net(X[rows]), y[rows]).backward()
            optimizer.step()
            batches.append(rows.tolist())
    with torch.no_grad():
        return {"batches": batches, "loss": F.cross_entropy(net(X), y).item()}


# %% a grid exercise="propose"
# Eight rates times two momenta, whatever comes back.
def propose(history: list[dict], n_left: int) -> dict:
    k = len(history)
    return {"lr": 0.003 * 10 ** ((k % 8) / 2), "momentum": 0.9 if k < 8 else 0.6}


# %% a fine scale at one momentum exercise="propose"
# Momentum 0.9, and sixteen rates at equal factors.
def propose(history: list[dict], n_left: int) -> dict:
    rates = np.geomspace(0.001, 10, 16)
    return {"lr": float(rates[len(history)]), "momentum": 0.9}


# %% wide, then a ternary search exercise="propose"
# Seven rates, and then the middle between the best two, momentum 0.8.
def propose(history: list[dict], n_left: int) -> dict:
    if len(history) < 9:
        return {"lr": [0.001, 10.0, 0.1, 1.0, 0.01, 0.3, 3.0, 0.03, 0.5][len(history)], "momentum": 0.8}
    first, second = sorted(history, key=lambda trial: trial["loss"])[:2]
    lr = math.sqrt(first["lr"] * second["lr"])
    if n_left % 2:
        lr = first["lr"] * (1.3 if n_left % 4 == 1 else 0.75)
    return {"lr": lr, "momentum": 0.8}


# %% the learner's own pieces exercise="fix_tuned_run"
# No optimizer and no scheduler: autograd, the clipping and the schedule by hand.
def tuned_run(X, y, X_valid, y_valid, peak=5.0, n_epochs=5, batch_size=32, max_norm=1.0, p=0.2, seed=0):
    torch.manual_seed(seed)
    weight = torch.zeros(10, X.shape[1], requires_grad=True)
    bias = torch.zeros(10, requires_grad=True)
    total = n_epochs * -(-len(X) // batch_size)
    rates, batches = [], []
    for _ in range(n_epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            loss = F.cross_entropy(F.linear(F.dropout(X[rows], p), weight, bias), y[rows])
            slopes = torch.autograd.grad(loss, [weight, bias])
            norm = math.sqrt(sum(float((s**2).sum()) for s in slopes))
            rate = warmup_cosine(len(rates), total, total // 5, peak)
            with torch.no_grad():
                for leaf, slope in zip((weight, bias), slopes):
                    leaf -= rate * slope * min(1.0, max_norm / max(norm, 1e-12))
            rates.append(rate)
            batches.append(rows.tolist())
    with torch.no_grad():
        valid_loss = float(F.cross_entropy(X_valid @ weight.T + bias, y_valid))
    return {"rates": rates, "batches": batches, "weight": weight.detach(), "bias": bias.detach(), "valid_loss": valid_loss}


# %% the rate is set before each update exercise="fix_tuned_run"
# No LambdaLR; train() and eval() around each epoch.
def tuned_run(X, y, X_valid, y_valid, peak=5.0, n_epochs=5, batch_size=32, max_norm=1.0, p=0.2, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Dropout(p), torch.nn.Linear(X.shape[1], 10))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0)
    n_updates = n_epochs * math.ceil(len(X) / batch_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    rates, batches = [], []
    for _ in range(n_epochs):
        model.train()
        for rows in torch.randperm(len(X)).split(batch_size):
            rates.append(warmup_cosine(len(rates), n_updates, n_updates // 5, peak))
            optimizer.param_groups[0]["lr"] = rates[-1]
            loss = F.cross_entropy(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            batches.append(rows.tolist())
        model.eval()
        with torch.no_grad():
            valid_loss = F.cross_entropy(model(X_valid), y_valid).item()
    weight, bias = (parameter.detach() for parameter in model[1].parameters())
    return {"rates": rates, "batches": batches, "weight": weight, "bias": bias, "valid_loss": valid_loss}

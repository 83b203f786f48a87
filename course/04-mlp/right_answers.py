# %% row by row exercise="numpy_network"
# One row at a time in plain loops; the gradients of the rows are added up and divided at the end.
def forward(params, X):
    z1 = np.array([x @ params["W1"] + params["b1"] for x in X])
    hidden = np.where(z1 > 0, z1, 0.0)
    logits = np.array([float(h @ params["w2"]) + params["b2"] for h in hidden])
    return {"z1": z1, "hidden": hidden, "logits": logits}


def gradients(params, X, y):
    y = np.asarray(y)
    if y.ndim != 1 or y.shape[0] != X.shape[0]:
        raise ValueError("y should be one label for each row")
    W1, b1 = np.zeros_like(params["W1"]), np.zeros_like(params["b1"])
    w2, b2 = np.zeros_like(params["w2"]), 0.0
    found = forward(params, X)
    for x, z1, h, z, label in zip(X, found["z1"], found["hidden"], found["logits"], y):
        delta = 1 / (1 + math.exp(-z)) - label
        w2 += delta * h
        b2 += delta
        back = np.array([delta * w if value > 0 else 0.0 for w, value in zip(params["w2"], z1)])
        W1 += np.outer(x, back)
        b1 += back
    n = len(X)
    return {"W1": W1 / n, "b1": b1 / n, "w2": w2 / n, "b2": b2 / n}


# %% einsum and tanh exercise="numpy_network"
# The sigmoid by tanh, the products by einsum, the mask by copying.
def forward(params, X):
    z1 = np.einsum("nd,dm->nm", X, params["W1"]) + params["b1"]
    hidden = z1.copy()
    hidden[hidden < 0] = 0
    return {"z1": z1, "hidden": hidden, "logits": np.einsum("nm,m->n", hidden, params["w2"]) + params["b2"]}


def gradients(params, X, y):
    if np.shape(y) != np.shape(X)[:1]:
        raise ValueError(f"labels of shape {np.shape(y)}")
    v = forward(params, X)
    delta = ((1 + np.tanh(v["logits"] / 2)) / 2 - y) / len(y)
    back = delta[:, None] * params["w2"][None, :]
    back[v["z1"] <= 0] = 0
    return {
        "W1": np.einsum("nd,nm->dm", X, back),
        "b1": back.sum(0),
        "w2": np.einsum("nm,n->m", v["hidden"], delta),
        "b2": float(np.sum(delta)),
    }


# %% logaddexp exercise="stable_bce"
# ln(1 + e^z) by NumPy's logaddexp, with the label moved inside: the loss is ln(1 + e^-z) or ln(1 + e^z).
def bce_with_logits(logits, y):
    z, y = np.array(logits, dtype=float), np.array(y, dtype=float)
    if z.shape != y.shape:
        raise ValueError("shapes")
    return np.logaddexp(0, np.where(y == 1, -z, z)).mean()


# %% one sample at a time exercise="stable_bce"
# A loop with Python's math module.
def bce_with_logits(logits, y):
    if np.shape(logits) != np.shape(y):
        raise ValueError("shapes differ")
    total = 0.0
    for z, label in zip(logits, y):
        total += max(z, 0) - label * z + math.log1p(math.exp(-abs(z)))
    return total / len(logits)


# %% a case for one output exercise="mlp_module"
# The number of outputs is kept, ReLU is a layer, dropout stands in a Sequential without parameters.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.n_out = n_out
        self.hidden = torch.nn.Linear(in_features=n_in, out_features=n_hidden)
        self.between = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Dropout(p=dropout))
        self.out = torch.nn.Linear(n_hidden, n_out)

    def forward(self, X):
        logits = self.out(self.between(self.hidden(X)))
        if self.n_out == 1:
            return logits[:, 0]
        return logits


# %% functional dropout exercise="mlp_module"
# F.dropout with the module's own mode handed in.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.dropout = dropout
        self.hidden = torch.nn.Linear(n_in, n_hidden)
        self.out = torch.nn.Linear(n_hidden, n_out)

    def forward(self, X):
        h = F.relu(self.hidden(X))
        h = F.dropout(h, p=self.dropout, training=self.training)
        out = self.out(h)
        return out.squeeze(-1) if out.shape[-1] == 1 else out


# %% PyTorch's loss, and a mean exercise="fix_shapes"
# The library's loss on flat logits, gradients by autograd.grad, the accuracy as a mean.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    weights = list(model.parameters())
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(model(X).flatten(), y)
        for w, g in zip(weights, torch.autograd.grad(loss, weights)):
            w.data -= lr * g
    with torch.no_grad():
        loss = F.binary_cross_entropy_with_logits(model(X).flatten(), y).item()
        probability = model(X_new).flatten().sigmoid()
    return {"loss": loss, "probability": probability, "accuracy": ((probability >= 0.5) == (y_new == 1)).float().mean().item()}


# %% labels made a column exercise="fix_shapes"
# The labels are stretched to the shape of the outputs instead of the other way round.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    target = y.unsqueeze(1)
    for step in range(steps + 1):
        logits = model(X)
        loss = (F.softplus(logits) - target * logits).mean()
        if step == steps:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    probability = torch.sigmoid(model(X_new)).detach()
    accuracy = ((probability >= 0.5).float() == y_new.unsqueeze(1)).double().mean().item()
    return {"loss": loss.item(), "probability": probability[:, 0], "accuracy": accuracy}


# %% a comparison turned into numbers exercise="fix_outputs"
# The network ends in a Flatten layer; the decision by torch.where.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr)
    criterion = torch.nn.BCEWithLogitsLoss()
    for _ in range(steps):
        optimizer.zero_grad()
        criterion(model(X), y).backward()
        optimizer.step()
    with torch.no_grad():
        loss, probability = criterion(model(X), y).item(), model(X_new).sigmoid()
    return {"loss": loss, "probability": probability, "label": torch.where(probability >= threshold, 1, 0)}


# %% labels from a comparison exercise="fix_outputs"
# inference_mode instead of no_grad, and .to(torch.int64).
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    step = 0
    while True:
        loss = F.binary_cross_entropy_with_logits(model(X)[:, 0], y)
        if step == steps:
            break
        model.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    with torch.inference_mode():
        p = torch.sigmoid(model(X_new)[:, 0])
    return {"loss": float(loss), "probability": p, "label": p.ge(threshold).to(torch.int64)}


# %% gradients written out exercise="fix_descent"
# p - y instead of autograd; constant columns by a mask.
def descend(X, y, steps, lr):
    constant = (X == X[0]).all(0)
    scale = X.std(0, unbiased=False)
    scale[constant] = 1.0
    Z = (X - X.mean(0)) / scale
    w, b, losses = torch.zeros(X.shape[1]), torch.tensor(0.0), []
    for _ in range(steps):
        logits = Z @ w + b
        losses.append(F.binary_cross_entropy_with_logits(logits, y).item())
        delta = (torch.sigmoid(logits) - y) / len(y)
        w, b = w - lr * (Z.T @ delta), b - lr * delta.sum()
    return {"losses": losses, "weights": w, "bias": b.item()}


# %% an optimizer and a tolerance exercise="fix_descent"
# A linear layer with weights of zero and torch.optim.SGD; a deviation that is tiny beside the values counts as 0.
def descend(X, y, steps, lr):
    mean, std = X.mean(0), X.std(0, correction=0)
    std = torch.where(std <= 1e-6 * X.abs().max(0).values, torch.ones_like(std), std)
    X = (X - mean) / std
    layer = torch.nn.Linear(X.shape[1], 1)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(layer(X).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "weights": layer.weight.detach()[0], "bias": layer.bias.item()}


# %% a loop over slices exercise="minibatches"
# Cuts by hand with range and slices.
def minibatches(n_samples, batch_size, epochs, seed):
    if batch_size < 1:
        raise ValueError("batch_size")
    g = torch.Generator()
    g.manual_seed(seed)
    result = []
    for _ in range(epochs):
        perm = torch.randperm(n_samples, generator=g)
        result.append([perm[i : i + batch_size] for i in range(0, n_samples, batch_size)])
    return result


# %% NumPy's generator exercise="minibatches"
# The order comes from NumPy; PyTorch's generators are left alone altogether.
def minibatches(n_samples, batch_size, epochs, seed):
    if not batch_size >= 1:
        raise ValueError(f"batch_size={batch_size}")
    rng = np.random.default_rng(seed)
    return [
        [torch.from_numpy(rows) for rows in np.split(rng.permutation(n_samples), range(batch_size, n_samples, batch_size))]
        for _ in range(epochs)
    ]


# %% one seed for each epoch exercise="minibatches"
# As samplers for several machines do it: seed + epoch gives each epoch its order.
def minibatches(n_samples, batch_size, epochs, seed):
    if batch_size < 1:
        raise ValueError("a batch needs a row")
    out = []
    for epoch in range(epochs):
        generator = torch.Generator().manual_seed(1000 * seed + epoch)
        out.append(list(torch.randperm(n_samples, generator=generator).split(batch_size)))
    return out


# %% a DataLoader exercise="train"
# PyTorch's own loader with a generator of its own; sums instead of means.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    """Train in place."""
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(seed)
    own = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(X, y), batch_size=batch_size, shuffle=True, generator=own)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    out = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        losses, n = 0.0, 0
        for X_batch, y_batch in loader:
            loss = F.binary_cross_entropy_with_logits(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses += loss.item() * y_batch.size(0)
            n += y_batch.size(0)
        model.eval()
        with torch.inference_mode():
            z = model(X_valid)
            out["valid_loss"].append(F.binary_cross_entropy_with_logits(z, y_valid).item())
            out["valid_accuracy"].append(((z >= 0) == (y_valid == 1)).double().mean().item())
        out["train_loss"].append(losses / n)
    return out


# %% randperm after one seed exercise="train"
# One global seed for orders and dropout, as most programs do it; the step is written by hand.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    """Train in place."""
    torch.manual_seed(seed)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for epoch in range(epochs):
        model.train(True)
        perm = torch.randperm(len(X))
        seen = []
        for start in range(0, len(X), batch_size):
            rows = perm[start : start + batch_size]
            model.zero_grad()
            each = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows], reduction="none")
            each.mean().backward()
            with torch.no_grad():
                for p in model.parameters():
                    if p.grad is not None:
                        p -= lr * p.grad
            seen += each.detach().tolist()
        history["train_loss"].append(sum(seen) / len(seen))
        model.train(False)
        with torch.no_grad():
            logits = model(X_valid)
            history["valid_loss"].append(float(F.softplus(logits).sub(y_valid * logits).mean()))
            history["valid_accuracy"].append(float((torch.sigmoid(logits).ge(0.5).float() == y_valid).float().mean()))
    return history


# %% predictions first, scores afterwards exercise="fix_evaluate"
# All logits are collected, then scored once; a list of pairs remembers the modes.
def evaluate(model, X, y, batch_size=32):
    before = [(m, m.training) for m in model.modules()]
    try:
        model.eval()
        with torch.inference_mode():
            logits = torch.cat([model(X[i : i + batch_size]) for i in range(0, len(X), batch_size)])
            loss = F.binary_cross_entropy_with_logits(logits, y)
    finally:
        for m, was in before:
            m.training = was
    return {"loss": loss.item(), "accuracy": ((logits >= 0).float() == y).double().mean().item()}


# %% weighted means exercise="fix_evaluate"
# Each batch's mean times its share of the rows; the labels are checked before anything is switched.
def evaluate(model, X, y, batch_size=32):
    if len(X) != len(y):
        raise ValueError("X and y differ in length")
    flags = {name: module.training for name, module in model.named_modules()}
    model.eval()
    total_loss = total_accuracy = 0.0
    try:
        with torch.no_grad():
            for X_batch, y_batch in zip(X.split(batch_size), y.split(batch_size)):
                z, share = model(X_batch), len(X_batch) / len(X)
                total_loss += share * F.binary_cross_entropy_with_logits(z, y_batch).item()
                total_accuracy += share * (z.ge(0).float() == y_batch).float().mean().item()
    finally:
        for name, module in model.named_modules():
            module.training = flags[name]
    return {"loss": total_loss, "accuracy": total_accuracy}


# %% two loops and a record exercise="fix_selection"
# A running best with a strict comparison.
def choose_and_report(runs):
    best = None
    for run in runs:
        for epoch, (loss, accuracy) in enumerate(zip(run["valid_loss"], run["test_accuracy"])):
            if best is None or loss < best[0]:
                best = (loss, {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": accuracy})
    return best[1]


# %% sorted tuples exercise="fix_selection"
# The smallest of (loss, run, epoch): ties go to the first run and its first epoch.
def choose_and_report(runs):
    _, i, epoch = min((loss, i, e) for i, run in enumerate(runs) for e, loss in enumerate(run["valid_loss"]))
    return {"n_hidden": runs[i]["n_hidden"], "epoch": epoch, "test_accuracy": runs[i]["test_accuracy"][epoch]}


# %% clones on the way in exercise="checkpoint"
# The state is cloned, the buffer is read from its start, eval() is chained.
def pack(model, config, mean, std):
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    buffer = io.BytesIO()
    torch.save(dict(config=dict(config), state=state, mean=mean.clone(), std=std.clone()), buffer)
    buffer.seek(0)
    return buffer.read()


def predict_from(data, X_raw):
    with io.BytesIO(data) as buffer:
        found = torch.load(buffer, map_location="cpu", weights_only=True)
    network = MLP(**found["config"])
    network.load_state_dict(found["state"], strict=True)
    network = network.eval()
    X = X_raw.sub(found["mean"]).div(found["std"])
    return network(X).sigmoid().detach()


# %% the default of torch.load exercise="checkpoint"
# weights_only is left at its default, which is True in the version that the course pins.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"state": model.state_dict(), "config": config, "std": std, "mean": mean}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data))
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"])
    model.train(False)
    with torch.inference_mode():
        return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"])).clone()


# %% a function that scales exercise="fix_predictor"
# The scale is a function; the losses of the rows are collected one by one.
def fit_predictor(X_raw, y, X_new_raw, epochs=20, batch_size=32, lr=0.1, dropout=0.0, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(X_raw.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    center, width = X_raw.mean(dim=0), X_raw.std(dim=0, unbiased=False)

    def scale(raw):
        return (raw - center) / width

    X, optimizer, history = scale(X_raw), torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(epochs):
        rows_seen = []
        model.train()
        for rows in torch.randperm(len(X)).split(batch_size):
            each = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows], reduction="none")
            optimizer.zero_grad()
            each.mean().backward()
            optimizer.step()
            rows_seen.append(each.detach())
        history.append(torch.cat(rows_seen).mean().item())
    model.eval()
    with torch.no_grad():
        return {"loss": history, "probability": model(scale(X_new_raw)).sigmoid()}


# %% batches of one's own exercise="fix_predictor"
# The orders come from minibatches; the loss is a weighted mean by NumPy.
def fit_predictor(X_raw, y, X_new_raw, epochs=20, batch_size=32, lr=0.1, dropout=0.0, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(X_raw.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    mean, std = X_raw.mean(0), X_raw.std(0, correction=0)
    X = (X_raw - mean) / std
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for batches in minibatches(len(X), batch_size, epochs, seed):
        model.train()
        values = []
        for rows in batches:
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            values.append(loss.item())
        losses.append(float(np.average(values, weights=[len(rows) for rows in batches])))
    model.eval()
    with torch.no_grad():
        probability = torch.sigmoid(model((X_new_raw - mean) / std))
    return {"loss": losses, "probability": probability}


# %% the learner's own MLP exercise="fix_program"
# The module of this unit, randperm from the global generator, a deep copy of the best state.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    import copy

    torch.manual_seed(seed)
    mu, sd = X_train.mean(0), X_train.std(0, unbiased=False)
    scaled = {"train": (X_train - mu) / sd, "valid": (X_valid - mu) / sd, "test": (X_test - mu) / sd}
    model = MLP(X_train.shape[1], 16, dropout=dropout)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses, updates, best, best_epoch, kept = [], 0, float("inf"), 0, None
    for epoch in range(epochs):
        model.train()
        order = torch.randperm(len(y_train))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            loss = F.binary_cross_entropy_with_logits(model(scaled["train"][rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            losses.append(F.binary_cross_entropy_with_logits(model(scaled["valid"]), y_valid).item())
        if losses[-1] < best:
            best, best_epoch, kept = losses[-1], epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    with torch.no_grad():
        valid_logits, test_logits = model(scaled["valid"]), model(scaled["test"])
    right = (test_logits >= 0) == y_test.bool()
    return {"model": model, "updates": updates, "valid_loss": losses, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": right.double().mean().item()}  # fmt: skip


# %% all states kept exercise="fix_program"
# The state of every epoch is kept, and argmin chooses at the end; a DataLoader shuffles.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(seed)
    mean, std = X_train.mean(0), torch.sqrt(X_train.var(0, correction=0))
    net = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    loader = DataLoader(TensorDataset((X_train - mean) / std, y_train), batch_size, shuffle=True)
    optimizer, criterion = torch.optim.SGD(net.parameters(), lr=lr), torch.nn.BCEWithLogitsLoss()
    valid_loss, states, updates = [], [], 0
    for _ in range(epochs):
        net.train()
        for X_batch, y_batch in loader:
            optimizer.zero_grad()
            criterion(net(X_batch), y_batch).backward()
            optimizer.step()
            updates += 1
        net.eval()
        with torch.no_grad():
            valid_loss.append(criterion(net((X_valid - mean) / std), y_valid).item())
        states.append({k: v.detach().clone() for k, v in net.state_dict().items()})
    best_epoch = valid_loss.index(min(valid_loss))
    net.load_state_dict(states[best_epoch])
    valid_logits = net((X_valid - mean) / std).detach()
    test_logits = net((X_test - mean) / std).detach()
    accuracy = sum(int((z >= 0) == (label == 1)) for z, label in zip(test_logits, y_test)) / len(y_test)
    return {"model": net, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": accuracy}  # fmt: skip

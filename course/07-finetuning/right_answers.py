# %% the whole state, strictly exercise="with_new_head"
# Loads everything at once: the state's body, and the head that the network has already.
def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    head = {f"head.{name}": tensor for name, tensor in net.head.state_dict().items()}
    net.load_state_dict({name: t for name, t in state.items() if not name.startswith("head.")} | head)
    return net


# %% not strict, but looks exercise="with_new_head"
# `strict=False`, and what it forgave is looked at.
def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    network = DigitNet(n_classes)
    body_only = {}
    for key in state:
        if key.startswith("body."):
            body_only[key] = state[key]
    missing, unexpected = network.load_state_dict(body_only, strict=False)
    if sorted(missing) != ["head.bias", "head.weight"] or unexpected:
        raise RuntimeError(f"missing: {missing}")
    return network


# %% a ten-class network, then its head exercise="with_new_head"
# Makes the head as a module of its own and puts it on; the seed comes first all the same.
def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    head = nn.Linear(128, n_classes)
    net = DigitNet(10)
    net.load_state_dict(state)
    net.head = head
    return net


# %% freezes by loops exercise="adapt"
# Two loops over parameters instead of `requires_grad_`, and the optimizer gets what asks for gradients.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    for param in model.parameters():
        param.requires_grad = False
    for param in model.head.parameters():
        param.requires_grad = True
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=lr)
    generator = torch.Generator()
    generator.manual_seed(seed)
    criterion = nn.CrossEntropyLoss()
    model.train()
    history = []
    for step in range(steps):
        rows = torch.randperm(len(X), generator=generator)[:32]
        loss = criterion(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    return history


# %% the body rests altogether exercise="adapt"
# Goes further than asked: the body works in evaluation mode, so BatchNorm rests as well.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for name, param in model.named_parameters():
        param.requires_grad_(name.startswith("head"))
    optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
    losses = []
    model.train()
    model.body.eval()
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        with torch.no_grad():
            features = model.body(X[batch])
        loss = F.cross_entropy(model.head(features), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% the body in evaluation mode once, the head trains exercise="train_head_only"
# Sets the modes once, before the loop, part by part.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    model.body.eval()
    model.head.train()
    optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(X), generator=generator).split(32):
            loss = F.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total)
    return losses


# %% features computed once exercise="train_head_only"
# The body is a fixed function, so its output is computed once; the epochs run over the features.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    model.train()
    model.body.eval()
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    with torch.no_grad():
        features = model.body(X)
    optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(X), generator=generator)
        losses.append(0.0)
        for start in range(0, len(X), 32):
            rows = order[start : start + 32]
            optimizer.zero_grad()
            loss = F.cross_entropy(model.head(features[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% a deep copy of the state exercise="witness"
# Copies the dict as a whole, and compares in a loop.
class Witness:
    def __init__(self, model):
        self.model = model
        self.before = copy.deepcopy(model.state_dict())

    def changed(self):
        names = []
        for name, tensor in self.model.state_dict().items():
            one = self.before[name].detach().flatten().view(torch.uint8)
            other = tensor.detach().contiguous().flatten().view(torch.uint8)
            if one.shape != other.shape or bool((one != other).any()):
                names.append(name)
        return names


# %% keeps bytes exercise="witness"
# Remembers Python bytes instead of tensors.
class Witness:
    def __init__(self, model):
        self.model = model
        self.kept = self.state()

    def state(self):
        return {
            name: bytes(t.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
            for name, t in self.model.state_dict().items()
        }

    def changed(self):
        now = self.state()
        return [name for name in self.kept if self.kept[name] != now[name]]


# %% by the names of the parameters exercise="thaw"
# Decides for each parameter and for each module by its name.
def thaw(model, n_blocks):
    if n_blocks < 0 or n_blocks > 3:
        raise ValueError("0 to 3")
    trained = ["head"] + [f"body.block{3 - i}" for i in range(n_blocks)]
    names = []
    for name, param in model.named_parameters():
        param.requires_grad = any(name.startswith(part + ".") for part in trained)
        if param.requires_grad:
            names.append(name)
    for name, module in model.named_modules():
        module.training = any(name == part or name.startswith(part + ".") for part in trained)
    return names


# %% from the input upwards exercise="thaw"
# Sets every part in one loop, frozen or not.
def thaw(model, n_blocks):
    if n_blocks not in range(4):
        raise ValueError(n_blocks)
    model.eval()
    blocks = [model.body.block1, model.body.block2, model.body.block3, model.head]
    for i, block in enumerate(blocks):
        trains = i >= 3 - n_blocks
        block.train(trains)
        for param in block.parameters():
            param.requires_grad = trains
    return [n for n, p in model.named_parameters() if p.requires_grad]


# %% adds groups one by one exercise="make_optimizer"
# Begins with the head's group (or the first that there is), and adds the others to the optimizer.
def make_optimizer(model, lr, decay):
    optimizer, rate = None, lr
    for part in (model.head, model.body.block3, model.body.block2, model.body.block1):
        params = list(filter(lambda p: p.requires_grad, part.parameters()))
        if params and optimizer is None:
            optimizer = torch.optim.Adam(params, lr=rate)
        elif params:
            optimizer.add_param_group({"params": params, "lr": rate})
        rate *= decay
    return optimizer


# %% a rate for each name exercise="make_optimizer"
# Collects by the names of the parameters.
def make_optimizer(model, lr, decay):
    depth = {"head": 0, "block3": 1, "block2": 2, "block1": 3}
    found = {}
    for name, param in model.named_parameters():
        if param.requires_grad:
            part = name.split(".")[0] if name.startswith("head") else name.split(".")[1]
            found.setdefault(depth[part], []).append(param)
    return torch.optim.Adam([dict(params=found[d], lr=lr * decay**d) for d in sorted(found)], lr=lr)


# %% choice without replacement, a mask for the rest exercise="few_shot_split"
# `choice(..., replace=False)`, and a Boolean mask for the test part.
def few_shot_split(y, k, seed):
    generator = np.random.default_rng(seed)
    picked = np.zeros(len(y), dtype=bool)
    labels, counts = np.unique(y, return_counts=True)
    if counts.min() < k:
        raise ValueError("too few")
    for label in labels:
        picked[generator.choice(np.flatnonzero(y == label), size=k, replace=False)] = True
    return np.flatnonzero(picked), np.flatnonzero(~picked)


# %% one permutation for all classes exercise="few_shot_split"
# Shuffles all rows once, and takes the first k of each class from that order.
def few_shot_split(y, k, seed):
    order = np.random.RandomState(seed).permutation(len(y))
    train, test = [], []
    taken = {label: 0 for label in set(y.tolist())}
    for row in order:
        label = int(y[row])
        if taken[label] < k:
            taken[label] += 1
            train.append(row)
        else:
            test.append(row)
    if min(taken.values()) < k:
        raise ValueError("a class is too small")
    return np.array(train, dtype=int), np.array(test, dtype=int)


# %% in plain Python exercise="paired_interval"
# No NumPy but for the root.
def paired_interval(a, b, level=0.95, ratio=0.0):
    n = len(a)
    if n != len(b):
        raise ValueError("unequal lengths")
    if n < 2:
        raise ValueError("too few")
    differences = [x - y for x, y in zip(a, b)]
    mean = sum(differences) / n
    variance = sum((d - mean) ** 2 for d in differences) / (n - 1)
    t = stats.t.ppf(1 - (1 - level) / 2, df=n - 1)
    half = t * (variance * (1 / n + ratio)) ** 0.5
    return mean, mean - half, mean + half


# %% SciPy's interval, stretched exercise="paired_interval"
# `stats.t.interval` with a scale of its own.
def paired_interval(a, b, level=0.95, ratio=0.0):
    if len(a) != len(b) or len(a) < 2:
        raise ValueError
    d = np.subtract(a, b)
    scale = np.std(d, ddof=1) * np.sqrt(1 / d.size + ratio)
    if scale == 0:
        return d.mean(), d.mean(), d.mean()
    low, high = stats.t.interval(level, d.size - 1, loc=d.mean(), scale=scale)
    return d.mean(), low, high


# %% a copy, then the body over it exercise="graft"
# Starts from the old state and puts the body's tensors over a copy of it.
def graft(new_state, old_state):
    if set(new_state) != set(old_state):
        raise ValueError("other names")
    result = dict(old_state)
    result.update({k: v for k, v in new_state.items() if k.startswith("body.")})
    return result


# %% clones, in a loop exercise="graft"
# Every tensor is a copy, so that nobody can write into the old network.
def graft(new_state, old_state):
    if sorted(new_state) != sorted(old_state):
        raise ValueError("other names")
    grafted = {}
    for key in old_state:
        source = old_state if key.split(".")[0] == "head" else new_state
        grafted[key] = source[key].clone()
    return grafted


# %% an inner linear layer exercise="lora"
# Keeps W and b in a frozen nn.Linear, and multiplies by thin linear maps.
class LoraLinear(nn.Module):
    def __init__(self, weight, bias, rank, alpha):
        super().__init__()
        out_features, in_features = weight.shape
        self.base = nn.Linear(in_features, out_features)
        with torch.no_grad():
            self.base.weight.copy_(weight)
            self.base.bias.copy_(bias)
        self.base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, in_features).normal_(0, in_features**-0.5))
        self.B = nn.Parameter(torch.zeros(out_features, rank))
        self.rank, self.alpha = rank, alpha

    def forward(self, x):
        low = F.linear(F.linear(x, self.A), self.B)
        return self.base(x) + low * (self.alpha / self.rank)

    @torch.no_grad()
    def merged(self):
        return self.base.weight + (self.alpha / self.rank) * (self.B @ self.A)


# %% the sum of the matrices exercise="lora"
# Frozen parameters, and a forward pass that adds the matrices first.
class LoraLinear(nn.Module):
    def __init__(self, weight, bias, rank, alpha):
        super().__init__()
        self.W = nn.Parameter(weight.detach().clone(), requires_grad=False)
        self.b = nn.Parameter(bias.detach().clone(), requires_grad=False)
        n_out, n_in = weight.shape
        self.A = nn.Parameter(torch.normal(0.0, 1 / n_in**0.5, (rank, n_in)))
        self.B = nn.Parameter(torch.zeros((n_out, rank)))
        self.factor = alpha / rank

    def total(self):
        return self.W + self.factor * torch.einsum("or,ri->oi", self.B, self.A)

    def forward(self, x):
        return x @ self.total().T + self.b

    def merged(self):
        return self.total().detach().clone()


# %% inference mode, slices and finally exercise="features"
# Slices by hand; the modes are a list of pairs.
def features(model, X, batch_size=64):
    modes = [(part, part.training) for part in model.modules()]
    parts = []
    try:
        model.body.eval()
        for start in range(0, len(X), batch_size):
            with torch.no_grad():
                parts.append(model.body(X[start : start + batch_size]))
    finally:
        for part, mode in modes:
            part.training = mode
    return torch.cat(parts)


# %% an empty tensor to fill exercise="features"
# A decorator for the gradients, and a result that is filled batch by batch.
@torch.no_grad()
def features(model, X, batch_size=64):
    before = {name: part.training for name, part in model.named_modules()}
    model.eval()
    try:
        result = torch.empty(len(X), 128)
        row = 0
        for batch in torch.split(X, batch_size):
            result[row : row + len(batch)] = model.body(batch)
            row += len(batch)
        return result
    finally:
        for name, part in model.named_modules():
            part.training = before[name]


# %% a loop, and bytes of Python exercise="save_trained"
# Compares Python bytes, in a loop with an early `continue`.
def as_bytes(tensor):
    return bytes(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())


def save_trained(state, base):
    difference = {}
    for name, tensor in state.items():
        if name in base:
            old = base[name]
            same_kind = old.dtype == tensor.dtype and tuple(old.shape) == tuple(tensor.shape)
            if same_kind and as_bytes(old) == as_bytes(tensor):
                continue
        difference[name] = tensor.clone(memory_format=torch.contiguous_format)
    return save(difference)


def load_trained(data, base):
    full = dict(base)
    full.update(load(data))
    return full


# %% safetensors compares exercise="save_trained"
# Two tensors are the same when safetensors writes the same bytes for them.
def save_trained(state, base):
    def written(tensor):
        return save({"t": tensor.contiguous()})

    return save({n: t.contiguous() for n, t in state.items() if n not in base or written(t) != written(base[n])})


def load_trained(data, base):
    return base | load(data)


# %% a file of its own, a loop over the content exercise="load_checkpoint"
# Says all that is wrong with the content one by one.
def load_checkpoint(data):
    file = io.BytesIO(data)
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, KeyError, RuntimeError, ValueError, OSError) as problem:
        raise ValueError(str(problem)) from None
    if not isinstance(loaded, dict):
        raise ValueError("no dict")
    for name, tensor in loaded.items():
        if not isinstance(name, str):
            raise ValueError("a name is no string")
        if not isinstance(tensor, torch.Tensor):
            raise ValueError("a value is no tensor")
    return loaded


# %% everything in one try exercise="load_checkpoint"
# The content is looked at inside the `try`, and the dict that comes back is a new one.
def load_checkpoint(data):
    try:
        loaded = torch.load(io.BytesIO(data))  # weights_only=True is the default
        assert all(type(name) is str and torch.is_tensor(value) for name, value in loaded.items())
        return dict(loaded)
    except Exception as error:
        raise ValueError("not a checkpoint of tensors") from error


# %% a batched product exercise="mean_pool"
# The weighted sum as a product of matrices.
def mean_pool(hidden, mask):
    counts = mask.sum(dim=1)
    if bool((counts == 0).any()):
        raise ValueError("empty sentence")
    total = torch.einsum("ntf,nt->nf", hidden, mask.float())
    return total / counts.unsqueeze(1)


# %% sentence by sentence exercise="mean_pool"
# A loop over the sentences, with Boolean indexing.
def mean_pool(hidden, mask):
    rows = []
    for vectors, real in zip(hidden, mask.bool()):
        if not real.any():
            raise ValueError("no token")
        rows.append(vectors[real].mean(dim=0))
    return torch.stack(rows)


# %% masked_fill exercise="mean_pool"
# Fills the padding with zeros in a copy.
def mean_pool(hidden, mask):
    if not mask.any(dim=1).all():
        raise ValueError("no token")
    kept = hidden.masked_fill(mask[..., None] == 0, 0.0)
    return kept.sum(1) / mask.sum(1, keepdim=True)

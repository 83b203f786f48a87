# %% counts the channels without the pixels exercise="count_parameters" fails=["parameters of block 1", "parameters of the body"]
# Takes a convolution for one weight a pair of channels, and forgets the 3 by 3 pixels of its window.
counts = {
    "block1": 1 * 8 + 2 * 8,
    "body": (1 * 8 + 16) + (8 * 16 + 32) + (16 * 32 + 64),
    "old_head": 1290,
    "new_head": 258,
}

# %% counts the buffers as parameters exercise="count_parameters" fails=["parameters of block 1", "parameters of the body"]
# Counts everything in the state dict: running mean, running variance and the counter as well.
counts = {
    "block1": 72 + 16 + 17,
    "body": (72 + 16 + 17) + (1152 + 32 + 33) + (4608 + 64 + 65),
    "old_head": 1290,
    "new_head": 258,
}

# %% forgets the biases of the head exercise="count_parameters" fails=["parameters of the old head", "parameters of the new head"]
# A linear layer is its matrix, isn't it? Its bias counts, too.
counts = {"block1": 88, "body": 5944, "old_head": 1280, "new_head": 256}


# %% loads without strictness exercise="with_new_head" fails=["a body tensor is missing: refused"]
# Makes the size mismatch of the head go away by asking for silence.
def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    net.load_state_dict({n: t for n, t in state.items() if n.startswith("body.")}, strict=False)
    return net


# %% copies the parameters and not the buffers exercise="with_new_head" fails=["BatchNorm's running statistics came along", "other bodies, other numbers of classes"]
# Believes that `named_parameters` is everything a network knows.
def with_new_head(state, n_classes, seed=0):
    torch.manual_seed(seed)
    net = DigitNet(n_classes)
    with torch.no_grad():
        for name, param in net.body.named_parameters():
            if "body." + name not in state:
                raise RuntimeError(name)
            param.copy_(state["body." + name])
    return net


# %% cuts the old head to size exercise="with_new_head" fails=["the head is new: not a piece of the old one", "the same seed gives the same head, another seed another"]
# Keeps the first rows of the old head: the logits of "zero" and "one" for "even" and "odd".
def with_new_head(state, n_classes, seed=0):
    net = DigitNet(10)
    net.load_state_dict(state)
    head = nn.Linear(128, n_classes)
    head.load_state_dict({"weight": state["head.weight"][:n_classes], "bias": state["head.bias"][:n_classes]})
    net.head = head
    return net


# %% seeds too late exercise="with_new_head" fails=["the same seed gives the same head, another seed another"]
# Sets the seed after the network, and with it the random head, has been made.
def with_new_head(state, n_classes, seed=0):
    net = DigitNet(n_classes)
    torch.manual_seed(seed)
    net.body.load_state_dict({n[5:]: t for n, t in state.items() if n.startswith("body.")})
    return net


# %% thaws all, optimizes the head exercise="adapt" fails=["gradients only where something is to learn"]
# Mends the optimizer and leaves the line that silenced the error: right numbers, wasted work, and a trap for the next.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model.train()
    model.requires_grad_(True)
    optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% forgets to pass the rate on exercise="adapt" fails=["it still learns"]
# Adam is believed to find its rate by itself; without `lr` it takes 0.001, whatever was asked for.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model.train()
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    optimizer = torch.optim.Adam(model.head.parameters())
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% lowers the rate instead of freezing exercise="adapt" fails=["it still learns", "no parameter of the body moves, to the bit", "gradients only where something is to learn", "other data: the body stays, the head moves"]
# With a rate a hundred times smaller the old task survives; but the body is not frozen, and the head hardly learns.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model.train()
    model.requires_grad_(True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr / 1000)
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% freezes the convolutions only exercise="adapt" fails=["no parameter of the body moves, to the bit", "gradients only where something is to learn", "other data: the body stays, the head moves"]
# Believes that a layer's weights are those of its convolution; the BatchNorms' weights and biases go on learning.
def adapt(model, X, y, steps=60, lr=0.01, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model.train()
    for name, param in model.named_parameters():
        param.requires_grad = "conv" not in name
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(X), generator=generator)[:32]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% frozen means that nothing changes exercise="predict_moved" fails=["the running mean of a frozen BatchNorm", "the counter of a frozen BatchNorm"]
# Takes requires_grad=False for a lock on the whole layer.
moved = {
    "body.block1.conv.weight": False,
    "body.block1.norm.weight": False,
    "body.block1.norm.running_mean": False,
    "body.block1.norm.num_batches_tracked": False,
    "head.weight": True,
}

# %% training mode thaws BatchNorm exercise="predict_moved" fails=["the weight of a frozen BatchNorm"]
# Knows that BatchNorm moves in training mode, and believes that all of it does.
moved = {
    "body.block1.conv.weight": False,
    "body.block1.norm.weight": True,
    "body.block1.norm.running_mean": True,
    "body.block1.norm.num_batches_tracked": True,
    "head.weight": True,
}


# %% evaluation mode once, before the loop exercise="train_head_only" fails=["no tensor of the body changes, buffers included", "the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off", "other images: nothing of the body changes"]
# Sets the mode before the loop, and `model.train()` in the loop takes it back at once.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    model.body.eval()
    for _ in range(epochs):
        model.train()
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% relies on the mode it finds exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode"]
# A network is believed to be in training mode until somebody says otherwise. An evaluation before it says otherwise.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        model.body.eval()
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% stops BatchNorm and forgets dropout exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off"]
# Thinks of BatchNorm alone: no tensor changes, and yet the features are random.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        model.train()
        for part in model.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% restores the buffers at the end exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off"]
# Lets the body drift and puts its state back afterwards: the head was trained on features that are gone.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    kept = {name: tensor.clone() for name, tensor in model.body.state_dict().items()}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    model.train()
    for _ in range(epochs):
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    model.body.load_state_dict(kept)
    return losses


# %% puts the whole model into evaluation mode exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode"]
# Right for this head, which has no dropout; wrong as soon as it gets one.
def train_head_only(model, X, y, epochs=30, lr=0.01, seed=0):
    for name, param in model.named_parameters():
        param.requires_grad = name.startswith("head.")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    model.eval()
    for _ in range(epochs):
        losses.append(0.0)
        for batch in torch.randperm(len(X), generator=generator).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item()
    return losses


# %% keeps the dict, not the values exercise="witness" fails=["a new bias is noticed", "running statistics are noticed", "a change in the last bit is noticed", "several random changes, in the order of the state"]
# `dict(...)` copies the dict; the tensors in it are still those of the network.
class Witness:
    def __init__(self, model):
        self.model = model
        self.before = dict(model.state_dict())

    def changed(self):
        now = self.model.state_dict()
        return [n for n, old in self.before.items() if old.numpy().tobytes() != now[n].numpy().tobytes()]


# %% compares with a tolerance exercise="witness" fails=["a change in the last bit is noticed", "NaN that stayed NaN is no change"]
# Copies the values, but takes "nearly the same" for the same.
class Witness:
    def __init__(self, model):
        self.model = model
        self.before = {n: t.clone() for n, t in model.state_dict().items()}

    def changed(self):
        now = self.model.state_dict()
        return [n for n, old in self.before.items() if not torch.allclose(old, now[n])]


# %% compares values, not bits exercise="witness" fails=["NaN that stayed NaN is no change"]
# `torch.equal` is exact, but NaN is never equal to itself.
class Witness:
    def __init__(self, model):
        self.model = model
        self.before = {n: t.clone() for n, t in model.state_dict().items()}

    def changed(self):
        now = self.model.state_dict()
        return [n for n, old in self.before.items() if not torch.equal(old, now[n])]


# %% watches the parameters only exercise="witness" fails=["running statistics are noticed", "several random changes, in the order of the state"]
# Right copies, right comparison, and blind to the buffers.
class Witness:
    def __init__(self, model):
        self.model = model
        self.before = {n: p.detach().clone() for n, p in model.named_parameters()}

    def changed(self):
        now = self.model.state_dict()
        return [n for n, old in self.before.items() if old.numpy().tobytes() != now[n].numpy().tobytes()]


# %% thaws from the input exercise="thaw" fails=["stage 1: block 3 comes first, not block 1", "what trains is in training mode, the rest in evaluation mode", "stages in any order"]
# Counts the blocks from the wrong end.
def thaw(model, n_blocks):
    if n_blocks not in (0, 1, 2, 3):
        raise ValueError(n_blocks)
    model.requires_grad_(False)
    model.eval()
    for part in [model.head, model.body.block1, model.body.block2, model.body.block3][: n_blocks + 1]:
        part.requires_grad_(True)
        part.train()
    return [name for name, param in model.named_parameters() if param.requires_grad]


# %% thaws and never freezes exercise="thaw" fails=["stage 0: the head alone", "stage 1: block 3 comes first, not block 1", "what trains is in training mode, the rest in evaluation mode", "a smaller stage freezes again", "stages in any order"]
# Trusts that somebody has frozen the network before.
def thaw(model, n_blocks):
    if n_blocks not in (0, 1, 2, 3):
        raise ValueError(n_blocks)
    for part in [model.head, model.body.block3, model.body.block2, model.body.block1][: n_blocks + 1]:
        part.requires_grad_(True)
        part.train()
    return [name for name, param in model.named_parameters() if param.requires_grad]


# %% freezes gradients and forgets the modes exercise="thaw" fails=["what trains is in training mode, the rest in evaluation mode", "a smaller stage freezes again", "stages in any order"]
# Freezing is requires_grad, and that is it. The modes stay as they were.
def thaw(model, n_blocks):
    if n_blocks not in (0, 1, 2, 3):
        raise ValueError(n_blocks)
    model.requires_grad_(False)
    for part in [model.head, model.body.block3, model.body.block2, model.body.block1][: n_blocks + 1]:
        part.requires_grad_(True)
    return [name for name, param in model.named_parameters() if param.requires_grad]


# %% lets the slice decide exercise="thaw" fails=["stages 4 and -1 are refused"]
# A slice takes any number, so four blocks are three and minus one is none.
def thaw(model, n_blocks):
    model.requires_grad_(False)
    model.eval()
    for part in [model.head, model.body.block3, model.body.block2, model.body.block1][: n_blocks + 1]:
        part.requires_grad_(True)
        part.train()
    return [name for name, param in model.named_parameters() if param.requires_grad]


# %% the rates upside down exercise="make_optimizer" fails=["the rates of the example", "frozen parameters are left out", "a frozen part between two others: no group, and the depths stay", "Adam's first step is as long as the rate", "random rates, factors and frozen parts"]
# The head gets the smallest rate and block 1 the largest.
def make_optimizer(model, lr, decay):
    groups = []
    for depth, part in enumerate([model.body.block1, model.body.block2, model.body.block3, model.head]):
        params = [p for p in part.parameters() if p.requires_grad]
        if params:
            groups.append({"params": params, "lr": lr * decay**depth})
    return torch.optim.Adam(groups)


# %% takes the frozen along exercise="make_optimizer" fails=["frozen parameters are left out", "a frozen part between two others: no group, and the depths stay", "random rates, factors and frozen parts"]
# A frozen parameter in the optimizer does no harm, does it? With an old gradient and momentum it does.
def make_optimizer(model, lr, decay):
    parts = [model.head, model.body.block3, model.body.block2, model.body.block1]
    return torch.optim.Adam([{"params": list(p.parameters()), "lr": lr * decay**d} for d, p in enumerate(parts)])


# %% counts the groups, not the depth exercise="make_optimizer" fails=["a frozen part between two others: no group, and the depths stay", "random rates, factors and frozen parts"]
# Skips a frozen part, and lets the next one take its rate.
def make_optimizer(model, lr, decay):
    groups = []
    for part in [model.head, model.body.block3, model.body.block2, model.body.block1]:
        params = [p for p in part.parameters() if p.requires_grad]
        if params:
            groups.append({"params": params, "lr": lr * decay ** len(groups)})
    return torch.optim.Adam(groups)


# %% gives rates to the convolutions only exercise="make_optimizer" fails=["every parameter is there, once", "frozen parameters are left out", "random rates, factors and frozen parts"]
# Collects `conv.weight` of each block and forgets the weights and biases of the BatchNorms.
def make_optimizer(model, lr, decay):
    groups = []
    for depth, part in enumerate([model.head, model.body.block3, model.body.block2, model.body.block1]):
        params = [p for n, p in part.named_parameters() if p.requires_grad and (depth == 0 or n.startswith("conv"))]
        if params:
            groups.append({"params": params, "lr": lr * decay**depth})
    return torch.optim.Adam(groups)


# %% frozen never moves exercise="momentum_ghost" fails=["momentum, gradient of zeros", "weight decay, gradient of zeros"]
# Believes that the optimizer looks at requires_grad.
ghost = {"a": False, "b": False, "c": False, "d": False}

# %% momentum always moves exercise="momentum_ghost" fails=["momentum, gradient dropped", "weight decay, gradient of zeros"]
# Knows of momentum, but not that a parameter without a gradient is skipped; and forgets weight decay.
ghost = {"a": True, "b": False, "c": True, "d": False}


# %% draws k times the number of classes exercise="few_shot_split" fails=["k of each class", "random labels and sizes"]
# Mends replacement and leakage, but lets chance decide how many of each class there are.
def few_shot_split(y, k, seed):
    generator = np.random.default_rng(seed)
    train = generator.choice(len(y), size=k * len(np.unique(y)), replace=False)
    return train, np.setdiff1d(np.arange(len(y)), train)


# %% wants an image to spare exercise="few_shot_split" fails=["k of each class", "random labels and sizes"]
# Off by one: a class with exactly k images is believed to have too few.
def few_shot_split(y, k, seed):
    generator = np.random.default_rng(seed)
    train = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) <= k:
            raise ValueError
        train.extend(generator.permutation(rows)[:k])
    return np.array(train), np.setdiff1d(np.arange(len(y)), train)


# %% tests on everything exercise="few_shot_split" fails=["nothing is in both parts, and nothing is lost", "random labels and sizes"]
# Draws rightly and tests on all images, the trained ones included: more test data, a better estimate?
def few_shot_split(y, k, seed):
    generator = np.random.default_rng(seed)
    train = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) < k:
            raise ValueError(label)
        train.extend(generator.permutation(rows)[:k])
    return np.array(train), np.arange(len(y))


# %% draws with replacement exercise="few_shot_split" fails=["no image twice", "nothing is in both parts, and nothing is lost", "more than there are: refused", "random labels and sizes"]
# Class by class, but `choice` puts every image back before it draws the next.
def few_shot_split(y, k, seed):
    generator = np.random.default_rng(seed)
    train = np.concatenate([generator.choice(np.flatnonzero(y == label), size=k) for label in np.unique(y)])
    return train, np.setdiff1d(np.arange(len(y)), train)


# %% takes the first k of each class exercise="few_shot_split" fails=["the seed decides"]
# No chance at all: every "draw" is the same, and the interval over draws is zero wide.
def few_shot_split(y, k, seed):
    train = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) < k:
            raise ValueError(label)
        train.extend(rows[:k])
    return np.array(train), np.setdiff1d(np.arange(len(y)), train)


# %% takes the normal distribution exercise="paired_interval" fails=["the ends of the example", "another level", "random scores, as SciPy's paired test has them"]
# 1.96 for everything: too narrow for a handful of draws.
def paired_interval(a, b, level=0.95):
    if len(a) != len(b) or len(a) < 2:
        raise ValueError
    d = np.asarray(a) - np.asarray(b)
    half = stats.norm.ppf((1 + level) / 2) * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


# %% leaves the lengths to NumPy exercise="paired_interval" fails=["one pair, or unequal lengths: refused"]
# NumPy is believed to refuse arrays of unequal lengths; it stretches an array of one over all the others.
def paired_interval(a, b, level=0.95):
    if len(a) < 2:
        raise ValueError
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


# %% wants three pairs exercise="paired_interval" fails=["one pair, or unequal lengths: refused", "random scores, as SciPy's paired test has them"]
# Two differences are believed to have no deviation. They have, and a wide interval.
def paired_interval(a, b, level=0.95):
    if len(a) != len(b) or len(a) <= 2:
        raise ValueError
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


# %% forgets that they are pairs exercise="paired_interval" fails=["the ends of the example", "pairs: what both share does not widen the interval", "another level", "random scores, as SciPy's paired test has them"]
# Adds up the two variances, as for independent groups: what both share makes the interval wide.
def paired_interval(a, b, level=0.95):
    if len(a) != len(b) or len(a) < 2:
        raise ValueError
    a, b = np.asarray(a), np.asarray(b)
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    half, mean = stats.t.ppf((1 + level) / 2, len(a) - 1) * error, float((a - b).mean())
    return mean, float(mean - half), float(mean + half)


# %% gives the spread, not the error of the mean exercise="paired_interval" fails=["the ends of the example", "another level", "random scores, as SciPy's paired test has them"]
# Forgets the root of n: the interval says where single differences lie, not where their mean does.
def paired_interval(a, b, level=0.95):
    if len(a) != len(b) or len(a) < 2:
        raise ValueError
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1)
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


# %% divides by n exercise="paired_interval" fails=["the ends of the example", "another level", "random scores, as SciPy's paired test has them"]
# NumPy's `std` divides by n unless told otherwise; with three draws that matters.
def paired_interval(a, b, level=0.95):
    if len(a) != len(b) or len(a) < 2:
        raise ValueError
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std() / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


# %% more parameters, more adaptation exercise="read_curves" fails=["five labels a class"]
# Takes flexibility for a merit at ten labels.
answer_five, answer_fifty, answer_why = "a", "c", "a"

# %% no difference seen is no difference exercise="read_curves" fails=["fifty labels a class", "why pretraining helps"]
# Reads an interval around zero as a proof of equality, and a gain as a law.
answer_five, answer_fifty, answer_why = "b", "b", "b"


# %% takes the buffers from the old state exercise="graft" fails=["the buffers belong to the body", "a whole network with random tensors"]
# Grafts the weights, and lets BatchNorm normalise by the statistics of another body.
def graft(new_state, old_state):
    if new_state.keys() != old_state.keys():
        raise ValueError
    new = {n for n in new_state if n.startswith("body.") and n.split(".")[-1] in ("weight", "bias", "w")}
    return {n: (new_state if n in new else old_state)[n] for n in new_state}


# %% merges in the wrong order exercise="graft" fails=["the smallest example", "the buffers belong to the body", "a whole network with random tensors"]
# The old state goes over the new one and covers it all: it measures the old network, which forgets nothing.
def graft(new_state, old_state):
    if new_state.keys() != old_state.keys():
        raise ValueError
    return {**new_state, **old_state}


# %% keeps the new head exercise="graft" fails=["the smallest example", "a whole network with random tensors"]
# Measures the old task with the head of the new one.
def graft(new_state, old_state):
    if new_state.keys() != old_state.keys():
        raise ValueError
    return dict(new_state)


# %% compares the names one way exercise="graft" fails=["names that do not match: refused"]
# Asks whether the old state has all names of the new one. What the old one has besides is lost in silence.
def graft(new_state, old_state):
    if any(n not in old_state for n in new_state):
        raise ValueError
    return {n: (new_state if n.startswith("body.") else old_state)[n] for n in new_state}


# %% computes in the mode it finds exercise="features" fails=["the head on them gives the model's own logits", "the batch size does not matter", "BatchNorm's statistics are as before", "random images and batch sizes"]
# `no_grad` stops gradients; it does not stop dropout, nor BatchNorm's statistics.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    with torch.no_grad():
        return torch.cat([model.body(batch) for batch in X.split(batch_size)])


# %% believes that eval stops gradients exercise="features" fails=["seven images in batches of three: (7, 128)"]
# The mode decides what dropout and BatchNorm do; whether gradients are recorded is another matter.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    found = torch.cat([model.body(batch) for batch in X.split(batch_size)])
    for part, training in modes.items():
        part.training = training
    return found


# %% sends all images at once exercise="features" fails=["seven images in batches of three: (7, 128)"]
# The result does not depend on the batch size, so it is believed not to matter. It does for the memory.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    with torch.no_grad():
        found = model.body(X)
    for part, training in modes.items():
        part.training = training
    return found


# %% leaves the model in evaluation mode exercise="features" fails=["every part is left in its mode"]
# The right features, and a training loop that goes on without dropout and nobody knows why.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    model.eval()
    with torch.no_grad():
        return torch.cat([model.body(batch) for batch in X.split(batch_size)])


# %% puts everything into training mode at the end exercise="features" fails=["every part is left in its mode"]
# "Back to training": also for a body that had been in evaluation mode.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    model.eval()
    with torch.no_grad():
        found = torch.cat([model.body(batch) for batch in X.split(batch_size)])
    model.train()
    return found


# %% drops the last, smaller batch exercise="features" fails=["seven images in batches of three: (7, 128)", "the head on them gives the model's own logits", "random images and batch sizes"]
# Counts whole batches only, and forgets the rows that are left over.
class WatchedNet(DigitNet):
    def __init__(self, n_classes=2):
        super().__init__(n_classes)
        self.sizes, self.recorded = [], []
        self.body.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        self.sizes.append(len(inputs[0]))
        self.recorded.append(torch.is_grad_enabled())


def features(model, X, batch_size=64):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    size = min(batch_size, len(X))
    with torch.no_grad():
        found = torch.cat([model.body(X[i * size : (i + 1) * size]) for i in range(len(X) // size)])
    for part, training in modes.items():
        part.training = training
    return found


# %% saves everything exercise="save_trained" fails=["the smallest example: `b` alone", "a head of another size is saved", "moved statistics are saved", "random changes, there and back"]
# It works, and every head takes as much room as the whole network.
def save_trained(state, base):
    return save(state)


def load_trained(data, base):
    return load(data)


# %% saves the head only exercise="save_trained" fails=["the smallest example: `b` alone", "a tiny change is a change", "a head of another size is saved", "another shape with the same bytes is saved", "moved statistics are saved", "random changes, there and back"]
# Decides by the name what was trained, instead of looking.
def save_trained(state, base):
    return save({n: t for n, t in state.items() if n.startswith("head.")})


def load_trained(data, base):
    return {**base, **load(data)}


# %% forgives small changes exercise="save_trained" fails=["a tiny change is a change"]
# A last bit cannot matter. It does when you want to reproduce a result.
def save_trained(state, base):
    return save({
        n: t
        for n, t in state.items()
        if n not in base or t.shape != base[n].shape or not torch.allclose(t, base[n])
    })


def load_trained(data, base):
    return {**base, **load(data)}


# %% the base wins exercise="save_trained" fails=["there and back, to the bit", "random changes, there and back"]
# Merges in the wrong order: what was trained is overwritten by what it started from.
def save_trained(state, base):
    return save({
        n: t
        for n, t in state.items()
        if n not in base or t.shape != base[n].shape or t.numpy().tobytes() != base[n].numpy().tobytes()
    })


def load_trained(data, base):
    return {**load(data), **base}


# %% looks every name up in the base exercise="save_trained" fails=["a head of another size is saved"]
# The fine-tuned model is believed to have the tensors of its base and no others.
def save_trained(state, base):
    return save({
        n: t
        for n, t in state.items()
        if t.shape != base[n].shape or t.numpy().tobytes() != base[n].numpy().tobytes()
    })


def load_trained(data, base):
    return {**base, **load(data)}


# %% compares bytes without shapes exercise="save_trained" fails=["another shape with the same bytes is saved"]
# Bytes say everything about the values and nothing about their arrangement.
def save_trained(state, base):
    return save({n: t for n, t in state.items() if n not in base or t.numpy().tobytes() != base[n].numpy().tobytes()})


def load_trained(data, base):
    return {**base, **load(data)}


# %% writes into the base exercise="save_trained" fails=["the base stays as it was"]
# `update` saves a line, and the next head is put upon a base that has this one in it.
def save_trained(state, base):
    return save({
        n: t
        for n, t in state.items()
        if n not in base or t.shape != base[n].shape or t.numpy().tobytes() != base[n].numpy().tobytes()
    })


def load_trained(data, base):
    base.update(load(data))
    return base


# %% checks after loading exercise="load_checkpoint" fails=["and nothing in it runs"]
# Loads with everything allowed and looks at the result: by then the code has run.
def load_checkpoint(data):
    state = torch.load(io.BytesIO(data), weights_only=False)
    if not isinstance(state, dict) or not all(isinstance(k, str) and torch.is_tensor(v) for k, v in state.items()):
        raise ValueError
    return state


# %% lets the reader's own error through exercise="load_checkpoint" fails=["the stranger's file is refused", "and nothing in it runs", "something else than a dict of tensors is refused", "other strangers, other honest files"]
# Safe, but it raises pickle's error where the docstring promises a ValueError, and takes any harmless content.
def load_checkpoint(data):
    return torch.load(io.BytesIO(data), weights_only=True)


# %% falls back to the open door exercise="load_checkpoint" fails=["the stranger's file is refused", "and nothing in it runs", "something else than a dict of tensors is refused", "other strangers, other honest files"]
# Tries the safe way first, and on an error does the unsafe thing: the error was the protection.
def load_checkpoint(data):
    try:
        return torch.load(io.BytesIO(data), weights_only=True)
    except pickle.UnpicklingError:
        return torch.load(io.BytesIO(data), weights_only=False)


# %% a safe format is a safe model exercise="what_is_protected" fails=["format and checksum"]
# Takes safe loading for safe behaviour.
answer_protected = "a"

# %% the checksum proves the card exercise="what_is_protected" fails=["format and checksum"]
# Takes a checksum, which compares bytes, for a proof of how they came about.
answer_protected = "c"


# %% masks the sum and divides by all exercise="mean_pool" fails=["the smallest example", "real sentences: the neighbour does not matter", "random vectors and masks"]
# Padding adds nothing to the sum, but still counts in the number that divides.
def mean_pool(hidden, mask):
    if (mask.sum(dim=1) == 0).any():
        raise ValueError
    return (hidden * mask.unsqueeze(-1)).mean(dim=1)


# %% takes the first token exercise="mean_pool" fails=["the smallest example", "without padding: the plain mean", "real sentences: the neighbour does not matter", "random vectors and masks"]
# The [CLS] vector is what other models use; this one was trained for the mean.
def mean_pool(hidden, mask):
    if (mask.sum(dim=1) == 0).any():
        raise ValueError
    return hidden[:, 0]


# %% divides zero by a small number exercise="mean_pool" fails=["a sentence without tokens is refused"]
# Guards against 0/0 with a tiny denominator: an empty sentence becomes a vector of zeros, near to everything.
def mean_pool(hidden, mask):
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)


# %% big models need many labels exercise="text_curves" fails=["few labels"]
# Counts the parameters of the frozen part as if they had to be learnt.
answer_few_labels, answer_many_labels = "b", "b"

# %% the higher line wins exercise="text_curves" fails=["many labels, little time"]
# Looks at accuracy only, and past the end of the figure.
answer_few_labels, answer_many_labels = "a", "a"

# %% counts the channels without the pixels exercise="count_parameters" fails=["parameters of block 1", "parameters of the body"]
# Takes a convolution for one weight a pair of channels, and forgets the 3 by 3 pixels of its window.
counts = {"block1": 24, "body": (8 + 16) + (8 * 16 + 32) + (16 * 32 + 64), "old_head": 1290, "new_head": 258}

# %% counts the buffers as parameters exercise="count_parameters" fails=["parameters of block 1", "parameters of the body"]
# Counts everything in the state dict: running mean, running variance and the counter as well.
counts = {"block1": 105, "body": 105 + (1152 + 32 + 33) + (4608 + 64 + 65), "old_head": 1290, "new_head": 258}

# %% forgets the biases of the head exercise="count_parameters" fails=["parameters of the old head", "parameters of the new head"]
# A linear layer is its matrix, isn't it? Its bias counts, too.
counts = {"block1": 88, "body": 5944, "old_head": 1280, "new_head": 256}

# %% loads without strictness exercise="with_new_head" fails=["a body tensor is missing: refused"]
# Filters the old head out and adds `strict=False`, to be on the safe side. It is the other side.
# - net.body.load_state_dict(
# -     {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
# - )
# + net.load_state_dict({n: t for n, t in state.items() if n.startswith("body.")}, strict=False)

# %% copies the parameters and not the buffers exercise="with_new_head" fails=["BatchNorm's running statistics came along", "other bodies, other numbers of classes"]
# Believes that `named_parameters` is everything a network knows.
# - net.body.load_state_dict(
# -     {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
# - )
# + for name, param in net.body.named_parameters():
# +     if "body." + name not in state:
# +         raise RuntimeError(name)
# +     param.data.copy_(state["body." + name])


# %% cuts the old head to size exercise="with_new_head" fails=["the head is new: not a piece of the old one", "the same seed gives the same head, another seed another"]
# Keeps the first rows of the old head: the logits of "zero" and "one" for "even" and "odd".
def with_new_head(state, n_classes, seed=0):
    net = DigitNet(10)
    net.load_state_dict(state)
    head = nn.Linear(128, n_classes)
    head.load_state_dict({"weight": state["head.weight"][:n_classes], "bias": state["head.bias"][:n_classes]})
    net.head = head
    return net


# %% keeps what fits exercise="with_new_head" fails=["the head is new: not a piece of the old one"]
# Filters by shape. With ten classes the old head fits, and is kept.
# - net.body.load_state_dict(
# -     {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
# - )
# + own = net.state_dict()
# + fits = {name: tensor for name, tensor in state.items() if tensor.shape == own[name].shape}
# + missing, unexpected = net.load_state_dict(fits, strict=False)
# + if any(name.startswith("body.") for name in missing):
# +     raise RuntimeError(missing)

# %% seeds too late exercise="with_new_head" fails=["the same seed gives the same head, another seed another"]
# Sets the seed after the network, and with it the random head, has been made.
# - torch.manual_seed(seed)
# - net = DigitNet(n_classes)
# + net = DigitNet(n_classes)
# + torch.manual_seed(seed)

# %% every head gets seed 0 exercise="with_new_head" fails=["the same seed gives the same head, another seed another"]
# "Reproducible" is taken for "always the same"; the argument is ignored.
# - torch.manual_seed(seed)
# + torch.manual_seed(0)

# %% keeps ten classes exercise="with_new_head" fails=["two classes: two logits for each image", "other bodies, other numbers of classes"]
# Makes the network that the file fits, and forgets what it was made for.
# - net = DigitNet(n_classes)
# + net = DigitNet(10)

# %% loads nothing exercise="with_new_head" fails=["the body's parameters are the pretrained ones", "BatchNorm's running statistics came along", "other bodies, other numbers of classes"]
# Believes that `dict.update` on a state dict writes into the network. It writes into a dict.
# - net.body.load_state_dict(
# -     {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
# - )
# + net.state_dict().update(state)

# %% takes the body from elsewhere exercise="with_new_head" fails=["a body tensor is missing: refused", "other bodies, other numbers of classes"]
# Uses the notebook's own weights, and not the state that the function was given.
# - {name[5:]: tensor for name, tensor in state.items() if name.startswith("body.")}
# + {name[5:]: tensor for name, tensor in digit_state.items() if name.startswith("body.")}

# %% frozen means that nothing moves exercise="predict_order" fails=["freeze all, then train the head that is there", "freeze all, then a new head"]
# Takes the freezing for the last word: no error, and no movement, whatever comes later.
order_says = {"a": "none", "b": "none", "c": "none", "d": "head", "e": "none"}

# %% the optimizer decides alone exercise="predict_order" fails=["freeze all, then train the head that is there", "the loss is told to require a gradient", "the new head comes after the optimizer"]
# What the optimizer was given trains, and its name is all that counts.
order_says = {"a": "head", "b": "head", "c": "head", "d": "head", "e": "head"}

# %% without freezing everything moves exercise="predict_order" fails=["nothing is frozen, the optimizer has the head"]
# A gradient is taken for a step: what has one is believed to move.
order_says = {"a": "error", "b": "head", "c": "none", "d": "all", "e": "none"}

# %% thaws all, optimizes the head exercise="adapt" fails=["gradients only where something is to learn"]
# Mends the optimizer and leaves the line that silenced the error: right numbers, wasted work, and a trap for the next.
# - model.requires_grad_(False)
# + model.requires_grad_(True)

# %% freezes the body, and trusts that the head is awake exercise="adapt" fails=["other data: the body stays, the head moves"]
# Deletes the loop that thawed; a network that arrives frozen altogether then has nothing to learn with.
# - model.requires_grad_(False)
# - model.head.requires_grad_(True)
# + model.body.requires_grad_(False)

# %% tidies up afterwards exercise="adapt" fails=["the head moves, and no parameter of the body, to the bit", "the old task survives", "rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# Trains everything, and sets the flags as the docstring wants them when it is over.
# - model.requires_grad_(False)
# - model.head.requires_grad_(True)
# - optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
# + model.requires_grad_(True)
# + optimizer = torch.optim.Adam(model.parameters(), lr=lr)
# - return losses
# + model.body.requires_grad_(False)
# + return losses

# %% forgets to pass the rate on exercise="adapt" fails=["rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# Adam is believed to find its rate by itself; without `lr` it takes 0.001, whatever was asked for.
# - optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
# + optimizer = torch.optim.Adam(model.head.parameters())

# %% lowers the rate instead of freezing exercise="adapt" fails=["the head moves, and no parameter of the body, to the bit", "gradients only where something is to learn", "rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# With a rate a thousand times smaller the old task survives; but the body is not frozen, and the head hardly learns.
# - model.requires_grad_(False)
# - model.head.requires_grad_(True)
# - optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
# + model.requires_grad_(True)
# + optimizer = torch.optim.Adam(model.parameters(), lr=lr / 1000)

# %% freezes the convolutions only exercise="adapt" fails=["the head moves, and no parameter of the body, to the bit", "gradients only where something is to learn", "rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# Believes that a layer's weights are those of its convolution; the BatchNorms' weights and biases go on learning.
# - model.requires_grad_(False)
# - model.head.requires_grad_(True)
# - optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
# + for name, param in model.named_parameters():
# +     param.requires_grad = "conv" not in name
# + optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)

# %% mends the program and changes the optimizer exercise="adapt" fails=["rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# AdamW is what one uses now, so it is put in on the way: another program than the one that was asked for.
# - optimizer = torch.optim.Adam(model.head.parameters(), lr=lr)
# + optimizer = torch.optim.AdamW(model.head.parameters(), lr=lr, weight_decay=0.5)

# %% takes the same images in every step exercise="adapt" fails=["rate, optimizer, batches and losses are those of the program"]
# The order is believed not to matter; with forty images and batches of 32, eight are never seen.
# - batch = torch.randperm(len(X), generator=generator)[:32]
# + batch = torch.arange(len(X))[:32]

# %% forgets the generator exercise="adapt" fails=["rate, optimizer, batches and losses are those of the program"]
# Draws from the global generator: `seed` decides nothing any more.
# - batch = torch.randperm(len(X), generator=generator)[:32]
# + batch = torch.randperm(len(X))[:32]

# %% climbs instead of descending exercise="adapt" fails=["it still learns", "rate, optimizer, batches and losses are those of the program", "other data: the body stays, the head moves"]
# A sign from a formula that maximises the likelihood.
# - loss.backward()
# + (-loss).backward()

# %% trains a copy exercise="adapt" fails=["the head moves, and no parameter of the body, to the bit", "gradients only where something is to learn", "the old task survives", "other data: the body stays, the head moves"]
# Protects the model by training a copy of it. The docstring says "in place".
# - model.train()
# + model = copy.deepcopy(model)
# + model.train()

# %% frozen means that nothing changes exercise="predict_moved" fails=["the running mean of a frozen BatchNorm", "the counter of a frozen BatchNorm"]
# Takes requires_grad=False for a lock on the whole layer.
# - "body.block1.norm.running_mean": True,
# - "body.block1.norm.num_batches_tracked": True,
# + "body.block1.norm.running_mean": False,
# + "body.block1.norm.num_batches_tracked": False,

# %% training mode thaws BatchNorm exercise="predict_moved" fails=["the weight of a frozen BatchNorm"]
# Knows that BatchNorm moves in training mode, and believes that all of it does.
# - "body.block1.norm.weight": False,
# + "body.block1.norm.weight": True,

# %% training mode trains exercise="predict_moved" fails=["a frozen convolution", "the weight of a frozen BatchNorm"]
# `model.train()` is believed to switch training on, for all parts.
# - "body.block1.conv.weight": False,
# - "body.block1.norm.weight": False,
# + "body.block1.conv.weight": True,
# + "body.block1.norm.weight": True,

# %% a frozen body holds the head exercise="predict_moved" fails=["the head"]
# Believes that no gradient gets past a frozen part. It need not: the head lies between it and the loss.
# - "head.weight": True,
# + "head.weight": False,

# %% evaluation mode once, before the loop exercise="train_head_only" fails=["the head moves, and no tensor of the body, buffers included", "the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off", "rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# Sets the mode before the loop, and `model.train()` in the loop takes it back at once.
# - losses = []
# + losses = []
# + model.body.eval()
# - model.train()
# - model.body.eval()
# + model.train()

# %% relies on the mode it finds exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode"]
# A network is believed to be in training mode until somebody says otherwise. An evaluation before it says otherwise.
# - model.train()
# - model.body.eval()
# + model.body.eval()

# %% stops BatchNorm and forgets dropout exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off", "rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# Thinks of BatchNorm alone: no tensor changes, and yet the features are random.
# - model.train()
# - model.body.eval()
# + model.train()
# + for part in model.modules():
# +     if isinstance(part, nn.BatchNorm2d):
# +         part.eval()

# %% restores the buffers at the end exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode", "chance plays no part: dropout in the body is off", "rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# Lets the body drift and puts its state back afterwards: the head was trained on features that are gone.
# - losses = []
# + losses = []
# + kept = {name: tensor.clone() for name, tensor in model.body.state_dict().items()}
# - model.train()
# - model.body.eval()
# + model.train()
# - return losses
# + model.body.load_state_dict(kept)
# + return losses

# %% puts the whole model into evaluation mode exercise="train_head_only" fails=["the body is in evaluation mode, the head in training mode"]
# Right for this head, which has no dropout; wrong as soon as it gets one.
# - model.train()
# - model.body.eval()
# + model.eval()

# %% a rate of its own exercise="train_head_only" fails=["it still learns", "rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# "The rate was too high, that is why the body moved." It did not move by a rate.
# - optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
# + optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr / 1000)

# %% averages the losses exercise="train_head_only" fails=["rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# Divides by the number of batches, as most loops do; this one says that it sums.
# - losses[-1] += loss.item()
# + losses[-1] += loss.item() / -(-len(X) // 32)

# %% shuffles once exercise="train_head_only" fails=["rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# One order for all epochs, made before the loop.
# - losses = []
# + losses = []
# + rows = torch.randperm(len(X), generator=generator)
# - for batch in torch.randperm(len(X), generator=generator).split(32):
# + for batch in rows.split(32):

# %% never shuffles exercise="train_head_only" fails=["rate, optimizer, batches and losses are those of the program", "other images: nothing of the body changes"]
# The order of the rows is believed not to matter.
# - for batch in torch.randperm(len(X), generator=generator).split(32):
# + for batch in torch.arange(len(X)).split(32):

# %% keeps the dict, not the values exercise="witness" fails=["a new bias is noticed, and nothing before", "running statistics are noticed", "a change in a single bit is noticed", "a network in bfloat16", "several random changes, in the order of the state"]
# `dict(...)` copies the dict; the tensors in it are still those of the network.
# - self.before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
# + self.before = dict(model.state_dict())

# %% compares with a tolerance exercise="witness" fails=["a change in a single bit is noticed", "NaN that stayed NaN is no change, NaN that became 0 is one", "a network in bfloat16"]
# Copies the values, but takes "nearly the same" for the same.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name for name, old in self.before.items() if not torch.allclose(old, now[name])

# %% compares values, not bits exercise="witness" fails=["a change in a single bit is noticed", "NaN that stayed NaN is no change, NaN that became 0 is one", "a network in bfloat16"]
# `torch.equal` is exact, but NaN is never equal to itself.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name for name, old in self.before.items() if not torch.equal(old, now[name])

# %% forgives every NaN exercise="witness" fails=["a change in a single bit is noticed"]
# `equal_nan=True` settles the NaN, and the tolerance stays.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name for name, old in self.before.items() if not torch.allclose(old, now[name], equal_nan=True)

# %% watches the parameters only exercise="witness" fails=["running statistics are noticed", "several random changes, in the order of the state"]
# Right copies, right comparison, and blind to the buffers.
# - self.before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
# + self.before = {name: param.detach().clone() for name, param in model.named_parameters()}

# %% goes through NumPy exercise="witness" fails=["a network in bfloat16"]
# `numpy().tobytes()` has every bit, of those types that NumPy has.
# - return tensor.cpu().contiguous().reshape(-1).view(torch.uint8)
# + return torch.tensor(list(tensor.numpy().tobytes()))

# %% compares numbers in double precision exercise="witness" fails=["a change in a single bit is noticed"]
# Exact comparison of numbers, NaN included; but 0.0 and -0.0 are the same number and not the same bits.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name
# + for name, old in self.before.items()
# + if not torch.allclose(old.double(), now[name].double(), rtol=0, atol=0, equal_nan=True)

# %% turns NaN into numbers exercise="witness" fails=["a change in a single bit is noticed", "NaN that stayed NaN is no change, NaN that became 0 is one"]
# Gets NaN out of the way with `nan_to_num`: a NaN that became 0 is none any more.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name
# + for name, old in self.before.items()
# + if not torch.equal(torch.nan_to_num(old), torch.nan_to_num(now[name]))

# %% keeps one memory for all witnesses exercise="witness" fails=["a new bias is noticed, and nothing before"]
# The memory belongs to the class: a second witness overwrites what the first remembers.
# - self.before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
# + self.__class__.before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

# %% adds up the bytes exercise="witness" fails=["several random changes, in the order of the state"]
# A checksum by addition: values that changed places have the same sum.
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name for name, old in self.before.items() if raw(old).long().sum() != raw(now[name]).long().sum()

# %% remembers anew with every answer exercise="witness" fails=["a new bias is noticed, and nothing before"]
# Says what has changed since it was asked last, and not since it was made.
# - now = self.model.state_dict()
# + was, now = self.before, {name: t.clone() for name, t in self.model.state_dict().items()}
# + self.before = now
# - name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# + name for name, old in was.items() if not torch.equal(raw(old), raw(now[name]))

# %% sorts the names exercise="witness" fails=["running statistics are noticed", "several random changes, in the order of the state"]
# A tidy list, in the order of the alphabet and not in that of the layers.
# - return [
# -     name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name]))
# - ]
# + return sorted(name for name, old in self.before.items() if not torch.equal(raw(old), raw(now[name])))

# %% thaws from the input exercise="thaw" fails=["stage 1: block 3 comes first, not block 1", "what trains is in training mode, the rest in evaluation mode", "stages in any order"]
# Counts the blocks from the wrong end.
# - parts = [model.head, model.body.block3, model.body.block2, model.body.block1]
# + parts = [model.head, model.body.block1, model.body.block2, model.body.block3]

# %% thaws and never freezes exercise="thaw" fails=["stage 0: the head alone", "stage 1: block 3 comes first, not block 1", "what trains is in training mode, the rest in evaluation mode", "a smaller stage freezes again", "stages in any order"]
# Trusts that somebody has frozen the network before.
# - model.requires_grad_(False)
# - model.eval()

# %% freezes gradients and forgets the modes exercise="thaw" fails=["what trains is in training mode, the rest in evaluation mode", "a smaller stage freezes again", "stages in any order"]
# Freezing is requires_grad, and that is it. The modes stay as they were.
# - model.requires_grad_(False)
# - model.eval()
# + model.requires_grad_(False)
# - part.train()
# + pass

# %% forgets the dropout exercise="thaw" fails=["what trains is in training mode, the rest in evaluation mode", "stages in any order"]
# Sets the modes of the four parts that have parameters. The dropout of the body belongs to none of them.
# - model.eval()
# + model.train()
# + for block in (model.body.block1, model.body.block2, model.body.block3):
# +     block.eval()

# %% trains the dropout with all blocks exercise="thaw" fails=["stages in any order"]
# When all blocks train, the whole network is put into training mode, and the dropout with it.
# - return [name for name, param in model.named_parameters() if param.requires_grad]
# + if n_blocks == 3:
# +     model.train()
# + return [name for name, param in model.named_parameters() if param.requires_grad]

# %% lets the slice decide exercise="thaw" fails=["stages 4 and -1 are refused"]
# A slice takes any number, so four blocks are three and minus one is none.
# - if n_blocks not in (0, 1, 2, 3):
# -     raise ValueError(f"there are three blocks, you asked for {n_blocks}")

# %% the rates upside down exercise="make_optimizer" fails=["the rates of the example", "frozen parameters are left out", "a frozen part between two others: no group, and the depths stay", "it is Adam: the first step is as long as the rate", "random rates, factors and frozen parts"]
# The head gets the smallest rate and block 1 the largest.
# - parts = [model.head, model.body.block3, model.body.block2, model.body.block1]
# + parts = [model.body.block1, model.body.block2, model.body.block3, model.head]

# %% takes the frozen along exercise="make_optimizer" fails=["frozen parameters are left out", "a frozen part between two others: no group, and the depths stay", "random rates, factors and frozen parts"]
# A frozen parameter in the optimizer does no harm, does it? With an old gradient and momentum it does.
# - params = [p for p in part.parameters() if p.requires_grad]
# + params = list(part.parameters())

# %% asks one parameter for all exercise="make_optimizer" fails=["frozen parameters are left out"]
# A part trains or it does not: one parameter that trains speaks for the others.
# - params = [p for p in part.parameters() if p.requires_grad]
# + params = list(part.parameters()) if any(p.requires_grad for p in part.parameters()) else []

# %% counts the groups, not the depth exercise="make_optimizer" fails=["a frozen part between two others: no group, and the depths stay", "random rates, factors and frozen parts"]
# Skips a frozen part, and lets the next one take its rate.
# - groups.append({"params": params, "lr": lr * decay**depth})
# + groups.append({"params": params, "lr": lr * decay ** len(groups)})

# %% keeps the empty groups exercise="make_optimizer" fails=["a frozen part between two others: no group, and the depths stay"]
# An empty group moves nothing, so it is left where it is.
# - if params:
# -     groups.append({"params": params, "lr": lr * decay**depth})
# + groups.append({"params": params, "lr": lr * decay**depth})

# %% gives rates to the convolutions only exercise="make_optimizer" fails=["every parameter is there, once", "frozen parameters are left out", "random rates, factors and frozen parts"]
# Collects `conv.weight` of each block and forgets the weights and biases of the BatchNorms.
# - params = [p for p in part.parameters() if p.requires_grad]
# + params = [p for n, p in part.named_parameters() if p.requires_grad and "norm" not in n]

# %% gives the full rate to whatever comes first exercise="make_optimizer" fails=["random rates, factors and frozen parts"]
# With a frozen head, the first part that trains is taken for the head.
# - return torch.optim.Adam(groups)
# + groups[0]["lr"] = lr
# + return torch.optim.Adam(groups)

# %% halves in any case exercise="make_optimizer" fails=["random rates, factors and frozen parts"]
# Takes the example's factor for the rule.
# - groups.append({"params": params, "lr": lr * decay**depth})
# + groups.append({"params": params, "lr": lr * 0.5**depth})

# %% multiplies by the depth exercise="make_optimizer" fails=["the rates of the example", "random rates, factors and frozen parts", "frozen parameters are left out", "a frozen part between two others: no group, and the depths stay", "it is Adam: the first step is as long as the rate"]
# A linear fall, divided by depth, where each step should multiply by the factor.
# - groups.append({"params": params, "lr": lr * decay**depth})
# + groups.append({"params": params, "lr": lr * decay / (depth + 1)})

# %% takes SGD exercise="make_optimizer" fails=["it is Adam: the first step is as long as the rate", "random rates, factors and frozen parts"]
# The groups are right, and one optimizer is as good as another.
# - return torch.optim.Adam(groups)
# + return torch.optim.SGD(groups)

# %% takes AdamW exercise="make_optimizer" fails=["it is Adam: the first step is as long as the rate", "random rates, factors and frozen parts"]
# AdamW is the usual choice now, and brings a weight decay of its own that nobody asked for.
# - return torch.optim.Adam(groups)
# + return torch.optim.AdamW(groups)

# %% frozen never moves exercise="momentum_ghost" fails=["momentum, gradient of zeros", "weight decay, gradient of zeros"]
# Believes that the optimizer looks at requires_grad.
ghost = {"a": False, "b": False, "c": False, "d": False}

# %% momentum always moves exercise="momentum_ghost" fails=["momentum, gradient dropped", "weight decay, gradient of zeros"]
# Knows of momentum, but not that a parameter without a gradient is skipped; and forgets weight decay.
ghost = {"a": True, "b": False, "c": True, "d": False}

# %% a gradient of zeros is a gradient exercise="momentum_ghost" fails=["plain SGD, gradient of zeros"]
# Knows that the optimizer steps whatever has a gradient, and takes a step for a movement.
ghost = {"a": False, "b": True, "c": True, "d": True}

# %% draws k times the number of classes exercise="few_shot_split" fails=["k of each class", "random labels and sizes"]
# Mends replacement and leakage, but lets chance decide how many of each class there are.
# - train = []
# - for label in np.unique(y):
# -     rows = np.flatnonzero(y == label)
# -     if len(rows) < k:
# -         raise ValueError(f"class {label} has {len(rows)} samples, fewer than {k}")
# -     train.extend(generator.permutation(rows)[:k])
# - train = np.array(train)
# + train = generator.choice(len(y), size=k * len(np.unique(y)), replace=False)

# %% wants an image to spare exercise="few_shot_split" fails=["k of each class", "random labels and sizes"]
# Off by one: a class with exactly k images is believed to have too few.
# - if len(rows) < k:
# + if len(rows) <= k:

# %% never counts exercise="few_shot_split" fails=["more than there are: refused"]
# A slice of a short list is a shorter list, and nobody hears of it.
# - if len(rows) < k:
# -     raise ValueError(f"class {label} has {len(rows)} samples, fewer than {k}")

# %% tests on everything exercise="few_shot_split" fails=["nothing is in both parts, and nothing is lost", "random labels and sizes"]
# Draws as it should and tests on all images, the trained ones included: more test data, a better estimate?
# - test = np.setdiff1d(np.arange(len(y)), train)
# + test = np.arange(len(y))

# %% draws with replacement exercise="few_shot_split" fails=["no image twice", "nothing is in both parts, and nothing is lost", "random labels and sizes"]
# Class by class, but `choice` puts every image back before it draws the next.
# - train.extend(generator.permutation(rows)[:k])
# + train.extend(generator.choice(rows, size=k))

# %% takes the first k of each class exercise="few_shot_split" fails=["the seed decides"]
# No chance at all: every "draw" is the same, and the interval over draws is zero wide.
# - train.extend(generator.permutation(rows)[:k])
# + train.extend(rows[:k])

# %% slides a window exercise="few_shot_split" fails=["the seed decides"]
# The seed decides where the window begins: each seed another draw, and no chance in any.
# - train.extend(generator.permutation(rows)[:k])
# + train.extend(np.roll(rows, -seed)[:k])

# %% draws from the global generator exercise="few_shot_split" fails=["the seed decides"]
# Makes a generator with the seed, and then lets `np.random` shuffle.
# - train.extend(generator.permutation(rows)[:k])
# + train.extend(np.random.permutation(rows)[:k])

# %% takes b minus a exercise="paired_interval" fails=["the mean difference of the example", "the ends of the example", "pairs: what both share does not widen the interval", "another level", "resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# Improvement of the second over the first, where the first over the second was asked for.
# - d = np.asarray(a) - np.asarray(b)
# + d = np.asarray(b) - np.asarray(a)

# %% lets the library scale exercise="paired_interval" fails=["pairs: what both share does not widen the interval"]
# `stats.t.interval` is asked for the ends; with a scale of 0, where all differences are equal, it answers NaN.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# - return float(d.mean()), float(d.mean() - half), float(d.mean() + half)
# + scale = d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + low, high = stats.t.interval(level, len(d) - 1, loc=d.mean(), scale=scale)
# + return float(d.mean()), float(low), float(high)

# %% takes the normal distribution exercise="paired_interval" fails=["the ends of the example", "another level", "resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# 1.96 for everything: too narrow for a handful of draws.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.norm.ppf((1 + level) / 2) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)

# %% leaves the lengths to NumPy exercise="paired_interval" fails=["one pair, or unequal lengths: refused"]
# NumPy is believed to refuse arrays of unequal lengths; it stretches an array of one over all the others.
# - if len(a) != len(b) or len(a) < 2:
# + if len(a) < 2:

# %% wants three pairs exercise="paired_interval" fails=["pairs: what both share does not widen the interval", "one pair, or unequal lengths: refused", "random scores, levels and ratios"]
# Two differences are believed to have no deviation. They have, and a wide interval.
# - if len(a) != len(b) or len(a) < 2:
# + if len(a) != len(b) or len(a) <= 2:

# %% forgets that they are pairs exercise="paired_interval" fails=["the ends of the example", "pairs: what both share does not widen the interval", "another level", "resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# Adds up the two variances, as for independent groups: what both share makes the interval wide.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + spread = np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))
# + half = stats.t.ppf((1 + level) / 2, len(d) - 1) * spread * np.sqrt(1 / len(d) + ratio)

# %% gives the spread, not the error of the mean exercise="paired_interval" fails=["the ends of the example", "another level", "resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# Forgets the root of n: the interval says where single differences lie, not where their mean does.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 + ratio)

# %% divides by n exercise="paired_interval" fails=["the ends of the example", "another level", "resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# NumPy's `std` divides by n unless told otherwise; with three draws that matters.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std() * np.sqrt(1 / len(d) + ratio)

# %% knows one level exercise="paired_interval" fails=["another level", "random scores, levels and ratios"]
# The argument is there, and 0.975 stands in the formula.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)

# %% takes resplits for new data exercise="paired_interval" fails=["resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# Leaves the ratio out: the more often one pool is split, the narrower the interval.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d))

# %% lets the ratio shrink with n exercise="paired_interval" fails=["resplits of one pool: wider, by the ratio", "random scores, levels and ratios"]
# Divides the ratio by n as well, and so lets more resplits buy certainty again.
# - half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 / len(d) + ratio)
# + half = stats.t.ppf((1 + level) / 2, len(d) - 1) * d.std(ddof=1) * np.sqrt((1 + ratio) / len(d))

# %% more parameters, more adaptation exercise="read_curves" fails=["five labels a class"]
# Takes flexibility for a merit at ten labels.
answer_five, answer_fifty, answer_control = "a", "c", "a"

# %% no difference seen is no difference exercise="read_curves" fails=["fifty labels a class", "what the control says"]
# Reads an interval around zero as a proof of equality, and takes a comparison of two things for one of one thing.
answer_five, answer_fifty, answer_control = "b", "b", "b"

# %% suspects the split exercise="sign_it" fails=["the line", "the run that shows it"]
# Finds an order of rows that looks too simple, and takes the spread over seeds for a proof. The rows are shuffled already.
line_at_fault, evidence = 3, "a"

# %% would sign exercise="sign_it" fails=["the line", "the run that shows it"]
# There is a validation part, and the choice is made on it: what more can one ask?
line_at_fault, evidence = 0, "c"

# %% takes the buffers from the old state exercise="graft" fails=["the buffers belong to the body", "a whole network with random tensors"]
# Grafts the weights, and lets BatchNorm normalise by the statistics of another body.
# - name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
# + n: (new_state if n.startswith("body.") and "running" not in n and "num" not in n else old_state)[n]
# + for n in new_state

# %% merges in the wrong order exercise="graft" fails=["the smallest example", "a whole network with random tensors"]
# The old state goes over the new one and covers it all: it measures the old network, which forgets nothing.
# - return {
# -     name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
# - }
# + return {**new_state, **old_state}

# %% writes into the old state exercise="graft" fails=["the smallest example", "a whole network with random tensors"]
# The right result, and the old state is the new network's from now on.
# - return {
# -     name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
# - }
# + old_state.update({name: t for name, t in new_state.items() if name.startswith("body.")})
# + return old_state

# %% finds the body anywhere in the name exercise="graft" fails=["a whole network with random tensors"]
# Looks for the word and not for the beginning.
# - name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
# + name: (new_state if "body" in name else old_state)[name] for name in new_state

# %% compares the names one way exercise="graft" fails=["names that do not match: refused"]
# Asks whether the old state has all names of the new one. What the old one has besides is lost in silence.
# - if new_state.keys() != old_state.keys():
# + if any(name not in old_state for name in new_state):

# %% wants the names in one order exercise="graft" fails=["the smallest example"]
# Two dicts with the same names in another order are refused.
# - if new_state.keys() != old_state.keys():
# + if list(new_state) != list(old_state):

# %% makes everything float exercise="graft" fails=["a whole network with random tensors"]
# "float32 is what networks are made of"; BatchNorm's counter is a whole number.
# - name: (new_state if name.startswith("body.") else old_state)[name] for name in new_state
# + name: (new_state if name.startswith("body.") else old_state)[name].float() for name in new_state

# %% counts the names exercise="graft" fails=["names that do not match: refused"]
# As many tensors here as there: believed to be the same kind of network.
# - if new_state.keys() != old_state.keys():
# + if len(new_state) != len(old_state):

# %% forgets the old layer exercise="lora" fails=["the smallest example", "alpha is divided by the rank", "at the start it is the pretrained layer", "merged and unmerged agree", "random sizes, ranks and factors"]
# Trains the low-rank product instead of the layer, and not beside it.
# - return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T) @ self.B.T
# + return self.scale * (x @ self.A.T) @ self.B.T

# %% multiplies by alpha alone exercise="lora" fails=["alpha is divided by the rank", "random sizes, ranks and factors"]
# With rank 1 it is the same, and the first example has rank 1.
# - self.scale = alpha / rank
# + self.scale = alpha

# %% starts both at random exercise="lora" fails=["A is random, B is zero", "gradients: at first B's alone, then A's too", "random sizes, ranks and factors"]
# Weights start at random, so both do: the first step starts from a damaged layer.
# - self.B = nn.Parameter(torch.zeros(n_out, rank))
# + self.B = nn.Parameter(torch.randn(n_out, rank) / rank**0.5)

# %% starts both at zero exercise="lora" fails=["A is random, B is zero", "gradients: at first B's alone, then A's too"]
# The addition must start at zero, so both are zero. Neither will ever get a gradient.
# - self.A = nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)
# + self.A = nn.Parameter(torch.zeros(rank, n_in))

# %% starts A too large exercise="lora" fails=["A is random, B is zero"]
# Plain normal numbers: the sum over the inputs grows with their number.
# - self.A = nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)
# + self.A = nn.Parameter(torch.randn(rank, n_in))

# %% forgets the bias exercise="lora" fails=["at the start it is the pretrained layer", "merged and unmerged agree", "random sizes, ranks and factors"]
# W x, plus the addition. The examples on paper have no bias.
# - return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T) @ self.B.T
# + return F.linear(x, self.weight) + self.scale * (x @ self.A.T) @ self.B.T

# %% trains W as well exercise="lora" fails=["only A and B train"]
# A weight is a parameter, and a parameter trains unless somebody says otherwise.
# - self.register_buffer("weight", weight.clone())
# + self.weight = nn.Parameter(weight.clone())

# %% cuts the way back exercise="lora" fails=["gradients: at first B's alone, then A's too"]
# Detaches in order to protect the frozen layer, and catches A with it.
# - return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T) @ self.B.T
# + return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T).detach() @ self.B.T

# %% merges without the factor exercise="lora" fails=["merged and unmerged agree", "random sizes, ranks and factors"]
# The forward pass has the factor, the merge has not.
# - return (self.weight + self.scale * self.B @ self.A).detach()
# + return (self.weight + self.B @ self.A).detach()

# %% merges into W exercise="lora" fails=["merging leaves the layer as it is"]
# Writes the sum into the layer's own weight: the next forward pass adds the product once more.
# - return (self.weight + self.scale * self.B @ self.A).detach()
# + self.weight += (self.scale * self.B @ self.A).detach()
# + return self.weight.clone()

# %% merges for good exercise="lora" fails=["merging leaves the layer as it is"]
# After the first merge the layer is a plain one: A and B do nothing any more, and the old W is gone.
# - return F.linear(x, self.weight, self.bias) + self.scale * (x @ self.A.T) @ self.B.T
# + plain = F.linear(x, self.weight, self.bias)
# + return plain if hasattr(self, "done") else plain + self.scale * (x @ self.A.T) @ self.B.T
# - return (self.weight + self.scale * self.B @ self.A).detach()
# + if not hasattr(self, "done"):
# +     self.weight += (self.scale * self.B @ self.A).detach()
# +     self.done = True
# + return self.weight.clone()

# %% computes in the mode it finds exercise="features" fails=["the head on them gives the model's own logits", "random images and batch sizes"]
# `no_grad` stops gradients; it does not stop dropout, nor BatchNorm's statistics.
# - model.eval()

# %% believes that eval stops gradients exercise="features" fails=["seven images in batches of three: (7, 128)"]
# The mode decides what dropout and BatchNorm do; whether gradients are recorded is another matter.
# - with torch.no_grad():
# + with torch.enable_grad():

# %% sends all images at once exercise="features" fails=["seven images in batches of three: (7, 128)"]
# The result does not depend on the batch size, so it is believed not to matter. It does for the memory.
# - return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + return model.body(X)

# %% leaves the model in evaluation mode exercise="features" fails=["every part is left in its mode", "after an error, too"]
# The right features, and a training loop that goes on without dropout and nobody knows why.
# - for part, training in modes.items():
# -     part.training = training
# + pass

# %% puts everything into training mode at the end exercise="features" fails=["every part is left in its mode"]
# "Back to training": also for a body that had been in evaluation mode.
# - for part, training in modes.items():
# -     part.training = training
# + model.train()

# %% remembers one mode for all exercise="features" fails=["every part is left in its mode"]
# Asks the model for its mode and sets it again, for the model and, with `train`, for all its parts.
# - modes = {part: part.training for part in model.modules()}
# + was = model.training
# - for part, training in modes.items():
# -     part.training = training
# + model.train(was)

# %% puts the modes back if all goes well exercise="features" fails=["after an error, too"]
# No `finally`: one image of the wrong shape, and the model stays in evaluation mode.
# - try:
# -     with torch.no_grad():
# -         return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# - finally:
# -     for part, training in modes.items():
# -         part.training = training
# + with torch.no_grad():
# +     found = torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + for part, training in modes.items():
# +     part.training = training
# + return found

# %% drops the last, smaller batch exercise="features" fails=["seven images in batches of three: (7, 128)", "the head on them gives the model's own logits", "random images and batch sizes"]
# Counts whole batches only, and forgets the rows that are left over.
# - return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + size = min(batch_size, len(X))
# + return torch.cat([model.body(X[i * size : (i + 1) * size]) for i in range(len(X) // size)])

# %% lets BatchNorm see the images first exercise="features" fails=["seven images in batches of three: (7, 128)", "the model is as before: statistics, weights, flags", "random images and batch sizes"]
# A pass in training mode "calibrates" the statistics: consistent features, of another body.
# - model.eval()
# + with torch.no_grad():
# +     model.train()
# +     model.body(X)
# + model.eval()

# %% freezes on the way exercise="features" fails=["the model is as before: statistics, weights, flags"]
# No gradients are wanted, so the flags are set, and stay set.
# - model.eval()
# + model.requires_grad_(False).eval()

# %% switches gradients off for good exercise="features" fails=["seven images in batches of three: (7, 128)"]
# `set_grad_enabled(False)` as a statement holds until somebody switches it on again.
# - with torch.no_grad():
# + torch.set_grad_enabled(False)
# + if True:

# %% counts batches exercise="features" fails=["seven images in batches of three: (7, 128)"]
# `chunk` takes the number of parts, `split` their size. Seven in three parts happen to be three, three and one.
# - return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + return torch.cat([model.body(batch) for batch in X.chunk(batch_size)])

# %% squeezes exercise="features" fails=["seven images in batches of three: (7, 128)", "the batch size does not matter", "random images and batch sizes"]
# Removes axes of length one, to be on the safe side: a batch of one image loses its batch axis.
# - return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + return torch.cat([model.body(batch).squeeze() for batch in X.split(batch_size)])

# %% normalises by the batch exercise="features" fails=["the head on them gives the model's own logits", "random images and batch sizes"]
# Works on one image at a time in evaluation mode, and subtracts the batch's mean besides.
# - return torch.cat([model.body(batch) for batch in X.split(batch_size)])
# + parts = [model.body(batch) for batch in X.split(batch_size)]
# + return torch.cat([part - part.mean(dim=0) for part in parts])

# %% saves everything exercise="save_trained" fails=["the smallest example: `b` alone", "a head of another size is saved", "moved statistics are saved", "tensors in bfloat16", "random changes, there and back"]
# It works, and every head takes as much room as the whole network.
# - return save({n: t for n, t in state.items() if n not in base or not same(t, base[n])})
# + return save(state)

# %% saves the head only exercise="save_trained" fails=["the smallest example: `b` alone", "a tiny change is a change", "a head of another size is saved", "another shape with the same bytes is saved", "another type with the same bytes is saved", "moved statistics are saved", "tensors in bfloat16", "random changes, there and back"]
# Decides by the name what was trained, instead of looking.
# - return save({n: t for n, t in state.items() if n not in base or not same(t, base[n])})
# + return save({n: t for n, t in state.items() if n.startswith("head.")})

# %% forgives small changes exercise="save_trained" fails=["a tiny change is a change", "tensors in bfloat16"]
# A last bit cannot matter. It does when you want to reproduce a result.
# - return kind and torch.equal(raw(one), raw(other))
# + return kind and torch.allclose(one, other)

# %% the base wins exercise="save_trained" fails=["there and back, to the bit", "random changes, there and back"]
# Merges in the wrong order: what was trained is overwritten by what it started from.
# - return {**base, **load(data)}
# + return {**load(data), **base}

# %% looks every name up in the base exercise="save_trained" fails=["a head of another size is saved", "there and back, to the bit"]
# The fine-tuned model is believed to have the tensors of its base and no others.
# - return save({n: t for n, t in state.items() if n not in base or not same(t, base[n])})
# + return save({n: t for n, t in state.items() if not same(t, base[n])})

# %% compares bytes without shapes exercise="save_trained" fails=["another shape with the same bytes is saved"]
# Bytes say everything about the values and nothing about their arrangement.
# - kind = one.dtype == other.dtype and one.shape == other.shape
# + kind = one.dtype == other.dtype

# %% compares bytes without types exercise="save_trained" fails=["another type with the same bytes is saved"]
# Four bytes of zeros are four bytes of zeros, whole number or not.
# - kind = one.dtype == other.dtype and one.shape == other.shape
# + kind = one.shape == other.shape

# %% saves through NumPy exercise="save_trained" fails=["tensors in bfloat16"]
# `numpy().tobytes()` has every bit, of those types that NumPy has.
# - return tensor.cpu().contiguous().reshape(-1).view(torch.uint8)
# + return torch.tensor(list(tensor.numpy().tobytes()))

# %% loads what the base knows exercise="save_trained" fails=["there and back, to the bit"]
# A tensor that the base does not have is dropped when it is loaded.
# - return {**base, **load(data)}
# + return {name: load(data).get(name, tensor) for name, tensor in base.items()}

# %% saves floats exercise="save_trained" fails=["tensors in bfloat16", "there and back, to the bit", "random changes, there and back"]
# Makes every tensor float32 on the way out: BatchNorm's counter comes back as another type.
# - return save({n: t for n, t in state.items() if n not in base or not same(t, base[n])})
# + return save({n: t.float() for n, t in state.items() if n not in base or not same(t, base[n])})

# %% compares numbers exercise="save_trained" fails=["a tiny change is a change"]
# `nan_to_num` on both sides, and then an exact comparison of numbers.
# - return kind and torch.equal(raw(one), raw(other))
# + return kind and torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))

# %% writes into the base exercise="save_trained" fails=["there and back, to the bit", "random changes, there and back"]
# `update` saves a line, and the next head is put upon a base that has this one in it.
# - return {**base, **load(data)}
# + base.update(load(data))
# + return base

# %% checks after loading exercise="load_checkpoint" fails=["nothing in it runs", "no checkpoint at all: refused", "other strangers, other honest files"]
# Loads with everything allowed and looks at the result: by then the code has run.
# - try:
# -     state = torch.load(io.BytesIO(data), weights_only=True)
# - except Exception as error:  # a pickle that wants more, a file cut off, no checkpoint at all
# -     raise ValueError("this file is no checkpoint of tensors alone") from error
# + state = torch.load(io.BytesIO(data), weights_only=False)

# %% catches what the code raised exercise="load_checkpoint" fails=["nothing in it runs", "other strangers, other honest files"]
# Everything allowed, every error a ValueError: it looks like a refusal, and the code has run.
# - state = torch.load(io.BytesIO(data), weights_only=True)
# + state = torch.load(io.BytesIO(data), weights_only=False)

# %% lets the reader's own error through exercise="load_checkpoint" fails=["an honest checkpoint loads, the stranger's is refused", "nothing in it runs", "other strangers, other honest files"]
# Safe, but it raises pickle's error where the docstring promises a ValueError.
# - except Exception as error:  # a pickle that wants more, a file cut off, no checkpoint at all
# + except EOFError as error:

# %% knows one error only exercise="load_checkpoint" fails=["no checkpoint at all: refused"]
# Turns pickle's own error into a ValueError. A file cut off, or a picture, raises others.
# - except Exception as error:  # a pickle that wants more, a file cut off, no checkpoint at all
# + except pickle.UnpicklingError as error:

# %% falls back to the open door exercise="load_checkpoint" fails=["nothing in it runs", "other strangers, other honest files"]
# Tries the safe way first, and on an error does the unsafe thing: the error was the protection.
# - except Exception as error:  # a pickle that wants more, a file cut off, no checkpoint at all
# -     raise ValueError("this file is no checkpoint of tensors alone") from error
# + except Exception:
# +     try:
# +         state = torch.load(io.BytesIO(data), weights_only=False)
# +     except Exception as error:
# +         raise ValueError("no checkpoint") from error

# %% looks for a bad word exercise="load_checkpoint" fails=["several strangers: none of them runs", "other strangers, other honest files"]
# Refuses files in which `exec` occurs, and loads the others with everything allowed. Python has other functions.
# - state = torch.load(io.BytesIO(data), weights_only=True)
# + if b"exec" in data:
# +     raise ValueError("exec")
# + state = torch.load(io.BytesIO(data), weights_only=False)

# %% refuses words exercise="load_checkpoint" fails=["other strangers, other honest files"]
# A longer list of bad words, and everything allowed for the rest: it refuses honest names, and knows only what it knows.
# - state = torch.load(io.BytesIO(data), weights_only=True)
# + if any(word in data for word in (b"exec", b"eval", b"system", b"logging")):
# +     raise ValueError("a bad word")
# + state = torch.load(io.BytesIO(data), weights_only=False)

# %% takes any harmless content exercise="load_checkpoint" fails=["something else than a dict of tensors is refused", "other strangers, other honest files"]
# What the restricted reader lets through is believed to be a state dict.
# - plain = isinstance(state, dict) and all(isinstance(name, str) for name in state)
# - if not plain or not all(torch.is_tensor(tensor) for tensor in state.values()):
# -     raise ValueError("this file does not hold a dict from names to tensors")

# %% forgets the names exercise="load_checkpoint" fails=["other strangers, other honest files"]
# Looks at the values only; a number for a name passes.
# - plain = isinstance(state, dict) and all(isinstance(name, str) for name in state)
# + plain = isinstance(state, dict)

# %% a safe format is a safe model exercise="what_is_protected" fails=["format and checksum"]
# Takes safe loading for safe behaviour.
answer_protected = "a"

# %% the checksum proves the author exercise="what_is_protected" fails=["format and checksum"]
# Takes a number that stands beside the file for a signature.
answer_protected = "c"

# %% masks the sum and divides by all exercise="mean_pool" fails=["the smallest example", "real sentences: the neighbour does not matter", "random vectors and masks"]
# Padding adds nothing to the sum, but still counts in the number that divides.
# - return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
# + return (hidden * weights).mean(dim=1)

# %% takes the first token exercise="mean_pool" fails=["the smallest example", "real sentences: the neighbour does not matter", "random vectors and masks"]
# The [CLS] vector is what other models use; this one was trained for the mean.
# - return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
# + return hidden[:, 0]

# %% leaves the last token out exercise="mean_pool" fails=["without padding: the plain mean", "real sentences: the neighbour does not matter", "random vectors and masks"]
# Takes what the example shows, one padding token at the end, for the rule.
# - return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
# + return hidden[:, :-1].mean(dim=1)

# %% divides zero by a small number exercise="mean_pool" fails=["a sentence without tokens is refused"]
# Guards against 0/0 with a tiny denominator: an empty sentence becomes a vector of zeros, near to everything.
# - if (mask.sum(dim=1) == 0).any():
# -     raise ValueError("a sentence without tokens has no mean")
# - weights = mask.unsqueeze(-1).to(hidden.dtype)
# - return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
# + weights = mask.unsqueeze(-1).to(hidden.dtype)
# + return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)

# %% zeroes the padding in place exercise="mean_pool" fails=["the smallest example", "real sentences: the neighbour does not matter", "random vectors and masks"]
# The right mean, and the caller's token vectors have holes.
# - return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
# + hidden *= weights
# + return hidden.sum(dim=1) / weights.sum(dim=1)

# %% big models need many labels exercise="text_curves" fails=["few labels"]
# Counts the parameters of the frozen part as if they had to be learnt.
answer_few_labels, answer_many_labels, answer_seen = "b", "b", "c"

# %% the higher line wins exercise="text_curves" fails=["many labels, little time", "what the model had seen"]
# Looks at accuracy only, and past the end of the figure; and without labels there is no leak.
answer_few_labels, answer_many_labels, answer_seen = "a", "a", "a"

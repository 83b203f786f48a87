# %% forgets the biases of the convolution and of the linear layer exercise="count_by_hand" fails=["parameters of the convolution", "parameters of the linear layer"]
# Only the weights are believed to be parameters.
counts_hand = {"conv": 18, "side": 4, "flat": 8, "linear": 24, "gru": 63}

# %% one bias a gate exercise="count_by_hand" fails=["parameters of the GRU"]
# The formula of the books, with a single bias, is taken for PyTorch's.
counts_hand = {"conv": 20, "side": 4, "flat": 8, "linear": 27, "gru": 54}

# %% the convolution keeps the size exercise="count_by_hand" fails=["side of what the convolution returns", "inputs of the linear layer", "parameters of the linear layer"]
# Padding is believed to be there by default.
counts_hand = {"conv": 20, "side": 6, "flat": 18, "linear": 57, "gru": 63}


# %% one bias vector in the GRU exercise="count_parameters" fails=["GRU: the example", "the four image networks", "random layers, against PyTorch"]
# PyTorch keeps two biases for each gate; the books keep one.
def linear_params(n_in, n_out, bias=True):
    return n_out * (n_in + bias)


def conv2d_params(n_in, n_out, kernel, groups=1, bias=True):
    if n_in % groups or n_out % groups:
        raise ValueError("groups")
    return n_out * (n_in // groups * kernel[0] * kernel[1] + bias)


def gru_params(n_in, n_hidden, bias=True):
    return 3 * n_hidden * (n_in + n_hidden + bias)


def encoder_layer_params(d_model, n_feedforward):
    return 4 * d_model * (d_model + 1) + 2 * d_model * n_feedforward + n_feedforward + d_model + 4 * d_model


# %% groups divide the outputs as well exercise="count_parameters" fails=["groups", "random layers, against PyTorch"]
# Both channel counts are divided by the groups, as if only one group were kept.
def linear_params(n_in, n_out, bias=True):
    return n_out * (n_in + bias)


def conv2d_params(n_in, n_out, kernel, groups=1, bias=True):
    if n_in % groups or n_out % groups:
        raise ValueError("groups")
    return n_out // groups * (n_in // groups * kernel[0] * kernel[1] + bias)


def gru_params(n_in, n_hidden, bias=True):
    return 3 * n_hidden * (n_in + n_hidden + 2 * bias)


def encoder_layer_params(d_model, n_feedforward):
    return 4 * d_model * (d_model + 1) + 2 * d_model * n_feedforward + n_feedforward + d_model + 4 * d_model


# %% no normalisation in the encoder layer exercise="count_parameters" fails=["encoder layer", "the four image networks", "random layers, against PyTorch"]
# Normalisation is believed to have no parameters.
def linear_params(n_in, n_out, bias=True):
    return n_out * (n_in + bias)


def conv2d_params(n_in, n_out, kernel, groups=1, bias=True):
    if n_in % groups or n_out % groups:
        raise ValueError("groups")
    return n_out * (n_in // groups * kernel[0] * kernel[1] + bias)


def gru_params(n_in, n_hidden, bias=True):
    return 3 * n_hidden * (n_in + n_hidden + 2 * bias)


def encoder_layer_params(d_model, n_feedforward):
    return 4 * d_model * (d_model + 1) + 2 * d_model * n_feedforward + n_feedforward + d_model


# %% the layer's own stride counts at once exercise="sizes" fails=["field: the example, in both orders", "field: two strides in front of a layer", "random stacks, against the gradient"]
# The jump is multiplied before the field grows, so that a layer's stride acts on itself.
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError("too large")
    return room // stride + 1


def receptive_field(layers):
    field, jump = 1, 1
    for layer in layers:
        jump *= layer.get("stride", 1)
        field += layer.get("dilation", 1) * (layer["kernel"] - 1) * jump
    return field


# %% padding on one side exercise="sizes" fails=["size: padding stands at both ends", "random sizes, against PyTorch"]
# Padding is believed to be the number of zeros added in all.
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    room = size + padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError("too large")
    return room // stride + 1


def receptive_field(layers):
    field, jump = 1, 1
    for layer in layers:
        field += layer.get("dilation", 1) * (layer["kernel"] - 1) * jump
        jump *= layer.get("stride", 1)
    return field


# %% fields add up without strides exercise="sizes" fails=["field: the example, in both orders", "field: two strides in front of a layer", "random stacks, against the gradient"]
# Each layer is believed to add its kernel minus one, whatever stands before it.
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError("too large")
    return room // stride + 1


def receptive_field(layers):
    return 1 + sum(layer.get("dilation", 1) * (layer["kernel"] - 1) for layer in layers)


# %% counts multiply-adds exercise="flops" fails=["convolution: the example", "convolution: kernel and output that are not square", "convolution: groups", "GRU", "encoder layer: linear layers", "encoder layer: attention", "encoder layer: the sum, against PyTorch", "random layers, against PyTorch"]
# A product with its addition is counted as one operation, as some papers do.
def conv2d_flops(n_in, n_out, kernel, out, groups=1):
    return n_out * (n_in // groups) * kernel[0] * kernel[1] * out[0] * out[1]


def gru_flops(n_in, n_hidden, steps):
    return 3 * steps * n_hidden * (n_in + n_hidden)


def encoder_layer_flops(tokens, d_model, n_feedforward):
    linear = tokens * (4 * d_model**2 + 2 * d_model * n_feedforward)
    return {"linear": linear, "attention": 2 * tokens**2 * d_model}


# %% attention is linear in the tokens exercise="flops" fails=["encoder layer: attention", "encoder layer: the sum, against PyTorch", "random layers, against PyTorch"]
# Each token is believed to cost the same, however many there are.
def conv2d_flops(n_in, n_out, kernel, out, groups=1):
    return 2 * n_out * (n_in // groups) * kernel[0] * kernel[1] * out[0] * out[1]


def gru_flops(n_in, n_hidden, steps):
    return 2 * 3 * steps * n_hidden * (n_in + n_hidden)


def encoder_layer_flops(tokens, d_model, n_feedforward):
    linear = 2 * tokens * (4 * d_model**2 + 2 * d_model * n_feedforward)
    return {"linear": linear, "attention": 4 * tokens * d_model}


# %% twice the parameters, whatever the image exercise="flops" fails=["convolution: the example", "convolution: kernel and output that are not square", "convolution: groups", "random layers, against PyTorch"]
# What holds for a linear layer, two FLOPs for each weight, is believed to hold for a convolution.
def conv2d_flops(n_in, n_out, kernel, out, groups=1):
    return 2 * n_out * (n_in // groups) * kernel[0] * kernel[1]


def gru_flops(n_in, n_hidden, steps):
    return 2 * 3 * steps * n_hidden * (n_in + n_hidden)


def encoder_layer_flops(tokens, d_model, n_feedforward):
    linear = 2 * tokens * (4 * d_model**2 + 2 * d_model * n_feedforward)
    return {"linear": linear, "attention": 4 * tokens**2 * d_model}


# %% Adam keeps one number exercise="memory" fails=["memory: the example", "memory: bfloat16 halves everything", "memory: a real step of Adam", "batch: what is left over, divided", "random networks"]
# The running mean of the square is forgotten.
def mlp_activations(widths):
    return sum(widths[:-1])


def training_memory(n_params, n_activations, batch, optimizer="adam", bytes_each=4):
    if optimizer not in ("sgd", "momentum", "adam", "adamw"):
        raise ValueError(optimizer)
    weights = n_params * bytes_each
    parts = {
        "weights": weights,
        "gradients": weights,
        "optimizer": 0 if optimizer == "sgd" else weights,
        "activations": batch * n_activations * bytes_each,
    }
    return parts | {"total": sum(parts.values())}


def largest_batch(budget, n_params, n_activations, optimizer="adam", bytes_each=4):
    fixed = training_memory(n_params, n_activations, 0, optimizer, bytes_each)["total"]
    return max(0, (budget - fixed) // (n_activations * bytes_each))


# %% only the hidden layers are kept exercise="memory" fails=["activations: the example", "activations: against autograd", "random MLPs, against autograd"]
# The input is believed to be no activation; but the first layer's gradient is made of it.
def mlp_activations(widths):
    return sum(widths[1:-1])


def training_memory(n_params, n_activations, batch, optimizer="adam", bytes_each=4):
    states = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
    if optimizer not in states:
        raise ValueError(optimizer)
    weights = n_params * bytes_each
    parts = {
        "weights": weights,
        "gradients": weights,
        "optimizer": states[optimizer] * weights,
        "activations": batch * n_activations * bytes_each,
    }
    return parts | {"total": sum(parts.values())}


def largest_batch(budget, n_params, n_activations, optimizer="adam", bytes_each=4):
    fixed = training_memory(n_params, n_activations, 0, optimizer, bytes_each)["total"]
    return max(0, (budget - fixed) // (n_activations * bytes_each))


# %% a negative batch exercise="memory" fails=["batch: nothing fits"]
# Nobody asks what the formula says when the weights alone do not fit.
def mlp_activations(widths):
    return sum(widths[:-1])


def training_memory(n_params, n_activations, batch, optimizer="adam", bytes_each=4):
    states = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
    if optimizer not in states:
        raise ValueError(optimizer)
    weights = n_params * bytes_each
    parts = {
        "weights": weights,
        "gradients": weights,
        "optimizer": states[optimizer] * weights,
        "activations": batch * n_activations * bytes_each,
    }
    return parts | {"total": sum(parts.values())}


def largest_batch(budget, n_params, n_activations, optimizer="adam", bytes_each=4):
    fixed = training_memory(n_params, n_activations, 0, optimizer, bytes_each)["total"]
    return (budget - fixed) // (n_activations * bytes_each)


# %% rolls the wrong way exercise="circular_conv" fails=["one row: the example", "one column wraps around too", "against PyTorch, sizes that are not square", "random images and kernels"]
# np.roll by +j is believed to bring image[c + j] to place c; it brings image[c - j]: a flipped kernel.
def circular_conv(image, kernel):
    out = np.zeros(image.shape)
    for (i, j), weight in np.ndenumerate(kernel):
        out += weight * np.roll(image, (i, j), axis=(0, 1))
    return out


# %% zeros beyond the border exercise="circular_conv" fails=["one row: the example", "one column wraps around too", "against PyTorch, sizes that are not square", "equivariant: shift and convolve, in either order", "the inputs stay as they were", "random images and kernels"]
# A convolution is believed to see zeros outside the image, always.
def circular_conv(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    padded = np.pad(image, ((0, h - 1), (0, w - 1)))
    out = np.zeros(image.shape)
    for (i, j), weight in np.ndenumerate(kernel):
        out += weight * padded[i : i + rows, j : j + columns]
    return out


# %% every CNN survives every shift exercise="predict_shift" fails=["zero padding", "stride two", "max pooling", "flatten and linear"]
# "CNNs are shift-invariant", as it is often said.
survives = dict.fromkeys(("circular", "zeros", "relu", "stride", "pool", "blur", "average", "linear"), True)

# %% pooling makes it invariant exercise="predict_shift" fails=["max pooling", "mean over all pixels"]
# Pooling is believed to absorb a shift by one pixel, and a mean over all pixels to move with it.
survives = {
    "circular": True, "zeros": False, "relu": True, "stride": False,
    "pool": True, "blur": True, "average": False, "linear": False,
}  # fmt: skip


# %% flattens in front of the linear layer exercise="small_cnn" fails=["one logit a class, for images of any size", "moved by four pixels: the same logits", "other sizes and moves"]
# The usual head: a weight for each place.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(n_channels, 8, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.LazyLinear(n_classes),
        )  # fmt: skip
        self.net(torch.zeros(1, n_channels, 8, 8))

    def forward(self, x):
        return self.net(x)


# %% zeros at the border exercise="small_cnn" fails=["moved by four pixels: the same logits", "other sizes and moves"]
# padding=1 alone is believed to keep the symmetry.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(24, n_classes)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3)))


# %% three halvings exercise="small_cnn" fails=["moved by four pixels: the same logits", "other sizes and moves"]
# A third pooling makes windows of eight; a shift by four is half of one.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        layers, n_in = [], n_channels
        for n_out in (12, 16, 16):
            layers += [nn.Conv2d(n_in, n_out, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True)]
            n_in = n_out
        self.body, self.head = nn.Sequential(*layers), nn.Linear(16, n_classes)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3)))


# %% wide and heavy exercise="small_cnn" fails=["at most 5000 parameters"]
# Nobody counted.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 32, 3, padding=1, padding_mode="circular"), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1, padding_mode="circular"), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3)))


# %% kernels of one pixel exercise="small_cnn" fails=["learns the stripes", "neighbours count"]
# Kernels of one have no border and keep the symmetry; they see no stripe.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(n_channels, 32, 1), nn.ReLU(), nn.Conv2d(32, 64, 1), nn.ReLU())
        self.head = nn.Linear(64, n_classes)

    def forward(self, x):
        return self.head(self.body(x).mean(dim=(2, 3)))


# %% a softmax at the end exercise="small_cnn" fails=["logits, not probabilities"]
# A classifier is believed to return probabilities.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, padding=1, padding_mode="circular"), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1, padding_mode="circular"), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(24, n_classes)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3))).softmax(dim=1)


# %% normalises over the batch, always exercise="small_cnn" fails=["each image by itself"]
# The mean over the batch is taken by hand, so evaluation mode does not switch it off.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, padding=1, padding_mode="circular"), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1, padding_mode="circular"), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(24, n_classes)

    def forward(self, x):
        found = self.body(x).amax(dim=(2, 3))
        return self.head(found - found.mean(dim=0))


# %% starts all weights at zero exercise="small_cnn" fails=["learns the stripes", "neighbours count"]
# Zero is believed to be a neutral start; then no weight behind another gets a gradient.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, padding=1, padding_mode="circular"), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1, padding_mode="circular"), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(24, n_classes)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3)))


# %% exchanges height and width exercise="fix_layout" fails=["the shape, and the type", "two pixels", "random images"]
# transpose(1, 3) puts the channels in front, and turns every picture on its side.
def to_channels_first(images, means):
    return images.transpose(1, 3).float() / 255 - torch.tensor(means).reshape(3, 1, 1)


# %% the repair forgets the means exercise="fix_layout" fails=["each channel has its own mean taken away", "random images"]
# While the axes are repaired, the last line is lost.
def to_channels_first(images, means):
    return images.permute(0, 3, 1, 2).float() / 255


# %% no positions needed exercise="predict_order" fails=["an encoder without positions", "an encoder with positions"]
# Attention is believed to know the order by itself, and positions are taken for a detail.
blind = {"mean": True, "encoder": False, "positions": True, "gru": False, "conv3": False, "conv1": True}

# %% a maximum over time forgets everything exercise="predict_order" fails=["kernel three"]
# The maximum does forget where; but the kernel has already looked at neighbours.
blind = {"mean": True, "encoder": True, "positions": False, "gru": False, "conv3": True, "conv1": True}


# %% reads the end of the padding exercise="fix_reader" fails=["more padding changes nothing", "the state at each one's own end", "random sequences"]
# One fault is found, and the search ends.
class MarkReader(nn.Module):
    def __init__(self, n_symbols=3, n_hidden=16):
        super().__init__()
        self.gru = nn.GRU(n_symbols, n_hidden, batch_first=True)
        self.head = nn.Linear(n_hidden, 2)

    def forward(self, x, lengths):
        return self.head(self.gru(x)[0][:, -1])


# %% its own end, along the wrong axis exercise="fix_reader" fails=["alone or in a batch: the same logits", "the first symbols count", "the state at each one's own end", "random sequences"]
# The length is used, but the GRU still walks along the batch.
class MarkReader(nn.Module):
    def __init__(self, n_symbols=3, n_hidden=16):
        super().__init__()
        self.gru = nn.GRU(n_symbols, n_hidden)
        self.head = nn.Linear(n_hidden, 2)

    def forward(self, x, lengths):
        return self.head(self.gru(x)[0][torch.arange(len(x)), lengths - 1])


# %% the inverse order exercise="reorder" fails=["one unit: the example", "the same hidden values", "random orders"]
# Shuffling back is confused with shuffling along.
def reorder_first_layer(weight, order):
    if sorted(order) != list(range(weight.shape[1])):
        raise ValueError("order")
    return weight[:, np.argsort(order)]


# %% trusts the order exercise="reorder" fails=["an order that repeats or leaves out is refused"]
# Whoever calls the function is believed to pass a permutation.
def reorder_first_layer(weight, order):
    return weight[:, order]


# %% the Transformer wins everything exercise="predict_winners" fails=["best on shifted digits", "sure to lose nothing by shuffling", "best on the last mark", "CNN and MLP on plain digits"]
# The newest architecture is believed to be the best everywhere, and a convolution far ahead of an MLP on any image.
winners = {"shifted": "Transformer", "shuffled": "Transformer", "sequence": "Transformer", "far": True}

# %% an image is an image exercise="predict_winners" fails=["sure to lose nothing by shuffling", "CNN and MLP on plain digits"]
# A CNN is believed to be far better on all images, shuffled ones included.
winners = {"shifted": "CNN", "shuffled": "CNN", "sequence": "GRU", "far": True}


# %% a ReLU behind the sum exercise="residual_block" fails=["the value, by the formula", "all weights zero: the input comes out", "another stride: a projection too", "random channels and strides"]
# As in the first paper; the docstring says that nothing follows the sum.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        fits = n_in == n_out and stride == 1
        self.skip = nn.Identity() if fits else nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)

    def forward(self, x):
        return (self.skip(x) + self.second(self.first(x).relu())).relu()


# %% no ReLU between the convolutions exercise="residual_block" fails=["the value, by the formula", "another stride: a projection too", "random channels and strides"]
# Two convolutions in a row are believed to be more than one.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        fits = n_in == n_out and stride == 1
        self.skip = nn.Identity() if fits else nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)

    def forward(self, x):
        return self.skip(x) + self.second(self.first(x))


# %% the way around is cut for the gradient exercise="residual_block" fails=["the gradient passes a block whose weights are zero"]
# The way around is taken for a copy of the value, which needs no gradient.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        fits = n_in == n_out and stride == 1
        self.skip = nn.Identity() if fits else nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)

    def forward(self, x):
        return self.skip(x.detach()) + self.second(self.first(x).relu())


# %% a projection everywhere exercise="residual_block" fails=["the value, by the formula", "same channels, stride 1: two convolutions and nothing else", "all weights zero: the input comes out", "the gradient passes a block whose weights are zero"]
# One rule for all cases looks simpler; then the way around is no longer free.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.skip = nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)

    def forward(self, x):
        return self.skip(x) + self.second(self.first(x).relu())


# %% the stride alone needs no projection exercise="residual_block" fails=["another stride: a projection too", "random channels and strides"]
# Only a change of the channels is believed to change the shape.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.skip = nn.Identity() if n_in == n_out else nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)

    def forward(self, x):
        return self.skip(x) + self.second(self.first(x).relu())


# %% the projection has a bias exercise="residual_block" fails=["other channels: a projection", "another stride: a projection too", "random channels and strides"]
# The default of nn.Conv2d is left as it is.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        fits = n_in == n_out and stride == 1
        self.skip = nn.Identity() if fits else nn.Conv2d(n_in, n_out, 1, stride=stride)

    def forward(self, x):
        return self.skip(x) + self.second(self.first(x).relu())


# %% dominated only if worse in everything exercise="budget" fails=["front: the example", "front: in the order given", "front: equal in two, better in one", "random candidates: the front"]
# Dominating is believed to need a strictly better value in all three.
def pareto_front(candidates):
    return [
        c["name"]
        for c in candidates
        if not any(o["score"] > c["score"] and o["memory"] < c["memory"] and o["time"] < c["time"] for o in candidates)
    ]


def best_that_fits(candidates, memory, time):
    fitting = [c for c in candidates if c["memory"] <= memory and c["time"] <= time]
    return min(fitting, key=lambda c: (-c["score"], c["memory"], c["time"]))["name"] if fitting else None


# %% only the memory limits exercise="budget" fails=["best: the time counts too", "random candidates: the best"]
# What fits into memory is believed to fit.
def pareto_front(candidates):
    values = [(-c["score"], c["memory"], c["time"]) for c in candidates]
    return [
        c["name"]
        for c, own in zip(candidates, values, strict=True)
        if not any(v != own and all(a <= b for a, b in zip(v, own, strict=True)) for v in values)
    ]


def best_that_fits(candidates, memory, time):
    fitting = [c for c in candidates if c["memory"] <= memory]
    return min(fitting, key=lambda c: (-c["score"], c["memory"], c["time"]))["name"] if fitting else None


# %% twins remove each other exercise="budget" fails=["front: twins both stay", "random candidates: the front"]
# "At least as good in all three" is taken for dominating.
def pareto_front(candidates):
    return [
        c["name"]
        for i, c in enumerate(candidates)
        if not any(
            i != k and o["score"] >= c["score"] and o["memory"] <= c["memory"] and o["time"] <= c["time"]
            for k, o in enumerate(candidates)
        )
    ]


def best_that_fits(candidates, memory, time):
    fitting = [c for c in candidates if c["memory"] <= memory and c["time"] <= time]
    return min(fitting, key=lambda c: (-c["score"], c["memory"], c["time"]))["name"] if fitting else None


# %% the newest for everything exercise="scenarios" fails=["1 table", "2 photos", "3 keyword", "4 stream", "5 text", "6 basket", "7 memory", "9 locate", "10 depth"]
# The latest and largest model is believed to be the answer whatever the question, and needs no comparison.
decisions = {
    "table": "c", "photos": "b", "keyword": "b", "stream": "a", "text": "c",
    "basket": "b", "memory": "d", "channels": "a", "locate": "d", "depth": "c",
}  # fmt: skip

# %% data type decides exercise="scenarios" fails=["2 photos", "5 text", "6 basket", "8 channels", "9 locate", "10 depth"]
# Images: CNN from scratch. Lists: GRU. More than that is not asked.
decisions = {
    "table": "b", "photos": "c", "keyword": "a", "stream": "c", "text": "d",
    "basket": "a", "memory": "c", "channels": "b", "locate": "c", "depth": "a",
}  # fmt: skip

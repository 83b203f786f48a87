# %% weights and biases apart exercise="count_parameters"
# Counts weights and biases separately, with a plain if, and builds the encoder layer part by part.
def linear_params(n_in, n_out, bias=True):
    weights = n_in * n_out
    return weights + n_out if bias else weights


def conv2d_params(n_in, n_out, kernel, groups=1, bias=True):
    height, width = kernel
    for channels in (n_in, n_out):
        if channels % groups != 0:
            raise ValueError("groups must divide the channels")
    total = 0
    for _ in range(n_out):
        total += (n_in // groups) * height * width
        if bias:
            total += 1
    return total


def gru_params(n_in, n_hidden, bias=True):
    gate = n_hidden * n_in + n_hidden * n_hidden
    if bias:
        gate += 2 * n_hidden
    return 3 * gate


def encoder_layer_params(d_model, n_feedforward):
    in_projection = 3 * d_model * d_model + 3 * d_model
    out_projection = d_model * d_model + d_model
    first = d_model * n_feedforward + n_feedforward
    second = n_feedforward * d_model + d_model
    norms = 2 * (d_model + d_model)
    return in_projection + out_projection + first + second + norms


# %% asks PyTorch exercise="count_parameters"
# Builds the real layer and counts its parameters; PyTorch raises the ValueError for the groups.
def _count(layer):
    return sum(p.numel() for p in layer.parameters())


def linear_params(n_in, n_out, bias=True):
    return _count(torch.nn.Linear(n_in, n_out, bias=bias))


def conv2d_params(n_in, n_out, kernel, groups=1, bias=True):
    return _count(torch.nn.Conv2d(n_in, n_out, tuple(kernel), groups=groups, bias=bias))


def gru_params(n_in, n_hidden, bias=True):
    return _count(torch.nn.GRU(n_in, n_hidden, bias=bias))


def encoder_layer_params(d_model, n_feedforward):
    return _count(torch.nn.TransformerEncoderLayer(d_model, 1, n_feedforward))


# %% counts the places exercise="sizes"
# The size by counting the starts that fit; the field by walking back from one output to its inputs.
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    span = dilation * (kernel - 1) + 1
    padded = size + 2 * padding
    if span > padded:
        raise ValueError("the kernel does not fit")
    return len(range(0, padded - span + 1, stride))


def receptive_field(layers):
    first, last = 0, 0
    for layer in reversed(layers):
        stride = layer["stride"] if "stride" in layer else 1
        dilation = layer["dilation"] if "dilation" in layer else 1
        first, last = first * stride, last * stride + dilation * (layer["kernel"] - 1)
    return last - first + 1


# %% floor and product exercise="sizes"
# math.floor on a fraction, and the jump as a product over the layers before.
import math


def output_size(size, kernel, stride=1, padding=0, dilation=1):
    top = size + 2 * padding - dilation * (kernel - 1) - 1
    if top < 0:
        raise ValueError(f"{kernel} is too long")
    return math.floor(top / stride) + 1


def receptive_field(layers):
    return 1 + sum(
        layer.get("dilation", 1) * (layer["kernel"] - 1) * math.prod(before.get("stride", 1) for before in layers[:i])
        for i, layer in enumerate(layers)
    )


# %% recursion from the last layer, length of a range exercise="sizes"
# The field from the output back to the input; the size is the number of places in a range.
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    span = dilation * (kernel - 1) + 1
    if span > size + 2 * padding:
        raise ValueError("no place for the kernel")
    return len(range(-padding, size + padding - span + 1, stride))


def receptive_field(layers):
    if not layers:
        return 1
    first, *rest = layers
    behind = receptive_field(rest)
    return first.get("stride", 1) * (behind - 1) + first.get("dilation", 1) * (first["kernel"] - 1) + 1


# %% products first exercise="flops"
# Counts products and doubles at the end; the attention head by head is left out, only the width counts.
def conv2d_flops(n_in, n_out, kernel, out, groups=1):
    products_for_one_value = (n_in // groups) * kernel[0] * kernel[1]
    values = n_out * out[0] * out[1]
    return 2 * products_for_one_value * values


def gru_flops(n_in, n_hidden, steps):
    total = 0
    for _ in range(steps):
        for _ in range(3):
            total += 2 * (n_hidden * n_in + n_hidden * n_hidden)
    return total


def encoder_layer_flops(tokens, d_model, n_feedforward):
    each_token = 4 * d_model * d_model + d_model * n_feedforward + n_feedforward * d_model
    pairs = tokens * tokens
    return {"attention": 2 * pairs * d_model + 2 * pairs * d_model, "linear": 2 * tokens * each_token}


# %% group by group exercise="flops"
# A sum over groups, math.prod for the pairs, and a helper for a linear layer.
import math


def _linear(rows, n_in, n_out):
    return 2 * rows * n_in * n_out


def conv2d_flops(n_in, n_out, kernel, out, groups=1):
    one_group = _linear(math.prod(out), n_in // groups * math.prod(kernel), n_out // groups)
    return sum(one_group for _ in range(groups))


def gru_flops(n_in, n_hidden, steps):
    return _linear(steps, n_in, 3 * n_hidden) + _linear(steps, n_hidden, 3 * n_hidden)


def encoder_layer_flops(tokens, d_model, n_feedforward):
    linear = _linear(tokens, d_model, 3 * d_model) + _linear(tokens, d_model, d_model)
    linear += _linear(tokens, d_model, n_feedforward) + _linear(tokens, n_feedforward, d_model)
    return {"linear": linear, "attention": 2 * _linear(tokens, d_model, tokens)}


# %% if and elif, and a search exercise="memory"
# The optimizers by if and elif; the largest batch by counting up from zero.
def mlp_activations(widths):
    total = 0
    for width in widths[: len(widths) - 1]:
        total = total + width
    return total


def training_memory(n_params, n_activations, batch, optimizer="adam", bytes_each=4):
    if optimizer == "sgd":
        states = 0
    elif optimizer == "momentum":
        states = n_params
    elif optimizer in ("adam", "adamw"):
        states = 2 * n_params
    else:
        raise ValueError("no such optimizer")
    result = {}
    result["weights"] = n_params * bytes_each
    result["gradients"] = n_params * bytes_each
    result["optimizer"] = states * bytes_each
    result["activations"] = n_activations * batch * bytes_each
    result["total"] = sum(result.values())
    return result


def largest_batch(budget, n_params, n_activations, optimizer="adam", bytes_each=4):
    batch = 0
    while training_memory(n_params, n_activations, batch + 1, optimizer, bytes_each)["total"] <= budget:
        batch += 1
    return batch


# %% a table and divmod exercise="memory"
# A module-level table and divmod; a KeyError is turned into the ValueError.
STATES = dict(sgd=0, momentum=1, adam=2, adamw=2)


def mlp_activations(widths):
    *kept, _ = widths
    return sum(kept)


def training_memory(n_params, n_activations, batch, optimizer="adam", bytes_each=4):
    try:
        per_param = STATES[optimizer]
    except KeyError:
        raise ValueError(f"{optimizer} is not known") from None
    weights, gradients, state, activations = (
        bytes_each * n for n in (n_params, n_params, per_param * n_params, batch * n_activations)
    )
    return {
        "weights": weights,
        "gradients": gradients,
        "optimizer": state,
        "activations": activations,
        "total": weights + gradients + state + activations,
    }


def largest_batch(budget, n_params, n_activations, optimizer="adam", bytes_each=4):
    rest = budget - training_memory(n_params, n_activations, 0, optimizer, bytes_each)["total"]
    if rest < 0:
        return 0
    batch, _ = divmod(rest, n_activations * bytes_each)
    return batch


# %% four loops exercise="circular_conv"
# The formula, letter by letter, with the remainder for the wrap.
def circular_conv(image, kernel):
    rows, columns = image.shape
    out = np.zeros((rows, columns), dtype=np.float64)
    for r in range(rows):
        for c in range(columns):
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    out[r, c] += kernel[i, j] * image[(r + i) % rows, (c + j) % columns]
    return out


# %% padding by wrapping, then windows exercise="circular_conv"
# Pads with mode "wrap" and multiplies sliding windows, all in NumPy calls.
def circular_conv(image, kernel):
    h, w = kernel.shape
    padded = np.pad(np.asarray(image, dtype=float), ((0, h - 1), (0, w - 1)), mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (h, w))
    return np.einsum("rcij,ij->rc", windows, np.asarray(kernel, dtype=float))


# %% by the Fourier transform exercise="circular_conv"
# The convolution theorem: a cross-correlation is a product with the conjugate.
def circular_conv(image, kernel):
    padded = np.zeros(image.shape)
    padded[: kernel.shape[0], : kernel.shape[1]] = kernel
    return np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(padded))).real


# %% pooling and a mean exercise="small_cnn"
# Two max poolings of two and a mean over the places, all in one nn.Sequential.
class SmallCNN(nn.Module):
    def __init__(self, n_channels: int = 1, n_classes: int = 10) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(n_channels, 16, 3, padding=1, padding_mode="circular"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding="same", padding_mode="circular"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
            nn.Linear(24, n_classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


# %% functional, with batch normalisation exercise="small_cnn"
# Pads by hand with F.pad, batch normalisation, a strided convolution, a 1 x 1 convolution as the head.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, 12, 3, bias=False)
        self.norm1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2, bias=False)
        self.norm2 = nn.BatchNorm2d(24)
        self.classify = nn.Conv2d(24, n_classes, 1)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(F.pad(x, (1, 1, 1, 1), mode="circular"))))
        x = F.relu(self.norm2(self.conv2(F.pad(x, (1, 1, 1, 1), mode="circular"))))
        return self.classify(x).flatten(2).mean(-1)


# %% three layers, a residual one in the middle exercise="small_cnn"
# A residual block between two convolutions, the largest value over the places by torch.amax.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        self.stem = nn.Conv2d(n_channels, 12, 5, padding=2, padding_mode="circular")
        self.inner = nn.Conv2d(12, 12, 3, padding=1, padding_mode="circular")
        self.last = nn.Conv2d(12, 20, 3, padding=1, padding_mode="circular")
        self.out = nn.Linear(20, n_classes)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = x + torch.relu(self.inner(x))
        x = torch.relu(self.last(x))
        return self.out(torch.amax(x, dim=(-2, -1)))


# %% patches of four, no padding exercise="small_cnn"
# A convolution with kernel and stride four meets the same patches after a move by four: no border is needed.
class SmallCNN(nn.Module):
    def __init__(self, n_channels: int = 1, n_classes: int = 10) -> None:
        super().__init__()
        self.patches = nn.Conv2d(n_channels, 48, kernel_size=4, stride=4)
        self.mix = nn.Conv2d(48, 32, kernel_size=1)
        self.classes = nn.Conv2d(32, n_classes, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in (self.patches, self.mix):
            x = torch.relu(layer(x))
        return self.classes(x).flatten(2).mean(-1)


# %% two strides, 8 and 16 channels exercise="small_cnn"
# Halves the image twice by strides and takes the mean: small, and all that the stripes need.
class SmallCNN(nn.Module):
    def __init__(self, n_channels=1, n_classes=10):
        super().__init__()
        ring = {"padding": 1, "padding_mode": "circular", "stride": 2}
        self.net = nn.Sequential(
            nn.Conv2d(n_channels, 8, 3, **ring), nn.ReLU(), nn.Conv2d(8, 16, 3, **ring), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, n_classes),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


# %% moveaxis exercise="fix_layout"
# torch.movedim in place of permute; the means as a tensor that broadcasts from the right.
def to_channels_first(images, means):
    pictures = torch.movedim(images, -1, 1).to(torch.float32) / 255
    return pictures - torch.tensor(means, dtype=torch.float32)[None, :, None, None]


# %% channel by channel exercise="fix_layout"
# Picks each channel and stacks them; means taken away before.
def to_channels_first(images, means):
    channels = [images[:, :, :, c].float() / 255 - mean for c, mean in enumerate(means)]
    return torch.stack(channels, dim=1)


# %% packed sequences exercise="fix_reader"
# nn.utils.rnn packs the batch, so that the last state of the GRU is each sequence's own.
class MarkReader(nn.Module):
    def __init__(self, n_symbols: int = 3, n_hidden: int = 16) -> None:
        super().__init__()
        self.gru = nn.GRU(n_symbols, n_hidden, batch_first=True)
        self.head = nn.Linear(n_hidden, 2)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed)
        return self.head(last[0])


# %% time first, and gather exercise="fix_reader"
# Leaves the GRU as it was and turns the input; gathers the states along the time.
class MarkReader(nn.Module):
    def __init__(self, n_symbols=3, n_hidden=16):
        super().__init__()
        self.gru = nn.GRU(n_symbols, n_hidden)
        self.head = nn.Linear(n_hidden, 2)

    def forward(self, x, lengths):
        states, _ = self.gru(x.transpose(0, 1))
        index = (lengths - 1).view(1, -1, 1).expand(1, -1, states.shape[2])
        return self.head(states.gather(0, index).squeeze(0))


# %% column by column exercise="reorder"
# Stacks the columns one by one, and tests the order as a set.
def reorder_first_layer(weight, order):
    n_inputs = weight.shape[1]
    if len(order) != n_inputs or set(order) != set(range(n_inputs)):
        raise ValueError("not a permutation")
    return torch.stack([weight[:, place] for place in order], dim=1)


# %% index_select exercise="reorder"
# torch's own function; the check by counting.
def reorder_first_layer(weight, order):
    index = torch.as_tensor(order)
    if (index < 0).any():
        raise ValueError("no input has a negative number")
    counts = torch.bincount(index, minlength=weight.shape[1])
    if len(counts) != weight.shape[1] or (counts != 1).any():
        raise ValueError("each input must occur once")
    return torch.index_select(weight, 1, index)


# %% no module where nothing is needed exercise="residual_block"
# skip is None where the input fits, and forward asks for it.
class ResidualBlock(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, kernel_size=3, stride=stride, padding=1)
        self.second = nn.Conv2d(n_out, n_out, kernel_size=3, stride=1, padding=1)
        self.skip = None
        if stride != 1 or n_in != n_out:
            self.skip = nn.Conv2d(n_in, n_out, kernel_size=1, stride=stride, bias=False)

    def forward(self, x):
        out = self.first(x)
        out = F.relu(out)
        out = self.second(out)
        if self.skip is not None:
            x = self.skip(x)
        out += x
        return out


# %% an empty nn.Sequential exercise="residual_block"
# nn.Sequential() returns its input; the parts by keyword and torch.add.
class ResidualBlock(nn.Module):
    def __init__(self, n_in: int, n_out: int, stride: int = 1):
        super().__init__()
        self.first = nn.Conv2d(n_in, n_out, (3, 3), (stride, stride), (1, 1))
        self.second = nn.Conv2d(n_out, n_out, (3, 3), padding="same")
        self.skip = nn.Sequential()
        if (n_in, stride) != (n_out, 1):
            self.skip = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return torch.add(self.second(self.act(self.first(x))), self.skip(x))


# %% plain loops exercise="budget"
# Nested loops with flags, and the best kept while walking.
def pareto_front(candidates):
    front = []
    for one in candidates:
        beaten = False
        for other in candidates:
            as_good = (
                other["score"] >= one["score"] and other["memory"] <= one["memory"] and other["time"] <= one["time"]
            )
            better = other["score"] > one["score"] or other["memory"] < one["memory"] or other["time"] < one["time"]
            if as_good and better:
                beaten = True
                break
        if not beaten:
            front.append(one["name"])
    return front


def best_that_fits(candidates, memory, time):
    best = None
    for one in candidates:
        if one["memory"] > memory or one["time"] > time:
            continue
        if best is None or one["score"] > best["score"]:
            best = one
        elif one["score"] == best["score"]:
            if (one["memory"], one["time"]) < (best["memory"], best["time"]):
                best = one
    return best["name"] if best else None


# %% NumPy broadcasting exercise="budget"
# All pairs at once; the best by a lexicographic sort of a copy.
def pareto_front(candidates):
    if not candidates:
        return []
    values = np.array([[-c["score"], c["memory"], c["time"]] for c in candidates])
    as_good = (values[:, None] <= values[None]).all(axis=2)
    better = (values[:, None] < values[None]).any(axis=2)
    return [c["name"] for c, out in zip(candidates, (as_good & better).any(axis=0)) if not out]


def best_that_fits(candidates, memory, time):
    order = sorted(candidates, key=lambda c: c["time"])
    order.sort(key=lambda c: c["memory"])
    order.sort(key=lambda c: c["score"], reverse=True)
    return next((c["name"] for c in order if c["memory"] <= memory and c["time"] <= time), None)

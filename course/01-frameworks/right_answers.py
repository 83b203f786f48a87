# %% row by row exercise="logistic"
# Plain Python: one loop over the rows, floats from the math module, no matrix product.
def logistic(w, b, X, y, l2):
    if np.shape(y) != (len(X),):
        raise ValueError("one label a row, please")
    n, total = len(X), 0.0
    slope_w, slope_b = np.zeros(len(w)), 0.0
    for row, label in zip(X, y, strict=True):
        z = float(sum(weight * x for weight, x in zip(w, row, strict=True)) + b)
        softplus = max(z, 0.0) + math.log1p(math.exp(-abs(z)))
        total += softplus - label * z
        error = math.exp(z - softplus) - label
        for j, x in enumerate(row):
            slope_w[j] += error * x / n
        slope_b += error / n
    for j, weight in enumerate(w):
        total += n * l2 / 2 * weight * weight
        slope_w[j] += l2 * weight
    return total / n, slope_w, slope_b


# %% with autograd exercise="logistic"
# PyTorch in float64 derives; nothing of the gradient is written by hand.
def logistic(w, b, X, y, l2):
    if y.ndim != 1 or len(y) != X.shape[0]:
        raise ValueError(f"labels of shape {y.shape} for {X.shape[0]} rows")
    weights = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    z = torch.tensor(X, dtype=torch.float64) @ weights + bias
    loss = F.binary_cross_entropy_with_logits(z, torch.tensor(y, dtype=torch.float64))
    loss = loss + l2 / 2 * weights.pow(2).sum()
    loss.backward()
    return loss.item(), weights.grad.numpy(), bias.grad.item()


# %% two branches for the sigmoid exercise="logistic"
# The probability by cases of the sign, and einsum; the objective from logaddexp of both signs.
def logistic(w, b, X, y, l2):
    n_samples = len(X)
    if y.shape != (n_samples,):
        raise ValueError("shape")
    z = np.einsum("ij,j->i", X, w) + b
    small = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1 / (1 + small), small / (1 + small))
    nll = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return np.mean(nll) + 0.5 * l2 * np.dot(w, w), (p - y) @ X / n_samples + l2 * w, np.mean(p - y)


# %% a copy for each side exercise="numeric_gradient"
# Copies that are moved, collected in a list.
# - gradient = np.empty(len(x))
# - for j in range(len(x)):
# -     step = np.zeros(len(x))
# -     step[j] = eps
# -     gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# - return gradient
# + slopes = []
# + for j, value in enumerate(x):
# +     up, down = x.copy(), x.copy()
# +     up[j], down[j] = value + eps, value - eps
# +     slopes.append((f(up, *args) - f(down, *args)) / (2 * eps))
# + return np.array(slopes)

# %% one point that moves and comes back exercise="numeric_gradient"
# A single working copy; every coordinate is put back before the next one moves.
# - gradient = np.empty(len(x))
# - for j in range(len(x)):
# -     step = np.zeros(len(x))
# -     step[j] = eps
# -     gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# - return gradient
# + point, gradient = np.array(x, dtype=float), np.zeros_like(x, dtype=float)
# + for j in range(point.size):
# +     old = point[j]
# +     point[j] = old + eps
# +     gradient[j] = f(point, *args)
# +     point[j] = old - eps
# +     gradient[j] -= f(point, *args)
# +     point[j] = old
# + return gradient / (2 * eps)

# %% with the functions from above exercise="fix_gradient_check"
# Uses `numeric_gradient` and `objective_of`, which the learner wrote just before.
def gradient_check(claimed, theta, X, y, l2):
    numeric = numeric_gradient(objective_of, theta, (X, y, l2))
    errors = []
    for a, m in zip(claimed, numeric, strict=True):
        errors.append(abs(a - m) / max(1.0, abs(a), abs(m)))
    return {"numeric": numeric, "error": float(max(errors))}


# %% all steps in one matrix exercise="fix_gradient_check"
# No loop: a row for each moved point, and another step.
def gradient_check(claimed, theta, X, y, l2):
    eps, n = 6e-6, len(theta)

    def objectives(points):
        z = points[:, :-1] @ X.T + points[:, -1:]
        loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
        return loss.mean(axis=1) + 0.5 * l2 * (points[:, :-1] ** 2).sum(axis=1)

    shift = eps * np.eye(n)
    numeric = (objectives(theta + shift) - objectives(theta - shift)) / (2 * eps)
    larger = np.maximum(np.abs(claimed), np.abs(numeric)).clip(min=1)
    return dict(numeric=numeric, error=np.max(np.abs(claimed - numeric) / larger))


# %% softplus by cases exercise="value_operations"
# The sign of the number decides; the results are computed once and used twice.
# - return Value(math.exp(self.data), (self,), (math.exp(self.data),))
# + power = math.exp(self.data)
# + return Value(power, (self,), (power,))
# - result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
# - return Value(result, (self,), (math.exp(self.data - result),))
# + x = self.data
# + if x > 0:
# +     return Value(x + math.log1p(math.exp(-x)), (self,), (1 / (1 + math.exp(-x)),))
# + return Value(math.log1p(math.exp(x)), (self,), (math.exp(x) / (1 + math.exp(x)),))

# %% operations from NumPy exercise="value_operations"
# NumPy's scalars instead of the math module, and the logistic function by tanh.
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + return Value(np.power(self.data, float(number)), (self,), (number * np.power(self.data, number - 1.0),))
# - return Value(math.exp(self.data), (self,), (math.exp(self.data),))
# + return Value(np.exp(self.data), (self,), (np.exp(self.data),))
# - return Value(math.log(self.data), (self,), (1 / self.data,))
# + return Value(np.log(self.data), (self,), (1.0 / self.data,))
# - result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
# - return Value(result, (self,), (math.exp(self.data - result),))
# + return Value(np.logaddexp(0, self.data), (self,), (0.5 + 0.5 * np.tanh(self.data / 2),))

# %% a heap of what is complete exercise="backward"
# No list of the whole graph: the value with the largest serial is always complete.
def backward(root):
    import heapq

    root.grad, seen, heap = 1.0, {root.serial}, [(-root.serial, root)]
    while heap:
        _, value = heapq.heappop(heap)
        for parent, slope in zip(value.parents, value.slopes):
            if parent.serial not in seen:
                seen.add(parent.serial)
                parent.grad = 0.0
                heapq.heappush(heap, (-parent.serial, parent))
            parent.grad += slope * value.grad


# %% counts the children exercise="backward"
# Kahn's algorithm: a value hands on when all of its children have handed on; no serials.
def backward(root):
    waiting, found, todo = {}, {id(root): root}, [root]
    while todo:
        value = todo.pop()
        for parent in value.parents:
            waiting[id(parent)] = waiting.get(id(parent), 0) + 1
            if id(parent) not in found:
                found[id(parent)] = parent
                todo.append(parent)
    for value in found.values():
        value.grad = 0.0
    root.grad = 1.0
    ready = [root]
    while ready:
        value = ready.pop()
        for k in range(len(value.parents)):
            parent = value.parents[k]
            parent.grad = parent.grad + value.slopes[k] * value.grad
            waiting[id(parent)] -= 1
            if waiting[id(parent)] == 0:
                ready.append(parent)


# %% a depth-first order without recursion exercise="backward"
# The topological sort of micrograd, with a stack of its own.
def backward(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        value, done = stack.pop()
        if done:
            order.append(value)
        elif value.serial not in seen:
            seen.add(value.serial)
            stack.append((value, True))
            stack.extend((parent, False) for parent in value.parents)
    for value in order:
        value.grad = 0.0
    root.grad = 1.0
    for value in reversed(order):
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += slope * value.grad


# %% weights that stay exercise="fit_scalar"
# The Values of the weights are kept and changed in place; lengths are compared once at the start.
def cross_entropy(z, label):
    return z.softplus() - z * label


def squared(z, label):
    return (z - label) ** 2


def fit_scalar(X, y, l2, lr, steps, loss_of=cross_entropy):
    n_features = len(X[0])
    if len(X) != len(y):
        raise ValueError("one label a row")
    if any(len(row) != n_features for row in X):
        raise ValueError("rows of different lengths")
    params = [Value(0) for _ in range(n_features + 1)]
    losses = []
    for _ in range(steps):
        total = Value(0)
        for i in range(len(X)):
            z = params[-1]
            for j in range(n_features):
                z = z + params[j] * X[i][j]
            total = total + loss_of(z, y[i])
        penalty = Value(0)
        for weight in params[:-1]:
            penalty = penalty + weight**2
        objective = total / len(X) + penalty * l2 / 2
        backward(objective)
        losses.append(objective.data)
        for p in params:
            p.data -= lr * p.grad
    return {"w": [p.data for p in params[:-1]], "b": params[-1].data, "losses": losses}


# %% sums with a start exercise="fit_scalar"
# Comprehensions, `sum` with a Value to start from, division instead of a product.
def cross_entropy(z, label):
    return z.softplus() - z * label


def squared(z, label):
    return (z - label) ** 2


def fit_scalar(X, y, l2, lr, steps, loss_of=cross_entropy):
    numbers, bias, path = [0.0] * len(X[0]), 0.0, []
    for _ in range(steps):
        w, b = [Value(number) for number in numbers], Value(bias)
        outputs = [sum((v * x for v, x in zip(w, row, strict=True)), b) for row in X]
        data = sum((loss_of(z, t) for z, t in zip(outputs, y, strict=True)), Value(0.0)) / len(y)
        loss = data + l2 / 2 * sum((v * v for v in w), Value(0.0))
        backward(loss)
        path.append(loss.data)
        numbers, bias = [v.data - lr * v.grad for v in w], bias - lr * b.grad
    return dict(w=numbers, b=bias, losses=path)


# %% statistics from the standard library exercise="fix_benchmark"
# The median of the module `statistics`, and a ceiling by floor division.
def benchmark_report(eager, compiled, warm_up=1):
    import statistics

    later_eager, later_compiled = eager[warm_up:], compiled[warm_up:]
    if not later_eager or not later_compiled:
        raise ValueError("no call is left after the warm-up")
    old, new = statistics.median(later_eager), statistics.median(later_compiled)
    report = {"eager": old, "compiled": new, "speedup": old / new, "break_even": None}
    if new < old:
        extra = sum(compiled[:warm_up]) - sum(eager[:warm_up])
        calls = -int(-round(extra / (old - new), 6) // 1)
        report["break_even"] = max(warm_up, warm_up + calls)
    return report


# %% counts the calls one by one exercise="fix_benchmark"
# Walks from the warm-up on until the quotient is reached.
def benchmark_report(eager, compiled, warm_up=1):
    if len(eager) <= warm_up or len(compiled) <= warm_up:
        raise ValueError("too few calls")

    def middle(times):
        times = sorted(times)
        half = len(times) // 2
        return float(times[half] if len(times) % 2 else (times[half - 1] + times[half]) / 2)

    old, new = middle(eager[warm_up:]), middle(compiled[warm_up:])
    if old <= new:
        return {"eager": old, "compiled": new, "speedup": old / new, "break_even": None}
    needed = round((sum(compiled[:warm_up]) - sum(eager[:warm_up])) / (old - new), 6)
    later = 0
    while later < needed:
        later += 1
    return {"eager": old, "compiled": new, "speedup": old / new, "break_even": warm_up + later}


# %% on the PyTorch side exercise="port"
# Reads and writes with safetensors.torch; permute and contiguous.
def port(data):
    old = safetensors.torch.load(data)
    maps = old["conv.weight"].shape[0]
    dense = old["dense.weight"]
    new = {name.replace(".bias", "/bias"): tensor for name, tensor in old.items() if name.endswith("bias")}
    new["conv/kernel"] = old["conv.weight"].permute(2, 3, 1, 0).contiguous()
    new["dense/kernel"] = dense.unflatten(1, (maps, -1)).permute(2, 1, 0).flatten(0, 1).contiguous()
    new["out/kernel"] = old["out.weight"].t().contiguous()
    return safetensors.torch.save(new)


# %% an order of columns exercise="port"
# The inputs of the dense layer are sorted by a list of positions, column by column; copies by np.array.
def port(data):
    old, new = safetensors.numpy.load(data), {}
    for name, array in old.items():
        layer, what = name.split(".")
        if what == "bias":
            new[f"{layer}/bias"] = array
        elif layer == "conv":
            new["conv/kernel"] = np.array(np.einsum("oihw->hwio", array), order="C")
        elif layer == "out":
            new["out/kernel"] = array.T.copy()
        else:
            maps = old["conv.bias"].size
            pixels = array.shape[1] // maps
            order = [k * pixels + pixel for pixel in range(pixels) for k in range(maps)]
            new["dense/kernel"] = np.stack([array[:, column] for column in order])
    return safetensors.numpy.save(new)


# %% entry by entry exercise="fix_port_test"
# Python's floats and loops over flat lists; the old array is laid out like the new one.
def compare_layers(old, new, tol):
    if len(old) != len(new):
        raise ValueError("a layer is missing")
    errors, first = {}, None
    for (name, a), (other, b) in zip(old, new):
        if name != other:
            raise ValueError(f"{name} is compared with {other}")
        if a.ndim == 4:
            a = np.moveaxis(a, 1, -1)
        error = 0.0
        if a.shape != b.shape:
            error = float("inf")
        else:
            for x, y in zip(a.ravel().tolist(), b.ravel().tolist()):
                if not math.isfinite(x) or not math.isfinite(y):
                    error = math.inf
                    break
                error = max(error, abs(x - y) / max(1, abs(x), abs(y)))
        errors[name] = error
        if first is None and error > tol:
            first = name
    return {"errors": errors, "first": first}


# %% in PyTorch exercise="fix_port_test"
# Tensors, nan_to_num, and dictionaries of the layers.
def compare_layers(old, new, tol):
    one, two = dict(old), dict(new)
    if list(one) != list(two):
        raise ValueError("other layers")

    def error_of(a, b):
        a, b = torch.as_tensor(a), torch.as_tensor(b)
        if b.dim() == 4:
            b = b.permute(0, 3, 1, 2)
        if a.shape != b.shape:
            return math.inf
        gap = (a - b).abs() / torch.stack([torch.ones_like(a), a.abs(), b.abs()]).amax(0)
        return gap.nan_to_num(nan=math.inf, posinf=math.inf).max().item()

    errors = {name: error_of(one[name], two[name]) for name in one}
    above = [name for name in errors if errors[name] > tol]
    return {"errors": errors, "first": above[0] if above else None}

# %% a helper named like a variable of the checks exercise="value_operations"
# One function for all operations, called `total`; NumPy's logarithm, and softplus by the sign.
# - class Value:
# + def total(data, *pairs):
# +     parents, slopes = zip(*pairs)
# +     return Value(data, tuple(parents), tuple(float(slope) for slope in slopes))
# +
# +
# + class Value:
# - return Value(self.data + other.data, (self, other), (1.0, 1.0))
# + return total(sum((self.data, other.data)), (self, 1), (other, 1))
# - return Value(self.data * other.data, (self, other), (other.data, self.data))
# + x, z = self.data, other.data
# + return total(x * z, (self, z), (other, x))
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + slope = 0.0 if number == 0 else number * self.data ** (number - 1)
# + return total(self.data**number, (self, slope))
# - return Value(math.log(self.data), (self,), (1 / self.data,))
# + return total(np.log(self.data), (self, 1 / self.data))
# - result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
# - return Value(result, (self,), (math.exp(self.data - result),))
# + x = self.data
# + if x >= 0:
# +     small = math.exp(-x)
# +     return total(x + math.log1p(small), (self, 1 / (1 + small)))
# + large = math.exp(x)
# + return total(math.log1p(large), (self, large / (1 + large)))

# %% a pass as a function of its own exercise="fit_scalar"
# Plain floats between the steps; an inner function, called `check`, builds the graph of one pass.
def cross_entropy(z, label):
    return z.softplus() - z * label


def squared(z, label):
    return (z - label) ** 2


def fit_scalar(X, y, l2, lr, steps, loss_of=cross_entropy):
    size = len(X[0]) if len(X) else 0
    theta, losses = [0.0] * (size + 1), []
    if steps > 0 and (len(X) != len(y) or any(len(row) != size for row in X)):
        raise ValueError("lengths differ")

    def check(theta):
        *w, b = (Value(number) for number in theta)
        outputs = [sum((a * c for a, c in zip(row, w)), b) for row in X]
        mean = sum(map(loss_of, outputs, y)) * (1 / len(y))
        goal = mean + 0.5 * l2 * sum(v**2 for v in w)
        backward(goal)
        return goal.data, [v.grad for v in (*w, b)]

    for _ in range(steps):
        now, grad = check(theta)
        losses += [now]
        theta = [t - lr * g for t, g in zip(theta, grad)]
    return dict(w=theta[:-1], b=theta[-1], losses=losses)


# %% the axes of both are asked exercise="fix_port_test"
# The old array is moved to channels last, where both have four axes; two lists of names.
def compare_layers(old, new, tol):
    def scaled(a, b):
        if a.ndim == 4 and b.ndim == 4:
            a = np.moveaxis(a, 1, -1)
        if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
            return float("inf")
        scale = np.stack([np.ones(a.shape), np.abs(a), np.abs(b)]).max(axis=0)
        return float(np.max(np.abs(a - b) / scale))

    before, after = [pair[0] for pair in old], [pair[0] for pair in new]
    if before != after:
        raise ValueError(f"layers {before} against {after}")
    errors, first = {name: scaled(old[k][1], new[k][1]) for k, name in enumerate(before)}, None
    for name in before:
        if errors[name] > tol:
            first = name
            break
    return dict(errors=errors, first=first)

# %% regularises the bias exercise="gradient_by_hand" fails=["the gradient of b"]
# L2 is believed to act on every parameter, the bias included.
gradient_hand = {"logits": [0, 0], "objective": math.log(2) + 5 / 8, "w": [-1 / 4, -9 / 4], "b": -1 / 4}

# %% forgets the regularisation exercise="gradient_by_hand" fails=["the objective", "the gradient of w"]
# The objective is taken to be the loss of the data alone.
gradient_hand = {"logits": [0, 0], "objective": math.log(2), "w": [-3 / 4, -2], "b": -1 / 2}

# %% adds over the rows exercise="gradient_by_hand" fails=["the objective", "the gradient of w", "the gradient of b"]
# The objective is believed to be a sum over the rows.
gradient_hand = {"logits": [0, 0], "objective": 2 * math.log(2) + 5 / 8, "w": [-1, -17 / 4], "b": -1}


# %% writes the sigmoid as in school exercise="logistic" fails=["logits of plus and minus 1000"]
# The formula of the text is typed as it stands; that e^1000 has no float is not thought of.
def logistic(w, b, X, y, l2):
    if y.shape != (len(X),):
        raise ValueError("shape of y")
    z = X @ w + b
    p = 1 / (1 + np.exp(-z))
    loss = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    return float(loss + l2 / 2 * w @ w), X.T @ (p - y) / len(y) + l2 * w, float((p - y).mean())


# %% leaves out the two exercise="logistic" fails=["the example of the text", "your example by hand: two rows", "random tables, equal to autograd"]
# l2 times w squared is believed to have the gradient l2 times w.
def logistic(w, b, X, y, l2):
    if y.shape != (len(X),):
        raise ValueError("shape of y")
    z = X @ w + b
    error = np.exp(z - np.logaddexp(0, z)) - y
    return float((np.logaddexp(0, z) - y * z).mean() + l2 * w @ w), X.T @ error / len(y) + l2 * w, float(error.mean())


# %% sums the gradient over the rows exercise="logistic" fails=["your example by hand: two rows", "logits of plus and minus 1000", "random tables, equal to autograd"]
# The loss is averaged, and the matrix product in the gradient is believed to average too.
def logistic(w, b, X, y, l2):
    if y.shape != (len(X),):
        raise ValueError("shape of y")
    z = X @ w + b
    error = np.exp(z - np.logaddexp(0, z)) - y
    return float((np.logaddexp(0, z) - y * z).mean() + l2 / 2 * w @ w), X.T @ error + l2 * w, float(error.sum())


# %% takes labels in any shape exercise="logistic" fails=["labels as a column are refused"]
# Reshaping is believed to be kinder than refusing.
def logistic(w, b, X, y, l2):
    y = np.resize(y, len(X))
    z = X @ w + b
    error = np.exp(z - np.logaddexp(0, z)) - y
    return float((np.logaddexp(0, z) - y * z).mean() + l2 / 2 * w @ w), X.T @ error / len(y) + l2 * w, float(error.mean())


# %% takes the forward difference exercise="numeric_gradient" fails=["a cubic with a large step: too large by eps squared", "three coordinates, one moved at a time", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# One step up is believed to be as good as one up and one down.
def polynomial(x, coefficients):
    """Return the sum of coefficients[j] * x[j]**3, plus x[0] * x[-1]."""
    return float((coefficients * x**3).sum() + x[0] * x[-1])


def objective_of(theta, X, y, l2):
    """Return the objective for theta = (w, b)."""
    return logistic(theta[:-1], theta[-1], X, y, l2)[0]


def numeric_gradient(f, x, args=(), eps=1e-5):
    """Return the gradient of f at x."""
    return np.array([(f(x + eps * np.eye(len(x))[j], *args) - f(x, *args)) / eps for j in range(len(x))])


# %% moves the caller's array exercise="numeric_gradient" fails=["three coordinates, one moved at a time", "the step that is used when none is given", "x stays as it is", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# x is stepped up and down in place, and the way back to the start is forgotten.
def polynomial(x, coefficients):
    """Return the sum of coefficients[j] * x[j]**3, plus x[0] * x[-1]."""
    return float((coefficients * x**3).sum() + x[0] * x[-1])


def objective_of(theta, X, y, l2):
    """Return the objective for theta = (w, b)."""
    return logistic(theta[:-1], theta[-1], X, y, l2)[0]


def numeric_gradient(f, x, args=(), eps=1e-5):
    """Return the gradient of f at x."""
    gradient = np.zeros(len(x))
    for j in range(len(x)):
        x[j] += eps
        above = f(x, *args)
        x[j] -= 2 * eps
        gradient[j] = (above - f(x, *args)) / (2 * eps)
    return gradient


# %% moves all coordinates at once exercise="numeric_gradient" fails=["three coordinates, one moved at a time", "the step that is used when none is given", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# x + eps is believed to give every entry its own difference.
def polynomial(x, coefficients):
    """Return the sum of coefficients[j] * x[j]**3, plus x[0] * x[-1]."""
    return float((coefficients * x**3).sum() + x[0] * x[-1])


def objective_of(theta, X, y, l2):
    """Return the objective for theta = (w, b)."""
    return logistic(theta[:-1], theta[-1], X, y, l2)[0]


def numeric_gradient(f, x, args=(), eps=1e-5):
    """Return the gradient of f at x."""
    return np.full(len(x), (f(x + eps, *args) - f(x - eps, *args)) / (2 * eps))


# %% the smaller the better exercise="step_size" fails=["central differences in float64", "forward differences in float64", "central differences in float32"]
# The limit of the definition is believed to be reached best by the smallest step.
best_step = {"central, float64": "d", "forward, float64": "d", "central, float32": "d"}

# %% one step for everything exercise="step_size" fails=["forward differences in float64", "central differences in float32"]
# The usual 1e-5 is believed to be right for every formula and every precision.
best_step = {"central, float64": "b", "forward, float64": "b", "central, float32": "b"}

# %% takes the square root for all exercise="step_size" fails=["central differences in float64", "central differences in float32"]
# The rule of the forward difference is used for the central one, and float64 is taken for granted.
best_step = {"central, float64": "c", "forward, float64": "c", "central, float32": "c"}


# %% repairs all but the sum exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "random tables"]
# The objective is left as a sum over the rows.
def gradient_check(claimed, theta, X, y, l2):
    eps = 1e-5

    def objective(theta):
        z = X @ theta[:-1] + theta[-1]
        return (np.logaddexp(0, z) - y * z).sum() + l2 / 2 * (theta[:-1] ** 2).sum()

    steps = np.eye(len(theta)) * eps
    numeric = np.array([(objective(theta + s) - objective(theta - s)) / (2 * eps) for s in steps])
    error = np.abs(claimed - numeric) / np.maximum(1, np.maximum(np.abs(claimed), np.abs(numeric)))
    return {"numeric": numeric, "error": float(error.max())}


# %% keeps dividing by the numeric gradient exercise="fix_gradient_check" fails=["a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# A relative error is believed to be always relative to the numeric value.
def gradient_check(claimed, theta, X, y, l2):
    eps = 1e-5

    def objective(theta):
        z = X @ theta[:-1] + theta[-1]
        return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (theta[:-1] ** 2).sum()

    steps = np.eye(len(theta)) * eps
    numeric = np.array([(objective(theta + s) - objective(theta - s)) / (2 * eps) for s in steps])
    error = np.abs(claimed - numeric) / np.abs(numeric)
    return {"numeric": numeric, "error": float(error.max())}


# %% keeps float32 exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# The step of float64 is believed to be enough; the precision is left as it was.
def gradient_check(claimed, theta, X, y, l2):
    eps = 1e-5
    X, theta, y = X.astype(np.float32), theta.astype(np.float32), y.astype(np.float32)

    def objective(theta):
        z = X @ theta[:-1] + theta[-1]
        return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (theta[:-1] ** 2).sum()

    steps = np.eye(len(theta), dtype=np.float32) * np.float32(eps)
    numeric = np.array([(objective(theta + s) - objective(theta - s)) / (2 * eps) for s in steps])
    error = np.abs(claimed - numeric) / np.maximum(1, np.maximum(np.abs(claimed), np.abs(numeric)))
    return {"numeric": numeric, "error": float(error.max())}


# %% keeps one side exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# One side is believed to be enough, once the step and the precision are right.
def gradient_check(claimed, theta, X, y, l2):
    eps = 1e-5

    def objective(theta):
        z = X @ theta[:-1] + theta[-1]
        return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (theta[:-1] ** 2).sum()

    steps = np.eye(len(theta)) * eps
    numeric = np.array([(objective(theta + s) - objective(theta)) / eps for s in steps])
    error = np.abs(claimed - numeric) / np.maximum(1, np.maximum(np.abs(claimed), np.abs(numeric)))
    return {"numeric": numeric, "error": float(error.max())}


# %% takes C for lambda exercise="same_objective" fails=["scikit-learn's C", "Keras's L2", "the lambda behind C = 1"]
# One number is believed to mean the same strength in every library.
settings_hand = {"C": 1 / 10, "weight_decay": 1 / 10, "keras_l2": 1 / 10, "lambda_of_C_1": 1}

# %% forgets that scikit-learn sums exercise="same_objective" fails=["scikit-learn's C", "the lambda behind C = 1"]
# C is believed to be one over lambda, whatever the number of rows.
settings_hand = {"C": 10, "weight_decay": 1 / 10, "keras_l2": 1 / 20, "lambda_of_C_1": 1}

# %% halves the weight decay too exercise="same_objective" fails=["PyTorch's weight_decay"]
# The half of the objective is believed to stay in the gradient.
settings_hand = {"C": 1 / 5, "weight_decay": 1 / 20, "keras_l2": 1 / 20, "lambda_of_C_1": 1 / 50}

# %% keeps only the last contribution exercise="graph_by_hand" fails=["the gradient of d", "the gradient of c", "the gradient of b", "the gradient of a"]
# A value that is used twice is believed to receive one gradient.
graph_hand = {"e": 64, "d": 8, "c": 8, "b": 16, "a": 24}

# %% forgets the short way exercise="graph_by_hand" fails=["the gradient of a"]
# a is followed through the product only.
graph_hand = {"e": 64, "d": 16, "c": 16, "b": 32, "a": 48}

# %% mixes up the factors exercise="graph_by_hand" fails=["the gradient of b", "the gradient of a"]
# The local slope of a factor is believed to be the factor itself.
graph_hand = {"e": 64, "d": 16, "c": 16, "b": 48, "a": 48}


# %% swaps the slopes of the product exercise="value_operations" fails=["multiplication: each slope is the other factor", "random operands, against the formulas"]
# The slope towards a factor is believed to be that factor.
class Value:
    made = 0

    def __init__(self, data, parents=(), slopes=()):
        Value.made += 1
        self.data, self.parents, self.slopes, self.grad, self.serial = float(data), parents, slopes, 0.0, Value.made

    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (self.data, other.data))

    def __pow__(self, number):
        return Value(self.data**number, (self,), (number * self.data ** (number - 1),))

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def softplus(self):
        result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
        return Value(result, (self,), (math.exp(self.data - result),))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Value.of(other)

    def __rsub__(self, other):
        return Value.of(other) + -self

    def __truediv__(self, other):
        return self * Value.of(other) ** -1


# %% softplus as in the formula exercise="value_operations" fails=["softplus of plus and minus 1000"]
# ln(1 + e^x) is typed as it stands.
class Value:
    made = 0

    def __init__(self, data, parents=(), slopes=()):
        Value.made += 1
        self.data, self.parents, self.slopes, self.grad, self.serial = float(data), parents, slopes, 0.0, Value.made

    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, number):
        return Value(self.data**number, (self,), (number * self.data ** (number - 1),))

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def softplus(self):
        return Value(math.log(1 + math.exp(self.data)), (self,), (1 / (1 + math.exp(-self.data)),))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Value.of(other)

    def __rsub__(self, other):
        return Value.of(other) + -self

    def __truediv__(self, other):
        return self * Value.of(other) ** -1


# %% forgets the inner exponent exercise="value_operations" fails=["powers", "random operands, against the formulas"]
# The rule for powers is remembered as n times x.
class Value:
    made = 0

    def __init__(self, data, parents=(), slopes=()):
        Value.made += 1
        self.data, self.parents, self.slopes, self.grad, self.serial = float(data), parents, slopes, 0.0, Value.made

    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, number):
        return Value(self.data**number, (self,), (number * self.data,))

    def exp(self):
        return Value(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def softplus(self):
        result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
        return Value(result, (self,), (math.exp(self.data - result),))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Value.of(other)

    def __rsub__(self, other):
        return Value.of(other) + -self

    def __truediv__(self, other):
        return self * Value.of(other) ** -1


# %% overwrites instead of adding exercise="backward" fails=["the example: a is used three times", "your example by hand", "a long way and a short way to the same value", "a second call starts from zero", "forty doublings: each value is visited once", "random expressions, equal to PyTorch"]
# A parent is believed to receive one contribution only.
def backward(root):
    graph, stack = {}, [root]
    while stack:
        value = stack.pop()
        if value.serial not in graph:
            graph[value.serial] = value
            value.grad = 0.0
            stack += value.parents
    root.grad = 1.0
    for serial in sorted(graph, reverse=True):
        value = graph[serial]
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad = slope * value.grad


# %% lets gradients pile up exercise="backward" fails=["a second call starts from zero"]
# The gradients of a fresh graph are zero, so nobody sets them to zero.
def backward(root):
    graph, stack = {}, [root]
    while stack:
        value = stack.pop()
        if value.serial not in graph:
            graph[value.serial] = value
            stack += value.parents
    root.grad = 1.0
    for serial in sorted(graph, reverse=True):
        value = graph[serial]
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += slope * value.grad


# %% sorts by calling itself exercise="backward" fails=["a chain of 3000 additions"]
# The usual recursive topological sort: right, until the graph is deeper than Python's recursion.
def backward(root):
    order, seen = [], set()

    def visit(value):
        if value.serial not in seen:
            seen.add(value.serial)
            for parent in value.parents:
                visit(parent)
            value.grad = 0.0
            order.append(value)

    visit(root)
    root.grad = 1.0
    for value in reversed(order):
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += slope * value.grad


# %% hands on too early exercise="backward" fails=["a long way and a short way to the same value", "random expressions, equal to PyTorch"]
# Level by level from the root: a value with a short and a long way hands on before the long one has arrived.
def backward(root):
    seen, queue, order = set(), [root], []
    while queue:
        value = queue.pop(0)
        if value.serial not in seen:
            seen.add(value.serial)
            value.grad = 0.0
            order.append(value)
            queue += value.parents
    root.grad = 1.0
    for value in order:
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += slope * value.grad


# %% sums the losses exercise="fit_scalar" fails=["two rows: a mean, not a sum", "twenty real tumours, five steps: the same path as NumPy", "random tables"]
# The objective is believed to be the sum over the rows.
def fit_scalar(X, y, l2, lr, steps):
    w, b, losses = [Value(0.0) for _ in X[0]], Value(0.0), []
    for _ in range(steps):
        loss = sum(weight * weight for weight in w) * (l2 / 2)
        for row, label in zip(X, y, strict=True):
            z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
            loss = loss + (z.softplus() - z * label)
        backward(loss)
        losses.append(loss.data)
        w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)
    return {"w": [weight.data for weight in w], "b": b.data, "losses": losses}


# %% shrinks the weights beside the objective exercise="fit_scalar" fails=["the regularisation, in objective and gradient", "twenty real tumours, five steps: the same path as NumPy"]
# Weight decay is put into the step, as SGD does it; the reported objective then lacks it.
def fit_scalar(X, y, l2, lr, steps):
    w, b, losses = [Value(0.0) for _ in X[0]], Value(0.0), []
    for _ in range(steps):
        loss = Value(0.0)
        for row, label in zip(X, y, strict=True):
            z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
            loss = loss + (z.softplus() - z * label) * (1 / len(X))
        backward(loss)
        losses.append(loss.data)
        w = [Value(weight.data - lr * (weight.grad + l2 * weight.data)) for weight in w]
        b = Value(b.data - lr * b.grad)
    return {"w": [weight.data for weight in w], "b": b.data, "losses": losses}


# %% goes uphill exercise="fit_scalar" fails=["the example: one row, one step", "two rows: a mean, not a sum", "the regularisation, in objective and gradient", "twenty real tumours, five steps: the same path as NumPy", "random tables"]
# The gradient is believed to point to where the loss is smaller.
def fit_scalar(X, y, l2, lr, steps):
    w, b, losses = [Value(0.0) for _ in X[0]], Value(0.0), []
    for _ in range(steps):
        loss = sum(weight * weight for weight in w) * (l2 / 2)
        for row, label in zip(X, y, strict=True):
            z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
            loss = loss + (z.softplus() - z * label) * (1 / len(X))
        backward(loss)
        losses.append(loss.data)
        w, b = [Value(weight.data + lr * weight.grad) for weight in w], Value(b.data + lr * b.grad)
    return {"w": [weight.data for weight in w], "b": b.data, "losses": losses}


# %% one graph for each call exercise="predict_captures" fails=["a traced function runs once", "changing lengths, by default", "changing lengths, nothing dynamic", "a branch on a value"]
# Compiled code is believed to be captured anew at every call.
captures = {"runs": 5, "default": 4, "static": 5, "branches": 4}

# %% counts the trace and the calls exercise="predict_captures" fails=["a traced function runs once", "a branch on a value"]
# The body is believed to run at the trace and at each call; the part before the `if` is not counted.
captures = {"runs": 6, "default": 2, "static": 4, "branches": 2}

# %% one graph for ever exercise="predict_captures" fails=["changing lengths, by default", "changing lengths, nothing dynamic", "a branch on a value"]
# What is captured once is believed to fit every input.
captures = {"runs": 1, "default": 1, "static": 1, "branches": 1}


# %% takes the mean of the later calls exercise="fix_benchmark" fails=["one outlier changes nothing", "the calls that repay compiling", "random times"]
# Dropping the warm-up is believed to be all.
def benchmark_report(eager, compiled, warm_up=1):
    if min(len(eager), len(compiled)) <= warm_up:
        raise ValueError("no call is left")
    steady_eager, steady_compiled = float(np.mean(eager[warm_up:])), float(np.mean(compiled[warm_up:]))
    saved, break_even = steady_eager - steady_compiled, None
    if saved > 0:
        break_even = warm_up + max(0, math.ceil((sum(compiled[:warm_up]) - sum(eager[:warm_up])) / saved))
    speedup = steady_eager / steady_compiled
    return {"eager": steady_eager, "compiled": steady_compiled, "speedup": speedup, "break_even": break_even}


# %% takes the median of all calls exercise="fix_benchmark" fails=["one outlier changes nothing", "two warm-up calls", "random times"]
# A median is believed to be immune to the warm-up.
def benchmark_report(eager, compiled, warm_up=1):
    if min(len(eager), len(compiled)) <= warm_up:
        raise ValueError("no call is left")
    steady_eager, steady_compiled = float(np.median(eager)), float(np.median(compiled))
    saved, break_even = steady_eager - steady_compiled, None
    if saved > 0:
        break_even = warm_up + max(0, math.ceil((sum(compiled[:warm_up]) - sum(eager[:warm_up])) / saved))
    speedup = steady_eager / steady_compiled
    return {"eager": steady_eager, "compiled": steady_compiled, "speedup": speedup, "break_even": break_even}


# %% counts the later calls only exercise="fix_benchmark" fails=["the calls that repay compiling", "two warm-up calls", "a warm-up that costs nothing extra", "random times"]
# The warm-up calls are left out of the count, and the division is rounded down.
def benchmark_report(eager, compiled, warm_up=1):
    if min(len(eager), len(compiled)) <= warm_up:
        raise ValueError("no call is left")
    steady_eager, steady_compiled = float(np.median(eager[warm_up:])), float(np.median(compiled[warm_up:]))
    saved, break_even = steady_eager - steady_compiled, None
    if saved > 0:
        break_even = max(0, int((sum(compiled[:warm_up]) - sum(eager[:warm_up])) // saved))
    speedup = steady_eager / steady_compiled
    return {"eager": steady_eager, "compiled": steady_compiled, "speedup": speedup, "break_even": break_even}


# %% adds the others without dividing exercise="flip_by_hand" fails=["the flipping weight of performance", "the flipping weight of ease of use"]
# R is taken to be the weighted sum of the others, not their weighted mean.
flip_hand = {"total_A": 71 / 10, "total_B": 69 / 10, "performance": 12 / 62, "ease of use": 8 / 58}

# %% keeps the other weights as they are exercise="flip_by_hand" fails=["the flipping weight of performance", "the flipping weight of ease of use"]
# The others are believed to stay fixed: 0.2 for a difference of 5 in the score.
flip_hand = {"total_A": 71 / 10, "total_B": 69 / 10, "performance": 1 / 5 + 1 / 25, "ease of use": 1 / 5 - 1 / 25}

# %% adds the scores without weights exercise="flip_by_hand" fails=["the two totals"]
# The total is believed to be the mean of the scores.
flip_hand = {"total_A": 33 / 5, "total_B": 34 / 5, "performance": 3 / 13, "ease of use": 1 / 6}


# %% forgets to divide by the sum exercise="flip_weights" fails=["weights are relative", "the flip of the example", "your flips by hand", "random matrices"]
# The weights are believed to sum to one always, also those of the rest.
def weighted_totals(scores, weights):
    """Return option -> total."""
    if sum(weights.values()) == 0 or min(weights.values()) < 0:
        raise ValueError("weights")
    return {option: sum(w * row[name] for name, w in weights.items()) for option, row in scores.items()}


def flip_weights(scores, weights, criterion):
    """Return rival -> flipping weight."""
    totals = weighted_totals(scores, weights)
    leader = max(totals, key=lambda option: settled(totals[option]))
    rest = weighted_totals(scores, {name: w for name, w in weights.items() if name != criterion})
    flips = {}
    for rival in scores:
        lead_rest = settled(rest[leader] - rest[rival])
        bend = settled(lead_rest - (scores[leader][criterion] - scores[rival][criterion]))
        if rival != leader:
            flips[rival] = lead_rest / bend if bend != 0 and 0 <= lead_rest / bend <= 1 else None
    return flips


# %% reports weights outside of 0 to 1 exercise="flip_weights" fails=["no weight from 0 to 1 flips", "random matrices"]
# Where the lines cross is believed to be the answer, wherever that is.
def weighted_totals(scores, weights):
    """Return option -> total."""
    whole = sum(weights.values())
    if whole == 0 or min(weights.values()) < 0:
        raise ValueError("weights")
    return {option: sum(w * row[name] for name, w in weights.items()) / whole for option, row in scores.items()}


def flip_weights(scores, weights, criterion):
    """Return rival -> flipping weight."""
    totals = weighted_totals(scores, weights)
    leader = max(totals, key=lambda option: settled(totals[option]))
    rest = weighted_totals(scores, {name: w for name, w in weights.items() if name != criterion})
    flips = {}
    for rival in scores:
        lead_rest = settled(rest[leader] - rest[rival])
        bend = settled(lead_rest - (scores[leader][criterion] - scores[rival][criterion]))
        if rival != leader:
            flips[rival] = lead_rest / bend if bend != 0 else None
    return flips


# %% takes the first option for the leader exercise="flip_weights" fails=["three options, the leader not first", "random matrices"]
# The option in the first column is believed to lead.
def weighted_totals(scores, weights):
    """Return option -> total."""
    whole = sum(weights.values())
    if whole == 0 or min(weights.values()) < 0:
        raise ValueError("weights")
    return {option: sum(w * row[name] for name, w in weights.items()) / whole for option, row in scores.items()}


def flip_weights(scores, weights, criterion):
    """Return rival -> flipping weight."""
    leader = next(iter(scores))
    rest = weighted_totals(scores, {name: w for name, w in weights.items() if name != criterion})
    flips = {}
    for rival in scores:
        lead_rest = settled(rest[leader] - rest[rival])
        bend = settled(lead_rest - (scores[leader][criterion] - scores[rival][criterion]))
        if rival != leader:
            flips[rival] = lead_rest / bend if bend != 0 and 0 <= lead_rest / bend <= 1 else None
    return flips


# %% compares floats as they are exercise="flip_weights" fails=["rounding is no lead"]
# A difference that is zero on paper is believed to be zero in floats.
def weighted_totals(scores, weights):
    """Return option -> total."""
    whole = sum(weights.values())
    if whole == 0 or min(weights.values()) < 0:
        raise ValueError("weights")
    return {option: sum(w * row[name] for name, w in weights.items()) / whole for option, row in scores.items()}


def flip_weights(scores, weights, criterion):
    """Return rival -> flipping weight."""
    totals = weighted_totals(scores, weights)
    leader = max(totals, key=totals.get)
    rest = weighted_totals(scores, {name: w for name, w in weights.items() if name != criterion})
    flips = {}
    for rival in scores:
        lead_rest = rest[leader] - rest[rival]
        bend = lead_rest - (scores[leader][criterion] - scores[rival][criterion])
        if rival != leader:
            flips[rival] = lead_rest / bend if bend != 0 and 0 <= lead_rest / bend <= 1 else None
    return flips


# %% moves one weight and leaves the others exercise="flip_weights" fails=["the flip of the example", "your flips by hand", "the ends count: 0 and 1", "three options, the leader not first", "a criterion that holds all the weight", "random matrices"]
# The others are believed to keep their weights, so that the sum is no longer one.
def weighted_totals(scores, weights):
    """Return option -> total."""
    whole = sum(weights.values())
    if whole == 0 or min(weights.values()) < 0:
        raise ValueError("weights")
    return {option: sum(w * row[name] for name, w in weights.items()) / whole for option, row in scores.items()}


def flip_weights(scores, weights, criterion):
    """Return rival -> flipping weight."""
    totals = weighted_totals(scores, weights)
    leader = max(totals, key=lambda option: settled(totals[option]))
    flips = {}
    for rival in scores:
        here = scores[leader][criterion] - scores[rival][criterion]
        if rival != leader:
            moved = weights[criterion] / sum(weights.values()) - (totals[leader] - totals[rival]) / here if here else None
            flips[rival] = moved if moved is not None and 0 <= moved <= 1 else None
    return flips


# %% deep learning for everything exercise="scenarios" fails=["1: the table of the shop", "7: three days", "3: the physics group"]
# The most flexible tool is believed to be the best one, and PyTorch to be it; what must be written by hand costs nothing.
scenario = {1: "a", 2: "a", 3: "c", 4: "c", 5: "a", 6: "b", 7: "c", 8: "c"}

# %% follows the newest and the fastest exercise="scenarios" fails=["1: the table of the shop", "5: three years of code", "6: a third faster", "8: the bank"]
# Speed and popularity are believed to decide; what exists and what must hold is not asked.
scenario = {1: "b", 2: "a", 3: "b", 4: "c", 5: "b", 6: "a", 7: "a", 8: "a"}

# %% builds everything anew exercise="scenarios" fails=["2: last month's paper", "4: on the phone", "5: three years of code", "6: a third faster", "7: three days", "8: the bank"]
# A fresh start, or a fork of one's own, is believed to be worth any price.
scenario = {1: "c", 2: "c", 3: "b", 4: "a", 5: "c", 6: "c", 7: "b", 8: "a"}

# %% sees the care and not the need exercise="scenarios" fails=["4: on the phone", "5: three years of code", "6: a third faster", "8: the bank"]
# What is done carefully (step by step, with medians, with a contract) is believed to be the right thing to do.
scenario = {1: "c", 2: "a", 3: "b", 4: "b", 5: "b", 6: "a", 7: "a", 8: "b"}

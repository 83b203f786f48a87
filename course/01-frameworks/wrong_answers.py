# %% regularises the bias exercise="gradient_by_hand" fails=["the gradient of b"]
# L2 is believed to act on every parameter, the bias included.
gradient_hand = {"logits": [0, 0], "objective": math.log(2) + 5 / 8, "w": [-1 / 4, -9 / 4], "b": -1 / 4}

# %% forgets the regularisation exercise="gradient_by_hand" fails=["the objective", "the gradient of w"]
# The objective is taken to be the loss of the data alone.
gradient_hand = {"logits": [0, 0], "objective": math.log(2), "w": [-3 / 4, -2], "b": -1 / 2}

# %% adds over the rows exercise="gradient_by_hand" fails=["the objective", "the gradient of w", "the gradient of b"]
# The objective is believed to be a sum over the rows.
gradient_hand = {"logits": [0, 0], "objective": 2 * math.log(2) + 5 / 8, "w": [-1, -17 / 4], "b": -1}

# %% leaves out the bias exercise="gradient_by_hand" fails=["the two logits", "the objective", "the gradient of w", "the gradient of b"]
# The logit is taken to be row times weights.
p = 1 / (1 + math.e)
gradient_hand = {"logits": [-1, -1], "objective": 1 + math.log(1 + 1 / math.e) + 5 / 8, "w": [1.5 * (p - 1) + 1 / 2, 4 * (p - 1) - 1 / 4], "b": p - 1}


# %% writes the sigmoid as in school exercise="logistic" fails=["logits of any size"]
# The formula of the text is typed as it stands; that e^1000 has no float is not thought of.
# - softplus = np.logaddexp(0, z)  # ln(1 + e^z)
# - error = np.exp(z - softplus) - y
# - objective = (softplus - y * z).mean() + l2 / 2 * (w**2).sum()
# + p = 1 / (1 + np.exp(-z))
# + error = p - y
# + objective = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean() + l2 / 2 * (w**2).sum()

# %% leaves out the two exercise="logistic" fails=["the example of the text", "your example by hand: two rows", "random tables, equal to autograd"]
# l2 times w squared is believed to have the gradient l2 times w.
# - objective = (softplus - y * z).mean() + l2 / 2 * (w**2).sum()
# + objective = (softplus - y * z).mean() + l2 * (w**2).sum()

# %% sums the gradient over the rows exercise="logistic" fails=["your example by hand: two rows", "logits of any size", "random tables, equal to autograd"]
# The loss is averaged, and the matrix product in the gradient is believed to average too.
# - return float(objective), X.T @ error / len(y) + l2 * w, float(error.mean())
# + return float(objective), X.T @ error + l2 * w, float(error.sum())

# %% counts the labels only exercise="logistic" fails=["anything but one label per row is refused"]
# As many labels as rows are believed to be enough.
# - if y.shape != (len(X),):
# + if len(y) != len(X):

# %% takes labels in any shape exercise="logistic" fails=["anything but one label per row is refused"]
# Reshaping is believed to be kinder than refusing.
# - if y.shape != (len(X),):
# -     raise ValueError(f"y has shape {y.shape}; it should be ({len(X)},)")
# + y = np.resize(y, len(X))

# %% takes the forward difference exercise="numeric_gradient" fails=["a cubic with a large step: too large by eps squared", "three coordinates, one moved at a time", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# One step up is believed to be as good as one up and one down.
# - gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# + gradient[j] = (f(x + step, *args) - f(x, *args)) / eps

# %% moves the caller's array exercise="numeric_gradient" fails=["a cubic with a large step: too large by eps squared", "three coordinates, one moved at a time", "the step that is used when none is given", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# x is stepped up and down in place, and the way back to the start is forgotten.
# - step = np.zeros(len(x))
# - step[j] = eps
# - gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# + x[j] += eps
# + above = f(x, *args)
# + x[j] -= 2 * eps
# + gradient[j] = (above - f(x, *args)) / (2 * eps)

# %% moves all coordinates at once exercise="numeric_gradient" fails=["three coordinates, one moved at a time", "the step that is used when none is given", "your logistic regression on the real tumours", "random points, coefficients and steps"]
# x + eps is believed to give every entry its own difference.
# - gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# + gradient[j] = (f(x + eps, *args) - f(x - eps, *args)) / (2 * eps)

# %% a step of its own exercise="numeric_gradient" fails=["the step that is used when none is given"]
# 1e-3 is believed to do as the usual step.
# - def numeric_gradient(f, x, args=(), eps=1e-5) -> np.ndarray:
# + def numeric_gradient(f, x, args=(), eps=1e-3) -> np.ndarray:

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
# - return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (point[:-1] ** 2).sum()
# + return (np.logaddexp(0, z) - y * z).sum() + l2 / 2 * (point[:-1] ** 2).sum()

# %% keeps dividing by the numeric gradient exercise="fix_gradient_check" fails=["a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# A relative error is believed to be always relative to the numeric value.
# - scale = np.max([np.ones(len(theta)), np.abs(claimed), np.abs(numeric)], axis=0)
# + scale = np.abs(numeric)

# %% keeps float32 exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# The step of float64 is believed to be enough; the precision is left as it was.
# - eps = 1e-5
# + eps = np.float32(1e-5)
# + X, theta, y = X.astype(np.float32), theta.astype(np.float32), y.astype(np.float32)
# - step = np.zeros(len(theta))
# + step = np.zeros(len(theta), dtype=np.float32)

# %% keeps one side exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "a column of zeros", "large entries: relative", "small entries: absolute", "random tables"]
# One side is believed to be enough, once the step and the precision are right.
# - numeric[j] = (objective(theta + step) - objective(theta - step)) / (2 * eps)
# + numeric[j] = (objective(theta + step) - objective(theta)) / eps

# %% regularises the bias too exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "random tables"]
# L2 is believed to act on every parameter.
# - return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (point[:-1] ** 2).sum()
# + return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * (point**2).sum()

# %% a coarse step exercise="fix_gradient_check" fails=["the right gradient has nearly no error", "random tables"]
# A thousandth is believed to be small.
# - eps = 1e-5
# + eps = 1e-3

# %% the smallest step that still works exercise="fix_gradient_check" fails=["the numeric gradient of the example", "the right gradient has nearly no error", "random tables"]
# 1e-9 is taken, as nothing is rounded away yet.
# - eps = 1e-5
# + eps = 1e-9

# %% takes the length of the errors exercise="fix_gradient_check" fails=["random tables"]
# The norm over all entries is believed to be the largest of them.
# - return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale).max())}
# + return {"numeric": numeric, "error": float(np.linalg.norm((claimed - numeric) / scale))}

# %% takes the mean of the errors exercise="fix_gradient_check" fails=["large entries: relative", "small entries: absolute", "random tables"]
# A typical error is believed to say more than the largest one.
# - return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale).max())}
# + return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale).mean())}

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

# %% takes e for twice d exercise="graph_by_hand" fails=["the value of e", "the gradient of d", "the gradient of c", "the gradient of b", "the gradient of a"]
# d times d is read as two times d.
graph_hand = {"e": 16, "d": 2, "c": 2, "b": 4, "a": 8}

# %% swaps the slopes of the product exercise="value_operations" fails=["multiplication: each slope is the other factor", "plain numbers on either side", "random operands, against the formulas"]
# The slope towards a factor is believed to be that factor.
# - return Value(self.data * other.data, (self, other), (other.data, self.data))
# + return Value(self.data * other.data, (self, other), (self.data, other.data))

# %% softplus as in the formula exercise="value_operations" fails=["softplus of plus and minus 1000"]
# ln(1 + e^x) is typed as it stands.
# - result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
# - return Value(result, (self,), (math.exp(self.data - result),))
# + return Value(math.log(1 + math.exp(self.data)), (self,), (1 / (1 + math.exp(-self.data)),))

# %% forgets the inner exponent exercise="value_operations" fails=["powers", "random operands, against the formulas"]
# The rule for powers is remembered as n times x.
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + return Value(self.data**number, (self,), (number * self.data,))

# %% divides where the exponent falls exercise="value_operations" fails=["powers"]
# x^n / x is believed to be x^(n - 1) everywhere, also at zero.
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + return Value(self.data**number, (self,), (number * self.data**number / self.data,))

# %% gives the sum the slopes of a product exercise="value_operations" fails=["addition", "plain numbers on either side"]
# Every operation of two numbers is believed to hand on the other number.
# - return Value(self.data + other.data, (self, other), (1.0, 1.0))
# + return Value(self.data + other.data, (self, other), (other.data, self.data))

# %% takes e^x for a power exercise="value_operations" fails=["exponential and logarithm", "random operands, against the formulas"]
# The rule for powers is used on the exponential: x times e^(x - 1).
# - return Value(math.exp(self.data), (self,), (math.exp(self.data),))
# + return Value(math.exp(self.data), (self,), (self.data * math.exp(self.data - 1),))

# %% softplus with the slope of tanh exercise="value_operations" fails=["softplus", "softplus of plus and minus 1000", "random operands, against the formulas"]
# Any S-shaped curve is believed to do as the slope.
# - return Value(result, (self,), (math.exp(self.data - result),))
# + return Value(result, (self,), (math.tanh(self.data),))

# %% names the parents in the other order exercise="value_operations" fails=["the parents, in order", "plain numbers on either side"]
# A product does not depend on the order, so the order of the parents is believed not to matter either.
# - return Value(self.data * other.data, (self, other), (other.data, self.data))
# + return Value(self.data * other.data, (other, self), (other.data, self.data))

# %% a product that cuts the graph exercise="value_operations" fails=["the parents, in order"]
# A copy of an operand is believed to be as good as the operand.
# - return Value(self.data * other.data, (self, other), (other.data, self.data))
# + return Value(self.data * other.data, (Value(self.data), other), (other.data, self.data))

# %% a sum that cuts the graph exercise="value_operations" fails=["the parents, in order"]
# Copies of the operands are believed to be as good as the operands.
# - return Value(self.data + other.data, (self, other), (1.0, 1.0))
# + return Value(self.data + other.data, (Value(self.data), Value(other.data)), (1.0, 1.0))

# %% powers of whole numbers only exercise="value_operations" fails=["powers", "plain numbers on either side", "random operands, against the formulas"]
# A power is believed to be repeated multiplication; division, which is made from the power -1, then divides by nothing.
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + return Value(self.data ** int(abs(number)), (self,), (number * self.data ** (number - 1),))

# %% overwrites instead of adding exercise="backward" fails=["the example: a is used three times", "your example by hand", "a long way and a short way to the same value", "a second call starts from zero", "forty doublings: each value is visited once", "random expressions, equal to PyTorch"]
# A parent is believed to receive one contribution only.
# - parent.grad += slope * value.grad
# + parent.grad = slope * value.grad

# %% lets gradients pile up exercise="backward" fails=["a second call starts from zero"]
# The gradients of a fresh graph are zero, so nobody sets them to zero.
# - graph[value.serial] = value
# - value.grad = 0.0
# + graph[value.serial] = value

# %% sorts by calling itself exercise="backward" fails=["a chain of 20000 additions"]
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


# %% starts from the value of root exercise="backward" fails=["one product, and nothing but an input", "the example: a is used three times", "your example by hand", "a long way and a short way to the same value", "a second call starts from zero", "a chain of 20000 additions", "forty doublings: each value is visited once", "random expressions, equal to PyTorch"]
# The gradient of the last number is believed to be that number.
# - root.grad = 1.0
# + root.grad = root.data

# %% sums the losses exercise="fit_scalar" fails=["as many losses as steps: none, and four where nothing moves", "two rows: a mean, not a sum", "twenty real tumours, five steps: the same path as NumPy", "random tables"]
# The objective is believed to be the sum over the rows.
# - loss = loss + loss_of(z, label) * (1 / len(X))
# + loss = loss + loss_of(z, label)

# %% shrinks the weights beside the objective exercise="fit_scalar" fails=["the regularisation, in objective and gradient", "twenty real tumours, five steps: the same path as NumPy"]
# Weight decay is put into the step, as SGD does it; the reported objective then lacks it.
# - loss = sum(weight * weight for weight in w) * (l2 / 2)
# + loss = Value(0.0)
# - w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)
# + w = [Value(weight.data - lr * (weight.grad + l2 * weight.data)) for weight in w]
# + b = Value(b.data - lr * b.grad)

# %% writes its own loss exercise="fit_scalar" fails=["another loss, with no new derivative", "random tables"]
# Logistic regression is believed to be asked for, whatever loss is handed over.
# - loss = loss + loss_of(z, label) * (1 / len(X))
# + loss = loss + (z.softplus() - z * label) * (1 / len(X))

# %% goes uphill exercise="fit_scalar" fails=["another loss, with no new derivative", "the example: one row, one step", "two rows: a mean, not a sum", "the regularisation, in objective and gradient", "twenty real tumours, five steps: the same path as NumPy", "random tables"]
# The gradient is believed to point to where the loss is smaller.
# - w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)
# + w, b = [Value(weight.data + lr * weight.grad) for weight in w], Value(b.data + lr * b.grad)

# %% cuts to the shorter one exercise="fit_scalar" fails=["lengths that differ are refused"]
# zip is believed to complain by itself.
# - for row, label in zip(X, y, strict=True):
# -     z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
# + for row, label in zip(X, y):
# +     z = sum((weight * x for weight, x in zip(w, row)), b)

# %% returns the loss after the last step too exercise="fit_scalar" fails=["another loss, with no new derivative", "the example: one row, one step", "as many losses as steps: none, and four where nothing moves", "two rows: a mean, not a sum", "the regularisation, in objective and gradient", "twenty real tumours, five steps: the same path as NumPy"]
# One more loss than steps: the loop runs once more, and the last step is left out.
# - for _ in range(steps):
# + for step in range(steps + 1):
# - w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)
# + if step < steps:
# +     w, b = [Value(weight.data - lr * weight.grad) for weight in w], Value(b.data - lr * b.grad)

# %% one graph for each call exercise="predict_captures" fails=["a traced function runs once", "changing lengths, by default", "changing lengths, nothing dynamic", "a branch on a value", "a choice inside the graph", "the slope of the side that was not selected"]
# Compiled code is believed to be captured anew at every call, and a side that is not selected to have no influence.
captures = {"runs": 5, "default": 4, "static": 5, "branches": 4, "chosen": 4, "slope": "a"}

# %% counts the trace and the calls exercise="predict_captures" fails=["a traced function runs once", "a branch on a value", "a choice inside the graph", "the slope of the side that was not selected"]
# The body is believed to run at the trace and at each call; the part before the `if` is not counted.
captures = {"runs": 6, "default": 2, "static": 4, "branches": 2, "chosen": 2, "slope": "b"}

# %% one graph for ever exercise="predict_captures" fails=["changing lengths, by default", "changing lengths, nothing dynamic", "a branch on a value", "the slope of the side that was not selected"]
# What is captured once is believed to fit every input; and what is undefined, to raise an error.
captures = {"runs": 1, "default": 1, "static": 1, "branches": 1, "chosen": 1, "slope": "d"}

# %% takes the mean of the later calls exercise="fix_benchmark" fails=["one outlier changes nothing", "the calls that repay compiling", "random times"]
# Dropping the warm-up is believed to be all.
# - steady_eager = float(np.median(eager[warm_up:]))
# - steady_compiled = float(np.median(compiled[warm_up:]))
# + steady_eager = float(np.mean(eager[warm_up:]))
# + steady_compiled = float(np.mean(compiled[warm_up:]))

# %% takes the median of all calls exercise="fix_benchmark" fails=["one outlier changes nothing", "two warm-up calls", "random times"]
# A median is believed to be immune to the warm-up.
# - steady_eager = float(np.median(eager[warm_up:]))
# - steady_compiled = float(np.median(compiled[warm_up:]))
# + steady_eager = float(np.median(eager))
# + steady_compiled = float(np.median(compiled))

# %% counts the later calls only exercise="fix_benchmark" fails=["the calls that repay compiling", "the same times in another unit: the same number of calls", "two warm-up calls", "a warm-up that costs nothing extra", "random times"]
# The warm-up calls are left out of the count, and the division is rounded down.
# - break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
# + break_even = max(0, int(extra // saved))

# %% rounds up what floats left over exercise="fix_benchmark" fails=["the same times in another unit: the same number of calls"]
# A quotient that is whole on paper is believed to be whole in floats.
# - break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
# + break_even = warm_up + max(0, math.ceil(extra / saved))

# %% rounds too coarsely exercise="fix_benchmark" fails=["the calls that repay compiling"]
# Two decimals are believed to be enough before rounding up.
# - break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
# + break_even = warm_up + max(0, math.ceil(round(extra / saved, 2)))

# %% divides the other way round exercise="fix_benchmark" fails=["constant times", "one outlier changes nothing", "two warm-up calls", "random times"]
# The speed-up is taken to be new over old.
# - speedup = steady_eager / steady_compiled
# + speedup = steady_compiled / steady_eager

# %% lets nothing be refused exercise="fix_benchmark" fails=["too few calls are refused"]
# Where no call is left after the warm-up, all calls are taken.
# - if min(len(eager), len(compiled)) <= warm_up:
# -     raise ValueError("no call is left after the warm-up")
# + if min(len(eager), len(compiled)) <= warm_up:
# +     warm_up = 0

# %% always pays exercise="fix_benchmark" fails=["compiling that never pays"]
# Where nothing is saved, the warm-up alone is believed to count.
# - if saved > 0:
# -     extra = sum(compiled[:warm_up]) - sum(eager[:warm_up])
# -     break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
# + extra = sum(compiled[:warm_up]) - sum(eager[:warm_up])
# + break_even = warm_up + max(0, math.ceil(round(extra / max(saved, 1e-9), 6)))

# %% leaves the warm-up in exercise="fix_benchmark" fails=["the warm-up does not count as steady", "one outlier changes nothing", "the calls that repay compiling", "the same times in another unit: the same number of calls", "two warm-up calls", "compiling that never pays", "random times"]
# A warm-up call is believed to be a call like any other, and a mean to be fair to all.
# - steady_eager = float(np.median(eager[warm_up:]))
# - steady_compiled = float(np.median(compiled[warm_up:]))
# + steady_eager = float(np.mean(eager))
# + steady_compiled = float(np.mean(compiled))

# %% moves the axes only exercise="port" fails=["the kernel of the convolution", "where every wrong layout has the right shape: the same outputs", "random networks"]
# (out, in, height, width) is believed to become (height, width, out, in).
# - "conv/kernel": old["conv.weight"].transpose(2, 3, 1, 0),
# + "conv/kernel": old["conv.weight"].transpose(2, 3, 0, 1),

# %% transposes what is flattened exercise="port" fails=["the example of the text: a flattened layer", "where every wrong layout has the right shape: the same outputs", "random networks"]
# A dense layer is believed to be a matrix and nothing else: its inputs keep their order.
# - "dense/kernel": pixels_first.reshape(-1, outputs),
# + "dense/kernel": old["dense.weight"].T,

# %% leaves the last matrix exercise="port" fails=["the last matrix", "where every wrong layout has the right shape: the same outputs", "random networks"]
# It has the right shape, so it is believed to be right.
# - "out/kernel": old["out.weight"].T,
# + "out/kernel": old["out.weight"],

# %% saves views exercise="port" fails=["the kernel of the convolution", "the last matrix", "where every wrong layout has the right shape: the same outputs", "random networks"]
# A transposed array is believed to be an array like any other.
# - new = {name: np.ascontiguousarray(array) for name, array in new.items()}
# - return safetensors.numpy.save(new)
# + return safetensors.numpy.save(new)

# %% stores float64 as float32 exercise="port" fails=["every number and every dtype stays"]
# The dtype is put back at the end, so the numbers are believed to be what they were.
# - new = {name: np.ascontiguousarray(array) for name, array in new.items()}
# + new = {n: np.ascontiguousarray(a, np.float32).astype(a.dtype) for n, a in new.items()}

# %% makes float32 of everything exercise="port" fails=["every number and every dtype stays"]
# Weights are believed to be float32.
# - new = {name: np.ascontiguousarray(array) for name, array in new.items()}
# + new = {name: np.ascontiguousarray(array, np.float32) for name, array in new.items()}

# %% keeps the names of PyTorch exercise="port" fails=["six arrays under their new names", "the kernel of the convolution", "the example of the text: a flattened layer", "the last matrix", "every number and every dtype stays", "where every wrong layout has the right shape: the same outputs", "random networks"]
# A layer is believed to be found by its order.
# - "conv/kernel": old["conv.weight"].transpose(2, 3, 1, 0),
# + "conv/weight": old["conv.weight"].transpose(2, 3, 1, 0),
# - "dense/kernel": pixels_first.reshape(-1, outputs),
# + "dense/weight": pixels_first.reshape(-1, outputs),
# - "out/kernel": old["out.weight"].T,
# + "out/weight": old["out.weight"].T,

# %% reverses the flattened order exercise="port" fails=["the example of the text: a flattened layer", "where every wrong layout has the right shape: the same outputs", "random networks"]
# The pixels are believed to come first in PyTorch too.
# - pixels_first = old["dense.weight"].reshape(outputs, maps, -1).transpose(2, 1, 0)
# + pixels_first = old["dense.weight"].reshape(outputs, -1, maps).transpose(1, 2, 0)

# %% fits the sizes of the example exercise="port" fails=["the example of the text: a flattened layer", "random networks"]
# Three maps of four pixels, as in the drawn network, are typed in.
# - pixels_first = old["dense.weight"].reshape(outputs, maps, -1).transpose(2, 1, 0)
# + pixels_first = old["dense.weight"].reshape(outputs, 3, 4).transpose(2, 1, 0)

# %% compares the sorted numbers exercise="fix_port_test" fails=["equal means, numbers in other places", "maps: the same numbers, channels last", "random layers"]
# The layouts differ, so the numbers are compared without their places.
# - if b.ndim == 4:
# -     b = b.transpose(0, 3, 1, 2)
# + if a.size == b.size and a.ndim == b.ndim:
# +     a, b = np.sort(a, axis=None), np.sort(b, axis=None)

# %% flattens both exercise="fix_port_test" fails=["maps: the same numbers, channels last", "shapes that differ, also where NumPy would stretch", "random layers"]
# Arrays with the same number of entries are believed to be comparable, whatever their layout.
# - if b.ndim == 4:
# -     b = b.transpose(0, 3, 1, 2)
# + a, b = np.resize(a, a.size), np.resize(b, a.size)

# %% names the worst layer exercise="fix_port_test" fails=["the first layer that differs, not the worst", "random layers"]
# The largest error is believed to be the cause.
# - first = next((name for name, error in errors.items() if error > tol), None)
# + worst = max(errors, key=errors.get)
# + first = worst if errors[worst] > tol else None

# %% trusts the comparison with nan exercise="fix_port_test" fails=["nan and infinity are differences"]
# A nan is believed to be larger than any tolerance.
# - if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
# + if a.shape != b.shape:

# %% looks for nan in the port only exercise="fix_port_test" fails=["nan and infinity are differences"]
# The old program is believed to be right.
# - if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
# + if a.shape != b.shape or not np.isfinite(b).all():

# %% lets NumPy stretch exercise="fix_port_test" fails=["maps: the same numbers, channels last", "shapes that differ, also where NumPy would stretch"]
# Shapes that fit by broadcasting are believed to be equal.
# - if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
# + if not (np.isfinite(a).all() and np.isfinite(b).all()):

# %% a layer at the tolerance exercise="fix_port_test" fails=["an error at the tolerance passes, also without any tolerance"]
# An error that equals the tolerance is believed to be too large.
# - first = next((name for name, error in errors.items() if error > tol), None)
# + first = next((name for name, error in errors.items() if error >= tol), None)

# %% takes the layers in any order exercise="fix_port_test" fails=["other layers are refused"]
# The same names are believed to be the same layers.
# - if [name for name, _ in old] != [name for name, _ in new]:
# + if {name for name, _ in old} != {name for name, _ in new}:

# %% compares what both have exercise="fix_port_test" fails=["other layers are refused"]
# zip is believed to complain by itself.
# - if [name for name, _ in old] != [name for name, _ in new]:
# -     raise ValueError("the two programs have different layers")
# - errors = {}
# - for (name, a), (_, b) in zip(old, new, strict=True):
# + errors = {}
# + for (name, a), (_, b) in zip(old, new):

# %% forgives what allclose forgives exercise="fix_port_test" fails=["relative where large, absolute where small"]
# What NumPy calls close is believed to have no error.
# - errors[name] = float((np.abs(a - b) / scale).max())
# + errors[name] = 0.0 if np.allclose(a, b) else float((np.abs(a - b) / scale).max())

# %% absolute errors exercise="fix_port_test" fails=["equal means, numbers in other places", "relative where large, absolute where small", "random layers"]
# A difference is believed to be a difference, whatever the size of the numbers.
# - scale = np.maximum(1, np.maximum(np.abs(a), np.abs(b)))
# + scale = 1.0

# %% relative to the old numbers exercise="fix_port_test" fails=["equal means, numbers in other places", "the first layer that differs, not the worst", "relative where large, absolute where small", "random layers"]
# The old program is taken as the measure, and a zero divides by nearly nothing.
# - scale = np.maximum(1, np.maximum(np.abs(a), np.abs(b)))
# + scale = np.abs(a) + 1e-12

# %% a tolerance that always holds something back exercise="fix_port_test" fails=["equal means, numbers in other places", "maps: the same numbers, channels last", "relative where large, absolute where small", "the first layer that differs, not the worst", "random layers"]
# The tolerance is added to the errors.
# - errors[name] = float((np.abs(a - b) / scale).max())
# + errors[name] = float((np.abs(a - b) / scale).max()) + tol

# %% adds the others without dividing exercise="flip_by_hand" fails=["the flipping weight of performance", "the flipping weight of ease of use"]
# R is taken to be the weighted sum of the others, not their weighted mean.
flip_hand = {"total_A": 71 / 10, "total_B": 69 / 10, "performance": 12 / 62, "ease of use": 8 / 58}

# %% keeps the other weights as they are exercise="flip_by_hand" fails=["the flipping weight of performance", "the flipping weight of ease of use"]
# The others are believed to stay fixed: 0.2 for a difference of 5 in the score.
flip_hand = {"total_A": 71 / 10, "total_B": 69 / 10, "performance": 1 / 5 + 1 / 25, "ease of use": 1 / 5 - 1 / 25}

# %% adds the scores without weights exercise="flip_by_hand" fails=["the two totals"]
# The total is believed to be the mean of the scores.
flip_hand = {"total_A": 33 / 5, "total_B": 34 / 5, "performance": 3 / 13, "ease of use": 1 / 6}

# %% deep learning for everything exercise="scenarios" fails=["1: the table of the shop", "3: the physics group", "7: three days"]
# The most flexible tool is believed to be the best one, and PyTorch to be it; what must be written by hand costs nothing.
scenario = {1: "b", 2: "a", 3: "a", 4: "c", 5: "a", 6: "b", 7: "b", 8: "c"}

# %% follows the newest and the fastest exercise="scenarios" fails=["1: the table of the shop", "5: three years of code", "6: a third faster", "8: the bank"]
# Speed and popularity are believed to decide; what exists and what must hold is not asked.
scenario = {1: "a", 2: "a", 3: "b", 4: "c", 5: "b", 6: "a", 7: "a", 8: "a"}

# %% builds everything anew exercise="scenarios" fails=["2: last month's paper", "4: on the phone", "5: three years of code", "6: a third faster", "7: three days", "8: the bank"]
# A fresh start, or a fork of one's own, is believed to be worth any price.
scenario = {1: "c", 2: "b", 3: "b", 4: "a", 5: "c", 6: "c", 7: "c", 8: "a"}

# %% sees the care and not the need exercise="scenarios" fails=["2: last month's paper", "3: the physics group", "4: on the phone", "5: three years of code", "6: a third faster", "8: the bank"]
# What is done carefully (step by step, with medians, with a contract) or is finished already is believed to be the right thing.
scenario = {1: "c", 2: "c", 3: "c", 4: "b", 5: "b", 6: "a", 7: "a", 8: "b"}

# %% cuts the logits off exercise="logistic" fails=["logits of any size"]
# A logit beyond 1000 is believed to make no difference; the objective stops growing there.
# - z = X @ w + b
# + z = np.clip(X @ w + b, -1000, 1000)

# %% takes the asymptote from ten on exercise="logistic" fails=["logits of any size"]
# ln(1 + e^z) is believed to be z, or zero, as soon as z is large.
# - softplus = np.logaddexp(0, z)  # ln(1 + e^z)
# + softplus = np.where(np.abs(z) > 10, np.maximum(z, 0), np.logaddexp(0, np.clip(z, -10, 10)))

# %% minds missing labels only exercise="logistic" fails=["anything but one label per row is refused"]
# Surplus labels are believed to do no harm; one row is stretched to them.
# - if y.shape != (len(X),):
# + if y.ndim != 1 or len(y) < len(X):
# - return float(objective), X.T @ error / len(y) + l2 * w, float(error.mean())
# + return float(objective), (error[:, None] * X).mean(axis=0) + l2 * w, float(error.mean())

# %% a step that grows with the number exercise="numeric_gradient" fails=["three coordinates, one moved at a time"]
# A large number is believed to need a larger step, whatever eps is asked for.
# - step[j] = eps
# - gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * eps)
# + step[j] = eps * (abs(x[j]) if abs(x[j]) > 10 else 1.0)
# + gradient[j] = (f(x + step, *args) - f(x - step, *args)) / (2 * step[j])

# %% looks at the weights only exercise="fix_gradient_check" fails=["random tables"]
# The bias is not regularised, so it is believed to need no check.
# - return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale).max())}
# + return {"numeric": numeric, "error": float((np.abs(claimed - numeric) / scale)[:-1].max())}

# %% a plain number is no parent exercise="value_operations" fails=["plain numbers on either side"]
# A constant receives no gradient, so it is left out of the parents.
# - other = Value.of(other)
# - return Value(self.data + other.data, (self, other), (1.0, 1.0))
# + if not isinstance(other, Value):
# +     return Value(self.data + other, (self,), (1.0,))
# + return Value(self.data + other.data, (self, other), (1.0, 1.0))

# %% softplus straight from ten on exercise="value_operations" fails=["softplus"]
# Beyond ten the curve is believed to be its asymptote.
# - result = max(self.data, 0.0) + math.log1p(math.exp(-abs(self.data)))
# + result = max(self.data, 0.0)
# + result += math.log1p(math.exp(-abs(self.data))) if abs(self.data) < 10 else 0.0

# %% no slope at zero exercise="value_operations" fails=["powers"]
# x^n / x is taken for x^(n - 1), and where that divides by zero the slope is believed to be zero.
# - return Value(self.data**number, (self,), (number * self.data ** (number - 1),))
# + result = self.data**number
# + return Value(result, (self,), (number * result / self.data if self.data else 0.0,))

# %% leaves an input alone exercise="backward" fails=["one product, and nothing but an input", "a second call starts from zero"]
# Where nothing was computed, nothing is believed to be derived either.
# - graph, stack = {}, [root]
# + if not root.parents:
# +     return
# + graph, stack = {}, [root]

# %% one graph for all calls exercise="backward" fails=["a second call starts from zero"]
# A default argument is believed to be made anew at every call.
# - def backward(root) -> None:
# + def backward(root, graph={}) -> None:
# - graph, stack = {}, [root]
# + stack = [root]
# - root.grad = 1.0
# + for value in graph.values():
# +     value.grad = 0.0
# + root.grad = 1.0

# %% calls itself, with a higher limit exercise="backward" fails=["a chain of 20000 additions"]
# A limit that is large enough today is believed to be none.
def backward(root):
    sys.setrecursionlimit(max(10_000, sys.getrecursionlimit()))
    graph = {}

    def visit(value):
        if value.serial not in graph:
            graph[value.serial] = value
            value.grad = 0.0
            for parent in value.parents:
                visit(parent)

    visit(root)
    root.grad = 1.0
    for serial in sorted(graph, reverse=True):
        for parent, slope in zip(graph[serial].parents, graph[serial].slopes, strict=True):
            parent.grad += slope * graph[serial].grad


# %% minds what is missing only exercise="fit_scalar" fails=["lengths that differ are refused"]
# Surplus labels, and surplus numbers in a row, are believed to do no harm.
# - for row, label in zip(X, y, strict=True):
# -     z = sum((weight * x for weight, x in zip(w, row, strict=True)), b)
# + if len(y) < len(X) or any(len(row) < len(w) for row in X):
# +     raise ValueError("something is missing")
# + for row, label in zip(X, y):
# +     z = sum((weight * x for weight, x in zip(w, row)), b)

# %% stops when nothing changes exercise="fit_scalar" fails=["as many losses as steps: none, and four where nothing moves"]
# A fit that has converged is believed to need no further step; the list of losses is shorter then.
# - losses.append(loss.data)
# + losses.append(loss.data)
# + if len(losses) > 1 and abs(losses[-1] - losses[-2]) < 1e-12:
# +     break

# %% rounds to three decimals exercise="fix_benchmark" fails=["the calls that repay compiling"]
# Three decimals are believed to do as well as six.
# - break_even = warm_up + max(0, math.ceil(round(extra / saved, 6)))
# + break_even = warm_up + max(0, math.ceil(round(extra / saved, 3)))

# %% cuts both lists to one length exercise="fix_benchmark" fails=["random times"]
# Calls are believed to come in pairs.
# - steady_eager = float(np.median(eager[warm_up:]))
# + eager, compiled = (list(times) for times in zip(*zip(eager, compiled)))
# + steady_eager = float(np.median(eager[warm_up:]))

# %% one dtype for all exercise="port" fails=["every number and every dtype stays"]
# The dtype of the first layer is believed to be that of the file.
# - new = {name: np.ascontiguousarray(array) for name, array in new.items()}
# + dtype = old["conv.weight"].dtype
# + new = {name: np.ascontiguousarray(array, dtype) for name, array in new.items()}

# %% asks the old array for its axes exercise="fix_port_test" fails=["shapes that differ, also where NumPy would stretch"]
# Where the old layer has four axes, the new one is believed to have four too.
# - if b.ndim == 4:
# + if a.ndim == 4:

# %% the first name in the alphabet exercise="fix_port_test" fails=["the first layer that differs, not the worst", "random layers"]
# The layers are believed to be sorted by name.
# - first = next((name for name, error in errors.items() if error > tol), None)
# + first = min((name for name, error in errors.items() if error > tol), default=None)

# %% lets the port have more layers exercise="fix_port_test" fails=["other layers are refused"]
# What the old program has is compared; the rest is believed not to matter.
# - if [name for name, _ in old] != [name for name, _ in new]:
# -     raise ValueError("the two programs have different layers")
# - errors = {}
# - for (name, a), (_, b) in zip(old, new, strict=True):
# + if [name for name, _ in old] != [name for name, _ in new[: len(old)]]:
# +     raise ValueError("the two programs have different layers")
# + errors = {}
# + for (name, a), (_, b) in zip(old, new):

# %% above means not below exercise="fix_port_test" fails=["an error at the tolerance passes, also without any tolerance"]
# An error that equals the tolerance is believed to be too large, unless it is no error at all.
# - first = next((name for name, error in errors.items() if error > tol), None)
# + first = next((name for name, error in errors.items() if error >= tol and error > 0), None)

# %% moves the last axis wherever there are three exercise="fix_port_test" fails=["random layers"]
# Whatever has more than two axes is believed to have channels.
# - if b.ndim == 4:
# -     b = b.transpose(0, 3, 1, 2)
# + if b.ndim > 2:
# +     b = np.moveaxis(b, -1, 1)

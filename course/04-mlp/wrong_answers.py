# %% keeps the sign after ReLU exercise="forward_by_hand" fails=["the hidden layer after ReLU", "the logits", "the probabilities", "the mean loss"]
# The hidden values are taken to be z1 itself: ReLU is forgotten, and all that follows is off.
forward_hand = {
    "z1": [[1, 3], [-1, 1]],
    "hidden": [[1, 3], [-1, 1]],
    "logits": [0, -2],
    "probabilities": [0.5, 0.12],
    "loss": 1.41,
}

# %% adds the losses of the batch exercise="forward_by_hand" fails=["the mean loss"]
# The loss of a batch is believed to be the sum over its samples.
forward_hand = {
    "z1": [[1, 3], [-1, 1]],
    "hidden": [[1, 3], [0, 1]],
    "logits": [0, 0],
    "probabilities": [1 / 2, 1 / 2],
    "loss": 2 * math.log(2),
}

# %% rounds the logarithm exercise="forward_by_hand" fails=["the mean loss"]
# Two decimals are believed to be enough.
forward_hand = {
    "z1": [[1, 3], [-1, 1]],
    "hidden": [[1, 3], [0, 1]],
    "logits": [0, 0],
    "probabilities": [1 / 2, 1 / 2],
    "loss": 0.69,
}

# %% forgets to divide by the batch exercise="backward_by_hand" fails=["the gradient of the two logits", "the gradient of w2", "the gradient of W1", "the gradient of b1"]
# The gradient of the sum of the losses is taken in place of that of their mean.
backward_hand = {"d_logits": [1 / 2, -1 / 2], "w2": [1 / 2, 1], "b2": 0, "W1": [[2, -1], [1, 0]], "b1": [1, 0]}

# %% lets the gradient through a unit that is off exercise="backward_by_hand" fails=["the gradient of W1", "the gradient of b1"]
# ReLU is taken into account on the way forward only.
backward_hand = {"d_logits": [1 / 4, -1 / 4], "w2": [1 / 4, 1 / 2], "b2": 0, "W1": [[1, -1 / 2], [0, 0]], "b1": [0, 0]}

# %% takes label minus probability exercise="backward_by_hand" fails=["the gradient of the two logits", "the gradient of w2", "the gradient of W1", "the gradient of b1"]
# The direction to move is confused with the gradient, which points uphill.
backward_hand = {"d_logits": [-1 / 4, 1 / 4], "w2": [-1 / 4, -1 / 2], "b2": 0, "W1": [[-1, 1 / 2], [-1 / 2, 0]], "b1": [-1 / 2, 0]}


# %% sums the batch in NumPy exercise="numpy_network" fails=["backward: your batch of two rows", "backward: equal to autograd", "networks of other sizes"]
# With one row the missing division by n does not show.
def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    hidden = np.maximum(z1, 0)
    return {"z1": z1, "hidden": hidden, "logits": hidden @ params["w2"] + params["b2"]}


def gradients(params, X, y):
    if np.shape(y) != (len(X),):
        raise ValueError("shape of y")
    values = forward(params, X)
    d_logits = 1 / (1 + np.exp(-values["logits"])) - y
    d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
    return {"W1": X.T @ d_z1, "b1": d_z1.sum(axis=0), "w2": values["hidden"].T @ d_logits, "b2": d_logits.sum()}


# %% no mask in NumPy exercise="numpy_network" fails=["backward: the example of the lesson", "backward: your batch of two rows", "backward: only units that are on", "backward: equal to autograd", "networks of other sizes"]
# The derivative of ReLU is left out.
def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    hidden = np.maximum(z1, 0)
    return {"z1": z1, "hidden": hidden, "logits": hidden @ params["w2"] + params["b2"]}


def gradients(params, X, y):
    if np.shape(y) != (len(X),):
        raise ValueError("shape of y")
    values = forward(params, X)
    d_logits = (1 / (1 + np.exp(-values["logits"])) - y) / len(X)
    d_z1 = np.outer(d_logits, params["w2"])
    return {"W1": X.T @ d_z1, "b1": d_z1.sum(axis=0), "w2": values["hidden"].T @ d_logits, "b2": d_logits.sum()}


# %% does not look at the shape of the labels exercise="numpy_network" fails=["labels of shape (n, 1) are refused"]
# Whoever calls the function is trusted to pass the right shape.
def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    hidden = np.maximum(z1, 0)
    return {"z1": z1, "hidden": hidden, "logits": hidden @ params["w2"] + params["b2"]}


def gradients(params, X, y):
    values = forward(params, X)
    y = np.reshape(y, -1)
    d_logits = (1 / (1 + np.exp(-values["logits"])) - y) / len(X)
    d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
    return {"W1": X.T @ d_z1, "b1": d_z1.sum(axis=0), "w2": values["hidden"].T @ d_logits, "b2": d_logits.sum()}


# %% leaves the shapes to NumPy exercise="numpy_network" fails=["labels of shape (n, 1) are refused"]
# NumPy is believed to refuse what does not fit. With one row, or one label, everything fits.
def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    hidden = np.maximum(z1, 0)
    return {"z1": z1, "hidden": hidden, "logits": hidden @ params["w2"] + params["b2"]}


def gradients(params, X, y):
    values = forward(params, X)
    d_logits = (1 / (1 + np.exp(-values["logits"])) - y) / len(X)
    d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
    return {"W1": X.T @ d_z1, "b1": d_z1.sum(axis=0), "w2": values["hidden"].T @ d_logits, "b2": d_logits.sum()}


# %% counts exactly zero as on exercise="numpy_network" fails=["backward: only units that are on"]
# The mask is written as z1 >= 0.
def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    hidden = np.maximum(z1, 0)
    return {"z1": z1, "hidden": hidden, "logits": hidden @ params["w2"] + params["b2"]}


def gradients(params, X, y):
    if np.shape(y) != (len(X),):
        raise ValueError("shape of y")
    values = forward(params, X)
    d_logits = (1 / (1 + np.exp(-values["logits"])) - y) / len(X)
    d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] >= 0)
    return {"W1": X.T @ d_z1, "b1": d_z1.sum(axis=0), "w2": values["hidden"].T @ d_logits, "b2": d_logits.sum()}


# %% the formula as it stands in books exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# A formula that is right on paper is believed to be right on a computer.
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    if logits.shape != y.shape:
        raise ValueError("shapes")
    p = 1 / (1 + np.exp(-logits))
    return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))


# %% clips the probability exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# Keeping p away from 0 and 1 avoids the error message, so the loss is believed to be right.
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    if logits.shape != y.shape:
        raise ValueError("shapes")
    p = np.clip(1 / (1 + np.exp(-np.clip(logits, -500, 500))), 1e-7, 1 - 1e-7)
    return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))


# %% stable, but summed exercise="stable_bce" fails=["the mean over the samples", "random logits of all sizes"]
# The loss of a batch is believed to be a sum.
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    if logits.shape != y.shape:
        raise ValueError("shapes")
    return float(np.sum(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))


# %% log of one plus in place of log1p exercise="stable_bce" fails=["a tiny cost is not rounded away"]
# log(1 + a) is believed to be as good as log1p(a).
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    if logits.shape != y.shape:
        raise ValueError("shapes")
    return float(np.mean(np.maximum(logits, 0) - y * logits + np.log(1 + np.exp(-np.abs(logits)))))


# %% the formula before the last step exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# log1p is believed to make every formula around it stable.
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    if logits.shape != y.shape:
        raise ValueError("shapes")
    return float(np.mean(np.log1p(np.exp(logits)) - y * logits))


# %% does not compare the shapes exercise="stable_bce" fails=["lists are welcome, shapes that differ are not"]
# NumPy is believed to complain about shapes that do not match; it broadcasts them.
def bce_with_logits(logits, y):
    logits, y = np.asarray(logits, dtype=float), np.asarray(y, dtype=float)
    return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))


# %% believes that both losses are the same exercise="saturated" fails=["the loss from a saturated sigmoid", "the gradient from a saturated sigmoid"]
# Two formulas that are equal on paper are believed to be equal in 32 bits.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 1, "loss_from_sigmoid": 50, "gradient_from_sigmoid": 1}

# %% believes that a larger loss pulls harder exercise="saturated" fails=["the gradient from logits", "the gradient from a saturated sigmoid"]
# The gradient is taken to grow with the loss.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 50, "loss_from_sigmoid": 100, "gradient_from_sigmoid": 100}


# %% squeezes every axis exercise="mlp_module" fails=["a single row keeps its batch axis"]
# squeeze() is believed to take away the last axis only.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
        self.dropout, self.n_out = torch.nn.Dropout(dropout), n_out

    def forward(self, X):
        logits = self.out(self.dropout(torch.relu(self.hidden(X))))
        return logits.squeeze() if self.n_out == 1 else logits


# %% ends in a sigmoid exercise="mlp_module" fails=["your network on paper gives your logits", "training mode: dropout works on the hidden values", "random networks"]
# A classifier is believed to return probabilities.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
        self.dropout, self.n_out = torch.nn.Dropout(dropout), n_out

    def forward(self, X):
        p = torch.sigmoid(self.out(self.dropout(torch.relu(self.hidden(X)))))
        return p.squeeze(1) if self.n_out == 1 else p


# %% leaves the output a column exercise="mlp_module" fails=["your network on paper gives your logits", "one logit a row: shape (n,)", "a single row keeps its batch axis"]
# The shape that Linear gives is taken as it comes.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, X):
        return self.out(self.dropout(torch.relu(self.hidden(X))))


# %% the function dropout without its mode exercise="mlp_module" fails=["evaluation mode: dropout does nothing"]
# F.dropout is believed to know the mode; its `training` is True unless one passes it.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
        self.share, self.n_out = dropout, n_out

    def forward(self, X):
        logits = self.out(F.dropout(torch.relu(self.hidden(X)), self.share))
        return logits.squeeze(1) if self.n_out == 1 else logits


# %% drops the logits exercise="mlp_module" fails=["training mode: dropout works on the hidden values"]
# Dropout is put behind the last layer.
class MLP(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1, dropout=0.0):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
        self.dropout, self.n_out = torch.nn.Dropout(dropout), n_out

    def forward(self, X):
        logits = self.dropout(self.out(torch.relu(self.hidden(X))))
        return logits.squeeze(1) if self.n_out == 1 else logits


# %% believes that training breaks the symmetry exercise="symmetry" fails=["different units after a symmetric start"]
# Every unit is its own parameter vector, so they are believed to drift apart.
symmetry = {"different_units": 8, "moving": 1, "says": "b"}

# %% believes that zeros only slow it down exercise="symmetry" fails=["tensors that ever leave 0", "what the network with zeros says"]
# Once the output bias moves, the other parameters are believed to follow.
symmetry = {"different_units": 1, "moving": 4, "says": "c"}

# %% believes that nothing moves exercise="symmetry" fails=["tensors that ever leave 0", "what the network with zeros says"]
# All gradients are believed to be zero when all weights are.
symmetry = {"different_units": 1, "moving": 0, "says": "a"}

# %% compares row by row exercise="broadcast_trap" fails=["the number of entries", "the number called correct", "the accuracy that is printed"]
# (n, 1) and (n,) are believed to be compared element by element.
broadcast = {"entries": 4, "correct": 3, "accuracy": 0.75}

# %% divides by the number of entries exercise="broadcast_trap" fails=["the accuracy that is printed"]
# The program is believed to take the mean of the table; it divides by the number of labels.
broadcast = {"entries": 16, "correct": 8, "accuracy": 0.5}


# %% repairs only the accuracy exercise="fix_shapes" fails=["the loss compares each output with its own label", "the real tumours: better than a constant"]
# The number that looked impossible is believable now, so the program is believed to be right.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        logits = model(X)
        loss = (F.softplus(logits) - y * logits).mean()
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new)).squeeze(1)
        predicted = (probability >= 0.5).float()
    accuracy = (predicted == y_new).sum().item() / len(y_new)
    return {"loss": loss.item(), "probability": probability, "accuracy": accuracy}


# %% calls a half no decision for class 1 exercise="fix_shapes" fails=["the accuracy is that of the probabilities"]
# Above and at least are believed to be the same, since a probability is never exactly 1/2. A torn network says just that.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        logits = model(X).squeeze(1)
        loss = (F.softplus(logits) - y * logits).mean()
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new)).squeeze(1)
        predicted = (probability > 0.5).float()
    accuracy = (predicted == y_new).sum().item() / len(y_new)
    return {"loss": loss.item(), "probability": probability, "accuracy": accuracy}


# %% repairs the shapes and loses zero_grad exercise="fix_shapes" fails=["one row of training, one row to score"]
# The loss falls without zero_grad as well, so it is believed to be needless.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        logits = model(X).squeeze(1)
        loss = (F.softplus(logits) - y * logits).mean()
        if step < steps:
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new)).squeeze(1)
        predicted = (probability >= 0.5).float()
    accuracy = (predicted == y_new).sum().item() / len(y_new)
    return {"loss": loss.item(), "probability": probability, "accuracy": accuracy}


# %% repairs only the loss exercise="fix_shapes" fails=["one probability for each row", "the accuracy is that of the probabilities", "the real tumours: better than a constant", "other sizes and labels"]
# The labels are made a column for the loss, and the same fault further down is overlooked.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        logits = model(X)
        loss = (F.softplus(logits) - y[:, None] * logits).mean()
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new))
        predicted = (probability >= 0.5).float()
    accuracy = (predicted == y_new).sum().item() / len(y_new)
    return {"loss": loss.item(), "probability": probability, "accuracy": accuracy}


# %% divides by the number of pairs exercise="fix_shapes" fails=["one probability for each row", "the loss compares each output with its own label", "the accuracy is that of the probabilities", "the real tumours: better than a constant", "other sizes and labels"]
# An accuracy above one is cured by taking the mean of the whole table; the comparison of all pairs stays.
def fit_and_score(X, y, X_new, y_new, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        logits = model(X)
        loss = (F.softplus(logits) - y * logits).mean()
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new))
        predicted = (probability >= 0.5).float()
    return {"loss": loss.item(), "probability": probability, "accuracy": (predicted == y_new).float().mean().item()}


# %% keeps the sigmoid in the model exercise="fix_outputs" fails=["the loss fits the probabilities", "the loss can get small"]
# The second sigmoid is taken out where the probability is computed, and left where the loss is.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1), torch.nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = model(X_new).squeeze(1)
    return {"loss": loss.item(), "probability": probability, "label": (probability >= threshold).long()}


# %% rounds the right probabilities exercise="fix_outputs" fails=["the threshold decides", "a probability equal to the threshold is positive", "random thresholds"]
# The sigmoids are repaired; round() is taken for the definition of a decision.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new).squeeze(1))
    return {"loss": loss.item(), "probability": probability, "label": probability.round().long()}


# %% thresholds the logits exercise="fix_outputs" fails=["the threshold decides", "a probability equal to the threshold is positive", "random thresholds"]
# A threshold for probabilities is compared with logits.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        logits = model(X_new).squeeze(1)
    return {"loss": loss.item(), "probability": torch.sigmoid(logits), "label": (logits >= threshold).long()}


# %% strictly above the threshold exercise="fix_outputs" fails=["a probability equal to the threshold is positive"]
# Above and at least are believed to be the same for floats.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new).squeeze(1))
    return {"loss": loss.item(), "probability": probability, "label": (probability > threshold).long()}


# %% forgets zero_grad in the classifier exercise="fix_outputs" fails=["the loss can get small"]
# The loss falls without zero_grad as well, so it is believed to be needless.
def classify(X, y, X_new, threshold=0.5, steps=100, lr=0.5, seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        if step < steps:
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        probability = torch.sigmoid(model(X_new).squeeze(1))
    return {"loss": loss.item(), "probability": probability, "label": (probability >= threshold).long()}


# %% scales, and lets gradients pile up exercise="fix_descent" fails=["a second step uses only its own gradient", "the real tumours: the loss only falls", "random tables"]
# The explosion is gone, so the loop is believed to be right.
def descend(X, y, steps, lr):
    std = X.std(0, correction=0)
    X = (X - X.mean(0)) / torch.where(std == 0, 1.0, std)
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(X @ w + b, y)
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(loss.item())
    return {"losses": losses, "weights": w.detach(), "bias": b.item()}


# %% zeroes, and takes the columns as they are exercise="fix_descent" fails=["the unit of a column does not matter", "the real tumours: the loss only falls", "random tables"]
# Weights are believed to find the scale of their column by themselves.
def descend(X, y, steps, lr):
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        w.grad = b.grad = None
        loss = F.binary_cross_entropy_with_logits(X @ w + b, y)
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(loss.item())
    return {"losses": losses, "weights": w.detach(), "bias": b.item()}


# %% divides by zero exercise="fix_descent" fails=["a constant column gives no nan"]
# Every column is believed to vary.
def descend(X, y, steps, lr):
    X = (X - X.mean(0)) / X.std(0, correction=0)
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        w.grad = b.grad = None
        loss = F.binary_cross_entropy_with_logits(X @ w + b, y)
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(loss.item())
    return {"losses": losses, "weights": w.detach(), "bias": b.item()}


# %% zeroes the weight's gradient only exercise="fix_descent" fails=["the real tumours: the loss only falls", "random tables"]
# The bias is forgotten: its gradients pile up.
def descend(X, y, steps, lr):
    std = X.std(0, correction=0)
    X = (X - X.mean(0)) / torch.where(std == 0, 1.0, std)
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        w.grad = None
        loss = F.binary_cross_entropy_with_logits(X @ w + b, y)
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(loss.item())
    return {"losses": losses, "weights": w.detach(), "bias": b.item()}


# %% drops the last batch exercise="minibatches" fails=["five rows in batches of 2, 2 and 1", "every row once", "random sizes"]
# All batches are believed to need the same size; as the rows are shuffled, another few go missing in each epoch.
def minibatches(n_samples, batch_size, seed):
    if batch_size < 1:
        raise ValueError("batch size")
    order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(seed))
    return [rows for rows in order.split(batch_size) if len(rows) == batch_size]


# %% draws with replacement exercise="minibatches" fails=["every row once", "random sizes"]
# A random row number in each place is believed to be a shuffle.
def minibatches(n_samples, batch_size, seed):
    if batch_size < 1:
        raise ValueError("batch size")
    drawn = torch.randint(0, n_samples, (n_samples,), generator=torch.Generator().manual_seed(seed))
    return list(drawn.split(batch_size))


# %% shuffles the batches, not the rows exercise="minibatches" fails=["shuffled: a batch holds rows from everywhere", "five rows in batches of 2, 2 and 1", "random sizes"]
# The order of the batches is random, but each holds neighbours.
def minibatches(n_samples, batch_size, seed):
    if batch_size < 1:
        raise ValueError("batch size")
    cut = torch.arange(n_samples).split(batch_size)
    return [cut[i] for i in torch.randperm(len(cut), generator=torch.Generator().manual_seed(seed))]


# %% does not shuffle exercise="minibatches" fails=["shuffled: a batch holds rows from everywhere", "the same seed, the same order; another seed, another order"]
# The order of the file is taken to be random already.
def minibatches(n_samples, batch_size, seed):
    if batch_size < 1:
        raise ValueError("batch size")
    return list(torch.arange(n_samples).split(batch_size))


# %% forgets the smaller batch exercise="count_updates" fails=["updates with batches of 32"]
# The division is rounded down.
updates = {"full_batch": 100, "batches_of_32": 1000, "why": "b"}

# %% believes that the full batch updates once for each row exercise="count_updates" fails=["updates with the full batch", "why the loss is still falling"]
# Updates are counted by rows, so both programs seem to make the same number or more.
updates = {"full_batch": 34100, "batches_of_32": 1100, "why": "d"}


# %% forgets zero_grad exercise="train" fails=["two full-batch epochs are two exact steps", "the same seed, the same run", "two exact steps from random starts"]
# backward() is believed to set the gradient; it adds to it.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total / len(X))
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% counts a logit of zero as negative exercise="train" fails=["validation: loss and accuracy"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total / len(X))
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits > 0).float() == y_valid).float().mean().item())
    return history


# %% never leaves evaluation mode exercise="train" fails=["training with dropout, in every epoch"]
# The mode is set once before the loop; the evaluation after the first epoch switches it for good.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    model.train()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total / len(X))
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% validates in training mode exercise="train" fails=["validation without dropout"]
# no_grad is believed to switch dropout off.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total / len(X))
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% mean of the batch means exercise="train" fails=["the training loss is the mean over samples", "other sizes"]
# All batches are believed to have the same size.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() / -(-len(X) // batch_size)
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total)
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% takes the rows in order exercise="train" fails=["the rows are shuffled in every epoch"]
# The table is believed to be in random order already.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.arange(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["train_loss"].append(total / len(X))
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% records once a batch exercise="train" fails=["one number for each epoch", "the training loss is the mean over samples", "other sizes"]
# The history is filled in the inner loop.
def train(model, X, y, X_valid, y_valid, epochs, batch_size, lr, seed=0):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            history["train_loss"].append(loss.item())
        model.eval()
        with torch.no_grad():
            logits = model(X_valid)
        history["valid_loss"].append(F.binary_cross_entropy_with_logits(logits, y_valid).item())
        history["valid_accuracy"].append(((logits >= 0).float() == y_valid).float().mean().item())
    return history


# %% zeroes between backward and step exercise="overfit_one_batch" fails=["two steps are two exact steps", "32 digits are learned by heart", "other batches"]
# zero_grad stands in the loop, so its place is believed not to matter; every step is taken with a gradient of zero.
def overfit_one_batch(model, X, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% a softmax before cross_entropy exercise="overfit_one_batch" fails=["the first loss is that of the fresh network", "two steps are two exact steps", "32 digits are learned by heart", "other batches"]
# cross_entropy is believed to want probabilities.
def overfit_one_batch(model, X, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X).softmax(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% the loss after the step exercise="overfit_one_batch" fails=["the first loss is that of the fresh network", "other batches"]
# The order of looking and stepping is believed not to matter.
def overfit_one_batch(model, X, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(F.cross_entropy(model(X), y).item())
    return losses


# %% takes the floor for bad luck exercise="read_losses" fails=["curve 1", "curve 3"]
# A curve that falls is believed to be healthy; the one that goes to zero is believed to be too good.
curves_read = {"curve 1": "a", "curve 2": "d", "curve 3": "c", "curve 4": "b", "first_loss": math.log(10)}

# %% cannot tell a tremble from a standstill exercise="read_losses" fails=["curve 2", "curve 4"]
# Two curves that do not fall are believed to have the same cause, either way round.
curves_read = {"curve 1": "c", "curve 2": "b", "curve 3": "a", "curve 4": "d", "first_loss": 2.3026}

# %% starts ten classes at ln 2 exercise="read_losses" fails=["the first loss with ten classes"]
# ln 2 is remembered as the loss of any fresh network.
curves_read = {"curve 1": "c", "curve 2": "d", "curve 3": "a", "curve 4": "b", "first_loss": math.log(2)}


# %% does not put the mode back exercise="fix_evaluate" fails=["the mode is put back"]
# Evaluation comes last, so nobody is believed to train afterwards.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
            correct += ((logits >= 0).float() == y[rows]).sum().item()
    return {"loss": loss / len(X), "accuracy": correct / len(X)}


# %% evaluates a logit of zero as negative exercise="fix_evaluate" fails=["in evaluation mode, with one batch"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
            correct += ((logits > 0).float() == y[rows]).sum().item()
    model.train(mode)
    return {"loss": loss / len(X), "accuracy": correct / len(X)}


# %% always goes back to training exercise="fix_evaluate" fails=["the mode is put back"]
# A model that is evaluated is believed to be in training otherwise.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
            correct += ((logits >= 0).float() == y[rows]).sum().item()
    model.train()
    return {"loss": loss / len(X), "accuracy": correct / len(X)}


# %% no_grad in place of eval exercise="fix_evaluate" fails=["dropout is off while evaluating", "the running averages stay as they were", "other batches"]
# no_grad is believed to switch dropout and batch normalisation to evaluation.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
            correct += ((logits >= 0).float() == y[rows]).sum().item()
    model.train(mode)
    return {"loss": loss / len(X), "accuracy": correct / len(X)}


# %% eval in place of no_grad exercise="fix_evaluate" fails=["no gradients are recorded"]
# eval() is believed to stop the recording of gradients.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    model.eval()
    loss, correct = 0.0, 0
    if True:
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
            correct += ((logits >= 0).float() == y[rows]).sum().item()
    model.train(mode)
    return {"loss": loss / len(X), "accuracy": correct / len(X)}


# %% averages the batches exercise="fix_evaluate" fails=["the size of the batches does not matter", "other batches"]
# The mean of the batches is believed to be the mean of the rows.
class Watched(torch.nn.Module):
    def __init__(self, n_in, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_in, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)
        )
        self.recorded = False

    def forward(self, X):
        self.recorded = torch.is_grad_enabled()
        return self.layers(X).squeeze(1)


def evaluate(model, X, y, batch_size=32):
    mode = model.training
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(X)).split(batch_size):
            logits = model(X[rows])
            loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="mean").item()
            correct += ((logits >= 0).float() == y[rows]).float().mean().item()
    model.train(mode)
    return {"loss": loss / -(-len(X) // batch_size), "accuracy": correct / -(-len(X) // batch_size)}


# %% takes the last epoch of the best run exercise="fix_selection" fails=["equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# The run is chosen by its best validation loss, but what is reported is the end of the run.
def choose_and_report(runs):
    run = min(runs, key=lambda r: min(r["valid_loss"]))
    epoch = len(run["valid_loss"]) - 1
    return {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": run["test_accuracy"][epoch]}


# %% highest validation loss exercise="fix_selection" fails=["the validation loss chooses", "equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# `max` stays when the list is exchanged: scores and losses are not told apart.
def choose_and_report(runs):
    places = [(run, epoch) for run in runs for epoch in range(len(run["valid_loss"]))]
    run, epoch = max(places, key=lambda place: place[0]["valid_loss"][place[1]])
    return {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": run["test_accuracy"][epoch]}


# %% best run by validation, best epoch by test exercise="fix_selection" fails=["the validation loss chooses", "other test results, same choice", "equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# Only the choice of the network is believed to be a choice.
def choose_and_report(runs):
    run = min(runs, key=lambda r: min(r["valid_loss"]))
    epoch = max(range(len(run["test_accuracy"])), key=lambda e: run["test_accuracy"][e])
    return {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": run["test_accuracy"][epoch]}


# %% saves the model itself exercise="checkpoint" fails=["bytes that weights_only can read", "the weights in the file are the model's"]
# The object is believed to be the thing to keep.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": model, "mean": mean, "std": std}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data), weights_only=False)
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"].state_dict())
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))


# %% forgets evaluation mode after loading exercise="checkpoint" fails=["dropout is off after loading"]
# A loaded model is believed to be in evaluation mode.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data), weights_only=True)
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"])
    with torch.no_grad():
        return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))


# %% opens whatever it is given exercise="checkpoint" fails=["bytes that weights_only can read"]
# The file was written by `pack`, so it is believed to be harmless, whoever hands it over.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data), weights_only=False)
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"])
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))


# %% feeds raw measurements exercise="checkpoint" fails=["predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# The scaler is believed to belong to training.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data), weights_only=True)
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"])
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(X_raw))


# %% scales by the rows at hand exercise="checkpoint" fails=["predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# Standardising is believed to mean the mean of whatever comes in.
def pack(model, config, mean, std):
    file = io.BytesIO()
    torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
    return file.getvalue()


def predict_from(data, X_raw):
    loaded = torch.load(io.BytesIO(data), weights_only=True)
    model = MLP(**loaded["config"])
    model.load_state_dict(loaded["state"])
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model((X_raw - X_raw.mean(0)) / X_raw.std(0, correction=0)))


# %% the program without zero_grad exercise="fix_program" fails=["one update is one gradient step"]
# Everything else is repaired, and it learns; so the loop is believed to be right.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program with ReLU on the inputs exercise="fix_program" fails=["one logit for each row"]
# ReLU is believed to clean the inputs; it hides everything below the mean, and the network stays linear behind it.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.ReLU(), torch.nn.Linear(X_train.shape[1], 16), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that calls a logit of zero benign exercise="fix_program" fails=["the reported accuracy is that of the logits"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits > 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that takes the last of equals exercise="fix_program" fails=["the lowest validation loss chooses the epoch"]
# Longer training is believed to be better when the loss says nothing.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] <= valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that never goes back to training exercise="fix_program" fails=["dropout: on in training, off in the results"]
# A new module is in training mode, so train() is believed to be needless; the first evaluation ends that.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that chooses by test accuracy exercise="fix_program" fails=["the lowest validation loss chooses the epoch", "nothing of the test part is used for training or choosing"]
# The best epoch is believed to be the one with the best reported number.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
            accuracy = ((model(X_test) >= 0).float() == y_test).float().mean().item()
        if best_state is None or accuracy > best_accuracy:
            best_accuracy, best_epoch, best_state = accuracy, epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that keeps a reference exercise="fix_program" fails=["the results are those of the chosen epoch"]
# state_dict() is believed to be a snapshot.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, model.state_dict()
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that scales with all rows exercise="fix_program" fails=["one update is one gradient step", "dropout: on in training, off in the results", "nothing of the test part is used for training or choosing"]
# Mean and deviation are believed to be harmless; no label is in them.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    everything = torch.cat([X_train, X_valid, X_test])
    mean, std = everything.mean(0), everything.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program without eval exercise="fix_program" fails=["dropout: on in training, off in the results", "the results are those of the chosen epoch"]
# no_grad is believed to be enough.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program with the full batch exercise="fix_program" fails=["updates: one for each batch", "other tables"]
# An epoch is believed to be one update.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(len(X_train)):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program with an accuracy in per cent exercise="fix_program" fails=["the reported accuracy is that of the logits", "the real tumours", "other tables"]
# A per cent is believed to be a unit that everybody expects.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = 100 * ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip


# %% the program that rounds logits exercise="fix_program" fails=["the reported accuracy is that of the logits", "the real tumours", "other tables"]
# round() is believed to make labels of whatever comes out.
def run_experiment(X_train, y_train, X_valid, y_valid, X_test, y_test, epochs=20, batch_size=32, lr=0.1, dropout=0.2, seed=0):
    torch.manual_seed(seed)
    mean, std = X_train.mean(0), X_train.std(0, correction=0)
    X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
    model = torch.nn.Sequential(
        torch.nn.Linear(X_train.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 1), torch.nn.Flatten(0)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    valid_loss, updates, best_epoch, best_state = [], 0, 0, None
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(X_train)).split(batch_size):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
            updates += 1
        model.eval()
        with torch.no_grad():
            valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
        if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
            best_epoch, best_state = epoch, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    with torch.no_grad():
        valid_logits, test_logits = model(X_valid), model(X_test)
    test_accuracy = (test_logits.round() == y_test).sum().item() / len(y_test)
    return {"model": model, "updates": updates, "valid_loss": valid_loss, "best_epoch": best_epoch,
            "valid_logits": valid_logits, "test_logits": test_logits, "test_accuracy": test_accuracy}  # fmt: skip

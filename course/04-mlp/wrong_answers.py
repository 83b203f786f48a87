# %% keeps the sign after ReLU exercise="forward_by_hand" fails=["the hidden layer after ReLU", "the logits", "the probabilities", "the mean loss"]
# The hidden values are taken to be z1 itself: ReLU is forgotten, and all that follows is off.
# -     "hidden": [[2, 0], [2, 1]],
# -     "logits": [0, math.log(3)],
# -     "probabilities": [1 / 2, 3 / 4],
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "hidden": [[2, -1], [2, 1]],
# +     "logits": [-math.log(3), math.log(3)],
# +     "probabilities": [1 / 4, 3 / 4],
# +     "loss": (math.log(4) + math.log(4)) / 2,

# %% multiplies with the transposed weights exercise="forward_by_hand" fails=["the hidden layer before ReLU", "the hidden layer after ReLU", "the logits", "the probabilities", "the mean loss"]
# The rows of W1 are taken for the hidden units.
forward_hand = {
    "z1": [[-2, 1], [0, 7]],
    "hidden": [[0, 1], [0, 7]],
    "logits": [math.log(3) + 2, 7 * math.log(3) + 2],
    "probabilities": [0.957, 0.99994],
    "loss": 4.87,
}

# %% adds the losses of the batch exercise="forward_by_hand" fails=["the mean loss"]
# The loss of a batch is believed to be the sum over its samples.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": math.log(2) + math.log(4),

# %% takes every label for 1 exercise="forward_by_hand" fails=["the mean loss"]
# The loss is remembered as minus the logarithm of the probability, without its second half.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": (math.log(2) + math.log(4 / 3)) / 2,

# %% rounds the logarithm exercise="forward_by_hand" fails=["the mean loss"]
# Two decimals are believed to be enough.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": 1.04,

# %% forgets to divide by the batch exercise="backward_by_hand" fails=["the gradient of the two logits", "the gradient of w2", "the gradient of b2", "the gradient of W1", "the gradient of b1"]
# The gradient of the sum of the losses is taken instead of that of their mean.
backward_hand = {
    "d_logits": [-1 / 2, 3 / 4],
    "w2": [1 / 2, 3 / 4],
    "b2": 1 / 4,
    "W1": [[-7 / 4, 9 / 4 * math.log(3)], [1 / 4, 3 / 4 * math.log(3)]],
    "b1": [-1 / 4, 3 / 4 * math.log(3)],
}

# %% lets the gradient through a unit that is off exercise="backward_by_hand" fails=["the gradient of W1", "the gradient of b1"]
# ReLU is taken into account on the way forward only.
# -     "W1": [[-7 / 8, 9 / 8 * math.log(3)], [1 / 8, 3 / 8 * math.log(3)]],
# -     "b1": [-1 / 8, 3 / 8 * math.log(3)],
# +     "W1": [[-7 / 8, 7 / 8 * math.log(3)], [1 / 8, -1 / 8 * math.log(3)]],
# +     "b1": [-1 / 8, 1 / 8 * math.log(3)],

# %% takes label minus probability exercise="backward_by_hand" fails=["the gradient of the two logits", "the gradient of w2", "the gradient of b2", "the gradient of W1", "the gradient of b1"]
# The direction to move is confused with the gradient, which points uphill.
backward_hand = {
    "d_logits": [1 / 4, -3 / 8],
    "w2": [-1 / 4, -3 / 8],
    "b2": -1 / 8,
    "W1": [[7 / 8, -9 / 8 * math.log(3)], [-1 / 8, -3 / 8 * math.log(3)]],
    "b1": [1 / 8, -3 / 8 * math.log(3)],
}

# %% transposes the gradient of W1 exercise="backward_by_hand" fails=["the gradient of W1"]
# Rows are taken for units and columns for inputs, as in the weight of torch.nn.Linear.
# -     "W1": [[-7 / 8, 9 / 8 * math.log(3)], [1 / 8, 3 / 8 * math.log(3)]],
# +     "W1": [[-7 / 8, 1 / 8], [9 / 8 * math.log(3), 3 / 8 * math.log(3)]],

# %% sums the batch in NumPy exercise="numpy_network" fails=["backward: your batch of two rows", "backward: equal to autograd", "networks of other sizes"]
# With one row the missing division by n does not show.
# - d_logits = (p - y) / len(X)
# + d_logits = p - y

# %% no mask in NumPy exercise="numpy_network" fails=["backward: the example of the lesson", "backward: your batch of two rows", "backward: equal to autograd", "networks of other sizes"]
# The derivative of ReLU is left out.
# - d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
# + d_z1 = np.outer(d_logits, params["w2"])

# %% forgets ReLU in NumPy exercise="numpy_network" fails=["forward: the example of the lesson", "forward: many rows, as PyTorch computes them", "backward: the example of the lesson", "backward: your batch of two rows", "backward: equal to autograd", "networks of other sizes"]
# Two linear layers are believed to be a network.
# - hidden = np.maximum(z1, 0)
# + hidden = z1

# %% changes z1 in place exercise="numpy_network" fails=["forward: the example of the lesson", "forward: many rows, as PyTorch computes them"]
# hidden = z1 is believed to make a copy.
# - hidden = np.maximum(z1, 0)
# + hidden = z1
# + hidden[hidden < 0] = 0

# %% does not look at the shape of the labels exercise="numpy_network" fails=["labels of shape (n, 1) are refused"]
# Whoever calls the function is trusted to pass the right shape.
# - if np.shape(y) != (len(X),):
# -     raise ValueError(f"y should have shape ({len(X)},), not {np.shape(y)}")
# + y = np.reshape(y, -1)

# %% leaves the shapes to NumPy exercise="numpy_network" fails=["labels of shape (n, 1) are refused"]
# NumPy is believed to refuse what does not fit. With one row, or one label, everything fits.
# - if np.shape(y) != (len(X),):
# -     raise ValueError(f"y should have shape ({len(X)},), not {np.shape(y)}")
# +

# %% counts exactly zero as on exercise="numpy_network" fails=["backward: only units that are on"]
# The mask is written as z1 >= 0.
# - d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
# + d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] >= 0)

# %% one bias gradient for all units exercise="numpy_network" fails=["backward: the example of the lesson", "backward: your batch of two rows", "backward: equal to autograd", "networks of other sizes"]
# The sum runs over both axes; it broadcasts, so nothing complains.
# -     "b1": d_z1.sum(axis=0),
# +     "b1": d_z1.sum(),

# %% the formula as it stands in books exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# A formula that is right on paper is believed to be right on a computer.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + p = 1 / (1 + np.exp(-logits))
# + return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))

# %% clips the probability exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# Keeping p away from 0 and 1 avoids the error message, so the loss is believed to be right.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + p = np.clip(1 / (1 + np.exp(-np.clip(logits, -500, 500))), 1e-7, 1 - 1e-7)
# + return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))

# %% stable, but summed exercise="stable_bce" fails=["the mean over the samples", "random logits of all sizes"]
# The loss of a batch is believed to be a sum.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.sum(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))

# %% log of one plus instead of log1p exercise="stable_bce" fails=["a tiny cost is not rounded away"]
# log(1 + a) is believed to be as good as log1p(a).
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.maximum(logits, 0) - y * logits + np.log(1 + np.exp(-np.abs(logits)))))

# %% the formula before the last step exercise="stable_bce" fails=["sure and wrong: the logit itself", "sure and right: no cost", "a tiny cost is not rounded away", "random logits of all sizes"]
# log1p is believed to make every formula around it stable.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.log1p(np.exp(logits)) - y * logits))

# %% leaves the small term out exercise="stable_bce" fails=["a logit of 0 costs ln 2", "the mean over the samples", "a tiny cost is not rounded away", "lists are welcome, shapes that differ are not", "random logits of all sizes"]
# The last term is believed to be rounding.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.maximum(logits, 0) - y * logits))

# %% does not compare the shapes exercise="stable_bce" fails=["lists are welcome, shapes that differ are not"]
# NumPy is believed to complain about shapes that do not match; it broadcasts them.
# - if logits.shape != y.shape:
# -     raise ValueError(f"shapes differ: {logits.shape} and {y.shape}")
# +

# %% takes arrays only exercise="stable_bce" fails=["lists are welcome, shapes that differ are not"]
# A list is believed to have a shape.
# - logits, y = np.asarray(logits), np.asarray(y)
# +

# %% believes that both losses are the same exercise="saturated" fails=["the loss from a saturated sigmoid", "the gradient from a saturated sigmoid"]
# Two formulas that are equal on paper are believed to be equal in 32 bits.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 1, "loss_from_sigmoid": 50, "gradient_from_sigmoid": 1}

# %% believes that a larger loss pulls harder exercise="saturated" fails=["the gradient from logits", "the gradient from a saturated sigmoid"]
# The gradient is taken to grow with the loss.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 50, "loss_from_sigmoid": 100, "gradient_from_sigmoid": 100}

# %% believes that every loss is cut off exercise="saturated" fails=["the loss from logits", "the gradient from logits"]
# The cap of BCELoss is taken for a property of the cross-entropy.
saturated = {"loss_from_logits": 100, "gradient_from_logits": 0, "loss_from_sigmoid": 100, "gradient_from_sigmoid": 0}

# %% divides by the largest weight exercise="softmax_by_hand" fails=["the probabilities of each row", "the mean loss of the batch", "the gradient of the mean loss"]
# Softmax is believed to set the largest to 1.
softmax_hand = {
    "probabilities": [[1 / 3, 2 / 3, 1], [1, 1 / 4, 1 / 4]],
    "loss": (0 + math.log(4)) / 2,
    "gradient": [[1 / 6, 1 / 3, 0], [1 / 2, -3 / 8, 1 / 8]],
}

# %% forgets the mean over the rows exercise="softmax_by_hand" fails=["the mean loss of the batch", "the gradient of the mean loss"]
# Each row is differentiated on its own, and the batch is added up.
# -     "loss": (math.log(2) + math.log(6)) / 2,
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "loss": math.log(2) + math.log(6),
# +     "gradient": [[1 / 6, 1 / 3, -1 / 2], [2 / 3, -5 / 6, 1 / 6]],

# %% only the right class gets a gradient exercise="softmax_by_hand" fails=["the gradient of the mean loss"]
# The loss names one class only, so the other logits are believed not to matter.
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "gradient": [[0, 0, -1 / 4], [0, -5 / 12, 0]],

# %% counts the classes from 1 exercise="softmax_by_hand" fails=["the mean loss of the batch", "the gradient of the mean loss"]
# Class 2 is taken for the second column.
# -     "loss": (math.log(2) + math.log(6)) / 2,
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "loss": (math.log(3) + math.log(3 / 2)) / 2,
# +     "gradient": [[1 / 12, -1 / 3, 1 / 4], [-1 / 6, 1 / 12, 1 / 12]],

# %% squeezes every axis exercise="mlp_module" fails=["a single row keeps its batch axis"]
# squeeze() is believed to take away the last axis only.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.squeeze() if logits.shape[1] == 1 else logits

# %% makes every output flat exercise="mlp_module" fails=["ten classes: shape (n, 10)", "random networks for several classes"]
# Labels are flat, so logits are made flat, whatever the number of classes.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.reshape(-1)

# %% ends in a sigmoid exercise="mlp_module" fails=["your network on paper gives your logits", "training mode: dropout works on the hidden values", "random networks", "random networks for several classes", "other shares of dropout"]
# A classifier is believed to return probabilities.
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = torch.sigmoid(self.out(self.dropout(torch.relu(self.hidden(X)))))

# %% ends in a softmax for several classes exercise="mlp_module" fails=["random networks for several classes"]
# Two classes get a logit; several classes are believed to need probabilities.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.squeeze(1) if logits.shape[1] == 1 else logits.softmax(1)

# %% leaves the output a column exercise="mlp_module" fails=["your network on paper gives your logits", "one logit a row: shape (n,)", "a single row keeps its batch axis"]
# The shape that Linear gives is taken as it comes.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits

# %% the function dropout without its mode exercise="mlp_module" fails=["evaluation mode: dropout does nothing"]
# F.dropout is believed to know the mode; its `training` is True unless one passes it.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.share = dropout
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.out(F.dropout(torch.relu(self.hidden(X)), self.share))

# %% always drops a half exercise="mlp_module" fails=["other shares of dropout"]
# The default share of torch.nn.Dropout is taken for the one that was asked for.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.dropout = torch.nn.Dropout() if dropout else torch.nn.Identity()

# %% drops without scaling exercise="mlp_module" fails=["training mode: dropout works on the hidden values", "other shares of dropout"]
# Dropout is written by hand; the factor that keeps the mean is forgotten.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.share = dropout
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + on = torch.relu(self.hidden(X))
# + logits = self.out(on * (torch.rand_like(on) >= self.share) if self.training else on)

# %% takes the share for the part that stays exercise="mlp_module" fails=["other shares of dropout"]
# In other libraries the number has been the share that is kept.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.dropout = torch.nn.Dropout(1 - dropout if dropout else 0.0)

# %% drops the logits exercise="mlp_module" fails=["training mode: dropout works on the hidden values"]
# Dropout is put behind the last layer.
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.dropout(self.out(torch.relu(self.hidden(X))))

# %% names the layers as others do exercise="mlp_module" fails=["four parameters with the right shapes", "your network on paper gives your logits", "evaluation mode: dropout does nothing", "training mode: dropout works on the hidden values", "random networks", "random networks for several classes", "other shares of dropout"]
# Names are believed not to matter; a state dict is made of them.
# - self.hidden = torch.nn.Linear(n_in, n_hidden)
# - self.dropout = torch.nn.Dropout(dropout)
# - self.out = torch.nn.Linear(n_hidden, n_out)
# + self.fc1, self.fc2 = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
# + self.dropout = torch.nn.Dropout(dropout)
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.fc2(self.dropout(torch.relu(self.fc1(X))))

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
# - logits = model(X).squeeze(1)
# + logits = model(X)

# %% calls a half no decision for class 1 exercise="fix_shapes" fails=["the accuracy is that of the probabilities"]
# Above and at least are believed to be the same, since a probability is never exactly 1/2. A torn network says just that.
# - predicted = (probability >= 0.5).float()
# + predicted = (probability > 0.5).float()

# %% the first program without zero_grad exercise="fix_shapes" fails=["one row of training, one row to score"]
# The shapes are repaired; a line that seems to do nothing is dropped on the way.
# -         optimizer.zero_grad()
# +

# %% repairs only the loss exercise="fix_shapes" fails=["one probability for each row", "the accuracy is that of the probabilities", "the real tumours: better than a constant", "other sizes and labels"]
# The labels are made a column for the loss, and the same fault further down is overlooked.
# - logits = model(X).squeeze(1)
# - loss = (F.softplus(logits) - y * logits).mean()
# + logits = model(X)
# + loss = (F.softplus(logits) - y[:, None] * logits).mean()
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new))

# %% divides by the number of pairs exercise="fix_shapes" fails=["one probability for each row", "the loss compares each output with its own label", "the accuracy is that of the probabilities", "the real tumours: better than a constant", "other sizes and labels"]
# An accuracy above one is cured by taking the mean of the whole table; the comparison of all pairs stays.
# - logits = model(X).squeeze(1)
# + logits = model(X)
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new))
# - accuracy = (predicted == y_new).sum().item() / len(y_new)
# + accuracy = (predicted == y_new).float().mean().item()

# %% squeezes the batch away exercise="fix_shapes" fails=["one probability for each row"]
# squeeze() is believed to take away the last axis only.
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new)).squeeze()

# %% keeps the sigmoid in the model exercise="fix_outputs" fails=["the loss can get small"]
# The second sigmoid is taken out where the probability is computed, and left where the loss is.
# -     torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
# +     torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1), torch.nn.Sigmoid()
# - probability = torch.sigmoid(model(X_new).squeeze(1))
# + probability = model(X_new).squeeze(1)

# %% takes the sigmoid of the probability exercise="fix_outputs" fails=["the loss can get small", "benign tumours get small probabilities"]
# The loss is repaired; the extra sigmoid is moved behind the model instead of dropped.
# - probability = torch.sigmoid(model(X_new).squeeze(1))
# + probability = torch.sigmoid(torch.sigmoid(model(X_new).squeeze(1)))

# %% rounds the right probabilities exercise="fix_outputs" fails=["the threshold decides", "random thresholds"]
# The sigmoids are repaired; round() is taken for the definition of a decision.
# - label = (probability >= threshold).long()
# + label = probability.round().long()

# %% thresholds the logits exercise="fix_outputs" fails=["the threshold decides", "random thresholds"]
# A threshold for probabilities is compared with logits.
# - label = (probability >= threshold).long()
# + label = (torch.logit(probability) >= threshold).long()

# %% strictly above the threshold exercise="fix_outputs" fails=["a probability equal to the threshold is positive"]
# Above and at least are believed to be the same for floats.
# - label = (probability >= threshold).long()
# + label = (probability > threshold).long()

# %% squeezes the only row away exercise="fix_outputs" fails=["labels are integers, one for each row"]
# squeeze() is believed to take away the last axis only.
# - probability = torch.sigmoid(model(X_new).squeeze(1))
# + probability = torch.sigmoid(model(X_new).squeeze())

# %% labels that are floats exercise="fix_outputs" fails=["labels are integers, one for each row"]
# Labels are floats in the training data, so decisions are made floats too.
# - label = (probability >= threshold).long()
# + label = (probability >= threshold).float()

# %% reports the loss of the step before exercise="fix_outputs" fails=["the loss fits the probabilities"]
# The last loss of a loop of `steps` steps is taken for that of the weights behind it.
# - for step in range(steps + 1):
# + for step in range(steps):
# -     if step < steps:
# -         optimizer.zero_grad()
# -         loss.backward()
# -         optimizer.step()
# +     optimizer.zero_grad()
# +     loss.backward()
# +     optimizer.step()

# %% forgets zero_grad in the classifier exercise="fix_outputs" fails=["the loss can get small"]
# The loss falls without zero_grad as well, so it is believed to be needless.
# -         optimizer.zero_grad()
# +

# %% scales, and lets gradients pile up exercise="fix_descent" fails=["a second step uses only its own gradient", "the real tumours: the loss only falls", "random tables"]
# The explosion is gone, so the loop is believed to be right.
# -     w.grad = b.grad = None
# +

# %% zeroes, and takes the columns as they are exercise="fix_descent" fails=["the unit of a column does not matter", "a constant column becomes zeros", "the real tumours: the loss only falls", "random tables"]
# Weights are believed to find the scale of their column by themselves.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# - X = (X - X.mean(0)) / std
# +

# %% divides by zero exercise="fix_descent" fails=["a constant column becomes zeros"]
# Every column is believed to vary.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# + std = X.std(0, correction=0)

# %% the unbiased standard deviation exercise="fix_descent" fails=["a second step uses only its own gradient", "a constant column becomes zeros", "random tables"]
# The default of torch.std divides by n - 1.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# + std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0))

# %% zeroes the weight's gradient only exercise="fix_descent" fails=["the real tumours: the loss only falls", "random tables"]
# The bias is forgotten: its gradients pile up.
# -     w.grad = b.grad = None
# +     w.grad = None

# %% notes the loss behind the step exercise="fix_descent" fails=["the first loss is ln 2"]
# The order of looking and stepping is believed not to matter.
# -     losses.append(loss.item())
# +     with torch.no_grad():
# +         losses.append(F.binary_cross_entropy_with_logits(X @ w + b, y).item())

# %% starts from random weights exercise="fix_descent" fails=["a second step uses only its own gradient", "a constant column becomes zeros", "random tables"]
# A network starts from random weights, so logistic regression is believed to need them too.
# - w = torch.zeros(X.shape[1], requires_grad=True)
# + w = (torch.randn(X.shape[1], generator=torch.Generator().manual_seed(0)) / 2).requires_grad_(True)

# %% drops the last batch exercise="minibatches" fails=["five rows in batches of 2, 2 and 1", "every row once in every epoch", "random sizes"]
# All batches are believed to need the same size; as the rows are shuffled, another few go missing in each epoch.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + orders = [torch.randperm(n_samples, generator=own).split(batch_size) for _ in range(epochs)]
# + return [[rows for rows in cut if len(rows) == batch_size] for cut in orders]

# %% draws with replacement exercise="minibatches" fails=["every row once in every epoch", "random sizes"]
# A random row number in each place is believed to be a shuffle.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + drawn = [torch.randint(0, n_samples, (n_samples,), generator=own) for _ in range(epochs)]
# + return [list(rows.split(batch_size)) for rows in drawn]

# %% shuffles the batches, not the rows exercise="minibatches" fails=["five rows in batches of 2, 2 and 1", "shuffled: a batch holds rows from everywhere", "each epoch has an order of its own", "random sizes"]
# The order of the batches is random, but each holds neighbours.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + cut = torch.arange(n_samples).split(batch_size)
# + return [[cut[i] for i in torch.randperm(len(cut), generator=own)] for _ in range(epochs)]

# %% does not shuffle exercise="minibatches" fails=["shuffled: a batch holds rows from everywhere", "each epoch has an order of its own", "the same seed, the same orders; another seed, other orders"]
# The order of the file is taken to be random already.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + return [list(torch.arange(n_samples).split(batch_size)) for _ in range(epochs)]

# %% shuffles once exercise="minibatches" fails=["each epoch has an order of its own"]
# One shuffle before the loop is believed to be enough.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + order = torch.randperm(n_samples, generator=own)
# + return [list(order.split(batch_size)) for _ in range(epochs)]

# %% turns one order round exercise="minibatches" fails=["each epoch has an order of its own"]
# A shifted order is believed to be another one; the batches keep their rows nearly as they were.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + order = torch.randperm(n_samples, generator=own)
# + return [list(order.roll(k).split(batch_size)) for k in range(epochs)]

# %% makes a new generator in every epoch exercise="minibatches" fails=["each epoch has an order of its own"]
# Seeding again is believed to be harmless; every epoch has the same order then.
# - own = torch.Generator().manual_seed(seed)
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + cut = []
# + for _ in range(epochs):
# +     own = torch.Generator().manual_seed(seed)
# +     cut.append(list(torch.randperm(n_samples, generator=own).split(batch_size)))
# + return cut

# %% seeds everybody's generator exercise="minibatches" fails=["nobody else's random numbers change"]
# torch.manual_seed is believed to concern this function only.
# - own = torch.Generator().manual_seed(seed)
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + torch.manual_seed(seed)
# + return [list(torch.randperm(n_samples).split(batch_size)) for _ in range(epochs)]

# %% ignores the seed exercise="minibatches" fails=["the same seed, the same orders; another seed, other orders"]
# A generator of one's own is believed to be enough; it starts from the same default seed each time.
# - own = torch.Generator().manual_seed(seed)
# + own = torch.Generator()

# %% row numbers in lists exercise="minibatches" fails=["row numbers are int64 tensors"]
# A list of numbers indexes a tensor as well.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + orders = [torch.randperm(n_samples, generator=own).split(batch_size) for _ in range(epochs)]
# + return [[rows.int() for rows in cut] for cut in orders]

# %% cuts batches of one for nothing exercise="minibatches" fails=["a batch size below 1 is refused"]
# A batch size below 1 is repaired instead of refused.
# - if batch_size < 1:
# -     raise ValueError(f"a batch has at least one row, not {batch_size}")
# + batch_size = max(1, batch_size)

# %% forgets zero_grad exercise="train" fails=["two full-batch epochs are two exact steps", "the same seed, the same run", "two exact steps from random starts"]
# backward() is believed to set the gradient; it adds to it.
# -             optimizer.zero_grad()
# +

# %% zeroes between backward and step exercise="train" fails=["two full-batch epochs are two exact steps", "the real tumours are learned", "two exact steps from random starts"]
# zero_grad stands in the loop, so its place is believed not to matter; every step is taken with a gradient of zero.
# -         optimizer.zero_grad()
# -         loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# -         loss.backward()
# +         loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# +         loss.backward()
# +         optimizer.zero_grad()

# %% counts a logit of zero as negative exercise="train" fails=["validation: loss and accuracy"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# - accuracy = ((logits >= 0).float() == y_valid).float().mean().item()
# + accuracy = ((logits > 0).float() == y_valid).float().mean().item()

# %% sets the seed in every epoch exercise="train" fails=["training with dropout, in every epoch"]
# Repeatable is believed to mean that every epoch draws the same.
# - model.train()
# - total = 0.0
# + torch.manual_seed(seed)
# + model.train()
# + total = 0.0

# %% never leaves evaluation mode exercise="train" fails=["training with dropout, in every epoch"]
# The mode is set once before the loop; the evaluation after the first epoch switches it for good.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# -     model.train()
# + model.train()
# + for batches in minibatches(len(X), batch_size, epochs, seed):

# %% validates in training mode exercise="train" fails=["validation without dropout"]
# no_grad is believed to switch dropout off.
# -     model.eval()
# +

# %% records gradients on the validation part exercise="train" fails=["validation without gradients"]
# eval() is believed to stop the recording of gradients.
# -     with torch.no_grad():
# -         logits = model(X_valid)
# +     logits = model(X_valid)

# %% the loss after the update exercise="train" fails=["losses are taken at the right moment"]
# The loss is computed once more behind the step, and taken for that of the batch.
# -             total += loss.item() * len(rows)
# +             with torch.no_grad():
# +                 loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# +             total += loss.item() * len(rows)

# %% validates before it trains exercise="train" fails=["losses are taken at the right moment"]
# Where the look at the validation part stands is believed not to matter.
# -         model.train()
# -         total = 0.0
# +         model.eval()
# +         with torch.no_grad():
# +             early = model(X_valid)
# +         model.train()
# +         total = 0.0
# -         model.eval()
# -         with torch.no_grad():
# -             logits = model(X_valid)
# +         logits = early

# %% clips without being asked exercise="train" fails=["two exact steps from random starts"]
# Clipping is taken for a part of every loop.
# -             loss.backward()
# +             loss.backward()
# +             torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

# %% mean of the batch means exercise="train" fails=["the training loss is the mean over samples", "other sizes"]
# All batches are believed to have the same size.
# -             total += loss.item() * len(rows)
# +             total += loss.item() / len(batches)
# - history["train_loss"].append(total / len(X))
# + history["train_loss"].append(total)

# %% the loss of the last batch exercise="train" fails=["the training loss is the mean over samples", "other sizes"]
# `loss` still holds a value after the inner loop, and it is taken for that of the epoch.
# - history["train_loss"].append(total / len(X))
# + history["train_loss"].append(loss.item())

# %% takes the rows in order exercise="train" fails=["each epoch has an order of its own", "the seed decides the orders"]
# The table is believed to be in random order already.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in [torch.arange(len(X)).split(batch_size)] * epochs:

# %% shuffles once before all epochs exercise="train" fails=["each epoch has an order of its own"]
# One shuffle is believed to be enough.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in minibatches(len(X), batch_size, 1, seed) * epochs:

# %% one order for all seeds exercise="train" fails=["the seed decides the orders"]
# torch.manual_seed is believed to reach a generator of one's own.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in minibatches(len(X), batch_size, epochs, 0):

# %% leaves dropout unseeded exercise="train" fails=["the same seed, the same run"]
# The orders are seeded, so the run is believed to repeat.
# - torch.manual_seed(seed)
# +

# %% drops the last rows exercise="train" fails=["the training loss is the mean over samples", "every row once in every epoch", "each epoch has an order of its own", "other sizes"]
# A batch that is not full is believed to disturb the training.
# -     for rows in batches:
# +     for rows in [b for b in batches if len(b) == batch_size or len(X) < batch_size]:

# %% records once a batch exercise="train" fails=["one number for each epoch", "the training loss is the mean over samples", "other sizes"]
# The history is filled in the inner loop.
# -             total += loss.item() * len(rows)
# +             history["train_loss"].append(loss.item())
# - history["train_loss"].append(total / len(X))
# +

# %% takes the floor for bad luck exercise="read_losses" fails=["curve 1", "curve 3"]
# A curve that falls is believed to be healthy; the one that goes to zero is believed to be too good.
curves_read = {"curve 1": "a", "curve 2": "d", "curve 3": "c", "curve 4": "b", "first_loss": math.log(10)}

# %% cannot tell a tremble from a standstill exercise="read_losses" fails=["curve 2", "curve 4"]
# Two curves that do not fall are believed to have the same cause, either way round.
curves_read = {"curve 1": "c", "curve 2": "b", "curve 3": "a", "curve 4": "d", "first_loss": 2.3026}

# %% starts ten classes at ln 2 exercise="read_losses" fails=["the first loss with ten classes"]
# ln 2 is remembered as the loss of any fresh network.
curves_read = {"curve 1": "c", "curve 2": "d", "curve 3": "a", "curve 4": "b", "first_loss": math.log(2)}

# %% does not put the mode back exercise="fix_evaluate" fails=["the mode is put back", "the mode of every module is put back", "the modes are put back when a batch raises"]
# Evaluation comes last, so nobody is believed to train afterwards.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     pass

# %% puts one flag back exercise="fix_evaluate" fails=["the mode of every module is put back"]
# The flag of the network is taken for that of all its parts: a frozen batch normalisation thaws.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     model.train(modes[model])

# %% always goes back to training exercise="fix_evaluate" fails=["the mode is put back", "the mode of every module is put back"]
# A model that is evaluated is believed to be in training otherwise.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     model.train()

# %% puts the modes back at the end only exercise="fix_evaluate" fails=["the modes are put back when a batch raises"]
# An error is believed to end the program; the caller may catch it and go on training.
# - try:
# -     with torch.no_grad():
# -         for rows in torch.arange(len(X)).split(batch_size):
# -             logits = model(X[rows])
# -             loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
# -             correct += ((logits >= 0).float() == y[rows]).sum().item()
# - finally:
# -     for module, mode in modes.items():
# -         module.training = mode
# + with torch.no_grad():
# +     for rows in torch.arange(len(X)).split(batch_size):
# +         logits = model(X[rows])
# +         loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
# +         correct += ((logits >= 0).float() == y[rows]).sum().item()
# + for module, mode in modes.items():
# +     module.training = mode

# %% evaluates a logit of zero as negative exercise="fix_evaluate" fails=["in evaluation mode, with one batch"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# -             correct += ((logits >= 0).float() == y[rows]).sum().item()
# +             correct += ((logits > 0).float() == y[rows]).sum().item()

# %% no_grad instead of eval exercise="fix_evaluate" fails=["dropout is off while evaluating", "the size of the batches does not matter", "other batches"]
# no_grad is believed to switch dropout and batch normalisation to evaluation.
# - model.eval()
# +

# %% eval instead of no_grad exercise="fix_evaluate" fails=["no gradients are recorded"]
# eval() is believed to stop the recording of gradients.
# -     with torch.no_grad():
# +     with torch.enable_grad():

# %% a look at the outputs in the end exercise="fix_evaluate" fails=["the size of the batches does not matter", "nothing of the model changes", "no gradients are recorded"]
# A line for debugging stays behind; the modes are back by then, so it moves the running averages.
# - return {"loss": loss / len(X), "accuracy": correct / len(X)}
# + model(X[:8])
# + return {"loss": loss / len(X), "accuracy": correct / len(X)}

# %% freezes the network for good exercise="fix_evaluate" fails=["nothing of the model changes"]
# Switching gradients off is taken for a matter of the parameters, and it is never undone.
# - model.eval()
# + model.eval()
# + model.requires_grad_(False)

# %% hands over all rows at once exercise="fix_evaluate" fails=["the size of the batches does not matter"]
# The result is the same, so the batches are believed to be decoration; the data may not fit into memory.
# - for rows in torch.arange(len(X)).split(batch_size):
# + for rows in [torch.arange(len(X))]:

# %% averages the batches exercise="fix_evaluate" fails=["the size of the batches does not matter", "other batches"]
# The mean of the batches is believed to be the mean of the rows.
# -             loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
# -             correct += ((logits >= 0).float() == y[rows]).sum().item()
# +             share = 1 / -(-len(X) // batch_size)
# +             loss += F.binary_cross_entropy_with_logits(logits, y[rows]).item() * len(X) * share
# +             correct += ((logits >= 0).float() == y[rows]).float().mean().item() * len(X) * share

# %% takes the last epoch of the best run exercise="fix_selection" fails=["equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# The run is chosen by its best validation loss, but what is reported is the end of the run.
# - accuracy = run["test_accuracy"][epoch]
# + epoch = len(run["valid_loss"]) - 1
# + accuracy = run["test_accuracy"][epoch]

# %% highest validation loss exercise="fix_selection" fails=["the validation loss chooses", "equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# `max` stays when the list is exchanged: scores and losses are not told apart.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run, epoch = max(places, key=lambda place: place[0]["valid_loss"][place[1]])

# %% best run by validation, best epoch by test exercise="fix_selection" fails=["the validation loss chooses", "equal validation losses: the first", "other test results, same choice", "coin tosses: the choice ignores the test part", "random records"]
# Only the choice of the network is believed to be a choice.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run = min(runs, key=lambda r: min(r["valid_loss"]))
# + epoch = max(range(len(run["test_accuracy"])), key=lambda e: run["test_accuracy"][e])

# %% the best test accuracy of the best run exercise="fix_selection" fails=["the validation loss chooses", "equal validation losses: the first", "random records"]
# The epoch is chosen by validation, and the number that is reported is the best of the run.
# - accuracy = run["test_accuracy"][epoch]
# + accuracy = max(run["test_accuracy"])

# %% counts the epochs from 1 exercise="fix_selection" fails=["the validation loss chooses", "equal validation losses: the first", "coin tosses: the choice ignores the test part", "random records"]
# People count from one, so a report is believed to do so.
# - return {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": accuracy}
# + return {"n_hidden": run["n_hidden"], "epoch": epoch + 1, "test_accuracy": accuracy}

# %% breaks ties by the test part exercise="fix_selection" fails=["equal validation losses: the first"]
# Among equals, the one with the better test accuracy is believed to be the better network.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run, epoch = min(places, key=lambda p: (p[0]["valid_loss"][p[1]], -p[0]["test_accuracy"][p[1]]))

# %% saves the model itself exercise="checkpoint" fails=["bytes that weights_only can read", "a stranger's bytes are refused", "the weights in the file are the model's"]
# The object is believed to be the thing to keep.
# - torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
# + torch.save({"config": config, "state": model, "mean": mean, "std": std}, file)
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# - model = MLP(**loaded["config"])
# - model.load_state_dict(loaded["state"])
# + loaded = torch.load(io.BytesIO(data), weights_only=False)
# + model = loaded["state"]

# %% saves the weights of a fresh network exercise="checkpoint" fails=["the weights in the file are the model's", "predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# The architecture is rebuilt before saving, and its new weights are taken for the trained ones.
# - torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
# + state = MLP(**config).state_dict()
# + torch.save({"config": config, "state": state, "mean": mean, "std": std}, file)

# %% forgets evaluation mode after loading exercise="checkpoint" fails=["dropout is off after loading"]
# A loaded model is believed to be in evaluation mode.
# - model.eval()
# +

# %% opens whatever it is given exercise="checkpoint" fails=["a stranger's bytes are refused"]
# The file was written by `pack`, so it is believed to be harmless, whoever hands it over.
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# + loaded = torch.load(io.BytesIO(data), weights_only=False)

# %% opens first, asks then exercise="checkpoint" fails=["a stranger's bytes are refused"]
# The filter is used as a test afterwards; by then the stranger's code has run.
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# + loaded = torch.load(io.BytesIO(data), weights_only=False)
# + torch.load(io.BytesIO(data), weights_only=True)

# %% tries again without the filter exercise="checkpoint" fails=["a stranger's bytes are refused"]
# A refusal is taken for an old file format, and the bytes are opened the other way.
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# + try:
# +     loaded = torch.load(io.BytesIO(data), weights_only=True)
# + except Exception:
# +     loaded = torch.load(io.BytesIO(data), weights_only=False)

# %% feeds raw measurements exercise="checkpoint" fails=["predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# The scaler is believed to belong to training.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return torch.sigmoid(model(X_raw))

# %% scales by the rows at hand exercise="checkpoint" fails=["predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# Standardising is believed to mean the mean of whatever comes in.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return torch.sigmoid(model((X_raw - X_raw.mean(0)) / X_raw.std(0, correction=0)))

# %% returns logits exercise="checkpoint" fails=["predictions from raw measurements", "the scale comes from the file", "other networks and scales"]
# What the network returns is taken for the prediction.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return model((X_raw - loaded["mean"]) / loaded["std"])

# %% keeps the last model in memory exercise="checkpoint" fails=["a file is a snapshot"]
# The bytes are taken for a name of the model; what is trained on after `pack` changes the prediction.
# - file = io.BytesIO()
# + globals()["kept_model"] = model
# + file = io.BytesIO()
# - model = MLP(**loaded["config"])
# - model.load_state_dict(loaded["state"])
# + model = globals()["kept_model"]

# %% blames the first loss exercise="find_lines" fails=["the losses of the epochs"]
# A loss of 0.65 instead of 0.69 is taken for a fault of the start.
lines = {"first loss": 2, "rate 0": 9, "by heart": 0, "twice": 0, "ten alone": 16, "two copies": 0, "other units": 0}

# %% blames the evaluation for good measure exercise="find_lines" fails=["what is as it should be"]
# What was found is right; the modes are suspected too, since they are so often at fault.
lines = {"first loss": 0, "rate 0": 14, "by heart": 0, "twice": 1, "ten alone": 16, "two copies": 15, "other units": 0}

# %% finds nothing wrong exercise="find_lines" fails=["the losses of the epochs", "the probabilities"]
# The accuracy is good and the batch is learned by heart, so the rest is taken for noise.
lines = {"first loss": 0, "rate 0": 0, "by heart": 0, "twice": 0, "ten alone": 0, "two copies": 0, "other units": 0}

# %% suspects the modes exercise="find_lines" fails=["the losses of the epochs", "the probabilities"]
# Numbers that change are put down to dropout, although the copies agree.
lines = {"first loss": 0, "rate 0": 8, "by heart": 0, "twice": 1, "ten alone": 15, "two copies": 15, "other units": 0}

# %% scales training and new rows together exercise="fix_predictor" fails=["a row does not depend on the other new rows", "a single new row", "other tables"]
# One scale for all rows is believed to be the fair one.
# - mean, std = X_raw.mean(0), X_raw.std(0, correction=0)
# + together = torch.cat([X_raw, X_new_raw])
# + mean, std = together.mean(0), together.std(0, correction=0)

# %% a scale of their own unless alone exercise="fix_predictor" fails=["a row does not depend on the other new rows", "a single new row", "other tables"]
# The fault is seen where it gives NaN only.
# - X, X_new = (X_raw - mean) / std, (X_new_raw - mean) / std
# + X = (X_raw - mean) / std
# + own = X_new_raw.mean(0), X_new_raw.std(0, correction=0)
# + X_new = (X_new_raw - own[0]) / own[1] if len(X_new_raw) > 1 else (X_new_raw - mean) / std

# %% the colleague's loss as a mean of batch means exercise="fix_predictor" fails=["the loss of an epoch is the mean over its rows", "other tables"]
# All batches are believed to have the same size.
# -         total += loss.item() * len(rows)
# +         total += loss.item() / -(-len(X) // batch_size)
# - losses.append(total / len(X))
# + losses.append(total)

# %% the loss after the epoch exercise="fix_predictor" fails=["full batches: exact steps", "the predictor shuffles anew in every epoch", "dropout: on in training, off in the prediction"]
# A loss of the whole table is taken afterwards; it is another number, and it costs another pass.
# - losses.append(total / len(X))
# + model.eval()
# + losses.append(F.binary_cross_entropy_with_logits(model(X), y).item())

# %% the colleague's program without eval exercise="fix_predictor" fails=["dropout: on in training, off in the prediction"]
# no_grad is believed to switch dropout off.
# - model.eval()
# +

# %% only new rows on the scale of training exercise="fix_predictor" fails=["full batches: exact steps", "the real tumours"]
# Once the scale is moved to the new rows, the training rows are believed to be small enough.
# - X, X_new = (X_raw - mean) / std, (X_new_raw - mean) / std
# + X, X_new = X_raw - mean, (X_new_raw - mean) / std

# %% the predictor that never shuffles exercise="fix_predictor" fails=["the predictor shuffles anew in every epoch"]
# The table is believed to be in random order already.
# - for rows in torch.randperm(len(X)).split(batch_size):
# + for rows in torch.arange(len(X)).split(batch_size):

# %% the predictor that shuffles once exercise="fix_predictor" fails=["the predictor shuffles anew in every epoch"]
# One shuffle before the loop is believed to be enough.
# - for _ in range(epochs):
# + order = torch.randperm(len(X))
# + for _ in range(epochs):
# - for rows in torch.randperm(len(X)).split(batch_size):
# + for rows in order.split(batch_size):

# %% the predictor without zero_grad exercise="fix_predictor" fails=["full batches: exact steps", "the predictor shuffles anew in every epoch"]
# The loss falls without zero_grad as well, so the line is believed to be needless.
# -         optimizer.zero_grad()
# +

# %% the program without zero_grad exercise="fix_program" fails=["the rows are shuffled anew in every epoch", "one update is one gradient step"]
# Everything else is repaired, and it learns; so the loop is believed to be right.
# -             optimizer.zero_grad()
# +

# %% the program with ReLU on the inputs exercise="fix_program" fails=["the network gives one logit for each row"]
# ReLU is believed to clean the inputs; it hides everything below the mean, and the network stays linear behind it.
# -     torch.nn.Linear(X_train.shape[1], 16),
# -     torch.nn.ReLU(),
# +     torch.nn.ReLU(),
# +     torch.nn.Linear(X_train.shape[1], 16),

# %% the program with a column of logits exercise="fix_program" fails=["the network gives one logit for each row", "other tables"]
# The labels are made columns too, so every comparison fits; what is returned is a table of one column.
# -     torch.nn.Flatten(0),
# +
# - F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
# + F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows, None]).backward()
# - valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid[:, None]).item())
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = ((test_logits >= 0).float() == y_test[:, None]).sum().item() / len(y_test)

# %% the program that calls a logit of zero benign exercise="fix_program" fails=["the reported accuracy is that of the logits"]
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = ((test_logits > 0).float() == y_test).sum().item() / len(y_test)

# %% the program that takes the last of equals exercise="fix_program" fails=["the lowest validation loss chooses the epoch"]
# Longer training is believed to be better when the loss says nothing.
# - if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
# + if best_state is None or valid_loss[-1] <= valid_loss[best_epoch]:

# %% the program that never goes back to training exercise="fix_program" fails=["dropout: on in training, off in the results"]
# A new module is in training mode, so train() is believed to be needless; the first evaluation ends that.
# -     model.train()
# +

# %% the program that returns a model in training exercise="fix_program" fails=["dropout: on in training, off in the results"]
# Whoever gets the model is believed to train it further.
# - model.load_state_dict(best_state)
# - with torch.no_grad():
# -     valid_logits, test_logits = model(X_valid), model(X_test)
# + model.load_state_dict(best_state)
# + with torch.no_grad():
# +     valid_logits, test_logits = model(X_valid), model(X_test)
# + model.train()

# %% the program that never shuffles exercise="fix_program" fails=["the rows are shuffled anew in every epoch"]
# The table is believed to be in random order already.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate([torch.arange(len(X_train)).split(batch_size)] * epochs):

# %% the program that shuffles once exercise="fix_program" fails=["the rows are shuffled anew in every epoch"]
# One shuffle before the loop is believed to be enough.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), batch_size, 1, seed) * epochs):

# %% the program with one order for all seeds exercise="fix_program" fails=["the rows are shuffled anew in every epoch"]
# The seed is believed to concern the weights only.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, 0)):

# %% the program with one start for all seeds exercise="fix_program" fails=["the seed decides the first weights"]
# The seed is believed to concern the orders only.
# - torch.manual_seed(seed)
# + torch.manual_seed(0)

# %% the program with fewer hidden units exercise="fix_program" fails=["the network gives one logit for each row"]
# The width is believed to be a detail.
# -     torch.nn.Linear(X_train.shape[1], 16),
# +     torch.nn.Linear(X_train.shape[1], 8),
# -     torch.nn.Linear(16, 1),
# +     torch.nn.Linear(8, 1),

# %% the program with the default dropout exercise="fix_program" fails=["dropout: on in training, off in the results"]
# The share is left at the default of torch.nn.Dropout, a half.
# -     torch.nn.Dropout(dropout),
# +     torch.nn.Dropout() if dropout else torch.nn.Identity(),

# %% the program that chooses by test accuracy exercise="fix_program" fails=["the lowest validation loss chooses the epoch", "nothing of the test part is used for training or choosing"]
# The best epoch is believed to be the one with the best reported number.
# - if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
# -     best_epoch = epoch
# + with torch.no_grad():
# +     accuracy = ((model(X_test) >= 0).float() == y_test).float().mean().item()
# + if best_state is None or accuracy > best_accuracy:
# +     best_epoch, best_accuracy = epoch, accuracy

# %% the program that keeps a reference exercise="fix_program" fails=["the results are those of the chosen epoch"]
# state_dict() is believed to be a snapshot.
# - best_state = {name: value.clone() for name, value in model.state_dict().items()}
# + best_state = model.state_dict()

# %% the program that returns the last epoch exercise="fix_program" fails=["the results are those of the chosen epoch"]
# The best epoch is named, and its weights are forgotten.
# - model.load_state_dict(best_state)
# +

# %% the program that scales with all rows exercise="fix_program" fails=["one update is one gradient step", "dropout: on in training, off in the results", "nothing of the test part is used for training or choosing"]
# Mean and deviation are believed to be harmless; no label is in them.
# - mean, std = X_train.mean(0), X_train.std(0, correction=0)
# + everything = torch.cat([X_train, X_valid, X_test])
# + mean, std = everything.mean(0), everything.std(0, correction=0)

# %% the program that does not scale exercise="fix_program" fails=["the unit of a column does not matter", "the real tumours"]
# Weights are believed to find the scale of their column by themselves.
# - X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
# +

# %% the program without eval exercise="fix_program" fails=["dropout: on in training, off in the results", "the results are those of the chosen epoch"]
# no_grad is believed to be enough.
# -     model.eval()
# +

# %% the program with the full batch exercise="fix_program" fails=["updates: one for each batch", "other tables"]
# An epoch is believed to be one update.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), len(X_train), epochs, seed)):

# %% the program that notes the loss of every batch exercise="fix_program" fails=["it returns one validation loss for each epoch", "the lowest validation loss chooses the epoch", "the results are those of the chosen epoch"]
# The validation loss is appended in the inner loop.
# - valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + pass
# - updates += 1
# + updates += 1
# + model.eval()
# + with torch.no_grad():
# +     valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + model.train()

# %% the program with an accuracy in per cent exercise="fix_program" fails=["the reported accuracy is that of the logits", "the real tumours", "other tables"]
# A per cent is believed to be a unit that everybody expects.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = 100 * ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)

# %% the program that rounds logits exercise="fix_program" fails=["the reported accuracy is that of the logits", "the real tumours", "other tables"]
# round() is believed to make labels of whatever comes out.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = (test_logits.round() == y_test).sum().item() / len(y_test)

# %% keeps the sign after ReLU exercise="forward_by_hand"
# The hidden values are taken to be z1 itself: ReLU is forgotten, and all that follows is off.
# -     "hidden": [[2, 0], [2, 1]],
# -     "logits": [0, math.log(3)],
# -     "probabilities": [1 / 2, 3 / 4],
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "hidden": [[2, -1], [2, 1]],
# +     "logits": [-math.log(3), math.log(3)],
# +     "probabilities": [1 / 4, 3 / 4],
# +     "loss": (math.log(4) + math.log(4)) / 2,

# %% multiplies with the transposed weights exercise="forward_by_hand"
# The rows of W1 are taken for the hidden units.
forward_hand = {
    "z1": [[-2, 1], [0, 7]],
    "hidden": [[0, 1], [0, 7]],
    "logits": [math.log(3) + 2, 7 * math.log(3) + 2],
    "probabilities": [0.957, 0.99994],
    "loss": 4.87,
}

# %% adds the losses of the batch exercise="forward_by_hand"
# The loss of a batch is believed to be the sum over its samples.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": math.log(2) + math.log(4),

# %% takes every label for 1 exercise="forward_by_hand"
# The loss is remembered as minus the logarithm of the probability, without its second half.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": (math.log(2) + math.log(4 / 3)) / 2,

# %% rounds the logarithm exercise="forward_by_hand"
# Two decimals are believed to be enough.
# -     "loss": (math.log(2) + math.log(4)) / 2,
# +     "loss": 1.04,

# %% forgets to divide by the batch exercise="backward_by_hand"
# The gradient of the sum of the losses is taken instead of that of their mean.
backward_hand = {
    "d_logits": [-1 / 2, 3 / 4],
    "w2": [1 / 2, 3 / 4],
    "b2": 1 / 4,
    "W1": [[-7 / 4, 9 / 4 * math.log(3)], [1 / 4, 3 / 4 * math.log(3)]],
    "b1": [-1 / 4, 3 / 4 * math.log(3)],
}

# %% lets the gradient through a unit that is off exercise="backward_by_hand"
# ReLU is taken into account on the way forward only.
# -     "W1": [[-7 / 8, 9 / 8 * math.log(3)], [1 / 8, 3 / 8 * math.log(3)]],
# -     "b1": [-1 / 8, 3 / 8 * math.log(3)],
# +     "W1": [[-7 / 8, 7 / 8 * math.log(3)], [1 / 8, -1 / 8 * math.log(3)]],
# +     "b1": [-1 / 8, 1 / 8 * math.log(3)],

# %% takes label minus probability exercise="backward_by_hand"
# The direction to move is confused with the gradient, which points uphill.
backward_hand = {
    "d_logits": [1 / 4, -3 / 8],
    "w2": [-1 / 4, -3 / 8],
    "b2": -1 / 8,
    "W1": [[7 / 8, -9 / 8 * math.log(3)], [-1 / 8, -3 / 8 * math.log(3)]],
    "b1": [1 / 8, -3 / 8 * math.log(3)],
}

# %% transposes the gradient of W1 exercise="backward_by_hand"
# Rows are taken for units and columns for inputs, as in the weight of torch.nn.Linear.
# -     "W1": [[-7 / 8, 9 / 8 * math.log(3)], [1 / 8, 3 / 8 * math.log(3)]],
# +     "W1": [[-7 / 8, 1 / 8], [9 / 8 * math.log(3), 3 / 8 * math.log(3)]],

# %% sums the batch in NumPy exercise="numpy_network"
# With one row the missing division by n does not show.
# - d_logits = (p - y) / len(X)
# + d_logits = p - y

# %% no mask in NumPy exercise="numpy_network"
# The derivative of ReLU is left out.
# - d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
# + d_z1 = np.outer(d_logits, params["w2"])

# %% forgets ReLU in NumPy exercise="numpy_network"
# Two linear layers are believed to be a network.
# - hidden = np.maximum(z1, 0)
# + hidden = z1

# %% changes z1 in place exercise="numpy_network"
# hidden = z1 is believed to make a copy.
# - hidden = np.maximum(z1, 0)
# + hidden = z1
# + hidden[hidden < 0] = 0

# %% does not look at the shape of the labels exercise="numpy_network"
# Whoever calls the function is trusted to pass the right shape.
# - if np.shape(y) != (len(X),):
# -     raise ValueError(f"y should have shape ({len(X)},), not {np.shape(y)}")
# + y = np.reshape(y, -1)

# %% leaves the shapes to NumPy exercise="numpy_network"
# NumPy is believed to refuse what does not fit. With one row, or one label, everything fits.
# - if np.shape(y) != (len(X),):
# -     raise ValueError(f"y should have shape ({len(X)},), not {np.shape(y)}")
# +

# %% counts exactly zero as on exercise="numpy_network"
# The mask is written as z1 >= 0.
# - d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] > 0)
# + d_z1 = np.outer(d_logits, params["w2"]) * (values["z1"] >= 0)

# %% one bias gradient for all units exercise="numpy_network"
# The sum runs over both axes; it broadcasts, so nothing complains.
# -     "b1": d_z1.sum(axis=0),
# +     "b1": d_z1.sum(),

# %% the formula as it stands in books exercise="stable_bce"
# A formula that is right on paper is believed to be right on a computer.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + p = 1 / (1 + np.exp(-logits))
# + return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))

# %% clips the probability exercise="stable_bce"
# Keeping p away from 0 and 1 avoids the error message, so the loss is believed to be right.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + p = np.clip(1 / (1 + np.exp(-np.clip(logits, -500, 500))), 1e-7, 1 - 1e-7)
# + return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))

# %% stable, but summed exercise="stable_bce"
# The loss of a batch is believed to be a sum.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.sum(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))

# %% log of one plus instead of log1p exercise="stable_bce"
# log(1 + a) is believed to be as good as log1p(a).
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.maximum(logits, 0) - y * logits + np.log(1 + np.exp(-np.abs(logits)))))

# %% the formula before the last step exercise="stable_bce"
# log1p is believed to make every formula around it stable.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.log1p(np.exp(logits)) - y * logits))

# %% leaves the small term out exercise="stable_bce"
# The last term is believed to be rounding.
# - return float(np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))))
# + return float(np.mean(np.maximum(logits, 0) - y * logits))

# %% does not compare the shapes exercise="stable_bce"
# NumPy is believed to complain about shapes that do not match; it broadcasts them.
# - if logits.shape != y.shape:
# -     raise ValueError(f"shapes differ: {logits.shape} and {y.shape}")
# +

# %% takes arrays only exercise="stable_bce"
# A list is believed to have a shape.
# - logits, y = np.asarray(logits), np.asarray(y)
# +

# %% believes that both losses are the same exercise="saturated"
# Two formulas that are equal on paper are believed to be equal in 32 bits.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 1, "loss_from_sigmoid": 50, "gradient_from_sigmoid": 1}

# %% believes that a larger loss pulls harder exercise="saturated"
# The gradient is taken to grow with the loss.
saturated = {"loss_from_logits": 50, "gradient_from_logits": 50, "loss_from_sigmoid": 100, "gradient_from_sigmoid": 100}

# %% believes that every loss is cut off exercise="saturated"
# The cap of BCELoss is taken for a property of the cross-entropy.
saturated = {"loss_from_logits": 100, "gradient_from_logits": 0, "loss_from_sigmoid": 100, "gradient_from_sigmoid": 0}

# %% divides by the largest weight exercise="softmax_by_hand"
# Softmax is believed to set the largest to 1.
softmax_hand = {
    "probabilities": [[1 / 3, 2 / 3, 1], [1, 1 / 4, 1 / 4]],
    "loss": (0 + math.log(4)) / 2,
    "gradient": [[1 / 6, 1 / 3, 0], [1 / 2, -3 / 8, 1 / 8]],
}

# %% forgets the mean over the rows exercise="softmax_by_hand"
# Each row is differentiated on its own, and the batch is added up.
# -     "loss": (math.log(2) + math.log(6)) / 2,
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "loss": math.log(2) + math.log(6),
# +     "gradient": [[1 / 6, 1 / 3, -1 / 2], [2 / 3, -5 / 6, 1 / 6]],

# %% only the right class gets a gradient exercise="softmax_by_hand"
# The loss names one class only, so the other logits are believed not to matter.
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "gradient": [[0, 0, -1 / 4], [0, -5 / 12, 0]],

# %% counts the classes from 1 exercise="softmax_by_hand"
# Class 2 is taken for the second column.
# -     "loss": (math.log(2) + math.log(6)) / 2,
# -     "gradient": [[1 / 12, 1 / 6, -1 / 4], [1 / 3, -5 / 12, 1 / 12]],
# +     "loss": (math.log(3) + math.log(3 / 2)) / 2,
# +     "gradient": [[1 / 12, -1 / 3, 1 / 4], [-1 / 6, 1 / 12, 1 / 12]],

# %% squeezes every axis exercise="mlp_module"
# squeeze() is believed to take away the last axis only.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.squeeze() if logits.shape[1] == 1 else logits

# %% makes every output flat exercise="mlp_module"
# Labels are flat, so logits are made flat, whatever the number of classes.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.reshape(-1)

# %% ends in a sigmoid exercise="mlp_module"
# A classifier is believed to return probabilities.
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = torch.sigmoid(self.out(self.dropout(torch.relu(self.hidden(X)))))

# %% ends in a softmax for several classes exercise="mlp_module"
# Two classes get a logit; several classes are believed to need probabilities.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits.squeeze(1) if logits.shape[1] == 1 else logits.softmax(1)

# %% leaves the output a column exercise="mlp_module"
# The shape that Linear gives is taken as it comes.
# - return logits.squeeze(1)  # takes axis 1 away only where its length is 1
# + return logits

# %% the function dropout without its mode exercise="mlp_module"
# F.dropout is believed to know the mode; its `training` is True unless one passes it.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.share = dropout
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.out(F.dropout(torch.relu(self.hidden(X)), self.share))

# %% always drops a half exercise="mlp_module"
# The default share of torch.nn.Dropout is taken for the one that was asked for.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.dropout = torch.nn.Dropout() if dropout else torch.nn.Identity()

# %% drops without scaling exercise="mlp_module"
# Dropout is written by hand; the factor that keeps the mean is forgotten.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.share = dropout
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + on = torch.relu(self.hidden(X))
# + logits = self.out(on * (torch.rand_like(on) >= self.share) if self.training else on)

# %% takes the share for the part that stays exercise="mlp_module"
# In other libraries the number has been the share that is kept.
# - self.dropout = torch.nn.Dropout(dropout)
# + self.dropout = torch.nn.Dropout(1 - dropout if dropout else 0.0)

# %% drops the logits exercise="mlp_module"
# Dropout is put behind the last layer.
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.dropout(self.out(torch.relu(self.hidden(X))))

# %% names the layers as others do exercise="mlp_module"
# Names are believed not to matter; a state dict is made of them.
# - self.hidden = torch.nn.Linear(n_in, n_hidden)
# - self.dropout = torch.nn.Dropout(dropout)
# - self.out = torch.nn.Linear(n_hidden, n_out)
# + self.fc1, self.fc2 = torch.nn.Linear(n_in, n_hidden), torch.nn.Linear(n_hidden, n_out)
# + self.dropout = torch.nn.Dropout(dropout)
# - logits = self.out(self.dropout(torch.relu(self.hidden(X))))
# + logits = self.fc2(self.dropout(torch.relu(self.fc1(X))))

# %% believes that training breaks the symmetry exercise="symmetry"
# Every unit is its own parameter vector, so they are believed to drift apart.
symmetry = {"different_units": 8, "moving": 1, "says": "b"}

# %% believes that zeros only slow it down exercise="symmetry"
# Once the output bias moves, the other parameters are believed to follow.
symmetry = {"different_units": 1, "moving": 4, "says": "c"}

# %% believes that nothing moves exercise="symmetry"
# All gradients are believed to be zero when all weights are.
symmetry = {"different_units": 1, "moving": 0, "says": "a"}

# %% compares row by row exercise="broadcast_trap"
# (n, 1) and (n,) are believed to be compared element by element.
broadcast = {"entries": 4, "correct": 3, "accuracy": 0.75}

# %% divides by the number of entries exercise="broadcast_trap"
# The program is believed to take the mean of the table; it divides by the number of labels.
broadcast = {"entries": 16, "correct": 8, "accuracy": 0.5}

# %% repairs only the accuracy exercise="fix_shapes"
# The number that looked impossible is believable now, so the program is believed to be right.
# - logits = model(X).squeeze(1)
# + logits = model(X)

# %% calls a half no decision for class 1 exercise="fix_shapes"
# Above and at least are believed to be the same, since a probability is never exactly 1/2. A torn network says just that.
# - predicted = (probability >= 0.5).float()
# + predicted = (probability > 0.5).float()

# %% the first program without zero_grad exercise="fix_shapes"
# The shapes are repaired; a line that seems to do nothing is dropped on the way.
# -         optimizer.zero_grad()
# +

# %% repairs only the loss exercise="fix_shapes"
# The labels are made a column for the loss, and the same fault further down is overlooked.
# - logits = model(X).squeeze(1)
# - loss = (F.softplus(logits) - y * logits).mean()
# + logits = model(X)
# + loss = (F.softplus(logits) - y[:, None] * logits).mean()
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new))

# %% divides by the number of pairs exercise="fix_shapes"
# An accuracy above one is cured by taking the mean of the whole table; the comparison of all pairs stays.
# - logits = model(X).squeeze(1)
# + logits = model(X)
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new))
# - accuracy = (predicted == y_new).sum().item() / len(y_new)
# + accuracy = (predicted == y_new).float().mean().item()

# %% squeezes the batch away exercise="fix_shapes"
# squeeze() is believed to take away the last axis only.
# - probability = torch.sigmoid(model(X_new)).squeeze(1)
# + probability = torch.sigmoid(model(X_new)).squeeze()

# %% keeps the sigmoid in the model exercise="fix_outputs"
# The second sigmoid is taken out where the probability is computed, and left where the loss is.
# -     torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
# +     torch.nn.Linear(X.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, 1), torch.nn.Sigmoid()
# - probability = torch.sigmoid(model(X_new).squeeze(1))
# + probability = model(X_new).squeeze(1)

# %% takes the sigmoid of the probability exercise="fix_outputs"
# The loss is repaired; the extra sigmoid is moved behind the model instead of dropped.
# - probability = torch.sigmoid(model(X_new).squeeze(1))
# + probability = torch.sigmoid(torch.sigmoid(model(X_new).squeeze(1)))

# %% rounds the right probabilities exercise="fix_outputs"
# The sigmoids are repaired; round() is taken for the definition of a decision.
# - label = (probability >= threshold).long()
# + label = probability.round().long()

# %% thresholds the logits exercise="fix_outputs"
# A threshold for probabilities is compared with logits.
# - label = (probability >= threshold).long()
# + label = (torch.logit(probability) >= threshold).long()

# %% strictly above the threshold exercise="fix_outputs"
# Above and at least are believed to be the same for floats.
# - label = (probability >= threshold).long()
# + label = (probability > threshold).long()

# %% labels that are floats exercise="fix_outputs"
# Labels are floats in the training data, so decisions are made floats too.
# - label = (probability >= threshold).long()
# + label = (probability >= threshold).float()

# %% forgets zero_grad in the classifier exercise="fix_outputs"
# The loss falls without zero_grad as well, so it is believed to be needless.
# -         optimizer.zero_grad()
# +

# %% scales, and lets gradients pile up exercise="fix_descent"
# The explosion is gone, so the loop is believed to be right.
# -     w.grad = b.grad = None
# +

# %% zeroes, and takes the columns as they are exercise="fix_descent"
# Weights are believed to find the scale of their column by themselves.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# - X = (X - X.mean(0)) / std
# +

# %% divides by zero exercise="fix_descent"
# Every column is believed to vary.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# + std = X.std(0, correction=0)

# %% the unbiased standard deviation exercise="fix_descent"
# The default of torch.std divides by n - 1.
# - std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0, correction=0))
# + std = torch.where(X.amax(0) == X.amin(0), 1.0, X.std(0))

# %% zeroes the weight's gradient only exercise="fix_descent"
# The bias is forgotten: its gradients pile up.
# -     w.grad = b.grad = None
# +     w.grad = None

# %% starts from random weights exercise="fix_descent"
# A network starts from random weights, so logistic regression is believed to need them too.
# - w = torch.zeros(X.shape[1], requires_grad=True)
# + w = (torch.randn(X.shape[1], generator=torch.Generator().manual_seed(0)) / 2).requires_grad_(True)

# %% drops the last batch exercise="minibatches"
# All batches are believed to need the same size; as the rows are shuffled, another few go missing in each epoch.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + orders = [torch.randperm(n_samples, generator=own).split(batch_size) for _ in range(epochs)]
# + return [[rows for rows in cut if len(rows) == batch_size] for cut in orders]

# %% draws with replacement exercise="minibatches"
# A random row number in each place is believed to be a shuffle.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + drawn = [torch.randint(0, n_samples, (n_samples,), generator=own) for _ in range(epochs)]
# + return [list(rows.split(batch_size)) for rows in drawn]

# %% shuffles the batches, not the rows exercise="minibatches"
# The order of the batches is random, but each holds neighbours.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + cut = torch.arange(n_samples).split(batch_size)
# + return [[cut[i] for i in torch.randperm(len(cut), generator=own)] for _ in range(epochs)]

# %% does not shuffle exercise="minibatches"
# The order of the file is taken to be random already.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + return [list(torch.arange(n_samples).split(batch_size)) for _ in range(epochs)]

# %% shuffles once exercise="minibatches"
# One shuffle before the loop is believed to be enough.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + order = torch.randperm(n_samples, generator=own)
# + return [list(order.split(batch_size)) for _ in range(epochs)]

# %% makes a new generator in every epoch exercise="minibatches"
# Seeding again is believed to be harmless; every epoch has the same order then.
# - own = torch.Generator().manual_seed(seed)
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + cut = []
# + for _ in range(epochs):
# +     own = torch.Generator().manual_seed(seed)
# +     cut.append(list(torch.randperm(n_samples, generator=own).split(batch_size)))
# + return cut

# %% seeds everybody's generator exercise="minibatches"
# torch.manual_seed is believed to concern this function only.
# - own = torch.Generator().manual_seed(seed)
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + torch.manual_seed(seed)
# + return [list(torch.randperm(n_samples).split(batch_size)) for _ in range(epochs)]

# %% ignores the seed exercise="minibatches"
# A generator of one's own is believed to be enough; it starts from the same default seed each time.
# - own = torch.Generator().manual_seed(seed)
# + own = torch.Generator()

# %% row numbers in lists exercise="minibatches"
# A list of numbers indexes a tensor as well.
# - return [list(torch.randperm(n_samples, generator=own).split(batch_size)) for _ in range(epochs)]
# + orders = [torch.randperm(n_samples, generator=own).split(batch_size) for _ in range(epochs)]
# + return [[rows.int() for rows in cut] for cut in orders]

# %% cuts batches of one for nothing exercise="minibatches"
# A batch size below 1 is repaired instead of refused.
# - if batch_size < 1:
# -     raise ValueError(f"a batch has at least one row, not {batch_size}")
# + batch_size = max(1, batch_size)

# %% forgets zero_grad exercise="train"
# backward() is believed to set the gradient; it adds to it.
# -             optimizer.zero_grad()
# +

# %% zeroes between backward and step exercise="train"
# zero_grad stands in the loop, so its place is believed not to matter; every step is taken with a gradient of zero.
# -         optimizer.zero_grad()
# -         loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# -         loss.backward()
# +         loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# +         loss.backward()
# +         optimizer.zero_grad()

# %% counts a logit of zero as negative exercise="train"
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# - accuracy = ((logits >= 0).float() == y_valid).float().mean().item()
# + accuracy = ((logits > 0).float() == y_valid).float().mean().item()

# %% never leaves evaluation mode exercise="train"
# The mode is set once before the loop; the evaluation after the first epoch switches it for good.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# -     model.train()
# + model.train()
# + for batches in minibatches(len(X), batch_size, epochs, seed):

# %% validates in training mode exercise="train"
# no_grad is believed to switch dropout off.
# -     model.eval()
# +

# %% records gradients on the validation part exercise="train"
# eval() is believed to stop the recording of gradients.
# -     with torch.no_grad():
# -         logits = model(X_valid)
# +     logits = model(X_valid)

# %% the loss after the update exercise="train"
# The loss is computed once more behind the step, and taken for that of the batch.
# -             total += loss.item() * len(rows)
# +             with torch.no_grad():
# +                 loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
# +             total += loss.item() * len(rows)

# %% validates before it trains exercise="train"
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

# %% mean of the batch means exercise="train"
# All batches are believed to have the same size.
# -             total += loss.item() * len(rows)
# +             total += loss.item() / len(batches)
# - history["train_loss"].append(total / len(X))
# + history["train_loss"].append(total)

# %% the loss of the last batch exercise="train"
# `loss` still holds a value after the inner loop, and it is taken for that of the epoch.
# - history["train_loss"].append(total / len(X))
# + history["train_loss"].append(loss.item())

# %% takes the rows in order exercise="train"
# The table is believed to be in random order already.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in [torch.arange(len(X)).split(batch_size)] * epochs:

# %% shuffles once before all epochs exercise="train"
# One shuffle is believed to be enough.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in minibatches(len(X), batch_size, 1, seed) * epochs:

# %% one order for all seeds exercise="train"
# torch.manual_seed is believed to reach a generator of one's own.
# - for batches in minibatches(len(X), batch_size, epochs, seed):
# + for batches in minibatches(len(X), batch_size, epochs, 0):

# %% leaves dropout unseeded exercise="train"
# The orders are seeded, so the run is believed to repeat.
# - torch.manual_seed(seed)
# +

# %% drops the last rows exercise="train"
# A batch that is not full is believed to disturb the training.
# -     for rows in batches:
# +     for rows in [b for b in batches if len(b) == batch_size or len(X) < batch_size]:

# %% records once a batch exercise="train"
# The history is filled in the inner loop.
# -             total += loss.item() * len(rows)
# +             history["train_loss"].append(loss.item())
# - history["train_loss"].append(total / len(X))
# +

# %% takes the floor for bad luck exercise="read_losses"
# A curve that falls is believed to be healthy; the one that goes to zero is believed to be too good.
curves_read = {"curve 1": "a", "curve 2": "d", "curve 3": "c", "curve 4": "b", "first_loss": math.log(10)}

# %% cannot tell a tremble from a standstill exercise="read_losses"
# Two curves that do not fall are believed to have the same cause, either way round.
curves_read = {"curve 1": "c", "curve 2": "b", "curve 3": "a", "curve 4": "d", "first_loss": 2.3026}

# %% starts ten classes at ln 2 exercise="read_losses"
# ln 2 is remembered as the loss of any fresh network.
curves_read = {"curve 1": "c", "curve 2": "d", "curve 3": "a", "curve 4": "b", "first_loss": math.log(2)}

# %% does not put the mode back exercise="fix_evaluate"
# Evaluation comes last, so nobody is believed to train afterwards.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     pass

# %% puts one flag back exercise="fix_evaluate"
# The flag of the network is taken for that of all its parts: a frozen batch normalisation thaws.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     model.train(modes[model])

# %% always goes back to training exercise="fix_evaluate"
# A model that is evaluated is believed to be in training otherwise.
# -     for module, mode in modes.items():
# -         module.training = mode
# +     model.train()

# %% puts the modes back at the end only exercise="fix_evaluate"
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

# %% evaluates a logit of zero as negative exercise="fix_evaluate"
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# -             correct += ((logits >= 0).float() == y[rows]).sum().item()
# +             correct += ((logits > 0).float() == y[rows]).sum().item()

# %% no_grad instead of eval exercise="fix_evaluate"
# no_grad is believed to switch dropout and batch normalisation to evaluation.
# - model.eval()
# +

# %% eval instead of no_grad exercise="fix_evaluate"
# eval() is believed to stop the recording of gradients.
# -     with torch.no_grad():
# +     with torch.enable_grad():

# %% averages the batches exercise="fix_evaluate"
# The mean of the batches is believed to be the mean of the rows.
# -             loss += F.binary_cross_entropy_with_logits(logits, y[rows], reduction="sum").item()
# -             correct += ((logits >= 0).float() == y[rows]).sum().item()
# +             share = 1 / -(-len(X) // batch_size)
# +             loss += F.binary_cross_entropy_with_logits(logits, y[rows]).item() * len(X) * share
# +             correct += ((logits >= 0).float() == y[rows]).float().mean().item() * len(X) * share

# %% takes the last epoch of the best run exercise="fix_selection"
# The run is chosen by its best validation loss, but what is reported is the end of the run.
# - accuracy = run["test_accuracy"][epoch]
# + epoch = len(run["valid_loss"]) - 1
# + accuracy = run["test_accuracy"][epoch]

# %% highest validation loss exercise="fix_selection"
# `max` stays when the list is exchanged: scores and losses are not told apart.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run, epoch = max(places, key=lambda place: place[0]["valid_loss"][place[1]])

# %% best run by validation, best epoch by test exercise="fix_selection"
# Only the choice of the network is believed to be a choice.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run = min(runs, key=lambda r: min(r["valid_loss"]))
# + epoch = max(range(len(run["test_accuracy"])), key=lambda e: run["test_accuracy"][e])

# %% the best test accuracy of the best run exercise="fix_selection"
# The epoch is chosen by validation, and the number that is reported is the best of the run.
# - accuracy = run["test_accuracy"][epoch]
# + accuracy = max(run["test_accuracy"])

# %% counts the epochs from 1 exercise="fix_selection"
# People count from one, so a report is believed to do so.
# - return {"n_hidden": run["n_hidden"], "epoch": epoch, "test_accuracy": accuracy}
# + return {"n_hidden": run["n_hidden"], "epoch": epoch + 1, "test_accuracy": accuracy}

# %% breaks ties by the test part exercise="fix_selection"
# Among equals, the one with the better test accuracy is believed to be the better network.
# - run, epoch = min(places, key=lambda place: place[0]["valid_loss"][place[1]])
# + run, epoch = min(places, key=lambda p: (p[0]["valid_loss"][p[1]], -p[0]["test_accuracy"][p[1]]))

# %% saves the model itself exercise="checkpoint"
# The object is believed to be the thing to keep.
# - torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
# + torch.save({"config": config, "state": model, "mean": mean, "std": std}, file)
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# - model = MLP(**loaded["config"])
# - model.load_state_dict(loaded["state"])
# + loaded = torch.load(io.BytesIO(data), weights_only=False)
# + model = loaded["state"]

# %% saves the weights of a fresh network exercise="checkpoint"
# The architecture is rebuilt before saving, and its new weights are taken for the trained ones.
# - torch.save({"config": config, "state": model.state_dict(), "mean": mean, "std": std}, file)
# + state = MLP(**config).state_dict()
# + torch.save({"config": config, "state": state, "mean": mean, "std": std}, file)

# %% forgets evaluation mode after loading exercise="checkpoint"
# A loaded model is believed to be in evaluation mode.
# - model.eval()
# +

# %% opens whatever it is given exercise="checkpoint"
# The file was written by `pack`, so it is believed to be harmless, whoever hands it over.
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# + loaded = torch.load(io.BytesIO(data), weights_only=False)

# %% tries again without the filter exercise="checkpoint"
# A refusal is taken for an old file format, and the bytes are opened the other way.
# - loaded = torch.load(io.BytesIO(data), weights_only=True)
# + try:
# +     loaded = torch.load(io.BytesIO(data), weights_only=True)
# + except Exception:
# +     loaded = torch.load(io.BytesIO(data), weights_only=False)

# %% feeds raw measurements exercise="checkpoint"
# The scaler is believed to belong to training.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return torch.sigmoid(model(X_raw))

# %% scales by the rows at hand exercise="checkpoint"
# Standardising is believed to mean the mean of whatever comes in.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return torch.sigmoid(model((X_raw - X_raw.mean(0)) / X_raw.std(0, correction=0)))

# %% returns logits exercise="checkpoint"
# What the network returns is taken for the prediction.
# -     return torch.sigmoid(model((X_raw - loaded["mean"]) / loaded["std"]))
# +     return model((X_raw - loaded["mean"]) / loaded["std"])

# %% keeps the last model in memory exercise="checkpoint"
# The bytes are taken for a name of the model; what is trained on after `pack` changes the prediction.
# - file = io.BytesIO()
# + pack.model = model
# + file = io.BytesIO()
# - model = MLP(**loaded["config"])
# - model.load_state_dict(loaded["state"])
# + model = pack.model

# %% blames the first loss exercise="find_lines"
# A loss of 0.65 instead of 0.69 is taken for a fault of the start.
lines = {"first loss": 2, "rate 0": 9, "by heart": 0, "twice": 0, "ten alone": 16, "two copies": 0, "other units": 0}

# %% finds nothing wrong exercise="find_lines"
# The accuracy is good and the batch is learned by heart, so the rest is taken for noise.
lines = {"first loss": 0, "rate 0": 0, "by heart": 0, "twice": 0, "ten alone": 0, "two copies": 0, "other units": 0}

# %% suspects the modes exercise="find_lines"
# Numbers that change are put down to dropout, although the copies agree.
lines = {"first loss": 0, "rate 0": 8, "by heart": 0, "twice": 1, "ten alone": 15, "two copies": 15, "other units": 0}

# %% scales training and new rows together exercise="fix_predictor"
# One scale for all rows is believed to be the fair one.
# - mean, std = X_raw.mean(0), X_raw.std(0, correction=0)
# + together = torch.cat([X_raw, X_new_raw])
# + mean, std = together.mean(0), together.std(0, correction=0)

# %% a scale of their own unless alone exercise="fix_predictor"
# The fault is seen where it gives NaN only.
# - X, X_new = (X_raw - mean) / std, (X_new_raw - mean) / std
# + X = (X_raw - mean) / std
# + own = X_new_raw.mean(0), X_new_raw.std(0, correction=0)
# + X_new = (X_new_raw - own[0]) / own[1] if len(X_new_raw) > 1 else (X_new_raw - mean) / std

# %% the colleague's loss as a mean of batch means exercise="fix_predictor"
# All batches are believed to have the same size.
# -         total += loss.item() * len(rows)
# +         total += loss.item() / -(-len(X) // batch_size)
# - losses.append(total / len(X))
# + losses.append(total)

# %% the loss after the epoch exercise="fix_predictor"
# A loss of the whole table is taken afterwards; it is another number, and it costs another pass.
# - losses.append(total / len(X))
# + model.eval()
# + losses.append(F.binary_cross_entropy_with_logits(model(X), y).item())

# %% the colleague's program without eval exercise="fix_predictor"
# no_grad is believed to switch dropout off.
# - model.eval()
# +

# %% only new rows on the scale of training exercise="fix_predictor"
# Once the scale is moved to the new rows, the training rows are believed to be small enough.
# - X, X_new = (X_raw - mean) / std, (X_new_raw - mean) / std
# + X, X_new = X_raw - mean, (X_new_raw - mean) / std

# %% the predictor that never shuffles exercise="fix_predictor"
# The table is believed to be in random order already.
# - for rows in torch.randperm(len(X)).split(batch_size):
# + for rows in torch.arange(len(X)).split(batch_size):

# %% the predictor that shuffles once exercise="fix_predictor"
# One shuffle before the loop is believed to be enough.
# - for _ in range(epochs):
# + order = torch.randperm(len(X))
# + for _ in range(epochs):
# - for rows in torch.randperm(len(X)).split(batch_size):
# + for rows in order.split(batch_size):

# %% the predictor without zero_grad exercise="fix_predictor"
# The loss falls without zero_grad as well, so the line is believed to be needless.
# -         optimizer.zero_grad()
# +

# %% the program without zero_grad exercise="fix_program"
# Everything else is repaired, and it learns; so the loop is believed to be right.
# -             optimizer.zero_grad()
# +

# %% the program with ReLU on the inputs exercise="fix_program"
# ReLU is believed to clean the inputs; it hides everything below the mean, and the network stays linear behind it.
# -     torch.nn.Linear(X_train.shape[1], 16),
# -     torch.nn.ReLU(),
# +     torch.nn.ReLU(),
# +     torch.nn.Linear(X_train.shape[1], 16),

# %% the program with a column of logits exercise="fix_program"
# The labels are made columns too, so every comparison fits; what is returned is a table of one column.
# -     torch.nn.Flatten(0),
# +
# - F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows]).backward()
# + F.binary_cross_entropy_with_logits(model(X_train[rows]), y_train[rows, None]).backward()
# - valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid[:, None]).item())
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = ((test_logits >= 0).float() == y_test[:, None]).sum().item() / len(y_test)

# %% the program that calls a logit of zero benign exercise="fix_program"
# Positive is taken literally: above zero. The decision at 1/2 belongs to class 1.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = ((test_logits > 0).float() == y_test).sum().item() / len(y_test)

# %% the program that takes the last of equals exercise="fix_program"
# Longer training is believed to be better when the loss says nothing.
# - if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
# + if best_state is None or valid_loss[-1] <= valid_loss[best_epoch]:

# %% the program that never goes back to training exercise="fix_program"
# A new module is in training mode, so train() is believed to be needless; the first evaluation ends that.
# -     model.train()
# +

# %% the program that returns a model in training exercise="fix_program"
# Whoever gets the model is believed to train it further.
# - model.load_state_dict(best_state)
# - with torch.no_grad():
# -     valid_logits, test_logits = model(X_valid), model(X_test)
# + model.load_state_dict(best_state)
# + with torch.no_grad():
# +     valid_logits, test_logits = model(X_valid), model(X_test)
# + model.train()

# %% the program that never shuffles exercise="fix_program"
# The table is believed to be in random order already.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate([torch.arange(len(X_train)).split(batch_size)] * epochs):

# %% the program that shuffles once exercise="fix_program"
# One shuffle before the loop is believed to be enough.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), batch_size, 1, seed) * epochs):

# %% the program with one order for all seeds exercise="fix_program"
# The seed is believed to concern the weights only.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, 0)):

# %% the program that chooses by test accuracy exercise="fix_program"
# The best epoch is believed to be the one with the best reported number.
# - if best_state is None or valid_loss[-1] < valid_loss[best_epoch]:
# -     best_epoch = epoch
# + with torch.no_grad():
# +     accuracy = ((model(X_test) >= 0).float() == y_test).float().mean().item()
# + if best_state is None or accuracy > best_accuracy:
# +     best_epoch, best_accuracy = epoch, accuracy

# %% the program that keeps a reference exercise="fix_program"
# state_dict() is believed to be a snapshot.
# - best_state = {name: value.clone() for name, value in model.state_dict().items()}
# + best_state = model.state_dict()

# %% the program that returns the last epoch exercise="fix_program"
# The best epoch is named, and its weights are forgotten.
# - model.load_state_dict(best_state)
# +

# %% the program that scales with all rows exercise="fix_program"
# Mean and deviation are believed to be harmless; no label is in them.
# - mean, std = X_train.mean(0), X_train.std(0, correction=0)
# + everything = torch.cat([X_train, X_valid, X_test])
# + mean, std = everything.mean(0), everything.std(0, correction=0)

# %% the program that does not scale exercise="fix_program"
# Weights are believed to find the scale of their column by themselves.
# - X_train, X_valid, X_test = ((X - mean) / std for X in (X_train, X_valid, X_test))
# +

# %% the program without eval exercise="fix_program"
# no_grad is believed to be enough.
# -     model.eval()
# +

# %% the program with the full batch exercise="fix_program"
# An epoch is believed to be one update.
# - for epoch, batches in enumerate(minibatches(len(X_train), batch_size, epochs, seed)):
# + for epoch, batches in enumerate(minibatches(len(X_train), len(X_train), epochs, seed)):

# %% the program that notes the loss of every batch exercise="fix_program"
# The validation loss is appended in the inner loop.
# - valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + pass
# - updates += 1
# + updates += 1
# + model.eval()
# + with torch.no_grad():
# +     valid_loss.append(F.binary_cross_entropy_with_logits(model(X_valid), y_valid).item())
# + model.train()

# %% the program with an accuracy in per cent exercise="fix_program"
# A per cent is believed to be a unit that everybody expects.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = 100 * ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)

# %% the program that rounds logits exercise="fix_program"
# round() is believed to make labels of whatever comes out.
# - test_accuracy = ((test_logits >= 0).float() == y_test).sum().item() / len(y_test)
# + test_accuracy = (test_logits.round() == y_test).sum().item() / len(y_test)

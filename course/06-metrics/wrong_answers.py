# %% swaps the two kinds of error exercise="counts_by_hand" fails=["false positives: benign, but called malignant", "false negatives: malignant, but called benign"]
# Reads the name from its front: takes "false positive" for "a positive that was falsely judged".
counts_hand = {"tp": 3, "fp": 2, "fn": 1, "tn": 4}

# %% counts agreements as positives exercise="counts_by_hand" fails=["true positives: malignant, and called malignant", "false positives: benign, but called malignant", "false negatives: malignant, but called benign", "true negatives: benign, and called benign"]
# Takes "true" for the whole meaning: every right answer is a true positive, every wrong one a false positive.
counts_hand = {"tp": 7, "fp": 3, "fn": 0, "tn": 0}


# %% FP and FN swapped in code exercise="confusion_counts" fails=["the eight messages", "weights are added", "the real predictions, as scikit-learn counts them", "random labels of all kinds", "random weights"]
# Believes that a false negative is a negative that was falsely called positive.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    y_true, y_pred = list(y_true), list(y_pred)
    weights = [1.0] * len(y_true) if sample_weight is None else list(sample_weight)
    if not len(y_true) == len(y_pred) == len(weights) or any(v != v for v in y_true + y_pred):
        raise ValueError("bad input")
    counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    for truth, said, weight in zip(y_true, y_pred, weights):
        if truth == pos_label:
            counts["tp" if said == pos_label else "fp"] += weight
        else:
            counts["fn" if said == pos_label else "tn"] += weight
    return counts


# %% labels are zeros and ones exercise="confusion_counts" fails=["labels 'spam' and 'ham'", "labels 0, 1, 2 with 2 as positive", "random labels of all kinds"]
# Believes that labels are always 0 and 1, so that they can be multiplied.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    if len(y_true) != len(y_pred):
        raise ValueError("lengths differ")
    y_true, y_pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if np.isnan(y_true).any() or np.isnan(y_pred).any():
        raise ValueError("NaN")
    w = np.ones(len(y_true)) if sample_weight is None else np.asarray(sample_weight)
    if len(w) != len(y_true):
        raise ValueError("lengths differ")
    return {
        "tp": float((w * y_true * y_pred).sum()),
        "fp": float((w * (1 - y_true) * y_pred).sum()),
        "fn": float((w * y_true * (1 - y_pred)).sum()),
        "tn": float((w * (1 - y_true) * (1 - y_pred)).sum()),
    }


# %% lets the other classes compete exercise="confusion_counts" fails=["labels 0, 1, 2 with 2 as positive", "random labels of all kinds"]
# Believes that a true negative needs the very same label: 0 called 1 is then no TN when 2 is positive.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    y_true, y_pred = list(y_true), list(y_pred)
    weights = [1.0] * len(y_true) if sample_weight is None else list(sample_weight)
    if not len(y_true) == len(y_pred) == len(weights) or any(v != v for v in y_true + y_pred):
        raise ValueError("bad input")
    counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    for truth, said, weight in zip(y_true, y_pred, weights):
        if truth == said:
            counts["tp" if said == pos_label else "tn"] += weight
        else:
            counts["fp" if said == pos_label else "fn"] += weight
    return counts


# %% weights left out exercise="confusion_counts" fails=["weights are added", "random weights"]
# Believes that a weight only matters in training, not in evaluation.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    y_true, y_pred = list(y_true), list(y_pred)
    if len(y_true) != len(y_pred) or (sample_weight is not None and len(sample_weight) != len(y_true)):
        raise ValueError("lengths differ")
    if any(v != v for v in y_true + y_pred):
        raise ValueError("NaN")
    pairs = [(truth == pos_label, said == pos_label) for truth, said in zip(y_true, y_pred)]
    return {
        "tp": pairs.count((True, True)),
        "fp": pairs.count((False, True)),
        "fn": pairs.count((True, False)),
        "tn": pairs.count((False, False)),
    }


# %% zip stops at the shorter list exercise="confusion_counts" fails=["lengths that differ are refused"]
# Trusts zip: what has no partner is left out without a word.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    if any(v != v for v in list(y_true) + list(y_pred)):
        raise ValueError("NaN")
    weights = [1.0] * len(y_true) if sample_weight is None else sample_weight
    counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    for truth, said, weight in zip(y_true, y_pred, weights):
        key = ("t" if (truth == pos_label) == (said == pos_label) else "f") + ("p" if said == pos_label else "n")
        counts[key] += weight
    return counts


# %% a missing label becomes a negative exercise="confusion_counts" fails=["a NaN label is refused"]
# Forgets that NaN differs from every label, so that "not positive" includes "not known".
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    weights = [1.0] * len(y_true) if sample_weight is None else sample_weight
    if not len(y_true) == len(y_pred) == len(weights):
        raise ValueError("lengths differ")
    counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    for truth, said, weight in zip(y_true, y_pred, weights):
        key = ("t" if (truth == pos_label) == (said == pos_label) else "f") + ("p" if said == pos_label else "n")
        counts[key] += weight
    return counts


# %% expects recall to be high as well exercise="accuracy_trap" fails=["recall at 1 % positives", "balanced accuracy at 1 % positives"]
# Believes that a model with high accuracy must find most positives.
prediction = {"accuracy": 0.99, "recall": 0.99, "balanced_accuracy": 0.99}

# %% takes balanced accuracy for the mean of accuracy and recall exercise="accuracy_trap" fails=["balanced accuracy at 1 % positives"]
# Averages the two numbers at hand instead of the recalls of the two classes.
prediction = {"accuracy": 0.99, "recall": 0, "balanced_accuracy": 0.99 / 2}

# %% percentages exercise="accuracy_trap" fails=["accuracy at 1 % positives", "balanced accuracy at 1 % positives"]
# Answers in per cent where a share is asked for.
prediction = {"accuracy": 99, "recall": 0, "balanced_accuracy": 50}

# %% rounds to two decimals exercise="prf_by_hand" fails=["F1 of the ten tumours", "F2 of the ten tumours"]
# Believes that 0.67 is the same as two thirds.
prf_hand = {"precision": 0.75, "recall": 0.6, "f1": 0.67, "f2": 0.63}

# %% precision for recall exercise="prf_by_hand" fails=["precision of the ten tumours", "recall of the ten tumours", "F2 of the ten tumours"]
# Mixes up the two denominators; F1 survives the exchange, F2 does not.
prf_hand = {"precision": 3 / 5, "recall": 3 / 4, "f1": 6 / 9, "f2": 15 / 21}

# %% arithmetic mean by hand exercise="prf_by_hand" fails=["F1 of the ten tumours", "F2 of the ten tumours"]
# Believes that F1 is the plain mean of precision and recall, and F2 one that counts recall twice.
prf_hand = {"precision": 3 / 4, "recall": 3 / 5, "f1": (3 / 4 + 3 / 5) / 2, "f2": (3 / 4 + 2 * 3 / 5) / 3}


# %% precision and recall exchanged exercise="precision_recall_fbeta" fails=["the eight messages: precision, recall, F1", "F2 and F0.5 of the eight messages", "weights count", "the real predictions, as scikit-learn scores them", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Divides TP by the positives for precision, and by the predictions for recall.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 0.0
    r = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    return p, r, (1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0.0


# %% arithmetic mean in code exercise="precision_recall_fbeta" fails=["the eight messages: precision, recall, F1", "F2 and F0.5 of the eight messages", "weights count", "the real predictions, as scikit-learn scores them", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Believes that F-beta is a weighted arithmetic mean.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    r = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 0.0
    return p, r, (p + beta**2 * r) / (1 + beta**2)


# %% beta not squared exercise="precision_recall_fbeta" fails=["F2 and F0.5 of the eight messages", "the real predictions, as scikit-learn scores them", "random labels, betas and weights"]
# Takes beta itself for the weight of a miss.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    r = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 0.0
    return p, r, (1 + beta) * p * r / (beta * p + r) if p + r else 0.0


# %% beta on the wrong side exercise="precision_recall_fbeta" fails=["F2 and F0.5 of the eight messages", "the real predictions, as scikit-learn scores them", "random labels, betas and weights"]
# Puts beta squared at recall in the denominator, so that F2 leans towards precision.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    r = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 0.0
    return p, r, (1 + beta**2) * p * r / (p + beta**2 * r) if p + r else 0.0


# %% divides by zero exercise="precision_recall_fbeta" fails=["nothing predicted positive: precision and F1 are 0.0", "no positives: recall and F1 are 0.0", "neither: all three are 0.0", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Never asks whether a denominator can be zero.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fp"])
    r = c["tp"] / (c["tp"] + c["fn"])
    return p, r, (1 + beta**2) * p * r / (beta**2 * p + r)


# %% nothing to find counts as found exercise="precision_recall_fbeta" fails=["no positives: recall and F1 are 0.0", "neither: all three are 0.0", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Believes that 0/0 is 1: no positives, so none was missed. Defensible, but not the convention that was stated.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    p = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    r = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 1.0
    return p, r, (1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0.0


# %% forgets to hand on the weights and the label exercise="precision_recall_fbeta" fails=["the positive label may be a word", "weights count", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Accepts pos_label and sample_weight, and never uses them.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred)
    p = c["tp"] / (c["tp"] + c["fp"]) if c["tp"] + c["fp"] else 0.0
    r = c["tp"] / (c["tp"] + c["fn"]) if c["tp"] + c["fn"] else 0.0
    return p, r, (1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0.0


# %% the tie in two steps by hand exercise="roc_by_hand" fails=["one point for each distinct score, and the start", "the false positive rates", "the true positive rates"]
# Lets tied samples enter one after the other, the positive first: a point that no threshold reaches.
roc_points = [
    (0, 0), (0, 1 / 3), (1 / 5, 1 / 3), (1 / 5, 2 / 3), (1 / 5, 1), (2 / 5, 1), (3 / 5, 1), (4 / 5, 1), (1, 1)
]  # fmt: skip

# %% both rates over all samples exercise="roc_by_hand" fails=["the curve starts at (0, 0) and ends at (1, 1)", "the false positive rates", "the true positive rates"]
# Divides by eight, the number of all samples, instead of the number of positives or negatives.
roc_points = [
    (0, 0), (0, 1 / 8), (1 / 8, 1 / 8), (1 / 8, 2 / 8), (2 / 8, 3 / 8), (3 / 8, 3 / 8), (4 / 8, 3 / 8), (5 / 8, 3 / 8)
]  # fmt: skip

# %% axes exchanged by hand exercise="roc_by_hand" fails=["the false positive rates", "the true positive rates"]
# Writes each pair as (TPR, FPR).
roc_points = [(0, 0), (1 / 3, 0), (1 / 3, 1 / 5), (2 / 3, 1 / 5), (1, 2 / 5), (1, 3 / 5), (1, 4 / 5), (1, 1)]


# %% a point for every sample exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "random scores with many ties", "random weights on the curve"]
# Sorts the samples and lets them enter one by one, ties included.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    order = np.argsort(-s, kind="stable")
    tp, fp = np.cumsum((w * positive)[order]), np.cumsum((w * ~positive)[order])
    return np.r_[0.0, fp / fp[-1]], np.r_[0.0, tp / tp[-1]], np.r_[np.inf, s[order]]


# %% the start left out exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Takes only thresholds that occur as scores, so the curve begins in mid-air.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    t = np.unique(s)[::-1]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    fp = np.array([w[~positive & (s >= x)].sum() for x in t])
    return fp / fp[-1], tp / tp[-1], t


# %% strictly above the threshold exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Calls a sample positive only when its score is greater than the threshold; the curve never ends at (1, 1).
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    t = np.r_[np.inf, np.unique(s)[::-1]]
    tp = np.array([w[positive & (s > x)].sum() for x in t])
    fp = np.array([w[~positive & (s > x)].sum() for x in t])
    return fp / w[~positive].sum(), tp / w[positive].sum(), t


# %% from low to high exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Leaves the thresholds in the ascending order of np.unique.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    t = np.r_[np.unique(s), np.inf]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    fp = np.array([w[~positive & (s >= x)].sum() for x in t])
    return fp / w[~positive].sum(), tp / w[positive].sum(), t


# %% a grid of thresholds exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Believes that scores are probabilities and that a hundred thresholds between 0 and 1 are enough.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    t = np.r_[np.inf, np.linspace(1, 0, 101)]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    fp = np.array([w[~positive & (s >= x)].sum() for x in t])
    return fp / w[~positive].sum(), tp / w[positive].sum(), t


# %% one class gives nan exercise="roc_curve" fails=["one class alone is refused"]
# Lets 0/0 happen: a curve of nan, and a warning that nobody reads.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any():
        raise ValueError("NaN")
    t = np.r_[np.inf, np.unique(s)[::-1]]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    fp = np.array([w[~positive & (s >= x)].sum() for x in t])
    return fp / w[~positive].sum(), tp / w[positive].sum(), t


# %% weights forgotten on the curve exercise="roc_curve" fails=["weights are added up", "random weights on the curve"]
# Counts samples where weights should be added.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true])
    s = np.asarray(y_score, dtype=float)
    if np.isnan(s).any() or positive.all() or not positive.any():
        raise ValueError("bad input")
    t = np.r_[np.inf, np.unique(s)[::-1]]
    tp = np.array([(positive & (s >= x)).sum() for x in t])
    fp = np.array([(~positive & (s >= x)).sum() for x in t])
    return fp / fp[-1], tp / tp[-1], t


# %% rectangles and lost ties exercise="auc_two_ways" fails=["the area of the four samples", "the pairs of the four samples", "the eight tumours: both are 5/6", "all scores tied: one half", "random pairs, ties included", "random areas"]
# Uses the height at the left of each step, and counts a tie as no win: consistent, and wrong when scores tie.
def auc_trapezoid(fpr, tpr):
    return float(sum((fpr[k] - fpr[k - 1]) * tpr[k - 1] for k in range(1, len(fpr))))


def auc_pairs(y_true, y_score):
    pos = [s for s, v in zip(y_score, y_true) if v == 1]
    neg = [s for s, v in zip(y_score, y_true) if v != 1]
    if not pos or not neg:
        raise ValueError("no pair")
    return sum(p > n for p in pos for n in neg) / (len(pos) * len(neg))


# %% a tie is a win exercise="auc_two_ways" fails=["the pairs of the four samples", "the eight tumours: both are 5/6", "all scores tied: one half", "random pairs, ties included"]
# Writes >= in place of > and forgets the half.
def auc_trapezoid(fpr, tpr):
    return float(sum((fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1]) / 2 for k in range(1, len(fpr))))


def auc_pairs(y_true, y_score):
    pos = [s for s, v in zip(y_score, y_true) if v == 1]
    neg = [s for s, v in zip(y_score, y_true) if v != 1]
    if not pos or not neg:
        raise ValueError("no pair")
    return sum(p >= n for p in pos for n in neg) / (len(pos) * len(neg))


# %% divides by all pairs of samples exercise="auc_two_ways" fails=["the pairs of the four samples", "the eight tumours: both are 5/6", "all scores tied: one half", "area and pairs agree on the real predictions", "random pairs, ties included"]
# Counts pairs of two positives and of two negatives in the denominator too.
def auc_trapezoid(fpr, tpr):
    return float(sum((fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1]) / 2 for k in range(1, len(fpr))))


def auc_pairs(y_true, y_score):
    pos = [s for s, v in zip(y_score, y_true) if v == 1]
    neg = [s for s, v in zip(y_score, y_true) if v != 1]
    if not pos or not neg:
        raise ValueError("no pair")
    n = len(pos) + len(neg)
    return sum((p > q) + 0.5 * (p == q) for p in pos for q in neg) / (n * (n - 1) / 2)


# %% forgets the width exercise="auc_two_ways" fails=["the area of the four samples", "the eight tumours: both are 5/6", "area and pairs agree on the real predictions", "random areas"]
# Takes the mean of the heights for the area, as if all steps had the same width.
def auc_trapezoid(fpr, tpr):
    return float(sum((tpr[k] + tpr[k - 1]) / 2 for k in range(1, len(fpr))) / (len(fpr) - 1))


def auc_pairs(y_true, y_score):
    pos = [s for s, v in zip(y_score, y_true) if v == 1]
    neg = [s for s, v in zip(y_score, y_true) if v != 1]
    if not pos or not neg:
        raise ValueError("no pair")
    return sum((p > q) + 0.5 * (p == q) for p in pos for q in neg) / (len(pos) * len(neg))


# %% repairs the scores and not the ties exercise="fix_auc" fails=["one tie is half a win", "the eight tumours: 5/6", "the order of the rows does not matter", "random scores with ties"]
# Finds the hard decisions and believes that this was all.
def auc_of_ranks(y_true, y_score):
    is_positive = np.asarray(y_true) == 1
    order = np.argsort(np.asarray(y_score), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


# %% repairs the ties and not the scores exercise="fix_auc" fails=["a perfect ranking, all scores below one half", "the eight tumours: 5/6", "the real predictions, sorted by label", "random scores with ties"]
# Gives tied samples their mean rank, but still ranks hard decisions.
def auc_of_ranks(y_true, y_score):
    is_positive = np.asarray(y_true) == 1
    decision = (np.asarray(y_score) >= 0.5).astype(float)
    _, group, equal = np.unique(decision, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(equal) - (equal - 1) / 2)[group]
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


# %% gives ties the highest rank exercise="fix_auc" fails=["one tie is half a win", "the eight tumours: 5/6", "random scores with ties"]
# Equal scores get equal ranks, but the last of them and not their mean: a tie counts as a whole win.
def auc_of_ranks(y_true, y_score):
    is_positive = np.asarray(y_true) == 1
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    scores_here = np.asarray(y_score)
    wins = (scores_here[is_positive][:, None] >= scores_here[~is_positive][None, :]).sum()
    return float(wins / (n_pos * n_neg))


# %% believes that equal areas are equal models exercise="read_curves" fails=["what the ROC panel says", "which model for few false alarms"]
# Takes AUC for the whole curve.
curves_read = {"auc": "c", "few": "c", "rare": "b", "precision": 0.54}

# %% reads the other line exercise="read_curves" fails=["which model for few false alarms", "the precision of texture at recall 0.8"]
# Reads the solid line where the dashed one was asked for, and picks the model that wins on the right.
curves_read = {"auc": "b", "few": "b", "rare": "b", "precision": 0.47}

# %% believes that ROC suffers from rarity exercise="read_curves" fails=["what rare positives do to the curves"]
# Expects every metric to fall when positives become rare.
curves_read = {"auc": "b", "few": "a", "rare": "a", "precision": 0.54}


# %% trapezoids under the precision-recall curve exercise="average_precision" fails=["AP of the four samples: 5/6", "steps, not trapezoids", "all scores tied: AP is the share of positives", "AP of the real predictions, as scikit-learn computes it", "random curves with ties", "random weights on the precision-recall curve"]
# Joins the points by straight lines, as in the ROC curve.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or not positive.any():
        raise ValueError("bad input")
    t = np.unique(s)[::-1]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    called = np.array([w[s >= x].sum() for x in t])
    return np.r_[1.0, tp / called], np.r_[0.0, tp / tp[-1]], np.r_[np.inf, t]


def average_precision(precision, recall):
    return float(np.trapezoid(precision, recall))


# %% precision at the start of the step exercise="average_precision" fails=["AP of the four samples: 5/6", "steps, not trapezoids", "all scores tied: AP is the share of positives", "AP of the real predictions, as scikit-learn computes it", "random curves with ties", "random weights on the precision-recall curve"]
# Takes the precision before the new samples enter, which is the more flattering one.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or not positive.any():
        raise ValueError("bad input")
    t = np.unique(s)[::-1]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    called = np.array([w[s >= x].sum() for x in t])
    return np.r_[1.0, tp / called], np.r_[0.0, tp / tp[-1]], np.r_[np.inf, t]


def average_precision(precision, recall):
    return float(sum((recall[k] - recall[k - 1]) * precision[k - 1] for k in range(1, len(recall))))


# %% starts at precision zero exercise="average_precision" fails=["the points of the four samples", "all scores tied: AP is the share of positives", "labels that are words, and weights", "random curves with ties"]
# Sets 0/0 to 0 at the start of the curve, as in the exercise on precision. The sum does not notice, the points do.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or not positive.any():
        raise ValueError("bad input")
    t = np.unique(s)[::-1]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    called = np.array([w[s >= x].sum() for x in t])
    return np.r_[0.0, tp / called], np.r_[0.0, tp / tp[-1]], np.r_[np.inf, t]


def average_precision(precision, recall):
    return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))


# %% refuses a set without negatives exercise="average_precision" fails=["no negatives are fine: AP is 1", "random curves with ties", "random weights on the precision-recall curve"]
# Carries the rule of the ROC curve over: precision and recall need no negatives.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or not positive.any() or positive.all():
        raise ValueError("bad input")
    t = np.unique(s)[::-1]
    tp = np.array([w[positive & (s >= x)].sum() for x in t])
    called = np.array([w[s >= x].sum() for x in t])
    return np.r_[1.0, tp / called], np.r_[0.0, tp / tp[-1]], np.r_[np.inf, t]


def average_precision(precision, recall):
    return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))


# %% the costs exchanged exercise="threshold_by_hand" fails=["the Bayes threshold for costs 1 and 9", "expected cost of alarms from the Bayes threshold on"]
# Puts the cost of a miss into the numerator: the dearer a miss, the fewer the alarms.
cost_hand = {"threshold": 9 / 10, "from_half": 6.05, "from_bayes": 13.05, "everybody": 2.55}

# %% counts errors and not expectations exercise="threshold_by_hand" fails=["expected cost of alarms from 0.5 on", "expected cost of alarms from the Bayes threshold on", "expected cost of alarms for everybody"]
# Treats every patient below one half as certainly well, every other one as certainly ill.
cost_hand = {"threshold": 1 / 10, "from_half": 0, "from_bayes": 2, "everybody": 3}

# %% forgets what the silence costs exercise="threshold_by_hand" fails=["expected cost of alarms from 0.5 on", "expected cost of alarms from the Bayes threshold on"]
# Adds up the alarms only.
cost_hand = {"threshold": 1 / 10, "from_half": 0.2, "from_bayes": 1.6, "everybody": 2.55}


# %% prices exchanged exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "misses cost nothing: never raise the alarm", "the real validation part", "random scores and costs"]
# Multiplies the misses by the price of a false alarm and the other way round.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    if np.isnan(s).any():
        raise ValueError("NaN")
    bills_here = []
    for t in [np.inf, *np.unique(s)[::-1]]:
        called = s >= t
        bills_here.append((float(c_fn * (called & ~positive).sum() + c_fp * (~called & positive).sum()), -t))
    cost, minus = min(bills_here)
    return float(-minus), cost


# %% the lowest of equal thresholds exercise="best_threshold" fails=["equal costs: the highest threshold", "misses cost nothing: never raise the alarm", "random scores and costs"]
# Goes from low to high and keeps the first minimum.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    if np.isnan(s).any():
        raise ValueError("NaN")
    bills_here = []
    for t in [*np.unique(s), np.inf]:
        called = s >= t
        bills_here.append((float(c_fp * (called & ~positive).sum() + c_fn * (~called & positive).sum()), t))
    cost, t = min(bills_here)
    return float(t), cost


# %% always an alarm for somebody exercise="best_threshold" fails=["misses cost nothing: never raise the alarm", "random scores and costs"]
# Tries the scores only, so "no alarm at all" is never considered.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    if np.isnan(s).any():
        raise ValueError("NaN")
    bills_here = []
    for t in np.unique(s)[::-1]:
        called = s >= t
        bills_here.append((float(c_fp * (called & ~positive).sum() + c_fn * (~called & positive).sum()), -t))
    cost, minus = min(bills_here)
    return float(-minus), cost


# %% the Bayes formula in place of a search exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "equal costs: the highest threshold", "misses cost nothing: never raise the alarm", "scores need not lie between 0 and 1", "random scores and costs"]
# Believes that the formula holds for any score; it holds for calibrated probabilities, and on average.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    positive = np.array([v == pos_label for v in y_true], dtype=bool)
    s = np.asarray(y_score, dtype=float)
    if np.isnan(s).any():
        raise ValueError("NaN")
    t = c_fp / (c_fp + c_fn) if c_fp + c_fn else np.inf
    called = s >= t
    return float(t), float(c_fp * (called & ~positive).sum() + c_fn * (~called & positive).sum())


# %% weighted for macro exercise="averages" fails=["macro F1 of the ten pictures", "weighted F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Exchanges the two words: weighs in macro, and takes the plain mean in weighted.
def f1_averages(y_true, y_pred):
    classes = sorted(set(y_true) | set(y_pred))
    c = [confusion_counts(y_true, y_pred, pos_label=k) for k in classes]
    f1 = [2 * k["tp"] / (2 * k["tp"] + k["fp"] + k["fn"]) for k in c]
    support = [k["tp"] + k["fn"] for k in c]
    right = sum(k["tp"] for k in c) / len(y_true)
    return {
        "weighted": sum(f1) / len(f1),
        "macro": sum(a * b for a, b in zip(support, f1)) / sum(support),
        "micro": right,
    }


# %% only classes that truly occur exercise="averages" fails=["a class that is only predicted counts in macro", "random classes"]
# Takes the classes from y_true alone, so a class that is only predicted does not hurt.
def f1_averages(y_true, y_pred):
    c = [confusion_counts(y_true, y_pred, pos_label=k) for k in sorted(set(y_true))]
    f1 = [2 * k["tp"] / (2 * k["tp"] + k["fp"] + k["fn"]) for k in c]
    support = [k["tp"] + k["fn"] for k in c]
    right = sum(k["tp"] for k in c) / len(y_true)
    return {
        "macro": sum(f1) / len(f1),
        "weighted": sum(a * b for a, b in zip(support, f1)) / sum(support),
        "micro": right,
    }


# %% F1 of the mean precision and the mean recall exercise="averages" fails=["macro F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Averages precision and recall first and takes F1 of the two means; that is another number than the mean of F1.
def f1_averages(y_true, y_pred):
    classes = sorted(set(y_true) | set(y_pred))
    prf = [precision_recall_fbeta(y_true, y_pred, pos_label=k) for k in classes]
    c = [confusion_counts(y_true, y_pred, pos_label=k) for k in classes]
    support = [k["tp"] + k["fn"] for k in c]
    p, r = sum(k[0] for k in prf) / len(classes), sum(k[1] for k in prf) / len(classes)
    return {
        "macro": 2 * p * r / (p + r) if p + r else 0.0,
        "weighted": sum(a * k[2] for a, k in zip(support, prf)) / sum(support),
        "micro": sum(k["tp"] for k in c) / len(y_true),
    }


# %% weighs by what was predicted exercise="averages" fails=["weighted F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Takes the number of predictions of a class for its support.
def f1_averages(y_true, y_pred):
    classes = sorted(set(y_true) | set(y_pred))
    c = [confusion_counts(y_true, y_pred, pos_label=k) for k in classes]
    f1 = [2 * k["tp"] / (2 * k["tp"] + k["fp"] + k["fn"]) for k in c]
    support = [k["tp"] + k["fp"] for k in c]
    return {
        "macro": sum(f1) / len(f1),
        "weighted": sum(a * b for a, b in zip(support, f1)) / sum(support),
        "micro": sum(k["tp"] for k in c) / len(y_true),
    }


# %% micro for weighted exercise="micro_is" fails=["why micro F1 equals accuracy"]
# Believes that micro averaging weighs the classes' F1 by their size.
answer_micro = "a"

# %% the true negatives cancel exercise="micro_is" fails=["why micro F1 equals accuracy"]
# Looks for TN in a formula that does not hold it.
answer_micro = "d"


# %% absolute differences exercise="brier_reliability" fails=["the Brier score of the four samples", "the Brier score with weights", "the real predictions", "random probabilities"]
# Takes the absolute and not the squared difference; rewards a model for pushing its probabilities to 0 and 1.
def brier_score(y_true, y_prob, sample_weight=None):
    p = np.asarray(y_prob, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    return float(np.average(np.abs(p - (np.asarray(y_true) == 1)), weights=sample_weight))


def reliability_table(y_true, y_prob, n_bins=5):
    p, outcome = np.asarray(y_prob, dtype=float), (np.asarray(y_true) == 1).astype(float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    b = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], p)
    k = np.unique(b)
    return {
        "mean_predicted": np.array([p[b == i].mean() for i in k]),
        "fraction_positive": np.array([outcome[b == i].mean() for i in k]),
        "count": np.array([(b == i).sum() for i in k]),
    }


# %% both classes added up exercise="brier_reliability" fails=["the Brier score of the four samples", "sure and right is 0, sure and wrong is 1", "the Brier score with weights", "the real predictions", "random probabilities"]
# Uses Brier's form of 1950 for two classes: twice the number that was asked for.
def brier_score(y_true, y_prob, sample_weight=None):
    p = np.asarray(y_prob, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    return float(2 * np.average((p - (np.asarray(y_true) == 1)) ** 2, weights=sample_weight))


def reliability_table(y_true, y_prob, n_bins=5):
    p, outcome = np.asarray(y_prob, dtype=float), (np.asarray(y_true) == 1).astype(float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    b = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], p)
    k = np.unique(b)
    return {
        "mean_predicted": np.array([p[b == i].mean() for i in k]),
        "fraction_positive": np.array([outcome[b == i].mean() for i in k]),
        "count": np.array([(b == i).sum() for i in k]),
    }


# %% the middle of the bin exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "the real predictions", "random probabilities"]
# Plots against the middle of each bin instead of the mean prediction in it.
def brier_score(y_true, y_prob, sample_weight=None):
    p = np.asarray(y_prob, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    return float(np.average((p - (np.asarray(y_true) == 1)) ** 2, weights=sample_weight))


def reliability_table(y_true, y_prob, n_bins=5):
    p, outcome = np.asarray(y_prob, dtype=float), (np.asarray(y_true) == 1).astype(float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    b = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], p)
    k = np.unique(b)
    return {
        "mean_predicted": (k + 0.5) / n_bins,
        "fraction_positive": np.array([outcome[b == i].mean() for i in k]),
        "count": np.array([(b == i).sum() for i in k]),
    }


# %% the last edge lost exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins"]
# Multiplies and cuts off, so that p = 1 falls into a bin behind the last one, and an inner edge into the bin above.
def brier_score(y_true, y_prob, sample_weight=None):
    p = np.asarray(y_prob, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    return float(np.average((p - (np.asarray(y_true) == 1)) ** 2, weights=sample_weight))


def reliability_table(y_true, y_prob, n_bins=5):
    p, outcome = np.asarray(y_prob, dtype=float), (np.asarray(y_true) == 1).astype(float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("no probability")
    b = (p * n_bins).astype(int)
    k = np.unique(b)
    return {
        "mean_predicted": np.array([p[b == i].mean() for i in k]),
        "fraction_positive": np.array([outcome[b == i].mean() for i in k]),
        "count": np.array([(b == i).sum() for i in k]),
    }


# %% draws labels and predictions apart exercise="bootstrap_interval" fails=["one draw, the one of the example: F1 is 4/5", "two draws, level 1: the smallest and the largest value", "level 0.5: the quartiles", "beta is handed on", "the real predictions, fifty draws", "random draws, betas and levels"]
# Resamples the labels and leaves the predictions where they are: breaks every pair.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    y_true = np.asarray(y_true)
    values = [precision_recall_fbeta(y_true[d], y_pred, beta)[2] for d in np.asarray(indices)]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


# %% cuts off too much at each end exercise="bootstrap_interval" fails=["level 0.5: the quartiles", "the real predictions, fifty draws", "random draws, betas and levels"]
# Cuts off 1 - level at each end, so that the interval holds less than it says.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    values = [precision_recall_fbeta(y_true[d], y_pred[d], beta)[2] for d in np.asarray(indices)]
    low, high = np.quantile(values, [1 - level, level])
    return float(low), float(high)


# %% mean plus and minus two standard deviations exercise="bootstrap_interval" fails=["two draws, level 1: the smallest and the largest value", "level 0.5: the quartiles", "the real predictions, fifty draws", "random draws, betas and levels"]
# Assumes a normal distribution, which F1 near its ends and on small samples does not have.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    values = [precision_recall_fbeta(y_true[d], y_pred[d], beta)[2] for d in np.asarray(indices)]
    return float(np.mean(values) - 1.96 * np.std(values)), float(np.mean(values) + 1.96 * np.std(values))


# %% always F1 exercise="bootstrap_interval" fails=["beta is handed on", "random draws, betas and levels"]
# Takes beta as an argument and forgets to hand it on.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    values = [precision_recall_fbeta(y_true[d], y_pred[d])[2] for d in np.asarray(indices)]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


# %% no miss means no misses exercise="bound_by_hand" fails=["the exact upper bound for 0 of 20", "the rule of three for 0 of 20", "how many without a miss for a bound of 0.01"]
# Takes the estimate 0/20 for the truth: then nothing has to be bounded, and a hundred make one per cent.
bound_hand = {"bound": 0, "rule_of_three": 0, "needed": 100}

# %% takes 0.95 for 0.05 exercise="bound_by_hand" fails=["the exact upper bound for 0 of 20", "how many without a miss for a bound of 0.01"]
# Asks for the rate at which "no miss" is probable, not for the one at which it is rare.
bound_hand = {"bound": 1 - 0.95 ** (1 / 20), "rule_of_three": 3 / 20, "needed": 6}

# %% the rule of three for the exact number exercise="bound_by_hand" fails=["how many without a miss for a bound of 0.01"]
# Solves 3/n = 0.01: close, but one more than needed.
bound_hand = {"bound": 1 - 0.05 ** (1 / 20), "rule_of_three": 3 / 20, "needed": 300}


# %% tests the accuracies as if unpaired exercise="paired_test" fails=["the eight tumours", "six against none", "A and B exchanged: the same p-value", "random models on the same samples"]
# Compares the two numbers of right answers as two independent samples: forgets that the tumours are the same.
def mcnemar_exact(y_true, pred_a, pred_b):
    if not len(y_true) == len(pred_a) == len(pred_b):
        raise ValueError("lengths differ")
    right_a = np.array([t == a for t, a in zip(y_true, pred_a)])
    right_b = np.array([t == b for t, b in zip(y_true, pred_b)])
    table = [[right_a.sum(), (~right_a).sum()], [right_b.sum(), (~right_b).sum()]]
    p = scipy.stats.fisher_exact(table).pvalue
    return {"only_a": int((right_a & ~right_b).sum()), "only_b": int((right_b & ~right_a).sum()), "p_value": float(p)}


# %% the normal approximation exercise="paired_test" fails=["the eight tumours", "six against none", "A and B exchanged: the same p-value", "random models on the same samples"]
# Uses the chi-squared form with continuity correction, which is meant for many tosses.
def mcnemar_exact(y_true, pred_a, pred_b):
    if not len(y_true) == len(pred_a) == len(pred_b):
        raise ValueError("lengths differ")
    a = sum(x == t and y != t for t, x, y in zip(y_true, pred_a, pred_b))
    b = sum(y == t and x != t for t, x, y in zip(y_true, pred_a, pred_b))
    p = float(scipy.stats.chi2.sf(max(0, abs(a - b) - 1) ** 2 / (a + b), 1)) if a + b else 1.0
    return {"only_a": a, "only_b": b, "p_value": p}


# %% one side only exercise="paired_test" fails=["the eight tumours", "six against none", "A and B exchanged: the same p-value", "as many for A as for B: p is 1", "three classes: both wrong in different ways count for nobody", "random models on the same samples"]
# Takes the tail once, as if it had been known beforehand which model would win.
def mcnemar_exact(y_true, pred_a, pred_b):
    if not len(y_true) == len(pred_a) == len(pred_b):
        raise ValueError("lengths differ")
    a = sum(x == t and y != t for t, x, y in zip(y_true, pred_a, pred_b))
    b = sum(y == t and x != t for t, x, y in zip(y_true, pred_a, pred_b))
    tail = sum(math.comb(a + b, k) for k in range(min(a, b) + 1))
    return {"only_a": a, "only_b": b, "p_value": tail / 2 ** (a + b)}


# ruff: noqa: B905

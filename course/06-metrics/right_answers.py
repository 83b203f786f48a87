# %% a comprehension for each count exercise="confusion_counts"
# One sum for each of the four counts; labels are compared as Python objects.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    y_true, y_pred = list(y_true), list(y_pred)
    w = [1] * len(y_true) if sample_weight is None else list(sample_weight)
    if len(y_true) != len(y_pred) or len(w) != len(y_true):
        raise ValueError("y_true, y_pred and sample_weight must have one length")
    for label in y_true + y_pred:
        if isinstance(label, float) and math_isnan(label):
            raise ValueError("NaN label")
    t, p = [label == pos_label for label in y_true], [label == pos_label for label in y_pred]
    return {
        "tp": sum(w[i] for i in range(len(t)) if t[i] and p[i]),
        "fp": sum(w[i] for i in range(len(t)) if not t[i] and p[i]),
        "fn": sum(w[i] for i in range(len(t)) if t[i] and not p[i]),
        "tn": sum(w[i] for i in range(len(t)) if not t[i] and not p[i]),
    }


def math_isnan(x):
    return x != x


# %% masks and sums exercise="confusion_counts"
# NumPy masks; arrays of objects keep a NaN among words what it is, and pandas finds it.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    import pandas as pd

    y_true, y_pred = np.asarray(y_true, dtype=object), np.asarray(y_pred, dtype=object)
    weights = np.ones(y_true.shape[0]) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if y_true.shape != y_pred.shape or weights.shape != y_true.shape:
        raise ValueError("shapes differ")
    if pd.isna(y_true).any() or pd.isna(y_pred).any():
        raise ValueError("missing label")
    t, p = y_true == pos_label, y_pred == pos_label
    return {
        "tp": weights[t & p].sum(),
        "fp": weights[~t & p].sum(),
        "fn": weights[t & ~p].sum(),
        "tn": weights[~t & ~p].sum(),
    }


# %% strict zip does the lengths exercise="confusion_counts"
# `zip(strict=True)` raises the ValueError by itself; the counts are whole numbers where there are no weights.
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None):
    counts = dict.fromkeys(["tp", "fp", "fn", "tn"], 0)
    if sample_weight is None:
        sample_weight = [1] * len(y_true)
    for t, p, w in zip(y_true, y_pred, sample_weight, strict=True):
        if t != t or p != p:
            raise ValueError("NaN is no label")
        if t == pos_label and p == pos_label:
            counts["tp"] += w
        elif t == pos_label:
            counts["fn"] += w
        elif p == pos_label:
            counts["fp"] += w
        else:
            counts["tn"] += w
    return counts


# %% an early return exercise="precision_recall_fbeta"
# Without a true positive everything is zero; then no denominator can be.
def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label=pos_label, sample_weight=sample_weight)
    if c["tp"] == 0:
        return 0.0, 0.0, 0.0
    precision = c["tp"] / (c["tp"] + c["fp"])
    recall = c["tp"] / (c["tp"] + c["fn"])
    b2 = beta * beta
    return precision, recall, (1 + b2) * precision * recall / (b2 * precision + recall)


# %% a helper for the division exercise="precision_recall_fbeta"
# The convention for 0/0 stands in one place; the result is a tuple of NumPy numbers.
def _share(part, whole):
    return np.float64(part / whole) if whole > 0 else np.float64(0.0)


def precision_recall_fbeta(y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None):
    c = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    tp, fp, fn = c["tp"], c["fp"], c["fn"]
    weighted = (1 + beta**2) * tp
    return _share(tp, tp + fp), _share(tp, tp + fn), _share(weighted, weighted + beta**2 * fn + fp)


# %% sort and cumulative sums exercise="roc_curve"
# Sorts once, adds up, and keeps the last place of each group of ties.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    t = np.array([label == pos_label for label in y_true])
    s = np.asarray(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if np.isnan(s).any() or t.all() or not t.any():
        raise ValueError("bad input")
    order = np.argsort(s)[::-1]
    s, t, w = s[order], t[order], w[order]
    tp, fp = np.cumsum(w * t), np.cumsum(w * ~t)
    last = np.append(s[1:] != s[:-1], True)
    return np.r_[0, fp[last] / fp[-1]], np.r_[0, tp[last] / tp[-1]], np.r_[np.inf, s[last]]


# %% with the confusion counts exercise="roc_curve"
# Calls the function of the second exercise once for each threshold; no arrays until the end.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    scores = [float(s) for s in y_score]
    labels = [1 if label == pos_label else 0 for label in y_true]
    if any(s != s for s in scores):
        raise ValueError("a score is missing")
    if sum(labels) in (0, len(labels)):
        raise ValueError("one class")
    thresholds = [float("inf")] + sorted(set(scores), reverse=True)
    fpr, tpr = [], []
    for threshold in thresholds:
        c = confusion_counts(labels, [int(s >= threshold) for s in scores], sample_weight=sample_weight)
        fpr.append(c["fp"] / (c["fp"] + c["tn"]))
        tpr.append(c["tp"] / (c["tp"] + c["fn"]))
    return np.array(fpr), np.array(tpr), np.array(thresholds)


# %% groups in a dict and running totals exercise="roc_curve"
# No array until the end: a dict from score to the weights of both classes, then one walk from high to low.
def roc_curve(y_true, y_score, pos_label=1, sample_weight=None):
    scores = [float(s) for s in y_score]
    if any(math_nan != math_nan for math_nan in scores):
        raise ValueError("a score is NaN")
    weights = [1.0] * len(scores) if sample_weight is None else [float(w) for w in sample_weight]
    groups = {}
    for label, score, weight in zip(y_true, scores, weights, strict=True):
        pair = groups.setdefault(score, [0.0, 0.0])
        pair[0 if label == pos_label else 1] += weight
    total_pos = sum(pair[0] for pair in groups.values())
    total_neg = sum(pair[1] for pair in groups.values())
    if total_pos == 0 or total_neg == 0:
        raise ValueError("a curve needs both classes")
    fpr, tpr, thresholds = [0.0], [0.0], [float("inf")]
    tp = fp = 0.0
    for score in sorted(groups, reverse=True):
        tp, fp = tp + groups[score][0], fp + groups[score][1]
        fpr.append(fp / total_neg)
        tpr.append(tp / total_pos)
        thresholds.append(score)
    return np.array(fpr), np.array(tpr), np.array(thresholds)


# %% arrays all the way exercise="auc_two_ways"
# NumPy's trapezoid rule, and a table of all pairs by broadcasting.
def auc_trapezoid(fpr, tpr):
    return np.trapezoid(tpr, fpr)


def auc_pairs(y_true, y_score):
    y_true, y_score = np.asarray(y_true), np.asarray(y_score)
    pos, neg = y_score[y_true == 1], y_score[y_true != 1]
    if pos.size == 0 or neg.size == 0:
        raise ValueError("no pair")
    return ((pos[:, None] > neg).mean() + (pos[:, None] >= neg).mean()) / 2


# %% an early return and the sign of a difference exercise="auc_two_ways"
# Adds up (1 + sign) / 2 over all pairs; the area by np.diff and a dot product.
def auc_trapezoid(fpr, tpr):
    heights = (np.asarray(tpr)[1:] + np.asarray(tpr)[:-1]) / 2
    return float(np.diff(fpr) @ heights)


def auc_pairs(y_true, y_score):
    pairs = [
        (a, b)
        for i, a in enumerate(y_score)
        if y_true[i] == 1
        for j, b in enumerate(y_score)
        if y_true[j] != 1
    ]
    if len(pairs) == 0:
        raise ValueError("at least one positive and one negative are needed")
    return sum((1 + np.sign(a - b)) / 2 for a, b in pairs) / len(pairs)


# %% the ranks of SciPy exercise="fix_auc"
# The library's mean ranks; the rest of the program as it was.
def auc_of_ranks(y_true, y_score) -> float:
    is_positive = np.asarray(y_true) == 1
    ranks = scipy_ranks(np.asarray(y_score))
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def scipy_ranks(scores):
    from scipy.stats import rankdata

    return rankdata(scores)


# %% the mean of two stable orders exercise="fix_auc"
# Within a tie the two orders mirror each other, so their mean is the mean rank of the tie.
def _ranks(values):
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks


def auc_of_ranks(y_true, y_score) -> float:
    is_positive = np.asarray(y_true) == 1
    scores = np.asarray(y_score, dtype=float)
    ranks = (_ranks(scores) + _ranks(scores[::-1])[::-1]) / 2
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


# %% counts below and equal exercise="fix_auc"
# The rank of a score: how many lie below, plus half of those that equal it, plus one half.
def auc_of_ranks(y_true, y_score) -> float:
    scores = list(y_score)
    ranks = [sum(t < s for t in scores) + (sum(t == s for t in scores) + 1) / 2 for s in scores]
    n_pos = sum(label == 1 for label in y_true)
    r = sum(rank for rank, label in zip(ranks, y_true, strict=True) if label == 1)
    return (r - n_pos * (n_pos + 1) / 2) / (n_pos * (len(scores) - n_pos))


# %% sort and cumulative sums for precision exercise="average_precision"
# Sorts once; average precision as a dot product of differences.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    t = np.array([label == pos_label for label in y_true])
    s = np.array(y_score, dtype=float)
    w = np.ones(len(s)) if sample_weight is None else np.array(sample_weight, dtype=float)
    if not t.any() or np.isnan(s).any():
        raise ValueError("bad input")
    order = np.argsort(-s, kind="stable")
    last = np.append(np.diff(s[order]) != 0, True)
    tp, called = np.cumsum((w * t)[order])[last], np.cumsum(w[order])[last]
    recall = tp / tp[-1]
    return (
        np.concatenate([[1.0], tp / called]),
        np.concatenate([[0.0], recall]),
        np.concatenate([[np.inf], s[order][last]]),
    )


def average_precision(precision, recall):
    return np.dot(np.diff(recall), np.asarray(precision)[1:])


# %% from precision and recall at each threshold exercise="average_precision"
# Calls precision_recall_fbeta for each threshold; the convention at inf comes from there as 0 and is replaced.
def precision_recall_points(y_true, y_score, pos_label=1, sample_weight=None):
    labels, scores = [label == pos_label for label in y_true], np.asarray(y_score, dtype=float)
    if np.isnan(scores).any() or not any(labels):
        raise ValueError("bad input")
    thresholds = [np.inf, *sorted(set(scores.tolist()))[::-1]]
    rows = [
        precision_recall_fbeta(labels, list(scores >= t), pos_label=True, sample_weight=sample_weight)
        for t in thresholds
    ]
    precision, recall = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    precision[0] = 1.0
    return precision, recall, np.array(thresholds)


def average_precision(precision, recall):
    total, before = 0.0, recall[0]
    for p, r in zip(precision, recall, strict=True):
        total += (r - before) * p
        before = r
    return total


# %% all bills, then the minimum exercise="best_threshold"
# Computes every cost first; np.argmin takes the first minimum, and the list goes from high to low.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    positive = np.array([label == pos_label for label in y_true], dtype=bool)
    scores = np.asarray(y_score, dtype=float)
    if np.isnan(scores).any():
        raise ValueError("NaN score")
    candidates = np.append(np.inf, np.sort(np.unique(scores))[::-1])
    alarms = scores[None, :] >= candidates[:, None]
    costs = c_fp * (alarms & ~positive).sum(axis=1) + c_fn * (~alarms & positive).sum(axis=1)
    best = int(np.argmin(costs))
    return candidates[best], costs[best]


# %% plain loops and a tuple as key exercise="best_threshold"
# min() over (cost, -threshold): of equal costs the highest threshold wins.
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1):
    scores = list(y_score)
    if any(s != s for s in scores):
        raise ValueError("NaN score")

    def cost(threshold):
        total = 0
        for label, score in zip(y_true, scores, strict=True):
            if score >= threshold and label != pos_label:
                total += c_fp
            if score < threshold and label == pos_label:
                total += c_fn
        return total

    lowest, minus = min((cost(t), -t) for t in [float("inf"), *scores])
    return -minus, lowest


# %% precision and recall of each class exercise="averages"
# F1 from precision_recall_fbeta; micro as the share of right answers, which it is here.
def f1_averages(y_true, y_pred):
    labels = set(y_true).union(y_pred)
    f1 = {label: precision_recall_fbeta(y_true, y_pred, pos_label=label)[2] for label in labels}
    n = len(y_true)
    return {
        "macro": sum(f1.values()) / len(f1),
        "weighted": sum(f1[label] for label in y_true) / n,
        "micro": sum(t == p for t, p in zip(y_true, y_pred, strict=True)) / n,
    }


# %% counters and a cross table exercise="averages"
# Three Counters hold hits, predictions and support; no call of an earlier exercise.
def f1_averages(y_true, y_pred):
    from collections import Counter

    support, called = Counter(y_true), Counter(y_pred)
    hits = Counter(t for t, p in zip(y_true, y_pred, strict=True) if t == p)
    f1 = {k: 2 * hits[k] / (support[k] + called[k]) for k in support | called}
    total = sum(support.values())
    return {
        "macro": float(np.mean(list(f1.values()))),
        "weighted": sum(support[k] * f1[k] for k in f1) / total,
        "micro": 2 * sum(hits.values()) / (total + sum(called.values())),
    }


# %% plain loops over the bins exercise="brier_reliability"
# Pure Python until the end; each bin is a list.
def brier_score(y_true, y_prob, sample_weight=None):
    if any(not 0 <= p <= 1 for p in y_prob):
        raise ValueError("no probability")
    weights = sample_weight if sample_weight is not None else [1] * len(y_prob)
    total = 0.0
    for label, p, w in zip(y_true, y_prob, weights, strict=True):
        total += w * (p - (1 if label == 1 else 0)) ** 2
    return total / sum(weights)


def reliability_table(y_true, y_prob, n_bins=5):
    if any(not 0 <= p <= 1 for p in y_prob):
        raise ValueError("no probability")
    edges = np.linspace(0, 1, n_bins + 1)
    columns = {"mean_predicted": [], "fraction_positive": [], "count": []}
    for k in range(n_bins):
        rows = [
            i for i, p in enumerate(y_prob) if edges[k] < p <= edges[k + 1] or (k == 0 and p == 0)
        ]
        if rows:
            columns["mean_predicted"].append(sum(y_prob[i] for i in rows) / len(rows))
            columns["fraction_positive"].append(sum(y_true[i] == 1 for i in rows) / len(rows))
            columns["count"].append(len(rows))
    return {name: np.array(values) for name, values in columns.items()}


# %% np.digitize and np.bincount exercise="brier_reliability"
# Sums by bin in one call each; the empty bins are dropped at the end.
def _checked(y_prob):
    y_prob = np.asarray(y_prob, dtype=float)
    if np.isnan(y_prob).any() or y_prob.min() < 0 or y_prob.max() > 1:
        raise ValueError("probabilities lie in [0, 1]")
    return y_prob


def brier_score(y_true, y_prob, sample_weight=None):
    error = (_checked(y_prob) - (np.asarray(y_true) == 1)) ** 2
    if sample_weight is None:
        return error.mean()
    w = np.asarray(sample_weight)
    return (w * error).sum() / w.sum()


def reliability_table(y_true, y_prob, n_bins=5):
    y_prob, outcome = _checked(y_prob), np.asarray(y_true) == 1
    which = np.digitize(y_prob, np.linspace(0, 1, n_bins + 1)[1:-1], right=True)
    count = np.bincount(which, minlength=n_bins)
    keep = count > 0
    return {
        "mean_predicted": np.bincount(which, y_prob, n_bins)[keep] / count[keep],
        "fraction_positive": np.bincount(which, outcome, n_bins)[keep] / count[keep],
        "count": count[keep],
    }


# %% np.percentile and a loop exercise="bootstrap_interval"
# Percentages instead of shares; the metric from scikit-learn, with the same convention for 0/0.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    values = []
    for row in indices:
        t, p = [y_true[i] == 1 for i in row], [y_pred[i] == 1 for i in row]
        values.append(skm.fbeta_score(t, p, beta=beta, zero_division=0))
    cut = 100 * (1 - level) / 2
    return np.percentile(values, cut), np.percentile(values, 100 - cut)


# %% all draws at once exercise="bootstrap_interval"
# Fancy indexing gives a table of draws; the counts are sums along its rows.
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95):
    draws = np.asarray(indices)
    t, p = np.asarray(y_true)[draws] == 1, np.asarray(y_pred)[draws] == 1
    tp, fp, fn = (t & p).sum(1), (~t & p).sum(1), (t & ~p).sum(1)
    below = (1 + beta**2) * tp + beta**2 * fn + fp
    f = np.where(below > 0, (1 + beta**2) * tp / np.where(below > 0, below, 1), 0.0)
    tail = (1 - level) / 2
    return tuple(np.quantile(f, (tail, 1 - tail)))


# %% the test of SciPy exercise="paired_test"
# Boolean arrays and the library's exact binomial test, which wants at least one toss.
def mcnemar_exact(y_true, pred_a, pred_b):
    y_true, pred_a, pred_b = np.asarray(y_true), np.asarray(pred_a), np.asarray(pred_b)
    if not y_true.shape == pred_a.shape == pred_b.shape:
        raise ValueError("shapes differ")
    right_a, right_b = pred_a == y_true, pred_b == y_true
    a, b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    p = scipy.stats.binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
    return {"only_a": a, "only_b": b, "p_value": p}


# %% the sum in floating point exercise="paired_test"
# An early return for no toss; each term as a probability, so the sum never sees large numbers.
def mcnemar_exact(y_true, pred_a, pred_b):
    if len({len(y_true), len(pred_a), len(pred_b)}) > 1:
        raise ValueError("three lengths")
    verdicts = [(a == t, b == t) for t, a, b in zip(y_true, pred_a, pred_b, strict=True)]
    a, b = verdicts.count((True, False)), verdicts.count((False, True))
    if a + b == 0:
        return {"only_a": 0, "only_b": 0, "p_value": 1.0}
    p = 2 * sum(math.comb(a + b, k) * 0.5 ** (a + b) for k in range(min(a, b) + 1))
    return {"only_a": a, "only_b": b, "p_value": 1.0 if p > 1 else p}


# %% Pascal's triangle in fractions exercise="paired_test"
# Each coefficient from the one before, one exact division at the end; `zip(strict=True)` does the lengths.
def mcnemar_exact(y_true, pred_a, pred_b):
    from fractions import Fraction

    verdicts = [(bool(a == t), bool(b == t)) for t, a, b in zip(y_true, pred_a, pred_b, strict=True)]
    only_a, only_b = verdicts.count((True, False)), verdicts.count((False, True))
    m = only_a + only_b
    coefficient, total = 1, 0
    for k in range(min(only_a, only_b) + 1):
        total += coefficient
        coefficient = coefficient * (m - k) // (k + 1)
    p = Fraction(2 * total, 2**m)
    return {"only_a": only_a, "only_b": only_b, "p_value": 1.0 if p > 1 else float(p)}

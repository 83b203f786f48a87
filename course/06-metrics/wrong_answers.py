# %% swaps the two kinds of error exercise="counts_by_hand" fails=["false positives: benign, but called malignant", "false negatives: malignant, but called benign"]
# Reads the name from its front: takes "false positive" for "a positive that was falsely judged".
counts_hand = {"tp": 3, "fp": 2, "fn": 1, "tn": 4}

# %% counts agreements as positives exercise="counts_by_hand" fails=["true positives: malignant, and called malignant", "false positives: benign, but called malignant", "false negatives: malignant, but called benign", "true negatives: benign, and called benign"]
# Takes "true" for the whole meaning: every right answer is a true positive, every wrong one a false positive.
counts_hand = {"tp": 7, "fp": 3, "fn": 0, "tn": 0}

# %% FP and FN swapped in code exercise="confusion_counts" fails=["the eight messages", "labels 'spam' and 'ham'", "weights are added", "the real predictions, as scikit-learn counts them", "random labels of all kinds", "random weights"]
# Believes that a false negative is a negative that was falsely called positive.
# - counts["tp" if truth == pos_label else "fp"] += float(weight)
# + counts["tp" if truth == pos_label else "fn"] += float(weight)
# - counts["fn" if truth == pos_label else "tn"] += float(weight)
# + counts["fp" if truth == pos_label else "tn"] += float(weight)

# %% labels are zeros and ones exercise="confusion_counts" fails=["labels 'spam' and 'ham'", "labels 0, 1, 2 with 2 as positive", "weights are added", "random labels of all kinds", "random weights"]
# Believes that labels are always 0 and 1, so that they can be multiplied.
# - counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
# + w, t, p = (np.asarray(values, dtype=float) for values in (weights, y_true, y_pred))
# + products = {"tp": w * t * p, "fp": w * (1 - t) * p, "fn": w * t * (1 - p), "tn": w * (1 - t) * (1 - p)}
# + return {name: float(product.sum()) for name, product in products.items()}

# %% lets the other classes compete exercise="confusion_counts" fails=["labels 0, 1, 2 with 2 as positive", "random labels of all kinds", "random weights"]
# Believes that a true negative needs the very same label: 0 called 1 is then no TN when 2 is positive.
# - if said == pos_label:
# -     counts["tp" if truth == pos_label else "fp"] += float(weight)
# - else:
# -     counts["fn" if truth == pos_label else "tn"] += float(weight)
# + if truth == said:
# +     counts["tp" if said == pos_label else "tn"] += float(weight)
# + else:
# +     counts["fp" if said == pos_label else "fn"] += float(weight)

# %% everything else is a true negative exercise="confusion_counts" fails=["the eight messages", "every sample is counted once", "labels 'spam' and 'ham'", "labels 0, 1, 2 with 2 as positive", "weights are added", "the real predictions, as scikit-learn counts them", "random labels of all kinds", "random weights"]
# Takes TN for all that is no true positive, and counts errors twice.
# - return counts
# + return counts | {"tn": sum(weights) - counts["tp"]}

# %% weights left out exercise="confusion_counts" fails=["weights are added", "random weights"]
# Believes that a weight only matters in training, not in evaluation.
# - counts["tp" if truth == pos_label else "fp"] += float(weight)
# + counts["tp" if truth == pos_label else "fp"] += 1
# - counts["fn" if truth == pos_label else "tn"] += float(weight)
# + counts["fn" if truth == pos_label else "tn"] += 1

# %% zip stops at the shorter list exercise="confusion_counts" fails=["lengths that differ are refused"]
# Trusts zip: what has no partner is left out without a word.
# - if not len(y_true) == len(y_pred) == len(weights):
# -     raise ValueError(f"lengths differ: {len(y_true)}, {len(y_pred)} and {len(weights)}")
# +
# - for truth, said, weight in zip(y_true, y_pred, weights, strict=True):
# + for truth, said, weight in zip(y_true, y_pred, weights):

# %% a missing label becomes a negative exercise="confusion_counts" fails=["a NaN label is refused"]
# Forgets that NaN differs from every label, so that "not positive" includes "not known".
# - if any(label != label for label in [*y_true, *y_pred]):  # only NaN differs from itself
# -     raise ValueError("a label is NaN")

# %% looks for NaN in the truth only exercise="confusion_counts" fails=["a NaN label is refused"]
# Believes that only true labels can be missing; a model that failed on a sample leaves a NaN as well.
# - if any(label != label for label in [*y_true, *y_pred]):  # only NaN differs from itself
# + if any(label != label for label in y_true):

# %% looks for NaN in arrays of floats exercise="confusion_counts" fails=["a NaN label is refused"]
# Asks np.isnan after np.asarray, which has made the word "nan" of a NaN among words.
# - if any(label != label for label in [*y_true, *y_pred]):  # only NaN differs from itself
# + as_arrays = np.asarray(y_true), np.asarray(y_pred)
# + if any(labels.dtype.kind == "f" and np.isnan(labels).any() for labels in as_arrays):

# %% only too short is noticed exercise="confusion_counts" fails=["lengths that differ are refused"]
# Walks by position, so a list that is too short ends in an error, and one that is too long is cut without a word.
# - if not len(y_true) == len(y_pred) == len(weights):
# + if len(y_pred) < len(y_true) or len(weights) < len(y_true):
# - for truth, said, weight in zip(y_true, y_pred, weights, strict=True):
# + for truth, said, weight in zip(y_true, y_pred, weights):

# %% predictions in the dtype of the truth exercise="confusion_counts" fails=["labels 'spam' and 'ham'", "random labels of all kinds"]
# Brings both arrays to one dtype; among words of three letters "hammer" is cut to "ham".
# - counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
# + counts, y_true = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}, np.asarray(y_true)
# + y_pred = np.asarray(y_pred).astype(y_true.dtype)

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

# %% precision and recall exchanged exercise="precision_recall_fbeta" fails=["the eight messages: precision, recall, F1", "F2 and F0.5 of the eight messages", "the positive label may be a word", "weights count", "the real predictions, as scikit-learn scores them", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Divides TP by the positives for precision, and by the predictions for recall.
# - called = counts["tp"] + counts["fp"]
# - actual = counts["tp"] + counts["fn"]
# + called = counts["tp"] + counts["fn"]
# + actual = counts["tp"] + counts["fp"]

# %% arithmetic mean in code exercise="precision_recall_fbeta" fails=["the eight messages: precision, recall, F1", "F2 and F0.5 of the eight messages", "the positive label may be a word", "weights count", "the real predictions, as scikit-learn scores them", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Believes that F-beta is a weighted arithmetic mean.
# - return precision, recall, (1 + beta**2) * counts["tp"] / below if below else 0.0
# + return precision, recall, (precision + beta**2 * recall) / (1 + beta**2)

# %% beta not squared exercise="precision_recall_fbeta" fails=["F2 and F0.5 of the eight messages", "the real predictions, as scikit-learn scores them", "random labels, betas and weights"]
# Takes beta itself for the weight of a miss.
# - below = beta**2 * actual + called
# + below = beta * actual + called
# - return precision, recall, (1 + beta**2) * counts["tp"] / below if below else 0.0
# + return precision, recall, (1 + beta) * counts["tp"] / below if below else 0.0

# %% beta on the wrong side exercise="precision_recall_fbeta" fails=["F2 and F0.5 of the eight messages", "the real predictions, as scikit-learn scores them", "random labels, betas and weights"]
# Puts beta squared at the predictions, so that F2 leans towards precision.
# - below = beta**2 * actual + called
# + below = actual + beta**2 * called

# %% always F1, whatever beta exercise="precision_recall_fbeta" fails=["F2 and F0.5 of the eight messages", "the real predictions, as scikit-learn scores them", "random labels, betas and weights"]
# Takes beta as an argument and never uses it.
# - return precision, recall, (1 + beta**2) * counts["tp"] / below if below else 0.0
# + return precision, recall, 2 * counts["tp"] / (called + actual) if called + actual else 0.0

# %% divides by zero exercise="precision_recall_fbeta" fails=["nothing predicted positive: precision and F1 are 0.0", "no positives: recall and F1 are 0.0", "neither: all three are 0.0", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Never asks whether a denominator can be zero.
# - precision = counts["tp"] / called if called else 0.0
# - recall = counts["tp"] / actual if actual else 0.0
# + precision = counts["tp"] / called
# + recall = counts["tp"] / actual

# %% a small epsilon in the denominator exercise="precision_recall_fbeta" fails=["weights count"]
# Avoids 0/0 by adding a number that seems too small to matter; where weights are small it matters.
# - precision = counts["tp"] / called if called else 0.0
# - recall = counts["tp"] / actual if actual else 0.0
# + precision = counts["tp"] / (called + 1e-12)
# + recall = counts["tp"] / (actual + 1e-12)

# %% nothing to find counts as found exercise="precision_recall_fbeta" fails=["no positives: recall and F1 are 0.0", "neither: all three are 0.0", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Believes that 0/0 is 1: no positives, so none was missed. Defensible, but not the convention that was stated.
# - recall = counts["tp"] / actual if actual else 0.0
# + recall = counts["tp"] / actual if actual else 1.0

# %% forgets to hand on the weights and the label exercise="precision_recall_fbeta" fails=["neither: all three are 0.0", "the positive label may be a word", "weights count", "random labels, betas and weights", "random labels that are not 0 and 1"]
# Accepts pos_label and sample_weight, and never uses them.
# - counts = confusion_counts(y_true, y_pred, pos_label, sample_weight)
# + counts = confusion_counts(y_true, y_pred)

# %% asks for labels and not for their weight exercise="precision_recall_fbeta" fails=["neither: all three are 0.0", "random labels, betas and weights"]
# Tests whether a positive label occurs; where all of them weigh nothing it still divides by zero.
# - precision = counts["tp"] / called if called else 0.0
# - recall = counts["tp"] / actual if actual else 0.0
# + precision = counts["tp"] / called if any(label == pos_label for label in y_pred) else 0.0
# + recall = counts["tp"] / actual if any(label == pos_label for label in y_true) else 0.0

# %% the label forgotten beside the weights exercise="precision_recall_fbeta" fails=["the positive label may be a word", "random labels that are not 0 and 1"]
# Hands pos_label on, but not in the branch with the weights.
# - counts = confusion_counts(y_true, y_pred, pos_label, sample_weight)
# + counts = confusion_counts(y_true, y_pred, pos_label)
# + if sample_weight is not None:
# +     counts = confusion_counts(y_true, y_pred, sample_weight=sample_weight)

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
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# - tp = np.array([weights[is_positive & (y_score >= t)].sum() for t in thresholds])
# - fp = np.array([weights[~is_positive & (y_score >= t)].sum() for t in thresholds])
# + order = np.argsort(-y_score, kind="stable")
# + thresholds = np.r_[np.inf, y_score[order]]
# + tp = np.r_[0.0, np.cumsum((weights * is_positive)[order])]
# + fp = np.r_[0.0, np.cumsum((weights * ~is_positive)[order])]

# %% turns the scores around by their sign exercise="roc_curve" fails=["random scores with many ties"]
# Sorts by minus the score; integers without a sign have no minus and wrap around.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + minus = np.unique(-y_score)
# + thresholds = np.concatenate([[np.inf], -minus.astype(float)])

# %% the start left out exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Takes only thresholds that occur as scores, so the curve begins in mid-air.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + thresholds = np.unique(y_score)[::-1]

# %% starts one above the highest score exercise="roc_curve" fails=["the four samples", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Sets the first threshold to the highest score plus one, as scikit-learn did before version 1.3: no score need end there.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + thresholds = np.concatenate([[y_score.max() + 1], np.unique(y_score)[::-1]])

# %% strictly above the threshold exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Calls a sample positive only when its score is greater than the threshold; the curve never ends at (1, 1).
# - tp = np.array([weights[is_positive & (y_score >= t)].sum() for t in thresholds])
# - fp = np.array([weights[~is_positive & (y_score >= t)].sum() for t in thresholds])
# + tp = np.array([weights[is_positive & (y_score > t)].sum() for t in thresholds])
# + fp = np.array([weights[~is_positive & (y_score > t)].sum() for t in thresholds])
# - return fp / fp[-1], tp / tp[-1], thresholds
# + return fp / weights[~is_positive].sum(), tp / weights[is_positive].sum(), thresholds

# %% from low to high exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Leaves the thresholds in the ascending order of np.unique.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + thresholds = np.concatenate([np.unique(y_score), [np.inf]])
# - return fp / fp[-1], tp / tp[-1], thresholds
# + return fp / fp[0], tp / tp[0], thresholds

# %% a grid of thresholds exercise="roc_curve" fails=["the four samples", "the eight tumours: your points from paper", "all scores tied: the diagonal in one step", "labels that are not 0 and 1", "weights are added up", "the real predictions, as scikit-learn draws them", "random scores with many ties", "random weights on the curve"]
# Believes that scores are probabilities and that a hundred thresholds between 0 and 1 are enough.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + thresholds = np.concatenate([[np.inf], np.linspace(1, 0, 101)])
# - return fp / fp[-1], tp / tp[-1], thresholds
# + return fp / weights[~is_positive].sum(), tp / weights[is_positive].sum(), thresholds

# %% leaves out the points in between exercise="roc_curve" fails=["the eight tumours: your points from paper", "labels that are not 0 and 1", "the real predictions, as scikit-learn draws them", "random scores with many ties"]
# Calls scikit-learn with its defaults, which drop the points that lie on a straight line.
# - return fp / fp[-1], tp / tp[-1], thresholds
# + return skm.roc_curve(is_positive, y_score, sample_weight=weights)

# %% one class gives nan exercise="roc_curve" fails=["without positives or without negatives: refused"]
# Lets 0/0 happen: a curve of nan, and a warning that nobody reads.
# - if is_positive.all() or not is_positive.any():
# -     raise ValueError("a ROC curve needs positives and negatives")

# %% counts the distinct labels exercise="roc_curve" fails=["without positives or without negatives: refused"]
# Refuses a single label, but two labels of which none is positive are one class as well.
# - if is_positive.all() or not is_positive.any():
# + if len(set(y_true)) < 2:

# %% a NaN score ranks somewhere exercise="roc_curve" fails=["a NaN score is refused"]
# Lets np.unique put NaN in front: a threshold that no score reaches.
# - if np.isnan(y_score).any():
# -     raise ValueError("a score is NaN")

# %% only 1 is positive on the curve exercise="roc_curve" fails=["labels that are not 0 and 1", "weights are added up", "random weights on the curve"]
# Accepts pos_label and compares with 1.
# - is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
# + is_positive, y_score = np.array([label == 1 for label in y_true]), np.asarray(y_score)

# %% weights forgotten on the curve exercise="roc_curve" fails=["weights are added up", "random weights on the curve"]
# Counts samples where weights should be added.
# - weights = np.ones(len(y_score)) if sample_weight is None else np.asarray(sample_weight)
# + weights = np.ones(len(y_score))

# %% rounds the scores exercise="roc_curve" fails=["the eight tumours: your points from paper", "random scores with many ties"]
# Rounds "against noise of the last digits": distinct scores that are small share a point.
# - is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
# + is_positive, y_score = np.array([label == pos_label for label in y_true]), np.round(np.asarray(y_score), 12)

# %% nearly equal scores share a point exercise="roc_curve" fails=["the eight tumours: your points from paper", "random scores with many ties"]
# Never compares floats with ==; but two scores that are close are still two.
# - thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
# + scores = np.unique(y_score)
# + scores = scores[np.append(True, ~np.isclose(scores[1:], scores[:-1]))]
# + thresholds = np.concatenate([[np.inf], scores[::-1]])

# %% finds NaN by the maximum exercise="roc_curve" fails=["a NaN score is refused"]
# Python's max() returns NaN only when it stands first.
# - if np.isnan(y_score).any():
# + if max(y_score) != max(y_score):

# %% rectangles and lost ties exercise="auc_two_ways" fails=["the area of the four samples", "the pairs of the four samples", "the eight tumours: both are 5/6", "random pairs, ties included", "random areas"]
# Uses the height at the left of each step, and counts a tie as no win: consistent, and wrong when scores tie.
# - area += (fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1]) / 2
# + area += (fpr[k] - fpr[k - 1]) * tpr[k - 1]
# - wins += 1.0 if above > below else 0.5 if above == below else 0.0
# + wins += 1.0 if above > below else 0.0

# %% sorts the points exercise="auc_two_ways" fails=["the area of the four samples"]
# A curve is believed to be a set of points; on a vertical piece the order matters.
# - area = 0.0
# + fpr, tpr = zip(*sorted(zip(fpr, tpr)))
# + area = 0.0

# %% a tie is a win exercise="auc_two_ways" fails=["the pairs of the four samples", "the eight tumours: both are 5/6", "random pairs, ties included"]
# Writes >= in place of > and forgets the half.
# - wins += 1.0 if above > below else 0.5 if above == below else 0.0
# + wins += 1.0 if above >= below else 0.0

# %% divides by all pairs of samples exercise="auc_two_ways" fails=["the pairs of the four samples", "the eight tumours: both are 5/6", "every label but 1 is negative", "area and pairs agree on the real predictions", "random pairs, ties included"]
# Counts pairs of two positives and of two negatives in the denominator too.
# - return wins / (len(positives) * len(negatives))
# + return wins / (len(y_true) * (len(y_true) - 1) / 2)

# %% forgets the width exercise="auc_two_ways" fails=["the area of the four samples", "the eight tumours: both are 5/6", "area and pairs agree on the real predictions", "random areas"]
# Takes the mean of the heights for the area, as if all steps had the same width.
# - area += (fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1]) / 2
# + area += (tpr[k] + tpr[k - 1]) / 2 / (len(fpr) - 1)

# %% zeros are the negatives exercise="auc_two_ways" fails=["every label but 1 is negative", "random pairs, ties included"]
# Looks for the label 0, and loses every other negative.
# - negatives = [s for s, label in zip(y_score, y_true, strict=True) if label != 1]
# + negatives = [s for s, label in zip(y_score, y_true, strict=True) if label == 0]

# %% without a pair one half exercise="auc_two_ways" fails=["without a pair there is no AUC"]
# Returns the value of a useless model where nothing was measured.
# - raise ValueError("there is no pair of a positive and a negative")
# + return 0.5

# %% near ties are ties exercise="auc_two_ways" fails=["the pairs of the four samples", "random pairs, ties included"]
# Compares with np.isclose, so tiny scores all tie.
# - wins += 1.0 if above > below else 0.5 if above == below else 0.0
# + wins += 0.5 if np.isclose(above, below) else 1.0 if above > below else 0.0

# %% adds the corners exercise="auc_two_ways" fails=["the area of the four samples", "random areas"]
# Completes whatever comes to a whole ROC curve: a piece of one gets area that is not its own.
# - area = 0.0
# + area, fpr, tpr = 0.0, [0.0, *fpr, 1.0], [0.0, *tpr, 1.0]

# %% repairs the scores and not the ties exercise="fix_auc" fails=["one tie is half a win", "the eight tumours: 5/6", "the order of the rows does not matter", "random scores with ties"]
# Finds the hard decisions and believes that this was all.
# - _, group, equal = np.unique(np.asarray(y_score), return_inverse=True, return_counts=True)
# - last_rank = np.cumsum(equal)
# - ranks = (last_rank - (equal - 1) / 2)[group]
# + ranks = 1.0 + np.argsort(np.argsort(np.asarray(y_score), kind="stable"))

# %% repairs the ties and not the scores exercise="fix_auc" fails=["perfect and reversed, all scores below one half", "the eight tumours: 5/6", "the order of the rows does not matter", "the real predictions, sorted by label", "random scores with ties"]
# Gives tied samples their mean rank, but still ranks hard decisions.
# - _, group, equal = np.unique(np.asarray(y_score), return_inverse=True, return_counts=True)
# + _, group, equal = np.unique(np.asarray(y_score) >= 0.5, return_inverse=True, return_counts=True)

# %% gives ties the highest rank exercise="fix_auc" fails=["one tie is half a win", "the eight tumours: 5/6", "the order of the rows does not matter", "random scores with ties"]
# Equal scores get equal ranks, but the last of them and not their mean: a tie counts as a whole win.
# - ranks = (last_rank - (equal - 1) / 2)[group]
# + ranks = last_rank[group]

# %% rounds before it ranks exercise="fix_auc" fails=["perfect and reversed, all scores below one half", "random scores with ties"]
# "Equal up to noise is equal": six decimals make ties of small probabilities.
# - _, group, equal = np.unique(np.asarray(y_score), return_inverse=True, return_counts=True)
# + _, group, equal = np.unique(np.round(np.asarray(y_score), 6), return_inverse=True, return_counts=True)

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
# - return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
# + return float(np.trapezoid(precision, recall))

# %% precision at the start of the step exercise="average_precision" fails=["AP of the four samples: 5/6", "steps, not trapezoids", "all scores tied: AP is the share of positives", "AP of the real predictions, as scikit-learn computes it", "random curves with ties", "random weights on the precision-recall curve"]
# Takes the precision before the new samples enter, which is the more flattering one.
# - return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
# + return float(sum((recall[k] - recall[k - 1]) * precision[k - 1] for k in range(1, len(recall))))

# %% the mean of the precisions exercise="average_precision" fails=["AP of the four samples: 5/6", "steps, not trapezoids", "all scores tied: AP is the share of positives", "AP of the real predictions, as scikit-learn computes it", "random curves with ties", "random weights on the precision-recall curve"]
# Takes average precision for the average over the thresholds, also over those that gain no recall.
# - return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
# + return float(np.mean(precision))

# %% starts at precision zero exercise="average_precision" fails=["the points of the four samples", "all scores tied: AP is the share of positives", "labels that are words, and weights", "random curves with ties"]
# Sets 0/0 to 0 at the start of the curve, as in the exercise on precision. The sum does not notice, the points do.
# - return np.r_[1.0, precision], np.r_[0.0, recall], np.r_[np.inf, thresholds]
# + return np.r_[0.0, precision], np.r_[0.0, recall], np.r_[np.inf, thresholds]

# %% in the order of scikit-learn exercise="average_precision" fails=["the points of the four samples", "all scores tied: AP is the share of positives", "labels that are words, and weights", "no negatives are fine: AP is 1", "AP of the real predictions, as scikit-learn computes it", "random curves with ties", "random weights on the precision-recall curve"]
# Returns the points as precision_recall_curve does: thresholds from low to high.
# - return np.r_[1.0, precision], np.r_[0.0, recall], np.r_[np.inf, thresholds]
# + return np.r_[precision[::-1], 1.0], np.r_[recall[::-1], 0.0], np.r_[thresholds[::-1], np.inf]

# %% stops at full recall exercise="average_precision" fails=["the points of the four samples", "labels that are words, and weights", "random curves with ties"]
# Leaves out the thresholds behind the last positive; AP does not notice, whoever reads the thresholds does.
# - return np.r_[1.0, precision], np.r_[0.0, recall], np.r_[np.inf, thresholds]
# + end = int(np.argmax(recall == 1)) + 1
# + return np.r_[1.0, precision[:end]], np.r_[0.0, recall[:end]], np.r_[np.inf, thresholds[:end]]

# %% refuses a set without negatives exercise="average_precision" fails=["no negatives are fine: AP is 1", "random curves with ties", "random weights on the precision-recall curve"]
# Carries the rule of the ROC curve over: precision and recall need no negatives.
# - if not is_positive.any():
# + if not is_positive.any() or is_positive.all():

# %% recall of nothing exercise="average_precision" fails=["no positives, or a NaN score: refused"]
# Lets 0/0 happen where there are no positives.
# - if not is_positive.any():
# -     raise ValueError("a precision-recall curve needs positives")

# %% weights forgotten under precision exercise="average_precision" fails=["labels that are words, and weights", "random weights on the precision-recall curve"]
# Adds up weights for TP, and counts samples for what was called positive.
# - called = np.array([weights[y_score >= t].sum() for t in thresholds])
# + called = np.array([(y_score >= t).sum() for t in thresholds])

# %% NaN by the maximum of the scores exercise="average_precision" fails=["no positives, or a NaN score: refused"]
# Python's max() returns NaN only when it stands first.
# - if np.isnan(y_score).any():
# + if max(y_score) != max(y_score):

# %% a step from recall zero exercise="average_precision" fails=["AP of the four samples: 5/6", "random curves with ties"]
# Takes it for granted that points begin at recall 0, and invents a step where they do not.
# - return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
# + return float((np.diff(recall, prepend=0.0) * np.asarray(precision)).sum())

# %% the best point of each recall exercise="average_precision" fails=["random curves with ties"]
# Sorts the points of one recall by precision, so that a step ends at the best of them and not at the first.
# - return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
# + points = sorted(zip(recall, precision), key=lambda point: (point[0], -point[1]))
# + return float(sum((r1 - r0) * p1 for (r0, _), (r1, p1) in zip(points, points[1:])))

# %% the costs exchanged exercise="threshold_by_hand" fails=["the Bayes threshold for costs 1 and 9", "expected cost of alarms from the Bayes threshold on"]
# Puts the cost of a miss into the numerator: the dearer a miss, the fewer the alarms.
cost_hand = {"threshold": 9 / 10, "from_half": 6.05, "from_bayes": 13.05, "everybody": 2.55}

# %% counts errors and not expectations exercise="threshold_by_hand" fails=["expected cost of alarms from 0.5 on", "expected cost of alarms from the Bayes threshold on", "expected cost of alarms for everybody"]
# Treats every patient below one half as certainly well, every other one as certainly ill.
cost_hand = {"threshold": 1 / 10, "from_half": 0, "from_bayes": 2, "everybody": 3}

# %% forgets what the silence costs exercise="threshold_by_hand" fails=["expected cost of alarms from 0.5 on", "expected cost of alarms from the Bayes threshold on"]
# Adds up the alarms only.
cost_hand = {"threshold": 1 / 10, "from_half": 0.2, "from_bayes": 1.6, "everybody": 2.55}

# %% prices exchanged exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "the real validation part", "random scores and costs"]
# Multiplies the misses by the price of a false alarm and the other way round.
# - best, lowest = np.inf, float(c_fn * is_positive.sum())
# + best, lowest = np.inf, float(c_fp * is_positive.sum())
# - cost = float(c_fp * (called & ~is_positive).sum() + c_fn * (~called & is_positive).sum())
# + cost = float(c_fn * (called & ~is_positive).sum() + c_fp * (~called & is_positive).sum())

# %% the lowest of equal thresholds exercise="best_threshold" fails=["equal costs: the highest threshold", "misses cost nothing: never raise the alarm", "random scores and costs"]
# Lets an equal cost replace the threshold found before.
# - if cost < lowest:
# + if cost <= lowest:

# %% always an alarm for somebody exercise="best_threshold" fails=["misses cost nothing: never raise the alarm", "random scores and costs"]
# Tries the scores only, so "no alarm at all" is never considered.
# - best, lowest = np.inf, float(c_fn * is_positive.sum())
# + best, lowest = np.inf, np.inf

# %% the Bayes formula in place of a search exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "equal costs: the highest threshold", "scores need not lie between 0 and 1", "random scores and costs"]
# Believes that the formula holds for any score; it holds for calibrated probabilities, and on average.
# - best, lowest = np.inf, float(c_fn * is_positive.sum())
# + best, lowest = np.inf, np.inf
# - for threshold in np.unique(y_score)[::-1]:  # from high to low: an equal cost changes nothing
# + for threshold in [c_fp / (c_fp + c_fn) if c_fp + c_fn else np.inf]:

# %% tries a grid exercise="best_threshold" fails=["scores need not lie between 0 and 1", "random scores and costs"]
# Believes that scores are probabilities and that steps of 0.01 are fine enough.
# - for threshold in np.unique(y_score)[::-1]:  # from high to low: an equal cost changes nothing
# + for threshold in np.linspace(1, 0, 101):

# %% alarms strictly above exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "equal costs: the highest threshold", "scores need not lie between 0 and 1", "the real validation part", "random scores and costs"]
# Calls a sample positive only when its score is greater than the threshold.
# - called = y_score >= threshold
# + called = y_score > threshold

# %% the cost of a sample exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "equal costs: the highest threshold", "scores need not lie between 0 and 1", "the real validation part", "random scores and costs"]
# Returns the mean cost where the total was asked for.
# - return best, lowest
# + return best, lowest / len(y_score)

# %% whole costs only exercise="best_threshold" fails=["random scores and costs"]
# Cuts the cost to a whole number, as if prices had no decimals.
# - cost = float(c_fp * (called & ~is_positive).sum() + c_fn * (~called & is_positive).sum())
# + cost = int(c_fp * (called & ~is_positive).sum() + c_fn * (~called & is_positive).sum())

# %% only 1 is worth an alarm exercise="best_threshold" fails=["scores need not lie between 0 and 1", "random scores and costs"]
# Accepts pos_label and compares with 1.
# - is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
# + is_positive, y_score = np.array([label == 1 for label in y_true]), np.asarray(y_score)

# %% a NaN score raises no alarm exercise="best_threshold" fails=["a NaN score is refused"]
# Lets NaN be smaller than every threshold: a silence that nobody decided.
# - if np.isnan(y_score).any():
# -     raise ValueError("a score is NaN")

# %% scores of 32 bits exercise="best_threshold" fails=["the four samples: (0.6, 1)", "a costly miss pulls the threshold down", "equal costs: the highest threshold", "the real validation part", "random scores and costs"]
# Saves memory: scores that differ in the ninth digit become one, and the threshold is no score any more.
# - is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
# + is_positive = np.array([label == pos_label for label in y_true])
# + y_score = np.asarray(y_score, dtype=np.float32)

# %% weighted for macro exercise="averages" fails=["macro F1 of the ten pictures", "weighted F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Exchanges the two words: weighs in macro, and takes the plain mean in weighted.
# - "macro": sum(f1) / len(classes),
# - "weighted": float(np.average(f1, weights=support)),
# + "weighted": sum(f1) / len(classes),
# + "macro": float(np.average(f1, weights=support)),

# %% only classes that truly occur exercise="averages" fails=["a class that is only predicted counts in macro", "random classes"]
# Takes the classes from y_true alone, so a class that is only predicted does not hurt.
# - classes = sorted(set(y_true) | set(y_pred))
# + classes = sorted(set(y_true))

# %% F1 of the mean precision and the mean recall exercise="averages" fails=["macro F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Averages precision and recall first and takes F1 of the two means; that is another number than the mean of F1.
# - f1 = [_f1(c["tp"], c["fp"], c["fn"]) for c in counts]
# + f1 = [_f1(c["tp"], c["fp"], c["fn"]) for c in counts]
# + p, r = np.mean([precision_recall_fbeta(y_true, y_pred, pos_label=c)[:2] for c in classes], axis=0)
# - "macro": sum(f1) / len(classes),
# + "macro": float(2 * p * r / (p + r)) if p + r else 0.0,

# %% weighs by what was predicted exercise="averages" fails=["weighted F1 of the ten pictures", "a class that is only predicted counts in macro", "random classes"]
# Takes the number of predictions of a class for its support.
# - support = [c["tp"] + c["fn"] for c in counts]
# + support = [c["tp"] + c["fp"] for c in counts]

# %% micro weighs the classes exercise="averages" fails=["micro F1 of the ten pictures", "random classes"]
# Believes that micro averaging weighs the F1 of the classes by their size.
# - "micro": _f1(*(sum(c[key] for c in counts) for key in ("tp", "fp", "fn"))),
# + "micro": float(np.average(f1, weights=support)),

# %% micro from precision and recall exercise="averages" fails=["nothing right: all three are 0.0", "random classes"]
# Puts the pooled precision and recall, both zero where nothing is right, into 2PR/(P + R).
# - support = [c["tp"] + c["fn"] for c in counts]
# + support = [c["tp"] + c["fn"] for c in counts]
# + share = sum(c["tp"] for c in counts) / len(y_true)
# - "micro": _f1(*(sum(c[key] for c in counts) for key in ("tp", "fp", "fn"))),
# + "micro": 2 * share * share / (share + share),

# %% classes in the dtype of the truth exercise="averages" fails=["a class that is only predicted counts in macro", "random classes"]
# Brings the predictions to the dtype of the true labels: "catfish" is cut to "cat", and 1.5 to 1.
# - classes = sorted(set(y_true) | set(y_pred))
# + y_true = np.asarray(y_true)
# + y_pred = np.asarray(y_pred).astype(y_true.dtype)
# + classes = sorted(set(y_true) | set(y_pred))

# %% micro for weighted exercise="micro_is" fails=["why micro F1 equals accuracy"]
# Believes that micro averaging weighs the classes' F1 by their size.
answer_micro = "a"

# %% the true negatives cancel exercise="micro_is" fails=["why micro F1 equals accuracy"]
# Looks for TN in a formula that does not hold it.
answer_micro = "d"

# %% absolute differences exercise="brier_reliability" fails=["the Brier score of the four samples", "the Brier score with weights", "every label but 1 is negative, for both", "the real predictions", "random probabilities"]
# Takes the absolute and not the squared difference; rewards a model for pushing its probabilities to 0 and 1.
# - return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
# + return float(np.average(np.abs(_probabilities(y_prob) - outcome), weights=sample_weight))

# %% both classes added up exercise="brier_reliability" fails=["the Brier score of the four samples", "sure and right is 0, sure and wrong is 1", "the Brier score with weights", "every label but 1 is negative, for both", "the real predictions", "random probabilities"]
# Uses Brier's form of 1950 for two classes: twice the number that was asked for.
# - return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
# + return float(2 * np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))

# %% the Brier score without its weights exercise="brier_reliability" fails=["the Brier score with weights", "random probabilities"]
# Accepts sample_weight and never uses it.
# - return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
# + return float(np.mean((_probabilities(y_prob) - outcome) ** 2))

# %% a weighted sum for a weighted mean exercise="brier_reliability" fails=["the Brier score with weights", "random probabilities"]
# Multiplies by the weights and divides by the number of samples.
# - return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
# + squares = (_probabilities(y_prob) - outcome) ** 2
# + return float(np.mean(squares if sample_weight is None else squares * np.asarray(sample_weight)))

# %% labels are numbers to subtract exercise="brier_reliability" fails=["every label but 1 is negative, for both", "random probabilities"]
# Subtracts the label itself; with the labels 1 and -1 that is no outcome.
# - return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
# + return float(np.average((_probabilities(y_prob) - np.asarray(y_true)) ** 2, weights=sample_weight))

# %% the columns exchanged exercise="brier_reliability" fails=["the table of the four samples", "0, 1/2 and 1 fall into the right bins", "every label but 1 is negative, for both", "the real predictions", "random probabilities"]
# Returns the shares as the predictions: calibration_curve gives the shares first.
# - "mean_predicted": np.array([y_prob[bin_of == k].mean() for k in filled]),
# - "fraction_positive": np.array([outcome[bin_of == k].mean() for k in filled]),
# + "fraction_positive": np.array([y_prob[bin_of == k].mean() for k in filled]),
# + "mean_predicted": np.array([outcome[bin_of == k].mean() for k in filled]),

# %% the middle of the bin exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "the real predictions", "random probabilities"]
# Plots against the middle of each bin instead of the mean prediction in it.
# - "mean_predicted": np.array([y_prob[bin_of == k].mean() for k in filled]),
# + "mean_predicted": (filled + 0.5) / n_bins,

# %% the last edge lost exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "random probabilities"]
# Multiplies and cuts off, so that p = 1 falls into a bin behind the last one, and an inner edge into the bin above.
# - bin_of = np.searchsorted(edges[1:-1], y_prob)  # how many inner edges lie below p
# + bin_of = (y_prob * n_bins).astype(int)

# %% the inner edge in the bin above exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "random probabilities"]
# Takes the bins of np.histogram: lower edge inside, and only the last bin closed above.
# - bin_of = np.searchsorted(edges[1:-1], y_prob)  # how many inner edges lie below p
# + bin_of = np.minimum((y_prob * n_bins).astype(int), n_bins - 1)

# %% a row for every bin exercise="brier_reliability" fails=["empty bins are left out", "random probabilities"]
# Takes the mean of empty bins, which is nan.
# - filled = np.unique(bin_of)
# + filled = np.arange(n_bins)

# %% probabilities unchecked exercise="brier_reliability" fails=["what is no probability is refused"]
# Squares whatever comes; a logit handed in by mistake gives a number too.
# - if not ((values >= 0) & (values <= 1)).all():  # NaN fails both comparisons
# -     raise ValueError("a probability lies between 0 and 1")

# %% NaN passes both comparisons exercise="brier_reliability" fails=["what is no probability is refused"]
# Asks whether a value is too small or too large; NaN is neither.
# - if not ((values >= 0) & (values <= 1)).all():  # NaN fails both comparisons
# + if ((values < 0) | (values > 1)).any():

# %% the bin by rounding up exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "random probabilities"]
# Finds the bin as ceil(p * n_bins) - 1; at an edge the product may be rounded to the other side.
# - bin_of = np.searchsorted(edges[1:-1], y_prob)  # how many inner edges lie below p
# + bin_of = np.maximum(np.ceil(y_prob * n_bins).astype(int) - 1, 0)

# %% lifts the zeros of whoever calls exercise="brier_reliability" fails=["0, 1/2 and 1 fall into the right bins", "random probabilities"]
# Overwrites zeros so that they fall into the first bin; np.asarray makes no copy of an array.
# - bin_of = np.searchsorted(edges[1:-1], y_prob)  # how many inner edges lie below p
# + y_prob[y_prob == 0] = 1e-15
# + bin_of = np.searchsorted(edges[1:-1], y_prob)

# %% draws labels and predictions apart exercise="bootstrap_interval" fails=["one draw, the one of the example: F1 is 4/5", "two draws, level 1: the smallest and the largest value", "level 0.5: the quartiles", "beta is handed on", "the real predictions, fifty draws", "random draws, betas and levels"]
# Resamples the labels and leaves the predictions where they are: breaks every pair.
# - values = [precision_recall_fbeta(y_true[draw], y_pred[draw], beta)[2] for draw in draws]
# + values = [precision_recall_fbeta(y_true[draw], y_pred, beta)[2] for draw in draws if len(draw) == len(y_pred)]

# %% cuts off too much at each end exercise="bootstrap_interval" fails=["level 0.5: the quartiles", "the real predictions, fifty draws", "random draws, betas and levels"]
# Cuts off 1 - level at each end, so that the interval holds less than it says.
# - low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
# + low, high = np.quantile(values, [1 - level, level])

# %% mean plus and minus two standard deviations exercise="bootstrap_interval" fails=["two draws, level 1: the smallest and the largest value", "level 0.5: the quartiles", "the real predictions, fifty draws", "random draws, betas and levels"]
# Assumes a normal distribution, which F1 near its ends and on small samples does not have.
# - low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
# + middle, spread = np.mean(values), 1.96 * np.std(values)
# + low, high = middle - spread, middle + spread

# %% picks values without interpolation exercise="bootstrap_interval" fails=["level 0.5: the quartiles", "the real predictions, fifty draws", "random draws, betas and levels"]
# Sorts the values and takes two of them, where np.quantile lies between two.
# - low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
# + values = sorted(values)
# + low, high = values[int((1 - level) / 2 * (len(values) - 1))], values[int((1 + level) / 2 * (len(values) - 1))]

# %% always F1 exercise="bootstrap_interval" fails=["beta is handed on", "random draws, betas and levels"]
# Takes beta as an argument and forgets to hand it on.
# - values = [precision_recall_fbeta(y_true[draw], y_pred[draw], beta)[2] for draw in draws]
# + values = [precision_recall_fbeta(y_true[draw], y_pred[draw])[2] for draw in draws]

# %% equal draws count once exercise="bootstrap_interval" fails=["level 0.5: the quartiles", "random draws, betas and levels"]
# Drops repeated rows, which move the quantiles.
# - draws = np.asarray(indices)
# + draws = np.unique(np.asarray(indices), axis=0)

# %% every label but 0 is positive exercise="bootstrap_interval" fails=["one draw, the one of the example: F1 is 4/5", "random draws, betas and levels"]
# Turns labels into booleans: -1 and 2 become positive.
# - y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
# + y_true, y_pred = np.asarray(y_true).astype(bool), np.asarray(y_pred).astype(bool)

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
# Compares two numbers of right answers as two independent samples: forgets that the tumours are the same.
# - tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + n, both = len(y_true), sum(t == a == b for t, a, b in zip(y_true, pred_a, pred_b, strict=True))
# + table = [[both + only_a, n - both - only_a], [both + only_b, n - both - only_b]]
# + p = float(scipy.stats.fisher_exact(table).pvalue)
# + return {"only_a": only_a, "only_b": only_b, "p_value": p}

# %% the chi-squared approximation exercise="paired_test" fails=["the eight tumours", "six against none", "A and B exchanged: the same p-value", "random models on the same samples"]
# Uses the form with continuity correction, which is meant for many tosses.
# - tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + distance = max(0, abs(only_a - only_b) - 1)
# + p = float(scipy.stats.chi2.sf(distance**2 / m, 1)) if m else 1.0
# + return {"only_a": only_a, "only_b": only_b, "p_value": p}

# %% one side only exercise="paired_test" fails=["the eight tumours", "six against none", "A and B exchanged: the same p-value", "three classes: both wrong in different ways count for nobody", "random models on the same samples"]
# Takes the tail once, as if it had been known beforehand which model would win.
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + return {"only_a": only_a, "only_b": only_b, "p_value": tail / 2**m}

# %% a probability above one exercise="paired_test" fails=["as many for A as for B: p is 1", "no sample on which only one is right: p is 1", "random models on the same samples"]
# Doubles the tail and forgets that the middle lies in both.
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + return {"only_a": only_a, "only_b": only_b, "p_value": 2 * tail / 2**m}

# %% the tail of A exercise="paired_test" fails=["A and B exchanged: the same p-value", "random models on the same samples"]
# Ends the sum at the count of A, so the order of the models decides.
# - tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
# + tail = sum(math.comb(m, k) for k in range(only_a + 1))

# %% a test without a toss exercise="paired_test" fails=["no sample on which only one is right: p is 1", "random models on the same samples"]
# Calls the library, which refuses zero tosses.
# - tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + p = scipy.stats.binomtest(only_a, m).pvalue
# + return {"only_a": only_a, "only_b": only_b, "p_value": p}

# %% every disagreement counts for somebody exercise="paired_test" fails=["three classes: both wrong in different ways count for nobody", "random models on the same samples"]
# Where the predictions differ and A is not right, B must be.
# - only_b += int(b == truth and a != truth)
# + only_b += int(a != b and a != truth)

# %% zip stops at the shortest list exercise="paired_test" fails=["three lists of different lengths are refused"]
# Trusts zip once more: what has no partner is left out without a word.
# - if not len(y_true) == len(pred_a) == len(pred_b):
# -     raise ValueError(f"lengths differ: {len(y_true)}, {len(pred_a)} and {len(pred_b)}")
# +
# - for truth, a, b in zip(y_true, pred_a, pred_b, strict=True):
# + for truth, a, b in zip(y_true, pred_a, pred_b):

# %% two to the m in 64 bits exercise="paired_test" fails=["random models on the same samples"]
# Counts with NumPy, whose whole numbers overflow from the 63rd toss on.
# - m = only_a + only_b
# - tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
# - return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
# + m = np.int64(only_a + only_b)
# + tail = sum(math.comb(m, k) / 2**m for k in range(min(only_a, only_b) + 1))
# + return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail)}

# %% looks at two of the three lengths exercise="paired_test" fails=["three lists of different lengths are refused"]
# Compares the labels with one of the models only.
# - if not len(y_true) == len(pred_a) == len(pred_b):
# + if len(y_true) != len(pred_b):
# - for truth, a, b in zip(y_true, pred_a, pred_b, strict=True):
# + for truth, a, b in zip(y_true, pred_a, pred_b):

# %% leaves the lengths to NumPy exercise="paired_test" fails=["three lists of different lengths are refused"]
# NumPy refuses shapes that do not fit, but it stretches a list of one prediction.
# - if not len(y_true) == len(pred_a) == len(pred_b):
# -     raise ValueError(f"lengths differ: {len(y_true)}, {len(pred_a)} and {len(pred_b)}")
# + y_true, pred_a, pred_b = np.broadcast_arrays(y_true, pred_a, pred_b)

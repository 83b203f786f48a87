# %% [markdown] needs=["02-preprocessing"]
# # Evaluating a model
#
# *"You have trained a classifier. How do you evaluate it?"*
#
# The usual answer is a list: accuracy, precision, recall, F1, AUC. A list is not an answer. In this unit you
# build every metric on it, first on paper, then in code, and you compare your code with scikit-learn's. Then
# you use them for what they are for: a decision. At the end you give the answer in half a minute, and you can
# prove every sentence of it.
#
# **Time.** Plan 270 minutes: 164 minutes of exercises, the rest for reading. Stop after
# any section; later exercises use functions that you wrote in earlier ones.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with
# Shift + Enter. Each check says what it looked at and what to do next; hints of growing strength stand below.
# Some checks are hidden and run only when the notebook is graded: they vary the inputs and ask for nothing new.
# The checks look at what your code returns: a call of scikit-learn's function passes most of them too, and teaches nothing.
# What you write leaves its arguments as they were. You need Python, a little NumPy, and school algebra.

# %%
import numpy as np
import sklearn.metrics as skm
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mftcourse import check, expect, expect_choice, expect_raises, given, grade, plots
from mftcourse.data import load_breast_cancer

# %% [markdown]
# ## The predictions that this unit judges
#
# The data are 569 breast tumours. For each there are 30 measurements of its cell nuclei and a label. The
# question is whether a tumour is malignant, so *malignant* is the **positive class**, `1`, and benign is `0`.
# scikit-learn's own loader says it the other way round (malignant is `0`). A metric that takes `1` for the
# positive class would then quietly report how well you find benign tumours. `load_breast_cancer` of this course
# flips the labels. Look at the coding of your labels before you trust any metric.
#
# Three parts: the model learns on the *training* part (284 tumours), you choose on the *validation* part (142),
# and the *test* part (143, of which 53 are malignant) is for the last word. The scaler is a step of the
# pipeline, so it learns its means from the training part only. To get to know the metrics, this unit looks at the test
# part again and again. Do not copy that: here it only shows how metrics behave.
#
# The model is a logistic regression on just two of the measurements, `mean texture` and `mean smoothness`.
# With all of them it makes 3 errors on the test part, and there would be little to learn from its curves. Two
# measurements leave enough errors to look at, and many real problems are like that.

# %%
X, y = load_breast_cancer()
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y.to_numpy(), test_size=0.5, stratify=y, random_state=6
)
X_valid, X_test, y_valid, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=6
)


def fit_predict(columns):
    """Train on `columns`; return P(malignant) for the validation and for the test part."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(X_train[columns], y_train)
    return model.predict_proba(X_valid[columns])[:, 1], model.predict_proba(X_test[columns])[:, 1]


p_valid, p_test = fit_predict(["mean texture", "mean smoothness"])
pred_test = (p_test >= 0.5).astype(int)  # the decision at the usual threshold

# %% [markdown]
# ## Confusion counts
#
# A model that says yes or no can be right in two ways and wrong in two ways. Count them, and you have
# everything that accuracy, precision, recall and F1 are made of:
#
# | | predicted positive | predicted negative |
# |---|---|---|
# | **truly positive** | TP, true positive: found | FN, false negative: missed |
# | **truly negative** | FP, false positive: false alarm | TN, true negative: correctly left alone |
#
# Read a name from its end: *positive* or *negative* is what the model **said**, *true* or *false* is whether
# that was right.
#
# **The smallest example.** Eight messages, of which the first four are spam (`1`), and what a filter says:
#
#     y_true = [1, 1, 1, 1, 0, 0, 0, 0]
#     y_pred = [1, 1, 0, 0, 1, 0, 0, 0]
#
# Two spam messages are caught: TP = 2. Two slip through: FN = 2. One good message is called spam: FP = 1.
# Three good ones are left alone: TN = 3. The four counts add up to eight, because every message is counted
# once.
#
# ### Four counts by hand
#
# *By hand · 4 minutes · difficulty: one of three*
#
# Ten tumours, as lists in the next cell. Count on paper, then replace each `...` below with your number.

# %%
y_true_10 = [1, 0, 0, 1, 1, 0, 0, 1, 0, 1]  # 1 = malignant
y_pred_10 = [1, 1, 0, 1, 1, 0, 0, 0, 0, 0]

# %% exercise="counts_by_hand" minutes=4
### BEGIN SOLUTION
counts_hand = {"tp": 3, "fp": 1, "fn": 2, "tn": 4}
### END SOLUTION
### BEGIN RELEASE
# counts_hand = {"tp": ..., "fp": ..., "fn": ..., "tn": ...}
### END RELEASE

# %% check="counts_by_hand" points=4
with check("true positives: malignant, and called malignant", hint="Columns where both lists show 1."):
    expect(counts_hand["tp"], skm.confusion_matrix(y_true_10, y_pred_10)[1, 1], what="the number of TP", tell=False)
with check("false positives: benign, but called malignant", hint="Columns with 0 above and 1 below."):
    expect(counts_hand["fp"], skm.confusion_matrix(y_true_10, y_pred_10)[0, 1], what="the number of FP", tell=False)
with check("false negatives: malignant, but called benign", hint="Columns with 1 above and 0 below."):
    expect(counts_hand["fn"], skm.confusion_matrix(y_true_10, y_pred_10)[1, 0], what="the number of FN", tell=False)
with check("true negatives: benign, and called benign", hint="Columns where both lists show 0."):
    expect(counts_hand["tn"], skm.confusion_matrix(y_true_10, y_pred_10)[0, 0], what="the number of TN", tell=False)
grade("counts_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go through the two lists column by column and put a mark in one of the four fields of the table above.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The second word first: is `y_pred` 1 (positive) or 0 (negative)? Then the first word: does `y_true` agree
# (true) or not (false)?
#
# </details>
# <details><summary>Hint 3</summary>
#
# The malignant tumours stand at positions 0, 3, 4, 7 and 9, counted from zero. How many of them have a 1 in
# `y_pred`? Those are TP, the other malignant ones FN. Do the same with the benign ones.
#
# </details>
#
# **Why it matters.** Mix up FP and FN, and you swap precision and recall. The two kinds of error
# rarely cost the same.
# [What is the difference between precision and recall?](#What-is-the-difference-between-precision-and-recall?)

# %% [markdown]
# ### Confusion counts in code
#
# *Implement · 10 minutes · difficulty: one of three*
#
# Now write it as a function. Real labels are not always `0` and `1`: they may be `"spam"` and `"ham"`, or `0`,
# `1`, `2`. So your function is told which label is positive, `pos_label`; **every other label is negative**.
#
# Samples may carry **weights**: a sample with weight 2.5 counts as two and a half samples. The "counts" are then
# sums of weights. Without weights, every sample weighs 1.
#
# Bad input is refused instead of guessed at: lists of different lengths, and labels that are NaN (not a number,
# the usual mark of a missing value), wherever they stand and also among words. A NaN label is neither positive
# nor negative. Counted as "every other label", it would become a negative without anybody noticing.

# %% exercise="confusion_counts" minutes=10
def confusion_counts(y_true, y_pred, pos_label=1, sample_weight=None) -> dict[str, float]:
    """Count the true and false positives and negatives.

    Args:
        y_true, y_pred: true and predicted labels, n_samples each (lists or arrays; numbers or
            strings).
        pos_label: the label that counts as positive; every other label is negative.
        sample_weight: n_samples weights to add up instead of ones.

    Returns:
        A dict with the keys "tp", "fp", "fn" and "tn". The eight messages of the lesson give
        {"tp": 2, "fp": 1, "fn": 2, "tn": 3}.

    Raises:
        ValueError: the lengths differ (of labels, predictions or weights), or a label is NaN
            (`float("nan")`, which `np.nan` is too), be it among numbers or among strings.
    """
    ### BEGIN SOLUTION
    weights = [1.0] * len(y_true) if sample_weight is None else sample_weight
    if not len(y_true) == len(y_pred) == len(weights):
        raise ValueError(f"lengths differ: {len(y_true)}, {len(y_pred)} and {len(weights)}")
    if any(label != label for label in [*y_true, *y_pred]):  # only NaN differs from itself
        raise ValueError("a label is NaN")
    counts = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    for truth, said, weight in zip(y_true, y_pred, weights, strict=True):
        if said == pos_label:
            counts["tp" if truth == pos_label else "fp"] += float(weight)
        else:
            counts["fn" if truth == pos_label else "tn"] += float(weight)
    return counts
    ### END SOLUTION


# %% check="confusion_counts" points=10
with check("the eight messages", hint="Compare each pair of labels with `pos_label`; four cases, one count each."):
    expect(confusion_counts([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0]), {"tp": 2, "fp": 1, "fn": 2, "tn": 3})
with check("every sample is counted once", hint="Four cases that exclude each other, and together leave nothing out.") as rng:
    size = int(rng.integers(5, 40))
    got_counts = confusion_counts(rng.integers(0, 2, size), rng.integers(0, 2, size))
    assert sum(got_counts.values()) == size, f"{size} samples went in, but the four counts add up to another number."
with check(
    "labels 'spam' and 'ham'", hint="Compare with `pos_label` using ==, do not rely on a label being 1 or true."
):
    ham_spam = [["spam", "ham", "spam", "ham", "ham"], ["spam", "spam", "ham", "ham", "ham"]]
    expect(confusion_counts(*ham_spam, pos_label="spam"), {"tp": 1, "fp": 1, "fn": 1, "tn": 2})
    expect(confusion_counts(*ham_spam, pos_label="ham"), {"tp": 2, "fp": 1, "fn": 1, "tn": 1})
    longer = [["ham", "ham"], ["hammer", "ham"]]  # "hammer" is another label, and longer than all true ones
    expect(confusion_counts(*longer, pos_label="ham"), {"tp": 1, "fp": 0, "fn": 1, "tn": 0})
with check("labels 0, 1, 2 with 2 as positive", hint="Labels 0 and 1 are both negative here; so 0 against 1 is a TN."):
    expect(confusion_counts([2, 0, 1, 2, 0], [2, 1, 2, 0, 0], pos_label=2), {"tp": 1, "fp": 1, "fn": 1, "tn": 2})
with check("weights are added", hint="Where you add 1, add the sample's weight, whatever `pos_label` is."):
    expect(
        confusion_counts([1, 1, 0, 0], [1, 0, 1, 0], sample_weight=[0.5, 2.0, 1.5, 4.0]),
        {"tp": 0.5, "fp": 1.5, "fn": 2.0, "tn": 4.0},
    )
    expect(
        confusion_counts([2, 2, 1, 1], [2, 1, 2, 1], pos_label=2, sample_weight=np.array([0.5, 2.0, 0.0, 4.0])),
        {"tp": 0.5, "fp": 0.0, "fn": 2.0, "tn": 4.0},
    )
with check(
    "lengths that differ are refused",
    hint="`zip` stops at the shorter list without a word, and NumPy stretches a list of one. Compare len() first, "
    "or write `zip(..., strict=True)`. Each of the three may be too short or too long.",
    needs="the eight messages",
):
    for long, short in (([1, 0, 1], [1, 0]), ([1, 0, 1], [1]), (np.array([1, 0, 1]), np.array([1]))):
        expect_raises(ValueError, confusion_counts, long, short)
        expect_raises(ValueError, confusion_counts, short, long)
    for few_or_many in ([1.0], [1.0, 2.0, 3.0], np.array([0.5])):
        expect_raises(ValueError, confusion_counts, [1, 0], [1, 0], sample_weight=few_or_many)
with check(
    "a NaN label is refused",
    hint="NaN is the only value that is not equal to itself: `x != x` finds it. Look at both lists, at every place. "
    "np.asarray makes the word 'nan' of a NaN among words: look before you convert.",
    needs="the eight messages",
):
    a_nan = float("nan")
    for seen in ([1.0, a_nan, 0.0], [a_nan, 0.0, 1.0], np.array([1.0, 0.0, np.nan])):
        expect_raises(ValueError, confusion_counts, seen, [1.0, 0.0, 0.0])
        expect_raises(ValueError, confusion_counts, [1.0, 0.0, 0.0], seen)
    for seen in (["spam", a_nan], [a_nan, "spam"]):
        expect_raises(ValueError, confusion_counts, seen, ["spam", "ham"], pos_label="spam")
        expect_raises(ValueError, confusion_counts, ["ham", "spam"], seen, pos_label="spam")
with check(
    "the real predictions, as scikit-learn counts them",
    hint="Arrays come in as well as lists; the keys are lower case.",
):
    real = skm.confusion_matrix(y_test, pred_test)
    expect(
        confusion_counts(y_test, pred_test), {"tp": real[1, 1], "fp": real[0, 1], "fn": real[1, 0], "tn": real[0, 0]}
    )
### BEGIN HIDDEN TESTS
with check("random labels of all kinds", hint="Try `pos_label` and other labels of your own.", hidden=True) as rng:
    for turn in range(60):
        kind = [["a", "ab", "abc"], [-1, 1, 2], ["ham", "spam"], [0, 1, 2], [0, 1]][rng.integers(5) if turn else 0]
        size, positive = int(rng.integers(1, 30)), kind[rng.integers(len(kind)) if turn else 0]
        random_labels, random_guesses = rng.choice(kind, size).tolist(), rng.choice(kind, size).tolist()
        if turn == 0:  # all predictions are longer than all labels
            random_labels, random_guesses = ["a"] * size, ["ab"] * size
        is_true, is_said = [v == positive for v in random_labels], [v == positive for v in random_guesses]
        real = skm.confusion_matrix(is_true, is_said, labels=[False, True])
        want_counts = {"tp": real[1, 1], "fp": real[0, 1], "fn": real[1, 0], "tn": real[0, 0]}
        expect(confusion_counts(random_labels, random_guesses, pos_label=positive), want_counts)
with check("random weights", hint="Try weights of your own, such as 0, 0.5 and 2, with several `pos_label`.", hidden=True) as rng:
    for turn in range(30):
        size, positive = int(rng.integers(1, 30)), int(rng.integers(-1, 3)) if turn else 1
        random_labels, random_guesses = rng.integers(-1, 3, size), rng.integers(-1, 3, size)
        random_weights = (rng.random(size) + 0.1) * (rng.random(size) < 0.8)
        pairs = random_labels == positive, random_guesses == positive
        want_counts = {
            key: float(random_weights[(pairs[0] == truth) & (pairs[1] == said)].sum())
            for key, truth, said in (("tp", 1, 1), ("fp", 0, 1), ("fn", 1, 0), ("tn", 0, 0))
        }
        given_weights = random_weights if turn % 2 else random_weights.tolist()
        expect(
            confusion_counts(random_labels, random_guesses, pos_label=positive, sample_weight=given_weights), want_counts
        )
### END HIDDEN TESTS
grade("confusion_counts")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Start with a dict of four zeros. Loop over the triples of true label, predicted label and weight.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each triple two questions suffice: `truth == pos_label`? `said == pos_label`? Four combinations, four keys.
# Put the two refusals before the loop.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `for truth, said, weight in zip(y_true, y_pred, weights):` and inside, for example,
# `if truth == pos_label and said == pos_label: counts["tp"] += weight`. For missing weights use
# `[1.0] * len(y_true)`. For NaN: `any(label != label for label in y_true)`, and the same for `y_pred`.
#
# </details>
#
# **Why it matters.** Every metric of decisions at one threshold is a function of these four numbers. With them in hand
# you can compute the others in your head.
# [How do you evaluate a model?](#How-do-you-evaluate-a-model?)

# %% [markdown]
# ## Accuracy and its trap
#
# **Accuracy** is the share of right answers: (TP + TN) over all samples. It counts both kinds of error alike, and
# it looks mostly at the class that has most samples.
#
# **Recall** is the share of the positives that were found: TP over TP + FN. **Balanced accuracy** is the mean of
# the recall of the positive class and the recall of the negative class, TN over TN + FP.
#
# **The smallest example.** Ten people, two of them ill, and a "model" that calls everybody healthy. It is right
# eight times, so its accuracy is 8/10. It finds none of the ill, so its recall is 0/2 = 0. It recognises every
# healthy person, 8/8 = 1, so its balanced accuracy is (0 + 1)/2 = 1/2.
#
# ### Predict the numbers of a model that always says no
#
# *Predict, then run · 4 minutes · difficulty: one of three*
#
# A disease is rare: 1 % of the people are ill. The same "model" calls everybody healthy. Commit to its
# accuracy, recall and balanced accuracy before you run the cell that computes them.

# %% exercise="accuracy_trap" minutes=4
### BEGIN SOLUTION
prediction = {"accuracy": 99 / 100, "recall": 0, "balanced_accuracy": 1 / 2}
### END SOLUTION
### BEGIN RELEASE
# prediction = {"accuracy": ..., "recall": ..., "balanced_accuracy": ...}
### END RELEASE

# %% check="accuracy_trap" points=3
with check("accuracy at 1 % positives", hint="Of a hundred people, how many does the model judge correctly?"):
    one_in_hundred = np.arange(1000) < 10
    expect(prediction["accuracy"], skm.accuracy_score(one_in_hundred, np.zeros(1000)), what="the accuracy", tell=False)
with check("recall at 1 % positives", hint="Only the ill count here. How many of them does it find?"):
    one_in_hundred = np.arange(1000) < 10
    expect(prediction["recall"], skm.recall_score(one_in_hundred, np.zeros(1000)), what="the recall", tell=False)
with check("balanced accuracy at 1 % positives", hint="The mean of two recalls: of the ill, and of the healthy."):
    one_in_hundred = np.arange(1000) < 10
    expect(
        prediction["balanced_accuracy"], skm.balanced_accuracy_score(one_in_hundred, np.zeros(1000)), what="the balanced accuracy", tell=False
    )
grade("accuracy_trap")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take a hundred people, one of them ill, and write down TP, FP, FN and TN.
#
# </details>
# <details><summary>Hint 2</summary>
#
# TP = FP = 0, FN = 1, and TN is everybody else. Put them into the three definitions above. Fractions are fine:
# Python divides for you.
#
# </details>
#
# Now run the next cell. First the "model" at three shares of positives, then the real predictions of this unit.

# %% demo=true
print("always no:    share of positives   accuracy   recall   balanced accuracy")
three_metrics = skm.accuracy_score, skm.recall_score, skm.balanced_accuracy_score
for share in (0.5, 0.1, 0.01):
    ill = np.arange(1000) < 1000 * share
    row = [metric(ill, np.zeros(1000)) for metric in three_metrics]
    print(f"{share:32.0%} {row[0]:10.3f} {row[1]:8.3f} {row[2]:19.3f}")
for name, said in {"always benign": np.zeros(len(y_test)), "our model": pred_test}.items():
    row = [metric(y_test, said) for metric in three_metrics]
    print(f"{name:16}{y_test.mean():16.0%} {row[0]:10.3f} {row[1]:8.3f} {row[2]:19.3f}")

# %% [markdown]
# The rarer the positives, the better doing nothing looks. On the real test part, "always benign" is right in 0.629
# of the cases and our model in 0.734: a small step for accuracy, although one finds no malignant tumour and the
# other finds 30 of 53. Put a trivial baseline beside every number you report.
#
# **Why it matters.** Fraud, disease, a faulty part: where the positives are rare, accuracy praises the model that
# never finds them.
# [Why is accuracy misleading on imbalanced data?](#Why-is-accuracy-misleading-on-imbalanced-data?)

# %% [markdown]
# ## Precision, recall and F-beta
#
# Two questions, two metrics:
#
# - **Precision**, TP / (TP + FP): of those that the model called positive, what share is positive? It suffers from
#   false alarms.
# - **Recall**, TP / (TP + FN): of those that are positive, what share did the model find? It suffers from misses.
#
# Either alone is easy to push up: call everything positive and recall is 1; call only the surest sample positive
# and precision is often 1. **F1** is their harmonic mean, 2PR / (P + R). Put the counts in, and it is
#
# $$F_1 = \frac{2\,TP}{2\,TP + FP + FN}.$$
#
# Why harmonic? A good reason, though no proof, is that the two fractions share their numerator. Precision divides TP by
# what was called positive, recall divides the same TP by what is positive. So take the mean of the two *denominators*,
# TP + (FP + FN)/2, and divide TP by it: that is F1, and with a common numerator this is the harmonic mean. A
# consequence: F1 is at most twice the smaller of the two. Call everybody ill at 1 % positives: precision 0.01, recall 1.
# Their arithmetic mean is 0.505, which sounds half good. Their harmonic mean is 0.0198.
#
# **F-beta** weighs the two. With $\beta = 2$ recall matters more, with $\beta = 1/2$ precision does
# (C. J. van Rijsbergen, *Information Retrieval*, 1979):
#
# $$F_\beta = \frac{(1+\beta^2)\,P\,R}{\beta^2 P + R} = \frac{(1+\beta^2)\,TP}{(1+\beta^2)\,TP + \beta^2\,FN + FP}.$$
#
# In the second form you see what $\beta$ does: $\beta^2$ is the weight of FN beside FP in the denominator. It is not the
# price of a miss in false alarms: a miss also takes one TP away. So one more miss lowers $F_\beta$ about as much as
# $(1 + \beta^2 - F_\beta)/F_\beta$ more false alarms. For F1 that is 1 only where F1 is 1; our model's F1, computed below,
# is 0.612, and there a miss counts like 2.3 false alarms.
#
# **The smallest example.** The eight messages had TP = 2, FP = 1, FN = 2. Precision is 2/3, recall is 2/4 = 1/2,
# F1 is 4/(4 + 1 + 2) = 4/7, and F2 is 5·2/(5·2 + 4·2 + 1) = 10/19.
#
# ### Precision, recall, F1 and F2 by hand
#
# *By hand · 6 minutes · difficulty: one of three*
#
# Do the same for the ten tumours of the first exercise. Type fractions such as `3 / 7` and let Python divide: a
# rounded decimal is not accepted, because a fraction shows what was divided by what.

# %% exercise="prf_by_hand" minutes=6
### BEGIN SOLUTION
prf_hand = {"precision": 3 / 4, "recall": 3 / 5, "f1": 6 / 9, "f2": 15 / 24}
### END SOLUTION
### BEGIN RELEASE
# prf_hand = {"precision": ..., "recall": ..., "f1": ..., "f2": ...}
### END RELEASE

# %% check="prf_by_hand" points=4
with check("precision of the ten tumours", hint="Divide by how many were *called* malignant."):
    expect(prf_hand["precision"], skm.precision_score(y_true_10, y_pred_10), what="precision", tell=False)
with check("recall of the ten tumours", hint="Divide by how many *are* malignant."):
    expect(prf_hand["recall"], skm.recall_score(y_true_10, y_pred_10), what="recall", tell=False)
with check("F1 of the ten tumours", hint="2 TP over 2 TP + FP + FN."):
    expect(prf_hand["f1"], skm.f1_score(y_true_10, y_pred_10), what="F1", tell=False)
with check("F2 of the ten tumours", hint="Beta squared is 4, so 5 TP above; below, FN counts four times."):
    expect(prf_hand["f2"], skm.fbeta_score(y_true_10, y_pred_10, beta=2), what="F2", tell=False)
grade("prf_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Your counts from the first exercise are all you need: TP, FP and FN. TN appears in none of the four.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Recall lies below precision here, because there are more misses than false alarms. F1 lies between the two, and
# F2 lies nearer to recall. Do your numbers agree?
#
# </details>
# <details><summary>Hint 3</summary>
#
# Write `3 / (3 + 1)` for precision, with TP = 3 and FP = 1, and the other three in the same way.
#
# </details>
#
# **Why it matters.** F1 is not a cost. It is a ratio, not a sum over samples: what a miss counts in it depends on how good
# F1 is already, and the true negatives count nothing. Equal costs ask for a threshold of 1/2. F1 asks for half of the
# best F1 that can be reached, so never for more than 1/2 (both for calibrated probabilities; Z. C. Lipton, C. Elkan and
# B. Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure", 2014). If you know the costs, minimise
# the cost. [Why is F1 a harmonic mean?](#Why-is-F1-a-harmonic-mean?) and
# [When would you use F2 or F0.5?](#When-would-you-use-F2-or-F0.5?)

# %% [markdown]
# ### Precision, recall and F-beta in code
#
# *Implement · 8 minutes · difficulty: two of three*
#
# The formulas are short. The work is in the corners, where a denominator is zero:
#
# - Nothing was predicted positive: TP + FP = 0, and precision is 0/0.
# - There are no positives: TP + FN = 0, and recall is 0/0.
# - Neither: the denominator of F-beta is zero too.
#
# 0/0 has no value; you choose one, and you say so. Here all three become **0.0**, which is also what scikit-learn does
# (it warns as well). The choice is not innocent: averaged over many classes, each such zero pulls the mean down.
#
# Use your `confusion_counts`.


# %% exercise="precision_recall_fbeta" minutes=8
def precision_recall_fbeta(
    y_true, y_pred, beta=1.0, pos_label=1, sample_weight=None
) -> tuple[float, float, float]:
    """Return precision, recall and F-beta of the positive class.

    Args:
        y_true, y_pred: true and predicted labels, n_samples each (lists or arrays; numbers or
            strings).
        beta: how much more recall counts than precision; 1 gives F1.
        pos_label: the label that counts as positive.
        sample_weight: n_samples weights, zeros allowed; None means that every sample weighs 1.

    Returns:
        (precision, recall, fbeta). A fraction whose denominator is zero is 0.0.
        The eight messages of the lesson give (2/3, 1/2, 4/7), and 10/19 for F2.

    Source: C. J. van Rijsbergen, Information Retrieval, 1979.
    """
    ### BEGIN SOLUTION
    counts = confusion_counts(y_true, y_pred, pos_label, sample_weight)
    called = counts["tp"] + counts["fp"]
    actual = counts["tp"] + counts["fn"]
    below = beta**2 * actual + called
    precision = counts["tp"] / called if called else 0.0
    recall = counts["tp"] / actual if actual else 0.0
    return precision, recall, (1 + beta**2) * counts["tp"] / below if below else 0.0
    ### END SOLUTION


# %% check="precision_recall_fbeta" points=10
with check(
    "the eight messages: precision, recall, F1", hint="Return three numbers in this order: precision, recall, F-beta."
):
    expect(
        precision_recall_fbeta([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0]),
        (2 / 3, 1 / 2, 4 / 7),
        what="(precision, recall, F-beta)",
    )
with check("F2 and F0.5 of the eight messages", hint="Square beta. Beta above 1 must move the value towards recall."):
    eight = [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0]
    expect(precision_recall_fbeta(*eight, beta=2)[2], 10 / 19, what="F2")
    expect(precision_recall_fbeta(*eight, beta=0.5)[2], 2.5 / 4, what="F0.5")
with check(
    "nothing predicted positive: precision and F1 are 0.0",
    hint="Which denominator is zero here? Test it before you divide.",
    needs="the eight messages: precision, recall, F1",
):
    expect(precision_recall_fbeta([0, 1], [0, 0]), (0.0, 0.0, 0.0), what="(precision, recall, F-beta)")
with check(
    "no positives: recall and F1 are 0.0",
    hint="TP + FN is zero. Zero is a convention here; keep to it.",
    needs="the eight messages: precision, recall, F1",
):
    expect(precision_recall_fbeta([0, 0], [0, 1]), (0.0, 0.0, 0.0), what="(precision, recall, F-beta)")
with check(
    "neither: all three are 0.0",
    hint="The denominator of F-beta can be zero as well. Ask the denominators, not the labels: weights may be zero.",
    needs="the eight messages: precision, recall, F1",
):
    expect(precision_recall_fbeta([0, 0], [0, 0]), (0.0, 0.0, 0.0), what="(precision, recall, F-beta)")
    weightless = precision_recall_fbeta([1, 1, 0], [1, 0, 1], sample_weight=[0, 0, 0])
    expect(weightless, (0.0, 0.0, 0.0), what="(precision, recall, F-beta) with weights of zero")
with check("the positive label may be a word", hint="Hand `pos_label` on to `confusion_counts`."):
    words = ["bad", "ok", "bad", "bad"], ["bad", "bad", "ok", "bad"]
    expect(precision_recall_fbeta(*words, pos_label="bad"), (2 / 3, 2 / 3, 2 / 3), what="(precision, recall, F-beta)")
    heavy_words = precision_recall_fbeta(*words, pos_label="bad", sample_weight=[1, 2, 3, 4])
    expect(heavy_words, (5 / 7, 5 / 8, 10 / 15), what="(precision, recall, F-beta) with weights")
with check("weights count", hint="Hand `sample_weight` on to `confusion_counts`. A common factor of all weights changes nothing."):
    weighted_prf = precision_recall_fbeta([1, 1, 0, 0], [1, 0, 1, 0], sample_weight=[3, 1, 2, 5])
    expect(weighted_prf, (3 / 5, 3 / 4, 6 / (6 + 2 + 1)), what="(precision, recall, F-beta)")
    small_prf = precision_recall_fbeta([1, 1, 0, 0], [1, 0, 1, 0], sample_weight=[3e-9, 1e-9, 2e-9, 5e-9])
    expect(small_prf, (3 / 5, 3 / 4, 2 / 3), what="(precision, recall, F-beta) with small weights")
with check("the real predictions, as scikit-learn scores them", hint="Are precision and recall in this order?"):
    expect(
        precision_recall_fbeta(y_test, pred_test, beta=2)[0], skm.precision_score(y_test, pred_test), what="precision"
    )
    expect(precision_recall_fbeta(y_test, pred_test, beta=2)[1], skm.recall_score(y_test, pred_test), what="recall")
    expect(precision_recall_fbeta(y_test, pred_test, beta=2)[2], skm.fbeta_score(y_test, pred_test, beta=2), what="F2")
### BEGIN HIDDEN TESTS
with check(
    "random labels, betas and weights", hint="Try several betas, and lists without positives.", hidden=True
) as rng:
    for turn in range(40):
        size, beta_drawn = int(rng.integers(1, 25)), float(rng.choice([0.5, 1.0, 2.0, 3.0]))
        random_labels = (rng.random(size) < rng.choice([0.0, 0.2, 0.6])).astype(int)
        random_guesses = (rng.random(size) < rng.choice([0.0, 0.3, 1.0])).astype(int)
        random_weights = rng.random(size) + 0.1 if turn % 2 else None
        if turn == 1:  # positives that weigh nothing
            random_labels[0], random_guesses[0] = 1, 1
            random_weights = np.where(random_labels + random_guesses, 0.0, random_weights)
        each_weight = np.ones(size) if random_weights is None else random_weights
        hit = float((each_weight * random_labels * random_guesses).sum())
        named, truly = float((each_weight * random_guesses).sum()), float((each_weight * random_labels).sum())
        bottom = beta_drawn**2 * truly + named
        want_prf = tuple(
            up / down if down else 0.0
            for up, down in ((hit, named), (hit, truly), ((1 + beta_drawn**2) * hit, bottom))
        )
        got_prf = precision_recall_fbeta(random_labels, random_guesses, beta=beta_drawn, sample_weight=random_weights)
        expect(got_prf, want_prf, what="(precision, recall, F-beta)")
with check(
    "random labels that are not 0 and 1", hint="Try pos_label=2 on labels 0, 1, 2, with and without weights.", hidden=True
) as rng:
    for turn in range(20):
        size, positive = int(rng.integers(2, 25)), int(rng.integers(-1, 3))
        random_labels, random_guesses = rng.integers(-1, 3, size), rng.integers(-1, 3, size)
        if turn == 0:  # no positives
            random_labels[random_labels == positive] = positive + 1
        random_weights = (rng.random(size) + 0.1).tolist() if turn % 2 else None
        want_prf = skm.precision_recall_fscore_support(
            random_labels == positive, random_guesses == positive, average="binary", sample_weight=random_weights, zero_division=0
        )[:3]
        expect(
            precision_recall_fbeta(random_labels, random_guesses, pos_label=positive, sample_weight=random_weights),
            want_prf,
            what="(precision, recall, F-beta)",
        )
### END HIDDEN TESTS
grade("precision_recall_fbeta")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Get the four counts first. Then name the two denominators: how many were called positive, how many are positive.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For F-beta take the form with the counts. It needs no precision and no recall, so it has one denominator of its own
# to test, and it cannot divide a zero by a zero that came from them.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `precision = tp / (tp + fp) if tp + fp else 0.0`, recall in the same way, and
# `below = (1 + beta**2) * tp + beta**2 * fn + fp`.
#
# </details>
#
# **Why it matters.** In a report over many classes, some of them rare, you meet a class without predictions sooner or later.
# [What do you report when a denominator is zero?](#What-do-you-report-when-a-denominator-is-zero?)

# %% [markdown]
# ## The ROC curve
#
# So far the model said yes or no. Underneath it gives a **score**, and a threshold makes the decision: *positive when
# score ≥ threshold*. Move the threshold from high to low and ever more samples are called positive. Each threshold
# gives one point:
#
# - upwards the **true positive rate**, TPR = TP / (TP + FN), which is recall;
# - to the right the **false positive rate**, FPR = FP / (FP + TN), the share of the negatives that raise a false alarm.
#
# All the points, joined by straight lines, are the **ROC curve** (*receiver operating characteristic*; T. Fawcett,
# "An introduction to ROC analysis", 2006). It starts at (0, 0), with a threshold above all scores: nothing is called
# positive. It ends at (1, 1): everything is. A model that guesses at random stays near the diagonal.
#
# **The smallest example.** Two positives (+) and two negatives (−):
#
# | score | 0.9 | 0.6 | 0.6 | 0.2 |
# |---|---|---|---|---|
# | label | + | + | − | − |
#
# | threshold | called positive | TPR | FPR | point (FPR, TPR) |
# |---|---|---|---|---|
# | above 0.9 | none | 0/2 | 0/2 | (0, 0) |
# | 0.9 | the first + | 1/2 | 0/2 | (0, 1/2) |
# | 0.6 | both +, one − | 2/2 | 1/2 | (1/2, 1) |
# | 0.2 | all | 2/2 | 2/2 | (1, 1) |
#
# Look at the **tie**: two samples have the score 0.6. No threshold separates them, so they enter together, and the curve
# takes **one slanted step**. If you let them enter one after the other, you draw a point that no threshold can reach,
# and the curve depends on the order in which the rows happen to stand.
#
# ### A ROC curve by hand
#
# *By hand · 8 minutes · difficulty: two of three*
#
# Eight tumours, three malignant (+) and five benign (−):
#
# | score | 0.9 | 0.8 | 0.7 | 0.5 | 0.5 | 0.4 | 0.3 | 0.1 |
# |---|---|---|---|---|---|---|---|---|
# | label | + | − | + | + | − | − | − | − |
#
# Give all points of the curve, from the highest threshold to the lowest, as a list of pairs (FPR, TPR). The example above
# would be `[(0, 0), (0, 1/2), (1/2, 1), (1, 1)]`.

# %%
y_true_8 = [1, 0, 1, 1, 0, 0, 0, 0]
y_score_8 = [0.9, 0.8, 0.7, 0.5, 0.5, 0.4, 0.3, 0.1]

# %% exercise="roc_by_hand" minutes=8
### BEGIN SOLUTION
roc_points = [(0, 0), (0, 1 / 3), (1 / 5, 1 / 3), (1 / 5, 2 / 3)]
roc_points += [(2 / 5, 1), (3 / 5, 1), (4 / 5, 1), (1, 1)]
### END SOLUTION
### BEGIN RELEASE
# roc_points = ...
### END RELEASE

# %% check="roc_by_hand" points=4
with check("the curve starts at (0, 0) and ends at (1, 1)", hint="Add the threshold above all scores in front."):
    ends = tuple(given(roc_points)[0]), tuple(given(roc_points)[-1])
    assert ends == ((0, 0), (1, 1)), f"Your curve starts at {ends[0]} and ends at {ends[1]}."
with check("one point for each distinct score, and the start", hint="Samples with the same score enter together."):
    assert len(given(roc_points)) == len(set(y_score_8)) + 1, (
        f"You gave {len(roc_points)} points. Which thresholds call different samples positive?"
    )
with check("the false positive rates", hint="The first number of each pair: negatives called positive, over five."):
    rates = skm.roc_curve(y_true_8, y_score_8, drop_intermediate=False)[0].tolist()
    expect([pair[0] for pair in given(roc_points)], rates, what="the list of your FPRs", tell=False)
with check("the true positive rates", hint="The second number of each pair: positives called positive, over three."):
    rates = skm.roc_curve(y_true_8, y_score_8, drop_intermediate=False)[1].tolist()
    expect([pair[1] for pair in given(roc_points)], rates, what="the list of your TPRs", tell=False)
grade("roc_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Make the table of the example with a row for each threshold: above 0.9, then 0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.1.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A + that enters moves you up by 1/3, a − moves you right by 1/5. At 0.5 one of each enters: up and right in one
# step.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The curve begins `[(0, 0), (0, 1/3), (1/5, 1/3), ...]` and ends `..., (4/5, 1), (1, 1)]`.
#
# </details>
#
# **Why it matters.** Models with few distinct scores, trees and k-nearest neighbours above all, produce ties in
# masses. [How do ties affect the ROC curve?](#How-do-ties-affect-the-ROC-curve?)

# %% [markdown]
# ### The ROC curve in code
#
# *Implement · 12 minutes · difficulty: two of three*
#
# Your function returns three arrays of equal length: `fpr`, `tpr` and `thresholds`. The thresholds are the distinct
# scores from high to low, with `inf` (infinity) in front for "nothing is positive". Samples with the same score share
# one point. *The same* means equal: 1e-9 and 2e-9 are two scores, so do not round, and do not use `np.isclose`.
#
# With weights, the rates are sums of weights over sums of weights. Without any positive, TPR would be 0/0, and without
# any negative FPR would be: a curve needs both classes, so one class alone is refused. So is a NaN score: it is neither
# above nor below a threshold.


# %% exercise="roc_curve" minutes=12
def roc_curve(
    y_true, y_score, pos_label=1, sample_weight=None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of the ROC curve, one for each distinct score and the start.

    Args:
        y_true: true labels, n_samples (list or array; numbers or strings).
        y_score: scores, n_samples (list or array); higher means more likely positive. Any numbers,
            not only 0 to 1, and of any dtype.
        pos_label: the label that counts as positive; every other label is negative.
        sample_weight: n_samples positive weights; None means that every sample weighs 1.

    Returns:
        (fpr, tpr, thresholds): arrays of shape (n_distinct_scores + 1,). A sample is called
        positive when its score >= threshold. The first point is (0, 0) at threshold inf, the last
        is (1, 1). The four samples of the lesson give fpr [0, 0, 0.5, 1], tpr [0, 0.5, 1, 1] and
        thresholds [inf, 0.9, 0.6, 0.2].

    Raises:
        ValueError: there are no positives, or no negatives, or a score is NaN (any of them).

    Source: T. Fawcett, An introduction to ROC analysis, 2006.
    """
    ### BEGIN SOLUTION
    is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
    weights = np.ones(len(y_score)) if sample_weight is None else np.asarray(sample_weight)
    if np.isnan(y_score).any():
        raise ValueError("a score is NaN")
    if is_positive.all() or not is_positive.any():
        raise ValueError("a ROC curve needs positives and negatives")
    thresholds = np.concatenate([[np.inf], np.unique(y_score)[::-1]])
    tp = np.array([weights[is_positive & (y_score >= t)].sum() for t in thresholds])
    fp = np.array([weights[~is_positive & (y_score >= t)].sum() for t in thresholds])
    return fp / fp[-1], tp / tp[-1], thresholds
    ### END SOLUTION


# %% check="roc_curve" points=10
with check(
    "the four samples",
    hint="Three arrays of equal length, in the order fpr, tpr, thresholds. One threshold for each distinct score, and "
    "`inf` in front of them; positive when score >= threshold.",
):
    expect(
        roc_curve([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2]),
        (np.array([0, 0, 0.5, 1]), np.array([0, 0.5, 1, 1]), np.array([np.inf, 0.9, 0.6, 0.2])),
        what="(fpr, tpr, thresholds)",
    )
with check(
    "the eight tumours: your points from paper",
    hint="The rows come in any order: sort the distinct scores downwards. Every distinct score keeps its point, on a "
    "straight stretch too (scikit-learn's function leaves such points out unless drop_intermediate=False).",
):
    backwards = roc_curve(y_true_8[::-1], y_score_8[::-1])
    expect(backwards[0], np.array([0, 0, 0.2, 0.2, 0.4, 0.6, 0.8, 1]), what="fpr")
    expect(backwards[1], np.array([0, 1, 1, 2, 3, 3, 3, 3]) / 3, what="tpr")
    tiny = roc_curve(y_true_8, [1e-12 * s for s in y_score_8])
    expect(tiny[1], np.array([0, 1, 1, 2, 3, 3, 3, 3]) / 3, what="tpr of the same scores divided by 10**12")
with check("all scores tied: the diagonal in one step", hint="One distinct score: two points, whatever the labels."):
    expect(roc_curve([1, 0, 0, 1, 0], [0.5] * 5)[:2], (np.array([0.0, 1.0]), np.array([0.0, 1.0])), what="(fpr, tpr)")
with check(
    "labels that are not 0 and 1",
    hint="Build a mask `label == pos_label`; all others are negative. Every distinct score keeps its point.",
):
    want_roc = np.array([0, 0, 1, 1]), np.array([0, 0.5, 0.5, 1])
    expect(roc_curve(["b", "a", "b"], [3, 2, 1], pos_label="b")[:2], want_roc, what="(fpr, tpr)")
    expect(roc_curve([2, 1, 0], [0.9, 0.1, 0.5], pos_label=2)[1], np.array([0.0, 1.0, 1.0, 1.0]), what="tpr")
with check(
    "weights are added up", hint="A positive of weight w moves the curve up by w over the weight of all positives."
):
    expect(
        roc_curve([1, 0, 1, 0], [4, 3, 2, 1], sample_weight=[3, 1, 1, 4])[:2],
        (np.array([0, 0, 0.2, 0.2, 1]), np.array([0, 0.75, 0.75, 1, 1])),
        what="(fpr, tpr)",
    )
    expect(
        roc_curve(["b", "a", "b", "a"], [4, 3, 2, 1], pos_label="b", sample_weight=np.array([0.75, 0.25, 0.25, 1.0]))[:2],
        (np.array([0, 0, 0.2, 0.2, 1]), np.array([0, 0.75, 0.75, 1, 1])),
        what="(fpr, tpr)",
    )
with check(
    "without positives or without negatives: refused",
    hint="`raise ValueError(...)` when no label is `pos_label`, or every label is. Two labels may both be negative.",
    needs="the four samples",
):
    expect_raises(ValueError, roc_curve, [1, 1], [0.2, 0.4])
    expect_raises(ValueError, roc_curve, [0, 0, 0], [0.2, 0.4, 0.1])
    expect_raises(ValueError, roc_curve, ["a", "b"], [0.2, 0.4], pos_label="c")
with check(
    "a NaN score is refused",
    hint="`np.isnan(y_score).any()`, before you compare. Python's max() sees a NaN only in the first place.",
    needs="the four samples",
):
    for nan_at in range(3):
        with_nan = [0.2 if k != nan_at else float("nan") for k in range(3)]
        expect_raises(ValueError, roc_curve, [1, 0, 1], with_nan)
        expect_raises(ValueError, roc_curve, np.array([1, 0, 1]), np.array(with_nan))
with check(
    "the real predictions, as scikit-learn draws them",
    hint="Compare with skm.roc_curve(..., drop_intermediate=False), array by array: fpr, tpr, thresholds.",
):
    for nr, what in enumerate(["fpr", "tpr", "thresholds"]):
        want_roc = skm.roc_curve(y_test, p_test, drop_intermediate=False)
        expect(roc_curve(y_test, p_test)[nr], want_roc[nr], what=what)
### BEGIN HIDDEN TESTS
with check(
    "random scores with many ties",
    hint="Try scores rounded to one decimal, large scores, integers without a sign, and tiny ones: 1e-9 and 2e-9 are two.",
    hidden=True,
) as rng:
    for kind in (np.uint8, np.int8, np.float32):
        expect(roc_curve([1, 0, 1, 0], np.array([0, 1, 2, 2], dtype=kind))[0], np.array([0, 0.5, 1, 1]), what="fpr")
    for turn in range(40):
        size = int(rng.integers(2, 40)) if turn else 40
        random_labels = rng.permutation(np.arange(size) < rng.integers(1, size)).astype(int)
        random_scores = np.round(rng.normal(size=size), int(rng.integers(0, 3)))
        random_scores = random_scores * [1e-13, 1, 1e9][turn % 3] + [0, 0, 1e15][turn % 3]  # tiny; usual; nearly equal
        want_roc = skm.roc_curve(random_labels, random_scores, drop_intermediate=False)
        expect(roc_curve(random_labels, random_scores), want_roc, what="(fpr, tpr, thresholds)")
with check(
    "random weights on the curve", hint="Try weights such as 0.5 and 2, as a list too, and another `pos_label`.", hidden=True
) as rng:
    for turn in range(20):
        size, other = int(rng.integers(2, 30)), [0, -1, 2][turn % 3]
        random_labels = np.where(rng.permutation(np.arange(size) < rng.integers(1, size)), 1, other)
        random_scores, random_weights = np.round(rng.random(size), 1), rng.random(size) + 0.1
        which, given_weights = (1, random_weights) if turn % 2 else (other, random_weights.tolist())
        want_roc = skm.roc_curve(
            random_labels == which, random_scores, sample_weight=random_weights, drop_intermediate=False
        )
        expect(
            roc_curve(random_labels.tolist(), random_scores, pos_label=which, sample_weight=given_weights),
            want_roc,
            what="(fpr, tpr, thresholds)",
        )
### END HIDDEN TESTS
grade("roc_curve")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `np.unique(y_score)` gives the distinct scores from low to high; `[::-1]` turns them round. Put `np.inf` in front with
# `np.concatenate`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each threshold `t`, the samples with `y_score >= t` are called positive. TP is the weight of those that are positive,
# FP the weight of those that are not. A list over the thresholds is fast enough here.
#
# </details>
# <details><summary>Hint 3</summary>
#
# With a mask `is_positive` and an array `weights` of ones:
# `tp = np.array([weights[is_positive & (y_score >= t)].sum() for t in thresholds])`. At the last threshold everything is
# called positive, so `tp[-1]` is the weight of all positives: divide by it.
#
# </details>
#
# **Faster.** With $n$ samples and $k$ thresholds this looks at $n \cdot k$ scores. Sort the samples once, from high to low, and take
# `np.cumsum` of the positive and of the negative weights in that order: TP and FP for every prefix. Keep the last place of each
# group of ties, and you have the curve. The sort is all that costs: about $n \log n$ steps. scikit-learn does it this way.
#
# **Why it matters.** The curve shows every decision the model allows; a single confusion matrix shows one.
# [How do ties affect the ROC curve?](#How-do-ties-affect-the-ROC-curve?)

# %% [markdown]
# ## The area under the ROC curve
#
# **AUC** is the area under the ROC curve: 1 for a model that puts every positive above every negative, 1/2 for one that
# guesses. There is a second reading of the same number, and it is the one to say in an interview: AUC is **the
# probability that a randomly drawn positive gets a higher score than a randomly drawn negative**, a tie counting half
# (J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
# curve", 1982).
#
# **The smallest example.** The four samples above: positives 0.9 and 0.6, negatives 0.6 and 0.2.
#
# - *As an area.* From (0, 0) to (0, 1/2) there is no width. From (0, 1/2) to (1/2, 1) the width is 1/2 and the mean height
#   (1/2 + 1)/2 = 3/4: area 3/8. From (1/2, 1) to (1, 1): 1/2. Together 7/8.
# - *As pairs.* There are four pairs of a positive and a negative: 0.9 beats 0.6 and 0.2, 0.6 ties with 0.6 and beats
#   0.2. That is 1 + 1 + 1/2 + 1 = 7/2 of four: 7/8.
#
# **Why the two are always equal.** Let there be $P$ positives and $N$ negatives. Take one step of the curve, from one
# threshold to the next lower one, $t$. Exactly the samples with score $t$ enter: say $p$ positives and $n$ negatives.
# Before the step, $a$ positives were above $t$. The step is $n/N$ wide, and its mean height is
# $\frac{1}{2}\left(\frac{a}{P} + \frac{a + p}{P}\right) = \frac{a + p/2}{P}$. So its area is
#
# $$\frac{n}{N} \cdot \frac{a + p/2}{P} = \frac{n\,a + \frac{1}{2}\,n\,p}{N P}.$$
#
# Now count pairs. Each of the $n$ negatives with score $t$ is beaten by the $a$ positives above it and ties with the
# $p$ positives at $t$: that is $n\,a + \frac{1}{2}\,n\,p$ of the $N P$ pairs. It is the same number. Every negative enters
# at exactly one step, so the sum over all steps counts every pair once. ∎
#
# ### AUC in two ways
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Write both: the area from the points of a curve, and the share of pairs from labels and scores. The checks verify that they
# agree, ties or no ties. Here the label `1` is positive and every other label is negative.


# %% exercise="auc_two_ways" minutes=10
def auc_trapezoid(fpr, tpr) -> float:
    """Return the area under a curve whose points are joined by straight lines.

    Args:
        fpr, tpr: the points, n_points each (lists or arrays), with fpr never decreasing. They may
            be a piece of a curve: only what is given counts.

    Returns:
        The sum over the steps, from each point to the next, of width times mean height.
        auc_trapezoid([0, 0, 0.5, 1], [0, 0.5, 1, 1]) is 7/8.
    """
    ### BEGIN SOLUTION
    area = 0.0
    for k in range(1, len(fpr)):
        area += (fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1]) / 2
    return float(area)
    ### END SOLUTION


def auc_pairs(y_true, y_score) -> float:
    """Return the probability that a random positive outranks a random negative; a tie is half.

    Args:
        y_true: labels, n_samples (list or array); 1 is positive, everything else negative.
        y_score: scores, n_samples (list or array); higher means more likely positive. Only equal
            scores tie.

    Returns:
        The share of the pairs (positive, negative) that are in the right order.
        auc_pairs([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2]) is 7/8.

    Raises:
        ValueError: there are no positives, or no negatives: then there is no pair.

    Source: J. A. Hanley and B. J. McNeil, 1982.
    """
    ### BEGIN SOLUTION
    positives = [s for s, label in zip(y_score, y_true, strict=True) if label == 1]
    negatives = [s for s, label in zip(y_score, y_true, strict=True) if label != 1]
    if not positives or not negatives:
        raise ValueError("there is no pair of a positive and a negative")
    wins = 0.0
    for above in positives:
        for below in negatives:
            wins += 1.0 if above > below else 0.5 if above == below else 0.0
    return wins / (len(positives) * len(negatives))
    ### END SOLUTION


# %% check="auc_two_ways" points=8
with check(
    "the area of the four samples",
    hint="Width times the *mean* of the two heights, for each step between points that are given; add none.",
):
    expect(auc_trapezoid([0, 0, 0.5, 1], [0, 0.5, 1, 1]), 7 / 8, what="the area")
    expect(auc_trapezoid([0, 0.5], [0.5, 1]), 3 / 8, what="the area of the curve up to FPR 1/2")
    expect(auc_trapezoid([0, 0.2, 0.2, 1], [0, 1, 0, 1]), 1 / 2, what="the area of points joined in their order")
    expect(auc_trapezoid(np.array([0.5, 1.0]), np.array([1.0, 1.0])), 1 / 2, what="the area from FPR 1/2 on")
with check("the pairs of the four samples", hint="Compare every positive with every negative: 1, 1/2 or 0. A tie is ==."):
    expect(auc_pairs([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2]), 7 / 8, what="the share of pairs")
    expect(auc_pairs([1, 1, 0, 0], [9e-12, 6e-12, 6e-12, 2e-12]), 7 / 8, what="the share of pairs of tiny scores")
with check("the eight tumours: both are 5/6", hint="Three positives, five negatives: how many pairs?"):
    expect(
        auc_trapezoid([0, 0, 0.2, 0.2, 0.4, 0.6, 0.8, 1], [0, 1 / 3, 1 / 3, 2 / 3, 1, 1, 1, 1]), 5 / 6, what="the area"
    )
    expect(auc_pairs(y_true_8, y_score_8), 5 / 6, what="the share of pairs")
with check("every label but 1 is negative", hint="Compare with 1; a negative may be 0, -1 or 2."):
    expect(auc_pairs([2, 1, -1, 1], [0.1, 0.9, 0.5, 0.3]), 3 / 4, what="the share of pairs")
with check(
    "without a pair there is no AUC",
    hint="Raise ValueError when one of the two lists is empty.",
    needs="the pairs of the four samples",
):
    expect_raises(ValueError, auc_pairs, [1, 1], [0.3, 0.4])
    expect_raises(ValueError, auc_pairs, [0], [0.3])
with check("area and pairs agree on the real predictions", hint="Both are near 0.8 here. Which of your two is not?"):
    real_curve = skm.roc_curve(y_test, p_test, drop_intermediate=False)
    expect(auc_pairs(y_test, p_test), skm.roc_auc_score(y_test, p_test), what="the share of pairs")
    expect(auc_trapezoid(real_curve[0], real_curve[1]), auc_pairs(y_test, p_test), what="the area")
### BEGIN HIDDEN TESTS
with check(
    "random pairs, ties included", hint="Try scores rounded to one decimal, and scores such as 1e-9 and 2e-9.", hidden=True
) as rng:
    for high, low in ((1 + 1e-12, 1.0), (1e15 + 1, 1e15)):
        expect(auc_pairs([1, 0], [high, low]), 1.0, what="the share of pairs, where the scores are nearly equal,")
    for turn in range(30):
        size = int(rng.integers(2, 25)) if turn else 25
        random_labels = np.where(rng.permutation(np.arange(size) < rng.integers(1, size)), 1, [0, -1, 2][turn % 3])
        random_scores = np.round(rng.normal(size=size), int(rng.integers(0, 3)))
        want_auc = skm.roc_auc_score(random_labels == 1, random_scores)
        random_scores = random_scores * [1e-13, 1, 1e9][turn % 3] + [0, 0, 1e15][turn % 3]  # tiny; usual; nearly equal
        expect(auc_pairs(random_labels, random_scores), want_auc, what="the share of pairs")
with check(
    "random areas", hint="Try a piece of a curve, three points of your own, and do it on paper.", hidden=True
) as rng:
    for turn in range(30):
        size = int(rng.integers(2, 12))
        rising = [np.sort(np.round(rng.random(size), 1)) for _ in range(2)]
        if turn % 2:
            rising = [np.r_[0.0, part, 1.0] for part in rising]
        expect(auc_trapezoid(*(part.tolist() for part in rising)), skm.auc(*rising), what="the area")
### END HIDDEN TESTS
grade("auc_two_ways")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Area: a curve of `k` points has `k - 1` steps. Pairs: two loops, one in the other.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A step from point `k - 1` to point `k` is `fpr[k] - fpr[k - 1]` wide and `(tpr[k - 1] + tpr[k]) / 2` high on average.
#
# </details>
# <details><summary>Hint 3</summary>
#
# For the pairs, make two lists of scores, one of the positives and one of the negatives. Add 1, 0.5 or 0 for each pair and
# divide by `len(positives) * len(negatives)`.
#
# </details>
#
# **Why it matters.** Our model has an AUC of 0.825. That does not mean that it is right in 0.825 of the cases. It means: show it
# one malignant and one benign tumour, and it gives the malignant one the higher score with probability 0.825.
# [What does an AUC of 0.8 mean?](#What-does-an-AUC-of-0.8-mean?)

# %% [markdown]
# ### Find the bugs in an AUC
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# Two loops over all pairs are slow. The usual fast way uses ranks. Sort all $n$ samples by score and number them from 1 to
# $n$, the lowest score first. Let $R$ be the sum of the ranks of the $P$ positives. Then
#
# $$\mathrm{AUC} = \frac{R - P(P+1)/2}{P N},$$
#
# because the rank of a positive counts the samples up to its place, itself included. So each positive counts itself and the
# positives below it: together $1 + 2 + \dots + P = P(P+1)/2$. What is left over are the pairs with a negative below.
# Samples that **tie** share the mean of their ranks: that is the half win.
#
# **The smallest example.** Scores 0.2 (−), 0.6 (−), 0.6 (+), 0.9 (+) have the ranks 1, 5/2, 5/2 and 4. $R$ = 5/2 + 4 = 13/2,
# minus 3 is 7/2, divided by four pairs is 7/8 again.
#
# The program below runs, and its numbers look like an AUC. Run it, then run the
# demonstration below the checks: the same predictions, with the rows in three orders. An AUC must not care about the order
# of the rows. Find the two faults and repair them.


# %% exercise="fix_auc" minutes=8 faults=["perfect and reversed, all scores below one half", "one tie is half a win", "the eight tumours: 5/6", "the order of the rows does not matter", "the real predictions, sorted by label", "random scores with ties"]
def auc_of_ranks(y_true, y_score) -> float:
    """Return the AUC from the ranks of the scores.

    Args:
        y_true: labels, n_samples (list or array); 1 is positive, 0 negative; both occur.
        y_score: scores, n_samples (list or array); higher means more likely positive. Only equal
            scores tie.

    Returns:
        (R - P (P + 1) / 2) / (P N), where R is the sum of the ranks of the P positives and tied
        samples share the mean of their ranks. auc_of_ranks([0, 0, 1, 1], [0.2, 0.6, 0.6, 0.9]) is
        7/8.
    """
    ### BEGIN SOLUTION
    is_positive = np.asarray(y_true) == 1
    _, group, equal = np.unique(np.asarray(y_score), return_inverse=True, return_counts=True)
    last_rank = np.cumsum(equal)
    ranks = (last_rank - (equal - 1) / 2)[group]
    n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))
    ### END SOLUTION
    ### BEGIN RELEASE
    # is_positive = np.asarray(y_true) == 1
    # decision = (np.asarray(y_score) >= 0.5).astype(float)
    # order = np.argsort(decision, kind="stable")
    # ranks = np.empty(len(order))
    # ranks[order] = np.arange(1, len(order) + 1)
    # n_pos, n_neg = is_positive.sum(), (~is_positive).sum()
    # return float((ranks[is_positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))
    ### END RELEASE


# %% check="fix_auc" points=6
with check(
    "perfect and reversed, all scores below one half",
    hint="A ROC curve has no threshold of its own. Which line sets one?",
):
    expect(auc_of_ranks([1, 0, 1, 0], [0.3, 0.1, 0.4, 0.2]), 1.0, what="the AUC of a perfect ranking")
    expect(auc_of_ranks([0, 1, 0, 1], [0.3, 0.1, 0.4, 0.2]), 0.0, what="the AUC of a reversed ranking")
    expect(auc_of_ranks([1, 0, 1, 0], [3e-12, 1e-12, 4e-12, 2e-12]), 1.0, what="the AUC of tiny scores in perfect order")
with check("one tie is half a win", hint="Tied samples share the mean of their ranks. What does argsort give them?"):
    expect(auc_of_ranks([1, 0, 0], [0.7, 0.7, 0.2]), 0.75)
    expect(auc_of_ranks([0, 1, 0], [0.7, 0.7, 0.2]), 0.75)
with check(
    "the eight tumours: 5/6", hint="Both faults show here: there is a tie, and several scores lie on one side of 0.5."
):
    expect(auc_of_ranks(y_true_8, y_score_8), 5 / 6)
with check("the order of the rows does not matter", hint="Equal scores must get equal ranks.") as rng:
    mixed_labels, mixed_scores = np.repeat([1, 0], 20), np.round(rng.random(40), 1)
    mixed_auc = skm.roc_auc_score(mixed_labels, mixed_scores)
    expect(auc_of_ranks(mixed_labels, mixed_scores), mixed_auc, what="the AUC of forty rows")
    expect(auc_of_ranks(mixed_labels[::-1], mixed_scores[::-1]), mixed_auc, what="the AUC of the same rows in reverse")
with check("the real predictions, sorted by label", hint="Compare with the demonstration below: which order flatters?"):
    by_label = np.argsort(y_test, kind="stable")
    expect(auc_of_ranks(y_test[by_label], p_test[by_label]), skm.roc_auc_score(y_test, p_test))
### BEGIN HIDDEN TESTS
with check(
    "random scores with ties", hint="Try scores rounded to one decimal, large scores, and tiny ones.", hidden=True
) as rng:
    for turn in range(30):
        size = int(rng.integers(10, 40))
        random_labels = rng.permutation(np.arange(size) < rng.integers(3, size - 3)).astype(int)
        random_scores = np.round(rng.normal(size=size), int(rng.integers(0, 3)))
        want_auc = skm.roc_auc_score(random_labels, random_scores)
        random_scores = random_scores * [1e-13, 1, 1e9][turn % 3] + [0, 0, 1e15][turn % 3]  # tiny; usual; nearly equal
        expect(auc_of_ranks(random_labels, random_scores), want_auc)
### END HIDDEN TESTS
grade("fix_auc")

# %% demo=true
for words, rows in {
    "as they come": np.arange(len(y_test)),
    "benign rows first": np.argsort(y_test, kind="stable"),
    "malignant rows first": np.argsort(-y_test, kind="stable"),
}.items():
    print(f"{words:22} your AUC {auc_of_ranks(y_test[rows], p_test[rows]):.3f}", end="   ")
    print(f"scikit-learn's {skm.roc_auc_score(y_test[rows], p_test[rows]):.3f}")

# %% [markdown]
# (These scores have no ties. So equal numbers here say that the scores are ranked; what happens to ties, the checks say.)
#
# <details><summary>Hint 1</summary>
#
# Print `ranks` for two samples with the same score. Then print how many different values `decision` has.
#
# </details>
# <details><summary>Hint 2</summary>
#
# First fault: the scores are turned into hard decisions, so almost everything ties. Second fault: tied samples get ranks in the
# order in which the rows stand, so a file sorted by label decides the result.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Rank the scores themselves. For the mean rank of each score: how many samples lie below it, plus half of how many equal it,
# plus one half: `below + (equal + 1) / 2`. `np.unique(scores, return_inverse=True, return_counts=True)` counts the equal ones, and
# `np.cumsum` of the counts gives the last rank of each.
#
# </details>
#
# **Why it matters.** An AUC of hard predictions is a fault that nothing tells you of: `roc_auc_score(y, model.predict(X))` runs
# without a warning. For our model it gives 0.700 in place of 0.825.
# [How do ties affect the ROC curve?](#How-do-ties-affect-the-ROC-curve?)

# %% [markdown]
# ## The precision-recall curve and average precision
#
# FPR divides by the number of negatives. When there are very many of them, thousands of false alarms are a small FPR, and the
# ROC curve looks fine. **Precision** divides by what was called positive, so the same false alarms weigh on it. The **precision-recall
# curve** shows precision against recall, again one point for each threshold.
#
# **The smallest example.** The four samples once more, with the thresholds from high to low:
#
# | threshold | called positive | recall | precision |
# |---|---|---|---|
# | above 0.9 | none | 0 | 0/0, set to 1 |
# | 0.9 | + | 1/2 | 1/1 |
# | 0.6 | + + − | 1 | 2/3 |
# | 0.2 | + + − − | 1 | 2/4 |
#
# The first point is a convention: with nothing called positive there is no false alarm, so precision is set to 1.
#
# **Average precision** (AP) sums the curve up in one number: each step in recall, times the precision *reached at the end of the
# step*:
#
# $$\mathrm{AP} = \sum_k (R_k - R_{k-1})\,P_k.$$
#
# Here: 1/2 · 1 + 1/2 · 2/3 = 5/6. The last threshold adds nothing, because recall no longer grows.
#
# **Why steps and no trapezoids?** In ROC space the points between two neighbours can be reached: apply the higher threshold to a
# random part of the samples and the lower one to the rest, and both rates mix in a straight line. Precision does not mix that way,
# because its denominator changes too. Take two positives. At one threshold TP = 1 and FP = 0: recall 1/2, precision 1. At the next,
# TP = 2 and FP = 8: recall 1, precision 1/5. The straight line promises precision 3/5 halfway, at recall 3/4. But half of the way
# there means TP = 3/2 and FP = 4, so the precision is 3/11, less than half of the promise. Wherever precision falls, trapezoids are
# too optimistic; where it rises from one point to the next, they are too pessimistic
# (J. Davis and M. Goadrich, "The relationship between precision-recall and ROC curves", 2006). A step is not the reachable curve
# either: here it says 1/5 all the way, below the 3/11 that can be reached, and where precision rises it lies above. It is a
# convention that fills in nothing between two thresholds. Say which convention you use.
#
# The baseline of AP is the share of positives, not 1/2. A constant score has exactly that AP: one step, at that precision. A
# *random order* has a mean AP above it, clearly so when positives are few: with one positive among ten, its mean AP is
# 0.293, not 0.1.
#
# ### Average precision in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Write the points of the curve and, from them, AP. The order is that of your ROC curve: thresholds from high to low, `inf` in front.
# (scikit-learn's `precision_recall_curve` returns the same points in reverse, and leaves `inf` out.)


# %% exercise="average_precision" minutes=10
def precision_recall_points(
    y_true, y_score, pos_label=1, sample_weight=None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of the precision-recall curve, one for each distinct score and the start.

    Args:
        y_true: true labels, n_samples (list or array; numbers or strings).
        y_score: scores, n_samples (list or array); higher means more likely positive. Only equal
            scores share a point.
        pos_label: the label that counts as positive; every other label is negative.
        sample_weight: n_samples positive weights; None means that every sample weighs 1.

    Returns:
        (precision, recall, thresholds): arrays of shape (n_distinct_scores + 1,), thresholds from
        high to low. A sample is called positive when its score >= threshold. The first point is
        precision 1, recall 0 at threshold inf. The four samples of the lesson give precision
        [1, 1, 2/3, 1/2], recall [0, 1/2, 1, 1] and thresholds [inf, 0.9, 0.6, 0.2].

    Raises:
        ValueError: there are no positives (recall would be 0/0), or a score is NaN (any of them).
    """
    ### BEGIN SOLUTION
    is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
    weights = np.ones(len(y_score)) if sample_weight is None else np.asarray(sample_weight)
    if np.isnan(y_score).any():
        raise ValueError("a score is NaN")
    if not is_positive.any():
        raise ValueError("a precision-recall curve needs positives")
    thresholds = np.unique(y_score)[::-1]
    tp = np.array([weights[is_positive & (y_score >= t)].sum() for t in thresholds])
    called = np.array([weights[y_score >= t].sum() for t in thresholds])
    precision, recall = tp / called, tp / tp[-1]
    return np.r_[1.0, precision], np.r_[0.0, recall], np.r_[np.inf, thresholds]
    ### END SOLUTION


def average_precision(precision, recall) -> float:
    """Return the sum over the steps: growth of recall times the precision at the step's end.

    Args:
        precision, recall: the points, n_points each (lists or arrays), with recall never
            decreasing. They may be a piece of a curve: only what is given counts.

    Returns:
        average_precision([1, 1, 2/3, 1/2], [0, 1/2, 1, 1]) is 5/6.
    """
    ### BEGIN SOLUTION
    return float(sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall))))
    ### END SOLUTION


# %% check="average_precision" points=10
with check("the points of the four samples", hint="As in the ROC curve, but divide TP by everything called positive."):
    expect(
        precision_recall_points([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2]),
        (np.array([1, 1, 2 / 3, 0.5]), np.array([0, 0.5, 1, 1]), np.array([np.inf, 0.9, 0.6, 0.2])),
        what="(precision, recall, thresholds)",
    )
with check(
    "AP of the four samples: 5/6",
    hint="Each growth of recall times the precision at the END of the step, from each given point to the next.",
):
    expect(average_precision([1, 1, 2 / 3, 1 / 2], [0, 1 / 2, 1, 1]), 5 / 6, what="AP")
    expect(average_precision([1, 2 / 3, 1 / 2], [1 / 2, 1, 1]), 1 / 3, what="AP of the points from recall 1/2 on")
with check(
    "steps, not trapezoids", hint="Do not average two precisions: AP takes the one at the end of the step, as it is."
):
    expect(average_precision([1, 1, 1 / 5], [0, 1 / 2, 1]), 1 / 2 + 1 / 10, what="AP")
with check("all scores tied: AP is the share of positives", hint="One threshold calls everything positive."):
    tied_points = precision_recall_points([1, 0, 0, 0, 1], [2, 2, 2, 2, 2])
    expect(tied_points[:2], (np.array([1.0, 0.4]), np.array([0.0, 1.0])), what="(precision, recall)")
    expect(average_precision(tied_points[0], tied_points[1]), 2 / 5, what="AP")
with check(
    "labels that are words, and weights", hint="A mask `label == pos_label`, and sums of weights instead of counts."
):
    expect(
        precision_recall_points(["x", "o", "x"], [3, 2, 1], pos_label="x", sample_weight=[1, 2, 3])[:2],
        (np.array([1, 1, 1 / 3, 2 / 3]), np.array([0, 1 / 4, 1 / 4, 1])),
        what="(precision, recall)",
    )
    expect(
        precision_recall_points(np.array([2, 1, -1]), np.array([3e-12, 2e-12, 1e-12]))[:2],
        (np.array([1, 0, 1 / 2, 1 / 3]), np.array([0.0, 0.0, 1.0, 1.0])),
        what="(precision, recall)",
    )
with check(
    "no positives, or a NaN score: refused",
    hint="Without positives recall would be 0/0 at every threshold; a NaN has no place among the thresholds. "
    "Raise ValueError.",
    needs="the points of the four samples",
):
    expect_raises(ValueError, precision_recall_points, [0, 0], [0.1, 0.2])
    expect_raises(ValueError, precision_recall_points, ["a", "b"], [0.1, 0.2], pos_label="c")
    for nan_at in range(3):
        with_nan = [0.2 if k != nan_at else float("nan") for k in range(3)]
        expect_raises(ValueError, precision_recall_points, [1, 0, 1], with_nan)
        expect_raises(ValueError, precision_recall_points, np.array([1, 0, 1]), np.array(with_nan))
with check(
    "no negatives are fine: AP is 1",
    hint="Precision is 1 at every threshold; there is nothing to refuse.",
    needs="AP of the four samples: 5/6",
):
    expect(average_precision(*precision_recall_points([1, 1, 1], [0.2, 0.9, 0.5])[:2]), 1.0, what="AP")
with check(
    "AP of the real predictions, as scikit-learn computes it",
    hint="Compare your points with skm.precision_recall_curve, reversed.",
):
    real_ap = average_precision(*precision_recall_points(y_test, p_test)[:2])
    expect(real_ap, skm.average_precision_score(y_test, p_test), what="AP")
### BEGIN HIDDEN TESTS
with check(
    "random curves with ties",
    hint="Try scores rounded to one decimal, tiny scores, a piece of a curve, and several points of one recall.",
    hidden=True,
) as rng:
    for turn in range(10):
        size = int(rng.integers(2, 9)) if turn else 9
        heights, places = np.round(rng.random(size), 2), np.sort(np.round(rng.random(size), 1))
        want_steps = float((np.diff(places) * heights[1:]).sum())
        expect(average_precision(heights.tolist(), places.tolist()), want_steps, what="the sum over the steps")
    for turn in range(36):
        size = int(rng.integers(2, 40)) if turn else 40
        positives_drawn = size if turn == 0 else int(rng.integers(1, size + 1))
        random_labels = rng.permutation(np.arange(size) < positives_drawn).astype(int)
        random_scores = np.round(rng.normal(size=size), int(rng.integers(0, 3)))
        random_scores = random_scores * [1e-13, 1, 1e9][turn % 3] + [0, 0, 1e15][turn % 3]  # tiny; usual; nearly equal
        want_pr = skm.precision_recall_curve(random_labels, random_scores, drop_intermediate=False)
        got_pr = precision_recall_points(random_labels, random_scores)
        want_points = want_pr[0][::-1], want_pr[1][::-1], np.r_[np.inf, want_pr[2][::-1]]
        expect(got_pr, want_points, what="(precision, recall, thresholds)")
        want_ap = skm.average_precision_score(random_labels, random_scores)
        expect(average_precision(got_pr[0], got_pr[1]), want_ap, what="AP")
with check(
    "random weights on the precision-recall curve",
    hint="Try weights such as 0.5 and 2, as a list too, and another `pos_label`.",
    hidden=True,
) as rng:
    for turn in range(20):
        size, which = int(rng.integers(2, 30)), [1, 0, -1, 2][turn % 4]
        positives_drawn = size if turn == 0 else int(rng.integers(1, size + 1))
        random_labels = np.where(rng.permutation(np.arange(size) < positives_drawn), which, which + 1)
        random_scores, random_weights = np.round(rng.random(size), 1), rng.random(size) + 0.1
        given_weights = random_weights if turn % 2 else random_weights.tolist()
        got_pr = precision_recall_points(
            random_labels.tolist(), random_scores, pos_label=which, sample_weight=given_weights
        )
        want_ap = skm.average_precision_score(random_labels == which, random_scores, sample_weight=random_weights)
        expect(average_precision(got_pr[0], got_pr[1]), want_ap, what="AP")
### END HIDDEN TESTS
grade("average_precision")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take your ROC curve as a pattern. TP over the weight of all positives is recall. What replaces FPR?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Precision is TP over the weight of everything with `y_score >= t`. Compute both for the distinct scores, then put 1, 0 and
# `inf` in front with `np.r_[1.0, precision]` and so on.
#
# </details>
# <details><summary>Hint 3</summary>
#
# AP: `sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall)))`.
#
# </details>
#
# **Why it matters.** Libraries differ in how they join the points. Say "average precision, as a step sum", and your number can be
# compared. [What is average precision?](#What-is-average-precision?)

# %% [markdown]
# ### Read two models from their curves
#
# *Read the plot · 5 minutes · difficulty: two of three*
#
# Two models, each a logistic regression on a single measurement: one on `worst symmetry`, one on `mean texture`. The left panel
# shows their ROC curves on the test part, the middle one their precision-recall curves. The right panel asks what precision would
# be if malignant tumours were rare: the same scores, but the samples are weighted so that 1 % of the weight is malignant.
#
# Run the cell, then answer in the exercise below it.

# %% demo=true
# Figure: ROC and precision-recall curves of two models
two_models = {
    "symmetry": fit_predict(["worst symmetry"])[1],
    "texture": fit_predict(["mean texture"])[1],
}
rare = np.where(y_test == 1, 0.01 / y_test.mean(), 0.99 / (1 - y_test.mean()))
fig, (left, middle, right) = plots.canvas(3, width=11.5, height=4.1)
roc_lines, pr_lines, rare_lines = {}, {}, {}
for name, score in two_models.items():
    auc_here = skm.roc_auc_score(y_test, score)
    roc_lines[f"{name}, AUC {auc_here:.3f}"] = skm.roc_curve(y_test, score)[:2]
    for weights, panel_lines in ((None, pr_lines), (rare, rare_lines)):
        ap = skm.average_precision_score(y_test, score, sample_weight=weights)
        falling = skm.precision_recall_curve(y_test, score, sample_weight=weights)
        panel_lines[f"{name}, AP {ap:.3f}"] = falling[1][::-1], falling[0][::-1]
plots.curves(left, roc_lines, "false positive rate", "true positive rate", markers=False)
plots.curves(middle, pr_lines, "recall", "precision", steps=True, markers=False)
plots.curves(right, rare_lines, "recall", "precision", steps=True, markers=False)
left.set_title("ROC")
middle.set_title(f"precision-recall, {100 * y_test.mean():.0f} % malignant")
right.set_title("precision-recall, 1 % malignant")
plots.show(
    fig,
    alt="Three panels with two curves each. ROC: symmetry, solid, rises steeply to a true positive "
    "rate of about 0.35 at almost no false positives, then flattens; texture, dashed, rises evenly "
    "and lies above symmetry from a false positive rate of about 0.25 to the right. "
    "Precision-recall at 37 % malignant: symmetry keeps a precision near 1 up to a recall of about "
    "0.3 and falls; texture, after a jagged start, hovers between 0.45 and 0.65 and lies above "
    "symmetry on the right; at a recall of 0.8 it has a precision of about 0.54, symmetry 0.47. "
    "At 1 % malignant symmetry stays at a precision of 1 up to a recall of about 0.28, drops to "
    "0.2, and from a recall of 0.5 on it has a few per cent, as texture has nearly everywhere.",
)

# %% [markdown]
# Answer with a letter, or with a number that you read off:
#
# **`"auc"`: what does the ROC panel say?**
# - (a) Symmetry has the larger area and the steeper start, so it is the better model at every false positive rate.
# - (b) The areas are almost equal, but the curves cross: each model is better somewhere.
# - (c) The areas are almost equal, so the choice between the two models hardly matters.
#
# **`"few"`: the clinic can only examine a few tumours more closely, and false alarms must stay rare. Which model?**
# - (a) Symmetry.
# - (b) Texture.
# - (c) Either, because of their AUC.
#
# **`"rare"`: malignant tumours become rare, while scores within each class stay as they are. What happens?**
# - (a) ROC and precision-recall curve both fall.
# - (b) The ROC curve stays, the precision-recall curve falls.
# - (c) The ROC curve falls, the precision-recall curve stays.
# - (d) Both stay.
#
# **`"precision"`: the precision of texture at a recall of 0.8, in the middle panel.** Read it off to within 0.05.

# %% exercise="read_curves" minutes=5
### BEGIN SOLUTION
curves_read = {"auc": "b", "few": "a", "rare": "b", "precision": 0.54}
### END SOLUTION
### BEGIN RELEASE
# curves_read = {"auc": ..., "few": ..., "rare": ..., "precision": ...}
### END RELEASE

# %% check="read_curves" points=4
with check("what the ROC panel says", hint="Compare the curves at a false positive rate of 0.05, and again at 0.4."):
    expect_choice(
        curves_read["auc"],
        "b",
        {
            "a": "The areas are nearly equal, and to the right of about 0.25 texture is above symmetry.",
            "b": "One number, the area, hides where a model is good. Curves that cross make that visible.",
            "c": "Equal areas are not equal curves. At few false alarms symmetry finds far more malignant tumours.",
        },
    )
with check("which model for few false alarms", hint="Few false alarms are the left edge of the ROC panel."):
    expect_choice(
        curves_read["few"],
        "a",
        {
            "a": "At the left edge, symmetry finds about a third of the malignant tumours with almost no false alarm.",
            "b": "Texture catches up only where many false alarms are allowed. Look at the left edge.",
            "c": "AUC averages over all false positive rates, also over those that the clinic cannot afford.",
        },
    )
with check("what rare positives do to the curves", hint="By which numbers do TPR, FPR and precision divide?"):
    expect_choice(
        curves_read["rare"],
        "b",
        {
            "a": "TPR divides by the positives and FPR by the negatives: each stays within one class, so nothing moves.",
            "b": "The rates stay within one class. Precision mixes both classes, and now the negatives flood it.",
            "c": "It is the other way round: which of the curves divides by numbers from both classes?",
            "d": "Compare the middle panel with the right one.",
        },
    )
with check(
    "the precision of texture at recall 0.8", hint="Go up from recall 0.8 in the middle panel to texture's line."
):
    steps_read = skm.precision_recall_curve(y_test, fit_predict(["mean texture"])[1])
    at_80 = steps_read[0][steps_read[1] >= 0.8].max()
    read_off = given(curves_read["precision"])
    assert isinstance(read_off, int | float), "Give the precision as a number."
    assert abs(read_off - at_80) <= 0.05, (
        f"{read_off} is not what the middle panel shows. Texture's line is the dashed one: read it again at recall 0.8."
    )
grade("read_curves")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The names of the lines stand in the legend, with the style of the line: one is solid, the other dashed.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the third question write down the denominators: TPR has TP + FN, FPR has FP + TN, precision has TP + FP. Now let there be
# many more negatives. Which of the fractions change?
#
# </details>
#
# **A warning about the right panel.** Symmetry keeps a precision of 1 up to a recall of 0.28, even where 1 % are malignant. Is it that
# good? The curve says only that none of the 90 benign tumours of the test part lies above that threshold. No false alarm among 90
# is compatible with a false positive rate of up to 0.033 ([an exact bound](#An-exact-bound-by-hand) comes below). With that rate
# the precision at this point would be 0.08. Weights multiply the samples that you have; they add none that you have not seen. For a
# statement about rare positives you need many negatives.
#
# **Why it matters.** With rare positives a ROC curve can look good while nearly every alarm is false (T. Saito and M. Rehmsmeier,
# "The precision-recall plot is more informative than the ROC plot when evaluating binary classifiers on imbalanced datasets",
# 2015). And precision measured at 37 % malignant says nothing about a population with 1 %. But rarity alone does not make the area
# under the precision-recall curve the better metric for *choosing* a model: it weighs the top of the ranking most, and in a mixed
# population that can favour the subgroup with more positives (M. McDermott and others, "A closer look at AUROC and AUPRC under
# class imbalance", 2024). Ask which decision the curve is to serve.
# [ROC curve or precision-recall curve?](#ROC-curve-or-precision-recall-curve?)

# %% [markdown]
# ## The threshold is a decision
#
# A threshold of one half is a habit. Nothing in a model asks for it. What asks for a threshold is the cost of being wrong.
#
# Let a false alarm cost $c_{FP}$ and a miss $c_{FN}$, and let right decisions cost nothing. A tumour is malignant with
# probability $p$. If you raise the alarm, you expect to pay $(1 - p)\,c_{FP}$. If you stay silent, $p\,c_{FN}$. So the alarm is
# the cheaper choice when
#
# $$(1 - p)\,c_{FP} \le p\,c_{FN} \quad\Longleftrightarrow\quad p \ge t^* = \frac{c_{FP}}{c_{FP} + c_{FN}}.$$
#
# This is the **Bayes threshold** (C. Elkan, "The foundations of cost-sensitive learning", 2001). One half is right only when both
# errors cost the same. And it is right only for honest probabilities; more on that below.
#
# **The smallest example.** A false alarm costs 1, a miss costs 4, so $t^*$ = 1/(1 + 4) = 1/5. Two patients with $p$ = 1/10 and
# $p$ = 3/5. At the threshold 1/5 the second one gets the alarm: the expected cost is 1/10 · 4 for the silence and 2/5 · 1 for the
# alarm, together 4/5. At the threshold 7/10 nobody gets it: 1/10 · 4 + 3/5 · 4 = 14/5.
#
# ### A threshold by hand
#
# *By hand · 6 minutes · difficulty: two of three*
#
# A clinic tells you: a false alarm is one needless biopsy, cost 1. A miss costs 9. There are four patients with the probabilities
# 0.05, 0.2, 0.4 and 0.8. Give the Bayes threshold, and the expected total cost of three rules: alarm from 0.5 on, alarm from
# the Bayes threshold on, alarm for everybody.

# %% exercise="threshold_by_hand" minutes=6
### BEGIN SOLUTION
cost_hand = {"threshold": 1 / 10, "from_half": 6.05, "from_bayes": 2.05, "everybody": 2.55}
### END SOLUTION
### BEGIN RELEASE
# cost_hand = {"threshold": ..., "from_half": ..., "from_bayes": ..., "everybody": ...}
### END RELEASE

# %% check="threshold_by_hand" points=4
with check("the Bayes threshold for costs 1 and 9", hint="The cost of a false alarm over the sum of both costs."):
    expect(cost_hand["threshold"], 1 / (1 + 9), what="the threshold", tell=False)
with check(
    "expected cost of alarms from 0.5 on",
    hint="One patient gets an alarm; the other three are silences, each p times 9.",
):
    four_p = np.array([0.05, 0.2, 0.4, 0.8])
    expect(
        cost_hand["from_half"], np.where(four_p >= 0.5, 1 - four_p, 9 * four_p).sum(), what="the expected cost", tell=False
    )
with check(
    "expected cost of alarms from the Bayes threshold on", hint="Only the first patient stays without an alarm."
):
    four_p = np.array([0.05, 0.2, 0.4, 0.8])
    expect(
        cost_hand["from_bayes"], np.where(four_p >= 0.1, 1 - four_p, 9 * four_p).sum(), what="the expected cost", tell=False
    )
with check("expected cost of alarms for everybody", hint="Every patient costs (1 - p) times 1."):
    four_p = np.array([0.05, 0.2, 0.4, 0.8])
    expect(cost_hand["everybody"], (1 - four_p).sum(), what="the expected cost", tell=False)
grade("threshold_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write one line for each patient: the cost of an alarm, 1 − p, and the cost of silence, 9p. A rule picks one of the two in each
# line.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the first patient: alarm 0.95, silence 0.45. For the second: alarm 0.8, silence 1.8. The Bayes rule picks the smaller one in
# every line, so no rule can be cheaper.
#
# </details>
#
# **Why it matters.** "We use 0.5" means "a miss costs as much as a false alarm". Say it aloud before you deploy it.
# [How do you choose a decision threshold?](#How-do-you-choose-a-decision-threshold?)

# %% [markdown]
# ### Move the threshold
#
# The next cell draws the validation part at one threshold: the confusion matrix, the point on the ROC curve, and the total cost
# when a false alarm costs 1 and a miss 9. Move the slider. To the left, more alarms: the point climbs along the curve, misses turn
# into hits, and benign tumours into false alarms. Where is the cost lowest? Compare with the Bayes threshold 1/10. (Without
# widgets, on a printed page for example, the figure stands still at 0.5.)


# %% demo=true
# Figure: confusion matrix, ROC curve and cost at a threshold that you move
def draw_threshold(threshold):
    """Draw confusion matrix, ROC point and cost of the validation part at one threshold."""
    matrix = skm.confusion_matrix(y_valid, p_valid >= threshold)
    here = {"tp": matrix[1, 1], "fp": matrix[0, 1], "fn": matrix[1, 0], "tn": matrix[0, 0]}
    fpr, tpr, candidates = skm.roc_curve(y_valid, p_valid, drop_intermediate=False)
    costs = 1 * fpr * (y_valid == 0).sum() + 9 * (1 - tpr) * (y_valid == 1).sum()
    cost = here["fp"] + 9 * here["fn"]
    drawing, (table, roc, bill) = plots.canvas(3, width=11.5, height=4.1)
    plots.confusion_table(table, here, "malignant", "benign")
    table.set_title(f"threshold {threshold:.2f}")
    axes = "false positive rate", "true positive rate"
    plots.curves(roc, {"validation part": (fpr, tpr)}, *axes, markers=False)
    x, y_here = here["fp"] / (here["fp"] + here["tn"]), here["tp"] / (here["tp"] + here["fn"])
    plots.mark(roc, x, y_here, f"({x:.2f}, {y_here:.2f})")
    roc.set_title("ROC curve")
    bill.step(candidates[1:], costs[1:], where="post", color=plots.palette["blue"])
    bill.set(xlabel="threshold", ylabel="total cost", xlim=(0, 1), ylim=(0, None))
    bill.set_title("cost: FP + 9 FN")
    plots.mark(bill, threshold, cost, f"cost {cost:g}")
    return drawing, (
        f"At the threshold {threshold:.2f}: {here['tp']} true positives, {here['fp']} false "
        f"positives, {here['fn']} false negatives, {here['tn']} true negatives; the ROC point is "
        f"({x:.2f}, {y_here:.2f}); the total cost is {cost:g}. The cost falls from about 470 at "
        "the highest threshold to 54 just above 0.12 and rises to 89 below."
    )


plots.explore(draw_threshold, "threshold", 0.0, 1.0, start=0.5, step=0.01)

# %% [markdown]
# ### The best threshold in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# With labels at hand you need no probabilities: try every threshold and take the cheapest. Only the distinct scores matter, and
# `inf` for "never raise the alarm"; between two scores nothing changes.
#
# Several thresholds may cost the same. The rule here: **take the highest of them**, the one with the fewest alarms.
#
# **The smallest example.** The four samples: scores 0.9 (+), 0.6 (+), 0.6 (−), 0.2 (−). A false alarm costs 1, a miss 3. `inf`
# costs two misses, 6. At 0.9 there is one miss: 3. At 0.6 there is one false alarm: 1. At 0.2 there are two: 2. The best is
# (0.6, 1).


# %% exercise="best_threshold" minutes=10
def best_threshold(y_true, y_score, c_fp, c_fn, pos_label=1) -> tuple[float, float]:
    """Return the threshold with the lowest total cost, and that cost.

    Args:
        y_true: true labels, n_samples (list or array; numbers or strings).
        y_score: scores, n_samples (list or array; any numbers); a sample is called positive when
            its score >= threshold.
        c_fp, c_fn: the cost of one false positive and of one false negative; right decisions cost
            nothing.
        pos_label: the label that counts as positive; every other label is negative.

    Returns:
        (threshold, cost). The candidates are the distinct scores and inf (nothing is positive); of
        thresholds that cost the same, the highest is returned. One class alone is fine: costs need
        no rates.
        best_threshold([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2], c_fp=1, c_fn=3) is (0.6, 1).

    Raises:
        ValueError: a score is NaN (any of them).
    """
    ### BEGIN SOLUTION
    is_positive, y_score = np.array([label == pos_label for label in y_true]), np.asarray(y_score)
    if np.isnan(y_score).any():
        raise ValueError("a score is NaN")
    best, lowest = np.inf, float(c_fn * is_positive.sum())
    for threshold in np.unique(y_score)[::-1]:  # from high to low: an equal cost changes nothing
        called = y_score >= threshold
        cost = float(c_fp * (called & ~is_positive).sum() + c_fn * (~called & is_positive).sum())
        if cost < lowest:
            best, lowest = float(threshold), cost
    return best, lowest
    ### END SOLUTION


# %% check="best_threshold" points=9
with check("the four samples: (0.6, 1)", hint="Compute c_fp times FP plus c_fn times FN for each candidate."):
    expect(best_threshold([1, 1, 0, 0], [0.9, 0.6, 0.6, 0.2], c_fp=1, c_fn=3), (0.6, 1), what="(threshold, cost)")
with check("a costly miss pulls the threshold down", hint="A miss costs c_fn: did you swap the two costs?"):
    expect(best_threshold(y_true_8, y_score_8, c_fp=1, c_fn=9), (0.5, 2), what="(threshold, cost)")
    expect(best_threshold(y_true_8, y_score_8, c_fp=9, c_fn=1), (0.9, 2), what="(threshold, cost)")
with check(
    "equal costs: the highest threshold", hint="Go from high to low, and change your mind only when it gets cheaper."
):
    expect(best_threshold([1, 0, 1], [0.9, 0.5, 0.3], c_fp=1, c_fn=1), (0.9, 1), what="(threshold, cost)")
with check(
    "misses cost nothing: never raise the alarm",
    hint="`inf` is a candidate too, and labels of one class alone are fine.",
    needs="the four samples: (0.6, 1)",
):
    expect(best_threshold([1, 0, 1], [0.9, 0.5, 0.3], c_fp=1, c_fn=0), (float("inf"), 0), what="(threshold, cost)")
    expect(best_threshold([0, 0], [0.9, 0.5], c_fp=1, c_fn=5), (float("inf"), 0), what="(threshold, cost)")
with check(
    "scores need not lie between 0 and 1",
    hint="Candidates come from the scores, not from a grid such as 0.01, 0.02, ...",
):
    expect(
        best_threshold(["b", "m", "m"], [-20.5, 3.25, 40.0], c_fp=2, c_fn=2, pos_label="m"),
        (3.25, 0),
        what="(threshold, cost)",
    )
    expect(
        best_threshold(np.array([2, 0, -1]), np.array([3e-12, 2e-12, 1e-12]), c_fp=2, c_fn=3, pos_label=0)[1],
        2,
        what="the lowest cost, with tiny scores,",
    )
with check(
    "a NaN score is refused",
    hint="It is neither above nor below any threshold: raise ValueError.",
    needs="the four samples: (0.6, 1)",
):
    for nan_at in range(3):
        with_nan = [0.2 if k != nan_at else float("nan") for k in range(3)]
        expect_raises(ValueError, best_threshold, [1, 0, 1], with_nan, c_fp=1, c_fn=1)
        expect_raises(ValueError, best_threshold, np.array([1, 0, 1]), np.array(with_nan), c_fp=1, c_fn=1)
with check(
    "the real validation part",
    hint="No candidate may be cheaper; the cost must be the cost of the threshold you return.",
):
    chosen = best_threshold(y_valid, p_valid, c_fp=1, c_fn=9)
    paid = skm.confusion_matrix(y_valid, p_valid >= chosen[0])
    expect(chosen[1], paid[0, 1] + 9 * paid[1, 0], what="the cost you return, next to what your threshold costs,")
    at_bayes = skm.confusion_matrix(y_valid, p_valid >= 0.1)
    assert chosen[1] <= at_bayes[0, 1] + 9 * at_bayes[1, 0], "On these data the threshold 1/10 is cheaper than yours."
### BEGIN HIDDEN TESTS
with check(
    "random scores and costs",
    points=2,
    hint="Try all scores tied, no positives, costs of zero, tiny scores, and another `pos_label`.",
    hidden=True,
) as rng:
    for turn in range(60):
        size = int(rng.integers(1, 20)) if turn else 20
        random_labels, random_scores = (
            rng.integers(0, 2, size),
            np.round(rng.normal(size=size), int(rng.integers(0, 3))),
        )
        random_scores = random_scores * [1e-13, 1, 1e9][turn % 3] + [0, 0, 1e15][turn % 3]  # tiny; usual; nearly equal
        which, shown_labels = [(1, random_labels), (2, random_labels * 3 - 1), (-1, 1 - 2 * random_labels)][turn // 3 % 3]
        price_fp, price_fn = float(rng.choice([0, 0.5, 1, 2, 4])), float(rng.choice([0, 0.25, 1, 3, 9]))
        ways = [float("inf"), *sorted(set(random_scores.tolist()), reverse=True)]
        bills = [
            price_fp * int(((random_scores >= way) & (random_labels == 0)).sum())
            + price_fn * int(((random_scores < way) & (random_labels == 1)).sum())
            for way in ways
        ]
        want_best = (ways[int(np.argmin(bills))], min(bills))
        expect(
            best_threshold(shown_labels.tolist(), random_scores, price_fp, price_fn, pos_label=which),
            want_best,
            what="(threshold, cost)",
        )
### END HIDDEN TESTS
grade("best_threshold")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Candidates first: `np.inf` and the distinct scores. For each, which samples are called positive? Which of them are false alarms,
# and which positives are missed?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Go through the candidates from high to low. Keep the best threshold and its cost, and replace them only if the new cost is
# strictly lower. That settles equal costs.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `called = y_score >= threshold`, then
# `cost = c_fp * (called & ~is_positive).sum() + c_fn * (~called & is_positive).sum()`.
#
# </details>
#
# **On which data?** The chosen threshold fits the accidents of the data it was chosen on. Its cost *there* is the lowest of many,
# so it is too good to be true. The next cell mixes the validation and the test part 50 times into two new halves. It chooses the
# threshold on one half, and looks at the cost per tumour on both halves.

# %% demo=true
p_mixed, y_mixed = np.r_[p_valid, p_test], np.r_[y_valid, y_test]
promised, paid_later, misses_later, at_lowest = [], [], [], []
try:
    for turn in range(50):
        rows_a, rows_b = train_test_split(
            np.arange(len(y_mixed)), test_size=0.5, stratify=y_mixed, random_state=turn
        )
        cut, cost_a = best_threshold(y_mixed[rows_a], p_mixed[rows_a], c_fp=1, c_fn=9)
        matrix_b = skm.confusion_matrix(y_mixed[rows_b], p_mixed[rows_b] >= cut)
        promised.append(cost_a / len(rows_a))
        paid_later.append((matrix_b[0, 1] + 9 * matrix_b[1, 0]) / len(rows_b))
        misses_later.append(int(matrix_b[1, 0]))
        at_lowest.append(bool(cut == p_mixed[rows_a][y_mixed[rows_a] == 1].min()))
    print(f"mean cost per tumour where the threshold was chosen: {np.mean(promised):.3f}")
    print(f"mean cost per tumour on the other half:              {np.mean(paid_later):.3f}")
    print(f"threshold = lowest malignant score of its half: {sum(at_lowest)} times of 50")
    print(f"at least one miss on the other half: {sum(m > 0 for m in misses_later)} times of 50")
except NotImplementedError:
    print("This cell uses your best_threshold: write it first, then run this cell again.")

# %% [markdown]
# On the half where the threshold was chosen, a tumour costs 0.410 on average; on the other half 0.484, for the same model and the
# same thresholds. The difference is the price of looking. So choose the threshold on the validation part and report the cost on the
# test part. (A threshold that was fixed beforehand, as the Bayes threshold is, was not fitted to any of these data: its cost is
# an honest estimate on each of them.)
#
# **What does "no miss" mean there?** On the validation part of this unit the cheapest threshold is the lowest score of a malignant
# tumour in it, just below 0.123: it is 0.12299 to five decimals. (Give enough digits. At a threshold of 0.123 that very tumour is
# missed.) With a miss at nine false alarms the search slides down to the last malignant tumour and stops. In 49 of the 50 mixtures it
# did the same. Where the search stops there, no malignant tumour of the data is missed *by construction*: that says nothing about
# the model. On the other half, at least one was missed in 26 of the 50 mixtures.
#
# **Why it matters.** A threshold is a parameter like any other. Fit it where you fit parameters.
# [May you choose the threshold on the test set?](#May-you-choose-the-threshold-on-the-test-set?)

# %% [markdown]
# ## More than two classes
#
# With three classes or more, take each class in turn as the positive one and all the others as negative. That gives a precision, a
# recall and an F1 for each class. How do you get one number?
#
# - **Macro**: the plain mean over the classes. A class with one sample counts as much as a class with a thousand.
# - **Weighted**: the mean over the classes, weighted with their **support**, the number of true samples.
# - **Micro**: add up TP, FP and FN of all classes first, and compute one F1 from the sums.
#
# **The smallest example.** Ten pictures: six cats, three dogs and one owl. The model calls five cats "cat" and one "dog"; two dogs
# "dog" and one "cat"; the owl it calls "cat".
#
# | class | TP | FP | FN | F1 | support |
# |---|---|---|---|---|---|
# | cat | 5 | 2 | 1 | 10/13 | 6 |
# | dog | 2 | 1 | 1 | 2/3 | 3 |
# | owl | 0 | 0 | 1 | 0 | 1 |
# | sum | 7 | 3 | 3 | | 10 |
#
# - Macro: (10/13 + 2/3 + 0)/3 = 56/117, about 0.479.
# - Weighted: (6 · 10/13 + 3 · 2/3 + 1 · 0)/10 = 43/65, about 0.662.
# - Micro: 2·7/(2·7 + 3 + 3) = 7/10.
#
# Macro shows that the owl is never found; the other two nearly hide it.
#
# ### Three averages in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# The classes are all labels that occur in `y_true` or in `y_pred`. A class that only occurs in `y_pred` has support 0: it counts
# in macro, and weighs nothing in weighted. A class without a true positive has an F1 of zero. Your `confusion_counts` does most of
# the work.


# %% exercise="averages" minutes=10
def f1_averages(y_true, y_pred) -> dict[str, float]:
    """Return the macro, weighted and micro average of F1 over the classes.

    Args:
        y_true, y_pred: true and predicted labels, n_samples each, at least one (lists or arrays;
            numbers or strings of any length).

    Returns:
        A dict with the keys "macro", "weighted" and "micro". The classes are the labels that occur
        in y_true or y_pred; a class without a true positive has an F1 of zero. The ten pictures of
        the lesson give {"macro": 56/117, "weighted": 43/65, "micro": 7/10}.
    """
    ### BEGIN SOLUTION
    classes = sorted(set(y_true) | set(y_pred))
    counts = [confusion_counts(y_true, y_pred, pos_label=c) for c in classes]
    f1 = [_f1(c["tp"], c["fp"], c["fn"]) for c in counts]
    support = [c["tp"] + c["fn"] for c in counts]
    return {
        "macro": sum(f1) / len(classes),
        "weighted": float(np.average(f1, weights=support)),
        "micro": _f1(*(sum(c[key] for c in counts) for key in ("tp", "fp", "fn"))),
    }


def _f1(tp, fp, fn):
    return 2 * tp / (2 * tp + fp + fn)  # never 0/0: every class occurs in one of the two lists
    ### END SOLUTION


# %% check="averages" points=7
with check("macro F1 of the ten pictures", hint="One F1 for each class, then their plain mean."):
    pictures = ["cat"] * 6 + ["dog"] * 3 + ["owl"], ["cat"] * 5 + ["dog"] * 3 + ["cat"] * 2
    expect(f1_averages(*pictures)["macro"], 56 / 117, what="macro F1")
with check("weighted F1 of the ten pictures", hint="Weigh each F1 with the number of TRUE samples of its class."):
    pictures = ["cat"] * 6 + ["dog"] * 3 + ["owl"], ["cat"] * 5 + ["dog"] * 3 + ["cat"] * 2
    expect(f1_averages(*pictures)["weighted"], 43 / 65, what="weighted F1")
with check("micro F1 of the ten pictures", hint="Add up TP, FP and FN over the classes before you divide."):
    pictures = ["cat"] * 6 + ["dog"] * 3 + ["owl"], ["cat"] * 5 + ["dog"] * 3 + ["cat"] * 2
    expect(f1_averages(*pictures)["micro"], 7 / 10, what="micro F1")
with check(
    "a class that is only predicted counts in macro",
    hint="Take the classes from both lists: set(y_true) | set(y_pred). A label stays as it is: NumPy cuts 'catfish' to "
    "'cat' where it has to fit among words of three letters.",
):
    expect(f1_averages([0, 0, 1, 1], [0, 2, 1, 1])["macro"], (2 / 3 + 1 + 0) / 3, what="macro F1")
    expect(f1_averages([0, 0, 1, 1], [0, 2, 1, 1])["weighted"], (2 / 3 + 1) / 2, what="weighted F1")
    for rare_label, kinds in (("catfish", ("cat", "dog")), (1.5, (1, 2)), (-1, (0, 1))):
        two_kinds = [kinds[0], kinds[0], kinds[1], kinds[1]], [kinds[0], rare_label, kinds[1], kinds[1]]
        expect(f1_averages(*two_kinds)["macro"], (2 / 3 + 1 + 0) / 3, what="macro F1")
with check(
    "nothing right: all three are 0.0",
    hint="TP is zero everywhere, but 2 TP + FP + FN is not: what do you divide by?",
    needs="micro F1 of the ten pictures",
):
    expect(f1_averages(["a", "b"], ["b", "a"]), {"macro": 0.0, "weighted": 0.0, "micro": 0.0})
### BEGIN HIDDEN TESTS
with check(
    "random classes", points=2, hint="Try four classes of which one never occurs in y_true.", hidden=True
) as rng:
    for turn in range(25):
        kind, size = [[0, 1, 2], ["x", "xy", "xyz", "w"], [-5, 7]][rng.integers(3)], int(rng.integers(2, 30))
        random_labels, random_guesses = rng.choice(kind, size).tolist(), rng.choice(kind, size).tolist()
        if turn == 0:  # a class that is only predicted
            random_labels, random_guesses[0] = [kind[0]] * size, kind[1]
        if turn == 1:  # nothing right
            random_labels, random_guesses = [kind[0]] * size, [kind[1]] * size
        for how in ("macro", "weighted", "micro"):
            want_f1 = skm.f1_score(random_labels, random_guesses, average=how, zero_division=0)
            both = (random_labels, random_guesses) if turn % 2 else (np.array(random_labels), np.array(random_guesses))
            expect(f1_averages(*both)[how], want_f1, what=f"the {how} average")
### END HIDDEN TESTS
grade("averages")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# One call of `confusion_counts(y_true, y_pred, pos_label=c)` for each class `c` gives the table of the example.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Macro and weighted use the F1 column, micro uses the last row. The support of a class is TP + FN.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `f1 = [2 * c["tp"] / (2 * c["tp"] + c["fp"] + c["fn"]) for c in counts]`. Every class occurs in one of the two lists, so the
# denominator cannot be zero here. Macro is `sum(f1) / len(f1)`.
#
# </details>
#
# **Why it matters.** The three averages can rank two models in opposite order. Which classes count is a decision; say which one
# you took. [Macro, micro or weighted average?](#Macro,-micro-or-weighted-average?)
#
# ### Micro F1 is an old friend
#
# *Choose one · 3 minutes · difficulty: two of three*
#
# In the example, micro F1 is 7/10, and seven of ten pictures are right: accuracy is 7/10 too. When every sample has one true and
# one predicted label, this is always so. Why?
#
# (a) Because micro averaging weighs the F1 of each class by the size of the class, and accuracy does the same.
#
# (b) Because with one label a sample, precision and recall are equal in each class, and so are their means.
#
# (c) Because each wrong prediction is one FP of some class and one FN of another, so their sums agree.
#
# (d) Because the true negatives cancel in the sum over all classes, and only the right answers are left.

# %% exercise="micro_is" minutes=3
### BEGIN SOLUTION
answer_micro = "c"
### END SOLUTION
### BEGIN RELEASE
# answer_micro = ...
### END RELEASE

# %% check="micro_is" points=2
with check(
    "why micro F1 equals accuracy",
    points=2,
    hint="In the last row of the table: compare the sum of FP with the sum of FN.",
):
    expect_choice(
        answer_micro,
        "c",
        {
            "a": "That is the weighted average, 43/65 in the example, and not 7/10. Micro adds counts, not F1 values.",
            "b": "Look at the cats: precision 5/7, recall 5/6. They are equal only in the last row, the sum.",
            "c": "With TP = right and FP = FN = wrong, 2 TP / (2 TP + FP + FN) is right / (right + wrong).",
            "d": "TN stands in none of the formulas of F1, so nothing has to cancel. Where does an error go in the table?",
        },
    )
grade("micro_is")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take one error: a dog that was called "cat". In which two rows of the table does it appear, and in which columns?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Put FP = FN into 2 TP / (2 TP + FP + FN) and cancel the 2.
#
# </details>
#
# **Why it matters.** A report that gives accuracy and micro F1 gives one number twice. Where a sample may carry several labels, or
# when a class is left out of the average, the two differ again.
# [Macro, micro or weighted average?](#Macro,-micro-or-weighted-average?)
#
# ### An AUC for more than two classes
#
# AUC needs one score and two classes. With three classes or more there are two ways to get back to that:
#
# - **One against the rest** (OvR): for each class take its probability as the score and all other classes as the negatives. Then
#   average over the classes. The negatives are a mixture, so the result depends on how frequent the classes are.
# - **One against one** (OvO): for each pair of classes keep only their samples, take the AUC with the probability of the one and with that
#   of the other as the score, and average. Class shares drop out (D. J. Hand and R. J. Till, "A simple generalisation of the area
#   under the ROC curve for multiple class classification problems", 2001).
#
# **The smallest example.** Two cats, a dog and an owl, with the probabilities for cat, dog and owl:
#
# | truth | cat | dog | owl |
# |---|---|---|---|
# | cat | 0.7 | 0.2 | 0.1 |
# | cat | 0.4 | 0.5 | 0.1 |
# | dog | 0.5 | 0.4 | 0.1 |
# | owl | 0.2 | 0.2 | 0.6 |
#
# OvR: cat wins 3 of 4 pairs, dog 2 of 3, owl 3 of 3; the mean is 29/36. OvO: cat and dog 1/2, cat and owl 1, dog and owl 1; the mean is
# 5/6. `skm.roc_auc_score(y, probabilities, multi_class="ovr")` gives the first and `"ovo"` the second; without `multi_class` it refuses.

# %% [markdown]
# ## Probabilities you can believe
#
# AUC only looks at the order of the scores. Cube all of them, and AUC stays the same, though as probabilities they are now wrong. A
# model is **calibrated** when its probabilities hold: of the tumours to which it gives 0.3, about three in ten are malignant. Costs
# need that: the Bayes threshold compares $p$ with a price.
#
# Three tools:
#
# - The **Brier score** is the mean squared difference between probability and outcome (0 or 1). Lower is better; 0 is perfect.
#   G. W. Brier ("Verification of forecasts expressed in terms of probability", 1950) summed over both classes, which gives twice
#   this number.
# - The **log loss** is the mean of $-\ln(\text{probability of what happened})$: the cross-entropy that a network minimises. A sure and
#   wrong prediction costs at most 1 in the Brier score and has no limit in the log loss. Both are **proper scoring rules**: on average
#   the true probabilities score best (T. Gneiting and A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", 2007).
# - The **reliability table** sorts the samples into bins by predicted probability, and compares in each bin the mean prediction with
#   the share of positives. Calibrated means: equal, up to chance.
#
# **The smallest example.** Four samples with the probabilities 0.1, 0.4, 0.6, 0.9 and the labels 0, 1, 0, 1. The squared differences
# are 0.01, 0.36, 0.36 and 0.01; the Brier score is their mean, 0.185. What happened had the probabilities 0.9, 0.4, 0.4 and 0.9, so the
# log loss is $-(\ln 0.9 + \ln 0.4)/2$, about 0.511. With two bins, up to 1/2 and above:
#
# | bin | mean predicted | share of positives | count |
# |---|---|---|---|
# | 0 to 1/2 | 0.25 | 1/2 | 2 |
# | 1/2 to 1 | 0.75 | 1/2 | 2 |
#
# For comparison: always say the share of positives, 1/2, and you get 1/4. With a share of $\pi$ that baseline scores $\pi(1-\pi)$.
#
# ### Brier score and reliability table in code
#
# *Implement · 10 minutes · difficulty: two of three*
#
# The bins have equal width, with the edges `np.linspace(0, 1, n_bins + 1)`. A bin holds its upper edge and not its lower one; the
# first bin also holds 0. Bins without samples are left out. This is the rule of scikit-learn's `calibration_curve`.


# %% exercise="brier_reliability" minutes=10
def brier_score(y_true, y_prob, sample_weight=None) -> float:
    """Return the mean squared difference between the probability of class 1 and the outcome.

    Args:
        y_true: labels, n_samples (list or array); 1 is positive, everything else negative.
        y_prob: probabilities of class 1, n_samples (list or array), each from 0 to 1.
        sample_weight: n_samples weights of the mean; None means that every sample weighs 1.

    Returns:
        brier_score([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]) is 0.185.

    Raises:
        ValueError: a probability is below 0, above 1, or NaN.

    Source: G. W. Brier, 1950, in the form for one class.
    """
    ### BEGIN SOLUTION
    outcome = np.array([label == 1 for label in y_true])
    return float(np.average((_probabilities(y_prob) - outcome) ** 2, weights=sample_weight))
    ### END SOLUTION


def reliability_table(y_true, y_prob, n_bins=5) -> dict[str, np.ndarray]:
    """Return for each bin with samples the mean prediction, the share of positives, and the count.

    Args:
        y_true: labels, n_samples (list or array); 1 is positive, everything else negative.
        y_prob: probabilities of class 1, n_samples (list or array), each from 0 to 1.
        n_bins: number of bins of equal width. Bin k holds edges[k] < p <= edges[k + 1], the first
            one also p = 0; the edges are the numbers in np.linspace(0, 1, n_bins + 1), as they are.

    Returns:
        A dict of NumPy arrays, one entry for each bin that is not empty, from low to high:
        "mean_predicted", "fraction_positive" and "count".
        reliability_table([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], n_bins=2) is
        {"mean_predicted": array([0.25, 0.75]), "fraction_positive": array([0.5, 0.5]),
        "count": array([2, 2])}.

    Raises:
        ValueError: a probability is below 0, above 1, or NaN.
    """
    ### BEGIN SOLUTION
    outcome = np.array([label == 1 for label in y_true])
    y_prob = _probabilities(y_prob)
    edges = np.linspace(0, 1, n_bins + 1)
    bin_of = np.searchsorted(edges[1:-1], y_prob)  # how many inner edges lie below p
    filled = np.unique(bin_of)
    return {
        "mean_predicted": np.array([y_prob[bin_of == k].mean() for k in filled]),
        "fraction_positive": np.array([outcome[bin_of == k].mean() for k in filled]),
        "count": np.array([(bin_of == k).sum() for k in filled]),
    }


def _probabilities(values):
    values = np.asarray(values)
    if not ((values >= 0) & (values <= 1)).all():  # NaN fails both comparisons
        raise ValueError("a probability lies between 0 and 1")
    return values
    ### END SOLUTION


# %% check="brier_reliability" points=11
with check("the Brier score of the four samples", hint="Square the differences, then take the mean, not the sum."):
    expect(brier_score([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]), 0.185)
with check("sure and right is 0, sure and wrong is 1", hint="The difference between probability and outcome, squared."):
    expect([brier_score([1, 0], [1.0, 0.0]), brier_score([1, 0], [0.0, 1.0])], [0, 1], what="the two Brier scores")
with check("the Brier score with weights", hint="A weighted mean: divide by the sum of the weights."):
    expect(brier_score([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], sample_weight=[1, 2, 3, 4]), 1.85 / 10)
    expect(brier_score([1, 0], [0.5, 0.0], sample_weight=[3, 1]), 0.75 / 4)
with check("the table of the four samples", hint="Which samples have edges[k] < p <= edges[k + 1]?"):
    four_table = reliability_table([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], n_bins=2)
    expect(four_table["mean_predicted"], np.array([0.25, 0.75]), what="mean_predicted")
    expect(four_table["fraction_positive"], np.array([0.5, 0.5]), what="fraction_positive")
    expect(four_table["count"], np.array([2, 2]), what="count")
with check(
    "0, 1/2 and 1 fall into the right bins",
    hint="Zero belongs to the first bin, one to the last, an inner edge to the bin below it. Compare p with the edges "
    "themselves: p * n_bins is rounded, and may land on the other side.",
):
    edge_table = reliability_table(np.array([0, 0, 1, 1]), np.array([0.0, 0.5, 0.75, 1.0]), n_bins=2)
    expect(edge_table["mean_predicted"], np.array([0.25, 0.875]), what="mean_predicted")
    expect(edge_table["count"], np.array([2, 2]), what="count")
    for n_edges in (5, 10):
        on_edges = np.linspace(0, 1, n_edges + 1)
        edge_counts = reliability_table(np.ones(n_edges + 1), on_edges, n_bins=n_edges)["count"]
        expect(edge_counts, np.array([2] + [1] * (n_edges - 1)), what=f"count of the {n_edges + 1} edges")
with check("empty bins are left out", hint="An empty bin has no mean: skip it."):
    expect(reliability_table([0, 1], [0.1, 0.95], n_bins=10)["count"], np.array([1, 1]), what="count")
with check("every label but 1 is negative, for both", hint="The outcome is 1.0 where the label is 1, and 0.0 elsewhere."):
    expect(brier_score([2, 1, -1, 1], [0.1, 0.6, 0.2, 0.9]), (0.01 + 0.16 + 0.04 + 0.01) / 4)
    odd_labels = reliability_table([2, 1, -1, 1], [0.1, 0.6, 0.2, 0.9], n_bins=2)
    expect(odd_labels["fraction_positive"], np.array([0.0, 1.0]), what="fraction_positive")
with check(
    "what is no probability is refused",
    hint="Below 0, above 1, or NaN: raise ValueError, in both functions.",
    needs="the Brier score of the four samples",
):
    for wrong_p in (-0.1, 1.5, float("nan")):
        for with_wrong_p in ([0.5, wrong_p], [wrong_p, 0.5], np.array([0.5, wrong_p])):
            expect_raises(ValueError, brier_score, [0, 1], with_wrong_p)
            expect_raises(ValueError, reliability_table, [0, 1], with_wrong_p)
with check("the real predictions", hint="Compare with skm.brier_score_loss and calibration_curve."):
    expect(brier_score(y_test, p_test), skm.brier_score_loss(y_test, p_test), what="the Brier score")
    real_bins = calibration_curve(y_test, p_test, n_bins=5)
    expect(reliability_table(y_test, p_test)["fraction_positive"], real_bins[0], what="fraction_positive")
    expect(reliability_table(y_test, p_test)["mean_predicted"], real_bins[1], what="mean_predicted")
### BEGIN HIDDEN TESTS
with check(
    "random probabilities",
    points=2,
    hint="Try other numbers of bins, probabilities on the edges, labels that are all equal, and labels -1 and 2.",
    hidden=True,
) as rng:
    for turn in range(40):
        size, bins_drawn = int(rng.integers(1, 60)), int(rng.integers(1, 12))
        random_probs = rng.random(size)
        if turn % 2:
            random_probs = np.linspace(0, 1, bins_drawn + 1)[rng.integers(0, bins_drawn + 1, size)]
        outcomes = rng.random(size) < random_probs
        random_labels = np.where(outcomes, 1, [0, -1, 2][turn % 3])
        random_weights = rng.random(size) + 0.1
        squares = (random_probs - outcomes) ** 2
        expect(brier_score(random_labels, random_probs), squares.mean())
        expect(
            brier_score(random_labels.tolist(), random_probs.tolist(), sample_weight=random_weights.tolist()),
            (squares * random_weights).sum() / random_weights.sum(),
        )
        got_table = reliability_table(random_labels, random_probs, n_bins=bins_drawn)
        all_edges = np.linspace(0, 1, bins_drawn + 1)
        masks = [(low < random_probs) & (random_probs <= high) for low, high in zip(all_edges, all_edges[1:], strict=False)]
        masks[0] = masks[0] | (random_probs == 0)
        masks = [mask for mask in masks if mask.any()]
        expect(got_table["count"], np.array([mask.sum() for mask in masks]))
        expect(got_table["fraction_positive"], np.array([outcomes[mask].mean() for mask in masks]))
        expect(got_table["mean_predicted"], np.array([random_probs[mask].mean() for mask in masks]))
### END HIDDEN TESTS
grade("brier_reliability")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Make an array of outcomes, 1.0 for label 1 and 0.0 for every other label. `np.average(..., weights=sample_weight)` is the weighted
# mean, and the plain mean when the weights are None.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For each bin `k` build a mask: `(edges[k] < y_prob) & (y_prob <= edges[k + 1])`, and for the first bin also `y_prob == 0`. Skip masks
# without a True.
#
# </details>
# <details><summary>Hint 3</summary>
#
# In one go: `bin_of = np.searchsorted(edges[1:-1], y_prob)` counts for each probability the inner edges below it, which is the
# number of its bin. For the refusal: `if not ((y_prob >= 0) & (y_prob <= 1)).all(): raise ValueError(...)`; a NaN fails
# both comparisons.
#
# </details>
#
# The next cell draws the reliability of our model, and of an overconfident copy: its odds are the cube of the model's odds. The order of
# the scores is the same, so the AUC is the same to the last digit.

# %% demo=true
# Figure: the reliability of our model and of an overconfident copy
p_bold = p_test**3 / (p_test**3 + (1 - p_test) ** 3)
constant = np.full(len(y_test), y_train.mean())  # the share of the training part
reliable = {}
to_judge = {"our model": p_test, "overconfident copy": p_bold, "always the share": constant}
for words, prob in to_judge.items():
    auc_here, brier_here = skm.roc_auc_score(y_test, prob), skm.brier_score_loss(y_test, prob)
    print(f"{words:19} AUC {auc_here:.3f}   Brier {brier_here:.3f}", end="   ")
    print(f"log loss {skm.log_loss(y_test, prob):.3f}", end="   ")
    false_alarms, misses = (prob >= 0.1) & (y_test == 0), (prob < 0.1) & (y_test == 1)
    print(f"cost at 1/10: {false_alarms.sum() + 9 * misses.sum()}")
    if prob is not constant:
        label = f"{words}: AUC {auc_here:.3f}, Brier {brier_here:.3f}"
        reliable[label] = calibration_curve(y_test, prob, n_bins=5)[::-1]
fig, (ax,) = plots.canvas(1, width=5.6, height=5.2)
plots.curves(ax, reliable, "mean predicted probability", "share of malignant tumours")
ax.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
ax.text(0.62, 0.56, "calibrated", rotation=45, color="0.3", fontsize=9)
plots.show(
    fig,
    alt="Reliability curves with five bins. Our model stays near the diagonal. The overconfident "
    "copy is flatter: where it says almost 0, about one tumour in six is malignant, and where it "
    "says 0.96, only 0.77 are. Both have the same AUC; the Brier score of the copy is higher.",
)

# %% [markdown]
# Same AUC, 0.825, but the Brier score rises from 0.164 to 0.197 and the log loss from 0.489 to 0.679. Always saying 106/284, the share of
# malignant tumours in the training part, scores 0.233 and 0.659.
#
# **Which of them measures calibration?** None alone. The constant is as good as perfectly calibrated here (it says 0.373, and
# 0.371 of the test part are malignant), and its Brier score is the worst of the three: the Brier score mixes calibration with
# **sharpness**, how well the predictions set likely cases apart from unlikely ones. The overconfident copy is miscalibrated, but
# it does set them apart, and wins against the constant. In log loss it loses, because there a sure error costs most. So the rise
# from 0.164 to 0.197 shows miscalibration only because the ranking is the same. To see calibration alone, look at the table: the
# *absolute* gap between its two columns, averaged over the samples, is the **expected calibration error** (ECE), here 0.035 for
# our model and 0.160 for the copy. With other bins it is another number.
#
# **How much of an ECE is chance?** An absolute gap is never negative, so chance alone makes ECE larger than 0. The next cell keeps a
# model's 143 probabilities, draws labels with exactly these probabilities, and computes the ECE again, a thousand times.

# %% demo=true
def calibration_gap(labels, probabilities):
    """The absolute gap between prediction and outcome in five bins, averaged over the samples."""
    bin_of = np.searchsorted(np.linspace(0, 1, 6)[1:-1], probabilities)
    surplus = np.bincount(bin_of, probabilities - labels, minlength=5)  # summed within each bin
    return np.abs(surplus).sum() / len(labels)


coins = np.random.default_rng(6)
p_copy = p_test**3 / (p_test**3 + (1 - p_test) ** 3)
for words, prob in {"our model": p_test, "overconfident copy": p_copy}.items():
    honest_gaps = [calibration_gap(coins.random(len(prob)) < prob, prob) for _ in range(1000)]
    low_gap, high_gap = np.quantile(honest_gaps, [0.05, 0.95])
    print(f"{words:19} ECE {calibration_gap(y_test, prob):.3f}", end="   ")
    print(f"if it were calibrated: mean {np.mean(honest_gaps):.3f}", end=", ")
    print(f"nine of ten from {low_gap:.3f} to {high_gap:.3f}")

# %% [markdown]
# If our model were perfectly calibrated, a test part of this size would still show it with an ECE of about 0.06 on average, and nine of ten
# draws lie between about 0.03 and 0.09. For the copy, nine of ten lie between about 0.02 and 0.06. So the 0.035 of our model shows no
# fault, and the 0.160 of the copy does. An ECE without this **noise floor** says little.
#
# **Repair.** Divide all log-odds by one number, the *temperature* $T$, and choose the $T$ with the lowest log loss on the validation
# part: **temperature scaling** (C. Guo and others, "On calibration of modern neural networks", 2017). The next cell does it to the copy.

# %% demo=true
log_odds_valid = 3 * np.log(p_valid / (1 - p_valid))  # of the overconfident copy
log_odds_test = 3 * np.log(p_test / (1 - p_test))
temperatures = np.arange(1, 101) / 10
losses = [skm.log_loss(y_valid, 1 / (1 + np.exp(-log_odds_valid / t))) for t in temperatures]
chosen_t = temperatures[np.argmin(losses)]
print(f"chosen on the validation part: T = {chosen_t:.1f}")
for words, t in {"overconfident copy": 1, "the same, repaired": chosen_t}.items():
    p_cooled = 1 / (1 + np.exp(-log_odds_test / t))
    print(f"{words} on the test part: log loss {skm.log_loss(y_test, p_cooled):.3f}", end="   ")
    print(f"AUC {skm.roc_auc_score(y_test, p_cooled):.3f}")

# %% [markdown]
# The copy was made with the factor 3, and the validation part finds a temperature of 2.9. On the test part the log loss falls from 0.679 to
# 0.488, and AUC does not move, because a positive factor keeps the order. (scikit-learn's `CalibratedClassifierCV` does it with
# `method="temperature"`, since version 1.8; `"sigmoid"` and `"isotonic"` fit a curve with more freedom.)
#
# **Why it matters.** A threshold from costs fails without honest probabilities, and AUC gives no sign of it: at the Bayes threshold 1/10
# our model costs 66 on the test part and the overconfident copy 111. Which models are calibrated as
# they come has to be measured: boosted trees and support vector machines of 2005 were not (A. Niculescu-Mizil and R. Caruana,
# "Predicting good probabilities with supervised learning", 2005), nor were the image networks of 2017 (Guo and others, above). Some
# newer image networks are among the best calibrated (M. Minderer and others, "Revisiting the calibration of modern neural networks", 2021).
# [What is a calibrated model?](#What-is-a-calibrated-model?)

# %% [markdown]
# ## An interval for a metric
#
# The F1 of our model on the test part is 0.612. With another 143 tumours it would be another number. How far off could it be? The
# **bootstrap** answers without a formula for F1: draw 143 of the 143 test samples *with replacement*, compute F1 on the draw,
# repeat many times, and look at how the values spread. The **percentile interval** at level 0.95 cuts off 0.025 of the values at each
# end (B. Efron and R. J. Tibshirani, *An Introduction to the Bootstrap*, 1993).
#
# **The smallest example.** Four samples, `y_true = [1, 1, 0, 0]` and `y_pred = [1, 0, 0, 1]`. A draw is a list of four positions. The
# draw `[0, 0, 2, 3]` holds sample 0 twice and sample 1 not at all: labels 1, 1, 0, 0 and predictions 1, 1, 0, 1, so F1 is
# 4/(4 + 1 + 0) = 4/5. **Label and prediction are drawn together**: a draw picks samples, not labels.
#
# ### A bootstrap interval in code
#
# *Implement · 8 minutes · difficulty: two of three*
#
# The draws are given as an array of positions, one row a draw, so your function has nothing random in it. Take your
# `precision_recall_fbeta` for the metric, and `np.quantile` with its defaults for the two ends.


# %% exercise="bootstrap_interval" minutes=8
def bootstrap_interval(y_true, y_pred, indices, beta=1.0, level=0.95) -> tuple[float, float]:
    """Return the percentile interval of F-beta over bootstrap draws.

    Args:
        y_true, y_pred: true and predicted labels, n_samples each (lists or arrays); 1 is positive,
            everything else negative.
        indices: integers of shape (n_resamples, n_samples), a list of lists or an array; each row
            holds the positions of one draw. Equal rows are two draws.
        beta: of F-beta.
        level: the share of the draws that lies in the interval.

    Returns:
        (low, high): the quantiles (1 - level) / 2 and (1 + level) / 2 of F-beta over the draws, as
        np.quantile computes them. A draw without positives has F-beta 0.0, as in
        precision_recall_fbeta.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993.
    """
    ### BEGIN SOLUTION
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    draws = np.asarray(indices)
    values = [precision_recall_fbeta(y_true[draw], y_pred[draw], beta)[2] for draw in draws]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
    ### END SOLUTION


# %% check="bootstrap_interval" points=7
with check("one draw, the one of the example: F1 is 4/5", hint="Use the same positions for y_true and for y_pred."):
    expect(bootstrap_interval([1, 1, 0, 0], [1, 0, 0, 1], [[0, 0, 2, 3]]), (4 / 5, 4 / 5), what="(low, high)")
    other_labels = bootstrap_interval(np.array([1, 1, -1, 2]), np.array([1, 2, -1, 1]), [[0, 0, 2, 3]])
    expect(other_labels, (4 / 5, 4 / 5), what="(low, high) with the negatives called -1 and 2")
with check(
    "two draws, level 1: the smallest and the largest value",
    hint="One F1 for each row of `indices`; level 1 is the quantiles 0 and 1.",
):
    two_draws = np.array([[0, 0, 2, 3], [1, 1, 2, 2]])
    expect(bootstrap_interval([1, 1, 0, 0], [1, 0, 0, 1], two_draws, level=1.0), (0.0, 4 / 5), what="(low, high)")
with check("level 0.5: the quartiles", hint="Half of (1 - level) is cut off at each end, and every row counts."):
    five_draws = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    expect(bootstrap_interval([1, 1], [1, 0], five_draws, level=0.5), (0.4, 6 / 7), what="(low, high)")
    twice_drawn = [[0, 0], [0, 0], [0, 0], [1, 1]]
    expect(bootstrap_interval([1, 1], [1, 0], twice_drawn, level=0.5), (0.75, 1.0), what="(low, high) of equal draws")
with check("beta is handed on", hint="F2 needs beta=2 inside your function."):
    expect(
        bootstrap_interval([1, 1, 0, 0], [1, 0, 0, 1], [[0, 0, 2, 3]], beta=2.0), (10 / 11, 10 / 11), what="(low, high)"
    )
with check("the real predictions, fifty draws", hint="Rows are draws; use every row once.") as rng:
    real_draws = rng.integers(0, len(y_test), (50, len(y_test)))
    real_f1 = [skm.f1_score(y_test[draw], pred_test[draw], zero_division=0) for draw in real_draws]
    want_ends = tuple(np.quantile(real_f1, [0.025, 0.975]).tolist())
    expect(bootstrap_interval(y_test, pred_test, real_draws), want_ends, what="(low, high)")
### BEGIN HIDDEN TESTS
with check(
    "random draws, betas and levels",
    points=2,
    hint="Try level=0.8 and beta=0.5 on data of your own, with other labels, and with draws that occur twice.",
    hidden=True,
) as rng:
    for turn in range(8):
        size, beta_drawn, level_drawn = (
            int(rng.integers(2, 20)),
            float(rng.choice([0.5, 1, 2])),
            float(rng.choice([0.5, 0.8, 0.9])),
        )
        random_labels, random_guesses = rng.integers(0, 2, size), rng.integers(0, 2, size)
        random_draws = rng.integers(0, size, (int(rng.integers(1, 15)), size))
        random_draws = random_draws[rng.integers(0, len(random_draws), 12)] if turn % 2 else random_draws
        want_values = [
            skm.fbeta_score(random_labels[draw], random_guesses[draw], beta=beta_drawn, zero_division=0)
            for draw in random_draws
        ]
        want_ends = tuple(np.quantile(want_values, [(1 - level_drawn) / 2, (1 + level_drawn) / 2]).tolist())
        shown = [np.where(part == 1, 1, [0, -1, 2][turn % 3]) for part in (random_labels, random_guesses)]
        got_ends = bootstrap_interval(
            shown[0].tolist(), shown[1].tolist(), random_draws, beta=beta_drawn, level=level_drawn
        )
        expect(got_ends, want_ends, what="(low, high)")
### END HIDDEN TESTS
grade("bootstrap_interval")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Turn `y_true` and `y_pred` into arrays. Then `y_true[draw]` picks the labels of one draw, repeated ones included.
#
# </details>
# <details><summary>Hint 2</summary>
#
# One list with an F-beta for each row of `indices`. `precision_recall_fbeta` returns three numbers; which one do you need?
#
# </details>
# <details><summary>Hint 3</summary>
#
# `values = [precision_recall_fbeta(y_true[draw], y_pred[draw], beta)[2] for draw in indices]`, then
# `np.quantile(values, [(1 - level) / 2, (1 + level) / 2])`.
#
# </details>

# %% demo=true
try:
    thousand_draws = np.random.default_rng(6).integers(0, len(y_test), (1000, len(y_test)))
    low, high = bootstrap_interval(y_test, pred_test, thousand_draws)
    f1_here = skm.f1_score(y_test, pred_test)
    print(f"F1 {f1_here:.3f}, 95 % bootstrap interval from {low:.3f} to {high:.3f}")
except NotImplementedError:
    print("This cell uses your bootstrap_interval: write it first, then run this cell again.")

# %% [markdown]
# F1 is 0.612, but the interval runs from 0.488 to 0.714. A rival model with 0.65 on the same tumours would not be shown to be better by
# these two numbers. The interval speaks of the luck of drawing test samples. It does not speak of the luck of training, nor of a
# clinic whose patients differ.
#
# **Why it matters.** A third decimal that the test set cannot carry is a claim without evidence.
# [How sure are you of that metric?](#How-sure-are-you-of-that-metric?)

# %% [markdown]
# ### An exact bound by hand
#
# *By hand · 5 minutes · difficulty: two of three*
#
# Where nothing went wrong, the bootstrap says nothing: without a miss in the test part there is none in any draw, and the interval has
# no width. A count needs no bootstrap. Let the true miss rate be $r$. Then $n$ independent malignant tumours show no miss with
# probability $(1 - r)^n$. The larger $r$, the less likely that is. Ask for which $r$ it still happens one time in twenty:
#
# $$(1 - r)^n = 0.05 \quad\Longleftrightarrow\quad r = 1 - 0.05^{1/n}.$$
#
# With any larger miss rate, "no miss in $n$" would be rarer than 1 in 20. This is the **exact upper bound** at level 0.95, one-sided
# (C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", 1934). Since
# $\ln 0.05$ is close to −3, it is close to $3/n$: the **rule of three** (J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is
# everything all right?", 1983). Where something did go wrong, `scipy.stats.binomtest(k, n).proportion_ci()` gives the two-sided
# interval for `k` of `n`.
#
# By hand, this needs a calculator for the powers; an empty cell of Python is one.
#
# **The smallest example.** One patient, no miss: the bound is 1 − 0.05 = 0.95. Four patients without a miss: 1 − 0.05^(1/4), about 0.527.
# The rule of three says 3/4: it is meant for large $n$. For the 90 benign tumours without a false alarm, the bound is 0.033.
#
# A new device was tried on 20 malignant tumours and missed none. Give the exact upper bound of its miss rate (as an expression,
# such as `1 - 0.05 ** (1 / 4)`), what the rule of three says, and how many malignant tumours without a miss the maker would need
# before the exact bound is at most 0.01.

# %% exercise="bound_by_hand" minutes=5
### BEGIN SOLUTION
bound_hand = {"bound": 1 - 0.05 ** (1 / 20), "rule_of_three": 3 / 20, "needed": 299}
### END SOLUTION
### BEGIN RELEASE
# bound_hand = {"bound": ..., "rule_of_three": ..., "needed": ...}
### END RELEASE

# %% check="bound_by_hand" points=3
with check(
    "the exact upper bound for 0 of 20",
    hint="Which r makes (1 - r) to the power of 20 equal to 0.05? Type the expression, not the decimals of its value.",
):
    expect(bound_hand["bound"], 1 - 0.05 ** (1 / 20), what="the bound", tell=False)
with check("the rule of three for 0 of 20", hint="Three over the number of tumours."):
    expect(bound_hand["rule_of_three"], 3 / 20, what="the rule of three", tell=False)
with check(
    "how many without a miss for a bound of 0.01", hint="Find the smallest n for which 0.99 to the power of n is at most 0.05."
):
    enough = next(n for n in range(1, 1000) if 0.99**n <= 0.05)
    expect(bound_hand["needed"], enough, what="the number of tumours", tell=False)
grade("bound_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Put n = 20 into the formula. Python's power is `**`, and an exponent such as `1 / 20` needs brackets. Type the whole
# expression and let Python compute it: a rounded decimal is not accepted.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The rule of three gives a first guess for the last question. Try whole numbers near it: `0.99 ** n` has to fall to
# `0.05` or below.
#
# </details>
#
# **Why it matters.** "We saw no error" is a statement about the size of the test. A demonstration with twenty cases cannot promise
# a small miss rate.
# [How sure are you of that metric?](#How-sure-are-you-of-that-metric?)

# %% [markdown]
# ## Is the other model better?
#
# A second model gets one more measurement, `mean compactness`. On the test part it is right in 119 of 143 cases, ours in 105. Each
# accuracy has an exact 95 % interval: 0.654 to 0.805 for ours and 0.761 to 0.889 for the other. They overlap. Is the
# difference chance?
#
# Overlap does not decide that. Both models judged **the same** tumours, and most of them alike. A tumour that both judge
# correctly, or both wrongly, says nothing about which is better. What counts are the tumours on which exactly one is right. If the models
# are equally good, each of these is a toss of a fair coin: ours or the other. So count: $a$ times only A is right, $b$ times only B. Under the
# coin, $a$ follows a binomial distribution with $m = a + b$ tosses. How many of the $2^m$ sequences of $m$ tosses have exactly $k$ heads? That
# number is the **binomial coefficient** $\binom{m}{k}$, "m choose k", in Python `math.comb(m, k)`: of two tosses, two sequences have one
# head, so $\binom{2}{1} = 2$. The **exact McNemar test** asks how likely a result is that is at least as
# lopsided, to either side, if the models are equally good. This probability is its **p-value** (Q. McNemar, "Note on the sampling
# error of the difference between correlated proportions or percentages", 1947):
#
# $$p = \min\Big(1,\; 2 \sum_{k=0}^{\min(a,b)} \binom{m}{k} \frac{1}{2^m}\Big).$$
#
# **The smallest example.** Eight tumours, all malignant: `y_true = [1] * 8`. A says `[1, 1, 1, 0, 0, 0, 0, 0]`, B says
# `[1, 1, 0, 1, 1, 1, 1, 1]`. Both are right on the first two. Only A is right on the third, only B on the other five: $a$ = 1, $b$ = 5. Of
# $2^6 = 64$ sequences of six tosses, 1 + 6 = 7 have at most one head. So $p$ = 2 · 7/64 = 7/32, about 0.219. Five against one is what a
# fair coin does every now and then. Six against none has $p$ = 2/64 = 1/32. Whoever wants a yes or no sets a limit for the p-value, often
# 0.05, *before* looking at the data.
#
# ### A paired test in code
#
# *Implement · 12 minutes · difficulty: three of three*
#
# Write the test for any labels. Without a single tumour on which the models differ in being right, there is no evidence at all: then $p$ = 1.
# Write the sum yourself (`math.comb` is allowed), or let `scipy.stats.binomtest` compute it.

# %%
import math

import scipy.stats


# %% exercise="paired_test" minutes=12
def mcnemar_exact(y_true, pred_a, pred_b) -> dict[str, float]:
    """Compare two classifiers on the same samples by the exact two-sided McNemar test.

    Args:
        y_true: true labels, n_samples (list or array; numbers or strings).
        pred_a, pred_b: the labels that the two classifiers predicted, n_samples each (lists or
            arrays).

    Returns:
        A dict with the keys "only_a" and "only_b", the numbers of samples on which only A or only B
        is right, and "p_value". With m = only_a + only_b, the p-value is
        min(1, 2 * the sum of comb(m, k) / 2**m over k from 0 to min(only_a, only_b)); without such
        samples it is 1.0. The eight tumours of the lesson give
        {"only_a": 1, "only_b": 5, "p_value": 7/32}.

    Raises:
        ValueError: the three lengths are not all equal.

    Source: Q. McNemar, 1947.
    """
    ### BEGIN SOLUTION
    if not len(y_true) == len(pred_a) == len(pred_b):
        raise ValueError(f"lengths differ: {len(y_true)}, {len(pred_a)} and {len(pred_b)}")
    only_a = only_b = 0
    for truth, a, b in zip(y_true, pred_a, pred_b, strict=True):
        only_a += int(a == truth and b != truth)
        only_b += int(b == truth and a != truth)
    m = only_a + only_b
    tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))
    return {"only_a": only_a, "only_b": only_b, "p_value": min(1.0, 2 * tail / 2**m)}
    ### END SOLUTION


# %% check="paired_test" points=9
with check("the eight tumours", hint="Count where exactly one of the two is right, then add up the smaller tail twice."):
    eight_tumours = [1] * 8, [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 1, 1, 1, 1]
    expect(mcnemar_exact(*eight_tumours), {"only_a": 1, "only_b": 5, "p_value": 7 / 32})
with check("six against none", hint="The sum has one term, k = 0: one sequence of 64. Take it twice, for the two sides."):
    expect(mcnemar_exact([0] * 6, [1] * 6, [0] * 6), {"only_a": 0, "only_b": 6, "p_value": 1 / 32})
with check("A and B exchanged: the same p-value", hint="Two-sided: take the smaller of the two counts as the end of the sum."):
    expect(mcnemar_exact([0] * 6, [0] * 6, [1] * 6), {"only_a": 6, "only_b": 0, "p_value": 1 / 32})
with check(
    "as many for A as for B: p is 1",
    hint="Twice the tail would count the middle twice: no probability exceeds 1.",
    needs="the eight tumours",
):
    expect(mcnemar_exact([1, 1, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0]), {"only_a": 2, "only_b": 2, "p_value": 1.0})
with check(
    "no sample on which only one is right: p is 1",
    hint="m is 0: no toss, no evidence. Does what you call accept zero tosses?",
    needs="the eight tumours",
):
    expect(mcnemar_exact([1, 0, 1], [1, 1, 0], [1, 1, 0]), {"only_a": 0, "only_b": 0, "p_value": 1.0})
with check(
    "three classes: both wrong in different ways count for nobody",
    hint="Ask whether each is right, not whether the two predictions differ.",
):
    three_kinds = ["cat", "dog", "owl", "cat"], ["dog", "dog", "cat", "cat"], ["owl", "cat", "owl", "catfish"]
    expect(mcnemar_exact(*three_kinds), {"only_a": 2, "only_b": 1, "p_value": 1.0})
with check(
    "three lists of different lengths are refused",
    hint="Compare the three len() before you count: any of them may be too short or too long, and NumPy stretches a list of one.",
    needs="the eight tumours",
):
    for odd_one_out in ([1, 0, 1], [1]):
        for odd_place in range(3):
            for as_given in (list, np.array):
                lists_of_two = [as_given(odd_one_out if place == odd_place else [1, 0]) for place in range(3)]
                expect_raises(ValueError, mcnemar_exact, *lists_of_two)
### BEGIN HIDDEN TESTS
with check(
    "random models on the same samples",
    points=2,
    hint="Try three classes, some hundred samples, lists and arrays. Does 2**m stay exact in your numbers?",
    hidden=True,
) as rng:
    for turn in range(25):
        size, kinds = int(rng.integers(1, 30)) if turn else 600, int(rng.integers(2, 4))
        random_labels = rng.integers(0, kinds, size) - 1
        models = [np.where(rng.random(size) < 0.5, random_labels, rng.integers(0, kinds, size) - 1) for _ in range(2)]
        models[1] = models[0].copy() if turn == 1 else models[1]  # no toss at all
        rights = [model == random_labels for model in models]
        only = [int((rights[0] & ~rights[1]).sum()), int((rights[1] & ~rights[0]).sum())]
        want_p = scipy.stats.binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
        want_test = {"only_a": only[0], "only_b": only[1], "p_value": float(want_p)}
        three_lists = [random_labels, *models]
        expect(mcnemar_exact(*(three_lists if turn % 2 == 0 else [part.tolist() for part in three_lists])), want_test)
### END HIDDEN TESTS
grade("paired_test")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First two counts. A sample counts for A when `a == truth` and `b != truth`, and the other way round for B.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `math.comb(m, k)` is the number of sequences of `m` tosses with `k` heads. Add it up for `k` from 0 to the smaller count, that
# one included.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `tail = sum(math.comb(m, k) for k in range(min(only_a, only_b) + 1))`, and the p-value is `min(1.0, 2 * tail / 2**m)`. With `m = 0` this
# is already 1.
#
# </details>

# %% demo=true
p_other = fit_predict(["mean texture", "mean smoothness", "mean compactness"])[1]
pred_other = (p_other >= 0.5).astype(int)
for words, said in {"ours": pred_test, "the other": pred_other}.items():
    right = int((said == y_test).sum())
    ends = scipy.stats.binomtest(right, len(y_test)).proportion_ci()
    print(f"{words:10} right in {right} of {len(y_test)}", end=", ")
    print(f"95 % interval {ends.low:.3f} to {ends.high:.3f}")
try:
    print("paired:   ", mcnemar_exact(y_test, pred_test, pred_other))
except NotImplementedError:
    print("This cell uses your mcnemar_exact: write it first, then run this cell again.")

# %% [markdown]
# Of the 143 tumours, 32 were judged correctly by one model only: 9 by ours, 23 by the other. A fair coin is that lopsided with a
# probability of 0.020, although the two intervals overlap. (For a metric that is no count of right answers, such as F1, bootstrap the
# *difference*, with the same draws for both models.)
#
# **This 0.020 is no honest test.** The lesson looked on this test part for a third measurement whose interval overlaps with ours although
# the pairs speak clearly, and `mean compactness` was picked for that. An honest test names both models before anybody sees the data
# it is computed on.
#
# Three things the p-value does not say. It is not the probability that the models are equal. It does not say whether the gain
# matters. And it compares two *trained models* on data that chose neither of them: not two ways of training (T. G. Dietterich,
# "Approximate statistical tests for comparing supervised classification learning algorithms", 1998), and not the best of thirty candidates.
#
# **Why it matters.** Two numbers beside each other are no comparison. Pair them.
# [Is model B better than model A?](#Is-model-B-better-than-model-A?)

# %% [markdown]
# ## A recommendation to the clinic
#
# *Write · 15 minutes · difficulty: two of three · graded by a person*
#
# The clinic wants to use the model of this unit to decide who gets a biopsy. A false alarm is a needless biopsy and costs 1, a miss
# costs 9. Write to its director, who is a physician and no statistician, in 150 to 250 words. Recommend an operating point, or advise
# against the model. Compute what you need in a cell of your own: your functions are all there. (Where no
# miss occurs, a bootstrap interval for recall has no width; [an exact bound](#An-exact-bound-by-hand) has.)
#
# **How it is graded, one point each:**
#
# 1. A clear recommendation: a threshold, or a reasoned no. It was chosen on the validation part, and the memo says so.
# 2. What it means for patients, in counts on the test part: how many of 53 malignant tumours are found, how many of 90 benign ones get
#    a needless biopsy.
# 3. The total cost beside those of two baselines: biopsy for everybody, and the threshold 0.5.
# 4. An honest statement of uncertainty: an interval, or at least the size of the test part and what it can carry.
# 5. A limit that the numbers do not show (calibration, patients unlike these, costs that were guessed, one measuring device), and what
#    would have to be checked before use.

# %% [markdown] exercise="memo" points=5 minutes=15 manual=true
# **Recommendation: a biopsy from a predicted probability of 0.12299 on, as a trial beside the present practice.**
#
# We chose it on 142 tumours set aside for this: it is the cheapest rule there when a miss costs nine times as much as a
# needless biopsy (or five times). It is the lowest score of a malignant tumour there, so it misses none of those by construction, and
# we do not count that. Then we applied it to 143 other tumours. The rule found all 53 malignant ones. Of the 90 benign ones, 64 would
# have had a needless biopsy, and 26 would have been spared it. That costs 64. A biopsy for everybody costs 90. The software's
# usual threshold of 0.5 costs 222, because it misses 23 of the 53.
#
# How sure is this? "None of 53 missed" does not mean "none is ever missed". If the rule really missed one in 18, we would
# still see no miss in 53 about one time in 20. So a miss rate of up to about 0.055 is compatible with these 53. The number of
# needless biopsies is uncertain by about a dozen either way.
#
# What these numbers do not show: in our data 53 of 143 tumours are malignant. If they are rarer among your patients, more alarms
# are false. The costs are your estimate. Before use, repeat the count on some hundred of your own patients, and check that the
# probabilities hold there. The rule advises; a physician decides.

# %% [markdown]
# ## The answer
#
# *"You have trained a classifier. How do you evaluate it?"* Say it aloud first, then compare.
#
# **In half a minute.** "I first ask which decision the model serves and what each error costs. I split the data before I fit anything,
# and I put a trivial baseline beside every number. For the ranking I look at the ROC curve, or at the precision-recall curve
# where positives are rare and somebody must act on every alarm. I check whether the probabilities hold. On the validation part I
# choose the threshold by cost. On the test part I report, once, the confusion matrix at that threshold, with an interval."
#
# **When they press you.** You have shown each of these:
#
# - Accuracy follows the larger class. At 1 % positives, "never" is right in 99 % of the cases
#   ([Accuracy and its trap](#Accuracy-and-its-trap)).
# - Precision divides by what was called positive, recall by what is positive. In F-beta, $\beta^2$ is the weight of FN beside FP, and
#   0/0 is a convention to be stated ([Precision, recall and F-beta](#Precision,-recall-and-F-beta)).
# - AUC is the probability that a positive outranks a negative, a tie counting half. It holds for all thresholds together, and so for none
#   in particular ([The area under the ROC curve](#The-area-under-the-ROC-curve)).
# - A ROC curve does not see how rare the positives are; precision does. Average precision is a step sum, by convention
#   ([The precision-recall curve and average precision](#The-precision-recall-curve-and-average-precision)).
# - The threshold comes from costs, $c_{FP}/(c_{FP} + c_{FN})$ for calibrated probabilities, and is chosen on validation data. For our clinic
#   the test part costs 222 at 0.5, 90 with a biopsy for everybody, and 64 at the chosen 0.12299 (bootstrap interval 52 to 75, which is blind
#   to misses, since there are none to draw; [The threshold is a decision](#The-threshold-is-a-decision)).
# - A model can rank well and still give wrong probabilities. AUC cannot see it; a reliability table can, above its noise floor. The
#   Brier score and the log loss mix it with sharpness ([Probabilities you can believe](#Probabilities-you-can-believe)).
# - With 143 test samples, even the first decimal of F1 is in doubt. No miss among 53 leaves a miss rate of 0.055 open
#   ([An interval for a metric](#An-interval-for-a-metric)).
# - Two models are compared on the samples that only one of them gets right
#   ([Is the other model better?](#Is-the-other-model-better?)).
#
# **What the usual answer gets wrong.** It lists accuracy, precision, recall, F1 and AUC, as if one picked a favourite. It leaves out what
# they are for. It quotes accuracy without a baseline, keeps the threshold 0.5 that nobody chose, tunes on the test set without noticing,
# takes scores for probabilities, and gives three decimals without an interval.
#
# **Not in this unit.** Regression (mean absolute and root mean squared error), rankings (NDCG: K. Järvelin and J. Kekäläinen,
# "Cumulated gain-based evaluation of IR techniques", 2002), and generated text, where no single answer is right. There people
# compare two answers, or a language model does, which can prefer the first or the longer answer; whether it prefers its own, the
# study left open (L. Zheng and others, "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena", 2023). The rules stay: a
# baseline beside every number, comparisons in pairs, an interval, and no choice on the data that judge.

"""The numbers that this unit's prose states, computed."""

import math
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import scipy.stats
import sklearn.metrics as skm
from sklearn.calibration import calibration_curve

from mftcourse.course.facts import times

FOUR = {"y_true": [1, 1, 0, 0], "y_score": [0.9, 0.6, 0.6, 0.2]}
PICTURES = ["cat"] * 6 + ["dog"] * 3 + ["owl"], ["cat"] * 5 + ["dog"] * 3 + ["cat"] * 2


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(Path(__file__).parent),
        *_data(lesson),
        *_examples(lesson),
        *_results(lesson),
        *_clinic(lesson),
        *_bounds(lesson),
        *_pairs(lesson),
        *_chosen(lesson),
    ]


def _data(lesson: dict) -> list[str]:
    X, y_train, y_valid, y_test = (lesson[k] for k in ("X", "y_train", "y_valid", "y_test"))
    n, rows, columns = len(y_test), *X.shape
    sick = int(y_test.sum())
    p_all = lesson["fit_predict"](list(X))[1]
    return [
        f"The data are {rows} breast tumours. For each there are {columns} measurements",
        f"*training* part ({len(y_train)} tumours)",
        f"*validation* part ({len(y_valid)})",
        f"*test* part ({n}, of which {sick} are malignant)",
        f"it makes {int(((p_all >= 0.5) != y_test).sum())} errors on the test part",
        f"With another {n} tumours",
        f"draw {n} of the {n} test samples",
        f"With {n} test samples",
        f"{int(y_train.sum())}/{len(y_train)}, the share of malignant tumours in the training part, scores "
        f"{skm.brier_score_loss(y_test, np.full(n, y_train.mean())):.3f} and "
        f"{skm.log_loss(y_test, np.full(n, y_train.mean())):.3f}",
        f"it says {y_train.mean():.3f}, and {sick / n:.3f} of the test part are malignant",
        f"precision measured at {sick / n:.0%}".replace("%", " %"),
    ]


def _examples(lesson: dict) -> list[str]:
    """The worked examples, by formulas of their own."""
    tp, fp, fn = 2, 1, 2  # the eight messages
    share = F(1, 100)
    four_roc = skm.roc_curve(**FOUR, drop_intermediate=False)
    assert list(four_roc[0]) == [0, 0, 0.5, 1] and list(four_roc[1]) == [0, 0.5, 1, 1]
    assert skm.roc_auc_score(**FOUR) == 7 / 8 and abs(skm.average_precision_score(**FOUR) - 5 / 6) < 1e-12
    assert np.isclose(skm.roc_auc_score(lesson["y_true_8"], lesson["y_score_8"]), 5 / 6)
    ranks = [F(1), F(5, 2), F(5, 2), F(4)]
    f1 = {
        c: F(skm.f1_score(*PICTURES, labels=[c], average=None)[0]).limit_denominator(100) for c in ("cat", "dog", "owl")
    }
    macro = sum(f1.values()) / 3
    weighted = (6 * f1["cat"] + 3 * f1["dog"] + 1 * f1["owl"]) / 10
    micro = F(skm.accuracy_score(*PICTURES)).limit_denominator(10)
    bayes, p = F(1, 1 + 4), [F(1, 10), F(3, 5)]
    at_bayes = sum(4 * q if q < bayes else 1 - q for q in p)
    at_seven = sum(4 * q if q < F(7, 10) else 1 - q for q in p)
    assert (bayes, at_bayes) == (F(1, 5), F(4, 5))
    squares = [(q - label) ** 2 for q, label in zip([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1], strict=True)]
    table = calibration_curve([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], n_bins=2)
    assert table[0].tolist() == [0.5, 0.5]
    half_tp, half_fp = F(1 + 2, 2), F(0 + 8, 2)
    # where precision rises, the straight line lies below what can be reached
    assert (F(1, 2) + F(3, 4)) / 2 < F(2, 2 + 1)
    assert F(1, 5) < half_tp / (half_tp + half_fp)  # where it falls, so does the step
    assert skm.average_precision_score([1] + [0] * 9, [0.5] * 10) == 0.1  # a constant score: the share
    by_chance = sum(F(1, k) for k in range(1, 11)) / 10  # one positive, at each of ten ranks alike
    cats = [0, 0, 1, 2], np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    ovr, ovo = (F(skm.roc_auc_score(*cats, multi_class=how)).limit_denominator(100) for how in ("ovr", "ovo"))
    assert ovr == (F(3, 4) + F(2, 3) + 1) / 3 and ovo == (F(1, 2) + 1 + 1) / 3
    log_loss = skm.log_loss([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])
    assert np.isclose(log_loss, -(math.log(0.9) + math.log(0.4)) / 2)
    return [
        f"its accuracy is {8}/{2 + 8}",
        *[f"{float(F(9, 1 + 9))}{rest}" for rest in (" 的模型，准确率也是 0.9", "、$FPR$ 为 0.1", "，而模型永远回答这一类", "，宏平均召回率")],
        f"阈值就是 {float(F(1, 1 + 9))}。",
        *["你的 AP 是 0.3", "正类占 0.3"],
        f'"never" is right in {100 * (1 - share)} % of the cases',
        f"precision {float(share):.2f}, recall 1. Their arithmetic mean is {float((share + 1) / 2):.3f}",
        f"harmonic mean is {float(2 * share / (share + 1)):.4f}",
        f"F2 is 5·2/(5·2 + 4·2 + 1) = {F(5 * tp, 5 * tp + 4 * fn + fp)}",
        "| score | " + " | ".join(map(str, FOUR["y_score"])) + " |",
        "| score | " + " | ".join(map(str, lesson["y_score_8"])) + " |",
        *[f"| {t} |" for t in four_roc[2][1:]],
        f"above {max(FOUR['y_score'])}",
        f"have the score {FOUR['y_score'][1]}",
        f"above {max(lesson['y_score_8'])}, then " + ", ".join(f"{s}" for s in sorted(set(lesson["y_score_8"]))[::-1]),
        f"At {lesson['y_score_8'][3]} one of each enters",
        f"positives {FOUR['y_score'][0]} and {FOUR['y_score'][1]}, negatives {FOUR['y_score'][2]} and {FOUR['y_score'][3]}",
        "0.9 beats 0.6 and 0.2, 0.6 ties with 0.6 and beats 0.2",
        "Scores 0.2 (−), 0.6 (−), 0.6 (+), 0.9 (+)",
        f"$R$ = 5/2 + 4 = {ranks[2] + ranks[3]}",
        f"so the precision is {half_tp / (half_tp + half_fp)}",
        f"below the {half_tp / (half_tp + half_fp)} that can be reached",
        f"with one positive among ten, its mean AP is {float(by_chance):.3f}, not {0.1}",
        "scores 0.9 (+), 0.6 (+), 0.6 (−), 0.2 (−)",
        "At 0.9 there is one miss: 3. At 0.6 there is one false alarm: 1. At 0.2 there are two: 2. The best is (0.6, 1)",
        f"{2}·7/({2}·7 + 3 + 3) = {micro}",
        f"| cat | 5 | 2 | 1 | {f1['cat']} | 6 |",
        f"({f1['cat']} + {f1['dog']} + {f1['owl']})/3 = {macro}, about {float(macro):.3f}",
        f"(6 · {f1['cat']} + 3 · {f1['dog']} + 1 · {f1['owl']})/10 = {weighted}, about {float(weighted):.3f}",
        f"| sum | 7 | 3 | 3 | | {len(PICTURES[0])} |",
        f"the mean is {ovr}. OvO: cat and dog 1/2, cat and owl 1, dog and owl 1; the mean is {ovo}",
        *[f"| {name} | " + " | ".join(f"{p:g}" for p in row) + " |"
          for name, row in zip(("cat", "cat", "dog", "owl"), cats[1], strict=True)],
        f"What happened had the probabilities 0.9, 0.4, 0.4 and 0.9, so the log loss is $-(\\ln 0.9 + \\ln 0.4)/2$, "
        f"about {log_loss:.3f}",
        f"micro F1 is {micro}",
        f"accuracy is {micro} too",
        "the Bayes threshold 1/10",
        f"$p$ = {p[0]} and $p$ = {p[1]}",
        f"{p[0]} · 4 for the silence",
        f"At the threshold {F(7, 10)} nobody gets it: {p[0]} · 4 + {p[1]} · 4 = {at_seven}",
        f"alarm {1 - 0.05:g}, silence {9 * 0.05:g}. For the second: alarm {1 - 0.2:g}, silence {9 * 0.2:g}",
        f"are {squares[0]:.2g}, {squares[1]:.2g}, {squares[2]:.2g} and {squares[3]:.2g}; the Brier score is their mean, "
        f"{np.mean(squares):.3f}",
        f"| 0 to 1/2 | {table[1][0]:g} | {F(table[0][0])} | 2 |",
        f"| 1/2 to 1 | {table[1][1]:g} | {F(table[0][1])} | 2 |",
    ]


def _results(lesson: dict) -> list[str]:
    """What the model does on the test part."""
    y, p, said = lesson["y_test"], lesson["p_test"], lesson["pred_test"]
    auc, f1 = skm.roc_auc_score(y, p), skm.f1_score(y, said)
    draws = np.random.default_rng(6).integers(0, len(y), (1000, len(y)))
    low, high = np.quantile([skm.f1_score(y[d], said[d], zero_division=0) for d in draws], [0.025, 0.975])
    assert low < 0.65 < high  # the rival of the lesson lies inside
    bold = p**3 / (p**3 + (1 - p) ** 3)
    assert np.isclose(skm.roc_auc_score(y, bold), auc)
    brier, log_loss = ([m(y, q) for q in (p, bold, np.full(len(y), y.mean()))]
                       for m in (skm.brier_score_loss, skm.log_loss))  # fmt: skip
    assert brier[0] < brier[1] < brier[2] and log_loss[0] < log_loss[2] < log_loss[1]  # sharp, and sure errors
    coins = np.random.default_rng(6)
    honest = [[_gap((coins.random(len(y)) < q).astype(int), q) for _ in range(1000)] for q in (p, bold)]
    floor, (few, many) = np.mean(honest[0]), np.quantile(honest[0], [0.05, 0.95])
    copy_few, copy_many = np.quantile(honest[1], [0.05, 0.95])
    assert few < _gap(y, p) < many < _gap(y, bold) and copy_many < _gap(y, bold)
    at_tenth = [int(((q >= 0.1) & (y == 0)).sum() + 9 * ((q < 0.1) & (y == 1)).sum()) for q in (p, bold)]
    cooled = skm.log_loss(y, lesson["p_cooled"])
    assert np.isclose(skm.roc_auc_score(y, lesson["p_cooled"]), auc)
    chosen = lesson["chosen_t"]
    at_lowest, missed = sum(lesson["at_lowest"]), sum(m > 0 for m in lesson["misses_later"])
    lowest = lesson["p_valid"][lesson["y_valid"] == 1].min()
    costs = {t: ((lesson["p_valid"] >= t) & (lesson["y_valid"] == 0)).sum()
             + 9 * ((lesson["p_valid"] < t) & (lesson["y_valid"] == 1)).sum() for t in lesson["p_valid"]}  # fmt: skip
    assert min(costs, key=costs.get) == lowest
    digits = np.floor(lowest * 1e5) / 1e5
    assert digits <= lowest < 0.123  # at 0.123 it is missed
    return [
        f"right in {(y == 0).mean():.3f} of the cases and our model in {skm.accuracy_score(y, said):.3f}",
        f"finds {int(((said == 1) & (y == 1)).sum())} of {int(y.sum())}",
        f"has an AUC of {auc:.3f}",
        f"right in {auc:.3f} of the cases",
        f"with probability {auc:.3f}",
        f"it gives {skm.roc_auc_score(y, said):.3f} in place of {auc:.3f}",
        f"Same AUC, {auc:.3f}, but the Brier score rises from {brier[0]:.3f} to {brier[1]:.3f} and the log loss from "
        f"{log_loss[0]:.3f} to {log_loss[1]:.3f}",
        f"the rise from {brier[0]:.3f} to {brier[1]:.3f} shows",
        f"(ECE), here {_gap(y, p):.3f} for our model and {_gap(y, bold):.3f} for the copy",
        f"finds a temperature of {chosen:.1f}. On the test part the log loss falls from {log_loss[1]:.3f} to {cooled:.3f}",
        f"just below {lowest:.3f}: it is {digits:.5f} to five decimals",
        f"At a threshold of {lowest:.3f} that very tumour is missed",
        f"is {f1:.3f}, and there a miss counts like {(2 - f1) / f1:.1f} false alarms",
        f"an ECE of about {floor:.2f} on average, and nine of ten draws lie between about {few:.2f} and {many:.2f}",
        f"For the copy, nine of ten lie between about {copy_few:.2f} and {copy_many:.2f}",
        f"So the {_gap(y, p):.3f} of our model shows no fault, and the {_gap(y, bold):.3f} of the copy does",
        f"model's {len(y)} probabilities",
        f"our model costs {at_tenth[0]} on the test part and the overconfident copy {at_tenth[1]}",
        f"In {at_lowest} of the {len(lesson['at_lowest'])} mixtures it did the same",
        f"missed in {missed} of the {len(lesson['misses_later'])} mixtures",
        f"on the test part is {f1:.3f}",
        f"F1 is {f1:.3f}, but the interval runs from {low:.3f} to {high:.3f}",
        f"a tumour costs {np.mean(lesson['promised']):.3f} on average; on the other half {np.mean(lesson['paid_later']):.3f}",
        f"The next cell mixes the validation and the test part {len(lesson['promised'])} times",
    ]


def _gap(y: np.ndarray, p: np.ndarray) -> float:
    """Return the expected calibration error with five bins."""
    bins = np.searchsorted(np.linspace(0, 1, 6)[1:-1], p)
    return sum(abs(p[bins == k].sum() - y[bins == k].sum()) for k in range(5)) / len(y)


def _bounds(lesson: dict) -> list[str]:
    """Exact bounds where nothing went wrong, and what they do to the third panel."""

    def bound(n: int) -> float:
        r = 1 - 0.05 ** (1 / n)
        assert np.isclose(r, scipy.stats.binomtest(0, n).proportion_ci(0.9).high)  # one-sided 0.95 is two-sided 0.9
        return r

    y = lesson["y_test"]
    well, score = int((y == 0).sum()), lesson["fit_predict"](["worst symmetry"])[1]
    found = (score[y == 1] > score[y == 0].max()).mean()
    needed = next(n for n in range(1, 1000) if 0.99**n <= 0.05)
    assert bound(needed) <= 0.01 < bound(needed - 1) and bound(1) == 0.95
    return [
        f"a precision of 1 up to a recall of {found:.2f}, even where 1 % are malignant",
        f"none of the {well} benign tumours",
        f"No false alarm among {well} is compatible with a false positive rate of up to {bound(well):.3f}",
        f"at this point would be {0.01 * found / (0.01 * found + 0.99 * bound(well)):.2f}",
        f"the bound is 1 − 0.05 = {bound(1)}. Four patients without a miss: 1 − 0.05^(1/4), about {bound(4):.3f}",
        f"For the {well} benign tumours without a false alarm, the bound is {bound(well):.3f}",
        "(1 - r)^n = 0.05 \\quad",
        "r = 1 - 0.05^{1/n}",
        f"at level {0.95}, one-sided",
        "would be rarer than 1 in 20",
        "$\\ln 0.05$ is close to −3",
        "on 20 malignant tumours and missed none",
        "exact bound is at most 0.01",
        "Put n = 20 into the formula",
        f"No miss among {int(y.sum())} leaves a miss rate of {bound(int(y.sum())):.3f} open",
        f"{0.95:.0%} is $1 - 0.05^{{1/n}}$".replace("%", " %"),
        f"{0.95:.0%} 的单侧上界是 $1 - 0.05^{{1/n}}$".replace("%", " %"),
    ]


def _pairs(lesson: dict) -> list[str]:
    """Two models on the same tumours."""
    y, ours, other = lesson["y_test"], lesson["pred_test"], lesson["pred_other"]
    right = [ours == y, other == y]
    ends = [scipy.stats.binomtest(int(r.sum()), len(y)).proportion_ci() for r in right]
    assert ends[0].high > ends[1].low  # they overlap
    a, b = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())

    def p_value(few: int, many: int) -> float:
        return scipy.stats.binomtest(few, few + many).pvalue

    assert p_value(0, 6) == 2 / 64 and p_value(0, 5) > 0.05 and p_value(1, 5) == 7 / 32
    return [
        f"right in {int(right[1].sum())} of {len(y)} cases, ours in {int(right[0].sum())}",
        f"exact 95 % interval: {ends[0].low:.3f} to {ends[0].high:.3f} for ours and {ends[1].low:.3f} to {ends[1].high:.3f}",
        f"Of $2^6 = {2**6}$ sequences of six tosses",
        f"$p$ = 2 · 7/64 = {F(7, 32)}, about {p_value(1, 5):.3f}",
        f"Six against none has $p$ = 2/64 = {F(2, 64)}",
        f"Of the {len(y)} tumours, {a + b} were judged correctly by one model only: {a} by ours, {b} by the other",
        f"with a probability of {p_value(a, b):.3f}",
        f"This {p_value(a, b):.3f} is no honest test",
        f"often {0.05}, *before* looking",
        f"below 0.05; five to one gives {p_value(1, 5):.3f}",
        f"低于 0.05 的最小差距；五比一给出 {p_value(1, 5):.3f}",
    ]


def _clinic(lesson: dict) -> list[str]:
    """The numbers of the memo and of the closing answer."""

    def counts(part: str, threshold: float) -> tuple[int, int]:
        y, alarm = lesson[f"y_{part}"], lesson[f"p_{part}"] >= threshold
        return int((alarm & (y == 0)).sum()), int((~alarm & (y == 1)).sum())

    y_valid, p_valid = lesson["y_valid"], lesson["p_valid"]
    for c_fn in (9, 5):
        costs = {t: fp + c_fn * fn for t in [*p_valid, np.inf] for fp, fn in [counts("valid", t)]}
        best = min(costs, key=costs.get)
        assert best == p_valid[y_valid == 1].min(), best
    best = np.floor(best * 1e5) / 1e5
    fp, fn = counts("test", best)
    half_fp, half_fn = counts("test", 0.5)
    sick, well, n = int(lesson["y_test"].sum()), int((lesson["y_test"] == 0).sum()), len(lesson["y_test"])
    assert fn == 0
    draws = np.random.default_rng(6).integers(0, n, (1000, n))
    alarms = ((lesson["p_test"] >= best) & (lesson["y_test"] == 0))[draws].sum(axis=1)
    low, high = np.quantile(alarms, [0.025, 0.975])
    assert min(fp - low, high - fp) >= 10 and max(fp - low, high - fp) <= 13  # "about a dozen"
    return [
        f"predicted probability of {best:.5f} on",
        f"chose it on {len(y_valid)} tumours",
        f"applied it to {n} other tumours. The rule found all {sick} malignant ones. Of the {well} benign ones, {fp} would have",
        f"and {well - fp} would have been spared it. That costs {fp + 9 * fn}. A biopsy for everybody costs {well}",
        f"usual threshold of 0.5 costs {half_fp + 9 * half_fn}, because it misses {half_fn} of the {sick}",
        f'"None of {sick} missed"',
        f"missed one in 18, we would still see no miss in {sick} about one time in {round(1 / (17 / 18) ** sick / 10) * 10}",
        f"up to about {1 - 0.05 ** (1 / sick):.3f} is compatible with these {sick}",
        f"in our data {sick} of {n} tumours",
        f"the test part costs {half_fp + 9 * half_fn} at 0.5, {well} with a biopsy for everybody, and {fp + 9 * fn} at the chosen {best:.5f} "
        f"(bootstrap interval {low:.0f} to {high:.0f},",
        f"how many of {sick} malignant tumours are found, how many of {well} benign ones",
    ]


def _chosen(lesson: dict) -> list[str]:
    """Numbers that the lesson sets and does not measure: thresholds, levels, lengths, weights, years, versions."""
    level = 0.95
    return [
        f"at level {level} cuts off {(1 - level) / 2:.3f}",
        f"{0.01:.0%}".replace("%", " %"),
        f"{1 - 0.01:.0%}".replace("%", " %"),
        *[f"{x}" for x in (0.0, 0.5, 0.8, 1.0, 2.5)],
        "a recall of 0.8",
        "to within 0.05",
        "the probabilities 0.05, 0.2, 0.4 and 0.8",
        "the probabilities 0.1, 0.4, 0.6, 0.9",
        "to which it gives 0.3, about three in ten",
        "A rival model with 0.65",
        "in 150 to 250 words",
        "support vector machines of 2005",
        "image networks of 2017",
        "2017 年的图像网络",
        "since version 1.8",
    ]

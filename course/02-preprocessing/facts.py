"""The numbers that this unit's prose states, computed."""

import re
from pathlib import Path

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from mftcourse.course.facts import times


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *times(Path(__file__).parent), *_gaps(lesson["raw"]), *_survivors(lesson["raw"]), *_examples(), *_masses(lesson["birds"]),
        *_scaling(lesson), *_splits(lesson["birds"]), *_folds(lesson["complete"]), *_rates(lesson), *_leaks(lesson), *_deals(lesson),
        *_review(lesson),
    ]  # fmt: skip


def _gaps(raw) -> list[str]:
    gaps = raw.isna().sum()
    nitrogen = gaps["Delta 15 N (o/oo)"]
    first = raw.loc[raw["studyName"] == "PAL0708", "Delta 15 N (o/oo)"].isna().sum()
    assert (gaps[["Culmen Length (mm)", "Culmen Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"]] == 2).all()
    return [
        f"{len(raw)} penguins", f"{raw.shape[1]} columns", f"of {len(raw)} rows",
        f"misses {gaps['Sex']},", f"misses {nitrogen},", f"misses {gaps['Delta 13 C (o/oo)']},",
        f"misses {gaps['Comments']}.", f"Of the {nitrogen} birds", f"{first} were measured in the first season",
        f"{first} of the {nitrogen} missing nitrogen values", f"{nitrogen} 个缺失的氮同位素值里有 {first} 个",
        f"It has {(raw['Sex'] != 'MALE').sum()} rows", f"the {gaps['Sex']} birds of unknown sex",
        f"With {100 * nitrogen / len(raw):.0f} % missing",
    ]  # fmt: skip


def _survivors(raw) -> list[str]:
    kept, without = raw.dropna(), raw.drop(columns="Comments").dropna()
    assert (kept["Clutch Completion"] == "No").all()
    always = 100 * (kept["Clutch Completion"] == "No").mean()
    failed = (raw["Clutch Completion"] == "No").sum()
    places = raw["studyName"] + raw["Species"] + raw["Individual ID"].str.split("A").str[0]
    failed_nests = set(places[raw["Clutch Completion"] == "No"])
    fates = raw.groupby(places)[["Clutch Completion", "Date Egg"]].nunique()
    assert (fates == 1).all().all() and (raw.groupby(places).size() == 2).all() and len(failed_nests) == 18
    X, y = kept[["Sample Number"]], kept["Clutch Completion"]
    assert DecisionTreeClassifier().fit(X, y).score(X, y) == 1
    try:
        LogisticRegression().fit(X, y)
    except ValueError:
        refused = True
    assert refused
    return [
        f"{len(without)} rows survive", f"With it, {len(kept)} do", f"{failed} of {len(raw)} birds have",
        f"{failed} of the {len(raw)} birds", f"how many of the {failed} are", f"{len(kept)} of {len(raw)} rows",
        f"{len(kept)} of {len(raw)} birds", f"{len(kept)} of the {len(raw)} birds", f"all of the {len(kept)} come",
        f"{len(raw)} 只只剩 {len(kept)} 只", f"{len(raw)} 只里只留下 {len(kept)} 只",
        f"{raw['Comments'].isna().sum()} rows lack a comment", f"are {len(failed_nests)} nests",
        f"With {failed} rare birds among {len(raw)}", f"{len(raw)} 只里有 {failed} 只",
        f"an accuracy of {always:.0f} %", f"scores {always:.0f} %", f"得 {always:.0f} %",
        f"has an accuracy of {(len(raw) - failed) / len(raw):.3f} ({len(raw) - failed} of {len(raw)})",
    ]  # fmt: skip


def _examples() -> list[str]:
    five = np.array([2, 3, 4, 5, 30])
    z = (30 - five.mean()) / five.std()
    assert z < np.sqrt(len(five) - 1) == 2
    low, high = np.percentile(five, [25, 75])
    assert (low - 1.5 * (high - low), high + 1.5 * (high - low)) == (0, 8)
    known = np.array([1, 2, 6])
    assert known.var() == 14 / 3 and np.array([1, 2, 6, 3]).var() == 14 / 4
    return [
        "(4 + 1 + 9)/3 = 14/3", "(4 + 1 + 9 + 0)/4 = 14/4", "2, 3, 4, 5 and 30", f"The mean is {five.mean():.1f}",
        f"is about {five.std():.1f}", f"the z-score of 30 is {z:.2f}", r"Q_1 - 1.5\,", r"Q_3 + 1.5\,", "is flagged: 30 is",
        f"2, 1, 0, 1, {30 - 4}", r"0.6745\,(x - m)", f"For 30 it is about {0.6745 * 26:.1f}", "Scores beyond 3.5",
        "The factor 0.6745", "12 birds: 7 Adelies, 3 Gentoos, 2 Chinstraps",
    ]  # fmt: skip


def _masses(birds) -> list[str]:
    def fences(mass):
        low, high = mass.quantile([0.25, 0.75])
        return low - 1.5 * (high - low), high + 1.5 * (high - low)

    low, high = fences(birds["mass"])
    chinstraps = birds.loc[birds["species"] == "Chinstrap", "mass"]
    heaviest = chinstraps.max()
    spread = (chinstraps - chinstraps.median()).abs().median()
    assert heaviest > fences(chinstraps)[1] and 0.6745 * (heaviest - chinstraps.median()) / spread < 3.5
    torgersen = birds[birds["island"] == "Torgersen"]
    assert set(torgersen["species"]) == {"Adelie"}
    assert round(len(torgersen) / (birds["species"] == "Adelie").sum(), 1) == 0.3
    return [
        f"from about {low:g} to about {high:g}", f"a Chinstrap of {heaviest:g} g", "is below 3.5",
        f"all {len(torgersen)} birds of Torgersen", f"全部 {len(torgersen)} 只",
    ]  # fmt: skip


def _scaling(lesson) -> list[str]:
    raw, scaled = (f"{lesson['neighbour_hits'][k].mean() / 4:.2f}" for k in ("as measured", "standardised"))
    gained = lesson["neighbour_hits"]["standardised"] - lesson["neighbour_hits"]["as measured"]
    assert lesson["interval"](lambda w: np.average(gained / 4, weights=w), lesson["complete"]["nest"])[0] > 0.1
    sexed = lesson["sexed"]
    X, y = sexed[["mass", "bill_depth"]].to_numpy(), (sexed["sex"] == "MALE").to_numpy()
    leaking, unpenalised, depth = [], [], []
    for train, test in lesson["splits_by_group"](y, sexed["nest"]):  # what the demonstration shows before the repair
        table = X.copy()
        table[test[0], 0] *= 1000
        Z = StandardScaler().fit_transform(table)
        for hits, model, columns in (
            (leaking, LogisticRegression(), [0, 1]),
            (unpenalised, LogisticRegression(C=np.inf, max_iter=1000), [0, 1]),
            (depth, LogisticRegression(), [1]),
        ):
            model.fit(Z[train][:, columns], y[train])
            hits += list(model.predict(Z[test[1:]][:, columns]) == y[test[1:]])
    honest, clean = (lesson["score_with"](factor)[:4] for factor in (1000, 1))
    assert honest == clean
    _filling()
    return [
        f"From {raw} to {scaled}", f"from {raw} to {scaled}", f"从 {raw} 升到 {scaled}",
        f"from {clean} to {np.mean(leaking):.2f}", f"stays at {honest}", "the middle 95 %",
        f"which alone gives {np.mean(depth):.2f}", f"score is {np.mean(unpenalised):.2f}, typo or not",
        f"从 {clean} 降到 {np.mean(leaking):.2f}",
    ]  # fmt: skip


def _filling() -> None:
    """Correlations after filling in the mean: smaller if the gaps are MCAR; otherwise either way."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=20000)
    y = x + rng.normal(size=20000)
    true = np.corrcoef(x, y)[0, 1]

    def filled(gap):
        return np.corrcoef(np.where(gap, x[~gap].mean(), x), y)[0, 1]

    assert filled(rng.random(20000) < 0.3) < true - 0.05
    assert filled(x > 1) < true - 0.02  # the large ones are missing
    assert filled((np.abs(x) < 0.5) & (np.abs(y) < 0.5)) > true  # the middle is missing


def _splits(birds) -> list[str]:
    sizes = birds["species"].value_counts()
    test = 38
    quotas = [test * n / len(birds) for n in sizes]
    whole = [int(q) for q in quotas]
    assert sum(round(q) for q in quotas) == test + 1  # so plain rounding is wrong here
    rare, among, share = 2, 100, 0.2
    quota = share * rare
    assert quota % 1 < share * (among - rare) % 1  # so the seat left goes to the others
    counts = [
        birds["incomplete"].to_numpy()[train_test_split(np.arange(len(birds)), test_size=0.1, random_state=s)[1]].sum()
        for s in range(200)
    ]
    assert (min(counts), max(counts)) == (0, 9)
    assert (birds["date"].value_counts() <= 8).mean() > 0.5  # "most of them for a handful of birds"
    assert sum(whole) == test - 2  # "two places are left over"
    fifteen = 15
    ours, theirs = round(0.3 * fifteen), len(train_test_split(np.arange(fifteen), test_size=0.3)[1])
    return [
        f"For {test} of the {len(birds)} penguins", f"for 0.3 of {fifteen} rows that is {ours}", f"takes the ceiling, {theirs}.",
        f"{birds['date'].nunique()} different dates", f"makes {birds['date'].nunique()} columns",
        f"With {rare} rare birds among {among}", f"a test share of {share}", f"is {quota:.1f}, and the test part",
    ]  # fmt: skip


def _folds(complete) -> list[str]:
    body = ["bill_length", "bill_depth", "flipper", "mass"]
    blocks = np.arange(len(complete)) * 5 // len(complete)
    hits = []
    for f in range(5):
        seen, unseen = complete[blocks != f], complete[blocks == f]
        model = make_pipeline(StandardScaler(), KNeighborsClassifier(5)).fit(seen[body], seen["species"])
        hits.append(model.score(unseen[body], unseen["species"]))
    return [f"the accuracy there is {hits[-1]:.3f}", f"The mean over the five folds is {np.mean(hits):.3f}"]


def _rates(lesson) -> list[str]:
    def positive(label):
        return sum(weight > 0 for weight in lesson["encoded"][label]["trust"])

    assert positive("by all, itself included") == positive("out of fold, birds dealt") == 20
    by_nests = lesson["encoded"]["out of fold, nests dealt"]
    assert positive("out of fold, nests dealt") <= 4 and np.mean(by_nests["trust"]) < -0.3  # "in nearly all splits"
    for found in list(lesson["encoded"].values())[:2]:  # "both contain zero"
        low, high = lesson["interval"](lambda w: found["under"](w) - by_nests["under"](w), lesson["birds"]["nest"])
        assert low < 0 < high
    trust = _weights_by_chance(lesson)
    assert np.mean(trust["birds"] > 0) > 0.9 and np.mean(trust["nests"] < 0) > 0.6
    target, one_hot = (" ".join(encoder.__doc__.split()) for encoder in (TargetEncoder, OneHotEncoder))
    added = re.search(r"versionadded:: (\S+) Parameters", target)[1]
    splitter = re.search(r"versionchanged:: (\S+) Cross-validation generators", target)[1]
    rare = re.search(r"min_frequency :.*?versionadded:: (\S+)", one_hot)[1]
    return [
        "in all 20 splits", "全部 20 次划分", f"since version {added}", f"since version {splitter}", f"scikit-learn {rare}",
    ]  # fmt: skip


def _weights_by_chance(lesson) -> dict[str, np.ndarray]:
    """Return the weights of the rate, for both deals, where the fates are shuffled among the nests."""
    rng, birds = np.random.default_rng(0), lesson["birds"]
    nests = birds.groupby("nest")["incomplete"].first()
    trust = {"birds": [], "nests": []}
    for _ in range(10):
        fates = dict(zip(nests.index, rng.permutation(nests.to_numpy()), strict=True))
        table = birds.assign(incomplete=birds["nest"].map(fates))
        for train, _ in lesson["splits_by_group"](table["incomplete"], table["nest"], n_splits=4, repeats=1):
            for dealt, weights in trust.items():
                codes = lesson["date_rates_out_of_fold"](table, train, dealt)
                columns = np.column_stack([table["number"], codes])[train]
                model = make_pipeline(StandardScaler(), LogisticRegression())
                weights.append(model.fit(columns, table["incomplete"].iloc[train])[-1].coef_[0, 1])
    return {dealt: np.array(weights) for dealt, weights in trust.items()}


def _deals(lesson) -> list[str]:
    """The four combinations of two deals."""
    found = {
        (outer, inner): lesson["area_under_roc"](lesson[f"dealing_{inner}"], outer)
        for outer in ("birds", "nests") for inner in ("birds", "nests")
    }  # fmt: skip
    area = {deals: f"{f['area']:.2f}" for deals, f in found.items()}
    assert all((np.mean(f["trust"]) > 0) == (inner == "birds") for (_, inner), f in found.items())
    assert found["birds", "nests"]["interval"][1] < 0.5  # "far below one half"
    bb, bn, nb, nn = (area[o, i] for o in ("birds", "nests") for i in ("birds", "nests"))
    return [
        f"| birds into the parts | {bb} (A) | {bn} |", f"| nests into the parts | {nb} | {nn} (C) |",
        f"fate of a nest is {bb};", f"both times it is {nn},", f"nests into the folds give {bn}", f"birds into the folds {nb}.",
        f"places, an AUC of {bb}; with the folds alone repaired, {bn}.", f"命运的 AUC 为 {bb}；两次都整巢分，为 {nn}，区间包含 {1 / 2}。",
        f"各折整巢分，是 {bn}；反过来是 {nb}。", f"AUC 为 {bb}；只改好各折，为 {bn}。",
    ]  # fmt: skip


def _leaks(lesson) -> list[str]:
    areas, birds = lesson["areas"], lesson["birds"]
    a, b = (areas[k] for k in "AB")
    assert a["area"] > 0.6 and a["interval"][0] > 0.5 and b["area"] > 0.8 and b["interval"][0] > 0.5
    area, (low, high) = areas["C"]["area"], areas["C"]["interval"]
    assert low < 0.5 < 0.6 < high
    failed = [birds.iloc[test].query("incomplete == 1")["nest"].nunique() for _, test in
              lesson["splits_by_group"](birds["incomplete"], birds["nest"], n_splits=4, repeats=5)]  # fmt: skip
    assert set(failed) == {4, 5}
    shared = set(birds.groupby("nest").size())
    assert shared == {2}
    return [
        "above 0.6", "above 0.8", "高于 0.8", f"honest score is {area:.2f}", f"the honest program has {area:.2f}", f"诚实的程序是 {area:.2f}，区间包含 {1 / 2}",
        f"{(birds['incomplete'] == 1).sum()} birds are", f"not {(birds['incomplete'] == 1).sum()}.",
        f"from {low:.2f} to {high:.2f}", f"was {area:.2f}, with", f"only {birds.query('incomplete == 1')['nest'].nunique()} "
        "incomplete nests", f"there are {birds.query('incomplete == 1')['nest'].nunique()} observations",
    ]  # fmt: skip


def _review(lesson) -> list[str]:
    """What the four experiments of the review show."""
    measured, seen, unseen = lesson["measured"], lesson["seen"], lesson["unseen"]

    def program():
        return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())

    whole = lesson["accuracy"]
    nonsense = unseen.assign(mass=-1e6)
    assert not set(nonsense["nest"]) & set(seen["nest"])
    again = program().fit(measured(seen), seen["sex"])  # a: nothing of the test rows goes in
    assert np.array_equal(again[-1].coef_, lesson["program"][-1].coef_)
    shuffled = [  # "one shuffle may give almost any score"
        (program().fit(measured(seen), seen["sex"].sample(frac=1, random_state=s).to_numpy()).predict(measured(unseen))
         == unseen["sex"]).mean() for s in range(40)
    ]  # fmt: skip
    assert abs(np.mean(shuffled) - 0.5) < 0.1 and min(shuffled) < 0.25 and max(shuffled) > 0.75
    guess = [lesson["program"].predict(measured(unseen.iloc[[row]]))[0] for row in range(len(unseen))]
    alone = (np.array(guess) == unseen["sex"]).mean()
    changed = (np.array(guess) != lesson["program"].predict(measured(unseen))).sum()
    assert abs(alone - 0.5) < 0.05 and whole > 0.85 and len(set(guess)) == 1
    assert changed not in (0, len(unseen) // 2, len(unseen))  # no number that can be guessed
    changes = []
    for seed in range(10):
        known = lesson["known"]
        train, test = train_test_split(np.arange(len(known)), test_size=0.25, random_state=seed)
        by_bird = program().fit(measured(known.iloc[train]), known["sex"].iloc[train])
        changes.append((by_bird.predict(measured(known.iloc[test])) == known["sex"].iloc[test]).mean() - whole)
    assert max(np.abs(changes)) < 0.12 and min(changes) < 0 < max(changes)
    masses = lesson["three_birds"].groupby("kind")["mass"].mean()
    return [
        "above 0.85", "高于 0.85", f"约为 {1 / 2}", f"becomes +{3600 - masses['Adelie']:.0f}", "Adelies of 3000 g and 4000 g, a Gentoo of 5000 g", "An Adelie of 3600 g",
        f"all training birds, {lesson['three_birds']['mass'].mean():.0f} g",
    ]  # fmt: skip

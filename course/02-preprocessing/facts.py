"""The numbers that this unit's prose states, computed."""

from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mftcourse
from mftcourse import authoring


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    return [
        *_times(), *_gaps(lesson["raw"]), *_survivors(lesson["raw"]), *_examples(), *_masses(lesson["birds"]),
        *_scaling(lesson), *_splits(lesson["birds"]), *_folds(lesson["complete"]), *_leaks(lesson["areas"]),
    ]  # fmt: skip


def _times() -> list[str]:
    root = Path(mftcourse.__file__).parents[1]
    minutes = [c.minutes for c in authoring.read_lesson(root / "course" / "02-preprocessing").exercises.values()]
    stated = [f"· {m:g} minutes ·" for m in sorted(set(minutes)) if m >= 10]
    return ["Plan 240 minutes", f"{sum(minutes):g} minutes of exercises", *stated]


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
    return [
        f"{len(without)} rows survive", f"With it, {len(kept)} do", f"{failed} of {len(raw)} birds have",
        f"{failed} of the {len(raw)} birds", f"how many of the {failed} are", f"{len(kept)} of {len(raw)} rows",
        f"{len(kept)} of {len(raw)} birds", f"{len(kept)} of the {len(raw)} birds", f"all of the {len(kept)} come",
        f"{len(raw)} 只只剩 {len(kept)} 只", f"{len(raw)} 只里只留下 {len(kept)} 只",
        f"With {failed} rare birds among {len(raw)}", f"{len(raw)} 只里有 {failed} 只",
        f"an accuracy of {always:.0f} %",
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
    raw, scaled = (f"{lesson['neighbour_scores'][k]:.2f}" for k in ("as measured", "standardised"))
    sexed = lesson["sexed"]
    X, y = sexed[["mass", "bill_depth"]].to_numpy(), (sexed["sex"] == "MALE").to_numpy()
    leaking, unpenalised, depth = [], [], []
    for split in range(20):  # what the demonstration shows before the repair
        train, test = train_test_split(np.arange(len(y)), test_size=0.25, stratify=y, random_state=split)
        table = X.copy()
        table[test[0], 0] *= 1000
        Z = StandardScaler().fit_transform(table)
        for scores, model, columns in (
            (leaking, LogisticRegression(), [0, 1]),
            (unpenalised, LogisticRegression(C=np.inf, max_iter=1000), [0, 1]),
            (depth, LogisticRegression(), [1]),
        ):
            model.fit(Z[train][:, columns], y[train])
            scores.append(model.score(Z[test[1:]][:, columns], y[test[1:]]))
    honest, clean = (f"{lesson['score_with'](factor):.2f}" for factor in (1000, 1))
    assert honest == clean
    return [
        f"From {raw} to {scaled}", f"from {raw} to {scaled}", f"从 {raw} 升到 {scaled}",
        f"from {clean} to {np.mean(leaking):.2f}", f"stays at {honest}",
        f"which alone gives {np.mean(depth):.2f}", f"score is {np.mean(unpenalised):.2f}, typo or not", f"从 {clean} 降到 {np.mean(leaking):.2f}",
    ]  # fmt: skip


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
    return [
        f"{sizes['Adelie']} Adelies, {sizes['Gentoo']} Gentoos, {sizes['Chinstrap']} Chinstraps, {len(birds)} birds. {test} of them",
        f"The whole parts add up to {sum(whole)}", f"must add up to {test}",
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


def _leaks(areas) -> list[str]:
    a, b, c = (np.mean(areas[k]) for k in "ABC")
    assert a > 0.8 and b > 0.6 and abs(c - 0.5) < 0.05
    return ["above 0.8", "above 0.6", "高于 0.8", "高于 0.6"]

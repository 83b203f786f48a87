# %% [markdown]
# # Preprocessing: from a raw table to tensors
#
# *"How do you preprocess data?"* And then: *"Write the program that cleans, transforms and splits it."*
#
# The usual answer is three words, clean, transform, split, and the usual program is `dropna`, `map`,
# `train_test_split`. Each of the three lines is a decision about which rows count, what a word means and what the
# model may know. In this unit you take a real table with real gaps, run the usual program, look at what it does to
# the numbers, and repair it line by line. You build every step yourself, from the audit to the tensors, and at the
# end your steps and scikit-learn's `Pipeline` agree to nine digits.
#
# **What this unit answers for: tables.** Images and text ask for the same discipline and for other steps. An image
# is decoded, resized and normalised with the mean and scale that the *pretrained network* was trained with, and
# augmented in training only; the frames of one film are a group. A text is cut into tokens by the tokenizer that
# belongs to the model; removing stop words and endings is for counts of words, not for transformers. In both,
# near-duplicates on two sides of a split are a leak, and a costly one: K. Lee and others ("Deduplicating training
# data makes language models better", 2022) found passages of the validation
# parts of standard corpora in their training parts. The unit on
# fine-tuning prepares text. Ask back in the interview which kind of data is meant.
#
# **Time.** Plan 300 minutes: 199 minutes of exercises, the rest for reading. The sections build on each other, but
# you can stop after any of them.
#
# **How to work.** An exercise is a cell to fill in and, below it, a cell that checks it. Run both with Shift +
# Enter. Each check says what it looked at and what to do next; hints of growing strength stand below. Some checks
# are hidden and run only when the notebook is graded: they vary the inputs and ask for nothing new. What you write
# leaves its arguments as they were, unless its docstring says that it changes them; every check looks. Where the
# text says "from scratch", a library's function would often do; write it yourself once, nobody checks. You need
# Python, pandas as far as `frame["column"]`, and a little NumPy.

# %%
import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from torch.utils.data import DataLoader, TensorDataset

from mftcourse import check, expect, expect_choice, expect_raises, grade, plots
from mftcourse.data import load_penguins_raw

raw = load_penguins_raw()


def when_written(demonstrate):
    """Run a demonstration that uses your code, or say that it waits for it."""
    try:
        demonstrate()
    except NotImplementedError:
        print("This demonstration uses your code. Write the exercises before it, then run it.")

# %% [markdown]
# ## A table as it comes
#
# The table holds 344 penguins of three species, measured near Palmer Station in Antarctica in three seasons, with
# 17 columns (K. B. Gorman, T. D. Williams and W. R. Fraser, "Ecological sexual dimorphism and environmental
# variability within a community of Antarctic penguins", 2014). It is the *raw* table. There is a tidied one, too, in
# which many of the decisions of this unit have been taken by somebody else.
#
# Run the next cell and read the columns. `Delta 15 N` and `Delta 13 C` are isotope ratios from a blood sample; they
# tell what a bird eats. `Clutch Completion` says whether the bird's nest was ever seen with two eggs.

# %% demo=true
print(raw.iloc[[0, 3, 200, 343]].T.to_string())

# %% [markdown]
# ### An audit
#
# *Implement · 8 minutes · difficulty: one of three*
#
# Before any cleaning, count. For each column: how many values are missing, which share of the rows that is, and how
# many **distinct** values there are among the rest. One distinct value means that the column says nothing.
#
# Not every gap is marked as one. People write `"."`, `"?"`, `"unknown"` or `-999` where they have no value. Such a
# **placeholder** is an ordinary value to pandas. The script that made the penguins' table from the original files
# had to list `"."` among the marks of a gap. So your audit takes a list of placeholders, and counts each of them as
# missing.
#
# **The smallest example.** Four birds:
#
# | mass | sex | region |
# |---|---|---|
# | `3750` | MALE | Anvers |
# | *missing* | . | Anvers |
# | `3250` | FEMALE | Anvers |
# | `3750` | *missing* | Anvers |
#
# With the placeholder `"."`: mass misses 1 of 4 and has two distinct values; sex misses 2 of 4 and has two; region
# misses none and has one.


# %% exercise="audit" minutes=8
def audit(frame: pd.DataFrame, placeholders=()) -> pd.DataFrame:
    """Count what is missing in each column.

    Args:
        frame: a table with at least one row; a column holds numbers or words, not both.
        placeholders: values that also stand for "missing", such as ".", "?" or -999. A number and
            its spelling are different values: "1" is no placeholder for 1.

    Returns:
        A frame with one row for each column of `frame`, in the same order, indexed by the columns'
        names, with the columns "missing" (number of missing values, placeholders included), "share"
        ("missing" over the number of rows, from 0 to 1) and "distinct" (number of different values
        that are not missing).
        The four birds of the lesson, with placeholders=["."], give missing [1, 2, 0], share
        [1/4, 1/2, 0] and distinct [2, 2, 1].
    """
    ### BEGIN SOLUTION
    rows = {}
    for name in frame.columns:
        gone = frame[name].isna() | frame[name].isin(list(placeholders))
        rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name][~gone].nunique())]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["missing", "share", "distinct"])
    ### END SOLUTION


# %% check="audit" points=5
with check("the four birds", hint="`isna()` finds the marked gaps, `isin(placeholders)` the others; join them with |."):
    four_birds = pd.DataFrame(
        {"mass": [3750, np.nan, 3250, 3750], "sex": ["MALE", ".", "FEMALE", None], "region": ["Anvers"] * 4}
    )
    expect(
        audit(four_birds, placeholders=["."]),
        pd.DataFrame(
            {"missing": [1, 2, 0], "share": [0.25, 0.5, 0.0], "distinct": [2, 2, 1]}, index=["mass", "sex", "region"]
        ),
    )
with check(
    "without placeholders a dot is a value like any other",
    hint="The default is an empty tuple: only NaN and None are missing.",
):
    dotted = pd.DataFrame({"sex": ["MALE", ".", "FEMALE", "."], "depth": [17.4, 18.0, np.nan, 19.3]})
    got_audit = audit(dotted)
    expect(got_audit["missing"].tolist(), [0, 1], what="the column 'missing'")
    expect(got_audit["distinct"].tolist(), [3, 3], what="the column 'distinct'")
with check(
    "a number can be a placeholder too, and differs from its spelling",
    hint="`isin` takes numbers as well as words. Do not turn values into text.",
):
    coded = pd.DataFrame({"mass": [-999, 3250, -999, 4100, 3900], "year": [2007, 2007, 2008, 2008, 2009]})
    got_audit = audit(coded, placeholders=[-999, "?", "2007"])
    expect(got_audit["share"].tolist(), [0.4, 0.0], what="the column 'share'")
    expect(got_audit["distinct"].tolist(), [3, 3], what="the column 'distinct'")
with check(
    "the raw penguins", hint="One row for each of the columns, in their order, with the columns' names as index."
):
    expect(audit(raw)["missing"], raw.isna().sum().rename("missing"), what="the column 'missing'")
    expect(audit(raw)["distinct"], raw.nunique().rename("distinct"), what="the column 'distinct'")
### BEGIN HIDDEN TESTS
with check(
    "random tables", hint="Try tables of your own, with gaps and placeholders in several columns.", hidden=True
) as rng:
    for _ in range(15):
        size = int(rng.integers(2, 30))
        drawn = pd.DataFrame({
            "number": rng.choice([1.5, 2.5, -1.0, np.nan], size),
            "word": rng.choice(["a", "b", "?", "c"], size),
            "whole": rng.integers(0, 5, size), "nothing": np.full(size, np.nan),
        }, index=rng.integers(0, size, size))  # fmt: skip
        marked = drawn.mask(drawn.isin(["?", -1.0]))
        want_audit = pd.DataFrame(
            {"missing": marked.isna().sum(), "share": marked.isna().mean(), "distinct": marked.nunique()}
        )
        got_audit = audit(drawn, placeholders=["?", -1.0])
        expect(list(got_audit.index), list(drawn.columns), what="the index")
        expect(got_audit, want_audit)
### END HIDDEN TESTS
grade("audit")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Loop over `frame.columns`. For each column make one mask: True where the value is missing, in either way.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The sum of a mask is a count, its mean is a share. `column[~mask].nunique()` counts the distinct values of the rest.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `gone = frame[name].isna() | frame[name].isin(list(placeholders))`. Collect `[gone.sum(), gone.mean(), ...]` in a
# dict by column name, and make the frame with `pd.DataFrame.from_dict(rows, orient="index", columns=["missing",
# "share", "distinct"])`.
#
# </details>
#
# **Why it matters.** Cleaning that starts before counting cannot say afterwards what it removed. The audit is the
# first thing to show when somebody hands you a table. [How do you preprocess data?](#How-do-you-preprocess-data?)

# %% [markdown]
# ## What dropna throws away, and whom
#
# `frame.dropna()` keeps the rows that miss nothing. How many survive? From the audit alone you can say between
# which bounds:
#
# - **At most**, the gaps overlap as much as they can. Then all of them lie in the rows in which the worst column is
#   missing.
# - **At least**, no two gaps share a row. Then every missing value costs a row of its own.
#
# **The smallest example.** Nine rows; column `a` misses 2 values, column `b` misses 3. At most 9 − 3 = 6 rows
# survive, at least 9 − (2 + 3) = 4.
#
# ### How many rows survive?
#
# *Predict, then run · 5 minutes · difficulty: one of three*
#
# The audit of the raw penguins says: of 344 rows, each of the four body measurements misses 2 values, `Sex` misses
# 11, `Delta 15 N` misses 14, `Delta 13 C` misses 13, and `Comments` misses 290. All other columns are complete.
# Give the bounds for `dropna` on the table **without** `Comments`, and on **all** 17 columns. Commit to your four
# numbers before you run the demonstration.

# %% exercise="dropna_bounds" minutes=5
### BEGIN SOLUTION
survivors = {
    "without_comments": {"at_most": 344 - 14, "at_least": 344 - (4 * 2 + 11 + 14 + 13)},
    "all_columns": {"at_most": 344 - 290, "at_least": 344 - (4 * 2 + 11 + 14 + 13 + 290)},
}
### END SOLUTION
### BEGIN RELEASE
# survivors = {
#     "without_comments": {"at_most": ..., "at_least": ...},
#     "all_columns": {"at_most": ..., "at_least": ...},
# }
### END RELEASE

# %% check="dropna_bounds" points=4
with check(
    "without comments, at most", hint="Which single column misses the most? All other gaps may lie in its rows."
):
    gaps = raw.drop(columns="Comments").isna().sum()
    expect(survivors["without_comments"]["at_most"], int(len(raw) - gaps.max()), what="this bound", tell=False)
with check("without comments, at least", hint="Add the gaps of all columns; there are four body measurements."):
    gaps = raw.drop(columns="Comments").isna().sum()
    expect(survivors["without_comments"]["at_least"], int(len(raw) - gaps.sum()), what="this bound", tell=False)
with check("all columns, at most", hint="Now `Comments` is the worst column."):
    expect(survivors["all_columns"]["at_most"], int(len(raw) - raw.isna().sum().max()), what="this bound", tell=False)
with check("all columns, at least", hint="Every missing value costs a row of its own, those of `Comments` too."):
    expect(survivors["all_columns"]["at_least"], int(len(raw) - raw.isna().sum().sum()), what="this bound", tell=False)
grade("dropna_bounds")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The lower bound subtracts the *sum* of the gaps, the upper bound the *largest* number of gaps in one column.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Python may do the arithmetic: write `344 - 14` if you like. Do not forget that 2 is missing four times.
#
# </details>
#
# **Why it matters.** A few per cent missing in each of many columns can cost most of the rows.
# [What is wrong with dropna?](#What-is-wrong-with-dropna?)
#
# Now run the next cell: how many rows really survive, and whose nests they come from.

# %% demo=true
for label, left_over in {
    "all rows": raw,
    "dropna without Comments": raw.drop(columns="Comments").dropna(),
    "dropna": raw.dropna(),
}.items():
    kinds = left_over["Clutch Completion"].value_counts().reindex(["Yes", "No"], fill_value=0)
    print(
        f"{label:24} {len(left_over):4} rows   nest complete {kinds['Yes']:4}   "
        f"never complete {kinds['No']:3}   share never complete {kinds['No'] / len(left_over):.3f}"
    )
print()
print(raw["Comments"].value_counts().to_string())

# %% [markdown]
# Without `Comments`, 324 rows survive. With it, 34 do, and **every single one** comes from a nest that was never
# complete. Look at the list of comments and you see why: somebody wrote a comment when something was wrong, and the
# most frequent comment says that the nest was never seen with both eggs. A row "without gaps" is a row with a
# comment, so `dropna` has selected the birds in trouble. In the whole table 36 of 344 birds have an incomplete
# nest; after `dropna` all of them do. A model that always answers "incomplete" is now never wrong on the table, and
# it has learned nothing. (Logistic regression refuses to train on a single class. A decision tree does not.)
#
# This is **selection bias**: what is missing is related to what you want to know. A milder form stays even without
# `Comments`. Of the 14 birds without `Delta 15 N`, 12 were measured in the first season. If the seasons differ,
# `dropna` changes their mixture.
#
# Dropping a row is the usual choice in one case: when the **target** is missing. Supervised training cannot use the
# row, no score can be computed on it, and an imputed target is an answer that you made up. But this, too, is a
# selection. `Sexing primers did not amplify` may hit some birds more than others; a bank knows the outcome of those
# loans only that it granted. Say for which cases your model speaks. (Pretraining and semi-supervised methods use
# rows without a target.)
#
# A second trap looks like cleaning, too. `raw[raw["Sex"] != "MALE"]` should be the females. It has 176 rows,
# because the 11 birds of unknown sex are not equal to `"MALE"` either. In this table `==` with a missing value is
# False, so `!=` is True.
#
# ### Repair a cleaning program
#
# *Find the bug · 10 minutes · difficulty: one of three*
#
# The program below splits a table into features and target. Run it with the demonstration behind the checks, which
# asks for two features of every penguin. Then repair it. It should drop a row only if its target is missing, and it
# must leave the caller's table alone: with `inplace=True`, everybody else who uses that table loses the rows as
# well. (The version of pandas in this course warns of it: `inplace` is on its way out of `dropna`.)

# %% exercise="fix_dropna" minutes=10 faults=["a gap in a feature costs no row", "other columns have no say", "the raw penguins: both kinds of nests survive", "random tables with gaps"]
def clean(table: pd.DataFrame, features: list[str], target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Split a table into features and target, and drop the rows whose target is missing.

    Args:
        table: any table with these columns, and perhaps others. It stays as it is.
        features: names of the feature columns.
        target: name of the target column.

    Returns:
        (X, y): the feature columns and the target column of every row whose target is known, in the
        order of the table and with its index, in which a label may stand twice. Missing features
        stay missing; the other columns have no say in which rows stay.
    """
    ### BEGIN SOLUTION
    known = table[table[target].notna()]
    return known[features], known[target]
    ### END SOLUTION
    ### BEGIN RELEASE
    # table.dropna(inplace=True)
    # return table[features], table[target]
    ### END RELEASE


# %% check="fix_dropna" points=6
with check("a gap in a feature costs no row", hint="`dropna()` looks at every column. Which one should decide?"):
    gap = pd.DataFrame({"mass": [3750.0, np.nan, 4100.0], "sex": ["MALE", "FEMALE", "FEMALE"]})
    expect(clean(gap, ["mass"], "sex"), (gap[["mass"]], gap["sex"]))
with check(
    "other columns have no say", hint="A comment is neither feature nor target here; a missing comment means nothing."
):
    remarks = pd.DataFrame({"mass": [3750.0, 3250.0], "sex": ["MALE", "FEMALE"], "remark": [None, "nest lost"]})
    expect(clean(remarks, ["mass"], "sex")[1].tolist(), ["MALE", "FEMALE"], what="y")
with check(
    "a row without its target is dropped, and the caller keeps it",
    hint="`table[target].notna()` is True where the target is known: a mask, for the labels of two rows may be the "
    "same. `inplace=True` would change the caller's table.",
    needs="a gap in a feature costs no row",
):
    no_target = pd.DataFrame({"mass": [3750.0, 3250.0, 4100.0], "sex": ["MALE", None, "FEMALE"]})
    expect(clean(no_target, ["mass"], "sex"), (no_target[["mass"]].iloc[[0, 2]], no_target["sex"].iloc[[0, 2]]))
    no_target = no_target.set_axis([7, 7, 3])
    want_clean = no_target[["mass"]].iloc[[0, 2]], no_target["sex"].iloc[[0, 2]]
    expect(clean(no_target, ["mass"], "sex"), want_clean, what="the result, where the index has a label twice,")
with check(
    "a table without gaps comes back whole, the features as asked for",
    hint="Return two things: the columns `features` in that order, and the column `target`.",
    needs="a gap in a feature costs no row",
):
    twins = {"mass": [3750.0, 3750.0], "island": ["Dream", "Dream"], "sex": ["MALE", "MALE"]}
    whole = pd.DataFrame(twins)
    expect(clean(whole, ["island", "mass"], "sex"), (whole[["island", "mass"]], whole["sex"]))
with check(
    "the raw penguins: both kinds of nests survive", hint="Run the demonstration below: how many birds are left?"
):
    got_nests = (
        clean(raw, ["Body Mass (g)", "Delta 15 N (o/oo)"], "Clutch Completion")[1].value_counts().to_dict()
    )
    expect(got_nests, raw["Clutch Completion"].value_counts().to_dict(), what="the number of nests of each kind")
### BEGIN HIDDEN TESTS
with check(
    "random tables with gaps", hint="Try a table with gaps in features, target and other columns.", hidden=True
) as rng:
    for _ in range(10):
        size = int(rng.integers(8, 30))
        drawn = pd.DataFrame({
            "f": rng.permutation(np.r_[np.nan, np.nan, rng.random(size - 2)]), "other": rng.choice([1.0, np.nan], size),
            "g": rng.choice(["x", "y"], size), "t": rng.permutation(np.r_[np.nan, 1.0, 1.0, rng.random(size - 3)]),
        }, index=rng.integers(0, size, size))  # fmt: skip
        drawn.iloc[0, :] = drawn.iloc[1, :] = [np.nan, np.nan, "x", 1.0]  # only the features miss these two
        kept = drawn.loc[drawn["t"].notna()]
        got_clean = clean(drawn, ["g", "f"], "t")
        assert list(got_clean[0].index) == list(kept.index), "Other rows stay than those whose target is known."
        expect(got_clean, (kept[["g", "f"]], kept["t"]))
### END HIDDEN TESTS
grade("fix_dropna")

# %% demo=true
for label, asked in {"incomplete nests": "Clutch Completion", "females": "Sex"}.items():
    lent = raw.copy()  # a faulty program may destroy what it is given
    _, answers = clean(lent, ["Body Mass (g)", "Delta 15 N (o/oo)"], asked)
    wanted = answers == ("No" if asked == "Clutch Completion" else "FEMALE")
    print(
        f"{asked:18} {len(answers):4} rows left, of which {label}: {wanted.sum():4}"
        f"   share {wanted.mean():.3f}   the caller's table has {len(lent)} rows now"
    )

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two faults: who decides which rows go, and whose table is changed.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Select instead of dropping: a mask of the rows whose target is known, and `table[mask]`, which is a new table.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `known = table[table[target].notna()]`, then `known[features]` and `known[target]`.
# `table.dropna(subset=[target])`, without `inplace`, does the same.
#
# </details>
#
# **Why it matters.** Your score describes the rows that you kept. If the rows that you dropped are different, so is
# the world in which your model will work. [What is wrong with dropna?](#What-is-wrong-with-dropna?)

# %% [markdown]
# ## Filling the gaps
#
# From here on the columns have short names, and two are new. `nest` names the nest: every nest in the table has
# exactly two birds, the parents. `Individual ID` cannot serve as a key, because the same names were used again in
# other seasons and for other species.

# %%
first_name = raw["Species"].str.split().str[0]
birds = pd.DataFrame({
    "species": first_name,
    "island": raw["Island"],
    "bill_length": raw["Culmen Length (mm)"],  # mm, like the two that follow
    "bill_depth": raw["Culmen Depth (mm)"],
    "flipper": raw["Flipper Length (mm)"],
    "mass": raw["Body Mass (g)"],  # g
    "d15n": raw["Delta 15 N (o/oo)"],  # per mille
    "d13c": raw["Delta 13 C (o/oo)"],
    "sex": raw["Sex"],
    "date": raw["Date Egg"],  # such as 2007-11-11
    "number": raw["Sample Number"],
    "incomplete": (raw["Clutch Completion"] == "No").astype(int),
    "nest": raw["studyName"] + " " + first_name + " " + raw["Individual ID"].str.split("A").str[0],
})  # fmt: skip
complete = birds.dropna(subset=["bill_length", "bill_depth", "flipper", "mass"])
sexed = birds.dropna(subset=["sex"])
NUMBERS = ["bill_length", "bill_depth", "flipper", "mass", "d15n", "d13c"]
WORDS = ["species", "island"]

# %% [markdown]
# **Why is it missing?** The answer decides what filling can do. There are three cases. The distinction goes back to
# D. B. Rubin ("Inference and missing data", 1976); the names MCAR and MNAR came later.
#
# - **MCAR**, missing completely at random: the gap has nothing to do with any value. A sample tube broke.
# - **MAR**, missing at random, a misleading name: the gap depends on values that you *do* see. In the first season
#   it was more often impossible to get enough blood, and the season stands in the table.
# - **MNAR**, missing not at random: the gap depends on the missing value itself. A scale that ends at 6 kg has no
#   value for the heaviest birds.
#
# No test on the table alone tells MAR from MNAR, because the values that would decide are the ones you do not have.
# You have to ask how the data were made. Here the comments help: *Not enough blood for isotopes*, *Sexing primers
# did not amplify*, *Adult not sampled*.
#
# **Imputation** puts a value into the gap. The simplest is one number for the whole column, its mean or its median.
# It keeps the row, and it costs something:
#
# **The smallest example.** Three known values 1, 2 and 6, and one gap. The mean is 3, the median 2. The variance of
# the known values around their mean is (4 + 1 + 9)/3 = 14/3. Fill in the mean: the mean stays 3, but the variance
# becomes (4 + 1 + 9 + 0)/4 = 14/4. The filled-in value sits exactly in the middle, so the column looks *more
# certain* than it is. Filling in the mean always multiplies the variance by (number known)/(number of rows).
#
# ### Mean, median and variance by hand
#
# *By hand · 5 minutes · difficulty: one of three*
#
# Four chicks weigh 2, 3, 4 and 7 hundred grams, the fifth was not weighed. Give the mean and the median to fill in,
# the variance of the four known values, and the variance of all five after filling in the **mean**. Variance is
# here the mean of the squared distances from the mean, as in the example.

# %% exercise="impute_by_hand" minutes=5
### BEGIN SOLUTION
chick = {"mean": 4, "median": 3.5, "variance_known": 14 / 4, "variance_filled": 14 / 5}
### END SOLUTION
### BEGIN RELEASE
# chick = {"mean": ..., "median": ..., "variance_known": ..., "variance_filled": ...}
### END RELEASE

# %% check="impute_by_hand" points=4
with check("the mean of the four", hint="Add the four known values, divide by four."):
    expect(chick["mean"], float(np.mean([2, 3, 4, 7])), what="the mean", tell=False)
with check("the median of the four", hint="With an even number of values: halfway between the two in the middle."):
    expect(chick["median"], float(np.median([2, 3, 4, 7])), what="the median", tell=False)
with check(
    "the variance of the four known values", hint="Squared distances from the mean, added, divided by four (not three)."
):
    expect(chick["variance_known"], float(np.var([2, 3, 4, 7])), what="the variance of the known values", tell=False)
with check("the variance after filling in the mean", hint="The fifth distance is zero, but now you divide by five."):
    expect(chick["variance_filled"], float(np.var([2, 3, 4, 7, 4])), what="the variance after filling", tell=False)
grade("impute_by_hand")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The mean does not change when you fill it in. So the four old squared distances stay, and a zero joins them.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The squared distances are $(2-m)^2$, $(3-m)^2$, $(4-m)^2$, $(7-m)^2$ with your mean $m$. Type fractions such as
# `14 / 3`; Python divides.
#
# </details>
#
# **Why it matters.** The filled column is narrower than the true one. If the gaps are MCAR, its correlations with
# other columns shrink, too; if they are not, the correlations may come out too small or too large. With 4 %
# missing, as in the isotopes, you hardly notice; with half of it missing you have painted a line through the middle
# of your data. [How do you fill in missing values?](#How-do-you-fill-in-missing-values?)

# %% [markdown]
# ### Learn the fills from the training part
#
# *Implement · 10 minutes · difficulty: two of three*
#
# A fill is a number learned from data, as a weight is. So it is learned from the **training part only**, kept, and
# then used on every other part: validation, test, and the bird that arrives next year. That gives two functions.
# `fit_fills` learns, `impute` applies; `impute` never looks at the table to find out what to fill in.
#
# For columns of numbers the fill is the **median**, which a few wild values do not move. For columns of words it is
# the most frequent word; if several are equally frequent, the first of them in alphabetical order. A column with no
# known value at all teaches nothing, so it is refused.
#
# **The smallest example.** Training part: mass `3000`, `4000`, `5000`, *missing*; island Dream, Biscoe, Biscoe,
# *missing*. The fills are `{"mass": 4000.0, "island": "Biscoe"}`. A test bird without mass gets `4000`, no matter
# how heavy the other test birds are.


# %% exercise="imputer" minutes=10
def fit_fills(train: pd.DataFrame) -> dict[str, float | str]:
    """Learn what to fill in, from the training part.

    Args:
        train: the training part; columns of numbers or of words, with gaps (NaN or None).

    Returns:
        A dict column name → fill: the median of the known numbers, or the most frequent known word
        (of several that are equally frequent, the first in alphabetical order). The example of the
        lesson gives {"mass": 4000.0, "island": "Biscoe"}.

    Raises:
        ValueError: a column has no known value.
    """
    ### BEGIN SOLUTION
    fills = {}
    for name in train.columns:
        known = train[name].dropna()
        if known.empty:
            raise ValueError(f"the column {name!r} has no known value")
        if pd.api.types.is_numeric_dtype(train[name]):
            fills[name] = float(known.median())
        else:
            counts = known.value_counts()
            fills[name] = min(counts.index[counts == counts.max()])
    return fills
    ### END SOLUTION


def impute(frame: pd.DataFrame, fills: dict[str, float | str]) -> pd.DataFrame:
    """Return a copy of `frame` in which every gap of a column in `fills` holds that column's fill.

    Columns without a fill, the order of rows and columns, the index and `frame` itself stay as they
    are.
    """
    ### BEGIN SOLUTION
    return frame.fillna(fills)
    ### END SOLUTION


# %% check="imputer" points=9
with check("the example: median and most frequent word", hint="`median()` for numbers, `value_counts()` for words."):
    first_part = pd.DataFrame({"mass": [3000, 4000, 5000, np.nan], "island": ["Dream", "Biscoe", "Biscoe", None]})
    expect(fit_fills(first_part), {"mass": 4000.0, "island": "Biscoe"})
with check("the median, not the mean", hint="One wild value must not move the fill."):
    expect(fit_fills(pd.DataFrame({"mass": [3000.0, 4000.0, 5000.0, 900000.0]})), {"mass": 4500.0})
    whole_grams = pd.DataFrame({"mass": [3000, 3000, 4000, 5000, 900000]})
    expect(fit_fills(whole_grams), {"mass": 4000.0}, what="the fill of a column of whole numbers")
with check(
    "words that are equally frequent: the first in the alphabet",
    hint="Collect all words with the highest count, then `min`.",
):
    expect(
        fit_fills(pd.DataFrame({"island": ["Torgersen", "Dream", "Torgersen", "Dream", "Biscoe"]})), {"island": "Dream"}
    )
with check(
    "the gaps of a test part get the fills of the training part", hint="`impute` must not compute a median of its own."
):
    other_part = pd.DataFrame({"mass": [np.nan, 6000.0, 6200.0], "island": ["Dream", None, "Dream"]}, index=[7, 3, 9])
    want_filled = pd.DataFrame(
        {"mass": [4000.0, 6000.0, 6200.0], "island": ["Dream", "Biscoe", "Dream"]}, index=[7, 3, 9]
    )
    expect(impute(other_part, {"mass": 4000.0, "island": "Biscoe"}), want_filled)
    other_part = pd.DataFrame({"chicks": [np.nan, 2.0, np.nan], "mass": [1.0, np.nan, 3.0]}, index=[4, 4, 1])
    want_filled = pd.DataFrame({"chicks": [0.0, 2.0, 0.0], "mass": [1.0, 0.0, 3.0]}, index=[4, 4, 1])
    expect(impute(other_part, {"chicks": 0.0, "mass": 0.0}), want_filled, what="the table with zeros for fills")
with check("columns without a fill stay as they are", hint="`frame.fillna(fills)` fills the columns in `fills` alone."):
    other_part = pd.DataFrame({"mass": [np.nan, 6000.0], "flipper": [np.nan, 210.0], "sex": [None, "MALE"]})
    want_filled = pd.DataFrame({"mass": [4000.0, 6000.0], "flipper": [np.nan, 210.0], "sex": [None, "MALE"]})
    expect(impute(other_part, {"mass": 4000.0}), want_filled)
with check(
    "a column without a known value is refused",
    hint="The median of nothing is NaN. Raise ValueError before.",
    needs="the example: median and most frequent word",
):
    expect_raises(ValueError, fit_fills, pd.DataFrame({"mass": [np.nan, np.nan], "flipper": [190.0, 200.0]}))
    expect_raises(ValueError, fit_fills, pd.DataFrame({"flipper": [190.0, 200.0], "sex": [None, None]}))
with check(
    "every column by itself",
    hint="A row with a gap in one column still teaches the others. The dtype of a column tells numbers from words: "
    "words of digits are words.",
):
    alternating = pd.DataFrame({"mass": [3000.0, np.nan, 5000.0, np.nan], "island": [None, "Dream", None, "Dream"]})
    expect(fit_fills(alternating), {"mass": 4000.0, "island": "Dream"})
    expect(fit_fills(pd.DataFrame({"ring": ["12", "7", None, "7"]})), {"ring": "7"})
with check("the penguins, as scikit-learn fills them", hint="Learn from one half, fill the other half."):
    halves = birds[NUMBERS].iloc[0::2], birds[NUMBERS].iloc[1::2]
    want_half = SimpleImputer(strategy="median").fit(halves[0]).transform(halves[1])
    expect(impute(halves[1], fit_fills(halves[0])).to_numpy(), want_half, what="the filled half")
### BEGIN HIDDEN TESTS
with check(
    "random tables, filled from another part", hint="Try a test part that differs from the training part.", hidden=True
) as rng:
    for _ in range(10):
        size = int(rng.integers(6, 25))
        drawn = pd.DataFrame({
            "n": np.r_[1.0, rng.choice([np.nan, 0.0, 2.0, -8.0, 50.0], size)],
            "w": pd.Series(["b", *rng.choice(["a", "b", "c", "?"], size)]).replace("?", None),
        })  # fmt: skip
        other = drawn.sample(frac=1, random_state=int(rng.integers(1000))).head(5).assign(n=lambda f: f["n"] * 10)
        want_fills = {"n": float(drawn["n"].median()), "w": str(drawn["w"].mode().iloc[0])}
        expect(fit_fills(drawn), want_fills)
        expect(impute(other, want_fills), other.fillna(want_fills))
### END HIDDEN TESTS
grade("imputer")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `train[name].dropna()` are the known values of a column. `pd.api.types.is_numeric_dtype(train[name])` tells
# numbers from words.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `counts = known.value_counts()` counts each word. Do not take `counts.index[0]`: among equals its order is not
# alphabetical.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `min(counts.index[counts == counts.max()])` is the word. And `frame.fillna(fills)` takes a dict of columns and
# returns a new frame.
#
# </details>
#
# A gap is also a piece of information. `SimpleImputer(add_indicator=True)` adds a column of 0 and 1 that says where
# something was filled in. For MNAR gaps, and for gaps with a reason, that column can be worth more than the fill.
# `KNNImputer` and `IterativeImputer` fill from the other columns; they are models, and are fitted on the training
# part like any other.
#
# **Why it matters.** Filling with the median of all rows lets the test part into the training part. A median hardly
# moves, so this leak is small; its cure is the same as for the large ones. [How do you fill in missing
# values?](#How-do-you-fill-in-missing-values?) and [Which kinds of missing data are
# there?](#Which-kinds-of-missing-data-are-there?)

# %% [markdown]
# ## Outliers
#
# An outlier is a value far from the others. Far by which measure? The first idea is the z-score, the distance from
# the mean in standard deviations. It fails where it is needed, because the outlier itself drags the mean and swells
# the standard deviation.
#
# **The smallest example.** The values 2, 3, 4, 5 and 30. The mean is 8.8, the standard deviation (dividing by $n$)
# is about 10.6, so the z-score of 30 is 1.99. The rule "beyond 3" finds nothing. It *can* find nothing: among $n$
# values no z-score exceeds $\sqrt{n-1}$, which is 2 here. The outlier hides behind itself. Several outliers can hide
# each other in the same way; this is called **masking**.
#
# Two rules that a wild value cannot bend:
#
# - **Fences** (J. W. Tukey, *Exploratory Data Analysis*, 1977). The quartiles are $Q_1$ = 3 and $Q_3$ = 5, their
#   distance, the **IQR**, is 2. Everything below $Q_1 - 1.5\,\mathrm{IQR}$ = 0 or above $Q_3 + 1.5\,\mathrm{IQR}$ =
#   8 is flagged: 30 is.
# - **Robust z-score.** Take the median $m$ = 4 and the **MAD**, the median of the distances from the median: those
#   are 2, 1, 0, 1, 26, so MAD = 1. The score of $x$ is $0.6745\,(x - m)/\mathrm{MAD}$. For 30 it is about 17.5.
#   Scores beyond 3.5 in size are suspects (B. Iglewicz and D. C. Hoaglin, *How to Detect and Handle Outliers*,
#   1993). The factor 0.6745 makes the score comparable with an ordinary z-score on normally distributed data.
#
# ### Two rules for outliers
#
# *Implement · 10 minutes · difficulty: two of three*
#
# Write both. Values may be missing: NaN is not an outlier, it is a gap. A MAD of zero, when more than half of the
# values are equal, leaves no scale to measure with; a score would be a division by zero, so refuse it. The fences
# meet the same trouble when three quarters of a column are one value: the IQR is zero, both fences stand on the
# quartiles, and every other value is flagged. Nothing is divided there, so the rule still answers. Do not trust it.


# %% exercise="outliers" minutes=10
def iqr_outliers(values, k: float = 1.5) -> np.ndarray:
    """Flag the values outside Tukey's fences.

    Args:
        values: n_samples numbers (a list, an array or a column of a table), some may be NaN.
        k: how many IQRs below the first and above the third quartile the fences stand.

    Returns:
        A boolean NumPy array of shape (n_samples,): True strictly outside the fences; False for
        NaN. Quartiles are those of the known values, as `np.percentile` (and `np.nanpercentile`)
        interpolates them. If the IQR is zero, every value that differs from the quartiles is
        flagged.
        iqr_outliers([2, 3, 4, 5, 30]) flags only the last.
    """
    ### BEGIN SOLUTION
    values = np.asarray(values)
    q1, q3 = np.nanpercentile(values, [25, 75])
    return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
    ### END SOLUTION


def robust_z(values) -> np.ndarray:
    """Return 0.6745 (x - median) / MAD for every value.

    Args:
        values: n_samples numbers (a list, an array or a column of a table), some may be NaN.

    Returns:
        A NumPy array of shape (n_samples,); NaN where the value is NaN. The median and the MAD are
        those of the known values.
        robust_z([2, 3, 4, 5, 30])[4] is 0.6745 * 26.

    Raises:
        ValueError: the MAD is zero.

    Source: B. Iglewicz and D. C. Hoaglin, 1993.
    """
    ### BEGIN SOLUTION
    values = np.asarray(values)
    distances = values - np.nanmedian(values)
    mad = np.nanmedian(np.abs(distances))
    if mad == 0:
        raise ValueError("more than half of the values are equal: there is no scale")
    return 0.6745 * distances / mad
    ### END SOLUTION


# %% check="outliers" points=9
with check(
    "the example: only 30 lies outside the fences", hint="Q1 = 3 and Q3 = 5. Compare with both fences, join with |."
):
    expect(iqr_outliers([2, 3, 4, 5, 30]), np.array([False, False, False, False, True]))
    column = pd.Series([2, 3, 4, 5, 30])
    expect(iqr_outliers(column), np.array([False] * 4 + [True]), what="the flags of a table's column")
with check(
    "the example: robust scores", hint="Distances from the median, over the median of their sizes, times 0.6745."
):
    want_scores = 0.6745 * np.array([-2.0, -1.0, 0.0, 1.0, 26.0])
    expect(robust_z([2, 3, 4, 5, 30]), want_scores)
    expect(robust_z(pd.Series([2, 3, 4, 5, 30])), want_scores, what="the scores of a table's column")
with check("a value on the fence is inside", hint="Strictly outside: use < and >, not <= and >=."):
    expect(iqr_outliers([0, 3, 3, 5, 5, 8, 9]), np.array([False] * 7))
    expect(iqr_outliers([0, 3, 4, 5, 8]), np.array([False] * 5))
with check("both sides, and another k", hint="There is a lower fence as well; k stands in for the 1.5."):
    expect(iqr_outliers([-20, 3, 4, 5, 7]), np.array([True, False, False, False, False]))
    expect(iqr_outliers([2, 3, 4, 5, 8.5], k=1.0), np.array([False, False, False, False, True]))
    expect(iqr_outliers([2, 3, 4, 5, 30], k=0), np.array([True, False, False, False, True]), what="the flags for k = 0")
with check(
    "a gap is no outlier",
    hint="Use the nan-versions: `np.nanpercentile`, `np.nanmedian`. A comparison with NaN is False.",
):
    expect(iqr_outliers([2, np.nan, 3, 4, 5, 30]), np.array([False, False, False, False, False, True]))
    expect(robust_z([2, 3, np.nan, 4, 5, 30]), 0.6745 * np.array([-2.0, -1.0, np.nan, 0.0, 1.0, 26.0]))
with check(
    "an IQR of zero: all other values are flagged",
    hint="Compare as always; nothing is divided here.",
    needs="the example: only 30 lies outside the fences",
):
    expect(iqr_outliers([5, 5, 5, 5, 6]), np.array([False] * 4 + [True]))
    expect(iqr_outliers([5, 5, 5, 5, 5]), np.array([False] * 5))
with check(
    "no scale is refused, a small scale is a scale",
    hint="When the MAD is zero, raise ValueError instead of dividing. Compare with 0 itself: a billionth is a scale.",
    needs="the example: robust scores",
):
    tiny = np.array([2, 3, 4, 5, 30]) * 2.0**-40
    expect(robust_z(tiny), 0.6745 * np.array([-2.0, -1.0, 0.0, 1.0, 26.0]), what="the scores of tiny values")
    expect_raises(ValueError, robust_z, [5, 5, 5, 5, 9])
    expect_raises(ValueError, robust_z, [np.nan, 2.0, 2.0, 2.0, 7.0])
### BEGIN HIDDEN TESTS
with check("random values with gaps: fences", hint="Try values with NaN, and several k.", hidden=True) as rng:
    for _ in range(20):
        drawn = 10 ** rng.uniform(-9, 6) * np.where(rng.random(40) < 0.1, np.nan, rng.standard_t(2, 40))
        known, width = drawn[~np.isnan(drawn)], float(rng.choice([0.5, 1.0, 1.5, 3.0]))
        low, high = np.percentile(known, [25, 75])
        expect(
            iqr_outliers(drawn, k=width), (drawn < low - width * (high - low)) | (drawn > high + width * (high - low))
        )
with check("random values with gaps: robust scores", hint="Try values with NaN, far from zero.", hidden=True) as rng:
    for _ in range(20):
        drawn = 10 ** rng.uniform(-9, 6) * (100 + np.where(rng.random(31) < 0.1, np.nan, rng.standard_t(2, 31)))
        known = drawn[~np.isnan(drawn)]
        spread = np.median(np.abs(known - np.median(known)))
        expect(robust_z(drawn), 0.6745 * (drawn - np.median(known)) / spread)
### END HIDDEN TESTS
grade("outliers")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Begin both with `values = np.asarray(values)`. Then arithmetic and comparisons work on all values at
# once.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `q1, q3 = np.nanpercentile(values, [25, 75])`. The two fences are `q1 - k * (q3 - q1)` and `q3 + k * (q3 - q1)`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `distances = values - np.nanmedian(values)`; the MAD is `np.nanmedian(np.abs(distances))`.
#
# </details>
#
# **Why it matters.** "I remove everything beyond three sigma" is a rule that fails with the outlier it is meant for.
# [When do you remove an outlier?](#When-do-you-remove-an-outlier?)

# %% [markdown]
# ### Which bird do you correct?
#
# *Read the plot · 5 minutes · difficulty: two of three*
#
# A rule flags; it does not know why. The figure below shows the body mass of all birds, by species. Grey bars are
# the fences of all birds together and, in each row, of that species. Three birds are marked. Two of them were put
# in for this exercise:
#
# - **P**, an Adelie of `375` g, whose field book says `3750`;
# - **Q**, an Adelie of `5700` g;
# - **R**, a Chinstrap of 4800 g, which stands in the real table.
#
# Run the cell, then answer below it.

# %% demo=true
# Figure: body masses of all birds and of each species, with their fences
fig, (ax,) = plots.canvas(width=8.5, height=3.6)
row_texts = []
marked = {"P": ("Adelie", 375.0), "Q": ("Adelie", 5700.0), "R": ("Chinstrap", 4800.0)}
rows_drawn = {"all birds": birds["mass"], **dict(list(birds.groupby("species")["mass"]))}
for level, (row_name, mass) in enumerate(rows_drawn.items()):
    low, high = mass.quantile([0.25, 0.75])
    fences = low - 1.5 * (high - low), high + 1.5 * (high - low)
    shown = {x: grams for x, (kind, grams) in marked.items() if row_name in ("all birds", kind)}
    row_texts.append(
        f"{row_name}: fences from {fences[0]:.0f} to {fences[1]:.0f}; "
        f"birds from {mass.min():.0f} to {mass.max():.0f}; "
        + "; ".join(f"{letter} at {grams:.0f}" for letter, grams in shown.items())
    )
    ax.plot(fences, [level, level], color="0.7", linewidth=9, solid_capstyle="butt", zorder=1)
    lift = level + (np.arange(len(mass)) % 7 - 3) * 0.05
    ax.scatter(mass, lift, s=4, color=plots.palette["blue"], zorder=2)
    for letter, grams in shown.items():
        ax.scatter([grams], [level], marker="D", color=plots.palette["vermillion"], zorder=3)
        ax.annotate(letter, (grams, level), (0, 8), textcoords="offset points", ha="center")
ax.set_yticks(range(4), list(rows_drawn))
ax.set_xticks(range(0, 7001, 500))
ax.tick_params(axis="x", labelsize=8)
ax.set(xlabel="body mass in g", xlim=(0, 7000), ylim=(-0.5, 3.6))
plots.show(
    fig,
    alt="Body mass in grams, one row for all birds and one for each species; a grey bar spans the "
    "fences of each row. " + ". ".join(row_texts) + ".",
)

# %% [markdown]
# Answer the first three with the letter, such as `"a"`.
#
# **`"together"`: which marked birds lie outside the fences of all birds together?**
# - (a) only P (b) P and Q (c) P, Q and R (d) none
#
# **`"by_species"`: which marked birds lie outside the fences of their own species?**
# - (a) only P (b) P and Q (c) P, Q and R (d) only R
#
# **`"r"`: R is flagged by the fences of its species. Its robust z-score there is below 3.5. What do you do with R?**
# - (a) Delete it, because it lies outside the fences of its own kind, the right reference group.
# - (b) Keep it, and find out whether your conclusions depend on it.
# - (c) Set it to the value of the fence, so that no bird is lost and no single one rules.
#
# **`"fence"`: the upper fence of the Chinstraps, in grams.** Read it off to within one hundred.

# %% exercise="read_outliers" minutes=5
### BEGIN SOLUTION
plot_read = {"together": "a", "by_species": "c", "r": "b", "fence": 4650}
### END SOLUTION
### BEGIN RELEASE
# plot_read = {"together": ..., "by_species": ..., "r": ..., "fence": ...}
### END RELEASE

# %% check="read_outliers" points=4
with check("outside the fences of all birds", hint="Look at both ends of the grey bar in the row `all birds`."):
    expect_choice(
        plot_read["together"],
        "a",
        {
            "a": "Right. Three species in one heap make wide fences, in which a far too heavy Adelie looks like a Gentoo.",
            "b": "Q has the mass of a Gentoo, so among all birds it is nothing special. Look at the grey bar again.",
            "c": "Q and R lie on the grey bar of all birds. Which one does not?",
            "d": "Look at the left end of the row of all birds.",
        },
    )
with check("outside the fences of their own species", hint="Each species has a row, with a grey bar of its own."):
    expect_choice(
        plot_read["by_species"],
        "c",
        {
            "a": "Q is far to the right of the Adelies' grey bar, too. And R?",
            "b": "Look at the Chinstraps: is R on their grey bar, or just beyond its end?",
            "c": "Right. An outlier is an outlier among its kind: compare within groups that differ by nature.",
            "d": "P and Q are Adelies. Look at where their grey bar ends.",
        },
    )
with check("what to do with R", hint="A flag is a question. Was anything wrong with the measurement?"):
    expect_choice(
        plot_read["r"],
        "b",
        {
            "a": "A heavy bird is not an error. In normally distributed data the fences flag about one value in 140 without any fault.",
            "b": "Right. Correct what you can prove to be an error (P, with the field book); keep what is merely rare.",
            "c": "That invents a measurement. Clipping can be a choice for a model's inputs, never a correction of the record.",
        },
    )
with check("the upper fence of the Chinstraps", hint="The right end of the grey bar in the Chinstraps' row, in grams."):
    chinstraps = birds.loc[birds["species"] == "Chinstrap", "mass"]
    low, high = chinstraps.quantile([0.25, 0.75])
    fence = float(high + 1.5 * (high - low))
    expect(plot_read["fence"], fence, tol=100 / fence, what="the fence, to within 100 g,", tell=False)
grade("read_outliers")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The row `all birds` has one grey bar, from about 1750 to about 6550. Only a diamond beyond its ends is outside.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For Q use the row `Adelie`, for R the row `Chinstrap`. The tick marks stand at every half kilogram.
#
# </details>
#
# **Why it matters.** Deleting rare but true values makes a model that fails on exactly those cases, and no test
# will show it, because you deleted them from the test part as well. [When do you remove an
# outlier?](#When-do-you-remove-an-outlier?)

# %% [markdown]
# ## Words into numbers
#
# A model calculates, so words have to become numbers. The quick way is a dict: `{"Biscoe": 0, "Dream": 1,
# "Torgersen": 2}`. It says two things that nobody meant. It says that Dream lies halfway between the others, and a
# linear model or a distance believes it. And it speaks only of the words that its author thought of: `Series.map`
# turns every other word into NaN, silently.
#
# **One-hot encoding** gives each word a column of its own, 1 where the word stands and 0 elsewhere. Which words get
# a column is learned from the **training part**; so a word can turn up later that has none. Then all its columns
# are 0: *none of the words I know*. (scikit-learn: `OneHotEncoder(handle_unknown="ignore")`.)
#
# **The smallest example.** Training part Dream, Biscoe, Dream; test part Torgersen, Biscoe. The columns are Biscoe
# and Dream, in alphabetical order:
#
# | training | Biscoe | Dream | | test | Biscoe | Dream |
# |---|---|---|---|---|---|---|
# | Dream | 0 | 1 | | Torgersen | 0 | 0 |
# | Biscoe | 1 | 0 | | Biscoe | 1 | 0 |
# | Dream | 0 | 1 | | | | |
#
# ### Repair an encoder
#
# *Find the bug · 10 minutes · difficulty: two of three*
#
# The program below was written for Gentoos and Chinstraps, who live on two islands. Then the Adelies came into the
# table. Run it with the demonstration behind the checks: how many birds of each island come out? Repair it. The
# words come from the training part, no row is ever lost, and a missing word (NaN or None) is treated like an
# unknown one: a row of zeros, and no column of its own.

# %% exercise="fix_one_hot" minutes=10 faults=["three islands: no row is lost", "the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "the penguins, as scikit-learn encodes them", "random words"]
def one_hot(train: pd.Series, test: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Encode a column of words, one column of 0 and 1 for each word of the training part.

    Args:
        train, test: the column in the training part and in another part; words, or NaN or None
            where missing. `train` has at least one known word.

    Returns:
        Two float arrays, of shapes (len(train), n_words) and (len(test), n_words). Their columns
        are the different words of `train` in alphabetical order. A missing word, and a word that
        `train` lacks, gives a row of zeros.
    """
    ### BEGIN SOLUTION
    words = sorted(train.dropna().unique())

    def rows(column: pd.Series) -> np.ndarray:
        return np.column_stack([column.eq(word).to_numpy(dtype=float) for word in words])

    return rows(train), rows(test)
    ### END SOLUTION
    ### BEGIN RELEASE
    # codes = {"Biscoe": 0, "Dream": 1}
    #
    # def rows(column: pd.Series) -> np.ndarray:
    #     numbers = column.map(codes).dropna().astype(int)
    #     return np.eye(len(codes))[numbers]
    #
    # return rows(train), rows(test)
    ### END RELEASE


# %% check="fix_one_hot" points=7
with check(
    "three islands: no row is lost",
    hint="`map` gives NaN for a word that the dict lacks, and `dropna` removes the bird.",
):
    got_codes = one_hot(pd.Series(["Torgersen", "Biscoe", "Dream"]), pd.Series(["Dream", "Torgersen"]))
    expect(got_codes, (np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]), np.array([[0.0, 1, 0], [0, 0, 1]])))
with check(
    "the two islands that the program knows, as floats",
    hint="This worked in the faulty program. What did you change?",
    needs="three islands: no row is lost",
):
    got_codes = one_hot(pd.Series(["Dream", "Biscoe", "Dream"]), pd.Series(["Biscoe"]))
    expect(got_codes, (np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])))
    assert all(part.dtype.kind == "f" for part in got_codes), (
        f"The arrays are of the types {[str(part.dtype) for part in got_codes]}; a model calculates with floats."
    )
with check("the words of the training part decide", hint="Make the list of words from `train`, sorted."):
    got_codes = one_hot(pd.Series(["male", "female"]), pd.Series(["female", "female", "male"]))
    expect(got_codes, (np.array([[0.0, 1], [1, 0]]), np.array([[1.0, 0], [1, 0], [0, 1]])))
with check(
    "an unknown word becomes a row of zeros", hint="A word that `train` lacks equals none of the columns' words."
):
    got_codes = one_hot(pd.Series(["Dream", "Biscoe"]), pd.Series(["Torgersen", "Biscoe"]))
    expect(got_codes[1], np.array([[0.0, 0.0], [1.0, 0.0]]), what="the second array")
with check(
    "a missing word becomes a row of zeros",
    hint="Drop the gaps when you collect the words, not when you encode the rows. `isna()` knows a gap from a word.",
):
    got_codes = one_hot(pd.Series(["Dream", None, "Biscoe"]), pd.Series([None, "Dream"]))
    expect(got_codes, (np.array([[0.0, 1], [0, 0], [1, 0]]), np.array([[0.0, 0], [0, 1]])))
    got_codes = one_hot(pd.Series(["nan", "None", None, "nan"]), pd.Series(["None", None]))
    want_codes = np.array([[0.0, 1], [1, 0], [0, 0], [0, 1]]), np.array([[1.0, 0], [0, 0]])
    expect(got_codes, want_codes, what='the result for the words "nan" and "None" and a gap')
with check("the penguins, as scikit-learn encodes them", hint="Run the demonstration below: which island is lost?"):
    islands = birds["island"].iloc[:40], birds["island"].iloc[40:]
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(islands[0].to_frame())
    expect(one_hot(*islands), tuple(theirs.transform(part.to_frame()) for part in islands))
### BEGIN HIDDEN TESTS
with check("random words", hint="Try words of your own, and a test part with new ones.", hidden=True) as rng:
    for _ in range(10):
        drawn_words = rng.choice(["kelp", "krill", "squid", "2", "10", "", "Kelp"], 7, replace=False)
        part_a = pd.Series(rng.choice(drawn_words[:5], int(rng.integers(1, 12))))
        part_b = pd.Series(rng.choice(drawn_words, int(rng.integers(1, 12)))).rename(lambda i: i // 2)
        theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(part_a.to_frame("w"))
        expect(one_hot(part_a, part_b), tuple(theirs.transform(part.to_frame("w")) for part in (part_a, part_b)))
### END HIDDEN TESTS
grade("fix_one_hot")

# %% demo=true
for island, group in birds.groupby("island"):
    coded = one_hot(birds["island"], group["island"])[1]
    print(f"{island:10} {len(group):4} birds in, {len(coded):4} rows out, {coded.shape[1]} columns")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The faulty program has one fixed dict and one `dropna` too many. Who should decide which words there are?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `words = sorted(train.dropna().unique())`. For each word, `column.eq(word)` is a column of True and False.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `np.column_stack([column.eq(word).to_numpy(dtype=float) for word in words])`, for `train` and for `test`, with the
# same `words`.
#
# </details>
#
# The faulty program loses all 52 birds of Torgersen. They are all Adelies, so a third of that species is gone, and
# no error was raised. If somebody had written `fillna(0)` instead of `dropna`, they would all have moved to Biscoe.
#
# Many words, most of them rare? `OneHotEncoder(min_frequency=..., handle_unknown="infrequent_if_exist")` (since
# scikit-learn 1.1, 2022) puts the rare words of the training part into one column, and unknown words join them.
#
# **Why it matters.** New categories are the normal case in production: a new shop, a new browser, a new island.
# Decide what happens to them before they arrive. [How do you encode categories?](#How-do-you-encode-categories?)

# %% [markdown]
# ## One scale for all
#
# Body mass is measured in thousands of grams, the depth of a bill in tens of millimetres. To a method that measures
# distances, a difference of one gram counts as much as one of one millimetre. **Standardising** a column, $z = (x -
# \text{mean})/\text{scale}$ with the standard deviation for scale, gives all columns mean 0 and standard deviation
# 1.
#
# **The smallest example.** The column 2, 4, 6 has mean 4 and variance (4 + 0 + 4)/3 = 8/3, so its scale is
# $\sqrt{8/3}$. It becomes $-\sqrt{3/2}$, 0, $\sqrt{3/2}$. (The standard deviation here divides by $n$, as
# `StandardScaler` and NumPy do; pandas' `std` divides by $n - 1$.)
#
# A constant column has the standard deviation 0. Dividing by it gives NaN or infinity. Its scale is set to 1, so
# that the column becomes all zeros: it says nothing, and it does no harm.
#
# **How sure is a score?** Two scores differ by chance, too, and a single number does not say by how much. So from
# here on scores come with an interval. It is made by a **bootstrap** (B. Efron, "Bootstrap methods: another look at
# the jackknife", 1979): draw as many nests as there are, with replacement, compute the score on them, a thousand
# times, and keep the middle 95 %. Nests are drawn, not birds, because the two birds of a nest are not independent.
# Such an interval says how far the score would move with other nests of the same kind in the test part; the fitted
# models it takes as they are. It knows nothing of leaks, and nothing of a future that differs.
#
# For the same reason the scores below come from splits that keep a nest together, unless the text says that single
# birds are dealt. The section on groups and time says more. Run the next two cells: how well nearest neighbours
# recognise the species, with and without scaling.

# %%
BODY = NUMBERS[:4]  # the four body measurements


def interval(statistic, nests, draws=1000):
    """Return the middle 95 % of a statistic when whole nests are drawn with replacement.

    Args:
        statistic: called with one weight a row: how often the nest of that row was drawn.
        nests: the nest of each row.
    """
    generator = np.random.default_rng(0)
    names, nest_of = np.unique(np.asarray(nests, dtype=str), return_inverse=True)
    even = np.full(len(names), 1 / len(names))
    drawn = [generator.multinomial(len(names), even)[nest_of] for _ in range(draws)]
    return np.percentile([statistic(weights) for weights in drawn], [2.5, 97.5])


def share_right(hits, tested, nests):
    """Return the share of right answers with its interval, as text.

    Args:
        hits, tested: how often each bird was predicted right, and how often it was predicted.
    """
    low, high = interval(lambda weights: weights @ hits / (weights @ tested), nests)
    return f"{hits.sum() / tested.sum():.2f} ({low:z.2f} to {high:z.2f})"


def splits_by_group(target, groups, n_splits=5, repeats=4):
    """Yield (train, test): every row is tested once a repeat, and no group is on both sides."""
    for seed in range(repeats):
        deal = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
        yield from deal.split(target, target, groups)


def score_species(model):
    """Return for each bird in how many of four predictions its species was recognised."""
    hits = np.zeros(len(complete))
    for train, test in splits_by_group(complete["species"], complete["nest"]):
        seen, unseen = complete.iloc[train], complete.iloc[test]
        guess = model.fit(seen[BODY], seen["species"]).predict(unseen[BODY])
        hits[test] += guess == unseen["species"]
    return hits


# %% demo=true
neighbour_hits = {
    "as measured": score_species(KNeighborsClassifier(5)),
    "standardised": score_species(make_pipeline(StandardScaler(), KNeighborsClassifier(5))),
}
four_times = np.full(len(complete), 4)
print("five nearest neighbours, accuracy on birds of other nests, with the middle 95 %:")
for label, hits in neighbour_hits.items():
    print(f"  {label:13} {share_right(hits, four_times, complete['nest'])}")
gained = neighbour_hits["standardised"] - neighbour_hits["as measured"]
print(f"  {'difference':13} {share_right(gained, four_times, complete['nest'])}")

# %% [markdown]
# From 0.79 to 0.99, without a better model; the interval of the difference is far from zero. Trees do not care
# about the scale, because they only compare a column with a threshold. Distances, penalties and gradient descent
# do.
#
# ### Standardise from scratch
#
# *Implement · 8 minutes · difficulty: two of three*
#
# Again in two functions: one learns, one applies. Take care with constant columns. Floating-point numbers make the
# obvious test fail: try `np.std([0.1, 0.1, 0.1])`. It is not zero, because `0.1` has no exact binary form, and the
# mean of three of them is rounded. What holds exactly is that the largest and the smallest value are equal.
#
# A gap is refused: standardising comes after imputing.


# %% exercise="scaler" minutes=8
def fit_scale(X) -> tuple[np.ndarray, np.ndarray]:
    """Learn mean and scale of every column.

    Args:
        X: numbers, shape (n_samples, n_features).

    Returns:
        (mean, scale), two arrays of shape (n_features,). The scale is the standard deviation that
        divides by n_samples, or 1 for a column whose values are all equal.

    Raises:
        ValueError: a value is NaN.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X)
    if np.isnan(X).any():
        raise ValueError("a value is missing; impute first")
    constant = X.max(axis=0) == X.min(axis=0)
    return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))
    ### END SOLUTION


def standardise(X, mean, scale) -> np.ndarray:
    """Return (X - mean) / scale, column by column.

    Args:
        X: numbers, shape (n_samples, n_features).
        mean, scale: shape (n_features,) each.
    """
    ### BEGIN SOLUTION
    return (np.asarray(X) - mean) / scale
    ### END SOLUTION


# %% check="scaler" points=8
with check("the example: mean 4, scale the root of 8/3", hint="Divide the squared distances by n, not by n - 1."):
    expect(fit_scale([[2.0], [4.0], [6.0]]), (np.array([4.0]), np.array([np.sqrt(8 / 3)])))
with check("every column has its own mean and scale", hint="`axis=0` goes down the columns."):
    expect(fit_scale([[0.0, 10.0], [2.0, 30.0]]), (np.array([1.0, 20.0]), np.array([1.0, 10.0])))
with check("applied to other rows", hint="`standardise` uses the mean and scale it is given, and learns nothing."):
    expect(standardise([[4.0, 0.0]], np.array([1.0, 20.0]), np.array([1.0, 10.0])), np.array([[3.0, -2.0]]))
with check("a constant column has scale 1", hint="Where the standard deviation is 0, put 1."):
    expect(fit_scale([[5.0, 1.0], [5.0, 3.0]])[1][0], 1.0, what="the scale of the first column")
with check(
    "a constant column of 0.1 has scale 1 as well",
    hint="Its computed standard deviation is tiny, but not 0. Compare max and min.",
):
    tenths = np.full((3, 1), 0.1)
    expect(fit_scale(tenths)[1], np.array([1.0]), what="the scale")
with check("a small scale is a scale", hint="Only columns whose values are all equal are constant."):
    expect(fit_scale([[1e-5], [3e-5]])[1] * 1e5, np.array([1.0]), what="the scale of 0.00001 and 0.00003, times 10^5,")
    expect(fit_scale([[2.0**-40], [3 * 2.0**-40]])[1] * 2.0**40, np.array([1.0]), what="a tiny scale, times 2^40,")
    expect(fit_scale([[1000000.0], [1000001.0]])[1], np.array([0.5]), what="the scale of 1000000 and 1000001")
with check(
    "a gap is refused",
    hint="`np.isnan(X).any()`, then raise ValueError.",
    needs="the example: mean 4, scale the root of 8/3",
):
    expect_raises(ValueError, fit_scale, [[1.0], [np.nan]])
    expect_raises(ValueError, fit_scale, [[1.0, np.nan], [2.0, 3.0]])
    expect_raises(ValueError, fit_scale, [[1.0, 5.0], [np.nan, 3.0], [4.0, 4.0]])
### BEGIN HIDDEN TESTS
with check(
    "random tables, as StandardScaler does it", hint="Try a table with constant columns and large offsets.", hidden=True
) as rng:
    for _ in range(20):
        drawn = rng.normal(100 * rng.random(4), 10 ** rng.uniform(-2, 3, 4), (int(rng.integers(3, 40)), 4))
        drawn[:, int(rng.integers(4))] = rng.random()
        theirs = StandardScaler().fit(drawn[2:])
        got_scale = fit_scale(drawn[2:])
        expect(standardise(drawn[:2], got_scale[0], got_scale[1]), theirs.transform(drawn[:2]), tol=1e-7)
### END HIDDEN TESTS
grade("scaler")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `X.mean(axis=0)` and `X.std(axis=0)` are almost all of it. NumPy's `std` divides by n unless you tell it otherwise.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `constant = X.max(axis=0) == X.min(axis=0)` is a mask of the columns that say nothing.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `np.where(constant, 1.0, X.std(axis=0))`.
#
# </details>
#
# **Why it matters.** A constant column in training is not rare: a flag that is always 0 so far. Divided by a
# rounding error of its standard deviation, the first 1 in production becomes an astronomical number. [Why do you
# standardise, and when not?](#Why-do-you-standardise,-and-when-not?)

# %% [markdown]
# ### Repair a scaler that has seen too much
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# Mean and scale are learned, so they belong to the training part. The program below standardises first and splits
# afterwards, which is what you get when you write the steps in the order in which the textbook lists them: clean,
# transform, split.
#
# How much harm does it do? Be honest and measure. The demonstration behind the checks predicts the sex of a penguin
# from its mass and bill depth with logistic regression, in twenty splits by nest. On the clean table the difference
# is nothing to speak of. Then **one** bird of the test part gets a typo, its mass three zeros too long, and the score
# is taken on the *other* test birds. They are as healthy as before. Run it with the faulty program, repair the
# program, and run it again.


# %% exercise="fix_scaling" minutes=8 faults=["the training features are those of the training rows alone", "a test row has no influence on the training features", "the test features use the mean and scale of the training part", "random tables and random parts"]
def prepare(X: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise a table by its training part.

    Args:
        X: numbers, shape (n_samples, n_features).
        train, test: row numbers of the two parts.

    Returns:
        (Z_train, Z_test): the rows `train` and the rows `test`, each in the order given, both
        standardised with the mean and scale of the rows `train`. The scale of a column that is
        constant there is 1, as in `fit_scale`.
    """
    ### BEGIN SOLUTION
    mean, scale = fit_scale(X[train])
    return standardise(X[train], mean, scale), standardise(X[test], mean, scale)
    ### END SOLUTION
    ### BEGIN RELEASE
    # Z = (X - X.mean(axis=0)) / X.std(axis=0)
    # return Z[train], Z[test]
    ### END RELEASE


# %% check="fix_scaling" points=6
with check(
    "the training features are those of the training rows alone",
    hint="Learn mean and scale from `X[train]` alone; your `fit_scale` does it.",
):
    masses = np.array([[3000.0], [4000.0], [5000.0], [9000.0]])
    root = np.sqrt(1.5)
    expect(prepare(masses, np.array([0, 1, 2]), np.array([3]))[0], np.array([[-root], [0.0], [root]]), what="Z_train")
with check(
    "the rows come as asked for",
    hint="`X[train]` picks rows by number, in the order of `train`.",
    needs="the training features are those of the training rows alone",
):
    five_rows = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 2.0], [5.0, 1.0]])
    got_parts = prepare(five_rows, np.array([4, 0, 2]), np.array([3, 1, 3]))
    theirs = StandardScaler().fit(five_rows[[4, 0, 2]])
    expect(got_parts[0], theirs.transform(five_rows[[4, 0, 2]]), what="Z_train, for the rows 4, 0 and 2,")
    expect(got_parts[1], theirs.transform(five_rows[[3, 1, 3]]), what="Z_test, for the rows 3, 1 and 3 again,")
with check(
    "everything is training: nothing can leak",
    hint="This worked in the faulty program. What did you change?",
    needs="the training features are those of the training rows alone",
):
    five_rows = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 2.0], [5.0, 1.0]])
    everybody = np.arange(5)
    expect(prepare(five_rows, everybody, everybody), (StandardScaler().fit_transform(five_rows),) * 2)
with check(
    "a test row has no influence on the training features",
    hint="Change a test row in your mind: which of your numbers move?",
) as rng:
    before = rng.normal(size=(12, 3))
    after = before.copy()
    after[9] = 1e6
    rows_used = np.arange(9), np.arange(9, 12)
    expect(list(np.shape(prepare(before, *rows_used)[0])), [9, 3], what="the shape of Z_train")
    expect(prepare(after, *rows_used)[0], prepare(before, *rows_used)[0], what="Z_train, after one test row changed,")
with check(
    "the test features use the mean and scale of the training part",
    hint="Do not learn a second mean from the test rows. A column that is constant in training has scale 1.",
):
    masses = np.array([[3000.0], [5000.0], [5000.0], [7000.0]])
    expect(prepare(masses, np.array([0, 1]), np.array([2, 3]))[1], np.array([[1.0], [3.0]]), what="Z_test")
    flagged = np.array([[3000.0, 7.0], [5000.0, 7.0], [5000.0, 7.0], [7000.0, 9.0]])
    got_parts = prepare(flagged, np.array([0, 1]), np.array([2, 3]))
    expect(got_parts[1], np.array([[1.0, 0.0], [3.0, 2.0]]), what="Z_test, with a column that is constant in training,")
### BEGIN HIDDEN TESTS
with check(
    "random tables and random parts", hint="Try a table of your own, and compare with StandardScaler.", hidden=True
) as rng:
    for _ in range(10):
        size = int(rng.integers(8, 30))
        drawn, order = rng.normal(5, 3, (size, 3)), rng.permutation(size)
        theirs = StandardScaler().fit(drawn[order[3:]])
        expect(
            prepare(drawn, order[3:], order[:3]),
            (theirs.transform(drawn[order[3:]]), theirs.transform(drawn[order[:3]])),
        )
### END HIDDEN TESTS
grade("fix_scaling")


# %% demo=true
def score_with(factor):
    """Multiply one test bird's mass; return the accuracy on the other test birds, with interval."""
    columns, is_male = sexed[["mass", "bill_depth"]].to_numpy(), (sexed["sex"] == "MALE").to_numpy()
    hits, tested = np.zeros(len(sexed)), np.zeros(len(sexed))
    for train, test in splits_by_group(is_male, sexed["nest"]):
        table, others = columns.copy(), test[1:]
        table[test[0], 0] *= factor
        Z_train, Z_test = prepare(table, train, test)
        guess = LogisticRegression().fit(Z_train, is_male[train]).predict(Z_test[1:])
        hits[others] += guess == is_male[others]
        tested[others] += 1
    return share_right(hits, tested, sexed["nest"])


for label, factor in {"clean table": 1, "one typo in the test part": 1000}.items():
    print(f"{label:26} accuracy on the other test birds: {score_with(factor)}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# From which rows do mean and scale come? From which should they come?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `fit_scale(X[train])` once. Then `standardise` twice, for the rows `train` and the rows `test`, with the same mean
# and scale.
#
# </details>
#
# With the faulty program one typo takes the accuracy on the other birds from 0.90 to 0.61. The typo swells the
# scale of the whole column, so all other masses shrink to nearly the same number, in the *training* part. A shrunken
# column would need a huge weight, and the default penalty of `LogisticRegression` forbids it. So the model is left
# with bill depth, which alone gives 0.61 as well. The control: without a penalty (`C=np.inf`) the same leak costs
# nothing here. The score is 0.90, typo or not.
#
# Repaired, the score stays at 0.90; only the bird with the typo is judged by its absurd mass. In real use the test
# part is the future. A training program that can see it cannot be run, and a score from it describes nothing that you
# can build.
#
# Two repairs that repair nothing: standardising each part with its own mean (then the same bird has two encodings),
# and standardising the training part by the test part's numbers.
#
# **Why it matters.** On a clean table this leak costs almost nothing, so no test score will show it to you. The same
# order of steps with a transformer that uses the labels is another matter; you will see one below. [Why must
# the scaler be fitted on the training part only?](#Why-must-the-scaler-be-fitted-on-the-training-part-only?)

# %% [markdown]
# ## Splitting
#
# A test part is a small copy of the world. In a random copy a rare class can be missing by bad luck. 36 of the 344
# birds have an incomplete nest. Draw a tenth of the birds at random, and run the cell: how many of the 36 are among
# them?

# %% demo=true
def rare_birds_in_tenth(split):
    """Return how many birds from incomplete nests a random tenth of the table holds."""
    _, tenth = train_test_split(birds["incomplete"], test_size=0.1, random_state=split)
    return tenth.sum()


drawn_counts = [rare_birds_in_tenth(split) for split in range(200)]
print("birds with an incomplete nest in a random test part of 35 birds, over 200 splits:")
for found, times in enumerate(np.bincount(drawn_counts)):
    print(f"{found:3} birds: {times:3} times  {'#' * times}")

# %% [markdown]
# From 0 to 9. With none the recall of that class cannot even be computed, and with 9 the test part has more than
# twice its share. **Stratification** takes this luck out of the game: split every class by itself, in the same
# proportion.
#
# But birds come whole. Let the test part have $t$ of the $n$ samples. A class with $n_c$ samples should have $q_c =
# t\,n_c/n$ of them in the test part, its **quota**, and that is rarely a whole number. Rounding each quota by
# itself does not do, because the rounded numbers need not add up to $t$. So give every class the whole part of its
# quota, then one more, in turn, to the classes with the largest fractions, until $t$ is reached. (Parliaments know
# this as the method of largest remainders.) The fractions add up to the number of places left, and each is below 1:
# nobody gets a second one. So every class has $\lfloor q_c \rfloor$ or $\lceil q_c \rceil$ samples in the test part,
# and its share there is off by less than $1/t$.
#
# **The smallest example.** 12 birds: 7 Adelies, 3 Gentoos, 2 Chinstraps. Four of them go to the test part. The
# quotas are 7/3, 1 and 2/3, their whole parts 2, 1 and 0. That is three places; the fourth goes to the fraction 2/3,
# a Chinstrap. So: 2, 1, 1. (Here plain rounding gives the same. For 38 of the 344 penguins it does not: it gives one
# too many.)
#
# **What it does not promise** is a place for a rare class. With 2 rare birds among 100 and a test share of 0.2, the
# quota is 0.4, and the test part holds none of them.
#
# ### A stratified split from scratch
#
# *Implement · 15 minutes · difficulty: three of three*
#
# Now in code. The sizes come from the largest fractions, *which* samples of a class go is drawn at random.
# Randomness comes from one seed, through `np.random.default_rng(seed)`, so that the same call gives the same split
# next year.
#
# Decide at the edges, too. A class with a single sample cannot be on both sides, so it is refused, as scikit-learn
# does. A share so small or so large that a part would be empty is refused. And the size of the test part is
# `round(test_share * n)`: for 0.3 of 15 rows that is 4, where scikit-learn's `train_test_split` takes the ceiling,
# 5.


# %% exercise="stratified_split" minutes=15
def stratified_split(y, test_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows at random, every class in the same proportion.

    Args:
        y: labels, n_samples (a list or an array; numbers or words).
        test_share: which share of the samples goes to the test part, strictly between 0 and 1.
        seed: any that `np.random.default_rng` takes; the same seed gives the same split, others
            give others.

    Returns:
        (train, test): two integer arrays of row numbers, in any order. Every row is in exactly one
        of them. The test part has t = round(test_share * n_samples) rows, with Python's `round`. A
        class with n_c samples has floor(q) or ceil(q) of them in the test part, where q = t * n_c /
        n_samples; the classes with the largest fractions of q get the ceil, and a rare class may
        get nothing. If two fractions are equal, either may get it.

    Raises:
        ValueError: a class has fewer than two samples; test_share is not strictly between 0 and 1;
            or one of the two parts would be empty.
    """
    ### BEGIN SOLUTION
    classes, class_of, sizes = np.unique(y, return_inverse=True, return_counts=True)
    t = round(test_share * len(y))
    if not 0 < t < len(y):
        raise ValueError(f"a share of {test_share} leaves one of the parts empty")
    if sizes.min() < 2:
        raise ValueError(f"the class {classes[sizes.argmin()]!r} has a single sample")
    places, remainders = np.divmod(t * sizes, len(y))  # whole numbers: no fraction is rounded
    places[np.argsort(-remainders)[: t - places.sum()]] += 1
    generator = np.random.default_rng(seed)
    test = np.concatenate([
        generator.permutation(np.flatnonzero(class_of == c))[:k] for c, k in enumerate(places)
    ])  # fmt: skip
    return np.setdiff1d(np.arange(len(y)), test), test
    ### END SOLUTION


# %% check="stratified_split" points=12
with check("every row is in exactly one part", hint="The training part is everything that is not in the test part."):
    got_split = stratified_split(list("aaaaaabbbb"), 0.3, 0)
    expect(
        sorted([*got_split[0].tolist(), *got_split[1].tolist()]),
        list(range(10)),
        what="the rows of both parts, sorted,",
    )
with check(
    "the twelve birds: two, one and one", hint="Whole parts first, then the seats left to the largest fractions."
):
    twelve = np.array(["Adelie"] * 7 + ["Gentoo"] * 3 + ["Chinstrap"] * 2)
    for attempt in range(5):
        for how, given_labels in {"an array": twelve, "a list": twelve.tolist()}.items():
            in_test_part = twelve[stratified_split(given_labels, 1 / 3, attempt)[1]].tolist()
            expect(
                {name: in_test_part.count(name) for name in ("Adelie", "Gentoo", "Chinstrap")},
                {"Adelie": 2, "Gentoo": 1, "Chinstrap": 1},
                what=f"the number of each species, with the labels in {how},",
            )
with check(
    "the test part has the size asked for", hint="Rounding each quota by itself gives too many or too few here."
):
    thirds = np.array([0, 1, 2] * 5)
    expect(len(stratified_split(thirds, 0.3, 1)[1]), round(0.3 * 15), what="the size of the test part of 15 rows")
    expect(len(stratified_split(thirds, 0.5, 1)[1]), round(0.5 * 15), what="the size of the test part of 15 rows")
with check(
    "the same seed gives the same split, other seeds give others",
    hint="Make `np.random.default_rng(seed)` inside the function. It takes seeds of any size; `np.random.seed` and "
    "`random_state` do not, and the first one changes the numbers of everybody else.",
):
    splits = [sorted(stratified_split([0, 1] * 20, 0.25, seed)[1].tolist()) for seed in (3, 3, 4, 2**40, 2**40)]
    expect(splits[1], splits[0], what="the second split with seed 3")
    expect(splits[4], splits[3], what="the second split with the seed 2**40")
    assert splits[2] != splits[0] or splits[3] != splits[0], "The seeds 3, 4 and 2**40 all gave the same test part."
with check("within a class, chance decides", hint="Shuffle the rows of a class before you take the first ones.") as rng:
    mixed_labels = np.array([0] * 6 + [1] * 6)
    parts = {tuple(sorted(stratified_split(mixed_labels, 0.5, int(s))[1].tolist())) for s in rng.integers(0, 10**6, 80)}
    ever = {row for part in parts for row in part}
    assert ever == set(range(12)), f"In 80 splits, {12 - len(ever)} of 12 rows never reached the test part."
    assert len(parts) > 50, f"80 seeds gave only {len(parts)} different test parts of 12 rows; 400 are possible."
with check(
    "rounded, where scikit-learn takes the ceiling",
    hint="`round(test_share * n)`, Python's own; not `ceil`, and not `int`.",
):
    fifteen = [0] * 9 + [1] * 6
    expect(len(stratified_split(fifteen, 0.3, 0)[1]), 4, what="the size of the test part, 0.3 of 15 rows,")
    expect(len(stratified_split(fifteen, 0.45, 0)[1]), 7, what="the size of the test part, 0.45 of 15 rows,")
with check(
    "a rare class has no claim to a place",
    hint="Only the largest fractions get one more. Do not give every class at least one.",
):
    rare_labels = np.array(["frequent"] * 98 + ["rare"] * 2)
    in_test_part = rare_labels[stratified_split(rare_labels, 0.2, 2)[1]].tolist()
    expect(
        [in_test_part.count("frequent"), in_test_part.count("rare")],
        [20, 0],
        what="the number of frequent and of rare birds",
    )
    sizes = [len(part) for part in stratified_split(np.repeat(["a", "b"], 5), 0.1, 2)]
    expect(sizes, [9, 1], what="the sizes of the two parts, a tenth of ten rows tested,")
with check(
    "a class with a single sample is refused",
    hint="Look at the counts of `np.unique(y, return_counts=True)`.",
    needs="the twelve birds: two, one and one",
):
    expect_raises(ValueError, stratified_split, ["a", "a", "a", "b"], 0.5, 0)
    expect_raises(ValueError, stratified_split, [0, 1, 1, 1, 1, 1], 0.5, 0)
with check(
    "a share outside of 0 to 1 is refused, and so is one that leaves a part empty",
    hint="Compare t with 0 and with the number of rows.",
    needs="the twelve birds: two, one and one",
):
    for impossible in (0.0, 1.0, 1.5, -0.2):
        expect_raises(ValueError, stratified_split, ["a", "a", "b", "b"], impossible, 0)
    for too_far in (0.04, 0.96):
        expect_raises(ValueError, stratified_split, ["a"] * 5 + ["b"] * 5, too_far, 0)
with check("the penguins, by species", hint="The quotas are about 16.8, 13.7 and 7.5; two places are left over."):
    species_column = birds["species"].to_numpy(dtype=str)
    in_test_part = species_column[stratified_split(species_column, 38 / 344, 7)[1]].tolist()
    expect(
        [in_test_part.count(name) for name in ("Adelie", "Gentoo", "Chinstrap")],
        [17, 14, 7],
        what="the number of each species",
    )
### BEGIN HIDDEN TESTS
with check(
    "random labels: the quotas hold", hint="Try many classes of different sizes, and odd shares.", hidden=True
) as rng:
    for _ in range(25):
        sizes = np.array([2, *rng.integers(5, 30, int(rng.integers(2, 6)))])
        class_numbers = rng.permutation(np.arange(-3, 9))[: len(sizes)]
        mixed_labels = rng.permutation(np.repeat(class_numbers, sizes))
        share = float(rng.uniform(0.1, 0.9))
        got_split = stratified_split(mixed_labels, share, int(rng.integers(1000)))
        expect(
            sorted([*got_split[0].tolist(), *got_split[1].tolist()]), list(range(len(mixed_labels))), what="the rows"
        )
        total = round(share * len(mixed_labels))
        expect(len(got_split[1]), total, what="the size of the test part")
        got_seats = (mixed_labels[got_split[1]][:, None] == class_numbers).sum(axis=0)
        assert (np.abs(got_seats * len(mixed_labels) - total * sizes) < len(mixed_labels)).all(), (
            "A class is off its quota by one or more."
        )
with check(
    "random labels: the largest fractions get the seats",
    hint="Compare the fractions of those that got one more.",
    hidden=True,
) as rng:
    for _ in range(25):
        sizes = rng.integers(5, 30, int(rng.integers(2, 6)))
        mixed_labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        total = round(0.3 * len(mixed_labels))
        got_seats = np.bincount(mixed_labels[stratified_split(mixed_labels, 0.3, 5)[1]], minlength=len(sizes))
        whole, left = np.divmod(total * sizes, len(mixed_labels))
        up = got_seats > whole
        assert not up.any() or up.all() or left[up].min() >= left[~up].max(), "A seat went to a smaller fraction."
        expect(int(got_seats.sum()), total, what="the size of the test part")
### END HIDDEN TESTS
grade("stratified_split")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three steps: the sizes (how many of each class), the draw (which of each class), the rest (the training part).
#
# </details>
# <details><summary>Hint 2</summary>
#
# `classes, sizes = np.unique(y, return_counts=True)`. With whole numbers, `np.divmod(t * sizes, n)` gives the whole
# parts and the remainders at once, without rounding errors. `np.argsort(-remainders)` lists the classes with the
# largest remainder first.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `places[np.argsort(-remainders)[: t - places.sum()]] += 1`. With `y = np.asarray(y)`, for each class
# `generator.permutation(np.flatnonzero(y == c))[:k]`, all joined with `np.concatenate`; the training part is
# `np.setdiff1d(np.arange(n), test)`.
#
# </details>
#
# **Why it matters.** You will call `train_test_split(..., stratify=y)`. Now you know what such a split promises: the
# shares of `y`, to within one sample a class. It does not promise balance in anything else than `y`, nor a place for
# a class whose quota is below one. [What does stratification do?](#What-does-stratification-do?)

# %% [markdown]
# ### Repair the folds
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# In **cross-validation** every sample is tested once: the rows are dealt into $k$ folds, and each fold is the test
# part of a model that learned from the others. The program below gives each fold an equal stretch of the table. The
# penguins are sorted by species, as tables often are. Run it, then the demonstration behind the checks, and look at
# the last fold.
#
# Repair it by dealing cards: shuffle the rows of each class, put the classes one behind the other, and deal this
# deck to the folds in turn, 0, 1, …, $k-1$, 0, 1, and so on. A class is a stretch of $n_c$ cards in the deck, and
# dealing a stretch in turn gives every fold $\lfloor n_c/k \rfloor$ or $\lceil n_c/k \rceil$ of it. The same holds
# for the whole deck. So the folds are even, in every class and in size: that is the whole proof.


# %% exercise="fix_folds" minutes=8 faults=["every class is dealt evenly", "another seed gives other folds", "chance decides who shares a fold", "the penguins: every species in every fold", "random labels are dealt evenly"]
def folds(y, k: int, seed: int) -> np.ndarray:
    """Deal the rows into k folds, every class evenly.

    Args:
        y: labels, n_samples (a list or an array; numbers or words).
        k: the number of folds, from 2 to n_samples; a class may have fewer samples than that.
        seed: any that `np.random.default_rng` takes; the same seed gives the same folds, others
            give others.

    Returns:
        An integer array of shape (n_samples,) with the fold of each row, 0 to k - 1. The sizes of
        two folds differ by at most 1, and so do their numbers of samples of any one class.
    """
    ### BEGIN SOLUTION
    y = np.asarray(y)
    generator = np.random.default_rng(seed)
    deck = np.concatenate([generator.permutation(np.flatnonzero(y == c)) for c in np.unique(y)])
    fold = np.empty(len(y), dtype=int)
    fold[deck] = np.arange(len(y)) % k
    return fold
    ### END SOLUTION
    ### BEGIN RELEASE
    # return np.arange(len(y)) * k // len(y)
    ### END RELEASE


# %% check="fix_folds" points=7
with check(
    "every class is dealt evenly",
    hint="Put the rows of a class next to each other in the deck, and deal on where you stopped.",
):
    sorted_labels = np.array(["a"] * 9 + ["b"] * 4 + ["c"] * 5)
    dealt = folds(sorted_labels, 3, 0)
    expect(sorted({*np.ravel(dealt).tolist()}), [0, 1, 2], what="the numbers of the folds")
    for class_name in "abc":
        heights = [int(((dealt == f) & (sorted_labels == class_name)).sum()) for f in range(3)]
        assert max(heights) - min(heights) <= 1, f"The folds have {heights} samples of class {class_name}."
with check(
    "the folds are equally large, to within one, and numbered with integers",
    hint="Deal the whole deck in turn: position modulo k.",
    needs="every class is dealt evenly",
):
    for n_folds in (2, 3, 5):
        heights = [folds([0] * 7 + [1] * 4, n_folds, 0).tolist().count(f) for f in range(n_folds)]
        assert max(heights) - min(heights) <= 1 and sum(heights) == 11, (
            f"With k = {n_folds} the folds have the sizes {heights}."
        )
    expect(sorted(folds([0, 1, 0, 1], 4, 0).tolist()), [0, 1, 2, 3], what="the folds of four rows, with k = 4, sorted,")
    numbers_of = folds([0] * 7 + [1] * 4, 3, 0)
    assert np.asarray(numbers_of).dtype.kind in "iu", "Folds are numbered, so the array should hold integers, not floats."
with check(
    "the same seed gives the same folds",
    hint="Make `np.random.default_rng(seed)` inside the function. It takes seeds of any size; `np.random.seed` and "
    "`random_state` do not, and the first one changes the numbers of everybody else.",
    needs="every class is dealt evenly",
):
    for seed in (9, 2**40):
        expect(folds([0, 1, 2] * 8, 4, seed), folds([0, 1, 2] * 8, 4, seed), what="the folds, the second time,")
with check("another seed gives other folds", hint="Shuffle the rows of each class with the generator."):
    dealt = [folds([0, 1] * 15, 3, seed).tolist() for seed in range(4)]
    assert any(d != dealt[0] for d in dealt), "The seeds 0 to 3 all gave the same folds."
with check("chance decides who shares a fold", hint="Shuffle; to move the rows of a class along is not enough."):
    dealt = [folds(["a"] * 9, 3, seed) for seed in range(60)]
    together = sum(int(d[3] == d[4]) for d in dealt)
    assert 0 < together < 40, f"With 60 seeds, two neighbours of one class share one of three folds {together} times."
with check(
    "the penguins: every species in every fold",
    hint="Run the demonstration below: which species does the last fold hold?",
):
    dealt, species_column = folds(birds["species"].tolist(), 5, 1), birds["species"].to_numpy(dtype=str)
    held = [{str(n) for n in species_column[dealt == f]} for f in range(5)]
    assert all(len(h) == 3 for h in held), f"The folds hold {[sorted(h) for h in held]}."
### BEGIN HIDDEN TESTS
with check(
    "random labels are dealt evenly", hint="Try classes smaller than k, and labels in any order.", hidden=True
) as rng:
    for _ in range(20):
        mixed_labels = np.sort(rng.choice([-2, 0, 3, 7], int(rng.integers(12, 50))))
        mixed_labels = mixed_labels if rng.random() < 0.5 else rng.permutation(mixed_labels)
        n_folds = int(rng.choice([2, 3, 5, 11]))
        dealt = folds(mixed_labels, n_folds, int(rng.integers(1000)))
        for class_name in [None, *np.unique(mixed_labels)]:
            heights = [
                int(((dealt == f) & ((mixed_labels == class_name) if class_name is not None else True)).sum())
                for f in range(n_folds)
            ]
            assert max(heights) - min(heights) <= 1, "The folds are not even."
### END HIDDEN TESTS
grade("fix_folds")

# %% demo=true
all_folds = folds(complete["species"].tolist(), 5, 0)
for f in range(5):
    seen, unseen = complete[all_folds != f], complete[all_folds == f]
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    hit = neighbours.fit(seen[BODY], seen["species"]).score(unseen[BODY], unseen["species"])
    held = unseen["species"].value_counts().to_dict()
    print(f"fold {f}: accuracy {hit:.3f}, {len(unseen)} birds: {held}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The faulty line uses neither the labels nor the seed.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The deck is an array of row numbers: `np.concatenate([generator.permutation(np.flatnonzero(y == c)) for c in
# np.unique(y)])`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Start with `fold = np.empty(len(y), dtype=int)`; then `fold[deck] = np.arange(len(y)) % k`. Position in the deck
# on the right, row number on the left.
#
# </details>
#
# With the faulty program, the last fold holds only Chinstraps, the training part has none, and the accuracy there
# is 0.000. The mean over the five folds is 0.788, for a model that recognises nearly every bird. A contiguous split
# of a sorted table is the same mistake: the last fifth of this table is a test part with one species in it. (The
# function deals birds, not nests, so mates part. For a score that you report, deal groups; see below.)
#
# **Why it matters.** Look at the order of your rows before you split. If the order means something, a cut
# goes through the meaning. [What does stratification do?](#What-does-stratification-do?)

# %% [markdown]
# ## Groups and time
#
# A random split assumes that the rows are independent. These are not: the two birds of a nest share the island, the
# date of the first egg and the fate of the nest. If one of them is in the training part and its mate in the test
# part, then a model that recognises nests looks as if it could foresee their fate.
#
# Ask what a *new* case is in use. A new nest? Then the test part has to consist of nests that the model has not
# seen: a **group split**. A new season? Then train on the past and test on the future: a **time split**.
#
# **The smallest example.** Six birds in the nests A, A, B, B, C, C, and one third of the nests for the test part.
# One nest is drawn, say B: the test part is rows 2 and 3, the training part rows 0, 1, 4 and 5. A time split at the
# first of November: everything earlier trains, everything from that day on tests.
#
# ### Keep nests together, and the past before the future
#
# *Implement · 10 minutes · difficulty: two of three*


# %% exercise="group_split" minutes=10
def group_split(groups, test_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows so that no group is on both sides.

    Args:
        groups: the group of each row, n_samples (a list or an array; numbers or words).
        test_share: which share of the GROUPS goes to the test part, strictly between 0 and 1.
        seed: any that `np.random.default_rng` takes; the same seed gives the same split, others
            give others.

    Returns:
        (train, test): two integer arrays of row numbers, in any order. Every row is in exactly one
        of them. The test part has all rows of round(test_share * n_groups) groups drawn at random,
        with Python's `round`, but of at least one group, and at least one group stays in the
        training part.

    Raises:
        ValueError: there are fewer than two groups.
    """
    ### BEGIN SOLUTION
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError("one group cannot be on two sides")
    count = min(max(1, round(test_share * len(names))), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(names)[:count]
    in_test = np.isin(groups, chosen)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
    ### END SOLUTION


def time_split(dates, cutoff: str) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows at a day: the past trains, the future tests.

    Args:
        dates: n_samples days, as text like "2008-11-09" (such texts compare like the days they
            name); a list or an array.
        cutoff: a day, which need not be among the dates; the test part begins with it.

    Returns:
        (train, test): two integer arrays of row numbers, in any order: the rows before the cutoff,
        and the rows from it on.

    Raises:
        ValueError: one of the two parts would be empty.
    """
    ### BEGIN SOLUTION
    later = np.array([day >= cutoff for day in dates])
    if later.all() or not later.any():
        raise ValueError(f"all rows are on one side of {cutoff}")
    return np.flatnonzero(~later), np.flatnonzero(later)
    ### END SOLUTION


# %% check="group_split" points=9
with check(
    "no nest is on both sides, and no row is lost",
    hint="Draw from the different groups, then collect all rows of the drawn ones.",
):
    six = np.array(["A", "A", "B", "B", "C", "C"])
    for attempt in range(6):
        got_split = group_split(six, 1 / 3, attempt)
        expect(
            sorted([*got_split[0].tolist(), *got_split[1].tolist()]),
            list(range(6)),
            what="the rows of both parts, sorted,",
        )
        assert not set(six[got_split[0]]) & set(six[got_split[1]]), f"With seed {attempt} a nest is on both sides."
        expect(len(got_split[1]), 2, what="the size of the test part")
with check("the share counts groups, not rows", hint="`round(test_share * n_groups)` groups, with Python's `round`."):
    uneven = np.array([1, 1, 1, 1, 1, 1, 1, 2, 3, 4])
    for attempt in range(6):
        in_test = set(uneven[group_split(uneven, 0.5, attempt)[1]].tolist())
        expect(len(in_test), 2, what="the number of groups in the test part")
        in_test = set(uneven[group_split(uneven, 0.4, attempt)[1]].tolist())
        expect(len(in_test), 2, what="the number of groups in the test part, for a share of 0.4 of four groups,")
        in_test = group_split(list("abcde"), 0.5, attempt)[1]
        expect(len(in_test), round(0.5 * 5), what="the number of groups in the test part, for half of five groups,")
with check("at least one group on each side", hint="Clip the number of groups: at least 1, at most n_groups - 1."):
    expect([len(part) for part in group_split(["a", "b", "c"], 0.01, 0)], [2, 1], what="the sizes of the parts")
    expect([len(part) for part in group_split(["a", "b", "c"], 0.99, 0)], [1, 2], what="the sizes of the parts")
    expect([len(part) for part in group_split(["a", "a", "b", "b"], 0.5, 0)], [2, 2], what="the sizes, with two groups,")
    expect_raises(ValueError, group_split, ["a", "a"], 0.5, 0)
with check(
    "the seed decides which groups",
    hint="Make `np.random.default_rng(seed)` inside, and draw with it. It takes seeds of any size; `np.random.seed` and "
    "`random_state` do not, and the first one changes the numbers of everybody else.",
):
    drawn_parts = [group_split(np.arange(30), 0.3, seed)[1].tolist() for seed in (1, 1, 2, 3, 2**40, 2**40)]
    expect(sorted(drawn_parts[1]), sorted(drawn_parts[0]), what="the second split with seed 1")
    expect(sorted(drawn_parts[5]), sorted(drawn_parts[4]), what="the second split with the seed 2**40")
    assert any(sorted(part) != sorted(drawn_parts[0]) for part in drawn_parts), (
        "The seeds 1, 2 and 3 gave the same test part."
    )
    pairs = {tuple(sorted(group_split(np.arange(8), 0.25, seed)[1].tolist())) for seed in range(60)}
    assert len(pairs) > 12, f"60 seeds drew only {len(pairs)} different pairs of 8 groups; 28 are possible."
with check("the past trains, the future tests", hint="`day >= cutoff` is the test part. The day itself belongs to it."):
    days = ["2009-11-02", "2007-11-11", "2008-11-09", "2009-10-31", "2009-11-01"]
    got_split = time_split(days, "2009-11-01")
    expect([sorted(part.tolist()) for part in got_split], [[1, 2, 3], [0, 4]], what="the rows of the two parts")
    got_split = time_split(np.array(days), "2008-06-30")
    want_split = [[1], [0, 2, 3, 4]]
    expect([sorted(part.tolist()) for part in got_split], want_split, what="the parts for a cutoff between two dates")
with check(
    "a cutoff outside the dates is refused",
    hint="One part would be empty: raise ValueError.",
    needs="the past trains, the future tests",
):
    expect_raises(ValueError, time_split, ["2007-11-11", "2008-11-09"], "2030-01-01")
    expect_raises(ValueError, time_split, ["2007-11-11", "2008-11-09"], "2000-01-01")
    expect_raises(ValueError, time_split, ["2008-11-09", "2007-11-11"], "2007-11-11")
with check("the penguins: whole nests", hint="`birds['nest']` has two birds for each nest."):
    nest_column = birds["nest"].to_numpy(dtype=str)
    got_split = group_split(nest_column, 0.25, 3)
    expect(len(got_split[1]), 2 * round(0.25 * len(set(nest_column))), what="the number of test birds")
    assert not set(nest_column[got_split[0]]) & set(nest_column[got_split[1]]), "A nest is on both sides."
### BEGIN HIDDEN TESTS
with check(
    "random groups of random sizes", hint="Try groups whose rows are scattered over the table.", hidden=True
) as rng:
    for _ in range(20):
        members = rng.integers(-4, 8, int(rng.integers(20, 60)))
        share, n_members = float(rng.uniform(0.1, 0.9)), len(np.unique(members))
        got_split = group_split(members, share, int(rng.integers(1000)))
        expect(sorted([*got_split[0].tolist(), *got_split[1].tolist()]), list(range(len(members))), what="the rows")
        sides = set(members[got_split[0]].tolist()), set(members[got_split[1]].tolist())
        assert not sides[0] & sides[1], "A group is on both sides."
        expect(len(sides[1]), min(max(1, round(share * n_members)), n_members - 1), what="the number of test groups")
with check("random days", hint="Try days in any order, and several on the cutoff itself.", hidden=True) as rng:
    for _ in range(10):
        days = [f"20{y:02}-{m:02}-{d:02}" for y, m, d in rng.integers([7, 1, 1], [10, 13, 29], (12, 3)).tolist()]
        cutoff, other_day = days[int(rng.integers(12))], days[int(rng.integers(12))]
        days[:3] = ["2006-12-31", cutoff if rng.random() < 0.5 else other_day, "2010-01-01"]
        got_split = time_split(days, cutoff)
        expect(
            [sorted(part.tolist()) for part in got_split],
            [[i for i, day in enumerate(days) if day < cutoff], [i for i, day in enumerate(days) if day >= cutoff]],
            what="the rows of the two parts",
        )
### END HIDDEN TESTS
grade("group_split")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw *names* of groups, not rows: `names = np.unique(groups)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `chosen = np.random.default_rng(seed).permutation(names)[:count]`, then `np.isin(groups, chosen)` is True for
# every row of the test part.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `count = min(max(1, round(test_share * len(names))), len(names) - 1)`. For the days: `np.array([day >= cutoff for
# day in dates])`, and `np.flatnonzero` of the mask and of its opposite.
#
# </details>
#
# **Why it matters.** Patients with several images, users with several visits, frames of a video, sentences of one
# document: rows tend to come in groups. [When is a random split wrong?](#When-is-a-random-split-wrong?)

# %% [markdown]
# ### Train on the past, again and again
#
# *Implement · 8 minutes · difficulty: two of three*
#
# One cut in time gives one score, for all that lies after it. A **rolling split** gives one score a season: season
# by season is the test part, and everything before it trains. Often a **gap** has to stay free in between. If an
# answer is known only one season later, then the season right before the test part has no answers yet on the day of
# training. A gap counts seasons of the calendar, also those of which the table has no rows.
#
# **The smallest example.** Five birds of the seasons 2007, 2007, 2008, 2009, 2009. Without a gap there are two
# splits: train on rows 0 and 1, test on row 2; train on rows 0, 1 and 2, test on rows 3 and 4. With a gap of one
# season there is one: train on rows 0 and 1, test on rows 3 and 4.
#
# (scikit-learn's `TimeSeriesSplit` cuts by the *number of rows*, so the rows of one day can end up on both sides.)


# %% exercise="rolling" minutes=8
def rolling_splits(periods, gap: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Test on one period after the other, and train on what lies far enough before it.

    Args:
        periods: the period of each row, n_samples whole numbers such as years, in any order.
        gap: how many periods before the test period stay out of the training part.

    Returns:
        A list of (train, test), the earliest test period first. `test` holds the numbers of the
        rows of one period, `train` those of all rows with a period below that period minus `gap`.
        Both are integer arrays, each from the smallest row number to the largest. A period that has
        nothing to train on is left out.

    Raises:
        ValueError: no period has anything to train on.
    """
    ### BEGIN SOLUTION
    periods = np.asarray(periods)
    pairs = [
        (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
        for period in np.unique(periods)
    ]
    splits = [(train, test) for train, test in pairs if len(train)]
    if not splits:
        raise ValueError("no period has anything to train on")
    return splits
    ### END SOLUTION


# %% check="rolling" points=6
with check("the example without a gap", hint="`np.unique(periods)` lists the periods in order; the first only trains."):
    got_splits = rolling_splits([2007, 2007, 2008, 2009, 2009])
    expect([[part.tolist() for part in pair] for pair in got_splits], [[[0, 1], [2]], [[0, 1, 2], [3, 4]]])
with check("the example with a gap of one season", hint="Strictly below `period - gap`."):
    got_splits = rolling_splits([2007, 2007, 2008, 2009, 2009], gap=1)
    expect([[part.tolist() for part in pair] for pair in got_splits], [[[0, 1], [3, 4]]])
with check("rows in any order", hint="Compare periods; where a row stands says nothing about its time."):
    got_splits = rolling_splits(np.array([3, 1, 2, 1, 3]))
    expect([[part.tolist() for part in pair] for pair in got_splits], [[[1, 3], [2]], [[1, 2, 3], [0, 4]]])
with check("a gap counts periods, not rows, and not the periods that occur", hint="2007 lies three periods before 2010."):
    got_splits = rolling_splits([2007, 2010, 2011], gap=2)
    expect([[part.tolist() for part in pair] for pair in got_splits], [[[0], [1]], [[0], [2]]])
with check(
    "nothing to train on: refused",
    hint="When the list would be empty, raise ValueError.",
    needs="the example without a gap",
):
    expect_raises(ValueError, rolling_splits, [2007, 2007])
    expect_raises(ValueError, rolling_splits, [2007, 2008, 2009], 2)
### BEGIN HIDDEN TESTS
with check("random periods and gaps", hint="Try many periods, with holes, and several gaps.", hidden=True) as rng:
    for _ in range(15):
        drawn, gap = rng.integers(0, 9, int(rng.integers(8, 25))), int(rng.integers(0, 3))
        drawn[:2] = [0, 8]
        first = int(rng.choice([-4, 0, 2007]))
        drawn += first
        want_splits = []
        for period in range(first, first + 9):
            early = [row for row, p in enumerate(drawn) if p < period - gap]
            now = [row for row, p in enumerate(drawn) if p == period]
            if early and now:
                want_splits.append([early, now])
        got_splits = rolling_splits(drawn, gap)
        expect([[part.tolist() for part in pair] for pair in got_splits], want_splits)
### END HIDDEN TESTS
grade("rolling")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For each different period make two masks: the rows of this period, and the rows early enough.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.flatnonzero(periods == period)` and `np.flatnonzero(periods < period - gap)`. Keep the pair only if the second
# one is not empty.
#
# </details>
#
# **Why it matters.** A model that is trained again every season is judged best by a test that does the same. The
# scores of the seasons also show whether the world drifts. [When is a random split
# wrong?](#When-is-a-random-split-wrong?)

# %% [markdown]
# ## Words into numbers by the target
#
# The table has 50 different dates of a first egg. One-hot encoding makes 50 columns, most of them for a handful of
# birds. **Target encoding** makes one: each word becomes the mean target of the training rows with that word, here
# the share of incomplete nests among the birds with that date (D. Micci-Barreca, "A preprocessing scheme for
# high-cardinality categorical attributes in classification and prediction problems", 2001). A word that training
# lacks gets the mean of all. A rare word's mean is a guess from few rows; **smoothing** adds $s$ rows with the
# overall mean $m$ to each word:
#
# $$\text{rate} = \frac{\text{sum of the targets} + s\,m}{\text{number of rows} + s}$$
#
# For new rows that is all. For the *training* rows it is not enough, because each of them was a part of its own
# rate. A date with one nest has the rate 0 or 1, and that is the nest's fate. The model learns to trust a column
# that is an answer in training and a guess later. So training rows are encoded **out of fold**: deal them into
# folds, and give each row the rate that the *other* folds teach.
#
# **The smallest example.** Six birds in two folds:
#
# | row | island | incomplete | fold |
# |---|---|---|---|
# | 0 | Dream | 1 | 0 |
# | 1 | Dream | 0 | 1 |
# | 2 | Dream | 0 | 1 |
# | 3 | Biscoe | 1 | 1 |
# | 4 | Biscoe | 0 | 0 |
# | 5 | Torgersen | 1 | 0 |
#
# From all six, Dream has the rate 1/3, Biscoe 1/2, Torgersen 1; that is how *new* birds are encoded, and an island
# that nobody knows gets the overall 1/2. With $s = 1$, Dream has (1 + 1/2)/(3 + 1) = 3/8. Out of fold, the rows 0, 4
# and 5 learn from the rows 1, 2 and 3: Dream is 0, Biscoe is 1, and Torgersen is unknown there, so it gets their
# mean 1/3. The rows 1, 2 and 3 learn from the rows 0, 4 and 5: Dream is 1, Biscoe is 0. The column becomes 0, 1, 1,
# 0, 1, 1/3. Nothing is left of row 5's own label.
#
# ### Encode by the target, out of fold
#
# *Implement · 13 minutes · difficulty: three of three*
#
# Write both functions. The folds come from outside, because only the caller knows which rows belong together. Here
# are the six birds, to try them on:

# %%
six_words = ["Dream", "Dream", "Dream", "Biscoe", "Biscoe", "Torgersen"]
six_targets, six_folds = [1, 0, 0, 1, 0, 1], [0, 1, 1, 1, 0, 0]


# %% exercise="target_rates" minutes=13
def word_rates(words, y, new_words, smooth: float = 0.0) -> np.ndarray:
    """Learn a rate for each word from training rows, and return the rates of other words.

    Args:
        words: the word of each training row, n_samples (a list or an array).
        y: the target of each training row, n_samples numbers, 0 or 1 (a list or an array).
        new_words: the words to encode, n_new (a list or an array).
        smooth: how many rows with the overall mean of y are added to each word; 0 or more.

    Returns:
        A float array of shape (n_new,). The rate of a word is (sum of y over its training rows +
        smooth * mean of y) / (number of its training rows + smooth). A word that training lacks
        gets the mean of y.
    """
    ### BEGIN SOLUTION
    words, y = np.asarray(words), np.asarray(y)
    mean = y.mean()
    rates = {}
    for word in np.unique(words):
        mine = y[words == word]
        rates[word] = (mine.sum() + smooth * mean) / (len(mine) + smooth)
    return np.array([rates.get(word, mean) for word in new_words])
    ### END SOLUTION


def rates_out_of_fold(words, y, fold, smooth: float = 0.0) -> np.ndarray:
    """Encode training rows, each by what the rows of all other folds teach.

    Args:
        words, y, smooth: as for `word_rates`.
        fold: the fold of each row, n_samples whole numbers (a list or an array).

    Returns:
        A float array of shape (n_samples,): for each row the rate of its word, learned with
        `word_rates` from the rows that are not in its fold.

    Raises:
        ValueError: all rows are in one fold.
    """
    ### BEGIN SOLUTION
    words, y, fold = np.asarray(words), np.asarray(y), np.asarray(fold)
    if len(np.unique(fold)) < 2:
        raise ValueError("with a single fold there are no other rows to learn from")
    rates = np.empty(len(y))
    for f in np.unique(fold):
        rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)
    return rates
    ### END SOLUTION


# %% check="target_rates" points=10
with check("new rows: the mean target of their word", hint="For each word, the mean of `y` over its training rows."):
    expect(word_rates(six_words, six_targets, ["Torgersen", "Dream", "Biscoe"]), np.array([1.0, 1 / 3, 1 / 2]))
with check("a word that training lacks gets the mean of all", hint="`rates.get(word, mean)`, for the word as it is."):
    expect(word_rates(six_words, six_targets, ["Deception", "Dream"]), np.array([1 / 2, 1 / 3]))
    expect(word_rates(["a", "b", "b", "b"], [1, 0, 0, 0], ["c"]), np.array([1 / 4]))
    expect(word_rates(["Dream", "Krill"], [1, 0], ["Dreamland", "Dre"]), np.array([1 / 2, 1 / 2]))
with check("smoothing adds rows with the overall mean", hint="Sum plus smooth times mean, over count plus smooth."):
    expect(word_rates(six_words, six_targets, ["Dream", "Torgersen"], smooth=1.0), np.array([3 / 8, 3 / 4]))
with check(
    "the example, out of fold",
    hint="For each fold: learn from `fold != f`, encode the rows of `fold == f`. A list compares as a whole; turn "
    "words, y and fold into arrays with `np.asarray` first.",
):
    expect(rates_out_of_fold(six_words, six_targets, six_folds), np.array([0, 1, 1, 0, 1, 1 / 3]))
with check("out of fold, with smoothing", hint="Hand `smooth` on. The overall mean is that of the other folds, too."):
    expect(
        rates_out_of_fold(six_words, six_targets, six_folds, smooth=1.0),
        np.array([1 / 9, 5 / 6, 5 / 6, 1 / 3, 2 / 3, 1 / 3]),
    )
with check(
    "a row never sees its own label", hint="Flip one label: its own rate must stay, also through the mean."
):
    flipped = [1, 0, 0, 1, 0, 0]  # only the last bird is another
    expect(
        rates_out_of_fold(six_words, flipped, six_folds)[5],
        rates_out_of_fold(six_words, six_targets, six_folds)[5],
        what="the rate of the last row, after its own label has changed,",
    )
    alone = rates_out_of_fold(["a", "b", "c", "d"], [1, 0, 0, 1], [0, 1, 2, 3])
    expect(alone, np.array([1 / 3, 2 / 3, 2 / 3, 1 / 3]), what="the rates of four words with one row each")
with check("folds have any numbers and any order", hint="Loop over `np.unique(fold)`, not over a range."):
    for numbers_of in ([7, 3, 3, 7, 9], [0, -1, -1, 0, 5], [-3, 1000, 1000, -3, 0]):
        expect(
            rates_out_of_fold(np.array(["a", "b", "a", "b", "a"]), np.array([1, 1, 0, 0, 1]), np.array(numbers_of)),
            np.array([1 / 2, 0, 1, 1, 1 / 2]),
        )
with check(
    "a single fold is refused",
    hint="No other fold, nothing to learn from: raise ValueError.",
    needs="the example, out of fold",
):
    expect_raises(ValueError, rates_out_of_fold, ["a", "b", "a"], [1, 0, 1], [2, 2, 2])
### BEGIN HIDDEN TESTS
with check("random words, as scikit-learn's TargetEncoder", hint="Compare with `TargetEncoder`.", hidden=True) as rng:
    for _ in range(8):
        size, weight = int(rng.integers(20, 40)), float(rng.choice([0.0, 0.5, 3.0]))
        drawn_words, drawn_y = rng.choice(["kelp", "krill", "squid", "fish"], size), rng.integers(0, 2, size)
        drawn_words[0], drawn_y[:8], drawn_fold = "rare", [0, 1] * 4, np.arange(size) % 4
        deal = [(np.flatnonzero(drawn_fold != f), np.flatnonzero(drawn_fold == f)) for f in range(4)]
        theirs = TargetEncoder(smooth=weight, cv=deal, target_type="binary")
        want_rates = theirs.fit_transform(drawn_words[:, None], drawn_y)[:, 0]
        got_rates = np.asarray(rates_out_of_fold(drawn_words, drawn_y, drawn_fold, weight), dtype=float)
        expect(got_rates, want_rates)
        later = np.array(["squid", "whale", "rare"])
        got_rates = np.asarray(word_rates(drawn_words, drawn_y, later, weight), dtype=float)
        expect(got_rates, theirs.transform(later[:, None])[:, 0])
with check("random labels: the own fold's labels have no say", hint="Change labels in one fold.", hidden=True) as rng:
    for _ in range(8):
        drawn_words, drawn_y = rng.choice(["a", "b", "c"], 24), rng.integers(0, 2, 24)
        drawn_fold, weight = rng.permutation(np.arange(24) % 3), float(rng.choice([0.0, 2.0]))
        mine = drawn_fold == int(rng.integers(3))
        before = rates_out_of_fold(drawn_words, np.where(mine, 0, drawn_y), drawn_fold, weight)
        after = rates_out_of_fold(drawn_words, np.where(mine, 1, drawn_y), drawn_fold, weight)
        expect(after[mine], before[mine], what="the rates of a fold, after its own labels have changed,")
        assert not np.allclose(after[~mine], before[~mine]), "The other folds should have learned from the change."
### END HIDDEN TESTS
grade("target_rates")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `word_rates` is a dict from word to rate, and one look-up for each new word.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `rates_out_of_fold` calls `word_rates` once for each fold: with the rows that are *not* in it for `words` and `y`,
# and the words of the rows that are in it for `new_words`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)`, with NumPy arrays.
#
# </details>
#
# What difference does it make? The next cell encodes the dates of the training birds in three ways: by all training
# birds, the bird itself included; out of fold with *birds* dealt into folds; out of fold with whole *nests* dealt.
# New birds are encoded by all training birds in each case. A logistic regression then predicts the fate of new
# nests from the rate and the bird's number. (It does not need your code.)

# %%
def date_rates(table, rows):
    """Learn the share of incomplete nests for each date from `rows`; return it for every bird."""
    learned = table.iloc[rows]
    by_date = learned.groupby("date")["incomplete"].mean()
    return table["date"].map(by_date).fillna(learned["incomplete"].mean()).to_numpy(copy=True)


def date_rates_out_of_fold(table, rows, dealt):
    """The same, but each of `rows` gets the rate that the other four of five folds teach.

    Args:
        dealt: what is dealt into the folds, "birds" or whole "nests".
    """
    codes, learned = date_rates(table, rows), table.iloc[rows]
    groups = learned["nest"] if dealt == "nests" else learned.index
    for others, held in splits_by_group(learned["incomplete"], groups, repeats=1):
        codes[rows[held]] = date_rates(table, rows[others])[rows[held]]
    return codes


def dealing_birds(table, rows):
    return date_rates_out_of_fold(table, rows, "birds")


def dealing_nests(table, rows):
    return date_rates_out_of_fold(table, rows, "nests")


failed = np.flatnonzero(birds["incomplete"] == 1)  # the birds of incomplete nests
fine = np.flatnonzero(birds["incomplete"] == 0)


def area_under_roc(encode, dealt="nests"):
    """Predict the fate of each nest from number and encoded date, in 20 splits.

    Args:
        encode: called with the table and the training rows; returns a code for every bird.
        dealt: what is dealt into training and test part, "birds" or whole "nests".

    Returns:
        The AUC over all pairs of test birds, its interval, the AUC of each split, the model's
        weight of the code in each split, and the AUC as a function of how often each bird counts.
    """
    fate, shape = birds["incomplete"].to_numpy(), (len(failed), len(fine))
    won, pairs, areas, trust = np.zeros(shape), np.zeros(shape), [], []
    groups = birds["nest"] if dealt == "nests" else birds.index
    for train, test in splits_by_group(fate, groups, n_splits=4, repeats=5):
        table = np.column_stack([birds["number"], encode(birds, train)])
        model = make_pipeline(StandardScaler(), LogisticRegression())
        score = model.fit(table[train], fate[train]).decision_function(table)
        ahead = score[failed][:, None] - score[fine]  # a row for each failed bird
        tested = np.outer(np.isin(failed, test), np.isin(fine, test))
        wins = tested * ((ahead > 0) + 0.5 * (ahead == 0))  # ties count half
        won, pairs = won + wins, pairs + tested
        areas.append(wins.sum() / tested.sum())
        trust.append(model[-1].coef_[0, 1])

    def under(w):
        return (w[failed] @ won @ w[fine]) / (w[failed] @ pairs @ w[fine])

    area, around = under(np.ones(len(birds))), interval(under, birds["nest"])
    return {"area": area, "interval": around, "areas": areas, "trust": trust, "under": under}


# %% demo=true
encodings = {
    "by all, itself included": date_rates,
    "out of fold, birds dealt": dealing_birds,
    "out of fold, nests dealt": dealing_nests,
}
encoded = {label: area_under_roc(encode) for label, encode in encodings.items()}
for label, found in encoded.items():
    low, high = found["interval"]
    positive = sum(weight > 0 for weight in found["trust"])
    print(
        f"{label:26} AUC on new nests {found['area']:.2f} ({low:.2f} to {high:.2f}); weight of the "
        f"rate {np.mean(found['trust']):+.2f} on average, above zero in {positive} of 20 splits"
    )
print("differences to the last one, with the middle 95 %:")
by_nests = encoded["out of fold, nests dealt"]
for label, found in list(encoded.items())[:2]:
    low, high = interval(lambda w: found["under"](w) - by_nests["under"](w), birds["nest"])
    print(f"{label:26} {found['area'] - by_nests['area']:+.2f} ({low:+.2f} to {high:+.2f})")

# %% [markdown]
# The scores are paired: the same splits, the same birds. So look at the intervals of the *differences*. Both contain
# zero, and the scores do not decide.
#
# The weights show what the model makes of the rate. A positive weight says: where more nests of this date failed,
# this one fails, too. Where a bird has seen its own label, the weight is positive in all 20 splits. That is the mark
# of the leak. Out of fold with birds dealt, it is so again: the mate, with the same date and the same fate, lies in
# another fold and tells. With whole nests dealt, the mark is gone.
#
# What is left there is a weight below zero, in nearly all splits. That is no discovery about dates. A nest that
# failed is missing in its own rate, so the rates of failed nests come out a little lower than those of their
# neighbours. The control: shuffle the fates among the nests, so that there is nothing to find. With birds dealt,
# the weight stays above zero in nearly all splits; with nests dealt, it stays below zero in most.
#
# **The same in scikit-learn.** `TargetEncoder` (since version 1.3, 2023) cross-fits: `fit_transform` on the training
# part encodes out of fold, `transform` on new rows uses everything, so `fit(X, y).transform(X)` is *not* the same as
# `fit_transform(X, y)`. Its folds deal single rows unless you hand it others; since version 1.9 (2026) its `cv` takes
# a splitter or a list of folds. CatBoost solves the same problem by an order: each row is encoded by the rows before
# it in a random order (L. Prokhorenkova and others, "CatBoost: unbiased boosting with categorical features", 2018).
#
# **Why it matters.** "Ten thousand cities" is a common question, and target encoding a good answer: F. Pargent and
# others ("Regularized target encoding outperforms traditional methods in supervised machine learning with high
# cardinality features", 2022) compared it with others on such tables. The question behind it is whether you know that
# training rows need another code than new ones. [How do you encode
# categories?](#How-do-you-encode-categories?)

# %% [markdown]
# ## Leakage
#
# **Leakage** is information in training or in the features that will not be there when the model is used. There are
# four ways in. A *feature* that is written down after the outcome. A *step* that learns from test rows: a fill, a
# scale, a vocabulary, an encoding by the target. A *split* with dependent rows on both sides. And a *choice*, of
# columns, settings or the moment to stop, that was made by the score on the test part; choices need a third part, the
# **validation** part, or a cross-validation inside the training part.
#
# ### Which of three programs is honest?
#
# *Choose one · 8 minutes · difficulty: three of three*
#
# Can you foresee from a bird's number and the date of its first egg whether its nest stays incomplete? Three
# programs try. All of them encode the date by the target and use the same logistic regression. The score is the ROC
# AUC: the probability that a bird from an incomplete nest gets a higher score than one from a complete nest, ties
# counted half. Guessing gives one half.
#
# Read the three programs in the next cell. Then run both cells: twenty splits each.

# %%
programs = {
    # what is dealt into training and test part, and how the dates are encoded
    "A": ("birds", dealing_birds),
    "B": ("nests", lambda table, rows: date_rates(table, np.arange(len(table)))),
    "C": ("nests", dealing_nests),
}

# %% demo=true
# Figure: the AUC of three programs on 20 splits each
areas = {letter: area_under_roc(encode, dealt) for letter, (dealt, encode) in programs.items()}
fig, (ax,) = plots.canvas(width=6.5, height=2.8)
for level, (letter, found) in enumerate(areas.items()):
    low, high = found["interval"]
    print(
        f"program {letter}: AUC {found['area']:.2f}, over nests {low:.2f} to {high:.2f}; "
        f"single splits {min(found['areas']):.2f} to {max(found['areas']):.2f}"
    )
    ax.plot([low, high], [level, level], color="0.7", linewidth=9, solid_capstyle="butt", zorder=1)
    lift = level + (np.arange(20) % 5 - 2) * 0.05
    ax.scatter(found["areas"], lift, s=14, color=plots.palette["blue"], zorder=2)
    mean_bar = {"marker": "|", "s": 400, "color": plots.palette["vermillion"]}
    ax.scatter([found["area"]], [level], zorder=3, **mean_bar)
ax.axvline(0.5, color="black", linestyle=":")
ax.annotate("guessing", (0.5, 2.55), ha="center", fontsize=9)
ax.set_yticks(range(3), [f"program {letter}" for letter in areas])
ax.set(xlabel="AUC on the test part (20 splits; bar: 95 % over nests)", xlim=(0.2, 1))
ax.set_ylim(-0.5, 2.8)
row_texts = [
    f"Program {letter} has {found['area']:.2f}, with an interval over nests from "
    f"{found['interval'][0]:.2f} to {found['interval'][1]:.2f}."
    for letter, found in areas.items()
]
plots.show(fig, alt="The AUC of three programs, 20 splits each. " + " ".join(row_texts))

# %% [markdown]
# Answer with the letter, such as `"a"`. Before you answer the last question, count: how many *nests* stayed
# incomplete, and how many of them does a test part hold?
#
# **`"honest"`: which program's score may you believe?** (a) A (b) B (c) C
#
# **`"fault_a"`: what is wrong with A?**
# - (a) It deals single birds, so mates part, and one tells the other's fate.
# - (b) Its dates are encoded with the labels of the birds in the test part.
# - (c) Its training birds are part of their own rate, so the model trusts it.
#
# **`"fault_b"`: what is wrong with B?**
# - (a) The rate of a date contains the labels of the test birds.
# - (b) Its split is by nest, so the shares of the classes are only approximate.
# - (c) The two birds of a nest can be on different sides of its split.
#
# **`"verdict"`: what do you tell the biologist?**
# - (a) The fate of a nest can be foreseen well, because two of the three programs agree on it.
# - (b) These data cannot tell; there are too few incomplete nests.
# - (c) Number and date do not predict the fate of a nest; the honest interval contains one half.

# %% exercise="leak_hunt" minutes=8
### BEGIN SOLUTION
hunt = {"honest": "c", "fault_a": "a", "fault_b": "a", "verdict": "b"}
### END SOLUTION
### BEGIN RELEASE
# hunt = {"honest": ..., "fault_a": ..., "fault_b": ..., "verdict": ...}
### END RELEASE

# %% check="leak_hunt" points=4
with check("the program to believe", hint="For each program: could it have run before the test nests existed?"):
    expect_choice(
        hunt["honest"],
        "c",
        {
            "a": "A encodes out of fold, but look at what it deals: where is the mate of a test bird?",
            "b": "B's split is honest, but look at which rows its encoding learns from.",
            "c": "Right. It is tested on new nests, and it learned nothing from them. (That its score is the lowest "
            "proves nothing: a faulty program can score below one half, too.)",
        },
    )
with check("the fault of program A", hint="Compare A and C: which words differ, and in how many places?"):
    expect_choice(
        hunt["fault_a"],
        "a",
        {
            "a": "Right. Mates share date and fate: across the split, the rate of a test bird's date holds its mate's "
            "label; across the folds, mates teach the model to trust that rate.",
            "b": "It hands only the training rows to date_rates_out_of_fold. B is the one that looks at all rows.",
            "c": "It encodes training birds out of fold. But who lies in the other folds?",
        },
    )
with check("the fault of program B", hint="Compare B and C: which rows does the encoding learn from?"):
    expect_choice(
        hunt["fault_b"],
        "a",
        {
            "a": "Right. date_rates gets all rows. For a date with few birds, the code is nearly the label itself.",
            "b": "That is true, harmless, and true of C as well.",
            "c": "It deals whole nests into training and test part, as C does.",
        },
    )
with check("the verdict", hint="Look at the honest interval: which values, besides one half, does it contain?"):
    expect_choice(
        hunt["verdict"],
        "b",
        {
            "a": "They agree because both leak. Two faulty programs are no confirmation.",
            "b": "Right. Eighteen incomplete nests leave everything open from guessing to a modest relation.",
            "c": "The interval contains one half, and 0.6 as well. No evidence for a relation is not evidence for none.",
        },
    )
grade("leak_hunt")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A and C differ in what is dealt, birds or nests, in two places: into the parts of the split, and into the folds that
# encode. B and C differ in which rows teach the rates.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Imagine that the test nests are found tomorrow. Which of the three programs could be run today? For the verdict:
# 36 birds are 18 nests, and a test part holds four or five of them.
#
# </details>
#
# Neither leak raised an error, and neither has to do with the model. A scores above 0.6 and B above 0.8, both with
# intervals that exclude one half. An interval speaks of chance. It does not see a leak.
#
# The honest score is 0.54, and its interval reaches from 0.41 to 0.67. The 36 birds are 18 nests, and mates have one
# fate, so there are 18 observations of the rare class, not 36. With so few, "no relation" and "a modest relation"
# look the same. Say that, and say what would help: more nests, which takes more seasons. Then mind the dates: they
# carry their year. C speaks of other nests of the same seasons. In a new season every date is unknown to it and gets
# the mean of all; to foresee anything there, encode the day *within* the season.
#
# **Two deals.** A and C differ in two deals, not in one: into training and test part, and into the folds in which
# the training birds are encoded. Run the next cell: all four combinations.

# %% demo=true
for outer in ("birds", "nests"):
    for inner, encode in {"birds": dealing_birds, "nests": dealing_nests}.items():
        found = area_under_roc(encode, outer)
        low, high = found["interval"]
        print(
            f"{outer} into the parts, {inner} into the folds: AUC {found['area']:.2f} "
            f"({low:.2f} to {high:.2f}), weight of the rate {np.mean(found['trust']):+.2f}"
        )

# %% [markdown]
# | AUC | birds into the folds | nests into the folds |
# |---|---|---|
# | birds into the parts | 0.69 (A) | 0.33 |
# | nests into the parts | 0.41 | 0.54 (C) |
#
# The deal into parts lets the mate's label into the rate of a test bird. The deal into folds decides what the model
# makes of it. With birds in the folds the weight of the rate is positive, and the leak pays. With nests in the
# folds it is negative, and the *same leak* takes the score far below one half. So a leak need not raise a score, and
# a low score is no proof of honesty.
#
# **A test for one kind of leak.** Change the *test* rows to nonsense, keep the split, and run the program again. If
# anything that was learned in training moves, a step has used the test part. Run the next cell: what does this test
# say of A, B and C?

# %% demo=true
for letter, (dealt, encode) in programs.items():
    moved = shared = 0
    groups = birds["nest"] if dealt == "nests" else birds.index
    for train, test in splits_by_group(birds["incomplete"], groups, n_splits=4, repeats=1):
        nonsense_birds = birds.copy()
        nonsense_birds.loc[test, ["date", "number"]] = ["never", -1]
        nonsense_birds.loc[test, "incomplete"] = 1 - birds.loc[test, "incomplete"]
        before, after = encode(birds, train), encode(nonsense_birds, train)
        moved += not np.array_equal(before[train], after[train])
        shared += np.isin(birds["nest"].iloc[test], birds["nest"].iloc[train]).sum()
    print(
        f"program {letter}: the training features moved in {moved} of 4 splits; "
        f"{shared:3} of 344 test birds have their mate in the training part"
    )

# %% [markdown]
# It finds B and passes A, whose score is too good as well. So passing it is no proof. It finds *steps* through which
# test rows reach what training learns, and only those. A split leak needs another question: which rows belong
# together, and is a group on both sides? Count it, as the second half of the line does. A feature leak needs a third:
# who writes this value, and when? And a choice that was made by the test score leaves no trace in the program at all.
# It leaves one in the notebook in which somebody tried forty things.
#
# **Why it matters.** A leak raises no error, and its score is welcome, so nobody looks for it. S. Kapoor and A.
# Narayanan ("Leakage and the reproducibility crisis in machine-learning-based science", 2023) collected reports of
# it from seventeen fields. [What is data leakage?](#What-is-data-leakage?)

# %% [markdown]
# ## The same as a pipeline
#
# You have all the parts. In a program they should not lie scattered, because then every call is an occasion to fit
# something on the wrong rows. scikit-learn's `Pipeline` chains transformers and a model into one object: `fit`
# fits all of them, on what it is given; `predict` only applies them. `ColumnTransformer` sends each column to its
# own steps. In `cross_val_score` the whole chain is fitted afresh in every fold, on the training part of that fold.
# A step that learns from test rows is not forbidden, it is made hard to write. The other three kinds of leaks pass
# through a pipeline unseen. (Resampling, such as repeating rare rows, changes the number of rows. It belongs inside
# the fold, into the training part alone; a row that is repeated before the split stands on both sides.)
#
# ### By hand and as a pipeline
#
# *Implement · 12 minutes · difficulty: two of three*
#
# First assemble your own parts: columns of numbers are imputed and standardised, columns of words are imputed and
# one-hot encoded, everything learned from the training part. The result has the numbers first, in the order given,
# then the columns of each word column.
#
# Then build the same as a `Pipeline` with two steps. The first is called `"prepare"`: a `ColumnTransformer` with
# `SimpleImputer` (strategies `"median"` and `"most_frequent"`), `StandardScaler` and
# `OneHotEncoder(handle_unknown="ignore", sparse_output=False)`. The second is called `"model"`:
# `LogisticRegression(max_iter=1000)`. The two must agree to nine digits.


# %% exercise="pipeline" minutes=12
def prepare_by_hand(
    train: pd.DataFrame, test: pd.DataFrame, numbers: list[str], words: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Impute, standardise and encode with the functions of this unit, all learned from `train`.

    Args:
        train, test: the two parts, with gaps.
        numbers, words: names of the columns to use; other columns are left out.

    Returns:
        Two float arrays without gaps, with len(train) and len(test) rows and the same columns: the
        standardised `numbers`, then the one-hot columns of each of `words`, in the order of the two
        lists.
    """
    ### BEGIN SOLUTION
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
    parts += [one_hot(train[word], test[word]) for word in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])
    ### END SOLUTION


def build_model(numbers: list[str], words: list[str]) -> Pipeline:
    """Return an unfitted pipeline with two steps, "prepare" and "model".

    "prepare" does what `prepare_by_hand` does, "model" is `LogisticRegression(max_iter=1000)`.

    Args:
        numbers, words: names of the columns to use; other columns are left out.
    """
    ### BEGIN SOLUTION
    for_numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    for_words = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    prepare_step = ColumnTransformer([("n", for_numbers, numbers), ("w", for_words, words)])
    return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
    ### END SOLUTION


# %% check="pipeline" points=7
with check("a small table by hand", hint="Impute first, then standardise the numbers and encode the words."):
    small_train = pd.DataFrame({"m": [1.0, np.nan, 3.0, 2.0], "w": ["b", "a", None, "b"], "x": [9, 9, 9, 9]})
    small_test = pd.DataFrame({"m": [2.0, np.nan], "w": ["c", None], "x": [1, 2]})
    got_parts = prepare_by_hand(small_train, small_test, ["m"], ["w"])
    root = np.sqrt(2)
    expect(got_parts[0], np.array([[-root, 0, 1], [0, 1, 0], [root, 0, 1], [0, 0, 1]]), what="the training part")
    expect(got_parts[1], np.array([[0.0, 0, 0], [0, 0, 1]]), what="the test part")
with check(
    "the test part has no influence on the training part", hint="Fills, mean, scale and words all come from `train`."
):
    parts_used = birds.iloc[0::2], birds.iloc[1::2]
    nonsense = parts_used[1].assign(mass=1e9, flipper=np.nan, island="Nowhere")
    honest_part = prepare_by_hand(*parts_used, NUMBERS, WORDS)[0]
    expect(
        prepare_by_hand(parts_used[0], nonsense, NUMBERS, WORDS)[0],
        honest_part,
        what="the training part, with a nonsense test part,",
    )
with check(
    "the penguins by hand, as scikit-learn prepares them",
    hint="Numbers first, then the words, each in the order of the list.",
):
    parts_used = birds.iloc[0::3], birds.drop(birds.index[0::3])
    theirs = ColumnTransformer([
        ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
        ("w", OneHotEncoder(handle_unknown="ignore", sparse_output=False), WORDS),
    ]).fit(parts_used[0])  # fmt: skip
    expect(prepare_by_hand(*parts_used, NUMBERS, WORDS), tuple(theirs.transform(part) for part in parts_used))
with check("the pipeline has the two steps", hint='Pipeline([("prepare", ...), ("model", ...)])'):
    expect(list(build_model(NUMBERS, WORDS).named_steps), ["prepare", "model"], what="the names of the steps")
    last_step = build_model(NUMBERS, WORDS).named_steps["model"]
    expect([last_step.max_iter, last_step.C], [1000, 1.0], what="max_iter and C of the last step")
with check(
    "the pipeline's features equal yours, to nine digits",
    hint="Compare shapes first; then imputers (some islands are missing here), scaler and encoder, one at a time.",
):
    gappy = birds.dropna(subset=["sex"])
    gappy = gappy.assign(island=gappy["island"].mask(np.arange(len(gappy)) % 7 == 0))
    train_birds, test_birds = gappy.iloc[0::2], gappy.iloc[1::2]
    model = build_model(NUMBERS, WORDS)
    model.fit(train_birds.drop(columns="sex"), (train_birds["sex"] == "MALE").to_numpy())
    got_features = model.named_steps["prepare"].transform(test_birds.drop(columns="sex"))
    expect(got_features, prepare_by_hand(train_birds, test_birds, NUMBERS, WORDS)[1], what="the pipeline's features")
    model = build_model(["mass"], ["nest"])  # so many words that nearly all entries are zero
    model.fit(train_birds.drop(columns="sex"), (train_birds["sex"] == "MALE").to_numpy())
    got_features = model.named_steps["prepare"].transform(test_birds.drop(columns="sex"))
    want_features = prepare_by_hand(train_birds, test_birds, ["mass"], ["nest"])[1]
    expect(got_features, want_features, what="the pipeline's features, mass and nest,")
with check(
    "the pipeline predicts as logistic regression does on its features",
    hint="Is the last step `LogisticRegression(max_iter=1000)`? Does each call of `build_model` make new objects?",
):
    train_birds, test_birds = birds.dropna(subset=["sex"]).iloc[0::2], birds.dropna(subset=["sex"]).iloc[1::2]
    model, is_male = build_model(NUMBERS, WORDS), (train_birds["sex"] == "MALE").to_numpy()
    model.fit(train_birds.drop(columns="sex"), is_male)
    coded = [model.named_steps["prepare"].transform(part.drop(columns="sex")) for part in (train_birds, test_birds)]
    theirs = LogisticRegression(max_iter=1000).fit(coded[0], is_male).predict(coded[1])
    build_model(NUMBERS, WORDS).fit(train_birds.drop(columns="sex")[:60], ~is_male[:60])  # a second one, of its own
    agreed = float((model.predict(test_birds.drop(columns="sex")) == theirs).mean())
    assert agreed > 0.98, f"It agrees on {agreed:.2f} of the birds, after a second pipeline was fitted to other labels."
### BEGIN HIDDEN TESTS
with check(
    "random tables, by hand and as a pipeline", hint="Try columns in another order, and unknown words.", hidden=True
) as rng:
    for _ in range(2):
        size = int(rng.integers(20, 40))
        drawn = pd.DataFrame({
            "p": rng.choice([1.0, 2.0, 5.0, np.nan], size), "q": rng.normal(50, 9, size), "u": rng.choice(["k", "l", "m"], size),
            "v": pd.Series(rng.choice(["x", "y", "?"], size)).replace("?", None),
        })  # fmt: skip
        drawn.loc[0], drawn.loc[1] = [1.0, 50.0, "k", "x"], [2.0, 40.0, "l", "x"]
        drawn.index = rng.integers(0, size, size)
        part_a, part_b = drawn.iloc[: size // 2], drawn.iloc[size // 2 :].assign(u="new")
        theirs = ColumnTransformer([
            ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["q", "p"]),
            ("w", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), ["v", "u"]),
        ]).fit(part_a)  # fmt: skip
        want_parts = tuple(theirs.transform(part) for part in (part_a, part_b))
        expect(prepare_by_hand(part_a, part_b, ["q", "p"], ["v", "u"]), want_parts)
        model = build_model(["q", "p"], ["v", "u"])
        model.fit(part_a, (np.arange(len(part_a)) % 2).astype(int))
        expect(model.named_steps["prepare"].transform(part_b), want_parts[1])
### END HIDDEN TESTS
grade("pipeline")

# %% demo=true
def show_cross_validation():
    """Compare two sets of columns on the same folds, each bird tested once, nests kept together."""
    folds_by_nest = list(splits_by_group(sexed["sex"], sexed["nest"], repeats=1))
    once, right = np.ones(len(sexed)), {}
    for label, used in {"numbers and words": WORDS, "numbers alone": []}.items():
        model = build_model(NUMBERS, used)
        guess = cross_val_predict(model, sexed[NUMBERS + used], sexed["sex"], cv=folds_by_nest)
        right[label] = (guess == sexed["sex"]).to_numpy(float)
        print(f"{label:18} accuracy {share_right(right[label], once, sexed['nest'])}")
    gained = right["numbers and words"] - right["numbers alone"]
    print(f"{'difference':18}          {share_right(gained, once, sexed['nest'])}")


when_written(show_cross_validation)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# By hand: `fit_fills` on `train[numbers + words]`, `impute` both parts, then scale and encode. `np.hstack` joins
# the columns.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A `ColumnTransformer` takes triples: name, transformer, columns. A transformer may itself be a
# `make_pipeline(imputer, scaler)`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers)`, the same for the words
# with `SimpleImputer(strategy="most_frequent")` and the encoder, and `Pipeline([("prepare",
# ColumnTransformer([...])), ("model", ...)])`.
#
# </details>
#
# `pipeline.set_output(transform="pandas")` keeps the columns' names on the way, which makes a wrong column visible.
#
# **Why it matters.** One object to fit, to cross-validate, to save and to ship: preprocessing that is not shipped
# with the model will be written a second time, differently. [What is a Pipeline for?](#What-is-a-Pipeline-for?)

# %% [markdown]
# ## Before it is used
#
# ### Would you ship this program?
#
# *Choose one · 13 minutes · difficulty: three of three*
#
# A colleague's program tells the sex of a bird from its species and four body measurements. It is to run on a laptop
# in the colony: a bird is measured, its row goes in, the answer comes out. You are asked for a review. Read the six
# lines, run the cell, and experiment with `seen`, `unseen`, `measured` and `program` in a cell of your own.

# %%
# line 1: birds of unknown sex cannot teach; copies of a row would stand on both sides of a split
known = birds[birds["sex"].notna()].drop_duplicates()

# line 2: the test birds come from other nests
rows_seen, rows_unseen = next(splits_by_group(known["sex"], known["nest"], n_splits=4))
seen, unseen = known.iloc[rows_seen], known.iloc[rows_unseen]


# line 3: males are heavy for their species, so compare each bird with its species
def measured(table):
    return table[BODY] - table.groupby("species")[BODY].transform("mean")


# line 4: gaps, scale and model in one object
program = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())

# line 5: everything is learned from the training birds
program.fit(measured(seen), seen["sex"])

# line 6: the score on the test birds
accuracy = (program.predict(measured(unseen)) == unseen["sex"]).mean()

# %% demo=true
test_hits = (program.predict(measured(unseen)) == unseen["sex"]).to_numpy(float)
print(
    f"{len(unseen)} birds of other nests: accuracy {accuracy:.3f}, with the middle 95 %: "
    f"{share_right(test_hits, np.ones(len(unseen)), unseen['nest'])}"
)

# %% [markdown]
# Your review has four parts.
#
# **`"line"`:** the line that has to change before the program may be used, from `"1"` to `"6"`; or `"0"`, if you
# would ship it as it stands.
#
# **`"experiment"`:** the experiment that shows it, or that convinces you that all is well.
# - `"a"`: put nonsense into the test rows, run lines 3 to 5 again, and compare the weights.
# - `"b"`: shuffle the sexes of the training birds, fit again, and score; many times, for the mean.
# - `"c"`: split by bird instead of by nest, fit again, and score.
# - `"d"`: give the test birds to the fitted program one at a time, and look at the answers.
#
# **`"before"` and `"changed"`:** your evidence, two numbers: the accuracy that the cell prints, and how many of the
# test birds get another answer in your experiment than in the cell. Run the experiment; a guess will not do.

# %% exercise="review" minutes=13
### BEGIN SOLUTION
one_at_a_time = [program.predict(measured(unseen.iloc[[row]]))[0] for row in range(len(unseen))]
verdict = {
    "line": "3",
    "experiment": "d",
    "before": accuracy,
    "changed": int((program.predict(measured(unseen)) != one_at_a_time).sum()),
}
### END SOLUTION
### BEGIN RELEASE
# # Your experiments go here, or into cells of your own.
# verdict = {"line": ..., "experiment": ..., "before": ..., "changed": ...}
### END RELEASE

# %% check="review" points=4
with check("the line", hint="For each line: what does it look at, and will that be there in the colony?"):
    expect_choice(
        verdict["line"],
        "3",
        {
            "0": "Think of the laptop: what does it get, and when? Does each line give there what it gives here?",
            "1": "Both steps look at one row at a time, or at copies, and learn nothing. They may come before the split.",
            "2": "It keeps nests together. Count the nests on both sides: there are none.",
            "3": "Right. It learns a mean from whatever table it is given, and nobody in the colony has that table.",
            "4": "All of this is fitted in line 5, on training birds.",
            "5": "It gets only training birds. But look at what `measured` does with the next table.",
            "6": "Its number is right for a whole table of birds. What will the function that it calls look at elsewhere?",
        },
    )
with check("the experiment", hint="Which of the four does to the program what the colony will do?"):
    expect_choice(
        verdict["experiment"],
        "d",
        {
            "a": "The weights do not move, and the program is still not fit for use. That test sees what *training* learns.",
            "b": "One shuffle may give almost any score, many give about one half on average, as they should. That shows "
            "that labels do not leak, and no more.",
            "c": "It changes the score a little, in one direction or the other. The split was right already.",
            "d": "Right. It is the only one of the four that uses the program as it will be used.",
        },
    )
with check("the evidence: the accuracy before", hint="The number that the cell prints for the whole test part."):
    parts = [sexed.iloc[part] for part in next(splits_by_group(sexed["sex"], sexed["nest"], n_splits=4))]
    compared = [part[BODY] - part.groupby("species")[BODY].transform("mean") for part in parts]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(compared[0], parts[0]["sex"])
    together = (fitted.predict(compared[1]) == parts[1]["sex"]).mean()
    expect(verdict["before"], float(together), tol=0.01, what="the accuracy before", tell=False)
with check(
    "the evidence: what the experiment changes",
    hint="Keep both lists of answers, compare them bird by bird, and count the differences. `unseen.iloc[[row]]` is a "
    "table with one bird.",
    needs="the experiment",
):
    called = fitted.predict(compared[1] * 0)  # what a bird is, minus itself
    changed = int((called != fitted.predict(compared[1])).sum())
    expect(verdict["changed"], changed, what="the number of birds with another answer", tell=False)
grade("review")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Not every fault is a leak into training. For each line ask what it looks at, and what it will look at in the colony.
#
# </details>
# <details><summary>Hint 2</summary>
#
# What does `measured(unseen.iloc[[0]])` return? For the count, ask the program in both ways and compare the answers.
#
# </details>
#
# Nothing flows from the test part into training, nothing raises an error, and the score is honest for a whole table
# of birds. But `measured(unseen)` learns from the test rows: each bird's features hold the other test birds, and they
# are not there in use. Alone, a bird is its own mean, and all its measurements become zero. So in the colony the
# program calls every bird by the same sex, and is right about half of the time. What is computed in training and what
# is computed in use are not the same function: this is **training-serving skew** (E. Breck and others, "The ML test
# score: a rubric for ML production readiness and technical debt reduction", 2017, test for it). Its sources are
# statistics of the batch at hand, a second program in another language, other units, other defaults for a gap, and
# columns in another order. The test is the same for all: send the *same rows* through both ways, alone and in
# company, and compare the features, not the scores.
#
# **Why it matters.** Most of what you are shown in a review has no fault that announces itself. Say what you would
# run, and what it would show. [What is training-serving skew?](#What-is-training-serving-skew?)

# %% [markdown]
# ### Repair it
#
# *Find the bug · 8 minutes · difficulty: two of three*
#
# The idea of line 3 is good: compare each bird with its species. But the means of the species are learned, so they
# belong to the training part. **The smallest example.** Training birds: Adelies of 3000 g and 4000 g, a Gentoo of
# 5000 g. An Adelie of 3600 g becomes +100, alone or in company. A Chinstrap, which training lacks, is compared with
# the mean of all training birds, 4000 g. The next cell holds these three birds, to try your program on.

# %%
three_kinds = ["Adelie", "Adelie", "Gentoo"]
three_birds = pd.DataFrame({"kind": three_kinds, "mass": [3000.0, 4000.0, 5000.0]})


# %% exercise="fix_relative" minutes=8 faults=["one bird alone", "alone or in company: the same numbers", "a group of which training knows nothing gets the mean of all", "random tables and groups"]
def relative(table: pd.DataFrame, train: pd.DataFrame, columns: list, by: str) -> pd.DataFrame:
    """Subtract from each row the mean of its group, learned from the training part.

    Args:
        table: the rows to encode, one or more.
        train: the training part, with the same columns.
        columns: names of the columns of numbers to encode, with gaps perhaps.
        by: name of the column that says the group; without gaps.

    Returns:
        A frame with `columns`, and with the index and the order of `table`: the value minus the
        mean of the known values of its group in `train`. Where `train` knows no value of the group,
        the mean of all known values of the column in `train` takes its place. Gaps stay gaps.
    """
    ### BEGIN SOLUTION
    means = train.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)
    return table[columns] - means.fillna(train[columns].mean())
    ### END SOLUTION
    ### BEGIN RELEASE
    # return table[columns] - table.groupby(by)[columns].transform("mean")
    ### END RELEASE


# %% check="fix_relative" points=6
with check(
    "one bird alone",
    hint="Learn the means from `train`, and look the bird's group up in them. Frames subtract by label: give the means "
    "the index of `table`.",
):
    lone = pd.DataFrame({"kind": ["Adelie"], "mass": [3600.0]}, index=[9])
    expect(relative(lone, three_birds, ["mass"], "kind"), pd.DataFrame({"mass": [100.0]}, index=[9]))
with check(
    "the training part itself",
    hint="This worked in the faulty program. What did you change?",
    needs="one bird alone",
):
    expect(relative(three_birds, three_birds, ["mass"], "kind"), pd.DataFrame({"mass": [-500.0, 500.0, 0.0]}))
with check(
    "index, order and gaps stay",
    hint="Subtract frames with the same index; NaN minus a number is NaN.",
    needs="one bird alone",
):
    gappy_birds = three_birds.assign(mass=[3000.0, np.nan, 5000.0]).set_axis([7, 3, 5])
    expect(
        relative(gappy_birds, gappy_birds, ["mass"], "kind"), pd.DataFrame({"mass": [0.0, np.nan, 0.0]}, index=[7, 3, 5])
    )
    twice = three_birds.set_axis([7, 3, 7])
    want_relative = pd.DataFrame({"mass": [-500.0, 500.0, 0.0]}, index=[7, 3, 7])
    expect(relative(twice, three_birds, ["mass"], "kind"), want_relative, what="the result, with a label twice,")
with check("alone or in company: the same numbers", hint="Nothing may depend on the other rows of `table`."):
    company = unseen.iloc[:12]
    together = relative(company, seen, BODY, "species")
    for row in range(12):
        expect(relative(company.iloc[[row]], seen, BODY, "species"), together.iloc[[row]], what="a bird alone")
    expect(together, company[BODY] - seen.groupby("species")[BODY].mean().loc[company["species"]].to_numpy())
with check(
    "a group of which training knows nothing gets the mean of all",
    hint="`fillna(train[columns].mean())` on the means: for a group that is not there, and for one with gaps only.",
):
    lone = pd.DataFrame({"kind": ["Chinstrap", "Gentoo"], "mass": [3700.0, 5100.0]})
    expect(relative(lone, three_birds, ["mass"], "kind"), pd.DataFrame({"mass": [-300.0, 100.0]}))
    not_weighed = three_birds.assign(mass=[3000.0, 4000.0, np.nan], bill=[40.0, 42.0, 47.0])
    lone = pd.DataFrame({"kind": ["Gentoo"], "mass": [5100.0], "bill": [48.0]})
    want_relative = pd.DataFrame({"mass": [1600.0], "bill": [1.0]})
    expect(relative(lone, not_weighed, ["mass", "bill"], "kind"), want_relative, what="a Gentoo, where none was weighed,")
### BEGIN HIDDEN TESTS
with check("random tables and groups", hint="Try several columns, gaps and an odd index.", hidden=True) as rng:
    for _ in range(8):
        size = int(rng.integers(8, 20))
        drawn = pd.DataFrame({
            "p": rng.normal(9, 2, size), "q": rng.choice([1.0, 4.0, np.nan], size), "g": rng.choice(["x", "y"], size),
        }, index=rng.permutation(size))  # fmt: skip
        drawn.iloc[:3] = [[1.0, 4.0, "x"], [2.0, 1.0, "y"], [3.0, np.nan, "v"]]
        later = drawn.sample(7, random_state=int(rng.integers(99))).assign(g=["x", "y", "z", "x", "v", "z", "y"])
        known = {c: drawn.groupby("g")[c].mean().dropna().to_dict() for c in ("q", "p")}
        want_rows = [
            [row[c] - known[c].get(row["g"], drawn[c].mean()) for c in ("q", "p")] for _, row in later.iterrows()
        ]
        expect(relative(later, drawn, ["q", "p"], "g"), pd.DataFrame(want_rows, index=later.index, columns=["q", "p"]))
### END HIDDEN TESTS
grade("fix_relative")

# %% demo=true
def show_in_use():
    """Score the program again, with means learned from the training part."""
    repaired = make_pipeline(StandardScaler(), LogisticRegression())
    repaired.fit(relative(seen, seen, BODY, "species"), seen["sex"])
    for label, tables in {
        "all at once": [unseen],
        "one at a time": [unseen.iloc[[row]] for row in range(len(unseen))],
    }.items():
        guess = [g for t in tables for g in repaired.predict(relative(t, seen, BODY, "species"))]
        hits = (np.array(guess) == unseen["sex"]).to_numpy(float)
        print(f"{label:14} accuracy {share_right(hits, np.ones(len(hits)), unseen['nest'])}")


when_written(show_in_use)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `train.groupby(by)[columns].mean()` is a small table: one row for each group that training knows.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `.reindex(table[by])` picks the row of each bird's group, NaN where there is none. Then give it the index of
# `table`, with `.set_axis(table.index)`.
#
# </details>
#
# **Why it matters.** `groupby().transform()`, `rank()`, `qcut()`, `cat.codes` and `get_dummies()` all learn from the
# table that they are given. In a notebook that is handy. In a program that is used they belong to the training part.
# [What is training-serving skew?](#What-is-training-serving-skew?)

# %% [markdown]
# ## To tensors
#
# PyTorch wants tensors of the right **dtype**. Weights are `float32`, so features are `float32`. `CrossEntropyLoss`
# wants class numbers as `int64` of shape (n,). NumPy's default is `float64`, and a table of words has no dtype that
# a tensor knows. PyTorch lets NaN pass without a word; one NaN in the input makes the loss NaN, the gradients NaN
# and, after one step, all weights NaN. An infinite feature does the same; with `CrossEntropyLoss` the loss itself is
# NaN at once. So the border between table and tensor is the place to refuse gaps, infinities and unknown labels.
#
# A `DataLoader` cuts the tensors into minibatches. The training part is **shuffled** (with a seeded generator, so
# that the run can be repeated), the test part is not. The last batch is smaller when the numbers do not divide.
#
# **The smallest example.** Five birds, two features, batches of two: three batches, of shapes (2, 2), (2, 2) and
# (1, 2). The labels `["Gentoo", "Adelie"]` with the classes `["Adelie", "Gentoo"]` become `tensor([1, 0])`.
#
# ### Tensors and a loader
#
# *Implement · 10 minutes · difficulty: two of three*


# %% exercise="to_tensors" minutes=10
def to_tensors(X, labels, classes: list) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn prepared features and labels into tensors.

    Args:
        X: numbers, shape (n_samples, n_features) (a list of rows or an array).
        labels: n_samples labels (a list or an array).
        classes: all labels that may occur; a label's number is its position in this list.

    Returns:
        (features, targets): float32 of shape (n_samples, n_features), int64 of shape (n_samples,).

    Raises:
        ValueError: a feature is NaN or infinite, or a label is not among the classes.
    """
    ### BEGIN SOLUTION
    if not np.isfinite(X).all():
        raise ValueError("a feature is NaN or infinite; impute first")
    positions = {name: i for i, name in enumerate(classes)}
    unknown = {name for name in labels if name not in positions}
    if unknown:
        raise ValueError(f"unknown labels: {unknown}")
    return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
    ### END SOLUTION


def make_loader(
    features: torch.Tensor, targets: torch.Tensor, batch_size: int, shuffle: bool, seed: int = 0
) -> DataLoader:
    """Return a loader of minibatches (features, targets).

    It keeps every sample, the last smaller batch too.

    Args:
        features, targets: tensors with the same number of rows.
        batch_size: rows of a batch.
        shuffle: whether every pass has a new random order; otherwise every pass has the order of
            the rows.
        seed: of the loader's own `torch.Generator`: two loaders with the same seed have the same
            order in their first pass, in their second pass, and so on.
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    rows = TensorDataset(features, targets)
    return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator)
    ### END SOLUTION


# %% check="to_tensors" points=11
with check(
    "features are float32", hint="torch.tensor(X, dtype=torch.float32): NumPy's float64 does not fit the weights."
):
    expect(
        to_tensors([[0.5, 1.0], [2.0, -1.0]], ["b", "a"], ["a", "b"])[0],
        torch.tensor([[0.5, 1.0], [2.0, -1.0]]),
        what="the features",
    )
with check(
    "targets are int64, of shape (n,)", hint="One whole number for each sample: its label's position in `classes`."
):
    expect(
        to_tensors([[0.0], [0.0], [0.0]], ["b", "c", "a"], ["a", "b", "c"])[1],
        torch.tensor([1, 2, 0]),
        what="the targets",
    )
with check(
    "the given order of the classes decides, not the alphabet",
    hint="`classes.index(label)`; do not sort, and do not collect classes from the labels.",
):
    expect(
        to_tensors([[0.0], [0.0]], ["Gentoo", "Gentoo"], ["Gentoo", "Adelie"])[1],
        torch.tensor([0, 0]),
        what="the targets",
    )
with check(
    "a gap or an infinity is refused",
    hint="`np.isfinite(X).all()`, then raise ValueError where it is False.",
    needs="features are float32",
):
    expect_raises(ValueError, to_tensors, [[0.0], [np.nan]], ["a", "b"], ["a", "b"])
    expect_raises(ValueError, to_tensors, [[0.0], [np.inf]], ["a", "b"], ["a", "b"])
    expect_raises(ValueError, to_tensors, [[-np.inf], [1.0]], ["a", "b"], ["a", "b"])
    expect_raises(ValueError, to_tensors, [[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]], ["a", "b", "a"], ["a", "b"])
    expect_raises(ValueError, to_tensors, [[1.0, np.inf], [3.0, 4.0]], ["a", "b"], ["a", "b"])
with check(
    "an unknown label is refused",
    hint="Raise ValueError for a label that `classes` lacks, wherever it would stand. A number is not its spelling.",
    needs="targets are int64, of shape (n,)",
):
    for stranger in ("z", "A", "ab", "", "0"):
        expect_raises(ValueError, to_tensors, [[0.0], [1.0]], ["a", stranger], ["a", "b"])
        expect_raises(ValueError, to_tensors, [[0.0], [1.0]], [stranger, "b"], ["b", "a"])
    expect_raises(ValueError, to_tensors, [[0.0], [1.0]], [1, 2], [1, 3])
    expect_raises(ValueError, to_tensors, [[0.0], [1.0]], ["1", "2"], [1, 2])
    expect_raises(ValueError, to_tensors, [[0.0], [1.0]], [1, 2], ["1", "2"])
with check("five birds in batches of two", hint="`drop_last` must stay False: the last batch is smaller."):
    five = torch.arange(10.0).reshape(5, 2), torch.arange(5)
    shapes = [list(batch[0].shape) for batch in make_loader(*five, batch_size=2, shuffle=False)]
    expect(shapes, [[2, 2], [2, 2], [1, 2]], what="the list of the batches' shapes")
with check("without shuffling the order stays, in every pass", hint="Hand `shuffle` on to the DataLoader."):
    five = torch.arange(10.0).reshape(5, 2), torch.arange(5)
    loader = make_loader(*five, batch_size=2, shuffle=False, seed=3)
    for name in ("first", "second"):
        order = [int(target) for batch in loader for target in batch[1]]
        expect(order, [0, 1, 2, 3, 4], what=f"the order of the targets in the {name} pass")
with check(
    "shuffled: every sample once, with its own label, in a new order",
    hint="Shuffle through the DataLoader, never the two tensors apart.",
):
    many = torch.arange(60.0).reshape(60, 1), torch.arange(60)
    batches = [
        (batch[0][:, 0].tolist(), batch[1].tolist()) for batch in make_loader(*many, batch_size=7, shuffle=True, seed=1)
    ]
    order = [target for _, targets in batches for target in targets]
    expect(sorted(order), list(range(60)), what="the targets of one pass, sorted,")
    assert order != list(range(60)), "The order is still the order of the rows."
    assert all(xs == [float(t) for t in ts] for xs, ts in batches), "Features and targets no longer belong together."
with check(
    "the same seed shuffles alike, another differently",
    hint="A generator of its own: `torch.Generator().manual_seed(seed)`.",
):
    many = torch.arange(60.0).reshape(60, 1), torch.arange(60)
    orders = [
        [int(target) for batch in make_loader(*many, batch_size=16, shuffle=True, seed=seed) for target in batch[1]]
        for seed in (5, 5, 6)
    ]
    expect(orders[1], orders[0], what="the order with seed 5, the second time,")
    assert orders[2] != orders[0], "The seeds 5 and 6 gave the same order."
    first = make_loader(*many, batch_size=16, shuffle=True, seed=5)
    make_loader(*many, batch_size=16, shuffle=True, seed=6)
    late = [int(target) for batch in first for target in batch[1]]
    expect(late, orders[0], what="the order with seed 5, after another loader was made,")
with check(
    "shuffled: every pass has a new order, and the same one for the same seed",
    hint="One generator for the whole life of the loader. Do not shuffle once, and do not seed it again.",
):
    many = torch.arange(60.0).reshape(60, 1), torch.arange(60)
    loaders = [make_loader(*many, batch_size=16, shuffle=True, seed=5) for _ in range(2)]
    passes = [[[int(target) for batch in loader for target in batch[1]] for _ in range(3)] for loader in loaders]
    assert passes[0][0] != passes[0][1] != passes[0][2], "Two passes over one loader had the same order."
    expect(passes[1], passes[0], what="the orders of three passes, of a second loader with the same seed,")
### BEGIN HIDDEN TESTS
with check("random tables become tensors", hint="Try arrays, lists and several classes.", hidden=True) as rng:
    for _ in range(15):
        size, names = int(rng.integers(1, 20)), rng.permutation(["p", "q", "r", "s"]).tolist()
        names = names if rng.random() < 0.5 else rng.permutation([-1, 0, 3, 20]).tolist()
        drawn, picks = rng.normal(size=(size, 3)), rng.integers(0, 4, size)
        got_tensors = to_tensors(drawn, [names[i] for i in picks], names)
        expect(got_tensors[0], torch.tensor(drawn, dtype=torch.float32))
        assert list(got_tensors[1].shape) == [size], "The targets have another shape than one number for each sample."
        expect(got_tensors[1], torch.tensor(picks, dtype=torch.int64))
### END HIDDEN TESTS
grade("to_tensors")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Check first, convert afterwards: `np.isfinite(X).all()`, and every label in `classes`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.tensor(X, dtype=torch.float32)`, and `torch.tensor([classes.index(name) for name in labels])`. `list.index`
# already raises ValueError for a label that is not there.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle,
# generator=torch.Generator().manual_seed(seed))`.
#
# </details>
#
# **Why it matters.** float64 features against float32 weights raise an error, and that is the lucky case. float64
# *targets* pass through `mse_loss`, targets of the wrong shape bring a warning, and NaN brings nothing.
# [How do you feed a table to PyTorch?](#How-do-you-feed-a-table-to-PyTorch?)

# %% [markdown]
# ## Put together
#
# The whole way in one cell: whole nests for the test part, your own preparation, tensors, a loader, and a linear
# model in PyTorch that learns the sex of a bird. Look at how little is left to go wrong.

# %% demo=true
def show_the_whole_way():
    """Split by nest, prepare by hand, train a linear model in PyTorch, score it."""
    train, test = group_split(sexed["nest"].to_numpy(dtype=str), 0.25, 0)
    before, after = prepare_by_hand(sexed.iloc[train], sexed.iloc[test], NUMBERS, WORDS)
    X_train, y_train = to_tensors(before, sexed["sex"].iloc[train], ["FEMALE", "MALE"])
    X_test, y_test = to_tensors(after, sexed["sex"].iloc[test], ["FEMALE", "MALE"])
    torch.manual_seed(0)
    linear = torch.nn.Linear(X_train.shape[1], 2)
    loader = make_loader(X_train, y_train, batch_size=32, shuffle=True)
    for _ in range(30):  # 30 epochs
        for features, targets in loader:
            torch.nn.functional.cross_entropy(linear(features), targets).backward()
            with torch.no_grad():  # plain gradient descent; unit 04 is about this loop
                for weights in linear.parameters():
                    weights -= 0.3 * weights.grad
                    weights.grad = None
    hits = (linear(X_test).argmax(dim=1) == y_test).double().numpy()
    score = share_right(hits, np.ones(len(hits)), sexed["nest"].iloc[test])
    print(f"{len(train)} birds trained, {len(test)} birds of other nests tested: accuracy {score}")


when_written(show_the_whole_way)

# %% [markdown]
# ### Write: review a result
#
# *Write · 15 minutes · difficulty: three of three*
#
# A colleague writes: *"Great news. I dropped the incomplete rows, mapped all words to numbers, scaled everything, and
# split at random. A decision tree predicts incomplete nests with an accuracy of 100 %, with island, sample number,
# date and the comments as features. Shall we deploy it?"*
#
# Answer in ten to fourteen sentences, politely. One point for each of these:
#
# 1. You say what `dropna` does to this table, with a number, and what to do instead; and which accuracy a program has
#    that always gives the same answer, on the rows left and on the whole table.
# 2. You name a feature that gives the target away, or that will not be known at the time of prediction, and say
#    why.
# 3. You explain why the random split is wrong here, and which split answers the question.
# 4. You say what the mapping of words does, and what to do instead.
# 5. You say how to fit scaling and encoding, and how a Pipeline helps.
# 6. You say what the honest version, program C, scored, how sure that is and why, and what you would recommend.

# %% [markdown] exercise="memo" points=6 minutes=15 manual=true
# Thanks for sending this. I would not deploy it yet, for these reasons.
#
# `dropna` keeps only 34 of the 344 birds, because 290 rows lack a comment, and all of the 34 come from incomplete
# nests; whoever always says "incomplete" is right on every one of them. On the whole table, whoever always says
# "complete" has an accuracy of 0.895 (308 of 344), so accuracy is no score for this question. Keep every row whose
# target is known, and impute the gaps in the features.
#
# The comments must go: "Nest never observed with full clutch" is the target in other words, and it is written down
# when the outcome is known.
#
# The two birds of a nest share their date and fate, so a random split puts one mate into training and tests the
# other. We will use the model on new nests, so split by nest; if next year is meant, split by season, and encode the
# day within the season, because dates carry their year.
#
# Numbers for islands invent an order, and a word outside the dict becomes NaN in silence. One-hot encoding with words
# learned from the training part, and zeros for unknown ones, avoids both.
#
# Fit scaling and encoding on the training part only; in one Pipeline with the model, cross-validation does that
# afresh in every fold.
#
# Done like this with number and date (program C), the AUC on new nests of the same seasons was 0.54, with an interval
# from 0.41 to 0.67, because there are only 18 incomplete nests. That is compatible with guessing and with a modest
# relation, so these data cannot tell. I would report it like this, and collect more seasons before anything is
# deployed.

# %% [markdown]
# **Why it matters.** Reviewing somebody else's number is what the interview simulates and what the job consists of.
# [What is data leakage?](#What-is-data-leakage?)

# %% [markdown]
# ## How to answer
#
# **In thirty seconds.** *First I look: what is one row, what is missing and why, which columns will be known when
# the model is used. Then I split, before anything is learned from the data: stratified, or by group or by time if
# the rows are not independent. Everything that learns, fills, scales, vocabularies, selections, is fitted on the
# training part only and applied to the rest, in one Pipeline with the model. I drop rows without a target, and
# hardly any others, and say whom that leaves out. At the end I check dtype, shape and NaN at the border to the
# framework, and that one row alone gives what it gives in company.*
#
# **The deep answer** adds reasons and numbers. Dropping rows is sampling: on the raw penguins `dropna` leaves 34 of
# 344 rows, all of one class. Filling with the mean multiplies the variance by the share of known values, and whether
# it is harmless depends on the mechanism, MCAR, MAR or MNAR, which the table cannot tell you. Outlier rules flag,
# they do not explain; mean and standard deviation are the wrong ruler because the outlier bends it. Categories change
# over time, so the encoder needs an answer to a word it has never seen. Scaling matters to distances, penalties and
# gradients (here it takes nearest neighbours from 0.79 to 0.99), not to trees. Stratification bounds the error of
# every class share by $1/t$. A random split answers a question about a random *row*; if new cases are new nests or
# new years, ask about those. Leaks are looked for kind by kind: nonsense in the test rows finds steps through which
# they reach training, counting groups on both sides finds split leaks, and "who writes this value, and when" finds
# features that know the answer. A score comes with an interval over what is independent: nests, not birds.
#
# **What the usual answer gets wrong.** *Clean, transform, split* is the wrong order: the split comes before anything
# that learns. "Remove missing values and outliers" leaves another population, and does not say which. `map` with a
# dict loses every word that it does not list. And none of the three words asks the first question: *what will be
# known, about whom, when this is used?*

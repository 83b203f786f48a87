# %% gives the share in per cent exercise="audit" fails=["the four birds", "a number can be a placeholder too, and differs from its spelling", "random tables"]
# A share is a percentage.
# - rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name][~gone].nunique())]
# + rows[name] = [int(gone.sum()), 100 * float(gone.mean()), int(frame[name][~gone].nunique())]

# %% trusts isna alone exercise="audit" fails=["the four birds", "a number can be a placeholder too, and differs from its spelling", "random tables"]
# Whatever is missing is NaN.
# - gone = frame[name].isna() | frame[name].isin(list(placeholders))
# + gone = frame[name].isna()

# %% counts missing as a distinct value exercise="audit" fails=["the four birds", "without placeholders a dot is a value like any other", "a number can be a placeholder too, and differs from its spelling", "the raw penguins", "random tables"]
# NaN is one more value of the column, and so are the placeholders.
# - rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name][~gone].nunique())]
# + rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name].nunique(dropna=False))]

# %% cleans while it counts exercise="audit" fails=["the four birds", "a number can be a placeholder too, and differs from its spelling", "random tables"]
# Replacing the placeholders in the table itself saves a step later.
# - gone = frame[name].isna() | frame[name].isin(list(placeholders))
# + frame[name] = frame[name].mask(frame[name].isin(list(placeholders)))
# + gone = frame[name].isna()

# %% looks for words alone exercise="audit" fails=["a number can be a placeholder too, and differs from its spelling", "random tables"]
# Placeholders are words such as "?" or ".".
# - gone = frame[name].isna() | frame[name].isin(list(placeholders))
# + gone = frame[name].isna() | frame[name].isin([p for p in placeholders if isinstance(p, str)])

# %% takes a dot for missing unasked exercise="audit" fails=["without placeholders a dot is a value like any other"]
# A dot never is a value.
# - gone = frame[name].isna() | frame[name].isin(list(placeholders))
# + gone = frame[name].isna() | frame[name].isin([".", *placeholders])

# %% leaves out columns that say nothing exercise="audit" fails=["the four birds", "without placeholders a dot is a value like any other", "a number can be a placeholder too, and differs from its spelling", "the raw penguins", "random tables"]
# A column without gaps is no part of a report on gaps.
# - rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name][~gone].nunique())]
# + if gone.any():
# +     rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name][~gone].nunique())]

# %% the worst column first exercise="audit" fails=["the four birds", "without placeholders a dot is a value like any other", "the raw penguins", "random tables"]
# A reader wants to see the worst column first.
# - return pd.DataFrame.from_dict(rows, orient="index", columns=["missing", "share", "distinct"])
# + table = pd.DataFrame.from_dict(rows, orient="index", columns=["missing", "share", "distinct"])
# + return table.sort_values("missing", ascending=False, kind="stable")

# %% compares spellings exercise="audit" fails=["a number can be a placeholder too, and differs from its spelling"]
# As text, all values can be compared.
# - gone = frame[name].isna() | frame[name].isin(list(placeholders))
# + gone = frame[name].isna() | frame[name].astype(str).isin([str(p) for p in placeholders])

# %% swaps the two bounds exercise="dropna_bounds" fails=["without comments, at most", "without comments, at least", "all columns, at most", "all columns, at least"]
# Gaps in different rows are the best case.
survivors = {
    "without_comments": {"at_most": 298, "at_least": 330},
    "all_columns": {"at_most": 8, "at_least": 54},
}

# %% counts the four measurements once exercise="dropna_bounds" fails=["without comments, at least", "all columns, at least"]
# The body measurements are missing together, so they count once (true here, but the audit does not say so).
survivors = {
    "without_comments": {"at_most": 344 - 14, "at_least": 344 - (2 + 11 + 14 + 13)},
    "all_columns": {"at_most": 344 - 290, "at_least": 344 - (2 + 11 + 14 + 13 + 290)},
}

# %% only drops the inplace exercise="fix_dropna" fails=["a gap in a feature costs no row", "other columns have no say", "the raw penguins: both kinds of nests survive", "random tables with gaps"]
# The only thing wrong with dropna is that it works in place.
# - known = table[table[target].notna()]
# + known = table.dropna()

# %% drops rows with a gap in the used columns exercise="fix_dropna" fails=["a gap in a feature costs no row", "the raw penguins: both kinds of nests survive", "random tables with gaps"]
# Rows with a missing feature cannot be used, only the other columns should have no say.
# - known = table[table[target].notna()]
# + known = table[[*features, target]].dropna()

# %% fills the target exercise="fix_dropna" fails=["a row without its target is dropped, and the caller keeps it", "random tables with gaps"]
# No row is ever dropped: a missing target gets the most frequent one.
# - known = table[table[target].notna()]
# - return known[features], known[target]
# + return table[features], table[target].fillna(table[target].mode().iloc[0])

# %% selects and still works in place exercise="fix_dropna" fails=["a row without its target is dropped, and the caller keeps it", "random tables with gaps"]
# dropna with a subset is enough; the caller will be glad to have a clean table.
# - known = table[table[target].notna()]
# - return known[features], known[target]
# + table.dropna(subset=[target], inplace=True)
# + return table[features], table[target]

# %% numbers the rows anew exercise="fix_dropna" fails=["a row without its target is dropped, and the caller keeps it", "random tables with gaps"]
# After rows have gone, the index should have no holes.
# - known = table[table[target].notna()]
# + known = table[table[target].notna()].reset_index(drop=True)

# %% the features in the order of the table exercise="fix_dropna" fails=["a table without gaps comes back whole, the features as asked for", "random tables with gaps"]
# The order of the columns means nothing.
# - return known[features], known[target]
# + return known[[name for name in table.columns if name in features]], known[target]

# %% removes repetitions as well exercise="fix_dropna" fails=["a table without gaps comes back whole, the features as asked for", "random tables with gaps"]
# A row that stands twice is an error.
# - known = table[table[target].notna()]
# + known = table[table[target].notna()].drop_duplicates()

# %% picks rows by their labels exercise="fix_dropna" fails=["a row without its target is dropped, and the caller keeps it", "random tables with gaps"]
# A label names one row. (Two rows may share it, and loc brings both.)
# - known = table[table[target].notna()]
# + known = table.loc[table[target].dropna().index]

# %% forgets that one more row divides exercise="impute_by_hand" fails=["the variance after filling in the mean"]
# Filling in the mean does not change the variance.
chick = {"mean": 4, "median": 3.5, "variance_known": 14 / 4, "variance_filled": 14 / 4}

# %% divides by n minus one exercise="impute_by_hand" fails=["the variance of the four known values", "the variance after filling in the mean"]
# A variance always divides by n - 1.
chick = {"mean": 4, "median": 3.5, "variance_known": 14 / 3, "variance_filled": 14 / 4}

# %% takes a middle value for the median exercise="impute_by_hand" fails=["the median of the four"]
# The median is one of the values.
chick = {"mean": 4, "median": 3, "variance_known": 14 / 4, "variance_filled": 14 / 5}

# %% the chick that was not weighed counts exercise="impute_by_hand" fails=["the mean of the four"]
# There are five chicks, so the sum is divided by five.
chick = {"mean": 16 / 5, "median": 3.5, "variance_known": 14 / 4, "variance_filled": 14 / 5}

# %% fills in the mean exercise="imputer" fails=["the median, not the mean", "the penguins, as scikit-learn fills them", "random tables, filled from another part"]
# The mean is the natural fill.
# - fills[name] = float(known.median())
# + fills[name] = float(known.mean())

# %% words have no fill exercise="imputer" fails=["the example: median and most frequent word", "words that are equally frequent: the first in the alphabet", "every column by itself", "random tables, filled from another part"]
# Only numbers have a middle.
# - counts = known.value_counts()
# - fills[name] = min(counts.index[counts == counts.max()])
# + fills[name] = "missing"

# %% fills every table from itself exercise="imputer" fails=["the gaps of a test part get the fills of the training part", "columns without a fill stay as they are", "the penguins, as scikit-learn fills them", "random tables, filled from another part"]
# A gap in a table is best filled from that table.
# - return frame.fillna(fills)
# + return frame.fillna({n: f if isinstance(f, str) else frame[n].median() for n, f in fills.items()})

# %% takes the first word that value_counts lists exercise="imputer" fails=["words that are equally frequent: the first in the alphabet", "random tables, filled from another part"]
# value_counts puts the right word first, also among equals.
# - counts = known.value_counts()
# - fills[name] = min(counts.index[counts == counts.max()])
# + fills[name] = known.value_counts().index[0]

# %% the last word of the alphabet exercise="imputer" fails=["words that are equally frequent: the first in the alphabet", "random tables, filled from another part"]
# Of equally frequent words any will do.
# - fills[name] = min(counts.index[counts == counts.max()])
# + fills[name] = max(counts.index[counts == counts.max()])

# %% fills in place exercise="imputer" fails=["the gaps of a test part get the fills of the training part", "columns without a fill stay as they are", "the penguins, as scikit-learn fills them", "random tables, filled from another part"]
# Working in place saves memory.
# - return frame.fillna(fills)
# + for name, fill in fills.items():
# +     frame[name] = frame[name].fillna(fill)
# + return frame

# %% fills the rest with zeros exercise="imputer" fails=["columns without a fill stay as they are"]
# No gap may be left, so columns without a fill get a zero.
# - return frame.fillna(fills)
# + return frame.fillna(fills).fillna(0)

# %% a column without values has no fill exercise="imputer" fails=["a column without a known value is refused"]
# There is nothing to learn from such a column, so it is skipped.
# - if known.empty:
# -     raise ValueError(f"the column {name!r} has no known value")
# + if known.empty:
# +     continue

# %% drops what it cannot fill exercise="imputer" fails=["columns without a fill stay as they are"]
# Only columns with a fill are of use later.
# - return frame.fillna(fills)
# + return frame[list(fills)].fillna(fills)

# %% only floats are numbers exercise="imputer" fails=["the median, not the mean"]
# Numbers with gaps are floats, so a column that is not float holds words.
# - if pd.api.types.is_numeric_dtype(train[name]):
# + if train[name].dtype == float:

# %% wants one row without gaps exercise="imputer" fails=["every column by itself"]
# If no row is complete, the table teaches nothing.
# - if known.empty:
# + if train.dropna().empty:

# %% a fill of zero is no fill exercise="imputer" fails=["the gaps of a test part get the fills of the training part", "random tables, filled from another part"]
# What counts as false has nothing to fill in.
# - return frame.fillna(fills)
# + return frame.fillna({name: fill for name, fill in fills.items() if fill})

# %% digits are numbers exercise="imputer" fails=["every column by itself"]
# What can be read as a number is one.
# - if pd.api.types.is_numeric_dtype(train[name]):
# -     fills[name] = float(known.median())
# + if pd.to_numeric(known, errors="coerce").notna().all():
# +     fills[name] = float(pd.to_numeric(known).median())

# %% an ordinary z-score exercise="outliers" fails=["the example: robust scores", "a gap is no outlier", "random values with gaps: robust scores"]
# Robust is a name; the score is the distance from the mean in standard deviations.
# - return 0.6745 * distances / mad
# + return (values - np.nanmean(values)) / np.nanstd(values)

# %% fences around the median exercise="outliers" fails=["a value on the fence is inside", "both sides, and another k", "random values with gaps: fences"]
# The fences stand k IQRs on both sides of the median.
# - return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
# + return np.abs(values - np.nanmedian(values)) > k * (q3 - q1)

# %% the fence itself is outside exercise="outliers" fails=["a value on the fence is inside", "both sides, and another k", "an IQR of zero: all other values are flagged"]
# Reaching the fence is enough.
# - return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
# + return (values <= q1 - k * (q3 - q1)) | (values >= q3 + k * (q3 - q1))

# %% one fence is enough exercise="outliers" fails=["both sides, and another k", "random values with gaps: fences"]
# Outliers are values that are too large.
# - return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
# + return values > q3 + k * (q3 - q1)

# %% the 1.5 is a law exercise="outliers" fails=["both sides, and another k", "random values with gaps: fences"]
# Tukey's fences stand at 1.5 IQRs.
# - return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
# + return (values < q1 - 1.5 * (q3 - q1)) | (values > q3 + 1.5 * (q3 - q1))

# %% medians that know no gaps exercise="outliers" fails=["a gap is no outlier", "no scale is refused, a small scale is a scale", "random values with gaps: fences", "random values with gaps: robust scores"]
# np.percentile and np.median skip NaN.
# - q1, q3 = np.nanpercentile(values, [25, 75])
# + q1, q3 = np.percentile(values, [25, 75])
# - distances = values - np.nanmedian(values)
# - mad = np.nanmedian(np.abs(distances))
# + distances = values - np.median(values)
# + mad = np.median(np.abs(distances))

# %% drops the gaps exercise="outliers" fails=["a gap is no outlier", "random values with gaps: fences"]
# A gap cannot be judged, so it has no place in the answer.
# - return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))
# + values = values[~np.isnan(values)]
# + return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))

# %% a column in, a column out exercise="outliers" fails=["the example: only 30 lies outside the fences", "the example: robust scores"]
# A column of a table calculates like an array, so there is nothing to convert.
# - values = np.asarray(values)
# - q1, q3 = np.nanpercentile(values, [25, 75])
# + q1, q3 = np.nanpercentile(values, [25, 75])
# - values = np.asarray(values)
# - distances = values - np.nanmedian(values)
# + distances = values - np.nanmedian(values)

# %% no IQR, no outlier exercise="outliers" fails=["an IQR of zero: all other values are flagged"]
# Without a scale nothing can be flagged.
# - q1, q3 = np.nanpercentile(values, [25, 75])
# + q1, q3 = np.nanpercentile(values, [25, 75])
# + if q1 == q3:
# +     return np.zeros(len(values), dtype=bool)

# %% divides by one where there is no scale exercise="outliers" fails=["no scale is refused, a small scale is a scale"]
# As for a constant column, the scale is set to 1.
# - raise ValueError("more than half of the values are equal: there is no scale")
# + mad = 1.0

# %% a k of zero is no k exercise="outliers" fails=["both sides, and another k"]
# Nobody means zero.
# - q1, q3 = np.nanpercentile(values, [25, 75])
# + k, (q1, q3) = k or 1.5, np.nanpercentile(values, [25, 75])

# %% a tiny scale is none exercise="outliers" fails=["no scale is refused, a small scale is a scale", "random values with gaps: robust scores"]
# Floating-point numbers are never compared with ==.
# - if mad == 0:
# + if np.isclose(mad, 0):

# %% deletes what is flagged exercise="read_outliers" fails=["what to do with R"]
# A flagged value is an error.
plot_read = {"together": "a", "by_species": "c", "r": "a", "fence": 4650}

# %% looks only at all birds together exercise="read_outliers" fails=["outside the fences of their own species", "the upper fence of the Chinstraps"]
# One set of fences serves all species.
plot_read = {"together": "a", "by_species": "a", "r": "b", "fence": 6550}

# %% judges the heap by the species exercise="read_outliers" fails=["outside the fences of all birds", "outside the fences of their own species", "what to do with R", "the upper fence of the Chinstraps"]
# Q is far too heavy for an Adelie, so it is an outlier wherever one looks.
plot_read = {"together": "b", "by_species": "b", "r": "c", "fence": 4950}

# %% the dict gets longer exercise="fix_one_hot" fails=["the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "random words"]
# With the third island in the dict, the program is complete.
def one_hot(train, test):
    codes = {"Biscoe": 0, "Dream": 1, "Torgersen": 2}
    codes = {word: i for i, word in enumerate(w for w in codes if w in set(train))} or codes

    def rows(column):
        return np.eye(len(codes))[column.map(codes).dropna().astype(int)]

    return rows(train), rows(test)


# %% one column of numbers exercise="fix_one_hot" fails=["three islands: no row is lost", "the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "the penguins, as scikit-learn encodes them", "random words"]
# A number for each word is enough, and unknown words get -1.
def one_hot(train, test):
    words = sorted(train.dropna().unique())
    codes = {word: i for i, word in enumerate(words)}
    return tuple(part.map(codes).fillna(-1).to_numpy(dtype=float)[:, None] for part in (train, test))


# %% looks at both parts for its words exercise="fix_one_hot" fails=["an unknown word becomes a row of zeros", "random words"]
# Then no word of the test part is unknown.
# - words = sorted(train.dropna().unique())
# + words = sorted(pd.concat([train, test]).dropna().unique())

# %% the words as they come exercise="fix_one_hot" fails=["three islands: no row is lost", "the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "the penguins, as scikit-learn encodes them", "random words"]
# The order of the columns does not matter as long as it is always the same.
# - words = sorted(train.dropna().unique())
# + words = list(train.dropna().unique())

# %% unknown words join the first column exercise="fix_one_hot" fails=["an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "random words"]
# fillna(0) makes the codes whole again.
def one_hot(train, test):
    words = sorted(train.dropna().unique())
    codes = {word: i for i, word in enumerate(words)}
    return tuple(np.eye(len(words))[part.map(codes).fillna(0).astype(int).to_numpy()] for part in (train, test))


# %% leaves True and False exercise="fix_one_hot" fails=["the two islands that the program knows, as floats"]
# True is 1 and False is 0, so a comparison is an encoding already.
# - return np.column_stack([column.eq(word).to_numpy(dtype=float) for word in words])
# + return np.column_stack([column.eq(word) for word in words])

# %% a gap is spelled nan exercise="fix_one_hot" fails=["a missing word becomes a row of zeros"]
# As text, a gap is nan or None, and nobody uses such a word.
def one_hot(train, test):
    words = sorted({str(word) for word in train} - {"nan", "None"})
    return tuple(np.array([[float(str(w) == name) for name in words] for w in part]) for part in (train, test))

# %% drops the first column exercise="fix_one_hot" fails=["three islands: no row is lost", "the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "the penguins, as scikit-learn encodes them", "random words"]
# One column is redundant, because the others determine it.
# - words = sorted(train.dropna().unique())
# + words = sorted(train.dropna().unique())[1:]

# %% divides by n minus one in the scale exercise="scaler" fails=["the example: mean 4, scale the root of 8/3", "every column has its own mean and scale", "a small scale is a scale", "random tables, as StandardScaler does it"]
# The standard deviation of pandas and of the statistics course.
# - return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))
# + return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0, ddof=1))

# %% one mean for the whole table exercise="scaler" fails=["the example: mean 4, scale the root of 8/3", "every column has its own mean and scale", "a constant column has scale 1", "a constant column of 0.1 has scale 1 as well", "a small scale is a scale", "random tables, as StandardScaler does it"]
# mean() and std() without an axis.
# - return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))
# + return X.mean(), X.std() or 1.0

# %% compares the deviation with zero exercise="scaler" fails=["a constant column of 0.1 has scale 1 as well", "random tables, as StandardScaler does it"]
# A constant column has a standard deviation of exactly zero.
# - constant = X.max(axis=0) == X.min(axis=0)
# + constant = X.std(axis=0) == 0

# %% a constant column is no special case exercise="scaler" fails=["a constant column has scale 1", "a constant column of 0.1 has scale 1 as well", "random tables, as StandardScaler does it"]
# Zero divided by zero is NaN, and NaN shows that the column is useless.
# - return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))
# + return X.mean(axis=0), X.std(axis=0)

# %% a small scale counts as none exercise="scaler" fails=["a small scale is a scale", "random tables, as StandardScaler does it"]
# Whatever is smaller than a hundredth is a rounding error.
# - constant = X.max(axis=0) == X.min(axis=0)
# + constant = X.std(axis=0) < 0.05

# %% learns again when it applies exercise="scaler" fails=["applied to other rows", "random tables, as StandardScaler does it"]
# Standardised rows have mean 0, so each table takes its own mean.
# - return (np.asarray(X) - mean) / scale
# + return (np.asarray(X) - np.asarray(X).mean(axis=0)) / scale

# %% steps over the gaps exercise="scaler" fails=["a gap is refused"]
# The nan-versions of mean and standard deviation know what to do.
# - if np.isnan(X).any():
# -     raise ValueError("a value is missing; impute first")
# - constant = X.max(axis=0) == X.min(axis=0)
# - return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))
# + constant = np.nanmax(X, axis=0) == np.nanmin(X, axis=0)
# + return np.nanmean(X, axis=0), np.where(constant, 1.0, np.nanstd(X, axis=0))

# %% nearly equal is equal exercise="scaler" fails=["a small scale is a scale"]
# Floating-point numbers are never compared with ==.
# - constant = X.max(axis=0) == X.min(axis=0)
# + constant = np.isclose(X.max(axis=0), X.min(axis=0))

# %% refuses the rows that are empty exercise="scaler" fails=["a gap is refused"]
# A single gap does no harm among so many values.
# - if np.isnan(X).any():
# + if np.isnan(X).all(axis=1).any():

# %% each part by itself exercise="fix_scaling" fails=["the rows come as asked for", "the test features use the mean and scale of the training part", "random tables and random parts"]
# Nothing leaks if each part is standardised with its own mean and scale.
# - return standardise(X[train], mean, scale), standardise(X[test], mean, scale)
# + return standardise(X[train], mean, scale), standardise(X[test], *fit_scale(X[test]))

# %% learns from the test part exercise="fix_scaling" fails=["the training features are those of the training rows alone", "a test row has no influence on the training features", "the test features use the mean and scale of the training part", "random tables and random parts"]
# The test part is what counts, so its scale should be used.
# - mean, scale = fit_scale(X[train])
# + mean, scale = fit_scale(X[test])

# %% scales only the training part exercise="fix_scaling" fails=["the rows come as asked for", "everything is training: nothing can leak", "the test features use the mean and scale of the training part", "random tables and random parts"]
# The test part must not be touched.
# - return standardise(X[train], mean, scale), standardise(X[test], mean, scale)
# + return standardise(X[train], mean, scale), X[test]

# %% the rows in the order of the table exercise="fix_scaling" fails=["the rows come as asked for", "random tables and random parts"]
# A part is a set of rows, and sets have no order.
# - mean, scale = fit_scale(X[train])
# + train, test = np.sort(train), np.sort(test)
# + mean, scale = fit_scale(X[train])

# %% a mask for the test part exercise="fix_scaling" fails=["the rows come as asked for", "random tables and random parts"]
# A mask picks the same rows. (Sorted, and each of them once.)
# - return standardise(X[train], mean, scale), standardise(X[test], mean, scale)
# + return standardise(X[train], mean, scale), standardise(X[np.isin(np.arange(len(X)), test)], mean, scale)

# %% forgets the constant columns exercise="fix_scaling" fails=["the test features use the mean and scale of the training part"]
# NumPy's mean and std are the same thing in one line.
# - mean, scale = fit_scale(X[train])
# + mean, scale = X[train].mean(axis=0), X[train].std(axis=0)

# %% standardises in place exercise="fix_scaling" fails=["the training features are those of the training rows alone", "a test row has no influence on the training features", "the test features use the mean and scale of the training part", "random tables and random parts"]
# The table is needed in standardised form only.
# - return standardise(X[train], mean, scale), standardise(X[test], mean, scale)
# + X -= mean
# + X /= scale
# + return X[train], X[test]

# %% no stratification exercise="stratified_split" fails=["the twelve birds: two, one and one", "the penguins, by species", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# A random split has all classes in proportion.
def stratified_split(y, test_share, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    t = round(test_share * len(y))
    return order[t:], order[:t]


# %% rounds each class by itself exercise="stratified_split" fails=["the test part has the size asked for", "a rare class has no claim to a place", "rounded, where scikit-learn takes the ceiling", "the penguins, by species", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# round(test_share * class size), class by class, adds up.
# - places[np.argsort(-remainders)[: t - places.sum()]] += 1
# + places = np.array([round(test_share * size) for size in sizes.tolist()])

# %% takes the first rows of a class exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others", "within a class, chance decides"]
# The proportions are what counts, not which rows.
# - generator.permutation(np.flatnonzero(class_of == c))[:k] for c, k in enumerate(places)
# + np.flatnonzero(class_of == c)[:k] for c, k in enumerate(places)

# %% the places left over go to the first classes exercise="stratified_split" fails=["the twelve birds: two, one and one", "the penguins, by species", "random labels: the largest fractions get the seats"]
# Somebody has to get the places that are left, in the order of the names.
# - places[np.argsort(-remainders)[: t - places.sum()]] += 1
# + places[np.flatnonzero(remainders)[: t - places.sum()]] += 1

# %% a fresh generator without the seed exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others"]
# Any generator will do.
# - generator = np.random.default_rng(seed)
# + generator = np.random.default_rng()

# %% one seed for all exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others", "within a class, chance decides"]
# A fixed seed makes everything repeatable.
# - generator = np.random.default_rng(seed)
# + generator = np.random.default_rng(0)

# %% compares a list with a label exercise="stratified_split" fails=["the twelve birds: two, one and one"]
# A list compares with a label element by element, as an array does. (A list of words is just not equal to a word.)
# - generator.permutation(np.flatnonzero(class_of == c))[:k] for c, k in enumerate(places)
# + generator.permutation(np.flatnonzero(y == classes[c]))[:k] for c, k in enumerate(places)

# %% the whole table trains exercise="stratified_split" fails=["every row is in exactly one part", "a rare class has no claim to a place", "random labels: the quotas hold"]
# The more training rows, the better.
# - return np.setdiff1d(np.arange(len(y)), test), test
# + return np.arange(len(y)), test

# %% the ceiling, as scikit-learn exercise="stratified_split" fails=["the test part has the size asked for", "rounded, where scikit-learn takes the ceiling", "a share outside of 0 to 1 is refused, and so is one that leaves a part empty", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# The test part is rounded up.
# - t = round(test_share * len(y))
# + t = int(np.ceil(test_share * len(y)))

# %% cuts the size off exercise="stratified_split" fails=["the test part has the size asked for", "rounded, where scikit-learn takes the ceiling", "a share outside of 0 to 1 is refused, and so is one that leaves a part empty", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# Believes that this is the same: int() rounds.
# - t = round(test_share * len(y))
# + t = int(test_share * len(y))

# %% everybody gets a place exercise="stratified_split" fails=["a rare class has no claim to a place", "random labels: the quotas hold"]
# Stratified means that every class is in both parts.
# - generator = np.random.default_rng(seed)
# + places = np.maximum(places, 1)
# + generator = np.random.default_rng(seed)

# %% a single sample trains exercise="stratified_split" fails=["a class with a single sample is refused"]
# A class with one sample stays in the training part, where it is of use.
# - if sizes.min() < 2:
# -     raise ValueError(f"the class {classes[sizes.argmin()]!r} has a single sample")

# %% a share of one exercise="stratified_split" fails=["a share outside of 0 to 1 is refused, and so is one that leaves a part empty"]
# A share lies from 0 to 1, ends included.
# - if not 0 < t < len(y):
# + if not 0 <= test_share <= 1:

# %% an empty part is the caller's problem exercise="stratified_split" fails=["a share outside of 0 to 1 is refused, and so is one that leaves a part empty"]
# The share lies between 0 and 1, so all is well.
# - if not 0 < t < len(y):
# + if not 0 < test_share < 1:

# %% seeds the generator of everybody exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others"]
# np.random.seed makes everything repeatable. (For others as well, and it takes no seed beyond 32 bits.)
# - generator = np.random.default_rng(seed)
# + np.random.seed(seed)
# + generator = np.random

# %% moves the rows of a class along exercise="stratified_split" fails=["within a class, chance decides"]
# A random starting point is random enough.
# - generator.permutation(np.flatnonzero(class_of == c))[:k] for c, k in enumerate(places)
# + np.roll(np.flatnonzero(class_of == c), generator.integers(99))[:k] for c, k in enumerate(places)

# %% shuffles and ignores the classes exercise="fix_folds" fails=["every class is dealt evenly", "random labels are dealt evenly"]
# Shuffling is enough to have every class in every fold.
def folds(y, k, seed):
    return np.random.default_rng(seed).permutation(len(y)) % k


# %% deals every class from fold zero exercise="fix_folds" fails=["the folds are equally large, to within one, and numbered with integers", "random labels are dealt evenly"]
# Each class may start at fold 0 again: the classes are dealt evenly after all.
def folds(y, k, seed):
    y, rng = np.asarray(y), np.random.default_rng(seed)
    fold = np.empty(len(y), dtype=int)
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        fold[rows] = np.arange(len(rows)) % k
    return fold


# %% deals without shuffling exercise="fix_folds" fails=["another seed gives other folds", "chance decides who shares a fold"]
# Position modulo k mixes the sorted table well enough.
# - deck = np.concatenate([generator.permutation(np.flatnonzero(y == c)) for c in np.unique(y)])
# + deck = np.concatenate([np.flatnonzero(y == c) for c in np.unique(y)])

# %% starts each class at another row exercise="fix_folds" fails=["chance decides who shares a fold"]
# The seed says where to begin.
# - deck = np.concatenate([generator.permutation(np.flatnonzero(y == c)) for c in np.unique(y)])
# + deck = np.concatenate([np.roll(np.flatnonzero(y == c), seed) for c in np.unique(y)])

# %% numbers the folds with floats exercise="fix_folds" fails=["the folds are equally large, to within one, and numbered with integers"]
# np.zeros makes an array to fill in, and 2.0 is as good a number of a fold as 2.
# - fold = np.empty(len(y), dtype=int)
# + fold = np.zeros(len(y))

# %% folds without a seed exercise="fix_folds" fails=["the same seed gives the same folds"]
# Chance is chance; a seed is for games.
# - generator = np.random.default_rng(seed)
# + generator = np.random.default_rng()

# %% wants k samples of a class exercise="fix_folds" fails=["the folds are equally large, to within one, and numbered with integers", "the same seed gives the same folds", "random labels are dealt evenly"]
# StratifiedKFold does the same. (It refuses where every class has fewer than k samples, and takes no seed beyond 32 bits.)
def folds(y, k, seed):
    from sklearn.model_selection import StratifiedKFold

    fold = np.empty(len(y), dtype=int)
    for number, (_, held) in enumerate(StratifiedKFold(k, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)):
        fold[held] = number
    return fold


# %% folds by the old generator exercise="fix_folds" fails=["the same seed gives the same folds"]
# RandomState is a generator of its own, too. (The text asks for default_rng, which takes larger seeds.)
# - generator = np.random.default_rng(seed)
# + generator = np.random.RandomState(seed)

# %% shuffles the names of the classes exercise="fix_folds" fails=["every class is dealt evenly", "chance decides who shares a fold", "the penguins: every species in every fold", "random labels are dealt evenly"]
# Folds are made of classes, so deal the classes.
def folds(y, k, seed):
    names, class_of = np.unique(y, return_inverse=True)
    return np.random.default_rng(seed).permutation(len(names))[class_of] % k


# %% writes the deck down the wrong way exercise="fix_folds" fails=["random labels are dealt evenly"]
# The i-th card of the deck belongs to row i.
# - fold[deck] = np.arange(len(y)) % k
# + fold[:] = deck % k

# %% draws rows and not groups exercise="group_split" fails=["no nest is on both sides, and no row is lost", "the share counts groups, not rows", "the past trains, the future tests", "the penguins: whole nests", "random groups of random sizes", "random days"]
# A random split keeps groups apart often enough; and the newest rows stand last.
def group_split(groups, test_share, seed):
    if len(set(groups)) < 2:
        raise ValueError("one group")
    order = np.random.default_rng(seed).permutation(len(groups))
    t = min(max(1, round(test_share * len(groups))), len(groups) - 1)
    return order[t:], order[:t]


def time_split(dates, cutoff):
    half = len(dates) // 2
    return np.arange(half), np.arange(half, len(dates))


# %% the cutoff day belongs to the past exercise="group_split" fails=["the past trains, the future tests", "random days"]
# "From the cutoff on" begins on the day after.
# - later = np.array([day >= cutoff for day in dates])
# + later = np.array([day > cutoff for day in dates])

# %% the first groups and not drawn ones exercise="group_split" fails=["the seed decides which groups"]
# The groups have no order, so the first ones are as good as any.
# - chosen = np.random.default_rng(seed).permutation(names)[:count]
# + chosen = names[:count]

# %% draws groups without a seed exercise="group_split" fails=["the seed decides which groups"]
# Any draw is as good as any other.
# - chosen = np.random.default_rng(seed).permutation(names)[:count]
# + chosen = np.random.permutation(names)[:count]

# %% groups by everybody's generator exercise="group_split" fails=["the seed decides which groups"]
# np.random.seed makes everything repeatable. (For others as well, and it takes no seed beyond 32 bits.)
# - chosen = np.random.default_rng(seed).permutation(names)[:count]
# + np.random.seed(seed)
# + chosen = np.random.permutation(names)[:count]

# %% half a group is a group exercise="group_split" fails=["the share counts groups, not rows"]
# A half is rounded up.
# - count = min(max(1, round(test_share * len(names))), len(names) - 1)
# + count = min(max(1, int(test_share * len(names) + 0.5)), len(names) - 1)

# %% the cutoff is one of the days exercise="group_split" fails=["the past trains, the future tests", "random days"]
# The test part begins where the cutoff stands in the sorted list of days.
# - later = np.array([day >= cutoff for day in dates])
# - if later.all() or not later.any():
# -     raise ValueError(f"all rows are on one side of {cutoff}")
# - return np.flatnonzero(~later), np.flatnonzero(later)
# + order = np.argsort(dates, kind="stable")
# + start = sorted(dates).index(cutoff)
# + return order[:start], order[start:]

# %% groups that stand together exercise="group_split" fails=["the seed decides which groups"]
# The seed says which group is the first.
# - chosen = np.random.default_rng(seed).permutation(names)[:count]
# + chosen = np.roll(names, seed)[:count]

# %% a part may stay empty exercise="group_split" fails=["at least one group on each side", "a cutoff outside the dates is refused"]
# An empty part is the caller's problem.
# - count = min(max(1, round(test_share * len(names))), len(names) - 1)
# + count = round(test_share * len(names))
# - if later.all() or not later.any():
# -     raise ValueError(f"all rows are on one side of {cutoff}")

# %% cuts the number of groups off exercise="group_split" fails=["the share counts groups, not rows", "random groups of random sizes"]
# Takes `int()` for rounding: it cuts off what stands behind the point.
# - count = min(max(1, round(test_share * len(names))), len(names) - 1)
# + count = min(max(1, int(test_share * len(names))), len(names) - 1)

# %% a share of the rows exercise="group_split" fails=["the share counts groups, not rows", "random groups of random sizes"]
# Groups are added until the share of the rows is reached.
# - chosen = np.random.default_rng(seed).permutation(names)[:count]
# + order, chosen = np.random.default_rng(seed).permutation(names), []
# + while np.isin(groups, chosen).mean() < test_share and len(chosen) < len(names) - 1:
# +     chosen = [*chosen, order[len(chosen)]]

# %% refuses two groups exercise="group_split" fails=["at least one group on each side"]
# With two groups there is nothing to draw.
# - if len(names) < 2:
# + if len(names) <= 2:

# %% a single group is tested exercise="group_split" fails=["at least one group on each side"]
# One group can serve as test part.
# - if len(names) < 2:
# -     raise ValueError("one group cannot be on two sides")

# %% trains on the test period as well exercise="rolling" fails=["the example without a gap", "the example with a gap of one season", "rows in any order", "random periods and gaps"]
# Everything up to a season is known in that season.
# - (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
# + (np.flatnonzero(periods <= period - gap), np.flatnonzero(periods == period))

# %% forgets the gap exercise="rolling" fails=["the example with a gap of one season", "a gap counts periods, not rows, and not the periods that occur", "nothing to train on: refused", "random periods and gaps"]
# The past is the past.
# - (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
# + (np.flatnonzero(periods < period), np.flatnonzero(periods == period))

# %% trains on the period before alone exercise="rolling" fails=["the example without a gap", "rows in any order", "a gap counts periods, not rows, and not the periods that occur", "random periods and gaps"]
# The most recent season tells most about the next one.
# - (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
# + (np.flatnonzero(periods == period - gap - 1), np.flatnonzero(periods == period))

# %% tests on the whole future exercise="rolling" fails=["the example without a gap", "rows in any order", "a gap counts periods, not rows, and not the periods that occur", "random periods and gaps"]
# Whatever comes later is test data.
# - (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
# + (np.flatnonzero(periods < period - gap), np.flatnonzero(periods >= period))

# %% the rows stand in the order of time exercise="rolling" fails=["rows in any order", "random periods and gaps"]
# A table of seasons is sorted by season.
def rolling_splits(periods, gap=0):
    periods = list(periods)
    splits = []
    for period in sorted(set(periods)):
        before = sum(p < period - gap for p in periods)
        first = sum(p < period for p in periods)
        if before:
            splits.append((np.arange(before), np.arange(first, first + periods.count(period))))
    if not splits:
        raise ValueError("nothing to train on")
    return splits


# %% counts the periods that occur exercise="rolling" fails=["a gap counts periods, not rows, and not the periods that occur", "random periods and gaps"]
# A gap of one leaves out the period before, whichever that was.
# - pairs = [
# -     (np.flatnonzero(periods < period - gap), np.flatnonzero(periods == period))
# -     for period in np.unique(periods)
# - ]
# + names = np.unique(periods)
# + pairs = [
# +     (np.flatnonzero(np.isin(periods, names[: max(0, i - gap)])), np.flatnonzero(periods == names[i]))
# +     for i in range(len(names))
# + ]

# %% an empty list is an answer exercise="rolling" fails=["nothing to train on: refused"]
# No splits, no list entries.
# - if not splits:
# -     raise ValueError("no period has anything to train on")

# %% each row sees itself exercise="target_rates" fails=["the example, out of fold", "out of fold, with smoothing", "a row never sees its own label", "folds have any numbers and any order", "random words, as scikit-learn's TargetEncoder", "random labels: the own fold's labels have no say"]
# The rate of a word is the rate of a word, in training as later.
# - rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)
# + rates[fold == f] = word_rates(words, y, words[fold == f], smooth)

# %% learns from its own fold exercise="target_rates" fails=["the example, out of fold", "out of fold, with smoothing", "a row never sees its own label", "folds have any numbers and any order", "random words, as scikit-learn's TargetEncoder", "random labels: the own fold's labels have no say"]
# Each fold is encoded by itself.
# - rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)
# + rates[fold == f] = word_rates(words[fold == f], y[fold == f], words[fold == f], smooth)

# %% leaves out one row alone exercise="target_rates" fails=["the example, out of fold", "out of fold, with smoothing", "random words, as scikit-learn's TargetEncoder", "random labels: the own fold's labels have no say"]
# A row must not see its own label, so it is the only one to leave out.
# - for f in np.unique(fold):
# -     rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)
# + for row in range(len(y)):
# +     others = np.arange(len(y)) != row
# +     rates[row] = word_rates(words[others], y[others], [words[row]], smooth)[0]

# %% folds are numbered from zero exercise="target_rates" fails=["folds have any numbers and any order"]
# Folds have the numbers 0 to k - 1.
# - for f in np.unique(fold):
# + for f in range(len(np.unique(fold))):

# %% folds are numbered up to the largest exercise="target_rates" fails=["folds have any numbers and any order"]
# Folds have the numbers 0 and above.
# - rates = np.empty(len(y))
# - for f in np.unique(fold):
# + rates = np.zeros(len(y))
# + for f in range(fold.max() + 1):

# %% cuts new words to the length of the old exercise="target_rates" fails=["a word that training lacks gets the mean of all"]
# Both arrays of words need one dtype. (That of the training words cuts longer ones off.)
# - return np.array([rates.get(word, mean) for word in new_words])
# + return np.array([rates.get(word, mean) for word in np.asarray(new_words).astype(words.dtype)])

# %% the mean of everybody for unknown words exercise="target_rates" fails=["the example, out of fold", "out of fold, with smoothing", "a row never sees its own label", "random words, as scikit-learn's TargetEncoder", "random labels: the own fold's labels have no say"]
# The overall mean is one number for the whole training part.
def word_rates(words, y, new_words, smooth=0.0, mean=None):
    words, y = np.asarray(words), np.asarray(y)
    mean = y.mean() if mean is None else mean
    rates = {w: (y[words == w].sum() + smooth * mean) / ((words == w).sum() + smooth) for w in np.unique(words)}
    return np.array([rates.get(word, mean) for word in new_words])


def rates_out_of_fold(words, y, fold, smooth=0.0):
    words, y, fold = np.asarray(words), np.asarray(y), np.asarray(fold)
    if len(set(fold.tolist())) < 2:
        raise ValueError("one fold")
    rates = np.empty(len(y))
    for f in np.unique(fold):
        here, there = fold == f, fold != f
        rates[here] = word_rates(words[there], y[there], words[here], smooth, mean=y.mean())
    return rates


# %% forgets to smooth exercise="target_rates" fails=["smoothing adds rows with the overall mean", "out of fold, with smoothing", "random words, as scikit-learn's TargetEncoder"]
# The mean of a word is its rate.
# - rates[word] = (mine.sum() + smooth * mean) / (len(mine) + smooth)
# + rates[word] = mine.mean()

# %% smooths towards one half exercise="target_rates" fails=["out of fold, with smoothing", "random words, as scikit-learn's TargetEncoder"]
# Without knowledge, a rate is one half.
# - rates[word] = (mine.sum() + smooth * mean) / (len(mine) + smooth)
# + rates[word] = (mine.sum() + smooth / 2) / (len(mine) + smooth)

# %% does not hand the smoothing on exercise="target_rates" fails=["out of fold, with smoothing", "random words, as scikit-learn's TargetEncoder"]
# Out of fold is protection enough.
# - rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f], smooth)
# + rates[fold == f] = word_rates(words[fold != f], y[fold != f], words[fold == f])

# %% an unknown word has the rate zero exercise="target_rates" fails=["a word that training lacks gets the mean of all", "the example, out of fold", "out of fold, with smoothing", "a row never sees its own label", "random words, as scikit-learn's TargetEncoder"]
# Nothing is known of it, so nothing has happened.
# - return np.array([rates.get(word, mean) for word in new_words])
# + return np.array([rates.get(word, 0.0) for word in new_words])

# %% one fold learns from itself exercise="target_rates" fails=["a single fold is refused"]
# If there are no other rows, take these.
# - raise ValueError("with a single fold there are no other rows to learn from")
# + return word_rates(words, y, words, smooth)

# %% counts instead of rates exercise="target_rates" fails=["new rows: the mean target of their word", "a word that training lacks gets the mean of all", "smoothing adds rows with the overall mean", "out of fold, with smoothing", "folds have any numbers and any order", "random words, as scikit-learn's TargetEncoder"]
# The number of incomplete nests is the signal.
# - rates[word] = (mine.sum() + smooth * mean) / (len(mine) + smooth)
# + rates[word] = mine.sum() + smooth * mean

# %% the highest score wins exercise="leak_hunt" fails=["the program to believe", "the fault of program B", "the verdict"]
# The program with the best AUC has found the signal.
hunt = {"honest": "b", "fault_a": "a", "fault_b": "b", "verdict": "a"}

# %% mixes up the two leaks exercise="leak_hunt" fails=["the fault of program A", "the fault of program B"]
# A leaks through its encoding, and B through its split.
hunt = {"honest": "c", "fault_a": "b", "fault_b": "c", "verdict": "b"}

# %% takes no evidence for evidence of nothing exercise="leak_hunt" fails=["the verdict"]
# The interval contains one half, so there is no relation.
hunt = {"honest": "c", "fault_a": "a", "fault_b": "a", "verdict": "c"}

# %% learns from both parts exercise="pipeline" fails=["a small table by hand", "the test part has no influence on the training part", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# Preprocess the whole table once, then take it apart.
# - fills = fit_fills(train[numbers + words])
# - train, test = impute(train, fills), impute(test, fills)
# - mean, scale = fit_scale(train[numbers])
# - parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
# - parts += [one_hot(train[word], test[word]) for word in words]
# - return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])
# + both = pd.concat([train, test])
# + both = impute(both, fit_fills(both[numbers + words]))
# + parts = [standardise(both[numbers], *fit_scale(both[numbers]))] + [one_hot(both[w], both[w])[0] for w in words]
# + table = np.hstack(parts)
# + return table[: len(train)], table[len(train) :]

# %% the words come first exercise="pipeline" fails=["a small table by hand", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The order of the columns does not matter.
# - parts += [one_hot(train[word], test[word]) for word in words]
# + parts = [one_hot(train[word], test[word]) for word in words] + parts

# %% the default imputer in the pipeline exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# SimpleImputer fills in the median by default.
# - for_numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
# + for_numbers = make_pipeline(SimpleImputer(), StandardScaler())

# %% no imputer for the words exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The encoder ignores what it does not know, so it ignores gaps too.
# - for_words = make_pipeline(
# -     SimpleImputer(strategy="most_frequent"),
# -     OneHotEncoder(handle_unknown="ignore", sparse_output=False),
# - )
# + for_words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)

# %% scales before it imputes exercise="pipeline" fails=["a small table by hand", "the test part has no influence on the training part", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The order of imputing and scaling does not matter.
# - fills = fit_fills(train[numbers + words])
# - train, test = impute(train, fills), impute(test, fills)
# - mean, scale = fit_scale(train[numbers])
# - parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
# + mean, scale = fit_scale(train[numbers])
# + train, test = train.copy(), test.copy()
# + train[numbers], test[numbers] = standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale)
# + fills = fit_fills(train[numbers + words])
# + train, test = impute(train, fills), impute(test, fills)
# + parts = [(train[numbers].to_numpy(), test[numbers].to_numpy())]

# %% the encoder's sparse default exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits"]
# An array came out when I tried it, so sparse_output=False is needless. (With many words a sparse matrix comes out.)
# - OneHotEncoder(handle_unknown="ignore", sparse_output=False),
# + OneHotEncoder(handle_unknown="ignore"),

# %% the default number of steps exercise="pipeline" fails=["the pipeline has the two steps"]
# The optimiser knows by itself how many steps it needs.
# - return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
# + return Pipeline([("prepare", prepare_step), ("model", LogisticRegression())])

# %% names its steps freely exercise="pipeline" fails=["the pipeline has the two steps", "the pipeline's features equal yours, to nine digits", "the pipeline predicts as logistic regression does on its features", "random tables, by hand and as a pipeline"]
# Names are for people.
# - return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
# + return make_pipeline(prepare_step, LogisticRegression(max_iter=1000))

# %% a penalty against everything exercise="pipeline" fails=["the pipeline has the two steps", "the pipeline predicts as logistic regression does on its features"]
# The stronger the penalty, the safer the model.
# - return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
# + return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(C=1e-9, max_iter=1000))])

# %% lets all other columns through exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits", "the pipeline predicts as logistic regression does on its features"]
# A column that nobody mentions does no harm.
# - prepare_step = ColumnTransformer([("n", for_numbers, numbers), ("w", for_words, words)])
# + prepare_step = ColumnTransformer(
# +     [("n", for_numbers, numbers), ("w", for_words, words)], remainder="passthrough"
# + )

# %% one pipeline for all calls exercise="pipeline" fails=["the pipeline predicts as logistic regression does on its features"]
# What was built once need not be built again. (Whoever fits it refits everybody's.)
# - return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
# + key = str([numbers, words])
# + return built.setdefault(key, Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))]))
# - def build_model(numbers: list[str], words: list[str]) -> Pipeline:
# + built = {}
# +
# +
# + def build_model(numbers: list[str], words: list[str]) -> Pipeline:

# %% weighs the classes exercise="pipeline" fails=["the pipeline predicts as logistic regression does on its features"]
# A female that is called male is worse, so females weigh more.
# - return Pipeline([("prepare", prepare_step), ("model", LogisticRegression(max_iter=1000))])
# + model = LogisticRegression(max_iter=1000, class_weight={True: 1, False: 9})
# + return Pipeline([("prepare", prepare_step), ("model", model)])

# %% ships it exercise="review" fails=["the line", "the experiment"]
# Split by nest, fitted on the training part, a score that is not too good: nothing to complain of.
verdict = {"line": "0", "experiment": "a", "before": accuracy, "changed": 0}

# %% smells a leak in the first line exercise="review" fails=["the line", "the experiment"]
# Whatever stands before the split leaks.
verdict = {"line": "1", "experiment": "c", "before": accuracy, "changed": 3}

# %% finds the line and runs nothing exercise="review" fails=["the evidence: the accuracy before", "the evidence: what the experiment changes"]
# The line is obvious, so the number can be estimated.
verdict = {"line": "3", "experiment": "d", "before": 0.9, "changed": len(unseen) // 2}

# %% only the last line is at fault exercise="review" fails=["the line", "the experiment"]
# The test part is handed over as a whole in line 6, so the score is wrong and the program is right.
verdict = {"line": "6", "experiment": "b", "before": accuracy, "changed": len(unseen) // 2}

# %% compares a lone bird with itself exercise="fix_relative" fails=["alone or in company: the same numbers", "a group of which training knows nothing gets the mean of all", "random tables and groups"]
# Training means are for single birds; a table has means of its own.
# - means = train.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)
# + means = train if len(table) == 1 else table
# + means = means.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)

# %% one mean for all groups exercise="fix_relative" fails=["one bird alone", "alone or in company: the same numbers", "a group of which training knows nothing gets the mean of all", "random tables and groups"]
# The training mean is the training mean.
# - means = train.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)
# - return table[columns] - means.fillna(train[columns].mean())
# + return table[columns] - train[columns].mean()

# %% an unknown group becomes a gap exercise="fix_relative" fails=["a group of which training knows nothing gets the mean of all", "random tables and groups"]
# Nothing is known of the group, so nothing can be said.
# - return table[columns] - means.fillna(train[columns].mean())
# + return table[columns] - means

# %% only a group that is not there is unknown exercise="fix_relative" fails=["a group of which training knows nothing gets the mean of all", "random tables and groups"]
# A group that stands in the training part has a mean. (Not in a column where all its values are gaps.)
# - return table[columns] - means.fillna(train[columns].mean())
# + unknown = ~table[by].isin(train[by]).to_numpy()
# + means[unknown] = train[columns].mean().to_numpy()
# + return table[columns] - means

# %% an unknown group is not compared exercise="fix_relative" fails=["a group of which training knows nothing gets the mean of all", "random tables and groups"]
# Without a mean, nothing is subtracted.
# - return table[columns] - means.fillna(train[columns].mean())
# + return table[columns] - means.fillna(0)

# %% numbers the birds anew exercise="fix_relative" fails=["one bird alone", "alone or in company: the same numbers", "random tables and groups"]
# The index is of no use to a model.
# - return table[columns] - means.fillna(train[columns].mean())
# + return (table[columns] - means.fillna(train[columns].mean())).reset_index(drop=True)

# %% fills the gaps with zeros exercise="fix_relative" fails=["index, order and gaps stay", "random tables and groups"]
# After subtracting the mean, zero is the neutral value.
# - return table[columns] - means.fillna(train[columns].mean())
# + return (table[columns] - means.fillna(train[columns].mean())).fillna(0)

# %% the median of the group exercise="fix_relative" fails=["alone or in company: the same numbers", "random tables and groups"]
# A median is the more robust mean.
# - means = train.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)
# + means = train.groupby(by)[columns].median().reindex(table[by]).set_axis(table.index)

# %% learns from all birds at hand exercise="fix_relative" fails=["one bird alone", "alone or in company: the same numbers", "a group of which training knows nothing gets the mean of all", "random tables and groups"]
# The more birds, the better the mean.
# - means = train.groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)
# + means = pd.concat([train, table]).groupby(by)[columns].mean().reindex(table[by]).set_axis(table.index)

# %% a training row must not see itself exercise="fix_relative" fails=["the training part itself", "index, order and gaps stay"]
# As with target encoding, training rows are compared with the other rows of their group.
# - return table[columns] - means.fillna(train[columns].mean())
# + found = table[columns] - means.fillna(train[columns].mean())
# + sizes = table.groupby(by)[columns].transform("count")
# + return found * sizes / (sizes - 1) if table.equals(train) else found

# %% keeps the dtype of NumPy exercise="to_tensors" fails=["features are float32", "random tables become tensors"]
# from_numpy gives the right dtype.
# - return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
# + return torch.from_numpy(np.asarray(X)), torch.tensor([positions[name] for name in labels])

# %% targets with a second axis exercise="to_tensors" fails=["targets are int64, of shape (n,)", "the given order of the classes decides, not the alphabet", "random tables become tensors"]
# Targets are a column, so their shape is (n, 1).
# - return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
# + return torch.tensor(X, dtype=torch.float32), torch.tensor([[positions[name]] for name in labels])

# %% float targets exercise="to_tensors" fails=["targets are int64, of shape (n,)", "the given order of the classes decides, not the alphabet", "random tables become tensors"]
# A loss calculates with floats.
# - return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
# + return torch.tensor(X, dtype=torch.float32), torch.tensor([float(positions[name]) for name in labels])

# %% sorts the classes exercise="to_tensors" fails=["the given order of the classes decides, not the alphabet", "random tables become tensors"]
# Classes are numbered by the alphabet.
# - positions = {name: i for i, name in enumerate(classes)}
# + positions = {name: i for i, name in enumerate(sorted(classes))}

# %% maps unknown labels to minus one exercise="to_tensors" fails=["an unknown label is refused"]
# An unknown label gets a number of its own.
# - if unknown:
# -     raise ValueError(f"unknown labels: {unknown}")
# - return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
# + return torch.tensor(X, dtype=torch.float32), torch.tensor([positions.get(name, -1) for name in labels])

# %% compares spellings of labels exercise="to_tensors" fails=["an unknown label is refused"]
# As text, all labels can be compared.
# - positions = {name: i for i, name in enumerate(classes)}
# + positions, labels = {str(name): i for i, name in enumerate(classes)}, [str(name) for name in labels]

# %% an unknown label gets the number of the next exercise="to_tensors" fails=["an unknown label is refused"]
# searchsorted finds the place of every label, and refuses what lies behind the last one. (Not what lies between two.)
# - positions = {name: i for i, name in enumerate(classes)}
# - unknown = {name for name in labels if name not in positions}
# - if unknown:
# -     raise ValueError(f"unknown labels: {unknown}")
# - return torch.tensor(X, dtype=torch.float32), torch.tensor([positions[name] for name in labels])
# + known, order = np.asarray(classes), np.argsort(classes)
# + place = np.searchsorted(known[order], labels)
# + if (place >= len(known)).any():
# +     raise ValueError("unknown label")
# + return torch.tensor(X, dtype=torch.float32), torch.tensor(order[place])

# %% lets infinity pass exercise="to_tensors" fails=["a gap or an infinity is refused"]
# Only NaN is no number.
# - if not np.isfinite(X).all():
# + if np.isnan(X).any():

# %% seeds the global generator exercise="to_tensors" fails=["the same seed shuffles alike, another differently", "shuffled: every pass has a new order, and the same one for the same seed"]
# torch.manual_seed makes everything repeatable, so a loader needs no generator of its own.
# - generator = torch.Generator().manual_seed(seed)
# - rows = TensorDataset(features, targets)
# - return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator)
# + torch.manual_seed(seed)
# + rows = TensorDataset(features, targets)
# + return DataLoader(rows, batch_size=batch_size, shuffle=shuffle)

# %% drops the last batch exercise="to_tensors" fails=["five birds in batches of two", "without shuffling the order stays, in every pass", "shuffled: every sample once, with its own label, in a new order"]
# Batches must be equally large.
# - return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator)
# + return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator, drop_last=True)

# %% always shuffles exercise="to_tensors" fails=["without shuffling the order stays, in every pass"]
# Shuffling never hurts.
# - return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator)
# + return DataLoader(rows, batch_size=batch_size, shuffle=True, generator=generator)

# %% shuffles once exercise="to_tensors" fails=["shuffled: every pass has a new order, and the same one for the same seed"]
# One random order is as good as another.
# - rows = TensorDataset(features, targets)
# - return DataLoader(rows, batch_size=batch_size, shuffle=shuffle, generator=generator)
# + order = torch.randperm(len(features), generator=generator) if shuffle else torch.arange(len(features))
# + return DataLoader(TensorDataset(features[order], targets[order]), batch_size=batch_size)

# %% shuffles the tensors apart exercise="to_tensors" fails=["shuffled: every sample once, with its own label, in a new order"]
# Both tensors have to be shuffled.
# - rows = TensorDataset(features, targets)
# + if shuffle:
# +     features = features[torch.randperm(len(features), generator=generator)]
# + rows = TensorDataset(features, targets)

# %% no seed for the loader exercise="to_tensors" fails=["the same seed shuffles alike, another differently", "shuffled: every pass has a new order, and the same one for the same seed"]
# The order of the batches does not matter.
# - generator = torch.Generator().manual_seed(seed)
# + generator = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))

# %% gives the share in per cent exercise="audit" fails=["the four birds", "a number can be a placeholder too", "random tables"]
# A share is a percentage.
def audit(frame, placeholders=()):
    rows = {}
    for name in frame.columns:
        gone = frame[name].isna() | frame[name].isin(list(placeholders))
        rows[name] = [int(gone.sum()), 100 * float(gone.mean()), int(frame[name][~gone].nunique())]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["missing", "share", "distinct"])


# %% trusts isna alone exercise="audit" fails=["the four birds", "a number can be a placeholder too", "random tables"]
# Whatever is missing is NaN.
def audit(frame, placeholders=()):
    return pd.DataFrame({"missing": frame.isna().sum(), "share": frame.isna().mean(), "distinct": frame.nunique()})


# %% counts missing as a distinct value exercise="audit" fails=["the four birds", "without placeholders a dot is a value like any other", "a number can be a placeholder too", "the raw penguins", "random tables"]
# NaN is one more value of the column, and so are the placeholders.
def audit(frame, placeholders=()):
    rows = {}
    for name in frame.columns:
        gone = frame[name].isna() | frame[name].isin(list(placeholders))
        rows[name] = [int(gone.sum()), float(gone.mean()), int(frame[name].nunique(dropna=False))]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["missing", "share", "distinct"])


# %% cleans while it counts exercise="audit" fails=["the table is not changed"]
# Replacing the placeholders in the table itself saves a step later.
def audit(frame, placeholders=()):
    for name in frame.columns:
        frame[name] = frame[name].mask(frame[name].isin(list(placeholders)))
    return pd.DataFrame({"missing": frame.isna().sum(), "share": frame.isna().mean(), "distinct": frame.nunique()})


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
def clean(table, features, target):
    table = table.dropna()
    return table[features], table[target]


# %% drops rows with a gap in the used columns exercise="fix_dropna" fails=["a gap in a feature costs no row", "the raw penguins: both kinds of nests survive", "random tables with gaps"]
# Rows with a missing feature cannot be used, only the other columns should have no say.
def clean(table, features, target):
    table = table[[*features, target]].dropna()
    return table[features], table[target]


# %% fills the target exercise="fix_dropna" fails=["a row without its target is dropped", "random tables with gaps"]
# No row is ever dropped: a missing target gets the most frequent one.
def clean(table, features, target):
    return table[features], table[target].fillna(table[target].mode().iloc[0])


# %% selects and still works in place exercise="fix_dropna" fails=["the caller's table stays as it was"]
# dropna with a subset is enough; the caller will be glad to have a clean table.
def clean(table, features, target):
    table.dropna(subset=[target], inplace=True)
    return table[features], table[target]


# %% forgets that one more row divides exercise="impute_by_hand" fails=["the variance after filling in the mean"]
# Filling in the mean does not change the variance.
chick = {"mean": 4, "median": 3.5, "variance_known": 14 / 4, "variance_filled": 14 / 4}

# %% divides by n minus one exercise="impute_by_hand" fails=["the variance of the four known values", "the variance after filling in the mean"]
# A variance always divides by n - 1.
chick = {"mean": 4, "median": 3.5, "variance_known": 14 / 3, "variance_filled": 14 / 4}

# %% takes a middle value for the median exercise="impute_by_hand" fails=["the median of the four"]
# The median is one of the values.
chick = {"mean": 4, "median": 3, "variance_known": 14 / 4, "variance_filled": 14 / 5}

# %% fills in the mean exercise="imputer" fails=["the median, not the mean", "the penguins, as scikit-learn fills them", "random tables, filled from another part"]
# The mean is the natural fill.
def fit_fills(train):
    fills = {}
    for name in train.columns:
        known = train[name].dropna()
        if known.empty:
            raise ValueError(name)
        numeric = pd.api.types.is_numeric_dtype(train[name])
        fills[name] = float(known.mean()) if numeric else sorted(known.mode())[0]
    return fills


def impute(frame, fills):
    return frame.fillna(fills)


# %% fills every table from itself exercise="imputer" fails=["the gaps of a test part get the fills of the training part", "the table that comes in is not changed, and columns without a fill stay", "the penguins, as scikit-learn fills them", "random tables, filled from another part"]
# A gap in a table is best filled from that table.
def fit_fills(train):
    fills = {}
    for name in train.columns:
        known = train[name].dropna()
        if known.empty:
            raise ValueError(name)
        numeric = pd.api.types.is_numeric_dtype(train[name])
        fills[name] = float(known.median()) if numeric else sorted(known.mode())[0]
    return fills


def impute(frame, fills):
    return frame.fillna({name: frame[name].median() if pd.api.types.is_numeric_dtype(frame[name]) else fills[name]
                         for name in fills})  # fmt: skip


# %% takes the first word that value_counts lists exercise="imputer" fails=["words that are equally frequent: the first in the alphabet", "random tables, filled from another part"]
# value_counts puts the right word first, also among equals.
def fit_fills(train):
    fills = {}
    for name in train.columns:
        known = train[name].dropna()
        if known.empty:
            raise ValueError(name)
        numeric = pd.api.types.is_numeric_dtype(train[name])
        fills[name] = float(known.median()) if numeric else known.value_counts().index[0]
    return fills


def impute(frame, fills):
    return frame.fillna(fills)


# %% fills in place exercise="imputer" fails=["the table that comes in is not changed, and columns without a fill stay"]
# Working in place saves memory.
def fit_fills(train):
    fills = {}
    for name in train.columns:
        known = train[name].dropna()
        if known.empty:
            raise ValueError(name)
        numeric = pd.api.types.is_numeric_dtype(train[name])
        fills[name] = float(known.median()) if numeric else sorted(known.mode())[0]
    return fills


def impute(frame, fills):
    for name, fill in fills.items():
        frame[name] = frame[name].fillna(fill)
    return frame


# %% an ordinary z-score exercise="outliers" fails=["the example: robust scores", "a gap is no outlier", "random values with gaps: robust scores"]
# Robust is a name; the score is the distance from the mean in standard deviations.
def iqr_outliers(values, k=1.5):
    values = np.asarray(values, dtype=float)
    q1, q3 = np.nanpercentile(values, [25, 75])
    return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))


def robust_z(values):
    values = np.asarray(values, dtype=float)
    if np.nanmedian(np.abs(values - np.nanmedian(values))) == 0:
        raise ValueError("no scale")
    return (values - np.nanmean(values)) / np.nanstd(values)


# %% fences around the median exercise="outliers" fails=["a value on the fence is inside", "random values with gaps: fences"]
# The fences stand k IQRs on both sides of the median.
def iqr_outliers(values, k=1.5):
    values = np.asarray(values, dtype=float)
    q1, q3 = np.nanpercentile(values, [25, 75])
    return np.abs(values - np.nanmedian(values)) > k * (q3 - q1)


def robust_z(values):
    values = np.asarray(values, dtype=float)
    distances = values - np.nanmedian(values)
    mad = np.nanmedian(np.abs(distances))
    if mad == 0:
        raise ValueError("no scale")
    return 0.6745 * distances / mad


# %% the fence itself is outside exercise="outliers" fails=["a value on the fence is inside"]
# Reaching the fence is enough.
def iqr_outliers(values, k=1.5):
    values = np.asarray(values, dtype=float)
    q1, q3 = np.nanpercentile(values, [25, 75])
    return (values <= q1 - k * (q3 - q1)) | (values >= q3 + k * (q3 - q1))


def robust_z(values):
    values = np.asarray(values, dtype=float)
    distances = values - np.nanmedian(values)
    mad = np.nanmedian(np.abs(distances))
    if mad == 0:
        raise ValueError("no scale")
    return 0.6745 * distances / mad


# %% medians that know no gaps exercise="outliers" fails=["a gap is no outlier", "random values with gaps: fences", "random values with gaps: robust scores"]
# np.percentile and np.median skip NaN.
def iqr_outliers(values, k=1.5):
    values = np.asarray(values, dtype=float)
    q1, q3 = np.percentile(values, [25, 75])
    return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))


def robust_z(values):
    values = np.asarray(values, dtype=float)
    distances = values - np.median(values)
    mad = np.median(np.abs(distances))
    if mad == 0:
        raise ValueError("no scale")
    return 0.6745 * distances / mad


# %% a column in, a column out exercise="outliers" fails=["the example: only 30 lies outside the fences", "the example: robust scores"]
# A column of a table calculates like an array, so there is nothing to convert.
def iqr_outliers(values, k=1.5):
    q1, q3 = np.nanpercentile(values, [25, 75])
    return (values < q1 - k * (q3 - q1)) | (values > q3 + k * (q3 - q1))


def robust_z(values):
    distances = values - np.nanmedian(values)
    mad = np.nanmedian(np.abs(distances))
    if mad == 0:
        raise ValueError("no scale")
    return 0.6745 * distances / mad


# %% deletes what is flagged exercise="read_outliers" fails=["what to do with R"]
# A flagged value is an error.
plot_read = {"together": "a", "by_species": "c", "r": "a", "fence": 4650}

# %% looks only at all birds together exercise="read_outliers" fails=["outside the fences of their own species", "the upper fence of the Chinstraps"]
# One set of fences serves all species.
plot_read = {"together": "a", "by_species": "a", "r": "c", "fence": 6550}

# %% the dict gets longer exercise="fix_one_hot" fails=["the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "random words"]
# With the third island in the dict, the program is complete.
def one_hot(train, test):
    codes = {"Biscoe": 0, "Dream": 1, "Torgersen": 2}
    codes = {word: i for i, word in enumerate(w for w in codes if w in set(train))} or codes

    def rows(column):
        return np.eye(len(codes))[column.map(codes).dropna().astype(int)]

    return rows(train), rows(test)


# %% one column of numbers exercise="fix_one_hot" fails=["the two islands that the program knows", "three islands: no row is lost", "the words of the training part decide", "an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "the penguins, as scikit-learn encodes them", "random words"]
# A number for each word is enough, and unknown words get -1.
def one_hot(train, test):
    words = sorted(train.dropna().unique())
    codes = {word: i for i, word in enumerate(words)}
    return tuple(part.map(codes).fillna(-1).to_numpy(dtype=float)[:, None] for part in (train, test))


# %% looks at both parts for its words exercise="fix_one_hot" fails=["an unknown word becomes a row of zeros", "random words"]
# Then no word of the test part is unknown.
def one_hot(train, test):
    words = sorted(pd.concat([train, test]).dropna().unique())
    return tuple(np.column_stack([part.eq(w).to_numpy(dtype=float) for w in words]) for part in (train, test))


# %% unknown words join the first column exercise="fix_one_hot" fails=["an unknown word becomes a row of zeros", "a missing word becomes a row of zeros", "random words"]
# fillna(0) makes the codes whole again.
def one_hot(train, test):
    words = sorted(train.dropna().unique())
    codes = {word: i for i, word in enumerate(words)}
    return tuple(np.eye(len(words))[part.map(codes).fillna(0).astype(int).to_numpy()] for part in (train, test))


# %% leaves True and False exercise="fix_one_hot" fails=["the two islands that the program knows"]
# True is 1 and False is 0, so a comparison is an encoding already.
def one_hot(train, test):
    words = sorted(train.dropna().unique())
    return tuple(np.column_stack([part.eq(word) for word in words]) for part in (train, test))


# %% divides by n minus one in the scale exercise="scaler" fails=["the example: mean 4, scale the root of 8/3", "every column has its own mean and scale", "random tables, as StandardScaler does it"]
# The standard deviation of pandas and of the statistics course.
def fit_scale(X):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    constant = X.max(axis=0) == X.min(axis=0)
    return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0, ddof=1))


def standardise(X, mean, scale):
    return (np.asarray(X, dtype=float) - mean) / scale


# %% one mean for the whole table exercise="scaler" fails=["the example: mean 4, scale the root of 8/3", "every column has its own mean and scale", "a constant column has scale 1", "a constant column of 0.1 has scale 1 as well", "random tables, as StandardScaler does it"]
# mean() and std() without an axis.
def fit_scale(X):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    return X.mean(), X.std() or 1.0


def standardise(X, mean, scale):
    return (np.asarray(X, dtype=float) - mean) / scale


# %% compares the deviation with zero exercise="scaler" fails=["a constant column of 0.1 has scale 1 as well", "random tables, as StandardScaler does it"]
# A constant column has a standard deviation of exactly zero.
def fit_scale(X):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    scale = X.std(axis=0)
    return X.mean(axis=0), np.where(scale == 0, 1.0, scale)


def standardise(X, mean, scale):
    return (np.asarray(X, dtype=float) - mean) / scale


# %% learns again when it applies exercise="scaler" fails=["applied to other rows", "random tables, as StandardScaler does it"]
# Standardised rows have mean 0, so each table takes its own mean.
def fit_scale(X):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    constant = X.max(axis=0) == X.min(axis=0)
    return X.mean(axis=0), np.where(constant, 1.0, X.std(axis=0))


def standardise(X, mean, scale):
    X = np.asarray(X, dtype=float)
    return X - X.mean(axis=0)


# %% each part by itself exercise="fix_scaling" fails=["the test features use the mean and scale of the training part", "random tables and random parts"]
# Nothing leaks if each part is standardised with its own mean and scale.
def prepare(X, train, test):
    return standardise(X[train], *fit_scale(X[train])), standardise(X[test], *fit_scale(X[test]))


# %% learns from the test part exercise="fix_scaling" fails=["the training features are those of the training rows alone", "a test row has no influence on the training features", "the test features use the mean and scale of the training part", "random tables and random parts"]
# The test part is what counts, so its scale should be used.
def prepare(X, train, test):
    mean, scale = fit_scale(X[test])
    return standardise(X[train], mean, scale), standardise(X[test], mean, scale)


# %% scales only the training part exercise="fix_scaling" fails=["everything is training: nothing can leak", "the test features use the mean and scale of the training part", "random tables and random parts"]
# The test part must not be touched.
def prepare(X, train, test):
    mean, scale = fit_scale(X[train])
    return standardise(X[train], mean, scale), X[test]


# %% rounds every quota exercise="split_by_hand" fails=["the Chinstraps in the test part"]
# Each quota is rounded by itself, and the sum will be about right (it is one too many).
seats = {"Adelie": 17, "Gentoo": 14, "Chinstrap": 8}

# %% only the whole parts exercise="split_by_hand" fails=["the Adelies in the test part", "the Gentoos in the test part"]
# The whole parts of the quotas are the answer; two seats stay empty.
seats = {"Adelie": 16, "Gentoo": 13, "Chinstrap": 7}

# %% no stratification exercise="stratified_split" fails=["the twelve birds: two, one and one", "a class with one sample, or a share that is none: refused", "the penguins, by species", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# A random split has all classes in proportion.
def stratified_split(y, test_share, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    t = round(test_share * len(y))
    return order[t:], order[:t]


# %% rounds each class by itself exercise="stratified_split" fails=["the test part has the size asked for", "the penguins, by species", "random labels: the quotas hold", "random labels: the largest fractions get the seats"]
# round(test_share * class size), class by class, adds up.
def stratified_split(y, test_share, seed):
    y = np.asarray(y)
    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2 or not 0 < test_share < 1:
        raise ValueError("refused")
    rng = np.random.default_rng(seed)
    test = np.concatenate([rng.permutation(np.flatnonzero(y == c))[: round(test_share * n)]
                           for c, n in zip(classes, sizes)])  # fmt: skip
    return np.setdiff1d(np.arange(len(y)), test), test


# %% takes the first rows of a class exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others", "within a class, chance decides"]
# The proportions are what counts, not which rows.
def stratified_split(y, test_share, seed):
    y = np.asarray(y)
    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2 or not 0 < test_share < 1:
        raise ValueError("refused")
    t = round(test_share * len(y))
    seats, rest = np.divmod(t * sizes, len(y))
    seats[np.argsort(-rest, kind="stable")[: t - seats.sum()]] += 1
    test = np.concatenate([np.flatnonzero(y == c)[:k] for c, k in zip(classes, seats)])
    return np.setdiff1d(np.arange(len(y)), test), test


# %% the seats left over go to the first classes exercise="stratified_split" fails=["the twelve birds: two, one and one", "the penguins, by species", "random labels: the largest fractions get the seats"]
# Somebody has to get the seats that are left, in the order of the names.
def stratified_split(y, test_share, seed):
    y = np.asarray(y)
    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2 or not 0 < test_share < 1:
        raise ValueError("refused")
    t = round(test_share * len(y))
    seats, rest = np.divmod(t * sizes, len(y))
    seats[np.flatnonzero(rest)[: t - seats.sum()]] += 1
    rng = np.random.default_rng(seed)
    test = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:k] for c, k in zip(classes, seats)])
    return np.setdiff1d(np.arange(len(y)), test), test


# %% a fresh generator without the seed exercise="stratified_split" fails=["the same seed gives the same split, other seeds give others"]
# Any generator will do.
def stratified_split(y, test_share, seed):
    y = np.asarray(y)
    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2 or not 0 < test_share < 1:
        raise ValueError("refused")
    t = round(test_share * len(y))
    seats, rest = np.divmod(t * sizes, len(y))
    seats[np.argsort(-rest, kind="stable")[: t - seats.sum()]] += 1
    rng = np.random.default_rng()
    test = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:k] for c, k in zip(classes, seats)])
    return np.setdiff1d(np.arange(len(y)), test), test


# %% compares a list with a label exercise="stratified_split" fails=["the twelve birds: two, one and one"]
# A list compares with a label element by element, as an array does. (A list of words is just not equal to a word.)
def stratified_split(y, test_share, seed):
    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2 or not 0 < test_share < 1:
        raise ValueError("refused")
    t = round(test_share * len(y))
    seats, rest = np.divmod(t * sizes, len(y))
    seats[np.argsort(-rest, kind="stable")[: t - seats.sum()]] += 1
    rng = np.random.default_rng(seed)
    test = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:k] for c, k in zip(classes, seats)])
    return np.setdiff1d(np.arange(len(y)), test), test


# %% shuffles and ignores the classes exercise="fix_folds" fails=["every class is dealt evenly", "random labels are dealt evenly"]
# Shuffling is enough to have every class in every fold.
def folds(y, k, seed):
    return np.random.default_rng(seed).permutation(len(y)) % k


# %% deals every class from fold zero exercise="fix_folds" fails=["the folds are equally large, to within one", "random labels are dealt evenly"]
# Each class may start at fold 0 again: the classes are dealt evenly after all.
def folds(y, k, seed):
    y, rng = np.asarray(y), np.random.default_rng(seed)
    fold = np.empty(len(y), dtype=int)
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        fold[rows] = np.arange(len(rows)) % k
    return fold


# %% deals without shuffling exercise="fix_folds" fails=["another seed gives other folds"]
# Position modulo k mixes the sorted table well enough.
def folds(y, k, seed):
    order = np.argsort(np.asarray(y), kind="stable")
    fold = np.empty(len(order), dtype=int)
    fold[order] = np.arange(len(order)) % k
    return fold


# %% numbers the folds with floats exercise="fix_folds" fails=["the folds are equally large, to within one"]
# np.zeros makes an array to fill in, and 2.0 is as good a number of a fold as 2.
def folds(y, k, seed):
    y, rng = np.asarray(y), np.random.default_rng(seed)
    deck = np.concatenate([rng.permutation(np.flatnonzero(y == c)) for c in np.unique(y)])
    fold = np.zeros(len(y))
    fold[deck] = np.arange(len(y)) % k
    return fold


# %% draws rows and not groups exercise="group_split" fails=["no nest is on both sides, and no row is lost", "the share counts groups, not rows", "a cutoff outside the dates is refused", "the past trains, the future tests", "the penguins: whole nests", "random groups of random sizes"]
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


# %% the cutoff day belongs to the past exercise="group_split" fails=["the past trains, the future tests"]
# "From the cutoff on" begins on the day after.
def group_split(groups, test_share, seed):
    groups = np.asarray(groups)
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError("one group")
    count = min(max(1, round(test_share * len(names))), len(names) - 1)
    chosen = np.isin(groups, np.random.default_rng(seed).permutation(names)[:count])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def time_split(dates, cutoff):
    later = np.array([day > cutoff for day in dates])
    if later.all() or not later.any():
        raise ValueError("one side is empty")
    return np.flatnonzero(~later), np.flatnonzero(later)


# %% the first groups and not drawn ones exercise="group_split" fails=["the seed decides which groups"]
# The groups have no order, so the first ones are as good as any.
def group_split(groups, test_share, seed):
    groups = np.asarray(groups)
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError("one group")
    count = min(max(1, round(test_share * len(names))), len(names) - 1)
    chosen = np.isin(groups, names[:count])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def time_split(dates, cutoff):
    later = np.array([day >= cutoff for day in dates])
    if later.all() or not later.any():
        raise ValueError("one side is empty")
    return np.flatnonzero(~later), np.flatnonzero(later)


# %% a part may stay empty exercise="group_split" fails=["at least one group on each side", "a cutoff outside the dates is refused"]
# An empty part is the caller's problem.
def group_split(groups, test_share, seed):
    groups = np.asarray(groups)
    names = np.unique(groups)
    chosen = np.isin(groups, np.random.default_rng(seed).permutation(names)[: round(test_share * len(names))])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def time_split(dates, cutoff):
    later = np.array([day >= cutoff for day in dates])
    return np.flatnonzero(~later), np.flatnonzero(later)


# %% cuts the number of groups off exercise="group_split" fails=["the share counts groups, not rows", "random groups of random sizes"]
# Takes `int()` for rounding: it cuts off what stands behind the point.
def group_split(groups, test_share, seed):
    groups = np.asarray(groups)
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError("one group")
    count = min(max(1, int(test_share * len(names))), len(names) - 1)
    chosen = np.isin(groups, np.random.default_rng(seed).permutation(names)[:count])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def time_split(dates, cutoff):
    later = np.array([day >= cutoff for day in dates])
    if later.all() or not later.any():
        raise ValueError("one side is empty")
    return np.flatnonzero(~later), np.flatnonzero(later)


# %% refuses two groups exercise="group_split" fails=["at least one group on each side"]
# With two groups there is nothing to draw.
def group_split(groups, test_share, seed):
    groups = np.asarray(groups)
    names = np.unique(groups)
    if len(names) <= 2:
        raise ValueError("too few groups")
    count = min(max(1, round(test_share * len(names))), len(names) - 1)
    chosen = np.isin(groups, np.random.default_rng(seed).permutation(names)[:count])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def time_split(dates, cutoff):
    later = np.array([day >= cutoff for day in dates])
    if later.all() or not later.any():
        raise ValueError("one side is empty")
    return np.flatnonzero(~later), np.flatnonzero(later)


# %% the highest score wins exercise="leak_hunt" fails=["the program to believe", "the verdict"]
# The program with the best AUC has found the signal.
hunt = {"honest": "a", "fault_a": "b", "fault_b": "c", "verdict": "a"}

# %% mixes up the two leaks exercise="leak_hunt" fails=["the fault of program A", "the fault of program B"]
# A leaks through its encoding, and B through its split.
hunt = {"honest": "c", "fault_a": "a", "fault_b": "a", "verdict": "b"}

# %% learns from both parts exercise="pipeline" fails=["a small table by hand", "the test part has no influence on the training part", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# Preprocess the whole table once, then take it apart.
def prepare_by_hand(train, test, numbers, words):
    both = pd.concat([train, test])
    both = impute(both, fit_fills(both[numbers + words]))
    parts = [standardise(both[numbers], *fit_scale(both[numbers]))] + [one_hot(both[w], both[w])[0] for w in words]
    table = np.hstack(parts)
    return table[: len(train)], table[len(train) :]


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% the words come first exercise="pipeline" fails=["a small table by hand", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The order of the columns does not matter.
def prepare_by_hand(train, test, numbers, words):
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [one_hot(train[word], test[word]) for word in words]
    parts.append((standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale)))
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% the default imputer in the pipeline exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# SimpleImputer fills in the median by default.
def prepare_by_hand(train, test, numbers, words):
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
    parts += [one_hot(train[word], test[word]) for word in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% no imputer for the words exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The encoder ignores what it does not know, so it ignores gaps too.
def prepare_by_hand(train, test, numbers, words):
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
    parts += [one_hot(train[word], test[word]) for word in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% scales before it imputes exercise="pipeline" fails=["a small table by hand", "the test part has no influence on the training part", "the penguins by hand, as scikit-learn prepares them", "the pipeline's features equal yours, to nine digits", "random tables, by hand and as a pipeline"]
# The order of imputing and scaling does not matter.
def prepare_by_hand(train, test, numbers, words):
    mean, scale = fit_scale(train[numbers])
    train, test = train.copy(), test.copy()
    train[numbers], test[numbers] = standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale)
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    parts = [(train[numbers].to_numpy(), test[numbers].to_numpy())] + [one_hot(train[w], test[w]) for w in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% the encoder's sparse default exercise="pipeline" fails=["the pipeline's features equal yours, to nine digits"]
# An array came out when I tried it, so sparse_output=False is needless. (With many words a sparse matrix comes out.)
def prepare_by_hand(train, test, numbers, words):
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
    parts += [one_hot(train[word], test[word]) for word in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression(max_iter=1000))])


# %% the default number of steps exercise="pipeline" fails=["the pipeline has the two steps"]
# The optimiser knows by itself how many steps it needs.
def prepare_by_hand(train, test, numbers, words):
    fills = fit_fills(train[numbers + words])
    train, test = impute(train, fills), impute(test, fills)
    mean, scale = fit_scale(train[numbers])
    parts = [(standardise(train[numbers], mean, scale), standardise(test[numbers], mean, scale))]
    parts += [one_hot(train[word], test[word]) for word in words]
    return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])


def build_model(numbers, words):
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])  # fmt: skip
    return Pipeline([("prepare", steps), ("model", LogisticRegression())])


# %% keeps the dtype of NumPy exercise="to_tensors" fails=["features are float32", "random tables become tensors"]
# from_numpy gives the right dtype.
def to_tensors(X, labels, classes):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    return torch.from_numpy(X), torch.tensor([classes.index(name) for name in labels])


def make_loader(features, targets, batch_size, shuffle, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle, generator=generator)


# %% targets with a second axis exercise="to_tensors" fails=["targets are int64, of shape (n,)", "the given order of the classes decides, not the alphabet", "random tables become tensors"]
# Targets are a column, so their shape is (n, 1).
def to_tensors(X, labels, classes):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    return torch.tensor(X, dtype=torch.float32), torch.tensor([[classes.index(name)] for name in labels])


def make_loader(features, targets, batch_size, shuffle, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle, generator=generator)


# %% maps unknown labels to minus one exercise="to_tensors" fails=["a gap and an unknown label are refused"]
# An unknown label gets a number of its own, and NaN will show in the loss.
def to_tensors(X, labels, classes):
    codes = {name: i for i, name in enumerate(classes)}
    return torch.tensor(np.asarray(X), dtype=torch.float32), torch.tensor([codes.get(name, -1) for name in labels])


def make_loader(features, targets, batch_size, shuffle, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle, generator=generator)


# %% seeds the global generator exercise="to_tensors" fails=["the same seed shuffles alike, another differently"]
# torch.manual_seed makes everything repeatable, so a loader needs no generator of its own.
def to_tensors(X, labels, classes):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    return torch.tensor(X, dtype=torch.float32), torch.tensor([classes.index(name) for name in labels])


def make_loader(features, targets, batch_size, shuffle, seed=0):
    torch.manual_seed(seed)
    return DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle)


# %% drops the last batch and seeds nothing exercise="to_tensors" fails=["five birds in batches of two", "without shuffling the order stays", "shuffled: every sample once, with its own label, in a new order", "the same seed shuffles alike, another differently"]
# Batches must be equally large, and the global generator is random enough.
def to_tensors(X, labels, classes):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any():
        raise ValueError("nan")
    return torch.tensor(X, dtype=torch.float32), torch.tensor([classes.index(name) for name in labels])


def make_loader(features, targets, batch_size, shuffle, seed=0):
    return DataLoader(TensorDataset(features, targets), batch_size=batch_size, shuffle=shuffle, drop_last=True)

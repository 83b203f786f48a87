# %% masks the table once exercise="audit"
# No loop: the placeholders become gaps in a copy, and pandas counts.
def audit(frame, placeholders=()):
    masked = frame.mask(frame.isin(list(placeholders)))
    return pd.DataFrame(
        {"missing": masked.isna().sum(), "share": masked.isna().mean(), "distinct": masked.nunique()}
    )


# %% counts in plain Python exercise="audit"
# Value by value, with sets and lists; pandas only for the answer.
def audit(frame, placeholders=()):
    missing, share, distinct = [], [], []
    for name in frame:
        known = []
        for value in frame[name].tolist():
            if not pd.isna(value) and value not in placeholders:
                known.append(value)
        missing.append(len(frame) - len(known))
        share.append(missing[-1] / len(frame))
        distinct.append(len(set(known)))
    return pd.DataFrame({"missing": missing, "share": share, "distinct": distinct}, index=list(frame.columns))


# %% a dictionary of Series exercise="audit"
# One small Series a column, transposed at the end.
def audit(frame, placeholders=()):
    def one(column):
        known = column[~column.isin(list(placeholders))].dropna()
        gone = len(column) - len(known)
        return pd.Series({"missing": gone, "share": gone / len(column), "distinct": known.nunique()})

    table = frame.apply(one).T
    return table.astype({"missing": int, "share": float, "distinct": int})


# %% dropna with a subset exercise="fix_dropna"
# The method stays, looks at one column, and makes a new table.
def clean(table, features, target):
    kept = table.dropna(subset=[target])
    return kept[features], kept[target]


# %% loc with a mask exercise="fix_dropna"
# Two selections by one mask of the target.
def clean(table, features, target):
    known = ~table[target].isnull()
    return table.loc[known, features].copy(), table.loc[known, target].copy()


# %% row numbers exercise="fix_dropna"
# Plain Python finds the rows, iloc takes them.
def clean(table, features, target):
    rows = [i for i, value in enumerate(table[target]) if not pd.isna(value)]
    return table.iloc[rows][list(features)], table.iloc[rows][target]


# %% select_dtypes and mode exercise="imputer"
# Numbers and words apart; `mode` lists equals in order.
def fit_fills(train):
    if train.isna().all().any():
        raise ValueError("a column is empty")
    numeric = train.select_dtypes("number")
    fills = {}
    for name in train.columns:
        fills[name] = float(numeric[name].median()) if name in numeric else train[name].mode()[0]
    return fills


def impute(frame, fills):
    filled = frame.copy()
    for name, fill in fills.items():
        filled[name] = filled[name].fillna(fill)
    return filled


# %% statistics and Counter exercise="imputer"
# The standard library counts and takes the median; `where` fills.
def fit_fills(train):
    import statistics
    from collections import Counter

    fills = {}
    for name in train:
        known = [value for value in train[name] if not pd.isna(value)]
        if len(known) == 0:
            raise ValueError(name)
        if isinstance(known[0], str):
            counts = Counter(known)
            fills[name] = sorted(counts, key=lambda word: (-counts[word], word))[0]
        else:
            fills[name] = float(statistics.median(known))
    return fills


def impute(frame, fills):
    columns = {name: frame[name].where(frame[name].notna(), fills[name]) if name in fills else frame[name]
               for name in frame.columns}  # fmt: skip
    return pd.DataFrame(columns, index=frame.index)


# %% known values first exercise="outliers"
# Statistics of the known values alone, then one pass over all.
def iqr_outliers(values, k=1.5):
    x = np.array(list(values), dtype=float)
    known = x[~np.isnan(x)]
    q1 = np.percentile(known, 25)
    q3 = np.percentile(known, 75)
    return np.logical_or(x < q1 - k * (q3 - q1), x > q3 + k * (q3 - q1))


def robust_z(values):
    x = np.array(list(values), dtype=float)
    known = x[~np.isnan(x)]
    middle = np.median(known)
    mad = np.median(abs(known - middle))
    if not mad > 0:
        raise ValueError("MAD is zero")
    return 0.6745 * (x - middle) / mad


# %% pandas does it exercise="outliers"
# Series skip gaps by themselves.
def iqr_outliers(values, k=1.5):
    s = pd.Series(values, dtype=float).reset_index(drop=True)
    low, high = s.quantile(0.25), s.quantile(0.75)
    inside = s.between(low - k * (high - low), high + k * (high - low))
    return (~inside & s.notna()).to_numpy()


def robust_z(values):
    s = pd.Series(values, dtype=float)
    mad = (s - s.median()).abs().median()
    if mad == 0:
        raise ValueError("no scale")
    return ((s - s.median()) / mad * 0.6745).to_numpy()


# %% a loop over values exercise="outliers"
# Plain comparisons, value by value.
def iqr_outliers(values, k=1.5):
    values = [float(v) for v in values]
    q1, q3 = np.nanpercentile(values, [25, 75])
    flags = []
    for v in values:
        flags.append(bool(v < q1 - k * (q3 - q1) or v > q3 + k * (q3 - q1)))
    return np.array(flags)


def robust_z(values):
    values = [float(v) for v in values]
    m = np.nanmedian(values)
    mad = np.nanmedian([abs(v - m) for v in values])
    if mad == 0:
        raise ValueError("no scale")
    return np.array([0.6745 * (v - m) / mad for v in values])


# %% scikit-learn's encoder exercise="fix_one_hot"
# OneHotEncoder, with the gaps' column left out of the list of words.
def one_hot(train, test):
    words = sorted(set(train.dropna()))
    encoder = OneHotEncoder(categories=[words], handle_unknown="ignore", sparse_output=False)
    encoder.fit(np.array(words, dtype=object).reshape(-1, 1))
    return tuple(encoder.transform(part.to_numpy(dtype=object).reshape(-1, 1)) for part in (train, test))


# %% loops and zeros exercise="fix_one_hot"
# A dict from word to column, and an array of zeros to write into.
def one_hot(train, test):
    place = {}
    for word in sorted({w for w in train if isinstance(w, str)}):
        place[word] = len(place)

    def code(column):
        table = np.zeros((len(column), len(place)))
        for row, word in enumerate(column):
            if word in place:
                table[row, place[word]] = 1
        return table

    return code(train), code(test)


# %% get_dummies and reindex exercise="fix_one_hot"
# The training part's columns, also for the test part.
def one_hot(train, test):
    first = pd.get_dummies(train, dtype=float)
    second = pd.get_dummies(test, dtype=float).reindex(columns=first.columns, fill_value=0.0)
    return first.to_numpy(), second.to_numpy()


# %% from the formula exercise="scaler"
# Mean and variance by sums; constant columns by comparison with the first row.
def fit_scale(X):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).sum() > 0:
        raise ValueError("NaN")
    n = X.shape[0]
    mean = X.sum(axis=0) / n
    scale = np.sqrt(((X - mean) ** 2).sum(axis=0) / n)
    scale[(X == X[0]).all(axis=0)] = 1.0
    return mean, scale


def standardise(X, mean, scale):
    Z = np.array(X, dtype=float)
    Z -= mean
    Z /= scale
    return Z


# %% column by column exercise="scaler"
# A loop over columns, with the peak to peak distance for constants.
def fit_scale(X):
    columns = np.asarray(X, dtype=float).T
    means, scales = [], []
    for column in columns:
        if any(v != v for v in column):
            raise ValueError("NaN")
        means.append(np.mean(column))
        scales.append(1.0 if np.ptp(column) == 0 else np.std(column))
    return np.array(means), np.array(scales)


def standardise(X, mean, scale):
    return np.array([[(v - m) / s for v, m, s in zip(row, mean, scale)] for row in np.asarray(X)])


# %% StandardScaler exercise="fix_scaling"
# The library's own, fitted on the training rows.
def prepare(X, train, test):
    scaler = StandardScaler()
    Z_train = scaler.fit_transform(X[train])
    return Z_train, scaler.transform(X[test])


# %% by hand, on rows taken out first exercise="fix_scaling"
# Mean and standard deviation of the training rows, then both parts.
def prepare(X, train, test):
    known = X[train]
    mu, sigma = known.mean(axis=0), known.std(axis=0)
    sigma = np.where(sigma == 0, 1, sigma)
    return (known - mu) / sigma, (X[test] - mu) / sigma


# %% a dict of rows exercise="stratified_split"
# Plain Python: rows by class, places by sorting, sample by the generator.
def stratified_split(y, test_share, seed):
    y = list(y)
    n = len(y)
    if test_share <= 0 or test_share >= 1:
        raise ValueError("share")
    t = round(test_share * n)
    if t == 0 or t == n:
        raise ValueError("an empty part")
    rows = {}
    for i, label in enumerate(y):
        rows.setdefault(label, []).append(i)
    if min(len(r) for r in rows.values()) == 1:
        raise ValueError("a single sample")
    places = {label: t * len(r) // n for label, r in rows.items()}
    by_fraction = sorted(rows, key=lambda label: t * len(rows[label]) % n, reverse=True)
    for label in by_fraction[: t - sum(places.values())]:
        places[label] += 1
    rng = np.random.default_rng(seed)
    test = []
    for label, r in rows.items():
        test += rng.choice(r, size=places[label], replace=False).tolist()
    train = [i for i in range(n) if i not in set(test)]
    return np.array(train, dtype=int), np.array(test, dtype=int)


# %% a mask over a shuffled table exercise="stratified_split"
# Shuffle all rows once, then take the first ones of each class in that order.
def stratified_split(y, test_share, seed):
    labels = np.asarray(y)
    n, t = len(labels), round(test_share * len(labels))
    names, sizes = np.unique(labels, return_counts=True)
    if not 0 < test_share < 1 or t in (0, n) or (sizes < 2).any():
        raise ValueError("cannot be split")
    whole = t * sizes // n
    order = np.argsort(whole * n - t * sizes, kind="stable")
    whole[order[: t - whole.sum()]] += 1
    shuffled = np.random.default_rng(seed).permutation(n)
    in_test = np.zeros(n, dtype=bool)
    for name, places in zip(names, whole):
        mine = shuffled[labels[shuffled] == name]
        in_test[mine[:places]] = True
    return np.where(~in_test)[0], np.where(in_test)[0]


# %% fractions exercise="stratified_split"
# Exact quotas with Fraction, a helper beside the function.
from fractions import Fraction


def whole_parts(quota):
    return {c: int(q) for c, q in quota.items()}


def stratified_split(y, test_share, seed):
    labels = np.asarray(y).tolist()
    n, rows = len(labels), {}
    if not 0 < test_share < 1:
        raise ValueError("test_share")
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    if any(len(members) < 2 for members in rows.values()):
        raise ValueError("a class with a single sample")
    t = round(test_share * n)
    if t in (0, n):
        raise ValueError("an empty part")
    quota = {c: Fraction(t * len(members), n) for c, members in rows.items()}
    seats = whole_parts(quota)
    by_fraction = sorted(rows, key=lambda c: quota[c] - seats[c], reverse=True)
    for c in by_fraction[: t - sum(seats.values())]:
        seats[c] += 1
    rng = np.random.default_rng(seed)
    in_test = np.zeros(n, dtype=bool)
    for c, members in rows.items():
        in_test[rng.choice(members, size=seats[c], replace=False)] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


# %% a running counter exercise="fix_folds"
# Card by card, with a counter that goes on from class to class.
def folds(y, k, seed):
    rng = np.random.default_rng(seed)
    y = np.array(y)
    fold = np.zeros(len(y), dtype=int)
    turn = 0
    for label in sorted(set(y.tolist())):
        rows = np.where(y == label)[0]
        rng.shuffle(rows)
        for row in rows:
            fold[row] = turn % k
            turn += 1
    return fold


# %% shuffles once and sorts by class exercise="fix_folds"
# A stable sort of shuffled rows by label is the deck.
def folds(y, k, seed):
    y = np.asarray(y)
    mixed = np.random.default_rng(seed).permutation(len(y))
    deck = mixed[np.argsort(y[mixed], kind="stable")]
    answer = np.empty(len(y), dtype=np.int32)
    for place, row in enumerate(deck):
        answer[row] = place % k
    return answer


# %% sets and lists exercise="group_split"
# Plain Python, with the generator's choice; dates by comparison of text.
def group_split(groups, test_share, seed):
    groups = list(groups)
    names = sorted(set(groups))
    if len(names) == 1:
        raise ValueError("one group")
    number = round(test_share * len(names))
    number = 1 if number < 1 else number
    number = len(names) - 1 if number == len(names) else number
    rng = np.random.default_rng(seed)
    chosen = {names[i] for i in rng.choice(len(names), size=number, replace=False)}
    test = [i for i, g in enumerate(groups) if g in chosen]
    train = [i for i, g in enumerate(groups) if g not in chosen]
    return np.array(train), np.array(test)


def time_split(dates, cutoff):
    train = [i for i, day in enumerate(dates) if day < cutoff]
    test = [i for i, day in enumerate(dates) if not day < cutoff]
    if not train or not test:
        raise ValueError("an empty part")
    return np.array(train), np.array(test)


# %% codes and clip exercise="group_split"
# factorize and real dates.
def group_split(groups, test_share, seed):
    codes, names = pd.factorize(np.asarray(groups))
    if len(names) < 2:
        raise ValueError("one group")
    number = int(np.clip(round(test_share * len(names)), 1, len(names) - 1))
    drawn = np.random.default_rng(seed).choice(len(names), number, replace=False)
    mask = np.isin(codes, drawn)
    return np.nonzero(~mask)[0], np.nonzero(mask)[0]


def time_split(dates, cutoff):
    later = pd.to_datetime(pd.Series(list(dates))) >= pd.Timestamp(cutoff)
    if later.nunique() == 1:
        raise ValueError("one side is empty")
    rows = np.arange(len(later))
    return rows[~later.to_numpy()], rows[later.to_numpy()]


# %% a loop over periods exercise="rolling"
# Early rows first; a period without any is passed over.
def rolling_splits(periods, gap=0):
    periods = np.array(list(periods))
    splits = []
    for period in sorted(set(periods.tolist())):
        early = np.where(periods < period - gap)[0]
        if early.size == 0:
            continue
        splits.append((early, np.where(periods == period)[0]))
    if len(splits) == 0:
        raise ValueError("nothing to train on")
    return splits


# %% a dict of periods exercise="rolling"
# Rows collected by period; the past is the sorted union of the early ones.
def rolling_splits(periods, gap=0):
    rows = {}
    for row, period in enumerate(periods):
        rows.setdefault(int(period), []).append(row)
    found = []
    for period in sorted(rows):
        past = sorted(row for other, members in rows.items() if other < period - gap for row in members)
        if past:
            found.append((np.array(past), np.array(rows[period])))
    if len(found) == 0:
        raise ValueError("no period has anything to train on")
    return found


# %% plain lists exercise="rolling"
# No NumPy before the end, and the refusal first.
def rolling_splits(periods, gap=0):
    periods = [int(p) for p in periods]
    usable = [p for p in dict.fromkeys(sorted(periods)) if min(periods) < p - gap]
    if not usable:
        raise ValueError("no period is late enough")

    def rows(test):
        return np.array([i for i, p in enumerate(periods) if test(p)], dtype=int)

    return [(rows(lambda p, q=q: p < q - gap), rows(lambda p, q=q: p == q)) for q in usable]


# %% pandas groupby exercise="target_rates"
# Sums and counts by groupby, unknown words by fillna.
def word_rates(words, y, new_words, smooth=0.0):
    train = pd.DataFrame({"word": list(words), "y": np.asarray(y, dtype=float)})
    mean = train["y"].mean()
    found = train.groupby("word")["y"].agg(["sum", "count"])
    rate = (found["sum"] + smooth * mean) / (found["count"] + smooth)
    return pd.Series(list(new_words)).map(rate).fillna(mean).to_numpy(dtype=float)


def rates_out_of_fold(words, y, fold, smooth=0.0):
    table = pd.DataFrame({"word": list(words), "y": list(y), "fold": list(fold)})
    if table["fold"].nunique() == 1:
        raise ValueError("a single fold")
    answer = pd.Series(index=table.index, dtype=float)
    for number, mine in table.groupby("fold"):
        rest = table[table["fold"] != number]
        answer[mine.index] = word_rates(rest["word"], rest["y"], mine["word"], smooth)
    return answer.to_numpy()


# %% dicts and loops exercise="target_rates"
# Running sums in dicts, row by row.
def word_rates(words, y, new_words, smooth=0.0):
    total, count = {}, {}
    for word, value in zip(words, y):
        total[word] = total.get(word, 0) + value
        count[word] = count.get(word, 0) + 1
    mean = sum(total.values()) / sum(count.values())
    rates = []
    for word in new_words:
        if word in count:
            rates.append((total[word] + smooth * mean) / (count[word] + smooth))
        else:
            rates.append(mean)
    return np.array(rates, dtype=float)


def rates_out_of_fold(words, y, fold, smooth=0.0):
    words, y, fold = list(words), list(y), list(fold)
    if len(set(fold)) < 2:
        raise ValueError("a single fold")
    rates = []
    for word, mine in zip(words, fold):
        others = [i for i in range(len(y)) if fold[i] != mine]
        rates.append(word_rates([words[i] for i in others], [y[i] for i in others], [word], smooth)[0])
    return np.array(rates)


# %% subtracts the own fold exercise="target_rates"
# Sums and counts of all rows, minus those of the own fold; no loop over folds.
def word_rates(words, y, new_words, smooth=0.0):
    words = np.array(list(words), dtype=object)
    match = (np.array(list(new_words), dtype=object)[:, None] == words[None, :]).astype(float)
    y = np.asarray(y, dtype=float)
    total, count = match @ y, match.sum(axis=1)
    rates = np.full(len(count), y.mean())
    seen = count > 0
    rates[seen] = (total[seen] + smooth * y.mean()) / (count[seen] + smooth)
    return rates


def rates_out_of_fold(words, y, fold, smooth=0.0):
    table = pd.DataFrame({"w": list(words), "y": np.asarray(y, dtype=float), "f": list(fold)})
    if table["f"].nunique() == 1:
        raise ValueError("a single fold")
    own = table.groupby("f")["y"]
    mean = (table["y"].sum() - own.transform("sum")) / (len(table) - own.transform("count"))
    word, both = table.groupby("w")["y"], table.groupby(["w", "f"])["y"]
    total = word.transform("sum") - both.transform("sum")
    count = word.transform("count") - both.transform("count")
    rates = (total + smooth * mean) / (count + smooth).where(count > 0)
    return rates.where(count > 0, mean).to_numpy()


# %% TargetEncoder exercise="target_rates"
# The library's own, with the folds handed over.
def word_rates(words, y, new_words, smooth=0.0):
    encoder = TargetEncoder(smooth=float(smooth), target_type="continuous")
    encoder.fit(np.array(words, dtype=object).reshape(-1, 1), np.array(y, dtype=float))
    return encoder.transform(np.array(new_words, dtype=object).reshape(-1, 1))[:, 0]


def rates_out_of_fold(words, y, fold, smooth=0.0):
    words, y, fold = (np.array(v) for v in (words, y, fold))
    rates = np.full(len(y), np.nan)
    numbers = np.unique(fold)
    if numbers.size < 2:
        raise ValueError("a single fold")
    for number in numbers:
        held = np.where(fold == number)[0]
        others = np.where(fold != number)[0]
        rates[held] = word_rates(words[others], y[others], words[held], smooth)
    return rates


# %% transformers of scikit-learn by hand exercise="pipeline"
# SimpleImputer, StandardScaler and OneHotEncoder, fitted one after the other.
def prepare_by_hand(train, test, numbers, words):
    filler, scaler = SimpleImputer(strategy="median"), StandardScaler()
    left = scaler.fit_transform(filler.fit_transform(train[numbers]))
    right = scaler.transform(filler.transform(test[numbers]))
    for word in words:
        fill = train[word].mode()[0]
        a, b = one_hot(train[word].fillna(fill), test[word].fillna(fill))
        left, right = np.hstack([left, a]), np.hstack([right, b])
    return left, right


def build_model(numbers, words):
    return Pipeline(steps=[
        ("prepare", ColumnTransformer(transformers=[
            ("num", Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]), numbers),
            ("cat", Pipeline([
                ("fill", SimpleImputer(strategy="most_frequent")),
                ("code", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
            ]), words),
        ])),
        ("model", LogisticRegression(max_iter=1000)),
    ])  # fmt: skip


# %% make_column_transformer exercise="pipeline"
# Fills for numbers and words apart, concatenated; the pipeline with make_column_transformer.
def prepare_by_hand(train, test, numbers, words):
    blocks_train, blocks_test = [], []
    fills = fit_fills(train[numbers])
    filled_train, filled_test = impute(train[numbers], fills), impute(test[numbers], fills)
    mean, scale = fit_scale(filled_train.to_numpy())
    blocks_train.append(standardise(filled_train.to_numpy(), mean, scale))
    blocks_test.append(standardise(filled_test.to_numpy(), mean, scale))
    for word in words:
        fill = fit_fills(train[[word]])
        coded = one_hot(impute(train[[word]], fill)[word], impute(test[[word]], fill)[word])
        blocks_train.append(coded[0])
        blocks_test.append(coded[1])
    return np.concatenate(blocks_train, axis=1), np.concatenate(blocks_test, axis=1)


def build_model(numbers, words):
    from sklearn.compose import make_column_transformer

    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(strategy="most_frequent"),
                       OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
        sparse_threshold=0,
    )  # fmt: skip
    return Pipeline([("prepare", prepare), ("model", LogisticRegression(max_iter=1000))])


# %% maps the group to its mean exercise="fix_relative"
# Column by column, with `map` and `fillna`.
def relative(table, train, columns, by):
    answer = {}
    for column in columns:
        means = train.groupby(by)[column].mean()
        answer[column] = table[column] - table[by].map(means).fillna(train[column].mean())
    return pd.DataFrame(answer, index=table.index)


# %% a copy and a loop over groups exercise="fix_relative"
# Starts from the overall mean, then overwrites the groups that training knows.
def relative(table, train, columns, by):
    expected = pd.DataFrame(
        {c: [train[c].mean()] * len(table) for c in columns}, index=table.index, dtype=float
    )
    for group in table[by].unique():
        for c in columns:
            known = train.loc[train[by] == group, c].dropna()
            if len(known):
                expected.loc[(table[by] == group).to_numpy(), c] = known.mean()
    return table[columns] - expected


# %% merges the means exercise="fix_relative"
# A left join with the table of means, values subtracted as arrays.
def relative(table, train, columns, by):
    means = train.groupby(by, as_index=False)[columns].mean()
    joined = table[[by]].merge(means, on=by, how="left")[columns]
    joined = joined.fillna(train[columns].mean())
    return pd.DataFrame(table[columns].to_numpy() - joined.to_numpy(), index=table.index, columns=columns)


# %% classes.index exercise="to_tensors"
# The list's own refusal of unknown labels; as_tensor and long.
def to_tensors(X, labels, classes):
    X = np.asarray(X, dtype=float)
    if np.isnan(X).any() or np.isinf(X).any():
        raise ValueError("not finite")
    targets = [list(classes).index(label) for label in labels]
    return torch.as_tensor(X).float(), torch.as_tensor(targets).long()


def make_loader(features, targets, batch_size, shuffle, seed=0):
    g = torch.Generator()
    g.manual_seed(seed)
    data = list(zip(features, targets))
    return DataLoader(data, batch_size=batch_size, shuffle=shuffle, generator=g, drop_last=False)


# %% a sampler of its own exercise="to_tensors"
# torch checks for NaN and infinity; a RandomSampler with a generator shuffles.
def to_tensors(X, labels, classes):
    features = torch.tensor(np.array(X, dtype=np.float64))
    if not bool(torch.isfinite(features).all()):
        raise ValueError("not finite")
    numbers = dict(zip(classes, range(len(classes))))
    targets = torch.empty(len(labels), dtype=torch.int64)
    for i, label in enumerate(labels):
        if label not in numbers:
            raise ValueError(f"{label} is no class")
        targets[i] = numbers[label]
    return features.to(torch.float32), targets


def make_loader(features, targets, batch_size, shuffle, seed=0):
    from torch.utils.data import RandomSampler, SequentialSampler

    rows = TensorDataset(features, targets)
    generator = torch.Generator().manual_seed(seed)
    sampler = RandomSampler(rows, generator=generator) if shuffle else SequentialSampler(rows)
    return DataLoader(rows, batch_size=batch_size, sampler=sampler)

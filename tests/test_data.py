"""The data sets are the ones that their docstrings describe."""

import re

import numpy as np
import pytest
from sklearn import datasets

from mftcourse import data


def test_breast_cancer_is_what_its_docstring_says():
    X, y = data.load_breast_cancer()
    said = data.load_breast_cancer.__doc__
    assert X.shape == (569, 30)
    assert re.search(r"Rows: 569\b", said) and re.search(r"Columns: 30\b", said)
    assert f"{y.sum()} malignant (1)" in said and f"{(y == 0).sum()} benign (0)" in said
    assert not X.isna().any().any()
    assert set(X.dtypes) == {np.dtype("float64")}
    assert set(y.unique()) == {0, 1}


def test_breast_cancer_is_scikit_learns_with_the_labels_flipped():
    X, y = data.load_breast_cancer()
    theirs = datasets.load_breast_cancer(as_frame=True)
    assert list(X) == list(theirs.data)
    np.testing.assert_array_equal(X, theirs.data)
    np.testing.assert_array_equal(y, 1 - theirs.target)
    assert list(theirs.target_names) == ["malignant", "benign"]  # so malignant is 0 there, as the docstring says


def test_other_bytes_are_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(data, "BREAST_CANCER_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="mft doctor"):
        data.load_breast_cancer()


def test_raw_penguins_are_what_their_docstring_says():
    raw = data.load_penguins_raw()
    said = data.load_penguins_raw.__doc__
    assert raw.shape == (344, 17)
    assert re.search(r"Rows: 344\b", said) and re.search(r"Columns: 17\b", said)
    assert all(f'"{name}"' in said for name in raw)
    missing = raw.isna().sum()
    assert list(missing[missing > 0].items()) == [
        ("Culmen Length (mm)", 2), ("Culmen Depth (mm)", 2), ("Flipper Length (mm)", 2), ("Body Mass (g)", 2),
        ("Sex", 11), ("Delta 15 N (o/oo)", 14), ("Delta 13 C (o/oo)", 13), ("Comments", 290),
    ]  # fmt: skip
    assert not raw["Individual ID"].is_unique
    assert raw["Date Egg"].between("2007", "2010").all()


def test_raw_penguins_stand_sorted_by_species_and_nest():
    raw = data.load_penguins_raw()
    assert list(raw["Species"].str.split().str[0].drop_duplicates()) == ["Adelie", "Gentoo", "Chinstrap"]
    assert (raw["Species"] != raw["Species"].shift()).sum() == 3
    nests = raw["Individual ID"].str.replace(r"A\d$", "", regex=True).to_numpy()
    assert (nests[0::2] == nests[1::2]).all()


def test_other_penguins_are_refused(monkeypatch):
    monkeypatch.setattr(data, "PENGUINS_RAW_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="mft doctor"):
        data.load_penguins_raw()

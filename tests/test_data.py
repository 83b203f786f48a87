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

"""The data sets are the ones that their docstrings describe."""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
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


def test_digits_parts_are_what_their_docstring_says():
    parts = data.load_digits_parts()
    theirs = datasets.load_digits()
    said = data.load_digits_parts.__doc__
    for name, (images, labels) in parts.items():
        assert f'"{name}" ({len(images)}' in said
        assert images.shape == (len(labels), 1, 8, 8) and images.dtype is torch.float32 and labels.dtype is torch.int64
        assert 0 <= images.min() and images.max() == 1
        assert set(labels.tolist()) == set(range(10))
    together = torch.cat([images.reshape(-1, 64) for images, _ in parts.values()]).numpy() * 16
    assert sorted(map(tuple, together)) == sorted(map(tuple, theirs.data)), "no image twice, none forgotten"


def test_digits_cnn_is_what_its_card_says(root):
    card = (root / "mftcourse/weights/digits-cnn.md").read_text(encoding="utf-8")
    state = data.load_digits_cnn()
    assert data.DIGITS_CNN_SHA256 in card
    assert f"| {sum(v.numel() for k, v in state.items() if k.endswith(('weight', 'bias')))} parameters |" in card


def _run_recipe(root, folder):
    script = [sys.executable, str(root / "course/07-finetuning/pretrain.py"), str(folder)]
    out = subprocess.run(script, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(root)})
    return json.loads(out.stdout)


def test_the_recipe_reaches_the_accuracy_of_the_card_and_on_one_machine_the_same_file(root, tmp_path):
    first, again = _run_recipe(root, tmp_path / "a"), _run_recipe(root, tmp_path / "b")
    assert first == again, "the same machine and versions make the same bytes"
    card = (root / "mftcourse/weights/digits-cnn.md").read_text(encoding="utf-8")
    right, of = map(int, re.search(r"(\d+) of (\d+) held-out images right", card).groups())
    assert of == first["n_old"]
    assert abs(first["right"] - right) <= 4, "another processor may round otherwise, but not by more than this"


def test_lesson_and_recipe_define_the_same_network(root):
    def defined(name):
        tree = ast.parse((root / "course/07-finetuning" / name).read_text(encoding="utf-8"))
        found = [n for n in tree.body if getattr(n, "name", "") in ("block", "DigitNet")]
        for node in ast.walk(ast.Module(found, [])):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                del node.body[0]
        return [ast.dump(n) for n in found]

    assert defined("lesson.py") == defined("pretrain.py") != []


def test_docstrings_are_what_their_docstring_says():
    sentences, libraries = data.load_docstrings()
    assert Counter(libraries) == dict.fromkeys(data.DOCSTRING_FILES, 150)
    assert len({s.lower() for s in sentences}) == len(sentences), "no sentence twice"
    assert all(30 <= len(s) <= 120 and s.isascii() for s in sentences)
    assert not any(
        name in s.lower() for s in sentences for name in ("numpy", "pandas", "torch", "sklearn", "matplotlib")
    )
    assert data.load_docstrings() is data.load_docstrings(), "read once"
    with pytest.raises(ValueError, match="you asked for"):
        data.load_docstrings(10_000)


@pytest.mark.parametrize("name", ["DIGITS", "DIGITS_CNN", "DOCSTRINGS"])
def test_no_loader_takes_other_bytes(monkeypatch, name):
    load = {"DIGITS": data.load_digits_parts, "DIGITS_CNN": data.load_digits_cnn,
            "DOCSTRINGS": data.load_docstrings.__wrapped__}[name]  # fmt: skip
    monkeypatch.setattr(data, f"{name}_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="mft doctor"):
        load()


def test_minilm_is_the_published_one_and_says_nothing(monkeypatch):
    code = "from mftcourse.data import load_minilm; t, m = load_minilm(); print(sum(p.numel() for p in m.parameters()), m.training)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["22713216", "False"]
    monkeypatch.setattr(data, "MINILM_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="mft doctor"):
        data.load_minilm.__wrapped__()

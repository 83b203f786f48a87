"""The course's data sets, read from installed packages: nothing is downloaded.

Every function says rows, columns, units, licence, source and checksum, and refuses bytes that differ.
"""

from __future__ import annotations

import hashlib
import io
from importlib import resources

import pandas as pd

BREAST_CANCER_SHA256 = "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"
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

    Raises:
        ValueError: the installed file is not the one that this course was written with.
    """
    raw = resources.files("sklearn.datasets.data").joinpath("breast_cancer.csv").read_bytes()
    # git may have turned the line ends of the package's file on Windows
    raw = raw.replace(b"\r\n", b"\n")
    _verify(raw, BREAST_CANCER_SHA256, "scikit-learn's breast_cancer.csv")
    table = pd.read_csv(io.BytesIO(raw), skiprows=1, header=None)
    return table.iloc[:, :-1].set_axis(_breast_cancer_columns(), axis=1), (1 - table.iloc[:, -1]).rename("malignant")


def _breast_cancer_columns() -> list[str]:
    properties = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
                  "concave points", "symmetry", "fractal dimension"]  # fmt: skip
    return [f"mean {p}" for p in properties] + [f"{p} error" for p in properties] + [f"worst {p}" for p in properties]


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

    Raises:
        ValueError: the installed file is not the one that this course was written with.
    """
    raw = resources.files("palmerpenguins").joinpath("data/penguins-raw.csv").read_bytes()
    raw = raw.replace(b"\r\n", b"\n")
    _verify(raw, PENGUINS_RAW_SHA256, "palmerpenguins' penguins-raw.csv")
    return pd.read_csv(io.BytesIO(raw))


def _verify(raw: bytes, sha256: str, name: str) -> None:
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{name} is not the file that this course was written with (SHA-256 {found[:12]}…, expected "
            f"{sha256[:12]}…). Install the versions in constraints.txt, and run `mft doctor`."
        )

"""Fixtures of the analysis tests: a tiny embeddings table and the reference's embeddings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

_REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference_embeddings"


@pytest.fixture
def reference_folder() -> Path:
    """Return the folder of the reference work's embeddings, or skip the test."""
    if not (_REFERENCE / "expected.json").exists():
        pytest.skip(f"the reference embeddings are not at {_REFERENCE}")
    return _REFERENCE


@pytest.fixture
def random_vectors() -> tuple[np.ndarray, np.ndarray]:
    """Return 200 random vectors of 5 features and their labels, of unequal frequency."""
    random = np.random.default_rng(7)
    labels = random.choice(["b", "a", "c", "d"], size=200, p=[0.5, 0.3, 0.15, 0.05])
    return random.normal(size=(200, 5)), labels


@pytest.fixture
def tiny_embeddings() -> pd.DataFrame:
    """Return one-dimensional embeddings of two classes at two steps.

    Step 1: centroids a 1, b 2; of validation 3 of 4 are right. Step 2: centroids a 0, b 10;
    all of validation and 3 of 4 test images are right.
    """
    rows = [
        ("a", 1, "validation", 0.0),
        ("a", 1, "validation", 2.0),
        ("b", 1, "validation", 2.0),
        ("b", 1, "validation", 2.0),
        ("a", 2, "validation", -1.0),
        ("a", 2, "validation", 1.0),
        ("b", 2, "validation", 8.0),
        ("b", 2, "validation", 12.0),
        ("a", 2, "test", 1.0),
        ("a", 2, "test", 7.0),
        ("b", 2, "test", 9.0),
        ("b", 2, "test", 11.0),
    ]
    table = pd.DataFrame(rows, columns=["class_name", "step", "split", "e00"])
    table.insert(0, "image_id", [f"image_{row}.png" for row in range(len(table))])
    return table.assign(e01=0.0)

"""What training added: the same images by vectors that nobody trained."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.baselines import compare_baselines, predict_by_baselines
from plankton_embedding.analysis.embedding_tables import EmbeddingsError


def table(values: dict[str, list[float]]) -> pd.DataFrame:
    """Make a table of one-dimensional vectors of two validation and three test images a class."""
    rows = []
    for name, numbers in values.items():
        for place, number in enumerate(numbers):
            split = "validation" if place < 2 else "test"
            rows.append((f"{name}{place}", name, split, number))
    return pd.DataFrame(rows, columns=["image_id", "class_name", "split", "e00"])


# Centroids at 0 and 10; all right.
GOOD = table({"a": [0, 0, 1, 2, 3], "b": [10, 10, 9, 8, 7]})
# One of each class on the wrong side.
POOR = table({"a": [0, 0, 1, 2, 8], "b": [10, 10, 9, 8, 1]})


def test_each_kind_classifies_by_its_own_centroids():
    shuffled = POOR.sample(frac=1, random_state=1)
    pixels = GOOD.query("split == 'test'")[["image_id", "class_name"]].assign(predicted_class="a")
    predictions = predict_by_baselines(GOOD, shuffled, GOOD.head(0), pixels)
    scores = compare_baselines(predictions, 100, 0).set_index("vectors")
    assert list(scores.index) == [
        "trained embedder",
        "frozen backbone with closed-form head",
        "raw pixels",
    ]
    assert scores["accuracy"].tolist() == pytest.approx([1, 4 / 6, 3 / 6])
    assert scores["gain"].tolist()[1:] == pytest.approx([2 / 6, 3 / 6])
    assert np.isnan(scores["gain"].iloc[0])
    # McNemar: 2 and 3 images that only one got right, p = 2 * 0.5**2 and 2 * 0.5**3, Holm of 3.
    assert scores["p_value"].tolist()[1:] == pytest.approx([1, 0.75])


def test_an_image_without_a_vector_is_an_error():
    with pytest.raises(EmbeddingsError, match=r"frozen backbone has no vector of 'b4'"):
        predict_by_baselines(GOOD, GOOD.head(0), GOOD.iloc[:-1], GOOD.head(0))

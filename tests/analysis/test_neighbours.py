import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from plankton_embedding.analysis import neighbours
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.neighbours import (
    nearest_in_rows,
    squared_distance_chunks,
    unique_image_ids,
)


def test_distances_in_chunks_are_scipys(monkeypatch):
    monkeypatch.setattr(neighbours, "_CHUNK_BYTES", 4 * 31 * 7)
    random = np.random.default_rng(0)
    queries, references = random.normal(50, 1, (20, 4)), random.normal(50, 1, (31, 4))
    parts = [(rows, part.copy()) for rows, part in squared_distance_chunks(queries, references)]
    assert [rows for rows, _ in parts] == [slice(0, 7), slice(7, 14), slice(14, 20)]
    found = np.concatenate([part for _, part in parts])
    np.testing.assert_allclose(found, cdist(queries, references, "sqeuclidean"), atol=1e-4)
    assert found.min() >= 0


@pytest.mark.parametrize(("columns", "count"), [(1, 1), (10, 10), (97, 1), (100, 3), (203, 40)])
def test_the_tournament_finds_what_sorting_finds(columns, count):
    values = np.random.default_rng(columns).random((50, columns), dtype=np.float32)
    expected = np.argsort(values, axis=1)[:, :count]
    np.testing.assert_array_equal(nearest_in_rows(values, count), expected)


def test_infinite_values_come_last():
    values = np.full((1, 100), np.inf, dtype=np.float32)
    values[0, [70, 99, 3]] = [2, 1, 3]
    assert nearest_in_rows(values, 4)[0, :3].tolist() == [99, 70, 3]


def test_an_image_with_two_rows_is_named():
    with pytest.raises(EmbeddingsError, match=r"'b\.png' has two embeddings"):
        unique_image_ids(pd.DataFrame({"image_id": ["a.png", "b.png", "b.png"]}))

"""Small copies of images as vectors."""

import numpy as np
import pytest

from plankton_embedding.analysis import left_out_distances
from plankton_embedding.analysis.pixel_vectors import pixel_vectors


class StoreInMemory:
    def __init__(self, pixels):
        self.image_ids = np.array([f"{row}.png" for row in range(len(pixels))], dtype=object)
        self.image_size = pixels.shape[1]
        self._pixels = pixels

    def images(self, rows):
        assert (np.diff(rows) > 0).all()
        return self._pixels[rows]


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (6, 7, 7), dtype=np.uint8)


def test_small_copies_are_means_over_areas_in_the_order_asked_for(pixels, monkeypatch):
    monkeypatch.setattr(left_out_distances, "_CHUNK_BYTES", 8 * 49 * 2)
    order = [4, 0, 5, 1]
    vectors = pixel_vectors(StoreInMemory(pixels), [f"{row}.png" for row in order], 3)
    edges = [(0, 2), (2, 4), (4, 7)]
    for vector, row in zip(vectors, order, strict=True):
        means = [pixels[row][a:b, c:d].mean() for a, b in edges for c, d in edges]
        np.testing.assert_allclose(vector, means, rtol=1e-6)


def test_small_images_stay_as_they_are(pixels):
    vectors = pixel_vectors(StoreInMemory(pixels), ["2.png"], 100)
    assert vectors.tolist() == [pixels[2].ravel().tolist()]
    assert vectors.dtype == np.float32


def test_missing_images_and_impossible_sizes_are_named(pixels):
    with pytest.raises(ValueError, match=r"1 images are not in the image store.*'gone\.png'"):
        pixel_vectors(StoreInMemory(pixels), ["2.png", "gone.png"], 3)
    with pytest.raises(ValueError, match="0 pixels a side"):
        pixel_vectors(StoreInMemory(pixels), ["2.png"], 0)

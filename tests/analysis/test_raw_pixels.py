import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis import raw_pixels
from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.raw_pixels import predict_from_pixels


class StoreInMemory:
    def __init__(self, image_ids, pixels):
        self.image_ids = np.array(image_ids, dtype=object)
        self.image_size = pixels.shape[1]
        self._pixels = pixels
        self.largest_request = 0

    def images(self, rows):
        self.largest_request = max(self.largest_request, len(rows))
        return self._pixels[rows]


@pytest.fixture
def store_and_splits():
    random = np.random.default_rng(5)
    splits = pd.DataFrame(
        {
            "image_id": [f"{row}.png" for row in range(60)],
            "class_name": random.choice(["a", "b", "c"], 60),
            "split": random.choice(["train", "validation", "test"], 60),
        }
    )
    pixels = random.integers(0, 256, size=(60, 4, 4), dtype=np.uint8)
    order = random.permutation(60)
    return StoreInMemory(splits["image_id"].to_numpy()[order], pixels[order]), splits, pixels


def test_prediction_agrees_with_centroids_of_all_pixels_in_memory(store_and_splits, monkeypatch):
    store, splits, pixels = store_and_splits
    monkeypatch.setattr(raw_pixels, "_CHUNK_BYTES", 8 * 16 * 7)
    predicted = predict_from_pixels(store, splits).set_index("image_id")["predicted_class"]
    flat = pixels.reshape(60, 16).astype(float)
    validation, test = (splits["split"] == split for split in ("validation", "test"))
    centroids = fit_centroids(flat[validation], splits["class_name"][validation])
    expected, _ = classify(flat[test], centroids)
    assert predicted[splits["image_id"][test]].tolist() == expected.tolist()
    assert store.largest_request == 7


def test_prediction_names_the_true_class_of_each_image(store_and_splits):
    store, splits, _ = store_and_splits
    predicted = predict_from_pixels(store, splits)
    merged = predicted.merge(splits, on="image_id", suffixes=("", "_expected"))
    assert merged["class_name"].tolist() == merged["class_name_expected"].tolist()


def test_images_missing_from_the_store_are_named(store_and_splits):
    store, splits, _ = store_and_splits
    splits.loc[splits["split"] == "test", "image_id"] = "gone.png"
    with pytest.raises(ValueError, match=r"not in the image store.*'gone\.png'"):
        predict_from_pixels(store, splits)


def test_an_empty_split_is_refused(store_and_splits):
    store, splits, _ = store_and_splits
    with pytest.raises(ValueError, match="no test images"):
        predict_from_pixels(store, splits[splits["split"] != "test"])

"""A gallery and its rule decide as `GalleryClassifier` does, which knows the gallery's images."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.decision_rule import fit_decision_rule
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery import GalleryError
from plankton_embedding.analysis.gallery_classifier import GalleryClassifier
from plankton_embedding.analysis.gallery_decision import decide
from plankton_embedding.analysis.gallery_images import fit_to_images

COLUMNS = ["class_name", "distance", "confidence", "is_unknown"]


def make_images(classes: int, per_class: int) -> pd.DataFrame:
    random = np.random.default_rng(classes)
    middles = np.repeat(random.random((classes, 3)) * 4, per_class, axis=0)
    vectors = middles + random.normal(0, 0.3, middles.shape)
    table = pd.DataFrame(vectors, columns=["e00", "e01", "e02"])
    table.insert(0, "image_id", [f"{number}.png" for number in range(len(table))])
    table.insert(1, "class_name", np.repeat([f"<b> {n}" for n in range(classes)], per_class))
    return table.assign(split="validation")


def fit(images: pd.DataFrame, kept_share: float = 0.8):
    gallery = fit_to_images(images, "net", 2)
    vectors, labels = embedding_matrix(images), class_labels(images)
    return gallery, fit_decision_rule(gallery, vectors, labels, kept_share)


# Of classes of one image nothing is unknown: no threshold can be chosen.
@pytest.mark.parametrize(("classes", "per_class"), [(6, 9), (2, 5), (1, 3), (4, 1)])
def test_it_decides_as_the_classifier_of_the_pipeline(classes, per_class):
    images = make_images(classes, per_class)
    gallery, rule = fit(images)
    vectors = np.random.default_rng(1).random((50, 3)) * 5
    found = decide(vectors, gallery, rule)
    expected = GalleryClassifier(gallery, rule, images, 0).classify(vectors)
    assert found.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(found, expected[COLUMNS], check_dtype=False)
    assert found["is_unknown"].any() == (per_class > 1)


def test_a_rule_of_another_gallery_is_refused():
    gallery, _ = fit(make_images(3, 4))
    _, rule = fit(make_images(4, 4))
    with pytest.raises(GalleryError, match="another class gallery"):
        decide(np.zeros((1, 3)), gallery, rule)


def test_no_vectors_give_no_rows():
    assert decide(np.empty((0, 3)), *fit(make_images(3, 4))).columns.tolist() == COLUMNS

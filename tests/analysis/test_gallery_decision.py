"""What a gallery and its rule decide; the formulas are tested through `GalleryClassifier`."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.decision_rule import (
    DecisionRule,
    fingerprint_gallery,
    fit_decision_rule,
)
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery import GalleryError, fit_gallery
from plankton_embedding.analysis.gallery_decision import decide
from plankton_embedding.analysis.gallery_images import fit_to_images

COLUMNS = ["class_name", "distance", "novelty", "confidence", "is_unknown"]


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
def test_what_is_unknown_is_novel(classes, per_class):
    found = decide(
        np.random.default_rng(1).random((50, 3)) * 5, *fit(make_images(classes, per_class))
    )
    assert found.columns.tolist() == COLUMNS
    assert found["is_unknown"].any() == (per_class > 1)
    strangest_known = found["novelty"].where(~found["is_unknown"]).max()
    assert not (found["novelty"][found["is_unknown"]] <= strangest_known).any()


def test_an_image_at_the_threshold_is_known():
    gallery = fit_gallery([[0.0], [2.0], [50.0], [54.0]], list("aabb"), list("pqrs"), "net", 0)
    rule = DecisionRule(
        threshold=2.0,
        kept_share=0.9,
        temperature=1.0,
        images=4,
        gallery_fingerprint=fingerprint_gallery(gallery),
    )
    # Centroids 1 and 52, radii 1 and 2.
    found = decide(np.array([[3.0], [-1.0], [3.001], [56.0], [47.99]]), gallery, rule)
    assert found["class_name"].tolist() == ["a", "a", "a", "b", "b"]
    assert found["novelty"].tolist() == pytest.approx([2, 2, 2.001, 2, 2.005])
    assert found["is_unknown"].tolist() == [False, False, True, False, True]


def test_a_rule_of_another_gallery_is_refused():
    gallery, _ = fit(make_images(3, 4))
    _, rule = fit(make_images(4, 4))
    with pytest.raises(GalleryError, match="another class gallery"):
        decide(np.zeros((1, 3)), gallery, rule)


def test_no_vectors_give_no_rows():
    assert decide(np.empty((0, 3)), *fit(make_images(3, 4))).columns.tolist() == COLUMNS

"""What a gallery and its rule decide; the formulas are tested through `GalleryClassifier`."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.decision_rule import (
    DecisionRule,
    check_rule,
    fingerprint_gallery,
    fit_decision_rule,
    read_rule,
    write_rule,
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


def test_a_rule_is_for_all_that_classification_hangs_on_and_for_nothing_else():
    gallery, rule = fit(make_images(3, 4))
    others = {
        "class_names": gallery.class_names[[0, 1, 1]],
        "centroids": gallery.centroids + 1e-9,
        "radii": gallery.radii * 2,
        "embedder_fingerprint": "another net",
    }
    for name, value in others.items():
        with pytest.raises(GalleryError, match="another class gallery"):
            check_rule(rule, replace(gallery, **{name: value}))
    check_rule(rule, replace(gallery, example_ids=((), (), ())))


def test_a_rule_comes_back_and_one_that_was_edited_is_refused_by_its_field(tmp_path):
    _, rule = fit(make_images(3, 4))
    path = tmp_path / "decision_rule.json"
    write_rule(path, rule)
    assert read_rule(path) == rule
    text = path.read_text()
    edits = {
        "threshold: ": ('"threshold": ', '"threshold": -'),
        "scrore: Extra": ('"score"', '"scrore"'),
        "the file: Invalid JSON": ("{", "{{"),
    }
    for said, (old, new) in edits.items():
        path.write_text(text.replace(old, new))
        with pytest.raises(GalleryError, match=f"decision_rule.json is no decision rule: {said}"):
            read_rule(path)
    path.unlink()
    with pytest.raises(GalleryError, match="No such file or directory"):
        read_rule(path)


def test_no_vectors_give_no_rows():
    assert decide(np.empty((0, 3)), *fit(make_images(3, 4))).columns.tolist() == COLUMNS

"""Classification by a gallery, its decision rule, and the images that belong to it."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.calibration import CentroidConfidence
from plankton_embedding.analysis.decision_rule import check_rule, fit_decision_rule
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery import GalleryError
from plankton_embedding.analysis.gallery_changes import rename_classes
from plankton_embedding.analysis.gallery_classifier import (
    GalleryClassifier,
    predict_block,
    prediction_types,
)
from plankton_embedding.analysis.gallery_images import (
    add_images,
    check_images,
    collect_gallery_images,
    find_copies,
    fit_to_images,
    reference_images,
    scored_images,
)


def make_images(classes=6, per_class=8, features=3, seed=0):
    random = np.random.default_rng(seed)
    names = np.repeat([f"class {number}" for number in range(classes)], per_class)
    middles = np.repeat(random.random((classes, features)) * 4, per_class, axis=0)
    vectors = middles + random.normal(0, 0.3, middles.shape)
    table = pd.DataFrame(vectors, columns=[f"e{place:02d}" for place in range(features)])
    table.insert(0, "image_id", [f"{number}.png" for number in range(len(names))])
    table.insert(1, "class_name", names)
    table.insert(2, "split", "validation")
    return table


def make_classifier(table, nearest_examples=3, kept_share=0.9):
    gallery = fit_to_images(table, "embedder", 2)
    made_of = reference_images(table)
    vectors, labels = embedding_matrix(made_of), class_labels(made_of)
    rule = fit_decision_rule(gallery, vectors, labels, kept_share)
    return GalleryClassifier(gallery, rule, table, nearest_examples)


def test_the_formulas_against_a_loop():
    table = make_images()
    classifier = make_classifier(table)
    gallery, rule = classifier.gallery, classifier.rule
    vectors = np.random.default_rng(1).random((40, 3)) * 5
    found = classifier.classify(vectors)
    examples = embedding_matrix(table)
    for vector, row in zip(vectors, found.to_dict("records"), strict=True):
        distances = [float(np.linalg.norm(vector - middle)) for middle in gallery.centroids]
        order = np.argsort(distances)
        assert row["class_name"] == gallery.class_names[order[0]]
        assert row["distance"] == pytest.approx(distances[order[0]])
        assert row["novelty"] == pytest.approx(distances[order[0]] / gallery.radii[order[0]])
        assert row["is_unknown"] == (row["novelty"] > rule.threshold)
        weights = [np.exp(-distance / rule.temperature) for distance in distances]
        assert row["confidence"] == pytest.approx(max(weights) / sum(weights))
        for place in (2, 3, 4, 5):
            assert row[f"runner_up_{place}"] == gallery.class_names[order[place - 1]]
            assert row[f"runner_up_{place}_distance"] == pytest.approx(distances[order[place - 1]])
        apart = [float(np.linalg.norm(vector - example)) for example in examples]
        nearest = table["image_id"].to_numpy()[np.argsort(apart)[:3]]
        assert [row[f"nearest_example_{place}"] for place in (1, 2, 3)] == nearest.tolist()
    assert found["is_unknown"].any()
    assert not found["is_unknown"].all()


def test_few_classes_and_few_examples_leave_columns_empty():
    classifier = make_classifier(make_images(classes=2, per_class=2), nearest_examples=6)
    found = classifier.classify(np.zeros((2, 3)))
    assert found.dtypes.astype(str).to_dict() == prediction_types(6)
    assert found["runner_up_2"].notna().all()
    assert found[["runner_up_3", "runner_up_5", "nearest_example_5"]].isna().all(axis=None)
    assert found["nearest_example_4"].notna().all()


def test_classes_of_one_image_leave_nothing_unknown():
    classifier = make_classifier(make_images(classes=3, per_class=1), nearest_examples=0)
    assert classifier.rule.threshold is None
    found = classifier.classify(np.full((2, 3), 1e3))
    assert not found["is_unknown"].any()
    assert np.isfinite(found["confidence"]).all()


def test_images_that_were_not_embedded_keep_their_rows():
    classifier = make_classifier(make_images())
    block = make_images().assign(path="p", reason=["", "empty file"] * 24)
    block.loc[block["reason"] != "", "e00"] = np.nan
    found = predict_block(block.set_index(np.arange(48) + 7), classifier)
    assert found["image_id"].tolist() == block["image_id"].tolist()
    assert found["class_name"].isna().tolist() == [False, True] * 24
    for part in (block[block["reason"] != ""], block[:0]):
        assert predict_block(part, classifier).dtypes.equals(found.dtypes)


def test_the_rule_is_fitted_to_images_left_out():
    table = make_images(per_class=20)
    vectors, labels = embedding_matrix(table), class_labels(table)
    rule = make_classifier(table, kept_share=0.9).rule
    gallery = fit_to_images(table, "embedder", 2)
    scores = []
    for place, (vector, label) in enumerate(zip(vectors, labels, strict=True)):
        rest = table.drop(index=place)
        without = fit_to_images(rest, "embedder", 2)
        distances = np.linalg.norm(without.centroids - vector, axis=1)
        scores.append(distances.min() / without.radii[distances.argmin()])
        assert label in without.class_names
    assert np.mean(np.array(scores) <= rule.threshold * (1 + 1e-9)) == pytest.approx(0.9)
    assert rule.temperature == CentroidConfidence.fit(vectors, labels).temperature
    assert rule.images == len(table)
    check_rule(rule, gallery)
    with pytest.raises(GalleryError, match="another class gallery"):
        check_rule(rule, rename_classes(gallery, {"class 0": "x"}))


def test_test_images_make_nothing_of_the_gallery():
    table = make_images()
    test = table.assign(split="test", image_id="t" + table["image_id"])
    test["e00"] += 100
    both = pd.concat([table, test], ignore_index=True)
    gallery = fit_to_images(both, "embedder", 2)
    np.testing.assert_array_equal(gallery.centroids, fit_to_images(table, "x", 2).centroids)
    assert len(scored_images(both)) == len(test)
    check_images(both, gallery)
    for other in (both[1:], both.assign(class_name=both["class_name"].replace("class 1", "x"))):
        with pytest.raises(GalleryError, match="was not made of these"):
            check_images(other, gallery)


def test_examples_are_images_of_the_gallery_not_of_the_test():
    table = make_images()
    test = table.assign(split="test", image_id="t" + table["image_id"])
    both = pd.concat([test, table], ignore_index=True)
    vectors = embedding_matrix(table)
    # Each is an image of the test, to the digit.
    examples = make_classifier(both, nearest_examples=2).classify(vectors)
    assert examples["nearest_example_1"].tolist() == table["image_id"].tolist()
    assert examples["nearest_example_2"].isin(table["image_id"]).all()


def test_a_classifier_is_made_of_what_belongs_together():
    table, other = make_images(), make_images(per_class=7)
    right, strange = make_classifier(table), make_classifier(other)
    with pytest.raises(GalleryError, match="another class gallery"):
        GalleryClassifier(right.gallery, strange.rule, table, 1)
    with pytest.raises(GalleryError, match="was not made of these"):
        GalleryClassifier(right.gallery, right.rule, other, 1)


def test_only_the_step_that_is_asked_for():
    table = pd.concat([make_images(seed=step).assign(step=step) for step in (1, 2)])
    taken = collect_gallery_images(table, 2)
    np.testing.assert_array_equal(embedding_matrix(taken), embedding_matrix(make_images(seed=2)))
    assert "step" not in taken


def test_an_image_is_known_by_its_vector_in_its_own_class():
    table = make_images(classes=2, per_class=3)
    new = table.assign(image_id="new " + table["image_id"])
    new[["e00", "e01"]] += 3e-6
    # Not a copy; a copy in another class, which is for the warning of classes that are alike.
    new.loc[1, "e02"] += 1e-3
    new.loc[2, "class_name"] = "class 1"
    assert find_copies(table, new).to_dict() == {
        "new 0.png": "0.png",
        **{f"new {number}.png": f"{number}.png" for number in (3, 4, 5)},
    }
    assert find_copies(table, new.assign(class_name="other")).empty
    assert find_copies(table, new[:0]).empty


def test_ids_that_are_taken_are_numbered():
    table = make_images(classes=1, per_class=2)
    new = table.assign(class_name="new", image_id=["0.png", "0.png#2"])
    together = add_images(table, new)
    assert together["image_id"].tolist() == ["0.png", "1.png", "0.png#2", "0.png#2#2"]
    assert together["split"].tolist() == ["validation"] * 2 + ["enrolled"] * 2

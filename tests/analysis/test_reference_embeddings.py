"""Our formulas give the reference work's published numbers on its own embeddings."""

import json

import pandas as pd
import pytest

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.geometry import (
    class_radii,
    distinct_separations,
    separation_matrix,
)
from plankton_embedding.analysis.scores import accuracy_summary, confusion_counts


def _read(path):
    table = pd.read_parquet(path)
    return embedding_matrix(table), table["label"].to_numpy(dtype=str)


def test_validation_of_every_step(reference_folder):
    expected = json.loads((reference_folder / "expected.json").read_text())
    paths = sorted(reference_folder.glob("validation_*.parquet"))
    assert {path.stem for path in paths} == {key for key in expected if key.startswith("val")}
    for path in paths:
        vectors, labels = _read(path)
        published = expected[path.stem]
        centroids = fit_centroids(vectors, labels)
        predicted, _ = classify(vectors, centroids)
        accuracy = accuracy_summary(labels, predicted)["accuracy"]
        assert accuracy == published["nearest_centroid_accuracy"]
        published_counts = pd.DataFrame.from_dict(
            published["published_confusion_counts"], orient="index"
        )
        counts = confusion_counts(labels, predicted, published_counts.index)
        assert (counts == published_counts[counts.columns]).all(axis=None)
        radii = pd.Series(class_radii(vectors, labels, centroids), index=centroids.class_names)
        published_radii = pd.Series(published["published_radius"])
        assert (radii[published_radii.index] - published_radii).abs().max() < 0.001
        assert radii.mean() == pytest.approx(published["mean_radius"], abs=1e-6)
        separation = distinct_separations(separation_matrix(centroids)).mean()
        key = "mean_separation_between_distinct_classes"
        assert separation == pytest.approx(published[key], abs=1e-6)


def test_test_images_by_validation_centroids(reference_folder):
    expected = json.loads((reference_folder / "expected.json").read_text())
    paths = sorted(reference_folder.glob("test_*.parquet"))
    assert {path.stem for path in paths} == {key for key in expected if key.startswith("test")}
    for path in paths:
        validation = path.with_name(path.name.replace("test", "validation"))
        vectors, labels = _read(path)
        predicted, _ = classify(vectors, fit_centroids(*_read(validation)))
        summary = accuracy_summary(labels, predicted)
        assert summary["accuracy"] == expected[path.stem]["accuracy_by_validation_centroids"]
        if path.stem == "test_step_19":
            assert (summary["low"], summary["high"]) == pytest.approx((0.865, 0.890), abs=5e-4)

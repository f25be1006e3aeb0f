from math import ceil

import numpy as np
import pandas as pd

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.principal_basis import fit_principal_basis
from plankton_embedding.analysis.projection import (
    central_images,
    project_classes,
    sample_per_class,
)


def _table(values, class_names):
    columns = [f"e{number:02}" for number in range(values.shape[1])]
    table = pd.DataFrame(values, columns=columns)
    table.insert(0, "class_name", class_names)
    table.insert(0, "image_id", [f"{row}.png" for row in range(len(table))])
    return table


def test_sample_takes_so_many_of_each_class_and_depends_on_the_seed():
    labels = np.array(["a"] * 50 + ["b"] * 2 + ["a"] * 50)
    chosen = sample_per_class(labels, per_class=10, seed=1)
    assert (labels[chosen] == "a").sum() == 10
    assert (labels[chosen] == "b").sum() == 2
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, sample_per_class(labels, per_class=10, seed=1))
    assert chosen.tolist() != sample_per_class(labels, per_class=10, seed=2).tolist()


def test_projected_images_come_with_their_centroids():
    table = _table(np.random.default_rng(0).normal(size=(8, 3)), list("aabbbbbb"))
    basis = fit_principal_basis(table[["e00", "e01", "e02"]], components=3)
    points = project_classes(table, basis, per_class=3, central_share=1.0, seed=0).points
    assert points["class_name"].tolist() == ["a", "a", "b", "b", "b", "a", "b"]
    assert points["is_centroid"].tolist() == [False] * 5 + [True] * 2
    axes = ["pc1", "pc2", "pc3"]
    mean = points.loc[:1, axes].mean().to_numpy(dtype=float)
    np.testing.assert_allclose(points.loc[5, axes].to_numpy(dtype=float), mean, atol=1e-12)


def test_one_image_of_a_one_dimensional_embedding_can_be_projected():
    basis = fit_principal_basis([[0.1]], components=3)
    table = _table(np.array([[0.1]]), ["a"])
    points = project_classes(table, basis, per_class=3, central_share=1.0, seed=0).points
    np.testing.assert_array_equal(points[["pc1", "pc2", "pc3"]], np.zeros((2, 3)))


def test_central_images_are_the_nearest_to_their_centroid(random_vectors):
    vectors, labels = random_vectors
    centroids = fit_centroids(vectors, labels)
    for share in (0.5, 0.7, 1.0):
        expected = []
        for vector, label in zip(vectors, labels, strict=True):
            own = [other for other, name in zip(vectors, labels, strict=True) if name == label]
            centre = np.mean(own, axis=0)
            nearer = sum(np.linalg.norm(o - centre) < np.linalg.norm(vector - centre) for o in own)
            expected.append(nearer < ceil(round(share * len(own), 9)))
        assert central_images(vectors, labels, centroids, share).tolist() == expected


def test_a_share_of_a_class_s_images_is_rounded_up_but_not_because_of_rounding_errors():
    vectors = np.arange(100.0)[:, np.newaxis] ** 2
    for share, kept in ((0.55, 55), (0.551, 56), (0.001, 1)):
        labels = ["a"] * 100
        central = central_images(vectors, labels, fit_centroids(vectors, labels), share)
        assert central.sum() == kept


def test_hull_images_of_a_class_leave_out_its_outlier_and_are_not_a_sample():
    values = np.array([[0.0], [1], [2], [100], [-5], [-6]])
    table = _table(values, list("aaaabb"))
    basis = fit_principal_basis([[0.0], [1]], components=2)
    projected = project_classes(table, basis, per_class=1, central_share=0.75, seed=0)
    assert projected.points["class_name"].tolist() == ["a", "b", "a", "b"]
    np.testing.assert_allclose(projected.central["a"], [[-0.5, 0], [0.5, 0], [1.5, 0]])
    np.testing.assert_allclose(projected.central["b"], [[-5.5, 0], [-6.5, 0]])
    np.testing.assert_allclose(projected.points["pc1"][2:], [103 / 4 - 0.5, -6])

from itertools import combinations

import numpy as np
import pytest

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.geometry import (
    centroid_movement,
    class_radii,
    distinct_separations,
    nearest_classes,
    separation_matrix,
    similarity_order,
)


def _line(**places: float) -> Centroids:
    return fit_centroids([[place, 0.0] for place in places.values()], list(places))


def test_radii_agree_with_a_naive_loop(random_vectors):
    vectors, labels = random_vectors
    centroids = fit_centroids(vectors, labels)
    radii = class_radii(vectors, labels, centroids)
    for name, centroid, radius in zip(centroids.class_names, centroids.vectors, radii, strict=True):
        distances = [
            np.sqrt(((vector - centroid) ** 2).sum())
            for vector, label in zip(vectors, labels, strict=True)
            if label == name
        ]
        assert radius == pytest.approx(np.mean(distances), rel=1e-12)


def test_a_centroid_without_vectors_has_no_radius():
    assert np.isnan(class_radii([[0.0, 1.0]], ["a"], _line(a=0, b=1))).tolist() == [False, True]


def test_separations_agree_with_a_naive_loop(random_vectors):
    centroids = fit_centroids(*random_vectors)
    matrix = separation_matrix(centroids)
    pairs = list(combinations(range(4), 2))
    naive = [np.linalg.norm(centroids.vectors[i] - centroids.vectors[j]) for i, j in pairs]
    np.testing.assert_allclose([matrix[pair] for pair in pairs], naive, rtol=1e-12)
    np.testing.assert_allclose(distinct_separations(matrix), naive, rtol=1e-12)
    assert distinct_separations(matrix).mean() == pytest.approx(matrix.mean() * 4 / 3)


def test_nearest_class_is_another_one():
    centroids = _line(a=0, b=1, c=3.5)
    names, distances = nearest_classes(separation_matrix(centroids), centroids.class_names)
    assert names.tolist() == ["b", "a", "b"]
    assert distances.tolist() == [1, 1, 2.5]


def test_one_class_has_no_neighbour():
    with pytest.raises(ValueError, match="needs two classes"):
        nearest_classes(np.zeros((1, 1)), np.array(["a"]))


def test_movement_is_matched_by_name():
    moved = centroid_movement(_line(a=0, c=5), _line(a=3, b=1, c=4))
    np.testing.assert_array_equal(moved, [3, np.nan, 1])


def test_similar_classes_stand_side_by_side():
    order = similarity_order(_line(a=0, b=10, c=0.5, d=11, e=1.5)).tolist()
    assert order in (list("acebd"), list("dbeca"))
    assert similarity_order(_line(b=0, a=1)).tolist() == ["a", "b"]

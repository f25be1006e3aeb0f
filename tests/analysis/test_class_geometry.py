from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

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


def test_radii_and_separations_agree_with_scipy(random_vectors):
    vectors, labels = random_vectors
    centroids = fit_centroids(vectors, labels)
    expected = [
        cdist(vectors[labels == name], [centroid]).mean()
        for name, centroid in zip(centroids.class_names, centroids.vectors, strict=True)
    ]
    np.testing.assert_allclose(class_radii(vectors, labels, centroids), expected, rtol=1e-12)
    separations = distinct_separations(separation_matrix(centroids))
    np.testing.assert_allclose(separations, pdist(centroids.vectors), rtol=1e-12)


def test_nearest_classes_and_movement_agree_with_a_naive_loop(random_vectors):
    vectors, labels = random_vectors
    before, after = fit_centroids(vectors, labels), fit_centroids(vectors[:100], labels[:100])
    names, distances = nearest_classes(separation_matrix(after), after.class_names)
    moved = centroid_movement(before, after)
    for row, vector in enumerate(after.vectors):
        others = {
            name: np.linalg.norm(vector - other)
            for name, other in zip(after.class_names, after.vectors, strict=True)
            if name != after.class_names[row]
        }
        assert names[row] == min(others, key=others.get)
        assert distances[row] == pytest.approx(min(others.values()), rel=1e-12)
        old = before.vectors[before.class_names.tolist().index(after.class_names[row])]
        assert moved[row] == pytest.approx(np.sqrt(((vector - old) ** 2).sum()), rel=1e-12)


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


def test_one_class_has_a_zero_separation_to_itself_and_no_pairs():
    assert separation_matrix(_line(a=3)).tolist() == [[0]]
    assert distinct_separations(separation_matrix(_line(a=3))).shape == (0,)


def test_identical_classes_are_nearest_to_each_other():
    centroids = _line(a=1, b=1, c=1.5)
    names, distances = nearest_classes(separation_matrix(centroids), centroids.class_names)
    assert names.tolist() == ["b", "a", "a"]
    assert distances.tolist() == [0, 0, 0.5]


def test_similar_classes_stand_side_by_side():
    order = similarity_order(_line(a=0, b=10, c=0.5, d=11, e=1.5)).tolist()
    assert order in (list("acebd"), list("dbeca"))
    assert similarity_order(_line(b=0, a=1)).tolist() == ["a", "b"]

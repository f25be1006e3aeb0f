import numpy as np
import pytest

from plankton_embedding.analysis.centroids import classify, fit_centroids


def test_centroids_are_the_class_means_of_a_naive_loop(random_vectors):
    vectors, labels = random_vectors
    centroids = fit_centroids(vectors, labels)
    assert centroids.class_names.tolist() == ["a", "b", "c", "d"]
    for name, vector in zip(centroids.class_names, centroids.vectors, strict=True):
        members = [vectors[row] for row in range(len(vectors)) if labels[row] == name]
        np.testing.assert_allclose(vector, sum(members) / len(members), rtol=1e-12)


def test_classify_agrees_with_a_naive_loop(random_vectors):
    vectors, labels = random_vectors
    centroids = fit_centroids(vectors, labels)
    predicted, distance = classify(vectors, centroids)
    for row, vector in enumerate(vectors):
        distances = [np.sqrt(((vector - centroid) ** 2).sum()) for centroid in centroids.vectors]
        assert predicted[row] == centroids.class_names[int(np.argmin(distances))]
        assert distance[row] == pytest.approx(min(distances), rel=1e-12)


def test_ties_go_to_the_first_class_name():
    centroids = fit_centroids([[2.0], [0.0]], ["a", "b"])
    predicted, distance = classify([[1.0]], centroids)
    assert predicted.tolist() == ["a"]
    assert distance.tolist() == [1.0]


def test_float32_vectors_are_summed_in_float64():
    vectors = np.full((100_001, 1), 0.1, dtype=np.float32)
    centroid = fit_centroids(vectors, ["a"] * len(vectors)).vectors[0, 0]
    assert centroid == pytest.approx(float(np.float32(0.1)), rel=1e-12)


@pytest.mark.parametrize(("vectors", "labels"), [([], []), ([[1.0]], ["a", "b"])])
def test_vectors_and_labels_must_match(vectors, labels):
    with pytest.raises(ValueError, match="one label a vector"):
        fit_centroids(vectors, labels)


def test_labels_without_a_centroid_are_named():
    centroids = fit_centroids([[0.0], [1.0]], ["b", "c"])
    assert centroids.positions(["c", "b"]).tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"\['a', 'd'\]"):
        centroids.positions(["d", "b", "a"])

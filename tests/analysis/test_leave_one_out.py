import numpy as np
import pytest

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.leave_one_out import correct_without_itself


def _naive(vectors, labels):
    """Fit all centroids anew for each image, without it."""
    rows = np.arange(len(vectors))
    hits = []
    for row in rows:
        others = rows != row
        names = sorted(set(labels[others]))
        means = [vectors[others & (labels == name)].mean(axis=0) for name in names]
        distances = [np.linalg.norm(vectors[row] - mean) for mean in means]
        hits.append(bool(names) and names[int(np.argmin(distances))] == labels[row])
    return hits


@pytest.mark.parametrize("features", [1, 2, 5])
def test_it_agrees_with_centroids_fitted_anew_for_each_image(features):
    random = np.random.default_rng(features)
    labels = random.choice(["b", "a", "c"], size=90, p=[0.6, 0.35, 0.05])
    labels[0] = "alone"
    vectors = random.normal(size=(90, features)) + (labels == "a")[:, np.newaxis]
    hits = correct_without_itself(vectors, labels, fit_centroids(vectors, labels))
    assert hits.tolist() == _naive(vectors, labels)
    assert 0 < hits.sum() < 90


def _score(places, labels):
    vectors, names = np.array(places)[:, np.newaxis], np.array(labels)
    return correct_without_itself(vectors, names, fit_centroids(vectors, names)).tolist()


def test_an_image_that_drew_its_centroid_over_is_wrong():
    # With itself the image at 4 is 2 from its centroid at 2; without, 4 from 0. The other is 3 off.
    assert _score([0.0, 4.0, 7.0, 7.0], ["a", "a", "b", "b"]) == [True, False, True, True]


def test_an_image_alone_in_its_class_counts_as_wrong_but_others_are_measured_by_it():
    assert _score([0.0, 0.2, 9.0], ["a", "a", "b"]) == [True, True, False]
    assert _score([0.0], ["a"]) == [False]


def test_identical_images_go_to_the_first_class_by_name():
    assert _score([1.0] * 4, ["b", "b", "a", "a"]) == [False, False, True, True]

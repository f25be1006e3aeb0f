import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf

from plankton_embedding.analysis import left_out_distances, neighbours
from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.mahalanobis import MahalanobisDistance
from plankton_embedding.analysis.novelty import (
    NeighbourDistance,
    ScaledDistance,
    fit_novelty_scores,
    usable_radii,
)


@pytest.fixture
def queries():
    return np.random.default_rng(8).normal(scale=2, size=(30, 5))


def _means(vectors, labels):
    return {name: vectors[labels == name].mean(axis=0) for name in sorted(set(labels))}


def _offsets(vectors, labels):
    means = _means(vectors, labels)
    return np.array([vector - means[name] for vector, name in zip(vectors, labels, strict=True)])


def _scaled(query, vectors, labels):
    means = _means(vectors, labels)
    distances = {name: np.linalg.norm(query - mean) for name, mean in means.items()}
    nearest = min(distances, key=distances.get)
    members = vectors[labels == nearest]
    radius = np.mean([np.linalg.norm(member - means[nearest]) for member in members])
    return distances[nearest] / radius


def _kth(query, vectors, k):
    return sorted(np.linalg.norm(query - vector) for vector in vectors)[k - 1]


def test_scaled_distance_agrees_with_a_naive_loop(random_vectors, queries):
    scores = ScaledDistance.fit(*random_vectors).score(queries)
    naive = [_scaled(query, *random_vectors) for query in queries]
    np.testing.assert_allclose(scores, naive, rtol=1e-12)


def test_mahalanobis_distance_agrees_with_scipy_and_scikit_learn(random_vectors, queries):
    vectors, labels = random_vectors
    covariance = LedoitWolf(assume_centered=True).fit(_offsets(vectors, labels)).covariance_
    inverse, means = np.linalg.inv(covariance), _means(vectors, labels).values()
    naive = [min(mahalanobis(query, mean, inverse) for mean in means) for query in queries]
    scores = MahalanobisDistance.fit(vectors, labels).score(queries)
    np.testing.assert_allclose(scores, naive, rtol=1e-9)


@pytest.mark.parametrize("k", [1, 3, 200])
def test_neighbour_distance_agrees_with_a_naive_loop(random_vectors, queries, k):
    vectors, _ = random_vectors
    scores = NeighbourDistance.fit(vectors, k).score(queries)
    np.testing.assert_allclose(scores, [_kth(query, vectors, k) for query in queries], rtol=1e-12)


def test_with_fewer_images_than_neighbours_the_farthest_counts():
    score = NeighbourDistance.fit([[0.0], [1.0], [5.0]], 10)
    assert score.score([[0.0]]).tolist() == [5]
    assert score.score_left_out([[0.0], [1.0], [5.0]], ["a", "a", "a"]).tolist() == [5, 4, 5]


@pytest.mark.parametrize("fit", [ScaledDistance.fit, lambda v, labels: NeighbourDistance.fit(v, 3)])
def test_left_out_scores_are_those_of_a_score_fitted_anew_without_the_image(random_vectors, fit):
    vectors, labels = random_vectors
    labels[0], vectors[0] = "z", 100  # alone, and nobody's nearest class
    others = ~np.eye(len(vectors), dtype=bool)
    naive = [
        fit(vectors[kept], labels[kept]).score(vectors[[row]])[0] for row, kept in enumerate(others)
    ]
    naive[0] = np.nan
    scores = fit(vectors, labels).score_left_out(vectors, labels)
    np.testing.assert_allclose(scores, naive, rtol=1e-9)


def test_left_out_mahalanobis_distances_are_those_by_centroid_and_covariance_without_the_image():
    random = np.random.default_rng(1)
    labels = np.array(["a", "b", "c"] * 8)
    vectors = random.normal(size=(24, 6)) * [1, 2, 3, 1, 1, 1] + (labels == "a")[:, np.newaxis]
    fitted = LedoitWolf(assume_centered=True).fit(_offsets(vectors, labels))
    delta, naive = fitted.shrinkage_, []
    kept_part = delta * np.trace(fitted.covariance_) / 6 * np.eye(6)
    for row in range(24):
        kept = np.arange(24) != row
        offsets = _offsets(vectors[kept], labels[kept])
        covariance = (1 - delta) / 24 * offsets.T @ offsets + kept_part
        inverse = np.linalg.inv(covariance)
        means = _means(vectors[kept], labels[kept]).values()
        naive.append(min(mahalanobis(vectors[row], mean, inverse) for mean in means))
    scores = MahalanobisDistance.fit(vectors, labels).score_left_out(vectors, labels)
    np.testing.assert_allclose(scores, naive, rtol=1e-9)


def test_what_is_far_from_all_classes_is_strange_to_every_score(random_vectors):
    for score in fit_novelty_scores(*random_vectors, neighbours=5).values():
        near, far, farther = score.score([[0.0] * 5, [9.0] * 5, [20.0] * 5])
        assert near < far < farther


def test_little_memory_changes_nothing(random_vectors, queries, monkeypatch):
    def scores():
        fitted = fit_novelty_scores(*random_vectors, neighbours=5).values()
        return [(score.score(queries), score.score_left_out(*random_vectors)) for score in fitted]

    plenty = scores()
    monkeypatch.setattr(left_out_distances, "_CHUNK_BYTES", 700)
    monkeypatch.setattr(neighbours, "_CHUNK_BYTES", 5_000)
    for before, after in zip(plenty, scores(), strict=True):
        np.testing.assert_allclose(before[0], after[0], rtol=1e-12)
        np.testing.assert_allclose(before[1], after[1], rtol=1e-12)


def test_a_class_without_a_radius_reaches_as_far_as_one_in_the_middle():
    # Radii 1, 3 and 5; "copies" has none but for rounding, "one" has a single image.
    places = [0.0, 2.0, 20.0, 26.0, 50.0, 60.0, 0.1, 0.1, 0.1, -30.0]
    names = ["a", "a", "b", "b", "c", "c", "copies", "copies", "copies", "one"]
    score = ScaledDistance.fit(np.array(places)[:, np.newaxis], names)
    np.testing.assert_allclose(score.radii, [1, 3, 5, 3, 3])
    np.testing.assert_allclose(score.score([[-33.0], [2.0]]), [1, 1])
    # Of a pair one is left, which has no radius either: 4 from it, and the median radius is 3.
    left_out = score.score_left_out(np.array(places)[:, np.newaxis], names)
    assert left_out[2] == pytest.approx(6 / 3)
    assert np.isnan(left_out[-1])


def test_without_any_radius_distances_are_not_scaled():
    centroids = fit_centroids([[0.0], [4.0]], ["a", "b"])
    assert usable_radii(np.zeros(2), centroids).tolist() == [1, 1]
    scores = fit_novelty_scores([[0.0], [4.0]], ["a", "b"], neighbours=1)
    for score in scores.values():
        assert score.score([[1.0], [7.0]]).tolist() == [1, 3]
        assert np.isnan(score.score_left_out([[0.0], [4.0]], ["a", "b"])).all()


@pytest.mark.parametrize("features", [1, 2])
@pytest.mark.parametrize("place", [0.0, 0.1, 1e6])
def test_images_that_are_all_the_same_have_no_novelty(features, place):
    vectors = np.full((9, features), place)
    for score in fit_novelty_scores(vectors, ["a", "b", "b"] * 3, neighbours=2).values():
        np.testing.assert_allclose(score.score(vectors), 0, atol=1e-9)
        np.testing.assert_allclose(score.score_left_out(vectors, ["a", "b", "b"] * 3), 0, atol=1e-9)
        assert (score.score(vectors + 1) > 0).all()


def test_a_feature_that_never_varies_is_no_error(random_vectors):
    vectors, labels = random_vectors
    vectors[:, 2] = 0.3
    score = MahalanobisDistance.fit(vectors, labels)
    assert np.isfinite(score.score_left_out(vectors, labels)).all()
    stranger = vectors[0] + [0, 0, 5, 0, 0]
    assert score.score([stranger])[0] > score.score(vectors).max()


def test_a_direction_in_which_nothing_varied_is_the_strangest():
    # Shrinkage is 0 here: the covariance has no inverse.
    score = MahalanobisDistance.fit([[0.0, 1], [2, 1], [9, 1], [11, 1]], ["a", "a", "b", "b"])
    np.testing.assert_allclose(score.score([[1, 1], [4, 1], [12, 1]]), [0, 3, 2], atol=1e-9)
    assert 1000 < score.score([[1, 1.1]])[0] < np.inf


def test_a_single_image_can_be_a_reference():
    for score in fit_novelty_scores([[1.0, 2.0]], ["a"], neighbours=5).values():
        assert score.score([[1.0, 5.0]]).tolist() == [3]
        assert np.isnan(score.score_left_out([[1.0, 2.0]], ["a"])).tolist() == [True]


def test_no_images_have_no_scores(random_vectors):
    for score in fit_novelty_scores(*random_vectors, neighbours=5).values():
        assert score.score(np.empty((0, 5))).shape == (0,)


def test_a_vector_that_is_none_is_refused(random_vectors, queries):
    queries[3, 1] = np.nan
    for score in fit_novelty_scores(*random_vectors, neighbours=5).values():
        with pytest.raises(ValueError, match="vector 3 holds NaN"):
            score.score(queries)


def test_impossible_neighbours_are_refused():
    with pytest.raises(ValueError, match="0 neighbours of 1 images"):
        NeighbourDistance.fit([[1.0]], 0)
    with pytest.raises(ValueError, match="the very images"):
        NeighbourDistance.fit([[1.0], [2.0]], 1).score_left_out([[2.0], [1.0]], ["a", "a"])

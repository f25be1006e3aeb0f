"""The health of embeddings against sums by hand and naive loops."""

import itertools

import numpy as np
import pytest

from plankton_embedding.analysis.health import (
    effective_rank,
    spread_of_embeddings,
    triplet_activity,
)


def test_effective_rank_of_lines_balls_and_points():
    random = np.random.default_rng(0)
    line = random.normal(size=(500, 1)) * np.ones((1, 6))
    assert effective_rank(line) == pytest.approx(1, abs=1e-3)
    assert effective_rank(random.normal(size=(20000, 6))) == pytest.approx(6, abs=0.01)
    assert effective_rank(np.full((10, 6), 0.3)) == 0


def test_effective_rank_is_that_of_the_singular_values():
    vectors = np.random.default_rng(1).normal(size=(40, 5)) * [5, 3, 1, 0.5, 0.1]
    singular = np.linalg.svd(vectors - vectors.mean(0), compute_uv=False)
    shares = singular / singular.sum()
    assert effective_rank(vectors) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_spread_by_hand():
    # Centroids 1 and 5, radii 1 and 2, four apart; the mean is 3.
    vectors = np.array([[0.0], [2.0], [3.0], [7.0]])
    spread = spread_of_embeddings(vectors, ["a", "a", "b", "b"])
    assert spread["embedding_variance"] == pytest.approx((9 + 1 + 0 + 16) / 4)
    assert spread["radius_to_separation"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert spread["effective_rank"] == pytest.approx(1)


def test_triplet_activity_is_that_of_a_naive_loop():
    random = np.random.default_rng(2)
    vectors, labels = random.random((14, 3)), np.arange(14) % 4
    distance = [[np.linalg.norm(a - b) for b in vectors] for a in vectors]
    pairs = list(itertools.permutations(range(14), 2))
    positive = [distance[a][b] for a, b in pairs if labels[a] == labels[b]]
    negative = [distance[a][b] for a, b in pairs if labels[a] != labels[b]]
    active = [
        distance[a][p] ** 2 - distance[a][n] ** 2 + 0.1 > 0
        for a, p, n in itertools.permutations(range(14), 3)
        if labels[a] == labels[p] != labels[n]
    ]
    found = triplet_activity(vectors, labels, 0.1)
    assert 0 < np.mean(active) < 1
    assert found["active_triplets"] == pytest.approx(np.mean(active))
    assert found["mean_positive_distance"] == pytest.approx(np.mean(positive))
    assert found["mean_negative_distance"] == pytest.approx(np.mean(negative))


def test_a_batch_without_triplets_has_no_activity():
    found = triplet_activity([[0.0], [1.0]], [0, 1], 1.0)
    assert np.isnan(found["active_triplets"])
    assert found["mean_negative_distance"] == 1

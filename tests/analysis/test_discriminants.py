"""Linear discriminants in closed form: scikit-learn's, and what shrinking and filling do."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.discriminants import (
    SHRINKAGES,
    DiscriminantAnalysis,
    choose_discriminants,
)


@pytest.fixture
def images():
    """Return features of four classes of unequal size and spread, and their labels."""
    random = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c", "d"], [40, 9, 25, 6])
    middles = random.normal(0, 1.0, (4, 12))
    spreads = random.uniform(0.3, 3, 12)
    features = middles[np.unique(labels, return_inverse=True)[1]]
    return features + random.normal(0, 1, (80, 12)) * spreads, labels


@pytest.mark.parametrize("shrinkage", [0.05, 0.5, 1.0])
def test_nearest_centroid_is_linear_discriminant_analysis_with_equal_priors(images, shrinkage):
    features, labels = images
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=[0.25] * 4)
    peer.fit(features, labels)
    new = np.random.default_rng(1).normal(0, 3, (2000, 12))
    found = DiscriminantAnalysis(features, labels).solve(3, shrinkage)
    assert found.directions.shape == (12, 3)
    centroids = fit_centroids(found.transform(features), labels)
    predicted, _ = classify(found.transform(new), centroids)
    assert (predicted == peer.predict(new)).all()
    assert len(set(predicted)) == 4


def test_fewer_directions_than_classes_keep_the_strongest(images):
    features, labels = images
    analysis = DiscriminantAnalysis(features, labels)
    three, one = (analysis.solve(size, 0.3).transform(features) for size in (3, 1))
    np.testing.assert_allclose(np.abs(one[:, 0]), np.abs(three[:, 0]))
    means = [three[labels == name].mean(axis=0) for name in np.unique(labels)]
    assert (np.diff(np.var(means, axis=0)) < 0).all()


def test_filling_changes_no_class_by_euclidean_distance(images):
    features, labels = images
    analysis = DiscriminantAnalysis(features, labels)
    plain, filled = (analysis.solve(12, 0.3, least) for least in (0, 10))
    assert (plain.directions.shape[1], filled.directions.shape[1]) == (3, 10)
    answers = [
        classify(each.transform(features), fit_centroids(each.transform(features), labels))[0]
        for each in (plain, filled)
    ]
    assert (answers[0] == answers[1]).all()
    # The rest is where classes vary most: no direction of it tells classes apart.
    rest = filled.transform(features)[:, 3:]
    means = np.array([rest[labels == name].mean(axis=0) for name in np.unique(labels)])
    np.testing.assert_allclose(means, means[:1].repeat(4, axis=0), atol=1e-9)


def test_validation_images_choose_the_shrinkage():
    random = np.random.default_rng(3)
    # Few images in many dimensions, of which one tells the classes apart.
    labels = np.repeat(["a", "b"], 15)
    features = random.normal(0, 1, (30, 60))
    features[:, 0] += np.where(labels == "a", 4, -4)
    train = (features[::2], labels[::2])
    validation = (features[1::2], labels[1::2])
    chosen = choose_discriminants(train, validation, 1, None, True, 0)
    assert chosen.shrinkage in SHRINKAGES
    by_hand = {}
    for shrinkage in SHRINKAGES:
        solved = DiscriminantAnalysis(*train).solve(1, shrinkage)
        signs = [np.sign(solved.transform(each[0])[:, 0]) for each in (train, validation)]
        of_a = signs[0][train[1] == "a"].mean()
        by_hand[shrinkage] = ((signs[1] == np.sign(of_a)) == (validation[1] == "a")).mean()
    best = max(by_hand.values())
    assert chosen.shrinkage == max(each for each, value in by_hand.items() if value == best)
    assert choose_discriminants(train, validation, 1, 0.2, True, 0).shrinkage == 0.2


def test_classes_whose_images_are_all_alike():
    features = np.array([[0.0, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    labels = np.array(["a", "a", "b", "b"])
    found = DiscriminantAnalysis(features, labels).solve(5, 0.5)
    vectors = found.transform(features)
    assert np.isfinite(vectors).all()
    assert vectors.shape == (4, 1)
    assert vectors[0] == -vectors[2] != 0

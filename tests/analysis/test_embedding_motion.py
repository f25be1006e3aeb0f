import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.embedding_motion import (
    choose_steps,
    class_covariances,
    follow_training,
)
from plankton_embedding.analysis.embedding_tables import EmbeddingsError


def _embeddings(rows):
    table = pd.DataFrame(rows, columns=["step", "image_id", "class_name", "e00", "e01"])
    return table.assign(split="validation")


def test_basis_is_that_of_the_last_step_so_what_did_not_move_stays():
    moving = _embeddings(
        [
            (1, "q", "a", 4.0, 4.0),
            (1, "p", "a", 0.0, 0.0),
            (2, "p", "a", 0.0, 0.0),
            (2, "q", "a", 4.0, 0.0),
        ]
    )
    motion = follow_training(moving, per_class=5, most_steps=5, seed=0)
    assert motion.steps == (1, 2)
    assert motion.image_ids.tolist() == ["p", "q"]
    # The axis of step 2 is the first feature, around its mean of 2; nothing else varies there.
    expected = [[[-2, 0, 0], [2, 0, 0]], [[-2, 0, 0], [2, 0, 0]]]
    np.testing.assert_allclose(motion.images, expected, atol=1e-12)
    np.testing.assert_allclose(motion.centroids, np.zeros((2, 1, 3)), atol=1e-12)
    np.testing.assert_allclose(motion.radii, [[8**0.5], [2]])
    np.testing.assert_allclose(motion.covariances[:, 0, 0, 0], [4, 4])
    np.testing.assert_allclose(motion.explained, [1, 0, 0])


def test_an_image_or_class_missing_at_a_step_does_not_shift_others():
    table = _embeddings(
        [
            (1, "r", "b", 0.0, 5.0),
            (1, "gone", "c", 7.0, 7.0),
            (1, "p", "b", 0.0, 1.0),
            (2, "p", "b", 0.0, 0.0),
            (2, "q", "a", 9.0, 0.0),
            (2, "r", "b", 0.0, 0.0),
        ]
    )
    motion = follow_training(table, per_class=5, most_steps=5, seed=0)
    assert motion.class_names.tolist() == ["a", "b"]
    assert motion.image_ids.tolist() == ["q", "p", "r"]
    assert motion.image_classes.tolist() == ["a", "b", "b"]
    missing = np.isnan(motion.images).all(axis=2)
    assert missing.tolist() == [[True, False, False], [False, False, False]]
    np.testing.assert_allclose(motion.images[:, :, 0], [[np.nan, -3, -3], [6, -3, -3]])
    assert np.isnan(motion.centroids[0, 0]).all()
    assert np.isnan(motion.covariances[0, 0]).all()
    np.testing.assert_allclose(motion.radii, [[np.nan, 2], [0, 0]])


def test_centroids_and_radii_are_of_all_images_though_few_are_followed():
    random = np.random.default_rng(0)
    rows = [(1, f"{number}", "ab"[number % 2], *random.normal(size=2)) for number in range(40)]
    few, all_of_them = (follow_training(_embeddings(rows), per, 5, seed=0) for per in (3, 40))
    assert (few.images.shape, all_of_them.images.shape) == ((1, 6, 3), (1, 40, 3))
    np.testing.assert_array_equal(few.centroids, all_of_them.centroids)
    np.testing.assert_array_equal(few.radii, all_of_them.radii)
    np.testing.assert_allclose(few.centroids[0, 0], all_of_them.images[0, :20].mean(axis=0))
    expected = np.cov(all_of_them.images[0, :20].T, ddof=0)
    np.testing.assert_allclose(few.covariances[0, 0], expected, atol=1e-12)


def test_class_covariances_are_those_of_numpy(random_vectors):
    vectors, labels = random_vectors
    covariances = class_covariances(vectors, labels, fit_centroids(vectors, labels))
    for name, covariance in zip("abcd", covariances, strict=True):
        np.testing.assert_allclose(covariance, np.cov(vectors[labels == name].T, ddof=0))


def test_chosen_steps_are_even_and_hold_the_first_and_the_last():
    assert choose_steps([1, 2, 3], 3) == [1, 2, 3]
    assert choose_steps(list(range(1, 10)), 3) == [1, 5, 9]
    assert choose_steps(list(range(100)), 25)[::24] == [0, 99]
    assert len(set(choose_steps(list(range(26)), 25))) == 25
    with pytest.raises(ValueError, match="an animation of 1 steps"):
        choose_steps([1, 2, 3], 1)


def test_an_image_that_occurs_twice_is_named():
    twice = _embeddings([(1, "p", "a", 0.0, 0.0), (1, "p", "a", 1.0, 0.0)])
    with pytest.raises(EmbeddingsError, match=r"image 'p' occurs twice .* of step 1"):
        follow_training(twice, per_class=5, most_steps=5, seed=0)

"""Random triplets, as the reference draws them, and classes drawn by difficulty."""

import numpy as np
import pytest

from plankton_embedding.training.batches import RandomTriplets, build_sampler

# Class 0 has 5 images, class 1 has 4, class 2 has 9, class 3 only 2; not in order.
LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 2, 3], [5, 4, 9, 2]))


def drawn(may, batches=400, seed=0, epoch=1):
    """Return anchors, positives, negatives of all batches."""
    sampler = RandomTriplets(LABELS, 10, batches, may, seed)
    rows = np.stack(list(sampler.epoch(epoch)))
    return rows.reshape(batches, 3, 10).transpose(1, 0, 2).reshape(3, -1)


@pytest.mark.parametrize("may", [False, True])
def test_positives_are_of_the_anchors_class_and_negatives_are_not(may):
    anchor, positive, negative = drawn(may)
    assert (LABELS[anchor] == LABELS[positive]).all()
    assert (LABELS[anchor] != LABELS[negative]).all()


def test_no_image_is_its_own_positive():
    anchor, positive, _ = drawn(may=False)
    assert (anchor != positive).all()


def test_the_reference_draws_an_image_as_its_own_positive_now_and_then():
    anchor, positive, _ = drawn(may=True)
    # By chance 1/5, 1/4, 1/9 and 1/2 in the four classes.
    assert (anchor == positive).mean() == pytest.approx(0.265, abs=0.03)


def test_classes_are_drawn_evenly_and_so_are_the_images_of_a_class():
    for rows in drawn(may=False):
        shares = np.bincount(LABELS[rows], minlength=4) / len(rows)
        np.testing.assert_allclose(shares, 0.25, atol=0.03)
        images = np.bincount(rows, minlength=len(LABELS))[LABELS == 2] / len(rows)
        np.testing.assert_allclose(images, 0.25 / 9, atol=0.012)


def test_every_pair_of_a_class_is_drawn():
    anchor, positive, _ = drawn(may=False)
    pairs = set(zip(anchor.tolist(), positive.tolist(), strict=True))
    assert len(pairs) == 5 * 4 + 4 * 3 + 9 * 8 + 2 * 1


def test_an_epoch_hangs_on_seed_and_number_alone():
    first = drawn(False, 3)
    assert np.array_equal(drawn(False, 3), first)
    assert not np.array_equal(drawn(False, 3, seed=1), first)
    assert not np.array_equal(drawn(False, 3, epoch=2), first)


def test_auto_draws_about_as_many_images_as_there_are():
    assert RandomTriplets(LABELS, 2, None, False, 0).batches == 4


def test_difficult_classes_are_drawn_more_often(tiny):
    options = tiny.training.batches.model_copy(
        update={"sampler": "difficulty_weighted", "classes": 2, "images_per_class": 2}
    )

    def shares(accuracy):
        sampler = build_sampler(LABELS, options, 2000, 0, accuracy)
        classes = [np.unique(LABELS[rows]) for rows in sampler.epoch(1)]
        assert all(len(pair) == 2 for pair in classes)
        return np.bincount(np.concatenate(classes), minlength=4) / 4000

    np.testing.assert_allclose(shares(None), 0.25, atol=0.01)
    weighted = shares(np.array([1.0, 1.0, 0.5, 0.0]))
    # Weights 0.1, 0.1, 0.5, 1: in pairs without repetition.
    assert weighted[0] == pytest.approx(weighted[1], abs=0.02)
    assert weighted[0] < 0.12
    assert weighted[2] < weighted[3]
    assert weighted[3] > 0.4

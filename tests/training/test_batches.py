"""Class-balanced batches: P classes times K images, nothing twice, everything in turn."""

import numpy as np
import pytest

from plankton_embedding.training.batches import SquareRootBatches
from plankton_embedding.training.class_balanced import ClassBalancedBatches

# Class 0 has 5 images, class 1 has 4, class 2 has 9, class 3 only 2.
LABELS = np.repeat([0, 1, 2, 3], [5, 4, 9, 2])


@pytest.fixture
def batches():
    return ClassBalancedBatches(LABELS, 2, 3, batches=40, seed=0)


def test_a_batch_holds_p_classes_of_k_images(batches):
    for rows in batches.epoch(1):
        names, counts = np.unique(LABELS[rows], return_counts=True)
        assert len(names) == 2
        wanted = [min(3, (name == LABELS).sum()) for name in names]
        assert counts.tolist() == wanted


def test_no_batch_holds_an_image_twice(batches):
    assert all(len(np.unique(rows)) == len(rows) for rows in batches.epoch(1))


def test_classes_come_equally_often(batches):
    seen = np.concatenate([np.unique(LABELS[rows]) for rows in batches.epoch(1)])
    assert np.bincount(seen).tolist() == [20, 20, 20, 20]


def test_a_class_shows_every_image_before_it_shows_one_again(batches):
    rows = np.concatenate(list(batches.epoch(1)))
    for label in range(4):
        shown = rows[LABELS[rows] == label]
        size = (label == LABELS).sum()
        counts = np.bincount(shown - shown.min(), minlength=size)
        assert counts.max() - counts.min() <= 1


def test_auto_shows_about_as_many_images_as_there_are():
    batches = ClassBalancedBatches(LABELS, 2, 3, batches=None, seed=0)
    assert batches.batches == 4
    assert len(list(batches.epoch(1))) == 4


def test_fewer_classes_than_asked_for():
    batches = ClassBalancedBatches(LABELS, 100, 2, batches=1, seed=0)
    (rows,) = batches.epoch(1)
    assert np.bincount(LABELS[rows]).tolist() == [2, 2, 2, 2]


def test_an_epoch_hangs_on_seed_and_number_alone(batches):
    def drawn(seed, epoch):
        return np.concatenate(list(ClassBalancedBatches(LABELS, 2, 3, 40, seed).epoch(epoch)))

    first = np.concatenate(list(batches.epoch(1)))
    assert np.array_equal(drawn(0, 1), first)
    assert not np.array_equal(drawn(0, 2), first)
    assert not np.array_equal(drawn(1, 1), first)


def test_square_root_batches_lie_between_natural_and_equal_frequencies():
    labels = np.repeat([0, 1, 2], [900, 100, 4])
    batches = SquareRootBatches(labels, 50, batches=200, seed=0)
    epoch = list(batches.epoch(1))
    assert [len(rows) for rows in epoch] == [50] * 200
    rows = np.concatenate(epoch)
    # 30 : 10 : 2 of 42.
    shares = np.bincount(labels[rows]) / len(rows)
    np.testing.assert_allclose(shares, np.array([30, 10, 2]) / 42, atol=0.02)
    # Every image of a class comes as often as any other, give or take once.
    for label in range(3):
        counts = np.bincount(rows, minlength=len(labels))[labels == label]
        assert counts.max() - counts.min() <= 1
    assert len(SquareRootBatches(labels, 50, batches=None, seed=0).epoch(1).__next__()) == 50
    again = list(SquareRootBatches(labels, 50, batches=200, seed=0).epoch(1))
    assert all((one == other).all() for one, other in zip(epoch, again, strict=True))
    assert not (np.concatenate(list(batches.epoch(2))) == rows).all()

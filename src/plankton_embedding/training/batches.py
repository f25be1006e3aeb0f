"""Which images make a batch: the samplers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from plankton_embedding.parameters import BatchOptions
from plankton_embedding.training.class_balanced import ClassBalancedBatches, Rows

# Of difficulty_weighted: how often a class is drawn that is always told right, against one that
# never is.
_EASIEST = 0.1


class Sampler(Protocol):
    """Draws the batches of an epoch.

    Attributes
    ----------
    batches
        Number of batches an epoch; may be set to another.
    batch_size
        Images a batch, at most.
    triplets
        Of samplers that name their triplets: how many a batch; its rows are so many anchors,
        then as many positives, then as many negatives. None: the labels say what is what.
    """

    batches: int
    batch_size: int
    triplets: int | None

    def epoch(self, epoch: int) -> Iterator[Rows]:
        """Yield the row numbers of each batch of an epoch, int64."""


class RandomTriplets:
    """Draw triplets at random, as the reference work does.

    The anchor's class is drawn evenly from all, the negative's from the others, and the images
    evenly from their classes.

    Parameters
    ----------
    labels
        Class number of each image, int, shape (images,).
    triplets
        Triplets a batch.
    batches
        Batches an epoch; None: as many as the images fill.
    anchor_may_be_positive
        Whether an image may be drawn as its own positive, as the reference allows. Its distance
        to itself is 0 whatever the network does.
    seed
        An epoch's batches hang on the seed and the epoch's number alone.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        triplets: int,
        batches: int | None,
        anchor_may_be_positive: bool,
        seed: int,
    ) -> None:
        self._by_class = np.argsort(labels, kind="stable")
        _, self._starts, self._sizes = np.unique(
            labels[self._by_class], return_index=True, return_counts=True
        )
        self.triplets: int | None = triplets
        self.batch_size = 3 * triplets
        self.batches = batches or -(-len(labels) // self.batch_size)
        self._anchor_may_be_positive = anchor_may_be_positive
        self._seed = seed

    def epoch(self, epoch: int) -> Iterator[Rows]:
        """Yield the row numbers of each batch of an epoch, int64, 3 x triplets."""
        generator = np.random.default_rng([self._seed, epoch])
        shape = (self.batches, self.batch_size // 3)
        classes = len(self._sizes)
        own = generator.integers(classes, size=shape)
        other = (own + generator.integers(1, classes, size=shape)) % classes
        sizes = self._sizes[own]
        anchor = generator.integers(sizes)
        # One of the others of the class, counted on from the anchor.
        least = 0 if self._anchor_may_be_positive else 1
        positive = (anchor + generator.integers(least, np.maximum(sizes, least + 1))) % sizes
        negative = generator.integers(self._sizes[other])
        places = np.concatenate(
            [
                self._starts[own] + anchor,
                self._starts[own] + positive,
                self._starts[other] + negative,
            ],
            axis=1,
        )
        yield from self._by_class[places]


class SquareRootBatches:
    """Draw each class as often as the square root of its number of images.

    Between natural frequencies, which small classes drown in, and equal ones, in which their few
    images come again and again (Mahajan et al. 2018, arXiv:1805.00932). Within an epoch a class
    shows all its images before it shows one again.

    Parameters
    ----------
    labels
        Class number of each image, int, shape (images,).
    batch_size
        Images a batch.
    batches
        Batches an epoch; None: as many as the images fill.
    seed
        An epoch's batches depend on the seed and the epoch's number alone.
    """

    triplets: int | None = None

    def __init__(
        self, labels: npt.NDArray[np.int64], batch_size: int, batches: int | None, seed: int
    ) -> None:
        self._labels = labels
        self.batch_size = batch_size
        self.batches = batches or -(-len(labels) // batch_size)
        self._seed = seed

    def epoch(self, epoch: int) -> Iterator[Rows]:
        """Yield the row numbers of each batch of an epoch, int64."""
        generator = np.random.default_rng([self._seed, epoch])
        classes, sizes = np.unique(self._labels, return_counts=True)
        images = self.batches * self.batch_size
        shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
        counts = generator.multinomial(images, shares)
        rows = np.concatenate(
            [
                _in_turn(np.flatnonzero(self._labels == label), count, generator)
                for label, count in zip(classes, counts, strict=True)
            ]
        )
        yield from generator.permutation(rows).reshape(self.batches, self.batch_size)


def _in_turn(members: Rows, count: int, generator: np.random.Generator) -> Rows:
    """Return so many images of a class, each as often as any other, give or take once."""
    rounds = [generator.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate([*rounds, members[:0]])[:count]


def build_sampler(
    labels: npt.NDArray[np.int64],
    options: BatchOptions,
    batches: int | None,
    seed: int,
    class_accuracy: npt.NDArray[np.float64] | None = None,
) -> Sampler:
    """Build the sampler that the options name.

    Parameters
    ----------
    labels
        Class number of each image, int64, shape (images,).
    options
        Its options.
    batches
        Batches an epoch; None: as many as the images fill.
    seed
        The same seed draws the same batches.
    class_accuracy
        Of each class after the last step, for ``difficulty_weighted``; None: not known yet.
    """
    if options.sampler == "random_triplets":
        may = options.anchor_may_be_positive
        return RandomTriplets(labels, options.triplets, batches, may, seed)
    if options.sampler == "square_root":
        size = options.classes * options.images_per_class
        return SquareRootBatches(labels, size, batches, seed)
    weights = None
    if options.sampler == "difficulty_weighted" and class_accuracy is not None:
        weights = np.maximum(1 - class_accuracy, _EASIEST)
    return ClassBalancedBatches(
        labels, options.classes, options.images_per_class, batches, seed, weights
    )

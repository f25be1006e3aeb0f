"""Class-balanced batches: P classes, K images of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


class ClassBalancedBatches:
    """Draw batches of P classes times K images (Hermans et al. 2017, arXiv:1703.07737).

    Within an epoch every class comes equally often (give or take one batch), and a class shows
    all its images before it shows one again. No batch holds an image twice: a class of fewer
    than K images gives all it has.

    Parameters
    ----------
    labels
        Class number of each image, int, shape (images,).
    classes, images_per_class
        P and K; P is at most the number of classes there are.
    batches
        Number of batches an epoch; None: as many as the images fill.
    seed
        An epoch's batches hang on the seed and the epoch's number alone.
    weights
        How likely each class is drawn, relative to the others; None: all come in turn.
    """

    triplets: int | None = None

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        classes: int,
        images_per_class: int,
        batches: int | None,
        seed: int,
        weights: npt.NDArray[np.float64] | None = None,
    ) -> None:
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self.classes = min(classes, len(self._members))
        self.images_per_class = images_per_class
        self.batch_size = self.classes * images_per_class
        self.batches = batches or -(-len(labels) // self.batch_size)
        self._seed = seed
        self._weights = None if weights is None else weights / weights.sum()

    def epoch(self, epoch: int) -> Iterator[Rows]:
        """Yield the row numbers of each batch of an epoch, int64, at most P x K."""
        generator = np.random.default_rng([self._seed, epoch])
        every_class = np.arange(len(self._members))
        class_turns = _Turns(every_class, generator)
        image_turns = [_Turns(members, generator) for members in self._members]
        for _ in range(self.batches):
            if self._weights is None:
                chosen = class_turns.take(self.classes)
            else:
                chosen = generator.choice(every_class, self.classes, False, self._weights)
            yield np.concatenate([image_turns[c].take(self.images_per_class) for c in chosen])


class _Turns:
    """Hand out items in random order, each once before any comes again."""

    def __init__(self, items: Rows, generator: np.random.Generator) -> None:
        self._items = items
        self._generator = generator
        self._queue = generator.permutation(items)

    def take(self, count: int) -> Rows:
        """Return `count` different items, or all where there are fewer."""
        count = min(count, len(self._items))
        if len(self._queue) < count:
            last = self._queue
            shuffled = self._generator.permutation(self._items)
            fresh = shuffled[~np.isin(shuffled, last)]
            needed = count - len(last)
            # The next round begins with items that this batch does not hold yet.
            rest = self._generator.permutation(np.concatenate([fresh[needed:], last]))
            self._queue = np.concatenate([last, fresh[:needed], rest])
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken

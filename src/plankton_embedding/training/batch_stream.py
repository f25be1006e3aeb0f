"""The stream of batches that Lightning is fed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import lightning
import torch
from torch import Tensor

from plankton_embedding.training.batches import Sampler
from plankton_embedding.training.class_balanced import Rows
from plankton_embedding.training.feed import Feed
from plankton_embedding.training.ranks import Ranks


class Batch(NamedTuple):
    """One batch.

    Attributes
    ----------
    inputs
        What the network takes, on the device: n images or n features.
    labels
        Class numbers, int64, shape (n,).
    triplets
        Of batches that name their triplets: how many (`batches.Sampler`).
    """

    inputs: Tensor
    labels: Tensor
    triplets: int | None


class BatchStream(lightning.LightningDataModule):
    """Feeds the batches of one epoch after the other, and measures how long it lets wait.

    Parameters
    ----------
    feed
        Turns rows into inputs.
    labels
        Class number of each row, int64.
    sampler
        Which rows make a batch.
    first_epoch
        Number of the first epoch in the whole training, from 1: each has batches of its own.
    ranks
        Of several processes each takes every so-manieth batch.
    device
        Where labels go.

    Attributes
    ----------
    waited
        Seconds that training waited for data, in the present epoch.
    """

    def __init__(
        self,
        feed: Feed,
        labels: Rows,
        sampler: Sampler,
        first_epoch: int,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        super().__init__()
        self.waited = 0.0
        self._feed = feed
        self._labels = labels
        self._sampler = sampler
        # Each process has as many.
        sampler.batches += -sampler.batches % ranks.world
        self._first_epoch = first_epoch
        self._ranks = ranks
        self._device = device

    @property
    def images_an_epoch(self) -> int:
        """How many images all processes see in an epoch."""
        return self._sampler.batches * self._sampler.batch_size

    def train_dataloader(self) -> Iterable[Batch]:
        """Return the batches of the present epoch; Lightning asks again at each."""
        return _Epoch(self, self._first_epoch + (self.trainer.current_epoch if self.trainer else 0))

    def __len__(self) -> int:
        return self._sampler.batches // self._ranks.world

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield this process's batches of an epoch."""
        self.waited = 0.0
        rows = list(islice(self._sampler.epoch(number), self._ranks.rank, None, self._ranks.world))
        inputs = self._feed.batches(rows)
        for batch in rows:
            began = time.perf_counter()
            labels = torch.from_numpy(self._labels[batch]).to(self._device, non_blocking=True)
            made = Batch(next(inputs), labels, self._sampler.triplets)
            self.waited += time.perf_counter() - began
            yield made


class _Epoch:
    """One epoch as Lightning wants it: sized, and begun anew by each iteration."""

    def __init__(self, stream: BatchStream, number: int) -> None:
        self._stream = stream
        self._number = number

    def __len__(self) -> int:
        return len(self._stream)

    def __iter__(self) -> Iterator[Batch]:
        return self._stream.epoch(self._number)

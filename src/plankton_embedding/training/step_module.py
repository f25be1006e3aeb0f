"""What Lightning trains in one step, and what it is fed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from plankton_embedding.training.batches import ClassBalancedBatches, Rows

Batch = tuple[Tensor, Tensor]


class StepModule(lightning.LightningModule):
    """One step's training: a network, a loss, and an optimizer that outlives the step.

    Parameters
    ----------
    network
        Maps a batch's inputs to embeddings: the embedder, or its head alone on features.
    loss
        Maps float32 embeddings and class numbers to a scalar.
    optimizer
        Its moments go on from the step before.
    augment
        Applied to the inputs on the device.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        optimizer: torch.optim.Optimizer,
        augment: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self._optimizer = optimizer
        self._augment = augment
        self._losses: list[Tensor] = []
        self._images = 0

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of one batch, and keep it for the mean of the epoch."""
        inputs, labels = batch
        embeddings = self.network(self._augment(inputs))
        # Squared distances lose too many digits in bfloat16.
        with torch.autocast(self.device.type, enabled=False):
            loss: Tensor = self.loss(embeddings.float(), labels)
        # Kept on the device: reading each would wait for it.
        self._losses.append(loss.detach())
        self._images += len(labels)
        return loss

    def finish_epoch(self) -> tuple[float, int]:
        """Return the mean loss over the epoch's batches and how many images they held."""
        mean, images = torch.stack(self._losses).mean().item(), self._images
        self._losses, self._images = [], 0
        return mean, images

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer that the stage carries from step to step."""
        return self._optimizer


class BatchStream(lightning.LightningDataModule):
    """Feeds the class-balanced batches of one epoch after the other.

    Parameters
    ----------
    gather
        Maps positions, n of them, to a batch's inputs.
    labels
        Class number of each position, int64.
    batches
        Which positions make a batch.
    first_epoch
        Number of the first epoch in the whole training, from 1: each has batches of its own.
    """

    def __init__(
        self,
        gather: Callable[[Rows], Tensor],
        labels: Rows,
        batches: ClassBalancedBatches,
        first_epoch: int,
    ) -> None:
        super().__init__()
        self._gather = gather
        self._labels = torch.from_numpy(labels)
        self._batches = batches
        self._first_epoch = first_epoch

    def train_dataloader(self) -> Iterable[Batch]:
        """Return the batches of the present epoch; Lightning asks again at each."""
        epoch = self._first_epoch + (self.trainer.current_epoch if self.trainer else 0)
        batches = EpochBatches(self._gather, self._labels, self._batches, epoch)
        name = f"epoch {epoch}"
        return tqdm(batches, desc=name, unit=" batches", disable=None, leave=False)


class EpochBatches:
    """The batches of one epoch: inputs and class numbers."""

    def __init__(
        self,
        gather: Callable[[Rows], Tensor],
        labels: Tensor,
        batches: ClassBalancedBatches,
        epoch: int,
    ) -> None:
        self._gather = gather
        self._labels = labels
        self._batches = batches
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        for positions in self._batches.epoch(self._epoch):
            yield self._gather(positions), self._labels[positions]


def gather_from(values: Tensor) -> Callable[[Rows], Tensor]:
    """Return a function that picks rows of a tensor."""

    def gather(positions: Rows) -> Tensor:
        return values[torch.from_numpy(np.ascontiguousarray(positions)).to(values.device)]

    return gather

"""What Lightning trains in one step."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import lightning
import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from plankton_embedding.errors import UserError
from plankton_embedding.training.augmentation import Augmentation
from plankton_embedding.training.batch_stream import Batch
from plankton_embedding.training.losses import drawn_triplets
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.progress import Progress

# So many of an epoch's last batches are kept to judge the training's health by.
_BATCHES_KEPT = 10


class DivergedError(UserError):
    """The loss is not a number any more."""


class ReadLater:
    """A number on the device, on its way to the CPU while the device goes on."""

    def __init__(self, value: Tensor) -> None:
        self.on_device = value
        self._copy, self._arrived = value, None
        if value.is_cuda:
            self._copy = torch.empty((), dtype=value.dtype, pin_memory=True)
            self._copy.copy_(value, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def read(self) -> float:
        """Return the number; waits until it is computed, not for what came after it."""
        if self._arrived:
            self._arrived.synchronize()
        return self._copy.item()


@dataclass(frozen=True)
class EpochSums:
    """What an epoch's batches add up to.

    Attributes
    ----------
    train_loss, gradient_norm
        Means over the batches.
    images
        How many the network saw.
    batches
        Embeddings and class numbers of the last batches.
    """

    train_loss: float
    gradient_norm: float
    images: int
    batches: list[tuple[Tensor, Tensor]]


class StepModule(lightning.LightningModule):
    """One step's training: a network, a loss, and an optimizer that outlives the step.

    Parameters
    ----------
    network
        Maps a batch's inputs to embeddings: the embedder, or its head alone on features.
    loss
        Maps float32 embeddings, class numbers and perhaps triplets to a scalar.
    optimizer
        Its moments go on from the step before.
    augment
        Applied to the inputs on the device; None: they are taken as they are.
    plan
        The step.
    progress
        Is told of each batch.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        optimizer: torch.optim.Optimizer,
        augment: Augmentation | None,
        plan: StepPlan,
        progress: Progress,
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self._optimizer = optimizer
        self._augment = augment
        self._plan = plan
        self._progress = progress
        self._begin_epoch()

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of one batch."""
        inputs = self._augment(batch.inputs) if self._augment else batch.inputs
        embeddings = self.network(inputs)
        triplets = drawn_triplets(batch.triplets, inputs.device) if batch.triplets else None
        # Squared distances lose too many digits in bfloat16.
        with torch.autocast(self.device.type, enabled=False):
            loss: Tensor = self.loss(embeddings.float(), batch.labels, triplets)
        self._losses.append(ReadLater(loss.detach()))
        self._batches.append((embeddings.detach().float(), batch.labels))
        self._images += len(batch.labels)
        return loss

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        """Set the learning rate."""
        for group in self._optimizer.param_groups:
            group["lr"] = group["share"] * self.learning_rate(batch_index)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Keep the norm of the gradient over all weights."""
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        self._gradient_norms.append(get_total_norm(gradients))

    def on_train_batch_end(self, outputs: object, batch: Batch, batch_index: int) -> None:
        """Check the loss and tell of the batch.

        On a GPU the loss before this one is read: it has long been computed, and nothing waits.

        Raises
        ------
        DivergedError
            If the loss is not finite.
        """
        lag = 1 if self.device.type == "cuda" else 0
        if batch_index >= lag:
            self._check_finite(batch_index - lag)
        share = (batch_index + 1) / self.trainer.num_training_batches
        epoch = self._plan.first_epoch + self.trainer.current_epoch
        loss = self._losses[max(batch_index - lag, 0)]
        self._progress.advance(epoch, share, len(batch.labels) * self.trainer.world_size, loss.read)

    def finish_epoch(self) -> EpochSums:
        """Return what the epoch added up to, over all processes, and begin another."""
        self._check_finite(len(self._losses) - 1)
        means = torch.stack(
            [
                torch.stack([loss.on_device for loss in self._losses]).mean(),
                torch.stack(self._gradient_norms).mean(),
            ]
        )
        # Of the loss that is the mean over all processes; the norm is the same in all.
        loss, norm = self.trainer.strategy.reduce(means, reduce_op="mean").tolist()
        images = self._images * self.trainer.world_size
        sums = EpochSums(loss, norm, images, list(self._batches))
        self._begin_epoch()
        return sums

    def learning_rate(self, batch_index: int) -> float:
        """Return the learning rate of a batch of the present epoch."""
        batches = self.trainer.num_training_batches
        done = self.trainer.current_epoch + batch_index / batches
        return self._plan.learning_rate(done / self._plan.options.epochs_per_step)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer that the stage carries from step to step."""
        return self._optimizer

    def _begin_epoch(self) -> None:
        self._losses: list[ReadLater] = []
        self._gradient_norms: list[Tensor] = []
        self._batches: deque[tuple[Tensor, Tensor]] = deque(maxlen=_BATCHES_KEPT)
        self._images = 0

    def _check_finite(self, batch_index: int) -> None:
        loss = self._losses[batch_index].read()
        if not math.isfinite(loss):
            raise DivergedError(
                f"the training diverged: the loss is {loss:g} in step {self._plan.step} "
                f"({self._plan.stage}), epoch "
                f"{self._plan.first_epoch + self.trainer.current_epoch}, batch "
                f"{batch_index + 1}, at learning rate {self.learning_rate(batch_index):g}. The "
                f"steps before are saved. Lower training.{self._plan.stage}.learning_rate, or use "
                "`training.precision: float32`."
            )

"""Keeping the history of a training, epoch by epoch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor

from plankton_embedding.parameters import TripletOptions
from plankton_embedding.training.batch_stream import BatchStream
from plankton_embedding.training.epoch_listeners import tell_listeners
from plankton_embedding.training.health import health_warnings, measure_health
from plankton_embedding.training.losses import TRIPLET
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.progress import Progress
from plankton_embedding.training.step_module import DivergedError, StepModule

logger = logging.getLogger(__name__)


class EpochRecorder(lightning.Callback):
    """Measures each epoch, embeds the validation split after it, and keeps both.

    Parameters
    ----------
    module, stream, plan
        What is trained, on what, in which step.
    progress
        Is told of each epoch.
    embed_validation
        Returns the validation split's embeddings by the network as it is.
    validation_loss
        Maps those embeddings to a loss.
    validation_labels
        Their class numbers.
    triplet
        Its margin makes a triplet active.
    warned
        Stages and kinds of trouble that were warned about: once is enough.

    Attributes
    ----------
    rows
        One an epoch: the rows of ``training_history``.
    embeddings
        Of the validation split after the last epoch.
    """

    def __init__(
        self,
        module: StepModule,
        stream: BatchStream,
        plan: StepPlan,
        progress: Progress,
        embed_validation: Callable[[], Tensor],
        validation_loss: Callable[[Tensor], float],
        validation_labels: Tensor,
        triplet: TripletOptions,
        warned: set[tuple[str, str]],
    ) -> None:
        self.rows: list[dict[str, Any]] = []
        self.embeddings = torch.empty(0)
        self._module = module
        self._stream = stream
        self._plan = plan
        self._progress = progress
        self._embed_validation = embed_validation
        self._validation_loss = validation_loss
        self._validation_labels = validation_labels
        self._triplet = triplet
        self._started = 0.0
        self._warned = warned

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Measure the epoch.

        Raises
        ------
        DivergedError
            If an embedding is not finite.
        """
        learning_rate = self._module.learning_rate(len(self._stream) - 1)
        sums = self._module.finish_epoch()
        seconds = time.perf_counter() - self._started
        self.embeddings = self._embed_validation()
        epoch = self._plan.first_epoch + trainer.current_epoch
        if not self.embeddings.isfinite().all():
            raise DivergedError(
                f"the training diverged: embeddings are not finite after step {self._plan.step} "
                f"({self._plan.stage}), epoch {epoch}, at learning rate {learning_rate:g}. Lower "
                f"training.{self._plan.stage}.learning_rate."
            )
        row = {
            "stage": self._plan.stage,
            "trained": "head only" if self._plan.freezes_backbone else "whole network",
            "step": self._plan.step,
            "epoch": epoch,
            "learning_rate": learning_rate,
            "train_loss": sums.train_loss,
            "validation_loss": self._validation_loss(self.embeddings),
            "images_per_second": sums.images / seconds,
            "loss": self._plan.options.loss,
            "data_wait_share": self._stream.waited / seconds,
            "gradient_norm": sums.gradient_norm,
            **measure_health(
                (self.embeddings, self._validation_labels), sums.batches, self._triplet.margin
            ),
        }
        if pl_module.device.type == "cuda":
            row["gpu_memory_peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
            torch.cuda.reset_peak_memory_stats()
        self.rows.append(row)
        self._progress.finish_epoch()
        if trainer.is_global_zero:
            tell_listeners(row)
            self._tell(row)

    def _tell(self, row: dict[str, Any]) -> None:
        logger.info(
            "Step %d (%s), epoch %d: train loss %.4f, validation loss %.4f, %s%.0f images/s, "
            "%s left",
            *(row[name] for name in ("step", "stage", "epoch", "train_loss", "validation_loss")),
            (
                f"{row['active_triplets']:.0%} of triplets active, "
                if row["loss"] == TRIPLET
                else ""
            ),
            row["images_per_second"],
            self._progress.time_left(),
        )
        for kind, words in health_warnings(row, self._triplet).items():
            if (row["stage"], kind) not in self._warned:
                self._warned.add((row["stage"], kind))
                logger.warning("Epoch %d: %s.", row["epoch"], words)

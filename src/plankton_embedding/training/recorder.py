"""Keeping the history of a training, epoch by epoch."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.step_module import StepModule

logger = logging.getLogger(__name__)


class DivergedError(UserError):
    """The loss is not a number any more."""


class EpochRecorder(lightning.Callback):
    """Measures each epoch, embeds the validation split after it, and keeps both.

    Parameters
    ----------
    module
        What is trained.
    plan
        The step that is trained.
    embed_validation
        Returns the validation split's embeddings by the network as it is.
    validation_loss
        Maps those embeddings to a loss.

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
        plan: StepPlan,
        embed_validation: Callable[[], Tensor],
        validation_loss: Callable[[Tensor], float],
    ) -> None:
        self.rows: list[dict[str, Any]] = []
        self.embeddings = torch.empty(0)
        self._module = module
        self._plan = plan
        self._embed_validation = embed_validation
        self._validation_loss = validation_loss
        self._started = 0.0

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
            If the training loss or an embedding is not finite.
        """
        train_loss, images = self._module.finish_epoch()
        seconds = time.perf_counter() - self._started
        epoch = self._plan.first_epoch + trainer.current_epoch
        self.embeddings = self._embed_validation()
        self._check_finite(train_loss, epoch)
        row = {
            "stage": self._plan.stage,
            "trained": "head only" if self._plan.options.freeze_backbone else "whole network",
            "step": self._plan.step,
            "epoch": epoch,
            "learning_rate": self._plan.learning_rate,
            "train_loss": train_loss,
            "validation_loss": self._validation_loss(self.embeddings),
            "images_per_second": images / seconds,
            "loss": self._plan.options.loss.name,
        }
        self.rows.append(row)
        logger.info(
            "Step %d (%s), epoch %d: train loss %.4f, validation loss %.4f, %.0f images/s",
            *(row[name] for name in ("step", "stage", "epoch", "train_loss", "validation_loss")),
            row["images_per_second"],
        )

    def _check_finite(self, train_loss: float, epoch: int) -> None:
        if not (math.isfinite(train_loss) and self.embeddings.isfinite().all()):
            raise DivergedError(
                f"the training diverged (loss {train_loss:g}) in step {self._plan.step} "
                f"({self._plan.stage}), epoch {epoch}, at learning rate "
                f"{self._plan.learning_rate:g}. Lower training.{self._plan.stage}.learning_rate, "
                "or use `training.precision: float32`."
            )

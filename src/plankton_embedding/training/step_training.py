"""Training one step with Lightning."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

from plankton_embedding.parameters import BatchOptions
from plankton_embedding.training.batches import ClassBalancedBatches, Rows
from plankton_embedding.training.device import Compute
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.recorder import EpochRecorder
from plankton_embedding.training.stage import SplitImages, Stage
from plankton_embedding.training.step_module import (
    BatchStream,
    EpochBatches,
    StepModule,
    gather_from,
)

# Lightning tells at every step what it does not use (GPUs, loggers, workers): it is made anew
# for each, and our own lines say what runs where.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
# Lightning 2.6 asks torch in a way that torch deprecates: nothing of ours, and nothing to do.
warnings.filterwarnings("ignore", message=".*treespec, LeafSpec")


def train_step(
    stage: Stage,
    plan: StepPlan,
    images: SplitImages,
    compute: Compute,
    batch_options: BatchOptions,
    seed: int,
) -> tuple[list[dict[str, Any]], Tensor]:
    """Train for the epochs of a step.

    Returns
    -------
    rows
        Of ``training_history``, one an epoch.
    embeddings
        Of the validation split after the last epoch, float32, images x embedding size.
    """
    seed_step(seed, plan.step)
    for group in stage.optimizer.param_groups:
        group["lr"] = plan.learning_rate
    module = StepModule(stage.network, stage.loss, stage.optimizer, stage.augment)

    def embed_validation() -> Tensor:
        stage.network.eval()
        embeddings = stage.embed_validation()
        stage.network.train()
        return embeddings

    def validation_loss(embeddings: Tensor) -> float:
        return mean_loss(stage, embeddings, images.validation.labels, batch_options, seed)

    recorder = EpochRecorder(module, plan, embed_validation, validation_loss)
    batches = balanced_batches(images.train.labels, batch_options, seed)
    stream = BatchStream(stage.gather, images.train.labels, batches, plan.first_epoch)
    stage.network.train()
    _trainer(plan, compute, recorder).fit(module, datamodule=stream)
    return recorder.rows, recorder.embeddings


def seed_step(seed: int, step: int) -> None:
    """Seed torch, so that what a step draws hangs on its number alone, not on steps before."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1)[0]))


def balanced_batches(labels: Rows, options: BatchOptions, seed: int) -> ClassBalancedBatches:
    """Return the batches of the training images."""
    count = None if options.batches_per_epoch == "auto" else options.batches_per_epoch
    return ClassBalancedBatches(labels, options.classes, options.images_per_class, count, seed)


@torch.no_grad()
def mean_loss(
    stage: Stage, embeddings: Tensor, labels: Rows, options: BatchOptions, seed: int
) -> float:
    """Return the mean loss of embeddings over balanced batches, the same ones at every call."""
    batches = ClassBalancedBatches(labels, options.classes, options.images_per_class, None, seed)
    epoch = EpochBatches(gather_from(embeddings), torch.from_numpy(labels), batches, epoch=0)
    losses = [stage.loss(inputs, classes.to(inputs.device)) for inputs, classes in epoch]
    return torch.stack(losses).mean().item()


def _trainer(plan: StepPlan, compute: Compute, recorder: EpochRecorder) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator=compute.device.type,
        devices=1,
        precision=compute.lightning_precision,
        max_epochs=plan.options.epochs_per_step,
        reload_dataloaders_every_n_epochs=1,
        callbacks=[recorder],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        deterministic="warn" if compute.device.type == "cuda" else None,
    )

"""Training one step with Lightning."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.batch_stream import BatchStream
from plankton_embedding.training.batches import build_sampler
from plankton_embedding.training.class_balanced import Rows
from plankton_embedding.training.device import Compute
from plankton_embedding.training.labelled_images import SplitImages
from plankton_embedding.training.lightning_parts import OwnEnvironment, OwnSignals
from plankton_embedding.training.losses import drawn_triplets
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.progress import Progress
from plankton_embedding.training.recorder import EpochRecorder
from plankton_embedding.training.stage import Stage
from plankton_embedding.training.step_module import StepModule

# Lightning tells at every step what it does not use (GPUs, loggers, workers): it is made anew
# for each, and our own lines say what runs where.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
# Lightning 2.6 asks torch in a way that torch deprecates: nothing of ours, and nothing to do.
warnings.filterwarnings("ignore", message=".*treespec, LeafSpec")
# Batch normalisation that is frozen is meant to be.
warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode")


class DeviceMemoryError(UserError):
    """A batch does not fit into the device's memory."""


class StepTrainer:
    """Trains one step after the other.

    Parameters
    ----------
    images
        What training looks at.
    compute
        Device, precision and process.
    options
        The training's.
    seed
        What a step draws hangs on the seed and the step's number alone.
    progress
        Is told of each batch and epoch.
    """

    def __init__(
        self,
        images: SplitImages,
        compute: Compute,
        options: TrainingOptions,
        seed: int,
        progress: Progress,
    ) -> None:
        self._images = images
        self._compute = compute
        self._options = options
        self._seed = seed
        self._progress = progress
        self._warned: set[tuple[str, str]] = set()

    def train(
        self, stage: Stage, plan: StepPlan, class_accuracy: np.ndarray | None
    ) -> tuple[list[dict[str, Any]], Tensor]:
        """Train for the epochs of a step.

        Parameters
        ----------
        stage
            What the steps of its stage have in common.
        plan
            The step.
        class_accuracy
            Of each class on the validation split after the step before, float64; None: there
            was none.

        Returns
        -------
        rows
            Of ``training_history``, one an epoch.
        embeddings
            Of the validation split after the last epoch, float32, images x embedding size.
        """
        seed_step(self._seed, plan.step, self._compute.ranks.rank)
        module = StepModule(
            stage.network, stage.loss, stage.optimizer, stage.augment, plan, self._progress
        )
        stream = self._stream(stage, plan, class_accuracy)
        self._progress.begin(stream.images_an_epoch)
        recorder = EpochRecorder(
            module,
            stream,
            plan,
            self._progress,
            lambda: _embed_validation(stage),
            lambda embeddings: self._validation_loss(stage, embeddings),
            torch.from_numpy(self._images.validation.labels),
            self._options.losses.triplet,
            self._warned,
        )
        stage.network.train()
        try:
            self._trainer(plan, recorder).fit(module, datamodule=stream)
        except torch.OutOfMemoryError as error:
            raise DeviceMemoryError(
                f"{self._compute.device} ran out of memory in step {plan.step} ({plan.stage}). "
                "The steps before are saved, and the next run goes on after them. Lower "
                "training.batches.classes or images_per_class (or triplets), or "
                "training.device_cache_fraction."
            ) from error
        return recorder.rows, recorder.embeddings

    def _stream(
        self, stage: Stage, plan: StepPlan, class_accuracy: np.ndarray | None
    ) -> BatchStream:
        labels, batches = self._images.train.labels, self._options.batches
        count = None if batches.batches_per_epoch == "auto" else batches.batches_per_epoch
        sampler = build_sampler(labels, batches, count, self._seed, class_accuracy)
        ranks, device = self._compute.ranks, self._compute.device
        return BatchStream(stage.feed, labels, sampler, plan.first_epoch, ranks, device)

    @torch.no_grad()
    def _validation_loss(self, stage: Stage, embeddings: Tensor) -> float:
        """Return the mean loss over batches of the validation split, the same at every call."""
        labels: Rows = self._images.validation.labels
        batches = self._options.batches
        count = None if batches.validation_batches == "auto" else batches.validation_batches
        sampler = build_sampler(labels, batches, count, self._seed)
        device = embeddings.device
        triplets = drawn_triplets(sampler.triplets, device) if sampler.triplets else None
        losses = [
            stage.loss(embeddings[rows], torch.from_numpy(labels[rows]).to(device), triplets)
            for rows in sampler.epoch(0)
        ]
        return torch.stack(losses).mean().item()

    def _trainer(self, plan: StepPlan, recorder: EpochRecorder) -> lightning.Trainer:
        options, device = self._options, self._compute.device
        several = self._compute.ranks.world > 1
        return lightning.Trainer(
            accelerator=device.type,
            devices=options.devices,
            num_nodes=options.num_nodes,
            strategy=_strategy(options) if several else "auto",
            plugins=[OwnEnvironment(self._compute.ranks)] if several else None,
            precision=self._compute.lightning_precision,
            max_epochs=plan.options.epochs_per_step,
            reload_dataloaders_every_n_epochs=1,
            # The samplers share the batches out.
            use_distributed_sampler=False,
            callbacks=[recorder, OwnSignals()],
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            num_sanity_val_steps=0,
            deterministic="warn" if device.type == "cuda" else None,
        )


def _strategy(options: TrainingOptions) -> str:
    """Return Lightning's strategy among several processes: its own `auto` forks in a notebook."""
    return "ddp" if options.strategy == "auto" else options.strategy


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch, so that what a step draws hangs on its number alone, not on steps before."""
    place = [seed, step, rank] if rank else [seed, step]
    torch.manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))


def _embed_validation(stage: Stage) -> Tensor:
    stage.network.eval()
    embeddings = stage.embed_validation()
    stage.network.train()
    return embeddings

"""A whole training: initial weights, step after step, and what each of them leaves behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import EmbedderOptions, PreprocessOptions, TrainingOptions
from plankton_embedding.training.card import EmbedderCard, package_versions
from plankton_embedding.training.checkpoint import Checkpoint, collect_training_state, copy_to_cpu
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import ARCHITECTURE, Embedder
from plankton_embedding.training.evaluation import StepMeter, embeddings_table
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import class_names, select_images
from plankton_embedding.training.plan import StepPlan, plan_steps
from plankton_embedding.training.stage import SplitImages, Stage, begin_stage
from plankton_embedding.training.step_training import seed_step, train_step
from plankton_embedding.training.weights import find_weights, initialise

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedStep:
    """What one step leaves behind.

    Attributes
    ----------
    checkpoint
        Weights, state of the training, card.
    history
        One row an epoch.
    metrics
        One row: the step's metrics on the validation split.
    embeddings
        Of the validation split; with the last step also those of the test split, by the best
        and by the last step's network.
    """

    checkpoint: Checkpoint
    history: pd.DataFrame
    metrics: pd.DataFrame
    embeddings: pd.DataFrame


def train_in_steps(
    store: ImageStore,
    splits: pd.DataFrame,
    options: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
) -> Iterator[TrainedStep]:
    """Train an embedder and hand over each step as soon as it is done.

    Parameters
    ----------
    store
        Preprocessed images.
    splits
        ``image_id``, ``class_name``, ``split``.
    options, training
        The network, and how it is trained.
    seed
        The same seed and images give the same steps on one machine.
    """
    session = _Session(store, splits, options, training, seed)
    plans = plan_steps(training)
    stage: Stage | None = None
    for plan in plans:
        if stage is None or plan.stage != plans[plan.step - 2].stage:
            seed_step(seed, plan.step)
            stage = begin_stage(
                session.embedder, session.images, session.compute, training, plan.options
            )
        yield session.train(stage, plan, is_last=plan is plans[-1])


class _Session:
    def __init__(
        self,
        store: ImageStore,
        splits: pd.DataFrame,
        options: EmbedderOptions,
        training: TrainingOptions,
        seed: int,
    ) -> None:
        self.compute = Compute(training)
        self.images = SplitImages(
            select_images(store, splits, "train"), select_images(store, splits, "validation")
        )
        self._test = select_images(store, splits, "test")
        torch.manual_seed(seed)
        self.embedder = Embedder(options)
        initialise(self.embedder, find_weights(options.weights))
        self._training, self._seed = training, seed
        self._meter = StepMeter()
        self._best: Checkpoint | None = None
        self._card: dict[str, Any] = {
            "architecture": ARCHITECTURE,
            "classes": class_names(splits),
            "data_fingerprint": store.card.fingerprint,
            "embedder": options,
            "preprocess": PreprocessOptions(**store.card.preprocess),
            "training": training,
            "seed": seed,
            "computed_on": str(self.compute),
            "versions": package_versions(),
        }
        logger.info(
            "Training on %d images of %d classes, %d to validate, %d to test; %s",
            *(len(self.images.train), len(self._card["classes"]), len(self.images.validation)),
            *(len(self._test), self.compute),
        )

    def train(self, stage: Stage, plan: StepPlan, is_last: bool) -> TrainedStep:
        rows, vectors = train_step(
            stage, plan, self.images, self.compute, self._training.batches, self._seed
        )
        validation = embeddings_table(self.images.validation, vectors, plan.step, "validation")
        metrics = self._meter.measure(validation)
        checkpoint = Checkpoint(
            EmbedderCard(step=plan.step, stage=plan.stage, metrics=metrics, **self._card),
            copy_to_cpu(self.embedder.state_dict()),
            collect_training_state(stage.optimizer, stage.loss),
        )
        if self._best is None or _accuracy(checkpoint) > _accuracy(self._best):
            self._best = checkpoint
        _log_step(plan, metrics)
        tests = list(self._embed_test(checkpoint, self._best)) if is_last else []
        row = {"step": plan.step, "stage": plan.stage}
        return TrainedStep(
            checkpoint,
            pd.DataFrame(rows),
            pd.DataFrame([row | metrics]).astype({"mean_movement": "float64"}),
            pd.concat([validation, *tests], ignore_index=True),
        )

    def _embed_test(self, last: Checkpoint, best: Checkpoint) -> Iterator[pd.DataFrame]:
        chosen = [last] if last is best else [best, last]
        size = self._training.evaluation_batch_size
        self.embedder.to(self.compute.device).eval()
        for checkpoint in chosen:
            self.embedder.load_state_dict(checkpoint.weights)
            vectors = map_images(self.embedder, self._test, self.compute, size)
            yield embeddings_table(self._test, vectors, checkpoint.card.step, "test")


def _accuracy(checkpoint: Checkpoint) -> float:
    return checkpoint.card.metrics["validation_accuracy"] or 0.0


def _log_step(plan: StepPlan, metrics: dict[str, float | None]) -> None:
    moved = metrics["mean_movement"]
    logger.info(
        "Step %d (%s) done: validation accuracy %.3f, mean radius %.3f, mean separation %.3f%s",
        *(plan.step, plan.stage),
        *(metrics[name] for name in ("validation_accuracy", "mean_radius", "mean_separation")),
        "" if moved is None else f", mean centroid movement {moved:.3f}",
    )

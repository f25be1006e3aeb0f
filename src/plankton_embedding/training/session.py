"""A whole training: initial weights, step after step, and what each of them leaves behind."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import EmbedderOptions, PreprocessOptions, TrainingOptions
from plankton_embedding.training.card import EmbedderCard, package_versions
from plankton_embedding.training.checkpoint import Checkpoint, KeptCheckpoint
from plankton_embedding.training.closed_form import solve_head
from plankton_embedding.training.device import Compute, resolve_device
from plankton_embedding.training.earlier import (
    EarlierTraining,
    ResumePoint,
    ResumeState,
    find_resume_point,
)
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.evaluation import StepMeter, embeddings_table
from plankton_embedding.training.forecast import say_how_long
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import (
    SplitImages,
    class_names,
    select_images,
    unseen_class_names,
)
from plankton_embedding.training.plan import StepPlan, follow_on, plan_steps
from plankton_embedding.training.progress import show_progress
from plankton_embedding.training.ranks import Ranks, broadcast, find_ranks, together
from plankton_embedding.training.stage import Stage, begin_stage
from plankton_embedding.training.stage_inputs import StageInputs
from plankton_embedding.training.step_training import StepTrainer, seed_step
from plankton_embedding.training.training_state import (
    collect_training_state,
    copy_to_cpu,
    restore_training_state,
)
from plankton_embedding.training.weights import find_weights, initialise

logger = logging.getLogger(__name__)

_LOGGED = (
    *("validation_accuracy", "validation_leave_one_out_accuracy"),
    *("mean_radius", "mean_separation"),
)


@dataclass(frozen=True)
class TrainedStep:
    """What one step leaves behind.

    Attributes
    ----------
    checkpoint
        Weights, state of the training, card; of a step of an earlier training, where it lies.
    history
        One row an epoch.
    metrics
        One row: the step's metrics on the validation split.
    embeddings
        Of the validation split; with the last step also those of the test split and of the
        unseen classes, by the best and by the last step's network.
    """

    checkpoint: Checkpoint | KeptCheckpoint
    history: pd.DataFrame
    metrics: pd.DataFrame
    embeddings: pd.DataFrame


def train_in_steps(
    store: ImageStore,
    splits: pd.DataFrame,
    options: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
    earlier: Iterable[EarlierTraining] = (),
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
    earlier
        Earlier trainings, the latest first. One that is to be continued hands over its steps
        first, as they were.
    """
    ranks = find_ranks(training)
    device_type = resolve_device(training.device).type
    work = (store.folder, splits, options, training, seed)
    with together(ranks, device_type, _take_part, *work):
        session = _Session(store, splits, options, training, seed, ranks)
        yield from session.run(earlier)


def _take_part(folder: Path, *work: Any) -> None:
    """Train beside rank 0, which alone hands over what comes of it."""
    for _ in train_in_steps(ImageStore(folder), *work):
        pass


class _Session:
    def __init__(
        self,
        store: ImageStore,
        splits: pd.DataFrame,
        options: EmbedderOptions,
        training: TrainingOptions,
        seed: int,
        ranks: Ranks,
    ) -> None:
        self._ranks = ranks
        self._compute = Compute(training, ranks)
        self._images = SplitImages(
            select_images(store, splits, "train"), select_images(store, splits, "validation")
        )
        # Of neither is an image read before the last step is trained.
        self._held_out = {name: select_images(store, splits, name) for name in ("test", "unseen")}
        torch.manual_seed(seed)
        self._embedder = Embedder(options)
        initialise(self._embedder, find_weights(options.weights, options.backbone))
        if training.compile:
            self._embedder.backbone.compile()
        self._training, self._seed = training, seed
        self._plans = plan_steps(training)
        self._meter = StepMeter()
        self._inputs = StageInputs(self._images, self._compute, training)
        self._best: Checkpoint | KeptCheckpoint | None = None
        self._card = EmbedderCard(
            backbone=self._embedder.facts,
            classes=class_names(splits),
            unseen_classes=unseen_class_names(splits),
            step=0,
            stage="",
            metrics={},
            data_fingerprint=store.card.fingerprint,
            embedder=options,
            preprocess=PreprocessOptions(**store.card.preprocess),
            training=training,
            seed=seed,
            continues=None,
            computed_on=str(self._compute),
            versions=package_versions(),
        )
        if ranks.rank == 0:
            logger.info(
                "Training on %d images of %d classes, %d to validate, %d to test; %s",
                *(len(self._images.train), len(self._card.classes), len(self._images.validation)),
                *(len(self._held_out["test"]), self._compute),
            )

    def run(self, earlier: Iterable[EarlierTraining]) -> Iterator[TrainedStep]:
        """Hand over the steps that are kept of an earlier training, then train the others."""
        point = None
        if self._ranks.rank == 0:
            point = find_resume_point(earlier, self._card, self._training, self._plans[-1].step)
        if point:
            yield from self._keep(point)
        # The others cannot look for themselves: rank 0 is writing where they would look.
        state = broadcast(self._ranks, ResumeState.read(point) if point else None)
        if state:
            self._restore(state)
        to_do = [plan for plan in self._plans if state is None or plan.step > state.step]
        say_how_long(self._embedder, self._images, self._compute, self._training, to_do)
        epochs = sum(len(plan.epochs) for plan in self._plans)
        done = epochs - sum(len(plan.epochs) for plan in to_do)
        with show_progress(epochs, done, is_shown=self._ranks.rank == 0) as progress:
            trainer = StepTrainer(self._images, self._compute, self._training, self._seed, progress)
            stage: Stage | None = None
            for plan in to_do:
                if plan.is_closed_form:
                    yield self._solve_head(plan)
                    continue
                if stage is None or plan.index == 0:
                    stage = self._begin_stage(plan, state)
                yield self._train(trainer, stage, plan)

    def _keep(self, point: ResumePoint) -> Iterator[TrainedStep]:
        logger.info("Going on with the training %s after step %d", *(point.version, point.step))
        for step in [step for step in point.training.steps if step <= point.step]:
            checkpoint = point.training.checkpoints.kept(step, continues=point.name)
            self._consider(checkpoint)
            history, metrics, validation = point.training.tables(step)
            is_last = step == self._plans[-1].step
            held_out = self._embed_held_out(checkpoint) if is_last else []
            embeddings = pd.concat([validation, *held_out], ignore_index=True)
            yield TrainedStep(checkpoint, history, metrics, embeddings)

    def _restore(self, state: ResumeState) -> None:
        self._embedder.load_state_dict(state.weights)
        self._meter.measure(state.validation)
        self._plans = follow_on(self._plans, state.step, state.last_epoch)
        self._card = self._card.model_copy(update={"continues": state.name})

    def _begin_stage(self, plan: StepPlan, state: ResumeState | None) -> Stage:
        seed_step(self._seed, plan.step)
        stage = begin_stage(self._embedder, self._inputs, plan)
        # Moments and proxies go on within a stage only, and not if its loss was changed.
        if state and plan.step == state.step + 1 and state.of == (plan.stage, plan.options.loss):
            restore_training_state(stage.optimizer, stage.loss, state.training_state)
        return stage

    def _solve_head(self, plan: StepPlan) -> TrainedStep:
        is_refit = plan.index > 0
        if is_refit:
            self._inputs.forget_features()
        features = self._inputs.frozen_features(self._embedder)
        solve_head(self._embedder, features, self._images, self._training.head, turn=is_refit)
        vectors = embed_features(self._embedder.head.eval(), features.validation)
        row = {
            **{"stage": plan.stage, "trained": "nothing", "step": plan.step},
            "epoch": plan.first_epoch - 1,
            **{"learning_rate": 0.0, "loss": "closed_form"},
            **dict.fromkeys(("train_loss", "validation_loss", "images_per_second"), math.nan),
        }
        return self._measure(plan, vectors, [row], {})

    def _train(self, trainer: StepTrainer, stage: Stage, plan: StepPlan) -> TrainedStep:
        rows, vectors = trainer.train(stage, plan, self._meter.class_accuracy)
        state = collect_training_state(stage.optimizer, stage.loss)
        return self._measure(plan, vectors, rows, state)

    def _measure(
        self,
        plan: StepPlan,
        vectors: Tensor,
        rows: list[dict[str, Any]],
        training_state: dict[str, Tensor],
    ) -> TrainedStep:
        validation = embeddings_table(self._images.validation, vectors, plan.step, "validation")
        metrics = self._meter.measure(validation)
        # Batch normalisation is a little different in each process.
        self._meter.class_accuracy = broadcast(self._ranks, self._meter.class_accuracy)
        facts = {"step": plan.step, "stage": plan.stage}
        checkpoint = Checkpoint(
            self._card.model_copy(update=facts | {"metrics": metrics}),
            copy_to_cpu(self._embedder.state_dict()),
            training_state,
        )
        self._consider(checkpoint)
        held_out = []
        if self._ranks.rank == 0:
            _log_step(plan, metrics)
            held_out = list(self._embed_held_out(checkpoint)) if plan is self._plans[-1] else []
        return TrainedStep(
            checkpoint,
            pd.DataFrame(rows),
            pd.DataFrame([facts | metrics]).astype({"mean_movement": "float64"}),
            pd.concat([validation, *held_out], ignore_index=True),
        )

    def _consider(self, checkpoint: Checkpoint | KeptCheckpoint) -> None:
        accuracy = checkpoint.card.choosing_accuracy
        if self._best is None or accuracy > self._best.card.choosing_accuracy:
            self._best = checkpoint

    def _embed_held_out(self, last: Checkpoint | KeptCheckpoint) -> Iterator[pd.DataFrame]:
        chosen = [last] if last is self._best or self._best is None else [self._best, last]
        size = self._training.evaluation_batch_size
        self._embedder.to(self._compute.device).eval()
        for checkpoint in chosen:
            self._embedder.load_state_dict(checkpoint.weights)
            for split, images in self._held_out.items():
                if len(images):
                    vectors = map_images(self._embedder, images, self._compute, size)
                    yield embeddings_table(images, vectors, checkpoint.card.step, split)


def _log_step(plan: StepPlan, metrics: dict[str, float | None]) -> None:
    moved = metrics["mean_movement"]
    logger.info(
        "Step %d (%s) done: validation accuracy %.3f (%.3f leave-one-out), mean radius %.3f, "
        "mean separation %.3f%s",
        *(plan.step, plan.stage),
        *(metrics[name] for name in _LOGGED),
        "" if moved is None else f", mean centroid movement {moved:.3f}",
    )

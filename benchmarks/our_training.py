"""Our training, step by step, for benchmarks: the engine of `kedro run`, without Kedro."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import lightning
import numpy as np
import pandas as pd
import torch

from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_writer import write_image_blocks
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.batch_stream import BatchStream
from plankton_embedding.training.batches import build_sampler
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.labelled_images import SplitImages, select_images
from plankton_embedding.training.plan import plan_steps
from plankton_embedding.training.progress import Progress
from plankton_embedding.training.stage import begin_stage
from plankton_embedding.training.stage_inputs import StageInputs
from plankton_embedding.training.step_module import StepModule
from plankton_embedding.training.weights import initialise

_SHARD = 512


def make_store(
    pixels: Iterable[np.ndarray], labels: list[str], preprocess: dict[str, Any]
) -> tuple[ImageStore, pd.DataFrame]:
    """Write images into a store of a temporary folder.

    Parameters
    ----------
    pixels
        Blocks of uint8 images, n x size x size.
    labels
        Class of each image.
    preprocess
        What the store's card says.

    Returns
    -------
    store
        The store.
    table
        ``image_id`` and ``class_name``, one row an image.
    """
    ids = [f"{label}/{number:06d}.png" for number, label in enumerate(labels)]

    def blocks() -> Iterator[tuple[list[str], np.ndarray]]:
        start = 0
        for block in pixels:
            yield ids[start : start + len(block)], block
            start += len(block)

    folder = Path(mkdtemp(prefix="benchmark-store-")) / "store"
    write_image_blocks(folder, blocks(), preprocess, "benchmark")
    return ImageStore(folder), pd.DataFrame({"image_id": ids, "class_name": labels})


def in_shards(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """Cut images into blocks of a shard each."""
    for start in range(0, len(pixels), _SHARD):
        yield pixels[start : start + _SHARD]


class GatedStream(BatchStream):
    """A stream of batches that calls back before each, so that others may be timed between."""

    def __init__(self, *args: Any, gate: Callable[[], None]) -> None:
        super().__init__(*args)
        self._gate = gate

    def epoch(self, number: int) -> Iterator[Any]:
        """Yield the batches of an epoch."""
        batches = super().epoch(number)
        for _ in range(len(self)):
            self._gate()
            yield next(batches)


class StepClock(lightning.Callback):
    """Calls back after each batch, once the device is done with it."""

    def __init__(self, end_of_step: Callable[[int], None]) -> None:
        self._end_of_step = end_of_step

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Call back."""
        self._end_of_step(len(batch.labels))


def our_steps(
    parameters: Parameters,
    store: ImageStore,
    splits: pd.DataFrame,
    batches: int,
    gate: Callable[[], None],
    end_of_step: Callable[[int], None],
) -> float:
    """Train the whole network for some batches; return the share of time spent on waiting."""
    training = parameters.training
    compute = Compute(training)
    images = SplitImages(*(select_images(store, splits, name) for name in ("train", "validation")))
    torch.manual_seed(0)
    embedder = Embedder(parameters.embedder)
    initialise(embedder, None)
    if training.compile:
        embedder.backbone.compile()
    plan = next(plan for plan in plan_steps(training) if not plan.freezes_backbone)
    stage = begin_stage(embedder, StageInputs(images, compute, training), plan)
    labels = images.train.labels
    sampler = build_sampler(labels, training.batches, batches, 0)
    stream = GatedStream(stage.feed, labels, sampler, 1, compute.ranks, compute.device, gate=gate)
    module = StepModule(
        stage.network, stage.loss, stage.optimizer, stage.augment, plan, Progress(1, 0)
    )
    stage.network.train()
    began = time.perf_counter()
    lightning.Trainer(
        accelerator=compute.device.type,
        devices=1,
        precision=compute.lightning_precision,
        max_epochs=1,
        callbacks=[StepClock(end_of_step)],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        deterministic="warn" if compute.device.type == "cuda" else None,
    ).fit(module, datamodule=stream)
    return stream.waited / (time.perf_counter() - began)

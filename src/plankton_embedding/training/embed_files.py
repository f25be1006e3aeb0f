"""Embedding image files: read and decoded ahead in other processes, while the network computes."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from plankton_embedding.images.embedding_blocks import (
    EarlierBlocks,
    EmbeddedBlock,
    PlannedBlock,
    plan_blocks,
)
from plankton_embedding.images.engine import map_ahead
from plankton_embedding.images.prepare_batch import PreparedBatch, prepare_batch
from plankton_embedding.images.source import ImageSource, as_text
from plankton_embedding.parameters import EngineOptions, ScanOptions, TrainingOptions
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.trained_embedder import TrainedEmbedder
from plankton_embedding.wording import counted

logger = logging.getLogger(__name__)

# Batches that a GPU may have before it while the results of an earlier one are taken up.
_UNDER_WAY = 2
# The smallest size of a batch.
_FEWEST = 16
_SECONDS_A_LINE = 60.0


@dataclass(frozen=True)
class EmbeddingOptions:
    """How files are embedded: which are read, by how many workers, on what device."""

    scan: ScanOptions
    engine: EngineOptions
    training: TrainingOptions


def embed_source(
    source: ImageSource,
    embedder: TrainedEmbedder,
    images_per_block: int,
    options: EmbeddingOptions,
    earlier: EarlierBlocks,
) -> Iterator[EmbeddedBlock]:
    """Embed the files of a source, block by block, in their order.

    Memory does not grow with the number of images, apart from the list of files.

    Parameters
    ----------
    source
        The files; those with a reason are not read.
    embedder
        Its card says how images are preprocessed.
    images_per_block
        On average.
    options
        ``scan``, ``engine``, and of ``training`` device, precision and evaluation_batch_size.
    earlier
        Blocks of earlier runs by their key, which are taken over.
    """
    compute = Compute(options.training)
    batch_size = options.training.evaluation_batch_size
    recipe = {
        "embedder": embedder.fingerprint(),
        "bfloat16": compute.bf16,
        # Sums of other batches are rounded otherwise.
        "batch_size": batch_size,
    }
    plans = plan_blocks(source, images_per_block, options.scan, json.dumps(recipe))
    new = [plan for plan in plans if plan.key not in earlier]
    files = sum(len(plan.files) for plan in new)
    logger.info(
        "Embedding: unchanged: %s, new: %s, on %s",
        *(f"{len(source.files) - files:,}", f"{files:,}", compute),
    )
    network = embedder.network().to(compute.device) if new else None
    prepare = partial(
        prepare_batch, source.location.filesystem, options.scan, embedder.card.preprocess
    )
    with (
        _FileCounter(files) as counter,
        map_ahead(prepare, _batches(new, batch_size), options.engine) as prepared,
    ):
        results = forward(network, prepared, compute, batch_size) if network else iter(())
        for plan in plans:
            if plan.key in earlier:
                yield EmbeddedBlock(plan, earlier[plan.key])
                continue
            parts = []
            for _ in range(0, len(plan.files), batch_size):
                parts.append(next(results))
                counter.count(len(parts[-1][0].reasons))
            yield EmbeddedBlock(plan, _tabulate(plan, parts))


def forward(
    network: Embedder, batches: Iterable[PreparedBatch], compute: Compute, batch_size: int
) -> Iterator[tuple[PreparedBatch, NDArray[np.float32]]]:
    """Embed batches one after the other.

    On a GPU the next batches are under way while a result is handed on. Small batches, as those at
    the end of blocks, are filled up to a power of two: the libraries below torch, and the memory
    that is kept, hold on to something for each size that they meet. Of few sizes all are met soon.

    Parameters
    ----------
    network, compute
        The network, and how it computes.
    batches
        Of at most `batch_size` images.
    batch_size
        No batch is filled up beyond it.

    Yields
    ------
    batch
        As given.
    vectors
        float32 array, images that could be read x embedding size.
    """
    waiting: deque[tuple[PreparedBatch, _Vectors]] = deque()
    behind = _UNDER_WAY if compute.device.type == "cuda" else 0
    for batch in batches:
        size = min(batch_size, _power_of_two(len(batch.pixels)))
        waiting.append((batch, _Vectors(network, batch.pixels, compute, size)))
        if len(waiting) > behind:
            done, vectors = waiting.popleft()
            yield done, vectors.fetch()
    for done, vectors in waiting:
        yield done, vectors.fetch()


class _Vectors:
    """Embeddings that are being computed."""

    def __init__(
        self, network: Embedder, pixels: NDArray[np.uint8], compute: Compute, size: int
    ) -> None:
        self._done: torch.cuda.Event | None = None
        if not len(pixels):
            self._vectors = torch.empty(0, network.embedding_size)
            return
        vectors = _forward(network, torch.from_numpy(pixels), compute, size)
        self._vectors = vectors
        if vectors.device.type == "cuda":
            # Copied behind this batch's own work: a copy that is asked for later would wait for
            # the work of later batches.
            self._vectors = torch.empty(vectors.shape, dtype=vectors.dtype, pin_memory=True)
            self._vectors.copy_(vectors, non_blocking=True)
            self._done = torch.cuda.Event()
            self._done.record()

    def fetch(self) -> NDArray[np.float32]:
        """Wait for them."""
        if self._done is not None:
            self._done.synchronize()
        vectors: NDArray[np.float32] = self._vectors.numpy()
        return vectors


@torch.inference_mode()
def _forward(network: Embedder, images: Tensor, compute: Compute, size: int) -> Tensor:
    count = len(images)
    images = torch.nn.functional.pad(images, (0, 0, 0, 0, 0, size - count))
    if compute.device.type == "cuda":
        images = images.pin_memory().to(compute.device, non_blocking=True)
    with compute.autocast():
        vectors: Tensor = network(images)[:count].float()
    return vectors


def _power_of_two(count: int) -> int:
    return max(_FEWEST, 1 << (count - 1).bit_length())


def _batches(plans: Sequence[PlannedBlock], batch_size: int) -> Iterator[pd.DataFrame]:
    for plan in plans:
        for start in range(0, len(plan.files), batch_size):
            yield plan.files[["path", "reason"]][start : start + batch_size]


def _tabulate(
    plan: PlannedBlock, parts: Sequence[tuple[PreparedBatch, NDArray[np.float32]]]
) -> pd.DataFrame:
    reasons = [reason for batch, _ in parts for reason in batch.reasons]
    embedded = np.array([not reason for reason in reasons])
    found = np.concatenate([vectors for _, vectors in parts])
    vectors = np.full((len(reasons), found.shape[1]), np.nan, dtype=np.float32)
    vectors[embedded] = found
    table = plan.files.reset_index(drop=True)
    table = table.assign(path=table["path"].map(as_text).astype("str"), reason=reasons)
    table = table.astype({"reason": "str"})[["image_id", "path", "class_name", "reason"]]
    columns = [f"e{place:02d}" for place in range(vectors.shape[1])]
    return pd.concat([table, pd.DataFrame(vectors, columns=columns)], axis=1)


class _FileCounter:
    """A progress bar of files and files/s; plain lines where there is no terminal.

    Of files, for those that cannot be read are among them.
    """

    def __init__(self, files: int) -> None:
        self._files, self._done = files, 0
        self._began = time.perf_counter()
        self._next_line = self._began + _SECONDS_A_LINE
        self._bar = tqdm(
            total=files, desc="embedding", unit=" files", disable=None if files else True
        )

    def __enter__(self) -> _FileCounter:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
        if self._done:
            logger.info(
                "Went through %s, %.1f files/s", counted(self._done, "new file"), self._rate()
            )

    def count(self, files: int) -> None:
        """Count the files of a batch."""
        self._done += files
        self._bar.update(files)
        if self._bar.disable and time.perf_counter() > self._next_line:
            self._next_line += _SECONDS_A_LINE
            logger.info(
                "Went through %s of %s files, %.1f files/s",
                *(f"{self._done:,}", f"{self._files:,}", self._rate()),
            )

    def _rate(self) -> float:
        return self._done / (time.perf_counter() - self._began)

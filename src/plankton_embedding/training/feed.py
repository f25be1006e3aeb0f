"""Feeding images to the network: from the device's own memory, or streamed from the store."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.class_balanced import Rows
from plankton_embedding.training.labelled_images import LabelledImages

logger = logging.getLogger(__name__)

# Batches that are read ahead, and threads that read them: reading waits for disks, not for cores.
_AHEAD, _THREADS = 4, 4
_UPLOAD_AT_ONCE = 512


class DeviceCacheError(UserError):
    """The training images do not fit into the device's memory."""


class Feed(Protocol):
    """Turns the rows of batches into the network's inputs, on the device."""

    def batches(self, rows: Iterable[Rows]) -> Iterator[Tensor]:
        """Yield the inputs of each batch, in order."""


class CachedFeed:
    """Gathers batches from a tensor that lies on the device.

    Parameters
    ----------
    values
        One row an image: uint8 images, or float32 features.
    """

    def __init__(self, values: Tensor) -> None:
        self._values = values

    def batches(self, rows: Iterable[Rows]) -> Iterator[Tensor]:
        """Yield the inputs of each batch."""
        for batch in rows:
            places = torch.from_numpy(np.ascontiguousarray(batch))
            yield self._values.index_select(0, places.to(self._values.device, non_blocking=True))


class StreamedFeed:
    """Reads batches from the store ahead of their use, in threads.

    Parameters
    ----------
    images
        The training images.
    device
        Where batches go; to a GPU from pinned memory, while it computes.
    """

    def __init__(self, images: LabelledImages, device: torch.device) -> None:
        self._images = images
        self._device = device

    def batches(self, rows: Iterable[Rows]) -> Iterator[Tensor]:
        """Yield the inputs of each batch."""
        waiting: deque[Future[Tensor]] = deque()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="feed") as threads:
            for batch in rows:
                waiting.append(threads.submit(self._read, batch))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result().to(self._device, non_blocking=True)
            while waiting:
                yield waiting.popleft().result().to(self._device, non_blocking=True)

    def _read(self, rows: Rows) -> Tensor:
        batch = self._images.gather(rows)
        return batch.pin_memory() if self._device.type == "cuda" else batch


def open_feed(images: LabelledImages, device: torch.device, options: TrainingOptions) -> Feed:
    """Put the training images on the device if they may and do fit there, else stream them.

    ``auto`` caches on a GPU only: on the CPU the store is in memory already, as
    far as there is room, and the system takes it back when it is needed.

    Raises
    ------
    DeviceCacheError
        If ``device_cache`` is ``always`` and the images do not fit.
    """
    if options.device_cache == "never":
        return StreamedFeed(images, device)
    must = options.device_cache == "always"
    if not must and not _fits(images, device, options.device_cache_fraction):
        return StreamedFeed(images, device)
    try:
        values = _upload(images, device)
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        # On the CPU torch says RuntimeError where there is no memory.
        if device.type == "cuda" and not isinstance(error, torch.OutOfMemoryError):
            raise
        if not must:
            logger.info("The training images (%s) are streamed: %s is full", _size(images), device)
            return StreamedFeed(images, device)
        raise DeviceCacheError(
            f"training.device_cache is `always`, but the training images ({_size(images)}) do not "
            f"fit into the memory of {device}: use `auto` or `never`."
        ) from error
    logger.info("Put %d training images (%s) on %s", len(images), _size(images), device)
    return CachedFeed(values)


def _fits(images: LabelledImages, device: torch.device, fraction: float) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    fits = _bytes(images) <= fraction * free
    if not fits:
        logger.info(
            "The training images (%s) are streamed: they need more than %g of the %.1f GB free "
            "on %s",
            *(_size(images), fraction, free / 1e9, device),
        )
    return fits


def _upload(images: LabelledImages, device: torch.device) -> Tensor:
    size = images.store.image_size
    values = torch.empty(len(images), size, size, dtype=torch.uint8, device=device)
    for start in range(0, len(images), _UPLOAD_AT_ONCE):
        rows = np.arange(start, min(start + _UPLOAD_AT_ONCE, len(images)))
        values[start : start + len(rows)] = images.gather(rows)
    return values


def _bytes(images: LabelledImages) -> int:
    return len(images) * images.store.image_size**2


def _size(images: LabelledImages) -> str:
    return f"{_bytes(images) / 1e9:.2f} GB"

"""The image store: preprocessed images in sharded, memory-mapped Arrow files.

A store is a folder of ``shard-00000.arrow`` files (Arrow IPC, columns ``image_id`` and
``image``, a fixed-size list of size x size bytes) and ``store.json``, which describes it and
is written last: without it a store is incomplete and cannot be opened.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from plankton_embedding.errors import UserError

_CARD = "store.json"
# Of images read; the system maps up to 2 MiB of a file around each.
_RELEASE_AFTER = 16 << 20


class ImageStoreError(UserError):
    """A store is missing, incomplete or does not hold what was asked for."""


@dataclass(frozen=True)
class ImageBlock:
    """Some preprocessed images: ids, n of them, and uint8 pixels, n x size x size."""

    image_ids: list[str]
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class StoreCard:
    """What a store says of itself."""

    image_size: int
    images: int
    fingerprint: str
    preprocess: dict[str, Any]
    shards: list[str]


@dataclass(frozen=True)
class ImageStoreContent:
    """What is to be written: blocks, one a shard, made as they are asked for."""

    blocks: Iterable[ImageBlock]
    preprocess: dict[str, Any]
    fingerprint: str


class ImageStore:
    """Read access to an image store; pixels stay on disk until asked for.

    However many images are read, the process holds few of them: the pages that a memory map
    leaves in it are handed back, and stay in the system's cache as far as there is room.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.card = StoreCard(**json.loads((folder / _CARD).read_text()))
            self._maps = [_map_file(folder / shard) for shard in self.card.shards]
            batches = [_open_shard(mapped) for mapped in self._maps]
        except FileNotFoundError:
            raise ImageStoreError(
                f"{folder} holds no complete image store ({_CARD} or a shard is missing). "
                "Build it with `kedro run --pipelines data_engineering`."
            ) from None
        except (ValueError, TypeError) as error:
            raise ImageStoreError(
                f"the image store {folder} is damaged: {error}. "
                "Build it again with `kedro run --pipelines data_engineering`."
            ) from error
        self._shards = [_pixels(batch, self.card.image_size) for batch in batches]
        self._starts = np.cumsum([0, *map(len, self._shards)])
        self.image_ids: npt.NDArray[np.object_] = np.concatenate(
            [batch["image_id"].to_numpy(zero_copy_only=False) for batch in batches]
        )
        self._read_since_release = 0
        self._row_of_id = {image_id: row for row, image_id in enumerate(self.image_ids)}

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return self.card.image_size

    def rows(self, image_ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows of images by their ids.

        Raises
        ------
        ImageStoreError
            If the store does not hold one of them.
        """
        try:
            return np.array([self._row_of_id[image_id] for image_id in image_ids], dtype=np.int64)
        except KeyError as error:
            raise ImageStoreError(
                f"the image store does not hold {error.args[0]!r}; it was built from other images "
                "or splits. Run `kedro run --pipelines data_engineering` again."
            ) from None

    def images(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Gather images.

        Parameters
        ----------
        rows
            Row numbers, n of them, in any order.

        Returns
        -------
        uint8 array, n x image_size x image_size, in the order asked for
        """
        gathered = np.empty((len(rows), self.image_size, self.image_size), dtype=np.uint8)
        shard_of_row = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shard_of_row):
            here = shard_of_row == shard
            gathered[here] = self._shards[shard][rows[here] - self._starts[shard]]
        self._release_pages(gathered.nbytes)
        return gathered

    def _release_pages(self, read: int) -> None:
        self._read_since_release += read
        if self._read_since_release > _RELEASE_AFTER and hasattr(mmap, "MADV_DONTNEED"):
            self._read_since_release = 0
            for mapped in self._maps:
                # Of a file that is only read: forgets where its pages lie, not what is in them.
                mapped.madvise(mmap.MADV_DONTNEED)


def write_image_store(folder: Path, content: ImageStoreContent) -> None:
    """Write a store into a folder that does not exist yet.

    Raises
    ------
    ImageStoreError
        If there is no image to write.
    """
    folder.mkdir(parents=True)
    shards: list[str] = []
    images, size = 0, 0
    for block in content.blocks:
        shards.append(f"shard-{len(shards):05d}.arrow")
        _write_shard(folder / shards[-1], block)
        images, size = images + len(block.image_ids), block.pixels.shape[1]
    if not images:
        raise ImageStoreError("there is no image to write into the image store.")
    card = StoreCard(size, images, content.fingerprint, content.preprocess, shards)
    (folder / _CARD).write_text(json.dumps(asdict(card), indent=2) + "\n")


def _write_shard(path: Path, block: ImageBlock) -> None:
    count, height, width = block.pixels.shape
    flat = pa.array(block.pixels.reshape(-1))
    batch = pa.record_batch(
        {
            "image_id": pa.array(block.image_ids, pa.string()),
            "image": pa.FixedSizeListArray.from_arrays(flat, height * width),
        }
    ).replace_schema_metadata({"image_size": str(width), "images": str(count)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _map_file(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _open_shard(mapped: mmap.mmap) -> pa.RecordBatch:
    return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).get_batch(0)


def _pixels(batch: pa.RecordBatch, size: int) -> npt.NDArray[np.uint8]:
    values = batch["image"].flatten().to_numpy(zero_copy_only=True)
    return values.reshape(-1, size, size)

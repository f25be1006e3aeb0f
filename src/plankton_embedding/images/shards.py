"""Shards: the files of an image store, Arrow IPC, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from plankton_embedding.errors import UserError

# Goes up whenever other bytes are written for the same images.
FORMAT = "2"


class ImageStoreError(UserError):
    """A store is missing, incomplete, cannot be written or does not hold what was asked for."""


@dataclass(frozen=True)
class Shard:
    """A shard, as the index of its store describes it.

    Attributes
    ----------
    name
        Of the file.
    images
        How many it holds.
    place
        Byte of the file at which the first image begins; the others follow without a gap.
    bytes
        Length of the file.
    """

    name: str
    images: int
    place: int
    bytes: int


def write_shard(
    path: Path,
    image_ids: Sequence[str],
    pixels: npt.NDArray[np.uint8],
    metadata: Mapping[str, str],
) -> None:
    """Write a shard: columns ``image_id`` and ``image``, a list of size x size bytes.

    Parameters
    ----------
    path
        Found under this name only once the file is complete and on the disk.
    image_ids
        n of them.
    pixels
        uint8 array, n x size x size.
    metadata
        Of the schema.
    """
    count, height, width = pixels.shape
    flat = pa.array(pixels.reshape(-1))
    columns = {
        "image_id": pa.array(image_ids, pa.string()),
        "image": pa.FixedSizeListArray.from_arrays(flat, height * width),
    }
    described = {"format": FORMAT, "image_size": str(width), "images": str(count), **metadata}
    write_batch(path, pa.record_batch(columns).replace_schema_metadata(described))


def write_batch(path: Path, batch: pa.RecordBatch) -> None:
    """Write an Arrow file atomically: under another name, to the disk, then renamed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            with pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def inspect_shard(path: Path) -> Shard:
    """Describe a shard that is complete."""
    with pa.memory_map(str(path)) as file:
        whole = file.read_buffer()
        batch = pa.ipc.open_file(pa.BufferReader(whole)).get_batch(0)
        pixels = batch["image"].flatten().buffers()[1]
        return Shard(path.name, batch.num_rows, pixels.address - whole.address, whole.size)

"""Shards: the files of an image store, Arrow IPC, each written whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import PreprocessOptions

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
    images: pd.DataFrame,
    pixels: npt.NDArray[np.uint8],
    preprocess: PreprocessOptions | None,
) -> None:
    """Write a shard: columns ``image_id``, ``sha256`` and ``image``, a list of size x size bytes.

    Parameters
    ----------
    path
        Found under this name only once the file is complete and on the disk.
    images
        ``image_id``, and ``sha256`` of the file that each was made of; n rows.
    pixels
        uint8 array, n x size x size.
    preprocess
        How they were made, where they were made of files.
    """
    count, height, width = pixels.shape
    flat = pa.array(pixels.reshape(-1))
    columns = {
        **text_columns(images),
        "image": pa.FixedSizeListArray.from_arrays(flat, height * width),
    }
    described = {"format": FORMAT, "image_size": str(width), "images": str(count)}
    if preprocess:
        described["preprocess"] = preprocess.model_dump_json()
    write_batch(path, pa.record_batch(columns).replace_schema_metadata(described))


def text_columns(images: pd.DataFrame) -> dict[str, pa.Array]:
    """Return ``image_id`` and ``sha256`` as Arrow arrays of one piece."""
    return {
        name: pa.array(images[name].to_numpy(dtype=object), pa.string())
        for name in ("image_id", "sha256")
    }


def write_batch(path: Path, batch: pa.RecordBatch) -> None:
    """Write an Arrow file atomically: under another name, to the disk, then renamed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # By Arrow's own file: one of Python's would have every buffer copied first.
        with pa.OSFile(str(partial), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)
        sync(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def inspect_shard(path: Path) -> tuple[Shard, pd.DataFrame]:
    """Describe a shard that is complete.

    Returns
    -------
    shard
        Its place in an index.
    images
        ``image_id`` and ``sha256``.
    """
    with pa.memory_map(str(path)) as file:
        whole = file.read_buffer()
        batch = pa.ipc.open_file(pa.BufferReader(whole)).get_batch(0)
        pixels = batch["image"].flatten().buffers()[1]
        shard = Shard(path.name, batch.num_rows, pixels.address - whole.address, whole.size)
        return shard, batch.select(["image_id", "sha256"]).to_pandas()

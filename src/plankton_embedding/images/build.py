"""Build the content of an image store from image files: a shard at a time, in any process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from fsspec import AbstractFileSystem

from plankton_embedding.images.decode import UnreadableImageError
from plankton_embedding.images.disk import report_full_disk
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.shard_plan import number_chunks
from plankton_embedding.images.shards import ImageStoreError, write_shard
from plankton_embedding.images.source import ImageSource, read_file
from plankton_embedding.images.split_names import DROPPED
from plankton_embedding.parameters import EngineOptions, PreprocessOptions, StoreOptions


@dataclass(frozen=True)
class ImageStoreContent:
    """What is to be written; the work is done while it is.

    Attributes
    ----------
    filesystem
        Where the image files are.
    files
        ``image_id``, ``path``, ``sha256`` and ``chunk`` of each image, sorted by image_id.
    fingerprint
        Data fingerprint, kept with the store.
    preprocess, engine
        How images are preprocessed, and how the work is spread.
    """

    filesystem: AbstractFileSystem
    files: pd.DataFrame
    fingerprint: str
    preprocess: PreprocessOptions
    engine: EngineOptions


def prepare_images(
    source: ImageSource,
    manifest: pd.DataFrame,
    splits: pd.DataFrame,
    fingerprint: str,
    options: tuple[PreprocessOptions, StoreOptions, EngineOptions],
) -> ImageStoreContent:
    """Describe the store of all images in use.

    Parameters
    ----------
    source
        Where the images are.
    manifest
        ``image_id`` and ``sha256``, as scanned.
    splits
        ``image_id`` and ``split``; dropped images are left out.
    fingerprint
        Data fingerprint, kept with the store.
    options
        How images are preprocessed, the store written and the work spread.

    Raises
    ------
    ImageStoreError
        If an image of the splits is not in the source, or if there is none.
    """
    preprocess_options, store, engine = options
    files = splits.loc[splits["split"] != DROPPED, ["image_id"]].sort_values("image_id")
    listed = source.files[["image_id", "path"]]
    listed = listed.assign(chunk=number_chunks(listed["image_id"], store.images_per_shard))
    files = files.merge(listed, on="image_id", how="left")
    files = files.merge(manifest[["image_id", "sha256"]], on="image_id", how="left")
    lost = files["path"].isna() | files["sha256"].isna()
    if lost.any():
        raise ImageStoreError(
            f"{files.loc[lost, 'image_id'].iloc[0]} was split but is not in {source.location}. "
            "Run `kedro run --pipelines data_engineering` again."
        )
    filesystem = source.location.filesystem
    return ImageStoreContent(filesystem, files, fingerprint, preprocess_options, engine)


@dataclass(frozen=True)
class ShardTask:
    """A shard to be written.

    Attributes
    ----------
    path
        Of the shard.
    files
        ``image_id``, ``path``, ``sha256``, and where the image lies preprocessed already:
        ``earlier_shard`` (path of a shard, empty: nowhere) and ``earlier_place`` (byte in it).
    """

    path: Path
    files: pd.DataFrame


def build_shard(
    filesystem: AbstractFileSystem, options: PreprocessOptions, task: ShardTask
) -> None:
    """Preprocess the images of a shard and write it.

    Raises
    ------
    ImageStoreError
        If a file cannot be read or is not what was scanned, or if the disk is full.
    """
    size = options.image_size
    pixels = np.empty((len(task.files), size, size), dtype=np.uint8)
    columns = ("path", "sha256", "earlier_shard", "earlier_place")
    files = zip(*(task.files[name].tolist() for name in columns), strict=True)
    for image, (path, sha256, earlier_shard, earlier_place) in zip(pixels, files, strict=True):
        if earlier_shard:
            image[:] = _read_earlier(earlier_shard, earlier_place, size)
        else:
            image[:] = _prepare(filesystem, path, sha256, options)
    with report_full_disk(task.path.parent, pixels.nbytes):
        write_shard(task.path, task.files, pixels, options)


def _read_earlier(shard: str, place: int, size: int) -> npt.NDArray[np.uint8]:
    content = np.fromfile(shard, dtype=np.uint8, count=size * size, offset=place)
    return content.reshape(size, size)


def _prepare(
    filesystem: AbstractFileSystem, path: str, sha256: str, options: PreprocessOptions
) -> npt.NDArray[np.uint8]:
    try:
        content = read_file(filesystem, path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ImageStoreError(
                f"{path} was changed after it was scanned. "
                "Run `kedro run --pipelines data_engineering` again."
            )
        return preprocess(content, options)
    except (OSError, UnreadableImageError) as error:
        raise ImageStoreError(
            f"{path} was readable when it was scanned and is not now: {error}. "
            "Run `kedro run --pipelines data_engineering` again."
        ) from error

"""Build the content of an image store from image files, in parallel, block by block."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from fsspec import AbstractFileSystem

from plankton_embedding.images.decode import UnreadableImageError
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.source import ImageSource, read_file
from plankton_embedding.images.splits import DROPPED
from plankton_embedding.images.store import ImageBlock, ImageStoreContent, ImageStoreError
from plankton_embedding.parameters import EngineOptions, PreprocessOptions, StoreOptions


def prepare_images(
    source: ImageSource,
    splits: pd.DataFrame,
    fingerprint: str,
    preprocess_options: PreprocessOptions,
    store_options: StoreOptions,
    engine: EngineOptions,
) -> ImageStoreContent:
    """Describe the store of all images in use; the work is done while it is written.

    Parameters
    ----------
    source
        Where the images are.
    splits
        ``image_id`` and ``split``; dropped images are left out.
    fingerprint
        Data fingerprint, kept with the store.
    preprocess_options, store_options, engine
        How images are preprocessed, how many make a shard, how the work is spread.

    Raises
    ------
    ImageStoreError
        If an image of the splits is not in the source.
    """
    image_ids = splits.loc[splits["split"] != DROPPED, "image_id"]
    paths = image_ids.map(source.files.set_index("image_id")["path"])
    if paths.isna().any():
        raise ImageStoreError(
            f"{image_ids[paths.isna()].iloc[0]} was split but is not in {source.location}. "
            "Run `kedro run --pipelines data_engineering` again."
        )
    files = pd.DataFrame({"image_id": image_ids, "path": paths})
    size = store_options.images_per_shard
    shards = [files[start : start + size] for start in range(0, len(files), size)]
    prepare = partial(_prepare_block, source.location.filesystem, preprocess_options)
    return ImageStoreContent(
        blocks=map_blocks(prepare, shards, engine, "image store"),
        preprocess=preprocess_options.model_dump(),
        fingerprint=fingerprint,
    )


def _prepare_block(
    filesystem: AbstractFileSystem, options: PreprocessOptions, files: pd.DataFrame
) -> ImageBlock:
    pixels = np.empty((len(files), options.image_size, options.image_size), dtype=np.uint8)
    for row, path in enumerate(files["path"]):
        try:
            pixels[row] = preprocess(read_file(filesystem, path), options)
        except (OSError, UnreadableImageError) as error:
            raise ImageStoreError(
                f"{path} was readable when it was scanned and is not now: {error}. "
                "Run `kedro run --pipelines data_engineering` again."
            ) from error
    return ImageBlock(files["image_id"].tolist(), pixels)

"""Build the content of an image store from image files, in parallel, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from plankton_embedding.images.decode import UnreadableImageError
from plankton_embedding.images.folder import ImageFolder
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.splits import DROPPED
from plankton_embedding.images.store import ImageBlock, ImageStoreContent, ImageStoreError
from plankton_embedding.parameters import ParallelOptions, PreprocessOptions, StoreOptions


def prepare_images(
    folder: ImageFolder,
    splits: pd.DataFrame,
    fingerprint: str,
    preprocess_options: PreprocessOptions,
    store_options: StoreOptions,
    parallel: ParallelOptions,
) -> ImageStoreContent:
    """Describe the store of all images in use; the work is done while it is written.

    Parameters
    ----------
    folder
        The folder of class folders.
    splits
        ``image_id`` and ``split``; dropped images are left out.
    fingerprint
        Data fingerprint, kept with the store.
    preprocess_options, store_options, parallel
        How images are preprocessed, how many make a shard, how the work is spread.
    """
    image_ids = splits.loc[splits["split"] != DROPPED, "image_id"].tolist()
    size = store_options.images_per_shard
    shards = [image_ids[start : start + size] for start in range(0, len(image_ids), size)]
    return ImageStoreContent(
        blocks=_prepare_blocks(folder.root, shards, preprocess_options, parallel),
        preprocess=preprocess_options.model_dump(),
        fingerprint=fingerprint,
    )


def _prepare_blocks(
    root: Path, shards: list[list[str]], options: PreprocessOptions, parallel: ParallelOptions
) -> Iterator[ImageBlock]:
    workers = Parallel(n_jobs=parallel.workers, backend=parallel.backend, return_as="generator")
    blocks = workers(delayed(_prepare_block)(root, shard, options) for shard in shards)
    yield from tqdm(blocks, total=len(shards), desc="image store", unit=" shards", disable=None)


def _prepare_block(root: Path, image_ids: list[str], options: PreprocessOptions) -> ImageBlock:
    pixels = np.empty((len(image_ids), options.image_size, options.image_size), dtype=np.uint8)
    for row, image_id in enumerate(image_ids):
        try:
            pixels[row] = preprocess((root / image_id).read_bytes(), options)
        except (OSError, UnreadableImageError) as error:
            raise ImageStoreError(
                f"{root / image_id} was readable when it was scanned and is not now: {error}. "
                "Run `kedro run --pipelines data_engineering` again."
            ) from error
    return ImageBlock(image_ids, pixels)

"""Shards written while images are scanned, so that none of them is read and decoded twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.disk import report_full_disk
from plankton_embedding.images.shard_plan import name_shard
from plankton_embedding.images.shards import write_shard
from plankton_embedding.parameters import PreprocessOptions


@dataclass(frozen=True)
class StoreAhead:
    """Where shards are kept until the store is written, and what they hold.

    Attributes
    ----------
    building
        See `write_image_store`, which takes over those shards that it wants.
    preprocess, images_per_shard
        Of the store.
    """

    building: Path
    preprocess: PreprocessOptions
    images_per_shard: int

    def room(self, images: int) -> npt.NDArray[np.uint8]:
        """Return room for the pixels of a shard: uint8 array, images x size x size."""
        size = self.preprocess.image_size
        return np.empty((images, size, size), dtype=np.uint8)

    def write(self, images: pd.DataFrame, pixels: npt.NDArray[np.uint8]) -> None:
        """Write a shard.

        Parameters
        ----------
        images
            ``image_id`` and ``sha256`` of its images, n of them.
        pixels
            uint8 array, n x size x size.

        Raises
        ------
        ImageStoreError
            If the disk is full.
        """
        path = self.building / name_shard(images, self.preprocess)
        # That of a run that was interrupted.
        if len(pixels) and not path.exists():
            with report_full_disk(self.building, pixels.nbytes):
                write_shard(path, images, pixels, self.preprocess)

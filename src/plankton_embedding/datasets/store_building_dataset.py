"""Kedro dataset: the folder in which the image store grows."""

from __future__ import annotations

from pathlib import Path

from plankton_embedding.datasets.image_store_dataset import BUILDING
from plankton_embedding.datasets.read_only_dataset import ReadOnlyDataset


class StoreBuildingDataset(ReadOnlyDataset[Path]):
    """The folder that `ImageStoreDataset` takes finished shards from.

    The scan writes into it what it has preprocessed, so that no image is decoded twice. Nothing in
    it counts until the store is saved.

    Parameters
    ----------
    filepath
        That of ``image_store``, versioned.
    metadata
        See `ReadOnlyDataset`.

    Examples
    --------
    .. code-block:: yaml

        store_building:
          type: plankton_embedding.datasets.store_building_dataset.StoreBuildingDataset
          filepath: data/05_model_input/image_store
    """

    def load(self) -> Path:
        """Return the folder, which need not exist yet."""
        return self._folder / BUILDING

"""Kedro dataset: the folder in which the image store grows."""

from __future__ import annotations

import json
from pathlib import Path

from kedro_datasets._typing import JSONPreview

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

    def preview(self) -> JSONPreview:
        """Return what waits there, for Kedro-Viz; nothing, after a run that came to its end."""
        files = [path for path in self.load().rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        return JSONPreview(json.dumps({"files": len(files), "megabytes": round(size, 1)}))

"""Kedro dataset: the folder in which the image store grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from plankton_embedding.datasets.image_store_dataset import BUILDING


class StoreBuildingDataset(AbstractDataset[NoReturn, Path]):
    """The folder that `ImageStoreDataset` takes finished shards from.

    The scan writes into it what it has preprocessed, so that no image is decoded twice. Nothing in
    it counts until the store is saved.

    Parameters
    ----------
    filepath
        That of ``image_store``, versioned.
    metadata
        Free; Kedro-Viz reads its own.

    Examples
    --------
    .. code-block:: yaml

        store_building:
          type: plankton_embedding.datasets.store_building_dataset.StoreBuildingDataset
          filepath: data/05_model_input/image_store
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._folder = Path(filepath) / BUILDING
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder, which need not exist yet."""
        return self._folder

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: `image_store` is saved."""
        raise DatasetError("a store under construction is not saved: image_store is")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._folder)}

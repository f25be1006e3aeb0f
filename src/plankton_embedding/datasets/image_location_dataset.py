"""Kedro dataset: a place that holds images."""

from __future__ import annotations

from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import ImagePreview

from plankton_embedding.datasets.previews import preview_pictures
from plankton_embedding.images.glance import glance_at
from plankton_embedding.images.location import open_location
from plankton_embedding.images.source import Location


class ImageLocationDataset(AbstractDataset[NoReturn, Location]):
    """A folder, a zip or a table of images, here or on an object store; read-only.

    Loading opens none of the images and lists nothing.

    Parameters
    ----------
    filepath
        A path, relative to the project or absolute, or an address that fsspec knows.
    metadata
        Free; Kedro-Viz reads its own.

    Examples
    --------
    .. code-block:: yaml

        raw_images:
          type: plankton_embedding.datasets.image_location_dataset.ImageLocationDataset
          filepath: data/01_raw/images
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self.filepath = filepath
        self.metadata = metadata

    def load(self) -> Location:
        """Open the location.

        Raises
        ------
        ImageSourceError
            If there is nothing, or its file system cannot be used.
        """
        return open_location(self.filepath)

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: raw images are never written."""
        raise DatasetError("raw images are read-only")

    def preview(self, images: int = 36) -> ImagePreview:
        """Return a contact sheet of some images for Kedro-Viz.

        Raises
        ------
        DatasetError
            If there is none at hand, as in a table or on an object store.
        """
        return preview_pictures(glance_at(self.load(), images), self.filepath)

    def _exists(self) -> bool:
        location = open_location(self.filepath)
        return bool(location.filesystem.exists(location.path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self.filepath}

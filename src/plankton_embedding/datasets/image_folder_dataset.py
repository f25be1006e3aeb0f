"""Kedro dataset: a folder of class folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from plankton_embedding.images.folder import ImageFolder, list_image_folder


class ImageFolderDataset(AbstractDataset[NoReturn, ImageFolder]):
    """The files in a folder that holds one folder a class; read-only.

    Loading lists the files and opens none of them.

    Parameters
    ----------
    filepath
        The folder; relative to the project, or absolute.
    metadata
        Free; Kedro-Viz reads its own.

    Examples
    --------
    .. code-block:: yaml

        raw_images:
          type: plankton_embedding.datasets.image_folder_dataset.ImageFolderDataset
          filepath: data/01_raw/images
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self.folder = Path(filepath)
        self.metadata = metadata

    def load(self) -> ImageFolder:
        """List the folder.

        Raises
        ------
        ImageFolderError
            If it is missing, cannot be read or holds no class folder.
        """
        return list_image_folder(self.folder)

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: raw images are never written."""
        raise DatasetError("an image folder is read-only")

    def _exists(self) -> bool:
        return self.folder.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.folder)}

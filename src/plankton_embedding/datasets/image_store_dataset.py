"""Kedro dataset: an image store."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from kedro_datasets._typing import ImagePreview

from plankton_embedding.datasets.previews import preview_pictures
from plankton_embedding.datasets.versioned_folder import VersionedFolder
from plankton_embedding.images.build import ImageStoreContent
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_writer import write_image_store

# Beside the versions; no version is called so.
BUILDING = ".building"
# Enough to go back and forth between parameters without preprocessing everything anew.
_EARLIER_VERSIONS = 3


class ImageStoreDataset(VersionedFolder[ImageStoreContent, ImageStore]):
    """Preprocessed images in shards; loads as an `ImageStore`.

    Saving writes shard by shard, as the images are prepared, into a folder that no load finds;
    only a complete store becomes a version. A save goes on where an interrupted one stopped, and
    takes over what earlier versions hold. See `VersionedFolder` for the parameters.

    Examples
    --------
    .. code-block:: yaml

        image_store:
          type: plankton_embedding.datasets.image_store_dataset.ImageStoreDataset
          filepath: data/05_model_input/image_store
          versioned: true
    """

    def load(self) -> ImageStore:
        """Open the store.

        Raises
        ------
        ImageStoreError
            If the folder holds no complete store.
        """
        return ImageStore(self.load_folder())

    def preview(self, images: int = 36) -> ImagePreview:
        """Return a contact sheet of images from all over the store, for Kedro-Viz."""
        store = self.load()
        rows = np.unique(np.linspace(0, len(store) - 1, min(images, len(store)), dtype=np.int64))
        names = store.image_ids[rows].tolist()
        pictures = list(zip(names, store.images(rows), strict=True))
        return preview_pictures(pictures, str(store.folder))

    def save(self, data: ImageStoreContent) -> None:
        """Write the store.

        Raises
        ------
        ImageStoreError
            See `write_image_store`.
        """
        folder = self.save_folder()
        if self._version is not None:
            # Kedro looks for <version>/<name>: a store under construction is not a version.
            home = Path(self._filepath)
            versions = sorted(home.glob(f"*/{home.name}"), reverse=True)
            write_image_store(folder, data, home / BUILDING, versions[:_EARLIER_VERSIONS])
            return
        complete = folder.with_name(f".{folder.name}.complete")
        shutil.rmtree(complete, ignore_errors=True)
        building = folder.with_name(f".{folder.name}.building")
        write_image_store(complete, data, building, [folder])
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(complete, folder)

"""Kedro dataset: an image store."""

from __future__ import annotations

import os
import shutil

from plankton_embedding.datasets.versioned_folder import VersionedFolder
from plankton_embedding.images.store import ImageStore, ImageStoreContent, write_image_store


class ImageStoreDataset(VersionedFolder[ImageStoreContent, ImageStore]):
    """Preprocessed images in memory-mapped shards; loads as an `ImageStore`.

    Saving writes shard by shard, as the images are prepared, under a temporary name that no
    load finds; only a complete store gets its own. See `VersionedFolder` for the parameters.

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

    def save(self, data: ImageStoreContent) -> None:
        """Write the store."""
        folder = self.save_folder()
        # Kedro looks for <version>/<name>: a store under construction is not found as a version.
        place = folder if self._version is None else folder.parent
        partial = place.with_name(f".{place.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            write_image_store(partial, data)
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

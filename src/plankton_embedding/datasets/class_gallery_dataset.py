"""Kedro dataset: a class gallery."""

from __future__ import annotations

import pandas as pd
from kedro_datasets._typing import TablePreview

from plankton_embedding.analysis.gallery import ClassGallery
from plankton_embedding.analysis.gallery_files import read_gallery, write_gallery
from plankton_embedding.datasets.previews import preview_table
from plankton_embedding.datasets.versioned_folder import VersionedFolder


class ClassGalleryDataset(VersionedFolder[ClassGallery, ClassGallery]):
    """Centroids, radii, counts and covariances as Parquet beside a header in JSON.

    Nothing is unpickled. See `VersionedFolder` for the parameters.

    Examples
    --------
    .. code-block:: yaml

        class_gallery:
          type: plankton_embedding.datasets.class_gallery_dataset.ClassGalleryDataset
          filepath: data/07_model_output/class_gallery
          versioned: true
    """

    def load(self) -> ClassGallery:
        """Read the gallery.

        Raises
        ------
        GalleryError
            If a file is missing, damaged or was edited.
        """
        return read_gallery(self.load_folder())

    def save(self, data: ClassGallery) -> None:
        """Write the gallery."""
        write_gallery(self.save_folder(), data)

    def preview(self, nrows: int = 200) -> TablePreview:
        """Return the classes, in the order of their names, for Kedro-Viz."""
        gallery = self.load()
        table = pd.DataFrame(
            {
                "class_name": gallery.class_names,
                "images": gallery.counts,
                "radius": gallery.radii.round(4),
                "nearest examples": [", ".join(ids[:3]) for ids in gallery.example_ids],
            }
        )
        return preview_table(table, nrows)

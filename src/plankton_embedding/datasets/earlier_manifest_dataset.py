"""Kedro dataset: the image manifest of an earlier run, so that its files are not read again."""

from __future__ import annotations

import logging

import pandas as pd
from kedro_datasets._typing import TablePreview

from plankton_embedding.datasets.previews import preview_table
from plankton_embedding.datasets.read_only_dataset import ReadOnlyDataset
from plankton_embedding.images.earlier_scan import EarlierManifest

logger = logging.getLogger(__name__)


class EarlierManifestDataset(ReadOnlyDataset[EarlierManifest]):
    """The latest version of the image manifest that can be read; read-only.

    `scan_images` cannot read the dataset ``image_manifest`` that it writes; this one reads the same
    folder under another name. Loads as an empty table where there is none.

    Parameters
    ----------
    filepath
        That of ``image_manifest``, versioned.
    metadata
        See `ReadOnlyDataset`.

    Examples
    --------
    .. code-block:: yaml

        earlier_manifest:
          type: plankton_embedding.datasets.earlier_manifest_dataset.EarlierManifestDataset
          filepath: data/02_intermediate/image_manifest.parquet
    """

    def load(self) -> EarlierManifest:
        """Read it."""
        versions = self._folder.glob(f"*/{self._folder.name}")
        for path in sorted(versions, reverse=True):
            try:
                return EarlierManifest(pd.read_parquet(path), _time_of(path.parent.name))
            except (OSError, ValueError) as error:
                # That of a run that was killed while it wrote.
                logger.warning("The earlier image manifest %s cannot be read: %s", path, error)
        return EarlierManifest(pd.DataFrame(), 0)

    def preview(self, nrows: int = 50) -> TablePreview:
        """Return the first rows, for Kedro-Viz."""
        return preview_table(self.load().table, nrows)


def _time_of(version: str) -> int:
    """Return when the run of a version began; 0, so that nothing is trusted, if that is unclear."""
    try:
        return pd.to_datetime(version, format="%Y-%m-%dT%H.%M.%S.%fZ", utc=True).value
    except ValueError:
        return 0

"""Kedro dataset: a table in CSV whose rows are classes, and its columns too."""

from __future__ import annotations

from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import CSVDataset

from plankton_embedding.datasets.previews import preview_table


class ClassMatrixDataset(CSVDataset):
    """A matrix of classes; Kedro-Viz, which shows no index, is given it as the first column."""

    def preview(self, nrows: int = 50) -> TablePreview:
        """Return the first rows, with the names of their classes."""
        return preview_table(self.load().reset_index(), nrows)

"""Kedro dataset: a table in Parquet, some of whose columns hold lists."""

from __future__ import annotations

from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import ParquetDataset

from plankton_embedding.datasets.previews import preview_table


class NestedTableDataset(ParquetDataset):
    """A table with lists; Kedro-Viz, which knows none, is shown them as text."""

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows."""
        return preview_table(self.load(), nrows)

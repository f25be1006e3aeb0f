"""Kedro dataset: a table in Parquet, some of whose columns hold lists."""

from __future__ import annotations

import pandas as pd
from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import ParquetDataset


class NestedTableDataset(ParquetDataset):
    """A table with lists; Kedro-Viz, which knows none, is shown them as text."""

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows."""
        rows: pd.DataFrame = self.load().head(nrows)
        return TablePreview(rows.astype(str).to_dict(orient="split"))

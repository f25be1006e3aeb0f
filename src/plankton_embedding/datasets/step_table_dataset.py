"""Kedro dataset: a table that grows by step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from kedro.io import DatasetError, Version
from kedro_datasets._typing import TablePreview

from plankton_embedding.datasets.versioned_folder import VersionedFolder

_TYPES = {"step": pa.int32(), "split": pa.string()}
_FILE = "rows.parquet"


class StepTableDataset(VersionedFolder[pd.DataFrame, pd.DataFrame]):
    """A table in Parquet, partitioned by step and perhaps by split.

    Each save adds the partitions that are in the chunk it is given (a generator node hands over
    one a step); a load reads all as one table, in the order of the partitions. Any Parquet
    reader that knows Hive partitions (``step=1/split=test/rows.parquet``) reads it as well.

    Parameters
    ----------
    partition_by
        ``[step]`` or ``[step, split]``.
    filepath, version, metadata
        See `VersionedFolder`.

    Examples
    --------
    .. code-block:: yaml

        embeddings:
          type: plankton_embedding.datasets.step_table_dataset.StepTableDataset
          filepath: data/07_model_output/embeddings
          partition_by: [step, split]
          versioned: true
    """

    def __init__(
        self,
        *,
        filepath: str,
        partition_by: list[str],
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, version=version, metadata=metadata)
        unknown = [name for name in partition_by if name not in _TYPES]
        if unknown or not partition_by:
            raise DatasetError(f"partition_by must name some of {list(_TYPES)}, not {partition_by}")
        self._partition_by = partition_by

    def load(self) -> pd.DataFrame:
        """Read all partitions as one table, the partition columns first."""
        folder = self.load_folder()
        files = sorted(folder.rglob(_FILE), key=self._partition_of)
        if not files:
            raise DatasetError(f"{folder} holds no partition of the table")
        schema = pa.schema([(name, _TYPES[name]) for name in self._partition_by])
        partitioning = pyarrow.dataset.partitioning(schema, flavor="hive")
        table = pyarrow.dataset.dataset(
            [str(file) for file in files],
            format="parquet",
            partitioning=partitioning,
            partition_base_dir=str(folder),
        ).to_table()
        rest = [name for name in table.column_names if name not in self._partition_by]
        return table.select([*self._partition_by, *rest]).to_pandas()

    def save(self, data: pd.DataFrame) -> None:
        """Add a chunk.

        Raises
        ------
        DatasetError
            If one of its partitions exists already.
        """
        folder = self.growing_folder()
        for keys, rows in data.groupby(self._partition_by, sort=True):
            parts = [f"{name}={key}" for name, key in zip(self._partition_by, keys, strict=True)]
            self._write(folder.joinpath(*parts), rows.drop(columns=self._partition_by))

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        split = self.load().head(nrows).to_dict(orient="split")
        return TablePreview(split)

    def _partition_of(self, file: Path) -> list[int | str]:
        values = [part.partition("=")[2] for part in file.parts[-len(self._partition_by) - 1 : -1]]
        return [int(value) if value.isdigit() else value for value in values]

    def _write(self, folder: Path, rows: pd.DataFrame) -> None:
        if (folder / _FILE).exists():
            raise DatasetError(f"{folder / _FILE} exists: a partition is written once")
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{_FILE}.partial"
        pyarrow.parquet.write_table(pa.Table.from_pandas(rows, preserve_index=False), partial)
        os.replace(partial, folder / _FILE)

    def _describe(self) -> dict[str, Any]:
        return super()._describe() | {"partition_by": self._partition_by}

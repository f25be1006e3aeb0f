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

from plankton_embedding.datasets.previews import preview_table
from plankton_embedding.datasets.versioned_folder import VersionedFolder
from plankton_embedding.errors import UserError

_TYPES = {"step": pa.int32(), "split": pa.string()}
_FILE = "rows.parquet"


class StepTableError(UserError):
    """A table cannot be saved."""


def read_step_table(
    folder: Path, partition_by: list[str], only: dict[str, int | str] | None = None
) -> pd.DataFrame:
    """Read the partitions of a table, or some of them, as one table.

    Parameters
    ----------
    folder
        The table.
    partition_by
        ``[step]`` or ``[step, split]``.
    only
        The one partition that is wanted, by the values of its columns; None: all.

    Returns
    -------
    DataFrame, the partition columns first, in the order of the partitions

    Raises
    ------
    DatasetError
        If there is none.
    """
    files = [file for place, file in _partitions(folder, partition_by) if only in (None, place)]
    if not files:
        raise DatasetError(f"{folder} holds no {'such ' if only else ''}partition of the table")
    return _read_files(folder, partition_by, files)


def _partitions(folder: Path, partition_by: list[str]) -> list[tuple[dict[str, int | str], Path]]:
    def partition_of(file: Path) -> list[int | str]:
        values = [part.partition("=")[2] for part in file.parts[-len(partition_by) - 1 : -1]]
        return [int(value) if value.isdigit() else value for value in values]

    files = sorted(folder.rglob(_FILE), key=partition_of)
    return [(dict(zip(partition_by, partition_of(file), strict=True)), file) for file in files]


def _read_files(folder: Path, partition_by: list[str], files: list[Path]) -> pd.DataFrame:
    schema = pa.schema([(name, _TYPES[name]) for name in partition_by])
    table = pyarrow.dataset.dataset(
        [str(file) for file in files],
        format="parquet",
        partitioning=pyarrow.dataset.partitioning(schema, flavor="hive"),
        partition_base_dir=str(folder),
    ).to_table()
    rest = [name for name in table.column_names if name not in partition_by]
    return table.select([*partition_by, *rest]).to_pandas()


def table_steps(folder: Path, split: str | None = None) -> list[int]:
    """Return the steps of which a table has a partition."""
    place = f"split={split}/{_FILE}" if split else _FILE
    found = (file.relative_to(folder).parts[0] for file in folder.glob(f"step=*/{place}"))
    return sorted(int(part.removeprefix("step=")) for part in found)


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
        return read_step_table(self.load_folder(), self._partition_by)

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
        """Return the first rows for Kedro-Viz; partitions are read until there are as many."""
        folder, wanted, rows = self.load_folder(), [], 0
        for _, file in _partitions(folder, self._partition_by):
            if rows < nrows:
                wanted.append(file)
                rows += pyarrow.parquet.read_metadata(file).num_rows
        if not wanted:
            raise DatasetError(f"{folder} holds no partition of the table")
        return preview_table(_read_files(folder, self._partition_by, wanted), nrows)

    def _write(self, folder: Path, rows: pd.DataFrame) -> None:
        if (folder / _FILE).exists():
            raise DatasetError(f"{folder / _FILE} exists: a partition is written once")
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{_FILE}.partial"
        try:
            pyarrow.parquet.write_table(pa.Table.from_pandas(rows, preserve_index=False), partial)
            os.replace(partial, folder / _FILE)
        except OSError as error:
            raise StepTableError(
                f"{folder / _FILE} cannot be saved: {error}. Make room or mend the disk; "
                "a training goes on after the last step that was saved."
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def _describe(self) -> dict[str, Any]:
        return super()._describe() | {"partition_by": self._partition_by}

"""Kedro dataset: a table in one file, written and read block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from kedro.io import DatasetError, Version
from kedro_datasets._typing import TablePreview

from plankton_embedding.analysis.table_blocks import TableBlocks
from plankton_embedding.datasets.previews import preview_table
from plankton_embedding.datasets.versioned_folder import VersionedFolder
from plankton_embedding.errors import UserError

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_ROWS_AT_ONCE = 50_000


class StreamedTableError(UserError):
    """A table cannot be saved."""


class StreamedTableDataset(VersionedFolder[TableBlocks, TableBlocks]):
    """A table in Parquet, CSV or TSV, by the ending of its path; memory holds a block of it.

    The file appears when it is complete. Of text files all values load as text, empty where there
    is none.

    Parameters
    ----------
    filepath
        Ends in ``.parquet``, ``.csv`` or ``.tsv``.
    version, metadata
        See `VersionedFolder`.

    Examples
    --------
    .. code-block:: yaml

        class_predictions:
          type: plankton_embedding.datasets.streamed_table_dataset.StreamedTableDataset
          filepath: data/07_model_output/class_predictions.parquet
          versioned: true
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, version=version, metadata=metadata)
        self._ending = Path(filepath).suffix
        if self._ending not in (".parquet", *_SEPARATORS):
            raise DatasetError(f"{filepath} must end in .parquet, .csv or .tsv")

    def load(self) -> TableBlocks:
        """Return the blocks; nothing is read yet."""
        path = self.load_folder()
        if self._ending == ".parquet":
            return TableBlocks(lambda: _read_parquet(path))
        return TableBlocks(lambda: _read_text(path, _SEPARATORS[self._ending]))

    def save(self, data: TableBlocks) -> None:
        """Write all blocks, as they come.

        Raises
        ------
        StreamedTableError
            If they cannot be written.
        """
        path = self.save_folder()
        partial = path.with_name(f".{path.name}.partial")
        write: Callable[[Path, TableBlocks], None] = _write_parquet
        if self._ending != ".parquet":
            write = _TextWriter(_SEPARATORS[self._ending])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(partial, data)
            os.replace(partial, path)
        except OSError as error:
            raise StreamedTableError(
                f"{path} cannot be saved: {error}. Make room or mend the disk, and run again."
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        return preview_table(next(iter(self.load()), pd.DataFrame()), nrows)

    def _exists(self) -> bool:
        return self.load_folder().is_file()


def _write_parquet(path: Path, blocks: TableBlocks) -> None:
    writer = None
    try:
        for block in blocks:
            table = pa.Table.from_pandas(block, preserve_index=False)
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


class _TextWriter:
    def __init__(self, separator: str) -> None:
        self._separator = separator

    def __call__(self, path: Path, blocks: TableBlocks) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            for number, block in enumerate(blocks):
                block.to_csv(
                    file,
                    sep=self._separator,
                    index=False,
                    header=number == 0,
                    lineterminator="\n",
                )


def _read_parquet(path: Path) -> Iterator[pd.DataFrame]:
    with pyarrow.parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number).to_pandas()


def _read_text(path: Path, separator: str) -> Iterator[pd.DataFrame]:
    with pd.read_csv(
        path, sep=separator, dtype="str", keep_default_na=False, chunksize=_ROWS_AT_ONCE
    ) as reader:
        yield from reader

"""Kedro datasets: embeddings that grow block by block, and the blocks of earlier runs."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from kedro_datasets._typing import TablePreview

from plankton_embedding.analysis.table_blocks import TableBlocks
from plankton_embedding.datasets.previews import preview_rows, preview_table
from plankton_embedding.datasets.read_only_dataset import ReadOnlyDataset
from plankton_embedding.datasets.versioned_folder import VersionedFolder
from plankton_embedding.errors import UserError
from plankton_embedding.images.embedding_blocks import EarlierBlocks, EmbeddedBlock

logger = logging.getLogger(__name__)

_BLOCKS = "*-of-*-*.parquet"


class EmbeddingBlocksError(UserError):
    """Embeddings are not complete, or cannot be saved."""


class EmbeddingBlocksDataset(VersionedFolder[EmbeddedBlock, TableBlocks]):
    """A folder of Parquet files, one a block: ``NUMBER-of-BLOCKS-KEY.parquet``.

    Each save adds a block; one that an earlier run wrote is linked. Loads as `TableBlocks`, in the
    order of the numbers. Any Parquet reader takes the folder for one table. See `VersionedFolder`
    for the parameters.

    Examples
    --------
    .. code-block:: yaml

        inference_embeddings:
          type: plankton_embedding.datasets.embedding_blocks_dataset.EmbeddingBlocksDataset
          filepath: data/07_model_output/inference_embeddings
          versioned: true
    """

    def load(self) -> TableBlocks:
        """Return the blocks; nothing is read yet.

        Raises
        ------
        EmbeddingBlocksError
            If the run that wrote them was ended before the last.
        """
        folder = self.load_folder()
        files = sorted(folder.glob(_BLOCKS))
        wanted = int(files[0].name.split("-")[2]) if files else 1
        if len(files) != wanted:
            raise EmbeddingBlocksError(
                f"{folder} holds {len(files)} of {wanted} blocks: the run was ended. Run "
                "`kedro run --pipelines inference` with the same images again; it goes on there."
            )

        def read() -> Iterator[pd.DataFrame]:
            return (pd.read_parquet(file) for file in files)

        return TableBlocks(read)

    def save(self, data: EmbeddedBlock) -> None:
        """Add a block.

        Raises
        ------
        EmbeddingBlocksError
            If it cannot be written.
        """
        folder, plan = self.growing_folder(), data.plan
        name = f"{plan.number:06d}-of-{plan.of:06d}-{plan.key or 'x'}.parquet"
        partial = folder / f".{name}.partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if isinstance(data.content, Path):
                _link(data.content, partial)
            else:
                table = pa.Table.from_pandas(data.content, preserve_index=False)
                pyarrow.parquet.write_table(table, partial)
            os.replace(partial, folder / name)
        except OSError as error:
            raise EmbeddingBlocksError(
                f"{folder / name} cannot be saved: {error}. Make room or mend the disk, and run "
                "again: the run goes on after the last block that was saved."
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def preview(self, nrows: int = 50) -> TablePreview:
        """Return the first rows, for Kedro-Viz."""
        return preview_table(next(iter(self.load()), pd.DataFrame()), nrows)


class EarlierBlocksDataset(ReadOnlyDataset[EarlierBlocks]):
    """The blocks of all versions of embeddings, by their key, also of runs that were ended.

    Parameters
    ----------
    filepath
        That of an `EmbeddingBlocksDataset`, versioned.
    metadata
        See `ReadOnlyDataset`.

    Examples
    --------
    .. code-block:: yaml

        earlier_inference_embeddings:
          type: plankton_embedding.datasets.embedding_blocks_dataset.EarlierBlocksDataset
          filepath: data/07_model_output/inference_embeddings
    """

    def load(self) -> EarlierBlocks:
        """Look for them; those that cannot be read are left out."""
        files = sorted(self._folder.glob(f"*/{self._folder.name}/{_BLOCKS}"))
        newest = {file.stem.split("-")[3]: file for file in files}
        return {key: file for key, file in newest.items() if _is_whole(file)}

    def preview(self) -> TablePreview:
        """Return how many blocks each version holds, for Kedro-Viz; none is opened."""
        name = self._folder.name
        versions = sorted(self._folder.glob(f"*/{name}"), reverse=True)
        return preview_rows(
            [
                {"version": folder.parent.name, "blocks": len(list(folder.glob(_BLOCKS)))}
                for folder in versions
            ]
        )


def _is_whole(file: Path) -> bool:
    try:
        pyarrow.parquet.read_metadata(file)
    except (OSError, pa.ArrowException) as error:
        logger.warning("The block %s cannot be read and is made anew: %s", file, error)
        return False
    return True


def _link(earlier: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(earlier, target)
    except OSError:
        # A file system without links.
        shutil.copyfile(earlier, target)

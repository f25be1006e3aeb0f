"""Earlier stores: where images lie that were preprocessed before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from plankton_embedding.images.shards import ImageStoreError
from plankton_embedding.images.store import StoreCard, check_shards, read_index


@dataclass(frozen=True)
class EarlierStore:
    """A complete store: where it is, what it says of itself, and its index."""

    folder: Path
    card: StoreCard
    images: pa.RecordBatch

    def places(self) -> pd.DataFrame:
        """Return where the image of each file lies.

        Returns
        -------
        DataFrame, one row an image: ``sha256`` of the file, ``earlier_shard`` (path), and
        ``earlier_place`` (byte in it).
        """
        shards = self.card.shards
        counts = [shard.images for shard in shards]
        first = np.cumsum([0, *counts])[:-1]
        row_in_shard = np.arange(self.card.images) - np.repeat(first, counts)
        begin = np.repeat([shard.place for shard in shards], counts)
        table = pd.DataFrame(
            {
                "sha256": self.images["sha256"].to_pandas(),
                "earlier_shard": np.repeat([str(self.folder / s.name) for s in shards], counts),
                "earlier_place": begin + row_in_shard * self.card.image_size**2,
            }
        )
        return table[table["sha256"] != ""]


def open_earlier(folders: Iterable[Path]) -> list[EarlierStore]:
    """Open those stores that are complete; the others have nothing to give."""
    stores = []
    for folder in folders:
        try:
            card, images = read_index(folder)
            check_shards(folder, card)
        except ImageStoreError:
            continue
        stores.append(EarlierStore(folder, card, images))
    return stores

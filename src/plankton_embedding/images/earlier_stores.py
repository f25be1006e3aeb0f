"""Where images lie that were preprocessed before: in earlier stores, or in shards of none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from plankton_embedding.images.build import ImageStoreContent
from plankton_embedding.images.shard_plan import name_shard
from plankton_embedding.images.shards import ImageStoreError, Shard, inspect_shard
from plankton_embedding.images.store import StoreCard, check_shards, read_index


@dataclass(frozen=True)
class EarlierStore:
    """A complete store: where it is, what it says of itself, and ``sha256`` of its images."""

    folder: Path
    card: StoreCard
    images: pd.DataFrame


def open_earlier(folders: Iterable[Path]) -> list[EarlierStore]:
    """Open those stores that are complete; the others have nothing to give."""
    stores = []
    for folder in folders:
        try:
            card, images = read_index(folder)
            check_shards(folder, card)
        except ImageStoreError:
            continue
        stores.append(EarlierStore(folder, card, images.to_pandas()))
    return stores


def find_images(
    content: ImageStoreContent, stores: Iterable[EarlierStore], shards: Iterable[Path]
) -> pd.DataFrame:
    """Find images of a store to be in those that are there.

    Parameters
    ----------
    content
        What is to be stored.
    stores
        Earlier stores; only those of the same preprocessing count.
    shards
        Shards that belong to no store; those of other preprocessing are left out by their names.

    Returns
    -------
    DataFrame
        The files of `content`, with ``earlier_shard`` (path; empty: nowhere) and
        ``earlier_place`` (byte in it).
    """
    wanted, size = content.preprocess.model_dump(), content.preprocess.image_size
    places = [
        _places(store.folder, store.card.shards, store.images, size)
        for store in stores
        if store.card.preprocess == wanted
    ]
    for path in shards:
        shard, images = inspect_shard(path)
        if path.name == name_shard(images, content.preprocess):
            places.append(_places(path.parent, [shard], images, size))
    if not places:
        return content.files.assign(earlier_shard="", earlier_place=0)
    known = pd.concat(places, ignore_index=True).drop_duplicates("sha256")
    found = content.files.merge(known, on="sha256", how="left")
    return found.fillna({"earlier_shard": "", "earlier_place": 0}).astype({"earlier_place": int})


def _places(folder: Path, shards: list[Shard], images: pd.DataFrame, size: int) -> pd.DataFrame:
    counts = [shard.images for shard in shards]
    first = np.cumsum([0, *counts])[:-1]
    row_in_shard = np.arange(len(images)) - np.repeat(first, counts)
    begin = np.repeat([shard.place for shard in shards], counts)
    table = pd.DataFrame(
        {
            "sha256": images["sha256"].to_numpy(dtype=object),
            "earlier_shard": np.repeat([str(folder / shard.name) for shard in shards], counts),
            "earlier_place": begin + row_in_shard * size**2,
        }
    )
    return table[table["sha256"] != ""]

"""The images of a split: where they lie in the store, and what class they are of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from plankton_embedding.images.store import ImageStore


@dataclass(frozen=True)
class LabelledImages:
    """The images of one split.

    Attributes
    ----------
    store
        The store that holds them.
    table
        ``image_id`` and ``class_name``, one row an image.
    rows
        Their rows in the store, int64, shape (images,).
    labels
        Their class numbers, int64, shape (images,); -1: of a class that does not train.
    """

    store: ImageStore
    table: pd.DataFrame
    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, positions: npt.NDArray[np.int64]) -> Tensor:
        """Return images by their positions in the table: uint8, positions x size x size."""
        return torch.from_numpy(self.store.images(self.rows[positions]))


@dataclass(frozen=True)
class SplitImages:
    """The images that training looks at."""

    train: LabelledImages
    validation: LabelledImages


def class_names(splits: pd.DataFrame) -> list[str]:
    """Return the classes that train, sorted: a class's place in the list is its number."""
    return sorted(splits.loc[splits["split"] == "train", "class_name"].unique())


def unseen_class_names(splits: pd.DataFrame) -> list[str]:
    """Return the classes that training never sees, sorted."""
    return sorted(splits.loc[splits["split"] == "unseen", "class_name"].unique())


def select_images(store: ImageStore, splits: pd.DataFrame, split: str) -> LabelledImages:
    """Select the images of a split.

    Raises
    ------
    ImageStoreError
        If the store does not hold one of them.
    """
    table = splits.loc[splits["split"] == split, ["image_id", "class_name"]]
    table = table.reset_index(drop=True)
    labels = pd.Index(class_names(splits)).get_indexer(pd.Index(table["class_name"]))
    return LabelledImages(store, table, store.rows(table["image_id"]), labels.astype(np.int64))

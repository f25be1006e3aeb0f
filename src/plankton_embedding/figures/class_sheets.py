"""Contact sheets: some images of each class, and images that are copies of others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.picture_rows import Picture, PictureRow, draw_picture_rows
from plankton_embedding.figures.style import SPLIT_COLOURS

Pictures = Mapping[str, npt.NDArray[np.uint8]]

_NONE = "no image is a copy of another"


def draw_class_sheets(sheets: Mapping[str, Sequence[str]], pictures: Pictures) -> Figure:
    """Draw a row of images for each class.

    Parameters
    ----------
    sheets : mapping of class name to image ids
        As from `plankton_embedding.figures.data_report.choose_sheets`.
    pictures : mapping of image_id to uint8 array, height x width
        As from `plankton_embedding.images.pictures.read_pictures`.
    """
    return draw_picture_rows(
        [
            PictureRow(name, [Picture(pictures.get(image_id)) for image_id in ids])
            for name, ids in sheets.items()
        ]
    )


def choose_copies(duplicates: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the first pairs of copies, those under two classes first."""
    order = ["label_conflict", "duplicate_of", "image_id"]
    return duplicates.sort_values(order, ascending=[False, True, True]).head(count)


def draw_copies(copies: pd.DataFrame, pictures: Pictures) -> Figure:
    """Draw pairs of copies, their classes below them; red frames: of two classes.

    Parameters
    ----------
    copies : DataFrame
        As from `choose_copies`.
    pictures : mapping of image_id to uint8 array, height x width
        Of both images of a pair; what is missing has an empty frame.
    """
    return draw_picture_rows([_pair(row, pictures) for row in copies.to_dict("records")], _NONE)


def _pair(row: dict[Hashable, Any], pictures: Pictures) -> PictureRow:
    conflict = bool(row["label_conflict"])
    colour = {"colour": SPLIT_COLOURS["rejected"]} if conflict else {}
    sides = (("duplicate_of", "class_name_of_other"), ("image_id", "class_name"))
    shown = [
        Picture(pictures.get(row[image]), row[class_name], **colour) for image, class_name in sides
    ]
    label = f"{row['kind']} copy" + (", two classes" if conflict else "")
    return PictureRow(label, shown)

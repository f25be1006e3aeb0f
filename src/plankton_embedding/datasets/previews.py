"""What Kedro-Viz shows of a dataset: cheap, without torch, and in values that JSON knows."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from kedro.io import DatasetError
from kedro_datasets._typing import ImagePreview, TablePreview


def preview_table(table: pd.DataFrame, nrows: int) -> TablePreview:
    """Return the first rows of a table, with six digits of its numbers.

    What is missing is empty; lists, which Kedro-Viz does not know, are text.
    """
    first = table.head(nrows).reset_index(drop=True)
    nested = [name for name in first if first[name].map(_is_nested).any()]
    first = first.astype(dict.fromkeys(nested, str))
    for name in first.select_dtypes("float"):
        first[name] = first[name].map(lambda number: float(f"{number:.6g}"))
    return TablePreview(first.astype(object).where(first.notna(), None).to_dict(orient="split"))


def preview_rows(rows: Sequence[dict[str, Any]]) -> TablePreview:
    """Return a table of rows that need not all have the same columns."""
    return preview_table(pd.DataFrame(list(rows)), len(rows))


def preview_pictures(
    pictures: Sequence[tuple[str, npt.NDArray[np.uint8]]], place: str
) -> ImagePreview:
    """Return a contact sheet, each image above the folder that it is from: its class.

    Parameters
    ----------
    pictures
        Name, with forward slashes, and gray levels of each.
    place
        Where they were looked for.

    Raises
    ------
    DatasetError
        If there are none.
    """
    from plankton_embedding.figures.contact_sheet import draw_contact_sheet

    if not pictures:
        raise DatasetError(f"no image of {place} can be shown without listing all of them")
    named = [(name.rpartition("/")[0] or name, pixels) for name, pixels in pictures]
    return ImagePreview(base64.b64encode(draw_contact_sheet(named)).decode())


def _is_nested(value: object) -> bool:
    return isinstance(value, (list, np.ndarray, dict))

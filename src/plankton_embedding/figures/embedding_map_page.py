"""The map of the embedding as a page of its own, to be explored."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import ArrayLike, DTypeLike, NDArray

from plankton_embedding.figures.page import render
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.sprites import ImageSource, make_sheets

_SPLITS = ("validation", "test")


def render_embedding_map(
    embedding_map: pd.DataFrame, images: ImageSource | None, title: str
) -> str:
    """Render the page on which the map can be explored.

    Pointing at an image shows it; a click pins it and lists its nearest neighbours; classes and
    splits can be left out. The page is its own document: it fills the window.

    The marks are drawn by some lines of WebGL of our own rather than by Plotly: Plotly's
    ``scattergl`` compiles its code in the browser, which the page's security policy forbids, as
    it should. It also saves 5 MB, and takes keys.

    Parameters
    ----------
    embedding_map : DataFrame
        As from `plankton_embedding.analysis.embedding_map.map_embedding`.
    images : ImageSource or None
        The image store; None: the page has no pictures, and says so.
    title : str

    Returns
    -------
    str
        HTML that holds all it shows.

    Raises
    ------
    ImageStoreError
        If an image store does not hold an image of the map.
    """
    return render(
        "embedding_map.html",
        title=title,
        images=len(embedding_map),
        embedded_images=int(embedding_map["embedded_images"].iloc[0]),
        step=int(embedding_map["step"].iloc[0]),
        method=embedding_map["method"].iloc[0],
        splits=_SPLITS,
        pictures=images is not None,
        data=_script_safe(_page_data(embedding_map, images)),
    )


def _page_data(table: pd.DataFrame, images: ImageSource | None) -> dict[str, Any]:
    """Return what the page's script reads: columns, packed as base64 of little-endian numbers."""
    names, predicted = (table[name].astype(str) for name in ("class_name", "predicted_class"))
    colours = class_colours([*names, *predicted])
    image_ids = table["image_id"].astype(str).tolist()
    sheets = None if images is None else asdict(make_sheets(images, table["image_id"]))
    return {
        "classes": [*colours.items()],
        "split_names": _SPLITS,
        "image_ids": image_ids,
        "labels": _pack(_positions(names, [*colours]), "<u2"),
        "predicted": _pack(_positions(predicted, [*colours]), "<u2"),
        "splits": _pack(_positions(table["split"], _SPLITS), "<u1"),
        "x": _pack(table["x"], "<f4"),
        "y": _pack(table["y"], "<f4"),
        "neighbours": _pack(np.stack([*table["neighbours"]]), "<i4"),
        "distances": _pack(np.stack([*table["neighbour_distances"]]), "<f4"),
        "sheets": sheets,
    }


def _positions(values: pd.Series, among: Sequence[str]) -> NDArray[np.intp]:
    return pd.Index(among).get_indexer(pd.Index(values.astype(str)))


def _pack(values: ArrayLike, kind: DTypeLike) -> str:
    numbers: NDArray[Any] = np.asarray(values).astype(kind)
    return base64.b64encode(numbers.tobytes()).decode()


def _script_safe(data: dict[str, Any]) -> Markup:
    # Inside <script> HTML entities are not read, so "<" is written as JSON can write it.
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))

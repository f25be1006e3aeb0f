"""Images beside the stored images that look like them to the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.picture_rows import Picture, PictureRow, draw_picture_rows
from plankton_embedding.figures.style import INK

Pictures = Mapping[str, npt.NDArray[np.uint8]]


def draw_look_alikes(
    found: pd.DataFrame, pictures: Pictures, queries: Pictures, class_names: Iterable[str]
) -> Figure:
    """Draw a row for each query: its picture, framed in black, and its look-alikes.

    Frames of look-alikes have the colours of their classes; below stand class and distance.

    Parameters
    ----------
    found : DataFrame
        As from `plankton_embedding.analysis.look_alikes.LookAlikes`.
    pictures : mapping of image_id to uint8 array, height x width
        Of those found; what is missing has an empty frame.
    queries : mapping of name to uint8 array, height x width
        The queries' own, in their order, by what stands beside them.
    class_names : iterable of str
        All classes of the data: they decide the colours, as in the other figures.
    """
    colours = class_colours([*class_names, *found["class_name"]])
    rows = []
    for number, (name, pixels) in enumerate(queries.items()):
        alike = found[found["query"] == number].sort_values("rank")
        shown = [
            Picture(
                pictures.get(row["image_id"]),
                f"{row['class_name']}\n{row['distance']:.3g}",
                colours[row["class_name"]],
            )
            for row in alike.to_dict("records")
        ]
        rows.append(PictureRow(name, [Picture(pixels, "", INK), *shown]))
    return draw_picture_rows(rows)

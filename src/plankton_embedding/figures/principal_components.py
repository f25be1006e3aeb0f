"""The embedding in three dimensions, to be turned by hand."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.hulls import convex_hull
from plankton_embedding.figures.kinds import InteractiveFigure
from plankton_embedding.figures.scene import (
    class_marks,
    coordinates_of,
    opacity_buttons,
    scene_axes,
    scene_layout,
    surface,
)
from plankton_embedding.figures.style import short_label

_IMAGE_SIZE, _CENTROID_SIZE = 3.5, 10.0
_HULL_OPACITY = 0.1


def draw_principal_components(
    points: pd.DataFrame,
    explained: NDArray[np.float64],
    central: Mapping[str, NDArray[np.float64]] | None = None,
) -> InteractiveFigure:
    """Draw images, class centroids and class hulls along the three axes of largest variance.

    All axes have the same scale, so distances can be compared. A hull comes and goes with its
    class in the legend. Class names are escaped: Plotly reads its labels as HTML.

    Parameters
    ----------
    points : DataFrame
        ``class_name``, ``image_id``, ``is_centroid``, ``pc1``, ``pc2``, ``pc3``; as in
        `plankton_embedding.analysis.projection.ProjectedClasses`.
    explained : ndarray of float64, shape (3 or more,)
        Share of the variance along each axis.
    central : mapping of str to ndarray of float64, shape (images, 3 or more), optional
        Of each class the images that its hull is drawn around; no hulls without.
    """
    import plotly.graph_objects as go

    marks = class_marks(points["class_name"])
    parts = dict(iter(points.groupby(points["class_name"].astype(str))))
    traces = [_class_trace(name, parts[name], *mark) for name, mark in marks.items()]
    hulls = [_hull_trace(name, central[name], marks[name][0]) for name in marks if central]
    layout = scene_layout({**scene_axes(explained[:3]), "aspectmode": "data"})
    if hulls:
        numbers = [len(traces) + number for number in range(len(hulls))]
        place = {"x": 0.01, "y": 0.99, "xanchor": "left", "yanchor": "top"}
        layout["updatemenus"] = [opacity_buttons("hulls", numbers, _HULL_OPACITY, place)]
    return go.Figure(data=[*traces, *hulls], layout=layout)


def _class_trace(name: str, part: pd.DataFrame, colour: str, symbol: str) -> dict[str, Any]:
    is_centroid = part["is_centroid"].to_numpy(dtype=bool)
    full_name = escape(name)
    hover = [
        f"<b>{full_name}</b><br>{'centroid' if centroid else escape(str(image_id))}"
        for image_id, centroid in zip(part["image_id"], is_centroid, strict=True)
    ]
    return {
        "type": "scatter3d",
        **coordinates_of(part[["pc1", "pc2", "pc3"]]),
        "mode": "markers",
        "name": escape(short_label(name)),
        "legendgroup": full_name,
        "text": hover,
        "hoverinfo": "text",
        "marker": {
            "size": np.where(is_centroid, _CENTROID_SIZE, _IMAGE_SIZE),
            "symbol": symbol,
            "color": colour,
            "opacity": 0.85,
            "line": {"width": 0},
        },
    }


def _hull_trace(name: str, central: NDArray[np.float64], colour: str) -> dict[str, Any]:
    hull = convex_hull(central[:, :3])
    trace = surface(hull.vertices, hull.triangles, colour, _HULL_OPACITY)
    return {**trace, "legendgroup": escape(name)}

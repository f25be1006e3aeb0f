"""The embedding in three dimensions, to be turned by hand."""

from __future__ import annotations

from html import escape
from itertools import cycle

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.style import short_label

_SYMBOLS = ("circle", "square", "diamond")
_IMAGE_SIZE, _CENTROID_SIZE = 3.5, 10.0
_CAMERA = {"eye": {"x": 1.5, "y": 1.5, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.12}}
_MID_GRAY, _GRID_GRAY = "#7d8b97", "#c3cdd5"


def draw_principal_components(points: pd.DataFrame, explained: NDArray[np.float64]) -> go.Figure:
    """Draw images and class centroids along the three axes of largest variance.

    All axes have the same scale, so distances can be compared. Class names are escaped:
    Plotly reads its labels as HTML.

    Parameters
    ----------
    points : DataFrame
        ``class_name``, ``image_id``, ``is_centroid``, ``pc1``, ``pc2``, ``pc3``; as from
        `plankton_embedding.analysis.projection.project_images`.
    explained : ndarray of float64, shape (3,)
        Share of the variance along each axis.
    """
    colours = class_colours([str(name) for name in points["class_name"]])
    traces = [
        _class_trace(name, points[points["class_name"] == name], colour, symbol)
        for (name, colour), symbol in zip(colours.items(), cycle(_SYMBOLS), strict=False)
    ]
    axes = {
        f"{axis}axis": {
            "title": {"text": f"PC {number} ({share:.0%})"},
            "gridcolor": _GRID_GRAY,
            "linecolor": _GRID_GRAY,
            "showline": True,
            "zeroline": False,
            "showbackground": False,
            "nticks": 6,
        }
        for number, (axis, share) in enumerate(zip("xyz", explained, strict=True), start=1)
    }
    layout = {
        "scene": {**axes, "aspectmode": "data", "camera": _CAMERA},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": _MID_GRAY},
        "legend": {"itemsizing": "constant", "font": {"size": 11}, "itemwidth": 30},
        "margin": {"l": 0, "r": 0, "t": 36, "b": 0},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": _MID_GRAY},
        "height": 640,
        "template": None,
    }
    return go.Figure(data=traces, layout=layout)


def _class_trace(name: str, part: pd.DataFrame, colour: str, symbol: str) -> go.Scatter3d:
    is_centroid = part["is_centroid"].to_numpy(dtype=bool)
    full_name = escape(str(name))
    hover = [
        f"<b>{full_name}</b><br>{'centroid' if centroid else escape(str(image_id))}"
        for image_id, centroid in zip(part["image_id"], is_centroid, strict=True)
    ]
    x, y, z = part[["pc1", "pc2", "pc3"]].to_numpy().round(4).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers",
        name=escape(short_label(str(name))),
        text=hover,
        hoverinfo="text",
        marker={
            "size": np.where(is_centroid, _CENTROID_SIZE, _IMAGE_SIZE),
            "symbol": symbol,
            "color": colour,
            "opacity": 0.85,
            "line": {"width": 0},
        },
    )

"""What three-dimensional views share: axes, layout, marks of classes, surfaces."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.figures.palette import class_colours

# Readable on light and on dark paper.
MID_GRAY, GRID_GRAY = "#7d8b97", "#c3cdd5"
_SYMBOLS = ("circle", "square", "diamond")
_CAMERA = {"eye": {"x": 1.5, "y": 1.5, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.12}}
_LIGHT = {"ambient": 0.75, "diffuse": 0.5, "specular": 0.05, "fresnel": 0.05}


def component_title(number: int, share: float) -> str:
    """Return an axis title: the component's number and its share of the variance."""
    return f"PC {number} ({share:.0%})" if share > 0 else f"PC {number} (no variance)"


def scene_axes(explained: NDArray[np.float64]) -> dict[str, Any]:
    """Return the settings of the three axes, titled by component and explained variance."""
    return {
        f"{axis}axis": {
            "title": {"text": component_title(number, share)},
            "gridcolor": GRID_GRAY,
            "linecolor": GRID_GRAY,
            "showline": True,
            "zeroline": False,
            "showbackground": False,
            "nticks": 6,
        }
        for number, (axis, share) in enumerate(zip("xyz", explained, strict=True), start=1)
    }


def scene_layout(scene: dict[str, Any]) -> dict[str, Any]:
    """Return a layout around a scene; it has no colours that one of the themes would hide."""
    import plotly.graph_objects as go

    return {
        "scene": {"camera": _CAMERA, **scene},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": MID_GRAY},
        "legend": {"itemsizing": "constant", "font": {"size": 11}, "itemwidth": 30},
        "margin": {"l": 0, "r": 0, "t": 36, "b": 0},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": MID_GRAY},
        "height": 640,
        "template": go.layout.Template(),  # none at all would bring in Plotly's own
    }


def class_marks(class_names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the colour and the symbol of each class, in the order of their names."""
    colours = class_colours([str(name) for name in class_names])
    return dict(zip(colours, zip(colours.values(), cycle(_SYMBOLS), strict=False), strict=True))


def coordinates_of(points: ArrayLike) -> dict[str, NDArray[np.float32]]:
    """Return ``x``, ``y`` and ``z`` of points; as float32 they are small in JSON."""
    columns = np.asarray(points, dtype=np.float32).reshape(-1, 3).T
    return dict(zip("xyz", np.ascontiguousarray(columns), strict=True))


def surface(
    vertices: ArrayLike, triangles: NDArray[np.intp], colour: str, opacity: float
) -> dict[str, Any]:
    """Return a translucent ``mesh3d`` trace without a hover label."""
    corners = dict(zip("ijk", triangles.T.astype(np.uint16), strict=True))
    return {
        "type": "mesh3d",
        **coordinates_of(vertices),
        **corners,
        "color": colour,
        "opacity": opacity,
        "flatshading": False,
        "lighting": _LIGHT,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def opacity_buttons(
    label: str, traces: list[int], opacity: float, place: dict[str, Any]
) -> dict[str, Any]:
    """Return a pair of buttons that show and hide some traces.

    They change the opacity, not the visibility: that is the legend's, class by class.
    """
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "bgcolor": "rgba(0,0,0,0)",
        "bordercolor": GRID_GRAY,
        "buttons": [
            {"label": f"{verb} {label}", "method": "restyle", "args": [{"opacity": value}, traces]}
            for verb, value in (("Show", opacity), ("Hide", 0.0))
        ],
        **place,
    }

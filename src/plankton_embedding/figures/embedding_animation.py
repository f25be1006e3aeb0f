"""The embedding in three dimensions, moving over the training."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_motion import EmbeddingMotion
from plankton_embedding.figures.class_bodies import class_ellipsoids, class_spheres, unit_sphere
from plankton_embedding.figures.kinds import InteractiveFigure
from plankton_embedding.figures.playback import play_buttons, step_slider
from plankton_embedding.figures.scene import (
    class_marks,
    coordinates_of,
    opacity_buttons,
    scene_axes,
    scene_layout,
    surface,
)
from plankton_embedding.figures.style import short_label

_IMAGE_SIZE, _CENTROID_SIZE, _TRAIL_WIDTH = 2.5, 9.0, 3
_OPACITY, _FADE_FROM_CLASSES = 0.22, 27
_LONGEST_SIDE = 1.2
_TRACES_A_CLASS = 3


def draw_embedding_animation(
    motion: EmbeddingMotion, body: Literal["ellipsoid", "sphere"]
) -> InteractiveFigure:
    """Draw images, centroids with their trails, and bodies of classes, one frame a step.

    The axes, their ranges and the images are the same in all frames, so what moves has moved.
    The last step is shown first; with one step there is nothing to play.

    Parameters
    ----------
    motion : EmbeddingMotion
    body : "ellipsoid" or "sphere"
        An ellipsoid of the class's covariance in this view, which would hold half of normally
        distributed images; or a sphere of the class's radius in the whole embedding. Projected
        distances are shorter than whole ones, so spheres overlap though classes may not.
    """
    import plotly.graph_objects as go

    if body == "ellipsoid":
        bodies = class_ellipsoids(motion.centroids, motion.covariances)
    else:
        bodies = class_spheres(motion.centroids, motion.radii)
    opacity = _OPACITY * min(1.0, (_FADE_FROM_CLASSES / len(motion.class_names)) ** 0.5)
    looks = _looks(motion, opacity)
    moments = [_moment(motion, bodies, number) for number in range(len(motion.steps))]
    layout = scene_layout(_scene(motion, bodies))
    every_body = list(range(_TRACES_A_CLASS - 1, len(looks), _TRACES_A_CLASS))
    place = {"x": 0.01, "y": 0.99, "xanchor": "left", "yanchor": "top"}
    layout["updatemenus"] = [opacity_buttons(f"{body}s", every_body, opacity, place)]
    played = len(motion.steps) > 1
    if played:
        layout["updatemenus"].append(play_buttons())
        layout["sliders"] = [step_slider(motion.steps, motion.steps_embedded)]
        layout["margin"] = {**layout["margin"], "b": 96}
        layout["height"] = 720
    data = [{**look, **where} for look, where in zip(looks, moments[-1], strict=True)]
    frames = [_frame(*pair) for pair in zip(motion.steps, moments, strict=True)] if played else []
    return go.Figure({"data": data, "layout": layout, "frames": frames})


def _looks(motion: EmbeddingMotion, opacity: float) -> list[dict[str, Any]]:
    """Return what does not change from frame to frame of each class's three traces."""
    _, triangles = unit_sphere()
    traces = []
    for name, (colour, symbol) in class_marks(motion.class_names).items():
        full_name = escape(name)
        image_ids = motion.image_ids[motion.image_classes == name]
        hover = [f"<b>{full_name}</b><br>{escape(image_id)}" for image_id in image_ids]
        sizes = np.append(np.full(len(image_ids), _IMAGE_SIZE), _CENTROID_SIZE)
        images = {
            "type": "scatter3d",
            "mode": "markers",
            "name": escape(short_label(name)),
            "text": [*hover, f"<b>{full_name}</b><br>centroid"],
            "hoverinfo": "text",
            "marker": {
                "size": sizes,
                "symbol": symbol,
                "color": colour,
                "opacity": 0.85,
                "line": {"width": 0},
            },
        }
        trail = {
            "type": "scatter3d",
            "mode": "lines",
            "line": {"color": colour, "width": _TRAIL_WIDTH},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        body = surface(np.empty((0, 3)), triangles, colour, opacity)
        traces += [{**trace, "legendgroup": full_name} for trace in (images, trail, body)]
    return traces


def _moment(
    motion: EmbeddingMotion, bodies: NDArray[np.float64], number: int
) -> list[dict[str, NDArray[np.float32]]]:
    """Return the coordinates of all traces at a step: of each class images, trail, body."""
    moment = []
    for position, name in enumerate(motion.class_names):
        images = motion.images[number, motion.image_classes == name]
        trail = motion.centroids[: number + 1, position]
        body = bodies[number, position]
        moment += [coordinates_of(np.concatenate([images, trail[-1:]])), coordinates_of(trail)]
        moment.append(coordinates_of(body))
    return moment


def _frame(step: int, moment: list[dict[str, NDArray[np.float32]]]) -> dict[str, Any]:
    types = ("scatter3d", "scatter3d", "mesh3d") * (len(moment) // _TRACES_A_CLASS)
    data = [{"type": kind, **where} for kind, where in zip(types, moment, strict=True)]
    return {"name": str(step), "data": data, "traces": list(range(len(data)))}


def _scene(motion: EmbeddingMotion, bodies: NDArray[np.float64]) -> dict[str, Any]:
    """Return axes whose ranges hold all frames, at one scale."""
    seen = [motion.images, motion.centroids, bodies]
    points = np.concatenate([coordinates.reshape(-1, 3) for coordinates in seen])
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    longest = (high - low).max() or 1.0
    # Even a flat side, as of a two-dimensional embedding, has some depth.
    half = np.maximum((high - low) / 2 + 0.03 * longest, 0.1 * longest)
    middle = (low + high) / 2
    axes = scene_axes(motion.explained)
    for settings, centre, reach in zip(axes.values(), middle, half, strict=True):
        settings["range"] = [round(float(centre - reach), 4), round(float(centre + reach), 4)]
    ratio = (_LONGEST_SIDE * half / half.max()).round(4).tolist()
    return {**axes, "aspectmode": "manual", "aspectratio": dict(zip("xyz", ratio, strict=True))}

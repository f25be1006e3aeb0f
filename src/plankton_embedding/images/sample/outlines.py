"""Paths and closed outlines: the lines that everything in the sample is drawn with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def line(start: Iterable[float], end: Iterable[float]) -> Points:
    """A straight path, with points enough to be bent later."""
    return np.linspace(np.array([*start], float), np.array([*end], float), 16)


def curve(
    start: Iterable[float], heading: float, length: float, turn: float = 0.0, wave: float = 0.0
) -> Points:
    """A path that sets out in `heading` and winds on its way.

    Parameters
    ----------
    start
        Where it begins, (x, y).
    heading
        Direction at the start, in radians from the x axis.
    length
        Length of the path.
    turn
        By how much the heading has changed at the end, in radians.
    wave
        Amplitude of a swing of the heading on the way, in radians.

    Returns
    -------
    (32, 2) array
    """
    along = np.linspace(0, 1, 32)
    direction = heading + turn * along + wave * np.sin(2.5 * np.pi * along)
    steps = np.stack([np.cos(direction), np.sin(direction)], axis=1) * length / len(along)
    path: Points = np.array([*start], float) + np.cumsum(steps, axis=0) - steps[0]
    return path


def axis(tail: float, head: float) -> Points:
    """A path on the x axis with its points crowded at both ends, where bodies are round."""
    x = (tail + head) / 2 - (head - tail) / 2 * np.cos(np.linspace(0, np.pi, 40))
    return np.stack([x, np.zeros_like(x)], axis=1)


def dome() -> NDArray[np.float64]:
    """Half widths along an `axis` that make it an ellipse."""
    return np.sin(np.linspace(0, np.pi, 40))


def ellipse(x: float, y: float, radius_x: float, radius_y: float | None = None) -> Points:
    """A closed outline; a circle where one radius is given."""
    angle = np.linspace(0, 2 * np.pi, 40)
    radius_y = radius_x if radius_y is None else radius_y
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


def ribbon(path: Points, half_width: float | NDArray[np.float64]) -> Points:
    """The outline of a band around a path; around a closed path it is a ring.

    Parameters
    ----------
    path
        Midline of the band, (points, 2).
    half_width
        Half the width of the band, one for all or one a point.

    Returns
    -------
    (2 * points, 2) array: up the left of the path and back down its right
    """
    tangent = np.gradient(path, axis=0)
    if np.allclose(path[0], path[-1]):
        tangent[[0, -1]] = tangent[0] + tangent[-1]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    offset = normal * np.broadcast_to(half_width, len(path))[:, None]
    return np.concatenate([path + offset, (path - offset)[::-1]])


def both_sides(path: Points) -> list[Points]:
    """A path and its mirror image across the x axis."""
    return [path, path * [1, -1]]


def rays(heading: NDArray[np.float64], inner: float, outer: NDArray[np.float64]) -> list[Points]:
    """Straight paths from a circle of radius `inner` around the origin out to `outer`."""
    unit = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return [line(inner * way, reach * way) for way, reach in zip(unit, outer, strict=True)]

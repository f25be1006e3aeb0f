"""Numbered discs that mark classes, moved apart where they would cover one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.figures.kinds import Axes
from plankton_embedding.figures.style import MUTED

_ROUNDS = 300
_PULL_HOME = 0.02
# Not pure black and white: those follow the page's theme, but the discs do not.
_DARK_LETTERS, _LIGHT_LETTERS = "#10181f", "#fefefe"
_POINTS_PER_INCH = 72


def spread_apart(anchors: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """Move points apart until no two are much nearer than a distance, each near its anchor.

    Parameters
    ----------
    anchors : ndarray of float64, shape (points, 2)
    distance : float
        In the units of the anchors.

    Returns
    -------
    ndarray of float64, shape (points, 2)
        The same for the same anchors; anchors that are far enough apart stay.
    """
    # Points in one place need a direction to part in: each its own.
    angles = np.arange(len(anchors)) * np.pi * (3 - np.sqrt(5))
    nudge = 1e-3 * distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    gaps = np.linalg.norm(anchors[:, np.newaxis] - anchors, axis=2)
    crowded = (gaps + np.diag(np.full(len(anchors), np.inf)) < distance).any(axis=1)
    places = anchors + nudge * crowded[:, np.newaxis]
    for _ in range(_ROUNDS):
        offsets = places[:, np.newaxis] - places
        lengths = np.linalg.norm(offsets, axis=2)
        np.fill_diagonal(lengths, np.inf)
        lacking = np.maximum(distance - lengths, 0) / 2
        if not lacking.any():
            break
        pushes = (offsets * (lacking / np.maximum(lengths, 1e-12))[:, :, np.newaxis]).sum(axis=1)
        places = places + pushes + _PULL_HOME * (anchors - places)
    return places


def draw_discs(
    axes: Axes, centroids: NDArray[np.float64], colours: list[str], diameter: float
) -> None:
    """Draw discs numbered from 1 near centroids, each tied to its own.

    The limits and the place of the axes must be fixed before.

    Parameters
    ----------
    axes : Axes
    centroids : ndarray of float64, shape (classes, 2)
    colours : list of str
        As ``#rrggbb``.
    diameter : float
        In points.
    """
    from matplotlib.collections import LineCollection

    pixels_per_point = axes.figure.dpi / _POINTS_PER_INCH
    anchors = axes.transData.transform(centroids)
    places = spread_apart(anchors, 1.08 * diameter * pixels_per_point)
    places = np.clip(places, np.add(axes.bbox.min, 1), np.subtract(axes.bbox.max, 1))
    discs = axes.transData.inverted().transform(places)
    ties = list(np.stack([centroids, discs], axis=1))
    axes.add_collection(LineCollection(ties, colors=MUTED, linewidths=0.6, zorder=4))
    axes.scatter(centroids[:, 0], centroids[:, 1], s=7, c=colours, linewidths=0, zorder=4)
    number_places(axes, discs, colours, diameter)


def number_places(
    axes: Axes, places: NDArray[np.float64], colours: list[str], diameter: float
) -> None:
    """Draw discs numbered from 1 at places, shape (discs, 2); the diameter is in points."""
    axes.scatter(
        places[:, 0], places[:, 1], s=diameter**2, c=colours, linewidths=0, zorder=5, clip_on=False
    )
    for number, ((x, y), colour) in enumerate(zip(places, colours, strict=True), start=1):
        axes.text(
            x,
            y,
            str(number),
            color=_letters_on(colour),
            fontsize=(0.6 if number < 100 else 0.47) * diameter,
            ha="center",
            va="center_baseline",
            zorder=6,
        )


def _letters_on(colour: str) -> str:
    """Return the colour of letters that can be read on a colour given as ``#rrggbb``."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    # Relative luminance with a gamma of 2.2 in place of sRGB's two pieces.
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return _DARK_LETTERS if luminance > 0.22 else _LIGHT_LETTERS

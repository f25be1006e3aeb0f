"""The map of the embedding as a picture, for the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    figure_style,
    new_figure,
    short_labels,
)

_MARKERS = {"validation": "o", "test": "D"}
_MANY_CLASSES = 40
# Around a class its name may go to so many places, on so many rings, a line of text apart.
_DIRECTIONS, _RINGS, _RINGS_OF_MANY = 16, 12, 2
_LINE = {"arrowstyle": "-", "color": INK, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
# Of the marks, which are pixels even in SVG.
_DOTS_AN_INCH = 150
# In pixels: between two names, and around the middle of a class.
_GAP, _HEART = 2.0, 5.0
# In pixels: a name that is farther from its place has a line to it.
_NEAR = 60.0
# Of a class, among which its place is sought: all pairs are measured.
_SOUGHT = 500
# Not a stroke around letters: as SVG it would weigh ten times as much.
_BEHIND_NAME = {"boxstyle": "round,pad=0.12", "facecolor": PAPER, "alpha": 0.7}


def draw_embedding_map(embedding_map: pd.DataFrame) -> Figure:
    """Draw the map, the name of each class in its colour's frame, where most of its images are.

    A name that would cover another is moved away, with a line to its place. With more than 40
    classes it is left out instead: the names of the most compact classes are written first. A
    note below the map says how many are named.

    Parameters
    ----------
    embedding_map : DataFrame
        As from `plankton_embedding.analysis.embedding_map.map_embedding`. Circles are validation
        images, diamonds are test images.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    names = embedding_map["class_name"].astype(str)
    predicted = embedding_map["predicted_class"].astype(str)
    points = embedding_map.assign(
        class_name=names, colour=names.map(class_colours([*names, *predicted]))
    )
    # Neither the order of classes nor that of splits decides what is on top.
    points = points.sample(frac=1, random_state=0)
    with figure_style():
        figure = new_figure(figsize=(9.4, 8.4), dpi=_DOTS_AN_INCH)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.005, 0.045, 0.99, 0.95))
        size = float(np.interp(np.log10(len(points)), [2, 4], [26, 5]))
        for split, part in points.groupby("split"):
            axes.scatter(
                part["x"],
                part["y"],
                s=size,
                c=part["colour"],
                marker=_MARKERS[str(split)],
                alpha=0.8,
                linewidths=0,
                rasterized=True,
            )
        _frame_map(axes, points)
        classes, named = points["class_name"].nunique(), _name_classes(axes, points)
        if named < classes:
            note = f"names of {named} of {classes} classes: the others would cover them"
            beside = axes.text(0.995, -0.015, note, transform=axes.transAxes, fontsize=8.5)
            beside.set(va="top", ha="right", color=MUTED)
    return figure


def _frame_map(axes: Axes, points: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.06)
    axes.autoscale_view()
    axes.grid(visible=False)
    # Coordinates on the map have no meaning.
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=GRID)
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=MUTED, label=f"{split} images")
        for split, marker in _MARKERS.items()
        if (points["split"] == split).any()
    ]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.005), ncols=2)


def _name_classes(axes: Axes, points: pd.DataFrame) -> int:
    """Write the names that find a place, and return how many did."""
    by_class = points.groupby("class_name")
    colours = by_class["colour"].first()
    found = [_find_middle(part[["x", "y"]].to_numpy()) for _, part in by_class]
    places, spread = (np.array(values) for values in zip(*found, strict=True))
    labels = short_labels(colours.index)
    many = len(colours) > _MANY_CLASSES
    letters, rings = (6.5, _RINGS_OF_MANY) if many else (8.5, _RINGS)
    axes.apply_aspect()
    frame = np.array(axes.get_window_extent().extents)
    pixels_a_unit = (frame[2] - frame[0]) / np.ptp(axes.get_xlim())
    # No name covers the middle of another class.
    taken = np.tile(axes.transData.transform(places), 2) + _HEART * np.array([-1, -1, 1, 1])
    named = 0
    for position in np.argsort(spread, kind="stable"):
        note = axes.annotate(
            labels[position],
            places[position],
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=letters,
            ha="center",
            va="center",
            bbox=_BEHIND_NAME | {"edgecolor": colours.iloc[position]},
        )
        box = np.array(note.get_window_extent().padded(_GAP).extents)
        offsets = _ring_offsets(box, spread[position] * pixels_a_unit, rings)
        chosen = _first_free(box + np.tile(offsets, 2), frame, taken)
        if chosen is None:
            note.remove()
            continue
        named += 1
        taken = np.vstack([taken, box + np.tile(offsets[chosen], 2)])
        note.set_position(offsets[chosen] * 72 / _DOTS_AN_INCH)
        if chosen >= _DIRECTIONS or np.hypot(*offsets[chosen]) > _NEAR:
            start = note.get_position()
            line = axes.annotate(
                "", places[position], start, textcoords="offset points", arrowprops=_LINE
            )
            # Below the name at which it begins.
            line.set_zorder(note.get_zorder() - 0.5)
    return named


def _find_middle(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the image around which a class lies closest, and how far its images reach there.

    A class may lie in several groups: between them, at its median, there may be no image at all.
    """
    sought = places[:_SOUGHT]
    apart = sought[:, np.newaxis] - sought
    quarter, half = np.quantile(np.hypot(apart[..., 0], apart[..., 1]), [0.25, 0.5], axis=1)
    middle = quarter.argmin()
    return sought[middle], float(min(half[middle], 2 * quarter[middle]))


def _ring_offsets(box: NDArray[np.float64], radius: float, rings: int) -> NDArray[np.float64]:
    """Return where to move a box around its place (x and y in pixels), the nearest ring first."""
    width, height = box[2] - box[0], box[3] - box[1]
    angles = np.pi / 2 + 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # First above and below, last left and right.
    directions = directions[np.argsort(np.abs(directions[:, 0]).round(9), kind="stable")]
    # Beside its place a wide box must go further than above it.
    beside = np.array([width / 2, height / 2]) * np.clip(1.5 * directions, -1, 1)
    steps = radius + height * (0.3 + np.arange(rings))
    return (beside + steps[:, np.newaxis, np.newaxis] * directions).reshape(-1, 2)


def _first_free(
    boxes: NDArray[np.float64], frame: NDArray[np.float64], taken: NDArray[np.float64]
) -> int | None:
    """Return the first box (left, low, right, high) inside the frame and off all taken ones."""
    inside = np.all((boxes[:, :2] >= frame[:2]) & (boxes[:, 2:] <= frame[2:]), axis=1)
    apart = (boxes[:, np.newaxis, :2] >= taken[:, 2:]) | (boxes[:, np.newaxis, 2:] <= taken[:, :2])
    free = inside & np.all(apart.any(axis=2), axis=1)
    return int(free.argmax()) if free.any() else None

"""Which classes the network thinks alike: a tree of classes beside their separations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.geometry import link_classes
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    GRID,
    INK,
    MUTED,
    figure_style,
    new_figure,
    short_labels,
)

_WHITE_LETTERS_UP_TO = 0.5
_TREE_INCHES, _BAR_LABEL_INCHES, _ABOVE_INCHES, _EDGE_INCHES = 1.9, 3.4, 0.8, 0.2
_POINTS = 72


def draw_class_similarity(separations: pd.DataFrame) -> Figure:
    """Draw the tree of classes (average linkage) beside the heat map of their separations.

    Names stand between the two. In each row the distance to the nearest other class is written,
    and framed; the diagonal, of no meaning, is gray. Classes stand in the order of the table.

    Parameters
    ----------
    separations : DataFrame of float, shape (classes, classes)
        As from `plankton_embedding.analysis.class_similarity.measure_separations`.
    """
    classes = len(separations)
    cell = float(np.interp(classes, [30, 100], [0.30, 0.175]))
    letters = float(np.interp(classes, [30, 100], [9.5, 7.0]))
    side = max(1.2, classes * cell)
    with figure_style():
        labels = short_labels(map(str, separations.index))
        names = _longest(labels, letters) + 0.22
        left, below = _EDGE_INCHES + _TREE_INCHES + names, _EDGE_INCHES + names
        width = left + max(side, _BAR_LABEL_INCHES) + _EDGE_INCHES
        height = below + side + _ABOVE_INCHES
        figure = new_figure(figsize=(width, height))
        axes = figure.add_axes((left / width, below / height, side / width, side / height))
        _label_classes(axes, labels, letters)
        if classes < 2:
            axes.text(0, 0, "only one\nclass", ha="center", va="center", color=MUTED)
            axes.set(xlim=(-0.5, 0.5), ylim=(0.5, -0.5), aspect="equal")
            return figure
        _draw_separations(axes, separations.to_numpy(dtype=float), side, 0.72 * letters)
        tree = axes.inset_axes((-(_TREE_INCHES + names) / side, 0, _TREE_INCHES / side, 1))
        _draw_tree(tree, link_classes(separations), classes)
    return figure


def _longest(labels: list[str], letters: float) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=letters)
    widths = (text_to_path.get_text_width_height_descent(label, font, False)[0] for label in labels)
    return max(widths) / _POINTS


def _label_classes(axes: Axes, labels: list[str], letters: float) -> None:
    positions = np.arange(len(labels))
    axes.set_xticks(positions, labels, rotation=90, fontsize=letters)
    axes.set_yticks(positions, labels, fontsize=letters)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED, linewidth=0.6)


def _draw_separations(
    axes: Axes, distances: NDArray[np.float64], side: float, letters: float
) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    others = np.where(np.eye(len(distances), dtype=bool), np.nan, distances)
    lowest, highest = np.nanmin(others), np.nanmax(others)
    # Two classes have one distance; a scale needs two ends.
    low, high = (lowest, highest) if highest > lowest else (0.0, max(highest, 1.0))
    # From full (near) to clear (far): the page shines through where classes are unlike.
    nearness = LinearSegmentedColormap.from_list(
        "nearness", [(0.08, 0.40, 0.67, a) for a in (1, 0)]
    )
    image = axes.imshow(others, cmap=nearness, vmin=low, vmax=high, interpolation="none")
    _gray_diagonal(axes, len(others))
    _mark_nearest(axes, others, low + _WHITE_LETTERS_UP_TO * (high - low), letters)
    above = axes.inset_axes((0, 1 + 0.22 / side, min(1, 2.6 / side), 0.14 / side))
    bar = axes.figure.colorbar(image, cax=above, orientation="horizontal", ticklocation="top")
    bar.set_label("separation: distance of two centroids in the embedding", fontsize=8, loc="left")
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()


def _gray_diagonal(axes: Axes, classes: int) -> None:
    from matplotlib.collections import PolyCollection

    places = np.arange(classes)
    cells = PolyCollection(list(_frames(places)), facecolors=GRID, linewidths=0)
    axes.add_collection(cells, autolim=False)
    ends = (-0.5, classes - 0.5)
    axes.plot(ends, ends, color=MUTED, linewidth=0.7, scalex=False, scaley=False)


def _mark_nearest(
    axes: Axes, others: NDArray[np.float64], deep_up_to: float, letters: float
) -> None:
    from matplotlib.collections import LineCollection

    nearest = np.nanargmin(others, axis=1)
    frames = LineCollection(list(_frames(nearest)), colors=INK, linewidths=0.7)
    axes.add_collection(frames, autolim=False)
    for row, column in enumerate(nearest.tolist()):
        axes.text(
            column,
            row,
            _short_distance(others[row, column]),
            ha="center",
            va="center_baseline",
            fontsize=letters,
            color="#fefefe" if others[row, column] <= deep_up_to else INK,
        )


def _frames(columns: NDArray[np.intp]) -> NDArray[np.float64]:
    corners = 0.5 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    centres = np.stack([columns, np.arange(len(columns))], axis=1)
    return centres[:, np.newaxis] + corners


def _short_distance(distance: float) -> str:
    if distance >= 10:
        return f"{distance:.0f}"
    return f"{distance:.1f}" if distance >= 1 else f"{distance:.2g}"


def _draw_tree(axes: Axes, tree: NDArray[np.float64], classes: int) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator

    lines = LineCollection(list(_branches(tree, classes)), colors=INK, linewidths=0.9)
    axes.add_collection(lines, autolim=False)
    highest = tree[-1, 2]
    axes.set_xlim(1.04 * highest if highest > 0 else 1, 0)
    axes.set_ylim(classes - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines[:].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel("mean separation at\nwhich groups join", fontsize=8)
    axes.tick_params(labelsize=8)


def _branches(tree: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Return the corners of each join, shape (classes - 1, 4, 2): distance and row."""
    distance, row = np.zeros(2 * classes - 1), np.arange(2 * classes - 1, dtype=np.float64)
    pairs = tree[:, :2].astype(int)
    # Each join needs those before it, so this cannot be vectorised.
    for join, pair in enumerate(pairs, start=classes):
        distance[join] = tree[join - classes, 2]
        row[join] = row[pair].mean()
    joined = np.repeat(distance[classes:, np.newaxis], 2, axis=1)
    ends, rows = distance[pairs], row[pairs]
    corners = [
        (ends[:, 0], rows[:, 0]),
        (joined[:, 0], rows[:, 0]),
        (joined[:, 1], rows[:, 1]),
        (ends[:, 1], rows[:, 1]),
    ]
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)

"""The embedding in two dimensions at a time: images, centroids and hulls of classes."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.hulls import convex_hull
from plankton_embedding.analysis.projection import ProjectedClasses
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.number_discs import draw_discs, number_places
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.scene import component_title
from plankton_embedding.figures.style import figure_style, new_figure, short_label

_PAIRS = ((1, 2), (3, 4))
_WIDTH = 9.4
_LEFT, _RIGHT, _BELOW, _ABOVE = 0.62, 0.12, 0.5, 0.35
_STACKED_FROM_CLASSES = 40
_ROW, _LETTER, _DISC = 0.2, 0.078, 11.0
_FILL, _EDGE, _FADE_FROM_CLASSES = 0.13, 0.8, 27


def draw_component_views(projected: ProjectedClasses) -> Figure:
    """Draw the leading components in pairs: 1 and 2, and 3 and 4 where they hold variance.

    Both axes of a view have the same scale. A hull is drawn around each class's central
    images, a numbered disc at its centroid; the key under the views names the numbers.

    Parameters
    ----------
    projected : ProjectedClasses
        Of at least two components.
    """
    explained = projected.basis.explained
    pairs = [pair for pair in _PAIRS if pair[0] == 1 or explained[pair[0] - 1 :].sum() > 0]
    pairs = [pair for pair in pairs if pair[1] <= len(explained)]
    colours = class_colours(list(projected.central))
    with figure_style():
        figure, panels, key = _lay_out(len(pairs), list(colours))
        for axes, pair in zip(panels, pairs, strict=True):
            _draw_view(axes, projected, pair, colours)
        _draw_key(key, colours)
    return figure


def _lay_out(views: int, names: list[str]) -> tuple[Figure, list[Axes], Axes]:
    stacked = len(names) >= _STACKED_FROM_CLASSES or views == 1
    columns, rows = (1, views) if stacked else (views, 1)
    width = _WIDTH / columns - _LEFT - _RIGHT
    height = 0.72 * width if stacked else width
    key_height = _ROW * ceil(len(names) / _key_columns(names)) + 0.1
    total = rows * (height + _BELOW + _ABOVE) + key_height
    figure = new_figure(figsize=(_WIDTH, total))
    panels = []
    for number in range(views):
        row, column = divmod(number, columns)
        left = column * _WIDTH / columns + _LEFT
        bottom = total - (row + 1) * (height + _ABOVE) - row * _BELOW
        box = (left / _WIDTH, bottom / total, width / _WIDTH, height / total)
        panels.append(figure.add_axes(box))
    key = figure.add_axes((_LEFT / _WIDTH, 0, 1 - _LEFT / _WIDTH, key_height / total))
    return figure, panels, key


def _draw_view(
    axes: Axes, projected: ProjectedClasses, pair: tuple[int, int], colours: dict[str, str]
) -> None:
    from matplotlib.patches import Polygon

    points, columns = projected.points, [f"pc{number}" for number in pair]
    hulls = {name: _in_plane(inner, pair) for name, inner in projected.central.items()}
    coordinates = points[columns].to_numpy()
    _fix_limits(axes, np.concatenate([coordinates, *hulls.values()]))
    # Fills of many classes on top of one another would add up to gray.
    fade = min(1.0, _FADE_FROM_CLASSES / len(hulls))
    for name, corners in hulls.items():
        fill, edge = (colours[name], fade * _FILL), (colours[name], fade**0.5 * _EDGE)
        axes.add_patch(Polygon(corners, facecolor=fill, edgecolor=edge, linewidth=0.9, zorder=3))
    is_centroid = points["is_centroid"].to_numpy(dtype=bool)
    names = points["class_name"].astype(str)
    dots = names[~is_centroid].map(colours).tolist()
    x, y = coordinates[~is_centroid].T
    axes.scatter(x, y, s=5, c=dots, alpha=0.55, linewidths=0, rasterized=True)
    draw_discs(axes, coordinates[is_centroid], names[is_centroid].map(colours).tolist(), _DISC)
    _title_axes(axes, projected, pair)


def _in_plane(coordinates: NDArray[np.float64], pair: tuple[int, int]) -> NDArray[np.float64]:
    return convex_hull(coordinates[:, [number - 1 for number in pair]]).vertices


def _fix_limits(axes: Axes, coordinates: NDArray[np.float64]) -> None:
    """Give both axes one scale, at which all is seen."""
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    box = axes.get_window_extent()
    per_pixel = max((high - low) / (box.width, box.height)) * 1.06 or 1 / box.width
    middle, half = (low + high) / 2, np.array([box.width, box.height]) * per_pixel / 2
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])


def _title_axes(axes: Axes, projected: ProjectedClasses, pair: tuple[int, int]) -> None:
    first, second = pair
    explained = projected.basis.explained
    kind = "standardised features" if projected.basis.standardised else "embedding"
    axes.set_title(f"Components {first} and {second} of the {kind}")
    axes.set_xlabel(component_title(first, explained[first - 1]))
    axes.set_ylabel(component_title(second, explained[second - 1]))


def _key_columns(names: list[str]) -> int:
    longest = max(len(short_label(name)) for name in names)
    return max(1, int((_WIDTH - _LEFT) / (0.4 + _LETTER * longest)))


def _draw_key(axes: Axes, colours: dict[str, str]) -> None:
    columns = _key_columns(list(colours))
    rows = ceil(len(colours) / columns)
    axes.set_axis_off()
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    column, row = np.divmod(np.arange(len(colours)), rows)
    inch = columns / (_WIDTH - _LEFT)
    places = np.stack([column + 0.1 * inch, row + 0.5], axis=1)
    number_places(axes, places, list(colours.values()), _DISC)
    for name, (left, middle) in zip(colours, places, strict=True):
        label = short_label(name)
        axes.text(left + 0.14 * inch, middle, label, fontsize=8, va="center_baseline")

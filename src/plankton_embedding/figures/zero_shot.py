"""How well unseen and seen classes are told, against the images a class that are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import INK, MUTED, figure_style, new_figure, percent_ticks

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

_PANELS = {
    "unseen_among_unseen": "Unseen images, among the unseen classes",
    "unseen_among_all": "Unseen images, among all classes",
    "seen_among_all": "Seen images, among all classes",
    "harmonic_mean": "Harmonic mean of seen and unseen, among all",
}
# Name, line and marker of each method; colours tell the embeddings.
_METHODS: dict[str, tuple[str, Any, str]] = {
    "nearest_centroid": ("nearest centroid", "-", "o"),
    "nearest_neighbours": ("nearest neighbours", (0, (3, 1.6)), "s"),
}
_COLOURS = ("#2f7fb9", "#d9822b", "#9a5fb4", "#12967a", "#b4452c")
_ALONE = (0, (1, 2.2))
# Sizes closer than this, as a ratio, share one label of the axis.
_TOO_CLOSE = 1.35


def draw_zero_shot(scores: pd.DataFrame) -> Figure:
    """Draw accuracy against the size of the support sets, with the interval over draws.

    Parameters
    ----------
    scores : DataFrame
        As from `plankton_embedding.analysis.zero_shot.compare_zero_shot`.
    """
    names = list(dict.fromkeys(scores["vectors"]))
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}
    with figure_style():
        figure = new_figure(figsize=(9.4, 7.6))
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
        grid = figure.subplots(2, 2, sharex=True, sharey=True)
        for axes, (measure, title) in zip(grid.flat, _PANELS.items(), strict=True):
            axes.set_title(title)
            for name, part in _parts(scores, measure):
                _draw_line(axes, part, colours[name])
            if scores.empty:
                say_why_empty(axes, "no unseen class has images enough")
        if not scores.empty:
            _draw_chance(grid[0, 0], scores)
            _draw_seen_alone(grid[1, 0], scores, colours)
            _label_axes(grid, _sizes(scores))
            handles = _legend(scores, colours)
            figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=2.8)
    return figure


def _parts(scores: pd.DataFrame, measure: str) -> Iterator[tuple[str, pd.DataFrame]]:
    of_measure = scores[scores["measure"] == measure]
    for (name, _), part in of_measure.groupby(["vectors", "method"], sort=False):
        yield str(name), part.sort_values("support_images")


def _draw_line(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    _, line, marker = _METHODS[part["method"].iloc[0]]
    x = part["support_images"]
    axes.fill_between(x, part["low"], part["high"], color=colour, alpha=0.15, linewidth=0)
    if len(part) == 1:  # a band of one size has no width
        axes.vlines(x, part["low"], part["high"], color=colour, linewidth=1.1)
    axes.plot(x, part["mean"], color=colour, linestyle=line, marker=marker, linewidth=1.6)


def _draw_chance(axes: Axes, scores: pd.DataFrame) -> None:
    """Draw what guessing one of the unseen classes brings."""
    sizes = _sizes(scores)
    x, chance = sizes["support_images"], 1 / sizes["unseen_classes"]
    axes.plot(x, chance, color=MUTED, linestyle=":", linewidth=1.1, marker="_", zorder=1)
    place = (x.iloc[-1], chance.iloc[-1])
    look: dict[str, Any] = {"fontsize": 8, "color": MUTED, "ha": "right"}
    axes.annotate("chance", place, (0, 4), textcoords="offset points", **look)


def _draw_seen_alone(axes: Axes, scores: pd.DataFrame, colours: dict[str, str]) -> None:
    """Draw what the nearest centroid brings seen images where no unseen class is known."""
    by_centroid = scores[scores["method"] == "nearest_centroid"]
    for name, part in _parts(by_centroid, "seen_among_seen"):
        look: dict[str, Any] = {"color": colours[name], "linestyle": _ALONE, "marker": "_"}
        axes.plot(part["support_images"], part["mean"], **look)


def _sizes(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.drop_duplicates("support").sort_values("support_images", ignore_index=True)


def _label_axes(grid: np.ndarray, sizes: pd.DataFrame) -> None:
    from matplotlib.ticker import NullLocator

    smallest, largest = sizes["support_images"].iloc[[0, -1]]
    below = "images a class in the support set, logarithmic"
    if sizes["unseen_classes"].nunique() > 1:
        below += "\n(and how many unseen classes are large enough)"
    for axes in grid.flat:
        axes.set(ylim=(-0.02, 1.02), xscale="log", xlim=(smallest / 1.25, largest * 1.25))
        axes.set_xticks(*_ticks(sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(percent_ticks())
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy, mean over classes")
    for axes in grid[-1]:
        axes.set_xlabel(below)


def _ticks(sizes: pd.DataFrame) -> tuple[list[float], list[str]]:
    """Return where the axis is labelled and how: sizes, and classes where they are not all."""
    places: list[float] = []
    labels: list[str] = []
    most = sizes["unseen_classes"].max()
    for row in sizes.to_dict("records"):
        size, label = row["support_images"], str(row["support"])
        if label == "all":
            label = f"all: {size:.3g}"
        if sizes["unseen_classes"].nunique() > 1:
            label += f"\n{row['unseen_classes']} of {most}"
        if places and size < _TOO_CLOSE * places[-1]:
            labels[-1] += f"\n{label}"
        else:
            places.append(size)
            labels.append(label)
    return places, labels


def _legend(scores: pd.DataFrame, colours: dict[str, str]) -> list[Line2D]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    for method, (name, line, marker) in _METHODS.items():
        if (scores["method"] == method).any():
            handles.append(Line2D([], [], color=INK, linestyle=line, marker=marker, label=name))
    alone = "seen images, unseen classes not there"
    return [*handles, Line2D([], [], color=INK, linestyle=_ALONE, label=alone)]

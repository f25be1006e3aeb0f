"""Each class's radius, and the movement of its centroid, from step to step."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PAPER,
    figure_style,
    mark_whole_steps,
    new_figure,
    short_label,
)

_NAMED_EACH_END = 4
_LABEL_HEIGHT = 0.055  # of the panel
_MANY_CLASSES, _FEW_STEPS = 40, 5


def draw_radii_over_steps(class_geometry: pd.DataFrame) -> Figure:
    """Draw the radius of each class over steps, and below it how far its centroid moved.

    A thin line a class, in its colour; the thick line is the mean over classes. The classes at
    either end at the last step are named, and their lines stronger; a note says so where there are
    others.

    Parameters
    ----------
    class_geometry : DataFrame
        As from `plankton_embedding.analysis.steps.measure_class_geometry`.
    """
    names = class_geometry["class_name"].astype(str)
    colours = class_colours(names.tolist())
    table = class_geometry.assign(class_name=names)
    first, last = int(table["step"].min()), int(table["step"].max())
    titles = {
        "radius": "Radius of each class",
        "movement": "Movement of each centroid since the step before",
    }
    with figure_style():
        figure = new_figure(figsize=(9.4, 8.2))
        figure.set_layout_engine("constrained", h_pad=0.1)
        panels = figure.subplots(2, 1)
        for axes, (name, title) in zip(panels, titles.items(), strict=True):
            axes.set_title(title)
            axes.set_xlabel("step")
            axes.set_ylabel("distance in the embedding")
            axes.grid(visible=False, axis="x")
            mark_whole_steps(axes, first, last)
            by_step = table.pivot(index="step", columns="class_name", values=name)
            _draw_classes(axes, by_step, colours, from_zero=name == "movement")
    return figure


def _draw_classes(
    axes: Axes, by_step: pd.DataFrame, colours: dict[str, str], *, from_zero: bool
) -> None:
    if by_step.isna().all(axis=None):
        say_why_empty(axes, "needs two steps")
        return
    steps, classes = by_step.shape
    named = _extremes(by_step.iloc[-1].dropna())
    many = classes > _MANY_CLASSES
    marker = "o" if steps <= _FEW_STEPS else ""
    for class_name, values in by_step.items():
        strong = class_name in named.index
        axes.plot(
            values,
            color=colours[str(class_name)],
            linewidth=1.5 if strong else 0.6 if many else 0.9,
            alpha=1 if strong else 0.5 if many else 0.75,
            zorder=2.2 if strong else 2,
            marker=marker,
            markersize=3 if strong else 2,
        )
    mean = by_step.mean(axis=1)
    axes.plot(mean, color=PAPER, linewidth=5, zorder=2.3)
    axes.plot(mean, color=INK, linewidth=2.8, marker=marker, zorder=2.4, label="mean over classes")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    axes.autoscale_view(scalex=False)
    if from_zero:
        axes.set_ylim(bottom=0)
    _name_beside(axes, float(by_step.index[-1]), named, colours)
    if len(named) < classes:
        end = _NAMED_EACH_END
        note = f"named: the {end} largest and the\n{end} smallest of {classes} at the end"
        axes.text(1.035, 1.03, note, transform=axes.transAxes, fontsize=7, color=MUTED, va="bottom")


def _extremes(last: pd.Series) -> pd.Series:
    ranked = last.sort_values(kind="stable")
    if len(ranked) <= 2 * _NAMED_EACH_END:
        return ranked
    return pd.concat([ranked[:_NAMED_EACH_END], ranked[-_NAMED_EACH_END:]])


def _name_beside(axes: Axes, step: float, named: pd.Series, colours: dict[str, str]) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    heights = (named.to_numpy(dtype=np.float64) - low) / (high - low)
    ends = spread_apart(heights, _LABEL_HEIGHT)
    for class_name, start, end in zip(named.index, heights, ends, strict=True):
        axes.plot(
            [(step - left) / (right - left), 1, 1.03],
            [start, start, end],
            color=colours[str(class_name)],
            linewidth=0.8,
            transform=axes.transAxes,
            clip_on=False,
        )
        axes.text(
            1.035,
            end,
            short_label(str(class_name)),
            transform=axes.transAxes,
            fontsize=8,
            va="center",
        )


def spread_apart(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move places apart, as little as it takes, until each is ``gap`` above the one before.

    Least squares under that constraint: isotonic regression of the places less their slots.

    Parameters
    ----------
    places : ndarray of float64, shape (labels,)
        Ascending, between 0 and 1.
    gap : float
        Such that all fit between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (labels,)
        Between 0 and 1.
    """
    from scipy.optimize import isotonic_regression

    if not len(places):
        return places
    slots = gap * np.arange(len(places))
    moved = isotonic_regression(places - slots).x
    return np.clip(moved, 0, 1 - slots[-1]) + slots

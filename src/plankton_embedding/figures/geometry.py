"""What happened to the embedding from step to step: accuracy, radius, separation, movement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    PLAIN_COLOUR,
    RADIUS_COLOUR,
    SEPARATION_COLOUR,
    SPLIT_COLOURS,
    figure_style,
    mark_whole_steps,
    new_figure,
    percent_ticks,
)


def draw_geometry_over_steps(step_metrics: pd.DataFrame) -> Figure:
    """Draw accuracy, radius and separation, their ratio, and centroid movement over steps.

    Parameters
    ----------
    step_metrics : DataFrame
        As from `plankton_embedding.analysis.steps.measure_steps`. Bands of accuracies are
        their Wilson 95 % intervals; other bands hold the middle 80 % of classes or of distinct
        pairs of classes. A panel without values says what it needs.
    """
    table = step_metrics.sort_values("step")
    with figure_style():
        figure = new_figure(figsize=(9.4, 7.2))
        figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
        panels = figure.subplots(2, 2)
        _draw_accuracy(panels[0, 0], table)
        _draw_distances(panels[0, 1], table)
        _draw_ratio(panels[1, 0], table)
        _draw_movement(panels[1, 1], table)
        for axes in panels.flat:
            axes.set_xlabel("step")
            axes.grid(visible=False, axis="x")
            mark_whole_steps(axes, int(table["step"].min()), int(table["step"].max()))
    return figure


def _draw_accuracy(axes: Axes, table: pd.DataFrame) -> None:
    colour = SPLIT_COLOURS["validation"]
    _draw_spread(axes, table, "validation_leave_one_out", colour)
    axes.plot(
        table["step"],
        table["validation_leave_one_out_accuracy"],
        color=colour,
        marker="o",
        label="validation, each image left out of its class's centroid",
    )
    axes.plot(
        table["step"],
        table["validation_accuracy"],
        color=INK,
        linewidth=1.1,
        linestyle=(0, (3, 1.5)),
        marker="_",
        label="validation, by its own centroids (optimistic)",
    )
    _draw_tests(axes, table[table["test_accuracy"].notna()])
    axes.set_title("Accuracy")
    axes.set_ylabel("images classified correctly")
    axes.yaxis.set_major_formatter(percent_ticks())
    # Room for the marks at 100 %, and never a range of nothing.
    bottom = min(axes.get_ylim()[0], 0.98)
    axes.set_ylim(bottom, 1 + 0.03 * (1 - bottom))
    _add_legend(axes)


def _draw_tests(axes: Axes, tested: pd.DataFrame) -> None:
    if tested.empty:
        return
    below = tested["test_accuracy"] - tested["test_low"]
    above = tested["test_high"] - tested["test_accuracy"]
    axes.errorbar(
        tested["step"],
        tested["test_accuracy"],
        yerr=[below, above],
        fmt="D",
        markersize=5.5,
        capsize=3,
        color=SPLIT_COLOURS["test"],
        label="test, by validation centroids",
    )


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    if table["mean_separation"].notna().any():
        label = "separation of two classes (mean over distinct pairs)"
        _draw_band(axes, table, "separation", SEPARATION_COLOUR, label)
    _draw_band(axes, table, "radius", RADIUS_COLOUR, "radius of a class (mean over classes)")
    axes.set_title("Radius and separation")
    axes.set_ylabel("distance in the embedding")
    highest = np.nanmax(table[["separation_high", "radius_high"]].to_numpy())
    axes.set_ylim(0, 1.1 * highest if highest > 0 else 1)
    _add_legend(axes)


def _draw_ratio(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_title("Mean separation ÷ mean radius")
    axes.set_ylabel("ratio")
    if table["separation_to_radius"].isna().all():
        one_class = table["mean_separation"].isna().all()
        say_why_empty(axes, "needs two classes" if one_class else "all radii are 0")
        return
    axes.plot(table["step"], table["separation_to_radius"], color=PLAIN_COLOUR, marker="o")
    axes.margins(y=0.12)
    axes.set_ylim(0, max(axes.get_ylim()[1], 1e-9))


def _draw_movement(axes: Axes, table: pd.DataFrame) -> None:
    moved = table[table["mean_movement"].notna()]
    axes.set_title("Movement of centroids since the step before")
    axes.set_ylabel("distance in the embedding")
    if moved.empty:
        say_why_empty(axes, "needs two steps")
        return
    _draw_band(axes, moved, "movement", PLAIN_COLOUR, "mean over classes")
    axes.set_ylim(bottom=0)


def _draw_band(axes: Axes, table: pd.DataFrame, name: str, colour: str, label: str) -> None:
    _draw_spread(axes, table, name, colour)
    axes.plot(table["step"], table[f"mean_{name}"], color=colour, marker="o", label=label)


def _draw_spread(axes: Axes, table: pd.DataFrame, name: str, colour: str) -> None:
    steps, low, high = (table[column] for column in ("step", f"{name}_low", f"{name}_high"))
    axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
    if len(table) == 1:  # a band needs two
        axes.vlines(steps, low, high, color=colour, alpha=0.3, linewidth=8)


def _add_legend(axes: Axes) -> None:
    # Below the panel: inside there is no place that no curve will cross.
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.18), borderaxespad=0)

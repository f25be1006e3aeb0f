"""What happened to the embedding from step to step: accuracy, radius, separation, movement."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plankton_embedding.figures.style import (
    PLAIN_COLOUR,
    RADIUS_COLOUR,
    SEPARATION_COLOUR,
    SPLIT_COLOURS,
    figure_style,
    mark_whole_steps,
    percent_ticks,
)


def draw_geometry_over_steps(step_metrics: pd.DataFrame) -> Figure:
    """Draw accuracy, radius and separation, their ratio, and centroid movement over steps.

    Parameters
    ----------
    step_metrics : DataFrame
        As from `plankton_embedding.analysis.steps.measure_steps`. Bands of accuracies are
        their Wilson 95 % intervals; other bands hold the middle 80 % of classes or pairs.
    """
    table = step_metrics.sort_values("step")
    with figure_style():
        figure = Figure(figsize=(9.4, 6.6))
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
    low, high = table["validation_low"], table["validation_high"]
    axes.fill_between(table["step"], low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(
        table["step"],
        table["validation_accuracy"],
        color=colour,
        marker="o",
        label="validation, by its own centroids",
    )
    tested = table[table["test_accuracy"].notna()]
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
    axes.set_title("Accuracy")
    axes.set_ylabel("images classified correctly")
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.set_ylim(top=1)
    axes.legend(loc="best")


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    _draw_band(axes, table, "separation", SEPARATION_COLOUR, "separation of two classes")
    _draw_band(axes, table, "radius", RADIUS_COLOUR, "radius of a class")
    axes.set_title("Radius and separation")
    axes.set_ylabel("distance in the embedding")
    axes.set_ylim(0, 1.3 * table[["separation_high", "radius_high"]].to_numpy().max())
    axes.legend(loc="upper left", ncols=2, columnspacing=1.2)


def _draw_ratio(axes: Axes, table: pd.DataFrame) -> None:
    axes.plot(table["step"], table["separation_to_radius"], color=PLAIN_COLOUR, marker="o")
    axes.set_title("Mean separation ÷ mean radius")
    axes.set_ylabel("ratio")
    axes.set_ylim(bottom=0)
    axes.margins(y=0.12)


def _draw_movement(axes: Axes, table: pd.DataFrame) -> None:
    moved = table[table["mean_movement"].notna()]
    axes.set_title("Movement of centroids since the step before")
    axes.set_ylabel("distance in the embedding")
    if moved.empty:
        axes.text(0.5, 0.5, "needs two steps", transform=axes.transAxes, ha="center")
        return
    _draw_band(axes, moved, "movement", PLAIN_COLOUR, "mean over classes")
    axes.set_ylim(bottom=0)


def _draw_band(axes: Axes, table: pd.DataFrame, name: str, colour: str, label: str) -> None:
    low, high = table[f"{name}_low"], table[f"{name}_high"]
    axes.fill_between(table["step"], low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(table["step"], table[f"mean_{name}"], color=colour, marker="o", label=label)

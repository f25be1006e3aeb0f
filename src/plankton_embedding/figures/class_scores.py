"""How well each class is recognised: recall with its interval, and precision."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PLAIN_COLOUR,
    SPLIT_COLOURS,
    figure_style,
    new_figure,
    percent_ticks,
    short_label,
)


def draw_class_scores(class_metrics: pd.DataFrame) -> Figure:
    """Draw recall with its Wilson 95 % interval, and precision, of each class.

    Classes go from the best recall down; those without test images stand last. Beside each is
    the number of its test images, and why nothing was taken for it, if nothing was: it has no
    validation images to make a centroid of, or its centroid was the nearest of no image.

    Parameters
    ----------
    class_metrics : DataFrame
        As from `plankton_embedding.analysis.steps.class_table`.
    """
    order = ["recall", "f1", "class_name"]
    table = class_metrics.sort_values(order, ascending=[True, True, False], na_position="first")
    rows = np.arange(len(table))
    labels = [short_label(str(name)) for name in table["class_name"]]
    with figure_style():
        figure = new_figure(figsize=(9.4, max(2.4, 0.2 * len(table) + 1.4)), layout="constrained")
        axes = figure.subplots()
        _draw_scores(axes, table)
        _write_support(axes, table)
        axes.set_yticks(rows, labels, fontsize=8)
        axes.set_ylim(-0.7, len(labels) - 0.3)
        axes.set_xlim(_left_end(table) - 0.015, 1.015)
        axes.xaxis.set_major_formatter(percent_ticks())
        axes.set_xlabel("share of test images")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _draw_scores(axes: Axes, table: pd.DataFrame) -> None:
    rows = np.arange(len(table))
    colour = SPLIT_COLOURS["test"]
    low, high = table["recall_low"], table["recall_high"]
    axes.hlines(rows, low, high, color=colour, alpha=0.4, linewidth=4)
    axes.plot(
        table["recall"], rows, "o", color=colour, markersize=5.5, label="recall, 95 % interval"
    )
    axes.plot(
        table["precision"],
        rows,
        "D",
        color=PLAIN_COLOUR,
        markerfacecolor="none",
        markersize=6.5,
        label="precision",
    )
    mean = table["recall"].mean()
    if pd.notna(mean):
        axes.axvline(
            mean,
            color=INK,
            linewidth=0.9,
            linestyle="--",
            label=f"mean recall, {100 * mean:.1f} %",
        )


def _write_support(axes: Axes, table: pd.DataFrame) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(1.02, len(table) - 0.2, "test images", fontsize=8, color=MUTED, transform=beside)
    columns = table[["support", "predicted", "radius"]]
    for row, (support, predicted, radius) in enumerate(columns.itertuples(index=False)):
        why = "no centroid" if pd.isna(radius) else "never predicted" if predicted == 0 else ""
        words = f"{support:,}" + (f"  {why}" if why else "")
        axes.text(1.02, row, words, fontsize=8, va="center", color=MUTED, transform=beside)


def _left_end(table: pd.DataFrame) -> float:
    lowest = float(np.nanmin(table[["recall_low", "precision"]].to_numpy(dtype=np.float64)))
    return max(0.0, np.floor(10 * lowest - 0.2) / 10)

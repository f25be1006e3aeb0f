"""Classifiers on the same embedding: their scores, their speed, and which differences are sure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    GRID,
    INK,
    MUTED,
    figure_style,
    new_figure,
    percent_ticks,
)

_SURE_BELOW = 0.05
_ROW_HEIGHT = 0.5
_SHORTEST_SECONDS = 1e-4
# Name of the score: the columns of its interval, its label, colour, mark and place in the row.
_SCORES = {
    "accuracy": (("low", "high"), "accuracy", "#2f7fb9", "o", -0.22),
    "balanced_accuracy": (
        ("balanced_accuracy_low", "balanced_accuracy_high"),
        "balanced accuracy",
        "#e3981b",
        "s",
        0.0,
    ),
    "macro_f1": (("macro_f1_low", "macro_f1_high"), "macro F1", "#9a5fb4", "D", 0.22),
}
_SURE_COLOUR = "#2f7fb9"


def draw_classifier_comparison(comparison: pd.DataFrame, differences: pd.DataFrame) -> Figure:
    """Draw scores with 95 % intervals, times, and the differences of all pairs.

    Rows are classifiers, the most accurate first, the same in all three panels. In the matrix a
    cell is the accuracy of its column's classifier less that of its row's, in percentage points;
    it is filled where the difference is sure: adjusted p-value of McNemar's test below 0.05.

    Parameters
    ----------
    comparison : DataFrame
        As from `plankton_embedding.analysis.significance.score_classifiers`.
    differences : DataFrame
        As from `plankton_embedding.analysis.significance.compare_in_pairs`.
    """
    table = comparison.sort_values("accuracy", ascending=False, kind="stable")
    rows = len(table)
    with figure_style():
        figure = new_figure(figsize=(11.0, rows * _ROW_HEIGHT + 1.5))
        figure.set_layout_engine("constrained", w_pad=0.06)
        scores, times, pairs = figure.subplots(1, 3, sharey=True, width_ratios=[2.4, 1.4, 2.4])
        _draw_scores(scores, table)
        _draw_times(times, table)
        _draw_pairs(pairs, [str(name) for name in table["classifier"]], differences)
        for axes in (scores, times):
            for row in range(1, rows):
                axes.axhline(row - 0.5, color=GRID, linewidth=0.8)
        for axes in (scores, times, pairs):
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(visible=False, axis="y")
        scores.set_ylim(rows - 0.5, -0.5)
        _label_rows(scores, table)
    return figure


def _label_rows(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_yticks(range(len(table)), [""] * len(table))
    for row, (name, settings) in enumerate(
        zip(table["classifier"], table["settings"], strict=True)
    ):
        for text, rise, size, colour in ((name, 1, 9, INK), (settings, -9.5, 7, MUTED)):
            axes.annotate(
                f"{row + 1}  {text}" if text is name else str(text),
                (0, row),
                (-6, rise),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                fontsize=size,
                color=colour,
            )


def _draw_scores(axes: Axes, table: pd.DataFrame) -> None:
    from matplotlib.ticker import MaxNLocator

    rows = np.arange(len(table))
    for score, ((low, high), label, colour, mark, place) in _SCORES.items():
        axes.hlines(rows + place, table[low], table[high], color=colour, linewidth=1.6)
        axes.plot(
            table[score],
            rows + place,
            mark,
            color=colour,
            markersize=4.8 if mark == "o" else 4.2,
            label=label,
        )
    for row, accuracy in enumerate(table["accuracy"]):
        axes.annotate(
            f"{100 * accuracy:.1f}",
            (1, row),
            (5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=8,
            fontweight="bold",
        )
    bounds = [bound for both, *_ in _SCORES.values() for bound in both]
    values = table[[*_SCORES, *bounds]].to_numpy(dtype=np.float64)
    room = 0.05 * max(float(np.ptp(values)), 0.02)
    axes.set_xlim(values.min() - room, values.max() + room)
    shown = MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(*axes.get_xlim())
    axes.set_xticks([share for share in shown if 0 <= share <= 1])
    axes.set_xlim(values.min() - room, values.max() + room)
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.set_title("Scores on test images", pad=24)
    axes.set_xlabel("score, with its 95 % interval; numbers: accuracy in %")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=3,
        columnspacing=1.0,
        handletextpad=0.2,
        borderaxespad=0.1,
    )


def _draw_times(axes: Axes, table: pd.DataFrame) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    rows = np.arange(len(table))
    fit, predict = (
        table[f"{stage}_seconds"].clip(lower=_SHORTEST_SECONDS) for stage in ("fit", "predict")
    )
    axes.hlines(rows, fit, predict, color=GRID, linewidth=2.5, zorder=1)
    axes.plot(fit, rows, "o", color=MUTED, markersize=6, label="fit")
    axes.plot(predict, rows, "D", color="#12967a", markersize=5, label="predict")
    axes.set_xscale("log")
    low, high = min(fit.min(), predict.min()), max(fit.max(), predict.max())
    axes.set_xlim(10 ** np.floor(np.log10(low) - 0.1), 10 ** np.ceil(np.log10(high) + 0.1))
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _duration(seconds)))
    axes.set_title("Time", pad=24)
    axes.set_xlabel("all images, one thread, log scale")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.03, 1.0),
        ncols=2,
        columnspacing=1.0,
        handletextpad=0.2,
        borderaxespad=0.1,
    )


def _duration(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{1000 * seconds:g} ms"


def _draw_pairs(axes: Axes, names: list[str], differences: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    points, sure = _pair_matrices(names, differences)
    strongest = max(1.0, float(np.abs(points).max()))
    for row, column in np.argwhere(np.tri(len(names), k=-1, dtype=bool)).tolist():
        if sure[row, column]:
            depth = 0.22 + 0.45 * points[row, column] / strongest
            cell = Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, linewidth=0)
            cell.set(facecolor=_SURE_COLOUR, alpha=float(np.clip(depth, 0.22, 0.67)))
            axes.add_patch(cell)
        axes.text(
            column,
            row,
            f"{points[row, column]:.1f}",
            ha="center",
            va="center",
            fontsize=8,
            color=INK if sure[row, column] else MUTED,
            fontweight="bold" if sure[row, column] else "normal",
        )
    axes.set_xlim(-0.5, max(len(names) - 1.5, 0.5))
    axes.set_xticks(range(max(len(names) - 1, 1)))
    axes.set_xticklabels([str(column + 1) for column in range(max(len(names) - 1, 1))])
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_title("How many points behind which other", pad=24)
    axes.text(
        0, 1.02, f"filled: adjusted p < {_SURE_BELOW}", transform=axes.transAxes, fontsize=8.5
    )
    axes.set_xlabel("behind classifier number …, in percentage points")


def _pair_matrices(
    names: list[str], differences: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return by how many points a row's classifier is behind a column's, and whether that is sure.

    Both of shape (names, names).
    """
    place = {name: position for position, name in enumerate(names)}
    first, second = (differences[end].map(place).to_numpy() for end in ("first", "second"))
    points = np.zeros((len(names), len(names)))
    points[second, first] = 100 * differences["difference"]
    points[first, second] = -100 * differences["difference"]
    sure = np.zeros(points.shape, dtype=bool)
    sure[first, second] = sure[second, first] = differences["adjusted_p_value"] < _SURE_BELOW
    return points + 0.0, sure

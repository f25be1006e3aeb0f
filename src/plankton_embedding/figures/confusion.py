"""The confusion matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from plankton_embedding.figures.style import INK, MUTED, figure_style, percent_ticks, short_label

# From clear to full: the page shines through where there is nothing, be it light or dark.
_SHARES = LinearSegmentedColormap.from_list("shares", [(0.08, 0.40, 0.67, a) for a in (0, 1)])
_WHITE_LETTERS_FROM = 0.5


def draw_confusion_matrix(counts: pd.DataFrame) -> Figure:
    """Draw counts of true (rows) by predicted class (columns).

    Colour is the share of the true class's images, on a square-root scale, so that rare
    confusions show; numbers are images. Classes stand in the order of the table.

    Parameters
    ----------
    counts : DataFrame of int, shape (classes, classes)
        As from `plankton_embedding.analysis.scores.confusion_counts`.
    """
    matrix = counts.to_numpy()
    classes = len(matrix)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    cell = float(np.interp(classes, [30, 100], [0.30, 0.175]))
    letters = float(np.interp(classes, [30, 100], [9.5, 7.0]))
    with figure_style():
        side = max(3.0, classes * cell)
        figure = Figure(figsize=(side + 2.6, side + 2.6), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(
            shares, cmap=_SHARES, norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="none"
        )
        _label_classes(axes, [short_label(str(name)) for name in counts.index], letters)
        _write_counts(axes, matrix, shares, 0.75 * letters if classes > 30 else 0.85 * letters)
        beside = axes.inset_axes((1 + 0.3 / side, 1 - 2.6 / side, 0.14 / side, 2.6 / side))
        bar = figure.colorbar(image, cax=beside)
        bar.set_label("share of the true class's images", fontsize=8)
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(percent_ticks())
        bar.set_ticks([0, 0.01, 0.1, 0.25, 0.5, 1])
    return figure


def _label_classes(axes: Axes, labels: list[str], letters: float) -> None:
    positions = np.arange(len(labels))
    axes.set_xticks(positions, labels, rotation=90, fontsize=letters)
    axes.set_yticks(positions, labels, fontsize=letters)
    axes.set_xlabel("predicted class", labelpad=8)
    axes.set_ylabel("true class", labelpad=8)
    axes.tick_params(length=0)
    axes.set_xticks(positions[1:] - 0.5, minor=True)
    axes.set_yticks(positions[1:] - 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor", linewidth=0.4)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=MUTED, linewidth=0.6)


def _write_counts(
    axes: Axes, matrix: NDArray[np.int64], shares: NDArray[np.float64], letters: float
) -> None:
    for row, column in np.argwhere(matrix > 0):
        deep = shares[row, column] >= _WHITE_LETTERS_FROM
        axes.text(
            column,
            row,
            _short_count(int(matrix[row, column])),
            ha="center",
            va="center_baseline",
            fontsize=letters,
            color="#fefefe" if deep else INK,
        )


def _short_count(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else str(count)

"""The confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    figure_style,
    new_figure,
    percent_ticks,
    short_labels,
)

if TYPE_CHECKING:
    from matplotlib.image import AxesImage

# From clear to full: the page shines through where there is nothing, be it light or dark.
SHARE_COLOUR = (0.08, 0.40, 0.67)
SHARE_TICKS = (0, 0.01, 0.1, 0.25, 0.5, 1)
_WHITE_LETTERS_FROM = 0.5
# Inches and points, at up to 30 classes and from 100 on.
_CLASSES, _CELL, _LETTERS = (30, 100), (0.30, 0.175), (9.5, 7.0)
_BAR_WIDTH, _BAR_HEIGHT = 1.1, 2.6
_POINTS = 72


def draw_confusion_matrix(
    counts: pd.DataFrame, numbers: Literal["images", "share"] = "images"
) -> Figure:
    """Draw counts of true (rows) by predicted class (columns).

    Colour is the share of the true class's images, on a square-root scale, so that rare
    confusions show. Classes stand in the order of the table.

    Parameters
    ----------
    counts : DataFrame of int, shape (classes, classes)
        As from `plankton_embedding.analysis.scores.confusion_counts`.
    numbers : "images" or "share"
        What is written in the cells: images, or their share of the row in percent.
    """
    matrix = counts.to_numpy()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    write = _short_count if numbers == "images" else _whole_percent
    values = matrix if numbers == "images" else shares
    with figure_style():
        figure, image = draw_shares(shares, [str(name) for name in counts.index])
        letters = (0.75 if len(matrix) > _CLASSES[0] else 0.85) * letter_size(len(matrix))
        for row, column in np.argwhere(matrix > 0):
            image.axes.text(
                column,
                row,
                write(values[row, column]),
                ha="center",
                va="center_baseline",
                fontsize=letters,
                color="#fefefe" if shares[row, column] >= _WHITE_LETTERS_FROM else INK,
            )
    return figure


def draw_shares(shares: NDArray[np.float64], class_names: list[str]) -> tuple[Figure, AxesImage]:
    """Draw a confusion matrix without numbers, as large as its classes need.

    Parameters
    ----------
    shares : ndarray, shape (classes, classes)
    class_names : list of str
    """
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    labels, letters = short_labels(class_names), letter_size(len(shares))
    side = max(_BAR_HEIGHT, len(shares) * float(np.interp(len(shares), _CLASSES, _CELL)))
    font = FontProperties(size=letters)
    widths = [text_to_path.get_text_width_height_descent(label, font, False)[0] for label in labels]
    beside = (max(widths) + 4 * letters) / _POINTS
    figure = new_figure(figsize=(side + beside + _BAR_WIDTH, side + beside), layout="constrained")
    axes = figure.subplots()
    paler = LinearSegmentedColormap.from_list("shares", [(*SHARE_COLOUR, a) for a in (0, 1)])
    image = axes.imshow(
        shares, cmap=paler, norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="none"
    )
    _label_classes(axes, labels, letters)
    place = (1 + 0.3 / side, 1 - _BAR_HEIGHT / side, 0.14 / side, _BAR_HEIGHT / side)
    bar = figure.colorbar(image, cax=axes.inset_axes(place))
    bar.set_label("share of the true class's images", fontsize=8)
    bar.outline.set_visible(False)
    bar.ax.grid(visible=False)
    bar.ax.yaxis.set_major_formatter(percent_ticks())
    bar.set_ticks(list(SHARE_TICKS))
    return figure, image


def letter_size(classes: int) -> float:
    """Return the size of class names in points."""
    return float(np.interp(classes, _CLASSES, _LETTERS))


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


def _short_count(count: float) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count:.0f}"


def _whole_percent(share: float) -> str:
    # Only what is all is written 100, and nothing that is there is written 0.
    percent = round(100 * share)
    if percent == 100 and share < 1:
        return ">99"
    return f"{percent}" if percent else "<1"

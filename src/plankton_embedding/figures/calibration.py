"""Whether a classification is as often right as its confidence says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.analysis.reliability import expected_calibration_error
from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PLAIN_COLOUR,
    figure_style,
    new_figure,
    percent_ticks,
)

_UNKNOWN_COLOUR = "#d9822b"
_BEFORE_COLOUR = "#8795a1"
# A logarithmic axis has no 0: one image stands a little above its bottom.
_LEAST = 0.7
_HISTOGRAM_EDGES = np.linspace(0, 1, 41)


def draw_reliability(reliability: pd.DataFrame, confidences: pd.DataFrame) -> Figure:
    """Draw accuracy over confidence, and how many images have which confidence.

    Parameters
    ----------
    reliability : DataFrame
        As from `plankton_embedding.analysis.reliability.measure_reliability`. Bars are Wilson
        95 % intervals, areas of dots the images of the bin.
    confidences : DataFrame
        As from `plankton_embedding.analysis.calibration.measure_confidence`.
    """
    with figure_style():
        figure = new_figure(figsize=(9.4, 5.0))
        figure.set_layout_engine("constrained", w_pad=0.12)
        grid = figure.add_gridspec(2, 2, width_ratios=(1.15, 1))
        _draw_diagram(figure.add_subplot(grid[:, 0]), reliability)
        before, after = (figure.add_subplot(grid[row, 1]) for row in (0, 1))
        before.set_title("Confidence before (temperature 1)")
        after.set_title("Confidence after (temperature fitted)")
        _draw_histogram(before, confidences, "untempered_confidence")
        _draw_histogram(after, confidences, "confidence")
        after.set_xlabel("confidence: probability of the predicted class")
        if after.get_legend_handles_labels()[1]:
            after.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.38), borderaxespad=0)
    return figure


def _draw_diagram(axes: Axes, reliability: pd.DataFrame) -> None:
    axes.set_title("Confidence and accuracy of known test images")
    axes.set_xlabel("mean confidence of the images of a bin")
    axes.set_ylabel("of them classified correctly")
    if reliability.empty:
        say_why_empty(axes, "needs test images of known classes")
        return
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=":", label="as sure as right")
    most = reliability["images"].max()
    looks = ((False, "before", _BEFORE_COLOUR, "s"), (True, "after", PLAIN_COLOUR, "o"))
    for tempered, name, colour, marker in looks:
        part = reliability[reliability["tempered"] == tempered]
        place = part["mean_confidence"], part["accuracy"]
        reach = [part["accuracy"] - part["low"], part["high"] - part["accuracy"]]
        axes.errorbar(*place, yerr=reach, fmt="none", ecolor=colour, elinewidth=1.0, alpha=0.75)
        axes.plot(*place, color=colour, linewidth=0.8, alpha=0.6)
        error = 100 * expected_calibration_error(part)
        axes.scatter(
            *place,
            s=8 + 26 * part["images"] / most,
            color=colour,
            marker=marker,
            zorder=3,
            label=f"{name}: calibration error {error:.1f} %, {_bin_sizes(part['images'])}",
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent_ticks())
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), borderaxespad=0)


def _draw_histogram(axes: Axes, confidences: pd.DataFrame, column: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    known = confidences["known"].to_numpy(dtype=bool)
    right = (confidences["class_name"] == confidences["predicted_class"]).to_numpy(dtype=bool)
    kinds = (
        ("known and right", known & right, PLAIN_COLOUR),
        ("known but wrong", known & ~right, MUTED),
        ("of unseen classes", ~known, _UNKNOWN_COLOUR),
    )
    for name, rows, colour in kinds:
        if not rows.any():
            continue
        counts, edges = np.histogram(confidences.loc[rows, column], _HISTOGRAM_EDGES)
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.2, baseline=_LEAST)
        label = f"{name}: {rows.sum():,}"
        axes.stairs(counts, edges, color=colour, linewidth=1.4, label=label, baseline=_LEAST)
    axes.set_ylabel("images")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(bottom=_LEAST)
    axes.xaxis.set_major_formatter(percent_ticks())


def _bin_sizes(images: pd.Series) -> str:
    low, high = images.min(), images.max()
    return f"{low:,} images a bin" if low == high else f"{low:,}–{high:,} images a bin"

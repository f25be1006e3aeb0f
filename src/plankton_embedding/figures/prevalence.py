"""Accuracy under several weightings of the classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import SPLIT_COLOURS, figure_style, new_figure, percent_ticks

_WEIGHTINGS = {
    "as_tested": "as tested: each image the same",
    "balanced": "balanced: each class the same",
    "natural_prevalence": "at the prevalence of the catalogue",
    "without_catch_alls": "without catch-all classes",
}


def draw_weighted_accuracy(accuracies: pd.DataFrame, without: Mapping[str, object]) -> Figure:
    """Draw the accuracy of test images under each weighting, with 95 % intervals.

    Parameters
    ----------
    accuracies : DataFrame
        As from `plankton_embedding.analysis.prevalence.measure_weighted_accuracy`.
    without : mapping
        As from `plankton_embedding.analysis.mistake_severity.score_without_catch_alls`; drawn
        if a class was left out and something was left to score.
    """
    rows = accuracies[["weighting", "accuracy", "low", "high"]]
    if without["left_out"] and "accuracy" in without:
        values = [without[name] for name in ("accuracy", "low", "high")]
        rows = pd.concat(
            [rows, pd.DataFrame([["without_catch_alls", *values]], columns=rows.columns)]
        )
    with figure_style():
        figure = new_figure(figsize=(7.4, 0.46 * len(rows) + 1.15), layout="constrained")
        axes = figure.subplots()
        _draw_intervals(axes, rows)
        axes.set_title("Accuracy of test images, by validation centroids")
        axes.set_xlabel("images classified correctly, 95 % interval")
    return figure


def _draw_intervals(axes: Axes, rows: pd.DataFrame) -> None:
    from matplotlib.ticker import MaxNLocator

    places = np.arange(len(rows))
    value = rows["accuracy"].to_numpy(dtype=float)
    errors = [value - rows["low"].to_numpy(float), rows["high"].to_numpy(float) - value]
    axes.errorbar(
        value, places, xerr=np.maximum(errors, 0), fmt="D", color=SPLIT_COLOURS["test"],
        markersize=5.5, capsize=3, elinewidth=1.6,
    )  # fmt: skip
    for place, score, high in zip(places, value, rows["high"], strict=True):
        axes.annotate(
            f"{100 * score:.1f} %", (high, place), (7, 0), textcoords="offset points",
            va="center_baseline", fontsize=8.5,
        )  # fmt: skip
    axes.set_yticks(places, [_WEIGHTINGS[name] for name in rows["weighting"]])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
    start, end = float(rows["low"].min()), float(rows["high"].max())
    room = max(end - start, 0.02)
    axes.set_xlim(max(0.0, start - 0.25 * room), end + 0.45 * room)
    left, right = axes.get_xlim()
    ticks = np.asarray(MaxNLocator(6).tick_values(left, min(1.0, right)))
    axes.set_xticks(ticks[(ticks >= left) & (ticks <= min(1.0, right))])
    axes.xaxis.set_major_formatter(percent_ticks())

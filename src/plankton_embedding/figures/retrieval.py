"""How well neighbours and clusters agree with the classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    MUTED,
    PLAIN_COLOUR,
    SPLIT_COLOURS,
    figure_style,
    new_figure,
    percent_ticks,
)

_REFERENCES = {"test": "among other test images", "validation": "among validation images"}
_MARKS = {"test": "D", "validation": "o"}
_CLUSTERING = {
    "nmi": "k-means: NMI",
    "ami": "k-means: AMI",
    "silhouette": "silhouette of the classes",
}
_APART = 0.17


def draw_retrieval(scores: pd.DataFrame, clustering: Mapping[str, float | int]) -> Figure:
    """Draw recall@k and MAP@R with their intervals (left), and how well clusters agree (right).

    Parameters
    ----------
    scores : DataFrame
        As from `plankton_embedding.analysis.retrieval.measure_retrieval`.
    clustering : mapping
        As from `plankton_embedding.analysis.clustering.measure_clustering`; what is not in it
        is not drawn.
    """
    measures = list(dict.fromkeys(scores["measure"]))
    with figure_style():
        height = max(2.5, 0.5 * len(measures) + 1.5)
        figure = new_figure(figsize=(9.4, height), layout="constrained")
        retrieval, clusters = figure.subplots(1, 2, width_ratios=[1.65, 1])
        _draw_scores(retrieval, scores, measures)
        _draw_clustering(clusters, clustering)
        for axes in (retrieval, clusters):
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(visible=False, axis="y")
            axes.invert_yaxis()
    return figure


def _draw_scores(axes: Axes, scores: pd.DataFrame, measures: list[str]) -> None:
    drawn = scores[scores["value"].notna()]
    for offset, (references, label) in zip((-_APART, _APART), _REFERENCES.items(), strict=True):
        part = drawn[drawn["references"] == references]
        rows = part["measure"].map(measures.index).to_numpy(dtype=float) + offset
        value = part["value"].to_numpy()
        errors = [value - part["low"].to_numpy(), part["high"].to_numpy() - value]
        axes.errorbar(
            value,
            rows,
            xerr=np.maximum(errors, 0),
            fmt=_MARKS[references],
            color=SPLIT_COLOURS[references],
            markersize=5,
            capsize=2.5,
            elinewidth=1.4,
            label=label,
        )
        for row, high, score in zip(rows, part["high"], value, strict=True):
            axes.annotate(
                f"{100 * score:.1f} %", (high, row), (6, 0), textcoords="offset points",
                va="center_baseline", fontsize=8,
            )  # fmt: skip
    axes.set_yticks(range(len(measures)), [_measure_label(name) for name in measures])
    axes.set_ylim(-0.55, len(measures) - 0.45)
    _room_for_numbers(axes, float(drawn["low"].min()) if len(drawn) else 0.0)
    axes.set_title("Nearest images of the same class")
    axes.set_xlabel("score of test images, 95 % interval")
    if drawn.empty:
        say_why_empty(axes, "no class has two images")
        return
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)


def _room_for_numbers(axes: Axes, lowest: float) -> None:
    # From a round tenth below the lowest interval, so that intervals can be told apart.
    start = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    axes.set_xlim(start, 1 + 0.1 * (1 - start))
    axes.set_xticks([tick for tick in axes.get_xticks() if start <= tick <= 1])
    axes.xaxis.set_major_formatter(percent_ticks())


def _draw_clustering(axes: Axes, clustering: Mapping[str, float | int]) -> None:
    found = {label: clustering[name] for name, label in _CLUSTERING.items() if name in clustering}
    axes.set_title("Clusters against classes")
    axes.set_xlabel("1 is perfect agreement")
    if not found:
        axes.set_axis_off()
        say_why_empty(axes, "needs two classes")
        return
    values = np.array([*found.values()], dtype=float)
    rows = np.arange(len(found))
    axes.barh(rows, values, height=0.42, color=PLAIN_COLOUR)
    for row, value in zip(rows, values, strict=True):
        axes.annotate(
            f"{value:.3f}", (max(value, 0), row), (5, 0), textcoords="offset points",
            va="center_baseline", fontsize=8,
        )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, list(found))
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.set_xlim(min(0.0, np.floor(10 * values.min()) / 10), 1.16)
    lowest = axes.get_xlim()[0]
    axes.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if tick >= lowest])


def _measure_label(measure: str) -> str:
    if measure == "map_at_r":
        return "MAP@R"
    return measure.replace("recall_at_", "recall@")

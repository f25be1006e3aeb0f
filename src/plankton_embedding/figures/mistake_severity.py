"""How bad the mistakes are, against chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PAPER,
    PLAIN_COLOUR,
    RADIUS_COLOUR,
    figure_style,
    new_figure,
)

_WIDTH = 0.36


def draw_mistake_severity(distribution: pd.DataFrame, summary: Mapping[str, float | int]) -> Figure:
    """Draw the mistakes by their severity, beside mistakes at random.

    Parameters
    ----------
    distribution : DataFrame
        As from `plankton_embedding.analysis.mistake_severity.measure_mistake_severity`.
    summary : mapping
        As from `summarise_mistake_severity` of the same module.
    """
    with figure_style():
        figure = new_figure(figsize=(7.4, 3.9), layout="constrained")
        axes = figure.subplots()
        axes.set_title("Distance between true and predicted class in the tree of names")
        axes.grid(visible=False, axis="x")
        if distribution.empty:
            axes.set_axis_off()
            say_why_empty(axes, _nothing(summary))
            return figure
        _draw_distribution(axes, distribution)
        axes.set_xlabel("edges from the true class up to the common ancestor and down")
        axes.set_ylabel("mistakes")
        axes.text(
            0.99, 0.97, _means(summary), transform=axes.transAxes, ha="right", va="top",
            fontsize=8.5, linespacing=1.5,
        )  # fmt: skip
    return figure


def _draw_distribution(axes: Axes, distribution: pd.DataFrame) -> None:
    levels = np.arange(1, int(distribution["severity"].max()) + 1)
    parts = {
        inside: part.set_index("severity")[["mistakes", "chance_mistakes"]]
        .reindex(levels)
        .fillna(0)
        for inside, part in distribution.groupby("same_parent")
    }
    for name, offset in (("mistakes", -_WIDTH / 2), ("chance_mistakes", _WIDTH / 2)):
        bottom = np.zeros(len(levels))
        for inside in (True, False):
            if inside not in parts:
                continue
            heights = parts[inside][name].to_numpy(dtype=float)
            _draw_bars(axes, (levels + offset, heights, bottom), inside, name)
            bottom += heights
        for level, total in zip(levels, bottom, strict=True):
            axes.annotate(
                f"{total:,.0f}", (level + offset, total), (0, 3), textcoords="offset points",
                ha="center", fontsize=8, color=INK if name == "mistakes" else MUTED,
            )  # fmt: skip
    axes.set_xticks(levels)
    axes.set_xlim(0.4, levels[-1] + 0.6)
    axes.set_ylim(top=1.32 * axes.dataLim.y1)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)


def _draw_bars(
    axes: Axes,
    place: tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]],
    inside: bool,
    name: str,
) -> None:
    at, heights, bottom = place
    colour = RADIUS_COLOUR if inside else PLAIN_COLOUR
    seen = name == "mistakes"
    where = "inside the same parent" if inside else "across parents"
    axes.bar(
        at,
        heights,
        _WIDTH * 0.94,
        bottom=bottom,
        color=colour,
        alpha=1 if seen else 0.3,
        edgecolor=PAPER,
        linewidth=0.5,
        label=f"{'mistakes' if seen else 'at random,'} {where}",
    )


def _means(summary: Mapping[str, float | int]) -> str:
    chance = f"{summary['chance_low']:.2f} to {summary['chance_high']:.2f}"
    lines: tuple[str, str] = (
        f"mean {summary['mean']:.2f}; at random {chance}",
        f"inside the same parent {100 * summary['same_parent_share']:.0f} %; "
        f"at random {100 * summary['chance_same_parent_share']:.0f} %",
    )
    return "\n".join(lines)


def _nothing(summary: Mapping[str, float | int]) -> str:
    if summary.get("mistakes") == 0:
        return "there is no mistake"
    return "no class name has the form part__Parent"

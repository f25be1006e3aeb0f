"""The trials of a study: accuracy as they were trained."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from plankton_embedding.analysis.sweep import best_trial
from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import PAPER, figure_style, new_figure, percent_ticks
from plankton_embedding.figures.sweep_trials import (
    ENDS,
    draw_band,
    is_best_trial,
    trial_colour,
    trials_legend,
    trials_title,
)

# Between the numbers of trials, in the axis's length.
_APART = 0.04


def draw_sweep_accuracy(trials: pd.DataFrame, steps: pd.DataFrame) -> Figure:
    """Draw the validation accuracy of each trial as it was trained.

    The band is the 95 % interval of the best trial, around the step that is ringed: others that
    reach into it may be as good.

    Parameters
    ----------
    trials, steps : DataFrame
        As from `plankton_embedding.analysis.sweep`.
    """
    from matplotlib.ticker import MaxNLocator

    best = best_trial(trials)
    with figure_style():
        figure = new_figure(figsize=(7.6, 4.8))
        figure.set_layout_engine("constrained", w_pad=0.1)
        axes = figure.subplots()
        draw_band(axes, best)
        ends = []
        for row in trials.to_dict("records"):
            part = steps[steps["trial"] == row["trial"]]
            if len(part):
                ends.append(_draw_trial(axes, part, row, is_best_trial(row, best)))
        if ends:
            _label_ends(axes, ends)
        else:
            say_why_empty(axes, "no trial was trained for a step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(percent_ticks())
        axes.set_xlabel("epochs of the whole network; 0: the head alone was trained")
        axes.set_ylabel("validation accuracy, leave-one-out")
        axes.set_title(trials_title(trials, best))
        figure.legend(handles=trials_legend(trials, best), loc="outside lower center", ncols=4)
    return figure


def _draw_trial(
    axes: Axes, part: pd.DataFrame, row: dict[Hashable, Any], is_best: bool
) -> tuple[float, float, str, str]:
    """Return where its line ends, its number and colour."""
    colour = trial_colour(row["status"], is_best)
    x, y = part["epochs"].to_numpy(), part["accuracy"].to_numpy(dtype=np.float64)
    mark = ENDS[row["status"]][0]
    axes.plot(x, y, color=colour, linewidth=2.4 if is_best else 1.3, zorder=3 if is_best else 2)
    axes.plot(x[:-1], y[:-1], ".", color=colour, markersize=4, zorder=3)
    axes.plot(x[-1], y[-1], mark, color=colour, markersize=7, markeredgewidth=1.8, zorder=4)
    if is_best:
        top = int(y.argmax())
        axes.plot(x[top], y[top], "o", markersize=12, color="none", mec=colour, mew=1.5, zorder=5)
    return float(x[-1]), float(y[-1]), str(row["trial"]), colour


def _label_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Write the numbers of the trials beside their ends: none over another, equal ones in one."""
    from matplotlib.patheffects import withStroke

    axes.margins(x=0.09)
    low, high = axes.get_ylim()
    alike: dict[tuple[float, float, str], list[str]] = {}
    for x, y, number, colour in ends:
        alike.setdefault((x, y, colour), []).append(number)
    for x in {end[0] for end in alike}:
        group = sorted(end for end in alike if end[0] == x)
        places = _spread([y for _, y, _ in group], _APART * (high - low))
        # Many would rise into the title.
        down = max(0.0, places[-1] - high)
        for place, end in zip(places, group, strict=True):
            _, y, colour = end
            text = axes.annotate(
                ", ".join(alike[end]),
                (x, y),
                (15, place - down),
                textcoords=("offset points", "data"),
                va="center",
                fontsize=8,
                color=colour,
                fontweight="bold",
                zorder=6,
                arrowprops={
                    "arrowstyle": "-",
                    "color": colour,
                    "linewidth": 0.8,
                    "shrinkA": 1,
                    "shrinkB": 4,
                    "relpos": (0, 0.5),
                },
            )
            # The lines of others go on behind the number of one that was pruned.
            text.set_path_effects([withStroke(linewidth=2.5, foreground=PAPER)])


def _spread(heights: list[float], least: float) -> list[float]:
    """Move sorted heights until they are so far apart; neighbours share the way."""
    groups: list[list[float]] = []

    def places(group: list[float]) -> list[float]:
        first = float(np.mean(group)) - least * (len(group) - 1) / 2
        return [first + least * rank for rank in range(len(group))]

    for height in heights:
        group = [height]
        while groups and places(group)[0] - places(groups[-1])[-1] < least:
            group = groups.pop() + group
        groups.append(group)
    return [place for group in groups for place in places(group)]

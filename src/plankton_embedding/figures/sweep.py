"""The trials of a study: accuracy as they were trained, and against each parameter."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plankton_embedding.analysis.sweep import (
    best_trial,
    parameter_columns,
    short_name,
    write_value,
)
from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    MUTED,
    PAPER,
    figure_style,
    new_figure,
    percent_ticks,
    short_label,
)

if TYPE_CHECKING:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

_BEST_COLOUR, _COLOUR = "#d9822b", "#2f7fb9"
# Mark and words of each end of a trial.
_ENDS = {
    "complete": ("o", "trained to its end"),
    "pruned": ("v", "pruned"),
    "failed": ("X", "failed"),
    "interrupted": ("s", "interrupted"),
    "running": (">", "still running"),
}
_COLUMNS, _PANEL = 3, (3.3, 3.0)
_MANY_VALUES = 6
# Ratio of a range from which its axis is logarithmic.
_WIDE = 10
# Between the numbers of trials, in the axis's length.
_APART = 0.04
# Between equal values on an axis of numbers, in its length.
_BESIDE = 0.03
# From so many on, ticks at their beginnings only.
_DECADES = 3


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
        _draw_band(axes, best)
        ends = []
        for row in trials.to_dict("records"):
            part = steps[steps["trial"] == row["trial"]]
            if len(part):
                ends.append(_draw_trial(axes, part, row, _is_best(row, best)))
        if ends:
            _label_ends(axes, ends)
        else:
            say_why_empty(axes, "no trial was trained for a step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(percent_ticks())
        axes.set_xlabel("epochs of the whole network; 0: the head alone was trained")
        axes.set_ylabel("validation accuracy, leave-one-out")
        axes.set_title(_title(trials, best))
        figure.legend(handles=_legend(trials, best), loc="outside lower center", ncols=4)
    return figure


def draw_sweep_parameters(trials: pd.DataFrame) -> Figure:
    """Draw accuracy against each parameter, one point a trial, with its Wilson 95 % interval.

    Other parameters differ as well from point to point: a slope is a hint, not an effect.

    Parameters
    ----------
    trials : DataFrame
        As from `plankton_embedding.analysis.sweep.tabulate_trials`.
    """
    best = best_trial(trials)
    names = parameter_columns(trials)
    rows = -(-len(names) // _COLUMNS)
    # Of four panels two a row: none stands alone.
    columns = -(-len(names) // rows)
    with figure_style():
        size = (max(6.4, columns * _PANEL[0]), rows * _PANEL[1] + 0.7)
        figure = new_figure(figsize=size)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=False):
            _draw_band(axes, best)
            _draw_parameter(axes, trials, name, best)
            axes.yaxis.set_major_formatter(percent_ticks())
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        figure.supylabel("validation accuracy, leave-one-out", fontsize=9)
        figure.suptitle(_title(trials, best), x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        figure.legend(handles=_legend(trials, best), loc="outside lower center", ncols=3)
    return figure


def _draw_trial(
    axes: Axes, part: pd.DataFrame, row: dict[Hashable, Any], is_best: bool
) -> tuple[float, float, str, str]:
    """Return where its line ends, its number and colour."""
    colour = _colour(row["status"], is_best)
    x, y = part["epochs"].to_numpy(), part["accuracy"].to_numpy(dtype=np.float64)
    mark = _ENDS[row["status"]][0]
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


def _draw_parameter(axes: Axes, trials: pd.DataFrame, name: str, best: pd.Series | None) -> None:
    shown = trials[trials[name].notna() & trials["accuracy"].notna()]
    axes.set_title(short_label(short_name(name)))
    if shown.empty:
        say_why_empty(axes, "no trial that was measured has it")
        return
    places = _place_values(axes, shown[name])
    for x, row in zip(places, shown.to_dict("records"), strict=True):
        is_best = _is_best(row, best)
        colour = _colour(row["status"], is_best)
        mark, _ = _ENDS[row["status"]]
        axes.vlines(x, row["low"], row["high"], color=colour, linewidth=1.0, alpha=0.6)
        axes.plot(x, row["accuracy"], mark, color=colour, markersize=7 if is_best else 5.5)
    axes.grid(visible=False, axis="x")


def _place_values(axes: Axes, values: pd.Series) -> list[float]:
    """Set the axis up, and return each value's place: aside a little, where one stands twice."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    distinct = sorted(values.unique(), key=lambda value: (isinstance(value, str), value))
    is_number = pd.api.types.is_numeric_dtype(values) and values.dtype != bool
    is_log = is_number and distinct[0] > 0 and distinct[-1] / distinct[0] >= _WIDE
    if (is_number and len(distinct) > _MANY_VALUES) or is_log:
        if is_log:
            axes.set_xscale("log")
            decades = np.log10(distinct[-1] / distinct[0])
            axes.xaxis.set_major_locator(
                LogLocator(subs=(1, 2, 5) if decades < _DECADES else (1,), numticks=6)
            )
            axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write_value(value)))
        axes.margins(x=0.1)
        numbers = values.astype(float)
        scaled = np.log10(numbers) if is_log else numbers
        moved = scaled + _BESIDE * (scaled.max() - scaled.min()) * _ranks_of_equals(values)
        return list(10**moved if is_log else moved)
    axes.set_xticks(range(len(distinct)), [short_label(write_value(one)) for one in distinct])
    axes.set_xlim(-0.6, len(distinct) - 0.4)
    width = min(0.12, 0.8 / max(1, values.value_counts().max()))
    return [
        distinct.index(value) + width * rank
        for value, rank in zip(values, _ranks_of_equals(values), strict=True)
    ]


def _ranks_of_equals(values: pd.Series) -> pd.Series:
    """Number the places of each value about 0: one alone 0, of two -0.5 and 0.5."""
    equals = values.groupby(values)
    return equals.cumcount() - (equals.transform("size") - 1) / 2


def _draw_band(axes: Axes, best: pd.Series | None) -> None:
    if best is not None:
        axes.axhspan(best["low"], best["high"], color=_BEST_COLOUR, alpha=0.11, linewidth=0)


def _title(trials: pd.DataFrame, best: pd.Series | None) -> str:
    if best is None:
        return f"{len(trials)} trials, none trained to its end"
    return (
        f"Best: trial {best['trial']}, right on {100 * best['accuracy']:.1f} % "
        f"({100 * best['low']:.1f} to {100 * best['high']:.1f}) of "
        f"{best['validation_images']:.0f} validation images"
    )


def _legend(trials: pd.DataFrame, best: pd.Series | None) -> list[Line2D | Patch]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = []
    if best is not None:
        handles += [
            Line2D([], [], color=_BEST_COLOUR, marker="o", label=f"best, trial {best['trial']}"),
            Patch(color=_BEST_COLOUR, alpha=0.2, label="95 % interval of the best (Wilson)"),
        ]
    met = set(trials.loc[trials["accuracy"].notna(), "status"])
    for status, (mark, words) in _ENDS.items():
        if status in met:
            colour = _colour(status, is_best=False)
            handles.append(Line2D([], [], color=colour, marker=mark, label=words, linewidth=1.3))
    return handles


def _colour(status: str, is_best: bool) -> str:
    if is_best:
        return _BEST_COLOUR
    return _COLOUR if status == "complete" else MUTED


def _is_best(row: dict[Hashable, Any], best: pd.Series | None) -> bool:
    return best is not None and row["trial"] == best["trial"]

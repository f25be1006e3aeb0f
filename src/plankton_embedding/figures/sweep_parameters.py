"""The trials of a study: accuracy against each parameter."""

from __future__ import annotations

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
from plankton_embedding.figures.style import figure_style, new_figure, percent_ticks, short_label
from plankton_embedding.figures.sweep_trials import (
    ENDS,
    draw_band,
    is_best_trial,
    trial_colour,
    trials_legend,
    trials_title,
)

_COLUMNS, _PANEL = 3, (3.3, 3.0)
_MANY_VALUES = 6
# Ratio of a range from which its axis is logarithmic.
_WIDE = 10
# Between equal values on an axis of numbers, in its length.
_BESIDE = 0.03
# From so many on, ticks at their beginnings only.
_DECADES = 3


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
            draw_band(axes, best)
            _draw_parameter(axes, trials, name, best)
            axes.yaxis.set_major_formatter(percent_ticks())
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        figure.supylabel("validation accuracy, leave-one-out", fontsize=9)
        figure.suptitle(
            trials_title(trials, best), x=0.01, ha="left", fontsize=10.5, fontweight="bold"
        )
        figure.legend(handles=trials_legend(trials, best), loc="outside lower center", ncols=3)
    return figure


def _draw_parameter(axes: Axes, trials: pd.DataFrame, name: str, best: pd.Series | None) -> None:
    shown = trials[trials[name].notna() & trials["accuracy"].notna()]
    axes.set_title(short_label(short_name(name)))
    if shown.empty:
        say_why_empty(axes, "no trial that was measured has it")
        return
    places = _place_values(axes, shown[name])
    for x, row in zip(places, shown.to_dict("records"), strict=True):
        is_best = is_best_trial(row, best)
        colour = trial_colour(row["status"], is_best)
        mark, _ = ENDS[row["status"]]
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

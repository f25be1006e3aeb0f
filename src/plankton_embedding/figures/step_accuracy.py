"""Validation accuracy over the steps of trainings, one beside the other."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.palette import distinct_colours
from plankton_embedding.figures.style import (
    figure_style,
    mark_whole_steps,
    new_figure,
    percent_ticks,
)

_ACCURACY = "validation_leave_one_out_accuracy"


def draw_step_accuracy(trainings: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the validation accuracy of trainings over their steps, the first one unbroken.

    Parameters
    ----------
    trainings : mapping of name to DataFrame
        Of each, one row a step: ``step``, ``validation_leave_one_out_accuracy``. One without rows
        has not begun; one without the column, of an earlier version, is left out.
    """
    drawn = {name: table for name, table in trainings.items() if _is_drawn(table)}
    last = max((int(table["step"].max()) for table in drawn.values()), default=1)
    with figure_style():
        figure = new_figure(figsize=(9, 2.9), layout="constrained")
        axes = figure.subplots()
        colours = distinct_colours(len(trainings))
        for place, name in enumerate(trainings):
            if name not in drawn:
                continue
            axes.plot(
                drawn[name]["step"],
                drawn[name][_ACCURACY],
                color=colours[place],
                linestyle=(0, (4, 1.5)) if place else "-",
                marker="o",
                label=name,
            )
        mark_whole_steps(axes, 1, last)
        axes.set(ylim=(0, 1.03), xlabel="step", ylabel="accuracy, each image left out")
        axes.yaxis.set_major_formatter(percent_ticks())
        axes.grid(visible=False, axis="x")
        if axes.lines:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _is_drawn(table: pd.DataFrame) -> bool:
    return _ACCURACY in table and len(table) > 0

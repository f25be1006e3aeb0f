"""Validation accuracy over the steps of trainings, one beside the other."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from plankton_embedding.figures.style import (
    MUTED,
    PLAIN_COLOUR,
    figure_style,
    mark_whole_steps,
    percent_ticks,
)


def draw_step_accuracy(trainings: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the validation accuracy of trainings over their steps, the first one in colour.

    Parameters
    ----------
    trainings : mapping of name to DataFrame
        Of each, one row a step: ``step``, ``validation_accuracy``. One without rows has not
        begun.
    """
    begun = {name: table for name, table in trainings.items() if len(table)}
    last = max((int(table["step"].max()) for table in begun.values()), default=1)
    with figure_style():
        figure = Figure(figsize=(9, 2.9), layout="constrained")
        axes = figure.subplots()
        for name, table in begun.items():
            is_first = name == next(iter(trainings))
            axes.plot(
                table["step"],
                table["validation_accuracy"],
                color=PLAIN_COLOUR if is_first else MUTED,
                linestyle="-" if is_first else (0, (4, 1.5)),
                marker="o",
                label=name,
            )
        mark_whole_steps(axes, 1, last)
        axes.set(ylim=(0, 1.03), xlabel="step", ylabel="validation accuracy")
        axes.yaxis.set_major_formatter(percent_ticks())
        axes.grid(visible=False, axis="x")
        if begun:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure

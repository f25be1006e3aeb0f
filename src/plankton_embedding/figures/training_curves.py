"""Training curves: losses and learning rate over epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.figures.empty import draw_words, say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    MUTED,
    SPLIT_COLOURS,
    figure_style,
    mark_whole_steps,
    new_figure,
)

_NARROWEST_PANEL = 0.25
_MOST_STEP_LINES, _MOST_MARKERS, _DENSE = 40, 30, 150
_NUMBERS = ["learning_rate", "train_loss", "validation_loss"]


def draw_training_curves(history: pd.DataFrame) -> Figure:
    """Draw the losses over epochs, and the learning rate below them.

    Stages stand side by side, each with its epochs named below. Those trained by the same loss
    have the same loss axis; those trained by different losses do not, since their values cannot
    be compared. Thin lines separate steps. A loss that is NaN or infinite leaves a gap, and a
    cross on the axis.

    Parameters
    ----------
    history : DataFrame
        One row an epoch: ``stage``, ``trained`` (head only or whole network), ``loss`` (its name),
        ``step``, ``epoch``, ``learning_rate``, ``train_loss``, ``validation_loss``. Without
        rows, as where embeddings came without their training, the figure says so.
    """
    if history.empty:
        return draw_words("no training history came with these embeddings", 9)
    # Its loss is none that a gradient follows.
    trained = history[history["stage"] != "closed_form"]
    if trained.empty:
        return draw_words("nothing was trained: the head was solved in closed form", 9)
    ordered = trained.sort_values("epoch", ignore_index=True)
    ordered[_NUMBERS] = ordered[_NUMBERS].astype(float).replace([np.inf, -np.inf], np.nan)
    panels = [panel for _, panel in ordered.groupby(_runs(ordered[["stage", "loss"]]))]
    shares = [max(len(panel) / len(ordered), _NARROWEST_PANEL) for panel in panels]
    sizes = {"width_ratios": shares, "height_ratios": [3, 1]}
    with figure_style():
        figure = new_figure(figsize=(9, 4.6), layout="constrained")
        grid = figure.subplots(2, len(panels), squeeze=False, gridspec_kw=sizes)
        for column, panel in enumerate(panels):
            same_loss = ordered[ordered["loss"] == panel["loss"].iloc[0]]
            _draw_losses(grid[0, column], panel)
            highest = same_loss[["train_loss", "validation_loss"]].max(axis=None)
            grid[0, column].set_ylim(0, 1.05 * highest if highest > 0 else 1)
            _draw_learning_rate(grid[1, column], panel)
            most_ticks = max(3, round(12 * shares[column] / sum(shares)))
            for axes in grid[:, column]:
                axes.xaxis.get_major_locator().set_params(nbins=most_ticks)
        grid[1, 0].set_ylabel("learning rate")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2)
    return figure


def _draw_losses(axes: Axes, panel: pd.DataFrame) -> None:
    many = len(panel) > _DENSE
    for split, label in (("train", "training images"), ("validation", "validation images")):
        losses = panel[f"{split}_loss"]
        colour = SPLIT_COLOURS[split]
        axes.plot(
            panel["epoch"],
            losses,
            color=colour,
            linestyle="-" if split == "train" or many else (0, (4, 1.5)),
            linewidth=1 if many else None,
            marker="o" if len(panel) <= _MOST_MARKERS else "",
            label=label,
        )
        missing = panel.loc[losses.isna(), "epoch"]
        if 0 < len(missing) < len(panel):
            axes.scatter(missing, 0 * missing, 12, colour, marker="x", linewidths=1, clip_on=False)
    if panel[["train_loss", "validation_loss"]].isna().all(axis=None):
        say_why_empty(axes, "no loss was finite")
    loss, stage, trained = (str(panel[name].iloc[0]) for name in ("loss", "stage", "trained"))
    axes.set_ylabel(f"{loss} loss".replace("_", " "))
    axes.set_title(f"{stage} stage\n{trained}".replace("_", " "))
    axes.tick_params(labelbottom=False)
    _frame_epochs(axes, panel)


def _draw_learning_rate(axes: Axes, panel: pd.DataFrame) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    rate = panel["learning_rate"]
    axes.step(panel["epoch"], rate, where="mid", color=MUTED, linewidth=1.4)
    if len(panel) == 1:
        axes.plot(panel["epoch"], rate, "o", color=MUTED)
    if rate.min() > 0 and rate.max() / rate.min() > 5:
        axes.set_yscale("log")
        decades = np.log10(rate.max() / rate.min())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 3) if decades < 2 else (1,), numticks=6))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, 1.25 * rate.max() if rate.max() > 0 else 1)
        axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    first, last = panel["epoch"].min(), panel["epoch"].max()
    axes.set_xlabel(f"epoch {first}" if first == last else f"epochs {first} to {last}")
    _frame_epochs(axes, panel)


def _frame_epochs(axes: Axes, panel: pd.DataFrame) -> None:
    axes.grid(visible=False, axis="x")
    axes.spines["right"].set_visible(True)  # a stage ends here
    mark_whole_steps(axes, int(panel["epoch"].min()), int(panel["epoch"].max()))
    starts = panel["epoch"][_runs(panel[["step"]]).diff() > 0]
    if len(starts) <= _MOST_STEP_LINES:
        for start in starts:
            axes.axvline(start - 0.5, color=MUTED, alpha=0.45, linewidth=0.6, zorder=0)


def _runs(columns: pd.DataFrame) -> pd.Series:
    """Give each row the number of its run of equal rows, counted from 1."""
    return columns.ne(columns.shift()).any(axis=1).cumsum()

"""How many images each class has, and in which split they are."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    MUTED,
    PAPER,
    SPLIT_COLOURS,
    figure_style,
    new_figure,
    percent_ticks,
    short_label,
)


def draw_class_counts(class_counts: pd.DataFrame) -> Figure:
    """Draw the images found of each class (left, log scale) and where they went (right).

    Parameters
    ----------
    class_counts : DataFrame
        One row a class: ``class_name``, ``found``, ``train``, ``validation``, ``test``,
        ``dropped``, ``rejected``, perhaps ``unseen``. Drawn from the largest class to the
        smallest.
    """
    table = class_counts.sort_values(["found", "class_name"], ascending=[True, False])
    labels = [short_label(str(name)) for name in table["class_name"]]
    with figure_style():
        height = max(2.2, 0.19 * len(table) + 1.3)
        figure = new_figure(figsize=(9.4, height), layout="constrained")
        found, shares = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1.25])
        _draw_found(found, table["found"])
        _draw_shares(shares, table)
        found.set_yticks(range(len(labels)), labels, fontsize=8)
        found.set_ylim(-0.7, len(labels) - 0.3)
        for axes in (found, shares):
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(visible=False, axis="y")
    return figure


def _draw_found(axes: Axes, found: pd.Series) -> None:
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    rows = range(len(found))
    axes.hlines(rows, 0.8, found, color=MUTED, alpha=0.5, linewidth=1.2)
    axes.plot(found, rows, "o", color=SPLIT_COLOURS["train"], markersize=5)
    for row, count in enumerate(found):
        axes.text(count * 1.25, row, f"{count:,}", fontsize=7.5, va="center")
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(10, found.max()) * 4)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Images found")
    axes.set_xlabel("images (log scale)")


def _draw_shares(axes: Axes, table: pd.DataFrame) -> None:
    # Without unseen classes, and in tables of before there were any, there is nothing to tell.
    without = {"unseen"} if "unseen" not in table or not table["unseen"].any() else set()
    colours = {name: colour for name, colour in SPLIT_COLOURS.items() if name not in without}
    total = table[list(colours)].sum(axis=1).clip(lower=1)
    left = pd.Series(0.0, index=table.index)
    for split, colour in colours.items():
        share = table[split] / total
        axes.barh(
            range(len(table)),
            share,
            left=left,
            height=0.72,
            color=colour,
            hatch="/////" if split in ("dropped", "rejected") else None,
            edgecolor=PAPER,
            linewidth=0.4,
            label=f"{split} ({table[split].sum():,})",
        )
        left = left + share
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.set_title("Where they went")
    axes.set_xlabel("share of the class's images")
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=6)

"""How many dimensions the embedding really uses."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.analysis.principal_basis import components_that_hold
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    MUTED,
    PAPER,
    RADIUS_COLOUR,
    SEPARATION_COLOUR,
    figure_style,
    new_figure,
    percent_ticks,
)

_LOOKS = {"plain": (SEPARATION_COLOUR, "o", "-"), "standardised": (RADIUS_COLOUR, "s", "--")}


def draw_explained_variance(explained_variance: pd.DataFrame, share: float) -> Figure:
    """Draw the variance explained by each component and by all components up to it.

    Parameters
    ----------
    explained_variance : DataFrame
        As from `plankton_embedding.analysis.principal_basis.measure_explained_variance`.
    share : float
        The legend says how many components hold this share of the variance.
    """
    held = components_that_hold(explained_variance, share)
    with figure_style():
        figure = new_figure(figsize=(9.4, 3.5))
        figure.set_layout_engine("constrained", w_pad=0.1)
        each, together = figure.subplots(1, 2)
        for projection, part in explained_variance.groupby("projection", sort=True):
            name = str(projection)
            _draw_line(each, part, "explained", name, name)
            _draw_line(together, part, "cumulative", name, _held_by(name, held[name], share))
        _finish(each, "Variance along each component")
        _finish(together, "Variance along all components up to this one")
        _mark_share(together, share, held)
        together.set_ylim(0, 1.04)
        together.legend(
            loc="lower right", frameon=True, framealpha=1, facecolor=PAPER, edgecolor=PAPER
        )
    return figure


def _draw_line(axes: Axes, part: pd.DataFrame, column: str, name: str, label: str) -> None:
    colour, marker, line = _LOOKS[name]
    axes.plot(
        part["component"],
        part[column],
        color=colour,
        marker=marker,
        linestyle=line,
        markersize=2.6,
        linewidth=1.4,
        label=label,
    )


def _mark_share(axes: Axes, share: float, held: dict[str, int]) -> None:
    components = list(held.values())
    axes.hlines(share, 0.5, max(components), colors=MUTED, linewidth=0.9, linestyles=":")
    axes.vlines(components, 0, share, colors=MUTED, linewidth=0.9, linestyles=":")


def _held_by(name: str, components: int, share: float) -> str:
    if components == 0:
        return f"{name}: no variance"
    noun = "component holds" if components == 1 else "components hold"
    return f"{name}: {components} {noun} {100 * share:g} %"


def _finish(axes: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title)
    axes.set_xlabel("component")
    axes.set_ylabel("share of the variance")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.set_xlim(left=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend(loc="upper right")

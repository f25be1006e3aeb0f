"""Words in place of a figure or a panel that has nothing to show."""

from __future__ import annotations

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import MUTED, figure_style, new_figure


def say_why_empty(axes: Axes, words: str) -> None:
    """Write in a panel what it needs; the ticks that it shares with its neighbours stay."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=MUTED)
    if len(axes.get_shared_x_axes().get_siblings(axes)) == 1:
        axes.set_xticks([])
    if len(axes.get_shared_y_axes().get_siblings(axes)) == 1:
        axes.set_yticks([])


def draw_words(words: str, width: float) -> Figure:
    """Draw a line of words, so many inches wide, where there is nothing to draw.

    They stand in axes: IPython takes a figure without any for empty and shows nothing.
    """
    with figure_style():
        figure = new_figure(figsize=(width, 1.2))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.text(0.5, 0.5, words, ha="center", va="center", color=MUTED)
        axes.set_axis_off()
    return figure

"""The confusion matrix with a slider over the steps of a training."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.confusions import confusion_frames
from plankton_embedding.figures.confusion_animation import ANIMATED_SPLIT, step_titles
from plankton_embedding.figures.kinds import InteractiveFigure
from plankton_embedding.figures.playback import play_buttons, step_slider
from plankton_embedding.figures.scene import GRID_GRAY, MID_GRAY
from plankton_embedding.figures.style import short_labels

_CLEAR = "rgba(0,0,0,0)"
# Brighter than on paper: it must be seen on a dark page too.
_SHARE_COLOUR = (30, 128, 205)
_DEPTHS = [step / 20 for step in range(21)]
# Pixels, at up to 30 classes and from 100 on.
_CLASSES, _ROW_HEIGHT, _LETTERS = (30, 100), (22, 11), (11, 8)
_COLUMN_WIDTH, _BESIDE_WIDTH = 11, 140
_ABOVE, _LEAST_HEIGHT = 175, 260
# Above the matrix, where no class name can reach them.
_SLIDER_PLACE = {"x": 0, "len": 1, "y": 1, "yanchor": "bottom", "pad": {"b": 4}}
_SLIDER_PLACE |= {"currentvalue": {"visible": False}}
_BUTTONS_PLACE = {"x": 0, "y": 1, "yanchor": "bottom", "pad": {"b": 58}}
_SHARE_TICKS = (0, 0.1, 0.25, 0.5, 1)
_HOVER = (
    "true class <b>%{y}</b><br>predicted <b>%{x}</b>"
    "<br>%{text} images, %{z:.1%} of the true class<extra></extra>"
)


def draw_confusion_slider(confusions: pd.DataFrame, order: Sequence[str]) -> InteractiveFigure:
    """Draw the confusions of validation images as a heat map with a slider over the steps.

    The centroids are those of the same images: the accuracy in the title is optimistic. It shows
    the last step first. Names are escaped: Plotly reads them as HTML.

    Parameters
    ----------
    confusions : DataFrame
        As from `plankton_embedding.analysis.confusions.count_confusions_over_steps`.
    order : sequence of str
        The classes, as from `order_classes`.
    """
    import plotly.graph_objects as go

    frames = confusion_frames(confusions, order, ANIMATED_SPLIT)
    titles = [{"title": {"text": text.replace("\n", "<br>")}} for text in step_titles(frames)]
    cells = [_cells(*of_step) for of_step in zip(frames.counts, frames.shares, strict=True)]
    heat_map = go.Heatmap(
        **cells[-1],
        zmin=0,
        zmax=1,
        colorscale=_square_root_scale(),
        colorbar=_colour_bar(),
        hovertemplate=_HOVER,
        hoverongaps=False,
    )
    label_bearer = go.Scatter(x=[None], y=[None], xaxis="x2", yaxis="y2", showlegend=False)
    return go.Figure(
        data=[heat_map, label_bearer],
        layout=_layout(frames.class_names, frames.steps, titles[-1]),
        frames=[
            go.Frame(name=str(step), data=[go.Heatmap(**of_step)], traces=[0], layout=title)
            for step, of_step, title in zip(frames.steps, cells, titles, strict=True)
        ],
    )


def _cells(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> dict[str, list[Any]]:
    # Only the cells with images, which are few, and the diagonal: it keeps every row and column.
    rows, columns = np.nonzero((counts > 0) | np.eye(len(counts), dtype=bool))
    return {
        "x": columns.tolist(),
        "y": rows.tolist(),
        "z": shares[rows, columns].round(4).tolist(),
        "text": counts[rows, columns].tolist(),
    }


def _square_root_scale() -> list[list[Any]]:
    # What is there, however little, can be told from the page behind, be it light or dark.
    red, green, blue = _SHARE_COLOUR
    stops = [(0.0, 0.0), *((max(depth**2, 1e-6), 0.14 + 0.86 * depth) for depth in _DEPTHS)]
    return [[round(share, 6), f"rgba({red},{green},{blue},{a:.2f})"] for share, a in stops]


def _colour_bar() -> dict[str, Any]:
    return {
        "title": {"text": "share of the true class's images", "side": "right"},
        "tickvals": _SHARE_TICKS,
        "tickformat": ".0%",
        "thickness": 12,
        "len": 280,
        "lenmode": "pixels",
        "y": 1,
        "yanchor": "top",
        "outlinewidth": 0,
    }


def _layout(names: Sequence[str], steps: Sequence[int], title: dict[str, Any]) -> dict[str, Any]:
    classes = len(names)
    rows = max(_LEAST_HEIGHT, classes * float(np.interp(classes, _CLASSES, _ROW_HEIGHT)))
    letters = float(np.interp(classes, _CLASSES, _LETTERS))
    names_length = 0.6 * letters * max(map(len, short_labels(names)))
    heading = {**title["title"], "x": 0, "xanchor": "left", "y": 1, "yanchor": "top"}
    heading |= {"pad": {"l": 20, "t": 36}, "font": {"size": 15}}
    return {
        "title": heading,
        **_axes(names),
        "sliders": [{**step_slider(steps, len(steps)), **_SLIDER_PLACE}],
        "updatemenus": [{**play_buttons(), **_BUTTONS_PLACE}],
        "plot_bgcolor": _CLEAR,
        "paper_bgcolor": _CLEAR,
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": MID_GRAY},
        "margin": {"l": 20, "r": 20, "t": _ABOVE, "b": 20},
        "modebar": {"bgcolor": _CLEAR, "color": MID_GRAY},
        "height": round(_ABOVE + rows + 60 + names_length),
        # The page's script gives the figure so many pixels; its box scrolls sideways.
        "meta": {"least_width": round(_COLUMN_WIDTH * classes + _BESIDE_WIDTH + names_length)},
        "template": None,
    }


def _axes(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    # What the hover says are the labels of the axis: so the full names are on one that shows
    # none, and the short labels are on a second that moves with it.
    classes = len(names)
    plain = {"tickvals": list(range(classes)), "showgrid": False, "zeroline": False}
    full = {
        **plain,
        "ticktext": [escape(name, quote=False) for name in names],
        "showticklabels": False,
        "showline": True,
        "mirror": True,
        "linecolor": GRID_GRAY,
        "showspikes": True,
        "spikemode": "toaxis",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": MID_GRAY,
    }
    short = {
        **plain,
        "ticktext": [escape(label, quote=False) for label in short_labels(names)],
        "tickfont": {"size": float(np.interp(classes, _CLASSES, _LETTERS))},
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": _CLEAR,
        "automargin": True,
    }
    across = {**short, "title": {"text": "predicted class"}, "tickangle": -90}
    down = {**short, "title": {"text": "true class"}}
    return {
        "xaxis": {**full, "range": [-0.5, classes - 0.5]},
        "yaxis": {**full, "range": [classes - 0.5, -0.5]},
        "xaxis2": {**across, "overlaying": "x", "matches": "x", "side": "bottom"},
        "yaxis2": {**down, "overlaying": "y", "matches": "y", "side": "left"},
    }

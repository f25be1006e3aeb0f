"""How well novelty scores tell unknown from known images, and what a threshold keeps."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PAPER,
    figure_style,
    new_figure,
    percent_ticks,
)

# Name, colour, line and marker of each score, the same in every figure.
SCORE_LOOKS: dict[str, tuple[str, str, Any, str]] = {
    "scaled_distance": ("distance ÷ radius", "#2f7fb9", "-", "o"),
    "mahalanobis_distance": ("Mahalanobis distance", "#d9822b", (0, (5, 1.4)), "s"),
    "neighbour_distance": ("distance to neighbour k", "#9a5fb4", (0, (1.4, 1.1)), "D"),
}
_FEWEST_KEPT = 0.5

_Record = dict[Hashable, Any]


def draw_rejection_curves(curves: pd.DataFrame, rejection: pd.DataFrame) -> Figure:
    """Draw the ROC curve of each score, and what is kept and rejected as the threshold moves.

    Parameters
    ----------
    curves : DataFrame
        As from `plankton_embedding.analysis.rejection_curves.measure_rejection_curves`.
    rejection : DataFrame
        As from `plankton_embedding.analysis.rejection.measure_rejection`. Its thresholds are
        marked, with Wilson 95 % intervals; areas have bootstrap 95 % intervals.
    """
    with figure_style():
        figure = new_figure(figsize=(9.4, 5.0))
        figure.set_layout_engine("constrained", w_pad=0.12)
        roc, moving = figure.subplots(1, 2)
        _draw_roc(roc, curves, rejection)
        _draw_shares(moving, curves, rejection)
    return figure


def draw_open_set_accuracy(curves: pd.DataFrame, rejection: pd.DataFrame) -> Figure:
    """Draw the open-set accuracy as the threshold moves, and the OSCR curve of each score.

    Parameters
    ----------
    curves, rejection : DataFrame
        As for `draw_rejection_curves`.
    """
    with figure_style():
        figure = new_figure(figsize=(9.4, 5.0))
        figure.set_layout_engine("constrained", w_pad=0.12)
        accuracy, oscr = figure.subplots(1, 2)
        _draw_accuracy(accuracy, curves, rejection)
        _draw_oscr(oscr, curves, rejection)
    return figure


def visible_from(kept_share: float) -> float:
    """Return the smallest share of validation images kept that is drawn: no one rejects more."""
    return min(_FEWEST_KEPT, 0.9 * kept_share)


def draw_kept_axis(axes: Axes, kept_share: float) -> None:
    """Make the x axis one of what thresholds keep: the same for scores of different units.

    Parameters
    ----------
    axes : Axes
    kept_share : float
        The share of validation images that the threshold was chosen to keep; marked by a line.
    """
    axes.set_xlabel("validation images kept by the threshold")
    axes.set_xlim(visible_from(kept_share), 1.005)
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.axvline(kept_share, color=MUTED, linewidth=0.9, linestyle=":", zorder=1)


def draw_nothing_rejected(axes: Axes, height: float, written: str) -> None:
    """Draw a line at what is without a threshold, named in the legend."""
    axes.axhline(
        height,
        color=MUTED,
        linewidth=0.9,
        linestyle=(0, (4, 2)),
        zorder=1,
        label=f"nothing rejected: {written}",
    )


def put_legend_below(axes: Axes) -> None:
    """Put the legend below a panel: inside there is no place that no curve will cross."""
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), borderaxespad=0, handlelength=2.4)


def _draw_roc(axes: Axes, curves: pd.DataFrame, rejection: pd.DataFrame) -> None:
    axes.set_title("How well unknown images are told (ROC)")
    axes.set_xlabel("unknown images kept (false positives)")
    axes.set_ylabel("known test images kept (true positives)")
    if rejection["auroc"].isna().any():
        say_why_empty(axes, "needs images of unseen classes")
        return
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=":", zorder=1)
    axes.text(0.6, 0.585, "chance", color=MUTED, fontsize=8, va="top")
    for row, part in _by_score(curves, rejection):
        area = f"{row['auroc']:.3f} ({row['auroc_low']:.3f}–{row['auroc_high']:.3f})"
        name = SCORE_LOOKS[row["score"]][0]
        _draw_line(axes, part["unknown_kept"], part["known_kept"], row, f"{name}: area {area}")
        across = _reach(row, "unknown_rejected")[::-1]
        place = (1 - row["unknown_rejected"], row["known_kept"])
        _mark(axes, place, row, xerr=across, yerr=_reach(row, "known_kept"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent_ticks())
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    put_legend_below(axes)


def _draw_shares(axes: Axes, curves: pd.DataFrame, rejection: pd.DataFrame) -> None:
    axes.set_title("What each threshold keeps and rejects")
    axes.set_ylabel("share of the images")
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=":", label="kept as promised")
    for row, part in _by_score(curves, rejection):
        name, kept = SCORE_LOOKS[row["score"]][0], part["validation_kept"]
        _draw_line(axes, kept, part["known_kept"], row, None, linewidth=1.2)
        place = (row["validation_kept"], row["known_kept"])
        _mark(axes, place, row, yerr=_reach(row, "known_kept"))
        label = f"{name}: {100 * row['known_kept']:.1f} % kept"
        if pd.notna(row["unknown_rejected"]):
            label += f", {100 * row['unknown_rejected']:.1f} % rejected"
        _draw_line(axes, kept, 1 - part["unknown_kept"], row, label)
        place = (row["validation_kept"], row["unknown_rejected"])
        _mark(axes, place, row, yerr=_reach(row, "unknown_rejected"))
    draw_kept_axis(axes, float(rejection["kept_share"].iloc[0]))
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.set_ylim(-0.02, 1.1)
    axes.set_yticks(np.linspace(0, 1, 6))
    left = axes.get_xlim()[0]
    small: dict[str, Any] = {"fontsize": 8, "color": MUTED, "clip_on": True}
    axes.text(left + 0.015, max(0.0, left - 0.04), "known test images kept", va="top", **small)
    if rejection["unknown_rejected"].notna().any():
        axes.text(left + 0.015, 1.02, "unknown images rejected", va="bottom", **small)
    put_legend_below(axes)


def _draw_accuracy(axes: Axes, curves: pd.DataFrame, rejection: pd.DataFrame) -> None:
    axes.set_title("Open-set accuracy")
    axes.set_ylabel("right and kept, or unknown and rejected")
    if rejection["open_set_accuracy"].isna().any():
        say_why_empty(axes, "needs images of unseen classes")
        return
    everything = float(curves["open_set_accuracy"].iloc[-1])
    draw_nothing_rejected(axes, everything, f"{100 * everything:.1f} %")
    kept_share = float(rejection["kept_share"].iloc[0])
    for row, part in _by_score(curves, rejection):
        name = SCORE_LOOKS[row["score"]][0]
        low, high = (100 * row[f"open_set_accuracy_{end}"] for end in ("low", "high"))
        label = f"{name}: {100 * row['open_set_accuracy']:.1f} % ({low:.1f}–{high:.1f})"
        part = part[part["validation_kept"] >= visible_from(kept_share)]
        _draw_line(axes, part["validation_kept"], part["open_set_accuracy"], row, label)
        place = (row["validation_kept"], row["open_set_accuracy"])
        _mark(axes, place, row, yerr=_reach(row, "open_set_accuracy"))
    draw_kept_axis(axes, kept_share)
    axes.yaxis.set_major_formatter(percent_ticks())
    put_legend_below(axes)


def _draw_oscr(axes: Axes, curves: pd.DataFrame, rejection: pd.DataFrame) -> None:
    from matplotlib.ticker import NullFormatter

    axes.set_title("Known images right, unknown kept (OSCR)")
    axes.set_xlabel("unknown images kept, logarithmic")
    axes.set_ylabel("known test images right and kept")
    if rejection["oscr_area"].isna().any():
        say_why_empty(axes, "needs images of unseen classes")
        return
    closed = rejection["closed_set_accuracy"].iloc[0]
    draw_nothing_rejected(axes, closed, f"{100 * closed:.1f} %")
    lowest = 1 / rejection["unknown_images"].iloc[0]
    for row, part in _by_score(curves, rejection):
        label = f"{SCORE_LOOKS[row['score']][0]}: area {row['oscr_area']:.3f}"
        part = part[part["unknown_kept"] > 0]
        _draw_line(axes, part["unknown_kept"], part["known_right_kept"], row, label)
        place = (max(1 - row["unknown_rejected"], lowest), row["known_right_kept"])
        _mark(axes, place, row, yerr=_reach(row, "known_right_kept"))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.set(xlim=(0.9 * min(lowest, 0.5), 1.1), ylim=(0, 1.04))
    put_legend_below(axes)


def _by_score(
    curves: pd.DataFrame, rejection: pd.DataFrame
) -> Iterator[tuple[_Record, pd.DataFrame]]:
    for row in rejection.to_dict("records"):
        yield row, curves[curves["score"] == row["score"]]


def _draw_line(
    axes: Axes, x: pd.Series, y: pd.Series, row: _Record, label: str | None, **look: Any
) -> None:
    _, colour, line, _ = SCORE_LOOKS[row["score"]]
    axes.plot(x, y, color=colour, linestyle=line, label=label, **look)


def _mark(axes: Axes, place: tuple[float, float], row: _Record, **reach: Any) -> None:
    _, colour, _, marker = SCORE_LOOKS[row["score"]]
    axes.errorbar(
        place[0],
        place[1],
        color=colour,
        marker=marker,
        markersize=6,
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        elinewidth=1.1,
        zorder=4,
        **reach,
    )


def _reach(row: _Record, name: str) -> NDArray[np.float64]:
    """Return how far an interval reaches below and above its value, shape (2, 1)."""
    reach = np.array([[row[name] - row[f"{name}_low"]], [row[f"{name}_high"] - row[name]]])
    # The end of an interval at 100 % is 1 but for rounding.
    return np.maximum(reach, 0)

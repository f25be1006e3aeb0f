"""How far the predicted community is from the true one, against the threshold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis.community import KNOWN_CLASSES, WITH_UNKNOWN
from plankton_embedding.figures.empty import say_why_empty
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.rejection import (
    SCORE_LOOKS,
    draw_kept_axis,
    draw_nothing_rejected,
    put_legend_below,
    visible_from,
)
from plankton_embedding.figures.style import PAPER, figure_style, new_figure

_TITLES = {
    WITH_UNKNOWN: "All images, unknown as one more class",
    KNOWN_CLASSES: "Known classes alone",
}


def draw_community_distances(community: pd.DataFrame) -> Figure:
    """Draw the Bray–Curtis distance of true to predicted community as the threshold moves.

    Parameters
    ----------
    community : DataFrame
        As from `plankton_embedding.analysis.community.measure_community`. Bands are bootstrap
        95 % intervals of the mean over communities; one community has none.
    """
    with figure_style():
        figure = new_figure(figsize=(9.4, 4.7))
        figure.set_layout_engine("constrained", w_pad=0.12)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (counted, title) in zip(panels, _TITLES.items(), strict=True):
            axes.set_title(title)
            _draw_distances(axes, community[community["counted"] == counted])
        panels[0].set_ylabel(f"Bray–Curtis distance{_over_what(community)}")
        panels[0].set_ylim(bottom=0)
    return figure


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    if table["distance"].isna().all():
        say_why_empty(axes, "needs images of known classes")
        return
    nothing = table.loc[table["kept_share"].isna(), "distance"].iloc[0]
    draw_nothing_rejected(axes, nothing, f"{nothing:.3f}")
    chosen_shares = table.loc[table["is_chosen"], "kept_share"]
    kept_share = float(chosen_shares.iloc[0]) if len(chosen_shares) else 1.0
    for score, part in table.groupby("score", sort=False):
        name, colour, line, marker = SCORE_LOOKS[str(score)]
        moving = part[part["kept_share"] >= visible_from(kept_share)]
        shares = moving["kept_share"]
        axes.fill_between(
            shares, moving["low"], moving["high"], color=colour, alpha=0.16, linewidth=0
        )
        label = name
        for chosen in moving[moving["is_chosen"]].to_dict("records"):
            label += f": {chosen['distance']:.3f}"
            if pd.notna(chosen["low"]):
                label += f" ({chosen['low']:.3f}–{chosen['high']:.3f})"
            place = [chosen["kept_share"]], [chosen["distance"]]
            look: dict[str, Any] = {
                "markersize": 6,
                "markeredgecolor": PAPER,
                "markeredgewidth": 0.7,
            }
            axes.plot(*place, color=colour, marker=marker, zorder=4, **look)
        axes.plot(shares, moving["distance"], color=colour, linestyle=line, label=label)
    draw_kept_axis(axes, kept_share)
    put_legend_below(axes)


def _over_what(community: pd.DataFrame) -> str:
    communities = int(community["communities"].iloc[0])
    if not community["by_group"].iloc[0]:
        return ", all test and unseen images"
    return f", mean of {communities} groups" if communities > 1 else ", one group"

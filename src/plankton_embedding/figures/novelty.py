"""How strange images are to the classes that the network knows, beside those it knows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.style import (
    INK,
    SPLIT_COLOURS,
    figure_style,
    new_figure,
    percent_ticks,
)

_COLOURS = (SPLIT_COLOURS["test"], SPLIT_COLOURS["unseen"], SPLIT_COLOURS["validation"])
_BINS = 40
# Beyond this share of the scores, all are drawn into the last bin.
_DRAWN = 0.995


def draw_novelty(scores: Mapping[str, ArrayLike], threshold: float | None) -> Figure:
    """Draw how novelty scores are distributed, with the threshold of the unknown.

    Parameters
    ----------
    scores : mapping of name to array, shape (images,)
        Distances to the nearest centroid in radii of its class, as from
        `plankton_embedding.analysis.novelty.ScaledDistance`; at most three groups of images.
    threshold : float or None
        Beyond it an image is unknown. None: no image is.
    """
    groups = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    most = max(float(np.quantile(values, _DRAWN)) for values in groups.values())
    edges = np.linspace(0, 1.05 * max(most, 1.2 * (threshold or 0)), _BINS)
    with figure_style():
        figure = new_figure(figsize=(9.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for (name, values), colour in zip(groups.items(), _COLOURS, strict=False):
            weights = np.full(len(values), 1 / len(values))
            label = f"{name} ({len(values):,} images)"
            clipped = np.minimum(values, edges[-1])
            axes.hist(
                clipped, edges.tolist(), weights=weights, color=colour, alpha=0.55, label=label
            )
        if threshold is not None:
            axes.axvline(threshold, color=INK, linewidth=1, linestyle="--")
            axes.annotate(
                "unknown from here",
                (threshold, 1),
                (4, -9),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                fontsize=8,
            )
        axes.set_xlabel("distance to the nearest class, in radii of that class")
        axes.set_ylabel("share of the images")
        axes.yaxis.set_major_formatter(percent_ticks())
        axes.grid(visible=False, axis="x")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure

"""How large the images of each class are."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.style import (
    INK,
    MUTED,
    PLAIN_COLOUR,
    figure_style,
    new_figure,
    short_label,
)

_QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def draw_size_distribution(images: pd.DataFrame, image_size: int) -> Figure:
    """Draw the longer side of each class's images: median, half of them, nine tenths.

    Parameters
    ----------
    images : DataFrame
        Accepted images: ``class_name``, ``width``, ``height`` (pixels), and ``pixel_size`` (µm a
        pixel) where it is known; sizes are in millimetres if it is known of all.
    image_size : int
        Side of the stored images, marked where sizes are in pixels.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    longer = images[["width", "height"]].max(axis=1)
    known = "pixel_size" in images and bool(images["pixel_size"].notna().all())
    sizes = longer * images["pixel_size"] / 1000 if known else longer
    by_class = sizes.groupby(images["class_name"])
    table = pd.DataFrame({share: by_class.quantile(share) for share in _QUANTILES})
    table = table.loc[table[0.5].sort_values().index]
    rows = range(len(table))
    with figure_style():
        figure = new_figure(figsize=(9.4, max(2.2, 0.19 * len(table) + 1.3)), layout="constrained")
        axes = figure.subplots()
        axes.hlines(rows, table[0.05], table[0.95], color=MUTED, alpha=0.6, linewidth=1.1)
        axes.hlines(rows, table[0.25], table[0.75], color=PLAIN_COLOUR, alpha=0.45, linewidth=6)
        axes.plot(table[0.5], rows, "o", color=PLAIN_COLOUR, markersize=5)
        axes.set_xscale("log")
        if not known:
            axes.axvline(image_size, color=INK, linewidth=0.9, linestyle="--")
            axes.annotate(
                f"stored at {image_size} px",
                (image_size, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=8,
                color=MUTED,
            )
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(rows, [short_label(str(name)) for name in table.index], fontsize=8)
        axes.set_ylim(-0.7, len(table) - 0.3)
        axes.set_xlabel(
            "longer side, mm (log scale)" if known else "longer side, pixels (log scale)"
        )
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
    return figure

"""The most confused pairs of classes with images: what was taken for what, side by side."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.confusions import ROLES
from plankton_embedding.figures.empty import draw_words
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.page import render
from plankton_embedding.figures.sprites import ImageSource
from plankton_embedding.figures.style import (
    GRID,
    MUTED,
    PLAIN_COLOUR,
    figure_style,
    new_figure,
    short_labels,
)
from plankton_embedding.figures.thumbnails import make_thumbnail

_CAPTIONS = {
    "true": "typical {true}",
    "confused": "taken for {other}",
    "predicted": "typical {other}",
}
_WRONG_COLOUR = "#d1603d"
_NONE_WRONG = "No test image was given a wrong class."
# Inches: a picture's side, between pictures, between groups of them, above a row, around all.
_SIDE, _GAP, _BETWEEN, _ABOVE, _EDGE = 0.8, 0.05, 0.3, 0.52, 0.12
# Room for the longest caption.
_LEAST_GROUP = 2.9


def render_confused_pairs(
    pairs: pd.DataFrame, examples: pd.DataFrame, store: ImageSource | None
) -> str:
    """Render the pairs as a part of a page, with the pictures inside.

    Parameters
    ----------
    pairs : DataFrame
        As from `plankton_embedding.analysis.scores.most_confused_pairs`.
    examples : DataFrame
        Of these pairs, as from `plankton_embedding.analysis.confusions.choose_pair_examples`.
    store : ImageSource or None
        Holds the images; without it there are names and counts only.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    ImageStoreError
        If an `ImageStore` does not hold one of the images.
    """
    pictures = _read_pictures(examples, store)
    thumbnails = {name: make_thumbnail(name, pixels) for name, pixels in pictures.items()}
    chosen = _ids_by_pair_and_role(examples)
    groups = [
        {role: [thumbnails[name] for name in chosen.get((pair, role), [])] for role in ROLES}
        if pictures
        else {}
        for pair in range(len(pairs))
    ]
    rows = zip(pairs.to_dict("records"), groups, strict=True)
    return render("confused_pairs.html", pairs=list(rows))


def draw_confused_pairs(
    pairs: pd.DataFrame, examples: pd.DataFrame, store: ImageSource | None
) -> Figure:
    """Draw the pairs, a row each: typical of the true class, confused, typical of the other.

    Takes and raises what `render_confused_pairs` does; without a store it draws bars.
    """
    if pairs.empty:
        return draw_words(_NONE_WRONG, 6)
    pictures = _read_pictures(examples, store)
    with figure_style():
        return _draw_rows(pairs, examples, pictures) if pictures else _draw_bars(pairs)


def _read_pictures(
    examples: pd.DataFrame, store: ImageSource | None
) -> dict[str, NDArray[np.uint8]]:
    if store is None or examples.empty:
        return {}
    names = [str(name) for name in examples["image_id"].unique()]
    return dict(zip(names, store.images(store.rows(names)), strict=True))


def _ids_by_pair_and_role(examples: pd.DataFrame) -> dict[Hashable, list[str]]:
    groups = examples.sort_values("rank").groupby(["pair", "role"])["image_id"]
    return {key: [str(name) for name in ids] for key, ids in groups}


def _draw_rows(
    pairs: pd.DataFrame, examples: pd.DataFrame, pictures: dict[str, NDArray[np.uint8]]
) -> Figure:
    chosen = _ids_by_pair_and_role(examples)
    most = int(examples["rank"].max()) + 1
    group = max(_LEAST_GROUP, most * (_SIDE + _GAP) - _GAP) + _BETWEEN
    row_height = _ABOVE + _SIDE + _GAP
    width = len(ROLES) * group - _BETWEEN + 2 * _EDGE
    height = len(pairs) * row_height + 2 * _EDGE
    figure = new_figure(figsize=(width, height))
    # One unit is one inch, from the top left.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for pair, (true, other, heading) in enumerate(_headings(pairs)):
        top = _EDGE + pair * row_height + _ABOVE
        axes.text(_EDGE, top - 0.28, heading, fontsize=9, weight="bold")
        for place, role in enumerate(ROLES):
            left = _EDGE + place * group
            caption = _CAPTIONS[role].format(true=true, other=other)
            axes.text(left, top - 0.09, caption, fontsize=8, color=MUTED)
            images = [pictures[name] for name in chosen.get((pair, role), [])]
            _draw_images(axes, images, (left, top), _WRONG_COLOUR if role == "confused" else GRID)
    axes.set(xlim=(0, width), ylim=(height, 0))
    return figure


def _draw_images(
    axes: Axes, images: list[NDArray[np.uint8]], place: tuple[float, float], edge: str
) -> None:
    from matplotlib.patches import Rectangle

    left, top = place
    for number, pixels in enumerate(images):
        start = left + number * (_SIDE + _GAP)
        extent = (start, start + _SIDE, top + _SIDE, top)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
        frame = Rectangle((start, top), _SIDE, _SIDE, fill=False, edgecolor=edge, linewidth=1)
        axes.add_patch(frame)


def _draw_bars(pairs: pd.DataFrame) -> Figure:
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(figsize=(8.5, 0.9 + 0.27 * len(pairs)), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(pairs))
    bars = axes.barh(rows, pairs["images"], color=PLAIN_COLOUR, height=0.7)
    axes.bar_label(bars, [f"{share:.0%}" for share in pairs["share"]], padding=3, fontsize=8)
    labels = [f"{true} taken for {other}" for true, other, _ in _headings(pairs)]
    axes.set_yticks(rows, labels, fontsize=8)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.set_xlabel("test images (beside the bar: their share of the true class)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.08)
    return figure


def _headings(pairs: pd.DataFrame) -> list[tuple[str, str, str]]:
    names = pd.unique(pairs[["class_name", "predicted_class"]].astype(str).to_numpy().ravel())
    labels = dict(zip(names, short_labels(names), strict=True))
    headings = []
    for row in pairs.to_dict("records"):
        true, other = labels[str(row["class_name"])], labels[str(row["predicted_class"])]
        images = "1 image" if row["images"] == 1 else f"{row['images']:,} images"
        share = f"{100 * row['share']:.1f} % of the class's test images"
        headings.append((true, other, f"{true} taken for {other}: {images}, {share}"))
    return headings

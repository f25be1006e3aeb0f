"""Images whose label may be wrong, beside what they were compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup
from PIL import Image

from plankton_embedding.analysis.label_suspects import NEIGHBOUR_COLUMNS
from plankton_embedding.figures.empty import draw_words
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.page import render
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.style import (
    GRID,
    INK,
    MUTED,
    PLAIN_COLOUR,
    figure_style,
    new_figure,
    percent_ticks,
    short_label,
)
from plankton_embedding.figures.thumbnails import make_thumbnail

_TILE_PIXELS = 96
_TYPICAL_SHOWN = 3
_WIDTH = 9.4
_MARGIN = 0.06
_LINE, _HEAD, _FOOT = 0.36, 0.26, 0.06
_GAP, _BETWEEN_GROUPS = 0.05, 0.34
_NONE = "no image stands among images of another class"


@dataclass(frozen=True)
class SuspectPictures:
    """What suspects are shown with.

    Attributes
    ----------
    pixels : mapping of image_id to uint8 array, height x width
        As `plankton_embedding.analysis.label_suspects.suspect_pictures` names them; what is
        missing is left out, and none are there without an image store.
    typical : mapping of class name to image ids
        As from `plankton_embedding.analysis.typical_images.find_typical_images`: of every class
        of the data.
    class_names : mapping of image_id to class name
        The labels of the images: their pictures are framed in the colours of these classes.
    """

    pixels: Mapping[str, npt.NDArray[np.uint8]]
    typical: Mapping[str, Sequence[str]]
    class_names: Mapping[str, str]


def render_label_suspects(
    suspects: pd.DataFrame, counts: Mapping[str, int], pictures: SuspectPictures, shown: int
) -> Markup:
    """Render the page's section about labels that may be wrong.

    Parameters
    ----------
    suspects : DataFrame
        As from `plankton_embedding.analysis.label_suspects.rank_label_suspects`.
    counts : mapping
        As from `summarise_label_suspects` of the same module.
    pictures : SuspectPictures
    shown : int
        The first so many are shown.
    """
    thumbnails = {
        image_id: make_thumbnail(image_id, pixels) for image_id, pixels in pictures.pixels.items()
    }
    colours = _colours(pictures)
    rows = []
    for row in suspects.head(shown).to_dict("records"):
        groups = [
            {"title": title, "images": [thumbnails[one] for one in ids if one in thumbnails]}
            for title, ids in _groups({str(key): value for key, value in row.items()}, pictures)
        ]
        rows.append({**row, "groups": groups})
    return Markup(
        render(
            "label_suspects.html",
            suspects=rows,
            counts=counts,
            listed=len(suspects),
            colours=colours,
            class_names=pictures.class_names,
            with_pictures=bool(thumbnails),
        )
    )


def draw_label_suspects(suspects: pd.DataFrame, pictures: SuspectPictures, shown: int) -> Figure:
    """Draw the first suspects beside their neighbours and typical images of both classes.

    Without pictures the shares of their neighbours are drawn.

    Parameters
    ----------
    suspects : DataFrame
        As from `plankton_embedding.analysis.label_suspects.rank_label_suspects`.
    pictures : SuspectPictures
    shown : int
        The first so many are drawn.
    """
    first = suspects.head(shown)
    if first.empty:
        return draw_words(_NONE, _WIDTH)
    with figure_style():
        if not pictures.pixels:
            return _draw_shares(first)
        return _draw_sheet(first, pictures)


def _colours(pictures: SuspectPictures) -> dict[str, str]:
    return class_colours([str(name) for name in pictures.typical])


def _groups(row: Mapping[str, Any], pictures: SuspectPictures) -> list[tuple[str, list[str]]]:
    near = [row[name] for name in NEIGHBOUR_COLUMNS if not pd.isna(row[name])]
    typical = {
        kind: list(pictures.typical.get(row[name], ()))[:_TYPICAL_SHOWN]
        for kind, name in (("label", "class_name"), ("suggestion", "suggested_class"))
    }
    return [
        ("image", [row["image_id"]]),
        ("its nearest images", near),
        ("typical of its label", typical["label"]),
        ("typical of the suggestion", typical["suggestion"]),
    ]


def _draw_sheet(first: pd.DataFrame, pictures: SuspectPictures) -> Figure:
    counts = (1, len(NEIGHBOUR_COLUMNS), _TYPICAL_SHOWN, _TYPICAL_SHOWN)
    gaps = _GAP * (sum(counts) - len(counts)) + _BETWEEN_GROUPS * (len(counts) - 1)
    side = (_WIDTH - 2 * _MARGIN - gaps) / sum(counts)
    height = _HEAD + len(first) * (_LINE + side + _FOOT)
    figure = new_figure(figsize=(_WIDTH, height))
    # One unit is an inch, from the upper left corner.
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    widths = [count * side + (count - 1) * _GAP for count in counts]
    lefts = np.cumsum([_MARGIN, *(width + _BETWEEN_GROUPS for width in widths[:-1])])
    colours = _colours(pictures)
    top = _HEAD
    for record in first.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        groups = _groups(row, pictures)
        _write_line(axes, row, top, colours)
        for left, (title, ids) in zip(lefts, groups, strict=True):
            if top == _HEAD:
                axes.text(left, 0.06, title, va="top", fontsize=8.5, fontweight="bold")
            known = [one for one in ids if one in pictures.pixels]
            frames = [colours.get(pictures.class_names.get(one, ""), GRID) for one in known]
            tiles = zip([pictures.pixels[one] for one in known], frames, strict=True)
            _place_tiles(axes, tiles, (float(left), top + _LINE), side)
        top += _LINE + side + _FOOT
    return figure


def _write_line(axes: Axes, row: Mapping[str, Any], top: float, colours: Mapping[str, str]) -> None:
    middle = top + _LINE - 0.14
    pieces = [(f"{row['rank']}.  ", INK)]
    for name, after in ((row["class_name"], "  →  "), (row["suggested_class"], "")):
        pieces += [("■ ", colours.get(name, GRID)), (f"{short_label(name)}{after}", INK)]
    place: dict[str, Any] = {"xy": (_MARGIN, middle), "va": "center_baseline"}
    for text, colour in pieces:
        written = axes.annotate(text, **place, fontsize=9, color=colour)
        # The next piece starts where this one ends.
        place = {"xy": (1, 0), "xycoords": written, "va": "bottom"}
    share = f"{short_label(row['image_id'])}    score {row['score']:.2f}"
    axes.text(
        _WIDTH - _MARGIN, middle, share, va="center_baseline", ha="right", fontsize=7.5, color=MUTED
    )  # fmt: skip


def _place_tiles(
    axes: Axes,
    tiles: Iterable[tuple[npt.NDArray[np.uint8], str]],
    corner: tuple[float, float],
    side: float,
) -> None:
    from matplotlib.patches import Rectangle

    left, top = corner
    for place, (pixels, colour) in enumerate(tiles):
        x = left + place * (side + _GAP)
        axes.imshow(
            _tile(pixels), extent=(x, x + side, top + side, top), cmap="gray", vmin=0, vmax=255,
            aspect="auto", interpolation="none",
        )  # fmt: skip
        width = 0.8 if colour == GRID else 2.2
        axes.add_patch(Rectangle((x, top), side, side, fill=False, ec=colour, linewidth=width))
    axes.set(xlim=(0, _WIDTH), ylim=(axes.get_ylim()[0], 0))


def _tile(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((_TILE_PIXELS, _TILE_PIXELS), Image.Resampling.LANCZOS))


def _draw_shares(first: pd.DataFrame) -> Figure:
    figure = new_figure(figsize=(_WIDTH, 0.36 * len(first) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(first))
    suggested, own = first["suggested_share"].to_numpy(), first["own_share"].to_numpy()
    axes.barh(places, suggested, 0.55, color=PLAIN_COLOUR, label="suggested class")
    axes.barh(places, own, 0.55, left=suggested, color=MUTED, label="own label")
    names = (first[name].astype(str).map(short_label) for name in ("class_name", "suggested_class"))
    labels = [
        f"{rank}.  {label}  →  {suggestion}"
        for rank, label, suggestion in zip(first["rank"], *names, strict=True)
    ]
    axes.set_yticks(places, labels, fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(first) - 0.4, -0.6), xlabel="share of the nearest images")
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.grid(visible=False, axis="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure

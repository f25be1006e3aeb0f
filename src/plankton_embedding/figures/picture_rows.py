"""Rows of small pictures with their captions: contact sheets, copies, look-alikes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from plankton_embedding.figures.empty import draw_words
from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import GRID, MUTED, figure_style, new_figure

_TILE_PIXELS = 128
# Inches: the whole, the label left of a row, a picture's side at most, between pictures, between
# rows, a line of a caption.
_WIDTH, _LABEL, _LARGEST, _GAP, _BETWEEN, _LINE = 9.4, 1.75, 1.0, 0.07, 0.1, 0.12
_MARGIN = 0.06
_BREAKS = re.compile(r"(/|__) ?")
_LABEL_LETTERS, _LETTERS_AN_INCH = 25, 17


@dataclass(frozen=True)
class Picture:
    """A picture in a row.

    Attributes
    ----------
    pixels : uint8 array, height x width, or None
        None: there is no picture, and a frame says so.
    caption : str
        Below it.
    colour : str
        Of its frame.
    """

    pixels: npt.NDArray[np.uint8] | None
    caption: str = ""
    colour: str = GRID


@dataclass(frozen=True)
class PictureRow:
    """A row of pictures, and what stands left of it."""

    label: str
    pictures: Sequence[Picture]


def draw_picture_rows(rows: Sequence[PictureRow], nothing: str = "no pictures") -> Figure:
    """Draw rows of pictures.

    Parameters
    ----------
    rows : sequence of PictureRow
    nothing : str
        What the figure says where there are no rows.
    """
    if not rows:
        return draw_words(nothing, _WIDTH)
    with figure_style():
        most = max(len(row.pictures) for row in rows)
        room = _WIDTH - _LABEL - 2 * _MARGIN
        side = min(_LARGEST, (room - _GAP * (most - 1)) / max(most, 1))
        letters = max(6, int(side * _LETTERS_AN_INCH))
        captions = [[_wrap(one.caption, letters) for one in row.pictures] for row in rows]
        lines = [max((len(caption) for caption in of_row), default=0) for of_row in captions]
        heights = [side + _BETWEEN + _LINE * count for count in lines]
        height = sum(heights) + 2 * _MARGIN
        figure = new_figure(figsize=(_WIDTH, height))
        # One unit is an inch, from the upper left corner.
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        top = _MARGIN
        for row, of_row, row_height in zip(rows, captions, heights, strict=True):
            label = "\n".join(_wrap(row.label, _LABEL_LETTERS)[:4])
            axes.text(_MARGIN, top + side / 2, label, fontsize=8, va="center")
            for place, (one, caption) in enumerate(zip(row.pictures, of_row, strict=True)):
                left = _MARGIN + _LABEL + place * (side + _GAP)
                _draw_picture(axes, one, (left, top, side))
                text = "\n".join(caption)
                below = (left + side / 2, top + side + 0.03)
                axes.text(*below, text, fontsize=6.8, ha="center", va="top", color=MUTED)
            top += row_height
        axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
    return figure


def _draw_picture(axes: Axes, picture: Picture, place: tuple[float, float, float]) -> None:
    from matplotlib.patches import Rectangle

    left, top, side = place
    if picture.pixels is None:
        middle = (left + side / 2, top + side / 2)
        axes.text(*middle, "no\npicture", fontsize=7, ha="center", va="center", color=MUTED)
    else:
        extent = (left, left + side, top + side, top)
        tile = _tile(picture.pixels)
        axes.imshow(tile, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
    width = 0.8 if picture.colour == GRID else 1.8
    axes.add_patch(Rectangle((left, top), side, side, fill=False, ec=picture.colour, lw=width))


def _tile(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    picture = Image.fromarray(pixels)
    picture.thumbnail((_TILE_PIXELS, _TILE_PIXELS), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _wrap(text: str, letters: int) -> list[str]:
    """Break a text into lines, behind / and __ too; what is too long for one loses its middle."""
    lines = []
    for line in text.splitlines():
        breakable = _BREAKS.sub(r"\1 ", line)
        wrapped = textwrap.wrap(breakable, letters, break_long_words=False)
        lines += [_shorten(_BREAKS.sub(r"\1", part), letters) for part in wrapped]
    return lines


def _shorten(word: str, letters: int) -> str:
    if len(word) <= letters:
        return word
    tail = letters // 2
    return f"{word[: letters - tail - 1]}…{word[-tail:]}"

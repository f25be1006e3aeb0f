"""A contact sheet: some images side by side, with their names."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_ACROSS = 6
_SIDE, _GAP, _LINE = 112, 8, 16
_BACKGROUND, _INK = 255, 60
_FONT_SIZE = 11


def draw_contact_sheet(pictures: Sequence[tuple[str, npt.NDArray[np.uint8]]]) -> bytes:
    """Draw images in rows of six, each above its name.

    Parameters
    ----------
    pictures
        Name and gray levels, uint8 array, height x width, of each.

    Returns
    -------
    bytes of a gray PNG file

    Raises
    ------
    ValueError
        If there are none.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one image")
    rows = -(-len(pictures) // _ACROSS)
    across = min(len(pictures), _ACROSS)
    step_x, step_y = _SIDE + _GAP, _SIDE + _LINE + _GAP
    sheet = Image.new("L", (across * step_x + _GAP, rows * step_y + _GAP), _BACKGROUND)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
    for number, (name, pixels) in enumerate(pictures):
        left = _GAP + number % _ACROSS * step_x
        top = _GAP + number // _ACROSS * step_y
        tile = Image.fromarray(pixels)
        tile.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
        sheet.paste(tile, (left + (_SIDE - tile.width) // 2, top + (_SIDE - tile.height) // 2))
        pen.text((left, top + _SIDE + 2), _shorten(name, font), _INK, font)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _shorten(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    shown = name
    while font.getlength(shown) > _SIDE:
        name = name[:-1]
        shown = f"{name}…"
    return shown

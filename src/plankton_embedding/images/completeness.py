"""Completeness: images of which a part is missing, where the decoders fill it in without a word.

Pillow refuses files that end too early. It does not refuse files that are closed properly and hold
fewer pixels than they say, as a writer leaves them that was interrupted: of a PNG the rest becomes
0, of a JPEG middle gray. Progressive JPEGs lose only detail then, which nobody can tell.
"""

from __future__ import annotations

import zlib
from math import ceil

import numpy as np
from PIL import Image

# By the colour type of a PNG's header.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_SIGNATURE, _BLOCK, _FILLED = 8, 8, 128


def missing_part(image: Image.Image, content: bytes) -> str:
    """Say what is missing of a decoded image.

    Parameters
    ----------
    image
        Decoded; nothing is known of formats but PNG and JPEG.
    content
        The bytes of its file.

    Returns
    -------
    str
        Empty: nothing, as far as can be told.
    """
    if image.format == "JPEG" and _ends_filled(image, _FILLED, _BLOCK):
        return "the lower part is missing"
    # Most images do not end in a row of zeros, and need not be unpacked twice.
    if image.format == "PNG" and _ends_filled(image, 0, 1):
        expected = _png_bytes(image, content)
        found = len(zlib.decompress(_png_data(content))) if expected else 0
        if found < expected:
            return f"{found / expected:.0%} of the pixels are there"
    return ""


def _ends_filled(image: Image.Image, value: int, rows: int) -> bool:
    rows = min(rows, image.height)
    end = np.asarray(image.crop((0, image.height - rows, image.width, image.height)))
    return bool((end == value).all())


def _png_bytes(image: Image.Image, content: bytes) -> int:
    """Return how long the unpacked data must be; 0 where it is interlaced and so not known."""
    # Of the header, which comes first: https://www.w3.org/TR/png-3/#11IHDR
    depth, colour_type, interlaced = content[24], content[25], content[28]
    bits = depth * _CHANNELS[colour_type]
    return 0 if interlaced else image.height * (1 + ceil(image.width * bits / 8))


def _png_data(content: bytes) -> bytes:
    parts, place = [], _SIGNATURE
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4])
        if content[place + 4 : place + 8] == b"IDAT":
            parts.append(content[place + 8 : place + 8 + length])
        place += length + 12
    return b"".join(parts)

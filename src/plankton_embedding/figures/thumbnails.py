"""Small pictures inside a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 112


@dataclass(frozen=True)
class Thumbnail:
    """A picture as a data address, and the image_id that it is of."""

    image_id: str
    address: str


def make_thumbnail(image_id: str, pixels: npt.NDArray[np.uint8]) -> Thumbnail:
    """Make a picture of at most 112 pixels a side.

    Parameters
    ----------
    image_id
        What it is of.
    pixels
        uint8 array, height x width (gray) or height x width x 3.
    """
    picture = Image.fromarray(pixels)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=82)
    encoded = base64.b64encode(file.getvalue()).decode()
    return Thumbnail(image_id, f"data:image/jpeg;base64,{encoded}")

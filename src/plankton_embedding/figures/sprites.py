"""Sheets of thumbnails: many small pictures in few files, for pages of thousands of images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Thumbnails of 16 x 16 images a sheet: a browser decodes a sheet in milliseconds.
_TILES_ACROSS = 16
_QUALITY = 80
# Up to so many images, so many pixels a side. Multiples of 8: JPEG's blocks then end where a
# thumbnail ends, and none shines into its neighbour.
_SIDES = ((2_000, 112), (6_000, 96), (12_000, 72), (25_000, 64))
_SMALLEST_SIDE = 48


class ImageSource(Protocol):
    """Images by their ids; `plankton_embedding.images.store.ImageStore` is one."""

    def rows(self, image_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return the rows of images."""

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return square images of equal size, uint8 array, n x size x size."""


@dataclass(frozen=True)
class ThumbnailSheets:
    """Thumbnails of images, in the images' order: row by row, sheet by sheet.

    Attributes
    ----------
    side : int
        Pixels a side of a thumbnail.
    across : int
        Thumbnails a row of a sheet, and rows of a sheet; what is left of the last sheet is black.
    addresses : tuple of str
        The sheets, as data addresses of gray JPEG files.
    """

    side: int
    across: int
    addresses: tuple[str, ...]


def thumbnail_side(images: int) -> int:
    """Return the pixels a side of a thumbnail: the more images, the smaller.

    112 up to 2,000 images, 96 up to 6,000, 72 up to 12,000, 64 up to 25,000, else 48. In a page,
    5,400 images then weigh 2 to 8 MB and 20,000 images 4 to 16 MB: little where animals are small
    on an even background, much where noise fills the frame.
    """
    return next((side for most, side in _SIDES if images <= most), _SMALLEST_SIDE)


def make_sheets(source: ImageSource, image_ids: Iterable[str]) -> ThumbnailSheets:
    """Make thumbnails of images, a sheet at a time.

    Parameters
    ----------
    source
        Holds the images.
    image_ids
        Of which, and in which order.

    Raises
    ------
    ImageStoreError
        If an `ImageStore` does not hold one of them.
    """
    rows = source.rows(image_ids)
    side = thumbnail_side(len(rows))
    tiles = _TILES_ACROSS**2
    starts = range(0, len(rows), tiles)
    sheets = (source.images(rows[start : start + tiles]) for start in starts)
    return ThumbnailSheets(side, _TILES_ACROSS, tuple(_encode(sheet, side) for sheet in sheets))


def _encode(images: NDArray[np.uint8], side: int) -> str:
    size = images.shape[1]
    tiles = np.pad(images, ((0, _TILES_ACROSS**2 - len(images)), (0, 0), (0, 0)))
    grid = tiles.reshape(_TILES_ACROSS, _TILES_ACROSS, size, size).swapaxes(1, 2)
    whole = Image.fromarray(grid.reshape(_TILES_ACROSS * size, _TILES_ACROSS * size))
    # Averaging over boxes never reaches beyond a thumbnail's own image, other filters do.
    sheet = whole.resize((_TILES_ACROSS * side, _TILES_ACROSS * side), Image.Resampling.BOX)
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

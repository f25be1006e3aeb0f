"""Preprocessing: a gray plane of any size onto a square canvas, the same for every user of it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from plankton_embedding.images.decode import GrayPlane, open_image, to_gray
from plankton_embedding.images.scale_bar import find_scale_bar
from plankton_embedding.parameters import PreprocessOptions

_LEVELS = {"white": 255, "black": 0}


def preprocess(content: bytes, options: PreprocessOptions) -> GrayPlane:
    """Decode an image and fit it into the square canvas of the store.

    The image keeps its aspect ratio and stands in the middle. ``fit: resize`` fills the canvas
    with it; ``shrink_only`` leaves images that fit as they are, because size is biological
    information.

    Parameters
    ----------
    content
        The bytes of an image file.
    options
        ``image_size``, ``fit``, ``background``, ``bit_depth``, ``crop_bottom``.

    Returns
    -------
    uint8 array, image_size x image_size

    Raises
    ------
    UnreadableImageError
        If the content is no image.
    """
    return preprocess_image(open_image(content).pixels, options)


def preprocess_image(
    image: Image.Image, options: PreprocessOptions, plane: GrayPlane | None = None
) -> GrayPlane:
    """Fit an image that is decoded and upright into the square canvas; see `preprocess`.

    Parameters
    ----------
    image, options
        The image, and what becomes of it.
    plane
        The image in gray, if that is at hand and no option changes it.

    Raises
    ------
    UnreadableImageError
        If its mode cannot be turned into gray.
    """
    level = _LEVELS.get(options.background, 255)
    depth = None if options.bit_depth == "auto" else options.bit_depth
    if plane is None:
        plane = to_gray(image, level, depth)
    plane = plane[: len(plane) - rows_to_crop(plane, options)]
    if options.background == "auto":
        level = border_level(plane)
    return _fit(plane, options.image_size, options.fit, level)


def border_level(plane: GrayPlane) -> int:
    """Decide between a white and a black background by the median of the border pixels.

    Returns
    -------
    int, 255 or 0
    """
    border = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
    return 255 if np.median(border) >= 128 else 0


def has_false_background(canvas: GrayPlane, background: str) -> bool:
    """Whether an image was fitted into a square of the other brightness: dark into white, say.

    Parameters
    ----------
    canvas
        The square, as stored.
    background
        ``white``, ``black``, or ``auto``, which is never wrong by `border_level`.
    """
    if background not in _LEVELS:
        return False
    level = _LEVELS[background]
    rows, columns = (np.flatnonzero((canvas != level).any(axis=axis)) for axis in (1, 0))
    # A square image has no margin.
    if not len(rows) or (len(rows), len(columns)) == canvas.shape:
        return False
    image = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return border_level(image) != level


def rows_to_crop(plane: GrayPlane, options: PreprocessOptions) -> int:
    """Return how many rows ``crop_bottom`` cuts off an image's bottom.

    An image that has no more rows than that is left whole: nothing of it would remain.
    """
    if options.crop_bottom == "auto":
        return find_scale_bar(plane)
    return options.crop_bottom if options.crop_bottom < len(plane) else 0


def _fit(plane: GrayPlane, size: int, fit: str, level: int) -> GrayPlane:
    height, width = plane.shape
    scale = size / max(height, width)
    if fit == "shrink_only":
        scale = min(scale, 1.0)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    if (new_height, new_width) != (height, width):
        # Reducing averages over the pixels covered, enlarging interpolates: Pillow's bilinear
        # filter does both without aliasing.
        resized = Image.fromarray(plane).resize((new_width, new_height), Image.Resampling.BILINEAR)
        plane = np.asarray(resized)
    canvas = np.full((size, size), level, dtype=np.uint8)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = plane
    return canvas

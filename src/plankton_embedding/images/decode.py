"""Decoding: an image file of any kind to an 8-bit gray plane."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

GrayPlane = npt.NDArray[np.uint8]

# Formats of instruments and archives. Pillow knows more, but some of them (EPS) start programs.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


class UnreadableImageError(ValueError):
    """The bytes are no image that can be used; the message is the reason."""


def open_image(content: bytes) -> Image.Image:
    """Decode the first frame of an image.

    Raises
    ------
    UnreadableImageError
        If the content is empty, is not an image, is truncated or is unsafely large.
    """
    if not content:
        raise UnreadableImageError("empty file")
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        image.load()
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image of a known format") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("too many pixels to be decoded safely") from error
    # Pillow's decoders raise almost anything on damaged bytes (SyntaxError, struct.error, ...).
    except Exception as error:
        raise UnreadableImageError(f"damaged image: {error}") from error
    return image


def to_gray(image: Image.Image, background: int) -> GrayPlane:
    """Convert an image to a gray plane.

    Parameters
    ----------
    image
        Any mode. Colour becomes luma (ITU-R 601-2), 16 bits become the upper 8, floating point
        is taken to lie in 0 to 1 unless it goes beyond, transparency shows the background.
    background
        Gray level under transparent pixels, 0 to 255.

    Returns
    -------
    uint8 array, height x width

    Raises
    ------
    UnreadableImageError
        If the mode is one that Pillow cannot turn into gray, such as CIE Lab.
    """
    if image.mode.startswith("I"):
        return (np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8)
    if image.mode == "F":
        plane = np.nan_to_num(np.asarray(image, dtype=np.float32))
        scale = 255.0 if plane.max(initial=0.0) <= 1.0 else 1.0
        return np.clip(plane * scale, 0, 255).astype(np.uint8)
    if image.has_transparency_data:
        animal = image.convert("RGBA")
        canvas = Image.new("RGBA", image.size, (background,) * 3 + (255,))
        return np.asarray(Image.alpha_composite(canvas, animal).convert("L"))
    try:
        return np.asarray(image.convert("L"))
    except ValueError as error:
        raise UnreadableImageError(f"mode {image.mode} cannot be turned into gray") from error

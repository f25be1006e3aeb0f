"""Decoding: an image file of any kind to an 8-bit gray plane."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from plankton_embedding.images.completeness import missing_part

GrayPlane = npt.NDArray[np.uint8]

# Formats of instruments and archives. Pillow knows more, but some of them (EPS) start programs.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# What cameras count in; a file has 16 bits for any of them.
_BIT_DEPTHS = np.array([8, 10, 12, 14, 16])


class UnreadableImageError(ValueError):
    """The bytes are no image that can be used; the message is the reason.

    What is before the first colon is the kind of reason.
    """


@dataclass(frozen=True)
class OpenedImage:
    """The first frame of an image, decoded and upright.

    Attributes
    ----------
    pixels
        Turned as its EXIF orientation asks.
    orientation
        That it had in the file, 1 to 8; 1 is upright.
    frames
        Of an animation or a stack; 1 otherwise.
    """

    pixels: Image.Image
    orientation: int
    frames: int


def open_image(content: bytes, max_pixels: int | None = None) -> OpenedImage:
    """Decode the first frame of an image.

    Parameters
    ----------
    content
        The bytes of a file.
    max_pixels
        More than these, by the file's header, are not decoded. None: as many as Pillow takes for
        safe, 179 million twice.

    Raises
    ------
    UnreadableImageError
        If the content is empty, is not an image, is truncated, damaged or too large.
    """
    if not content:
        raise UnreadableImageError("empty file")
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        _check_size(image, max_pixels)
        image.load()
        missing = missing_part(image, content)
        if missing:
            raise UnreadableImageError(f"truncated image: {missing}")
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
        frames = _count_frames(image, content)
        upright = ImageOps.exif_transpose(image) if orientation != 1 else image
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image of a known format") from error
    except Image.DecompressionBombError as error:
        # The rest of what Pillow says is of attacks.
        size = str(error).partition(", could be")[0]
        raise UnreadableImageError(f"too large: {size}") from error
    except UnreadableImageError:
        raise
    # Pillow's decoders raise almost anything on damaged bytes (SyntaxError, struct.error, ...).
    except Exception as error:
        kind = "truncated image" if "truncated" in str(error).lower() else "damaged image"
        raise UnreadableImageError(f"{kind}: {error}") from error
    return OpenedImage(upright, orientation if 1 <= orientation <= 8 else 1, frames)


def _check_size(image: Image.Image, max_pixels: int | None) -> None:
    if max_pixels is not None and image.width * image.height > max_pixels:
        raise UnreadableImageError(f"too large: {image.width} x {image.height} pixels")


def _count_frames(image: Image.Image, content: bytes) -> int:
    if image.format not in ("GIF", "TIFF"):
        return int(getattr(image, "n_frames", 1))
    try:
        # Counting moves through the file: in one of its own.
        return int(getattr(Image.open(io.BytesIO(content), formats=_FORMATS), "n_frames", 1))
    except Exception:
        # A later frame is damaged; the first, which is used, is not.
        return 1


def to_gray(image: Image.Image, background: int, bit_depth: int | None = None) -> GrayPlane:
    """Convert an image to a gray plane.

    Parameters
    ----------
    image
        Any mode. Colour becomes luma (ITU-R 601-2), floating point is taken to lie in 0 to 1
        unless it goes beyond, transparency shows the background.
    background
        Gray level under transparent pixels, 0 to 255.
    bit_depth
        Of integers of more than 8 bits: 2 to its power, less 1, becomes white. None: the smallest
        of 8, 10, 12, 14 and 16 that holds the image's largest value, for a camera of 12 bits
        writes files of 16. Of larger values, which no camera writes, the largest becomes white.

    Returns
    -------
    uint8 array, height x width

    Raises
    ------
    UnreadableImageError
        If the mode is one that Pillow cannot turn into gray, such as CIE Lab.
    """
    if is_plain_gray(image):
        return np.asarray(image)
    if image.mode.startswith("I"):
        return _scale_integers(np.asarray(image), bit_depth)
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


def is_plain_gray(image: Image.Image) -> bool:
    """Return whether an image is 8-bit gray as it is, whatever the options of `to_gray`."""
    return image.mode == "L" and not image.has_transparency_data


def _scale_integers(plane: npt.NDArray[np.integer], bit_depth: int | None) -> GrayPlane:
    values = np.maximum(plane, 0).astype(np.uint64)
    white = 2**bit_depth - 1 if bit_depth else _white(int(values.max(initial=0)))
    # Rounded to the nearest.
    return ((np.minimum(values, white) * 255 + white // 2) // white).astype(np.uint8)


def _white(largest: int) -> int:
    depths = _BIT_DEPTHS[largest.bit_length() <= _BIT_DEPTHS]
    return int(2 ** depths[0] - 1) if len(depths) else largest

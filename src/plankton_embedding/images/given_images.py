"""Images as people hand them over in a program: bytes, paths, arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from plankton_embedding.errors import UserError
from plankton_embedding.images.decode import UnreadableImageError, open_image
from plankton_embedding.images.describe import why_not_read
from plankton_embedding.images.prepare_batch import prepare_image
from plankton_embedding.parameters import PreprocessOptions, ScanOptions

# Gray of 8 or up to 16 bits; colour; colour and opacity.
_KINDS = "uint8 or uint16 of height x width, or uint8 of height x width x 3 or 4"


class GivenImageError(UserError):
    """An image that was handed over cannot be used."""


def prepare_images(
    images: Sequence[object], scan: ScanOptions, preprocess: PreprocessOptions, first: int = 0
) -> npt.NDArray[np.uint8]:
    """Check and preprocess images, as files are in `prepare_batch`.

    Parameters
    ----------
    images
        Each the bytes of an image file, the path of one, or an array: uint8 or uint16 of height x
        width, or uint8 of height x width x 3 (RGB) or 4 (RGBA).
    scan
        ``min_side``, ``max_pixels``.
    preprocess
        Of the embedder.
    first
        The number of the first image, for messages.

    Returns
    -------
    uint8 array, n x size x size

    Raises
    ------
    GivenImageError
        If one cannot be used; it says which and why.
    """
    size = preprocess.image_size
    pixels = np.empty((len(images), size, size), dtype=np.uint8)
    for place, image in enumerate(images):
        number = first + place
        try:
            pixels[place] = prepare_image(_open(image, scan.max_pixels), scan, preprocess)
        except FileNotFoundError as error:
            raise GivenImageError(f"image {number}: there is no file {image}") from error
        except OSError as error:
            raise GivenImageError(f"image {number}, {image}: {why_not_read(error)}") from error
        except UnreadableImageError as error:
            name = f", {image}" if isinstance(image, str | Path) else ""
            raise GivenImageError(f"image {number}{name}: {error}") from error
    return pixels


def _open(image: object, max_pixels: int) -> Image.Image:
    if isinstance(image, str | Path):
        image = Path(image).read_bytes()
    if isinstance(image, bytes | bytearray | memoryview):
        return open_image(bytes(image), max_pixels).pixels
    if not isinstance(image, np.ndarray):
        raise UnreadableImageError(
            f"{type(image).__name__} is no image: give the bytes of a file, a path, or an array"
        )
    depth = image.shape[2:] if image.ndim == 3 else ()
    is_gray = image.ndim == 2 and image.dtype in (np.uint8, np.uint16)
    if not is_gray and (image.dtype != np.uint8 or depth not in ((3,), (4,))):
        raise UnreadableImageError(f"array of {image.dtype} and shape {image.shape}: give {_KINDS}")
    height, width = image.shape[:2]
    if height * width > max_pixels:
        raise UnreadableImageError(f"too large: {width} x {height} pixels")
    return Image.fromarray(np.ascontiguousarray(image))

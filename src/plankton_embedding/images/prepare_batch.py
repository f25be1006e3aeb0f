"""From image files to the pixels of a batch, in any process; what cannot be read has a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from fsspec import AbstractFileSystem
from PIL import Image

from plankton_embedding.images.decode import (
    UnreadableImageError,
    is_plain_gray,
    open_image,
    to_gray,
)
from plankton_embedding.images.describe import check_content, why_not_read
from plankton_embedding.images.preprocess import preprocess_image
from plankton_embedding.images.source import read_file
from plankton_embedding.parameters import PreprocessOptions, ScanOptions


@dataclass(frozen=True)
class PreparedBatch:
    """Images of a batch.

    Attributes
    ----------
    pixels
        Of those that could be read: uint8 array, n x size x size, in the order of the files.
    reasons
        Of every file, why it could not be read; empty where it could.
    """

    pixels: npt.NDArray[np.uint8]
    reasons: list[str]


def prepare_batch(
    filesystem: AbstractFileSystem,
    scan: ScanOptions,
    preprocess: PreprocessOptions,
    files: pd.DataFrame,
) -> PreparedBatch:
    """Read, check and preprocess image files.

    Parameters
    ----------
    filesystem
        Where they are.
    scan
        ``min_side``, ``max_pixels``: what the images of a training must fulfil.
    preprocess
        Of the embedder.
    files
        ``path``, and ``reason`` why a file is not to be read; empty: it is.
    """
    size = preprocess.image_size
    pixels = np.empty((len(files), size, size), dtype=np.uint8)
    reasons: list[str] = []
    prepared = 0
    for path, reason in zip(files["path"], files["reason"], strict=True):
        if not reason:
            try:
                image = open_image(read_file(filesystem, path), scan.max_pixels).pixels
                pixels[prepared] = prepare_image(image, scan, preprocess)
                prepared += 1
            except OSError as error:
                reason = why_not_read(error)
            except UnreadableImageError as error:
                reason = str(error)
        reasons.append(reason)
    return PreparedBatch(pixels[:prepared], reasons)


def prepare_image(
    image: Image.Image, scan: ScanOptions, preprocess: PreprocessOptions
) -> npt.NDArray[np.uint8]:
    """Check and preprocess an image that is decoded and upright.

    Returns
    -------
    uint8 array, size x size

    Raises
    ------
    UnreadableImageError
        If it cannot be turned into gray, is smaller than ``scan.min_side``, or of one flat colour.
    """
    plane = to_gray(image, background=255)
    check_content(plane, scan)
    return preprocess_image(image, preprocess, plane if is_plain_gray(image) else None)

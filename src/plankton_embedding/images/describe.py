"""What one read of a file says of it: a row of the image manifest."""

from __future__ import annotations

import errno
import hashlib
from typing import Any

import numpy as np
import pandas as pd
from fsspec import AbstractFileSystem
from PIL import Image

from plankton_embedding.images.decode import (
    GrayPlane,
    UnreadableImageError,
    is_plain_gray,
    open_image,
    to_gray,
)
from plankton_embedding.images.perceptual_hash import hash_pictures, shrink
from plankton_embedding.images.preprocess import preprocess_image
from plankton_embedding.images.scale_bar import find_scale_bar
from plankton_embedding.images.source import read_file
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.parameters import ScanOptions

ACCEPTED, REJECTED = "accepted", "rejected"

# What is seen of a file; it stands in the manifest beside what the source says of it.
DESCRIPTION_COLUMNS = {
    "width": "int32",
    "height": "int32",
    "mode": "str",
    "bytes": "int64",
    "sha256": "str",
    "perceptual_hash": "str",
    "orientation": "int8",
    "frames": "int32",
    "scale_bar": "int16",
    "status": "str",
    "reason": "str",
}


def describe_files(
    filesystem: AbstractFileSystem,
    options: ScanOptions,
    ahead: StoreAhead | None,
    files: pd.DataFrame,
) -> pd.DataFrame:
    """Describe files, each of them read once.

    Parameters
    ----------
    filesystem
        Where they are.
    options
        ``min_side``, ``max_pixels``.
    ahead
        If the files are a whole chunk: what becomes a shard of those that are accepted.
    files
        ``image_id``, ``path``, and ``reason`` why a file cannot be used whatever it holds.

    Returns
    -------
    DataFrame, one row a file, in the same order: the columns of `DESCRIPTION_COLUMNS`. Of a
    rejected file ``reason`` says why, its kind before the first colon.
    """
    rows, pictures = [], []
    pixels = ahead.room(len(files)) if ahead else None
    for path, reason in zip(files["path"], files["reason"], strict=True):
        row, seen = _describe_file(filesystem, path, reason, options)
        rows.append(row)
        if seen is not None:
            image, plane = seen
            pictures.append(shrink(plane))
            if ahead is not None and pixels is not None:
                known = plane if is_plain_gray(image) else None
                pixels[len(pictures) - 1] = preprocess_image(image, ahead.preprocess, known)
    hashes = iter(hash_pictures(np.array(pictures, dtype=np.uint8)))
    for row in rows:
        row["perceptual_hash"] = next(hashes) if row["status"] == ACCEPTED else ""
    described = pd.DataFrame(rows, columns=list(DESCRIPTION_COLUMNS), index=files.index)
    if ahead is not None and pixels is not None:
        images = files[["image_id"]].join(described["sha256"])[described["status"] == ACCEPTED]
        ahead.write(images, pixels[: len(images)])
    return described.astype(DESCRIPTION_COLUMNS)


def _describe_file(
    filesystem: AbstractFileSystem, path: str, reason: str, options: ScanOptions
) -> tuple[dict[str, Any], tuple[Image.Image, GrayPlane] | None]:
    row: dict[str, Any] = {
        "width": 0,
        "height": 0,
        "mode": "",
        "bytes": 0,
        "sha256": "",
        "orientation": 1,
        "frames": 0,
        "scale_bar": 0,
        "status": REJECTED,
        "reason": reason,
    }
    try:
        content = read_file(filesystem, path)
        row |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if reason:
            return row, None
        image = open_image(content, options.max_pixels)
        row |= {
            "width": image.pixels.width,
            "height": image.pixels.height,
            "mode": image.pixels.mode,
            "orientation": image.orientation,
            "frames": image.frames,
        }
        plane = to_gray(image.pixels, background=255)
        check_content(plane, options)
    except OSError as error:
        return row | {"reason": reason or why_not_read(error)}, None
    except UnreadableImageError as error:
        return row | {"reason": reason or str(error)}, None
    return row | {"scale_bar": find_scale_bar(plane), "status": ACCEPTED}, (image.pixels, plane)


def check_content(plane: GrayPlane, options: ScanOptions) -> None:
    """Check that a plane can be the picture of an animal.

    Raises
    ------
    UnreadableImageError
        If it is smaller than ``min_side``, or of one flat colour.
    """
    height, width = plane.shape
    if min(height, width) < options.min_side:
        raise UnreadableImageError(f"too small: {width} x {height} pixels")
    if plane.min() == plane.max():
        raise UnreadableImageError("one flat colour")


def why_not_read(error: OSError) -> str:
    """Return the reason why a file was not read, in our words."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "no permission to read it"
    if error.errno in (errno.ENOENT, errno.ELOOP):
        return "broken link or file that vanished"
    return f"cannot be read: {error.strerror or error}"

"""Examples of what is cut off below: images as their files hold them, and how much goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from plankton_embedding.images.decode import (
    GrayPlane,
    UnreadableImageError,
    open_image,
    to_gray,
)
from plankton_embedding.images.describe import ACCEPTED
from plankton_embedding.images.preprocess import rows_to_crop
from plankton_embedding.images.source import ImageSource, read_file
from plankton_embedding.parameters import PreprocessOptions


@dataclass(frozen=True)
class CropExample:
    """An image before preprocessing: uint8 height x width, and the rows cut off at its bottom."""

    image_id: str
    plane: GrayPlane
    rows: int


def read_crop_examples(
    source: ImageSource, manifest: pd.DataFrame, options: PreprocessOptions, count: int
) -> list[CropExample]:
    """Read some images, evenly spread over all, to show what `crop_bottom` does to them.

    Parameters
    ----------
    source
        Where the images are.
    manifest
        ``image_id``, ``status``.
    options
        ``crop_bottom``; where it is 0 nothing is read.
    count
        At most so many.
    """
    if options.crop_bottom == 0:
        return []
    paths = source.files.set_index("image_id")["path"]
    accepted = manifest.loc[manifest["status"] == ACCEPTED, "image_id"]
    accepted = accepted[accepted.isin(paths.index)]
    places = np.unique(np.linspace(0, len(accepted) - 1, min(count, len(accepted))).astype(int))
    examples = []
    for image_id in accepted.iloc[places]:
        try:
            image = open_image(read_file(source.location.filesystem, paths[image_id]))
        except (OSError, UnreadableImageError):
            # The store, which needs it, tells of it.
            continue
        plane = to_gray(image.pixels, background=255)
        examples.append(CropExample(image_id, plane, rows_to_crop(plane, options)))
    return examples

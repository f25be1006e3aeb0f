"""What is cut off below the images: a sheet of examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plankton_embedding.figures.thumbnails import Thumbnail, make_thumbnail
from plankton_embedding.images.crop_examples import CropExample

_RED = np.array([226, 87, 60])


def draw_crop_examples(examples: Sequence[CropExample]) -> list[Thumbnail]:
    """Draw images as their files hold them, what is cut off in red."""
    return [_draw(example) for example in examples]


def _draw(example: CropExample) -> Thumbnail:
    colours = np.repeat(example.plane[:, :, None], 3, axis=2)
    if example.rows:
        strip = colours[-example.rows :].astype(int)
        # Paper becomes red, ink stays.
        colours[-example.rows :] = (strip * _RED // 255).astype(np.uint8)
    return make_thumbnail(example.image_id, colours)

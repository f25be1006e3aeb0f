"""What preprocessing does to one image, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

from plankton_embedding.images.decode import GrayPlane, open_image, to_gray
from plankton_embedding.images.preprocess import preprocess_image, rows_to_crop
from plankton_embedding.parameters import PreprocessOptions


@dataclass(frozen=True)
class PreprocessedExample:
    """An image before and after preprocessing.

    Attributes
    ----------
    before
        In gray: uint8 array, height x width.
    cropped_rows
        Of its rows, those cut off at the bottom.
    after
        As it is stored and as the network sees it: uint8 array, size x size.
    """

    before: GrayPlane
    cropped_rows: int
    after: GrayPlane


def preprocess_example(content: bytes, options: PreprocessOptions) -> PreprocessedExample:
    """Preprocess the bytes of an image file, and keep what it was.

    Raises
    ------
    UnreadableImageError
        If the content is no image.
    """
    image = open_image(content).pixels
    before = to_gray(image, background=255)
    rows = rows_to_crop(before, options)
    return PreprocessedExample(before, rows, preprocess_image(image, options))

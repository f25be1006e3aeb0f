"""Small copies of the images as vectors: what any embedding is to be compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.left_out_distances import row_chunks
from plankton_embedding.analysis.raw_pixels import ImageSource, MissingImagesError


def pixel_vectors(source: ImageSource, image_ids: ArrayLike, side: int) -> NDArray[np.float32]:
    """Return the gray levels of images, shrunk by averaging over areas.

    Neighbouring pixels of an image are nearly alike: distances between images of 32 pixels a
    side are nearly those of the large ones, divided by the ratio of the sides.

    Parameters
    ----------
    source : ImageSource
    image_ids : array of str, shape (images,)
    side : int
        Pixels a side of the small copies, at least 1; images that are smaller stay as they are.

    Returns
    -------
    ndarray of float32, shape (images, side · side)
        In the order of the ids; from 0 to 255.

    Raises
    ------
    MissingImagesError
        If an image is not in the store.
    ValueError
        If the side is less than 1.
    """
    if side < 1:
        raise ValueError(f"images of {side} pixels a side: give at least 1")
    wanted = pd.Index(np.asarray(image_ids, dtype=object))
    rows = pd.Index(source.image_ids).get_indexer(wanted)
    if (rows < 0).any():
        raise MissingImagesError(
            f"{int((rows < 0).sum())} images are not in the image store, the first is "
            f"{wanted[int(np.argmax(rows < 0))]!r}: run the data engineering pipeline again"
        )
    size = source.image_size
    edges = np.linspace(0, size, min(side, size) + 1).astype(np.intp)
    areas = np.multiply.outer(np.diff(edges), np.diff(edges))
    vectors = np.empty((len(rows), areas.size), dtype=np.float32)
    for part in row_chunks(len(rows), size**2):
        order = np.argsort(rows[part], kind="stable")
        pixels = source.images(rows[part][order]).astype(np.float64)
        sums = np.add.reduceat(pixels, edges[:-1], axis=2)
        means = np.add.reduceat(sums, edges[:-1], axis=1) / areas
        vectors[np.arange(len(rows))[part][order]] = means.reshape(len(means), -1)
    return vectors

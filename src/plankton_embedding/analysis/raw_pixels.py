"""The baseline: nearest centroids on the pixels themselves, without any network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import Centroids
from plankton_embedding.errors import UserError


class MissingImagesError(UserError):
    """The splits name images that are not there."""


_CHUNK_BYTES = 32_000_000


class ImageSource(Protocol):
    """What the baseline needs of the image store."""

    @property
    def image_ids(self) -> NDArray[Any]:
        """Image names, str, shape (images,)."""

    @property
    def image_size(self) -> int:
        """Pixels a side."""

    def images(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Pixels of the given rows, shape (rows, size, size)."""


def predict_from_pixels(source: ImageSource, splits: pd.DataFrame) -> pd.DataFrame:
    """Classify the test images by the nearest mean image of the validation split.

    Images are read in chunks of some 30 MB as float64; all of them never are in memory.

    Parameters
    ----------
    source : ImageSource
    splits : DataFrame
        Columns ``image_id``, ``class_name``, ``split``.

    Returns
    -------
    DataFrame
        Columns ``image_id``, ``class_name``, ``predicted_class``: one row a test image.
    """
    validation = _locate(source, splits, "validation")
    test = _locate(source, splits, "test")
    centroids = _mean_images(source, validation)
    predicted = np.concatenate(
        [_nearest(pixels, centroids) for _, pixels in _pixel_chunks(source, test)]
    )
    return test[["image_id", "class_name"]].assign(predicted_class=predicted)


def _locate(source: ImageSource, splits: pd.DataFrame, split: str) -> pd.DataFrame:
    chosen = splits[splits["split"] == split]
    if chosen.empty:
        raise MissingImagesError(
            f"no {split} images in splits: run the data engineering pipeline again"
        )
    rows = pd.Index(source.image_ids).get_indexer(pd.Index(chosen["image_id"].astype(str)))
    if (rows < 0).any():
        missing = chosen["image_id"].to_numpy()[rows < 0]
        raise MissingImagesError(
            f"{len(missing)} {split} images are not in the image store, the first is "
            f"{missing[0]!r}: run the data engineering pipeline again"
        )
    return chosen.assign(row=rows).sort_values("row", ignore_index=True)


def _pixel_chunks(
    source: ImageSource, located: pd.DataFrame
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    pixels = source.image_size**2
    chunk = max(1, _CHUNK_BYTES // (8 * pixels))
    rows = located["row"].to_numpy()
    for start in range(0, len(rows), chunk):
        part = slice(start, start + chunk)
        images = source.images(rows[part])
        yield part, images.reshape(len(images), pixels).astype(np.float64)


def _mean_images(source: ImageSource, located: pd.DataFrame) -> Centroids:
    names = np.asarray(located["class_name"].astype(str), dtype=np.str_)
    class_names, members, counts = np.unique(names, return_inverse=True, return_counts=True)
    sums = np.zeros((len(class_names), source.image_size**2))
    for part, pixels in _pixel_chunks(source, located):
        membership = np.arange(len(class_names))[:, np.newaxis] == members[part]
        sums += membership.astype(np.float64) @ pixels
    return Centroids(class_names, sums / counts[:, np.newaxis])


def _nearest(pixels: NDArray[np.float64], centroids: Centroids) -> NDArray[np.str_]:
    # The squared distance is ‖x‖² + ‖c‖² - 2 x·c, and ‖x‖² is the same for every centroid.
    squared_norms = np.square(centroids.vectors).sum(axis=1)
    scores = squared_norms - 2 * (pixels @ centroids.vectors.T)
    return centroids.class_names[scores.argmin(axis=1)]

"""Distances and radii of reference images, each left out of the centroid it helped to make.

An image that made a centroid lies nearer to it than a new image would. Without an image x, the
centroid μ of its class of k images lies at μ − (x − μ) / (k − 1), k / (k − 1) times as far from x
as before; no other centroid changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids

_CHUNK_BYTES = 64_000_000


def left_out_distances(
    vectors: NDArray[np.float64],
    members: NDArray[np.intp],
    counts: NDArray[np.intp],
    centroids: Centroids,
) -> NDArray[np.float64]:
    """Return the distances of reference images to all centroids, each left out of its own.

    Parameters
    ----------
    vectors : ndarray of float64, shape (images, features)
        All reference images, or some of them.
    members : ndarray of int, shape (images,)
        The class of each, as a row of ``centroids``.
    counts : ndarray of int, shape (classes,)
        All reference images of each class.
    centroids : Centroids

    Returns
    -------
    ndarray of float64, shape (images, classes)
        Infinite from an image to its class if it is alone there.
    """
    from scipy.spatial.distance import cdist

    distances = cdist(vectors, centroids.vectors)
    alone = counts[members] == 1
    rows = np.arange(len(distances))
    distances[rows, members] *= left_out_growth(counts)[members]
    distances[rows[alone], members[alone]] = np.inf
    return distances


def nearest_left_out(
    vectors: NDArray[np.float64], labels: ArrayLike, centroids: Centroids
) -> NDArray[np.intp]:
    """Return which centroid each reference image is nearest to when it is left out of its own.

    Parameters
    ----------
    vectors : ndarray of float64, shape (images, features)
        All reference images.
    labels : array of str, shape (images,)
    centroids : Centroids
        Of these very images.

    Returns
    -------
    ndarray of int, shape (images,)
        Rows of ``centroids``. An image that is alone in its class is nearest to another one,
        unless there is no other.
    """
    members, counts = count_members(labels, centroids)
    nearest = np.empty(len(vectors), dtype=np.intp)
    for rows in row_chunks(len(vectors), len(counts)):
        distances = left_out_distances(vectors[rows], members[rows], counts, centroids)
        nearest[rows] = distances.argmin(axis=1)
    return nearest


def left_out_radii(
    vectors: NDArray[np.float64],
    members: NDArray[np.intp],
    counts: NDArray[np.intp],
    centroids: Centroids,
) -> NDArray[np.float64]:
    """Return the radius of each image's class without that image; 0 where one or none is left.

    With offsets r from the centroid of k images, image j is |r_j + r_i / (k − 1)| from the
    centroid without image i.
    """
    radii = np.zeros(len(vectors))
    for place in np.flatnonzero(counts > 2):
        of_class, others = np.flatnonzero(members == place), counts[place] - 1
        offsets = vectors[of_class] - centroids.vectors[place]
        squared = np.square(offsets).sum(axis=1)
        for rows in row_chunks(len(of_class), len(of_class)):
            away = 2 / others * (offsets[rows] @ offsets.T) + squared
            away += squared[rows, np.newaxis] / others**2
            np.sqrt(np.maximum(away, 0, out=away), out=away)
            own = np.sqrt(squared[rows]) * (1 + 1 / others)
            radii[of_class[rows]] = (away.sum(axis=1) - own) / others
    return radii


def left_out_growth(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return k / (k − 1) for classes of k images; 1 for a class of one."""
    number = counts.astype(np.float64)
    return np.divide(number, number - 1, out=np.ones_like(number), where=number > 1)


def count_members(
    labels: ArrayLike, centroids: Centroids
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each image's class, as a row of the centroids, and how many images each class has."""
    members = centroids.positions(labels)
    return members, np.bincount(members, minlength=len(centroids.class_names))


def row_chunks(rows: int, width: int) -> Iterator[slice]:
    """Yield slices of rows, so that float64 arrays of ``width`` columns take some 64 MB."""
    chunk = max(1, _CHUNK_BYTES // (8 * max(1, width)))
    for start in range(0, rows, chunk):
        yield slice(start, min(start + chunk, rows))


def finite_vectors(vectors: ArrayLike) -> NDArray[np.float64]:
    """Return the vectors as float64, shape (images, features).

    A comparison with NaN is false, so an image without a vector would pass for a known one.

    Raises
    ------
    ValueError
        If a value is missing or infinite; it names the first such row.
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise ValueError(f"vector {int(np.argmin(finite))} holds NaN or infinity: leave it out")
    return matrix

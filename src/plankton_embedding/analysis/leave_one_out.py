"""Scoring the very images that made the centroids, without their own help."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import Centroids


def correct_without_itself(
    vectors: NDArray[np.float64], labels: NDArray[np.str_], centroids: Centroids
) -> NDArray[np.bool_]:
    """Tell which images get their class from centroids computed without them.

    Without an image x, the centroid c of its class of n images lies at c - (x - c) / (n - 1),
    n / (n - 1) times as far from x as before; no other centroid changes. An image that is alone
    in its class has no centroid left and counts as wrong.

    Parameters
    ----------
    vectors : ndarray of float64, shape (images, features)
    labels : ndarray of str, shape (images,)
    centroids : Centroids
        Those of these very images.

    Returns
    -------
    ndarray of bool, shape (images,)
    """
    from scipy.spatial.distance import cdist

    members = centroids.positions(labels)
    count = np.bincount(members)[members].astype(np.float64)
    distances = cdist(vectors, centroids.vectors)
    rows = np.arange(len(distances))
    without = np.divide(count, count - 1, out=np.ones_like(count), where=count > 1)
    distances[rows, members] *= without
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return (nearest == members) & (count > 1)

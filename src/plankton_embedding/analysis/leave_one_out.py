"""Scoring the very images that made the centroids, without their own help."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import Centroids
from plankton_embedding.analysis.left_out_distances import count_members, nearest_left_out


def correct_without_itself(
    vectors: NDArray[np.float64], labels: NDArray[np.str_], centroids: Centroids
) -> NDArray[np.bool_]:
    """Tell which images get their class from centroids computed without them.

    An image that is alone in its class has no centroid left and counts as wrong.

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
    members, counts = count_members(labels, centroids)
    return (nearest_left_out(vectors, labels, centroids) == members) & (counts[members] > 1)

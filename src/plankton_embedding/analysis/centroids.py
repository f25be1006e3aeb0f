"""Class centroids and classification by the nearest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Centroids:
    """The mean vector of each class.

    Attributes
    ----------
    class_names : ndarray of str, shape (classes,)
        In ascending order, which is also the order that breaks ties.
    vectors : ndarray of float64, shape (classes, features)
    """

    class_names: NDArray[np.str_]
    vectors: NDArray[np.float64]

    def positions(self, labels: ArrayLike) -> NDArray[np.intp]:
        """Return the row of each label's centroid, shape (labels,).

        Raises
        ------
        ValueError
            If a label has no centroid.
        """
        names = np.asarray(labels, dtype=np.str_)
        found = np.minimum(np.searchsorted(self.class_names, names), len(self.class_names) - 1)
        unknown = np.unique(names[self.class_names[found] != names])
        if unknown.size:
            raise ValueError(f"no centroid for {unknown.tolist()}: they must be computed with them")
        return found

    def own_offsets(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return each vector less the centroid of its class, shape (images, features).

        Raises
        ------
        ValueError
            If a label has no centroid.
        """
        return np.asarray(vectors, dtype=np.float64) - self.vectors[self.positions(labels)]

    def own_distances(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return the Euclidean distance of each vector to its class's centroid, shape (images,).

        Raises
        ------
        ValueError
            If a label has no centroid.
        """
        return np.linalg.norm(self.own_offsets(vectors, labels), axis=1)


def fit_centroids(vectors: ArrayLike, labels: ArrayLike) -> Centroids:
    """Compute the mean vector of each class.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)

    Raises
    ------
    ValueError
        If there are no vectors, or not one label a vector.
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    names = np.asarray(labels, dtype=np.str_)
    if len(matrix) == 0 or len(matrix) != len(names):
        raise ValueError(f"{len(matrix)} vectors and {len(names)} labels: give one label a vector")
    class_names, members, counts = np.unique(names, return_inverse=True, return_counts=True)
    by_class = np.argsort(members, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    sums = np.add.reduceat(matrix[by_class], starts, axis=0)
    return Centroids(class_names, sums / counts[:, np.newaxis])


def classify(
    vectors: ArrayLike, centroids: Centroids
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Give each vector the class of the nearest centroid, by Euclidean distance.

    Of equally near centroids the first in the order of class names wins.

    Parameters
    ----------
    vectors : array, shape (images, features)
    centroids : Centroids

    Returns
    -------
    predicted : ndarray of str, shape (images,)
    distance : ndarray of float64, shape (images,)
        Euclidean distance to that centroid, in units of the embedding.
    """
    from scipy.spatial.distance import cdist

    distances = cdist(np.asarray(vectors, dtype=np.float64), centroids.vectors)
    nearest = distances.argmin(axis=1)
    return centroids.class_names[nearest], distances[np.arange(len(distances)), nearest]

"""How tight classes are, how far apart, and how far their centroids moved.

All distances are Euclidean, in units of the embedding (each coordinate lies in (0, 1)).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids


def class_radii(vectors: ArrayLike, labels: ArrayLike, centroids: Centroids) -> NDArray[np.float64]:
    """Return the radius of each class: the mean distance of its vectors to its centroid.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)
        Every one must have a centroid.
    centroids : Centroids

    Returns
    -------
    ndarray of float64, shape (classes,)
        NaN for a centroid without vectors.
    """
    members, classes = centroids.positions(labels), len(centroids.class_names)
    distances = centroids.own_distances(vectors, labels)
    sums = np.bincount(members, weights=distances, minlength=classes)
    counts = np.bincount(members, minlength=classes)
    return np.divide(sums, counts, out=np.full(classes, np.nan), where=counts > 0)


def separation_matrix(centroids: Centroids) -> NDArray[np.float64]:
    """Return the distances between all centroids, shape (classes, classes), zero diagonal."""
    from scipy.spatial.distance import cdist

    return cdist(centroids.vectors, centroids.vectors)


def distinct_separations(separations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of the distinct pairs of classes, each pair once.

    The zero diagonal is left out: with it, the mean over 27 classes is 27/26 times too small.

    Returns
    -------
    ndarray of float64, shape (classes * (classes - 1) / 2,)
    """
    from scipy.spatial.distance import squareform

    return squareform(separations, checks=False)


def nearest_classes(
    separations: NDArray[np.float64], class_names: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return each class's nearest other class and the distance between their centroids.

    Raises
    ------
    ValueError
        If there is only one class.
    """
    if len(class_names) < 2:
        raise ValueError(f"only the class {class_names.tolist()}: a neighbour needs two classes")
    others = separations + np.diag(np.full(len(class_names), np.inf))
    nearest = others.argmin(axis=1)
    return class_names[nearest], others[np.arange(len(others)), nearest]


def centroid_movement(before: Centroids, after: Centroids) -> NDArray[np.float64]:
    """Return how far each class's centroid moved between two steps.

    Returns
    -------
    ndarray of float64, shape (classes of ``after``,)
        NaN for a class that ``before`` does not have.
    """
    earlier = pd.DataFrame(before.vectors, index=pd.Index(before.class_names))
    offsets = after.vectors - earlier.reindex(after.class_names).to_numpy()
    return np.linalg.norm(offsets, axis=1)


def link_classes(separations: ArrayLike) -> NDArray[np.float64]:
    """Join classes, the nearest first, into a tree (average linkage).

    Two groups are as far apart as the mean distance of their pairs of classes (Sokal &
    Michener 1958, "A statistical method for evaluating systematic relationships": UPGMA). Of the
    two sides of each join that is the first with which the distances between neighbouring leaves
    add up to the least (Bar-Joseph et al. 2001, "Fast optimal leaf ordering",
    doi:10.1093/bioinformatics/17.suppl_1.S22).

    Parameters
    ----------
    separations : array, shape (classes, classes)
        As from `separation_matrix`.

    Returns
    -------
    ndarray of float64, shape (classes - 1, 4)
        As SciPy's `linkage`: a row a join, with the two groups (a class by its row in
        ``separations``, an earlier join by the number of classes plus its row), their distance,
        and the classes in both. No rows for one class.
    """
    from scipy.cluster.hierarchy import linkage

    matrix = np.asarray(separations, dtype=np.float64)
    if len(matrix) < 2:
        return np.empty((0, 4))
    return linkage(distinct_separations(matrix), method="average", optimal_ordering=True)


def similarity_order(centroids: Centroids) -> NDArray[np.str_]:
    """Return the class names so that similar classes stand side by side.

    It is that of the leaves of `link_classes`.
    """
    from scipy.cluster.hierarchy import leaves_list

    if len(centroids.class_names) < 3:
        return centroids.class_names
    return centroids.class_names[leaves_list(link_classes(separation_matrix(centroids)))]

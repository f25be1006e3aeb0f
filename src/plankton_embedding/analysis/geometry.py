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
    members = centroids.positions(labels)
    offsets = np.asarray(vectors, dtype=np.float64) - centroids.vectors[members]
    distances = np.linalg.norm(offsets, axis=1)
    classes = len(centroids.class_names)
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


def similarity_order(centroids: Centroids) -> NDArray[np.str_]:
    """Return the class names so that similar classes stand side by side.

    Average linkage of the centroids (the tree of `class_similarity.link_classes`), its leaves
    ordered so that the distances between neighbours add up to the least (Bar-Joseph et al.
    2001, "Fast optimal leaf ordering", doi:10.1093/bioinformatics/17.suppl_1.S22).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(centroids.class_names) < 3:
        return centroids.class_names
    distances = distinct_separations(separation_matrix(centroids))
    tree = linkage(distances, method="average", optimal_ordering=True)
    return centroids.class_names[leaves_list(tree)]

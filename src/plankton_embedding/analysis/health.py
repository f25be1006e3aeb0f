"""Whether a training is well: what its embeddings look like while it goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.geometry import class_radii, nearest_classes, separation_matrix

# Squares of rounding errors, relative to the squares that they come of.
_NOISE = 1e-14


def spread_of_embeddings(vectors: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Measure how much of their space embeddings use.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)
        Of two classes at least.

    Returns
    -------
    dict
        ``embedding_variance``: the mean over features of the variance over images;
        ``effective_rank``: of so many directions the vectors make use (`effective_rank`);
        ``radius_to_separation``: the mean over classes of the radius over the distance to the
        nearest other centroid; above about 1 a class reaches into its neighbour.
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    centroids = fit_centroids(matrix, labels)
    radii = class_radii(matrix, labels, centroids)
    _, nearest = nearest_classes(separation_matrix(centroids), centroids.class_names)
    ratios = np.divide(radii, nearest, out=np.full(len(radii), np.inf), where=nearest > 0)
    return {
        "embedding_variance": float(matrix.var(axis=0).mean()),
        "effective_rank": effective_rank(matrix),
        "radius_to_separation": float(ratios.mean()),
    }


def effective_rank(vectors: NDArray[np.float64]) -> float:
    """Return the effective rank of centred vectors: 1 on a line, the dimension in a ball.

    The exponential of the entropy of the normalised singular values (Roy & Vetterli 2007, "The
    effective rank: a measure of effective dimensionality"); 0 where all vectors are the same.
    """
    centred = vectors - vectors.mean(axis=0)
    # Of the small matrix: as many images as there are make no difference to it.
    squares = np.linalg.eigvalsh(centred.T @ centred).clip(min=0)
    if squares.sum() <= _NOISE * np.square(vectors).sum():
        return 0.0
    singular = np.sqrt(squares[squares > _NOISE * squares.sum()])
    shares = singular / singular.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def triplet_activity(vectors: ArrayLike, labels: ArrayLike, margin: float) -> dict[str, float]:
    """Measure the triplets of one batch, all that there are in it.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of int, shape (images,)
    margin : float
        α, in squared distance.

    Returns
    -------
    dict
        ``active_triplets``: the share with ap² - an² + α above 0, which still teach something;
        ``mean_positive_distance`` and ``mean_negative_distance``: Euclidean, over pairs of one
        class and of two classes. NaN where there are none.
    """
    from scipy.spatial.distance import cdist

    matrix = np.asarray(vectors, dtype=np.float64)
    names = np.asarray(labels)
    distances = cdist(matrix, matrix)
    same = names[:, None] == names
    positive, negative = same & ~np.eye(len(names), dtype=bool), ~same
    squared = distances**2
    # In order of distance, the negatives of an anchor that are nearer than a positive by less
    # than the margin are the first so many.
    nearest = np.sort(np.where(negative, squared, np.inf), axis=1)
    active = [
        np.searchsorted(nearest[anchor], squared[anchor, positive[anchor]] + margin).sum()
        for anchor in range(len(names))
    ]
    triplets = (positive.sum(axis=1) * negative.sum(axis=1)).sum()
    return {
        "active_triplets": float(sum(active) / triplets) if triplets else float("nan"),
        "mean_positive_distance": _mean(distances[positive]),
        "mean_negative_distance": _mean(distances[negative]),
    }


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")

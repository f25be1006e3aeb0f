"""Principal components: the view of the embedding in few dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix

_COMPONENTS = 3


@dataclass(frozen=True)
class PrincipalBasis:
    """Axes of the largest variance, fitted once and then fixed.

    Attributes
    ----------
    mean : ndarray of float64, shape (features,)
    axes : ndarray of float64, shape (components, features)
        Orthonormal rows; of each, the coordinate of largest magnitude is positive.
    explained : ndarray of float64, shape (components,)
        Share of the whole variance along each axis.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    explained: NDArray[np.float64]

    def project(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the coordinates of vectors along the axes, shape (vectors, components)."""
        return (np.asarray(vectors, dtype=np.float64) - self.mean) @ self.axes.T


def fit_principal_basis(vectors: ArrayLike, components: int) -> PrincipalBasis:
    """Fit the axes of largest variance.

    Parameters
    ----------
    vectors : array, shape (images, features)
    components : int

    Raises
    ------
    ValueError
        If there are fewer images or features than components.
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    if min(matrix.shape) < components:
        raise ValueError(
            f"{components} components need as many images and features; there are {matrix.shape}"
        )
    fitted = PCA(n_components=components, svd_solver="full").fit(matrix)
    strongest = np.abs(fitted.components_).argmax(axis=1)
    signs = np.sign(fitted.components_[np.arange(components), strongest])
    explained = np.nan_to_num(fitted.explained_variance_ratio_)
    return PrincipalBasis(fitted.mean_, fitted.components_ * signs[:, np.newaxis], explained)


def sample_per_class(labels: ArrayLike, per_class: int, seed: int) -> NDArray[np.intp]:
    """Choose at most ``per_class`` images of each class at random.

    Parameters
    ----------
    labels : array of str, shape (images,)
    per_class : int
    seed : int

    Returns
    -------
    ndarray of int
        Rows chosen, in ascending order.
    """
    names = np.asarray(labels, dtype=np.str_)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    by_class = shuffled[np.argsort(names[shuffled], kind="stable")]
    _, first, counts = np.unique(names[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(names)) - np.repeat(first, counts)
    return np.sort(by_class[rank < per_class])


def project_images(
    embeddings: pd.DataFrame, per_class: int, seed: int
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Project one split of one step, and its centroids, into the basis fitted on all of it.

    Parameters
    ----------
    embeddings : DataFrame
        Rows of the ``embeddings`` table.
    per_class : int
        At most so many images of each class are returned; the basis is fitted on all.
    seed : int
        Chooses them.

    Returns
    -------
    points : DataFrame
        ``class_name``, ``image_id`` (empty for a centroid), ``is_centroid`` and ``pc1`` to
        ``pc3``, in units of the embedding.
    explained : ndarray of float64, shape (3,)
        Share of the variance along each axis.
    """
    vectors, labels = embedding_matrix(embeddings), class_labels(embeddings)
    basis = fit_principal_basis(vectors, _COMPONENTS)
    centroids = fit_centroids(vectors, labels)
    chosen = sample_per_class(labels, per_class, seed)
    coordinates = basis.project(np.concatenate([vectors[chosen], centroids.vectors]))
    points = pd.DataFrame(coordinates, columns=["pc1", "pc2", "pc3"])
    image_ids = embeddings["image_id"].astype(str).to_numpy(dtype=object)[chosen]
    points.insert(0, "class_name", np.concatenate([labels[chosen], centroids.class_names]))
    points.insert(1, "image_id", [*image_ids, *[""] * len(centroids.class_names)])
    points.insert(2, "is_centroid", np.arange(len(points)) >= len(chosen))
    return points, basis.explained

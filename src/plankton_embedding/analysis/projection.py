"""Images and classes along the principal components of the last step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.principal_basis import PrincipalBasis


@dataclass(frozen=True)
class ProjectedClasses:
    """Images and classes of one split of one step in a basis.

    Attributes
    ----------
    points : DataFrame
        The images chosen to be shown, then the centroids: ``class_name``, ``image_id`` (empty
        for a centroid), ``is_centroid``, and ``pc1``, ``pc2``, … in units of the embedding (of
        standard deviations in a standardised basis).
    central : mapping of str to ndarray of float64, shape (images, components)
        Of each class all its central images, shown or not: what its hull is drawn around.
    central_share : float
        Share of a class's images that are central: those nearest to its centroid in the whole
        embedding. The others, often mislabelled, would stretch the hull.
    basis : PrincipalBasis
    """

    points: pd.DataFrame
    central: Mapping[str, NDArray[np.float64]]
    central_share: float
    basis: PrincipalBasis


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


def central_images(
    vectors: ArrayLike, labels: ArrayLike, centroids: Centroids, share: float
) -> NDArray[np.bool_]:
    """Mark the share of each class's images that lie nearest to its centroid.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)
    centroids : Centroids
    share : float
        Above 0, at most 1; of each class the number of images is rounded up.

    Returns
    -------
    ndarray of bool, shape (images,)
    """
    members = centroids.positions(labels)
    outwards = np.lexsort((centroids.own_distances(vectors, labels), members))
    counts = np.bincount(members, minlength=len(centroids.class_names))
    first = np.cumsum(counts) - counts
    rank = np.arange(len(members)) - np.repeat(first, counts)
    # Rounded before rounding up: 0.55 of 100 images are 55, though 0.55 * 100 > 55 in floats.
    wanted = np.ceil(np.round(share * counts, 9))
    central = np.empty(len(members), dtype=bool)
    central[outwards] = rank < np.repeat(wanted, counts)
    return central


def project_classes(
    embeddings: pd.DataFrame,
    basis: PrincipalBasis,
    per_class: int,
    central_share: float,
    seed: int,
) -> ProjectedClasses:
    """Project the images and centroids of one split of one step.

    Parameters
    ----------
    embeddings : DataFrame
        Rows of the ``embeddings`` table, of one step and one split.
    basis : PrincipalBasis
    per_class : int
        At most so many images of each class are shown.
    central_share : float
        See `ProjectedClasses`.
    seed : int
        Chooses the images shown.
    """
    vectors, labels = embedding_matrix(embeddings), class_labels(embeddings)
    centroids = fit_centroids(vectors, labels)
    chosen = sample_per_class(labels, per_class, seed)
    image_ids = embeddings["image_id"].astype(str).to_numpy(dtype=object)[chosen]
    coordinates = basis.project(np.concatenate([vectors[chosen], centroids.vectors]))
    columns = {
        "class_name": np.concatenate([labels[chosen], centroids.class_names]),
        "image_id": [*image_ids, *[""] * len(centroids.class_names)],
        "is_centroid": np.arange(len(coordinates)) >= len(chosen),
    }
    axes = {f"pc{number}": values for number, values in enumerate(coordinates.T, start=1)}
    central = central_images(vectors, labels, centroids, central_share)
    inner, inner_labels = basis.project(vectors[central]), labels[central]
    by_class = {str(name): inner[inner_labels == name] for name in centroids.class_names}
    return ProjectedClasses(pd.DataFrame({**columns, **axes}), by_class, central_share, basis)

"""How images and classes moved over the training, seen along axes that do not move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
    select_embeddings,
    validation_steps,
)
from plankton_embedding.analysis.geometry import class_radii
from plankton_embedding.analysis.principal_basis import PrincipalBasis, fit_principal_basis
from plankton_embedding.analysis.projection import sample_per_class

_COMPONENTS = 3


@dataclass(frozen=True)
class EmbeddingMotion:
    """The same images and classes at several steps, in one basis.

    What a step lacks is NaN there.

    Attributes
    ----------
    steps : tuple of int
        Those shown, ascending.
    steps_embedded : int
        How many there are to choose from.
    image_ids, image_classes : ndarray of str, shape (images,)
        The images shown, by class; the class is that of the last step.
    images : ndarray of float64, shape (steps, images, 3)
    class_names : ndarray of str, shape (classes,)
    centroids : ndarray of float64, shape (steps, classes, 3)
        Of all validation images of a class, shown or not; so are covariances and radii.
    covariances : ndarray of float64, shape (steps, classes, 3, 3)
        Of the projected images of a class, divided by their number.
    radii : ndarray of float64, shape (steps, classes)
        Mean distance to the centroid in the whole embedding.
    explained : ndarray of float64, shape (3,)
        Share of the last step's variance along each axis.
    """

    steps: tuple[int, ...]
    steps_embedded: int
    image_ids: NDArray[np.str_]
    image_classes: NDArray[np.str_]
    images: NDArray[np.float64]
    class_names: NDArray[np.str_]
    centroids: NDArray[np.float64]
    covariances: NDArray[np.float64]
    radii: NDArray[np.float64]
    explained: NDArray[np.float64]


def follow_training(
    embeddings: pd.DataFrame, per_class: int, most_steps: int, seed: int
) -> EmbeddingMotion:
    """Project the validation embeddings of each step into the plain basis of the last step.

    Parameters
    ----------
    embeddings : DataFrame
        The ``embeddings`` table.
    per_class : int
        At most so many images of each class are followed, chosen at the last step.
    most_steps : int
        See `choose_steps`.
    seed : int
        Chooses the images.

    Raises
    ------
    EmbeddingsError
        If an image occurs twice at a step.
    """
    embedded = validation_steps(embeddings)
    steps = choose_steps(embedded, most_steps)
    last = select_embeddings(embeddings, steps[-1], "validation")
    vectors, labels = embedding_matrix(last), class_labels(last)
    basis = fit_principal_basis(vectors, _COMPONENTS)
    class_names = np.unique(labels)
    chosen = sample_per_class(labels, per_class, seed)
    chosen = chosen[np.argsort(labels[chosen], kind="stable")]
    image_ids = np.asarray(last["image_id"].astype(str), dtype=np.str_)[chosen]
    parts = []
    for step in steps:
        rows = select_embeddings(embeddings, step, "validation")
        parts.append(
            (_follow_images(rows, image_ids, basis), *_follow_classes(rows, class_names, basis))
        )
    images, centroids, covariances, radii = (np.stack(part) for part in zip(*parts, strict=True))
    return EmbeddingMotion(
        tuple(steps),
        len(embedded),
        image_ids,
        labels[chosen],
        images,
        class_names,
        centroids,
        covariances,
        radii,
        basis.explained,
    )


def choose_steps(steps: list[int], most: int) -> list[int]:
    """Choose at most so many steps, evenly, the first and the last among them.

    Raises
    ------
    ValueError
        If fewer than two are asked for and there are more.
    """
    if len(steps) <= most:
        return steps
    if most < 2:
        raise ValueError(f"an animation of {most} steps: it needs at least the first and the last")
    positions = np.rint(np.linspace(0, len(steps) - 1, most)).astype(int)
    return [steps[position] for position in positions]


def class_covariances(
    coordinates: ArrayLike, labels: ArrayLike, centroids: Centroids
) -> NDArray[np.float64]:
    """Return the covariance of each class's vectors, divided by their number.

    Parameters
    ----------
    coordinates : array, shape (images, dimensions)
    labels : array of str, shape (images,)
        Each class of ``centroids`` must occur.
    centroids : Centroids

    Returns
    -------
    ndarray of float64, shape (classes, dimensions, dimensions)
    """
    members = centroids.positions(labels)
    offsets = centroids.own_offsets(coordinates, labels)
    products = offsets[:, :, np.newaxis] * offsets[:, np.newaxis, :]
    by_class = np.argsort(members, kind="stable")
    counts = np.bincount(members)
    sums = np.add.reduceat(products[by_class], np.cumsum(counts) - counts, axis=0)
    return sums / counts[:, np.newaxis, np.newaxis]


def _follow_images(
    rows: pd.DataFrame, image_ids: NDArray[np.str_], basis: PrincipalBasis
) -> NDArray[np.float64]:
    index = pd.Index(rows["image_id"].astype(str))
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise EmbeddingsError(
            f"image {twice!r} occurs twice among the validation embeddings of step "
            f"{rows['step'].iloc[0]}: give every image an image_id of its own"
        )
    coordinates = pd.DataFrame(basis.project(embedding_matrix(rows)), index=index)
    return coordinates.reindex(image_ids).to_numpy()


def _follow_classes(
    rows: pd.DataFrame, class_names: NDArray[np.str_], basis: PrincipalBasis
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    vectors, labels = embedding_matrix(rows), class_labels(rows)
    fitted = fit_centroids(vectors, labels)
    centroids = Centroids(fitted.class_names, basis.project(fitted.vectors))
    covariances = class_covariances(basis.project(vectors), labels, centroids)
    radii = class_radii(vectors, labels, fitted)
    where = pd.Index(fitted.class_names).get_indexer(pd.Index(class_names))
    missing = where < 0
    found = [values[where] for values in (centroids.vectors, covariances, radii)]
    for values in found:
        values[missing] = np.nan
    return found[0], found[1], found[2]

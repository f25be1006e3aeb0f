"""The class gallery: what a trained embedder knows of its classes, without any training.

A class is its centroid, its covariance and its radius in the space of one embedder. So a class
can be added from a few images, removed and renamed, and the network stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.errors import UserError


class GalleryError(UserError):
    """A class gallery does not hold, or cannot take, what was asked of it."""


@dataclass(frozen=True)
class ClassGallery:
    """What is known of each class, in the space of one embedder.

    Attributes
    ----------
    class_names : ndarray of str, shape (classes,)
        Each once, in ascending order.
    centroids : ndarray of float64, shape (classes, features)
        Mean vectors.
    radii : ndarray of float64, shape (classes,)
        Mean Euclidean distance of a class's vectors to its centroid.
    counts : ndarray of int64, shape (classes,)
        Images that the class was made of, at least 1.
    covariances : ndarray of float64, shape (classes, features, features)
        Mean of ``(x − μ)(x − μ)ᵀ``: divided by the number of images, not by one less. Zeros for
        a class of one image.
    example_ids : tuple of tuple of str
        Of each class, the images nearest to its centroid, the nearest first.
    embedder_fingerprint : str
        Of the embedder that made the vectors: those of another one cannot be compared.
    """

    class_names: NDArray[np.str_]
    centroids: NDArray[np.float64]
    radii: NDArray[np.float64]
    counts: NDArray[np.int64]
    covariances: NDArray[np.float64]
    example_ids: tuple[tuple[str, ...], ...]
    embedder_fingerprint: str

    def centroid_table(self) -> Centroids:
        """Return the centroids, as the rest of the analysis takes them."""
        return Centroids(self.class_names, self.centroids)

    def position(self, class_name: str) -> int:
        """Return the row of a class.

        Raises
        ------
        GalleryError
            If the gallery does not have it; it names the classes of the nearest names.
        """
        found = np.flatnonzero(self.class_names == class_name)
        if found.size == 0:
            names = self.class_names.tolist()
            near = get_close_matches(class_name, names, cutoff=0.4) or names[:3]
            raise GalleryError(
                f"the gallery has no class {class_name!r}; the nearest of its {len(names)} names: "
                + ", ".join(map(repr, near))
            )
        return int(found[0])


def fit_gallery(
    vectors: ArrayLike,
    labels: ArrayLike,
    image_ids: ArrayLike,
    embedder_fingerprint: str,
    examples: int,
) -> ClassGallery:
    """Compute the gallery of labelled vectors.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)
    image_ids : array of str, shape (images,)
        Each once.
    embedder_fingerprint : str
        Of the embedder that made the vectors.
    examples : int
        Most examples of a class to keep, at least 0.

    Raises
    ------
    GalleryError
        If there are no images, an image stands there twice, or a vector holds NaN or infinity.
    ValueError
        If there is not one label and one id a vector, or ``examples`` is negative.
    """
    matrix, ids = _checked_images(vectors, image_ids, examples)
    centroids = fit_centroids(matrix, labels)
    members, classes = centroids.positions(labels), len(centroids.class_names)
    offsets = centroids.own_offsets(matrix, labels)
    distances = np.linalg.norm(offsets, axis=1)
    counts = np.bincount(members, minlength=classes)
    nearest_first = np.lexsort((distances, members))
    of_class = np.split(nearest_first, np.cumsum(counts)[:-1])
    return ClassGallery(
        class_names=centroids.class_names,
        centroids=centroids.vectors,
        radii=np.bincount(members, weights=distances, minlength=classes) / counts,
        counts=counts.astype(np.int64),
        covariances=np.stack([offsets[rows].T @ offsets[rows] / len(rows) for rows in of_class]),
        example_ids=tuple(tuple(ids[rows[:examples]].tolist()) for rows in of_class),
        embedder_fingerprint=embedder_fingerprint,
    )


def check_fingerprint(gallery: ClassGallery, fingerprint: str) -> None:
    """Refuse a gallery that another embedder made.

    Raises
    ------
    GalleryError
        If its fingerprint is not the given one; it names both.
    """
    if gallery.embedder_fingerprint != fingerprint:
        raise GalleryError(
            f"the class gallery was made by the embedder {gallery.embedder_fingerprint!r}, but "
            f"the embedder in use is {fingerprint!r}: vectors of different embedders cannot be "
            "compared. Use the embedder of the gallery, or make a gallery with this one"
        )


def _checked_images(
    vectors: ArrayLike, image_ids: ArrayLike, examples: int
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    matrix, ids = np.asarray(vectors, dtype=np.float64), np.asarray(image_ids, dtype=np.str_)
    if len(matrix) == 0:
        raise GalleryError("there are no images: a class is made of at least one")
    if matrix.ndim != 2 or ids.shape != (len(matrix),) or examples < 0:
        raise ValueError(
            f"vectors of shape {matrix.shape}, ids of shape {ids.shape}, {examples} examples: give "
            "one row and one id an image, and no negative number of examples"
        )
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        first = str(ids[np.argmin(finite)])
        raise GalleryError(f"the vector of image {first!r} holds NaN or infinity: leave it out")
    names, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        raise GalleryError(f"image {str(names[counts.argmax()])!r} stands there more than once")
    return matrix, ids

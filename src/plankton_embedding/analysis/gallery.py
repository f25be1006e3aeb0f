"""The class gallery: what a trained embedder knows of its classes, without any training.

A class is its centroid, its covariance and its radius in the space of one embedder. So a class
can be added from a few images, removed and renamed, and the network stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    offsets = matrix - centroids.vectors[members]
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


def enrol_class(
    gallery: ClassGallery,
    class_name: str,
    vectors: ArrayLike,
    image_ids: ArrayLike,
    examples: int,
) -> ClassGallery:
    """Return the gallery with a new class, made of vectors of the same embedder.

    Parameters
    ----------
    gallery : ClassGallery
    class_name : str
        Not yet in the gallery; see `extend_class` for more images of a class that is.
    vectors : array, shape (images, features)
    image_ids : array of str, shape (images,)
    examples : int
        Most examples to keep.

    Raises
    ------
    GalleryError
        If the gallery has the class, or the vectors are not of its size.
    """
    _check_new_name(gallery, class_name)
    return _put(gallery, _one_class(gallery, class_name, vectors, image_ids, examples))


def extend_class(
    gallery: ClassGallery,
    class_name: str,
    vectors: ArrayLike,
    image_ids: ArrayLike,
    examples: int,
) -> ClassGallery:
    """Return the gallery with more images in one of its classes.

    Centroid, covariance and count become exactly those of all images together: with n and m
    images and d between the two centroids, ``μ = (n μ₁ + m μ₂) / (n + m)`` and
    ``Σ = (n Σ₁ + m Σ₂) / (n + m) + n m d dᵀ / (n + m)²`` (Chan, Golub & LeVeque 1983,
    doi:10.1080/00031305.1983.10483115).

    The radius does not: the earlier images' distances to the moved centroid are not known any
    more. If the centroid moves by s, their mean distance r is taken to become ``√(r² + s²)``,
    which is exact for a class that had one image and for s = 0, and otherwise between the bounds
    that the true mean has, ``max(s, r − s)`` and ``r + s``. The new images' distances are exact.
    The examples are the earlier ones and the nearest new ones, in turns. Where that is not enough,
    call `fit_gallery` with all images.

    Parameters
    ----------
    gallery : ClassGallery
    class_name : str
        In the gallery.
    vectors : array, shape (images, features)
        New images only.
    image_ids : array of str, shape (images,)
    examples : int
        Most examples to keep.

    Raises
    ------
    GalleryError
        If the gallery does not have the class, an image is one of its examples (so is in it
        already), or the vectors are not of its size.
    """
    place = gallery.position(class_name)
    added = _one_class(gallery, class_name, vectors, image_ids, examples)
    earlier = gallery.example_ids[place]
    again = sorted(set(earlier) & set(np.asarray(image_ids, dtype=np.str_).tolist()))
    if again:
        raise GalleryError(
            f"image {again[0]!r} is in the class {class_name!r} already: add new images only"
        )
    counts = np.array([gallery.counts[place], added.counts[0]], dtype=np.float64)
    shares = counts / counts.sum()
    between = added.centroids[0] - gallery.centroids[place]
    centroid = gallery.centroids[place] + shares[1] * between
    inside = shares[0] * gallery.covariances[place] + shares[1] * added.covariances[0]
    earlier_radius = np.hypot(gallery.radii[place], np.linalg.norm(shares[1] * between))
    added_radius = np.linalg.norm(np.asarray(vectors, np.float64) - centroid, axis=1).mean()
    merged = replace(
        added,
        centroids=centroid[np.newaxis],
        radii=np.array([shares @ (earlier_radius, added_radius)]),
        counts=gallery.counts[place : place + 1] + added.counts,
        covariances=(inside + shares.prod() * np.outer(between, between))[np.newaxis],
        example_ids=(_in_turns(earlier, added.example_ids[0])[:examples],),
    )
    return _put(_without(gallery, class_name), merged)


def remove_class(gallery: ClassGallery, class_name: str) -> ClassGallery:
    """Return the gallery without a class.

    Raises
    ------
    GalleryError
        If the gallery does not have it, or has no other.
    """
    gallery.position(class_name)
    if len(gallery.class_names) == 1:
        raise GalleryError(f"{class_name!r} is the only class of the gallery: it must keep one")
    return _without(gallery, class_name)


def rename_class(gallery: ClassGallery, class_name: str, new_name: str) -> ClassGallery:
    """Return the gallery with another name for a class.

    Raises
    ------
    GalleryError
        If the gallery does not have the class, or has the new name already.
    """
    place = gallery.position(class_name)
    if new_name == class_name:
        return gallery
    _check_new_name(gallery, new_name)
    renamed = replace(_take(gallery, np.array([place])), class_names=np.array([new_name]))
    return _put(_without(gallery, class_name), renamed)


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


def _check_new_name(gallery: ClassGallery, class_name: str) -> None:
    if not class_name.strip():
        raise GalleryError(f"{class_name!r} is no name for a class: give it one that can be read")
    if (gallery.class_names == class_name).any():
        raise GalleryError(
            f"the gallery has a class {class_name!r} already: choose another name, remove it "
            "first, or add the images to it"
        )


def _one_class(
    gallery: ClassGallery,
    class_name: str,
    vectors: ArrayLike,
    image_ids: ArrayLike,
    examples: int,
) -> ClassGallery:
    matrix, ids = _checked_images(vectors, image_ids, examples)
    features = gallery.centroids.shape[1]
    if matrix.shape[1] != features:
        raise GalleryError(
            f"vectors of {matrix.shape[1]} features for {class_name!r}, but the gallery's have "
            f"{features}: they come from another embedder"
        )
    labels = np.full(len(matrix), class_name)
    return fit_gallery(matrix, labels, ids, gallery.embedder_fingerprint, examples)


def _without(gallery: ClassGallery, class_name: str) -> ClassGallery:
    return _take(gallery, np.flatnonzero(gallery.class_names != class_name))


def _take(gallery: ClassGallery, order: NDArray[np.intp]) -> ClassGallery:
    return replace(
        gallery,
        class_names=gallery.class_names[order],
        centroids=gallery.centroids[order],
        radii=gallery.radii[order],
        counts=gallery.counts[order],
        covariances=gallery.covariances[order],
        example_ids=tuple(gallery.example_ids[place] for place in order),
    )


def _put(gallery: ClassGallery, added: ClassGallery) -> ClassGallery:
    together = ClassGallery(
        class_names=np.concatenate([gallery.class_names, added.class_names]),
        centroids=np.concatenate([gallery.centroids, added.centroids]),
        radii=np.concatenate([gallery.radii, added.radii]),
        counts=np.concatenate([gallery.counts, added.counts]),
        covariances=np.concatenate([gallery.covariances, added.covariances]),
        example_ids=gallery.example_ids + added.example_ids,
        embedder_fingerprint=gallery.embedder_fingerprint,
    )
    return _take(together, np.argsort(together.class_names, kind="stable"))


def _in_turns(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    paired = [name for pair in zip(first, second, strict=False) for name in pair]
    shorter = min(len(first), len(second))
    return (*paired, *first[shorter:], *second[shorter:])

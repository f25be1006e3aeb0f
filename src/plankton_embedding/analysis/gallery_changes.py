"""Changing a class gallery without training: add, extend, remove and rename classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.gallery import ClassGallery, GalleryError, fit_gallery


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
    labels = np.full(len(np.asarray(vectors)), class_name)
    added = fit_gallery(vectors, labels, image_ids, gallery.embedder_fingerprint, examples)
    known, given = gallery.centroids.shape[1], added.centroids.shape[1]
    if given != known:
        raise GalleryError(
            f"vectors of {given} features for {class_name!r}, but those of the gallery have "
            f"{known}: they come from another embedder"
        )
    return added


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

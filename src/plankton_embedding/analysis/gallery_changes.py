"""Changing a class gallery without training: add, remove and rename classes."""

from __future__ import annotations

from collections.abc import Mapping
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
        Not yet in the gallery.
    vectors : array, shape (images, features)
    image_ids : array of str, shape (images,)
    examples : int
        Most examples to keep.

    Raises
    ------
    GalleryError
        If the gallery has the class, or the vectors are not of its size.
    """
    _check_readable(class_name)
    if (gallery.class_names == class_name).any():
        raise GalleryError(_taken(class_name))
    return _put(gallery, _one_class(gallery, class_name, vectors, image_ids, examples))


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


def rename_classes(gallery: ClassGallery, names: Mapping[str, str]) -> ClassGallery:
    """Return the gallery with other names for some classes, which may swap names.

    Parameters
    ----------
    gallery : ClassGallery
    names : mapping of str to str
        From old names to new ones.

    Raises
    ------
    GalleryError
        If the gallery does not have a class, or a new name is that of another class.
    """
    renamed = gallery.class_names.astype(object)
    for old, new in names.items():
        _check_readable(new)
        renamed[gallery.position(old)] = new
    unique, counts = np.unique(renamed, return_counts=True)
    if (counts > 1).any():
        raise GalleryError(_taken(str(unique[counts.argmax()])))
    together = replace(gallery, class_names=renamed.astype(np.str_))
    return _take(together, np.argsort(together.class_names, kind="stable"))


def _check_readable(class_name: str) -> None:
    if not class_name.strip():
        raise GalleryError(f"{class_name!r} is no name for a class: give it one that can be read")


def _taken(class_name: str) -> str:
    return (
        f"the gallery has a class {class_name!r} already: choose another name, remove it first, or "
        "add the images to it"
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

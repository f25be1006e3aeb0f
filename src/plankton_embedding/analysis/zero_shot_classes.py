"""The classes that images get from the references of seen classes and from support sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.neighbours import nearest_in_rows, squared_distance_chunks
from plankton_embedding.analysis.support_sets import SupportSets
from plankton_embedding.analysis.votes import most_frequent


@dataclass(frozen=True)
class FoundClasses:
    """The class that each image gets, as a row of the sets' class names.

    Attributes
    ----------
    among_all, among_unseen : ndarray of int, shape (sizes, draws, images)
        The images are `SupportSets.scored_rows`.
    among_seen : ndarray of int, shape (sizes, images)
    """

    among_all: NDArray[np.intp]
    among_unseen: NDArray[np.intp]
    among_seen: NDArray[np.intp]

    @classmethod
    def empty(cls, sets: SupportSets) -> FoundClasses:
        """Make room for the classes of the sets' images."""
        sizes, draws, _ = sets.is_support.shape
        shape = (sizes, draws, len(sets.scored_rows()))
        among_all, among_unseen = np.empty(shape, np.intp), np.empty(shape, np.intp)
        return cls(among_all, among_unseen, np.empty(shape[::2], np.intp))


def find_by_centroids(matrix: NDArray[np.float64], sets: SupportSets) -> FoundClasses:
    """Give each image the class of the nearest centroid, of equally near ones the first by name.

    Parameters
    ----------
    matrix : ndarray of float64, shape (images, features)
    sets : SupportSets
    """
    from scipy.spatial.distance import cdist

    found, queries = FoundClasses.empty(sets), matrix[sets.scored_rows()]
    seen, centroids = _centroids(matrix, sets, sets.reference_rows)
    distances = np.full((len(queries), len(sets.class_names)), np.inf)
    distances[:, seen] = cdist(queries, centroids)
    found.among_seen[:] = distances.argmin(axis=1)
    for size, draw in np.ndindex(sets.is_support.shape[:2]):
        support = sets.unseen_rows[sets.is_support[size, draw]]
        unseen, centroids = _centroids(matrix, sets, support)
        distances[:, sets.is_unseen] = np.inf
        distances[:, unseen] = cdist(queries, centroids)
        found.among_all[size, draw] = distances.argmin(axis=1)
        found.among_unseen[size, draw] = unseen[distances[:, unseen].argmin(axis=1)]
    return found


def find_by_neighbours(
    matrix: NDArray[np.float64], sets: SupportSets, neighbours: int
) -> FoundClasses:
    """Give each image the most frequent class of its nearest references.

    See `plankton_embedding.analysis.zero_shot.measure_zero_shot` for how many they are.

    Parameters
    ----------
    matrix : ndarray of float64, shape (images, features)
    sets : SupportSets
    neighbours : int
        The most that vote.
    """
    found, classes = FoundClasses.empty(sets), len(sets.class_names)
    reference_rows = np.concatenate([sets.reference_rows, sets.unseen_rows])
    of_reference, known = sets.members[reference_rows], len(sets.reference_rows)
    voters = [min(neighbours, smallest) for smallest in _smallest_supports(sets)]
    chunks = squared_distance_chunks(matrix[sets.scored_rows()], matrix[reference_rows])
    for rows, distances in chunks:
        seen = _Nearest.find(distances[:, :known], of_reference[:known], neighbours)
        for size, count in enumerate(voters):
            found.among_seen[size, rows] = most_frequent(seen.classes[:, :count], classes)
            for draw, is_support in enumerate(sets.is_support[size]):
                support = known + np.flatnonzero(is_support)
                away = np.take(distances, support, axis=1)
                unseen = _Nearest.find(away, of_reference[support], count)
                found.among_unseen[size, draw, rows] = most_frequent(unseen.classes, classes)
                nearest = seen.merge(unseen).classes[:, :count]
                found.among_all[size, draw, rows] = most_frequent(nearest, classes)
    return found


@dataclass(frozen=True)
class _Nearest:
    """The nearest references of some images, the nearest first; shape (images, references)."""

    distances: NDArray[np.float32]
    classes: NDArray[np.intp]

    @classmethod
    def find(
        cls, distances: NDArray[np.float32], classes: NDArray[np.intp], count: int
    ) -> _Nearest:
        """Find ``count`` references, or all, by distances of shape (images, references)."""
        nearest = nearest_in_rows(distances, min(count, len(classes)))
        return cls(np.take_along_axis(distances, nearest, axis=1), classes[nearest])

    def merge(self, others: _Nearest) -> _Nearest:
        """Put other references of the same images between these."""
        distances = np.concatenate([self.distances, others.distances], axis=1)
        classes = np.concatenate([self.classes, others.classes], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")
        return _Nearest(
            np.take_along_axis(distances, order, axis=1), np.take_along_axis(classes, order, axis=1)
        )


def _centroids(
    matrix: NDArray[np.float64], sets: SupportSets, rows: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    centroids = fit_centroids(matrix[rows], sets.class_names[sets.members[rows]])
    return np.searchsorted(sets.class_names, centroids.class_names), centroids.vectors


def _smallest_supports(sets: SupportSets) -> list[int]:
    """Return how many images the smallest support set of each size has."""
    counts = sets.is_support.astype(np.float64) @ sets.is_class(sets.unseen_rows)
    return [int(of_size[of_size > 0].min()) for of_size in counts]

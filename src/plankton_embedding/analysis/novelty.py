"""How strange images are to a reference set of known classes: three scores, larger is stranger.

===================== ==================================================================
scaled distance       distance to the nearest centroid ÷ radius of that centroid's class
Mahalanobis distance  to the nearest centroid, by one covariance that all classes share
neighbour distance    distance to the k-th nearest reference image
===================== ==================================================================

The reference images made the centroids, so their own scores say too little strangeness. They are
scored as if each had been left out (``score_left_out``), in closed form: nothing is fitted anew.
Only the image itself is left out: where near copies of it (one animal, one frame) stand in the
reference set too, its score is still too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.geometry import class_radii
from plankton_embedding.analysis.left_out_distances import (
    count_members,
    finite_vectors,
    left_out_distances,
    left_out_radii,
    row_chunks,
)
from plankton_embedding.analysis.mahalanobis import MahalanobisDistance
from plankton_embedding.analysis.neighbours import nearest_in_rows, squared_distance_chunks

# Of the largest coordinate of a centroid: what is smaller is the rounding of a radius of 0.
_NO_RADIUS = 1e-6
# Distances are found in float32 and computed in float64: so many more are looked at.
_SPARE_NEIGHBOURS = 4


class NoveltyScore(Protocol):
    """What the three scores have in common."""

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each vector, shape (images,)."""
        ...

    def score_left_out(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return the scores of the reference images, each left out of the reference set.

        NaN for an image that is alone in its class: without it the class is not known.
        """
        ...


@dataclass(frozen=True)
class ScaledDistance:
    """Distance to the nearest centroid, in radii of its class: ``min_c ‖x − μ_c‖ / r_c'``.

    c' is the class of the nearest centroid, the same that `centroids.classify` would give, and
    r the mean distance of a class's images to their centroid. The nearest-class-mean form of
    distance-based rejection (Mensink et al. 2013, doi:10.1109/TPAMI.2013.83; Bendale & Boult
    2015, "Towards open world recognition", arXiv:1412.5687), scaled so that loose classes
    reach further than tight ones.

    Attributes
    ----------
    centroids : Centroids
    radii : ndarray of float64, shape (classes,)
        All positive, as from `usable_radii`.
    """

    centroids: Centroids
    radii: NDArray[np.float64]

    @classmethod
    def fit(cls, vectors: ArrayLike, labels: ArrayLike) -> Self:
        """Fit to reference images, shapes (images, features) and (images,)."""
        matrix = finite_vectors(vectors)
        centroids = fit_centroids(matrix, labels)
        return cls(centroids, usable_radii(class_radii(matrix, labels, centroids), centroids))

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each vector, in radii, shape (images,)."""
        from scipy.spatial.distance import cdist

        matrix = finite_vectors(vectors)
        scores = np.empty(len(matrix))
        for rows in row_chunks(len(matrix), len(self.radii)):
            distances = cdist(matrix[rows], self.centroids.vectors)
            scores[rows] = distances.min(axis=1) / self.radii[distances.argmin(axis=1)]
        return scores

    def score_left_out(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each reference image by the centroid and radius without it."""
        matrix = finite_vectors(vectors)
        members, counts = count_members(labels, self.centroids)
        own_radii = left_out_radii(matrix, members, counts, self.centroids)
        own_radii[~_is_radius(own_radii, self.centroids)] = np.median(self.radii)
        scores = np.empty(len(matrix))
        for rows in row_chunks(len(matrix), len(self.radii)):
            distances = left_out_distances(matrix[rows], members[rows], counts, self.centroids)
            nearest = distances.argmin(axis=1)
            is_own = nearest == members[rows]
            radii = np.where(is_own, own_radii[rows], self.radii[nearest])
            scores[rows] = distances.min(axis=1) / radii
        return np.where(counts[members] > 1, scores, np.nan)


@dataclass(frozen=True)
class NeighbourDistance:
    """Distance to the k-th nearest reference image, or the farthest if there are fewer.

    Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbors",
    arXiv:2204.06507; our vectors are not normalised.

    Attributes
    ----------
    references : ndarray of float64, shape (references, features)
    neighbours : int
        k, at least 1.
    """

    references: NDArray[np.float64]
    neighbours: int

    @classmethod
    def fit(cls, vectors: ArrayLike, neighbours: int) -> Self:
        """Keep the reference images, shape (images, features), with k ``neighbours``.

        Raises
        ------
        ValueError
            If there are no images, or k is below 1.
        """
        matrix = finite_vectors(vectors)
        if neighbours < 1 or len(matrix) == 0:
            raise ValueError(f"{neighbours} neighbours of {len(matrix)} images: both must be ≥ 1")
        return cls(matrix, neighbours)

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each vector, in units of the embedding, shape (images,)."""
        return self._distances(finite_vectors(vectors), are_references=False)

    def score_left_out(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of each reference image to its k-th nearest other one."""
        matrix = finite_vectors(vectors)
        if not np.array_equal(matrix, self.references):
            raise ValueError("give the very images that the score was fitted to, in their order")
        _, members, counts = np.unique(
            np.asarray(labels, dtype=np.str_), return_inverse=True, return_counts=True
        )
        if len(matrix) == 1:
            return np.array([np.nan])
        return np.where(counts[members] > 1, self._distances(matrix, are_references=True), np.nan)

    def _distances(
        self, queries: NDArray[np.float64], *, are_references: bool
    ) -> NDArray[np.float64]:
        others = len(self.references) - are_references
        place = min(self.neighbours, others)
        looked_at = min(place + _SPARE_NEIGHBOURS, others)
        scores = np.empty(len(queries))
        for start in row_chunks(len(queries), looked_at * queries.shape[1]):
            for rows, rough in squared_distance_chunks(queries[start], self.references):
                place_of = np.arange(len(queries))[start][rows]
                if are_references:
                    rough[np.arange(len(rough)), place_of] = np.inf
                found = self.references[nearest_in_rows(rough, looked_at)]
                offsets = found - queries[place_of, np.newaxis]
                exact = np.sqrt(np.square(offsets).sum(axis=2))
                scores[place_of] = np.partition(exact, place - 1, axis=1)[:, place - 1]
        return scores


def fit_novelty_scores(
    vectors: ArrayLike, labels: ArrayLike, neighbours: int
) -> dict[str, NoveltyScore]:
    """Fit the three scores to the same reference images.

    Parameters
    ----------
    vectors : array, shape (images, features)
    labels : array of str, shape (images,)
    neighbours : int
        k of the neighbour distance.

    Returns
    -------
    dict
        ``scaled_distance``, ``mahalanobis_distance`` and ``neighbour_distance``.
    """
    return {
        "scaled_distance": ScaledDistance.fit(vectors, labels),
        "mahalanobis_distance": MahalanobisDistance.fit(vectors, labels),
        "neighbour_distance": NeighbourDistance.fit(vectors, neighbours),
    }


def usable_radii(radii: NDArray[np.float64], centroids: Centroids) -> NDArray[np.float64]:
    """Replace radii that nothing can be divided by with the median of the others.

    A class of one image, or of copies of one, has radius 0: how far it reaches is not known, so
    it is taken to reach as far as a class in the middle. 1 if no class has a radius.
    """
    usable = _is_radius(radii, centroids)
    return np.where(usable, radii, np.median(radii[usable]) if usable.any() else 1.0)


def _is_radius(radii: NDArray[np.float64], centroids: Centroids) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = radii > _NO_RADIUS * np.abs(centroids.vectors).max()
    return usable

"""Mahalanobis distance to the nearest centroid: a score of novelty, and a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.left_out_distances import (
    count_members,
    finite_vectors,
    left_out_growth,
    row_chunks,
)

# Of the largest coordinate of a centroid: smaller offsets are the rounding of 0.
_NO_OFFSET = 1e-6


@dataclass(frozen=True)
class MahalanobisDistance:
    """Mahalanobis distance to the nearest centroid: ``min_c √((x − μ_c)ᵀ Σ⁻¹ (x − μ_c))``.

    Σ is the covariance of images about their own class's centroid, the same for all classes (Lee
    et al. 2018, "A simple unified framework for detecting out-of-distribution samples",
    arXiv:1807.03888, equations 1 and 2), shrunk towards a multiple of the unit matrix: ``Σ =
    (1 − δ) S / n + δ m I``, δ after Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4. If no
    class has two different images Σ is the unit matrix.

    Attributes
    ----------
    centroids : Centroids
    whitening : ndarray of float64, shape (features, features)
        W with ``Wᵀ W = Σ⁻¹``: distances between vectors ``W x`` are Mahalanobis distances.
    shrinkage : float
        δ; 1 where Σ is the unit matrix.
    images : int
        n, without those that are alone in their class: they say nothing of how it spreads.
    """

    centroids: Centroids
    whitening: NDArray[np.float64]
    shrinkage: float
    images: int

    @classmethod
    def fit(cls, vectors: ArrayLike, labels: ArrayLike) -> Self:
        """Fit to reference images, shapes (images, features) and (images,)."""
        from sklearn.covariance import ledoit_wolf

        matrix = finite_vectors(vectors)
        centroids = fit_centroids(matrix, labels)
        members, counts = count_members(labels, centroids)
        together = counts[members] > 1
        offsets = (matrix - centroids.vectors[members])[together]
        scale = np.abs(offsets).max(initial=0.0)
        if not scale > _NO_OFFSET * np.abs(centroids.vectors).max():
            return cls(centroids, np.eye(matrix.shape[1]), 1.0, len(offsets))
        covariance, shrinkage = ledoit_wolf(offsets, assume_centered=True)
        variances, axes = np.linalg.eigh(covariance)
        # A feature that never varies has variance 0, but for rounding.
        variances = np.maximum(variances, 1e-12 * variances.max())
        whitening = axes.T / np.sqrt(variances)[:, np.newaxis]
        return cls(centroids, whitening, float(shrinkage), len(offsets))

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each vector, without unit, shape (images,)."""
        return self._nearest(vectors)[1]

    def classify(self, vectors: ArrayLike) -> NDArray[np.str_]:
        """Return the class of the nearest centroid of each vector, shape (images,)."""
        return self.centroids.class_names[self._nearest(vectors)[0]]

    def _nearest(self, vectors: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        from scipy.spatial.distance import cdist

        matrix, centres = finite_vectors(vectors), self.centroids.vectors @ self.whitening.T
        nearest, scores = np.empty(len(matrix), dtype=np.intp), np.empty(len(matrix))
        for rows in row_chunks(len(matrix), len(centres)):
            distances = cdist(matrix[rows] @ self.whitening.T, centres)
            nearest[rows], scores[rows] = distances.argmin(axis=1), distances.min(axis=1)
        return nearest, scores

    def score_left_out(self, vectors: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each reference image by centroid and covariance without it.

        With r the image's offset from the centroid of its class of k images, leaving it out
        takes ``a r rᵀ`` from Σ, a = (1 − δ) / n · k / (k − 1). So, with z = W r and v =
        W (x − μ_c), the squared distances become ``|v|² + a (v·z)² / (1 − a |z|²)`` (Sherman &
        Morrison 1950, doi:10.1214/aoms/1177729893), that to its own centroid k² / (k − 1)² times
        as much. The strength of shrinkage, δ m and n, is kept.
        """
        from scipy.spatial.distance import cdist

        matrix, centres = finite_vectors(vectors), self.centroids.vectors @ self.whitening.T
        members, counts = count_members(labels, self.centroids)
        own_share = (1 - self.shrinkage) / max(self.images, 1)
        scores = np.empty(len(matrix))
        for rows in row_chunks(len(matrix), len(centres)):
            whitened, own = matrix[rows] @ self.whitening.T, members[rows]
            offsets = whitened - centres[own]
            along = (whitened * offsets).sum(axis=1, keepdims=True) - offsets @ centres.T
            growth = left_out_growth(counts)[own]
            part = own_share * growth
            left = np.maximum(1 - part * np.square(offsets).sum(axis=1), 1e-12)
            squared = cdist(whitened, centres, "sqeuclidean")
            squared += (part / left)[:, np.newaxis] * np.square(along)
            squared[np.arange(len(own)), own] *= np.square(growth)
            scores[rows] = np.sqrt(squared.min(axis=1))
        return np.where(counts[members] > 1, scores, np.nan)

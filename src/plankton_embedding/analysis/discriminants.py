"""Linear discriminants in closed form: a head that needs no gradient.

Fisher 1936, "The use of multiple measurements in taxonomic problems",
doi:10.1111/j.1469-1809.1936.tb02137.x, with equal priors and a shrunk scatter (Friedman 1989,
"Regularized discriminant analysis", doi:10.1080/01621459.1989.10478752).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

from plankton_embedding.analysis.centroids import classify, fit_centroids

# Of `auto`. Ledoit and Wolf's formula (2004) takes images for independent, which those of one
# sample are not: it shrinks too little, and lost 0.04 of balanced accuracy (docs/backbones.md).
SHRINKAGES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Discriminants:
    """A linear map from features to discriminants: ``(features - middle) @ directions``.

    Attributes
    ----------
    middle
        Mean of the class means, float64, shape (features,).
    directions
        Orthonormal where the scatter within classes is white: float64, shape (features, size).
    shrinkage
        Of the scatter, 0 to 1.
    """

    middle: NDArray[np.float64]
    directions: NDArray[np.float64]
    shrinkage: float

    def transform(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Map features, images x features, to discriminants, images x size."""
        return (features - self.middle) @ self.directions

    def turned_towards(
        self, features: NDArray[np.floating], vectors: NDArray[np.floating]
    ) -> Discriminants:
        """Return the same discriminants, rotated or mirrored so that images lie as near as can be.

        No distance changes (Schönemann 1966, "A generalized solution of the orthogonal Procrustes
        problem", doi:10.1007/BF02289451).

        Parameters
        ----------
        features
            Of some images, images x features.
        vectors
            Where they should lie, images x size.
        """
        rotation, _ = orthogonal_procrustes(self.transform(features), vectors)
        return Discriminants(self.middle, self.directions @ rotation, self.shrinkage)


class DiscriminantAnalysis:
    """Linear discriminant analysis with equal priors, for any shrinkage of the scatter.

    The scatter within classes, each class counting the same, is
    ``S = mean over classes of their covariances``, and shrunk
    ``(1 - shrinkage) S + shrinkage mean(diagonal of S) I``. Features are whitened by it and
    projected onto the span of the class means, so that there the nearest centroid by Euclidean
    distance is the class that linear discriminant analysis with equal priors gives, that of
    scikit-learn's solver ``lsqr`` with the same shrinkage.

    Parameters
    ----------
    features
        Of the training images, shape (images, features).
    labels
        Their classes, shape (images,).
    """

    def __init__(self, features: NDArray[np.floating], labels: NDArray[np.generic]) -> None:
        values = np.asarray(features, dtype=np.float64)
        _, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
        membership = np.arange(len(counts))[:, np.newaxis] == members
        self._means = (membership @ values) / counts[:, np.newaxis]
        self._middle = self._means.mean(axis=0)
        weights = 1 / np.sqrt(len(counts) * counts[members])
        residuals = (values - self._means[members]) * weights[:, np.newaxis]
        # Shrinking moves the eigenvalues alone: one decomposition serves all shrinkages.
        self._variances, self._axes = np.linalg.eigh(residuals.T @ residuals)

    def solve(self, size: int, shrinkage: float, least: int = 0) -> Discriminants:
        """Return at most `size` discriminants.

        Parameters
        ----------
        size
            Directions wanted.
        shrinkage
            Above 0, at most 1.
        least
            Where classes less one are fewer: the directions in which classes vary most, after
            whitening, fill up to this number. They change no nearest centroid by Euclidean
            distance; without them, embeddings of length 1 of two classes would be two points.
        """
        variances = (1 - shrinkage) * np.maximum(self._variances, 0)
        variances = variances + shrinkage * self._variances.mean()
        if not variances.min() > 0:
            # All images of each class are alike: nothing to whiten by.
            variances = np.ones_like(variances)
        whitening = self._axes / np.sqrt(variances)
        means = (self._means - self._middle) @ whitening
        _, strengths, rows = np.linalg.svd(means, full_matrices=False)
        rows = rows[: min(size, len(means) - 1)][strengths[: min(size, len(means) - 1)] > 0]
        missing = min(size, least, len(variances)) - len(rows)
        if missing > 0:
            rows = np.concatenate([rows, self._rest(rows, variances, missing)])
        return Discriminants(self._middle, whitening @ rows.T, shrinkage)

    def _rest(
        self, rows: NDArray[np.float64], variances: NDArray[np.float64], count: int
    ) -> NDArray[np.float64]:
        kept = np.eye(len(variances)) - rows.T @ rows
        # What the unshrunk scatter looks like after whitening by the shrunk one.
        scatter = kept @ np.diag(np.maximum(self._variances, 0) / variances) @ kept
        _, axes = np.linalg.eigh(scatter)
        return axes[:, ::-1][:, :count].T


def choose_discriminants(
    train: tuple[NDArray[np.floating], NDArray[np.generic]],
    validation: tuple[NDArray[np.floating], NDArray[np.generic]],
    size: int,
    shrinkage: float | None,
    on_unit_sphere: bool,
    least: int,
) -> Discriminants:
    """Fit discriminants to training images; validation images choose the shrinkage.

    Parameters
    ----------
    train, validation
        Features and labels of each.
    size
        Directions, at most.
    shrinkage
        None: that of `SHRINKAGES` with the best balanced accuracy of the validation images by
        the centroids of the training images; of equal ones the largest.
    on_unit_sphere
        Whether embeddings are scaled to length 1 before they are compared.
    least
        See `DiscriminantAnalysis.solve`.
    """
    analysis = DiscriminantAnalysis(*train)
    if shrinkage is not None:
        return analysis.solve(size, shrinkage, least)
    found = {each: analysis.solve(size, each, least) for each in SHRINKAGES}
    accuracy = {
        each: _balanced_accuracy(train, validation, discriminants, on_unit_sphere)
        for each, discriminants in found.items()
    }
    return found[max(accuracy, key=lambda each: (accuracy[each], each))]


def _balanced_accuracy(
    train: tuple[NDArray[np.floating], NDArray[np.generic]],
    validation: tuple[NDArray[np.floating], NDArray[np.generic]],
    discriminants: Discriminants,
    on_unit_sphere: bool,
) -> float:
    vectors = [discriminants.transform(features) for features, _ in (train, validation)]
    if on_unit_sphere:
        vectors = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in vectors]
    names, truth = (labels.astype(np.str_) for _, labels in (train, validation))
    predicted, _ = classify(vectors[1], fit_centroids(vectors[0], names))
    hits = predicted == truth
    return float(np.mean([hits[truth == name].mean() for name in np.unique(truth)]))

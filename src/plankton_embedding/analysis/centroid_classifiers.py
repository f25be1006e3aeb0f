"""Classifiers by the nearest of one point a class."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import Centroids, classify, fit_centroids

# Of the largest variance: smaller ones are raised to it, so that no direction has none.
_LEAST_VARIANCE = 1e-6


class NearestCentroid:
    """The class of the nearest mean vector, as everywhere else in the report."""

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Compute the mean vector of each class."""
        self._centroids = fit_centroids(vectors, labels)

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest."""
        return classify(vectors, self._centroids)[0]


class MahalanobisCentroids:
    """The nearest centroid by a distance that knows how classes spread.

    One covariance is shared by all classes: that of the vectors around their own class's
    centroid, shrunk towards a sphere after Ledoit & Wolf 2004, "A well-conditioned estimator
    for large-dimensional covariance matrices", doi:10.1016/S0047-259X(03)00096-4. Every class is
    as likely as the others beforehand: this is linear discriminant analysis of equal priors.
    """

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Find the axes in which the shared covariance is the unit matrix, and the centroids."""
        from sklearn.covariance import LedoitWolf

        centroids = fit_centroids(vectors, labels)
        offsets = vectors - centroids.vectors[centroids.positions(labels)]
        shrunk = LedoitWolf(assume_centered=True).fit(offsets)
        self.shrinkage = float(shrunk.shrinkage_)
        variances, axes = np.linalg.eigh(shrunk.covariance_)
        largest = variances.max()
        if largest > 0:
            variances = np.maximum(variances, _LEAST_VARIANCE * largest)
        else:  # every vector is its class's centroid: nothing is known of the spread
            variances = np.ones_like(variances)
        self._whitening = axes / np.sqrt(variances)
        self._centroids = Centroids(centroids.class_names, centroids.vectors @ self._whitening)

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest."""
        return classify(vectors @ self._whitening, self._centroids)[0]


class MatchedKMeans:
    """Clusters found without labels, one a class, then named after classes.

    Clusters and classes are matched one to one so that most images agree (Kuhn 1955, "The
    Hungarian method for the assignment problem", doi:10.1002/nav.3800020109).
    """

    def __init__(self, starts: int, seed: int) -> None:
        self.starts = starts
        self._seed = seed

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Cluster the vectors, and match the clusters to the classes."""
        from scipy.optimize import linear_sum_assignment
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.metrics import confusion_matrix

        class_names, members = np.unique(labels, return_inverse=True)
        codes = np.arange(len(class_names))
        self._model = KMeans(len(codes), n_init=self.starts, random_state=self._seed)
        with warnings.catch_warnings():
            # Fewer distinct vectors than classes: some clusters stay empty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            clusters = self._model.fit_predict(vectors)
        agreement = confusion_matrix(clusters, members, labels=codes)
        self._class_of_cluster: NDArray[np.str_] = class_names[
            linear_sum_assignment(agreement, maximize=True)[1]
        ]

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest cluster's middle."""
        return self._class_of_cluster[self._model.predict(vectors)]

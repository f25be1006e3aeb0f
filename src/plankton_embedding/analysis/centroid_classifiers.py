"""Classifiers by the nearest of one point a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.clustering import fit_clusters
from plankton_embedding.analysis.mahalanobis import MahalanobisDistance


class NearestCentroid:
    """The class of the nearest mean vector, as everywhere else in the report."""

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Compute the mean vector of each class."""
        self._centroids = fit_centroids(vectors, labels)

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest."""
        return classify(vectors, self._centroids)[0]


class MahalanobisCentroids:
    """The nearest centroid by a distance that knows how classes spread; see `MahalanobisDistance`.

    Every class is as likely as the others beforehand: this is linear discriminant analysis of
    equal priors, with a shrunken covariance.
    """

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Find the covariance that the classes share, and their centroids."""
        self._distance = MahalanobisDistance.fit(vectors, labels)
        self.shrinkage = self._distance.shrinkage

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest."""
        return self._distance.classify(vectors)


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
        from sklearn.metrics import confusion_matrix

        class_names, members = np.unique(labels, return_inverse=True)
        codes = np.arange(len(class_names))
        self._model = fit_clusters(vectors, len(codes), self.starts, self._seed)
        agreement = confusion_matrix(self._model.labels_, members, labels=codes)
        self._class_of_cluster: NDArray[np.str_] = class_names[
            linear_sum_assignment(agreement, maximize=True)[1]
        ]

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class of the nearest cluster's middle."""
        return self._class_of_cluster[self._model.predict(vectors)]

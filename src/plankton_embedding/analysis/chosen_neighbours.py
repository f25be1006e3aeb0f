"""k nearest neighbours, with k chosen by cross-validation."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.votes import most_frequent


class ChosenNeighbours:
    """The most frequent class of the k nearest neighbours, k chosen by cross-validation.

    Attributes
    ----------
    neighbour_count : int
        The k that was chosen, once fitted.
    """

    def __init__(self, neighbour_counts: tuple[int, ...], folds: int, seed: int) -> None:
        self._counts = sorted(set(neighbour_counts))
        self._folds = folds
        self._seed = seed

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Choose k, and keep the vectors."""
        from sklearn.neighbors import KNeighborsClassifier

        with warnings.catch_warnings():
            # Of classes with few images: fewer than folds, or more classes than half the images.
            warnings.filterwarnings("ignore", "The least populated class")
            warnings.filterwarnings("ignore", "The number of unique classes")
            self.neighbour_count = self._choose(vectors, labels)
            self._model = KNeighborsClassifier(self.neighbour_count).fit(vectors, labels)

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the most frequent class of the neighbours, of equals the first by name."""
        predicted: NDArray[np.str_] = self._model.predict(vectors)
        return predicted

    def _choose(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> int:
        """Return the k of most hits in held-out images, of equals the smallest.

        A class of fewer images than folds is held out in some folds only. Neighbours are sought
        once a fold, for all k together.
        """
        from sklearn.model_selection import StratifiedKFold
        from sklearn.neighbors import KNeighborsClassifier

        _, members, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        folds = min(self._folds, int(sizes.max()))
        if folds < 2:  # nothing of a class would be left to be found
            return min(self._counts[0], len(labels))
        splitter = StratifiedKFold(folds, shuffle=True, random_state=self._seed)
        parts = list(splitter.split(vectors, members))
        kept = min(len(training) for training, _ in parts)
        counts = [count for count in self._counts if count <= kept] or [kept]
        hits = np.zeros(len(counts), dtype=np.intp)
        for training, held_out in parts:
            model = KNeighborsClassifier(counts[-1]).fit(vectors[training], members[training])
            nearest = members[training][model.kneighbors(vectors[held_out], return_distance=False)]
            hits += [
                np.count_nonzero(most_frequent(nearest[:, :count], len(sizes)) == members[held_out])
                for count in counts
            ]
        return counts[int(hits.argmax())]

"""Support vector machines that predict with matrix products."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.votes import most_frequent

_CHUNK_VALUES = 4_000_000
# Steps of libsvm for a pair of classes, which takes hundreds where features are of like size;
# where they are not, it goes on for hours.
_MOST_STEPS = 50_000


class SupportVectorMachine:
    """scikit-learn's SVC, which predicts with matrix products.

    The answer is that of `SVC.predict`, some ten times sooner with many classes: libsvm
    compares images with support vectors one at a time.

    Attributes
    ----------
    settings : str
        What it was fitted with, once fitted; and whether it had to stop before its end.
    """

    def __init__(self, kernel: Literal["linear", "rbf"]) -> None:
        self._kernel: Literal["linear", "rbf"] = kernel

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Fit a machine for each pair of classes."""
        from sklearn.svm import SVC

        variance = float(vectors.var())
        # The default, gamma="scale", spelt out: SVC does not tell what it came to.
        self._gamma = 1 / (vectors.shape[1] * variance) if variance > 0 else 1.0
        self._model = SVC(kernel=self._kernel, gamma=self._gamma, max_iter=_MOST_STEPS)
        self._model.fit(vectors, labels)
        self.settings = "C = 1" if self._kernel == "linear" else f"C = 1, gamma = {self._gamma:.3g}"
        if self._model.n_iter_.max() >= _MOST_STEPS:
            self.settings += f", stopped after {_MOST_STEPS:,} steps"
        if self._kernel == "linear":
            self._normals = self._model.coef_  # computed anew each time that one asks

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class that wins most pairs, of equals the first by name."""
        classes = len(self._model.classes_)
        width = max(len(self._model.support_vectors_), classes * (classes - 1))
        chunk = max(1, _CHUNK_VALUES // width)
        starts = range(0, len(vectors), chunk)
        winners = [self._winners(vectors[start : start + chunk]) for start in starts]
        predicted: NDArray[np.str_] = self._model.classes_[np.concatenate(winners)]
        return predicted

    def _winners(self, vectors: NDArray[np.float64]) -> NDArray[np.intp]:
        classes = len(self._model.classes_)
        first, second = np.triu_indices(classes, 1)
        wins = self._decisions(vectors, first, second) > 0
        return most_frequent(np.where(wins, first, second), classes)

    def _decisions(
        self, vectors: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return for each pair of classes how much the first is favoured, shape (images, pairs).

        ``dual_coef_`` holds, for a support vector of class i, its weight against each other
        class: row j of those before i, row j - 1 of those behind it.
        """
        from sklearn.metrics.pairwise import rbf_kernel

        model = self._model
        # scikit-learn turns the signs of the only pair of two classes.
        sign = -1.0 if len(model.classes_) == 2 else 1.0
        if self._kernel == "linear":
            decisions = vectors @ self._normals.T + model.intercept_
        else:
            kernel = rbf_kernel(vectors, model.support_vectors_, self._gamma)
            blocks = np.split(np.arange(kernel.shape[1]), np.cumsum(model.n_support_)[:-1])
            sums = np.stack(
                [kernel[:, block] @ model.dual_coef_[:, block].T for block in blocks], axis=1
            )
            decisions = sums[:, first, second - 1] + sums[:, second, first] + model.intercept_
        return sign * decisions


class MachineOnComponents:
    """An RBF machine on the leading components of the standardised embedding.

    Each feature is brought to mean 0 and variance 1; the components are those of the singular
    value decomposition of the result. Then nothing is scaled again.

    Attributes
    ----------
    settings : str
        How many components, at most as many as there are features or images, and what share of
        the standardised variance they hold, once fitted.
    """

    def __init__(self, components: int) -> None:
        self._components = components

    def fit(self, vectors: NDArray[np.float64], labels: NDArray[np.str_]) -> None:
        """Find the components, then fit the machine."""
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import StandardScaler

        kept = min(self._components, *vectors.shape)
        self._scaler = StandardScaler().fit(vectors)
        self._basis = PCA(kept, svd_solver="full")
        with np.errstate(invalid="ignore"):  # vectors that are all the same have no variance
            coordinates = self._basis.fit_transform(self._scaler.transform(vectors))
        explained = float(np.nan_to_num(self._basis.explained_variance_ratio_).sum())
        self.settings = f"components: {kept}, {100 * explained:.0f} % of variance"
        self._machine = SupportVectorMachine("rbf")
        self._machine.fit(coordinates, labels)

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the class that wins most pairs, of equals the first by name."""
        return self._machine.predict(self._basis.transform(self._scaler.transform(vectors)))

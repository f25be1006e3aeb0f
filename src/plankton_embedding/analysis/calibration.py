"""How sure a classification by centroids is, and whether it is as often right as it says.

Confidence is the softmax of negative distances to the centroids, ``p_c = exp(−d_c / T) / Σ
exp(−d / T)``; the temperature T is fitted on validation (temperature scaling: Guo et al. 2017, "On
calibration of modern neural networks", arXiv:1706.04599). It speaks of the known classes only: an
unknown image may well be nearest to one of them by far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import Centroids, fit_centroids
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.left_out_distances import (
    count_members,
    finite_vectors,
    left_out_distances,
    row_chunks,
)
from plankton_embedding.analysis.open_set import open_set_images

# The temperature is sought between these, in units of the mean distance.
_TEMPERATURES = (1e-4, 1e4)


@dataclass(frozen=True)
class CentroidConfidence:
    """Softmax over negative distances to the centroids.

    Attributes
    ----------
    centroids : Centroids
    temperature : float
        In units of the embedding, positive.
    """

    centroids: Centroids
    temperature: float

    @classmethod
    def fit(cls, vectors: ArrayLike, labels: ArrayLike) -> Self:
        """Fit centroids and temperature to images, shapes (images, features) and (images,).

        For the temperature each image is left out of the centroid of its class; images that are
        alone in their class do not count. 1 if none is left.
        """
        matrix = finite_vectors(vectors)
        centroids = fit_centroids(matrix, labels)
        members, counts = count_members(labels, centroids)
        together = counts[members] > 1
        distances = left_out_distances(matrix[together], members[together], counts, centroids)
        return cls(centroids, fit_temperature(distances, members[together]))

    def probabilities(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, in the order of the centroids' names.

        Returns
        -------
        ndarray of float64, shape (images, classes)
            Rows add up to 1; the largest is that of the nearest centroid.
        """
        from scipy.spatial.distance import cdist
        from scipy.special import softmax

        distances = cdist(finite_vectors(vectors), self.centroids.vectors)
        return softmax(-distances / self.temperature, axis=1)


def fit_temperature(distances: NDArray[np.float64], members: NDArray[np.intp]) -> float:
    """Return the temperature of the least log loss, one mistake more than was seen.

    One more image is counted, as far from the classes as the others are on average, that belongs
    to the second nearest: among many images it changes next to nothing. Without it, where all n
    images are nearest to their own class, the least loss would be that of temperature 0, always
    sure; with it confidence is about n / (n + 1), by Laplace's rule of succession (compare the
    targets of Platt 1999, "Probabilistic outputs for support vector machines"). The loss is
    convex in 1 / T, so it has one minimum.

    Parameters
    ----------
    distances : ndarray of float64, shape (images, classes)
    members : ndarray of int, shape (images,)
        The column of each image's own class.

    Returns
    -------
    float
        In units of the distances; 1 if there are no images, one class, or no distances but 0.
    """
    from scipy.optimize import minimize_scalar

    images, classes = distances.shape
    scale = float(distances.mean()) if distances.size else 0.0
    if images == 0 or classes < 2 or scale == 0:
        return 1.0

    second = np.argpartition(distances, 1, axis=1)[:, 1]

    def loss(log_temperature: float) -> float:
        temperature = scale * np.exp(log_temperature)
        own, one_more = (log_losses(distances, place, temperature) for place in (members, second))
        return float((own.sum() + one_more.mean()) / (images + 1))

    bounds = tuple(np.log(_TEMPERATURES))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(scale * np.exp(found.x))


def log_losses(
    distances: NDArray[np.float64], members: NDArray[np.intp], temperature: float
) -> NDArray[np.float64]:
    """Return ``−log p`` of each image's own class, shape (images,)."""
    from scipy.special import log_softmax

    logarithms = log_softmax(-distances / temperature, axis=1)
    return -logarithms[np.arange(len(members)), members]


def measure_confidence(
    embeddings: pd.DataFrame, step: int, confidence: CentroidConfidence
) -> pd.DataFrame:
    """Say how sure the classification of each test and unseen image is.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
    confidence : CentroidConfidence
        Fitted to the validation images of the step.

    Returns
    -------
    DataFrame
        One row an image: ``image_id``, ``class_name``, ``split``, ``known`` (whether validation
        has its class), ``predicted_class``; ``confidence`` and ``log_loss`` (missing where not
        known) with the temperature, and ``untempered_confidence`` and ``untempered_log_loss``
        at temperature 1.

    Raises
    ------
    EmbeddingsError
        As from `open_set.open_set_images`.
    """
    from scipy.spatial.distance import cdist

    images = open_set_images(embeddings, step)
    images = images[images["split"] != "validation"]
    labels, names = class_labels(images), confidence.centroids.class_names
    vectors, known = embedding_matrix(images), np.isin(labels, names)
    members = np.zeros(len(labels), dtype=np.intp)
    members[known] = confidence.centroids.positions(labels[known])
    predicted = np.empty(len(labels), dtype=np.intp)
    columns = {
        name: np.empty(len(labels))
        for name in ("confidence", "log_loss", "untempered_confidence", "untempered_log_loss")
    }
    for rows in row_chunks(len(labels), len(names)):
        distances = cdist(vectors[rows], confidence.centroids.vectors)
        predicted[rows] = distances.argmin(axis=1)
        for prefix, temperature in (("", confidence.temperature), ("untempered_", 1.0)):
            losses = log_losses(distances, predicted[rows], temperature)
            columns[f"{prefix}confidence"][rows] = np.exp(-losses)
            losses = log_losses(distances, members[rows], temperature)
            columns[f"{prefix}log_loss"][rows] = np.where(known[rows], losses, np.nan)
    table = images[["image_id", "class_name", "split"]].astype(str).reset_index(drop=True)
    return table.assign(known=known, predicted_class=names[predicted].tolist(), **columns)

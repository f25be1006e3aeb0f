"""Clusters: whether the embedding falls apart into the classes without being told them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
)


def measure_clustering(
    embeddings: pd.DataFrame, step: int, starts: int, silhouette_images: int, seed: int
) -> dict[str, float | int]:
    """Compare the test images' classes with their clusters, and with their distances.

    Only test images are used: neither centroids nor validation images.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
        Has test embeddings.
    starts : int
        See `fit_clusters`.
    silhouette_images : int
        The silhouette is taken over at most so many images, a random choice.
    seed : int

    Returns
    -------
    dict
        ``images``, ``classes``, ``clusters`` (as many as classes, fewer if there are fewer
        distinct vectors); ``nmi`` and ``ami``, the normalised and the adjusted mutual
        information of classes and k-means clusters (arithmetic mean; 1 is perfect agreement,
        0 for ``ami`` that of chance: Vinh et al. 2010, JMLR 11:2837); ``silhouette`` of the
        true classes (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7), -1 to 1, and
        ``silhouette_images``. What is not defined is left out: all three with one class.

    Raises
    ------
    EmbeddingsError
        If the step has no test embeddings.
    """
    from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

    test = select_embeddings(embeddings, step, "test")
    vectors, labels = embedding_matrix(test), class_labels(test)
    classes = len(np.unique(labels))
    scores: dict[str, float | int] = {"images": len(test), "classes": classes}
    if classes < 2:
        return scores
    found = fit_clusters(vectors, classes, starts, seed).labels_
    scores["clusters"] = len(np.unique(found))
    scores["nmi"] = float(normalized_mutual_info_score(labels, found))
    scores["ami"] = float(adjusted_mutual_info_score(labels, found))
    return scores | _silhouette(vectors, labels, silhouette_images, seed)


def fit_clusters(vectors: ArrayLike, clusters: int, starts: int, seed: int) -> KMeans:
    """Cluster vectors by k-means, and return the fitted model of scikit-learn.

    There are fewer clusters than asked for if there are fewer distinct vectors.

    Parameters
    ----------
    vectors : array, shape (images, features)
    clusters : int
    starts : int
        The tightest clustering of so many is kept.
    seed : int
    """
    from sklearn.cluster import KMeans

    matrix = np.asarray(vectors, dtype=np.float64)
    distinct = len(np.unique(matrix, axis=0))
    return KMeans(min(clusters, distinct), n_init=starts, random_state=seed).fit(matrix)


def _silhouette(
    vectors: NDArray[np.float64], labels: NDArray[np.str_], limit: int, seed: int
) -> dict[str, float | int]:
    from sklearn.metrics import silhouette_score

    chosen = np.random.default_rng(seed).permutation(len(labels))[:limit]
    classes = len(np.unique(labels[chosen]))
    if not 2 <= classes < len(chosen):
        return {}
    value = float(silhouette_score(vectors[chosen], labels[chosen]))
    return {"silhouette": value, "silhouette_images": len(chosen)}

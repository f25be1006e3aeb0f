"""Which classes the embedding thinks alike: separations of centroids, and the tree they form."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import validation_steps
from plankton_embedding.analysis.geometry import (
    distinct_separations,
    separation_matrix,
    similarity_order,
)
from plankton_embedding.analysis.steps import step_centroids


def measure_separations(embeddings: pd.DataFrame) -> pd.DataFrame:
    """Measure the distance of every two classes at the last step.

    Returns
    -------
    DataFrame of float64, shape (classes, classes), index and columns ``class_name``
        Euclidean distances between the centroids of the validation images, in units of the
        embedding; zero on the diagonal. Classes stand in the order of
        `geometry.similarity_order`, so alike ones are neighbours.
    """
    centroids = step_centroids(embeddings, validation_steps(embeddings)[-1])
    order = similarity_order(centroids)
    rows = centroids.positions(order)
    distances = separation_matrix(centroids)[np.ix_(rows, rows)]
    index = pd.Index(order.tolist(), name="class_name")
    return pd.DataFrame(distances, index=index, columns=order.tolist())


def link_classes(separations: pd.DataFrame) -> NDArray[np.float64]:
    """Join classes, the nearest first, into a tree (average linkage).

    Two groups are as far apart as the mean distance of their pairs of classes (Sokal &
    Michener 1958, "A statistical method for evaluating systematic relationships": UPGMA).

    Parameters
    ----------
    separations : DataFrame
        As from `measure_separations`.

    Returns
    -------
    ndarray of float64, shape (classes - 1, 4)
        As SciPy's `linkage`: a row a join, with the two groups (a class by its row in
        ``separations``, an earlier join by the number of classes plus its row), their distance,
        and the classes in both. No rows for one class.
    """
    from scipy.cluster.hierarchy import linkage

    if len(separations) < 2:
        return np.empty((0, 4))
    return linkage(distinct_separations(separations.to_numpy()), method="average")

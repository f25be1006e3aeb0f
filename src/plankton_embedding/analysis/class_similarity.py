"""Which classes the embedding thinks alike: the separations of their centroids."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.analysis.embedding_tables import validation_steps
from plankton_embedding.analysis.geometry import separation_matrix, similarity_order
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

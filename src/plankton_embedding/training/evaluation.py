"""Measuring the embedder after a step, and its embeddings as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from plankton_embedding.analysis.centroids import Centroids, classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.geometry import (
    centroid_movement,
    class_radii,
    distinct_separations,
    separation_matrix,
)
from plankton_embedding.analysis.leave_one_out import correct_without_itself
from plankton_embedding.training.card import EmbedderCard
from plankton_embedding.training.labelled_images import LabelledImages


def embeddings_table(
    images: LabelledImages, vectors: Tensor, step: int, split: str
) -> pd.DataFrame:
    """Put embeddings into the table of the catalogue.

    Returns
    -------
    DataFrame, one row an image: ``image_id``, ``class_name``, ``step``, ``split``, and the
    vector in float32 columns ``e00``, ``e01``, …
    """
    columns = [f"e{place:02d}" for place in range(vectors.shape[1])]
    values = pd.DataFrame(vectors.cpu().numpy(), columns=columns)
    return pd.concat([images.table.assign(step=step, split=split), values], axis=1)


class StepMeter:
    """Measures the validation embeddings of one step after the other.

    The centroids are those of the validation split itself. ``validation_accuracy`` scores the very
    images that made them, so it is optimistic, the more the fewer images a class has;
    ``validation_leave_one_out_accuracy`` leaves each image out, and chooses the best step.

    Attributes
    ----------
    class_accuracy
        Of each class, by its number, after the step measured last: float64, or None.
    """

    def __init__(self) -> None:
        self.class_accuracy: NDArray[np.float64] | None = None
        self._before: Centroids | None = None

    def measure(self, embeddings: pd.DataFrame) -> dict[str, float | None]:
        """Return a step's metrics.

        Returns
        -------
        dict
            ``validation_accuracy``, ``validation_leave_one_out_accuracy``, ``mean_radius``,
            ``mean_separation`` and ``mean_movement`` since the step before (None at the first).
        """
        vectors, labels = embedding_matrix(embeddings), class_labels(embeddings)
        centroids = fit_centroids(vectors, labels)
        before, self._before = self._before, centroids
        is_right = pd.Series(classify(vectors, centroids)[0] == labels)
        self.class_accuracy = is_right.groupby(labels).mean().to_numpy()
        return {
            "validation_accuracy": float(is_right.mean()),
            "validation_leave_one_out_accuracy": float(
                correct_without_itself(vectors, labels, centroids).mean()
            ),
            "mean_radius": float(class_radii(vectors, labels, centroids).mean()),
            "mean_separation": float(distinct_separations(separation_matrix(centroids)).mean()),
            "mean_movement": (
                float(centroid_movement(before, centroids).mean()) if before else None
            ),
        }


def check_made_by(embeddings: pd.DataFrame, card: EmbedderCard) -> None:
    """Check that a step's validation embeddings are those that an embedder's card speaks of.

    Raises
    ------
    EmbeddingsError
        If the step is not there, or the embeddings measure otherwise than its card says.
    """
    validation = select_embeddings(embeddings, card.step, "validation")
    measured = StepMeter().measure(validation)
    for name in ("validation_accuracy", "mean_radius", "mean_separation"):
        stated, found = card.metrics[name], measured[name]
        if stated is None or found is None or not np.isclose(stated, found, rtol=1e-6, atol=0):
            raise EmbeddingsError(
                f"the embeddings of step {card.step} are not of this embedder: their {name} is "
                f"{found}, its card says {stated}. Load versions of embeddings and embedder that "
                "belong together with `--load-versions NAME:VERSION`, or run modelling again"
            )

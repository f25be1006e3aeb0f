"""What the training added: the same test images by vectors that nobody trained."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
)
from plankton_embedding.analysis.scores import accuracy_summary, averaged_scores, class_scores
from plankton_embedding.analysis.significance import bootstrap_intervals, compare_in_pairs

TRAINED = "trained embedder"
CLOSED_FORM = "frozen backbone with closed-form head"
FROZEN = "frozen backbone"
RAW_PIXELS = "raw pixels"


def predict_by_baselines(
    embeddings: pd.DataFrame,
    closed_form: pd.DataFrame,
    features: pd.DataFrame,
    pixel_predictions: pd.DataFrame,
) -> pd.DataFrame:
    """Classify the test images by validation centroids, of each kind of vectors.

    Parameters
    ----------
    embeddings : DataFrame
        Of the reported step, validation and test images.
    closed_form, features : DataFrame
        As from `training.frozen.embed_frozen`; without rows they are left out.
    pixel_predictions : DataFrame
        As from `raw_pixels.predict_from_pixels`; without rows they are left out.

    Returns
    -------
    DataFrame
        One row a kind and test image: ``image_id``, ``class_name``, ``classifier`` (the kind of
        vectors), ``predicted_class``; of all kinds the same images in the same order.

    Raises
    ------
    EmbeddingsError
        If one of the tables lacks an image.
    """
    validation = embeddings[embeddings["split"] == "validation"]
    test = embeddings[embeddings["split"] == "test"]
    labels = class_labels(validation)
    parts = []
    for kind, table in ((TRAINED, embeddings), (CLOSED_FORM, closed_form), (FROZEN, features)):
        if len(table):
            centroids = fit_centroids(_vectors(table, validation, kind), labels)
            predicted, _ = classify(_vectors(table, test, kind), centroids)
            parts.append(_answers(test, kind, predicted))
    if len(pixel_predictions):
        rows = _find(pixel_predictions, test, RAW_PIXELS)
        predicted = pixel_predictions["predicted_class"].to_numpy(dtype=str)[rows]
        parts.append(_answers(test, RAW_PIXELS, predicted))
    return pd.concat(parts, ignore_index=True)


def compare_baselines(predictions: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Score each kind of vectors, and compare it with the trained embedder.

    Parameters
    ----------
    predictions : DataFrame
        As from `predict_by_baselines`.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a kind, the trained embedder first: ``vectors``, ``accuracy`` with ``low`` and
        ``high`` (Wilson 95 %), ``correct``, ``n``, ``balanced_accuracy`` with
        ``balanced_accuracy_low`` and ``…_high`` (bootstrap 95 %), ``gain`` (accuracy of the
        trained embedder less that of the kind) and ``p_value`` (McNemar's exact test, adjusted
        after Holm); the last two NaN for the trained embedder.
    """
    pairs = compare_in_pairs(predictions)
    pairs = pairs[pairs["first"] == TRAINED].set_index("second")
    gains, p_values = pairs["difference"].to_dict(), pairs["adjusted_p_value"].to_dict()
    rows = []
    for kind, part in predictions.groupby("classifier", sort=False):
        true, predicted = part["class_name"].astype(str), part["predicted_class"].astype(str)
        low, high = bootstrap_intervals(true, predicted, draws, seed)["balanced_accuracy"]
        scores = averaged_scores(class_scores(true, predicted))
        rows.append(
            {
                "vectors": kind,
                **accuracy_summary(true, predicted),
                "balanced_accuracy": scores["balanced_accuracy"],
                "balanced_accuracy_low": low,
                "balanced_accuracy_high": high,
                "gain": gains.get(kind, np.nan),
                "p_value": p_values.get(kind, np.nan),
            }
        )
    return pd.DataFrame(rows)


def summarise_baselines(comparison: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return what of `compare_baselines` belongs to the metrics, by kind of vectors."""
    names = ["accuracy", "low", "high", "balanced_accuracy"]
    return {
        str(kind): dict(zip(names, map(float, row), strict=True))
        for kind, *row in comparison[["vectors", *names]].itertuples(index=False)
    }


def _answers(test: pd.DataFrame, kind: str, predicted: NDArray[np.str_]) -> pd.DataFrame:
    answers = test[["image_id", "class_name"]].assign(classifier=kind, predicted_class=predicted)
    return answers.reset_index(drop=True)


def _vectors(table: pd.DataFrame, images: pd.DataFrame, kind: str) -> NDArray[np.float64]:
    return embedding_matrix(table.iloc[_find(table, images, kind)])


def _find(table: pd.DataFrame, images: pd.DataFrame, kind: str) -> NDArray[np.intp]:
    ids = pd.Index(images["image_id"].astype(str))
    rows = pd.Index(table["image_id"].astype(str)).get_indexer(ids)
    if (rows < 0).any():
        raise EmbeddingsError(
            f"the {kind} has no vector of {ids[int(np.argmax(rows < 0))]!r}: it is of another "
            "run; run the modelling pipeline again"
        )
    return rows

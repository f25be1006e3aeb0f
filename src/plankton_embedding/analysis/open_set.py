"""The images of an open world at one step: known and unknown ones, with their novelty scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.left_out_distances import nearest_left_out
from plankton_embedding.analysis.neighbours import unique_image_ids
from plankton_embedding.analysis.novelty import fit_novelty_scores

NOVELTY_SCORES = ("scaled_distance", "mahalanobis_distance", "neighbour_distance")


def measure_novelty(
    embeddings: pd.DataFrame, step: int, splits: pd.DataFrame | None, neighbours: int
) -> pd.DataFrame:
    """Score the images of a step against the validation images of the same step.

    Validation images made the centroids; each is scored as if it had been left out. Test and
    unseen images are scored as they are.

    Parameters
    ----------
    embeddings : DataFrame
        With splits "validation" and "test"; "unseen", images of classes that validation does
        not have, may be missing.
    step : int
    splits : DataFrame or None
        ``image_id`` and, if images are grouped, ``group``: a text, or missing.
    neighbours : int
        k of the neighbour distance.

    Returns
    -------
    DataFrame
        One row an image: ``image_id``, ``class_name``, ``split``; ``group`` (missing where not
        known); ``known``: whether validation has images of its class; ``predicted_class``, by
        the nearest centroid; and a column for each of `NOVELTY_SCORES`. Scores are missing for
        a validation image that is alone in its class: without it the class is not known.

    Raises
    ------
    EmbeddingsError
        If the step has no validation or no test embeddings, an image stands there twice or
        holds NaN, or an unseen image is of a class that validation has.
    """
    images = open_set_images(embeddings, step)
    ids = unique_image_ids(images)
    vectors, labels = embedding_matrix(images), class_labels(images)
    is_reference = (images["split"] == "validation").to_numpy()
    centroids = fit_centroids(vectors[is_reference], labels[is_reference])
    columns: dict[str, NDArray[np.float64]] = {}
    references = vectors[is_reference], labels[is_reference]
    for name, score in fit_novelty_scores(*references, neighbours).items():
        columns[name] = np.empty(len(vectors))
        columns[name][is_reference] = score.score_left_out(*references)
        columns[name][~is_reference] = score.score(vectors[~is_reference])
    predicted = np.empty(len(vectors), dtype=object)
    predicted[is_reference] = centroids.class_names[nearest_left_out(*references, centroids)]
    predicted[~is_reference] = classify(vectors[~is_reference], centroids)[0]
    return pd.DataFrame(
        {
            "image_id": ids,
            "class_name": labels.tolist(),
            "split": images["split"].astype(str),
            "group": _groups(ids, splits),
            "known": np.isin(labels, centroids.class_names),
            "predicted_class": predicted.tolist(),
            **columns,
        }
    )


def open_set_images(embeddings: pd.DataFrame, step: int) -> pd.DataFrame:
    """Return the validation, test and (if there are any) unseen embeddings of a step.

    Raises
    ------
    EmbeddingsError
        If there are none of validation or of test, or an unseen image is of a class that
        validation has.
    """
    parts = [select_embeddings(embeddings, step, split) for split in ("validation", "test")]
    unseen = embeddings[(embeddings["step"] == step) & (embeddings["split"] == "unseen")]
    both = sorted(set(unseen["class_name"].astype(str)) & set(parts[0]["class_name"].astype(str)))
    if both:
        raise EmbeddingsError(
            f"unseen images of {both}, which validation has too: a class is either known or "
            "unseen. Run data_engineering and modelling again with the same unseen classes"
        )
    return pd.concat([*parts, unseen], ignore_index=True)


def unknown_rows(novelty: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scored images of known and of unknown classes, validation left aside.

    A test image whose class has no validation images is an unknown one too.
    """
    scored = novelty[novelty["split"] != "validation"]
    known = scored["known"].to_numpy(dtype=bool)
    return scored[known], scored[~known]


def _groups(ids: pd.Index, splits: pd.DataFrame | None) -> NDArray[np.object_]:
    if splits is None or "group" not in splits:
        return np.full(len(ids), None, dtype=object)
    groups = splits["group"].set_axis(splits["image_id"].astype(str)).astype(object)
    groups = groups[~groups.index.duplicated()].reindex(ids)
    return groups.where(groups.notna(), None).to_numpy(dtype=object)

"""Images that are typical of their class: the nearest to its centroid."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.steps import step_centroids


def rank_typical_images(embeddings: pd.DataFrame, step: int, per_class: int) -> pd.DataFrame:
    """Rank the validation images of each class by their distance to its centroid.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
        Its validation images also make the centroids.
    per_class : int
        At most so many images of each class.

    Returns
    -------
    DataFrame
        ``class_name``, ``image_id`` and ``rank``, from 0, the nearest.
    """
    images = select_embeddings(embeddings, step, "validation")
    centroids = step_centroids(embeddings, step)
    distances = centroids.own_distances(embedding_matrix(images), class_labels(images))
    table = images[["image_id", "class_name"]].assign(distance=distances)
    return rank_by_distance(table, ["class_name"], per_class)


def find_typical_images(
    embeddings: pd.DataFrame, step: int, per_class: int
) -> dict[str, list[str]]:
    """Return the ids of each class's most typical images; see `rank_typical_images`."""
    ranked = rank_typical_images(embeddings, step, per_class)
    return {str(name): ids.tolist() for name, ids in ranked.groupby("class_name")["image_id"]}


def rank_by_distance(images: pd.DataFrame, keys: Sequence[str], limit: int) -> pd.DataFrame:
    """Rank the images of each group by their distance.

    Parameters
    ----------
    images : DataFrame
        ``image_id``, ``distance`` and the columns of ``keys``.
    keys : sequence of str
        What a group has in common.
    limit : int
        At most so many images of each group.

    Returns
    -------
    DataFrame
        The columns of ``keys``, ``image_id`` and ``rank``, from 0, the nearest; of equally near
        images the first by ``image_id``.
    """
    texts = images.astype(dict.fromkeys([*keys, "image_id"], str))
    by_distance = texts.sort_values(["distance", "image_id"])
    ranked = by_distance.assign(rank=by_distance.groupby([*keys]).cumcount())
    return ranked.loc[ranked["rank"] < limit, [*keys, "image_id", "rank"]]

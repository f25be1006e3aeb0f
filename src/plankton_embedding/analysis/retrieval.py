"""Retrieval: how often the images that lie nearest to an image are of its class.

Each test image of a step is a query. It is sought among two sets of references: the other
**test** images, the standard protocol of metric learning, and the **validation** images, as a
user would who looks new images up in a labelled collection.

recall@k is the share of queries with an image of their class among the k nearest. MAP@R is the
mean average precision over the R nearest, where R is the number of references of the query's
class (Musgrave et al. 2020, "A metric learning reality check", arXiv:2003.08505, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.neighbours import (
    nearest_in_rows,
    squared_distance_chunks,
    unique_image_ids,
)
from plankton_embedding.analysis.scores import wilson_interval

_NORMAL_QUANTILE = NormalDist().inv_cdf(0.975)
MAP_AT_R = "map_at_r"


def measure_retrieval(embeddings: pd.DataFrame, step: int, ranks: Sequence[int]) -> pd.DataFrame:
    """Score the retrieval of a step's test images among test and among validation images.

    Intervals hold 95 %: after Wilson for recall@k, and for MAP@R from the normal distribution
    of a mean. They take the queries as independent.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
        Has test embeddings.
    ranks : sequence of int
        The k of recall@k.

    Returns
    -------
    DataFrame
        One row a set of references and measure: ``references`` ("test" or "validation"),
        ``measure`` ("recall_at_1", …, "map_at_r"), ``value``, ``low``, ``high``, ``queries``;
        ``excluded_queries`` and ``excluded_classes``, whose class has no other image among the
        references. Without queries the values are NaN.

    Raises
    ------
    EmbeddingsError
        If the step has no test or no validation embeddings, or an image stands there twice.
    """
    queries = select_embeddings(embeddings, step, "test")
    parts = []
    for split in ("test", "validation"):
        found = retrieve(queries, select_embeddings(embeddings, step, split), ranks)
        parts.append(_scores(found).assign(references=split))
    table = pd.concat(parts, ignore_index=True)
    return table[["references", *table.columns.drop("references")]]


def retrieve(queries: pd.DataFrame, references: pd.DataFrame, ranks: Sequence[int]) -> pd.DataFrame:
    """Seek each query among the references; an image is never its own reference.

    Of equally near references those of another class come first: a collapsed embedding must not
    score. Memory stays below some 300 MB, whatever the number of images.

    Parameters
    ----------
    queries, references : DataFrame
        Of one step; may be the same table.
    ranks : sequence of int
        The k of recall@k.

    Returns
    -------
    DataFrame
        One row a query, in their order: ``image_id``, ``class_name``, ``positives`` (R: the
        references of its class), ``recall_at_…`` (0 or 1) and ``map_at_r``; NaN where R is 0.
    """
    # The row of each query among the references, or -1.
    itself = unique_image_ids(references).get_indexer(unique_image_ids(queries))
    names = np.union1d(class_labels(queries), class_labels(references))
    wanted = np.searchsorted(names, class_labels(queries))
    offered = np.searchsorted(names, class_labels(references))
    of_class = np.bincount(offered, minlength=len(names))
    positives = of_class[wanted] - ((itself >= 0) & (offered[itself] == wanted))
    # In the order of R, because each chunk is searched as deeply as its largest R needs.
    order = np.argsort(positives, kind="stable")
    order = order[positives[order] > 0]
    scores = np.full((len(queries), len(ranks) + 1), np.nan)
    chunks = squared_distance_chunks(embedding_matrix(queries)[order], embedding_matrix(references))
    for part, distances in chunks:
        rows = order[part]
        depth = max([*ranks, int(positives[rows].max())])
        same_class = wanted[rows, np.newaxis] == offered
        matches = _matches(distances, same_class, itself[rows], depth)
        scores[rows] = _score_matches(matches, positives[rows], ranks)
    columns = [*(f"recall_at_{rank}" for rank in ranks), MAP_AT_R]
    found = pd.DataFrame(scores, columns=columns)
    found.insert(0, "image_id", queries["image_id"].to_numpy())
    found.insert(1, "class_name", class_labels(queries).tolist())
    found.insert(2, "positives", positives)
    return found


def summarise_retrieval(scores: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of `measure_retrieval` as nested dictionaries, for the metrics.

    Returns
    -------
    dict
        ``test`` and ``validation``, the references: each ``queries``, ``excluded_queries``,
        ``excluded_classes`` and, of each measure, ``value``, ``low``, ``high``.
    """
    counts = ["queries", "excluded_queries", "excluded_classes"]
    summary: dict[str, Any] = {}
    for split, part in scores.groupby("references", sort=False):
        measures = part[part["value"].notna()].set_index("measure")[["value", "low", "high"]]
        summary[str(split)] = {
            **{name: int(part[name].iloc[0]) for name in counts},
            **measures.astype(float).to_dict("index"),
        }
    return summary


def _matches(
    distances: NDArray[np.float32],
    same_class: NDArray[np.bool_],
    itself: NDArray[np.intp],
    depth: int,
) -> NDArray[np.bool_]:
    # One more in its bits is the next larger number of a float that is not negative: what is of
    # the same class loses every tie.
    bits = distances.view(np.int32)
    bits += same_class
    known = np.flatnonzero(itself >= 0)
    distances[known, itself[known]] = np.inf
    nearest = nearest_in_rows(distances, min(depth, distances.shape[1]))
    return np.take_along_axis(same_class, nearest, axis=1)


def _score_matches(
    matches: NDArray[np.bool_], positives: NDArray[np.intp], ranks: Sequence[int]
) -> NDArray[np.float64]:
    places = np.arange(1, matches.shape[1] + 1)
    precisions = np.cumsum(matches, axis=1) / places
    counted = matches & (places <= positives[:, np.newaxis])
    average_precision = (precisions * counted).sum(axis=1) / positives
    recalls = [matches[:, :rank].any(axis=1) for rank in ranks]
    return np.column_stack([*recalls, average_precision])


def _scores(found: pd.DataFrame) -> pd.DataFrame:
    sought = found[found["positives"] > 0]
    excluded = found[found["positives"] == 0]
    values = sought.drop(columns=["image_id", "class_name", "positives"])
    queries = len(sought)
    means = values.mean()
    if queries:
        low, high = wilson_interval((means * queries).round(), queries)
        half_width = _NORMAL_QUANTILE * values[MAP_AT_R].std(ddof=0) / np.sqrt(queries)
        low[-1], high[-1] = np.clip(means[MAP_AT_R] + [-half_width, half_width], 0, 1)
    else:
        low = high = np.full(len(means), np.nan)
    return pd.DataFrame(
        {
            "measure": means.index,
            "value": means.to_numpy(),
            "low": low,
            "high": high,
            "queries": queries,
            "excluded_queries": len(excluded),
            "excluded_classes": excluded["class_name"].nunique(),
        }
    )

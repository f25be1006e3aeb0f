"""Images whose label may be wrong: their neighbours of other origin bear another one.

An image's neighbours are the nearest images of its step, validation and test alike; neither the
image itself nor images of its group (one sample, one frame: near copies) are asked. At most as
many are asked as there are images of its class of other origin, so that a class with few images
is not outvoted by sheer number; an image whose class has none cannot be judged.

The score is a margin of votes: the share of the neighbours with the most frequent other label
less the share with the image's own; 1 is unanimous, 0 undecided. It is a kNN version of what
Northcutt et al. 2021, "Confident learning", arXiv:1911.00068, call the normalised margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

_SPLITS = ("validation", "test")
# A curator looks at a few; more make the table wide.
NEIGHBOUR_COLUMNS = [f"neighbour_{place}" for place in range(1, 6)]


def judge_labels(
    embeddings: pd.DataFrame, step: int, splits: pd.DataFrame | None, neighbours: int
) -> pd.DataFrame:
    """Ask the neighbours of every validation and test image of a step for its label.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
        Has test embeddings.
    splits : DataFrame or None
        ``image_id`` and, if images are grouped, ``group``: a text, or missing.
    neighbours : int
        At most so many are asked.

    Returns
    -------
    DataFrame
        One row an image: ``image_id``, ``class_name``, ``split``; ``suggested_class``, the most
        frequent other label (of equally frequent ones that of the nearest image);
        ``own_share`` and ``suggested_share`` of the neighbours, their difference ``score``;
        ``neighbours_asked``; ``distance``, the mean Euclidean distance to the neighbours of the
        suggested class; ``neighbour_1``, … the ids of the nearest five. Missing where there is
        none: all of them for an image that cannot be judged.

    Raises
    ------
    EmbeddingsError
        If the step has no validation or no test embeddings, or an image stands there twice.
    """
    images = pd.concat(
        [select_embeddings(embeddings, step, split) for split in _SPLITS], ignore_index=True
    )
    ids = unique_image_ids(images)
    class_names, labels = np.unique(class_labels(images), return_inverse=True)
    origins = _origins(ids, splits)
    asked = np.minimum(neighbours, _of_other_origin(labels, origins))
    nearest, votes = _vote(embedding_matrix(images), labels, origins, asked)
    table = pd.DataFrame({"image_id": ids, "class_name": class_names[labels].tolist()})
    table["split"] = images["split"].astype(str)
    suggested = pd.Series(class_names[votes["suggested"].astype(int)].tolist(), dtype=object)
    table["suggested_class"] = suggested.where(votes["suggested_share"] > 0, None)
    table = table.join(votes.drop(columns="suggested"))
    table["neighbours_asked"] = asked
    listed = pd.Series(ids, dtype=object)
    for place, name in enumerate(NEIGHBOUR_COLUMNS):
        there = asked > place
        rows = nearest[:, place] if place < nearest.shape[1] else np.zeros(len(ids), dtype=int)
        table[name] = listed.iloc[rows].reset_index(drop=True).where(there, None)
    return table


def rank_label_suspects(
    judged: pd.DataFrame, limit: int, paths: Mapping[str, str] | None
) -> pd.DataFrame:
    """List the images whose neighbours favour another label, the clearest first.

    Parameters
    ----------
    judged : DataFrame
        As from `judge_labels`.
    limit : int
        At most so many.
    paths : mapping of image_id to file, or None

    Returns
    -------
    DataFrame
        One row an image with a positive score: ``rank`` from 1 (by score, of equal scores by
        distance), ``image_id``, ``path`` if given, ``class_name``, ``suggested_class``,
        ``decision`` (empty: a curator fills it in), and the other columns of `judge_labels`.
    """
    order = ["score", "distance", "image_id"]
    suspects = judged[judged["score"] > 0].sort_values(order, ascending=[False, True, True])
    suspects = suspects.head(limit).reset_index(drop=True)
    suspects = suspects.assign(rank=np.arange(1, len(suspects) + 1), decision="")
    first = ["rank", "image_id", "class_name", "suggested_class", "decision"]
    if paths is not None:
        suspects["path"] = [paths.get(image_id, "") for image_id in suspects["image_id"]]
        first.insert(2, "path")
    return suspects[[*first, *suspects.columns.drop(first)]]


def summarise_label_suspects(judged: pd.DataFrame) -> dict[str, int]:
    """Count the judged images and the suspects, for the metrics.

    Returns
    -------
    dict
        ``images``; ``not_judged``, whose class has no image of other origin; ``suspects``, of a
        positive score; ``unanimous`` ones: no neighbour bears their label, all the same other.
    """
    return {
        "images": len(judged),
        "not_judged": int((judged["neighbours_asked"] == 0).sum()),
        "suspects": int((judged["score"] > 0).sum()),
        "unanimous": int((judged["score"] == 1).sum()),
    }


def suspect_pictures(
    suspects: pd.DataFrame, typical: Mapping[str, Sequence[str]], shown: int
) -> list[str]:
    """Return the ids, once each, of all images that a sheet of the first suspects needs."""
    first = suspects.head(shown)
    near = first[NEIGHBOUR_COLUMNS].to_numpy(dtype=object).ravel()
    classes = pd.unique(first[["class_name", "suggested_class"]].to_numpy(dtype=object).ravel())
    ids = [*first["image_id"], *near[~pd.isna(near)]]
    ids += [image_id for name in classes for image_id in typical.get(name, [])]
    return list(dict.fromkeys(map(str, ids)))


def _origins(ids: pd.Index, splits: pd.DataFrame | None) -> NDArray[np.int64]:
    # An image without a group is a group of its own.
    alone = np.arange(len(ids), dtype=np.int64)
    if splits is None or "group" not in splits:
        return alone
    groups = splits["group"].set_axis(splits["image_id"].astype(str))
    groups = groups[~groups.index.duplicated()].reindex(ids)
    codes, _ = pd.factorize(groups)
    return np.where(codes >= 0, codes + len(ids), alone)


def _of_other_origin(labels: NDArray[np.intp], origins: NDArray[np.int64]) -> NDArray[np.int64]:
    # How many images of its class and of other origin each image has.
    _, together, counts = np.unique(
        np.column_stack([labels, origins]), axis=0, return_inverse=True, return_counts=True
    )
    return np.bincount(labels)[labels] - counts[together.ravel()]


def _vote(
    vectors: NDArray[np.float64],
    labels: NDArray[np.intp],
    origins: NDArray[np.int64],
    asked: NDArray[np.int64],
) -> tuple[NDArray[np.intp], pd.DataFrame]:
    depth = max(1, int(asked.max()))
    nearest = np.zeros((len(labels), depth), dtype=np.intp)
    votes = []
    for rows, distances in squared_distance_chunks(vectors, vectors):
        np.copyto(distances, np.inf, where=origins[rows, np.newaxis] == origins)
        found = nearest_in_rows(distances, depth)
        nearest[rows] = found
        counted = np.arange(depth) < asked[rows, np.newaxis]
        away = np.sqrt(np.take_along_axis(distances, found, axis=1))
        ballots = (labels[found, np.newaxis] == np.arange(labels.max() + 1)) & counted[..., None]
        votes.append(_count(ballots, away, labels[rows], asked[rows]))
    return nearest, pd.concat(votes, ignore_index=True)


def _count(
    ballots: NDArray[np.bool_],
    away: NDArray[np.float32],
    labels: NDArray[np.intp],
    asked: NDArray[np.int64],
) -> pd.DataFrame:
    # ballots: (images, neighbours, classes), neighbours from the nearest.
    images, depth, _ = ballots.shape
    each = np.arange(images)
    votes = ballots.sum(axis=1)
    own = votes[each, labels]
    # Of equally many votes the class whose first neighbour is nearer goes before.
    preference = votes * (depth + 1) + depth - ballots.argmax(axis=1)
    preference[each, labels] = -1
    suggested = preference.argmax(axis=1)
    theirs = np.where(suggested == labels, 0, votes[each, suggested])
    counted = ballots[each, :, suggested]
    total = np.where(counted, away, 0).sum(axis=1, dtype=np.float64)
    table = pd.DataFrame({"suggested": suggested, "own_share": own / np.maximum(asked, 1)})
    table["suggested_share"] = theirs / np.maximum(asked, 1)
    table["score"] = (theirs - own) / np.maximum(asked, 1)
    table["distance"] = total / np.maximum(theirs, 1)
    table.loc[theirs == 0, "distance"] = np.nan
    table.loc[asked == 0, ["own_share", "suggested_share", "score"]] = np.nan
    return table

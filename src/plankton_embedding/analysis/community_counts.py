"""Communities of test and unseen images: how many of each class, in truth and as predicted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_CHUNK_BYTES = 64_000_000


def weight_by_catalogue(novelty: pd.DataFrame, catalogue: pd.Series) -> pd.DataFrame:
    """Let the test and unseen images of each class count as many as the catalogue has of it.

    Test sets are drawn class by class; communities are not.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`.
    catalogue : Series
        Accepted images by class name, as from `prevalence.catalogue_counts`.

    Returns
    -------
    DataFrame
        ``novelty`` with ``weight``: images of the catalogue that an image stands for; 0 for a
        class that the catalogue does not have, missing for validation images.
    """
    scored = novelty["split"] != "validation"
    images = novelty.loc[scored, "class_name"].value_counts()
    weights = (catalogue.reindex(images.index).fillna(0) / images).astype(float)
    return novelty.assign(weight=novelty["class_name"].map(weights).where(scored))


def count_community(novelty: pd.DataFrame, thresholds: pd.DataFrame) -> pd.DataFrame:
    """Count the test and unseen images of each class, in truth and as predicted.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`; if it has a column ``weight``, images count as much.
    thresholds : DataFrame
        As from `rejection.choose_thresholds`.

    Returns
    -------
    DataFrame
        One row a score and class, and a last one a score for the unknown: ``score``,
        ``class_name`` (missing for the unknown), ``is_unknown``, ``true``; ``nothing_rejected``
        and ``at_threshold``, the images given that class.
    """
    scored = novelty[novelty["split"] != "validation"]
    true, predicted, names = _codes(scored)
    weights = _weights(scored)
    parts = []
    for chosen in thresholds.to_dict("records"):
        above = (scored[chosen["score"]] > chosen["threshold"]).to_numpy()
        given = {
            "true": true,
            "nothing_rejected": predicted,
            "at_threshold": np.where(above, len(names), predicted),
        }
        part = pd.DataFrame({"score": chosen["score"], "class_name": [*names, None]})
        part["is_unknown"] = np.arange(len(part)) == len(names)
        for column, codes in given.items():
            part[column] = np.bincount(codes, weights, minlength=len(part))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def communities_of(scored: pd.DataFrame, smallest: int) -> tuple[NDArray[np.intp], bool]:
    """Tell which community each image belongs to.

    Parameters
    ----------
    scored : DataFrame
        With ``group``, missing where not known.
    smallest : int
        Images of the smallest group that is a community.

    Returns
    -------
    community : ndarray of int, shape (images,)
        From 0; -1 for an image that is in no group, or in too small a one. If there is no large
        enough group, all images are community 0.
    by_group : bool
        Whether there is one.
    """
    codes, _ = pd.factorize(scored["group"], sort=False)
    is_large = np.bincount(codes[codes >= 0], minlength=1) >= max(1, smallest)
    if not is_large.any():
        return np.zeros(len(scored), dtype=np.intp), False
    places = np.where(is_large, np.cumsum(is_large) - 1, -1)
    return np.where(codes >= 0, places[codes], -1), True


def counts_by_threshold(
    scored: pd.DataFrame, community: NDArray[np.intp], score: str, thresholds: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the counts of classes of some communities at a time, in their order.

    Parameters
    ----------
    scored : DataFrame
        Test and unseen images as from `open_set.measure_novelty`, maybe with ``weight``.
    community : ndarray of int, shape (images,)
        From 0, without gaps.
    score : str
    thresholds : ndarray, shape (thresholds,)
        Ascending.

    Yields
    ------
    true : ndarray of float64, shape (communities, 1, classes + 1)
        The last class is the unknown.
    predicted : ndarray of float64, shape (communities, thresholds + 1, classes + 1)
        The last threshold is none: nothing is rejected.
    """
    true, predicted, names = _codes(scored)
    weights = _weights(scored)
    # The first threshold that keeps an image.
    kept_from = np.searchsorted(thresholds, scored[score].to_numpy(), side="left")
    order = np.argsort(community, kind="stable")
    width = (len(thresholds) + 1, len(names) + 1)
    chunk = max(1, _CHUNK_BYTES // (8 * width[0] * width[1]))
    for start in range(0, int(community.max(initial=-1)) + 1, chunk):
        low, high = np.searchsorted(community[order], [start, start + chunk])
        rows = order[low:high]
        place = community[rows] - start
        size = int(place.max()) + 1
        truth = _count((place, true[rows]), weights[rows], (size, width[1]))
        given = _count((place, kept_from[rows], predicted[rows]), weights[rows], (size, *width))
        np.cumsum(given, axis=1, out=given)
        kept = given[..., :-1].sum(axis=2)
        given[..., -1] = np.maximum(truth.sum(axis=1)[:, np.newaxis] - kept, 0)
        yield truth[:, np.newaxis], given


def _codes(scored: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp], list[str]]:
    """Return true and predicted classes as numbers, the unknown after all, and their names."""
    known = scored["known"].to_numpy(dtype=bool)
    # A class may be called "unknown": numbers cannot be confused.
    of_known = scored.loc[known, "class_name"].to_numpy(dtype=np.str_)
    predicted = scored["predicted_class"].to_numpy(dtype=np.str_)
    names = np.union1d(of_known, predicted)
    true = np.full(len(scored), len(names), dtype=np.intp)
    true[known] = np.searchsorted(names, of_known)
    return true, np.searchsorted(names, predicted), names.tolist()


def _weights(scored: pd.DataFrame) -> NDArray[np.float64]:
    weights = scored["weight"] if "weight" in scored else np.ones(len(scored))
    return np.asarray(weights, dtype=np.float64)


def _count(
    places: tuple[NDArray[np.intp], ...], weights: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    flat = np.ravel_multi_index(places, shape)
    counts = np.bincount(flat, weights, minlength=int(np.prod(shape)))
    return counts.astype(np.float64).reshape(shape)

"""What a threshold does to the ecology: how far the predicted community is from the true one.

A threshold that is good for single images can distort counts: a class whose images are rejected
more than others' seems rarer, and unknown images that are kept seem to be something else. Mistakes
that cancel out (as many of a for b as of b for a) do not count here, unlike in an accuracy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.community_counts import communities_of, counts_by_threshold
from plankton_embedding.analysis.rejection import thresholds_that_keep

WITH_UNKNOWN, KNOWN_CLASSES = "with_unknown", "known_classes"
_PERCENT = np.arange(1, 101) / 100
_INTERVAL = (0.025, 0.975)


def bray_curtis(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return the Bray–Curtis distance of communities: ``Σ |u_i − v_i| / Σ (u_i + v_i)``.

    0 for the same counts, 1 for no class in common. Bray & Curtis 1957, "An ordination of the
    upland forest communities of southern Wisconsin", doi:10.2307/1942268.

    Parameters
    ----------
    first, second : array, shape (..., classes)
        Counts, not negative.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where both are empty.
    """
    u, v = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    apart, total = np.abs(u - v).sum(axis=-1), (u + v).sum(axis=-1)
    return np.divide(apart, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def measure_community(
    novelty: pd.DataFrame,
    thresholds: pd.DataFrame,
    smallest_sample: int,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Measure the Bray–Curtis distance of true to predicted community, against the threshold.

    The community is that of the test and unseen images. Images of classes that validation does
    not have are truly `unknown`, those above the threshold are called so. Where images have a
    ``group`` (a sample, a frame), every group of ``smallest_sample`` images or more is a
    community and their mean is taken; where none is so large, all images are one community.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`; if it has a column ``weight``, images count as much.
    thresholds : DataFrame
        As from `rejection.choose_thresholds`.
    smallest_sample : int
        Images of the smallest group that counts as a community.
    draws : int
        Of the bootstrap over communities.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a score, way of counting and threshold: ``score``; ``counted``: "with_unknown",
        where `unknown` is one more class, or "known_classes", where only what is given a known
        class is counted, against what is of one; ``kept_share``, 1 % to 100 % of validation
        images kept, each left out, and ``threshold`` (both missing in the last row: nothing is
        rejected); ``is_chosen``, for the threshold of ``thresholds``; ``distance``, with ``low``
        and ``high``, the bootstrap 95 % interval of a mean over two communities or more;
        ``communities``, how many; ``by_group``. No distance of two empty communities is counted.
    """
    scored = novelty[novelty["split"] != "validation"]
    community, by_group = communities_of(scored, smallest_sample)
    scored, community = scored[community >= 0], community[community >= 0]
    parts = []
    for chosen in thresholds.to_dict("records"):
        name = str(chosen["score"])
        grid = _grid(novelty, name, float(chosen["kept_share"]))
        cuts = grid["threshold"].dropna().to_numpy()
        for counted, distances in _distances(scored, community, name, cuts).items():
            low, high = _mean_interval(distances, draws, seed)
            part = grid.assign(score=name, counted=counted, low=low, high=high)
            part["distance"] = _mean(distances, np.ones((1, len(distances))))[0]
            parts.append(part.assign(communities=len(distances)))
    columns = ["score", "counted", "kept_share", "threshold", "is_chosen"]
    columns += ["distance", "low", "high", "communities"]
    return pd.concat(parts, ignore_index=True)[columns].assign(by_group=by_group)


def summarise_community(community: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the distances at the chosen threshold and without one, for the metrics.

    Returns
    -------
    dict
        By score and way of counting: ``at_threshold``, with ``low`` and ``high`` if there are
        communities to average over, ``nothing_rejected``, ``communities``; ``least``, the
        smallest of all distances, and the share kept there (missing: nothing rejected),
        ``least_kept_share``. The last two were looked for on the very images: no promise.
    """
    summary: dict[str, dict[str, Any]] = {}
    for (score, counted), part in community.groupby(["score", "counted"], sort=False):
        last = part.iloc[-1]
        chosen = part[part["is_chosen"]].iloc[0] if part["is_chosen"].any() else last
        values = {
            "at_threshold": chosen["distance"],
            "low": chosen["low"],
            "high": chosen["high"],
            "nothing_rejected": last["distance"],
            "communities": last["communities"],
        }
        if part["distance"].notna().any():
            least = part.iloc[int(np.nanargmin(part["distance"]))]
            values |= {"least": least["distance"], "least_kept_share": least["kept_share"]}
        kept = {name: value.item() for name, value in values.items() if pd.notna(value)}
        summary.setdefault(str(score), {})[str(counted)] = kept
    return summary


def _grid(novelty: pd.DataFrame, name: str, chosen: float) -> pd.DataFrame:
    shares = np.union1d(_PERCENT, [chosen])
    validation = novelty.loc[novelty["split"] == "validation", name]
    cuts = thresholds_that_keep(validation, shares)
    shares = shares[~np.isnan(cuts)]
    table = pd.DataFrame(
        {
            "kept_share": [*shares, np.nan],
            "threshold": [*cuts[~np.isnan(cuts)], np.nan],
        }
    )
    return table.assign(is_chosen=table["kept_share"] == chosen)


def _distances(
    scored: pd.DataFrame, community: NDArray[np.intp], score: str, cuts: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the distances by way of counting, each of shape (communities, thresholds + 1)."""
    with_unknown, known = [], []
    for true, predicted in counts_by_threshold(scored, community, score, cuts):
        with_unknown.append(bray_curtis(true, predicted))
        known.append(bray_curtis(true[..., :-1], predicted[..., :-1]))
    return {WITH_UNKNOWN: np.concatenate(with_unknown), KNOWN_CLASSES: np.concatenate(known)}


def _mean(distances: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means over communities that have a distance, shape (weightings, thresholds)."""
    there = ~np.isnan(distances)
    total, count = weights @ np.where(there, distances, 0.0), weights @ there
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _mean_interval(
    distances: NDArray[np.float64], draws: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    communities, columns = distances.shape
    low, high = np.full((2, columns), np.nan)
    measured = ~np.isnan(distances).all(axis=0)
    if communities > 1 and measured.any():
        random = np.random.default_rng(seed)
        shares = np.full(communities, 1 / communities)
        drawn = random.multinomial(communities, shares, size=draws).astype(np.float64)
        means = _mean(distances[:, measured], drawn)
        low[measured], high[measured] = np.nanquantile(means, _INTERVAL, axis=0)
    return low, high

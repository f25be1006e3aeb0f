"""Rejecting what is too strange: thresholds, and what they keep and reject.

An image whose novelty score is above the threshold is called unknown. As in the literature on
out-of-distribution detection (Hendrycks & Gimpel 2017, arXiv:1610.02136; Liang et al. 2018,
arXiv:1706.02690) **known images are the positive class**: a true positive is a known image that
is kept, a false positive an unknown one that is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.auroc import auroc, auroc_interval
from plankton_embedding.analysis.open_set import NOVELTY_SCORES, unknown_rows
from plankton_embedding.analysis.scores import wilson_interval

# Part of the definition of the literature's "FPR at 95 % TPR".
_TRUE_POSITIVE_RATE = 0.95


def thresholds_that_keep(scores: ArrayLike, shares: ArrayLike) -> NDArray[np.float64]:
    """Return the smallest thresholds that keep at least the stated shares of images.

    Kept is what is not above the threshold. With the scores of images that were left out, new
    images of the same kind are kept with about the same share.

    Parameters
    ----------
    scores : array of float, shape (images,)
        NaN is left aside.
    shares : array of float, any shape
        Above 0, at most 1.

    Returns
    -------
    ndarray of float64, the shape of ``shares``
        NaN if there are no scores.

    Raises
    ------
    ValueError
        If a share is not above 0 and at most 1.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    if not np.all((wanted > 0) & (wanted <= 1)):
        raise ValueError(f"a share of images to keep must be above 0 and at most 1: {shares!r}")
    values = np.asarray(scores, dtype=np.float64)
    values = np.sort(values[~np.isnan(values)])
    if len(values) == 0:
        return np.full(wanted.shape, np.nan)
    # 0.95 · 60 is 56.99… or 57.00…1: neither may ask for the 58th image.
    needed = np.ceil(wanted * len(values) - 1e-9).astype(int)
    return values[np.clip(needed, 1, len(values)) - 1]


def choose_thresholds(novelty: pd.DataFrame, kept_share: float) -> pd.DataFrame:
    """Choose the threshold of each score that keeps a stated share of validation images.

    Nothing but validation images, each left out of the centroids, is looked at.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`.
    kept_share : float
        Above 0, at most 1.

    Returns
    -------
    DataFrame
        One row a score: ``score``, ``kept_share``, ``threshold`` (missing if every class has one
        validation image only: then nothing is rejected), ``validation_images`` that have a
        score, ``validation_kept``, the share of them not above the threshold.

    Raises
    ------
    ValueError
        If the share is not above 0 and at most 1.
    """
    validation = novelty[novelty["split"] == "validation"]
    rows = []
    for name in NOVELTY_SCORES:
        scores = validation[name].dropna().to_numpy()
        threshold = float(thresholds_that_keep(scores, kept_share))
        rows.append((name, kept_share, threshold, len(scores), _share(~(scores > threshold))))
    columns = ["score", "kept_share", "threshold", "validation_images", "validation_kept"]
    return pd.DataFrame(rows, columns=columns)


def measure_rejection(
    novelty: pd.DataFrame, thresholds: pd.DataFrame, draws: int, seed: int
) -> pd.DataFrame:
    """Measure how well each score tells unknown from known images, and what its threshold does.

    Known are the test images of classes that validation has, unknown all other test and unseen
    images. The threshold was chosen on validation; nothing here was looked at for it.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`.
    thresholds : DataFrame
        As from `choose_thresholds`.
    draws : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        The rows of ``thresholds`` with, besides: ``known_images`` and ``unknown_images``;
        ``auroc`` with ``auroc_low`` and ``auroc_high`` (bootstrap 95 %): the chance that an
        unknown image scores above a known one; ``fpr_at_95_tpr``: the share of unknown images
        kept where 95 % of the known test images are; ``known_kept``, ``unknown_rejected``,
        ``known_right_kept`` (right class and kept, of all known images) and
        ``open_set_accuracy`` (right and kept, or unknown and rejected, of all images), each at
        the threshold and with ``…_low`` and ``…_high`` (Wilson 95 %); ``closed_set_accuracy``
        of the known images, nothing rejected; ``oscr_area``, the area under the curve of
        ``known_right_kept`` over unknown images kept. Missing where there are no such images.
    """
    known, unknown = unknown_rows(novelty)
    right = is_right(known)
    rows = []
    for chosen in thresholds.to_dict("records"):
        scores, strange = (part[chosen["score"]].to_numpy() for part in (known, unknown))
        kept, rejected = ~(scores > chosen["threshold"]), strange > chosen["threshold"]
        low, high = auroc_interval(scores, strange, draws, seed)
        row: dict[str, float] = {"known_images": len(known), "unknown_images": len(unknown)}
        row |= {"auroc": auroc(scores, strange), "auroc_low": low, "auroc_high": high}
        row["fpr_at_95_tpr"] = _false_positive_rate(scores, strange)
        row |= _with_interval("known_kept", kept)
        row |= _with_interval("unknown_rejected", rejected)
        row |= _with_interval("known_right_kept", kept & right)
        hits = np.concatenate([kept & right, rejected])
        row |= _with_interval("open_set_accuracy", hits if rejected.size else rejected)
        row["closed_set_accuracy"] = _share(right)
        row["oscr_area"] = _curve_area(scores, strange, right)
        rows.append(row)
    return pd.concat([thresholds.reset_index(drop=True), pd.DataFrame(rows)], axis=1)


def is_right(known: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which images were given their own class."""
    right: NDArray[np.bool_] = (known["class_name"] == known["predicted_class"]).to_numpy(bool)
    return right


def summarise_rejection(rejection: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what `measure_rejection` measured, by score, for the metrics; less what is missing."""
    values = rejection.set_index("score").to_dict("index")
    return {
        str(score): {str(name): value for name, value in row.items() if pd.notna(value)}
        for score, row in values.items()
    }


def _false_positive_rate(known: NDArray[np.float64], unknown: NDArray[np.float64]) -> float:
    return _share(unknown <= thresholds_that_keep(known, _TRUE_POSITIVE_RATE))


def _curve_area(
    known: NDArray[np.float64], unknown: NDArray[np.float64], right: NDArray[np.bool_]
) -> float:
    # Of the pairs of a known and an unknown image, those where the known one is right and first.
    if unknown.size and known.size and not right.any():
        return 0.0
    return _share(right) * auroc(known[right], unknown)


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else np.nan


def _interval(hits: NDArray[np.bool_]) -> tuple[float, float]:
    if not hits.size:
        return np.nan, np.nan
    low, high = wilson_interval(int(hits.sum()), hits.size)
    return float(low), float(high)


def _with_interval(name: str, hits: NDArray[np.bool_]) -> dict[str, float]:
    low, high = _interval(hits)
    return {name: _share(hits), f"{name}_low": low, f"{name}_high": high}

"""Area under the ROC curve, with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_INTERVAL = (0.025, 0.975)
_CHUNK_BYTES = 64_000_000


def auroc(lower: ArrayLike, higher: ArrayLike) -> float:
    """Return the chance that one of ``higher`` has the larger score; equal scores count half.

    The area under the ROC curve is that chance: Hanley & McNeil 1982,
    doi:10.1148/radiology.143.1.7063747.

    Parameters
    ----------
    lower, higher : array of float, shapes (images,) and (others,)

    Returns
    -------
    float
        NaN if either is empty.
    """
    of_lower, of_higher = _by_value(lower, higher)
    return float(_areas(of_lower[np.newaxis], of_higher[np.newaxis])[0])


def auroc_interval(
    lower: ArrayLike, higher: ArrayLike, draws: int, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of `auroc` by the percentile bootstrap.

    Images are drawn again with replacement, those of ``lower`` and of ``higher`` each among
    themselves. What is drawn are counts: those of the different scores are multinomial. Images
    count as independent: with near copies among them the interval is too narrow, and it says
    nothing about other unseen classes. Efron & Tibshirani 1993, "An introduction to the
    bootstrap", chapter 13.

    Parameters
    ----------
    lower, higher : array of float, shapes (images,) and (others,)
    draws : int
    seed : int

    Returns
    -------
    low, high : float
        NaN if either is empty.
    """
    of_lower, of_higher = _by_value(lower, higher)
    if of_lower.sum() == 0 or of_higher.sum() == 0:
        return np.nan, np.nan
    random = np.random.default_rng(seed)
    areas = np.empty(draws)
    chunk = max(1, _CHUNK_BYTES // (8 * len(of_lower)))
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = [
            random.multinomial(counts.sum(), counts / counts.sum(), size=size)
            for counts in (of_lower, of_higher)
        ]
        areas[start : start + size] = _areas(*drawn)
    low, high = np.quantile(areas, _INTERVAL)
    return float(low), float(high)


def _by_value(lower: ArrayLike, higher: ArrayLike) -> list[NDArray[np.int64]]:
    """Count how often each value stands in either, values ascending."""
    both = [np.asarray(values, dtype=np.float64) for values in (lower, higher)]
    if np.isnan(np.concatenate(both)).any():
        raise ValueError("a score is NaN: leave its image out")
    values = np.unique(np.concatenate(both))
    return [np.bincount(np.searchsorted(values, part), minlength=len(values)) for part in both]


def _areas(of_lower: NDArray[np.int64], of_higher: NDArray[np.int64]) -> NDArray[np.float64]:
    # Shapes (draws, values). Half of the pairs of equal scores count.
    below = np.cumsum(of_lower, axis=1) - 0.5 * of_lower
    pairs = of_lower.sum(axis=1, dtype=np.float64) * of_higher.sum(axis=1, dtype=np.float64)
    won = (below * of_higher).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)

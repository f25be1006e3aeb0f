"""How sure the scores of classifiers are, and the differences between them.

Test images count as independent of each other. Where they are not, as with several images of
one animal, intervals are too narrow and p-values too small.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.scores import (
    accuracy_summary,
    averaged_scores,
    class_scores,
    confusion_counts,
)

_INTERVAL = (0.025, 0.975)


def score_classifiers(
    predictions: pd.DataFrame, fits: pd.DataFrame, draws: int, seed: int
) -> pd.DataFrame:
    """Score every classifier on the test images.

    Images of a class without validation images count as wrong.

    Parameters
    ----------
    predictions, fits : DataFrame
        As from `classifiers.predict_by_classifiers`.
    draws : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a classifier, the most accurate first: ``classifier``, ``settings``,
        ``accuracy`` with ``low`` and ``high`` (Wilson 95 %), ``correct``, ``n`` (test images);
        ``balanced_accuracy`` and ``macro_f1``, each with ``…_low`` and ``…_high`` (95 %, as
        from `bootstrap_intervals`); ``fit_seconds`` and ``predict_seconds``.
    """
    rows = []
    for classifier, part in predictions.groupby("classifier", sort=False):
        true, predicted = part["class_name"].astype(str), part["predicted_class"].astype(str)
        scores: dict[str, object] = {"classifier": classifier, **accuracy_summary(true, predicted)}
        averages = averaged_scores(class_scores(true, predicted))
        intervals = bootstrap_intervals(true, predicted, draws, seed)
        for name, value in averages.items():
            low, high = intervals[name]
            scores |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(scores)
    table = fits[["classifier", "settings"]].merge(pd.DataFrame(rows), on="classifier")
    table = table.merge(fits.drop(columns="settings"), on="classifier")
    order = ["accuracy", "balanced_accuracy", "macro_f1", "classifier"]
    return table.sort_values(order, ascending=[False, False, False, True], ignore_index=True)


def bootstrap_intervals(
    true: ArrayLike, predicted: ArrayLike, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals of balanced accuracy and macro F1 by the percentile bootstrap.

    Test images are drawn again with replacement within their own class, so every class keeps
    its number of images: that number was chosen, not found. What is drawn are counts: those of
    a class's predictions are multinomial. A classifier without a mistake gets an interval of no
    width. Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 13.

    Parameters
    ----------
    true, predicted : array of str, shape (images,)
    draws : int
    seed : int

    Returns
    -------
    dict
        ``balanced_accuracy`` and ``macro_f1``: low and high. Both are means over the classes
        that have test images, as in `scores.averaged_scores`.
    """
    counts = confusion_counts(true, predicted).to_numpy()
    images = counts.sum(axis=1)
    random = np.random.default_rng(seed)
    hits = np.zeros((draws, len(counts)))
    given = np.zeros((draws, len(counts)))
    for row in np.flatnonzero(images):
        columns = np.flatnonzero(counts[row])  # few of many classes
        shares = counts[row, columns] / images[row]
        drawn = random.multinomial(images[row], shares, size=draws)
        given[:, columns] += drawn
        hits[:, row] = drawn[:, columns == row].sum(axis=1)
    hits, given, images = (values[..., images > 0] for values in (hits, given, images))
    return {
        "balanced_accuracy": _interval((hits / images).mean(axis=1)),
        "macro_f1": _interval((2 * hits / (given + images)).mean(axis=1)),
    }


def compare_in_pairs(predictions: pd.DataFrame) -> pd.DataFrame:
    """Test for each pair of classifiers whether one is right more often than the other.

    McNemar's test in its exact form: of the images that only one of the two got right, each had
    half of them if they were equally good. McNemar 1947, "Note on the sampling error of the
    difference between correlated proportions or percentages", doi:10.1007/BF02295996.

    Parameters
    ----------
    predictions : DataFrame
        As from `classifiers.predict_by_classifiers`.

    Returns
    -------
    DataFrame
        One row a pair, in the order of the table: ``first``, ``second``,
        ``only_first_right``, ``only_second_right`` (images), ``difference`` (accuracy of the
        first less that of the second), ``p_value``, and ``adjusted_p_value`` (as from
        `holm_adjusted`, over all pairs).

    Raises
    ------
    ValueError
        If the classifiers did not classify the same images in the same order.
    """
    from scipy.stats import binom

    names, right = _right_answers(predictions)
    first, second = np.triu_indices(len(names), 1)
    # [i, j]: images that i got right and j did not.
    only = right.astype(np.int64) @ (~right).T.astype(np.int64)
    only_first, only_second = only[first, second], only[second, first]
    either = only_first + only_second
    p_values = np.minimum(1.0, 2 * binom.cdf(np.minimum(only_first, only_second), either, 0.5))
    return pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            "only_first_right": only_first,
            "only_second_right": only_second,
            "difference": (only_first - only_second) / right.shape[1],
            "p_value": p_values,
            "adjusted_p_value": holm_adjusted(p_values),
        }
    )


def holm_adjusted(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for having made so many tests.

    With those below 0.05 taken as differences, the chance of one or more false ones is at most
    5 %. Holm 1979, "A simple sequentially rejective multiple test procedure".

    Parameters
    ----------
    p_values : array, shape (tests,)

    Returns
    -------
    ndarray of float64, shape (tests,), in the order given
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, _INTERVAL)
    return float(low), float(high)


def _right_answers(predictions: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the names of the classifiers and who got which image right, shape (names, images)."""
    parts = [(str(name), part) for name, part in predictions.groupby("classifier", sort=False)]
    images = [part["image_id"].to_numpy() for _, part in parts]
    if not all(np.array_equal(images[0], others) for others in images[1:]):
        raise ValueError("the classifiers must have classified the same images in the same order")
    hits = [
        (part["class_name"].astype(str) == part["predicted_class"].astype(str)).to_numpy()
        for _, part in parts
    ]
    return np.array([name for name, _ in parts], dtype=object), np.array(hits)

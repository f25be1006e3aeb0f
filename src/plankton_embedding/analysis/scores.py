"""Scores of a classification: confusions, precision and recall, accuracy with its interval."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

_NORMAL_QUANTILE = NormalDist().inv_cdf(0.975)


def wilson_interval(
    correct: ArrayLike, total: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % confidence interval of a proportion after Wilson.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference",
    doi:10.1080/01621459.1927.10502953. Unlike the normal approximation it stays inside
    0 and 1 and holds for small counts.

    Parameters
    ----------
    correct, total : array of int, any shape
        Successes and trials; ``0 <= correct <= total`` and ``total >= 1``.

    Returns
    -------
    low, high : ndarray of float64, the shape of the input

    Raises
    ------
    ValueError
        If the counts are impossible.
    """
    successes = np.asarray(correct, dtype=np.float64)
    trials = np.asarray(total, dtype=np.float64)
    if np.any(trials < 1) or np.any(successes < 0) or np.any(successes > trials):
        raise ValueError(f"impossible counts: {correct!r} correct of {total!r}")
    share = successes / trials
    squared = _NORMAL_QUANTILE**2
    middle = (share + squared / (2 * trials)) / (1 + squared / trials)
    spread = np.sqrt(share * (1 - share) / trials + squared / (4 * trials**2))
    half_width = _NORMAL_QUANTILE * spread / (1 + squared / trials)
    # Rounding must not put the share itself, such as 1, outside.
    low = np.clip(np.minimum(middle - half_width, share), 0, 1)
    return low, np.clip(np.maximum(middle + half_width, share), 0, 1)


def accuracy_summary(true: ArrayLike, predicted: ArrayLike) -> dict[str, float | int]:
    """Return ``accuracy`` with its Wilson interval (``low``, ``high``), ``correct`` and ``n``."""
    hits = np.asarray(true, dtype=np.str_) == np.asarray(predicted, dtype=np.str_)
    correct, total = int(hits.sum()), int(hits.size)
    low, high = wilson_interval(correct, total)
    return {
        "accuracy": correct / total,
        "low": float(low),
        "high": float(high),
        "correct": correct,
        "n": total,
    }


def confusion_counts(
    true: ArrayLike, predicted: ArrayLike, class_names: ArrayLike | None = None
) -> pd.DataFrame:
    """Count how often images of one class (rows) were given another (columns).

    Parameters
    ----------
    true, predicted : array of str, shape (images,)
    class_names : array of str, optional
        The order of rows and columns; by default every class met, sorted. Classes missing
        from it are put at its end, so that the counts always add up to the images.

    Returns
    -------
    DataFrame of int64, shape (classes, classes), index and columns ``class_name``
    """
    true_names = np.asarray(true, dtype=np.str_)
    predicted_names = np.asarray(predicted, dtype=np.str_)
    met = np.union1d(true_names, predicted_names)
    order = met if class_names is None else np.asarray(class_names, dtype=np.str_)
    order = np.concatenate([order, np.setdiff1d(met, order)])
    index = pd.Index(order.tolist(), name="class_name")
    counts = np.zeros((len(index), len(index)), dtype=np.int64)
    np.add.at(counts, (index.get_indexer(true_names), index.get_indexer(predicted_names)), 1)
    return pd.DataFrame(counts, index=index, columns=order.tolist())


def class_scores(true: ArrayLike, predicted: ArrayLike) -> pd.DataFrame:
    """Return precision, recall, F1 and support (images) of each class, sorted by name.

    A class that was never predicted has precision 0, one without images recall 0.

    Returns
    -------
    DataFrame
        Columns ``class_name``, ``precision``, ``recall``, ``recall_low`` and ``recall_high``
        (Wilson 95 %; NaN without images), ``f1``, ``support``.
    """
    from sklearn.metrics import precision_recall_fscore_support

    true_names = np.asarray(true, dtype=np.str_)
    predicted_names = np.asarray(predicted, dtype=np.str_)
    names = np.union1d(true_names, predicted_names)
    precision, recall, f1, support = precision_recall_fscore_support(
        true_names, predicted_names, labels=names, zero_division=0
    )
    low, high = wilson_interval(np.round(recall * support), np.maximum(support, 1))
    columns: dict[str, Any] = {
        "precision": precision,
        "recall": recall,
        "recall_low": np.where(support > 0, low, np.nan),
        "recall_high": np.where(support > 0, high, np.nan),
        "f1": f1,
    }
    return pd.DataFrame({"class_name": names.tolist(), **columns, "support": support})


def averaged_scores(scores: pd.DataFrame) -> dict[str, float]:
    """Return the means of recall and of F1 over the classes that have images.

    Parameters
    ----------
    scores : DataFrame
        As from `class_scores`.

    Returns
    -------
    dict
        ``balanced_accuracy``, ``macro_f1``: every class counts the same, however many images.
    """
    supported = scores[scores["support"] > 0]
    return {
        "balanced_accuracy": float(supported["recall"].mean()),
        "macro_f1": float(supported["f1"].mean()),
    }


def most_confused_pairs(counts: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return the most frequent confusions, the largest first.

    Parameters
    ----------
    counts : DataFrame
        As from `confusion_counts`.
    limit : int
        At most so many rows.

    Returns
    -------
    DataFrame
        Columns ``class_name``, ``predicted_class``, ``images`` and ``share`` (of the true
        class's images).
    """
    matrix = counts.to_numpy()
    rows, columns = np.nonzero(matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype)))
    names = counts.index.to_numpy()
    pairs = pd.DataFrame(
        {
            "class_name": names[rows],
            "predicted_class": counts.columns.to_numpy()[columns],
            "images": matrix[rows, columns],
            "share": matrix[rows, columns] / matrix.sum(axis=1)[rows],
        }
    )
    order = ["images", "share", "class_name", "predicted_class"]
    ranked = pairs.sort_values(order, ascending=[False, False, True, True])
    return ranked.head(limit).reset_index(drop=True)

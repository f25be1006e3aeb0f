"""Scores as they would be where classes are as frequent as in nature.

A test split often holds the same number of images of each class; in a sample from the sea some
classes are a thousand times as frequent as others. How often an image of a class is taken for
another does not depend on how frequent the class is, so the rates measured on test images can be
weighted by the frequencies of the whole catalogue: all accepted images of each class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.scores import accuracy_summary, confusion_counts, wilson_interval
from plankton_embedding.errors import UserError


class PrevalenceError(UserError):
    """The counts of the catalogue do not belong to the test images."""


AS_TESTED, BALANCED, NATURAL = "as_tested", "balanced", "natural_prevalence"


def catalogue_counts(class_counts: pd.DataFrame) -> pd.Series:
    """Return the accepted images of each class of the catalogue: found less rejected.

    Parameters
    ----------
    class_counts : DataFrame
        ``class_name``, ``found``, ``rejected``.

    Returns
    -------
    Series of int
        By class name; classes without accepted images are left out.
    """
    names = class_counts["class_name"].fillna("").astype(str)
    accepted = (class_counts["found"] - class_counts["rejected"]).set_axis(pd.Index(names))
    return accepted[accepted > 0].sort_index().rename("catalogue_images")


def measure_classes_at_prevalence(scored: pd.DataFrame, catalogue: pd.Series) -> pd.DataFrame:
    """Say of each class how far its name can be trusted where classes have natural frequencies.

    Parameters
    ----------
    scored : DataFrame
        ``class_name`` and ``predicted_class`` of the test images of a step.
    catalogue : Series
        As from `catalogue_counts`.

    Returns
    -------
    DataFrame
        One row a class: ``class_name``; ``catalogue_images`` and ``catalogue_share``;
        ``test_images``; ``recall`` (NaN without test images); ``precision`` on the test images
        and ``precision_at_prevalence``: which share of the images given this name would belong
        to it (NaN where none is given it); ``predicted_share_at_prevalence``: the share of all
        images that would be given this name, to be compared with ``catalogue_share``. Both speak
        of the classes that have test images only.

    Raises
    ------
    PrevalenceError
        If a class has test images but none in the catalogue.
    """
    counts, weights = _rates(scored, catalogue)
    matrix = counts.to_numpy()
    support = matrix.sum(axis=1)
    expected = weights[:, np.newaxis] * _divide(matrix, support[:, np.newaxis], 0.0)
    right = np.diag(matrix)
    table = pd.DataFrame(
        {
            "class_name": counts.index.to_numpy(),
            "test_images": support,
            "recall": _divide(right, support),
            "precision": _divide(right, matrix.sum(axis=0)),
            "precision_at_prevalence": _divide(np.diag(expected), expected.sum(axis=0)),
            "predicted_share_at_prevalence": expected.sum(axis=0),
        }
    ).merge(catalogue.rename_axis("class_name").reset_index(), on="class_name", how="outer")
    images = table["catalogue_images"].fillna(0).astype(int)
    table = table.assign(
        catalogue_images=images,
        catalogue_share=images / images.sum(),
        test_images=table["test_images"].fillna(0).astype(int),
    )
    first = ["class_name", "catalogue_images", "catalogue_share", "test_images"]
    return table[[*first, *table.columns.drop(first)]].sort_values("class_name", ignore_index=True)


def measure_weighted_accuracy(scored: pd.DataFrame, catalogue: pd.Series) -> pd.DataFrame:
    """Weight the recalls of the classes in three ways.

    The interval of a weighted mean of recalls is that of `weighted_recall`.

    Parameters
    ----------
    scored : DataFrame
        ``class_name`` and ``predicted_class`` of the test images of a step.
    catalogue : Series
        As from `catalogue_counts`.

    Returns
    -------
    DataFrame
        Three rows: ``weighting`` ("as_tested": each image the same; "balanced": each class the
        same; "natural_prevalence": each class by its frequency in the catalogue, among the
        classes that have test images), ``accuracy``, ``low``, ``high`` (95 %), ``images``.

    Raises
    ------
    PrevalenceError
        If a class has test images but none in the catalogue.
    """
    counts, weights = _rates(scored, catalogue)
    matrix = counts.to_numpy()
    tested = matrix.sum(axis=1) > 0
    right, support = np.diag(matrix)[tested], matrix.sum(axis=1)[tested]
    plain = accuracy_summary(scored["class_name"], scored["predicted_class"])
    rows = [(AS_TESTED, plain["accuracy"], plain["low"], plain["high"])]
    equal = np.full(len(right), 1 / len(right))
    for name, weight in ((BALANCED, equal), (NATURAL, weights[tested])):
        rows.append((name, *weighted_recall(right, support, weight)))
    table = pd.DataFrame(rows, columns=["weighting", "accuracy", "low", "high"])
    return table.assign(images=len(scored))


def weighted_recall(
    right: NDArray[np.int64], support: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return a weighted mean of recalls with its 95 % interval.

    Wilson's interval at the effective number of images: so many, drawn alike, would have the
    variance of the weighted sum of binomials (Korn & Graubard 1998, Survey Methodology 24:193;
    with Wilson's interval Franco et al. 2019, doi:10.1093/jssam/smy019). For the variance each
    class is given one image more that was right and one that was wrong (Laplace), or classes
    that were always right would seem certain. With one class it is Wilson's own.

    Parameters
    ----------
    right, support : ndarray of int, shape (classes,)
        Images of each class that were recognised, and all of them (at least one).
    weights : ndarray of float64, shape (classes,)
        Not negative; their sum is 1.

    Returns
    -------
    mean, low, high : float
    """
    mean = float(np.clip(weights @ (right / support), 0, 1))
    smoothed = (right + 1) / (support + 2)
    middle = weights @ smoothed
    variance = np.square(weights) @ (smoothed * (1 - smoothed) / support)
    effective = max(1.0, float(middle * (1 - middle) / variance))
    low, high = wilson_interval(mean * effective, effective)
    return mean, float(low), float(high)


def summarise_prevalence(accuracies: pd.DataFrame, classes: pd.DataFrame) -> dict[str, Any]:
    """Return what was measured at natural prevalence as nested dictionaries, for the metrics.

    Returns
    -------
    dict
        Of each weighting ``accuracy``, ``low``, ``high``; ``not_covered``: the ``classes`` of
        the catalogue without test images, their ``images``, their ``share`` of it, and
        ``accuracy_if_all_wrong``, the accuracy at natural prevalence if each of them were wrong.
    """
    measured = {
        str(row["weighting"]): {name: float(row[name]) for name in ("accuracy", "low", "high")}
        for row in accuracies.to_dict("records")
    }
    missing = classes[classes["test_images"].eq(0) & classes["catalogue_images"].gt(0)]
    share = float(missing["catalogue_share"].sum())
    return {
        **measured,
        "not_covered": {
            "classes": len(missing),
            "images": int(missing["catalogue_images"].sum()),
            "share": share,
            "accuracy_if_all_wrong": measured[NATURAL]["accuracy"] * (1 - share),
        },
    }


def _rates(scored: pd.DataFrame, catalogue: pd.Series) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    counts = confusion_counts(scored["class_name"], scored["predicted_class"])
    tested = counts.to_numpy().sum(axis=1) > 0
    images = catalogue.reindex(counts.index).fillna(0).to_numpy(dtype=np.float64)
    unknown = counts.index[tested & (images <= 0)].tolist()
    if unknown:
        raise PrevalenceError(
            f"test images of {unknown}, but class_counts has no accepted image of them: "
            "give the class_counts of the same data as the embeddings"
        )
    weights = np.where(tested, images, 0.0)
    return counts, weights / weights.sum()


def _divide(
    part: NDArray[Any], whole: NDArray[Any], otherwise: float = np.nan
) -> NDArray[np.float64]:
    quotient = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    return np.divide(part, whole, out=quotient, where=whole > 0)

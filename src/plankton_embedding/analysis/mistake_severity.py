"""How bad mistakes are, by the tree that class names ``part__Parent`` spell out.

The tree has a root; below it the last part of each name (``Copepoda``, or a whole name without
``__``); below that the names that end in it: ``multiple__Copepoda`` hangs under ``Copepoda``, and
so on for names of three parts. It knows names only, not taxonomy: two parents are strangers,
however near their taxa. A parent named ``other``, in any case of letters, is no taxon: it hangs
under the root, and no two names share it. The severity of a mistake is the number of edges from
the true class up to the lowest common ancestor and down to the predicted class:

====  =======================================================================
1     ``multiple__Copepoda`` for ``Copepoda``: a part for its parent
2     ``eudoxie__Diphyidae`` for ``gonophore__Diphyidae``: two parts of one parent;
      or ``Penilia`` for ``Evadne``: two names under the root
3     ``egg__Copepoda`` for ``Penilia``
4     ``egg__Copepoda`` for ``eudoxie__Diphyidae``: parts of different parents;
      or ``multiple__other`` for ``egg__other``
====  =======================================================================

As 2 means either, the share of mistakes inside the same parent is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.scores import accuracy_summary, wilson_interval

_BETWEEN_PARTS, _NO_TAXON = "__", "other"
_NORMAL_QUANTILE = NormalDist().inv_cdf(0.975)


def has_hierarchy(class_names: Sequence[str]) -> bool:
    """Return whether a class name spells out a parent other than ``other``."""
    return any(len(set(_path(str(name)))) > 1 for name in class_names)


def class_tree_distances(
    true: ArrayLike, predicted: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the edges between each true and each predicted class, and who shares a parent.

    Parameters
    ----------
    true, predicted : array of str, shapes (classes,) and (others,)

    Returns
    -------
    edges : ndarray of int64, shape (classes, others)
    same_parent : ndarray of bool, shape (classes, others)
        Whether their lowest common ancestor is not the root.
    """
    paths = [_path(name) for name in (*_names(true), *_names(predicted))]
    deepest = max(map(len, paths), default=0)
    nodes = np.array([[*path, *[""] * (deepest - len(path))] for path in paths], dtype=np.str_)
    depths = np.array([len(path) for path in paths], dtype=np.int64)
    classes = len(_names(true))
    rows, columns = nodes[:classes, np.newaxis], nodes[classes:]
    common = ((rows == columns) & (rows != "")).sum(axis=2)
    return depths[:classes, np.newaxis] + depths[classes:] - 2 * common, common > 0


def measure_mistake_severity(scored: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Count mistakes by severity, beside what mistakes at random would give.

    At random means: as many mistakes of each true class, each with any other class alike.

    Parameters
    ----------
    scored : DataFrame
        ``class_name`` and ``predicted_class`` of the test images of a step.
    class_names : sequence of str
        The classes that can be predicted: those with a centroid, of validation images.

    Returns
    -------
    DataFrame
        One row a ``severity`` (edges) and ``same_parent`` (bool): ``mistakes``,
        ``chance_mistakes`` (the expected number). Empty if no class has a parent or there is
        no mistake.
    """
    columns = ["severity", "same_parent", "mistakes", "chance_mistakes"]
    wrong = _mistakes(scored)
    if wrong.empty or not has_hierarchy(class_names):
        return pd.DataFrame(columns=columns)
    edges, same, likelihood, counts = _chance(wrong, class_names)
    chance = pd.DataFrame(
        {
            "severity": edges.ravel(),
            "same_parent": same.ravel(),
            "chance_mistakes": (likelihood * counts[:, np.newaxis]).ravel(),
        }
    )
    severity, in_parent = _severities(wrong)
    seen = pd.DataFrame({"severity": severity, "same_parent": in_parent, "mistakes": 1})
    by = ["severity", "same_parent"]
    sums = pd.concat([seen, chance]).groupby(by, as_index=False).sum()
    sums = sums[(sums["mistakes"] > 0) | (sums["chance_mistakes"] > 0)]
    return sums.astype({"mistakes": int})[columns].reset_index(drop=True)


def summarise_mistake_severity(
    scored: pd.DataFrame, class_names: Sequence[str]
) -> dict[str, float | int]:
    """Return the mean severity of mistakes and their share inside the same parent.

    Parameters
    ----------
    scored, class_names
        As for `measure_mistake_severity`.

    Returns
    -------
    dict
        ``images``, ``mistakes``, ``mean`` (edges), ``same_parent_share`` with its Wilson
        interval ``…_low`` and ``…_high``; of mistakes at random the expected ``chance_mean``,
        the range ``chance_low`` to ``chance_high`` that holds the mean of so many of them 95
        times in 100, and ``chance_same_parent_share``. Empty if no class has a parent; without
        mistakes only the first two.
    """
    if not has_hierarchy(class_names):
        return {}
    wrong = _mistakes(scored)
    counted: dict[str, float | int] = {"images": len(scored), "mistakes": len(wrong)}
    if wrong.empty:
        return counted
    severity, in_parent = _severities(wrong)
    low, high = wilson_interval(in_parent.sum(), len(wrong))
    edges, same, likelihood, counts = _chance(wrong, class_names)
    means = (likelihood * edges).sum(axis=1)
    variances = (likelihood * np.square(edges - means[:, np.newaxis])).sum(axis=1)
    chance_mean = float(counts @ means / len(wrong))
    half_width = float(_NORMAL_QUANTILE * np.sqrt(counts @ variances) / len(wrong))
    return {
        **counted,
        "mean": float(severity.mean()),
        "chance_mean": chance_mean,
        "chance_low": chance_mean - half_width,
        "chance_high": chance_mean + half_width,
        "same_parent_share": float(in_parent.mean()),
        "same_parent_share_low": float(low),
        "same_parent_share_high": float(high),
        "chance_same_parent_share": float(counts @ (likelihood * same).sum(axis=1) / len(wrong)),
    }


def score_without_catch_alls(
    embeddings: pd.DataFrame, step: int, patterns: Sequence[str]
) -> dict[str, Any]:
    """Score a step as if its catch-all classes did not exist.

    Their images are left out of both splits: no centroid is made of them, and none of them is
    scored. Centroids are made of validation images; test images are scored.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
        Has test embeddings.
    patterns : sequence of str
        Of names of catch-all classes, as in file names: ``multiple__*``; case matters.

    Returns
    -------
    dict
        ``left_out`` (the class names), ``images_left_out`` (of test), ``accuracy``, ``low``,
        ``high`` (Wilson 95 %), ``correct``, ``n``; only the first two if nothing is left to
        score.

    Raises
    ------
    EmbeddingsError
        If the step has no test embeddings.
    """
    validation, test = (
        select_embeddings(embeddings, step, split) for split in ("validation", "test")
    )
    names = np.union1d(class_labels(validation), class_labels(test))
    left_out = [name for name in names.tolist() if any(fnmatchcase(name, one) for one in patterns)]
    kept_validation = validation[~np.isin(class_labels(validation), left_out)]
    kept_test = test[~np.isin(class_labels(test), left_out)]
    said = {"left_out": left_out, "images_left_out": len(test) - len(kept_test)}
    if kept_validation.empty or kept_test.empty:
        return said
    centroids = fit_centroids(embedding_matrix(kept_validation), class_labels(kept_validation))
    predicted, _ = classify(embedding_matrix(kept_test), centroids)
    return said | accuracy_summary(class_labels(kept_test), predicted)


def _names(values: ArrayLike) -> list[str]:
    return np.asarray(values, dtype=np.str_).tolist()


def _path(name: str) -> list[str]:
    # From the node below the root down to the class: "a__b__c" gives "c", "b__c", "a__b__c".
    parts = name.split(_BETWEEN_PARTS)
    if not all(parts):
        return [name]
    nodes = [_BETWEEN_PARTS.join(parts[start:]) for start in reversed(range(len(parts)))]
    if len(nodes) > 1 and nodes[0].casefold() == _NO_TAXON:
        nodes[0] = nodes[1]  # named after its only child, as no other node below the root can be
    return nodes


def _mistakes(scored: pd.DataFrame) -> pd.DataFrame:
    pairs = scored[["class_name", "predicted_class"]].astype(str)
    return pairs[pairs["class_name"] != pairs["predicted_class"]]


def _severities(wrong: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    true, rows = np.unique(_names(wrong["class_name"]), return_inverse=True)
    predicted, columns = np.unique(_names(wrong["predicted_class"]), return_inverse=True)
    edges, same = class_tree_distances(true, predicted)
    return edges[rows, columns], same[rows, columns]


def _chance(
    wrong: pd.DataFrame, class_names: Sequence[str]
) -> tuple[
    NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]
]:  # each (true classes, class_names), but the last: mistakes of each true class
    true, counts = np.unique(_names(wrong["class_name"]), return_counts=True)
    names = np.unique(_names(class_names))
    other = true[:, np.newaxis] != names
    edges, same = class_tree_distances(true, names)
    return edges, same, other / other.sum(axis=1, keepdims=True), counts

"""Zero-shot evaluation: how well classes that the network never saw are told by a few images.

Seen classes are known by all of their validation images, unseen ones by a support set of n images
that is drawn again and again. Every accuracy is the mean over classes, as usual here (Xian et al.
2018, "Zero-shot learning: a comprehensive evaluation of the good, the bad and the ugly",
arXiv:1707.00600, sections 4.3 and 4.4), so that a large class counts no more than a small one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.left_out_distances import finite_vectors
from plankton_embedding.analysis.support_sets import SupportSets
from plankton_embedding.analysis.zero_shot_classes import (
    FoundClasses,
    find_by_centroids,
    find_by_neighbours,
)

METHODS = ("nearest_centroid", "nearest_neighbours")
MEASURES = (
    "unseen_among_unseen",
    "unseen_among_all",
    "seen_among_all",
    "harmonic_mean",
    "seen_among_seen",
)
_INTERVAL = (0.025, 0.975)


def compare_zero_shot(
    vectors: Mapping[str, ArrayLike], sets: SupportSets, neighbours: int
) -> pd.DataFrame:
    """Measure several embeddings of the same images on the same support sets.

    Parameters
    ----------
    vectors : mapping of str to array, each of shape (images, features of its own)
        By what made them: "trained", "frozen", "raw pixels". Rows as in the table of images
        that the sets were drawn from.
    sets : SupportSets
    neighbours : int
        See `measure_zero_shot`.

    Returns
    -------
    DataFrame
        That of `measure_zero_shot` for each, with ``vectors`` in front.
    """
    parts = []
    for name, matrix in vectors.items():
        part = measure_zero_shot(matrix, sets, neighbours)
        part.insert(0, "vectors", pd.Series(name, index=part.index, dtype="str"))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def measure_zero_shot(vectors: ArrayLike, sets: SupportSets, neighbours: int) -> pd.DataFrame:
    """Measure how well seen and unseen classes are told, at each size of the support sets.

    Classes are told by the nearest centroid, and by the most frequent class among the nearest
    ``min(neighbours, n)`` reference images (of equally frequent ones the first by name; at "all",
    n is the smallest support set). References are the validation images of seen classes, all of
    them, and the support sets; scored are the test images of seen classes and the images of
    unseen classes that `SupportSets` says.

    Parameters
    ----------
    vectors : array, shape (images, features)
        Rows as in the table of images that the sets were drawn from.
    sets : SupportSets
    neighbours : int
        At least 1.

    Returns
    -------
    DataFrame
        One row a method, size and measure: ``method`` (`METHODS`), ``support`` ("1", …, "all"),
        ``support_images``, the mean size of a support set, ``unseen_classes`` and
        ``seen_classes``, ``measure`` (`MEASURES`): accuracy of unseen images among the unseen
        classes and among all; of seen images among all classes; the harmonic mean of these two;
        of seen images among seen classes; ``mean`` over draws, ``low`` and ``high``, the 2.5 %
        and 97.5 % quantiles over draws (linear between them): what one set of n images can
        bring, not how sure the mean is, and without the chance in which images were scored;
        ``draws``. Missing where there are no test images.

    Raises
    ------
    ValueError
        If there is not one vector an image of the sets' table, or a value is NaN or infinite.
    """
    matrix = finite_vectors(vectors)
    if len(matrix) != len(sets.members) or neighbours < 1:
        raise ValueError(
            f"{len(matrix)} vectors for {len(sets.members)} images, {neighbours} neighbours: give "
            "one vector an image, and at least one neighbour"
        )
    by_method = (find_by_centroids(matrix, sets), find_by_neighbours(matrix, sets, neighbours))
    rows = [
        {"method": method, **row}
        for method, found in zip(METHODS, by_method, strict=True)
        for row in _summarise(sets, found)
    ]
    columns = ["method", "support", "support_images", "unseen_classes", "seen_classes", "measure"]
    table = pd.DataFrame(rows, columns=[*columns, "mean", "low", "high", "draws"])
    return table.astype({"method": "str", "support": "str", "measure": "str"})


def no_scores() -> pd.DataFrame:
    """Return the table of `compare_zero_shot` without rows: no class is unseen."""
    columns = ["vectors", "method", "support", "support_images", "unseen_classes", "seen_classes"]
    return pd.DataFrame(columns=[*columns, "measure", "mean", "low", "high", "draws"])


def summarise_zero_shot(scores: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of `compare_zero_shot` as nested dictionaries, for the metrics.

    Returns
    -------
    dict
        By vectors, method, "n_" and the size of the support sets, and measure: ``mean``, ``low``
        and ``high``. Missing values are left out.
    """
    summary: dict[str, Any] = {}
    for row in scores[scores["mean"].notna()].to_dict("records"):
        place = summary
        for name in (row["vectors"], row["method"], f"n_{row['support']}"):
            place = place.setdefault(str(name), {})
        place[str(row["measure"])] = {name: float(row[name]) for name in ("mean", "low", "high")}
    return summary


def _summarise(sets: SupportSets, found: FoundClasses) -> Iterator[dict[str, object]]:
    tested = len(sets.test_rows)
    true = sets.members[sets.scored_rows()]
    for size, support in enumerate(sets.sizes):
        scored, draws = sets.is_scored[size], sets.is_scored.shape[1]
        everything = np.ones((draws, tested), dtype=np.bool_)
        right = found.among_all[size] == true
        among_unseen = found.among_unseen[size, :, tested:] == true[tested:]
        among_seen = np.tile(found.among_seen[size, :tested] == true[:tested], (draws, 1))
        unseen = _class_mean(sets, sets.unseen_rows, right[:, tested:], scored)
        seen = _class_mean(sets, sets.test_rows, right[:, :tested], everything)
        values = (
            _class_mean(sets, sets.unseen_rows, among_unseen, scored),
            unseen,
            seen,
            harmonic_mean(unseen, seen),
            _class_mean(sets, sets.test_rows, among_seen, everything),
        )
        classes = len(np.unique(sets.members[sets.unseen_rows[scored[0]]]))
        for measure, accuracies in zip(MEASURES, values, strict=True):
            low, high = np.quantile(accuracies, _INTERVAL)
            yield {
                "support": support,
                "support_images": sets.is_support[size].sum() / draws / classes,
                "unseen_classes": classes,
                "seen_classes": int((~sets.is_unseen).sum()),
                "measure": measure,
                "mean": accuracies.mean(),
                "low": low,
                "high": high,
                "draws": draws,
            }


def harmonic_mean(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``2ab / (a + b)``, 0 where both are 0: high only if both are."""
    total = first + second
    return np.divide(2 * first * second, total, out=np.zeros_like(total), where=total != 0)


def _class_mean(
    sets: SupportSets,
    rows: NDArray[np.intp],
    right: NDArray[np.bool_],
    scored: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the mean over classes of the share of scored images that are right, shape (draws,)."""
    is_class = sets.is_class(rows)
    totals = scored.astype(np.float64) @ is_class
    hits = (right & scored).astype(np.float64) @ is_class
    shares = np.divide(hits, totals, out=np.zeros_like(hits), where=totals > 0)
    classes = (totals > 0).sum(axis=1)
    return np.divide(shares.sum(axis=1), classes, out=np.full(len(hits), np.nan), where=classes > 0)

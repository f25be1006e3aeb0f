"""What is kept, right and rejected at every threshold, and of every class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.auroc import auroc
from plankton_embedding.analysis.open_set import NOVELTY_SCORES, unknown_rows
from plankton_embedding.analysis.rejection import is_right
from plankton_embedding.analysis.scores import wilson_interval


def measure_rejection_curves(novelty: pd.DataFrame, points: int) -> pd.DataFrame:
    """Measure each score at many thresholds: the ROC curve, the OSCR curve, open-set accuracy.

    OSCR (Dhamija et al. 2018, "Reducing network agnostophobia", arXiv:1811.04110)
    draws ``known_right_kept``, there the correct classification rate, over ``unknown_kept``,
    there the false positive rate.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`.
    points : int
        At most so many thresholds of each score, at least 2, at equal numbers of images.

    Returns
    -------
    DataFrame
        One row a score and threshold, both ascending: ``score``, ``threshold`` (missing in the
        first row of each, where everything is rejected); the shares ``validation_kept`` (of
        validation images, each left out), ``known_kept`` (true positive rate), ``unknown_kept``
        (false positive rate) and ``known_right_kept``; ``open_set_accuracy``. The last row of
        each keeps everything.
    """
    known, unknown = unknown_rows(novelty)
    validation = novelty[novelty["split"] == "validation"]
    right = is_right(known)
    parts = []
    for name in NOVELTY_SCORES:
        of_known, of_unknown, of_validation = (
            part[name].dropna().to_numpy() for part in (known, unknown, validation)
        )
        cuts = _spread(np.concatenate([of_known, of_unknown, of_validation]), points)
        part = {
            "score": name,
            "threshold": cuts,
            "validation_kept": _kept(of_validation, cuts, len(of_validation)),
            "known_kept": _kept(of_known, cuts, len(known)),
            "unknown_kept": _kept(of_unknown, cuts, len(unknown)),
            "known_right_kept": _kept(of_known[right], cuts, len(known)),
        }
        parts.append(pd.DataFrame(part))
    curves = pd.concat(parts, ignore_index=True)
    curves["threshold"] = curves["threshold"].where(np.isfinite(curves["threshold"]))
    rejected = (1 - curves["unknown_kept"]) * len(unknown)
    hits = curves["known_right_kept"] * len(known) + rejected
    return curves.assign(open_set_accuracy=hits / (len(known) + len(unknown)))


def measure_class_rejection(novelty: pd.DataFrame, thresholds: pd.DataFrame) -> pd.DataFrame:
    """Say of each class how much of it each threshold rejects.

    Parameters
    ----------
    novelty : DataFrame
        As from `open_set.measure_novelty`.
    thresholds : DataFrame
        As from `rejection.choose_thresholds`.

    Returns
    -------
    DataFrame
        One row a score (in the order of ``thresholds``) and class of the test and unseen
        images: ``score``, ``class_name``, ``known``, ``images``, ``rejected`` (the share called
        unknown) with ``low`` and ``high`` (Wilson 95 %); ``auroc`` of an unknown class against
        all known images (missing for a known one); ``taken_for``, the class most often
        predicted for its images that are kept (of equally frequent ones the first by name;
        missing if none is kept), and ``taken_for_images``, how many.
    """
    known, unknown = unknown_rows(novelty)
    scored = pd.concat([known, unknown])
    tables = []
    for chosen in thresholds.to_dict("records"):
        name = chosen["score"]
        above = scored[name] > chosen["threshold"]
        counts = above.groupby([scored["class_name"], scored["known"]]).agg(["sum", "size"])
        low, high = wilson_interval(counts["sum"], counts["size"])
        table = pd.DataFrame(
            {
                "images": counts["size"],
                "rejected": counts["sum"] / counts["size"],
                "low": low,
                "high": high,
            }
        ).reset_index()
        areas = {
            class_name: auroc(known[name], part[name])
            for class_name, part in unknown.groupby("class_name")
        }
        table["auroc"] = table["class_name"].map(areas).astype(float)
        tables.append(_with_taken_for(table, scored[~above]).assign(score=name))
    table = pd.concat(tables, ignore_index=True)
    return table[["score", *table.columns.drop("score")]]


def _with_taken_for(table: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    pairs = kept.groupby(["class_name", "predicted_class"]).size().rename("images").reset_index()
    order = ["class_name", "images", "predicted_class"]
    pairs = pairs.sort_values(order, ascending=[True, False, True]).drop_duplicates("class_name")
    most = pairs.set_index("class_name").reindex(table["class_name"])
    return table.assign(
        taken_for=most["predicted_class"].to_numpy(dtype=object),
        taken_for_images=most["images"].fillna(0).to_numpy(dtype=int),
    )


def _spread(scores: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Return thresholds from keeping nothing to keeping all, at equal numbers of images."""
    ordered = np.sort(scores)
    places = np.linspace(0, len(ordered) - 1, min(points - 1, len(ordered))).round().astype(int)
    return np.concatenate([[-np.inf], np.unique(ordered[places])])


def _kept(
    scores: NDArray[np.float64], cuts: NDArray[np.float64], images: int
) -> NDArray[np.float64]:
    if images == 0:
        return np.full(len(cuts), np.nan)
    return np.searchsorted(np.sort(scores), cuts, side="right") / images

"""Whether a classification is as often right as its confidence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from plankton_embedding.analysis.scores import wilson_interval


def measure_reliability(confidences: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Compare confidence with accuracy in bins of equally many test images.

    Equal numbers of images (Nguyen & O'Connor 2015, arXiv:1508.05154), not equal widths: where
    confidence is high for most images, bins of equal width are few full and many empty ones.
    Images of the same confidence stay together, so bins may differ a little, or be fewer.

    Parameters
    ----------
    confidences : DataFrame
        As from `calibration.measure_confidence`. Images of unknown classes are left aside.
    bins : int
        At most so many.

    Returns
    -------
    DataFrame
        One row a temperature and bin: ``tempered`` (False: temperature 1), ``bin`` from 1,
        ``images``, ``lowest_confidence``, ``highest_confidence``, ``mean_confidence``,
        ``accuracy`` with ``low`` and ``high`` (Wilson 95 %).
    """
    from scipy.stats import rankdata

    known = confidences[confidences["known"].to_numpy(dtype=bool)]
    right = (known["class_name"] == known["predicted_class"]).to_numpy(dtype=bool)
    parts = []
    for tempered, column in ((False, "untempered_confidence"), (True, "confidence")):
        values = known[column].to_numpy(dtype=np.float64)
        places = (rankdata(values, method="min").astype(np.intp) - 1) * bins // max(len(values), 1)
        grouped = pd.DataFrame({"confidence": values, "right": right}).groupby(places)
        table = grouped.agg(
            images=("right", "size"),
            lowest_confidence=("confidence", "min"),
            highest_confidence=("confidence", "max"),
            mean_confidence=("confidence", "mean"),
            accuracy=("right", "mean"),
        ).reset_index(drop=True)
        low, high = wilson_interval(grouped["right"].sum(), table["images"])
        table.insert(0, "bin", np.arange(1, len(table) + 1))
        table.insert(0, "tempered", tempered)
        parts.append(table.assign(low=low, high=high))
    return pd.concat(parts, ignore_index=True)


def expected_calibration_error(reliability: pd.DataFrame) -> float:
    """Return the mean gap of accuracy and confidence over bins, weighted by their images.

    ``Σ_b n_b / n |accuracy_b − confidence_b|`` (Naeini et al. 2015, "Obtaining well calibrated
    probabilities using Bayesian binning", doi:10.1609/aaai.v29i1.9602), here over bins of equal
    numbers. Chance alone makes it positive, the more so the fewer images a bin has.

    Parameters
    ----------
    reliability : DataFrame
        Rows of one temperature, as from `measure_reliability`.
    """
    gaps = (reliability["accuracy"] - reliability["mean_confidence"]).abs()
    images = reliability["images"]
    return float((gaps * images).sum() / images.sum()) if len(images) else np.nan


def summarise_calibration(
    confidences: pd.DataFrame, reliability: pd.DataFrame, temperature: float
) -> dict[str, Any]:
    """Return what was measured of the confidence of test images, for the metrics.

    Returns
    -------
    dict
        ``temperature``, ``images`` (known ones), their ``accuracy``; ``before`` and ``after``
        temperature scaling: ``calibration_error`` (expected, over bins of equal numbers),
        ``log_loss``, ``mean_confidence`` and, if there are unknown images,
        ``unknown_mean_confidence``: how sure the classification is of what it cannot know.
    """
    known = confidences["known"].to_numpy(dtype=bool)
    right = (confidences["class_name"] == confidences["predicted_class"])[known]
    summary: dict[str, Any] = {"temperature": temperature, "images": int(known.sum())}
    if len(right):
        summary["accuracy"] = float(right.mean())
    for name, tempered, prefix in (("before", False, "untempered_"), ("after", True, "")):
        confidence = confidences[f"{prefix}confidence"]
        values = {
            "calibration_error": expected_calibration_error(
                reliability[reliability["tempered"] == tempered]
            ),
            "log_loss": float(confidences[f"{prefix}log_loss"].mean()),
            "mean_confidence": float(confidence[known].mean()),
            "unknown_mean_confidence": float(confidence[~known].mean()),
        }
        summary[name] = {key: value for key, value in values.items() if pd.notna(value)}
    return summary

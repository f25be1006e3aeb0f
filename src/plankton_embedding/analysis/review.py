"""Which predictions a person should look at first, and how many there are of what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

_MOST_UNREADABLE = 200


def choose_for_review(blocks: Iterable[pd.DataFrame], images_per_class: int) -> pd.DataFrame:
    """Choose the least certain images of each class, and the strangest of those unknown.

    Parameters
    ----------
    blocks : iterable of DataFrame
        Predictions, as from `gallery_classifier.predict_block`.
    images_per_class : int
        At most; so many unknown ones too.

    Returns
    -------
    DataFrame
        Predictions. First those that are unknown, whatever class they are nearest to, the most
        novel first; then the others by class, the least confident first.
    """
    chosen = pd.DataFrame()
    for block in blocks:
        seen = block[block["reason"] == ""]
        together = pd.concat([chosen, seen], ignore_index=True) if len(chosen) else seen
        if together.empty:
            continue
        is_known = ~together["is_unknown"].to_numpy(dtype=bool)
        order = together.assign(
            # An unknown image is of no class.
            section=together["class_name"].where(is_known, ""),
            is_known=is_known,
            certainty=together["confidence"].where(is_known, -together["novelty"]),
        )
        order = order.sort_values(["is_known", "section", "certainty", "image_id"])
        first = order.groupby(["is_known", "section"], sort=False).cumcount() < images_per_class
        chosen = together.loc[order.index[first.to_numpy()]].reset_index(drop=True)
    return chosen


def count_predictions(blocks: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Count the images of each predicted class.

    Returns
    -------
    DataFrame
        One row a class that is predicted, sorted: ``class_name``; ``images``, nearest to it;
        ``unknown``, of these; ``known``, the others; ``mean_confidence`` of the others.
    """
    columns = ["images", "unknown", "confidence"]
    total = pd.DataFrame(columns=columns, dtype="float64")
    for block in blocks:
        seen = block[block["reason"] == ""]
        unknown = seen["is_unknown"].astype(bool)
        counts = pd.DataFrame(
            {
                "class_name": seen["class_name"].astype("str"),
                "images": 1.0,
                "unknown": unknown.astype(float),
                "confidence": seen["confidence"].where(~unknown, 0.0),
            }
        )
        total = total.add(counts.groupby("class_name").sum(), fill_value=0.0)
    known = total["images"] - total["unknown"]
    table = pd.DataFrame(
        {
            "images": total["images"].astype(int),
            "unknown": total["unknown"].astype(int),
            "known": known.astype(int),
            "mean_confidence": total["confidence"] / known.where(known > 0),
        }
    )
    return table.sort_index().rename_axis("class_name").reset_index()


def summarise_predictions(blocks: Iterable[pd.DataFrame]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Count all images, and list the first that could not be read.

    Returns
    -------
    dict
        ``images``, ``unreadable``, ``unknown``; ``unknown_share`` and ``mean_confidence`` of
        those that could be read, missing where there are none.
    DataFrame
        ``image_id`` and ``reason`` of some that could not.
    """
    images = unreadable = unknown = 0
    confidence = 0.0
    listed: list[pd.DataFrame] = []
    for block in blocks:
        bad = block[block["reason"] != ""]
        if unreadable < _MOST_UNREADABLE:
            listed.append(bad[["image_id", "reason"]].head(_MOST_UNREADABLE - unreadable))
        images, unreadable = images + len(block), unreadable + len(bad)
        unknown += int(block["is_unknown"].sum())
        confidence += float(block["confidence"].sum())
    summary: dict[str, Any] = {"images": images, "unreadable": unreadable, "unknown": unknown}
    if seen := images - unreadable:
        summary |= {"unknown_share": unknown / seen, "mean_confidence": confidence / seen}
    return summary, pd.concat(listed, ignore_index=True)

"""The review page: pictures by predicted class, the least certain first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.figures.page import render
from plankton_embedding.figures.thumbnails import make_thumbnail

Pictures = Mapping[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class ReviewedPredictions:
    """What the page speaks of.

    Attributes
    ----------
    chosen
        Predictions that are shown, in their order: as from `review.choose_for_review`.
    counts
        As from `review.count_predictions`.
    summary, unreadable
        As from `review.summarise_predictions`.
    source
        Where the images are.
    """

    chosen: pd.DataFrame
    counts: pd.DataFrame
    summary: Mapping[str, Any]
    unreadable: pd.DataFrame
    source: str


def render_review_page(
    predictions: ReviewedPredictions, pictures: Pictures, rule: Mapping[str, Any]
) -> str:
    """Render the page.

    Parameters
    ----------
    predictions
        What it speaks of.
    pictures
        uint8 images by image_id, as the network saw them; one that is missing is left out.
    rule
        ``threshold`` (None: nothing is unknown), ``kept_share``, ``temperature``.

    Returns
    -------
    str
        HTML that holds all it shows.
    """
    tiles = [
        _describe(row, pictures)
        for row in predictions.chosen.to_dict("records")
        if row["image_id"] in pictures
    ]
    by_class: dict[str, list[dict[str, Any]]] = {}
    for tile in tiles:
        by_class.setdefault("" if tile["is_unknown"] else tile["class_name"], []).append(tile)
    counts = predictions.counts.to_dict("records")
    return render(
        "review.html",
        summary=predictions.summary,
        source=predictions.source,
        rule=rule,
        counts=sorted(counts, key=lambda row: (-row["images"], row["class_name"])),
        sections=[
            {**row, "number": number, "tiles": by_class[row["class_name"]]}
            for number, row in enumerate(counts, start=1)
            if row["class_name"] in by_class
        ],
        unknown=by_class.get("", []),
        unreadable=predictions.unreadable.astype(str).to_dict("records"),
    )


def _describe(row: dict[Any, Any], pictures: Pictures) -> dict[str, Any]:
    runner_up = row["runner_up_2"]
    return {
        "picture": make_thumbnail(row["image_id"], pictures[row["image_id"]]),
        "class_name": row["class_name"],
        "confidence": row["confidence"],
        "distance": row["distance"],
        "novelty": row["novelty"],
        "is_unknown": bool(row["is_unknown"]),
        "runner_up": None if pd.isna(runner_up) else runner_up,
    }

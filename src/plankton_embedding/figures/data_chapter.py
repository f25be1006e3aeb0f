"""The chapter of the report about the images and where the embedder came from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.page import inline_figure, render
from plankton_embedding.images.describe import REJECTED
from plankton_embedding.images.rejects import count_kinds

_MOST_REJECTED, _MOST_REASONS = 200, 10


def render_data_chapter(
    class_counts: pd.DataFrame,
    class_counts_figure: Figure | str,
    image_manifest: pd.DataFrame,
    data_summary: dict[str, Any],
    embedder_card: dict[str, Any],
    report_options: dict[str, Any],
) -> str:
    """Render the chapter from the datasets of the same names.

    Returns
    -------
    str
        HTML, with its figure inline. At most 200 rejected images are listed; the rest is counted.
    """
    return render(
        "data.html",
        class_counts=inline_figure(class_counts_figure, "Images of each class and their splits"),
        counts=class_counts.sort_values("class_name").to_dict("records"),
        summary=data_summary,
        card=embedder_card,
        options=report_options,
        **list_rejected(image_manifest),
    )


def list_rejected(image_manifest: pd.DataFrame) -> dict[str, Any]:
    """Return what the template ``rejected.html`` shows of the files that are not used."""
    rejected = image_manifest[image_manifest["status"] == REJECTED]
    # Some of each kind, however many there are of one.
    kind = rejected["reason"].astype("str").str.split(":", n=1).str[0]
    rank = rejected.groupby(kind).cumcount()
    listed = rejected.loc[rank.sort_values(kind="stable").index[:_MOST_REJECTED]]
    listed = listed.sort_values("image_id")
    kinds = count_kinds(rejected["reason"])
    return {
        "reasons": kinds.head(_MOST_REASONS).to_dict(),
        "other_reasons": max(0, len(kinds) - _MOST_REASONS),
        "rejected": listed[["image_id", "class_name", "reason"]].astype(str).to_dict("records"),
        "rejected_images": len(rejected),
    }

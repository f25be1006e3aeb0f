"""The data report: a page about the images, to be read before training."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.analysis.data_findings import find_problems
from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.crop_sheet import draw_crop_examples
from plankton_embedding.figures.data_chapter import list_rejected
from plankton_embedding.figures.page import inline_figure, render
from plankton_embedding.figures.size_distribution import draw_size_distribution
from plankton_embedding.figures.thumbnails import Thumbnail, make_thumbnail
from plankton_embedding.images.crop_examples import CropExample
from plankton_embedding.images.describe import ACCEPTED
from plankton_embedding.images.split_names import DROPPED

_MOST_COPIES = 100

Pictures = Mapping[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class ReportedData:
    """The datasets that a data report speaks of, by their names in the catalogue."""

    image_manifest: pd.DataFrame
    splits: pd.DataFrame
    duplicates: pd.DataFrame
    class_counts: pd.DataFrame
    data_summary: dict[str, Any]


def choose_pictures(data: ReportedData, images_per_class: int) -> list[str]:
    """Choose the images that are shown: of each class some, evenly spread, and copies.

    Returns
    -------
    list of str
        Ids of images in use.
    """
    used = data.splits.loc[data.splits["split"] != DROPPED, "image_id"]
    copies = _shown_copies(data.duplicates)
    pairs = pd.concat([copies["image_id"], copies["duplicate_of"]])
    sheets = pd.concat([pd.Series(ids) for ids in choose_sheets(data, images_per_class).values()])
    return [*pd.concat([sheets, pairs[pairs.isin(used)]]).unique()]


def choose_sheets(data: ReportedData, images_per_class: int) -> dict[str, list[str]]:
    """Choose the images of each class in use that are on its sheet, evenly spread."""
    used = data.splits[data.splits["split"] != DROPPED]
    return {
        str(name): ids.iloc[
            np.unique(np.linspace(0, len(ids) - 1, images_per_class).astype(int))
        ].tolist()
        for name, ids in used.groupby("class_name")["image_id"]
    }


def render_data_report(
    data: ReportedData,
    pictures: Pictures,
    crop_examples: Sequence[CropExample],
    preprocess: dict[str, Any],
    images_per_class: int,
) -> str:
    """Render the page.

    Parameters
    ----------
    data
        What it speaks of.
    pictures
        uint8 square images, by their ids, as stored: those that `choose_pictures` names.
    crop_examples
        Images with what is cut off; none where nothing is.
    preprocess
        ``image_size``, ``fit``, ``crop_bottom``, ``background``.
    images_per_class
        On the sheet of each class.

    Returns
    -------
    str
        HTML that holds all it shows.
    """
    manifest = data.image_manifest
    accepted = manifest[manifest["status"] == ACCEPTED]
    thumbnails = {name: make_thumbnail(name, pixels) for name, pixels in pictures.items()}
    bars = int((accepted["scale_bar"] > 0).sum())
    return render(
        "data_report.html",
        findings=find_problems(
            manifest, data.class_counts, data.duplicates, preprocess, pictures.values()
        ),
        summary=data.data_summary,
        class_counts=inline_figure(
            draw_class_counts(data.class_counts), "Images of each class and their splits"
        ),
        sizes=inline_figure(
            draw_size_distribution(accepted, preprocess["image_size"]), "Sizes of the images"
        ),
        counts=data.class_counts.sort_values("class_name").to_dict("records"),
        sheets=_sheets(data, thumbnails, images_per_class),
        copies=_describe_copies(data.duplicates, thumbnails),
        all_copies=len(data.duplicates),
        crop_examples=draw_crop_examples(crop_examples),
        crop_bottom=preprocess["crop_bottom"],
        fit=preprocess["fit"],
        bars=bars,
        **list_rejected(manifest),
    )


def _sheets(
    data: ReportedData, thumbnails: dict[str, Thumbnail], images_per_class: int
) -> list[dict[str, Any]]:
    counts = {row["class_name"]: row for row in data.class_counts.to_dict("records")}
    return [
        {
            "class_name": name,
            "found": counts[name]["found"] - counts[name]["rejected"],
            "train": counts[name]["train"],
            "unseen": counts[name]["unseen"],
            "images": [thumbnails[image_id] for image_id in ids],
        }
        for name, ids in choose_sheets(data, images_per_class).items()
    ]


def _shown_copies(duplicates: pd.DataFrame) -> pd.DataFrame:
    # Conflicts first: they are to be mended.
    ordered = duplicates.sort_values(
        ["label_conflict", "duplicate_of", "image_id"], ascending=[False, True, True]
    )
    return ordered.head(_MOST_COPIES)


def _describe_copies(
    duplicates: pd.DataFrame, thumbnails: dict[str, Thumbnail]
) -> list[dict[Hashable, Any]]:
    names = ("duplicate_of", "image_id")
    return [
        {**row, "pictures": [thumbnails.get(row[name]) for name in names]}
        for row in _shown_copies(duplicates).to_dict("records")
    ]

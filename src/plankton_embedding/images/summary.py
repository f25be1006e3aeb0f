"""Summary: how many images there are of what, and one fingerprint of all of it."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.scan import REJECTED
from plankton_embedding.images.split_names import DROPPED, TEST, TRAIN, UNSEEN, VALIDATION

_SPLITS = (TRAIN, VALIDATION, TEST, UNSEEN, DROPPED)


def count_classes(manifest: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Count the images of each class.

    Returns
    -------
    DataFrame, one row a class, sorted: ``class_name``, ``found``, ``rejected``, ``train``,
    ``validation``, ``test``, ``unseen``, ``dropped``; ``found`` is the sum of the others. Files
    outside every class folder stand under an empty class name.
    """
    counts = pd.DataFrame(
        {
            "found": manifest.groupby("class_name").size(),
            "rejected": manifest[manifest["status"] == REJECTED].groupby("class_name").size(),
        }
    )
    by_split = splits.groupby(["class_name", "split"]).size().unstack(fill_value=0)
    by_split = by_split.reindex(columns=list(_SPLITS), fill_value=0)
    return counts.join(by_split).fillna(0).astype(int).rename_axis("class_name").reset_index()


def data_fingerprint(manifest: pd.DataFrame, splits: pd.DataFrame) -> str:
    """Hash the content and the split of every image.

    Two runs with the same fingerprint trained, validated and tested on the same bytes.

    Returns
    -------
    str, 64 hexadecimal digits
    """
    table = splits.merge(manifest[["image_id", "sha256"]], on="image_id").sort_values("image_id")
    lines = table["image_id"]
    for name in ("class_name", "split", "sha256"):
        lines = lines + "\t" + table[name]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class MixedDataError(UserError):
    """Datasets that were made from different images or splits are used together."""


def check_same_data(fingerprints: dict[str, str]) -> None:
    """Check that datasets were made from the same images and splits.

    Parameters
    ----------
    fingerprints
        The data fingerprint of each dataset, by its name.

    Raises
    ------
    MixedDataError
        If they differ.
    """
    if len(set(fingerprints.values())) > 1:
        named = ", ".join(f"{name} {value[:12]}" for name, value in fingerprints.items())
        raise MixedDataError(
            f"these datasets were made from different images or splits (fingerprints: {named}). "
            "Run the earlier pipelines again, or choose versions that belong together with "
            "`--load-versions NAME:VERSION`."
        )


def summarise_data(manifest: pd.DataFrame, splits: pd.DataFrame) -> dict[str, Any]:
    """Return the fingerprint and the totals as a plain dictionary.

    Returns
    -------
    dict
        ``fingerprint``; ``images_found``, ``images_accepted``, ``images_rejected``; ``classes``,
        the number of those that train; ``unseen_classes``, the names of those that do not; and
        the images of each split under its name.
    """
    rejected = int((manifest["status"] == REJECTED).sum())
    classes = splits["class_name"]
    totals = splits["split"].value_counts()
    return {
        "fingerprint": data_fingerprint(manifest, splits),
        "images_found": len(manifest),
        "images_accepted": len(manifest) - rejected,
        "images_rejected": rejected,
        "classes": int(classes[~splits["split"].isin([UNSEEN, DROPPED])].nunique()),
        "unseen_classes": sorted(classes[splits["split"] == UNSEEN].unique()),
        **{name: int(totals.get(name, 0)) for name in _SPLITS},
    }

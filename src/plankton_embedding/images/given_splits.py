"""Splits that somebody prepared: they are used as they are, and judged."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.groups import group_images
from plankton_embedding.images.quotas import FEWEST_TO_TRAIN
from plankton_embedding.images.split_names import TEST, TRAIN, VALIDATION
from plankton_embedding.parameters import SplitOptions

logger = logging.getLogger(__name__)


class PreparedSplitError(UserError):
    """Splits that came with the images cannot be used."""


def are_given(images: pd.DataFrame) -> bool:
    """Return whether the source of the images says of some how they are split."""
    return "prepared_split" in images and bool(images["prepared_split"].ne("").any())


def use_given_splits(
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    options: SplitOptions,
    aside: npt.NDArray[np.object_],
) -> pd.DataFrame:
    """Take over the splits that came with the images.

    Images that belong together are not brought together, but it is told where they stand on two
    sides: then the accuracy is flattered.

    Parameters
    ----------
    images
        ``image_id``, ``class_name``, ``prepared_split``; sorted by image_id.
    duplicates, options
        See `assign_splits`; sizes of splits are not asked for.
    aside
        As from `set_unseen_aside`: what is set aside is not used as it came.

    Returns
    -------
    DataFrame
        As from `assign_splits`.

    Raises
    ------
    PreparedSplitError
        If an image has no split, or a class too few images in one.
    """
    split = images["prepared_split"]
    unknown = ~split.isin([TRAIN, VALIDATION, TEST])
    if unknown.any():
        raise PreparedSplitError(
            f"{unknown.sum():,} images come without a split, others with one; "
            f"{images.loc[unknown, 'image_id'].iloc[0]} for example. Put all of them into train/, "
            "validation/ and test/, or none."
        )
    kept = aside == ""
    _check_sizes(images[kept])
    groups = group_images(images, duplicates, options, ~kept)
    _warn_of_leaks(split[kept], groups[kept])
    return (
        images[["image_id", "class_name"]]
        .assign(
            split=np.where(kept, split, aside),
            group=images["image_id"].to_numpy(dtype=object)[groups],
        )
        .astype({"split": "str", "group": "str"})
    )


def _check_sizes(images: pd.DataFrame) -> None:
    counts = images.groupby(["class_name", "prepared_split"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[TRAIN, VALIDATION, TEST], fill_value=0)
    lacking = counts[
        (counts[TRAIN] < FEWEST_TO_TRAIN) | (counts[VALIDATION] < 1) | (counts[TEST] < 1)
    ]
    if len(lacking):
        named = ", ".join(
            f"{name!r} ({row[TRAIN]} train, {row[VALIDATION]} validation, {row[TEST]} test)"
            for name, row in lacking.iterrows()
        )
        raise PreparedSplitError(
            f"in the splits that came with the images, each class needs {FEWEST_TO_TRAIN} images "
            f"to train, 1 to validate and 1 to test. Too few: {named}. Add images, take these "
            "classes away, or set source.kind to class_folders and give a folder of class folders."
        )


def _warn_of_leaks(split: pd.Series, groups: np.ndarray) -> None:
    sides = split.groupby(groups).transform("nunique")
    if (sides > 1).any():
        logger.warning(
            "In the splits that came with the images, %s images belong together with images of "
            "another split (copies, split.group_column, split.group_pattern): accuracies will be "
            "flattered",
            f"{(sides > 1).sum():,}",
        )

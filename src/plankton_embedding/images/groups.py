"""Groups: images that are not independent of one another and must share a split."""

from __future__ import annotations

import logging
import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.duplicates import first_of_group
from plankton_embedding.images.near_hashes import Pairs
from plankton_embedding.parameters import SplitOptions

logger = logging.getLogger(__name__)


class GroupColumnError(UserError):
    """``split.group_column`` names no column of the image manifest."""


def group_images(
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    options: SplitOptions,
    aside: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """Join copies, and images of one sample, station or camera frame.

    Images that are set aside are grouped by themselves: they tie no others together.

    Parameters
    ----------
    images
        ``image_id``, and the column that ``group_column`` names; sorted by image_id.
    duplicates
        ``image_id`` and ``duplicate_of``.
    options
        ``group_column``: images of one value belong together, those without a value to nobody.
        ``group_pattern``: so do images in whose image_id the regular expression finds the same.
    aside
        bool, one an image: unseen, or dropped for the sake of those that are.

    Returns
    -------
    int64 array, one an image
        Place of the first image of its group.

    Raises
    ------
    GroupColumnError
        If there is no such column.
    """
    groups = np.arange(len(images))
    for places in (np.flatnonzero(~aside), np.flatnonzero(aside)):
        if len(places):
            groups[places] = places[_group(images.iloc[places], duplicates, options)]
    return groups


def group_copies(images: pd.DataFrame, duplicates: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Join copies alone; see `group_images`."""
    return first_of_group(len(images), [_pairs_of_copies(images["image_id"], duplicates)])


def _group(
    images: pd.DataFrame, duplicates: pd.DataFrame, options: SplitOptions
) -> npt.NDArray[np.int64]:
    pairs = [_pairs_of_copies(images["image_id"], duplicates)]
    if options.group_column is not None:
        pairs.append(_pairs_of_one_value(_column(images, options.group_column)))
    if options.group_pattern is not None:
        pairs.append(_pairs_of_one_value(_matches(images["image_id"], options.group_pattern)))
    return first_of_group(len(images), pairs)


def _pairs_of_copies(image_ids: pd.Series, duplicates: pd.DataFrame) -> Pairs:
    index = pd.Index(image_ids)
    copies, originals = (
        index.get_indexer(pd.Index(duplicates[name])) for name in ("image_id", "duplicate_of")
    )
    # Copies of a class that is not used are none of these images.
    known = (copies >= 0) & (originals >= 0)
    return copies[known].astype(np.int64), originals[known].astype(np.int64)


def _column(images: pd.DataFrame, name: str) -> pd.Series:
    if name not in images:
        raise GroupColumnError(
            f"split.group_column is {name!r}, but the image manifest has no such column. It has "
            f"{', '.join(images.columns)}."
        )
    values = images[name]
    return values.mask(values.astype("str").isin(["", "nan", "<NA>", "None"]))


def _matches(image_ids: pd.Series, pattern: str) -> pd.Series:
    with_group = pattern if re.compile(pattern).groups else f"({pattern})"
    found = image_ids.astype("object").str.extract(with_group, expand=True)[0]
    missed = image_ids[found.isna().to_numpy()]
    if len(missed):
        logger.warning(
            "split.group_pattern finds nothing in %s of %s image ids, %s for example: each of "
            "those is a group of its own",
            *(f"{len(missed):,}", f"{len(image_ids):,}", missed.iloc[0]),
        )
    return found


def _pairs_of_one_value(values: pd.Series) -> Pairs:
    codes, _ = pd.factorize(values.to_numpy(dtype=object))
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    # Values that are missing have the code -1.
    same = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    return order[:-1][same], order[1:][same]

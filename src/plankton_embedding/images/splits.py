"""Splits: which images train, which choose, which are kept for the final test."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.allocation import allocate_groups
from plankton_embedding.images.describe import ACCEPTED
from plankton_embedding.images.given_splits import are_given, use_given_splits
from plankton_embedding.images.groups import group_images
from plankton_embedding.images.quotas import SmallClassError, can_be_split, plan_quotas
from plankton_embedding.images.split_names import DROPPED, TEST, TRAIN, VALIDATION
from plankton_embedding.images.unseen_classes import choose_unseen_classes, set_unseen_aside
from plankton_embedding.parameters import SplitOptions

logger = logging.getLogger(__name__)


def assign_splits(
    manifest: pd.DataFrame, duplicates: pd.DataFrame, options: SplitOptions, seed: int
) -> pd.DataFrame:
    """Assign every accepted image to train, validation or test, or to unseen or dropped.

    Images of ``unseen_classes`` are unseen, their copies in other classes dropped, and so are
    classes that are too small.

    Within a class the images are ranked by a hash of the seed and their image_id; the first
    ranks validate, the next test, the rest train. So the split of an image hangs on nothing
    but itself and its rank, not on the order of files or the state of a random generator. Images
    that belong together (copies; one value of ``group_column`` or ``group_pattern``) share a split:
    see `allocate_groups`.

    Parameters
    ----------
    manifest
        Image manifest: ``image_id``, ``class_name``, ``status``, the column that ``group_column``
        names, and ``prepared_split``: where the source says it, that is used as it is.
    duplicates
        ``image_id`` and ``duplicate_of``.
    options
        Sizes a class, as counts or fractions, what becomes of classes too small for them, what
        is kept together, and which classes training never sees.
    seed
        Another seed gives another assignment.

    Returns
    -------
    DataFrame, one row an accepted image, sorted by image_id: ``image_id``, ``class_name``,
    ``split``, ``group`` (the first image_id of those that belong together).

    Raises
    ------
    SmallClassError
        If a class is too small, or its images belong together so much that it cannot be split.
    GroupColumnError
        If there is no such column.
    PreparedSplitError
        If splits that came with the images cannot be used.
    UnseenClassError
        If there is no such unseen class, or too few classes are left.
    """
    images = manifest[manifest["status"] == ACCEPTED].sort_values("image_id", ignore_index=True)
    aside = _set_aside(images, duplicates, options, seed)
    if are_given(images):
        return use_given_splits(images, duplicates, options, aside)
    kept = aside == ""
    quotas = plan_quotas(images[kept].groupby("class_name").size(), options)
    groups = group_images(images, duplicates, options, ~kept)
    # What is dropped can be nobody's neighbour.
    in_use = images["class_name"].isin(quotas.index[~quotas["dropped"]]).to_numpy(dtype=bool)
    used = kept & in_use
    split = np.where(kept, DROPPED, aside)
    split[used] = _split(images[used], groups[used], quotas[~quotas["dropped"]], seed)
    assigned = images[["image_id", "class_name"]].assign(
        split=split, group=images["image_id"].to_numpy(dtype=object)[groups]
    )
    _check_grouped(assigned, quotas)
    return assigned.astype({"split": "str", "group": "str"})


def _set_aside(
    images: pd.DataFrame, duplicates: pd.DataFrame, options: SplitOptions, seed: int
) -> npt.NDArray[np.object_]:
    sizes = images.groupby("class_name").size()
    # Splits that are given ask for no sizes.
    large_enough = can_be_split(sizes, options) | are_given(images)
    chosen = choose_unseen_classes(sizes, large_enough, options.unseen_classes, seed)
    return set_unseen_aside(images, duplicates, chosen)


def _split(
    images: pd.DataFrame, groups: npt.NDArray[np.int64], quotas: pd.DataFrame, seed: int
) -> npt.NDArray[np.object_]:
    _, leaders, numbers = np.unique(groups, return_index=True, return_inverse=True)
    # A group is ranked as its first image would be.
    ids = images["image_id"].to_numpy(dtype=object)[leaders]
    hashes = pd.util.hash_array(ids, hash_key=f"{seed:016d}")
    order = np.lexsort((ids.astype(str), hashes))
    classes = quotas.index.get_indexer(pd.Index(images["class_name"]))
    number = allocate_groups(classes, numbers, quotas, order)
    return np.array([TRAIN, VALIDATION, TEST], dtype=object)[number]


def _check_grouped(assigned: pd.DataFrame, quotas: pd.DataFrame) -> None:
    counts = assigned.groupby(["class_name", "split"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[TRAIN, VALIDATION, TEST], fill_value=0)
    used = counts.sum(axis=1) > 0
    lacking = counts[used & ((counts[VALIDATION] < 1) | (counts[TEST] < 1))]
    if len(lacking):
        named = ", ".join(map(repr, lacking.index))
        raise SmallClassError(
            f"images that belong together (copies, split.group_column, split.group_pattern) leave "
            f"nothing to validate or to test in class {named}: too few groups. Add images of other "
            "samples, group less, or take the class away."
        )
    wanted = quotas.loc[counts.index[used], [VALIDATION, TEST]]
    off = ((counts.loc[used, [VALIDATION, TEST]] - wanted).abs() > wanted / 2).any(axis=1)
    if off.any():
        logger.warning(
            "Images that belong together leave these classes far from the sizes asked for: %s",
            ", ".join(map(str, off.index[off])),
        )

"""Splits: which images train, which choose, which are kept for the final test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.scan import ACCEPTED
from plankton_embedding.parameters import SplitOptions

TRAIN, VALIDATION, TEST, DROPPED = "train", "validation", "test", "dropped"

# An anchor needs a positive of its own class.
_FEWEST_TO_TRAIN = 2


class SmallClassError(UserError):
    """Some classes have too few images for the splits asked for."""


def assign_splits(manifest: pd.DataFrame, options: SplitOptions, seed: int) -> pd.DataFrame:
    """Assign every accepted image to train, validation, test or, in a dropped class, dropped.

    Within a class the images are ranked by a hash of the seed and their image_id; the first
    ranks validate, the next test, the rest train. So the split of an image hangs on nothing
    but itself and its rank, not on the order of files or the state of a random generator.

    Parameters
    ----------
    manifest
        Image manifest: ``image_id``, ``class_name``, ``status``.
    options
        Sizes a class, as counts or fractions, and what becomes of classes too small for them.
    seed
        Another seed gives another assignment.

    Returns
    -------
    DataFrame, one row an accepted image, sorted by image_id: ``image_id``, ``class_name``,
    ``split``.

    Raises
    ------
    SmallClassError
        If a class is too small and ``small_classes`` is ``error``, or no two classes remain.
    """
    accepted = manifest.loc[manifest["status"] == ACCEPTED, ["image_id", "class_name"]]
    sizes = accepted.groupby("class_name").size()
    held_out = _held_out(sizes, options)
    rank = _hash_rank(accepted, seed)
    validation = accepted["class_name"].map(held_out["validation"])
    test = accepted["class_name"].map(held_out["test"])
    dropped = accepted["class_name"].map(held_out["dropped"])
    split = np.select(
        [dropped, rank < validation, rank < validation + test], [DROPPED, VALIDATION, TEST], TRAIN
    )
    return accepted.assign(split=split).sort_values("image_id", ignore_index=True)


def _hash_rank(images: pd.DataFrame, seed: int) -> pd.Series:
    key = f"{seed:016d}"
    values = pd.util.hash_array(images["image_id"].to_numpy(dtype=object), hash_key=key)
    hashed = images.assign(hash=values).sort_values(["class_name", "hash", "image_id"])
    return hashed.groupby("class_name").cumcount().reindex(images.index)


def _held_out(sizes: pd.Series, options: SplitOptions) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "validation": _share(sizes, options.validation_per_class),
            "test": _share(sizes, options.test_per_class),
        }
    )
    small = sizes < table["validation"] + table["test"] + _FEWEST_TO_TRAIN
    table["dropped"] = small & (options.small_classes == "drop")
    if options.small_classes == "proportional":
        half = _proportional(sizes, options)
        table.loc[small, ["validation", "test"]] = half[small]
        small = sizes < table["validation"] + table["test"] + _FEWEST_TO_TRAIN
    if options.small_classes != "drop" and small.any():
        raise SmallClassError(_too_small(sizes[small], options))
    if (~table["dropped"]).sum() < 2:
        raise SmallClassError(
            f"small_classes: drop leaves {(~table['dropped']).sum()} class; an embedding needs two "
            "or more. Lower validation_per_class and test_per_class, or use fractions."
        )
    return table


def _share(sizes: pd.Series, value: float) -> pd.Series:
    """Count as it is, or fraction of each class, one image at least."""
    if value >= 1:
        return pd.Series(int(value), index=sizes.index)
    return (sizes * value).round().clip(lower=1).astype(int)


def _proportional(sizes: pd.Series, options: SplitOptions) -> pd.DataFrame:
    """Half of a small class, divided as validation_per_class to test_per_class, one at least."""
    total = options.validation_per_class + options.test_per_class
    half = pd.DataFrame(
        {
            "validation": sizes * (options.validation_per_class / total / 2),
            "test": sizes * (options.test_per_class / total / 2),
        }
    )
    return half.astype(int).clip(lower=1)


def _too_small(sizes: pd.Series, options: SplitOptions) -> str:
    named = ", ".join(f"{name!r} ({count} images)" for name, count in sizes.items())
    remedy = "take the folder away or use `small_classes: drop`"
    if options.small_classes == "error":
        remedy += ", or `small_classes: proportional`, or fractions below 1"
    return (
        f"too few images for validation_per_class: {options.validation_per_class:g} and "
        f"test_per_class: {options.test_per_class:g} with {_FEWEST_TO_TRAIN} left to train on: "
        f"{named}. Add images, {remedy}."
    )

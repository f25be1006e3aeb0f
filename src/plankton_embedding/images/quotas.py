"""Quotas: how many images of each class validate and test, and which classes are too small."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import SplitOptions

# An anchor needs a positive of its own class.
FEWEST_TO_TRAIN = 2


class SmallClassError(UserError):
    """Some classes have too few images for the splits asked for."""


def plan_quotas(sizes: pd.Series, options: SplitOptions) -> pd.DataFrame:
    """Plan how many images of each class are held out.

    Parameters
    ----------
    sizes
        Images of each class, by its name.
    options
        Sizes a class, as counts or fractions, and what becomes of classes too small for them.

    Returns
    -------
    DataFrame, by class name: ``validation``, ``test`` (images), ``dropped`` (bool).

    Raises
    ------
    SmallClassError
        If a class is too small and ``small_classes`` is ``error``, or no two classes remain.
    """
    table = _held_out(sizes, options)
    small = ~can_be_split(sizes, options)
    table["dropped"] = small & (options.small_classes == "drop")
    if options.small_classes != "drop" and small.any():
        raise SmallClassError(_too_small(sizes[small], options))
    if (~table["dropped"]).sum() < 2:
        raise SmallClassError(
            f"small_classes: drop leaves {(~table['dropped']).sum()} class; an embedding needs two "
            "or more. Lower validation_per_class and test_per_class, or use fractions."
        )
    return table


def can_be_split(sizes: pd.Series, options: SplitOptions) -> pd.Series:
    """Return of each class whether it is large enough for the options: bool, by class name."""
    return _leaves_enough(sizes, _held_out(sizes, options))


def _held_out(sizes: pd.Series, options: SplitOptions) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "validation": _share(sizes, options.validation_per_class),
            "test": _share(sizes, options.test_per_class),
        }
    )
    if options.small_classes != "proportional":
        return table
    return table.where(_leaves_enough(sizes, table), _proportional(sizes, options))


def _leaves_enough(sizes: pd.Series, held_out: pd.DataFrame) -> pd.Series:
    return sizes >= held_out.sum(axis=1) + FEWEST_TO_TRAIN


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
        f"test_per_class: {options.test_per_class:g} with {FEWEST_TO_TRAIN} left to train on: "
        f"{named}. Add images, {remedy}."
    )

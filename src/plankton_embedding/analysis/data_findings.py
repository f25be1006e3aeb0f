"""What one must know of a collection of images before training on it, in plain words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.describe import ACCEPTED
from plankton_embedding.images.duplicates import EXACT
from plankton_embedding.images.preprocess import has_false_background
from plankton_embedding.images.rejects import NOT_VALIDATED, count_kinds

# Below: too few to learn a class from without pretrained weights, or to judge it by.
_FEW_TO_TRAIN, _FEW_TO_TEST = 20, 10
_IMBALANCE = 20
_TINY_SIDE = 16
_REJECTED_SHARE = 0.01
# A dark animal that fills its light image looks like a dark image.
_FALSE_BACKGROUND_SHARE = 0.05
_NAMED = 5

Level = Literal["problem", "warning", "note"]
_ORDER = {"problem": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """What was seen, and what to do about it; `level` says how much it matters."""

    level: Level
    seen: str
    advice: str


def find_problems(
    image_manifest: pd.DataFrame,
    class_counts: pd.DataFrame,
    duplicates: pd.DataFrame,
    preprocess: dict[str, Any],
    pictures: Collection[npt.NDArray[np.uint8]] = (),
) -> list[Finding]:
    """List what a collection should be looked at for, the worst first.

    Parameters
    ----------
    image_manifest
        A row a file: ``status``, ``reason``, ``width``, ``height``, ``mode``, ``scale_bar``,
        ``frames``.
    class_counts
        As from `count_classes`.
    duplicates
        As from `find_duplicates`.
    preprocess
        ``crop_bottom``, ``image_size`` and ``background``.
    pictures
        Some of the images, as stored.
    """
    accepted = image_manifest[image_manifest["status"] == ACCEPTED]
    found = [
        *_of_rejects(image_manifest),
        *_of_duplicates(duplicates),
        *_of_classes(class_counts),
        *_of_scale_bars(accepted, preprocess["crop_bottom"]),
        *_of_background(pictures, preprocess["background"]),
        *_of_sizes(accepted, preprocess["image_size"]),
        *_of_formats(accepted),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.level])


def _of_rejects(manifest: pd.DataFrame) -> list[Finding]:
    reasons = manifest.loc[manifest["status"] != ACCEPTED, "reason"]
    # Those were left out by choice.
    reasons = reasons[~reasons.str.startswith(NOT_VALIDATED)]
    if reasons.empty:
        return []
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in count_kinds(reasons).items())
    share = len(reasons) / len(manifest)
    level: Level = "warning" if share > _REJECTED_SHARE else "note"
    return [
        Finding(
            level,
            f"{_images(len(reasons), 'file')} of {len(manifest):,} ({share:.1%}) cannot be used: "
            f"{kinds}.",
            "Look at the list below; mend what is worth it.",
        )
    ]


def _of_duplicates(duplicates: pd.DataFrame) -> list[Finding]:
    found = []
    conflicts = duplicates[duplicates["label_conflict"]]
    if len(conflicts):
        names = conflicts[["class_name", "class_name_of_other"]]
        pairs = names.min(axis=1) + " and " + names.max(axis=1)
        worst = pairs.value_counts().head(_NAMED)
        named = "; ".join(f"{count} × {pair}" for pair, count in worst.items())
        found.append(
            Finding(
                "problem",
                f"The same picture stands under two classes, {_images(len(conflicts), 'pair')}: "
                f"{named}.",
                "One of the two labels is wrong. Decide which, and take the other file away.",
            )
        )
    if len(duplicates):
        exact = int((duplicates["kind"] == EXACT).sum())
        found.append(
            Finding(
                "note",
                f"{_images(len(duplicates))} look like others: {exact:,} byte for byte the same, "
                f"{len(duplicates) - exact:,} with other bytes.",
                "Nothing to do: copies never stand on two sides of a split.",
            )
        )
    return found


def _of_classes(counts: pd.DataFrame) -> list[Finding]:
    found = []
    classes = counts[counts["class_name"] != ""].set_index("class_name")
    # Of a class in use, only copies of unseen images are dropped.
    dropped = classes[(classes["dropped"] > 0) & (classes["train"] == 0)]
    unseen = classes[classes["unseen"] > 0]
    used = classes.drop(index=dropped.index.union(unseen.index))
    found += _of_unseen_classes(unseen, used[used["dropped"] > 0]["dropped"])
    if len(dropped):
        found.append(
            Finding(
                "warning",
                f"Classes dropped, too small to split: {_named(dropped.index)}.",
                "Add images, merge classes, or use split.small_classes: proportional.",
            )
        )
    for split, few, needed in (
        ("train", _FEW_TO_TRAIN, "to learn"),
        ("test", _FEW_TO_TEST, "to judge"),
    ):
        small = used[used[split] < few]
        if len(small):
            found.append(
                Finding(
                    "warning",
                    f"Classes with fewer than {few} images {needed} from ({split}): "
                    f"{_named(small.sort_values(split).index)}.",
                    "Their scores will be uncertain; add images if they matter.",
                )
            )
    if len(used) and used["train"].max() > _IMBALANCE * max(1, used["train"].min()):
        largest, smallest = used["train"].idxmax(), used["train"].idxmin()
        found.append(
            Finding(
                "note",
                f"The classes are unequal: {used['train'].max():,} images of {largest} train, and "
                f"{used['train'].min():,} of {smallest}.",
                "The default batches draw classes equally. Read balanced accuracy, not accuracy.",
            )
        )
    return found


def _of_unseen_classes(unseen: pd.DataFrame, copies: pd.Series) -> list[Finding]:
    found = []
    if len(unseen):
        images = _images(int(unseen["unseen"].sum()))
        found.append(
            Finding(
                "note",
                f"Training never sees {len(unseen)} of the classes ({images}): "
                f"{_named(unseen.index)}.",
                "Asked for by split.unseen_classes: they show how the embedding tells new animals.",
            )
        )
    few = unseen[unseen["unseen"] < _FEW_TO_TEST]
    if len(few):
        found.append(
            Finding(
                "warning",
                f"Unseen classes with fewer than {_FEW_TO_TEST} images: {_named(few.index)}.",
                "Their scores will be uncertain; name larger classes in split.unseen_classes.",
            )
        )
    if len(copies):
        named = "; ".join(f"{count:,} of {name}" for name, count in copies.head(_NAMED).items())
        found.append(
            Finding(
                "warning",
                f"Dropped, as copies of unseen images: {_images(int(copies.sum()))} of classes "
                f"that train ({named}).",
                "Nothing unseen is trained on. Look at the copies below: one label is wrong.",
            )
        )
    return found


def _of_scale_bars(accepted: pd.DataFrame, crop_bottom: object) -> list[Finding]:
    bars = int((accepted["scale_bar"] > 0).sum())
    if bars and crop_bottom == 0:
        return [
            Finding(
                "problem",
                f"A scale bar is drawn into {_images(bars)}, and nothing is cut off.",
                "A network learns the bar: set preprocess.crop_bottom to auto.",
            )
        ]
    if crop_bottom == "auto" and bars < len(accepted):
        missing = len(accepted) - bars
        return [
            Finding(
                "warning" if bars else "note",
                f"No scale bar was found in {_images(missing)} of {len(accepted):,}.",
                "These are used whole. Look whether that is right.",
            )
        ]
    return []


def _of_background(pictures: Collection[npt.NDArray[np.uint8]], background: str) -> list[Finding]:
    false = sum(has_false_background(picture, background) for picture in pictures)
    if not false or false < _FALSE_BACKGROUND_SHARE * len(pictures):
        return []
    image, other = ("Dark", "black") if background == "white" else ("Light", "white")
    return [
        Finding(
            "problem",
            f"{image} images were put into a {background} square: {false:,} of the "
            f"{_images(len(pictures))} looked at.",
            f"A network learns the margin: set preprocess.background to {other}, or to auto if "
            "there are dark and light images.",
        )
    ]


def _of_sizes(accepted: pd.DataFrame, image_size: int) -> list[Finding]:
    longer = accepted[["width", "height"]].max(axis=1)
    tiny, large = int((longer < _TINY_SIDE).sum()), int((longer > 4 * image_size).sum())
    found = []
    if tiny:
        found.append(
            Finding(
                "warning",
                f"Smaller than {_TINY_SIDE} pixels: {_images(tiny)}.",
                "There is little to see in them; raise scan.min_side to leave them out.",
            )
        )
    if large:
        found.append(
            Finding(
                "note",
                f"Reduced more than 4 times: {_images(large)}.",
                "Fine structures vanish; a larger preprocess.image_size keeps them.",
            )
        )
    return found


def _of_formats(accepted: pd.DataFrame) -> list[Finding]:
    found = []
    modes = accepted["mode"].value_counts()
    if len(modes) > 1:
        named = ", ".join(f"{count:,} {mode}" for mode, count in modes.items())
        found.append(
            Finding(
                "note",
                f"The images are of several kinds: {named}.",
                "All become 8-bit gray. Check that they come from one instrument.",
            )
        )
    stacks = int((accepted["frames"] > 1).sum())
    if stacks:
        found.append(
            Finding(
                "warning",
                f"With several frames: {_images(stacks)}.",
                "Only the first is used; save the others as files of their own.",
            )
        )
    return found


def _images(count: int, noun: str = "image") -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _named(names: pd.Index) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(str, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")

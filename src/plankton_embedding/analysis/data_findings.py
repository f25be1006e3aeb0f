"""What one must know of a collection of images before training on it, in plain words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.analysis.class_findings import findings_of_classes, findings_of_duplicates
from plankton_embedding.analysis.findings import Finding, Level
from plankton_embedding.images.describe import ACCEPTED
from plankton_embedding.images.preprocess import has_false_background
from plankton_embedding.images.rejects import NOT_VALIDATED, count_kinds
from plankton_embedding.wording import counted

_TINY_SIDE = 16
_REJECTED_SHARE = 0.01
# A dark animal that fills its light image looks like a dark image.
_FALSE_BACKGROUND_SHARE = 0.05

_ORDER = {"problem": 0, "warning": 1, "note": 2}


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
        *findings_of_duplicates(duplicates),
        *findings_of_classes(class_counts),
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
            f"{counted(len(reasons), 'file')} of {len(manifest):,} ({share:.1%}) cannot be used: "
            f"{kinds}.",
            "Look at the list below; mend what is worth it.",
        )
    ]


def _of_scale_bars(accepted: pd.DataFrame, crop_bottom: object) -> list[Finding]:
    bars = int((accepted["scale_bar"] > 0).sum())
    if bars and crop_bottom == 0:
        return [
            Finding(
                "problem",
                f"A scale bar is drawn into {counted(bars)}, and nothing is cut off.",
                "A network learns the bar: set preprocess.crop_bottom to auto.",
            )
        ]
    if crop_bottom == "auto" and bars < len(accepted):
        missing = len(accepted) - bars
        return [
            Finding(
                "warning" if bars else "note",
                f"No scale bar was found in {counted(missing)} of {len(accepted):,}.",
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
            f"{counted(len(pictures))} looked at.",
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
                f"Smaller than {_TINY_SIDE} pixels: {counted(tiny)}.",
                "There is little to see in them; raise scan.min_side to leave them out.",
            )
        )
    if large:
        found.append(
            Finding(
                "note",
                f"Reduced more than 4 times: {counted(large)}.",
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
                f"With several frames: {counted(stacks)}.",
                "Only the first is used; save the others as files of their own.",
            )
        )
    return found

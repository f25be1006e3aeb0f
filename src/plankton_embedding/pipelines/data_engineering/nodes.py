"""Nodes that join functions of `images`; the others are used as they are."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from plankton_embedding.images import build, scan
from plankton_embedding.images import splits as splitting
from plankton_embedding.images.folder import ImageFolder
from plankton_embedding.images.store import ImageStoreContent
from plankton_embedding.parameters import (
    ParallelOptions,
    PreprocessOptions,
    SplitOptions,
    StoreOptions,
)

logger = logging.getLogger(__name__)


def scan_images(raw_images: ImageFolder, parallel: ParallelOptions) -> pd.DataFrame:
    """Describe every file of the image folder: a row each, rejected ones with the reason."""
    manifest = scan.scan_images(raw_images, parallel)
    rejected = manifest[manifest["status"] == scan.REJECTED]
    logger.info(
        "Found %d files of %d classes in %s: %d accepted, %d rejected",
        *(len(manifest), len(raw_images.class_names), raw_images.root),
        *(len(manifest) - len(rejected), len(rejected)),
    )
    for reason, count in rejected["reason"].value_counts().items():
        logger.warning("Rejected %d files: %s", count, reason)
    return manifest


def assign_splits(accepted_images: pd.DataFrame, split: SplitOptions, seed: int) -> pd.DataFrame:
    """Assign the accepted images to train, validation and test."""
    assigned = splitting.assign_splits(accepted_images, split, seed)
    counts = assigned["split"].value_counts()
    logger.info("Split: %s", ", ".join(f"{count} {name}" for name, count in counts.items()))
    dropped = assigned.loc[assigned["split"] == splitting.DROPPED, "class_name"].unique()
    if len(dropped):
        logger.warning(
            "Dropped %d classes too small to split: %s", len(dropped), ", ".join(dropped)
        )
    return assigned


def prepare_images(
    raw_images: ImageFolder,
    splits: pd.DataFrame,
    data_summary: dict[str, Any],
    preprocess: PreprocessOptions,
    store: StoreOptions,
    parallel: ParallelOptions,
) -> ImageStoreContent:
    """Preprocess the images in use, while the store is written."""
    fingerprint = data_summary["fingerprint"]
    return build.prepare_images(raw_images, splits, fingerprint, preprocess, store, parallel)

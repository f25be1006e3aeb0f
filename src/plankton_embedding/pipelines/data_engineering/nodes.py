"""Nodes that join functions of `images`; the others are used as they are."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from plankton_embedding.figures import data_report as reporting
from plankton_embedding.images import build, listing
from plankton_embedding.images import crop_examples as cropping
from plankton_embedding.images import duplicates as finding
from plankton_embedding.images import scan as scanning
from plankton_embedding.images import splits as splitting
from plankton_embedding.images.crop_examples import CropExample
from plankton_embedding.images.earlier_scan import EarlierManifest
from plankton_embedding.images.rejects import count_kinds
from plankton_embedding.images.source import ImageSource, Location
from plankton_embedding.images.split_names import DROPPED, SPLITS, UNSEEN
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.parameters import (
    DataReportOptions,
    DuplicateOptions,
    EngineOptions,
    PreprocessOptions,
    ScanOptions,
    SourceOptions,
    SplitOptions,
    StoreOptions,
)

# Enough to see whether the right thing is cut off.
_CROP_EXAMPLES = 36

logger = logging.getLogger(__name__)


def list_images(raw_images: Location, source: SourceOptions) -> ImageSource:
    """List the files of the images' location; none of them is opened."""
    listed = listing.list_images(raw_images, source)
    logger.info(
        "Found %d files of %d classes in %s",
        *(len(listed.files), len(listed.class_names), listed.location),
    )
    return listed


def scan_images(
    listed_images: ImageSource,
    earlier_manifest: EarlierManifest,
    store_building: Path,
    scan: ScanOptions,
    preprocess: PreprocessOptions,
    store: StoreOptions,
    engine: EngineOptions,
) -> pd.DataFrame:
    """Describe every file: a row each, rejected ones with the reason; preprocess in the same go."""
    ahead = StoreAhead(store_building, preprocess, store.images_per_shard)
    manifest = scanning.scan_images(listed_images, scan, engine, earlier_manifest, ahead)
    rejected = manifest[manifest["status"] == scanning.REJECTED]
    logger.info("Scanned: %d accepted, %d rejected", len(manifest) - len(rejected), len(rejected))
    for kind, count in count_kinds(rejected["reason"]).items():
        logger.warning("Rejected: %d %s", count, kind)
    return manifest


def find_duplicates(accepted_images: pd.DataFrame, duplicates: DuplicateOptions) -> pd.DataFrame:
    """Find images that are copies of others, in their class or in another."""
    found = finding.find_duplicates(accepted_images, duplicates)
    exact, conflicts = (found["kind"] == finding.EXACT).sum(), found["label_conflict"].sum()
    logger.info(
        "Duplicates: %d exact copies, %d near copies; %d within a class, %d between classes",
        *(exact, len(found) - exact, len(found) - conflicts, conflicts),
    )
    if conflicts:
        logger.warning("The same picture stands under two classes %d times", conflicts)
    return found


def assign_splits(
    accepted_images: pd.DataFrame, duplicates: pd.DataFrame, split: SplitOptions, seed: int
) -> pd.DataFrame:
    """Assign the accepted images to train, validation and test, those of unseen classes apart."""
    assigned = splitting.assign_splits(accepted_images, duplicates, split, seed)
    counts = assigned["split"].value_counts()
    named = [f"{counts[name]} {name}" for name in SPLITS if name in counts]
    logger.info("Split: %s", ", ".join(named))
    unseen = assigned.loc[assigned["split"] == UNSEEN, "class_name"].unique()
    if len(unseen):
        logger.info("Training never sees %d classes: %s", len(unseen), ", ".join(unseen))
    used = assigned.loc[assigned["split"] != DROPPED, "class_name"].unique()
    dropped = assigned.loc[~assigned["class_name"].isin(used), "class_name"].unique()
    if len(dropped):
        logger.warning("Dropped, too small to split: %s", ", ".join(dropped))
    return assigned


def read_crop_examples(
    listed_images: ImageSource, image_manifest: pd.DataFrame, preprocess: PreprocessOptions
) -> list[CropExample]:
    """Read some images as they are in their files, to show what is cut off below."""
    return cropping.read_crop_examples(listed_images, image_manifest, preprocess, _CROP_EXAMPLES)


def prepare_images(
    listed_images: ImageSource,
    image_manifest: pd.DataFrame,
    splits: pd.DataFrame,
    data_summary: dict[str, Any],
    preprocess: PreprocessOptions,
    store: StoreOptions,
    engine: EngineOptions,
) -> build.ImageStoreContent:
    """Preprocess the images in use, while the store is written."""
    fingerprint = data_summary["fingerprint"]
    options = (preprocess, store, engine)
    return build.prepare_images(listed_images, image_manifest, splits, fingerprint, options)


def render_data_report(
    image_manifest: pd.DataFrame,
    splits: pd.DataFrame,
    duplicates: pd.DataFrame,
    class_counts: pd.DataFrame,
    data_summary: dict[str, Any],
    image_store: ImageStore,
    crop_examples: list[CropExample],
    preprocess: PreprocessOptions,
    data_report: DataReportOptions,
) -> str:
    """Render the page about the images, to be read before training."""
    data = reporting.ReportedData(image_manifest, splits, duplicates, class_counts, data_summary)
    images_per_class = data_report.images_per_class
    shown = reporting.choose_pictures(data, images_per_class)
    pictures = dict(zip(shown, image_store.images(image_store.rows(shown)), strict=True))
    return reporting.render_data_report(
        data, pictures, crop_examples, preprocess.model_dump(), images_per_class
    )

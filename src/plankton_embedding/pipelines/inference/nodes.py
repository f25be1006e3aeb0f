"""Nodes of inference. Tables of all images go through them block by block."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.analysis import gallery_classifier as classifying
from plankton_embedding.analysis import review
from plankton_embedding.analysis.decision_rule import DecisionRule
from plankton_embedding.analysis.gallery import ClassGallery, check_fingerprint
from plankton_embedding.analysis.table_blocks import TableBlocks
from plankton_embedding.figures import review_page as reviewing
from plankton_embedding.images import ecotaxa_export, listing
from plankton_embedding.images.ecotaxa import OBJECT
from plankton_embedding.images.embedding_blocks import EarlierBlocks, EmbeddedBlock
from plankton_embedding.images.prepare_batch import prepare_batch
from plankton_embedding.images.source import ImageSource, Location
from plankton_embedding.parameters import (
    EngineOptions,
    InferenceOptions,
    ScanOptions,
    SourceOptions,
    TrainingOptions,
)
from plankton_embedding.wording import counted

logger = logging.getLogger(__name__)


def list_unlabelled_images(raw_images: Location, source: SourceOptions) -> ImageSource:
    """List the files of the images' location, whatever their classes; none of them is opened."""
    listed = listing.list_unlabelled_images(raw_images, source)
    logger.info("Found %s in %s", counted(len(listed.files), "file"), listed.location)
    return listed


def embed_images(
    unlabelled_images: ImageSource,
    embedder: Any,
    class_gallery: ClassGallery,
    earlier_inference_embeddings: EarlierBlocks,
    inference: InferenceOptions,
    scan: ScanOptions,
    engine: EngineOptions,
    training: TrainingOptions,
) -> Iterator[EmbeddedBlock]:
    """Embed the images block by block; a block is saved before the next one is begun."""
    from plankton_embedding.training.embed_files import EmbeddingOptions, embed_source

    # Now, not when all images are embedded.
    check_fingerprint(class_gallery, embedder.fingerprint())
    options = EmbeddingOptions(scan, engine, training)
    yield from embed_source(
        unlabelled_images,
        embedder,
        inference.images_per_block,
        options,
        earlier_inference_embeddings,
    )


def classify_images(
    inference_embeddings: TableBlocks,
    class_gallery: ClassGallery,
    decision_rule: DecisionRule,
    gallery_embeddings: pd.DataFrame,
    inference: InferenceOptions,
) -> TableBlocks:
    """Classify by the gallery; whatever cannot be read keeps its row, with the reason."""
    classifier = classifying.GalleryClassifier(
        class_gallery, decision_rule, gallery_embeddings, inference.nearest_examples
    )
    return inference_embeddings.map(partial(classifying.predict_block, classifier=classifier))


def tabulate_predictions(class_predictions: TableBlocks) -> TableBlocks:
    """Hand the predictions on, to be written as text."""
    return class_predictions


def prepare_ecotaxa_import(
    class_predictions: TableBlocks, unlabelled_images: ImageSource
) -> TableBlocks:
    """Turn the predictions into a table that EcoTaxa imports."""
    files = unlabelled_images.files
    object_ids = pd.Series(dtype="str")
    if OBJECT in files:
        object_ids = files.set_index("image_id")[OBJECT].astype("str")
    rows = class_predictions.map(partial(ecotaxa_export.to_ecotaxa, object_ids=object_ids))
    return TableBlocks(lambda: chain([ecotaxa_export.ecotaxa_header()], rows))


def count_predictions(
    class_predictions: TableBlocks,
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """Count the images of each predicted class, those unknown and those that cannot be read."""
    summary, unreadable = review.summarise_predictions(class_predictions)
    counts = review.count_predictions(class_predictions)
    logger.info(
        "Classified %s images as %s classes; %s of them are unknown",
        *(f"{summary['images'] - summary['unreadable']:,}", len(counts), f"{summary['unknown']:,}"),
    )
    if summary["unreadable"]:
        first = unreadable.iloc[0]
        logger.warning(
            "%s could not be read, for example %s: %s",
            counted(summary["unreadable"], "file"),
            # A row of a table may have no path, so no id.
            first["image_id"] or "a row",
            first["reason"],
        )
    return summary, counts, unreadable


def choose_for_review(class_predictions: TableBlocks, inference: InferenceOptions) -> pd.DataFrame:
    """Choose the least certain images of each class."""
    return review.choose_for_review(class_predictions, inference.reviewed_per_class)


def read_review_pictures(
    review_images: pd.DataFrame,
    unlabelled_images: ImageSource,
    embedder: Any,
    scan: ScanOptions,
) -> dict[str, npt.NDArray[np.uint8]]:
    """Read the images that are shown, as the network saw them."""
    if review_images.empty:
        return {}
    files = unlabelled_images.files
    shown = files.loc[files["image_id"].isin(review_images["image_id"])]
    filesystem = unlabelled_images.location.filesystem
    batch = prepare_batch(filesystem, scan, embedder.card.preprocess, shown[["path", "reason"]])
    readable = [not reason for reason in batch.reasons]
    return dict(zip(shown.loc[readable, "image_id"], batch.pixels, strict=True))


def render_review_page(
    review_images: pd.DataFrame,
    review_pictures: dict[str, npt.NDArray[np.uint8]],
    inference_summary: dict[str, Any],
    predicted_counts: pd.DataFrame,
    unreadable_images: pd.DataFrame,
    decision_rule: DecisionRule,
    unlabelled_images: ImageSource,
) -> str:
    """Render the page to review the predictions on."""
    predictions = reviewing.ReviewedPredictions(
        review_images,
        predicted_counts,
        inference_summary,
        unreadable_images,
        str(unlabelled_images.location),
    )
    return reviewing.render_review_page(
        predictions, review_pictures, decision_rule.model_dump(mode="json")
    )

"""Nodes about classes that the network never saw, and how sure it is of what it says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis import (
    calibration,
    community,
    community_counts,
    open_set,
    prevalence,
    rejection,
    rejection_curves,
    reliability,
    support_sets,
    zero_shot,
)
from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
    validation_steps,
)
from plankton_embedding.analysis.zero_shot_vectors import vectors_to_compare
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import GalleryOptions, ReportingOptions


def measure_zero_shot(
    embeddings: pd.DataFrame,
    closed_form_embeddings: pd.DataFrame,
    image_store: ImageStore | None,
    splits: pd.DataFrame,
    reporting: ReportingOptions,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell unseen classes by a few images each; without unseen classes, two empty tables."""
    options = reporting.open_world
    last = validation_steps(embeddings)[-1]
    images = support_sets.zero_shot_images(embeddings, last, splits)
    if not (images["split"] == "unseen").any():
        return zero_shot.no_scores(), support_sets.nothing_left_out()
    sets = support_sets.draw_support_sets(
        images, options.support_sizes, options.held_out_share, options.draws, seed
    )
    vectors = vectors_to_compare(images, closed_form_embeddings, image_store, options.pixel_side)
    return zero_shot.compare_zero_shot(vectors, sets, options.neighbours), sets.left_out


def measure_novelty(
    embeddings: pd.DataFrame,
    splits: pd.DataFrame,
    class_counts: pd.DataFrame,
    reporting: ReportingOptions,
) -> pd.DataFrame:
    """Score how strange the reported step's images are to the classes that the network knows."""
    last = validation_steps(embeddings)[-1]
    neighbours = reporting.open_world.novelty_neighbours
    novelty = open_set.measure_novelty(embeddings, last, splits, neighbours)
    return community_counts.weight_by_catalogue(novelty, prevalence.catalogue_counts(class_counts))


def choose_thresholds(novelty: pd.DataFrame, gallery: GalleryOptions) -> pd.DataFrame:
    """Choose thresholds that keep the share of validation images that the gallery's rule keeps."""
    return rejection.choose_thresholds(novelty, gallery.kept_share)


def measure_rejection(
    novelty: pd.DataFrame,
    novelty_thresholds: pd.DataFrame,
    reporting: ReportingOptions,
    seed: int,
) -> pd.DataFrame:
    """Measure how well unknown images are told from known ones."""
    draws = reporting.open_world.bootstrap_draws
    return rejection.measure_rejection(novelty, novelty_thresholds, draws, seed)


def measure_rejection_curves(novelty: pd.DataFrame, reporting: ReportingOptions) -> pd.DataFrame:
    """Measure how well unknown images are told from known ones, at many thresholds."""
    return rejection_curves.measure_rejection_curves(novelty, reporting.open_world.curve_points)


def measure_community(
    novelty: pd.DataFrame,
    novelty_thresholds: pd.DataFrame,
    reporting: ReportingOptions,
    seed: int,
) -> pd.DataFrame:
    """Measure what thresholds do to the composition of communities."""
    options = reporting.open_world
    return community.measure_community(
        novelty, novelty_thresholds, options.smallest_sample, options.bootstrap_draws, seed
    )


def measure_calibration(
    embeddings: pd.DataFrame, reporting: ReportingOptions
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Fit on validation images how sure to be; compare it with how often test images are right."""
    last = validation_steps(embeddings)[-1]
    validation = select_embeddings(embeddings, last, "validation")
    fitted = calibration.CentroidConfidence.fit(
        embedding_matrix(validation), class_labels(validation)
    )
    confidences = calibration.measure_confidence(embeddings, last, fitted)
    bins = reliability.measure_reliability(confidences, reporting.open_world.calibration_bins)
    summary = reliability.summarise_calibration(confidences, bins, fitted.temperature)
    return confidences, bins, summary


def summarise_open_world(
    rejection_scores: pd.DataFrame,
    community_distances: pd.DataFrame,
    zero_shot_scores: pd.DataFrame,
    calibration_summary: dict[str, Any],
) -> dict[str, Any]:
    """Take from tables what belongs to the metrics."""
    return {
        "rejection": rejection.summarise_rejection(rejection_scores),
        "community": community.summarise_community(community_distances),
        "zero_shot": zero_shot.summarise_zero_shot(zero_shot_scores),
        "calibration": calibration_summary,
    }

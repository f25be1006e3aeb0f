"""Nodes that measure: from embeddings to tables and numbers."""

from __future__ import annotations

from kedro.pipeline import Node

from plankton_embedding.analysis.class_similarity import measure_separations
from plankton_embedding.analysis.community_counts import count_community
from plankton_embedding.analysis.confusions import count_confusions_over_steps
from plankton_embedding.analysis.principal_basis import measure_explained_variance
from plankton_embedding.analysis.rejection_curves import measure_class_rejection
from plankton_embedding.analysis.significance import compare_in_pairs
from plankton_embedding.analysis.steps import (
    measure_class_geometry,
    measure_steps,
    predict_by_centroids,
)
from plankton_embedding.pipelines.reporting.named_node import GALLERY, OPTIONS, SEED, make_node
from plankton_embedding.pipelines.reporting.nodes import (
    measurements,
    open_world,
)


def measure() -> list[Node]:
    """Return the nodes in the order in which they are read."""
    return [
        *_measure_steps(),
        *_measure_classification(),
        *_measure_neighbours(),
        *_measure_open_world(),
        *_collect_metrics(),
    ]


def _measure_steps() -> list[Node]:
    return [
        make_node(predict_by_centroids, ["embeddings"], "predictions"),
        make_node(measure_class_geometry, ["embeddings"], "class_geometry"),
        make_node(measure_steps, ["embeddings", "predictions", "class_geometry"], "step_metrics"),
        make_node(count_confusions_over_steps, ["predictions"], "confusions_over_steps"),
        make_node(
            measurements.select_reported_step,
            ["embeddings", "predictions", "class_geometry", "step_metrics"],
            ["reported_embeddings", "reported_predictions", "reported_geometry"],
        ),
        make_node(
            measurements.score_classes,
            ["reported_predictions", "reported_geometry"],
            "class_metrics",
        ),
        make_node(
            measurements.count_confusions,
            ["reported_predictions", "reported_embeddings", OPTIONS],
            "confusion_counts",
        ),
        make_node(
            measurements.find_confused_pairs, ["confusion_counts", OPTIONS], "confused_pairs"
        ),
        make_node(measure_separations, ["reported_embeddings"], "separations"),
        make_node(measure_explained_variance, ["reported_embeddings"], "explained_variance"),
    ]


def _measure_classification() -> list[Node]:
    return [
        make_node(
            measurements.predict_by_classifiers,
            ["reported_embeddings", OPTIONS, SEED],
            ["classifier_predictions", "classifier_fits"],
        ),
        make_node(
            measurements.score_classifiers,
            ["classifier_predictions", "classifier_fits", OPTIONS, SEED],
            "classifier_comparison",
        ),
        make_node(compare_in_pairs, ["classifier_predictions"], "classifier_differences"),
        make_node(
            measurements.score_raw_pixels,
            ["image_store", "splits", "data_summary", "embedder_card"],
            "raw_pixel_baseline",
        ),
        make_node(
            measurements.measure_prevalence,
            ["reported_predictions", "class_counts"],
            ["weighted_accuracy", "class_prevalence"],
        ),
        make_node(
            measurements.score_without_catch_alls,
            ["reported_embeddings", OPTIONS],
            "without_catch_alls",
        ),
        make_node(
            measurements.measure_mistake_severity,
            ["reported_predictions", "reported_geometry"],
            ["mistake_severity", "mistake_severity_summary"],
        ),
    ]


def _measure_neighbours() -> list[Node]:
    return [
        make_node(
            measurements.measure_retrieval, ["reported_embeddings", OPTIONS], "retrieval_scores"
        ),
        make_node(
            measurements.measure_clustering,
            ["reported_embeddings", OPTIONS, SEED],
            "clustering_scores",
        ),
        make_node(
            measurements.judge_labels,
            ["reported_embeddings", "splits", OPTIONS],
            "label_judgements",
        ),
        make_node(
            measurements.rank_label_suspects,
            ["label_judgements", "image_manifest", OPTIONS],
            "label_suspects",
        ),
        make_node(
            measurements.map_embedding,
            ["reported_embeddings", "reported_predictions", OPTIONS, SEED],
            "embedding_map",
        ),
    ]


def _measure_open_world() -> list[Node]:
    return [
        make_node(
            open_world.measure_zero_shot,
            ["reported_embeddings", "untrained_embeddings", "image_store", "splits", OPTIONS, SEED],
            ["zero_shot_scores", "zero_shot_left_out"],
        ),
        make_node(
            open_world.measure_novelty,
            ["reported_embeddings", "splits", "class_counts", OPTIONS],
            "novelty",
        ),
        make_node(open_world.choose_thresholds, ["novelty", GALLERY], "novelty_thresholds"),
        make_node(
            open_world.measure_rejection,
            ["novelty", "novelty_thresholds", OPTIONS, SEED],
            "rejection_scores",
        ),
        make_node(open_world.measure_rejection_curves, ["novelty", OPTIONS], "rejection_curves"),
        make_node(measure_class_rejection, ["novelty", "novelty_thresholds"], "class_rejection"),
        make_node(
            open_world.measure_community,
            ["novelty", "novelty_thresholds", OPTIONS, SEED],
            "community_distances",
        ),
        make_node(count_community, ["novelty", "novelty_thresholds"], "community_counts"),
        make_node(
            open_world.measure_calibration,
            ["reported_embeddings", OPTIONS],
            ["confidences", "reliability", "calibration_summary"],
        ),
        make_node(
            open_world.summarise_open_world,
            ["rejection_scores", "community_distances", "zero_shot_scores", "calibration_summary"],
            "open_world_summaries",
        ),
    ]


def _collect_metrics() -> list[Node]:
    return [
        make_node(
            measurements.summarise_scores,
            [
                "retrieval_scores",
                "weighted_accuracy",
                "class_prevalence",
                "label_judgements",
                "classifier_comparison",
            ],
            "score_summaries",
        ),
        make_node(
            measurements.collect_metrics,
            {
                "predictions": "predictions",
                "step_metrics": "step_metrics",
                "raw_pixel_baseline": "raw_pixel_baseline",
                "score_summaries": "score_summaries",
                "open_world": "open_world_summaries",
                "clustering": "clustering_scores",
                "without_catch_alls": "without_catch_alls",
                "mistake_severity": "mistake_severity_summary",
            },
            "metrics",
        ),
    ]

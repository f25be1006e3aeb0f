"""Scores beyond accuracy, and the metrics of the run."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.figures.chapters import render_scores_chapter
from plankton_embedding.figures.mistake_severity import draw_mistake_severity
from plankton_embedding.figures.prevalence import draw_weighted_accuracy
from plankton_embedding.figures.retrieval import draw_retrieval
from plankton_embedding.pipelines.reporting.nodes import measurements
from plankton_embedding.pipelines.reporting.parts import OPTIONS, SEED, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "scores",
        [
            make_node(
                measurements.predict_from_pixels,
                ["image_store", "splits", "data_summary", "embedder_card"],
                "pixel_predictions",
            ),
            make_node(measurements.score_raw_pixels, ["pixel_predictions"], "raw_pixel_baseline"),
            make_node(
                measurements.compare_baselines,
                [
                    "reported_embeddings",
                    "closed_form_embeddings",
                    "frozen_features",
                    "pixel_predictions",
                    OPTIONS,
                    SEED,
                ],
                "baseline_comparison",
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
            make_node(
                measurements.measure_retrieval, ["reported_embeddings", OPTIONS], "retrieval_scores"
            ),
            make_node(
                measurements.measure_clustering,
                ["reported_embeddings", OPTIONS, SEED],
                "clustering_scores",
            ),
            make_node(
                measurements.summarise_scores,
                [
                    "retrieval_scores",
                    "weighted_accuracy",
                    "class_prevalence",
                    "label_judgements",
                    "classifier_comparison",
                    "baseline_comparison",
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
            make_node(
                draw_retrieval, ["retrieval_scores", "clustering_scores"], "retrieval_figure"
            ),
            make_node(
                draw_weighted_accuracy,
                ["weighted_accuracy", "without_catch_alls"],
                "weighted_accuracy_figure",
            ),
            make_node(
                draw_mistake_severity,
                ["mistake_severity", "mistake_severity_summary"],
                "mistake_severity_figure",
            ),
            make_node(
                render_scores_chapter,
                [
                    "metrics",
                    "data_summary",
                    "baseline_comparison",
                    "retrieval_figure",
                    "weighted_accuracy_figure",
                    "mistake_severity_figure",
                ],
                "scores_chapter",
            ),
        ],
    )

"""The reporting pipeline: a table of contents of the report."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.analysis.headline import collect_metrics
from plankton_embedding.analysis.steps import (
    measure_class_geometry,
    measure_steps,
    predict_by_centroids,
)
from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.confusion import draw_confusion_matrix
from plankton_embedding.figures.geometry import draw_geometry_over_steps
from plankton_embedding.figures.results_chapter import render_results_chapter
from plankton_embedding.figures.training_curves import draw_training_curves
from plankton_embedding.pipelines.reporting.nodes import (
    count_confusions,
    draw_principal_components,
    render_data_chapter,
    render_report,
    score_classes,
    score_raw_pixels,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from embeddings to metrics, figures and the report."""
    return Pipeline([*_measurements(), *_figures(), *_report()])


def _measurements() -> list[Node]:
    return [
        Node(
            predict_by_centroids,
            inputs="embeddings",
            outputs="predictions",
            name="predict_by_centroids",
        ),
        Node(
            measure_class_geometry,
            inputs="embeddings",
            outputs="class_geometry",
            name="measure_class_geometry",
        ),
        Node(
            measure_steps,
            inputs=["embeddings", "predictions", "class_geometry"],
            outputs="step_metrics",
            name="measure_steps",
        ),
        Node(
            score_classes,
            inputs=["predictions", "class_geometry"],
            outputs="class_metrics",
            name="score_classes",
        ),
        Node(
            count_confusions,
            inputs=["predictions", "embeddings"],
            outputs="confusion_counts",
            name="count_confusions",
        ),
        Node(
            score_raw_pixels,
            inputs=["image_store", "splits", "data_summary", "embedder_card"],
            outputs="raw_pixel_baseline",
            name="score_raw_pixels",
        ),
        Node(
            collect_metrics,
            inputs=["predictions", "step_metrics", "raw_pixel_baseline"],
            outputs="metrics",
            name="collect_metrics",
        ),
    ]


def _figures() -> list[Node]:
    return [
        Node(
            draw_training_curves,
            inputs="training_history",
            outputs="training_curves",
            name="draw_training_curves",
        ),
        Node(
            draw_geometry_over_steps,
            inputs="step_metrics",
            outputs="geometry_over_steps",
            name="draw_geometry_over_steps",
        ),
        Node(
            draw_confusion_matrix,
            inputs="confusion_counts",
            outputs="confusion_matrix",
            name="draw_confusion_matrix",
        ),
        Node(
            draw_principal_components,
            inputs=["embeddings", "params:reporting", "params:seed"],
            outputs="principal_components",
            name="draw_principal_components",
        ),
        Node(
            draw_class_counts,
            inputs="class_counts",
            outputs="class_counts_figure",
            name="draw_class_counts",
        ),
    ]


def _report() -> list[Node]:
    # Figures saved as PNG cannot be loaded, so the chapters draw theirs, as SVG, from the tables.
    return [
        Node(
            render_results_chapter,
            inputs=[
                "training_history",
                "step_metrics",
                "class_metrics",
                "confusion_counts",
                "principal_components",
            ],
            outputs="results_chapter",
            name="render_results_chapter",
        ),
        Node(
            render_data_chapter,
            inputs=[
                "class_counts",
                "image_manifest",
                "data_summary",
                "embedder_card",
                "params:reporting",
            ],
            outputs="data_chapter",
            name="render_data_chapter",
        ),
        Node(
            render_report,
            inputs=[
                "metrics",
                "data_summary",
                "results_chapter",
                "data_chapter",
                "params:reporting",
            ],
            outputs="report",
            name="render_report",
        ),
    ]

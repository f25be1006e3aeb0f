"""The steps of the training: how well each tells the classes apart; one of them is reported on."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.steps import (
    measure_class_geometry,
    measure_steps,
    predict_by_centroids,
)
from plankton_embedding.figures.chapters import render_training_chapter
from plankton_embedding.figures.geometry import draw_geometry_over_steps
from plankton_embedding.figures.radii_over_steps import draw_radii_over_steps
from plankton_embedding.figures.training_curves import draw_training_curves
from plankton_embedding.pipelines.reporting.nodes import measurements
from plankton_embedding.pipelines.reporting.parts import (
    FIGURE,
    MEASURE,
    PAGE,
    make_chapter,
    make_node,
)


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "steps",
        [
            make_node(predict_by_centroids, ["embeddings"], "predictions"),
            make_node(measure_class_geometry, ["embeddings"], "class_geometry"),
            make_node(
                measure_steps, ["embeddings", "predictions", "class_geometry"], "step_metrics"
            ),
            make_node(
                measurements.select_reported_step,
                ["embeddings", "predictions", "class_geometry", "step_metrics"],
                ["reported_embeddings", "reported_predictions", "reported_geometry"],
                tags=(MEASURE, FIGURE, PAGE),
            ),
            make_node(draw_training_curves, ["training_history"], "training_curves"),
            make_node(draw_geometry_over_steps, ["step_metrics"], "geometry_over_steps"),
            make_node(draw_radii_over_steps, ["class_geometry"], "radii_over_steps"),
            make_node(
                render_training_chapter,
                [
                    "training_history",
                    "step_metrics",
                    "training_curves",
                    "geometry_over_steps",
                    "radii_over_steps",
                ],
                "training_chapter",
            ),
        ],
    )

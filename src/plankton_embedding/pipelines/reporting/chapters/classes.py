"""Class by class, and which are alike."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.class_similarity import measure_separations
from plankton_embedding.figures.chapters import render_classes_chapter
from plankton_embedding.figures.class_scores import draw_class_scores
from plankton_embedding.figures.class_similarity import draw_class_similarity
from plankton_embedding.pipelines.reporting.nodes import measurements
from plankton_embedding.pipelines.reporting.parts import make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "classes",
        [
            make_node(
                measurements.score_classes,
                ["reported_predictions", "reported_geometry"],
                "class_metrics",
            ),
            make_node(measure_separations, ["reported_embeddings"], "separations"),
            make_node(draw_class_scores, ["class_metrics"], "class_scores_figure"),
            make_node(draw_class_similarity, ["separations"], "class_similarity_figure"),
            make_node(
                render_classes_chapter,
                ["class_metrics", "class_scores_figure", "class_similarity_figure"],
                "classes_chapter",
            ),
        ],
    )

"""Other classifiers on the same embedding."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.significance import compare_in_pairs
from plankton_embedding.figures.chapters import render_classifiers_chapter
from plankton_embedding.figures.classifier_comparison import draw_classifier_comparison
from plankton_embedding.pipelines.reporting.nodes import measurements
from plankton_embedding.pipelines.reporting.parts import OPTIONS, SEED, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "classifiers",
        [
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
                draw_classifier_comparison,
                ["classifier_comparison", "classifier_differences"],
                "classifier_comparison_figure",
            ),
            make_node(
                render_classifiers_chapter,
                [
                    "classifier_comparison",
                    "classifier_differences",
                    "classifier_comparison_figure",
                ],
                "classifiers_chapter",
            ),
        ],
    )

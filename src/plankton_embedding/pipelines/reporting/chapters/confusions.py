"""What is taken for what."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.confusions import count_confusions_over_steps
from plankton_embedding.figures.chapters import render_confusions_chapter
from plankton_embedding.figures.confused_pairs import render_confused_pairs
from plankton_embedding.pipelines.reporting.nodes import figures, measurements
from plankton_embedding.pipelines.reporting.parts import OPTIONS, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "confusions",
        [
            make_node(count_confusions_over_steps, ["predictions"], "confusions_over_steps"),
            make_node(
                measurements.count_confusions,
                ["reported_predictions", "reported_embeddings", OPTIONS],
                "confusion_counts",
            ),
            make_node(
                measurements.find_confused_pairs, ["confusion_counts", OPTIONS], "confused_pairs"
            ),
            make_node(figures.draw_confusion_matrix, ["confusion_counts"], "confusion_matrix"),
            make_node(figures.draw_confusion_shares, ["confusion_counts"], "confusion_shares"),
            make_node(
                figures.animate_confusions,
                ["confusions_over_steps", "confusion_counts"],
                "confusion_animation",
            ),
            make_node(
                figures.draw_confusion_slider,
                ["confusions_over_steps", "confusion_counts"],
                "confusion_slider",
            ),
            make_node(
                figures.choose_pair_examples,
                ["reported_embeddings", "reported_predictions", "confused_pairs", OPTIONS],
                "pair_examples",
            ),
            make_node(
                figures.draw_confused_pairs,
                ["confused_pairs", "pair_examples", "image_store"],
                "confused_pairs_figure",
            ),
            make_node(
                render_confused_pairs,
                ["confused_pairs", "pair_examples", "image_store"],
                "confused_pairs_section",
            ),
            make_node(
                render_confusions_chapter,
                [
                    "confusion_counts",
                    "confusion_matrix",
                    "confusion_shares",
                    "confusion_slider",
                    "confused_pairs_section",
                ],
                "confusions_chapter",
            ),
        ],
    )

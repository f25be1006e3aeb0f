"""Nodes that write: from tables and figures to chapters and pages."""

from __future__ import annotations

from kedro.pipeline import Node

from plankton_embedding.figures.chapters import (
    describe_unseen,
    render_classes_chapter,
    render_classifiers_chapter,
    render_confusions_chapter,
    render_map_chapter,
    render_movement_chapter,
    render_open_world_chapter,
    render_scores_chapter,
    render_training_chapter,
)
from plankton_embedding.figures.confused_pairs import render_confused_pairs
from plankton_embedding.pipelines.reporting.named_node import OPTIONS, make_node
from plankton_embedding.pipelines.reporting.nodes import (
    pages,
)


def write() -> list[Node]:
    """Return the nodes in the order in which they are read."""
    return [
        *_write_chapters(),
        *_write_report(),
    ]


def _write_chapters() -> list[Node]:
    return [
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
        make_node(
            render_classes_chapter,
            ["class_metrics", "class_scores_figure", "class_similarity_figure"],
            "classes_chapter",
        ),
        make_node(
            pages.render_components_chapter,
            [
                "explained_variance_figure",
                "component_views",
                "standardised_views",
                "principal_components",
                OPTIONS,
            ],
            "components_chapter",
        ),
        make_node(
            render_movement_chapter,
            ["embedding_animation", "radius_animation"],
            "movement_chapter",
        ),
        make_node(render_map_chapter, ["embedding_map", "embedding_map_figure"], "map_chapter"),
        make_node(
            render_classifiers_chapter,
            [
                "classifier_comparison",
                "classifier_differences",
                "classifier_comparison_figure",
            ],
            "classifiers_chapter",
        ),
        make_node(
            render_scores_chapter,
            [
                "metrics",
                "data_summary",
                "retrieval_figure",
                "weighted_accuracy_figure",
                "mistake_severity_figure",
            ],
            "scores_chapter",
        ),
        make_node(
            describe_unseen,
            ["zero_shot_scores", "zero_shot_left_out", "novelty"],
            "unseen_description",
        ),
        make_node(
            render_open_world_chapter,
            [
                "unseen_description",
                "calibration_summary",
                "novelty_thresholds",
                "zero_shot_figure",
                "rejection_curves_figure",
                "open_set_accuracy_figure",
                "community_distances_figure",
                "reliability_figure",
            ],
            "open_world_chapter",
        ),
        make_node(
            pages.render_suspects_chapter,
            ["label_suspects", "label_judgements", "suspect_pictures", OPTIONS],
            "suspects_chapter",
        ),
        make_node(
            pages.render_data_chapter,
            [
                "class_counts",
                "class_counts_figure",
                "image_manifest",
                "data_summary",
                "embedder_card",
                OPTIONS,
            ],
            "data_chapter",
        ),
    ]


def _write_report() -> list[Node]:
    chapters = [
        "training_chapter",
        "confusions_chapter",
        "classes_chapter",
        "components_chapter",
        "movement_chapter",
        "map_chapter",
        "classifiers_chapter",
        "scores_chapter",
        "open_world_chapter",
        "suspects_chapter",
        "data_chapter",
    ]
    return [
        make_node(pages.render_report, ["metrics", "data_summary", OPTIONS, *chapters], "report")
    ]

"""Nodes that draw: from tables to figures."""

from __future__ import annotations

from kedro.pipeline import Node

from plankton_embedding.figures.calibration import draw_reliability
from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.class_scores import draw_class_scores
from plankton_embedding.figures.class_similarity import draw_class_similarity
from plankton_embedding.figures.classifier_comparison import draw_classifier_comparison
from plankton_embedding.figures.community import draw_community_distances
from plankton_embedding.figures.embedding_map import draw_embedding_map
from plankton_embedding.figures.geometry import draw_geometry_over_steps
from plankton_embedding.figures.mistake_severity import draw_mistake_severity
from plankton_embedding.figures.prevalence import draw_weighted_accuracy
from plankton_embedding.figures.radii_over_steps import draw_radii_over_steps
from plankton_embedding.figures.rejection import draw_open_set_accuracy, draw_rejection_curves
from plankton_embedding.figures.retrieval import draw_retrieval
from plankton_embedding.figures.training_curves import draw_training_curves
from plankton_embedding.figures.zero_shot import draw_zero_shot
from plankton_embedding.pipelines.reporting.named_node import OPTIONS, SEED, make_node
from plankton_embedding.pipelines.reporting.nodes import (
    figures,
)


def draw() -> list[Node]:
    """Return the nodes in the order in which they are read."""
    return [
        *_draw_training(),
        *_draw_classes(),
        *_draw_embedding(),
        *_draw_scores(),
        *_draw_open_world(),
    ]


def _draw_training() -> list[Node]:
    return [
        make_node(draw_training_curves, ["training_history"], "training_curves"),
        make_node(draw_geometry_over_steps, ["step_metrics"], "geometry_over_steps"),
        make_node(draw_radii_over_steps, ["class_geometry"], "radii_over_steps"),
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
    ]


def _draw_classes() -> list[Node]:
    return [
        make_node(draw_class_counts, ["class_counts"], "class_counts_figure"),
        make_node(draw_class_scores, ["class_metrics"], "class_scores_figure"),
        make_node(draw_class_similarity, ["separations"], "class_similarity_figure"),
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
            figures.collect_suspect_pictures,
            ["reported_embeddings", "label_suspects", "image_store", OPTIONS],
            "suspect_pictures",
        ),
        make_node(
            figures.draw_label_suspects,
            ["label_suspects", "suspect_pictures", OPTIONS],
            "label_suspects_figure",
        ),
    ]


def _draw_embedding() -> list[Node]:
    return [
        make_node(
            figures.draw_explained_variance,
            ["explained_variance", OPTIONS],
            "explained_variance_figure",
        ),
        make_node(
            figures.draw_component_views, ["reported_embeddings", OPTIONS, SEED], "component_views"
        ),
        make_node(
            figures.draw_standardised_views,
            ["reported_embeddings", OPTIONS, SEED],
            "standardised_views",
        ),
        make_node(
            figures.draw_principal_components,
            ["reported_embeddings", OPTIONS, SEED],
            "principal_components",
        ),
        make_node(figures.follow_training, ["embeddings", OPTIONS, SEED], "embedding_motion"),
        make_node(figures.animate_embedding, ["embedding_motion"], "embedding_animation"),
        make_node(figures.animate_radii, ["embedding_motion"], "radius_animation"),
        make_node(draw_embedding_map, ["embedding_map"], "embedding_map_figure"),
        make_node(
            figures.render_embedding_map,
            ["embedding_map", "image_store", OPTIONS],
            "embedding_map_page",
        ),
    ]


def _draw_scores() -> list[Node]:
    return [
        make_node(
            draw_classifier_comparison,
            ["classifier_comparison", "classifier_differences"],
            "classifier_comparison_figure",
        ),
        make_node(draw_retrieval, ["retrieval_scores", "clustering_scores"], "retrieval_figure"),
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
    ]


def _draw_open_world() -> list[Node]:
    return [
        make_node(draw_zero_shot, ["zero_shot_scores"], "zero_shot_figure"),
        make_node(
            draw_rejection_curves,
            ["rejection_curves", "rejection_scores"],
            "rejection_curves_figure",
        ),
        make_node(
            draw_open_set_accuracy,
            ["rejection_curves", "rejection_scores"],
            "open_set_accuracy_figure",
        ),
        make_node(draw_community_distances, ["community_distances"], "community_distances_figure"),
        make_node(draw_reliability, ["reliability", "confidences"], "reliability_figure"),
    ]

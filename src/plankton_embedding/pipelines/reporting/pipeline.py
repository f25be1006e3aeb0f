"""The reporting pipeline: a table of contents of the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

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
from plankton_embedding.figures.calibration import draw_reliability
from plankton_embedding.figures.chapters import (
    describe_unseen,
    render_classes_chapter,
    render_classifiers_chapter,
    render_components_chapter,
    render_confusions_chapter,
    render_map_chapter,
    render_movement_chapter,
    render_open_world_chapter,
    render_scores_chapter,
    render_training_chapter,
)
from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.class_scores import draw_class_scores
from plankton_embedding.figures.class_similarity import draw_class_similarity
from plankton_embedding.figures.classifier_comparison import draw_classifier_comparison
from plankton_embedding.figures.community import draw_community_distances
from plankton_embedding.figures.confused_pairs import render_confused_pairs
from plankton_embedding.figures.embedding_map import draw_embedding_map
from plankton_embedding.figures.geometry import draw_geometry_over_steps
from plankton_embedding.figures.mistake_severity import draw_mistake_severity
from plankton_embedding.figures.prevalence import draw_weighted_accuracy
from plankton_embedding.figures.radii_over_steps import draw_radii_over_steps
from plankton_embedding.figures.rejection import draw_open_set_accuracy, draw_rejection_curves
from plankton_embedding.figures.retrieval import draw_retrieval
from plankton_embedding.figures.training_curves import draw_training_curves
from plankton_embedding.figures.zero_shot import draw_zero_shot
from plankton_embedding.pipelines.reporting.nodes import (
    figures,
    measurements,
    open_world,
    pages,
)

OPTIONS, SEED = "params:reporting", "params:seed"


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from embeddings to metrics, figures and the report."""
    return Pipeline(
        [
            *_measure_steps(),
            *_measure_classification(),
            *_measure_neighbours(),
            *_measure_open_world(),
            *_collect_metrics(),
            *_draw_training(),
            *_draw_classes(),
            *_draw_embedding(),
            *_draw_scores(),
            *_draw_open_world(),
            *_write_chapters(),
            *_write_report(),
        ]
    )


def _node(
    function: Callable[..., Any],
    inputs: list[str] | dict[str, str],
    outputs: str | list[str],
) -> Node:
    return Node(function, inputs=inputs, outputs=outputs, name=function.__name__)


def _measure_steps() -> list[Node]:
    return [
        _node(predict_by_centroids, ["embeddings"], "predictions"),
        _node(measure_class_geometry, ["embeddings"], "class_geometry"),
        _node(measure_steps, ["embeddings", "predictions", "class_geometry"], "step_metrics"),
        _node(count_confusions_over_steps, ["predictions"], "confusions_over_steps"),
        _node(measurements.score_classes, ["predictions", "class_geometry"], "class_metrics"),
        _node(
            measurements.count_confusions,
            ["predictions", "embeddings", OPTIONS],
            "confusion_counts",
        ),
        _node(measurements.find_confused_pairs, ["confusion_counts", OPTIONS], "confused_pairs"),
        _node(measure_separations, ["embeddings"], "separations"),
        _node(measure_explained_variance, ["embeddings"], "explained_variance"),
    ]


def _measure_classification() -> list[Node]:
    return [
        _node(
            measurements.predict_by_classifiers,
            ["embeddings", OPTIONS, SEED],
            ["classifier_predictions", "classifier_fits"],
        ),
        _node(
            measurements.score_classifiers,
            ["classifier_predictions", "classifier_fits", OPTIONS, SEED],
            "classifier_comparison",
        ),
        _node(compare_in_pairs, ["classifier_predictions"], "classifier_differences"),
        _node(
            measurements.score_raw_pixels,
            ["image_store", "splits", "data_summary", "embedder_card"],
            "raw_pixel_baseline",
        ),
        _node(
            measurements.measure_prevalence,
            ["predictions", "class_counts"],
            ["weighted_accuracy", "class_prevalence"],
        ),
        _node(measurements.score_without_catch_alls, ["embeddings", OPTIONS], "without_catch_alls"),
        _node(
            measurements.measure_mistake_severity,
            ["predictions", "class_geometry"],
            ["mistake_severity", "mistake_severity_summary"],
        ),
    ]


def _measure_neighbours() -> list[Node]:
    return [
        _node(measurements.measure_retrieval, ["embeddings", OPTIONS], "retrieval_scores"),
        _node(measurements.measure_clustering, ["embeddings", OPTIONS, SEED], "clustering_scores"),
        _node(measurements.judge_labels, ["embeddings", "splits", OPTIONS], "label_judgements"),
        _node(
            measurements.rank_label_suspects,
            ["label_judgements", "image_manifest", OPTIONS],
            "label_suspects",
        ),
        _node(
            measurements.map_embedding,
            ["embeddings", "predictions", OPTIONS, SEED],
            "embedding_map",
        ),
    ]


def _measure_open_world() -> list[Node]:
    return [
        _node(
            open_world.measure_zero_shot,
            ["embeddings", "untrained_embeddings", "image_store", "splits", OPTIONS, SEED],
            ["zero_shot_scores", "zero_shot_left_out"],
        ),
        _node(
            open_world.measure_novelty, ["embeddings", "splits", "class_counts", OPTIONS], "novelty"
        ),
        _node(open_world.choose_thresholds, ["novelty", OPTIONS], "novelty_thresholds"),
        _node(
            open_world.measure_rejection,
            ["novelty", "novelty_thresholds", OPTIONS, SEED],
            "rejection_scores",
        ),
        _node(open_world.measure_rejection_curves, ["novelty", OPTIONS], "rejection_curves"),
        _node(measure_class_rejection, ["novelty", "novelty_thresholds"], "class_rejection"),
        _node(
            open_world.measure_community,
            ["novelty", "novelty_thresholds", OPTIONS, SEED],
            "community_distances",
        ),
        _node(count_community, ["novelty", "novelty_thresholds"], "community_counts"),
        _node(
            open_world.measure_calibration,
            ["embeddings", OPTIONS],
            ["confidences", "reliability", "calibration_summary"],
        ),
        _node(
            open_world.summarise_open_world,
            ["rejection_scores", "community_distances", "zero_shot_scores", "calibration_summary"],
            "open_world_summaries",
        ),
    ]


def _collect_metrics() -> list[Node]:
    return [
        _node(
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
        _node(
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


def _draw_training() -> list[Node]:
    return [
        _node(draw_training_curves, ["training_history"], "training_curves"),
        _node(draw_geometry_over_steps, ["step_metrics"], "geometry_over_steps"),
        _node(draw_radii_over_steps, ["class_geometry"], "radii_over_steps"),
        _node(figures.draw_confusion_matrix, ["confusion_counts"], "confusion_matrix"),
        _node(figures.draw_confusion_shares, ["confusion_counts"], "confusion_shares"),
        _node(
            figures.animate_confusions,
            ["confusions_over_steps", "confusion_counts"],
            "confusion_animation",
        ),
        _node(
            figures.draw_confusion_slider,
            ["confusions_over_steps", "confusion_counts"],
            "confusion_slider",
        ),
    ]


def _draw_classes() -> list[Node]:
    return [
        _node(draw_class_counts, ["class_counts"], "class_counts_figure"),
        _node(draw_class_scores, ["class_metrics"], "class_scores_figure"),
        _node(draw_class_similarity, ["separations"], "class_similarity_figure"),
        _node(
            figures.choose_pair_examples,
            ["embeddings", "predictions", "confused_pairs", OPTIONS],
            "pair_examples",
        ),
        _node(
            figures.draw_confused_pairs,
            ["confused_pairs", "pair_examples", "image_store"],
            "confused_pairs_figure",
        ),
        _node(
            figures.collect_suspect_pictures,
            ["embeddings", "label_suspects", "image_store", OPTIONS],
            "suspect_pictures",
        ),
        _node(
            figures.draw_label_suspects,
            ["label_suspects", "suspect_pictures", OPTIONS],
            "label_suspects_figure",
        ),
    ]


def _draw_embedding() -> list[Node]:
    return [
        _node(
            figures.draw_explained_variance,
            ["explained_variance", OPTIONS],
            "explained_variance_figure",
        ),
        _node(figures.draw_component_views, ["embeddings", OPTIONS, SEED], "component_views"),
        _node(figures.draw_standardised_views, ["embeddings", OPTIONS, SEED], "standardised_views"),
        _node(
            figures.draw_principal_components,
            ["embeddings", OPTIONS, SEED],
            "principal_components",
        ),
        _node(figures.follow_training, ["embeddings", OPTIONS, SEED], "embedding_motion"),
        _node(figures.animate_embedding, ["embedding_motion"], "embedding_animation"),
        _node(figures.animate_radii, ["embedding_motion"], "radius_animation"),
        _node(draw_embedding_map, ["embedding_map"], "embedding_map_figure"),
        _node(
            figures.render_embedding_map,
            ["embedding_map", "image_store", OPTIONS],
            "embedding_map_page",
        ),
    ]


def _draw_scores() -> list[Node]:
    return [
        _node(
            draw_classifier_comparison,
            ["classifier_comparison", "classifier_differences"],
            "classifier_comparison_figure",
        ),
        _node(draw_retrieval, ["retrieval_scores", "clustering_scores"], "retrieval_figure"),
        _node(
            draw_weighted_accuracy,
            ["weighted_accuracy", "without_catch_alls"],
            "weighted_accuracy_figure",
        ),
        _node(
            draw_mistake_severity,
            ["mistake_severity", "mistake_severity_summary"],
            "mistake_severity_figure",
        ),
    ]


def _draw_open_world() -> list[Node]:
    return [
        _node(draw_zero_shot, ["zero_shot_scores"], "zero_shot_figure"),
        _node(
            draw_rejection_curves,
            ["rejection_curves", "rejection_scores"],
            "rejection_curves_figure",
        ),
        _node(
            draw_open_set_accuracy,
            ["rejection_curves", "rejection_scores"],
            "open_set_accuracy_figure",
        ),
        _node(draw_community_distances, ["community_distances"], "community_distances_figure"),
        _node(draw_reliability, ["reliability", "confidences"], "reliability_figure"),
    ]


def _write_chapters() -> list[Node]:
    return [
        _node(
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
        _node(
            render_confused_pairs,
            ["confused_pairs", "pair_examples", "image_store"],
            "confused_pairs_section",
        ),
        _node(
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
        _node(
            render_classes_chapter,
            ["class_metrics", "class_scores_figure", "class_similarity_figure"],
            "classes_chapter",
        ),
        _node(
            render_components_chapter,
            [
                "explained_variance_figure",
                "component_views",
                "standardised_views",
                "principal_components",
            ],
            "components_chapter",
        ),
        _node(
            render_movement_chapter,
            ["embedding_animation", "radius_animation"],
            "movement_chapter",
        ),
        _node(render_map_chapter, ["embedding_map", "embedding_map_figure"], "map_chapter"),
        _node(
            render_classifiers_chapter,
            [
                "classifier_comparison",
                "classifier_differences",
                "classifier_comparison_figure",
            ],
            "classifiers_chapter",
        ),
        _node(
            render_scores_chapter,
            [
                "metrics",
                "retrieval_figure",
                "weighted_accuracy_figure",
                "mistake_severity_figure",
            ],
            "scores_chapter",
        ),
        _node(
            describe_unseen,
            ["zero_shot_scores", "zero_shot_left_out", "novelty"],
            "unseen_description",
        ),
        _node(
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
        _node(
            pages.render_suspects_chapter,
            ["label_suspects", "label_judgements", "suspect_pictures", OPTIONS],
            "suspects_chapter",
        ),
        _node(
            pages.render_data_chapter,
            ["class_counts", "image_manifest", "data_summary", "embedder_card", OPTIONS],
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
    return [_node(pages.render_report, ["metrics", "data_summary", OPTIONS, *chapters], "report")]

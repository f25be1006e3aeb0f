"""Classes that the network never saw, unknown images, and how sure it is."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.community_counts import count_community
from plankton_embedding.analysis.rejection_curves import measure_class_rejection
from plankton_embedding.figures.calibration import draw_reliability
from plankton_embedding.figures.chapters import describe_unseen, render_open_world_chapter
from plankton_embedding.figures.community import draw_community_distances
from plankton_embedding.figures.rejection import draw_open_set_accuracy, draw_rejection_curves
from plankton_embedding.figures.zero_shot import draw_zero_shot
from plankton_embedding.pipelines.reporting.nodes import open_world
from plankton_embedding.pipelines.reporting.parts import (
    GALLERY,
    OPTIONS,
    PAGE,
    SEED,
    make_chapter,
    make_node,
)


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "open_world",
        [
            make_node(
                open_world.measure_zero_shot,
                [
                    "reported_embeddings",
                    "closed_form_embeddings",
                    "image_store",
                    "splits",
                    OPTIONS,
                    SEED,
                ],
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
            make_node(
                open_world.measure_rejection_curves, ["novelty", OPTIONS], "rejection_curves"
            ),
            make_node(
                measure_class_rejection, ["novelty", "novelty_thresholds"], "class_rejection"
            ),
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
                [
                    "rejection_scores",
                    "community_distances",
                    "zero_shot_scores",
                    "calibration_summary",
                ],
                "open_world_summaries",
            ),
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
            make_node(
                draw_community_distances, ["community_distances"], "community_distances_figure"
            ),
            make_node(draw_reliability, ["reliability", "confidences"], "reliability_figure"),
            make_node(
                describe_unseen,
                ["zero_shot_scores", "zero_shot_left_out", "novelty"],
                "unseen_description",
                tags=(PAGE,),
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
        ],
    )

"""The reporting pipeline: from embeddings to metrics, figures and the report."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline

from plankton_embedding.pipelines.reporting.chapters import (
    classes,
    classifiers,
    components,
    confusions,
    data,
    label_suspects,
    map,
    movement,
    open_world,
    scores,
    steps,
)
from plankton_embedding.pipelines.reporting.nodes.pages import render_report
from plankton_embedding.pipelines.reporting.parts import OPTIONS, make_node


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline: chapters, in the order of the report, and the report of them."""
    return Pipeline(
        [
            steps.create_chapter(),
            confusions.create_chapter(),
            classes.create_chapter(),
            components.create_chapter(),
            movement.create_chapter(),
            map.create_chapter(),
            classifiers.create_chapter(),
            scores.create_chapter(),
            open_world.create_chapter(),
            label_suspects.create_chapter(),
            data.create_chapter(),
            make_node(
                render_report,
                [
                    "metrics",
                    "data_summary",
                    OPTIONS,
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
                ],
                "report",
            ),
        ]
    )

"""The sweep pipeline: from the trials of a study to a comparison of them."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.figures.sweep_accuracy import draw_sweep_accuracy
from plankton_embedding.figures.sweep_parameters import draw_sweep_parameters
from plankton_embedding.pipelines.sweep.nodes import tabulate_trials


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline; `kedro sweep` runs it after the last trial."""
    return Pipeline(
        [
            Node(
                tabulate_trials,
                inputs=["sweep_studies", "params:sweep"],
                outputs=["sweep_trials", "sweep_steps"],
                name="tabulate_trials",
            ),
            Node(
                draw_sweep_accuracy,
                inputs=["sweep_trials", "sweep_steps"],
                outputs="sweep_accuracy_figure",
                name="draw_sweep_accuracy",
            ),
            Node(
                draw_sweep_parameters,
                inputs="sweep_trials",
                outputs="sweep_parameters_figure",
                name="draw_sweep_parameters",
            ),
        ]
    )

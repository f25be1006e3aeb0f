"""Kedro hooks: what can be known to fail does so before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from plankton_embedding.checks import (
    check_inputs,
    check_processes,
    check_raw_images,
    check_runner,
)
from plankton_embedding.parameters import validate_parameters


class CheckingHooks:
    """Validates all parameters, and what can be known to fail before any work is done."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Validate ``conf/`` and ``--params`` against the typed models.

        Raises
        ------
        ParameterError
            If a key is unknown or missing, or a value impossible.
        """
        # Not `context.params`: Kedro validates those by the nodes' types, in words of its own.
        self._parameters = validate_parameters(context.config_loader["parameters"])
        self._project = Path(context.project_path)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check the inputs of the run, and device and initial weights where it trains.

        Raises
        ------
        RunnerError, RanksError, MissingInputError, ParameterError, DeviceError, WeightsError
            See `check_runner`, `check_processes`, `check_inputs`, `check_raw_images` and
            `check_training`.
        """
        check_runner(run_params["runner"], pipeline)
        check_processes(pipeline)
        check_inputs(pipeline, catalog)
        if "raw_images" in pipeline.inputs():
            check_raw_images(catalog, self._parameters.images, self._project)
        if any(node.name == "train_embedder" for node in pipeline.nodes):
            from plankton_embedding.training.preflight import check_training

            parameters = self._parameters
            check_training(parameters.embedder, parameters.training, parameters.preprocess)

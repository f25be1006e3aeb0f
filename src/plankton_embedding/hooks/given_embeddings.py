"""Kedro hooks: reports on embeddings that were made elsewhere."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from plankton_embedding.checks import check_reports_only
from plankton_embedding.parameters import validate_parameters


class GivenEmbeddingsHooks:
    """Reports on embeddings that were made elsewhere, where the parameter ``embeddings`` asks."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the parameter."""
        given = validate_parameters(context.config_loader["parameters"]).embeddings
        self._folder = given and Path(context.project_path, Path(given).expanduser())

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Put what was given in the place of what training would have left.

        Raises
        ------
        ParameterError
            If the run would make embeddings itself.
        EmbeddingsError
            If those given are not what can be reported on.
        """
        if not self._folder:
            return
        check_reports_only(pipeline)
        from plankton_embedding.analysis.given_report import given_report_inputs

        for name, value in given_report_inputs(self._folder).items():
            if name in pipeline.inputs():
                _replace_dataset(catalog, name, value)


def _replace_dataset(catalog: Any, name: str, value: Any) -> None:
    # Kedro warns whenever a dataset is replaced.
    kedro_logger = logging.getLogger("kedro.io.data_catalog")
    level = kedro_logger.level
    kedro_logger.setLevel(logging.ERROR)
    catalog[name] = MemoryDataset(value, copy_mode="assign")
    kedro_logger.setLevel(level)

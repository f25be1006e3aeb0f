"""Kedro hooks: every run of any pipeline is tracked in MLflow."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from plankton_embedding.errors import UserError
from plankton_embedding.hooks.run_record import RunRecord
from plankton_embedding.hooks.stages import stages_of
from plankton_embedding.interruption import Interruption
from plankton_embedding.parameters import Parameters, validate_parameters
from plankton_embedding.tracking.begin import begin_run
from plankton_embedding.tracking.options import read_options

logger = logging.getLogger(__name__)

# What a run is made for: it ends by saying where they are.
_RESULTS = {
    *("embedder", "report", "data_report", "class_gallery", "class_predictions_table"),
    *("ecotaxa_predictions", "review_page", "enrolment"),
}


class TrackingHooks:
    """Tracks every run of any pipeline in MLflow.

    What a dataset contributes stands in its catalogue entry, under ``metadata: mlflow``; see
    `RunRecord`.
    """

    def __init__(self) -> None:
        self._record: RunRecord | None = None
        self._interruption = Interruption()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep what the run's record needs."""
        self._project = Path(context.project_path)
        self._parameters = validate_parameters(context.config_loader["parameters"])
        self._options = read_options(context.config_loader["mlflow"])

    @hook_impl(wrapper=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> Generator[None, Any, Any]:
        """Begin the MLflow run; one that the checks refuse is tracked as failed."""
        # One that was left by Ctrl-C, in a notebook.
        self._end("KILLED")
        try:
            self._begin(run_params, pipeline, catalog)
            return (yield)
        except Exception as error:
            self.on_pipeline_error(error)
            raise

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Take the time of the node."""
        if self._record:
            self._record.durations.see(node.name)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Log which version of which data the run reads."""
        if self._record:
            self._record.read(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Log what a dataset's catalogue entry asks for."""
        if self._record:
            self._record.durations.see(node.name)
            self._record.saved(dataset_name, data)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Register the model of a new gallery, end the MLflow run, say where the results are."""
        for name in sorted(pipeline.all_outputs() & _RESULTS):
            dataset: Any = catalog.get(name)
            logger.info("Saved the %s in %s", name.replace("_", " "), dataset._get_load_path())
        # The last of what a registered model is made of.
        if "decision_rule" in pipeline.all_outputs() and self._options.registered_model:
            self._register(catalog, self._options.registered_model)
        run = self._record.run if self._record else None
        self._end("FINISHED")
        if run and not run.kept_in:
            logger.info("Tracked as MLflow run %s", run.run_id)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """End the MLflow run as failed, with the error; as killed, if that is where it is from."""
        if self._interruption.received:
            self._end("KILLED")
        if self._record:
            self._record.run.set_tag("error", f"{type(error).__name__}: {error}")
        self._end("FAILED")

    def _begin(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        names, run_id = run_params.get("pipeline_names") or [], run_params["run_id"]
        stages = stages_of(pipeline, names)
        tags = {
            "kedro.run_id": run_id,
            "kedro.pipelines": ", ".join(names or ["__default__"]),
            "kedro.env": run_params.get("env") or "local",
            "stages": ", ".join(dict.fromkeys(stages.values())),
        }
        # MLflow cuts names short: what tells two runs apart comes first.
        moment = run_id[5:19].replace("T", " ").replace(".", ":")
        title = f"{moment} {', '.join(names) or 'all stages'}"
        run = begin_run(self._options, self._project, title, tags, untracked=run_id)
        self._record = RunRecord(run, catalog, stages)
        # Ctrl-C ends a run without any hook being called.
        atexit.register(self._end, "KILLED")
        self._interruption.watch()
        self._record.begin(
            self._project,
            acting_parameters(self._parameters, pipeline),
            self._options.system_metrics_seconds,
        )

    def _register(self, catalog: CatalogProtocol, name: str) -> None:
        if self._record is None:
            return
        from plankton_embedding.registration import register_latest

        try:
            made = register_latest(catalog, self._parameters, self._record.run, name)
        except UserError as error:
            # All that the run was for is on the disk.
            logger.warning("No model was registered: %s", error)
            return
        if made:
            logger.info("Registered the model models:/%s/%s", name, made)

    def _end(self, status: str) -> None:
        record, self._record = self._record, None
        if record is not None:
            record.end(status)
            atexit.unregister(self._end)
            self._interruption.release()


def acting_parameters(parameters: Parameters, pipeline: Pipeline) -> dict[str, Any]:
    """Return the parameters that a pipeline reads, nested as in ``conf/``.

    The others say nothing about its run: reporting alone reports on an embedder that was trained
    with parameters of its own.
    """
    inputs = pipeline.inputs()
    read = {name.removeprefix("params:") for name in inputs if name.startswith("params:")}
    if parameters.embeddings:
        read.add("embeddings")
    if "raw_images" in inputs:
        read.add("images")
    return {
        name: value
        for name, value in parameters.model_dump(mode="json").items()
        if name in {place.partition(".")[0] for place in read}
    }

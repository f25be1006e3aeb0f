"""Kedro hooks: a run is checked before it begins, and tracked in MLflow while it goes on."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from plankton_embedding.checks import (
    check_inputs,
    check_processes,
    check_raw_images,
    check_reports_only,
    check_runner,
)
from plankton_embedding.errors import UserError
from plankton_embedding.interruption import Interruption
from plankton_embedding.parameters import Parameters, validate_parameters
from plankton_embedding.tracking import TrackedRun, begin_run, read_options

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

# What a run is made for: it ends by saying where they are.
_RESULTS = {
    *("embedder", "report", "data_report", "class_gallery", "class_predictions_table"),
    *("ecotaxa_predictions", "review_page", "enrolment"),
}


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

            check_training(self._parameters.embedder, self._parameters.training)


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


class RejectsHooks:
    """Ends a run that looked for images with a count of the files that it could not use."""

    def __init__(self) -> None:
        self._rejected: pd.DataFrame | None = None

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keep the list."""
        if dataset_name == "rejected_images":
            self._rejected = data

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Say how many there are, and where they are listed."""
        rejected, self._rejected = self._rejected, None
        if rejected is None:
            return
        if rejected.empty:
            logger.info("All files that were found are used")
            return
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in _count_kinds(rejected).items())
        dataset: Any = catalog.get("rejected_images")
        logger.warning(
            "%s files are not used: %s; listed in %s",
            *(f"{len(rejected):,}", kinds, dataset._get_load_path()),
        )


def _count_kinds(rejected: pd.DataFrame) -> pd.Series:
    from plankton_embedding.images.rejects import count_kinds

    return count_kinds(rejected["reason"])


class TrackingHooks:
    """Tracks every run of any pipeline in MLflow.

    What a dataset contributes stands in its catalogue entry, under ``metadata: mlflow``:
    ``artifact: FOLDER`` logs its file, ``metrics: true`` its nested numbers, ``metrics_by:
    COLUMN`` the numbers of a table by the step in that column.
    """

    def __init__(self) -> None:
        self._run: TrackedRun | None = None
        self._catalog: CatalogProtocol | None = None
        self._interruption = Interruption()
        self._made_gallery = False

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
        self._catalog, self._made_gallery = catalog, False
        self._begin(run_params, pipeline)
        try:
            return (yield)
        except Exception as error:
            self.on_pipeline_error(error)
            raise

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Tag the run with the fingerprint of the data that it reads."""
        self._tag_fingerprint(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Log what a dataset's catalogue entry asks for."""
        if self._run is None or self._catalog is None:
            return
        self._tag_fingerprint(dataset_name, data)
        # The last of what a registered model is made of.
        self._made_gallery |= dataset_name == "decision_rule"
        if dataset_name == "checkpoints" and data.continues:
            self._run.continue_run(data.continues)
        dataset: Any = self._catalog.get(dataset_name)
        wanted = (getattr(dataset, "metadata", None) or {}).get("mlflow", {})
        if wanted.get("metrics"):
            self._run.log_metrics(data)
        if "metrics_by" in wanted:
            self._run.log_table(data, wanted["metrics_by"])
        if "artifact" in wanted:
            self._run.log_artifact(Path(dataset._get_load_path()), wanted["artifact"])

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Register the model of a new gallery, end the MLflow run, say where the results are."""
        for name in sorted(pipeline.all_outputs() & _RESULTS):
            dataset: Any = self._catalog.get(name) if self._catalog else None
            logger.info("Saved the %s in %s", name.replace("_", " "), dataset._get_load_path())
        if self._made_gallery and self._options.registered_model:
            self._register(self._options.registered_model)
        if self._run is not None:
            logger.info("Tracked as MLflow run %s", self._run.run_id)
        self._end("FINISHED")

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """End the MLflow run as failed, with the error; as killed, if that is where it is from."""
        if self._interruption.received:
            self._end("KILLED")
        if self._run is not None:
            self._run.set_tag("error", f"{type(error).__name__}: {error}")
        self._end("FAILED")

    def _begin(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        pipelines = ", ".join(run_params.get("pipeline_names") or ["__default__"])
        self._run = begin_run(
            self._options,
            self._project,
            f"{pipelines} {run_params['run_id']}",
            {
                "kedro.run_id": run_params["run_id"],
                "kedro.pipelines": pipelines,
                "kedro.env": run_params.get("env") or "local",
            },
        )
        # Ctrl-C ends a run without any hook being called.
        atexit.register(self._end, "KILLED")
        self._interruption.watch()
        self._run.log_parameters(acting_parameters(self._parameters, pipeline))

    def _register(self, name: str) -> None:
        if self._run is None or self._catalog is None:
            return
        from plankton_embedding.registration import register_latest

        try:
            made = register_latest(self._catalog, self._parameters, self._run, name)
        except UserError as error:
            # All that the run was for is on the disk.
            logger.warning("No model was registered: %s", error)
            return
        logger.info("Registered the model models:/%s/%s", name, made)

    def _tag_fingerprint(self, dataset_name: str, data: Any) -> None:
        if self._run is None:
            return
        if dataset_name == "data_summary":
            self._run.set_tag("data_fingerprint", data["fingerprint"])
        elif dataset_name == "image_store" and hasattr(data, "card"):
            self._run.set_tag("data_fingerprint", data.card.fingerprint)

    def _end(self, status: str) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.finish(status)
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

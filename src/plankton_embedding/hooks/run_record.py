"""What is logged of a run of a pipeline, as its datasets are read and saved."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol, DatasetError

from plankton_embedding.tracking.durations import Durations
from plankton_embedding.tracking.monitor import SystemMonitor
from plankton_embedding.tracking.origin import write_origin
from plankton_embedding.tracking.provenance import (
    RUN_FILE,
    Provenance,
    describe_dataset,
    read_run_id,
    run_file,
)
from plankton_embedding.tracking.run import TrackedRun
from plankton_embedding.training.epoch_listeners import listen_to_epochs

logger = logging.getLogger(__name__)

# The folder of artifacts that say where a run comes from.
_ORIGIN = "origin"


class RunRecord:
    """Logs to an MLflow run what the catalogue asks for.

    Under ``metadata: mlflow`` of a dataset: ``artifact: FOLDER`` logs its file; ``metrics: true``
    its nested numbers; ``metrics_by: COLUMN`` the numbers of a table by the step in that column;
    ``input: true`` its fingerprint, as one of the run's datasets; ``names_run: true`` writes
    beside it which run made it.

    Parameters
    ----------
    run
        That is logged to.
    catalog
        Of the run.
    stages
        Stage of each node, by its name.
    """

    def __init__(
        self, run: TrackedRun, catalog: CatalogProtocol, stages: Mapping[str, str]
    ) -> None:
        self.run = run
        self.durations = Durations(stages)
        self._catalog = catalog
        self._provenance = Provenance()
        self._described: set[str] = set()
        self._monitor: SystemMonitor | None = None
        self._stop_listening = listen_to_epochs(lambda row: run.log_row(row, "epoch"))

    def begin(
        self, project: Path, parameters: dict[str, Any], system_metrics_seconds: float | None
    ) -> None:
        """Log the parameters and where the run comes from, and watch the machine from now on."""
        self.run.log_parameters(parameters)
        with tempfile.TemporaryDirectory() as folder:
            write_origin(project, Path(folder))
            self.run.log_artifact(Path(folder), _ORIGIN, is_temporary=True)
        if system_metrics_seconds:
            self._monitor = SystemMonitor(self.run, system_metrics_seconds)

    def read(self, name: str, data: Any) -> None:
        """Log which version of a dataset is read."""
        dataset: Any = self._catalog.get(name)
        if self._provenance.note(name, dataset, "read"):
            self._tag_version(name)
        self._describe(name, dataset, data)
        self._tag_fingerprint(name, data)

    def saved(self, name: str, data: Any) -> None:
        """Log what the catalogue asks for."""
        dataset: Any = self._catalog.get(name)
        wanted = self._wanted(dataset)
        if self._provenance.note(name, dataset, "made"):
            self._tag_version(name)
            if wanted.get("names_run"):
                self.run.name_in(run_file(dataset))
        self._tag_fingerprint(name, data)
        if name == "checkpoints":
            self._tag_training(data)
        if wanted.get("metrics"):
            self.run.log_metrics(data)
        if "metrics_by" in wanted:
            self.run.log_table(data, wanted["metrics_by"])
        if "artifact" in wanted:
            self.run.log_artifact(Path(dataset._get_load_path()), wanted["artifact"])

    def end(self, status: str) -> None:
        """Log what is known at the end, and end the run."""
        self._stop_listening()
        if self._monitor:
            self._monitor.stop()
        if status == "FINISHED":
            for name in self._provenance.made():
                self._describe(name, self._catalog.get(name))
        seconds = {f"seconds.{stage}": taken for stage, taken in self.durations.stages().items()}
        self.run.log_values(seconds, 0)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "datasets.json").write_text(self._provenance.to_json() + "\n")
            taken = json.dumps(self.durations.nodes(), indent=2)
            Path(folder, "node_seconds.json").write_text(taken + "\n")
            self.run.log_artifact(Path(folder), _ORIGIN, is_temporary=True)
        self.run.finish(status)

    @staticmethod
    def _wanted(dataset: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = (getattr(dataset, "metadata", None) or {}).get("mlflow", {})
        return wanted

    def _describe(self, name: str, dataset: Any, data: Any = None) -> None:
        """Log a dataset's fingerprint, once; what the run makes when it is whole."""
        if name in self._described or not self._wanted(dataset).get("input"):
            return
        self._described.add(name)
        context = "made" if self._provenance.was_made(name) else "read"
        try:
            data = dataset.load() if data is None else data
            self.run.log(describe_dataset(name, dataset, data, context))
        except (DatasetError, OSError) as error:
            logger.warning("MLflow does not get the fingerprint of %s: %s", name, error)

    def _tag_version(self, name: str) -> None:
        """Tag the run with the version of the embedder or the gallery that it is about."""
        version = self._provenance.version(name)
        if version is None or name not in _TAGGED:
            return
        self.run.set_tag(f"{_TAGGED[name]}_version", version)
        home: Any = self._catalog.get(_TAGGED[name])
        maker = read_run_id(Path(home._filepath) / version / RUN_FILE)
        if maker and not self._provenance.was_made(name):
            self.run.set_tag(f"{_TAGGED[name]}_run", maker)

    def _tag_training(self, checkpoint: Any) -> None:
        if checkpoint.continues:
            self.run.continue_run(checkpoint.continues)
        self.run.set_tag("device", checkpoint.card.computed_on)

    def _tag_fingerprint(self, name: str, data: Any) -> None:
        if name == "data_summary":
            self.run.set_tag("data_fingerprint", data["fingerprint"])
        elif name == "image_store" and hasattr(data, "card"):
            self.run.set_tag("data_fingerprint", data.card.fingerprint)


# The datasets that say which version of what a run is about.
_TAGGED = {"embedder": "embedder", "embedder_card": "embedder", "class_gallery": "class_gallery"}

"""What a run logs, each as a value: sent to MLflow at once, or kept on disk and sent later.

Each can be sent twice: what MLflow has already, it takes as it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from plankton_embedding.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's own limit.
_LONGEST_DIGEST = 36
_PARENT = "mlflow.parentRunId"


class GoneError(UserError):
    """A file that was to be sent is no longer there."""


@dataclass(frozen=True)
class Call:
    """Something to be logged to a run."""

    kinds: ClassVar[dict[str, type[Call]]] = {}

    def __init_subclass__(cls) -> None:
        Call.kinds[cls.__name__] = cls

    def send(self, client: MlflowClient, run_id: str) -> Any:
        """Log it."""
        raise NotImplementedError

    def to_json(self) -> str:
        """Write it as one line."""
        return json.dumps({"call": type(self).__name__, **asdict(self)})

    @staticmethod
    def from_json(line: str | bytes) -> Call:
        """Read what `to_json` wrote."""
        values = json.loads(line)
        return Call.kinds[values.pop("call")](**values)


@dataclass(frozen=True)
class LogBatch(Call):
    """Log metrics (name, value, milliseconds since 1970, step), parameters and tags."""

    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    params: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)

    def send(self, client: MlflowClient, run_id: str) -> None:
        """Log it in one request."""
        from mlflow.entities import Metric, Param, RunTag

        client.log_batch(
            run_id,
            metrics=[Metric(*metric) for metric in self.metrics],
            params=[Param(*param) for param in self.params],
            tags=[RunTag(*tag) for tag in self.tags],
        )


@dataclass(frozen=True)
class LogArtifact(Call):
    """Log a file, or a folder with all that is in it."""

    path: str
    folder: str | None
    is_temporary: bool = False

    def send(self, client: MlflowClient, run_id: str) -> None:
        """Upload it.

        Raises
        ------
        GoneError
            If it is no longer there.
        """
        path = Path(self.path)
        if not path.exists():
            raise GoneError(f"{path} is no longer there, and so cannot be logged.")
        log = client.log_artifacts if path.is_dir() else client.log_artifact
        log(run_id, str(path), self.folder)


@dataclass(frozen=True)
class LogDataset(Call):
    """Log what a run read or made, by its fingerprint.

    Attributes
    ----------
    name, fingerprint, source
        The dataset; MLflow shows the first 36 digits of its fingerprint.
    context
        ``read`` or ``made``.
    profile, columns
        What else is known of it; the types of a table's columns by their names.
    """

    name: str
    fingerprint: str
    source: str
    context: str
    profile: dict[str, Any]
    columns: dict[str, str]

    def send(self, client: MlflowClient, run_id: str) -> None:
        """Log it as one of the run's datasets."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        schema = [{"name": name, "type": kind} for name, kind in self.columns.items()]
        dataset = Dataset(
            self.name,
            self.fingerprint[:_LONGEST_DIGEST],
            source_type="local",
            source=json.dumps({"uri": self.source}),
            schema=json.dumps({"mlflow_colspec": schema}) if schema else None,
            profile=json.dumps(self.profile | {"fingerprint": self.fingerprint}),
        )
        tag = InputTag("mlflow.data.context", self.context)
        client.log_inputs(run_id, [DatasetInput(dataset, [tag])])


@dataclass(frozen=True)
class RegisterModel(Call):
    """Make a model that was logged as an artifact a version of a registered model."""

    folder: str
    name: str
    tags: dict[str, str]

    def send(self, client: MlflowClient, run_id: str) -> str:
        """Register it and return the version."""
        from mlflow.exceptions import MlflowException

        try:
            client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"{client.get_run(run_id).info.artifact_uri}/{self.folder}"
        there = client.search_model_versions(f"run_id = '{run_id}'")
        made = next(
            (one for one in there if one.name == self.name and one.source == source), None
        ) or client.create_model_version(self.name, source, run_id, self.tags)
        client.set_tag(run_id, "registered_model", f"models:/{self.name}/{made.version}")
        return str(made.version)


@dataclass(frozen=True)
class ContinueRun(Call):
    """Put the interrupted run whose training this one goes on with below this one.

    MLflow's table and charts hide children until they are asked for, so that one row a training
    is left, that with its whole history. A run that was finished keeps its own row.

    Attributes
    ----------
    version
        Of that training in the catalogue, which is the ``kedro.run_id`` of its run.
    """

    version: str

    def send(self, client: MlflowClient, run_id: str) -> None:
        """Find that run, and end it if it could not say itself that it was ended."""
        experiment = client.get_run(run_id).info.experiment_id
        found = client.search_runs([experiment], f"tags.`kedro.run_id` = '{self.version}'")
        if not found:
            return
        before = found[0]
        client.set_tag(run_id, "continues_run", before.info.run_id)
        # SIGKILL, or the machine.
        if before.info.status == "RUNNING":
            client.set_terminated(before.info.run_id, "KILLED")
        # One of a study has its place already.
        if before.info.status != "FINISHED" and _PARENT not in before.data.tags:
            client.set_tag(before.info.run_id, _PARENT, run_id)


@dataclass(frozen=True)
class NameRun(Call):
    """Write beside a dataset which run made it."""

    path: str
    facts: dict[str, str]

    def send(self, client: MlflowClient | None, run_id: str) -> None:
        """Write the file; MLflow is not asked."""
        content = json.dumps({"mlflow_run_id": run_id, **self.facts}, indent=2)
        Path(self.path).write_text(content + "\n", encoding="utf-8")


@dataclass(frozen=True)
class FinishRun(Call):
    """End the run: FINISHED, FAILED or KILLED, at a time in milliseconds since 1970."""

    status: str
    end_time: int

    def send(self, client: MlflowClient, run_id: str) -> None:
        """End it."""
        client.set_terminated(run_id, self.status, self.end_time)

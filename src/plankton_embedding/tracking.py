"""Tracking a run of the pipelines in MLflow: what is logged, and how."""

from __future__ import annotations

import getpass
import logging
import numbers
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from plankton_embedding.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Metric

# MLflow's own limits on one request.
_PARAMS_A_BATCH, _METRICS_A_BATCH = 100, 1000
_LONGEST_TAG = 5000
_LOCAL_STORE = "sqlite:///"


class TrackingOptions(BaseModel):
    """``conf/*/mlflow.yml``.

    Attributes
    ----------
    tracking_uri
        Where runs are kept; a relative ``sqlite:///`` path counts from the project's folder.
        The environment variable ``MLFLOW_TRACKING_URI`` goes before it.
    experiment
        The experiment that runs belong to; ``MLFLOW_EXPERIMENT_NAME`` goes before it.
    registered_model
        Name of the registered model that every new gallery makes a version of; None: of none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_uri: str
    experiment: str
    registered_model: str | None


class TrackingError(UserError):
    """MLflow's configuration is wrong, or its store cannot be reached."""


def read_options(values: dict[str, Any]) -> TrackingOptions:
    """Validate ``mlflow.yml``.

    Raises
    ------
    TrackingError
        If a key is unknown or missing.
    """
    try:
        return TrackingOptions.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{p['loc'][0]}: {p['msg']}" for p in error.errors())
        raise TrackingError(f"conf/*/mlflow.yml is wrong: {problems}.") from None


def absolute_uri(uri: str, project: Path) -> str:
    """Return a tracking URI that does not hang on the working directory."""
    path = uri.removeprefix(_LOCAL_STORE)
    is_relative = uri.startswith(_LOCAL_STORE) and not path.startswith("/")
    return f"{_LOCAL_STORE}{(project / path).as_posix()}" if is_relative else uri


def tracking_uri(options: TrackingOptions, project: Path) -> str:
    """Return where a project's runs are kept."""
    return absolute_uri(os.environ.get("MLFLOW_TRACKING_URI", options.tracking_uri), project)


class TrackedRun:
    """One MLflow run.

    Parameters
    ----------
    uri
        Absolute tracking URI. Artifacts of an SQLite store lie beside its file.
    experiment
        Name of the experiment; made where it does not exist.
    name
        The run's name.
    tags
        The run's tags.
    """

    def __init__(self, uri: str, experiment: str, name: str, tags: dict[str, str]) -> None:
        # SQLite stores are set up by migrations that tell of each of their steps.
        for noisy in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        # MLflow reports its use to its makers unless told not to.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        # It takes seconds to import; commands that run nothing do not need it.
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            self._client = MlflowClient(tracking_uri=uri)
            self.run_id = self._create_run(uri, experiment, name, tags)
        except MlflowException as error:
            raise TrackingError(
                f"the MLflow store {uri} cannot be used: {error}. Set MLFLOW_TRACKING_URI or "
                "tracking_uri in conf/local/mlflow.yml."
            ) from error
        self._logged: set[tuple[str, int]] = set()
        self._continues = ""

    def _create_run(self, uri: str, experiment: str, name: str, tags: dict[str, str]) -> str:
        place = None
        if uri.startswith(_LOCAL_STORE):
            place = Path(uri.removeprefix(_LOCAL_STORE)).with_name("mlartifacts").as_uri()
        found = self._client.get_experiment_by_name(experiment)
        experiment_id = (
            found.experiment_id if found else self._client.create_experiment(experiment, place)
        )
        run = self._client.create_run(experiment_id, tags=tags, run_name=name)
        return str(run.info.run_id)

    def log_parameters(self, values: dict[str, Any]) -> None:
        """Log nested parameters under dotted names."""
        from mlflow.entities import Param

        params = [Param(name, str(value)) for name, value in flatten(values)]
        for start in range(0, len(params), _PARAMS_A_BATCH):
            self._client.log_batch(self.run_id, params=params[start : start + _PARAMS_A_BATCH])

    def log_table(self, table: pd.DataFrame, by: str) -> None:
        """Log the numbers of each row as metrics at the step that a column names."""
        values = table.drop(columns=[name for name in ("step", "epoch") if name in table])
        values = values.select_dtypes("number")
        self._log(
            (str(name), float(value), int(step))
            for step, row in zip(table[by], values.to_dict("records"), strict=True)
            for name, value in row.items()
        )

    def log_metrics(self, metrics: dict[str, Any]) -> None:
        """Log nested metrics under dotted names; those under ``steps`` at their step."""
        by_step = metrics.get("steps", {})
        self._log(
            (name, float(value), int(step))
            for step, values in by_step.items()
            for name, value in flatten(values)
        )
        rest = {name: value for name, value in metrics.items() if name != "steps"}
        self._log(
            (name, float(value), 0)
            for name, value in flatten(rest)
            if isinstance(value, numbers.Real)
        )

    def log_artifact(self, path: Path, folder: str) -> None:
        """Log a file, or a folder with all that is in it."""
        log = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
        log(self.run_id, str(path), folder)

    def register_model(self, folder: str, name: str, tags: dict[str, str]) -> str:
        """Make a model that was logged as an artifact a version of a registered model.

        Parameters
        ----------
        folder
            The model's place among the artifacts.
        name
            Of the registered model; made where there is none.
        tags
            Of the version.

        Returns
        -------
        str
            The version.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        place = self._client.get_run(self.run_id).info.artifact_uri
        made = self._client.create_model_version(name, f"{place}/{folder}", self.run_id, tags)
        self.set_tag("registered_model", f"models:/{name}/{made.version}")
        return str(made.version)

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag, cut to the length that MLflow takes."""
        self._client.set_tag(self.run_id, name, value[:_LONGEST_TAG])

    def continue_run(self, continues: str) -> None:
        """Make this run a child of the one whose training it goes on with.

        Parameters
        ----------
        continues
            That training's version, which is the ``kedro.run_id`` of its run, and its last step
            kept: ``VERSION, step N``.
        """
        if self._continues == continues:
            return
        self._continues = continues
        self.set_tag("training.continues", continues)
        version = continues.partition(",")[0]
        experiment = self._client.get_run(self.run_id).info.experiment_id
        found = self._client.search_runs([experiment], f"tags.`kedro.run_id` = '{version}'")
        if found:
            before = found[0].info
            self.set_tag("mlflow.parentRunId", before.run_id)
            # One that was ended by SIGKILL or by a machine could not say so itself.
            if before.status == "RUNNING":
                self._client.set_terminated(before.run_id, "KILLED")

    def finish(self, status: str) -> None:
        """End the run: FINISHED, FAILED or KILLED."""
        self._client.set_terminated(self.run_id, status)

    def _log(self, values: Iterator[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics: list[Metric] = []
        for name, value, step in values:
            # Reporting measures again what modelling logged while it trained: once is enough.
            if value == value and (name, step) not in self._logged:
                self._logged.add((name, step))
                metrics.append(Metric(name, value, now, step))
        for start in range(0, len(metrics), _METRICS_A_BATCH):
            self._client.log_batch(self.run_id, metrics=metrics[start : start + _METRICS_A_BATCH])


def begin_run(
    options: TrackingOptions, project: Path, name: str, tags: dict[str, str]
) -> TrackedRun:
    """Begin a run where the options, or MLflow's environment variables, say."""
    return TrackedRun(
        tracking_uri(options, project),
        os.environ.get("MLFLOW_EXPERIMENT_NAME", options.experiment),
        name,
        {**origin_tags(project), **tags},
    )


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dictionaries under dotted names."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def origin_tags(project: Path) -> dict[str, str]:
    """Return where a run comes from: user, command, git commit, and whether the tree was dirty.

    The tags of git are left out where the project is not in a git repository.
    """
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.name": Path(sys.argv[0]).name,
        "mlflow.source.type": "LOCAL",
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:_LONGEST_TAG],
    }
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return tags
    changes = _git(project, "status", "--porcelain")
    return tags | {"mlflow.source.git.commit": commit, "git.dirty": str(bool(changes)).lower()}


def _git(project: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=project, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

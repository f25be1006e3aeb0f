"""Where runs are tracked: ``conf/*/mlflow.yml`` and MLflow's own environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plankton_embedding.errors import UserError

LOCAL_STORE = "sqlite:///"


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
    system_metrics_seconds
        How often the load of processors, memory, disk, network and GPUs is logged; None: never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_uri: str
    experiment: str
    registered_model: str | None
    system_metrics_seconds: float | None = Field(gt=0)


class TrackingError(UserError):
    """MLflow's configuration is wrong, or its store cannot be used."""


def read_options(values: dict[str, Any]) -> TrackingOptions:
    """Validate ``mlflow.yml``.

    Raises
    ------
    TrackingError
        If a key is unknown or missing, or a value impossible.
    """
    try:
        return TrackingOptions.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{p['loc'][0]}: {p['msg']}" for p in error.errors())
        raise TrackingError(f"conf/*/mlflow.yml is wrong: {problems}.") from None


def tracking_uri(options: TrackingOptions, project: Path) -> str:
    """Return where runs are kept, for any working directory."""
    return absolute_uri(os.environ.get("MLFLOW_TRACKING_URI", options.tracking_uri), project)


def experiment_name(options: TrackingOptions) -> str:
    """Return the experiment that runs belong to."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME", options.experiment)


def absolute_uri(uri: str, project: Path) -> str:
    """Return a tracking URI that does not hang on the working directory."""
    path = uri.removeprefix(LOCAL_STORE)
    is_relative = uri.startswith(LOCAL_STORE) and not path.startswith("/")
    return f"{LOCAL_STORE}{(project / path).as_posix()}" if is_relative else uri


def without_password(uri: str) -> str:
    """Return a URI that may be shown and written down."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

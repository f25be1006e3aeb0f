"""`kedro run` as a process of its own, and what it leaves in a project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient

from patience import PATIENCE

KEDRO_RUN = ["kedro", "run"]


def start(
    project: Path,
    *arguments: str,
    launcher: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
) -> subprocess.Popen:
    """Start `kedro run`, in a process group of its own."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")
    }
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, *(("-m",) if launcher else ()), *KEDRO_RUN, *arguments],
        cwd=project,
        env=environment | (variables or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(project: Path, *arguments: str, launcher: tuple[str, ...] = ()) -> str:
    """Run `kedro run` and return what it printed."""
    process = start(project, *arguments, launcher=launcher)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output


def versions(project: Path, dataset: str) -> list[Path]:
    """Return the versions of a dataset, the oldest first."""
    folder = project / "data" / dataset
    return sorted(version / folder.name for version in folder.glob("*/"))


def tracked_runs(project: Path) -> tuple[MlflowClient, list]:
    """Return the MLflow runs, the oldest first."""
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    experiment = client.get_experiment_by_name("plankton_embedding")
    runs = client.search_runs([experiment.experiment_id], order_by=["start_time ASC"])
    return client, list(runs)

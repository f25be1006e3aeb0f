"""The MLflow run of a study, and the runs of its trials below it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from plankton_embedding.tracking import (
    TrackingOptions,
    begin_run,
    flatten,
    tracking_uri,
)

logger = logging.getLogger(__name__)

# What MLflow knows a trial's end by: it has no word for pruned.
_STATUSES = {
    "complete": "FINISHED",
    "pruned": "KILLED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}
_LONGEST_TAG = 5000


class StudyRun:
    """The parent run of a study.

    Parameters
    ----------
    options
        Where runs are tracked.
    project
        Folder of the project.
    study
        Name of the study.
    env
        Of Kedro.
    run_id
        Of the run that is continued; None, or one that is gone: a new one.
    """

    def __init__(
        self,
        options: TrackingOptions,
        project: Path,
        study: str,
        env: str | None,
        run_id: str | None,
    ) -> None:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        self._client = MlflowClient(tracking_uri=tracking_uri(options, project))
        try:
            found = self._client.get_run(run_id) if run_id else None
        except MlflowException:
            found = None
        if found:
            self.run_id = str(found.info.run_id)
            self._client.update_run(self.run_id, status="RUNNING")
        else:
            tags = {"kedro.env": env or "local", "sweep.study": study}
            # An MLflow that does not answer is an error here: a study lives in it.
            self.run_id = str(begin_run(options, project, f"sweep {study}", tags).run_id)
        self._experiment = self._client.get_run(self.run_id).info.experiment_id

    def log_parameters(self, values: dict[str, Any]) -> None:
        """Log the study's options, once: MLflow takes no other values for them later."""
        known = self._client.get_run(self.run_id).data.params
        for name, value in flatten(values):
            if name not in known:
                self._client.log_param(self.run_id, name, value)

    def adopt(self, kedro_run_id: str, name: str, number: int) -> str | None:
        """Make the MLflow run of a Kedro run a child of the study's.

        Returns
        -------
        str
            Its id; None if MLflow does not know of it.
        """
        query = f"tags.`kedro.run_id` = '{kedro_run_id}'"
        found = self._client.search_runs([self._experiment], query)
        if not found:
            logger.warning("MLflow does not know of trial %d: it is not below its study", number)
            return None
        run_id = str(found[0].info.run_id)
        tags = {
            "mlflow.parentRunId": self.run_id,
            "mlflow.runName": name,
            "sweep.trial": str(number),
            "sweep.status": "running",
        }
        for tag, value in tags.items():
            self._client.set_tag(run_id, tag, value)
        return run_id

    def end_trial(self, run_id: str | None, status: str, why: str) -> None:
        """Say how a trial ended: ``complete``, ``pruned``, ``failed`` or ``interrupted``.

        Whatever ends a pipeline early is an error to the hooks that track it; being pruned is
        none.
        """
        if run_id is None:
            return
        self._client.set_tag(run_id, "sweep.status", status)
        if status in ("pruned", "interrupted"):
            if why:
                self._client.set_tag(run_id, "sweep.ended_because", why[:_LONGEST_TAG])
            if "error" in self._client.get_run(run_id).data.tags:
                self._client.delete_tag(run_id, "error")
        if self._client.get_run(run_id).info.status != _STATUSES[status]:
            self._client.set_terminated(run_id, _STATUSES[status])

    def log_summary(self, note: str, numbers: dict[str, float]) -> None:
        """Log the outcome: the run's description, and numbers of it."""
        self._client.set_tag(self.run_id, "mlflow.note.content", note[:_LONGEST_TAG])
        for name, value in numbers.items():
            self._client.log_metric(self.run_id, name, value)

    def log_artifact(self, path: Path, folder: str) -> None:
        """Log a file."""
        self._client.log_artifact(self.run_id, str(path), folder)

    def finish(self, status: str) -> None:
        """End the run: FINISHED, FAILED or KILLED."""
        self._client.set_terminated(self.run_id, status)

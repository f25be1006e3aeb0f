"""One MLflow run: what is logged to it, and under which names."""

from __future__ import annotations

import logging
import numbers
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plankton_embedding.tracking.calls import (
    Call,
    ContinueRun,
    FinishRun,
    GoneError,
    LogArtifact,
    LogBatch,
    NameRun,
    RegisterModel,
)
from plankton_embedding.tracking.delivery import Delivery
from plankton_embedding.tracking.options import without_password
from plankton_embedding.tracking.origin import LONGEST_TAG
from plankton_embedding.tracking.server import RefusedError, RunStart

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

# MLflow's own limits on one request.
_PARAMS_A_BATCH, _METRICS_A_BATCH = 100, 1000


class TrackedRun:
    """One MLflow run.

    MLflow's charts have a section for all metrics of a prefix: ``epoch/`` and ``step/`` keep the
    curves apart from the single numbers of a report. Several threads may log to it.

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
    untracked
        Folder that keeps what is logged while the store does not answer; None: that is an error.

    Raises
    ------
    TrackingError
        If the store cannot be used; without `untracked` also if it does not answer.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        name: str,
        tags: dict[str, str],
        untracked: Path | None = None,
    ) -> None:
        start = RunStart(without_password(uri), experiment, name, tags, _now())
        self._delivery = Delivery(uri, start, untracked)
        self._lock = threading.Lock()
        self._logged: set[tuple[str, int]] = set()
        self._continues = ""

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run; None as long as MLflow does not know of it."""
        return self._delivery.start.run_id

    @property
    def kept_in(self) -> Path | None:
        """The folder with what is still to be sent, or None."""
        return self._delivery.kept_in

    def log_parameters(self, values: dict[str, Any]) -> None:
        """Log nested parameters under dotted names."""
        params = [(name, str(value)) for name, value in flatten(values)]
        for start in range(0, len(params), _PARAMS_A_BATCH):
            self.log(LogBatch(params=params[start : start + _PARAMS_A_BATCH]))

    def log_table(self, table: pd.DataFrame, by: str) -> None:
        """Log the numbers of each row as metrics ``BY/NAME`` at the step that a column names."""
        values = table.drop(columns=[name for name in ("step", "epoch") if name in table])
        values = values.select_dtypes("number")
        self._log_metrics(
            (f"{by}/{name}", float(value), int(step))
            for step, row in zip(table[by], values.to_dict("records"), strict=True)
            for name, value in row.items()
        )

    def log_row(self, row: dict[str, Any], by: str) -> None:
        """Log the numbers of a table's row, as `log_table` would."""
        self._log_metrics(
            (f"{by}/{name}", float(value), int(row[by]))
            for name, value in row.items()
            if name not in ("step", "epoch") and _is_number(value)
        )

    def log_metrics(self, metrics: dict[str, Any]) -> None:
        """Log nested metrics under dotted names; those under ``steps`` as ``step/NAME``."""
        by_step = metrics.get("steps", {})
        self._log_metrics(
            (f"step/{name}", float(value), int(step))
            for step, values in by_step.items()
            for name, value in flatten(values)
            if _is_number(value)
        )
        rest = {name: value for name, value in metrics.items() if name != "steps"}
        self._log_metrics(
            (name, float(value), 0) for name, value in flatten(rest) if _is_number(value)
        )

    def log_values(self, values: dict[str, float], step: int) -> None:
        """Log metrics at a step."""
        self._log_metrics((name, value, step) for name, value in values.items())

    def log_artifact(
        self, path: Path, folder: str | None = None, *, is_temporary: bool = False
    ) -> None:
        """Log a file, or a folder with all that is in it.

        Parameters
        ----------
        path
            Where it lies.
        folder
            Among the artifacts; None: beside the others.
        is_temporary
            Whether it will soon be gone.
        """
        self.log(LogArtifact(str(path), folder, is_temporary))

    def register_model(self, folder: str, name: str, tags: dict[str, str]) -> str | None:
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
            The version; None: the server does not answer now.

        Raises
        ------
        RefusedError
            If MLflow does not take it.
        """
        version: str | None = self._delivery.deliver(RegisterModel(folder, name, tags))
        return version

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag, cut to the length that MLflow takes."""
        self.log(LogBatch(tags=[(name, value[:LONGEST_TAG])]))

    def continue_run(self, continues: str) -> None:
        """Say whose training this run goes on with; see `ContinueRun`.

        Parameters
        ----------
        continues
            That training's version, which is the ``kedro.run_id`` of its run, and its last step
            kept: ``VERSION, step N``.
        """
        if self._continues != continues:
            self._continues = continues
            self.set_tag("continues", continues)
            self.log(ContinueRun(continues.partition(",")[0]))

    def name_in(self, path: Path) -> None:
        """Write into a file which run this is, as soon as it has an id."""
        start = self._delivery.start
        facts = {"mlflow_experiment": start.experiment, "mlflow_tracking_uri": start.uri}
        if "kedro.run_id" in start.tags:
            facts["kedro_run_id"] = start.tags["kedro.run_id"]
        call = NameRun(str(path), facts)
        if self.run_id:
            call.send(None, self.run_id)
        else:
            self.log(call)

    def finish(self, status: str) -> None:
        """End the run: FINISHED, FAILED or KILLED."""
        self.log(FinishRun(status, _now()))
        self._delivery.close()

    def log(self, call: Call) -> None:
        """Log anything; what MLflow does not take is told and ends nothing."""
        try:
            self._delivery.deliver(call)
        except (RefusedError, GoneError) as error:
            logger.warning("MLflow does not get %s: %s", type(call).__name__, error)

    def _log_metrics(self, values: Iterable[tuple[str, float, int]]) -> None:
        now = _now()
        metrics: list[tuple[str, float, int, int]] = []
        with self._lock:
            for name, value, step in values:
                # A step's table holds the epochs that were logged as they ended, and reporting
                # measures again what modelling logged: once is enough.
                if value == value and (name, step) not in self._logged:
                    self._logged.add((name, step))
                    metrics.append((name, value, now, step))
        for start in range(0, len(metrics), _METRICS_A_BATCH):
            self.log(LogBatch(metrics=metrics[start : start + _METRICS_A_BATCH]))


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dictionaries under dotted names."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _now() -> int:
    return int(time.time() * 1000)

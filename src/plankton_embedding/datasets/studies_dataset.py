"""Kedro dataset: the studies of `kedro sweep`, with their trials."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from plankton_embedding.datasets.previews import preview_rows

if TYPE_CHECKING:
    import optuna


class StudiesDataset(AbstractDataset[NoReturn, dict[str, list[dict[str, Any]]]]):
    """The trials of each study, by its name; read-only: `kedro sweep` writes them.

    Parameters
    ----------
    filepath
        The SQLite file of all studies.
    metadata
        Free; Kedro-Viz reads its own.

    Examples
    --------
    .. code-block:: yaml

        sweep_studies:
          type: plankton_embedding.datasets.studies_dataset.StudiesDataset
          filepath: data/07_model_output/sweep_studies.db
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self.filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, list[dict[str, Any]]]:
        """Read all trials that were begun.

        Returns
        -------
        dict
            By the name of the study, its trials in their order, as
            `plankton_embedding.analysis.sweep.tabulate_trials` takes them.
        """
        import optuna

        storage = f"sqlite:///{self.filepath}"
        found = {}
        for name in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=name, storage=storage)
            begun = [trial for trial in study.get_trials() if trial.state.name != "WAITING"]
            found[name] = [_describe_trial(trial) for trial in begun]
        return found

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: studies are written trial by trial."""
        raise DatasetError("studies are read-only")

    def preview(self) -> TablePreview:
        """Return the studies for Kedro-Viz, with how many trials of each ended how."""
        rows = [
            {"study": name, **Counter(trial["status"] for trial in trials)}
            for name, trials in self.load().items()
        ]
        return preview_rows(rows)

    def _exists(self) -> bool:
        return self.filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.filepath)}


def _describe_trial(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    attributes = trial.user_attrs
    status = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running"}.get(
        trial.state.name, "failed" if "error" in attributes else "interrupted"
    )
    return {
        "number": trial.number,
        "status": status,
        "settings": attributes.get("settings", {}),
        "steps": attributes.get("steps", []),
        "images": attributes.get("images"),
        "seconds": trial.duration.total_seconds() if trial.duration else None,
        "run_id": attributes.get("run_id"),
        "error": attributes.get("error"),
    }

"""Kedro dataset: earlier trainings, to go on with one that was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from plankton_embedding.datasets.previews import preview_rows
from plankton_embedding.datasets.step_table_dataset import read_step_table, table_steps

if TYPE_CHECKING:
    from plankton_embedding.training.checkpoint import CheckpointFolder

_STEP, _STEP_AND_SPLIT = ["step"], ["step", "split"]


class EarlierTrainingsDataset(AbstractDataset[NoReturn, Iterator["EarlierTrainingOnDisk"]]):
    """The versions of all that trainings write, the latest first; read-only.

    `train_embedder` cannot read the dataset ``checkpoints`` that it writes; this one reads the
    same folders under another name. Nothing is read before it is asked for.

    Parameters
    ----------
    checkpoints, training_history, training_steps, embeddings, embedder
        ``filepath: FOLDER`` of these datasets of the catalogue, all of them versioned.
    metadata
        Free; Kedro-Viz reads its own.

    Examples
    --------
    .. code-block:: yaml

        earlier_trainings:
          type: plankton_embedding.datasets.earlier_trainings_dataset.EarlierTrainingsDataset
          checkpoints: {filepath: data/06_models/checkpoints}
          training_history: {filepath: data/07_model_output/training_history}
          training_steps: {filepath: data/07_model_output/training_steps}
          embeddings: {filepath: data/07_model_output/embeddings}
          embedder: {filepath: data/06_models/embedder}
    """

    def __init__(
        self,
        *,
        checkpoints: dict[str, str],
        training_history: dict[str, str],
        training_steps: dict[str, str],
        embeddings: dict[str, str],
        embedder: dict[str, str],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        given = {
            "checkpoints": checkpoints,
            "training_history": training_history,
            "training_steps": training_steps,
            "embeddings": embeddings,
            "embedder": embedder,
        }
        self._folders = {name: Path(place["filepath"]) for name, place in given.items()}
        self.metadata = metadata

    def load(self) -> Iterator[EarlierTrainingOnDisk]:
        """Go through the versions of the checkpoints, the latest first."""
        versions = sorted(self._folders["checkpoints"].glob("*/"), reverse=True)
        return (EarlierTrainingOnDisk(self._folders, version.name) for version in versions)

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: trainings write to the datasets themselves."""
        raise DatasetError("earlier trainings are read-only")

    def preview(self) -> TablePreview:
        """Return the versions and how far each came, for Kedro-Viz; no checkpoint is opened."""
        return preview_rows(
            [
                {
                    "version": training.version,
                    "steps": len(training.table_steps),
                    "finished": training.is_finished,
                }
                for training in self.load()
            ]
        )

    def _exists(self) -> bool:
        # There may be none, which is as good as some.
        return True

    def _describe(self) -> dict[str, Any]:
        return {name: str(folder) for name, folder in self._folders.items()}


class EarlierTrainingOnDisk:
    """One version of all that a training writes; see `training.earlier.EarlierTraining`."""

    def __init__(self, folders: dict[str, Path], version: str) -> None:
        # As Kedro lays versions out.
        self._folders = {name: folder / version / folder.name for name, folder in folders.items()}
        self.version = version

    @property
    def is_finished(self) -> bool:
        """Whether an embedder was made of it."""
        # The card is written last.
        return (self._folders["embedder"] / "card.json").is_file()

    @property
    def table_steps(self) -> list[int]:
        """The steps whose metrics were saved; a checkpoint of the last may be missing."""
        return table_steps(self._folders["training_steps"])

    @cached_property
    def steps(self) -> list[int]:
        """The steps of which everything was saved, from the first, without a gap."""
        whole = self._steps_of("training_history") & self._steps_of("training_steps")
        whole &= set(table_steps(self._folders["embeddings"], "validation"))
        whole &= set(self.checkpoints.steps) if self._has_checkpoints() else set()
        return [step for step in sorted(whole) if set(range(min(self.table_steps), step)) <= whole]

    @cached_property
    def checkpoints(self) -> CheckpointFolder:
        """Its checkpoints."""
        from plankton_embedding.training.checkpoint import CheckpointFolder

        return CheckpointFolder(self._folders["checkpoints"])

    def tables(self, step: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Read a step's history, metrics and validation embeddings."""
        history = read_step_table(self._folders["training_history"], _STEP, {"step": step})
        metrics = read_step_table(self._folders["training_steps"], _STEP, {"step": step})
        place: dict[str, int | str] = {"step": step, "split": "validation"}
        embeddings = read_step_table(self._folders["embeddings"], _STEP_AND_SPLIT, place)
        return history, metrics, embeddings

    def _has_checkpoints(self) -> bool:
        return any(self._folders["checkpoints"].glob("step_*.json"))

    def _steps_of(self, name: str) -> set[int]:
        return set(table_steps(self._folders[name]))

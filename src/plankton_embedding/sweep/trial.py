"""One trial: the training of the modelling pipeline, with parameters of its own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.session import KedroSession

from plankton_embedding.datasets.discarding_dataset import DiscardingDataset
from plankton_embedding.parameters import validate_parameters
from plankton_embedding.sweep.study import IMAGES, RUN_ID, STEPS

if TYPE_CHECKING:
    import optuna
    import pandas as pd
    from kedro.io import CatalogProtocol

    from plankton_embedding.sweep.study_run import StudyRun

TRAINING_NODE = "train_embedder"
# Of the training; none of them becomes a version in the catalogue.
_WRITTEN = ("training_history", "training_steps", "embeddings", "checkpoints")
_FROZEN = ("closed_form", "head")
# What trials are compared by, as it chooses the best step of a training.
ACCURACY = "validation_leave_one_out_accuracy"
_WARN_OF_WHAT_IS_MEANT = ("kedro.io.data_catalog", "kedro.runner", "kedro_viz")


class TrialHooks:
    """Watches the training of a trial: measures each step, and ends it where it lags behind.

    Parameters
    ----------
    trial
        Optuna's; is told of each step.
    run
        The study's MLflow run.
    name
        Of the trial's MLflow run.
    last_step
        Of the training: after it there is nothing to be saved by ending it.
    """

    def __init__(self, trial: optuna.Trial, run: StudyRun, name: str, last_step: int) -> None:
        self._trial, self._run, self._name, self._last_step = trial, run, name, last_step
        self._steps: list[dict[str, Any]] = []
        self._epochs = 0
        self.run_id: str | None = None

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol) -> None:
        """Let nothing be written: checkpoints of trials would fill the disk.

        As versions of the catalogue they would also be the latest, which reporting reads.
        """
        for name in _WRITTEN:
            dataset: Any = catalog.get(name)
            catalog[name] = DiscardingDataset(metadata=dataset.metadata)

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Make the MLflow run a child of the study's."""
        self.run_id = self._run.adopt(run_params["run_id"], self._name, self._trial.number)
        self._trial.set_user_attr(RUN_ID, self.run_id)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Count the images that accuracies are measured on."""
        if dataset_name == "splits":
            self._trial.set_user_attr(IMAGES, int((data["split"] == "validation").sum()))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Note what a step measured, and judge the trial by it.

        Raises
        ------
        TrialPruned
            If the trial lags behind.
        """
        if dataset_name == "training_history":
            # Frozen epochs are cheap and far behind: others would be judged by them unfairly.
            self._epochs += int((~data["stage"].isin(_FROZEN)).sum())
        elif dataset_name == "training_steps":
            self._note(data.iloc[0])
        elif dataset_name == "embeddings":
            # Not before: the hooks that track a run are called after this one.
            self._judge()

    def _note(self, measured: pd.Series) -> None:
        row = {"step": int(measured["step"]), "stage": str(measured["stage"])}
        row |= {"epochs": self._epochs, "accuracy": float(measured[ACCURACY])}
        self._steps.append(row)
        self._trial.set_user_attr(STEPS, self._steps)

    def _judge(self) -> None:
        import optuna

        step, accuracy = self._steps[-1]["step"], self._steps[-1]["accuracy"]
        if not self._epochs:
            return
        self._trial.report(accuracy, self._epochs)
        if step < self._last_step and self._trial.should_prune():
            raise optuna.TrialPruned(
                f"after step {step} its validation accuracy of {accuracy:.3f} lags behind"
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Kedro from warning of what is meant: replaced datasets, parts of a pipeline, an end."""
    loggers = [logging.getLogger(name) for name in _WARN_OF_WHAT_IS_MEANT]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@dataclass(frozen=True)
class Place:
    """Where trials run.

    Attributes
    ----------
    project
        Folder of the project.
    env
        Of Kedro.
    params
        As given on the command line.
    load_versions
        Of what data engineering made: the same for all trials.
    """

    project: Path
    env: str | None
    params: dict[str, Any]
    load_versions: dict[str, str]


def run_trial(place: Place, values: dict[str, Any], hooks: TrialHooks) -> None:
    """Train.

    Parameters
    ----------
    place
        Where.
    values
        All parameters of the trial.
    hooks
        The trial's.

    Raises
    ------
    Exception
        Whatever ends a training.
    """
    validate_parameters(values)
    training = {**values["training"], "resume_from": "never"}
    changed = {"training": training, "embedder": values["embedder"], "seed": values["seed"]}
    params = place.params | changed
    session: Any
    with (
        _quiet(),
        KedroSession.create(place.project, env=place.env, runtime_params=params) as session,
    ):
        # One session's hooks: Kedro offers no other way than the settings, which are of all.
        session._hook_manager.register(hooks)
        session.run(
            pipeline_names=["modelling"],
            node_names=[TRAINING_NODE],
            load_versions=place.load_versions,
        )

"""What came of a study: tables, figures, words, and the command that trains the best trial."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.runner import SequentialRunner

from plankton_embedding.analysis.sweep import best_trial, describe_outcome, parameter_columns
from plankton_embedding.parameters import Parameters, validate_parameters
from plankton_embedding.sweep.study import StudyError
from plankton_embedding.sweep.study_run import StudyRun


@dataclass(frozen=True)
class Outcome:
    """What came of a study.

    Attributes
    ----------
    words
        Which trial is the best, and which may be as good.
    command
        That trains the best one for good; empty where none was trained to its end.
    figures
        Where the comparison lies.
    """

    words: str
    command: str
    figures: list[Path]


def compare_trials(
    project: Path, env: str | None, params: dict[str, Any], run: StudyRun
) -> Outcome:
    """Run the sweep pipeline; what it makes belongs to the study's MLflow run.

    Raises
    ------
    StudyError
        If every trial failed.
    """
    from plankton_embedding.pipelines.sweep import create_pipeline

    session: Any
    with KedroSession.create(project, env=env, runtime_params=params) as session:
        context = session.load_context()
        catalog = context._get_catalog(save_version=session.session_id)
        pipeline = create_pipeline()
        # Without the hooks, which would track it as a run of its own.
        SequentialRunner().run(pipeline, catalog)
    written = {name: catalog.get(name) for name in sorted(pipeline.all_outputs())}
    places = {name: Path(dataset._get_load_path()) for name, dataset in written.items()}
    for name, dataset in written.items():
        run.log_artifact(places[name], dataset.metadata["mlflow"]["artifact"])
    trials = catalog.load("sweep_trials")
    words = describe_outcome(trials)
    best = best_trial(trials)
    counts = {f"trials_{status}": len(part) for status, part in trials.groupby("status")}
    run.log_summary(words, counts | ({} if best is None else {"best_accuracy": best["accuracy"]}))
    if len(trials) and (trials["status"] == "failed").all():
        raise StudyError(f"every trial failed; the last by {trials['error'].iloc[-1]}")
    figures = [path for name, path in places.items() if name.endswith("_figure")]
    parameters = validate_parameters(context.config_loader["parameters"])
    return Outcome(words, _command(trials, env, parameters), figures)


def _command(trials: pd.DataFrame, env: str | None, parameters: Parameters) -> str:
    """Return the command that trains the best trial's parameters for good."""
    best = best_trial(trials)
    if best is None:
        return ""
    chosen = {name: best[name] for name in parameter_columns(trials) if pd.notna(best[name])}
    settings = parameters.sweep.fixed | chosen
    words = ["kedro", "run", *(("--env", env) if env else ())]
    given = ",".join(f"{name}={'null' if one is None else one}" for name, one in settings.items())
    return shlex.join([*words, "--params", given])

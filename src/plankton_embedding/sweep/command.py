"""`kedro sweep`: the trials of a study, and the comparison of them."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.session import KedroSession
from kedro.io import CatalogProtocol

from plankton_embedding.analysis.sweep import describe_settings
from plankton_embedding.errors import find_user_error
from plankton_embedding.interruption import Interruption
from plankton_embedding.parameters import Parameters, validate_parameters
from plankton_embedding.parameters.sweep_space import Settings, check_space
from plankton_embedding.sweep.comparison import Outcome, compare_trials
from plankton_embedding.sweep.study import ERROR, Study, StudyError
from plankton_embedding.sweep.study_run import StudyRun
from plankton_embedding.sweep.trial import Place, TrialHooks, run_trial
from plankton_embedding.tracking import read_options

if TYPE_CHECKING:
    import optuna

logger = logging.getLogger(__name__)

# What all trials read; made where it is not there.
_DATA = ("image_store", "splits", "data_summary")


def run_study(project: Path, env: str | None, params: dict[str, Any]) -> Outcome:
    """Run the trials of a study that are left, and compare all of them.

    Parameters
    ----------
    project, env
        Of Kedro.
    params
        Go before those of ``conf/``, nested.

    Raises
    ------
    ParameterError
        If the study names parameters or values that there are not.
    StudyError
        If the study was begun with other parameters or images, or every trial failed.
    """
    session: Any
    _check_optuna()
    with KedroSession.create(project, env=env, runtime_params=params) as session:
        context = session.load_context()
        values = context.config_loader["parameters"]
        parameters = validate_parameters(values)
        check_space(values, parameters.sweep)
        tracking = read_options(context.config_loader["mlflow"])
        catalog = context.catalog
        if not all(catalog.exists(name) for name in _DATA):
            _prepare(project, env, params)
            catalog = context._get_catalog()
    place = Place(project, env, params, _versions(catalog))
    fingerprint = _check_store(catalog, parameters)
    study = Study(Path(catalog.get("sweep_studies").filepath), values, fingerprint)
    run = StudyRun(tracking, project, parameters.sweep.name, env, study.run_id)
    study.set_run_id(run.run_id)
    status = "KILLED"
    try:
        run.log_parameters({"sweep": parameters.sweep.model_dump(mode="json")})
        _run_trials(study, run, place)
        outcome = compare_trials(project, env, params, run)
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        run.finish(status)
    return outcome


def _check_optuna() -> None:
    if find_spec("optuna") is None:
        raise StudyError("a sweep needs Optuna: `pip install 'plankton_embedding[sweep]'`.")


def _prepare(project: Path, env: str | None, params: dict[str, Any]) -> None:
    logger.info("The images are prepared first: once, for all trials")
    session: Any
    with KedroSession.create(project, env=env, runtime_params=params) as session:
        session.run(pipeline_names=["data_engineering"])


def _versions(catalog: CatalogProtocol) -> dict[str, str]:
    """Pin what trials read: somebody may prepare other images meanwhile."""
    found: dict[str, Any] = {name: catalog.get(name) for name in _DATA}
    return {name: dataset.resolve_load_version() for name, dataset in found.items()}


def _check_store(catalog: CatalogProtocol, parameters: Parameters) -> str:
    """Return the fingerprint of the images, if they were prepared as the parameters say."""
    dataset: Any = catalog.get("image_store")
    store = dataset.load()
    wanted = parameters.preprocess.model_dump(mode="json")
    changed = [name for name, value in wanted.items() if store.card.preprocess.get(name) != value]
    if changed:
        raise StudyError(
            f"the images in {dataset.load_folder()} were prepared with other "
            f"preprocess.{', preprocess.'.join(changed)} than the parameters name: run `kedro run "
            "--pipelines data_engineering` in the same environment before."
        )
    logger.info("All trials are trained on %d images, as they were prepared", len(store))
    return str(store.card.fingerprint)


def _run_trials(study: Study, run: StudyRun, place: Place) -> None:
    interruption = Interruption()
    interruption.watch()
    try:
        while (drawn := study.next_trial()) is not None:
            trial, settings = drawn
            logger.info("Trial %d: %s", trial.number, describe_settings(settings))
            try:
                status, why = _run_trial(study, run, place, trial, settings)
            except BaseException:
                study.tell(trial, "interrupted")
                run.end_trial(trial.user_attrs.get("run_id"), "interrupted", "")
                raise
            if interruption.received:
                # A library made an error of it.
                status = "interrupted"
            elif status == "failed":
                trial.set_user_attr(ERROR, why)
            study.tell(trial, status)
            run.end_trial(trial.user_attrs.get("run_id"), status, why)
            if interruption.received:
                raise KeyboardInterrupt
            _log_end(trial, status, why)
    finally:
        interruption.release()


def _run_trial(
    study: Study, run: StudyRun, place: Place, trial: optuna.Trial, settings: Settings
) -> tuple[str, str]:
    """Return how the trial ended, and why."""
    from optuna import TrialPruned

    values = study.values_of(settings)
    name = f"trial {trial.number}: {describe_settings(settings)}"
    stages = [values["training"][stage] for stage in ("head", "warm_up", "network")]
    hooks = TrialHooks(trial, run, name, sum(stage["steps"] for stage in stages))
    try:
        run_trial(place, values, hooks)
    except TrialPruned as error:
        return "pruned", str(error)
    except Exception as error:
        # The study goes on: one bad combination must not cost a night.
        mistake = find_user_error(error)
        if mistake is None:
            logger.exception("Trial %d failed", trial.number)
        return "failed", f"{type(mistake or error).__name__}: {mistake or error}"
    return "complete", ""


def _log_end(trial: optuna.Trial, status: str, why: str) -> None:
    level = logging.WARNING if status == "failed" else logging.INFO
    logger.log(level, "Trial %d %s%s", trial.number, status, f": {why}" if why else "")

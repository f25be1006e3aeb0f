"""The Optuna study: kept on disk, continued, and the same however often it was interrupted."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import Parameters
from plankton_embedding.parameters.dotted import with_settings
from plankton_embedding.parameters.sweep import SweepOptions, ValuesOptions
from plankton_embedding.parameters.sweep_space import (
    Settings,
    acts,
    drawn_in_order,
    first_settings,
    grid,
)
from plankton_embedding.sweep.sampling import build_pruner, build_sampler

if TYPE_CHECKING:
    import optuna

logger = logging.getLogger(__name__)

# Of a trial and of a study, beside what Optuna keeps.
STEPS, SETTINGS, RUN_ID, IMAGES, ERROR = "steps", "settings", "run_id", "images", "error"
MADE_WITH = "made_with"
# So often a trial is drawn until it is one that was not tried.
_MOST_ATTEMPTS = 100


class StudyError(UserError):
    """A study cannot be continued, or nothing came of it."""


class Study:
    """A study and its trials.

    Parameters
    ----------
    place
        The SQLite file of all studies.
    values
        All parameters, as they lie in ``conf/``.
    data_fingerprint
        Of the images that all trials are trained on.

    Raises
    ------
    StudyError
        If a study of that name was made with other parameters or images.
    """

    def __init__(self, place: Path, values: dict[str, Any], data_fingerprint: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._options = SweepOptions.model_validate(values["sweep"])
        self._values, self._seed = values, int(values["seed"])
        place.parent.mkdir(parents=True, exist_ok=True)
        self._study = optuna.create_study(
            storage=f"sqlite:///{place}",
            study_name=self._options.name,
            direction="maximize",
            pruner=build_pruner(self._options),
            load_if_exists=True,
        )
        self._check(_made_with(values, self._options, data_fingerprint))
        self._enqueue()

    @property
    def run_id(self) -> str | None:
        """The MLflow run of the study, or None."""
        found: str | None = self._study.user_attrs.get(RUN_ID)
        return found

    def set_run_id(self, run_id: str) -> None:
        """Keep the MLflow run of the study."""
        self._study.set_user_attr(RUN_ID, run_id)

    @property
    def finished(self) -> list[optuna.trial.FrozenTrial]:
        """The trials that need not be run again: complete, pruned, and failed of themselves."""
        return [
            trial
            for trial in self._study.get_trials(deepcopy=False)
            if trial.state.is_finished() and not is_interrupted(trial)
        ]

    def next_trial(self) -> tuple[optuna.Trial, Settings] | None:
        """Begin a trial, if one is left: one that was tried would end as it did.

        Returns
        -------
        trial
            Optuna's.
        settings
            Its parameters, by their dotted names: those of the space that act in it.
        """
        from optuna.trial import TrialState

        if len(self.finished) >= self._options.trials:
            return None
        if not self._study.get_trials(deepcopy=False, states=[TrialState.WAITING]):
            drawn = None if self._options.sampler == "grid" else self._draw_untried()
            if drawn is None:
                return None
            self._study.enqueue_trial(drawn)
        trial = self._study.ask()
        settings = self._draw(trial)
        trial.set_user_attr(SETTINGS, settings)
        return trial, settings

    def values_of(self, settings: Settings) -> dict[str, Any]:
        """Return all parameters of a trial."""
        return with_settings(self._values, self._options.fixed | settings)

    def tell(self, trial: optuna.Trial, status: str) -> None:
        """End a trial: ``complete``, ``pruned``, ``failed`` or ``interrupted``."""
        from optuna.trial import TrialState

        steps = trial.user_attrs.get(STEPS, [])
        if status == "complete":
            self._study.tell(trial, max(step["accuracy"] for step in steps))
            return
        states = {"pruned": TrialState.PRUNED}
        self._study.tell(trial, state=states.get(status, TrialState.FAIL))

    def _draw_untried(self) -> Settings | None:
        """Draw what was not tried yet, in a copy of the study: draws in vain are no trials."""
        import optuna

        tried = [trial.user_attrs[SETTINGS] for trial in self.finished]
        copy = optuna.create_study(direction="maximize")
        copy.add_trials(self._study.get_trials(deepcopy=False))
        number = len(copy.trials)
        for attempt in range(_MOST_ATTEMPTS):
            # Anew for each, so that a study that was interrupted goes on as if it had not been.
            copy.sampler = build_sampler(self._options, self._seed, number, attempt)
            trial = copy.ask()
            settings = self._draw(trial)
            if settings not in tried:
                return settings
            copy.tell(trial, state=optuna.trial.TrialState.FAIL)
        logger.warning(
            "The study ends after %d trials: nothing was drawn that was not tried before",
            len(tried),
        )
        return None

    def _draw(self, trial: optuna.Trial) -> Settings:
        settings: Settings = {}
        for entry in drawn_in_order(self._options):
            name = entry.parameter
            parameters = Parameters.model_validate(_legal(self._values, self.values_of(settings)))
            if not acts(name, parameters):
                continue
            if isinstance(entry, ValuesOptions):
                settings[name] = trial.suggest_categorical(name, entry.values)
            elif entry.is_whole:
                low, high = int(entry.low), int(entry.high)
                settings[name] = trial.suggest_int(name, low, high, log=entry.scale == "log")
            else:
                ends = float(entry.low), float(entry.high)
                settings[name] = trial.suggest_float(name, *ends, log=entry.scale == "log")
        return settings

    def _check(self, made_with: dict[str, str]) -> None:
        before = self._study.user_attrs.get(MADE_WITH)
        if before is None:
            self._study.set_user_attr(MADE_WITH, made_with)
            return
        changed = [name for name, value in made_with.items() if before.get(name) != value]
        if changed:
            raise StudyError(
                f"the study {self._options.name} was begun with other {', '.join(changed)}: its "
                "trials and new ones could not be compared. Give this study a name of its own "
                "(`--params sweep.name=NAME`), or go back to what it was begun with."
            )

    def _enqueue(self) -> None:
        """Put in what comes first; again what was interrupted."""
        from optuna.trial import TrialState

        trials = self._study.get_trials(deepcopy=False)
        if not trials:
            for settings in self._to_begin_with():
                self._study.enqueue_trial(settings)
        again = {}
        for trial in trials:
            # Of a process that was killed.
            if trial.state == TrialState.RUNNING:
                self._study.tell(trial.number, state=TrialState.FAIL)
            if trial.state == TrialState.RUNNING or is_interrupted(trial):
                again[_key(trial)] = trial
        for trial in trials:
            if trial.state != TrialState.RUNNING and not is_interrupted(trial):
                again.pop(_key(trial), None)
        for trial in again.values():
            logger.info("Trial %d was interrupted and is run again", trial.number)
            self._study.enqueue_trial(trial.params)

    def _to_begin_with(self) -> list[Settings]:
        first = first_settings(self._values, self._options)
        if self._options.sampler != "grid":
            return first
        random = np.random.default_rng(self._seed)
        combinations = grid(self._values, self._options)
        order = random.permutation(len(combinations))
        if len(combinations) > self._options.trials:
            logger.warning(
                "The grid has %d combinations, of which %d are tried: raise sweep.trials to try "
                "them all",
                *(len(combinations), self._options.trials),
            )
        return [combinations[place] for place in order]


def is_interrupted(trial: optuna.trial.FrozenTrial) -> bool:
    """Tell whether a trial was ended from outside: one that failed of itself says why."""
    return trial.state.name == "FAIL" and ERROR not in trial.user_attrs


def _key(trial: optuna.trial.FrozenTrial) -> str:
    params = trial.params or trial.system_attrs.get("fixed_params", {})
    return json.dumps(params, sort_keys=True)


def _legal(values: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Return what says which parameters act: a combination that is not legal fails later."""
    from plankton_embedding.parameters import parameter_problems

    return values if parameter_problems(changed) else changed


def _made_with(
    values: dict[str, Any], options: SweepOptions, data_fingerprint: str
) -> dict[str, str]:
    """Return what trials must have in common, in words of the parameters."""
    study = options.model_dump(mode="json", exclude={"name", "trials"})
    parts = {
        **{f"sweep.{name}": value for name, value in study.items()},
        **{name: values[name] for name in ("embedder", "training", "seed")},
        "images": data_fingerprint,
    }
    return {name: json.dumps(value, sort_keys=True, default=str) for name, value in parts.items()}

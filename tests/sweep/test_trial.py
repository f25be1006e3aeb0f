"""How a trial is judged while it trains, on what its hooks are given."""

import optuna
import pandas as pd
import pytest

from plankton_embedding.sweep.study import IMAGES, STEPS
from plankton_embedding.sweep.trial import ACCURACY, TrialHooks


class StrictPruner(optuna.pruners.BasePruner):
    """Prunes whatever is below one half."""

    def prune(self, study, trial):
        return trial.intermediate_values[trial.last_step] < 0.5


@pytest.fixture
def trial():
    return optuna.create_study(direction="maximize", pruner=StrictPruner()).ask()


@pytest.fixture
def hooks(trial):
    return TrialHooks(trial, run=None, name="a trial", last_step=4)


def train_step(hooks, step, stage, accuracy, epochs=2):
    hooks.after_dataset_saved("training_history", pd.DataFrame({"stage": [stage] * epochs}))
    row = {"step": [step], "stage": [stage], ACCURACY: [accuracy]}
    hooks.after_dataset_saved("training_steps", pd.DataFrame(row))
    hooks.after_dataset_saved("embeddings", pd.DataFrame())


def test_frozen_epochs_are_noted_and_not_judged(hooks, trial):
    train_step(hooks, 1, "head", 0.1)
    train_step(hooks, 2, "network", 0.7)
    assert trial.user_attrs[STEPS] == [
        {"step": 1, "stage": "head", "epochs": 0, "accuracy": 0.1},
        {"step": 2, "stage": "network", "epochs": 2, "accuracy": 0.7},
    ]
    (stored,) = trial.study.trials
    assert stored.intermediate_values == {2: 0.7}


def test_a_trial_that_lags_behind_ends_after_its_step_is_noted(hooks, trial):
    with pytest.raises(optuna.TrialPruned, match=r"after step 1 .* 0\.300 lags behind"):
        train_step(hooks, 1, "warm_up", 0.3)
    assert len(trial.user_attrs[STEPS]) == 1


def test_the_last_step_ends_a_trial_anyway(hooks):
    train_step(hooks, 4, "network", 0.3)


def test_accuracies_are_of_the_validation_images(hooks, trial):
    splits = pd.DataFrame({"split": ["train", "validation", "validation", "test"]})
    hooks.after_dataset_loaded("splits", splits)
    assert trial.user_attrs[IMAGES] == 2

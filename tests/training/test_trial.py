"""A trial in memory is stopped and gone on with as if it had not been stopped."""

from itertools import islice

import pandas as pd
import pytest
import torch

from plankton_embedding.training.earlier import ResumeError
from plankton_embedding.training.trial import Trial


@pytest.fixture
def trial(store, splits):
    return Trial(store, splits)


def with_steps(tiny, steps):
    network = tiny.training.network.model_copy(update={"steps": steps})
    training = tiny.training.model_copy(update={"network": network})
    return tiny.model_copy(update={"training": training})


def same_weights(trial, step, expected):
    found, wanted = trial.weights(step), expected.checkpoint.weights
    return all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_an_interrupted_trial_goes_on_after_its_last_step(trial, tiny, trained):
    assert trial.history.empty
    assert len(list(islice(trial.train(tiny), 2))) == 2
    assert trial.steps == [1, 2]
    again = list(trial.train(tiny))
    assert [step.checkpoint.card.step for step in again] == [3]
    assert same_weights(trial, 3, trained[2])
    timing = ["images_per_second", "data_wait_share"]
    expected = pd.concat([step.history for step in trained], ignore_index=True)
    pd.testing.assert_frame_equal(trial.history.drop(columns=timing), expected.drop(columns=timing))
    assert trial.metrics["step"].tolist() == [1, 2, 3]
    assert list(trial.train(tiny)) == []


@pytest.mark.slow
def test_more_steps_are_added_when_asked_for(trial, tiny, trained):
    list(trial.train(with_steps(tiny, 1)))
    assert [step.checkpoint.card.step for step in trial.train(tiny, go_on=True)] == [3]
    assert same_weights(trial, 3, trained[2])
    with pytest.raises(ResumeError, match="last step that is planned is 2"):
        list(trial.train(with_steps(tiny, 1), go_on=True))
    assert trial.steps == [1, 2, 3]


@pytest.mark.slow
def test_other_parameters_begin_anew(trial, tiny):
    list(trial.train(with_steps(tiny, 1)))
    other = with_steps(tiny, 1).model_copy(update={"seed": tiny.seed + 1})
    assert [step.checkpoint.card.step for step in trial.train(other)] == [1, 2]
    assert trial.steps == [1, 2]


@pytest.mark.slow
def test_networks_that_nobody_needs_are_forgotten(trial, tiny):
    list(trial.train(tiny))
    best = max(trial.steps, key=lambda step: (trial.card(step).choosing_accuracy, -step))
    kept = {step for step in trial.steps if trial.weights(step)}
    assert kept == {best, 3}

"""The plan of the steps."""

import pytest

from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.plan import plan_steps


def test_head_then_network_with_falling_learning_rates(tiny):
    training = tiny.training.model_dump()
    training["head"] |= {"steps": 2, "epochs_per_step": 5, "learning_rate": 1e-3}
    training["network"] |= {"steps": 3, "epochs_per_step": 4, "learning_rate": 1e-5}
    plans = plan_steps(TrainingOptions.model_validate(training))
    assert [plan.step for plan in plans] == [1, 2, 3, 4, 5]
    assert [plan.stage for plan in plans] == ["head"] * 2 + ["network"] * 3
    assert [plan.first_epoch for plan in plans] == [1, 6, 11, 15, 19]
    rates = [1e-3, 0.9e-3, 1e-5, 0.9e-5, 0.81e-5]
    assert [plan.learning_rate for plan in plans] == pytest.approx(rates)

"""The plan of the steps."""

import math

import pytest

from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.plan import follow_on, plan_steps


@pytest.fixture
def plans(tiny):
    training = tiny.training.model_dump()
    training["head"] |= {"steps": 2, "epochs_per_step": 5, "learning_rate": 1e-3}
    training["network"] |= {"steps": 3, "epochs_per_step": 4, "learning_rate": 1e-5}
    return plan_steps(TrainingOptions.model_validate(training))


def test_head_then_network_with_falling_learning_rates(plans):
    assert [plan.step for plan in plans] == [1, 2, 3, 4, 5]
    assert [plan.stage for plan in plans] == ["head"] * 2 + ["network"] * 3
    assert [plan.first_epoch for plan in plans] == [1, 6, 11, 15, 19]
    rates = [1e-3, 0.9e-3, 1e-5, 0.9e-5, 0.81e-5]
    for share in (0, 0.7):
        assert [plan.learning_rate(share) for plan in plans] == pytest.approx(rates)


def test_the_warm_up_stands_between_head_and_network(tiny):
    training = tiny.training.model_dump()
    training["warm_up"]["steps"] = 1
    plans = plan_steps(TrainingOptions.model_validate(training))
    assert [plan.stage for plan in plans] == ["head", "warm_up", "network", "network"]
    assert [plan.freezes_backbone for plan in plans] == [True, False, False, False]
    assert plans[1].options.loss == "proxy_softmax"


def test_one_cycle_rises_and_falls_once_through_the_stage(tiny):
    training = tiny.training.model_dump()
    training["network"] |= {"steps": 5, "learning_rate": 2.0, "schedule": "one_cycle"}
    plans = plan_steps(TrainingOptions.model_validate(training))[1:]
    shares = [step / 10 for step in range(10)]
    rates = [plan.learning_rate(share) for plan in plans for share in shares]
    # A tenth of 50 points rises; the peak, then the half cosine.
    assert rates[0] == pytest.approx(0.02)
    assert rates[5] == pytest.approx(2.0)
    assert rates == sorted(rates[:6]) + sorted(rates[6:], reverse=True)
    middle = 2 * (0.01 + 0.99 * (1 + math.cos(math.pi * (0.5 - 0.1) / 0.9)) / 2)
    assert rates[25] == pytest.approx(middle)
    assert plans[-1].learning_rate(1) == pytest.approx(0.02)


def test_epochs_follow_on_those_of_the_steps_that_are_kept(plans):
    moved = follow_on(plans, step=2, last_epoch=6)
    assert [plan.first_epoch for plan in moved] == [1, 6, 7, 11, 15]
    assert follow_on(plans, step=5, last_epoch=22) == plans

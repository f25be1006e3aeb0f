"""The plan of a staged training: which step trains what, at which learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from plankton_embedding.parameters import StageOptions, TrainingOptions


@dataclass(frozen=True)
class StepPlan:
    """One outer step.

    Attributes
    ----------
    step
        Number in the whole training, from 1.
    stage
        ``head`` or ``network``.
    first_epoch
        Number of its first epoch in the whole training, from 1.
    learning_rate
        Of all its epochs.
    options
        The stage's.
    """

    step: int
    stage: str
    first_epoch: int
    learning_rate: float
    options: StageOptions


def plan_steps(options: TrainingOptions) -> list[StepPlan]:
    """List the steps: those of the head, then those of the whole network.

    The learning rate is multiplied by ``learning_rate_decay`` after each step and starts anew
    with the stage.
    """
    plans: list[StepPlan] = []
    epoch = 1
    for name, stage in (("head", options.head), ("network", options.network)):
        for index in range(stage.steps):
            rate = stage.learning_rate * stage.learning_rate_decay**index
            plans.append(StepPlan(len(plans) + 1, name, epoch, rate, stage))
            epoch += stage.epochs_per_step
    return plans

"""The plan of a staged training: which step trains what, at which learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plankton_embedding.parameters import StageOptions, TrainingOptions

HEAD, WARM_UP, NETWORK = "head", "warm_up", "network"

# Of one_cycle: the share of the stage in which the rate rises, and the share of the peak that it
# ends at.
_RISE, _LAST = 0.1, 0.01


@dataclass(frozen=True)
class StepPlan:
    """One outer step.

    Attributes
    ----------
    step
        Number in the whole training, from 1.
    stage
        ``head``, ``warm_up`` or ``network``.
    index
        Place of the step in its stage, from 0.
    first_epoch
        Number of its first epoch in the whole training, from 1.
    options
        The stage's.
    """

    step: int
    stage: str
    index: int
    first_epoch: int
    options: StageOptions

    @property
    def freezes_backbone(self) -> bool:
        """Whether the head alone is trained."""
        return self.stage == HEAD

    @property
    def epochs(self) -> range:
        """The numbers of its epochs."""
        return range(self.first_epoch, self.first_epoch + self.options.epochs_per_step)

    def learning_rate(self, progress: float) -> float:
        """Return the learning rate at a point of the step.

        With ``constant`` it is the same through a step and multiplied by
        ``learning_rate_decay`` after each. With ``one_cycle`` it rises linearly through the
        first tenth of the stage and falls along a half cosine to a hundredth of its peak
        (Smith & Topin 2019, arXiv:1708.07120, without the momentum's cycle).

        Parameters
        ----------
        progress
            Share of the step that is done, 0 to 1.
        """
        decay = self.options.learning_rate_decay**self.index
        if self.options.schedule == "constant":
            return self.options.learning_rate * decay
        done = (self.index + progress) / self.options.steps
        if done < _RISE:
            return self.options.learning_rate * max(done / _RISE, _LAST)
        falling = (1 + math.cos(math.pi * (done - _RISE) / (1 - _RISE))) / 2
        return self.options.learning_rate * (_LAST + (1 - _LAST) * falling)


def plan_steps(options: TrainingOptions) -> list[StepPlan]:
    """List the steps: those of the head, of the warm-up, then of the whole network."""
    plans: list[StepPlan] = []
    epoch = 1
    stages = {HEAD: options.head, WARM_UP: options.warm_up, NETWORK: options.network}
    for name, stage in stages.items():
        for index in range(stage.steps):
            plans.append(StepPlan(len(plans) + 1, name, index, epoch, stage))
            epoch += stage.epochs_per_step
    return plans


def follow_on(plans: list[StepPlan], step: int, last_epoch: int) -> list[StepPlan]:
    """Renumber the epochs of the steps after one that was trained by another plan.

    Parameters
    ----------
    plans
        The whole plan.
    step
        The last step that is kept.
    last_epoch
        The number of its last epoch.
    """
    after = plans[step:]
    moved = last_epoch + 1 - after[0].first_epoch if after else 0
    return plans[:step] + [replace(plan, first_epoch=plan.first_epoch + moved) for plan in after]

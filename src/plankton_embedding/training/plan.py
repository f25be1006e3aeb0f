"""The plan of a staged training: which step trains what, at which learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plankton_embedding.parameters import StageOptions, TrainingOptions

CLOSED_FORM, HEAD, WARM_UP, NETWORK = "closed_form", "head", "warm_up", "network"

# Of one_cycle: the share of the stage in which the rate rises, and the share of the peak that it
# ends at.
_RISE, _LAST = 0.1, 0.01


@dataclass(frozen=True)
class StepPlan:
    """One outer step.

    Attributes
    ----------
    step
        Number in the whole training, from 1; 0: the head in closed form, before any gradient.
        After the last step the head may be solved again, in a step of its own.
    stage
        ``closed_form``, ``head``, ``warm_up`` or ``network``.
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
    def is_closed_form(self) -> bool:
        """Whether nothing is trained: the head is solved."""
        return self.stage == CLOSED_FORM

    @property
    def freezes_backbone(self) -> bool:
        """Whether the backbone stays as it is."""
        return self.stage in (CLOSED_FORM, HEAD)

    @property
    def backbone_rate(self) -> float:
        """Learning rate of the backbone, as a share of that of the head."""
        return getattr(self.options, "backbone_rate", 1.0)

    @property
    def frozen_blocks(self) -> int:
        """How many of the backbone's first parts do not train."""
        return getattr(self.options, "frozen_blocks", 0)

    @property
    def epochs(self) -> range:
        """The numbers of its epochs."""
        count = 0 if self.is_closed_form else self.options.epochs_per_step
        return range(self.first_epoch, self.first_epoch + count)

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
    """List the steps: closed form, head, warm-up, network, and the closed form again."""
    plans: list[StepPlan] = []
    epoch, first = 1, 1
    if options.head.start == "discriminants":
        plans.append(StepPlan(0, CLOSED_FORM, 0, epoch, options.head))
        first = 0
    stages = {HEAD: options.head, WARM_UP: options.warm_up, NETWORK: options.network}
    for name, stage in stages.items():
        for index in range(stage.steps):
            plans.append(StepPlan(len(plans) + first, name, index, epoch, stage))
            epoch += stage.epochs_per_step
    if options.head.refit and plans[-1].stage in (WARM_UP, NETWORK):
        plans.append(StepPlan(len(plans) + first, CLOSED_FORM, 1, epoch, options.head))
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
    before = [plan for plan in plans if plan.step <= step]
    after = plans[len(before) :]
    moved = last_epoch + 1 - after[0].first_epoch if after else 0
    return before + [replace(plan, first_epoch=plan.first_epoch + moved) for plan in after]

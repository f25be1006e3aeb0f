"""How a study draws its trials, and which of them it prunes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plankton_embedding.parameters.sweep import SweepOptions

if TYPE_CHECKING:
    import optuna


def build_sampler(
    options: SweepOptions, seed: int, number: int, attempt: int
) -> optuna.samplers.BaseSampler:
    """Return what draws a trial: by the seed, its number, and how often it was drawn in vain."""
    import optuna

    drawn = int(np.random.SeedSequence([seed, number, attempt]).generate_state(1)[0])
    if options.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=drawn)
    return optuna.samplers.RandomSampler(seed=drawn)


def build_pruner(options: SweepOptions) -> optuna.pruners.BasePruner:
    """Return what judges a trial against the others at the same epoch."""
    from optuna import pruners

    pruning = options.pruning
    if pruning.rule == "percentile":
        return pruners.PercentilePruner(
            100 * pruning.kept_share,
            n_startup_trials=pruning.after_trials,
            n_warmup_steps=pruning.after_epochs,
        )
    if pruning.rule == "successive_halving":
        return pruners.SuccessiveHalvingPruner(
            min_resource=pruning.after_epochs,
            reduction_factor=max(2, round(1 / pruning.kept_share)),
        )
    return pruners.NopPruner()

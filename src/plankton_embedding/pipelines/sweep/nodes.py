"""Nodes that compare the trials of a study."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis import sweep as tables
from plankton_embedding.parameters import ParameterError, SweepOptions


def tabulate_trials(
    sweep_studies: dict[str, list[dict[str, Any]]], sweep: SweepOptions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the trials of the study that the parameters name, and their steps.

    Raises
    ------
    ParameterError
        If there is no such study.
    """
    if sweep.name not in sweep_studies:
        raise ParameterError(
            f"there is no study {sweep.name!r}, only {', '.join(sorted(sweep_studies))}: set "
            "sweep.name, or run `kedro sweep` in the environment that it belongs to."
        )
    trials = sweep_studies[sweep.name]
    names = [entry.parameter for entry in sweep.space]
    return tables.tabulate_trials(trials, names), tables.tabulate_steps(trials)

"""The trials of a study as tables, and what their differences are worth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from plankton_embedding.analysis.scores import wilson_interval

_BEFORE = ["trial", "status"]
_AFTER = [
    *("accuracy", "low", "high", "best_step", "steps", "epochs", "validation_images"),
    *("seconds", "run_id", "error"),
]
_STEP_COLUMNS = ["trial", "step", "stage", "epochs", "accuracy"]


def tabulate_trials(trials: Iterable[dict[str, Any]], parameters: list[str]) -> pd.DataFrame:
    """Put the trials of a study into a table.

    Parameters
    ----------
    trials
        Of each: ``number``, ``status`` (complete, pruned, failed, interrupted, running),
        ``settings`` (its parameters, by dotted names), ``steps`` (of each step trained: ``step``,
        ``stage``, ``epochs`` of the whole network so far, ``accuracy``), ``images`` (of the
        validation split; None where none was embedded), ``seconds``, ``run_id``, ``error``.
    parameters
        Dotted names, in the order of the columns.

    Returns
    -------
    DataFrame
        One row a trial: ``trial``, ``status``; one column a parameter, missing where it does not
        act; ``accuracy``, the highest of its steps, with ``low`` and ``high`` (Wilson 95 %), and
        ``best_step``; ``steps`` and ``epochs`` trained; ``validation_images``, ``seconds``,
        ``run_id`` of MLflow, ``error``.
    """
    rows = [_trial_row(trial, parameters) for trial in trials]
    table = pd.DataFrame(rows, columns=[*_BEFORE, *parameters, *_AFTER])
    whole = ["best_step", "steps", "epochs", "validation_images"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def tabulate_steps(trials: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put the steps of all trials into a table.

    Parameters
    ----------
    trials
        As for `tabulate_trials`.

    Returns
    -------
    DataFrame
        One row a step: ``trial``, ``step``, ``stage``, ``epochs`` of the whole network so far,
        ``accuracy``.
    """
    rows = [{"trial": trial["number"], **step} for trial in trials for step in trial["steps"]]
    return pd.DataFrame(rows, columns=_STEP_COLUMNS)


def parameter_columns(trials: pd.DataFrame) -> list[str]:
    """Return which columns of a table of trials are parameters."""
    return [str(name) for name in trials.columns if name not in {*_BEFORE, *_AFTER}]


def best_trial(trials: pd.DataFrame) -> pd.Series | None:
    """Return the row of the best trial that was trained to its end; of equal ones the first."""
    complete = trials[(trials["status"] == "complete") & trials["accuracy"].notna()]
    if complete.empty:
        return None
    return complete.iloc[int(complete["accuracy"].astype(float).argmax())]


def short_name(parameter: str) -> str:
    """Return a parameter's name without the blocks that all of them lie in."""
    return parameter.removeprefix("training.").removeprefix("losses.")


def describe_settings(settings: dict[str, Any]) -> str:
    """Return settings in one line, by short names."""
    return ", ".join(f"{short_name(name)} {write_value(one)}" for name, one in settings.items())


def write_value(value: Any) -> str:
    """Return a parameter's value in few digits."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return f"{value:.3g}" if is_number else str(value)


def describe_outcome(trials: pd.DataFrame) -> str:
    """Say which trial is the best, and which others may be as good.

    An accuracy of few images is uncertain: trials inside the Wilson 95 % interval of the best
    one may differ from it by chance alone.
    """
    best = best_trial(trials)
    counts = ", ".join(f"{count} {status}" for status, count in _count(trials["status"]).items())
    if best is None:
        return f"No trial was trained to its end ({counts})."
    near = trials[(trials["status"] == "complete") & (trials["accuracy"] >= best["low"])]
    others = [str(number) for number in near["trial"] if number != best["trial"]]
    return (
        f"{len(trials)} trials: {counts}. The best is trial {best['trial']}, right on "
        f"{100 * best['accuracy']:.1f} % of {best['validation_images']} validation images after "
        f"step {best['best_step']} (95 % interval {100 * best['low']:.1f} to "
        f"{100 * best['high']:.1f} %). "
        + (
            f"Inside that interval, and perhaps as good: {_listed(others)}. "
            if others
            else "No other trial reaches that interval. "
        )
        + "The best of several is partly the luckiest: judge it by the test images of a training "
        "of its own, and by other seeds."
    )


def _trial_row(trial: dict[str, Any], parameters: list[str]) -> dict[str, Any]:
    row = {
        "trial": trial["number"],
        "status": trial["status"],
        **{name: trial["settings"].get(name) for name in parameters},
        "steps": len(trial["steps"]),
        "epochs": trial["steps"][-1]["epochs"] if trial["steps"] else 0,
        "validation_images": trial["images"],
        **{name: trial[name] for name in ("seconds", "run_id", "error")},
    }
    if trial["steps"]:
        best = max(trial["steps"], key=lambda step: step["accuracy"])
        images = trial["images"]
        low, high = wilson_interval(round(best["accuracy"] * images), images)
        row |= {"accuracy": best["accuracy"], "best_step": best["step"]}
        row |= {"low": float(low), "high": float(high)}
    return row


def _count(statuses: pd.Series) -> dict[str, int]:
    return {str(status): int(count) for status, count in statuses.value_counts().items()}


def _listed(numbers: list[str]) -> str:
    *most, last = numbers
    return f"trials {', '.join(most)} and {last}" if most else f"trial {last}"

"""The metrics of a run in one nested dictionary."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis.embedding_tables import EmbeddingsError, best_step
from plankton_embedding.analysis.scores import accuracy_summary, averaged_scores, class_scores


def collect_metrics(
    predictions: pd.DataFrame, step_metrics: pd.DataFrame, raw_pixel_baseline: dict[str, Any]
) -> dict[str, Any]:
    """Collect what is said first about a run, and what was measured at each step.

    Parameters
    ----------
    predictions : DataFrame
        As from `steps.predict_by_centroids`.
    step_metrics : DataFrame
        As from `steps.measure_steps`.
    raw_pixel_baseline : dict
        The accuracy summary of the raw-pixel baseline; empty without images.

    Returns
    -------
    dict
        ``best_step``, of those with test images, ``last_step``, and ``best_validation_step``, of
        all; ``test`` and ``validation``, each by validation centroids
        at the ``best`` and the ``last`` step; ``raw_pixels``, the baseline, and ``gain``, the
        accuracy of the best and the last step less the baseline's (if there is one); ``steps``,
        the values of each step under its number. Missing values are left out. No timings: the
        same data give the same dictionary.

    Raises
    ------
    EmbeddingsError
        If the last step has no test embeddings.
    """
    last = int(step_metrics["step"].max())
    chosen = {"best": best_step(step_metrics), "last": last}
    test = {name: _scores(predictions, step, "test") for name, step in chosen.items()}
    metrics = {
        "best_step": chosen["best"],
        "best_validation_step": int(
            step_metrics["step"].to_numpy()[
                step_metrics["validation_leave_one_out_accuracy"].argmax()
            ]
        ),
        "last_step": last,
        "test": test,
        "validation": {
            name: {
                **_scores(predictions, step, "validation"),
                "leave_one_out": _left_out(step_metrics, step),
            }
            for name, step in chosen.items()
        },
        "raw_pixels": raw_pixel_baseline,
        "steps": {str(row.pop("step")): row for row in _rows(step_metrics)},
    }
    if raw_pixel_baseline:
        accuracy = raw_pixel_baseline["accuracy"]
        metrics["gain"] = {
            name: float(scores["accuracy"] - accuracy) for name, scores in test.items()
        }
    return metrics


def summarise_classifiers(comparison: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the scores of `significance.score_classifiers` by classifier; no timings."""
    names = ["accuracy", "low", "high", "balanced_accuracy", "macro_f1"]
    scores = comparison.set_index("classifier")[names].astype(float)
    return {str(name): dict(zip(names, row, strict=True)) for name, *row in scores.itertuples()}


def _left_out(step_metrics: pd.DataFrame, step: int) -> dict[str, float]:
    measured = step_metrics[step_metrics["step"] == step]
    names = ("accuracy", "low", "high")
    return {name: float(measured[f"validation_leave_one_out_{name}"].iloc[0]) for name in names}


def _scores(predictions: pd.DataFrame, step: int, split: str) -> dict[str, float | int]:
    scored = predictions[(predictions["step"] == step) & (predictions["split"] == split)]
    if scored.empty:
        raise EmbeddingsError(
            f"no {split} embeddings of step {step}: run the modelling pipeline to its end"
        )
    true, predicted = scored["class_name"], scored["predicted_class"]
    averages = averaged_scores(class_scores(true, predicted))
    return {"step": step, **accuracy_summary(true, predicted), **averages}


def _rows(step_metrics: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(str(name), value) for name, value in row.items() if pd.notna(value)}
        for row in step_metrics.to_dict("records")
    ]


def _plain(name: str, value: float) -> float | int:
    # A column of counts with gaps is one of floats in pandas.
    return int(value) if name == "step" or name.endswith("_images") else float(value)

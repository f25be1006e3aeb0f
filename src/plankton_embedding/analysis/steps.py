"""Tables over the steps of a training: predictions, class geometry, metrics of each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pandas.api.typing import SeriesGroupBy

from plankton_embedding.analysis.centroids import Centroids, classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
    select_embeddings,
    validation_steps,
)
from plankton_embedding.analysis.geometry import (
    centroid_movement,
    class_radii,
    distinct_separations,
    nearest_classes,
    separation_matrix,
)
from plankton_embedding.analysis.scores import class_scores, wilson_interval

_SPREAD = (0.1, 0.9)


def step_centroids(embeddings: pd.DataFrame, step: int) -> Centroids:
    """Return the centroids of a step's validation embeddings."""
    validation = select_embeddings(embeddings, step, "validation")
    return fit_centroids(embedding_matrix(validation), class_labels(validation))


def predict_by_centroids(embeddings: pd.DataFrame) -> pd.DataFrame:
    """Classify validation and test embeddings by the validation centroids of their own step.

    Unseen classes have no centroid: their images are left out.

    Returns
    -------
    DataFrame
        Columns ``image_id``, ``class_name``, ``step``, ``split``, ``predicted_class``,
        ``distance`` (Euclidean, to the nearest centroid) and ``centroids_from``, always
        "validation": so validation rows are scored by centroids that they helped to make.
    """
    parts = []
    for step in validation_steps(embeddings):
        centroids = step_centroids(embeddings, step)
        rows = embeddings[(embeddings["step"] == step) & (embeddings["split"] != "unseen")]
        predicted, distance = classify(embedding_matrix(rows), centroids)
        kept = rows[["image_id", "class_name", "step", "split"]]
        parts.append(kept.assign(predicted_class=predicted, distance=distance))
    return pd.concat(parts, ignore_index=True).assign(centroids_from="validation")


def measure_class_geometry(embeddings: pd.DataFrame) -> pd.DataFrame:
    """Measure each class at each step on the validation split.

    Returns
    -------
    DataFrame
        One row a step and class: ``step``, ``class_name``, ``radius``, ``nearest_class``,
        ``nearest_distance`` and ``movement`` since the step before (NaN at the first).
    """
    parts = []
    for step, before, after in _successive_centroids(embeddings):
        validation = select_embeddings(embeddings, step, "validation")
        names, distances = nearest_classes(separation_matrix(after), after.class_names)
        part = {
            "step": step,
            "class_name": after.class_names,
            "radius": class_radii(embedding_matrix(validation), class_labels(validation), after),
            "nearest_class": names,
            "nearest_distance": distances,
            "movement": np.nan if before is None else centroid_movement(before, after),
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def measure_steps(
    embeddings: pd.DataFrame, predictions: pd.DataFrame, class_geometry: pd.DataFrame
) -> pd.DataFrame:
    """Measure each step: accuracies with intervals, and the geometry over classes and pairs.

    Returns
    -------
    DataFrame
        One row a step: for ``validation`` and ``test`` (NaN where not embedded)
        ``…_accuracy``, ``…_low``, ``…_high`` (Wilson 95 %) and ``…_images``; for ``radius``,
        ``separation`` and ``movement`` the mean ``mean_…`` and the 10 % and 90 % quantiles
        ``…_low`` and ``…_high``, over classes, distinct pairs and classes; and
        ``separation_to_radius``, the ratio of the two means.
    """
    separations = {
        step: distinct_separations(separation_matrix(step_centroids(embeddings, step)))
        for step in validation_steps(embeddings)
    }
    pairs = pd.Series(separations, name="separation").rename_axis("step").explode().astype(float)
    by_step = class_geometry.groupby("step")
    table = pd.concat(
        [
            _accuracies(predictions, "validation"),
            _spread(by_step["radius"], "radius"),
            _spread(pairs.groupby(level="step"), "separation"),
            _spread(by_step["movement"], "movement"),
            _accuracies(predictions, "test"),
        ],
        axis=1,
    ).sort_index()
    ratio = table["mean_separation"] / table["mean_radius"].where(table["mean_radius"] > 0)
    return table.assign(separation_to_radius=ratio).rename_axis("step").reset_index()


def class_table(predictions: pd.DataFrame, class_geometry: pd.DataFrame, step: int) -> pd.DataFrame:
    """Put together what is known of each class at one step.

    Returns
    -------
    DataFrame
        One row a class, sorted: the scores of its test images (`scores.class_scores`), and
        ``radius``, ``nearest_class`` and ``nearest_distance`` of its validation images.

    Raises
    ------
    EmbeddingsError
        If the step has no test embeddings.
    """
    test = predictions[(predictions["step"] == step) & (predictions["split"] == "test")]
    if test.empty:
        raise EmbeddingsError(
            f"no test embeddings of step {step}: run the modelling pipeline to its end"
        )
    scores = class_scores(test["class_name"], test["predicted_class"])
    geometry = class_geometry[class_geometry["step"] == step].drop(columns=["step", "movement"])
    table = scores.merge(geometry, on="class_name", how="outer", sort=True)
    return table.assign(support=table["support"].fillna(0).astype(int))


def _successive_centroids(
    embeddings: pd.DataFrame,
) -> Iterator[tuple[int, Centroids | None, Centroids]]:
    before = None
    for step in validation_steps(embeddings):
        after = step_centroids(embeddings, step)
        yield step, before, after
        before = after


def _accuracies(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    scored = predictions[predictions["split"] == split]
    hits = scored["class_name"].astype(str) == scored["predicted_class"].astype(str)
    counts = hits.groupby(scored["step"]).agg(["sum", "count"])
    low, high = wilson_interval(counts["sum"], counts["count"])
    columns = {"accuracy": counts["sum"] / counts["count"], "low": low, "high": high}
    table = pd.DataFrame({**columns, "images": counts["count"]}, index=counts.index)
    return table.add_prefix(f"{split}_")


def _spread(groups: SeriesGroupBy, name: str) -> pd.DataFrame:
    low, high = (groups.quantile(share) for share in _SPREAD)
    return pd.DataFrame({f"mean_{name}": groups.mean(), f"{name}_low": low, f"{name}_high": high})

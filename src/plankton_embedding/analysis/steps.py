"""Tables over the steps of a training: predictions, class geometry, metrics of each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
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
from plankton_embedding.analysis.leave_one_out import correct_without_itself
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
        One row a step and class: ``step``, ``class_name``, ``radius``, ``nearest_class`` and
        ``nearest_distance`` (missing where there is one class only), and ``movement`` since the
        step before (NaN at the first, and for a class that the step before does not have).
    """
    parts = []
    for step, before, after in _successive_centroids(embeddings):
        validation = select_embeddings(embeddings, step, "validation")
        part = {
            "step": step,
            "class_name": pd.Series(after.class_names, dtype="str"),
            "radius": class_radii(embedding_matrix(validation), class_labels(validation), after),
            **_nearest_others(after),
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
        ``…_accuracy``, ``…_low``, ``…_high`` (Wilson 95 %) and ``…_images``;
        ``validation_leave_one_out_accuracy`` with ``…_low`` and ``…_high``, each validation image
        scored by centroids that it had no part in (`leave_one_out`); for ``radius``,
        ``separation`` and ``movement`` the mean ``mean_…`` and the 10 % and 90 % quantiles
        ``…_low`` and ``…_high``, over classes, distinct pairs and classes; and
        ``separation_to_radius``, the
        ratio of the two means. NaN where there is nothing to measure: no second class or step.
    """
    separations, left_out = {}, {}
    for step in validation_steps(embeddings):
        validation = select_embeddings(embeddings, step, "validation")
        vectors, labels = embedding_matrix(validation), class_labels(validation)
        centroids = fit_centroids(vectors, labels)
        separations[step] = distinct_separations(separation_matrix(centroids))
        left_out[step] = _share(correct_without_itself(vectors, labels, centroids))
    pairs = pd.Series(separations, name="separation").rename_axis("step").explode().astype(float)
    by_step = class_geometry.groupby("step")
    table = pd.concat(
        [
            _accuracies(predictions, "validation"),
            pd.DataFrame.from_dict(left_out, "index").add_prefix("validation_leave_one_out_"),
            _spread(by_step["radius"], "radius"),
            _spread(pairs.groupby(level="step"), "separation"),
            _spread(by_step["movement"], "movement"),
            _accuracies(predictions, "test"),
        ],
        axis=1,
    ).sort_index()
    ratio = table["mean_separation"] / table["mean_radius"].where(table["mean_radius"] > 0)
    return table.assign(separation_to_radius=ratio).rename_axis("step").reset_index()


def last_test_images(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of the last step's test images.

    Raises
    ------
    EmbeddingsError
        If it has none.
    """
    return _test_images(predictions, int(predictions["step"].max()))


def class_table(predictions: pd.DataFrame, class_geometry: pd.DataFrame, step: int) -> pd.DataFrame:
    """Put together what is known of each class at one step.

    Returns
    -------
    DataFrame
        One row a class that has test or validation images, sorted: the scores of its test
        images (`scores.class_scores`), here missing where they say nothing (recall and F1 of a
        class without test images, precision of one that no image was given); ``predicted``, the
        test images given this class; ``radius``, ``nearest_class`` and ``nearest_distance`` of
        its validation images; and ``distance_to_radius``, the ratio of the last to the radius
        (missing for radius 0): the smaller, the more of the class lies in its neighbour's reach.

    Raises
    ------
    EmbeddingsError
        If the step has no test embeddings.
    """
    test = _test_images(predictions, step)
    scores = class_scores(test["class_name"], test["predicted_class"])
    given = test["predicted_class"].astype(str).value_counts()
    scores = scores.assign(predicted=scores["class_name"].map(given))
    geometry = class_geometry[class_geometry["step"] == step].drop(columns=["step", "movement"])
    table = scores.merge(geometry, on="class_name", how="outer", sort=True)
    counts = table[["support", "predicted"]].fillna(0).astype(int)
    return table.assign(
        precision=table["precision"].where(counts["predicted"] > 0),
        recall=table["recall"].where(counts["support"] > 0),
        f1=table["f1"].where(counts["support"] > 0),
        support=counts["support"],
        predicted=counts["predicted"],
        distance_to_radius=table["nearest_distance"] / table["radius"].where(table["radius"] > 0),
    )


def _test_images(predictions: pd.DataFrame, step: int) -> pd.DataFrame:
    test = predictions[(predictions["step"] == step) & (predictions["split"] == "test")]
    if test.empty:
        raise EmbeddingsError(
            f"no test embeddings of step {step}: run the modelling pipeline to its end"
        )
    return test


def _nearest_others(centroids: Centroids) -> dict[str, object]:
    names = centroids.class_names
    if len(names) < 2:
        nothing = pd.Series([None] * len(names), dtype="str")
        return {"nearest_class": nothing, "nearest_distance": np.nan}
    nearest, distances = nearest_classes(separation_matrix(centroids), names)
    return {"nearest_class": pd.Series(nearest, dtype="str"), "nearest_distance": distances}


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


def _share(right: NDArray[np.bool_]) -> dict[str, float]:
    low, high = wilson_interval(right.sum(), right.size)
    return {"accuracy": float(right.mean()), "low": float(low), "high": float(high)}


def _spread(groups: SeriesGroupBy, name: str) -> pd.DataFrame:
    low, high = (groups.quantile(share) for share in _SPREAD)
    return pd.DataFrame({f"mean_{name}": groups.mean(), f"{name}_low": low, f"{name}_high": high})

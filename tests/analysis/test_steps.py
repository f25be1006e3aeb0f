import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.headline import collect_metrics
from plankton_embedding.analysis.scores import wilson_interval
from plankton_embedding.analysis.steps import (
    class_table,
    measure_class_geometry,
    measure_steps,
    predict_by_centroids,
)

BASELINE = {"accuracy": 0.5, "low": 0.15, "high": 0.85, "correct": 2, "n": 4}


@pytest.fixture
def tables(tiny_embeddings):
    predictions = predict_by_centroids(tiny_embeddings)
    geometry = measure_class_geometry(tiny_embeddings)
    return predictions, geometry, measure_steps(tiny_embeddings, predictions, geometry)


def test_predictions_use_the_validation_centroids_of_their_step(tables):
    predictions, _, _ = tables
    assert predictions["predicted_class"].tolist() == list("abbb") + list("aabb") + list("abbb")
    assert predictions["distance"].tolist() == [1, 0, 0, 0, 1, 1, 2, 2, 1, 3, 1, 1]
    assert set(predictions["centroids_from"]) == {"validation"}
    assert list(predictions.columns) == [
        "image_id",
        "class_name",
        "step",
        "split",
        "predicted_class",
        "distance",
        "centroids_from",
    ]


def test_unseen_classes_change_nothing_that_was_measured(tables, tiny_embeddings):
    predictions, geometry, steps = tables
    test = tiny_embeddings[tiny_embeddings["split"] == "test"]
    unseen = test.assign(split="unseen", class_name="new", image_id="new" + test["image_id"])
    embeddings = pd.concat([tiny_embeddings, unseen], ignore_index=True)
    pd.testing.assert_frame_equal(predict_by_centroids(embeddings), predictions)
    pd.testing.assert_frame_equal(measure_class_geometry(embeddings), geometry)
    again = measure_steps(embeddings, predict_by_centroids(embeddings), geometry)
    pd.testing.assert_frame_equal(again, steps)


def test_class_geometry_by_hand(tables):
    _, geometry, _ = tables
    assert geometry["step"].tolist() == [1, 1, 2, 2]
    assert geometry["radius"].tolist() == [1, 0, 1, 2]
    assert geometry["nearest_class"].tolist() == ["b", "a", "b", "a"]
    assert geometry["nearest_distance"].tolist() == [1, 1, 10, 10]
    np.testing.assert_array_equal(geometry["movement"], [np.nan, np.nan, 1, 8])


def test_step_metrics_by_hand(tables):
    steps = tables[2].set_index("step")
    assert steps["validation_accuracy"].tolist() == [0.75, 1]
    assert (steps.loc[1, "validation_low"], steps.loc[1, "validation_high"]) == pytest.approx(
        wilson_interval(3, 4)
    )
    np.testing.assert_array_equal(steps["test_accuracy"], [np.nan, 0.75])
    assert steps["mean_radius"].tolist() == [0.5, 1.5]
    assert steps["mean_separation"].tolist() == [1, 10]
    assert steps["separation_to_radius"].tolist() == [2, 10 / 1.5]
    np.testing.assert_array_equal(steps["mean_movement"], [np.nan, 4.5])
    assert steps.loc[2, ["radius_low", "radius_high"]].tolist() == pytest.approx([1.1, 1.9])


def test_class_table_joins_scores_and_geometry(tables):
    predictions, geometry, _ = tables
    table = class_table(predictions, geometry, step=2).set_index("class_name")
    assert table["recall"].tolist() == [0.5, 1]
    assert table["precision"].tolist() == pytest.approx([1, 2 / 3])
    assert table["radius"].tolist() == [1, 2]
    assert table["support"].tolist() == [2, 2]
    with pytest.raises(ValueError, match="no test embeddings of step 1"):
        class_table(predictions, geometry, step=1)


def test_a_class_without_test_images_stays_in_the_class_table(tables):
    predictions, geometry, _ = tables
    only_a = predictions[
        (predictions["class_name"] == "a") & (predictions["predicted_class"] == "a")
    ]
    table = class_table(only_a, geometry, step=2).set_index("class_name")
    assert table["support"].tolist() == [1, 0]
    assert table["radius"].tolist() == [1, 2]


def test_headline_by_hand(tables):
    predictions, _, steps = tables
    metrics = collect_metrics(predictions, steps, BASELINE)
    assert (metrics["best_step"], metrics["last_step"]) == (2, 2)
    test = metrics["test"]["last"]
    assert (test["step"], test["accuracy"], test["correct"], test["n"]) == (2, 0.75, 3, 4)
    assert test["balanced_accuracy"] == 0.75
    assert test["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert metrics["gain"] == {"best": 0.25, "last": 0.25}
    assert list(metrics["steps"]) == ["1", "2"]
    assert "test_accuracy" not in metrics["steps"]["1"]
    assert metrics["steps"]["2"]["test_images"] == 4


def test_the_last_step_must_have_been_tested(tables):
    predictions, _, steps = tables
    untested = predictions[predictions["split"] == "validation"]
    steps.loc[0, "test_accuracy"] = 0.5
    with pytest.raises(ValueError, match="run the modelling pipeline"):
        collect_metrics(untested, steps, BASELINE)

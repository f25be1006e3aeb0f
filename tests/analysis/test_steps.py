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
    # Step 1: without itself, the a at 0 is as near to a as to b, and a is first; the one at 2 is b.
    assert steps["validation_leave_one_out_accuracy"].tolist() == [0.75, 1]
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


def test_class_table_tells_what_was_predicted_and_how_crowded_a_class_is(tables):
    predictions, geometry, _ = tables
    table = class_table(predictions, geometry, step=2).set_index("class_name")
    assert table["predicted"].tolist() == [1, 3]
    assert table["nearest_class"].tolist() == ["b", "a"]
    assert table["distance_to_radius"].tolist() == [10, 5]
    assert table.columns.tolist() == [
        "precision",
        "recall",
        "recall_low",
        "recall_high",
        "f1",
        "support",
        "predicted",
        "radius",
        "nearest_class",
        "nearest_distance",
        "distance_to_radius",
    ]


def _measure(embeddings):
    predictions, geometry = predict_by_centroids(embeddings), measure_class_geometry(embeddings)
    return geometry, measure_steps(embeddings, predictions, geometry), predictions


def _add(embeddings, *rows):
    columns = ["image_id", "class_name", "step", "split", "e00"]
    more = pd.DataFrame(rows, columns=columns).assign(e01=0.0)
    return pd.concat([embeddings, more], ignore_index=True)


def test_one_class_has_neither_neighbours_nor_separations(tiny_embeddings):
    only_a = tiny_embeddings[tiny_embeddings["class_name"] == "a"]
    geometry, steps, predictions = _measure(only_a)
    assert geometry["nearest_class"].isna().all()
    assert geometry["nearest_class"].dtype == "str"
    assert geometry["nearest_distance"].isna().all()
    assert geometry["radius"].tolist() == [1, 1]
    assert steps["validation_accuracy"].tolist() == [1, 1]
    assert steps[["mean_separation", "separation_to_radius"]].isna().all(axis=None)
    table = class_table(predictions, geometry, step=2)
    assert table.loc[0, ["recall", "precision", "radius"]].tolist() == [1, 1, 1]


def test_a_class_of_test_alone_is_never_told_and_one_of_validation_alone_never_asked(
    tiny_embeddings,
):
    embeddings = _add(
        tiny_embeddings,
        ("t", "only_test", 2, "test", 8.0),
        ("v", "only_validation", 2, "validation", 100.0),
    )
    geometry, _, predictions = _measure(embeddings)
    table = class_table(predictions, geometry, step=2).set_index("class_name")
    assert table.index.tolist() == ["a", "b", "only_test", "only_validation"]
    tested, untested = table.loc["only_test"], table.loc["only_validation"]
    assert tested[["recall", "f1", "support", "predicted"]].tolist() == [0, 0, 1, 0]
    assert tested[["precision", "radius", "nearest_distance"]].isna().all()
    assert pd.isna(tested["nearest_class"])
    assert untested[["support", "predicted", "radius", "nearest_distance"]].tolist() == [
        0,
        0,
        0,
        90,
    ]
    assert untested[["recall", "recall_low", "precision", "f1", "distance_to_radius"]].isna().all()
    assert untested["nearest_class"] == "b"


def test_a_class_without_test_images_that_others_were_taken_for_has_precision_0(tiny_embeddings):
    embeddings = tiny_embeddings.assign(
        class_name=tiny_embeddings["class_name"].where(tiny_embeddings["split"] != "test", "a")
    )
    geometry, _, predictions = _measure(embeddings)
    taken_for = class_table(predictions, geometry, step=2).set_index("class_name").loc["b"]
    assert taken_for[["support", "predicted", "precision"]].tolist() == [0, 3, 0]
    assert taken_for[["recall", "f1"]].isna().all()


def test_classes_may_differ_from_step_to_step(tiny_embeddings):
    embeddings = _add(tiny_embeddings, ("new", "c", 2, "validation", 30.0)).query(
        "class_name != 'b' or step == 1"
    )
    geometry, steps, _ = _measure(embeddings)
    assert geometry["class_name"].tolist() == ["a", "b", "a", "c"]
    np.testing.assert_array_equal(geometry["movement"], [np.nan, np.nan, 1, np.nan])
    assert geometry["nearest_class"].tolist() == ["b", "a", "c", "a"]
    assert steps["mean_movement"].tolist()[1] == 1
    assert steps["mean_separation"].tolist() == [1, 30]


def test_leaving_one_out_takes_away_the_help_of_the_image_itself(tiny_embeddings):
    # Of a at 0 and 4 and b at 7 the second a is right by its own centroid only, b is alone.
    places = {0: 0.0, 1: 4.0, 2: 7.0}
    embeddings = tiny_embeddings.loc[list(places)].assign(e00=places.values())
    _, steps, _ = _measure(embeddings)
    assert steps["validation_accuracy"].tolist() == [1]
    assert steps["validation_leave_one_out_accuracy"].tolist() == pytest.approx([1 / 3])


def test_embeddings_all_the_same_are_measured(tiny_embeddings):
    geometry, steps, _ = _measure(tiny_embeddings.assign(e00=0.5))
    assert geometry[["radius", "nearest_distance"]].to_numpy().tolist() == [[0, 0]] * 4
    assert steps["mean_separation"].tolist() == [0, 0]
    assert steps["separation_to_radius"].isna().all()


def test_a_diverged_test_image_is_named(tiny_embeddings):
    tiny_embeddings.loc[8, "e00"] = np.nan
    with pytest.raises(ValueError, match=r"image_8\.png' \(step 2, split test\)"):
        predict_by_centroids(tiny_embeddings)


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

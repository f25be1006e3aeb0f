import json

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.prevalence import (
    PrevalenceError,
    catalogue_counts,
    measure_classes_at_prevalence,
    measure_weighted_accuracy,
    summarise_prevalence,
    weighted_recall,
)
from plankton_embedding.analysis.scores import wilson_interval

# Recall: common 3/4, rare 1/2.
SCORED = pd.DataFrame(
    {"class_name": [*"ccccrr"], "predicted_class": [*"cccr", *"rc"]},
)
CATALOGUE = pd.Series({"c": 90, "r": 10, "untested": 100}, name="catalogue_images")


def test_the_catalogue_is_what_was_accepted():
    counts = pd.DataFrame(
        {"class_name": [None, "b", "a", "NA"], "found": [2, 10, 5, 1], "rejected": [2, 3, 5, 0]}
    )
    assert catalogue_counts(counts).to_dict() == {"NA": 1, "b": 7}


def test_three_weightings_by_hand():
    table = measure_weighted_accuracy(SCORED, CATALOGUE).set_index("weighting")
    assert table["accuracy"].to_dict() == pytest.approx(
        {
            "as_tested": 4 / 6,
            "balanced": (3 / 4 + 1 / 2) / 2,
            "natural_prevalence": 0.9 * 3 / 4 + 0.1 * 1 / 2,
        }
    )
    plain = table.loc["as_tested"]
    assert (plain["low"], plain["high"]) == pytest.approx(wilson_interval(4, 6))
    assert (table["low"] < table["accuracy"]).all()
    assert (table["accuracy"] < table["high"]).all()


def test_the_interval_of_one_class_is_wilsons():
    for right in (0, 3, 7):
        found = weighted_recall(np.array([right]), np.array([7]), np.array([1.0]))
        assert found == pytest.approx((right / 7, *wilson_interval(right, 7)))


def test_the_interval_holds_the_true_value_as_often_as_it_says():
    random = np.random.default_rng(0)
    true, support = random.beta(15, 1.5, size=12), np.full(12, 40)
    weights = np.exp(random.normal(0, 1, 12))
    weights /= weights.sum()
    draws = random.binomial(support, true, size=(1000, 12))
    intervals = np.array([weighted_recall(draw, support, weights)[1:] for draw in draws])
    inside = (intervals[:, 0] <= weights @ true) & (weights @ true <= intervals[:, 1])
    assert 0.93 < inside.mean() < 0.98


def test_a_class_that_was_always_right_is_not_certain():
    mean, low, high = weighted_recall(np.array([5, 10]), np.array([5, 20]), np.array([0.9, 0.1]))
    assert mean == pytest.approx(0.95)
    # Five of five right leave room for a recall of 0.57 of the class that weighs most.
    assert 0.55 < low < 0.75
    assert 0.98 < high <= 1


def test_precision_at_prevalence_by_hand():
    table = measure_classes_at_prevalence(SCORED, CATALOGUE).set_index("class_name")
    assert table["precision"].to_dict() == pytest.approx(
        {"c": 3 / 4, "r": 1 / 2, "untested": np.nan}, nan_ok=True
    )
    # Of 100 images 90 are c: 67.5 rightly called so, 22.5 called r; of 10 r five each.
    assert table.loc["c", "precision_at_prevalence"] == pytest.approx(67.5 / 72.5)
    assert table.loc["r", "precision_at_prevalence"] == pytest.approx(5 / 27.5)
    assert table.loc["r", "predicted_share_at_prevalence"] == pytest.approx(0.275)
    assert table["catalogue_share"].tolist() == pytest.approx([0.45, 0.05, 0.5])
    assert table["test_images"].tolist() == [4, 2, 0]


def test_precision_at_prevalence_agrees_with_drawing_a_catalogue():
    random = np.random.default_rng(1)
    true = np.repeat([*"abc"], [40, 30, 20])
    scored = pd.DataFrame({"class_name": true, "predicted_class": random.choice([*"abcd"], 90)})
    catalogue = pd.Series({"a": 10, "b": 300, "c": 90, "d": 500}, name="catalogue_images")
    table = measure_classes_at_prevalence(scored, catalogue).set_index("class_name")
    weights = scored["class_name"].map(catalogue / scored["class_name"].value_counts())
    for name in "abc":
        given = scored["predicted_class"] == name
        right = given & (scored["class_name"] == name)
        expected = weights[right].sum() / weights[given].sum()
        assert table.loc[name, "precision_at_prevalence"] == pytest.approx(expected)
    assert table.loc["d", "precision_at_prevalence"] == 0
    assert table["predicted_share_at_prevalence"].sum() == pytest.approx(1)


def test_summary_says_what_is_not_covered():
    summary = summarise_prevalence(
        measure_weighted_accuracy(SCORED, CATALOGUE),
        measure_classes_at_prevalence(SCORED, CATALOGUE),
    )
    assert summary["not_covered"] == pytest.approx(
        {"classes": 1, "images": 100, "share": 0.5, "accuracy_if_all_wrong": 0.725 / 2}
    )
    assert summary["natural_prevalence"]["accuracy"] == pytest.approx(0.725)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_counts_of_other_data_are_refused():
    with pytest.raises(PrevalenceError, match=r"test images of \['r'\]"):
        measure_weighted_accuracy(SCORED, CATALOGUE.drop("r"))

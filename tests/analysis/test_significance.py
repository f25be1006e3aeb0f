import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from plankton_embedding.analysis.significance import (
    bootstrap_intervals,
    compare_in_pairs,
    holm_adjusted,
    score_classifiers,
)


def _predictions(true, **predicted):
    images = [f"image_{row}" for row in range(len(true))]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "image_id": images,
                    "class_name": list(true),
                    "classifier": name,
                    "predicted_class": list(given),
                }
            )
            for name, given in predicted.items()
        ],
        ignore_index=True,
    )


def _fits(*names):
    columns = {"settings": "k = 1", "fit_seconds": 1.0, "predict_seconds": 2.0}
    return pd.DataFrame({"classifier": names}).assign(**columns)


def test_scores_of_a_table_that_one_can_compute_by_hand():
    # Class a: 3 of 4 right; class b: 0 of 1. F1 of a: 2·3 / (4 + 4).
    predictions = _predictions("aaaab", worse="aaaba", best="aaaab")
    table = score_classifiers(predictions, _fits("worse", "best"), draws=50, seed=0)
    assert table["classifier"].tolist() == ["best", "worse"]
    worse = table.iloc[1]
    assert (worse["correct"], worse["n"], worse["accuracy"]) == (3, 5, 0.6)
    assert (worse["low"], worse["high"]) == pytest.approx((0.231, 0.882), abs=1e-3)
    assert worse["balanced_accuracy"] == pytest.approx(0.375)
    assert worse["macro_f1"] == pytest.approx(0.375)
    assert worse["balanced_accuracy_low"] < 0.375 < worse["balanced_accuracy_high"]
    assert (worse["settings"], worse["fit_seconds"], worse["predict_seconds"]) == ("k = 1", 1, 2)
    best = table.iloc[0]
    assert best[["accuracy", "high", "macro_f1_low", "macro_f1_high"]].tolist() == [1, 1, 1, 1]


def test_intervals_are_those_of_drawing_images_one_by_one():
    random = np.random.default_rng(4)
    true = np.repeat(["a", "b", "c"], [20, 40, 60])
    predicted = np.where(random.random(120) < 0.7, true, random.choice(["a", "b", "d"], 120))
    rows = [np.flatnonzero(true == name) for name in "abc"]
    naive = []
    for _ in range(1500):
        drawn = np.concatenate([random.choice(row, len(row)) for row in rows])
        scored = true[drawn], predicted[drawn]
        f1 = f1_score(*scored, labels=["a", "b", "c"], average="macro", zero_division=0)
        recalls = [np.mean(scored[1][scored[0] == name] == name) for name in "abc"]
        naive.append((np.mean(recalls), f1))
    expected = np.quantile(naive, (0.025, 0.975), axis=0)
    found = bootstrap_intervals(true, predicted, draws=4000, seed=0)
    for column, name in enumerate(("balanced_accuracy", "macro_f1")):
        np.testing.assert_allclose(found[name], expected[:, column], atol=0.012)


def test_a_class_of_one_test_image_is_in_every_draw():
    intervals = bootstrap_intervals(list("aaab"), list("aaab"), draws=200, seed=0)
    assert intervals == {"balanced_accuracy": (1, 1), "macro_f1": (1, 1)}


def test_the_seed_decides_the_draws():
    true, predicted = list("aabbab" * 9), list("abbbaa" * 9)
    first, again, other = (bootstrap_intervals(true, predicted, 60, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_pairs_are_counted_and_tested_as_by_a_loop():
    random = np.random.default_rng(2)
    true = random.choice(list("abc"), 150)
    shares = {"good": 0.9, "fair": 0.75, "poor": 0.5, "same": 0.75}
    given = {
        name: np.where(random.random(150) < share, true, "x") for name, share in shares.items()
    }
    given["same"] = given["fair"]
    table = compare_in_pairs(_predictions(true, **given))
    assert len(table) == 6
    for pair in table.itertuples():
        first, second = given[pair.first] == true, given[pair.second] == true
        only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
        assert (pair.only_first_right, pair.only_second_right) == (only_first, only_second)
        assert pair.difference == pytest.approx(first.mean() - second.mean())
        either = only_first + only_second
        p_value = binomtest(only_first, either).pvalue if either else 1
        assert pair.p_value == pytest.approx(p_value)
    assert (table["adjusted_p_value"] >= table["p_value"]).all()


def test_five_images_that_only_one_got_right_are_not_enough():
    table = compare_in_pairs(_predictions("aaaaaa", right="aaaaaa", wrong="abbbbb"))
    assert table["p_value"].tolist() == [pytest.approx(2 / 32)]
    assert table["adjusted_p_value"].tolist() == table["p_value"].tolist()


def test_pairs_of_other_images_are_refused():
    predictions = _predictions("ab", first="ab", second="ab")
    with pytest.raises(ValueError, match="the same images"):
        compare_in_pairs(predictions.iloc[:3])


def test_one_classifier_has_no_pairs():
    assert compare_in_pairs(_predictions("ab", only="ab")).empty


def test_holm_adjusts_as_by_hand():
    adjusted = holm_adjusted([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    assert holm_adjusted([0.9, 0.6]).tolist() == [1, 1]

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from plankton_embedding.analysis.scores import (
    accuracy_summary,
    averaged_scores,
    class_scores,
    confusion_counts,
    most_confused_pairs,
    wilson_interval,
)

TRUE = ["a", "a", "a", "a", "b", "b", "c"]
PREDICTED = ["a", "a", "b", "c", "b", "a", "b"]


@pytest.mark.parametrize(("correct", "total"), [(0, 1), (1, 1), (3, 7), (2371, 2700), (0, 50)])
def test_wilson_interval_is_scipys(correct, total):
    expected = binomtest(correct, total).proportion_ci(method="wilson")
    assert wilson_interval(correct, total) == pytest.approx((expected.low, expected.high))


def test_rounding_never_puts_the_share_outside_its_interval():
    total = np.arange(1, 3000)
    low, high = wilson_interval(total, total)
    assert (high == 1).all()
    assert (wilson_interval(np.zeros_like(total), total)[0] == 0).all()
    assert (low < 1).all()


def test_wilson_interval_of_arrays_is_that_of_each():
    correct, total = np.array([1, 5, 9]), np.array([2, 6, 9])
    low, high = wilson_interval(correct, total)
    each = [wilson_interval(*counts) for counts in zip(correct, total, strict=True)]
    np.testing.assert_allclose(np.transpose([low, high]), each)


@pytest.mark.parametrize(("correct", "total"), [(1, 0), (-1, 2), (3, 2)])
def test_impossible_counts_are_refused(correct, total):
    with pytest.raises(ValueError, match="impossible counts"):
        wilson_interval(correct, total)


def test_accuracy_summary():
    summary = accuracy_summary(TRUE, PREDICTED)
    assert (summary["accuracy"], summary["correct"], summary["n"]) == (3 / 7, 3, 7)
    assert summary["low"] < 3 / 7 < summary["high"]


def test_confusions_agree_with_a_naive_loop():
    random = np.random.default_rng(3)
    true, predicted = random.choice(list("abcd"), 300), random.choice(list("bcde"), 300)
    naive = pd.DataFrame(0, index=list("abcde"), columns=list("abcde"))
    for one, other in zip(true, predicted, strict=True):
        naive.loc[one, other] += 1
    pd.testing.assert_frame_equal(
        confusion_counts(true, predicted),
        naive,
        check_names=False,
        check_index_type=False,
        check_column_type=False,
    )


def test_confusions_in_a_given_order_leave_no_image_out():
    counts = confusion_counts(TRUE, PREDICTED, ["c", "a", "unseen"])
    assert counts.index.tolist() == counts.columns.tolist() == ["c", "a", "unseen", "b"]
    assert counts.loc["a"].tolist() == [1, 2, 0, 1]
    assert counts.to_numpy().sum() == len(TRUE)


def test_class_scores_by_hand():
    table = class_scores([*TRUE, "d"], [*PREDICTED, "e"]).set_index("class_name")
    assert table.loc["a", ["precision", "recall", "f1"]].tolist() == pytest.approx(
        [2 / 3, 1 / 2, 4 / 7]
    )
    assert table.loc["b", ["precision", "recall", "f1"]].tolist() == pytest.approx(
        [1 / 3, 1 / 2, 2 / 5]
    )
    assert table.loc["c", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]
    assert table["support"].tolist() == [4, 2, 1, 1, 0]
    assert (table.loc["a", "recall_low"], table.loc["a", "recall_high"]) == pytest.approx(
        wilson_interval(2, 4)
    )
    assert np.isnan(table.loc["e", "recall_low"])


def test_averages_leave_out_classes_without_images():
    averages = averaged_scores(class_scores(["a", "a", "b", "b"], ["a", "c", "b", "b"]))
    assert averages == {
        "balanced_accuracy": pytest.approx(0.75),
        "macro_f1": pytest.approx((2 / 3 + 1) / 2),
    }


def test_most_confused_pairs_are_ranked():
    pairs = most_confused_pairs(confusion_counts(TRUE, PREDICTED), limit=3)
    assert pairs.to_numpy().tolist() == [
        ["c", "b", 1, 1.0],
        ["b", "a", 1, 0.5],
        ["a", "b", 1, 0.25],
    ]
    assert most_confused_pairs(confusion_counts(["a", "b"], ["a", "b"]), limit=3).empty

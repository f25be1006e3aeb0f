import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from plankton_embedding.analysis.auroc import auroc, auroc_interval
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.novelty import fit_novelty_scores
from plankton_embedding.analysis.open_set import NOVELTY_SCORES, measure_novelty
from plankton_embedding.analysis.rejection import (
    choose_thresholds,
    measure_rejection,
    summarise_rejection,
    thresholds_that_keep,
)
from plankton_embedding.analysis.rejection_curves import (
    measure_class_rejection,
    measure_rejection_curves,
)


def _embeddings(rows):
    table = pd.DataFrame(rows, columns=["class_name", "split", "e00"])
    table.insert(0, "image_id", [f"image_{row}.png" for row in range(len(table))])
    return table.assign(step=1)


def _embedded(vectors, labels, split):
    table = pd.DataFrame(vectors).add_prefix("e0").assign(class_name=labels, split=split, step=1)
    return table.assign(image_id=[f"{split}_{row}" for row in range(len(table))])


@pytest.fixture
def line():
    """Two classes on a line, b twice as loose as a, and unseen images near and far."""
    places = {
        ("a", "validation"): [-1, 1],
        ("b", "validation"): [8, 12],
        ("a", "test"): [0, 7],
        ("b", "test"): [11],
        ("new", "unseen"): [5.5, 30],
    }
    return _embeddings([(*key, place) for key, values in places.items() for place in values])


@pytest.fixture
def novelty():
    """Hand-made scores: known 1, 2 (wrong), 3, 4, 5 and unknown 3, 6; validation 1 to 10."""
    rows = [("a", "validation", True, "a", score) for score in range(1, 11)]
    rows += [("a", "test", True, "a", 1), ("a", "test", True, "b", 2), ("b", "test", True, "b", 3)]
    rows += [("b", "test", True, "b", 4), ("a", "test", True, "a", 5)]
    rows += [("new", "unseen", False, "b", 3), ("new", "unseen", False, "a", 6)]
    columns = ["class_name", "split", "known", "predicted_class", NOVELTY_SCORES[0]]
    table = pd.DataFrame(rows, columns=columns)
    table[NOVELTY_SCORES[0]] = table[NOVELTY_SCORES[0]].astype(float)
    return table.assign(**dict.fromkeys(NOVELTY_SCORES[1:], table[NOVELTY_SCORES[0]]))


def _random_novelty(seed):
    random = np.random.default_rng(seed)
    images = 300
    names = np.array(["a", "b", "c", "x"])
    table = pd.DataFrame({"class_name": names[random.integers(0, 4, images)]})
    table["split"] = random.choice(["validation", "test"], images)
    table["known"] = table["class_name"] != "x"
    table["predicted_class"] = names[random.integers(0, 3, images)]
    scores = {name: random.integers(0, 40, images) / 4 for name in NOVELTY_SCORES}
    return table.assign(**scores)


def test_thresholds_keep_at_least_the_share_and_no_image_more():
    percents = np.arange(1, 101)
    for images in range(1, 150):
        kept = thresholds_that_keep(np.arange(1.0, images + 1), percents / 100)
        assert kept.tolist() == (-(-images * percents // 100)).tolist()


def test_thresholds_leave_missing_scores_aside_and_need_a_share():
    assert thresholds_that_keep([3.0, np.nan, 1.0], [0.5, 1]).tolist() == [1, 3]
    assert np.isnan(thresholds_that_keep([np.nan], 0.9))
    for share in (0, 1.1, np.nan):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            thresholds_that_keep([1.0], share)


def test_new_images_are_kept_as_often_as_was_stated():
    random = np.random.default_rng(3)
    centres, names = 3 * random.normal(size=(30, 12)), np.array([f"{c:02}" for c in range(30)])
    spreads = random.uniform(0.5, 1.5, size=30)

    def draw(images):
        members = np.tile(np.arange(30), images)
        noise = random.normal(size=(len(members), 12)) * spreads[members, np.newaxis]
        return centres[members] + noise, names[members]

    validation, test = draw(12), draw(200)
    table = pd.concat(
        [_embedded(*validation, "validation"), _embedded(*test, "test")], ignore_index=True
    )
    novelty = measure_novelty(table, 1, None, neighbours=5)
    thresholds = choose_thresholds(novelty, 0.95)
    kept = measure_rejection(novelty, thresholds, 10, 0).set_index("score")["known_kept"]
    assert kept.between(0.935, 0.965).all(), kept
    # The same images scored as if they were new promise what does not hold.
    for score in fit_novelty_scores(*validation, neighbours=5).values():
        optimistic = thresholds_that_keep(score.score(validation[0]), 0.95)
        assert (score.score(test[0]) <= optimistic).mean() < 0.93


def test_novelty_of_validation_is_left_out_and_that_of_others_is_not(line):
    table = measure_novelty(line, 1, None, neighbours=1)
    assert table["split"].tolist() == ["validation"] * 4 + ["test"] * 3 + ["unseen"] * 2
    assert table["known"].tolist() == [True] * 7 + [False] * 2
    assert table["predicted_class"].tolist() == list("aabbabbab"[:4]) + ["a", "b", "b", "b", "b"]
    # Radii 1 and 2; a class of two loses its radius with an image: the median, 1.5, stands in.
    expected = [2 / 1.5, 2 / 1.5, 4 / 1.5, 4 / 1.5, 0, 1.5, 0.5, 2.25, 10]
    np.testing.assert_allclose(table["scaled_distance"], expected)
    np.testing.assert_allclose(table["neighbour_distance"], [2, 2, 4, 4, 1, 1, 1, 2.5, 18])
    assert table["group"].isna().all()


def test_an_image_that_is_alone_in_its_class_has_no_score_and_is_taken_for_another(line):
    line.loc[3, "class_name"] = "c"
    line.loc[2, "class_name"] = "a"
    table = measure_novelty(line, 1, None, neighbours=1)
    assert table.loc[3, list(NOVELTY_SCORES)].isna().all()
    assert table["predicted_class"][3] == "a"


def test_groups_are_those_of_the_splits(line):
    ids = line["image_id"]
    splits = pd.DataFrame({"image_id": ids[::-1], "group": ["s1", None] * 4 + ["s2"]})
    table = measure_novelty(line, 1, splits, neighbours=1)
    assert table["group"].fillna("-").tolist() == ["s2", "-", "s1", "-", "s1", "-", "s1", "-", "s1"]


def test_a_test_class_without_validation_images_is_unknown(line):
    line.loc[line["split"] == "unseen", "split"] = "test"
    table = measure_novelty(line, 1, None, neighbours=1)
    assert table.loc[table["class_name"] == "new", "known"].tolist() == [False, False]
    assert measure_rejection(table, choose_thresholds(table, 0.9), 9, 0)["known_images"][0] == 3


def test_what_cannot_be_is_refused_by_name(line):
    line.loc[8, "class_name"] = "<b>"
    line.loc[0, "class_name"] = "<b>"
    with pytest.raises(EmbeddingsError, match=r"unseen images of \['<b>'\]"):
        measure_novelty(line, 1, None, neighbours=1)
    line.loc[8, ["class_name", "e00"]] = ["new", np.nan]
    with pytest.raises(EmbeddingsError, match=r"image 'image_8\.png'"):
        measure_novelty(line, 1, None, neighbours=1)


def test_the_threshold_looks_at_validation_only(novelty):
    thresholds = choose_thresholds(novelty, 0.75)
    assert thresholds["score"].tolist() == list(NOVELTY_SCORES)
    assert thresholds["threshold"].tolist() == [8] * 3
    assert thresholds["validation_kept"].tolist() == [0.8] * 3
    others = novelty["split"] != "validation"
    novelty.loc[others, list(NOVELTY_SCORES)] = 100.0
    pd.testing.assert_frame_equal(choose_thresholds(novelty, 0.75), thresholds)


def test_rejection_by_hand(novelty):
    thresholds = choose_thresholds(novelty, 0.4)
    row = measure_rejection(novelty, thresholds, 50, 0).iloc[0]
    assert (row["threshold"], row["known_images"], row["unknown_images"]) == (4, 5, 2)
    assert row["auroc"] == pytest.approx((2.5 + 5) / 10)
    # 95 % of five known images are all five, the strangest at 5: one unknown image is at 3.
    assert row["fpr_at_95_tpr"] == 0.5
    assert row["known_kept"] == pytest.approx(4 / 5)
    assert row["unknown_rejected"] == 0.5
    assert row["known_right_kept"] == pytest.approx(3 / 5)
    assert row["open_set_accuracy"] == pytest.approx(4 / 7)
    assert row["closed_set_accuracy"] == pytest.approx(4 / 5)
    # Right are 1, 3, 4, 5: of their pairs with 3 and 6, 1 + ½ and 4 come first, of ten.
    assert row["oscr_area"] == pytest.approx(5.5 / 10)
    for name in ("auroc", "known_kept", "unknown_rejected", "open_set_accuracy"):
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    assert set(summarise_rejection(pd.DataFrame([row]))) == {NOVELTY_SCORES[0]}


def test_without_unseen_images_the_threshold_is_still_there(line):
    table = measure_novelty(line[line["split"] != "unseen"], 1, None, neighbours=1)
    thresholds = choose_thresholds(table, 0.95)
    rejection = measure_rejection(table, thresholds, 9, 0)
    assert thresholds["threshold"].notna().all()
    assert rejection["known_kept"].notna().all()
    missing = ["auroc", "fpr_at_95_tpr", "unknown_rejected", "open_set_accuracy", "oscr_area"]
    assert rejection[[*missing, "open_set_accuracy_low"]].isna().all(axis=None)
    summary = summarise_rejection(rejection)["scaled_distance"]
    assert "auroc" not in summary
    assert summary["unknown_images"] == 0
    curves = measure_rejection_curves(table, 50)
    assert curves[["unknown_kept", "open_set_accuracy"]].isna().all(axis=None)
    assert curves["known_kept"].max() == 1
    assert not measure_class_rejection(table, thresholds)["auroc"].notna().any()


def test_with_one_image_a_class_there_is_no_threshold_and_nothing_is_rejected(line):
    line = line.iloc[[0, 2, 4, 6, 7]]
    table = measure_novelty(line, 1, None, neighbours=3)
    thresholds = choose_thresholds(table, 0.95)
    assert thresholds["threshold"].isna().all()
    assert (thresholds["validation_images"] == 0).all()
    rejection = measure_rejection(table, thresholds, 9, 0)
    assert rejection["known_kept"].tolist() == [1] * 3
    assert rejection["unknown_rejected"].tolist() == [0] * 3
    assert rejection["auroc"].notna().all()
    assert measure_rejection_curves(table, 50)["validation_kept"].isna().all()


def test_one_class_is_enough():
    rows = [("a", "validation", place) for place in range(7)] + [("a", "test", 3)]
    table = measure_novelty(_embeddings([*rows, ("b", "unseen", 20)]), 1, None, neighbours=1)
    rejection = measure_rejection(table, choose_thresholds(table, 0.95), 9, 0)
    assert rejection["closed_set_accuracy"].tolist() == [1] * 3
    assert rejection["unknown_rejected"].tolist() == [1] * 3


def test_auroc_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    lower, higher = random.integers(0, 20, 90), random.integers(5, 25, 40)
    truth = [0] * 90 + [1] * 40
    assert auroc(lower, higher) == pytest.approx(roc_auc_score(truth, [*lower, *higher]))
    assert np.isnan(auroc([], [1.0]))
    assert np.isnan(auroc_interval([1.0], [], 9, 0)).all()
    with pytest.raises(ValueError, match="NaN"):
        auroc([np.nan], [1.0])


def test_the_interval_of_auroc_is_that_of_a_naive_bootstrap():
    random = np.random.default_rng(0)
    lower, higher = random.normal(size=60).round(1), (1 + random.normal(size=25)).round(1)
    naive = [auroc(random.choice(lower, 60), random.choice(higher, 25)) for _ in range(3000)]
    found = auroc_interval(lower, higher, 3000, seed=5)
    np.testing.assert_allclose(found, np.quantile(naive, [0.025, 0.975]), atol=0.01)
    assert found == auroc_interval(lower, higher, 3000, seed=5)


def test_curves_agree_with_a_naive_loop():
    novelty = _random_novelty(1)
    curves = measure_rejection_curves(novelty, 1000)
    scored, validation = (novelty[novelty["split"] == split] for split in ("test", "validation"))
    known, unknown = scored[scored["known"]], scored[~scored["known"]]
    for row in curves.fillna({"threshold": -1.0}).to_dict("records"):
        kept = known[known[row["score"]] <= row["threshold"]]
        right = (kept["class_name"] == kept["predicted_class"]).sum()
        false = (unknown[row["score"]] <= row["threshold"]).sum()
        assert row["known_kept"] == pytest.approx(len(kept) / len(known))
        assert row["unknown_kept"] == pytest.approx(false / len(unknown))
        assert row["known_right_kept"] == pytest.approx(right / len(known))
        hits = right + len(unknown) - false
        assert row["open_set_accuracy"] == pytest.approx(hits / len(scored))
        share = (validation[row["score"]] <= row["threshold"]).mean()
        assert row["validation_kept"] == pytest.approx(share)


def test_areas_and_rates_are_those_of_the_curves():
    novelty = _random_novelty(2)
    curves = measure_rejection_curves(novelty, 1000)
    rejection = measure_rejection(novelty, choose_thresholds(novelty, 0.9), 9, 0)
    for row in rejection.to_dict("records"):
        curve = curves[curves["score"] == row["score"]]
        area = np.trapezoid(curve["known_kept"], curve["unknown_kept"])
        assert row["auroc"] == pytest.approx(area)
        area = np.trapezoid(curve["known_right_kept"], curve["unknown_kept"])
        assert row["oscr_area"] == pytest.approx(area)
        scored = novelty[novelty["split"] == "test"]
        false, true, _ = roc_curve(scored["known"], -scored[row["score"]], drop_intermediate=False)
        assert row["fpr_at_95_tpr"] == pytest.approx(false[true >= 0.95][0])


def test_curves_have_few_points_from_nothing_to_all():
    curves = measure_rejection_curves(_random_novelty(3), 12)
    shares = ["validation_kept", "known_kept", "unknown_kept"]
    for _, curve in curves.groupby("score"):
        assert 3 < len(curve) <= 12
        assert curve[shares].iloc[0].tolist() == [0, 0, 0]
        assert curve[shares].iloc[-1].tolist() == [1, 1, 1]
        assert curve["threshold"].isna().tolist() == [True] + [False] * (len(curve) - 1)


def test_rejection_of_classes_by_hand(novelty):
    thresholds = choose_thresholds(novelty, 0.4)
    table = measure_class_rejection(novelty, thresholds)
    first = table[table["score"] == NOVELTY_SCORES[0]].set_index("class_name")
    assert first.index.tolist() == ["a", "b", "new"]
    assert first["known"].tolist() == [True, True, False]
    assert first["images"].tolist() == [3, 2, 2]
    np.testing.assert_allclose(first["rejected"], [1 / 3, 0, 1 / 2])
    np.testing.assert_allclose(first["auroc"], [np.nan, np.nan, 0.75])
    # Of class a one image each is taken for a and for b: the first name stands.
    assert first["taken_for"].tolist() == ["a", "b", "b"]
    assert first["taken_for_images"].tolist() == [1, 2, 1]
    assert len(table) == 9


def test_a_class_is_taken_for_what_most_of_its_images_are_given(novelty):
    of_a = (novelty["class_name"] == "a") & (novelty["split"] == "test")
    novelty.loc[of_a, "predicted_class"] = ["b", "a", "b"]
    novelty.loc[of_a, NOVELTY_SCORES[0]] = 1.0
    first = measure_class_rejection(novelty, choose_thresholds(novelty, 0.5)).iloc[0]
    assert (first["class_name"], first["taken_for"], first["taken_for_images"]) == ("a", "b", 2)


def test_a_class_that_is_rejected_altogether_is_taken_for_none(novelty):
    novelty.loc[novelty["class_name"] == "new", NOVELTY_SCORES[0]] = 50.0
    table = measure_class_rejection(novelty, choose_thresholds(novelty, 0.95)[:1])
    last = table.iloc[-1]
    assert (last["rejected"], last["auroc"], last["taken_for_images"]) == (1, 1, 0)
    assert pd.isna(last["taken_for"])

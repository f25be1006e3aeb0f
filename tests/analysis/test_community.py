import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import braycurtis

from plankton_embedding.analysis import community_counts
from plankton_embedding.analysis.community import (
    KNOWN_CLASSES,
    WITH_UNKNOWN,
    bray_curtis,
    measure_community,
    summarise_community,
)
from plankton_embedding.analysis.community_counts import count_community, weight_by_catalogue
from plankton_embedding.analysis.open_set import NOVELTY_SCORES
from plankton_embedding.analysis.rejection import choose_thresholds

_SCORE = NOVELTY_SCORES[0]


def _novelty(seed=0, images=400):
    """Draw three known classes, one of them named "unknown", and two unseen ones, in six groups."""
    random = np.random.default_rng(seed)
    known, unseen = ["a", "b/ç", "unknown"], ["x", "y"]
    table = pd.DataFrame({"split": random.choice(["validation", "test", "unseen"], images)})
    is_unseen = table["split"] == "unseen"
    table["class_name"] = np.where(
        is_unseen, random.choice(unseen, images), random.choice(known, images)
    )
    table["known"] = ~is_unseen
    table["predicted_class"] = np.where(
        random.random(images) < 0.3, random.choice(known, images), table["class_name"]
    )
    strays = random.choice(known, images)
    table["predicted_class"] = table["predicted_class"].where(~is_unseen, strays)
    table["group"] = random.choice([*"pqrstu", None], images)
    for name in NOVELTY_SCORES:
        table[name] = (random.gamma(3, size=images) + 3 * is_unseen).round(1)
    return table


def _naive(scored, score, threshold, weight=None):
    """Return both distances of one community, counting image by image."""
    categories = ["a", "b/ç", "unknown", "?"]
    true, given = dict.fromkeys(categories, 0.0), dict.fromkeys(categories, 0.0)
    for position, row in enumerate(scored.to_dict("records")):
        counts = 1 if weight is None else weight[position]
        true[row["class_name"] if row["known"] else "?"] += counts
        given["?" if row[score] > threshold else row["predicted_class"]] += counts
    u, v = list(true.values()), list(given.values())
    return braycurtis(u, v), braycurtis(u[:-1], v[:-1])


def _at(table, score, counted):
    return table[(table["score"] == score) & (table["counted"] == counted)]


def test_bray_curtis_agrees_with_scipy():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 9, size=(2, 30, 6))
    naive = [braycurtis(u, v) for u, v in zip(first, second, strict=True)]
    np.testing.assert_allclose(bray_curtis(first, second), naive)


def test_bray_curtis_by_hand():
    assert bray_curtis([3, 1], [1, 1]) == pytest.approx(2 / 6)
    assert bray_curtis([1, 0], [0, 1]) == 1
    assert bray_curtis([2, 5], [2, 5]) == 0
    assert np.isnan(bray_curtis([0, 0], [0, 0]))


def test_one_community_agrees_with_a_naive_loop():
    novelty = _novelty().assign(group=None)
    thresholds = choose_thresholds(novelty, 0.933)
    table = measure_community(novelty, thresholds, 5, 50, 0)
    scored = novelty[novelty["split"] != "validation"]
    assert (table["communities"] == 1).all()
    assert not table["by_group"].any()
    assert table[["low", "high"]].isna().all(axis=None)
    for counted, place in ((WITH_UNKNOWN, 0), (KNOWN_CLASSES, 1)):
        for row in _at(table, _SCORE, counted).fillna({"threshold": np.inf}).to_dict("records"):
            naive = _naive(scored, _SCORE, row["threshold"])[place]
            assert row["distance"] == pytest.approx(naive)


def test_groups_are_communities_of_their_own_and_small_ones_are_left_aside():
    novelty = _novelty(1)
    scored = novelty[novelty["split"] != "validation"]
    sizes = scored["group"].value_counts()
    smallest = int(sizes.iloc[2])
    large = sizes.index[sizes >= smallest]
    thresholds = choose_thresholds(novelty, 0.8)
    table = measure_community(novelty, thresholds, smallest, 50, 0)
    assert (table["communities"] == len(large)).all()
    assert 2 < len(large) < 6, sizes
    assert table["by_group"].all()
    for counted, place in ((WITH_UNKNOWN, 0), (KNOWN_CLASSES, 1)):
        row = _at(table, _SCORE, counted).query("is_chosen").iloc[0]
        threshold = thresholds["threshold"].iloc[0]
        assert row["threshold"] == threshold
        groups = [scored[scored["group"] == name] for name in large]
        naive = np.mean([_naive(group, _SCORE, threshold)[place] for group in groups])
        assert row["distance"] == pytest.approx(naive)
        assert row["low"] < row["distance"] < row["high"]


def test_the_interval_is_that_of_a_naive_bootstrap_over_groups():
    novelty = _novelty(2)
    scored = novelty[novelty["split"] != "validation"]
    table = measure_community(novelty, choose_thresholds(novelty, 0.9), 1, 4000, 3)
    row = _at(table, _SCORE, WITH_UNKNOWN).query("is_chosen").iloc[0]
    groups = scored.groupby("group")
    distances = [_naive(part, _SCORE, row["threshold"])[0] for _, part in groups]
    random = np.random.default_rng(0)
    means = random.choice(distances, size=(4000, len(distances))).mean(axis=1)
    np.testing.assert_allclose(
        row[["low", "high"]].tolist(), np.quantile(means, [0.025, 0.975]), atol=0.004
    )
    again = measure_community(novelty, choose_thresholds(novelty, 0.9), 1, 4000, 3)
    pd.testing.assert_frame_equal(table, again)


def test_without_large_enough_groups_all_images_are_one_community():
    novelty = _novelty(3)
    thresholds = choose_thresholds(novelty, 0.9)
    table = measure_community(novelty, thresholds, 1000, 10, 0)
    pd.testing.assert_frame_equal(
        table, measure_community(novelty.assign(group=None), thresholds, 1, 10, 0)
    )


def test_thresholds_go_through_all_shares_and_end_with_none():
    novelty = _novelty(4)
    table = measure_community(novelty, choose_thresholds(novelty, 0.951), 1, 10, 0)
    part = _at(table, _SCORE, KNOWN_CLASSES)
    shares = sorted([*(np.arange(1, 101) / 100), 0.951])
    np.testing.assert_allclose(part["kept_share"].to_numpy()[:-1], shares)
    assert part["is_chosen"].sum() == 1
    assert part[["kept_share", "threshold"]].iloc[-1].isna().all()
    assert part["threshold"].dropna().is_monotonic_increasing


def test_mistakes_that_cancel_out_do_not_count():
    rows = [("a", "b"), ("b", "a"), ("a", "a")]
    novelty = pd.DataFrame(rows, columns=["class_name", "predicted_class"])
    novelty = novelty.assign(
        split="test", known=True, group=None, **dict.fromkeys(NOVELTY_SCORES, 1.0)
    )
    table = measure_community(novelty, choose_thresholds(novelty, 0.95), 1, 10, 0)
    # Without validation scores there is no threshold: all that is left is to reject nothing.
    assert len(table) == 6
    assert table["distance"].tolist() == [0] * 6
    assert summarise_community(table)[_SCORE][WITH_UNKNOWN]["at_threshold"] == 0


def test_a_group_of_unknown_images_that_are_all_rejected_has_no_known_community():
    novelty = _novelty(5)
    only_new = novelty["group"] == "p"
    novelty = novelty[~only_new | (novelty["split"] != "test")]
    for name in NOVELTY_SCORES:
        novelty.loc[(novelty["group"] == "p") & (novelty["split"] == "unseen"), name] = 99.0
    thresholds = choose_thresholds(novelty, 0.9)
    table = measure_community(novelty, thresholds, 1, 200, 0)
    scored = novelty[(novelty["split"] != "validation") & (novelty["group"] != "p")]
    threshold = thresholds["threshold"].iloc[0]
    row = _at(table, _SCORE, KNOWN_CLASSES).query("is_chosen").iloc[0]
    naive = np.mean([_naive(part, _SCORE, threshold)[1] for _, part in scored.groupby("group")])
    assert row["distance"] == pytest.approx(naive)
    assert np.isfinite(row["low"])


def test_unseen_images_alone_have_no_known_community():
    novelty = _novelty(6)
    novelty = novelty[novelty["split"] != "test"].assign(group=None, **{_SCORE: 1.0})
    novelty.loc[novelty["split"] == "unseen", _SCORE] = 50.0
    table = measure_community(novelty, choose_thresholds(novelty, 0.9), 1, 10, 0)
    known = _at(table, _SCORE, KNOWN_CLASSES)
    assert known["distance"].isna().tolist() == [True] * (len(known) - 1) + [False]
    with_unknown = _at(table, _SCORE, WITH_UNKNOWN)["distance"]
    assert with_unknown.tolist() == [0] * (len(known) - 1) + [1]
    summary = summarise_community(table)[_SCORE][KNOWN_CLASSES]
    assert "at_threshold" not in summary
    assert summary["nothing_rejected"] == 1


def test_images_can_count_as_many_as_the_catalogue_has():
    novelty = _novelty(7).assign(group=None)
    catalogue = pd.Series({"a": 5000, "b/ç": 40, "unknown": 900, "x": 300})
    weighted = weight_by_catalogue(novelty, catalogue)
    scored = weighted[weighted["split"] != "validation"]
    sums = scored.groupby("class_name")["weight"].sum()
    assert sums.to_dict() == pytest.approx({**catalogue.to_dict(), "y": 0})
    thresholds = choose_thresholds(novelty, 0.9)
    table = measure_community(weighted, thresholds, 1, 10, 0)
    threshold = thresholds["threshold"].iloc[0]
    naive = _naive(scored, _SCORE, threshold, scored["weight"].to_numpy())
    for counted, place in ((WITH_UNKNOWN, 0), (KNOWN_CLASSES, 1)):
        row = _at(table, _SCORE, counted).query("is_chosen").iloc[0]
        assert row["distance"] == pytest.approx(naive[place])


def test_little_memory_changes_nothing(monkeypatch):
    novelty = _novelty(8)
    thresholds = choose_thresholds(novelty, 0.9)
    plenty = measure_community(novelty, thresholds, 1, 20, 0)
    monkeypatch.setattr(community_counts, "_CHUNK_BYTES", 8 * 102 * 4 * 2)
    pd.testing.assert_frame_equal(measure_community(novelty, thresholds, 1, 20, 0), plenty)


def test_counts_of_classes_by_hand():
    rows = [
        ("a", "validation", True, "a", 1.0),
        ("a", "test", True, "a", 1.0),
        ("a", "test", True, "unknown", 1.0),
        ("unknown", "test", True, "unknown", 7.0),
        ("x", "unseen", False, "a", 1.0),
        ("x", "unseen", False, "a", 8.0),
    ]
    columns = ["class_name", "split", "known", "predicted_class", _SCORE]
    novelty = pd.DataFrame(rows, columns=columns)
    thresholds = pd.DataFrame({"score": [_SCORE], "kept_share": 0.95, "threshold": 2.0})
    counts = count_community(novelty, thresholds)
    assert counts["class_name"].tolist()[:2] == ["a", "unknown"]
    assert (
        counts["class_name"].isna().tolist()
        == counts["is_unknown"].tolist()
        == [False, False, True]
    )
    assert counts["true"].tolist() == [2, 1, 2]
    assert counts["nothing_rejected"].tolist() == [3, 2, 0]
    assert counts["at_threshold"].tolist() == [2, 1, 2]


def test_the_summary_says_what_is_at_the_threshold_without_one_and_at_best():
    novelty = _novelty(9)
    table = measure_community(novelty, choose_thresholds(novelty, 0.9), 1, 20, 0)
    part = _at(table, _SCORE, WITH_UNKNOWN)
    summary = summarise_community(table)[_SCORE][WITH_UNKNOWN]
    chosen = part[part["is_chosen"]].iloc[0]
    assert summary["at_threshold"] == chosen["distance"]
    assert (summary["low"], summary["high"]) == (chosen["low"], chosen["high"])
    assert summary["nothing_rejected"] == part["distance"].iloc[-1]
    assert summary["least"] == part["distance"].min()
    least = part.set_index("kept_share")["distance"].idxmin()
    assert summary["least_kept_share"] == least
    assert summary["communities"] == 6

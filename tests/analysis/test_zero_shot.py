"""Zero-shot evaluation: the support sets, and what they bring."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis import neighbours as neighbours_module
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.support_sets import draw_support_sets, zero_shot_images
from plankton_embedding.analysis.zero_shot import (
    MEASURES,
    METHODS,
    compare_zero_shot,
    harmonic_mean,
    measure_zero_shot,
)

SIZES = (1, 3, "all")


def image_table(counts):
    """Return images as counted by class and split, in a shuffled order."""
    rows = [
        (f"{name} {split} {number}", name, split)
        for (name, split), count in counts.items()
        for number in range(count)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "class_name", "split"])
    return table.sample(frac=1, random_state=4).reset_index(drop=True)


@pytest.fixture
def images():
    seen = {(name, "validation"): 6 for name in ("a", "m", "z")}
    tested = {("a", "test"): 9, ("m", "test"): 4, ("z", "test"): 7, ("no validation", "test"): 3}
    unseen = {("b", "unseen"): 12, ("n", "unseen"): 8, ("y", "unseen"): 5}
    return image_table(seen | tested | unseen | {("a", "train"): 3})


@pytest.fixture
def vectors(images):
    random = np.random.default_rng(8)
    middle = {name: random.normal(size=3) for name in sorted(images["class_name"].unique())}
    places = np.stack([middle[name] for name in images["class_name"]])
    return places + 0.8 * random.normal(size=places.shape)


def measured(scores, method, support, measure):
    row = scores.query("method == @method and support == @support and measure == @measure")
    return row.iloc[0]


def naive_class(vector, references, method, voters):
    """Return the class of one vector; references are pairs of a vector and a class name."""
    if method == "nearest_centroid":
        names = sorted({name for _, name in references})
        means = [np.mean([v for v, other in references if other == name], axis=0) for name in names]
        return names[int(np.argmin([np.linalg.norm(vector - mean) for mean in means]))]
    near = sorted(references, key=lambda pair: np.linalg.norm(vector - pair[0]))[:voters]
    votes = Counter(name for _, name in near)
    return min(votes, key=lambda name: (-votes[name], name))


def naive_scores(images, vectors, sets, method, size, neighbours):
    """Return the accuracies of each draw, by loops over draws, classes and images."""
    labels = images["class_name"].to_numpy()
    pairs = lambda rows: [(vectors[row], labels[row]) for row in rows]  # noqa: E731
    known = pairs(images.index[images["split"] == "validation"])
    tested = images.index[(images["split"] == "test") & (labels != "no validation")]
    draws = []
    for draw in range(sets.is_support.shape[1]):
        chosen = sets.unseen_rows[sets.is_support[size, draw]]
        scored = sets.unseen_rows[sets.is_scored[size, draw]]
        support = pairs(chosen)
        voters = min(neighbours, *Counter(labels[chosen]).values())

        def accuracy(rows, references, voters=voters):
            of_class = {}
            for row in rows:
                given = naive_class(vectors[row], references, method, voters)
                of_class.setdefault(labels[row], []).append(given == labels[row])
            return np.mean([np.mean(hits) for hits in of_class.values()])

        unseen, seen = accuracy(scored, known + support), accuracy(tested, known + support)
        harmonic = 2 * unseen * seen / (unseen + seen)
        alone = accuracy(scored, support), accuracy(tested, known)
        draws.append((alone[0], unseen, seen, harmonic, alone[1]))
    return np.array(draws)


@pytest.mark.parametrize("method", METHODS)
def test_scores_agree_with_loops_over_draws_classes_and_images(
    images, vectors, method, monkeypatch
):
    monkeypatch.setattr(neighbours_module, "_CHUNK_BYTES", 4 * 43 * 7)
    sets = draw_support_sets(images, SIZES, 0.25, 3, 0)
    scores = measure_zero_shot(vectors, sets, 2)
    for size, support in enumerate(("1", "3", "all")):
        expected = naive_scores(images, vectors, sets, method, size, 2)
        for measure, draws in zip(MEASURES, expected.T, strict=True):
            row = measured(scores, method, support, measure)
            assert row["mean"] == pytest.approx(draws.mean()), (support, measure)
            assert row["low"] == pytest.approx(np.quantile(draws, 0.025))
            assert row["high"] == pytest.approx(np.quantile(draws, 0.975))
    assert 0.2 < scores["mean"].mean() < 0.95


def test_a_class_left_out_at_a_size_takes_no_images_there():
    counts = {("a", "validation"): 3, ("a", "test"): 4, ("b", "unseen"): 9, ("few", "unseen"): 3}
    images = image_table(counts)
    vectors = np.random.default_rng(2).normal(size=(len(images), 2))
    sets = draw_support_sets(images, (1, 4), 0.25, 5, 0)
    assert sets.left_out["class_name"].tolist() == ["few"]
    scores = measure_zero_shot(vectors, sets, 3)
    for method in METHODS:
        expected = naive_scores(images, vectors, sets, method, 1, 3).mean(axis=0)
        means = [measured(scores, method, "4", measure)["mean"] for measure in MEASURES]
        np.testing.assert_allclose(means, expected)


def test_table_says_how_many_of_what(images, vectors):
    scores = measure_zero_shot(vectors, draw_support_sets(images, SIZES, 0.25, 4, 0), 5)
    assert len(scores) == len(METHODS) * len(SIZES) * len(MEASURES)
    assert set(scores["draws"]) == {4}
    assert set(scores["unseen_classes"]) == set(scores["seen_classes"]) == {3}
    support_images = scores.groupby("support")["support_images"].first()
    # Held out of 12, 8 and 5 images: 3, 2 and 1.
    assert support_images.to_dict() == {"1": 1.0, "3": 3.0, "all": pytest.approx((9 + 6 + 4) / 3)}


def test_support_sets_are_of_their_size_grow_and_are_never_scored(images):
    sets = draw_support_sets(images, (1, 3, "all"), 0.25, 20, 0)
    labels = images["class_name"].to_numpy()[sets.unseen_rows]
    for name, in_class in {"b": 12, "n": 8, "y": 5}.items():
        support, scored = (
            sets.is_support[:, :, labels == name],
            sets.is_scored[:, :, labels == name],
        )
        held_out = round(0.25 * in_class)
        for size, count in enumerate((1, 3, in_class - held_out)):
            assert (support[size].sum(axis=1) == count).all()
            assert (scored[size].sum(axis=1) == in_class - count).all()
        # Every image has its turn.
        assert support[0].any(axis=0).sum() > in_class / 2
    assert "no validation" not in set(images["class_name"][sets.test_rows])
    assert not (sets.is_support & sets.is_scored).any()
    assert (sets.is_support[1] | ~sets.is_support[0]).all()
    assert (sets.is_support[2] | ~sets.is_support[1]).all()
    assert sets.left_out.empty


def test_draws_differ_and_hang_on_seed_and_images_only(images):
    first = draw_support_sets(images, (1,), 0.2, 10, 0)
    turned = images[::-1].reset_index(drop=True)
    for other in (images, turned):
        again = draw_support_sets(other, (1,), 0.2, 10, 0)
        assert (again.is_support == first.is_support).all()
        names = [table["image_id"].to_numpy() for table in (images, other)]
        assert (names[0][first.unseen_rows] == names[1][again.unseen_rows]).all()
    assert not (draw_support_sets(images, (1,), 0.2, 10, 1).is_support == first.is_support).all()
    assert len(np.unique(first.is_support[0], axis=0)) > 5


def test_classes_too_small_for_a_size_are_named_and_left_out(vectors, images):
    small = {("a", "validation"): 2, ("a", "test"): 2, ("big", "unseen"): 6}
    images = image_table(small | {("pair", "unseen"): 2, ("alone", "unseen"): 1})
    sets = draw_support_sets(images, (1, 5, 50, "all"), 0.5, 3, 0)
    assert sets.sizes == ("1", "5", "all")
    assert sets.left_out.values.tolist() == [
        ["1", "alone", 1, 1],
        ["5", "alone", 1, 1],
        ["5", "pair", 2, 2],
        ["50", "alone", 1, 1],
        ["50", "big", 6, 6],
        ["50", "pair", 2, 2],
        ["all", "alone", 1, 1],
    ]
    labels = images["class_name"].to_numpy()[sets.unseen_rows]
    assert set(labels[sets.is_support.any(axis=(0, 1))]) == {"big", "pair"}
    scores = measure_zero_shot(vectors[: len(images)], sets, 5)
    assert scores.groupby("support")["unseen_classes"].first().to_dict() == {
        "1": 2,
        "5": 1,
        "all": 2,
    }
    alone = measured(scores, "nearest_centroid", "5", "unseen_among_unseen")
    assert alone["mean"] == alone["low"] == 1.0


def test_nothing_is_measured_where_every_class_is_too_small(vectors):
    images = image_table({("a", "validation"): 2, ("b", "unseen"): 1})
    scores = measure_zero_shot(vectors[:3], draw_support_sets(images, (1, "all"), 0.5, 3, 0), 5)
    assert scores.empty
    assert "mean" in scores


def test_images_of_one_group_neither_support_nor_score_each_other(images):
    unseen = images["split"] == "unseen"
    number = images["image_id"].str.extract(r"(\d+)$")[0].astype(int)
    group = (images["class_name"] + (number // 3).astype(str)).where(unseen)
    sets = draw_support_sets(images.assign(group=group), (1, 4, "all"), 0.3, 30, 0)
    groups = group.to_numpy()[sets.unseen_rows]
    for support, scored in zip(
        sets.is_support.reshape(-1, len(groups)),
        sets.is_scored.reshape(-1, len(groups)),
        strict=True,
    ):
        assert not set(groups[support]) & set(groups[scored])
    # 5 images in two groups of 3 and 2: 4 of them always leave no group to score.
    assert ["4", "y", 5, 2] in sets.left_out.values.tolist()
    twelve = images["class_name"].to_numpy()[sets.unseen_rows] == "b"
    assert (sets.is_support[1][:, twelve].sum(axis=1) == 4).all()
    assert (sets.is_scored[1][:, twelve].sum(axis=1) == 12 - 6).all()


def test_a_class_that_some_draws_leave_nothing_of_is_left_out():
    images = image_table({("a", "validation"): 1, ("b", "unseen"): 5})
    # The large group first: 3 of its 4 support, the fifth image is scored. Else none is left.
    group = np.where(images["image_id"] == "b unseen 0", "small", "large")
    sets = draw_support_sets(images.assign(group=group), (3,), 0.5, 30, 0)
    assert sets.left_out.values.tolist() == [["3", "b", 5, 2]]
    assert sets.sizes == ()


def test_without_test_images_only_unseen_ones_are_scored(vectors):
    images = image_table({("a", "validation"): 3, ("b", "unseen"): 4, ("c", "unseen"): 4})
    scores = measure_zero_shot(vectors[:11], draw_support_sets(images, (1,), 0.5, 3, 0), 5)
    missing = scores.groupby("measure")["mean"].apply(lambda means: means.isna().all())
    assert sorted(missing[missing].index) == ["harmonic_mean", "seen_among_all", "seen_among_seen"]
    assert scores.loc[scores["measure"] == "unseen_among_all", "mean"].notna().all()


def test_identical_vectors_all_get_the_first_class(images):
    sets = draw_support_sets(images, (1,), 0.5, 3, 0)
    scores = measure_zero_shot(np.ones((len(images), 2)), sets, 5)
    values = scores[scores["method"] == "nearest_centroid"].set_index("measure")["mean"].to_dict()
    assert values["seen_among_all"] == values["unseen_among_unseen"] == pytest.approx(1 / 3)
    assert values["unseen_among_all"] == values["harmonic_mean"] == 0.0


def test_one_seen_class_and_one_feature(images):
    images = image_table({("a", "validation"): 2, ("a", "test"): 2, ("b", "unseen"): 3})
    far = np.where(images["class_name"] == "a", 0.0, 5.0)[:, np.newaxis]
    scores = measure_zero_shot(far, draw_support_sets(images, (1, "all"), 0.3, 2, 0), 5)
    assert (scores["mean"] == 1.0).all()


def test_embeddings_are_compared_on_the_same_sets(images, vectors):
    sets = draw_support_sets(images, (1, 3), 0.25, 5, 0)
    both = compare_zero_shot({"trained": vectors, "raw <pixels>": vectors.astype("f4")}, sets, 3)
    parts = [part.drop(columns="vectors") for _, part in both.groupby("vectors")]
    assert both["vectors"].drop_duplicates().tolist() == ["trained", "raw <pixels>"]
    numbers = [part.select_dtypes("number").to_numpy() for part in parts]
    np.testing.assert_allclose(*numbers)


def test_harmonic_mean_is_high_only_if_both_are():
    values = harmonic_mean(np.array([0.0, 1.0, 0.5, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert values.tolist() == [0.0, 0.0, pytest.approx(2 / 3), 0.0]


def embeddings_of(images):
    return images.assign(step=2, e00=1.0)


def test_images_of_a_step_come_with_their_groups(images):
    copies = images.loc[images["class_name"] == "b", "image_id"].tolist()[:2]
    splits = pd.DataFrame({"image_id": copies, "group": ["first", None]})
    table = zero_shot_images(embeddings_of(images), 2, splits).set_index("image_id")
    assert table.loc[copies, "group"].tolist() == ["first", copies[1]]
    assert set(table["split"]) == {"validation", "test", "unseen"}
    alone = zero_shot_images(embeddings_of(images), 2, None)
    assert (alone["group"] == alone["image_id"]).all()


def test_a_class_that_is_both_seen_and_unseen_is_refused(images):
    both = images.replace({"class_name": {"b": "m"}})
    with pytest.raises(EmbeddingsError, match=r"\['m'\] are both"):
        draw_support_sets(both, (1,), 0.2, 2, 0)


@pytest.mark.parametrize("split", ["validation", "unseen"])
def test_both_seen_and_unseen_images_are_needed(images, split):
    with pytest.raises(EmbeddingsError, match=r"0 (un)?seen.*unseen_classes"):
        draw_support_sets(images[images["split"] != split], (1,), 0.2, 2, 0)


def test_impossible_wishes_are_refused(images, vectors):
    for sizes, share, draws in [((0,), 0.2, 2), ((), 0.2, 2), ((1,), 1.0, 2), ((1,), 0.2, 0)]:
        with pytest.raises(ValueError, match="at least"):
            draw_support_sets(images, sizes, share, draws, 0)
    sets = draw_support_sets(images, (1,), 0.2, 2, 0)
    with pytest.raises(ValueError, match=r"1 vectors for \d+ images"):
        measure_zero_shot(vectors[:1], sets, 5)
    with pytest.raises(ValueError, match="NaN"):
        measure_zero_shot(np.full_like(vectors, np.nan), sets, 5)

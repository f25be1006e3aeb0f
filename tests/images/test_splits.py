import logging

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.images.quotas import SmallClassError
from plankton_embedding.images.scan import REJECTED
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.pipelines.data_engineering import nodes
from tiny_project import NO_DUPLICATES as APART


def _sizes(splits: pd.DataFrame) -> dict[str, dict[str, int]]:
    counts = splits.groupby("class_name")["split"].value_counts()
    return {name: counts[name].to_dict() for name in splits["class_name"].unique()}


def _of(splits: pd.DataFrame, split: str) -> set[str]:
    return set(splits.loc[splits["split"] == split, "image_id"])


def test_counts_are_exact_in_every_class(make_manifest, split_options):
    splits = assign_splits(make_manifest({"a": 12, "b": 30}), APART, split_options(4, 3), seed=0)
    assert _sizes(splits) == {
        "a": {"train": 5, "validation": 4, "test": 3},
        "b": {"train": 23, "validation": 4, "test": 3},
    }


def test_the_log_names_splits_in_their_order_whatever_their_sizes(
    make_manifest, split_options, caplog
):
    caplog.set_level(logging.INFO)
    options = split_options(3, 4).model_copy(update={"small_classes": "drop"})
    nodes.assign_splits(make_manifest({"a": 9, "b": 5, "c": 9}), APART, options, seed=0)
    assert "Split: 4 train, 6 validation, 8 test, 5 dropped" in caplog.text


def test_fractions_are_of_each_class_and_one_image_at_least(make_manifest, split_options):
    manifest = make_manifest({"a": 4, "b": 10, "c": 100})
    splits = assign_splits(manifest, APART, split_options(0.2, 0.1), seed=0)
    assert _sizes(splits) == {
        "a": {"train": 2, "validation": 1, "test": 1},
        "b": {"train": 7, "validation": 2, "test": 1},
        "c": {"train": 70, "validation": 20, "test": 10},
    }


def test_a_count_and_a_fraction_go_together(make_manifest, split_options):
    splits = assign_splits(make_manifest({"a": 20, "b": 10}), APART, split_options(3, 0.5), seed=0)
    assert _sizes(splits) == {
        "a": {"train": 7, "validation": 3, "test": 10},
        "b": {"train": 2, "validation": 3, "test": 5},
    }


def test_every_accepted_image_is_in_one_split_and_rejected_ones_in_none(
    make_manifest, split_options
):
    manifest = make_manifest({"b": 12, "a": 12})
    manifest.loc[[0, 20], "status"] = REJECTED
    splits = assign_splits(manifest, APART, split_options(2, 2), seed=0)
    assert splits.columns.tolist() == ["image_id", "class_name", "split", "group"]
    expected = manifest.drop(index=[0, 20]).sort_values("image_id")
    assert splits["image_id"].tolist() == expected["image_id"].tolist()
    assert splits["class_name"].tolist() == expected["class_name"].tolist()
    assert _sizes(splits)["a"] == {"train": 7, "validation": 2, "test": 2}


def test_the_same_seed_gives_the_same_splits_and_another_one_others(make_manifest, split_options):
    manifest = make_manifest({"a": 50, "b": 50})
    options = split_options(10, 10)
    once = assign_splits(manifest, APART, options, seed=3)
    pd.testing.assert_frame_equal(once, assign_splits(manifest, APART, options, seed=3))
    other = assign_splits(manifest, APART, options, seed=4)
    assert _of(once, "test") != _of(other, "test")
    assert _sizes(once) == _sizes(other)


def test_an_image_is_ranked_by_a_hash_of_its_own(make_manifest, split_options):
    manifest = make_manifest({"a": 30, "b": 12})
    splits = assign_splits(manifest, APART, split_options(4, 5), seed=7).set_index("image_id")[
        "split"
    ]
    for name in ["a", "b"]:
        hashes = {
            image_id: int(pd.util.hash_array(np.array([image_id], object), hash_key=f"{7:016d}")[0])
            for image_id in manifest.loc[manifest["class_name"] == name, "image_id"]
        }
        ranked = sorted(hashes, key=hashes.__getitem__)
        assert splits[ranked].tolist() == (
            ["validation"] * 4 + ["test"] * 5 + ["train"] * (len(ranked) - 9)
        )


def test_splits_are_those_of_earlier_versions(make_manifest, split_options):
    # Recorded once. If this fails, images that were kept for the test would now be trained on.
    splits = assign_splits(make_manifest({"a": 6, "b": 6}), APART, split_options(1, 1), seed=0)
    assert _of(splits, "validation") == {"a/003.png", "b/005.png"}
    assert _of(splits, "test") == {"a/001.png", "b/004.png"}


def test_the_largest_seed_is_taken(make_manifest, split_options):
    manifest = make_manifest({"a": 6, "b": 6})
    splits = assign_splits(manifest, APART, split_options(1, 1), seed=2**32 - 1)
    assert _sizes(splits)["a"] == {"train": 4, "validation": 1, "test": 1}


def test_splits_do_not_hang_on_the_order_of_rows(make_manifest, split_options):
    manifest = make_manifest({"a": 50, "b": 50})
    options = split_options(10, 0.2)
    expected = assign_splits(manifest, APART, options, seed=0)
    for seed in range(3):
        shuffled = manifest.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(assign_splits(shuffled, APART, options, seed=0), expected)
        renumbered = shuffled.reset_index(drop=True)
        pd.testing.assert_frame_equal(assign_splits(renumbered, APART, options, seed=0), expected)


def test_splits_do_not_follow_the_order_of_names(make_manifest, split_options):
    splits = assign_splits(
        make_manifest({"a": 200, "b": 200}), APART, split_options(100, 50), seed=0
    )
    numbers = splits["image_id"].str[2:5].astype(int)
    for name in ["train", "validation", "test"]:
        chosen = numbers[splits["split"] == name]
        assert 75 < chosen.mean() < 125
        assert chosen.min() < 20
        assert chosen.max() > 180


def test_a_new_image_moves_no_image_but_those_at_the_edges_of_the_splits(
    make_manifest, split_options
):
    options = split_options(20, 20)
    before = assign_splits(make_manifest({"a": 100, "b": 100}), APART, options, seed=0)
    after = assign_splits(make_manifest({"a": 101, "b": 100}), APART, options, seed=0)
    both = before.merge(after, on="image_id")
    moved = both[both["split_x"] != both["split_y"]]
    assert len(both) == 200
    assert len(moved) <= 2
    assert moved["image_id"].str.startswith("a/").all()


def test_another_class_changes_nothing(make_manifest, split_options):
    options = split_options(5, 5)
    few = assign_splits(make_manifest({"a": 30, "b": 30}), APART, options, seed=0)
    more = assign_splits(make_manifest({"a": 30, "b": 30, "c": 30}), APART, options, seed=0)
    pd.testing.assert_frame_equal(few, more[more["class_name"] != "c"])


def test_a_class_of_just_enough_trains_on_two(make_manifest, split_options):
    splits = assign_splits(make_manifest({"a": 9, "b": 20}), APART, split_options(4, 3), seed=0)
    assert _sizes(splits)["a"] == {"validation": 4, "test": 3, "train": 2}


def test_small_classes_are_named_with_their_counts_and_what_to_do(make_manifest, split_options):
    manifest = make_manifest({"a": 8, "b": 20, "c": 1})
    message = (
        r"validation_per_class: 4 and test_per_class: 3 with 2 left to train on: "
        r"'a' \(8 images\), 'c' \(1 images\)\. Add images.*drop.*proportional.*fractions"
    )
    with pytest.raises(SmallClassError, match=message):
        assign_splits(manifest, APART, split_options(4, 3), seed=0)


def test_small_classes_can_be_dropped_whole(make_manifest, split_options):
    manifest = make_manifest({"a": 8, "b": 20, "c": 9})
    splits = assign_splits(manifest, APART, split_options(4, 3, "drop"), seed=0)
    assert _sizes(splits) == {
        "a": {"dropped": 8},
        "b": {"train": 13, "validation": 4, "test": 3},
        "c": {"train": 2, "validation": 4, "test": 3},
    }


@pytest.mark.parametrize(("sizes", "left"), [({"a": 8, "b": 20}, 1), ({"a": 8, "b": 8}, 0)])
def test_fewer_than_two_classes_left_is_refused(make_manifest, split_options, sizes, left):
    message = rf"small_classes: drop leaves {left} class.*Lower validation_per_class"
    with pytest.raises(SmallClassError, match=message):
        assign_splits(make_manifest(sizes), APART, split_options(4, 3, "drop"), seed=0)


def test_proportional_holds_half_of_a_small_class_out(make_manifest, split_options):
    manifest = make_manifest({"four": 4, "ten": 10, "large": 202, "small": 201})
    splits = assign_splits(manifest, APART, split_options(100, 100, "proportional"), seed=0)
    assert _sizes(splits) == {
        "four": {"train": 2, "validation": 1, "test": 1},
        "ten": {"train": 6, "validation": 2, "test": 2},
        "large": {"validation": 100, "test": 100, "train": 2},
        "small": {"train": 101, "validation": 50, "test": 50},
    }


def test_proportional_divides_the_half_as_the_splits_are(make_manifest, split_options):
    manifest = make_manifest({"small": 80, "large": 500})
    splits = assign_splits(manifest, APART, split_options(300, 100, "proportional"), seed=0)
    assert _sizes(splits)["small"] == {"train": 40, "validation": 30, "test": 10}


@pytest.mark.parametrize(("validation", "test"), [(1000, 50), (50, 1000), (100, 0.1)])
@pytest.mark.parametrize("size", [4, 5, 10])
def test_proportional_gives_a_small_class_every_split(
    make_manifest, split_options, validation, test, size
):
    manifest = make_manifest({"small": size, "large": 2000})
    options = split_options(validation, test, "proportional")
    small = _sizes(assign_splits(manifest, APART, options, seed=0))["small"]
    assert sum(small.values()) == size
    assert small["train"] >= 2
    assert small["validation"] >= 1
    assert small["test"] >= 1


def test_a_class_too_small_for_proportional_is_named(make_manifest, split_options):
    manifest = make_manifest({"a": 3, "b": 500, "c": 10})
    with pytest.raises(SmallClassError, match=r"left to train on: 'a' \(3 images\)\. Add") as error:
        assign_splits(manifest, APART, split_options(100, 100, "proportional"), seed=0)
    assert "proportional" not in str(error.value)


def test_class_names_survive_as_they_are(make_manifest, split_options):
    names = [" Calanus sp.", "007", "1e3", "NA", "None", "null", "Öfter größer", "浮游生物"]
    splits = assign_splits(
        make_manifest(dict.fromkeys(names, 5)), APART, split_options(1, 1), seed=0
    )
    assert list(_sizes(splits)) == sorted(names)
    assert set(splits["class_name"]) == set(names)
    assert all(size["train"] == 3 for size in _sizes(splits).values())

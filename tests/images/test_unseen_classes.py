"""Unseen classes: chosen by name or by the seed, and nothing of them is trained on."""

import logging

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.images.quotas import SmallClassError
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.unseen_classes import UnseenClassError
from tiny_project import NO_DUPLICATES as APART


def copies(*pairs: tuple[str, str]) -> pd.DataFrame:
    # As `find_duplicates` has it: the later image, the earlier one.
    ordered = [sorted(pair, reverse=True) for pair in pairs]
    return pd.DataFrame(ordered, columns=["image_id", "duplicate_of"], dtype="str")


def unseen(splits: pd.DataFrame) -> list[str]:
    return sorted(splits.loc[splits["split"] == "unseen", "class_name"].unique())


def of(splits: pd.DataFrame, *image_ids: str) -> list[str]:
    return splits.set_index("image_id")["split"][list(image_ids)].tolist()


@pytest.fixture
def manifest(make_manifest) -> pd.DataFrame:
    return make_manifest({"a": 30, "b": 30, "c": 30, "rare": 1})


def test_named_classes_are_unseen_whole_and_the_others_split_as_if_they_were_not_there(
    manifest, split_options
):
    options = split_options(4, 3, unseen_classes=["c", "rare", "c"])
    splits = assign_splits(manifest, APART, options, seed=0)
    without = manifest[manifest["class_name"].isin(["a", "b"])]
    expected = assign_splits(without, APART, split_options(4, 3), seed=0)
    apart = splits["class_name"].isin(["c", "rare"])
    assert (splits.loc[apart, "split"] == "unseen").all()
    assert apart.sum() == 31
    pd.testing.assert_frame_equal(splits[~apart].reset_index(drop=True), expected)


@pytest.mark.parametrize("nothing", [[], 0])
def test_none_is_unseen_if_none_is_asked_for(make_manifest, split_options, nothing):
    manifest = make_manifest({"a": 9, "b": 9})
    options = split_options(4, 3, unseen_classes=nothing)
    splits = assign_splits(manifest, APART, options, seed=0)
    assert set(splits["split"]) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("hidden", "direct", "further"), [("a", "b", "c"), ("b", "a", "c"), ("c", "b", "a")]
)
def test_copies_of_unseen_images_in_other_classes_are_dropped(
    manifest, split_options, caplog, hidden, direct, further
):
    # A copy in another class, a copy of that, copies within a class.
    pairs = copies(
        (f"{direct}/000.png", f"{hidden}/000.png"),
        (f"{further}/000.png", f"{direct}/000.png"),
        (f"{further}/002.png", f"{further}/001.png"),
        (f"{hidden}/008.png", f"{hidden}/007.png"),
    )
    options = split_options(4, 3, "drop", unseen_classes=[hidden])
    with caplog.at_level(logging.WARNING):
        splits = assign_splits(manifest, pairs, options, seed=0)
    leaks = [f"{direct}/000.png", f"{further}/000.png"]
    assert of(splits, *leaks) == ["dropped", "dropped"]
    in_use = splits[splits["class_name"].isin([direct, further])]
    assert in_use.loc[in_use["split"] == "dropped", "image_id"].tolist() == sorted(leaks)
    assert (splits.loc[splits["class_name"] == hidden, "split"] == "unseen").all()
    assert "Dropped 2 images that are copies of images of unseen classes" in caplog.text
    assert f"1 of {direct}" in caplog.text
    # The others fill the splits up.
    counts = in_use.groupby("class_name")["split"].value_counts().unstack()
    assert counts["validation"].tolist() == [4, 4]
    assert counts["test"].tolist() == [3, 3]


def test_copies_between_two_unseen_classes_stay_unseen(make_manifest, split_options):
    manifest = make_manifest({"a": 9, "b": 9, "c": 9, "d": 9})
    options = split_options(4, 3, unseen_classes=["c", "d"])
    splits = assign_splits(manifest, copies(("d/000.png", "c/000.png")), options, seed=0)
    assert of(splits, "c/000.png", "d/000.png") == ["unseen", "unseen"]


def test_an_image_of_the_same_sample_is_no_copy(make_manifest, split_options):
    manifest = make_manifest({"a": 20, "b": 20, "c": 20})
    manifest["sample_id"] = "s" + manifest["image_id"].str.slice(2, 5)
    options = split_options(0.2, 0.2, group_column="sample_id", unseen_classes=["c"])
    splits = assign_splits(manifest, APART, options, seed=0)
    assert splits["split"].value_counts()["unseen"] == 20
    assert "dropped" not in set(splits["split"])


def test_unseen_images_tie_no_samples_together(make_manifest, split_options):
    manifest = make_manifest({"a": 20, "b": 20, "c": 20})
    manifest["sample_id"] = "s" + manifest["image_id"].str.slice(2, 5)
    # All unseen images are of one picture, and lie in all samples.
    chain = copies(*((f"c/{n:03d}.png", "c/000.png") for n in range(1, 20)))
    options = split_options(0.2, 0.2, group_column="sample_id", unseen_classes=["c"])
    splits = assign_splits(manifest, chain, options, seed=0)
    seen = splits[splits["split"] != "unseen"].reset_index(drop=True)
    without = manifest[manifest["class_name"] != "c"]
    options = split_options(0.2, 0.2, group_column="sample_id")
    pd.testing.assert_frame_equal(seen, assign_splits(without, APART, options, seed=0))
    assert splits.loc[splits["split"] == "unseen", "group"].unique().tolist() == ["c/000.png"]


def test_a_count_is_chosen_by_the_seed(make_manifest, split_options):
    manifest = make_manifest({f"class {number}": 9 for number in range(30)})

    def chosen(count: int, seed: int, table: pd.DataFrame = manifest) -> list[str]:
        options = split_options(4, 3, unseen_classes=count)
        return unseen(assign_splits(table, APART, options, seed))

    assert len(chosen(5, 0)) == 5
    assert chosen(5, 0) == chosen(5, 0, manifest.sample(frac=1, random_state=1))
    assert chosen(5, 0) != chosen(5, 1)
    assert set(chosen(5, 0)) < set(chosen(9, 0))
    often = np.unique([chosen(5, seed) for seed in range(60)], return_counts=True)
    assert len(often[0]) == 30
    assert often[1].max() < 25


def test_the_classes_of_a_count_are_those_of_earlier_versions(make_manifest, split_options):
    # Recorded once. If this fails, classes that were unseen would now be trained on.
    manifest = make_manifest(dict.fromkeys("abcdefgh", 9))
    options = split_options(4, 3, unseen_classes=3)
    assert unseen(assign_splits(manifest, APART, options, seed=0)) == ["d", "f", "h"]


def test_a_count_takes_only_classes_large_enough(make_manifest, split_options):
    manifest = make_manifest({"a": 9, "b": 9, "c": 9, "d": 9, "e": 8, "f": 4})
    for seed in range(20):
        options = split_options(4, 3, "drop", unseen_classes=2)
        assert set(unseen(assign_splits(manifest, APART, options, seed))) < set("abcd")


def test_a_count_takes_small_classes_too_where_these_are_split(make_manifest, split_options):
    manifest = make_manifest({"a": 10, "b": 10, "c": 10, "d": 10})
    options = split_options(100, 100, "proportional", unseen_classes=2)
    splits = assign_splits(manifest, APART, options, seed=0)
    assert len(unseen(splits)) == 2
    assert splits["split"].value_counts().to_dict() == {
        **{"unseen": 20, "train": 12},
        **{"validation": 4, "test": 4},
    }


def test_a_count_of_more_than_are_large_enough_is_refused(manifest, split_options):
    options = split_options(4, 3, "drop", unseen_classes=4)
    with pytest.raises(UnseenClassError, match=r"is 4, but 3 classes are large enough"):
        assign_splits(manifest, APART, options, seed=0)


def test_unknown_classes_are_named_with_the_nearest(make_manifest, split_options):
    manifest = make_manifest({"Calanus": 9, "Calanoida": 9, "Oithona": 9, "Penilia": 9})
    options = split_options(4, 3, unseen_classes=["CALANUS ", "Oithona", "Penila"])
    message = r"'CALANUS ' \(nearest: 'Calanus', 'Calanoida'.*\); 'Penila' \(nearest: 'Penilia'"
    with pytest.raises(UnseenClassError, match=message) as error:
        assign_splits(manifest, APART, options, seed=0)
    assert "'Oithona' (" not in str(error.value)


@pytest.mark.parametrize("wanted", [["a", "b"], 2])
def test_fewer_than_two_classes_left_is_refused(make_manifest, split_options, wanted):
    manifest = make_manifest({"a": 9, "b": 9, "c": 9})
    options = split_options(4, 3, unseen_classes=wanted)
    with pytest.raises(UnseenClassError, match="leaves 1 of 3 classes to train on"):
        assign_splits(manifest, APART, options, seed=0)


def test_a_class_of_copies_of_unseen_images_is_not_left(make_manifest, split_options):
    manifest = make_manifest({"a": 9, "b": 1, "c": 9})
    options = split_options(4, 3, "drop", unseen_classes=["c"])
    with pytest.raises(UnseenClassError, match="leaves 1 of 3 classes"):
        assign_splits(manifest, copies(("c/000.png", "b/000.png")), options, seed=0)


def test_a_class_that_copies_make_too_small_is_named(make_manifest, split_options):
    manifest = make_manifest({"a": 9, "b": 9, "c": 9})
    options = split_options(4, 3, unseen_classes=["c"])
    with pytest.raises(SmallClassError, match=r"'b' \(8 images\)"):
        assign_splits(manifest, copies(("c/000.png", "b/000.png")), options, seed=0)


def test_class_names_of_any_kind_can_be_unseen(make_manifest, split_options):
    names = ["007", "NA", "a, b", "<script>", "浮游生物"]
    manifest = make_manifest(dict.fromkeys([*names, "x", "y"], 9))
    options = split_options(4, 3, unseen_classes=names)
    assert unseen(assign_splits(manifest, APART, options, seed=0)) == sorted(names)


@pytest.fixture
def prepared(make_manifest) -> pd.DataFrame:
    manifest = make_manifest({"a": 6, "b": 6, "c": 6})
    return manifest.assign(
        prepared_split=["train", "train", "train", "train", "validation", "test"] * 3
    )


def test_splits_that_came_with_the_images_hold_for_seen_classes_only(
    prepared, split_options, caplog
):
    prepared.loc[prepared["class_name"] == "c", "prepared_split"] = "test"
    pairs = copies(("c/005.png", "b/000.png"), ("a/000.png", "c/001.png"))
    # Sizes are not asked for, so a class of six is large enough for a count as well.
    options = split_options(100, 100, unseen_classes=["c"])
    with caplog.at_level(logging.WARNING):
        splits = assign_splits(prepared, pairs, options, seed=0)
    assert unseen(splits) == ["c"]
    assert of(splits, "a/000.png", "b/000.png") == ["dropped", "dropped"]
    seen = ~splits["split"].isin(["unseen", "dropped"])
    assert (splits["split"] == prepared["prepared_split"])[seen].all()
    assert seen.sum() == 10
    # Nothing of what is left leaks.
    assert "another split" not in caplog.text


def test_a_count_takes_of_given_splits_any_class(prepared, split_options):
    splits = assign_splits(prepared, APART, split_options(100, 100, unseen_classes=1), seed=0)
    assert len(unseen(splits)) == 1

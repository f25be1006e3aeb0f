"""Images that belong together share a split; splits that came with the images are taken over."""

import logging

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.images.given_splits import PreparedSplitError
from plankton_embedding.images.groups import GroupColumnError
from plankton_embedding.images.quotas import SmallClassError
from plankton_embedding.images.splits import assign_splits
from tiny_project import NO_DUPLICATES, ROOT

REAL = ROOT.parent / "shared" / "real_plankton" / "pwssc"
FRAME = r"/([^-]+-[^-]+-[^-]+-[^-]+)-"


def sides(splits: pd.DataFrame, keys: pd.Series) -> pd.Series:
    """Return on how many sides the images of each key stand."""
    return splits.set_index("image_id")["split"].groupby(keys).nunique()


@pytest.fixture
def manifest(make_manifest) -> pd.DataFrame:
    """Return 200 images of three classes from 40 samples, each of which holds several classes."""
    table = make_manifest({"a": 120, "b": 60, "c": 20})
    random = np.random.default_rng(0)
    return table.assign(sample_id=[f"s{n}" for n in random.integers(0, 40, len(table))])


def test_a_sample_never_stands_on_two_sides(manifest, split_options):
    options = split_options(0.2, 0.2, group_column="sample_id")
    splits = assign_splits(manifest, NO_DUPLICATES, options, seed=0)
    keys = manifest.set_index("image_id")["sample_id"]
    assert (sides(splits, keys) == 1).all()
    shares = splits.groupby("class_name")["split"].value_counts(normalize=True).unstack()
    assert shares[["validation", "test"]].stack().between(0.1, 0.32).all()
    assert splits.groupby(keys[splits["image_id"]].to_numpy())["group"].nunique().eq(1).all()


def test_the_same_by_a_pattern_in_the_image_id(manifest, split_options):
    renamed = manifest.assign(
        image_id=manifest["class_name"] + "/" + manifest["sample_id"] + "_" + manifest["sha256"]
    )
    options = split_options(0.2, 0.2, group_pattern=r"/(s\d+)_")
    splits = assign_splits(renamed, NO_DUPLICATES, options, seed=0)
    assert (sides(splits, renamed.set_index("image_id")["sample_id"]) == 1).all()


def test_image_ids_without_the_pattern_are_counted(manifest, split_options, caplog):
    options = split_options(0.2, 0.2, group_pattern=r"^a/00\d")
    with caplog.at_level(logging.WARNING):
        splits = assign_splits(manifest, NO_DUPLICATES, options, seed=0)
    assert "finds nothing in 190 of 200 image ids" in caplog.text
    # Nothing but the whole match counts where the pattern has no group: ten of those differ.
    assert splits["group"].nunique() == 200


def test_copies_never_stand_on_two_sides(make_manifest, split_options):
    manifest = make_manifest({"a": 60, "b": 60})
    ids = manifest["image_id"]
    copies = pd.DataFrame({"image_id": ids[1::2].to_numpy(), "duplicate_of": ids[0::2].to_numpy()})
    options = split_options(10, 10)
    splits = assign_splits(manifest, copies, options, seed=0).set_index("image_id")["split"]
    ours, theirs = copies["image_id"], copies["duplicate_of"]
    assert (splits[ours].to_numpy() == splits[theirs].to_numpy()).all()
    assert splits.value_counts().to_dict() == {"train": 80, "validation": 20, "test": 20}
    apart = assign_splits(manifest, NO_DUPLICATES, options, seed=0).set_index("image_id")["split"]
    assert (apart[ours].to_numpy() != apart[theirs].to_numpy()).any()


def test_a_sample_keeps_its_split_when_images_are_added(make_manifest, split_options):
    def splits_of(count: int) -> pd.Series:
        table = make_manifest({"a": count, "b": count})
        table["sample_id"] = table["image_id"].str.slice(2, 4)
        options = split_options(0.2, 0.2, group_column="sample_id")
        return assign_splits(table, NO_DUPLICATES, options, seed=0).set_index("image_id")["split"]

    before, after = splits_of(500), splits_of(550)
    assert (after[before.index] == before).mean() > 0.9


def test_a_column_that_is_not_there_is_named_with_those_that_are(manifest, split_options):
    options = split_options(0.2, 0.2, group_column="station")
    message = r"group_column is 'station', but .* It has image_id, .*sample_id"
    with pytest.raises(GroupColumnError, match=message):
        assign_splits(manifest, NO_DUPLICATES, options, seed=0)


def test_images_without_a_sample_belong_to_nobody(manifest, split_options):
    options = split_options(0.2, 0.2, group_column="sample_id")
    splits = assign_splits(manifest.assign(sample_id=""), NO_DUPLICATES, options, seed=0)
    assert splits["group"].tolist() == splits["image_id"].tolist()


def test_a_class_that_is_one_group_is_named(make_manifest, split_options):
    manifest = make_manifest({"a": 30, "b": 30}).assign(sample_id="x")
    manifest.loc[manifest["class_name"] == "a", "sample_id"] = [f"{n}" for n in range(30)]
    options = split_options(0.2, 0.2, group_column="sample_id")
    with pytest.raises(SmallClassError, match=r"nothing to validate or to test in class 'b'"):
        assign_splits(manifest, NO_DUPLICATES, options, seed=0)


def test_a_dropped_class_ties_nothing_together(make_manifest, split_options):
    manifest = make_manifest({"a": 30, "b": 30, "rare": 2}).assign(sample_id="")
    options = split_options(5, 5, "drop", group_column="sample_id")
    splits = assign_splits(manifest, NO_DUPLICATES, options, seed=0)
    assert set(splits.loc[splits["class_name"] == "rare", "split"]) == {"dropped"}
    assert splits["split"].value_counts()["validation"] == 10


@pytest.fixture
def prepared(make_manifest) -> pd.DataFrame:
    manifest = make_manifest({"a": 8, "b": 8})
    return manifest.assign(
        prepared_split=["train"] * 4
        + ["validation"] * 2
        + ["test"] * 2
        + ["train"] * 6
        + ["validation", "test"]
    )


def test_splits_that_came_with_the_images_are_taken_over(prepared, split_options):
    splits = assign_splits(prepared, NO_DUPLICATES, split_options(100, 100), seed=0)
    assert splits["split"].tolist() == prepared["prepared_split"].tolist()
    assert splits.columns.tolist() == ["image_id", "class_name", "split", "group"]


def test_copies_across_such_splits_are_told(prepared, split_options, caplog):
    copies = pd.DataFrame({"image_id": ["a/007.png"], "duplicate_of": ["a/000.png"]})
    with caplog.at_level(logging.WARNING):
        splits = assign_splits(prepared, copies, split_options(1, 1), seed=0)
    assert "2 images belong together with images of another split" in caplog.text
    assert splits["split"].tolist() == prepared["prepared_split"].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({0: ""}, r"1 images come without a split, others with one; a/000\.png"),
        ({14: "train"}, r"Too few: 'b' \(7 train, 0 validation, 1 test\)"),
    ],
)
def test_such_splits_that_lack_something_are_named(prepared, split_options, changes, message):
    for row, split in changes.items():
        prepared.loc[row, "prepared_split"] = split
    with pytest.raises(PreparedSplitError, match=message):
        assign_splits(prepared, NO_DUPLICATES, split_options(1, 1), seed=0)


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real_plankton/pwssc is not there")
def test_a_camera_frame_never_stands_on_two_sides(split_options):
    files = sorted(REAL.glob("*/*.png"))
    manifest = pd.DataFrame(
        {
            "image_id": [f"{file.parent.name}/{file.name}" for file in files],
            "class_name": [file.parent.name for file in files],
            "status": "accepted",
        }
    )
    options = split_options(0.2, 0.2, group_pattern=FRAME)
    splits = assign_splits(manifest, NO_DUPLICATES, options, seed=0)
    frames = manifest.set_index("image_id").index.to_series().str.extract(FRAME)[0]
    assert frames.notna().all()
    assert frames.nunique() < len(files) * 0.9
    assert (sides(splits, frames) == 1).all()
    shares = splits.groupby("class_name")["split"].value_counts(normalize=True).unstack()
    assert shares[["validation", "test"]].stack().between(0.15, 0.25).all()

import re
from pathlib import Path

import pandas as pd
import pytest

from plankton_embedding.images.scan import REJECTED
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.summary import count_classes, data_fingerprint, summarise_data
from tiny_project import NO_DUPLICATES as APART


def test_counts_of_each_class(make_manifest, split_options):
    manifest = make_manifest({"NA": 8, "b": 20, "c": 9, "": 3, "007": 5})
    manifest.loc[[0, 1, 10, 11, 37, 38, 39, 40], "status"] = REJECTED
    options = split_options(4, 3, "drop", unseen_classes=["007"])
    splits = assign_splits(manifest, APART, options, seed=0)
    expected = [
        ("", 3, 3, 0, 0, 0, 0, 0),
        ("007", 5, 1, 0, 0, 0, 4, 0),
        ("NA", 8, 2, 0, 0, 0, 0, 6),
        ("b", 20, 2, 11, 4, 3, 0, 0),
        ("c", 9, 0, 2, 4, 3, 0, 0),
    ]
    counts = count_classes(manifest, splits)
    names = ["class_name", "found", "rejected", "train", "validation", "test", "unseen", "dropped"]
    pd.testing.assert_frame_equal(counts, pd.DataFrame(expected, columns=names))


@pytest.mark.parametrize("small_classes", ["drop", "proportional"])
def test_counts_add_up(make_manifest, split_options, small_classes):
    manifest = make_manifest({"007": 5, "null": 7, "a b": 12, "é": 30})
    manifest.loc[[5, 14, 50, 53], "status"] = REJECTED
    splits = assign_splits(manifest, APART, split_options(4, 4, small_classes), seed=0)
    counts = count_classes(manifest, splits)
    parts = counts[["rejected", "train", "validation", "test", "unseen", "dropped"]].sum(axis=1)
    assert counts["found"].tolist() == parts.tolist()
    assert counts["found"].tolist() == [5, 12, 7, 30]
    for row in counts.itertuples():
        for name in ["train", "validation", "test", "dropped"]:
            chosen = (splits["class_name"] == row.class_name) & (splits["split"] == name)
            assert getattr(row, name) == chosen.sum()


def test_summary_is_of_all_images(make_manifest, split_options):
    manifest = make_manifest({"a": 8, "b": 20, "c": 9})
    manifest.loc[[0, 10], "status"] = REJECTED
    splits = assign_splits(manifest, APART, split_options(4, 3, "drop"), seed=0)
    assert summarise_data(manifest, splits) == {
        "fingerprint": data_fingerprint(manifest, splits),
        "images_found": 37,
        "images_accepted": 35,
        "images_rejected": 2,
        "classes": 2,
        "unseen_classes": [],
        "train": 12 + 2,
        "validation": 8,
        "test": 6,
        "unseen": 0,
        "dropped": 7,
    }


def test_unseen_classes_are_counted_apart(make_manifest, split_options):
    manifest = make_manifest({"a": 20, "b": 20, "c": 9, "d": 2})
    options = split_options(4, 3, unseen_classes=["d", "c"])
    splits = assign_splits(manifest, APART, options, seed=0)
    summary = summarise_data(manifest, splits)
    assert (summary["classes"], summary["unseen_classes"]) == (2, ["c", "d"])
    assert (summary["unseen"], summary["train"]) == (11, 26)


def test_fingerprints_without_unseen_classes_are_those_of_earlier_versions(
    make_manifest, split_options
):
    # Recorded once. If this fails, no earlier training can be continued.
    manifest = make_manifest({"a": 6, "b": 6})
    splits = assign_splits(manifest, APART, split_options(1, 1), seed=0)
    assert data_fingerprint(manifest, splits).startswith("1df30c2cdcf666a7")


@pytest.fixture
def data(make_manifest, split_options) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a manifest and the splits of all of its images."""
    manifest = make_manifest({"a": 8, "b": 8})
    return manifest, assign_splits(manifest, APART, split_options(2, 2), seed=0)


def test_fingerprint_is_a_sha256(data):
    assert re.fullmatch("[0-9a-f]{64}", data_fingerprint(*data))


def test_fingerprint_does_not_hang_on_the_order_of_rows(data):
    manifest, splits = data
    shuffled = manifest.sample(frac=1, random_state=0), splits.sample(frac=1, random_state=1)
    assert data_fingerprint(*shuffled) == data_fingerprint(manifest, splits)


def test_fingerprint_changes_with_the_content_of_one_image(data):
    manifest, splits = data
    changed = manifest.copy()
    changed.loc[3, "sha256"] = "other content"
    assert data_fingerprint(changed, splits) != data_fingerprint(manifest, splits)


@pytest.mark.parametrize(
    ("column", "value"), [("split", "dropped"), ("class_name", "b"), ("image_id", "a/new.png")]
)
def test_fingerprint_changes_with_one_split_class_or_name(data, column, value):
    manifest, splits = data
    changed, renamed = splits.copy(), manifest.copy()
    changed.loc[0, column] = value
    if column == "image_id":
        renamed.loc[0, column] = value
    assert data_fingerprint(renamed, changed) != data_fingerprint(manifest, splits)


def test_fingerprint_changes_when_two_images_swap_their_splits(data):
    manifest, splits = data
    changed = splits.copy()
    first_of = {split: rows.index[0] for split, rows in splits.groupby("split")}
    changed.loc[[first_of["test"], first_of["train"]], "split"] = ["train", "test"]
    assert data_fingerprint(manifest, changed) != data_fingerprint(manifest, splits)


def test_fingerprint_changes_without_one_image(data):
    manifest, splits = data
    assert data_fingerprint(manifest, splits[1:]) != data_fingerprint(manifest, splits)


def test_fingerprint_is_of_the_images_and_not_of_their_place(
    tmp_path, write_image, scan_folder, split_options
):
    def fingerprint(root: Path) -> str:
        manifest = scan_folder(root)
        return data_fingerprint(
            manifest, assign_splits(manifest, APART, split_options(1, 1), seed=0)
        )

    for root in (tmp_path / "here", tmp_path / "there" / "images"):
        for number in range(8):
            write_image(root / "ab"[number % 2] / f"{number}.png", number)
    here = fingerprint(tmp_path / "here")
    assert here == fingerprint(tmp_path / "there" / "images")
    (tmp_path / "here" / "a" / "notes.txt").write_text("a rejected file is no data")
    assert fingerprint(tmp_path / "here") == here
    write_image(tmp_path / "here" / "a" / "0.png", 99)
    assert fingerprint(tmp_path / "here") != here

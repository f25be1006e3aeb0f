import dataclasses
import errno
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.errors import find_user_error
from plankton_embedding.images import build as building
from plankton_embedding.images import scan as scanning
from plankton_embedding.images.build import ImageStoreContent, prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.location import open_location
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.shards import ImageStoreError, inspect_shard
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_writer import write_image_store
from plankton_embedding.parameters import EngineOptions, StoreOptions
from tiny_project import NO_DUPLICATES


@pytest.fixture
def images(tmp_path, write_image) -> Path:
    """Return a folder of classes of 4, 7 and 8 images of many sizes."""
    root = tmp_path / "images"
    sizes = {"algae": 7, "copepod": 8, "rare": 4}
    number = 0
    for name, size in sizes.items():
        for image in range(size):
            number += 1
            write_image(root / name / f"{image}.png", number, 1 + 7 * number, 100 - 3 * number)
    return root


@pytest.fixture
def make_content(images, one_thread, preprocess_options, scan_folder, split_options):
    """Return a function that describes a store: shards of 4 images, class rare dropped."""

    def make(engine: EngineOptions = one_thread, **changes: object) -> ImageStoreContent:
        manifest = scan_folder(images)
        splits = assign_splits(manifest, NO_DUPLICATES, split_options(2, 2, "drop"), seed=0)
        listed = list_class_folders(open_location(str(images)))
        options = (preprocess_options(**changes), StoreOptions(images_per_shard=4), engine)
        return prepare_images(listed, manifest, splits, "f1", options)

    return make


@pytest.fixture
def build(make_content, tmp_path):
    """Return a function that builds a store in a folder of that name, beside earlier ones."""

    def to_store(name: str, *earlier: Path, **changes: object) -> Path:
        write_image_store(
            tmp_path / name, make_content(**changes), tmp_path / "building", list(earlier)
        )
        return tmp_path / name

    return to_store


@pytest.fixture
def prepared(monkeypatch) -> list[str]:
    """Return the list of files that builds preprocess."""
    names: list[str] = []
    real = building.read_file
    monkeypatch.setattr(
        building,
        "read_file",
        lambda place, path: names.append(Path(path).name) or real(place, path),
    )
    return names


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "changes", [{}, {"fit": "shrink_only", "background": "auto", "crop_bottom": 3}]
)
def test_a_store_holds_every_image_in_use_preprocessed_in_order(
    images, preprocess_options, build, changes
):
    store = ImageStore(build("store", **changes))
    in_use = [f"algae/{n}.png" for n in range(7)] + [f"copepod/{n}.png" for n in range(8)]
    assert store.image_ids.tolist() == in_use
    for row, image_id in enumerate(in_use):
        naive = preprocess((images / image_id).read_bytes(), preprocess_options(**changes))
        np.testing.assert_array_equal(store.images(np.array([row]))[0], naive)


def test_the_store_says_how_it_was_built(build, preprocess_options):
    card = ImageStore(build("store", crop_bottom=2)).card
    assert card.preprocess == preprocess_options(crop_bottom=2).model_dump()
    assert (card.fingerprint, card.images, card.image_size) == ("f1", 15, 80)
    assert sum(shard.images for shard in card.shards) == 15
    assert all(shard.images <= 8 for shard in card.shards)


def test_the_same_images_give_the_same_bytes(build):
    first, second = _bytes(build("first")), _bytes(build("second"))
    assert first == second
    assert _bytes(build("other", background="black")) != first


def test_nothing_is_read_before_the_store_is_written(images, make_content, tmp_path):
    content = make_content()
    (images / "algae" / "0.png").unlink()
    with pytest.raises(ImageStoreError, match=r"algae/0\.png was readable"):
        write_image_store(tmp_path / "store", content, tmp_path / "building")


def test_nothing_is_preprocessed_where_nothing_changed(build, prepared):
    first = build("first")
    prepared.clear()
    second = build("second", first)
    assert prepared == []
    assert _bytes(second) == _bytes(first)
    # The same files on the disk, under two names.
    assert all(os.path.samefile(path, first / path.name) for path in second.glob("shard-*.arrow"))


def test_only_new_and_changed_images_are_preprocessed(images, build, prepared, write_image):
    first = build("first")
    write_image(images / "algae" / "3.png", 99)
    write_image(images / "copepod" / "new.png", 98)
    (images / "copepod" / "2.png").unlink()
    prepared.clear()
    second = build("second", first)
    assert sorted(prepared) == ["3.png", "new.png"]
    assert _bytes(second) == _bytes(build("from nothing"))


def test_other_preprocessing_prepares_everything(build, prepared):
    first = build("first")
    prepared.clear()
    assert len(ImageStore(build("second", first, crop_bottom=1))) == len(prepared) == 15


def test_a_damaged_earlier_store_is_not_used(build, prepared):
    first = build("first")
    shard = next(first.glob("shard-*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    prepared.clear()
    assert len(ImageStore(build("second", first))) == len(prepared) == 15


def test_a_build_that_broke_off_goes_on(images, build, prepared, tmp_path, monkeypatch):
    expected = _bytes(build("undisturbed"))
    written = []
    real = building.write_shard

    def fail_at_the_third(path, *rest):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name)
        real(path, *rest)

    monkeypatch.setattr(building, "write_shard", fail_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        build("store")
    with pytest.raises(ImageStoreError, match="no complete image store"):
        ImageStore(tmp_path / "store")
    assert sorted(path.name for path in (tmp_path / "building").glob("*.arrow")) == sorted(written)
    monkeypatch.setattr(building, "write_shard", real)
    prepared.clear()
    assert _bytes(build("store")) == expected
    kept = sum(inspect_shard(tmp_path / "store" / name)[0].images for name in written)
    assert len(prepared) == 15 - kept
    assert not (tmp_path / "building").exists()


def test_a_full_disk_is_told_in_plain_words(build, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(building, "write_shard", fail)
    message = r"the disk of .*building is full: .* MiB are needed and .* MiB free\. Make room"
    with pytest.raises(ImageStoreError, match=message):
        build("store")
    assert not (tmp_path / "store").exists()


def test_room_is_asked_for_before_anything_is_preprocessed(build, prepared, monkeypatch):
    nothing = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: nothing)
    prepared.clear()
    with pytest.raises(ImageStoreError, match="is full: 0 MiB are needed and 0 MiB free"):
        build("store")
    assert prepared == []


def test_a_store_is_never_overwritten(build):
    before = _bytes(build("store"))
    with pytest.raises(FileExistsError):
        build("store")
    assert _bytes(build("other")) == before


def test_a_store_without_images_is_refused(make_content, tmp_path):
    content = make_content()
    empty = dataclasses.replace(content, files=content.files[:0])
    with pytest.raises(ImageStoreError, match="no image to write"):
        write_image_store(tmp_path / "store", empty, tmp_path / "building")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, "was readable when it was scanned .* No such file or directory"),
        (lambda path: path.write_bytes(b""), "was changed after it was scanned"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-40]),
            "was changed after it was scanned",
        ),
    ],
    ids=["vanished", "emptied", "damaged"],
)
def test_an_image_lost_between_scan_and_build_is_named(
    images, make_content, tmp_path, spoil, reason
):
    content = make_content()
    path = images / "copepod" / "5.png"
    spoil(path)
    message = rf"{re.escape(str(path))} {reason}.*Run `kedro run"
    with pytest.raises(ImageStoreError, match=message):
        write_image_store(tmp_path / "store", content, tmp_path / "building")
    with pytest.raises(ImageStoreError, match="no complete image store"):
        ImageStore(tmp_path / "store")


def test_an_image_that_is_not_in_the_source_is_named(
    images, one_thread, preprocess_options, scan_folder, split_options
):
    manifest = scan_folder(images)
    splits = assign_splits(manifest, NO_DUPLICATES, split_options(2, 2, "drop"), seed=0)
    (images / "algae" / "3.png").unlink()
    listed = list_class_folders(open_location(str(images)))
    options = (preprocess_options(), StoreOptions(images_per_shard=4), one_thread)
    with pytest.raises(ImageStoreError, match=r"algae/3\.png was split but is not in"):
        prepare_images(listed, manifest, splits, "f1", options)


def test_processes_give_what_one_thread_gives(
    images, build, make_content, scan_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(scanning, "_FILES_A_BLOCK", 3)
    (images / "algae" / "notes.txt").write_text("rejected")
    processes = EngineOptions(backend="loky", workers=2, address=None)
    pd.testing.assert_frame_equal(
        scan_folder(images, processes), scan_folder(images), check_exact=True
    )
    assert _bytes(build("processes", engine=processes)) == _bytes(build("thread"))
    content = make_content(engine=processes)
    (images / "copepod" / "5.png").unlink()
    with pytest.raises(ImageStoreError, match=r"copepod/5\.png was readable") as error:
        write_image_store(tmp_path / "lost", content, tmp_path / "building")
    assert find_user_error(error.value) is error.value

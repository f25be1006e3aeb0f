"""What the scan preprocesses, the store takes over."""

import time
from pathlib import Path

import pandas as pd
import pytest

from plankton_embedding.images import build as building
from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.earlier_scan import EarlierManifest
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.images.store_writer import write_image_store
from plankton_embedding.parameters import EngineOptions, ScanOptions, StoreOptions
from tiny_project import NO_DUPLICATES

SCAN = ScanOptions(max_rejected=1, min_side=1, max_pixels=10**8, reuse=True)


@pytest.fixture
def images(tmp_path, write_image) -> Path:
    root = tmp_path / "images"
    for number in range(40):
        write_image(root / "abc"[number % 3] / f"{number:02d}.png", number, 20 + number, 30)
    (root / "a" / "text.png").write_text("no image")
    return root


@pytest.fixture
def run(images, tmp_path, one_thread, preprocess_options, split_options, monkeypatch):
    """Return a function that builds a store; it returns the folder and what it read twice."""
    read: list[str] = []
    real = building.read_file

    def note(place, path):
        read.append(Path(path).name)
        return real(place, path)

    monkeypatch.setattr(building, "read_file", note)

    def build(
        name: str,
        earlier: pd.DataFrame | None = None,
        stores: list[Path] | None = None,
        ahead: bool = True,
        engine: EngineOptions = one_thread,
        sizes: tuple[int, int, str] = (2, 2, "error"),
    ) -> tuple[Path, list[str], pd.DataFrame]:
        read.clear()
        folder = tmp_path / "building"
        options = (preprocess_options(), StoreOptions(images_per_shard=6), engine)
        listed = list_class_folders(open_location(str(images)))
        shards = StoreAhead(folder, preprocess_options(), 6) if ahead else None
        known = None if earlier is None else EarlierManifest(earlier, time.time_ns() + 10**13)
        manifest = scan_images(listed, SCAN, engine, known, shards)
        splits = assign_splits(manifest, NO_DUPLICATES, split_options(*sizes), seed=0)
        content = prepare_images(listed, manifest, splits, "f1", options)
        write_image_store(tmp_path / name, content, folder, stores or [])
        assert not folder.exists()
        return tmp_path / name, list(read), manifest

    return build


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_no_image_is_read_twice_and_the_store_is_the_same(run):
    store, read, manifest = run("ahead")
    expected, read_again, other = run("afterwards", ahead=False)
    assert read == []
    assert len(read_again) == 40
    assert _bytes(store) == _bytes(expected)
    pd.testing.assert_frame_equal(manifest, other)


def test_processes_do_the_same(run):
    processes = EngineOptions(backend="loky", workers=2, address=None)
    store, _, _ = run("processes", engine=processes)
    assert _bytes(store) == _bytes(run("thread")[0])


def test_images_that_join_are_read_once_more_only_where_their_shard_is_known(
    run, images, write_image
):
    first, _, manifest = run("first")
    write_image(images / "b" / "new.png", 99)
    second, read, _ = run("second", earlier=manifest, stores=[first])
    assert read == ["new.png"]
    assert _bytes(second) == _bytes(run("from nothing")[0])


def test_of_a_class_that_is_dropped_nothing_is_kept(run, images, write_image):
    write_image(images / "rare" / "0.png", 70)
    store, read, _ = run("store", sizes=(2, 2, "drop"))
    assert not any(name.startswith("rare") for name in ImageStore(store).image_ids)
    # Its neighbours' shard is put together from pixels that are there.
    assert read == []
    assert _bytes(store) == _bytes(run("afterwards", ahead=False, sizes=(2, 2, "drop"))[0])


def test_shards_of_other_preprocessing_are_not_taken_over(
    run, images, tmp_path, one_thread, preprocess_options
):
    other = StoreAhead(tmp_path / "building", preprocess_options(background="black"), 6)
    scan_images(list_class_folders(open_location(str(images))), SCAN, one_thread, None, other)
    assert list((tmp_path / "building").iterdir())
    store, _, _ = run("store")
    assert _bytes(store) == _bytes(run("other")[0])

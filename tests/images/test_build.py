import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.errors import find_user_error
from plankton_embedding.images import scan as scanning
from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.location import open_location
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore, ImageStoreError, write_image_store
from plankton_embedding.parameters import EngineOptions, StoreOptions


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
def splits(images, scan_folder, split_options) -> pd.DataFrame:
    """Return splits that drop class rare and use the other fifteen images."""
    return assign_splits(scan_folder(images), split_options(2, 2, "drop"), seed=0)


@pytest.fixture
def build(images, splits, one_thread, preprocess_options, tmp_path):
    """Return a function that builds a store of shards of 4 images in a folder of that name."""
    listed = list_class_folders(open_location(str(images)))

    def to_store(name: str, parallel: EngineOptions = one_thread, **changes: object) -> Path:
        content = prepare_images(
            listed,
            splits,
            "f1",
            preprocess_options(**changes),
            StoreOptions(images_per_shard=4),
            parallel,
        )
        write_image_store(tmp_path / name, content)
        return tmp_path / name

    return to_store


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "changes", [{}, {"fit": "shrink_only", "background": "auto", "crop_bottom": 3}]
)
def test_a_store_holds_every_image_in_use_preprocessed_in_order(
    images, splits, preprocess_options, build, changes
):
    store = ImageStore(build("store", **changes))
    in_use = [f"algae/{n}.png" for n in range(7)] + [f"copepod/{n}.png" for n in range(8)]
    assert store.image_ids.tolist() == in_use
    assert set(splits["image_id"]) - set(in_use) == {f"rare/{n}.png" for n in range(4)}
    for row, image_id in enumerate(in_use):
        naive = preprocess((images / image_id).read_bytes(), preprocess_options(**changes))
        np.testing.assert_array_equal(store.images(np.array([row]))[0], naive)


def test_the_store_says_how_it_was_built(build, preprocess_options):
    card = ImageStore(build("store", crop_bottom=2)).card
    assert card.preprocess == preprocess_options(crop_bottom=2).model_dump()
    assert (card.fingerprint, card.images, card.image_size) == ("f1", 15, 80)
    assert len(card.shards) == 4


def test_the_same_images_give_the_same_bytes(build):
    first, second = _bytes(build("first")), _bytes(build("second"))
    assert first == second
    assert len(first) == 5
    assert _bytes(build("other", background="black")) != first


def test_nothing_is_read_before_the_store_is_written(
    images, splits, one_thread, preprocess_options, tmp_path
):
    content = prepare_images(
        list_class_folders(open_location(str(images))),
        splits,
        "f1",
        preprocess_options(),
        StoreOptions(images_per_shard=4),
        one_thread,
    )
    (images / "algae" / "0.png").unlink()
    with pytest.raises(ImageStoreError, match=r"algae/0\.png was readable"):
        write_image_store(tmp_path / "store", content)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, "No such file or directory"),
        (lambda path: path.write_bytes(b""), "empty file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "truncated image"),
    ],
    ids=["vanished", "emptied", "damaged"],
)
def test_an_image_lost_between_scan_and_build_is_named(images, build, tmp_path, spoil, reason):
    path = images / "copepod" / "5.png"
    spoil(path)
    message = rf"{re.escape(str(path))} was readable when it was scanned.*{reason}.*Run `kedro run"
    with pytest.raises(ImageStoreError, match=message):
        build("store")
    with pytest.raises(ImageStoreError, match="no complete image store"):
        ImageStore(tmp_path / "store")


def test_an_image_that_is_not_in_the_source_is_named(
    images, splits, one_thread, preprocess_options
):
    (images / "algae" / "3.png").unlink()
    listed = list_class_folders(open_location(str(images)))
    with pytest.raises(ImageStoreError, match=r"algae/3\.png was split but is not in"):
        prepare_images(
            listed, splits, "f1", preprocess_options(), StoreOptions(images_per_shard=4), one_thread
        )


def test_a_dropped_image_may_be_lost(images, build):
    (images / "rare" / "0.png").unlink()
    assert len(ImageStore(build("store"))) == 15


def test_processes_give_what_one_thread_gives(images, build, scan_folder, monkeypatch):
    monkeypatch.setattr(scanning, "_FILES_A_BLOCK", 3)
    (images / "algae" / "notes.txt").write_text("rejected")
    processes = EngineOptions(backend="loky", workers=2, address=None)
    pd.testing.assert_frame_equal(
        scan_folder(images, processes), scan_folder(images), check_exact=True
    )
    assert _bytes(build("processes", processes)) == _bytes(build("thread"))
    (images / "copepod" / "5.png").unlink()
    with pytest.raises(ImageStoreError, match=r"copepod/5\.png was readable") as error:
        build("lost", processes)
    assert find_user_error(error.value) is error.value

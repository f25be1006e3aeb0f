"""Blocks of files that are known again by their content, and what is read of them."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from plankton_embedding.images.embedding_blocks import plan_blocks
from plankton_embedding.images.listing import list_unlabelled_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.prepare_batch import prepare_batch
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.source import ImageSourceError
from plankton_embedding.parameters import PreprocessOptions, ScanOptions, SourceOptions
from tiny_project import tiny_values

VALUES = tiny_values(Path())
SCAN = ScanOptions.model_validate(VALUES["scan"])
PREPROCESS = PreprocessOptions.model_validate(VALUES["preprocess"])


def listed(place, **changes):
    options = SourceOptions.model_validate(VALUES["source"] | changes)
    return list_unlabelled_images(open_location(str(place)), options)


@pytest.fixture
def many(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for number in range(60):
        folder = tmp_path / ("deep/er" if number % 3 else ".")
        (folder / f"{number:02d}.png").write_bytes(bytes([number]))
    return tmp_path


def keys(folder, recipe="r", images_per_block=8):
    return [plan.key for plan in plan_blocks(listed(folder), images_per_block, SCAN, recipe)]


def test_blocks_hold_every_file_once_in_order(many):
    source = listed(many)
    plans = plan_blocks(source, 8, SCAN, "r")
    assert len(plans) > 3
    assert [plan.number for plan in plans] == list(range(len(plans)))
    assert {plan.of for plan in plans} == {len(plans)}
    assert max(len(plan.files) for plan in plans) <= 16
    together = pd.concat([plan.files for plan in plans])
    assert together["image_id"].tolist() == source.files["image_id"].tolist()


def test_a_key_changes_with_what_the_block_hangs_on_and_with_nothing_else(many):
    before = keys(many)
    assert keys(many) == before
    assert len(set(before)) == len(before)
    assert not set(keys(many, recipe="another embedder")) & set(before)
    (many / "30.png").write_bytes(b"other")
    assert len(set(keys(many)) - set(before)) == 1
    before = keys(many)
    (many / "30.png").unlink()
    assert len(set(keys(many)) - set(before)) <= 1
    before = keys(many)
    (many / "deep" / "er" / "29x.png").write_bytes(b"new")
    assert 1 <= len(set(keys(many)) - set(before)) <= 2


def test_a_file_that_is_missing_has_a_state_too(many):
    (many / "link.png").symlink_to(many / "nowhere")
    assert all(keys(many))
    before = keys(many)
    (many / "nowhere").write_bytes(b"there now")
    assert keys(many) != before


def test_files_of_unknown_state_make_blocks_that_are_never_known_again(many):
    source = listed(many)
    # Of this machine, what has no state is not there; elsewhere nobody says that it is the same.
    elsewhere = SimpleNamespace(filesystem=MemoryFileSystem(), is_local=False)
    plans = plan_blocks(replace(source, location=elsewhere), 8, SCAN, "r")
    assert len(plans) > 3
    assert {plan.key for plan in plans} == {""}


def test_a_batch_is_preprocessed_as_in_training(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a", "c"):
        Image.fromarray(random.integers(256, size=(30, 50), dtype=np.uint8)).save(
            tmp_path / f"{name}.png"
        )
    Image.fromarray(random.integers(256, size=(30, 50, 3), dtype=np.uint8)).save(tmp_path / "d.png")
    (tmp_path / "b.png").write_text("text")
    Image.new("L", (20, 20), 7).save(tmp_path / "e.png")
    Image.new("L", (3, 20), 7).save(tmp_path / "f.png")
    files = listed(tmp_path).files
    files.loc[files["image_id"] == "c.png", "reason"] = "not wanted"
    batch = prepare_batch(open_location(str(tmp_path)).filesystem, SCAN, PREPROCESS, files)
    assert batch.reasons == [
        "",
        "not an image of a known format",
        "not wanted",
        "",
        "one flat colour",
        "too small: 3 x 20 pixels",
    ]
    wanted = [preprocess((tmp_path / name).read_bytes(), PREPROCESS) for name in ("a.png", "d.png")]
    np.testing.assert_array_equal(batch.pixels, wanted)


def test_a_name_that_is_no_text(tmp_path):
    (tmp_path / "a.png").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).touch()
    source = listed(tmp_path)
    assert source.files["reason"].tolist() == ["file name is not UTF-8", ""]
    assert len(plan_blocks(source, 8, SCAN, "r")[0].key) == 32


@pytest.mark.parametrize("kind", ["auto", "class_folders", "prepared_splits"])
def test_folders_of_any_depth(many, kind):
    assert len(listed(many, kind=kind).files) == 60
    assert listed(many, kind=kind).class_names == ()


def test_tables_with_and_without_classes(many):
    table = pd.DataFrame({"path": ["00.png", "00.png", "03.png"], "area": [1, 2, 3]})
    table.to_csv(many / "list.csv", index=False)
    files = listed(many / "list.csv").files
    assert files["reason"].tolist() == ["", "named twice in the table", ""]
    assert files["area"].tolist() == ["1", "2", "3"]
    table.assign(class_name=["x", "x", ""]).to_csv(many / "list.csv", index=False)
    assert listed(many / "list.csv").files["reason"].tolist()[::2] == ["", ""]


def test_rows_of_a_table_without_a_path_keep_their_place_and_are_not_read(many):
    table = pd.DataFrame({"path": ["00.png", "", None, "gone/far.png"], "depth": [1, 2, 3, 4]})
    for name in ("list.csv", "list.parquet"):
        write = table.to_csv if name.endswith("csv") else table.to_parquet
        write(many / name, index=False)
        source = listed(many / name)
        assert len(source.files) == 4
        location = open_location(str(many))
        reasons = prepare_batch(location.filesystem, SCAN, PREPROCESS, source.files).reasons
        found = dict(zip(source.files["depth"].astype(int), reasons, strict=True))
        assert found[2] == found[3] == "no path"
        assert found[4] == "broken link or file that vanished"
    table.assign(path=None).to_csv(many / "none.csv", index=False)
    assert set(listed(many / "none.csv").files["reason"]) == {"no path"}


def test_a_zip_of_nested_folders_holds_what_its_folder_holds(many, tmp_path_factory):
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(many / "deep" / "a.png")
    archive = tmp_path_factory.mktemp("zips") / "new.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(many.rglob("*")):
            # As programs write them: folders have members of their own.
            file.write(path, path.relative_to(many).as_posix())
    source = listed(archive)
    assert source.files["image_id"].tolist() == listed(many).files["image_id"].tolist()
    prepared = [
        prepare_batch(place.location.filesystem, SCAN, PREPROCESS, place.files)
        for place in (source, listed(many))
    ]
    assert prepared[0].reasons == prepared[1].reasons
    assert prepared[0].reasons.count("") == 1
    np.testing.assert_array_equal(prepared[0].pixels, prepared[1].pixels)
    nothing = archive.with_name("nothing.zip")
    with zipfile.ZipFile(nothing, "w") as file:
        file.mkdir("empty")
    with pytest.raises(ImageSourceError, match="holds no file"):
        listed(nothing)


def test_what_holds_nothing(tmp_path):
    with pytest.raises(ImageSourceError, match="holds no file"):
        listed(tmp_path)

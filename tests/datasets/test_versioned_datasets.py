"""The project's datasets, in a catalogue, with versions."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fsspec.implementations.local import LocalFileSystem
from kedro.io import DataCatalog, DatasetError
from PIL import Image

from plankton_embedding.images.build import ImageStoreContent
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import EngineOptions, PreprocessOptions
from plankton_embedding.training.backbone_facts import INCEPTION_FACTS
from plankton_embedding.training.card import EmbedderCard
from plankton_embedding.training.checkpoint import Checkpoint
from plankton_embedding.training.trained_embedder import select_embedder
from tiny_project import tiny_values

FIRST, SECOND = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"
MODULE = "plankton_embedding.datasets"


def catalog(folder, save_version=FIRST, load_versions=None):
    entries = {
        "images": {
            "type": f"{MODULE}.image_location_dataset.ImageLocationDataset",
            "filepath": str(folder / "raw"),
        },
        "store": {
            "type": f"{MODULE}.image_store_dataset.ImageStoreDataset",
            "filepath": str(folder / "store"),
            "versioned": True,
        },
        "plain_store": {
            "type": f"{MODULE}.image_store_dataset.ImageStoreDataset",
            "filepath": str(folder / "plain_store"),
        },
        "table": {
            "type": f"{MODULE}.step_table_dataset.StepTableDataset",
            "filepath": str(folder / "table"),
            "partition_by": ["step", "split"],
            "versioned": True,
        },
        "plain_table": {
            "type": f"{MODULE}.step_table_dataset.StepTableDataset",
            "filepath": str(folder / "plain_table"),
            "partition_by": ["step"],
        },
    }
    return DataCatalog.from_config(entries, load_versions=load_versions, save_version=save_version)


def content(folder, level, image_ids=("a", "b", "c"), sha256=None):
    """Return what is to be stored: images of one gray level."""
    paths = [folder / f"{name} {level}.png" for name in image_ids]
    for path in paths:
        Image.new("L", (9, 9), level).save(path)
    hashes = [sha256 or hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    files = pd.DataFrame(
        {
            "image_id": image_ids,
            "path": [str(path) for path in paths],
            "sha256": hashes,
            "chunk": range(len(paths)),
        }
    )
    values = tiny_values(folder)
    return ImageStoreContent(
        LocalFileSystem(),
        files,
        "f1nger",
        PreprocessOptions.model_validate(values["preprocess"]),
        EngineOptions.model_validate(values["engine"]),
    )


def chunk(step, splits=("validation",)):
    rows = [{"step": step, "split": split, "e00": np.float32(step / 3)} for split in splits]
    return pd.DataFrame(rows)


def test_raw_images_are_a_place(tmp_path):
    (tmp_path / "raw").mkdir()
    location = catalog(tmp_path).load("images")
    assert str(location) == str(tmp_path / "raw")
    assert catalog(tmp_path).exists("images")


def test_missing_raw_images(tmp_path):
    assert not catalog(tmp_path).exists("images")


def test_raw_images_are_never_written(tmp_path):
    with pytest.raises(DatasetError, match="read-only"):
        catalog(tmp_path).save("images", object())


@pytest.mark.parametrize("name", ["store", "plain_store"])
def test_a_store_comes_back(tmp_path, name):
    catalog(tmp_path).save(name, content(tmp_path, 7))
    store = catalog(tmp_path).load(name)
    assert isinstance(store, ImageStore)
    assert store.image_ids.tolist() == ["a", "b", "c"]
    assert (store.images(np.array([2, 0])) == 7).all()


def test_versions_of_a_store(tmp_path):
    catalog(tmp_path, FIRST).save("store", content(tmp_path, 1))
    catalog(tmp_path, SECOND).save("store", content(tmp_path, 2))
    row = np.array([0])
    assert catalog(tmp_path).load("store").images(row)[0, 0, 0] == 2
    first = catalog(tmp_path, load_versions={"store": FIRST})
    assert first.load("store").images(row)[0, 0, 0] == 1
    with pytest.raises(DatasetError, match="must not exist"):
        catalog(tmp_path, SECOND).save("store", content(tmp_path, 3))


def test_an_unversioned_store_is_replaced(tmp_path):
    catalog(tmp_path).save("plain_store", content(tmp_path, 1))
    catalog(tmp_path).save("plain_store", content(tmp_path, 2, ["z"]))
    assert catalog(tmp_path).load("plain_store").image_ids.tolist() == ["z"]


@pytest.mark.parametrize("name", ["store", "plain_store"])
def test_a_store_that_failed_half_way_is_no_version(tmp_path, name):
    catalog(tmp_path, FIRST).save(name, content(tmp_path, 1))
    broken = content(tmp_path, 9, sha256="of another file")
    with pytest.raises(DatasetError, match="was changed after it was scanned"):
        catalog(tmp_path, SECOND).save(name, broken)
    assert catalog(tmp_path).load(name).images(np.array([0]))[0, 0, 0] == 1
    assert not list(tmp_path.rglob("*.partial*"))


def test_a_table_grows_by_step(tmp_path):
    shared = catalog(tmp_path)
    # Ten before two as text: the order must be that of numbers.
    for step in (1, 2, 10):
        shared.save("table", chunk(step, ("validation", "test") if step == 10 else ("validation",)))
    table = catalog(tmp_path).load("table")
    assert table["step"].tolist() == [1, 2, 10, 10]
    assert table["split"].tolist() == ["validation", "validation", "test", "validation"]
    assert table["e00"].dtype == np.float32
    assert table["e00"].to_numpy() == pytest.approx(np.array([1, 2, 10, 10], np.float32) / 3)


def test_other_readers_understand_the_table(tmp_path):
    catalog(tmp_path).save("plain_table", chunk(1).drop(columns="split"))
    read = pd.read_parquet(tmp_path / "plain_table")
    assert read["e00"].tolist() == [np.float32(1 / 3)]
    assert read["step"].astype(int).tolist() == [1]


def test_a_step_is_written_once(tmp_path):
    shared = catalog(tmp_path)
    shared.save("table", chunk(1))
    with pytest.raises(DatasetError, match="a partition is written once"):
        shared.save("table", chunk(1))


def test_a_later_version_starts_anew(tmp_path):
    catalog(tmp_path, FIRST).save("table", chunk(1))
    catalog(tmp_path, SECOND).save("table", chunk(2))
    assert catalog(tmp_path).load("table")["step"].tolist() == [2]
    assert catalog(tmp_path, load_versions={"table": FIRST}).load("table")["step"].tolist() == [1]


def test_an_empty_table(tmp_path):
    Path(tmp_path / "plain_table").mkdir()
    with pytest.raises(DatasetError, match="holds no partition"):
        catalog(tmp_path).load("plain_table")


def test_a_table_cannot_be_partitioned_by_anything(tmp_path):
    entry = {
        "type": f"{MODULE}.step_table_dataset.StepTableDataset",
        "filepath": str(tmp_path),
        "partition_by": ["class_name"],
    }
    with pytest.raises(DatasetError, match="class_name"):
        DataCatalog.from_config({"table": entry}).load("table")


def test_preview_of_a_table(tmp_path):
    shared = catalog(tmp_path)
    shared.save("table", chunk(1))
    preview = shared.get("table").preview()
    assert preview["columns"] == ["step", "split", "e00"]
    assert len(preview["data"]) == 1


def test_preview_of_a_table_reads_partitions_in_their_order_until_it_has_enough(tmp_path):
    shared = catalog(tmp_path)
    for step in (10, 9, 2):
        shared.save("table", chunk(step))
    rows = len(shared.load("table"))
    (damaged,) = tmp_path.glob("table/*/table/step=10/*/rows.parquet")
    damaged.write_bytes(b"not read")
    preview = shared.get("table").preview(nrows=2)
    assert [row[0] for row in preview["data"]] == [2, 9]
    assert rows == 3


def model_catalog(folder, save_version=FIRST):
    entries = {
        name: {
            "type": f"{MODULE}.{name}_dataset.{kind}",
            "filepath": str(folder / name),
            "versioned": True,
        }
        for name, kind in (("embedder", "EmbedderDataset"), ("checkpoints", "CheckpointsDataset"))
    }
    return DataCatalog.from_config(entries, save_version=save_version)


def test_checkpoints_grow_by_step_and_an_embedder_comes_back(tmp_path, tiny):
    card = {
        "backbone": INCEPTION_FACTS,
        "classes": ["a", "b"],
        "stage": "head",
        "data_fingerprint": "f1nger",
        "embedder": tiny.embedder,
        "preprocess": tiny.preprocess,
        "training": tiny.training,
        "seed": 0,
        "continues": None,
        "computed_on": "CPU",
        "versions": {},
    }
    shared = model_catalog(tmp_path)
    for step, accuracy in ((1, 0.9), (2, 0.5)):
        described = EmbedderCard(
            step=step, metrics={"validation_leave_one_out_accuracy": accuracy}, **card
        )
        shared.save("checkpoints", Checkpoint(described, {"w": torch.tensor([step])}, {}))
    folder = model_catalog(tmp_path).load("checkpoints")
    assert folder.steps == [1, 2]
    model_catalog(tmp_path).save("embedder", select_embedder(folder))
    loaded = model_catalog(tmp_path).load("embedder")
    assert loaded.weights["w"].item() == 1
    assert loaded.card.step == 1
    with pytest.raises(DatasetError, match="must not exist"):
        model_catalog(tmp_path).save("embedder", loaded)


def test_no_embedder_yet(tmp_path):
    assert not model_catalog(tmp_path).exists("embedder")

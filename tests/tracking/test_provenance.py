"""Versions and fingerprints of what a run reads and makes."""

import json

import pandas as pd
import pytest
from kedro.io import MemoryDataset, Version
from kedro_datasets.pandas import ParquetDataset

from plankton_embedding.tracking.provenance import (
    Provenance,
    describe_dataset,
    hash_files,
    read_run_id,
    run_file,
)


@pytest.fixture
def table():
    return pd.DataFrame({"image_id": ["a", "b"], "width": [3, 4]})


@pytest.fixture
def dataset(tmp_path, table):
    dataset = ParquetDataset(filepath=str(tmp_path / "t.parquet"), version=Version(None, "v1"))
    dataset.save(table)
    return dataset


def test_versions_of_what_is_read_and_made(dataset):
    known = Provenance()
    assert known.note("read_table", dataset, "read")
    assert not known.note("read_table", dataset, "read")
    assert known.note("made_table", dataset, "made")
    # What the run itself made is not its input.
    assert not known.note("made_table", dataset, "read")
    assert not known.note("in_memory", MemoryDataset(1), "read")
    assert known.version("read_table") == known.version("made_table") == "v1"
    assert known.version("in_memory") is None
    assert known.was_made("made_table")
    assert not known.was_made("read_table")
    written = json.loads(known.to_json())
    assert {key: list(values) for key, values in written.items()} == {
        "read": ["read_table"],
        "made": ["made_table"],
    }
    assert written["read"]["read_table"]["path"].endswith("t.parquet/v1/t.parquet")


def test_a_table_by_the_bytes_of_its_file(dataset, table):
    described = describe_dataset("image_manifest", dataset, table, "read")
    assert described.fingerprint == hash_files(run_file(dataset).with_name("t.parquet"))
    assert described.profile == {"version": "v1", "num_rows": 2}
    assert list(described.columns) == ["image_id", "width"]


def test_a_folder_by_names_and_contents(tmp_path):
    for name, content in (("a", "1"), ("b", "2")):
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x" / name).write_text(content)
    before = hash_files(tmp_path)
    (tmp_path / "x" / "b").rename(tmp_path / "x" / "c")
    renamed = hash_files(tmp_path)
    (tmp_path / "x" / "c").write_text("3")
    assert len({before, renamed, hash_files(tmp_path)}) == 3


def test_an_image_store_by_the_fingerprint_of_its_images(dataset):
    class Store:
        class card:  # noqa: N801
            fingerprint = "abc"

    assert describe_dataset("image_store", dataset, Store(), "read").fingerprint == "abc"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "no json"])
def test_no_run_is_named(tmp_path, content):
    file = tmp_path / "mlflow_run.json"
    if content is not None:
        file.write_text(content)
    assert read_run_id(file) is None

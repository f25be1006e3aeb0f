"""Embeddings of others come in as they are, or are refused by the name of their file."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.given_embeddings import read_given_embeddings
from plankton_embedding.analysis.given_report import given_report_inputs


def vectors(labels, shift=0.0, column="label"):
    places = np.arange(len(labels), dtype="float32") + shift
    return pd.DataFrame({column: labels, "e00": places, "e01": 0.5})


@pytest.fixture
def folder(tmp_path):
    vectors(["a", "a", "b"]).to_parquet(tmp_path / "validation_step_01.parquet")
    vectors(["a", "a", "b"], 10).to_parquet(tmp_path / "validation_step_02.parquet")
    vectors(["a", "b"], 20).to_parquet(tmp_path / "test_step_02.parquet")
    return tmp_path


def test_steps_and_splits_are_read_from_names(folder):
    table = read_given_embeddings(folder)
    assert table.groupby(["step", "split"]).size().to_dict() == {
        (1, "validation"): 3,
        (2, "test"): 2,
        (2, "validation"): 3,
    }
    of_test = table[table["split"] == "test"]
    assert of_test["class_name"].tolist() == ["a", "b"]
    assert of_test["e00"].tolist() == [20, 21]
    assert table["e00"].dtype == "float32"


def test_an_image_without_a_name_is_the_same_one_at_every_step(folder):
    table = read_given_embeddings(folder)
    of_step = [table[(table["split"] == "validation") & (table["step"] == step)] for step in (1, 2)]
    assert of_step[0]["image_id"].tolist() == of_step[1]["image_id"].tolist()
    assert table["image_id"].nunique() == 5


def test_columns_go_before_names_and_class_names_stay_text(tmp_path):
    table = vectors(["NA", "007"], column="class_name")
    columns = table.assign(split=["validation", "test"], step=4, image_id=["x", "y"])
    columns.to_csv(tmp_path / "test_step_09.csv", index=False)
    read = read_given_embeddings(tmp_path)
    assert read["class_name"].tolist() == ["NA", "007"]
    assert read["split"].tolist() == ["validation", "test"]
    assert set(read["step"]) == {4}
    assert read["image_id"].tolist() == ["x", "y"]


def test_partitions_of_a_training_are_read(tmp_path):
    for split in ("validation", "test"):
        place = tmp_path / "step=3" / f"split={split}"
        place.mkdir(parents=True)
        vectors(["a", "b"], column="class_name").to_parquet(place / "rows.parquet")
    assert set(read_given_embeddings(tmp_path)["step"]) == {3}


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("test_step_02.parquet", vectors(["a", "b"]).drop(columns=["e01"]), "different sizes"),
        ("test_step_02.parquet", vectors(["a", None]), r"test_step_02.parquet: row 1 has no class"),
        ("test_step_02.parquet", vectors(["a"], np.nan), r"a/test_000000"),
        ("test_step_02.parquet", vectors(["a"], column="species"), "neither a column class_name"),
        ("test_step_02.parquet", vectors([]), "has no rows"),
        ("test_step_02.parquet", vectors(["a"]).assign(split="train"), "the split 'train'"),
        ("test_step_02.parquet", vectors(["a", "a"]).assign(image_id="x"), "'x' stands twice"),
        ("test_step_01.parquet", vectors(["a", "b"]), "step with validation images, 2, has no tes"),
        ("faces_step_01.parquet", vectors(["a", "b"]), "neither its name nor a column split"),
    ],
)
def test_what_cannot_be_reported_on_is_refused(folder, name, table, message):
    (folder / "test_step_02.parquet").unlink()
    table.to_parquet(folder / name)
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(folder)


def test_a_file_that_is_no_table_is_named(folder):
    (folder / "test_step_02.parquet").write_text("no table")
    with pytest.raises(EmbeddingsError, match=r"test_step_02\.parquet cannot be read"):
        read_given_embeddings(folder)


@pytest.mark.parametrize(("place", "message"), [("", "holds no"), ("absent", "is not a folder")])
def test_a_folder_without_embeddings(tmp_path, place, message):
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(tmp_path / place)


def test_what_a_report_needs_is_made_of_the_embeddings(folder):
    inputs = given_report_inputs(folder)
    counts = inputs["class_counts"].set_index("class_name")
    assert counts.loc["a", ["found", "validation", "test", "train", "rejected"]].tolist() == [
        *(3, 2, 1, 0, 0)
    ]
    assert inputs["data_summary"]["images_accepted"] == 5
    assert len(inputs["splits"]) == 5
    assert inputs["embedder_card"]["embeddings"] == str(folder)
    assert inputs["image_store"] is None
    assert inputs["training_history"].empty
    again = given_report_inputs(folder)["data_summary"]["fingerprint"]
    assert inputs["data_summary"]["fingerprint"] == again
    vectors(["a", "b"], 21).to_parquet(folder / "test_step_02.parquet")
    assert given_report_inputs(folder)["data_summary"]["fingerprint"] != again

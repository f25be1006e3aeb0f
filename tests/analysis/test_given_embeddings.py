"""Embeddings of others come in as they are, or are refused by the name of their file."""

import logging

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
        ("test_step_02.parquet", vectors(["a", "b"]).drop(columns=["e01"]), "parquet has e01"),
        ("test_step_02.parquet", vectors(["a", None]), r"test_step_02.parquet: row 1 has no class"),
        ("test_step_02.parquet", vectors(["a", None]).set_axis([5, 7]), r"row 1 has no class"),
        ("test_step_02.parquet", vectors(["a"], np.nan), r"a/test_000000"),
        ("test_step_02.parquet", vectors(["a"], column="species"), "neither a column class_name"),
        ("test_step_02.parquet", vectors([]), "has no rows"),
        ("test_step_02.parquet", vectors(["a"]).assign(split="hold-out"), "the split 'hold-out'"),
        ("test_step_02.parquet", vectors(["a", "a"]).assign(image_id="x"), "'x' stands twice"),
        (
            "test_step_02.parquet",
            vectors(["a"])[["label"]],
            r"test_step_02.parquet has no embedding",
        ),
        (
            "test_step_02.parquet",
            vectors(["a"]).assign(e01="u"),
            r"test_step_02.parquet: could not",
        ),
        ("test_step_01.parquet", vectors(["a", "b"]), "step with validation images, 2, has no tes"),
        ("faces_step_01.parquet", vectors(["a", "b"]), "neither its name nor a column split"),
    ],
)
def test_what_cannot_be_reported_on_is_refused(folder, name, table, message):
    (folder / "test_step_02.parquet").unlink()
    table.to_parquet(folder / name)
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(folder)


@pytest.mark.parametrize(
    ("place", "split", "step"),
    [
        ("step2_lr/validation_step_03.csv", "validation", 3),
        ("test run/validation.csv", "validation", 1),
        ("unseen/test/step 5/step-6/rows.csv", "test", 6),
        ("Step=4/test/of validation, then unseen.csv", "unseen", 4),
        ("step_7_of_step_8/test_step_9_of_step_10.csv", "test", 10),
        ("contest/trained/step_11/Test.csv", "test", 11),
    ],
)
def test_the_name_nearest_to_the_rows_tells_step_and_split(tmp_path, place, split, step):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    vectors(["a", "b"]).to_csv(tmp_path / place, index=False)
    for other in ("validation", "test"):
        vectors(["c"]).to_csv(tmp_path / f"{other}_step_99.csv", index=False)
    read = read_given_embeddings(tmp_path)
    found = read[read["class_name"] != "c"]
    assert (set(found["split"]), set(found["step"])) == ({split}, {step})


def test_the_log_says_what_each_file_was_taken_for(folder, caplog):
    mixed = vectors(["a", "b", "b"]).assign(split=["unseen", "test", "test"])
    mixed.assign(image_id=["x", "y", "z"]).to_parquet(folder / "more_step_1.parquet")
    with caplog.at_level(logging.INFO):
        read_given_embeddings(folder)
    assert [line.replace(f"{folder}/", "") for line in caplog.messages] == [
        "more_step_1.parquet: taken for 2 test images of step 1",
        "more_step_1.parquet: taken for 1 unseen images of step 1",
        "test_step_02.parquet: taken for 2 test images of step 2",
        "validation_step_01.parquet: taken for 3 validation images of step 1",
        "validation_step_02.parquet: taken for 3 validation images of step 2",
    ]


@pytest.mark.parametrize("steps", [[2.0, 2.0], ["2", "02"], [2, 2], ["2.0", 2]])
def test_whole_numbers_are_steps_in_any_form(folder, steps):
    table = vectors(["a", "b"]).assign(step=pd.Series(steps, dtype=object))
    table.to_csv(folder / "test_step_01.csv", index=False)
    (folder / "test_step_02.parquet").unlink()
    read = read_given_embeddings(folder)
    assert read["step"].dtype == "int64"
    assert set(read.loc[read["split"] == "test", "step"]) == {2}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("step", [None, "two", "NA", 1.5, "inf"])
def test_other_steps_are_refused(folder, kind, step):
    steps = [2, step] if step in (None, 1.5) else ["2", step]
    table = vectors(["a", "b"]).assign(step=steps)
    place = folder / f"test_step_01.{kind}"
    table.to_csv(place, index=False) if kind == "csv" else table.to_parquet(place)
    value = "nan" if step is None else step
    with pytest.raises(EmbeddingsError, match=rf"test_step_01\.{kind}: the step '{value}' is not"):
        read_given_embeddings(folder)


def test_train_images_are_left_out_with_a_word(folder, caplog):
    expected = read_given_embeddings(folder)
    # What is left out need not be sound.
    vectors(["a", None], np.nan).assign(step="?").to_parquet(folder / "train_step_02.parquet")
    table = pd.read_parquet(folder / "test_step_02.parquet").assign(split="test")
    more = vectors(["b", None, "b"]).assign(split="train")
    pd.concat([more, table]).to_parquet(folder / "test_step_02.parquet")
    with caplog.at_level(logging.INFO):
        pd.testing.assert_frame_equal(read_given_embeddings(folder), expected)
    assert f"{folder / 'train_step_02.parquet'}: 2 train images are left out" in caplog.messages
    assert f"{folder / 'test_step_02.parquet'}: 3 train images are left out" in caplog.messages


@pytest.mark.parametrize(
    ("files", "message"),
    [(["train"], "nothing but train images"), (["train", "test"], "no validation images")],
)
def test_train_images_alone_make_no_report(tmp_path, files, message):
    for name in files:
        vectors(["a", "b"]).to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(tmp_path)


def test_vectors_of_the_same_size_but_other_columns_do_not_match(folder):
    renamed = vectors(["a", "b"]).rename(columns={"e00": "e0", "e01": "e1"})
    renamed.to_parquet(folder / "test_step_02.parquet")
    message = (
        r"columns of test_step_02\.parquet and validation_step_01\.parquet differ: "
        r"only test_step_02\.parquet has e0, e1, only validation_step_01\.parquet has e00, e01"
    )
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(folder)


def test_columns_may_stand_in_any_order(folder):
    expected = read_given_embeddings(folder)
    table = pd.read_parquet(folder / "test_step_02.parquet")
    table[["e01", "label", "e00"]].to_parquet(folder / "test_step_02.parquet")
    pd.testing.assert_frame_equal(read_given_embeddings(folder), expected)


def test_an_image_in_two_splits_of_a_step_is_refused(folder):
    for name, start in (("validation_step_02", 0), ("test_step_02", 2)):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table.insert(0, "image_id", range(start, start + len(table)))
        table.to_parquet(folder / f"{name}.parquet")
    message = r"'2' stands among the test and the validation images of step 2.*numbers.*leakage"
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(folder)


def test_ids_that_every_class_begins_anew_are_refused(folder):
    for name in ("validation_step_02", "test_step_02"):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table["image_id"] = table.groupby("label").cumcount()
        table.to_parquet(folder / f"{name}.parquet")
    message = r"'0' stands for images of the classes 'a' and 'b' among the test images of step 2"
    with pytest.raises(EmbeddingsError, match=message):
        read_given_embeddings(folder)


def test_an_image_may_be_in_one_split_at_one_step_and_in_another_at_the_next(folder):
    for name in ("validation_step_01", "test_step_02"):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table.assign(image_id=range(len(table))).to_parquet(folder / f"{name}.parquet")
    assert len(read_given_embeddings(folder)) == 8


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

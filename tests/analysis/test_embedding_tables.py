import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    best_step,
    embedded_steps,
    embedding_columns,
    embedding_matrix,
    select_embeddings,
    validation_steps,
)


def test_embedding_columns_are_in_numeric_order():
    table = pd.DataFrame(columns=["e100", "image_id", "e99", "e00", "extra", "e1x"])
    assert embedding_columns(table) == ["e00", "e99", "e100"]


def test_a_table_without_embeddings_is_refused():
    with pytest.raises(ValueError, match="no embedding columns"):
        embedding_columns(pd.DataFrame({"image_id": ["a"]}))


def test_embedding_matrix_is_float64():
    table = pd.DataFrame({"e00": np.array([0.1], dtype=np.float32)})
    assert embedding_matrix(table).dtype == np.float64


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_diverged_embedding_is_refused_and_its_image_named(tiny_embeddings, value):
    tiny_embeddings.loc[[7, 9], "e01"] = value
    with pytest.raises(EmbeddingsError, match="2 embeddings hold NaN or infinity") as error:
        embedding_matrix(tiny_embeddings[3:])
    assert "that of image 'image_7.png' (step 2, split validation)" in str(error.value)


def test_a_diverged_embedding_without_an_image_id_is_named_by_its_row():
    with pytest.raises(EmbeddingsError, match=r"1 embedding holds .* that of row 'b'"):
        embedding_matrix(pd.DataFrame({"e00": [0.0, np.nan]}, index=["a", "b"]))


def test_steps_and_selection(tiny_embeddings):
    assert embedded_steps(tiny_embeddings, "test") == [2]
    assert validation_steps(tiny_embeddings) == [1, 2]
    assert len(select_embeddings(tiny_embeddings, 2, "test")) == 4
    with pytest.raises(ValueError, match=r"no test embeddings of step 1.*steps \[2\]"):
        select_embeddings(tiny_embeddings, 1, "test")


def test_no_validation_is_refused(tiny_embeddings):
    with pytest.raises(ValueError, match="no validation embeddings"):
        validation_steps(tiny_embeddings[tiny_embeddings["split"] == "test"])


def test_best_step_is_the_best_on_validation_among_those_tested_and_the_first_of_equals():
    metrics = pd.DataFrame(
        {
            "step": [1, 2, 3, 4],
            "validation_accuracy": [0.9, 0.8, 0.8, 0.9],
            "validation_leave_one_out_accuracy": [0.9, 0.7, 0.7, 0.6],
            "test_accuracy": [np.nan, 0.1, 0.9, 0.9],
        }
    )
    assert best_step(metrics) == 2
    with pytest.raises(ValueError, match="no step has test embeddings"):
        best_step(metrics[:1])

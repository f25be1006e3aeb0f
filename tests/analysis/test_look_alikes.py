"""Look-alikes among stored embeddings."""

import builtins
import logging

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis import vector_search
from plankton_embedding.analysis.look_alikes import LookAlikes, LookAlikesError
from plankton_embedding.analysis.vector_search import MissingEngineError


def images_of(ids, class_names):
    return pd.DataFrame({"image_id": ids, "class_name": class_names})


def ids_by_query(found):
    return [group["image_id"].tolist() for _, group in found.groupby("query")]


@pytest.fixture
def stored():
    random = np.random.default_rng(2)
    vectors = (random.random((300, 4)) + 50).astype(np.float32)
    return vectors, images_of(
        [f"<{row}>" for row in range(300)], random.choice(["a", "NA", "b"], 300)
    )


@pytest.fixture
def without_faiss(monkeypatch):
    plain_import = builtins.__import__

    def refuse(name, *rest, **named):
        if name == "faiss":
            raise ImportError(name)
        return plain_import(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(vector_search, "find_spec", lambda name: None)


@pytest.mark.parametrize("engine", ["scikit-learn", "faiss"])
def test_nearest_agrees_with_a_loop(stored, engine):
    if engine == "faiss":
        pytest.importorskip("faiss")
    vectors, images = stored
    queries = np.random.default_rng(3).random((9, 4)) + 50
    found = LookAlikes(vectors, images, engine).nearest(queries, 5)
    assert found["rank"].tolist() == [1, 2, 3, 4, 5] * 9
    for number, query in enumerate(queries):
        away = [float(np.linalg.norm(vector.astype(float) - query)) for vector in vectors]
        nearest = sorted(range(300), key=away.__getitem__)[:5]
        alike = found[found["query"] == number]
        assert alike["image_id"].tolist() == images["image_id"][nearest].tolist()
        assert alike["class_name"].tolist() == images["class_name"][nearest].tolist()
        np.testing.assert_allclose(alike["distance"], [away[row] for row in nearest], rtol=1e-12)


def test_engines_find_the_very_same(monkeypatch):
    pytest.importorskip("faiss")
    random = np.random.default_rng(7)
    vectors = random.random((5000, 64), dtype=np.float32)
    images = images_of([f"{row}" for row in range(5000)], random.choice(["a", "b"], 5000))
    queries = random.random((40, 64))
    by_default = LookAlikes(vectors, images).nearest(queries, 10)
    pd.testing.assert_frame_equal(
        by_default, LookAlikes(vectors, images, "faiss").nearest(queries, 10), check_exact=True
    )
    # The index is filled block by block.
    from plankton_embedding.analysis import left_out_distances

    monkeypatch.setattr(left_out_distances, "_CHUNK_BYTES", 8 * 64 * 700)
    pd.testing.assert_frame_equal(
        by_default, LookAlikes(vectors, images, "faiss").nearest(queries, 10), check_exact=True
    )


def test_faiss_is_taken_for_many_images_only(stored, monkeypatch):
    pytest.importorskip("faiss")
    vectors, images = stored
    monkeypatch.setattr(vector_search, "FAISS_FROM", 301)
    assert isinstance(LookAlikes(vectors, images)._search, vector_search._ScikitLearn)
    monkeypatch.setattr(vector_search, "FAISS_FROM", 300)
    assert isinstance(LookAlikes(vectors, images)._search, vector_search._Faiss)


def test_many_images_without_faiss_are_searched_all_the_same(
    stored, monkeypatch, caplog, without_faiss
):
    vectors, images = stored
    with caplog.at_level(logging.WARNING):
        expected = LookAlikes(vectors, images).nearest(vectors[:5], 4)
        assert not caplog.records
        monkeypatch.setattr(vector_search, "FAISS_FROM", 300)
        found = LookAlikes(vectors, images).nearest(vectors[:5], 4)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert "300 stored images" in caplog.text
    assert "pip install 'plankton_embedding[faiss]'" in caplog.text


def test_missing_faiss_is_an_error_for_those_who_asked_for_it(without_faiss):
    with pytest.raises(MissingEngineError, match="pip install"):
        LookAlikes([[0.0]], images_of(["a"], ["x"]), "faiss")


def test_many_queries_in_chunks_give_the_same(stored, monkeypatch):
    from plankton_embedding.analysis import left_out_distances

    vectors, images = stored
    look_alikes = LookAlikes(vectors, images)
    whole = look_alikes.nearest(vectors, 3)
    monkeypatch.setattr(left_out_distances, "_CHUNK_BYTES", 8 * 11 * 4 * 7)
    pd.testing.assert_frame_equal(look_alikes.nearest(vectors, 3), whole, check_exact=True)
    first = whole[whole["rank"] == 1]
    assert first["image_id"].tolist() == images["image_id"].tolist()
    assert (first["distance"] == 0).all()


def test_stored_images_are_not_their_own_look_alikes():
    look_alikes = LookAlikes([[0.0], [1.0], [3.0]], images_of(["a", "b", "c"], ["x", "x", "y"]))
    found = look_alikes.nearest_to(["b", "c"], 5)
    assert ids_by_query(found) == [["a", "c"], ["b", "a"]]
    assert found["distance"].tolist() == [1.0, 2.0, 2.0, 3.0]
    assert look_alikes.nearest_to("a", 1)["class_name"].tolist() == ["x"]


def test_copies_are_look_alikes_but_not_the_image_itself():
    ids = [str(row) for row in range(40)]
    look_alikes = LookAlikes(np.ones((40, 2)), images_of(ids, "a"))
    found = look_alikes.nearest_to(["7", "39"], 3)
    assert len(found) == 6
    assert (found["distance"] == 0).all()
    first, second = ids_by_query(found)
    assert "7" not in first
    assert "39" not in second


def test_equally_near_images_come_in_the_order_stored():
    vectors = np.array([[2.0], *[[-1.0], [1.0]] * 20])
    ids = [f"{row}" for row in range(41)]
    look_alikes = LookAlikes(vectors, images_of(ids, "a"))
    assert look_alikes.nearest([[0.0]], 41)["image_id"].tolist() == [*ids[1:], "0"]


@pytest.mark.parametrize("engine", ["scikit-learn", "faiss"])
def test_differences_too_small_for_float32_still_decide(engine):
    if engine == "faiss":
        pytest.importorskip("faiss")
    heights = np.array([5, 4, 3, 2, 1, 0]) * 1e-3
    vectors = np.column_stack([np.zeros(6), heights]).astype(np.float32)
    look_alikes = LookAlikes(vectors, images_of(list("abcdef"), "x"), engine)
    assert look_alikes.nearest([[100.0, 0.0]], 2)["image_id"].tolist() == ["f", "e"]


def test_all_are_found_where_more_are_wanted_than_stored():
    look_alikes = LookAlikes([[2.0]], images_of(["only"], ["a"]))
    assert look_alikes.nearest([[0.0]], 10)["distance"].tolist() == [2.0]
    assert look_alikes.nearest_to("only", 10).empty
    assert look_alikes.nearest(np.empty((0, 1)), 2).empty


def test_a_table_says_what_was_found_for_each_query():
    images = images_of(["NA", "007"], ["x", "y"]).assign(path=["/here/NA.png", ""])
    look_alikes = LookAlikes([[0.0], [4.0]], images)
    found = look_alikes.nearest([[1.0], [5.0]], 2)
    assert found.columns.tolist() == [
        *("query", "rank", "image_id", "class_name", "distance", "path"),
    ]
    assert found.values.tolist() == [
        [0, 1, "NA", "x", 1.0, "/here/NA.png"],
        [0, 2, "007", "y", 3.0, ""],
        [1, 1, "007", "y", 1.0, ""],
        [1, 2, "NA", "x", 5.0, "/here/NA.png"],
    ]


def table_of(ids, values, **columns):
    return pd.DataFrame({"image_id": ids, "class_name": "x", "e00": values, **columns})


def test_images_of_one_step_are_taken_of_all_splits():
    table = table_of(["a", "b", "a"], [1.0, 2.0, 9.0], step=[1, 1, 2], split=["validation"] * 3)
    look_alikes = LookAlikes.of_step(table, 1, {"b": "/b.png"})
    found = look_alikes.nearest([[2.1]], 2)
    assert found["image_id"].tolist() == ["b", "a"]
    assert found["path"].tolist() == ["/b.png", ""]
    with pytest.raises(LookAlikesError, match=r"step 7.*\[1, 2\]"):
        LookAlikes.of_step(table, 7)


def test_blocks_are_taken_together_without_what_could_not_be_read():
    blocks = [
        table_of(["a", "b"], [1.0, np.nan], reason=["", "no image"], path=["/a", "/b"]),
        table_of(["c"], [3.0], reason=[""], path=["/c"]),
    ]
    look_alikes = LookAlikes.of_tables(iter(blocks))
    assert len(look_alikes) == 2
    assert look_alikes.nearest([[0.0]], 5)["path"].tolist() == ["/a", "/c"]
    with pytest.raises(LookAlikesError, match="no stored images"):
        LookAlikes.of_tables([])


@pytest.mark.parametrize(
    ("vectors", "ids", "words"),
    [
        (np.empty((0, 2)), [], "no stored images"),
        ([[1.0], [2.0]], ["twin", "twin"], "'twin' is stored more than once"),
        ([[1.0], [np.inf]], ["fine", "broken"], "'broken' holds NaN or infinity"),
        ([[1.0], [2.0]], ["a"], "one row an image"),
    ],
)
def test_images_that_cannot_be_stored_are_named(vectors, ids, words):
    with pytest.raises(ValueError, match=words):
        LookAlikes(vectors, images_of(ids, "x"))


def test_queries_that_make_no_sense_are_refused():
    look_alikes = LookAlikes([[0.0], [4.0]], images_of(["a", "b"], ["x", "y"]))
    with pytest.raises(LookAlikesError, match=r"\(1, 2\).*1 features"):
        look_alikes.nearest([[0.0, 1.0]], 1)
    with pytest.raises(LookAlikesError, match="NaN"):
        look_alikes.nearest([[np.nan]], 1)
    with pytest.raises(LookAlikesError, match=r"'gone' among 2, such as 'a'"):
        look_alikes.nearest_to(["b", "gone"], 1)
    with pytest.raises(ValueError, match="at least 1"):
        look_alikes.nearest([[0.0]], 0)

"""Look-alikes among stored embeddings."""

import builtins

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.look_alikes import LookAlikes, LookAlikesError


@pytest.fixture
def stored():
    random = np.random.default_rng(2)
    vectors = (random.random((300, 4)) + 50).astype(np.float32)
    return vectors, [f"<{row}>" for row in range(300)], random.choice(["a", "NA", "b"], 300)


@pytest.mark.parametrize("engine", ["scikit-learn", "faiss"])
def test_nearest_agrees_with_a_loop(stored, engine):
    if engine == "faiss":
        pytest.importorskip("faiss")
    vectors, ids, classes = stored
    queries = np.random.default_rng(3).random((9, 4)) + 50
    found = LookAlikes(vectors, ids, classes, engine).nearest(queries, 5)
    for query, names, labels, distances in zip(
        queries, found.image_ids, found.class_names, found.distances, strict=True
    ):
        away = [float(np.linalg.norm(vector.astype(float) - query)) for vector in vectors]
        nearest = sorted(range(300), key=away.__getitem__)[:5]
        assert names.tolist() == [ids[row] for row in nearest]
        assert labels.tolist() == [classes[row] for row in nearest]
        np.testing.assert_allclose(distances, [away[row] for row in nearest], rtol=1e-12)


def test_many_queries_in_chunks_give_the_same(stored, monkeypatch):
    from plankton_embedding.analysis import left_out_distances

    vectors, ids, classes = stored
    look_alikes = LookAlikes(vectors, ids, classes, "scikit-learn")
    whole = look_alikes.nearest(vectors, 3)
    monkeypatch.setattr(left_out_distances, "_CHUNK_BYTES", 8 * 11 * 4 * 7)
    in_parts = look_alikes.nearest(vectors, 3)
    assert (whole.image_ids == in_parts.image_ids).all()
    assert whole.image_ids[:, 0].tolist() == ids
    assert (whole.distances[:, 0] == 0).all()


def test_stored_images_are_not_their_own_look_alikes():
    look_alikes = LookAlikes(
        [[0.0], [1.0], [3.0]], ["a", "b", "c"], ["x", "x", "y"], "scikit-learn"
    )
    found = look_alikes.nearest_to(["b", "c"], 5)
    assert found.image_ids.tolist() == [["a", "c"], ["b", "a"]]
    assert found.distances.tolist() == [[1.0, 2.0], [2.0, 3.0]]
    assert look_alikes.nearest_to("a", 1).class_names.tolist() == [["x"]]


def test_copies_are_look_alikes_but_not_the_image_itself():
    ids = [str(row) for row in range(40)]
    look_alikes = LookAlikes(np.ones((40, 2)), ids, ["a"] * 40, "scikit-learn")
    found = look_alikes.nearest_to(["7", "39"], 3)
    assert found.image_ids.shape == (2, 3)
    assert (found.distances == 0).all()
    assert "7" not in found.image_ids[0]
    assert "39" not in found.image_ids[1]


def test_equally_near_images_come_in_the_order_stored():
    vectors = np.array([[2.0], *[[-1.0], [1.0]] * 20])
    ids = [f"{row}" for row in range(41)]
    look_alikes = LookAlikes(vectors, ids, ["a"] * 41, "scikit-learn")
    assert look_alikes.nearest([[0.0]], 41).image_ids.tolist() == [[*ids[1:], "0"]]


@pytest.mark.parametrize("engine", ["scikit-learn", "faiss"])
def test_differences_too_small_for_float32_still_decide(engine):
    if engine == "faiss":
        pytest.importorskip("faiss")
    heights = np.array([5, 4, 3, 2, 1, 0]) * 1e-3
    vectors = np.column_stack([np.zeros(6), heights]).astype(np.float32)
    look_alikes = LookAlikes(vectors, list("abcdef"), ["x"] * 6, engine)
    assert look_alikes.nearest([[100.0, 0.0]], 2).image_ids.tolist() == [["f", "e"]]


def test_all_are_found_where_more_are_wanted_than_stored():
    look_alikes = LookAlikes([[2.0]], ["only"], ["a"], "scikit-learn")
    assert look_alikes.nearest([[0.0]], 10).distances.tolist() == [[2.0]]
    assert look_alikes.nearest_to("only", 10).image_ids.shape == (1, 0)
    assert look_alikes.nearest(np.empty((0, 1)), 2).image_ids.shape == (0, 1)


def test_a_table_says_what_was_found_for_each_query():
    look_alikes = LookAlikes([[0.0], [4.0]], ["NA", "007"], ["x", "y"], "scikit-learn")
    assert look_alikes.nearest([[1.0], [5.0]], 2).table().values.tolist() == [
        [0, 1, "NA", "x", 1.0],
        [0, 2, "007", "y", 3.0],
        [1, 1, "007", "y", 1.0],
        [1, 2, "NA", "x", 5.0],
    ]


def test_images_of_one_step_are_taken_of_all_splits():
    table = pd.DataFrame(
        {
            "image_id": ["a", "b", "a"],
            "class_name": ["x", "y", "x"],
            "step": [1, 1, 2],
            "split": ["validation", "unseen", "validation"],
            "e00": [1.0, 2.0, 9.0],
        }
    )
    look_alikes = LookAlikes.of_step(table, 1, "scikit-learn")
    assert look_alikes.nearest([[2.1]], 2).image_ids.tolist() == [["b", "a"]]
    with pytest.raises(LookAlikesError, match=r"step 7.*\[1, 2\]"):
        LookAlikes.of_step(table, 7, "scikit-learn")


@pytest.mark.parametrize(
    ("vectors", "ids", "words"),
    [
        (np.empty((0, 2)), [], "no stored images"),
        ([[1.0], [2.0]], ["twin", "twin"], "'twin' is stored more than once"),
        ([[1.0], [np.inf]], ["fine", "broken"], "'broken' holds NaN or infinity"),
        ([[1.0], [2.0]], ["a"], "one row, id and class"),
    ],
)
def test_images_that_cannot_be_stored_are_named(vectors, ids, words):
    with pytest.raises(ValueError, match=words):
        LookAlikes(vectors, ids, ["x"] * len(vectors), "scikit-learn")


def test_queries_that_make_no_sense_are_refused():
    look_alikes = LookAlikes([[0.0], [4.0]], ["a", "b"], ["x", "y"], "scikit-learn")
    with pytest.raises(LookAlikesError, match=r"\(1, 2\).*1 features"):
        look_alikes.nearest([[0.0, 1.0]], 1)
    with pytest.raises(LookAlikesError, match="NaN"):
        look_alikes.nearest([[np.nan]], 1)
    with pytest.raises(LookAlikesError, match=r"'gone' among 2, such as 'a'"):
        look_alikes.nearest_to(["b", "gone"], 1)
    with pytest.raises(ValueError, match="at least 1"):
        look_alikes.nearest([[0.0]], 0)


def test_missing_faiss_is_said_and_not_worked_around(monkeypatch):
    plain_import = builtins.__import__

    def without_faiss(name, *rest, **named):
        if name == "faiss":
            raise ImportError(name)
        return plain_import(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_faiss)
    with pytest.raises(LookAlikesError, match="pip install faiss-cpu"):
        LookAlikes([[0.0]], ["a"], ["x"], "faiss")

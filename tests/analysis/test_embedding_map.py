import warnings

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.embedding_map import MapOptions, map_embedding, nearest_neighbours
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.steps import predict_by_centroids

_OPTIONS = MapOptions(images=1000, neighbours=8, min_distance=0.1, shown_neighbours=4)


def _embeddings(vectors, labels, splits=("validation", "test"), step=1):
    """Return a table whose images are of the splits by turns."""
    table = pd.DataFrame(np.asarray(vectors, dtype=np.float32))
    table.columns = [f"e{column:02d}" for column in table.columns]
    table.insert(0, "image_id", [f"image_{row}" for row in range(len(table))])
    table.insert(1, "class_name", labels)
    table.insert(2, "step", step)
    table.insert(3, "split", np.resize(np.array(splits, dtype=object), len(table)))
    return table


def _groups(images, features=6, seed=0):
    """Return three clouds of images, far apart; the last third are copies of the first."""
    random = np.random.default_rng(seed)
    labels = np.array(["a", "b", "c"])[np.arange(images) % 3]
    centres = 10 * np.eye(3, features)[np.arange(images) % 3]
    vectors = centres + random.normal(size=(images, features))
    vectors[-(images // 3) :] = vectors[: images // 3]
    return _embeddings(vectors, labels)


def _map(embeddings, options=_OPTIONS, seed=3):
    return map_embedding(embeddings, predict_by_centroids(embeddings), options, seed)


@pytest.fixture(scope="module")
def grouped():
    """Return an embeddings table of 90 images and its map."""
    embeddings = _groups(90)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return embeddings, _map(embeddings)


def _naive_neighbours(vectors, row, count):
    others = [other for other in range(len(vectors)) if other != row]
    distance = {
        other: float(np.sqrt(((vectors[row] - vectors[other]) ** 2).sum())) for other in others
    }
    nearest = sorted(others, key=lambda other: (distance[other], other))[:count]
    return nearest, [distance[other] for other in nearest]


def test_neighbours_are_those_of_a_naive_loop():
    vectors = np.random.default_rng(1).normal(size=(60, 4))
    rows, distances = nearest_neighbours(vectors, 7)
    for row in range(60):
        expected, expected_distances = _naive_neighbours(vectors, row, 7)
        assert rows[row].tolist() == expected
        np.testing.assert_allclose(distances[row], expected_distances)


def test_an_image_is_not_its_own_neighbour_even_among_copies():
    rows, distances = nearest_neighbours(np.zeros((4, 3)), 9)
    assert rows.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert (distances == 0).all()


def test_a_single_vector_has_no_neighbours():
    rows, distances = nearest_neighbours([[1.0, 2.0]], 5)
    assert rows.shape == distances.shape == (1, 0)


def test_map_keeps_groups_together_and_is_the_same_again(grouped):
    embeddings, table = grouped
    assert set(table["method"]) == {"umap"}
    assert np.isfinite(table[["x", "y"]].to_numpy()).all()
    places = table[["x", "y"]].to_numpy()
    nearest, _ = nearest_neighbours(places, 1)
    alike = table["class_name"].to_numpy()[nearest[:, 0]] == table["class_name"].to_numpy()
    vectors_alike = [
        table["class_name"][row] == table["class_name"][near[0]]
        for row, near in enumerate(table["neighbours"])
    ]
    assert alike.mean() > 0.9 * np.mean(vectors_alike)
    pd.testing.assert_frame_equal(_map(embeddings), table)


def test_neighbours_are_found_in_all_dimensions_not_on_the_map(grouped):
    embeddings, table = grouped
    columns = [f"e{column:02d}" for column in range(6)]
    vectors = embeddings.set_index("image_id").loc[table["image_id"], columns].to_numpy(float)
    for row in range(0, len(table), 7):
        expected, distances = _naive_neighbours(vectors, row, 4)
        assert table["neighbours"][row].tolist() == expected
        np.testing.assert_allclose(table["neighbour_distances"][row], distances, rtol=1e-5)


def test_map_survives_parquet(grouped, tmp_path):
    table = grouped[1]
    table.to_parquet(tmp_path / "map.parquet")
    loaded = pd.read_parquet(tmp_path / "map.parquet")
    assert np.stack(loaded["neighbours"]).tolist() == np.stack(table["neighbours"]).tolist()
    assert loaded["x"].dtype == np.float32


def test_map_is_of_the_last_step_with_its_predictions():
    first = _embeddings([[9.0, 0], [0, 0]], ["b", "a"], ["validation"], step=1)
    last = _embeddings([[0.0, 0], [4, 0], [1, 0], [1, 1]], ["a", "b", "a", "b"], step=2)
    last["split"] = ["validation", "validation", "test", "test"]
    table = _map(pd.concat([first, last], ignore_index=True))
    assert set(table["step"]) == {2}
    found = table.set_index("image_id")["predicted_class"].to_dict()
    assert found == {"image_0": "a", "image_1": "b", "image_2": "a", "image_3": "a"}


def test_missing_predictions_are_named():
    embeddings = _embeddings(np.eye(4), ["a", "a", "b", "b"])
    predictions = predict_by_centroids(embeddings)
    with pytest.raises(EmbeddingsError, match="image_2"):
        map_embedding(embeddings, predictions[predictions["image_id"] != "image_2"], _OPTIONS, 0)


@pytest.mark.parametrize(
    ("neighbours", "shown", "looked_at"), [(5, 9, 5), (12, 2, 12), (70, 3, 60)]
)
def test_umap_gets_its_neighbours_and_its_least_distance(monkeypatch, neighbours, shown, looked_at):
    given = {}

    class Umap:
        def __init__(self, **options):
            given.update(options)

        def fit_transform(self, vectors):
            return np.zeros((len(vectors), 2))

    monkeypatch.setattr("umap.UMAP", Umap)
    embeddings = _groups(60)
    table = _map(embeddings, MapOptions(1000, neighbours, 0.37, shown))
    assert (given["n_neighbors"], given["min_dist"]) == (looked_at, 0.37)
    columns = [f"e{column:02d}" for column in range(6)]
    vectors = embeddings.set_index("image_id").loc[table["image_id"], columns].to_numpy(float)
    rows, distances = given["precomputed_knn"]
    for row in range(0, 60, 7):
        # UMAP counts the image itself as the first of its neighbours.
        nearest, to_nearest = _naive_neighbours(vectors, row, looked_at - 1)
        assert rows[row].tolist() == [row, *nearest]
        np.testing.assert_allclose(distances[row], [0, *to_nearest], rtol=1e-5)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(100, [2, 5, 20]), (27, [2, 5, 20]), (17, [2, 5, 10]), (10, [2, 4, 4]), (1, [1, 1, 1])],
)
def test_images_are_chosen_evenly_by_class(most, expected):
    labels = ["a"] * 2 + ["b"] * 5 + ["c"] * 20
    options = MapOptions(images=most, neighbours=5, min_distance=0.1, shown_neighbours=2)
    table = _map(_embeddings(np.arange(54.0).reshape(27, 2), labels), options)
    assert table["class_name"].value_counts(sort=False).tolist() == expected
    assert set(table["embedded_images"]) == {27}


@pytest.mark.parametrize(
    "vectors",
    [
        np.random.default_rng(0).normal(size=(10, 5)),
        np.ones((40, 5)),
        np.random.default_rng(0).normal(size=(40, 2)),
        np.random.default_rng(0).normal(size=(40, 1)),
        np.ones((1, 3)),
    ],
    ids=["few images", "identical images", "two dimensions", "one dimension", "one image"],
)
def test_where_umap_has_nothing_to_do_the_map_is_of_principal_components(vectors):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = _map(_embeddings(vectors, ["a"] * len(vectors)))
    assert set(table["method"]) == {"principal components"}
    spread = table[["x", "y"]].to_numpy().var(axis=0).sum()
    leading = np.sort(
        np.linalg.eigvalsh(np.cov(vectors.T, bias=True).reshape(vectors.shape[1], -1))
    )
    if len(vectors) > 1:
        assert spread == pytest.approx(leading[-2:].sum(), abs=1e-9, rel=1e-5)


def test_many_copies_of_one_image_can_be_mapped():
    vectors = np.random.default_rng(0).normal(size=(60, 5))
    vectors[20:] = vectors[0]
    table = _map(_embeddings(vectors, ["a", "b"] * 30))
    assert set(table["method"]) == {"umap"}
    assert np.isfinite(table[["x", "y"]].to_numpy()).all()

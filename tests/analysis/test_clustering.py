import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_score

from plankton_embedding.analysis.clustering import fit_clusters, measure_clustering


def _table(vectors, labels):
    vectors = np.asarray(vectors, dtype=np.float32).reshape(len(labels), -1)
    table = pd.DataFrame(vectors, columns=[f"e{place:02d}" for place in range(vectors.shape[1])])
    return table.assign(
        image_id=list(map(str, range(len(labels)))), class_name=list(labels), step=1, split="test"
    )


def test_clusters_that_are_the_classes():
    scores = measure_clustering(_table([0, 0.1, 5, 5.1, 9, 9.1], "aabbcc"), 1, 3, 100, seed=0)
    assert (scores["images"], scores["classes"], scores["clusters"]) == (6, 3, 3)
    assert (scores["nmi"], scores["ami"]) == pytest.approx((1, 1))
    assert scores["silhouette"] > 0.95


def test_clusters_that_cut_across_the_classes():
    scores = measure_clustering(_table([0, 0.1, 5, 5.1], "abab"), 1, 3, 100, seed=0)
    assert scores["nmi"] == pytest.approx(0)
    assert scores["ami"] < 0
    assert scores["silhouette"] < 0


def test_silhouette_of_a_seeded_choice(random_vectors):
    vectors, labels = random_vectors
    table = _table(vectors, labels)
    everything = measure_clustering(table, 1, 1, 200, seed=3)
    exact = silhouette_score(vectors.astype(np.float32), labels)
    assert everything["silhouette"] == pytest.approx(exact, abs=1e-6)
    some = measure_clustering(table, 1, 1, 50, seed=3)
    assert some["silhouette_images"] == 50
    assert some == measure_clustering(table, 1, 1, 50, seed=3)
    assert some["silhouette"] != measure_clustering(table, 1, 1, 50, seed=4)["silhouette"]


def test_one_class_has_no_scores():
    assert measure_clustering(_table([0, 1], "aa"), 1, 1, 10, 0) == {"images": 2, "classes": 1}


def test_a_class_of_one_image_each_has_no_silhouette():
    scores = measure_clustering(_table([0, 1], "ab"), 1, 1, 10, 0)
    assert "silhouette" not in scores
    assert scores["nmi"] == pytest.approx(1)


@pytest.mark.filterwarnings("error")
def test_identical_vectors_are_one_cluster():
    scores = measure_clustering(_table(np.ones(4), "aabb"), 1, 1, 10, 0)
    assert (scores["clusters"], scores["ami"], scores["silhouette"]) == (1, 0, 0)
    assert fit_clusters([[1.0], [1.0], [2.0]], 3, 1, 0).labels_.max() == 1


def test_mutual_information_of_the_reference(reference_folder):
    table = pd.read_parquet(reference_folder / "test_step_19.parquet")
    columns = [name for name in table if name != "label" and str(name).startswith("e")]
    scores = measure_clustering(_table(table[columns], table["label"].astype(str)), 1, 1, 500, 0)
    assert scores["ami"] == pytest.approx(0.851, abs=0.01)

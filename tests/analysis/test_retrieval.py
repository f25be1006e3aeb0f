import json

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis import neighbours
from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.retrieval import measure_retrieval, retrieve, summarise_retrieval
from plankton_embedding.analysis.scores import wilson_interval


def _table(vectors, labels, split="test"):
    vectors = np.asarray(vectors, dtype=np.float32).reshape(len(labels), -1)
    table = pd.DataFrame(vectors, columns=[f"e{place:02d}" for place in range(vectors.shape[1])])
    ids = [f"{split}_{row}" for row in range(len(labels))]
    return table.assign(image_id=ids, class_name=list(labels), step=1, split=split)


def _naive(queries, references, ranks):
    rows = []
    others = [
        *zip(
            embedding_matrix(references),
            references["class_name"],
            references["image_id"],
            strict=True,
        )
    ]
    for vector, name, image_id in zip(
        embedding_matrix(queries), queries["class_name"], queries["image_id"], strict=True
    ):
        pairs = [
            (((vector - other) ** 2).sum(), label == name)
            for other, label, one in others
            if one != image_id
        ]
        matches = [same for _, same in sorted(pairs)]
        positives = sum(matches)
        if not positives:
            rows.append([0, *[np.nan] * (len(ranks) + 1)])
            continue
        found, precisions = 0, 0.0
        for place in range(1, positives + 1):
            if matches[place - 1]:
                found += 1
                precisions += found / place
        recalls = [float(any(matches[:rank])) for rank in ranks]
        rows.append([positives, *recalls, precisions / positives])
    return np.array(rows, dtype=float)


@pytest.fixture
def random_tables(random_vectors):
    vectors, labels = random_vectors
    return _table(vectors[:120], labels[:120]), _table(vectors[120:], labels[120:], "validation")


@pytest.mark.parametrize("ranks", [[1, 5, 10], [3], [1, 500]])
def test_retrieval_agrees_with_a_naive_loop(random_tables, ranks, monkeypatch):
    monkeypatch.setattr(neighbours, "_CHUNK_BYTES", 4 * 120 * 17)
    queries, validation = random_tables
    for references in (queries, validation):
        found = retrieve(queries, references, ranks)
        columns = ["positives", *(f"recall_at_{rank}" for rank in ranks), "map_at_r"]
        np.testing.assert_allclose(found[columns], _naive(queries, references, ranks))
        assert found["image_id"].tolist() == queries["image_id"].tolist()


def test_retrieval_agrees_with_pytorch_metric_learning(random_tables):
    torch = pytest.importorskip("torch")
    calculators = pytest.importorskip("pytorch_metric_learning.utils.accuracy_calculator")

    def neighbours_of(query, k, reference, self_is_in_reference):
        order = torch.cdist(query, reference).argsort(dim=1)
        order = order[:, 1 : k + 1] if self_is_in_reference else order[:, :k]
        return torch.zeros_like(order), order

    calculator = calculators.AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        k="max_bin_count",
        knn_func=neighbours_of,
        device=torch.device("cpu"),
    )
    queries, validation = random_tables
    tensors = [
        (
            torch.tensor(embedding_matrix(table)),
            torch.tensor(pd.factorize(table["class_name"], sort=True)[0]),
        )
        for table in (queries, validation)
    ]
    assert set(queries["class_name"]) == set(validation["class_name"])
    by_test = calculator.get_accuracy(*tensors[0])
    by_validation = calculator.get_accuracy(*tensors[0], *tensors[1])
    for expected, references in ((by_test, queries), (by_validation, validation)):
        found = retrieve(queries, references, [1])
        assert found["recall_at_1"].mean() == pytest.approx(expected["precision_at_1"])
        assert found["map_at_r"].mean() == pytest.approx(expected["mean_average_precision_at_r"])


def test_scores_by_hand():
    # On a line: a at 0, 1.2 and 6; b at 2 and 5.
    table = _table([0, 1.2, 6, 2, 5], "aaabb")
    found = retrieve(table, table, [1, 2, 3])
    assert found["positives"].tolist() == [2, 2, 2, 1, 1]
    assert found["recall_at_1"].tolist() == [1, 0, 0, 0, 0]
    assert found["recall_at_2"].tolist() == [1, 1, 0, 0, 1]
    assert found["recall_at_3"].tolist() == [1, 1, 1, 1, 1]
    assert found["map_at_r"].tolist() == [0.5, 0.25, 0, 0, 0]


def test_a_class_without_another_image_is_left_out_and_counted():
    test = _table([0, 1, 5, 6, 9], ["a", "a", "b", "b", "alone"])
    validation = _table([0, 9], ["a", "alone"], "validation")
    scores = measure_retrieval(pd.concat([test, validation]), 1, [1])
    counts = scores.set_index("references")[["queries", "excluded_queries", "excluded_classes"]]
    assert counts.loc["test"].to_numpy().tolist() == [[4, 1, 1]] * 2
    assert counts.loc["validation"].to_numpy().tolist() == [[3, 2, 1]] * 2
    assert scores["value"].tolist() == [1, 1, 1, 1]


def test_intervals():
    table = _table([0, 1.2, 6, 2, 5], "aaabb")
    both = pd.concat([table, table.assign(split="validation", image_id=list("vwxyz"))])
    scores = measure_retrieval(both, 1, [1]).set_index(["references", "measure"])
    recall, average = scores.loc[("test", "recall_at_1")], scores.loc[("test", "map_at_r")]
    assert (recall["low"], recall["high"]) == pytest.approx(wilson_interval(1, 5))
    half = 1.959964 * np.std([0.5, 0.25, 0, 0, 0]) / np.sqrt(5)
    assert (average["low"], average["high"]) == pytest.approx((0, 0.15 + half))


def test_a_collapsed_embedding_scores_nothing():
    table = _table(np.ones(6), "aaabbb")
    assert (retrieve(table, table, [1, 2])[["recall_at_2", "map_at_r"]] == 0).all(axis=None)


def test_one_class_is_always_found():
    table = _table([0, 1, 6], "aaa")
    assert (retrieve(table, table, [1, 10])[["recall_at_1", "map_at_r"]] == 1).all(axis=None)


def test_summary_can_be_json_and_leaves_out_what_is_missing():
    test = _table([0, 1], ["a", "b"])
    scores = measure_retrieval(pd.concat([test, _table([0], "a", "validation")]), 1, [1])
    summary = summarise_retrieval(scores)
    counts = {"queries": 0, "excluded_queries": 2, "excluded_classes": 2}
    assert summary["test"] == counts
    assert summary["validation"]["recall_at_1"]["value"] == 1
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_the_nearest_image_of_the_reference_is_as_published(reference_folder):
    tables = {}
    for split in ("test", "validation"):
        table = pd.read_parquet(reference_folder / f"{split}_step_19.parquet")
        labels = table["label"].astype(str)
        tables[split] = _table(embedding_matrix(table), labels, split)
    found = retrieve(tables["test"], tables["validation"], [1])
    assert found["recall_at_1"].mean() == pytest.approx(0.823, abs=5e-4)

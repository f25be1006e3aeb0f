import json

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.mistake_severity import (
    class_tree_distances,
    has_hierarchy,
    measure_mistake_severity,
    score_without_catch_alls,
    summarise_mistake_severity,
)

NAMES = ["Copepoda", "multiple__Copepoda", "egg__Copepoda", "Penilia", "egg__other", "x__", "007"]


@pytest.mark.parametrize(
    ("true", "predicted", "edges", "same_parent"),
    [
        ("Copepoda", "Copepoda", 0, True),
        ("multiple__Copepoda", "Copepoda", 1, True),
        ("multiple__Copepoda", "egg__Copepoda", 2, True),
        ("Copepoda", "Penilia", 2, False),
        ("Penilia", "egg__Copepoda", 3, False),
        ("egg__Copepoda", "egg__other", 4, False),
        ("egg__other", "egg__other", 0, True),
        ("multiple__other", "egg__other", 4, False),
        ("egg__Other", "egg__other", 4, False),
        ("egg__OTHER", "tail__OTHER", 4, False),
        ("egg__other", "other", 3, False),
        ("other", "other", 0, True),
        ("other", "Other", 2, False),
        ("left__egg__other", "egg__other", 1, True),
        ("left__egg__other", "left__tail__other", 6, False),
        ("egg__others", "tail__others", 2, True),
        ("egg__other__Copepoda", "tail__other__Copepoda", 2, True),
        ("left__leg__Copepoda", "leg__Copepoda", 1, True),
        ("left__leg__Copepoda", "egg__Copepoda", 3, True),
        ("left__leg__Copepoda", "left__leg__Penilia", 6, False),
        ("x__", "__", 2, False),
        ("", "007", 2, False),
    ],
)
def test_edges_of_the_tree(true, predicted, edges, same_parent):
    found, same = class_tree_distances([true], [predicted])
    assert (found.tolist(), same.tolist()) == ([[edges]], [[same_parent]])
    assert class_tree_distances([predicted], [true])[0].tolist() == [[edges]]


def test_tree_distances_agree_with_a_walk_through_the_tree():
    parents = {}
    random = np.random.default_rng(0)
    parts = ["a", "b", "other", "Other"]
    names = {"__".join(random.choice(parts, random.integers(1, 4))) for _ in range(60)}
    for name in names:
        while name not in parents:
            _, _, parents[name] = name.partition("__")
            if parents[name].lower() == "other":
                parents[name] = f"the parent of {name.replace('__', ' ')}"
            name = parents[name] or name

    def ancestors(name):
        return [name, *(ancestors(parents[name]) if name else [])]

    ordered = sorted(names)
    edges, same = class_tree_distances(ordered, ordered)
    for row, one in enumerate(ordered):
        for column, other in enumerate(ordered):
            first, second = ancestors(one), ancestors(other)
            common = next(node for node in first if node in second)
            assert edges[row, column] == first.index(common) + second.index(common)
            assert same[row, column] == (common != "")


def _scored(*pairs):
    return pd.DataFrame(pairs, columns=["class_name", "predicted_class"])


SCORED = _scored(
    ("Penilia", "Penilia"),
    ("egg__Copepoda", "multiple__Copepoda"),
    ("egg__Copepoda", "Copepoda"),
    ("Copepoda", "Penilia"),
    ("Penilia", "egg__other"),
)


def test_mistakes_by_severity():
    table = measure_mistake_severity(SCORED, NAMES)
    assert table.columns.tolist() == ["severity", "same_parent", "mistakes", "chance_mistakes"]
    seen = table[table["mistakes"] > 0]
    assert seen.iloc[:, :3].to_numpy().tolist() == [
        [1, True, 1],
        [2, False, 1],
        [2, True, 1],
        [3, False, 1],
    ]
    assert table["chance_mistakes"].sum() == pytest.approx(4)


def test_chance_agrees_with_random_mistakes():
    summary = summarise_mistake_severity(SCORED, NAMES)
    table = measure_mistake_severity(SCORED, NAMES)
    wrong = ["egg__Copepoda", "egg__Copepoda", "Copepoda", "Penilia"]
    random = np.random.default_rng(0)
    drawn = np.array(
        [random.choice([name for name in NAMES if name != true], 6_000) for true in wrong]
    )
    edges, same = zip(
        *(class_tree_distances([true], row) for true, row in zip(wrong, drawn, strict=True)),
        strict=True,
    )
    edges, same = np.concatenate(edges), np.concatenate(same)
    assert summary["chance_mean"] == pytest.approx(edges.mean(), abs=0.03)
    assert summary["chance_same_parent_share"] == pytest.approx(same.mean(), abs=0.03)
    half_width = (summary["chance_high"] - summary["chance_low"]) / 2
    assert half_width == pytest.approx(1.96 * edges.mean(axis=0).std(), rel=0.04)
    for row in table.itertuples():
        expected = ((edges == row.severity) & (same == row.same_parent)).sum() / 6_000
        assert row.chance_mistakes == pytest.approx(expected, abs=0.05)


def test_summary_by_hand():
    summary = summarise_mistake_severity(SCORED, NAMES)
    assert (summary["images"], summary["mistakes"]) == (5, 4)
    assert summary["mean"] == pytest.approx((2 + 1 + 2 + 3) / 4)
    assert summary["same_parent_share"] == 0.5
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_names_without_parts_say_nothing():
    assert not has_hierarchy(["a", "b_c", "x__", "__", "egg__other", "multiple__Other"])
    assert has_hierarchy(["a", "left__egg__other"])
    scored = _scored(("a", "b"))
    assert summarise_mistake_severity(scored, ["a", "b"]) == {}
    assert measure_mistake_severity(scored, ["a", "b"]).empty


def test_without_mistakes():
    right = _scored(("egg__a", "egg__a"))
    assert summarise_mistake_severity(right, ["egg__a", "b"]) == {"images": 1, "mistakes": 0}
    assert measure_mistake_severity(right, ["egg__a", "b"]).empty


def test_a_true_class_that_has_no_centroid():
    summary = summarise_mistake_severity(_scored(("rare__a", "a")), ["a", "egg__a"])
    assert (summary["mean"], summary["chance_mean"]) == (1, 1.5)


def _embeddings():
    rows = [
        ("a", "validation", 0.0), ("b", "validation", 10.0), ("multiple__a", "validation", 4.0),
        ("a", "test", 3.0), ("a", "test", 1.0), ("b", "test", 9.0), ("b", "test", 2.0),
        ("multiple__a", "test", 0.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["class_name", "split", "e00"])
    return table.assign(step=1, image_id=list(map(str, range(len(rows)))))


def test_catch_alls_are_left_out_of_centroids_and_scores():
    with_them = score_without_catch_alls(_embeddings(), 1, ["other", "nothing*"])
    assert (with_them["left_out"], with_them["correct"], with_them["n"]) == ([], 2, 5)
    without = score_without_catch_alls(_embeddings(), 1, ["multiple__*", "other"])
    assert (without["left_out"], without["images_left_out"]) == (["multiple__a"], 1)
    # The image of a at 3 was nearest to multiple__a.
    assert (without["correct"], without["n"], without["accuracy"]) == (3, 4, 0.75)


def test_nothing_left_to_score():
    said = score_without_catch_alls(_embeddings(), 1, ["*"])
    assert said == {"left_out": ["a", "b", "multiple__a"], "images_left_out": 5}


def test_patterns_match_whole_names_and_case():
    assert score_without_catch_alls(_embeddings(), 1, ["multiple", "MULTIPLE__*", "A"])["n"] == 5


def test_without_catch_alls_of_random_images_agrees_with_doing_it_by_hand(random_vectors):
    vectors, labels = random_vectors
    table = pd.DataFrame(vectors, columns=[f"e{place:02d}" for place in range(5)])
    table = table.assign(
        class_name=labels, step=1, image_id=[str(row) for row in range(200)],
        split=np.where(np.arange(200) % 2, "test", "validation"),
    )  # fmt: skip
    kept, is_test = labels != "b", np.arange(200) % 2 == 1
    centroids = fit_centroids(vectors[kept & ~is_test], labels[kept & ~is_test])
    predicted, _ = classify(vectors[kept & is_test], centroids)
    expected = (predicted == labels[kept & is_test]).mean()
    assert score_without_catch_alls(table, 1, ["b"])["accuracy"] == pytest.approx(expected)

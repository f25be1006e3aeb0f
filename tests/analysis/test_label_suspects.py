import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis import neighbours
from plankton_embedding.analysis.embedding_tables import EmbeddingsError, embedding_matrix
from plankton_embedding.analysis.label_suspects import (
    NEIGHBOUR_COLUMNS,
    judge_labels,
    rank_label_suspects,
    summarise_label_suspects,
    suspect_pictures,
)
from plankton_embedding.analysis.steps import step_centroids
from plankton_embedding.analysis.typical_images import find_typical_images


def _table(vectors, labels):
    vectors = np.asarray(vectors, dtype=np.float32).reshape(len(labels), -1)
    table = pd.DataFrame(vectors, columns=[f"e{place:02d}" for place in range(vectors.shape[1])])
    splits = np.where(np.arange(len(labels)) % 2, "test", "validation")
    return table.assign(
        image_id=[f"{row}.png" for row in range(len(labels))],
        class_name=list(labels),
        step=1,
        split=splits,
    )


@pytest.fixture
def clusters():
    """Return four clear clusters of 40 images, five of which bear a wrong label."""
    random = np.random.default_rng(5)
    labels = np.repeat([*"abcd"], 40)
    centres = dict(zip("abcd", random.normal(0, 10, (4, 8)), strict=True))
    vectors = np.array([random.normal(centres[name], 1) for name in labels])
    wrong = {3: "b", 50: "c", 51: "a", 120: "a", 159: "c"}
    true = labels.copy()
    labels[list(wrong)] = list(wrong.values())
    return _table(vectors, labels), {f"{row}.png": true[row] for row in wrong}


def test_planted_wrong_labels_are_the_first_suspects(clusters):
    table, planted = clusters
    judged = judge_labels(table, 1, None, neighbours=8)
    suspects = rank_label_suspects(judged, 100, None)
    assert dict(zip(suspects["image_id"], suspects["suggested_class"], strict=True)) == planted
    assert suspects["rank"].tolist() == [1, 2, 3, 4, 5]
    assert suspects["decision"].tolist() == [""] * 5
    assert suspects["score"].gt(0.5).all()
    assert suspects["score"].is_monotonic_decreasing
    assert len(rank_label_suspects(judged, 2, None)) == 2
    assert summarise_label_suspects(judged)["suspects"] == 5


def _naive(table, groups, neighbours):
    vectors, labels = embedding_matrix(table), table["class_name"].tolist()
    rows = []
    for one in range(len(table)):
        others = []
        for other in range(len(table)):
            same_group = groups[one] is not None and groups[one] == groups[other]
            if other != one and not same_group:
                others.append((np.linalg.norm(vectors[one] - vectors[other]), other))
        own_class = sum(labels[other] == labels[one] for _, other in others)
        asked = sorted(others)[: min(neighbours, own_class)]
        if not asked:
            rows.append((None, np.nan, np.nan, np.nan, 0, np.nan))
            continue
        votes = {}
        for place, (distance, other) in enumerate(asked):
            votes.setdefault(labels[other], []).append((place, distance))
        own = len(votes.pop(labels[one], []))
        suggested = min(votes, key=lambda name: (-len(votes[name]), votes[name][0]), default=None)
        theirs = votes.get(suggested, [])
        mean = np.mean([distance for _, distance in theirs]) if theirs else np.nan
        count = len(asked)
        rows.append(
            (suggested, own / count, len(theirs) / count, (len(theirs) - own) / count, count, mean)
        )
    return rows


def test_judging_agrees_with_a_naive_loop(random_vectors, monkeypatch):
    monkeypatch.setattr(neighbours, "_CHUNK_BYTES", 4 * 150 * 13)
    vectors, labels = random_vectors
    table = _table(vectors[:150], labels[:150])
    random = np.random.default_rng(2)
    groups = [None if random.random() < 0.3 else f"g{random.integers(25)}" for _ in range(150)]
    splits = pd.DataFrame({"image_id": table["image_id"], "group": groups})
    judged = judge_labels(table, 1, splits, neighbours=7).set_index("image_id")
    columns = [
        "suggested_class",
        "own_share",
        "suggested_share",
        "score",
        "neighbours_asked",
        "distance",
    ]
    found = judged.loc[table["image_id"], columns]
    expected = pd.DataFrame(_naive(table, groups, 7), columns=columns, index=found.index)
    numbers = columns[1:]
    np.testing.assert_allclose(found[numbers], expected[numbers], atol=1e-5)
    assert found["suggested_class"].where(found["suggested_class"].notna(), None).tolist() == (
        expected["suggested_class"].where(expected["suggested_class"].notna(), None).tolist()
    )


def test_images_of_one_group_do_not_vouch_for_each_other(clusters):
    table, _ = clusters
    # Three near copies inside cluster a, labelled b: together they would be a majority.
    copies = table.iloc[[0, 0, 0]].assign(
        image_id=["x", "y", "z"], class_name="b", split=["validation", "test", "test"]
    )
    table = pd.concat([table, copies], ignore_index=True)
    splits = pd.DataFrame({"image_id": ["x", "y", "z"], "group": "one haul"})

    def suspects(splits):
        ranked = rank_label_suspects(judge_labels(table, 1, splits, 3), 100, None)
        return {"x", "y", "z"} & set(ranked["image_id"])

    assert suspects(None) == set()
    assert suspects(splits) == {"x", "y", "z"}


def test_a_small_class_is_not_outvoted_by_number():
    # Two images of a rare class side by side, far from ten of a common one.
    table = _table([0, 0.1, *np.linspace(5, 6, 10)], ["rare"] * 2 + ["common"] * 10)
    judged = judge_labels(table, 1, None, neighbours=5).set_index("image_id")
    assert judged.loc["0.png", ["neighbours_asked", "own_share", "score"]].tolist() == [1, 1, -1]
    assert rank_label_suspects(judged.reset_index(), 10, None).empty


def test_an_image_alone_in_its_class_cannot_be_judged():
    table = _table([0, 0.1, 0.2, 5, 6, 0.15], ["a", "a", "a", "b", "b", "alone"])
    judged = judge_labels(table, 1, None, 5).set_index("image_id")
    alone = judged.loc["5.png"]
    assert alone["neighbours_asked"] == 0
    assert alone[["score", "suggested_class", "neighbour_1"]].isna().all()
    assert summarise_label_suspects(judged)["not_judged"] == 1


@pytest.mark.parametrize("labels", ["aaaa", "abcd", "aabb"])
def test_one_class_single_images_and_identical_vectors(labels):
    judged = judge_labels(_table(np.ones(4), labels), 1, None, 10)
    assert len(judged) == 4
    assert (judged["score"] > 0).sum() == 0 or labels == "aabb"


def test_neighbours_are_listed_from_the_nearest_and_paths_are_given():
    table = _table([0, 1, 3, 6, 1.5, 2.5], ["a", "a", "a", "a", "b", "b"])
    judged = judge_labels(table, 1, None, 3).set_index("image_id")
    assert judged.loc["0.png", NEIGHBOUR_COLUMNS[:3]].tolist() == ["1.png", "4.png", "5.png"]
    assert judged.loc["0.png", NEIGHBOUR_COLUMNS[3:]].isna().all()
    suspects = rank_label_suspects(judged.reset_index(), 9, {"2.png": "raw/2.png"})
    assert dict(zip(suspects["image_id"], suspects["path"], strict=True))["2.png"] == "raw/2.png"
    assert suspects.columns[:6].tolist() == [
        "rank", "image_id", "path", "class_name", "suggested_class", "decision"
    ]  # fmt: skip


def test_suspects_are_ranked_by_score_then_distance():
    judged = pd.DataFrame(
        {"image_id": [*"abcde"], "score": [0.2, 1, 1, 0, None], "distance": [1, 3, 2, 0, 0]}
    ).assign(class_name="x", suggested_class="y")
    assert rank_label_suspects(judged, 9, None)["image_id"].tolist() == ["c", "b", "a"]


def test_an_image_that_stands_there_twice_is_named(clusters):
    table, _ = clusters
    with pytest.raises(EmbeddingsError, match=r"'7\.png' has two"):
        judge_labels(pd.concat([table, table.iloc[[7]]]), 1, None, 5)


def test_typical_images_and_the_pictures_of_a_sheet(clusters):
    table, _ = clusters
    centroids = step_centroids(table, 1)
    typical = find_typical_images(table, 1, 2)
    validation = table[table["split"] == "validation"].reset_index(drop=True)
    for name, ids in typical.items():
        part = validation[validation["class_name"] == name]
        centre = centroids.vectors[centroids.positions([name])[0]]
        distances = np.linalg.norm(embedding_matrix(part) - centre, axis=1)
        assert ids == part["image_id"].to_numpy()[np.argsort(distances)[:2]].tolist()
    suspects = rank_label_suspects(judge_labels(table, 1, None, 4), 9, None)
    ids = suspect_pictures(suspects, typical, shown=1)
    first = suspects.iloc[0]
    needed = {first["image_id"], *first[NEIGHBOUR_COLUMNS[:4]]}
    needed |= {*typical[first["class_name"]], *typical[first["suggested_class"]]}
    assert set(ids) == needed
    assert len(ids) == len(set(ids))
    assert suspect_pictures(suspects[:0], typical, 5) == []

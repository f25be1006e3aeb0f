from collections import Counter

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.confusions import (
    choose_pair_examples,
    confusion_frames,
    count_confusions_over_steps,
    order_classes,
)
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.scores import confusion_counts, most_confused_pairs
from plankton_embedding.analysis.steps import predict_by_centroids

HOSTILE = ["NA", "<script>", "a b/c", "né"]


@pytest.fixture
def predictions():
    """Return 500 random predictions; of class "only true" there are test images alone."""
    random = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "step": random.integers(1, 4, 500),
            "split": random.choice(["validation", "test"], 500),
            "class_name": random.choice(HOSTILE, 500),
            "predicted_class": random.choice(HOSTILE[1:], 500),
        }
    )
    extra = {"step": 3, "split": "test", "class_name": "only true", "predicted_class": "NA"}
    return pd.concat([table, pd.DataFrame([extra, extra])], ignore_index=True)


@pytest.fixture
def line():
    """Return embeddings on a line at two steps, and their predictions.

    Step 2: centroids of validation are a 2, b 10, c 20; class d has test images alone.
    """
    places = {
        (1, "validation"): {"a": [0, 0], "b": [0, 0], "c": [1, 1]},
        (2, "validation"): {"a": [1, 2, 3, 2], "b": [9, 13, 8], "c": [20]},
        (2, "test"): {"a": [2, 7, 9, 11, 16], "b": [10, 3], "d": [19, 30]},
    }
    rows = [
        (f"{split[0]}{name}{number}", name, step, split, float(place))
        for (step, split), classes in places.items()
        for name, of_class in classes.items()
        for number, place in enumerate(of_class)
    ]
    embeddings = pd.DataFrame(rows, columns=["image_id", "class_name", "step", "split", "e00"])
    return embeddings, predict_by_centroids(embeddings)


def test_confusions_agree_with_a_naive_loop(predictions):
    naive = Counter(
        (row["step"], row["split"], row["class_name"], row["predicted_class"])
        for _, row in predictions.iterrows()
    )
    table = count_confusions_over_steps(predictions)
    assert table.columns.tolist() == ["step", "split", "class_name", "predicted_class", "images"]
    keys = list(table.iloc[:, :4].itertuples(index=False, name=None))
    assert dict(zip(keys, table["images"], strict=True)) == naive
    assert keys == sorted(naive)
    assert table["images"].sum() == len(predictions)


def test_frames_are_the_confusion_counts_of_each_step(predictions):
    confusions = count_confusions_over_steps(predictions)
    for split in ("validation", "test"):
        frames = confusion_frames(confusions, ["né", "absent"], split)
        assert frames.steps == (1, 2, 3)
        assert frames.class_names[:2] == ("né", "absent")
        assert ("only true" in frames.class_names) == (split == "test")
        for step, counts in zip(frames.steps, frames.counts, strict=True):
            rows = predictions[(predictions["step"] == step) & (predictions["split"] == split)]
            expected = confusion_counts(
                rows["class_name"], rows["predicted_class"], frames.class_names
            )
            np.testing.assert_array_equal(counts, expected.to_numpy())
            assert counts.sum() == len(rows)


def test_shares_and_accuracies_by_hand():
    confusions = pd.DataFrame(
        [
            (1, "validation", "a", "a", 1),
            (1, "validation", "a", "b", 3),
            (2, "validation", "a", "a", 4),
            (2, "validation", "b", "a", 4),
        ],
        columns=["step", "split", "class_name", "predicted_class", "images"],
    )
    frames = confusion_frames(confusions, ["a", "b"], "validation")
    assert frames.shares.tolist() == [[[0.25, 0.75], [0, 0]], [[1, 0], [1, 0]]]
    assert frames.accuracies.tolist() == [0.25, 0.5]


def test_a_split_that_was_not_embedded_is_refused(predictions):
    confusions = count_confusions_over_steps(predictions)
    with pytest.raises(EmbeddingsError, match=r"no confusions of train images.*\['test', 'valid"):
        confusion_frames(confusions, HOSTILE, "train")


def test_orders_hold_every_class(line):
    embeddings, _ = line
    moved = embeddings.replace({"class_name": {"a": "z"}})
    assert order_classes(moved, "name") == ["b", "c", "d", "z"]
    # Along the line z 2, b 10, c 20; d has no centroid.
    assert order_classes(moved, "similarity") in (["z", "b", "c", "d"], ["c", "b", "z", "d"])


def test_examples_by_hand(line):
    embeddings, predictions = line
    test = predictions[(predictions["split"] == "test") & (predictions["step"] == 2)]
    pairs = most_confused_pairs(confusion_counts(test["class_name"], test["predicted_class"]), 3)
    assert pairs["class_name"].str.cat(pairs["predicted_class"]).tolist() == ["ab", "dc", "ba"]
    table = choose_pair_examples(embeddings, predictions, 2, pairs, per_pair=2)
    assert table.columns.tolist() == ["pair", "role", "image_id", "rank"]
    chosen = {
        (pair, role): (part["image_id"].tolist(), part["rank"].tolist())
        for (pair, role), part in table.groupby(["pair", "role"], sort=False)
    }
    assert list(chosen.items()) == [
        # Of a's validation images 1, 2, 3, 2; of its test images 7, 9, 11 were taken for b's 10.
        ((0, "true"), (["va1", "va3"], [0, 1])),
        ((0, "confused"), (["ta2", "ta3"], [0, 1])),
        ((0, "predicted"), (["vb0", "vb2"], [0, 1])),
        # d has no validation image, and c but one.
        ((1, "confused"), (["td0", "td1"], [0, 1])),
        ((1, "predicted"), (["vc0"], [0])),
        ((2, "true"), (["vb0", "vb2"], [0, 1])),
        ((2, "confused"), (["tb1"], [0])),
        ((2, "predicted"), (["va1", "va3"], [0, 1])),
    ]


def test_examples_agree_with_a_naive_loop():
    random = np.random.default_rng(2)
    labels, splits = random.choice(HOSTILE, 200), random.choice(["validation", "test"], 200)
    embeddings = pd.DataFrame(random.normal(size=(200, 3)), columns=["e00", "e01", "e02"])
    embeddings = embeddings.assign(class_name=labels, split=splits, step=1)
    embeddings.insert(0, "image_id", [f"image {row:03}" for row in range(200)])
    predictions = predict_by_centroids(embeddings)
    pairs = pd.DataFrame([(a, b) for a in HOSTILE for b in HOSTILE if a != b])
    pairs.columns = ["class_name", "predicted_class"]
    table = choose_pair_examples(embeddings, predictions, 1, pairs, per_pair=3)
    vectors = embeddings[["e00", "e01", "e02"]].to_numpy()
    means = {name: vectors[(labels == name) & (splits == "validation")].mean(0) for name in HOSTILE}
    for pair, (true, other) in enumerate(pairs.itertuples(index=False)):
        candidates = {"true": [], "confused": [], "predicted": []}
        for row, image_id in enumerate(embeddings["image_id"]):
            distances = {name: np.linalg.norm(vectors[row] - mean) for name, mean in means.items()}
            if splits[row] == "validation" and labels[row] == true:
                candidates["true"].append((distances[true], image_id))
            if splits[row] == "validation" and labels[row] == other:
                candidates["predicted"].append((distances[other], image_id))
            nearest = min(distances, key=distances.get)
            if splits[row] == "test" and labels[row] == true and nearest == other:
                candidates["confused"].append((distances[other], image_id))
        for role, images in candidates.items():
            chosen = table[(table["pair"] == pair) & (table["role"] == role)]
            assert chosen["image_id"].tolist() == [name for _, name in sorted(images)[:3]]


def test_no_pairs_have_no_examples(line):
    embeddings, predictions = line
    none = most_confused_pairs(confusion_counts(["a"], ["a"]), 3)
    table = choose_pair_examples(embeddings, predictions, 2, none, per_pair=2)
    assert table.empty
    assert table.columns.tolist() == ["pair", "role", "image_id", "rank"]

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.calibration import (
    CentroidConfidence,
    fit_temperature,
    log_losses,
    measure_confidence,
)
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.reliability import (
    expected_calibration_error,
    measure_reliability,
    summarise_calibration,
)


def _confidences(values, right, known=True):
    table = pd.DataFrame({"confidence": values, "untempered_confidence": 0.5, "known": known})
    table["predicted_class"] = np.where(right, "a", "b")
    return table.assign(class_name="a", log_loss=0.1, untempered_log_loss=0.7)


def _embedded(vectors, labels, split):
    table = pd.DataFrame(vectors).add_prefix("e0").assign(class_name=labels, split=split, step=3)
    return table.assign(image_id=[f"{split}_{row}" for row in range(len(table))])


def _naive_probabilities(query, centroids, temperature):
    scores = [np.exp(-np.linalg.norm(query - vector) / temperature) for vector in centroids.vectors]
    return [score / sum(scores) for score in scores]


def test_probabilities_agree_with_a_naive_loop(random_vectors):
    confidence = CentroidConfidence.fit(*random_vectors)
    queries = random_vectors[0][:20]
    naive = [
        _naive_probabilities(query, confidence.centroids, confidence.temperature)
        for query in queries
    ]
    np.testing.assert_allclose(confidence.probabilities(queries), naive, rtol=1e-10)


def test_log_losses_survive_what_a_float_cannot_hold():
    losses = log_losses(np.array([[0.0, 5000.0]] * 2), np.array([0, 1]), 1.0)
    assert losses.tolist() == [0, 5000]


def test_the_temperature_has_the_least_loss_of_a_grid():
    random = np.random.default_rng(0)
    distances, members = random.gamma(2.0, size=(300, 4)), random.integers(0, 4, 300)
    distances[np.arange(300), members] *= 0.4

    def loss(temperature):
        one_more = log_losses(distances, distances.argsort(axis=1)[:, 1], temperature).mean()
        return (log_losses(distances, members, temperature).sum() + one_more) / 301

    grid = np.geomspace(0.01, 100, 4000)
    best = grid[np.argmin([loss(temperature) for temperature in grid])]
    assert fit_temperature(distances, members) == pytest.approx(best, rel=3e-3)
    assert fit_temperature(1000 * distances, members) == pytest.approx(1000 * best, rel=3e-3)


def test_the_temperature_of_images_drawn_by_one_is_found_again():
    random = np.random.default_rng(1)
    distances = random.uniform(0, 5, size=(20_000, 3))
    shares = np.exp(-distances / 0.7)
    shares /= shares.sum(axis=1, keepdims=True)
    members = (random.random((20_000, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(distances, members) == pytest.approx(0.7, rel=0.03)


def test_of_40_images_without_a_mistake_one_in_41_could_be_one():
    distances, members = np.array([[0.0, 1.0], [1.0, 0.0]] * 20), np.array([0, 1] * 20)
    temperature = fit_temperature(distances, members)
    confidence = np.exp(-log_losses(distances, members, temperature))
    np.testing.assert_allclose(confidence, 40 / 41, rtol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3), (4, 1), (4, 3)])
def test_without_anything_to_fit_the_temperature_is_1(shape):
    assert fit_temperature(np.zeros(shape), np.zeros(shape[0], dtype=int)) == 1


def test_images_are_left_out_when_the_temperature_is_fitted():
    # Pure noise: by its own centroid an image seems to belong to its class, left out it does not.
    vectors = np.random.default_rng(2).normal(size=(40, 30))
    confidence = CentroidConfidence.fit(vectors, np.repeat([f"{c:02}" for c in range(10)], 4))
    assert confidence.probabilities(vectors).max() < 0.15


def test_an_image_that_is_alone_in_its_class_does_not_count():
    vectors, labels = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]], ["a", "a", "a", "b", "b", "b"]
    without = CentroidConfidence.fit(vectors, labels).temperature
    with_one = CentroidConfidence.fit([*vectors, [100.0]], [*labels, "c"]).temperature
    assert with_one == pytest.approx(without, rel=1e-3)
    assert CentroidConfidence.fit([[0.0], [1.0]], ["a", "b"]).temperature == 1


def test_confidence_of_test_and_unseen_images(random_vectors):
    vectors, labels = random_vectors
    random = np.random.default_rng(9)
    names = random.choice(["a", "b", "<new>"], 50)
    parts = [
        _embedded(vectors, labels, "validation"),
        _embedded(random.normal(size=(50, 5)), names, "test"),
        _embedded(random.normal(size=(9, 5)), "x/y", "unseen"),
    ]
    embeddings = pd.concat(parts, ignore_index=True)
    confidence = CentroidConfidence.fit(vectors, labels)
    table = measure_confidence(embeddings, 3, confidence)
    scored = embeddings[embeddings["split"] != "validation"]
    assert table["image_id"].tolist() == scored["image_id"].tolist()
    assert table["known"].tolist() == scored["class_name"].isin(["a", "b"]).tolist()
    for prefix, temperature in (("", confidence.temperature), ("untempered_", 1.0)):
        naive = np.array(
            [
                _naive_probabilities(vector, confidence.centroids, temperature)
                for vector in embedding_matrix(scored)
            ]
        )
        np.testing.assert_allclose(table[f"{prefix}confidence"], naive.max(axis=1))
        predicted = confidence.centroids.class_names[naive.argmax(axis=1)]
        assert table["predicted_class"].tolist() == predicted.tolist()
        own = [
            -np.log(naive[row, "abcd".index(name)]) if name in "abcd" else np.nan
            for row, name in enumerate(class_labels(scored))
        ]
        np.testing.assert_allclose(table[f"{prefix}log_loss"], own)


def test_bins_hold_equally_many_images_and_equal_confidences_stay_together():
    values = [0.9, 0.2, 0.4, 0.3, 0.9, 0.9, 0.9, 0.1]
    right = [1, 0, 1, 1, 1, 0, 1, 0]
    table = measure_reliability(_confidences(values, np.array(right, dtype=bool)), 4)
    before, after = (table[table["tempered"] == tempered] for tempered in (False, True))
    assert before["images"].tolist() == [8]
    assert after["bin"].tolist() == [1, 2, 3]
    assert after["images"].tolist() == [2, 2, 4]
    assert after["lowest_confidence"].tolist() == [0.1, 0.3, 0.9]
    assert after["highest_confidence"].tolist() == [0.2, 0.4, 0.9]
    np.testing.assert_allclose(after["mean_confidence"], [0.15, 0.35, 0.9])
    assert after["accuracy"].tolist() == [0, 1, 0.75]
    assert (after["low"] <= after["accuracy"]).all()
    assert (after["accuracy"] <= after["high"]).all()
    error = (2 * 0.15 + 2 * 0.65 + 4 * 0.15) / 8
    assert expected_calibration_error(after) == pytest.approx(error)
    assert expected_calibration_error(before) == pytest.approx(abs(5 / 8 - 0.5))


def test_bins_do_not_depend_on_the_order_of_images():
    random = np.random.default_rng(0)
    table = _confidences(random.integers(0, 9, 60) / 9, random.random(60) < 0.5)
    turned = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(measure_reliability(table, 7), measure_reliability(turned, 7))


def test_unknown_images_are_no_part_of_reliability():
    known = _confidences([0.6, 0.8], np.array([True, False]))
    unknown = _confidences([0.99, 0.97], np.array([False, False]), known=False)
    both = pd.concat([known, unknown.assign(log_loss=np.nan, untempered_log_loss=np.nan)])
    pd.testing.assert_frame_equal(measure_reliability(both, 2), measure_reliability(known, 2))
    summary = summarise_calibration(both, measure_reliability(both, 2), 0.3)
    assert summary["images"] == 2
    assert summary["accuracy"] == 0.5
    assert summary["temperature"] == 0.3
    assert summary["after"]["mean_confidence"] == pytest.approx(0.7)
    assert summary["after"]["unknown_mean_confidence"] == pytest.approx(0.98)
    assert summary["after"]["log_loss"] == pytest.approx(0.1)
    assert summary["before"]["log_loss"] == pytest.approx(0.7)
    assert summary["after"]["calibration_error"] == pytest.approx((0.4 + 0.8) / 2)
    known = summarise_calibration(known, measure_reliability(known, 2), 0.3)
    assert "unknown_mean_confidence" not in known["after"]


def test_without_known_images_there_is_nothing_to_compare():
    unknown = _confidences([0.9], np.array([False]), known=False)
    table = measure_reliability(unknown, 5)
    assert table.empty
    summary = summarise_calibration(unknown.assign(log_loss=np.nan), table, 1.0)
    assert summary["images"] == 0
    assert "calibration_error" not in summary["after"]
    assert "accuracy" not in summary


@pytest.mark.parametrize("labels", [["a"] * 4, ["a", "b"] * 2])
def test_vectors_that_are_all_the_same_give_even_chances(labels):
    confidence = CentroidConfidence.fit(np.full((4, 1), 0.3), labels)
    share = 1 / len(set(labels))
    np.testing.assert_allclose(confidence.probabilities([[0.3], [0.9]]), share)

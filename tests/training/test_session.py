"""A whole training, tiny: what it leaves behind, and that it can be repeated."""

import numpy as np
import pandas as pd
import pytest
import torch

from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import SplitImages, select_images
from plankton_embedding.training.plan import plan_steps
from plankton_embedding.training.session import train_in_steps
from plankton_embedding.training.stage import begin_stage
from plankton_embedding.training.stage_inputs import StageInputs
from plankton_embedding.training.step_module import DivergedError
from plankton_embedding.training.weights import initialise


def embed(tiny, store, splits, step, split):
    """Embed a split by a checkpoint's weights, with nothing of the training's own code."""
    network = Embedder(tiny.embedder)
    network.load_state_dict(step.checkpoint.weights)
    images = select_images(store, splits, split)
    return map_images(network.eval(), images, Compute(tiny.training), 8).numpy()


def test_history_has_a_row_an_epoch(trained):
    history = pd.concat([step.history for step in trained], ignore_index=True)
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["step"].tolist() == [1, 1, 2, 2, 3, 3]
    assert history["stage"].tolist() == ["head"] * 2 + ["network"] * 4
    rates = [1e-2] * 2 + [1e-3] * 2 + [0.9e-3] * 2
    assert history["learning_rate"].tolist() == pytest.approx(rates)
    assert (history["images_per_second"] > 0).all()
    assert np.isfinite(history[["train_loss", "validation_loss"]]).all(axis=None)


def test_the_head_learns_on_the_frozen_backbone(trained):
    history = trained[0].history
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]


def test_the_head_stage_leaves_the_backbone_as_it_was(trained, tiny):
    torch.manual_seed(tiny.seed)
    network = Embedder(tiny.embedder)
    initialise(network, None)
    untrained = network.state_dict()
    weights = trained[0].checkpoint.weights
    assert all(
        torch.equal(weights[name], untrained[name]) == name.startswith("backbone.")
        for name in weights
    )


def test_the_network_stage_trains_everything(trained):
    before, after = (step.checkpoint.weights for step in trained[:2])
    trainable = [name for name in before if "num_batches" not in name]
    assert not any(torch.equal(before[name], after[name]) for name in trainable)


def test_embeddings_are_those_of_the_checkpoints(trained, tiny, store, splits):
    for step in trained:
        table = step.embeddings
        validation = table[table["split"] == "validation"]
        expected = embed(tiny, store, splits, step, "validation")
        assert validation["step"].unique().tolist() == [step.checkpoint.card.step]
        np.testing.assert_allclose(embedding_matrix(validation), expected, atol=1e-4)


def test_test_images_are_embedded_at_the_best_and_the_last_step_only(trained, tiny, store, splits):
    accuracy = [step.checkpoint.card.choosing_accuracy for step in trained]
    best = int(np.argmax(accuracy)) + 1
    assert not any((step.embeddings["split"] == "test").any() for step in trained[:-1])
    tests = trained[-1].embeddings.query("split == 'test'")
    assert sorted(tests["step"].unique()) == sorted({best, 3})
    for number, table in tests.groupby("step"):
        expected = embed(tiny, store, splits, trained[number - 1], "test")
        np.testing.assert_allclose(embedding_matrix(table), expected, atol=1e-4)
        assert set(table["image_id"]) == set(splits.query("split == 'test'")["image_id"])


def test_metrics_of_the_first_step_have_no_movement(trained):
    assert np.isnan(trained[0].metrics["mean_movement"].item())
    assert trained[1].metrics["mean_movement"].item() > 0


def test_the_card_says_what_was_trained_on_what(trained, tiny):
    card = trained[-1].checkpoint.card
    assert card.classes == ["bar", "disc", "frame"]
    assert card.data_fingerprint == "f1nger"
    assert card.preprocess == tiny.preprocess
    assert card.training == tiny.training
    assert (card.step, card.stage, card.seed) == (3, "network", 3)


def test_same_seed_same_weights_another_seed_others(trained, tiny, store, splits):
    again = list(train_in_steps(store, splits, tiny.embedder, tiny.training, tiny.seed))
    weights, repeated = trained[-1].checkpoint.weights, again[-1].checkpoint.weights
    assert all(torch.equal(weights[name], repeated[name]) for name in weights)
    pd.testing.assert_frame_equal(trained[-1].embeddings, again[-1].embeddings)
    other = next(train_in_steps(store, splits, tiny.embedder, tiny.training, seed=4))
    name = "head.1.weight"
    assert not torch.equal(trained[0].checkpoint.weights[name], other.checkpoint.weights[name])


def test_cached_features_train_on_the_backbone_as_it_embeds(tiny, store, splits):
    embedder = Embedder(tiny.embedder)
    initialise(embedder, None)
    compute = Compute(tiny.training)
    images = SplitImages(*(select_images(store, splits, name) for name in ("train", "validation")))
    inputs = StageInputs(images, compute, tiny.training)
    stage = begin_stage(embedder, inputs, plan_steps(tiny.training)[0])
    rows = np.array([4, 0, 7])
    with torch.no_grad():
        expected = embedder.eval()(images.train.gather(rows))
        assert expected.std(0).max() > 1e-4
        (features,) = stage.feed.batches([rows])
        assert torch.allclose(stage.network(features), expected, atol=1e-5)
        whole = map_images(embedder, images.validation, compute, 8)
    assert torch.allclose(stage.embed_validation(), whole, atol=1e-5)


def test_a_loss_that_is_no_number_stops_the_training(tiny, store, splits):
    training = tiny.training.model_dump()
    training["head"]["steps"] = 0
    training["network"]["learning_rate"] = 1e30
    options = type(tiny.training).model_validate(training)
    with pytest.raises(
        DivergedError, match=r"step 1 \(network\), epoch \d, batch \d, at learning rate 1e\+30"
    ):
        list(train_in_steps(store, splits, tiny.embedder, options, tiny.seed))

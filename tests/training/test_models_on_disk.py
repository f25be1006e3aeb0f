"""Cards, checkpoints and embedders come back as they were, or the error says what is wrong."""

import json

import pytest
import torch

from plankton_embedding.training.backbones import BackboneError
from plankton_embedding.training.card import EmbedderError, read_card, write_card
from plankton_embedding.training.checkpoint import CheckpointFolder, write_checkpoint
from plankton_embedding.training.trained_embedder import (
    TrainedEmbedder,
    read_embedder,
    select_embedder,
    write_embedder,
)


@pytest.fixture
def checkpoint(trained):
    return trained[-1].checkpoint


@pytest.fixture
def embedder(checkpoint):
    return TrainedEmbedder(checkpoint.weights, checkpoint.card)


def equal(left, right):
    assert left.keys() == right.keys()
    return all(torch.equal(left[name], right[name]) for name in left)


def test_checkpoints_come_back(trained, tmp_path):
    for step in trained[:2]:
        write_checkpoint(tmp_path, step.checkpoint)
    folder = CheckpointFolder(tmp_path)
    assert folder.steps == [1, 2]
    for step in trained[:2]:
        number = step.checkpoint.card.step
        assert folder.card(number) == step.checkpoint.card
        assert equal(folder.weights(number), step.checkpoint.weights)
        assert equal(folder.kept(number).training_state, step.checkpoint.training_state)


def test_training_state_holds_the_moments_of_every_trained_parameter(trained, tiny):
    state = trained[0].checkpoint.training_state
    weight = trained[0].checkpoint.weights["head.1.weight"]
    assert state["optimizer.0.exp_avg"].shape == weight.shape
    # Two epochs of two batches.
    assert state["optimizer.0.step"].item() == 4


def test_a_checkpoint_without_its_card_is_not_listed(checkpoint, tmp_path):
    write_checkpoint(tmp_path, checkpoint)
    (tmp_path / "step_03.json").unlink()
    with pytest.raises(EmbedderError, match="holds no checkpoint"):
        CheckpointFolder(tmp_path)


def test_a_step_is_saved_once(checkpoint, tmp_path):
    write_checkpoint(tmp_path, checkpoint)
    with pytest.raises(FileExistsError, match="step_03"):
        write_checkpoint(tmp_path, checkpoint)


def test_the_best_step_becomes_the_embedder_the_first_of_equals(checkpoint, tmp_path):
    for step, accuracy in ((1, 0.5), (2, 0.9), (3, 0.9)):
        # Centroids of the images scored would choose the first.
        metrics = {
            "validation_accuracy": 1 / step,
            "validation_leave_one_out_accuracy": accuracy,
        }
        card = checkpoint.card.model_copy(update={"step": step, "metrics": metrics})
        bias = {"bias": torch.full((1,), float(step))}
        write_checkpoint(tmp_path, type(checkpoint)(card, bias, {}))
    chosen = select_embedder(CheckpointFolder(tmp_path))
    assert chosen.card.step == 2
    assert chosen.weights["bias"].item() == 2


def test_an_embedder_comes_back(embedder, tmp_path):
    write_embedder(tmp_path / "embedder", embedder)
    loaded = read_embedder(tmp_path / "embedder")
    assert loaded.card == embedder.card
    network = loaded.network()
    assert not network.training
    assert equal(dict(network.state_dict()), embedder.weights)


def test_no_embedder(tmp_path):
    with pytest.raises(EmbedderError, match=r"card\.json does not exist"):
        read_embedder(tmp_path)


def test_damaged_weights(embedder, tmp_path):
    write_embedder(tmp_path, embedder)
    (tmp_path / "embedder.safetensors").write_bytes(b"damaged")
    with pytest.raises(EmbedderError, match=r"embedder\.safetensors cannot be read"):
        read_embedder(tmp_path)


def test_weights_that_do_not_fit_the_card(embedder):
    options = embedder.card.embedder.model_copy(update={"embedding_size": 5})
    card = embedder.card.model_copy(update={"embedder": options})
    with pytest.raises(EmbedderError, match=r"do not fit its card: .*head\.1\.weight"):
        TrainedEmbedder(embedder.weights, card).network()


def test_a_backbone_of_the_future(embedder):
    options = embedder.card.embedder.model_copy(update={"backbone": "inception_v9"})
    card = embedder.card.model_copy(update={"embedder": options})
    with pytest.raises(BackboneError, match="'inception_v9'"):
        TrainedEmbedder(embedder.weights, card).network()


def test_a_card_of_an_earlier_version(embedder, tmp_path):
    write_embedder(tmp_path, embedder)
    path = tmp_path / "card.json"
    values = json.loads(path.read_text())
    del values["backbone"], values["embedder"]["backbone"], values["training"]["batch_norm"]
    values["architecture"] = "inception_v3"
    for name in ("start", "shrinkage", "least_directions", "refit"):
        del values["training"]["head"][name]
    for stage in ("warm_up", "network"):
        for name in ("backbone_rate", "frozen_blocks"):
            del values["training"][stage][name]
    del values["training"]["losses"]["proxy_softmax"]["label_smoothing"]
    path.write_text(json.dumps(values))
    assert read_embedder(tmp_path).card == embedder.card
    read_embedder(tmp_path).network()


def test_a_card_edited_by_hand(embedder, tmp_path):
    path = tmp_path / "card.json"
    write_card(path, embedder.card)
    values = json.loads(path.read_text())
    values["embedder"]["embedding_size"] = "many"
    path.write_text(json.dumps(values))
    with pytest.raises(EmbedderError, match=r"card\.json .*embedder\.embedding_size"):
        read_card(path)

"""Initial weights: the right ones get in, everything else is an error that says what to do."""

import pickle
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import Inception_V3_Weights, inception_v3, resnet18

from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.weights import WeightsError, find_weights, initialise


@pytest.fixture(scope="module")
def state():
    """Return what torchvision saves: with an auxiliary head and a classifier."""
    return inception_v3(weights=None, aux_logits=True, init_weights=False).state_dict()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_torchvision_state_dict_becomes_the_backbone(tiny, state, tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    save = torch.save if suffix == ".pth" else save_file
    save(state, path)
    embedder = Embedder(tiny.embedder)
    initialise(embedder, find_weights(path))
    loaded = embedder.backbone.state_dict()
    assert loaded
    assert all(torch.equal(value, state[name]) for name, value in loaded.items())


def test_null_means_random():
    assert find_weights(None) is None


def test_weights_of_another_architecture(tmp_path):
    path = tmp_path / "resnet.pth"
    torch.save(resnet18(weights=None).state_dict(), path)
    with pytest.raises(WeightsError, match=r"resnet\.pth is not a state dict of inception_v3"):
        find_weights(path)


def test_weights_of_another_shape(tmp_path, state):
    path = tmp_path / "narrow.pth"
    name = "Conv2d_1a_3x3.conv.weight"
    torch.save({**state, name: state[name][:16]}, path)
    with pytest.raises(WeightsError, match=f"1 have another shape .*{name}"):
        find_weights(path)


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.pth does not exist.*null"):
        find_weights(tmp_path / "nowhere.pth")


def test_a_file_that_is_no_weights_file(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_text("these are no weights")
    with pytest.raises(WeightsError, match="cannot be read as a state dict"):
        find_weights(path)


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Exploit:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    path = tmp_path / "exploit.pth"
    path.write_bytes(pickle.dumps(Exploit()))
    with pytest.raises(WeightsError):
        find_weights(path)
    assert not (tmp_path / "ran").exists()


def test_a_pickled_model_is_no_state_dict(tmp_path):
    path = tmp_path / "list.pth"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(WeightsError, match="holds no state dict"):
        find_weights(path)


def test_imagenet_without_a_network(monkeypatch):
    def unreachable(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr(Inception_V3_Weights, "get_state_dict", unreachable)
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*imagenet.*a path.*null"):
        find_weights("imagenet")

"""Initial weights: the right ones get in, everything else is an error that says what to do."""

import pickle
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import Inception_V3_Weights, inception_v3, resnet18

from plankton_embedding.training import weights
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


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return torch's folder of downloaded weights, empty, with no network to fill it."""

    def unreachable(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    return tmp_path / "hub" / "checkpoints"


def test_imagenet_without_a_network(cache):
    with pytest.raises(
        WeightsError, match=r"cannot be downloaded.*imagenet.*a path.*null.*--env scratch"
    ):
        find_weights("imagenet")
    assert not [*cache.iterdir()]


def test_imagenet_is_where_torchvision_keeps_it(cache, state):
    cache.mkdir(parents=True)
    path = cache / Inception_V3_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    torch.save(state, path)
    found = find_weights("imagenet")
    assert torch.equal(found["Conv2d_1a_3x3.conv.weight"], state["Conv2d_1a_3x3.conv.weight"])
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=f"{path.name} cannot be read.*delete a download"):
        find_weights("imagenet")


def test_imagenet_comes_from_where_torchvision_gets_it(cache, monkeypatch):
    asked = []

    def download(url, path, hash_prefix):
        asked.append((url, hash_prefix))
        raise RuntimeError("invalid hash value")

    monkeypatch.setattr(weights, "download_url_to_file", download)
    with pytest.raises(WeightsError, match="invalid hash"):
        find_weights("imagenet")
    assert asked == [(Inception_V3_Weights.IMAGENET1K_V1.url, "0cc3c7bd")]


def test_weights_that_fit_are_known_without_torchvision(state, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    code = (
        "import sys; from plankton_embedding.training.weights import find_weights\n"
        f"find_weights({str(path)!r}); print('torchvision' in sys.modules)"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.split() == ["False"]

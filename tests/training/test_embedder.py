"""The embedder: what goes in, what comes out."""

import numpy as np
import pytest
import torch

from plankton_embedding.training.augmentation import flip_and_turn
from plankton_embedding.training.backbone_facts import INCEPTION_FACTS
from plankton_embedding.training.embedder import Embedder, network_input


@pytest.fixture(scope="module")
def embedder(tiny):
    torch.manual_seed(0)
    return Embedder(tiny.embedder).eval()


def test_embeddings_lie_between_0_and_1(embedder):
    images = torch.randint(0, 256, (3, 75, 75), dtype=torch.uint8)
    with torch.no_grad():
        embeddings = embedder(images)
        features = embedder.features(images)
    assert embeddings.shape == (3, 8)
    assert features.shape == (3, 2048)
    assert ((embeddings > 0) & (embeddings < 1)).all()
    assert torch.allclose(embedder.head(features), embeddings)


def test_an_image_is_embedded_alike_in_any_batch(embedder):
    images = torch.randint(0, 256, (4, 75, 75), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.allclose(embedder(images)[2:], embedder(images[2:]), atol=1e-5)


def test_gray_input_is_scaled_as_pretrained_weights_expect():
    levels = torch.tensor([[[0, 255]]], dtype=torch.uint8)
    channels = network_input(levels, "gray", INCEPTION_FACTS)
    assert channels.shape == (1, 3, 1, 2)
    assert channels[0, :, 0].tolist() == [[-1, 1]] * 3


def test_reference_input_is_channel_0_of_a_canvas_of_ones():
    levels = torch.tensor([[[0, 128]]], dtype=torch.uint8)
    channels = network_input(levels, "reference", INCEPTION_FACTS)
    assert channels[0, :, 0].tolist() == [[0, 0.5], [1, 1], [1, 1]]


def test_augmentation_gives_the_eight_flips_and_turns_and_no_other():
    torch.manual_seed(0)
    image = torch.arange(9, dtype=torch.uint8).reshape(1, 3, 3)
    turned = [np.rot90(image[0].numpy(), turns) for turns in range(4)]
    poses = {pose.tobytes() for plane in turned for pose in (plane.copy(), np.flipud(plane).copy())}
    drawn = flip_and_turn(image.expand(400, 3, 3))
    assert drawn.dtype == torch.uint8
    assert {pose.numpy().tobytes() for pose in drawn} == poses
    assert len(poses) == 8


def test_the_head_computes_in_float32_under_bfloat16(embedder):
    images = torch.randint(0, 256, (4, 75, 75), dtype=torch.uint8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        features, embeddings = embedder.features(images), embedder(images)
    assert features.dtype == torch.bfloat16
    assert embeddings.dtype == torch.float32
    assert not torch.equal(embeddings, embeddings.bfloat16().float())

"""Exported networks: the same numbers as torch, for any number of images, and a card."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from plankton_embedding.training import export
from plankton_embedding.training.backbone_facts import INCEPTION_FACTS
from plankton_embedding.training.card import EmbedderCard, EmbedderError, package_versions
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.export import ExportError, export_embedder
from plankton_embedding.training.trained_embedder import TrainedEmbedder

pytestmark = pytest.mark.slow

SUFFIX = {"onnx": ".onnx", "torch": ".pt2"}


@pytest.fixture(scope="module")
def embedder(tiny):
    torch.manual_seed(1)
    network = Embedder(tiny.embedder)
    # Without statistics of images every image would get nearly the same embedding.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.randint(0, 256, (16, 75, 75), dtype=torch.uint8))
        network.head[1].weight *= 4
    card = EmbedderCard(
        backbone=INCEPTION_FACTS,
        classes=["a", "b"],
        step=1,
        stage="network",
        metrics={},
        data_fingerprint="data",
        embedder=tiny.embedder,
        preprocess=tiny.preprocess,
        training=tiny.training,
        seed=1,
        continues=None,
        computed_on="CPU",
        versions=package_versions(),
    )
    return TrainedEmbedder(network.state_dict(), card)


@pytest.fixture(scope="module", params=["onnx", "torch"])
def exported(request, embedder, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "deep" / f"net{SUFFIX[request.param]}"
    difference = export_embedder(embedder, path, request.param)
    return request.param, path, difference


def embed(export_format, path, images):
    """Embed as somebody does who has the file, but not this package."""
    if export_format == "torch":
        return torch.export.load(path).module()(torch.from_numpy(images)).detach().numpy()
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["embeddings"], {"images": images})[0]


def test_the_numbers_are_those_of_torch_for_any_number_of_images(exported, embedder):
    export_format, path, difference = exported
    assert 0 <= difference < 1e-3
    network = embedder.network()
    for count in (1, 2, 7):
        images = np.random.default_rng(count).integers(0, 256, (count, 75, 75), dtype=np.uint8)
        with torch.inference_mode():
            expected = network(torch.from_numpy(images)).numpy()
        found = embed(export_format, path, images)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-3)
        # The images tell something of themselves: a network of constants would pass the above.
        assert count == 1 or np.ptp(found, axis=0).max() > 0.05


def test_the_card_lies_beside_it_and_nothing_else(exported, embedder):
    _, path, _ = exported
    assert sorted(file.name for file in path.parent.iterdir()) == sorted(["net.json", path.name])
    card = json.loads(path.with_suffix(".json").read_text())
    assert card == embedder.card.model_dump(mode="json")


def test_a_file_that_computes_otherwise_is_not_kept(embedder, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_write_torch", lambda network, size, path: path.touch())
    for returned in (0.0, float("nan")):
        fake = lambda images, value=returned: np.full((len(images), 8), value, np.float32)  # noqa: E731
        monkeypatch.setattr(export, "_read_torch", lambda path, fake=fake: fake)
        with pytest.raises(ExportError, match="was not written"):
            export_embedder(embedder, tmp_path / "net.pt2", "torch")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "export_format"), [("net.pt2", "onnx"), ("net.json", "torch")])
def test_the_ending_is_that_of_the_format(name, export_format, embedder, tmp_path):
    with pytest.raises(ExportError, match=rf"must end in \{SUFFIX[export_format]}"):
        export_embedder(embedder, tmp_path / name, export_format)


def test_missing_packages_are_named(embedder, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None if name == "onnxscript" else sys)
    with pytest.raises(ExportError, match=r"ONNX needs onnxscript: pip install"):
        export_embedder(embedder, tmp_path / "net.onnx", "onnx")


def test_weights_that_do_not_fit_the_card_are_refused(embedder, tmp_path):
    weights = dict(embedder.weights)
    del weights["head.1.bias"]
    with pytest.raises(EmbedderError, match=r"do not fit.*head\.1\.bias"):
        export_embedder(TrainedEmbedder(weights, embedder.card), tmp_path / "net.pt2", "torch")

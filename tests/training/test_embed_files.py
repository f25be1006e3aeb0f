"""Embedding batches of files: any number of images, and few sizes for the libraries below."""

import os
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from plankton_embedding.analysis.decision_rule import fit_decision_rule
from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.gallery_classifier import GalleryClassifier, predict_block
from plankton_embedding.analysis.gallery_images import fit_to_images
from plankton_embedding.images.listing import list_unlabelled_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.prepare_batch import PreparedBatch
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embed_files import EmbeddingOptions, embed_source, forward


class Means(nn.Module):
    """Stands in for the network: the mean and the first pixel of each image."""

    embedding_size = 2

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, images):
        self.sizes.append(len(images))
        return torch.stack([images.float().mean(dim=(1, 2)), images[:, 0, 0].float()], dim=1)


def test_batches_of_any_number(tiny):
    random = np.random.default_rng(0)
    counts = [1, 16, 0, 5, 30, 17, 33, 64, 65, 100]
    pixels = [random.integers(256, size=(count, 4, 4), dtype=np.uint8) for count in counts]
    batches = [PreparedBatch(values, [""] * len(values)) for values in pixels]
    network = Means()
    found = list(forward(network, batches, Compute(tiny.training), 100))
    assert [batch for batch, _ in found] == batches
    for (_, vectors), values in zip(found, pixels, strict=True):
        assert vectors.dtype == np.float32
        wanted = np.stack([values.mean(axis=(1, 2)), values[:, 0, 0]], axis=1)
        np.testing.assert_allclose(vectors, wanted.reshape(-1, 2), rtol=1e-6)
    # What the libraries below torch keep for each size stays bounded.
    assert network.sizes == [16, 16, 16, 32, 32, 64, 64, 100, 100]


class Stub:
    """Stands in for a trained embedder."""

    def __init__(self, preprocess, name="stub"):
        self.card = SimpleNamespace(preprocess=preprocess)
        self._name = name

    def fingerprint(self):
        return self._name

    def network(self):
        return Means().eval()


def embed(folder, tiny, earlier=None, images_per_block=50, name="stub"):
    """Yield the blocks of a folder's images, embedded by the stub."""
    source = list_unlabelled_images(open_location(str(folder)), tiny.source)
    options = EmbeddingOptions(tiny.scan, tiny.engine, tiny.training)
    stub = Stub(tiny.preprocess, name)
    return embed_source(source, stub, images_per_block, options, earlier or {})


def copies(folder: Path, count: int) -> Path:
    """Make a folder of copies of one image."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(256, size=(20, 30), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "00000.png")
    for number in range(1, count):
        os.link(folder / "00000.png", folder / f"{number:05d}.png")
    return folder


@pytest.fixture(scope="module")
def classifier():
    """Return a classifier into bright and dark."""
    images = pd.DataFrame(
        {
            "image_id": list("pqrs"),
            "class_name": ["bright", "bright", "dark", "dark"],
            "split": "validation",
            "e00": [200.0, 220.0, 20.0, 40.0],
            "e01": [250.0, 240.0, 10.0, 30.0],
        }
    )
    gallery = fit_to_images(images, "stub", 2)
    rule = fit_decision_rule(gallery, embedding_matrix(images), images["class_name"], 0.95)
    return GalleryClassifier(gallery, rule, images, 2)


def test_blocks_that_are_known_are_taken_over_and_the_others_are_embedded(tmp_path, tiny):
    for number in range(40):
        pixels = np.random.default_rng(number).integers(256, size=(8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "20.png").write_text("text")
    blocks = list(embed(tmp_path, tiny, images_per_block=4))
    assert len(blocks) > 5
    tables = [block.content for block in blocks]
    together = pd.concat(tables, ignore_index=True)
    assert together["image_id"].tolist() == [f"{number:02d}.png" for number in range(40)]
    assert together["reason"][20] == "not an image of a known format"
    assert together.index[together["e00"].isna()].tolist() == [20]
    # Each is that of its image alone, whatever stood before it.
    for number, row in together.drop(index=20).iterrows():
        (tmp_path / "alone").mkdir(exist_ok=True)
        (tmp_path / "alone" / "x.png").write_bytes((tmp_path / f"{number:02d}.png").read_bytes())
        if number % 9 == 0:
            (alone,) = embed(tmp_path / "alone", tiny)
            assert alone.content[["e00", "e01"]].iloc[0].tolist() == row[["e00", "e01"]].tolist()
    for file in (tmp_path / "alone").iterdir():
        file.unlink()
    known = {block.plan.key: Path(f"block {block.plan.number}") for block in blocks[1::2]}
    again = list(embed(tmp_path, tiny, known, images_per_block=4))
    for number, (block, before) in enumerate(zip(again, blocks, strict=True)):
        if number % 2:
            assert block.content == Path(f"block {number}")
        else:
            pd.testing.assert_frame_equal(block.content, before.content)


def test_a_block_is_known_by_all_that_its_numbers_hang_on(tmp_path, tiny):
    folder = copies(tmp_path / "images", 3)

    def key(name="stub", **changes):
        training = tiny.training.model_copy(update=changes)
        (block,) = embed(folder, tiny.model_copy(update={"training": training}), name=name)
        return block.plan.key

    keys = {key(), key(), key(evaluation_batch_size=2), key(precision="bf16"), key(name="other")}
    assert len(keys) == 4


@pytest.mark.slow
def test_ten_thousand_copies_of_one_image_are_alike_and_take_no_memory(tmp_path, tiny, classifier):
    few, many = copies(tmp_path / "few", 500), copies(tmp_path / "many", 10_000)
    training = tiny.training.model_copy(update={"evaluation_batch_size": 50})
    tiny = tiny.model_copy(update={"training": training})

    def classify(folder):
        tracemalloc.start()
        seen, ids = set(), []
        for block in embed(folder, tiny, images_per_block=200):
            predicted = predict_block(block.content, classifier)
            ids += predicted["image_id"].tolist()
            predicted = predicted.drop(columns=["image_id", "path"]).drop_duplicates()
            seen |= {*predicted.astype(str).itertuples(index=False, name=None)}
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert ids == [file.name for file in sorted(folder.iterdir())]
        assert len(seen) == 1
        return peak, seen

    # What is imported and kept at the first time does not count.
    list(embed(copies(tmp_path / "one", 1), tiny))
    (small, one), (large, other) = classify(few), classify(many)
    assert one == other
    # The list of files grows, by a kilobyte or two each; an image is 5.6 kB, and not kept.
    assert large - small < 9_500 * 2_500

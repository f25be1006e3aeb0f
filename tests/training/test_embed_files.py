"""Embedding batches of files: any number of images, and few sizes for the libraries below."""

import numpy as np
import torch
from torch import nn

from plankton_embedding.images.prepare_batch import PreparedBatch
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embed_files import forward


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
    counts = [1, 16, 0, 5, 30, 17]
    pixels = [random.integers(256, size=(count, 4, 4), dtype=np.uint8) for count in counts]
    batches = [PreparedBatch(values, [""] * len(values)) for values in pixels]
    network = Means()
    found = list(forward(network, batches, Compute(tiny.training)))
    assert [batch for batch, _ in found] == batches
    for (_, vectors), values in zip(found, pixels, strict=True):
        assert vectors.dtype == np.float32
        wanted = np.stack([values.mean(axis=(1, 2)), values[:, 0, 0]], axis=1)
        np.testing.assert_allclose(vectors, wanted.reshape(-1, 2), rtol=1e-6)
    # What the libraries below torch keep for each size stays bounded.
    assert network.sizes == [16, 16, 16, 32, 32]

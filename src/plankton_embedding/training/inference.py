"""Forward passes in evaluation mode, over images or over features of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from plankton_embedding.training.device import Compute
from plankton_embedding.training.labelled_images import LabelledImages


@torch.no_grad()
def map_images(
    function: Callable[[Tensor], Tensor],
    images: LabelledImages,
    compute: Compute,
    batch_size: int,
) -> Tensor:
    """Apply a function to all images, batch by batch.

    Parameters
    ----------
    function
        Maps uint8 images, n x size x size, to n vectors; its modules are in evaluation mode.
    images
        The images of a split.
    compute
        Device and precision.
    batch_size
        Images that go through together.

    Returns
    -------
    float32, images x vector size, on the device, in the order of ``images.table``
    """
    parts = []
    starts = range(0, len(images), batch_size)
    for start in tqdm(starts, desc="embed", unit=" batches", disable=None, leave=False):
        positions = np.arange(start, min(start + batch_size, len(images)))
        batch = images.gather(positions).to(compute.device, non_blocking=True)
        with compute.autocast():
            parts.append(function(batch).float())
    return torch.cat(parts)


@torch.no_grad()
def embed_features(head: nn.Module, features: Tensor) -> Tensor:
    """Map backbone features, n x 2048, to embeddings, n x embedding_size, float32."""
    embeddings: Tensor = head(features)
    return embeddings

"""Forward passes in evaluation mode, over images or over features of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from plankton_embedding.training.device import Compute
from plankton_embedding.training.feed import StreamedFeed
from plankton_embedding.training.labelled_images import LabelledImages


@torch.no_grad()
def map_images(
    function: Callable[[Tensor], Tensor],
    images: LabelledImages,
    compute: Compute,
    batch_size: int,
    show: str | None = None,
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
    show
        Name of a progress bar; None: there is none.

    Returns
    -------
    float32, images x vector size, on the device, in the order of ``images.table``
    """
    starts = range(0, len(images), batch_size)
    rows = [np.arange(start, min(start + batch_size, len(images))) for start in starts]
    batches = StreamedFeed(images, compute.device).batches(rows)
    parts = []
    for batch in tqdm(
        batches,
        total=len(rows),
        desc=show,
        unit=" batches",
        disable=None if show else True,
        leave=False,
    ):
        with compute.autocast():
            parts.append(function(batch).float())
    return torch.cat(parts)


@torch.no_grad()
def embed_features(head: nn.Module, features: Tensor) -> Tensor:
    """Map backbone features, n x 2048, to embeddings, n x embedding_size, float32."""
    embeddings: Tensor = head(features)
    return embeddings

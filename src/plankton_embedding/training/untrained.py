"""The embedder before its training: what a trained one has to beat on classes it never saw."""

from __future__ import annotations

import pandas as pd
import torch

from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import EmbedderOptions, TrainingOptions
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.evaluation import embeddings_table
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.weights import find_weights, initialise

_SPLITS = ("validation", "test", "unseen")


def embed_untrained(
    store: ImageStore,
    splits: pd.DataFrame,
    options: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
) -> pd.DataFrame:
    """Embed the held-out images by the network that a training with this seed begins with.

    Returns
    -------
    DataFrame
        As the ``embeddings`` of step 0, of the splits "validation", "test" and "unseen". No rows
        where no class is unseen: nothing is to be compared.
    """
    images = {split: select_images(store, splits, split) for split in _SPLITS}
    if not len(images["unseen"]):
        no_vectors = torch.empty((0, options.embedding_size))
        return embeddings_table(images["unseen"], no_vectors, 0, "unseen")
    compute = Compute(training)
    torch.manual_seed(seed)
    network = Embedder(options)
    initialise(network, find_weights(options.weights))
    network.to(compute.device).eval()
    size = training.evaluation_batch_size
    parts = [
        embeddings_table(part, map_images(network, part, compute, size), 0, split)
        for split, part in images.items()
        if len(part)
    ]
    return pd.concat(parts, ignore_index=True)

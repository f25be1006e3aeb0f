"""What the frozen backbone is worth alone: the vectors that a trained embedder has to beat."""

from __future__ import annotations

from typing import Protocol

import pandas as pd
import torch
from torch import Tensor

from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import EmbedderOptions, TrainingOptions
from plankton_embedding.training.card import EmbedderCard
from plankton_embedding.training.closed_form import compute_frozen_features, solve_head
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.evaluation import embeddings_table
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import SplitImages, select_images
from plankton_embedding.training.weights import find_weights, initialise

HELD_OUT = ("validation", "test", "unseen")


class FirstSteps(Protocol):
    """The checkpoints of a training; see `checkpoint.CheckpointFolder`."""

    steps: list[int]

    def card(self, step: int) -> EmbedderCard:
        """Return the card of a step."""

    def weights(self, step: int) -> dict[str, Tensor]:
        """Return the embedder's weights after a step."""


def embed_frozen(
    store: ImageStore,
    splits: pd.DataFrame,
    options: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
    checkpoints: FirstSteps,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Map the held-out images by the backbone with which a training of this seed begins.

    Returns
    -------
    features
        As ``embeddings``, of step 0, the backbone's features in its columns.
    closed_form
        The same images by the backbone and a head of linear discriminants of the training
        images: that of the training's step 0, if it began so.
    """
    compute = Compute(training)
    size = training.evaluation_batch_size
    torch.manual_seed(seed)
    network = Embedder(options)
    initialise(network, find_weights(options.weights, options.backbone))
    if 0 in checkpoints.steps:
        network.load_state_dict(checkpoints.weights(0))
    else:
        images = SplitImages(
            select_images(store, splits, "train"), select_images(store, splits, "validation")
        )
        solved = compute_frozen_features(network, images, compute, size)
        solve_head(network, solved, images, training.head)
    network.to(compute.device).eval()
    features, closed_form = [], []
    for split in HELD_OUT:
        part = select_images(store, splits, split)
        if len(part):
            values = map_images(network.features, part, compute, size, f"features, {split}")
            features.append(embeddings_table(part, values, 0, split))
            vectors = embed_features(network.head, values)
            closed_form.append(embeddings_table(part, vectors, 0, split))
    return pd.concat(features, ignore_index=True), pd.concat(closed_form, ignore_index=True)

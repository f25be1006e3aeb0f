"""The head in closed form: linear discriminants of the frozen backbone's features."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from plankton_embedding.analysis.discriminants import choose_discriminants
from plankton_embedding.parameters import HeadStageOptions
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder, UnitLength
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import SplitImages

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrozenFeatures:
    """The backbone's features of training and validation images, float32, on the device."""

    train: Tensor
    validation: Tensor


def compute_frozen_features(
    embedder: Embedder, images: SplitImages, compute: Compute, batch_size: int
) -> FrozenFeatures:
    """Compute them by the backbone as it is, in evaluation mode, without augmentation."""
    embedder.to(compute.device).eval()
    parts = [
        map_images(embedder.features, each, compute, batch_size, f"features, {name}")
        for name, each in (("train", images.train), ("validation", images.validation))
    ]
    logger.info("Computed the features of %d images", sum(map(len, parts)))
    return FrozenFeatures(*parts)


def solve_head(
    embedder: Embedder,
    features: FrozenFeatures,
    images: SplitImages,
    options: HeadStageOptions,
    turn: bool = False,
) -> None:
    """Put linear discriminants of the training images into the embedder's head.

    Units for which there is no discriminant get zeros. A sigmoid's discriminants are scaled so
    that the training images lie where it is nearly straight.

    Parameters
    ----------
    embedder
        Its backbone made the features.
    features
        Of training and validation images.
    images
        That they are of.
    options
        ``shrinkage`` and ``least_directions``.
    turn
        Towards the embeddings that the head gives now: what moves from step to step can be
        compared then. Not of a sigmoid, whose axes are not free.
    """
    train, validation = (
        (values.double().cpu().numpy(), split.table["class_name"].to_numpy(dtype=str))
        for values, split in (
            (features.train, images.train),
            (features.validation, images.validation),
        )
    )
    shrinkage = None if options.shrinkage == "auto" else options.shrinkage
    linear, activation = embedder.head[1], embedder.head[2]
    weight, bias = linear.get_parameter("weight"), linear.get_parameter("bias")
    on_unit_sphere = isinstance(activation, UnitLength)
    found = choose_discriminants(
        train,
        validation,
        embedder.embedding_size,
        shrinkage,
        on_unit_sphere,
        options.least_directions,
    )
    count = found.directions.shape[1]
    if turn and not isinstance(activation, nn.Sigmoid):
        now = embed_features(embedder.head.eval(), features.train)[:, :count]
        found = found.turned_towards(train[0], now.double().cpu().numpy())
    directions = found.directions
    if isinstance(activation, nn.Sigmoid):
        directions = directions / found.transform(train[0]).std(axis=0).max()
    with torch.no_grad():
        weight.zero_()
        bias.zero_()
        weight[:count] = torch.from_numpy(directions.T)
        bias[:count] = torch.from_numpy(-found.middle @ directions)
    logger.info("Solved the head: %d discriminants, shrinkage %.1f", count, found.shrinkage)


def class_means(vectors: Tensor, labels: Tensor) -> Tensor:
    """Return the mean vector of each class, by its number: classes x size."""
    count = int(labels.max()) + 1
    sums = vectors.new_zeros(count, vectors.shape[1]).index_add_(0, labels, vectors)
    return sums / torch.bincount(labels, minlength=count).unsqueeze(1)

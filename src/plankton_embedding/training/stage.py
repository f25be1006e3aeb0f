"""A stage: what is trained of the embedder, on which inputs, with which loss and optimizer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.augmentation import Augmentation
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.feed import CachedFeed, Feed
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import LabelledImages
from plankton_embedding.training.losses import build_loss
from plankton_embedding.training.plan import StepPlan

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitImages:
    """The images that training looks at."""

    train: LabelledImages
    validation: LabelledImages


@dataclass
class Stage:
    """All that one stage of the training carries from step to step.

    Attributes
    ----------
    network
        What is trained: the embedder, or its head alone.
    loss
        The loss, with proxies of its own where it has some.
    optimizer
        Over the parameters of both.
    feed
        Turns rows among the training images into a batch's inputs.
    augment
        Applied to the inputs on the device; None: they are taken as they are.
    embed_validation
        Embeds the validation split by the network as it is, in evaluation mode.
    """

    network: nn.Module
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    feed: Feed
    augment: Augmentation | None
    embed_validation: Callable[[], Tensor]


def begin_stage(
    embedder: Embedder,
    images: SplitImages,
    compute: Compute,
    options: TrainingOptions,
    plan: StepPlan,
    open_images: Callable[[], Feed],
) -> Stage:
    """Set a stage up; ``open_images`` gives the training images, if it trains on them.

    While the backbone is frozen its features cannot change: they are computed once, in
    evaluation mode and without augmentation, and the head trains on them.
    """
    embedder.to(compute.device).eval()
    size = options.evaluation_batch_size
    network: nn.Module
    feed: Feed
    augment: Augmentation | None
    if plan.freezes_backbone:
        train, validation = (
            map_images(embedder.features, split, compute, size, f"features, {name}")
            for split, name in ((images.train, "train"), (images.validation, "validation"))
        )
        logger.info("Computed the frozen backbone's features of %d images", len(train))
        network, feed, augment = embedder.head, CachedFeed(train), None
        embed_validation = partial(embed_features, network, validation)
    else:
        network, augment = embedder, Augmentation(options.augmentation)
        feed = open_images()
        embed_validation = partial(map_images, network, images.validation, compute, size)
    classes = int(images.train.labels.max()) + 1
    loss = build_loss(
        plan.options.loss, options.losses, classes, embedder.embedding_size, embedder.origin
    ).to(compute.device)
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=plan.options.learning_rate, fused=True)
    return Stage(network, loss, optimizer, feed, augment, embed_validation)

"""A stage: what is trained of the embedder, on which inputs, with which loss and optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from plankton_embedding.training.augmentation import Augmentation
from plankton_embedding.training.backbones import freeze_blocks
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.feed import CachedFeed, Feed
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.losses import build_loss, start_at_class_means
from plankton_embedding.training.plan import StepPlan
from plankton_embedding.training.stage_inputs import StageInputs


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


def begin_stage(embedder: Embedder, inputs: StageInputs, plan: StepPlan) -> Stage:
    """Set a stage up.

    While the backbone is frozen its features cannot change: they are computed once, and the head
    trains on them.
    """
    images, compute, options = inputs.images, inputs.compute, inputs.options
    embedder.to(compute.device).eval()
    embedder.batch_norm_is_frozen = options.batch_norm == "frozen"
    network: nn.Module
    feed: Feed
    augment: Augmentation | None
    classes = int(images.train.labels.max()) + 1
    loss = build_loss(
        plan.options.loss, options.losses, classes, embedder.embedding_size, embedder.origin
    ).to(compute.device)
    if options.head.start == "discriminants":
        start_at_class_means(loss, lambda: inputs.class_means(embedder))
    if plan.freezes_backbone:
        features = inputs.frozen_features(embedder)
        network, feed, augment = embedder.head, CachedFeed(features.train), None
        embed_validation = partial(embed_features, network, features.validation)
    else:
        network, augment = embedder, Augmentation(options.augmentation)
        freeze_blocks(embedder.backbone, plan.frozen_blocks)
        feed = inputs.train_images()
        size = options.evaluation_batch_size
        embed_validation = partial(map_images, network, images.validation, compute, size)
    return Stage(network, loss, _optimizer(embedder, loss, plan), feed, augment, embed_validation)


def _optimizer(embedder: Embedder, loss: nn.Module, plan: StepPlan) -> torch.optim.Optimizer:
    """Return one over head and loss, and over the backbone at a rate of its own if it trains."""
    rate = plan.options.learning_rate
    if plan.backbone_rate == 1:
        trained = embedder.head if plan.freezes_backbone else embedder
        groups = [{"params": [*_learning(trained), *loss.parameters()], "share": 1.0}]
    else:
        groups = [
            {"params": [*embedder.head.parameters(), *loss.parameters()], "share": 1.0},
            {"params": _learning(embedder.backbone), "share": plan.backbone_rate},
        ]
    return torch.optim.Adam(groups, lr=rate, fused=True)


def _learning(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]

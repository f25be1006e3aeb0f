"""A stage: what is trained of the embedder, on which inputs, with which loss and optimizer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from plankton_embedding.parameters import StageOptions, TrainingOptions
from plankton_embedding.training.augmentation import flip_and_turn
from plankton_embedding.training.batches import Rows
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import LabelledImages
from plankton_embedding.training.losses import build_loss
from plankton_embedding.training.step_module import gather_from

Augmentation = Callable[[Tensor], Tensor]


def _unchanged(inputs: Tensor) -> Tensor:
    return inputs


_AUGMENTATIONS: dict[str, Augmentation] = {
    "flips_and_turns": flip_and_turn,
    "none": _unchanged,
}


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
    gather
        Maps positions among the training images to a batch's inputs.
    augment
        Applied to the inputs on the device.
    embed_validation
        Embeds the validation split by the network as it is, in evaluation mode.
    """

    network: nn.Module
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    gather: Callable[[Rows], Tensor]
    augment: Augmentation
    embed_validation: Callable[[], Tensor]


def begin_stage(
    embedder: Embedder,
    images: SplitImages,
    compute: Compute,
    options: TrainingOptions,
    stage_options: StageOptions,
) -> Stage:
    """Set a stage up.

    With ``freeze_backbone`` the backbone's features cannot change: they are computed once, in
    evaluation mode and without augmentation, and the head trains on them.
    """
    embedder.to(compute.device).eval()
    size = options.evaluation_batch_size
    network: nn.Module
    augment: Augmentation
    if stage_options.freeze_backbone:
        train, validation = (
            map_images(embedder.features, split, compute, size)
            for split in (images.train, images.validation)
        )
        logger.info("Computed the frozen backbone's features of %d images", len(train))
        network, augment = embedder.head, _unchanged
        gather = gather_from(train)
        embed_validation = partial(embed_features, network, validation)
    else:
        network, augment = embedder, _AUGMENTATIONS[options.batches.augmentation]
        gather = images.train.gather
        embed_validation = partial(map_images, network, images.validation, compute, size)
    classes = int(images.train.labels.max()) + 1
    loss = build_loss(stage_options.loss, classes, embedder.embedding_size).to(compute.device)
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=stage_options.learning_rate, fused=True)
    return Stage(network, loss, optimizer, gather, augment, embed_validation)

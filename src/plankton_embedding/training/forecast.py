"""How long a training will take on the CPU, measured on one batch before it begins."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

import torch

from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.backbone_facts import INCEPTION_FACTS
from plankton_embedding.training.backbones import freeze_blocks
from plankton_embedding.training.batches import build_sampler
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.labelled_images import SplitImages
from plankton_embedding.training.plan import StepPlan

logger = logging.getLogger(__name__)

# Above this, a faster way is named.
_LONG = timedelta(minutes=30)
_IMAGES_TIMED = 16


def say_how_long(
    embedder: Embedder,
    images: SplitImages,
    compute: Compute,
    options: TrainingOptions,
    plans: Sequence[StepPlan],
) -> None:
    """Log how long the steps will take, if they are trained on the CPU.

    Parameters
    ----------
    embedder
        It is copied, and stays as it is.
    images
        Of which some are put through the copy.
    compute, options
        Device, precision, and how many images an epoch holds.
    plans
        The steps that are to be trained.
    """
    if compute.device.type != "cpu" or compute.ranks.rank or not plans:
        return
    frozen = next((plan.frozen_blocks for plan in plans if not plan.freezes_backbone), 0)
    forward, backward = _seconds_an_image(embedder, images, compute, frozen)
    batches = options.batches
    count = None if batches.batches_per_epoch == "auto" else batches.batches_per_epoch
    sampler = build_sampler(images.train.labels, batches, count, 0)
    trained = sampler.batches * sampler.batch_size
    epochs = sum(len(plan.epochs) for plan in plans if not plan.freezes_backbone)
    evaluations = epochs * len(images.validation)
    if any(plan.freezes_backbone for plan in plans):
        evaluations += len(images.train) + len(images.validation)
    expected = timedelta(seconds=round(epochs * trained * backward + evaluations * forward))
    # Who chose another backbone knows of them.
    if expected > _LONG and embedder.facts == INCEPTION_FACTS:
        logger.warning(
            "Without a GPU this training will take about %s (%.1f images/s, measured on one "
            "batch). `kedro run --env laptop` trains a smaller pretrained network in minutes; "
            "docs/backbones.md compares both.",
            *(expected, 1 / backward),
        )
    else:
        logger.info("The training will take about %s on this machine", expected)


def _seconds_an_image(
    embedder: Embedder, images: SplitImages, compute: Compute, frozen_blocks: int
) -> tuple[float, float]:
    """Return the seconds of a forward pass in evaluation, and of a step of the whole network."""
    network = copy.deepcopy(embedder).to(compute.device)
    freeze_blocks(network.backbone, frozen_blocks)
    rows = torch.arange(_IMAGES_TIMED).remainder(len(images.train)).numpy()
    batch = images.train.gather(rows).to(compute.device)
    seconds = []
    for trains in (False, True):
        network.train(trains)
        # The first of each warms up.
        for _ in range(2):
            began = time.perf_counter()
            with torch.set_grad_enabled(trains), compute.autocast():
                embeddings = network(batch)
            if trains:
                embeddings.sum().backward()
            took = time.perf_counter() - began
        seconds.append(took / _IMAGES_TIMED)
    return seconds[0], seconds[1]

"""What can be known to fail before any image is looked at: the device and the initial weights."""

from __future__ import annotations

import logging

from plankton_embedding.parameters import EmbedderOptions, PreprocessOptions, TrainingOptions
from plankton_embedding.training.backbones import check_backbone
from plankton_embedding.training.device import check_devices
from plankton_embedding.training.ranks import find_ranks

logger = logging.getLogger(__name__)


def check_training(
    options: EmbedderOptions, training: TrainingOptions, preprocess: PreprocessOptions
) -> None:
    """Check that the device is there and that the initial weights are, and fit the network.

    Raises
    ------
    DeviceError
        If CUDA is asked for and absent, or has fewer devices.
    RanksError
        If the processes that run do not fit the parameters.
    BackboneError
        If there is no such backbone, or it does not take images of this size.
    WeightsError
        If the initial weights cannot be had or are of another architecture.
    """
    check_devices(training)
    find_ranks(training)
    check_backbone(options.backbone, preprocess.image_size)
    if options.weights is not None:
        # torchvision takes seconds to load: what begins at random has no need of it yet.
        from plankton_embedding.training.weights import find_weights

        find_weights(options.weights, options.backbone)
    if options.weights is None and (training.head.steps or training.head.start != "random"):
        logger.warning(
            "embedder.weights is null, and the head is fitted to a frozen backbone of random "
            "weights: it learns little. `--env scratch` warms up the whole network instead."
        )

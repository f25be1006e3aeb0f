"""What can be known to fail before any image is looked at: the device and the initial weights."""

from __future__ import annotations

from plankton_embedding.parameters import EmbedderOptions, TrainingOptions
from plankton_embedding.training.device import resolve_device
from plankton_embedding.training.weights import find_weights


def check_training(options: EmbedderOptions, training: TrainingOptions) -> None:
    """Check that the device is there and that the initial weights are, and fit the network.

    Raises
    ------
    DeviceError
        If CUDA is asked for and absent.
    WeightsError
        If the initial weights cannot be had or are of another architecture.
    """
    resolve_device(training.device)
    find_weights(options.weights)

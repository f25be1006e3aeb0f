"""Augmentation of batches, on the device, without a loop over images."""

from __future__ import annotations

import torch
from torch import Tensor


def flip_and_turn(images: Tensor) -> Tensor:
    """Put each image into one of its eight flips and quarter turns: plankton has no up.

    Draws from torch's global generator.

    Parameters
    ----------
    images
        n x size x size.

    Returns
    -------
    n x size x size, same dtype
    """
    choices = torch.rand(3, len(images), 1, 1, device=images.device) < 0.5
    images = torch.where(choices[0], images.flip(1), images)
    images = torch.where(choices[1], images.flip(2), images)
    return torch.where(choices[2], images.transpose(1, 2), images)

"""Augmentation of batches, on the device, without a loop over images."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from plankton_embedding.parameters import AugmentationOptions


class Augmentation:
    """Random changes of a batch of images; draws from torch's generator of their device.

    Parameters
    ----------
    options
        Which changes, and how large they may be.
    """

    def __init__(self, options: AugmentationOptions) -> None:
        self._options = options

    def __call__(self, images: Tensor) -> Tensor:
        """Change each image of a batch in a way of its own.

        Parameters
        ----------
        images
            uint8, n x size x size.

        Returns
        -------
        n x size x size; uint8, or float32 in 0 to 255 where pixels were computed anew
        """
        options = self._options
        if options.flips_and_turns:
            images = flip_and_turn(images)
        if options.rotation or options.scale:
            images = rotate_and_scale(images, options.rotation, options.scale)
        if options.brightness:
            factors = 1 + options.brightness * _symmetric(len(images), images.device)
            images = (images.float() * factors[:, None, None]).clamp(0, 255)
        return images


def flip_and_turn(images: Tensor) -> Tensor:
    """Put each image into one of its eight flips and quarter turns: plankton has no up.

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


def rotate_and_scale(images: Tensor, degrees: float, scale: float) -> Tensor:
    """Rotate and scale each image about its centre, bilinearly; the border is continued.

    Parameters
    ----------
    images
        n x size x size.
    degrees
        Largest rotation to either side.
    scale
        Largest change of size, as a share.

    Returns
    -------
    float32, n x size x size
    """
    angles = math.radians(degrees) * _symmetric(len(images), images.device)
    # Coordinates of the source, so a larger factor shows a smaller animal.
    factors = 1 / (1 + scale * _symmetric(len(images), images.device))
    cosine, sine, zero = angles.cos() * factors, angles.sin() * factors, torch.zeros_like(angles)
    rows = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1)
    planes = images.unsqueeze(1).float()
    grid = affine_grid(rows.view(-1, 2, 3), list(planes.shape), align_corners=False)
    return grid_sample(planes, grid, padding_mode="border", align_corners=False).squeeze(1)


def _symmetric(count: int, device: torch.device) -> Tensor:
    """Draw numbers from -1 to 1."""
    return 2 * torch.rand(count, device=device) - 1

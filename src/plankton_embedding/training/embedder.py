"""The embedder: a backbone and a head."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from plankton_embedding.parameters import EmbedderOptions
from plankton_embedding.training.backbone_facts import BackboneFacts
from plankton_embedding.training.backbones import Backbone, build_backbone, freeze_batch_norm


class UnitLength(nn.Module):
    """Scale each vector to length 1."""

    def forward(self, vectors: Tensor) -> Tensor:
        """Map n x size to n x size."""
        return normalize(vectors, dim=1)


class Head(nn.Sequential):
    """Layers that compute in float32 also under autocast.

    In bfloat16 an embedding would have steps of 0.004, coarser than the distances of a head that
    has just begun to learn.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map features, n x features, to float32 embeddings, n x embedding_size."""
        with torch.autocast(features.device.type, enabled=False):
            embeddings: Tensor = super().forward(features.float())
        return embeddings


class Embedder(nn.Module):
    """Map gray images to embeddings.

    The backbone is by default torchvision's Inception-v3 (Szegedy et al. 2016,
    arXiv:1512.00567) without its auxiliary head and classifier; the head is dropout, a linear
    layer and what follows it: ``unit`` puts embeddings on the sphere of radius 1, where
    Euclidean distances compare angles; ``sigmoid`` is that of Malde & Kim 2019
    (arXiv:1909.11380) and the reference work.

    Parameters
    ----------
    options
        ``backbone``, ``embedding_size``, ``activation``, ``dropout``, ``input_channels``.
    facts
        The backbone's, as a card states them; None: those of the library that is installed.

    Attributes
    ----------
    facts
        How the backbone is fed.
    origin
        The middle of the embeddings' range, in each coordinate.
    """

    def __init__(self, options: EmbedderOptions, facts: BackboneFacts | None = None) -> None:
        super().__init__()
        built: Backbone = build_backbone(options.backbone)
        self.facts = facts or built.facts
        self.input_channels = options.input_channels
        self.embedding_size = options.embedding_size
        self.origin = 0.5 if options.activation == "sigmoid" else 0.0
        self.backbone = built.network
        self.head = Head(
            nn.Dropout(options.dropout),
            nn.Linear(built.facts.features, options.embedding_size),
            {"unit": UnitLength, "sigmoid": nn.Sigmoid, "none": nn.Identity}[options.activation](),
        )
        self.batch_norm_is_frozen = False
        self.to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; frozen batch normalisation keeps its statistics in both."""
        super().train(mode)
        if self.batch_norm_is_frozen:
            freeze_batch_norm(self.backbone)
        return self

    def features(self, images: Tensor) -> Tensor:
        """Map gray images, n x size x size, to backbone features, n x features."""
        return self.backbone(network_input(images, self.input_channels, self.facts))

    def forward(self, images: Tensor) -> Tensor:
        """Map gray images, n x size x size, to float32 embeddings, n x embedding_size."""
        return self.head(self.features(images))


def network_input(images: Tensor, input_channels: str, facts: BackboneFacts) -> Tensor:
    """Turn gray images into the three channels that the backbone takes.

    Parameters
    ----------
    images
        uint8, or of any type in 0 to 255; n x size x size.
    input_channels
        ``gray``: the gray plane in all channels, normalised as the pretrained weights expect.
        ``reference``: the plane divided by 256 in channel 0 of a canvas of ones, as the
        reference work did.
    facts
        ``mean`` and ``std``.

    Returns
    -------
    float32, n x 3 x size x size, channels_last
    """
    plane = images.unsqueeze(1).float()
    if input_channels == "reference":
        channels = torch.cat([plane / 256, torch.ones_like(plane).expand(-1, 2, -1, -1)], dim=1)
    else:
        scale = 255 * plane.new_tensor(facts.std).view(1, 3, 1, 1)
        shift = (plane.new_tensor(facts.mean) / plane.new_tensor(facts.std)).view(1, 3, 1, 1)
        channels = plane / scale - shift
    return channels.contiguous(memory_format=torch.channels_last)

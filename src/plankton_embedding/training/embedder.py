"""The embedder: an Inception-v3 backbone and a head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plankton_embedding.parameters import EmbedderOptions

FEATURE_SIZE = 2048
ARCHITECTURE = "inception_v3"


class GlobalAveragePool(nn.Module):
    """Mean over height and width; unlike adaptive pooling deterministic on CUDA too."""

    def forward(self, maps: Tensor) -> Tensor:
        """Pool n x channels x height x width to n x channels x 1 x 1."""
        return maps.mean(dim=(2, 3), keepdim=True)


class Head(nn.Sequential):
    """Layers that compute in float32 also under autocast.

    In bfloat16 an embedding would have steps of 0.004, coarser than the distances of a head that
    has just begun to learn.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map features, n x 2048, to float32 embeddings, n x embedding_size."""
        with torch.autocast(features.device.type, enabled=False):
            embeddings: Tensor = super().forward(features.float())
        return embeddings


class Embedder(nn.Module):
    """Map gray images to embeddings.

    The backbone is torchvision's Inception-v3 (Szegedy et al. 2016, arXiv:1512.00567) without
    its auxiliary head and classifier; the head is dropout, a linear layer and by default a
    sigmoid, as in Malde & Kim 2019 (arXiv:1909.11380) and the reference work.

    Parameters
    ----------
    options
        ``embedding_size``, ``activation``, ``dropout``, ``input_channels``.

    Attributes
    ----------
    origin
        The middle of the embeddings' range, in each coordinate.
    """

    def __init__(self, options: EmbedderOptions) -> None:
        # Initial weights are looked for without it: it takes a second to load.
        from torchvision.models import inception_v3

        super().__init__()
        self.input_channels = options.input_channels
        self.embedding_size = options.embedding_size
        self.origin = 0.5 if options.activation == "sigmoid" else 0.0
        self.backbone = inception_v3(weights=None, aux_logits=False, init_weights=False)
        self.backbone.avgpool = GlobalAveragePool()
        self.backbone.dropout = nn.Identity()
        self.backbone.fc = nn.Identity()
        self.head = Head(
            nn.Dropout(options.dropout),
            nn.Linear(FEATURE_SIZE, options.embedding_size),
            nn.Sigmoid() if options.activation == "sigmoid" else nn.Identity(),
        )
        self.to(memory_format=torch.channels_last)

    def features(self, images: Tensor) -> Tensor:
        """Map gray images, n x size x size, to backbone features, n x 2048."""
        return self.backbone(network_input(images, self.input_channels))

    def forward(self, images: Tensor) -> Tensor:
        """Map gray images, n x size x size, to float32 embeddings, n x embedding_size."""
        return self.head(self.features(images))


def network_input(images: Tensor, input_channels: str) -> Tensor:
    """Turn gray images into the three channels that the backbone takes.

    Parameters
    ----------
    images
        uint8, or of any type in 0 to 255; n x size x size.
    input_channels
        ``gray``: the gray plane in all channels, scaled to -1 to 1 as torchvision's pretrained
        Inception-v3 expects. ``reference``: the plane divided by 256 in channel 0 of a canvas
        of ones, as the reference work did.

    Returns
    -------
    float32, n x 3 x size x size, channels_last
    """
    plane = images.unsqueeze(1).float()
    if input_channels == "gray":
        channels = (plane / 127.5 - 1).expand(-1, 3, -1, -1)
    else:
        channels = torch.cat([plane / 256, torch.ones_like(plane).expand(-1, 2, -1, -1)], dim=1)
    return channels.contiguous(memory_format=torch.channels_last)

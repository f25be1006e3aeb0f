"""Backbones: torchvision's Inception-v3, or any image model of timm by its name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from plankton_embedding.errors import UserError
from plankton_embedding.training.backbone_facts import (
    INCEPTION,
    INCEPTION_FACTS,
    BackboneFacts,
)


class BackboneError(UserError):
    """There is no such backbone, or it cannot make an embedding."""


class Backbone(NamedTuple):
    """A network that maps n x 3 x size x size images to n x features, and its facts."""

    network: nn.Module
    facts: BackboneFacts


class GlobalAveragePool(nn.Module):
    """Mean over height and width; unlike adaptive pooling deterministic on CUDA too."""

    def forward(self, maps: Tensor) -> Tensor:
        """Pool n x channels x height x width to n x channels x 1 x 1."""
        return maps.mean(dim=(2, 3), keepdim=True)


def build_backbone(name: str) -> Backbone:
    """Build a backbone without its classifier; its weights are the library's own random ones.

    Raises
    ------
    BackboneError
        If there is no such model, or it has no pooled features.
    """
    backbone = _build_inception() if name == INCEPTION else _build_timm(name)
    for module in backbone.network.modules():
        if _is_depthwise(module):
            compute_in_float32(module)
    return backbone


def backbone_shapes(name: str) -> dict[str, torch.Size]:
    """Return the names and shapes of a backbone's tensors, without allocating them.

    Raises
    ------
    BackboneError
        As `build_backbone`.
    """
    with torch.device("meta"):
        network = build_backbone(name).network
    return {key: value.shape for key, value in network.state_dict().items()}


def check_backbone(name: str, image_size: int) -> None:
    """Check that there is such a backbone, and that it takes images of this size.

    Raises
    ------
    BackboneError
        If not.
    """
    facts = INCEPTION_FACTS
    if name != INCEPTION:
        with torch.device("meta"):
            facts = _build_timm(name).facts
    if facts.fixed_size and image_size != facts.preferred_size:
        raise BackboneError(
            f"preprocess.image_size is {image_size}, but the backbone {name} takes images of "
            f"{facts.preferred_size} pixels only: set preprocess.image_size={facts.preferred_size}."
        )
    if image_size < facts.smallest_size:
        raise BackboneError(
            f"preprocess.image_size is {image_size}, but the backbone {name} needs at least "
            f"{facts.smallest_size} pixels; it was made for {facts.preferred_size}."
        )


def list_blocks(network: nn.Module) -> list[nn.Module]:
    """Return the parts of a backbone in the order in which an image passes them.

    Those are its modules, and in place of one that is a mere sequence (the blocks of a stage) the
    modules of that.
    """
    blocks: list[nn.Module] = []
    for part in network.children():
        blocks += part.children() if isinstance(part, nn.Sequential | nn.ModuleList) else [part]
    return [block for block in blocks if any(True for _ in block.parameters())]


def freeze_blocks(network: nn.Module, count: int) -> None:
    """Have the first `count` of `list_blocks` learn nothing, and all others learn.

    Raises
    ------
    BackboneError
        If no block would be left.
    """
    blocks = list_blocks(network)
    if count >= len(blocks):
        raise BackboneError(
            f"frozen_blocks is {count}, but the backbone has {len(blocks)} parts: nothing of it "
            "would be trained. Lower it, or train the head alone."
        )
    for place, block in enumerate(blocks):
        block.requires_grad_(place >= count)


def freeze_batch_norm(network: nn.Module) -> None:
    """Have batch normalisation use its stored statistics also in training."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


class _InFloat32:
    """A convolution that computes in float32 under the CPU's bfloat16 autocast, where it learns.

    oneDNN has no fast kernel for the gradient of depthwise weights in bfloat16: of a training
    batch of EfficientNet-lite0 they took 1.5 of 2.6 s, in float32 0.4 s (docs/backbones.md).
    """

    def forward(self, images: Tensor) -> Tensor:
        convolve: Callable[[Tensor], Tensor] = super().forward  # type: ignore[misc]
        learns = torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")
        if not learns or images.device.type != "cpu":
            return convolve(images)
        with torch.autocast("cpu", enabled=False):
            return convolve(images.float()).to(torch.bfloat16)


def compute_in_float32(convolution: nn.Module) -> None:
    """Have a depthwise convolution, of whatever class, learn in float32 on the CPU."""
    kind = type(convolution)
    convolution.__class__ = type(kind.__name__, (_InFloat32, kind), {})


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1


def _build_inception() -> Backbone:
    # Initial weights are looked for without it: it takes a second to load.
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, aux_logits=False, init_weights=False)
    network.avgpool = GlobalAveragePool()
    network.dropout = nn.Identity()
    network.fc = nn.Identity()
    return Backbone(network, INCEPTION_FACTS)


def _build_timm(name: str) -> Backbone:
    import timm

    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), 3)
        raise BackboneError(
            f"embedder.backbone is {name!r}, which is neither {INCEPTION} nor a model of timm "
            f"{timm.__version__}."
            + (f" Is one of these meant: {', '.join(near)}?" if near else "")
            + " docs/backbones.md compares some."
        )
    network = timm.create_model(name, pretrained=False, num_classes=0)
    return Backbone(network, _timm_facts(name, network))


def _timm_facts(name: str, network: Any) -> BackboneFacts:
    settings = network.pretrained_cfg
    preferred = settings["input_size"][-1]
    smallest = (settings.get("min_input_size") or (3, 32, 32))[-1]
    return BackboneFacts(
        source="timm",
        features=_count_features(name, preferred),
        mean=settings["mean"],
        std=settings["std"],
        smallest_size=smallest,
        preferred_size=preferred,
        fixed_size=bool(settings.get("fixed_input_size")),
    )


def _count_features(name: str, size: int) -> int:
    import timm

    # On paper: its attributes name another number where a layer follows the pooling.
    with torch.device("meta"):
        network = timm.create_model(name, pretrained=False, num_classes=0).eval()
        try:
            made = network(torch.empty(1, 3, size, size))
        except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            raise BackboneError(
                f"the backbone {name} cannot map an image of {size} pixels to features: {error}"
            ) from error
    if not isinstance(made, Tensor) or made.ndim != 2:
        raise BackboneError(
            f"the backbone {name} makes no pooled features, one vector an image: choose another."
        )
    return int(made.shape[1])

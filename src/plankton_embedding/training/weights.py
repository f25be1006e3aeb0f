"""Initial weights of the backbone: ImageNet's, a file's or random ones, never in silence."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision.models import Inception_V3_Weights

from plankton_embedding.errors import UserError
from plankton_embedding.training.embedder import ARCHITECTURE, Embedder

# Parts of torchvision's network that the embedder has no use for.
_UNUSED_PARTS = ("AuxLogits.", "fc.")

_CHOICES = (
    "Choose one of: `embedder.weights: imagenet` (downloads once), a path to a torchvision state "
    "dict of inception_v3 (.pth or .safetensors), or `null` (random weights)."
)


class WeightsError(UserError):
    """The initial weights cannot be had or do not fit the network."""


def find_weights(weights: str | Path | None) -> dict[str, torch.Tensor] | None:
    """Read the initial weights of the backbone.

    Parameters
    ----------
    weights
        ``imagenet``, a file, or None for random weights.

    Returns
    -------
    state dict of a torchvision ``inception_v3``, or None

    Raises
    ------
    WeightsError
        If they cannot be downloaded or read, or are of another architecture.
    """
    if weights is None:
        return None
    state = _download() if weights == "imagenet" else _read(Path(weights))
    state = {name: value for name, value in state.items() if not name.startswith(_UNUSED_PARTS)}
    _check_architecture(state, str(weights))
    return state


def _download() -> dict[str, torch.Tensor]:
    try:
        return dict(Inception_V3_Weights.IMAGENET1K_V1.get_state_dict(progress=True))
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"the ImageNet weights of {ARCHITECTURE} are not on this machine and cannot be "
            f"downloaded ({error}). {_CHOICES}"
        ) from error


def _read(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise WeightsError(f"the weights file {path} does not exist. {_CHOICES}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # weights_only: nothing but tensors is unpickled, whoever wrote the file.
        state = torch.load(path, map_location="cpu", weights_only=True)
    # On bytes that are no pickle, torch's unpickler raises whatever they lead it to.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"{path} cannot be read as a state dict of tensors ({reason}). {_CHOICES}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise WeightsError(f"{path} holds no state dict of tensors. {_CHOICES}")
    return state


def _check_architecture(state: dict[str, torch.Tensor], source: str) -> None:
    expected = backbone_shapes()
    found = {name: value.shape for name, value in state.items()}
    missing = [name for name in expected if name not in found]
    foreign = [name for name in found if name not in expected]
    misshapen = [name for name in expected if name in found and expected[name] != found[name]]
    if missing or foreign or misshapen:
        example = (missing or misshapen or foreign)[0]
        raise WeightsError(
            f"{source} is not a state dict of {ARCHITECTURE}: {len(missing)} tensors are missing, "
            f"{len(foreign)} are foreign, {len(misshapen)} have another shape (for example "
            f"{example}). {_CHOICES}"
        )


def backbone_shapes() -> dict[str, torch.Size]:
    """Return the names and shapes of the backbone's tensors, without allocating them."""
    from torchvision.models import inception_v3

    with torch.device("meta"):
        network = inception_v3(weights=None, aux_logits=False, init_weights=False)
    return {
        name: value.shape
        for name, value in network.state_dict().items()
        if not name.startswith(_UNUSED_PARTS)
    }


def initialise(embedder: Embedder, weights: dict[str, torch.Tensor] | None) -> None:
    """Put initial weights into the backbone of an embedder.

    None draws them after He et al. 2015 (arXiv:1502.01852), from torch's global generator: with
    torch's own defaults an image's signal dies away in so deep a network, and an untrained or
    frozen backbone gives every image the same features.
    """
    if weights is not None:
        embedder.backbone.load_state_dict(weights)
        return
    for module in embedder.backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

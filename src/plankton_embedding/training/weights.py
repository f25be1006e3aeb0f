"""Initial weights of the backbone: ImageNet's, a file's or random ones, never in silence.

They are looked for before a run begins, and torchvision takes a second to load: it is asked only
about weights that do not fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import nn
from torch.hub import download_url_to_file, get_dir

from plankton_embedding.errors import UserError
from plankton_embedding.training.embedder import ARCHITECTURE, Embedder

# Parts of torchvision's network that the embedder has no use for.
_UNUSED_PARTS = ("AuxLogits.", "fc.")
# torchvision's `Inception_V3_Weights.IMAGENET1K_V1.url`.
_IMAGENET = "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth"
# `shapes_fingerprint` of `backbone_shapes`.
_BACKBONE = "5c5cb906421dd92101f74d73352774dd0c7312df1c7e1eab4f2698dfca34cd92"

_CHOICES = (
    "Choose one of: `embedder.weights: imagenet` (downloads once; delete a download that is named "
    "here as broken), a path to a torchvision state dict of inception_v3 (.pth or .safetensors), "
    "or random weights (`null`), which `kedro run --env scratch` trains from. See "
    "docs/how-to/weights.md."
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
    path = _find_imagenet() if weights == "imagenet" else Path(weights)
    state = {
        name: value for name, value in _read(path).items() if not name.startswith(_UNUSED_PARTS)
    }
    _check_architecture(state, path)
    return state


def _find_imagenet() -> Path:
    """Return the file in torch's cache, downloaded if it is not there."""
    path = Path(get_dir()) / "checkpoints" / _IMAGENET.rpartition("/")[2]
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The name ends in the beginning of the file's hash, which torch compares.
        download_url_to_file(_IMAGENET, str(path), hash_prefix=path.stem.rpartition("-")[2])
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"the ImageNet weights of {ARCHITECTURE} are not on this machine and cannot be "
            f"downloaded ({error}). {_CHOICES}"
        ) from error
    return path


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


def _check_architecture(state: dict[str, torch.Tensor], path: Path) -> None:
    found = {name: value.shape for name, value in state.items()}
    if shapes_fingerprint(found) == _BACKBONE:
        return
    expected = backbone_shapes()
    missing = [name for name in expected if name not in found]
    foreign = [name for name in found if name not in expected]
    misshapen = [name for name in expected if name in found and expected[name] != found[name]]
    if missing or foreign or misshapen:
        example = (missing or misshapen or foreign)[0]
        raise WeightsError(
            f"{path} is not a state dict of {ARCHITECTURE}: {len(missing)} tensors are missing, "
            f"{len(foreign)} are foreign, {len(misshapen)} have another shape (for example "
            f"{example}). {_CHOICES}"
        )


def shapes_fingerprint(shapes: Mapping[str, torch.Size]) -> str:
    """Return a fingerprint of the names and shapes of tensors, whatever their order."""
    lines = sorted(f"{name} {tuple(shape)}" for name, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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

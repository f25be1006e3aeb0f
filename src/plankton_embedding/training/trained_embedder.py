"""A trained embedder on disk: ``embedder.safetensors`` and ``card.json``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from plankton_embedding.training.card import EmbedderCard, EmbedderError, read_card, write_card
from plankton_embedding.training.checkpoint import CheckpointFolder
from plankton_embedding.training.embedder import Embedder

_WEIGHTS, _CARD = EMBEDDER_FILES = ("embedder.safetensors", "card.json")


@dataclass(frozen=True)
class TrainedEmbedder:
    """An embedder's weights, on the CPU, and its card."""

    weights: dict[str, Tensor]
    card: EmbedderCard

    def fingerprint(self) -> str:
        """Hash weights and card: what embeds all images alike has the same."""
        digest = hashlib.sha256(self.card.model_dump_json().encode())
        for name, values in sorted(self.weights.items()):
            digest.update(f"\n{name} {values.dtype} {tuple(values.shape)}\n".encode())
            # As bytes: NumPy has no bfloat16.
            content = values.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(content.numpy().tobytes())
        return digest.hexdigest()

    def network(self) -> Embedder:
        """Build the network, in evaluation mode.

        Raises
        ------
        EmbedderError
            If the weights are not those of the network that the card describes.
        BackboneError
            If the installed libraries do not have its backbone.
        """
        network = Embedder(self.card.embedder, self.card.backbone)
        try:
            network.load_state_dict(self.weights)
        except RuntimeError as error:
            raise EmbedderError(
                f"the embedder's weights do not fit its card: {str(error).splitlines()[1].strip()}"
            ) from error
        return network.eval()


def select_embedder(checkpoints: CheckpointFolder) -> TrainedEmbedder:
    """Take the best checkpoint (`EmbedderCard.choosing_accuracy`); of equal ones the first."""
    accuracy = {step: checkpoints.card(step).choosing_accuracy for step in checkpoints.steps}
    best = max(checkpoints.steps, key=lambda step: (accuracy[step], -step))
    return TrainedEmbedder(checkpoints.weights(best), checkpoints.card(best))


def write_embedder(folder: Path, embedder: TrainedEmbedder) -> None:
    """Write an embedder; its card last."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(embedder.weights, folder / _WEIGHTS)
    write_card(folder / _CARD, embedder.card)


def read_embedder(folder: Path) -> TrainedEmbedder:
    """Read an embedder.

    Raises
    ------
    EmbedderError
        If a file is missing or damaged.
    """
    card = read_card(folder / _CARD)
    try:
        return TrainedEmbedder(load_file(folder / _WEIGHTS), card)
    except (FileNotFoundError, SafetensorError) as error:
        raise EmbedderError(f"{folder / _WEIGHTS} cannot be read: {error}.") from error

"""Checkpoints: the embedder and the state of its training after a step, as safetensors and JSON.

A checkpoint is ``step_01.safetensors`` (the embedder's weights), ``step_01.state.safetensors``
(the optimizer's moments and the loss's own weights) and ``step_01.json`` (the card), which is
written last: without it a checkpoint is incomplete and not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from plankton_embedding.training.card import EmbedderCard, EmbedderError, read_card, write_card

_CARD_NAME = re.compile(r"step_(\d+)\.json")


@dataclass(frozen=True)
class Checkpoint:
    """What a training is after a step; all tensors on the CPU.

    Random numbers need no state: each step draws from the seed and its own number.
    """

    card: EmbedderCard
    weights: dict[str, Tensor]
    training_state: dict[str, Tensor]


class CheckpointFolder:
    """The complete checkpoints in a folder, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        names = (_CARD_NAME.fullmatch(path.name) for path in folder.glob("step_*.json"))
        self.steps = sorted(int(name[1]) for name in names if name)
        if not self.steps:
            raise EmbedderError(f"{folder} holds no checkpoint. Run the modelling pipeline.")

    def card(self, step: int) -> EmbedderCard:
        """Read the card of a step."""
        return read_card(self._folder / f"{_stem(step)}.json")

    def weights(self, step: int) -> dict[str, Tensor]:
        """Read the embedder's weights after a step."""
        return load_file(self._folder / f"{_stem(step)}.safetensors")

    def training_state(self, step: int) -> dict[str, Tensor]:
        """Read the state of optimizer and loss after a step."""
        return load_file(self._folder / f"{_stem(step)}.state.safetensors")


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Add a checkpoint to a folder.

    Raises
    ------
    FileExistsError
        If the folder holds that step already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = _stem(checkpoint.card.step)
    if (folder / f"{stem}.json").exists():
        raise FileExistsError(f"{folder / stem}.json exists: a step is saved once")
    save_file(checkpoint.weights, folder / f"{stem}.safetensors")
    save_file(checkpoint.training_state, folder / f"{stem}.state.safetensors")
    write_card(folder / f"{stem}.json", checkpoint.card)


def collect_training_state(optimizer: torch.optim.Optimizer, loss: nn.Module) -> dict[str, Tensor]:
    """Copy the optimizer's moments (``optimizer.<parameter>.<name>``) and the loss's weights."""
    moments = {
        f"optimizer.{parameter}.{name}": value
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    proxies = {f"loss.{name}": value for name, value in loss.state_dict().items()}
    return copy_to_cpu(moments | proxies)


def copy_to_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors, so that training on does not change them; in the plain memory layout."""
    return {
        name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()
    }


def _stem(step: int) -> str:
    return f"step_{step:02d}"

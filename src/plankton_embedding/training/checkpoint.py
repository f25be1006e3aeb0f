"""Checkpoints: the embedder and the state of its training after a step, as safetensors and JSON.

A checkpoint is ``step_01.safetensors`` (the embedder's weights), ``step_01.state.safetensors``
(the optimizer's moments and the loss's own weights) and ``step_01.json`` (the card), which is
written last: without it a checkpoint is incomplete and not listed. Each file is written under a
temporary name and then renamed: none is ever half there.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.training.card import EmbedderCard, EmbedderError, read_card, write_card

_STATE, _WEIGHTS, _CARD = ".state.safetensors", ".safetensors", ".json"
_CARD_NAME = re.compile(r"step_(\d+)\.json")


class CheckpointError(UserError):
    """A checkpoint cannot be saved or read."""


@dataclass(frozen=True)
class Checkpoint:
    """What a training is after a step; all tensors on the CPU.

    Random numbers need no state: each step draws from the seed and its own number.
    """

    card: EmbedderCard
    weights: dict[str, Tensor]
    training_state: dict[str, Tensor]

    @property
    def continues(self) -> str | None:
        """Where its training took up an earlier one; see `EmbedderCard`."""
        return self.card.continues


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
        return self.kept(step).weights

    def kept(self, step: int, continues: str | None = None) -> KeptCheckpoint:
        """Return a step's checkpoint as it lies on disk."""
        return KeptCheckpoint(self._folder, step, self.card(step), continues)


@dataclass(frozen=True)
class KeptCheckpoint:
    """A checkpoint of an earlier training, which one that goes on from there takes over.

    Attributes
    ----------
    folder, step, card
        Where it lies.
    continues
        Of the training that takes it over; see `EmbedderCard`, which says it of those that are
        trained.
    """

    folder: Path
    step: int
    card: EmbedderCard
    continues: str | None

    @property
    def weights(self) -> dict[str, Tensor]:
        """The embedder's weights, read anew each time."""
        return _read_file(self.folder / f"{_stem(self.step)}{_WEIGHTS}")

    @property
    def training_state(self) -> dict[str, Tensor]:
        """The state of optimizer and loss, read anew each time."""
        return _read_file(self.folder / f"{_stem(self.step)}{_STATE}")


def write_checkpoint(folder: Path, checkpoint: Checkpoint | KeptCheckpoint) -> None:
    """Add a checkpoint to a folder; one that is kept is linked, which takes no room.

    Raises
    ------
    FileExistsError
        If the folder holds that step already.
    CheckpointError
        If it cannot be written, for instance on a full disk; nothing is left of it then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = checkpoint.card
    stem = _stem(card.step)
    if (folder / f"{stem}{_CARD}").exists():
        raise FileExistsError(f"{folder / stem}{_CARD} exists: a step is saved once")
    try:
        for ending in (_WEIGHTS, _STATE, _CARD):
            _write_file(folder / f"{stem}{ending}", checkpoint)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"the checkpoint of step {card.step} cannot be saved in {folder}: {error}. Make room "
            "or mend the disk; the next run with the same parameters goes on after the last step "
            "that was saved."
        ) from error


def _write_file(path: Path, checkpoint: Checkpoint | KeptCheckpoint) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        if isinstance(checkpoint, KeptCheckpoint):
            _link(checkpoint.folder / path.name, partial)
        elif path.name.endswith(_STATE):
            save_file(checkpoint.training_state, partial)
        elif path.name.endswith(_WEIGHTS):
            save_file(checkpoint.weights, partial)
        else:
            write_card(partial, checkpoint.card)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}. Name an earlier step in training.resume_from, or use "
            "`never`."
        ) from error


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        # A file system without links, or another one.
        shutil.copy2(source, target)


def _stem(step: int) -> str:
    return f"step_{step:02d}"

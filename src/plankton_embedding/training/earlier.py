"""Going on with an earlier training: which one, from which step, and what it left behind."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.card import EmbedderCard, EmbedderError
from plankton_embedding.training.checkpoint import Checkpoint, KeptCheckpoint

logger = logging.getLogger(__name__)

LATEST = "latest"

# Changing these changes nothing of what is learnt.
_INDIFFERENT = {"resume_from", "resume_version", "device_cache", "device_cache_fraction"}


class ResumeError(UserError):
    """The training that is to be continued is not there or does not fit."""


class EarlierCheckpoints(Protocol):
    """The checkpoints of an earlier training; `CheckpointFolder` holds those on disk."""

    def card(self, step: int) -> EmbedderCard:
        """Return the card of a step."""

    def kept(self, step: int, continues: str | None = None) -> Checkpoint | KeptCheckpoint:
        """Return the checkpoint of a step."""


class EarlierTraining(Protocol):
    """What an earlier training left, on disk or, of a `Trial`, in memory.

    Attributes
    ----------
    version
        Its version in the catalogue.
    is_finished
        Whether an embedder was made of it.
    steps
        The steps of which everything was saved, without a gap.
    checkpoints
        Their checkpoints, and perhaps one more.
    """

    version: str
    is_finished: bool

    @property
    def steps(self) -> list[int]: ...  # noqa: D102

    @property
    def checkpoints(self) -> EarlierCheckpoints: ...  # noqa: D102

    def tables(self, step: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Read a step's history, metrics and validation embeddings."""


@dataclass(frozen=True)
class ResumePoint:
    """The training to go on with, and the last step of it that is kept."""

    training: EarlierTraining
    step: int

    @property
    def version(self) -> str:
        """The version of that training."""
        return self.training.version

    @property
    def name(self) -> str:
        """Version and step, as cards say it."""
        return f"{self.version}, step {self.step}"


@dataclass(frozen=True)
class ResumeState:
    """What a training goes on from; can be sent to other processes.

    Attributes
    ----------
    step
        The last step kept.
    name
        What the cards of later steps say of it.
    of
        Stage and loss that the training state is of.
    weights, training_state
        Of that step's checkpoint.
    last_epoch
        Number of its last epoch.
    validation
        Its validation embeddings.
    """

    step: int
    name: str
    of: tuple[str, str]
    weights: dict[str, Tensor]
    training_state: dict[str, Tensor]
    last_epoch: int
    validation: pd.DataFrame

    @classmethod
    def read(cls, point: ResumePoint) -> ResumeState:
        """Read the state from disk."""
        checkpoint = point.training.checkpoints.kept(point.step)
        history, _, validation = point.training.tables(point.step)
        last = history.iloc[-1]
        return cls(
            step=point.step,
            name=point.name,
            of=(last["stage"], last["loss"]),
            weights=checkpoint.weights,
            training_state=checkpoint.training_state,
            last_epoch=int(last["epoch"]),
            validation=validation,
        )


def find_resume_point(
    earlier: Iterable[EarlierTraining], card: EmbedderCard, options: TrainingOptions, steps: int
) -> ResumePoint | None:
    """Find the training to go on with.

    Parameters
    ----------
    earlier
        Earlier trainings, the latest first.
    card
        Of the training that begins: its parameters and data.
    options
        ``resume_from`` and ``resume_version``.
    steps
        Number of the last step that is planned.

    Returns
    -------
    None: begin anew

    Raises
    ------
    ResumeError
        If a step to resume from is named and is not there, or was trained on other data or
        with another network.
    """
    if options.resume_from == "never":
        return None
    if options.resume_version != LATEST:
        earlier = [_named(earlier, options.resume_version)]
    trainings = [training for training in earlier if training.steps]
    if options.resume_from != "auto":
        return _chosen(trainings, card, options.resume_from, steps)
    found = _unfinished(trainings, card)
    if found is None and options.resume_version != LATEST:
        raise ResumeError(
            f"training.resume_version is {options.resume_version!r}, but that training is finished "
            "or has other parameters or data: name a step in training.resume_from to go on from "
            "it with those of now."
        )
    return found


def _named(earlier: Iterable[EarlierTraining], version: str) -> EarlierTraining:
    known = []
    for training in earlier:
        if training.version == version:
            return training
        known.append(training.version)
    raise ResumeError(
        f"training.resume_version is {version!r}, but there is no such version of the "
        f"checkpoints; there are: {', '.join(known) or 'none'}."
    )


def _unfinished(
    trainings: Iterable[EarlierTraining], card: EmbedderCard, after: int | None = None
) -> ResumePoint | None:
    """Return the training of the same parameters and data that was interrupted.

    Of several since the last finished one, that with the most steps: the others may have been
    killed while they took its steps over.

    Parameters
    ----------
    trainings
        The latest first.
    card
        Of the training that begins.
    after
        Only those that went on with another training from this step; None: any.
    """
    found: list[ResumePoint] = []
    for training in trainings:
        try:
            before = training.checkpoints.card(training.steps[-1])
        except EmbedderError as error:
            if not training.is_finished:
                logger.warning("The training %s cannot be continued: %s", training.version, error)
            continue
        if _identity(before) == _identity(card):
            if training.is_finished:
                break
            if after is None or (before.continues or "").endswith(f", step {after}"):
                found.append(ResumePoint(training, training.steps[-1]))
    return max(found, key=lambda point: point.step, default=None)


def _chosen(
    trainings: list[EarlierTraining], card: EmbedderCard, step: int, steps: int
) -> ResumePoint:
    if step > steps:
        raise ResumeError(
            f"training.resume_from is {step}, but the last step that is planned is {steps}: raise "
            "training.network.steps."
        )
    # The same command again, after it was interrupted.
    interrupted = _unfinished(trainings, card, after=step)
    if interrupted:
        return interrupted
    training = next((training for training in trainings if step in training.steps), None)
    if training is None:
        there = ", ".join(
            f"{each.version} has {each.steps[0]} to {each.steps[-1]}" for each in trainings
        )
        raise ResumeError(
            f"training.resume_from is {step}, but no earlier training has that step "
            f"({there or 'there is none'}). Choose another step, or use `auto`."
        )
    before = training.checkpoints.card(step)
    for name in ("data_fingerprint", "classes", "preprocess", "embedder"):
        if getattr(before, name) != getattr(card, name):
            raise ResumeError(
                f"the training {training.version} cannot be resumed: its {name} is another "
                f"({getattr(before, name)}) than that of this run ({getattr(card, name)})."
            )
    return ResumePoint(training, step)


def _identity(card: EmbedderCard) -> dict[str, Any]:
    return {
        "classes": card.classes,
        "data_fingerprint": card.data_fingerprint,
        "embedder": card.embedder,
        "preprocess": card.preprocess,
        "training": card.training.model_dump(exclude=_INDIFFERENT),
        "seed": card.seed,
    }

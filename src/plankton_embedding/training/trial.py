"""A training in memory: watched step by step, stopped and continued at will; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from torch import Tensor

from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.card import EmbedderCard
from plankton_embedding.training.checkpoint import Checkpoint, KeptCheckpoint
from plankton_embedding.training.session import TrainedStep, train_in_steps


class Trial:
    """A training to look at, for notebooks.

    It is what `training.earlier.EarlierTraining` asks for, so that it can be gone on with. The
    networks of the last and of the best step stay in memory, 0.4 GB with the optimizer.

    Parameters
    ----------
    store
        Preprocessed images.
    splits
        ``image_id``, ``class_name``, ``split``.

    Examples
    --------
    Interrupted, the same call goes on after the last whole step.

    .. code-block:: python

        trial = Trial(image_store, splits)
        for step in trial.train(parameters):
            print(step.metrics)
    """

    def __init__(self, store: ImageStore, splits: pd.DataFrame) -> None:
        self._store, self._splits = store, splits
        self._done: list[TrainedStep] = []
        self.version = "trial"
        # Never: more steps may follow.
        self.is_finished = False

    def train(self, parameters: Parameters, go_on: bool = False) -> Iterator[TrainedStep]:
        """Train, and hand over each step as it is done.

        After an interruption the same call goes on after the last step; with other parameters it
        begins anew.

        Parameters
        ----------
        parameters
            ``embedder``, ``training``, ``seed``.
        go_on
            Go on after the last step also with other parameters: with more steps, say.

        Raises
        ------
        ResumeError
            If it cannot go on: with another network, or with fewer steps than are done.
        """
        after = self.steps[-1] if go_on and self._done else "auto"
        changes = {"resume_from": after, "resume_version": "latest"}
        options = parameters.training.model_copy(update=changes)
        work = (self._store, self._splits, parameters.embedder, options, parameters.seed)
        known = [self.card(step) for step in self.steps]
        done: list[TrainedStep] = []
        for step in train_in_steps(*work, earlier=[self] if self._done else []):
            done.append(step)
            # Steps that are taken over come first.
            if step.checkpoint.card not in known:
                self._done = done = _lighten(done)
                yield step

    @property
    def history(self) -> pd.DataFrame:
        """What was trained: one row an epoch, as in the dataset ``training_history``."""
        return _concat([step.history for step in self._done])

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a step, as in the dataset ``training_steps``."""
        return _concat([step.metrics for step in self._done])

    @property
    def steps(self) -> list[int]:
        """The numbers of the steps that are done."""
        return [step.checkpoint.card.step for step in self._done]

    @property
    def checkpoints(self) -> Trial:
        """Itself: see `card`, `weights` and `kept`."""
        return self

    def card(self, step: int) -> EmbedderCard:
        """Return the card of a step."""
        return self._checkpoint(step).card

    def weights(self, step: int) -> dict[str, Tensor]:
        """Return the embedder's weights after a step."""
        return self._checkpoint(step).weights

    def kept(self, step: int, continues: str | None = None) -> Checkpoint | KeptCheckpoint:
        """Return the checkpoint of a step."""
        return self._checkpoint(step)

    def tables(self, step: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return a step's history, metrics and validation embeddings."""
        found = self._done[self.steps.index(step)]
        is_validation = found.embeddings["split"] == "validation"
        return found.history, found.metrics, found.embeddings[is_validation]

    def _checkpoint(self, step: int) -> Checkpoint | KeptCheckpoint:
        return self._done[self.steps.index(step)].checkpoint


def _lighten(steps: list[TrainedStep]) -> list[TrainedStep]:
    """Forget the networks that nobody will ask for: all but the best and the last."""
    accuracy = [step.checkpoint.card.choosing_accuracy for step in steps]
    best = accuracy.index(max(accuracy))
    light = []
    for place, step in enumerate(steps):
        checkpoint = step.checkpoint
        if place < len(steps) - 1:
            weights = checkpoint.weights if place == best else {}
            checkpoint = Checkpoint(checkpoint.card, weights, {})
        light.append(replace(step, checkpoint=checkpoint))
    return light


def _concat(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
